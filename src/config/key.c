/* key.c: what can be done with a key of the table. */
#include "config/key.h"

#include "config/synonyms.h"

#include "symsweep/abbreviate.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

const sw_key *sw_key_find(sw_section section, const char *path) {
    size_t count;
    const sw_key *keys = sw_keys_of(section, &count);
    for (size_t i = 0; i < count; i++)
        if (!strcmp(keys[i].path, path)) return &keys[i];
    return NULL;
}

/* ---- whom a key concerns ---- */

static int32_t selected(const sw_run_config *config, sw_selector s) {
    return *(const int32_t *)(const void *)((const char *)config + sw_selectors[s].offset);
}

bool sw_key_concerns(const sw_key *key, const sw_run_config *config) {
    for (int s = 0; s < SW_SELECTOR_COUNT; s++) {
        const uint32_t mask = key->concern[s];
        if (!mask || (sw_selectors[s].task >= 0 && sw_selectors[s].task != config->task.kind)) continue;
        const int32_t value = selected(config, (sw_selector)s);
        if (value < 0 || !(mask >> value & 1u)) return false;
    }
    return true;
}

bool sw_key_acts(const sw_key *key, const sw_run_config *config) {
    if (!key->switched) return true;
    const void *place = (const char *)config + key->switch_offset;
    const double number = key->switch_stored == SW_STORED_DOUBLE  ? *(const double *)place
                          : key->switch_stored == SW_STORED_INT64 ? (double)*(const int64_t *)place
                                                                  : *(const int32_t *)place;
    bool acts = key->switch_negative ? number < 0 : number != 0;
    for (int32_t i = 0; i < config->changes.count; i++) {
        const sw_change *change = &config->changes.list[i];
        if (change->field == key->switch_offset)
            acts = acts || (key->switch_negative ? change->value < 0 : change->value != 0);
    }
    return acts;
}

void sw_key_concern_text(const sw_key *key, char *out, size_t capacity) {
    size_t used = 0;
    out[0] = '\0';
    for (int s = 0; s < SW_SELECTOR_COUNT; s++) {
        const char *between = " ";
        if (!key->concern[s]) continue;
        if (used < capacity)
            used += (size_t)snprintf(out + used, capacity - used, "%s%s", used ? ", " : "", sw_selectors[s].path);
        for (int i = 0; sw_selectors[s].names[i] && used < capacity; i++) {
            if (!(key->concern[s] >> i & 1u)) continue;
            used += (size_t)snprintf(out + used, capacity - used, "%s%s", between, sw_selectors[s].names[i]);
            between = " or ";
        }
    }
}

/* ---- values ---- */

void sw_key_get(sw_field *out, const void *base, const sw_key *key) {
    out->value = (sw_value){.node = -1, .member = -1};
    key->type->load(out, base, key);
}

void sw_key_default(sw_value *out, const sw_key *key, const sw_run_config *config, bool frozen) {
    const sw_default_rule rule = frozen ? key->frozen_rule : key->rule;
    const double constant = frozen ? key->frozen : key->fallback;
    *out = (sw_value){.real = constant, .integer = (int64_t)constant, .node = -1, .member = -1};
    if (rule) rule(config, out);
}

void sw_key_write(sw_json *json, const sw_key *key, const sw_value *value) {
    char text[SW_PATH_MAX];
    if (key->type->write) {
        key->type->write(json, key, value);
        return;
    }
    if (key->capacity > 0) {
        sw_json_begin_array(json);
        for (int32_t i = 0; i < value->count; i++) sw_json_integer(json, value->list[i]);
        sw_json_end_array(json);
        return;
    }
    key->type->value_text(text, sizeof text, key, value);
    if (key->type->quoted || (key->word && value->integer == key->word_value))
        sw_json_string(json, text);
    else
        sw_json_raw(json, text);
}

void sw_key_axis_value(sw_axis_value *out, const sw_key *key, const sw_value *value) {
    char text[4 * SW_PATH_MAX];
    *out = (sw_axis_value){.integer = -1, .real = NAN};
    if (!value) return;
    switch (key->type->axis) {
    case SW_AXIS_REAL: out->real = value->real; break;
    case SW_AXIS_STRING:
        key->type->value_text(text, sizeof text, key, value);
        sw_abbreviate_text(out->string, sizeof out->string, text);
        break;
    case SW_AXIS_INTEGER:
    case SW_AXIS_BOOL: out->integer = value->integer; break;
    }
}

/* ---- the table as others see it ---- */

size_t sw_key_count(void) {
    size_t run, sweep;
    sw_keys_of(SW_SECTION_RUN, &run);
    sw_keys_of(SW_SECTION_SWEEP, &sweep);
    return run + sw_aliases_count + sweep;
}

