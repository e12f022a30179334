/* interpret.c: which algorithm for modular addition? Restricted and excluded loss (Nanda et al. 2023), gradient
 * symmetricity and distance irrelevance (Zhong et al. 2023) for x + y mod p. The table is row-major: input x p + y. */
#include "measure/instrument.h"
#include "measure/matchings.h"
#include "measure/restricted.h"
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

typedef struct interpret {
    const sw_task *task;
    const sw_model_config *model;
    /* restricted and excluded loss; p residues, K <= 5 key frequencies */
    sw_restricted restricted; /* the product of the operands is their sum */
    double *wave;             /* [2 K, p] cos and sin of the key frequencies */
    double *coefficient;      /* [2 K, C] */
    /* gradient symmetricity */
    sw_matchings matchings;    /* of the residues */
    int32_t *input;            /* [pairs] a matching */
    int32_t *first_class;      /* [pairs] the class whose logit is looked at first */
    sw_real *logits, *dlogits; /* [pairs, C] */
    /* distance irrelevance */
    double *correct; /* [p] */
} interpret;

/* ---- setting up ---- */

static sw_status create(void *state, const sw_evaluation *of) {
    interpret *it = state;
    const sw_task *task = of->task;
    const size_t p = (size_t)task->entities, classes = (size_t)task->classes;
    assert(classes == p && task->inputs == p * p);
    *it = (interpret){.task = task, .model = &of->config->model};
    it->wave = sw_arena_alloc(of->arena, 2 * SW_KEY_FREQUENCIES * p, sizeof *it->wave);
    it->coefficient = sw_arena_alloc(of->arena, 2 * SW_KEY_FREQUENCIES * classes, sizeof *it->coefficient);
    it->input = sw_arena_alloc(of->arena, p / 2, sizeof *it->input);
    it->first_class = sw_arena_alloc(of->arena, p / 2, sizeof *it->first_class);
    it->logits = sw_arena_alloc(of->arena, p / 2 * classes, sizeof *it->logits);
    it->dlogits = sw_arena_alloc(of->arena, p / 2 * classes, sizeof *it->dlogits);
    it->correct = sw_arena_alloc(of->arena, p, sizeof *it->correct);
    if (!it->wave || !it->coefficient || !it->input || !it->first_class || !it->logits || !it->dlogits || !it->correct)
        return SW_E_MEMORY;
    assert(p / 2 <= of->probe->rows);
    const sw_status status = sw_restricted_create(&it->restricted, task, p, of->arena);
    if (status != SW_OK) return status;
    for (size_t i = 0; i < p * p; i++) it->restricted.product[i] = (int32_t)((i / p + i % p) % p);
    return sw_matchings_create(&it->matchings, task, of->arena);
}

static double memory(const sw_run_config *config, const sw_task *shape) {
    (void)config;
    const double p = shape->entities, waves = 21 * p * sizeof(double);
    const double matching = 2 * p * sizeof(int32_t);
    return sw_restricted_memory(shape, p) + waves + matching + p * p * sizeof(sw_real);
}

/* ---- restricted and excluded loss ---- */

/* key_part [p, C] <- projection of the means by sum on cos and sin of the key frequencies. */
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
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, rows, p, p, 1, it->wave, p, it->restricted.by_product, p, 0,
                it->coefficient, p);
    for (int i = 0; i < rows; i++) /* over the squared length of the wave: p/2, or p at k = p/2 */
        cblas_dscal(p, (2 * (key[i / 2] + 1) == p ? 1.0 : 2.0) / p, it->coefficient + i * p, 1);
    cblas_dgemm(CblasRowMajor, CblasTrans, CblasNoTrans, p, p, rows, 1, it->wave, p, it->coefficient, p, 0,
                it->restricted.key_part, p);
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

