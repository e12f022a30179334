/* extension.h: runs that go on from the end of a shorter run of the results file, whose checkpoint was kept. */
#pragma once

#include "symsweep/extend.h"
#include "symsweep/store.h"

typedef struct sw_extension sw_extension;

/* Looks through the file and the folder of checkpoints, and says how many of the runs that are to be trained go on, and
 * why others do not. *out = NULL: there is nothing to go on from. */
sw_status sw_extension_create(sw_extension **out, const sw_plan *plan, sw_store *store,
                              const char *checkpoints) SW_MUST_CHECK;
void sw_extension_destroy(sw_extension *extension);

/* Before a run is handed out: makes of one that can go on from another, and has no checkpoint of its own, a run that
 * was interrupted there: records and snapshots in its row, then the checkpoint under its name. What is in the way is
 * said, and the run starts from step 0. */
void sw_extension_prepare(sw_extension *extension, size_t run);
