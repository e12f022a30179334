/* nn.h: networks, losses, priors, optimizers. Knows neither JSON, ranks nor files.
 *
 * Matrices are row-major; y = x W + b with row vectors. Shapes stand in brackets: B batch rows, T tokens of an input,
 * V vocabulary, d model width, C classes. "accumulates" = adds to what is there, "assigns" = overwrites.
 * Everything is computed in sw_real. */
#pragma once

#include "symsweep/fail.h"
#include "symsweep/real.h"
#include "symsweep/run.h"
#include "symsweep/tuple.h"

#include <stddef.h>

/* ---- models ---- */

typedef enum sw_block {
    SW_BLOCK_EMBEDDING,
    SW_BLOCK_POSITION,
    SW_BLOCK_ATTENTION,
    SW_BLOCK_MLP,
    SW_BLOCK_UNEMBEDDING,
    SW_BLOCK_NORMALIZATION,
    SW_BLOCK_COUNT
} sw_block;

typedef struct sw_tensor {
    char name[48];    /* "layers.0.attention.query", ... */
    size_t offset;    /* elements into the parameters */
    int rank;         /* 1 or 2 */
    int64_t shape[2]; /* rank 1: {n, 1} */
    sw_block block;
    int32_t number; /* of its initial draws: its place in file order where nothing is left out (biases, an embedding) */
} sw_tensor;

typedef struct sw_model_shape {
    int32_t vocabulary, entities, tokens, classes;
} sw_model_shape;

typedef struct sw_model sw_model;

/* max_rows: the largest batch that forward will see. All memory is allocated here. */
sw_status sw_model_create(sw_model **out, const sw_model_config *config, const sw_model_shape *shape,
                          size_t max_rows) SW_MUST_CHECK;
void sw_model_destroy(sw_model *model);

/* Parameter tensors in file order, and how many scalars they hold; without a model, for plans and layouts. */
size_t sw_model_layout(sw_tensor *out /* may be NULL */, size_t capacity, const sw_model_config *config,
                       const sw_model_shape *shape, size_t *parameters /* may be NULL */);

/* What geometry, priors and measures call E, the rows that stand for tokens: token_embedding [V, d_model]; with one-hot
 * input the first weight [T V, d_hidden], a block of V rows an operand, or [V, d_hidden] where operands are summed. It
 * lies where the parameters begin. */
int32_t sw_model_embedding_width(const sw_model_config *config); /* columns of E */
/* The row of E that stands for a token at the place of an operand, 0 the first. */
int32_t sw_model_embedding_row(const sw_model_config *config, int32_t vocabulary, int32_t operand, int32_t token);

/* Bytes a model of max_rows allocates (within 10 %), and how many of them sw_model_spare gives (spare may be NULL). */
size_t sw_model_memory(const sw_model_config *config, const sw_model_shape *shape, size_t max_rows, size_t *spare);
/* Floating point operations of one training step of `rows` rows, for the cost estimate. */
double sw_model_flops(const sw_model_config *config, const sw_model_shape *shape, size_t rows);

size_t sw_model_parameter_count(const sw_model *model);
sw_real *sw_model_parameters(sw_model *model); /* [P], owned by the model */
sw_real *sw_model_gradient(sw_model *model);   /* [P], owned by the model */
const sw_tensor *sw_model_tensors(const sw_model *model, size_t *count);
const sw_tensor *sw_model_tensor(const sw_model *model, const char *name); /* NULL = none */

/* N(0, 1/d) for embeddings, positions and all matrices, N(0, 1/C) for the unembedding, biases 0 (Nanda et al. 2023),
 * gains of norms 1; token embedding times embedding_init_scale, all of these but the gains times init_scale. MLP model:
 * weights N(0, 1/fan_in). Stream INIT, in double, rounded. */
void sw_model_initialize(sw_model *model, uint32_t seed);

/* logits[rows, C] for tokens[rows, T]; keeps what backward needs. Whatever depends on parameters alone (tables) is
 * refreshed here. */
void sw_model_forward(sw_model *model, const int32_t *tokens, size_t rows, sw_real *logits);

