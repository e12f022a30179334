/* discover.c: the symmetry group of a task's table. */
#include "symsweep/discover.h"

#include "symsweep/apart.h"
#include "symsweep/file.h"
#include "symsweep/grow.h"
#include "tasks/schreier.h"
#include "tasks/traces.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COLORS_MAX = 7, EDGES_MAX = 30000000 };

/* ---- the graph ---- */

/* Vertices: classes, tokens (tied), operand positions, the relation's position, operand slots, relation slots, inputs:
 * in this order Traces is about twice as fast as in the opposite one. An entry is a place in a map: it stands for a
 * position, a slot or a class. */
typedef struct incidence {
    const sw_symmetry_table *table;
    sw_symmetry_scope scope;
    bool *used;      /* [length] of a slot or class: some input has it (tied operands: its token) */
    int32_t *vertex; /* [length] of an entry; -1 = it has none, because no input has it */
    int32_t *entry;  /* [kept] of a vertex; a token's is not set */
    int32_t kept;    /* vertices before the inputs */
    int32_t *token;  /* [entities] vertex of a token, tied */
    int32_t color_end[COLORS_MAX];
    sw_traces_graph graph;
} incidence;

static bool is_operand(const sw_symmetry_shape *shape, int32_t j) { return j != shape->relation; }

static void mark_used(incidence *in) {
    const sw_symmetry_shape *shape = &in->table->shape;
    for (size_t i = 0; i < in->table->inputs; i++) {
        const int32_t *token = in->table->token + i * (size_t)shape->positions;
        for (int32_t j = 0; j < shape->positions; j++) in->used[shape->start[j] + token[j]] = true;
        in->used[shape->class_start + in->table->label[i]] = true;
    }
    for (int32_t t = 0; t < shape->entities && in->scope == SW_SYMMETRY_TIED; t++) {
        bool any = false;
        for (int32_t j = 0; j < shape->positions; j++)
            any = any || (is_operand(shape, j) && in->used[shape->start[j] + t]);
        for (int32_t j = 0; j < shape->positions; j++)
            if (is_operand(shape, j)) in->used[shape->start[j] + t] = any;
    }
}

static void end_color(incidence *in) { in->color_end[in->graph.colors++] = in->graph.vertices; }

static void add_entry(incidence *in, int32_t entry) {
    in->entry[in->graph.vertices] = entry;
    in->vertex[entry] = in->graph.vertices++;
}

static void number_vertices(incidence *in) {
    const sw_symmetry_shape *shape = &in->table->shape;
    int32_t operand = 0; /* any: in scope tied the same tokens are used at all */
    while (!is_operand(shape, operand)) operand++;
    for (int32_t e = 0; e < shape->length; e++) in->vertex[e] = -1;
    for (int32_t e = shape->class_start; e < shape->length; e++)
        if (in->used[e]) add_entry(in, e);
    end_color(in);
    for (int32_t t = 0; t < shape->entities && in->scope == SW_SYMMETRY_TIED; t++)
        if (in->used[shape->start[operand] + t]) in->token[t] = in->graph.vertices++;
    end_color(in);
    for (int kind = 0; kind < 2; kind++) { /* operands, then the relation */
        for (int32_t j = 0; j < shape->positions; j++)
            if (is_operand(shape, j) == (kind == 0)) add_entry(in, j);
        end_color(in);
    }
    for (int kind = 0; kind < 2; kind++) {
        for (int32_t j = 0; j < shape->positions; j++)
            for (int32_t e = shape->start[j]; e < shape->start[j] + shape->size[j]; e++)
                if (is_operand(shape, j) == (kind == 0) && in->used[e]) add_entry(in, e);
        end_color(in);
    }
    in->kept = in->graph.vertices;
    in->graph.vertices += (int32_t)in->table->inputs;
    end_color(in);
    in->graph.color_end = in->color_end;
}

/* Calls edge(in, a, b) for every edge of the graph. */
static void each_edge(incidence *in, void (*edge)(incidence *in, int32_t a, int32_t b)) {
    const sw_symmetry_shape *shape = &in->table->shape;
    const int32_t first_input = in->graph.vertices - (int32_t)in->table->inputs;
    for (int32_t j = 0; j < shape->positions; j++)
        for (int32_t t = 0; t < shape->size[j]; t++) {
            const int32_t slot = in->vertex[shape->start[j] + t];
            if (slot < 0) continue;
            edge(in, slot, in->vertex[j]);
            if (in->scope == SW_SYMMETRY_TIED && is_operand(shape, j)) edge(in, slot, in->token[t]);
        }
    for (size_t i = 0; i < in->table->inputs; i++) {
        const int32_t *token = in->table->token + i * (size_t)shape->positions;
        const int32_t input = first_input + (int32_t)i;
        for (int32_t j = 0; j < shape->positions; j++) edge(in, input, in->vertex[shape->start[j] + token[j]]);
        edge(in, input, in->vertex[shape->class_start + in->table->label[i]]);
    }
}

