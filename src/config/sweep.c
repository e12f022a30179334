/* sweep.c: a sweep and run k of the product of its axes.
 *
 * Order of runs: cases vary slowest, then zip, then samples of random, then grid; of the grid's axes the last one in
 * the file varies fastest. */
#include "config/sweep.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const sw_sweep_sources[] = {"cases", "zip", "random", "grid"};

void sw_sweep_destroy(sw_sweep *sweep) {
    if (!sweep) return;
    for (size_t i = 0; i < sweep->case_count; i++) free(sweep->cases[i].set.items);
    free(sweep->base.items);
    free(sweep->dimensions);
    free(sweep->axes);
    free(sweep->output);
    free(sweep->name);
    free(sweep->folder);
    free(sweep->path);
    sw_document_destroy(sweep->document);
    sw_arena_destroy(sweep->arena);
    free(sweep);
}

/* ---- run k ---- */

/* Where run k stands on each kind of axis. */
typedef struct place {
    uint64_t variant; /* among those of all cases */
    size_t zip, sample;
    uint64_t grid; /* number among the grid's points, the last axis fastest */
} place;

static void find_place(place *out, const sw_sweep *sweep, uint64_t k) {
    uint64_t grid = 1;
    if (sweep->kept) k = sweep->kept[k];
    for (size_t i = 0; i < sweep->dimension_count; i++) {
        const sw_dimension *dimension = &sweep->dimensions[i];
        if (dimension->source == SW_SOURCE_GRID && dimension->count) grid *= dimension->count;
    }
    out->grid = k % grid;
    k /= grid;
    out->sample = (size_t)(k % sweep->samples);
    k /= sweep->samples;
    out->zip = (size_t)(k % sweep->zip_length);
    out->variant = k / sweep->zip_length;
}

/* The case that a variant belongs to. */
static const sw_case *case_of(const sw_sweep *sweep, uint64_t variant) {
    size_t low = 0, high = sweep->case_count;
    while (high - low > 1) {
        const size_t middle = low + (high - low) / 2;
        if (sweep->cases[middle].first <= variant)
            low = middle;
        else
            high = middle;
    }
    return &sweep->cases[low];
}

static void give(sw_run_values *out, const sw_dimension *dimension, const sw_value *value) {
    out->given[dimension->key->number] = value;
    if (dimension->twin) out->given[dimension->twin->number] = value;
}

/* Every key that the case sets, and the variant's values of its axes. */
static void give_case(sw_run_values *out, const sw_case *item, uint64_t variant) {
    uint64_t rest = variant - item->first;
    sw_config_give(out->given, &item->set);
    for (size_t i = item->dimension_count; i-- > 0;) { /* the last axis varies fastest */
        const sw_dimension *dimension = &item->dimensions[i];
        if (!dimension->count) continue;
        give(out, dimension, &dimension->values[rest % dimension->count]);
        rest /= dimension->count;
    }
}

void sw_sweep_values(sw_run_values *out, const sw_sweep *sweep, uint64_t k) {
    place at;
    size_t random = 0;
    find_place(&at, sweep, k);
    memset(out->given, 0, sizeof out->given);
    sw_config_give(out->given, &sweep->base);
    if (sweep->case_count) give_case(out, case_of(sweep, at.variant), at.variant);
    uint64_t rest = at.grid;
    for (size_t i = sweep->dimension_count; i-- > 0;) {
        const sw_dimension *dimension = &sweep->dimensions[i];
        if (dimension->source != SW_SOURCE_GRID || !dimension->count) continue;
        give(out, dimension, &dimension->values[rest % dimension->count]);
        rest /= dimension->count;
    }
    for (size_t i = 0; i < sweep->dimension_count; i++) {
        const sw_dimension *dimension = &sweep->dimensions[i];
        if (!dimension->count) continue;
        if (dimension->source == SW_SOURCE_ZIP && at.zip < dimension->count) {
            give(out, dimension, &dimension->values[at.zip]);
        } else if (dimension->source == SW_SOURCE_RANDOM && random < SW_RANDOM_AXES_MAX) {
            sw_generator_draw(&out->drawn[random], dimension, sweep->sampler_seed, at.sample, random);
            give(out, dimension, &out->drawn[random]);
            random++;
        }
    }
}

/* ---- what others see ---- */

