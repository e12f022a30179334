/* phases.h: onsets and phase labels, pure functions of the curves of a run (implemented in measure). */
#ifndef SYMSWEEP_PHASES_H
#define SYMSWEEP_PHASES_H

#include "symsweep/record.h"

#include <stddef.h>

enum { SW_THRESHOLD_COUNT = 4 }; /* 0.9, 0.95, 0.99, 1.0 */
extern const double sw_thresholds[SW_THRESHOLD_COUNT];

typedef enum sw_phase {
    SW_PHASE_CONFUSION,
    SW_PHASE_MEMORIZATION,
    SW_PHASE_GROKKING,
    SW_PHASE_COMPREHENSION,
    SW_PHASE_DIVERGED,
    SW_PHASE_UNFINISHED
} sw_phase;

/* Steps; -1 = not reached (censored). Dips are counts: 0 also where the threshold is never reached, -1 without any
 * evaluation. */
typedef struct sw_onsets {
    int64_t t_mem, t_gen, t_sym, t_geo, t_geo_participation;
    int64_t lead_time; /* t_gen - t_sym of the mean violation; INT64_MIN = one is not reached */
    bool lead_time_known;
    int64_t train_first[SW_THRESHOLD_COUNT], train_stable[SW_THRESHOLD_COUNT], train_dips[SW_THRESHOLD_COUNT];
    int64_t test_first[SW_THRESHOLD_COUNT], test_stable[SW_THRESHOLD_COUNT], test_dips[SW_THRESHOLD_COUNT];
    int64_t t_sym_mean[SW_FAMILY_COUNT], t_sym_max[SW_FAMILY_COUNT];
    sw_phase phase;
} sw_onsets;

/* From the `count` records of a run (ascending steps). state: a running run is `unfinished`. */
void sw_onsets_compute(sw_onsets *out, const sw_record *records, size_t count, const sw_run_config *config,
                       sw_run_state state, bool stopped_early);

const char *sw_phase_name(sw_phase phase);

#endif
