/* test_writer.c: the writer: what is given comes back, whatever happens in between. */
#include "cmocka_support.h"

#include <hdf5.h>
#include <sys/stat.h>

static void test_round_trip(void **state) {
    const char *path = ((place *)*state)->path;
    fixture f = fixture_create(0, 21, 37, true);
    write_all_runs(path, &f);
    assert_all_rows(path, 21, 37);

    sw_results *results;
    assert_ok(sw_results_open(&results, path));
    assert_false(sw_results_live(results));
    assert_string_equal(sw_results_sweep_name(results), "fixture");
    assert_string_equal(sw_results_attribute(results, "format"), "symsweep");
    assert_string_equal(sw_results_attribute(results, "blas"), "OpenBLAS 0.0");
    assert_int_equal(sw_results_axis_count(results), FIXTURE_AXES);
    for (size_t a = 0; a < FIXTURE_AXES; a++) {
        assert_string_equal(sw_results_axis(results, a)->path, fixture_axes[a].path);
        assert_int_equal(sw_results_axis(results, a)->type, fixture_axes[a].type);
    }
    for (size_t r = 0; r < 21; r++) {
        const sw_result_row *row = sw_results_row(results, r);
        assert_string_equal(row->id, f.ids[r]);
        assert_string_equal(row->config, f.configs[r]);
        assert_string_equal(row->label, f.runs[r].label);
        assert_string_equal(row->host, "host-1");
        assert_int_equal(row->rank, 1 + row->seed % 3);
        assert_true(sw_results_axis_value(results, r, 0)->real == f.axes[r][0].real);
        assert_int_equal(sw_results_axis_value(results, r, 2)->integer, f.axes[r][2].integer);
        assert_string_equal(sw_results_axis_value(results, r, 3)->string, f.axes[r][3].string);
        assert_int_equal(row->onsets.lead_time_known, row->seed % 2 == 0);
        assert_int_equal(row->onsets.test_stable[2], 602);
        assert_true(row->steps_per_second == 3600 / 2.5 && row->measure_share == 0.1);
    }
    sw_results_close(results);
    fixture_release(&f);
}

static const sw_result_column *find_column(const sw_result_column *columns, size_t count, const char *path) {
    for (size_t c = 0; c < count; c++)
        if (strcmp(columns[c].path, path) == 0) return &columns[c];
    return NULL;
}

/* Rows that refine has no need of are over; what it says of a row outlives a start of the run and changes no checksum.
 */
static void test_refined_rows(void **state) {
    const char *path = ((place *)*state)->path;
    fixture f = fixture_create(0, 3, 5, true);
    fixture_narrow(&f);
    sw_store *store;
    sw_results *results;
    sw_result_column *columns;
    size_t count;
    sw_store_refined first = fixture_refined(1), other = fixture_refined(2);
    assert_ok(sw_store_open(&store, path, &f.layout));
    assert_ok(sw_store_settle(store, 0, SW_RUN_NOT_SELECTED));
    for (int64_t row = 0; row < 3; row++) assert_ok(sw_store_refine(store, row, &first));
    assert_ok(sw_store_begin(store, 1, "here", 0)); /* given before, not yet flushed */
    assert_ok(sw_store_flush(store));
    assert_ok(sw_store_begin(store, 2, "here", 0)); /* in the file already */
    assert_ok(sw_store_close(store));

    assert_ok(sw_store_open(&store, path, &f.layout));
    assert_int_equal(sw_store_state(store, 0), SW_RUN_NOT_SELECTED);
    assert_ok(sw_store_refine(store, 0, &other));
    assert_ok(sw_store_close(store));
    assert_ok(sw_results_open(&results, path));
    const sw_result_row *row = sw_results_row(results, 0);
    assert_true(row->state == SW_RUN_NOT_SELECTED && !row->damaged && row->checksum >= 0);
    assert_ok(sw_results_columns(results, &columns, &count));
    const sw_result_column *round = find_column(columns, count, "/runs/refine/round");
    const sw_result_column *high = find_column(columns, count, "/runs/refine/high");
    assert_true(round && high);
    assert_int_equal(round->integers[0], other.round);
    for (int r = 1; r < 3; r++) assert_true(round->integers[r] == first.round && high->reals[r] == first.high);
    sw_results_columns_destroy(columns, count, 3);
    sw_results_close(results);

    assert_ok(sw_store_open(&store, path, &f.layout)); /* taken up after all */
    assert_ok(sw_store_requeue(store, 0, false));
    assert_ok(fixture_train(store, &f, 0, SW_RUN_DONE));
    assert_ok(sw_store_close(store));
    assert_ok(sw_results_open(&results, path));
    row = sw_results_row(results, 0);
    assert_true(row->state == SW_RUN_DONE && !row->damaged);
    sw_results_close(results);
    fixture_release(&f);
}

