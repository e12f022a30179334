/* restricted.h: restricted and excluded loss (Nanda et al. 2023): how well a part of the logits does that depends on
 * the product of the operands alone, and how well the logits do without it.
 *
 * The caller says which product each table entry has, averages the logits by it, fills the key part from these means,
 * and asks for the two losses, in this order. */
#pragma once

#include "symsweep/arena.h"
#include "symsweep/nn.h"
#include "symsweep/task.h"

typedef struct sw_surprise sw_surprise;

typedef struct sw_restricted {
    const sw_task *task;
    size_t products;    /* n; each has n inputs */
    int32_t *product;   /* [N] of each table entry; -1 = it has none and is left out */
    double *by_product; /* [n, C] means of the logits */
    double *key_part;   /* [n, C] the part of these that is asked about */
    double *row;        /* [C] working space */
    sw_surprise *of_product;
} sw_restricted;

sw_status sw_restricted_create(sw_restricted *out, const sw_task *task, size_t products, sw_arena *arena) SW_MUST_CHECK;
double sw_restricted_memory(const sw_task *shape, double products);

/* by_product <- means of logits [N, C]. */
void sw_restricted_average(sw_restricted *restricted, const sw_real *logits);
/* Mean cross-entropy over all table entries with a product, of (mean over the products of by_product) + key part. Uses
 * by_product up. */
double sw_restricted_loss(sw_restricted *restricted);
/* Mean cross-entropy over those in the train split of logits - key part; NaN where there are none. */
double sw_restricted_excluded_loss(sw_restricted *restricted, const sw_real *logits, const int8_t *split);
