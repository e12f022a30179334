/* configs.c: the configurations of runs as a table. */
#include "cli/configs.h"

#include "cli/members.h"

#include "symsweep/arena.h"
#include "symsweep/config.h"
#include "symsweep/grow.h"

#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX_BYTES = 4096 };

/* Which keys a text has, and whether those are all that a run like it is concerned with: its version may be an older
 * one. */
typedef struct shape {
    uint64_t keys;
    bool complete;
} shape;

struct sw_configs {
    sw_arena *arena; /* of all texts and values */
    sw_configs_column *columns;
    size_t count, capacity, next; /* next: the column that is met next, as a rule */
    size_t rows, row;
    const char *text; /* of the row that is walked */
    shape *shapes;
    size_t shape_count, shape_capacity;
    const char *model; /* the text that was walked last, when it has all keys: others are as a rule like it */
    sw_members_span *spans;
    size_t *column_of; /* [span_count] */
    size_t span_count, span_capacity, column_capacity;
    sw_status status;
};

static const char *keep(sw_configs *c, const char *text, size_t length) {
    char *copy = sw_arena_alloc(c->arena, length + 1, 1);
    if (copy)
        memcpy(copy, text, length);
    else
        c->status = SW_E_MEMORY;
    return copy;
}

/* ---- values ---- */

static bool is_equal(const char *kept, const char *value, size_t length) {
    if (!kept || !value) return kept == value;
    return strncmp(kept, value, length) == 0 && kept[length] == 0;
}

/* The value of the row that is walked; NULL = it has none. */
static void put(sw_configs *c, sw_configs_column *column, const char *value, size_t length) {
    const char *before = column->values ? column->values[c->row - 1] : column->first;
    column->seen = c->row;
    if (c->row == 0) {
        column->first = keep(c, value, length);
        return;
    }
    const bool same = is_equal(before, value, length);
    if (same && !column->values) return;
    if (!column->values) {
        column->values = sw_arena_alloc(c->arena, c->rows, sizeof *column->values);
        if (!column->values) {
            c->status = SW_E_MEMORY;
            return;
        }
        for (size_t i = 0; i < c->row; i++) column->values[i] = column->first;
    }
    column->values[c->row] = same ? before : value ? keep(c, value, length) : NULL;
}

static sw_configs_column *find_column(sw_configs *c, const char *path) {
    if (c->next < c->count && strcmp(c->columns[c->next].path, path) == 0) return &c->columns[c->next++];
    for (size_t i = 0; i < c->count; i++) {
        if (strcmp(c->columns[i].path, path) != 0) continue;
        c->next = i + 1;
        return &c->columns[i];
    }
    sw_configs_column *columns = sw_grow_array(c->columns, c->count, &c->capacity, sizeof *columns, "configurations");
    if (columns) c->columns = columns;
    const char *name = columns ? keep(c, path, strlen(path)) : NULL;
    if (!name) {
        c->status = SW_E_MEMORY;
        return NULL;
    }
    c->columns[c->count] = (sw_configs_column){.path = name, .seen = SIZE_MAX};
    c->next = c->count + 1;
    return &c->columns[c->count++];
}

static void put_text(sw_configs *c, sw_configs_column *column, const char *value, size_t length) {
    char text[TEXT_MAX_BYTES];
    const bool escaped = memchr(value, '\\', length) != NULL;
    if (escaped && sw_config_lookup(c->text, column->path, text, sizeof text))
        put(c, column, text, strlen(text));
    else
        put(c, column, value, length);
}

static void put_member(void *context, const char *path, const char *value, size_t length) {
    sw_configs *c = context;
    if (c->status != SW_OK) return;
    sw_configs_column *column = find_column(c, path);
    if (!column) return;
    sw_members_span *spans = sw_grow_array(c->spans, c->span_count, &c->span_capacity, sizeof *spans, "configurations");
    if (spans) c->spans = spans;
    size_t *column_of =
        sw_grow_array(c->column_of, c->span_count, &c->column_capacity, sizeof *column_of, "configurations");
    if (column_of) c->column_of = column_of;
    if (!spans || !column_of) {
        c->status = SW_E_MEMORY;
        return;
    }
    spans[c->span_count] = (sw_members_span){(size_t)(value - c->text), length};
    column_of[c->span_count++] = (size_t)(column - c->columns);
    if (column->seen != c->row) put_text(c, column, value, length); /* else a key that stands twice */
}

