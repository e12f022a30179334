/* latin.c: (x, y) -> a Latin square of order n, drawn nearly uniformly: the chain of Jacobson and Matthews ("Generating
 * uniformly distributed random Latin squares", J. Combin. Des. 4, 1996). docs/science.md says what is drawn. */
#include "tasks/task.h"

#include "symsweep/random.h"

#include <stdlib.h>

enum { ORDER_MOST = 128, VISITS = 4 };

static sw_status validate(const sw_task_config *config) {
    if (config->n >= 2 && config->n <= ORDER_MOST) return SW_OK;
    return sw_fail(SW_E_CONFIG, "task.n: expected 2 to %d for a Latin square, found %d", ORDER_MOST, config->n);
}

static sw_status shape(sw_task *task, const sw_task_config *config) {
    task->entities = task->classes = config->n;
    task->closed = true;
    return SW_OK;
}

/* A square as its incidence cube: a cell (x, y, z) is 1 where z is the label of (x, y), else 0, and lines along each of
 * the three axes sum to 1. An improper square has one cell of -1; the three lines through it have two cells of 1. */
typedef struct square {
    int32_t n;
    int32_t *z, *y,
        *x; /* [n, n] where a line has its 1: z of (x, y), y of (x, z), x of (y, z); one of two if improper */
    bool improper;
    int32_t cell[3];   /* x, y, z of the cell of -1 */
    int32_t second[3]; /* the other 1 of the lines through it, along x, y and z */
} square;

static void start_cyclic(square *s) {
    for (int32_t a = 0; a < s->n; a++)
        for (int32_t b = 0; b < s->n; b++) {
            const int32_t sum = (a + b) % s->n;
            s->z[a * s->n + b] = sum;
            s->y[a * s->n + sum] = b;
            s->x[b * s->n + sum] = a;
        }
}

/* Which of the two cells of 1 a line through the improper cell gives up; the other one stays where lines look. */
static int32_t choose(int32_t *line, int32_t second, bool take_second) {
    const int32_t first = *line;
    *line = take_second ? first : second;
    return take_second ? second : first;
}

/* Adds 1 to (x, y, z) and to the cells that differ from it in two coordinates, and subtracts it from the others of the
 * cube of (x, y, z) and (a, b, c), the cells of 1 that the lines through (x, y, z) give up. */
static void move(square *s, uint32_t seed, uint64_t number) {
    const uint64_t n = (uint64_t)s->n;
    const int32_t width = s->n;
    int32_t x, y, z, a, b, c;
    if (s->improper) {
        const uint64_t bits = sw_random_below(seed, SW_STREAM_TABLE, 0, number, 8);
        x = s->cell[0], y = s->cell[1], z = s->cell[2];
        a = choose(&s->x[y * width + z], s->second[0], (bits & 1u) != 0);
        b = choose(&s->y[x * width + z], s->second[1], (bits & 2u) != 0);
        c = choose(&s->z[x * width + y], s->second[2], (bits & 4u) != 0);
    } else {
        const uint64_t drawn = sw_random_below(seed, SW_STREAM_TABLE, 0, number, n * n * (n - 1));
        x = (int32_t)(drawn / (n * (n - 1)));
        y = (int32_t)(drawn / (n - 1) % n);
        c = s->z[x * width + y];
        z = (int32_t)(drawn % (n - 1));
        z += z >= c; /* a cell of 0 */
        a = s->x[y * width + z];
        b = s->y[x * width + z];
        s->x[y * width + z] = x;
        s->y[x * width + z] = y;
        s->z[x * width + y] = z;
    }
    s->z[x * width + b] = c;
    s->y[x * width + c] = b;
    s->z[a * width + y] = c;
    s->x[y * width + c] = a;
    s->y[a * width + z] = b;
    s->x[b * width + z] = a;
    s->improper = s->z[a * width + b] != c; /* (a, b, c) was 0: it is -1 now */
    if (s->improper) {
        s->cell[0] = a, s->cell[1] = b, s->cell[2] = c;
        s->second[0] = x, s->second[1] = y, s->second[2] = z;
    } else {
        s->z[a * width + b] = z;
        s->y[a * width + c] = y;
        s->x[b * width + c] = x;
    }
}

static sw_status fill(sw_task *task, int32_t *operand) {
    const int32_t n = task->entities;
    const size_t cells = (size_t)n * (size_t)n;
    uint64_t proper = 0;
    (void)operand; /* the table has every pair */
    square s = {.n = n, .z = task->true_label, .y = malloc(2 * cells * sizeof *s.y)};
    if (s.y == NULL) return sw_fail(SW_E_MEMORY, "no memory for a Latin square of order %d", n);
    s.x = s.y + cells;
    start_cyclic(&s);
    /* One in n squares is proper. Proper ones are counted, not moves: of those that moves are about to reach, squares
     * behind many improper ones come up too often. */
    for (uint64_t number = 0; proper < VISITS * cells; number++) {
        move(&s, task->config.table_seed, number);
        proper += !s.improper;
    }
    free(s.y);
    return SW_OK;
}

const sw_task_kind sw_task_latin = {.validate = validate, .shape = shape, .fill = fill};
