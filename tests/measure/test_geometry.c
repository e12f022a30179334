/* test_geometry.c: known answers of the geometry: embeddings that are made so that theory tells their measures. */
#include "fixture.h"

#include "symsweep/random.h"

static const double two_pi = 6.283185307179586476925286766559;

/* One embedding and everything that is measured on it. */
typedef struct bench {
    sw_task *task;
    int32_t rows, d;
    sw_real *E; /* [rows, d] */
    sw_run_config config;
    sw_evaluation of;
    void *state[SW_INSTRUMENT_COUNT]; /* of those that read the embedding and nothing else */
    float value[SW_METRIC_COUNT];
} bench;

static void bench_create(bench *b, const sw_run_config *config, int32_t d) {
    memset(b, 0, sizeof *b);
    assert_ok(sw_task_create(&b->task, &config->task, &config->model, 0));
    b->rows = b->task->entities;
    b->d = d;
    b->E = calloc((size_t)b->rows * (size_t)d, sizeof *b->E);
    assert_non_null(b->E);
    b->config = *config;
    b->of = (sw_evaluation){.config = &b->config, .task = b->task};
    assert_ok(sw_arena_create(&b->of.arena));
    assert_ok(sw_spectrum_create(&b->of.spectrum, b->rows, d, b->of.arena));
    assert_ok(sw_modes_create(&b->of.modes, b->task, d, b->of.arena));
    bool applies[SW_INSTRUMENT_COUNT];
    sw_instrument_applicable(applies, config, b->task);
    const int geometry[] = {SW_INSTRUMENT_dimension, SW_INSTRUMENT_fourier, SW_INSTRUMENT_correspondence};
    for (size_t k = 0; k < sizeof geometry / sizeof *geometry; k++)
        if (applies[geometry[k]]) b->state[geometry[k]] = fixture_instrument(sw_instruments[geometry[k]], &b->of);
}

static void bench_measure(bench *b) {
    for (int m = 0; m < SW_METRIC_COUNT; m++) b->value[m] = NAN;
    assert_ok(sw_spectrum_compute(&b->of.spectrum, b->E, NULL));
    assert_ok(sw_modes_compute(&b->of.modes, &b->of.spectrum, b->E));
    for (int i = 0; i < SW_INSTRUMENT_COUNT; i++)
        if (b->state[i]) sw_instruments[i]->evaluate(b->value, b->state[i], &b->of);
}

static void bench_destroy(bench *b) {
    for (int i = 0; i < SW_INSTRUMENT_COUNT; i++) free(b->state[i]);
    sw_arena_destroy(b->of.arena);
    free(b->E);
    sw_task_destroy(b->task);
}

/* direction [count, d] <- orthonormal rows, from Gaussian ones by Gram-Schmidt. */
static void orthonormal(double *direction, int count, int d, uint32_t seed) {
    for (int i = 0; i < count; i++) {
        double *u = direction + i * d;
        for (int j = 0; j < d; j++) {
            double normal[4];
            sw_random_normal4(normal, seed, 1000, (uint64_t)i, (uint64_t)j);
            u[j] = normal[0];
        }
        for (int pass = 0; pass < 2; pass++)
            for (int k = 0; k < i; k++) {
                double product = 0;
                for (int j = 0; j < d; j++) product += u[j] * direction[k * d + j];
                for (int j = 0; j < d; j++) u[j] -= product * direction[k * d + j];
            }
        double square = 0;
        for (int j = 0; j < d; j++) square += u[j] * u[j];
        for (int j = 0; j < d; j++) u[j] /= sqrt(square);
    }
}

/* E += amplitude (cos(2 pi k e / n) u + sin(2 pi k e / n) v), e the exponent of the entity, for mode m of directions.
 */
