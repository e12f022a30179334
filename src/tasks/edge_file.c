/* edge_file.c: lists of edges as networkx, SNAP, KONECT, MatrixMarket, pandas and spreadsheets write them. */
#include "tasks/edge_file.h"

#include "tasks/fields.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { FILE_SIZE_MAX = 16 << 20, EDGES_MAX = 1 << 22, FIELDS = 8 };

static const char key[] = "task.file", marks[] = "#%";

/* ---- what the lines of a file have in common ---- */

/* Names in the order of their first appearance; open addressing, at most half full. */
typedef struct names {
    sw_span *name;  /* [count] */
    int32_t *place; /* [slots] number of the name, -1 = free */
    size_t count, room, slots;
} names;

/* A file in reading. */
typedef struct reading {
    sw_fields file;
    sw_edge_list *list;
    char separator;     /* of fields */
    bool whole;         /* every name is a whole number */
    names known;        /* the others */
    int64_t *end;       /* [count, 2] the names of the ends of edges: numbers, or in which order they appear */
    size_t count, room; /* edges */
    size_t first_line;  /* of content; 0 = there is none */
    sw_span first, first_further; /* that line, and what stands behind its first two fields */
    int64_t sizes[3];             /* its numbers ... */
    int size_count;               /* ... when it has 2 or 3 and nothing else */
} reading;

static bool is_separator(char c) { return c != '\0' && strchr(" \t\r,;", c) != NULL; }

/* Two numbers apart by any mixture of separators, and nothing else but a comment. */
static bool read_loose(int64_t edge[2], sw_span line) {
    const char *at = line.at, *end = line.at + line.length;
    for (int k = 0; k < 2; k++) {
        while (at < end && is_separator(*at)) at++;
        while (at + 1 < end && *at == '0' && at[1] >= '0' && at[1] <= '9') at++;
        const char *from = at;
        while (at < end && *at >= '0' && *at <= '9') at++;
        if (at < end && !is_separator(*at) && *at != '#' && *at != '%') return false;
        if (!sw_fields_integer((sw_span){from, (size_t)(at - from)}, &edge[k]) || edge[k] > INT32_MAX) return false;
    }
    while (at < end && is_separator(*at)) at++;
    return at == end || *at == '#' || *at == '%';
}

/* Refuses the line that was read last. */
static sw_status refuse_line(const reading *r, sw_span line, const char *expected) {
    char found[SW_FIELDS_SHOWN];
    sw_fields_show(found, line);
    return sw_fail(SW_E_CONFIG, "%s: %s:%zu: expected %s, found \"%s\"", key, r->file.path, r->file.line, expected,
                   found);
}

/* ---- the first line: an edge, names of columns, or counts ---- */

/* Names of columns that hold the two ends of edges. */
static const char *const column_names[][2] = {
    {"source", "target"},       {"from", "to"},   {"src", "dst"},   {"u", "v"},           {"node1", "node2"},
    {"node_1", "node_2"},       {"id1", "id2"},   {"id_1", "id_2"}, {"node_a", "node_b"}, {"start", "end"},
    {"fromnodeid", "tonodeid"}, {"head", "tail"}, {"i", "j"}};
enum { COLUMN_NAMES = sizeof column_names / sizeof column_names[0] };

/* Do fields `a` and `b` name the two ends? */
static bool are_columns(sw_span a, sw_span b) {
    for (int k = 0; k < COLUMN_NAMES; k++)
        if (sw_fields_is_word(a, column_names[k][0]) && sw_fields_is_word(b, column_names[k][1])) return true;
    return false;
}

/* What is known of the lines behind the first, from a look at all of them. */
typedef struct survey {
    sw_span first[FIELDS];
    int first_count;
    size_t others;       /* lines */
    int fields;          /* of the first of them */
    bool whole;          /* their first two fields are whole numbers */
    bool first_whole;    /* so are the first line's */
    bool numbers_follow; /* their third is a number */
    bool first_occurs;   /* one of the first line's names is in them */
    bool ragged, alike;  /* numbers of fields differ; further fields look like names of nodes */
} survey;

