/* checks.c: tasks that cannot be built, families that are not defined or not true, labels that leak. */
#include "plan/checks.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static void SW_PRINTF(6, 7) report(const sw_checks *checks, bool warning, uint64_t k, const char *path,
                                   const char *hint, const char *format, ...) {
    char message[512];
    sw_position place;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    sw_sweep_locate(checks->sweep, k, path, &place);
    sw_diagnostics_add(checks->diagnostics, warning, place.line, place.column, place.path[0] ? place.path : path, hint,
                       "%s", message);
}

/* A task's own message begins with its key: "task.p: division needs a prime ...". */
static void report_task(const sw_checks *checks, uint64_t k) {
    const char *message = sw_fail_message();
    const char *colon = strstr(message, ": ");
    char path[64] = "task.kind";
    if (colon && colon - message < (long)sizeof path && !strncmp(message, "task.", 5)) {
        snprintf(path, sizeof path, "%.*s", (int)(colon - message), message);
        message = colon + 2;
    }
    report(checks, false, k, path, NULL, "%.500s", message);
    sw_fail_clear();
}

/* Inner products that a product table must give: sums of powers are none. */
static bool cannot_predict(const sw_family *family, const sw_family_config *config, const sw_task_config *task) {
    return config->intermediate == SW_INTERMEDIATE_PREDICTED && family->candidate_predicted && !family->predicts(task);
}

/* "defined on it: commutativity, associativity, ..." */
static void list_families(char out[256], const sw_task_config *task) {
    size_t used = (size_t)snprintf(out, 256, "defined on it:");
    for (int f = 0; f < SW_FAMILY_COUNT && used < 256; f++)
        if (sw_families[f]->applies(task)) used += (size_t)snprintf(out + used, 256 - used, " %s", sw_family_names[f]);
}

/* What is possible but must be known: a family that is false, or one that carries labels. true: said. */
static bool warn_family(const sw_checks *checks, uint64_t k, const sw_run_config *config, int f) {
    const char *name = sw_family_names[f];
    const sw_family_config *setting = &config->symmetry[f];
    char weight[96];
    snprintf(weight, sizeof weight, "symmetry.%s.weight", name);
    bool holds = sw_families[f]->holds(&config->task);
    if (!holds)
        report(checks, true, k, weight, NULL, "%s is false on this task: the run is a control, and marked so", name);
    bool exact = f == SW_FAMILY_ASSOCIATIVITY && setting->intermediate == SW_INTERMEDIATE_EXACT;
    bool leaks = (exact || f == SW_FAMILY_LABEL_PAIRS) && setting->inputs == SW_INPUTS_ALL;
    if (leaks)
        report(checks, true, k, weight,
               exact ? "\"inputs\": \"train\" or \"intermediate\": \"predicted\" keep test labels out"
                     : "\"inputs\": \"train\" keeps test labels out",
               "label leak: tuples of %s over all inputs tie held-out inputs to inputs of their label", name);
    return !holds || leaks;
}

static void check_family(sw_checks *checks, uint64_t k, const sw_run_config *config, int f) {
    const sw_family *family = sw_families[f];
    const sw_family_config *setting = &config->symmetry[f];
    char weight[96], option[96];
    bool applies = family->applies(&config->task);
    if (applies) checks->applies[f] = true;
    if (setting->weight == 0) return;
    snprintf(weight, sizeof weight, "symmetry.%s.weight", sw_family_names[f]);
    if (!applies) {
        char hint[256];
        checks->refused[f] = true;
        list_families(hint, &config->task);
        report(checks, false, k, weight, hint, "%s is not defined on this %s task", sw_family_names[f],
               sw_task_names[config->task.kind]);
        return;
    }
    snprintf(option, sizeof option, "symmetry.%s.intermediate", sw_family_names[f]);
    if (cannot_predict(family, setting, &config->task))
        report(checks, false, k, option, "use \"exact\"",
               "the inner value of this operation is a plain sum, not a product that the model predicts");
    if (!checks->warned[f]) checks->warned[f] = warn_family(checks, k, config, f);
}

