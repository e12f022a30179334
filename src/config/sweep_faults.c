/* sweep_faults.c: what is wrong with runs of a sweep: one fault of many runs is one diagnostic, which names the first
 * of them, counts them, and says how to write the sweep without them. */
#include "config/sweep_faults.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { FAULTS_MAX = 48, AXES_MAX = 16, CONDITIONS_MAX = 16, HINT_BYTES = sizeof((sw_diagnostic *)0)->hint };

/* A fault, and the runs that have it. */
typedef struct known_fault {
    const char *rule;
    char keys[128], message[512], hint[256];
    char multiple_of[64];
    int64_t multiple;
    sw_position place;
    bool warning;
    uint64_t first, count;
    uint64_t *runs; /* arena: a bit each; NULL = no memory, and no remedy */
} known_fault;

typedef struct sw_faults {
    known_fault items[FAULTS_MAX];
    size_t count, errors;
} sw_faults;

void sw_sweep_faults_prepare(sw_sweep *sweep, sw_reader *reader) {
    sweep->faults = sw_key_allocate(reader, 1, sizeof *sweep->faults);
}

/* ---- collecting ---- */

void sw_sweep_faults_add(const sw_sweep *sweep, uint64_t k, const sw_run_fault *fault) {
    sw_faults *faults = sweep->faults;
    size_t i = 0;
    while (i < faults->count &&
           (strcmp(faults->items[i].rule, fault->rule) || strcmp(faults->items[i].keys, fault->keys)))
        i++;
    if (!fault->warning) faults->errors++;
    if (i == FAULTS_MAX) return;
    known_fault *known = &faults->items[i];
    if (i == faults->count) {
        faults->count++;
        *known =
            (known_fault){.rule = fault->rule,
                          .place = fault->place,
                          .warning = fault->warning,
                          .multiple = fault->multiple,
                          .first = k,
                          .runs = sw_arena_alloc(sweep->arena, (size_t)(sweep->run_count / 64 + 1), sizeof(uint64_t))};
        snprintf(known->keys, sizeof known->keys, "%s", fault->keys);
        snprintf(known->message, sizeof known->message, "%s", fault->message);
        snprintf(known->hint, sizeof known->hint, "%s", fault->hint ? fault->hint : "");
        snprintf(known->multiple_of, sizeof known->multiple_of, "%s", fault->multiple_of ? fault->multiple_of : "");
    }
    known->count++;
    if (known->runs) known->runs[k / 64] |= UINT64_C(1) << k % 64;
}

size_t sw_sweep_faults_errors(const sw_sweep *sweep) { return sweep->faults->errors; }

static bool has_fault(const known_fault *fault, uint64_t k) { return fault->runs[k / 64] >> k % 64 & 1; }

/* ---- runs in words ---- */

/* Reals in full: two that differ never look alike. */
static void value_text(char out[SW_AXIS_TEXT], const sw_axis *axis, const sw_axis_value *value) {
    const bool missing = axis->type == SW_AXIS_REAL     ? isnan(value->real)
                         : axis->type == SW_AXIS_STRING ? !value->string[0]
                                                        : value->integer < 0;
    char number[32];
    sw_json_format_number(number, value->real);
    if (missing)
        snprintf(out, SW_AXIS_TEXT, "without effect");
    else if (axis->type == SW_AXIS_INTEGER)
        snprintf(out, SW_AXIS_TEXT, "%lld", (long long)value->integer);
    else if (axis->type == SW_AXIS_BOOL)
        snprintf(out, SW_AXIS_TEXT, "%s", value->integer ? "true" : "false");
    else
        snprintf(out, SW_AXIS_TEXT, "%s", axis->type == SW_AXIS_REAL ? number : value->string);
}

