/* arithmetic.c: the number theory that small moduli need. */
#include "tasks/arithmetic.h"

bool sw_arithmetic_is_prime(int32_t n) {
    if (n < 2) return false;
    for (int32_t d = 2; (int64_t)d * d <= n; d++)
        if (n % d == 0) return false;
    return true;
}

int32_t sw_arithmetic_gcd(int32_t a, int32_t b) {
    while (b != 0) {
        const int32_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

int32_t sw_arithmetic_power(int32_t base, int32_t exponent, int32_t p) {
    int64_t power = 1 % p, square = base;
    for (int32_t k = exponent; k > 0; k /= 2) {
        if (k % 2 == 1) power = power * square % p;
        if (k > 1) square = square * square % p;
    }
    return (int32_t)power;
}

/* Extended Euclid: keeps r = s a (mod p) for both remainders. */
int32_t sw_arithmetic_inverse(int32_t a, int32_t p) {
    int32_t r0 = p, r1 = a, s0 = 0, s1 = 1;
    while (r1 != 0) {
        const int32_t quotient = r0 / r1;
        const int32_t r2 = r0 - quotient * r1, s2 = s0 - quotient * s1;
        r0 = r1, r1 = r2;
        s0 = s1, s1 = s2;
    }
    if (r0 != 1) return 0;
    return s0 < 0 ? s0 + p : s0;
}

int32_t sw_arithmetic_logarithm(int32_t *log, int32_t p) {
    for (int32_t g = 1; g < p; g++) {
        int32_t order = 0;
        int64_t power = 1;
        for (int32_t a = 0; a < p; a++) log[a] = -1;
        do {
            log[power] = order++;
            power = power * g % p;
        } while (power != 1);
        if (order == p - 1) return g;
    }
    return 0; /* p is not prime */
}
