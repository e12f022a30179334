/* interpret.c: which algorithm for modular addition? Restricted and excluded loss (Nanda et al. 2023), gradient
 * symmetricity and distance irrelevance (Zhong et al. 2023) for x + y mod p. The table is row-major: input x p + y. */
#include "measure/instrument.h"
#include "symsweep/random.h"

#include <assert.h>
#include <cblas.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double two_pi = 6.283185307179586476925286766559;

/* Gradient symmetricity: so many cosines are all taken; of more, at least so many, until the standard error is small.
 */
enum { ALL_COSINES = 8192, LEAST_COSINES = 512 };
static const double small_error = 0.01;

/* Cross-entropy of logits z [n] is `others` + (z[largest] - z[label]), by its distance from the largest. */
typedef struct surprise {
    size_t largest;
    double others; /* log1p of the sum of exp(z_c - z_largest) over all others */
} surprise;

typedef struct interpret {
    const sw_task *task;
    const int8_t *split;
    /* restricted and excluded loss; p residues, K <= 5 key frequencies */
    double *by_sum;      /* [p, C] logits averaged over the inputs of one sum */
    double *wave;        /* [2 K, p] cos and sin of the key frequencies */
    double *coefficient; /* [2 K, C] */
    double *key_part;    /* [p, C] what the key frequencies make of the logits, by sum */
    double *row;         /* [C] */
    surprise *of_sum;    /* [p] of the restricted logits */
    /* gradient symmetricity */
    sw_model *probe;           /* a copy of the model for `pairs` rows; owned */
    size_t pairs;              /* floor(p / 2), those of a matching */
    int32_t *order;            /* [p] the residues in random order */
    int32_t *tokens;           /* [pairs, T] a matching: inputs whose operands are all distinct */
    int32_t *first_class;      /* [pairs] the class whose logit is looked at first */
    sw_real *logits, *dlogits; /* [pairs, C] */
    /* distance irrelevance */
    double *correct; /* [p] */
} interpret;

/* ---- setting up ---- */

/* That of the probe: untied, for gradients are asked for through the operands alone. */
static sw_model_config network_of(const sw_run_config *config) {
    sw_model_config network = config->model;
    network.unembedding = SW_UNEMBEDDING_UNTIED;
    return network;
}

static sw_status create(void *state, const sw_evaluation *of) {
    interpret *it = state;
    const sw_task *task = of->task;
    const size_t p = (size_t)task->entities, classes = (size_t)task->classes;
    assert(classes == p && task->inputs == p * p);
    *it = (interpret){.task = task, .split = of->split, .pairs = p / 2};
    it->by_sum = sw_arena_alloc(of->arena, p * classes, sizeof *it->by_sum);
    it->wave = sw_arena_alloc(of->arena, 2 * SW_KEY_FREQUENCIES * p, sizeof *it->wave);
    it->coefficient = sw_arena_alloc(of->arena, 2 * SW_KEY_FREQUENCIES * classes, sizeof *it->coefficient);
    it->key_part = sw_arena_alloc(of->arena, p * classes, sizeof *it->key_part);
    it->row = sw_arena_alloc(of->arena, classes, sizeof *it->row);
    it->of_sum = sw_arena_alloc(of->arena, p, sizeof *it->of_sum);
    it->order = sw_arena_alloc(of->arena, p, sizeof *it->order);
    it->tokens = sw_arena_alloc(of->arena, it->pairs * (size_t)task->tokens, sizeof *it->tokens);
    it->first_class = sw_arena_alloc(of->arena, it->pairs, sizeof *it->first_class);
    it->logits = sw_arena_alloc(of->arena, it->pairs * classes, sizeof *it->logits);
    it->dlogits = sw_arena_alloc(of->arena, it->pairs * classes, sizeof *it->dlogits);
    it->correct = sw_arena_alloc(of->arena, p, sizeof *it->correct);
    if (!it->by_sum || !it->wave || !it->coefficient || !it->key_part || !it->row || !it->of_sum || !it->order ||
        !it->tokens || !it->first_class || !it->logits || !it->dlogits || !it->correct)
        return SW_E_MEMORY;
    sw_random_permutation(it->order, p, 0, SW_STREAM_MEASURE, 0);
    const sw_model_shape shape = sw_instrument_model_shape(task);
    const sw_model_config network = network_of(of->config);
    return sw_model_create(&it->probe, &network, &shape, it->pairs);
}

