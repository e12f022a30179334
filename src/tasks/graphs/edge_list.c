/* edge_list.c: a graph from a text file of edges.
 *
 * One edge a line: two node numbers (0 .. 2^31 - 1) apart by blanks, tabs, commas or semicolons. Empty lines and all
 * after # or % are ignored; so are self-loops and repeated edges, which change no distance. Nodes become tokens in
 * ascending order of their numbers, gaps closed. */
#include "symsweep/file.h"
#include "symsweep/sha256.h"
#include "tasks/graph.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { FILE_SIZE_MAX = 64 << 20, EDGES_MAX = 1 << 22 };

/* The whole file, with a zero behind it; free(). */
static sw_status read_text(char **out, size_t *length, const char *path) {
    struct stat facts = {0};
    const sw_status status = sw_file_read(out, length, path, FILE_SIZE_MAX, NULL);
    const int error = errno;
    if (status != SW_E_IO) return status;
    if (error == EISDIR || error == EINVAL) return sw_fail(SW_E_CONFIG, "task.file: %s is not a regular file", path);
    if (error == EFBIG && stat(path, &facts) == 0) {
        return sw_fail(SW_E_CONFIG, "task.file: %s has %lld bytes, more than the limit of %d", path,
                       (long long)facts.st_size, FILE_SIZE_MAX);
    }
    return sw_fail(SW_E_CONFIG, "task.file: cannot open %s: %s", path, strerror(error));
}

/* The content must be what the sweep was planned with. All zero: nothing to compare with. */
static sw_status check_digest(const char *text, size_t length, const sw_task_config *config) {
    static const uint8_t unknown[SW_SHA256_BYTES];
    uint8_t digest[SW_SHA256_BYTES];
    if (memcmp(config->file_sha256, unknown, sizeof unknown) == 0) return SW_OK;
    const sw_status status = sw_sha256(digest, text, length);
    if (status != SW_OK) return status;
    if (memcmp(digest, config->file_sha256, sizeof digest) == 0) return SW_OK;
    return sw_fail(SW_E_CONFIG, "task.file: the content of %s is no longer what the sweep was planned with",
                   config->file);
}

#define BETWEEN " \t\r,;"
#define BEHIND "\n#%" /* and the zero at the end, which strchr finds */

/* Skips what stands between numbers and reads one; false = none stands there, or not one alone ("12x", "1.5"). */
static bool read_node(const char **at, int32_t *out) {
    *at += strspn(*at, BETWEEN);
    if (**at < '0' || **at > '9') return false;
    char *end;
    const long long value = strtoll(*at, &end, 10);
    *at = end;
    *out = (int32_t)value;
    return value <= INT32_MAX && strchr(BETWEEN BEHIND, *end) != NULL;
}

/* Reads one line at *at into edge[0..1]; *found = 0 for an empty one, 1 for an edge; false = the line is wrong. */
static bool read_line(const char **at, int32_t *edge, size_t *found) {
    const char *p = *at + strspn(*at, BETWEEN);
    *found = strchr(BEHIND, *p) == NULL;
    if (*found) {
        if (!read_node(&p, &edge[0]) || !read_node(&p, &edge[1])) return false;
        p += strspn(p, BETWEEN);
        if (strchr(BEHIND, *p) == NULL) return false;
    }
    *at = p + strcspn(p, "\n");
    return true;
}

/* edge[2 * count] in node numbers; free(). */
static sw_status parse_edges(int32_t **out, size_t *count, const char *text, size_t length, const char *path) {
    size_t lines = 1;
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '\0') return sw_fail(SW_E_CONFIG, "task.file: %s is not a text file", path);
        lines += text[i] == '\n';
    }
    int32_t *edge = malloc(2 * lines * sizeof *edge);
    if (edge == NULL) return sw_fail(SW_E_MEMORY, "task.file: no memory for the %zu lines of %s", lines, path);
    *count = 0;
    const char *at = text;
    for (size_t line = 1; line <= lines; line++) {
        size_t found;
        if (!read_line(&at, edge + 2 * *count, &found)) {
            free(edge);
            return sw_fail(SW_E_CONFIG, "task.file: %s:%zu: expected two node numbers of 0 to %d, found \"%.*s\"", path,
                           line, INT32_MAX, (int)(strcspn(at, "\r\n") < 40 ? strcspn(at, "\r\n") : 40), at);
        }
        *count += found;
        if (*at == '\n') at++;
    }
    if (*count == 0 || *count > EDGES_MAX) {
        sw_status status =
            sw_fail(SW_E_CONFIG, "task.file: %s has %zu edges, expected 1 to %d", path, *count, EDGES_MAX);
        free(edge);
        return status;
    }
    *out = edge;
    return SW_OK;
}

static int compare_numbers(const void *a, const void *b) {
    const int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

/* Replaces node numbers by their rank; *nodes = how many there are. */
static sw_status rank_nodes(int32_t *edge, size_t count, int32_t *nodes, const char *path) {
    int32_t *name = malloc(2 * count * sizeof *name);
    if (name == NULL) return sw_fail(SW_E_MEMORY, "task.file: no memory for the nodes of %s", path);
    memcpy(name, edge, 2 * count * sizeof *name);
    qsort(name, 2 * count, sizeof *name, compare_numbers);
    size_t distinct = 0;
    for (size_t i = 0; i < 2 * count; i++)
        if (i == 0 || name[i] != name[i - 1]) name[distinct++] = name[i];
    sw_status status = SW_OK;
    if (distinct < 2)
        status = sw_fail(SW_E_CONFIG, "task.file: %s has a single node", path);
    else
        status = sw_task_check_size((int64_t)distinct, 0, "task.file");
    for (size_t i = 0; i < 2 * count && status == SW_OK; i++) {
        const int32_t *at = bsearch(&edge[i], name, distinct, sizeof *name, compare_numbers);
        edge[i] = (int32_t)(at - name);
    }
    *nodes = (int32_t)distinct;
    free(name);
    return status;
}

static sw_status validate(const sw_graph *graph, const sw_task_config *config) {
    (void)graph;
    if (config->file[0] != '\0') return SW_OK;
    return sw_fail(SW_E_CONFIG, "task.file: an edge_list needs the file that lists its edges");
}

static sw_status edges(sw_edges *out, const sw_graph *graph, const sw_task_config *config) {
    (void)graph;
    char *text = NULL;
    size_t length = 0;
    sw_status status = read_text(&text, &length, config->file);
    if (status == SW_OK) status = check_digest(text, length, config);
    if (status == SW_OK) status = parse_edges(&out->edge, &out->count, text, length, config->file);
    if (status == SW_OK) status = rank_nodes(out->edge, out->count, &out->nodes, config->file);
    free(text);
    return status;
}

const sw_graph sw_graph_edge_list = {.validate = validate, .edges = edges};
