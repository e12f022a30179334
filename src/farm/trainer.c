/* trainer.c: trains what it is assigned and reports it. */
#include "farm/trainer.h"

#include "farm/wire.h"
#include "symsweep/clock.h"
#include "symsweep/log.h"
#include "symsweep/plan.h"
#include "symsweep/train.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const double POLL_SECONDS = 0.01;       /* between two looks at the port while training */
static const double FIRST_PULSE_SECONDS = 0.1; /* doubled from pulse to pulse ... */
static const double PULSE_SECONDS = 1.0;       /* ... up to this */

/* A run waiting to be trained. */
typedef struct waiting {
    struct waiting *next;
    int32_t run;
    sw_wire_assign assign; /* its configuration points to `steps` */
    int64_t steps[];
} waiting;

/* The run in training. */
typedef struct current {
    int32_t run;
    const sw_wire_assign *assign;
    bool stale; /* its checkpoint builds on more than the results file holds */
    sw_wire_acknowledge acknowledged;
    int64_t step; /* about: exact at every record */
    double began, next_poll, next_pulse, pulse_every, last_sign, gap;
} current;

struct sw_trainer {
    sw_trainer_port port;
    waiting *first, **end;
    bool training, stop, quit;
    sw_status broken; /* of the port, while training */
    current now;
    sw_wire_buffer buffer;
    char host[SW_WIRE_HOST_MAX];
};

sw_status sw_trainer_create(sw_trainer **out, const sw_trainer_port *port) {
    *out = NULL;
    sw_trainer *trainer = calloc(1, sizeof *trainer);
    if (trainer == NULL) return sw_fail(SW_E_MEMORY, "no memory for a trainer");
    trainer->port = *port;
    trainer->end = &trainer->first;
    if (gethostname(trainer->host, sizeof trainer->host) != 0) strcpy(trainer->host, "unknown");
    trainer->host[sizeof trainer->host - 1] = '\0';
    *out = trainer;
    return SW_OK;
}

static waiting *take_first(sw_trainer *trainer) {
    waiting *item = trainer->first;
    trainer->first = item->next;
    if (trainer->first == NULL) trainer->end = &trainer->first;
    return item;
}

void sw_trainer_destroy(sw_trainer *trainer) {
    if (trainer == NULL) return;
    while (trainer->first != NULL) free(take_first(trainer));
    sw_wire_buffer_release(&trainer->buffer);
    free(trainer);
}

/* ---- sending ---- */

static sw_status send_buffer(sw_trainer *trainer, sw_status encoded) {
    if (encoded != SW_OK) return encoded;
    sw_status status = trainer->port.send(trainer->port.context, trainer->buffer.data, trainer->buffer.size);
    if (status != SW_OK) trainer->broken = status;
    if (trainer->training) {
        double now = sw_clock_now();
        if (now - trainer->now.last_sign > trainer->now.gap) trainer->now.gap = now - trainer->now.last_sign;
        trainer->now.last_sign = now;
    }
    return status;
}

static sw_status flush(sw_trainer *trainer) {
    return trainer->port.flush != NULL ? trainer->port.flush(trainer->port.context) : SW_OK;
}

static sw_status say(sw_trainer *trainer, sw_wire_tag tag, int32_t run, const void *payload, size_t size) {
    return send_buffer(trainer, sw_wire_encode(&trainer->buffer, tag, run, payload, size));
}

/* ---- the sink of a run ---- */

static sw_status on_begin(void *context, int32_t first_record, int32_t first_snapshot) {
    sw_trainer *trainer = context;
    current *now = &trainer->now;
    if (first_record > now->assign->recorded || first_snapshot > now->assign->snapshots) {
        now->stale = true;
        return sw_fail(SW_E_STORE, "%s: the checkpoint goes on from record %d, the results file holds %lld",
                       now->assign->checkpoint, first_record, (long long)now->assign->recorded);
    }
    now->acknowledged = (sw_wire_acknowledge){first_record, first_snapshot};
    now->step = first_record > 0 ? (first_record - 1) * now->assign->config.evaluate.every : 0;
    sw_wire_start start = {.records = first_record, .snapshots = first_snapshot};
    return say(trainer, SW_WIRE_START, now->run, &start, sizeof start);
}

static sw_status on_facts(void *context, const sw_run_facts *facts) {
    sw_trainer *trainer = context;
    return say(trainer, SW_WIRE_FACTS, trainer->now.run, facts, sizeof *facts);
}

