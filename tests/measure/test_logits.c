/* test_logits.c: measures of the logits on tables that are small enough to follow by hand: curves, violations,
 * interpretability. */
#include "fixture.h"

#include "measure/instruments/violations.h"
#include "symsweep/random.h"

static const double two_pi = 6.283185307179586476925286766559;

static void missing(float value[SW_VALUE_COUNT]) {
    for (int m = 0; m < SW_VALUE_COUNT; m++) value[m] = NAN;
}

static void gaussian_logits(sw_real *z, size_t n, double scale, uint32_t seed) {
    for (size_t i = 0; i < n; i++) {
        double normal[4];
        sw_random_normal4(normal, seed, 1002, 0, i);
        z[i] = (sw_real)(scale * normal[0]);
    }
}

/* ---- curves ---- */

/* x + y mod 3: train is (0,0) (0,1) (1,2) (2,2); the mirrors of the test inputs (1,0) and (2,1) are in train. */
static void test_accuracies_and_margins(void **state) {
    (void)state;
    sw_run_config config = fixture_config(3);
    fixture f;
    fixture_create(&f, &config);
    static const int8_t split[9] = {1, 1, 0, 0, 0, 1, 0, 0, 1};
    /* rows:                    (0,0)      (0,1)      (0,2)      (1,0)      (1,1) */
    static sw_real z[27] = {5, 1, 2, 0, 3, 1, 2, 2, 0, 1, 1, 0, 0, 0, 4,
                            /*                          (1,2)      (2,0)      (2,1)      (2,2) */
                            1, 2, 0, 0, 0, 1, 0, 1, 0, 0, 2, 2};
    sw_evaluation of = {.config = &config, .task = f.task, .split = split, .model = f.model};
    float value[SW_VALUE_COUNT];
    sw_run_facts facts;
    assert_ok(sw_arena_create(&of.arena));
    void *curves = fixture_instrument(INSTRUMENT_OF(curves), &of);
    INSTRUMENT_OF(curves)->facts(&facts, curves, &of);
    assert_int_equal((int)facts.train_inputs, 4);
    assert_int_equal((int)facts.unmirrored_inputs, 3); /* (0,2) and (2,0) with each other, (1,1) with itself */
    missing(value);
    of.logits = z;
    assert_ok(INSTRUMENT_OF(curves)->evaluate(value, curves, &of));
    /* train: (0,0)->0 right, (0,1)->1 right, (1,2)->0 answered 1, (2,2)->1 right (the lowest index wins a tie) */
    assert_close(value[SW_METRIC_TRAIN_ACCURACY], 0.75);
    /* test: (0,2)->2 answered 0, (1,0)->1 answered 0, (1,1)->2 right, (2,0)->2 right, (2,1)->0 answered 1 */
    assert_close(value[SW_METRIC_TEST_ACCURACY], 0.4);
    assert_close(value[SW_METRIC_TEST_ACCURACY_UNMIRRORED], 2.0 / 3);
    assert_close(value[SW_METRIC_MARGIN_MIN], -1);
    assert_close(value[SW_METRIC_MARGIN_MEAN], (3.0 + 2 - 1 + 0) / 4);
    double loss =
        log(1 + exp(-4) + exp(-3)) + log(1 + exp(-3) + exp(-2)) + log(1 + exp(1) + exp(-1)) + log(2 + exp(-2));
    assert_close(value[SW_METRIC_TRAIN_LOSS], loss / 4);
    free(curves);
    sw_arena_destroy(of.arena);
    fixture_destroy(&f);
}

/* A set without inputs has no accuracy. */
static void test_no_test_inputs(void **state) {
    (void)state;
    sw_run_config config = fixture_config(5);
    config.train_fraction = 1;
    fixture f;
    fixture_create(&f, &config);
    sw_record record;
    assert_ok(sw_measure_evaluate(&record, f.measure, f.model, 0, 0, true));
    assert_true(isfinite(record.value[SW_METRIC_TRAIN_ACCURACY]));
    for (int m = 0; m < SW_METRIC_COUNT; m++)
        if (strncmp(sw_record_metric(m)->name, "test_", 5) == 0) assert_true(isnan(record.value[m]));
    sw_run_facts facts;
    sw_measure_facts(&facts, f.measure, f.model);
    assert_true(isnan(facts.leak[SW_FAMILY_COMMUTATIVITY]));
    fixture_destroy(&f);
}

