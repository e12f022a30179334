/* test_config.c: the parser, the axes and the way of a configuration to JSON and back. */
#include "parse.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- names and defaults ---- */

static void names_follow_the_file(void **state) {
    (void)state;
    parsed p = parse("{" BASE "}", SW_OK);
    assert_string_equal(sw_sweep_name(p.sweep), "file");
    assert_string_equal(sw_sweep_output(p.sweep), "folder/file.h5");
    assert_int_equal(sw_sweep_run_count(p.sweep), 1);
    assert_int_equal(sw_sweep_axis_count(p.sweep), 0);
    discard(&p);
    p = parse("{\"name\": \"a\", " BASE "}", SW_OK);
    assert_string_equal(sw_sweep_output(p.sweep), "folder/a.h5");
    discard(&p);
    p = parse("{\"name\": \"a\", \"output\": \"/tmp/b.h5\", " BASE "}", SW_OK);
    assert_string_equal(sw_sweep_output(p.sweep), "/tmp/b.h5");
    discard(&p);
    p = parse("{\"output\": \"sub/b.h5\", " BASE "}", SW_OK);
    assert_string_equal(sw_sweep_output(p.sweep), "folder/sub/b.h5");
    discard(&p);
}

static void text_is_kept_byte_for_byte(void **state) {
    (void)state;
    const char *text = "\xef\xbb\xbf {\r\n \"name\":\t\"\xc3\xb6\\u00e4\", " BASE " }\n\n";
    parsed p = parse(text, SW_OK);
    size_t length;
    const char *kept = sw_sweep_text(p.sweep, &length);
    assert_int_equal(length, strlen(text));
    assert_memory_equal(kept, text, length);
    assert_string_equal(sw_sweep_name(p.sweep), "\xc3\xb6\xc3\xa4");
    discard(&p);
}

static void defaults_depend_on_other_keys(void **state) {
    (void)state;
    sw_run_config c;
    parsed p = parse("{\"run\": {\"task\": {\"kind\": \"graph\", \"graph\": \"grid3d\"}, \"seed\": 7, "
                     "\"model\": {\"d_model\": 96, \"heads\": 3}}}",
                     SW_OK);
    resolve(&c, &p, 0);
    assert_int_equal(c.task.side_count, 3);
    assert_int_equal(c.task.sides[2], 7);
    assert_int_equal(c.model.d_head, 32);
    assert_int_equal(c.model.d_mlp, 384);
    assert_int_equal(c.data_seed, 7);
    assert_int_equal(c.phase.family, SW_FAMILY_TRIANGLE);
    discard(&p);
    p = parse("{\"run\": {\"task\": {\"kind\": \"group\", \"group\": \"symmetric\"}, \"model\": {\"kind\": \"mlp\"}}}",
              SW_OK);
    resolve(&c, &p, 0);
    assert_int_equal(c.task.n, 5);
    assert_false(c.model.readout_token);
    assert_int_equal(c.model.d_hidden, 256);
    assert_int_equal(c.phase.family, SW_FAMILY_ASSOCIATIVITY);
    discard(&p);
}

static void the_family_of_t_sym_depends_on_the_kind_of_task(void **state) {
    (void)state;
    static const struct {
        const char *task;
        sw_family_id family;
    } cases[] = {
        {"\"kind\": \"modular\"", SW_FAMILY_ASSOCIATIVITY},
        {"\"kind\": \"group\"", SW_FAMILY_ASSOCIATIVITY},
        {"\"kind\": \"gcd\"", SW_FAMILY_ASSOCIATIVITY},
        {"\"kind\": \"graph\"", SW_FAMILY_TRIANGLE},
        {"\"kind\": \"comparison\"", SW_FAMILY_TRANSITIVITY},
        {"\"kind\": \"table\", \"file\": \"" SYMSWEEP_SOURCE_DIR "/tests/config/square.txt\"", SW_FAMILY_AUTOMORPHISM},
        {"\"kind\": \"planted\"", SW_FAMILY_AUTOMORPHISM},
        {"\"kind\": \"parity\"", SW_FAMILY_AUTOMORPHISM},
        {"\"kind\": \"latin\"", SW_FAMILY_AUTOMORPHISM}};
    assert_int_equal(sizeof cases / sizeof cases[0], SW_TASK_COUNT);
    for (size_t i = 0; i < 2 * SW_TASK_COUNT; i++) {
        const bool asked = i % 2;
        char text[SW_PATH_MAX + 256];
        sw_run_config c;
        snprintf(text, sizeof text, "{\"run\": {\"task\": {%s}%s}}", cases[i / 2].task,
                 asked ? ", \"phase\": {\"family\": \"negation\"}" : "");
        parsed p = parse(text, SW_OK);
        resolve(&c, &p, 0);
        assert_int_equal(c.phase.family, asked ? SW_FAMILY_NEGATION : cases[i / 2].family);
        discard(&p);
    }
}

