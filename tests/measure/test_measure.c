/* test_measure.c: whole evaluations and snapshots of untrained models over every kind of task. */
#include "fixture.h"
#include "measure/alignment.h"

#include <assert.h>

/* ---- configurations ---- */

static sw_run_config modular(sw_operation_id operation, int32_t p) {
    sw_run_config config = fixture_config(p);
    config.task.operation = operation;
    return config;
}

static sw_run_config graph(sw_graph_id kind) {
    sw_run_config config = fixture_config(0);
    config.task.kind = SW_TASK_GRAPH;
    config.task.graph = kind;
    config.task.nodes = 9;
    config.task.side_count = kind == SW_GRAPH_GRID3D ? 3 : 2;
    for (int i = 0; i < config.task.side_count; i++) config.task.sides[i] = 3;
    config.task.dimension = 3;
    config.task.branching = 2;
    config.task.depth = 2;
    return config;
}

static sw_run_config comparison(sw_comparison_form form) {
    sw_run_config config = fixture_config(0);
    config.task.kind = SW_TASK_COMPARISON;
    config.task.form = form;
    config.task.side_count = 2;
    config.task.sides[0] = 4;
    config.task.sides[1] = 3;
    return config;
}

static sw_run_config group(sw_group_id kind, int32_t n) {
    sw_run_config config = fixture_config(0);
    config.task.kind = SW_TASK_GROUP;
    config.task.group = kind;
    config.task.n = n;
    config.task.factor_count = 2;
    config.task.factors[0] = 3;
    config.task.factors[1] = 4;
    return config;
}

enum { CONFIGURATIONS = 28 };

static int all_configurations(sw_run_config out[CONFIGURATIONS]) {
    int count = 0;
    for (int op = 0; op < SW_OP_COUNT; op++) out[count++] = modular((sw_operation_id)op, 7);
    for (int kind = 0; kind < SW_GRAPH_EDGE_LIST; kind++) out[count++] = graph((sw_graph_id)kind);
    out[count++] = comparison(SW_FORM_RELATION);
    out[count++] = comparison(SW_FORM_THREE_WAY);
    out[count++] = group(SW_GROUP_CYCLIC, 12);
    out[count++] = group(SW_GROUP_PRODUCT, 0);
    out[count++] = group(SW_GROUP_DIHEDRAL, 5);
    out[count++] = group(SW_GROUP_DIHEDRAL, 6);
    out[count++] = group(SW_GROUP_SYMMETRIC, 3);
    out[count++] = group(SW_GROUP_SYMMETRIC, 4);
    out[count++] = modular(SW_OP_ADD, 8);
    out[count] = modular(SW_OP_ADD, 7);
    out[count].model.kind = SW_MODEL_MLP;
    out[count++].model.readout_token = false;
    assert(count == CONFIGURATIONS);
    return count;
}

/* ---- tests ---- */

/* Every metric that applies has a value, every other one is missing; the caller's own are left missing. */
static void test_values_are_where_they_apply(void **state) {
    (void)state;
    sw_run_config configs[CONFIGURATIONS];
    int count = all_configurations(configs);
    for (int k = 0; k < count; k++) {
        fixture f;
        fixture_create(&f, &configs[k]);
        bool mask[SW_METRIC_COUNT];
        assert_ok(sw_measure_applicable(mask, &configs[k]));
        sw_record record;
        assert_ok(sw_measure_evaluate(&record, f.measure, f.model, 0, 0, true));
        sw_run_facts facts;
        sw_measure_facts(&facts, f.measure, f.model);
        for (int m = 0; m < SW_METRIC_COUNT; m++) {
            const sw_metric *metric = sw_record_metric(m);
            bool callers = m == SW_METRIC_OBJECTIVE || strncmp(metric->name, "gradient_norm", 13) == 0;
            bool none = m == SW_METRIC_TEST_ACCURACY_UNMIRRORED && facts.unmirrored_inputs <= 0;
            const int family = m - SW_METRIC_SCALAR_COUNT, which = family < 0 ? -1 : family % SW_FAMILY_METRIC_COUNT;
            if (which == SW_FAMILY_AGREEMENT_WRONG || which == SW_FAMILY_AGREEMENT_CHANCE)
                none = record.value[m - which + SW_FAMILY_WRONG_TUPLES] == 0;
            bool expected = mask[m] && !callers && !none;
            if (isfinite(record.value[m]) == expected) continue;
            print_error("configuration %d: /%s/%s = %g\n", k, metric->group, metric->name, (double)record.value[m]);
            fail();
        }
        fixture_destroy(&f);
    }
}

