/* softmax.c: softmax of a whole table once, and symmetric divergences of many tuples between its rows.
 *
 * Measuring takes far more tuples than the table has rows, and exp is what a tuple costs: with the rows'
 * distributions at hand a tuple is a few loads and products. */
#include "nn/kernels.h"
#include "nn/kernels/lanes.h"

#include <assert.h>

size_t sw_softmax_width(int32_t classes) { return sw_padded((size_t)classes); }

void sw_softmax_table(sw_softmax *out, const sw_real *logits, size_t rows) {
    assert(out->classes <= SW_CLASSES_MAX);
    sw_kernel->softmax_table(out, logits, rows);
}

void sw_softmax_divergence(const sw_softmax *table, const sw_divergence_spec *spec, const sw_tuple *tuples,
                           size_t count, sw_real *out, int8_t *disagree) {
    assert(spec->compare == SW_COMPARE_SYMMETRIC_KL && spec->classes == table->classes);
    sw_kernel->softmax_divergence(table, spec, tuples, count, out, disagree);
}
