/* test_damage.c: flipped bytes, cut files, foreign and hostile files: harmless, or detected and said; never a crash,
 * and never a run whose numbers are wrong without a word. SYMSWEEP_LONG in the environment: 500 files instead of 40. */
#include "cmocka_support.h"

#include "symsweep/log.h"
#include "symsweep/random.h"

#include <fcntl.h>
#include <hdf5.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

enum { RUNS = 5, EVALUATIONS = 10 };

typedef enum verdict { HARMLESS, DETECTED, WRONG, CRASHED } verdict;

/* Reads everything; in a child, whose exit code is the verdict. A row that claims to be sound must be so. */
static int judge(const char *path, const fixture *f) {
    sw_results *results;
    if (sw_results_open(&results, path)) return sw_fail_message()[0] ? DETECTED : WRONG;
    verdict v = HARMLESS;
    if (sw_results_count(results) != RUNS) return DETECTED;
    for (size_t r = 0; r < RUNS && v == HARMLESS; r++) {
        const sw_result_row *row = sw_results_row(results, r);
        sw_record *records;
        size_t count;
        if (row->damaged || row->state != SW_RUN_DONE) {
            v = DETECTED;
        } else if (sw_results_records(results, r, &records, &count)) {
            v = DETECTED;
        } else {
            bool same = count == EVALUATIONS && strcmp(row->id, f->ids[r]) == 0 &&
                        strcmp(row->config, f->configs[r]) == 0 && row->seed == (int64_t)r &&
                        row->onsets.t_gen == 600 + row->seed;
            for (size_t e = 0; e < count && same; e++) {
                const sw_record expected = fixture_record((int64_t)r, (int64_t)e);
                same = records[e].step == expected.step;
                for (int m = 0; m < SW_METRIC_COUNT && same; m++)
                    same = !f->layout.metric[m] || !sw_results_has_metric(results, m) ||
                           memcmp(&records[e].value[m], &expected.value[m], sizeof(float)) == 0 ||
                           (isnan(records[e].value[m]) && isnan(expected.value[m]));
            }
            if (!same) v = WRONG;
            free(records);
        }
    }
    sw_results_close(results);
    return v;
}

/* Opens the file as the writer does and trains what is not sound. DETECTED: refused with a message, or retrained. */
static int repair(const char *path, const fixture *f) {
    sw_store *store;
    if (sw_store_open(&store, path, &f->layout)) return sw_fail_message()[0] ? DETECTED : WRONG;
    for (size_t i = 0; i < RUNS; i++) {
        if (sw_store_state(store, sw_store_row(store, i)) == SW_RUN_DONE) continue;
        if (fixture_train(store, f, i, SW_RUN_DONE)) return WRONG;
    }
    if (sw_store_close(store)) return WRONG;
    sw_results *results;
    if (sw_results_open(&results, path)) return WRONG;
    int found = 0;
    for (size_t r = 0; r < sw_results_count(results); r++) {
        const sw_result_row *row = sw_results_row(results, r);
        for (size_t i = 0; i < RUNS; i++)
            found += strcmp(row->id, f->ids[i]) == 0 && row->state == SW_RUN_DONE && !row->damaged;
    }
    sw_results_close(results);
    return found == RUNS ? HARMLESS : WRONG;
}

static verdict in_child(int (*what)(const char *path, const fixture *f), const char *path, const fixture *f) {
    const pid_t child = fork();
    if (child == 0) {
        signal(SIGSEGV, SIG_DFL); /* cmocka's handlers would go on with the other tests */
        signal(SIGBUS, SIG_DFL);
        signal(SIGABRT, SIG_DFL);
        signal(SIGFPE, SIG_DFL);
        sw_log_set_level(SW_LOG_ERROR);
        _exit(what(path, f));
    }
    int code;
    waitpid(child, &code, 0);
    return WIFEXITED(code) && WEXITSTATUS(code) <= WRONG ? (verdict)WEXITSTATUS(code) : CRASHED;
}

static void copy_file(const char *from, const char *to) {
    char command[512];
    snprintf(command, sizeof command, "cp '%s' '%s'", from, to);
    assert_int_equal(system(command), 0);
}

static void damage_file(const char *path, off_t size, uint32_t n) {
    const int file = open(path, O_RDWR);
    assert_true(file >= 0);
    if (n % 10 == 0) {
        assert_int_equal(ftruncate(file, (off_t)sw_random_below(7, 1, n, 0, (uint64_t)size)), 0);
    } else {
        /* every second one in the first quarter, where the metadata is dense */
        const off_t at = (off_t)sw_random_below(7, 2, n, 0, (uint64_t)(n % 2 ? size : size / 4));
        unsigned char byte;
        assert_int_equal(pread(file, &byte, 1, at), 1);
        byte ^= (unsigned char)(1u << sw_random_below(7, 3, n, 0, 8));
        assert_int_equal(pwrite(file, &byte, 1, at), 1);
    }
    close(file);
}

