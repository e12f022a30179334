/* permutations.c: permutations of 0..n-1 in one-line notation, and the characters of the symmetric group. */
#include "tasks/groups/permutations.h"

int32_t sw_permutations_factorial(int32_t n) {
    int32_t product = 1;
    for (int32_t k = 2; k <= n; k++) product *= k;
    return product;
}

/* Digits of the factorial number system pick what is left. */
void sw_permutations_unrank(int32_t *out, int32_t n, int32_t number) {
    int32_t left[SW_PERMUTATIONS_MOST];
    for (int32_t k = 0; k < n; k++) left[k] = k;
    for (int32_t k = 0; k < n; k++) {
        const int32_t block = sw_permutations_factorial(n - 1 - k), digit = number / block;
        number %= block;
        out[k] = left[digit];
        for (int32_t j = digit; j + 1 < n - k; j++) left[j] = left[j + 1];
    }
}

int32_t sw_permutations_rank(const int32_t *p, int32_t n) {
    int32_t rank = 0;
    for (int32_t k = 0; k < n; k++) {
        int32_t smaller = 0;
        for (int32_t j = k + 1; j < n; j++) smaller += p[j] < p[k];
        rank += smaller * sw_permutations_factorial(n - 1 - k);
    }
    return rank;
}

void sw_permutations_compose(int32_t *out, const int32_t *g, const int32_t *h, int32_t n) {
    for (int32_t i = 0; i < n; i++) out[i] = g[h[i]];
}

bool sw_permutations_are_odd(const int32_t *p, int32_t n) {
    int32_t inversions = 0;
    for (int32_t i = 0; i < n; i++)
        for (int32_t j = i + 1; j < n; j++) inversions += p[j] < p[i];
    return inversions % 2 != 0;
}

/* ---- partitions ---- */

sw_partition sw_permutations_first(int32_t n) { return (sw_partition){.part = {n}}; }

/* The last part above 1 loses one, and what is behind it is filled up again with parts as large as that. */
bool sw_permutations_next(sw_partition *partition) {
    int32_t *part = partition->part, last = -1, rest = 1;
    for (int32_t i = 0; i < SW_PERMUTATIONS_MOST; i++) {
        if (part[i] > 1) last = i;
        rest += part[i] == 1;
    }
    if (last < 0) return false;
    part[last]--;
    for (int32_t i = last + 1; i < SW_PERMUTATIONS_MOST; i++) {
        part[i] = rest < part[last] ? rest : part[last];
        rest -= part[i];
    }
    return true;
}

sw_partition sw_permutations_conjugate(const sw_partition *partition) {
    sw_partition out = {{0}};
    for (int32_t i = 0; i < SW_PERMUTATIONS_MOST; i++)
        for (int32_t j = 0; j < partition->part[i]; j++) out.part[j]++;
    return out;
}

int sw_permutations_compare(const sw_partition *a, const sw_partition *b) {
    for (int32_t i = 0; i < SW_PERMUTATIONS_MOST; i++)
        if (a->part[i] != b->part[i]) return a->part[i] > b->part[i] ? 1 : -1;
    return 0;
}

/* ---- characters ---- */

/* Lengths of the cycles; returns how many there are. */
static int32_t cycles_of(int32_t *length, const int32_t *permutation, int32_t n) {
    bool seen[SW_PERMUTATIONS_MOST] = {false};
    int32_t count = 0;
    for (int32_t i = 0; i < n; i++) {
        int32_t steps = 0;
        for (int32_t at = i; !seen[at]; at = permutation[at], steps++) seen[at] = true;
        if (steps > 0) length[count++] = steps;
    }
    return count;
}

/* A rim hook of length r is removed by moving a bead r places down, past as many beads as the hook has rows below its
 * first: `beads` has the bit part_i + (rows - i) for each row. */
static int32_t remove_hooks(uint32_t beads, const int32_t *length, int32_t count) {
    if (count == 0) return 1;
    int32_t total = 0;
    const int32_t r = length[count - 1];
    for (int32_t b = r; b < 2 * SW_PERMUTATIONS_MOST; b++) {
        if (!(beads >> b & 1u) || (beads >> (b - r) & 1u)) continue;
        int32_t sign = 1;
        for (int32_t k = b - r + 1; k < b; k++)
            if (beads >> k & 1u) sign = -sign;
        total += sign * remove_hooks(beads ^ 1u << b ^ 1u << (b - r), length, count - 1);
    }
    return total;
}

int32_t sw_permutations_character(const sw_partition *partition, const int32_t *permutation, int32_t n) {
    int32_t length[SW_PERMUTATIONS_MOST];
    uint32_t beads = 0;
    for (int32_t i = 0; i < n; i++) beads |= 1u << (partition->part[i] + n - 1 - i);
    return remove_hooks(beads, length, cycles_of(length, permutation, n));
}
