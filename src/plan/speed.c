/* speed.c: the plan's times put in proportion to a machine, by measuring a few kinds of runs. */
#include "plan/load.h"
#include "symsweep/measure.h"

#include <stdlib.h>

enum { KINDS_MOST = 256, KINDS_MEASURED = 6 };
static const size_t MEMORY_MOST = (size_t)1 << 30; /* what a measurement may take, in all its processes */

/* Runs that cost the same a step and an evaluation: they differ in seeds, rates, weights that are not zero. */
typedef struct kind {
    double step_flops, evaluate_flops;
    size_t parameters, memory, example; /* example: a run of it */
    double flops;                       /* of all its runs */
    bool affordable, measured;
    sw_pace pace;
} kind;

/* *of[k] is the kind of run k, KINDS_MOST = of none that was kept. */
static sw_status find_kinds(kind *kinds, size_t *count, size_t *of, const sw_plan *plan, double budget) {
    *count = 0;
    for (size_t k = 0; k < plan->count; k++) {
        sw_run_cost cost;
        sw_status status = sw_cost_estimate(&cost, &plan->runs[k].config);
        if (status != SW_OK) return status;
        size_t i = 0;
        while (i < *count && (kinds[i].step_flops != cost.step_flops ||
                              kinds[i].evaluate_flops != cost.evaluate_flops || kinds[i].parameters != cost.parameters))
            i++;
        of[k] = i;
        if (i == KINDS_MOST) continue;
        if (i == *count) {
            bool affordable = cost.memory <= MEMORY_MOST && cost.step_flops <= budget * SW_REFERENCE_FLOPS;
            kinds[(*count)++] = (kind){.step_flops = cost.step_flops,
                                       .evaluate_flops = cost.evaluate_flops,
                                       .parameters = cost.parameters,
                                       .memory = cost.memory,
                                       .example = k,
                                       .affordable = affordable};
        }
        kinds[i].flops += cost.flops;
    }
    return SW_OK;
}

static sw_status measure_kind(kind *one, const sw_plan *plan, sw_pace_function measure, double budget, size_t busy) {
    const sw_run_config *config = &plan->runs[one->example].config;
    size_t most = MEMORY_MOST / (one->memory + 1), others = busy > 0 ? busy - 1 : 0;
    sw_load load;
    sw_load_start(&load, others < most ? others : most, measure, config);
    sw_status status = measure(&one->pace, config, budget);
    sw_load_end(&load);
    if (status != SW_OK) return sw_fail_in(status, "run %zu", one->example);
    one->measured = true;
    return SW_OK;
}

/* The kinds that cost most, as far as they can be tried. */
static sw_status measure_kinds(kind *kinds, size_t count, const sw_plan *plan, sw_pace_function measure, double budget,
                               size_t busy) {
    size_t tried = count < KINDS_MEASURED ? count : KINDS_MEASURED;
    for (size_t n = 0; n < tried; n++) {
        kind *best = NULL;
        for (size_t i = 0; i < count; i++) {
            if (!kinds[i].affordable || kinds[i].measured) continue;
            if (!best || kinds[i].flops > best->flops) best = &kinds[i];
        }
        if (!best) return SW_OK;
        sw_status status = measure_kind(best, plan, measure, budget / (double)tried, busy);
        if (status != SW_OK) return status;
    }
    return SW_OK;
}

/* Without measures that have a cadence of their own, which no trial takes. */
static double paced_seconds(const sw_pace *pace, const sw_run_config *config) {
    return pace->setup + pace->step * (double)config->steps + pace->evaluate * (double)sw_schedule_evaluations(config);
}

sw_status sw_plan_set_speed(sw_plan *plan, double flops) {
    for (size_t k = 0; k < plan->count; k++) plan->runs[k].seconds = plan->runs[k].flops / flops;
    return sw_plan_sort(plan);
}

static sw_status apply(sw_plan_speed *out, sw_plan *plan, const kind *kinds, const size_t *of) {
    double seconds = 0, flops = 0, all = 0;
    for (size_t k = 0; k < plan->count; k++) {
        all += plan->runs[k].flops - plan->runs[k].measure_flops;
        if (of[k] == KINDS_MOST || !kinds[of[k]].measured) continue;
        seconds += paced_seconds(&kinds[of[k]].pace, &plan->runs[k].config);
        flops += plan->runs[k].flops - plan->runs[k].measure_flops;
    }
    *out = (sw_plan_speed){.flops = SW_REFERENCE_FLOPS};
    if (!(seconds > 0 && flops > 0)) return SW_OK;
    out->flops = flops / seconds;
    out->measured_share = flops / all;
    for (size_t k = 0; k < plan->count; k++) {
        sw_planned_run *run = &plan->runs[k];
        bool known = of[k] < KINDS_MOST && kinds[of[k]].measured;
        run->seconds = known ? paced_seconds(&kinds[of[k]].pace, &run->config) + run->measure_flops / out->flops
                             : run->flops / out->flops;
    }
    return sw_plan_sort(plan);
}

sw_status sw_plan_calibrate(sw_plan_speed *out, sw_plan *plan, sw_pace_function measure, double budget, size_t busy) {
    size_t count;
    kind *kinds = calloc(KINDS_MOST, sizeof *kinds);
    size_t *of = calloc(plan->count + 1, sizeof *of);
    sw_status status = kinds && of ? SW_OK : sw_fail(SW_E_MEMORY, "out of memory");
    if (status == SW_OK) status = find_kinds(kinds, &count, of, plan, budget);
    if (status == SW_OK) status = measure_kinds(kinds, count, plan, measure, budget, busy);
    if (status == SW_OK) status = apply(out, plan, kinds, of);
    free(of);
    free(kinds);
    return status;
}