static void survey_further(survey *out, const sw_span *field, int count, bool whole) {
    for (int k = 2; k < count && k < FIELDS; k++) {
        int64_t number;
        const bool brace = field[k].length > 0 && *field[k].at == '{';
        if (brace || (whole ? !sw_fields_integer(field[k], &number) : sw_fields_is_number(field[k])))
            out->alike = false;
    }
}

static sw_status take_survey(survey *out, reading *r) {
    sw_span line, field[FIELDS] = {{NULL, 0}};
    int64_t number;
    *out = (survey){.whole = true, .numbers_follow = true, .alike = true};
    for (sw_fields_rewind(&r->file); sw_fields_next(&r->file, &line);) {
        const bool first = r->file.line == r->first_line;
        const int count = sw_fields_split(field, FIELDS, NULL, line, r->separator, marks);
        if (count < 0) return refuse_line(r, line, "a quote that is closed in its line");
        if (first) {
            memcpy(out->first, field, sizeof field);
            out->first_count = count;
            out->first_whole =
                count >= 2 && sw_fields_integer(field[0], &number) && sw_fields_integer(field[1], &number);
            continue;
        }
        if (count < 2) continue; /* refused when it is read */
        for (int k = 0; k < 2; k++) {
            out->whole = out->whole && sw_fields_integer(field[k], &number);
            for (int j = 0; j < 2 && j < out->first_count; j++)
                out->first_occurs = out->first_occurs || sw_fields_same(field[k], out->first[j]);
        }
        out->numbers_follow = out->numbers_follow && count > 2 && sw_fields_is_number(field[2]);
        if (out->others++ == 0) out->fields = count;
        out->ragged = out->ragged || count != out->fields;
        survey_further(out, field, count, out->whole);
    }
    return SW_OK;
}

/* Names of columns stand where no number does, or are known ones, and are no nodes. */
static bool is_header(const survey *s) {
    int64_t number;
    if (s->others == 0 || s->first_count < 2 || s->first_occurs) return false;
    const bool words = !sw_fields_integer(s->first[0], &number) && !sw_fields_integer(s->first[1], &number);
    const bool further =
        s->first_count > 2 && s->numbers_follow && !sw_fields_is_number(s->first[2]) && *s->first[2].at != '{';
    return (words && s->whole) || are_columns(s->first[0], s->first[1]) || (words && further);
}

/* The ends must be the first two columns: an index before them would be taken for nodes. */
static sw_status check_header(const reading *r, const survey *s) {
    char found[SW_FIELDS_SHOWN];
    const int count = s->first_count < FIELDS ? s->first_count : FIELDS;
    if (s->first[0].length == 0 || sw_fields_is_word(s->first[0], "unnamed: 0"))
        return sw_fail(SW_E_CONFIG,
                       "%s: %s:%zu: expected the two ends of edges in the first columns, found a column "
                       "without a name: an index, which pandas leaves out with index=False",
                       key, r->file.path, r->first_line);
    if (are_columns(s->first[0], s->first[1])) return SW_OK;
    for (int a = 0; a < count; a++)
        for (int b = 0; b < count; b++) {
            if (!are_columns(s->first[a], s->first[b])) continue;
            sw_fields_show(found, s->first[0]);
            return sw_fail(SW_E_CONFIG,
                           "%s: %s:%zu: expected the two ends of edges in the first two columns, found "
                           "\"%s\" before them: they are columns %d and %d",
                           key, r->file.path, r->first_line, found, a + 1, b + 1);
        }
    return SW_OK;
}

/* ---- names ---- */

static uint64_t hash_of(sw_span name) {
    uint64_t hash = UINT64_C(14695981039346656037); /* FNV-1a */
    for (size_t i = 0; i < name.length; i++) hash = (hash ^ (unsigned char)name.at[i]) * UINT64_C(1099511628211);
    return hash ^ hash >> 29;
}

