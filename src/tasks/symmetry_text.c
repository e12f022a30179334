/* symmetry_text.c: what a symmetry does, in words. */
#include "symsweep/symmetry_text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CYCLES_COLUMNS = 60, NAME_BYTES = 24, PARTS_MAX = SW_SYMMETRY_POSITIONS_MAX + 1, NAMES = 512 };

/* How the tokens of a position, or the classes, change. */
typedef enum change_kind {
    NOTHING,
    EXCHANGE, /* a and b */
    ADD,      /* t + a */
    NEGATE,
    MULTIPLY,  /* u t */
    AFFINE,    /* u t + a */
    POWER,     /* u t^k, the number of tokens a prime */
    INVERT,    /* in the task's group: t^-1 */
    LEFT,      /* a t */
    RIGHT,     /* t a */
    CONJUGATE, /* a t a^-1 */
    OTHER
} change_kind;

typedef struct change {
    change_kind kind;
    int32_t a, b, u, k, moved;
} change;

typedef struct text {
    char *out;
    size_t length, capacity;
} text;

static void put(text *t, const char *format, ...) SW_PRINTF(2, 3);
static void put(text *t, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    const int written = vsnprintf(t->out + t->length, t->capacity - t->length, format, arguments);
    va_end(arguments);
    if (written > 0) t->length += (size_t)written;
    if (t->length >= t->capacity) t->length = t->capacity - 1;
}

/* ---- what changes ---- */

static bool is_affine(const int32_t *map, int32_t n, int64_t u, int64_t a) {
    for (int32_t t = 0; t < n; t++)
        if (map[t] != (u * t + a) % n) return false;
    return true;
}

static bool is_prime(int32_t n) {
    for (int32_t d = 2; d * d <= n; d++)
        if (n % d == 0) return false;
    return n >= 2;
}

/* k with map(t) = u t^k modulo the prime n; 0 = there is none. */
static int32_t power_of(const int32_t *map, int32_t n, int64_t u) {
    for (int32_t k = 2; k < n - 1; k++) {
        int32_t t = 1;
        for (; t < n; t++) {
            int64_t power = u;
            for (int64_t e = k, square = t; e > 0; e /= 2, square = square * square % n)
                if (e % 2 == 1) power = power * square % n;
            if (map[t] != power) break;
        }
        if (t == n) return k;
    }
    return 0;
}

/* Products with a fixed element of the task's group. */
static bool find_product(change *out, const int32_t *map, const sw_task *task) {
    const int32_t n = task->entities, *product = task->product;
    int32_t neutral = 0;
    while (product[neutral * n + neutral] != neutral) neutral++;
    const int32_t a = map[neutral];
    bool inverts = true, left = true, right = true;
    for (int32_t t = 0; t < n; t++) {
        inverts = inverts && product[map[t] * n + t] == neutral;
        left = left && map[t] == product[a * n + t];
        right = right && map[t] == product[t * n + a];
    }
    if (inverts || left || right) {
        *out = (change){.kind = inverts ? INVERT : left && right ? MULTIPLY : left ? LEFT : RIGHT, .a = a, .u = a};
        return true;
    }
    for (int32_t g = 0; g < n; g++) {
        int32_t t = 0;
        while (t < n && product[map[t] * n + g] == product[g * n + t]) t++;
        if (t < n) continue;
        *out = (change){.kind = CONJUGATE, .a = g};
        return true;
    }
    return false;
}

/* `named`: the numbers say nothing, as those of nodes that a file names. */
static change classify(const int32_t *map, int32_t n, bool relations, bool named, const sw_task *task) {
    change c = {.kind = NOTHING, .a = -1, .b = -1};
    for (int32_t t = 0; t < n; t++) {
        if (map[t] == t) continue;
        if (c.a < 0)
            c.a = t;
        else
            c.b = t;
        c.moved++;
    }
    if (c.moved == 0) return (change){.kind = NOTHING};
    change product;
    if (task->product != NULL && n == task->entities && find_product(&product, map, task)) return product;
    if (c.moved == 2) return (change){.kind = EXCHANGE, .a = c.a, .b = c.b};
    if (relations || named) return (change){.kind = OTHER, .moved = c.moved};
    const int32_t a = map[0], u = (map[1] - map[0] + n) % n;
    if (is_affine(map, n, u, a)) {
        const change_kind kind = u == 1 ? ADD : a != 0 ? AFFINE : u == n - 1 ? NEGATE : MULTIPLY;
        return (change){.kind = kind, .a = a, .u = u};
    }
    const int32_t k = map[0] == 0 && is_prime(n) ? power_of(map, n, map[1]) : 0;
    if (k > 0) return (change){.kind = POWER, .u = map[1], .k = k};
    return (change){.kind = OTHER, .moved = c.moved};
}

