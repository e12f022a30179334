/* stage.c: writes of one phase of a flush, put together. */
#include "store/stage.h"

#include <stdlib.h>
#include <string.h>

/* Larger writes gain nothing from company; a box of rows is not made larger than the second. */
static const size_t LARGE_BYTES = 65536, BOX_BYTES = (size_t)4 << 20;

typedef struct item {
    const sw_column *column;
    hid_t type;
    size_t order;    /* of the column: the number of the first item for it */
    size_t number;   /* of this item */
    int64_t row;
    hsize_t at, count[SW_H5_RANK_MAX - 1];
    size_t offset, bytes; /* of the values */
} item;

struct sw_stage {
    item *items;
    size_t count, capacity;
    char *values;
    size_t bytes, bytes_capacity;
    char *box;       /* values of several rows */
    size_t box_capacity;
};

sw_status sw_stage_create(sw_stage **out)
{
    *out = calloc(1, sizeof **out);
    return *out ? SW_OK : sw_fail(SW_E_MEMORY, "staged writes");
}

void sw_stage_destroy(sw_stage *stage)
{
    if (!stage) return;
    free(stage->items);
    free(stage->values);
    free(stage->box);
    free(stage);
}

/* ---- collecting ---- */

static sw_status write_box(const sw_column *column, hid_t type, int64_t row, size_t rows, hsize_t at,
                           const hsize_t *count, const void *values)
{
    hsize_t start[SW_H5_RANK_MAX] = {(hsize_t)row, at}, size[SW_H5_RANK_MAX] = {(hsize_t)rows};
    for (int i = 1; i < column->rank; i++) size[i] = count[i - 1];
    return sw_h5_write_box(column->dataset, column->path, type, column->rank, start, size, values);
}

static bool grow(void **data, size_t *capacity, size_t need, size_t size)
{
    if (need <= *capacity) return true;
    const size_t more = need < 2 * *capacity ? 2 * *capacity : need + 256;
    void *grown = realloc(*data, more * size);
    if (!grown) return false;
    *data = grown;
    *capacity = more;
    return true;
}

sw_status sw_stage_put(sw_stage *stage, const sw_column *column, hid_t memory_type, int64_t row, hsize_t at,
                       const hsize_t *count, const void *values)
{
    size_t bytes = H5Tget_size(memory_type);
    for (int i = 1; i < column->rank; i++) bytes *= count[i - 1];
    if (bytes > LARGE_BYTES) return write_box(column, memory_type, row, 1, at, count, values);
    void *items = stage->items, *kept = stage->values;
    const bool room = grow(&items, &stage->capacity, stage->count + 1, sizeof *stage->items);
    stage->items = items;
    const bool space = room && grow(&kept, &stage->bytes_capacity, stage->bytes + bytes, 1);
    stage->values = kept;
    if (!space) return sw_fail(SW_E_MEMORY, "%s: staged writes", column->path);

    item *new = &stage->items[stage->count];
    *new = (item){.column = column,
                  .type = memory_type,
                  .number = stage->count++,
                  .row = row,
                  .at = at,
                  .offset = stage->bytes,
                  .bytes = bytes};
    for (int i = 1; i < column->rank; i++) new->count[i - 1] = count[i - 1];
    memcpy(stage->values + stage->bytes, values, bytes);
    stage->bytes += bytes;
    return SW_OK;
}

/* ---- writing ---- */

static int compare_numbers(uint64_t a, uint64_t b) { return (a > b) - (a < b); }

static int by_column(const void *left, const void *right)
{
    const item *a = left, *b = right;
    const int order = compare_numbers((uintptr_t)a->column, (uintptr_t)b->column);
    return order ? order : compare_numbers(a->number, b->number);
}

/* Same column, same entries; by row; of two writes of one row the later comes later. */
static int by_place(const void *left, const void *right)
{
    const item *a = left, *b = right;
    int order = compare_numbers(a->order, b->order);
    if (!order) order = compare_numbers(a->at, b->at);
    for (int i = 0; i < SW_H5_RANK_MAX - 1 && !order; i++) order = compare_numbers(a->count[i], b->count[i]);
    if (!order) order = compare_numbers((uint64_t)a->row, (uint64_t)b->row);
    return order ? order : compare_numbers(a->number, b->number);
}

static void sort_items(sw_stage *stage)
{
    if (stage->count == 0) return; /* there may be no array yet */
    qsort(stage->items, stage->count, sizeof *stage->items, by_column);
    for (size_t i = 0, first = 0; i < stage->count; i++) {
        if (stage->items[i].column != stage->items[first].column) first = i;
        stage->items[i].order = stage->items[first].number;
    }
    qsort(stage->items, stage->count, sizeof *stage->items, by_place);
}

static bool same_entries(const item *a, const item *b)
{
    return a->column == b->column && a->type == b->type && a->at == b->at &&
           memcmp(a->count, b->count, sizeof a->count) == 0;
}

/* Writes items [first, end): one box of rows without gaps. */
static sw_status write_rows(sw_stage *stage, size_t first, size_t end)
{
    const item *head = &stage->items[first];
    const size_t rows = (size_t)(stage->items[end - 1].row - head->row) + 1;
    void *box = stage->box;
    const bool room = grow(&box, &stage->box_capacity, rows * head->bytes, 1);
    stage->box = box;
    if (!room) return sw_fail(SW_E_MEMORY, "%s: staged writes", head->column->path);
    for (size_t i = first; i < end; i++) { /* in order of staging within a row: the last one stays */
        const item *one = &stage->items[i];
        memcpy(stage->box + (size_t)(one->row - head->row) * head->bytes, stage->values + one->offset, one->bytes);
    }
    return write_box(head->column, head->type, head->row, rows, head->at, head->count, stage->box);
}

sw_status sw_stage_write(sw_stage *stage)
{
    sw_status status = SW_OK;
    sort_items(stage);
    for (size_t first = 0, end; first < stage->count && !status; first = end) {
        const item *head = &stage->items[first];
        for (end = first + 1; end < stage->count; end++) {
            const item *one = &stage->items[end];
            if (!same_entries(head, one) || one->row > stage->items[end - 1].row + 1) break;
            if ((size_t)(one->row - head->row + 1) * head->bytes > BOX_BYTES) break;
        }
        status = write_rows(stage, first, end);
    }
    sw_stage_clear(stage);
    return status;
}

void sw_stage_clear(sw_stage *stage) { stage->count = stage->bytes = 0; }
