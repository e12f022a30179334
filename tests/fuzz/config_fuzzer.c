/* config_fuzzer.c: fuzz target: bytes as a sweep file. A sweep that is accepted is resolved, written as JSON and read
 * back: the way must be the identity, whatever was in the file. */
#include "symsweep/config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_round_trip(const sw_run_config *config) {
    sw_json *json = NULL;
    sw_arena *lists = NULL;
    sw_run_config back;
    if (sw_json_create(&json)) return;
    if (sw_arena_create(&lists) == SW_OK) {
        const sw_evaluate_config *was = &config->evaluate, *is = &back.evaluate;
        sw_config_write(json, config);
        if (sw_config_read(&back, sw_json_text(json), lists) || was->snapshot_step_count != is->snapshot_step_count)
            abort();
        const size_t bytes = (size_t)was->snapshot_step_count * sizeof *was->snapshot_steps;
        if (bytes > 0 && memcmp(was->snapshot_steps, is->snapshot_steps, bytes)) abort();
        back.evaluate.snapshot_steps = was->snapshot_steps;
        if (memcmp(&back, config, sizeof back)) abort();
    }
    sw_arena_destroy(lists);
    sw_json_destroy(json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    sw_sweep *sweep = NULL;
    sw_diagnostics *diagnostics = NULL;
    if (sw_diagnostics_create(&diagnostics)) return 0;
    sw_status status = sw_sweep_parse(&sweep, (const char *)data, size, "fuzz.json", diagnostics);
    /* Refused with a reason, accepted with none. */
    if ((status == SW_OK) != (sweep != NULL)) abort();
    if ((status == SW_E_CONFIG) != (sw_diagnostics_errors(diagnostics) > 0)) abort();
    uint64_t count = sweep ? sw_sweep_run_count(sweep) : 0;
    for (uint64_t k = 0; k < count && k < 3; k++) {
        sw_run_config config;
        if (sw_sweep_resolve(sweep, k, &config, NULL, NULL, NULL)) abort();
        check_round_trip(&config);
    }
    sw_sweep_destroy(sweep);
    sw_diagnostics_destroy(diagnostics);
    sw_fail_clear();
    return 0;
}
