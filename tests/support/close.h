/* close.h: cmocka compares floating-point numbers in float only; this is the comparison in double. Include after
 * cmocka.h. */
#pragma once

#include <math.h>
#include <stdio.h>

/* |actual - expected| <= allowed; NaN is close to nothing. */
#define assert_close(actual, expected, allowed)                                                                        \
    do {                                                                                                               \
        double close_actual = (double)(actual), close_expected = (double)(expected);                                   \
        if (!(fabs(close_actual - close_expected) <= (double)(allowed))) {                                             \
            fprintf(stderr, "%s is %.17g, expected %.17g within %.3g\n", #actual, close_actual, close_expected,        \
                    (double)(allowed));                                                                                \
            fail();                                                                                                    \
        }                                                                                                              \
    } while (0)

/* The same, relative to the expected value. */
#define assert_relative(actual, expected, share) assert_close(actual, expected, (share)*fabs((double)(expected)))
