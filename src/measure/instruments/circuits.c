/* circuits.c: by which representations of its group a network multiplies (Chughtai et al. 2023), and on which cosets
 * its neurons stand (Stander et al. 2024): isotypic power of neurons and logits as functions on G x G, coset
 * concentration, restricted and excluded loss. */
#include "measure/instrument.h"
#include "measure/regular.h"
#include "measure/restricted.h"
#include "measure/subgroups.h"

#include <cblas.h>
#include <math.h>
#include <string.h>

/* W functions f on G x G, of which only these sums are kept: all but the first are sums of squares of coordinates in
 * the basis b_i(g) b_k(h), i of line l and k of line m. */
typedef struct functions {
    size_t width;       /* W */
    double *left;       /* [n, W] mean over h of f(g, h) */
    double *right;      /* [n, W] mean over g */
    double *by_product; /* [n, W] mean over gh = s */
    double *varied;     /* [W] all but l = m = 0: the variance, times n^2 */
    double *single;     /* [lines + 1, W] (l, 0) and (0, l): functions of one operand */
    double *paired;     /* [lines + 1, W] (l, l) */
} functions;

typedef struct circuits {
    sw_regular group;
    sw_subgroups subgroups;
    sw_restricted restricted;
    size_t neurons, classes;
    sw_real *basis;                  /* [n, n] that of the group */
    sw_real *rows;                   /* [n, W] f(g, .) of one g; later coordinates of one k */
    sw_real *half;                   /* [n (g), n (k), W] coordinates along the second operand */
    int32_t *tokens;                 /* [n, T] */
    functions f;                     /* of neurons, then of logits: max(neurons, C) wide */
    double *embedding, *coefficient; /* [n, max(d, C)] */
    double *power;                   /* [lines + 1] */
    double *best;                    /* [2, neurons] of a neuron's left and right means */
    double *sum;                     /* [n, neurons] by coset */
} circuits;

static int64_t every(const sw_run_config *config) { return config->measure.circuits_every; }

static size_t larger(size_t a, size_t b) { return a > b ? a : b; }

/* ---- setting up ---- */

/* Doubles of all sums of `width` functions. */
static size_t sums(size_t n, size_t lines, size_t width) { return (3 * n + 2 * (lines + 1) + 1) * width; }

static sw_status create(void *state, const sw_evaluation *of) {
    circuits *c = state;
    const sw_task *task = of->task;
    sw_status status = sw_regular_create(&c->group, task, &of->modes, of->arena);
    if (status != SW_OK || c->group.order == 0) return status;
    const size_t n = (size_t)c->group.order, lines = (size_t)c->group.lines;
    const size_t d = (size_t)sw_model_embedding_width(&of->config->model);
    c->neurons = (size_t)sw_model_neurons(&of->config->model);
    c->classes = (size_t)task->classes;
    const size_t width = larger(c->neurons, c->classes);
    c->basis = sw_arena_alloc(of->arena, n * n, sizeof *c->basis);
    c->rows = sw_arena_alloc(of->arena, n * width, sizeof *c->rows);
    c->half = sw_arena_alloc(of->arena, n * n * width, sizeof *c->half);
    c->tokens = sw_arena_alloc(of->arena, n * (size_t)task->tokens, sizeof *c->tokens);
    c->embedding = sw_arena_alloc(of->arena, n * d, sizeof *c->embedding);
    c->coefficient = sw_arena_alloc(of->arena, n * larger(d, c->classes), sizeof *c->coefficient);
    c->power = sw_arena_alloc(of->arena, lines + 1, sizeof *c->power);
    c->best = sw_arena_alloc(of->arena, 2 * c->neurons, sizeof *c->best);
    c->sum = sw_arena_alloc(of->arena, n * c->neurons, sizeof *c->sum);
    c->f.left = sw_arena_alloc(of->arena, sums(n, lines, width), sizeof *c->f.left);
    if (!c->basis || !c->rows || !c->half || !c->tokens || !c->embedding || !c->coefficient || !c->power || !c->best ||
        !c->sum || !c->f.left)
        return SW_E_MEMORY;
    for (size_t i = 0; i < n * n; i++) c->basis[i] = (sw_real)c->group.basis[i];
    status = sw_subgroups_create(&c->subgroups, c->group.product, c->group.order, c->group.identity, of->arena);
    if (status == SW_OK) status = sw_restricted_create(&c->restricted, task, n, of->arena);
    if (status != SW_OK) return status;
    for (size_t i = 0; i < task->inputs; i++) c->restricted.product[i] = -1;
    for (size_t i = 0; i < n * n; i++) c->restricted.product[c->group.input[i]] = c->group.product[i];
    return SW_OK;
}

