/* settings.c: the settings of a results file. */
#include "cli/settings.h"

#include "cli/configs.h"
#include "cli/row.h"

#include "symsweep/arena.h"
#include "symsweep/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A key that may tell settings apart: an axis of the file, or a key in which configurations differ. */
typedef struct aspect {
    const char *path, *name; /* name: the end of its path that is told; NULL = it is not */
    const char **values;     /* [count]; NULL = the key does not concern the run */
} aspect;

struct sw_settings {
    const sw_results *results;
    sw_arena *arena; /* of values and names */
    sw_configs *configs;
    size_t count, *rows; /* runs: rows of the results */
    size_t aspect_count, axis_count;
    aspect *aspects; /* axes first */
    size_t *class;   /* [count]: runs of one class do not differ in what is told so far */
    size_t *setting; /* [count] */
    size_t settings;
    const char **names, **values; /* [settings] */
    const char *keys;
};

/* ---- classes ---- */

typedef struct item {
    size_t class, i;
    const char *value;
} item;

static int compare_values(const char *a, const char *b) { return !a || !b ? (a != NULL) - (b != NULL) : strcmp(a, b); }

static int by_class_and_value(const void *a, const void *b) {
    const item *x = a, *y = b;
    return x->class != y->class ? (x->class < y->class ? -1 : 1) : compare_values(x->value, y->value);
}

/* Classes of runs that also agree in `values`, in `out` [count], which may be `class`. Returns whether any class falls
 * apart. */
static sw_status split(bool *any, size_t *out, const size_t *class, const char *const *values, size_t count) {
    item *items = calloc(count + 1, sizeof *items);
    if (!items) return sw_fail(SW_E_MEMORY, "settings");
    *any = false;
    for (size_t i = 0; i < count; i++) items[i] = (item){class[i], i, values[i]};
    qsort(items, count, sizeof *items, by_class_and_value);
    for (size_t k = 0, next = 0; k < count; k++) {
        const bool same_class = k > 0 && items[k].class == items[k - 1].class;
        const bool same = same_class && compare_values(items[k].value, items[k - 1].value) == 0;
        if (k > 0 && !same) next++;
        *any = *any || (same_class && !same);
        out[items[k].i] = next;
    }
    free(items);
    return SW_OK;
}

/* ---- aspects ---- */

/* Keys that are averaged over where they are the seed itself. */
static const char *const following[] = {"data_seed", "task.table_seed"};
enum { FOLLOWING = sizeof following / sizeof *following };

static bool is_seed(const char *path) {
    bool found = strcmp(path, "seed") == 0;
    for (int f = 0; f < FOLLOWING; f++) found = found || strcmp(path, following[f]) == 0;
    return found;
}

static const sw_configs_column *find_config(const sw_configs *configs, const char *path) {
    for (size_t k = 0; k < sw_configs_count(configs); k++)
        if (strcmp(sw_configs_get(configs, k)->path, path) == 0) return sw_configs_get(configs, k);
    return NULL;
}

static const char *keep(sw_settings *s, const char *text) {
    char *copy = sw_arena_alloc(s->arena, strlen(text) + 1, 1);
    if (copy) memcpy(copy, text, strlen(text));
    return copy;
}

/* As /runs/axes has it; where that has nothing, as the configuration has it. */
static sw_status add_axis(sw_settings *s, size_t axis) {
    const sw_axis *a = sw_results_axis(s->results, axis);
    const sw_configs_column *config = find_config(s->configs, a->path);
    const char **values = sw_arena_alloc(s->arena, s->count, sizeof *values);
    if (!values) return SW_E_MEMORY;
    for (size_t i = 0; i < s->count; i++) {
        char text[160];
        const sw_axis_value *value = sw_results_axis_value(s->results, s->rows[i], axis);
        if (sw_row_lacks(a, value)) {
            values[i] = config ? sw_configs_value(config, i) : NULL;
            continue;
        }
        sw_row_value(text, sizeof text, a, value);
        values[i] = i > 0 && values[i - 1] && strcmp(text, values[i - 1]) == 0 ? values[i - 1] : keep(s, text);
        if (!values[i]) return SW_E_MEMORY;
    }
    s->aspects[s->aspect_count++] = (aspect){.path = a->path, .values = values};
    return SW_OK;
}

static bool is_axis(const sw_settings *s, const char *path) {
    for (size_t a = 0; a < s->axis_count; a++)
        if (strcmp(s->aspects[a].path, path) == 0) return true;
    return false;
}

