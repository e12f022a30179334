/* real.h: the scalar that networks are made of. The nn module is compiled twice from the same source:
 * in float for training, in double (SW_REAL_DOUBLE) for the finite-difference checks of the tests. */
#pragma once

#ifdef SW_REAL_DOUBLE
typedef double sw_real;
#else
typedef float sw_real;
#endif