/* ---- violations ---- */

typedef struct logits_fixture {
    sw_task *task;
    sw_run_config config;
    int8_t *split;
    sw_evaluation of;
    sw_probe probe;
    sw_violations violations;
    sw_real *z; /* [N, C], made by hand */
    float value[SW_VALUE_COUNT];
} logits_fixture;

static sw_model *model_of(const sw_run_config *config, const sw_task *task) {
    const sw_model_shape shape = sw_instrument_model_shape(task);
    sw_model *model;
    assert_ok(sw_model_create(&model, &config->model, &shape, 1));
    return model;
}

static void violations_create(logits_fixture *v, const sw_run_config *config) {
    memset(v, 0, sizeof *v);
    assert_ok(sw_task_create(&v->task, &config->task, &config->model, 0));
    v->config = *config;
    v->split = calloc(v->task->inputs, sizeof *v->split);
    v->z = calloc(v->task->inputs * (size_t)v->task->classes, sizeof *v->z);
    assert_true(v->split && v->z);
    v->of = (sw_evaluation){.config = &v->config, .task = v->task, .split = v->split, .full = true, .logits = v->z};
    v->of.model = model_of(&v->config, v->task);
    assert_ok(sw_arena_create(&v->of.arena));
    const size_t inputs = v->task->inputs, width = sw_softmax_width(v->task->classes);
    v->of.softmax = (sw_softmax){.classes = v->task->classes,
                                 .p = sw_arena_alloc(v->of.arena, inputs * width, sizeof(sw_real)),
                                 .log_p = sw_arena_alloc(v->of.arena, inputs * width, sizeof(sw_real)),
                                 .argmax = sw_arena_alloc(v->of.arena, inputs, sizeof(int32_t))};
    assert_true(v->of.softmax.p && v->of.softmax.log_p && v->of.softmax.argmax);
    assert_ok(sw_probe_create(&v->probe, &v->config, v->task, v->split, v->of.arena));
    v->of.probe = &v->probe;
    assert_ok(INSTRUMENT_OF(violations)->create(&v->violations, &v->of));
}

static void violations_measure(logits_fixture *v) {
    missing(v->value);
    sw_softmax_table(&v->of.softmax, v->z, v->task->inputs);
    assert_ok(INSTRUMENT_OF(violations)->evaluate(v->value, &v->violations, &v->of));
}

static void violations_destroy(logits_fixture *v) {
    sw_probe_destroy(&v->probe);
    sw_model_destroy(v->of.model);
    sw_arena_destroy(v->of.arena);
    free(v->split);
    free(v->z);
    sw_task_destroy(v->task);
}

static sw_run_config kind_of_task(int k) {
    sw_run_config config = fixture_config(5);
    if (k == 1) {
        config.task.kind = SW_TASK_GRAPH;
        config.task.graph = SW_GRAPH_PATH;
        config.task.nodes = 6;
    } else if (k == 2) {
        config.task.kind = SW_TASK_COMPARISON;
        config.task.side_count = 2;
        config.task.sides[0] = config.task.sides[1] = 3;
    } else if (k == 3) {
        config.task.kind = SW_TASK_GROUP;
        config.task.group = SW_GROUP_DIHEDRAL;
        config.task.n = 4;
    }
    return config;
}

