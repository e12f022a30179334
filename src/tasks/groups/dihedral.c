/* dihedral.c: rotations and reflections of an n-gon: r^0 .. r^(n-1), then r^0 s .. r^(n-1) s, with s r s = r^-1. */
#include "tasks/group.h"

#include <math.h>

static const double two_pi = 6.283185307179586476925286766559;

static sw_status validate(const sw_task_config *config) { return sw_group_check_n(config, SW_TASK_ENTITIES_MAX / 2); }

/* Non-trivial characters of degree 1, where the group is not abelian. */
static int32_t linear_characters(int32_t n) { return n % 2 == 0 ? 3 : 1; }

static void shape(sw_task *task, const sw_task_config *config) {
    const int32_t n = config->n;
    task->coordinate_count = 2;
    if (n <= 2) { /* Z_1 x Z_2 and Z_2 x Z_2 */
        task->factor_count = 2;
        task->factor[0] = n;
        task->factor[1] = 2;
    } else {
        task->entities = 2 * n;
        task->characters = linear_characters(n) + (n - 1) / 2;
    }
}

/* k and f of r^k s^f. */
static void coordinates(int32_t *out, const sw_task *task, int32_t e) {
    out[0] = e % task->config.n;
    out[1] = e / task->config.n;
}

/* r^k s^f r^l s^m = r^(k + l) s^(f + m), or k - l where f = 1. */
static int32_t multiply(const sw_task *task, const int32_t *g, const int32_t *h) {
    const int32_t n = task->config.n;
    const int32_t turn = g[1] == 0 ? g[0] + h[0] : g[0] - h[0] + n;
    return (g[1] + h[1]) % 2 * n + turn % n;
}

/* The sign (-1)^f; for even n (-1)^k and (-1)^(k + f); then 2 cos(2 pi j k / n) on rotations, 0 on reflections, for
 * j = 1, 2, ... < n/2. */
static double character(const sw_task *task, int32_t line, const int32_t *g) {
    const int32_t n = task->config.n, k = g[0], f = g[1];
    const double sign_k = k % 2 == 0 ? 1 : -1, sign_f = f == 0 ? 1 : -1;
    if (line == 0) return sign_f;
    const int32_t linear = linear_characters(n);
    if (line < linear) return line == 1 ? sign_k : sign_k * sign_f;
    const int32_t j = line - linear + 1;
    return f == 0 ? 2 * cos(two_pi * (double)j * (double)k / n) : 0;
}

const sw_group sw_group_dihedral = {
    .validate = validate,
    .shape = shape,
    .coordinates = coordinates,
    .multiply = multiply,
    .character = character,
};
