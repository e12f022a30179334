/* adaptive.h: runs whose training depends on the results of others: refine, and the rungs of prune.halving. What is
 * known of the runs goes in, decisions come out, and the master carries them out: no scheduler, no file. Decisions are
 * replayed from the results (plan.h), so nothing else needs to survive the job. */
#pragma once

#include "symsweep/plan.h"

/* What is known of a run. */
typedef struct sw_adaptive_news {
    size_t run;
    bool ended;                 /* false: it waits for a decision, at a rung or before its first step */
    const sw_run_result *known; /* state of one that has ended, time that one took to its rung */
    const sw_onsets *onsets;    /* with refine, of one that has ended */
    const sw_record *records;   /* with prune.halving */
    size_t count;
} sw_adaptive_news;

typedef enum sw_decision_kind {
    SW_DECISION_TRAIN,     /* a run that waits is trained (on), to sw_adaptive_until, for about `seconds` */
    SW_DECISION_LEAVE_OUT, /* a run that waits is not selected: refine does not need it */
    SW_DECISION_PRUNE,     /* a run that waits is given up as `result` says */
    SW_DECISION_PLACE      /* there is news of the run's point of the lattice */
} sw_decision_kind;

typedef struct sw_decision {
    sw_decision_kind kind;
    size_t run;
    double seconds; /* of the plan's */
    sw_run_result result;
    int32_t round; /* of refine, that chose the run; -1 = none */
    sw_refine_point point;
} sw_decision;

typedef struct sw_adaptive sw_adaptive;

/* NULL for a plan in which no run waits for others; every other function takes that too, and then decides nothing. */
sw_status sw_adaptive_create(sw_adaptive **out, const sw_plan *plan) SW_MUST_CHECK;
void sw_adaptive_destroy(sw_adaptive *adaptive);

/* First what is known of every run, then sw_adaptive_begin; from then on each run that has ended (once that is
 * written) or has come to the rung it was sent to. */
sw_status sw_adaptive_hear(sw_adaptive *adaptive, const sw_adaptive_news *news) SW_MUST_CHECK;
sw_status sw_adaptive_begin(sw_adaptive *adaptive) SW_MUST_CHECK;

/* The next decision to be carried out; false = none. */
bool sw_adaptive_next(sw_decision *out, sw_adaptive *adaptive);

/* The step at which the run is to wait for others; 0 = none. */
int64_t sw_adaptive_until(const sw_adaptive *adaptive, size_t run);