static void destroy(void *state) { sw_model_destroy(((interpret *)state)->probe); }

static size_t probe_bytes(const sw_run_config *config, const sw_task *task) {
    const sw_model_shape shape = sw_instrument_model_shape(task);
    const sw_model_config network = network_of(config);
    return sw_model_memory(&network, &shape, (size_t)task->entities / 2);
}

static size_t bytes(const void *state, const sw_evaluation *of) {
    (void)state;
    return probe_bytes(of->config, of->task);
}

static double memory(const sw_run_config *config, const sw_task *shape) {
    const double p = shape->entities, waves = 22 * p * sizeof(double);
    const double matching = (2 + shape->tokens / 2.0) * p * sizeof(int32_t);
    return 2 * p * p * sizeof(double) + waves + matching + p * p * sizeof(sw_real) + (double)probe_bytes(config, shape);
}

/* ---- restricted and excluded loss ---- */

static surprise surprise_of(const double *z, size_t n) {
    surprise s = {0};
    for (size_t c = 1; c < n; c++)
        if (z[c] > z[s.largest]) s.largest = c;
    double others = 0;
    for (size_t c = 0; c < n; c++)
        if (c != s.largest) others += exp(z[c] - z[s.largest]);
    s.others = log1p(others);
    return s;
}

static double cross_entropy(const surprise *s, const double *z, size_t label) {
    return s->others + (z[s->largest] - z[label]);
}

/* by_sum[s] <- mean over x + y = s of the logits. */
static void average_by_sum(interpret *it, const sw_real *logits) {
    size_t p = (size_t)it->task->entities;
    memset(it->by_sum, 0, p * p * sizeof *it->by_sum);
    for (size_t x = 0; x < p; x++)
        for (size_t y = 0; y < p; y++) {
            double *sum = it->by_sum + (x + y) % p * p;
            const sw_real *z = logits + (x * p + y) * p;
            for (size_t c = 0; c < p; c++) sum[c] += z[c];
        }
    for (size_t i = 0; i < p * p; i++) it->by_sum[i] /= (double)p;
}

/* key_part [p, C] <- projection of by_sum on cos and sin of the key frequencies. */
static void project_on_key(interpret *it, const sw_modes *modes) {
    int p = it->task->entities;
    int32_t key[SW_KEY_FREQUENCIES];
    int count = sw_modes_key(key, modes);
    for (int i = 0; i < count; i++)
        for (int s = 0; s < p; s++) {
            double turns = (double)((int64_t)(key[i] + 1) * s % p) / p; /* line l is frequency l + 1 */
            it->wave[(2 * i) * p + s] = cos(two_pi * turns);
            it->wave[(2 * i + 1) * p + s] = 2 * (key[i] + 1) == p ? 0 : sin(two_pi * turns);
        }
    int rows = 2 * count;
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, rows, p, p, 1, it->wave, p, it->by_sum, p, 0,
                it->coefficient, p);
    for (int i = 0; i < rows; i++) /* over the squared length of the wave: p/2, or p at k = p/2 */
        cblas_dscal(p, (2 * (key[i / 2] + 1) == p ? 1.0 : 2.0) / p, it->coefficient + i * p, 1);
    cblas_dgemm(CblasRowMajor, CblasTrans, CblasNoTrans, p, p, rows, 1, it->wave, p, it->coefficient, p, 0,
                it->key_part, p);
}

