/* symsweep draws: the batches, symmetry tuples and Lipschitz pairs of given steps of a run, as JSON. */
#include "symsweep/cli.h"

#include "symsweep/config.h"
#include "symsweep/log.h"
#include "symsweep/store.h"
#include "symsweep/train.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "usage: symsweep draws results.h5 --run N --steps A:B\n"
    "\n"
    "Prints what run N (a row of the file) drew in optimizer steps A..B (1 is the first) as JSON:\n"
    "table indices of the batch, the tuples of every weighted symmetry family, Lipschitz pairs.\n"
    "Where draws depend on the model (predicted intermediates, nearest tokens) the run is trained\n"
    "again up to step B.\n";

typedef struct draws_options {
    const char *path;
    long long run, first, last;
} draws_options;

static bool parse_integer(long long *out, const char *text, const char *end)
{
    char *stop;
    errno = 0;
    *out = strtoll(text, &stop, 10);
    return stop != text && stop == (end ? end : text + strlen(text)) && errno == 0;
}

static sw_status parse_options(draws_options *out, int argc, char **argv)
{
    static const struct option options[] = {
        {"run", required_argument, NULL, 'r'}, {"steps", required_argument, NULL, 's'}, {0}};
    *out = (draws_options){.run = -1, .first = -1};
    optind = 1;
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (option == 'r' && parse_integer(&out->run, optarg, NULL) && out->run >= 0) continue;
        if (option == 's') {
            const char *colon = strchr(optarg, ':');
            if (colon && parse_integer(&out->first, optarg, colon) && parse_integer(&out->last, colon + 1, NULL) &&
                out->first >= 1 && out->last >= out->first)
                continue;
            return sw_fail(SW_E_USAGE, "--steps takes A:B with 1 <= A <= B, not '%s'", optarg);
        }
        return sw_fail(SW_E_USAGE, "unknown option or value; see symsweep draws --help");
    }
    if (optind != argc - 1 || out->run < 0 || out->first < 0)
        return sw_fail(SW_E_USAGE, "a results file, --run N and --steps A:B are needed; see symsweep draws --help");
    out->path = argv[optind];
    return SW_OK;
}

static sw_status read_config(sw_run_config *out, const draws_options *options)
{
    sw_results *results = NULL;
    sw_status status = sw_results_open(&results, options->path);
    if (status != SW_OK) return status;
    size_t count = sw_results_count(results);
    if ((size_t)options->run >= count)
        status = sw_fail(SW_E_USAGE, "%s has %zu runs, 0..%lld: there is no run %lld", options->path, count,
                         (long long)count - 1, options->run);
    if (status == SW_OK) status = sw_config_read(out, sw_results_row(results, (size_t)options->run)->config);
    if (status == SW_OK && options->last > out->steps)
        status = sw_fail(SW_E_USAGE, "run %lld has %lld steps", options->run, (long long)out->steps);
    sw_results_close(results);
    return status;
}

/* ---- printing a step ---- */

static void write_indices(sw_json *json, const int32_t *values, size_t count)
{
    sw_json_begin_array(json);
    for (size_t i = 0; i < count; i++) sw_json_integer(json, values[i]);
    sw_json_end_array(json);
}

