/* changes.c: what a configuration is after a step. */
#include "symsweep/changes.h"

#include <string.h>

static double *number_at(sw_run_config *config, size_t field) { return (double *)(void *)((char *)config + field); }

static int64_t *step_at(sw_run_config *config, size_t field) { return (int64_t *)(void *)((char *)config + field); }

void sw_changes_made(sw_run_config *out, const sw_run_config *config, int64_t t) {
    *out = *config;
    for (int32_t i = 0; i < config->changes.count; i++) {
        const sw_change *change = &config->changes.list[i];
        if (change->at > t) return; /* they ascend */
        if (change->field == SW_CHANGE_FREEZE) continue;
        double *number = number_at(out, change->field);
        if (change->since && *number == 0 && *step_at(out, change->since) < change->at)
            *step_at(out, change->since) = change->at;
        if (change->field == offsetof(sw_run_config, train_fraction)) out->train_inputs = 0;
        *number = change->value;
    }
}

void sw_changes_widest(sw_run_config *out, const sw_run_config *config, int64_t t) {
    *out = *config;
    for (int32_t i = 0; i < config->changes.count && config->changes.list[i].at <= t; i++) {
        const sw_change *change = &config->changes.list[i];
        if (change->field == SW_CHANGE_FREEZE) continue;
        double *widest = number_at(out, change->field);
        if (change->value > 0 ? change->value > *widest : *widest <= 0 && change->value < *widest)
            *widest = change->value;
    }
}

int64_t sw_changes_next(const sw_run_config *config, int64_t t) {
    for (int32_t i = 0; i < config->changes.count; i++)
        if (config->changes.list[i].at > t) return config->changes.list[i].at;
    return SW_CHANGES_ALL;
}

bool sw_changes_has(const sw_run_config *config, size_t field) {
    for (int32_t i = 0; i < config->changes.count; i++)
        if (config->changes.list[i].field == field) return true;
    return false;
}

const char *sw_changes_frozen(const sw_run_config *config, int64_t t) {
    const char *names = "";
    for (int32_t i = 0; i < config->changes.count && config->changes.list[i].at <= t; i++)
        if (config->changes.list[i].field == SW_CHANGE_FREEZE)
            names = config->changes.tensors + (size_t)config->changes.list[i].value;
    return names;
}

bool sw_changes_names_tensor(const char *names, const char *tensor) {
    while (*names) {
        const size_t length = strcspn(names, " ");
        if (!strncmp(names, tensor, length) && (!tensor[length] || tensor[length] == '.')) return true;
        names += length + (names[length] == ' ');
    }
    return false;
}