/* All but the seeds; what may follow the seed comes last, see add_following. */
static sw_status find_aspects(sw_settings *s) {
    const size_t axes = sw_results_axis_count(s->results), keys = sw_configs_count(s->configs);
    s->aspects = sw_arena_alloc(s->arena, axes + keys + FOLLOWING, sizeof *s->aspects);
    sw_status status = s->aspects ? SW_OK : SW_E_MEMORY;
    for (size_t a = 0; a < axes && status == SW_OK; a++)
        if (!is_seed(sw_results_axis(s->results, a)->path)) status = add_axis(s, a);
    s->axis_count = s->aspect_count;
    for (size_t k = 0; k < keys && status == SW_OK; k++) {
        const sw_configs_column *column = sw_configs_get(s->configs, k);
        if (column->values && !is_seed(column->path) && !is_axis(s, column->path))
            s->aspects[s->aspect_count++] = (aspect){.path = column->path, .values = column->values};
    }
    return status;
}

/* A key where it does not follow the seed: told in classes in which it differs. */
static sw_status add_following(sw_settings *s, const char *path) {
    const sw_configs_column *data = find_config(s->configs, path), *seed = find_config(s->configs, "seed");
    if (!data || !data->values) return SW_OK;
    const char **values = sw_arena_alloc(s->arena, s->count, sizeof *values);
    bool *own = sw_arena_alloc(s->arena, s->count, sizeof *own); /* [class] */
    if (!values || !own) return SW_E_MEMORY;
    for (size_t i = 0; i < s->count; i++) {
        const char *value = sw_configs_value(data, i);
        if (value && (!seed || compare_values(value, sw_configs_value(seed, i)) != 0)) own[s->class[i]] = true;
    }
    for (size_t i = 0; i < s->count; i++) values[i] = own[s->class[i]] ? sw_configs_value(data, i) : NULL;
    s->aspects[s->aspect_count++] = (aspect){.path = data->path, .values = values};
    return SW_OK;
}

/* The shortest end of a dotted path that no other aspect has: "weight", "commutativity.weight". Axes keep theirs
 * whatever else is told. */
static const char *short_path(const sw_settings *s, size_t k) {
    const char *path = s->aspects[k].path;
    for (const char *dot = strrchr(path, '.');; dot--) {
        while (dot > path && *dot != '.') dot--;
        if (!dot || dot <= path) return path;
        const char *end = dot + 1;
        bool unique = true;
        for (size_t a = 0; a < s->aspect_count && unique; a++) {
            const aspect *other = &s->aspects[a];
            const size_t length = strlen(other->path), want = strlen(end);
            if (a == k || (a >= s->axis_count && !other->name)) continue;
            if (length >= want && strcmp(other->path + length - want, end) == 0) unique = false;
        }
        if (unique) return end;
    }
}

/* Chooses what is told of aspects [from, to): what differs among runs of a class. Classes fall apart by it. */
static sw_status choose(sw_settings *s, size_t from, size_t to) {
    bool any;
    sw_status status = SW_OK;
    size_t *now = calloc(2 * s->count + 1, sizeof *now), *trial = now + s->count;
    if (!now) return sw_fail(SW_E_MEMORY, "settings");
    memcpy(now, s->class, s->count * sizeof *now);
    for (size_t k = from; k < to && status == SW_OK; k++) {
        aspect *a = &s->aspects[k];
        status = split(&any, trial, s->class, a->values, s->count);
        if (status != SW_OK || !any) continue;
        a->name = a->path;
        status = split(&any, now, now, a->values, s->count);
    }
    memcpy(s->class, now, s->count * sizeof *now);
    free(now);
    return status;
}

/* ---- names ---- */

/* How a setting is told: "baseline, weight=0.1"; "baseline, 0.1"; "label, weight". */
typedef enum form { IN_FULL, VALUES, KEYS } form;

/* What is told of run i, into out[capacity]; returns how long it is. */
static size_t tell(char *out, size_t capacity, const sw_settings *s, size_t i, form how) {
    const char *label = sw_results_row(s->results, s->rows[i])->label;
    size_t length = (size_t)snprintf(out, capacity, "%s", how == KEYS && label[0] ? "label" : label);
    for (size_t k = 0; k < s->aspect_count; k++) {
        const aspect *a = &s->aspects[k];
        if (!a->name || (how == IN_FULL && !a->values[i])) continue;
        char *end = capacity > length ? out + length : NULL;
        const char *value = how == KEYS ? "" : a->values[i] ? a->values[i] : "-";
        length += (size_t)snprintf(end, end ? capacity - length : 0, "%s%s%s%s", length ? ", " : "",
                                   how == VALUES ? "" : a->name, how == IN_FULL ? "=" : "", value);
    }
    return length;
}

/* As it is shown, so that columns and cuts are those of what is printed. */
static const char *name_setting(sw_settings *s, size_t i, form how) {
    enum { ESCAPED = 4 }; /* times a byte, at most */
    const size_t length = tell(NULL, 0, s, i, how);
    char *told = sw_arena_alloc(s->arena, length + 1, 1), *name = sw_arena_alloc(s->arena, ESCAPED * length + 1, 1);
    if (!told || !name) return NULL;
    tell(told, length + 1, s, i, how);
    return length == 0 ? how == KEYS ? "setting" : "all runs" : sw_text_escape(name, ESCAPED * length + 1, told);
}

