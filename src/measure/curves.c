/* Losses, accuracies, margins over the splits of the table, and norms of the parameters by block. */
#include "measure/curves.h"

#include "symsweep/measure.h"

#include <math.h>

static const int weight_norm_metric[SW_BLOCK_COUNT] = {[SW_BLOCK_EMBEDDING] = SW_METRIC_WEIGHT_NORM_EMBEDDING,
                                                       [SW_BLOCK_POSITION] = SW_METRIC_WEIGHT_NORM_POSITION,
                                                       [SW_BLOCK_ATTENTION] = SW_METRIC_WEIGHT_NORM_ATTENTION,
                                                       [SW_BLOCK_MLP] = SW_METRIC_WEIGHT_NORM_MLP,
                                                       [SW_BLOCK_UNEMBEDDING] = SW_METRIC_WEIGHT_NORM_UNEMBEDDING};

static const int gradient_norm_metric[SW_BLOCK_COUNT] = {[SW_BLOCK_EMBEDDING] = SW_METRIC_GRADIENT_NORM_EMBEDDING,
                                                         [SW_BLOCK_POSITION] = SW_METRIC_GRADIENT_NORM_POSITION,
                                                         [SW_BLOCK_ATTENTION] = SW_METRIC_GRADIENT_NORM_ATTENTION,
                                                         [SW_BLOCK_MLP] = SW_METRIC_GRADIENT_NORM_MLP,
                                                         [SW_BLOCK_UNEMBEDDING] = SW_METRIC_GRADIENT_NORM_UNEMBEDDING};

/* ---- which inputs ---- */

static bool is_train(const sw_curves *c, size_t i) { return c->split[i] != 0; }
static bool is_test(const sw_curves *c, size_t i) { return c->split[i] == 0; }
static bool is_underived(const sw_curves *c, size_t i) { return c->underived[i] != 0; }

/* Test input whose mirror is not in train; one without a mirror has none there. */
static bool is_unmirrored(const sw_curves *c, size_t i)
{
    return is_test(c, i) && (c->task->mirror[i] < 0 || c->split[c->task->mirror[i]] == 0);
}

static size_t count_inputs(const sw_curves *c, bool (*chosen)(const sw_curves *, size_t))
{
    size_t count = 0;
    for (size_t i = 0; i < c->task->inputs; i++) count += chosen(c, i);
    return count;
}

/* underived <- test inputs that the weighted families do not reach from train. */
static sw_status mark_underived(sw_curves *c, const sw_run_config *config)
{
    uint32_t families = 0;
    for (int f = 0; f < SW_FAMILY_COUNT; f++)
        if (config->symmetry[f].weight != 0) families |= UINT32_C(1) << f;
    if (families) {
        sw_status status = sw_task_derived(c->underived, c->task, c->split, config->symmetry, families);
        if (status != SW_OK) return status;
    }
    for (size_t i = 0; i < c->task->inputs; i++) c->underived[i] = is_test(c, i) && !c->underived[i];
    return SW_OK;
}

sw_status sw_curves_create(sw_curves *out, const sw_run_config *config, const sw_task *task, const int8_t *split,
                           sw_arena *arena)
{
    size_t inputs = task->inputs;
    *out = (sw_curves){.task = task, .split = split, .loss_kind = (sw_loss_kind)config->loss};
    out->underived = sw_arena_alloc(arena, inputs, sizeof *out->underived);
    out->loss = sw_arena_alloc(arena, inputs, sizeof *out->loss);
    out->margin = sw_arena_alloc(arena, inputs, sizeof *out->margin);
    out->argmax = sw_arena_alloc(arena, inputs, sizeof *out->argmax);
    if (!out->underived || !out->loss || !out->margin || !out->argmax) return SW_E_MEMORY;
    sw_status status = mark_underived(out, config);
    if (status != SW_OK) return status;
    out->train_inputs = count_inputs(out, is_train);
    out->test_inputs = inputs - out->train_inputs;
    out->unmirrored_inputs = task->mirror ? (int64_t)count_inputs(out, is_unmirrored) : -1;
    out->underived_inputs = (int64_t)count_inputs(out, is_underived);
    return SW_OK;
}

