/* test_apart.c: work in a child process: what it finds comes back, and what befalls it stays there. */
#include "symsweep/apart.h"
#include "symsweep/clock.h"
#include "symsweep/file.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void say(int pipe, const char *text) { (void)sw_file_write_all(pipe, text, strlen(text), NULL); }

static void work_well(void *context, int pipe) {
    say(pipe, context);
    ++*(char *)context; /* of its own copy */
}

static void work_and_exit(void *context, int pipe) {
    (void)context;
    say(pipe, "half");
    exit(1); /* what nauty does without memory */
}

static void work_and_crash(void *context, int pipe) {
    (void)context;
    say(pipe, "half");
    raise(SIGKILL);
}

static void work_forever(void *context, int pipe) {
    (void)context;
    say(pipe, "half");
    for (;;) pause();
}

/* What a child says before it ends; *ended: the signal that ended it. */
static void hear(char out[64], int *ended, void (*work)(void *context, int pipe), void *context, double seconds) {
    sw_apart apart;
    memset(out, 0, 64);
    assert_int_equal(sw_apart_start(&apart, work, context, seconds), SW_OK);
    assert_in_range(sw_file_read_all(apart.descriptor, out, 63), 0, 63);
    *ended = sw_apart_end(&apart);
}

static void what_it_finds_comes_back(void **state) {
    (void)state;
    char said[64], text[] = "all of it";
    int ended;
    hear(said, &ended, work_well, text, 0);
    assert_string_equal(said, "all of it");
    assert_string_equal(text, "all of it");
    assert_int_equal(ended, 0);
}

static void an_end_of_the_child_is_not_ours(void **state) {
    (void)state;
    char said[64];
    int ended;
    hear(said, &ended, work_and_exit, NULL, 0);
    assert_string_equal(said, "half");
    assert_int_equal(ended, 0);
    hear(said, &ended, work_and_crash, NULL, 0);
    assert_string_equal(said, "half");
    assert_int_equal(ended, SIGKILL);
}

static int mark = -1;

static void leave_mark(void) {
    if (mark >= 0) (void)sw_file_write_all(mark, "!", 1, NULL);
}

/* What the parent registered for its end must not happen in the child: HDF5 would write to files that are open. */
static void handlers_of_the_parent_do_not_run(void **state) {
    (void)state;
    int ends[2];
    char said[64];
    int ended;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(atexit(leave_mark), 0);
    mark = ends[1];
    hear(said, &ended, work_and_exit, NULL, 0);
    hear(said, &ended, work_well, (char[]){"x"}, 0);
    mark = -1;
    close(ends[1]);
    assert_int_equal(sw_file_read_all(ends[0], said, sizeof said), 0);
    close(ends[0]);
}

static void ignore(int signal) { (void)signal; }

static void time_ends_it(void **state) {
    (void)state;
    char said[64];
    int ended;
    sigset_t alarm;
    sigemptyset(&alarm);
    sigaddset(&alarm, SIGALRM);
    for (int kind = 0; kind < 3; kind++) { /* also where the parent ignores or blocks the signal */
        signal(SIGALRM, kind == 0 ? SIG_DFL : kind == 1 ? SIG_IGN : ignore);
        if (kind == 2) sigprocmask(SIG_BLOCK, &alarm, NULL);
        const double before = sw_clock_now();
        hear(said, &ended, work_forever, NULL, kind == 1 ? 1e-9 : 0.05);
        assert_int_equal(ended, SIGALRM);
        if (kind != 1) assert_true(sw_clock_now() - before > 0.04);
    }
    sigprocmask(SIG_UNBLOCK, &alarm, NULL);
    signal(SIGALRM, SIG_DFL);
}

static void work_though_asked_to_stop(void *context, int pipe) {
    (void)context;
    static const int requests[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1};
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) raise(requests[i]);
    say(pipe, "all of it");
}

/* mpirun sends them to whole process groups. */
static void requests_to_stop_are_for_the_parent(void **state) {
    (void)state;
    char said[64];
    int ended;
    hear(said, &ended, work_though_asked_to_stop, NULL, 0);
    assert_string_equal(said, "all of it");
    assert_int_equal(ended, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_it_finds_comes_back),
        cmocka_unit_test(an_end_of_the_child_is_not_ours),
        cmocka_unit_test(handlers_of_the_parent_do_not_run),
        cmocka_unit_test(time_ends_it),
        cmocka_unit_test(requests_to_stop_are_for_the_parent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
