/* automorphism.c: finds the symmetries of a task's table once, and gives them to the tasks that are built. */
#include "tasks/automorphism.h"

#include "symsweep/discover.h"
#include "symsweep/json.h"
#include "symsweep/symmetry_file.h"
#include "tasks/task.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- found once a table ---- */

enum { KNOWN = 64 };

typedef struct known_group {
    sw_task_config config; /* reduced to what the group depends on */
    bool used;
    sw_automorphism_facts facts;
    int32_t *generators; /* malloc'ed, as the texts are */
} known_group;

static known_group known[KNOWN];
static size_t next;

static sw_status discover(known_group *found, const sw_symmetry_table *table) {
    const sw_automorphism_config *wanted = &found->config.automorphism;
    sw_discovery group;
    sw_status status = sw_discover_group(&group, table, (sw_symmetry_scope)wanted->scope, wanted->time_limit);
    if (status != SW_OK) return status;
    found->facts.count = group.acting;
    found->facts.order_log10 = group.order_log10;
    found->generators = group.generators;
    group.generators = NULL;
    sw_discover_release(&group);
    return SW_OK;
}

static bool fixes_classes(const sw_symmetry_shape *shape, const int32_t *map) {
    int32_t c = 0;
    while (c < shape->classes && map[shape->class_start + c] == c) c++;
    return c == shape->classes;
}

/* Does a symmetry move an input, or a class? One that exchanges the places of equal operands moves neither. */
static bool moves(const sw_symmetry_table *table, const int32_t *map) {
    if (!fixes_classes(&table->shape, map)) return true;
    for (size_t i = 0; i < table->inputs; i++)
        if (sw_symmetry_image(table, map, i) != (int64_t)i) return true;
    return false;
}

static sw_status find(known_group *found, const sw_task *task) {
    const sw_automorphism_config *wanted = &found->config.automorphism;
    const bool from_file = wanted->file[0] != '\0';
    if (!from_file && wanted->time_limit < 0) return SW_OK;
    if (!from_file && task->inputs > SW_AUTOMORPHISM_INPUTS_MAX)
        return sw_fail(SW_E_CONFIG,
                       "a table of %zu inputs is not searched for symmetries before a run; at most %d: write its "
                       "generators with symsweep symmetries -o FILE, and give FILE as symmetry.automorphism.source",
                       task->inputs, SW_AUTOMORPHISM_INPUTS_MAX);
    sw_symmetry_table table;
    sw_status status = sw_symmetry_table_create(&table, task);
    if (status != SW_OK) return status;
    found->facts.shape = table.shape;
    if (from_file) {
        found->facts.order_log10 = NAN;
        status = sw_symmetry_file_read(&found->generators, &found->facts.count, wanted->file, wanted->file_sha256,
                                       &table, (sw_symmetry_scope)wanted->scope);
    } else {
        status = discover(found, &table);
    }
    bool any = false;
    for (size_t g = 0; g < found->facts.count && status == SW_OK && !any; g++)
        any = moves(&table, found->generators + g * (size_t)table.shape.length);
    if (!any) found->facts.count = 0;
    if (!any && from_file && status == SW_OK)
        snprintf(found->facts.reason, sizeof found->facts.reason, "no generator of %.160s moves an input or a class",
                 wanted->file);
    if (any) status = sw_symmetry_texts(&found->facts.text, task, &table.shape, found->generators, found->facts.count);
    sw_symmetry_table_release(&table);
    return status;
}

/* Without a group because of this; no memory is for the caller to say. */
static sw_status refuse(known_group *found, sw_status status) {
    if (status == SW_E_MEMORY || (status == SW_E_CONFIG && found->config.automorphism.file[0] != '\0')) return status;
    found->facts.late = status == SW_E_INTERRUPTED;
    snprintf(found->facts.reason, sizeof found->facts.reason, "%s%s", sw_fail_message(),
             found->facts.late ? " (symmetry.automorphism.time_limit)" : "");
    sw_fail_clear();
    return SW_OK;
}

/* What was found in one time is so in any other, but for none at all. */
static bool answers(const known_group *found, const sw_task_config *reduced) {
    sw_task_config same;
    memcpy(&same, reduced, sizeof same); /* gaps too */
    if (!found->facts.late && found->config.automorphism.time_limit >= 0 && reduced->automorphism.time_limit >= 0)
        same.automorphism.time_limit = found->config.automorphism.time_limit;
    return memcmp(&found->config, &same, sizeof same) == 0;
}