/* Accumulates into the gradient, from dlogits[rows, C] of the last forward; as often as there are dlogits, while the
 * parameters stay what they were. */
void sw_model_backward(sw_model *model, const sw_real *dlogits);

/* logits[rows, C] for any number of rows, in blocks; keeps nothing, and may not come between forward and backward. */
void sw_model_evaluate(sw_model *model, const int32_t *tokens, size_t rows, sw_real *logits);

/* The model's memory that nothing but forward and backward uses, 64-byte aligned: the caller's from the end of a
 * backward to the next forward, evaluation and hidden neurons in between. NULL and 0 bytes where there is none. */
void *sw_model_spare(const sw_model *model, size_t *bytes);

/* From here on, until it is called with `input` NULL, forward drops `dropout` of the model's configuration from each
 * block's output: that of step `step`, a function of the table index input[row] of every row. Backward belongs to such
 * a forward; `input` stays the caller's. (Evaluation drops nothing outside.) */
void sw_model_drop(sw_model *model, uint32_t seed, int64_t step, const int32_t *input);

/* While it is held, a tied unembedding gets no gradient: that of the token embedding is the one through the operands
 * alone. Of untied models nothing changes. */
void sw_model_hold_unembedding(sw_model *model, bool held);

/* Neurons of the last hidden layer: d_mlp, or d_hidden. */
int32_t sw_model_neurons(const sw_model_config *config);
/* hidden[rows, neurons] <- what they are, after the activation, at the position that is read, for tokens[rows, T] and
 * any number of rows; as sw_model_evaluate. */
void sw_model_hidden(sw_model *model, const int32_t *tokens, size_t rows, sw_real *hidden);

/* Chooses the general path even where a specialized one exists: for few rows, which do not pay for its tables (and for
 * tests and benchmarks). Affects later calls. */
void sw_model_force_general(sw_model *model, bool general);

/* ---- losses on logits: each returns a value and, when dlogits is not NULL, accumulates scale * d value ---- */

/* Most classes that losses and divergences take: their row buffers are of fixed size. The models, plans and sweep files
 * that reach them are far smaller (a table of p^2 inputs). */
enum { SW_CLASSES_MAX = 4096 };

/* Mean over `count` >= 1 rows of the batch: rows[i] selects the row of logits[*, C] (NULL = row i), label[i] its class.
 * Cross-entropy as log1p(sum_{k != y} exp(z_k - z_y)); the others as losses.def says. Gradient of the mean. */
double sw_loss(sw_loss_kind kind, const sw_real *logits, int32_t classes, const int32_t *rows, const int32_t *label,
               size_t count, sw_real *dlogits);

/* Per-row loss (nats for cross-entropy and StableMax), margin z_y - max_{k != y} z_k, argmax (lowest index on
 * ties); any output may be NULL. */
void sw_loss_rows(sw_loss_kind kind, const sw_real *logits, int32_t classes, const int32_t *label, size_t rows,
                  sw_real *loss, sw_real *margin, int32_t *argmax);

typedef struct sw_divergence_spec {
    sw_comparison compare;
    sw_divergence divergence; /* CONVOLUTION only */
    int32_t classes;
    /* ADDITIVE, NEGATED: log-odds = z[odds_high] - z[odds_low] */
    int32_t odds_high, odds_low;
    /* SYMMETRIC_KL with maps: class_map[map * classes + c]; NULL = identity only */
    const int32_t *class_map;
    double bound; /* above 0: larger violations count as this much and have no gradient; 0: none is capped */
} sw_divergence_spec;

/* Mean over `count` >= 1 tuples of the divergence; row[i] of an input index i gives its row in logits (row NULL =
 * identity). dlogits (may be NULL) accumulates scale * gradient of the mean. */
double sw_divergence_mean(const sw_divergence_spec *spec, const sw_tuple *tuples, size_t count, const int32_t *row,
                          const sw_real *logits, double scale, sw_real *dlogits);

/* Each tuple's violation (nats) in out[count]; disagree[count] = 1 where the two sides' argmax differ (ADDITIVE,
 * NEGATED: one log-odds is positive and the other is not; CLASS_ZERO: the argmax is not 0); excess[count] =
 * CONVOLUTION: mass beyond the diameter, not written by the others. Any output may be NULL. */
