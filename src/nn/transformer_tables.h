/* transformer_tables.h: the first layer of a transformer as tables. What it reads is a function of a token and its
 * position alone, and so are queries, keys, values, and what a token at a position adds to those that see it:
 *
 *   sum_i = x_i + sum_h sum_j a_hij value_j,h W_O,h     value_j = read_j W_V,   read = x or norm(x),   x = e_t + p_j
 *
 * Rows mix these in place of three GEMMs. Where neither a norm nor dropout stands between, what enters the MLP is mixed
 * too: with I = (W_in | 1), (pre | sum) = x_i I + (b_in | 0) + sum_h sum_j a_hij value_j,h W_O,h I. */
#pragma once

#include "nn/transformer_layer.h"

typedef struct sw_transformer_tables {
    bool folds; /* is W_in in them? */
    /* W = d, or M + d, rounded up so that rows of tables stay aligned; `stride` and `row`, from one row of a tile and
     * of the table to the next, are an odd number of cache lines */
    size_t V, T, d, heads, d_head, A, M, W, stride, row;

    /* of the rows at hand: entry (j, k) stands for the k-th token found at position j, and lies at j V + k */
    size_t *count;  /* [T] how many there are */
    int32_t *token; /* [T, V] */
    int32_t *entry; /* [T, V] k of a token, -1 = it is not there */

    /* functions of the parameters, [T, V, ...] */
    sw_real *x, *read, *statistics; /* [d], [d] (x where nothing is normalized), [SW_STATISTICS] */
    sw_real *query, *key, *value;   /* [A] */
    sw_real *through;               /* [A, W of stride] W_O I */
    sw_real *table;                 /* [heads, W, of row] value_h through_h */
    sw_real *base;                  /* [W] x I + (b_in | 0) */

    /* gradients with respect to those of the same name */
    sw_real *dread, *dquery, *dkey, *dvalue, *dthrough, *dtable, *dbase;
    bool *seen; /* [T, V] does the entry of dtable hold anything? What comes first is written over what is there */

    sw_real *tile, *dtile; /* [SW_TILE_ROWS, W of stride] pre | sum of a tile, and its gradient */
    sw_real *slope;        /* [SW_TILE_ROWS, W of stride] of the activation */
    sw_groups *groups;     /* [T] of a tile */
} sw_transformer_tables;

void sw_transformer_tables_carve(sw_transformer_tables *tables, sw_carver *carver, const sw_model *model);
/* Numbers the tokens of rows [rows, T]: entry[rows, T] is what stands for each. */
void sw_transformer_tables_find(sw_transformer_tables *tables, const int32_t *tokens, size_t rows, int32_t *entry);
/* Fills the tables from the parameters, for the tokens that were found. */
void sw_transformer_tables_build(sw_transformer_tables *tables, const sw_model *model, const sw_transformer_tensors *w);
/* Clears the gradients; those of dtable only in name. */
void sw_transformer_tables_clear(sw_transformer_tables *tables);
/* From the gradients of the tables to the model's. */
void sw_transformer_tables_unfold(sw_transformer_tables *tables, const sw_model *model, const sw_transformer_tensors *w,
                                  const sw_transformer_tensors *g);

/* The layer itself, for places whose tokens are entries: -> out[m, d]; back from dx[m, d] = d out, which is used up. */
void sw_transformer_tables_forward(sw_transformer_tables *tables, const sw_transformer_pass *at, sw_real *out);
void sw_transformer_tables_backward(sw_transformer_tables *tables, const sw_transformer_pass *at, sw_real *dx);
