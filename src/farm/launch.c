/* launch.c: how this process was started; one BLAS thread. */
#include "farm/launch.h"

#include "farm/signals.h"
#include "symsweep/farm.h"
#include "symsweep/log.h"
#include "symsweep/nn.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

/* A variable that each kind of launcher sets in every process it starts. */
static const char *const launcher_marks[] = {"OMPI_COMM_WORLD_SIZE", "PMIX_RANK", "PMI_RANK", "PMI_SIZE", "PMI_FD"};
static const char *const rank_marks[] = {"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK", "SLURM_PROCID"};

/* What the pthread and the OpenMP flavour of OpenBLAS take their number of threads from. */
static const char *const thread_variables[] = {"OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"};
static const char guard_variable[] = "SYMSWEEP_PINNED_PID"; /* exec keeps the process id: once is enough */

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

bool sw_launch_by_mpi(void) {
    for (size_t i = 0; i < COUNT(launcher_marks); i++)
        if (getenv(launcher_marks[i]) != NULL) return true;
    return false;
}

int sw_launch_rank_hint(void) {
    for (size_t i = 0; i < COUNT(rank_marks); i++) {
        const char *value = getenv(rank_marks[i]);
        if (value != NULL) return atoi(value);
    }
    return 0;
}

sw_status sw_launch_check_world(int world) {
    const char *tasks = getenv("SLURM_NTASKS");
    if (world > 1 || tasks == NULL || atoi(tasks) <= 1) return SW_OK;
    return sw_fail(SW_E_USAGE,
                   "SLURM gave this job %s tasks, but this process is alone: each task would train the whole sweep. "
                   "Start it with `srun --mpi=pmix symsweep ...` (`srun --mpi=list` shows what there is) or with "
                   "`mpirun symsweep ...`; for one process on purpose ask SLURM for one task, or unset SLURM_NTASKS",
                   tasks);
}

static bool is_one(const char *variable) {
    const char *value = getenv(variable);
    return value != NULL && strcmp(value, "1") == 0;
}

void sw_launch_own_program(char out[SW_PATH_MAX]) {
    static const char link[] = "/proc/self/exe", gone[] = " (deleted)";
    ssize_t length = readlink(link, out, SW_PATH_MAX - 1);
    bool named = length > 0 && length < SW_PATH_MAX - 1;
    out[named ? length : 0] = '\0';
    size_t tail = sizeof gone - 1;
    bool deleted = named && (size_t)length > tail && strcmp(out + (size_t)length - tail, gone) == 0;
    if (!named || deleted || access(out, X_OK) != 0) strcpy(out, link);
}

void sw_launch_set_thread_variables(void) {
    for (size_t i = 0; i < COUNT(thread_variables); i++) setenv(thread_variables[i], "1", 1);
}

void sw_farm_pin_threads(char **argv) {
    bool pinned = true;
    for (size_t i = 0; i < COUNT(thread_variables); i++) pinned = pinned && is_one(thread_variables[i]);
    char self[24];
    snprintf(self, sizeof self, "%ld", (long)getpid());
    const char *guard = getenv(guard_variable);
    if (!pinned && (guard == NULL || strcmp(guard, self) != 0)) {
        sw_launch_set_thread_variables();
        setenv(guard_variable, self, 1);
        sw_signals_block(); /* one that comes during exec waits for the handlers of the new image */
        char program[SW_PATH_MAX];
        sw_launch_own_program(program);
        execv(program, argv);
        sw_warn("cannot execute itself again to pin threads: %s; idle BLAS threads stay", strerror(errno));
    }
    prctl(PR_SET_NAME, "symsweep"); /* whatever name it was started by */
    sw_blas_set_one_thread();
}
