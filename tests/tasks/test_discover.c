/* test_discover.c: groups of tasks whose order is known, found within seconds; what is refused; files of symmetries. */
#include "symsweep/automorphism.h"
#include "symsweep/discover.h"
#include "symsweep/symmetry_family.h"
#include "symsweep/symmetry_file.h"
#include "symsweep/symmetry_text.h"
#include "tasks/schreier.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

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

/* What was found is known whatever the time; what was not, is looked for again; nothing is found without a search. */
static void test_time_limit(void **state) {
    (void)state;
    static const double none = -1, short_time = 1e-6, any = 0;
    sw_task_config config = {.kind = SW_TASK_MODULAR, .p = 17};
    const struct {
        double limit;
        size_t count;
        bool late;
    } asked[] = {{none, 0, false}, {short_time, 0, true}, {any, 3, false}, {1e6, 3, false}, {none, 0, false}};
    for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++) {
        sw_automorphism_facts facts;
        config.automorphism.time_limit = asked[i].limit;
        assert_int_equal(sw_automorphism_describe(&facts, &config), SW_OK);
        assert_int_equal(facts.count, asked[i].count);
        assert_int_equal(facts.late, asked[i].late);
        assert_int_equal(facts.reason[0] != '\0', asked[i].late);
    }
    config.p = 19; /* found before a shorter time is asked for */
    for (size_t i = 0; i < 2; i++) {
        sw_automorphism_facts facts;
        config.automorphism.time_limit = i == 0 ? any : short_time;
        assert_int_equal(sw_automorphism_describe(&facts, &config), SW_OK);
        assert_int_equal(facts.count, 3);
    }
}

/* A task, its table and its group. */
typedef struct fixture {
    sw_task *task;
    sw_symmetry_table table;
    sw_discovery group;
} fixture;

static fixture discover(sw_task_config config, sw_symmetry_scope scope) {
    fixture f = {.task = make(config)};
    assert_int_equal(sw_symmetry_table_create(&f.table, f.task), SW_OK);
    const sw_status status = sw_discover_group(&f.group, &f.table, scope, 0);
    if (status != SW_OK) fail_msg("%s", sw_fail_message());
    return f;
}

static void release(fixture *f) {
    sw_discover_release(&f->group);
    sw_symmetry_table_release(&f->table);
    sw_task_destroy(f->task);
}

/* The order of the group of a task. Each takes less than 2 s of a processor of its own; ten times as much is too long,
 * whatever else the machine does. */
static void check(const char *expected, sw_task_config config, sw_symmetry_scope scope) {
    const double before = children_seconds();
    fixture f = discover(config, scope);
    const double seconds = children_seconds() - before;
    printf("%6zu inputs, %s: order %s, %zu generators, %.2f s\n", f.table.inputs, sw_symmetry_scope_names[scope],
           f.group.order, f.group.count, seconds);
    assert_string_equal(f.group.order, expected);
    assert_true(fabs(f.group.order_log10 - log10(strtod(expected, NULL))) < 1e-12);
#ifndef __SANITIZE_ADDRESS__
    assert_true(seconds < 20);
#endif
    release(&f);
}

static sw_task_config modular(int32_t operation, int32_t p) {
    return (sw_task_config){.kind = SW_TASK_MODULAR, .operation = operation, .p = p};
}

static void orders_are_known(void **state) {
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
    const sw_task_config random = {.kind = SW_TASK_PLANTED, .n = 113, .symmetry_order = 1, .table_seed = 1};
    check("1", random, SW_SYMMETRY_FREE);
    check("1", random, SW_SYMMETRY_TIED);
}

static const sw_task_config s3 = {.kind = SW_TASK_GROUP, .group = SW_GROUP_SYMMETRIC, .n = 3};

static void a_search_ends_at_its_limit(void **state) {
    (void)state;
    sw_task *task = make(modular(SW_OP_ADD, 211));
    sw_symmetry_table table;
    sw_discovery group;
    assert_int_equal(sw_symmetry_table_create(&table, task), SW_OK);
    assert_int_equal(sw_discover_group(&group, &table, SW_SYMMETRY_FREE, 0.02), SW_E_INTERRUPTED);
    assert_string_equal(sw_fail_message(), "the symmetries of 44521 inputs were not found in 0.02 s");
    assert_null(group.order);
    sw_symmetry_table_release(&table);
    sw_task_destroy(task);
    check("588", modular(SW_OP_ADD, 7), SW_SYMMETRY_FREE);
}

