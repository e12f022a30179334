/* modes.h: power of the embedding on the characters of the task's group. */
#pragma once

#include "measure/spectrum.h"
#include "symsweep/task.h"

/* One structure for both: `lines` is the number of frequencies of an abelian group (non-trivial characters in
 * lexicographic order of their exponents, a character and its inverse counted once), or of non-trivial irreducible
 * characters of another group, in the order of src/tasks/groups. */
typedef struct sw_modes {
    const sw_task *task;
    int32_t lines;   /* 0 = the task has no group; nothing below is set */
    int32_t members; /* entities in the group */
    double *power;   /* [lines] of the last sw_modes_compute */
    /* abelian */
    int32_t *member;   /* [members] entity */
    bool *paired;      /* [lines] the character is not its own inverse */
    double *wave;      /* [2 lines, members]: cos and sin of each frequency */
    double *transform; /* [2 lines, d] */
    sw_spectrum own;   /* of the members alone, where entities are left out (rows 0 = none is) */
    /* other groups */
    double *character; /* [lines, members] */
    double *dimension; /* [lines] chi(1) */
    double *gram;      /* [members, members] */
    double *shifted;   /* [members] sum_x <E_x, E_xg> */
} sw_modes;

sw_status sw_modes_create(sw_modes *out, const sw_task *task, int32_t d, sw_arena *arena) SW_MUST_CHECK;

/* power <- abelian: P_k + P_-k (P_k once where k = -k), P_k = ||sum_j E_j conj(chi_k(j))||^2, over the entities of
 * the group; other groups: ||(chi(1) / |G|) sum_g chi(g^-1) R(g) E||^2. `spectrum` is that of all entities, of E [*,
 * d]. */
sw_status sw_modes_compute(sw_modes *modes, const sw_spectrum *spectrum, const sw_real *E) SW_MUST_CHECK;

/* The spectrum of the entities in the group; `all` is that of all entities. */
const sw_spectrum *sw_modes_members(const sw_modes *modes, const sw_spectrum *all);

/* Lines of a task, from its shape alone; 0 = it has no group. */
int32_t sw_modes_lines(const sw_task *task);
/* Characters of an abelian group that are their own inverse, the trivial one among them. */
int32_t sw_modes_self_inverse(const sw_task *task);

/* key[0..at most 5) <- lines of largest power, the lowest first among equals; returns how many. */
enum { SW_KEY_FREQUENCIES = 5 };
int sw_modes_key(int32_t key[SW_KEY_FREQUENCIES], const sw_modes *modes);
