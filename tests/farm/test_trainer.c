/* test_trainer.c: the trainer with real runs of minute models; its port is this test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "farm/trainer.h"
#include "farm/wire.h"
#include "symsweep/config.h"
#include "symsweep/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SAID_MAX = 4096 };

/* Everything that the trainer said, and what it is told between two steps. */
typedef struct bench {
    sw_trainer *trainer;
    int tag[SAID_MAX];
    int32_t run[SAID_MAX];
    size_t count;
    sw_wire_finish finish; /* the latest */
    sw_wire_start start;   /* the latest */
    size_t sent_bytes;
    size_t flushed, flushes;         /* of `count`, what had been said when it was told to flush; how often */
    size_t flushed_first;            /* the same at the first time */
    void (*between)(struct bench *); /* NULL = nothing is said to it */
    int polls;
    sw_status refuse; /* what sending returns */
} bench;

static sw_status keep_said(void *context, const void *frame, size_t size) {
    bench *b = context;
    sw_wire_message message;
    if (b->refuse != SW_OK) return sw_fail(b->refuse, "invented fault");
    assert_int_equal(sw_wire_decode(&message, frame, size), SW_OK);
    assert_true(b->count < SAID_MAX);
    b->tag[b->count] = message.tag;
    b->run[b->count++] = message.run;
    b->sent_bytes += size;
    if (message.tag == SW_WIRE_FINISH) b->finish = *message.body.finish;
    if (message.tag == SW_WIRE_START) b->start = *message.body.start;
    return SW_OK;
}

static sw_status note_flush(void *context) {
    bench *b = context;
    if (b->flushes++ == 0) b->flushed_first = b->count;
    b->flushed = b->count;
    return SW_OK;
}

static sw_status be_polled(void *context) {
    bench *b = context;
    b->polls++;
    if (b->between != NULL) b->between(b);
    return SW_OK;
}

static void tell(bench *b, sw_wire_tag tag, int32_t run, const void *payload, size_t size) {
    sw_wire_buffer buffer = {0};
    assert_int_equal(sw_wire_encode(&buffer, tag, run, payload, size), SW_OK);
    assert_int_equal(sw_trainer_accept(b->trainer, buffer.data, buffer.size), SW_OK);
    sw_wire_buffer_release(&buffer);
}

static void tell_assign(bench *b, int32_t run, const sw_wire_assign *assign) {
    sw_wire_buffer buffer = {0};
    assert_int_equal(sw_wire_encode_assign(&buffer, run, assign), SW_OK);
    assert_int_equal(sw_trainer_accept(b->trainer, buffer.data, buffer.size), SW_OK);
    memset(buffer.data, 0x55, buffer.size); /* the trainer keeps what it needs of it */
    sw_wire_buffer_release(&buffer);
}

/* A run of `steps` steps, evaluated every 10. */
static sw_wire_assign make_assign(int64_t steps) {
    sw_wire_assign assign;
    memset(&assign, 0, sizeof assign);
    sw_config_default(&assign.config);
    assign.config.task.p = 5;
    assign.config.model.d_model = 8;
    assign.config.model.heads = 2;
    assign.config.model.d_head = 4;
    assign.config.model.d_mlp = 8;
    assign.config.steps = steps;
    assign.config.evaluate.every = steps / 10;
    assign.config.evaluate.snapshots = 0;
    assign.config.stop.test_accuracy = 0;
    assign.config.checkpoint_every_seconds = 0;
    return assign;
}

static void give(bench *b, int32_t run, int64_t steps) {
    sw_wire_assign assign = make_assign(steps);
    tell_assign(b, run, &assign);
}

static bool work(bench *b) {
    bool spoiled;
    assert_int_equal(sw_trainer_work(b->trainer, &spoiled), SW_OK);
    return spoiled;
}

static size_t said(const bench *b, int tag) {
    size_t count = 0;
    for (size_t i = 0; i < b->count; i++) count += b->tag[i] == tag;
    return count;
}

static int setup(void **state) {
    bench *b = calloc(1, sizeof *b);
    const sw_trainer_port port = {.context = b, .send = keep_said, .flush = note_flush, .poll = be_polled};
    sw_log_set_level(SW_LOG_ERROR);
    *state = b;
    return sw_trainer_create(&b->trainer, &port) == SW_OK ? 0 : -1;
}

static int teardown(void **state) {
    bench *b = *state;
    sw_trainer_destroy(b->trainer);
    free(b);
    return 0;
}

static void tells_a_run_from_begin_to_finish(void **state) {
    bench *b = *state;
    give(b, 7, 50);
    assert_true(sw_trainer_has_work(b->trainer));
    assert_false(work(b));
    assert_false(sw_trainer_has_work(b->trainer));
    assert_int_equal(b->tag[0], SW_WIRE_BEGIN);
    assert_int_equal(b->tag[1], SW_WIRE_START);
    assert_int_equal(b->tag[2], SW_WIRE_FACTS);
    assert_int_equal(b->tag[b->count - 1], SW_WIRE_FINISH);
    assert_int_equal(said(b, SW_WIRE_RECORD), 11);
    assert_int_equal(said(b, SW_WIRE_SNAPSHOT), 2);
    for (size_t i = 0; i < b->count; i++) assert_int_equal(b->run[i], 7);
    assert_int_equal(b->finish.outcome, SW_OUTCOME_RESULT);
    assert_int_equal(b->finish.result.state, SW_RUN_DONE);
    assert_int_equal(b->finish.result.steps, 50);
}