static void count_edge(incidence *in, int32_t a, int32_t b) {
    in->graph.degree[a]++;
    in->graph.degree[b]++;
}

static void put_edge(incidence *in, int32_t a, int32_t b) {
    in->graph.neighbor[in->graph.first[a] + (size_t)in->graph.degree[a]++] = b;
    in->graph.neighbor[in->graph.first[b] + (size_t)in->graph.degree[b]++] = a;
}

static sw_status join(incidence *in) {
    sw_traces_graph *graph = &in->graph;
    const size_t n = (size_t)graph->vertices;
    graph->first = malloc(n * sizeof *graph->first);
    graph->degree = calloc(n, sizeof *graph->degree);
    if (graph->first == NULL || graph->degree == NULL) return sw_fail(SW_E_MEMORY, "no memory for %zu vertices", n);
    each_edge(in, count_edge);
    graph->arcs = 0;
    for (size_t v = 0; v < n; v++) {
        graph->first[v] = graph->arcs;
        graph->arcs += (size_t)graph->degree[v];
        graph->degree[v] = 0;
    }
    graph->neighbor = malloc(graph->arcs * sizeof *graph->neighbor);
    if (graph->neighbor == NULL) return sw_fail(SW_E_MEMORY, "no memory for %zu edges", graph->arcs / 2);
    each_edge(in, put_edge);
    return SW_OK;
}

static sw_status build(incidence *in) {
    const size_t length = (size_t)in->table->shape.length;
    in->used = calloc(length, sizeof *in->used);
    in->vertex = malloc(length * sizeof *in->vertex);
    in->token = malloc((size_t)in->table->shape.entities * sizeof *in->token);
    in->entry = malloc((length + (size_t)in->table->shape.entities) * sizeof *in->entry);
    if (in->used == NULL || in->vertex == NULL || in->entry == NULL || in->token == NULL)
        return sw_fail(SW_E_MEMORY, "no memory for a graph");
    mark_used(in);
    number_vertices(in);
    return join(in);
}

static void release(incidence *in) {
    free(in->used);
    free(in->vertex);
    free(in->entry);
    free(in->token);
    free(in->graph.first);
    free(in->graph.degree);
    free(in->graph.neighbor);
}

/* ---- from the graph's automorphisms to symmetries ---- */

/* Entries that no input has, from `from` on: those of a position, or the classes. They keep their order. */
static void follow(int32_t *map, const bool *used, int32_t from, int32_t size, int32_t to) {
    int32_t target = 0;
    for (int32_t t = 0; t < size; t++) {
        if (used[from + t]) continue;
        while (used[to + target]) target++;
        map[from + t] = target++;
    }
}

/* The symmetry that moves the vertices with entries so. */
static void read_automorphism(int32_t *map, const incidence *in, const int32_t *image) {
    const sw_symmetry_shape *shape = &in->table->shape;
    for (int32_t j = 0; j < shape->positions; j++) map[j] = in->entry[image[in->vertex[j]]];
    for (int32_t j = 0; j < shape->positions; j++) {
        const int32_t from = shape->start[j], to = shape->start[map[j]];
        for (int32_t e = from; e < from + shape->size[j]; e++)
            if (in->used[e]) map[e] = in->entry[image[in->vertex[e]]] - to;
        follow(map, in->used, from, shape->size[j], to);
    }
    for (int32_t e = shape->class_start; e < shape->length; e++)
        if (in->used[e]) map[e] = in->entry[image[in->vertex[e]]] - shape->class_start;
    follow(map, in->used, shape->class_start, shape->classes, shape->class_start);
}

typedef struct finding {
    sw_discovery *out;
    const sw_symmetry_shape *shape;
    size_t capacity;
    sw_schreier_order order;
} finding;

/* Room for one more generator. */
static int32_t *next_generator(finding *f) {
    const size_t length = (size_t)f->shape->length;
    int32_t *maps =
        sw_grow_array(f->out->generators, f->out->count, &f->capacity, length * sizeof *maps, "generators of a group");
    if (maps == NULL) return NULL;
    f->out->generators = maps;
    return maps + f->out->count++ * length;
}

/* Generators of all permutations of those `size` entries from `from` on that no input has: the first two change places,
 * and all go round where that is not the same. `tied`: the tokens of all operands do as these. */
