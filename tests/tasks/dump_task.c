/* dump_task.c: prints a task as JSON, for tests that compare it with an independent generator.
 *
 * dump_task [key=value ...]: kind, label_shuffle, operation, p, graph, nodes, sides, dimension, branching, depth,
 * file, sha256, component, label_noise (applied to the split), form, attribute, group, n, factors (names as numbers of
 * their enums, lists apart by commas), header, scope (free, tied), elements, expression, bits, relevant,
 * symmetry_order, scramble, table_seed, readout, separate, mlp, data_seed, train_fraction, tuples=1 (list every tuple),
 * derived=BITS, inputs, intermediate (of all families). A task that is refused gives {"status": code, "message": text}.
 */
#include "symsweep/automorphism.h"
#include "symsweep/json.h"
#include "symsweep/task.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct options {
    sw_task_config task;
    sw_model_config model;
    uint32_t data_seed, derived;
    double train_fraction;
    bool tuples;
    int32_t inputs, intermediate;
} options;

static int32_t read_list(int32_t *out, int32_t capacity, const char *text) {
    int32_t count = 0;
    for (const char *at = text; *at != '\0' && count < capacity; count++) {
        char *end;
        out[count] = (int32_t)strtol(at, &end, 10);
        at = *end == ',' ? end + 1 : end;
    }
    return count;
}

static void read_digest(uint8_t *out, const char *hex) {
    for (int i = 0; i < 32; i++) {
        const char pair[3] = {hex[2 * i], hex[2 * i + 1], '\0'};
        out[i] = (uint8_t)strtoul(pair, NULL, 16);
    }
}

static bool read_option(options *o, const char *key, const char *value) {
    const struct {
        const char *name;
        int32_t *target;
    } integers[] = {{"kind", &o->task.kind},
                    {"operation", &o->task.operation},
                    {"p", &o->task.p},
                    {"graph", &o->task.graph},
                    {"nodes", &o->task.nodes},
                    {"dimension", &o->task.dimension},
                    {"branching", &o->task.branching},
                    {"depth", &o->task.depth},
                    {"component", &o->task.component},
                    {"form", &o->task.form},
                    {"attribute", &o->task.attribute},
                    {"group", &o->task.group},
                    {"n", &o->task.n},
                    {"bits", &o->task.bits},
                    {"relevant", &o->task.relevant},
                    {"symmetry_order", &o->task.symmetry_order},
                    {"scramble", &o->task.scramble},
                    {"inputs", &o->inputs},
                    {"intermediate", &o->intermediate}};
    for (size_t i = 0; i < sizeof integers / sizeof integers[0]; i++) {
        if (strcmp(key, integers[i].name) != 0) continue;
        *integers[i].target = (int32_t)strtol(value, NULL, 10);
        return true;
    }
    if (strcmp(key, "sides") == 0)
        o->task.side_count = read_list(o->task.sides, SW_SIDES_MAX, value);
    else if (strcmp(key, "factors") == 0)
        o->task.factor_count = read_list(o->task.factors, SW_FACTORS_MAX, value);
    else if (strcmp(key, "file") == 0)
        snprintf(o->task.file, sizeof o->task.file, "%s", value);
    else if (strcmp(key, "expression") == 0)
        snprintf(o->task.expression, sizeof o->task.expression, "%s", value);
    else if (strcmp(key, "sha256") == 0 && strlen(value) == 64)
        read_digest(o->task.file_sha256, value);
    else if (strcmp(key, "label_shuffle") == 0)
        o->task.label_shuffle = strtod(value, NULL);
    else if (strcmp(key, "label_noise") == 0)
        o->task.label_noise = strtod(value, NULL);
    else if (strcmp(key, "train_fraction") == 0)
        o->train_fraction = strtod(value, NULL);
    else if (strcmp(key, "data_seed") == 0)
        o->data_seed = (uint32_t)strtoul(value, NULL, 10);
    else if (strcmp(key, "derived") == 0)
        o->derived = (uint32_t)strtoul(value, NULL, 10);
    else if (strcmp(key, "readout") == 0)
        o->model.readout_token = value[0] == '1';
    else if (strcmp(key, "mlp") == 0)
        o->model.kind = value[0] == '1' ? SW_MODEL_MLP : SW_MODEL_TRANSFORMER;
    else if (strcmp(key, "separate") == 0)
        o->model.operand_embeddings = value[0] == '1' ? SW_OPERANDS_SEPARATE : SW_OPERANDS_TIED;
    else if (strcmp(key, "table_seed") == 0)
        o->task.table_seed = (uint32_t)strtoul(value, NULL, 10);
    else if (strcmp(key, "header") == 0)
        o->task.header = value[0] == '1';
    else if (strcmp(key, "scope") == 0)
        o->task.automorphism.scope = value[0] == 't';
    else if (strcmp(key, "elements") == 0)
        o->task.automorphism.elements = strtol(value, NULL, 10);
    else if (strcmp(key, "time_limit") == 0)
        o->task.automorphism.time_limit = strtod(value, NULL);
    else if (strcmp(key, "tuples") == 0)
        o->tuples = value[0] == '1';
    else
        return false;
    return true;
}

