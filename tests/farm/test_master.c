/* test_master.c: the master between invented workers and a real results file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "farm/master.h"
#include "farm/prepare.h"
#include "farm/wire.h"
#include "symsweep/clock.h"
#include "symsweep/measure.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WORKERS = 2, SENT_MAX = 64 };

/* What the master sent to one worker. */
typedef struct sent {
    int tag[SENT_MAX];
    int32_t run[SENT_MAX];
    uint16_t generation[SENT_MAX];
    sw_wire_assign assign;           /* the latest */
    sw_wire_acknowledge acknowledge; /* the latest */
    size_t count;
} sent;

typedef struct bench {
    char folder[64], sweep[96];
    sw_prepared prepared;
    sw_master *master;
    sent to[WORKERS];
    sw_wire_buffer buffer;
} bench;

static sw_status keep_sent(void *context, size_t worker, const void *frame, size_t size) {
    sent *to = &((bench *)context)->to[worker];
    sw_wire_message message;
    assert_int_equal(sw_wire_decode(&message, frame, size), SW_OK);
    assert_true(to->count < SENT_MAX);
    to->tag[to->count] = message.tag;
    to->run[to->count] = message.run;
    to->generation[to->count++] = ((const sw_wire_header *)frame)->generation;
    if (message.tag == SW_WIRE_ASSIGN) to->assign = *message.body.assign;
    if (message.tag == SW_WIRE_ACKNOWLEDGE) to->acknowledge = *message.body.acknowledge;
    return SW_OK;
}

static void write_sweep(const bench *b, int seeds, double checkpoint, double accuracy) {
    FILE *file = fopen(b->sweep, "w");
    assert_non_null(file);
    fprintf(file,
            "{\"name\": \"m\", \"output\": \"out.h5\", \"run\": {\"task\": {\"kind\": \"modular\", \"p\": 5}, "
            "\"steps\": 100, \"evaluate\": {\"every\": 50, \"snapshots\": 0}, "
            "\"checkpoint\": {\"every_seconds\": %g}, \"phase\": {\"accuracy\": %g}}, "
            "\"grid\": {\"seed\": {\"range\": [0, %d]}}}",
            checkpoint, accuracy, seeds);
    assert_int_equal(fclose(file), 0);
}

/* Prepares the sweep as the job does, with a master whose workers are this test. */
static void open_bench(bench *b, double seconds) {
    const sw_job_options options = {.sweep = b->sweep, .time_limit = INFINITY, .level = SW_LOG_ERROR};
    sw_log_set_level(SW_LOG_ERROR);
    assert_int_equal(sw_prepare_job(&b->prepared, &options, sw_clock_now()), SW_OK);
    const sw_master_settings settings = {.plan = b->prepared.plan,
                                         .store = b->prepared.store,
                                         .checkpoints = b->prepared.checkpoints,
                                         .workers = WORKERS,
                                         .first_rank = 1,
                                         .deadline = sw_clock_now() + seconds,
                                         .storage_patience = 60,
                                         .silence = 300,
                                         .port = {.context = b, .send = keep_sent}};
    assert_int_equal(sw_master_create(&b->master, &settings), SW_OK);
    memset(b->to, 0, sizeof b->to);
}

static void close_bench(bench *b) {
    sw_master_destroy(b->master);
    b->master = NULL;
    assert_int_equal(sw_prepare_release(&b->prepared, SW_END_FINISHED), SW_OK);
}

static int setup(void **state) {
    bench *b = calloc(1, sizeof *b);
    strcpy(b->folder, "/tmp/symsweep-master-XXXXXX");
    if (mkdtemp(b->folder) == NULL) return -1;
    snprintf(b->sweep, sizeof b->sweep, "%s/sweep.json", b->folder);
    *state = b;
    return 0;
}

static int teardown(void **state) {
    bench *b = *state;
    char path[128];
    sw_wire_buffer_release(&b->buffer);
    snprintf(path, sizeof path, "%s/out.h5", b->folder);
    unlink(path);
    unlink(b->sweep);
    rmdir(b->folder);
    free(b);
    return 0;
}

/* ---- what workers say ---- */

static sw_status say(bench *b, size_t worker, sw_wire_tag tag, int32_t run, const void *payload, size_t size) {
    assert_int_equal(sw_wire_encode(&b->buffer, tag, run, payload, size), SW_OK);
    return sw_master_receive(b->master, worker, b->buffer.data, b->buffer.size);
}

static void begin(bench *b, size_t worker, int32_t run) {
    sw_wire_begin message = {.pid = 1, .host = "node"};
    assert_int_equal(say(b, worker, SW_WIRE_BEGIN, run, &message, sizeof message), SW_OK);
}

