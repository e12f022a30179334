/* keys.c: the table. A key is one row; a row's default may depend on rows above it. */
#include "config/keys.h"

#include "config/key_changes.h"
#include "config/key_defaults.h"
#include "config/key_steps.h"

#include "symsweep/record.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* ---- names of enumerations, in the order of run.h and config.h ---- */

static const char *const component_names[] = {"all", "largest", NULL};
static const char *const scramble_names[] = {"none", "cells", "isotope", NULL};
static const char *const form_names[] = {"relation", "three_way", NULL};
static const char *const model_names[] = {"transformer", "mlp", NULL};
static const char *const operand_names[] = {"tied", "separate", NULL};
static const char *const input_names[] = {"embedding", "one_hot", NULL};
static const char *const combine_names[] = {"concat", "sum", NULL};
static const char *const normalization_names[] = {"none", "layernorm", "rmsnorm", NULL};
static const char *const placement_names[] = {"pre", "post", NULL};
static const char *const unembedding_names[] = {"untied", "tied", NULL};
static const char *const decay_names[] = {"all", "matrices", NULL};
static const char *const schedule_names[] = {"constant", "cosine", "linear", NULL};
static const char *const inputs_names[] = {"all", "train", NULL};
static const char *const intermediate_names[] = {"exact", "predicted", NULL};
static const char *const scope_names[] = {"free", "tied", NULL};
static const char *const divergence_names[] = {"symmetric_kl", "forward_kl", NULL};
static const char *const statement_names[] = {"t_mem", "t_gen", "t_sym", "t_geo", NULL};
static const char *const best_names[] = {"highest", "lowest", NULL};
static const char *const measure_names[] = {
#define M(ENUM, scope, group, name, units, long_name, definition) name,
#include "symsweep/metrics.def"
#undef M
    NULL};

/* ---- the shapes of rows: a table, which the formatter would tear apart ---- */

/* clang-format off */

#define STORAGE(field)                                                                                              \
    _Generic(((HOME *)0)->field, double: SW_STORED_DOUBLE, int32_t: SW_STORED_INT32, int64_t: SW_STORED_INT64,      \
             uint32_t: SW_STORED_UINT32, bool: SW_STORED_BOOL)
#define AT(field) .offset = offsetof(HOME, field), .stored = STORAGE(field)
#define LIST(field, number, most) AT(field[0]), .count_offset = offsetof(HOME, number), .capacity = most
#define REAL(field) .type = &sw_key_real, AT(field)
#define INTEGER(field) .type = &sw_key_integer, AT(field)
#define AT_FILE(field) .offset = offsetof(HOME, field)
#define BOOL(field) .type = &sw_key_bool, AT(field)
#define ENUM(field, list) .type = &sw_key_enum, AT(field), .names = list
#define INTEGERS(field, number, most) .type = &sw_key_integers, LIST(field, number, most)
#define STEPS(field, number, most)                                                                                  \
    .type = &sw_key_steps, .offset = offsetof(HOME, field), .stored = SW_STORED_INT64,                              \
    .count_offset = offsetof(HOME, number), .capacity = most
#define TEXT(field)                                                                                                 \
    .type = &sw_key_text, .offset = offsetof(HOME, field), .minimum = 1, .maximum = sizeof((HOME *)0)->field - 1
#define NAMES(field, number, most) .type = &sw_key_names, LIST(field, number, most)

#define FINITE .minimum = -INFINITY, .maximum = INFINITY
#define RANGE(low, high) .minimum = low, .maximum = high
#define FROM(low) .minimum = low, .maximum = INFINITY
#define ABOVE(low) .minimum = low, .minimum_excluded = true, .maximum = INFINITY
#define INSIDE(low, high) .minimum = low, .minimum_excluded = true, .maximum = high, .maximum_excluded = true
#define OVER(low, high) .minimum = low, .minimum_excluded = true, .maximum = high
#define BELOW(low, high) .minimum = low, .maximum = high, .maximum_excluded = true
#define WORD(text, value) .word = text, .word_value = value

#define DEFAULT(value) .fallback = value, .frozen = value
#define RULE(function, text) .rule = function, .frozen_rule = function, .rule_text = text
#define DECIDES .identity = true
/* A key that one task kind, model or form alone has. Which runs the other keys concern, the USES rows say. */
#define NEEDS(selector, value) .concern[SW_BY_##selector] = 1u << SW_##selector##_##value

/* A key without effect while this number is 0: runs that differ in it alone are one (plan.c). */
#define ACTS_WITH(field) .switched = true, .switch_offset = offsetof(HOME, field), .switch_stored = STORAGE(field)
/* A key without effect while this number is not below 0. */
#define ACTS_BELOW_ZERO(field) ACTS_WITH(field), .switch_negative = true

/* A key that `changes` may change; SINCE: the step after which it acts is that of the change where it was 0. */
#define CHANGES .changes = true
#define CHANGES_SINCE(field) CHANGES, .since_offset = offsetof(HOME, field)

#define STEPS_MAX 1e9
#define TUPLES_MAX 16777216

/* The steps in which a weight acts. */
#define WINDOW(group, place)                                                                                        \
    {.path = group ".from_step", INTEGER(place.from_step), RANGE(0, STEPS_MAX), DEFAULT(0), DECIDES,                \
     ACTS_WITH(place.weight), .unit = "steps", .meaning = "the weight acts after this step"},                       \
    {.path = group ".until_step", INTEGER(place.until_step), RANGE(1, STEPS_MAX), WORD("end", -1), DEFAULT(-1),     \
     DECIDES, ACTS_WITH(place.weight), .unit = "steps",                                                             \
     .meaning = "the weight acts up to and with this step; \"end\" = to the end"},

/* The keys that priors have by USES in priors.def. */
#define PRIOR_every(field)                                                                                          \
    INTEGER(field), RANGE(1, 100000), DEFAULT(1), .unit = "steps",                                                  \
    .meaning = "steps between singular value decompositions; the prior's gradient is taken from the last one"
