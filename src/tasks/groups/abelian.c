/* abelian.c: cyclic n, the residues 0 .. n-1 under addition modulo n, and products of such groups: tuples of residues,
 * row-major (the last factor runs fastest). */
#include "tasks/group.h"

static sw_status check_cyclic(const sw_task_config *config) { return sw_group_check_n(config, SW_TASK_ENTITIES_MAX); }

static sw_status check_factors(const sw_task_config *config) {
    int64_t order = 1;
    if (config->factor_count < 1 || config->factor_count > SW_FACTORS_MAX) {
        return sw_fail(SW_E_CONFIG, "task.factors: expected 1 to %d factors, found %d", SW_FACTORS_MAX,
                       config->factor_count);
    }
    for (int32_t k = 0; k < config->factor_count; k++) {
        if (config->factors[k] < 1 || config->factors[k] > SW_TASK_ENTITIES_MAX) {
            return sw_fail(SW_E_CONFIG, "task.factors: expected orders of 1 to %d, found %d", SW_TASK_ENTITIES_MAX,
                           config->factors[k]);
        }
        order *= config->factors[k];
        sw_status status = sw_task_check_size(order, 0, "task.factors");
        if (status != SW_OK) return status;
    }
    return SW_OK;
}

static void shape_cyclic(sw_task *task, const sw_task_config *config) {
    task->coordinate_count = task->factor_count = 1;
    task->factor[0] = config->n;
}

static void shape_product(sw_task *task, const sw_task_config *config) {
    task->coordinate_count = task->factor_count = config->factor_count;
    for (int32_t k = 0; k < config->factor_count; k++) task->factor[k] = config->factors[k];
}

static void coordinates(int32_t *out, const sw_task *task, int32_t e) {
    for (int32_t k = task->factor_count - 1; k >= 0; k--) {
        out[k] = e % task->factor[k];
        e /= task->factor[k];
    }
}

static int32_t multiply(const sw_task *task, const int32_t *g, const int32_t *h) {
    int32_t e = 0;
    for (int32_t k = 0; k < task->factor_count; k++) e = e * task->factor[k] + (g[k] + h[k]) % task->factor[k];
    return e;
}

const sw_group sw_group_cyclic = {
    .validate = check_cyclic, .shape = shape_cyclic, .coordinates = coordinates, .multiply = multiply};
const sw_group sw_group_product = {
    .validate = check_factors, .shape = shape_product, .coordinates = coordinates, .multiply = multiply};
