/* check_leaks.c: which test labels follow from train labels, through mirrors and through symmetry families. */
#include "cli/check_leaks.h"

#include "symsweep/changes.h"
#include "symsweep/task.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What makes two runs one line of the report; compared as bytes, gaps are zero. */
typedef struct setting {
    sw_task_config task;
    double train_fraction;
    int64_t train_inputs;
    uint32_t weighted;               /* bit a family */
    int32_t inputs[SW_FAMILY_COUNT]; /* of the weighted ones */
    int32_t intermediate[SW_FAMILY_COUNT];
} setting;

static void read_setting(setting *out, const sw_run_config *config) {
    memset(out, 0, sizeof *out);
    memcpy(&out->task, &config->task, sizeof out->task);
    out->train_fraction = config->train_fraction;
    out->train_inputs = config->train_inputs;
    for (int f = 0; f < SW_FAMILY_COUNT; f++) {
        if (config->symmetry[f].weight <= 0) continue;
        out->weighted |= UINT32_C(1) << f;
        out->inputs[f] = config->symmetry[f].inputs;
        out->intermediate[f] = config->symmetry[f].intermediate;
    }
}

/* ---- shares ---- */

static double mirrored_share(const sw_task *task, const int8_t *split, size_t test) {
    size_t count = 0;
    if (!task->mirror) return NAN;
    for (size_t i = 0; i < task->inputs; i++)
        if (!split[i] && task->mirror[i] >= 0 && split[task->mirror[i]]) count++;
    return (double)count / (double)test;
}

/* Of the test inputs, those that are derived through the families of `bits`. */
static sw_status derived_share(double *out, int8_t *derived, const sw_task *task, const int8_t *split, size_t test,
                               const sw_family_config *families, uint32_t bits) {
    size_t count = 0;
    sw_status status = sw_task_derived(derived, task, split, families, bits);
    for (size_t i = 0; i < task->inputs && status == SW_OK; i++) count += !split[i] && derived[i];
    *out = status != SW_OK ? NAN : (double)count / (double)test;
    return status;
}

static sw_status derive_families(sw_leak *leak, int8_t *derived, const sw_task *task, const int8_t *split,
                                 const sw_run_config *config) {
    sw_status status = SW_OK;
    uint32_t weighted = 0;
    leak->all_weighted = NAN;
    for (int f = 0; f < SW_FAMILY_COUNT && status == SW_OK; f++) {
        leak->derived[f] = NAN;
        if (!sw_families[f]->applies(&config->task)) continue;
        leak->weighted[f] = config->symmetry[f].weight > 0;
        leak->holds[f] = sw_families_holds(&config->task, (sw_family_id)f);
        leak->inputs[f] = config->symmetry[f].inputs;
        leak->predicted[f] = leak->weighted[f] && config->symmetry[f].intermediate == SW_INTERMEDIATE_PREDICTED;
        if (leak->weighted[f]) weighted |= UINT32_C(1) << f;
        status = derived_share(&leak->derived[f], derived, task, split, leak->test, config->symmetry, UINT32_C(1) << f);
    }
    if (status == SW_OK && weighted)
        status = derived_share(&leak->all_weighted, derived, task, split, leak->test, config->symmetry, weighted);
    return status;
}

static sw_status report_one(sw_leak *leak, const sw_run_config *config) {
    sw_task *task = NULL;
    *leak = (sw_leak){.train_fraction = config->train_fraction, .data_seed = config->data_seed, .runs = 1};
    sw_check_task_title(leak->task, &config->task);
    sw_status status = sw_task_create(&task, &config->task, &config->model, config->data_seed);
    if (status != SW_OK) return status;
    int8_t *split = malloc(task->inputs), *derived = malloc(task->inputs);
    if (!split || !derived) {
        status = sw_fail(SW_E_MEMORY, "out of memory");
        goto cleanup;
    }
    leak->train = sw_task_split(split, task, config);
    leak->test = task->inputs - leak->train;
    if (config->train_inputs > 0) leak->train_fraction = (double)leak->train / (double)task->inputs;
    leak->mirrored = mirrored_share(task, split, leak->test);
    status = sw_task_add_noise(task, split, config->data_seed);
    if (status == SW_OK) status = derive_families(leak, derived, task, split, config);
cleanup:
    free(derived);
    free(split);
    sw_task_destroy(task);
    return status;
}

typedef enum reason { REPORTED, TOO_LARGE, NO_TEST_SET } reason;

static reason why_not(const sw_run_config *config) {
    sw_task task;
    if (sw_task_describe(&task, &config->task, &config->model) != SW_OK) {
        sw_fail_clear();
        return TOO_LARGE;
    }
    if (sw_run_train(config, task.inputs) == task.inputs) return NO_TEST_SET;
    return task.inputs > SW_LEAK_INPUTS_MAX ? TOO_LARGE : REPORTED;
}

sw_status sw_check_leaks_find(sw_check_leaks *out, size_t most, const sw_plan *plan) {
    enum { SETTINGS_MAX = 1024 };
    sw_status status = SW_OK;
    size_t reported[SETTINGS_MAX]; /* setting -> report + 1, 0 = none */
    setting *known = calloc(SETTINGS_MAX + 1, sizeof *known);
    if (!known) return sw_fail(SW_E_MEMORY, "out of memory");
    out->count = out->distinct = out->too_large = 0;
    for (size_t k = 0; k < plan->count && status == SW_OK; k++) {
        sw_run_config widest; /* families that have weight at any time */
        const sw_run_config *config = &widest;
        sw_changes_widest(&widest, &plan->runs[k].config, SW_CHANGES_ALL);
        size_t i = 0;
        setting *s = &known[out->distinct];
        read_setting(s, config);
        while (i < out->distinct && memcmp(&known[i], s, sizeof *s) != 0) i++;
        if (i < out->distinct) {
            if (reported[i]) out->leak[reported[i] - 1].runs++;
            continue;
        }
        if (i == SETTINGS_MAX) continue;
        const reason left_out = why_not(config);
        if (left_out == NO_TEST_SET) continue;
        reported[i] = 0;
        out->distinct++;
        if (out->count == most) continue;
        if (left_out == TOO_LARGE) {
            out->too_large++;
            continue;
        }
        status = report_one(&out->leak[out->count], config);
        if (status == SW_OK) reported[i] = ++out->count;
    }
    free(known);
    return status;
}