#define PRIOR_bound(field) REAL(field), FROM(0), DEFAULT(1), .meaning = "slope that is free of charge"
#define PRIOR_normalized(field)                                                                                     \
    BOOL(field), DEFAULT(0),                                                                                        \
    .meaning = "scaled so that a weight means the same at every size: nuclear norm over sqrt(r) |E|, entropy over " \
               "ln r, r = min(tokens, d_model); lipschitz: local, so that neighbors is 8 by default"
#define PRIOR_neighbors(field)                                                                                      \
    INTEGER(field), RANGE(0, 4096), RULE(sw_key_default_neighbors, "0; with normalized 8"),                         \
    .meaning = "pairs exchange an operand for one of its k nearest tokens; 0 = any"
#define PRIOR_pairs_per_step(field)                                                                                 \
    INTEGER(field), RANGE(1, TUPLES_MAX), DEFAULT(512), .unit = "pairs", .meaning = "pairs of inputs drawn a step"

/* A path that begins with a dot goes on in the group of the row above it. */
#define HOME sw_run_config
_Static_assert(offsetof(sw_task_config, file_sha256) == offsetof(sw_task_config, file) + SW_PATH_MAX &&
                   offsetof(sw_automorphism_config, file_sha256) == SW_PATH_MAX &&
                   offsetof(sw_start_config, sha256) == SW_PATH_MAX, "a digest lies behind its path");
