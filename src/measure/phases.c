/* phases.c: onsets and phase labels from the curves of a run. Pure functions; docs/science.md, "Phases and onsets".
 *
 * Curves are float32, so thresholds are compared in float32: an accuracy that was stored as 0.9 reaches 0.9, and 1.0
 * means that every answer is right. A missing value (NaN) reaches nothing. */
#include "symsweep/measure.h"

#include <math.h>

static const double geometry_band = 0.1;       /* effective dimension within this share of its final value, */
static const double geometry_step = 1;         /* or within one dimension where that is more */
static const double participation_band = 0.1;  /* share of the participation ratio's way that may be left to go */
static const double geometry_last_share = 0.2; /* and held over this share of the steps at the end */

typedef struct curves {
    const sw_record *records;
    size_t count;
} curves;

static float at(const curves *c, size_t i, int metric) { return c->records[i].value[metric]; }

/* ---- crossings ---- */

typedef struct crossing {
    int64_t first, stable; /* steps; -1 = not reached */
    int64_t dips;          /* times it fell back below after having reached it; -1 = no evaluation at all */
} crossing;

/* Of an accuracy, upwards through `threshold`. */
static crossing find_crossing(const curves *c, int metric, double threshold) {
    crossing out = {-1, -1, c->count ? 0 : -1};
    bool above = false;
    for (size_t i = 0; i < c->count; i++) {
        bool reaches = at(c, i, metric) >= (float)threshold;
        if (reaches && out.first < 0) out.first = c->records[i].step;
        if (reaches && !above) out.stable = c->records[i].step;
        if (!reaches && above) out.dips++;
        above = reaches;
    }
    if (!above) out.stable = -1;
    return out;
}

/* The step from which a violation stays <= tau, never before t_mem. */
static int64_t find_symmetry(const curves *c, int metric, double tau, int64_t t_mem) {
    if (t_mem < 0) return -1;
    int64_t stable = -1;
    for (size_t i = c->count; i-- > 0 && at(c, i, metric) <= (float)tau;) stable = c->records[i].step;
    return stable < 0 || stable >= t_mem ? stable : t_mem;
}

static double final_value(const curves *c, int metric) { return c->count ? at(c, c->count - 1, metric) : NAN; }

/* The step, not before `from`, from which a measure stays within `tolerance` of its final value; -1 unless that holds
 * over at least the last 20 % of the steps. */
static int64_t find_settled(const curves *c, int metric, double tolerance, int64_t from) {
    const double final = final_value(c, metric);
    int64_t stable = -1;
    for (size_t i = c->count; i-- > 0 && c->records[i].step >= from && fabs(at(c, i, metric) - final) <= tolerance;)
        stable = c->records[i].step;
    return stable >= 0 && (double)stable <= (1 - geometry_last_share) * (double)c->records[c->count - 1].step ? stable
                                                                                                              : -1;
}

/* Effective dimension is a whole number: 10 % of less than ten would not allow it a step of one. */
static int64_t find_geometry(const curves *c) {
    const int metric = SW_METRIC_EFFECTIVE_DIMENSION;
    return find_settled(c, metric, fmax(geometry_step, geometry_band * fabs(final_value(c, metric))), 0);
}

/* When the participation ratio has made 90 % of its way from t_mem to its end, and keeps to it. */
static int64_t find_participation(const curves *c, int64_t t_mem) {
    const int metric = SW_METRIC_PARTICIPATION_RATIO;
    size_t start = 0;
    while (start < c->count && c->records[start].step < t_mem) start++;
    if (t_mem < 0 || start == c->count) return -1;
    const double way = fabs(at(c, start, metric) - final_value(c, metric));
    return find_settled(c, metric, participation_band * way, t_mem);
}

/* ---- labels ---- */