static sw_status on_data(void *context, const sw_run_data *data) {
    sw_trainer *trainer = context;
    return send_buffer(trainer, sw_wire_encode_data(&trainer->buffer, trainer->now.run, data));
}

static sw_status on_record(void *context, const sw_record *record) {
    sw_trainer *trainer = context;
    trainer->now.step = record->step;
    return say(trainer, SW_WIRE_RECORD, trainer->now.run, record, sizeof *record);
}

static sw_status on_snapshot(void *context, const sw_snapshot *snapshot) {
    sw_trainer *trainer = context;
    return send_buffer(trainer, sw_wire_encode_snapshot(&trainer->buffer, trainer->now.run, snapshot));
}

static void on_safe(void *context, int32_t *records, int32_t *snapshots) {
    const sw_trainer *trainer = context;
    *records = (int32_t)trainer->now.acknowledged.records;
    *snapshots = (int32_t)trainer->now.acknowledged.snapshots;
}

static sw_status pulse(sw_trainer *trainer, double at) {
    current *now = &trainer->now;
    now->next_pulse = at + now->pulse_every;
    now->pulse_every = now->pulse_every * 2 < PULSE_SECONDS ? now->pulse_every * 2 : PULSE_SECONDS;
    sw_wire_pulse message = {.step = now->step, .seconds = at - now->began, .gap = now->gap};
    return say(trainer, SW_WIRE_PULSE, now->run, &message, sizeof message);
}

/* Before every step. */
static bool on_keep_going(void *context) {
    sw_trainer *trainer = context;
    current *now = &trainer->now;
    double at = sw_clock_now();
    if (at >= now->next_poll) {
        now->next_poll = at + POLL_SECONDS;
        sw_status status = trainer->port.poll(trainer->port.context);
        if (status == SW_OK && at >= now->next_pulse) status = pulse(trainer, at);
        if (status == SW_OK) status = flush(trainer);
        if (status != SW_OK) trainer->broken = status;
    }
    now->step++; /* the one that follows */
    return !trainer->stop && !trainer->quit && trainer->broken == SW_OK;
}

/* ---- training ---- */

/* At once: should the run be the death of this process, it has to be known which one it was. */
static sw_status announce(sw_trainer *trainer) {
    sw_wire_begin begin = {.pid = getpid()};
    memcpy(begin.host, trainer->host, sizeof begin.host);
    sw_status status = say(trainer, SW_WIRE_BEGIN, trainer->now.run, &begin, sizeof begin);
    if (status == SW_OK) status = trainer->broken = flush(trainer);
    return status;
}

static sw_status train(sw_run_result *result, sw_trainer *trainer) {
    const sw_wire_assign *assign = trainer->now.assign;
    const sw_sink sink = {.context = trainer,
                          .begin = on_begin,
                          .facts = on_facts,
                          .data = on_data,
                          .record = on_record,
                          .snapshot = on_snapshot,
                          .keep_going = on_keep_going,
                          .safe = on_safe};
    const sw_checkpoint_options checkpoint = {.path = assign->checkpoint[0] != '\0' ? assign->checkpoint : NULL,
                                              .every_seconds = assign->config.checkpoint_every_seconds,
                                              .until_step = assign->until_step,
                                              .keep = assign->checkpoint[0] != '\0' && assign->config.checkpoint_keep};
    sw_status status = sw_train(result, &assign->config, &checkpoint, &sink);
    if (status == SW_OK || !trainer->now.stale) return status;
    sw_warn("%s; the run starts anew", sw_fail_message());
    if (unlink(assign->checkpoint) != 0) return sw_fail(SW_E_IO, "%s: cannot be removed", assign->checkpoint);
    trainer->now.stale = false;
    return sw_train(result, &assign->config, &checkpoint, &sink);
}

/* The parameters that the run starts from. */
static sw_status load_start(sw_run_result *result, sw_run_config *config) {
    const sw_status status = sw_plan_load_start(config);
    if (status == SW_OK) return SW_OK;
    result->state = SW_RUN_FAILED;
    snprintf(result->error, sizeof result->error, "%s", sw_fail_message());
    return status;
}

