/* task.h: a task is a finite table of inputs and labels.
 *
 * Tokens: operands first in natural order, then relations (attribute-major, <, =, >), then the readout token, then
 * (with separate operand embeddings) one more block of entity tokens for each further operand. Table order:
 * lexicographic in the input tokens. Nothing here knows models or files (but the edge list). */
#pragma once

#include "symsweep/fail.h"
#include "symsweep/run.h"
#include "symsweep/tuple.h"

typedef struct sw_task sw_task;

/* One symmetry family. Tuples are numbered by candidates: `candidate(task, i)` either gives the i-th tuple or says
 * that candidate i is none (an excluded input, or both inputs equal under the identity map). */
typedef struct sw_family {
    sw_comparison compare;
    int arity; /* inputs of a tuple: 1 to SW_TUPLE_INPUTS */
    /* Is the family defined on this task at all (can tuples be formed)? From the configuration alone. */
    bool (*applies)(const sw_task_config *config);
    /* Is it true of the task's labels? false: allowed as a control. From the configuration alone. Not asked of tasks as
     * data. */
    bool (*holds)(const sw_task_config *config);
    uint64_t (*candidates)(const sw_task *task);
    bool (*candidate)(const sw_task *task, uint64_t index, sw_tuple *out);
    /* map(c) for class map `map` >= 0; NULL when the family never has maps. */
    int32_t (*class_map)(const sw_task *task, int32_t map, int32_t c);
    /* Associativity with `predicted`: as `candidate`, with inner products read from `prediction` [inputs] (argmax
     * class of the model for every table entry; -1 = none, which gives no tuple). NULL elsewhere. */
    bool (*candidate_predicted)(const sw_task *task, uint64_t index, const int32_t *prediction, sw_tuple *out);
    /* Number of class maps, 0..maps-1; those that tuples name are bijections of the classes. NULL when the family
     * never has maps. */
    int32_t (*maps)(const sw_task *task);
    /* May the inner values of this task be predicted by the model? From the configuration alone; NULL = never. */
    bool (*predicts)(const sw_task_config *config);
    /* Families whose tuples are, as far as may be, all ordered pairs of distinct inputs of a block, each pair once: the
     * block of a table entry, numbered from 0, and in *map the class map (-1 = identity) through which its answer
     * enters its pairs, q(c) = p(map(c) | entry). -1: tuples of the entry are in no block. NULL = there are no blocks.
     */
    int32_t (*block)(const sw_task *task, int32_t input, int32_t *map);
    /* Calls unite(context, i, j) for fewer pairs of inputs than there are tuples, with the same connected components
     * (used where inputs are `all`); NULL = the tuples themselves. */
    void (*connect)(const sw_task *task, void (*unite)(void *context, int32_t i, int32_t j), void *context);
    /* Is it true of this task as data? NULL = every tuple is looked at. */
    bool (*decide)(const sw_task *task);
} sw_family;

extern const sw_family *const sw_families[SW_FAMILY_COUNT];

/* Is a family that is defined on a task true of its labels? `holds` of the family, but for tasks as data: for these it
 * is found on the table. */
bool sw_families_holds(const sw_task_config *config, sw_family_id family);

/* Is the label of an input that of its operands in any order? A model that sees only their sum cannot learn others. */
bool sw_families_unordered(const sw_task_config *config);

/* The class maps of a family as nn wants them: *out = [maps, classes] with out[m * classes + c] = map m of c, to be
 * freed with free(); *out = NULL when the family has none on this task. */
sw_status sw_families_class_maps(int32_t **out, const sw_task *task, sw_family_id family) SW_MUST_CHECK;