/* Liu et al. 2022, from the first crossings of 0.9. Test accuracy without train accuracy counts as no gap. */
static sw_phase label(int64_t train, int64_t test, int64_t gap, sw_run_state state) {
    if (state == SW_RUN_DIVERGED) return SW_PHASE_DIVERGED;
    bool decided = state == SW_RUN_DONE || (state == SW_RUN_PRUNED && test >= 0); /* given up when it had generalized */
    if (!decided) return SW_PHASE_UNFINISHED;
    if (test < 0) return train < 0 ? SW_PHASE_CONFUSION : SW_PHASE_MEMORIZATION;
    return train < 0 || test - train < gap ? SW_PHASE_COMPREHENSION : SW_PHASE_GROKKING;
}

void sw_phases_onsets(sw_onsets *out, const sw_record *records, size_t count, const sw_run_config *config,
                      sw_run_state state, bool stopped_early) {
    const curves c = {records, count};
    for (int i = 0; i < SW_THRESHOLD_COUNT; i++) {
        crossing train = find_crossing(&c, SW_METRIC_TRAIN_ACCURACY, sw_thresholds[i]);
        crossing test = find_crossing(&c, SW_METRIC_TEST_ACCURACY, sw_thresholds[i]);
        out->train_first[i] = train.first;
        out->train_stable[i] = train.stable;
        out->train_dips[i] = train.dips;
        out->test_first[i] = test.first;
        out->test_stable[i] = test.stable;
        out->test_dips[i] = test.dips;
    }
    out->t_mem = find_crossing(&c, SW_METRIC_TRAIN_ACCURACY, config->phase.accuracy).first;
    out->t_gen = find_crossing(&c, SW_METRIC_TEST_ACCURACY, config->phase.accuracy).first;

    for (int f = 0; f < SW_FAMILY_COUNT; f++) {
        double tau = config->phase.tau;
        out->t_sym_mean[f] = find_symmetry(&c, SW_METRIC_OF_FAMILY(f, SW_FAMILY_MEAN), tau, out->t_mem);
        out->t_sym_max[f] = find_symmetry(&c, SW_METRIC_OF_FAMILY(f, SW_FAMILY_MAX), tau, out->t_mem);
    }
    const int32_t family = config->phase.family;
    out->t_sym = out->t_sym_max[family];
    out->lead_time_known = out->t_gen >= 0 && out->t_sym_mean[family] >= 0;
    out->lead_time = out->lead_time_known ? out->t_gen - out->t_sym_mean[family] : INT64_MIN;

    /* A final value is known only of a run that went to its end. */
    bool complete = state == SW_RUN_DONE && !stopped_early;
    out->t_geo = complete ? find_geometry(&c) : -1;
    out->t_geo_participation = complete ? find_participation(&c, out->t_mem) : -1;
    out->phase = label(out->train_first[0], out->test_first[0], config->phase.gap, state);
}

void sw_phases_acquired(int64_t step[SW_GENERATORS_MAX], const sw_record *records, size_t count,
                        const sw_run_config *config) {
    const curves c = {records, count};
    const int64_t t_mem = find_crossing(&c, SW_METRIC_TRAIN_ACCURACY, config->phase.accuracy).first;
    for (int g = 0; g < SW_GENERATORS_MAX; g++)
        step[g] = find_symmetry(&c, SW_VALUE_BY_GENERATOR + g, config->phase.tau, t_mem);
}

/* ---- runs that are given up ---- */

static bool has_generalized(sw_prune_watch *watch, const sw_prune_config *rule, const sw_record *record) {
    if (rule->generalized_for_steps <= 0) return false;
    if (!(record->value[SW_METRIC_TEST_ACCURACY] >= (float)rule->generalized_accuracy)) {
        watch->generalized_since = -1;
        return false;
    }
    if (watch->generalized_since < 0) watch->generalized_since = record->step;
    return record->step - watch->generalized_since >= rule->generalized_for_steps;
}

bool sw_measure_prune(sw_prune_watch *watch, const sw_prune_config *rule, const sw_record *record) {
    bool generalized = has_generalized(watch, rule, record);
    return generalized ||
           (rule->diverged_train_loss > 0 && record->value[SW_METRIC_TRAIN_LOSS] > rule->diverged_train_loss);
}