static void check_split(const sw_checks *checks, uint64_t k, const sw_run_config *config, const sw_task *task) {
    long long train = llround(config->train_fraction * (double)task->inputs);
    long long inputs = (long long)task->inputs;
    if (train < 1) train = 1;
    if (train >= inputs)
        report(checks, false, k, "train_fraction", NULL, "no test input is left: %lld of %lld inputs are trained on",
               train, inputs);
    if (config->optimizer.batch_size > train)
        report(checks, false, k, "optimizer.batch_size", "\"full\" takes the whole train set",
               "a batch of %lld, but the train set has %lld inputs", (long long)config->optimizer.batch_size, train);
}

/* What `keep` is for does not come about where something depends on how many steps there are. */
static void check_keep(const sw_checks *checks, uint64_t k, const sw_run_config *config) {
    if (!config->checkpoint_keep) return;
    if (config->optimizer.schedule != SW_SCHEDULE_CONSTANT)
        report(checks, true, k, "optimizer.schedule", "\"constant\"",
               "checkpoint.keep: with more steps this schedule is another one from its beginning, and runs start anew");
    if (config->evaluate.snapshots > 0)
        report(checks, true, k, "evaluate.snapshots", "0, with evaluate.snapshot_steps",
               "checkpoint.keep: with more steps log-spaced snapshots lie elsewhere, and runs start anew");
}

/* No node has so much for one rank: a slip of the pen. */
static const size_t MEMORY_MOST = (size_t)256 << 30;

static sw_status check_size(const sw_checks *checks, uint64_t k, const sw_run_config *config) {
    sw_run_cost cost;
    sw_status status = sw_cost_estimate(&cost, config);
    if (status == SW_OK && cost.memory > MEMORY_MOST)
        report(checks, false, k, config->task.kind == SW_TASK_MODULAR ? "task.p" : "task.kind", NULL,
               "a run needs about %.0f GB of memory, more than the %zu GB that one may have",
               1e-9 * (double)cost.memory, MEMORY_MOST >> 30);
    return status;
}

sw_status sw_checks_run(sw_checks *checks, uint64_t k, const sw_run_config *config) {
    sw_task task;
    bool file_missing = config->task.graph == SW_GRAPH_EDGE_LIST && !config->task.file[0];
    if (config->task.kind < 0 || (config->task.kind == SW_TASK_GRAPH && file_missing))
        return SW_E_CONFIG; /* reported */
    sw_status status = sw_task_describe(&task, &config->task, &config->model);
    if (status == SW_E_MEMORY) return status;
    if (status != SW_OK) {
        report_task(checks, k);
        return SW_E_CONFIG;
    }
    for (int f = 0; f < SW_FAMILY_COUNT; f++) check_family(checks, k, config, f);
    check_split(checks, k, config, &task);
    check_keep(checks, k, config);
    int family = config->phase.family;
    if (!sw_families[family]->applies(&config->task))
        report(checks, true, k, "phase.family", NULL, "%s is not defined on this task: t_sym will be missing",
               sw_family_names[family]);
    return check_size(checks, k, config);
}

void sw_checks_end(const sw_checks *checks) {
    for (size_t i = 0; i < sw_key_count(); i++) {
        sw_key_info key;
        sw_position place;
        sw_key_describe(i, &key);
        for (int f = 0; f < SW_FAMILY_COUNT; f++) {
            char prefix[96];
            int length = snprintf(prefix, sizeof prefix, "symmetry.%s.", sw_family_names[f]);
            if (checks->applies[f] || checks->refused[f] || strncmp(key.path, prefix, (size_t)length)) continue;
            if (sw_sweep_locate(checks->sweep, 0, key.path, &place))
                report(checks, false, 0, key.path, "remove it", "%s is not defined on the task of any run",
                       sw_family_names[f]);
        }
    }
}