static void test_flips_and_cuts(void **state) {
    const place *p = *state;
    const uint32_t files = getenv("SYMSWEEP_LONG") ? 500 : 40;
    char damaged[160];
    int counts[2][4] = {{0}};
    struct stat info;
    snprintf(damaged, sizeof damaged, "%s/damaged.h5", p->folder);
    fixture f = fixture_create(0, RUNS, EVALUATIONS, true);
    fixture_narrow(&f);
    write_all_runs(p->path, &f);
    assert_int_equal(stat(p->path, &info), 0);
    for (uint32_t n = 0; n < files; n++) {
        copy_file(p->path, damaged);
        damage_file(damaged, info.st_size, n);
        const verdict read = in_child(judge, damaged, &f), written = in_child(repair, damaged, &f);
        counts[0][read]++;
        counts[1][written]++;
        if (read >= WRONG || written >= WRONG) print_message("file %u: reader %d, writer %d\n", n, read, written);
        unlink(damaged);
    }
    print_message("summary: %u damaged results files; reader: %d harmless, %d detected, %d wrong, %d crashed; writer: "
                  "%d mended or whole, %d refused, "
                  "%d wrong, %d crashed\n",
                  files, counts[0][0], counts[0][1], counts[0][2], counts[0][3], counts[1][0], counts[1][1],
                  counts[1][2], counts[1][3]);
    assert_int_equal(counts[0][WRONG] + counts[0][CRASHED] + counts[1][WRONG] + counts[1][CRASHED], 0);
    assert_true(counts[0][DETECTED] > 0 && counts[0][HARMLESS] > 0);
    fixture_release(&f);
}

/* What a checksum is for: numbers changed behind the program's back, in every group of datasets. */
static void test_changed_numbers(void **state) {
    const char *path = ((place *)*state)->path;
    static const char *const datasets[] = {"/curves/test_accuracy", "/curves/step",           "/snapshots/pca",
                                           "/runs/onset/t_gen",     "/runs/final/train_loss", "/data/label",
                                           "/runs/axes/seed"};
    fixture f = fixture_create(0, RUNS, EVALUATIONS, true);
    fixture_narrow(&f);
    for (size_t d = 0; d < sizeof datasets / sizeof datasets[0]; d++) {
        write_all_runs(path, &f);
        sw_results *results; /* found sound: what comes after must be seen all the same */
        assert_ok(sw_results_open(&results, path));
        for (size_t r = 0; r < RUNS; r++) assert_false(sw_results_row(results, r)->damaged);
        sw_results_close(results);
        hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT), dataset = H5Dopen2(file, datasets[d], H5P_DEFAULT);
        hid_t space = H5Dget_space(dataset), one = H5Screate(H5S_SCALAR);
        hsize_t at[4] = {2, 1, 0, 0};
        double value;
        assert_true(H5Sselect_elements(space, H5S_SELECT_SET, 1, at) >= 0);
        assert_true(H5Dread(dataset, H5T_NATIVE_DOUBLE, one, space, H5P_DEFAULT, &value) >= 0);
        value += 1;
        assert_true(H5Dwrite(dataset, H5T_NATIVE_DOUBLE, one, space, H5P_DEFAULT, &value) >= 0);
        H5Sclose(one);
        H5Sclose(space);
        H5Dclose(dataset);
        H5Fclose(file);

        assert_ok(sw_results_open(&results, path));
        for (size_t r = 0; r < RUNS; r++)
            if (sw_results_row(results, r)->damaged != (r == 2)) fail_msg("%s: row %zu", datasets[d], r);
        sw_results_close(results);
        sw_store *store;
        assert_ok(sw_store_open(&store, path, &f.layout));
        for (int64_t r = 0; r < RUNS; r++)
            assert_int_equal(sw_store_state(store, r), r == 2 ? SW_RUN_PENDING : SW_RUN_DONE);
        assert_ok(sw_store_close(store));
        unlink(path);
    }
    fixture_release(&f);
}