static void takes_the_snapshots_that_are_asked_for(void **state) {
    bench *b = *state;
    sw_wire_assign assign = make_assign(50);
    int64_t steps[40];
    for (int i = 0; i < 40; i++) steps[i] = 5 + i;
    assign.config.evaluate.snapshot_steps = steps;
    assign.config.evaluate.snapshot_step_count = 40;
    tell_assign(b, 7, &assign);
    memset(steps, 0, sizeof steps);
    work(b);
    assert_int_equal(said(b, SW_WIRE_SNAPSHOT), 42); /* the first and the last beside them */
    assert_int_equal(b->finish.outcome, SW_OUTCOME_RESULT);
}

static void takes_runs_in_order_and_gives_back_what_waits(void **state) {
    bench *b = *state;
    for (int32_t run = 0; run < 4; run++) give(b, run, 10);
    tell(b, SW_WIRE_RECALL, 2, NULL, 0);
    assert_int_equal(b->tag[0], SW_WIRE_RETURN);
    assert_int_equal(b->run[0], 2);
    tell(b, SW_WIRE_RECALL, 2, NULL, 0); /* not there any more: no answer */
    tell(b, SW_WIRE_RECALL, 3, NULL, 0); /* the last of the queue */
    assert_int_equal(said(b, SW_WIRE_RETURN), 2);
    give(b, 9, 10);
    while (sw_trainer_has_work(b->trainer)) work(b);
    int32_t order[3];
    size_t count = 0;
    for (size_t i = 0; i < b->count; i++)
        if (b->tag[i] == SW_WIRE_BEGIN) order[count++] = b->run[i];
    assert_int_equal(count, 3);
    assert_int_equal(order[0], 0);
    assert_int_equal(order[1], 1);
    assert_int_equal(order[2], 9);
}

static void say_stop(bench *b) {
    if (b->polls == 2) tell(b, SW_WIRE_STOP, -1, NULL, 0);
}

static void stops_between_two_steps(void **state) {
    bench *b = *state;
    b->between = say_stop;
    give(b, 0, 10000000);
    give(b, 1, 10);
    work(b);
    assert_int_equal(b->finish.outcome, SW_OUTCOME_INTERRUPTED);
    assert_true(b->finish.result.steps < 10000000);
    assert_int_equal(b->tag[b->count - 1], SW_WIRE_STOPPED);
    assert_false(sw_trainer_has_work(b->trainer)); /* what waited is the master's again */
}

static void an_idle_trainer_stops_at_once(void **state) {
    bench *b = *state;
    tell(b, SW_WIRE_STOP, -1, NULL, 0);
    assert_int_equal(b->count, 1);
    assert_int_equal(b->tag[0], SW_WIRE_STOPPED);
    tell(b, SW_WIRE_QUIT, -1, &(sw_wire_quit){0}, sizeof(sw_wire_quit));
    assert_true(sw_trainer_quit(b->trainer));
}

static void quit_after_pulses(bench *b) {
    if (said(b, SW_WIRE_PULSE) == 3) tell(b, SW_WIRE_STOP, -1, NULL, 0);
}

static void work_for_three_pulses(bench *b) {
    b->between = quit_after_pulses;
    sw_wire_assign assign = make_assign(1000000000); /* no evaluation is ever due */
    tell_assign(b, 0, &assign);
    work(b);
}

static void gives_signs_of_life(void **state) {
    bench *b = *state;
    work_for_three_pulses(b);
    assert_int_equal(said(b, SW_WIRE_PULSE), 3);
    assert_int_equal(said(b, SW_WIRE_RECORD), 1);
}

static void flushes_when_a_run_begins_and_when_it_polls(void **state) {
    bench *b = *state;
    work_for_three_pulses(b);
    assert_int_equal(b->flushed_first, 1); /* BEGIN, before anything can go wrong */
    assert_int_equal(b->flushes, 1 + (size_t)b->polls);
    assert_int_equal(b->flushed + 2, b->count); /* FINISH and STOPPED: before it waits, the port sends what is left */
}

static void a_run_that_cannot_be_set_up_is_announced_all_the_same(void **state) {
    bench *b = *state;
    sw_wire_assign assign = make_assign(10);
    assign.config.task.kind = SW_TASK_GRAPH;
    assign.config.task.graph = SW_GRAPH_EDGE_LIST;
    strcpy(assign.config.task.file, "/nowhere/edges.txt");
    tell_assign(b, 3, &assign);
    bool spoiled = work(b);
    assert_int_equal(b->tag[0], SW_WIRE_BEGIN);
    assert_int_equal(b->count, 2);
    assert_int_equal(b->tag[1], SW_WIRE_FINISH);
    assert_int_equal(b->finish.outcome, SW_OUTCOME_FAILED);
    assert_false(spoiled);
    assert_non_null(strstr(b->finish.result.error, "edges.txt"));
}