void sw_divergence_each(const sw_divergence_spec *spec, const sw_tuple *tuples, size_t count, const int32_t *row,
                        const sw_real *logits, sw_real *out, int8_t *disagree, sw_real *excess);

/* Softmax of every row of a table, for measuring many tuples on it. The arrays are the caller's. */
typedef struct sw_softmax {
    int32_t classes;
    sw_real *p, *log_p; /* [rows, width], padding 0 */
    int32_t *argmax;    /* [rows], the lowest index on ties; any class where a logit is NaN */
} sw_softmax;
size_t sw_softmax_width(int32_t classes);
/* Assigns p, log_p and argmax from logits[rows, classes]. */
void sw_softmax_table(sw_softmax *out, const sw_real *logits, size_t rows);
/* As sw_divergence_each with row NULL, for SYMMETRIC_KL. */
void sw_softmax_divergence(const sw_softmax *table, const sw_divergence_spec *spec, const sw_tuple *tuples,
                           size_t count, sw_real *out, int8_t *disagree);

/* Every two of n rows compared: over the ordered pairs of distinct ones, the sum and the largest of their symmetric KL,
 * and how many pairs differ in their argmax. Row member[i] enters as q(c) = p(map(c)) by row map[i] of
 * spec->class_map (map NULL, or map[i] < 0: as it is). Exact but for rounding: relative to the largest of the block, as
 * that of a float. A largest that is no more than `floor` may be told too small. NaN in a row makes sum and largest
 * NaN. `scratch` holds sw_softmax_block_size(n, classes) elements.
 */
typedef struct sw_softmax_pairs {
    double sum, largest;
    uint64_t disagreements;
} sw_softmax_pairs;
size_t sw_softmax_block_size(size_t n, int32_t classes);
void sw_softmax_block(sw_softmax_pairs *out, const sw_softmax *table, const sw_divergence_spec *spec,
                      const int32_t *member, const int32_t *map, size_t n, double floor, sw_real *scratch);

/* ---- geometry priors: value, and accumulates weight * gradient ---- */

/* What a prior costs a step, rows of priors.def: inputs of the table that it looks at, at most; floating point
 * operations beside those of the model, `svd` those of one singular value decomposition of the embedding. */
size_t sw_prior_rows(sw_prior_id id, const sw_prior_config *config);
double sw_prior_flops(sw_prior_id id, const sw_prior_config *config, double svd);

/* LAPACK workspaces and, for each of the two spectral priors, the eigenvectors w_j of E's smaller Gram matrix (E E^T or
 * E^T E; for the entropy of the centred E). */
typedef struct sw_spectral sw_spectral;
sw_status sw_spectral_create(sw_spectral **out, int32_t entities, int32_t d) SW_MUST_CHECK;
void sw_spectral_destroy(sw_spectral *work);
/* What refresh = false reads, for checkpoints: one flat array owned by the work. */
double *sw_spectral_state(sw_spectral *work, size_t *count);

typedef enum sw_spectral_kind {
    SW_SPECTRAL_NUCLEAR, /* N = sum sigma_i(E); subgradient U V^T over the singular values above 1e-7 of the largest */
    SW_SPECTRAL_ENTROPY, /* H = -sum q ln q, q = sigma^2 / sum sigma^2 of the column-centred E; 0 for E = 0 */
    SW_SPECTRAL_COUNT
} sw_spectral_kind;
/* A prior on the singular values of E [entities, d]. With `refresh` the eigenvectors are computed from E; without,
 * those of the last refresh are used, and value and gradient are exact for them: sigma_j = |w_j^T E| (or |E w_j|),
 * which is the singular value where w_j is an eigenvector and otherwise gives an upper bound on either prior. The first
 * call must refresh, unless the state was restored. An E that is not finite gives NaN in value and gradient, and SW_OK.
 * dE may be NULL.
 * `normalized`: N / (sqrt(r) |E|_F) and H / ln r with r = min(entities, d), which do not depend on the scale of E and
 * are at most 1; 0 for E = 0 and for the entropy of a single singular value. */