static const sw_key run_rows[] = {
    {.path = "task.kind", ENUM(task.kind, sw_task_names), DEFAULT(-1), .required = true, DECIDES,
     .meaning = "what is learned: a binary operation, graph distances, an order, a group's product, any table"},
    {.path = "task.label_shuffle", REAL(task.label_shuffle), RANGE(0, 1), DEFAULT(0), DECIDES,
     .meaning = "share of the labels that is permuted among themselves (control: nothing to generalize at 1)"},
    {.path = "task.label_noise", REAL(task.label_noise), RANGE(0, 1), DEFAULT(0), DECIDES,
     .meaning = "share of the train labels that another class replaces; test labels stay clean"},
    {.path = "task.operation", ENUM(task.operation, sw_operation_names), DEFAULT(SW_OP_ADD), DECIDES,
     NEEDS(TASK, MODULAR), .meaning = NULL /* the formulas, out of operations.def */},
    {.path = "task.p", INTEGER(task.p), RANGE(2, 4096), DEFAULT(59), DECIDES,
     .meaning = "modulus; a prime for div and expressions that divide"},
    {.path = "task.expression", TEXT(task.expression), RULE(sw_key_default_expression, "groups: x*y"), DECIDES,
     .concern[SW_BY_OPERATION] = 1u << SW_OP_EXPRESSION,
     .meaning = "operation expression: a polynomial in x, y, z, w with + - * / ^ and parentheses; groups: a word, such "
                "as x*y*x^-1"},
    {.path = "task.graph", ENUM(task.graph, sw_graph_names), DEFAULT(SW_GRAPH_CYCLE), DECIDES, NEEDS(TASK, GRAPH),
     .meaning = "the graph whose geodesic distances are learned"},
    {.path = "task.nodes", INTEGER(task.nodes), RANGE(2, 4096), DEFAULT(64), DECIDES, .meaning = "number of nodes"},
    {.path = "task.sides", INTEGERS(task.sides, task.side_count, SW_SIDES_MAX), RANGE(1, 4096),
     RULE(sw_key_default_sides, "[7, 7]; grid3d [7, 7, 7]"), DECIDES,
     .meaning = "side lengths; cylinder: the periodic one first; comparison: one side an attribute"},
    {.path = "task.dimension", INTEGER(task.dimension), RANGE(1, 12), DEFAULT(7), DECIDES,
     .meaning = "dimension of the hypercube: 2^dimension nodes"},
    {.path = "task.branching", INTEGER(task.branching), RANGE(1, 64), DEFAULT(2), DECIDES,
     .meaning = "children of every inner node"},
    {.path = "task.depth", INTEGER(task.depth), RANGE(1, 12), DEFAULT(5), DECIDES,
     .meaning = "levels below the root"},
    {.path = "task.file", .type = &sw_key_file, AT_FILE(task.file), .required = true,
     .meaning = "edge list: the names of two nodes a line; table: the tokens of an input's operands and its label a "
                "line; relative to the sweep file's folder"},
    {.path = "task.file_sha256", .type = &sw_key_sha256, AT_FILE(task.file_sha256), DECIDES,
     .rule_text = "that of the file", .meaning = "SHA-256 of the file's content; given, another content is refused"},
    {.path = "task.header", BOOL(task.header), DEFAULT(0), DECIDES, NEEDS(TASK, TABLE),
     .meaning = "the first line names the columns (names above a table of numbers are found without it)"},
    {.path = "task.component", ENUM(task.component, component_names), DEFAULT(SW_COMPONENT_ALL), DECIDES,
     .meaning = "all: a graph that is not connected is an error; largest: its largest component is the graph"},
    {.path = "task.form", ENUM(task.form, form_names), DEFAULT(SW_FORM_RELATION), DECIDES, NEEDS(TASK, COMPARISON),
     .meaning = "relation: (a, relation, b) -> does it hold; three_way: (a, b) -> <, = or >"},
    {.path = "task.attribute", INTEGER(task.attribute), RANGE(0, SW_SIDES_MAX - 1), DEFAULT(0), DECIDES,
     NEEDS(FORM, THREE_WAY), .meaning = "which attribute three_way compares, from 0"},
    {.path = "task.group", ENUM(task.group, sw_group_names), DEFAULT(SW_GROUP_CYCLIC), DECIDES, NEEDS(TASK, GROUP),
     .meaning = "the finite group whose product is learned"},
    {.path = "task.n", INTEGER(task.n), RANGE(1, 4096),
     RULE(sw_key_default_n, "59; dihedral 30, symmetric and alternating 5, planted and latin 24"), DECIDES,
     .meaning = "cyclic Z_n, dihedral of order 2n, symmetric S_n and alternating A_n (n at most 6); gcd: numbers 1..n; "
                "planted, latin (to 128): order of the table"},
    {.path = "task.bits", INTEGER(task.bits), RANGE(2, SW_OPERANDS_MAX), DEFAULT(10), DECIDES, NEEDS(TASK, PARITY),
     .meaning = "operands of an input, 0 or 1 each"},
    {.path = "task.relevant", INTEGER(task.relevant), RANGE(1, SW_OPERANDS_MAX),
     RULE(sw_key_default_relevant, "3, no more than bits"), DECIDES, NEEDS(TASK, PARITY),
     .meaning = "the label is the parity of the first so many bits"},
    {.path = "task.symmetry_order", INTEGER(task.symmetry_order), RANGE(1, 4096), DEFAULT(1), DECIDES,
     NEEDS(TASK, PLANTED), .meaning = "order of the planted group, a divisor of n: 1 is a random table, n is addition"},
    {.path = "task.scramble", ENUM(task.scramble, scramble_names), DEFAULT(SW_SCRAMBLE_NONE), DECIDES,
     NEEDS(TASK, PLANTED),
     .meaning = "isotope: x, y and the label are permuted each on its own; cells: the cells of the table are"},
    {.path = "task.table_seed", INTEGER(task.table_seed), RANGE(0, 4294967295.0), DEFAULT(0), DECIDES,
     .meaning = "key of the random draws that make the table"},
    {.path = "task.factors", INTEGERS(task.factors, task.factor_count, SW_FACTORS_MAX), RANGE(2, 4096),
     RULE(sw_key_default_factors, "[8, 8]"), DECIDES, .meaning = "orders of the cyclic factors of a direct product"},

    {.path = "train_fraction", REAL(train_fraction), OVER(0, 1), DEFAULT(0.5), DECIDES, CHANGES,
     .meaning = "share of the table that is trained on; the rest is the test set, with 1 there is none"},
    {.path = "train_inputs", INTEGER(train_inputs), RANGE(1, TUPLES_MAX), WORD("none", 0), DEFAULT(0), DECIDES,
     .unit = "inputs", .meaning = "how many inputs of the table are trained on, in place of train_fraction"},

    {.path = "model.kind", ENUM(model.kind, model_names), DEFAULT(SW_MODEL_TRANSFORMER), DECIDES,
     .meaning = "the network"},
    {.path = "model.input", ENUM(model.input, input_names), DEFAULT(SW_INPUT_EMBEDDING), DECIDES, NEEDS(MODEL, MLP),
     .meaning = "what the first layer reads of an operand: its embedding, or a 1 at the token and 0 elsewhere"},
    {.path = "model.combine", ENUM(model.combine, combine_names), DEFAULT(SW_COMBINE_CONCAT), DECIDES,
     NEEDS(MODEL, MLP), .meaning = "the operands side by side, or their sum: then their order cannot be told unless "
                                   "operand_embeddings is separate"},
    {.path = "model.layers", INTEGER(model.layers), RANGE(1, SW_LAYERS_MAX), DEFAULT(1), DECIDES,
     .meaning = "transformer blocks; mlp: hidden layers"},
    {.path = "model.d_model", INTEGER(model.d_model), RANGE(1, 16384), DEFAULT(64), DECIDES,
     NEEDS(INPUT, EMBEDDING), .meaning = "width of embeddings and residual stream"},
    {.path = "model.heads", INTEGER(model.heads), RANGE(1, 1024), DEFAULT(4), DECIDES, NEEDS(MODEL, TRANSFORMER),
     .meaning = "attention heads; divides d_model unless d_head is given"},
    {.path = "model.d_head", INTEGER(model.d_head), RANGE(1, 16384), RULE(sw_key_default_d_head, "d_model / heads"),
     DECIDES, NEEDS(MODEL, TRANSFORMER), .meaning = "width of a head"},
    {.path = "model.d_mlp", INTEGER(model.d_mlp), RANGE(1, 65536), RULE(sw_key_default_hidden, "4 d_model"), DECIDES,
     NEEDS(MODEL, TRANSFORMER), .meaning = "width of the MLP of a block"},
    {.path = "model.d_hidden", INTEGER(model.d_hidden), RANGE(1, 65536), RULE(sw_key_default_hidden, "4 d_model"),
     DECIDES, NEEDS(MODEL, MLP), .meaning = "width of hidden layers"},
    {.path = "model.readout_token", BOOL(model.readout_token), RULE(sw_key_default_readout_token, "true"), DECIDES,
     NEEDS(MODEL, TRANSFORMER),
     .meaning = "append a token \"=\" and read logits there; false = read at the last operand"},
    {.path = "model.operand_embeddings", ENUM(model.operand_embeddings, operand_names), DEFAULT(SW_OPERANDS_TIED),
     DECIDES, NEEDS(INPUT, EMBEDDING), .meaning = "one embedding table for all operands, or one for each"},
    {.path = "model.embedding_init_scale", REAL(model.embedding_init_scale), ABOVE(0), DEFAULT(1), DECIDES,
     NEEDS(INPUT, EMBEDDING), .meaning = "factor on the initial token embedding, beside init_scale"},
    {.path = "model.init_scale", REAL(model.init_scale), ABOVE(0), DEFAULT(1), DECIDES,
     .meaning = "factor on every initial weight; the draws stay the same"},
    {.path = "model.activation", ENUM(model.activation, sw_activation_names), DEFAULT(SW_ACTIVATION_RELU), DECIDES,
     .meaning = "activation of the MLP of a block; mlp: of the hidden layers"},
    {.path = "model.bias", BOOL(model.bias), DEFAULT(1), DECIDES,
     .meaning = "biases of the MLPs, of both kinds of model"},
    {.path = "model.output_scale", REAL(model.output_scale), ABOVE(0), DEFAULT(1), DECIDES,
     .meaning = "factor on the logits (alpha of Kumar et al. 2024)"},
    {.path = "model.normalization", ENUM(model.normalization, normalization_names), DEFAULT(SW_NORMALIZATION_NONE),
     DECIDES, NEEDS(MODEL, TRANSFORMER),
     .meaning = "norms of the residual stream, with learned gain (layernorm also bias) and epsilon 1e-5"},
    {.path = "model.normalization_placement", ENUM(model.normalization_placement, placement_names),
     DEFAULT(SW_PLACEMENT_PRE), DECIDES, NEEDS(MODEL, TRANSFORMER), ACTS_WITH(model.normalization),
     .meaning = "pre: of what attention, MLP and unembedding read; post: of what comes of adding to the stream"},
    {.path = "model.unembedding", ENUM(model.unembedding, unembedding_names), DEFAULT(SW_UNEMBEDDING_UNTIED), DECIDES,
     NEEDS(MODEL, TRANSFORMER),
     .meaning = "tied: the token embedding's rows of the entities, transposed; where classes are the entities"},
    {.path = "model.causal", BOOL(model.causal), DEFAULT(1), DECIDES, NEEDS(MODEL, TRANSFORMER),
     .meaning = "a position attends to none behind it; false = to all"},
    {.path = "model.attention_rate", REAL(model.attention_rate), RANGE(0, 1), DEFAULT(1), DECIDES,
     NEEDS(MODEL, TRANSFORMER),
     .meaning = "attention is rate x softmax + (1 - rate) x uniform over the positions it sees (Zhong et al. 2023)"},
    {.path = "model.dropout", REAL(model.dropout), BELOW(0, 1), DEFAULT(0), DECIDES, NEEDS(MODEL, TRANSFORMER),
     .meaning = "share of each block's output that a training step drops before it is added to the stream"},
    {.path = "model.start.results", .type = &sw_key_path, AT_FILE(start.file), .minimum = 1, .maximum = SW_PATH_MAX - 1,
     RULE(sw_key_default_no_text, "none"), .word = "none",
     .meaning = "results file with the initial parameters, of a run with save.parameters; relative to the sweep file's "
                "folder"},
    {.path = "model.start.run", .type = &sw_key_row, AT_FILE(start.run), .minimum = 1, .maximum = SW_START_RUN_MAX - 1,
     RULE(sw_key_default_first_row, "0"), .meaning = "its row in that file, or its id"},
    {.path = "model.start.step", INTEGER(start.step), RANGE(0, STEPS_MAX), WORD("last", -1), DEFAULT(-1),
     .unit = "steps", .meaning = "step of the snapshot"},
    {.path = "model.start.tensors", .type = &sw_key_words, AT_FILE(start.tensors), .minimum = 1,
     .maximum = SW_START_TENSORS_MAX - 1, RULE(sw_key_default_no_text, "[]"),
     .meaning = "what is taken, by names or their beginnings (layers.0), the rest is drawn; [] = everything"},
    {.path = "model.start.parameters_sha256", .type = &sw_key_sha256, AT_FILE(start.sha256),
     .frozen_rule = sw_key_default_no_file, .rule_text = "that of the parameters, or none", DECIDES, .word = "none",
     .meaning = "SHA-256 of the parameters that are taken; given, others are refused"},

    {.path = "optimizer.kind", ENUM(optimizer.kind, sw_optimizer_names), DEFAULT(SW_OPTIMIZER_ADAMW), DECIDES,
     .meaning = "muon: attention and MLP matrices by Muon, the rest by AdamW"},
    {.path = "optimizer.learning_rate", REAL(optimizer.learning_rate), ABOVE(0), DEFAULT(1e-3), DECIDES,
     CHANGES,     .meaning = "learning rate after warm-up"},
    {.path = "optimizer.beta1", REAL(optimizer.beta1), BELOW(0, 1), DEFAULT(0.9), DECIDES,
     .meaning = "decay of the first moment"},
    {.path = "optimizer.beta2", REAL(optimizer.beta2), BELOW(0, 1), DEFAULT(0.98), DECIDES,
     .meaning = "decay of the second moment"},
    {.path = "optimizer.epsilon", REAL(optimizer.epsilon), FROM(0), DEFAULT(1e-8), DECIDES,
     .meaning = "added to the root of the second moment; a floor under late gradients"},
    {.path = "optimizer.weight_decay", REAL(optimizer.weight_decay), FROM(0), DEFAULT(1), DECIDES, CHANGES,
     .meaning = "weight decay: decoupled from the gradient; adam: an L2 term in it"},
    {.path = "optimizer.decay", ENUM(optimizer.decay, decay_names), DEFAULT(SW_DECAY_ALL), DECIDES,
     .meaning = "what decays: every parameter, or matrices alone (no biases, gains, embeddings or positions)"},
    {.path = "optimizer.momentum", REAL(optimizer.momentum), BELOW(0, 1), DEFAULT(0.9), DECIDES,
     .meaning = "momentum of SGD"},
    {.path = "optimizer.nesterov", BOOL(optimizer.nesterov), DEFAULT(0), DECIDES,
     .meaning = "Nesterov's form of momentum"},
    {.path = "optimizer.warmup_steps", INTEGER(optimizer.warmup_steps), RANGE(0, STEPS_MAX), DEFAULT(10), DECIDES,
     .unit = "steps", .meaning = "linear warm-up: learning rate times min(1, t / warmup_steps)"},
    {.path = "optimizer.schedule", ENUM(optimizer.schedule, schedule_names), DEFAULT(SW_SCHEDULE_CONSTANT), DECIDES,
     .meaning = "after warm-up: constant, or down to final_share at the last step, by half a cosine or in a line"},
    {.path = "optimizer.final_share", REAL(optimizer.final_share), RANGE(0, 1), DEFAULT(0), DECIDES,
     .concern[SW_BY_SCHEDULE] = 1u << SW_SCHEDULE_COSINE | 1u << SW_SCHEDULE_LINEAR,
     .meaning = "share of the learning rate that is left at the last step"},
    {.path = "optimizer.batch_size", INTEGER(optimizer.batch_size), RANGE(1, TUPLES_MAX), WORD("full", 0), DEFAULT(0),
     DECIDES, .unit = "inputs", .meaning = "inputs a step; \"full\" = the whole train set, as is more than it has"},
    {.path = "optimizer.batch_fraction", REAL(optimizer.batch_fraction), RANGE(0, 1), DEFAULT(0), DECIDES,
     .meaning = "inputs a step as a share of the train set; with batch_size the smaller counts; 0 = batch_size alone"},
    {.path = "optimizer.gradient_clip", REAL(optimizer.gradient_clip), FROM(0), DEFAULT(0), DECIDES,
     .meaning = "largest L2 norm of the whole gradient; 0 = no clipping"},
    {.path = "optimizer.grokfast.alpha", REAL(optimizer.grokfast_alpha), BELOW(0, 1), DEFAULT(0.98), DECIDES,
     ACTS_WITH(optimizer.grokfast_lambda), .meaning = "GrokFast-EMA: decay of the gradient's average"},
    {.path = "optimizer.grokfast.lambda", REAL(optimizer.grokfast_lambda), FROM(0), DEFAULT(0), DECIDES,
     CHANGES_SINCE(optimizer.grokfast_from),
     .meaning = "GrokFast-EMA: factor on the average added to the gradient; 0 = off"},
    {.path = "optimizer.muon.learning_rate", REAL(optimizer.muon_learning_rate), ABOVE(0), DEFAULT(0.02), DECIDES,
     .meaning = "learning rate of the matrices that Muon moves"},
    {.path = "optimizer.muon.momentum", REAL(optimizer.muon_momentum), BELOW(0, 1), DEFAULT(0.95), DECIDES,
     .meaning = "Nesterov momentum of Muon"},
    {.path = "optimizer.muon.newton_schulz_steps", INTEGER(optimizer.muon_newton_schulz_steps), RANGE(1, 20),
     DEFAULT(5), DECIDES, .meaning = "Newton-Schulz iterations of the orthogonalization"},
    {.path = "optimizer.orthograd", BOOL(optimizer.orthograd), DEFAULT(0), DECIDES,
     .meaning = "remove from each tensor's gradient its component along the weights (Prieto et al. 2025)"},

    {.path = "loss.kind", ENUM(loss, sw_loss_names), DEFAULT(SW_LOSS_CROSS_ENTROPY), DECIDES,
     .meaning = "of a row of logits; stablemax: Prieto et al. 2025; mse: to the one-hot label; hinge: of margin 1"},

#define X(ENUM_, id, name, text)                                                                                    \
    {.path = "symmetry." #name ".weight", REAL(symmetry[id].weight), FINITE, DEFAULT(0), DECIDES,                   \
     CHANGES_SINCE(symmetry[id].from_step),                                                                         \
     .meaning = "weight of the loss of " #name "; negative = suppression: " text},                                  \
    {.path = "symmetry." #name ".bound", REAL(symmetry[id].bound), ABOVE(0), DEFAULT(10), DECIDES,                  \
     ACTS_BELOW_ZERO(symmetry[id].weight), .unit = "nat",                                                           \
     .meaning = "negative weight: a tuple's violation counts up to this and has no gradient beyond"},               \
    {.path = "symmetry." #name ".tuples_per_step", INTEGER(symmetry[id].tuples_per_step), RANGE(1, TUPLES_MAX),     \
     WORD("all", 0), DEFAULT(512), DECIDES, ACTS_WITH(symmetry[id].weight), .unit = "tuples",                       \
     .meaning = "tuples drawn a step; \"all\" enumerates every one"},                                               \
    {.path = "symmetry." #name ".inputs", ENUM(symmetry[id].inputs, inputs_names), DEFAULT(SW_INPUTS_ALL), DECIDES, \
     ACTS_WITH(symmetry[id].weight),                                                                                \
     .meaning = "which inputs tuples are made of: all, or those of the train split"},                               \
    WINDOW("symmetry." #name, symmetry[id])
#include "symsweep/families.def"
#undef X
    {.path = "symmetry.associativity.intermediate",
     ENUM(symmetry[SW_FAMILY_ASSOCIATIVITY].intermediate, intermediate_names), DEFAULT(SW_INTERMEDIATE_EXACT),
     DECIDES, ACTS_WITH(symmetry[SW_FAMILY_ASSOCIATIVITY].weight),
     .meaning = "inner products: the true ones (with inputs all they carry labels), or the model's own predictions"},
    {.path = "symmetry.automorphism.source", .type = &sw_key_file, AT_FILE(task.automorphism.file),
     RULE(sw_key_default_no_file, "discovered"), .word = "discovered",
     .meaning = "discovered: the symmetries of the task's table are found; or a file of generators, as symsweep "
                "symmetries -o writes it; relative to the sweep file's folder"},
    {.path = "symmetry.automorphism.source_sha256", .type = &sw_key_sha256, AT_FILE(task.automorphism.file_sha256),
     .frozen_rule = sw_key_default_no_file, .rule_text = "that of the file, or none", DECIDES, .word = "none",
     .meaning = "SHA-256 of the file's content; given, another content is refused"},
    {.path = "symmetry.automorphism.scope", ENUM(task.automorphism.scope, scope_names), DEFAULT(0), DECIDES,
     .meaning = "free: each operand has its own permutation of tokens; tied: one for all operands"},
    {.path = "symmetry.automorphism.elements", INTEGER(task.automorphism.elements), RANGE(1, 65536),
     WORD("generators", 0), DEFAULT(0), DECIDES,
     .meaning = "what tuples are made of: the generators of the group, or so many random elements of it"},
    {.path = "symmetry.automorphism.time_limit", REAL(task.automorphism.time_limit), FROM(0), DEFAULT(10),
     .unit = "seconds",
     .meaning = "longest search for symmetries before a run, which has none of the family then; 0 = no limit"},
    {.path = "symmetry.triangle.divergence", ENUM(symmetry[SW_FAMILY_TRIANGLE].divergence, divergence_names),
     DEFAULT(SW_DIVERGENCE_SYMMETRIC_KL), DECIDES, ACTS_WITH(symmetry[SW_FAMILY_TRIANGLE].weight),
     .meaning = "symmetrized divergence, or KL(convolution || direct)"},

#define PRIOR(ENUM_, name, text)                                                                                    \
    {.path = "geometry." #name ".weight", REAL(geometry[SW_PRIOR_##ENUM_].weight), FROM(0), DEFAULT(0), DECIDES,    \
     CHANGES_SINCE(geometry[SW_PRIOR_##ENUM_].from_step),                                                           \
     .meaning = "weight of the prior: " text},                                                                      \
    WINDOW("geometry." #name, geometry[SW_PRIOR_##ENUM_])
#define USES(ENUM_, key)                                                                                            \
    {.path = "." #key, PRIOR_##key(geometry[SW_PRIOR_##ENUM_].key), DECIDES,                                        \
     ACTS_WITH(geometry[SW_PRIOR_##ENUM_].weight)},
#include "symsweep/priors.def"
#undef PRIOR

    {.path = "steps", INTEGER(steps), RANGE(1, STEPS_MAX), DEFAULT(10000), DECIDES, .unit = "steps",
     .meaning = "optimizer steps"},
    {.path = "seed", INTEGER(seed), RANGE(0, 4294967295.0), DEFAULT(0), DECIDES,
     .meaning = "key of all random draws but the split"},
    {.path = "data_seed", INTEGER(data_seed), RANGE(0, 4294967295.0), RULE(sw_key_default_data_seed, "seed"), DECIDES,
     .meaning = "key of the split, of label_shuffle and of label_noise"},

    {.path = "evaluate.every", INTEGER(evaluate.every), RANGE(1, STEPS_MAX), DEFAULT(100), DECIDES, .unit = "steps",
     .meaning = "steps between evaluations; step 0 and the last are always evaluated"},
    {.path = "evaluate.tuples", INTEGER(evaluate.tuples), RANGE(1, TUPLES_MAX), DEFAULT(4096), DECIDES,
     .unit = "tuples", .meaning = "most tuples on which a family's violation is measured; all when there are fewer"},
    {.path = "evaluate.spectra_every", INTEGER(evaluate.spectra_every), RANGE(1, STEPS_MAX), DEFAULT(10), DECIDES,
     .unit = "evaluations", .meaning = "evaluations between the costly measures"},
    {.path = "evaluate.snapshots", INTEGER(evaluate.snapshots), RANGE(0, 10000), DEFAULT(20), DECIDES,
     .meaning = "snapshots at log-spaced steps, beside the first and the last"},
    {.path = "evaluate.snapshot_steps",
     STEPS(evaluate.snapshot_steps, evaluate.snapshot_step_count, SW_SNAPSHOT_STEPS_MAX), RANGE(0, STEPS_MAX),
     DEFAULT(0), DECIDES, .unit = "steps",
     .meaning = "steps of further snapshots, of which a shorter run has those up to its end; generators, as "
                "{\"range\": [1000, 50001, 1000]}, stand for many"},

    {.path = "measure.llc.every", INTEGER(measure.llc_every), RANGE(0, STEPS_MAX), DEFAULT(0), DECIDES, .unit = "steps",
     .meaning = "steps between measurements of the local learning coefficient, at evaluations; 0 = none"},
    {.path = "measure.llc.chains", INTEGER(measure.llc_chains), RANGE(1, 128), DEFAULT(4), DECIDES,
     ACTS_WITH(measure.llc_every), .meaning = "Langevin chains"},
    {.path = "measure.llc.draws", INTEGER(measure.llc_draws), RANGE(1, 30000), DEFAULT(100), DECIDES,
     ACTS_WITH(measure.llc_every), .meaning = "draws of a chain, each as long as a training step"},
    {.path = "measure.llc.burn_in", INTEGER(measure.llc_burn_in), RANGE(0, 30000), DEFAULT(100), DECIDES,
     ACTS_WITH(measure.llc_every), .meaning = "draws before those that count"},
    {.path = "measure.llc.epsilon", REAL(measure.llc_epsilon), ABOVE(0), DEFAULT(1e-5), DECIDES,
     ACTS_WITH(measure.llc_every), .meaning = "step size of the Langevin dynamics"},
    {.path = "measure.llc.gamma", REAL(measure.llc_gamma), FROM(0), DEFAULT(100), DECIDES,
     ACTS_WITH(measure.llc_every), .meaning = "pull towards the parameters where the chains start"},
    {.path = "measure.sharpness.every", INTEGER(measure.sharpness_every), RANGE(0, STEPS_MAX), DEFAULT(0), DECIDES,
     .unit = "steps",
     .meaning = "steps between measurements of the Hessian's largest eigenvalues and trace, at evaluations; 0 = none"},
    {.path = "measure.sharpness.eigenvalues", INTEGER(measure.sharpness_eigenvalues), RANGE(1, SW_EIGENVALUES_MAX),
     DEFAULT(1), DECIDES, ACTS_WITH(measure.sharpness_every), .meaning = "how many of them"},
    {.path = "measure.kernel.every", INTEGER(measure.kernel_every), RANGE(0, STEPS_MAX), DEFAULT(0), DECIDES,
     .unit = "steps",
     .meaning = "steps between measurements of the neural tangent kernel and of the average gradient outer product, at "
                "evaluations; 0 = none"},
    {.path = "measure.circuits.every", INTEGER(measure.circuits_every), RANGE(0, STEPS_MAX), DEFAULT(0), DECIDES,
     .unit = "steps",
     .meaning = "steps between measurements of representations and cosets in neurons and logits, on tasks whose table "
                "is a group's, at evaluations; 0 = none"},
    {.path = "stop.test_accuracy", REAL(stop.test_accuracy), RANGE(0, 1), DEFAULT(1), DECIDES,
     .meaning = "stop early once test accuracy has been this high for stop.for_steps; 0 = never"},
    {.path = "stop.for_steps", INTEGER(stop.for_steps), RANGE(0, STEPS_MAX), DEFAULT(2000), DECIDES, .unit = "steps",
     ACTS_WITH(stop.test_accuracy), .meaning = "how long it must hold"},

    {.path = "save.embedding", BOOL(save.embedding), DEFAULT(0),
     .meaning = "keep the whole embedding in every snapshot"},
    {.path = "save.parameters", BOOL(save.parameters), DEFAULT(0),
     .meaning = "keep all parameters in every snapshot"},
    {.path = "save.split", BOOL(save.split), DEFAULT(0), .meaning = "keep inputs, labels and split"},
    {.path = "save.optimizer", BOOL(save.optimizer), DEFAULT(0),
     .meaning = "keep the optimizer's state in every snapshot, and all parameters with it: what it takes to go on from "
                "there in PyTorch"},

    {.path = "phase.family", ENUM(phase.family, sw_family_names),
     RULE(sw_key_default_phase_family,
          "associativity; graph triangle, comparison transitivity, tasks as data automorphism"),
     .meaning = "family whose maximum violation gives t_sym; of an order relation trichotomy tells solved states from "
                "others, which transitivity does not"},
    {.path = "phase.tau", REAL(phase.tau), ABOVE(0), DEFAULT(1), .unit = "nat",
     .meaning = "violation below which a symmetry counts as acquired"},
    {.path = "phase.accuracy", REAL(phase.accuracy), OVER(0, 1), DEFAULT(0.99),
     .meaning = "accuracy that t_mem and t_gen ask for"},
    {.path = "phase.gap", INTEGER(phase.gap), RANGE(0, STEPS_MAX), DEFAULT(1000), .unit = "steps",
     .meaning = "test later than train by at least this is grokking, by less comprehension"},

    {.path = "checkpoint.every_seconds", REAL(checkpoint_every_seconds), FROM(0), DEFAULT(300), .unit = "s",
     .meaning = "time between checkpoints of a running run; 0 = none"},
    {.path = "checkpoint.keep", BOOL(checkpoint_keep), DEFAULT(0),
     .meaning = "keep the checkpoint of a finished run: with more steps it goes on from its end"},

    /* Below all keys that it changes. */
    {.path = "changes", .type = &sw_key_changes, .offset = offsetof(HOME, changes), .capacity = SW_CHANGES_MAX,
     RANGE(1, STEPS_MAX), DEFAULT(0), DECIDES,
     .meaning = "keys with other values after given steps: [{\"at\": S, \"<dotted path>\": value, ...}, ...]"},
};
#undef HOME

#define HOME sw_adaptive_config
static const sw_key sweep_rows[] = {
    {.path = "refine.axes", NAMES(refine.axes, refine.axis_count, 2), .required = true,
     .meaning = "one or two numeric axes of grid whose lattice is refined"},
    {.path = "refine.reached", ENUM(refine.reached, statement_names), DEFAULT(SW_STATEMENT_T_GEN),
     .meaning = "the statement about a run whose boundary is looked for: it reaches this onset"},
    {.path = "refine.share", REAL(refine.rule.share), INSIDE(0, 1), DEFAULT(0.5),
     .meaning = "share of a point's seeds for which the statement must hold"},
    {.path = "refine.coarse", INTEGER(refine.rule.coarse), RANGE(1, 100000), DEFAULT(4), .unit = "points",
     .meaning = "spacing of the points that are trained first"},
    {.path = "refine.seeds", INTEGER(refine.rule.seeds), RANGE(1, 100000), DEFAULT(1), .unit = "runs",
     .meaning = "seeds that a point gets at first; more follow beside a boundary"},
    {.path = "refine.confidence", REAL(refine.rule.confidence), INSIDE(0, 1), DEFAULT(0.9),
     .meaning = "of the Wilson interval of the share: seeds are added until it excludes refine.share"},
    {.path = "refine.width", REAL(refine.rule.width), RANGE(0, 1), DEFAULT(0.2),
     .meaning = "an interval no wider than this is narrow enough in any case"},
    {.path = "refine.budget", INTEGER(refine.rule.budget), RANGE(0, SW_RUNS_MAX), DEFAULT(0), .unit = "runs",
     .meaning = "most runs of a plane; 0 = as many as it takes"},

    {.path = "prune.generalized.for_steps", INTEGER(prune.generalized_for_steps), RANGE(0, STEPS_MAX), DEFAULT(0),
     .unit = "steps", .meaning = "a run that has generalized for so long is given up; 0 = never"},
    {.path = "prune.generalized.test_accuracy", REAL(prune.generalized_accuracy), OVER(0, 1),
     DEFAULT(0), .rule_text = "phase.accuracy",
     .meaning = "test accuracy that counts as generalized"},
    {.path = "prune.diverged.train_loss", REAL(prune.diverged_train_loss), FROM(0), DEFAULT(0), .unit = "nat",
     .meaning = "a run whose train loss is above this is given up; 0 = never"},
    {.path = "prune.halving.rungs", INTEGERS(halving.rungs, halving.rung_count, SW_RUNGS_MAX), RANGE(1, STEPS_MAX),
     DEFAULT(0), .unit = "steps", .meaning = "steps at which runs wait for each other, and only the best go on"},
    {.path = "prune.halving.keep", REAL(halving.keep), INSIDE(0, 1), DEFAULT(0.5),
     .meaning = "share of the runs at a rung that goes on, rounded up"},
    {.path = "prune.halving.measure", ENUM(halving.measure, measure_names), DEFAULT(SW_METRIC_TEST_ACCURACY),
     .meaning = "curve whose value at the rung tells which runs are the best"},
    {.path = "prune.halving.best", ENUM(halving.lowest, best_names), DEFAULT(0),
     .meaning = "which values of it are the best"},
    {.path = "prune.halving.within", NAMES(halving.within, halving.within_count, SW_WITHIN_MAX),
     .meaning = "only runs that agree in these axes (or in their \"label\") compete with each other"},
};

/* ---- which runs have a key, by the tables of what they choose from ---- */

typedef struct use {
    const char *path;
    sw_selector selector;
    int value;
} use;

static const use uses[] = {
#define X(...)
#define USES(ENUM, key) {"task." #key, SW_BY_TASK, SW_TASK_##ENUM},
#include "symsweep/tasks.def"
#undef X
#define GRAPH(...)
#define USES(ENUM, key) {"task." #key, SW_BY_GRAPH, SW_GRAPH_##ENUM},
#include "symsweep/graphs.def"
#undef GRAPH
#define GROUP(...)
#define USES(ENUM, key) {"task." #key, SW_BY_GROUP, SW_GROUP_##ENUM},
#include "symsweep/groups.def"
#undef GROUP
#define OPTIMIZER(...)
#define USES(ENUM, key) {"optimizer." #key, SW_BY_OPTIMIZER, SW_OPTIMIZER_##ENUM},
#include "symsweep/optimizers.def"
#undef OPTIMIZER
};

/* clang-format on */

const sw_selector_row sw_selectors[SW_SELECTOR_COUNT] = {
    [SW_BY_TASK] = {"task.kind", sw_task_names, offsetof(sw_run_config, task.kind), -1},
    [SW_BY_OPERATION] = {"task.operation", sw_operation_names, offsetof(sw_run_config, task.operation),
                         SW_TASK_MODULAR},
    [SW_BY_GRAPH] = {"task.graph", sw_graph_names, offsetof(sw_run_config, task.graph), SW_TASK_GRAPH},
    [SW_BY_FORM] = {"task.form", form_names, offsetof(sw_run_config, task.form), SW_TASK_COMPARISON},
    [SW_BY_GROUP] = {"task.group", sw_group_names, offsetof(sw_run_config, task.group), SW_TASK_GROUP},
    [SW_BY_MODEL] = {"model.kind", model_names, offsetof(sw_run_config, model.kind), -1},
    [SW_BY_INPUT] = {"model.input", input_names, offsetof(sw_run_config, model.input), -1},
    [SW_BY_SCHEDULE] = {"optimizer.schedule", schedule_names, offsetof(sw_run_config, optimizer.schedule), -1},
    [SW_BY_OPTIMIZER] = {"optimizer.kind", sw_optimizer_names, offsetof(sw_run_config, optimizer.kind), -1},
};

static void find_concern(sw_key *key) {
    for (size_t i = 0; i < sizeof uses / sizeof uses[0]; i++)
        if (!strcmp(uses[i].path, key->path)) key->concern[uses[i].selector] |= 1u << uses[i].value;
    const bool shared = key->concern[SW_BY_TASK] != 0;
    for (int s = 0; s < SW_SELECTOR_COUNT && !shared; s++)
        if (key->concern[s] && sw_selectors[s].task >= 0) key->concern[SW_BY_TASK] |= 1u << sw_selectors[s].task;
}

/* ---- the table, made at the first call ---- */

enum {
    RUN_COUNT = sizeof run_rows / sizeof run_rows[0],
    SWEEP_COUNT = sizeof sweep_rows / sizeof sweep_rows[0],
    PATH_BYTES = 64
};

/* "x+y, x-y, ... modulo p" */
static const char *formulas(void) {
    static char text[1024];
    size_t used = 0;
    for (size_t i = 0; i < SW_OP_COUNT; i++) {
        if (i && used + 16 < sizeof text) used += (size_t)snprintf(text + used, sizeof text - used, ", ");
        for (const char *c = sw_operation_formulas[i]; *c && used + 16 < sizeof text; c++)
            if (*c != ' ') text[used++] = *c;
    }
    snprintf(text + used, sizeof text - used, " modulo p; expression: what task.expression says");
    return text;
}

static void complete(sw_key *keys, const sw_key *rows, size_t count) {
    static char paths[RUN_COUNT][PATH_BYTES];
    for (size_t i = 0; i < count; i++) {
        sw_key *key = &keys[i];
        *key = rows[i];
        key->number = i;
        if (key->path[0] == '.') {
            const char *above = keys[i - 1].path;
            snprintf(paths[i], PATH_BYTES, "%.*s%s", (int)(strrchr(above, '.') - above), above, rows[i].path);
            key->path = paths[i];
        }
        if (!key->unit) key->unit = "";
        if (!key->meaning) key->meaning = formulas();
        find_concern(key);
    }
}

const sw_key *sw_keys_of(sw_section section, size_t *count) {
    static sw_key run[RUN_COUNT], sweep[SWEEP_COUNT];
    static bool made;
    if (!made) {
        complete(run, run_rows, RUN_COUNT);
        complete(sweep, sweep_rows, SWEEP_COUNT);
        made = true;
    }
    *count = section == SW_SECTION_RUN ? RUN_COUNT : SWEEP_COUNT;
    return section == SW_SECTION_RUN ? run : sweep;
}

#define CONSISTENCY(name)                                                                                              \
    {                                                                                                                  \
        "symmetry.consistency." name, {"symmetry.commutativity." name, "symmetry.associativity." name},                \
            "sets symmetry.commutativity." name " and symmetry.associativity." name " at once"                         \
    }

const sw_alias sw_aliases[] = {CONSISTENCY("weight"), CONSISTENCY("tuples_per_step"), CONSISTENCY("inputs"),
                               CONSISTENCY("bound"),  CONSISTENCY("from_step"),       CONSISTENCY("until_step")};
const size_t sw_aliases_count = sizeof sw_aliases / sizeof sw_aliases[0];
_Static_assert(RUN_COUNT + sizeof sw_aliases / sizeof sw_aliases[0] <= SW_KEYS_MAX, "SW_KEYS_MAX holds all");
