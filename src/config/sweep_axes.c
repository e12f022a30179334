/* sweep_axes.c: grid, zip, random and cases of a sweep file. */
#include "config/sweep_axes.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- dimensions ---- */

/* A key may vary on one axis only; `twin` is the second key of an alias. */
static void check_overlap(const sw_sweep *sweep, sw_reader *reader, const sw_key *key, const sw_key *twin,
                          int32_t member) {
    for (size_t i = 0; i < sweep->dimension_count; i++) {
        const sw_dimension *other = &sweep->dimensions[i];
        if (!sw_reader_overlap(key, twin, other->key, other->twin)) continue;
        const sw_node *first = &reader->document->nodes[other->member];
        sw_document_key_error(reader->document, member, NULL, "the key is an axis already, in %s, line %d, column %d",
                              sw_sweep_sources[other->source], first->key_line, first->key_column);
        return;
    }
}

/* A path that is no leaf: a group with members, a nested object, or nothing known. Returns false. */
static bool report_path(sw_reader *reader, int32_t member) {
    const char *path = sw_document_key(reader->document, member);
    char hint[256], group[128];
    if (sw_diagnostics_count(reader->document->diagnostics) == SW_DIAGNOSTICS_MAX) return false;
    if (strncmp(path, "run.", 4) && sw_key_below(SW_SECTION_RUN, path))
        return sw_document_key_error(reader->document, member,
                                     "name one key by its dotted path, as in \"optimizer.learning_rate\"",
                                     "%.100s is a group of keys, no axis", path);
    const char *dot = strrchr(path, '.');
    snprintf(group, sizeof group, "%.*s", dot ? (int)(dot - path) : 0, path);
    bool known = dot && strlen(group) < 100 && sw_key_below(SW_SECTION_RUN, group);
    sw_reader_suggest(known ? group : "", known ? dot + 1 : path, hint);
    return sw_document_key_error(reader->document, member, hint, "unknown key");
}

/* The next dimension for a member of grid, zip or random; NULL: reported. */
static sw_dimension *begin_dimension(sw_sweep *sweep, sw_reader *reader, int32_t member, sw_source source) {
    const char *path = sw_document_key(reader->document, member);
    sw_assignment named;
    if (reader->document->nodes[member].duplicate) return NULL;
    if (!sw_reader_find(&named, SW_SECTION_RUN, path) && !report_path(reader, member)) return NULL;
    check_overlap(sweep, reader, named.key, named.twin, member);
    sw_dimension *grown =
        sw_reader_grow(reader, sweep->dimensions, sweep->dimension_count, &sweep->dimension_capacity, sizeof *grown);
    if (!grown) return NULL;
    sweep->dimensions = grown;
    grown[sweep->dimension_count] = (sw_dimension){.path = path,
                                                   .key = named.key,
                                                   .twin = named.twin,
                                                   .alias = named.value.alias,
                                                   .source = source,
                                                   .member = member};
    return &grown[sweep->dimension_count++];
}

/* ---- values that stand twice ---- */

typedef struct ordered_value {
    const sw_key *key;
    const sw_value *value;
    size_t place;
} ordered_value;

static int compare_values(const void *a, const void *b) {
    const ordered_value *x = a, *y = b;
    int order = x->key->type->compare(x->value, y->value);
    return order ? order : (x->place > y->place) - (x->place < y->place);
}

/* A value that stands twice in a grid axis would make two runs of one identity. */
static void check_repeats(sw_reader *reader, const sw_dimension *dimension) {
    const sw_key *key = dimension->key;
    if (!dimension->values || dimension->count < 2 || !key->type->scalar) return;
    ordered_value *sorted = malloc(dimension->count * sizeof *sorted);
    if (!sorted) {
        reader->status = sw_fail(SW_E_MEMORY, "out of memory");
        return;
    }
    size_t count = 0;
    for (size_t i = 0; i < dimension->count; i++)
        if (!dimension->values[i].broken) sorted[count++] = (ordered_value){key, &dimension->values[i], i};
    qsort(sorted, count, sizeof *sorted, compare_values);
    for (size_t i = 1; i < count; i++) {
        if (key->type->compare(sorted[i].value, sorted[i - 1].value) == 0)
            sw_document_error(reader->document, sorted[i].value->node, "every value once",
                              "the axis has this value twice");
    }
    free(sorted);
}

