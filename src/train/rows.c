/* rows.c: the inputs of one forward pass, each once. */
#include "train/rows.h"

#include <assert.h>
#include <string.h>

sw_status sw_rows_create(sw_rows *rows, const sw_task *task, size_t capacity, sw_arena *arena) {
    *rows = (sw_rows){.task = task, .capacity = capacity};
    rows->row_of = sw_arena_alloc(arena, task->inputs, sizeof *rows->row_of);
    rows->input = sw_arena_alloc(arena, capacity, sizeof *rows->input);
    rows->tokens = sw_arena_alloc(arena, capacity, (size_t)task->tokens * sizeof *rows->tokens);
    if (!rows->row_of || !rows->input || !rows->tokens) return SW_E_MEMORY;
    for (size_t i = 0; i < task->inputs; i++) rows->row_of[i] = -1;
    return SW_OK;
}

void sw_rows_truncate(sw_rows *rows, size_t keep) {
    for (size_t r = keep; r < rows->count; r++) rows->row_of[rows->input[r]] = -1;
    rows->count = keep < rows->count ? keep : rows->count;
}

int32_t sw_rows_add(sw_rows *rows, int32_t input) {
    if (rows->row_of[input] >= 0) return rows->row_of[input];
    assert(rows->count < rows->capacity);
    size_t tokens = (size_t)rows->task->tokens;
    memcpy(rows->tokens + rows->count * tokens, rows->task->input + (size_t)input * tokens, tokens * sizeof(int32_t));
    rows->input[rows->count] = input;
    return rows->row_of[input] = (int32_t)rows->count++;
}
