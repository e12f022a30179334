/* test_train.c: the loop and its checkpoints: what is sent, when it ends, and that an interrupted run goes on bit for
 * bit. */
#include "symsweep/config.h"
#include "symsweep/log.h"
#include "symsweep/random.h"
#include "symsweep/train.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

enum { MOST = 256 };

/* A sink that keeps everything, as a results file would: by number. */
typedef struct kept {
    sw_record records[MOST];
    sw_snapshot snapshots[MOST];
    int record_count, snapshot_count, begins, facts, resent;
    int32_t safe_records, safe_snapshots; /* what it admits to have */
    int64_t stop_after;                   /* keep_going calls until it says stop; -1 = never */
} kept;

static sw_status begin(void *context, int32_t first_record, int32_t first_snapshot) {
    kept *k = context;
    assert_true(first_record <= k->record_count && first_snapshot <= k->snapshot_count);
    k->begins++;
    return SW_OK;
}

static sw_status take_facts(void *context, const sw_run_facts *facts) {
    assert_true(facts->parameters > 0);
    ((kept *)context)->facts++;
    return SW_OK;
}

static sw_status take_data(void *context, const sw_run_data *data) {
    (void)context;
    assert_true(data->inputs > 0);
    return SW_OK;
}

static sw_status take_record(void *context, const sw_record *record) {
    kept *k = context;
    assert_true(record->evaluation <= k->record_count && record->evaluation < MOST);
    if (record->evaluation < k->record_count)
        k->resent++;
    else
        k->record_count++;
    k->records[record->evaluation] = *record;
    return SW_OK;
}

static sw_status keep_snapshot(void *context, const sw_snapshot *snapshot) {
    kept *k = context;
    assert_true(snapshot->snapshot <= k->snapshot_count && snapshot->snapshot < MOST);
    sw_snapshot *to = &k->snapshots[snapshot->snapshot];
    if (snapshot->snapshot < k->snapshot_count)
        free((void *)to->array[SW_SNAPSHOT_PCA]);
    else
        k->snapshot_count++;
    float *block = malloc((sw_record_snapshot_floats(&snapshot->shape) + 1) * sizeof *block);
    sw_record_snapshot_gather(block, snapshot);
    *to = *snapshot;
    sw_record_snapshot_point(to, block);
    return SW_OK;
}

static bool keep_going(void *context) {
    kept *k = context;
    return k->stop_after < 0 || k->stop_after-- > 0;
}

static void safe(void *context, int32_t *records, int32_t *snapshots) {
    *records = ((kept *)context)->safe_records;
    *snapshots = ((kept *)context)->safe_snapshots;
}

static sw_sink sink_of(kept *k) {
    return (sw_sink){k, begin, take_facts, take_data, take_record, keep_snapshot, keep_going, safe};
}

static void release(kept *k) {
    for (int s = 0; s < k->snapshot_count; s++) free((void *)k->snapshots[s].array[SW_SNAPSHOT_PCA]);
    free(k);
}

static kept *empty(void) {
    kept *k = calloc(1, sizeof *k);
    k->stop_after = -1;
    return k;
}

static void tiny(sw_run_config *config) {
    sw_config_default(config);
    config->task.p = 7;
    config->train_fraction = 0.6;
    config->model.d_model = 8;
    config->model.heads = 2;
    config->model.d_head = 4;
    config->model.d_mlp = 12;
    config->steps = 60;
    config->evaluate.every = 7;
    config->evaluate.snapshots = 5;
    config->save.optimizer = config->save.split = true;
    config->stop.test_accuracy = 0;
}

static kept *train_whole(const sw_run_config *config, sw_run_result *result) {
    kept *k = empty();
    sw_sink sink = sink_of(k);
    if (sw_train(result, config, NULL, &sink) != SW_OK) fail_msg("%s", sw_fail_message());
    return k;
}

static void assert_same(const kept *a, const kept *b) {
    assert_int_equal(a->record_count, b->record_count);
    assert_int_equal(a->snapshot_count, b->snapshot_count);
    for (int r = 0; r < a->record_count; r++) assert_memory_equal(&a->records[r], &b->records[r], sizeof a->records[r]);
    for (int s = 0; s < a->snapshot_count; s++) {
        assert_int_equal(a->snapshots[s].step, b->snapshots[s].step);
        assert_memory_equal(a->snapshots[s].array[SW_SNAPSHOT_PCA], b->snapshots[s].array[SW_SNAPSHOT_PCA],
                            sw_record_snapshot_floats(&a->snapshots[s].shape) * sizeof(float));
    }
}

