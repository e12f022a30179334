/* fourier.c: how concentrated the power over frequencies is, and how circular the leading components are. */
#include "measure/instrument.h"

#include <cblas.h>
#include <stdlib.h>
#include <string.h>

enum { CIRCULAR_COMPONENTS = 4 };

typedef struct fourier {
    double *sorted; /* [lines] */
} fourier;

static sw_status create(void *state, const sw_evaluation *of) {
    fourier *f = state;
    f->sorted = sw_arena_alloc(of->arena, (size_t)of->modes.lines, sizeof *f->sorted);
    return f->sorted ? SW_OK : SW_E_MEMORY;
}

static int ascending(const void *left, const void *right) {
    double a = *(const double *)left, b = *(const double *)right;
    return a < b ? -1 : a > b;
}

static void fill_concentration(float *value, double *sorted, const sw_modes *m) {
    int32_t lines = m->lines;
    memcpy(sorted, m->power, (size_t)lines * sizeof *sorted);
    qsort(sorted, (size_t)lines, sizeof *sorted, ascending);
    double total = 0, weighted = 0, top = 0, held = 0;
    for (int32_t i = 0; i < lines; i++) {
        total += sorted[i];
        weighted += (2.0 * (i + 1) - lines - 1) * sorted[i];
    }
    if (!(total > 0)) return;
    for (int32_t i = 0; i < lines && i < SW_KEY_FREQUENCIES; i++) top += sorted[lines - 1 - i];
    int32_t count = 0;
    while (held < 0.9 * total) held += sorted[lines - 1 - count++];
    value[SW_METRIC_FOURIER_TOP5] = (float)(top / total);
    value[SW_METRIC_FOURIER_GINI] = (float)(weighted / (lines * total));
    value[SW_METRIC_FOURIER_FREQUENCIES90] = (float)count;
}

/* Largest share of component c that one pair of characters holds: max_k 2 |sum_j a_j conj(chi_k(j))|^2 / (n sum
 * a_j^2); negative when no character has a partner. */
static double largest_share(const sw_modes *m, const sw_spectrum *s, int32_t c) {
    int n = m->members;
    const double *score = s->score + c;
    double square = cblas_ddot(n, score, s->components, score, s->components), best = -1;
    for (int32_t l = 0; l < m->lines; l++) {
        if (!m->paired[l]) continue;
        const double *wave = m->wave + 2 * (size_t)l * (size_t)n;
        double re = cblas_ddot(n, wave, 1, score, s->components);
        double im = cblas_ddot(n, wave + n, 1, score, s->components);
        double share = 2 * (re * re + im * im) / (n * square);
        if (share > best) best = share;
    }
    return best;
}

static void fill_circularity(float *value, const sw_modes *m, const sw_spectrum *s) {
    double sum = 0;
    int count = 0;
    for (int32_t c = 0; c < s->components && c < CIRCULAR_COMPONENTS; c++) {
        if (!(s->singular[c] > 1e-10 * s->singular[0])) continue; /* no variance: its direction is rounding */
        double share = largest_share(m, s, c);
        if (share < 0) return;
        sum += share;
        count++;
    }
    if (count > 0) value[SW_METRIC_CIRCULARITY] = (float)(sum / count);
}

static sw_status evaluate(float *value, void *state, const sw_evaluation *of) {
    const fourier *f = state;
    if (!of->spectrum.finite) return SW_OK;
    fill_concentration(value, f->sorted, &of->modes);
    if (of->task->order > 0) fill_circularity(value, &of->modes, sw_modes_members(&of->modes, &of->spectrum));
    return SW_OK;
}

const sw_instrument sw_instrument_fourier = {.size = sizeof(fourier), .create = create, .evaluate = evaluate};