/* input and first_class <- those of matching k. */
static void match(interpret *it, size_t k) {
    sw_matchings_get(it->input, &it->matchings, k);
    for (size_t i = 0; i < it->matchings.pairs; i++)
        it->first_class[i] =
            (int32_t)sw_random_below(0, SW_STREAM_MEASURE, 2, (uint64_t)it->input[i], (uint64_t)it->task->classes);
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
static void add_cosines(moments *m, interpret *it, sw_model *probe, size_t turn) {
    const size_t classes = (size_t)it->task->classes, tokens = (size_t)it->task->tokens, pairs = it->matchings.pairs;
    const int32_t vocabulary = it->task->vocabulary;
    const size_t d = (size_t)sw_model_embedding_width(it->model);
    sw_real *gradient = sw_model_gradient(probe); /* that of E; the rest of it is not looked at */
    memset(gradient, 0, (size_t)sw_model_embedding_row(it->model, vocabulary, 1, vocabulary) * d * sizeof *gradient);
    memset(it->dlogits, 0, pairs * classes * sizeof *it->dlogits);
    for (size_t i = 0; i < pairs; i++) it->dlogits[i * classes + ((size_t)it->first_class[i] + turn) % classes] = 1;
    sw_model_backward(probe, it->dlogits);
    for (size_t i = 0; i < pairs; i++) {
        const int32_t *input = it->task->input + (size_t)it->input[i] * tokens;
        const size_t a = (size_t)sw_model_embedding_row(it->model, vocabulary, 0, input[0]);
        const size_t b = (size_t)sw_model_embedding_row(it->model, vocabulary, 1, input[1]);
        const double c = cosine(gradient + a * d, gradient + b * d, d);
        m->count += 1;
        m->sum += c;
        m->square += c * c;
    }
}

/* Mean of the cosines over all pairs of distinct residues and all classes where there are few; else matching by
 * matching, a random class for each pair, until the standard error is small. */
static void gradient_symmetricity(float *mean, float *error, interpret *it, const sw_evaluation *of) {
    const size_t p = (size_t)it->task->entities, matchings = it->matchings.count;
    const double all = (double)p * (double)p * (double)(p - 1);
    const bool exact = all <= ALL_COSINES;
    moments m = {0};
    sw_model *probe = of->probe->model;
    sw_probe_load(of->probe, sw_model_parameters(of->model));
    sw_probe_clear(of->probe);
    sw_model_force_general(probe, true);
    sw_model_hold_unembedding(probe, true);
    for (size_t pass = 0; m.count < all; pass++) {
        const size_t turn = exact ? pass % p : pass / matchings;
        if (!exact || turn == 0) {
            match(it, exact ? pass / p : pass % matchings);
            sw_probe_forward(of->probe, it->input, it->matchings.pairs, it->logits);
        }
        add_cosines(&m, it, probe, turn);
        if (!exact && m.count >= LEAST_COSINES && !(standard_error(&m, all) > small_error)) break;
    }
    sw_model_hold_unembedding(probe, false);
    sw_model_force_general(probe, false);
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

static sw_status evaluate(float *value, void *state, const sw_evaluation *of) {
    interpret *it = state;
    if (of->modes.lines == 0 || !isfinite(of->modes.power[0])) return SW_OK;
    sw_restricted_average(&it->restricted, of->logits);
    project_on_key(it, &of->modes);
    value[SW_METRIC_RESTRICTED_LOSS] = (float)sw_restricted_loss(&it->restricted);
    value[SW_METRIC_EXCLUDED_LOSS] = (float)sw_restricted_excluded_loss(&it->restricted, of->logits, of->split);
    gradient_symmetricity(&value[SW_METRIC_GRADIENT_SYMMETRICITY], &value[SW_METRIC_GRADIENT_SYMMETRICITY_ERROR], it,
                          of);
    value[SW_METRIC_DISTANCE_IRRELEVANCE] = (float)distance_irrelevance(it, of->logits);
    return SW_OK;
}

const sw_instrument sw_instrument_interpret = {
    .size = sizeof(interpret),
    .costly = true,
    .probes = true,
    .create = create,
    .evaluate = evaluate,
    .memory = memory,
};
