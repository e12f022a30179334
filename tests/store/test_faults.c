/* test_faults.c: storage that refuses: every write, flush, sync and rename fails once, at each of its turns; a disk
 * fills up and is freed. What had been given is in the file in the end, and the file opens at every moment.
 *
 * The calls of the HDF5 library are met below it: this program's pwrite and ftruncate stand before the C library's. */
#include "cmocka_support.h"

#include <errno.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

enum { RUNS = 4, EVALUATIONS = 12 };

/* The n-th write (1 is the first) and `length - 1` after it fail with `error`; 0 = none. */
static struct {
    long count, at, length;
    int error;
} fault;

static int refuse(void) {
    fault.count++;
    if (fault.at == 0 || fault.count < fault.at || fault.count >= fault.at + fault.length) return 0;
    errno = fault.error;
    return 1;
}

ssize_t pwrite64(int descriptor, const void *bytes, size_t count, off_t offset);
ssize_t pwrite64(int descriptor, const void *bytes, size_t count, off_t offset) {
    if (refuse()) return -1;
    return syscall(SYS_pwrite64, descriptor, bytes, count, offset);
}

ssize_t pwrite(int descriptor, const void *bytes, size_t count, off_t offset) {
    return pwrite64(descriptor, bytes, count, offset);
}

int ftruncate64(int descriptor, off_t length);
int ftruncate64(int descriptor, off_t length) {
    if (refuse()) return -1;
    return (int)syscall(SYS_ftruncate, descriptor, length);
}

int ftruncate(int descriptor, off_t length) { return ftruncate64(descriptor, length); }

/* A flush that fails is tried again, as the master does it. */
static sw_status flush_stubbornly(sw_store *store) {
    sw_status status = SW_OK;
    for (int attempt = 0; attempt < 50; attempt++) {
        status = sw_store_flush(store);
        if (status == SW_OK) break;
    }
    return status;
}

static sw_status open_stubbornly(sw_store **store, const char *path, const fixture *f) {
    sw_status status = SW_OK;
    for (int attempt = 0; attempt < 50; attempt++) {
        status = sw_store_open(store, path, &f->layout);
        if (status == SW_OK) break;
    }
    return status;
}

/* Trains everything with a flush after every third record. */
static void train_stubbornly(const char *path, const fixture *f) {
    sw_store *store;
    assert_ok(open_stubbornly(&store, path, f));
    for (size_t i = 0; i < RUNS; i++) {
        const int64_t row = sw_store_row(store, i), seed = f->runs[i].seed;
        const sw_run_facts facts = fixture_facts(seed);
        assert_ok(sw_store_begin(store, row, "host-1", 1));
        assert_ok(sw_store_facts(store, row, &facts));
        for (int64_t e = 0; e < EVALUATIONS; e++) {
            const sw_record record = fixture_record(seed, e);
            assert_ok(sw_store_record(store, row, &record));
            if (e % 3 == 2) assert_ok(flush_stubbornly(store));
        }
        for (int32_t s = 0; s < 4; s++) assert_ok(fixture_snapshot(store, row, seed, s, &f->runs[i].shape));
        const sw_run_result result = fixture_result(SW_RUN_DONE, EVALUATIONS);
        const sw_onsets onsets = fixture_onsets(seed);
        assert_ok(sw_store_finish(store, row, &result, &onsets));
        assert_ok(flush_stubbornly(store));
    }
    /* The close writes once more; when that is refused, the next start mends what is left. */
    if (sw_store_close(store)) {
        assert_ok(open_stubbornly(&store, path, f));
        assert_ok(sw_store_close(store));
    }
}

/* In a child, so that a library that lost its footing harms no other case. */
static int in_child(const char *path, const fixture *f, long at, long length, int error) {
    const pid_t child = fork();
    if (child == 0) {
        fault.count = 0;
        fault.at = at;
        fault.length = length;
        fault.error = error;
        train_stubbornly(path, f);
        fault.at = 0;
        assert_all_rows(path, RUNS, EVALUATIONS);
        _exit(0);
    }
    int code;
    waitpid(child, &code, 0);
    return WIFEXITED(code) ? WEXITSTATUS(code) : 128 + WTERMSIG(code);
}

