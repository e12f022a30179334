/* checks.c: tasks that cannot be built, families that are not defined or not true, labels that leak. */
#include "plan/checks.h"
#include "plan/tensors.h"

#include "symsweep/automorphism.h"
#include "symsweep/changes.h"
#include "symsweep/nn.h"
#include "symsweep/sha256.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* keys: what the fault comes from, the place to report it at first (sw_run_fault). */
static void SW_PRINTF(6, 7) report(const sw_checks *checks, bool warning, uint64_t k, const char *keys,
                                   const char *hint, const char *format, ...) {
    char message[512], path[128];
    sw_run_fault fault = {.rule = format, .keys = keys, .warning = warning, .hint = hint, .message = message};
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    snprintf(path, sizeof path, "%.*s", (int)strcspn(keys, " "), keys);
    sw_sweep_locate(checks->sweep, k, path, &fault.place);
    if (!fault.place.path[0]) snprintf(fault.place.path, sizeof fault.place.path, "%s", path);
    sw_sweep_faults_add(checks->sweep, k, &fault);
}

/* At what one of `changes` sets. */
static void SW_PRINTF(6, 7) report_change(const sw_checks *checks, uint64_t k, uint32_t field, int64_t at,
                                          const char *hint, const char *format, ...) {
    char message[512];
    sw_run_fault fault = {.rule = format, .keys = "changes model.", .hint = hint, .message = message};
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    sw_sweep_locate_change(checks->sweep, k, field, at, &fault.place);
    sw_sweep_faults_add(checks->sweep, k, &fault);
}

/* A task's own message begins with its key: "task.p: division needs a prime ...". */
static void report_task(const sw_checks *checks, uint64_t k) {
    const char *message = sw_fail_message();
    const char *colon = strstr(message, ": ");
    char keys[80] = "task.kind task.";
    if (colon && colon - message < 64 && !strncmp(message, "task.", 5)) {
        snprintf(keys, sizeof keys, "%.*s task.", (int)(colon - message), message);
        message = colon + 2;
    }
    report(checks, false, k, keys, NULL, "%.500s", message);
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
    bool holds = sw_families_holds(&config->task, (sw_family_id)f);
    if (!holds)
        report(checks, true, k, weight, NULL, "%s is false on this task: the run is a control, and marked so", name);
    bool exact = f == SW_FAMILY_ASSOCIATIVITY && setting->intermediate == SW_INTERMEDIATE_EXACT;
    bool leaks = (exact || f == SW_FAMILY_LABEL_PAIRS) && setting->inputs == SW_INPUTS_ALL && setting->weight > 0;
    if (leaks)
        report(checks, true, k, weight,
               exact ? "\"inputs\": \"train\" or \"intermediate\": \"predicted\" keep test labels out"
                     : "\"inputs\": \"train\" keeps test labels out",
               "label leak: tuples of %s over all inputs tie held-out inputs to inputs of their label", name);
    return !holds || leaks;
}

static void warn_suppressed(const sw_checks *checks, uint64_t k, const sw_family_config *setting, int f) {
    char weight[96];
    snprintf(weight, sizeof weight, "symmetry.%s.weight", sw_family_names[f]);
    report(checks, true, k, weight, NULL,
           "a negative weight suppresses %s: its violation is rewarded, each tuple's up to %g nat (symmetry.%s.bound)",
           sw_family_names[f], setting->bound, sw_family_names[f]);
}

/* Why there are no symmetries to compare: a file of them that is none is refused, weighted or not. */
static void refuse_automorphism(sw_checks *checks, uint64_t k, const sw_run_config *config) {
    static const char keys[] = "symmetry.automorphism.weight symmetry.automorphism. task.";
    sw_automorphism_facts facts;
    if (sw_automorphism_describe(&facts, &config->task) != SW_OK) {
        checks->refused[SW_FAMILY_AUTOMORPHISM] = true;
        report(checks, false, k, "symmetry.automorphism.source symmetry.automorphism.scope task.", NULL, "%.480s",
               sw_fail_message());
        sw_fail_clear();
        return;
    }
    if (config->symmetry[SW_FAMILY_AUTOMORPHISM].weight == 0) {
        if (facts.late && !checks->warned[SW_FAMILY_AUTOMORPHISM])
            report(checks, true, k, "symmetry.automorphism.time_limit", NULL, "automorphism is not measured: %s",
                   facts.reason);
        checks->warned[SW_FAMILY_AUTOMORPHISM] |= facts.late;
        checks->refused[SW_FAMILY_AUTOMORPHISM] |= facts.late; /* its keys have a task, but for time */
        return;
    }
    checks->refused[SW_FAMILY_AUTOMORPHISM] = true;
    report(checks, false, k, keys, NULL, "automorphism is not defined on this %s task: %s",
           sw_task_names[config->task.kind], facts.reason[0] ? facts.reason : "its table has no symmetry");
}

