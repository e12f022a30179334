/* version.c: which HDF5 this is. */
#include "store/hdf5.h"
#include "symsweep/store.h"

#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)

const char *sw_store_library_version(void)
{
    return "HDF5 " TEXT(H5_VERS_MAJOR) "." TEXT(H5_VERS_MINOR) "." TEXT(H5_VERS_RELEASE);
}
