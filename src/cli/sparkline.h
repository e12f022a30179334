/* sparkline.h: a curve in one line of Unicode block characters. */
#pragma once

#include "symsweep/record.h"

enum { SW_SPARKLINE_BYTES = 4 }; /* a column takes at most so many */

typedef struct sw_sparkline_scale {
    double low, high;
    bool logarithmic;
} sw_sparkline_scale;

/* Range of the finite values of a metric; logarithmic when all are positive and span more than a factor of 100. false:
 * none is finite. */
bool sw_sparkline_range(sw_sparkline_scale *out, const sw_record *records, size_t count, int metric);

/* At most `width` columns into out[width * SW_SPARKLINE_BYTES + 1]: means of neighbours when there are more records
 * than columns; a blank where no value is finite. Returns the number of columns. */
size_t sw_sparkline(char *out, size_t width, const sw_record *records, size_t count, int metric,
                    const sw_sparkline_scale *scale);
