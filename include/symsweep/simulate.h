/* simulate.h: how long a sweep takes on a number of workers, by discrete events: the real scheduler hands out runs, the
 * workers and the master are models. Nothing is trained and no time passes. */
#pragma once

#include "symsweep/fail.h"

#include <stdint.h>

/* What the parts of a job cost, in seconds. sw_simulate_default_costs has values measured with benchmarks/farm_load.
 */
typedef struct sw_simulation_costs {
    double start;        /* from the start of the job until the first runs are handed out */
    double message;      /* the master's processor time for a message, writing its share of the file included */
    double run;          /* and for a run, half when it begins and half when it ends */
    double scan;         /* and for a look at one worker, every time it wakes */
    double begin;        /* a worker's, to take up a run */
    double arrival;      /* of a run at a worker that waits */
    double busy_arrival; /* and at one whose trainer is busy: its rank looks at MPI more rarely */
} sw_simulation_costs;

typedef struct sw_simulation_settings {
    size_t runs, workers;
    const size_t *order;    /* [runs] in which they are handed out */
    const double *seconds;  /* [runs] that a run takes on a core of its own */
    const double *expected; /* [runs] that the scheduler expects it to take */
    const double *messages; /* [runs] that a run sends */
    const int64_t *with; /* [runs] an earlier run that takes the beginning of this one too, -1 = none (sharing.h) ... */
    const double *shared; /* [runs] ... and for how many of its own seconds; NULL both: nothing is shared */
    size_t cores;         /* that the workers share; 0 = one each */
    sw_simulation_costs costs;
} sw_simulation_settings;

typedef struct sw_simulation {
    double makespan;     /* from the start of the job until the last run is written */
    double work;         /* seconds of all runs, what they share once */
    double efficiency;   /* work / (makespan * cores in use) */
    double waited;       /* worker seconds between a run's end and the next one's begin */
    double master_share; /* of a core, on the average */
    double messages_per_second;
} sw_simulation;

void sw_simulate_default_costs(sw_simulation_costs *out);

/* The whole job with its master, its queues and its messages. */
sw_status sw_simulate_job(sw_simulation *out, const sw_simulation_settings *settings) SW_MUST_CHECK;
