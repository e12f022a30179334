/* row.c: a run as tools tell it. */
#include "cli/row.h"

#include <inttypes.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

const char *sw_row_state(char out[SW_STATE_TEXT], sw_run_state state) {
    snprintf(out, SW_STATE_TEXT, "%s", sw_states[state].name);
    for (char *gap = out; (gap = strchr(gap, '_'));) *gap = ' ';
    return out;
}

/* ---- former runs ---- */

bool sw_row_is_told(const sw_results *results, size_t r, bool all) {
    return all || sw_results_row(results, r)->planned;
}

size_t sw_row_count_former(const sw_results *results) {
    size_t former = 0;
    for (size_t r = 0; r < sw_results_count(results); r++) former += !sw_results_row(results, r)->planned;
    return former;
}

const char *sw_row_former_text(char out[SW_FORMER_TEXT], size_t former, const char *remedy) {
    snprintf(out, SW_FORMER_TEXT, "%zu row%s of former plans %s left out; %s", former, former == 1 ? "" : "s",
             former == 1 ? "is" : "are", remedy);
    return out;
}

/* ---- onsets ---- */

const sw_row_named_onset sw_row_onsets[SW_ONSETS] = {
    {"t_mem", offsetof(sw_onsets, t_mem)},
    {"t_sym", offsetof(sw_onsets, t_sym)},
    {"t_gen", offsetof(sw_onsets, t_gen)},
    {"t_geo", offsetof(sw_onsets, t_geo)},
    {"t_geo_participation", offsetof(sw_onsets, t_geo_participation)},
};

int64_t sw_row_onset(const sw_result_row *row, int onset) {
    return *(const int64_t *)((const char *)&row->onsets + sw_row_onsets[onset].place);
}

void sw_row_write_step(sw_json *json, const char *key, int64_t step) {
    sw_json_key(json, key);
    if (step < 0)
        sw_json_null(json);
    else
        sw_json_integer(json, step);
}

sw_status sw_row_newest(sw_row_now *out, sw_results *results, size_t r) {
    const sw_result_row *row = sw_results_row(results, r);
    *out = (sw_row_now){row->steps, row->train_accuracy, row->test_accuracy};
    if (row->state != SW_RUN_RUNNING) return SW_OK;
    sw_record newest;
    bool any;
    sw_status status = sw_results_newest(results, r, &newest, &any);
    *out = (sw_row_now){-1, NAN, NAN};
    if (status == SW_OK && any)
        *out = (sw_row_now){newest.step, (double)newest.value[SW_METRIC_TRAIN_ACCURACY],
                            (double)newest.value[SW_METRIC_TEST_ACCURACY]};
    return status;
}

/* ---- values of axes ---- */

bool sw_row_lacks(const sw_axis *axis, const sw_axis_value *value) {
    switch (axis->type) {
    case SW_AXIS_INTEGER:
    case SW_AXIS_BOOL: return value->integer < 0;
    case SW_AXIS_REAL: return isnan(value->real);
    case SW_AXIS_STRING: return value->string[0] == 0;
    }
    return false;
}

void sw_row_value(char *out, size_t capacity, const sw_axis *axis, const sw_axis_value *value) {
    char number[32] = "-";
    switch (axis->type) {
    case SW_AXIS_INTEGER: snprintf(out, capacity, "%" PRId64, value->integer); break;
    case SW_AXIS_BOOL: snprintf(out, capacity, "%s", value->integer > 0 ? "true" : "false"); break;
    case SW_AXIS_STRING: snprintf(out, capacity, "%s", value->string); break;
    case SW_AXIS_REAL:
        if (!isnan(value->real)) sw_json_format_number(number, value->real);
        snprintf(out, capacity, "%s", number);
        break;
    }
}

void sw_row_write_value(sw_json *json, const sw_axis *axis, const sw_axis_value *value) {
    sw_json_key(json, axis->path);
    switch (axis->type) {
    case SW_AXIS_INTEGER: sw_json_integer(json, value->integer); break;
    case SW_AXIS_BOOL: sw_json_bool(json, value->integer > 0); break;
    case SW_AXIS_STRING: sw_json_string(json, value->string); break;
    case SW_AXIS_REAL: sw_json_number(json, value->real); break;
    }
}