/* The spectrum is of so many lines as the shape promises, and a snapshot is as wide as it says. */
static void test_snapshots_have_their_promised_shape(void **state) {
    (void)state;
    sw_run_config configs[CONFIGURATIONS];
    int count = all_configurations(configs);
    for (int k = 0; k < count; k++) {
        configs[k].save.embedding = true;
        configs[k].save.parameters = k % 2 == 0;
        configs[k].save.optimizer = k % 2 == 1;
        fixture f;
        fixture_create(&f, &configs[k]);
        sw_snapshot_shape shape;
        assert_ok(sw_measure_snapshot_shape(&shape, &configs[k]));
        sw_snapshot snapshot;
        assert_ok(sw_measure_snapshot(&snapshot, f.measure, f.model));
        assert_memory_equal(&shape, &snapshot.shape, sizeof shape);
        assert_int_equal(shape.parameters, (int64_t)sw_model_parameter_count(f.model));
        assert_ptr_equal(snapshot.array[SW_SNAPSHOT_PARAMETERS], sw_model_parameters(f.model));
        assert_int_equal(shape.optimizer, k % 2 ? 2 * shape.parameters : 0); /* AdamW's two moments */
        assert_null(snapshot.array[SW_SNAPSHOT_OPTIMIZER]);
        assert_ptr_equal(snapshot.array[SW_SNAPSHOT_EMBEDDING], fixture_embedding(&f));

        double explained = 0, singular = 0, scores = 0;
        for (int c = 0; c < SW_PCA_COMPONENTS && c < shape.singular; c++)
            explained += snapshot.array[SW_SNAPSHOT_EXPLAINED_VARIANCE][c];
        assert_true(explained > 0 && explained <= 1 + 1e-6);
        for (int i = 0; i < shape.singular; i++) {
            assert_true(i == 0 || snapshot.array[SW_SNAPSHOT_SINGULAR_VALUES][i] <=
                                      snapshot.array[SW_SNAPSHOT_SINGULAR_VALUES][i - 1]);
            if (i < SW_PCA_COMPONENTS) singular += pow(snapshot.array[SW_SNAPSHOT_SINGULAR_VALUES][i], 2);
        }
        for (int c = 0; c < SW_PCA_COMPONENTS; c++) {
            float largest = 0;
            for (int i = 0; i < shape.entities; i++) {
                float x = snapshot.array[SW_SNAPSHOT_PCA][i * SW_PCA_COMPONENTS + c];
                assert_int_equal(isnan(x), c >= shape.singular);
                if (isnan(x)) continue;
                scores += (double)x * x;
                if (fabsf(x) > fabsf(largest)) largest = x;
            }
            assert_true(largest >= 0);
        }
        assert_close(scores, singular);
        for (int i = 0; i < shape.fourier; i++) assert_true(snapshot.array[SW_SNAPSHOT_FOURIER_POWER][i] >= 0);
        fixture_destroy(&f);
    }
}

