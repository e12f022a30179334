/* internal.h: what the files of the nn module share about models.
 *
 * A model is its parameters, their gradient, and one or two ways to compute with them ("paths"): the general one, which
 * serves every configuration, and where it exists a specialized one that is the same function of the parameters with
 * fewer operations. A path is a row of functions and a state of its own; the model picks one at its creation. */
#ifndef SW_NN_INTERNAL_H
#define SW_NN_INTERNAL_H

#include "symsweep/arena.h"
#include "symsweep/nn.h"

#include <stdint.h>

enum {
    SW_TENSORS_MAX = 3 + 8 * SW_LAYERS_MAX,
    SW_PATH_STATE_MAX = 4096 /* bytes of the largest path state */
};

/* Hands out 64-byte aligned pieces of one block; without a block (base NULL) it only counts, so that the memory of a
 * model is known before there is one. */
typedef struct sw_carver {
    unsigned char *base;
    size_t used; /* bytes */
} sw_carver;

sw_real *sw_carve(sw_carver *carver, size_t count);
int32_t *sw_carve_int(sw_carver *carver, size_t count);
bool *sw_carve_flags(sw_carver *carver, size_t count);

typedef struct sw_model_path {
    const char *name;
    size_t state_bytes;
    /* Is it made for such a model, and fewer operations than the general path? */
    bool (*applies)(const sw_model_config *config, const sw_model_shape *shape, size_t rows);
    /* Can it compute these rows? NULL = any. */
    bool (*serves)(const void *state, const int32_t *tokens, size_t rows);
    /* Sets sizes in `state` and carves its buffers; called once to count and once for good. */
    void (*carve)(void *state, sw_carver *carver, const sw_model *model);
    /* As sw_model_forward, sw_model_backward, sw_model_evaluate. */
    void (*forward)(void *state, const sw_model *model, const int32_t *tokens, size_t rows, sw_real *logits);
    void (*backward)(void *state, sw_model *model, const sw_real *dlogits);
    void (*evaluate)(void *state, const sw_model *model, const int32_t *tokens, size_t rows, sw_real *logits);
    /* Floating point operations of forward and backward over `rows` rows. */
    double (*flops)(const sw_model_config *config, const sw_model_shape *shape, size_t rows);
} sw_model_path;

extern const sw_model_path sw_path_transformer; /* transformer.c: any number of layers */
extern const sw_model_path sw_path_folded;      /* transformer_folded.c: one layer, as tables */
extern const sw_model_path sw_path_mlp;         /* mlp.c */

struct sw_model {
    sw_model_config config;
    sw_model_shape shape;
    size_t max_rows;
    sw_tensor tensors[SW_TENSORS_MAX];
    size_t tensor_count;
    size_t parameter_count;
    sw_real *parameters;                    /* [P] */
    sw_real *gradient;                      /* [P] */
    const sw_model_path *general, *special; /* special NULL = none applies */
    void *general_state, *special_state;
    bool force_general;
    bool last_was_general; /* which path the last forward took */
    sw_arena *arena;       /* owns all of the above */
};

/* Where the tensors of a transformer lie: pointers into the parameters or into the gradient. */
typedef struct sw_transformer_layer {
    sw_real *query, *key, *value; /* [d, A], A = heads d_head, head-major columns */
    sw_real *output;              /* [A, d] */
    sw_real *in, *in_bias;        /* [d, M], [M], M = d_mlp */
    sw_real *out, *out_bias;      /* [M, d], [d] */
} sw_transformer_layer;

typedef struct sw_transformer_tensors {
    sw_real *token, *position; /* [V, d], [T, d] */
    sw_transformer_layer layer[SW_LAYERS_MAX];
    sw_real *unembedding; /* [d, C] */
} sw_transformer_tensors;

void sw_transformer_view(sw_transformer_tensors *out, const sw_model *model, sw_real *base);

/* The same for the MLP model: weight [in, out] and bias of each hidden layer. */
typedef struct sw_mlp_tensors {
    sw_real *token; /* [V, d] */
    sw_real *weight[SW_LAYERS_MAX], *bias[SW_LAYERS_MAX];
    sw_real *unembedding; /* [d_hidden, C] */
} sw_mlp_tensors;

void sw_mlp_view(sw_mlp_tensors *out, const sw_model *model, sw_real *base);

#endif