static double memory(const sw_run_config *config, const sw_task *shape) {
    const double n = shape->entities, d = sw_model_embedding_width(&config->model), classes = shape->classes,
                 neurons = sw_model_neurons(&config->model), width = fmax(neurons, classes);
    const double reals = n * n + n * width + n * n * width;
    const double doubles = n * d + n * fmax(d, classes) + n + (2 + n) * neurons + (5 * n + 1) * width;
    return sw_regular_memory(shape) + sw_subgroups_memory(shape->entities) + sw_restricted_memory(shape, n) +
           reals * sizeof(sw_real) + doubles * sizeof(double) + n * shape->tokens * sizeof(int32_t);
}

/* ---- functions on G x G ---- */

/* rows[n, W] <- f(g, .) */
typedef void (*fetch)(circuits *c, const sw_evaluation *of, size_t g);

static void fetch_neurons(circuits *c, const sw_evaluation *of, size_t g) {
    const size_t n = (size_t)c->group.order, tokens = (size_t)of->task->tokens;
    for (size_t h = 0; h < n; h++)
        memcpy(c->tokens + h * tokens, of->task->input + (size_t)c->group.input[g * n + h] * tokens,
               tokens * sizeof *c->tokens);
    sw_model_hidden(of->model, c->tokens, n, c->rows);
}

/* Less their mean over the classes, which no probability depends on. */
static void fetch_logits(circuits *c, const sw_evaluation *of, size_t g) {
    const size_t n = (size_t)c->group.order, classes = c->classes;
    for (size_t h = 0; h < n; h++) {
        const sw_real *z = of->logits + (size_t)c->group.input[g * n + h] * classes;
        double mean = 0;
        for (size_t k = 0; k < classes; k++) mean += (double)z[k] / (double)classes;
        for (size_t k = 0; k < classes; k++) c->rows[h * classes + k] = (sw_real)((double)z[k] - mean);
    }
}

static void add_means(circuits *c, size_t g) {
    const size_t n = (size_t)c->group.order, width = c->f.width;
    for (size_t h = 0; h < n; h++) {
        const sw_real *row = c->rows + h * width;
        double *left = c->f.left + g * width, *right = c->f.right + h * width;
        double *product = c->f.by_product + (size_t)c->group.product[g * n + h] * width;
        for (size_t j = 0; j < width; j++) {
            const double value = (double)row[j] / (double)n;
            left[j] += value;
            right[j] += value;
            product[j] += value;
        }
    }
}

static void add_squares(double *sum, const sw_real *x, size_t width) {
    for (size_t j = 0; j < width; j++) sum[j] += (double)x[j] * (double)x[j];
}

/* Coordinates rows[n (i), W] of vector k of line m along the second operand. */
static void add_powers(circuits *c, int32_t m) {
    const size_t width = c->f.width;
    for (int32_t l = 0; l <= c->group.lines; l++)
        for (int32_t i = c->group.start[l]; i < c->group.start[l + 1]; i++) {
            const sw_real *x = c->rows + (size_t)i * width;
            if (l == 0 && m == 0) continue;
            add_squares(c->f.varied, x, width);
            if (l == 0 || m == 0) add_squares(c->f.single + (size_t)(l + m) * width, x, width);
            if (l == m) add_squares(c->f.paired + (size_t)l * width, x, width);
        }
}

/* The sums of `width` functions, which `get` gives. */
static sw_status collect(circuits *c, const sw_evaluation *of, size_t width, fetch get) {
    const size_t n = (size_t)c->group.order, lines = (size_t)c->group.lines;
    c->f.width = width;
    memset(c->f.left, 0, sums(n, lines, width) * sizeof *c->f.left);
    c->f.right = c->f.left + n * width;
    c->f.by_product = c->f.right + n * width;
    c->f.varied = c->f.by_product + n * width;
    c->f.single = c->f.varied + width;
    c->f.paired = c->f.single + (lines + 1) * width;
    for (size_t g = 0; g < n; g++) {
        const sw_status status = sw_instrument_go_on(of);
        if (status != SW_OK) return status;
        get(c, of, g);
        add_means(c, g);
        sw_blas_gemm(SW_N, SW_N, n, width, n, 1, c->basis, n, c->rows, width, 0, c->half + g * n * width, width);
    }
    for (int32_t m = 0; m <= c->group.lines; m++)
        for (int32_t k = c->group.start[m]; k < c->group.start[m + 1]; k++) {
            const sw_status status = sw_instrument_go_on(of);
            if (status != SW_OK) return status;
            sw_blas_gemm(SW_N, SW_N, n, width, n, 1, c->basis, n, c->half + (size_t)k * width, n * width, 0, c->rows,
                         width);
            add_powers(c, m);
        }
    return SW_OK;
}

