/* test_discover.c: groups of tasks whose order is known, found within seconds, always alike. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "symsweep/discover.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

/* Processor seconds of the children so far: the machine may be busy with other things. */
static double children_seconds(void) {
    struct rusage usage;
    getrusage(RUSAGE_CHILDREN, &usage);
    return (double)usage.ru_utime.tv_sec + 1e-6 * (double)usage.ru_utime.tv_usec + (double)usage.ru_stime.tv_sec +
           1e-6 * (double)usage.ru_stime.tv_usec;
}

static sw_task *make(sw_task_config config) {
    sw_task *task = NULL;
    const sw_model_config model = {.kind = SW_MODEL_TRANSFORMER, .readout_token = true};
    assert_int_equal(sw_task_create(&task, &config, &model, 0), SW_OK);
    return task;
}

/* The order of the group of a task. */
static void check(const char *expected, sw_task_config config, sw_symmetry_scope scope) {
    sw_symmetry_table table;
    sw_discovery found;
    sw_task *task = make(config);
    const double before = children_seconds();
    assert_int_equal(sw_symmetry_table_create(&table, task), SW_OK);
    const sw_status status = sw_discover_group(&found, &table, scope, 120);
    if (status != SW_OK) fail_msg("%s", sw_fail_message());
    printf("%10zu inputs %s: %s, %zu generators, %.2f s\n", table.inputs, sw_symmetry_scope_names[scope], found.order,
           found.count, children_seconds() - before);
    assert_string_equal(found.order, expected);
    sw_discover_release(&found);
    sw_symmetry_table_release(&table);
    sw_task_destroy(task);
}

static sw_task_config modular(int32_t operation, int32_t p) {
    return (sw_task_config){.kind = SW_TASK_MODULAR, .operation = operation, .p = p};
}

static void test_known_orders(void **state) {
    (void)state;
    check("2860256", modular(SW_OP_ADD, 113), SW_SYMMETRY_FREE);
    check("25312", modular(SW_OP_ADD, 113), SW_SYMMETRY_TIED);
    check("57660", modular(SW_OP_ADD, 31), SW_SYMMETRY_FREE);
    check("1204224", modular(SW_OP_MUL, 113), SW_SYMMETRY_FREE);
    check("224", modular(SW_OP_QUADRATIC, 113), SW_SYMMETRY_FREE);
    check("58", modular(SW_OP_CUBIC, 59), SW_SYMMETRY_FREE);
    check("1", modular(SW_OP_CUBIC, 59), SW_SYMMETRY_TIED);
    const sw_task_config s5 = {.kind = SW_TASK_GROUP, .group = SW_GROUP_SYMMETRIC, .n = 5};
    check("3456000", s5, SW_SYMMETRY_FREE);
    check("240", s5, SW_SYMMETRY_TIED);
    const sw_task_config cycle = {.kind = SW_TASK_GRAPH, .graph = SW_GRAPH_CYCLE, .nodes = 64};
    check("8192", cycle, SW_SYMMETRY_FREE);
    check("4096", cycle, SW_SYMMETRY_TIED);
    const sw_task_config path = {.kind = SW_TASK_GRAPH, .graph = SW_GRAPH_PATH, .nodes = 64};
    check("4", path, SW_SYMMETRY_FREE);
    check("4", path, SW_SYMMETRY_TIED);
    const sw_task_config three_way = {
        .kind = SW_TASK_COMPARISON, .form = SW_FORM_THREE_WAY, .side_count = 1, .sides = {49}};
    check("4", three_way, SW_SYMMETRY_FREE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_orders),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
