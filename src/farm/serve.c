/* serve.c: the two ways in which a master is driven: by messages of other ranks, and in turns with a trainer. */
#include "farm/serve.h"

#include "farm/inbox.h"
#include "farm/outbox.h"
#include "farm/signals.h"
#include "farm/trainer.h"
#include "farm/wire.h"
#include "symsweep/clock.h"

#include <stdint.h>

static const double IDLE_SECONDS = 0.1; /* of one process, until the results file can be written again */

/* ---- rank 0 of several ---- */

/* How long the master sleeps: short after a message or a part of one, longer while none comes. */
static const double SHORTEST_SLEEP = 0.0005, LONGEST_SLEEP = 0.02, SLEEP_GROWTH = 1.5;

enum { MESSAGES_A_TURN = 10000 }; /* then time is due, however many wait */

static sw_status send_to_worker(void *context, size_t worker, const void *frame, size_t size) {
    return sw_outbox_send(context, (int)worker + 1, frame, size);
}

static sw_status receive_all(sw_master *master, sw_inbox *inbox, bool *any) {
    *any = false;
    for (int i = 0; i < MESSAGES_A_TURN; i++) {
        int rank;
        const void *frame;
        size_t size;
        sw_status status = sw_inbox_take(inbox, &rank, &frame, &size);
        if (status != SW_OK || rank < 0) return status;
        *any = true;
        status = sw_master_receive(master, (size_t)rank - 1, frame, size);
        if (status != SW_OK) return status;
    }
    return SW_OK;
}

static sw_status serve(sw_master *master, sw_outbox *outbox, sw_inbox *inbox) {
    double sleep = SHORTEST_SLEEP;
    for (;;) {
        bool any;
        sw_status status = receive_all(master, inbox, &any);
        if (status == SW_OK) status = sw_master_tick(master);
        if (status == SW_OK) status = sw_outbox_progress(outbox);
        if (status != SW_OK || sw_master_over(master)) return status;
        sleep = any || sw_inbox_expects_more(inbox) ? SHORTEST_SLEEP : sleep * SLEEP_GROWTH;
        if (sleep > LONGEST_SLEEP) sleep = LONGEST_SLEEP;
        sw_clock_sleep(sleep);
    }
}

static sw_status drain(sw_outbox *outbox) {
    sw_status status = sw_outbox_progress(outbox);
    while (status == SW_OK && !sw_outbox_empty(outbox)) {
        sw_clock_sleep(SHORTEST_SLEEP);
        status = sw_outbox_progress(outbox);
    }
    return status;
}

sw_status sw_serve_ranks(int *exit_code, const sw_master_settings *settings, int ranks) {
    sw_outbox *outbox = NULL;
    sw_inbox *inbox = NULL;
    sw_master *master = NULL;
    sw_master_settings mine = *settings;
    sw_status status = sw_outbox_create(&outbox, SIZE_MAX, SIZE_MAX);
    if (status == SW_OK) status = sw_inbox_create(&inbox);
    if (status != SW_OK) goto done;
    mine.workers = (size_t)ranks - 1;
    mine.first_rank = 1;
    mine.port = (sw_master_port){.context = outbox, .send = send_to_worker};
    status = sw_master_create(&master, &mine);
    if (status == SW_OK) status = serve(master, outbox, inbox);
    if (status == SW_OK) status = drain(outbox);
    if (status == SW_OK) *exit_code = sw_master_conclude(master);
done:
    sw_master_destroy(master);
    sw_inbox_destroy(inbox);
    sw_outbox_destroy(outbox);
    return status;
}

sw_status sw_serve_goodbye(int exit_code, int ranks) {
    sw_outbox *outbox = NULL;
    sw_inbox *inbox = NULL;
    sw_wire_buffer buffer = {0};
    const sw_wire_quit quit = {.exit_code = exit_code};
    sw_status status = sw_outbox_create(&outbox, SIZE_MAX, SIZE_MAX);
    if (status == SW_OK) status = sw_inbox_create(&inbox);
    if (status == SW_OK) status = sw_wire_encode(&buffer, SW_WIRE_QUIT, -1, &quit, sizeof quit);
    for (int rank = 1; rank < ranks && status == SW_OK; rank++)
        status = sw_outbox_send(outbox, rank, buffer.data, buffer.size);
    int left = ranks - 1;
    while (status == SW_OK && left > 0) { /* whatever else they had on the way is of no use any more */
        int rank;
        const void *frame;
        size_t size;
        sw_wire_message message;
        status = sw_inbox_take(inbox, &rank, &frame, &size);
        if (status == SW_OK && rank >= 0) status = sw_wire_decode(&message, frame, size);
        if (status == SW_OK && rank >= 0 && message.tag == SW_WIRE_BYE) left--;
        if (status == SW_OK) status = sw_outbox_progress(outbox);
        if (status == SW_OK && rank < 0) sw_clock_sleep(SHORTEST_SLEEP);
    }
    if (status == SW_OK) status = drain(outbox);
    sw_wire_buffer_release(&buffer);
    sw_inbox_destroy(inbox);
    sw_outbox_destroy(outbox);
    return status;
}

/* ---- one process ---- */

/* The two ends; each is the other's port. */
typedef struct pair {
    sw_master *master;
    sw_trainer *trainer;
} pair;

static sw_status to_trainer(void *context, size_t worker, const void *frame, size_t size) {
    (void)worker; /* there is but one */
    return sw_trainer_accept(((pair *)context)->trainer, frame, size);
}

static sw_status to_master(void *context, const void *frame, size_t size) {
    return sw_master_receive(((pair *)context)->master, 0, frame, size);
}

static sw_status between_steps(void *context) { return sw_master_tick(((pair *)context)->master); }

static sw_status take_turns(pair *ends) {
    bool spoiled; /* there is no other process to try in */
    for (;;) {
        sw_status status = sw_master_tick(ends->master);
        if (status != SW_OK || sw_master_over(ends->master)) return status;
        if (sw_trainer_has_work(ends->trainer))
            status = sw_trainer_work(ends->trainer, &spoiled);
        else
            sw_clock_sleep(IDLE_SECONDS);
        if (status != SW_OK) return status;
    }
}

sw_status sw_serve_alone(int *exit_code, const sw_master_settings *settings) {
    pair ends = {NULL, NULL};
    sw_master_settings mine = *settings;
    mine.workers = 1;
    mine.first_rank = 0;
    mine.port = (sw_master_port){.context = &ends, .send = to_trainer};
    const sw_trainer_port port = {.context = &ends, .send = to_master, .poll = between_steps};
    sw_signals_exit_on_second(); /* a step may take long, and nobody else is there to react */
    sw_status status = sw_trainer_create(&ends.trainer, &port);
    if (status == SW_OK) status = sw_master_create(&ends.master, &mine);
    if (status == SW_OK) status = take_turns(&ends);
    if (status == SW_OK) *exit_code = sw_master_conclude(ends.master);
    sw_master_destroy(ends.master);
    sw_trainer_destroy(ends.trainer);
    return status;
}