/* Between the costly evaluations the costly measures are missing and nothing else changes. */
static void test_costly_measures_keep_their_cadence(void **state) {
    (void)state;
    sw_run_config config = fixture_config(11);
    config.evaluate.spectra_every = 10;
    fixture f;
    fixture_create(&f, &config);
    sw_record full, cheap;
    assert_ok(sw_measure_evaluate(&full, f.measure, f.model, 0, 0, true));
    assert_ok(sw_measure_evaluate(&cheap, f.measure, f.model, 0, 1, false));
    for (int m = 0; m < SW_METRIC_COUNT; m++) {
        const int family = m - SW_METRIC_SCALAR_COUNT;
        bool costly = m >= SW_METRIC_RESTRICTED_LOSS && m <= SW_METRIC_GRADIENT_SYMMETRICITY_ERROR;
        if (family >= 0 && family % SW_FAMILY_METRIC_COUNT >= SW_FAMILY_AGREEMENT_WRONG && !isnan(full.value[m]))
            costly = true;
        if (costly)
            assert_true(isnan(cheap.value[m]) && isfinite(full.value[m]));
        else
            assert_memory_equal(&cheap.value[m], &full.value[m], sizeof(float));
    }
    fixture_destroy(&f);
}

/* Measuring is read-only and repeatable bit for bit. */
static void test_measuring_leaves_the_model_alone(void **state) {
    (void)state;
    sw_run_config config = fixture_config(11);
    fixture f;
    fixture_create(&f, &config);
    size_t bytes = sw_model_parameter_count(f.model) * sizeof(sw_real);
    for (size_t i = 0; i < sw_model_parameter_count(f.model); i++) sw_model_gradient(f.model)[i] = (sw_real)i;
    sw_real *parameters = malloc(bytes), *gradient = malloc(bytes);
    assert_true(parameters && gradient);
    memcpy(parameters, sw_model_parameters(f.model), bytes);
    memcpy(gradient, sw_model_gradient(f.model), bytes);
    sw_record first, second;
    sw_snapshot snapshot;
    assert_ok(sw_measure_evaluate(&first, f.measure, f.model, 0, 0, true));
    assert_ok(sw_measure_snapshot(&snapshot, f.measure, f.model));
    assert_ok(sw_measure_evaluate(&second, f.measure, f.model, 0, 0, true));
    assert_memory_equal(&first, &second, sizeof first);
    assert_memory_equal(parameters, sw_model_parameters(f.model), bytes);
    assert_memory_equal(gradient, sw_model_gradient(f.model), bytes);
    free(parameters);
    free(gradient);
    fixture_destroy(&f);
}

/* A model that has diverged is measured too: no number where there is none, and no failure. */
static void test_a_diverged_model_gives_missing_values(void **state) {
    (void)state;
    sw_run_config configs[CONFIGURATIONS];
    int count = all_configurations(configs);
    for (int k = 0; k < count; k++) {
        fixture f;
        fixture_create(&f, &configs[k]);
        for (size_t i = 0; i < sw_model_parameter_count(f.model); i++) sw_model_parameters(f.model)[i] = NAN;
        sw_record record;
        sw_snapshot snapshot;
        assert_ok(sw_measure_evaluate(&record, f.measure, f.model, 0, 0, true));
        for (int m = 0; m < SW_METRIC_COUNT; m++) {
            if (!isnan(record.value[m])) print_error("configuration %d: %s\n", k, sw_record_metric(m)->name);
            assert_true(isnan(record.value[m]));
        }
        assert_ok(sw_measure_snapshot(&snapshot, f.measure, f.model));
        assert_true(isnan(snapshot.array[SW_SNAPSHOT_SINGULAR_VALUES][0]) && isnan(snapshot.array[SW_SNAPSHOT_PCA][0]));
        fixture_destroy(&f);
    }
}

