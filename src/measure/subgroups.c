/* subgroups.c: subgroups that one element or two generate, and their cosets. */
#include "measure/subgroups.h"

#include <string.h>

/* Subgroups as they are found: which elements they have. */
typedef struct finder {
    const int32_t *product;
    size_t n;
    int32_t identity;
    int32_t count, cyclic;
    int32_t *order;     /* [SW_SUBGROUPS_MAX] */
    int32_t *generator; /* [SW_SUBGROUPS_MAX] of those that are cyclic */
    uint64_t *hash;     /* [SW_SUBGROUPS_MAX] */
    int8_t *has;        /* [SW_SUBGROUPS_MAX + 1, n], the last one being looked at */
    int32_t *list;      /* [n] its elements */
} finder;

/* Into the row behind the last: what the elements generate, or nothing of it where that is the whole group. Returns how
 * many elements it has. */
static int32_t generate(finder *f, const int32_t *generator, size_t generators) {
    int8_t *has = f->has + (size_t)f->count * f->n;
    size_t length = 0;
    memset(has, 0, f->n);
    f->list[length++] = f->identity;
    has[f->identity] = 1;
    for (size_t i = 0; i < length && 2 * length <= f->n; i++)
        for (size_t k = 0; k < generators; k++) {
            const int32_t e = f->product[(size_t)f->list[i] * f->n + (size_t)generator[k]];
            if (!has[e]) f->list[length++] = e;
            has[e] = 1;
        }
    return 2 * length > f->n ? (int32_t)f->n : (int32_t)length;
}

static uint64_t hash_of(const int8_t *has, size_t n) {
    uint64_t hash = 14695981039346656037u; /* FNV-1a */
    for (size_t i = 0; i < n; i++) hash = (hash ^ (uint64_t)has[i]) * 1099511628211u;
    return hash;
}

/* Keeps the subgroup behind the last if it is a new one, neither trivial nor all. */
static bool keep(finder *f, int32_t order) {
    const int8_t *has = f->has + (size_t)f->count * f->n;
    if (order == 1 || (size_t)order == f->n || f->count == SW_SUBGROUPS_MAX) return false;
    const uint64_t hash = hash_of(has, f->n);
    for (int32_t s = 0; s < f->count; s++)
        if (f->hash[s] == hash && memcmp(f->has + (size_t)s * f->n, has, f->n) == 0) return false;
    f->hash[f->count] = hash;
    f->order[f->count++] = order;
    return true;
}

static void find(finder *f) {
    for (int32_t g = 0; (size_t)g < f->n; g++)
        if (keep(f, generate(f, &g, 1))) f->generator[f->count - 1] = g;
    f->cyclic = f->count;
    int32_t pairs = 0;
    for (int32_t i = 0; i < f->cyclic; i++)
        for (int32_t j = i + 1; j < f->cyclic && pairs < SW_SUBGROUP_PAIRS; j++, pairs++)
            (void)keep(f, generate(f, (int32_t[]){f->generator[i], f->generator[j]}, 2));
}

/* coset[g] <- number of gH, or of Hg. */
static void divide(int16_t *coset, const finder *f, int32_t subgroup, bool left) {
    const int8_t *has = f->has + (size_t)subgroup * f->n;
    int16_t count = 0;
    memset(coset, -1, f->n * sizeof *coset);
    for (size_t g = 0; g < f->n; g++) {
        if (coset[g] >= 0) continue;
        for (size_t h = 0; h < f->n; h++)
            if (has[h]) coset[left ? f->product[g * f->n + h] : f->product[h * f->n + g]] = count;
        count++;
    }
}

static void divide_all(sw_subgroups *out, const finder *f) {
    out->subgroups = f->count;
    for (int32_t s = 0; s < f->count; s++) {
        int16_t *left = out->coset + (size_t)out->divisions * f->n, *right = left + f->n;
        divide(left, f, s, true);
        divide(right, f, s, false);
        const bool normal = memcmp(left, right, f->n * sizeof *left) == 0;
        for (int side = 0; side < (normal ? 1 : 2); side++) out->size[out->divisions++] = f->order[s];
    }
}

sw_status sw_subgroups_create(sw_subgroups *out, const int32_t *product, int32_t order, int32_t identity,
                              sw_arena *arena) {
    const size_t n = (size_t)order;
    sw_arena *scratch = NULL;
    *out = (sw_subgroups){.order = order};
    sw_status status = sw_arena_create(&scratch);
    if (status != SW_OK) return status;
    finder f = {.product = product, .n = n, .identity = identity};
    f.order = sw_arena_alloc(scratch, SW_SUBGROUPS_MAX, sizeof *f.order);
    f.generator = sw_arena_alloc(scratch, SW_SUBGROUPS_MAX, sizeof *f.generator);
    f.hash = sw_arena_alloc(scratch, SW_SUBGROUPS_MAX, sizeof *f.hash);
    f.has = sw_arena_alloc(scratch, (SW_SUBGROUPS_MAX + 1) * n, sizeof *f.has);
    f.list = sw_arena_alloc(scratch, n, sizeof *f.list);
    status = f.order && f.generator && f.hash && f.has && f.list ? SW_OK : SW_E_MEMORY;
    if (status == SW_OK) {
        find(&f);
        out->size = sw_arena_alloc(arena, 2 * (size_t)f.count, sizeof *out->size);
        out->coset = sw_arena_alloc(arena, 2 * (size_t)f.count * n, sizeof *out->coset);
        status = out->size && out->coset ? SW_OK : SW_E_MEMORY;
    }
    if (status == SW_OK) divide_all(out, &f);
    sw_arena_destroy(scratch);
    return status;
}

double sw_subgroups_memory(int32_t order) {
    return 2.0 * SW_SUBGROUPS_MAX * ((double)order * sizeof(int16_t) + sizeof(int32_t));
}