static int32_t *slot_of(const names *n, sw_span name) {
    size_t at = (size_t)hash_of(name) & (n->slots - 1);
    while (n->place[at] >= 0 && !sw_fields_same(n->name[n->place[at]], name)) at = (at + 1) & (n->slots - 1);
    return &n->place[at];
}

static bool grow(names *n) {
    const size_t room = n->room ? 2 * n->room : 1024;
    sw_span *name = realloc(n->name, room * sizeof *name);
    if (name) n->name = name;
    int32_t *place = name ? malloc(2 * room * sizeof *place) : NULL;
    if (!place) return false;
    free(n->place);
    n->place = place;
    n->room = room;
    n->slots = 2 * room;
    for (size_t i = 0; i < n->slots; i++) place[i] = -1;
    for (size_t i = 0; i < n->count; i++) *slot_of(n, n->name[i]) = (int32_t)i;
    return true;
}

/* The number of a name; -1: no memory. */
static int64_t number_of(names *n, sw_span name) {
    if (n->count == n->room && !grow(n)) return -1;
    int32_t *slot = slot_of(n, name);
    if (*slot < 0) {
        n->name[n->count] = name;
        *slot = (int32_t)n->count++;
    }
    return *slot;
}

/* ---- lines to edges ---- */

static sw_status add_edge(reading *r, const int64_t edge[2]) {
    if (r->count == EDGES_MAX)
        return sw_fail(SW_E_CONFIG, "%s: %s has more edges than the limit of %d", key, r->file.path, EDGES_MAX);
    if (r->count == r->room) {
        const size_t room = r->room ? 2 * r->room : 1024;
        int64_t *end = realloc(r->end, 2 * room * sizeof *end);
        if (!end) return sw_fail(SW_E_MEMORY, "%s: no memory for the edges of %s", key, r->file.path);
        r->end = end;
        r->room = room;
    }
    memcpy(r->end + 2 * r->count++, edge, 2 * sizeof *edge);
    return SW_OK;
}

static bool is_empty(sw_span line) {
    size_t at = 0;
    while (at < line.length && is_separator(line.at[at])) at++;
    return at == line.length || line.at[at] == '#' || line.at[at] == '%';
}

/* *all = false: not every line is one of two numbers and any separators. */
static sw_status read_all_loose(bool *all, reading *r) {
    sw_span line;
    sw_status status = SW_OK;
    *all = r->whole = true;
    for (sw_fields_rewind(&r->file); status == SW_OK && *all && sw_fields_next(&r->file, &line);) {
        int64_t edge[2] = {0, 0};
        if (is_empty(line)) continue;
        *all = read_loose(edge, line);
        if (r->first_line == 0) {
            r->first_line = r->file.line;
            r->first = line;
            memcpy(r->sizes, edge, sizeof edge);
            r->size_count = *all ? 2 : 0;
        }
        if (*all) status = add_edge(r, edge);
    }
    return status;
}

static void note_further(reading *r, size_t line, sw_span rest) {
    if (r->list->further++ > 0 && line > r->list->further_line) return;
    r->list->further_line = line;
    sw_fields_show(r->list->further_text, rest);
}

static sw_status read_fields(reading *r) {
    sw_span line, field[2], rest;
    sw_status status = SW_OK;
    r->count = 0;
    for (sw_fields_rewind(&r->file); status == SW_OK && sw_fields_next(&r->file, &line);) {
        int64_t edge[2];
        if (r->file.line == r->list->header_line || r->file.line == r->list->counts_line) continue;
        const int count = sw_fields_split(field, 2, &rest, line, r->separator, marks);
        if (count < 2 || field[0].length == 0 || field[1].length == 0)
            return refuse_line(r, line,
                               r->separator == ',' ? "the names of two nodes, apart by a comma as in the first line"
                               : r->separator == ';'
                                   ? "the names of two nodes, apart by a semicolon as in the first line"
                               : r->separator == '\t' ? "the names of two nodes, apart by a tab as in the first line"
                                                      : "the names of two nodes, apart by blanks as in the first line");
        for (int k = 0; k < 2; k++) {
            if (!r->whole && (edge[k] = number_of(&r->known, field[k])) < 0)
                return sw_fail(SW_E_MEMORY, "%s: no memory for the nodes of %s", key, r->file.path);
            if (r->whole) (void)sw_fields_integer(field[k], &edge[k]); /* surveyed */
        }
        if (count > 2 && r->file.line == r->first_line) r->first_further = rest;
        if (count > 2 && r->file.line != r->first_line) note_further(r, r->file.line, rest);
        status = add_edge(r, edge);
    }
    return status;
}

