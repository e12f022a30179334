/* launch.h: how this process was started, and starting itself again. */
#pragma once

#include "symsweep/fail.h"
#include "symsweep/run.h" /* SW_PATH_MAX */

/* Did an MPI launcher (mpirun, srun with PMI or PMIx) start this process? Only then may MPI_Init be called: alone it
 * would start a daemon. */
bool sw_launch_by_mpi(void);

/* The rank that the launcher's environment gives, before MPI_Init: 0 when it gives none. */
int sw_launch_rank_hint(void);

/* SW_E_USAGE with the remedy when SLURM started several processes that do not see each other, each a world of one. */
sw_status sw_launch_check_world(int world) SW_MUST_CHECK;

/* What to execute to start this very program again: its path, by which debuggers and valgrind know it, or
 * /proc/self/exe when another file has that name by now. */
void sw_launch_own_program(char out[SW_PATH_MAX]);

/* The variables that pin BLAS to one thread, for the environment of what is started next. A user's OPENBLAS_CORETYPE is
 * left alone. */
void sw_launch_set_thread_variables(void);