/* Mean over the table of the loss of (mean logits + key part), which depends on x + y alone. */
static double restricted_loss(interpret *it) {
    size_t p = (size_t)it->task->entities;
    double *mean = it->row, *restricted = it->by_sum; /* by_sum is used up here */
    memset(mean, 0, p * sizeof *mean);
    for (size_t s = 0; s < p; s++)
        for (size_t c = 0; c < p; c++) mean[c] += it->by_sum[s * p + c] / (double)p;
    for (size_t s = 0; s < p; s++)
        for (size_t c = 0; c < p; c++) restricted[s * p + c] = mean[c] + it->key_part[s * p + c];
    for (size_t s = 0; s < p; s++) it->of_sum[s] = surprise_of(restricted + s * p, p);
    double sum = 0;
    for (size_t i = 0; i < it->task->inputs; i++) {
        size_t s = (i / p + i % p) % p;
        sum += cross_entropy(&it->of_sum[s], restricted + s * p, (size_t)it->task->label[i]);
    }
    return sum / (double)it->task->inputs;
}

/* Mean over the train split of the loss of (logits - key part). */
static double excluded_loss(interpret *it, const sw_real *logits) {
    size_t p = (size_t)it->task->entities, count = 0;
    double sum = 0;
    for (size_t i = 0; i < it->task->inputs; i++) {
        if (!it->split[i]) continue;
        const double *key = it->key_part + (i / p + i % p) % p * p;
        for (size_t c = 0; c < p; c++) it->row[c] = logits[i * p + c] - key[c];
        const surprise own = surprise_of(it->row, p);
        sum += cross_entropy(&own, it->row, (size_t)it->task->label[i]);
        count++;
    }
    return count ? sum / (double)count : NAN;
}

/* ---- clock or pizza ---- */

static double cosine(const sw_real *a, const sw_real *b, size_t n) {
    double product = 0, square_a = 0, square_b = 0;
    for (size_t i = 0; i < n; i++) {
        product += (double)a[i] * b[i];
        square_a += (double)a[i] * a[i];
        square_b += (double)b[i] * b[i];
    }
    return square_a > 0 && square_b > 0 ? product / sqrt(square_a * square_b) : 0;
}

/* Matching k < 2 q, q = p or p - 1, whichever is odd: places i and j of `order` with i + j = k mod q, and when p is
 * even the place left over with the last. The first q have each pair in one order, the others in the other one:
 * together they have every pair of distinct residues once. No two pairs share an operand, so that the gradients of a
 * batch stand in different rows of the embedding. */
static void match(interpret *it, size_t k) {
    const sw_task *task = it->task;
    const size_t p = (size_t)task->entities, q = p % 2 ? p : p - 1, tokens = (size_t)task->tokens;
    size_t n = 0;
    for (size_t i = 0; i < q; i++) {
        size_t j = (k % q + q - i) % q;
        if (j == i && q < p) j = q;
        if (j <= i) continue;
        const int32_t a = it->order[k < q ? i : j], b = it->order[k < q ? j : i];
        const size_t input = (size_t)sw_task_index(task, a, b, -1);
        memcpy(it->tokens + n * tokens, task->input + input * tokens, tokens * sizeof *it->tokens);
        it->first_class[n++] = (int32_t)sw_random_below(0, SW_STREAM_MEASURE, 2, input, p);
    }
    assert(n == it->pairs);
}

typedef struct moments {
    double count, sum, square;
} moments;

/* Of the mean of so many of `all` values, drawn without replacement. */
static double standard_error(const moments *m, double all) {
    if (m->count < 2) return NAN;
    const double spread = (m->square - m->sum * m->sum / m->count) / (m->count - 1);
    return sqrt(fmax(spread, 0) / m->count * (1 - m->count / all));
}

/* Adds cos(dz_c/dE_a, dz_c/dE_b) of each pair (a, b) of the matching, c the class that is `turn` behind its first. */
static void add_cosines(moments *m, interpret *it, size_t turn) {
    const size_t classes = (size_t)it->task->classes, tokens = (size_t)it->task->tokens;
    const sw_tensor *embedding = sw_model_tensor(it->probe, "token_embedding");
    const size_t d = (size_t)embedding->shape[1];
    sw_real *gradient = sw_model_gradient(it->probe) + embedding->offset; /* the rest of it is not looked at */
    memset(gradient, 0, (size_t)embedding->shape[0] * d * sizeof *gradient);
    memset(it->dlogits, 0, it->pairs * classes * sizeof *it->dlogits);
    for (size_t i = 0; i < it->pairs; i++) it->dlogits[i * classes + ((size_t)it->first_class[i] + turn) % classes] = 1;
    sw_model_backward(it->probe, it->dlogits);
    for (size_t i = 0; i < it->pairs; i++) {
        const int32_t *input = it->tokens + i * tokens;
        const double c = cosine(gradient + (size_t)input[0] * d, gradient + (size_t)input[1] * d, d);
        m->count += 1;
        m->sum += c;
        m->square += c * c;
    }
}