sw_status sw_spectral_prior(double *value, sw_spectral *work, sw_spectral_kind kind, bool normalized, const sw_real *E,
                            double weight, bool refresh, sw_real *dE) SW_MUST_CHECK;

/* One pair of inputs that differ in one operand: logits rows, and the tokens a, a' that differ. */
typedef struct sw_lipschitz_pair {
    int32_t row[2];
    int32_t token[2];
} sw_lipschitz_pair;
/* mean over pairs of max(0, ||z - z'||^2 / (||E_a - E_a'||^2 + 1e-6) - bound^2); gradient through both. */
double sw_lipschitz_prior(const sw_lipschitz_pair *pairs, size_t count, double bound, const sw_real *logits,
                          int32_t classes, const sw_real *E, int32_t d, double weight, sw_real *dlogits, sw_real *dE);

/* ---- optimizers ---- */

typedef struct sw_optimizer sw_optimizer;
sw_status sw_optimizer_create(sw_optimizer **out, const sw_optimizer_config *config, int64_t total_steps,
                              const sw_tensor *tensors, size_t tensor_count, size_t parameters) SW_MUST_CHECK;
void sw_optimizer_destroy(sw_optimizer *optimizer);

/* One step t (1 is the first): clip, GrokFast filter, OrthoGrad, then the update with its decay.
 * `gradient` is overwritten. */
void sw_optimizer_step(sw_optimizer *optimizer, int64_t t, sw_real *parameters, sw_real *gradient);

/* From the next step on: other rates, decay and factor of the filter, which is there only where its factor was not 0 at
 * creation; its average begins anew in step grokfast_from + 1. Tensors that `frozen` names (changes.h) do not move and
 * keep their state; their gradient counts as 0, in clipping too. */
sw_status sw_optimizer_change(sw_optimizer *optimizer, const sw_optimizer_config *now,
                              const char *frozen) SW_MUST_CHECK;

/* The learning rate of step t. */
double sw_optimizer_learning_rate(const sw_optimizer_config *config, int64_t total_steps, int64_t t);

/* Elements of the state that an optimizer carries from step to step, from its configuration alone. */
size_t sw_optimizer_state_length(const sw_optimizer_config *config, size_t parameters);

/* All that a checkpoint must keep: one flat array, owned by the optimizer. */
sw_real *sw_optimizer_state(sw_optimizer *optimizer, size_t *count);

/* ---- linear algebra ---- */

typedef enum sw_transpose { SW_N, SW_T } sw_transpose;

/* C[m, n] = alpha op(A)[m, k] op(B)[k, n] + beta C; ld* is the length of a stored row. Our own kernels where the CPU
 * has AVX2 and fused multiply-add (kernels/gemm.h): the same bits on every such CPU, and for a row in whatever batch it
 * stands. OpenBLAS elsewhere. */
void sw_blas_gemm(sw_transpose ta, sw_transpose tb, size_t m, size_t n, size_t k, double alpha, const sw_real *a,
                  size_t lda, const sw_real *b, size_t ldb, double beta, sw_real *c, size_t ldc);

/* The same product by OpenBLAS on any CPU, to measure against. */
void sw_blas_gemm_library(sw_transpose ta, sw_transpose tb, size_t m, size_t n, size_t k, double alpha,
                          const sw_real *a, size_t lda, const sw_real *b, size_t ldb, double beta, sw_real *c,
                          size_t ldc);

/* L2 norm, summed in double. */
double sw_blas_norm(const sw_real *x, size_t n);

/* Name of the BLAS core type in use ("Haswell"), and its version text. */
const char *sw_blas_core(void);
/* Are matrix products our own, the same bits on every CPU that has them (AVX2)? Otherwise they are OpenBLAS's. */
bool sw_blas_is_portable(void);
const char *sw_blas_version(void);
/* The instruction set that our own loops and products are compiled for: "AVX2", "AVX-512", or "plain". */
const char *sw_blas_kernels(void);
void sw_blas_set_one_thread(void);
