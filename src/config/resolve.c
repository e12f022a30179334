/* resolve.c: given values and defaults -> one configuration; checks that need more than one key. */
#include "config/resolve.h"

#include <stdio.h>
#include <string.h>

enum { EVALUATIONS_MAX = 1000000 };

void sw_config_give(sw_given given, const sw_assignments *assignments) {
    for (size_t i = 0; i < assignments->count; i++) {
        const sw_assignment *item = &assignments->items[i];
        given[item->key->number] = &item->value;
        if (item->twin) given[item->twin->number] = &item->value;
    }
}

void sw_config_resolve(sw_run_config *out, const sw_given given) {
    size_t count;
    const sw_key *keys = sw_keys_of(SW_SECTION_RUN, &count);
    memset(out, 0, sizeof *out);
    for (size_t i = 0; i < count; i++) {
        const sw_value *value = given[i];
        sw_value fallback;
        if (!value || value->broken || !sw_key_concerns(&keys[i], out)) {
            sw_key_default(&fallback, &keys[i], out, false);
            value = &fallback;
        }
        keys[i].type->store(out, &keys[i], value);
    }
}

void sw_config_default(sw_run_config *out) {
    sw_value modular = {.integer = SW_TASK_MODULAR, .node = -1, .member = -1};
    sw_given given = {NULL};
    given[sw_key_find(SW_SECTION_RUN, "task.kind")->number] = &modular;
    sw_config_resolve(out, given);
}

/* ---- checks across keys ---- */

typedef struct check {
    const sw_run_config *config;
    const sw_value *const *given;
    const sw_document *document;
    sw_fault_report report;
    const void *context;
} check;

static const sw_value *given_value(const check *c, const char *path) {
    const sw_key *key = sw_key_find(SW_SECTION_RUN, path);
    return c->given[key->number] && sw_key_concerns(key, c->config) ? c->given[key->number] : NULL;
}

static bool is_broken(const check *c, const char *path) {
    const sw_value *value = given_value(c, path);
    return value && value->broken;
}

/* The first of the keys that was given. */
static const sw_value *first_given(const check *c, const char *keys) {
    while (*keys) {
        char path[128];
        const size_t length = strcspn(keys, " ");
        snprintf(path, sizeof path, "%.*s", (int)length, keys);
        const sw_value *value = given_value(c, path);
        if (value) return value;
        keys += length + (keys[length] == ' ');
    }
    return NULL;
}

/* `fault` says the rest. */
static void SW_PRINTF(4, 0)
    report_at(const check *c, int32_t node, sw_run_fault fault, const char *format, va_list arguments) {
    char message[512];
    vsnprintf(message, sizeof message, format, arguments);
    sw_document_locate(c->document, node, &fault.place);
    fault.rule = format;
    fault.message = message;
    c->report(c->context, &fault);
}

/* Reports at the first of the keys, separated by blanks, that was given. */
static void SW_PRINTF(3, 4) report(const check *c, sw_run_fault fault, const char *format, ...) {
    const sw_value *value = first_given(c, fault.keys);
    int32_t run = sw_document_member(c->document, 0, "run");
    int32_t task = strncmp(fault.keys, "task.", 5) ? -1 : sw_document_member(c->document, run, "task");
    const int32_t node = value && value->node >= 0 ? value->node : task >= 0 ? task : run >= 0 ? run : 0;
    va_list arguments;
    va_start(arguments, format);
    report_at(c, node, fault, format, arguments);
    va_end(arguments);
}

void sw_config_report(const void *context, const sw_run_fault *fault) {
    const sw_document *document = context;
    sw_diagnostics_add(document->diagnostics, fault->warning, fault->place.line, fault->place.column, fault->place.path,
                       fault->hint, "%s", fault->message);
}

static void check_required(const check *c) {
    size_t count;
    const sw_key *keys = sw_keys_of(SW_SECTION_RUN, &count);
    for (size_t i = 0; i < count; i++) {
        if (!keys[i].required || c->given[i] || !sw_key_concerns(&keys[i], c->config)) continue;
        char type[256], causes[128];
        sw_key_type_text(&keys[i], type, sizeof type);
        snprintf(causes, sizeof causes, "%s task.graph", keys[i].path);
        report(c, (sw_run_fault){.keys = causes}, "%s is missing: expected %s", keys[i].path, type);
    }
}