static void the_default_configuration_is_the_base_of_every_other(void **state) {
    (void)state;
    sw_run_config a, b;
    sw_config_default(&a);
    assert_int_equal(a.task.kind, SW_TASK_MODULAR);
    assert_int_equal(a.task.operation, SW_OP_ADD);
    assert_int_equal(a.task.p, 59);
    assert_int_equal(a.optimizer.batch_size, 0);
    assert_int_equal(a.symmetry[SW_FAMILY_TRIANGLE].until_step, -1);
    parsed p = parse("{" BASE "}", SW_OK);
    resolve(&b, &p, 0);
    assert_memory_equal(&a, &b, sizeof a);
    discard(&p);
}

/* ---- axes ---- */

static void axes_multiply_in_the_documented_order(void **state) {
    (void)state;
    parsed p = parse("{" BASE ", \"grid\": {\"seed\": [5, 6], \"optimizer.beta1\": [0.1, 0.2, 0.3]}, "
                     "\"zip\": {\"task.p\": [7, 11], \"steps\": [70, 110]}, "
                     "\"cases\": [{}, {\"label\": \"wide\", \"model\": {\"d_model\": 128}, \"model.heads\": 8}], "
                     "\"random\": {\"samples\": 2, \"sampler_seed\": 3, "
                     "\"optimizer.weight_decay\": {\"uniform\": [0, 1]}}}",
                     SW_OK);
    assert_int_equal(sw_sweep_run_count(p.sweep), 48);
    assert_int_equal(sw_sweep_axis_count(p.sweep), 7);
    double decay[2] = {0, 0};
    for (uint64_t k = 0; k < 48; k++) {
        sw_run_config c;
        sw_axis_value values[7];
        char label[128];
        assert_int_equal(sw_sweep_resolve(p.sweep, k, &c, label, values, NULL), SW_OK);
        const int wide = k >= 24, large = k / 12 % 2;
        assert_string_equal(label, wide ? "wide" : "case 0");
        assert_int_equal(c.model.d_model, wide ? 128 : 64);
        assert_int_equal(c.model.heads, wide ? 8 : 4);
        assert_int_equal(c.task.p, large ? 11 : 7);
        assert_int_equal(c.steps, large ? 110 : 70);
        assert_int_equal(c.seed, 5 + k / 3 % 2);
        assert_true(c.optimizer.beta1 == (double)(k % 3 + 1) / 10 || fabs(c.optimizer.beta1 - 0.3) < 1e-15);
        size_t sample = k / 6 % 2;
        if (k < 12) decay[sample] = c.optimizer.weight_decay;
        assert_true(c.optimizer.weight_decay == decay[sample]); /* samples are shared by cases and zip */
        for (size_t a = 0; a < 7; a++) {
            const sw_axis *axis = sw_sweep_axis(p.sweep, a);
            if (!strcmp(axis->path, "seed")) assert_int_equal(values[a].integer, c.seed);
            if (!strcmp(axis->path, "optimizer.weight_decay")) assert_true(values[a].real == c.optimizer.weight_decay);
            if (!strcmp(axis->path, "model.heads")) assert_int_equal(values[a].integer, c.model.heads);
        }
    }
    assert_true(decay[0] != decay[1] && decay[0] > 0 && decay[0] < 1);
    discard(&p);
}

