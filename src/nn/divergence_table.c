/* divergence_table.c: softmax of a whole table once, and symmetric divergences of many tuples between its rows.
 *
 * Measuring takes far more tuples than the table has rows, and exp is what a tuple costs: with the rows'
 * distributions at hand a tuple is a few loads and products. */
#include "nn/divergence.h"

#include <assert.h>

size_t sw_softmax_width(int32_t classes) { return sw_padded((size_t)classes); }

SW_MULTIVERSION
void sw_softmax_table(sw_softmax *out, const sw_real *logits, size_t rows)
{
    size_t classes = (size_t)out->classes, width = sw_padded(classes);
    assert(classes <= SW_CLASSES_MAX);
    sw_side side;
    for (size_t i = 0; i < rows; i++) {
        sw_real *p = out->p + i * width, *log_p = out->log_p + i * width;
        sw_side_load(&side, logits + i * classes, NULL, classes);
        size_t best = sw_side_argmax(&side, classes);
        out->argmax[i] =
            best < classes ? (int32_t)best : 0; /* a class even where a logit is NaN: maps are read by it */
        memcpy(p, side.p, width * sizeof *p);
        for (size_t k = 0; k < width; k++) log_p[k] = k < classes ? (sw_real)((double)side.x[k] - side.log_norm) : 0;
    }
}

/* out[width] <- row[map(c)], padding as in the row. */
static inline void permute(sw_real *out, const sw_real *row, const int32_t *map, size_t classes, size_t width)
{
    for (size_t c = 0; c < classes; c++) out[c] = row[map[c]];
    for (size_t c = classes; c < width; c++) out[c] = 0;
}

/* 1/2 sum_c (p_c - q_c) (log p_c - log q_c) */
static inline sw_real symmetric(const sw_real *p, const sw_real *log_p, const sw_real *q, const sw_real *log_q,
                                size_t width)
{
    sw_real lane[SW_LANES] = {0};
    for (size_t k = 0; k < width; k += SW_LANES)
        for (int j = 0; j < SW_LANES; j++) {
            sw_real a = log_p[k + j] - log_q[k + j];
            lane[j] += sw_difference(p[k + j], q[k + j], a) * a;
        }
    return (sw_real)0.5 * sw_lane_sum(lane);
}

SW_MULTIVERSION
void sw_softmax_divergence(const sw_softmax *table, const sw_divergence_spec *spec, const sw_tuple *tuples,
                           size_t count, sw_real *out, int8_t *disagree)
{
    assert(spec->compare == SW_COMPARE_SYMMETRIC_KL && spec->classes == table->classes);
    size_t classes = (size_t)table->classes, width = sw_padded(classes);
    sw_real mapped[SW_CLASSES_MAX], log_mapped[SW_CLASSES_MAX];
    for (size_t i = 0; i < count; i++) {
        size_t left = (size_t)tuples[i].input[0], right = (size_t)tuples[i].input[1];
        const sw_real *p = table->p + left * width, *log_p = table->log_p + left * width;
        int32_t answer = table->argmax[right];
        if (tuples[i].map >= 0) {
            const int32_t *map = spec->class_map + (size_t)tuples[i].map * classes;
            permute(mapped, p, map, classes, width);
            permute(log_mapped, log_p, map, classes, width);
            p = mapped;
            log_p = log_mapped;
            answer = map[answer];
        }
        out[i] = symmetric(p, log_p, table->p + right * width, table->log_p + right * width, width);
        if (disagree) disagree[i] = table->argmax[left] != answer;
    }
}
