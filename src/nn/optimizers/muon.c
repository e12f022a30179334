/* muon.c: Muon (Jordan et al. 2024) for the attention and MLP matrices, AdamW for the rest.
 *   b <- momentum b + g,  u = g + momentum b (Nesterov),  X = u / |u|_F,
 *   k times X <- a X + (b A + c A^2) X with A = X X^T (Newton-Schulz: all singular values towards 1),
 *   w <- w - lr wd w - lr sqrt(max(1, fan_out / fan_in)) X.
 * Matrices are stored [fan_in, fan_out], so the factor is sqrt(max(1, columns / rows)); the original has weights the
 * other way round and writes rows / columns. Where rows exceed columns A = X^T X and X <- a X + X (b A + c A^2),
 * which is the same on the smaller side. A matrix of norm 0 has no direction and stays as it is. */
#include "nn/blas.h"
#include "nn/kernels.h"
#include "nn/optimizers/adamw.h"

#include <float.h>
#include <math.h>
#include <string.h>

static bool is_muon(const sw_tensor *tensor) {
    return tensor->rank == 2 && (tensor->block == SW_BLOCK_ATTENTION || tensor->block == SW_BLOCK_MLP);
}

static size_t smaller_side(const sw_tensor *tensor) {
    return (size_t)(tensor->shape[0] < tensor->shape[1] ? tensor->shape[0] : tensor->shape[1]);
}

/* X and its successor, A and its polynomial. */
static size_t scratch(const sw_tensor *tensors, size_t count) {
    size_t largest = 0;
    for (size_t i = 0; i < count; i++) {
        if (!is_muon(&tensors[i])) continue;
        size_t side = smaller_side(&tensors[i]), needed = 2 * sw_optimizer_elements(&tensors[i]) + 2 * side * side;
        largest = needed > largest ? needed : largest;
    }
    return largest;
}

/* x[rows, cols] towards the nearest matrix with orthonormal rows or columns; result in *x or *next, whose roles are
 * exchanged by every step. */
static sw_real *newton_schulz(sw_real *x, sw_real *next, sw_real *gram, sw_real *polynomial, size_t rows, size_t cols,
                              int32_t steps) {
    const double a = 3.4445, b = -4.7750, c = 2.0315;
    size_t side = rows < cols ? rows : cols;
    for (int32_t step = 0; step < steps; step++) {
        if (rows <= cols)
            sw_blas_dense(SW_N, SW_T, side, side, cols, 1, x, x, 0, gram);
        else
            sw_blas_dense(SW_T, SW_N, side, side, rows, 1, x, x, 0, gram);
        memcpy(polynomial, gram, side * side * sizeof *gram);
        sw_blas_dense(SW_N, SW_N, side, side, side, c, gram, gram, b, polynomial);
        memcpy(next, x, rows * cols * sizeof *x);
        if (rows <= cols)
            sw_blas_dense(SW_N, SW_N, rows, cols, rows, 1, polynomial, x, a, next);
        else
            sw_blas_dense(SW_N, SW_N, rows, cols, cols, 1, x, polynomial, a, next);
        sw_real *swap = x;
        x = next;
        next = swap;
    }
    return x;
}

static void update_matrix(sw_optimizer *optimizer, const sw_tensor *tensor, double decay, double schedule,
                          sw_real *parameters, const sw_real *gradient) {
    const sw_optimizer_config *config = &optimizer->config;
    size_t rows = (size_t)tensor->shape[0], cols = (size_t)tensor->shape[1], n = rows * cols;
    size_t side = smaller_side(tensor);
    sw_real *x = optimizer->scratch, *next = x + n, *gram = next + n, *polynomial = gram + side * side;
    sw_kernel->nesterov(x, optimizer->first + tensor->offset, gradient + tensor->offset, n,
                        (sw_real)config->muon_momentum);
    double norm = sw_blas_norm(x, n);
    if (!(norm <= FLT_MIN)) { /* NaN goes on */
        sw_kernel->scale(x, n, (sw_real)(1 / norm));
        x = newton_schulz(x, next, gram, polynomial, rows, cols, config->muon_newton_schulz_steps);
    }
    double rate = config->muon_learning_rate * schedule;
    double factor = cols > rows ? sqrt((double)cols / (double)rows) : 1;
    sw_kernel->descend(parameters + tensor->offset, x, n, (sw_real)(rate * decay), (sw_real)(rate * factor));
}

static void update(sw_optimizer *optimizer, int64_t t, double schedule, sw_real *parameters, sw_real *gradient) {
    for (size_t i = 0; i < optimizer->tensor_count; i++) {
        const sw_tensor *tensor = &optimizer->tensors[i];
        const sw_optimizer_span span = {.offset = tensor->offset,
                                        .count = sw_optimizer_elements(tensor),
                                        .decays = sw_optimizer_decays(&optimizer->config, tensor)};
        if (is_muon(tensor))
            update_matrix(optimizer, tensor, sw_optimizer_decay(optimizer, &span), schedule, parameters, gradient);
        else
            sw_adamw_range(optimizer, t, schedule, parameters, gradient, &span);
    }
}

const sw_optimizer_method sw_optimizer_muon = {.scratch = scratch, .update = update};