/* MatrixMarket's line of sizes: rows, columns, entries. */
static sw_status check_sizes(const reading *r, size_t others) {
    const char *wrong = r->size_count != 3               ? "expected rows, columns and entries, in coordinate format"
                        : r->sizes[0] != r->sizes[1]     ? "expected a square matrix"
                        : r->sizes[2] != (int64_t)others ? "expected as many entries as lines follow"
                                                         : NULL;
    char found[SW_FIELDS_SHOWN];
    if (!wrong) return SW_OK;
    sw_fields_show(found, r->first);
    return sw_fail(SW_E_CONFIG, "%s: %s:%zu: a MatrixMarket file: %s (%zu), found \"%s\"", key, r->file.path,
                   r->first_line, wrong, others, found);
}

/* Could the first line tell how many others there are? */
static bool may_count(const reading *r, size_t others) {
    for (int k = 0; k < r->size_count; k++)
        if (r->sizes[k] == (int64_t)others) return true;
    return false;
}

/* Lines of fields that one separator keeps apart. */
static sw_status read_apart(reading *r, bool matrix_market) {
    survey s;
    r->separator = sw_fields_separator(r->first);
    sw_status status = take_survey(&s, r);
    if (status != SW_OK) return status;
    r->size_count = s.first_count <= 3 ? s.first_count : 0;
    for (int k = 0; k < s.first_count && k < 3; k++)
        if (!sw_fields_integer(s.first[k], &r->sizes[k])) r->size_count = 0;
    r->whole = s.whole;
    if (matrix_market) {
        r->list->counts_line = r->first_line;
        status = check_sizes(r, s.others);
    } else if (is_header(&s)) {
        r->list->header_line = r->first_line;
        status = check_header(r, &s);
    } else {
        r->whole = r->whole && s.first_whole;
        s.ragged = s.ragged || (s.others > 0 && s.first_count != s.fields && !may_count(r, s.others));
        survey_further(&s, s.first, s.first_count, r->whole);
    }
    if (status == SW_OK && s.ragged && s.alike)
        status = sw_fail(SW_E_CONFIG, "%s: %s: expected as many fields in every line, found %s", key, r->file.path,
                         "lines of different lengths, as adjacency lists have; write one edge a line");
    return status == SW_OK ? read_fields(r) : status;
}

/* ---- nodes ---- */