/* keys: the digest's and the file's. */
static void check_file(const check *c, const char *file_key, const char *digest_key, const char *keys) {
    const sw_value *file = given_value(c, file_key), *digest = given_value(c, digest_key);
    if (!file || file->broken || !digest || digest->broken || !file->file->opened) return;
    if (memcmp(file->file->sha256, digest->file->sha256, sizeof file->file->sha256))
        report(c, (sw_run_fault){.keys = keys, .hint = "the file was changed, or it is another one"},
               "the content of %s has another SHA-256", file->file->path);
}

static void check_split(const check *c) {
    if (c->config->train_inputs > 0 && given_value(c, "train_fraction"))
        report(c, (sw_run_fault){.keys = "train_inputs train_fraction", .hint = "leave out one of them"},
               "train_inputs and train_fraction both say how much is trained on");
}

static void check_model(const check *c) {
    const sw_model_config *m = &c->config->model;
    if (m->kind != SW_MODEL_TRANSFORMER || is_broken(c, "model.heads") || is_broken(c, "model.d_model") ||
        is_broken(c, "model.d_head"))
        return;
    if (!given_value(c, "model.d_head") && m->d_model % m->heads)
        report(c,
               (sw_run_fault){.keys = "model.heads model.d_model",
                              .hint = "choose a divisor, or give model.d_head",
                              .multiple_of = "model.d_model",
                              .multiple = m->heads},
               "%d heads do not divide d_model = %d", m->heads, m->d_model);
    if ((int64_t)m->heads * m->d_head > 65536)
        report(c, (sw_run_fault){.keys = "model.d_head model.heads model.d_model"},
               "heads times d_head is %lld; at most 65536", (long long)m->heads * m->d_head);
}

static void check_start(const check *c) {
    static const char keys[] = "model.start.run model.start.step model.start.tensors model.start.parameters_sha256";
    if (!given_value(c, "model.start.results") && first_given(c, keys))
        report(c, (sw_run_fault){.keys = keys, .hint = "model.start.results names the file"},
               "a start without the results file that has it");
}

static void check_window(const check *c, const char *section, const char *name, int64_t from, int64_t until) {
    char first[128], second[128], both[256];
    if (until == -1 || until > from) return;
    snprintf(first, sizeof first, "%s.%s.until_step", section, name);
    snprintf(second, sizeof second, "%s.%s.from_step", section, name);
    if (is_broken(c, first) || is_broken(c, second)) return;
    snprintf(both, sizeof both, "%s %s", first, second);
    report(c, (sw_run_fault){.keys = both, .hint = "\"end\" = to the last step"},
           "the weight ends at step %lld, before it begins (after %lld)", (long long)until, (long long)from);
}

/* A weight that never acts. */
static void check_beginning(const check *c, const char *section, const char *name, double weight, int64_t from) {
    char keys[256];
    if (weight == 0 || from < c->config->steps) return;
    snprintf(keys, sizeof keys, "%s.%s.from_step", section, name);
    if (is_broken(c, keys) || is_broken(c, "steps")) return;
    report(c, (sw_run_fault){.warning = true, .keys = keys, .hint = "the run trains as if the weight were 0"},
           "the weight acts after step %lld, and the run ends at step %lld", (long long)from,
           (long long)c->config->steps);
}

static void check_windows(const check *c) {
    const sw_family_config *families = c->config->symmetry;
    const sw_prior_config *priors = c->config->geometry;
    for (int f = 0; f < SW_FAMILY_COUNT; f++)
        check_window(c, "symmetry", sw_family_names[f], families[f].from_step, families[f].until_step);
    for (int f = 0; f < SW_FAMILY_COUNT; f++)
        check_beginning(c, "symmetry", sw_family_names[f], families[f].weight, families[f].from_step);
    for (int p = 0; p < SW_PRIOR_COUNT; p++)
        check_beginning(c, "geometry", sw_prior_names[p], priors[p].weight, priors[p].from_step);
    for (int p = 0; p < SW_PRIOR_COUNT; p++)
        check_window(c, "geometry", sw_prior_names[p], priors[p].from_step, priors[p].until_step);
}

/* Gradient descent with decoupled decay w -= lr wd w minimizes loss + wd/2 |w|^2, and with momentum m the gradient
 * counts 1 / (1 - m) times: what is usual for AdamW, whose steps have a size of their own, leaves nothing of it. */
static void check_decay(const check *c) {
    static const double STRONG = 0.05;
    const sw_optimizer_config *o = &c->config->optimizer;
    if (o->kind != SW_OPTIMIZER_SGD || is_broken(c, "optimizer.weight_decay") || is_broken(c, "optimizer.momentum"))
        return;
    const double penalty = o->weight_decay * (1 - o->momentum);
    if (penalty < STRONG) return;
    report(c,
           (sw_run_fault){.warning = true,
                          .keys = "optimizer.weight_decay optimizer.kind",
                          .hint = "for SGD a weight_decay of 1e-4 to 1e-2 is usual"},
           "SGD with weight_decay %g and momentum %g minimizes loss + %.2g |w|^2, which drives the weights to 0",
           o->weight_decay, o->momentum, penalty / 2);
}

