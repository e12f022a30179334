/* model.h: what the files of the nn module share about models.
 *
 * A model is its parameters, their gradient, and one or two ways to compute with them ("paths"): the general one, which
 * serves every configuration, and where it exists a specialized one that is the same function of the parameters with
 * fewer operations. A path is a row of functions and a state of its own; the model picks one at its creation. */
#pragma once

#include "nn/carve.h"
#include "nn/dropout.h"
#include "symsweep/arena.h"
#include "symsweep/nn.h"

#include <stdint.h>

enum {
    SW_TENSORS_MAX = 3 + 8 * SW_LAYERS_MAX + 2 * (2 * SW_LAYERS_MAX + 1), /* with two tensors a norm */
    SW_PATH_STATE_MAX = 4096                                              /* bytes of the largest path state */
};

typedef struct sw_model_path {
    size_t state_bytes;
    /* Of a specialized path: is it made for such a model, and fewer operations than the general one? */
    bool (*applies)(const sw_model_config *config, const sw_model_shape *shape, size_t rows);
    /* Can it compute these rows? NULL = any. */
    bool (*serves)(const void *state, const int32_t *tokens, size_t rows);
    /* Sets sizes in `state` and carves its buffers; called once to count and once for good. */
    void (*carve)(void *state, sw_carver *carver, const sw_model *model);
    /* As sw_model_forward, or as sw_model_evaluate where nothing is to be kept; as sw_model_backward. */
    void (*forward)(void *state, const sw_model *model, const int32_t *tokens, size_t rows, sw_real *logits, bool keep);
    void (*backward)(void *state, sw_model *model, const sw_real *dlogits);
    /* As sw_model_hidden; of general paths. */
    void (*hidden)(void *state, const sw_model *model, const int32_t *tokens, size_t rows, sw_real *hidden);
    /* As sw_model_spare, once it has been carved; of general paths, NULL = nothing. */
    void *(*spare)(const void *state, size_t *bytes);
    /* Floating point operations of forward and backward over `rows` rows. */
    double (*flops)(const sw_model_config *config, const sw_model_shape *shape, size_t rows);
} sw_model_path;

extern const sw_model_path sw_transformer_path; /* transformer.c: any number of layers */
extern const sw_model_path sw_folded_path;      /* folded.c: one layer, as tables */
extern const sw_model_path sw_mlp_path;         /* mlp.c */

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
    bool unembedding_held;
    sw_dropout dropout;    /* of the forward passes at hand */
    bool last_was_general; /* which path the last forward took */
    sw_arena *arena;       /* owns all of the above */
};
