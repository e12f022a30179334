/* test_folded_gemm.c: matrix products, compiled in float. */
#include "../nn/gemm_check.h"

int main(void) { return sw_test_products(); }
