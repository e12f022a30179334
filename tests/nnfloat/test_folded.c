/* test_folded.c: the folded one-layer path is the general one, to rounding: logits, gradients, evaluation. Compiled in
 * float. */
#include "../nn/model_paths.h"

int main(void) { return sw_test_model_paths(2e-6); }
