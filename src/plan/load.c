/* load.c: processes that keep the other cores busy. */
#define _GNU_SOURCE /* sched_getaffinity */
#include "plan/load.h"

#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

size_t sw_load_cores(void) {
    cpu_set_t set;
    int count = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : (int)sysconf(_SC_NPROCESSORS_ONLN);
    return count > 1 ? (size_t)count : 1;
}

static const double TURN_SECONDS = 1;

_Noreturn static void keep_busy(pid_t caller, sw_pace_function measure, const sw_run_config *config) {
    sw_pace pace;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    while (getppid() == caller && measure(&pace, config, TURN_SECONDS) == SW_OK) {
    }
    _exit(0);
}

void sw_load_start(sw_load *load, size_t count, sw_pace_function measure, const sw_run_config *config) {
    const pid_t caller = getpid();
    load->count = 0;
    while (load->count < count && load->count < SW_LOAD_MOST) {
        const pid_t process = fork();
        if (process < 0) return;
        if (process == 0) keep_busy(caller, measure, config);
        load->process[load->count++] = process;
    }
}

void sw_load_end(sw_load *load) {
    for (size_t i = 0; i < load->count; i++) kill(load->process[i], SIGKILL);
    for (size_t i = 0; i < load->count; i++) waitpid(load->process[i], NULL, 0);
    load->count = 0;
}
