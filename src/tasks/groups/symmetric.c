/* symmetric.c: permutations of 0..n-1 in lexicographic order of their one-line notation; (gh)(i) = g(h(i)). */
#include "tasks/group.h"

enum { MOST = 5 };

static int32_t factorial(int32_t n) {
    int32_t product = 1;
    for (int32_t k = 2; k <= n; k++) product *= k;
    return product;
}

static sw_status validate(const sw_task_config *config) { return sw_group_check_n(config, MOST); }

/* ---- permutations ---- */

/* Digits of the factorial number system pick what is left. */
static void coordinates(int32_t *out, const sw_task *task, int32_t e) {
    const int32_t n = task->config.n;
    int32_t left[MOST];
    for (int32_t k = 0; k < n; k++) left[k] = k;
    for (int32_t k = 0; k < n; k++) {
        const int32_t block = factorial(n - 1 - k), digit = e / block;
        e %= block;
        out[k] = left[digit];
        for (int32_t j = digit; j + 1 < n - k; j++) left[j] = left[j + 1];
    }
}

static int32_t rank_permutation(const int32_t *p, int32_t n) {
    int32_t rank = 0;
    for (int32_t k = 0; k < n; k++) {
        int32_t smaller = 0;
        for (int32_t j = k + 1; j < n; j++) smaller += p[j] < p[k];
        rank += smaller * factorial(n - 1 - k);
    }
    return rank;
}

static int32_t multiply(const sw_task *task, const int32_t *g, const int32_t *h) {
    const int32_t n = task->config.n;
    int32_t composed[MOST];
    for (int32_t i = 0; i < n; i++) composed[i] = g[h[i]];
    return rank_permutation(composed, n);
}

/* ---- characters: by partition in reverse lexicographic order, (n) left out ---- */

/* Character polynomials in the numbers of fixed points and transpositions (Macdonald, Symmetric Functions, I.7). */
typedef enum polynomial { TRIVIAL, STANDARD, TWO_ROWS, HOOK } polynomial;

static double evaluate(polynomial which, double c1, double c2) {
    switch (which) {
    case STANDARD: return c1 - 1;                   /* (n-1, 1) */
    case TWO_ROWS: return c1 * (c1 - 3) / 2 + c2;   /* (n-2, 2) */
    case HOOK: return (c1 - 1) * (c1 - 2) / 2 - c2; /* (n-2, 1, 1) */
    default: return 1;                              /* (n) */
    }
}

/* A partition as one of these, or the conjugate of one: then times the sign of the permutation. */
typedef struct partition {
    polynomial which;
    bool conjugate;
} partition;

static const struct {
    int32_t count;
    partition partition[6];
} lines[MOST + 1] = {
    /* (2,1) (1,1,1) */
    [3] = {2, {{STANDARD, false}, {TRIVIAL, true}}},
    /* (3,1) (2,2) (2,1,1) (1,1,1,1) */
    [4] = {4, {{STANDARD, false}, {TWO_ROWS, false}, {STANDARD, true}, {TRIVIAL, true}}},
    /* (4,1) (3,2) (3,1,1) (2,2,1) (2,1,1,1) (1,1,1,1,1) */
    [5] = {6,
           {{STANDARD, false}, {TWO_ROWS, false}, {HOOK, false}, {TWO_ROWS, true}, {STANDARD, true}, {TRIVIAL, true}}},
};

/* c[m] <- number of cycles of length m. */
static void count_cycles(int32_t c[MOST + 1], const int32_t *permutation, int32_t n) {
    bool seen[MOST] = {false};
    for (int m = 0; m <= MOST; m++) c[m] = 0;
    for (int32_t i = 0; i < n; i++) {
        int32_t length = 0;
        for (int32_t at = i; !seen[at]; at = permutation[at], length++) seen[at] = true;
        if (length > 0) c[length]++;
    }
}

static double character(const sw_task *task, int32_t line, const int32_t *g) {
    int32_t c[MOST + 1];
    count_cycles(c, g, task->config.n);
    const partition at = lines[task->config.n].partition[line];
    const double value = evaluate(at.which, c[1], c[2]);
    return at.conjugate && (c[2] + c[4]) % 2 != 0 ? -value : value;
}

static void shape(sw_task *task, const sw_task_config *config) {
    const int32_t n = config->n;
    task->coordinate_count = n;
    if (n <= 2) { /* Z_1 and Z_2 */
        task->factor_count = 1;
        task->factor[0] = n;
    } else {
        task->entities = factorial(n);
        task->characters = lines[n].count;
    }
}

const sw_group sw_group_symmetric = {
    .validate = validate,
    .shape = shape,
    .coordinates = coordinates,
    .multiply = multiply,
    .character = character,
};
