/* cmocka_support.h: cmocka with its own includes in the order it wants, and statuses with their messages. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fixture.h"

#define assert_ok(expression)                                                                                          \
    do {                                                                                                               \
        const sw_status status_ = (expression);                                                                        \
        if (status_) fail_msg("%s: %d %s", #expression, status_, sw_fail_message());                                   \
    } while (0)

/* A fresh folder for each test, and a results file in it. */
typedef struct place {
    char folder[64], path[128];
} place;

static inline int enter(void **state) {
    place *p = calloc(1, sizeof *p);
    fixture_folder(p->folder);
    snprintf(p->path, sizeof p->path, "%s/results.h5", p->folder);
    *state = p;
    return 0;
}

static inline int leave(void **state) {
    place *p = *state;
    fixture_remove(p->folder);
    free(p);
    return 0;
}

#define in_place(test) cmocka_unit_test_setup_teardown(test, enter, leave)

/* Trains all runs of the fixture that are not over and closes. */
static inline void write_all_runs(const char *path, const fixture *f) {
    sw_store *store;
    assert_ok(sw_store_open(&store, path, &f->layout));
    for (size_t i = 0; i < f->layout.run_count; i++) {
        if (sw_store_state(store, sw_store_row(store, i)) == SW_RUN_DONE) continue;
        assert_ok(fixture_train(store, f, i, SW_RUN_DONE));
    }
    assert_ok(sw_store_close(store));
}

/* Is the row what fixture_train writes for its seed into a file that has these metrics? */
static inline void assert_row_of(sw_results *results, size_t r, int64_t evaluations, const bool has[SW_METRIC_COUNT]) {

    const sw_result_row *row = sw_results_row(results, r);
    sw_record *records;
    size_t count;
    assert_int_equal(row->state, SW_RUN_DONE);
    assert_false(row->damaged);
    assert_int_equal(row->steps, (evaluations - 1) * 100);
    assert_int_equal(row->onsets.t_mem, 100 + row->seed);
    assert_ok(sw_results_records(results, r, &records, &count));
    assert_int_equal(count, evaluations);
    for (size_t e = 0; e < count; e++) {
        const sw_record expected = fixture_record(row->seed, (int64_t)e);
        assert_int_equal(records[e].step, expected.step);
        assert_int_equal(records[e].evaluation, expected.evaluation);
        for (int m = 0; m < SW_METRIC_COUNT; m++) {
            if (isnan(expected.value[m]) || !has[m] ? !isnan(records[e].value[m])
                                                    : records[e].value[m] != expected.value[m])
                fail_msg("run %zu evaluation %zu metric %d: %g, not %g", r, e, m, (double)records[e].value[m],
                         (double)expected.value[m]);
        }
    }
    free(records);
}

static inline void assert_row(sw_results *results, size_t r, int64_t evaluations) {
    bool has[SW_METRIC_COUNT];
    for (int m = 0; m < SW_METRIC_COUNT; m++) has[m] = sw_results_has_metric(results, m);
    assert_row_of(results, r, evaluations, has);
}

static inline void assert_all_rows(const char *path, size_t runs, int64_t evaluations) {
    sw_results *results;
    assert_ok(sw_results_open(&results, path));
    assert_int_equal(sw_results_count(results), runs);
    for (size_t r = 0; r < runs; r++) assert_row(results, r, evaluations);
    sw_results_close(results);
}
