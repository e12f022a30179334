/* run.h: the resolved configuration of one run, as plain structs.
 *
 * Plain data of fixed size: it is copied over the wire as it stands, but for the one list that may be long, the chosen
 * steps of snapshots, to which it has a pointer. The config module fills it from JSON and is the only one that knows
 * paths, defaults and limits (src/config/keys.c); every other module reads it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum sw_task_id {
#define X(ENUM, id, name, meaning) SW_TASK_##ENUM = id,
#include "symsweep/tasks.def"
#undef X
    SW_TASK_COUNT
} sw_task_id;

typedef enum sw_family_id {
#define X(ENUM, id, name, meaning) SW_FAMILY_##ENUM = id,
#include "symsweep/families.def"
#undef X
    SW_FAMILY_COUNT
} sw_family_id;

typedef enum sw_operation_id {
#define OPERATION(ENUM, name, ...) SW_OP_##ENUM,
#include "symsweep/operations.def"
#undef OPERATION
    SW_OP_COUNT,
    SW_OP_EXPRESSION = SW_OP_COUNT /* task.expression says which; no row of the table */
} sw_operation_id;

typedef enum sw_graph_id {
#define GRAPH(ENUM, name, meaning) SW_GRAPH_##ENUM,
#include "symsweep/graphs.def"
#undef GRAPH
    SW_GRAPH_COUNT
} sw_graph_id;

typedef enum sw_group_id {
#define GROUP(ENUM, name, meaning) SW_GROUP_##ENUM,
#include "symsweep/groups.def"
#undef GROUP
    SW_GROUP_COUNT
} sw_group_id;

typedef enum sw_component { SW_COMPONENT_ALL, SW_COMPONENT_LARGEST, SW_COMPONENT_COUNT } sw_component;
typedef enum sw_scramble { SW_SCRAMBLE_NONE, SW_SCRAMBLE_CELLS, SW_SCRAMBLE_ISOTOPE, SW_SCRAMBLE_COUNT } sw_scramble;
typedef enum sw_comparison_form { SW_FORM_RELATION, SW_FORM_THREE_WAY } sw_comparison_form;

enum {
    SW_PATH_MAX = 1024,
    SW_EXPRESSION_MAX = 256,
    SW_OPERANDS_MAX = 16,
    SW_SIDES_MAX = 3,
    SW_FACTORS_MAX = 6,
    SW_SNAPSHOT_STEPS_MAX = 10000,
    SW_LAYERS_MAX = 12,
    SW_START_RUN_MAX = 65,
    SW_START_TENSORS_MAX = 256,
    SW_CHANGES_MAX = 16,
    SW_FREEZE_BYTES = 256
};

/* The symmetries that the family automorphism compares: part of the task, since they are those of its table. */
typedef struct sw_automorphism_config {
    char file[SW_PATH_MAX];  /* their generators; "" = they are discovered */
    uint8_t file_sha256[32]; /* of its content */
    int32_t scope;           /* sw_symmetry_scope */
    int64_t elements;        /* so many random elements of the group; 0 = its generators */
    double time_limit;       /* seconds of discovery; 0 = any time, below: none is made */
} sw_automorphism_config;

typedef struct sw_task_config {
    int32_t kind;         /* sw_task_id */
    double label_shuffle; /* share of the labels that is permuted, 0..1 */
    double label_noise;   /* share of the train labels that another class replaces, 0..1 */
    /* modular */
    int32_t operation; /* sw_operation_id */
    int32_t p;
    char expression[SW_EXPRESSION_MAX]; /* operation expression: a polynomial; group: a word */
    /* graph */
    int32_t graph; /* sw_graph_id */
    int32_t nodes;
    int32_t side_count; /* grid, grid3d, cylinder, torus; and comparison: one side an attribute */
    int32_t sides[SW_SIDES_MAX];
    int32_t dimension;
    int32_t branching, depth;
    char file[SW_PATH_MAX];  /* edge_list: path as resolved against the sweep file's folder */
    uint8_t file_sha256[32]; /* edge_list: of its content; the trainer checks it */
    int32_t component;       /* edge_list: sw_component */
    /* comparison */
    int32_t form;      /* sw_comparison_form */
    int32_t attribute; /* three_way: which attribute is compared */
    /* group */
    int32_t group; /* sw_group_id */
    int32_t n;     /* cyclic Z_n, dihedral D_n of order 2n, symmetric S_n; other kinds: the order of the table */
    int32_t factor_count;
    int32_t factors[SW_FACTORS_MAX]; /* product: Z_f1 x Z_f2 x ... */
    /* table: file and file_sha256 as above */
    bool header; /* the first line names the columns */
    /* parity */
    int32_t bits, relevant; /* the label is the parity of the first `relevant` of them */
    /* planted, latin: a table of order n */
    uint32_t table_seed;
    int32_t symmetry_order;              /* divides n */
    int32_t scramble;                    /* sw_scramble */
    sw_automorphism_config automorphism; /* of symmetry.automorphism */
} sw_task_config;

