/* hdf5.c: HDF5 calls with our statuses. */
#include "store/hdf5.h"

#include "symsweep/fault.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

sw_status sw_hdf5_refused(const char *point, const char *path) {
    const int error = sw_fault(point);
    return error ? sw_fail(SW_E_IO, "%s: %s", path, strerror(error)) : SW_OK;
}

void sw_hdf5_begin(void) {
    /* Read by the library when it starts; the property of sw_hdf5_access says the same for later opens. */
    setenv("HDF5_USE_FILE_LOCKING", "FALSE", 1);
    /* After a close that failed (a full disk) the library's exit handler runs into freed memory; files are closed here.
     */
    H5dont_atexit();
    H5PLset_loading_state(0); /* no file makes this program load a shared library */
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
}

/* Keeps the innermost description, which is where the fault is known. */
static herr_t keep_innermost(unsigned n, const H5E_error2_t *error, void *data) {
    char *text = data;
    if ((n == 0 || strstr(error->desc ? error->desc : "", "error message = '")) && error->desc)
        snprintf(text, SW_MESSAGE_MAX / 2, "%s", error->desc);
    return 0;
}

sw_status sw_hdf5_fail(const char *format, ...) {
    char context[SW_MESSAGE_MAX / 2], reason[SW_MESSAGE_MAX / 2] = "";
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(context, sizeof context, format, arguments);
    va_end(arguments);

    H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, keep_innermost, reason);
    H5Eclear2(H5E_DEFAULT);
    /* A refused system call: "file write failed: time = ..., errno = 28, error message = 'No space left on device',
     * ..." */
    const char *refused = strstr(reason, "error message = '");
    if (refused) {
        refused += strlen("error message = '");
        const char *end = strchr(refused, '\'');
        const int length = end ? (int)(end - refused) : (int)strlen(refused);
        return sw_fail(SW_E_IO, "%s: %.*s", context, length, refused);
    }
    return sw_fail(SW_E_STORE, "%s: %s", context, reason[0] ? reason : "HDF5 failed without saying why");
}

hid_t sw_hdf5_access(void) {
    /* Readers of a live file try a torn read again, after sleeps that double from a nanosecond: the library's hundred
     * tries would last for ever on a damaged file. */
    enum { READ_ATTEMPTS = 24 };
    hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    if (access < 0 || H5Pset_metadata_read_attempts(access, READ_ATTEMPTS) < 0 ||
        H5Pset_libver_bounds(access, H5F_LIBVER_V110, H5F_LIBVER_V110) < 0 || H5Pset_file_locking(access, 0, 1) < 0 ||
        H5Pset_fclose_degree(access, H5F_CLOSE_STRONG) < 0) {
        sw_hdf5_fail("file access properties");
        sw_hdf5_close(access);
        return -1;
    }
    return access;
}

hid_t sw_hdf5_text_type(void) {
    hid_t type = H5Tcopy(H5T_C_S1);
    if (type < 0 || H5Tset_size(type, H5T_VARIABLE) < 0 || H5Tset_cset(type, H5T_CSET_UTF8) < 0) {
        sw_hdf5_fail("text type");
        sw_hdf5_close(type);
        return -1;
    }
    return type;
}

