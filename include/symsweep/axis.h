/* axis.h: an axis of a sweep and its values, as plain data. */
#pragma once

#include <stdint.h>

typedef enum sw_axis_type { SW_AXIS_INTEGER, SW_AXIS_REAL, SW_AXIS_BOOL, SW_AXIS_STRING } sw_axis_type;

typedef struct sw_axis {
    const char *path; /* "symmetry.commutativity.weight" */
    sw_axis_type type;
} sw_axis;

enum { SW_AXIS_TEXT = 128 };

/* A value by its axis' type, a bool in `integer`; missing: NaN, -1, "". */
typedef struct sw_axis_value {
    int64_t integer;
    double real;
    char string[SW_AXIS_TEXT];
} sw_axis_value;
