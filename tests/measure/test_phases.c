/* test_phases.c: onsets and labels on hand-made curves. Evaluation e is at step 100 e. */
#include "fixture.h"

enum { EVALUATIONS_MAX = 12, EVERY = 100 };

/* Fills one metric of the records; the list ends with a negative value. */
static size_t set_curve(sw_record *records, int metric, const float *values) {
    size_t n = 0;
    for (; n < EVALUATIONS_MAX && !(values[n] < 0); n++) {
        records[n].step = (int64_t)n * EVERY;
        records[n].evaluation = (int32_t)n;
        records[n].value[metric] = values[n];
    }
    return n;
}

static void clear(sw_record *records) {
    memset(records, 0, EVALUATIONS_MAX * sizeof *records);
    for (int e = 0; e < EVALUATIONS_MAX; e++)
        for (int m = 0; m < SW_METRIC_COUNT; m++) records[e].value[m] = NAN;
}

#define END -1.0f

/* ---- accuracies ---- */

typedef struct accuracy_case {
    const char *name;
    float accuracy[EVALUATIONS_MAX];
    int64_t first[4], stable[4], dips[4]; /* at 0.9, 0.95, 0.99, 1.0 */
} accuracy_case;

static const accuracy_case accuracy_cases[] = {
    {"never", {0.1f, 0.5f, 0.899f, END}, {-1, -1, -1, -1}, {-1, -1, -1, -1}, {0, 0, 0, 0}},
    {"at once", {1, 1, 1, END}, {0, 0, 0, 0}, {0, 0, 0, 0}, {0, 0, 0, 0}},
    {"one evaluation", {0.95f, END}, {0, 0, -1, -1}, {0, 0, -1, -1}, {0, 0, 0, 0}},
    {"rises through all",
     {0.2f, 0.92f, 0.96f, 0.995f, 1, END},
     {100, 200, 300, 400},
     {100, 200, 300, 400},
     {0, 0, 0, 0}},
    {"exactly on the thresholds",
     {0, 0.9f, 0.95f, 0.99f, 1, END},
     {100, 200, 300, 400},
     {100, 200, 300, 400},
     {0, 0, 0, 0}},
    {"one answer short of all", {0, 0.99999994f, END}, {100, 100, 100, -1}, {100, 100, 100, -1}, {0, 0, 0, 0}},
    {"dips once", {0, 1, 0.93f, 1, 1, END}, {100, 100, 100, 100}, {100, 300, 300, 300}, {0, 1, 1, 1}},
    {"dips three times",
     {0.91f, 0.8f, 0.92f, 0.7f, 0.6f, 0.97f, 0.1f, 0.98f, END},
     {0, 500, -1, -1},
     {700, 700, -1, -1},
     {3, 1, 0, 0}},
    {"ends below", {0, 1, 1, 0.5f, END}, {100, 100, 100, 100}, {-1, -1, -1, -1}, {1, 1, 1, 1}},
    {"diverges", {0, 1, NAN, NAN, END}, {100, 100, 100, 100}, {-1, -1, -1, -1}, {1, 1, 1, 1}},
    {"missing throughout", {NAN, NAN, END}, {-1, -1, -1, -1}, {-1, -1, -1, -1}, {0, 0, 0, 0}},
    {"no evaluation", {END}, {-1, -1, -1, -1}, {-1, -1, -1, -1}, {-1, -1, -1, -1}},
};