typedef struct sw_task_kind sw_task_kind;
struct sw_task_kind {
    /* The kind that a configuration of this one really is: a task as data under the same name. NULL = this one. */
    const sw_task_kind *(*variant)(const sw_task_config *config);
    /* Checks what single keys cannot (p prime for div, a connected graph, ...); message names the key. */
    sw_status (*validate)(const sw_task_config *config);
    /* Sizes without building: classes, entities, and where there are any relations, second_from, coordinate_count,
     * abelian, factors, characters (the caller fills the rest: what follows from these, and what the model decides). */
    sw_status (*shape)(sw_task *task, const sw_task_config *config);
    /* Fills the tables that labels and mirrors are looked up in, coordinates and exponents; NULL = there are none. */
    sw_status (*build)(sw_task *task);
    /* Label of the table entry of entities a and b with relation r, counted from 0. NULL = `fill` gives all labels. */
    int32_t (*label)(const sw_task *task, int32_t a, int32_t r, int32_t b);
    /* Tasks as data: the table comes from a file or a formula, with any number of operands, and what is true of it is
     * found on it (sw_families_holds). Writes true_label [N] and, where the table is `listed`, `operand` [N, operands],
     * its inputs in lexicographic order; the others are all combinations of the entities in that order, and `operand`
     * holds them. */
    sw_status (*fill)(sw_task *task, int32_t *operand);
    /* Index of its mirror, -1 = none. Asked where the label is no product, or a commutative one. */
    int32_t (*mirror)(const sw_task *task, int32_t a, int32_t r, int32_t b);
    /* Where the label is a product of two operands (the classes are the entities again): is it commutative up to its
     * mirror, is it associative with its inner products? From the configuration alone; NULL = the label is no
     * product. */
    bool (*commutative)(const sw_task_config *config);
    bool (*associative)(const sw_task_config *config);
};

/* A name that is longer is cut; what cannot be seen in it is escaped. */
enum { SW_TASK_NAME = 64 };

extern const sw_task_kind *const sw_task_kinds[SW_TASK_COUNT];

struct sw_task {
    const sw_task_kind *kind;
    sw_task_config config;
    int32_t classes;    /* C */
    int32_t tokens;     /* T: length of an input with its readout token, if any */
    int32_t operands;   /* entity operands of an input: 2; tasks as data 1 to SW_OPERANDS_MAX */
    int32_t entities;   /* number of entity tokens: rows 0..entities-1 of the embedding are the geometry's E */
    int32_t vocabulary; /* V */
    bool readout;
    bool separate;    /* separate operand embeddings */
    size_t inputs;    /* N */
    bool listed;      /* the table is not every combination of operands (but for second_from): inputs are looked up */
    bool named_alike; /* the classes are the entities, in their order */
    bool closed;      /* tasks as data: two operands, and the classes are the entities: the label is a product */
    bool group;       /* tasks as data: that product is the one of a group */
    int32_t order;    /* n of the abelian group whose characters are the Fourier modes; 0 = none */
    /* What the file of the task calls its entities and classes; NULL = by their numbers, or there is no file. */
    char (*entity_name)[SW_TASK_NAME]; /* [entities] */
    char (*class_name)[SW_TASK_NAME];  /* [C] */
    int32_t *input;                    /* [N, T] tokens */
    int32_t *label; /* [N] what is trained on and measured: permuted by label_shuffle, with label_noise in train */
    int32_t *clean_label; /* [N] without label_noise; NULL = there is none */
    int32_t *true_label;  /* [N]; as the task defines them */
    int32_t *mirror;      /* [N] index of the mirror of an input, -1 = none; NULL = the task has no mirrors */
    /* Entity -> exponents in the task's abelian group Z_f0 x Z_f1 x ... for the Fourier measures: character
     * (k0, k1, ...) of entity e is exp(-2 pi i sum_j k_j exponent[e * factor_count + j] / factor[j]); -1: the
     * entity is left out (zero for mul). One factor, a cyclic group: exp(-2 pi i k exponent[e] / order). NULL when
     * order = 0. */
    int32_t *exponent; /* [entities, factor_count] */
    /* Entity coordinates: graph nodes, comparison attributes, group elements (product: one residue a factor; dihedral
     * r^k s^f: k, f; symmetric: one-line notation); [entities, coordinate_count]; NULL = none. */
    int32_t coordinate_count;
    int32_t *coordinate;
    int32_t *distance;    /* graphs: geodesics [entities, entities]; NULL elsewhere */
    int32_t *product;     /* groups: Cayley table [entities, entities]; NULL elsewhere */
    bool abelian;         /* group of the task is abelian (modular: true) */
    void *extra;          /* private to the kind */
    int32_t characters;   /* a group that is not abelian: non-trivial irreducible characters, all real; else 0 */
    int32_t relations;    /* number of relation tokens; > 0: inputs are (operand 0, relation, operand 1) */
    int32_t second_from;  /* smallest second operand in the table: 1 for div, else 0 */
    int32_t factor_count; /* cyclic factors of the abelian group; 0 when order = 0; order = their product */
    int32_t factor[SW_FACTORS_MAX];
    /* Inputs by label: class c has by_label[label_start[c] .. label_start[c + 1]), ascending; pair_start[c] = ordered
     * pairs of distinct inputs of one class in the classes below c. */
    int32_t *by_label;                      /* [N] */
    int32_t *label_start;                   /* [C + 1] */
    uint64_t *pair_start;                   /* [C + 1] */
    struct sw_arena *arena;                 /* owns every table */
    struct sw_automorphisms *automorphisms; /* automorphism.h; NULL = the family is not defined on the task */
};