/* Records are readable by the writer at once, by readers after a flush; nothing is lost when it closes in the middle.
 */
static void test_buffering(void **state) {
    const char *path = ((place *)*state)->path;
    fixture f = fixture_create(0, 2, 50, false);
    fixture_narrow(&f);
    sw_store *store;
    sw_results *results;
    sw_record *records;
    size_t count;
    assert_ok(sw_store_open(&store, path, &f.layout));
    assert_ok(sw_store_begin(store, 0, "here", 0));
    for (int64_t e = 0; e < 30; e++) {
        const sw_record record = fixture_record(0, e);
        assert_ok(sw_store_record(store, 0, &record));
        if (e == 9) {
            assert_int_equal(sw_store_flushed(store, 0), 0);
            assert_ok(sw_store_flush(store));
            assert_int_equal(sw_store_flushed(store, 0), 10);
        }
    }
    assert_ok(sw_store_records(store, 0, &records, &count));
    assert_int_equal(count, 30);
    for (size_t e = 0; e < count; e++) assert_int_equal(records[e].step, e * 100);
    free(records);

    assert_ok(sw_results_open(&results, path));
    assert_true(sw_results_live(results));
    assert_int_equal(sw_results_row(results, 0)->state, SW_RUN_RUNNING);
    assert_int_equal(sw_results_row(results, 0)->written, 10);
    assert_ok(sw_store_flush(store));
    assert_ok(sw_results_refresh(results));
    assert_int_equal(sw_results_row(results, 0)->written, 30);
    assert_ok(sw_results_records(results, 0, &records, &count));
    assert_int_equal(count, 30);
    free(records);
    sw_results_close(results);

    /* out of order is refused */
    const sw_record late = fixture_record(0, 40);
    assert_int_equal(sw_store_record(store, 0, &late), SW_E_PROTOCOL);
    assert_ok(sw_store_close(store));
    fixture_release(&f);
}

/* A run that was stopped goes on where it was, or starts again; both give the same row. */
static void test_requeue_and_resume(void **state) {
    const char *path = ((place *)*state)->path;
    fixture f = fixture_create(0, 3, 20, false);
    fixture_narrow(&f);
    sw_store *store;
    assert_ok(sw_store_open(&store, path, &f.layout));
    for (int64_t row = 0; row < 2; row++) {
        const sw_run_facts facts = fixture_facts(row);
        assert_ok(sw_store_begin(store, row, "first", 1));
        assert_ok(sw_store_facts(store, row, &facts));
        for (int64_t e = 0; e < 12; e++) {
            const sw_record record = fixture_record(row, e);
            assert_ok(sw_store_record(store, row, &record));
        }
        for (int32_t s = 0; s < 3; s++) assert_ok(fixture_snapshot(store, row, row, s, &f.runs[row].shape));
        assert_ok(sw_store_requeue(store, row, row == 1));
    }
    assert_ok(sw_store_close(store));

    assert_ok(sw_store_open(&store, path, &f.layout));
    assert_int_equal(sw_store_state(store, 0), SW_RUN_PENDING);
    assert_int_equal(sw_store_attempts(store, 0), 0);
    assert_int_equal(sw_store_attempts(store, 1), 1);
    assert_int_equal(sw_store_flushed(store, 0), 12);
    assert_int_equal(sw_store_flushed_snapshots(store, 0), 3);
    assert_ok(sw_store_resume(store, 0, "host-1", 1, 10, 2));
    assert_int_equal(sw_store_flushed(store, 0), 10);
    assert_ok(sw_store_flush(store));
    for (int64_t e = 10; e < 20; e++) {
        const sw_record record = fixture_record(0, e);
        assert_ok(sw_store_record(store, 0, &record));
    }
    for (int32_t s = 2; s < 4; s++) assert_ok(fixture_snapshot(store, 0, 0, s, &f.runs[0].shape));
    const sw_run_result result = fixture_result(SW_RUN_DONE, 20);
    const sw_onsets onsets = fixture_onsets(0);
    assert_ok(sw_store_finish(store, 0, &result, &onsets));
    assert_ok(fixture_train(store, &f, 1, SW_RUN_DONE));
    assert_ok(fixture_train(store, &f, 2, SW_RUN_DONE));
    assert_ok(sw_store_close(store));
    assert_all_rows(path, 3, 20);
    fixture_release(&f);
}

