/* extend.h: which runs go on from the end of a shorter one, whose checkpoint was kept (checkpoint.keep).
 *
 * Two runs that differ in `steps` alone take the same steps as far as both go, unless something depends on how many
 * there are. Pure functions of configurations. */
#pragma once

#include "symsweep/plan.h"

/* What becomes of a run that is to be trained. */
typedef enum sw_extend_verdict {
    SW_EXTEND_NONE,    /* no shorter run of its kind is finished */
    SW_EXTEND_GOES_ON, /* from the end of one */
    /* from step 0, though one is finished: */
    SW_EXTEND_NOT_KEPT,
    SW_EXTEND_SCHEDULE,
    SW_EXTEND_SNAPSHOTS,
    SW_EXTEND_SAVED,
    SW_EXTEND_HALVING,
    SW_EXTEND_VERDICT_COUNT
} sw_extend_verdict;

extern const char *const sw_extend_names[SW_EXTEND_VERDICT_COUNT];

/* A line for people on so many runs of a verdict: what they do, why, and what would help. false: there is nothing to
 * say. */
bool sw_extend_describe(char *out, size_t capacity, sw_extend_verdict verdict, size_t count);

/* A finished run of a results file. */
typedef struct sw_extend_run {
    char id[SW_RUN_ID_LENGTH + 1];
    int64_t row, steps;
} sw_extend_run;

/* All that longer runs may go on from. */
typedef struct sw_extend sw_extend;

/* Is a run in such a state trained as far as it goes? */
bool sw_extend_is_finished(sw_run_state state);

/* For runs of `plan` among which `longest` is the largest number of steps. */
sw_status sw_extend_create(sw_extend **out, const sw_plan *plan, int64_t longest) SW_MUST_CHECK;
void sw_extend_destroy(sw_extend *extend);

/* Can a run of so many steps be gone on from by any run? Spares the caller to look for the others' configurations. */
bool sw_extend_wants(const sw_extend *extend, int64_t steps);
/* Adds the finished run that stands in `row`; `kept`: there is a kept checkpoint of it. */
sw_status sw_extend_add(sw_extend *extend, int64_t row, const char *id, const sw_run_config *config,
                        bool kept) SW_MUST_CHECK;

/* Of run `run` of the plan. SW_EXTEND_GOES_ON: from *from, the longest that it can go on from; else NULL. */
sw_status sw_extend_find(sw_extend_verdict *verdict, const sw_extend_run **from, sw_extend *extend,
                         size_t run) SW_MUST_CHECK;
