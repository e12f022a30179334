/* run.c: names of what a configuration can choose from, out of the tables; what a run's batch is. */
#include "symsweep/changes.h"

#include <math.h>
#include <stddef.h>

const char *const sw_task_names[] = {
#define X(ENUM, id, name, meaning) [id] = #name,
#include "symsweep/tasks.def"
#undef X
    [SW_TASK_COUNT] = NULL};

const char *const sw_operation_names[] = {
#define OPERATION(ENUM, name, ...) #name,
#include "symsweep/operations.def"
#undef OPERATION
    [SW_OP_EXPRESSION] = "expression", NULL};

const char *const sw_operation_formulas[] = {
#define OPERATION(ENUM, name, formula, ...) formula,
#include "symsweep/operations.def"
#undef OPERATION
};

const char *const sw_graph_names[] = {
#define GRAPH(ENUM, name, meaning) #name,
#include "symsweep/graphs.def"
#undef GRAPH
    NULL};

const char *const sw_group_names[] = {
#define GROUP(ENUM, name, meaning) #name,
#include "symsweep/groups.def"
#undef GROUP
    NULL};

const char *const sw_activation_names[] = {
#define ACTIVATION(ENUM, name, ...) #name,
#include "symsweep/activations.def"
#undef ACTIVATION
    NULL};

const char *const sw_loss_names[] = {
#define LOSS(ENUM, name, meaning) #name,
#include "symsweep/losses.def"
#undef LOSS
    NULL};

const char *const sw_optimizer_names[] = {
#define OPTIMIZER(ENUM, name, meaning) #name,
#include "symsweep/optimizers.def"
#undef OPTIMIZER
    NULL};

/* One enumeration an optimizer: 0, and 1 more for every STATE behind its row. */
enum {
    NO_PIECES
#define OPTIMIZER(ENUM, name, meaning)                                                                                 \
    }                                                                                                                  \
    ;                                                                                                                  \
    enum { PIECES_##ENUM = 0
#define STATE(ENUM, piece) +1
#include "symsweep/optimizers.def"
#undef OPTIMIZER
};

const int32_t sw_optimizer_pieces[] = {
#define OPTIMIZER(ENUM, name, meaning) PIECES_##ENUM,
#include "symsweep/optimizers.def"
#undef OPTIMIZER
};

const char *const sw_family_names[] = {
#define X(ENUM, id, name, meaning) [id] = #name,
#include "symsweep/families.def"
#undef X
    [SW_FAMILY_COUNT] = NULL};

const char *const sw_prior_names[] = {
#define PRIOR(ENUM, name, meaning) #name,
#include "symsweep/priors.def"
#undef PRIOR
    NULL};

bool sw_run_starts_with(const sw_start_config *start, const char *tensor) {
    return start->tensors[0] == '\0' || sw_changes_names_tensor(start->tensors, tensor);
}

size_t sw_run_train(const sw_run_config *config, size_t inputs) {
    const double wanted =
        config->train_inputs > 0 ? (double)config->train_inputs : round(config->train_fraction * (double)inputs);
    return wanted < 1.0 ? 1 : wanted > (double)inputs ? inputs : (size_t)wanted;
}

sw_batch_shape sw_run_batch(const sw_optimizer_config *optimizer, size_t train) {
    sw_batch_shape out = {.inputs = train, .full = true};
    if (optimizer->batch_size > 0 && (uint64_t)optimizer->batch_size <= train)
        out = (sw_batch_shape){.inputs = (size_t)optimizer->batch_size};
    if (optimizer->batch_fraction > 0) {
        const double share = round(optimizer->batch_fraction * (double)train);
        const size_t inputs = share < 1 ? 1 : (size_t)share;
        if (inputs < out.inputs) out = (sw_batch_shape){.inputs = inputs};
    }
    return out;
}