sw_status sw_hdf5_set_text(hid_t object, const char *name, const char *text) {
    sw_status status = SW_OK;
    hid_t type = sw_hdf5_text_type(), space = H5Screate(H5S_SCALAR), attribute = -1;
    if (type < 0 || space < 0) {
        status = sw_hdf5_fail("attribute %s", name);
        goto done;
    }
    if (H5Aexists(object, name) > 0) H5Adelete(object, name);
    attribute = H5Acreate2(object, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
    if (attribute < 0 || H5Awrite(attribute, type, &text) < 0) status = sw_hdf5_fail("attribute %s", name);
done:
    sw_hdf5_close(attribute);
    sw_hdf5_close(space);
    sw_hdf5_close(type);
    return status;
}

sw_status sw_hdf5_set_array(hid_t object, const char *name, hid_t file_type, hid_t memory_type, const void *values,
                            size_t count) {
    sw_status status = SW_OK;
    const hsize_t extent = count;
    hid_t space = H5Screate_simple(1, &extent, NULL), attribute = -1;
    if (space >= 0) attribute = H5Acreate2(object, name, file_type, space, H5P_DEFAULT, H5P_DEFAULT);
    if (attribute < 0 || H5Awrite(attribute, memory_type, values) < 0) status = sw_hdf5_fail("attribute %s", name);
    sw_hdf5_close(attribute);
    sw_hdf5_close(space);
    return status;
}

sw_status sw_hdf5_set_integer(hid_t object, const char *name, hid_t file_type, int64_t value) {
    hid_t space = H5Screate(H5S_SCALAR), attribute = -1;
    if (space >= 0) attribute = H5Acreate2(object, name, file_type, space, H5P_DEFAULT, H5P_DEFAULT);
    const herr_t result = attribute < 0 ? -1 : H5Awrite(attribute, H5T_NATIVE_INT64, &value);
    const sw_status status = result < 0 ? sw_hdf5_fail("attribute %s", name) : SW_OK;
    sw_hdf5_close(attribute);
    sw_hdf5_close(space);
    return status;
}

/* The value of an attribute of fixed length; reads at most SW_MESSAGE_MAX bytes. */
static sw_status read_fixed_text(char **out, hid_t attribute, hid_t type, const char *what) {
    const size_t size = H5Tget_size(type);
    if (size == 0 || size > SW_MESSAGE_MAX) return sw_fail(SW_E_STORE, "%s: absurd length", what);
    *out = calloc(size + 1, 1);
    if (!*out) return sw_fail(SW_E_MEMORY, "%s", what);
    if (H5Aread(attribute, type, *out) >= 0) return SW_OK;
    free(*out);
    *out = NULL;
    return sw_hdf5_fail("%s", what);
}

sw_status sw_hdf5_read_text(char **out, hid_t object, const char *what) {
    const bool is_attribute = H5Iget_type(object) == H5I_ATTR;
    hid_t stored = is_attribute ? H5Aget_type(object) : H5Dget_type(object), type = sw_hdf5_text_type();
    hid_t space = is_attribute ? H5Aget_space(object) : H5Dget_space(object);
    sw_status status = SW_OK;
    char *text = NULL;
    *out = NULL;
    if (stored < 0 || space < 0 || type < 0) {
        status = sw_hdf5_fail("%s", what);
    } else if (H5Tget_class(stored) != H5T_STRING || H5Sget_simple_extent_npoints(space) != 1 ||
               (!is_attribute && H5Tis_variable_str(stored) <= 0)) {
        status = sw_fail(SW_E_STORE, "%s is not one text", what);
    } else if (H5Tis_variable_str(stored) <= 0) {
        status = read_fixed_text(out, object, stored, what);
    } else if (H5Tset_cset(type, H5Tget_cset(stored)) < 0 ||
               (is_attribute ? H5Aread(object, type, &text)
                             : H5Dread(object, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, &text)) < 0) {
        status = sw_hdf5_fail("%s", what);
    } else {
        *out = strdup(text ? text : "");
        if (!*out) status = sw_fail(SW_E_MEMORY, "%s", what);
    }
    if (text) H5free_memory(text);
    sw_hdf5_close(type);
    sw_hdf5_close(space);
    sw_hdf5_close(stored);
    return status;
}

sw_status sw_hdf5_get_text(char **out, hid_t object, const char *name) {
    char what[128];
    *out = NULL;
    if (H5Aexists(object, name) <= 0) return SW_OK;
    snprintf(what, sizeof what, "attribute %s", name);
    hid_t attribute = H5Aopen(object, name, H5P_DEFAULT);
    const sw_status status = attribute < 0 ? sw_hdf5_fail("%s", what) : sw_hdf5_read_text(out, attribute, what);
    sw_hdf5_close(attribute);
    return status;
}

sw_status sw_hdf5_get_integer(int64_t *out, hid_t object, const char *name) {
    sw_status status = SW_OK;
    hid_t attribute = -1, type = -1, space = -1;
    attribute = H5Aexists(object, name) > 0 ? H5Aopen(object, name, H5P_DEFAULT) : -1;
    if (attribute < 0) return sw_fail(SW_E_STORE, "attribute %s is missing", name);
    type = H5Aget_type(attribute);
    space = H5Aget_space(attribute);
    if (type < 0 || space < 0 || H5Tget_class(type) != H5T_INTEGER || H5Sget_simple_extent_npoints(space) != 1)
        status = sw_fail(SW_E_STORE, "attribute %s is not one integer", name);
    else if (H5Aread(attribute, H5T_NATIVE_INT64, out) < 0)
        status = sw_hdf5_fail("attribute %s", name);
    sw_hdf5_close(space);
    sw_hdf5_close(type);
    sw_hdf5_close(attribute);
    return status;
}

int sw_hdf5_extents(hid_t dataset, const char *path, hsize_t extents[SW_RANK_MAX]) {
    hid_t space = H5Dget_space(dataset);
    int rank = space < 0 ? -1 : H5Sget_simple_extent_ndims(space);
    if (rank > SW_RANK_MAX) {
        sw_fail(SW_E_STORE, "%s has %d dimensions", path, rank);
        rank = -1;
    } else if (rank < 0 || (rank > 0 && H5Sget_simple_extent_dims(space, extents, NULL) < 0)) {
        sw_hdf5_fail("%s", path);
        rank = -1;
    }
    sw_hdf5_close(space);
    return rank;
}

sw_status sw_hdf5_flush(hid_t file, const char *path) {
    const sw_status refused = sw_hdf5_refused("store.flush", path);
    if (refused != SW_OK) return refused;
    return H5Fflush(file, H5F_SCOPE_GLOBAL) < 0 ? sw_hdf5_fail("%s", path) : SW_OK;
}

herr_t sw_hdf5_close_file(hid_t file) {
    const hid_t access = H5Fget_access_plist(file);
    const herr_t result = H5Fclose(file);
    if (access >= 0) H5Pclose(access);
    return result;
}

static void close_any(hid_t id) {
    switch (H5Iget_type(id)) {
    case H5I_FILE: sw_hdf5_close_file(id); break;
    case H5I_GROUP: H5Gclose(id); break;
    case H5I_DATASET: H5Dclose(id); break;
    case H5I_DATATYPE: H5Tclose(id); break;
    case H5I_DATASPACE: H5Sclose(id); break;
    case H5I_ATTR: H5Aclose(id); break;
    case H5I_GENPROP_LST: H5Pclose(id); break;
    default: H5Idec_ref(id); break;
    }
}

void sw_hdf5_close(hid_t id) {
    if (id < 0) return;
    /* Every call of the library forgets its last error; this one may come between a fault and sw_hdf5_fail. */
    const bool failed = H5Eget_num(H5E_DEFAULT) > 0;
    hid_t stack = failed ? H5Eget_current_stack() : -1;
    close_any(id);
    if (failed) H5Eset_current_stack(stack);
}

#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)

const char *sw_store_library_version(void) {
    return "HDF5 " TEXT(H5_VERS_MAJOR) "." TEXT(H5_VERS_MINOR) "." TEXT(H5_VERS_RELEASE);
}