static void generators_give_round_numbers(void **state) {
    (void)state;
    static const double logs[] = {0.01, 0.1, 1, 10}, lines[] = {0.1, 0.2, 0.3, 0.4}, ranges[] = {0, 0.1, 0.2, 0.3};
    parsed p = parse("{" BASE ", \"zip\": {\"optimizer.weight_decay\": {\"logspace\": [0.01, 10, 4]}, "
                     "\"optimizer.beta1\": {\"linspace\": [0.1, 0.4, 4]}, "
                     "\"optimizer.beta2\": {\"range\": [0, 0.4, 0.1]}, \"seed\": {\"range\": [9, 1, -2]}, "
                     "\"model.d_mlp\": {\"logspace\": [16, 128, 4]}}}",
                     SW_OK);
    assert_int_equal(sw_sweep_run_count(p.sweep), 4);
    for (uint64_t k = 0; k < 4; k++) {
        sw_run_config c;
        resolve(&c, &p, k);
        assert_true(c.optimizer.weight_decay == logs[k]);
        assert_true(c.optimizer.beta1 == lines[k]);
        assert_true(c.optimizer.beta2 == ranges[k]);
        assert_int_equal(c.seed, 9 - 2 * k);
        assert_int_equal(c.model.d_mlp, 16 << k);
    }
    discard(&p);
}

static void random_axes_stay_in_their_laws(void **state) {
    (void)state;
    parsed p = parse("{" BASE ", \"random\": {\"samples\": 2000, \"sampler_seed\": 1, "
                     "\"optimizer.weight_decay\": {\"log_uniform\": [0.01, 10]}, "
                     "\"train_fraction\": {\"uniform\": [0.2, 0.4]}, \"seed\": {\"integer\": [3, 6]}, "
                     "\"model.d_model\": {\"choice\": [32, 64]}}}",
                     SW_OK);
    int below = 0, seeds[6] = {0}, wide = 0;
    double sum = 0;
    for (uint64_t k = 0; k < 2000; k++) {
        sw_run_config c;
        resolve(&c, &p, k);
        assert_true(c.optimizer.weight_decay >= 0.01 && c.optimizer.weight_decay <= 10);
        assert_true(c.train_fraction >= 0.2 && c.train_fraction <= 0.4);
        assert_in_range(c.seed, 3, 5);
        below += c.optimizer.weight_decay < 0.31622776; /* the median of the law */
        sum += c.train_fraction;
        seeds[c.seed]++;
        wide += c.model.d_model == 64;
    }
    /* Four standard deviations of a binomial with 2000 trials. */
    assert_in_range(below, 910, 1090);
    assert_in_range(wide, 910, 1090);
    assert_true(fabs(sum / 2000 - 0.3) < 4 * 0.2 / sqrt(12.0 * 2000));
    for (int s = 3; s < 6; s++) assert_in_range(seeds[s], 582, 751);
    discard(&p);
}

static void an_alias_sets_both_of_its_keys(void **state) {
    (void)state;
    sw_run_config c;
    sw_axis_value values[2];
    parsed p = parse("{" BASE ", \"cases\": [{\"symmetry.consistency.weight\": 2}, "
                     "{\"symmetry\": {\"associativity\": {\"weight\": 3}}}]}",
                     SW_OK);
    assert_int_equal(sw_sweep_axis_count(p.sweep), 2);
    assert_string_equal(sw_sweep_axis(p.sweep, 0)->path, "symmetry.consistency.weight");
    assert_int_equal(sw_sweep_resolve(p.sweep, 0, &c, NULL, values, NULL), SW_OK);
    assert_true(c.symmetry[SW_FAMILY_COMMUTATIVITY].weight == 2 && c.symmetry[SW_FAMILY_ASSOCIATIVITY].weight == 2);
    assert_true(values[0].real == 2 && values[1].real == 2);
    assert_int_equal(sw_sweep_resolve(p.sweep, 1, &c, NULL, values, NULL), SW_OK);
    assert_true(c.symmetry[SW_FAMILY_COMMUTATIVITY].weight == 0 && c.symmetry[SW_FAMILY_ASSOCIATIVITY].weight == 3);
    assert_true(values[0].real == 0 && values[1].real == 3);
    discard(&p);
}

