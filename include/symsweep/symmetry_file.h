/* symmetry_file.h: a file of symmetries, as `symsweep symmetries -o` writes it or as a user does.
 *
 * JSON: an object with the member "generators", or that list alone. A generator is an object of "positions"
 * [positions], "tokens" (a list a position) and "classes" [classes], as in a map (symmetry.h). Other members are passed
 * over. */
#pragma once

#include "symsweep/symmetry_text.h"

/* *maps: [*count, length] malloc'ed; NULL when there are none. Each is checked on the table, in this scope, and the
 * content against its SHA-256 (NULL, or all zero: it may be any).
 * SW_E_CONFIG: it is no such file, or what it holds are no symmetries of the table; the message names line or
 * generator. SW_E_IO: it cannot be read. */
sw_status sw_symmetry_file_read(int32_t **maps, size_t *count, const char *path, const uint8_t *sha256,
                                const sw_symmetry_table *table, sw_symmetry_scope scope) SW_MUST_CHECK;

/* out[i] <- the "text" of generator i of such JSON, "" where it has none, or from where on it is no such JSON. */
void sw_symmetry_file_texts(char (*out)[SW_SYMMETRY_TEXT], size_t count, const char *json);
