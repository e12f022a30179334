/* run.c: names of what a configuration can choose from, out of the tables. */
#include "symsweep/run.h"

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
    NULL};

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