static int compare_numbers(const void *a, const void *b) {
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* Different ends among edges from..count-1, ascending; out[2 * count]. */
static size_t list_nodes(int64_t *out, const reading *r, size_t from) {
    const size_t ends = 2 * (r->count - from);
    size_t distinct = 0;
    memcpy(out, r->end + 2 * from, ends * sizeof *out);
    qsort(out, ends, sizeof *out, compare_numbers);
    for (size_t i = 0; i < ends; i++)
        if (i == 0 || out[i] != out[distinct - 1]) out[distinct++] = out[i];
    return distinct;
}

/* Is the first line how many nodes and edges the others have (two numbers, either way round), or how many rows, columns
 * and entries (three)? Then it is no edge. The edge 2 3 before those of the path 0 1 2 is one: a tree whose nodes are
 * numbered from 0 often begins so, and counts seldom have the edges first. */
static bool is_counts(const reading *r, int64_t nodes) {
    const int64_t a = r->sizes[0], b = r->sizes[1], edges = (int64_t)r->count - 1;
    if (r->list->header_line || r->list->counts_line || nodes < 3) return false;
    if (r->size_count == 3) return a == b && a >= nodes && r->sizes[2] == edges;
    return r->size_count == 2 && ((a == nodes && b == edges) || (a == edges && b == nodes && edges != nodes - 1));
}

/* What the file calls node k, the k-th of node[]; nothing where that is k. */
static sw_status name_nodes(sw_edges *out, const reading *r, const int64_t *node) {
    bool plain = r->whole;
    for (int32_t v = 0; v < out->nodes; v++) plain = plain && node[v] == v;
    if (plain) return SW_OK;
    out->name = calloc((size_t)out->nodes, sizeof *out->name);
    if (!out->name) return sw_fail(SW_E_MEMORY, "%s: no memory for the nodes of %s", key, r->file.path);
    for (int32_t v = 0; v < out->nodes; v++)
        if (r->whole)
            snprintf(out->name[v], sizeof out->name[v], "%" PRId64, node[v]);
        else
            sw_fields_show(out->name[v], r->known.name[node[v]]);
    return SW_OK;
}

/* Numbers in place of names: out->edge, out->nodes. */
static sw_status number_nodes(sw_edges *out, reading *r) {
    int64_t *node = malloc(2 * r->count * sizeof *node);
    if (!node) return sw_fail(SW_E_MEMORY, "%s: no memory for the nodes of %s", key, r->file.path);
    size_t nodes = list_nodes(node, r, 1);
    const size_t from = is_counts(r, (int64_t)nodes) ? 1 : 0;
    if (from > 0)
        r->list->counts_line = r->first_line;
    else
        nodes = list_nodes(node, r, 0);
    if (from == 0 && r->first_further.length > 0) note_further(r, r->first_line, r->first_further);
    out->count = r->count - from;
    out->edge = malloc(2 * out->count * sizeof *out->edge);
    if (!out->edge) {
        free(node);
        return sw_fail(SW_E_MEMORY, "%s: no memory for the edges of %s", key, r->file.path);
    }
    for (size_t i = 0; i < 2 * out->count; i++) {
        const int64_t *at = bsearch(&r->end[2 * from + i], node, nodes, sizeof *node, compare_numbers);
        out->edge[i] = (int32_t)(at - node);
    }
    out->nodes = (int32_t)nodes;
    const sw_status status = name_nodes(out, r, node);
    free(node);
    return status;
}

/* ---- components ---- */

static int32_t root_of(int32_t *parent, int32_t v) {
    while (parent[v] != v) v = parent[v] = parent[parent[v]];
    return v;
}

static int compare_sizes(const void *a, const void *b) {
    const int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x < y) - (x > y);
}

/* "3, 2 and 2 nodes", "900, 14, 3, 2, ... nodes" */
static void describe_sizes(char out[96], const int32_t *size, size_t count) {
    enum { SHOWN = 4 };
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; i < count && i < SHOWN; i++)
        used += (size_t)snprintf(out + used, 96 - used, "%s%d", i == 0 ? "" : i + 1 == count ? " and " : ", ", size[i]);
    snprintf(out + used, 96 - used, "%s nodes", count > SHOWN ? ", ..." : "");
}

/* Joins what edges join: parent[nodes], of every component its least node is the root; size[nodes] of it at the root,
 * 0 elsewhere. Returns how many components there are. */
static size_t find_components(int32_t *parent, int32_t *size, const sw_edges *edges) {
    size_t components = 0;
    for (int32_t v = 0; v < edges->nodes; v++) parent[v] = v;
    for (size_t e = 0; e < edges->count; e++) {
        const int32_t a = root_of(parent, edges->edge[2 * e]), b = root_of(parent, edges->edge[2 * e + 1]);
        if (a < b)
            parent[b] = a;
        else
            parent[a] = b;
    }
    for (int32_t v = 0; v < edges->nodes; v++) size[root_of(parent, v)]++;
    for (int32_t v = 0; v < edges->nodes; v++) components += size[v] > 0;
    return components;
}

