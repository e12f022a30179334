/* apart.c: work that is done in a child process. */
#define _GNU_SOURCE /* prctl */
#include "symsweep/apart.h"

#include "symsweep/file.h"
#include "symsweep/stop.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif
#include <unistd.h>

static const double FOREVER = 1e9; /* seconds: longer than any process */

/* ---- in the child ---- */

/* A child that nobody waits for any more must not go on: it dies with its parent where the system can do that, and when
 * it is about to say what it found elsewhere. */
static void follow(pid_t parent) {
#ifdef __linux__
    prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
    if (getppid() != parent) _exit(0); /* it was dead before */
}

/* Handlers run from the last that was registered: a library that calls exit ends here, before those of the parent (of
 * HDF5, which would write to files that are open there) and its buffered output. */
static void leave(void) { _exit(EXIT_FAILURE); }

static void run(pid_t parent, void (*work)(void *context, int pipe), void *context, int pipe, double seconds) {
    follow(parent);
    /* Handlers of the parent (MPI's, a debugger's) would take a crash for the parent's own. */
    static const int crashes[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGXCPU, SIGALRM};
    for (size_t i = 0; i < sizeof crashes / sizeof crashes[0]; i++) signal(crashes[i], SIG_DFL);
    /* Requests to stop go to whole process groups. Only the parent heeds them: an end by one of them would look like a
     * crash of the work. */
    for (int i = 0; i < SW_STOP_SIGNALS; i++) signal(sw_stop_signals[i].number, SIG_IGN);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    const struct rlimit no_core = {0, 0};
    setrlimit(RLIMIT_CORE, &no_core);
    if (atexit(leave) != 0) _exit(EXIT_FAILURE);
    const int score = open("/proc/self/oom_score_adj", O_WRONLY);
    if (score >= 0) { /* when memory runs out, it is the child that should go */
        (void)sw_file_write_all(score, "500", 3, NULL);
        close(score);
    }
    if (seconds > 0 && seconds < FOREVER) {
        const double whole = floor(seconds);
        struct itimerval limit = {.it_value = {(time_t)whole, (suseconds_t)(1e6 * (seconds - whole))}};
        if (limit.it_value.tv_sec == 0 && limit.it_value.tv_usec == 0) limit.it_value.tv_usec = 1;
        if (setitimer(ITIMER_REAL, &limit, NULL) != 0) _exit(EXIT_FAILURE);
    }
    work(context, pipe);
    _exit(EXIT_SUCCESS); /* nothing of the parent (MPI, buffered output) may be torn down here */
}

/* ---- in the parent ---- */

sw_status sw_apart_start(sw_apart *out, void (*work)(void *context, int pipe), void *context, double seconds) {
    int ends[2];
    if (pipe(ends) != 0) return sw_fail(SW_E_IO, "pipe: %s", strerror(errno));
    const pid_t parent = getpid(), child = fork();
    if (child == 0) {
        close(ends[0]);
        run(parent, work, context, ends[1], seconds);
    }
    const int error = errno;
    close(ends[1]);
    if (child < 0) {
        close(ends[0]);
        return sw_fail(SW_E_IO, "fork: %s", strerror(error));
    }
    *out = (sw_apart){child, ends[0]};
    return SW_OK;
}

int sw_apart_end(sw_apart *apart) {
    int ended = 0;
    close(apart->descriptor);
    while (waitpid(apart->child, &ended, 0) < 0 && errno == EINTR) {
    }
    return WIFSIGNALED(ended) ? WTERMSIG(ended) : 0;
}
