/* test_circuits.c: groups, their characters and subgroups, and what networks whose circuits are known are measured
 * to have. */
#include "fixture.h"

#include "measure/regular.h"
#include "measure/subgroups.h"
#include "symsweep/random.h"

static const double tight = 1e-5;

static void near_to(double a, double b, double tolerance, const char *what) {
    if (fabs(a - b) <= tolerance) return;
    print_error("%s = %.9g, expected %.9g\n", what, a, b);
    fail();
}

static sw_run_config group_config(sw_group_id group, int32_t n) {
    sw_run_config config = fixture_config(0);
    config.task.kind = SW_TASK_GROUP;
    config.task.group = group;
    config.task.n = n;
    config.task.factor_count = 3;
    for (int k = 0; k < 3; k++) config.task.factors[k] = 2;
    config.measure.circuits_every = 1;
    return config;
}

static sw_run_config modular_config(sw_operation_id operation, int32_t p) {
    sw_run_config config = fixture_config(p);
    config.task.operation = operation;
    config.measure.circuits_every = 1;
    return config;
}

/* ---- groups ---- */

typedef struct regular_fixture {
    sw_run_config config;
    sw_task *task;
    sw_arena *arena;
    sw_modes modes;
    sw_regular regular;
} regular_fixture;

static void regular_create(regular_fixture *r, const sw_run_config *config) {
    r->config = *config;
    assert_ok(sw_task_create(&r->task, &config->task, &config->model, 0));
    assert_ok(sw_arena_create(&r->arena));
    assert_ok(sw_modes_create(&r->modes, r->task, 1, r->arena));
    assert_ok(sw_regular_create(&r->regular, r->task, &r->modes, r->arena));
}

static void regular_destroy(regular_fixture *r) {
    sw_arena_destroy(r->arena);
    sw_task_destroy(r->task);
}

/* Which tables are those of a group: those of operations that are its product up to the inverse of an operand. */
static void test_tables_of_groups(void **state) {
    (void)state;
    static const int32_t order[SW_OP_EXPRESSION] = {
        [SW_OP_ADD] = 7, [SW_OP_SUB] = 7, [SW_OP_MUL] = 6, [SW_OP_CIRCLE] = 6, [SW_OP_DIV] = 6};
    for (int op = 0; op < SW_OP_EXPRESSION; op++) {
        const sw_run_config config = modular_config((sw_operation_id)op, 7);
        regular_fixture r;
        regular_create(&r, &config);
        near_to(r.regular.order, order[op], 0, sw_operation_names[op]);
        if (r.regular.order > 0) assert_int_equal(r.regular.lines, 3);
        regular_destroy(&r);
    }
    /* a product modulo 8 is none of units alone */
    const sw_run_config composite = modular_config(SW_OP_MUL, 8);
    regular_fixture r;
    regular_create(&r, &composite);
    assert_int_equal(r.regular.order, 0);
    regular_destroy(&r);
}

/* chi_l + conj chi_l at g is n / degree times the projector at (identity, g). */
static double character(const sw_regular *r, int32_t l, int32_t g) {
    double sum = 0;
    for (int32_t i = r->start[l]; i < r->start[l + 1]; i++)
        sum += r->basis[i * r->order + r->identity] * r->basis[i * r->order + g];
    return sum * r->order / r->degree[l];
}

static void check_basis(const sw_regular *r) {
    const int32_t n = r->order;
    for (int32_t i = 0; i < n; i++)
        for (int32_t k = 0; k <= i; k++) {
            double dot = 0;
            for (int32_t g = 0; g < n; g++) dot += r->basis[i * n + g] * r->basis[k * n + g];
            near_to(dot, i == k, 1e-10, "product of two vectors");
        }
    assert_int_equal(r->start[0], 0);
    assert_int_equal(r->start[1], 1);
    assert_int_equal(r->start[r->lines + 1], n);
    for (int32_t l = 0; l <= r->lines; l++) { /* class functions, and of length 1 or 2 */
        double square = 0;
        for (int32_t g = 0; g < n; g++) square += pow(character(r, l, g), 2) / n;
        const int32_t size = r->start[l + 1] - r->start[l], real = r->degree[l] * r->degree[l];
        assert_true(size == real || size == 2 * real);
        near_to(square, size / real, 1e-9, "length of a character");
        for (int32_t g = 0; g < n; g++)
            for (int32_t h = 0; h < n; h++)
                near_to(character(r, l, r->product[g * n + h]), character(r, l, r->product[h * n + g]), 1e-8,
                        "character of gh and hg");
    }
}