static void add_mode(bench *b, const double *direction, int m, int32_t k, double amplitude) {
    const double *u = direction + 2 * m * b->d, *v = u + b->d;
    for (int32_t i = 0; i < b->rows; i++) {
        int32_t e = b->task->exponent[i];
        if (e < 0) continue;
        double angle = two_pi * k * e / b->task->order;
        for (int32_t j = 0; j < b->d; j++)
            b->E[i * b->d + j] += (sw_real)(amplitude * (cos(angle) * u[j] + sin(angle) * v[j]));
    }
}

/* ---- Fourier modes ---- */

typedef struct modes_case {
    const char *name;
    sw_operation_id operation;
    int32_t p, count, frequency[4];
    double amplitude[4];
} modes_case;

static const modes_case modes_cases[] = {
    {"add", SW_OP_ADD, 59, 4, {3, 17, 22, 29}, {2.0, 1.7, 1.3, 1.0}},
    {"even p", SW_OP_ADD, 60, 3, {1, 7, 29}, {2.0, 1.5, 1.0}},
    {"sub", SW_OP_SUB, 31, 2, {5, 11}, {1.5, 1.0}},
    {"mul: n = p - 1 by the discrete logarithm", SW_OP_MUL, 59, 3, {2, 13, 28}, {2.0, 1.5, 1.0}},
    {"div", SW_OP_DIV, 31, 2, {4, 9}, {2.0, 1.0}},
    {"circle: the logarithm of x + 1", SW_OP_CIRCLE, 59, 3, {1, 5, 20}, {2.0, 1.5, 1.0}},
};

static void test_exact_modes(void **state) {
    (void)state;
    for (size_t k = 0; k < sizeof modes_cases / sizeof *modes_cases; k++) {
        const modes_case *c = &modes_cases[k];
        sw_run_config config = fixture_config(c->p);
        config.task.operation = c->operation;
        bench b;
        bench_create(&b, &config, 24);
        double direction[8 * 24];
        orthonormal(direction, 2 * c->count, b.d, 1);
        double variance = 0, fourth = 0, nuclear = 0, largest = 0, total = 0;
        for (int m = 0; m < c->count; m++) {
            double a = c->amplitude[m], half = a * a * b.task->order / 2; /* variance of each of the two components */
            add_mode(&b, direction, m, c->frequency[m], a);
            variance += 2 * half;
            fourth += 2 * half * half;
            nuclear += 2 * sqrt(half);
            largest = half > largest ? half : largest;
            total += a * a;
        }
        bench_measure(&b);
        print_message("%s\n", c->name);

        /* the modes as they were made: P_k + P_-k = n times the variance on the pair */
        assert_int_equal(b.of.modes.lines, b.task->order / 2);
        for (int32_t l = 0; l < b.of.modes.lines; l++) {
            double expected = 0, n = b.task->order;
            for (int m = 0; m < c->count; m++)
                if (c->frequency[m] == l + 1) expected = n * n * c->amplitude[m] * c->amplitude[m];
            assert_true(fabs(b.of.modes.power[l] - expected) <= 1e-4 * expected + 1e-6);
        }
        assert_close(b.value[SW_METRIC_CIRCULARITY], 1);
        assert_close(b.value[SW_METRIC_FOURIER_TOP5], 1);
        double held = 0;
        int needed = 0;
        while (held < 0.9 * total) held += c->amplitude[needed] * c->amplitude[needed], needed++;
        assert_int_equal((int)b.value[SW_METRIC_FOURIER_FREQUENCIES90], needed);
        int32_t key[SW_KEY_FREQUENCIES];
        assert_int_equal(sw_modes_key(key, &b.of.modes), SW_KEY_FREQUENCIES);
        for (int m = 0; m < c->count; m++) assert_int_equal(key[m], c->frequency[m] - 1); /* strongest first */

        /* centring is over all entities, the one outside the group too: those cases have no closed form */
        if (b.task->order == b.rows) {
            assert_int_equal((int)b.value[SW_METRIC_EFFECTIVE_DIMENSION], 2 * c->count);
            assert_close(b.value[SW_METRIC_PARTICIPATION_RATIO], variance * variance / fourth);
            assert_close(b.value[SW_METRIC_STABLE_RANK], variance / largest);
            assert_close(b.value[SW_METRIC_NUCLEAR_NORM], nuclear);
        }
        bench_destroy(&b);
    }
}