/* The estimate is no less than what is allocated, and not far above it. */
static void test_memory_is_estimated(void **state) {
    (void)state;
    const sw_run_config configs[] = {modular(SW_OP_ADD, 59),       modular(SW_OP_MUL, 31),
                                     graph(SW_GRAPH_GRID),         comparison(SW_FORM_RELATION),
                                     group(SW_GROUP_SYMMETRIC, 4), group(SW_GROUP_DIHEDRAL, 30)};
    for (size_t k = 0; k < sizeof configs / sizeof *configs; k++) {
        sw_run_config config = configs[k];
        config.evaluate.tuples = 100; /* fewer than any family has, so that the estimate counts what there is */
        fixture f;
        fixture_create(&f, &config);
        sw_task shape;
        assert_ok(sw_task_describe(&shape, &config.task, &config.model));
        double estimate = sw_measure_memory(&config, &shape, 0), real = (double)sw_measure_bytes(f.measure);
        if (estimate < 0.97 * real || estimate > 1.3 * real + 65536)
            print_error("configuration %d: %g bytes estimated, %g allocated\n", (int)k, estimate, real);
        assert_true(estimate >= 0.97 * real && estimate <= 1.3 * real + 65536);
        fixture_destroy(&f);
    }
}

/* Measures in memory that a model spares are those in memory of their own, bit for bit. */
static void test_spare_memory_changes_nothing(void **state) {
    (void)state;
    sw_run_config config = modular(SW_OP_ADD, 47); /* more inputs than a block has */
    config.model.layers = 2;
    config.model.d_model = 32;
    config.model.d_mlp = 128;
    fixture f;
    fixture_create(&f, &config);
    size_t bytes = 0;
    void *spare = sw_model_spare(f.model, &bytes);
    assert_true(bytes >= sw_measure_room(f.task));
    sw_measure *sharing = NULL;
    assert_ok(sw_measure_create(&sharing, &f.config, f.task, f.split, spare, bytes));
    assert_true(sw_measure_bytes(f.measure) - sw_measure_bytes(sharing) >= sw_measure_room(f.task));
    assert_true(sw_measure_memory(&config, f.task, bytes) < sw_measure_memory(&config, f.task, bytes / 16));
    sw_record record[2];
    for (int full = 0; full < 2; full++) {
        assert_ok(sw_measure_evaluate(&record[0], f.measure, f.model, 0, full ? 0 : 1, false));
        assert_ok(sw_measure_evaluate(&record[1], sharing, f.model, 0, full ? 0 : 1, false));
        assert_ok(sw_measure_complete(&record[0], f.measure));
        assert_ok(sw_measure_complete(&record[1], sharing));
        assert_memory_equal(&record[0], &record[1], sizeof *record);
    }
    sw_measure_destroy(sharing);
    fixture_destroy(&f);
}

