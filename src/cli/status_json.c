/* status_json.c: what `symsweep status` tells, as JSON. */
#include "status_view.h"

#include "symsweep/json.h"
#include "symsweep/table.h"

#include <math.h>
#include <stdio.h>

static void write_step(sw_json *json, const char *key, int64_t step)
{
    sw_json_key(json, key);
    if (step < 0)
        sw_json_null(json);
    else
        sw_json_integer(json, step);
}

static void write_axes(sw_json *json, const sw_results *results, size_t r)
{
    sw_json_key(json, "axes");
    sw_json_begin_object(json);
    for (size_t a = 0; a < sw_results_axis_count(results); a++) {
        const sw_axis *axis = sw_results_axis(results, a);
        const sw_axis_value *value = sw_results_axis_value(results, r, a);
        sw_json_key(json, axis->path);
        if (axis->type == SW_AXIS_STRING)
            sw_json_string(json, value->string);
        else if (axis->type == SW_AXIS_REAL)
            sw_json_number(json, value->real);
        else if (axis->type == SW_AXIS_BOOL)
            sw_json_bool(json, value->integer > 0);
        else
            sw_json_integer(json, value->integer);
    }
    sw_json_end_object(json);
}

/* Where the run is now, or how it ended. */
static sw_status write_newest(sw_json *json, sw_results *results, size_t r)
{
    const sw_result_row *row = sw_results_row(results, r);
    int64_t step = row->steps;
    double train = row->train_accuracy, test = row->test_accuracy;
    if (row->state == SW_RUN_RUNNING) {
        sw_record newest;
        bool any;
        const sw_status status = sw_results_newest(results, r, &newest, &any);
        if (status != SW_OK) return status;
        step = any ? newest.step : -1;
        train = any ? (double)newest.value[SW_METRIC_TRAIN_ACCURACY] : (double)NAN;
        test = any ? (double)newest.value[SW_METRIC_TEST_ACCURACY] : (double)NAN;
    }
    write_step(json, "step", step);
    sw_json_key(json, "train_accuracy");
    sw_json_number(json, train);
    sw_json_key(json, "test_accuracy");
    sw_json_number(json, test);
    return SW_OK;
}

static sw_status write_run(sw_json *json, sw_results *results, size_t r)
{
    const sw_result_row *row = sw_results_row(results, r);
    sw_json_begin_object(json);
    sw_json_key(json, "run");
    sw_json_integer(json, (int64_t)r);
    sw_json_key(json, "id");
    sw_json_string(json, row->id);
    sw_json_key(json, "label");
    sw_json_string(json, row->label);
    sw_json_key(json, "task");
    sw_json_string(json, row->task);
    sw_json_key(json, "seed");
    sw_json_integer(json, row->seed);
    write_axes(json, results, r);
    sw_json_key(json, "status");
    sw_json_string(json, sw_states[row->state].name);
    sw_json_key(json, "damaged");
    sw_json_bool(json, row->damaged);
    sw_json_key(json, "phase");
    sw_json_string(json, sw_phase_names[row->onsets.phase]);
    const sw_status status = write_newest(json, results, r);
    if (status != SW_OK) return status;
    write_step(json, "t_mem", row->onsets.t_mem);
    write_step(json, "t_sym", row->onsets.t_sym);
    write_step(json, "t_gen", row->onsets.t_gen);
    write_step(json, "t_geo", row->onsets.t_geo);
    sw_json_key(json, "attempts");
    sw_json_integer(json, row->attempts);
    sw_json_key(json, "wall_seconds");
    sw_json_number(json, row->wall_seconds);
    sw_json_key(json, "host");
    sw_json_string(json, row->host);
    sw_json_key(json, "error");
    sw_json_string(json, row->error);
    sw_json_end_object(json);
    return SW_OK;
}

static void write_head(sw_json *json, const sw_results *results, const sw_status_view *view)
{
    sw_json_key(json, "sweep");
    sw_json_string(json, sw_results_sweep_name(results));
    sw_json_key(json, "created_utc");
    sw_json_string(json, sw_results_attribute(results, "created_utc"));
    sw_json_key(json, "live");
    sw_json_bool(json, view->live);
    sw_json_key(json, "writer");
    sw_json_string(json, view->writer[0] ? view->writer : NULL);
    sw_json_key(json, "counts");
    sw_json_begin_object(json);
    sw_json_key(json, "total");
    sw_json_integer(json, (int64_t)view->runs);
    for (int s = 0; s < SW_RUN_STATE_COUNT; s++) {
        sw_json_key(json, sw_states[s].name);
        sw_json_integer(json, (int64_t)view->states[s]);
    }
    sw_json_end_object(json);
    sw_json_key(json, "phases");
    sw_json_begin_object(json);
    for (int p = 0; p < SW_PHASE_COUNT; p++) {
        sw_json_key(json, sw_phase_names[p]);
        sw_json_integer(json, (int64_t)view->phases[p]);
    }
    sw_json_end_object(json);
    sw_json_key(json, "damaged");
    sw_json_integer(json, (int64_t)view->damaged);
    sw_json_key(json, "steps_per_second");
    sw_json_number(json, view->steps_per_second);
    sw_json_key(json, "eta_seconds");
    sw_json_number(json, view->eta);
}

sw_status sw_status_print_json(sw_results *results, const sw_status_view *view)
{
    sw_json *json;
    sw_status status = sw_json_create(&json);
    if (status != SW_OK) return status;
    sw_json_begin_object(json);
    write_head(json, results, view);
    sw_json_key(json, "runs");
    sw_json_begin_array(json);
    for (size_t r = 0; r < view->runs && status == SW_OK; r++) status = write_run(json, results, r);
    sw_json_end_array(json);
    sw_json_end_object(json);
    const char *text = sw_json_text(json);
    if (status == SW_OK && !text) status = SW_E_MEMORY;
    if (status == SW_OK) puts(text);
    sw_json_destroy(json);
    return status;
}
