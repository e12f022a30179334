/* signals.c: requests to stop. */
#include "farm/signals.h"

#include "symsweep/fail.h"
#include "symsweep/stop.h"

#include <signal.h>
#include <time.h>
#include <unistd.h>

/* Handlers have no argument to carry state: it must be global. */
static volatile sig_atomic_t requests, latest, exit_on_second;
static volatile sig_atomic_t first_second, first_centisecond; /* when the first came */

static void on_signal(int signal) {
    struct timespec now; /* clock_gettime is async-signal-safe */
    clock_gettime(CLOCK_MONOTONIC, &now);
    int second = (int)now.tv_sec, centisecond = (int)(now.tv_nsec / 10000000);
    latest = signal;
    if (requests == 0) {
        first_second = second;
        first_centisecond = centisecond;
        requests = 1;
    } else if ((second - first_second) * 100 + centisecond - first_centisecond >= 100) {
        requests = 2;
        if (exit_on_second) _exit(SW_EXIT_STOPPED);
    }
}

static void mask_stop_signals(int how) {
    sigset_t set;
    sigemptyset(&set);
    for (int i = 0; i < SW_STOP_SIGNALS; i++) sigaddset(&set, sw_stop_signals[i].number);
    sigprocmask(how, &set, NULL);
}

/* A socket whose other end died and a file at its size limit say so by errno too. */
static void ignore_refusals(void) {
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
}

void sw_signals_block(void) { mask_stop_signals(SIG_BLOCK); }

void sw_signals_install(void) {
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    for (int i = 0; i < SW_STOP_SIGNALS; i++) {
        struct sigaction old;
        sigaction(sw_stop_signals[i].number, NULL, &old);
        if (sw_stop_signals[i].number == SIGHUP && old.sa_handler == SIG_IGN) continue;
        sigaction(sw_stop_signals[i].number, &action, NULL);
    }
    ignore_refusals();
    mask_stop_signals(SIG_UNBLOCK);
}

void sw_signals_exit_on_second(void) { exit_on_second = 1; }

int sw_signals_count(void) { return requests; }

const char *sw_signals_name(void) {
    for (int i = 0; i < SW_STOP_SIGNALS; i++)
        if (latest == sw_stop_signals[i].number) return sw_stop_signals[i].name;
    return "";
}

void sw_signals_ignore(void) {
    for (int i = 0; i < SW_STOP_SIGNALS; i++) signal(sw_stop_signals[i].number, SIG_IGN);
    ignore_refusals();
    mask_stop_signals(SIG_UNBLOCK);
}