static void test_facts(void **state) {
    (void)state;
    sw_run_config config = fixture_config(7);
    config.symmetry[SW_FAMILY_COMMUTATIVITY].weight = 0.5;
    fixture f;
    fixture_create(&f, &config);
    sw_run_facts facts;
    sw_measure_facts(&facts, f.measure, f.model);
    assert_int_equal(facts.parameters, (int64_t)sw_model_parameter_count(f.model));
    assert_close(facts.majority, 1.0 / 7);
    int train = 0, test = 0, unmirrored = 0;
    for (int x = 0; x < 7; x++)
        for (int y = 0; y < 7; y++) {
            train += f.split[7 * x + y];
            test += !f.split[7 * x + y];
            unmirrored += !f.split[7 * x + y] && !f.split[7 * y + x];
        }
    assert_int_equal((int)facts.train_inputs, train);
    assert_int_equal((int)facts.test_inputs, test);
    assert_int_equal((int)facts.unmirrored_inputs, unmirrored);
    /* commutativity alone is weighted: what it reaches is exactly the mirrored inputs */
    assert_int_equal((int)facts.underived_inputs, unmirrored);
    assert_close(facts.leak[SW_FAMILY_COMMUTATIVITY], (double)(test - unmirrored) / test);
    assert_close(facts.leak[SW_FAMILY_ASSOCIATIVITY], 1);
    assert_int_equal(facts.prompted[SW_FAMILY_COMMUTATIVITY], 1);
    assert_int_equal(facts.prompted[SW_FAMILY_ASSOCIATIVITY], 0);
    assert_int_equal(facts.holds[SW_FAMILY_ASSOCIATIVITY], 1);
    assert_int_equal(facts.enumerated[SW_FAMILY_ASSOCIATIVITY], 1);
    assert_int_equal(facts.tuples[SW_FAMILY_TRIANGLE], -1);
    assert_int_equal(facts.enumerated[SW_FAMILY_TRIANGLE], -1);
    assert_int_equal(facts.holds[SW_FAMILY_TRIANGLE], -1);
    assert_true(isnan(facts.leak[SW_FAMILY_TRIANGLE]));
    assert_true(facts.blas_core[0] != 0);
    fixture_destroy(&f);

    /* a sample of stated size where all would be too many */
    config.evaluate.tuples = 20;
    fixture_create(&f, &config);
    sw_measure_facts(&facts, f.measure, f.model);
    assert_int_equal(facts.tuples[SW_FAMILY_COMMUTATIVITY], 20);
    assert_int_equal(facts.enumerated[SW_FAMILY_COMMUTATIVITY], 0);
    assert_true(facts.coverage[SW_FAMILY_COMMUTATIVITY] > 0 && facts.coverage[SW_FAMILY_COMMUTATIVITY] < 1);
    /* and all pairs of a block, however many they are: x, y and z but y = 0 */
    assert_int_equal(facts.tuples[SW_FAMILY_ASSOCIATIVITY], 7 * 7 * 6);
    assert_int_equal(facts.enumerated[SW_FAMILY_ASSOCIATIVITY], 1);
    assert_close(facts.coverage[SW_FAMILY_ASSOCIATIVITY], 1);
    assert_true(isnan(facts.coverage[SW_FAMILY_TRIANGLE]));
    fixture_destroy(&f);
}

/* With nothing weighted no label follows: the underived inputs are the test set. A family that does not hold on the
 * task carries no label. */
static void test_nothing_follows_from_nothing(void **state) {
    (void)state;
    sw_run_config config = modular(SW_OP_QUADRATIC, 7);
    fixture f;
    fixture_create(&f, &config);
    sw_run_facts facts;
    sw_measure_facts(&facts, f.measure, f.model);
    assert_int_equal((int)facts.underived_inputs, (int)facts.test_inputs);
    assert_int_equal(facts.holds[SW_FAMILY_ASSOCIATIVITY], 0);
    assert_true(isnan(facts.leak[SW_FAMILY_ASSOCIATIVITY]));
    sw_record record;
    assert_ok(sw_measure_evaluate(&record, f.measure, f.model, 0, 1, false));
    assert_true(record.value[SW_METRIC_TEST_ACCURACY_UNDERIVED] == record.value[SW_METRIC_TEST_ACCURACY]);
    fixture_destroy(&f);
}

/* ---- gradient cosines ---- */

static double cosine_of(const sw_record *record, int family) {
    return (double)record->value[SW_METRIC_OF_FAMILY(family, SW_FAMILY_GRADIENT_COSINE)];
}

/* Trained on the pairs (u, u) of a graph alone, the train loss is reflexivity: the cosine of a loss with itself is 1.
 */
static void test_the_cosine_of_a_loss_with_itself(void **state) {
    (void)state;
    sw_run_config config = graph(SW_GRAPH_CYCLE);
    fixture f;
    fixture_create(&f, &config);
    sw_measure_destroy(f.measure);
    for (size_t i = 0; i < f.task->inputs; i++) f.split[i] = f.task->label[i] == 0;
    assert_ok(sw_measure_create(&f.measure, &f.config, f.task, f.split, NULL, 0));
    sw_record record;
    assert_ok(sw_measure_evaluate(&record, f.measure, f.model, 0, 0, true));
    assert_true(fabs(cosine_of(&record, SW_FAMILY_REFLEXIVITY) - 1) < 1e-6);
    for (int family = 0; family < SW_FAMILY_COUNT; family++)
        if (family != SW_FAMILY_REFLEXIVITY && sw_families[family]->applies(&config.task))
            assert_true(fabs(cosine_of(&record, family)) < 0.999);
    fixture_destroy(&f);
}