/* A shorter second attempt leaves nothing of the first. */
static void test_begin_clears(void **state) {
    const char *path = ((place *)*state)->path;
    fixture f = fixture_create(0, 1, 20, true);
    fixture_narrow(&f);
    sw_store *store;
    assert_ok(sw_store_open(&store, path, &f.layout));
    assert_ok(fixture_train(store, &f, 0, SW_RUN_FAILED));
    assert_ok(sw_store_close(store));

    assert_ok(sw_store_open(&store, path, &f.layout));
    assert_int_equal(sw_store_state(store, 0), SW_RUN_FAILED);
    const sw_run_facts facts = fixture_facts(0);
    const sw_record record = fixture_record(0, 0);
    const sw_run_result result = fixture_result(SW_RUN_DIVERGED, 1);
    const sw_onsets onsets = fixture_onsets(0);
    assert_ok(sw_store_begin(store, 0, "second", 2));
    assert_ok(sw_store_facts(store, 0, &facts));
    assert_ok(sw_store_record(store, 0, &record));
    assert_ok(sw_store_finish(store, 0, &result, &onsets));
    assert_ok(sw_store_close(store));

    hid_t file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT), curve = H5Dopen2(file, "/curves/train_loss", H5P_DEFAULT);
    hid_t pca = H5Dopen2(file, "/snapshots/pca", H5P_DEFAULT), split = H5Dopen2(file, "/data/split", H5P_DEFAULT);
    float loss[20], points[4 * 8 * 8];
    int8_t codes[FIXTURE_P * FIXTURE_P];
    assert_true(H5Dread(curve, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, loss) >= 0);
    assert_true(H5Dread(pca, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, points) >= 0);
    assert_true(H5Dread(split, H5T_NATIVE_INT8, H5S_ALL, H5S_ALL, H5P_DEFAULT, codes) >= 0);
    H5Dclose(curve);
    H5Dclose(pca);
    H5Dclose(split);
    H5Fclose(file);
    assert_false(isnan(loss[0]));
    for (int e = 1; e < 20; e++) assert_true(isnan(loss[e]));
    for (size_t i = 0; i < sizeof points / sizeof points[0]; i++) assert_true(isnan(points[i]));
    for (size_t i = 0; i < sizeof codes; i++) assert_int_equal(codes[i], -1);

    sw_results *results;
    assert_ok(sw_results_open(&results, path));
    assert_false(sw_results_row(results, 0)->damaged);
    assert_string_equal(sw_results_row(results, 0)->error, "");
    assert_string_equal(sw_results_row(results, 0)->host, "second");
    sw_results_close(results);
    fixture_release(&f);
}