static void too_large_a_graph_is_refused(void **state) {
    (void)state;
    sw_discovery group;
    const sw_symmetry_table table = {.shape = {.positions = 2}, .inputs = 10000001};
    assert_int_equal(sw_discover_group(&group, &table, SW_SYMMETRY_FREE, 0), SW_E_CONFIG);
    assert_non_null(strstr(sw_fail_message(), "10000001 inputs makes a graph of 30000003 edges"));
    assert_non_null(strstr(sw_fail_message(), "at most 30000000"));
}

/* Whatever generates the group: random elements of it give the generators that Traces' gave. */
static void generators_depend_on_the_group_alone(void **state) {
    (void)state;
    const sw_task_config configs[] = {modular(SW_OP_ADD, 11), modular(SW_OP_MUL, 11), s3};
    for (size_t i = 0; i < 2 * sizeof configs / sizeof configs[0]; i++) {
        fixture f = discover(configs[i / 2], (sw_symmetry_scope)(i % 2));
        const size_t length = (size_t)f.table.shape.length;
        for (uint32_t seed = 1; seed <= 5; seed++) {
            enum { ELEMENTS = 12 };
            int32_t *maps = malloc(ELEMENTS * length * sizeof *maps), *generators;
            size_t count;
            sw_symmetry_random *random;
            sw_schreier_order order = {0};
            char *digits;
            assert_int_equal(
                sw_symmetry_random_create(&random, &f.table.shape, f.group.generators, f.group.count, seed), SW_OK);
            for (size_t k = 0; k < ELEMENTS; k++)
                memcpy(maps + k * length, sw_symmetry_random_next(random), length * sizeof *maps);
            sw_symmetry_random_destroy(random);
            assert_int_equal(sw_schreier_solve(&order, &generators, &count, &f.table.shape, maps, ELEMENTS,
                                               f.group.order_log10 * log(10.0)),
                             SW_OK);
            assert_int_equal(sw_schreier_digits(&digits, &order), SW_OK);
            assert_string_equal(digits, f.group.order);
            assert_int_equal(count, f.group.count);
            assert_memory_equal(generators, f.group.generators, count * length * sizeof *maps);
            sw_schreier_release(&order);
            free(digits);
            free(generators);
            free(maps);
        }
        release(&f);
    }
}

static void an_order_that_is_not_the_generators_is_an_error(void **state) {
    (void)state;
    fixture f = discover(modular(SW_OP_ADD, 11), SW_SYMMETRY_FREE);
    const double right = f.group.order_log10 * log(10.0), wrong[] = {right + log(2), right - log(2), right + 1e-5};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        sw_schreier_order order = {0};
        int32_t *generators;
        size_t count;
        assert_int_equal(
            sw_schreier_solve(&order, &generators, &count, &f.table.shape, f.group.generators, f.group.count, wrong[i]),
            SW_E_NUMERIC);
        assert_non_null(strstr(sw_fail_message(), "internal error"));
        sw_schreier_release(&order);
        free(generators);
    }
    release(&f);
}