static void check_family(sw_checks *checks, uint64_t k, const sw_run_config *config, bool applies, int f) {
    const sw_family *family = sw_families[f];
    const sw_family_config *setting = &config->symmetry[f];
    char weight[96], option[192];
    if (applies) checks->applies[f] = true;
    if (!applies && f == SW_FAMILY_AUTOMORPHISM) {
        refuse_automorphism(checks, k, config);
        return;
    }
    if (setting->weight == 0) return;
    snprintf(weight, sizeof weight, "symmetry.%s.weight", sw_family_names[f]);
    if (!applies) {
        char hint[256], keys[128];
        checks->refused[f] = true;
        list_families(hint, &config->task);
        snprintf(keys, sizeof keys, "%s task.", weight);
        report(checks, false, k, keys, hint, "%s is not defined on this %s task", sw_family_names[f],
               sw_task_names[config->task.kind]);
        return;
    }
    snprintf(option, sizeof option, "symmetry.%s.intermediate symmetry.%s.weight task.", sw_family_names[f],
             sw_family_names[f]);
    if (cannot_predict(family, setting, &config->task))
        report(checks, false, k, option, "use \"exact\"",
               "the inner value of this operation is a plain sum, not a product that the model predicts");
    if (!checks->warned[f]) checks->warned[f] = warn_family(checks, k, config, f);
    if (setting->weight < 0 && !checks->suppressed[f]) {
        checks->suppressed[f] = true;
        warn_suppressed(checks, k, setting, f);
    }
}

/* A weight on a family over train inputs needs a tuple there. */
static sw_status check_tuples(sw_checks *checks, uint64_t k, const sw_run_config *config, int f) {
    const sw_family_config *setting = &config->symmetry[f];
    char keys[192], hint[128];
    bool found;
    if (setting->weight == 0 || setting->inputs != SW_INPUTS_TRAIN) return SW_OK;
    sw_status status = sw_check_tuples(&found, &checks->tuples, config, (sw_family_id)f);
    if (status != SW_OK || found) return status;
    snprintf(keys, sizeof keys, "symmetry.%s.inputs symmetry.%s.weight train_fraction data_seed seed task.",
             sw_family_names[f], sw_family_names[f]);
    snprintf(hint, sizeof hint, "train on more of the table, or take \"inputs\": \"all\"");
    report(checks, false, k, keys, hint, "no tuple of %s lies within the train split of %zu inputs", sw_family_names[f],
           checks->tuples.train);
    return SW_OK;
}

static void check_split(sw_checks *checks, uint64_t k, const sw_run_config *config, size_t inputs) {
    const size_t train = sw_run_train(config, inputs);
    if (config->train_inputs > 0 && (uint64_t)config->train_inputs > inputs)
        report(checks, false, k, "train_inputs task.", NULL, "%lld train inputs of a table that has %zu",
               (long long)config->train_inputs, inputs);
    else if (train >= inputs && config->train_inputs == 0 && config->train_fraction < 1)
        report(checks, false, k, "train_fraction task.", "1 = no test set",
               "no test input is left: %zu of %zu inputs are trained on", train, inputs);
    const int64_t batch = config->optimizer.batch_size;
    if (batch > 0 && (uint64_t)batch > train && sw_run_batch(&config->optimizer, train).full) {
        sw_short_sets *set = &checks->short_sets;
        if (set->runs++ == 0) *set = (sw_short_sets){1, k, batch, train, train};
        if (train < set->least) set->least = train;
        if (train > set->most) set->most = train;
    }
}

