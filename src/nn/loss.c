/* loss.c: the losses' entrance (kernels/losses.h). */
#include "nn/kernels.h"

#include <assert.h>

double sw_loss(sw_loss_kind kind, const sw_real *logits, int32_t classes, const int32_t *rows, const int32_t *label,
               size_t count, sw_real *dlogits) {
    assert(count > 0 && classes > 0 && classes <= SW_CLASSES_MAX);
    return sw_kernel->loss(kind, logits, classes, rows, label, count, dlogits);
}

void sw_loss_rows(sw_loss_kind kind, const sw_real *logits, int32_t classes, const int32_t *label, size_t rows,
                  sw_real *loss, sw_real *margin, int32_t *argmax) {
    assert(classes > 0 && classes <= SW_CLASSES_MAX);
    sw_kernel->loss_rows(kind, logits, classes, label, rows, loss, margin, argmax);
}