const char *sw_sweep_name(const sw_sweep *sweep) { return sweep->name; }
const char *sw_sweep_output(const sw_sweep *sweep) { return sweep->output; }
const char *sw_sweep_path(const sw_sweep *sweep) { return sweep->path; }
uint64_t sw_sweep_excluded(const sw_sweep *sweep) { return sweep->excluded; }
uint64_t sw_sweep_run_count(const sw_sweep *sweep) { return sweep->run_count; }
size_t sw_sweep_axis_count(const sw_sweep *sweep) { return sweep->axis_count; }
const sw_axis *sw_sweep_axis(const sw_sweep *sweep, size_t i) { return &sweep->axes[i].axis; }
const char *sw_sweep_text(const sw_sweep *sweep, size_t *length) {
    *length = sweep->document->length;
    return sweep->document->text;
}

const char *sw_sweep_case(const sw_sweep *sweep, uint64_t k) {
    place at;
    if (!sweep->case_count) return "";
    find_place(&at, sweep, k);
    return case_of(sweep, at.variant)->label;
}

void sw_sweep_axis_value(sw_axis_value *out, const sw_axis_info *axis, const sw_run_values *values,
                         const sw_run_config *config) {
    sw_field field;
    const sw_value *given = values->given[axis->key->number];
    const bool concerned = sw_key_concerns(axis->key, config);
    if (concerned) sw_key_get(&field, config, axis->key);
    if (concerned && axis->alias && !(given && given->alias == axis->alias))
        sw_key_default(&field.value, axis->key, config, false);
    sw_key_axis_value(out, axis->key, concerned ? &field.value : NULL);
}

sw_status sw_sweep_resolve(const sw_sweep *sweep, uint64_t k, sw_run_config *config, char label[128],
                           sw_axis_value *axes, sw_diagnostics *diagnostics) {
    sw_run_values values;
    if (k >= sweep->run_count || sweep->run_count > SW_RUNS_MAX)
        return sw_fail(SW_E_CONFIG, "run %llu of %llu", (unsigned long long)k, (unsigned long long)sweep->run_count);
    sw_sweep_values(&values, sweep, k);
    sw_config_resolve(config, values.given);
    sweep->document->diagnostics = diagnostics;
    if (diagnostics) sw_config_check(config, values.given, sweep->document, sw_config_report, sweep->document);
    if (label) snprintf(label, 128, "%s", sw_sweep_case(sweep, k));
    for (size_t i = 0; axes && i < sweep->axis_count; i++)
        sw_sweep_axis_value(&axes[i], &sweep->axes[i], &values, config);
    return SW_OK;
}

/* ---- two runs ---- */

/* What a run has for a key, whether that concerns it or not. */
static const sw_value *setting_of(sw_field *room, const sw_key *key, const sw_value *given,
                                  const sw_run_config *config) {
    if (sw_key_concerns(key, config))
        sw_key_get(room, config, key);
    else if (given && !given->broken)
        return given;
    else
        sw_key_default(&room->value, key, config, false);
    return &room->value;
}

sw_difference sw_sweep_compare(const char **path, const sw_sweep *sweep, uint64_t a, uint64_t b) {
    sw_run_values x, y;
    sw_run_config first, second;
    sw_difference found = SW_DIFFERENCE_NONE;
    size_t count;
    const sw_key *keys = sw_keys_of(SW_SECTION_RUN, &count);
    sw_sweep_values(&x, sweep, a);
    sw_sweep_values(&y, sweep, b);
    sw_config_resolve(&first, x.given);
    sw_config_resolve(&second, y.given);
    for (size_t i = 0; i < count; i++) {
        sw_field room[2];
        if (x.given[i] == y.given[i] && !keys[i].rule) continue;
        const sw_value *one = setting_of(&room[0], &keys[i], x.given[i], &first);
        const sw_value *other = setting_of(&room[1], &keys[i], y.given[i], &second);
        const bool file = keys[i].type == &sw_key_file || keys[i].type == &sw_key_sha256; /* told by the identity */
        if (file || keys[i].type->compare(one, other) == 0) continue;
        const bool real = (sw_key_concerns(&keys[i], &first) && sw_key_acts(&keys[i], &first)) ||
                          (sw_key_concerns(&keys[i], &second) && sw_key_acts(&keys[i], &second));
        if (real) return SW_DIFFERENCE_REAL;
        if (found == SW_DIFFERENCE_NONE) *path = keys[i].path;
        found = SW_DIFFERENCE_IDLE;
    }
    place at[2];
    find_place(&at[0], sweep, a);
    find_place(&at[1], sweep, b);
    return found == SW_DIFFERENCE_NONE && at[0].sample != at[1].sample ? SW_DIFFERENCE_DRAWN : found;
}