/* Leaves the component of node `root` alone; place[nodes] is scratch. */
static void keep_component(sw_edges *edges, int32_t *parent, int32_t *place, int32_t root) {
    int32_t nodes = 0;
    size_t kept = 0;
    for (int32_t v = 0; v < edges->nodes; v++) place[v] = root_of(parent, v) == root ? nodes++ : -1;
    for (size_t e = 0; e < edges->count; e++) {
        const int32_t a = place[edges->edge[2 * e]], b = place[edges->edge[2 * e + 1]];
        if (a < 0) continue;
        edges->edge[2 * kept] = a;
        edges->edge[2 * kept++ + 1] = b;
    }
    for (int32_t v = 0; v < edges->nodes && edges->name; v++)
        if (place[v] >= 0 && place[v] < v) memcpy(edges->name[place[v]], edges->name[v], sizeof *edges->name);
    edges->nodes = nodes;
    edges->count = kept;
}

static sw_status choose_component(sw_edges *edges, const sw_task_config *config) {
    const int32_t nodes = edges->nodes;
    int32_t *parent = calloc(3 * (size_t)nodes, sizeof *parent);
    if (!parent) return sw_fail(SW_E_MEMORY, "%s: no memory for %d nodes", key, nodes);
    int32_t *size = parent + nodes, *scratch = size + nodes, largest = 0;
    sw_status status = SW_OK;
    edges->list.nodes = (size_t)nodes;
    edges->list.components = find_components(parent, size, edges);
    for (int32_t v = 1; v < nodes; v++)
        if (size[v] > size[largest]) largest = v; /* of equal ones that with the least node */
    if (edges->list.components > 1 && config->component == SW_COMPONENT_LARGEST) {
        keep_component(edges, parent, scratch, largest);
    } else if (edges->list.components > 1) {
        char sizes[96];
        qsort(size, (size_t)nodes, sizeof *size, compare_sizes);
        describe_sizes(sizes, size, edges->list.components);
        status = sw_fail(SW_E_CONFIG,
                         "%s: the graph of %s is not connected: %zu components of %s; "
                         "\"component\": \"largest\" takes the largest",
                         key, config->file, edges->list.components, sizes);
    }
    free(parent);
    return status;
}

/* ---- the whole file ---- */

static sw_status read_edges(sw_edges *out, reading *r) {
    static const char banner[] = "%%MatrixMarket";
    const bool matrix_market = !strncasecmp(r->file.start, banner, sizeof banner - 1);
    bool loose = false;
    sw_span line;
    sw_status status = matrix_market ? SW_OK : read_all_loose(&loose, r);
    if (status != SW_OK) return status;
    if (!loose) {
        sw_fields_rewind(&r->file);
        if (sw_fields_next(&r->file, &line)) {
            r->first = line;
            r->first_line = r->file.line;
            status = read_apart(r, matrix_market);
        }
    }
    if (status == SW_OK && r->count == 0)
        status = sw_fail(SW_E_CONFIG, "%s: %s has 0 edges, expected 1 to %d", key, r->file.path, EDGES_MAX);
    if (status == SW_OK) status = number_nodes(out, r);
    if (status != SW_OK) return status;
    r->list->comments = r->file.comments;
    r->list->named = !r->whole;
    if (r->list->header_line || r->list->counts_line) sw_fields_show(r->list->first_text, r->first);
    return SW_OK;
}

sw_status sw_edge_file_read(sw_edges *out, const sw_task_config *config) {
    reading r = {.list = &out->list};
    *out = (sw_edges){0};
    sw_status status = sw_fields_read(&r.file, key, config->file, FILE_SIZE_MAX, marks);
    if (status == SW_OK) status = sw_fields_check(&r.file, config->file_sha256);
    if (status == SW_OK) status = read_edges(out, &r);
    if (status == SW_OK) status = choose_component(out, config);
    if (status == SW_OK && out->nodes < 2)
        status = sw_fail(SW_E_CONFIG, "%s: %s has %s", key, config->file,
                         out->list.components > 1 ? "no component of more than one node" : "a single node");
    if (status == SW_OK) status = sw_task_check_size(out->nodes, 0, key);
    sw_fields_release(&r.file);
    free(r.known.name);
    free(r.known.place);
    free(r.end);
    return status;
}
