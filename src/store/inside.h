/* inside.h: does all that a file holds lie in the file itself?
 *
 * A results file is data and never trusted. HDF5 lets a file say that a dataset lies in other files (external storage,
 * virtual datasets), that an object is in another file (external links) and that a shared library is to be loaded to
 * read it (filters): reading or writing such a dataset touches what the user never named. */
#pragma once

#include "store/hdf5.h"

/* SW_E_STORE unless every link of the open file is a hard one, every object has one name, and every dataset is stored
 * as this program stores them: in chunks, unfiltered or by shuffle and deflate; single values also contiguous or
 * compact. Follows nothing and reads no value. Every file that is opened comes through this (open.c). */
sw_status sw_inside_check(hid_t file, const char *path) SW_MUST_CHECK;
