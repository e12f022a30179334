#include "train/lipschitz.h"

#include "symsweep/random.h"

sw_status sw_lipschitz_create(sw_lipschitz_draw *draw, const sw_run_config *config, const sw_task *task,
                              sw_arena *arena)
{
    *draw = (sw_lipschitz_draw){
        .config = config, .task = task, .capacity = (size_t)config->geometry[SW_PRIOR_LIPSCHITZ].pairs_per_step};
    draw->pairs = sw_arena_alloc(arena, draw->capacity, sizeof *draw->pairs);
    draw->inputs = sw_arena_alloc(arena, 2 * draw->capacity, sizeof *draw->inputs);
    draw->distance = sw_arena_alloc(arena, (size_t)task->entities, sizeof *draw->distance);
    draw->nearest = sw_arena_alloc(arena, (size_t)task->entities, sizeof *draw->nearest);
    if (!draw->pairs || !draw->inputs || !draw->distance || !draw->nearest) return SW_E_MEMORY;
    if (task->entities < 2)
        return sw_fail(SW_E_CONFIG, "geometry.lipschitz: a task of one entity has no inputs that differ in an operand");
    return SW_OK;
}

/* First token of the block that holds the entities of operand k. */
static int32_t operand_base(const sw_task *task, int k)
{
    return task->separate && k > 0 ? task->vocabulary - (task->operands - k) * task->entities : 0;
}

/* The rank-th nearest entity to `entity` (rank 0 = nearest other one) by embedding distance. */
static int32_t nearest_entity(sw_lipschitz_draw *draw, const sw_real *embedding, int32_t base, int32_t entity,
                              int32_t rank)
{
    int32_t n = draw->task->entities;
    size_t d = (size_t)draw->config->model.d_model;
    const sw_real *block = embedding + (size_t)base * d, *from = block + (size_t)entity * d;
    for (int32_t e = 0; e < n; e++) {
        double sum = 0;
        for (size_t c = 0; c < d; c++) {
            double difference = (double)block[(size_t)e * d + c] - (double)from[c];
            sum += difference * difference;
        }
        draw->distance[e] = sum;
    }
    int32_t kept = 0; /* insertion into the rank + 1 nearest so far: neighbors are few */
    for (int32_t e = 0; e < n; e++) {
        if (e == entity) continue;
        int32_t at = kept <= rank ? kept++ : rank + 1;
        while (at > 0 && draw->distance[draw->nearest[at - 1]] > draw->distance[e]) {
            if (at <= rank) draw->nearest[at] = draw->nearest[at - 1];
            at--;
        }
        if (at <= rank) draw->nearest[at] = e;
    }
    return draw->nearest[rank];
}

/* One attempt; false when the changed input is not in the table. */
static bool draw_pair(sw_lipschitz_draw *draw, size_t j, uint64_t attempt, const sw_real *embedding, int64_t t)
{
    const sw_task *task = draw->task;
    uint32_t seed = draw->config->seed;
    uint64_t at = 4 * ((attempt << 32) + j), step = (uint64_t)t;
    int32_t input = (int32_t)sw_random_below(seed, SW_STREAM_LIPSCHITZ, step, at, task->inputs);
    int k = (int)sw_random_below(seed, SW_STREAM_LIPSCHITZ, step, at + 1, (uint64_t)task->operands);

    int32_t base = operand_base(task, k);
    int32_t operand[2] = {sw_task_operand(task, (size_t)input, 0), sw_task_operand(task, (size_t)input, 1)};

    int32_t neighbors = draw->config->geometry[SW_PRIOR_LIPSCHITZ].neighbors, others = task->entities - 1;
    int32_t choices = neighbors > 0 && neighbors < others ? neighbors : others;
    int32_t rank = (int32_t)sw_random_below(seed, SW_STREAM_LIPSCHITZ, step, at + 2, (uint64_t)choices);
    int32_t from = operand[k];
    int32_t to = choices < others ? nearest_entity(draw, embedding, base, from, rank) : rank + (rank >= from);
    operand[k] = to;
    int32_t other = sw_task_index(task, operand[0], operand[1], sw_task_relation(task, (size_t)input));
    if (other < 0) return false;
    draw->inputs[2 * j] = input;
    draw->inputs[2 * j + 1] = other;
    draw->pairs[j].token[0] = base + from;
    draw->pairs[j].token[1] = base + to;
    return true;
}

void sw_lipschitz_step(sw_lipschitz_draw *draw, sw_rows *rows, const sw_real *embedding, int64_t t)
{
    for (size_t j = 0; j < draw->capacity; j++) {
        uint64_t attempt = 0;
        while (!draw_pair(draw, j, attempt, embedding, t)) attempt++; /* div: y = 0 is the only hole */
        for (int side = 0; side < 2; side++)
            draw->pairs[j].row[side] = sw_rows_add(rows, draw->inputs[2 * j + (size_t)side]);
    }
    draw->count = draw->capacity;
}
