/* curves.c: losses, accuracies, margins over the splits of the table, and norms of the parameters by block. */
#include "measure/instrument.h"
#include "symsweep/measure.h"

#include <math.h>

typedef struct curves {
    const sw_task *task;
    const int8_t *split; /* [N] */
    sw_loss_kind loss_kind;
    uint32_t weighted;      /* families whose tuples lead to labels, a bit each */
    int8_t *underived;      /* [N] 1 = test input whose label does not follow through the weighted families */
    sw_real *loss, *margin; /* [N] */
    int32_t *argmax;        /* [N] */
} curves;

/* ---- which inputs ---- */

static bool is_train(const curves *c, size_t i) { return c->split[i] == SW_SPLIT_TRAIN; }
static bool is_test(const curves *c, size_t i) { return c->split[i] == SW_SPLIT_TEST; }
static bool is_underived(const curves *c, size_t i) { return c->underived[i] != 0; }

/* Test input whose mirror is not in train; one without a mirror has none there. */
static bool is_unmirrored(const curves *c, size_t i) {
    return is_test(c, i) && (c->task->mirror[i] < 0 || c->split[c->task->mirror[i]] == 0);
}

static size_t count_inputs(const curves *c, bool (*chosen)(const curves *, size_t)) {
    size_t count = 0;
    for (size_t i = 0; i < c->task->inputs; i++) count += chosen(c, i);
    return count;
}

static uint32_t families_weighted(const sw_run_config *config) {
    uint32_t families = 0;
    for (int f = 0; f < SW_FAMILY_COUNT; f++)
        if (config->symmetry[f].weight > 0) families |= UINT32_C(1) << f;
    return families;
}

/* underived <- test inputs that the weighted families do not reach from train. Suppression leads to no label. */
static sw_status mark_underived(curves *c, const sw_run_config *config) {
    const uint32_t families = c->weighted = families_weighted(config);
    if (families) {
        sw_status status = sw_task_derived(c->underived, c->task, c->split, config->symmetry, families);
        if (status != SW_OK) return status;
    }
    for (size_t i = 0; i < c->task->inputs; i++) c->underived[i] = is_test(c, i) && !c->underived[i];
    return SW_OK;
}

static sw_status create(void *state, const sw_evaluation *of) {
    curves *c = state;
    const size_t inputs = of->task->inputs;
    *c = (curves){.task = of->task, .split = of->split, .loss_kind = (sw_loss_kind)of->config->loss};
    c->underived = sw_arena_alloc(of->arena, inputs, sizeof *c->underived);
    c->loss = sw_arena_alloc(of->arena, inputs, sizeof *c->loss);
    c->margin = sw_arena_alloc(of->arena, inputs, sizeof *c->margin);
    c->argmax = sw_arena_alloc(of->arena, inputs, sizeof *c->argmax);
    if (!c->underived || !c->loss || !c->margin || !c->argmax) return SW_E_MEMORY;
    return mark_underived(c, of->config);
}

static sw_status changed(void *state, const sw_evaluation *of) {
    curves *c = state;
    return families_weighted(of->config) == c->weighted ? SW_OK : mark_underived(c, of->config);
}

static double memory(const sw_run_config *config, const sw_task *shape) {
    (void)config;
    return (double)shape->inputs * (1 + 2.0 * sizeof(sw_real) + sizeof(int32_t));
}

static void facts(sw_run_facts *out, const void *state, const sw_evaluation *of) {
    const curves *c = state;
    out->train_inputs = (float)count_inputs(c, is_train);
    out->test_inputs = (float)count_inputs(c, is_test);
    out->unmirrored_inputs = of->task->mirror ? (float)count_inputs(c, is_unmirrored) : -1;
    out->underived_inputs = (float)count_inputs(c, is_underived);
}

/* ---- statistics ---- */

/* Share of the chosen inputs that are answered right; NaN when there are none or the logits are not numbers. */
static float accuracy(const curves *c, bool (*chosen)(const curves *, size_t)) {
    size_t count = 0, right = 0;
    for (size_t i = 0; i < c->task->inputs; i++) {
        if (!chosen(c, i)) continue;
        if (isnan(c->loss[i])) return NAN;
        count++;
        right += c->argmax[i] == c->task->label[i];
    }
    return count ? (float)((double)right / (double)count) : NAN;
}

static float mean(const curves *c, const sw_real *x, bool (*chosen)(const curves *, size_t)) {
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
static float smallest_margin(const curves *c) {
    sw_real smallest = INFINITY;
    for (size_t i = 0; i < c->task->inputs; i++) {
        if (!is_train(c, i)) continue;
        if (isnan(c->margin[i])) return NAN;
        if (c->margin[i] < smallest) smallest = c->margin[i];
    }
    return (float)smallest;
}

/* ---- norms ---- */

static const struct {
    int weight, gradient;
} norm_metrics[SW_BLOCK_COUNT] = {
#define NORMS(block) [SW_BLOCK_##block] = {SW_METRIC_WEIGHT_NORM_##block, SW_METRIC_GRADIENT_NORM_##block}
    NORMS(EMBEDDING), NORMS(POSITION), NORMS(ATTENTION), NORMS(MLP), NORMS(UNEMBEDDING), NORMS(NORMALIZATION),
};

/* L2 norms of x [P] by block of the model's tensors; NaN for a block that it has not. Returns the norm of all. */
static double block_norms(double out[SW_BLOCK_COUNT], const sw_model *model, const sw_real *x) {
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

static sw_status evaluate(float *value, void *state, const sw_evaluation *of) {
    curves *c = state;
    const sw_task *task = c->task;
    sw_loss_rows(c->loss_kind, of->logits, task->classes, task->label, task->inputs, c->loss, c->margin, c->argmax);
    value[SW_METRIC_TRAIN_LOSS] = mean(c, c->loss, is_train);
    value[SW_METRIC_TRAIN_ACCURACY] = accuracy(c, is_train);
    value[SW_METRIC_TEST_LOSS] = mean(c, c->loss, is_test);
    value[SW_METRIC_TEST_ACCURACY] = accuracy(c, is_test);
    if (task->mirror) value[SW_METRIC_TEST_ACCURACY_UNMIRRORED] = accuracy(c, is_unmirrored);
    value[SW_METRIC_TEST_ACCURACY_UNDERIVED] = accuracy(c, is_underived);
    value[SW_METRIC_MARGIN_MEAN] = mean(c, c->margin, is_train);
    value[SW_METRIC_MARGIN_MIN] = smallest_margin(c);

    double block[SW_BLOCK_COUNT];
    value[SW_METRIC_WEIGHT_NORM] = (float)block_norms(block, of->model, sw_model_parameters(of->model));
    for (int b = 0; b < SW_BLOCK_COUNT; b++) value[norm_metrics[b].weight] = (float)block[b];
    return SW_OK;
}

void sw_measure_gradient(sw_gradient_norms *out, sw_model *model) {
    out->all = block_norms(out->block, model, sw_model_gradient(model));
}

void sw_measure_set_gradient(sw_record *record, const sw_gradient_norms *norms) {
    record->value[SW_METRIC_GRADIENT_NORM] = (float)norms->all;
    for (int b = 0; b < SW_BLOCK_COUNT; b++) record->value[norm_metrics[b].gradient] = (float)norms->block[b];
}

const sw_instrument sw_instrument_curves = {.size = sizeof(curves),
                                            .create = create,
                                            .evaluate = evaluate,
                                            .changed = changed,
                                            .facts = facts,
                                            .memory = memory};