static void write_integers(sw_json *json, const char *key, const int32_t *value, size_t count) {
    sw_json_key(json, key);
    if (value == NULL) {
        sw_json_null(json);
        return;
    }
    sw_json_begin_array(json);
    for (size_t i = 0; i < count; i++) sw_json_integer(json, value[i]);
    sw_json_end_array(json);
}

static void write_number(sw_json *json, const char *key, double value) { sw_json_member_number(json, key, value); }

static void write_tuples(sw_json *json, const sw_task *task, const sw_family *family) {
    sw_json_member_array(json, "tuples");
    const uint64_t count = family->candidates(task);
    for (uint64_t i = 0; i < count; i++) {
        sw_tuple tuple;
        if (!family->candidate(task, i, &tuple)) continue;
        sw_json_begin_array(json);
        for (int k = 0; k < family->arity; k++) sw_json_integer(json, tuple.input[k]);
        sw_json_integer(json, tuple.map);
        sw_json_end_array(json);
    }
    sw_json_end_array(json);
}

static sw_status write_family(sw_json *json, const sw_task *task, sw_family_id f, bool tuples) {
    const sw_family *family = sw_families[f];
    const bool applies = family->applies(&task->config);
    int32_t *maps = NULL;
    sw_status status = SW_OK;
    sw_json_member_object(json, sw_family_names[f]);
    sw_json_member_bool(json, "applies", applies);
    if (applies) {
        status = sw_families_class_maps(&maps, task, f);
        sw_json_member_bool(json, "holds", sw_families_holds(&task->config, f));
        write_number(json, "compare", family->compare);
        write_integers(json, "maps", maps, maps == NULL ? 0 : (size_t)family->maps(task) * (size_t)task->classes);
        if (tuples) write_tuples(json, task, family);
    }
    sw_json_end_object(json);
    free(maps);
    return status;
}

static void write_task(sw_json *json, const sw_task *task) {
    const size_t n = task->inputs, entities = (size_t)task->entities;
    write_number(json, "classes", task->classes);
    write_number(json, "tokens", task->tokens);
    write_number(json, "operands", task->operands);
    sw_json_member_bool(json, "listed", task->listed);
    sw_json_member_bool(json, "closed", task->closed);
    write_number(json, "entities", task->entities);
    write_number(json, "relations", task->relations);
    write_number(json, "vocabulary", task->vocabulary);
    write_number(json, "order", task->order);
    write_number(json, "majority", sw_task_majority(task));
    sw_json_member_bool(json, "abelian", task->abelian);
    write_integers(json, "factor", task->factor, (size_t)task->factor_count);
    write_integers(json, "exponent", task->exponent, entities * (size_t)task->factor_count);
    write_integers(json, "coordinate", task->coordinate, entities * (size_t)task->coordinate_count);
    write_integers(json, "distance", task->distance, entities * entities);
    write_integers(json, "product", task->product, entities * entities);
    sw_json_member_array(json, "character"); /* [characters, entities] */
    for (int32_t line = 0; line < task->characters; line++)
        for (int32_t e = 0; e < task->entities; e++) sw_json_number(json, sw_group_character(task, line, e));
    sw_json_end_array(json);
    write_integers(json, "input", task->input, n * (size_t)task->tokens);
    write_integers(json, "label", task->label, n);
    write_integers(json, "true_label", task->true_label, n);
    write_integers(json, "mirror", task->mirror, n);
}