static void test_crossings_of_accuracies(void **state) {
    (void)state;
    sw_run_config config = fixture_config(7);
    for (size_t k = 0; k < sizeof accuracy_cases / sizeof *accuracy_cases; k++) {
        const accuracy_case *c = &accuracy_cases[k];
        sw_record records[EVALUATIONS_MAX];
        clear(records);
        size_t n = set_curve(records, SW_METRIC_TRAIN_ACCURACY, c->accuracy);
        set_curve(records, SW_METRIC_TEST_ACCURACY, c->accuracy);
        sw_onsets o;
        sw_phases_onsets(&o, records, n, &config, SW_RUN_DONE, false);
        for (int i = 0; i < 4; i++) {
            if (o.train_first[i] != c->first[i] || o.train_stable[i] != c->stable[i] || o.train_dips[i] != c->dips[i])
                print_error("%s at %g: first %d stable %d dips %d\n", c->name, sw_thresholds[i], (int)o.train_first[i],
                            (int)o.train_stable[i], (int)o.train_dips[i]);
            assert_true(o.train_first[i] == c->first[i] && o.test_first[i] == c->first[i]);
            assert_true(o.train_stable[i] == c->stable[i] && o.test_stable[i] == c->stable[i]);
            assert_true(o.train_dips[i] == c->dips[i] && o.test_dips[i] == c->dips[i]);
        }
        assert_int_equal(o.t_mem, c->first[2]); /* phase.accuracy is 0.99 */
        assert_int_equal(o.t_gen, c->first[2]);
    }
}

/* ---- labels ---- */

typedef struct label_case {
    const char *name;
    float train[EVALUATIONS_MAX], test[EVALUATIONS_MAX];
    sw_run_state state;
    int64_t gap;
    sw_phase phase;
} label_case;

static const label_case label_cases[] = {
    {"neither", {0, 0.5f, END}, {0, 0.1f, END}, SW_RUN_DONE, 300, SW_PHASE_CONFUSION},
    {"train only", {0, 1, 1, END}, {0, 0, 0.2f, END}, SW_RUN_DONE, 300, SW_PHASE_MEMORIZATION},
    {"just below the gap", {0, 1, 1, 1, END}, {0, 0, 0, 1, END}, SW_RUN_DONE, 300, SW_PHASE_COMPREHENSION},
    {"just at the gap", {0, 1, 1, 1, 1, END}, {0, 0, 0, 0, 1, END}, SW_RUN_DONE, 300, SW_PHASE_GROKKING},
    {"both at once", {1, END}, {1, END}, SW_RUN_DONE, 300, SW_PHASE_COMPREHENSION},
    {"test first", {0, 0, 1, END}, {0, 1, 1, END}, SW_RUN_DONE, 300, SW_PHASE_COMPREHENSION},
    {"test alone", {0, 0, END}, {0, 1, END}, SW_RUN_DONE, 300, SW_PHASE_COMPREHENSION},
    {"first crossings count", {0, 1, 0, END}, {0, 0, 0, END}, SW_RUN_DONE, 300, SW_PHASE_MEMORIZATION},
    {"diverged after grokking",
     {0, 1, 1, 1, 1, NAN, END},
     {0, 0, 0, 0, 1, NAN, END},
     SW_RUN_DIVERGED,
     300,
     SW_PHASE_DIVERGED},
    {"still running", {0, 1, 1, 1, 1, END}, {0, 0, 0, 0, 1, END}, SW_RUN_RUNNING, 300, SW_PHASE_UNFINISHED},
    {"failed", {0, 1, END}, {0, 0, END}, SW_RUN_FAILED, 300, SW_PHASE_UNFINISHED},
    {"not begun", {END}, {END}, SW_RUN_PENDING, 300, SW_PHASE_UNFINISHED},
};

static void test_labels(void **state) {
    (void)state;
    for (size_t k = 0; k < sizeof label_cases / sizeof *label_cases; k++) {
        const label_case *c = &label_cases[k];
        sw_run_config config = fixture_config(7);
        config.phase.gap = c->gap;
        sw_record records[EVALUATIONS_MAX];
        clear(records);
        size_t n = set_curve(records, SW_METRIC_TRAIN_ACCURACY, c->train);
        set_curve(records, SW_METRIC_TEST_ACCURACY, c->test);
        sw_onsets o;
        sw_phases_onsets(&o, records, n, &config, c->state, false);
        if (o.phase != c->phase) print_error("%s: %s\n", c->name, sw_phase_names[o.phase]);
        assert_int_equal(o.phase, c->phase);
    }
}

/* ---- symmetry ---- */

typedef struct symmetry_case {
    const char *name;
    float train[EVALUATIONS_MAX], violation[EVALUATIONS_MAX];
    int64_t t_sym;
} symmetry_case;

