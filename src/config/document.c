/* document.c: scanner and cJSON joined; duplicate keys; paths and messages. */
#include "config/document.h"

#include "config/scan.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXACT_INTEGER_MAX 9007199254740992.0 /* 2^53: beyond it a double skips integers */

const char *sw_config_library_version(void) { return cJSON_Version(); }

void sw_document_destroy(sw_document *document) {
    if (!document) return;
    cJSON_Delete(document->root);
    free(document->nodes);
    free(document->text);
    free(document);
}

/* ---- joining: both hold the same values in the same order ---- */

/* Pairs item and its descendants with the nodes from *next on. Depth is bounded by the scanner. */
static bool join(sw_document *document, const cJSON *item, int32_t *next) {
    if (*next >= document->count) return false;
    sw_node *node = &document->nodes[(*next)++];
    node->item = item;
    for (const cJSON *child = item->child; child; child = child->next)
        if (!join(document, child, next)) return false;
    return true;
}

static sw_status parse_values(sw_document *document) {
    document->root = cJSON_ParseWithLengthOpts(document->text, document->length, NULL, false);
    int32_t next = 0;
    if (document->root && join(document, document->root, &next) && next == document->count) return SW_OK;
    sw_diagnostics_add(document->diagnostics, false, 1, 1, "", NULL, "the file cannot be read as JSON");
    return SW_E_CONFIG;
}

/* ---- duplicate keys ---- */

typedef struct name_place {
    const char *name;
    int32_t node;
} name_place;

static int compare_names(const void *a, const void *b) {
    const name_place *x = a, *y = b;
    int order = strcmp(x->name, y->name);
    return order ? order : (x->node > y->node) - (x->node < y->node);
}

static void find_duplicates(sw_document *document, int32_t object, name_place *names) {
    size_t count = 0;
    for (int32_t i = document->nodes[object].child; i >= 0; i = document->nodes[i].next)
        names[count++] = (name_place){sw_document_key(document, i), i};
    qsort(names, count, sizeof *names, compare_names);
    for (size_t i = 1; i < count; i++) {
        if (strcmp(names[i].name, names[i - 1].name)) continue;
        const sw_node *first = &document->nodes[names[i - 1].node];
        document->nodes[names[i].node].duplicate = true;
        sw_document_key_error(document, names[i].node, "give it once",
                              "the key stands twice, first in line %d, column %d", first->key_line, first->key_column);
    }
}

static sw_status check_duplicates(sw_document *document) {
    int32_t longest = 0;
    for (int32_t i = 0; i < document->count; i++) {
        const sw_node *node = &document->nodes[i];
        if (node->type == SW_NODE_OBJECT && node->count > longest) longest = node->count;
    }
    if (longest < 2) return SW_OK;
    name_place *names = malloc((size_t)longest * sizeof *names);
    if (!names) return sw_fail(SW_E_MEMORY, "out of memory");
    for (int32_t i = 0; i < document->count; i++)
        if (document->nodes[i].type == SW_NODE_OBJECT) find_duplicates(document, i, names);
    free(names);
    return SW_OK;
}

/* ---- numbers that a double cannot hold ---- */

/* Its text, ended by a NUL, which the document does not have there. */
static void number_text(char out[SW_NUMBER_LENGTH_MAX + 1], const sw_document *document, const sw_node *node) {
    memcpy(out, document->text + node->offset, node->length);
    out[node->length] = '\0';
}

static double number_value(const sw_document *document, const sw_node *node) {
    char text[SW_NUMBER_LENGTH_MAX + 1];
    number_text(text, document, node);
    return strtod(text, NULL);
}

static bool has_nonzero_digit(const sw_document *document, const sw_node *node) {
    for (uint32_t i = 0; i < node->length; i++) {
        char c = document->text[node->offset + i];
        if (c == 'e' || c == 'E') break;
        if (c >= '1' && c <= '9') return true;
    }
    return false;
}

/* 2^53 itself is exact; a double cannot tell it from 2^53 + 1. */
static bool is_exact(const sw_document *document, const sw_node *node) {
    char text[SW_NUMBER_LENGTH_MAX + 1];
    number_text(text, document, node);
    errno = 0;
    long long value = strtoll(text, NULL, 10);
    return errno == 0 && value >= -(1LL << 53) && value <= 1LL << 53;
}