/* Thresholds of phases may change: the row gets other onsets and stays sound. */
static void test_onsets_again(void **state) {
    const char *path = ((place *)*state)->path;
    fixture f = fixture_create(0, 2, 10, false);
    fixture_narrow(&f);
    write_all_runs(path, &f);
    sw_store *store;
    snprintf(f.configs[1], sizeof f.configs[1], "{\"seed\": 1, \"phase\": {\"tau\": 0.5}}");
    assert_ok(sw_store_open(&store, path, &f.layout));
    assert_false(sw_store_onsets_stale(store, 0));
    assert_true(sw_store_onsets_stale(store, 1));
    sw_onsets onsets = fixture_onsets(1);
    onsets.t_sym = 777;
    assert_ok(sw_store_onsets(store, 1, &onsets));
    assert_ok(sw_store_close(store));

    sw_results *results;
    assert_ok(sw_results_open(&results, path));
    assert_int_equal(sw_results_row(results, 0)->onsets.t_sym, 500);
    assert_int_equal(sw_results_row(results, 1)->onsets.t_sym, 777);
    assert_string_equal(sw_results_row(results, 1)->config, f.configs[1]);
    assert_row(results, 0, 10);
    assert_row(results, 1, 10);
    sw_results_close(results);
    assert_ok(sw_store_open(&store, path, &f.layout));
    assert_false(sw_store_onsets_stale(store, 1));
    assert_ok(sw_store_close(store));
    fixture_release(&f);
}

/* The definition of a dataset of an open or closed file; the text is replaced when `text` is given. */
static void definition_of(char *out, size_t size, const char *path, const char *dataset, const char *text) {
    hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT), object = H5Dopen2(file, dataset, H5P_DEFAULT);
    hid_t attribute = H5Aopen(object, "definition", H5P_DEFAULT), type = H5Aget_type(attribute);
    char *found = NULL;
    assert_true(H5Aread(attribute, type, &found) >= 0);
    snprintf(out, size, "%s", found);
    H5free_memory(found);
    if (text) assert_true(H5Awrite(attribute, type, &text) >= 0);
    H5Tclose(type);
    H5Aclose(attribute);
    H5Dclose(object);
    H5Fclose(file);
}

/* A file of an earlier version has an onset by another definition: rows of the sweep get it anew, and the dataset says
 * what it now is. */
static void test_onsets_of_another_definition(void **state) {
    const char *path = ((place *)*state)->path, *dataset = "/runs/onset/t_geo";
    fixture f = fixture_create(0, 3, 10, false);
    char present[512], found[512];
    fixture_narrow(&f);
    write_all_runs(path, &f);
    definition_of(present, sizeof present, path, dataset, "within 10 % of its final value");
    sw_store *store;
    assert_ok(sw_store_open(&store, path, &f.layout));
    for (int64_t r = 0; r < 3; r++) assert_true(sw_store_onsets_stale(store, r));
    sw_onsets onsets = fixture_onsets(1);
    onsets.t_geo = 778;
    assert_ok(sw_store_onsets(store, 1, &onsets));
    assert_ok(sw_store_close(store));
    definition_of(found, sizeof found, path, dataset, NULL);
    assert_string_equal(found, present);

    sw_results *results;
    assert_ok(sw_results_open(&results, path));
    assert_int_equal(sw_results_row(results, 0)->onsets.t_geo, fixture_onsets(0).t_geo);
    assert_int_equal(sw_results_row(results, 1)->onsets.t_geo, 778);
    for (int r = 0; r < 3; r++) assert_row(results, (size_t)r, 10);
    sw_results_close(results);
    assert_ok(sw_store_open(&store, path, &f.layout));
    for (int64_t r = 0; r < 3; r++) assert_false(sw_store_onsets_stale(store, r));
    assert_ok(sw_store_close(store));
    fixture_release(&f);
}

