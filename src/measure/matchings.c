/* matchings.c: pairs of entities, in sets without a common one. */
#include "measure/matchings.h"

#include "symsweep/random.h"

#include <assert.h>

bool sw_matchings_apply(const sw_task *task) {
    return task->operands == 2 && task->inputs == (size_t)task->entities * (size_t)task->entities;
}

static size_t odd(const sw_task *task) { return (size_t)(task->entities % 2 ? task->entities : task->entities - 1); }

sw_status sw_matchings_create(sw_matchings *out, const sw_task *task, sw_arena *arena) {
    const size_t n = (size_t)task->entities;
    *out = (sw_matchings){.task = task, .count = 2 * odd(task), .pairs = n / 2};
    out->order = sw_arena_alloc(arena, n, sizeof *out->order);
    if (!out->order) return SW_E_MEMORY;
    sw_random_permutation(out->order, n, 0, SW_STREAM_MEASURE, 0);
    return SW_OK;
}

/* Places i and j of `order` with i + j = k mod q, q = n or n - 1, whichever is odd, and when n is even the place left
 * over with the last. The first q matchings have each pair in one order, the others in the other one. */
void sw_matchings_get(int32_t *input, const sw_matchings *m, size_t k) {
    const size_t n = (size_t)m->task->entities, q = odd(m->task);
    size_t count = 0;
    for (size_t i = 0; i < q; i++) {
        size_t j = (k % q + q - i) % q;
        if (j == i && q < n) j = q;
        if (j <= i) continue;
        const int32_t a = m->order[k < q ? i : j], b = m->order[k < q ? j : i];
        input[count++] = (int32_t)sw_task_index(m->task, a, b, -1);
    }
    assert(count == m->pairs);
}