/* A model that knows the table breaks no symmetry that holds; random inputs disagree with each other. */
static void test_the_true_table_violates_nothing(void **state) {
    (void)state;
    for (int k = 0; k < 4; k++) {
        sw_run_config config = kind_of_task(k);
        logits_fixture v;
        violations_create(&v, &config);
        size_t classes = (size_t)v.task->classes;
        for (size_t i = 0; i < v.task->inputs; i++) v.z[i * classes + (size_t)v.task->label[i]] = 40;
        violations_measure(&v);
        int measured = 0;
        for (int f = 0; f < SW_FAMILY_COUNT; f++) {
            const float *out = v.value + SW_METRIC_OF_FAMILY(f, 0);
            assert_int_equal(isnan(out[SW_FAMILY_MEAN]), !v.violations.family[f].applies);
            if (isnan(out[SW_FAMILY_MEAN]) || !sw_families[f]->holds(&config.task)) continue;
            measured++;
            /* log-odds add up in transitivity (40 + 40 against 40): what is left of the divergence is below e^-40 */
            assert_true(out[SW_FAMILY_MAX] < 1e-6);
            assert_true(out[SW_FAMILY_DISAGREEMENT] == 0);
            assert_true(out[SW_FAMILY_NULL_MAX] > 1);
            assert_close(out[SW_FAMILY_RATIO_MEAN], out[SW_FAMILY_MEAN] / out[SW_FAMILY_NULL_MEAN]);
            assert_close(out[SW_FAMILY_RATIO_MAX], out[SW_FAMILY_MAX] / out[SW_FAMILY_NULL_MAX]);
            assert_true(out[SW_FAMILY_NULL_MEAN] > 0.5 && out[SW_FAMILY_NULL_MEAN] <= out[SW_FAMILY_NULL_MAX]);
        }
        assert_true(measured >= 3);
        violations_destroy(&v);
    }
}

/* Commutativity of x + y mod 5, enumerated and computed here in double from the definition. */
static void test_commutativity_by_hand(void **state) {
    (void)state;
    sw_run_config config = fixture_config(5);
    logits_fixture v;
    violations_create(&v, &config);
    gaussian_logits(v.z, 125, 2, 1);
    violations_measure(&v);
    double p[25][5], sum = 0, largest = 0;
    int count = 0, disagree = 0, best[25] = {0};
    for (int i = 0; i < 25; i++) {
        double total = 0;
        for (int c = 0; c < 5; c++) {
            total += p[i][c] = exp(v.z[5 * i + c]);
            if (v.z[5 * i + c] > v.z[5 * i + best[i]]) best[i] = c;
        }
        for (int c = 0; c < 5; c++) p[i][c] /= total;
    }
    for (int x = 0; x < 5; x++)
        for (int y = 0; y < 5; y++) {
            if (x == y) continue;
            double kl = 0;
            for (int c = 0; c < 5; c++) {
                double a = p[5 * x + y][c], b = p[5 * y + x][c];
                kl += 0.5 * (a - b) * log(a / b);
            }
            sum += kl;
            largest = kl > largest ? kl : largest;
            disagree += best[5 * x + y] != best[5 * y + x];
            count++;
        }
    const float *out = v.value + SW_METRIC_OF_FAMILY(SW_FAMILY_COMMUTATIVITY, 0);
    assert_close(out[SW_FAMILY_MEAN], sum / count);
    assert_close(out[SW_FAMILY_MAX], largest);
    assert_close(out[SW_FAMILY_DISAGREEMENT], (double)disagree / count);
    violations_destroy(&v);
}

/* The pairs that are measured one by one, and within blocks: the same numbers. */
static void assert_same_agreement(const logits_fixture *blocks, const logits_fixture *listed) {
    for (int f = 0; f < SW_FAMILY_COUNT; f++) {
        if (!blocks->violations.family[f].enumerated) continue;
        for (int k = SW_FAMILY_AGREEMENT_WRONG; k <= SW_FAMILY_WRONG_TUPLES; k++)
            assert_close(blocks->value[SW_METRIC_OF_FAMILY(f, k)], listed->value[SW_METRIC_OF_FAMILY(f, k)]);
    }
}

/* Nothing is trained on. A model that answers x + y + 1 is wrong everywhere and breaks no symmetry of the sum; a random
 * table agrees with itself as often as chance has it. */
