#include "farm/lead.h"

#include "farm/inbox.h"
#include "farm/outbox.h"
#include "farm/wire.h"
#include "symsweep/clock.h"
#include "symsweep/log.h"

#include <stdint.h>

/* How long the master sleeps: short after a message or a part of one, longer while none comes. */
static const double SHORTEST_SLEEP = 0.0005, LONGEST_SLEEP = 0.02, SLEEP_GROWTH = 1.5;

enum { MESSAGES_A_TURN = 10000 }; /* then time is due, however many wait */

static sw_status send_to_worker(void *context, size_t worker, const void *frame, size_t size)
{
    return sw_outbox_send(context, (int)worker + 1, frame, size);
}

static sw_status receive_all(sw_master *master, sw_inbox *inbox, bool *any)
{
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

static sw_status serve(sw_master *master, sw_outbox *outbox, sw_inbox *inbox)
{
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

static sw_status drain(sw_outbox *outbox)
{
    sw_status status = sw_outbox_progress(outbox);
    while (status == SW_OK && !sw_outbox_empty(outbox)) {
        sw_clock_sleep(SHORTEST_SLEEP);
        status = sw_outbox_progress(outbox);
    }
    return status;
}

sw_status sw_lead_run(int *exit_code, const sw_master_settings *settings, int ranks)
{
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
    if (status == SW_OK) {
        sw_display_clear(settings->display);
        sw_master_close_progress(master);
        sw_master_report(master);
        *exit_code = sw_master_exit_code(master);
    }
done:
    sw_master_destroy(master);
    sw_inbox_destroy(inbox);
    sw_outbox_destroy(outbox);
    return status;
}

sw_status sw_lead_dismiss(int exit_code, int ranks)
{
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
