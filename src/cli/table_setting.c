/* table_setting.c: names for the settings of a sweep. */
#include "symsweep/table.h"

#include "symsweep/json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *sw_table_state_text(sw_run_state state)
{
    return state == SW_RUN_NOT_SELECTED ? "not selected" : sw_states[state].name;
}

void sw_table_axis_text(char *out, size_t capacity, const sw_results *results, size_t row, size_t axis)
{
    const sw_axis_value *value = sw_results_axis_value(results, row, axis);
    char number[32];
    switch (sw_results_axis(results, axis)->type) {
    case SW_AXIS_INTEGER: snprintf(out, capacity, "%lld", (long long)value->integer); break;
    case SW_AXIS_BOOL: snprintf(out, capacity, "%s", value->integer > 0 ? "true" : "false"); break;
    case SW_AXIS_STRING: snprintf(out, capacity, "%s", value->string); break;
    case SW_AXIS_REAL:
        if (isnan(value->real))
            snprintf(number, sizeof number, "-");
        else
            sw_json_format_number(number, value->real);
        snprintf(out, capacity, "%s", number);
        break;
    }
}

static bool is_seed(const char *path) { return strcmp(path, "seed") == 0 || strcmp(path, "data_seed") == 0; }

/* Does the axis differ among runs of one label? What the label decides need not be told beside it. */
static bool varies_in_labels(const sw_results *results, size_t axis)
{
    const size_t runs = sw_results_count(results);
    char text[160], other[160];
    for (size_t r = 1; r < runs; r++) {
        size_t q = 0; /* the first run with this label */
        while (strcmp(sw_results_row(results, q)->label, sw_results_row(results, r)->label) != 0) q++;
        sw_table_axis_text(text, sizeof text, results, r, axis);
        sw_table_axis_text(other, sizeof other, results, q, axis);
        if (strcmp(text, other) != 0) return true;
    }
    return false;
}

static bool is_missing(const sw_results *results, size_t row, size_t axis)
{
    const sw_axis_value *value = sw_results_axis_value(results, row, axis);
    switch (sw_results_axis(results, axis)->type) {
    case SW_AXIS_INTEGER:
    case SW_AXIS_BOOL: return value->integer < 0;
    case SW_AXIS_STRING: return value->string[0] == 0;
    case SW_AXIS_REAL: return isnan(value->real);
    }
    return false;
}

/* The shortest end of a dotted path that no other axis has: "weight", "commutativity.weight". */
static const char *short_path(const sw_results *results, size_t axis)
{
    const char *path = sw_results_axis(results, axis)->path;
    for (const char *dot = strrchr(path, '.');; dot--) {
        while (dot > path && *dot != '.') dot--;
        if (!dot || dot <= path) return path;
        const char *end = dot + 1;
        bool unique = true;
        for (size_t a = 0; a < sw_results_axis_count(results) && unique; a++) {
            const char *other = sw_results_axis(results, a)->path;
            const size_t length = strlen(other), want = strlen(end);
            if (a != axis && length >= want && strcmp(other + length - want, end) == 0) unique = false;
        }
        if (unique) return end;
    }
}

struct sw_naming {
    size_t axis_count;
    const char **path; /* [axis_count]; NULL = left out */
};

sw_status sw_naming_create(sw_naming **out, const sw_results *results)
{
    const size_t count = sw_results_axis_count(results);
    sw_naming *naming = calloc(1, sizeof *naming);
    if (naming) naming->path = calloc(count + 1, sizeof *naming->path);
    *out = NULL;
    if (!naming || !naming->path) {
        free(naming);
        return sw_fail(SW_E_MEMORY, "names of settings");
    }
    naming->axis_count = count;
    for (size_t a = 0; a < count; a++)
        if (!is_seed(sw_results_axis(results, a)->path) && varies_in_labels(results, a))
            naming->path[a] = short_path(results, a);
    *out = naming;
    return SW_OK;
}

void sw_naming_destroy(sw_naming *naming)
{
    if (!naming) return;
    free(naming->path);
    free(naming);
}

void sw_table_setting(char *out, size_t capacity, const sw_naming *naming, const sw_results *results, size_t row)
{
    char value[160];
    size_t length = (size_t)snprintf(out, capacity, "%s", sw_results_row(results, row)->label);
    for (size_t a = 0; a < naming->axis_count && length < capacity; a++) {
        if (!naming->path[a] || is_missing(results, row, a)) continue;
        sw_table_axis_text(value, sizeof value, results, row, a);
        length +=
            (size_t)snprintf(out + length, capacity - length, "%s%s=%s", length ? ", " : "", naming->path[a], value);
    }
    if (length == 0) snprintf(out, capacity, "all runs");
}