/* New seeds, more evaluations, larger models, new metrics, an axis that becomes real: everything old stays. */
static void test_extension(void **state) {
    const char *path = ((place *)*state)->path;
    fixture small = fixture_create(0, 5, 10, false), large = fixture_create(3, 6, 25, true);
    sw_axis axes[FIXTURE_AXES];
    memcpy(axes, fixture_axes, sizeof axes);
    axes[0].type = SW_AXIS_INTEGER;
    for (size_t i = 0; i < 5; i++) small.axes[i][0].integer = (int64_t)i;
    small.layout.axes = axes;
    small.layout.axis_count = 2;
    small.layout.metric[SW_METRIC_STRESS] = false;
    write_all_runs(path, &small);

    sw_store *store;
    assert_ok(sw_store_open(&store, path, &large.layout));
    for (size_t i = 0; i < 6; i++) {
        assert_int_equal(sw_store_row(store, i), 3 + i);
        assert_int_equal(sw_store_state(store, 3 + (int64_t)i), i < 2 ? SW_RUN_DONE : SW_RUN_PENDING);
    }
    assert_ok(sw_store_close(store));
    write_all_runs(path, &large);

    sw_results *results;
    assert_ok(sw_results_open(&results, path));
    assert_int_equal(sw_results_count(results), 9);
    assert_int_equal(sw_results_axis_count(results), FIXTURE_AXES);
    size_t weight_axis = 0;
    while (strcmp(sw_results_axis(results, weight_axis)->path, fixture_axes[0].path) != 0) weight_axis++;
    assert_int_equal(sw_results_axis(results, weight_axis)->type, SW_AXIS_REAL);
    for (size_t r = 0; r < 9; r++) {
        const sw_result_row *row = sw_results_row(results, r);
        const double weight = sw_results_axis_value(results, r, weight_axis)->real;
        assert_int_equal(row->seed, r);
        assert_false(row->damaged);
        assert_int_equal(row->written, r < 5 ? 10 : 25);
        assert_true(weight == (r < 3 ? (double)r : large.axes[r - 3][0].real));
        if (r >= 5) assert_row(results, r, 25);
        sw_record *records;
        size_t count;
        assert_ok(sw_results_records(results, r, &records, &count));
        assert_int_equal(isnan(records[3].value[SW_METRIC_STRESS]), r < 5);
        free(records);
    }
    sw_results_close(results);
    /* nothing to extend the second time: the file is opened in place */
    struct stat before, after;
    assert_int_equal(stat(path, &before), 0);
    assert_ok(sw_store_open(&store, path, &large.layout));
    assert_ok(sw_store_close(store));
    assert_int_equal(stat(path, &after), 0);
    assert_int_equal(before.st_ino, after.st_ino);
    fixture_release(&small);
    fixture_release(&large);
}

/* Which of the file's rows are planned, "1101"; all are sound, and finished ones as they were trained. */
static void assert_planned(const char *path, const char *expected) {
    sw_results *results;
    assert_ok(sw_results_open(&results, path));
    assert_int_equal(sw_results_count(results), strlen(expected));
    for (size_t r = 0; r < strlen(expected); r++) {
        const sw_result_row *row = sw_results_row(results, r);
        assert_int_equal(row->planned, expected[r] == '1');
        assert_false(row->damaged);
        if (row->state == SW_RUN_DONE) assert_row(results, r, 10);
    }
    sw_results_close(results);
}

static void open_and_close(const char *path, const fixture *f) {
    sw_store *store;
    assert_ok(sw_store_open(&store, path, &f->layout));
    assert_planned(path, sw_store_row(store, 0) == 0 ? "1111" : "0011"); /* readers are let in with it */
    assert_ok(sw_store_close(store));
}

