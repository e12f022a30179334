/* expand.c: run k of the product of all axes.
 *
 * Order of runs: cases vary slowest, then zip, then samples of random, then grid; of the grid's axes the last one in
 * the file varies fastest. */
#include "sweep.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

void sw_sweep_place(sw_run_place *out, const sw_sweep *sweep, uint64_t k)
{
    uint64_t grid = 1;
    for (size_t i = 0; i < sweep->dimension_count; i++) {
        const sw_dimension *dimension = &sweep->dimensions[i];
        if (dimension->source == SW_SOURCE_GRID && dimension->count) grid *= dimension->count;
    }
    out->grid = k % grid;
    k /= grid;
    out->sample = (size_t)(k % sweep->samples);
    k /= sweep->samples;
    out->zip = (size_t)(k % sweep->zip_length);
    out->case_index = (size_t)(k / sweep->zip_length);
}

static void give(sw_run_values *out, int32_t key, int32_t twin, const sw_value *value)
{
    out->given[key] = value;
    if (twin >= 0) out->given[twin] = value;
}

static void give_all(sw_run_values *out, const sw_assignments *assignments)
{
    for (size_t i = 0; i < assignments->count; i++)
        give(out, assignments->items[i].key, assignments->items[i].twin, &assignments->items[i].value);
}

void sw_sweep_values(sw_run_values *out, const sw_sweep *sweep, uint64_t k)
{
    sw_run_place place;
    size_t random = 0;
    sw_sweep_place(&place, sweep, k);
    memset(out->given, 0, sizeof out->given);
    give_all(out, &sweep->base);
    if (sweep->case_count) give_all(out, &sweep->cases[place.case_index].set);
    uint64_t rest = place.grid;
    for (size_t i = sweep->dimension_count; i-- > 0;) {
        const sw_dimension *dimension = &sweep->dimensions[i];
        if (dimension->source != SW_SOURCE_GRID || !dimension->count) continue;
        give(out, dimension->key, dimension->twin, &dimension->values[rest % dimension->count]);
        rest /= dimension->count;
    }
    for (size_t i = 0; i < sweep->dimension_count; i++) {
        const sw_dimension *dimension = &sweep->dimensions[i];
        if (!dimension->count) continue;
        if (dimension->source == SW_SOURCE_ZIP && place.zip < dimension->count) {
            give(out, dimension->key, dimension->twin, &dimension->values[place.zip]);
        } else if (dimension->source == SW_SOURCE_RANDOM && random < SW_RANDOM_AXES_MAX) {
            sw_dimension_draw(&out->drawn[random], dimension, sweep->sampler_seed, place.sample, random);
            give(out, dimension->key, dimension->twin, &out->drawn[random]);
            random++;
        }
    }
}

/* ---- what others see ---- */

const char *sw_sweep_name(const sw_sweep *sweep) { return sweep->name; }
const char *sw_sweep_output(const sw_sweep *sweep) { return sweep->output; }
const char *sw_sweep_path(const sw_sweep *sweep) { return sweep->path; }
uint64_t sw_sweep_run_count(const sw_sweep *sweep) { return sweep->run_count; }
size_t sw_sweep_axis_count(const sw_sweep *sweep) { return sweep->axis_count; }
const sw_axis *sw_sweep_axis(const sw_sweep *sweep, size_t i) { return &sweep->axes[i].axis; }
size_t sw_sweep_axis_size(const sw_sweep *sweep, size_t i) { return sweep->axes[i].size; }

const char *sw_sweep_text(const sw_sweep *sweep, size_t *length)
{
    *length = sweep->document->length;
    return sweep->document->text;
}

const char *sw_sweep_axis_source(const sw_sweep *sweep, size_t i)
{
    static const char *const names[] = {"cases", "zip", "random", "grid"};
    return names[sweep->axes[i].source];
}

const char *sw_sweep_case(const sw_sweep *sweep, uint64_t k)
{
    sw_run_place place;
    if (!sweep->case_count) return "";
    sw_sweep_place(&place, sweep, k);
    return sweep->cases[place.case_index].label;
}

static void text_of_value(char out[128], const sw_key *key, const sw_value *value)
{
    size_t used = 0;
    switch (key->type) {
    case SW_KEY_ENUM: snprintf(out, 128, "%s", key->names[value->integer]); break;
    case SW_KEY_FILE: snprintf(out, 128, "%.127s", value->file->path); break;
    case SW_KEY_SHA256:
        for (size_t i = 0; i < sizeof value->file->sha256; i++)
            used += (size_t)snprintf(out + used, 128 - used, "%02x", value->file->sha256[i]);
        break;
    case SW_KEY_INTEGERS:
        used = (size_t)snprintf(out, 128, "[");
        for (int32_t i = 0; i < value->count && used < 127; i++)
            used += (size_t)snprintf(out + used, 128 - used, "%s%lld", i ? "," : "", (long long)value->list[i]);
        if (used < 127) snprintf(out + used, 128 - used, "]");
        break;
    case SW_KEY_REAL:
    case SW_KEY_INTEGER:
    case SW_KEY_BOOL:
    case SW_KEY_NAMES: break;
    }
}