/* An alignment beside a fixture, and the evaluation that it looks at. */
typedef struct aligned {
    fixture f;
    sw_evaluation of;
    sw_probe probe;
    sw_alignment alignment;
} aligned;

/* What the evaluation looks at, anew: the logits are those of the model as it stands. */
static void look_again(aligned *a) { sw_model_evaluate(a->f.model, a->f.task->input, a->f.task->inputs, a->of.logits); }

static void aligned_create(aligned *a, const sw_run_config *config) {
    fixture_create(&a->f, config);
    a->of = (sw_evaluation){.config = &a->f.config, .task = a->f.task, .split = a->f.split, .model = a->f.model};
    assert_ok(sw_arena_create(&a->of.arena));
    a->of.logits = sw_arena_alloc(a->of.arena, a->f.task->inputs * (size_t)a->f.task->classes, sizeof(sw_real));
    assert_non_null(a->of.logits);
    look_again(a);
}

/* For the split as it stands. */
static void align(aligned *a) {
    assert_ok(sw_probe_create(&a->probe, a->of.config, a->f.task, a->f.split, a->of.arena));
    a->of.probe = &a->probe;
    assert_ok(sw_alignment_create(&a->alignment, &a->of));
}

static void aligned_destroy(aligned *a) {
    sw_probe_destroy(&a->probe);
    sw_arena_destroy(a->of.arena);
    fixture_destroy(&a->f);
}

/* Of one input and two classes, learning the other class is the way against: -ln p(1) against -ln p(0). */
static void test_the_cosine_of_a_loss_with_its_negative(void **state) {
    (void)state;
    sw_run_config config = graph(SW_GRAPH_CYCLE);
    config.task.nodes = 3; /* distances 0 and 1 */
    aligned a;
    aligned_create(&a, &config);
    assert_int_equal(a.f.task->classes, 2);
    const sw_divergence_spec zero = {.compare = SW_COMPARE_CLASS_ZERO, .classes = 2};
    const sw_tuple itself = {.input = {0}, .map = -1};
    for (size_t i = 0; i < a.f.task->inputs; i++) a.f.split[i] = i == 0;
    align(&a);
    for (int32_t label = 0; label < 2; label++) {
        a.f.task->label[0] = label;
        sw_alignment_begin(&a.alignment, &a.of);
        assert_true(fabs(sw_alignment_cosine(&a.alignment, &a.of, &zero, 1, &itself, 1) - (label ? -1 : 1)) < 1e-6);
    }
    aligned_destroy(&a);
}

/* Two inputs with the same answers violate nothing, to no order: no gradient, no cosine. */
static void test_no_cosine_without_a_gradient(void **state) {
    (void)state;
    aligned a;
    const sw_run_config config = graph(SW_GRAPH_CYCLE);
    aligned_create(&a, &config);
    align(&a);
    const sw_divergence_spec pairs = {.compare = SW_COMPARE_SYMMETRIC_KL, .classes = a.f.task->classes};
    const sw_tuple same = {.input = {1, 1}, .map = -1}, two = {.input = {1, 2}, .map = -1};
    sw_alignment_begin(&a.alignment, &a.of);
    assert_true(isnan(sw_alignment_cosine(&a.alignment, &a.of, &pairs, 2, &same, 1)));
    assert_true(isfinite(sw_alignment_cosine(&a.alignment, &a.of, &pairs, 2, &two, 1)));
    aligned_destroy(&a);
}

