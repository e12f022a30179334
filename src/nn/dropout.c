/* dropout.c: the masks of dropout out of the counter-based generator, drawn anew for backward. */
#include "nn/dropout.h"
#include "symsweep/random.h"

void sw_dropout_apply(const sw_dropout *dropout, uint32_t block, size_t row, size_t position, size_t tokens, size_t d,
                      sw_real *x) {
    const double limit = dropout->rate * 0x1p32;
    const sw_real scale = (sw_real)(1 / (1 - dropout->rate));
    const uint64_t index = ((uint64_t)dropout->input[row] * tokens + position) * ((d + 3) / 4);
    uint32_t word[4] = {0};
    for (size_t c = 0; c < d; c++) {
        if (c % 4 == 0)
            sw_random_block(word, dropout->seed, SW_STREAM_DROPOUT + block, (uint64_t)dropout->step, index + c / 4);
        x[c] = (double)word[c % 4] < limit ? 0 : scale * x[c];
    }
}
