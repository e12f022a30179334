/* task.c: the table of a task, whatever its kind. */
#include "symsweep/task.h"

#include "symsweep/arena.h"
#include "symsweep/random.h"
#include "tasks/task.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define X(ENUM, id, name, meaning) extern const sw_task_kind sw_task_##name;
#include "symsweep/tasks.def"
#undef X
const sw_task_kind *const sw_task_kinds[SW_TASK_COUNT] = {
#define X(ENUM, id, name, meaning) [SW_TASK_##ENUM] = &sw_task_##name,
#include "symsweep/tasks.def"
#undef X
};

const sw_task_kind *sw_task_kind_of(const sw_task_config *config) {
    const sw_task_kind *kind = sw_task_kinds[config->kind];
    return kind->variant != NULL ? kind->variant(config) : kind;
}

/* ---- shape ---- */

sw_status sw_task_check_size(int64_t entities, int64_t inputs, const char *key) {
    if (entities > SW_TASK_ENTITIES_MAX) {
        return sw_fail(SW_E_CONFIG, "%s: gives %lld entities, more than the limit of %d", key, (long long)entities,
                       SW_TASK_ENTITIES_MAX);
    }
    if (inputs > SW_TASK_INPUTS_MAX) {
        return sw_fail(SW_E_CONFIG, "%s: gives a table of %lld inputs, more than the limit of %d", key,
                       (long long)inputs, SW_TASK_INPUTS_MAX);
    }
    return SW_OK;
}

/* Rows of the table for one first operand. */
static int32_t relations_of(const sw_task *task) { return task->relations > 0 ? task->relations : 1; }

/* Kind, configuration and everything that the kind alone decides. */
static sw_status describe_kind(sw_task *out, const sw_task_config *config) {
    memset(out, 0, sizeof *out);
    if (config->kind < 0 || config->kind >= SW_TASK_COUNT)
        return sw_fail(SW_E_CONFIG, "task.kind: no task has number %d", config->kind);
    if (!(config->label_shuffle >= 0.0 && config->label_shuffle <= 1.0))
        return sw_fail(SW_E_CONFIG, "task.label_shuffle: expected a share in 0..1, found %g", config->label_shuffle);
    if (!(config->label_noise >= 0.0 && config->label_noise <= 1.0))
        return sw_fail(SW_E_CONFIG, "task.label_noise: expected a share in 0..1, found %g", config->label_noise);
    out->kind = sw_task_kind_of(config);
    out->config = *config;
    out->operands = 2;
    out->inputs = 0;
    sw_status status = out->kind->validate(config);
    if (status == SW_OK) status = out->kind->shape(out, config);
    if (status != SW_OK) return status;
    if (config->kind != SW_TASK_TABLE) /* labels that are products or formulas are numbers of entities */
        out->named_alike = (out->kind->commutative || out->kind->fill) && out->classes == out->entities;
    if (config->label_noise > 0 && out->classes < 2)
        return sw_fail(SW_E_CONFIG, "task.label_noise: expected a task of at least 2 classes, found 1");
    out->order = out->factor_count > 0 ? 1 : 0;
    for (int32_t k = 0; k < out->factor_count; k++) out->order *= out->factor[k];
    if (!out->listed) {
        out->inputs = (size_t)relations_of(out) * (size_t)sw_task_columns(out);
        for (int32_t k = 1; k < out->operands; k++) out->inputs *= (size_t)out->entities;
    }
    return SW_OK;
}

bool sw_task_shape_of(sw_task *out, const sw_task_config *config) {
    if (describe_kind(out, config) == SW_OK) return true;
    sw_fail_clear();
    return false;
}

sw_status sw_task_describe(sw_task *out, const sw_task_config *config, const sw_model_config *model) {
    sw_status status = describe_kind(out, config);
    if (status != SW_OK) return status;
    out->readout = model->kind == SW_MODEL_TRANSFORMER && model->readout_token;
    out->separate = model->operand_embeddings == SW_OPERANDS_SEPARATE;
    out->tokens = out->operands + (out->relations > 0 ? 1 : 0) + (out->readout ? 1 : 0);
    out->vocabulary = out->entities + out->relations + (out->readout ? 1 : 0);
    if (out->separate) out->vocabulary += out->entities * (out->operands - 1);
    return SW_OK;
}

/* ---- the table ---- */

void *sw_task_alloc(sw_task *task, size_t count, size_t size) { return sw_arena_alloc(task->arena, count, size); }

