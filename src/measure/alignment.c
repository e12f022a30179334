/* alignment.c: gradients of the train loss and of a family's violation, on a copy of the model, and their cosine.
 *
 * The run's own model is left alone: its gradient and what it keeps of a forward pass belong to the training step, and
 * it may take fewer rows than are wanted here. */
#include "measure/alignment.h"

#include <assert.h>
#include <math.h>
#include <string.h>

enum { ROWS = 1024 }; /* the pairs of a family in one pass */

static size_t rows_of(const sw_task *task) { return task->inputs < ROWS ? task->inputs : ROWS; }

/* Most inputs that the tuples of a family touch, at least as many as the probe takes; 0: no family applies. */
static size_t most_of(const sw_run_config *config, const sw_task *task) {
    size_t arity = 0;
    for (int f = 0; f < SW_FAMILY_COUNT; f++)
        if (sw_families[f]->applies(&config->task) && (size_t)sw_families[f]->arity > arity)
            arity = (size_t)sw_families[f]->arity;
    const size_t touched = arity * SW_COSINE_TUPLES;
    if (arity == 0) return 0;
    return touched > task->inputs ? task->inputs : touched > rows_of(task) ? touched : rows_of(task);
}

static size_t parameters_of(const sw_run_config *config, const sw_task *task) {
    const sw_model_shape shape = sw_instrument_model_shape(task);
    size_t parameters = 0;
    sw_model_layout(NULL, 0, &config->model, &shape, &parameters);
    return parameters;
}

sw_status sw_alignment_create(sw_alignment *out, const sw_evaluation *of) {
    const sw_task *task = of->task;
    const size_t classes = (size_t)task->classes, rows = rows_of(task), most = most_of(of->config, task);
    *out = (sw_alignment){.rows = rows};
    if (most == 0) return SW_OK;
    out->member = sw_arena_alloc(of->arena, task->inputs, sizeof *out->member);
    out->row_of = sw_arena_alloc(of->arena, task->inputs, sizeof *out->row_of);
    out->input = sw_arena_alloc(of->arena, most, sizeof *out->input);
    out->tokens = sw_arena_alloc(of->arena, rows * (size_t)task->tokens, sizeof *out->tokens);
    out->label = sw_arena_alloc(of->arena, rows, sizeof *out->label);
    out->logits = sw_arena_alloc(of->arena, most * classes, sizeof *out->logits);
    out->dlogits = sw_arena_alloc(of->arena, most * classes, sizeof *out->dlogits);
    out->loss = sw_arena_alloc(of->arena, parameters_of(of->config, task), sizeof *out->loss);
    if (!out->member || !out->row_of || !out->input || !out->tokens || !out->label || !out->logits || !out->dlogits ||
        !out->loss)
        return SW_E_MEMORY;
    for (size_t i = 0; i < task->inputs; i++) out->row_of[i] = -1;
    const sw_model_shape shape = sw_instrument_model_shape(task);
    return sw_model_create(&out->probe, &of->config->model, &shape, rows);
}

void sw_alignment_destroy(sw_alignment *a) { sw_model_destroy(a->probe); }

size_t sw_alignment_bytes(const sw_run_config *config, const sw_task *task) {
    const sw_model_shape shape = sw_instrument_model_shape(task);
    return most_of(config, task) > 0 ? sw_model_memory(&config->model, &shape, rows_of(task)) : 0;
}

double sw_alignment_memory(const sw_run_config *config, const sw_task *task) {
    const size_t most = most_of(config, task), tokens = (size_t)task->tokens;
    if (most == 0) return 0;
    const size_t integers = 2 * task->inputs + most + rows_of(task) * (tokens + 1);
    const size_t reals = 2 * most * (size_t)task->classes + parameters_of(config, task);
    return (double)(integers * sizeof(int32_t) + reals * sizeof(sw_real)) + (double)sw_alignment_bytes(config, task);
}

/* ---- gradients ---- */

static void clear_gradient(sw_alignment *a) {
    memset(sw_model_gradient(a->probe), 0, sw_model_parameter_count(a->probe) * sizeof(sw_real));
}

