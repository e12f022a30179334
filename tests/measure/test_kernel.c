/* test_kernel.c: the tangent kernel and the average gradient outer product of linear networks, which are known. */
#include "fixture.h"

static const double pi = 3.14159265358979323846;

static sw_run_config linear_config(int32_t p) {
    sw_run_config config = fixture_config(p);
    config.model.kind = SW_MODEL_MLP;
    config.model.activation = SW_ACTIVATION_IDENTITY;
    config.model.readout_token = false;
    config.model.bias = false;
    config.measure.kernel_every = 1;
    return config;
}

static sw_real *cleared(const fixture *f, const char *name, size_t count) {
    sw_real *tensor = sw_model_parameters(f->model) + sw_model_tensor(f->model, name)->offset;
    memset(tensor, 0, count * sizeof *tensor);
    return tensor;
}

static double measured(const fixture *f, int metric) {
    sw_record record;
    assert_ok(sw_measure_evaluate(&record, f->measure, f->model, 0, 0, true));
    return (double)record.value[metric];
}

/* ---- tangent kernel ---- */

enum { P = 5, INPUTS = P * P, WIDTH = 2 * P };

/* z = x W U, x the two one-hot operands side by side; U is `u` in the column of one class. */
typedef struct linear_fixture {
    fixture f;
    sw_real *w, *u; /* [WIDTH, WIDTH] and the column of U, [WIDTH] with stride P */
} linear_fixture;

static void linear_create(linear_fixture *l) {
    sw_run_config config = linear_config(P);
    config.model.input = SW_INPUT_ONE_HOT;
    config.model.d_hidden = WIDTH;
    fixture_create(&l->f, &config);
    l->w = cleared(&l->f, "layers.0.weight", WIDTH * WIDTH);
    l->u = cleared(&l->f, "unembedding", WIDTH * P) + 2;
    for (int i = 0; i < WIDTH; i++) {
        l->w[i * WIDTH + i] = 1;
        l->u[i * P] = (sw_real)(0.1 * i - 0.3);
    }
}

/* K(x, x') = |U o|^2 x.x' + |o|^2 (x W).(x' W), with |o| = 1 and every o_c^2 = 1/C; then its means go. */
static void by_hand(double K[INPUTS][INPUTS], const linear_fixture *l) {
    double square = 0, rows[INPUTS] = {0}, all = 0;
    for (int i = 0; i < WIDTH; i++) square += (double)l->u[i * P] * (double)l->u[i * P];
    for (int a = 0; a < INPUTS; a++)
        for (int b = 0; b < INPUTS; b++) {
            K[a][b] = square / P * ((a / P == b / P) + (a % P == b % P));
            for (int j = 0; j < WIDTH; j++)
                K[a][b] += ((double)l->w[a / P * WIDTH + j] + (double)l->w[(P + a % P) * WIDTH + j]) *
                           ((double)l->w[b / P * WIDTH + j] + (double)l->w[(P + b % P) * WIDTH + j]);
            rows[a] += K[a][b] / INPUTS;
            all += K[a][b] / (INPUTS * INPUTS);
        }
    for (int a = 0; a < INPUTS; a++)
        for (int b = 0; b < INPUTS; b++) K[a][b] += all - rows[a] - rows[b];
}

static double product(double a[INPUTS][INPUTS], double b[INPUTS][INPUTS]) {
    double sum = 0;
    for (int i = 0; i < INPUTS; i++)
        for (int j = 0; j < INPUTS; j++) sum += a[i][j] * b[i][j];
    return sum;
}

/* While what it reads of the operands keeps its shape the kernel is x.x' times a number, whatever its weights out. */
static void test_the_kernel_of_a_linear_model_stays(void **state) {
    (void)state;
    linear_fixture l;
    linear_create(&l);
    assert_close(measured(&l.f, SW_METRIC_NTK_ALIGNMENT), 1);
    for (int i = 0; i < WIDTH; i++) {
        l.w[i * WIDTH + i] = 3;
        l.u[i * P] = (sw_real)sin(i);
    }
    assert_close(measured(&l.f, SW_METRIC_NTK_ALIGNMENT), 1);
    fixture_destroy(&l.f);
}

static void test_a_kernel_that_moves_by_what_is_known(void **state) {
    (void)state;
    static double before[INPUTS][INPUTS], after[INPUTS][INPUTS];
    linear_fixture l;
    linear_create(&l);
    by_hand(before, &l);
    assert_close(measured(&l.f, SW_METRIC_NTK_ALIGNMENT), 1);
    for (int i = 0; i < WIDTH; i++)
        for (int j = 0; j < WIDTH; j++) l.w[i * WIDTH + j] += (sw_real)(sin(2 * i) * cos(3 * j));
    by_hand(after, &l);
    const double expected = product(before, after) / sqrt(product(before, before) * product(after, after));
    assert_in_range((int)(1000 * expected), 300, 950);
    assert_close(measured(&l.f, SW_METRIC_NTK_ALIGNMENT), expected);
    fixture_destroy(&l.f);
}

/* ---- average gradient outer product ---- */

/* z = A^T e, e the first operand's embedding: the product is A A^T, and E A A^T E^T = V V^T, V [p, classes] the logits
 * of each token. Here V[g][c] = v(g, c). */
static double circulance_of(double (*v)(int g, int c), int32_t p, int classes) {
    const sw_run_config config = linear_config(p);
    fixture f;
    fixture_create(&f, &config);
    const int d = config.model.d_model, M = config.model.d_hidden;
    sw_real *E = cleared(&f, "token_embedding", (size_t)f.task->vocabulary * (size_t)d);
    sw_real *w = cleared(&f, "layers.0.weight", 2 * (size_t)d * (size_t)M);
    sw_real *U = cleared(&f, "unembedding", (size_t)M * (size_t)p);
    for (int c = 0; c < classes; c++) {
        for (int g = 0; g < p; g++) E[g * d + c] = (sw_real)v(g, c);
        w[c * M + c] = 2;
        U[c * p + c] = (sw_real)0.5;
    }
    const double found = measured(&f, SW_METRIC_AGOP_CIRCULANT);
    fixture_destroy(&f);
    return found;
}

enum { MODULUS = 31 };

static double wave(int g, int c) { return cos(2 * pi * 3 * g / MODULUS - c * pi / 2); }
static double two_waves(int g, int c) { return wave(g, c) + cos(2 * pi * 7 * g / MODULUS); }
static double point(int g, int c) { return g == 4 + c; }

static void test_circulance_of_linear_models(void **state) {
    (void)state;
    /* cos ka cos kb = 1/2 cos k(a - b) + 1/2 cos k(a + b): half of it depends on the difference */
    assert_close(circulance_of(wave, MODULUS, 1), 1.0 / 2);
    assert_close(circulance_of(two_waves, MODULUS, 1), 1.0 / 4);
    /* one entry of n^2: (1/n - 1/n^2) / (1 - 1/n^2) */
    assert_close(circulance_of(point, MODULUS, 1), 1.0 / (MODULUS + 1));
    /* cosine and sine in two classes make cos k(a - b), but for the mean of the product of their random signs */
    assert_true(circulance_of(wave, MODULUS, 2) > 0.99);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_kernel_of_a_linear_model_stays),
        cmocka_unit_test(test_a_kernel_that_moves_by_what_is_known),
        cmocka_unit_test(test_circulance_of_linear_models),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