static double total(const double *x, size_t count) {
    double sum = 0;
    for (size_t j = 0; j < count; j++) sum += x[j];
    return sum;
}

static float share(double part, double whole) { return whole > 0 ? (float)(part / whole) : NAN; }

/* Share of the variance that depends on the product alone. */
static float product_share(const circuits *c) {
    const size_t n = (size_t)c->group.order, width = c->f.width;
    double part = 0;
    for (size_t j = 0; j < width; j++) {
        double mean = 0;
        for (size_t s = 0; s < n; s++) mean += c->f.by_product[s * width + j] / (double)n;
        for (size_t s = 0; s < n; s++) part += (double)n * pow(c->f.by_product[s * width + j] - mean, 2);
    }
    return share(part, total(c->f.varied, width));
}

/* Into the array of a record, where there is room: the share of each line's power; returns (sum P)^2 / sum P^2, how
 * many lines hold it. */
static float spread(float *out, size_t length, const circuits *c, double whole) {
    double sum = 0, square = 0;
    for (int32_t l = 1; l <= c->group.lines; l++) {
        const double power = c->power[l];
        if ((size_t)l <= length) out[l - 1] = share(power, whole);
        sum += power;
        square += power * power;
    }
    return share(sum * sum, square);
}

/* ---- cosets ---- */

/* best[neurons] <- the larger of it and how much of the variance of u[n, neurons] is between the cosets of a division,
 * beyond what is to be expected of a function that knows nothing of them. */
static void compare_division(circuits *c, double *best, const double *u, int32_t division) {
    const size_t n = (size_t)c->group.order, width = c->neurons, size = (size_t)c->subgroups.size[division];
    const size_t cosets = n / size;
    const int16_t *coset = c->subgroups.coset + (size_t)division * n;
    const double chance = ((double)cosets - 1) / ((double)n - 1);
    memset(c->sum, 0, cosets * width * sizeof *c->sum);
    for (size_t g = 0; g < n; g++) {
        double *sum = c->sum + (size_t)coset[g] * width;
        for (size_t j = 0; j < width; j++) sum[j] += u[g * width + j];
    }
    for (size_t j = 0; j < width; j++) {
        double between = 0;
        for (size_t k = 0; k < cosets; k++) between += c->sum[k * width + j] * c->sum[k * width + j] / (double)size;
        const double found = (between - chance) / (1 - chance);
        if (found > best[j] || isnan(found)) best[j] = found;
    }
}

/* u[n, neurons] <- less its mean, over its length; variance[neurons] <- what it was. */
static void standardize(double *variance, double *u, size_t n, size_t width) {
    for (size_t j = 0; j < width; j++) {
        double mean = 0, square = 0;
        for (size_t g = 0; g < n; g++) mean += u[g * width + j] / (double)n;
        for (size_t g = 0; g < n; g++) {
            u[g * width + j] -= mean;
            square += u[g * width + j] * u[g * width + j];
        }
        variance[j] = square;
        for (size_t g = 0; g < n && square > 0; g++) u[g * width + j] /= sqrt(square);
    }
}

/* Of the means of each neuron over one operand, as functions of the other: the best division's value, weighted by
 * variance. Uses the means up. */
static float coset_concentration(circuits *c) {
    const size_t n = (size_t)c->group.order, width = c->neurons;
    double part = 0, whole = 0;
    if (c->subgroups.divisions == 0) return NAN;
    for (int side = 0; side < 2; side++) {
        double *u = side ? c->f.right : c->f.left, *best = c->best, *variance = c->best + width;
        standardize(variance, u, n, width);
        for (size_t j = 0; j < width; j++) best[j] = -INFINITY;
        for (int32_t d = 0; d < c->subgroups.divisions; d++) compare_division(c, best, u, d);
        for (size_t j = 0; j < width; j++) part += variance[j] > 0 ? variance[j] * best[j] : 0;
        whole += total(variance, width);
    }
    return share(part, whole);
}

/* ---- restricted and excluded loss ---- */

/* coefficient[vectors of line l, width] <- coordinates of x[n, width] in them. */
static void project(circuits *c, int32_t l, const double *x, size_t width) {
    const int n = c->group.order, from = c->group.start[l], vectors = c->group.start[l + 1] - from;
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, vectors, (int)width, n, 1,
                c->group.basis + (size_t)from * (size_t)n, n, x, (int)width, 0, c->coefficient, (int)width);
}

/* power[l] <- that of the embedding. */
static void measure_embedding(circuits *c, const sw_evaluation *of) {
    const size_t n = (size_t)c->group.order, d = (size_t)sw_model_embedding_width(&of->config->model);
    const sw_real *E = sw_model_parameters(of->model);
    for (size_t g = 0; g < n; g++)
        for (size_t j = 0; j < d; j++) c->embedding[g * d + j] = (double)E[(size_t)c->group.member[g] * d + j];
    for (int32_t l = 1; l <= c->group.lines; l++) {
        project(c, l, c->embedding, d);
        const int count = (c->group.start[l + 1] - c->group.start[l]) * (int)d;
        c->power[l] = cblas_ddot(count, c->coefficient, 1, c->coefficient, 1);
    }
}

