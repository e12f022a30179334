#include "cli/bench_case.h"

#include "nn/blas.h"
#include "symsweep/arena.h"
#include "symsweep/config.h"
#include "symsweep/train.h"

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

static void mlp(sw_run_config *config)
{
    config->model.kind = SW_MODEL_MLP;
    config->model.readout_token = false;
    config->model.layers = 1;
    config->train_fraction = 0.8;
    config->optimizer.weight_decay = 0;
}

static void two_layers(sw_run_config *config) { config->model.layers = 2; }

static void family(sw_run_config *config, sw_family_id which, int64_t tuples)
{
    config->symmetry[which].weight = 1;
    config->symmetry[which].tuples_per_step = tuples;
}

static void commutativity(sw_run_config *config) { family(config, SW_FAMILY_COMMUTATIVITY, 512); }

static void associativity(sw_run_config *config) { family(config, SW_FAMILY_ASSOCIATIVITY, 512); }

static void nuclear(sw_run_config *config) { config->geometry[SW_PRIOR_NUCLEAR].weight = 0.01; }

static void symmetry64(sw_run_config *config) { family(config, SW_FAMILY_ASSOCIATIVITY, 64); }

static void symmetry512(sw_run_config *config) { family(config, SW_FAMILY_ASSOCIATIVITY, 512); }

static void symmetry2048(sw_run_config *config) { family(config, SW_FAMILY_ASSOCIATIVITY, 2048); }

static void symmetry8192(sw_run_config *config) { family(config, SW_FAMILY_ASSOCIATIVITY, 8192); }

static const sw_bench_case cases[] = {
    {"canonical", plain},
    {"canonical-commutativity512", commutativity},
    {"canonical-associativity512", associativity},
    {"canonical-nuclear", nuclear},
    {"canonical-minibatch512", minibatch},
    {"p59", p59},
    {"p31", p31},
    {"mlp", mlp},
    {"two-layers", two_layers},
    {"symmetry-64", symmetry64},
    {"symmetry-512", symmetry512},
    {"symmetry-2048", symmetry2048},
    {"symmetry-8192", symmetry8192},
};

size_t sw_bench_case_count(void) { return sizeof cases / sizeof cases[0]; }

const sw_bench_case *sw_bench_case_get(size_t i) { return &cases[i]; }

/* ---- timing ---- */

enum { ROUNDS = 5 };

typedef struct subject {
    sw_run_config config;
    sw_task *task;
    int8_t *split;
    sw_objective *objective;
    sw_model *model;
    sw_optimizer *optimizer;
    sw_arena *arena;
    size_t batch, width, classes; /* of the unembedding's products */
    sw_real *hidden, *logits, *unembedding, *dhidden;
    int64_t t;
} subject;

static sw_status create_subject(subject *s, const sw_bench_case *which)
{
    canonical(&s->config);
    which->configure(&s->config);
    sw_status status = sw_task_create(&s->task, &s->config.task, &s->config.model, s->config.data_seed);
    if (status != SW_OK) return status;
    s->split = malloc(s->task->inputs);
    if (!s->split) return sw_fail(SW_E_MEMORY, "out of memory");
    s->batch = sw_task_split(s->split, s->task, s->config.train_fraction, s->config.data_seed);
    if (s->batch == 0) return SW_E_MEMORY;
    if (s->config.optimizer.batch_size) s->batch = (size_t)s->config.optimizer.batch_size;
    status = sw_objective_create(&s->objective, &s->config, s->task, s->split);
    if (status != SW_OK) return status;

    const sw_model_shape shape = {s->task->vocabulary, s->task->entities, s->task->tokens, s->task->classes};
    status = sw_model_create(&s->model, &s->config.model, &shape, sw_objective_max_rows(s->objective));
    if (status != SW_OK) return status;
    sw_model_initialize(s->model, s->config.seed);
    size_t count = 0;
    const sw_tensor *tensors = sw_model_tensors(s->model, &count);
    status = sw_optimizer_create(&s->optimizer, &s->config.optimizer, s->config.steps, tensors, count,
                                 sw_model_parameter_count(s->model));
    if (status == SW_OK) status = sw_arena_create(&s->arena);
    if (status != SW_OK) return status;

    bool is_mlp = s->config.model.kind == SW_MODEL_MLP;
    s->width = (size_t)(is_mlp ? s->config.model.d_hidden : s->config.model.d_mlp);
    s->classes = (size_t)s->task->classes;
    s->hidden = sw_arena_alloc(s->arena, s->batch * s->width, sizeof(sw_real));
    s->dhidden = sw_arena_alloc(s->arena, s->batch * s->width, sizeof(sw_real));
    s->logits = sw_arena_alloc(s->arena, s->batch * s->classes, sizeof(sw_real));
    s->unembedding = sw_arena_alloc(s->arena, s->width * s->classes, sizeof(sw_real));
    return s->hidden && s->dhidden && s->logits && s->unembedding ? SW_OK : SW_E_MEMORY;
}