/* Mean train loss, or mean violation of `count` tuples where there are any, with the model moved by h along `way`. */
static double moved(aligned *a, const sw_real *way, double h, const sw_divergence_spec *spec, const sw_tuple *tuples,
                    size_t count) {
    const sw_task *task = a->f.task;
    const size_t train = a->probe.train;
    int32_t *label = malloc((train + 1) * sizeof *label);
    assert_non_null(label);
    for (size_t i = 0; i < train; i++) label[i] = task->label[a->probe.member[i]];
    sw_real *w = sw_model_parameters(a->f.model);
    const size_t parameters = sw_model_parameter_count(a->f.model), bytes = parameters * sizeof *w;
    sw_real *kept = malloc(bytes);
    assert_non_null(kept);
    memcpy(kept, w, bytes);
    for (size_t i = 0; i < parameters; i++) w[i] += (sw_real)(h * (double)way[i]);
    look_again(a);
    const double value = count > 0 ? sw_divergence_mean(spec, tuples, count, NULL, a->of.logits, 1, NULL)
                                   : sw_loss((sw_loss_kind)a->f.config.loss, a->of.logits, task->classes,
                                             a->probe.member, label, train, NULL);
    memcpy(w, kept, bytes);
    free(label);
    free(kept);
    look_again(a);
    return value;
}

static double slope(aligned *a, const sw_real *way, double h, const sw_divergence_spec *spec, const sw_tuple *tuples,
                    size_t count) {
    return (moved(a, way, h, spec, tuples, count) - moved(a, way, -h, spec, tuples, count)) / (2 * h);
}

/* Both gradients are those of the means that they are said to be, by central differences along each; train sets and
 * tuples that take the probe more than one pass among them. Float32: three digits. */
static void test_gradients_of_cosines_are_those_of_the_means(void **state) {
    (void)state;
    sw_run_config configs[] = {modular(SW_OP_ADD, 41), modular(SW_OP_QUADRATIC, 7), graph(SW_GRAPH_GRID),
                               comparison(SW_FORM_RELATION)};
    configs[0].train_fraction = 0.8; /* 1345 inputs */
    configs[2].model.kind = SW_MODEL_MLP;
    configs[2].model.readout_token = false;
    configs[3].task.sides[0] = configs[3].task.sides[1] = 5; /* 3072 inputs of a family's tuples */
    for (size_t k = 0; k < sizeof configs / sizeof *configs; k++) {
        aligned a;
        aligned_create(&a, &configs[k]);
        align(&a);
        const size_t parameters = sw_model_parameter_count(a.f.model);
        sw_real *gradient = malloc(parameters * sizeof *gradient);
        assert_non_null(gradient);
        for (int f = 0; f < SW_FAMILY_COUNT; f++) {
            if (!sw_families[f]->applies(&configs[k].task)) continue;
            sw_divergence_spec spec = {.compare = sw_families[f]->compare,
                                       .divergence = SW_DIVERGENCE_SYMMETRIC_KL,
                                       .classes = a.f.task->classes};
            if (configs[k].task.kind == SW_TASK_COMPARISON) sw_task_odds(a.f.task, &spec.odds_high, &spec.odds_low);
            int32_t *maps = NULL;
            assert_ok(sw_families_class_maps(&maps, a.f.task, (sw_family_id)f));
            spec.class_map = maps;
            sw_tuple_set *set;
            sw_tuple tuples[SW_COSINE_TUPLES];
            assert_ok(sw_tuples_create(&set, a.f.task, (sw_family_id)f, NULL, SW_INPUTS_ALL));
            sw_tuples_sample(set, tuples, SW_COSINE_TUPLES, 3, 5, 7);
            sw_tuples_destroy(set);

            sw_alignment_begin(&a.alignment, &a.of);
            const double cosine =
                sw_alignment_cosine(&a.alignment, &a.of, &spec, sw_families[f]->arity, tuples, SW_COSINE_TUPLES);
            const sw_real *loss = a.alignment.loss;
            memcpy(gradient, sw_model_gradient(a.probe.model), parameters * sizeof *gradient);
            const double of_loss = sw_blas_norm(loss, parameters), of_family = sw_blas_norm(gradient, parameters);
            const double h = 3e-4;
            const double ll = slope(&a, loss, h / of_loss, NULL, NULL, 0) / of_loss;
            const double fl = slope(&a, gradient, h / of_family, NULL, NULL, 0) / of_loss;
            const double ff = slope(&a, gradient, h / of_family, &spec, tuples, SW_COSINE_TUPLES) / of_family;
            free(maps);
            const double errors[] = {cosine - fl / of_family, ll / of_loss - 1, ff / of_family - 1};
            for (int e = 0; e < 3; e++) {
                if (fabs(errors[e]) > 0.01)
                    print_error("configuration %zu %s: %g apart\n", k, sw_family_names[f], errors[e]);
                assert_true(fabs(errors[e]) <= 0.01);
            }
        }
        free(gradient);
        aligned_destroy(&a);
    }
}