static void a_map_that_is_no_symmetry_is_found(void **state) {
    (void)state;
    fixture f = discover(modular(SW_OP_ADD, 7), SW_SYMMETRY_FREE);
    const sw_symmetry_shape *shape = &f.table.shape;
    int32_t map[64];
    sw_symmetry_identity(map, shape);
    assert_int_equal(sw_symmetry_check(&f.table, map, SW_SYMMETRY_TIED), SW_OK);
    const struct {
        int32_t entry, value, other_entry, other_value;
        const char *said;
    } wrong[] = {
        {0, 1, 1, 1, "positions: expected a permutation of 0..1"},
        {shape->start[1], 1, shape->start[1] + 1, 1, "tokens of position 1: expected a permutation of 0..6"},
        {shape->start[0], -1, shape->start[0] + 1, 0, "tokens of position 0"},
        {shape->class_start, 7, shape->class_start + 1, 0, "classes: expected a permutation of 0..6"},
        {shape->class_start, 1, shape->class_start + 1, 0, "takes input 0 to input 0 and its label to class 1"},
        {shape->start[0], 1, shape->start[0] + 1, 0, "takes input 0 to input 7"}};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        sw_symmetry_identity(map, shape);
        map[wrong[i].entry] = wrong[i].value;
        map[wrong[i].other_entry] = wrong[i].other_value;
        assert_int_equal(sw_symmetry_check(&f.table, map, SW_SYMMETRY_FREE), SW_E_CONFIG);
        if (strstr(sw_fail_message(), wrong[i].said) == NULL) fail_msg("%s", sw_fail_message());
    }
    for (int32_t t = 0; t < 7; t++) { /* x + 1, c + 1: a symmetry, but not tied */
        sw_symmetry_identity(map, shape);
        for (int32_t e = 0; e < 7; e++) map[shape->start[0] + e] = map[shape->class_start + e] = (e + t) % 7;
        assert_int_equal(sw_symmetry_check(&f.table, map, SW_SYMMETRY_FREE), SW_OK);
        assert_int_equal(sw_symmetry_check(&f.table, map, SW_SYMMETRY_TIED), t == 0 ? SW_OK : SW_E_CONFIG);
    }
    release(&f);
    sw_task *division = make(modular(SW_OP_DIV, 7)); /* y = 0 is not in the table */
    assert_int_equal(sw_symmetry_table_create(&f.table, division), SW_OK);
    sw_symmetry_identity(map, &f.table.shape);
    map[f.table.shape.start[1]] = 1;
    map[f.table.shape.start[1] + 1] = 0;
    assert_int_equal(sw_symmetry_check(&f.table, map, SW_SYMMETRY_FREE), SW_E_CONFIG);
    assert_non_null(strstr(sw_fail_message(), "it takes input 0 out of it"));
    sw_symmetry_table_release(&f.table);
    sw_task_destroy(division);
}

static void maps_compose(void **state) {
    (void)state;
    fixture f = discover(s3, SW_SYMMETRY_FREE);
    const sw_symmetry_shape *shape = &f.table.shape;
    int32_t first[64], inverse[64], product[64], unit[64];
    sw_symmetry_random *random;
    assert_int_equal(sw_symmetry_random_create(&random, shape, f.group.generators, f.group.count, 3), SW_OK);
    sw_symmetry_identity(unit, shape);
    for (int i = 0; i < 50; i++) {
        const size_t bytes = (size_t)shape->length * sizeof *first;
        memcpy(first, sw_symmetry_random_next(random), bytes);
        const int32_t *second = sw_symmetry_random_next(random);
        sw_symmetry_compose(product, shape, first, second);
        for (size_t k = 0; k < f.table.inputs; k++)
            assert_int_equal(sw_symmetry_image(&f.table, product, k),
                             sw_symmetry_image(&f.table, second, (size_t)sw_symmetry_image(&f.table, first, k)));
        sw_symmetry_invert(inverse, shape, first);
        sw_symmetry_compose(product, shape, first, inverse);
        assert_memory_equal(product, unit, bytes);
    }
    sw_symmetry_random_destroy(random);
    assert_int_equal(sw_symmetry_random_create(&random, shape, NULL, 0, 3), SW_OK); /* the trivial group */
    assert_memory_equal(sw_symmetry_random_next(random), unit, (size_t)shape->length * sizeof *unit);
    sw_symmetry_random_destroy(random);
    release(&f);
}

static void derivable_is_a_share_of_test_inputs(void **state) {
    (void)state;
    const int32_t orbit[] = {0, 0, 2, 2, 4, 5};
    const int8_t split[] = {1, 0, 0, 0, 1, 0}, all[] = {1, 1, 1, 1, 1, 1}, none[] = {0, 0, 0, 0, 0, 0};
    const sw_symmetry_table table = {.inputs = 6};
    assert_true(sw_symmetry_derivable(orbit, split, &table, NULL, 0) == 0.25);
    assert_true(isnan(sw_symmetry_derivable(orbit, all, &table, NULL, 0)));
    assert_true(sw_symmetry_derivable(orbit, none, &table, NULL, 0) == 0);
}

/* ---- files ---- */

static sw_status read_text(size_t *count, const fixture *f, const char *text, sw_symmetry_scope scope) {
    char path[] = "/tmp/symsweep-symmetry-XXXXXX";
    const int descriptor = mkstemp(path);
    int32_t *maps = NULL;
    assert_true(descriptor >= 0);
    assert_int_equal(write(descriptor, text, strlen(text)), strlen(text));
    close(descriptor);
    const sw_status status = sw_symmetry_file_read(&maps, count, path, NULL, &f->table, scope);
    if (status == SW_OK && *count > 0) {
        const size_t bytes = (size_t)f->table.shape.length * sizeof *maps;
        assert_memory_equal(maps + (*count - 1) * (size_t)f->table.shape.length, f->group.generators, bytes);
    }
    if (status != SW_OK) assert_null(maps);
    free(maps);
    unlink(path);
    return status;
}