static void test_consistent_but_wrong(void **state) {
    (void)state;
    static const sw_family_id of_sums[] = {SW_FAMILY_COMMUTATIVITY, SW_FAMILY_ASSOCIATIVITY, SW_FAMILY_TRANSLATION,
                                           SW_FAMILY_LABEL_PAIRS};
    enum { P = 31, OF_SUMS = sizeof of_sums / sizeof *of_sums };
    sw_run_config config = fixture_config(P);
    logits_fixture v, listed;
    violations_create(&v, &config);
    config.evaluate.tuples = 100000;
    violations_create(&listed, &config);
    assert_true(v.violations.family[SW_FAMILY_TRANSLATION].blocks.count == P);
    assert_true(listed.violations.family[SW_FAMILY_TRANSLATION].blocks.count == 0);
    for (size_t i = 0; i < v.task->inputs; i++) v.z[i * P + (size_t)(v.task->label[i] + 1) % P] = 9;
    memcpy(listed.z, v.z, v.task->inputs * P * sizeof *v.z);
    violations_measure(&v);
    violations_measure(&listed);
    for (int k = 0; k < OF_SUMS; k++) {
        const float *out = v.value + SW_METRIC_OF_FAMILY(of_sums[k], 0);
        const sw_family_probe *probe = &v.violations.family[of_sums[k]];
        assert_true(out[SW_FAMILY_AGREEMENT_WRONG] == 1);
        assert_close(out[SW_FAMILY_AGREEMENT_CHANCE], 1.0 / P);
        assert_close(out[SW_FAMILY_WRONG_TUPLES], (double)(probe->count + probe->blocks.pairs));
    }
    assert_true(v.value[SW_METRIC_OF_FAMILY(SW_FAMILY_SCALING, SW_FAMILY_AGREEMENT_WRONG)] < 0.5f);
    assert_same_agreement(&v, &listed);

    gaussian_logits(v.z, v.task->inputs * P, 1, 7);
    for (size_t i = 0; i < v.task->inputs; i++) v.split[i] = listed.split[i] = i % 7 == 0;
    sw_agreement_open(v.violations.open, v.task, v.split);
    sw_agreement_open(listed.violations.open, v.task, v.split);
    memcpy(listed.z, v.z, v.task->inputs * P * sizeof *v.z);
    violations_measure(&v);
    violations_measure(&listed);
    for (int f = 0; f < SW_FAMILY_COUNT; f++) {
        const float *out = v.value + SW_METRIC_OF_FAMILY(f, 0);
        if (!v.violations.family[f].applies) continue;
        /* Of pairs that come in either order half count; four standard deviations. */
        const double chance = out[SW_FAMILY_AGREEMENT_CHANCE], pairs = out[SW_FAMILY_WRONG_TUPLES] / 2;
        assert_true(pairs > 100 && chance >= 1.0 / P && chance < 1.2 / P);
        assert_true(fabs(out[SW_FAMILY_AGREEMENT_WRONG] - chance) < 4 * sqrt(chance / pairs));
    }
    assert_same_agreement(&v, &listed);

    for (size_t i = 0; i < v.task->inputs; i++) v.z[i * P + (size_t)v.task->label[i]] = 99;
    violations_measure(&v);
    const float *out = v.value + SW_METRIC_OF_FAMILY(SW_FAMILY_ASSOCIATIVITY, 0);
    assert_true(out[SW_FAMILY_WRONG_TUPLES] == 0 && isnan(out[SW_FAMILY_AGREEMENT_WRONG]) &&
                isnan(out[SW_FAMILY_AGREEMENT_CHANCE]));
    v.of.full = false;
    violations_measure(&v);
    assert_true(isnan(out[SW_FAMILY_WRONG_TUPLES]) && isfinite(out[SW_FAMILY_MEAN]));
    violations_destroy(&v);
    violations_destroy(&listed);
}