static void warn_short_sets(const sw_checks *checks) {
    const sw_short_sets *set = &checks->short_sets;
    char sizes[64];
    if (set->runs == 0) return;
    snprintf(sizes, sizeof sizes, set->least < set->most ? "%zu to %zu" : "%zu", set->least, set->most);
    report(checks, true, set->first, "optimizer.batch_size", NULL,
           "%zu run%s on a train set of %s inputs, smaller than the batch (%lld): the full batch is taken", set->runs,
           set->runs == 1 ? " trains" : "s train", sizes, (long long)set->batch);
}

/* What an edge list holds that is passed over. */
static sw_status note_edge_list(sw_checks *checks, uint64_t k, const sw_task_config *task) {
    sw_graph_facts facts;
    const sw_edge_list *list = &facts.list;
    sw_status status = sw_graph_describe(&facts, task);
    if (status != SW_OK) return status;
    if (list->header_line > 0)
        report(checks, true, k, "task.file", NULL, "line %zu names columns and is passed over: \"%s\"",
               list->header_line, list->first_text);
    if (list->counts_line > 0)
        report(checks, true, k, "task.file", "if it is an edge, put it behind another one",
               "line %zu counts nodes and edges and is passed over: \"%s\"", list->counts_line, list->first_text);
    if (list->further > 0)
        report(checks, true, k, "task.file", NULL,
               "%zu line%s more than two fields, of which the others are ignored: \"%s\" in line %zu", list->further,
               list->further == 1 ? " has" : "s have", list->further_text, list->further_line);
    if (list->components > 1)
        report(checks, true, k, "task.component", NULL, "the largest of %zu components is taken: %d of %zu nodes",
               list->components, facts.nodes, list->nodes);
    return SW_OK;
}

static sw_status note_table(sw_checks *checks, uint64_t k, const sw_task_config *task) {
    sw_table_notes notes;
    sw_status status = sw_table_describe(&notes, task);
    if (status == SW_OK && notes.header_line > 0)
        report(checks, true, k, "task.file", NULL, "line %zu names columns and is passed over: \"%s\"",
               notes.header_line, notes.first_text);
    if (status == SW_OK && notes.lone_line > 0)
        report(checks, true, k, "task.file", "if it names the columns, set task.header",
               "line %zu is read as an input, though no token and no label of it stands in another line: \"%s\"",
               notes.lone_line, notes.first_text);
    if (status == SW_OK && notes.mixed_line > 0)
        report(checks, true, k, "task.file", "if it is a slip, mend that line",
               "column %zu has both numbers and words; the first of the rarer kind is \"%s\" in line %zu",
               notes.mixed_column, notes.mixed_text, notes.mixed_line);
    return status;
}

static bool reads_file(const sw_task_config *task) {
    return task->kind == SW_TASK_TABLE || (task->kind == SW_TASK_GRAPH && task->graph == SW_GRAPH_EDGE_LIST);
}