static sw_wire_outcome outcome_of(sw_status status, const sw_run_result *result, int64_t until_step) {
    switch (status) {
    case SW_OK: return SW_OUTCOME_RESULT;
    case SW_E_INTERRUPTED:
        return until_step > 0 && result->steps >= until_step ? SW_OUTCOME_HELD : SW_OUTCOME_INTERRUPTED;
    case SW_E_MEMORY:
    case SW_E_IO: return SW_OUTCOME_RETRY;
    default: return SW_OUTCOME_FAILED;
    }
}

sw_status sw_trainer_work(sw_trainer *trainer, bool *spoiled) {
    assert(trainer->first != NULL && !trainer->training);
    *spoiled = false;
    waiting *item = take_first(trainer);
    double at = sw_clock_now();
    trainer->training = true;
    trainer->now = (current){.run = item->run,
                             .assign = &item->assign,
                             .began = at,
                             .last_sign = at,
                             .next_pulse = at + FIRST_PULSE_SECONDS,
                             .pulse_every = FIRST_PULSE_SECONDS};
    sw_wire_finish finish;
    memset(&finish, 0, sizeof finish);
    sw_status status = announce(trainer);
    if (status == SW_OK) status = load_start(&finish.result, &item->assign.config);
    if (status == SW_OK) status = train(&finish.result, trainer);
    trainer->training = false;
    int64_t until_step = item->assign.until_step;
    sw_plan_release_start(&item->assign.config);
    free(item);
    if (trainer->broken != SW_OK) return sw_fail_in(trainer->broken, "run %d", trainer->now.run);

    finish.outcome = outcome_of(status, &finish.result, until_step);
    *spoiled = finish.outcome == SW_OUTCOME_RETRY;
    status = say(trainer, SW_WIRE_FINISH, trainer->now.run, &finish, sizeof finish);
    if (status == SW_OK && trainer->stop) status = say(trainer, SW_WIRE_STOPPED, -1, NULL, 0);
    return status;
}

/* ---- messages of the master ---- */

static sw_status enqueue(sw_trainer *trainer, const sw_wire_message *message) {
    const size_t bytes = (size_t)message->body.assign->config.evaluate.snapshot_step_count * sizeof(int64_t);
    waiting *item = malloc(sizeof *item + bytes);
    if (item == NULL) return sw_fail(SW_E_MEMORY, "no memory for an assignment");
    item->next = NULL;
    item->run = message->run;
    item->assign = *message->body.assign;
    if (bytes > 0) {
        memcpy(item->steps, sw_wire_assign_steps(message->body.assign), bytes);
        item->assign.config.evaluate.snapshot_steps = item->steps;
    }
    *trainer->end = item;
    trainer->end = &item->next;
    return SW_OK;
}

static sw_status give_back(sw_trainer *trainer, int32_t run) {
    for (waiting **at = &trainer->first; *at != NULL; at = &(*at)->next) {
        waiting *item = *at;
        if (item->run != run) continue;
        *at = item->next;
        if (*at == NULL) trainer->end = at;
        free(item);
        return say(trainer, SW_WIRE_RETURN, run, NULL, 0);
    }
    return SW_OK; /* it has begun or even ended: the master hears of that */
}

static sw_status stop(sw_trainer *trainer) {
    trainer->stop = true;
    while (trainer->first != NULL) free(take_first(trainer));
    return trainer->training ? SW_OK : say(trainer, SW_WIRE_STOPPED, -1, NULL, 0);
}

sw_status sw_trainer_accept(sw_trainer *trainer, const void *frame, size_t size) {
    sw_wire_message message;
    sw_status status = sw_wire_decode(&message, frame, size);
    if (status != SW_OK) return status;
    switch (message.tag) {
    case SW_WIRE_ASSIGN: return enqueue(trainer, &message);
    case SW_WIRE_RECALL: return give_back(trainer, message.run);
    case SW_WIRE_STOP: return stop(trainer);
    case SW_WIRE_QUIT: trainer->quit = true; return SW_OK;
    case SW_WIRE_ACKNOWLEDGE:
        if (trainer->training && message.run == trainer->now.run) trainer->now.acknowledged = *message.body.acknowledge;
        return SW_OK;
    default: return sw_fail(SW_E_PROTOCOL, "a trainer cannot take a %s message", sw_wire_tag_name(message.tag));
    }
}

bool sw_trainer_has_work(const sw_trainer *trainer) { return trainer->first != NULL; }

bool sw_trainer_quit(const sw_trainer *trainer) { return trainer->quit; }
