/* bench_case.c: sets up runs of the named configurations and times their steps. */
#include "cli/bench_case.h"

#include "symsweep/arena.h"
#include "symsweep/config.h"
#include "symsweep/nn.h"
#include "symsweep/train.h"

#include <math.h>
#include <stdlib.h>
#include <time.h>

/* ---- cases ---- */

/* Modular addition, p = 113, 30 % of the table, one layer of width 128, full batch: the setting of the field. */
static void canonical(sw_run_config *config)
{
    sw_config_default(config);
    config->task.p = 113;
    config->train_fraction = 0.3;
    config->model.d_model = 128;
    config->model.heads = 4;
    config->model.d_head = 32;
    config->model.d_mlp = config->model.d_hidden = 512;
}

static void small(sw_run_config *config, int32_t p, int32_t d, double fraction)
{
    config->task.p = p;
    config->train_fraction = fraction;
    config->model.d_model = d;
    config->model.d_head = d / 4;
    config->model.d_mlp = 4 * d;
}

static void plain(sw_run_config *config) { (void)config; }

static void p59(sw_run_config *config) { small(config, 59, 64, 0.4); }

static void p31(sw_run_config *config) { small(config, 31, 32, 0.5); }

static void minibatch(sw_run_config *config) { config->optimizer.batch_size = 512; }

static void no_readout(sw_run_config *config) { config->model.readout_token = false; }

static void mlp(sw_run_config *config)
{
    config->model.kind = SW_MODEL_MLP;
    config->model.readout_token = false;
    config->model.layers = 1;
    config->train_fraction = 0.8;
    config->optimizer.weight_decay = 0;
}

static void two_layers(sw_run_config *config) { config->model.layers = 2; }

static void grid3d(sw_run_config *config)
{
    config->task.kind = SW_TASK_GRAPH;
    config->task.graph = SW_GRAPH_GRID3D;
    config->task.side_count = 3;
    for (int i = 0; i < 3; i++) config->task.sides[i] = 7;
    config->train_fraction = 0.8;
}

static void family(sw_run_config *config, sw_family_id which, int64_t tuples)
{
    config->symmetry[which].weight = 1;
    config->symmetry[which].tuples_per_step = tuples;
}

static void commutativity(sw_run_config *config) { family(config, SW_FAMILY_COMMUTATIVITY, 512); }

static void associativity(sw_run_config *config) { family(config, SW_FAMILY_ASSOCIATIVITY, 512); }

static void nuclear(sw_run_config *config) { config->geometry[SW_PRIOR_NUCLEAR].weight = 0.01; }

static void symmetry64(sw_run_config *config) { family(config, SW_FAMILY_ASSOCIATIVITY, 64); }

static void symmetry2048(sw_run_config *config) { family(config, SW_FAMILY_ASSOCIATIVITY, 2048); }

static void symmetry8192(sw_run_config *config) { family(config, SW_FAMILY_ASSOCIATIVITY, 8192); }

static const sw_bench_case cases[] = {
    {"canonical", plain, false},
    {"canonical-minibatch512", minibatch, false},
    {"canonical-no-readout", no_readout, false},
    {"p59", p59, false},
    {"p31", p31, false},
    {"mlp", mlp, false},
    {"two-layers", two_layers, false},
    {"grid3d", grid3d, false},
    {"canonical-commutativity512", commutativity, true},
    {"canonical-nuclear", nuclear, true},
    {"canonical-associativity64", symmetry64, true},
    {"canonical-associativity512", associativity, true},
    {"canonical-associativity2048", symmetry2048, true},
    {"canonical-associativity8192", symmetry8192, true},
};

size_t sw_bench_case_count(void) { return sizeof cases / sizeof cases[0]; }

const sw_bench_case *sw_bench_case_get(size_t i) { return &cases[i]; }

/* ---- a run ---- */

typedef struct subject {
    sw_run_config config;
    sw_task *task;
    int8_t *split;
    sw_objective *objective;
    sw_model *model;
    sw_optimizer *optimizer;
    int64_t t;
} subject;