static void records_follow_the_schedule(void **state) {
    (void)state;
    sw_run_config config;
    tiny(&config);
    sw_run_result result;
    kept *k = train_whole(&config, &result);
    assert_int_equal(result.state, SW_RUN_DONE);
    assert_int_equal(result.steps, 60);
    assert_int_equal(k->record_count, 10); /* 0, 7, ..., 56, 60 */
    assert_int_equal(result.records, 10);
    for (int r = 0; r < 10; r++) assert_int_equal(k->records[r].step, r < 9 ? 7 * r : 60);
    assert_true(isnan(k->records[0].value[SW_METRIC_OBJECTIVE]));
    assert_true(isnan(k->records[0].value[SW_METRIC_GRADIENT_NORM]));
    assert_true(k->records[9].value[SW_METRIC_GRADIENT_NORM] > 0);
    assert_int_equal(k->snapshots[0].step, 0);
    assert_int_equal(k->snapshots[k->snapshot_count - 1].step, 60);
    kept *again = train_whole(&config, &result);
    assert_same(k, again);
    release(k);
    release(again);
}

static void change(sw_run_config *config, int64_t at, size_t field, size_t since, double value) {
    config->changes.list[config->changes.count++] = (sw_change){at, (uint32_t)field, (uint32_t)since, value};
}

static void freeze(sw_run_config *config, int64_t at, const char *names) {
    size_t used = 0;
    while (used < 1 || config->changes.tensors[used - 1] || config->changes.tensors[used]) used++;
    if (!config->changes.tensors[0]) used = 0;
    strcpy(config->changes.tensors + used, names);
    config->changes.list[config->changes.count++] = (sw_change){at, SW_CHANGE_FREEZE, 0, (double)used};
}

enum { VARIANTS = 8 };

/* Configurations whose state between steps differs in kind. */
static void vary(sw_run_config *config, int variant) {
    switch (variant) {
    case 1:
        config->optimizer.kind = SW_OPTIMIZER_SGD;
        config->optimizer.momentum = 0.9;
        config->optimizer.grokfast_lambda = 2;
        break;
    case 2:
        config->optimizer.kind = SW_OPTIMIZER_MUON;
        config->optimizer.batch_size = 8;
        break;
    case 3:
        config->geometry[SW_PRIOR_NUCLEAR].weight = 0.01;
        config->geometry[SW_PRIOR_NUCLEAR].every = 5;
        config->geometry[SW_PRIOR_ENTROPY].weight = 0.01;
        config->geometry[SW_PRIOR_ENTROPY].every = 4;
        break;
    case 4:
        config->symmetry[SW_FAMILY_ASSOCIATIVITY].weight = 1;
        config->symmetry[SW_FAMILY_ASSOCIATIVITY].tuples_per_step = 20;
        config->stop.test_accuracy = 0.05;
        config->stop.for_steps = 30;
        break;
    case 5: /* rates and frozen tensors; changes between, at and behind evaluations and the end of a shorter run */
        config->optimizer.gradient_clip = 0.5;
        change(config, 10, offsetof(sw_run_config, optimizer.learning_rate), 0, 0.01);
        change(config, 21, offsetof(sw_run_config, optimizer.weight_decay), 0, 0);
        freeze(config, 21, "layers.0.mlp token_embedding");
        freeze(config, 38, "");
        change(config, 40, offsetof(sw_run_config, optimizer.weight_decay), 0, 3);
        break;
    case 6: /* what begins anew where it begins to act: the filter's average, cached decompositions */
        config->symmetry[SW_FAMILY_COMMUTATIVITY].tuples_per_step = 20;
        config->geometry[SW_PRIOR_NUCLEAR].every = 4;
        change(config, 9, offsetof(sw_run_config, symmetry[SW_FAMILY_COMMUTATIVITY].weight),
               offsetof(sw_run_config, symmetry[SW_FAMILY_COMMUTATIVITY].from_step), 0.5);
        change(config, 14, offsetof(sw_run_config, geometry[SW_PRIOR_NUCLEAR].weight),
               offsetof(sw_run_config, geometry[SW_PRIOR_NUCLEAR].from_step), 0.01);
        change(config, 17, offsetof(sw_run_config, optimizer.grokfast_lambda),
               offsetof(sw_run_config, optimizer.grokfast_from), 1);
        change(config, 30, offsetof(sw_run_config, optimizer.grokfast_lambda),
               offsetof(sw_run_config, optimizer.grokfast_from), 0);
        change(config, 41, offsetof(sw_run_config, optimizer.grokfast_lambda),
               offsetof(sw_run_config, optimizer.grokfast_from), 2);
        change(config, 45, offsetof(sw_run_config, symmetry[SW_FAMILY_COMMUTATIVITY].weight),
               offsetof(sw_run_config, symmetry[SW_FAMILY_COMMUTATIVITY].from_step), -0.2);
        break;
    case 7:
        config->optimizer.batch_size = 6;
        config->symmetry[SW_FAMILY_COMMUTATIVITY].weight = 0.5;
        config->symmetry[SW_FAMILY_COMMUTATIVITY].inputs = SW_INPUTS_TRAIN;
        config->symmetry[SW_FAMILY_COMMUTATIVITY].tuples_per_step = 0;
        change(config, 13, offsetof(sw_run_config, train_fraction), 0, 0.4);
        change(config, 36, offsetof(sw_run_config, train_fraction), 0, 0.2);
        break;
    default: break;
    }
}