/* Token of entity 0 as operand k: further operands have blocks of their own at the end of a separate vocabulary. */
static int32_t operand_block(const sw_task *task, int32_t k) {
    if (!task->separate || k == 0) return 0;
    return task->vocabulary - (task->operands - k) * task->entities;
}

/* Place of operand k in an input; a relation stands between operands 0 and 1. */
static int32_t operand_place(const sw_task *task, int32_t k) { return k == 0 || task->relations == 0 ? k : k + 1; }

/* Writes the tokens of table entry i: its operands, and relation r counted from 0. */
static void set_input(sw_task *task, size_t i, const int32_t *operand, int32_t r) {
    int32_t *input = task->input + i * (size_t)task->tokens;
    for (int32_t k = 0; k < task->operands; k++) input[operand_place(task, k)] = operand_block(task, k) + operand[k];
    if (task->relations > 0) input[1] = task->entities + r;
    if (task->readout) input[task->tokens - 1] = task->entities + task->relations;
}

int32_t sw_task_operand(const sw_task *task, size_t input, int32_t k) {
    const int32_t token = task->input[input * (size_t)task->tokens + (size_t)operand_place(task, k)];
    return token - operand_block(task, k);
}

int32_t sw_task_relation(const sw_task *task, size_t input) {
    return task->relations > 0 ? task->input[input * (size_t)task->tokens + 1] : -1;
}

int32_t sw_task_index(const sw_task *task, int32_t a, int32_t b, int32_t r) {
    const int32_t n = task->entities, from = task->second_from;
    const int32_t relations = relations_of(task), relation = task->relations > 0 ? r - n : 0;
    if (task->listed) return sw_task_find(task, (const int32_t[]){a, b});
    if (a < 0 || a >= n || b < from || b >= n || relation < 0 || relation >= relations) return -1;
    return (a * relations + relation) * (n - from) + (b - from);
}

/* Operands of a table entry before, at or behind `operand` in lexicographic order: -1, 0 or 1. */
static int compare_operands(const sw_task *task, size_t input, const int32_t *operand) {
    for (int32_t k = 0; k < task->operands; k++) {
        const int32_t e = sw_task_operand(task, input, k);
        if (e != operand[k]) return e < operand[k] ? -1 : 1;
    }
    return 0;
}

int32_t sw_task_find(const sw_task *task, const int32_t *operand) {
    size_t low = 0, high = task->inputs;
    if (!task->listed) {
        size_t index = 0;
        for (int32_t k = 0; k < task->operands; k++) {
            if (operand[k] < 0 || operand[k] >= task->entities) return -1;
            index = index * (size_t)task->entities + (size_t)operand[k];
        }
        return (int32_t)index;
    }
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const int order = compare_operands(task, middle, operand);
        if (order == 0) return (int32_t)middle;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return -1;
}

void sw_task_odds(const sw_task *task, int32_t *high, int32_t *low) {
    *high = task->classes - 1; /* relation form: "holds" of a > query; three_way: > */
    *low = 0;                  /* "does not hold"; < */
}

static sw_status shuffle_labels(sw_task *task, uint32_t data_seed) {
    const size_t n = task->inputs;
    const size_t m = (size_t)llround(task->config.label_shuffle * (double)n);
    memcpy(task->label, task->true_label, n * sizeof *task->label);
    if (m == 0) return SW_OK;
    int32_t *chosen = malloc(2 * n * sizeof *chosen);
    if (chosen == NULL) return sw_fail(SW_E_MEMORY, "label_shuffle: no memory for %zu labels", n);
    int32_t *moved = chosen + n;
    sw_random_permutation(chosen, n, data_seed, SW_STREAM_LABEL_SHUFFLE, 0);
    sw_random_permutation(moved, m, data_seed, SW_STREAM_LABEL_SHUFFLE, 1);
    for (size_t i = 0; i < m; i++) task->label[chosen[i]] = task->true_label[chosen[moved[i]]];
    free(chosen);
    return SW_OK;
}