/* validate + shape, cheap enough for every run of a plan. Tables stay NULL. */
sw_status sw_task_describe(sw_task *out, const sw_task_config *config, const sw_model_config *model) SW_MUST_CHECK;

/* What the file of an edge list holds beside the edges that are used. */
typedef struct sw_edge_list {
    size_t nodes, components;     /* of the whole file */
    size_t self_loops, repeats;   /* lines that add nothing, in what is used of it */
    size_t comments;              /* lines */
    size_t header_line;           /* names of columns; 0 = there are none */
    size_t counts_line;           /* how many nodes and edges there are; 0 = it is not told */
    char first_text[64];          /* of that line */
    size_t further, further_line; /* lines with fields behind the second, which are passed over; the first of them */
    char further_text[64];        /* what that one has there */
    bool named;                   /* names of nodes are texts */
} sw_edge_list;

typedef struct sw_graph_facts {
    int32_t nodes, diameter;
    size_t edges;      /* between different nodes, each once */
    sw_edge_list list; /* task.graph edge_list */
} sw_graph_facts;

/* The graph of a graph task; builds it and forgets it. */
sw_status sw_graph_describe(sw_graph_facts *out, const sw_task_config *config) SW_MUST_CHECK;

/* What a table file holds that is no input. */
typedef struct sw_table_notes {
    size_t header_line; /* names of columns, recognized without task.header; 0 = there are none */
    size_t lone_line; /* the first, an input none of whose tokens, nor its label, stands in another; 0 = it is not so */
    char first_text[64]; /* of that line */
    size_t
        mixed_line; /* the first with a word in a column of numbers, or a number in one of words; 0 = there is none */
    size_t mixed_column; /* from 1 */
    char mixed_text[64]; /* that word or number */
} sw_table_notes;

/* Of a task of kind table; reads its file and forgets it. */
sw_status sw_table_describe(sw_table_notes *out, const sw_task_config *config) SW_MUST_CHECK;

/* The whole task. Destroy with sw_task_destroy. label_shuffle permutes m = round(label_shuffle * N) labels among
 * themselves: with s the permutation of 0..N-1 from stream LABEL_SHUFFLE at step 0 and q that of 0..m-1 at step 1,
 * both keyed by data_seed, label[s[i]] = true_label[s[q[i]]] for i < m; the others stay. */
sw_status sw_task_create(sw_task **out, const sw_task_config *config, const sw_model_config *model,
                         uint32_t data_seed) SW_MUST_CHECK;
void sw_task_destroy(sw_task *task);
/* The same without looking for the symmetries of its table: the family automorphism cannot be asked. */
sw_status sw_task_create_table(sw_task **out, const sw_task_config *config, const sw_model_config *model,
                               uint32_t data_seed) SW_MUST_CHECK;
void sw_task_destroy_table(sw_task *task);

/* Table index of operands (a, b) and (comparison, relation form) relation token r, else r = -1; -1 = not in the
 * table. */
int32_t sw_task_index(const sw_task *task, int32_t a, int32_t b, int32_t r);

/* As sw_task_index, of a task without relations whose second operands are all there: operand[operands]. */
int32_t sw_task_find(const sw_task *task, const int32_t *operand);

/* Entity (0..entities-1) that is operand k of a table entry, whatever its token. */
int32_t sw_task_operand(const sw_task *task, size_t input, int32_t k);
/* Relation token of a table entry; -1 = inputs have none. */
int32_t sw_task_relation(const sw_task *task, size_t input);