/* ---- statistics ---- */

/* Share of the chosen inputs that are answered right; NaN when there are none or the logits are not numbers. */
static float accuracy(const sw_curves *c, bool (*chosen)(const sw_curves *, size_t))
{
    size_t count = 0, right = 0;
    for (size_t i = 0; i < c->task->inputs; i++) {
        if (!chosen(c, i)) continue;
        if (isnan(c->loss[i])) return NAN;
        count++;
        right += c->argmax[i] == c->task->label[i];
    }
    return count ? (float)((double)right / (double)count) : NAN;
}

static float mean(const sw_curves *c, const sw_real *x, bool (*chosen)(const sw_curves *, size_t))
{
    size_t count = 0;
    double sum = 0;
    for (size_t i = 0; i < c->task->inputs; i++) {
        if (!chosen(c, i)) continue;
        count++;
        sum += x[i];
    }
    return count ? (float)(sum / (double)count) : NAN;
}

/* Smallest margin on the train set; NaN when one is not a number. */
static float smallest_margin(const sw_curves *c)
{
    sw_real smallest = INFINITY;
    for (size_t i = 0; i < c->task->inputs; i++) {
        if (!is_train(c, i)) continue;
        if (isnan(c->margin[i])) return NAN;
        if (c->margin[i] < smallest) smallest = c->margin[i];
    }
    return (float)smallest;
}

/* L2 norms of x [P] by block of the model's tensors; NaN for a block that it has not. Returns the norm of all. */
static double block_norms(double out[SW_BLOCK_COUNT], const sw_model *model, const sw_real *x)
{
    size_t count = 0;
    const sw_tensor *tensors = sw_model_tensors(model, &count);
    double all = 0, square[SW_BLOCK_COUNT] = {0};
    bool present[SW_BLOCK_COUNT] = {false};
    for (size_t t = 0; t < count; t++) {
        double norm = sw_blas_norm(x + tensors[t].offset, (size_t)(tensors[t].shape[0] * tensors[t].shape[1]));
        square[tensors[t].block] += norm * norm;
        present[tensors[t].block] = true;
        all += norm * norm;
    }
    for (int b = 0; b < SW_BLOCK_COUNT; b++) out[b] = present[b] ? sqrt(square[b]) : NAN;
    return sqrt(all);
}

void sw_curves_fill(float *value, sw_curves *c, const sw_real *logits, sw_model *model)
{
    const sw_task *task = c->task;
    sw_loss_rows(c->loss_kind, logits, task->classes, task->label, task->inputs, c->loss, c->margin, c->argmax);
    value[SW_METRIC_TRAIN_LOSS] = mean(c, c->loss, is_train);
    value[SW_METRIC_TRAIN_ACCURACY] = accuracy(c, is_train);
    value[SW_METRIC_TEST_LOSS] = mean(c, c->loss, is_test);
    value[SW_METRIC_TEST_ACCURACY] = accuracy(c, is_test);
    if (task->mirror) value[SW_METRIC_TEST_ACCURACY_UNMIRRORED] = accuracy(c, is_unmirrored);
    value[SW_METRIC_TEST_ACCURACY_UNDERIVED] = accuracy(c, is_underived);
    value[SW_METRIC_MARGIN_MEAN] = mean(c, c->margin, is_train);
    value[SW_METRIC_MARGIN_MIN] = smallest_margin(c);

    double block[SW_BLOCK_COUNT];
    value[SW_METRIC_WEIGHT_NORM] = (float)block_norms(block, model, sw_model_parameters(model));
    for (int b = 0; b < SW_BLOCK_COUNT; b++) value[weight_norm_metric[b]] = (float)block[b];
}

void sw_measure_gradient(sw_gradient_norms *out, sw_model *model)
{
    out->all = block_norms(out->block, model, sw_model_gradient(model));
}

void sw_measure_set_gradient(sw_record *record, const sw_gradient_norms *norms)
{
    record->value[SW_METRIC_GRADIENT_NORM] = (float)norms->all;
    for (int b = 0; b < SW_BLOCK_COUNT; b++) record->value[gradient_norm_metric[b]] = (float)norms->block[b];
}