/* Key i of the listing; an alias is the first of its keys under another name. */
static const sw_key *listed(size_t i, const sw_alias **alias, sw_section *section) {
    size_t count;
    const sw_key *keys = sw_keys_of(*section = SW_SECTION_RUN, &count);
    *alias = NULL;
    if (i < count) return &keys[i];
    i -= count;
    if (i < sw_aliases_count) {
        *alias = &sw_aliases[i];
        return sw_key_find(SW_SECTION_RUN, sw_aliases[i].target[0]);
    }
    return sw_keys_of(*section = SW_SECTION_SWEEP, &count) + (i - sw_aliases_count);
}

static void default_text(const sw_key *key, char *out, size_t capacity) {
    sw_value value;
    if (key->required || key->rule_text) {
        snprintf(out, capacity, "%s", key->required ? "required" : key->rule_text);
        return;
    }
    sw_key_default(&value, key, NULL, false);
    key->type->value_text(out, capacity, key, &value);
}

void sw_key_describe(size_t i, sw_key_info *out) {
    enum { TEXT = sizeof out->text[0] };
    const sw_alias *alias;
    sw_section section;
    const sw_key *key = listed(i, &alias, &section);
    *out = (sw_key_info){.path = alias ? alias->path : key->path,
                         .section = section == SW_SECTION_RUN ? "run" : "sweep",
                         .type = out->text[0],
                         .default_text = alias ? "as the two" : out->text[1],
                         .range = out->text[2],
                         .concerns = out->text[3],
                         .meaning = alias ? alias->meaning : key->meaning,
                         .identity = key->identity,
                         .changes = key->changes,
                         .unit = key->unit,
                         .base = key->type->base,
                         .word = key->word,
                         .values = key->names,
                         .has_minimum = key->type->ranged && !isinf(key->minimum),
                         .has_maximum = key->type->ranged && !isinf(key->maximum),
                         .minimum_excluded = key->minimum_excluded,
                         .maximum_excluded = key->maximum_excluded,
                         .minimum = key->minimum,
                         .maximum = key->maximum,
                         .longest = (size_t)key->capacity};
    sw_key_type_text(key, out->text[0], TEXT);
    default_text(key, out->text[1], TEXT);
    sw_key_range_text(key, out->text[2], TEXT);
    sw_key_concern_text(key, out->text[3], TEXT);
}

/* ---- names, and those near to a wrong one ---- */

/* The rest of `path` below `prefix` ("" = everything); NULL = not below it. */
static const char *below(const char *path, const char *prefix) {
    size_t length = strlen(prefix);
    if (length == 0) return path;
    return !strncmp(path, prefix, length) && path[length] == '.' ? path + length + 1 : NULL;
}

/* All paths that a section takes, aliases behind the keys. */
static size_t list_paths(sw_section section, const char *out[SW_KEYS_MAX]) {
    size_t count;
    const sw_key *keys = sw_keys_of(section, &count);
    for (size_t i = 0; i < count; i++) out[i] = keys[i].path;
    for (size_t i = 0; section == SW_SECTION_RUN && i < sw_aliases_count; i++) out[count++] = sw_aliases[i].path;
    return count;
}

const char *sw_key_below(sw_section section, const char *path) {
    const char *paths[SW_KEYS_MAX];
    size_t count = list_paths(section, paths);
    const char *rest = NULL;
    for (size_t i = 0; i < count && !rest; i++) rest = below(paths[i], path);
    return rest;
}

/* The member of the group `prefix` ("" = run) that is nearest to a name. */
static bool suggest_member(char out[256], const char *prefix, const char *name, const char *const *paths,
                           size_t count) {
    char members[SW_KEYS_MAX][64];
    const char *candidates[SW_KEYS_MAX];
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        const char *rest = below(paths[i], prefix);
        if (!rest) continue;
        snprintf(members[found], sizeof members[found], "%.*s", (int)strcspn(rest, "."), rest);
        candidates[found] = members[found];
        found++;
    }
    return sw_document_suggest(out, sw_document_nearest(name, candidates, found), "");
}

/* The first path that ends in ".name". */
static const char *path_ending_in(const char *name, const char *const *paths, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const char *dot = strrchr(paths[i], '.');
        if (!strcmp(dot ? dot + 1 : paths[i], name)) return paths[i];
    }
    return NULL;
}

void sw_key_suggest(sw_section section, const char *prefix, const char *name, char out[256]) {
    const char *paths[SW_KEYS_MAX];
    size_t count = list_paths(section, paths);
    const char *nearest = NULL;
    if (section == SW_SECTION_RUN) {
        if (sw_synonyms_suggest(out, name)) return;
        nearest = path_ending_in(name, paths, count);
        if (!nearest && suggest_member(out, prefix, name, paths, count)) return;
    }
    sw_document_suggest(out, nearest ? nearest : sw_document_nearest(name, paths, count), "");
}