static void keys_of_another_kind_are_passed_over(void **state) {
    (void)state;
    sw_run_config c;
    sw_axis_value values[2];
    parsed p = parse("{\"run\": {\"task\": {\"kind\": \"modular\", \"p\": 7}, \"optimizer\": {\"momentum\": 0.5}}, "
                     "\"cases\": [{\"optimizer.kind\": \"adamw\"}, {\"optimizer.kind\": \"sgd\"}, "
                     "{\"optimizer.kind\": \"sgd\", \"optimizer.momentum\": 0.1}]}",
                     SW_OK);
    assert_int_equal(sw_sweep_resolve(p.sweep, 0, &c, NULL, values, NULL), SW_OK);
    assert_true(c.optimizer.momentum == 0.9); /* does not concern AdamW: the default stands */
    assert_string_equal(values[0].string, "adamw");
    assert_true(isnan(values[1].real));
    assert_int_equal(sw_sweep_resolve(p.sweep, 1, &c, NULL, values, NULL), SW_OK);
    assert_true(c.optimizer.momentum == 0.5 && values[1].real == 0.5);
    assert_int_equal(sw_sweep_resolve(p.sweep, 2, &c, NULL, values, NULL), SW_OK);
    assert_true(c.optimizer.momentum == 0.1);
    discard(&p);
}

static void positions_are_found_by_path(void **state) {
    (void)state;
    sw_position place;
    parsed p = parse("{" BASE ",\n \"grid\": {\"task.p\": [7,\n  11]}}", SW_OK);
    assert_true(sw_sweep_locate(p.sweep, 1, "task.p", &place));
    assert_int_equal(place.line, 3);
    assert_int_equal(place.column, 3);
    assert_string_equal(place.path, "grid.task.p[1]");
    assert_false(sw_sweep_locate(p.sweep, 1, "task.operation", &place));
    assert_string_equal(place.path, "run.task.kind");
    discard(&p);
}

/* ---- diagnostics ---- */

static void errors_come_once_in_the_order_of_the_file(void **state) {
    (void)state;
    parsed p = parse("{\"grid\": {\"seed\": {\"range\": [0, 1000]}},\n \"run\": {\"task\": {\"kind\": \"modular\"},\n"
                     "  \"model\": {\"heads\": 3},\n  \"loss\": {\"kid\": 1}}}",
                     SW_E_CONFIG);
    assert_int_equal(sw_diagnostics_count(p.diagnostics), 2);
    assert_int_equal(sw_diagnostics_errors(p.diagnostics), 2);
    const sw_diagnostic *first = sw_diagnostics_get(p.diagnostics, 0), *second = sw_diagnostics_get(p.diagnostics, 1);
    assert_int_equal(first->line, 3);
    assert_string_equal(first->path, "run.model.heads");
    assert_int_equal(second->line, 4);
    assert_string_equal(second->hint, "did you mean kind?");
    assert_null(sw_diagnostics_get(p.diagnostics, 2));
    discard(&p);
}

static void diagnostics_are_bounded(void **state) {
    (void)state;
    sw_diagnostics *d;
    assert_int_equal(sw_diagnostics_create(&d), SW_OK);
    for (int i = 0; i < 1000; i++) sw_diagnostics_add(d, true, i, 1, "", NULL, "warning");
    for (int i = 0; i < 1000; i++) sw_diagnostics_add(d, false, i, 1, "", NULL, "error");
    assert_int_equal(sw_diagnostics_count(d), SW_DIAGNOSTICS_MAX);
    assert_int_equal(sw_diagnostics_errors(d), 1000);
    assert_true(sw_diagnostics_dropped(d) > 0);
    sw_diagnostics_destroy(d);
}

/* ---- JSON and back ---- */

