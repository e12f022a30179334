/* row.h: a run as tools tell it: state, onsets, where it is, and the values of its axes. */
#pragma once

#include "symsweep/json.h"
#include "symsweep/store.h"

/* A state as people read it: "pending", "not selected". Returns `out`. */
enum { SW_STATE_TEXT = 32 };
const char *sw_row_state(char out[SW_STATE_TEXT], sw_run_state state);

/* Is the row told of: planned, or all are asked for. How many former rows the file has. */
bool sw_row_is_told(const sw_results *results, size_t r, bool all);
size_t sw_row_count_former(const sw_results *results);
/* "3 rows of former plans are left out; status --all shows them", with the remedy given. */
enum { SW_FORMER_TEXT = 128 };
const char *sw_row_former_text(char out[SW_FORMER_TEXT], size_t former, const char *remedy);

/* The onsets that every run has, in the order of learning; tables show the first SW_ONSETS_TABLED. */
enum { SW_ONSETS_TABLED = 3, SW_ONSETS = 5 };
typedef struct sw_row_named_onset {
    const char *name;
    size_t place; /* of an int64_t in sw_onsets */
} sw_row_named_onset;
extern const sw_row_named_onset sw_row_onsets[SW_ONSETS];
int64_t sw_row_onset(const sw_result_row *row, int onset);

/* A step as a member; null where it is not reached. */
void sw_row_write_step(sw_json *json, const char *key, int64_t step);

/* Where a run is by its newest evaluation, or how it ended; -1 and NaN: nothing is known yet. */
typedef struct sw_row_now {
    int64_t step;
    double train_accuracy, test_accuracy;
} sw_row_now;
sw_status sw_row_newest(sw_row_now *out, sw_results *results, size_t r) SW_MUST_CHECK;

/* ---- values of axes, of a plan or of a results file ---- */

/* The axis does not concern the run. */
bool sw_row_lacks(const sw_axis *axis, const sw_axis_value *value);
void sw_row_value(char *out, size_t capacity, const sw_axis *axis, const sw_axis_value *value);
void sw_row_write_value(sw_json *json, const sw_axis *axis, const sw_axis_value *value);
