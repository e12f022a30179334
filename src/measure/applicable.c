/* What a run has to measure and how wide its snapshots are, from its configuration alone. */
#include "measure/applicable.h"

#include "symsweep/measure.h"

#include <string.h>

bool sw_task_is_modular_add(const sw_task_config *config)
{
    return config->kind == SW_TASK_MODULAR && config->operation == SW_OP_ADD;
}

/* Partitions of n = conjugacy classes of the symmetric group, n <= 5. */
static int32_t partitions(int32_t n)
{
    static const int32_t count[] = {1, 1, 2, 3, 5, 7};
    return n < (int32_t)(sizeof count / sizeof count[0]) ? count[n] : 0;
}

/* Characters of an abelian group that are their own inverse, the trivial one among them. */
static int32_t self_inverse(const sw_task *task)
{
    int32_t count = 1;
    for (int32_t j = 0; j < task->factor_count; j++) count *= task->factor[j] % 2 == 0 ? 2 : 1;
    return count;
}

int32_t sw_spectrum_lines(const sw_task *task)
{
    if (task->order > 0) return (task->order - self_inverse(task)) / 2 + self_inverse(task) - 1;
    if (task->config.kind != SW_TASK_GROUP || task->abelian) return 0;
    int32_t n = task->config.n;
    if (task->config.group == SW_GROUP_DIHEDRAL) return n % 2 == 0 ? n / 2 + 2 : (n + 1) / 2;
    return partitions(n) - 1;
}

/* ---- metrics ---- */

static void allow(bool *mask, int first, int last, bool applies)
{
    for (int m = first; m <= last; m++) mask[m] = applies;
}

sw_status sw_measure_applicable(bool mask[SW_METRIC_COUNT], const sw_run_config *config)
{
    sw_task task;
    sw_status status = sw_task_describe(&task, &config->task, &config->model);
    if (status != SW_OK) return status;
    int32_t kind = config->task.kind;
    allow(mask, 0, SW_METRIC_COUNT - 1, true);

    bool transformer = config->model.kind == SW_MODEL_TRANSFORMER;
    mask[SW_METRIC_WEIGHT_NORM_POSITION] = mask[SW_METRIC_GRADIENT_NORM_POSITION] = transformer;
    mask[SW_METRIC_WEIGHT_NORM_ATTENTION] = mask[SW_METRIC_GRADIENT_NORM_ATTENTION] = transformer;

    allow(mask, SW_METRIC_FOURIER_TOP5, SW_METRIC_FOURIER_FREQUENCIES90, sw_spectrum_lines(&task) > 0);
    mask[SW_METRIC_CIRCULARITY] = task.order > self_inverse(&task);
    mask[SW_METRIC_DISTANCE_SPEARMAN] = mask[SW_METRIC_STRESS] = kind == SW_TASK_GRAPH;
    mask[SW_METRIC_ORDER_SPEARMAN] = kind == SW_TASK_COMPARISON;
    for (int a = 0; a < SW_SIDES_MAX; a++)
        mask[SW_METRIC_ORDER_SPEARMAN_0 + a] = kind == SW_TASK_COMPARISON && a < config->task.side_count;
    allow(mask, SW_METRIC_RESTRICTED_LOSS, SW_METRIC_DISTANCE_IRRELEVANCE, sw_task_is_modular_add(&config->task));

    for (int f = 0; f < SW_FAMILY_COUNT; f++)
        allow(mask, SW_METRIC_OF_FAMILY(f, 0), SW_METRIC_OF_FAMILY(f, SW_FAMILY_METRIC_COUNT - 1),
              sw_families[f]->applies(&config->task));
    mask[SW_METRIC_TRIANGLE_EXCESS] = mask[SW_METRIC_OF_FAMILY(SW_FAMILY_TRIANGLE, SW_FAMILY_MEAN)];
    return SW_OK;
}

/* ---- memory: what the create functions of this module allocate ---- */

static double table_bytes(const sw_task *task)
{
    double softmax = 2.0 * (double)sw_softmax_width(task->classes) * sizeof(sw_real) + sizeof(int32_t);
    double curves = 1 + 2.0 * sizeof(sw_real) + sizeof(int32_t);
    return (double)task->inputs * (task->classes * (double)sizeof(sw_real) + softmax + curves);
}

static double tuple_bytes(const sw_run_config *config, const sw_task *task)
{
    double tuples = (double)config->evaluate.tuples, bytes = tuples * (2 * sizeof(sw_real) + 1);
    for (int f = 0; f < SW_FAMILY_COUNT; f++) {
        if (!sw_families[f]->applies(&config->task)) continue;
        bytes += 2 * tuples * sizeof(sw_tuple);
        if (sw_families[f]->class_map) bytes += (double)task->entities * task->classes * sizeof(int32_t);
    }
    return bytes;
}

static double geometry_bytes(const sw_run_config *config, const sw_task *task)
{
    double n = task->entities, d = config->model.d_model, r = n < d ? n : d, lines = sw_spectrum_lines(task);
    double spectrum = 2 * n * d + r * (n + d) + SW_PCA_COMPONENTS * n + 7 * r * r + 64 * (n + d);
    double modes = task->order > 0 ? 2 * lines * (n + d) : lines > 0 ? n * (n + lines) : 0;
    double pairs = config->task.kind == SW_TASK_GRAPH ? n * (n - 1) / 2 : 0;
    return (double)sizeof(double) * (2 * spectrum + modes + 6 * pairs) + sizeof(float) * SW_PCA_COMPONENTS * n;
}

static double interpret_bytes(const sw_run_config *config, const sw_task *task)
{
    if (!sw_task_is_modular_add(&config->task)) return 0;
    const sw_model_shape shape = {
        .vocabulary = task->vocabulary, .entities = task->entities, .tokens = task->tokens, .classes = task->classes};
    double p = task->entities, waves = 20 * p * sizeof(double);
    return 2 * p * p * sizeof(double) + waves + p * p * sizeof(sw_real) +
           (double)sw_model_memory(&config->model, &shape, (size_t)task->entities / 2);
}

double sw_measure_memory(const sw_run_config *config, const sw_task *shape)
{
    return table_bytes(shape) + tuple_bytes(config, shape) + geometry_bytes(config, shape) +
           interpret_bytes(config, shape);
}

/* ---- snapshots ---- */

void sw_snapshot_shape_from(sw_snapshot_shape *out, const sw_run_config *config, const sw_task *task)
{
    *out = (sw_snapshot_shape){.entities = task->entities, .fourier = sw_spectrum_lines(task)};
    out->singular = task->entities < config->model.d_model ? task->entities : config->model.d_model;
    if (config->save.embedding) {
        out->vocabulary = task->vocabulary;
        out->d = config->model.d_model;
    }
    if (config->save.parameters) {
        const sw_model_shape shape = {.vocabulary = task->vocabulary,
                                      .entities = task->entities,
                                      .tokens = task->tokens,
                                      .classes = task->classes};
        size_t parameters = 0;
        sw_model_layout(NULL, 0, &config->model, &shape, &parameters);
        out->parameters = (int64_t)parameters;
    }
}

sw_status sw_measure_snapshot_shape(sw_snapshot_shape *out, const sw_run_config *config)
{
    sw_task task;
    sw_status status = sw_task_describe(&task, &config->task, &config->model);
    if (status == SW_OK) sw_snapshot_shape_from(out, config, &task);
    return status;
}