static sw_status start(bench *b, size_t worker, int32_t run, int64_t records) {
    sw_wire_start message = {.records = records};
    return say(b, worker, SW_WIRE_START, run, &message, sizeof message);
}

static sw_status record(bench *b, size_t worker, int32_t run, int32_t evaluation, float accuracy) {
    sw_record message;
    memset(&message, 0, sizeof message);
    message.evaluation = evaluation;
    message.step = 50 * evaluation;
    for (int i = 0; i < SW_VALUE_COUNT; i++) message.value[i] = NAN;
    message.value[SW_METRIC_TRAIN_ACCURACY] = message.value[SW_METRIC_TEST_ACCURACY] = accuracy;
    return say(b, worker, SW_WIRE_RECORD, run, &message, sizeof message);
}

static void finish(bench *b, size_t worker, int32_t run, sw_wire_outcome outcome) {
    sw_wire_finish message;
    memset(&message, 0, sizeof message);
    message.outcome = outcome;
    message.result.state = outcome == SW_OUTCOME_RESULT ? SW_RUN_DONE : SW_RUN_FAILED;
    message.result.steps = 100;
    message.result.wall_seconds = 1;
    if (outcome != SW_OUTCOME_RESULT) strcpy(message.result.error, "invented failure");
    assert_int_equal(say(b, worker, SW_WIRE_FINISH, run, &message, sizeof message), SW_OK);
}

static void lose(bench *b, size_t worker, int signal, bool retired) {
    sw_wire_lost message;
    memset(&message, 0, sizeof message);
    message.signal = signal;
    message.peak_memory = 123000000;
    message.retired = retired;
    assert_int_equal(say(b, worker, SW_WIRE_LOST, -1, &message, sizeof message), SW_OK);
}

static void train(bench *b, size_t worker, int32_t run, float accuracy) {
    begin(b, worker, run);
    assert_int_equal(start(b, worker, run, 0), SW_OK);
    for (int e = 0; e < 3; e++) assert_int_equal(record(b, worker, run, e, e == 0 ? 0 : accuracy), SW_OK);
    finish(b, worker, run, SW_OUTCOME_RESULT);
}

static void tick(bench *b) { assert_int_equal(sw_master_tick(b->master), SW_OK); }

/* The run of the latest assignment to a worker. */
static int32_t assigned(const bench *b, size_t worker) {
    const sent *to = &b->to[worker];
    for (size_t i = to->count; i-- > 0;)
        if (to->tag[i] == SW_WIRE_ASSIGN) return to->run[i];
    fail_msg("worker %zu was given nothing", worker);
    return -1;
}

static size_t count_sent(const bench *b, size_t worker, int tag) {
    size_t count = 0;
    for (size_t i = 0; i < b->to[worker].count; i++) count += b->to[worker].tag[i] == tag;
    return count;
}

static const sw_result_row *row_of(sw_results **results, const bench *b, size_t run) {
    char path[128];
    snprintf(path, sizeof path, "%s/out.h5", b->folder);
    assert_int_equal(sw_results_open(results, path), SW_OK);
    return sw_results_row(*results, run);
}

/* ---- tests ---- */

static void runs_are_trained_and_written(void **state) {
    bench *b = *state;
    write_sweep(b, 2, 0, 0.99);
    open_bench(b, 1e6);
    tick(b);
    assert_int_equal(count_sent(b, 0, SW_WIRE_ASSIGN), 1);
    assert_int_equal(count_sent(b, 1, SW_WIRE_ASSIGN), 1);
    assert_string_equal(b->to[0].assign.checkpoint, ""); /* the sweep wants none */
    train(b, 0, assigned(b, 0), 1);
    assert_false(sw_master_over(b->master));
    train(b, 1, assigned(b, 1), 1);
    assert_true(sw_master_over(b->master));
    assert_int_equal(sw_master_exit_code(b->master), SW_EXIT_OK);
    close_bench(b);

    sw_results *results;
    const sw_result_row *row = row_of(&results, b, 0);
    assert_int_equal(row->state, SW_RUN_DONE);
    assert_int_equal(row->written, 3);
    assert_int_equal(row->onsets.t_mem, 50);
    assert_int_equal(row->attempts, 0);
    assert_string_equal(row->host, "node");
    sw_results_close(results);

    open_bench(b, 1e6); /* nothing is left to do */
    tick(b);
    assert_int_equal(count_sent(b, 0, SW_WIRE_ASSIGN) + count_sent(b, 1, SW_WIRE_ASSIGN), 0);
    assert_true(sw_master_over(b->master));
    close_bench(b);
}