sw_status sw_automorphism_describe(sw_automorphism_facts *out, const sw_task_config *config) {
    static const sw_model_config bare = {.kind = SW_MODEL_MLP};
    sw_task_config reduced = *config;
    reduced.label_shuffle = reduced.label_noise = 0;
    reduced.automorphism.elements = 0;
    for (size_t i = 0; i < KNOWN; i++) {
        if (!known[i].used || !answers(&known[i], &reduced)) continue;
        *out = known[i].facts;
        return SW_OK;
    }
    known_group *slot = &known[next++ % KNOWN];
    free(slot->generators);
    free(slot->facts.text);
    *slot = (known_group){.config = reduced};
    memcpy(&slot->config, &reduced, sizeof reduced); /* gaps too: configurations are compared as bytes */
    sw_task *task;
    sw_status status = sw_task_create_table(&task, &slot->config, &bare, 0);
    if (status == SW_OK) {
        status = find(slot, task);
        if (status != SW_OK) status = refuse(slot, status);
        sw_task_destroy_table(task);
    }
    if (status != SW_OK) return status;
    slot->facts.generators = slot->generators;
    slot->used = true;
    *out = slot->facts;
    return SW_OK;
}

/* ---- in a task ---- */

static sw_status draw_elements(sw_automorphisms *group, size_t count) {
    const size_t length = (size_t)group->table.shape.length;
    sw_symmetry_random *random;
    group->elements = calloc(count, length * sizeof *group->elements);
    if (group->elements == NULL) return sw_fail(SW_E_MEMORY, "no memory for %zu symmetries", count);
    sw_status status =
        sw_symmetry_random_create(&random, &group->table.shape, group->generators, group->generator_count, 0);
    if (status != SW_OK) return status;
    for (size_t i = 0; i < count; i++)
        memcpy(group->elements + i * length, sw_symmetry_random_next(random), length * sizeof *group->elements);
    group->element_count = count;
    sw_symmetry_random_destroy(random);
    return SW_OK;
}

static sw_status find_fixed(sw_automorphisms *group) {
    const sw_symmetry_shape *shape = &group->table.shape;
    group->fixes_classes = malloc(group->element_count * sizeof *group->fixes_classes);
    if (group->fixes_classes == NULL) return sw_fail(SW_E_MEMORY, "no memory for %zu symmetries", group->element_count);
    for (size_t i = 0; i < group->element_count; i++)
        group->fixes_classes[i] = fixes_classes(shape, group->elements + i * (size_t)shape->length);
    return SW_OK;
}

sw_status sw_automorphism_attach(sw_task *task) {
    sw_automorphism_facts facts;
    sw_status status = sw_automorphism_describe(&facts, &task->config);
    if (status != SW_OK || facts.count == 0) return status;
    sw_automorphisms *group = task->automorphisms = calloc(1, sizeof *group);
    const size_t bytes = facts.count * (size_t)facts.shape.length * sizeof *group->generators;
    if (group != NULL) group->generators = malloc(bytes);
    if (group == NULL || group->generators == NULL)
        return sw_fail(SW_E_MEMORY, "no memory for %zu symmetries", facts.count);
    memcpy(group->generators, facts.generators, bytes);
    group->generator_count = group->element_count = facts.count;
    status = sw_symmetry_table_create(&group->table, task);
    if (status != SW_OK) return status;
    group->elements = group->generators;
    if (task->config.automorphism.elements > 0)
        status = draw_elements(group, (size_t)task->config.automorphism.elements);
    return status == SW_OK ? find_fixed(group) : status;
}

void sw_automorphism_release(sw_task *task) {
    sw_automorphisms *group = task->automorphisms;
    if (group == NULL) return;
    if (group->elements != group->generators) free(group->elements);
    free(group->generators);
    free(group->fixes_classes);
    sw_symmetry_table_release(&group->table);
    free(group);
    task->automorphisms = NULL;
}

/* ---- as JSON ---- */

static void write_numbers(sw_json *json, const int32_t *numbers, int32_t count) {
    sw_json_begin_array(json);
    for (int32_t i = 0; i < count; i++) sw_json_integer(json, numbers[i]);
    sw_json_end_array(json);
}

static void write_map(sw_json *json, const sw_symmetry_shape *shape, const int32_t *map, const char *text) {
    sw_json_begin_object(json);
    sw_json_key(json, "positions");
    write_numbers(json, map, shape->positions);
    sw_json_member_array(json, "tokens");
    for (int32_t j = 0; j < shape->positions; j++) write_numbers(json, map + shape->start[j], shape->size[j]);
    sw_json_end_array(json);
    sw_json_key(json, "classes");
    write_numbers(json, map + shape->class_start, shape->classes);
    if (text != NULL) sw_json_member_string(json, "text", text);
    sw_json_end_object(json);
}

void sw_automorphism_write(sw_json *json, const sw_symmetry_shape *shape, const int32_t *maps,
                           char (*text)[SW_SYMMETRY_TEXT], size_t count) {
    sw_json_begin_array(json);
    for (size_t i = 0; i < count; i++)
        write_map(json, shape, maps + i * (size_t)shape->length, text != NULL ? text[i] : NULL);
    sw_json_end_array(json);
}