static void a_broken_port_ends_the_work(void **state) {
    bench *b = *state;
    bool spoiled;
    b->refuse = SW_E_TRANSPORT;
    give(b, 0, 10);
    assert_int_equal(sw_trainer_work(b->trainer, &spoiled), SW_E_TRANSPORT);
}

static void messages_of_others_are_refused(void **state) {
    bench *b = *state;
    sw_wire_buffer buffer = {0};
    assert_int_equal(sw_wire_encode(&buffer, SW_WIRE_STOPPED, -1, NULL, 0), SW_OK);
    assert_int_equal(sw_trainer_accept(b->trainer, buffer.data, buffer.size), SW_E_PROTOCOL);
    assert_int_equal(sw_trainer_accept(b->trainer, buffer.data, 3), SW_E_PROTOCOL);
    sw_wire_buffer_release(&buffer);
}

/* ---- checkpoints ---- */

static sw_wire_assign with_checkpoint(const char *path, int64_t recorded, int64_t snapshots) {
    sw_wire_assign assign = make_assign(4000000);
    assign.config.evaluate.every = 20;
    assign.config.checkpoint_every_seconds = 1000; /* at the stop alone */
    assign.recorded = recorded;
    assign.snapshots = snapshots;
    snprintf(assign.checkpoint, sizeof assign.checkpoint, "%s", path);
    return assign;
}

static void acknowledge_then_stop(bench *b) {
    if (said(b, SW_WIRE_RECORD) >= 3) {
        sw_wire_acknowledge message = {.records = 1, .snapshots = 1};
        tell(b, SW_WIRE_ACKNOWLEDGE, 0, &message, sizeof message);
    }
    if (said(b, SW_WIRE_RECORD) >= 6) tell(b, SW_WIRE_STOP, -1, NULL, 0);
}

static void a_checkpoint_goes_on_where_the_file_ends(void **state) {
    bench *b = *state;
    char folder[] = "/tmp/symsweep-trainer-XXXXXX", path[64];
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/run.ckpt", folder);
    b->between = acknowledge_then_stop;
    sw_wire_assign assign = with_checkpoint(path, 0, 0);
    tell_assign(b, 0, &assign);
    work(b);
    assert_int_equal(b->finish.outcome, SW_OUTCOME_INTERRUPTED);
    assert_int_equal(access(path, R_OK), 0);
    int64_t steps = b->finish.result.steps;
    size_t records = said(b, SW_WIRE_RECORD);
    assert_true(records > 1);

    /* The file holds what was acknowledged: all the rest comes again. */
    void *first = *state;
    assert_int_equal(teardown(&first), 0);
    assert_int_equal(setup(state), 0);
    b = *state;
    b->between = say_stop;
    assign = with_checkpoint(path, 1, 1);
    tell_assign(b, 0, &assign);
    work(b);
    assert_int_equal(b->start.records, 1);
    assert_int_equal(b->start.snapshots, 1);
    assert_true(said(b, SW_WIRE_RECORD) >= records - 1);
    assert_true(b->finish.result.steps >= steps);

    /* The file holds less (it is another one, say): the run starts anew. */
    first = *state;
    assert_int_equal(teardown(&first), 0);
    assert_int_equal(setup(state), 0);
    b = *state;
    b->between = say_stop;
    assign = with_checkpoint(path, 0, 0);
    tell_assign(b, 0, &assign);
    work(b);
    assert_int_equal(said(b, SW_WIRE_BEGIN), 1);
    assert_int_equal(said(b, SW_WIRE_START), 1);
    assert_int_equal(b->start.records, 0);
    assert_int_equal(b->finish.outcome, SW_OUTCOME_INTERRUPTED);
    unlink(path);
    assert_int_equal(rmdir(folder), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(tells_a_run_from_begin_to_finish, setup, teardown),
        cmocka_unit_test_setup_teardown(takes_the_snapshots_that_are_asked_for, setup, teardown),
        cmocka_unit_test_setup_teardown(takes_runs_in_order_and_gives_back_what_waits, setup, teardown),
        cmocka_unit_test_setup_teardown(stops_between_two_steps, setup, teardown),
        cmocka_unit_test_setup_teardown(an_idle_trainer_stops_at_once, setup, teardown),
        cmocka_unit_test_setup_teardown(gives_signs_of_life, setup, teardown),
        cmocka_unit_test_setup_teardown(a_run_that_cannot_be_set_up_is_announced_all_the_same, setup, teardown),
        cmocka_unit_test_setup_teardown(flushes_when_a_run_begins_and_when_it_polls, setup, teardown),
        cmocka_unit_test_setup_teardown(a_broken_port_ends_the_work, setup, teardown),
        cmocka_unit_test_setup_teardown(messages_of_others_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(a_checkpoint_goes_on_where_the_file_ends, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