/* Runs that leave the sweep are former from the next start on, until they come back; no checksum changes by it. */
static void test_former_rows(void **state) {
    const char *path = ((place *)*state)->path;
    fixture whole = fixture_create(0, 4, 10, false), part = fixture_create(2, 2, 10, false);
    fixture_narrow(&whole);
    fixture_narrow(&part);
    sw_store *store;
    assert_ok(sw_store_open(&store, path, &whole.layout));
    for (size_t i = 0; i < 3; i++) assert_ok(fixture_train(store, &whole, i, SW_RUN_DONE));
    assert_ok(sw_store_close(store));
    assert_planned(path, "1111");
    open_and_close(path, &part); /* the same text: as a shard of the sweep has it */
    assert_planned(path, "0011");
    assert_ok(sw_store_recover(path));
    assert_planned(path, "0011");
    open_and_close(path, &whole);
    assert_planned(path, "1111");

    /* a file that is older than former rows: all are planned, and the next start says what is */
    hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
    assert_true(H5Ldelete(file, "/runs/planned", H5P_DEFAULT) >= 0);
    H5Fclose(file);
    assert_planned(path, "1111");
    open_and_close(path, &part);
    assert_planned(path, "0011");
    write_all_runs(path, &whole);
    assert_planned(path, "1111");
    fixture_release(&whole);
    fixture_release(&part);
}

static void test_refusals(void **state) {
    const place *p = *state;
    fixture f = fixture_create(0, 2, 5, false);
    fixture_narrow(&f);
    sw_store *store;
    sw_results *results;
    char other[160];
    snprintf(other, sizeof other, "%s/other.h5", p->folder);

    write_all_runs(p->path, &f);
    f.layout.sweep_name = "another";
    assert_int_equal(sw_store_open(&store, p->path, &f.layout), SW_E_STORE);
    assert_non_null(strstr(sw_fail_message(), "\"fixture\", not \"another\""));
    f.layout.sweep_name = "fixture";

    FILE *text = fopen(other, "w");
    fputs("run,loss\n0,1\n", text);
    fclose(text);
    assert_int_equal(sw_store_open(&store, other, &f.layout), SW_E_STORE);
    assert_non_null(strstr(sw_fail_message(), "is not an HDF5 file"));
    assert_int_equal(sw_results_open(&results, other), SW_E_STORE);
    assert_int_equal(sw_results_open(&results, p->folder), SW_E_STORE);
    assert_int_equal(sw_results_open(&results, "/nowhere/at/all.h5"), SW_E_IO);
    assert_int_equal(sw_store_open(&store, "/nowhere/at/all.h5", &f.layout), SW_E_IO);
    unlink(other);

    hid_t foreign = H5Fcreate(other, H5F_ACC_EXCL, H5P_DEFAULT, H5P_DEFAULT);
    H5Fclose(foreign);
    assert_int_equal(sw_store_open(&store, other, &f.layout), SW_E_STORE);
    assert_non_null(strstr(sw_fail_message(), "not a results file of symsweep"));

    /* a later format */
    int64_t version = 2;
    hid_t file = H5Fopen(p->path, H5F_ACC_RDWR, H5P_DEFAULT), attribute = H5Aopen(file, "format_version", H5P_DEFAULT);
    assert_true(H5Awrite(attribute, H5T_NATIVE_INT64, &version) >= 0);
    H5Aclose(attribute);
    H5Fclose(file);
    assert_int_equal(sw_store_open(&store, p->path, &f.layout), SW_E_STORE);
    assert_non_null(strstr(sw_fail_message(), "format version 2"));
    assert_int_equal(sw_results_open(&results, p->path), SW_E_STORE);
    fixture_release(&f);
}

/* A link to a file is as good as its name: same lock, and what is replaced when runs are added is the file. */
static void test_link(void **state) {
    const place *p = *state;
    char link[160];
    struct stat info;
    snprintf(link, sizeof link, "%s/link.h5", p->folder);
    fixture first = fixture_create(0, 2, 4, false), more = fixture_create(0, 3, 4, false);
    fixture_narrow(&first);
    fixture_narrow(&more);
    write_all_runs(p->path, &first);
    assert_int_equal(symlink("results.h5", link), 0);
    sw_store *store, *second;
    assert_ok(sw_store_open(&store, link, &more.layout));
    assert_int_equal(sw_store_open(&second, p->path, &more.layout), SW_E_BUSY);
    assert_ok(fixture_train(store, &more, 2, SW_RUN_DONE));
    assert_ok(sw_store_close(store));
    assert_int_equal(lstat(link, &info), 0);
    assert_true(S_ISLNK(info.st_mode));
    assert_all_rows(p->path, 3, 4);
    fixture_release(&first);
    fixture_release(&more);
}

