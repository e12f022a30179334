/* overrides.c: KEY=VALUE of the command line, written into the text of a sweep before it is read. */
#include "config/overrides.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the command line ---- */

bool sw_overrides_is(const char *argument) {
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_$";
    const size_t length = strcspn(argument, "=");
    return argument[length] == '=' && strspn(argument, letters) > 0 &&
           strspn(argument, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_$0123456789.-[]") == length;
}

size_t sw_overrides_sort(char **arguments) {
    size_t files = 0;
    for (size_t i = 0; arguments[i]; i++) {
        char *argument = arguments[i];
        if (sw_overrides_is(argument)) continue;
        memmove(&arguments[files + 1], &arguments[files], (i - files) * sizeof *arguments);
        arguments[files++] = argument;
    }
    return files;
}

/* ---- a value ---- */

static size_t count_lines(const char *text, size_t length) {
    size_t lines = 0;
    for (size_t i = 0; i < length; i++) lines += text[i] == '\n';
    return lines;
}

/* Is the text JSON without a fault? */
static sw_status is_json(bool *out, const char *text) {
    sw_diagnostics *faults = NULL;
    sw_document *document = NULL;
    char *copy = strdup(text);
    sw_status status = copy ? sw_diagnostics_create(&faults) : sw_fail(SW_E_MEMORY, "out of memory");
    *out = false;
    if (status != SW_OK) {
        free(copy);
        return status;
    }
    status = sw_document_parse(&document, copy, strlen(text), faults);
    *out = status == SW_OK && sw_diagnostics_count(faults) == 0;
    if (status == SW_E_CONFIG) {
        sw_fail_clear();
        status = SW_OK;
    }
    sw_document_destroy(document);
    sw_diagnostics_destroy(faults);
    return status;
}

/* What stands behind '=' as JSON: as it is, or as a text. */
static sw_status write_value(sw_json *json, const char *value) {
    bool plain;
    const sw_status status = is_json(&plain, value);
    if (status != SW_OK) return status;
    if (plain)
        sw_json_raw(json, value);
    else
        sw_json_string(json, value);
    return SW_OK;
}

/* ---- a place ---- */

/* Where an override goes: the value that it replaces, or the object that gets a member of the name `rest`. */
typedef struct place {
    int32_t node;
    bool exists;
    const char *rest; /* of the path, in the object */
} place;

/* Sections whose members are dotted paths, not nested objects. */
static bool holds_paths(const char *path) {
    static const char *const sections[] = {"grid.", "zip.", "random."};
    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++)
        if (!strncmp(path, sections[i], strlen(sections[i]))) return true;
    return false;
}

static bool find_place(place *out, const sw_document *document, const char *path) {
    int32_t node = 0;
    for (const char *rest = path;;) {
        *out = (place){.node = node, .rest = rest};
        if (document->nodes[node].type != SW_NODE_OBJECT) {
            char found[128];
            sw_document_describe(document, node, found);
            return sw_document_error(document, node, NULL, "'%.100s' of the command line: this is no object, but %s",
                                     path, found);
        }
        const int32_t member = sw_document_member(document, node, rest);
        if (member >= 0) {
            *out = (place){.node = member, .exists = true};
            return true;
        }
        char name[128];
        const size_t length = strcspn(rest, ".");
        snprintf(name, sizeof name, "%.*s", (int)length, rest);
        const int32_t below = rest[length] ? sw_document_member(document, node, name) : -1;
        if (below < 0) return true;
        node = below;
        rest += length + 1;
    }
}

/* ---- the text ---- */

/* "optimizer.weight_decay": {"optimizer": {"weight_decay": VALUE}} as a member of run, but one name in grid. */
static sw_status write_member(sw_json *json, const place *at, const char *path, const char *value) {
    size_t open = 0;
    const char *rest = at->rest;
    sw_json_begin_object(json);
    while (strchr(rest, '.') && !(rest > path && holds_paths(path))) {
        char name[128];
        const size_t length = strcspn(rest, ".");
        snprintf(name, sizeof name, "%.*s", (int)length, rest);
        sw_json_member_object(json, name);
        rest += length + 1;
        open++;
    }
    sw_json_key(json, rest);
    const sw_status status = write_value(json, value);
    while (open-- > 0) sw_json_end_object(json);
    sw_json_end_object(json);
    return status;
}

