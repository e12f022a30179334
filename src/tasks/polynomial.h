/* polynomial.h: polynomials in residues modulo p, given as text: their values and their degrees. */
#pragma once

#include "tasks/expression.h"

/* p^k: how many inputs k operands have. */
int64_t sw_polynomial_combinations(const sw_expression *polynomial, int32_t p);

/* Writes the operands of combination i in lexicographic order, and the value there; false: it divides by zero. p is a
 * prime where the polynomial divides. */
bool sw_polynomial_value(int32_t *out, int32_t *operand, int64_t i, const sw_expression *polynomial, int32_t p);

/* k with f(u x, u y, ...) = u^k f(x, y, ...) for units u of a polynomial that is homogeneous by its syntax: sums are of
 * terms of one degree. A negative one stands as k + (p - 1) m: u^(p - 1) = 1 for the prime p that divisions need. */
enum { SW_POLYNOMIAL_MIXED = -1 };
int32_t sw_polynomial_degree(const sw_expression *polynomial, int32_t p);
