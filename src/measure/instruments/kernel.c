/* kernel.c: how far the network has left the kernel it starts with, and what its gradients in the operands look like:
 * movement of the empirical neural tangent kernel, and circulance of the average gradient outer product. */
#include "measure/instrument.h"
#include "measure/matchings.h"
#include "symsweep/random.h"

#include <cblas.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = SW_KERNEL_BLOCK };
/* Draws of stream MEASURE, seed 0: which inputs, the signs of the output, the signs for each input. */
enum { DRAW_INPUTS = 4, DRAW_OUTPUT = 5, DRAW_SIGNS = 6 };

typedef struct kernel {
    size_t n;        /* inputs of the kernel: all of the table, at most SW_KERNEL_INPUTS */
    int32_t *input;  /* [n] */
    sw_real *output; /* [C] signs over the root of C: the network's scalar output is its product with the logits */
    sw_real *block;  /* [2, BLOCK, P] gradients of two blocks of inputs */
    sw_real *inner;  /* [BLOCK, BLOCK] their inner products */
    double *now;     /* [n, n] the kernel, centred */
    /* kept from evaluation to evaluation: whether there is a start, and it */
    float *start; /* [1 + n n] */
    /* average gradient outer product */
    bool circulant; /* it is measured; nothing below is set otherwise */
    sw_matchings matchings;
    int32_t *pair;             /* [pairs] */
    sw_real *logits, *dlogits; /* [pairs, C] */
    double *gradient;          /* [pairs, d] in the embedding of the first operand */
    double *product;           /* [d, d] */
    double *by_token, *half;   /* [entities, entities], [entities, d] */
    double *by_difference;     /* [order] */
    int32_t *member;           /* [order] entity of each element of the group, by its number */
} kernel;

static int64_t every(const sw_run_config *config) { return config->measure.kernel_every; }

static size_t inputs_of(const sw_task *task) {
    return task->inputs < SW_KERNEL_INPUTS ? task->inputs : SW_KERNEL_INPUTS;
}

static bool is_circulant(const sw_task *task) { return task->order > 0 && sw_matchings_apply(task); }

/* ---- setting up ---- */

static sw_status choose_inputs(kernel *k, const sw_task *task) {
    int32_t *all = malloc(task->inputs * sizeof *all);
    if (!all) return sw_fail(SW_E_MEMORY, "inputs of the tangent kernel");
    sw_random_permutation(all, task->inputs, 0, SW_STREAM_MEASURE, DRAW_INPUTS);
    memcpy(k->input, all, k->n * sizeof *all);
    free(all);
    return SW_OK;
}

/* -1 or 1: bit `number` of a stream of bits. */
static int sign(uint64_t draw, uint64_t number) {
    uint32_t word[4];
    sw_random_block(word, 0, SW_STREAM_MEASURE, draw, number / 128);
    return word[number % 128 / 32] >> number % 32 & 1 ? 1 : -1;
}

/* The number of an element of the group, row-major in its exponents. */
static int32_t rank_of(const sw_task *task, const int32_t *exponent) {
    int32_t out = 0;
    for (int32_t j = 0; j < task->factor_count; j++) out = out * task->factor[j] + exponent[j];
    return out;
}