/* The characters that are known are found, in their order. */
static void test_characters_of_known_groups(void **state) {
    (void)state;
    const sw_run_config configs[] = {group_config(SW_GROUP_DIHEDRAL, 5),  group_config(SW_GROUP_DIHEDRAL, 6),
                                     group_config(SW_GROUP_SYMMETRIC, 3), group_config(SW_GROUP_SYMMETRIC, 4),
                                     group_config(SW_GROUP_SYMMETRIC, 5), group_config(SW_GROUP_ALTERNATING, 5)};
    for (size_t k = 0; k < sizeof configs / sizeof *configs; k++) {
        regular_fixture r;
        regular_create(&r, &configs[k]);
        assert_int_equal(r.regular.order, r.task->entities);
        assert_int_equal(r.regular.lines, r.task->characters);
        if (r.regular.order < 100) check_basis(&r.regular);
        for (int32_t l = 1; l <= r.regular.lines; l++)
            for (int32_t g = 0; g < r.regular.order; g++)
                near_to(character(&r.regular, l, g), sw_group_character(r.task, l - 1, g), 1e-9, "character");
        regular_destroy(&r);
    }
}

static void test_characters_of_abelian_groups(void **state) {
    (void)state;
    const sw_run_config configs[] = {group_config(SW_GROUP_CYCLIC, 12), group_config(SW_GROUP_PRODUCT, 0),
                                     modular_config(SW_OP_MUL, 11), modular_config(SW_OP_SUB, 9)};
    for (size_t k = 0; k < sizeof configs / sizeof *configs; k++) {
        regular_fixture r;
        regular_create(&r, &configs[k]);
        const int32_t n = r.regular.order;
        assert_int_equal(n, r.task->order);
        assert_int_equal(r.regular.lines, r.modes.lines);
        check_basis(&r.regular);
        for (int32_t l = 1; l <= r.regular.lines; l++)
            for (int32_t g = 0; g < n; g++) { /* cos of the line, twice where it stands for two characters */
                const double *cosine = r.modes.wave + 2 * (l - 1) * n;
                const double base = cosine[r.regular.identity];
                assert_int_equal(r.regular.degree[l], 1);
                if (configs[k].task.operation == SW_OP_MUL || configs[k].task.kind == SW_TASK_GROUP)
                    near_to(character(&r.regular, l, g), (r.modes.paired[l - 1] ? 2 : 1) * cosine[g] / base, 1e-9,
                            "character");
            }
        regular_destroy(&r);
    }
}

/* Complex characters: A_4 has degrees 1, 1, 1, 3, two of them conjugates. By degree. */
static void test_characters_that_are_complex(void **state) {
    (void)state;
    const sw_run_config config = group_config(SW_GROUP_ALTERNATING, 4);
    regular_fixture r;
    regular_create(&r, &config);
    assert_int_equal(r.regular.order, 12);
    assert_int_equal(r.regular.lines, 2);
    assert_int_equal(r.regular.degree[1], 1);
    assert_int_equal(r.regular.start[2] - r.regular.start[1], 2);
    assert_int_equal(r.regular.degree[2], 3);
    check_basis(&r.regular);
    regular_destroy(&r);
}

/* Subgroups beside the trivial one and the whole group, by the literature: 30 of S_4, 156 of S_5, 59 of A_5, 10 of A_4;
 * a subgroup for each divisor of a cyclic group; of 2 x 2 x 2 seven of two elements and seven of four. */
static void test_subgroups(void **state) {
    (void)state;
    static const struct {
        sw_group_id group;
        int32_t n, subgroups, divisions;
    } known[] = {
        {SW_GROUP_CYCLIC, 12, 4, 4},       {SW_GROUP_CYCLIC, 7, 0, 0},       {SW_GROUP_PRODUCT, 0, 14, 14},
        {SW_GROUP_DIHEDRAL, 5, 6, 11}, /* the rotations are normal, five reflections are not */
        {SW_GROUP_SYMMETRIC, 3, 4, 7},     {SW_GROUP_SYMMETRIC, 4, 28, 54}, /* normal: A_4 and the four group */
        {SW_GROUP_SYMMETRIC, 5, 154, 307}, {SW_GROUP_ALTERNATING, 4, 8, 15}, {SW_GROUP_ALTERNATING, 5, 57, 114}};
    for (size_t k = 0; k < sizeof known / sizeof *known; k++) {
        const sw_run_config config = group_config(known[k].group, known[k].n);
        regular_fixture r;
        regular_create(&r, &config);
        sw_subgroups s;
        assert_ok(sw_subgroups_create(&s, r.regular.product, r.regular.order, r.regular.identity, r.arena));
        near_to(s.subgroups, known[k].subgroups, 0, "subgroups");
        near_to(s.divisions, known[k].divisions, 0, "divisions");
        for (int32_t d = 0; d < s.divisions; d++) { /* all cosets are as large */
            const int16_t *coset = s.coset + d * s.order;
            assert_int_equal(s.order % s.size[d], 0);
            for (int32_t c = 0; c < s.order / s.size[d]; c++) {
                int32_t members = 0;
                for (int32_t g = 0; g < s.order; g++) members += coset[g] == c;
                assert_int_equal(members, s.size[d]);
            }
        }
        regular_destroy(&r);
    }
}

