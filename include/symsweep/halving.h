/* halving.h: successive halving. Runs stop at each rung; when all that compete there have come, the best go on and the
 * others are given up. A pure function of the values at the rungs (implemented in plan). */
#ifndef SYMSWEEP_HALVING_H
#define SYMSWEEP_HALVING_H

#include "symsweep/config.h"

typedef enum sw_halving_fate {
    SW_HALVING_TRAINS, /* on to `target` */
    SW_HALVING_WAITS,  /* at a rung, for the others */
    SW_HALVING_PRUNED  /* at rung `target` */
} sw_halving_fate;

typedef struct sw_halving_run {
    bool ended;           /* by itself: nothing is decided about it, but it competes with what it reached */
    int32_t known;        /* rungs that it has come to */
    const double *value;  /* [rungs]: the measure at those; of an ended run its last one at the others, NaN = none */
    int32_t target;       /* out: the rung it trains to or was pruned at; the number of rungs = to its end */
    sw_halving_fate fate; /* out */
} sw_halving_run;

/* Runs that compete with each other, in plan order, which decides between equals. NaN is worse than any value. */
sw_status sw_halving_replay(sw_halving_run *runs, size_t count, const sw_halving_config *config) SW_MUST_CHECK;

#endif