/* Addition modulo 3; the first generator exchanges the operands. */
#define SWAP "{\"positions\":[1,0],\"tokens\":[[0,1,2],[0,1,2]],\"classes\":[0,1,2]}"

static void files_are_read(void **state) {
    (void)state;
    fixture f = discover(modular(SW_OP_ADD, 3), SW_SYMMETRY_FREE);
    const struct {
        const char *text;
        size_t count;
    } right[] = {
        {"{\"generators\":[" SWAP "]}", 1},
        {"\xef\xbb\xbf[" SWAP "]\r\n", 1},
        {"[]", 0},
        {" {\"order\": \"36\", \"x\": [{\"generators\": 1.5e3}, null, -2, \"\\\"]\"],\n\"generators\" : [ " SWAP
         " , " SWAP " ] } ",
         2},
        {"[{\"note\": \"the\\\"swap\", \"classes\":[0,1,2], \"tokens\":[[0,1,2],[0,1,2]], \"positions\":[1,0]}]", 1},
    };
    for (size_t i = 0; i < sizeof right / sizeof right[0]; i++) {
        size_t count;
        if (read_text(&count, &f, right[i].text, SW_SYMMETRY_TIED) != SW_OK) fail_msg("%s", sw_fail_message());
        assert_int_equal(count, right[i].count);
    }
    release(&f);
}

static void texts_say_what_moves(void **state) {
    (void)state;
    fixture f = discover(modular(SW_OP_ADD, 3), SW_SYMMETRY_FREE);
    char text[SW_SYMMETRY_TEXT];
    sw_symmetry_text(text, f.task, &f.table.shape, f.group.generators);
    assert_string_equal(text, "swaps x and y");
    sw_symmetry_identity(f.group.generators, &f.table.shape);
    sw_symmetry_text(text, f.task, &f.table.shape, f.group.generators);
    assert_string_equal(text, "moves nothing");
    release(&f);
}

static void broken_files_are_refused(void **state) {
    (void)state;
    fixture f = discover(modular(SW_OP_ADD, 3), SW_SYMMETRY_FREE);
    static const struct {
        const char *text, *said;
    } broken[] = {
        {"", ":1: expected an object, found the end of the file"},
        {"{}", "expected a member \"generators\""},
        {"{\"generators\":[" SWAP "]", "expected , or } in an object"},
        {"{\"generators\":[" SWAP, "expected , or ] in a list"},
        {"{\"generators\":[" SWAP "]} x", "expected the end of the file, found 'x'"},
        {"{\"generators\":3}", "expected a list, found '3}'"},
        {"{generators:[]}", "expected a text in quotes"},
        {"{\"generators\" []}", "expected : behind a key"},
        {"{\"generators", "expected the end of a text"},
        {"{\"a\": }", "expected a value"},
        {"[\n\n7]", ":3: expected an object, found '7]'"},
        {"[{}]", "generator 0: expected \"positions\""},
        {"[" SWAP ",{\"positions\":[0,1],\"tokens\":[[0,1,2],[0,1,2]]}]", "generator 1: expected \"positions\""},
        {"[{\"positions\":[0,1],\"tokens\":[[0,1,2]],\"classes\":[0,1,2]}]", "\"tokens\" of 2 positions"},
        {"[{\"positions\":[0,1],\"tokens\":[[],[],[]],\"classes\":[0,1,2]}]", "expected a list of 3 numbers, found 0"},
        {"[{\"positions\":[0,1],\"tokens\":[[0,1,2],[0,1,2],[0]]}]", "\"tokens\" of 2 positions, found more"},
        {"[{\"positions\":[0,1,2]}]", "expected a list of 2 numbers, found more"},
        {"[{\"positions\":[1]}]", "expected a list of 2 numbers, found 1"},
        {"[{\"positions\":[0,-1]}]", "expected a number from 0, found '-1]}]'"},
        {"[{\"positions\":[0,1.5]}]", "expected a number from 0"},
        {"[{\"positions\":[0,99999999999]}]", "expected a number from 0"},
        {"[{\"positions\":[0,1],\"tokens\":[[0,1,2],[0,1,1]],\"classes\":[0,1,2]}]",
         "generator 0: tokens of position 1: expected a permutation of 0..2"},
        {"[" SWAP ",{\"positions\":[0,1],\"tokens\":[[1,2,0],[1,2,0]],\"classes\":[0,1,2]}]",
         "generator 1: no symmetry of the table: it takes input 0 to input 4 and its label to class 0, but that input "
         "has "
         "label 2"},
        {"[{\"positions\":[0,1],\"tokens\":[[1,2,0],[0,1,2]],\"classes\":[1,2,0]}]",
         "scope tied needs one permutation"},
    };
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        size_t count;
        assert_int_equal(read_text(&count, &f, broken[i].text, SW_SYMMETRY_TIED), SW_E_CONFIG);
        if (strstr(sw_fail_message(), broken[i].said) == NULL) fail_msg("%zu: %s", i, sw_fail_message());
        assert_non_null(strstr(sw_fail_message(), "/tmp/symsweep-symmetry-"));
    }
    char deep[300] = {0};
    size_t count;
    memset(deep, '[', 200);
    deep[0] = '{';
    memcpy(deep + 1, "\"a\":", 4);
    assert_int_equal(read_text(&count, &f, deep, SW_SYMMETRY_FREE), SW_E_CONFIG);
    assert_non_null(strstr(sw_fail_message(), "not nested so deep"));
    int32_t *maps;
    assert_int_equal(sw_symmetry_file_read(&maps, &count, "/nowhere/g.json", NULL, &f.table, SW_SYMMETRY_FREE),
                     SW_E_IO);
    release(&f);
}