/* Records of an unfinished run that a checkpoint would build on. */
static void test_changed_progress(void **state) {
    const char *path = ((place *)*state)->path;
    fixture f = fixture_create(0, 2, EVALUATIONS, true);
    fixture_narrow(&f);
    static const char *const datasets[] = {"/curves/test_accuracy", "/snapshots/parameters"};
    for (int d = 0; d < 3; d++) {
        sw_store *store;
        assert_ok(sw_store_open(&store, path, &f.layout));
        assert_ok(sw_store_begin(store, 0, "here", 0));
        for (int64_t e = 0; e < 5; e++) {
            const sw_record record = fixture_record(0, e);
            assert_ok(sw_store_record(store, 0, &record));
        }
        for (int32_t s = 0; s < 3; s++) assert_ok(fixture_snapshot(store, 0, 0, s, &f.runs[0].shape));
        assert_ok(sw_store_close(store));
        if (d < 2) {
            hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT), dataset = H5Dopen2(file, datasets[d], H5P_DEFAULT);
            hid_t space = H5Dget_space(dataset), one = H5Screate(H5S_SCALAR);
            const hsize_t at[3] = {0, 0, 3};
            const float value = 77;
            assert_true(H5Sselect_elements(space, H5S_SELECT_SET, 1, at) >= 0);
            assert_true(H5Dwrite(dataset, H5T_NATIVE_FLOAT, one, space, H5P_DEFAULT, &value) >= 0);
            H5Sclose(one);
            H5Sclose(space);
            H5Dclose(dataset);
            H5Fclose(file);
        }
        assert_ok(sw_store_open(&store, path, &f.layout));
        assert_int_equal(sw_store_flushed(store, 0), d == 0 ? 0 : 5);
        assert_int_equal(sw_store_flushed_snapshots(store, 0), d == 1 ? 0 : 3);
        assert_ok(sw_store_close(store));
        unlink(path);
    }
    fixture_release(&f);
}

/* Files whose parts are all sound HDF5, but not what a results file has. */
static void test_hostile(void **state) {
    const place *p = *state;
    static const char script[] =
        "import h5py, numpy as np, shutil, sys\n"
        "path, out = sys.argv[1:]\n"
        "def make(n, change):\n"
        "    name = f'{out}/hostile{n}.h5'; shutil.copy(path, name)\n"
        "    with h5py.File(name, 'r+') as f: change(f)\n"
        "def group(f): del f['curves/step']; f.create_group('curves/step')\n"
        "def loop(f): f['runs/loop'] = h5py.SoftLink('/runs')\n"
        "def out_of_file(f): del f['runs/label']; f['runs/label'] = h5py.ExternalLink('/etc/passwd', '/x')\n"
        "def scalar(f): del f['runs/status']; f['runs/status'] = np.int8(2)\n"
        "def text(f): del f['curves/train_loss']; f['curves/train_loss'] = np.array([b'abc'])\n"
        "def short(f): f['runs/seed'].resize((2,))\n"
        "def huge(f): f['runs/id'].resize((1 << 40,))\n"
        "def compound(f): f['runs/extra'] = np.zeros(5, dtype=[('a', 'i4'), ('b', 'f8')])\n"
        "def states(f): f['runs/status'][1] = 99\n"
        "def written(f): f['runs/written'][:] = 1 << 60\n"
        "def unscaled(f): f.create_dataset('runs/unscaled', data=np.zeros(5))\n"
        "def no_scale(f): del f['evaluation']\n"
        "def format(f): f.attrs['format'] = np.arange(3)\n"
        "def version(f): f.attrs['format_version'] = 'one'\n"
        "def deep(f): f.create_group('runs/' + '/'.join(['d'] * 200))\n"
        "for n, change in enumerate([group, loop, out_of_file, scalar, text, short, huge, compound, states, written,\n"
        "                            unscaled, no_scale, format, version, deep]): make(n, change)\n";
    char command[4096], file[160];
    fixture f = fixture_create(0, RUNS, EVALUATIONS, true);
    fixture_narrow(&f);
    write_all_runs(p->path, &f);
    snprintf(file, sizeof file, "%s/make.py", p->folder);
    FILE *make = fopen(file, "w");
    fputs(script, make);
    fclose(make);
    snprintf(command, sizeof command, "/usr/bin/python3 '%s' '%s' '%s'", file, p->path, p->folder);
    assert_int_equal(system(command), 0);
    for (int n = 0; n < 15; n++) {
        snprintf(file, sizeof file, "%s/hostile%d.h5", p->folder, n);
        const verdict read = in_child(judge, file, &f), written = in_child(repair, file, &f);
        if (read >= WRONG || written == CRASHED) fail_msg("hostile file %d: reader %d, writer %d", n, read, written);
        if (n != 14 && n != 9) assert_int_equal(read, DETECTED);
    }
    fixture_release(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {in_place(test_flips_and_cuts), in_place(test_changed_numbers),
                                       in_place(test_changed_progress), in_place(test_hostile)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