static char *written(void (*write)(sw_json *, const sw_run_config *), const sw_run_config *config) {
    sw_json *json;
    assert_int_equal(sw_json_create(&json), SW_OK);
    write(json, config);
    assert_non_null(sw_json_text(json));
    char *text = strdup(sw_json_text(json));
    sw_json_destroy(json);
    assert_non_null(text);
    return text;
}

static void assert_round_trip(const sw_run_config *config) {
    sw_run_config back;
    sw_arena *lists = NULL;
    char *text = written(sw_config_write, config);
    const int32_t steps = config->evaluate.snapshot_step_count;
    assert_int_equal(sw_arena_create(&lists), SW_OK);
    memset(&back, 0xff, sizeof back);
    if (sw_config_read(&back, text, lists)) fail_msg("%s: %s", sw_fail_message(), text);
    assert_int_equal(back.evaluate.snapshot_step_count, steps);
    if (steps > 0)
        assert_memory_equal(back.evaluate.snapshot_steps, config->evaluate.snapshot_steps, (size_t)steps * 8);
    else
        assert_null(back.evaluate.snapshot_steps);
    back.evaluate.snapshot_steps = config->evaluate.snapshot_steps;
    assert_memory_equal(&back, config, sizeof back);
    char *again = written(sw_config_write, &back);
    assert_string_equal(again, text);
    free(again);
    free(text);
    sw_arena_destroy(lists);
}

/* ---- steps of snapshots ---- */

#define SNAPSHOTS(steps, list)                                                                                         \
    "{\"run\": {\"task\": {\"kind\": \"modular\"}, \"steps\": " steps ", \"evaluate\": {\"snapshot_steps\": " list "}" \
    "}"                                                                                                                \
    "}"

static void assert_steps(const char *text, const int64_t *expected, int32_t count, size_t warnings) {
    sw_run_config c;
    parsed p = parse(text, SW_OK);
    assert_int_equal(sw_sweep_resolve(p.sweep, 0, &c, NULL, NULL, NULL), SW_OK);
    assert_int_equal(c.evaluate.snapshot_step_count, count);
    for (int32_t i = 0; i < count; i++) assert_int_equal(c.evaluate.snapshot_steps[i], expected[i]);
    assert_int_equal(sw_diagnostics_count(p.diagnostics), warnings);
    if (warnings > 0) assert_non_null(strstr(sw_diagnostics_get(p.diagnostics, 0)->message, "twice"));
    assert_round_trip(&c);
    discard(&p);
}

static void steps_of_snapshots_are_listed_or_generated(void **state) {
    (void)state;
    assert_steps(SNAPSHOTS("100", "[]"), NULL, 0, 0);
    assert_steps(SNAPSHOTS("100", "{\"range\": [0, 100, 30]}"), (int64_t[]){0, 30, 60, 90}, 4, 0);
    assert_steps(SNAPSHOTS("5000", "[2, 4, 8, {\"range\": [1000, 5001, 1000]}]"),
                 (int64_t[]){2, 4, 8, 1000, 2000, 3000, 4000, 5000}, 8, 0);
    assert_steps(SNAPSHOTS("100", "{\"linspace\": [0, 10, 4]}"), (int64_t[]){0, 3, 7, 10}, 4, 0); /* rounded */
    assert_steps(SNAPSHOTS("100", "{\"logspace\": [1, 4, 8]}"), (int64_t[]){1, 2, 3, 4}, 4, 0);   /* and once */
    assert_steps(SNAPSHOTS("100", "[9, 1, 4]"), (int64_t[]){1, 4, 9}, 3, 0);                      /* in any order */
    assert_steps(SNAPSHOTS("100", "[9, 1, 9, {\"range\": [8, 10]}]"), (int64_t[]){1, 8, 9}, 3, 1);
}