static void onsets_follow_changed_thresholds(void **state) {
    bench *b = *state;
    write_sweep(b, 1, 0, 0.99);
    open_bench(b, 1e6);
    tick(b);
    train(b, 0, assigned(b, 0), 0.7f);
    close_bench(b);
    sw_results *results;
    assert_int_equal(row_of(&results, b, 0)->onsets.t_mem, -1);
    sw_results_close(results);

    write_sweep(b, 1, 0, 0.6);
    open_bench(b, 1e6);
    assert_true(sw_master_over(b->master)); /* not trained again */
    close_bench(b);
    assert_int_equal(row_of(&results, b, 0)->onsets.t_mem, 50);
    sw_results_close(results);
}

static void a_run_whose_trainers_die_fails_with_the_reason(void **state) {
    bench *b = *state;
    write_sweep(b, 1, 0, 0.99);
    open_bench(b, 1e6);
    for (int try = 0; try < 3; try++) {
        tick(b);
        assert_int_equal(b->to[0].generation[b->to[0].count - 1], try); /* for the new trainer, not for the dead one */
        begin(b, 0, 0);
        if (try < 2) assert_int_equal(start(b, 0, 0, 0), SW_OK); /* the last one dies while setting up */
        lose(b, 0, 11, false);
    }
    assert_true(sw_master_over(b->master));
    assert_int_equal(sw_master_exit_code(b->master), SW_EXIT_FAILED_RUNS);
    close_bench(b);
    sw_results *results;
    const sw_result_row *row = row_of(&results, b, 0);
    assert_int_equal(row->state, SW_RUN_FAILED);
    assert_int_equal(row->attempts, 3);
    assert_non_null(strstr(row->error, "signal 11"));
    assert_non_null(strstr(row->error, "123 MB"));
    sw_results_close(results);

    open_bench(b, 1e6); /* the next start tries again */
    tick(b);
    train(b, 0, assigned(b, 0), 1);
    assert_int_equal(sw_master_exit_code(b->master), SW_EXIT_OK);
    close_bench(b);
    row = row_of(&results, b, 0);
    assert_int_equal(row->state, SW_RUN_DONE);
    assert_string_equal(row->error, "");
    sw_results_close(results);
}

static void a_passing_fault_is_tried_again_a_sure_one_is_not(void **state) {
    bench *b = *state;
    write_sweep(b, 2, 0, 0.99);
    open_bench(b, 1e6);
    tick(b);
    int32_t retried = assigned(b, 0), sure = assigned(b, 1);
    begin(b, 0, retried);
    finish(b, 0, retried, SW_OUTCOME_RETRY);
    begin(b, 1, sure);
    finish(b, 1, sure, SW_OUTCOME_FAILED);
    assert_false(sw_master_over(b->master));
    tick(b);
    assert_int_equal(count_sent(b, 0, SW_WIRE_ASSIGN), 2);
    assert_int_equal(assigned(b, 0), retried);
    train(b, 0, retried, 1);
    assert_true(sw_master_over(b->master));
    assert_int_equal(sw_master_exit_code(b->master), SW_EXIT_FAILED_RUNS);
    close_bench(b);
    sw_results *results;
    const sw_result_row *row = row_of(&results, b, (size_t)sure);
    assert_int_equal(row->state, SW_RUN_FAILED);
    assert_string_equal(row->error, "invented failure");
    sw_results_close(results);
}

static void a_stop_reaches_every_worker_once(void **state) {
    bench *b = *state;
    write_sweep(b, 4, 10, 0.99);
    open_bench(b, 1e6);
    tick(b);
    int32_t run = assigned(b, 0);
    begin(b, 0, run);
    assert_int_equal(start(b, 0, run, 0), SW_OK);
    assert_int_equal(say(b, 1, SW_WIRE_STOP_WANTED, -1, NULL, 0), SW_OK);
    tick(b);
    tick(b);
    for (size_t w = 0; w < WORKERS; w++) assert_int_equal(count_sent(b, w, SW_WIRE_STOP), 1);
    finish(b, 0, run, SW_OUTCOME_INTERRUPTED);
    assert_int_equal(say(b, 0, SW_WIRE_STOPPED, -1, NULL, 0), SW_OK);
    assert_false(sw_master_over(b->master)); /* worker 1 still holds a run that it has not begun */
    assert_int_equal(say(b, 1, SW_WIRE_STOPPED, -1, NULL, 0), SW_OK);
    assert_true(sw_master_over(b->master));
    assert_int_equal(sw_master_exit_code(b->master), SW_EXIT_STOPPED);
    close_bench(b);
    sw_results *results;
    const sw_result_row *row = row_of(&results, b, (size_t)run);
    assert_int_equal(row->state, SW_RUN_PENDING);
    assert_int_equal(row->attempts, 0);
    sw_results_close(results);
}

