/* modular.h: what symmetry families ask of the operations on residues. */
#pragma once

#include "symsweep/task.h"

/* The group of residues that an operation belongs to. */
typedef enum sw_residue_group {
    SW_RESIDUES_ADDITIVE,       /* Z_p under + */
    SW_RESIDUES_MULTIPLICATIVE, /* units under x */
    SW_RESIDUES_SHIFTED         /* x + 1 a unit, under x + xy + y = (x + 1)(y + 1) - 1 */
} sw_residue_group;

/* How associativity forms its inner values: p(.|left, z) and p(.|x, right). */
typedef enum sw_inner {
    SW_INNER_PRODUCT,  /* left = f(x, y), right = f(y, z) */
    SW_INNER_NEGATED,  /* sub: left = f(x, y), right = f(y, -z) */
    SW_INNER_INVERTED, /* div: left = f(x, y), right = f(y, 1/z) */
    SW_INNER_SUM       /* powers of the sum: left = x + y, right = y + z */
} sw_inner;

typedef enum sw_truth { SW_NEVER, SW_ALWAYS, SW_MODULO_TWO } sw_truth;

/* The input with the same label by symmetry, from (x, y). */
typedef enum sw_mirror {
    SW_MIRROR_SWAPPED,  /* (y, x) */
    SW_MIRROR_NEGATED,  /* (-y, -x) */
    SW_MIRROR_INVERTED, /* (1/y, 1/x), none for x = 0 */
    SW_MIRROR_NONE      /* the operation does not commute */
} sw_mirror;

enum { SW_NOT_HOMOGENEOUS = -1 }; /* SW_POLYNOMIAL_MIXED */

/* One row of operations.def. */
typedef struct sw_operation {
    int64_t (*value)(int64_t x, int64_t y, int64_t p);
    sw_residue_group group; /* whose characters are the Fourier modes */
    bool translates;        /* f(gx, y) = g f(x, y) for g of the group */
    bool divides;           /* by y: p must be a prime, and y = 0 is left out of the table */
    int degree;             /* k: f(ux, uy) = u^k f(x, y) for units u; or SW_NOT_HOMOGENEOUS */
    sw_mirror mirror;       /* commutative in the sense of the family: with this mirror */
    sw_inner inner;
    sw_truth associates;
} sw_operation;

const sw_operation *sw_modular_operation(const sw_task_config *config);

/* Is the task's operation homogeneous, and are there units but 1? */
bool sw_modular_scales(const sw_task_config *config);

/* Tables of a built task (task->extra). */
typedef struct sw_modular {
    int32_t *inverse; /* [p] multiplicative inverse, 0 = none */
    int32_t unit_count;
    int32_t *unit;  /* [unit_count] ascending */
    int32_t degree; /* of the operation, or SW_NOT_HOMOGENEOUS */
} sw_modular;

/* The table entry with all operands of entry i multiplied by u; -1 = there is none. */
int32_t sw_modular_scaled(const sw_task *task, size_t i, int32_t u);

static inline const sw_modular *sw_modular_of(const sw_task *task) { return task->extra; }
