/* bench_case.c: sets up runs of the named configurations and times their steps. */
#include "cli/bench_case.h"

#include "cli/subject.h"
#include "symsweep/arena.h"
#include "symsweep/config.h"
#include "symsweep/nn.h"

#include <math.h>
#include <stdlib.h>
#include <time.h>

/* ---- cases ---- */

const sw_bench_case sw_bench_cases[] = {
    {.name = "canonical"},
    {"canonical-minibatch512", .batch_size = 512},
    {"canonical-no-readout", .no_readout = true},
    {"p59", .p = 59, .width = 64, .train_fraction = 0.4},
    {"p31", .p = 31, .width = 32, .train_fraction = 0.5},
    {"mlp", .mlp = true, .train_fraction = 0.8},
    {"two-layers", .layers = 2},
    {"four-layers", .layers = 4},
    {"layernorm", .layernorm = true},
    {"two-layers-layernorm", .layers = 2, .layernorm = true},
    {"power", .p = 97, .train_fraction = 0.5, .layers = 2, .layernorm = true, .batch_size = 512},
    {"gromov", .p = 97, .train_fraction = 0.5, .mlp = true, .quadratic = true},
    {"grid3d", .side = 7, .train_fraction = 0.8},
    {"canonical-commutativity512", true, .commutativity = 512},
    {"canonical-nuclear", true, .nuclear = 0.01},
    {"canonical-associativity64", true, .associativity = 64},
    {"canonical-associativity512", true, .associativity = 512},
    {"canonical-associativity2048", true, .associativity = 2048},
    {"canonical-associativity8192", true, .associativity = 8192},
    {.name = NULL},
};

static void weight(sw_run_config *config, sw_family_id family, int64_t tuples) {
    if (tuples == 0) return;
    config->symmetry[family].weight = 1;
    config->symmetry[family].tuples_per_step = tuples;
}

/* Canonical is modular addition, p = 113, 30 % of the table, one layer of width 128, full batch: the setting of the
 * field. */
static void configure(sw_run_config *config, const sw_bench_case *c) {
    sw_config_default(config);
    config->task.p = c->p ? c->p : 113;
    config->train_fraction = c->train_fraction > 0 ? c->train_fraction : 0.3;
    sw_model_config *model = &config->model;
    model->d_model = c->width ? c->width : 128;
    model->heads = 4;
    model->d_head = model->d_model / 4;
    model->d_mlp = 4 * model->d_model;
    model->d_hidden = 512;
    if (c->layers) model->layers = c->layers;
    if (c->no_readout || c->mlp) model->readout_token = false;
    if (c->layernorm) model->normalization = SW_NORMALIZATION_LAYERNORM;
    if (c->mlp) {
        model->kind = SW_MODEL_MLP;
        model->layers = 1;
        config->optimizer.weight_decay = 0;
    }
    if (c->quadratic) {
        model->input = SW_INPUT_ONE_HOT;
        model->activation = SW_ACTIVATION_SQUARE;
        model->bias = false;
        config->loss = SW_LOSS_MSE;
    }
    if (c->side) {
        config->task.kind = SW_TASK_GRAPH;
        config->task.graph = SW_GRAPH_GRID3D;
        config->task.side_count = 3;
        for (int i = 0; i < 3; i++) config->task.sides[i] = c->side;
    }
    if (c->batch_size) config->optimizer.batch_size = c->batch_size;
    config->geometry[SW_PRIOR_NUCLEAR].weight = c->nuclear;
    weight(config, SW_FAMILY_COMMUTATIVITY, c->commutativity);
    weight(config, SW_FAMILY_ASSOCIATIVITY, c->associativity);
}

static sw_status create_subject(sw_subject *s, const sw_bench_case *c) {
    configure(&s->config, c);
    return sw_subject_create(s, true);
}

/* ---- the products ---- */

typedef struct products {
    sw_arena *arena;
    size_t batch, width, classes;
    sw_real *hidden, *logits, *unembedding, *dhidden, *dunembedding;
} products;

/* A matrix of ordinary numbers. */
static sw_real *matrix(sw_arena *arena, size_t rows, size_t columns) {
    sw_real *x = sw_arena_alloc(arena, rows * columns, sizeof *x);
    for (size_t i = 0; x && i < rows * columns; i++) x[i] = (sw_real)((double)(i * 7 % 23) / 23 - 0.5);
    return x;
}

static sw_status create_products(products *p, const sw_subject *s) {
    bool is_mlp = s->config.model.kind == SW_MODEL_MLP;
    sw_objective_batch(s->objective, &p->batch);
    p->width = (size_t)(is_mlp ? s->config.model.d_hidden : s->config.model.d_mlp);
    p->classes = (size_t)s->task->classes;
    sw_status status = sw_arena_create(&p->arena);
    if (status != SW_OK) return status;
    p->hidden = matrix(p->arena, p->batch, p->width);
    p->dhidden = matrix(p->arena, p->batch, p->width);
    p->logits = matrix(p->arena, p->batch, p->classes);
    p->unembedding = matrix(p->arena, p->width, p->classes);
    p->dunembedding = matrix(p->arena, p->width, p->classes);
    return p->hidden && p->dhidden && p->logits && p->unembedding && p->dunembedding ? SW_OK : SW_E_MEMORY;
}

typedef void (*gemm)(sw_transpose ta, sw_transpose tb, size_t m, size_t n, size_t k, double alpha, const sw_real *a,
                     size_t lda, const sw_real *b, size_t ldb, double beta, sw_real *c, size_t ldc);