/* ---- networks ---- */

/* One instrument of a run, on logits and neurons that are written down. */
typedef struct circuits_fixture {
    fixture f;
    sw_evaluation of;
    sw_modes modes;
    void *circuits;
    float value[SW_VALUE_COUNT];
} circuits_fixture;

static void circuits_create(circuits_fixture *c, const sw_run_config *config) {
    fixture_create(&c->f, config);
    c->of = (sw_evaluation){.config = &c->f.config, .task = c->f.task, .split = c->f.split, .model = c->f.model};
    assert_ok(sw_arena_create(&c->of.arena));
    assert_ok(sw_modes_create(&c->of.modes, c->f.task, config->model.d_model, c->of.arena));
    c->of.logits = sw_arena_alloc(c->of.arena, c->f.task->inputs * (size_t)c->f.task->classes, sizeof(sw_real));
    assert_non_null(c->of.logits);
    c->circuits = fixture_instrument(INSTRUMENT_OF(circuits), &c->of);
}

static void circuits_measure(circuits_fixture *c) {
    for (int m = 0; m < SW_VALUE_COUNT; m++) c->value[m] = NAN;
    c->value[SW_METRIC_WEIGHT_NORM] = 1;
    assert_ok(INSTRUMENT_OF(circuits)->evaluate(c->value, c->circuits, &c->of));
}

static void circuits_destroy(circuits_fixture *c) {
    free(c->circuits);
    sw_arena_destroy(c->of.arena);
    fixture_destroy(&c->f);
}

/* Logits chi(g h k^-1) are on chi alone, and depend on gh alone. */
static void test_logits_of_a_character(void **state) {
    (void)state;
    const sw_run_config configs[] = {group_config(SW_GROUP_SYMMETRIC, 4), group_config(SW_GROUP_DIHEDRAL, 5)};
    for (size_t k = 0; k < 2; k++) {
        circuits_fixture c;
        circuits_create(&c, &configs[k]);
        const sw_task *task = c.f.task;
        const int32_t n = task->entities;
        for (int32_t l = 0; l < task->characters; l++) {
            for (int32_t i = 0; i < n * n; i++)
                for (int32_t s = 0; s < n; s++) {
                    int32_t inverse = 0;
                    while (task->product[s * n + inverse] != 0) inverse++;
                    c.of.logits[i * n + s] =
                        (sw_real)(3 * sw_group_character(task, l, task->product[task->product[i] * n + inverse]));
                }
            circuits_measure(&c);
            near_to(c.value[SW_METRIC_LOGIT_PAIRED], 1, tight, "logit_paired");
            near_to(c.value[SW_METRIC_LOGIT_PRODUCT], 1, tight, "logit_product");
            near_to(c.value[SW_METRIC_LOGIT_IRREPS], 1, tight, "logit_irreps");
            for (int32_t m = 0; m < task->characters; m++)
                near_to(c.value[SW_VALUE_LOGIT_POWER + m], m == l, tight, "logit_power");
            assert_true(isnan(c.value[SW_VALUE_LOGIT_POWER + task->characters]));
        }
        circuits_destroy(&c);
    }
}

/* Logits that look at the first operand alone are no circuit. */
static void test_logits_of_one_operand(void **state) {
    (void)state;
    const sw_run_config config = group_config(SW_GROUP_SYMMETRIC, 3);
    circuits_fixture c;
    circuits_create(&c, &config);
    for (int32_t i = 0; i < 36; i++)
        for (int32_t s = 0; s < 6; s++) c.of.logits[i * 6 + s] = i / 6 == s;
    circuits_measure(&c);
    near_to(c.value[SW_METRIC_LOGIT_PAIRED], 0, tight, "logit_paired");
    near_to(c.value[SW_METRIC_LOGIT_PRODUCT], 0, tight, "logit_product");
    circuits_destroy(&c);
}

/* An MLP of one-hot inputs: neuron j is relu(first[g][j] + second[h][j] + bias[j]). */
static sw_run_config one_hot(sw_run_config config, int32_t neurons) {
    config.model.kind = SW_MODEL_MLP;
    config.model.input = SW_INPUT_ONE_HOT;
    config.model.readout_token = false;
    config.model.d_hidden = neurons;
    return config;
}

