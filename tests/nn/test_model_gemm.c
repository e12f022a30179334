/* test_model_gemm.c: matrix products, compiled in double. */
#include "gemm_check.h"

int main(void) { return sw_test_products(); }