/* Numbers the classes in the order of their first runs, and names them. */
static sw_status number_settings(sw_settings *s) {
    size_t *number = calloc(s->count + 1, sizeof *number); /* [class]: its setting + 1 */
    s->names = sw_arena_alloc(s->arena, s->count + 1, sizeof *s->names);
    s->values = sw_arena_alloc(s->arena, s->count + 1, sizeof *s->values);
    sw_status status = number && s->names && s->values ? SW_OK : sw_fail(SW_E_MEMORY, "settings");
    for (size_t i = 0; i < s->count && status == SW_OK; i++) {
        const size_t class = s->class[i];
        if (number[class] == 0) {
            s->names[s->settings] = name_setting(s, i, IN_FULL);
            s->values[s->settings] = name_setting(s, i, VALUES);
            if (!s->names[s->settings] || !s->values[s->settings]) status = SW_E_MEMORY;
            number[class] = ++s->settings;
        }
        s->setting[i] = number[class] - 1;
    }
    free(number);
    s->keys = s->count > 0 && status == SW_OK ? name_setting(s, 0, KEYS) : "setting";
    return status == SW_OK && !s->keys ? SW_E_MEMORY : status;
}

/* ---- settings ---- */

static sw_status allocate(sw_settings *s, bool all) {
    const size_t most = sw_results_count(s->results);
    sw_status status = sw_arena_create(&s->arena);
    if (status != SW_OK) return status;
    s->rows = sw_arena_alloc(s->arena, most + 1, sizeof *s->rows);
    s->class = sw_arena_alloc(s->arena, most + 1, sizeof *s->class);
    s->setting = sw_arena_alloc(s->arena, most + 1, sizeof *s->setting);
    if (!s->rows || !s->class || !s->setting) return SW_E_MEMORY;
    for (size_t r = 0; r < most; r++)
        if (sw_row_is_told(s->results, r, all) && sw_results_row(s->results, r)->state != SW_RUN_NOT_SELECTED)
            s->rows[s->count++] = r;
    return SW_OK;
}

static sw_status split_by_label(sw_settings *s) {
    bool any;
    const char **labels = calloc(s->count + 1, sizeof *labels);
    if (!labels) return sw_fail(SW_E_MEMORY, "settings");
    for (size_t i = 0; i < s->count; i++) labels[i] = sw_results_row(s->results, s->rows[i])->label;
    const sw_status status = split(&any, s->class, s->class, labels, s->count);
    free(labels);
    return status;
}

sw_status sw_settings_create(sw_settings **out, const sw_results *results, bool all) {
    *out = NULL;
    sw_settings *s = calloc(1, sizeof *s);
    if (!s) return sw_fail(SW_E_MEMORY, "settings");
    s->results = results;
    sw_status status = allocate(s, all);
    if (status == SW_OK) status = sw_configs_create(&s->configs, results, s->rows, s->count);
    if (status == SW_OK) status = find_aspects(s);
    if (status == SW_OK) status = split_by_label(s);
    if (status == SW_OK) status = choose(s, 0, s->axis_count);
    if (status == SW_OK) status = choose(s, s->axis_count, s->aspect_count);
    const size_t before = s->aspect_count;
    for (int f = 0; f < FOLLOWING && status == SW_OK; f++) status = add_following(s, following[f]);
    if (status == SW_OK) status = choose(s, before, s->aspect_count);
    for (size_t k = 0; k < s->aspect_count && status == SW_OK; k++)
        if (s->aspects[k].name) s->aspects[k].name = short_path(s, k);
    if (status == SW_OK) status = number_settings(s);
    if (status == SW_OK)
        *out = s;
    else
        sw_settings_destroy(s);
    return status;
}

void sw_settings_destroy(sw_settings *settings) {
    if (!settings) return;
    sw_configs_destroy(settings->configs);
    sw_arena_destroy(settings->arena);
    free(settings);
}

size_t sw_settings_count(const sw_settings *settings) { return settings->settings; }

const char *sw_settings_name(const sw_settings *settings, size_t setting) { return settings->names[setting]; }

const char *sw_settings_values(const sw_settings *settings, size_t setting) { return settings->values[setting]; }

const char *sw_settings_keys(const sw_settings *settings) { return settings->keys; }

size_t sw_settings_run_count(const sw_settings *settings) { return settings->count; }

size_t sw_settings_row(const sw_settings *settings, size_t i) { return settings->rows[i]; }

size_t sw_settings_of(const sw_settings *settings, size_t i) { return settings->setting[i]; }
