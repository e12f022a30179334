/* test_model_paths.c: the folded one-layer path is the general one, to rounding: logits, gradients, evaluation.
 * Compiled in double. */
#include "model_paths.h"

int main(void) { return sw_test_model_paths(1e-12); }