void sw_sweep_describe(char *out, size_t capacity, const sw_sweep *sweep, uint64_t k) {
    const char *label = sw_sweep_case(sweep, k);
    sw_run_values values;
    sw_run_config config;
    sw_sweep_values(&values, sweep, k);
    sw_config_resolve(&config, values.given);
    size_t used = (size_t)snprintf(out, capacity, "run %llu%s%s", (unsigned long long)k, label[0] ? " " : "", label);
    for (size_t i = 0; i < sweep->axis_count && used < capacity; i++) {
        char text[SW_AXIS_TEXT], piece[SW_AXIS_TEXT + 128];
        const sw_axis *axis = &sweep->axes[i].axis;
        sw_axis_value value;
        sw_sweep_axis_value(&value, &sweep->axes[i], &values, &config);
        value_text(text, axis, &value);
        const int length = snprintf(piece, sizeof piece, "%s%s %s", i ? ", " : " (", axis->path, text);
        /* What does not fit is left out as a whole, and that is shown. */
        if (used + (size_t)length + sizeof ", ...)" > capacity) {
            snprintf(out + used, capacity - used, "%s...)", i ? ", " : " (");
            return;
        }
        memcpy(out + used, piece, (size_t)length + 1);
        used += (size_t)length;
    }
    if (sweep->axis_count && used + 1 < capacity) snprintf(out + used, capacity - used, ")");
}

/* ---- remedies ---- */

/* The axes that a fault comes from. */
typedef struct causes {
    const sw_axis_info *axes[AXES_MAX];
    size_t count;
} causes;

/* Is the path one of the words, or below one that ends in a dot? */
static bool is_named(const char *words, const char *path) {
    while (*words) {
        const size_t length = strcspn(words, " ");
        const bool group = length && words[length - 1] == '.';
        if (!strncmp(words, path, length) && (group || !path[length])) return true;
        words += length + (words[length] == ' ');
    }
    return false;
}

static void find_causes(causes *out, const sw_sweep *sweep, const char *keys) {
    out->count = 0;
    for (size_t i = 0; i < sweep->axis_count && out->count < AXES_MAX; i++) {
        const sw_axis_info *axis = &sweep->axes[i];
        const bool twin = axis->alias && is_named(keys, axis->alias->target[1]);
        if (twin || is_named(keys, axis->key->path)) out->axes[out->count++] = axis;
    }
}

static void run_of(sw_run_config *config, const sw_sweep *sweep, uint64_t k) {
    sw_run_values values;
    sw_sweep_values(&values, sweep, k);
    sw_config_resolve(config, values.given);
}

/* The drawn integers of which only multiples will do: "\"model.d_model\": {\"integer\": [32, 512, 4]}". */
static bool suggest_step(char *out, size_t capacity, const sw_sweep *sweep, const known_fault *fault,
                         const causes *from) {
    for (size_t i = 0; i < sweep->dimension_count && fault->multiple > 1 && from->count == 1; i++) {
        const sw_dimension *d = &sweep->dimensions[i];
        if (d->distribution != SW_UNIFORM_INTEGER || strcmp(d->path, fault->multiple_of)) continue;
        const int64_t low = ((int64_t)d->low + fault->multiple - 1) / fault->multiple * fault->multiple;
        if (low >= (int64_t)d->high || d->step % fault->multiple == 0) return false;
        snprintf(out, capacity, "draw multiples: \"%s\": {\"integer\": [%lld, %lld, %lld]}", d->path, (long long)low,
                 (long long)d->high, (long long)fault->multiple);
        return true;
    }
    return false;
}

/* The value of a numeric key; false: it does not concern the run, or is a word. */
static bool number_of(double *out, const sw_key *key, const sw_run_config *config) {
    sw_field field;
    if (!sw_key_is_numeric(key) || !sw_key_concerns(key, config)) return false;
    sw_key_get(&field, config, key);
    if (key->word && field.value.integer == key->word_value) return false;
    *out = key->type == &sw_key_real ? field.value.real : (double)field.value.integer;
    return true;
}

/* Runs by the values of the causes: all but the last, and the last one's list. */
typedef struct combination {
    char head[160], list[160];
    const char *tail;
    size_t values;
} combination;

static bool value_json(char *out, size_t capacity, const sw_key *key, const sw_run_config *config) {
    sw_field field;
    char text[128];
    sw_key_get(&field, config, key);
    key->type->value_text(text, sizeof text, key, &field.value);
    const bool quoted = key->type->quoted || (key->word && field.value.integer == key->word_value);
    return strlen(text) + 1 < sizeof text && (size_t)snprintf(out, capacity, quoted ? "\"%s\"" : "%s", text) < capacity;
}