static void write_family(sw_json *json, const sw_objective *objective, sw_family_id f, int32_t classes)
{
    size_t count = 0;
    const sw_tuple *tuples = sw_objective_tuples(objective, f, &count);
    if (count == 0) return;
    sw_json_key(json, sw_family_names[f]);
    sw_json_begin_object(json);
    sw_json_key(json, "tuples");
    sw_json_begin_array(json);
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

static void write_lipschitz(sw_json *json, const sw_objective *objective)
{
    size_t count = 0;
    const sw_lipschitz_pair *pairs = sw_objective_pairs(objective, SW_PRIOR_LIPSCHITZ, &count);
    if (count == 0) return;
    const int32_t *inputs = sw_objective_pair_inputs(objective, SW_PRIOR_LIPSCHITZ);
    sw_json_key(json, "lipschitz");
    sw_json_begin_object(json);
    sw_json_key(json, "pairs");
    sw_json_begin_array(json);
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

static void write_step(sw_json *json, const sw_objective *objective, const sw_run_config *config, int32_t classes,
                       int64_t t)
{
    sw_json_begin_object(json);
    sw_json_key(json, "step");
    sw_json_integer(json, t);
    sw_json_key(json, "batch");
    size_t count = 0;
    const int32_t *batch = sw_objective_batch(objective, &count);
    if (config->optimizer.batch_size == 0)
        sw_json_string(json, "full");
    else
        write_indices(json, batch, count);
    sw_json_key(json, "symmetry");
    sw_json_begin_object(json);
    for (int f = 0; f < SW_FAMILY_COUNT; f++) write_family(json, objective, (sw_family_id)f, classes);
    sw_json_end_object(json);
    write_lipschitz(json, objective);
    sw_json_end_object(json);
}

/* ---- drawing ---- */

/* Everything a run draws with; the model and its optimizer only where draws depend on them. */
typedef struct replay {
    sw_task *task;
    int8_t *split;
    sw_objective *objective;
    sw_model *model;
    sw_optimizer *optimizer;
} replay;

static sw_status create_replay(replay *out, const sw_run_config *config)
{
    sw_status status = sw_task_create(&out->task, &config->task, &config->model, config->data_seed);
    if (status != SW_OK) return status;
    const sw_task *task = out->task;
    out->split = malloc(task->inputs);
    if (!out->split) return sw_fail(SW_E_MEMORY, "out of memory");
    if (sw_task_split(out->split, task, config->train_fraction, config->data_seed) == 0) return SW_E_MEMORY;
    status = sw_objective_create(&out->objective, config, task, out->split);
    if (status != SW_OK || !sw_objective_needs_model(out->objective)) return status;

    sw_blas_set_one_thread(); /* the bits of a GEMM depend on the number of threads */
    const sw_model_shape shape = {task->vocabulary, task->entities, task->tokens, task->classes};
    status = sw_model_create(&out->model, &config->model, &shape, sw_objective_max_rows(out->objective));
    if (status != SW_OK) return status;
    sw_model_initialize(out->model, config->seed);
    size_t count = 0;
    const sw_tensor *tensors = sw_model_tensors(out->model, &count);
    return sw_optimizer_create(&out->optimizer, &config->optimizer, config->steps, tensors, count,
                               sw_model_parameter_count(out->model));
}

static void release_replay(replay *replayed)
{
    sw_optimizer_destroy(replayed->optimizer);
    sw_model_destroy(replayed->model);
    sw_objective_destroy(replayed->objective);
    free(replayed->split);
    sw_task_destroy(replayed->task);
}

static sw_status write_steps(sw_json *json, replay *replayed, const sw_run_config *config, const draws_options *options)
{
    sw_model *model = replayed->model;
    sw_status status = SW_OK;
    for (int64_t t = model ? 1 : options->first; t <= options->last && status == SW_OK; t++) {
        double value;
        if (model) {
            status = sw_objective_step(&value, replayed->objective, model, t);
            sw_optimizer_step(replayed->optimizer, t, sw_model_parameters(model), sw_model_gradient(model));
        } else {
            sw_objective_draw(replayed->objective, NULL, t);
        }
        if (status == SW_OK && t >= options->first)
            write_step(json, replayed->objective, config, replayed->task->classes, t);
    }
    return status;
}

static sw_status print_draws(const draws_options *options)
{
    sw_run_config config;
    replay replayed = {0};
    sw_json *json = NULL;
    sw_status status = read_config(&config, options);
    if (status == SW_OK) status = sw_json_create(&json);
    if (status == SW_OK) status = create_replay(&replayed, &config);
    if (status == SW_OK) {
        sw_json_begin_object(json);
        sw_json_key(json, "run");
        sw_json_integer(json, options->run);
        sw_json_key(json, "steps");
        sw_json_begin_array(json);
        status = write_steps(json, &replayed, &config, options);
        sw_json_end_array(json);
        sw_json_end_object(json);
    }
    if (status == SW_OK) {
        const char *text = sw_json_text(json);
        if (text)
            puts(text);
        else
            status = SW_E_MEMORY;
    }
    release_replay(&replayed);
    sw_json_destroy(json);
    return status;
}

int sw_cli_draws(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            fputs(help, stdout);
            return SW_EXIT_OK;
        }
    }
    draws_options options;
    sw_status status = parse_options(&options, argc, argv);
    if (status == SW_OK) status = print_draws(&options);
    if (status == SW_OK) return SW_EXIT_OK;
    sw_error("%s", sw_fail_message());
    return status == SW_E_STORE || status == SW_E_IO ? SW_EXIT_STORE : SW_EXIT_USAGE;
}