typedef enum sw_activation {
#define ACTIVATION(ENUM, name, ...) SW_ACTIVATION_##ENUM,
#include "symsweep/activations.def"
#undef ACTIVATION
    SW_ACTIVATION_COUNT
} sw_activation;

typedef enum sw_model_kind { SW_MODEL_TRANSFORMER, SW_MODEL_MLP } sw_model_kind;
typedef enum sw_model_input { SW_INPUT_EMBEDDING, SW_INPUT_ONE_HOT } sw_model_input;
typedef enum sw_combine { SW_COMBINE_CONCAT, SW_COMBINE_SUM } sw_combine;
typedef enum sw_operand_embeddings { SW_OPERANDS_TIED, SW_OPERANDS_SEPARATE } sw_operand_embeddings;
typedef enum sw_normalization_kind {
    SW_NORMALIZATION_NONE,
    SW_NORMALIZATION_LAYERNORM,
    SW_NORMALIZATION_RMSNORM
} sw_normalization_kind;
typedef enum sw_placement { SW_PLACEMENT_PRE, SW_PLACEMENT_POST } sw_placement;
typedef enum sw_unembedding { SW_UNEMBEDDING_UNTIED, SW_UNEMBEDDING_TIED } sw_unembedding;

typedef struct sw_model_config {
    int32_t kind; /* sw_model_kind */
    int32_t layers, d_model, heads, d_head, d_mlp, d_hidden;
    bool readout_token;          /* transformer: "=" appended; mlp never has it */
    int32_t operand_embeddings;  /* sw_operand_embeddings */
    double embedding_init_scale; /* factor on the standard deviation of the initial token embedding */
    double output_scale;         /* logits are multiplied by it */
    int32_t activation;          /* sw_activation */
    int32_t input, combine;      /* mlp: sw_model_input, sw_combine; a transformer has the first of each */
    bool bias;                   /* of the MLPs */
    double init_scale;           /* factor on the standard deviation of every initial weight */
    /* transformer alone */
    int32_t normalization;           /* sw_normalization_kind */
    int32_t normalization_placement; /* sw_placement: before a block, or behind its residual sum */
    int32_t unembedding;             /* sw_unembedding: a matrix of its own, or the rows of the entities */
    bool causal;                     /* a position sees none behind it */
    double attention_rate;           /* share of softmax in the attention, the rest is uniform */
    double dropout;                  /* share of every block's output that a training step drops */
} sw_model_config;

/* Initial parameters from a snapshot of another run. */
typedef struct sw_start_config {
    char file[SW_PATH_MAX];             /* results file; "" = all parameters are drawn */
    uint8_t sha256[32];                 /* of the parameters that are taken (sw_plan_read_start) */
    char run[SW_START_RUN_MAX];         /* its row, or its id */
    char tensors[SW_START_TENSORS_MAX]; /* which ones, by names or their beginnings before a dot, separated by blanks;
                                         * "" = all */
    int64_t step;                       /* of the snapshot; -1 = the last */
    const float *values; /* what is taken, tensor after tensor; NULL = not read yet. They belong to whoever made the
                          * configuration */
} sw_start_config;

typedef enum sw_optimizer_id {
#define OPTIMIZER(ENUM, name, meaning) SW_OPTIMIZER_##ENUM,
#include "symsweep/optimizers.def"
#undef OPTIMIZER
    SW_OPTIMIZER_COUNT
} sw_optimizer_id;

typedef enum sw_schedule_kind { SW_SCHEDULE_CONSTANT, SW_SCHEDULE_COSINE, SW_SCHEDULE_LINEAR } sw_schedule_kind;
typedef enum sw_decay { SW_DECAY_ALL, SW_DECAY_MATRICES } sw_decay;

