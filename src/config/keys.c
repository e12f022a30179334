/* keys.c: the table. A key is one row; a row's default may depend on rows above it. */
#include "keys.h"

#include <math.h>
#include <stddef.h>

/* ---- names of enumerations, in the order of run.h ---- */

static const char *const form_names[] = {"relation", "three_way", NULL};
static const char *const model_names[] = {"transformer", "mlp", NULL};
static const char *const operand_names[] = {"tied", "separate", NULL};
static const char *const schedule_names[] = {"constant", "cosine", NULL};
static const char *const loss_names[] = {"cross_entropy", "stablemax", NULL};
static const char *const inputs_names[] = {"all", "train", NULL};
static const char *const intermediate_names[] = {"exact", "predicted", NULL};
static const char *const divergence_names[] = {"symmetric_kl", "forward_kl", NULL};

/* ---- defaults that depend on other keys ---- */

static void list_value(sw_value *out, const int64_t *list, int32_t count)
{
    out->list = list;
    out->count = count;
}

static void default_sides(const sw_run_config *config, sw_value *out)
{
    static const int64_t seven[SW_SIDES_MAX] = {7, 7, 7};
    bool cube = config->task.kind == SW_TASK_GRAPH && config->task.graph == SW_GRAPH_GRID3D;
    list_value(out, seven, cube ? 3 : 2);
}

static void default_n(const sw_run_config *config, sw_value *out)
{
    out->integer = config->task.group == SW_GROUP_SYMMETRIC ? 5 : config->task.group == SW_GROUP_DIHEDRAL ? 30 : 59;
}

static void default_factors(const sw_run_config *config, sw_value *out)
{
    static const int64_t eight[2] = {8, 8};
    (void)config;
    list_value(out, eight, 2);
}

static void default_d_head(const sw_run_config *config, sw_value *out)
{
    int32_t width = config->model.d_model / config->model.heads;
    out->integer = width > 0 ? width : 1;
}

static void four_times_d_model(const sw_run_config *config, sw_value *out)
{
    out->integer = 4 * (int64_t)config->model.d_model;
}

static void default_readout_token(const sw_run_config *config, sw_value *out)
{
    out->integer = config->model.kind == SW_MODEL_TRANSFORMER;
}

static void default_data_seed(const sw_run_config *config, sw_value *out) { out->integer = config->seed; }

static void default_phase_family(const sw_run_config *config, sw_value *out)
{
    out->integer = config->task.kind == SW_TASK_GRAPH        ? SW_FAMILY_TRIANGLE
                   : config->task.kind == SW_TASK_COMPARISON ? SW_FAMILY_TRANSITIVITY
                                                             : SW_FAMILY_ASSOCIATIVITY;
}

/* ---- the shapes of rows: a table, which the formatter would tear apart ---- */

/* clang-format off */

#define STORAGE(field)                                                                                              \
    _Generic(((sw_run_config *)0)->field, double: SW_STORED_DOUBLE, int32_t: SW_STORED_INT32,                       \
             int64_t: SW_STORED_INT64, uint32_t: SW_STORED_UINT32, bool: SW_STORED_BOOL)
#define AT(field) .offset = offsetof(sw_run_config, field), .stored = STORAGE(field)
#define REAL(field) .type = SW_KEY_REAL, AT(field)
#define INTEGER(field) .type = SW_KEY_INTEGER, AT(field)
#define BOOL(field) .type = SW_KEY_BOOL, AT(field), RANGE(0, 1)
#define ENUM(field, list)                                                                                           \
    .type = SW_KEY_ENUM, AT(field), .names = list, RANGE(0, sizeof list / sizeof list[0] - 2)
#define INTEGERS(field, number, most)                                                                               \
    .type = SW_KEY_INTEGERS, AT(field[0]), .count_offset = offsetof(sw_run_config, number), .capacity = most

#define RANGE(low, high) .minimum = low, .maximum = high
#define FROM(low) .minimum = low, .maximum = INFINITY
#define ABOVE(low) .minimum = low, .minimum_excluded = true, .maximum = INFINITY
#define INSIDE(low, high) .minimum = low, .minimum_excluded = true, .maximum = high, .maximum_excluded = true
#define BELOW(low, high) .minimum = low, .maximum = high, .maximum_excluded = true
#define WORD(text, value) .word = text, .word_value = value

