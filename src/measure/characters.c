/* Irreducible characters of the dihedral and the symmetric groups. */
#include "measure/characters.h"

#include <math.h>

static const double two_pi = 6.283185307179586476925286766559;

/* ---- dihedral: r^k s^f ---- */

static double dihedral(int32_t line, int32_t n, int32_t k, int32_t f)
{
    double sign_k = k % 2 == 0 ? 1 : -1, sign_f = f == 0 ? 1 : -1;
    if (line == 0) return sign_f;
    int32_t linear = n % 2 == 0 ? 3 : 1; /* non-trivial characters of degree 1 */
    if (line < linear) return line == 1 ? sign_k : sign_k * sign_f;
    int32_t j = line - linear + 1;
    return f == 0 ? 2 * cos(two_pi * (double)j * (double)k / n) : 0;
}

/* ---- symmetric, n <= 5 ---- */

/* c[m] <- number of cycles of length m of a permutation in one-line notation. */
static void count_cycles(int32_t c[6], const int32_t *permutation, int32_t n)
{
    bool seen[6] = {false};
    for (int m = 0; m < 6; m++) c[m] = 0;
    for (int32_t i = 0; i < n; i++) {
        int32_t length = 0;
        for (int32_t at = i; !seen[at]; at = permutation[at], length++) seen[at] = true;
        if (length > 0) c[length]++;
    }
}

/* Character polynomials in the numbers of fixed points and transpositions (Macdonald, Symmetric Functions, I.7). */
typedef enum shape { TRIVIAL, STANDARD, TWO_ROWS, HOOK } shape;

static double polynomial(shape which, double c1, double c2)
{
    switch (which) {
    case STANDARD: return c1 - 1;                   /* (n-1, 1) */
    case TWO_ROWS: return c1 * (c1 - 3) / 2 + c2;   /* (n-2, 2) */
    case HOOK: return (c1 - 1) * (c1 - 2) / 2 - c2; /* (n-2, 1, 1) */
    default: return 1;                              /* (n) */
    }
}

/* A partition as one of these shapes, or the conjugate of one: then times the sign of the permutation. */
typedef struct symmetric_line {
    shape which;
    bool conjugate;
} symmetric_line;

static const symmetric_line symmetric_lines[6][6] = {
    /* (2,1) (1,1,1) */
    [3] = {{STANDARD, false}, {TRIVIAL, true}},
    /* (3,1) (2,2) (2,1,1) (1,1,1,1) */
    [4] = {{STANDARD, false}, {TWO_ROWS, false}, {STANDARD, true}, {TRIVIAL, true}},
    /* (4,1) (3,2) (3,1,1) (2,2,1) (2,1,1,1) (1,1,1,1,1) */
    [5] = {{STANDARD, false}, {TWO_ROWS, false}, {HOOK, false}, {TWO_ROWS, true}, {STANDARD, true}, {TRIVIAL, true}},
};

static double symmetric(int32_t line, int32_t n, const int32_t *permutation)
{
    int32_t c[6];
    count_cycles(c, permutation, n);
    symmetric_line at = symmetric_lines[n][line];
    double value = polynomial(at.which, c[1], c[2]);
    return at.conjugate && (c[2] + c[4]) % 2 != 0 ? -value : value;
}

double sw_irreducible_character(const sw_task *task, int32_t line, int32_t element)
{
    const int32_t *coordinate = task->coordinate + (size_t)element * (size_t)task->coordinate_count;
    if (task->config.group == SW_GROUP_DIHEDRAL) return dihedral(line, task->config.n, coordinate[0], coordinate[1]);
    return symmetric(line, task->config.n, coordinate);
}