/* One mode alone: two components, one frequency; the extreme of concentration. Two of equal amplitude mix in the
 * components, and circularity falls. */
static void test_one_mode_and_equal_modes(void **state) {
    (void)state;
    sw_run_config config = fixture_config(59);
    bench b;
    double direction[8 * 24];
    bench_create(&b, &config, 24);
    orthonormal(direction, 2, b.d, 2);
    add_mode(&b, direction, 0, 7, 1.5);
    bench_measure(&b);
    assert_int_equal((int)b.value[SW_METRIC_EFFECTIVE_DIMENSION], 2);
    assert_close(b.value[SW_METRIC_EFFECTIVE_RANK_VARIANCE], 2);
    assert_close(b.value[SW_METRIC_PARTICIPATION_RATIO], 2);
    assert_close(b.value[SW_METRIC_STABLE_RANK], 2);
    assert_int_equal((int)b.value[SW_METRIC_FOURIER_FREQUENCIES90], 1);
    assert_close(b.value[SW_METRIC_FOURIER_GINI], 28.0 / 29);
    bench_destroy(&b);

    bench_create(&b, &config, 24);
    orthonormal(direction, 4, b.d, 3);
    add_mode(&b, direction, 0, 7, 1);
    add_mode(&b, direction, 1, 20, 1);
    bench_measure(&b);
    assert_int_equal((int)b.value[SW_METRIC_EFFECTIVE_DIMENSION], 4);
    assert_true(b.value[SW_METRIC_CIRCULARITY] < 0.99 && b.value[SW_METRIC_CIRCULARITY] >= 0.5 - 1e-6);
    bench_destroy(&b);
}

/* Equal power on all frequencies: Gini 0, five of 29 hold 5/29. */
static void test_flat_power(void **state) {
    (void)state;
    sw_run_config config = fixture_config(59);
    bench b;
    bench_create(&b, &config, 59);
    for (int i = 0; i < 59; i++) b.E[i * 59 + i] = 1; /* the identity has power n on every character */
    bench_measure(&b);
    for (int l = 0; l < b.of.modes.lines; l++) assert_close(b.of.modes.power[l], 2 * 59);
    assert_true(fabs(b.value[SW_METRIC_FOURIER_GINI]) < 1e-6);
    assert_close(b.value[SW_METRIC_FOURIER_TOP5], 5.0 / 29);
    assert_int_equal((int)b.value[SW_METRIC_FOURIER_FREQUENCIES90], 27); /* 26.1 of 29 */
    assert_close(b.value[SW_METRIC_EFFECTIVE_RANK], 58);                 /* all singular values 1 but the mean's */
    bench_destroy(&b);
}

/* ---- energy: all powers together are the variance, on every group ---- */

static sw_run_config group(sw_group_id kind, int32_t n, int32_t f0, int32_t f1, int32_t f2) {
    sw_run_config config = fixture_config(0);
    config.task.kind = SW_TASK_GROUP;
    config.task.group = kind;
    config.task.n = n;
    const int32_t factors[3] = {f0, f1, f2};
    for (int i = 0; i < 3 && factors[i] > 0; i++) config.task.factors[config.task.factor_count++] = factors[i];
    return config;
}

static void fill_gaussian(bench *b, uint32_t seed) {
    for (size_t i = 0; i < (size_t)b->rows * (size_t)b->d; i++) {
        double normal[4];
        sw_random_normal4(normal, seed, 1001, 0, i);
        b->E[i] = (sw_real)normal[0];
    }
}