/* Is the value in a list "1, 2, 3"? */
static bool holds(const char *list, const char *value) {
    const size_t length = strlen(value);
    for (const char *at = strstr(list, value); at; at = strstr(at + 1, value))
        if ((at == list || at[-1] == ' ') && (at[length] == ',' || !at[length])) return true;
    return false;
}

/* "\"model.heads\": 3, " of every cause but one; false: it is too long. */
static bool head_of(char head[160], const causes *from, size_t skip, const sw_run_config *config) {
    size_t used = 0;
    head[0] = '\0';
    for (size_t i = 0; i < from->count; i++) {
        char value[140];
        if (i == skip || !sw_key_concerns(from->axes[i]->key, config)) continue;
        if (!value_json(value, sizeof value, from->axes[i]->key, config)) return false;
        used += (size_t)snprintf(head + used, 160 - used, "\"%s\": %s, ", from->axes[i]->axis.path, value);
        if (used >= 160) return false;
    }
    return true;
}

/* Adds what the run has; false: there is too much to be told. */
static bool combine(combination *known, size_t *count, const causes *from, const sw_run_config *config) {
    combination found = {.tail = NULL};
    char value[140];
    size_t last = from->count, i = 0;
    while (last > 0 && !sw_key_concerns(from->axes[last - 1]->key, config)) last--;
    if (last-- == 0 || !head_of(found.head, from, last, config)) return false;
    if (!value_json(value, sizeof value, from->axes[last]->key, config)) return false;
    found.tail = from->axes[last]->axis.path;
    while (i < *count && (strcmp(known[i].head, found.head) || known[i].tail != found.tail)) i++;
    if (i == CONDITIONS_MAX) return false;
    if (i == *count) known[(*count)++] = found;
    if (known[i].values && holds(known[i].list, value)) return true;
    const size_t used = strlen(known[i].list);
    return (size_t)snprintf(known[i].list + used, sizeof known[i].list - used, "%s%s", known[i].values++ ? ", " : "",
                            value) < sizeof known[i].list - used;
}

/* Every combination of values that has the fault; false: there are too many. */
static bool suggest_list(char *out, size_t capacity, const sw_sweep *sweep, const known_fault *fault,
                         const causes *from, uint64_t seen) {
    combination known[CONDITIONS_MAX];
    size_t count = 0, used = 0;
    for (uint64_t k = 0; k < seen; k++) {
        sw_run_config config;
        if (!has_fault(fault, k)) continue;
        run_of(&config, sweep, k);
        if (!combine(known, &count, from, &config)) return false;
    }
    for (size_t i = 0; i < count && used < capacity; i++)
        used += (size_t)snprintf(out + used, capacity - used, "%s{%s\"%s\": %s%s%s}", i ? ", " : "", known[i].head,
                                 known[i].tail, known[i].values > 1 ? "[" : "", known[i].list,
                                 known[i].values > 1 ? "]" : "");
    return count && used < capacity;
}

/* Runs with one head, by the value of another cause. */
typedef struct stretch {
    char head[160];
    double low[2], high[2]; /* of runs without and with the fault */
} stretch;

/* "{\"batch_size\": 512, \"train_fraction\": {\"below\": 0.6}}"; false: no bound parts them. */
static bool write_bound(char *out, size_t capacity, const stretch *s, const char *path) {
    char bound[32];
    const bool below = s->high[1]<s->low[0], alone = s->low[0]> s->high[0];
    if (!below && !(s->low[1] > s->high[0])) return false;
    sw_json_format_number(bound, below ? s->low[0] : s->high[0]);
    const int head = (int)strlen(s->head);
    const int length =
        alone ? snprintf(out, capacity, "{%.*s}", head > 2 ? head - 2 : 0, s->head)
              : snprintf(out, capacity, "{%s\"%s\": {\"%s\": %s}}", s->head, path, below ? "below" : "above", bound);
    return (size_t)length < capacity && !(alone && !head);
}

/* Bounds on one axis that tell the runs with the fault from all others, for each combination of the other causes:
 * {"optimizer.batch_size": 512, "train_fraction": {"below": 0.6}}. `by`: causes that may stand beside it. */
