/* test_kill.c: a writer that is killed at any instant leaves a file that opens, that keeps what was acknowledged, and
 * that the next start completes. SYMSWEEP_LONG in the environment: 200 kills instead of 20. */
#include "cmocka_support.h"

#include "store/open.h"
#include "symsweep/clock.h"
#include "symsweep/random.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

enum { RUNS = 6, EVALUATIONS = 24 };

/* What the child had acknowledged, in memory shared with the parent. */
typedef struct acknowledged {
    volatile int64_t flushed[RUNS];
    volatile int done[RUNS];
    volatile int opened;
} acknowledged;

/* Trains in interleaved pieces with many flushes, and notes what a flush has acknowledged. */
static void train_until_killed(const char *path, const fixture *f, acknowledged *seen) {
    sw_store *store;
    if (sw_store_open(&store, path, &f->layout)) _exit(1);
    seen->opened = 1;
    for (size_t i = 0; i < RUNS; i++) {
        const int64_t row = sw_store_row(store, i);
        if (sw_store_state(store, row) == SW_RUN_DONE) continue;
        const sw_run_facts facts = fixture_facts(f->runs[i].seed);
        int64_t kept = sw_store_flushed(store, row), snapshots = sw_store_flushed_snapshots(store, row);
        if (i % 2) kept = snapshots = 0;
        if (sw_store_resume(store, row, "host-1", 1, kept, snapshots)) _exit(2);
        if (sw_store_facts(store, row, &facts)) _exit(3);
        for (int64_t e = kept; e < EVALUATIONS; e++) {
            const sw_record record = fixture_record(f->runs[i].seed, e);
            if (sw_store_record(store, row, &record)) _exit(4);
            if (e / 6 >= snapshots && e % 6 == 0) {
                if (fixture_snapshot(store, row, f->runs[i].seed, (int32_t)snapshots++, &f->runs[i].shape)) _exit(5);
            }
            if (e % 3 == 2) {
                if (sw_store_flush(store)) _exit(6);
                seen->flushed[i] = e + 1;
            }
        }
        const sw_run_result result = fixture_result(SW_RUN_DONE, EVALUATIONS);
        const sw_onsets onsets = fixture_onsets(f->runs[i].seed);
        if (sw_store_finish(store, row, &result, &onsets) || sw_store_flush(store)) _exit(7);
        seen->done[i] = 1;
    }
    _exit(sw_store_close(store) ? 8 : 0);
}

/* The file as a reader sees it right after the kill. */
static void check_crashed_file(const char *path, const acknowledged *seen) {
    sw_results *results;
    const sw_status status = sw_results_open(&results, path);
    if (status != SW_OK && !seen->opened) return; /* killed before there was a file */
    if (status != SW_OK) fail_msg("after the kill: %s", sw_fail_message());
    for (size_t i = 0; i < RUNS; i++) {
        const sw_result_row *row = sw_results_row(results, i);
        sw_record *records;
        size_t count;
        assert_true(row->written >= (seen->done[i] ? EVALUATIONS : 0));
        if (seen->done[i]) assert_row(results, i, EVALUATIONS);
        assert_false(row->damaged);
        assert_ok(sw_results_records(results, i, &records, &count));
        for (size_t e = 0; e < count; e++)
            assert_true(records[e].value[SW_METRIC_TEST_ACCURACY] ==
                        fixture_record(row->seed, (int64_t)e).value[SW_METRIC_TEST_ACCURACY]);
        free(records);
    }
    sw_results_close(results);
}