/* ---- where a key comes from ---- */

bool sw_sweep_locate(const sw_sweep *sweep, uint64_t k, const char *path, sw_position *out) {
    sw_run_values values;
    const sw_key *key = sw_key_find(SW_SECTION_RUN, path);
    sw_sweep_values(&values, sweep, k);
    if (key && values.given[key->number]) {
        sw_document_locate(sweep->document, values.given[key->number]->node, out);
        return true;
    }
    const sw_value *changes = values.given[sw_key_find(SW_SECTION_RUN, "changes")->number];
    for (int32_t i = 0; key && changes && i < changes->count; i++) {
        if (changes->changes->list[i].field != key->offset) continue;
        sw_document_locate(sweep->document, (int32_t)changes->list[i], out);
        return true;
    }
    const sw_value *kind = values.given[sw_key_find(SW_SECTION_RUN, "task.kind")->number];
    if (!strncmp(path, "task.", 5) && kind)
        sw_document_locate(sweep->document, kind->node, out);
    else
        *out = (sw_position){0, 0, ""};
    return false;
}

void sw_sweep_locate_change(const sw_sweep *sweep, uint64_t k, uint32_t field, int64_t at, sw_position *out) {
    sw_run_values values;
    sw_sweep_values(&values, sweep, k);
    const sw_value *given = values.given[sw_key_find(SW_SECTION_RUN, "changes")->number];
    int32_t node = 0;
    for (int32_t i = 0; given && i < given->count; i++)
        if (given->changes->list[i].field == field && given->changes->list[i].at == at) node = (int32_t)given->list[i];
    sw_document_locate(sweep->document, node, out);
}

void sw_sweep_run_position(const sw_sweep *sweep, uint64_t k, sw_position *out) {
    static const char *const sections[] = {"grid", "zip", "random", "run"};
    int32_t node = -1;
    if (sweep->case_count) {
        place at;
        find_place(&at, sweep, k);
        node = case_of(sweep, at.variant)->node;
    }
    for (size_t i = 0; i < sizeof sections / sizeof sections[0] && node < 0; i++)
        node = sw_document_member(sweep->document, 0, sections[i]);
    sw_document_locate(sweep->document, node < 0 ? 0 : node, out);
}

/* ---- the lattice of `refine` ---- */

const sw_adaptive_config *sw_sweep_adaptive(const sw_sweep *sweep) { return &sweep->adaptive; }

/* 0, 1: an axis to refine; 2: the seeds; -1: another one. */
static int role_of(const sw_sweep *sweep, size_t dimension) {
    for (int32_t a = 0; a < sweep->adaptive.refine.axis_count; a++)
        if (sweep->refined[a] == (int32_t)dimension) return a;
    return sweep->seed_dimension == (int32_t)dimension ? 2 : -1;
}

void sw_sweep_lattice_size(const sw_sweep *sweep, size_t *planes, size_t size[2], size_t *seeds) {
    size_t found[3] = {1, 1, 1};
    for (size_t i = 0; i < sweep->dimension_count; i++) {
        int role = sweep->dimensions[i].source == SW_SOURCE_GRID ? role_of(sweep, i) : -1;
        if (role >= 0 && sweep->dimensions[i].count) found[role] = sweep->dimensions[i].count;
    }
    size[0] = found[0];
    size[1] = found[1];
    *seeds = found[2];
    *planes = (size_t)sweep->run_count / (found[0] * found[1] * found[2]);
}

void sw_sweep_lattice_place(sw_lattice_place *out, const sw_sweep *sweep, uint64_t k) {
    place at;
    size_t found[3] = {0, 0, 0}, others = 1;
    find_place(&at, sweep, k);
    out->plane = 0;
    uint64_t rest = at.grid;
    for (size_t i = sweep->dimension_count; i-- > 0;) { /* the last axis varies fastest */
        const sw_dimension *dimension = &sweep->dimensions[i];
        if (dimension->source != SW_SOURCE_GRID || !dimension->count) continue;
        size_t index = (size_t)(rest % dimension->count);
        rest /= dimension->count;
        int role = role_of(sweep, i);
        if (role >= 0) {
            found[role] = index;
        } else {
            out->plane += index * others;
            others *= dimension->count;
        }
    }
    out->plane += others * ((at.variant * sweep->zip_length + at.zip) * sweep->samples + at.sample);
    out->index[0] = found[0];
    out->index[1] = found[1];
    out->seed = found[2];
}
