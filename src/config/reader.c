/* reader.c: members of objects as assignments of keys. */
#include "config/reader.h"

#include "symsweep/grow.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool sw_reader_is_object(sw_reader *reader, int32_t node) {
    return reader->document->nodes[node].type == SW_NODE_OBJECT ||
           sw_document_expected(reader->document, node, NULL, "an object");
}

void *sw_reader_grow(sw_reader *reader, void *items, size_t count, size_t *capacity, size_t size) {
    void *grown = sw_grow_array(items, count, capacity, size, "a sweep");
    if (!grown) reader->status = SW_E_MEMORY;
    return grown;
}

/* ---- names ---- */

bool sw_reader_find(sw_assignment *out, sw_section section, const char *path) {
    const sw_alias *alias = NULL;
    for (size_t i = 0; section == SW_SECTION_RUN && i < sw_aliases_count && !alias; i++)
        if (!strcmp(sw_aliases[i].path, path)) alias = &sw_aliases[i];
    out->value.alias = alias;
    out->key = sw_key_find(section, alias ? alias->target[0] : path);
    out->twin = alias ? sw_key_find(section, alias->target[1]) : NULL;
    return out->key != NULL;
}

bool sw_reader_overlap(const sw_key *key, const sw_key *twin, const sw_key *other, const sw_key *other_twin) {
    return key == other || (twin && twin == other) || (other_twin && other_twin == key);
}

void sw_reader_suggest(const char *prefix, const char *name, char out[256]) {
    if (!strncmp(name, "run.", 4))
        snprintf(out, 256, "paths start below run: %.200s", name + 4);
    else
        sw_key_suggest(SW_SECTION_RUN, prefix, name, out);
}

/* ---- values ---- */

void sw_reader_value(sw_reader *reader, sw_value *out, const sw_key *key, int32_t node) {
    *out = (sw_value){.node = node, .member = node};
    out->broken = !key->type->read(reader, out, key, node);
}

/* ---- assignments ---- */

/* A key given twice, by two spellings or under an alias too. */
static bool is_conflict(sw_reader *reader, const sw_assignments *out, const sw_assignment *item) {
    for (size_t i = 0; i < out->count; i++) {
        const sw_assignment *other = &out->items[i];
        if (!sw_reader_overlap(other->key, other->twin, item->key, item->twin)) continue;
        const sw_node *first = &reader->document->nodes[other->value.member];
        const sw_alias *alias = item->value.alias ? item->value.alias : other->value.alias;
        char hint[256] = "give it once";
        if (alias) snprintf(hint, sizeof hint, "%s sets %s and %s", alias->path, alias->target[0], alias->target[1]);
        sw_document_key_error(reader->document, item->value.member, hint,
                              "the key is set twice, first in line %d, column %d", first->key_line, first->key_column);
        return true;
    }
    return false;
}

static void add(sw_reader *reader, sw_assignments *out, const sw_assignment *item) {
    sw_assignment *items = sw_reader_grow(reader, out->items, out->count, &out->capacity, sizeof *items);
    if (!items) return;
    out->items = items;
    out->items[out->count++] = *item;
}

static void report_unknown(sw_reader *reader, int32_t node, const char *path, const sw_scope *scope) {
    char hint[256] = "", found[128];
    if (scope->section == SW_SECTION_SWEEP) {
        sw_key_suggest(scope->section, "", path, hint);
        sw_document_key_error(reader->document, node, hint, "unknown key");
        return;
    }
    if (sw_diagnostics_count(reader->document->diagnostics) < SW_DIAGNOSTICS_MAX)
        sw_reader_suggest(scope->prefix, sw_document_key(reader->document, node), hint);
    sw_document_describe(reader->document, node, found);
    sw_document_key_error(reader->document, node, hint, "unknown key (its value is %s)", found);
}

/* A value where a group stands is most often that of its first key: "optimizer": "adam". */
static void refuse_group(const sw_document *document, int32_t node, sw_section section, const char *path) {
    const sw_node *n = &document->nodes[node];
    const char *first = sw_key_below(section, path);
    char whole[512], hint[256] = "";
    snprintf(whole, sizeof whole, "%s.%s", path, first);
    const sw_key *key = strchr(first, '.') ? NULL : sw_key_find(section, whole);
    if (key && sw_key_is_numeric(key) && n->type == SW_NODE_NUMBER)
        snprintf(hint, sizeof hint, "as in {\"%s\": %.*s}", first, n->length < 64 ? (int)n->length : 64,
                 document->text + n->offset);
    else if (key && key->names && n->type == SW_NODE_STRING)
        snprintf(hint, sizeof hint, "as in {\"%s\": \"%.64s\"}", first, sw_document_string(document, node));
    sw_document_expected(document, node, hint, "an object");
}

void sw_reader_assignments(sw_reader *reader, sw_assignments *out, int32_t object, const sw_scope *scope) {
    const sw_document *document = reader->document;
    for (int32_t i = document->nodes[object].child; i >= 0 && !reader->status; i = document->nodes[i].next) {
        const char *name = sw_document_key(document, i);
        if ((scope->skip && !strcmp(name, scope->skip)) || document->nodes[i].duplicate) continue;
        char path[256];
        snprintf(path, sizeof path, "%s%s%.120s", scope->prefix, scope->prefix[0] ? "." : "", name);
        sw_assignment item;
        bool spelled = strlen(name) <= 120 && (scope->dotted || !strchr(name, '.'));
        if (spelled && sw_reader_find(&item, scope->section, path)) {
            const sw_alias *alias = item.value.alias;
            item.later = scope->later && scope->later(document, item.key, i);
            if (item.later)
                item.value = (sw_value){.node = i, .member = i};
            else
                sw_reader_value(reader, &item.value, item.key, i);
            item.value.alias = alias;
            if (scope->section != SW_SECTION_RUN || !is_conflict(reader, out, &item)) add(reader, out, &item);
        } else if (spelled && name[0] && sw_key_below(scope->section, path)) {
            const sw_scope below = {
                .section = scope->section, .prefix = path, .dotted = scope->dotted, .later = scope->later};
            if (document->nodes[i].type == SW_NODE_OBJECT)
                sw_reader_assignments(reader, out, i, &below);
            else if (!document->nodes[i].broken)
                refuse_group(document, i, scope->section, path);
        } else if (!scope->dotted && strchr(name, '.') && sw_key_find(scope->section, name)) {
            sw_document_key_error(document, i,
                                  "write nested objects here; dotted paths name axes of grid, zip, cases and random",
                                  "a dotted path where a key is expected");
        } else {
            report_unknown(reader, i, path, scope);
        }
    }
}