static void put_span(void *context, size_t number, const char *value, size_t length) {
    sw_configs *c = context;
    sw_configs_column *column = &c->columns[c->column_of[number]];
    if (c->status == SW_OK && column->seen != c->row) put_text(c, column, value, length);
}

/* ---- rows ---- */

static void add_key(void *context, const char *path, const char *value, size_t length) {
    uint64_t *keys = context;
    (void)value;
    (void)length;
    for (const char *p = path;; p++) {
        *keys = (*keys ^ (unsigned char)*p) * UINT64_C(1099511628211); /* FNV-1a */
        if (!*p) break;
    }
}

static uint64_t keys_of(const char *text) {
    uint64_t keys = UINT64_C(14695981039346656037);
    sw_members_walk(text, add_key, &keys);
    return keys;
}

/* The text with all the keys of this version, in `json`; itself when it is no configuration of this version. */
static const char *complete(sw_json *json, const char *text) {
    sw_run_config config;
    sw_arena *lists = NULL;
    sw_status status = sw_arena_create(&lists);
    if (status == SW_OK) status = sw_config_read(&config, text, lists);
    if (status == SW_OK)
        sw_config_write(json, &config);
    else
        sw_fail_clear();
    sw_arena_destroy(lists);
    return status == SW_OK ? sw_json_text(json) : text;
}

static const shape *find_shape(sw_configs *c, const char *text) {
    const uint64_t keys = keys_of(text);
    for (size_t i = 0; i < c->shape_count; i++)
        if (c->shapes[i].keys == keys) return &c->shapes[i];
    sw_json *json;
    shape *shapes = sw_grow_array(c->shapes, c->shape_count, &c->shape_capacity, sizeof *shapes, "configurations");
    if (!shapes) return NULL;
    c->shapes = shapes;
    if (sw_json_create(&json) != SW_OK) return NULL;
    const char *whole = complete(json, text);
    if (whole) shapes[c->shape_count++] = (shape){keys, keys_of(whole) == keys};
    sw_json_destroy(json);
    return whole ? &shapes[c->shape_count - 1] : NULL;
}

static sw_status walk_row(sw_configs *c, const char *text) {
    sw_json *json;
    const shape *found = find_shape(c, text);
    if (!found) return SW_E_MEMORY;
    const sw_status status = sw_json_create(&json);
    if (status != SW_OK) return status;
    c->text = found->complete ? text : complete(json, text);
    c->model = found->complete ? text : NULL;
    c->next = c->span_count = 0;
    if (c->text)
        sw_members_walk(c->text, put_member, c);
    else
        c->status = SW_E_MEMORY;
    sw_json_destroy(json);
    return c->status;
}

static sw_status add_row(sw_configs *c, const char *text) {
    if (c->model && sw_members_follow(text, c->model, c->spans, c->span_count, NULL, NULL)) {
        c->text = text;
        sw_members_follow(text, c->model, c->spans, c->span_count, put_span, c);
    } else {
        const sw_status status = walk_row(c, text);
        if (status != SW_OK) return status;
    }
    for (size_t k = 0; k < c->count && c->status == SW_OK; k++)
        if (c->columns[k].seen != c->row) put(c, &c->columns[k], NULL, 0);
    return c->status;
}

static int by_path(const void *a, const void *b) {
    return strcmp(((const sw_configs_column *)a)->path, ((const sw_configs_column *)b)->path);
}

sw_status sw_configs_create(sw_configs **out, const sw_results *results, const size_t *rows, size_t count) {
    *out = NULL;
    sw_configs *c = calloc(1, sizeof *c);
    if (!c) return sw_fail(SW_E_MEMORY, "table of configurations");
    sw_status status = sw_arena_create(&c->arena);
    c->rows = count;
    for (; c->row < count && status == SW_OK; c->row++)
        status = add_row(c, sw_results_row(results, rows[c->row])->config);
    if (status != SW_OK) {
        sw_configs_destroy(c);
        return status;
    }
    if (c->count > 0) qsort(c->columns, c->count, sizeof *c->columns, by_path);
    *out = c;
    return SW_OK;
}

void sw_configs_destroy(sw_configs *configs) {
    if (!configs) return;
    sw_arena_destroy(configs->arena);
    free(configs->columns);
    free(configs->column_of);
    free(configs->spans);
    free(configs->shapes);
    free(configs);
}

size_t sw_configs_count(const sw_configs *configs) { return configs->count; }

const sw_configs_column *sw_configs_get(const sw_configs *configs, size_t column) { return &configs->columns[column]; }

const char *sw_configs_value(const sw_configs_column *column, size_t i) {
    return column->values ? column->values[i] : column->first;
}
