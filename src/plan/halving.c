/* halving.c: rungs of successive halving, replayed from the values at them. */
#include "symsweep/plan.h"

#include <math.h>
#include <stdlib.h>

typedef struct entrant {
    double value; /* the larger the better */
    size_t run;
} entrant;

static int better_first(const void *a, const void *b) {
    const entrant *x = a, *y = b;
    int unknown = isnan(x->value) - isnan(y->value);
    if (unknown != 0) return unknown;
    int order = (x->value < y->value) - (x->value > y->value);
    return order ? order : (x->run > y->run) - (x->run < y->run);
}

/* All entrants have come to rung r or ended before it. */
static bool is_closed(const sw_halving_run *runs, const entrant *entrants, size_t count, int32_t r) {
    for (size_t i = 0; i < count; i++) {
        const sw_halving_run *run = &runs[entrants[i].run];
        if (!run->ended && run->known <= r) return false;
    }
    return true;
}

/* Those that have come to the open rung wait there, the others are on their way. */
static void stop_at(sw_halving_run *runs, const entrant *entrants, size_t count, int32_t r) {
    for (size_t i = 0; i < count; i++) {
        sw_halving_run *run = &runs[entrants[i].run];
        run->target = r;
        run->fate = run->known > r ? SW_HALVING_WAITS : SW_HALVING_TRAINS;
    }
}

sw_status sw_halving_replay(sw_halving_run *runs, size_t count, const sw_halving_config *config) {
    entrant *entrants = calloc(count + 1, sizeof *entrants);
    if (!entrants) return sw_fail(SW_E_MEMORY, "no memory to compare %zu runs", count);
    size_t left = count;
    for (size_t i = 0; i < count; i++) entrants[i].run = i;
    int32_t r = 0;
    for (; r < config->rung_count && is_closed(runs, entrants, left, r); r++) {
        for (size_t i = 0; i < left; i++) {
            double value = runs[entrants[i].run].value[r];
            entrants[i].value = config->lowest ? -value : value;
        }
        qsort(entrants, left, sizeof *entrants, better_first);
        size_t kept = (size_t)ceil(config->keep * (double)left - 1e-9);
        if (kept < 1) kept = 1;
        for (size_t i = kept; i < left; i++) {
            runs[entrants[i].run].target = r;
            runs[entrants[i].run].fate = SW_HALVING_PRUNED;
        }
        if (kept < left) left = kept;
    }
    if (r < config->rung_count) {
        stop_at(runs, entrants, left, r);
    } else {
        for (size_t i = 0; i < left; i++) {
            runs[entrants[i].run].target = config->rung_count;
            runs[entrants[i].run].fate = SW_HALVING_TRAINS;
        }
    }
    free(entrants);
    return SW_OK;
}
