/* fault.h: makes the outside world fail on purpose, for tests.
 *
 * Every place that can be refused by the operating system asks first. With SYMSWEEP_FAULT=N[:ERRNO[:POINT]] in the
 * environment the N-th question (1 is the first; only those of POINT when given) is answered with ERRNO (default
 * 5, EIO), which is said on stderr, all others with 0. With SYMSWEEP_FAULT=count the number of questions is printed to
 * stderr at exit, in all and for each point. */
#pragma once

/* The errno that the operation at `point` ("checkpoint.write", a literal) must fail with; 0 = go on. */
int sw_fault(const char *point);
