/* series.h: {"range": ...}, {"linspace": ...}, {"logspace": ...}. */
#pragma once

#include "config/document.h"

typedef enum sw_series_kind { SW_RANGE, SW_LINSPACE, SW_LOGSPACE, SW_SERIES_COUNT } sw_series_kind;

/* A generator as it stands in the file. */
typedef struct sw_series {
    sw_series_kind kind;
    double x[3];
    int32_t given, node; /* numbers of x; where they stand */
    size_t count;        /* of the values */
} sw_series;

/* The generator at an object; false: reported. More than `most` values are an error that `limit` explains. */
bool sw_series_read(const sw_document *document, sw_series *out, int32_t node, size_t most, const char *limit);
double sw_series_value(const sw_series *series, size_t i);

/* The generator whose name is near to that of a member; NULL = none. */
const char *sw_series_nearest(const sw_document *document, int32_t member);

/* x rounded to 12 significant digits: what is generated does not depend on the last bit of libm. */
double sw_series_round(double x);
