/* start.c: initial parameters out of a snapshot that another run left in its results file. */
#include "plan/tensors.h"
#include "symsweep/plan.h"
#include "symsweep/sha256.h"
#include "symsweep/store.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the run and its snapshot ---- */

/* Row of a run by its number or its id. */
static sw_status find_row(size_t *out, const sw_results *results, const sw_start_config *start) {
    const size_t rows = sw_results_count(results);
    char *end;
    if (strlen(start->run) == SW_RUN_ID_LENGTH) {
        for (*out = 0; *out < rows; ++*out)
            if (!strcmp(sw_results_row(results, *out)->id, start->run)) return SW_OK;
        return sw_fail(SW_E_CONFIG, "%s: no run of the file has the id %s", start->file, start->run);
    }
    const unsigned long long row = strtoull(start->run, &end, 10);
    *out = (size_t)row;
    if (*end || end == start->run)
        return sw_fail(SW_E_CONFIG, "%s: \"%s\" is neither a row nor an id of 64 digits", start->file, start->run);
    return row < rows ? SW_OK
                      : sw_fail(SW_E_CONFIG, "%s: there is no run %s; the file has %zu", start->file, start->run, rows);
}

static sw_status read_snapshot(sw_result_parameters *out, const sw_start_config *start) {
    sw_results *results = NULL;
    size_t row = 0;
    *out = (sw_result_parameters){0};
    sw_status status = sw_results_open(&results, start->file);
    if (status == SW_OK) status = find_row(&row, results, start);
    if (status == SW_OK && sw_results_row(results, row)->damaged)
        status = sw_fail(SW_E_STORE, "%s: run %zu is damaged", start->file, row);
    if (status == SW_OK) status = sw_results_parameters(results, row, start->step, out);
    sw_results_close(results);
    return status;
}

/* ---- from its layout into that of the run ---- */

static void describe_shape(char out[64], int64_t rows, int64_t columns) {
    if (columns > 0)
        snprintf(out, 64, "[%lld, %lld]", (long long)rows, (long long)columns);
    else
        snprintf(out, 64, "[%lld]", (long long)rows);
}

/* Where the snapshot has the values of a tensor. */
static sw_status find_values(const float **out, const sw_tensor *wanted, const sw_layout_tensor *there, size_t count,
                             const sw_result_parameters *snapshot) {
    const int64_t columns = wanted->rank > 1 ? wanted->shape[1] : 0;
    size_t i = 0;
    while (i < count && strcmp(there[i].name, wanted->name) != 0) i++;
    if (i == count) return sw_fail(SW_E_CONFIG, "the model of the snapshot has no tensor %s", wanted->name);
    if (there[i].shape[0] != wanted->shape[0] || there[i].shape[1] != columns) {
        char own[64], other[64];
        describe_shape(own, wanted->shape[0], columns);
        describe_shape(other, there[i].shape[0], there[i].shape[1]);
        return sw_fail(SW_E_CONFIG, "%s is %s here and %s in the snapshot", wanted->name, own, other);
    }
    const size_t n = (size_t)(wanted->shape[0] * wanted->shape[1]);
    if (there[i].offset > snapshot->count || n > snapshot->count - there[i].offset)
        return sw_fail(SW_E_STORE, "%s lies outside of the snapshot", wanted->name);
    *out = snapshot->values + there[i].offset;
    for (size_t k = 0; k < n; k++)
        if (!isfinite((*out)[k])) return sw_fail(SW_E_CONFIG, "%s of the snapshot is not finite", wanted->name);
    return SW_OK;
}

/* What is digested: names, and values in the byte order of the file format. */
typedef struct text {
    unsigned char *bytes;
    size_t used;
} text;

static void add_bytes(text *to, const void *bytes, size_t count) {
    memcpy(to->bytes + to->used, bytes, count);
    to->used += count;
}

static void add_float(text *to, float value) {
    uint32_t word;
    memcpy(&word, &value, sizeof word);
    const unsigned char bytes[4] = {(unsigned char)word, (unsigned char)(word >> 8), (unsigned char)(word >> 16),
                                    (unsigned char)(word >> 24)};
    add_bytes(to, bytes, sizeof bytes);
}

static sw_status take_tensors(float *out, text *digested, const sw_run_config *config, const sw_tensor *tensors,
                              size_t count, const sw_result_parameters *snapshot) {
    sw_layout_tensor *there = NULL;
    size_t there_count = 0;
    const char *names = config->start.tensors;
    char wrong[SW_TENSOR_NAMES_MAX];
    if (sw_plan_unknown_tensor(wrong, &names, tensors, count))
        return sw_fail(SW_E_CONFIG, "the model has no tensor %s", wrong);
    sw_status status = sw_config_read_layout(&there, &there_count, snapshot->layout);
    for (size_t i = 0; i < count && status == SW_OK; i++) {
        const float *values = NULL;
        if (!sw_run_starts_with(&config->start, tensors[i].name)) continue;
        status = find_values(&values, &tensors[i], there, there_count, snapshot);
        if (status != SW_OK) break;
        const size_t n = (size_t)(tensors[i].shape[0] * tensors[i].shape[1]);
        memcpy(out, values, n * sizeof *out);
        out += n;
        add_bytes(digested, tensors[i].name, strlen(tensors[i].name) + 1);
        for (size_t k = 0; k < n; k++) add_float(digested, values[k]);
    }
    free(there);
    return status;
}

sw_status sw_plan_read_start(float **out, uint8_t sha256[32], const sw_run_config *config) {
    sw_result_parameters snapshot;
    sw_tensor *tensors = NULL;
    size_t count = 0, scalars = 0;
    text digested = {NULL, 0};
    *out = NULL;
    sw_status status = read_snapshot(&snapshot, &config->start);
    if (status == SW_OK) status = sw_plan_tensors(&tensors, &count, config);
    if (status != SW_OK) goto cleanup;
    for (size_t i = 0; i < count; i++) scalars += (size_t)(tensors[i].shape[0] * tensors[i].shape[1]);
    *out = malloc((scalars + 1) * sizeof **out);
    digested.bytes = malloc(scalars * 4 + count * sizeof tensors->name + 1);
    status = *out && digested.bytes ? SW_OK : sw_fail(SW_E_MEMORY, "%zu parameters", scalars);
    if (status == SW_OK) status = take_tensors(*out, &digested, config, tensors, count, &snapshot);
    if (status == SW_OK) status = sw_sha256(sha256, digested.bytes, digested.used);
cleanup:
    if (status != SW_OK) {
        free(*out);
        *out = NULL;
    }
    free(digested.bytes);
    free(tensors);
    sw_results_parameters_release(&snapshot);
    return status;
}

/* ---- a run that is to be trained ---- */

sw_status sw_plan_load_start(sw_run_config *config) {
    uint8_t sha256[SW_SHA256_BYTES];
    float *values;
    config->start.values = NULL;
    if (!config->start.file[0]) return SW_OK;
    sw_status status = sw_plan_read_start(&values, sha256, config);
    if (status != SW_OK) return sw_fail_in(status, "model.start");
    config->start.values = values;
    if (memcmp(sha256, config->start.sha256, sizeof sha256) == 0) return SW_OK;
    sw_plan_release_start(config);
    return sw_fail(SW_E_CONFIG, "model.start: %s has other parameters there than when the run was planned",
                   config->start.file);
}

void sw_plan_release_start(sw_run_config *config) {
    free((void *)(uintptr_t)config->start.values);
    config->start.values = NULL;
}