typedef struct sw_optimizer_config {
    int32_t kind; /* sw_optimizer_id */
    double learning_rate, beta1, beta2, epsilon, weight_decay, momentum;
    bool nesterov;
    int64_t warmup_steps;
    int32_t schedule;      /* sw_schedule_kind; others than constant decay from the end of warm-up to `steps` */
    int64_t batch_size;    /* 0 = full */
    double batch_fraction; /* of the train set; 0 = not given. sw_run_batch tells what the two make */
    double gradient_clip;  /* largest L2 norm of the whole gradient; 0 = off */
    double grokfast_alpha, grokfast_lambda; /* lambda 0 = filter off */
    int64_t grokfast_from;                  /* the filter's average begins after this step: not a key, see changes.h */
    double muon_learning_rate, muon_momentum;
    int32_t muon_newton_schulz_steps;
    bool orthograd;
    int32_t decay;      /* sw_decay: which parameters weight_decay acts on */
    double final_share; /* of the learning rate, at `steps` */
} sw_optimizer_config;

typedef enum sw_loss_kind {
#define LOSS(ENUM, name, meaning) SW_LOSS_##ENUM,
#include "symsweep/losses.def"
#undef LOSS
    SW_LOSS_COUNT
} sw_loss_kind;
typedef enum sw_inputs { SW_INPUTS_ALL, SW_INPUTS_TRAIN } sw_inputs;
typedef enum sw_intermediate { SW_INTERMEDIATE_EXACT, SW_INTERMEDIATE_PREDICTED } sw_intermediate;
typedef enum sw_divergence { SW_DIVERGENCE_SYMMETRIC_KL, SW_DIVERGENCE_FORWARD_KL } sw_divergence;

/* A weight that acts in steps from_step < t <= until_step (t = 1 is the first); until_step -1 = to the end. A negative
 * weight suppresses the symmetry: violations up to `bound` lower the objective. */
typedef struct sw_family_config {
    double weight;
    int64_t tuples_per_step; /* 0 = all: every tuple, enumerated */
    int32_t inputs;          /* sw_inputs */
    int32_t intermediate;    /* associativity: sw_intermediate */
    int32_t divergence;      /* triangle: sw_divergence */
    int64_t from_step, until_step;
    double bound; /* nats: what a tuple's violation is capped at where the weight is negative */
} sw_family_config;

typedef enum sw_prior_id {
#define PRIOR(ENUM, name, meaning) SW_PRIOR_##ENUM,
#include "symsweep/priors.def"
#undef PRIOR
    SW_PRIOR_COUNT
} sw_prior_id;

typedef struct sw_prior_config {
    double weight;
    int64_t from_step, until_step;
    int32_t every;          /* nuclear, entropy: SVD refreshed every so many steps; 1 = each step */
    bool normalized;        /* nuclear, entropy: at most 1, whatever the scale of E; lipschitz: neighbors is 8 if
                             * not given */
    double bound;           /* lipschitz */
    int32_t neighbors;      /* lipschitz: 0 = any other token */
    int64_t pairs_per_step; /* lipschitz */
} sw_prior_config;

typedef struct sw_evaluate_config {
    int64_t every;         /* optimizer steps between evaluations */
    int64_t tuples;        /* most tuples a family's violation is measured on; fewer exist: all of them */
    int64_t spectra_every; /* evaluations between the costly measures (restricted loss ...); 1 = each */
    int32_t snapshots;     /* log-spaced snapshots between the first and the last */
    int32_t snapshot_step_count;
    const int64_t *snapshot_steps; /* [snapshot_step_count] chosen steps, ascending; NULL = none. They belong to whoever
                                    * made the configuration: a sweep, a plan, an assignment */
} sw_evaluate_config;

enum { SW_EIGENVALUES_MAX = 4 };

/* Measures with a cadence of their own: steps from one measurement to the next; 0 = none is made. */
typedef struct sw_measure_config {
    int64_t llc_every; /* local learning coefficient */
    int32_t llc_chains, llc_draws, llc_burn_in;
    double llc_epsilon, llc_gamma;
    int64_t sharpness_every; /* of the Hessian: */
    int32_t sharpness_eigenvalues;
    int64_t kernel_every, circuits_every;
} sw_measure_config;

typedef struct sw_stop_config {
    double test_accuracy; /* 0 = never stop early */
    int64_t for_steps;    /* held so long */
} sw_stop_config;