/* Divergences from the softmax of the whole table are those from the logits, tuple by tuple, maps and all. */
static void test_the_softmax_table(void **state) {
    (void)state;
    for (int k = 0; k < 4; k++) {
        sw_run_config config = kind_of_task(k);
        logits_fixture v;
        violations_create(&v, &config);
        size_t n = v.task->inputs * (size_t)v.task->classes;
        for (int scale = 0; scale < 3; scale++) { /* nearly uniform to nearly certain */
            gaussian_logits(v.z, n, pow(10, scale - 1), 3);
            violations_measure(&v);
            for (int f = 0; f < SW_FAMILY_COUNT; f++) {
                const sw_family_probe *probe = &v.violations.family[f];
                if (!probe->applies || probe->spec.compare != SW_COMPARE_SYMMETRIC_KL) continue;
                sw_real *each = calloc(probe->count, sizeof *each), *table = calloc(probe->count, sizeof *table);
                int8_t *differ = calloc(probe->count, 1), *table_differ = calloc(probe->count, 1);
                assert_true(each && table && differ && table_differ);
                sw_divergence_each(&probe->spec, probe->tuples, probe->count, NULL, v.z, each, differ, NULL);
                sw_softmax_divergence(&v.of.softmax, &probe->spec, probe->tuples, probe->count, table, table_differ);
                for (size_t i = 0; i < probe->count; i++)
                    assert_true(fabsf(each[i] - table[i]) <= 2e-6f * each[i] + 1e-6f * sqrtf(each[i]) + 1e-12f);
                assert_memory_equal(differ, table_differ, probe->count);
                free(each);
                free(table);
                free(differ);
                free(table_differ);
            }
        }
        v.z[0] = NAN; /* one broken row: every family that looks at it has no value */
        violations_measure(&v);
        assert_true(isnan(v.value[SW_METRIC_OF_FAMILY(SW_FAMILY_LABEL_PAIRS, SW_FAMILY_MEAN)]));
        assert_true(isnan(v.value[SW_METRIC_OF_FAMILY(SW_FAMILY_LABEL_PAIRS, SW_FAMILY_MAX)]));
        assert_true(isnan(v.value[SW_METRIC_OF_FAMILY(SW_FAMILY_LABEL_PAIRS, SW_FAMILY_DISAGREEMENT)]));
        violations_destroy(&v);
    }
}

/* The options of a training loss do not change what is measured. */
static void test_options_of_the_loss_do_not_matter(void **state) {
    (void)state;
    for (int k = 0; k < 2; k++) {
        sw_run_config config = kind_of_task(k);
        logits_fixture plain, other;
        violations_create(&plain, &config);
        for (int f = 0; f < SW_FAMILY_COUNT; f++)
            config.symmetry[f] = (sw_family_config){.weight = 1,
                                                    .tuples_per_step = 3,
                                                    .inputs = SW_INPUTS_TRAIN,
                                                    .intermediate = SW_INTERMEDIATE_PREDICTED,
                                                    .divergence = SW_DIVERGENCE_FORWARD_KL};
        violations_create(&other, &config);
        gaussian_logits(plain.z, plain.task->inputs * (size_t)plain.task->classes, 3, 2);
        memcpy(other.z, plain.z, plain.task->inputs * (size_t)plain.task->classes * sizeof *plain.z);
        violations_measure(&plain);
        violations_measure(&other);
        assert_memory_equal(plain.value, other.value, sizeof plain.value);
        violations_destroy(&plain);
        violations_destroy(&other);
    }
}

/* Random inputs: pairs of distinct ones, over the whole table; where log-odds are compared, only inputs that have
 * them. */
static void test_null_tuples(void **state) {
    (void)state;
    sw_run_config config = kind_of_task(0);
    logits_fixture v;
    violations_create(&v, &config);
    const sw_family_probe *probe = &v.violations.family[SW_FAMILY_ASSOCIATIVITY];
    bool seen[25] = {false};
    for (size_t j = 0; j < probe->count; j++) {
        assert_true(probe->nulls[j].input[0] != probe->nulls[j].input[1]);
        assert_int_equal(probe->nulls[j].map, -1);
        seen[probe->nulls[j].input[0]] = seen[probe->nulls[j].input[1]] = true;
    }
    for (int i = 0; i < 25; i++) assert_true(seen[i]);
    violations_destroy(&v);

    config = kind_of_task(2);
    violations_create(&v, &config);
    probe = &v.violations.family[SW_FAMILY_TRANSITIVITY];
    for (size_t j = 0; j < probe->count; j++)
        for (int k = 0; k < 3; k++) /* relations are attribute-major <, =, >: the last of three */
            assert_int_equal((sw_task_relation(v.task, (size_t)probe->nulls[j].input[k]) - v.task->entities) % 3, 2);
    violations_destroy(&v);
}

/* ---- interpretability ---- */

typedef struct interpret_fixture {
    fixture f;
    sw_evaluation of;
    sw_probe probe;
    void *interpret;
    sw_real *z;
    float value[SW_VALUE_COUNT];
} interpret_fixture;