static sw_status create_subject(subject *s, void (*configure)(sw_run_config *config))
{
    canonical(&s->config);
    configure(&s->config);
    sw_status status = sw_task_create(&s->task, &s->config.task, &s->config.model, s->config.data_seed);
    if (status != SW_OK) return status;
    s->split = malloc(s->task->inputs);
    if (!s->split) return sw_fail(SW_E_MEMORY, "out of memory");
    sw_task_split(s->split, s->task, s->config.train_fraction, s->config.data_seed);
    status = sw_objective_create(&s->objective, &s->config, s->task, s->split);
    if (status != SW_OK) return status;

    const sw_model_shape shape = {s->task->vocabulary, s->task->entities, s->task->tokens, s->task->classes};
    status = sw_model_create(&s->model, &s->config.model, &shape, sw_objective_max_rows(s->objective));
    if (status != SW_OK) return status;
    sw_model_initialize(s->model, s->config.seed);
    size_t count = 0;
    const sw_tensor *tensors = sw_model_tensors(s->model, &count);
    return sw_optimizer_create(&s->optimizer, &s->config.optimizer, s->config.steps, tensors, count,
                               sw_model_parameter_count(s->model));
}

static void release_subject(subject *s)
{
    sw_optimizer_destroy(s->optimizer);
    sw_model_destroy(s->model);
    sw_objective_destroy(s->objective);
    free(s->split);
    sw_task_destroy(s->task);
}

/* ---- the products ---- */

typedef struct products {
    sw_arena *arena;
    size_t batch, width, classes;
    sw_real *hidden, *logits, *unembedding, *dhidden, *dunembedding;
} products;

/* A matrix of ordinary numbers. */
static sw_real *matrix(sw_arena *arena, size_t rows, size_t columns)
{
    sw_real *x = sw_arena_alloc(arena, rows * columns, sizeof *x);
    for (size_t i = 0; x && i < rows * columns; i++) x[i] = (sw_real)((double)(i * 7 % 23) / 23 - 0.5);
    return x;
}

static sw_status create_products(products *p, const subject *s)
{
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

static void multiply(const products *p, gemm product, int count)
{
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
static double processor_time(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Seconds a step, of `count` steps. */
static sw_status time_steps(double *out, subject *s, int count)
{
    double begun = processor_time();
    for (int i = 0; i < count; i++) {
        double value;
        s->t++;
        sw_status status = sw_objective_step(&value, s->objective, s->model, s->t);
        if (status != SW_OK) return status;
        sw_optimizer_step(s->optimizer, s->t, sw_model_parameters(s->model), sw_model_gradient(s->model));
    }
    *out = (processor_time() - begun) / count;
    return SW_OK;
}

static double time_products(const products *p, gemm product, int count)
{
    double begun = processor_time();
    multiply(p, product, count);
    return (processor_time() - begun) / count;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double values[ROUNDS])
{
    qsort(values, ROUNDS, sizeof *values, ascending);
    return values[ROUNDS / 2];
}

/* Repetitions of something of `one` second that fit a part of a round. */
static int repetitions(double one, double seconds, int parts)
{
    double count = seconds / (parts * ROUNDS) / one;
    return count < 1 ? 1 : count > 1e6 ? 1000000 : (int)count;
}

static sw_status measure(sw_bench_result *out, subject *s, const products *p, subject *canonical_run, double seconds)
{
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

sw_status sw_bench_measure(sw_bench_result *out, const sw_bench_case *which, double seconds)
{
    subject s = {0}, canonical_run = {0};
    products p = {0};
    double warm_up;
    sw_status status = create_subject(&s, which->configure);
    if (status == SW_OK) status = time_steps(&warm_up, &s, 2);
    if (status == SW_OK) status = create_products(&p, &s);
    if (status == SW_OK && which->against_canonical) status = create_subject(&canonical_run, plain);
    if (status == SW_OK && which->against_canonical) status = time_steps(&warm_up, &canonical_run, 2);
    if (status == SW_OK) status = measure(out, &s, &p, which->against_canonical ? &canonical_run : NULL, seconds);
    sw_arena_destroy(p.arena);
    release_subject(&canonical_run);
    release_subject(&s);
    return status;
}

static double best_rate(gemm product, const sw_real *a, const sw_real *b, sw_real *c, size_t n)
{
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

sw_status sw_bench_peak(double *library, double *kernels)
{
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