static void check_numbers(sw_document *document) {
    for (int32_t i = 0; i < document->count; i++) {
        sw_node *node = &document->nodes[i];
        if (node->type != SW_NODE_NUMBER || node->broken) continue;
        double value = number_value(document, node);
        int length = (int)node->length;
        const char *text = document->text + node->offset;
        const char *fault = NULL;
        if (!isfinite(value))
            fault = "is beyond the largest number of double precision (1.8e308)";
        else if (value == 0 && has_nonzero_digit(document, node))
            fault = "is below the smallest number of double precision";
        else if (node->integral && fabs(value) >= EXACT_INTEGER_MAX && !is_exact(document, node))
            fault = "is beyond 2^53 = 9007199254740992, where integers lose digits";
        if (!fault) continue;
        node->broken = true;
        sw_document_error(document, i, NULL, "%.*s %s", length, text, fault);
    }
}

sw_status sw_document_parse(sw_document **out, char *text, size_t length, sw_diagnostics *diagnostics) {
    *out = NULL;
    sw_document *document = calloc(1, sizeof *document);
    if (!document) {
        free(text);
        return sw_fail(SW_E_MEMORY, "out of memory");
    }
    document->text = text;
    document->length = length;
    document->diagnostics = diagnostics;
    sw_status status = sw_scan_document(document);
    if (status == SW_OK) status = parse_values(document);
    if (status == SW_OK) status = check_duplicates(document);
    if (status == SW_OK) check_numbers(document);
    if (status != SW_OK) {
        sw_document_destroy(document);
        return status == SW_E_CONFIG ? sw_fail(status, "the file is not JSON") : status;
    }
    *out = document;
    return SW_OK;
}

/* ---- reading ---- */

const char *sw_document_key(const sw_document *document, int32_t node) {
    const cJSON *item = document->nodes[node].item;
    return item && item->string ? item->string : "";
}

const char *sw_document_string(const sw_document *document, int32_t node) {
    const cJSON *item = document->nodes[node].item;
    return item && cJSON_IsString(item) ? item->valuestring : "";
}

bool sw_document_bool(const sw_document *document, int32_t node) { return cJSON_IsTrue(document->nodes[node].item); }

double sw_document_number(const sw_document *document, int32_t node, int64_t *integer, bool *whole) {
    double value = number_value(document, &document->nodes[node]);
    *whole = fabs(value) <= EXACT_INTEGER_MAX && value == floor(value);
    *integer = *whole ? (int64_t)value : 0;
    return value == 0 ? 0 : value; /* -0 is 0 */
}

int32_t sw_document_member(const sw_document *document, int32_t object, const char *name) {
    if (object < 0 || document->nodes[object].type != SW_NODE_OBJECT) return -1;
    for (int32_t i = document->nodes[object].child; i >= 0; i = document->nodes[i].next)
        if (!strcmp(sw_document_key(document, i), name)) return i;
    return -1;
}

/* ---- paths and messages ---- */

/* Place of an element in its array. */
static int position_in_parent(const sw_document *document, int32_t node) {
    int position = 0;
    for (int32_t i = document->nodes[document->nodes[node].parent].child; i != node; i = document->nodes[i].next)
        position++;
    return position;
}

void sw_document_path(const sw_document *document, int32_t node, char out[256]) {
    int32_t chain[SW_DOCUMENT_DEPTH_MAX + 1];
    int depth = 0;
    for (int32_t i = node; i > 0 && depth <= SW_DOCUMENT_DEPTH_MAX; i = document->nodes[i].parent) chain[depth++] = i;
    size_t used = 0;
    out[0] = '\0';
    while (depth-- > 0 && used < 255) {
        const sw_node *parent = &document->nodes[document->nodes[chain[depth]].parent];
        int written =
            parent->type == SW_NODE_ARRAY
                ? snprintf(out + used, 256 - used, "[%d]", position_in_parent(document, chain[depth]))
                : snprintf(out + used, 256 - used, "%s%s", used ? "." : "", sw_document_key(document, chain[depth]));
        used += written > 0 ? (size_t)written : 0;
    }
}

void sw_document_locate(const sw_document *document, int32_t node, sw_position *out) {
    out->line = document->nodes[node].line;
    out->column = document->nodes[node].column;
    sw_document_path(document, node, out->path);
}