/* ---- grid and zip ---- */

static bool is_filled_object(sw_reader *reader, int32_t node, const char *what) {
    const char *hint = "leave it out when there is nothing to vary";
    const sw_node *n = &reader->document->nodes[node];
    if (n->type == SW_NODE_OBJECT && n->count > 0) return true;
    if (n->broken) return false;
    return n->type == SW_NODE_OBJECT
               ? sw_document_error(reader->document, node, hint, "expected %s, found an empty object", what)
               : sw_document_expected(reader->document, node, hint, "%s", what);
}

static void read_grid(sw_sweep *sweep, sw_reader *reader, int32_t node) {
    const sw_document *document = reader->document;
    if (!is_filled_object(reader, node, "an object of axes")) return;
    for (int32_t i = document->nodes[node].child; i >= 0 && !reader->status; i = document->nodes[i].next) {
        sw_dimension *dimension = begin_dimension(sweep, reader, i, SW_SOURCE_GRID);
        if (!dimension) continue;
        sw_generator_values(reader, dimension, i);
        check_repeats(reader, dimension);
        if (dimension->count) reader->room /= dimension->count;
    }
}

static void read_zip(sw_sweep *sweep, sw_reader *reader, int32_t node) {
    const sw_document *document = reader->document;
    const char *first = NULL;
    if (!is_filled_object(reader, node, "an object of axes")) return;
    for (int32_t i = document->nodes[node].child; i >= 0 && !reader->status; i = document->nodes[i].next) {
        sw_dimension *dimension = begin_dimension(sweep, reader, i, SW_SOURCE_ZIP);
        if (!dimension) continue;
        sw_generator_values(reader, dimension, i);
        if (dimension->count == 0) continue;
        if (!first) sweep->zip_length = dimension->count;
        if (!first) first = dimension->path;
        if (dimension->count != sweep->zip_length)
            sw_document_error(document, i, "axes of zip go in step: equal lengths", "%zu values, but %s has %zu",
                              dimension->count, first, sweep->zip_length);
    }
}

/* ---- random ---- */

typedef struct law {
    const char *name;
    sw_distribution distribution;
} law;

static const law laws[] = {
    {"uniform", SW_UNIFORM}, {"log_uniform", SW_LOG_UNIFORM}, {"integer", SW_UNIFORM_INTEGER}, {"choice", SW_VALUES}};
enum { LAW_COUNT = sizeof laws / sizeof laws[0] };

/* An integer of `random` within bounds; -1: reported or absent. */
static int64_t read_count(sw_reader *reader, int32_t node, int64_t low, int64_t high) {
    const sw_node *n = &reader->document->nodes[node];
    int64_t integer = 0;
    bool whole = false;
    if (n->broken) return -1;
    if (n->type == SW_NODE_NUMBER) sw_document_number(reader->document, node, &integer, &whole);
    if (whole && integer >= low && integer <= high) return integer;
    sw_document_expected(reader->document, node, NULL, "integer %lld..%lld", (long long)low, (long long)high);
    return -1;
}

/* Both ends must be values of the key (the upper end of an integer range is excluded). */
static bool read_ends(sw_reader *reader, sw_dimension *out, int32_t node) {
    const sw_document *document = reader->document;
    const sw_node *n = &document->nodes[node];
    int32_t a = n->child, b = a >= 0 ? document->nodes[a].next : -1;
    int64_t integer;
    bool whole_low, whole_high, integers = out->distribution == SW_UNIFORM_INTEGER;
    sw_value probe = {.node = node};
    const bool stepped = integers && n->count == 3;
    if (n->type != SW_NODE_ARRAY || (n->count != 2 && !stepped) || document->nodes[a].type != SW_NODE_NUMBER ||
        document->nodes[b].type != SW_NODE_NUMBER)
        return sw_document_error(document, node, NULL, "expected two numbers [low, high]%s",
                                 integers ? ", or three: [low, high, step]" : "");
    if (document->nodes[a].broken || document->nodes[b].broken) return false;
    out->step = 1;
    if (stepped && (out->step = read_count(reader, document->nodes[b].next, 1, INT32_MAX)) < 1) return false;
    out->low = sw_document_number(document, a, &integer, &whole_low);
    out->high = sw_document_number(document, b, &integer, &whole_high);
    if (!(out->low < out->high)) return sw_document_error(document, node, NULL, "the lower end is not below the upper");
    if (integers && !(whole_low && whole_high))
        return sw_document_error(document, node, "[a, b] draws from a..b-1",
                                 "the ends of an integer draw are integers");
    if (out->distribution == SW_LOG_UNIFORM && out->low <= 0)
        return sw_document_error(document, node, NULL, "the ends of a logarithmic draw are above 0");
    if (sw_key_read_number(reader, &probe, out->key, a, out->low) &&
        sw_key_read_number(reader, &probe, out->key, b, integers ? out->high - 1 : out->high))
        out->count = 1;
    return true;
}