static void the_limit_stops(void **state) {
    bench *b = *state;
    write_sweep(b, 2, 0, 0.99);
    open_bench(b, 0.5); /* less than the least margin */
    tick(b);
    assert_int_equal(count_sent(b, 0, SW_WIRE_ASSIGN), 0);
    assert_int_equal(count_sent(b, 0, SW_WIRE_STOP), 1);
    assert_true(sw_master_over(b->master));
    assert_int_equal(sw_master_exit_code(b->master), SW_EXIT_STOPPED);
    close_bench(b);
}

static void what_is_flushed_is_acknowledged_and_survives(void **state) {
    bench *b = *state;
    write_sweep(b, 1, 10, 0.99);
    open_bench(b, 1e6);
    tick(b);
    assert_non_null(strstr(b->to[0].assign.checkpoint, "/out.h5.checkpoints/"));
    assert_int_equal(b->to[0].assign.recorded, 0);
    begin(b, 0, 0);
    assert_int_equal(start(b, 0, 0, 0), SW_OK);
    assert_int_equal(record(b, 0, 0, 0, 0), SW_OK);
    assert_int_equal(record(b, 0, 0, 1, 0), SW_OK);
    for (int i = 0; i < 100 && count_sent(b, 0, SW_WIRE_ACKNOWLEDGE) == 0; i++) {
        tick(b);
        sw_clock_sleep(0.05);
    }
    assert_int_equal(b->to[0].acknowledge.records, 2);
    lose(b, 0, 9, false);
    tick(b);
    assert_int_equal(b->to[0].assign.recorded, 2);
    begin(b, 0, 0); /* the new trainer goes on from its checkpoint */
    assert_int_equal(start(b, 0, 0, 2), SW_OK);
    assert_int_equal(record(b, 0, 0, 2, 1), SW_OK);
    finish(b, 0, 0, SW_OUTCOME_RESULT);
    close_bench(b);
    sw_results *results;
    const sw_result_row *row = row_of(&results, b, 0);
    assert_int_equal(row->written, 3);
    assert_int_equal(row->onsets.t_mem, 100);
    sw_results_close(results);
}

static void a_worker_without_trainers_gets_nothing(void **state) {
    bench *b = *state;
    write_sweep(b, 2, 0, 0.99);
    open_bench(b, 1e6);
    lose(b, 0, 0, true);
    tick(b);
    assert_int_equal(count_sent(b, 0, SW_WIRE_ASSIGN), 0);
    assert_int_equal(count_sent(b, 1, SW_WIRE_ASSIGN), 1);
    lose(b, 1, 0, true);
    assert_true(sw_master_over(b->master));
    assert_int_equal(sw_master_exit_code(b->master), SW_EXIT_FAILED_RUNS); /* nobody can train */
    close_bench(b);
}

static void nonsense_is_refused(void **state) {
    bench *b = *state;
    write_sweep(b, 3, 0, 0.99);
    open_bench(b, 1e6);
    tick(b);
    int32_t run = assigned(b, 0), other = assigned(b, 1);
    assert_int_equal(record(b, 0, run, 0, 0), SW_E_PROTOCOL); /* not begun */
    begin(b, 0, run);
    assert_int_equal(start(b, 0, run, 5), SW_E_PROTOCOL); /* the file holds none */
    assert_int_equal(record(b, 0, other, 0, 0), SW_E_PROTOCOL);
    assert_int_equal(record(b, 0, 1000, 0, 0), SW_E_PROTOCOL);
    assert_int_equal(say(b, 0, SW_WIRE_RETURN, run, NULL, 0), SW_E_PROTOCOL);
    assert_int_equal(say(b, 0, SW_WIRE_STOP, -1, NULL, 0), SW_E_PROTOCOL); /* a master's own message */
    const char garbage[32] = "nothing that a worker would say";
    assert_int_equal(sw_master_receive(b->master, 1, garbage, sizeof garbage), SW_E_PROTOCOL);
    assert_non_null(strstr(sw_fail_message(), "worker 2"));
    close_bench(b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(runs_are_trained_and_written, setup, teardown),
        cmocka_unit_test_setup_teardown(onsets_follow_changed_thresholds, setup, teardown),
        cmocka_unit_test_setup_teardown(a_run_whose_trainers_die_fails_with_the_reason, setup, teardown),
        cmocka_unit_test_setup_teardown(a_passing_fault_is_tried_again_a_sure_one_is_not, setup, teardown),
        cmocka_unit_test_setup_teardown(a_stop_reaches_every_worker_once, setup, teardown),
        cmocka_unit_test_setup_teardown(the_limit_stops, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_flushed_is_acknowledged_and_survives, setup, teardown),
        cmocka_unit_test_setup_teardown(a_worker_without_trainers_gets_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(nonsense_is_refused, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