/* What the run's file holds that is passed over, told once for runs of one file in a row. */
static sw_status note_file(sw_checks *checks, uint64_t k, const sw_task_config *task) {
    if (!reads_file(task)) return SW_OK;
    if (!memcmp(checks->noted, task->file_sha256, sizeof checks->noted) && checks->noted_component == task->component)
        return SW_OK;
    memcpy(checks->noted, task->file_sha256, sizeof checks->noted);
    checks->noted_component = task->component;
    return task->kind == SW_TASK_TABLE ? note_table(checks, k, task) : note_edge_list(checks, k, task);
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

static sw_status check_size(sw_run_cost *cost, const sw_checks *checks, uint64_t k, const sw_run_config *config) {
    sw_status status = sw_cost_look_up(cost, checks->costs, config);
    if (status == SW_OK && cost->memory > MEMORY_MOST)
        report(checks, false, k,
               config->task.kind == SW_TASK_MODULAR ? "task.p task. model. optimizer. symmetry. geometry."
                                                    : "task.kind task. model. optimizer. symmetry. geometry.",
               NULL, "a run needs about %.0f GB of memory, more than the %zu GB that one may have",
               1e-9 * (double)cost->memory, MEMORY_MOST >> 30);
    return status;
}

/* The run's task among the last ones, described when it is none of them. */
static sw_status look_up_task(const sw_checked_task **out, sw_checks *checks, const sw_run_config *config) {
    for (size_t i = 0; i < SW_CHECKS_TASKS; i++) {
        *out = &checks->task[i];
        if ((*out)->inputs && memcmp(&(*out)->config, &config->task, sizeof config->task) == 0) return SW_OK;
    }
    sw_task task;
    sw_status status = sw_task_describe(&task, &config->task, &config->model);
    if (status != SW_OK) return status;
    sw_checked_task *known = &checks->task[checks->next++ % SW_CHECKS_TASKS];
    known->config = config->task;
    known->inputs = task.inputs;
    known->named_alike = task.named_alike;
    for (int f = 0; f < SW_FAMILY_COUNT; f++) known->applies[f] = sw_families[f]->applies(&config->task);
    *out = known;
    return SW_OK;
}

/* Names that name no tensor of the model. */
static sw_status check_frozen(const sw_checks *checks, uint64_t k, const sw_run_config *config, const char *names,
                              int64_t at) {
    char wrong[SW_TENSOR_NAMES_MAX], list[256] = "";
    sw_tensor *tensors;
    size_t count;
    const sw_status status = sw_plan_tensors(&tensors, &count, config);
    for (size_t i = 0, used = 0; i < count && tensors && used < sizeof list; i++)
        used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", i ? ", " : "its tensors: ", tensors[i].name);
    while (status == SW_OK && sw_plan_unknown_tensor(wrong, &names, tensors, count))
        report_change(checks, k, SW_CHANGE_FREEZE, at, list, "the model has no tensor %s, which is to be frozen",
                      wrong);
    free(tensors);
    return status;
}

static sw_status check_changes(const sw_checks *checks, uint64_t k, const sw_run_config *config) {
    sw_status status = SW_OK;
    for (int32_t i = 0; i < config->changes.count && status == SW_OK; i++) {
        const sw_change *change = &config->changes.list[i];
        if (change->field == SW_CHANGE_FREEZE)
            status = check_frozen(checks, k, config, sw_changes_frozen(config, change->at), change->at);
    }
    return status;
}

static void check_unembedding(const sw_checks *checks, uint64_t k, const sw_run_config *config, bool named_alike) {
    if (config->model.unembedding == SW_UNEMBEDDING_TIED && !named_alike)
        report(checks, false, k, "model.unembedding task.", "\"untied\"",
               "a tied unembedding is for tasks whose classes are their entities, in the same order: those of this "
               "%s task are not",
               sw_task_names[config->task.kind]);
}

/* Is it the file that the sweep writes? */
static bool is_own_output(const sw_checks *checks, const char *path) {
    char *own = realpath(sw_sweep_output(checks->sweep), NULL), *other = realpath(path, NULL);
    const bool same = own && other && !strcmp(own, other);
    free(own);
    free(other);
    return same;
}

static sw_status read_start(sw_checks *checks, const sw_run_config *config) {
    sw_checked_start *known = &checks->start;
    sw_start_config wanted = config->start;
    float *values = NULL;
    memcpy(wanted.sha256, known->start.sha256, sizeof wanted.sha256);
    if (!memcmp(&known->start, &wanted, sizeof wanted) && !memcmp(&known->task, &config->task, sizeof known->task) &&
        !memcmp(&known->model, &config->model, sizeof known->model))
        return SW_OK;
    *known = (sw_checked_start){.start = {.file = ""}};
    sw_status status = sw_plan_read_start(&values, wanted.sha256, config);
    free(values);
    if (status != SW_OK) return status;
    memcpy(&known->start, &wanted, sizeof wanted);
    memcpy(&known->task, &config->task, sizeof known->task);
    memcpy(&known->model, &config->model, sizeof known->model);
    return SW_OK;
}

/* What a run starts from, and its digest. */
static sw_status check_start(sw_checks *checks, uint64_t k, sw_run_config *config) {
    static const char keys[] = "model.start.run model.start.step model.start.tensors model.start.results model.";
    static const uint8_t none[SW_SHA256_BYTES];
    sw_start_config *start = &config->start;
    if (!start->file[0]) return SW_OK;
    if (is_own_output(checks, start->file)) {
        report(checks, false, k, "model.start.results", "give this sweep another output",
               "runs cannot start from the results file that their own sweep writes");
        return SW_OK;
    }
    const sw_status status = read_start(checks, config);
    if (status == SW_E_MEMORY) return status;
    if (status != SW_OK) {
        report(checks, false, k, keys, NULL, "%.480s", sw_fail_message());
        sw_fail_clear();
        return SW_OK;
    }
    if (memcmp(start->sha256, none, sizeof none) && memcmp(start->sha256, checks->start.start.sha256, sizeof none))
        report(checks, false, k, "model.start.parameters_sha256 model.start.results",
               "the file was changed, or it is another snapshot", "the parameters there have another SHA-256");
    memcpy(start->sha256, checks->start.start.sha256, sizeof start->sha256);
    return SW_OK;
}

static void warn_phase_family(const sw_checks *checks, uint64_t k, const sw_run_config *config) {
    sw_automorphism_facts facts = {0};
    if (config->phase.family == SW_FAMILY_AUTOMORPHISM && sw_automorphism_describe(&facts, &config->task) != SW_OK)
        sw_fail_clear(); /* reported */
    report(checks, true, k, "phase.family", NULL, "%s is not defined on this task%s%s: t_sym will be missing",
           sw_family_names[config->phase.family], facts.reason[0] ? ", for " : "", facts.reason);
}

/* A sum of operands that share their embeddings has no order. */
static void check_sum(sw_checks *checks, uint64_t k, const sw_run_config *config) {
    const sw_model_config *model = &config->model;
    const bool one_hot = model->input == SW_INPUT_ONE_HOT;
    if (model->combine != SW_COMBINE_SUM || (model->operand_embeddings == SW_OPERANDS_SEPARATE && !one_hot) ||
        checks->summed || sw_families_unordered(&config->task))
        return;
    checks->summed = true;
    report(checks, true, k, "model.combine model.input task.",
           one_hot ? "\"concat\"" : "\"concat\", or operand_embeddings \"separate\"",
           "the sum of the operands does not tell their order, on which labels of this %s task depend",
           sw_task_names[config->task.kind]);
}

sw_status sw_checks_run(sw_run_cost *cost, sw_checks *checks, uint64_t k, sw_run_config *config) {
    const sw_checked_task *task;
    if (config->task.kind < 0 || (reads_file(&config->task) && !config->task.file[0]))
        return SW_E_CONFIG; /* reported */
    sw_status status = look_up_task(&task, checks, config);
    if (status == SW_E_MEMORY) return status;
    if (status != SW_OK) {
        report_task(checks, k);
        return SW_E_CONFIG;
    }
    sw_run_config widest, last; /* weights at their widest; on the smallest train set */
    sw_changes_widest(&widest, config, SW_CHANGES_ALL);
    sw_changes_made(&last, config, SW_CHANGES_ALL);
    for (int f = 0; f < SW_FAMILY_COUNT; f++) check_family(checks, k, &widest, task->applies[f], f);
    status = check_changes(checks, k, config);
    if (status != SW_OK) return status;
    check_split(checks, k, config, task->inputs);
    check_sum(checks, k, config);
    status = note_file(checks, k, &config->task);
    if (status != SW_OK) return status;
    check_keep(checks, k, config);
    check_unembedding(checks, k, config, task->named_alike);
    status = check_start(checks, k, config);
    if (status != SW_OK) return status;
    int family = config->phase.family;
    if (!task->applies[family]) warn_phase_family(checks, k, config);
    widest.train_fraction = last.train_fraction;
    status = check_size(cost, checks, k, config);
    for (int f = 0; f < SW_FAMILY_COUNT && status == SW_OK; f++)
        if (task->applies[f] && task->inputs <= SW_TUPLE_CHECK_INPUTS) status = check_tuples(checks, k, &widest, f);
    return status;
}

void sw_checks_end(const sw_checks *checks) {
    warn_short_sets(checks);
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