#define DEFAULT(value) .fallback = value, .frozen = value
#define RULE(function, text) .rule = function, .frozen_rule = function, .rule_text = text
#define DECIDES .identity = true

#define BIT(value) (1u << (value))
#define TASK(kinds) .concern.task = kinds
#define GRAPH(kinds) .concern = {.task = BIT(SW_TASK_GRAPH), .graph = kinds}
#define GROUP(kinds) .concern = {.task = BIT(SW_TASK_GROUP), .group = kinds}
#define MODEL(kinds) .concern.model = kinds
#define OPTIMIZER(kinds) .concern.optimizer = kinds
#define WITH_ADAM (BIT(SW_OPTIMIZER_ADAMW) | BIT(SW_OPTIMIZER_MUON))
#define GRIDS (BIT(SW_GRAPH_GRID) | BIT(SW_GRAPH_GRID3D) | BIT(SW_GRAPH_CYLINDER) | BIT(SW_GRAPH_TORUS))

/* Keys that task kinds share: the kinds that name them in tasks.def, as masks. */
enum { SHARED_p, SHARED_n, SHARED_sides };
#define X(ENUM, id, name, meaning)
#define USES(ENUM, key) | (SHARED_##key == SHARED_p ? BIT(SW_TASK_##ENUM) : 0)
enum {
    WITH_P = 0
#include "symsweep/tasks.def"
};
#define USES(ENUM, key) | (SHARED_##key == SHARED_n ? BIT(SW_TASK_##ENUM) : 0)
enum {
    WITH_N = 0
#include "symsweep/tasks.def"
};
#define USES(ENUM, key) | (SHARED_##key == SHARED_sides ? BIT(SW_TASK_##ENUM) : 0)
enum {
    WITH_SIDES = 0
#include "symsweep/tasks.def"
};
#undef X
/* A mask over a key that does not concern the task is passed over: task.sides is for all comparisons, graphs of kind
 * GRIDS. */
#define SIDES .concern = {.task = WITH_SIDES, .graph = GRIDS}
#define N_OF_GROUPS                                                                                                 \
    .concern = {.task = WITH_N,                                                                                     \
                .group = BIT(SW_GROUP_CYCLIC) | BIT(SW_GROUP_DIHEDRAL) | BIT(SW_GROUP_SYMMETRIC)}

#define STEPS_MAX 1e9
#define TUPLES_MAX 16777216