static void test_power_is_complete(void **state) {
    (void)state;
    const sw_run_config configs[] = {
        group(SW_GROUP_CYCLIC, 15, 0, 0, 0),   group(SW_GROUP_CYCLIC, 16, 0, 0, 0),
        group(SW_GROUP_PRODUCT, 0, 3, 5, 0),   group(SW_GROUP_PRODUCT, 0, 2, 4, 6),
        group(SW_GROUP_PRODUCT, 0, 2, 2, 2),   group(SW_GROUP_DIHEDRAL, 1, 0, 0, 0),
        group(SW_GROUP_DIHEDRAL, 2, 0, 0, 0),  group(SW_GROUP_DIHEDRAL, 3, 0, 0, 0),
        group(SW_GROUP_DIHEDRAL, 7, 0, 0, 0),  group(SW_GROUP_DIHEDRAL, 12, 0, 0, 0),
        group(SW_GROUP_SYMMETRIC, 2, 0, 0, 0), group(SW_GROUP_SYMMETRIC, 3, 0, 0, 0),
        group(SW_GROUP_SYMMETRIC, 4, 0, 0, 0), group(SW_GROUP_SYMMETRIC, 5, 0, 0, 0),
    };
    const int32_t lines[] = {7, 8, 7, 27, 7, 1, 3, 2, 4, 8, 1, 2, 4, 6};
    for (size_t k = 0; k < sizeof configs / sizeof *configs; k++) {
        bench b;
        bench_create(&b, &configs[k], 10);
        fill_gaussian(&b, (uint32_t)k);
        bench_measure(&b);
        assert_int_equal(b.of.modes.lines, lines[k]);
        double sum = 0;
        for (int32_t l = 0; l < b.of.modes.lines; l++) {
            assert_true(b.of.modes.power[l] > 0);
            sum += b.of.modes.power[l];
        }
        double scale = b.task->order > 0 ? b.task->order : 1; /* abelian powers count n times */
        assert_close(sum / scale, sw_spectrum_variance(&b.of.spectrum));
        bench_destroy(&b);
    }
}

/* ---- groups that are not abelian ---- */

/* chi as an embedding of one column lies in its own isotypic part: all power is on its line, |G| of it (every chi has
 * square length |G|); that the characters are orthonormal follows. */
static void test_irreducible_characters(void **state) {
    (void)state;
    const sw_run_config configs[] = {group(SW_GROUP_DIHEDRAL, 5, 0, 0, 0), group(SW_GROUP_DIHEDRAL, 8, 0, 0, 0),
                                     group(SW_GROUP_SYMMETRIC, 3, 0, 0, 0), group(SW_GROUP_SYMMETRIC, 4, 0, 0, 0),
                                     group(SW_GROUP_SYMMETRIC, 5, 0, 0, 0)};
    for (size_t k = 0; k < sizeof configs / sizeof *configs; k++) {
        bench b;
        bench_create(&b, &configs[k], 2);
        double squares = 1; /* the trivial one */
        for (int32_t l = 0; l < b.of.modes.lines; l++) {
            for (int32_t g = 0; g < b.rows; g++) b.E[2 * g] = (sw_real)b.of.modes.character[l * b.rows + g];
            bench_measure(&b);
            for (int32_t other = 0; other < b.of.modes.lines; other++)
                assert_true(fabs(b.of.modes.power[other] - (other == l ? b.rows : 0)) < 1e-4);
            squares += b.of.modes.dimension[l] * b.of.modes.dimension[l];
            assert_close(b.value[SW_METRIC_FOURIER_TOP5], 1);
            assert_true(isnan(b.value[SW_METRIC_CIRCULARITY]));
        }
        assert_close(squares, b.rows); /* sum of squared degrees = |G| */
        bench_destroy(&b);
    }
}