static void multiply(const products *p, gemm product, int count) {
    size_t rows = p->batch, H = p->width, C = p->classes;
    for (int i = 0; i < count; i++) {
        product(SW_N, SW_N, rows, C, H, 1, p->hidden, H, p->unembedding, C, 0, p->logits, C);
        product(SW_T, SW_N, H, C, rows, 1, p->hidden, H, p->logits, C, 0, p->dunembedding, C);
        product(SW_N, SW_T, rows, H, C, 1, p->logits, C, p->unembedding, C, 0, p->dhidden, H);
    }
}

/* ---- timing ---- */

enum { ROUNDS = 5 };

/* Seconds of processor time of this thread: what other programs do on the same core does not count. */
static double processor_time(void) {
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Seconds a step, of `count` steps. */
static sw_status time_steps(double *out, sw_subject *s, int count) {
    double begun = processor_time();
    for (int i = 0; i < count; i++) {
        sw_status status = sw_subject_step(s);
        if (status != SW_OK) return status;
    }
    *out = (processor_time() - begun) / count;
    return SW_OK;
}

static double time_products(const products *p, gemm product, int count) {
    double begun = processor_time();
    multiply(p, product, count);
    return (processor_time() - begun) / count;
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double values[ROUNDS]) {
    qsort(values, ROUNDS, sizeof *values, ascending);
    return values[ROUNDS / 2];
}

/* Repetitions of something of `one` second that fit a part of a round. */
static int repetitions(double one, double seconds, int parts) {
    double count = seconds / (parts * ROUNDS) / one;
    return count < 1 ? 1 : count > 1e6 ? 1000000 : (int)count;
}

static sw_status measure(sw_bench_result *out, sw_subject *s, const products *p, sw_subject *canonical_run,
                         double seconds) {
    double step[ROUNDS], library[ROUNDS], kernels[ROUNDS], ratio[ROUNDS], price[ROUNDS], one = 0, base = 0;
    sw_status status = time_steps(&one, s, 2);
    if (status == SW_OK && canonical_run) status = time_steps(&base, canonical_run, 2);
    if (status != SW_OK) return status;
    int parts = canonical_run ? 4 : 3, steps = repetitions(one, seconds, parts);
    int by_library = repetitions(time_products(p, sw_blas_gemm_library, 2), seconds, parts);
    int by_kernels = repetitions(time_products(p, sw_blas_gemm, 2), seconds, parts);
    int base_steps = canonical_run ? repetitions(base, seconds, parts) : 0;
    for (int i = 0; i < ROUNDS && status == SW_OK; i++) {
        status = time_steps(&step[i], s, steps);
        library[i] = time_products(p, sw_blas_gemm_library, by_library);
        kernels[i] = time_products(p, sw_blas_gemm, by_kernels);
        if (status == SW_OK && canonical_run) status = time_steps(&base, canonical_run, base_steps);
        ratio[i] = step[i] / library[i];
        price[i] = step[i] / base;
    }
    if (status != SW_OK) return status;
    *out = (sw_bench_result){
        .batch = p->batch,
        .width = p->width,
        .classes = p->classes,
        .step_seconds = median(step),
        .library_seconds = median(library),
        .kernel_seconds = median(kernels),
        .ratio = median(ratio),
        .price = canonical_run ? median(price) : NAN,
    };
    return SW_OK;
}

sw_status sw_bench_measure(sw_bench_result *out, const sw_bench_case *which, double seconds) {
    sw_subject s = {0}, canonical_run = {0};
    products p = {0};
    double warm_up;
    sw_status status = create_subject(&s, which);
    if (status == SW_OK) status = time_steps(&warm_up, &s, 2);
    if (status == SW_OK) status = create_products(&p, &s);
    if (status == SW_OK && which->against_canonical) status = create_subject(&canonical_run, &sw_bench_cases[0]);
    if (status == SW_OK && which->against_canonical) status = time_steps(&warm_up, &canonical_run, 2);
    if (status == SW_OK) status = measure(out, &s, &p, which->against_canonical ? &canonical_run : NULL, seconds);
    sw_arena_destroy(p.arena);
    sw_subject_release(&canonical_run);
    sw_subject_release(&s);
    return status;
}

static double best_rate(gemm product, const sw_real *a, const sw_real *b, sw_real *c, size_t n) {
    enum { TRIES = 7 };
    double best = 0;
    for (int i = 0; i < TRIES; i++) {
        double begun = processor_time();
        product(SW_N, SW_N, n, n, n, 1, a, n, b, n, 0, c, n);
        double rate = 2.0 * (double)n * (double)n * (double)n / (processor_time() - begun);
        best = rate > best ? rate : best;
    }
    return best;
}

sw_status sw_bench_peak(double *library, double *kernels) {
    enum { N = 1024 };
    sw_arena *arena = NULL;
    sw_status status = sw_arena_create(&arena);
    if (status != SW_OK) return status;
    sw_real *a = matrix(arena, N, N), *b = matrix(arena, N, N), *c = matrix(arena, N, N);
    if (a && b && c) {
        *library = best_rate(sw_blas_gemm_library, a, b, c, N);
        *kernels = best_rate(sw_blas_gemm, a, b, c, N);
    } else {
        status = SW_E_MEMORY;
    }
    sw_arena_destroy(arena);
    return status;
}

const char *sw_bench_isa(void) { return sw_blas_kernels(); }
