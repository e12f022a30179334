/* modes.c: power of the embedding on the characters of the task's group. */
#include "measure/modes.h"

#include <assert.h>
#include <cblas.h>
#include <math.h>
#include <string.h>

static const double two_pi = 6.283185307179586476925286766559;

/* ---- how many ---- */

int32_t sw_modes_self_inverse(const sw_task *task) {
    int32_t count = 1;
    for (int32_t j = 0; j < task->factor_count; j++) count *= task->factor[j] % 2 == 0 ? 2 : 1;
    return count;
}

int32_t sw_modes_lines(const sw_task *task) {
    if (task->order == 0) return task->characters;
    const int32_t alone = sw_modes_self_inverse(task);
    return (task->order - alone) / 2 + alone - 1;
}

/* ---- setting up: abelian groups ---- */

/* Exponents of a group element or of a character, by its number: row-major, the last factor runs fastest. */
static void unrank(int32_t out[SW_FACTORS_MAX], int32_t number, const sw_task *task) {
    for (int32_t j = task->factor_count - 1; j >= 0; j--) {
        out[j] = number % task->factor[j];
        number /= task->factor[j];
    }
}

static int32_t inverse(int32_t number, const sw_task *task) {
    int32_t k[SW_FACTORS_MAX], out = 0;
    unrank(k, number, task);
    for (int32_t j = 0; j < task->factor_count; j++)
        out = out * task->factor[j] + (task->factor[j] - k[j]) % task->factor[j];
    return out;
}

/* The angle of character `number` at an element, in turns: sum_j k_j e_j / f_j, each term reduced before it is
 * scaled. */
static double angle(int32_t number, const int32_t *exponent, const sw_task *task) {
    int32_t k[SW_FACTORS_MAX];
    unrank(k, number, task);
    double turns = 0;
    for (int32_t j = 0; j < task->factor_count; j++)
        turns += (double)((int64_t)k[j] * exponent[j] % task->factor[j]) / task->factor[j];
    return turns;
}

static void fill_wave(sw_modes *m, int32_t line, int32_t number) {
    size_t n = (size_t)m->members, width = (size_t)m->task->factor_count;
    double *cosine = m->wave + 2 * (size_t)line * n, *sine = cosine + n;
    m->paired[line] = inverse(number, m->task) != number;
    for (size_t i = 0; i < n; i++) {
        double turns = angle(number, m->task->exponent + (size_t)m->member[i] * width, m->task);
        cosine[i] = cos(two_pi * turns);
        sine[i] = sin(two_pi * turns);
    }
}

static sw_status create_abelian(sw_modes *m, int32_t d, sw_arena *arena) {
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

static int32_t identity(const sw_task *task) {
    int32_t e = 0;
    while (task->product[(size_t)e * (size_t)task->entities] != 0) e++;
    return e;
}

static sw_status create_irreducible(sw_modes *m, sw_arena *arena) {
    size_t n = (size_t)m->task->entities, lines = (size_t)m->lines;
    m->members = m->task->entities;
    m->character = sw_arena_alloc(arena, lines * n, sizeof *m->character);
    m->dimension = sw_arena_alloc(arena, lines, sizeof *m->dimension);
    m->gram = sw_arena_alloc(arena, n * n, sizeof *m->gram);
    m->shifted = sw_arena_alloc(arena, n, sizeof *m->shifted);
    if (!m->character || !m->dimension || !m->gram || !m->shifted) return SW_E_MEMORY;
    int32_t one = identity(m->task);
    for (int32_t l = 0; l < m->lines; l++) {
        m->dimension[l] = sw_group_character(m->task, l, one);
        for (size_t g = 0; g < n; g++) m->character[(size_t)l * n + g] = sw_group_character(m->task, l, (int32_t)g);
    }
    return SW_OK;
}

sw_status sw_modes_create(sw_modes *out, const sw_task *task, int32_t d, sw_arena *arena) {
    *out = (sw_modes){.task = task, .lines = sw_modes_lines(task)};
    if (out->lines == 0) return SW_OK;
    out->power = sw_arena_alloc(arena, (size_t)out->lines, sizeof *out->power);
    if (!out->power) return SW_E_MEMORY;
    return task->order > 0 ? create_abelian(out, d, arena) : create_irreducible(out, arena);
}

/* ---- power ---- */

const sw_spectrum *sw_modes_members(const sw_modes *m, const sw_spectrum *all) {
    return m->own.rows > 0 ? &m->own : all;
}

/* transform [2 lines, d] <- wave [2 lines, n] E [n, d] */
static void compute_abelian(sw_modes *m, const sw_spectrum *s) {
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
static void compute_irreducible(sw_modes *m, const sw_spectrum *s) {
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

sw_status sw_modes_compute(sw_modes *m, const sw_spectrum *spectrum, const sw_real *E) {
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
        compute_abelian(m, sw_modes_members(m, spectrum));
    else
        compute_irreducible(m, spectrum);
    return SW_OK;
}

/* ---- the strongest ---- */

int sw_modes_key(int32_t key[SW_KEY_FREQUENCIES], const sw_modes *m) {
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