static sw_status add_permutations(finding *f, const bool *used, int32_t from, int32_t size, bool tied) {
    int32_t unused = 0, first = -1, second = -1;
    for (int32_t t = size - 1; t >= 0; t--) {
        if (used[from + t]) continue;
        unused++;
        second = first;
        first = t;
    }
    sw_status status = SW_OK;
    for (int32_t k = 2; k <= unused && status == SW_OK; k++) status = sw_schreier_multiply(&f->order, (uint32_t)k);
    for (int generator = 0; generator < 2 && generator + 2 <= unused && status == SW_OK; generator++) {
        int32_t *map = next_generator(f);
        if (map == NULL) return SW_E_MEMORY;
        sw_symmetry_identity(map, f->shape);
        int32_t *part = map + from;
        if (generator == 0) {
            part[first] = second;
            part[second] = first;
        } else {
            int32_t before = first;
            for (int32_t t = first + 1; t < size; t++) {
                if (used[from + t]) continue;
                part[before] = t;
                before = t;
            }
            part[before] = first;
        }
        for (int32_t j = 0; j < f->shape->positions && tied; j++)
            if (is_operand(f->shape, j) && f->shape->start[j] != from)
                memcpy(map + f->shape->start[j], part, (size_t)size * sizeof *map);
    }
    return status;
}

/* Tokens and classes that no input has. */
static sw_status add_unused(finding *f, const incidence *in) {
    const sw_symmetry_shape *shape = f->shape;
    bool done = false; /* with the tokens of all operands at once */
    sw_status status = add_permutations(f, in->used, shape->class_start, shape->classes, false);
    for (int32_t j = 0; j < shape->positions && status == SW_OK; j++) {
        const bool tied = in->scope == SW_SYMMETRY_TIED && is_operand(shape, j);
        if (!tied || !done) status = add_permutations(f, in->used, shape->start[j], shape->size[j], tied);
        done = done || tied;
    }
    return status;
}

static sw_status search(finding *f, const sw_symmetry_table *table, sw_symmetry_scope scope) {
    incidence in = {.table = table, .scope = scope};
    sw_traces_group group = {0};
    int32_t *maps = NULL;
    const size_t length = (size_t)f->shape->length;
    sw_status status = build(&in);
    if (status == SW_OK) status = sw_traces_search(&group, &in.graph, in.kept);
    if (status == SW_OK) {
        maps = malloc((group.count * length + 1) * sizeof *maps);
        if (maps == NULL) status = sw_fail(SW_E_MEMORY, "no memory for %zu generators", group.count);
    }
    for (size_t i = 0; i < group.count && status == SW_OK; i++)
        read_automorphism(maps + i * length, &in, group.generator + i * (size_t)in.kept);
    if (status == SW_OK)
        status = sw_schreier_solve(&f->order, &f->out->generators, &f->out->count, f->shape, maps, group.count,
                                   group.log_order);
    f->capacity = f->out->acting = f->out->count;
    if (status == SW_OK) status = sw_schreier_digits(&f->out->acting_order, &f->order);
    if (status == SW_OK) status = add_unused(f, &in);
    free(maps);
    free(group.generator);
    release(&in);
    return status;
}

static sw_status discover(sw_discovery *out, const sw_symmetry_table *table, sw_symmetry_scope scope) {
    finding f = {.out = out, .shape = &table->shape};
    sw_status status = search(&f, table, scope);
    for (size_t i = 0; i < out->count && status == SW_OK; i++) {
        status = sw_symmetry_check(table, out->generators + i * (size_t)table->shape.length, scope);
        if (status != SW_OK) status = sw_fail_in(SW_E_NUMERIC, "internal error: generator %zu", i);
    }
    out->orbit = malloc(table->inputs * sizeof *out->orbit);
    if (out->orbit == NULL) status = sw_fail(SW_E_MEMORY, "no memory for the orbits of %zu inputs", table->inputs);
    if (status == SW_OK) status = sw_symmetry_orbits(out->orbit, &out->orbits, table, out->generators, out->count);
    if (status == SW_OK) status = sw_schreier_digits(&out->order, &f.order);
    sw_schreier_release(&f.order);
    return status;
}

/* ---- in a child ---- */

typedef struct report {
    sw_status status;
    size_t count, acting, orbits, digits, acting_digits;
    char message[SW_MESSAGE_MAX];
} report;

typedef struct question {
    const sw_symmetry_table *table;
    sw_symmetry_scope scope;
} question;

