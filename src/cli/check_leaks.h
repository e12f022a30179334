/* check_leaks.h: which test labels follow from train labels. */
#pragma once

#include "cli/check_summary.h"

/* The leak report of one task, split and set of weighted families. */
typedef struct sw_leak {
    char task[SW_CHECK_TITLE];
    double train_fraction;
    uint32_t data_seed;
    size_t train, test, runs;
    double mirrored;                 /* share of test inputs whose mirror is in train; NaN = the task has no mirrors */
    double derived[SW_FAMILY_COUNT]; /* share that follows through each family; NaN = not defined on the task */
    double all_weighted;             /* through all weighted families together; NaN = none is weighted */
    bool weighted[SW_FAMILY_COUNT], holds[SW_FAMILY_COUNT];
    bool predicted[SW_FAMILY_COUNT]; /* products as the model predicts them */
    int32_t inputs[SW_FAMILY_COUNT]; /* sw_inputs */
} sw_leak;

enum { SW_LEAKS_MAX = 64, SW_LEAK_INPUTS_MAX = 70000 };

typedef struct sw_check_leaks {
    sw_leak leak[SW_LEAKS_MAX];
    size_t count, distinct, too_large; /* reported; different settings; those of them that are passed over */
} sw_check_leaks;

/* Leak reports of the first `most` distinct settings. Tables of more than SW_LEAK_INPUTS_MAX inputs are passed over. */
sw_status sw_check_leaks_find(sw_check_leaks *out, size_t most, const sw_plan *plan) SW_MUST_CHECK;
