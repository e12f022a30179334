/* job.c: the main job: options, ranks, one master, its workers, exit codes. */
#include "symsweep/farm.h"

#include "farm/launch.h"
#include "farm/options.h"
#include "farm/outbox.h"
#include "farm/prepare.h"
#include "farm/relay.h"
#include "farm/serve.h"
#include "farm/signals.h"
#include "farm/wire.h"
#include "symsweep/clock.h"
#include "symsweep/discover.h"
#include "symsweep/log.h"
#include "symsweep/nn.h"
#include "symsweep/version.h"

#include <errno.h>
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double TRAINER_SILENCE = 300, STORAGE_PATIENCE = 60; /* seconds */

static void print_version(void) {
    printf("symsweep %s (%s)\n%s\n%s, core %s\n%s\ncJSON %s\n", sw_version(), sw_version_commit(),
           sw_farm_mpi_version(), sw_blas_version(), sw_blas_core(), sw_store_library_version(),
           sw_config_library_version());
    const char *nauty = sw_discover_library_version();
    printf("nauty %s\n", nauty != NULL ? nauty : "none: symsweep symmetries is not there");
}

/* The exit code for a failure on the way to or in the job. */
static int exit_code_of(sw_status status) {
    switch (status) {
    case SW_OK: return SW_EXIT_OK;
    case SW_E_USAGE:
    case SW_E_CONFIG: return SW_EXIT_USAGE;
    case SW_E_IO:
    case SW_E_STORE:
    case SW_E_BUSY: return SW_EXIT_STORE;
    case SW_E_INTERRUPTED: return SW_EXIT_STOPPED;
    default: return SW_EXIT_FAILED_RUNS;
    }
}

static int say_failure(sw_status status) {
    if (status == SW_E_INTERRUPTED)
        sw_info("stopping: %s", sw_fail_message());
    else if (status != SW_OK && sw_fail_message()[0] != '\0')
        sw_error("%s", sw_fail_message());
    if (status == SW_E_USAGE) sw_info("see symsweep --help");
    return exit_code_of(status);
}

/* ---- all ranks together ---- */

/* MPI_Wait burns a core; this sleeps a little longer each time. */
static sw_status wait_asleep(MPI_Request *request, const char *what) {
    int done = 0;
    for (double pause = 1e-4; !done; pause = pause < 0.01 ? 2 * pause : pause) {
        sw_status status = sw_farm_check_mpi(MPI_Test(request, &done, MPI_STATUS_IGNORE), what);
        if (status != SW_OK) return status;
        if (!done) sw_clock_sleep(pause);
    }
    return SW_OK;
}

/* Rank 0's `count` bytes to all. */
static sw_status broadcast(void *data, int count) {
    MPI_Request request;
    sw_status status = sw_farm_check_mpi(MPI_Ibcast(data, count, MPI_BYTE, 0, MPI_COMM_WORLD, &request), "broadcast");
    return status == SW_OK ? wait_asleep(&request, "broadcast") : status;
}

static sw_status barrier(void) {
    MPI_Request request;
    sw_status status = sw_farm_check_mpi(MPI_Ibarrier(MPI_COMM_WORLD, &request), "barrier");
    return status == SW_OK ? wait_asleep(&request, "barrier") : status;
}

/* Do all ranks hold the same `count` bytes as rank 0? The answer is known to all. */
static sw_status agree(bool *agreed, const void *data, int count) {
    *agreed = false;
    unsigned char *first = malloc((size_t)count);
    if (first == NULL) return sw_fail(SW_E_MEMORY, "no memory for %d bytes", count);
    memcpy(first, data, (size_t)count);
    sw_status status = broadcast(first, count);
    int same = memcmp(first, data, (size_t)count) == 0, all_same = 0;
    MPI_Request request;
    if (status == SW_OK)
        status = sw_farm_check_mpi(MPI_Iallreduce(&same, &all_same, 1, MPI_INT, MPI_MIN, MPI_COMM_WORLD, &request),
                                   "reduce");
    if (status == SW_OK) status = wait_asleep(&request, "reduce");
    *agreed = all_same != 0;
    free(first);
    return status;
}

/* ---- the process that writes ---- */

/* Seconds from the environment, or the default when it says nothing sensible. */
static double seconds_from(const char *variable, double otherwise) {
    const char *text = getenv(variable);
    double seconds = text != NULL ? strtod(text, NULL) : 0;
    return seconds > 0 ? seconds : otherwise;
}

/* What a process needs to know to do its part. */
typedef struct job {
    sw_job_options options;
    sw_farm_summary summary;
    double started; /* when this program was */
    int rank, ranks;
} job;

/* Trains what is prepared, in this process when it is the only rank. */
static sw_status train_all(int *exit_code, const job *self, const sw_prepared *prepared) {
    sw_display *display = NULL;
    sw_status status = self->options.progress ? sw_display_create(&display) : SW_OK;
    if (status != SW_OK) return status;
    const sw_master_settings settings = {.plan = prepared->plan,
                                         .store = prepared->store,
                                         .checkpoints = prepared->checkpoints,
                                         .status_file = prepared->status_file,
                                         .sharing = self->options.sharing,
                                         .deadline = self->started + self->options.time_limit,
                                         .silence = seconds_from("SYMSWEEP_TRAINER_SILENCE", TRAINER_SILENCE),
                                         .storage_patience =
                                             seconds_from("SYMSWEEP_STORAGE_PATIENCE", STORAGE_PATIENCE),
                                         .display = display};
    status =
        self->ranks == 1 ? sw_serve_alone(exit_code, &settings) : sw_serve_ranks(exit_code, &settings, self->ranks);
    sw_display_clear(display);
    sw_display_destroy(display);
    return status;
}