static void check_evaluations(const check *c) {
    const sw_run_config *r = c->config;
    if (r->evaluate.every <= r->steps || is_broken(c, "evaluate.every")) return;
    report(
        c, (sw_run_fault){.warning = true, .keys = "evaluate.every steps", .hint = "evaluate more often"},
        "an evaluation every %lld steps of %lld: the first and the last step alone are measured, and no onset between "
        "them is seen",
        (long long)r->evaluate.every, (long long)r->steps);
}

static void check_warmup(const check *c) {
    const sw_run_config *r = c->config;
    if (r->optimizer.warmup_steps < r->steps || r->optimizer.schedule == SW_SCHEDULE_COSINE ||
        !given_value(c, "optimizer.warmup_steps") || is_broken(c, "optimizer.warmup_steps"))
        return;
    report(c, (sw_run_fault){.warning = true, .keys = "optimizer.warmup_steps steps"},
           "the learning rate rises for %lld steps, and the run has %lld: it never gets to learning_rate",
           (long long)r->optimizer.warmup_steps, (long long)r->steps);
}

static void check_steps(const check *c) {
    const sw_run_config *r = c->config;
    const sw_evaluate_config *e = &r->evaluate;
    if (is_broken(c, "steps")) return;
    check_evaluations(c);
    check_warmup(c);
    if (r->optimizer.schedule != SW_SCHEDULE_CONSTANT && r->optimizer.warmup_steps >= r->steps)
        report(c, (sw_run_fault){.keys = "optimizer.warmup_steps steps optimizer.schedule"},
               "the warm-up of %lld steps leaves nothing of %lld steps for the %s",
               (long long)r->optimizer.warmup_steps, (long long)r->steps,
               r->optimizer.schedule == SW_SCHEDULE_LINEAR ? "line" : "cosine");
    if (r->steps / e->every > EVALUATIONS_MAX && !is_broken(c, "evaluate.every"))
        report(c, (sw_run_fault){.keys = "evaluate.every steps", .hint = "evaluate less often"},
               "%lld evaluations a run; at most %d", (long long)(r->steps / e->every), EVALUATIONS_MAX);
}

/* Reports at what is set by one of `changes`. */
static void SW_PRINTF(4, 5) report_change(const check *c, int64_t node, sw_run_fault fault, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    report_at(c, (int32_t)node, fault, format, arguments);
    va_end(arguments);
}

static void check_changes(const check *c) {
    const sw_value *value = given_value(c, "changes");
    const sw_run_fault growing = {.keys = "changes train_fraction", .hint = "a train set can only shrink"};
    double fraction = c->config->train_fraction;
    if (!value || value->broken) return;
    for (int32_t i = 0; i < value->count; i++) {
        const sw_change *change = &value->changes->list[i];
        if (change->at >= c->config->steps && !is_broken(c, "steps"))
            report_change(c, value->list[i], (sw_run_fault){.keys = "changes steps"},
                          "nothing is trained after step %lld: the run has %lld steps", (long long)change->at,
                          (long long)c->config->steps);
        if (change->field != offsetof(sw_run_config, train_fraction)) continue;
        if (c->config->train_inputs > 0)
            report_change(c, value->list[i],
                          (sw_run_fault){.keys = "changes train_inputs", .hint = "give train_fraction in its place"},
                          "train_fraction cannot change where train_inputs says how much is trained on");
        else if (change->value > fraction)
            report_change(c, value->list[i], growing, "train_fraction grows from %g to %g", fraction, change->value);
        fraction = change->value;
    }
}

void sw_config_check(const sw_run_config *config, const sw_given given, const sw_document *document,
                     sw_fault_report report_fault, const void *context) {
    const check c = {config, given, document, report_fault, context};
    check_required(&c);
    check_file(&c, "task.file", "task.file_sha256", "task.file_sha256 task.file");
    check_file(&c, "symmetry.automorphism.source", "symmetry.automorphism.source_sha256",
               "symmetry.automorphism.source_sha256 symmetry.automorphism.source");
    check_split(&c);
    check_model(&c);
    check_start(&c);
    check_windows(&c);
    check_decay(&c);
    check_steps(&c);
    check_changes(&c);
}
