/* transformer_layer.h: one layer of a transformer over the places of a block (places.h).
 *
 * n places, of which a layer reads the last m: all of them, and in the last layer those of the last position. States of
 * places that are read lie one behind the other, [m, width]; A = heads d_head, M = d_mlp. */
#pragma once

#include "nn/attention.h"
#include "nn/places.h"
#include "nn/transformer.h"

/* What forward leaves for backward. Where nothing is normalized, `read` is the same as what it is the norm of, and
 * `sum` as what is its norm. */
typedef struct sw_transformer_kept {
    sw_real *x;                    /* [n, d] input of the layer */
    sw_real *read;                 /* [n, d] what attention reads: x, or with norms before blocks norm(x) */
    sw_real *query;                /* [m, A] */
    sw_real *key, *value;          /* [n, A] */
    sw_real *p;                    /* [m, T, heads]: of a position's places [places, span, heads], without gaps */
    sw_real *z;                    /* [m, A] */
    sw_real *sum;                  /* [m, d] x + attention, before a norm behind it */
    sw_real *middle;               /* [m, d] after attention */
    sw_real *middle_read;          /* [m, d] what the MLP reads */
    sw_real *hidden;               /* [m, M] after the activation */
    sw_real *slope;                /* [m, M] its slope, where that is kept */
    sw_real *out_sum;              /* [m, d] middle + MLP, before a norm behind it; NULL = there is none */
    sw_real *attention_statistics; /* [n (behind the sum: m), SW_STATISTICS] of the norm of each block */
    sw_real *mlp_statistics;       /* [m, SW_STATISTICS] */
} sw_transformer_kept;

/* Room for one tile or one block, shared by all layers. */
typedef struct sw_transformer_room {
    sw_real *dhidden;                /* [SW_TILE_ROWS, M] */
    sw_real *dbranch;                /* [SW_TILE_ROWS, d] of what a block adds, where it drops; NULL = it does not */
    sw_real *dmlp;                   /* [SW_TILE_ROWS, d] of what the MLP reads, with norms before blocks */
    sw_real *dread;                  /* [n, d] of what attention reads, likewise */
    sw_real *dz;                     /* [SW_TILE_ROWS, A] */
    sw_real *dquery, *dkey, *dvalue; /* [n, A] */
    sw_real *weight, *dweight;       /* [SW_TILE_ROWS, T, heads] */
} sw_transformer_room;

/* A layer of a block of rows, on its way forward or back. */
typedef struct sw_transformer_pass {
    const sw_model *model;
    const sw_places *places;
    size_t row; /* of the batch, the block's first */
    int layer;
    const sw_transformer_layer *w, *g; /* parameters; their gradient, which accumulates (forward: NULL) */
    const sw_transformer_kept *kept;
    const sw_transformer_room *room;
    sw_real *hidden; /* [rows of the batch, M] is given what the last position has; NULL = nobody asks */
} sw_transformer_pass;

/* Has the model norms there? */
bool sw_transformer_normalizes(const sw_model *model, sw_placement placement);
/* The first place that a layer reads. */
size_t sw_transformer_first(const sw_model *model, const sw_places *places, int layer);
sw_attention sw_transformer_attention(const sw_model *model);

/* y[rows, d] <- norm(x[rows, d]), and back: dy <- d x, gradients accumulate. */
void sw_transformer_norm_forward(const sw_model *model, const sw_transformer_norm *w, size_t rows, const sw_real *x,
                                 sw_real *y, sw_real *statistics);
void sw_transformer_norm_backward(const sw_model *model, const sw_transformer_norm *w, const sw_transformer_norm *g,
                                  size_t rows, const sw_real *x, const sw_real *statistics, sw_real *dy);

/* Drops, of what block 0 (attention) or 1 (MLP) of the layer adds, [count, d] for the places from `place` on. */
void sw_transformer_drop(const sw_transformer_pass *at, int block, size_t place, size_t count, sw_real *x);

/* Attention: kept->x -> kept->sum. Back: from d sum in dx from the first place read on, and 0 before it, to d x. */
void sw_transformer_attend(const sw_transformer_pass *at);
void sw_transformer_attend_backward(const sw_transformer_pass *at, sw_real *dx);

/* Hands on the hidden activations [count, M, of stride] of places from `place` on, where they are asked for. */
void sw_transformer_tell_hidden(const sw_transformer_pass *at, size_t place, size_t count, const sw_real *hidden,
                                size_t stride);

/* The MLP: `count` states that the layer reads, from state `first` on, of kept->sum -> out[count, d]. Back: dx[count,
 * d], d out -> d sum. */
void sw_transformer_feed(const sw_transformer_pass *at, size_t first, size_t count, sw_real *out);
void sw_transformer_feed_backward(const sw_transformer_pass *at, size_t first, size_t count, sw_real *dx);