static size_t generator_bytes(const sw_symmetry_table *table, size_t count) {
    return count * (size_t)table->shape.length * sizeof(int32_t);
}

static void answer(void *context, int pipe) {
    const question *asked = context;
    sw_discovery found = {0};
    report said;
    memset(&said, 0, sizeof said);
    said.status = discover(&found, asked->table, asked->scope);
    if (said.status != SW_OK) {
        snprintf(said.message, sizeof said.message, "%s", sw_fail_message());
        (void)sw_file_write_all(pipe, &said, sizeof said, NULL);
    } else {
        said.count = found.count;
        said.orbits = found.orbits;
        said.acting = found.acting;
        said.digits = strlen(found.order);
        said.acting_digits = strlen(found.acting_order);
        (void)(sw_file_write_all(pipe, &said, sizeof said, NULL) &&
               sw_file_write_all(pipe, found.order, said.digits, NULL) &&
               sw_file_write_all(pipe, found.acting_order, said.acting_digits, NULL) &&
               sw_file_write_all(pipe, found.generators, generator_bytes(asked->table, found.count), NULL) &&
               sw_file_write_all(pipe, found.orbit, asked->table->inputs * sizeof *found.orbit, NULL));
    }
    sw_discover_release(&found);
}

static bool take(int pipe, void *bytes, size_t count) { return sw_file_read_all(pipe, bytes, count) == (ssize_t)count; }

/* false: the child ended before it had said all. *status: what it said, or could not be kept. */
static bool hear(sw_status *status, sw_discovery *out, int pipe, const sw_symmetry_table *table) {
    report said;
    *status = SW_OK;
    if (!take(pipe, &said, sizeof said)) return false;
    if (said.status != SW_OK) {
        *status = sw_fail(said.status, "%s", said.message);
        return true;
    }
    *out = (sw_discovery){.count = said.count, .acting = said.acting, .orbits = said.orbits};
    out->order = calloc(said.digits + 1, 1);
    out->acting_order = calloc(said.acting_digits + 1, 1);
    out->generators = malloc(generator_bytes(table, said.count) + 1);
    out->orbit = malloc(table->inputs * sizeof *out->orbit);
    if (out->order == NULL || out->acting_order == NULL || out->generators == NULL || out->orbit == NULL) {
        *status = sw_fail(SW_E_MEMORY, "no memory for %zu generators", said.count);
        return true;
    }
    return take(pipe, out->order, said.digits) && take(pipe, out->acting_order, said.acting_digits) &&
           take(pipe, out->generators, generator_bytes(table, said.count)) &&
           take(pipe, out->orbit, table->inputs * sizeof *out->orbit);
}

double sw_discover_log10(const char *digits) {
    const size_t count = strlen(digits), leading = count < 18 ? count : 18;
    char first[19];
    snprintf(first, sizeof first, "%.*s", (int)leading, digits);
    return log10(strtod(first, NULL)) + (double)(count - leading);
}

static sw_status check_size(const sw_symmetry_table *table) {
    const size_t edges = table->inputs * ((size_t)table->shape.positions + 1);
    if (edges <= EDGES_MAX) return SW_OK;
    return sw_fail(SW_E_CONFIG,
                   "the table of %zu inputs makes a graph of %zu edges: symmetries are looked for in one of at most %d",
                   table->inputs, edges, EDGES_MAX);
}

sw_status sw_discover_group(sw_discovery *out, const sw_symmetry_table *table, sw_symmetry_scope scope,
                            double seconds) {
    question asked = {table, scope};
    sw_apart apart;
    *out = (sw_discovery){0};
    sw_status status = check_size(table);
    if (status == SW_OK) status = sw_apart_start(&apart, answer, &asked, seconds);
    if (status != SW_OK) return status;
    const bool heard = hear(&status, out, apart.descriptor, table);
    const int signal = sw_apart_end(&apart);
    if (!heard && signal == SIGALRM)
        status =
            sw_fail(SW_E_INTERRUPTED, "the symmetries of %zu inputs were not found in %g s", table->inputs, seconds);
    else if (!heard)
        status = sw_fail(SW_E_MEMORY, "the search for the symmetries of %zu inputs ended early, for lack of memory",
                         table->inputs);
    if (status != SW_OK)
        sw_discover_release(out);
    else
        out->order_log10 = sw_discover_log10(out->order);
    return status;
}

void sw_discover_release(sw_discovery *discovery) {
    free(discovery->order);
    free(discovery->acting_order);
    free(discovery->generators);
    free(discovery->orbit);
    *discovery = (sw_discovery){0};
}

const char *sw_discover_library_version(void) { return sw_traces_version(); }