/* The probe's forward pass of `count` table entries, into a->logits. */
static void forward(sw_alignment *a, const sw_task *task, const int32_t *input, size_t count) {
    const size_t tokens = (size_t)task->tokens;
    for (size_t i = 0; i < count; i++)
        memcpy(a->tokens + i * tokens, task->input + (size_t)input[i] * tokens, tokens * sizeof *a->tokens);
    sw_model_forward(a->probe, a->tokens, count, a->logits);
}

void sw_alignment_begin(sw_alignment *a, const sw_evaluation *of) {
    const size_t classes = (size_t)of->task->classes, bytes = sw_model_parameter_count(a->probe) * sizeof(sw_real);
    memcpy(sw_model_parameters(a->probe), sw_model_parameters(of->model), bytes);
    clear_gradient(a);
    a->train = 0;
    for (size_t i = 0; i < of->task->inputs; i++)
        if (of->split[i] == SW_SPLIT_TRAIN) a->member[a->train++] = (int32_t)i;
    for (size_t from = 0; from < a->train; from += a->rows) {
        const size_t count = a->train - from < a->rows ? a->train - from : a->rows;
        const sw_real share = (sw_real)((double)count / (double)a->train);
        forward(a, of->task, a->member + from, count);
        for (size_t i = 0; i < count; i++) a->label[i] = of->task->label[a->member[from + i]];
        memset(a->dlogits, 0, count * classes * sizeof *a->dlogits);
        sw_loss((sw_loss_kind)of->config->loss, a->logits, of->task->classes, NULL, a->label, count, a->dlogits);
        for (size_t k = 0; k < count * classes; k++) a->dlogits[k] *= share;
        sw_model_backward(a->probe, a->dlogits);
    }
    memcpy(a->loss, sw_model_gradient(a->probe), bytes);
}

/* input[] <- the entries that tuples touch, row_of[] their rows; returns how many. */
static size_t touch(sw_alignment *a, int arity, const sw_tuple *tuples, size_t count) {
    size_t touched = 0;
    for (size_t i = 0; i < count; i++)
        for (int k = 0; k < arity; k++) {
            const int32_t input = tuples[i].input[k];
            if (a->row_of[input] >= 0) continue;
            a->row_of[input] = (int32_t)touched;
            a->input[touched++] = input;
        }
    return touched;
}

/* The probe's gradient <- that of the mean violation. */
static void differentiate(sw_alignment *a, const sw_evaluation *of, const sw_divergence_spec *spec, int arity,
                          const sw_tuple *tuples, size_t count) {
    const size_t classes = (size_t)of->task->classes, touched = touch(a, arity, tuples, count);
    for (size_t r = 0; r < touched; r++)
        memcpy(a->logits + r * classes, of->logits + (size_t)a->input[r] * classes, classes * sizeof *a->logits);
    memset(a->dlogits, 0, touched * classes * sizeof *a->dlogits);
    sw_divergence_mean(spec, tuples, count, a->row_of, a->logits, 1, a->dlogits);
    clear_gradient(a);
    for (size_t r = 0; r < touched; r += a->rows) {
        forward(a, of->task, a->input + r, touched - r < a->rows ? touched - r : a->rows);
        sw_model_backward(a->probe, a->dlogits + r * classes);
    }
    for (size_t r = 0; r < touched; r++) a->row_of[a->input[r]] = -1;
}

static double cosine(const sw_real *x, const sw_real *y, size_t n) {
    double xy = 0, xx = 0, yy = 0;
    for (size_t k = 0; k < n; k++) {
        xy += (double)x[k] * (double)y[k];
        xx += (double)x[k] * (double)x[k];
        yy += (double)y[k] * (double)y[k];
    }
    return xx > 0 && yy > 0 ? xy / (sqrt(xx) * sqrt(yy)) : NAN;
}

double sw_alignment_cosine(sw_alignment *a, const sw_evaluation *of, const sw_divergence_spec *spec, int arity,
                           const sw_tuple *tuples, size_t count) {
    assert(count > 0 && count <= SW_COSINE_TUPLES);
    differentiate(a, of, spec, arity, tuples, count);
    return cosine(a->loss, sw_model_gradient(a->probe), sw_model_parameter_count(a->probe));
}