static void interpret_create(interpret_fixture *t, int32_t p) {
    memset(t, 0, sizeof *t);
    sw_run_config config = fixture_config(p);
    fixture_create(&t->f, &config);
    t->z = calloc((size_t)(p * p * p), sizeof *t->z);
    assert_non_null(t->z);
    t->of = (sw_evaluation){
        .config = &t->f.config, .task = t->f.task, .split = t->f.split, .model = t->f.model, .logits = t->z};
    assert_ok(sw_arena_create(&t->of.arena));
    assert_ok(sw_spectrum_create(&t->of.spectrum, p, 16, t->of.arena));
    assert_ok(sw_modes_create(&t->of.modes, t->f.task, 16, t->of.arena));
    assert_ok(sw_probe_create(&t->probe, &t->f.config, t->f.task, t->f.split, t->of.arena));
    t->of.probe = &t->probe;
    t->interpret = fixture_instrument(INSTRUMENT_OF(interpret), &t->of);
}

static void interpret_measure(interpret_fixture *t) {
    missing(t->value);
    assert_ok(sw_spectrum_compute(&t->of.spectrum, fixture_embedding(&t->f), NULL));
    assert_ok(sw_modes_compute(&t->of.modes, &t->of.spectrum, fixture_embedding(&t->f)));
    assert_ok(INSTRUMENT_OF(interpret)->evaluate(t->value, t->interpret, &t->of));
}

static void interpret_destroy(interpret_fixture *t) {
    sw_probe_destroy(&t->probe);
    free(t->interpret);
    sw_arena_destroy(t->of.arena);
    free(t->z);
    fixture_destroy(&t->f);
}

/* An embedding of five frequencies; logits of waves in x + y of `wave`, and of x - y which no key frequency explains.
 */
static void make_waves(interpret_fixture *t, int32_t p, const int32_t *key, const int32_t *wave, double other) {
    sw_real *E = fixture_embedding(&t->f);
    for (int i = 0; i < p; i++)
        for (int k = 0; k < 5; k++) {
            E[16 * i + 2 * k] = (sw_real)((2 - 0.1 * k) * cos(two_pi * key[k] * i / p));
            E[16 * i + 2 * k + 1] = (sw_real)((2 - 0.1 * k) * sin(two_pi * key[k] * i / p));
        }
    for (int i = 0; i < p; i++)
        for (int j = 10; j < 16; j++) E[16 * i + j] = 0;
    for (int x = 0; x < p; x++)
        for (int y = 0; y < p; y++)
            for (int c = 0; c < p; c++) {
                double z = other * cos(two_pi * 2 * (x - y + c) / p) + 0.01 * c;
                for (int k = 0; k < 5; k++) z += cos(two_pi * wave[k] * (x + y - c) / p);
                t->z[(x * p + y) * p + c] = (sw_real)z;
            }
}

/* Mean cross-entropy over the chosen inputs of logits z(x, y, c), in double from the definition. */
static double mean_loss(const interpret_fixture *t, int32_t p, bool train_only, double (*z)(int, int, int, int)) {
    double sum = 0;
    int count = 0;
    for (int x = 0; x < p; x++)
        for (int y = 0; y < p; y++) {
            if (train_only && !t->f.split[x * p + y]) continue;
            double total = 0;
            for (int c = 0; c < p; c++) total += exp(z(x, y, c, p) - z(x, y, (x + y) % p, p));
            sum += log(total);
            count++;
        }
    return sum / count;
}

static const int32_t key_waves[5] = {1, 4, 7, 9, 11};

static double only_key(int x, int y, int c, int p) {
    double z = 0.01 * c;
    for (int k = 0; k < 5; k++) z += cos(two_pi * key_waves[k] * (x + y - c) / p);
    return z;
}

static double without_key(int x, int y, int c, int p) { return 1.5 * cos(two_pi * 2 * (x - y + c) / p) + 0.01 * c; }