/* ---- words ---- */

/* Names of the tokens of an operand, or of the classes; NULL = they go by number. */
static char (*names_of(const sw_task *task, bool operand))[SW_TASK_NAME] {
    return operand ? task->entity_name : task->class_name;
}

/* Columns that a name takes at most. */
static size_t room_of(const char *name) {
    const size_t length = strlen(name);
    return 2 + (length < NAME_BYTES ? length : NAME_BYTES);
}

/* A name, in quotes where it could be taken for more than one, or for an operand. */
static void put_name(text *t, const char *name) {
    size_t length = strlen(name);
    const bool operand = length == 1 && strchr("xyzw", name[0]) != NULL;
    const bool cut = length > NAME_BYTES, quoted = operand || strpbrk(name, " (),\"") != NULL;
    if (cut) length = NAME_BYTES - 3;
    while (cut && ((unsigned char)name[length] & 0xC0) == 0x80) length--; /* not within a character */
    put(t, "%s%.*s%s%s", quoted ? "\"" : "", (int)length, name, cut ? "..." : "", quoted ? "\"" : "");
}

/* Relations and what three_way answers are written as they are asked for, what a file names by name; all else by
 * number. */
static void put_token(text *t, const sw_task *task, bool relations, bool operand, int32_t token) {
    static const char *const names[] = {"<", "=", ">"};
    const bool named = task->config.kind == SW_TASK_COMPARISON && relations;
    if (named && task->relations > 3)
        put(t, "%s%d", names[token % 3], token / 3); /* of an attribute */
    else if (named)
        put(t, "%s", names[token % 3]);
    else if (names_of(task, operand) != NULL)
        put_name(t, names_of(task, operand)[token]);
    else
        put(t, "%d", token);
}

static const char *noun(const sw_task *task, bool relations, bool operand) {
    if (relations && !operand) return "relations";
    if (!operand) return "values";
    return task->config.kind == SW_TASK_GRAPH ? "nodes" : task->config.kind == SW_TASK_GROUP ? "elements" : "tokens";
}

static void put_cycles(text *t, const int32_t *map, int32_t n, const sw_task *task, bool relations, bool operand) {
    const char(*names)[SW_TASK_NAME] = (const char(*)[SW_TASK_NAME])names_of(task, operand);
    const size_t end = t->length + CYCLES_COLUMNS;
    for (int32_t first = 0; first < n; first++) {
        bool least = map[first] != first;
        for (int32_t at = map[first]; least && at != first; at = map[at]) least = at > first;
        if (!least) continue;
        int32_t at = first;
        do {
            if (t->length + (names == NULL ? 0 : room_of(names[at])) > end) {
                put(t, " ...");
                return;
            }
            put(t, "%s", at == first ? "(" : " ");
            put_token(t, task, relations, operand, at);
            at = map[at];
        } while (at != first);
        put(t, ")");
    }
}

/* `names`: of the positions that change so. */
static void put_change(text *t, const change *c, const char *names, const int32_t *map, int32_t n, const sw_task *task,
                       bool relations, bool operand) {
    switch (c->kind) {
    case NOTHING: break;
    case EXCHANGE:
        put(t, "exchanges ");
        put_token(t, task, relations, operand, c->a);
        put(t, " and ");
        put_token(t, task, relations, operand, c->b);
        put(t, " in %s", names);
        break;
    case ADD: put(t, "adds %d to %s", c->a, names); break;
    case NEGATE: put(t, "negates %s", names); break;
    case MULTIPLY: put(t, "multiplies %s by %d", names, c->u); break;
    case AFFINE:
        if (c->u == n - 1)
            put(t, "takes t to %d - t in %s", c->a, names);
        else
            put(t, "takes t to %d t + %d in %s", c->u, c->a, names);
        break;
    case POWER:
        if (c->u == 1)
            put(t, "takes t to t^%d in %s", c->k, names);
        else
            put(t, "takes t to %d t^%d in %s", c->u, c->k, names);
        break;
    case INVERT: put(t, "inverts %s", names); break;
    case LEFT: put(t, "multiplies %s by %d from the left", names, c->a); break;
    case RIGHT: put(t, "multiplies %s by %d from the right", names, c->a); break;
    case CONJUGATE: put(t, "conjugates %s by %d", names, c->a); break;
    case OTHER:
        put(t, "moves %d of %d %s ", c->moved, n, noun(task, relations, operand));
        if (!relations) put(t, "of %s ", names);
        put_cycles(t, map, n, task, relations, operand);
        break;
    }
}

/* What changes: positions, and the result behind them. */
typedef struct part {
    const int32_t *map;
    int32_t size;
    bool relations, operand;
    char name[24];
    change what;
    bool told;
} part;