/* What a neuron reads of an operand: first [n, M] and second [n, M] are the two blocks of the first weight. */
static sw_real *read_first(circuits_fixture *c) {
    sw_real *w = sw_model_parameters(c->f.model) + sw_model_tensor(c->f.model, "layers.0.weight")->offset;
    memset(w, 0, 2 * (size_t)c->f.task->entities * (size_t)c->f.config.model.d_hidden * sizeof *w);
    return w;
}

/* Neurons that are indicators of cosets have concentration 1; those that know one operand alone are single. */
static void test_neurons_of_cosets(void **state) {
    (void)state;
    const sw_run_config config = one_hot(group_config(SW_GROUP_SYMMETRIC, 4), 4);
    circuits_fixture c;
    circuits_create(&c, &config);
    const sw_task *task = c.f.task;
    const int32_t n = task->entities, M = 4;
    sw_real *first = read_first(&c), *second = first + n * M;
    sw_real *bias = sw_model_parameters(c.f.model) + sw_model_tensor(c.f.model, "layers.0.bias")->offset;
    for (int32_t g = 0; g < n; g++) {
        const int32_t *image = task->coordinate + g * 4; /* one-line notation */
        first[g * M] = image[0] == 2;                    /* a left coset of the permutations that fix 0 */
        second[g * M + 1] = (sw_real)(2 * (image[3] == 1));
        first[g * M + 2] = image[0] == 2; /* g and h together: g takes 0 to 2, h takes 3 to 0 */
        second[g * M + 2] = image[3] == 0;
        second[g * M + 3] = 0; /* a dead neuron has no weight */
    }
    bias[2] = -1;
    circuits_measure(&c);
    near_to(c.value[SW_METRIC_COSET_CONCENTRATION], 1, tight, "coset_concentration");
    /* the variance of the third, p (1 - p) with p = 1/16, beside those of the others, 3/16 and 4 * 3/16; of the third,
     * a b with a, b of variance 3/16 and mean 1/4, 2 * 3/16 / 16 is single */
    const double others = 5 * 3.0 / 16, both = 15.0 / 256, single = 2 * 3.0 / 256;
    near_to(c.value[SW_METRIC_NEURON_SINGLE], (others + single) / (others + both), tight, "neuron_single");
    /* indicators of such cosets are the permutation representation: trivial and (3,1), which stands first */
    near_to(c.value[SW_VALUE_NEURON_POWER], 1, tight, "power on the standard representation");
    near_to(c.value[SW_METRIC_NEURON_CONCENTRATION], 1, tight, "neuron_concentration");
    near_to(c.value[SW_METRIC_NEURON_IRREPS], 1, tight, "neuron_irreps");
    circuits_destroy(&c);
}

/* Random neurons are on no coset beyond chance but for the choice among divisions, and far from 1. */
static void test_neurons_that_are_random(void **state) {
    (void)state;
    const sw_run_config config = one_hot(group_config(SW_GROUP_SYMMETRIC, 4), 32);
    circuits_fixture c;
    circuits_create(&c, &config);
    sw_real *first = read_first(&c);
    for (int32_t i = 0; i < 2 * 24 * 32; i++) {
        double normal[4];
        sw_random_normal4(normal, 5, 1003, 0, (uint64_t)i);
        first[i] = (sw_real)normal[0];
    }
    circuits_measure(&c);
    assert_true(c.value[SW_METRIC_COSET_CONCENTRATION] > 0.1 && c.value[SW_METRIC_COSET_CONCENTRATION] < 0.7);
    assert_true(c.value[SW_METRIC_NEURON_CONCENTRATION] < 0.8);
    double sum = 0;
    for (int l = 0; l < 4; l++) sum += c.value[SW_VALUE_NEURON_POWER + l];
    near_to(sum, c.value[SW_METRIC_NEURON_SINGLE] + c.value[SW_METRIC_NEURON_PAIRED], tight, "sum of powers");
    circuits_destroy(&c);
}

/* Where their definitions are the same, the losses are those of the Fourier instrument; and a group without subgroups
 * has no cosets. */