/* One-hot rows of the natural permutation matrices of S_4 are the trivial and the standard representation alone. */
static void test_permutation_matrices_are_standard(void **state) {
    (void)state;
    sw_run_config config = group(SW_GROUP_SYMMETRIC, 4, 0, 0, 0);
    bench b;
    bench_create(&b, &config, 16);
    for (int32_t g = 0; g < b.rows; g++)
        for (int32_t i = 0; i < 4; i++) b.E[16 * g + 4 * i + b.task->coordinate[4 * g + i]] = 1;
    bench_measure(&b);
    double total = sw_spectrum_variance(&b.of.spectrum);
    assert_close(b.of.modes.power[0], total); /* (3,1) */
    for (int l = 1; l < b.of.modes.lines; l++) assert_true(b.of.modes.power[l] < 1e-6 * total);
    bench_destroy(&b);
}

/* ---- graphs ---- */

static sw_run_config graph(sw_graph_id kind, int32_t nodes, int32_t side) {
    sw_run_config config = fixture_config(0);
    config.task.kind = SW_TASK_GRAPH;
    config.task.graph = kind;
    config.task.nodes = nodes;
    config.task.side_count = 2;
    config.task.sides[0] = config.task.sides[1] = side;
    return config;
}

static void test_a_path_on_a_line(void **state) {
    (void)state;
    sw_run_config config = graph(SW_GRAPH_PATH, 64, 0);
    bench b;
    bench_create(&b, &config, 12);
    double direction[12];
    orthonormal(direction, 1, 12, 5);
    for (int i = 0; i < 64; i++)
        for (int j = 0; j < 12; j++) b.E[12 * i + j] = (sw_real)(0.3 * i * direction[j]);
    bench_measure(&b);
    assert_true(b.value[SW_METRIC_STRESS] < 1e-6);
    assert_close(b.value[SW_METRIC_DISTANCE_SPEARMAN], 1);
    assert_int_equal((int)b.value[SW_METRIC_EFFECTIVE_DIMENSION], 1);
    bench_destroy(&b);
}

/* A lattice in the plane has the Euclidean distance, its graph the taxicab one. */
static void test_a_lattice_in_the_plane(void **state) {
    (void)state;
    sw_run_config config = graph(SW_GRAPH_GRID, 0, 7);
    bench b;
    bench_create(&b, &config, 12);
    double direction[24];
    orthonormal(direction, 2, 12, 6);
    double dd = 0, dg = 0, gg = 0;
    for (int i = 0; i < 49; i++) {
        for (int j = 0; j < 12; j++) b.E[12 * i + j] = (sw_real)(i / 7 * direction[j] + i % 7 * direction[12 + j]);
        for (int k = 0; k < i; k++) {
            double rows = abs(i / 7 - k / 7), columns = abs(i % 7 - k % 7), g = rows + columns;
            double d = sqrt(rows * rows + columns * columns);
            dd += d * d;
            dg += d * g;
            gg += g * g;
        }
    }
    bench_measure(&b);
    assert_close(b.value[SW_METRIC_STRESS], sqrt(1 - dg * dg / (dd * gg)));
    assert_true(b.value[SW_METRIC_STRESS] > 0.1);
    assert_true(b.value[SW_METRIC_DISTANCE_SPEARMAN] > 0.9 && b.value[SW_METRIC_DISTANCE_SPEARMAN] < 0.999);
    bench_destroy(&b);
}

/* ---- comparisons ---- */