/* tau is 0.1 */
static const symmetry_case symmetry_cases[] = {
    {"never small", {1, 1, 1, END}, {3, 2, 1, END}, -1},
    {"small before memorization", {0, 0, 1, 1, END}, {0.01f, 0.01f, 0.01f, 0.01f, END}, 200},
    {"after memorization", {0, 1, 1, 1, END}, {5, 5, 0.1f, 0.05f, END}, 200},
    {"rises again", {1, 1, 1, 1, 1, END}, {0.05f, 0.05f, 0.2f, 0.09f, 0.09f, END}, 300},
    {"ends above", {1, 1, 1, END}, {0.01f, 0.01f, 0.11f, END}, -1},
    {"nothing memorized", {0, 0, 0, END}, {0.01f, 0.01f, 0.01f, END}, -1},
    {"missing", {1, 1, END}, {NAN, NAN, END}, -1},
    {"missing in between", {1, 1, 1, END}, {0.01f, NAN, 0.01f, END}, 200},
    {"memorization lost again", {0, 1, 0, 0, END}, {0, 0, 0, 0, END}, 100},
};

static void test_symmetry(void **state) {
    (void)state;
    sw_run_config config = fixture_config(7);
    for (size_t k = 0; k < sizeof symmetry_cases / sizeof *symmetry_cases; k++) {
        const symmetry_case *c = &symmetry_cases[k];
        for (int f = 0; f < SW_FAMILY_COUNT; f++) {
            sw_record records[EVALUATIONS_MAX];
            clear(records);
            size_t n = set_curve(records, SW_METRIC_TRAIN_ACCURACY, c->train);
            set_curve(records, SW_METRIC_OF_FAMILY(f, SW_FAMILY_MAX), c->violation);
            sw_onsets o;
            sw_phases_onsets(&o, records, n, &config, SW_RUN_DONE, false);
            if (o.t_sym_max[f] != c->t_sym) print_error("%s: %d\n", c->name, (int)o.t_sym_max[f]);
            assert_int_equal(o.t_sym_max[f], c->t_sym);
            assert_int_equal(o.t_sym_mean[f], -1);
            assert_int_equal(o.t_sym, f == SW_FAMILY_ASSOCIATIVITY ? c->t_sym : -1);

            clear(records);
            set_curve(records, SW_METRIC_TRAIN_ACCURACY, c->train);
            set_curve(records, SW_METRIC_OF_FAMILY(f, SW_FAMILY_MEAN), c->violation);
            sw_phases_onsets(&o, records, n, &config, SW_RUN_DONE, false);
            assert_int_equal(o.t_sym_mean[f], c->t_sym);
            assert_int_equal(o.t_sym_max[f], -1);
        }
    }
}

/* t_sym is that of phase.family, whatever the task. */
static void test_family_of_the_run(void **state) {
    (void)state;
    for (int32_t family = 0; family < SW_FAMILY_COUNT; family++) {
        sw_run_config config = fixture_config(7);
        config.task.kind = family % 2 ? SW_TASK_GRAPH : SW_TASK_MODULAR;
        config.phase.family = family;
        sw_record records[EVALUATIONS_MAX];
        clear(records);
        size_t n = set_curve(records, SW_METRIC_TRAIN_ACCURACY, (const float[]){1, 1, 1, 1, END});
        set_curve(records, SW_METRIC_TEST_ACCURACY, (const float[]){0, 0, 0, 1, END});
        set_curve(records, SW_METRIC_OF_FAMILY(family, SW_FAMILY_MAX), (const float[]){1, 1, 0, 0, END});
        set_curve(records, SW_METRIC_OF_FAMILY(family, SW_FAMILY_MEAN), (const float[]){1, 0, 0, 0, END});
        sw_onsets o;
        sw_phases_onsets(&o, records, n, &config, SW_RUN_DONE, false);
        assert_int_equal(o.t_sym, 200); /* of the maximum */
        assert_true(o.lead_time_known);
        assert_int_equal(o.lead_time, 200); /* t_gen 300 less t_sym of the mean 100 */
    }
}

/* ---- geometry ---- */