static void interrupted_runs_go_on_bit_for_bit(void **state) {
    (void)state;
    char path[] = "/tmp/symsweep-train-XXXXXX";
    int descriptor = mkstemp(path);
    assert_true(descriptor >= 0);
    close(descriptor);
    unlink(path);
    for (int variant = 0; variant < VARIANTS; variant++) {
        sw_run_config config;
        tiny(&config);
        vary(&config, variant);
        sw_run_result result, whole;
        kept *expected = train_whole(&config, &whole), *k = empty();
        sw_checkpoint_options checkpoint = {.path = path};
        sw_sink sink = sink_of(k);
        sw_status status = SW_E_INTERRUPTED;
        for (uint64_t attempt = 0; status == SW_E_INTERRUPTED; attempt++) {
            assert_true(attempt < 100);
            k->stop_after = (int64_t)sw_random_below(1, 2, (uint64_t)variant, attempt, 15);
            /* it may have stored less than was sent */
            k->safe_records = k->record_count > 1 ? k->record_count - 1 : 0;
            k->safe_snapshots = k->snapshot_count / 2;
            status = sw_train(&result, &config, &checkpoint, &sink);
            if (status == SW_E_INTERRUPTED) assert_int_equal(result.state, SW_RUN_RUNNING);
        }
        if (status != SW_OK) fail_msg("%s", sw_fail_message());
        assert_same(expected, k);
        assert_true(k->begins > 3 && k->resent > 0);
        assert_int_equal(result.steps, whole.steps);
        assert_int_equal(result.records, whole.records);
        assert_int_equal(result.stopped_early, whole.stopped_early);
        assert_int_equal(unlink(path), 0); /* it stays until the result is safe */
        release(expected);
        release(k);
    }
}