/* The five keys that every symmetry family has. */
#define X(ENUM_, id, name, text)                                                                                    \
    {.path = "symmetry." #name ".weight", REAL(symmetry[id].weight), FROM(0), DEFAULT(0), DECIDES, .unit = "",      \
     .meaning = "weight of the loss of " #name ": " text},                                                          \
    {.path = "symmetry." #name ".tuples_per_step", INTEGER(symmetry[id].tuples_per_step), RANGE(1, TUPLES_MAX),     \
     WORD("all", 0), DEFAULT(512), DECIDES, .unit = "tuples",                                                       \
     .meaning = "tuples drawn a step; \"all\" enumerates every one"},                                               \
    {.path = "symmetry." #name ".inputs", ENUM(symmetry[id].inputs, inputs_names), DEFAULT(SW_INPUTS_ALL), DECIDES, \
     .unit = "", .meaning = "which inputs tuples are made of: all, or those of the train split"},                   \
    {.path = "symmetry." #name ".from_step", INTEGER(symmetry[id].from_step), RANGE(0, STEPS_MAX), DEFAULT(0),      \
     DECIDES, .unit = "steps", .meaning = "the weight acts after this step"},                                       \
    {.path = "symmetry." #name ".until_step", INTEGER(symmetry[id].until_step), RANGE(1, STEPS_MAX),                \
     WORD("end", -1), DEFAULT(-1), DECIDES, .unit = "steps",                                                        \
     .meaning = "the weight acts up to and with this step; \"end\" = to the end"},

#define PRIOR(ENUM_, name, text)                                                                                    \
    {.path = "geometry." name ".weight", REAL(geometry[ENUM_].weight), FROM(0), DEFAULT(0), DECIDES, .unit = "",    \
     .meaning = "weight of the prior: " text},                                                                      \
    {.path = "geometry." name ".from_step", INTEGER(geometry[ENUM_].from_step), RANGE(0, STEPS_MAX), DEFAULT(0),    \
     DECIDES, .unit = "steps", .meaning = "the weight acts after this step"},                                       \
    {.path = "geometry." name ".until_step", INTEGER(geometry[ENUM_].until_step), RANGE(1, STEPS_MAX),              \
     WORD("end", -1), DEFAULT(-1), DECIDES, .unit = "steps",                                                        \
     .meaning = "the weight acts up to and with this step; \"end\" = to the end"}

#define PRIOR_EVERY(ENUM_, name)                                                                                    \
    {.path = "geometry." name ".every", INTEGER(geometry[ENUM_].every), RANGE(1, 100000), DEFAULT(1), DECIDES,      \
     .unit = "steps", .meaning = "steps between singular value decompositions; the prior's gradient is taken from " \
                                 "the last one"}

const sw_key sw_keys[] = {
    {.path = "task.kind", ENUM(task.kind, sw_task_names), DEFAULT(-1), .required = true, DECIDES, .unit = "",
     .meaning = "what is learned: a binary operation, graph distances, an order, a group's product"},
    {.path = "task.label_shuffle", REAL(task.label_shuffle), RANGE(0, 1), DEFAULT(0), DECIDES, .unit = "",
     .meaning = "share of the labels that is permuted among themselves (control: nothing to generalize at 1)"},
    {.path = "task.operation", ENUM(task.operation, sw_operation_names), DEFAULT(SW_OP_ADD), DECIDES,
     TASK(BIT(SW_TASK_MODULAR)), .unit = "",
     .meaning = "x+y, x-y, (x+y)^2, (x+y)^3, xy, x+xy+y, x/y, x^2+y^2, x^2+xy+y^2, x^3+xy modulo p"},
    {.path = "task.p", INTEGER(task.p), RANGE(2, 4096), DEFAULT(59), DECIDES, TASK(WITH_P),
     .unit = "", .meaning = "modulus; a prime for div"},
    {.path = "task.graph", ENUM(task.graph, sw_graph_names), DEFAULT(SW_GRAPH_CYCLE), DECIDES, TASK(BIT(SW_TASK_GRAPH)),
     .unit = "", .meaning = "the graph whose geodesic distances are learned"},
    {.path = "task.nodes", INTEGER(task.nodes), RANGE(2, 4096), DEFAULT(64), DECIDES,
     GRAPH(BIT(SW_GRAPH_CYCLE) | BIT(SW_GRAPH_PATH)), .unit = "", .meaning = "number of nodes"},
    {.path = "task.sides", INTEGERS(task.sides, task.side_count, SW_SIDES_MAX), RANGE(1, 4096),
     RULE(default_sides, "[7, 7]; grid3d [7, 7, 7]"), DECIDES, SIDES, .unit = "",
     .meaning = "side lengths; cylinder: the periodic one first; comparison: one side an attribute"},
    {.path = "task.dimension", INTEGER(task.dimension), RANGE(1, 12), DEFAULT(7), DECIDES,
     GRAPH(BIT(SW_GRAPH_HYPERCUBE)), .unit = "", .meaning = "dimension of the hypercube: 2^dimension nodes"},
    {.path = "task.branching", INTEGER(task.branching), RANGE(1, 64), DEFAULT(2), DECIDES,
     GRAPH(BIT(SW_GRAPH_TREE)), .unit = "", .meaning = "children of every inner node"},
    {.path = "task.depth", INTEGER(task.depth), RANGE(1, 12), DEFAULT(5), DECIDES, GRAPH(BIT(SW_GRAPH_TREE)),
     .unit = "", .meaning = "levels below the root"},
    {.path = "task.file", .type = SW_KEY_FILE, .offset = offsetof(sw_run_config, task.file),
     .stored = SW_STORED_FILE, .required = true, GRAPH(BIT(SW_GRAPH_EDGE_LIST)), .unit = "",
     .meaning = "edge list of a connected graph, two node numbers a line; relative to the sweep file's folder"},
    {.path = "task.file_sha256", .type = SW_KEY_SHA256, .offset = offsetof(sw_run_config, task.file_sha256),
     .stored = SW_STORED_FILE, DECIDES, GRAPH(BIT(SW_GRAPH_EDGE_LIST)), .rule_text = "that of the file", .unit = "",
     .meaning = "SHA-256 of the edge list; given, another content is refused"},
    {.path = "task.form", ENUM(task.form, form_names), DEFAULT(SW_FORM_RELATION), DECIDES,
     TASK(BIT(SW_TASK_COMPARISON)), .unit = "",
     .meaning = "relation: (a, relation, b) -> does it hold; three_way: (a, b) -> <, = or >"},
    {.path = "task.attribute", INTEGER(task.attribute), RANGE(0, SW_SIDES_MAX - 1), DEFAULT(0), DECIDES,
     .concern = {.task = BIT(SW_TASK_COMPARISON), .form = BIT(SW_FORM_THREE_WAY)}, .unit = "",
     .meaning = "which attribute three_way compares, from 0"},
    {.path = "task.group", ENUM(task.group, sw_group_names), DEFAULT(SW_GROUP_CYCLIC), DECIDES,
     TASK(BIT(SW_TASK_GROUP)), .unit = "", .meaning = "the finite group whose product is learned"},
    {.path = "task.n", INTEGER(task.n), RANGE(1, 4096), RULE(default_n, "59; dihedral 30, symmetric 5"),
     DECIDES, N_OF_GROUPS, .unit = "",
     .meaning = "cyclic Z_n, dihedral of order 2n, symmetric S_n (n at most 5); gcd: numbers 1..n"},
    {.path = "task.factors", INTEGERS(task.factors, task.factor_count, SW_FACTORS_MAX), RANGE(2, 4096),
     RULE(default_factors, "[8, 8]"), DECIDES, GROUP(BIT(SW_GROUP_PRODUCT)), .unit = "",
     .meaning = "orders of the cyclic factors of a direct product"},

    {.path = "train_fraction", REAL(train_fraction), INSIDE(0, 1), DEFAULT(0.5), DECIDES, .unit = "",
     .meaning = "share of the table that is trained on; the rest is the test set"},

    {.path = "model.kind", ENUM(model.kind, model_names), DEFAULT(SW_MODEL_TRANSFORMER), DECIDES, .unit = "",
     .meaning = "the network"},
    {.path = "model.layers", INTEGER(model.layers), RANGE(1, SW_LAYERS_MAX), DEFAULT(1), DECIDES, .unit = "",
     .meaning = "transformer blocks; mlp: hidden layers"},
    {.path = "model.d_model", INTEGER(model.d_model), RANGE(1, 16384), DEFAULT(64), DECIDES, .unit = "",
     .meaning = "width of embeddings and residual stream"},
    {.path = "model.heads", INTEGER(model.heads), RANGE(1, 1024), DEFAULT(4), DECIDES,
     MODEL(BIT(SW_MODEL_TRANSFORMER)), .unit = "",
     .meaning = "attention heads; divides d_model unless d_head is given"},
    {.path = "model.d_head", INTEGER(model.d_head), RANGE(1, 16384), RULE(default_d_head, "d_model / heads"), DECIDES,
     MODEL(BIT(SW_MODEL_TRANSFORMER)), .unit = "", .meaning = "width of a head"},
    {.path = "model.d_mlp", INTEGER(model.d_mlp), RANGE(1, 65536), RULE(four_times_d_model, "4 d_model"), DECIDES,
     MODEL(BIT(SW_MODEL_TRANSFORMER)), .unit = "", .meaning = "width of the MLP of a block"},
    {.path = "model.d_hidden", INTEGER(model.d_hidden), RANGE(1, 65536), RULE(four_times_d_model, "4 d_model"),
     DECIDES, MODEL(BIT(SW_MODEL_MLP)), .unit = "", .meaning = "width of hidden layers"},
    {.path = "model.readout_token", BOOL(model.readout_token), RULE(default_readout_token, "true"), DECIDES,
     MODEL(BIT(SW_MODEL_TRANSFORMER)), .unit = "",
     .meaning = "append a token \"=\" and read logits there; false = read at the last operand"},
    {.path = "model.operand_embeddings", ENUM(model.operand_embeddings, operand_names), DEFAULT(SW_OPERANDS_TIED),
     DECIDES, .unit = "", .meaning = "one embedding table for all operands, or one for each"},
    {.path = "model.embedding_init_scale", REAL(model.embedding_init_scale), ABOVE(0), DEFAULT(1), DECIDES,
     .unit = "", .meaning = "factor on the initial token embedding"},
    {.path = "model.output_scale", REAL(model.output_scale), ABOVE(0), DEFAULT(1), DECIDES, .unit = "",
     .meaning = "factor on the logits (alpha of Kumar et al. 2024)"},

    {.path = "optimizer.kind", ENUM(optimizer.kind, sw_optimizer_names), DEFAULT(SW_OPTIMIZER_ADAMW), DECIDES,
     .unit = "", .meaning = "muon: attention and MLP matrices by Muon, the rest by AdamW"},
    {.path = "optimizer.learning_rate", REAL(optimizer.learning_rate), ABOVE(0), DEFAULT(1e-3), DECIDES, .unit = "",
     .meaning = "learning rate after warm-up"},
    {.path = "optimizer.beta1", REAL(optimizer.beta1), BELOW(0, 1), DEFAULT(0.9), DECIDES, OPTIMIZER(WITH_ADAM),
     .unit = "", .meaning = "decay of the first moment"},
    {.path = "optimizer.beta2", REAL(optimizer.beta2), BELOW(0, 1), DEFAULT(0.98), DECIDES, OPTIMIZER(WITH_ADAM),
     .unit = "", .meaning = "decay of the second moment"},
    {.path = "optimizer.epsilon", REAL(optimizer.epsilon), FROM(0), DEFAULT(1e-8), DECIDES, OPTIMIZER(WITH_ADAM),
     .unit = "", .meaning = "added to the root of the second moment; a floor under late gradients"},
    {.path = "optimizer.weight_decay", REAL(optimizer.weight_decay), FROM(0), DEFAULT(1), DECIDES, .unit = "",
     .meaning = "decoupled weight decay, on every parameter"},
    {.path = "optimizer.momentum", REAL(optimizer.momentum), BELOW(0, 1), DEFAULT(0.9), DECIDES,
     OPTIMIZER(BIT(SW_OPTIMIZER_SGD)), .unit = "", .meaning = "momentum of SGD"},
    {.path = "optimizer.nesterov", BOOL(optimizer.nesterov), DEFAULT(0), DECIDES, OPTIMIZER(BIT(SW_OPTIMIZER_SGD)),
     .unit = "", .meaning = "Nesterov's form of momentum"},
    {.path = "optimizer.warmup_steps", INTEGER(optimizer.warmup_steps), RANGE(0, STEPS_MAX), DEFAULT(10), DECIDES,
     .unit = "steps", .meaning = "linear warm-up: learning rate times min(1, t / warmup_steps)"},
    {.path = "optimizer.schedule", ENUM(optimizer.schedule, schedule_names), DEFAULT(SW_SCHEDULE_CONSTANT), DECIDES,
     .unit = "", .meaning = "after warm-up: constant, or half a cosine down to 0 at the last step"},
    {.path = "optimizer.batch_size", INTEGER(optimizer.batch_size), RANGE(1, TUPLES_MAX), WORD("full", 0), DEFAULT(0),
     DECIDES, .unit = "inputs", .meaning = "inputs a step; \"full\" = the whole train set"},
    {.path = "optimizer.gradient_clip", REAL(optimizer.gradient_clip), FROM(0), DEFAULT(0), DECIDES, .unit = "",
     .meaning = "largest L2 norm of the whole gradient; 0 = no clipping"},
    {.path = "optimizer.grokfast.alpha", REAL(optimizer.grokfast_alpha), BELOW(0, 1), DEFAULT(0.98), DECIDES,
     .unit = "", .meaning = "GrokFast-EMA: decay of the gradient's average"},
    {.path = "optimizer.grokfast.lambda", REAL(optimizer.grokfast_lambda), FROM(0), DEFAULT(0), DECIDES, .unit = "",
     .meaning = "GrokFast-EMA: factor on the average added to the gradient; 0 = off"},
    {.path = "optimizer.muon.learning_rate", REAL(optimizer.muon_learning_rate), ABOVE(0), DEFAULT(0.02), DECIDES,
     OPTIMIZER(BIT(SW_OPTIMIZER_MUON)), .unit = "", .meaning = "learning rate of the matrices that Muon moves"},
    {.path = "optimizer.muon.momentum", REAL(optimizer.muon_momentum), BELOW(0, 1), DEFAULT(0.95), DECIDES,
     OPTIMIZER(BIT(SW_OPTIMIZER_MUON)), .unit = "", .meaning = "Nesterov momentum of Muon"},
    {.path = "optimizer.muon.newton_schulz_steps", INTEGER(optimizer.muon_newton_schulz_steps), RANGE(1, 20),
     DEFAULT(5), DECIDES, OPTIMIZER(BIT(SW_OPTIMIZER_MUON)), .unit = "",
     .meaning = "Newton-Schulz iterations of the orthogonalization"},
    {.path = "optimizer.orthograd", BOOL(optimizer.orthograd), DEFAULT(0), DECIDES, .unit = "",
     .meaning = "remove from each tensor's gradient its component along the weights (Prieto et al. 2025)"},

    {.path = "loss.kind", ENUM(loss, loss_names), DEFAULT(SW_LOSS_CROSS_ENTROPY), DECIDES, .unit = "",
     .meaning = "cross-entropy of softmax, or of StableMax (Prieto et al. 2025)"},

#include "symsweep/families.def"
    {.path = "symmetry.associativity.intermediate",
     ENUM(symmetry[SW_FAMILY_ASSOCIATIVITY].intermediate, intermediate_names), DEFAULT(SW_INTERMEDIATE_EXACT),
     DECIDES, .unit = "",
     .meaning = "inner products: the true ones (with inputs all they carry labels), or the model's own predictions"},
    {.path = "symmetry.triangle.divergence", ENUM(symmetry[SW_FAMILY_TRIANGLE].divergence, divergence_names),
     DEFAULT(SW_DIVERGENCE_SYMMETRIC_KL), DECIDES, .unit = "",
     .meaning = "symmetrized divergence, or KL(convolution || direct)"},

    PRIOR(SW_PRIOR_NUCLEAR, "nuclear", "nuclear norm of the embedding, sum of singular values"),
    PRIOR_EVERY(SW_PRIOR_NUCLEAR, "nuclear"),
    PRIOR(SW_PRIOR_ENTROPY, "entropy", "spectral entropy of the centred embedding"),
    PRIOR_EVERY(SW_PRIOR_ENTROPY, "entropy"),
    PRIOR(SW_PRIOR_LIPSCHITZ, "lipschitz", "mean excess of squared output over embedding distances"),
    {.path = "geometry.lipschitz.bound", REAL(geometry[SW_PRIOR_LIPSCHITZ].bound), FROM(0), DEFAULT(1), DECIDES,
     .unit = "", .meaning = "slope that is free of charge"},
    {.path = "geometry.lipschitz.neighbors", INTEGER(geometry[SW_PRIOR_LIPSCHITZ].neighbors), RANGE(0, 4096),
     DEFAULT(0), DECIDES, .unit = "",
     .meaning = "pairs exchange an operand for one of its k nearest tokens; 0 = any"},
    {.path = "geometry.lipschitz.pairs_per_step", INTEGER(geometry[SW_PRIOR_LIPSCHITZ].pairs_per_step),
     RANGE(1, TUPLES_MAX), DEFAULT(512), DECIDES, .unit = "pairs", .meaning = "pairs of inputs drawn a step"},

    {.path = "steps", INTEGER(steps), RANGE(1, STEPS_MAX), DEFAULT(10000), DECIDES, .unit = "steps",
     .meaning = "optimizer steps"},
    {.path = "seed", INTEGER(seed), RANGE(0, 4294967295.0), DEFAULT(0), DECIDES, .unit = "",
     .meaning = "key of all random draws but the split"},
    {.path = "data_seed", INTEGER(data_seed), RANGE(0, 4294967295.0), RULE(default_data_seed, "seed"), DECIDES,
     .unit = "", .meaning = "key of the split and of label_shuffle"},

    {.path = "evaluate.every", INTEGER(evaluate.every), RANGE(1, STEPS_MAX), DEFAULT(100), DECIDES, .unit = "steps",
     .meaning = "steps between evaluations; step 0 and the last are always evaluated"},
    {.path = "evaluate.tuples", INTEGER(evaluate.tuples), RANGE(1, TUPLES_MAX), DEFAULT(4096), DECIDES,
     .unit = "tuples", .meaning = "most tuples on which a family's violation is measured; all when there are fewer"},
    {.path = "evaluate.spectra_every", INTEGER(evaluate.spectra_every), RANGE(1, STEPS_MAX), DEFAULT(10), DECIDES,
     .unit = "evaluations", .meaning = "evaluations between the costly measures"},
    {.path = "evaluate.snapshots", INTEGER(evaluate.snapshots), RANGE(0, 10000), DEFAULT(20), DECIDES, .unit = "",
     .meaning = "snapshots at log-spaced steps, beside the first and the last"},
    {.path = "evaluate.snapshot_steps",
     INTEGERS(evaluate.snapshot_steps, evaluate.snapshot_step_count, SW_SNAPSHOT_STEPS_MAX), RANGE(0, STEPS_MAX),
     DEFAULT(0), DECIDES, .unit = "steps", .meaning = "steps of further snapshots, ascending"},

    {.path = "stop.test_accuracy", REAL(stop.test_accuracy), RANGE(0, 1), DEFAULT(1), DECIDES, .unit = "",
     .meaning = "stop early once test accuracy has been this high for stop.for_steps; 0 = never"},
    {.path = "stop.for_steps", INTEGER(stop.for_steps), RANGE(0, STEPS_MAX), DEFAULT(2000), DECIDES, .unit = "steps",
     .meaning = "how long it must hold"},

    {.path = "save.embedding", BOOL(save.embedding), DEFAULT(0), .unit = "",
     .meaning = "keep the whole embedding in every snapshot"},
    {.path = "save.parameters", BOOL(save.parameters), DEFAULT(0), .unit = "",
     .meaning = "keep all parameters in every snapshot"},
    {.path = "save.split", BOOL(save.split), DEFAULT(0), .unit = "", .meaning = "keep inputs, labels and split"},

    {.path = "phase.family", ENUM(phase.family, sw_family_names),
     RULE(default_phase_family, "associativity; graph triangle, comparison transitivity"), .unit = "",
     .meaning = "family whose maximum violation gives t_sym"},
    {.path = "phase.tau", REAL(phase.tau), ABOVE(0), DEFAULT(1), .unit = "nat",
     .meaning = "violation below which a symmetry counts as acquired"},
    {.path = "phase.accuracy", REAL(phase.accuracy), .minimum = 0, .minimum_excluded = true, .maximum = 1,
     DEFAULT(0.99), .unit = "", .meaning = "accuracy that t_mem and t_gen ask for"},
    {.path = "phase.gap", INTEGER(phase.gap), RANGE(0, STEPS_MAX), DEFAULT(1000), .unit = "steps",
     .meaning = "test later than train by at least this is grokking, by less comprehension"},

    {.path = "checkpoint.every_seconds", REAL(checkpoint_every_seconds), FROM(0), DEFAULT(300), .unit = "s",
     .meaning = "time between checkpoints of a running run; 0 = none"},
};

/* clang-format on */

const size_t sw_keys_count = sizeof sw_keys / sizeof sw_keys[0];
_Static_assert(sizeof sw_keys / sizeof sw_keys[0] <= SW_KEYS_MAX, "SW_KEYS_MAX holds the table");

#define CONSISTENCY(name)                                                                                              \
    {                                                                                                                  \
        "symmetry.consistency." name, {"symmetry.commutativity." name, "symmetry.associativity." name},                \
            "sets symmetry.commutativity." name " and symmetry.associativity." name " at once"                         \
    }

const sw_alias sw_aliases[] = {CONSISTENCY("weight"), CONSISTENCY("tuples_per_step"), CONSISTENCY("inputs"),
                               CONSISTENCY("from_step"), CONSISTENCY("until_step")};
const size_t sw_aliases_count = sizeof sw_aliases / sizeof sw_aliases[0];
