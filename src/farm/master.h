/* master.h: hands out runs, takes in what comes of them, writes it to the results file. Driven from outside: messages
 * of workers come in through sw_master_receive, time through sw_master_tick; messages to workers go out through a port.
 * The same master serves worker ranks over MPI and a trainer in its own process. Nothing here blocks, but the file. */
#pragma once

#include "farm/display.h"
#include "symsweep/plan.h"
#include "symsweep/store.h"

typedef struct sw_master_port {
    void *context;
    sw_status (*send)(void *context, size_t worker, const void *frame, size_t size); /* may not block */
} sw_master_port;

typedef struct sw_master_settings {
    const sw_plan *plan;     /* must outlive the master */
    sw_store *store;         /* open; the caller closes it */
    const char *checkpoints; /* folder of checkpoints, absolute */
    const char *status_file; /* how far the sweep is, beside the results; NULL = none */
    size_t workers;
    int64_t first_rank;      /* MPI rank of worker 0, for the results file */
    double deadline;         /* on sw_clock_now's clock: all must have ended by then; INFINITY = never */
    double storage_patience; /* seconds for which a file that cannot be written is tried again */
    bool sharing;            /* beginnings that runs have in common are trained once */
    double silence;          /* seconds without a sign of life after which a trainer counts as hung */
    sw_display *display;     /* NULL = none */
    sw_master_port port;
} sw_master_settings;

typedef struct sw_master sw_master;

/* Settles what the file already holds: finished runs are done (their onsets are recomputed when thresholds changed),
 * failed ones are tried again. */
sw_status sw_master_create(sw_master **out, const sw_master_settings *settings) SW_MUST_CHECK;
void sw_master_destroy(sw_master *master);

/* A message of worker 0..workers-1. Only a message that makes no sense is a failure; while the file cannot be written,
 * what comes is kept in memory, and after storage_patience the master stops (exit code 3). */
sw_status sw_master_receive(sw_master *master, size_t worker, const void *frame, size_t size) SW_MUST_CHECK;

/* Hands out runs, flushes and acknowledges, heeds signals and the limit, shows how far the sweep is. */
sw_status sw_master_tick(sw_master *master) SW_MUST_CHECK;

/* No worker holds a run, none will get one, and nothing waits to be written. */
bool sw_master_over(const sw_master *master);

/* What became of the runs: 0, 1 or 75 (3 when the file failed). */
int sw_master_exit_code(const sw_master *master);

/* The last word: in the status file, and a line on what was done to the log. Returns the exit code. */
int sw_master_conclude(sw_master *master);
