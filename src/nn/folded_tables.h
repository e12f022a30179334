/* folded_tables.h: the one-layer transformer as tables (folded.c has the algebra). */
#pragma once

#include "nn/model.h"
#include "nn/visit.h"

typedef struct sw_folded {
    /* V tokens, T positions, N = V + T; d, heads, d_head, A = heads d_head, M = d_mlp, C classes;
     * W = M + C, rounded up so that rows of tables stay aligned: the width of everything that enters the MLP. */
    size_t V, T, N, d, heads, d_head, A, M, C, W;
    /* From one row of W columns to the next, and from the table rows of one token to the next's: an odd number of cache
     * lines, so that columns spread over the sets of a cache. */
    size_t stride, row;
    size_t query_capacity; /* query tokens there is room for: 1 with a readout token, else V */

    /* of the last forward */
    size_t queries; /* 1: all rows end in the token `last`; else V */
    size_t varying; /* positions whose token varies: T - 1 where queries = 1, else T */
    int32_t last;

    /* functions of the parameters alone; a capital X [N, d] is the parameters' E and P, one below the other */
    sw_real *value, *key;   /* [N, A] X W_V, X W_K */
    sw_real *asking;        /* [queries, d] E[u] + P[T-1] */
    sw_real *query;         /* [queries, A] */
    sw_real *score;         /* [heads, queries, N] query . key / sqrt(d_head) */
    sw_real *into;          /* [d, W, of stride] W_in | alpha W_U */
    sw_real *through;       /* [A, W, of stride] W_O into */
    sw_real *table;         /* [varying, V, heads, W, of row] what a token at a position adds per unit of attention */
    sw_real *position;      /* [T, heads, W, of row] the part of it that is the position's */
    sw_real *base;          /* [queries, W] what does not depend on attention */
    sw_real *merged;        /* [M, C] alpha W_out W_U */
    sw_real *merged_packed; /* for products with it from the right, */
    sw_real *turned_packed; /* and with it transposed, which backward packs */

    /* gradients with respect to those of the same name */
    sw_real *dvalue, *dkey, *dasking, *dquery, *dscore, *dinto, *dthrough, *dtable, *dposition, *dbase;
    sw_real *dmerged; /* [C, M], transposed */

    bool *seen; /* [T, V] whether a row of dtable holds anything: what comes first is written over what is there */

    /* rows, in the order they are visited */
    sw_visit visit;
    sw_real *attention;  /* [rows, T, heads] attention of the last position */
    size_t kept;         /* tiles that `hidden` has room for: all of a small batch's, else 1 */
    int32_t activation;  /* sw_activation */
    sw_real *hidden;     /* [kept, SW_TILE_ROWS, stride] output of the activation | logits */
    sw_real *slope;      /* [kept, SW_TILE_ROWS, stride] its slope, where it has that kept */
    sw_real *dhidden;    /* [SW_TILE_ROWS, stride] */
    sw_real *dattention; /* [SW_TILE_ROWS, T, heads] */
} sw_folded;

/* Fills the tables from the parameters, for the `queries` and `last` set in `self`. */
void sw_folded_build(sw_folded *self, const sw_model *model);
/* Clears the gradients of the tables; those of dtable only in name. */
void sw_folded_clear(sw_folded *self);
/* From the gradients of the tables to the model's. */
void sw_folded_unfold(sw_folded *self, sw_model *model);
