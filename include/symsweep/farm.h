/* farm.h: runs spread over processes. The only place where train, store and MPI meet. */
#pragma once

#include "symsweep/fail.h"

/* Tells on stdout what a results file holds. */
typedef sw_status (*sw_farm_summary)(const char *results);

/* The main job: `symsweep [options] sweep.json`, on one process or under mpirun. Returns the exit code. `summary` is
 * called at the end by the process that wrote, unless --quiet; NULL = none. */
int sw_farm_job(int argc, char **argv, sw_farm_summary summary);

/* A trainer: child process of a worker that takes runs from the socket on descriptor `fd`. Returns the exit code. */
int sw_farm_trainer(int fd);

/* `symsweep simulate`: what a sweep takes on different numbers of workers. Returns the exit code. */
int sw_farm_simulate(int argc, char **argv);

/* Pins BLAS to one thread, starting this program again when its environment did not: BLAS makes its threads when it is
 * loaded, before main. Returns in the process that goes on. */
void sw_farm_pin_threads(char **argv);

/* "Open MPI 4.1.4" */
const char *sw_farm_mpi_version(void);
