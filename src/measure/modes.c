/* Fourier measures: power per frequency, how concentrated it is, how circular the leading components are. */
#include "measure/modes.h"

#include "measure/applicable.h"
#include "measure/characters.h"

#include <assert.h>
#include <cblas.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CIRCULAR_COMPONENTS = 4 };
static const double two_pi = 6.283185307179586476925286766559;

/* ---- setting up: abelian groups ---- */

/* Exponents of a group element or of a character, by its number: row-major, the last factor runs fastest. */
static void unrank(int32_t out[SW_FACTORS_MAX], int32_t number, const sw_task *task)
{
    for (int32_t j = task->factor_count - 1; j >= 0; j--) {
        out[j] = number % task->factor[j];
        number /= task->factor[j];
    }
}

static int32_t inverse(int32_t number, const sw_task *task)
{
    int32_t k[SW_FACTORS_MAX], out = 0;
    unrank(k, number, task);
    for (int32_t j = 0; j < task->factor_count; j++)
        out = out * task->factor[j] + (task->factor[j] - k[j]) % task->factor[j];
    return out;
}

/* The angle of character `number` at an element, in turns: sum_j k_j e_j / f_j, each term reduced before it is
 * scaled. */
static double angle(int32_t number, const int32_t *exponent, const sw_task *task)
{
    int32_t k[SW_FACTORS_MAX];
    unrank(k, number, task);
    double turns = 0;
    for (int32_t j = 0; j < task->factor_count; j++)
        turns += (double)((int64_t)k[j] * exponent[j] % task->factor[j]) / task->factor[j];
    return turns;
}

static void fill_wave(sw_modes *m, int32_t line, int32_t number)
{
    size_t n = (size_t)m->members, width = (size_t)m->task->factor_count;
    double *cosine = m->wave + 2 * (size_t)line * n, *sine = cosine + n;
    m->paired[line] = inverse(number, m->task) != number;
    for (size_t i = 0; i < n; i++) {
        double turns = angle(number, m->task->exponent + (size_t)m->member[i] * width, m->task);
        cosine[i] = cos(two_pi * turns);
        sine[i] = sin(two_pi * turns);
    }
}

static sw_status create_abelian(sw_modes *m, int32_t d, sw_arena *arena)
{
    const sw_task *task = m->task;
    size_t lines = (size_t)m->lines, width = (size_t)task->factor_count;
    m->member = sw_arena_alloc(arena, (size_t)task->entities, sizeof *m->member);
    if (!m->member) return SW_E_MEMORY;
    for (int32_t e = 0; e < task->entities; e++)
        if (task->exponent[(size_t)e * width] >= 0) m->member[m->members++] = e;
    assert(m->members == task->order);

    m->paired = sw_arena_alloc(arena, lines, sizeof *m->paired);
    m->wave = sw_arena_alloc(arena, 2 * lines * (size_t)m->members, sizeof *m->wave);
    m->transform = sw_arena_alloc(arena, 2 * lines * (size_t)d, sizeof *m->transform);
    if (!m->paired || !m->wave || !m->transform) return SW_E_MEMORY;
    int32_t line = 0;
    for (int32_t number = 1; number < task->order; number++)
        if (number <= inverse(number, task)) fill_wave(m, line++, number);
    assert(line == m->lines);
    return m->members < task->entities ? sw_spectrum_create(&m->own, m->members, d, arena) : SW_OK;
}

/* ---- setting up: other groups ---- */

static int32_t identity(const sw_task *task)
{
    int32_t e = 0;
    while (task->product[(size_t)e * (size_t)task->entities] != 0) e++;
    return e;
}

static sw_status create_irreducible(sw_modes *m, sw_arena *arena)
{
    size_t n = (size_t)m->task->entities, lines = (size_t)m->lines;
    m->members = m->task->entities;
    m->character = sw_arena_alloc(arena, lines * n, sizeof *m->character);
    m->dimension = sw_arena_alloc(arena, lines, sizeof *m->dimension);
    m->gram = sw_arena_alloc(arena, n * n, sizeof *m->gram);
    m->shifted = sw_arena_alloc(arena, n, sizeof *m->shifted);
    if (!m->character || !m->dimension || !m->gram || !m->shifted) return SW_E_MEMORY;
    int32_t one = identity(m->task);
    for (int32_t l = 0; l < m->lines; l++) {
        m->dimension[l] = sw_irreducible_character(m->task, l, one);
        for (size_t g = 0; g < n; g++)
            m->character[(size_t)l * n + g] = sw_irreducible_character(m->task, l, (int32_t)g);
    }
    return SW_OK;
}

sw_status sw_modes_create(sw_modes *out, const sw_task *task, int32_t d, sw_arena *arena)
{
    *out = (sw_modes){.task = task, .lines = sw_spectrum_lines(task)};
    if (out->lines == 0) return SW_OK;
    out->power = sw_arena_alloc(arena, (size_t)out->lines, sizeof *out->power);
    out->sorted = sw_arena_alloc(arena, (size_t)out->lines, sizeof *out->sorted);
    if (!out->power || !out->sorted) return SW_E_MEMORY;
    return task->order > 0 ? create_abelian(out, d, arena) : create_irreducible(out, arena);
}