/* `text` with `length` bytes from `from` on replaced. */
static sw_status splice(char **text, size_t *total, size_t from, size_t length, const char *before, const char *insert,
                        size_t inserted, size_t lines) {
    const size_t prefix = strlen(before);
    char *edited = malloc(*total - length + prefix + inserted + lines + 1), *at = edited;
    if (!edited) return sw_fail(SW_E_MEMORY, "out of memory");
    memcpy(at, *text, from);
    at += from;
    memcpy(at, before, prefix);
    at += prefix;
    memcpy(at, insert, inserted);
    at += inserted;
    memset(at, '\n', lines); /* what follows stays on its line */
    at += lines;
    memcpy(at, *text + from + length, *total - from - length);
    at += *total - from - length;
    *at = '\0';
    free(*text);
    *text = edited;
    *total = (size_t)(at - edited);
    return SW_OK;
}

static sw_status replace(char **text, size_t *length, const sw_document *document, const place *at, sw_json *json,
                         const char *value) {
    const sw_node *node = &document->nodes[at->node];
    const sw_status status = write_value(json, value);
    const char *written = status == SW_OK ? sw_json_text(json) : NULL;
    if (!written) return status == SW_OK ? SW_E_MEMORY : status;
    const size_t before = count_lines(*text + node->offset, node->length), now = count_lines(written, strlen(written));
    return splice(text, length, node->offset, node->length, "", written, strlen(written),
                  before > now ? before - now : 0);
}

static sw_status insert(char **text, size_t *length, const sw_document *document, const place *at, sw_json *json,
                        const char *path, const char *value) {
    const sw_node *object = &document->nodes[at->node];
    const sw_status status = write_member(json, at, path, value);
    const char *written = status == SW_OK ? sw_json_text(json) : NULL; /* an object of one member */
    if (!written) return status == SW_OK ? SW_E_MEMORY : status;
    size_t end = (size_t)object->offset + object->length - 1;
    while (end > 0 && strchr(" \t\r\n", (*text)[end - 1])) end--;
    return splice(text, length, end, 0, object->child >= 0 ? ", " : "", written + 1, strlen(written) - 2, 0);
}

/* One override. *readable false: the text has faults, which are told when it is read. */
static sw_status apply(bool *readable, char **text, size_t *length, const char *override, sw_diagnostics *diagnostics) {
    char path[256];
    const size_t name = strcspn(override, "=");
    sw_diagnostics *faults = NULL;
    sw_document *document = NULL;
    sw_json *json = NULL;
    place at;
    *readable = false;
    if (name >= sizeof path) {
        sw_diagnostics_add(diagnostics, false, 0, 0, "", NULL, "'%.60s...' of the command line: no key is so long",
                           override);
        return SW_OK;
    }
    snprintf(path, sizeof path, "%.*s", (int)name, override);
    char *copy = strdup(*text);
    sw_status status = copy ? sw_diagnostics_create(&faults) : sw_fail(SW_E_MEMORY, "out of memory");
    if (status != SW_OK) {
        free(copy);
        return status;
    }
    status = sw_document_parse(&document, copy, *length, faults);
    if (status == SW_OK) status = sw_json_create(&json);
    if (status != SW_OK || sw_diagnostics_count(faults) > 0) goto done;
    document->diagnostics = diagnostics;
    *readable = find_place(&at, document, path);
    if (*readable)
        status = at.exists ? replace(text, length, document, &at, json, override + name + 1)
                           : insert(text, length, document, &at, json, path, override + name + 1);
done:
    if (status == SW_E_CONFIG) {
        sw_fail_clear();
        status = SW_OK;
    }
    sw_json_destroy(json);
    sw_document_destroy(document);
    sw_diagnostics_destroy(faults);
    return status;
}

sw_status sw_overrides_apply(char **text, size_t *length, char *const *overrides, sw_diagnostics *diagnostics) {
    bool readable = true;
    sw_status status = SW_OK;
    if (memchr(*text, '\0', *length)) return SW_OK; /* binary: told when it is read */
    for (size_t i = 0; overrides && overrides[i] && readable && status == SW_OK; i++)
        status = apply(&readable, text, length, overrides[i], diagnostics);
    return status;
}
