/* sweep_exclude.c: `exclude` of a sweep file: conditions on keys, and the runs that meet one. */
#include "config/sweep_exclude.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { VALUES_MAX = 20000 }; /* of all conditions: every run is compared with each */

/* One key of a condition (two, under an alias): the values that meet it, or where values that meet it lie. */
typedef struct filter {
    sw_dimension of;
    double above, below; /* without values: both strict */
} filter;

typedef struct condition {
    filter *filters;
    size_t filter_count;
    int32_t node, label; /* nodes; label -1 = of any label */
    bool broken;         /* reported: no run meets it */
    uint64_t runs;       /* that meet it */
} condition;

/* ---- reading ---- */

static bool is_any(const sw_document *document, const sw_key *key, int32_t node) {
    (void)document;
    (void)key;
    (void)node;
    return true;
}

/* {"above": a, "below": b}; false: reported. */
static bool read_bounds(sw_reader *reader, filter *out, int32_t node) {
    const sw_document *document = reader->document;
    const char *const names[] = {"above", "below"};
    double *const bounds[] = {&out->above, &out->below};
    if (!sw_key_is_numeric(out->of.key))
        return sw_document_error(document, node, "give a value, or a list of values", "the key takes no numbers");
    for (int32_t i = document->nodes[node].child; i >= 0; i = document->nodes[i].next) {
        const char *name = sw_document_key(document, i);
        int64_t integer;
        bool whole;
        const int bound = !strcmp(name, names[0]) ? 0 : !strcmp(name, names[1]) ? 1 : -1;
        char hint[256];
        if (bound < 0) {
            sw_document_suggest(hint, sw_document_nearest(name, names, 2), "");
            return sw_document_key_error(document, i, hint, "expected above or below");
        }
        if (document->nodes[i].broken) return false;
        if (document->nodes[i].type != SW_NODE_NUMBER) return sw_document_expected(document, i, NULL, "a number");
        *bounds[bound] = sw_document_number(document, i, &integer, &whole);
    }
    if (out->above < out->below) return true;
    return sw_document_error(document, node, "both are strict", "no number is above the one and below the other");
}

/* A value, a list of values, a generator, or bounds. false: reported. */
static bool read_filter(sw_reader *reader, filter *out, const sw_assignment *given) {
    const sw_document *document = reader->document;
    const int32_t node = given->value.node;
    const sw_node *n = &document->nodes[node];
    *out = (filter){.of = {.path = given->key->path, .key = given->key, .twin = given->twin, .member = node},
                    .above = -INFINITY,
                    .below = INFINITY};
    if (sw_generator_varies(document, given->key, node)) {
        if (!sw_generator_values(reader, &out->of, node)) return false;
    } else if (n->type == SW_NODE_OBJECT && n->count > 0) {
        return read_bounds(reader, out, node);
    } else {
        out->of.values = sw_key_allocate(reader, 1, sizeof *out->of.values);
        if (!out->of.values) return false;
        sw_reader_value(reader, &out->of.values[out->of.count++], given->key, node);
    }
    bool valid = out->of.values != NULL;
    for (size_t i = 0; i < out->of.count && valid; i++) valid = !out->of.values[i].broken;
    return valid;
}

static bool is_label(const sw_sweep *sweep, const char *text) {
    for (size_t i = 0; i < sweep->case_count; i++)
        if (!strcmp(sweep->cases[i].label, text)) return true;
    return false;
}

/* A label that a case has. false: reported. */
static bool check_label(const sw_sweep *sweep, int32_t node) {
    enum { LABELS_MAX = 256 };
    const char *labels[LABELS_MAX];
    char hint[256];
    size_t count = 0;
    if (sweep->document->nodes[node].type != SW_NODE_STRING)
        return sw_document_expected(sweep->document, node, NULL, "a label, or a list of labels");
    const char *text = sw_document_string(sweep->document, node);
    if (is_label(sweep, text)) return true;
    for (; count < sweep->case_count && count < LABELS_MAX; count++) labels[count] = sweep->cases[count].label;
    sw_document_suggest(hint, sw_document_nearest(text, labels, count), "\"");
    return sw_document_error(sweep->document, node, hint, "no case has the label \"%.127s\"", text);
}

static bool check_labels(const sw_sweep *sweep, int32_t node) {
    const sw_node *n = &sweep->document->nodes[node];
    bool valid = true;
    if (n->type != SW_NODE_ARRAY) return check_label(sweep, node);
    for (int32_t i = n->child; i >= 0; i = sweep->document->nodes[i].next) valid = check_label(sweep, i) && valid;
    return valid;
}

static void read_condition(condition *out, const sw_sweep *sweep, sw_reader *reader, int32_t node) {
    const sw_scope scope = {.section = SW_SECTION_RUN, .prefix = "", .dotted = true, .skip = "label", .later = is_any};
    const char *hint = "as in {\"model.heads\": 3, \"model.d_model\": {\"above\": 64}}";
    const sw_document *document = sweep->document;
    sw_assignments given = {NULL, 0, 0};
    const size_t errors = sw_diagnostics_errors(document->diagnostics);
    *out = (condition){.node = node, .label = sw_document_member(document, node, "label")};
    if (document->nodes[node].type != SW_NODE_OBJECT)
        sw_document_expected(document, node, hint, "an object of keys");
    else if (document->nodes[node].count == 0)
        sw_document_error(document, node, hint, "a condition without keys, which every run would meet");
    else
        sw_reader_assignments(reader, &given, node, &scope);
    if (out->label >= 0) check_labels(sweep, out->label);
    out->filters = sw_key_allocate(reader, given.count + 1, sizeof *out->filters);
    for (size_t i = 0; i < given.count && out->filters; i++)
        if (read_filter(reader, &out->filters[out->filter_count], &given.items[i])) out->filter_count++;
    out->broken = sw_diagnostics_errors(document->diagnostics) != errors;
    free(given.items);
}