static const sw_axis_value NO_VALUE = {.integer = -1, .real = NAN};

static void take_value(sw_axis_value *out, const sw_key *key, const sw_value *value)
{
    switch (sw_key_axis_type(key)) {
    case SW_AXIS_REAL: out->real = value->real; break;
    case SW_AXIS_STRING: text_of_value(out->string, key, value); break;
    case SW_AXIS_INTEGER:
    case SW_AXIS_BOOL: out->integer = value->integer; break;
    }
}

/* Missing values (the key does not concern the run): NaN, -1, "". An alias that the run does not set has the key's
 * default. */
static void axis_value(sw_axis_value *out, const sw_axis_info *axis, const sw_run_values *values,
                       const sw_run_config *config)
{
    const sw_key *key = &sw_keys[axis->key];
    sw_field field;
    *out = NO_VALUE;
    if (!sw_key_concerns(key, config)) return;
    sw_key_get(&field, config, key);
    bool by_alias = values->given[axis->key] && values->given[axis->key]->alias == axis->alias;
    if (axis->alias && !by_alias) sw_key_default(&field.value, key, config, false);
    take_value(out, key, &field.value);
}

sw_status sw_config_axis_value(sw_axis_value *out, const char *json, const char *path)
{
    sw_run_config config;
    sw_field field;
    const int k = sw_key_find(path);
    *out = NO_VALUE;
    if (k < 0) return SW_OK; /* an alias, or a key of another version */
    sw_status status = sw_config_read(&config, json);
    if (status != SW_OK || !sw_key_concerns(&sw_keys[k], &config)) return status;
    sw_key_get(&field, &config, &sw_keys[k]);
    take_value(out, &sw_keys[k], &field.value);
    return SW_OK;
}

sw_status sw_sweep_resolve(const sw_sweep *sweep, uint64_t k, sw_run_config *config, char label[128],
                           sw_axis_value *axes, sw_diagnostics *diagnostics)
{
    sw_run_values values;
    if (k >= sweep->run_count || sweep->run_count > SW_RUNS_MAX)
        return sw_fail(SW_E_CONFIG, "run %llu of %llu", (unsigned long long)k, (unsigned long long)sweep->run_count);
    sw_sweep_values(&values, sweep, k);
    sw_config_resolve(config, values.given);
    if (diagnostics) sw_config_check(config, values.given, sweep->document, diagnostics);
    if (label) snprintf(label, 128, "%s", sw_sweep_case(sweep, k));
    for (size_t i = 0; axes && i < sweep->axis_count; i++) axis_value(&axes[i], &sweep->axes[i], &values, config);
    return SW_OK;
}

/* ---- where a key comes from ---- */

static void locate_node(const sw_sweep *sweep, int32_t node, sw_position *out)
{
    const sw_node *n = &sweep->document->nodes[node];
    out->line = n->line;
    out->column = n->column;
    sw_document_path(sweep->document, node, out->path);
}

bool sw_sweep_locate(const sw_sweep *sweep, uint64_t k, const char *path, sw_position *out)
{
    sw_run_values values;
    int key = sw_key_find(path);
    sw_sweep_values(&values, sweep, k);
    if (key >= 0 && values.given[key]) {
        locate_node(sweep, values.given[key]->node, out);
        return true;
    }
    const sw_value *kind = values.given[sw_key_find("task.kind")];
    if (!strncmp(path, "task.", 5) && kind)
        locate_node(sweep, kind->node, out);
    else
        *out = (sw_position){0, 0, ""};
    return false;
}

void sw_sweep_run_position(const sw_sweep *sweep, uint64_t k, sw_position *out)
{
    static const char *const sections[] = {"grid", "zip", "random", "run"};
    int32_t node = -1;
    if (sweep->case_count) {
        sw_run_place place;
        sw_sweep_place(&place, sweep, k);
        node = sweep->cases[place.case_index].node;
    }
    for (size_t i = 0; i < sizeof sections / sizeof sections[0] && node < 0; i++)
        node = sw_document_member(sweep->document, 0, sections[i]);
    locate_node(sweep, node < 0 ? 0 : node, out);
}
