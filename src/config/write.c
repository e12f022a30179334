/* write.c: a configuration as JSON, whole or reduced to its identity, and back. */
#include "config/resolve.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- nested objects from dotted paths ---- */

/* Byte order of paths with '.' before every other character: members of one object stay together, sorted by name. */
static int compare_paths(const char *a, const char *b) {
    while (*a && *a == *b) {
        a++;
        b++;
    }
    int x = *a == '.' ? 1 : (unsigned char)*a, y = *b == '.' ? 1 : (unsigned char)*b;
    return x - y;
}

static int compare_keys(const void *a, const void *b) {
    return compare_paths((*(const sw_key *const *)a)->path, (*(const sw_key *const *)b)->path);
}

/* Length of the common beginning of two paths in whole components ("a.b." of "a.b.c" and "a.b.d"). */
static size_t common_groups(const char *a, const char *b) {
    size_t common = 0;
    for (size_t i = 0; a[i] && a[i] == b[i]; i++)
        if (a[i] == '.') common = i + 1;
    return common;
}

static void close_groups(sw_json *json, const char *path, size_t keep) {
    for (const char *c = path + keep; *c; c++)
        if (*c == '.') sw_json_end_object(json);
}

/* Opens the objects of `path` behind its first `open` characters; returns the member's own name. */
static const char *open_groups(sw_json *json, const char *path, size_t open) {
    const char *name = path + open;
    for (const char *dot = strchr(name, '.'); dot; dot = strchr(name, '.')) {
        char group[64];
        snprintf(group, sizeof group, "%.*s", (int)(dot - name), name);
        sw_json_member_object(json, group);
        name = dot + 1;
    }
    return name;
}

static void write_keys(sw_json *json, const sw_run_config *config, const sw_key **keys, size_t count) {
    qsort(keys, count, sizeof(const sw_key *), compare_keys);
    const char *previous = "";
    sw_json_begin_object(json);
    for (size_t i = 0; i < count; i++) {
        size_t common = common_groups(previous, keys[i]->path);
        close_groups(json, previous, common);
        sw_json_key(json, open_groups(json, keys[i]->path, common));
        sw_field field;
        sw_key_get(&field, config, keys[i]);
        sw_key_write(json, keys[i], &field.value);
        previous = keys[i]->path;
    }
    close_groups(json, previous, 0);
    sw_json_end_object(json);
}

/* Does the key decide numbers of the run, and not by the default that identities leave out? */
static bool is_told(const sw_key *key, const sw_run_config *config) {
    sw_field field;
    sw_value frozen;
    if (!key->identity) return false;
    sw_key_get(&field, config, key);
    sw_key_default(&frozen, key, config, true);
    return key->type->compare(&field.value, &frozen) != 0;
}

static void write_config(sw_json *json, const sw_run_config *config, bool identity) {
    const sw_key *chosen[SW_KEYS_MAX];
    size_t count, number = 0;
    const sw_key *keys = sw_keys_of(SW_SECTION_RUN, &count);
    for (size_t i = 0; i < count; i++)
        if (sw_key_concerns(&keys[i], config) && (!identity || is_told(&keys[i], config))) chosen[number++] = &keys[i];
    write_keys(json, config, chosen, number);
}

void sw_config_write(sw_json *json, const sw_run_config *config) { write_config(json, config, false); }

void sw_config_write_identity(sw_json *json, const sw_run_config *config) {
    sw_json_begin_object(json);
    sw_json_key(json, "config");
    write_config(json, config, true);
    sw_json_member_integer(json, "identity_version", SW_IDENTITY_VERSION);
    sw_json_end_object(json);
}

bool sw_config_reduce(sw_run_config *out, const sw_run_config *config) {
    size_t count;
    const sw_key *keys = sw_keys_of(SW_SECTION_RUN, &count);
    bool reduced = false;
    for (size_t i = 0; i < count; i++) {
        sw_value frozen;
        if (!keys[i].switched || sw_key_acts(&keys[i], config) || !is_told(&keys[i], config)) continue;
        if (!reduced) *out = *config;
        sw_key_default(&frozen, &keys[i], config, true);
        keys[i].type->store(out, &keys[i], &frozen);
        reduced = true;
    }
    return reduced;
}

/* ---- back ---- */

static sw_status first_error(const sw_diagnostics *diagnostics) {
    for (size_t i = 0; i < sw_diagnostics_count(diagnostics); i++) {
        const sw_diagnostic *item = sw_diagnostics_get(diagnostics, i);
        if (!item->warning) return sw_fail(SW_E_CONFIG, "%s: %s", item->path, item->message);
    }
    return SW_OK;
}

static sw_status parse_copy(sw_document **out, const char *text, sw_diagnostics *diagnostics) {
    char *copy = strdup(text);
    if (!copy) return sw_fail(SW_E_MEMORY, "out of memory");
    sw_status status = sw_document_parse(out, copy, strlen(copy), diagnostics);
    if (status == SW_E_CONFIG) {
        sw_status named = first_error(diagnostics);
        if (named) status = named;
    }
    return status;
}