typedef struct geometry_case {
    const char *name;
    float dimension[EVALUATIONS_MAX];
    sw_run_state state;
    bool stopped_early;
    int64_t t_geo;
} geometry_case;

static const geometry_case geometry_cases[] = {
    {"settles", {50, 40, 20, 11, 10, 10, 10, 10, 10, 10, 10, END}, SW_RUN_DONE, false, 300},
    {"within the band from the start", {10, 10, 11, 9, 10, 10, END}, SW_RUN_DONE, false, 0},
    {"leaves the band once", {10, 10, 10, 12, 10, 10, 10, 10, 10, 10, 10, END}, SW_RUN_DONE, false, 400},
    {"settled for exactly the last fifth", {50, 50, 50, 50, 50, 50, 50, 50, 10, 10, 10, END}, SW_RUN_DONE, false, 800},
    {"settled too late", {50, 50, 50, 50, 50, 50, 50, 50, 50, 10, 10, END}, SW_RUN_DONE, false, -1},
    {"stopped early", {50, 40, 20, 11, 10, 10, 10, 10, 10, 10, 10, END}, SW_RUN_DONE, true, -1},
    {"still running", {50, 40, 20, 11, 10, 10, 10, 10, 10, 10, 10, END}, SW_RUN_RUNNING, false, -1},
    {"diverged", {10, 10, 10, 10, 10, NAN, END}, SW_RUN_DIVERGED, false, -1},
    {"missing", {NAN, NAN, NAN, END}, SW_RUN_DONE, false, -1},
    {"no evaluation", {END}, SW_RUN_DONE, false, -1},
    {"zero at the end", {3, 0, 0, 0, 0, 0, 0, END}, SW_RUN_DONE, false, 100},
    {"a step of one below ten", {9, 7, 5, 6, 5, 4, 5, END}, SW_RUN_DONE, false, 200},
    {"a step of two below ten", {9, 5, 5, 7, 5, 5, 5, END}, SW_RUN_DONE, false, 400},
    {"one of nineteen", {30, 20, 19, 20, 18, 19, 19, END}, SW_RUN_DONE, false, 100},
    {"two of twenty", {30, 22, 18, 22, 20, 20, 20, END}, SW_RUN_DONE, false, 100},
};

static void test_geometry(void **state) {
    (void)state;
    sw_run_config config = fixture_config(7);
    for (size_t k = 0; k < sizeof geometry_cases / sizeof *geometry_cases; k++) {
        const geometry_case *c = &geometry_cases[k];
        sw_record records[EVALUATIONS_MAX];
        sw_onsets o;
        clear(records);
        size_t n = set_curve(records, SW_METRIC_EFFECTIVE_DIMENSION, c->dimension);
        sw_phases_onsets(&o, records, n, &config, c->state, c->stopped_early);
        if (o.t_geo != c->t_geo) print_error("%s: %d\n", c->name, (int)o.t_geo);
        assert_int_equal(o.t_geo, c->t_geo);
        assert_int_equal(o.t_geo_participation, -1);
    }
}

typedef struct participation_case {
    const char *name;
    float train[EVALUATIONS_MAX], ratio[EVALUATIONS_MAX];
    sw_run_state state;
    bool stopped_early;
    int64_t t_geo;
} participation_case;