static void test_every_write(void **state) {
    const char *path = ((place *)*state)->path;
    fixture f = fixture_create(0, RUNS, EVALUATIONS, false);
    fixture_narrow(&f);
    fault.at = fault.count = 0;
    train_stubbornly(path, &f);
    const long writes = fault.count, step = writes / (getenv("SYMSWEEP_LONG") ? 120 : 12);
    long tried = 0;
    for (long at = 1; at <= writes; at += step, tried++) {
        for (long length = 1; length <= 40; length += 39) {
            unlink(path);
            const int code = in_child(path, &f, at, length, tried % 2 ? EIO : ENOSPC);
            if (code)
                fail_msg("write %ld of %ld, %ld of them refused: the child ended with %d", at, writes, length, code);
        }
    }
    print_message("summary: %ld of %ld writes of the store refused, once and 40 at a time\n", tried, writes);
    fixture_release(&f);
}

/* A small file system fills up in the middle and is freed: nothing is lost. */
enum { BIG = RUNS - 1, BURST = 160 };

static int mount_disk(void **state) {
    char disk[96];
    enter(state);
    snprintf(disk, sizeof disk, "%s/disk", ((place *)*state)->folder);
    if (mkdir(disk, 0700) || mount("none", disk, "tmpfs", 0, "size=16m")) {
        print_message("no right to mount a file system: %s\n", strerror(errno));
        ((place *)*state)->path[0] = 0;
        return 0;
    }
    snprintf(((place *)*state)->path, sizeof((place *)*state)->path, "%s/results.h5", disk);
    return 0;
}

static int unmount_disk(void **state) {
    char disk[96];
    snprintf(disk, sizeof disk, "%s/disk", ((place *)*state)->folder);
    if (((place *)*state)->path[0]) umount2(disk, MNT_DETACH);
    return leave(state);
}

static void fill_disk(const char *ballast) {
    FILE *file = fopen(ballast, "w");
    while (fputc('x', file) != EOF && fflush(file) == 0) {
    }
    fclose(file);
}

static void test_full_disk(void **state) {
    const place *p = *state;
    char ballast[160];
    if (!p->path[0]) skip();
    snprintf(ballast, sizeof ballast, "%s/disk/ballast", p->folder);
    fixture f = fixture_create(0, RUNS, EVALUATIONS, true);
    f.runs[BIG].snapshots = EVALUATIONS * BURST;
    f.runs[BIG].shape.vocabulary = 0; /* wide enough with its parameters */
    for (size_t i = 0; i < RUNS; i++) f.runs[i].snapshots = f.runs[BIG].snapshots;
    fixture_narrow(&f);
    fault.at = 0;
    sw_store *store;
    assert_ok(sw_store_open(&store, p->path, &f.layout));
    fill_disk(ballast);
    const sw_run_facts facts = fixture_facts(BIG);
    int refused = 0;
    assert_ok(sw_store_begin(store, BIG, "host-1", 1));
    assert_ok(sw_store_facts(store, BIG, &facts));
    for (int64_t e = 0; e < EVALUATIONS; e++) {
        const sw_record record = fixture_record(BIG, e);
        assert_ok(sw_store_record(store, BIG, &record));
        for (int32_t s = 0; s < BURST; s++)
            assert_ok(fixture_snapshot(store, BIG, BIG, (int32_t)e * BURST + s, &f.runs[BIG].shape));
        refused += sw_store_flush(store) == SW_E_IO;
    }
    print_message("summary: full disk: %d of %d flushes refused, nothing lost\n", refused, EVALUATIONS);
    assert_true(refused > 0);
    assert_non_null(strstr(sw_fail_message(), "No space left on device"));

    /* what a reader sees meanwhile is whole */
    sw_results *results;
    assert_ok(sw_results_open(&results, p->path));
    assert_true(sw_results_row(results, BIG)->written < EVALUATIONS);
    sw_results_close(results);

    unlink(ballast);
    const sw_run_result result = fixture_result(SW_RUN_DONE, EVALUATIONS);
    const sw_onsets onsets = fixture_onsets(BIG);
    assert_ok(sw_store_finish(store, BIG, &result, &onsets));
    assert_ok(sw_store_flush(store));
    for (size_t i = 0; i < BIG; i++) {
        f.runs[i].snapshots = 4;
        assert_ok(fixture_train(store, &f, i, SW_RUN_DONE));
    }
    assert_ok(sw_store_close(store));
    assert_all_rows(p->path, RUNS, EVALUATIONS);
    fixture_release(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {in_place(test_every_write),
                                       cmocka_unit_test_setup_teardown(test_full_disk, mount_disk, unmount_disk)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