/* Norms by block make up the norm of all, of weights and of gradients. */
static void test_block_norms_add_up(void **state) {
    (void)state;
    sw_run_config config = fixture_config(7);
    fixture f;
    fixture_create(&f, &config);
    size_t parameters = sw_model_parameter_count(f.model);
    for (size_t i = 0; i < parameters; i++) sw_model_gradient(f.model)[i] = 2 * sw_model_parameters(f.model)[i];
    sw_record record;
    assert_ok(sw_measure_evaluate(&record, f.measure, f.model, 0, 1, false));
    assert_true(isnan(record.value[SW_METRIC_GRADIENT_NORM]));
    sw_gradient_norms norms;
    sw_measure_gradient(&norms, f.model);
    sw_measure_set_gradient(&record, &norms);
    double sum = 0;
    for (int b = 0; b < SW_BLOCK_NORMALIZATION; b++) { /* the model has no norms */
        float weight = record.value[SW_METRIC_WEIGHT_NORM_EMBEDDING + b];
        sum += pow(weight, 2);
        assert_close(record.value[SW_METRIC_GRADIENT_NORM_EMBEDDING + b], 2 * weight);
    }
    assert_close(sqrt(sum), record.value[SW_METRIC_WEIGHT_NORM]);
    assert_close(record.value[SW_METRIC_GRADIENT_NORM], 2 * record.value[SW_METRIC_WEIGHT_NORM]);
    fixture_destroy(&f);

    config.model.kind = SW_MODEL_MLP;
    config.model.readout_token = false;
    fixture_create(&f, &config);
    sw_measure_gradient(&norms, f.model);
    assert_true(isnan(norms.block[SW_BLOCK_ATTENTION]) && isnan(norms.block[SW_BLOCK_POSITION]));
    assert_true(norms.block[SW_BLOCK_MLP] == 0 && norms.all == 0);
    fixture_destroy(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values_are_where_they_apply),
        cmocka_unit_test(test_snapshots_have_their_promised_shape),
        cmocka_unit_test(test_costly_measures_keep_their_cadence),
        cmocka_unit_test(test_measuring_leaves_the_model_alone),
        cmocka_unit_test(test_a_diverged_model_gives_missing_values),
        cmocka_unit_test(test_memory_is_estimated),
        cmocka_unit_test(test_spare_memory_changes_nothing),
        cmocka_unit_test(test_facts),
        cmocka_unit_test(test_nothing_follows_from_nothing),
        cmocka_unit_test(test_the_cosine_of_a_loss_with_itself),
        cmocka_unit_test(test_the_cosine_of_a_loss_with_its_negative),
        cmocka_unit_test(test_no_cosine_without_a_gradient),
        cmocka_unit_test(test_gradients_of_cosines_are_those_of_the_means),
        cmocka_unit_test(test_block_norms_add_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