static bool read_law(sw_reader *reader, sw_dimension *out, int32_t node) {
    const sw_document *document = reader->document;
    const sw_node *n = &document->nodes[node];
    const char *names[LAW_COUNT];
    char hint[256];
    if (n->type != SW_NODE_OBJECT || n->count != 1)
        return sw_document_error(
            document, node,
            "{\"uniform\": [a, b]}, {\"log_uniform\": [a, b]}, {\"integer\": [a, b]} or {\"choice\": [...]}",
            "expected one law to draw from");
    for (size_t i = 0; i < LAW_COUNT; i++) {
        names[i] = laws[i].name;
        if (strcmp(sw_document_key(document, n->child), laws[i].name)) continue;
        out->distribution = laws[i].distribution;
        if (out->distribution == SW_VALUES) return sw_generator_values(reader, out, n->child);
        if (!sw_key_is_numeric(out->key))
            return sw_document_error(document, node, "use {\"choice\": [...]}", "the key takes no numbers");
        if (out->distribution == SW_UNIFORM && out->key->type == &sw_key_integer)
            return sw_document_error(document, node, "use {\"integer\": [a, b]}", "the key takes integers");
        if (out->distribution == SW_UNIFORM_INTEGER && out->key->type == &sw_key_real)
            return sw_document_error(document, node, "use {\"uniform\": [a, b]} or {\"choice\": [...]}",
                                     "the key takes real numbers");
        return read_ends(reader, out, n->child);
    }
    if (!sw_document_suggest(hint, sw_document_nearest(sw_document_key(document, n->child), names, LAW_COUNT), ""))
        snprintf(hint, sizeof hint, "there are uniform, log_uniform, integer and choice");
    return sw_document_key_error(document, n->child, hint, "unknown law");
}

static void read_random(sw_sweep *sweep, sw_reader *reader, int32_t node) {
    const sw_document *document = reader->document;
    size_t axes = 0;
    bool counted = false;
    if (!is_filled_object(reader, node, "an object with samples and axes")) return;
    for (int32_t i = document->nodes[node].child; i >= 0 && !reader->status; i = document->nodes[i].next) {
        const char *name = sw_document_key(document, i);
        if (!strcmp(name, "samples")) {
            int64_t samples = read_count(reader, i, 1, SW_RUNS_MAX);
            if (samples > 0) sweep->samples = (size_t)samples;
            counted = true;
        } else if (!strcmp(name, "sampler_seed")) {
            int64_t seed = read_count(reader, i, 0, UINT32_MAX);
            if (seed >= 0) sweep->sampler_seed = (uint32_t)seed;
        } else {
            sw_dimension *dimension = begin_dimension(sweep, reader, i, SW_SOURCE_RANDOM);
            axes++;
            if (dimension && axes <= SW_RANDOM_AXES_MAX) read_law(reader, dimension, i);
        }
    }
    if (axes > SW_RANDOM_AXES_MAX) sw_document_error(document, node, NULL, "more than 32 random axes");
    if (axes == 0) sw_document_error(document, node, "leave random out, or give it axes", "no axis to draw");
    if (!counted) sw_document_error(document, node, NULL, "samples is missing: how many points to draw");
}

/* ---- cases ---- */

static uint64_t multiply(uint64_t a, uint64_t b) { return b && a > UINT64_MAX / b ? UINT64_MAX : a * b; }

