/* inside.c: refuses files that lie in part outside themselves. */
#include "store/inside.h"

#include <stdio.h>
#include <string.h>

/* More than any results file has: a walk through a file that was made to be endless ends here. */
enum { OBJECTS_MAX = 16384, DEPTH_MAX = 16 };

typedef struct walk {
    hid_t file;
    const char *path; /* of the file */
    int objects;
    sw_status status;
} walk;

static sw_status refuse(const walk *w, const char *object, const char *what) {
    return sw_fail(
        SW_E_STORE,
        "%s: /%s %s; a results file holds all its data itself, in chunks, as symsweep wrote it. Use the file "
        "that symsweep wrote, or a copy of it as it stands",
        w->path, object, what);
}

/* ---- datasets ---- */

/* How the dataset is stored; NULL = as this program stores them. The order matters: extents of a virtual dataset are
 * looked up in the files that it is made of, so its layout is asked for first. */
static const char *find_fault(hid_t dataset, hid_t create) {
    const H5D_layout_t layout = H5Pget_layout(create);
    if (layout == H5D_VIRTUAL) return "is a virtual dataset, whose values lie in other files";
    if (H5Pget_external_count(create) != 0) return "has external storage: its values lie in another file";
    const int filters = H5Pget_nfilters(create);
    for (int i = 0; i < filters; i++) {
        unsigned flags;
        size_t values = 0;
        const H5Z_filter_t filter = H5Pget_filter2(create, (unsigned)i, &flags, &values, NULL, 0, NULL, NULL);
        if (filter != H5Z_FILTER_SHUFFLE && filter != H5Z_FILTER_DEFLATE)
            return "is stored through a filter other than shuffle and deflate";
    }
    if (layout == H5D_CHUNKED) return NULL;
    hid_t space = H5Dget_space(dataset);
    const bool one = space >= 0 && H5Sget_simple_extent_type(space) == H5S_SCALAR;
    sw_hdf5_close(space);
    return one ? NULL : "is stored in one piece (contiguous or compact)";
}

static sw_status check_dataset(const walk *w, const char *name, hid_t dataset) {
    hid_t create = H5Dget_create_plist(dataset);
    if (create < 0) return sw_hdf5_fail("%s: /%s", w->path, name);
    const char *fault = find_fault(dataset, create);
    sw_hdf5_close(create);
    return fault ? refuse(w, name, fault) : SW_OK;
}

/* ---- links ---- */

static const char *kind_of(H5L_type_t type) {
    switch (type) {
    case H5L_TYPE_SOFT: return "is a soft link";
    case H5L_TYPE_EXTERNAL: return "is an external link, to an object of another file";
    default: return "is a user-defined link";
    }
}

static int depth_of(const char *name) {
    int depth = 0;
    for (; *name; name++) depth += *name == '/';
    return depth;
}

/* An object that its name leads to. One with several names would be met, and written, as several. */
static sw_status check_object(const walk *w, const char *name, hid_t object) {
    H5O_info_t info;
    if (H5Oget_info2(object, &info, H5O_INFO_BASIC) < 0) return sw_hdf5_fail("%s: /%s", w->path, name);
    if (info.rc != 1) return refuse(w, name, "has several names (hard links)");
    return info.type == H5O_TYPE_DATASET ? check_dataset(w, name, object) : SW_OK;
}

static herr_t visit_link(hid_t group, const char *name, const H5L_info_t *info, void *data) {
    walk *w = data;
    (void)group;
    if (info->type != H5L_TYPE_HARD) {
        w->status = refuse(w, name, kind_of(info->type));
        return -1;
    }
    if (++w->objects > OBJECTS_MAX || depth_of(name) > DEPTH_MAX) {
        w->status = refuse(w, name, "is one object, or one group in another, more than any results file has");
        return -1;
    }
    hid_t object = H5Oopen(w->file, name, H5P_DEFAULT);
    w->status = object < 0 ? sw_hdf5_fail("%s: /%s", w->path, name) : check_object(w, name, object);
    sw_hdf5_close(object);
    return w->status == SW_OK ? 0 : -1;
}

sw_status sw_inside_check(hid_t file, const char *path) {
    walk w = {.file = file, .path = path};
    const herr_t walked = H5Lvisit(file, H5_INDEX_NAME, H5_ITER_NATIVE, visit_link, &w);
    if (walked < 0 && w.status == SW_OK) w.status = sw_hdf5_fail("%s: list of datasets", path);
    H5Eclear2(H5E_DEFAULT);
    return w.status;
}