static sw_status create_circulant(kernel *k, const sw_evaluation *of) {
    const sw_task *task = of->task;
    const size_t n = (size_t)task->entities, d = (size_t)sw_model_embedding_width(&of->config->model),
                 classes = (size_t)task->classes;
    const size_t pairs = n / 2, width = (size_t)task->factor_count;
    k->circulant = true;
    k->pair = sw_arena_alloc(of->arena, pairs, sizeof *k->pair);
    k->logits = sw_arena_alloc(of->arena, pairs * classes, sizeof *k->logits);
    k->dlogits = sw_arena_alloc(of->arena, pairs * classes, sizeof *k->dlogits);
    k->gradient = sw_arena_alloc(of->arena, pairs * d, sizeof *k->gradient);
    k->product = sw_arena_alloc(of->arena, d * d, sizeof *k->product);
    k->by_token = sw_arena_alloc(of->arena, n * n, sizeof *k->by_token);
    k->half = sw_arena_alloc(of->arena, 2 * n * d, sizeof *k->half);
    k->by_difference = sw_arena_alloc(of->arena, (size_t)task->order, sizeof *k->by_difference);
    k->member = sw_arena_alloc(of->arena, (size_t)task->order, sizeof *k->member);
    if (!k->pair || !k->logits || !k->dlogits || !k->gradient || !k->product || !k->by_token || !k->half ||
        !k->by_difference || !k->member)
        return SW_E_MEMORY;
    for (int32_t e = 0; e < task->entities; e++) {
        const int32_t *exponent = task->exponent + (size_t)e * width;
        if (exponent[0] >= 0) k->member[rank_of(task, exponent)] = e;
    }
    return sw_matchings_create(&k->matchings, task, of->arena);
}

static sw_status create(void *state, const sw_evaluation *of) {
    kernel *k = state;
    const sw_task *task = of->task;
    const size_t classes = (size_t)task->classes, parameters = sw_instrument_parameters(of->config, task);
    k->n = inputs_of(task);
    k->input = sw_arena_alloc(of->arena, k->n, sizeof *k->input);
    k->output = sw_arena_alloc(of->arena, classes, sizeof *k->output);
    k->block = sw_arena_alloc(of->arena, 2 * BLOCK * parameters, sizeof *k->block);
    k->inner = sw_arena_alloc(of->arena, BLOCK * BLOCK, sizeof *k->inner);
    k->now = sw_arena_alloc(of->arena, k->n * k->n, sizeof *k->now);
    k->start = sw_arena_alloc(of->arena, 1 + k->n * k->n, sizeof *k->start);
    if (!k->input || !k->output || !k->block || !k->inner || !k->now || !k->start) return SW_E_MEMORY;
    for (size_t c = 0; c < classes; c++) k->output[c] = (sw_real)(sign(DRAW_OUTPUT, c) / sqrt((double)classes));
    const sw_status status = choose_inputs(k, task);
    return status == SW_OK && is_circulant(task) ? create_circulant(k, of) : status;
}

static double memory(const sw_run_config *config, const sw_task *shape) {
    const double n = (double)inputs_of(shape), e = shape->entities, d = sw_model_embedding_width(&config->model),
                 classes = shape->classes;
    const double parameters = (double)sw_instrument_parameters(config, shape);
    double bytes =
        sizeof(sw_real) * (2 * BLOCK * parameters + BLOCK * BLOCK + classes) + (sizeof(double) + sizeof(float)) * n * n;
    if (is_circulant(shape))
        bytes += sizeof(sw_real) * e * classes + sizeof(double) * (e * e + 2.5 * e * d + d * d + e);
    return bytes;
}

static void *kept(void *state, size_t *bytes) {
    kernel *k = state;
    *bytes = (1 + k->n * k->n) * sizeof *k->start;
    return k->start;
}

/* ---- the tangent kernel ---- */

/* gradients[count, P] <- of the scalar output at each of `count` inputs from `from` on */
static sw_status differentiate(const kernel *k, const sw_evaluation *of, size_t from, size_t count,
                               sw_real *gradients) {
    sw_probe *probe = of->probe;
    const size_t parameters = sw_model_parameter_count(probe->model), classes = (size_t)of->task->classes;
    for (size_t i = 0; i < count; i++) {
        const sw_status status = sw_instrument_go_on(of);
        if (status != SW_OK) return status;
        sw_probe_clear(probe);
        sw_probe_forward(probe, &k->input[from + i], 1, probe->logits);
        memcpy(probe->dlogits, k->output, classes * sizeof *probe->dlogits);
        sw_model_backward(probe->model, probe->dlogits);
        memcpy(gradients + i * parameters, sw_model_gradient(probe->model), parameters * sizeof *gradients);
    }
    return SW_OK;
}

