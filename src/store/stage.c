/* stage.c: writes of one phase of a flush, put together. */
#include "store/stage.h"

#include <stdlib.h>
#include <string.h>

/* Larger writes gain nothing from company; a box of rows is not made larger than the second. */
static const size_t LARGE_BYTES = 65536, BOX_BYTES = (size_t)4 << 20;

typedef struct item {
    hid_t type;
    size_t number; /* of this item */
    int64_t row;
    hsize_t at, count[SW_RANK_MAX - 1];
    size_t offset, bytes; /* of the values */
} item;

/* The items of one column. They mostly come in the order in which they are written. */
typedef struct column_pile {
    const sw_column *column;
    item *items;
    size_t count, capacity;
    bool ordered;
} column_pile;

struct sw_stage {
    column_pile *piles;
    size_t pile_count, pile_capacity;
    size_t *slots; /* hash table of columns: number of the pile + 1, or 0 */
    size_t slot_count;
    size_t *turn; /* [pile_count] piles with items, in order of their first one */
    size_t turns, turn_capacity;
    size_t number; /* of the next item */
    char *values;
    size_t bytes, bytes_capacity;
    char *box; /* values of several rows */
    size_t box_capacity;
};

sw_status sw_stage_create(sw_stage **out) {
    *out = calloc(1, sizeof **out);
    return *out ? SW_OK : sw_fail(SW_E_MEMORY, "staged writes");
}

void sw_stage_destroy(sw_stage *stage) {
    if (!stage) return;
    for (size_t i = 0; i < stage->pile_count; i++) free(stage->piles[i].items);
    free(stage->piles);
    free(stage->slots);
    free(stage->turn);
    free(stage->values);
    free(stage->box);
    free(stage);
}

/* ---- order ---- */

static int compare_numbers(uint64_t a, uint64_t b) { return (a > b) - (a < b); }

/* Same entries; by row; of two writes of one row the later comes later. */
static int by_place(const void *left, const void *right) {
    const item *a = left, *b = right;
    int order = compare_numbers(a->at, b->at);
    for (int i = 0; i < SW_RANK_MAX - 1 && !order; i++) order = compare_numbers(a->count[i], b->count[i]);
    if (!order) order = compare_numbers((uint64_t)a->row, (uint64_t)b->row);
    return order ? order : compare_numbers(a->number, b->number);
}

/* ---- collecting ---- */

static sw_status write_box(const sw_column *column, hid_t type, int64_t row, size_t rows, hsize_t at,
                           const hsize_t *count, const void *values) {
    hsize_t start[SW_RANK_MAX] = {(hsize_t)row, at}, size[SW_RANK_MAX] = {(hsize_t)rows};
    for (int i = 1; i < column->rank; i++) size[i] = count[i - 1];
    return sw_column_write_box(column, type, start, size, values);
}

static bool grow(void **data, size_t *capacity, size_t need, size_t size) {
    if (need <= *capacity) return true;
    const size_t more = need < 2 * *capacity ? 2 * *capacity : need + 256;
    void *grown = realloc(*data, more * size);
    if (!grown) return false;
    *data = grown;
    *capacity = more;
    return true;
}

/* Where the column is, or belongs, in the hash table, which has a free slot. */
static size_t slot_of(const sw_stage *stage, const sw_column *column) {
    size_t slot = (size_t)((uintptr_t)column / sizeof *column) % stage->slot_count;
    while (stage->slots[slot] != 0 && stage->piles[stage->slots[slot] - 1].column != column)
        slot = (slot + 1) % stage->slot_count;
    return slot;
}

/* Twice as many slots as piles, at least. */
static sw_status widen(sw_stage *stage) {
    const size_t count = 2 * stage->slot_count + 255;
    size_t *slots = calloc(count, sizeof *slots);
    if (!slots) return sw_fail(SW_E_MEMORY, "staged writes");
    free(stage->slots);
    stage->slots = slots;
    stage->slot_count = count;
    for (size_t i = 0; i < stage->pile_count; i++) stage->slots[slot_of(stage, stage->piles[i].column)] = i + 1;
    return SW_OK;
}