static void test_restricted_and_excluded_loss(void **state) {
    (void)state;
    const int32_t p = 23, elsewhere[5] = {2, 3, 5, 6, 8};
    interpret_fixture t;
    interpret_create(&t, p);
    make_waves(&t, p, key_waves, key_waves, 1.5);
    interpret_measure(&t);
    assert_close(t.value[SW_METRIC_RESTRICTED_LOSS], mean_loss(&t, p, false, only_key));
    assert_close(t.value[SW_METRIC_EXCLUDED_LOSS], mean_loss(&t, p, true, without_key));

    /* waves that are not the embedding's: nothing is left of them, and nothing is taken away */
    make_waves(&t, p, elsewhere, key_waves, 0);
    interpret_measure(&t);
    double constant = 0;
    for (int c = 0; c < p; c++) constant += exp(0.01 * c);
    assert_close(t.value[SW_METRIC_RESTRICTED_LOSS], log(constant) - 0.01 * (p - 1) / 2.0);
    assert_close(t.value[SW_METRIC_EXCLUDED_LOSS], mean_loss(&t, p, true, only_key));
    interpret_destroy(&t);
}

/* Correct logits that follow the sum alone are a clock's, those that follow the distance alone a pizza's. */
static void test_distance_irrelevance(void **state) {
    (void)state;
    const int p = 13;
    interpret_fixture t;
    interpret_create(&t, p);
    for (int kind = 0; kind < 2; kind++) {
        for (int x = 0; x < p; x++)
            for (int y = 0; y < p; y++) {
                int at = kind == 0 ? x + y : x - y;
                t.z[(x * p + y) * p + (x + y) % p] = (sw_real)cos(two_pi * at / p);
            }
        interpret_measure(&t);
        assert_true(fabs(t.value[SW_METRIC_DISTANCE_IRRELEVANCE] - (kind == 0 ? 1 : 0)) < 1e-5);
    }
    interpret_destroy(&t);
}

/* Without queries and positions the two operands enter alike: their gradients are one and the same. */
static void make_operands_alike(sw_model *model) {
    size_t count = 0;
    const sw_tensor *tensors = sw_model_tensors(model, &count);
    for (size_t i = 0; i < count; i++) {
        sw_real *w = sw_model_parameters(model) + tensors[i].offset;
        size_t n = (size_t)(tensors[i].shape[0] * tensors[i].shape[1]);
        if (strcmp(tensors[i].name, "position_embedding") == 0 || strstr(tensors[i].name, "query"))
            memset(w, 0, n * sizeof *w);
    }
}

/* Of 1,210 and 1,100 cosines all are taken, of 12,696 and more a sample. */
static void test_gradient_symmetricity(void **state) {
    (void)state;
    static const int32_t moduli[] = {10, 11, 24, 29};
    for (size_t k = 0; k < sizeof moduli / sizeof *moduli; k++) {
        interpret_fixture t;
        interpret_create(&t, moduli[k]);
        interpret_measure(&t);
        const float mean = t.value[SW_METRIC_GRADIENT_SYMMETRICITY];
        const float error = t.value[SW_METRIC_GRADIENT_SYMMETRICITY_ERROR];
        assert_true(mean > -1 && mean < 0.999);
        if (moduli[k] <= 20)
            assert_true(error == 0);
        else
            assert_true(error > 0 && error <= 0.01F);
        interpret_measure(&t); /* the same again: nothing is left of the first time */
        assert_true(t.value[SW_METRIC_GRADIENT_SYMMETRICITY] == mean);
        make_operands_alike(t.f.model);
        interpret_measure(&t);
        assert_true(fabs(t.value[SW_METRIC_GRADIENT_SYMMETRICITY] - 1) < 1e-5);
        assert_true(t.value[SW_METRIC_GRADIENT_SYMMETRICITY_ERROR] < 1e-5);
        interpret_destroy(&t);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accuracies_and_margins),
        cmocka_unit_test(test_no_test_inputs),
        cmocka_unit_test(test_the_true_table_violates_nothing),
        cmocka_unit_test(test_commutativity_by_hand),
        cmocka_unit_test(test_consistent_but_wrong),
        cmocka_unit_test(test_the_softmax_table),
        cmocka_unit_test(test_options_of_the_loss_do_not_matter),
        cmocka_unit_test(test_null_tuples),
        cmocka_unit_test(test_restricted_and_excluded_loss),
        cmocka_unit_test(test_distance_irrelevance),
        cmocka_unit_test(test_gradient_symmetricity),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