/* now <- J J^T, J the gradients of all inputs, two blocks of it at a time. */
static sw_status fill_kernel(kernel *k, const sw_evaluation *of) {
    const size_t parameters = sw_model_parameter_count(of->probe->model), n = k->n;
    for (size_t a = 0; a < n; a += BLOCK)
        for (size_t b = a; b < n; b += BLOCK) {
            sw_real *first = k->block, *second = b == a ? first : first + BLOCK * parameters;
            const size_t rows = n - a < BLOCK ? n - a : BLOCK, columns = n - b < BLOCK ? n - b : BLOCK;
            const sw_status status = differentiate(k, of, b, columns, second);
            if (status != SW_OK) return status;
            sw_blas_gemm(SW_N, SW_T, rows, columns, parameters, 1, first, parameters, second, parameters, 0, k->inner,
                         BLOCK);
            for (size_t i = 0; i < rows; i++)
                for (size_t j = 0; j < columns; j++)
                    k->now[(a + i) * n + b + j] = k->now[(b + j) * n + a + i] = (double)k->inner[i * BLOCK + j];
        }
    return SW_OK;
}

/* K <- H K H, H = 1 - (1/n) ones: the means of its rows go, then those of its columns. */
static void centre(double *K, size_t n) {
    for (int side = 0; side < 2; side++) {
        const size_t along = side ? n : 1, across = side ? 1 : n;
        for (size_t i = 0; i < n; i++) {
            double mean = 0;
            for (size_t j = 0; j < n; j++) mean += K[i * across + j * along] / (double)n;
            for (size_t j = 0; j < n; j++) K[i * across + j * along] -= mean;
        }
    }
}

/* Centred kernel alignment (Cortes et al. 2012) with the start, which the first one is. */
static float alignment(kernel *k) {
    const size_t size = k->n * k->n;
    float *start = k->start + 1;
    double both = 0, own = 0, of_start = 0;
    centre(k->now, k->n);
    if (k->start[0] == 0) {
        k->start[0] = 1;
        for (size_t i = 0; i < size; i++) start[i] = (float)k->now[i];
    }
    for (size_t i = 0; i < size; i++) {
        both += k->now[i] * (double)start[i];
        own += k->now[i] * k->now[i];
        of_start += (double)start[i] * (double)start[i];
    }
    return own > 0 && of_start > 0 ? (float)(both / sqrt(own * of_start)) : NAN;
}

/* ---- the average gradient outer product ---- */

/* product <- sum of g g^T over the inputs of two distinct operands, g the gradient, in the first operand's embedding,
 * of the logits' product with random signs: the mean over signs is that of the sum over classes. */
static sw_status fill_product(kernel *k, const sw_evaluation *of) {
    sw_model *model = of->probe->model;
    const sw_model_config *config = &of->config->model;
    const int32_t vocabulary = of->task->vocabulary;
    const size_t d = (size_t)sw_model_embedding_width(config);
    const size_t rows = (size_t)sw_model_embedding_row(config, vocabulary, 1, vocabulary);
    const size_t classes = (size_t)of->task->classes, tokens = (size_t)of->task->tokens, pairs = k->matchings.pairs;
    sw_real *gradient = sw_model_gradient(model); /* that of E; the rest of it is not looked at */
    sw_probe_clear(of->probe);
    memset(k->product, 0, d * d * sizeof *k->product);
    for (size_t m = 0; m < k->matchings.count; m++) {
        const sw_status status = sw_instrument_go_on(of);
        if (status != SW_OK) return status;
        sw_matchings_get(k->pair, &k->matchings, m);
        sw_probe_forward(of->probe, k->pair, pairs, k->logits);
        for (size_t i = 0; i < pairs; i++)
            for (size_t c = 0; c < classes; c++)
                k->dlogits[i * classes + c] = (sw_real)sign(DRAW_SIGNS, (uint64_t)k->pair[i] * classes + c);
        memset(gradient, 0, rows * d * sizeof *gradient);
        sw_model_backward(model, k->dlogits);
        for (size_t i = 0; i < pairs; i++) {
            const int32_t token = of->task->input[(size_t)k->pair[i] * tokens];
            const sw_real *own = gradient + (size_t)sw_model_embedding_row(config, vocabulary, 0, token) * d;
            for (size_t j = 0; j < d; j++) k->gradient[i * d + j] = (double)own[j];
        }
        cblas_dsyrk(CblasRowMajor, CblasUpper, CblasTrans, (int)d, (int)pairs, 1, k->gradient, (int)d, 1, k->product,
                    (int)d);
    }
    for (size_t i = 0; i < d; i++)
        for (size_t j = 0; j < i; j++) k->product[i * d + j] = k->product[j * d + i];
    return SW_OK;
}