/* Inputs in the order of their labels (counting sort), and how many ordered pairs the classes below hold. */
static sw_status group_by_label(sw_task *task) {
    const size_t classes = (size_t)task->classes;
    task->by_label = sw_task_alloc(task, task->inputs, sizeof *task->by_label); /* anew where labels change later */
    task->label_start = sw_task_alloc(task, classes + 1, sizeof *task->label_start);
    task->pair_start = sw_task_alloc(task, classes + 1, sizeof *task->pair_start);
    if (task->by_label == NULL || task->label_start == NULL || task->pair_start == NULL) return SW_E_MEMORY;
    for (size_t i = 0; i < task->inputs; i++) task->label_start[task->label[i] + 1]++;
    for (size_t c = 0; c < classes; c++) {
        const uint64_t count = (uint64_t)task->label_start[c + 1];
        task->label_start[c + 1] += task->label_start[c];
        task->pair_start[c + 1] = task->pair_start[c] + (count > 0 ? count * (count - 1) : 0);
    }
    int32_t *next = calloc(classes, sizeof *next);
    if (next == NULL) return sw_fail(SW_E_MEMORY, "no memory for %zu classes", classes);
    for (size_t i = 0; i < task->inputs; i++) {
        const int32_t c = task->label[i];
        task->by_label[task->label_start[c] + next[c]++] = (int32_t)i;
    }
    free(next);
    return SW_OK;
}

/* Entries have mirrors where the label is no product, or a commutative one. */
static bool has_mirrors(const sw_task *task) {
    const sw_task_kind *kind = task->kind;
    return kind->fill == NULL && kind->mirror != NULL &&
           (kind->commutative == NULL || kind->commutative(&task->config));
}

static void fill_entries(sw_task *task) {
    const int32_t n = task->entities, relations = relations_of(task);
    size_t i = 0;
    for (int32_t a = 0; a < n; a++)
        for (int32_t r = 0; r < relations; r++)
            for (int32_t b = task->second_from; b < n; b++, i++) {
                set_input(task, i, (const int32_t[]){a, b}, r);
                task->true_label[i] = task->kind->label(task, a, r, b);
                if (task->mirror != NULL) task->mirror[i] = task->kind->mirror(task, a, r, b);
            }
}

/* ---- tasks as data ---- */

/* Every combination of the entities, in lexicographic order. */
static void fill_operands(int32_t *operand, const sw_task *task) {
    const size_t width = (size_t)task->operands;
    for (size_t i = 0; i < task->inputs; i++) {
        size_t rest = i;
        for (size_t k = width; k-- > 0; rest /= (size_t)task->entities)
            operand[i * width + k] = (int32_t)(rest % (size_t)task->entities);
    }
}

/* The mirrors (b, a) where the table commutes: no input and its mirror have different labels. */
static sw_status find_mirrors(sw_task *task) {
    if (task->operands != 2) return SW_OK;
    int32_t *mirror = sw_task_alloc(task, task->inputs, sizeof *mirror);
    if (mirror == NULL) return SW_E_MEMORY;
    bool commutes = true;
    for (size_t i = 0; i < task->inputs && commutes; i++) {
        mirror[i] = sw_task_index(task, sw_task_operand(task, i, 1), sw_task_operand(task, i, 0), -1);
        commutes = mirror[i] < 0 || task->true_label[mirror[i]] == task->true_label[i];
    }
    if (commutes) task->mirror = mirror;
    return SW_OK;
}

/* Every label once in each row and each column of a full table of two operands. */
static bool is_latin(const sw_task *task) {
    const size_t n = (size_t)task->entities;
    int8_t seen[SW_TASK_ENTITIES_MAX];
    for (size_t line = 0; line < 2 * n; line++) {
        const bool row = line < n;
        memset(seen, 0, n);
        for (size_t i = 0; i < n; i++) {
            int8_t *label = &seen[task->true_label[row ? line * n + i : i * n + line - n]];
            if (*label != 0) return false;
            *label = 1;
        }
    }
    return true;
}

/* An associative product whose table is a Latin square is a group's. */
static bool is_group(const sw_task *task) {
    return task->closed && !task->listed && is_latin(task) && sw_families[SW_FAMILY_ASSOCIATIVITY]->decide(task);
}

static sw_status fill_data(sw_task *task) {
    const size_t width = (size_t)task->operands;
    int32_t *operand = malloc(task->inputs * width * sizeof *operand);
    if (operand == NULL) return sw_fail(SW_E_MEMORY, "no memory for a table of %zu inputs", task->inputs);
    if (!task->listed) fill_operands(operand, task);
    sw_status status = task->kind->fill(task, operand);
    if (status == SW_OK)
        for (size_t i = 0; i < task->inputs; i++) set_input(task, i, operand + i * width, 0);
    free(operand);
    if (status != SW_OK) return status;
    task->group = is_group(task);
    return find_mirrors(task);
}