static void release_subject(subject *s)
{
    sw_arena_destroy(s->arena);
    sw_optimizer_destroy(s->optimizer);
    sw_model_destroy(s->model);
    sw_objective_destroy(s->objective);
    free(s->split);
    sw_task_destroy(s->task);
}

/* Seconds of processor time of this thread: what other programs do on the same core does not count. */
static double processor_time(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static sw_status steps(subject *s, int count)
{
    for (int i = 0; i < count; i++) {
        double value;
        s->t++;
        sw_status status = sw_objective_step(&value, s->objective, s->model, s->t);
        if (status != SW_OK) return status;
        sw_optimizer_step(s->optimizer, s->t, sw_model_parameters(s->model), sw_model_gradient(s->model));
    }
    return SW_OK;
}

/* Z = H W, dW = H^T dZ, dH = dZ W^T. */
static void products(subject *s, int count)
{
    for (int i = 0; i < count; i++) {
        sw_gemm_dense(SW_N, SW_N, s->batch, s->classes, s->width, 1, s->hidden, s->unembedding, 0, s->logits);
        sw_gemm_dense(SW_T, SW_N, s->width, s->classes, s->batch, 1, s->hidden, s->logits, 0, s->unembedding);
        sw_gemm_dense(SW_N, SW_T, s->batch, s->width, s->classes, 1, s->logits, s->unembedding, 0, s->dhidden);
    }
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

/* How many repetitions take a tenth of the time that a case may have. */
static int repetitions(double one, double seconds)
{
    double count = seconds / (2 * ROUNDS) / one;
    return count < 1 ? 1 : count > 1e6 ? 1000000 : (int)count;
}

sw_status sw_bench_measure(sw_bench_result *out, const sw_bench_case *which, double seconds)
{
    subject s = {0};
    sw_status status = create_subject(&s, which);
    if (status == SW_OK) status = steps(&s, 2);
    if (status != SW_OK) goto done;
    products(&s, 2);

    double begun = processor_time();
    status = steps(&s, 2);
    double between = processor_time();
    products(&s, 2);
    int step_count = repetitions((between - begun) / 2, seconds);
    int product_count = repetitions((processor_time() - between) / 2, seconds);
    double step_times[ROUNDS], product_times[ROUNDS];
    for (int round = 0; round < ROUNDS && status == SW_OK; round++) {
        begun = processor_time();
        status = steps(&s, step_count);
        between = processor_time();
        products(&s, product_count);
        step_times[round] = (between - begun) / step_count;
        product_times[round] = (processor_time() - between) / product_count;
    }
    if (status != SW_OK) goto done;
    const sw_model_shape shape = {s.task->vocabulary, s.task->entities, s.task->tokens, s.task->classes};
    *out = (sw_bench_result){.step_seconds = median(step_times),
                             .gemm_seconds = median(product_times),
                             .flops = sw_model_flops(&s.config.model, &shape, sw_objective_max_rows(s.objective)),
                             .rows = sw_objective_max_rows(s.objective)};

done:
    release_subject(&s);
    return status;
}

sw_status sw_bench_peak(double *out)
{
    enum { N = 1024, TRIES = 7 };
    sw_arena *arena = NULL;
    sw_status status = sw_arena_create(&arena);
    if (status != SW_OK) return status;
    sw_real *a = sw_arena_alloc(arena, N * N, sizeof *a), *b = sw_arena_alloc(arena, N * N, sizeof *b);
    sw_real *c = sw_arena_alloc(arena, N * N, sizeof *c);
    if (!a || !b || !c) status = SW_E_MEMORY;
    double best = 0;
    for (int i = 0; i < TRIES && status == SW_OK; i++) {
        double begun = processor_time();
        sw_gemm_dense(SW_N, SW_N, N, N, N, 1, a, b, 0, c);
        double rate = 2.0 * N * N * N / (processor_time() - begun);
        if (rate > best) best = rate;
    }
    *out = best;
    sw_arena_destroy(arena);
    return status;
}
