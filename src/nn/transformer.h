/* transformer.h: the tensors of a transformer. */
#pragma once

#include "nn/model.h"

/* Where the tensors of a transformer lie: pointers into the parameters or into the gradient. */
typedef struct sw_transformer_norm {
    sw_real *gain, *bias; /* [d]; NULL = there is none */
} sw_transformer_norm;

typedef struct sw_transformer_layer {
    sw_real *query, *key, *value; /* [d, A], A = heads d_head, head-major columns */
    sw_real *output;              /* [A, d] */
    sw_real *in, *in_bias;        /* [d, M], [M], M = d_mlp; a bias is NULL in a model without */
    sw_real *out, *out_bias;      /* [M, d], [d] */
    sw_transformer_norm attention_norm, mlp_norm;
} sw_transformer_layer;

typedef struct sw_transformer_tensors {
    sw_real *token, *position; /* [V, d], [T, d] */
    sw_transformer_layer layer[SW_LAYERS_MAX];
    sw_real *unembedding; /* [d, C]; NULL = the first C rows of `token`, transposed */
    sw_transformer_norm final_norm;
} sw_transformer_tensors;

/* Operations of a step of a one-layer transformer without norms and dropout, one GEMM after another, for the rows as
 * they come. */
double sw_transformer_plain_flops(const sw_model_config *config, const sw_model_shape *shape, size_t rows);

void sw_transformer_view(sw_transformer_tensors *out, const sw_model *model, sw_real *base);