/* Mean of the cosines over all pairs of distinct residues and all classes where there are few; else matching by
 * matching, a random class for each pair, until the standard error is small. */
static void gradient_symmetricity(float *mean, float *error, interpret *it, sw_model *model) {
    const size_t p = (size_t)it->task->entities, q = p % 2 ? p : p - 1, matchings = 2 * q;
    const double all = (double)p * (double)p * (double)(p - 1);
    const bool exact = all <= ALL_COSINES;
    moments m = {0};
    sw_model_copy(it->probe, model);
    memset(sw_model_gradient(it->probe), 0, sw_model_parameter_count(it->probe) * sizeof(sw_real));
    for (size_t pass = 0; m.count < all; pass++) {
        const size_t turn = exact ? pass % p : pass / matchings;
        if (!exact || turn == 0) {
            match(it, exact ? pass / p : pass % matchings);
            sw_model_forward(it->probe, it->tokens, it->pairs, it->logits);
        }
        add_cosines(&m, it, turn);
        if (!exact && m.count >= LEAST_COSINES && !(standard_error(&m, all) > small_error)) break;
    }
    *mean = m.count > 0 ? (float)(m.sum / m.count) : NAN;
    *error = (float)standard_error(&m, all);
}

static double deviation(double sum, double square, double n) {
    double variance = square / n - sum / n * (sum / n);
    return variance > 0 ? sqrt(variance) : 0;
}

/* Of L(i, j) = logit of i + j at input (i, j): mean over d = j - i of the deviation at that distance, over that of
 * all. Deviations are taken about the first value, so that they do not drown in a large common part. */
static double distance_irrelevance(interpret *it, const sw_real *logits) {
    size_t p = (size_t)it->task->entities;
    double origin = logits[0], all = 0, all_square = 0, within = 0;
    for (size_t d = 0; d < p; d++) {
        double sum = 0, square = 0;
        for (size_t i = 0; i < p; i++) {
            size_t j = (i + d) % p;
            double x = logits[(i * p + j) * p + (i + j) % p] - origin;
            it->correct[i] = x;
            sum += x;
            square += x * x;
        }
        double mean = sum / (double)p, rest = 0;
        for (size_t i = 0; i < p; i++) rest += (it->correct[i] - mean) * (it->correct[i] - mean);
        within += sqrt(rest / (double)p) / (double)p;
        all += sum;
        all_square += square;
    }
    double total = deviation(all, all_square, (double)(p * p));
    return total > 0 ? within / total : NAN;
}

static void evaluate(float *value, void *state, const sw_evaluation *of) {
    interpret *it = state;
    if (of->modes.lines == 0 || !isfinite(of->modes.power[0])) return;
    average_by_sum(it, of->logits);
    project_on_key(it, &of->modes);
    value[SW_METRIC_RESTRICTED_LOSS] = (float)restricted_loss(it);
    value[SW_METRIC_EXCLUDED_LOSS] = (float)excluded_loss(it, of->logits);
    gradient_symmetricity(&value[SW_METRIC_GRADIENT_SYMMETRICITY], &value[SW_METRIC_GRADIENT_SYMMETRICITY_ERROR], it,
                          of->model);
    value[SW_METRIC_DISTANCE_IRRELEVANCE] = (float)distance_irrelevance(it, of->logits);
}

const sw_instrument sw_instrument_interpret = {
    .size = sizeof(interpret),
    .costly = true,
    .create = create,
    .evaluate = evaluate,
    .destroy = destroy,
    .bytes = bytes,
    .memory = memory,
};