static void test_losses_of_modular_addition(void **state) {
    (void)state;
    const sw_run_config config = modular_config(SW_OP_ADD, 23);
    fixture f;
    fixture_create(&f, &config);
    for (int attempt = 0; attempt < 2; attempt++) {
        sw_record record;
        assert_ok(sw_measure_evaluate(&record, f.measure, f.model, 0, 0, true));
        assert_close(record.value[SW_METRIC_GROUP_RESTRICTED_LOSS], record.value[SW_METRIC_RESTRICTED_LOSS]);
        assert_close(record.value[SW_METRIC_GROUP_EXCLUDED_LOSS], record.value[SW_METRIC_EXCLUDED_LOSS]);
        assert_true(isnan(record.value[SW_METRIC_COSET_CONCENTRATION]));
        for (size_t i = 0; i < sw_model_parameter_count(f.model); i++)
            sw_model_parameters(f.model)[i] *= 3; /* away from equal probabilities */
    }
    fixture_destroy(&f);
}

/* Of logits 10 [k = gh] all parts of the key lines go into the restricted loss; without them it is worse. */
static void test_losses_of_a_solution(void **state) {
    (void)state;
    const sw_run_config config = group_config(SW_GROUP_SYMMETRIC, 4);
    circuits_fixture c;
    circuits_create(&c, &config);
    for (int32_t i = 0; i < 24 * 24; i++)
        for (int32_t s = 0; s < 24; s++) c.of.logits[i * 24 + s] = 10 * (s == c.f.task->product[i]);
    circuits_measure(&c);
    const double solved = log1p(23 * exp(-10));
    assert_true(c.value[SW_METRIC_GROUP_RESTRICTED_LOSS] > solved);
    assert_true(c.value[SW_METRIC_GROUP_RESTRICTED_LOSS] < log(24));
    assert_true(c.value[SW_METRIC_GROUP_EXCLUDED_LOSS] > solved);
    near_to(c.value[SW_METRIC_LOGIT_PRODUCT], 1, tight, "logit_product");
    /* P_l is (chi(1) / n)^2 up to a factor */
    const double sum = 9 + 4 + 9 + 1;
    for (int l = 0; l < 4; l++)
        near_to(c.value[SW_VALUE_LOGIT_POWER + l], (const double[]){9, 4, 9, 1}[l] / sum, tight, "power");
    circuits_destroy(&c);
}

static void test_other_tables_have_none(void **state) {
    (void)state;
    const sw_run_config config = modular_config(SW_OP_QUADRATIC, 7);
    fixture f;
    fixture_create(&f, &config);
    sw_record record;
    assert_ok(sw_measure_evaluate(&record, f.measure, f.model, 0, 0, true));
    for (int m = SW_METRIC_NEURON_CONCENTRATION; m <= SW_METRIC_GROUP_EXCLUDED_LOSS; m++)
        assert_true(isnan(record.value[m]));
    fixture_destroy(&f);
}

/* Stopped in the middle it says so. */
static bool never(void *context) {
    (void)context;
    return false;
}

static void test_it_may_be_stopped(void **state) {
    (void)state;
    const sw_run_config config = modular_config(SW_OP_ADD, 5);
    fixture f;
    fixture_create(&f, &config);
    sw_record record;
    sw_measure_ask(f.measure, never, NULL);
    assert_int_equal(sw_measure_evaluate(&record, f.measure, f.model, 0, 0, true), SW_E_INTERRUPTED);
    sw_fail_clear();
    fixture_destroy(&f);
}

static void test_memory_is_estimated(void **state) {
    (void)state;
    const sw_run_config configs[] = {modular_config(SW_OP_ADD, 59), group_config(SW_GROUP_SYMMETRIC, 4)};
    for (size_t k = 0; k < sizeof configs / sizeof *configs; k++) {
        fixture f;
        fixture_create(&f, &configs[k]);
        sw_task shape;
        assert_ok(sw_task_describe(&shape, &configs[k].task, &configs[k].model));
        const double estimate = sw_measure_memory(&configs[k], &shape, 0), real = (double)sw_measure_bytes(f.measure);
        assert_true(estimate >= 0.97 * real && estimate <= 2 * real + 65536);
        fixture_destroy(&f);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tables_of_groups),
        cmocka_unit_test(test_characters_of_known_groups),
        cmocka_unit_test(test_characters_of_abelian_groups),
        cmocka_unit_test(test_characters_that_are_complex),
        cmocka_unit_test(test_subgroups),
        cmocka_unit_test(test_logits_of_a_character),
        cmocka_unit_test(test_logits_of_one_operand),
        cmocka_unit_test(test_neurons_of_cosets),
        cmocka_unit_test(test_neurons_that_are_random),
        cmocka_unit_test(test_losses_of_modular_addition),
        cmocka_unit_test(test_losses_of_a_solution),
        cmocka_unit_test(test_other_tables_have_none),
        cmocka_unit_test(test_it_may_be_stopped),
        cmocka_unit_test(test_memory_is_estimated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