/* 40 steps are no multiple of 7, and none of an evaluation with all measures: the end leaves no trace in 60. */
static void longer_runs_go_on_bit_for_bit(void **state) {
    (void)state;
    char folder[] = "/tmp/symsweep-kept-XXXXXX", path[SW_PATH_MAX], kept_path[SW_PATH_MAX];
    assert_non_null(mkdtemp(folder));
    assert_int_equal(sw_train_kept_path(kept_path, folder, "x"), SW_OK);
    snprintf(path, sizeof path, "%s/x.ckpt", folder);
    for (int variant = 0; variant < VARIANTS; variant++) {
        sw_run_config config, shorter, other;
        tiny(&config);
        vary(&config, variant);
        config.evaluate.snapshots = 0;
        shorter = other = config;
        shorter.steps = variant % 2 ? 35 : 40; /* with and without an evaluation of the longer run */
        sw_run_result result, whole;
        kept *expected = train_whole(&config, &whole), *k = empty();
        sw_checkpoint_options checkpoint = {.path = path, .keep = true};
        sw_sink sink = sink_of(k);
        assert_int_equal(sw_train(&result, &shorter, &checkpoint, &sink), SW_OK);
        sw_train_kept end;
        assert_int_equal(sw_train_kept_read(&end, kept_path, &config), SW_OK);
        assert_null(end.reason);
        assert_int_equal(end.step, result.steps);
        assert_int_equal(end.records, result.records - 1);
        other.seed++;
        assert_int_equal(sw_train_kept_read(&end, kept_path, &other), SW_OK);
        assert_true(end.reason && end.foreign);
        other = config;
        other.save.embedding = true;
        assert_int_equal(sw_train_kept_read(&end, kept_path, &other), SW_OK);
        assert_true(end.reason && !end.foreign);
        /* the row of the longer run: all but what was measured at the end */
        k->record_count = end.records;
        while (k->snapshot_count > end.snapshots)
            free((void *)k->snapshots[--k->snapshot_count].array[SW_SNAPSHOT_PCA]);
        assert_int_equal(rename(kept_path, path), 0);
        assert_int_equal(sw_train(&result, &config, &checkpoint, &sink), SW_OK);
        assert_same(expected, k);
        assert_int_equal(k->resent, 0);
        assert_int_equal(result.steps, whole.steps);
        assert_int_equal(result.stopped_early, whole.stopped_early);
        assert_int_equal(unlink(path), 0);
        release(expected);
        release(k);
    }
    assert_int_equal(unlink(kept_path), 0);
    assert_int_equal(rmdir(folder), 0);
}

static void damaged_or_foreign_checkpoints_start_anew(void **state) {
    (void)state;
    char path[] = "/tmp/symsweep-train-XXXXXX", aside[64];
    int descriptor = mkstemp(path);
    assert_true(descriptor >= 0);
    close(descriptor);
    unlink(path);
    snprintf(aside, sizeof aside, "%s.unusable", path);
    sw_log_set_level(SW_LOG_ERROR); /* the warnings are expected */
    sw_run_config config;
    tiny(&config);
    sw_run_result result;
    kept *expected = train_whole(&config, &result);
    sw_checkpoint_options checkpoint = {.path = path};
    const int damages = getenv("SYMSWEEP_LONG") ? 500 : 40;
    for (int damage = 0; damage < damages; damage++) {
        kept *k = empty();
        k->stop_after = 20;
        sw_sink sink = sink_of(k);
        assert_int_equal(sw_train(&result, &config, &checkpoint, &sink), SW_E_INTERRUPTED);
        FILE *file = fopen(path, "r+b");
        assert_non_null(file);
        fseek(file, 0, SEEK_END);
        long size = ftell(file), at = (long)sw_random_below(9, 9, 9, (uint64_t)damage, (uint64_t)size);
        if (damage % 4 == 3) {
            assert_int_equal(ftruncate(fileno(file), at), 0);
        } else {
            fseek(file, at, SEEK_SET);
            int byte = fgetc(file);
            fseek(file, at, SEEK_SET);
            fputc(byte ^ (1 << damage % 8), file);
        }
        fclose(file);
        k->stop_after = -1;
        assert_int_equal(sw_train(&result, &config, &checkpoint, &sink), SW_OK);
        assert_same(expected, k);
        assert_int_equal(access(aside, F_OK), 0);
        unlink(aside);
        release(k);
    }
    print_message("summary: %d damaged checkpoints: each put aside, the run trained anew to the same bits\n", damages);
    kept *k = empty();
    k->stop_after = 20;
    sw_sink sink = sink_of(k);
    assert_int_equal(sw_train(&result, &config, &checkpoint, &sink), SW_E_INTERRUPTED);
    sw_run_config other = config;
    other.seed = 99; /* a checkpoint of another run */
    kept *anew = empty();
    sw_sink other_sink = sink_of(anew);
    assert_int_equal(sw_train(&result, &other, &checkpoint, &other_sink), SW_OK);
    assert_int_equal(anew->resent, 0);
    unlink(aside);
    release(k);
    release(anew);
    release(expected);
    sw_log_set_level(SW_LOG_INFO);
}

static void divergence_is_a_result(void **state) {
    (void)state;
    sw_run_config config;
    tiny(&config);
    config.optimizer.kind = SW_OPTIMIZER_SGD;
    config.optimizer.learning_rate = 1e20;
    config.optimizer.warmup_steps = 0;
    sw_run_result result;
    kept *k = train_whole(&config, &result);
    assert_int_equal(result.state, SW_RUN_DIVERGED);
    assert_non_null(strstr(result.error, " is not finite at step "));
    assert_true(result.steps < 60);
    assert_int_equal(k->records[k->record_count - 1].step, result.steps);
    assert_false(isfinite(k->records[k->record_count - 1].value[SW_METRIC_TRAIN_LOSS]));
    release(k);
}

