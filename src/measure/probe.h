/* probe.h: a copy of the model that gradients are taken on, for every instrument that needs one.
 *
 * The run's own model is left alone: its gradient and what it keeps of a forward pass belong to the training step, and
 * it may take fewer rows than are wanted here. */
#pragma once

#include "symsweep/arena.h"
#include "symsweep/nn.h"
#include "symsweep/task.h"

typedef struct sw_probe {
    const sw_task *task;
    sw_loss_kind loss;
    sw_model *model;           /* owned */
    size_t rows;               /* that it takes at a time */
    size_t train;              /* inputs of the train split */
    int32_t *member;           /* [train] table entries */
    int32_t *tokens;           /* [rows, T] */
    int32_t *label;            /* [rows] */
    sw_real *logits, *dlogits; /* [rows, C] */
} sw_probe;

sw_status sw_probe_create(sw_probe *out, const sw_run_config *config, const sw_task *task, const int8_t *split,
                          sw_arena *arena) SW_MUST_CHECK;
void sw_probe_destroy(sw_probe *probe);
/* Bytes of its model, and of all of it. */
size_t sw_probe_model_bytes(const sw_run_config *config, const sw_task *shape);
double sw_probe_memory(const sw_run_config *config, const sw_task *shape);

/* The train split is another one. */
void sw_probe_divide(sw_probe *probe, const int8_t *split);
/* Parameters <- those given, [P]. */
void sw_probe_load(sw_probe *probe, const sw_real *parameters);
/* Gradient <- 0. */
void sw_probe_clear(sw_probe *probe);
/* logits[count, C] of `count` <= rows table entries; backward may follow. */
void sw_probe_forward(sw_probe *probe, const int32_t *input, size_t count, sw_real *logits);
/* Mean loss (loss.kind) of the train split at the probe's parameters; assigns its gradient to the probe's. */
double sw_probe_train_loss(sw_probe *probe);
