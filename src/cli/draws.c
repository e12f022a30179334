/* draws.c: symsweep draws: the batches, symmetry tuples and Lipschitz pairs of given steps of a run, as JSON. */
#include "cli/command.h"
#include "cli/subject.h"

#include "symsweep/changes.h"
#include "symsweep/cli.h"
#include "symsweep/config.h"
#include "symsweep/store.h"

#include <stdio.h>
#include <string.h>

static const char help[] =
    "usage: symsweep draws results.h5 --run N --steps A:B\n"
    "\n"
    "Prints what run N (a row of the file) drew in optimizer steps A..B (1 is the first) as JSON:\n"
    "table indices of the batch, the tuples of every weighted symmetry family, Lipschitz pairs.\n"
    "Where draws depend on the model (predicted intermediates, nearest tokens) the run is trained\n"
    "again up to step B.\n";

typedef struct draws_options {
    long long run, first, last;
} draws_options;

static sw_status read_config(sw_run_config *out, const char *path, const draws_options *options) {
    sw_results *results = NULL;
    sw_status status = sw_results_open(&results, path);
    if (status != SW_OK) return status;
    size_t count = sw_results_count(results);
    if ((size_t)options->run >= count)
        status = sw_fail(SW_E_USAGE, "%s has %zu runs, 0..%lld: there is no run %lld", path, count,
                         (long long)count - 1, options->run);
    if (status == SW_OK) status = sw_config_read(out, sw_results_row(results, (size_t)options->run)->config, NULL);
    if (status == SW_OK && options->last > out->steps)
        status = sw_fail(SW_E_USAGE, "run %lld has %lld steps", options->run, (long long)out->steps);
    sw_results_close(results);
    return status;
}

/* ---- printing a step ---- */

static void write_indices(sw_json *json, const int32_t *values, size_t count) {
    sw_json_begin_array(json);
    for (size_t i = 0; i < count; i++) sw_json_integer(json, values[i]);
    sw_json_end_array(json);
}

static void write_family(sw_json *json, const sw_objective *objective, sw_family_id f, int32_t classes) {
    size_t count = 0;
    const sw_tuple *tuples = sw_objective_tuples(objective, f, &count);
    if (count == 0) return;
    sw_json_member_object(json, sw_family_names[f]);
    sw_json_member_array(json, "tuples");
    for (size_t i = 0; i < count; i++) {
        sw_json_begin_object(json);
        sw_json_key(json, "inputs");
        write_indices(json, tuples[i].input, (size_t)sw_families[f]->arity);
        sw_json_key(json, "map");
        const int32_t *map = sw_objective_class_map(objective, f, tuples[i].map);
        if (map)
            write_indices(json, map, (size_t)classes);
        else
            sw_json_null(json);
        sw_json_end_object(json);
    }
    sw_json_end_array(json);
    sw_json_end_object(json);
}

static void write_lipschitz(sw_json *json, const sw_objective *objective) {
    size_t count = 0;
    const sw_lipschitz_pair *pairs = sw_objective_pairs(objective, SW_PRIOR_LIPSCHITZ, &count);
    if (count == 0) return;
    const int32_t *inputs = sw_objective_pair_inputs(objective, SW_PRIOR_LIPSCHITZ);
    sw_json_member_object(json, "lipschitz");
    sw_json_member_array(json, "pairs");
    for (size_t i = 0; i < count; i++) {
        sw_json_begin_object(json);
        sw_json_key(json, "inputs");
        write_indices(json, inputs + 2 * i, 2);
        sw_json_key(json, "tokens");
        write_indices(json, pairs[i].token, 2);
        sw_json_end_object(json);
    }
    sw_json_end_array(json);
    sw_json_end_object(json);
}

static void write_step(sw_json *json, const sw_subject *run, int64_t t) {
    const sw_objective *objective = run->objective;
    sw_run_config now;
    sw_changes_made(&now, &run->config, t - 1);
    sw_json_begin_object(json);
    sw_json_member_integer(json, "step", t);
    sw_json_key(json, "batch");
    size_t count = 0;
    const int32_t *batch = sw_objective_batch(objective, &count);
    if (sw_run_batch(&now.optimizer, sw_run_train(&now, run->task->inputs)).full)
        sw_json_string(json, "full");
    else
        write_indices(json, batch, count);
    sw_json_member_object(json, "symmetry");
    for (int f = 0; f < SW_FAMILY_COUNT; f++) write_family(json, objective, (sw_family_id)f, run->task->classes);
    sw_json_end_object(json);
    write_lipschitz(json, objective);
    sw_json_end_object(json);
}

/* ---- drawing ---- */

static sw_status write_steps(sw_json *json, sw_subject *run, const draws_options *options) {
    sw_status status = SW_OK;
    for (int64_t t = run->model ? 1 : options->first; t <= options->last && status == SW_OK; t++) {
        if (run->model)
            status = sw_subject_step(run);
        else
            status = sw_objective_draw(run->objective, NULL, t);
        if (status == SW_OK && t >= options->first) write_step(json, run, t);
    }
    return status;
}

static sw_status print_draws(const char *path, const draws_options *options) {
    sw_subject run = {0};
    sw_json *json = NULL;
    sw_status status = read_config(&run.config, path, options);
    if (status == SW_OK) status = sw_subject_create(&run, false);
    if (status == SW_OK) status = sw_json_create(&json);
    if (status == SW_OK) {
        sw_json_begin_object(json);
        sw_json_member_integer(json, "run", options->run);
        sw_json_member_array(json, "steps");
        status = write_steps(json, &run, options);
        sw_json_end_array(json);
        sw_json_end_object(json);
    }
    sw_subject_release(&run);
    return sw_command_print(json, status);
}

/* ---- the command ---- */

static bool parse_steps(void *options, const char *value) {
    draws_options *out = options;
    char first[32];
    const size_t length = strcspn(value, ":");
    snprintf(first, sizeof first, "%.*s", (int)length, value);
    return length < sizeof first && value[length] && sw_command_number(&out->first, first) &&
           sw_command_number(&out->last, value + length + 1) && out->first >= 1 && out->last >= out->first;
}

static sw_status draw(void *options, char *const *files) {
    sw_status status = print_draws(files[0], options);
    if (status == SW_OK || status == SW_E_STORE || status == SW_E_IO) return status;
    return SW_E_USAGE; /* what is not the file's fault is that of who asks */
}

static const sw_command command = {
    .name = "draws",
    .help = help,
    .unknown = "unknown option or value",
    .expected = "a results file, --run N and --steps A:B are needed",
    .options =
        (const sw_command_option[]){
            {"run", .place = offsetof(draws_options, run), .parse = sw_command_number, .required = true},
            {"steps", .parse = parse_steps, .takes = "A:B with 1 <= A <= B", .required = true},
            {0},
        },
    .least = 1,
    .most = 1,
    .when = SW_HELP_FIRST,
    .run = draw,
};

int sw_cli_draws(int argc, char **argv) { return sw_command_run(&command, &(draws_options){0}, argc, argv); }