/* key_part <- projection of the means by product on the lines of largest power in the embedding: five, but no more than
 * half of them. */
static void project_on_key(circuits *c, const sw_evaluation *of) {
    const int n = c->group.order, classes = (int)c->classes, lines = c->group.lines;
    const int half = (lines + 1) / 2, count = half < SW_KEY_FREQUENCIES ? half : SW_KEY_FREQUENCIES;
    measure_embedding(c, of);
    memset(c->restricted.key_part, 0, (size_t)n * c->classes * sizeof(double));
    for (int k = 0; k < count; k++) {
        int32_t key = 1;
        for (int32_t l = 2; l <= lines; l++)
            if (c->power[l] > c->power[key]) key = l;
        c->power[key] = -1; /* taken */
        project(c, key, c->restricted.by_product, c->classes);
        cblas_dgemm(CblasRowMajor, CblasTrans, CblasNoTrans, n, classes, c->group.start[key + 1] - c->group.start[key],
                    1, c->group.basis + (size_t)c->group.start[key] * (size_t)n, n, c->coefficient, classes, 1,
                    c->restricted.key_part, classes);
    }
}

/* ---- measuring ---- */

static sw_status measure_neurons(float *value, circuits *c, const sw_evaluation *of) {
    const size_t width = c->neurons, lines = (size_t)c->group.lines;
    const sw_status status = collect(c, of, width, fetch_neurons);
    if (status != SW_OK) return status;
    const functions *f = &c->f;
    const double whole = total(f->varied, width);
    double largest = 0;
    for (size_t j = 0; j < width; j++) {
        double most = 0;
        for (size_t l = 1; l <= lines; l++) most = fmax(most, f->single[l * width + j] + f->paired[l * width + j]);
        largest += most;
    }
    for (size_t l = 1; l <= lines; l++)
        c->power[l] = total(f->single + l * width, width) + total(f->paired + l * width, width);
    value[SW_METRIC_NEURON_CONCENTRATION] = share(largest, whole);
    value[SW_METRIC_NEURON_IRREPS] = spread(value + SW_VALUE_NEURON_POWER, SW_LENGTH_NEURON_POWER, c, whole);
    value[SW_METRIC_NEURON_SINGLE] = share(total(f->single, (lines + 1) * width), whole);
    value[SW_METRIC_NEURON_PAIRED] = share(total(f->paired, (lines + 1) * width), whole);
    value[SW_METRIC_NEURON_PRODUCT] = product_share(c);
    value[SW_METRIC_COSET_CONCENTRATION] = coset_concentration(c);
    return SW_OK;
}

static sw_status measure_logits(float *value, circuits *c, const sw_evaluation *of) {
    const size_t width = c->classes, lines = (size_t)c->group.lines;
    const sw_status status = collect(c, of, width, fetch_logits);
    if (status != SW_OK) return status;
    const double whole = total(c->f.varied, width);
    for (size_t l = 1; l <= lines; l++) c->power[l] = total(c->f.paired + l * width, width);
    value[SW_METRIC_LOGIT_IRREPS] = spread(value + SW_VALUE_LOGIT_POWER, SW_LENGTH_LOGIT_POWER, c, whole);
    value[SW_METRIC_LOGIT_PAIRED] = share(total(c->f.paired, (lines + 1) * width), whole);
    value[SW_METRIC_LOGIT_PRODUCT] = product_share(c);
    return SW_OK;
}

static sw_status evaluate(float *value, void *state, const sw_evaluation *of) {
    circuits *c = state;
    if (c->group.order == 0 || !isfinite(value[SW_METRIC_WEIGHT_NORM])) return SW_OK;
    sw_status status = measure_neurons(value, c, of);
    if (status == SW_OK) status = measure_logits(value, c, of);
    if (status != SW_OK) return status;
    sw_restricted_average(&c->restricted, of->logits);
    project_on_key(c, of);
    value[SW_METRIC_GROUP_RESTRICTED_LOSS] = (float)sw_restricted_loss(&c->restricted);
    value[SW_METRIC_GROUP_EXCLUDED_LOSS] = (float)sw_restricted_excluded_loss(&c->restricted, of->logits, of->split);
    return SW_OK;
}

const sw_instrument sw_instrument_circuits = {
    .size = sizeof(circuits),
    .every = every,
    .create = create,
    .evaluate = evaluate,
    .memory = memory,
};