/* ---- runs ---- */

static bool meets_key(const filter *f, const sw_key *key, const sw_run_config *config) {
    sw_field field;
    if (!sw_key_concerns(key, config)) return false;
    sw_key_get(&field, config, key);
    for (size_t i = 0; i < f->of.count; i++)
        if (key->type->compare(&field.value, &f->of.values[i]) == 0) return true;
    if (f->of.count || (key->word && field.value.integer == key->word_value)) return false;
    const double x = key->type == &sw_key_real ? field.value.real : (double)field.value.integer;
    return x > f->above && x < f->below;
}

static bool meets_label(const sw_sweep *sweep, int32_t node, const char *label) {
    const sw_document *document = sweep->document;
    if (document->nodes[node].type != SW_NODE_ARRAY) return !strcmp(sw_document_string(document, node), label);
    for (int32_t i = document->nodes[node].child; i >= 0; i = document->nodes[i].next)
        if (!strcmp(sw_document_string(document, i), label)) return true;
    return false;
}

static bool meets(const condition *c, const sw_sweep *sweep, const sw_run_config *config, const char *label) {
    if (c->broken || (c->label >= 0 && !meets_label(sweep, c->label, label))) return false;
    for (size_t i = 0; i < c->filter_count; i++) {
        const filter *f = &c->filters[i];
        if (!meets_key(f, f->of.key, config) || (f->of.twin && !meets_key(f, f->of.twin, config))) return false;
    }
    return true;
}

static bool check_size(const sw_document *document, int32_t node, const condition *conditions, size_t count) {
    size_t values = count;
    for (size_t c = 0; c < count; c++)
        for (size_t i = 0; i < conditions[c].filter_count; i++) values += conditions[c].filters[i].of.count;
    return values <= VALUES_MAX ||
           sw_document_key_error(document, node, "{\"above\": a, \"below\": b} stands for any number of values",
                                 "%zu conditions and values; at most %d", values, VALUES_MAX);
}

static void choose_runs(sw_sweep *sweep, sw_reader *reader, condition *conditions, size_t count) {
    uint32_t *kept = sw_key_allocate(reader, (size_t)sweep->run_count + 1, sizeof *kept);
    uint64_t number = 0;
    for (uint64_t k = 0; kept && k < sweep->run_count; k++) {
        sw_run_values values;
        sw_run_config config;
        bool met = false;
        sw_sweep_values(&values, sweep, k);
        sw_config_resolve(&config, values.given);
        for (size_t i = 0; i < count; i++) {
            if (!meets(&conditions[i], sweep, &config, sw_sweep_case(sweep, k))) continue;
            conditions[i].runs++;
            met = true;
        }
        if (!met) kept[number++] = (uint32_t)k;
    }
    if (!kept) return;
    sweep->kept = kept;
    sweep->excluded = sweep->run_count - number;
    sweep->run_count = number;
}

static void warn_unmet(const sw_sweep *sweep, const condition *c) {
    const sw_node *n = &sweep->document->nodes[c->node];
    char path[256];
    if (c->broken || c->runs) return;
    sw_document_path(sweep->document, c->node, path);
    sw_diagnostics_add(sweep->document->diagnostics, true, n->line, n->column, path, "remove it, or correct its values",
                       "no run meets the condition: it leaves nothing out");
}

void sw_sweep_exclude(sw_sweep *sweep, sw_reader *reader) {
    const sw_document *document = sweep->document;
    const int32_t node = sw_document_member(document, 0, "exclude");
    const sw_node *n = &document->nodes[node < 0 ? 0 : node];
    if (node < 0) return;
    if (n->type != SW_NODE_ARRAY) {
        sw_document_expected(document, node, "as in [{\"model.d_model\": 24, \"model.heads\": [3, 4]}]",
                             "an array of conditions");
        return;
    }
    if (sw_document_member(document, 0, "refine") >= 0)
        sw_document_key_error(document, node, "use one of the two",
                              "refine needs every point of its lattice; exclude takes some away");
    condition *conditions = sw_key_allocate(reader, (size_t)n->count + 1, sizeof *conditions);
    size_t count = 0;
    for (int32_t i = conditions ? n->child : -1; i >= 0 && !reader->status; i = document->nodes[i].next)
        read_condition(&conditions[count++], sweep, reader, i);
    if (reader->status || sweep->run_count > SW_RUNS_MAX || !check_size(document, node, conditions, count)) return;
    choose_runs(sweep, reader, conditions, count);
    for (size_t i = 0; i < count && sw_diagnostics_errors(document->diagnostics) == 0; i++)
        warn_unmet(sweep, &conditions[i]);
    if (!reader->status && sweep->run_count == 0)
        sw_document_key_error(document, node, "narrow the conditions", "every run of the sweep is left out");
}
