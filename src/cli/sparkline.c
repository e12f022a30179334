/* sparkline.c: a curve in one line of Unicode block characters. */
#include "cli/sparkline.h"

#include <math.h>
#include <string.h>

bool sw_sparkline_range(sw_sparkline_scale *out, const sw_record *records, size_t count, int metric) {
    bool any = false;
    for (size_t i = 0; i < count; i++) {
        const double value = (double)records[i].value[metric];
        if (!isfinite(value)) continue;
        if (!any || value < out->low) out->low = value;
        if (!any || value > out->high) out->high = value;
        any = true;
    }
    out->logarithmic = any && out->low > 0 && out->high > 100 * out->low;
    return any;
}

/* Height 0..1 of a value. */
static double height(double value, const sw_sparkline_scale *scale) {
    double low = scale->low, high = scale->high;
    if (scale->logarithmic) {
        low = log(low);
        high = log(high);
        value = log(value);
    }
    return high > low ? (value - low) / (high - low) : 0.5;
}

size_t sw_sparkline(char *out, size_t width, const sw_record *records, size_t count, int metric,
                    const sw_sparkline_scale *scale) {
    static const char *const blocks[] = {"\xe2\x96\x81", "\xe2\x96\x82", "\xe2\x96\x83", "\xe2\x96\x84",
                                         "\xe2\x96\x85", "\xe2\x96\x86", "\xe2\x96\x87", "\xe2\x96\x88"};
    const size_t columns = count < width ? count : width;
    for (size_t c = 0; c < columns; c++) {
        double sum = 0;
        size_t finite = 0;
        for (size_t i = c * count / columns; i < (c + 1) * count / columns; i++) {
            const double value = (double)records[i].value[metric];
            if (!isfinite(value)) continue;
            sum += height(value, scale);
            finite++;
        }
        const char *block = " ";
        if (finite > 0) {
            const double level = sum / (double)finite * 8;
            block = blocks[level < 0 ? 0 : level >= 8 ? 7 : (int)level];
        }
        const size_t bytes = strlen(block);
        memcpy(out, block, bytes);
        out += bytes;
    }
    *out = 0;
    return columns;
}
