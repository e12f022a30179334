/* arithmetic.h: the number theory that small moduli need. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

bool sw_arithmetic_is_prime(int32_t n);
int32_t sw_arithmetic_gcd(int32_t a, int32_t b);

/* base^exponent mod p; base in 0..p-1, exponent >= 0. */
int32_t sw_arithmetic_power(int32_t base, int32_t exponent, int32_t p);

/* 1/a mod p in 1..p-1; 0 = a is no unit. a in 0..p-1, p >= 2. */
int32_t sw_arithmetic_inverse(int32_t a, int32_t p);

/* log[g^k mod p] = k for k = 0..p-2, log[0] = -1, g the smallest primitive root of the prime p. Returns g. */
int32_t sw_arithmetic_logarithm(int32_t *log, int32_t p);
