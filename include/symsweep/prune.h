/* prune.h: rules that give a run up because it is decided (implemented in measure). */
#ifndef SYMSWEEP_PRUNE_H
#define SYMSWEEP_PRUNE_H

#include "symsweep/record.h"

/* What a rule remembers from evaluation to evaluation; starts at -1. */
typedef struct sw_prune_watch {
    int64_t generalized_since; /* step from which test accuracy has been high enough; -1 = it is not */
} sw_prune_watch;

/* Takes in the next evaluation of a run. true: the run has generalized for long enough, or its train loss is beyond
 * hope. */
bool sw_prune_decides(sw_prune_watch *watch, const sw_prune_config *rule, const sw_record *record);

#endif
