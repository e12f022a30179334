/* polynomial.c: polynomials in residues modulo p, given as text: their values and their degrees. */
#include "tasks/polynomial.h"

#include "tasks/arithmetic.h"

static bool divide(int32_t *out, int32_t a, int32_t b, int32_t p) {
    const int32_t inverse = sw_arithmetic_inverse(b, p);
    *out = (int32_t)((int64_t)a * inverse % p);
    return inverse != 0;
}

static bool residue(int32_t *out, sw_expression_operator op, int32_t a, int32_t b, const void *context) {
    const int32_t p = *(const int32_t *)context;
    switch (op) {
    case SW_EXPRESSION_NEGATE: *out = (p - a) % p; return true;
    case SW_EXPRESSION_POWER: *out = sw_arithmetic_power(a, b, p); return true;
    case SW_EXPRESSION_ADD: *out = (a + b) % p; return true;
    case SW_EXPRESSION_SUBTRACT: *out = (a - b + p) % p; return true;
    case SW_EXPRESSION_MULTIPLY: *out = (int32_t)((int64_t)a * b % p); return true;
    case SW_EXPRESSION_DIVIDE: return divide(out, a, b, p);
    default: *out = a % p; return true;
    }
}

/* Degree of what is homogeneous by its syntax; a variable has degree 1. */
static bool degree_of(int32_t *out, sw_expression_operator op, int32_t a, int32_t b, const void *context) {
    static const int64_t most = 1000000;
    (void)context;
    int64_t degree = a;
    switch (op) {
    case SW_EXPRESSION_NUMBER: degree = 0; break;
    case SW_EXPRESSION_POWER: degree *= b; break;
    case SW_EXPRESSION_MULTIPLY: degree += b; break;
    case SW_EXPRESSION_DIVIDE: degree -= b; break;
    case SW_EXPRESSION_ADD:
    case SW_EXPRESSION_SUBTRACT:
        if (a != b) return false;
        break;
    default: break;
    }
    *out = (int32_t)degree;
    return degree >= -most && degree <= most;
}

int32_t sw_polynomial_degree(const sw_expression *polynomial, int32_t p) {
    static const int32_t ones[] = {1, 1, 1, 1};
    int32_t degree;
    if (!sw_expression_evaluate(&degree, polynomial, ones, degree_of, NULL)) return SW_POLYNOMIAL_MIXED;
    return degree >= 0 ? degree : degree % (p - 1) + (p - 1);
}

int64_t sw_polynomial_combinations(const sw_expression *polynomial, int32_t p) {
    int64_t all = 1;
    for (int32_t k = 0; k < polynomial->operands; k++) all *= p;
    return all;
}

bool sw_polynomial_value(int32_t *out, int32_t *operand, int64_t i, const sw_expression *polynomial, int32_t p) {
    for (int32_t k = polynomial->operands; k-- > 0; i /= p) operand[k] = (int32_t)(i % p);
    return sw_expression_evaluate(out, polynomial, operand, residue, &p);
}
