/* key_defaults.h: defaults that depend on other keys: of the rows above theirs, as far as these are set (keys.c). */
#pragma once

#include "config/key_types.h"

/* *out <- the default in this configuration; lists and texts are static or belong to it. */
void sw_key_default_sides(const sw_run_config *config, sw_value *out);
void sw_key_default_no_file(const sw_run_config *config, sw_value *out);
void sw_key_default_no_text(const sw_run_config *config, sw_value *out);
void sw_key_default_first_row(const sw_run_config *config, sw_value *out);
void sw_key_default_n(const sw_run_config *config, sw_value *out);
void sw_key_default_expression(const sw_run_config *config, sw_value *out);
void sw_key_default_relevant(const sw_run_config *config, sw_value *out);
void sw_key_default_factors(const sw_run_config *config, sw_value *out);
void sw_key_default_d_head(const sw_run_config *config, sw_value *out);
void sw_key_default_hidden(const sw_run_config *config, sw_value *out);
void sw_key_default_readout_token(const sw_run_config *config, sw_value *out);
void sw_key_default_neighbors(const sw_run_config *config, sw_value *out);
void sw_key_default_data_seed(const sw_run_config *config, sw_value *out);
void sw_key_default_phase_family(const sw_run_config *config, sw_value *out);
