/* child.c: the trainer process of a worker rank. */
#define _GNU_SOURCE /* close_range */
#include "farm/child.h"

#include "farm/launch.h"
#include "farm/signals.h"
#include "symsweep/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CHILD_FD = 3, SOCKET_BYTES = 1 << 20 };

/* Between fork and exec, in a copy of an MPI process: async-signal-safe calls only. Never returns. */
static void become_trainer(const char *program, int socket, pid_t parent) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(127); /* it died before it could take us along */
    /* stop signals go to whole process groups; the trainer obeys its socket, from its first moment on */
    sw_signals_ignore();
    int null = open("/dev/null", O_RDONLY);
    if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0) _exit(127);
    if (socket != CHILD_FD && dup2(socket, CHILD_FD) < 0) _exit(127);
    if (socket == CHILD_FD) fcntl(socket, F_SETFD, 0);
    close_range(CHILD_FD + 1, ~0U, 0); /* what MPI has open is not for the trainer */
    int score = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (score >= 0) { /* when memory runs out, it is the trainer that should go: its rank would take the job along */
        ssize_t ignored = write(score, "500", 3);
        (void)ignored;
    }
    char name[] = "symsweep", mode[] = "--trainer", descriptor[] = "3"; /* CHILD_FD */
    char *const argv[] = {name, mode, descriptor, NULL};
    execv(program, argv);
    _exit(127);
}

sw_status sw_child_start(sw_child *out) {
    *out = (sw_child){.pid = 0, .socket = -1};
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        return sw_fail(SW_E_TRANSPORT, "cannot make a socket pair: %s", strerror(errno));
    int bytes = SOCKET_BYTES; /* as much as the system allows: assignments wait in it */
    for (int i = 0; i < 2; i++) setsockopt(ends[i], SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
    sw_launch_set_thread_variables(); /* here, where it is allowed: the child inherits them */
    char program[SW_PATH_MAX];
    sw_launch_own_program(program);
    pid_t self = getpid(), pid = fork();
    if (pid == 0) become_trainer(program, ends[1], self);
    int error = errno;
    close(ends[1]);
    if (pid < 0) {
        close(ends[0]);
        return sw_fail(SW_E_TRANSPORT, "cannot fork: %s", strerror(error));
    }
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    out->pid = pid;
    out->socket = ends[0];
    return SW_OK;
}

static void note_end(sw_child_end *end, int status, const struct rusage *usage) {
    *end = (sw_child_end){.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0,
                          .exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 0,
                          .peak_memory = (int64_t)usage->ru_maxrss * 1024};
}

bool sw_child_ended(sw_child *child, sw_child_end *end) {
    *end = (sw_child_end){0};
    while (child->pid != 0) {
        int status;
        struct rusage usage;
        pid_t pid = wait4(child->pid, &status, WNOHANG | WUNTRACED | WCONTINUED, &usage);
        if (pid == 0) return false;
        if (pid > 0 && WIFSTOPPED(status)) {
            child->halted = true;
        } else if (pid > 0 && WIFCONTINUED(status)) {
            child->halted = false;
        } else {
            if (pid > 0) note_end(end, status, &usage);
            child->pid = 0;
        }
    }
    return true;
}

void sw_child_reap(sw_child *child, double patience, sw_child_end *end) {
    double deadline = sw_clock_now() + patience;
    bool killed = false;
    while (!sw_child_ended(child, end)) {
        if (!killed && sw_clock_now() >= deadline) {
            kill(child->pid, SIGKILL);
            killed = true;
        }
        sw_clock_sleep(0.001);
    }
}

void sw_child_close(sw_child *child) {
    if (child->socket >= 0) close(child->socket);
    child->socket = -1;
}