static sw_status write_split(sw_json *json, sw_task *task, const options *o) {
    sw_family_config families[SW_FAMILY_COUNT] = {{0}};
    int8_t *flag = malloc(2 * task->inputs);
    if (flag == NULL) return sw_fail(SW_E_MEMORY, "no memory");
    int8_t *derived = flag + task->inputs;
    for (int f = 0; f < SW_FAMILY_COUNT; f++) {
        families[f].inputs = o->inputs;
        families[f].intermediate = o->intermediate;
    }
    const sw_run_config config = {.train_fraction = o->train_fraction, .data_seed = o->data_seed};
    sw_status status = sw_task_split(flag, task, &config) > 0 ? SW_OK : SW_E_MEMORY;
    if (status == SW_OK) status = sw_task_add_noise(task, flag, o->data_seed);
    write_integers(json, "noisy_label", task->label, task->inputs);
    write_integers(json, "clean_label", task->clean_label, task->clean_label == NULL ? 0 : task->inputs);
    if (status == SW_OK) status = sw_task_derived(derived, task, flag, families, o->derived);
    sw_json_member_array(json, "split");
    for (size_t i = 0; i < task->inputs && status == SW_OK; i++) sw_json_integer(json, flag[i]);
    sw_json_end_array(json);
    sw_json_member_array(json, "derived");
    for (size_t i = 0; i < task->inputs && status == SW_OK; i++) sw_json_integer(json, derived[i]);
    sw_json_end_array(json);
    free(flag);
    return status;
}

/* Numbers of a graph, and what else its file holds. */
static sw_status write_graph(sw_json *json, const options *o) {
    sw_graph_facts facts;
    if (o->task.kind != SW_TASK_GRAPH) return SW_OK;
    sw_status status = sw_graph_describe(&facts, &o->task);
    if (status != SW_OK) return status;
    const struct {
        const char *name;
        double value;
    } numbers[] = {{"nodes", facts.nodes},
                   {"edges", (double)facts.edges},
                   {"diameter", facts.diameter},
                   {"file_nodes", (double)facts.list.nodes},
                   {"components", (double)facts.list.components},
                   {"self_loops", (double)facts.list.self_loops},
                   {"repeats", (double)facts.list.repeats},
                   {"comments", (double)facts.list.comments},
                   {"header_line", (double)facts.list.header_line},
                   {"counts_line", (double)facts.list.counts_line},
                   {"further", (double)facts.list.further},
                   {"further_line", (double)facts.list.further_line},
                   {"named", facts.list.named}};
    sw_json_member_object(json, "graph");
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        write_number(json, numbers[i].name, numbers[i].value);
    sw_json_member_string(json, "further_text", facts.list.further_text);
    sw_json_end_object(json);
    return SW_OK;
}

static sw_status write_notes(sw_json *json, const options *o) {
    sw_table_notes notes;
    if (o->task.kind != SW_TASK_TABLE) return SW_OK;
    sw_status status = sw_table_describe(&notes, &o->task);
    if (status == SW_OK) write_number(json, "header_line", (double)notes.header_line);
    if (status == SW_OK) write_number(json, "lone_line", (double)notes.lone_line);
    if (status == SW_OK) write_number(json, "mixed_line", (double)notes.mixed_line);
    if (status == SW_OK) write_number(json, "mixed_column", (double)notes.mixed_column);
    return status;
}

static sw_status write_all(sw_json *json, sw_task *task, const options *o) {
    write_task(json, task);
    sw_status status = write_split(json, task, o);
    if (status == SW_OK) status = write_graph(json, o);
    if (status == SW_OK) status = write_notes(json, o);
    sw_json_key(json, "generators");
    const sw_automorphisms *group = task->automorphisms;
    if (group != NULL)
        sw_automorphism_write(json, &group->table.shape, group->generators, NULL, group->generator_count);
    else
        sw_automorphism_write(json, NULL, NULL, NULL, 0);
    sw_json_member_object(json, "families");
    for (int f = 0; f < SW_FAMILY_COUNT && status == SW_OK; f++)
        status = write_family(json, task, (sw_family_id)f, o->tuples);
    sw_json_end_object(json);
    return status;
}

int main(int argc, char **argv) {
    options o = {.task = {.p = 7, .nodes = 8, .n = 3, .automorphism.time_limit = 10}, .train_fraction = 0.5};
    sw_task *task = NULL;
    sw_json *json = NULL;
    for (int i = 1; i < argc; i++) {
        char *value = strchr(argv[i], '=');
        if (value != NULL) *value = '\0';
        if (value == NULL || !read_option(&o, argv[i], value + 1)) {
            fprintf(stderr, "dump_task: %s: expected key=value with a known key\n", argv[i]);
            return 2;
        }
    }
    sw_status status = sw_json_create(&json);
    if (status != SW_OK) return 1;
    sw_json_begin_object(json);
    status = sw_task_create(&task, &o.task, &o.model, o.data_seed);
    if (status == SW_OK) status = write_all(json, task, &o);
    write_number(json, "status", status);
    sw_json_member_string(json, "message", status != SW_OK ? sw_fail_message() : "");
    sw_json_end_object(json);
    const char *text = sw_json_text(json);
    if (text != NULL) puts(text);
    const bool complete = text != NULL;
    sw_json_destroy(json);
    sw_task_destroy(task);
    return complete ? 0 : 1;
}