static void stop_ends_after_it_held(void **state) {
    (void)state;
    sw_run_config config;
    tiny(&config);
    config.stop.test_accuracy = 1e-9; /* any accuracy above 0 holds */
    config.stop.for_steps = 21;
    sw_run_result result;
    kept *k = train_whole(&config, &result);
    int first = 0;
    while (first < k->record_count && k->records[first].value[SW_METRIC_TEST_ACCURACY] <= 0) first++;
    if (result.stopped_early) {
        assert_true(result.steps >= 21 && result.steps % 7 == 0);
        assert_int_equal(k->records[k->record_count - 1].step, result.steps);
        assert_int_equal(k->snapshots[k->snapshot_count - 1].step, result.steps);
    }
    assert_true(result.stopped_early);
    release(k);
}

static void a_failing_sink_fails_the_run(void **state) {
    (void)state;
    sw_run_config config;
    tiny(&config);
    config.task.label_noise = 2; /* no share */
    kept *k = empty();
    sw_sink sink = sink_of(k);
    sw_run_result result;
    assert_int_equal(sw_train(&result, &config, NULL, &sink), SW_E_CONFIG);
    assert_int_equal(result.state, SW_RUN_FAILED);
    assert_non_null(strstr(result.error, "label_noise"));
    release(k);
}

/* A weight that is 0 until a step is that of a run in which it acts from there, bit for bit. */
static void changes_are_windows_where_they_say_the_same(void **state) {
    (void)state;
    sw_run_config window, changed;
    sw_run_result result;
    tiny(&window);
    window.geometry[SW_PRIOR_ENTROPY].every = 5;
    changed = window;
    window.geometry[SW_PRIOR_ENTROPY].weight = 0.02;
    window.geometry[SW_PRIOR_ENTROPY].from_step = 12;
    window.geometry[SW_PRIOR_ENTROPY].until_step = 33;
    const size_t weight = offsetof(sw_run_config, geometry[SW_PRIOR_ENTROPY].weight);
    change(&changed, 12, weight, offsetof(sw_run_config, geometry[SW_PRIOR_ENTROPY].from_step), 0.02);
    change(&changed, 33, weight, offsetof(sw_run_config, geometry[SW_PRIOR_ENTROPY].from_step), 0);
    kept *a = train_whole(&window, &result), *b = train_whole(&changed, &result);
    assert_same(a, b);
    release(a);
    release(b);
}

/* What is frozen stays to the bit; the train set shrinks to a part of what it was, and the test set stays. */
static void what_is_frozen_stays(void **state) {
    (void)state;
    sw_run_config config;
    sw_run_result result;
    tiny(&config);
    config.evaluate.every = 10;
    config.evaluate.snapshots = 20;
    freeze(&config, 20, "unembedding");
    freeze(&config, 40, "");
    kept *k = train_whole(&config, &result);
    const size_t n = 8 * 7; /* [d, C], the last tensor */
    const sw_snapshot *at[7];
    for (int i = 0; i < 7; i++) {
        at[i] = &k->snapshots[i];
        assert_int_equal(at[i]->step, 10 * i);
    }
    for (int i = 1; i < 7; i++) {
        const size_t from = (size_t)at[i]->shape.parameters - n;
        const int difference = memcmp(at[i]->array[SW_SNAPSHOT_PARAMETERS] + from,
                                      at[i - 1]->array[SW_SNAPSHOT_PARAMETERS] + from, n * sizeof(float));
        assert_int_equal(difference == 0, i == 3 || i == 4);
    }
    release(k);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_follow_the_schedule),   cmocka_unit_test(changes_are_windows_where_they_say_the_same),
        cmocka_unit_test(what_is_frozen_stays),          cmocka_unit_test(interrupted_runs_go_on_bit_for_bit),
        cmocka_unit_test(longer_runs_go_on_bit_for_bit), cmocka_unit_test(damaged_or_foreign_checkpoints_start_anew),
        cmocka_unit_test(divergence_is_a_result),        cmocka_unit_test(stop_ends_after_it_held),
        cmocka_unit_test(a_failing_sink_fails_the_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