static void summarize(const job *self, const char *results) {
    if (self->summary == NULL || self->options.level < SW_LOG_INFO) return;
    if (self->summary(results) != SW_OK) sw_warn("no summary: %s", sw_fail_message());
    if (fflush(stdout) == 0 && !ferror(stdout)) return;
    if (errno != EPIPE) sw_warn("the summary could not be printed: %s", strerror(errno));
    if (freopen("/dev/null", "w", stdout) == NULL) sw_warn("/dev/null: %s", strerror(errno)); /* the results are safe */
}

typedef struct outcome {
    int exit_code;
    bool served;  /* the job got as far as training */
    bool at_once; /* a second signal: nobody is to be waited for */
} outcome;

/* Prepares, trains, closes: what the writing process does, whatever the number of ranks. The others are told whether
 * they are needed. */
static outcome write_results(const job *self) {
    sw_prepared prepared;
    outcome out = {.exit_code = say_failure(sw_prepare_job(&prepared, &self->options, self->started))};
    bool prepared_well = out.exit_code == SW_EXIT_OK;
    sw_status status = self->ranks > 1 ? broadcast(&out.exit_code, sizeof out.exit_code) : SW_OK;
    if (status == SW_OK && prepared_well) {
        out.served = true;
        status = train_all(&out.exit_code, self, &prepared);
    }
    if (status != SW_OK) out.exit_code = say_failure(status);
    out.at_once = status == SW_E_INTERRUPTED;
    char results[SW_PATH_MAX];
    memcpy(results, prepared.output, sizeof results);
    bool finished = out.exit_code == SW_EXIT_OK || out.exit_code == SW_EXIT_FAILED_RUNS;
    sw_prepare_end end = finished && !out.at_once ? SW_END_FINISHED : SW_END_STOPPED;
    if (sw_prepare_release(&prepared, end) != SW_OK && !out.at_once) out.exit_code = SW_EXIT_STORE;
    if (out.served && !out.at_once && out.exit_code != SW_EXIT_STORE) summarize(self, results);
    return out;
}

/* ---- one process ---- */

static int run_alone(const job *self) {
    int exit_code = say_failure(sw_launch_check_world(1));
    return exit_code == SW_EXIT_OK ? write_results(self).exit_code : exit_code;
}

/* ---- several ranks ---- */

static sw_status run_rank_zero(int *exit_code, const job *self) {
    outcome out = write_results(self);
    *exit_code = out.exit_code;
    if (out.at_once) MPI_Abort(MPI_COMM_WORLD, out.exit_code);
    return out.served ? sw_serve_goodbye(out.exit_code, self->ranks) : SW_OK;
}

static sw_status run_worker_rank(int *exit_code) {
    sw_status status = broadcast(exit_code, sizeof *exit_code);
    return status == SW_OK && *exit_code == SW_EXIT_OK ? sw_relay_run(exit_code) : status;
}

static sw_status run_ranks(int *exit_code, const job *self) {
    char fingerprint[SW_WIRE_FINGERPRINT_MAX];
    bool agreed;
    sw_wire_fingerprint(fingerprint);
    sw_status status = agree(&agreed, fingerprint, sizeof fingerprint);
    if (status != SW_OK) return status;
    if (!agreed) {
        if (self->rank == 0) sw_error("the ranks run different builds of symsweep");
        *exit_code = SW_EXIT_USAGE;
        return SW_OK;
    }
    status = self->rank == 0 ? run_rank_zero(exit_code, self) : run_worker_rank(exit_code);
    return status == SW_OK ? barrier() : status;
}

static int run_under_mpi(int argc, char **argv, job *self) {
    int exit_code = SW_EXIT_OK;
    if (MPI_Init(&argc, &argv) != MPI_SUCCESS) {
        sw_error("MPI cannot be initialized");
        return SW_EXIT_FAILED_RUNS;
    }
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    MPI_Comm_rank(MPI_COMM_WORLD, &self->rank);
    MPI_Comm_size(MPI_COMM_WORLD, &self->ranks);
    if (self->ranks == 1) {
        exit_code = run_alone(self);
    } else if (run_ranks(&exit_code, self) != SW_OK) {
        sw_error("rank %d: %s", self->rank, sw_fail_message()); /* without a transport there is nobody to agree with */
        MPI_Abort(MPI_COMM_WORLD, SW_EXIT_FAILED_RUNS);
    }
    MPI_Finalize();
    return exit_code;
}

int sw_farm_job(int argc, char **argv, sw_farm_summary summary) {
    job self = {.summary = summary, .started = sw_clock_now(), .ranks = 1};
    sw_status status = sw_options_parse(&self.options, argc, argv);
    bool first = sw_launch_rank_hint() == 0; /* every rank was given the same command line: one answer is enough */
    if (status != SW_OK) return first ? say_failure(status) : exit_code_of(status);
    if (self.options.help || self.options.version) {
        if (first && self.options.help)
            sw_options_print_help();
        else if (first)
            print_version();
        return SW_EXIT_OK;
    }
    sw_log_set_level(self.options.level);
    sw_farm_pin_threads(argv); /* may start this program again */
    sw_signals_install();
    return sw_launch_by_mpi() ? run_under_mpi(argc, argv, &self) : run_alone(&self);
}
