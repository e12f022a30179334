/* lipschitz.c: the Lipschitz prior, over pairs of inputs that differ in one operand.
 *
 * Draw j, attempt a, takes words i = 4 ((a << 32) + j) + {0, 1, 2} of stream LIPSCHITZ: an input of the table, which
 * operand changes, and which other entity it becomes (among all others, or the k nearest in ascending order of
 * embedding distance, ties by token). An input that is not in the table is drawn again. */
#include "symsweep/random.h"
#include "train/prior.h"

/* To find the nearest entities. */
typedef struct scratch {
    double *distance; /* [entities] */
    int32_t *nearest; /* [entities] */
} scratch;

/* Do two inputs of a table with holes differ in one operand? Where not one attempt in a million finds such a pair,
 * drawing them would not come to an end either. */
static bool has_pair(const sw_task *task) {
    enum { PROBES = 1 << 20 };
    for (uint64_t probe = 0; probe < PROBES; probe++) {
        int32_t operand[SW_OPERANDS_MAX];
        const size_t input = (size_t)sw_random_below(0, SW_STREAM_MEASURE, 1, 3 * probe, task->inputs);
        for (int32_t k = 0; k < task->operands; k++) operand[k] = sw_task_operand(task, input, k);
        const uint64_t k = sw_random_below(0, SW_STREAM_MEASURE, 1, 3 * probe + 1, (uint64_t)task->operands);
        const int32_t to =
            (int32_t)sw_random_below(0, SW_STREAM_MEASURE, 1, 3 * probe + 2, (uint64_t)task->entities - 1);
        operand[k] = to + (to >= operand[k]);
        if (sw_task_find(task, operand) >= 0) return true;
    }
    return false;
}

static sw_status create(sw_prior_term *term) {
    sw_arena *arena = term->arena;
    size_t pairs = (size_t)term->config->pairs_per_step, entities = (size_t)term->task->entities;
    scratch *work = term->work = sw_arena_alloc(arena, 1, sizeof *work);
    term->pairs = sw_arena_alloc(arena, pairs, sizeof *term->pairs);
    term->pair_inputs = sw_arena_alloc(arena, 2 * pairs, sizeof *term->pair_inputs);
    if (!work || !term->pairs || !term->pair_inputs) return SW_E_MEMORY;
    work->distance = sw_arena_alloc(arena, entities, sizeof *work->distance);
    work->nearest = sw_arena_alloc(arena, entities, sizeof *work->nearest);
    if (!work->distance || !work->nearest) return SW_E_MEMORY;
    if (entities < 2)
        return sw_fail(SW_E_CONFIG, "geometry.lipschitz: a task of one entity has no inputs that differ in an operand");
    if (term->task->listed && !has_pair(term->task))
        return sw_fail(SW_E_CONFIG,
                       "geometry.lipschitz: hardly any two inputs of the table differ in a single operand");
    return SW_OK;
}

static bool needs_model(const sw_prior_config *config) { return config->neighbors > 0; }

/* The row of E where the entities of operand k begin. */
static int32_t operand_base(const sw_prior_term *term, int k) {
    const sw_task *task = term->task;
    const int32_t token = task->separate && k > 0 ? task->vocabulary - (task->operands - k) * task->entities : 0;
    const int32_t place = task->relations > 0 ? 2 * k : k; /* a relation stands between operands */
    return sw_model_embedding_row(&term->run->model, task->vocabulary, place, token);
}

/* The rank-th nearest entity to `entity` (rank 0 = nearest other one) by embedding distance. */
static int32_t nearest_entity(sw_prior_term *term, const sw_real *E, int32_t base, int32_t entity, int32_t rank) {
    scratch *work = term->work;
    int32_t n = term->task->entities;
    size_t d = (size_t)sw_model_embedding_width(&term->run->model);
    const sw_real *block = E + (size_t)base * d, *from = block + (size_t)entity * d;
    for (int32_t e = 0; e < n; e++) {
        double sum = 0;
        for (size_t c = 0; c < d; c++) {
            double difference = (double)block[(size_t)e * d + c] - (double)from[c];
            sum += difference * difference;
        }
        work->distance[e] = sum;
    }
    int32_t kept = 0; /* insertion into the rank + 1 nearest so far: neighbors are few */
    for (int32_t e = 0; e < n; e++) {
        if (e == entity) continue;
        int32_t at = kept <= rank ? kept++ : rank + 1;
        while (at > 0 && work->distance[work->nearest[at - 1]] > work->distance[e]) {
            if (at <= rank) work->nearest[at] = work->nearest[at - 1];
            at--;
        }
        if (at <= rank) work->nearest[at] = e;
    }
    return work->nearest[rank];
}

/* One attempt; false when the changed input is not in the table. */
static bool draw_pair(sw_prior_term *term, size_t j, uint64_t attempt, const sw_real *E, int64_t t) {
    const sw_task *task = term->task;
    uint32_t seed = term->run->seed;
    uint64_t at = 4 * ((attempt << 32) + j), step = (uint64_t)t;
    int32_t input = (int32_t)sw_random_below(seed, SW_STREAM_LIPSCHITZ, step, at, task->inputs);
    int k = (int)sw_random_below(seed, SW_STREAM_LIPSCHITZ, step, at + 1, (uint64_t)task->operands);

    int32_t base = operand_base(term, k);
    int32_t operand[SW_OPERANDS_MAX];
    for (int32_t o = 0; o < task->operands; o++) operand[o] = sw_task_operand(task, (size_t)input, o);

    int32_t neighbors = term->config->neighbors, others = task->entities - 1;
    int32_t choices = neighbors > 0 && neighbors < others ? neighbors : others;
    int32_t rank = (int32_t)sw_random_below(seed, SW_STREAM_LIPSCHITZ, step, at + 2, (uint64_t)choices);
    int32_t from = operand[k];
    int32_t to = choices < others ? nearest_entity(term, E, base, from, rank) : rank + (rank >= from);
    operand[k] = to;
    int32_t other = task->operands == 2
                        ? sw_task_index(task, operand[0], operand[1], sw_task_relation(task, (size_t)input))
                        : sw_task_find(task, operand);
    if (other < 0) return false;
    term->pair_inputs[2 * j] = input;
    term->pair_inputs[2 * j + 1] = other;
    term->pairs[j].token[0] = base + from;
    term->pairs[j].token[1] = base + to;
    return true;
}

static void draw(sw_prior_term *term, sw_rows *rows, const sw_real *E, int64_t t) {
    term->pair_count = (size_t)term->config->pairs_per_step;
    for (size_t j = 0; j < term->pair_count; j++) {
        uint64_t attempt = 0;
        while (!draw_pair(term, j, attempt, E, t)) attempt++; /* ends: create has found a pair */
        for (size_t side = 0; side < 2; side++)
            term->pairs[j].row[side] = sw_rows_add(rows, term->pair_inputs[2 * j + side]);
    }
}

static sw_status add(double *value, sw_prior_term *term, const sw_prior_step *step) {
    const sw_prior_config *config = term->config;
    *value =
        sw_lipschitz_prior(term->pairs, term->pair_count, config->bound, step->logits, term->task->classes, step->E,
                           sw_model_embedding_width(&term->run->model), config->weight, step->dlogits, step->dE);
    return SW_OK;
}

const sw_prior sw_prior_lipschitz = {.create = create, .needs_model = needs_model, .draw = draw, .add = add};