static void read_label(const sw_sweep *sweep, sw_case *item, int32_t place) {
    const sw_document *document = sweep->document;
    const int32_t label = sw_document_member(document, item->node, "label");
    snprintf(item->label, sizeof item->label, "case %d", place);
    if (label < 0 || document->nodes[label].broken) return;
    const char *text = sw_document_string(document, label);
    const size_t length = strlen(text);
    if (document->nodes[label].type != SW_NODE_STRING || !length)
        sw_document_expected(document, label, NULL, "a label, a text of 1 to %d bytes", SW_LABEL_MAX);
    else if (length > SW_LABEL_MAX)
        sw_document_error(document, label, "shorten it; description holds long texts",
                          "a label has at most %d bytes, this one has %zu", SW_LABEL_MAX, length);
    else
        snprintf(item->label, sizeof item->label, "%s", text);
}

static int compare_labels(const void *a, const void *b) {
    const sw_case *x = *(const sw_case *const *)a, *y = *(const sw_case *const *)b;
    int order = strcmp(x->label, y->label);
    return order ? order : (x > y) - (x < y);
}

/* Runs of two cases of one label could not be told from each other. */
static void check_labels(const sw_sweep *sweep, sw_reader *reader) {
    const sw_case **sorted = malloc((sweep->case_count + 1) * sizeof(const sw_case *));
    if (!sorted) {
        reader->status = sw_fail(SW_E_MEMORY, "out of memory");
        return;
    }
    for (size_t i = 0; i < sweep->case_count; i++) sorted[i] = &sweep->cases[i];
    qsort(sorted, sweep->case_count, sizeof(const sw_case *), compare_labels);
    for (size_t i = 1; i < sweep->case_count; i++) {
        if (strcmp(sorted[i]->label, sorted[i - 1]->label)) continue;
        const int32_t label = sw_document_member(sweep->document, sorted[i]->node, "label");
        sw_document_error(sweep->document, label < 0 ? sorted[i]->node : label, "every case its own label",
                          "the label \"%s\" stands at case %td already", sorted[i]->label,
                          sorted[i - 1] - sweep->cases);
    }
    free(sorted);
}

/* Keys with several values become axes of the case. */
static void split_axes(sw_sweep *sweep, sw_reader *reader, sw_case *item, uint64_t room) {
    sw_assignments *set = &item->set;
    size_t kept = 0;
    item->dimensions = sw_key_allocate(reader, set->count + 1, sizeof *item->dimensions);
    reader->room = room;
    for (size_t i = 0; i < set->count && item->dimensions; i++) {
        const sw_assignment *given = &set->items[i];
        const int32_t member = given->value.member;
        check_overlap(sweep, reader, given->key, given->twin, member);
        if (!given->later) {
            set->items[kept++] = *given;
            continue;
        }
        sw_dimension *dimension = &item->dimensions[item->dimension_count++];
        *dimension = (sw_dimension){.path = given->value.alias ? given->value.alias->path : given->key->path,
                                    .key = given->key,
                                    .twin = given->twin,
                                    .alias = given->value.alias,
                                    .source = SW_SOURCE_CASES,
                                    .member = member};
        sw_generator_values(reader, dimension, member);
        check_repeats(reader, dimension);
        if (!dimension->count) continue;
        item->variants = multiply(item->variants, dimension->count);
        reader->room /= dimension->count;
    }
    set->count = kept;
}

static void read_case(sw_sweep *sweep, sw_reader *reader, sw_case *item, int32_t node) {
    const sw_scope scope = {
        .section = SW_SECTION_RUN, .prefix = "", .dotted = true, .skip = "label", .later = sw_generator_varies};
    const uint64_t room = reader->room;
    *item = (sw_case){.node = node, .first = sweep->variants, .variants = 1};
    if (sweep->document->nodes[node].type == SW_NODE_OBJECT)
        sw_reader_assignments(reader, &item->set, node, &scope);
    else
        sw_document_error(sweep->document, node, NULL, "expected an object: a label and keys of run");
    read_label(sweep, item, (int32_t)(item - sweep->cases));
    split_axes(sweep, reader, item, room);
    sweep->variants = sweep->variants > UINT64_MAX - item->variants ? UINT64_MAX : sweep->variants + item->variants;
    reader->room = item->variants < room ? room - item->variants : 0;
}

