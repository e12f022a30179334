/* symmetry_text.h: what a symmetry does, in words. */
#pragma once

#include "symsweep/symmetry.h"

enum { SW_SYMMETRY_TEXT = 2048 };

/* "adds 5 to x and the result and swaps x and y": tokens change first, then they move to other positions. What is no
 * arithmetic modulo the number of tokens, nor a product with an element of the task's group, is written as cycles, cut
 * with an ellipsis; there, and where two are exchanged, tokens and classes have the names that the task's file gives
 * them, elsewhere they are numbers. */
void sw_symmetry_text(char out[SW_SYMMETRY_TEXT], const sw_task *task, const sw_symmetry_shape *shape,
                      const int32_t *map);

/* The texts of `count` symmetries, one behind the other in `maps`: [count], to be freed with free(). */
sw_status sw_symmetry_texts(char (**out)[SW_SYMMETRY_TEXT], const sw_task *task, const sw_symmetry_shape *shape,
                            const int32_t *maps, size_t count) SW_MUST_CHECK;