static bool suggest_bounds(char *out, size_t capacity, const sw_sweep *sweep, const known_fault *fault,
                           const causes *by, const sw_axis_info *axis, uint64_t seen) {
    enum { STRETCHES_MAX = 32 };
    stretch known[STRETCHES_MAX];
    size_t count = 0, used = 0, skip = 0;
    while (skip < by->count && by->axes[skip] != axis) skip++;
    for (uint64_t k = 0; k < seen; k++) {
        stretch found = {"", {INFINITY, INFINITY}, {-INFINITY, -INFINITY}};
        sw_run_config config;
        double x;
        size_t i = 0;
        const bool faulty = has_fault(fault, k);
        run_of(&config, sweep, k);
        if (!number_of(&x, axis->key, &config) || !head_of(found.head, by, skip, &config)) return false;
        while (i < count && strcmp(known[i].head, found.head)) i++;
        if (i == STRETCHES_MAX) return false;
        if (i == count) known[count++] = found;
        if (x < known[i].low[faulty]) known[i].low[faulty] = x;
        if (x > known[i].high[faulty]) known[i].high[faulty] = x;
    }
    for (size_t i = 0; i < count; i++) {
        if (known[i].low[1] > known[i].high[1]) continue;                    /* no run has it */
        if (!by->count && known[i].low[1] == known[i].high[1]) return false; /* one value says it better */
        used += (size_t)snprintf(out + used, capacity - used, "%s", used ? ", " : "");
        if (used >= capacity || !write_bound(out + used, capacity - used, &known[i], axis->axis.path)) return false;
        used += strlen(out + used);
    }
    return used > 0;
}

/* How to write the sweep without the runs; "" = some runs must be without the fault, and its cause be on an axis. */
static void find_remedy(char *out, size_t capacity, const sw_sweep *sweep, const known_fault *fault, const causes *from,
                        uint64_t seen) {
    char conditions[HINT_BYTES - 64];
    out[0] = '\0';
    if (fault->count == seen || !from->count || !fault->runs || fault->warning) return;
    if (suggest_step(out, capacity, sweep, fault, from) || sw_document_member(sweep->document, 0, "refine") >= 0)
        return;
    bool found = false;
    for (size_t i = 0; i < from->count && !found; i++)
        found = suggest_bounds(conditions, sizeof conditions, sweep, fault, &(causes){.count = 0}, from->axes[i], seen);
    found = found || suggest_list(conditions, sizeof conditions, sweep, fault, from, seen);
    for (size_t i = 0; i < from->count && !found; i++)
        found = suggest_bounds(conditions, sizeof conditions, sweep, fault, from, from->axes[i], seen);
    if (found)
        snprintf(out, capacity, "leave them out: \"exclude\": [%s]", conditions);
    else
        snprintf(out, capacity, "leave such runs out with \"exclude\"");
}

/* ---- telling ---- */

static void tell(const sw_sweep *sweep, const known_fault *fault, sw_diagnostics *diagnostics, uint64_t seen) {
    char remedy[HINT_BYTES], hint[2 * HINT_BYTES], where[480] = "", more[64] = "", of[64] = "";
    causes from;
    find_causes(&from, sweep, fault->keys);
    find_remedy(remedy, sizeof remedy, sweep, fault, &from, seen);
    if (seen > 1 && !fault->warning && (from.count || fault->count < seen)) {
        char run[320];
        sw_sweep_describe(run, sizeof run, sweep, fault->first);
        if (fault->count > 1) snprintf(more, sizeof more, " and %llu more", (unsigned long long)fault->count - 1);
        if (seen < sweep->run_count) snprintf(of, sizeof of, ", of the first %llu runs", (unsigned long long)seen);
        snprintf(where, sizeof where, ", in %s%s%s", run, more, of);
    }
    snprintf(hint, sizeof hint, "%s%s%s", fault->hint, fault->hint[0] && remedy[0] ? "; or " : "", remedy);
    sw_diagnostics_add(diagnostics, fault->warning, fault->place.line, fault->place.column, fault->place.path, hint,
                       "%s%s", fault->message, where);
}

void sw_sweep_faults_tell(const sw_sweep *sweep, sw_diagnostics *diagnostics, uint64_t seen) {
    sw_faults *faults = sweep->faults;
    for (size_t i = 0; i < faults->count; i++) tell(sweep, &faults->items[i], diagnostics, seen);
    faults->count = faults->errors = 0;
}