static void test_order_along_components(void **state) {
    (void)state;
    for (int form = SW_FORM_RELATION; form <= SW_FORM_THREE_WAY; form++) {
        sw_run_config config = fixture_config(0);
        config.task.kind = SW_TASK_COMPARISON;
        config.task.form = form;
        config.task.side_count = 2;
        config.task.sides[0] = config.task.sides[1] = 7;
        config.task.attribute = 1;
        bench b;
        bench_create(&b, &config, 12);
        double direction[36];
        orthonormal(direction, 3, 12, 7);
        for (int i = 0; i < 49; i++) {
            double curved = pow(i / 7 - 3, 3) / 3;      /* monotone in attribute 0 */
            double scattered = (i % 7 * 3 % 7 - 3) * 2; /* attribute 1, its values permuted */
            for (int j = 0; j < 12; j++)
                b.E[12 * i + j] = (sw_real)(curved * direction[j] + scattered * direction[12 + j]);
        }
        bench_measure(&b);
        assert_close(b.value[SW_METRIC_ORDER_SPEARMAN_0], 1);
        /* 0 3 6 2 5 1 4 against 0..6: sum of squared rank differences 42, 1 - 6 * 42 / (7 * 48) = 0.25 */
        double second = b.value[SW_METRIC_ORDER_SPEARMAN_1];
        assert_true(second > 0.2 && second < 0.6); /* components without variance are noise */
        assert_close(b.value[SW_METRIC_ORDER_SPEARMAN], form == SW_FORM_RELATION ? (1 + second) / 2 : second);
        assert_true(isnan(b.value[SW_METRIC_ORDER_SPEARMAN_2]));
        bench_destroy(&b);
    }
}

/* ---- random matrices ---- */

/* n x d Gaussian, centred: (n - 1) x d degrees of freedom. With a = (n - 1) / d the mean of sum lambda^2 is
 * (n - 1) d (n - 1 + d + 1), so the participation ratio is near (n - 1) d / (n + d); the largest singular value is
 * near sqrt(n - 1) + sqrt(d); and no component reaches 1 %: effective dimension 0. */
static void test_gaussian_embeddings(void **state) {
    (void)state;
    sw_run_config config = group(SW_GROUP_CYCLIC, 343, 0, 0, 0);
    bench b;
    bench_create(&b, &config, 512);
    fill_gaussian(&b, 8);
    bench_measure(&b);
    double n = 342, d = 512;
    assert_int_equal((int)b.value[SW_METRIC_EFFECTIVE_DIMENSION], 0);
    assert_true(fabs(b.value[SW_METRIC_PARTICIPATION_RATIO] / (n * d / (n + d + 1)) - 1) < 0.02);
    assert_true(fabs(b.of.spectrum.singular[0] / (sqrt(n) + sqrt(d)) - 1) < 0.03);
    assert_true(fabs(sw_spectrum_variance(&b.of.spectrum) / (n * d) - 1) < 0.02);
    assert_true(b.of.spectrum.singular[342] < 1e-9); /* the mean is gone */
    /* power: 171 independent chi-squared values of 1024 degrees, deviation 4.4 % each: Gini = 0.0442 / sqrt(pi) */
    assert_true(fabs(b.value[SW_METRIC_FOURIER_GINI] - 0.0249) < 0.005);
    bench_destroy(&b);
}

/* ---- edges ---- */

static void test_no_variance(void **state) {
    (void)state;
    sw_run_config config = fixture_config(11);
    bench b;
    bench_create(&b, &config, 6);
    for (int i = 0; i < 66; i++) b.E[i] = (sw_real)(1 + i % 6);
    bench_measure(&b);
    assert_true(b.value[SW_METRIC_NUCLEAR_NORM] == 0);
    for (int m = SW_METRIC_EFFECTIVE_DIMENSION; m <= SW_METRIC_CIRCULARITY; m++)
        if (m != SW_METRIC_NUCLEAR_NORM) assert_true(isnan(b.value[m]));
    bench_destroy(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exact_modes),
        cmocka_unit_test(test_one_mode_and_equal_modes),
        cmocka_unit_test(test_flat_power),
        cmocka_unit_test(test_power_is_complete),
        cmocka_unit_test(test_irreducible_characters),
        cmocka_unit_test(test_permutation_matrices_are_standard),
        cmocka_unit_test(test_a_path_on_a_line),
        cmocka_unit_test(test_a_lattice_in_the_plane),
        cmocka_unit_test(test_order_along_components),
        cmocka_unit_test(test_gaussian_embeddings),
        cmocka_unit_test(test_no_variance),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