/* Comparison tasks: the log-odds of "greater" are z[high] - z[low]. */
void sw_task_odds(const sw_task *task, int32_t *high, int32_t *low);

/* Of an input. Left: it was trained on until `changes` shrank the train set. */
typedef enum sw_split { SW_SPLIT_TEST, SW_SPLIT_TRAIN, SW_SPLIT_LEFT } sw_split;

/* split[N] = 1 for train, 0 for test: the first sw_run_train entries of the permutation of stream SPLIT (step 0), keyed
 * by data_seed. Returns how many are train; 0 = out of memory, with a message. */
size_t sw_task_split(int8_t *split, const sw_task *task, const sw_run_config *config);

/* label_noise: with the n inputs of the train split in table order and s the permutation of 0..n-1 from stream
 * LABEL_NOISE at step 0, the inputs s[0..m), m = round(label_noise * n), get another class: with u the number below C -
 * 1 that the stream draws at step 1 and the input's table index, u, or u + 1 from its own label on. Keyed by data_seed.
 * Once, before anything else reads the labels. SW_E_CONFIG: there is a single class. */
sw_status sw_task_add_noise(sw_task *task, const int8_t *split, uint32_t data_seed) SW_MUST_CHECK;
/* m of a train split of n inputs. */
size_t sw_task_noisy_count(const sw_task_config *config, size_t train);

/* chi_line of an element of a group task, line < task->characters. */
double sw_group_character(const sw_task *task, int32_t line, int32_t element);

/* Share of the majority class over the table. */
double sw_task_majority(const sw_task *task);

/* ---- tuple sets: the tuples of a family, restricted to inputs, to be enumerated or sampled ---- */

typedef struct sw_tuple_set sw_tuple_set;

/* Tuples of `family` whose inputs all lie in the train split when `inputs` says so. When the family has at most
 * SW_TUPLE_LIST_MAX candidates the eligible ones are listed once and a sample is one draw from the list; otherwise
 * candidates are drawn until one is eligible (both uniform). SW_E_CONFIG when no tuple is eligible, or, without a
 * list, fewer than about one candidate in ten million. */
enum { SW_TUPLE_LIST_MAX = 1 << 22 };
/* `task` and `split` must outlive the set; split may be NULL when inputs are all. */
sw_status sw_tuples_create(sw_tuple_set **out, const sw_task *task, sw_family_id family, const int8_t *split,
                           sw_inputs inputs) SW_MUST_CHECK;
void sw_tuples_destroy(sw_tuple_set *set);

/* Number of eligible tuples; -1 = too many to list. */
int64_t sw_tuples_count(const sw_tuple_set *set);

/* The i-th eligible tuple (listed sets only). */
void sw_tuples_get(const sw_tuple_set *set, int64_t i, sw_tuple *out);

/* out[0..n) drawn with replacement from stream `stream` at `step`; draw j is a function of (seed, stream, step, j)
 * alone (attempt a of draw j uses index j + (a << 32)). */
void sw_tuples_sample(const sw_tuple_set *set, sw_tuple *out, size_t n, uint32_t seed, uint32_t stream, uint64_t step);

/* As sample, for associativity with predicted intermediates; a prediction that leads to an excluded or ineligible
 * tuple is drawn again, at most 64 times, then left out: returns how many were drawn. */
size_t sw_tuples_sample_predicted(const sw_tuple_set *set, sw_tuple *out, size_t n, const int32_t *prediction,
                                  uint32_t seed, uint32_t stream, uint64_t step);

/* All predicted tuples in candidate order (tuples_per_step "all"): calls visit for each. */
void sw_tuples_each_predicted(const sw_tuple_set *set, const int32_t *prediction,
                              void (*visit)(void *context, const sw_tuple *tuple), void *context);

/* derived[N] = 1 where the label of an input is a train label or follows from them through the tuples of the families
 * whose bit (1 << family) is set in `family_bits`; `families` [SW_FAMILY_COUNT] says over which inputs a family runs
 * (train: nothing follows beyond the split) and with which intermediates. Rules of inference: src/tasks/task_derived.c.
 */
sw_status sw_task_derived(int8_t *derived, const sw_task *task, const int8_t *split, const sw_family_config *families,
                          uint32_t family_bits) SW_MUST_CHECK;