/* by_token <- E product E^T: what it is of the one-hot token. */
static void carry_to_tokens(kernel *k, const sw_evaluation *of) {
    const sw_real *E = sw_model_parameters(of->model);
    const int n = of->task->entities, d = sw_model_embedding_width(&of->config->model);
    double *own = k->half + (size_t)n * (size_t)d;
    for (size_t i = 0; i < (size_t)n * (size_t)d; i++) own[i] = (double)E[i];
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, n, d, d, 1, own, d, k->product, d, 0, k->half, d);
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, n, n, d, 1, k->half, d, own, d, 0, k->by_token, n);
}

/* Share of the variance over its entries that depends on the difference of the two elements alone. */
static float circulance(kernel *k, const sw_task *task) {
    const size_t n = (size_t)task->entities, order = (size_t)task->order, width = (size_t)task->factor_count;
    double sum = 0, square = 0, within = 0;
    memset(k->by_difference, 0, order * sizeof *k->by_difference);
    for (size_t a = 0; a < order; a++)
        for (size_t b = 0; b < order; b++) {
            const size_t i = (size_t)k->member[a], j = (size_t)k->member[b];
            int32_t difference[SW_FACTORS_MAX];
            for (size_t f = 0; f < width; f++) {
                const int32_t apart = task->exponent[j * width + f] - task->exponent[i * width + f];
                difference[f] = apart < 0 ? apart + task->factor[f] : apart;
            }
            const double value = k->by_token[i * n + j];
            k->by_difference[rank_of(task, difference)] += value;
            sum += value;
            square += value * value;
        }
    for (size_t g = 0; g < order; g++) within += k->by_difference[g] * k->by_difference[g] / (double)order;
    const double mean = sum * sum / ((double)order * (double)order);
    return square > mean ? (float)((within - mean) / (square - mean)) : NAN;
}

static sw_status measure(float *value, kernel *k, const sw_evaluation *of) {
    sw_status status = fill_kernel(k, of);
    if (status != SW_OK) return status;
    value[SW_METRIC_NTK_ALIGNMENT] = alignment(k);
    if (!k->circulant) return SW_OK;
    sw_model_hold_unembedding(of->probe->model, true);
    status = fill_product(k, of);
    sw_model_hold_unembedding(of->probe->model, false);
    if (status != SW_OK) return status;
    carry_to_tokens(k, of);
    value[SW_METRIC_AGOP_CIRCULANT] = circulance(k, of->task);
    return SW_OK;
}

static sw_status evaluate(float *value, void *state, const sw_evaluation *of) {
    if (!isfinite(value[SW_METRIC_WEIGHT_NORM])) return SW_OK;
    sw_probe_load(of->probe, sw_model_parameters(of->model));
    sw_model_force_general(of->probe->model, true);
    const sw_status status = measure(value, state, of);
    sw_model_force_general(of->probe->model, false);
    return status;
}

const sw_instrument sw_instrument_kernel = {
    .size = sizeof(kernel),
    .probes = true,
    .every = every,
    .create = create,
    .evaluate = evaluate,
    .memory = memory,
    .kept = kept,
};