static void read_cases(sw_sweep *sweep, sw_reader *reader, int32_t node) {
    const sw_document *document = reader->document;
    const sw_node *n = &document->nodes[node];
    const char *hint = "as in [{\"label\": \"baseline\"}, {...}]";
    if (n->type == SW_NODE_ARRAY && n->count == 0)
        sw_document_error(document, node, hint, "expected an array of cases, found an empty array");
    else if (n->type != SW_NODE_ARRAY)
        sw_document_expected(document, node, hint, "an array of cases");
    else
        sweep->cases = sw_key_allocate(reader, (size_t)n->count, sizeof *sweep->cases);
    if (sweep->cases) sweep->variants = 0;
    for (int32_t i = sweep->cases ? n->child : -1; i >= 0 && !reader->status; i = document->nodes[i].next)
        read_case(sweep, reader, &sweep->cases[sweep->case_count++], i);
    if (!reader->status) check_labels(sweep, reader);
}

/* ---- counting ---- */

/* The product of all axes, saturated; axes that could not be read count once. */
static void count_runs(sw_sweep *sweep) {
    uint64_t count = multiply(sweep->variants, multiply(sweep->zip_length, sweep->samples));
    for (size_t i = 0; i < sweep->dimension_count; i++) {
        const sw_dimension *dimension = &sweep->dimensions[i];
        if (dimension->source == SW_SOURCE_GRID && dimension->count) count = multiply(count, dimension->count);
    }
    sweep->run_count = count;
    if (count <= SW_RUNS_MAX) return;
    static const char *const sections[] = {"grid", "cases", "random", "zip"};
    int32_t node = -1;
    for (size_t i = 0; i < sizeof sections / sizeof sections[0] && node < 0; i++)
        node = sw_document_member(sweep->document, 0, sections[i]);
    sw_document_key_error(sweep->document, node >= 0 ? node : 0, "split the sweep into several files",
                          "the axes make %s%llu runs; at most %d", count == UINT64_MAX ? "more than " : "",
                          (unsigned long long)count, SW_RUNS_MAX);
}

/* ---- the columns of /runs/axes ---- */

static void add_axis(sw_sweep *sweep, sw_reader *reader, const sw_key *key, const sw_alias *alias) {
    const char *path = alias ? alias->path : key->path;
    for (size_t i = 0; i < sweep->axis_count; i++)
        if (!strcmp(sweep->axes[i].axis.path, path)) return; /* an earlier case sets it too */
    sw_axis_info *grown = sw_reader_grow(reader, sweep->axes, sweep->axis_count, &sweep->axis_capacity, sizeof *grown);
    if (!grown) return;
    sweep->axes = grown;
    grown[sweep->axis_count++] = (sw_axis_info){{path, key->type->axis}, key, alias};
}

static void list_axes(sw_sweep *sweep, sw_reader *reader) {
    for (size_t i = 0; i < sweep->case_count; i++) {
        const sw_assignments *set = &sweep->cases[i].set;
        for (size_t j = 0; j < set->count && !reader->status; j++)
            add_axis(sweep, reader, set->items[j].key, set->items[j].value.alias);
        for (size_t j = 0; j < sweep->cases[i].dimension_count && !reader->status; j++)
            add_axis(sweep, reader, sweep->cases[i].dimensions[j].key, sweep->cases[i].dimensions[j].alias);
    }
    for (size_t i = 0; i < sweep->dimension_count && !reader->status; i++)
        add_axis(sweep, reader, sweep->dimensions[i].key, sweep->dimensions[i].alias);
}

void sw_sweep_read_axes(sw_sweep *sweep, sw_reader *reader) {
    static const struct {
        const char *name;
        void (*read)(sw_sweep *, sw_reader *, int32_t);
    } sections[] = {{"zip", read_zip}, {"random", read_random}, {"grid", read_grid}, {"cases", read_cases}};
    sweep->zip_length = sweep->samples = 1;
    sweep->variants = 1;
    for (size_t i = 0; i < sizeof sections / sizeof sections[0] && !reader->status; i++) {
        int32_t node = sw_document_member(sweep->document, 0, sections[i].name);
        if (node >= 0) sections[i].read(sweep, reader, node);
    }
    if (reader->status) return;
    count_runs(sweep);
    list_axes(sweep, reader);
}
