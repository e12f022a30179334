/* restricted.c: cross-entropy with and without a part of the logits. */
#include "measure/restricted.h"

#include <math.h>
#include <string.h>

/* Cross-entropy of logits z [n] is `others` + (z[largest] - z[label]), by its distance from the largest. */
struct sw_surprise {
    size_t largest;
    double others; /* log1p of the sum of exp(z_c - z_largest) over all others */
};

sw_status sw_restricted_create(sw_restricted *out, const sw_task *task, size_t products, sw_arena *arena) {
    const size_t classes = (size_t)task->classes;
    *out = (sw_restricted){.task = task, .products = products};
    out->product = sw_arena_alloc(arena, task->inputs, sizeof *out->product);
    out->by_product = sw_arena_alloc(arena, products * classes, sizeof *out->by_product);
    out->key_part = sw_arena_alloc(arena, products * classes, sizeof *out->key_part);
    out->row = sw_arena_alloc(arena, classes, sizeof *out->row);
    out->of_product = sw_arena_alloc(arena, products, sizeof *out->of_product);
    return out->product && out->by_product && out->key_part && out->row && out->of_product ? SW_OK : SW_E_MEMORY;
}

double sw_restricted_memory(const sw_task *shape, double products) {
    const double classes = shape->classes;
    return (double)shape->inputs * sizeof(int32_t) + (2 * products + 1) * classes * sizeof(double) +
           products * sizeof(sw_surprise);
}

static sw_surprise surprise_of(const double *z, size_t n) {
    sw_surprise s = {0};
    for (size_t c = 1; c < n; c++)
        if (z[c] > z[s.largest]) s.largest = c;
    double others = 0;
    for (size_t c = 0; c < n; c++)
        if (c != s.largest) others += exp(z[c] - z[s.largest]);
    s.others = log1p(others);
    return s;
}

static double cross_entropy(const sw_surprise *s, const double *z, size_t label) {
    return s->others + (z[s->largest] - z[label]);
}

void sw_restricted_average(sw_restricted *r, const sw_real *logits) {
    const size_t classes = (size_t)r->task->classes, size = r->products * classes;
    memset(r->by_product, 0, size * sizeof *r->by_product);
    for (size_t i = 0; i < r->task->inputs; i++) {
        if (r->product[i] < 0) continue;
        double *sum = r->by_product + (size_t)r->product[i] * classes;
        const sw_real *z = logits + i * classes;
        for (size_t c = 0; c < classes; c++) sum[c] += z[c];
    }
    for (size_t k = 0; k < size; k++) r->by_product[k] /= (double)r->products;
}

double sw_restricted_loss(sw_restricted *r) {
    const size_t classes = (size_t)r->task->classes, n = r->products;
    double *mean = r->row, *restricted = r->by_product, sum = 0;
    size_t count = 0;
    memset(mean, 0, classes * sizeof *mean);
    for (size_t s = 0; s < n; s++)
        for (size_t c = 0; c < classes; c++) mean[c] += r->by_product[s * classes + c] / (double)n;
    for (size_t s = 0; s < n; s++)
        for (size_t c = 0; c < classes; c++) restricted[s * classes + c] = mean[c] + r->key_part[s * classes + c];
    for (size_t s = 0; s < n; s++) r->of_product[s] = surprise_of(restricted + s * classes, classes);
    for (size_t i = 0; i < r->task->inputs; i++) {
        if (r->product[i] < 0) continue;
        const size_t s = (size_t)r->product[i];
        sum += cross_entropy(&r->of_product[s], restricted + s * classes, (size_t)r->task->label[i]);
        count++;
    }
    return sum / (double)count;
}

double sw_restricted_excluded_loss(sw_restricted *r, const sw_real *logits, const int8_t *split) {
    const size_t classes = (size_t)r->task->classes;
    size_t count = 0;
    double sum = 0;
    for (size_t i = 0; i < r->task->inputs; i++) {
        if (split[i] != SW_SPLIT_TRAIN || r->product[i] < 0) continue;
        const double *key = r->key_part + (size_t)r->product[i] * classes;
        for (size_t c = 0; c < classes; c++) r->row[c] = logits[i * classes + c] - key[c];
        const sw_surprise own = surprise_of(r->row, classes);
        sum += cross_entropy(&own, r->row, (size_t)r->task->label[i]);
        count++;
    }
    return count ? sum / (double)count : NAN;
}
