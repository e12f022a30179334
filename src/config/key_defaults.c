/* key_defaults.c: defaults that depend on other keys. */
#include "config/key_defaults.h"

void sw_key_default_sides(const sw_run_config *config, sw_value *out) {
    static const int64_t seven[SW_SIDES_MAX] = {7, 7, 7};
    bool cube = config->task.kind == SW_TASK_GRAPH && config->task.graph == SW_GRAPH_GRID3D;
    out->list = seven;
    out->count = cube ? 3 : 2;
}

void sw_key_default_no_file(const sw_run_config *config, sw_value *out) {
    static const sw_named_file none;
    (void)config;
    out->file = &none;
}

void sw_key_default_no_text(const sw_run_config *config, sw_value *out) {
    (void)config;
    out->text = "";
}

void sw_key_default_first_row(const sw_run_config *config, sw_value *out) {
    (void)config;
    out->text = "0";
}

void sw_key_default_n(const sw_run_config *config, sw_value *out) {
    const bool drawn = config->task.kind == SW_TASK_PLANTED || config->task.kind == SW_TASK_LATIN;
    out->integer = drawn                                        ? 24
                   : config->task.group == SW_GROUP_SYMMETRIC   ? 5
                   : config->task.group == SW_GROUP_ALTERNATING ? 5
                   : config->task.group == SW_GROUP_DIHEDRAL    ? 30
                                                                : 59;
}

void sw_key_default_expression(const sw_run_config *config, sw_value *out) {
    out->text = config->task.kind == SW_TASK_GROUP ? "x*y" : "";
}

void sw_key_default_relevant(const sw_run_config *config, sw_value *out) {
    out->integer = config->task.bits < 3 ? config->task.bits : 3;
}

void sw_key_default_factors(const sw_run_config *config, sw_value *out) {
    static const int64_t eight[2] = {8, 8};
    (void)config;
    out->list = eight;
    out->count = 2;
}

void sw_key_default_d_head(const sw_run_config *config, sw_value *out) {
    int32_t width = config->model.d_model / config->model.heads;
    out->integer = width > 0 ? width : 1;
}

void sw_key_default_hidden(const sw_run_config *config, sw_value *out) {
    out->integer = 4 * (int64_t)config->model.d_model;
}

void sw_key_default_readout_token(const sw_run_config *config, sw_value *out) {
    out->integer = config->model.kind == SW_MODEL_TRANSFORMER;
}

/* The paper's Lipschitz prior is local. */
void sw_key_default_neighbors(const sw_run_config *config, sw_value *out) {
    out->integer = config->geometry[SW_PRIOR_LIPSCHITZ].normalized ? 8 : 0;
}

void sw_key_default_data_seed(const sw_run_config *config, sw_value *out) { out->integer = config->seed; }

/* Kinds whose symmetries nobody has written down. */
static bool is_data(int32_t kind) {
    return kind == SW_TASK_TABLE || kind == SW_TASK_PLANTED || kind == SW_TASK_LATIN || kind == SW_TASK_PARITY;
}

void sw_key_default_phase_family(const sw_run_config *config, sw_value *out) {
    out->integer = config->task.kind == SW_TASK_GRAPH        ? SW_FAMILY_TRIANGLE
                   : config->task.kind == SW_TASK_COMPARISON ? SW_FAMILY_TRANSITIVITY
                   : is_data(config->task.kind)              ? SW_FAMILY_AUTOMORPHISM
                                                             : SW_FAMILY_ASSOCIATIVITY;
}