static sw_status find_pile(column_pile **out, sw_stage *stage, const sw_column *column) {
    if (2 * (stage->pile_count + 1) > stage->slot_count) {
        const sw_status status = widen(stage);
        if (status != SW_OK) return status;
    }
    const size_t slot = slot_of(stage, column);
    if (stage->slots[slot] == 0) {
        void *piles = stage->piles, *turn = stage->turn;
        const bool room = grow(&piles, &stage->pile_capacity, stage->pile_count + 1, sizeof *stage->piles);
        stage->piles = piles;
        const bool space = room && grow(&turn, &stage->turn_capacity, stage->pile_count + 1, sizeof *stage->turn);
        stage->turn = turn;
        if (!space) return sw_fail(SW_E_MEMORY, "%s: staged writes", column->path);
        stage->piles[stage->pile_count++] = (column_pile){.column = column, .ordered = true};
        stage->slots[slot] = stage->pile_count;
    }
    *out = &stage->piles[stage->slots[slot] - 1];
    return SW_OK;
}

sw_status sw_stage_put(sw_stage *stage, const sw_column *column, hid_t memory_type, int64_t row, hsize_t at,
                       const hsize_t *count, const void *values) {
    size_t bytes = H5Tget_size(memory_type);
    for (int i = 1; i < column->rank; i++) bytes *= count[i - 1];
    if (bytes > LARGE_BYTES) return write_box(column, memory_type, row, 1, at, count, values);
    column_pile *pile = NULL;
    sw_status status = find_pile(&pile, stage, column);
    if (status != SW_OK) return status;
    void *items = pile->items, *kept = stage->values;
    const bool room = grow(&items, &pile->capacity, pile->count + 1, sizeof *pile->items);
    pile->items = items;
    const bool space = room && grow(&kept, &stage->bytes_capacity, stage->bytes + bytes, 1);
    stage->values = kept;
    if (!space) return sw_fail(SW_E_MEMORY, "%s: staged writes", column->path);

    item *new = &pile->items[pile->count];
    *new = (item){
        .type = memory_type, .number = stage->number++, .row = row, .at = at, .offset = stage->bytes, .bytes = bytes};
    for (int i = 1; i < column->rank; i++) new->count[i - 1] = count[i - 1];
    if (pile->count == 0)
        stage->turn[stage->turns++] = (size_t)(pile - stage->piles);
    else if (by_place(new - 1, new) > 0)
        pile->ordered = false;
    pile->count++;
    memcpy(stage->values + stage->bytes, values, bytes);
    stage->bytes += bytes;
    return SW_OK;
}

/* ---- writing ---- */

static bool same_entries(const item *a, const item *b) {
    return a->type == b->type && a->at == b->at && memcmp(a->count, b->count, sizeof a->count) == 0;
}

/* Writes items [first, end) of a pile: one box of rows without gaps. */
static sw_status write_rows(sw_stage *stage, const column_pile *pile, size_t first, size_t end) {
    const item *head = &pile->items[first];
    const size_t rows = (size_t)(pile->items[end - 1].row - head->row) + 1;
    void *box = stage->box;
    const bool room = grow(&box, &stage->box_capacity, rows * head->bytes, 1);
    stage->box = box;
    if (!room) return sw_fail(SW_E_MEMORY, "%s: staged writes", pile->column->path);
    for (size_t i = first; i < end; i++) { /* in order of staging within a row: the last one stays */
        const item *one = &pile->items[i];
        memcpy(stage->box + (size_t)(one->row - head->row) * head->bytes, stage->values + one->offset, one->bytes);
    }
    return write_box(pile->column, head->type, head->row, rows, head->at, head->count, stage->box);
}

static sw_status write_pile(sw_stage *stage, column_pile *pile) {
    sw_status status = SW_OK;
    if (!pile->ordered) qsort(pile->items, pile->count, sizeof *pile->items, by_place);
    for (size_t first = 0, end; first < pile->count && status == SW_OK; first = end) {
        const item *head = &pile->items[first];
        for (end = first + 1; end < pile->count; end++) {
            const item *one = &pile->items[end];
            if (!same_entries(head, one) || one->row > pile->items[end - 1].row + 1) break;
            if ((size_t)(one->row - head->row + 1) * head->bytes > BOX_BYTES) break;
        }
        status = write_rows(stage, pile, first, end);
    }
    return status;
}

sw_status sw_stage_write(sw_stage *stage) {
    sw_status status = SW_OK;
    for (size_t i = 0; i < stage->turns && status == SW_OK; i++)
        status = write_pile(stage, &stage->piles[stage->turn[i]]);
    sw_stage_clear(stage);
    return status;
}

void sw_stage_clear(sw_stage *stage) {
    for (size_t i = 0; i < stage->turns; i++) {
        stage->piles[stage->turn[i]].count = 0;
        stage->piles[stage->turn[i]].ordered = true;
    }
    stage->turns = stage->number = stage->bytes = 0;
}