static void name_operand(char out[24], int32_t number) {
    static const char *const names[] = {"x", "y", "z", "w"};
    if (number < 4)
        snprintf(out, 24, "%s", names[number]);
    else
        snprintf(out, 24, "operand %d", number + 1);
}

static int32_t find_parts(part out[PARTS_MAX], const sw_task *task, const sw_symmetry_shape *shape,
                          const int32_t *map) {
    int32_t operand = 0;
    for (int32_t j = 0; j < shape->positions; j++) {
        const bool relation = j == shape->relation;
        out[j] = (part){.map = map + shape->start[j],
                        .size = shape->size[j],
                        .relations = relation,
                        .operand = !relation,
                        .name = "the relation"};
        if (!relation) name_operand(out[j].name, operand++);
    }
    const bool compares = task->config.kind == SW_TASK_COMPARISON && task->relations == 0;
    out[shape->positions] =
        (part){.map = map + shape->class_start, .size = shape->classes, .relations = compares, .name = "the result"};
    for (int32_t i = 0; i <= shape->positions; i++)
        out[i].what = classify(out[i].map, out[i].size, out[i].relations,
                               out[i].operand && task->config.kind == SW_TASK_GRAPH && task->entity_name != NULL, task);
    return shape->positions + 1;
}

static bool is_alike(const part *a, const part *b) {
    return a->size == b->size && a->what.kind != NOTHING && a->relations == b->relations &&
           memcmp(a->map, b->map, (size_t)a->size * sizeof *a->map) == 0;
}

/* "x", "x and y", "x, y and the result" */
static void join_names(char out[NAMES], part *parts, int32_t count, int32_t first) {
    text t = {out, 0, NAMES};
    int32_t alike = 0, said = 0;
    for (int32_t i = first; i < count; i++) alike += is_alike(&parts[first], &parts[i]);
    out[0] = 0;
    for (int32_t i = first; i < count; i++) {
        if (!is_alike(&parts[first], &parts[i])) continue;
        parts[i].told = true;
        put(&t, "%s%s", said == 0 ? "" : said + 1 == alike ? " and " : ", ", parts[i].name);
        said++;
    }
}

static void put_moves(text *t, const part *parts, const sw_symmetry_shape *shape, const int32_t *map) {
    int32_t moved = 0, first = -1;
    for (int32_t j = 0; j < shape->positions; j++) {
        if (map[j] == j) continue;
        if (first < 0) first = j;
        moved++;
    }
    if (moved == 2) {
        put(t, "swaps %s and %s", parts[first].name, parts[map[first]].name);
        return;
    }
    for (int32_t j = 0, said = 0; j < shape->positions; j++)
        if (map[j] != j) put(t, "%s%s to %s", said++ == 0 ? "moves " : ", ", parts[j].name, parts[map[j]].name);
}

void sw_symmetry_text(char out[SW_SYMMETRY_TEXT], const sw_task *task, const sw_symmetry_shape *shape,
                      const int32_t *map) {
    part parts[PARTS_MAX];
    char names[NAMES];
    text t = {out, 0, SW_SYMMETRY_TEXT};
    const int32_t count = find_parts(parts, task, shape, map);
    int32_t clauses = 0, said = 0;
    bool moves = false;
    for (int32_t i = 0; i < count; i++) {
        bool again = parts[i].what.kind == NOTHING;
        for (int32_t k = 0; k < i; k++) again = again || is_alike(&parts[k], &parts[i]);
        clauses += !again;
    }
    for (int32_t j = 0; j < shape->positions; j++) moves = moves || map[j] != j;
    clauses += moves;
    out[0] = 0;
    for (int32_t i = 0; i < count; i++) {
        if (parts[i].what.kind == NOTHING || parts[i].told) continue;
        join_names(names, parts, count, i);
        put(&t, "%s", said == 0 ? "" : said + 1 == clauses ? ", and " : ", ");
        put_change(&t, &parts[i].what, names, parts[i].map, parts[i].size, task, parts[i].relations, parts[i].operand);
        said++;
    }
    if (moves && said > 0) put(&t, ", and ");
    if (moves) put_moves(&t, parts, shape, map);
    if (clauses == 0) put(&t, "moves nothing");
}

sw_status sw_symmetry_texts(char (**out)[SW_SYMMETRY_TEXT], const sw_task *task, const sw_symmetry_shape *shape,
                            const int32_t *maps, size_t count) {
    *out = calloc(count + 1, sizeof **out);
    if (*out == NULL) return sw_fail(SW_E_MEMORY, "no memory for %zu symmetries", count);
    for (size_t i = 0; i < count; i++) sw_symmetry_text((*out)[i], task, shape, maps + i * (size_t)shape->length);
    return SW_OK;
}