typedef struct sw_save_config {
    bool embedding, parameters, split, optimizer;
} sw_save_config;

typedef struct sw_phase_config {
    int32_t family; /* sw_family_id; the key's default depends on the task's kind */
    double tau;     /* nats */
    double accuracy;
    int64_t gap; /* steps */
} sw_phase_config;

/* `prune` of a sweep as far as one run is concerned: when it is given up before `steps`. Does not enter the identity: a
 * run that is given up has the numbers of one that is not, as far as it goes. */
typedef struct sw_prune_config {
    double generalized_accuracy;   /* test accuracy that has held (of a sweep 0 = phase.accuracy) ... */
    int64_t generalized_for_steps; /* ... for so long; 0 = off */
    double diverged_train_loss;    /* nats; 0 = off */
} sw_prune_config;

/* A key of the run that has another value after a step (changes.h). */
typedef struct sw_change {
    int64_t at;     /* after this step */
    uint32_t field; /* offset of the number, a double of sw_run_config, or SW_CHANGE_FREEZE */
    uint32_t since; /* offset of the step after which the number acts; 0 = it has none */
    double value;   /* of SW_CHANGE_FREEZE where in `tensors` the names stand */
} sw_change;

#define SW_CHANGE_FREEZE UINT32_MAX /* tensors that no step moves, and no others */

/* In canonical form: by step and path of the key; each changes something. */
typedef struct sw_changes {
    int32_t count;
    sw_change list[SW_CHANGES_MAX];
    char tensors[SW_FREEZE_BYTES]; /* texts of names in bytewise order, separated by blanks */
} sw_changes;

typedef struct sw_run_config {
    sw_task_config task;
    double train_fraction;
    int64_t train_inputs; /* 0 = by train_fraction. sw_run_train tells what they make */
    sw_model_config model;
    sw_start_config start;
    sw_optimizer_config optimizer;
    int32_t loss; /* sw_loss_kind */
    sw_family_config symmetry[SW_FAMILY_COUNT];
    sw_prior_config geometry[SW_PRIOR_COUNT];
    int64_t steps;
    uint32_t seed;
    uint32_t data_seed; /* resolved: equals seed unless given */
    sw_evaluate_config evaluate;
    sw_measure_config measure;
    sw_stop_config stop;
    sw_save_config save;
    sw_phase_config phase;
    double checkpoint_every_seconds; /* 0 = no checkpoints */
    bool checkpoint_keep;            /* that of the run's end stays, to go on from with more steps */
    sw_prune_config prune;           /* of the sweep, set by plan: not a key of the run */
    sw_changes changes;
} sw_run_config;

/* Names as sweep files have them, by number, with a NULL behind the last. */
extern const char *const sw_task_names[SW_TASK_COUNT + 1];
extern const char *const sw_operation_names[SW_OP_COUNT + 2];
extern const char *const sw_graph_names[SW_GRAPH_COUNT + 1];
extern const char *const sw_group_names[SW_GROUP_COUNT + 1];
extern const char *const sw_activation_names[SW_ACTIVATION_COUNT + 1];
extern const char *const sw_optimizer_names[SW_OPTIMIZER_COUNT + 1];
extern const char *const sw_loss_names[SW_LOSS_COUNT + 1];
extern const char *const sw_family_names[SW_FAMILY_COUNT + 1];
extern const char *const sw_prior_names[SW_PRIOR_COUNT + 1];
extern const char *const sw_operation_formulas[SW_OP_COUNT];

/* Does a run with such a start take the tensor of that name from it? */
bool sw_run_starts_with(const sw_start_config *start, const char *tensor);

/* Inputs of the train split of a table of so many: train_inputs, or round(train_fraction x inputs); at least 1, at most
 * all. */
size_t sw_run_train(const sw_run_config *config, size_t inputs);

/* How many inputs a step trains on: optimizer.batch_size, no more than the train set has, and with batch_fraction f no
 * more than round(f x train), at least 1. `full`: every step takes the whole train set, in table order; a batch_size
 * that is the number of train inputs is not, it takes them in a new order every step. */
typedef struct sw_batch_shape {
    size_t inputs;
    bool full;
} sw_batch_shape;
sw_batch_shape sw_run_batch(const sw_optimizer_config *optimizer, size_t train);

/* How many arrays as long as the parameters an optimizer carries from step to step. */
extern const int32_t sw_optimizer_pieces[SW_OPTIMIZER_COUNT];
