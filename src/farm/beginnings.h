/* beginnings.h: runs of a job that begin alike (sharing.h): who trains the beginning, who waits for it, and how the
 * others go on from there. Holds and releases runs of the scheduler. */
#pragma once

#include "symsweep/plan.h"
#include "symsweep/scheduler.h"
#include "symsweep/store.h"

typedef struct sw_beginnings sw_beginnings;

/* Of the pending runs those that begin as another one does are held, and expectations are those of what a run takes
 * for itself. NULL when nothing is shared; every other function takes that too. All must outlive it. */
sw_status sw_beginnings_create(sw_beginnings **out, const sw_plan *plan, sw_store *store, const char *checkpoints,
                               sw_scheduler *scheduler) SW_MUST_CHECK;
void sw_beginnings_destroy(sw_beginnings *beginnings);

/* The step at which the run is to stop for those that wait for it; 0 = none. */
int64_t sw_beginnings_until(const sw_beginnings *beginnings, size_t run);

/* The step from which a run trains on that has stopped for others, or goes on from another; 0 = neither. */
int64_t sw_beginnings_from(const sw_beginnings *beginnings, size_t run);

/* The run, now held, has stopped there, and all that it has sent is given to the store: those that waited get its
 * records and its checkpoint, and all are pending. What is in the way is said, and the run concerned has its beginning
 * for itself. */
void sw_beginnings_reached(sw_beginnings *beginnings, size_t run, int64_t step);
/* The run is over: who still waits for it has its beginning for itself. */
void sw_beginnings_ended(sw_beginnings *beginnings, size_t run);