static void families_are_judged_on_the_table(void **state) {
    (void)state;
    fixture f = discover(modular(SW_OP_ADD, 11), SW_SYMMETRY_FREE);
    static const struct {
        sw_family_id family;
        sw_symmetry_verdict free, tied;
    } expected[] = {{SW_FAMILY_COMMUTATIVITY, SW_SYMMETRY_WITHIN, SW_SYMMETRY_WITHIN},
                    {SW_FAMILY_TRANSLATION, SW_SYMMETRY_WITHIN, SW_SYMMETRY_UNTIED},
                    {SW_FAMILY_SCALING, SW_SYMMETRY_WITHIN, SW_SYMMETRY_WITHIN},
                    {SW_FAMILY_ASSOCIATIVITY, SW_SYMMETRY_OTHER, SW_SYMMETRY_OTHER},
                    {SW_FAMILY_LABEL_PAIRS, SW_SYMMETRY_OTHER, SW_SYMMETRY_OTHER},
                    {SW_FAMILY_TRIANGLE, SW_SYMMETRY_MISSING, SW_SYMMETRY_MISSING}};
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        sw_symmetry_verdict free, tied;
        assert_int_equal(sw_symmetry_family(&free, f.task, &f.table, expected[i].family, SW_SYMMETRY_FREE), SW_OK);
        assert_int_equal(sw_symmetry_family(&tied, f.task, &f.table, expected[i].family, SW_SYMMETRY_TIED), SW_OK);
        assert_int_equal(free, expected[i].free);
        assert_int_equal(tied, expected[i].tied);
    }
    /* One label that does not follow: the families stay defined, and are false. */
    sw_symmetry_verdict verdict;
    f.task->true_label[5] = (f.task->true_label[5] + 1) % 11;
    assert_int_equal(sw_symmetry_family(&verdict, f.task, &f.table, SW_FAMILY_TRANSLATION, SW_SYMMETRY_FREE), SW_OK);
    assert_int_equal(verdict, SW_SYMMETRY_FALSE);
    release(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_time_limit),
        cmocka_unit_test(orders_are_known),
        cmocka_unit_test(a_search_ends_at_its_limit),
        cmocka_unit_test(too_large_a_graph_is_refused),
        cmocka_unit_test(generators_depend_on_the_group_alone),
        cmocka_unit_test(an_order_that_is_not_the_generators_is_an_error),
        cmocka_unit_test(a_map_that_is_no_symmetry_is_found),
        cmocka_unit_test(maps_compose),
        cmocka_unit_test(derivable_is_a_share_of_test_inputs),
        cmocka_unit_test(files_are_read),
        cmocka_unit_test(broken_files_are_refused),
        cmocka_unit_test(texts_say_what_moves),
        cmocka_unit_test(families_are_judged_on_the_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
