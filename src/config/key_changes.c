/* key_changes.c: lists of changes: read entry by entry, put into canonical form, written as they are read. */
#include "config/key_changes.h"
#include "config/key_texts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char freeze[] = "freeze";

/* ---- keys that may change: rows of the table above `changes` itself ---- */

static const sw_key *first_row(const sw_key *key) { return key - key->number; }

static const sw_key *find_key(const sw_key *key, const char *path) {
    for (const sw_key *row = first_row(key); row < key; row++)
        if (row->changes && !strcmp(row->path, path)) return row;
    return NULL;
}

static const char *path_of(const sw_key *key, uint32_t field) {
    for (const sw_key *row = first_row(key); row < key; row++)
        if (row->changes && row->offset == field) return row->path;
    return freeze;
}

/* ---- one entry ---- */

/* Something that is set, and where. */
typedef struct entry {
    sw_change change;
    const char *path;
    char names[SW_FREEZE_BYTES]; /* of "freeze" */
    int32_t node;
} entry;

typedef struct entries {
    entry item[SW_CHANGES_MAX];
    int32_t count;
} entries;

static bool report_unknown(const sw_document *document, const sw_key *key, int32_t node) {
    const char *paths[SW_CHANGES_PATHS_MAX], *name = sw_document_key(document, node);
    char hint[256];
    size_t count = 0;
    bool known = false;
    for (const sw_key *row = first_row(key); row < key; row++) {
        known = known || !strcmp(row->path, name);
        if (row->changes && count + 2 < SW_CHANGES_PATHS_MAX) paths[count++] = row->path;
    }
    paths[count++] = freeze;
    paths[count++] = "at";
    if (!sw_document_suggest(hint, sw_document_nearest(name, paths, count), ""))
        snprintf(hint, sizeof hint,
                 "weights, optimizer.learning_rate, optimizer.weight_decay, train_fraction, freeze ...");
    return sw_document_key_error(document, node, hint,
                                 known ? "the key does not change while a run trains" : "unknown key");
}

/* A member of an entry but "at". */
static bool read_member(sw_reader *reader, entries *out, const sw_key *key, int32_t node, int64_t at) {
    const sw_document *document = reader->document;
    const char *path = sw_document_key(document, node);
    const sw_key *changed = find_key(key, path);
    entry item = {.change = {.at = at, .field = SW_CHANGE_FREEZE}, .path = freeze, .node = node};
    sw_value value = {.node = node, .member = node};
    if (document->nodes[node].duplicate || document->nodes[node].broken) return false;
    if (!changed && strcmp(path, freeze)) return report_unknown(document, key, node);
    if (changed ? !changed->type->read(reader, &value, changed, node)
                : !sw_key_read_words(reader, item.names, sizeof item.names, node))
        return false;
    if (changed) {
        item.change.field = (uint32_t)changed->offset;
        item.change.since = (uint32_t)changed->since_offset;
        item.change.value = value.real;
        item.path = changed->path;
    }
    for (int32_t i = 0; i < out->count; i++)
        if (out->item[i].change.at == at && out->item[i].path == item.path)
            return sw_document_key_error(document, node, "give it once", "the key is set twice after step %lld",
                                         (long long)at);
    if (out->count == SW_CHANGES_MAX)
        return sw_document_error(document, node, NULL, "a run has at most %d changes", SW_CHANGES_MAX);
    out->item[out->count++] = item;
    return true;
}

/* Step of an entry; -1: reported. */
static int64_t read_step(const sw_reader *reader, const sw_key *key, int32_t node) {
    const sw_document *document = reader->document;
    const int32_t at = sw_document_member(document, node, "at");
    int64_t step = 0;
    bool whole = false;
    if (at < 0) {
        sw_document_error(document, node, "as in {\"at\": 500, \"optimizer.weight_decay\": 0}",
                          "at is missing: the step after which keys change");
        return -1;
    }
    if (document->nodes[at].broken) return -1;
    if (document->nodes[at].type == SW_NODE_NUMBER) sw_document_number(document, at, &step, &whole);
    if (whole && (double)step >= key->minimum && (double)step <= key->maximum) return step;
    sw_document_expected(document, at, NULL, "integer %.0f..%.0f", key->minimum, key->maximum);
    return -1;
}

static bool read_entry(sw_reader *reader, entries *out, const sw_key *key, int32_t node) {
    const sw_document *document = reader->document;
    if (document->nodes[node].type != SW_NODE_OBJECT)
        return sw_document_expected(document, node, "as in {\"at\": 500, \"optimizer.weight_decay\": 0}", "an object");
    const int64_t at = read_step(reader, key, node);
    if (at >= 0 && document->nodes[node].count == 1)
        return sw_document_error(document, node, "remove it, or say what changes", "nothing changes after step %lld",
                                 (long long)at);
    bool valid = at >= 0;
    for (int32_t i = document->nodes[node].child; i >= 0; i = document->nodes[i].next)
        if (strcmp(sw_document_key(document, i), "at")) valid = read_member(reader, out, key, i, at) && valid;
    return valid;
}

/* ---- the list ---- */

static int compare_entries(const void *a, const void *b) {
    const entry *x = a, *y = b;
    const int order = (x->change.at > y->change.at) - (x->change.at < y->change.at);
    return order ? order : strcmp(x->path, y->path);
}