/* Ratios in eighths, so that float32 has them exactly. */
static const participation_case participation_cases[] = {
    {"90 % of the way", {1, 1, 1, 1, 1, 1, 1, 1, END}, {24, 20, 10, 6, 5.875, 4, 4, 4, END}, SW_RUN_DONE, false, 300},
    {"a little less", {1, 1, 1, 1, 1, 1, 1, 1, END}, {24, 20, 10, 6.125, 5.875, 4, 4, 4, END}, SW_RUN_DONE, false, 400},
    {"the way begins at t_mem",
     {0, 0, 1, 1, 1, 1, 1, 1, END},
     {84, 80, 24, 7, 6, 4, 4, 4, END},
     SW_RUN_DONE,
     false,
     400},
    {"upwards", {1, 1, 1, 1, 1, 1, 1, 1, END}, {4, 8, 20, 22, 22, 24, 24, 24, END}, SW_RUN_DONE, false, 300},
    {"leaves once more", {1, 1, 1, 1, 1, 1, 1, 1, END}, {24, 5, 5, 10, 5, 4, 4, 4, END}, SW_RUN_DONE, false, 400},
    {"never before t_mem", {0, 0, 1, 1, 1, 1, 1, 1, END}, {4, 4, 4, 4, 4, 4, 4, 4, END}, SW_RUN_DONE, false, 200},
    {"never memorized", {0, 0, 0, 0, 0, 0, 0, 0, END}, {24, 5, 4, 4, 4, 4, 4, 4, END}, SW_RUN_DONE, false, -1},
    {"too late", {1, 1, 1, 1, 1, 1, 1, 1, END}, {24, 24, 24, 24, 24, 24, 4, 4, END}, SW_RUN_DONE, false, -1},
    {"missing at t_mem", {1, 1, 1, 1, 1, 1, 1, 1, END}, {NAN, 4, 4, 4, 4, 4, 4, 4, END}, SW_RUN_DONE, false, -1},
    {"stopped early", {1, 1, 1, 1, 1, 1, 1, 1, END}, {24, 4, 4, 4, 4, 4, 4, 4, END}, SW_RUN_DONE, true, -1},
    {"still running", {1, 1, 1, 1, 1, 1, 1, 1, END}, {24, 4, 4, 4, 4, 4, 4, 4, END}, SW_RUN_RUNNING, false, -1},
    {"no evaluation", {END}, {END}, SW_RUN_DONE, false, -1},
};

static void test_geometry_by_participation(void **state) {
    (void)state;
    sw_run_config config = fixture_config(7);
    for (size_t k = 0; k < sizeof participation_cases / sizeof *participation_cases; k++) {
        const participation_case *c = &participation_cases[k];
        sw_record records[EVALUATIONS_MAX];
        sw_onsets o;
        clear(records);
        set_curve(records, SW_METRIC_TRAIN_ACCURACY, c->train);
        size_t n = set_curve(records, SW_METRIC_PARTICIPATION_RATIO, c->ratio);
        sw_phases_onsets(&o, records, n, &config, c->state, c->stopped_early);
        if (o.t_geo_participation != c->t_geo) print_error("%s: %d\n", c->name, (int)o.t_geo_participation);
        assert_int_equal(o.t_geo_participation, c->t_geo);
        assert_int_equal(o.t_geo, -1);
    }
}

/* A lead time needs both ends, and may be negative. */
static void test_lead_time(void **state) {
    (void)state;
    sw_run_config config = fixture_config(7);
    sw_record records[EVALUATIONS_MAX];
    sw_onsets o;
    clear(records);
    size_t n = set_curve(records, SW_METRIC_TRAIN_ACCURACY, (const float[]){1, 1, 1, 1, END});
    set_curve(records, SW_METRIC_TEST_ACCURACY, (const float[]){0, 1, 1, 1, END});
    sw_phases_onsets(&o, records, n, &config, SW_RUN_DONE, false);
    assert_false(o.lead_time_known);
    assert_true(o.lead_time == INT64_MIN);
    set_curve(records, SW_METRIC_OF_FAMILY(SW_FAMILY_ASSOCIATIVITY, SW_FAMILY_MEAN), (const float[]){1, 1, 1, 0, END});
    sw_phases_onsets(&o, records, n, &config, SW_RUN_DONE, false);
    assert_true(o.lead_time_known);
    assert_int_equal(o.lead_time, -200);
    set_curve(records, SW_METRIC_TEST_ACCURACY, (const float[]){0, 0, 0, 0, END});
    sw_phases_onsets(&o, records, n, &config, SW_RUN_DONE, false);
    assert_false(o.lead_time_known);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_crossings_of_accuracies),
        cmocka_unit_test(test_labels),
        cmocka_unit_test(test_symmetry),
        cmocka_unit_test(test_family_of_the_run),
        cmocka_unit_test(test_geometry),
        cmocka_unit_test(test_geometry_by_participation),
        cmocka_unit_test(test_lead_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
