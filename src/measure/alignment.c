/* alignment.c: gradients of the train loss and of a family's violation, on a copy of the model, and their cosine. */
#include "measure/alignment.h"

#include <assert.h>
#include <math.h>
#include <string.h>

/* Most inputs that the tuples of a family touch; 0: no family applies. */
static size_t most_of(const sw_run_config *config, const sw_task *task) {
    size_t arity = 0;
    for (int f = 0; f < SW_FAMILY_COUNT; f++)
        if (sw_families[f]->applies(&config->task) && (size_t)sw_families[f]->arity > arity)
            arity = (size_t)sw_families[f]->arity;
    const size_t touched = arity * SW_COSINE_TUPLES;
    return touched > task->inputs ? task->inputs : touched;
}

sw_status sw_alignment_create(sw_alignment *out, const sw_evaluation *of) {
    const sw_task *task = of->task;
    const size_t classes = (size_t)task->classes, most = most_of(of->config, task);
    *out = (sw_alignment){.applies = most > 0};
    if (most == 0) return SW_OK;
    out->row_of = sw_arena_alloc(of->arena, task->inputs, sizeof *out->row_of);
    out->input = sw_arena_alloc(of->arena, most, sizeof *out->input);
    out->logits = sw_arena_alloc(of->arena, most * classes, sizeof *out->logits);
    out->dlogits = sw_arena_alloc(of->arena, most * classes, sizeof *out->dlogits);
    out->loss = sw_arena_alloc(of->arena, sw_instrument_parameters(of->config, task), sizeof *out->loss);
    if (!out->row_of || !out->input || !out->logits || !out->dlogits || !out->loss) return SW_E_MEMORY;
    for (size_t i = 0; i < task->inputs; i++) out->row_of[i] = -1;
    return SW_OK;
}

double sw_alignment_memory(const sw_run_config *config, const sw_task *task) {
    const size_t most = most_of(config, task);
    if (most == 0) return 0;
    const size_t integers = task->inputs + most;
    const size_t reals = 2 * most * (size_t)task->classes + sw_instrument_parameters(config, task);
    return (double)(integers * sizeof(int32_t) + reals * sizeof(sw_real));
}

/* ---- gradients ---- */

void sw_alignment_begin(sw_alignment *a, const sw_evaluation *of) {
    sw_probe_load(of->probe, sw_model_parameters(of->model));
    (void)sw_probe_train_loss(of->probe);
    memcpy(a->loss, sw_model_gradient(of->probe->model), sw_model_parameter_count(of->probe->model) * sizeof *a->loss);
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
    sw_probe *probe = of->probe;
    sw_probe_clear(probe);
    for (size_t r = 0; r < touched; r += probe->rows) {
        sw_probe_forward(probe, a->input + r, touched - r < probe->rows ? touched - r : probe->rows, probe->logits);
        sw_model_backward(probe->model, a->dlogits + r * classes);
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
    return cosine(a->loss, sw_model_gradient(of->probe->model), sw_model_parameter_count(of->probe->model));
}
