/* test_copy.c: merge and compressed copies. */
#include "cmocka_support.h"

#include <hdf5.h>
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

    /* what does not belong together is refused */
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

/* Ids of rows that a file has as planned ('1') and as former ('0'), in order of their seeds. */
static void assert_planned(const char *path, const char *expected) {
    sw_results *results;
    char found[64] = "";
    assert_ok(sw_results_open(&results, path));
    const size_t count = sw_results_count(results);
    assert_true(count < sizeof found);
    for (size_t r = 0; r < count; r++)
        found[sw_results_row(results, r)->seed] = sw_results_row(results, r)->planned ? '1' : '0';
    assert_string_equal(found, expected);
    sw_results_close(results);
}

/* The file as a program made it that did not know former rows, nor when a sweep was written. */
static void make_old(const char *path) {
    hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT), sweep = H5Dopen2(file, "/sweep/config", H5P_DEFAULT);
    assert_true(H5Ldelete(file, "/runs/planned", H5P_DEFAULT) >= 0);
    assert_true(H5Adelete(sweep, "written_utc") >= 0);
    H5Dclose(sweep);
    H5Fclose(file);
}

/* What the file that is there holds stays in it, planned or not, whether or not it is named among the inputs. */
static void test_merge_again(void **state) {
    char a[160], b[160], all[160];
    path_of(a, *state, "a.h5");
    path_of(b, *state, "b.h5");
    path_of(all, *state, "all.h5");
    fixture first = fixture_create(0, 3, 8, false), second = fixture_create(3, 2, 8, false);
    fixture_narrow(&first);
    fixture_narrow(&second);
    write_all_runs(a, &first);
    write_all_runs(b, &second);
    const char *const one[] = {a}, *const other[] = {b}, *const both[] = {all, b};
    assert_ok(sw_store_merge(all, one, 1, NULL));
    assert_ok(sw_store_merge(all, other, 1, NULL));
    assert_all_rows(all, 5, 8);
    assert_ok(sw_store_merge(all, both, 2, NULL));
    assert_ok(sw_store_merge(all, both, 1, NULL));
    assert_all_rows(all, 5, 8);
    assert_planned(all, "11111");

    /* while a writer has it, or where it is of another sweep, it stays what it is */
    sw_store *store;
    assert_ok(sw_store_open(&store, all, &first.layout));
    assert_int_equal(sw_store_merge(all, one, 1, NULL), SW_E_BUSY);
    assert_ok(sw_store_close(store));
    unlink(b);
    second.layout.sweep_name = "another";
    write_all_runs(b, &second);
    assert_int_equal(sw_store_merge(b, one, 1, NULL), SW_E_STORE);
    assert_non_null(strstr(sw_fail_message(), "another"));
    sw_results *results;
    assert_ok(sw_results_open(&results, b));
    assert_int_equal(sw_results_count(results), 2);
    sw_results_close(results);
    fixture_release(&first);
    fixture_release(&second);
}

/* A plan of seeds 1 and 3, whatever the sweep's text. */
static sw_status odd_plan(char ***ids, size_t *count, const char *text) {
    static const size_t seeds[] = {3, 1, 9};
    *count = 3;
    *ids = calloc(*count, sizeof **ids);
    for (size_t i = 0; i < *count; i++) {
        (*ids)[i] = calloc(65, 1);
        snprintf((*ids)[i], 65, "%064zx", seeds[i] * 2654435761u % 4294967291u);
    }
    return text[0] ? SW_OK : SW_E_STORE;
}

/* Files of two forms of a sweep: the one that was written last says what is planned, by its plan where it makes one. */
static void test_merge_planned(void **state) {
    char a[160], b[160], all[160];
    path_of(a, *state, "a.h5");
    path_of(b, *state, "b.h5");
    path_of(all, *state, "all.h5");
    fixture first = fixture_create(0, 4, 8, false), shard = fixture_create(2, 2, 8, false),
            second = fixture_create(3, 2, 8, false);
    fixture_narrow(&first);
    fixture_narrow(&shard);
    fixture_narrow(&second);
    second.layout.sweep_text = "{\"newer\": true}";
    second.layout.sweep_length = strlen(second.layout.sweep_text);
    write_all_runs(a, &first);  /* 0..3 */
    write_all_runs(b, &second); /* 3, 4 */
    assert_planned(a, "1111");
    const char *const files[] = {a, b};
    assert_ok(sw_store_merge(all, files, 2, NULL)); /* 0..2 are known to the older form alone */
    assert_planned(all, "11111");
    assert_ok(sw_store_merge(all, files, 2, &(sw_store_knowledge){.plan_ids = odd_plan}));
    assert_planned(all, "01010");
    assert_all_rows(all, 5, 8);

    /* b: 3 and 4 are former now, and so they are in the whole, though `a` had 3 as planned; 0 and 1 only `a` knows */
    sw_store *store;
    sw_store_sweep layout = shard.layout;
    layout.sweep_text = "{\"newest\": true}";
    layout.sweep_length = strlen(layout.sweep_text);
    layout.run_count = 1; /* 2 alone */
    assert_ok(sw_store_open(&store, b, &layout));
    assert_ok(sw_store_close(store));
    unlink(all);
    assert_ok(sw_store_merge(all, files, 2, NULL));
    assert_planned(all, "11100");

    /* `a` gets an older run back last: its form is the newest then */
    layout = first.layout;
    layout.sweep_text = "{\"back\": true}";
    layout.sweep_length = strlen(layout.sweep_text);
    assert_ok(sw_store_open(&store, a, &layout));
    assert_ok(sw_store_close(store));
    unlink(all);
    assert_ok(sw_store_merge(all, files, 2, NULL));
    assert_planned(all, "11110");

    /* old files: all are planned until a plan says otherwise */
    make_old(a);
    make_old(b);
    unlink(all);
    assert_ok(sw_store_merge(all, files, 2, NULL));
    assert_planned(all, "11111");
    assert_ok(sw_store_merge(all, files, 2, &(sw_store_knowledge){.plan_ids = odd_plan}));
    assert_planned(all, "01010");
    fixture_release(&first);
    fixture_release(&shard);
    fixture_release(&second);
}

/* Shards without any run are files like others. */
static void test_merge_empty(void **state) {
    char a[160], b[160], all[160];
    path_of(a, *state, "a.h5");
    path_of(b, *state, "b.h5");
    path_of(all, *state, "all.h5");
    fixture first = fixture_create(0, 0, 8, false), second = fixture_create(0, 2, 8, false);
    write_all_runs(a, &first);
    write_all_runs(b, &second);
    const char *const empty[] = {a, a}, *const files[] = {a, b};
    assert_ok(sw_store_merge(all, empty, 2, NULL));
    assert_planned(all, "");
    assert_ok(sw_store_merge(all, files, 2, NULL));
    assert_all_rows(all, 2, 8);
    write_all_runs(a, &second); /* and they grow */
    assert_all_rows(a, 2, 8);
    fixture_release(&first);
    fixture_release(&second);
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
    const struct CMUnitTest tests[] = {in_place(test_merge),           in_place(test_merge_again),
                                       in_place(test_merge_planned),   in_place(test_merge_empty),
                                       in_place(test_go_on_in_merged), in_place(test_compact),
                                       in_place(test_set_aside)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