/* A notebook that holds the file open, plain or in SWMR, stops nobody. */
static void test_reader_in_the_way(void **state) {
    const char *path = ((place *)*state)->path;
    fixture f = fixture_create(0, 2, 5, false);
    fixture_narrow(&f);
    write_all_runs(path, &f);
    for (int swmr = 0; swmr < 2; swmr++) {
        char command[512], answer[16] = "";
        snprintf(command, sizeof command,
                 "exec env HDF5_USE_FILE_LOCKING=TRUE /usr/bin/python3 -c \"import h5py,sys\n"
                 "f = h5py.File('%s', 'r', libver='latest', swmr=%s)\nprint('open', flush=True)\n"
                 "sys.stdin.read()\" < %s/pipe",
                 path, swmr ? "True" : "False", ((place *)*state)->folder);
        char pipe_name[128];
        snprintf(pipe_name, sizeof pipe_name, "%s/pipe", ((place *)*state)->folder);
        assert_int_equal(mkfifo(pipe_name, 0600), 0);
        FILE *python = popen(command, "r");
        FILE *hold = fopen(pipe_name, "w");
        assert_non_null(fgets(answer, sizeof answer, python));
        assert_string_equal(answer, "open\n");
        sw_store *store;
        assert_ok(sw_store_open(&store, path, &f.layout));
        assert_ok(sw_store_close(store));
        fclose(hold);
        pclose(python);
        unlink(pipe_name);
    }
    fixture_release(&f);
}

/* test_store_writer --make FILE RUNS EVALUATIONS: a file with every kind of dataset, for tests in other languages; the
 * fourth run has failed. With --live the writer stays until its standard input closes, all runs but the last trained.
 */
static int make_file(int argc, char **argv) {
    const bool live = strcmp(argv[1], "--live") == 0;
    const size_t runs = argc == 5 ? (size_t)atoi(argv[3]) : 0;
    if (runs == 0) return 2;
    fixture f = fixture_create(0, runs, atoi(argv[4]), true);
    sw_store *store;
    sw_status status = sw_store_open(&store, argv[2], &f.layout);
    if (status != SW_OK) goto done;
    for (size_t i = 0; i + live < runs && status == SW_OK; i++) {
        status = fixture_train(store, &f, i, i == 3 ? SW_RUN_FAILED : SW_RUN_DONE);
        if (status == SW_OK && i % 16 == 15) status = sw_store_flush(store);
    }
    if (status == SW_OK && live) {
        const sw_record record = fixture_record((int64_t)runs - 1, 0);
        const int64_t row = sw_store_row(store, runs - 1);
        status = sw_store_begin(store, row, "host-1", 1);
        if (status == SW_OK) status = sw_store_record(store, row, &record);
        if (status == SW_OK) status = sw_store_flush(store);
        puts("ready");
        fflush(stdout);
        while (getchar() != EOF) {
        }
    }
    const sw_status closed = sw_store_close(store);
    if (status == SW_OK) status = closed;
done:
    fixture_release(&f);
    if (status != SW_OK) fprintf(stderr, "%s\n", sw_fail_message());
    return status != SW_OK ? 1 : 0;
}

int main(int argc, char **argv) {
    if (argc > 1) return make_file(argc, argv);
    const struct CMUnitTest tests[] = {
        in_place(test_round_trip),        in_place(test_refined_rows), in_place(test_requeue_and_resume),
        in_place(test_round_trip),        in_place(test_buffering),    in_place(test_requeue_and_resume),
        in_place(test_begin_clears),      in_place(test_onsets_again), in_place(test_onsets_of_another_definition),
        in_place(test_extension),         in_place(test_former_rows),  in_place(test_refusals),
        in_place(test_reader_in_the_way), in_place(test_link),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