/* Leaves the list in the reader's arena behind. */
static sw_status keep_steps(sw_run_config *out, sw_arena *lists) {
    sw_evaluate_config *evaluate = &out->evaluate;
    const size_t count = (size_t)evaluate->snapshot_step_count;
    int64_t *kept = NULL;
    if (lists && count > 0) {
        kept = sw_arena_alloc(lists, count, sizeof *kept);
        if (!kept) return SW_E_MEMORY;
        memcpy(kept, evaluate->snapshot_steps, count * sizeof *kept);
    }
    evaluate->snapshot_steps = kept;
    evaluate->snapshot_step_count = kept ? (int32_t)count : 0;
    return SW_OK;
}

sw_status sw_config_read(sw_run_config *out, const char *json, sw_arena *lists) {
    sw_document *document = NULL;
    sw_diagnostics *diagnostics = NULL;
    sw_assignments assignments = {NULL, 0, 0};
    sw_reader reader = {0};
    sw_given given = {NULL};
    sw_status status = sw_diagnostics_create(&diagnostics);
    if (status == SW_OK) status = sw_arena_create(&reader.arena);
    if (status == SW_OK) status = parse_copy(&document, json, diagnostics);
    if (status != SW_OK) goto cleanup;
    reader.document = document;
    if (document->nodes[0].type != SW_NODE_OBJECT) {
        status = sw_fail(SW_E_CONFIG, "a configuration is a JSON object");
        goto cleanup;
    }
    sw_reader_assignments(&reader, &assignments, 0, &(sw_scope){.section = SW_SECTION_RUN, .prefix = ""});
    status = reader.status;
    if (status != SW_OK) goto cleanup;
    sw_config_give(given, &assignments);
    sw_config_resolve(out, given);
    sw_config_check(out, given, document, sw_config_report, document);
    status = first_error(diagnostics);
    if (status == SW_OK) status = keep_steps(out, lists);
cleanup:
    free(assignments.items);
    sw_document_destroy(document);
    sw_arena_destroy(reader.arena);
    sw_diagnostics_destroy(diagnostics);
    return status;
}

/* ---- single values of what was written ---- */

sw_status sw_config_axis_value(sw_axis_value *out, const char *json, const char *path) {
    sw_run_config config;
    sw_field field;
    const sw_key *key = sw_key_find(SW_SECTION_RUN, path);
    sw_key_axis_value(out, key, NULL);
    if (!key) return SW_OK; /* an alias, or a key of another version */
    sw_arena *lists = NULL;
    sw_status status = sw_arena_create(&lists);
    if (status == SW_OK) status = sw_config_read(&config, json, lists);
    if (status == SW_OK && sw_key_concerns(key, &config)) {
        sw_key_get(&field, &config, key);
        sw_key_axis_value(out, key, &field.value);
    }
    sw_arena_destroy(lists);
    return status;
}

static void member_text(const sw_document *document, int32_t node, char *out, size_t capacity) {
    const sw_node *n = &document->nodes[node];
    if (n->type == SW_NODE_STRING || n->type == SW_NODE_OBJECT) {
        snprintf(out, capacity, "%s", n->type == SW_NODE_OBJECT ? "{...}" : sw_document_string(document, node));
    } else if (n->type == SW_NODE_ARRAY) {
        size_t used = (size_t)snprintf(out, capacity, "[");
        for (int32_t i = n->child; i >= 0 && used < capacity; i = document->nodes[i].next) {
            const char *comma = document->nodes[i].next >= 0 ? "," : "";
            char element[64];
            member_text(document, i, element, sizeof element);
            used += (size_t)snprintf(out + used, capacity - used, "%s%s", element, comma);
        }
        if (used < capacity) snprintf(out + used, capacity - used, "]");
    } else {
        char text[128];
        sw_document_describe(document, node, text);
        snprintf(out, capacity, "%s", text);
    }
}

bool sw_config_lookup(const char *json, const char *dotted_path, char *out, size_t capacity) {
    sw_document *document = NULL;
    sw_diagnostics *diagnostics = NULL;
    bool found = false;
    if (capacity) out[0] = '\0';
    if (sw_diagnostics_create(&diagnostics) || parse_copy(&document, json, diagnostics)) {
        sw_fail_clear();
        goto cleanup;
    }
    int32_t node = 0;
    while (node >= 0 && *dotted_path) {
        char name[128];
        size_t length = strcspn(dotted_path, ".");
        snprintf(name, sizeof name, "%.*s", (int)length, dotted_path);
        node = sw_document_member(document, node, name);
        dotted_path += length + (dotted_path[length] == '.');
    }
    found = node >= 0;
    if (found && capacity) member_text(document, node, out, capacity);
cleanup:
    sw_document_destroy(document);
    sw_diagnostics_destroy(diagnostics);
    return found;
}
