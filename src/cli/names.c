/* names.c: names of settings that fit a column. */
#include "cli/names.h"

#include "symsweep/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef enum cut { CUT_END, CUT_BEGINNING, CUT_NUMBERED } cut;

struct sw_names {
    const sw_settings *settings;
    int columns;
    size_t bytes; /* of a name, its end included */
    char *names;  /* [settings][bytes] */
    char *prefix, *heading;
    const char *(*tell)(const sw_settings *settings, size_t setting); /* in full or in short */
    cut how;
};

/* ---- what all begin with ---- */

static bool all_fit(const sw_names *names) {
    bool fit = true;
    for (size_t i = 0; i < sw_settings_count(names->settings) && fit; i++)
        fit = sw_text_columns(names->tell(names->settings, i)) <= names->columns;
    return fit;
}

/* Bytes that all names have in common, up to the end of a word. */
static size_t common_bytes(const sw_names *names) {
    const sw_settings *settings = names->settings;
    const char *first = names->tell(settings, 0);
    size_t common = strlen(first);
    for (size_t i = 1; i < sw_settings_count(settings); i++) {
        const char *name = names->tell(settings, i);
        size_t same = 0;
        while (same < common && name[same] == first[same]) same++;
        common = same;
    }
    while (common > 0 && !strchr(" =-_/:.", first[common - 1])) common--;
    return common;
}

/* ---- names ---- */

static void cut_name(char *out, const sw_names *names, size_t setting) {
    const size_t left_out = strlen(names->prefix);
    const char *name = names->tell(names->settings, setting) + left_out, *dots = left_out ? "\xe2\x80\xa6" : "";
    char number[24] = "";
    if (names->how == CUT_NUMBERED) snprintf(number, sizeof number, "%zu: ", setting + 1);
    const int columns = sw_text_columns(name), room = names->columns - (int)strlen(number) - (left_out > 0);
    if (columns <= room)
        snprintf(out, names->bytes, "%s%s%s", number, dots, name);
    else if (names->how == CUT_BEGINNING)
        snprintf(out, names->bytes, "\xe2\x80\xa6%s", sw_text_skip(name, columns - names->columns + 1));
    else
        snprintf(out, names->bytes, "%s%s%.*s\xe2\x80\xa6", number, dots, (int)(sw_text_skip(name, room - 1) - name),
                 name);
}

static int by_text(const void *a, const void *b) { return strcmp(*(const char *const *)a, *(const char *const *)b); }

static sw_status are_alike(bool *out, const sw_names *names) {
    const size_t count = sw_settings_count(names->settings);
    const char **sorted = calloc(count + 1, sizeof *sorted);
    *out = false;
    if (!sorted) return sw_fail(SW_E_MEMORY, "names of settings");
    for (size_t i = 0; i < count; i++) sorted[i] = sw_names_get(names, i);
    qsort(sorted, count, sizeof *sorted, by_text);
    for (size_t i = 1; i < count && !*out; i++) *out = strcmp(sorted[i], sorted[i - 1]) == 0;
    free(sorted);
    return SW_OK;
}

static sw_status choose(sw_names *names) {
    bool alike = true;
    sw_status status = SW_OK;
    for (names->how = CUT_END; status == SW_OK; names->how++) {
        for (size_t i = 0; i < sw_settings_count(names->settings); i++)
            cut_name(names->names + i * names->bytes, names, i);
        if (names->how == CUT_NUMBERED) break;
        status = are_alike(&alike, names);
        if (!alike) break;
    }
    return status;
}

static char *cut_heading(const char *keys, int columns) {
    const size_t bytes = strlen(keys) + 8;
    char *heading = malloc(bytes);
    if (heading && sw_text_columns(keys) <= columns)
        snprintf(heading, bytes, "%s", keys);
    else if (heading)
        snprintf(heading, bytes, "%.*s\xe2\x80\xa6", (int)(sw_text_skip(keys, columns - 1) - keys), keys);
    return heading;
}

sw_status sw_names_create(sw_names **out, const sw_settings *settings, int columns) {
    enum { LEAST = 4 };
    const size_t count = sw_settings_count(settings);
    *out = NULL;
    sw_names *names = calloc(1, sizeof *names);
    if (!names) return sw_fail(SW_E_MEMORY, "names of settings");
    names->settings = settings;
    names->columns = columns > LEAST ? columns : LEAST;
    names->bytes = 4 * (size_t)names->columns + 32;
    names->names = malloc((count + 1) * names->bytes);
    names->tell = sw_settings_name;
    const bool full = all_fit(names);
    if (!full) names->tell = sw_settings_values;
    const size_t common = count > 1 && !all_fit(names) ? common_bytes(names) : 0;
    names->prefix = count > 0 ? strndup(names->tell(settings, 0), common >= LEAST ? common : 0) : strdup("");
    names->heading = cut_heading(full ? "setting" : sw_settings_keys(settings), names->columns);
    sw_status status =
        names->names && names->prefix && names->heading ? choose(names) : sw_fail(SW_E_MEMORY, "names of settings");
    if (status == SW_OK)
        *out = names;
    else
        sw_names_destroy(names);
    return status;
}

void sw_names_destroy(sw_names *names) {
    if (!names) return;
    free(names->names);
    free(names->prefix);
    free(names->heading);
    free(names);
}

const char *sw_names_get(const sw_names *names, size_t setting) { return names->names + setting * names->bytes; }
const char *sw_names_heading(const sw_names *names) { return names->heading; }
bool sw_names_are_numbered(const sw_names *names) { return names->how == CUT_NUMBERED; }