/* ---- power ---- */

/* The spectrum of the entities in the group. */
static const sw_spectrum *of_members(const sw_modes *m, const sw_spectrum *all)
{
    return m->own.rows > 0 ? &m->own : all;
}

/* transform [2 lines, d] <- wave [2 lines, n] E [n, d] */
static void compute_abelian(sw_modes *m, const sw_spectrum *s)
{
    int rows = 2 * m->lines, n = m->members, d = s->d;
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, rows, d, n, 1, m->wave, n, s->centred, d, 0, m->transform,
                d);
    for (int32_t l = 0; l < m->lines; l++) {
        const double *row = m->transform + 2 * (size_t)l * (size_t)d;
        double power = cblas_ddot(2 * d, row, 1, row, 1);
        m->power[l] = m->paired[l] ? 2 * power : power;
    }
}

/* ||Pi E||^2 of the projector Pi_xy = chi(1)/|G| chi(x^-1 y) is chi(1)/|G| sum_g chi(g) sum_x <E_x, E_xg>. */
static void compute_irreducible(sw_modes *m, const sw_spectrum *s)
{
    int n = m->members, d = s->d;
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, n, n, d, 1, s->centred, d, s->centred, d, 0, m->gram, n);
    memset(m->shifted, 0, (size_t)n * sizeof *m->shifted);
    for (size_t x = 0; x < (size_t)n; x++)
        for (size_t g = 0; g < (size_t)n; g++)
            m->shifted[g] += m->gram[x * (size_t)n + (size_t)m->task->product[x * (size_t)n + g]];
    for (int32_t l = 0; l < m->lines; l++) {
        double power = m->dimension[l] / n * cblas_ddot(n, m->character + (size_t)l * (size_t)n, 1, m->shifted, 1);
        m->power[l] = power < 0 ? 0 : power; /* a square but for rounding */
    }
}

sw_status sw_modes_compute(sw_modes *m, const sw_spectrum *spectrum, const sw_real *E)
{
    if (m->lines == 0) return SW_OK;
    if (!spectrum->finite) {
        for (int32_t l = 0; l < m->lines; l++) m->power[l] = NAN;
        return SW_OK;
    }
    if (m->own.rows > 0) {
        sw_status status = sw_spectrum_compute(&m->own, E, m->member);
        if (status != SW_OK) return status;
    }
    if (m->task->order > 0)
        compute_abelian(m, of_members(m, spectrum));
    else
        compute_irreducible(m, spectrum);
    return SW_OK;
}

/* ---- how concentrated it is ---- */

static int ascending(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return a < b ? -1 : a > b;
}

static void fill_concentration(float *value, sw_modes *m)
{
    int32_t lines = m->lines;
    memcpy(m->sorted, m->power, (size_t)lines * sizeof *m->sorted);
    qsort(m->sorted, (size_t)lines, sizeof *m->sorted, ascending);
    double total = 0, weighted = 0, top = 0, held = 0;
    for (int32_t i = 0; i < lines; i++) {
        total += m->sorted[i];
        weighted += (2.0 * (i + 1) - lines - 1) * m->sorted[i];
    }
    if (!(total > 0)) return;
    for (int32_t i = 0; i < lines && i < SW_KEY_FREQUENCIES; i++) top += m->sorted[lines - 1 - i];
    int32_t count = 0;
    while (held < 0.9 * total) held += m->sorted[lines - 1 - count++];
    value[SW_METRIC_FOURIER_TOP5] = (float)(top / total);
    value[SW_METRIC_FOURIER_GINI] = (float)(weighted / (lines * total));
    value[SW_METRIC_FOURIER_FREQUENCIES90] = (float)count;
}

/* Largest share of component c that one pair of characters holds: max_k 2 |sum_j a_j conj(chi_k(j))|^2 / (n sum
 * a_j^2); negative when no character has a partner. */
static double largest_share(const sw_modes *m, const sw_spectrum *s, int32_t c)
{
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

static void fill_circularity(float *value, const sw_modes *m, const sw_spectrum *s)
{
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

void sw_modes_fill(float *value, sw_modes *m, const sw_spectrum *spectrum)
{
    if (m->lines == 0 || !spectrum->finite) return;
    fill_concentration(value, m);
    if (m->task->order > 0) fill_circularity(value, m, of_members(m, spectrum));
}

int sw_modes_key(int32_t key[SW_KEY_FREQUENCIES], const sw_modes *m)
{
    int count = 0;
    while (count < SW_KEY_FREQUENCIES && count < m->lines) {
        int32_t best = -1;
        for (int32_t l = 0; l < m->lines; l++) {
            bool taken = false;
            for (int i = 0; i < count; i++) taken = taken || key[i] == l;
            if (!taken && (best < 0 || m->power[l] > m->power[best])) best = l;
        }
        key[count++] = best;
    }
    return count;
}