static sw_status build(sw_task *task, uint32_t data_seed) {
    sw_status status = sw_arena_create(&task->arena);
    if (status != SW_OK) return status;
    task->input = sw_task_alloc(task, task->inputs * (size_t)task->tokens, sizeof *task->input);
    task->label = sw_task_alloc(task, task->inputs, sizeof *task->label);
    task->true_label = sw_task_alloc(task, task->inputs, sizeof *task->true_label);
    if (task->input == NULL || task->label == NULL || task->true_label == NULL) return SW_E_MEMORY;
    if (has_mirrors(task)) {
        task->mirror = sw_task_alloc(task, task->inputs, sizeof *task->mirror);
        if (task->mirror == NULL) return SW_E_MEMORY;
    }
    status = task->kind->build != NULL ? task->kind->build(task) : SW_OK;
    if (status != SW_OK) return status;
    if (task->kind->fill != NULL) {
        status = fill_data(task);
        if (status != SW_OK) return status;
    } else {
        fill_entries(task);
    }
    status = shuffle_labels(task, data_seed);
    return status != SW_OK ? status : group_by_label(task);
}

sw_status sw_task_create_table(sw_task **out, const sw_task_config *config, const sw_model_config *model,
                               uint32_t data_seed) {
    *out = NULL;
    sw_task *task = malloc(sizeof *task);
    if (task == NULL) return sw_fail(SW_E_MEMORY, "no memory for a task");
    sw_status status = sw_task_describe(task, config, model);
    if (status == SW_OK) status = build(task, data_seed);
    if (status != SW_OK) {
        sw_task_destroy_table(task);
        return status;
    }
    *out = task;
    return SW_OK;
}

void sw_task_destroy_table(sw_task *task) {
    if (task == NULL) return;
    sw_arena_destroy(task->arena);
    free(task);
}

/* ---- split ---- */

size_t sw_task_split(int8_t *split, const sw_task *task, const sw_run_config *config) {
    const size_t n = task->inputs, train = sw_run_train(config, n);
    int32_t *order = malloc(n * sizeof *order);
    if (order == NULL) {
        (void)sw_fail(SW_E_MEMORY, "no memory for the split of %zu inputs", n);
        return 0;
    }
    sw_random_permutation(order, n, config->data_seed, SW_STREAM_SPLIT, 0);
    memset(split, 0, n * sizeof *split);
    for (size_t i = 0; i < train; i++) split[order[i]] = 1;
    free(order);
    return train;
}

/* ---- noise in the train labels ---- */

size_t sw_task_noisy_count(const sw_task_config *config, size_t train) {
    return (size_t)llround(config->label_noise * (double)train);
}

sw_status sw_task_add_noise(sw_task *task, const int8_t *split, uint32_t data_seed) {
    const size_t inputs = task->inputs;
    size_t train = 0;
    if (!(task->config.label_noise > 0)) return SW_OK;
    int32_t *of_train = malloc(2 * inputs * sizeof *of_train), *order = of_train + inputs;
    if (of_train == NULL) return sw_fail(SW_E_MEMORY, "label_noise: no memory for %zu labels", inputs);
    task->clean_label = sw_task_alloc(task, inputs, sizeof *task->clean_label);
    if (task->clean_label == NULL) {
        free(of_train);
        return SW_E_MEMORY;
    }
    memcpy(task->clean_label, task->label, inputs * sizeof *task->label);
    for (size_t i = 0; i < inputs; i++)
        if (split[i] == 1) of_train[train++] = (int32_t)i;
    sw_random_permutation(order, train, data_seed, SW_STREAM_LABEL_NOISE, 0);
    for (size_t k = 0, noisy = sw_task_noisy_count(&task->config, train); k < noisy; k++) {
        const int32_t i = of_train[order[k]], others = task->classes - 1;
        const int32_t drawn =
            (int32_t)sw_random_below(data_seed, SW_STREAM_LABEL_NOISE, 1, (uint64_t)i, (uint64_t)others);
        task->label[i] = drawn + (drawn >= task->clean_label[i]);
    }
    free(of_train);
    return group_by_label(task);
}

double sw_task_majority(const sw_task *task) {
    int32_t most = 0;
    for (int32_t c = 0; c < task->classes; c++) {
        const int32_t count = task->label_start[c + 1] - task->label_start[c];
        if (count > most) most = count;
    }
    return (double)most / (double)task->inputs;
}