static void steps_of_snapshots_may_be_many(void **state) {
    (void)state;
    int64_t expected[517];
    int32_t count = 0;
    for (int64_t t = 2; t <= 256; t *= 2) expected[count++] = t;
    for (int64_t t = 512; t < 1000; t *= 2) expected[count++] = t;
    for (int64_t t = 1000; t <= 500000; t += 1000) expected[count++] = t;
    assert_int_equal(count, 509);
    assert_steps(SNAPSHOTS("500000", "[2, 4, 8, 16, 32, 64, 128, 256, 512, {\"range\": [1000, 500001, 1000]}]"),
                 expected, count, 0);
    sw_run_config c;
    parsed p = parse(SNAPSHOTS("10000", "{\"range\": [1, 10001]}"), SW_OK);
    assert_int_equal(sw_sweep_resolve(p.sweep, 0, &c, NULL, NULL, NULL), SW_OK);
    assert_int_equal(c.evaluate.snapshot_step_count, SW_SNAPSHOT_STEPS_MAX);
    assert_round_trip(&c);
    discard(&p);
}

static void wrong_steps_of_snapshots_are_refused(void **state) {
    (void)state;
    static const struct {
        const char *text, *message;
    } cases[] = {{SNAPSHOTS("100", "[-1]"), "expected integer 0..1000000000"},
                 {SNAPSHOTS("100", "[1.5]"), "expected integer 0..1000000000"},
                 {SNAPSHOTS("100", "[\"1\"]"), "expected integer 0..1000000000"},
                 {SNAPSHOTS("100", "[[1]]"), "expected integer 0..1000000000"},
                 {SNAPSHOTS("100", "7"), "expected integer 0..1000000000 or a generator"},
                 {SNAPSHOTS("100", "{\"range\": [0, 10, 2.5]}"), "expected integers"},
                 {SNAPSHOTS("100", "{\"range\": [-5, 10]}"), "found -5 among them"},
                 {SNAPSHOTS("100", "{\"rnge\": [0, 10]}"), "unknown generator"},
                 {SNAPSHOTS("100", "[{\"logspace\": [0, 10, 3]}]"), "logarithmic"},
                 {SNAPSHOTS("100000", "{\"range\": [0, 20000]}"), "20000 values; there may be 10000 steps"},
                 {SNAPSHOTS("100000", "[1, {\"range\": [10, 10010]}]"), "at most 10000 steps, found 10001"},
                 {SNAPSHOTS("100000", "{\"range\": [0, 1e300]}"), "there may be 10000 steps"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        parsed p = parse(cases[i].text, SW_E_CONFIG);
        const char *message = sw_diagnostics_get(p.diagnostics, 0)->message;
        if (!strstr(message, cases[i].message)) fail_msg("%s: %s", cases[i].text, message);
        discard(&p);
    }
}

static void an_axis_of_lists_of_steps_tells_them_apart(void **state) {
    (void)state;
    sw_run_config c[3];
    sw_axis_value axis[3];
    parsed p = parse("{\"run\": {\"task\": {\"kind\": \"modular\"}}, \"grid\": {\"evaluate.snapshot_steps\": "
                     "[[1, 2], [{\"range\": [0, 900]}], [{\"range\": [0, 899]}, 899, 900]]}}",
                     SW_OK);
    assert_int_equal(sw_sweep_run_count(p.sweep), 3);
    for (int k = 0; k < 3; k++)
        assert_int_equal(sw_sweep_resolve(p.sweep, (uint64_t)k, &c[k], NULL, &axis[k], NULL), SW_OK);
    assert_string_equal(axis[0].string, "[1,2]");
    assert_int_equal(c[1].evaluate.snapshot_step_count, 900);
    assert_int_equal(c[2].evaluate.snapshot_step_count, 901);
    assert_non_null(strstr(axis[1].string, "[0,1,2,...,899] (900 steps"));
    assert_string_not_equal(axis[1].string, axis[2].string);
    for (int k = 0; k < 3; k++) { /* as the results file is asked */
        sw_axis_value read;
        char *text = written(sw_config_write, &c[k]);
        assert_int_equal(sw_config_axis_value(&read, text, "evaluate.snapshot_steps"), SW_OK);
        assert_string_equal(read.string, axis[k].string);
        free(text);
    }
    discard(&p);
}

static void configurations_survive_the_way_to_json_and_back(void **state) {
    (void)state;
    static const char *const runs[] = {
        "{\"task\": {\"kind\": \"modular\", \"operation\": \"div\", \"p\": 97, \"label_shuffle\": 0.3, "
        "\"label_noise\": 0.1}, \"optimizer\": {\"batch_size\": 512, \"batch_fraction\": 0.5}}",
        "{\"task\": {\"kind\": \"graph\", \"graph\": \"cylinder\", \"sides\": [3, 5]}, \"train_fraction\": 0.8}",
        "{\"task\": {\"kind\": \"comparison\", \"form\": \"three_way\", \"sides\": [3, 3, 3], \"attribute\": 2}}",
        "{\"task\": {\"kind\": \"group\", \"group\": \"product\", \"factors\": [2, 3, 5]}, \"seed\": 4294967295}",
        "{\"task\": {\"kind\": \"modular\"}, \"optimizer\": {\"kind\": \"muon\", \"learning_rate\": 1e-300, "
        "\"epsilon\": 2.2250738585072014e-308, \"batch_size\": 17, \"muon\": {\"momentum\": 0.12345678901234568}}, "
        "\"symmetry\": {\"associativity\": {\"weight\": 0.1, \"tuples_per_step\": \"all\", \"inputs\": \"train\", "
        "\"intermediate\": \"predicted\", \"from_step\": 3, \"until_step\": 9}}, "
        "\"evaluate\": {\"snapshot_steps\": [0, 5, 1000]}, \"save\": {\"parameters\": true}, "
        "\"phase\": {\"tau\": 0.001, \"family\": \"scaling\"}, \"checkpoint\": {\"every_seconds\": 0.5}}",
        "{\"task\": {\"kind\": \"modular\"}, \"model\": {\"kind\": \"mlp\", \"layers\": 3, \"d_hidden\": 11, "
        "\"operand_embeddings\": \"separate\"}, \"geometry\": {\"lipschitz\": {\"weight\": 1, \"bound\": 0.1}}}",
    };
    for (size_t i = 0; i < sizeof runs / sizeof runs[0]; i++) {
        char text[2048];
        sw_run_config c;
        snprintf(text, sizeof text, "{\"run\": %s}", runs[i]);
        parsed p = parse(text, SW_OK);
        resolve(&c, &p, 0);
        assert_round_trip(&c);
        discard(&p);
    }
}

static void edge_lists_travel_with_their_digest(void **state) {
    (void)state;
    sw_run_config c;
    char text[512];
    snprintf(text, sizeof text,
             "{\"run\": {\"task\": {\"kind\": \"graph\", \"graph\": \"edge_list\", \"file\": \"%s\"}}}",
             SYMSWEEP_SOURCE_DIR "/tests/config/square.txt");
    parsed p = parse(text, SW_OK);
    resolve(&c, &p, 0);
    /* sha256sum of "0 1\n1 2\n2 3\n3 0\n" */
    static const uint8_t head[4] = {0x6c, 0xb4, 0xc9, 0xc3};
    assert_memory_equal(c.task.file_sha256, head, sizeof head);
    assert_round_trip(&c);
    char *identity = written(sw_config_write_identity, &c);
    assert_null(strstr(identity, "square")); /* by content, not by name */
    assert_non_null(strstr(identity, "\"file_sha256\":\"6cb4c9c3"));
    free(identity);
    discard(&p);
}

static void what_is_read_back_is_checked(void **state) {
    (void)state;
    sw_run_config c;
    assert_int_equal(sw_config_read(&c, "{\"task\":{\"kind\":\"modular\",\"p\":-1}}", NULL), SW_E_CONFIG);
    assert_non_null(strstr(sw_fail_message(), "task.p"));
    assert_int_equal(sw_config_read(&c, "{\"task\":{\"kind\":\"modular\"},\"x\":1}", NULL), SW_E_CONFIG);
    assert_int_equal(sw_config_read(&c, "{\"task\":{", NULL), SW_E_CONFIG);
    assert_int_equal(sw_config_read(&c, "[]", NULL), SW_E_CONFIG);
    assert_int_equal(sw_config_read(&c, "{}", NULL), SW_E_CONFIG);
    assert_int_equal(sw_config_read(&c, "", NULL), SW_E_CONFIG);
}

static void members_are_looked_up_by_path(void **state) {
    (void)state;
    const char *json = "{\"a\": {\"b\": [1, 2.50, \"x\"], \"c\": true}, \"d\": null, \"e\": \"text\"}";
    char out[32];
    assert_true(sw_config_lookup(json, "a.b", out, sizeof out));
    assert_string_equal(out, "[1,2.50,x]");
    assert_true(sw_config_lookup(json, "a.c", out, sizeof out));
    assert_string_equal(out, "true");
    assert_true(sw_config_lookup(json, "e", out, sizeof out));
    assert_string_equal(out, "text");
    assert_false(sw_config_lookup(json, "a.x", out, sizeof out));
    assert_false(sw_config_lookup(json, "e.x", out, sizeof out));
    assert_false(sw_config_lookup("{", "e", out, sizeof out));
    assert_string_equal(out, "");
}

/* ---- the table ---- */

static void every_key_can_be_given_by_its_path(void **state) {
    (void)state;
    assert_true(sw_key_count() > 100);
    for (size_t i = 0; i < sw_key_count(); i++) {
        sw_key_info key;
        char text[1024];
        sw_key_describe(i, &key);
        assert_true(key.meaning[0] && key.type[0] && key.default_text[0]);
        for (size_t j = 0; j < i; j++) {
            sw_key_info other;
            sw_key_describe(j, &other);
            assert_string_not_equal(key.path, other.path);
        }
        /* An object is a value of no key: the error shows that the key is known. */
        const bool of_run = !strcmp(key.section, "run");
        if (of_run)
            snprintf(text, sizeof text, "{\"run\": {}, \"cases\": [{\"%s\": {\"a\": 1}}]}", key.path);
        else
            snprintf(text, sizeof text, "{\"run\": {}, \"%.*s\": {\"%s\": {\"a\": 1}}}", (int)strcspn(key.path, "."),
                     key.path, strchr(key.path, '.') + 1);
        parsed p = parse(text, SW_E_CONFIG);
        bool known = false;
        for (size_t d = 0; d < sw_diagnostics_count(p.diagnostics); d++) {
            const sw_diagnostic *item = sw_diagnostics_get(p.diagnostics, d);
            assert_null(strstr(item->message, "unknown"));
            known = known || strstr(item->message, "found an object") || !strcmp(item->path, key.path);
        }
        assert_true(known);
        discard(&p);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_follow_the_file),
        cmocka_unit_test(text_is_kept_byte_for_byte),
        cmocka_unit_test(defaults_depend_on_other_keys),
        cmocka_unit_test(the_family_of_t_sym_depends_on_the_kind_of_task),
        cmocka_unit_test(the_default_configuration_is_the_base_of_every_other),
        cmocka_unit_test(axes_multiply_in_the_documented_order),
        cmocka_unit_test(generators_give_round_numbers),
        cmocka_unit_test(random_axes_stay_in_their_laws),
        cmocka_unit_test(an_alias_sets_both_of_its_keys),
        cmocka_unit_test(keys_of_another_kind_are_passed_over),
        cmocka_unit_test(positions_are_found_by_path),
        cmocka_unit_test(errors_come_once_in_the_order_of_the_file),
        cmocka_unit_test(diagnostics_are_bounded),
        cmocka_unit_test(configurations_survive_the_way_to_json_and_back),
        cmocka_unit_test(edge_lists_travel_with_their_digest),
        cmocka_unit_test(steps_of_snapshots_are_listed_or_generated),
        cmocka_unit_test(steps_of_snapshots_may_be_many),
        cmocka_unit_test(wrong_steps_of_snapshots_are_refused),
        cmocka_unit_test(an_axis_of_lists_of_steps_tells_them_apart),
        cmocka_unit_test(what_is_read_back_is_checked),
        cmocka_unit_test(members_are_looked_up_by_path),
        cmocka_unit_test(every_key_can_be_given_by_its_path),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
