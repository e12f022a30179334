/* test_copy.c: merge and compressed copies. */
#include "cmocka_support.h"

#include <sys/stat.h>

static void path_of(char out[160], const place *p, const char *name) { snprintf(out, 160, "%s/%s", p->folder, name); }

/* Shards, and a later form of the sweep with more metrics, longer runs and an axis that became real. */
static void test_merge(void **state) {
    char a[160], b[160], c[160], all[160];
    path_of(a, *state, "a.h5");
    path_of(b, *state, "b.h5");
    path_of(c, *state, "c.h5");
    path_of(all, *state, "all.h5");
    fixture first = fixture_create(0, 20, 8, false), second = fixture_create(20, 3, 8, true),
            third = fixture_create(18, 7, 12, true);
    sw_axis axes[FIXTURE_AXES];
    memcpy(axes, fixture_axes, sizeof axes);
    axes[0].type = SW_AXIS_INTEGER;
    for (size_t i = 0; i < 20; i++) first.axes[i][0].integer = (int64_t)i % 2;
    first.layout.axes = axes;
    fixture_narrow(&first);
    fixture_narrow(&second);
    fixture_narrow(&third);
    third.layout.metric[SW_METRIC_STRESS] = true;
    write_all_runs(a, &first);
    write_all_runs(b, &second);
    /* c: runs 18..24, of which 18 and 19 are done in a and 20..22 in b; it only failed at 19 */
    sw_store *store;
    assert_ok(sw_store_open(&store, c, &third.layout));
    assert_ok(fixture_train(store, &third, 1, SW_RUN_FAILED));
    assert_ok(fixture_train(store, &third, 5, SW_RUN_DONE));
    assert_ok(sw_store_begin(store, sw_store_row(store, 6), "here", 0));
    assert_ok(sw_store_close(store));

    const char *const files[] = {c, a, b};
    assert_ok(sw_store_merge(all, files, 3, NULL));
    sw_results *results;
    assert_ok(sw_results_open(&results, all));
    assert_int_equal(sw_results_count(results), 25);
    assert_int_equal(sw_results_axis_count(results), FIXTURE_AXES);
    for (size_t r = 0; r < 25; r++) {
        const sw_result_row *row = sw_results_row(results, r);
        const int64_t seed = r < 7 ? 18 + (int64_t)r : (int64_t)r - 7;
        assert_int_equal(row->seed, seed);
        assert_false(row->damaged);
        assert_int_equal(row->state, seed == 24 ? SW_RUN_PENDING : SW_RUN_DONE);
        if (seed < 24) assert_int_equal(row->written, seed == 23 ? 12 : 8);
        if (seed < 23) assert_row_of(results, r, 8, first.layout.metric);
        const double weight = sw_results_axis_value(results, r, 0)->real;
        if (seed < 20)
            assert_true(weight == (double)(seed % 2));
        else
            assert_true(weight == 0.1 * (double)(seed % 3));
        if (seed == 19) assert_string_equal(row->error, "");
    }
    sw_results_close(results);

    /* what is there is never replaced; what does not belong together is refused */
    assert_int_equal(sw_store_merge(all, files, 3, NULL), SW_E_STORE);
    unlink(all);
    second.layout.sweep_name = "another";
    unlink(b);
    write_all_runs(b, &second);
    assert_int_equal(sw_store_merge(all, files, 3, NULL), SW_E_STORE);
    assert_non_null(strstr(sw_fail_message(), "another"));
    assert_int_equal(access(all, F_OK), -1);
    fixture_release(&first);
    fixture_release(&second);
    fixture_release(&third);
}

/* A merged file is a results file like any other: the sweep goes on in it. */
static void test_go_on_in_merged(void **state) {
    char a[160], b[160], all[160];
    path_of(a, *state, "a.h5");
    path_of(b, *state, "b.h5");
    path_of(all, *state, "all.h5");
    fixture first = fixture_create(0, 2, 8, false), second = fixture_create(2, 2, 8, false),
            whole = fixture_create(0, 5, 8, false);
    fixture_narrow(&first);
    fixture_narrow(&second);
    fixture_narrow(&whole);
    write_all_runs(a, &first);
    write_all_runs(b, &second);
    const char *const files[] = {a, b};
    assert_ok(sw_store_merge(all, files, 2, NULL));
    sw_store *store;
    assert_ok(sw_store_open(&store, all, &whole.layout));
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(sw_store_state(store, sw_store_row(store, i)), i < 4 ? SW_RUN_DONE : SW_RUN_PENDING);
    assert_ok(sw_store_close(store));
    write_all_runs(all, &whole);
    assert_all_rows(all, 5, 8);
    fixture_release(&first);
    fixture_release(&second);
    fixture_release(&whole);
}

static void test_compact(void **state) {
    const place *p = *state;
    char small[160];
    path_of(small, p, "small.h5");
    fixture f = fixture_create(0, 40, 100, true);
    fixture_narrow(&f);
    write_all_runs(p->path, &f);
    assert_ok(sw_store_compact(p->path, small));
    assert_all_rows(small, 40, 100);
    struct stat before, after;
    assert_int_equal(stat(p->path, &before), 0);
    assert_int_equal(stat(small, &after), 0);
    assert_true(after.st_size < before.st_size / 2);
    assert_int_equal(sw_store_compact(p->path, small), SW_E_STORE);

    /* what is being written is not joined with others */
    sw_store *store;
    assert_ok(sw_store_open(&store, p->path, &f.layout));
    unlink(small);
    const char *from = p->path;
    assert_int_equal(sw_store_merge(small, &from, 1, NULL), SW_E_BUSY);
    assert_ok(sw_store_close(store));
    fixture_release(&f);
}

static void test_set_aside(void **state) {
    const place *p = *state;
    char moved[SW_PATH_MAX], folder[160];
    fixture f = fixture_create(0, 1, 3, false);
    fixture_narrow(&f);
    assert_ok(sw_store_set_aside(moved, p->path));
    assert_string_equal(moved, "");
    write_all_runs(p->path, &f);
    snprintf(folder, sizeof folder, "%s.checkpoints", p->path);
    assert_int_equal(mkdir(folder, 0700), 0);
    sw_store *store;
    assert_ok(sw_store_open(&store, p->path, &f.layout));
    assert_int_equal(sw_store_set_aside(moved, p->path), SW_E_BUSY);
    assert_ok(sw_store_close(store));
    assert_ok(sw_store_set_aside(moved, p->path));
    assert_int_equal(access(p->path, F_OK), -1);
    assert_int_equal(access(folder, F_OK), -1);
    assert_all_rows(moved, 1, 3);
    write_all_runs(p->path, &f);
    char again[SW_PATH_MAX];
    assert_ok(sw_store_set_aside(again, p->path));
    assert_string_not_equal(again, moved);
    fixture_release(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {in_place(test_merge), in_place(test_go_on_in_merged), in_place(test_compact),
                                       in_place(test_set_aside)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
