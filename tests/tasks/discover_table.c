/* discover_table.c: symmetry groups of tables from standard input, as JSON, for tests that know them otherwise.
 *
 * A table is numbers apart by blanks: operands, entities, relations (0 = none; else two operands with a relation
 * between them), classes, inputs, scope (0 free, 1 tied), seconds, random elements to draw, seed; then of each input
 * its tokens in their positions and its label. One line of JSON comes out for each table. */
#include "symsweep/discover.h"
#include "symsweep/json.h"

#include <stdio.h>
#include <stdlib.h>

typedef struct request {
    int operands, entities, relations, classes, inputs, scope, seconds, draws, seed;
} request;

static bool read_int(int *out) { return scanf("%d", out) == 1; }

static bool read_request(request *r) {
    int *const fields[] = {&r->operands, &r->entities, &r->relations, &r->classes, &r->inputs,
                           &r->scope,    &r->seconds,  &r->draws,     &r->seed};
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        if (!read_int(fields[i])) return false;
    return true;
}

/* A task that has only what a table of symmetries reads. */
static bool read_table(sw_task *task, const request *r) {
    *task = (sw_task){.operands = r->operands, .entities = r->entities, .relations = r->relations};
    task->classes = r->classes;
    task->inputs = (size_t)r->inputs;
    task->tokens = r->operands + (r->relations > 0);
    task->input = calloc(task->inputs * (size_t)task->tokens, sizeof *task->input);
    task->true_label = calloc(task->inputs, sizeof *task->true_label);
    if (task->input == NULL || task->true_label == NULL) return false;
    for (size_t i = 0; i < task->inputs; i++) {
        for (int j = 0; j < task->tokens; j++) {
            int *token = &task->input[i * (size_t)task->tokens + (size_t)j];
            if (!read_int(token)) return false;
            if (r->relations > 0 && j == 1) *token += r->entities;
        }
        if (!read_int(&task->true_label[i])) return false;
    }
    return true;
}

static void write_maps(sw_json *json, const char *key, const int32_t *map, size_t count, int32_t length) {
    sw_json_member_array(json, key);
    for (size_t k = 0; k < count; k++) {
        sw_json_begin_array(json);
        for (int32_t e = 0; e < length; e++) sw_json_integer(json, map[k * (size_t)length + (size_t)e]);
        sw_json_end_array(json);
    }
    sw_json_end_array(json);
}

static sw_status write_draws(sw_json *json, const sw_symmetry_table *table, const sw_discovery *found,
                             const request *r) {
    sw_symmetry_random *random = NULL;
    sw_status status =
        sw_symmetry_random_create(&random, &table->shape, found->generators, found->count, (uint32_t)r->seed);
    sw_json_member_array(json, "draws");
    for (int d = 0; d < r->draws && status == SW_OK; d++) {
        const int32_t *map = sw_symmetry_random_next(random);
        sw_json_begin_array(json);
        for (int32_t e = 0; e < table->shape.length; e++) sw_json_integer(json, map[e]);
        sw_json_end_array(json);
        status = sw_symmetry_check(table, map, (sw_symmetry_scope)r->scope);
    }
    sw_json_end_array(json);
    sw_symmetry_random_destroy(random);
    return status;
}

static sw_status write_discovery(sw_json *json, const sw_task *task, const request *r) {
    sw_symmetry_table table;
    sw_discovery found = {0};
    sw_status status = sw_symmetry_table_create(&table, task);
    if (status != SW_OK) return status;
    status = sw_discover_group(&found, &table, (sw_symmetry_scope)r->scope, r->seconds);
    if (status == SW_OK) {
        sw_json_member_string(json, "order", found.order);
        sw_json_member_number(json, "log10", found.order_log10);
        sw_json_member_integer(json, "orbits", (int64_t)found.orbits);
        write_maps(json, "orbit", found.orbit, 1, (int32_t)task->inputs);
        write_maps(json, "generators", found.generators, found.count, table.shape.length);
        status = write_draws(json, &table, &found, r);
    }
    sw_discover_release(&found);
    sw_symmetry_table_release(&table);
    return status;
}

int main(void) {
    for (request r; read_request(&r);) {
        sw_task task;
        sw_json *json;
        if (!read_table(&task, &r) || sw_json_create(&json) != SW_OK) return 1;
        sw_json_begin_object(json);
        const sw_status status = write_discovery(json, &task, &r);
        sw_json_member_integer(json, "status", status);
        sw_json_member_string(json, "message", status != SW_OK ? sw_fail_message() : "");
        sw_json_end_object(json);
        puts(sw_json_text(json));
        fflush(stdout);
        sw_json_destroy(json);
        free(task.input);
        free(task.true_label);
    }
    return 0;
}