void sw_document_describe(const sw_document *document, int32_t node, char out[128]) {
    const sw_node *n = &document->nodes[node];
    switch ((sw_node_type)n->type) {
    case SW_NODE_NULL: snprintf(out, 128, "null"); break;
    case SW_NODE_BOOL: snprintf(out, 128, "%s", sw_document_bool(document, node) ? "true" : "false"); break;
    case SW_NODE_NUMBER: snprintf(out, 128, "%.*s", (int)n->length, document->text + n->offset); break;
    case SW_NODE_STRING: snprintf(out, 128, "the string \"%.60s\"", sw_document_string(document, node)); break;
    case SW_NODE_ARRAY: snprintf(out, 128, "an array"); break;
    case SW_NODE_OBJECT: snprintf(out, 128, "an object"); break;
    }
}

/* At a line of the text, "expected <message>, found <the node's value>" where that is asked for. */
static void SW_PRINTF(6, 0) add_error(const sw_document *document, int32_t node, bool at_name, bool expected,
                                      const char *hint, const char *format, va_list arguments) {
    const sw_node *n = &document->nodes[node];
    const bool named = at_name && n->key_line > 0;
    char path[256] = "", message[512], found[128];
    if (sw_diagnostics_count(document->diagnostics) < SW_DIAGNOSTICS_MAX) sw_document_path(document, node, path);
    vsnprintf(message, sizeof message, format, arguments);
    if (expected) sw_document_describe(document, node, found);
    sw_diagnostics_add(document->diagnostics, false, named ? n->key_line : n->line, named ? n->key_column : n->column,
                       path, hint, expected ? "expected %s, found %s" : "%s%s", message, expected ? found : "");
}

bool sw_document_error(const sw_document *document, int32_t node, const char *hint, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    add_error(document, node, false, false, hint, format, arguments);
    va_end(arguments);
    return false;
}

bool sw_document_key_error(const sw_document *document, int32_t node, const char *hint, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    add_error(document, node, true, false, hint, format, arguments);
    va_end(arguments);
    return false;
}

bool sw_document_expected(const sw_document *document, int32_t node, const char *hint, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    add_error(document, node, false, true, hint, format, arguments);
    va_end(arguments);
    return false;
}

/* ---- the nearest name ---- */

enum { NAME_MAX_LENGTH = 64 };

/* Damerau-Levenshtein distance with neighbouring transpositions; texts are cut at NAME_MAX_LENGTH. */
static size_t edit_distance(const char *a, const char *b) {
    size_t n = strnlen(a, NAME_MAX_LENGTH), m = strnlen(b, NAME_MAX_LENGTH);
    size_t row[3][NAME_MAX_LENGTH + 1];
    for (size_t j = 0; j <= m; j++) row[0][j] = j;
    for (size_t i = 1; i <= n; i++) {
        size_t *now = row[i % 3], *last = row[(i + 2) % 3], *before = row[(i + 1) % 3];
        now[0] = i;
        for (size_t j = 1; j <= m; j++) {
            size_t best = last[j - 1] + (a[i - 1] != b[j - 1]);
            if (last[j] + 1 < best) best = last[j] + 1;
            if (now[j - 1] + 1 < best) best = now[j - 1] + 1;
            bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
            if (swapped && before[j - 2] + 1 < best) best = before[j - 2] + 1;
            now[j] = best;
        }
    }
    return row[n % 3][m];
}

const char *sw_document_nearest(const char *given, const char *const *candidates, size_t count) {
    const char *nearest = NULL;
    size_t length = strlen(given);
    size_t limit = length < 3 ? 1 : length < 6 ? 2 : 3;
    for (size_t i = 0; i < count; i++) {
        size_t distance = edit_distance(given, candidates[i]);
        size_t shorter = strlen(candidates[i]) < length ? strlen(candidates[i]) : length;
        bool whole = shorter == length || !strchr(given, '.'); /* "addition" for add, but not a path for its group */
        bool prefix = shorter >= 3 && whole && !strncmp(candidates[i], given, shorter);
        if (prefix && distance > limit) distance = limit;
        if (distance <= limit) {
            if (distance < limit || !nearest) nearest = candidates[i];
            if (distance < limit) limit = distance;
        }
    }
    return nearest;
}

bool sw_document_suggest(char out[256], const char *nearest, const char *quote) {
    out[0] = '\0';
    if (nearest) snprintf(out, 256, "did you mean %s%s%s?", quote, nearest, quote);
    return nearest != NULL;
}