/* One sweep, killed again and again at times drawn from `seed`, until it is through. Returns the number of kills. */
static int kill_until_done(const char *path, const fixture *f, uint32_t seed, double longest, acknowledged *seen) {
    int kills = 0;
    memset((void *)seen, 0, sizeof *seen);
    for (;;) {
        const pid_t child = fork();
        if (child == 0) train_until_killed(path, f, seen);
        const double wait = longest * sw_random_uniform(seed, 0, (uint64_t)kills, 0);
        const double until = sw_clock_now() + (kills < 12 ? wait : 600);
        int code = 0;
        pid_t ended = 0;
        while (!ended && sw_clock_now() < until) {
            sw_clock_sleep(0.002);
            ended = waitpid(child, &code, WNOHANG);
        }
        if (ended) {
            if (!WIFEXITED(code) || WEXITSTATUS(code) != 0) fail_msg("the writer ended with %d", WEXITSTATUS(code));
            return kills;
        }
        kill(child, SIGKILL);
        waitpid(child, &code, 0);
        kills++;
        check_crashed_file(path, seen);
        seen->opened = access(path, F_OK) == 0;
    }
}

static void test_kills(void **state) {
    const place *p = *state;
    const int wanted = getenv("SYMSWEEP_LONG") ? 200 : 20;
    fixture f = fixture_create(0, RUNS, EVALUATIONS, true);
    fixture_narrow(&f);
    acknowledged *seen = mmap(NULL, sizeof *seen, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(seen != MAP_FAILED);

    char undisturbed[160];
    snprintf(undisturbed, sizeof undisturbed, "%s/undisturbed.h5", p->folder);
    const double from = sw_clock_now();
    assert_int_equal(kill_until_done(undisturbed, &f, 0, 1e6, seen), 0);
    const double whole = sw_clock_now() - from;
    for (int kills = 0, sweep = 1; kills < wanted; sweep++) {
        kills += kill_until_done(p->path, &f, (uint32_t)sweep, whole, seen);
        assert_all_rows(p->path, RUNS, EVALUATIONS);
        unlink(p->path);
    }
    munmap(seen, sizeof *seen);
    fixture_release(&f);
}

/* recover: plain again, running is pending, refused while a writer lives. */
static void test_recover(void **state) {
    const char *path = ((place *)*state)->path;
    fixture f = fixture_create(0, 3, 20, false);
    fixture_narrow(&f);
    int ready[2];
    assert_int_equal(pipe(ready), 0);
    const pid_t child = fork();
    if (child == 0) {
        sw_store *store;
        const sw_record record = fixture_record(1, 0);
        const int ok = !sw_store_open(&store, path, &f.layout) && !fixture_train(store, &f, 0, SW_RUN_DONE) &&
                       !sw_store_begin(store, 1, "here", 0) && !sw_store_record(store, 1, &record) &&
                       !sw_store_flush(store);
        if (write(ready[1], ok ? "y" : "n", 1) == 1) pause();
        _exit(0);
    }
    char answer = 'n';
    assert_int_equal(read(ready[0], &answer, 1), 1);
    assert_int_equal(answer, 'y');
    assert_int_equal(sw_store_recover(path), SW_E_BUSY);
    char pid[32];
    snprintf(pid, sizeof pid, "process %d", (int)child);
    assert_non_null(strstr(sw_fail_message(), pid));
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);

    char command[256];
    snprintf(command, sizeof command,
             "/usr/bin/python3 -c \"import h5py,sys\ntry: h5py.File('%s')\nexcept OSError: sys.exit(9)\"", path);
    assert_int_equal(WEXITSTATUS(system(command)), 9);
    hid_t file; /* what HDF5 says of it, h5clear, would cut the file off */
    assert_int_equal(sw_open_writable(&file, path), SW_E_STORE);
    assert_non_null(strstr(sw_fail_message(), "read it with swmr=True, or run symsweep recover"));
    assert_null(strstr(sw_fail_message(), "h5clear"));
    assert_ok(sw_store_recover(path));
    assert_int_equal(WEXITSTATUS(system(command)), 0);
    assert_ok(sw_store_recover(path)); /* once more is harmless */

    sw_results *results;
    assert_ok(sw_results_open(&results, path));
    assert_row(results, 0, 20);
    assert_int_equal(sw_results_row(results, 1)->state, SW_RUN_PENDING);
    assert_int_equal(sw_results_row(results, 1)->written, 1);
    sw_results_close(results);
    close(ready[0]);
    close(ready[1]);
    fixture_release(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {in_place(test_kills), in_place(test_recover)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