/* Appends a change, with the names of a freeze. false: there is no room for them. */
static bool append(sw_changes *out, const sw_change *change, const char *names) {
    sw_change *added = &out->list[out->count];
    *added = *change;
    if (change->field == SW_CHANGE_FREEZE) {
        size_t used = 0; /* texts stand one behind the other; the first is that of nothing */
        for (int32_t i = 0; i < out->count; i++)
            if (out->list[i].field == SW_CHANGE_FREEZE)
                used = (size_t)out->list[i].value + strlen(out->tensors + (size_t)out->list[i].value) + 1;
        if (used + strlen(names) + 1 > sizeof out->tensors) return false;
        memcpy(out->tensors + used, names, strlen(names) + 1);
        added->value = (double)used;
    }
    out->count++;
    return true;
}

static bool read_changes(sw_reader *reader, sw_value *out, const sw_key *key, int32_t node) {
    const sw_document *document = reader->document;
    const sw_node *n = &document->nodes[node];
    entries found = {.count = 0};
    bool valid = true;
    if (n->broken) return false;
    if (n->type != SW_NODE_ARRAY)
        return sw_document_expected(document, node, "as in [{\"at\": 500, \"optimizer.weight_decay\": 0}]",
                                    "an array of changes");
    for (int32_t i = n->child; i >= 0; i = document->nodes[i].next) valid = read_entry(reader, &found, key, i) && valid;
    qsort(found.item, (size_t)found.count, sizeof *found.item, compare_entries);
    sw_changes *changes = sw_key_allocate(reader, 1, sizeof *changes);
    int64_t *nodes = sw_key_allocate(reader, SW_CHANGES_MAX, sizeof *nodes);
    if (!changes || !nodes) return false;
    for (int32_t i = 0; i < found.count && valid; i++) {
        nodes[i] = found.item[i].node;
        if (!append(changes, &found.item[i].change, found.item[i].names))
            valid = sw_document_error(document, found.item[i].node, NULL,
                                      "the names in all of `freeze` have more than %d bytes", SW_FREEZE_BYTES - 1);
    }
    out->changes = changes;
    out->list = nodes;
    out->count = changes->count;
    return valid;
}

/* ---- in the structure ---- */

/* What the key of a change is before it; the names of a freeze apart. */
static double value_before(const void *base, const sw_changes *changes, uint32_t field) {
    for (int32_t i = changes->count; i-- > 0;)
        if (changes->list[i].field == field) return changes->list[i].value;
    return *(const double *)(const void *)((const char *)base + field);
}

static const char *names_before(const sw_changes *changes) {
    for (int32_t i = changes->count; i-- > 0;)
        if (changes->list[i].field == SW_CHANGE_FREEZE) return changes->tensors + (size_t)changes->list[i].value;
    return "";
}

/* Without what is so already. All keys that may change are in the structure. */
static void store_changes(void *base, const sw_key *key, const sw_value *value) {
    sw_changes *out = (sw_changes *)(void *)((char *)base + key->offset);
    const sw_changes *given = value->changes;
    memset(out, 0, sizeof *out);
    for (int32_t i = 0; given && i < given->count; i++) {
        const sw_change *change = &given->list[i];
        const bool names = change->field == SW_CHANGE_FREEZE;
        const char *frozen = names ? given->tensors + (size_t)change->value : "";
        const bool same =
            names ? !strcmp(frozen, names_before(out)) : change->value == value_before(base, out, change->field);
        if (!same) (void)append(out, change, frozen); /* they had room where they were read */
    }
}

static void load_changes(sw_field *out, const void *base, const sw_key *key) {
    out->value.changes = (const sw_changes *)(const void *)((const char *)base + key->offset);
    out->value.count = out->value.changes->count;
}

static int compare_changes(const sw_value *a, const sw_value *b) {
    static const sw_changes none;
    return memcmp(a->changes ? a->changes : &none, b->changes ? b->changes : &none, sizeof none);
}

/* ---- as JSON ---- */

static void write_changes(sw_json *json, const sw_key *key, const sw_value *value) {
    const sw_changes *changes = value->changes;
    int64_t at = -1;
    sw_json_begin_array(json);
    for (int32_t i = 0; changes && i < changes->count; i++) {
        const sw_change *change = &changes->list[i];
        if (change->at != at) {
            if (at >= 0) sw_json_end_object(json);
            sw_json_begin_object(json);
            sw_json_member_integer(json, "at", change->at);
            at = change->at;
        }
        sw_json_key(json, path_of(key, change->field));
        if (change->field == SW_CHANGE_FREEZE)
            sw_key_write_words(json, changes->tensors + (size_t)change->value);
        else
            sw_json_number(json, change->value);
    }
    if (at >= 0) sw_json_end_object(json);
    sw_json_end_array(json);
}

static void type_text(char *out, size_t capacity, const sw_key *key) {
    snprintf(out, capacity, "array of at most %d changes", key->capacity);
}

const sw_key_type sw_key_changes = {.base = "changes",
                                    .type_text = type_text,
                                    .axis = SW_AXIS_STRING,
                                    .read = read_changes,
                                    .store = store_changes,
                                    .load = load_changes,
                                    .compare = compare_changes,
                                    .value_text = sw_key_json_text,
                                    .write = write_changes};
