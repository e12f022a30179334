/* open.c: opening results files in whatever state their writer left them. */
#include "store/open.h"

#include "store/inside.h"
#include "symsweep/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const sw_file_points sw_open_points = {
    .open = "store.copy.open", .write = "store.copy.write", .sync = "store.sync", .rename = "store.rename"};

static const char signature[] = "\x89HDF\r\n\x1a\n";

/* ---- a killed writer ---- */

/* The consistency flags of the superblock (version 3: byte 11), which a writer sets and a close clears. */
static sw_status read_flags(unsigned char *flags, const char *path) {
    unsigned char head[12] = {0};
    const int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) return sw_fail(SW_E_IO, "%s: %s", path, strerror(errno));
    const ssize_t length = sw_file_read_all(descriptor, head, sizeof head);
    const int error = errno;
    close(descriptor);
    if (length < 0) return sw_fail(SW_E_IO, "%s: %s", path, strerror(error));
    if (length < (ssize_t)sizeof head || memcmp(head, signature, sizeof signature - 1) != 0)
        return sw_fail(SW_E_STORE, "%s is not an HDF5 file", path);
    *flags = head[8] >= 3 ? head[11] : 0;
    return SW_OK;
}

sw_status sw_open_clear(const char *path, bool *killed) {
    unsigned char flags;
    const hbool_t yes = 1;
    sw_status status = read_flags(&flags, path);
    *killed = status == SW_OK && flags != 0;
    if (!*killed) return status;
    status = sw_hdf5_refused("store.recover", path);
    if (status != SW_OK) return status;
    /* Both properties are the library's own, made for its tool h5clear. The end of the file is taken from its size: the
     * one in the superblock is stale after a kill, and trusting it would cut the file off. */
    hid_t access = sw_vfd_access(SW_VFD_DROP), file = -1;
    if (access >= 0 && H5Pset(access, "clear_status_flags", &yes) >= 0 && H5Pset(access, "skip_eof_check", &yes) >= 0)
        file = H5Fopen(path, H5F_ACC_RDWR | H5F_ACC_SWMR_WRITE, access);
    if (file < 0 || H5Fincrement_filesize(file, 0) < 0) status = sw_hdf5_fail("%s: recovery", path);
    status = sw_vfd_close(file, path, status);
    sw_hdf5_close(access);
    return status != SW_OK ? status : sw_file_sync_path(path, sw_open_points.sync);
}

/* ---- opening ---- */

static sw_status open_with(hid_t *out, const char *path, unsigned flags, sw_vfd_mode mode) {
    *out = -1;
    const sw_status refused = sw_hdf5_refused("store.open", path);
    if (refused != SW_OK) return refused;
    hid_t access = sw_vfd_access(mode);
    *out = access < 0 ? -1 : H5Fopen(path, flags, access);
    sw_hdf5_close(access);
    if (*out < 0) return sw_hdf5_fail("%s", path);
    const sw_status status = sw_inside_check(*out, path);
    if (status == SW_OK) return SW_OK;
    sw_hdf5_close(*out);
    *out = -1;
    return status;
}

sw_status sw_open_live(hid_t *out, const char *path) {
    return open_with(out, path, H5F_ACC_RDWR | H5F_ACC_SWMR_WRITE, SW_VFD_HOLD);
}

sw_status sw_open_writable(hid_t *out, const char *path) { return open_with(out, path, H5F_ACC_RDWR, SW_VFD_DROP); }

sw_status sw_open_readable(hid_t *out, const char *path) {
    unsigned char flags;
    *out = -1;
    sw_hdf5_begin();
    sw_status status = read_flags(&flags, path);
    /* While a writer opens or closes the file its flags may be about to change. */
    for (int attempt = 0; attempt < 20 && status == SW_OK; attempt++) {
        if (attempt > 0) sw_clock_sleep(0.1);
        hid_t access = sw_hdf5_access();
        if (access < 0) return SW_E_STORE;
        *out = H5Fopen(path, flags ? H5F_ACC_RDONLY | H5F_ACC_SWMR_READ : H5F_ACC_RDONLY, access);
        sw_hdf5_close(access);
        if (*out >= 0) return SW_OK;
        const unsigned char before = flags;
        const sw_status failed = sw_hdf5_fail("%s", path);
        status = read_flags(&flags, path);
        if (status == SW_OK && flags == 0 && before == 0) return failed; /* nobody writes: it will not get better */
    }
    return status != SW_OK
               ? status
               : sw_fail(SW_E_STORE, "%s: a writer holds it, or left it, in a state that cannot be read", path);
}

sw_status sw_open_check_format(hid_t file, const char *path, const char *sweep_name) {
    char *format = NULL, *name = NULL;
    int64_t version = 0;
    sw_status status = sw_hdf5_get_text(&format, file, "format");
    if (status != SW_OK || !format || strcmp(format, "symsweep") != 0) {
        status = sw_fail(SW_E_STORE, "%s is an HDF5 file, but not a results file of symsweep", path);
        goto done;
    }
    status = sw_hdf5_get_integer(&version, file, "format_version");
    if (status == SW_OK && version != SW_FORMAT_VERSION) {
        status = sw_fail(SW_E_STORE, "%s has format version %lld; this symsweep reads version %d", path,
                         (long long)version, SW_FORMAT_VERSION);
    }
    if (status == SW_OK) status = sw_hdf5_get_text(&name, file, "sweep_name");
    if (status == SW_OK && sweep_name && (!name || strcmp(name, sweep_name) != 0)) {
        status = sw_fail(SW_E_STORE,
                         "%s holds the sweep \"%s\", not \"%s\"; give another --output, or --fresh to move it aside",
                         path, name ? name : "", sweep_name);
    }
    if (status == SW_OK) status = sw_inside_check(file, path);
done:
    free(format);
    free(name);
    return status;
}

/* ---- the place of a file ---- */

sw_status sw_open_target(char **out, const char *path) {
    struct stat info;
    const sw_status status = sw_file_resolve(out, path);
    if (status != SW_OK) return status;
    if (lstat(*out, &info) != 0 || S_ISREG(info.st_mode)) return SW_OK;
    free(*out);
    *out = NULL;
    return sw_fail(SW_E_STORE, "%s is not a regular file; a results file is one", path);
}

sw_status sw_open_temporary(char out[SW_TEMPORARY_MAX], const char *path) {
    const bool fits = snprintf(out, SW_TEMPORARY_MAX, "%s.new", path) < SW_PATH_MAX;
    return fits ? SW_OK : sw_fail(SW_E_IO, "%s: the name is too long", path);
}

sw_status sw_open_tidy(const char *temporary, bool left) {
    struct stat info;
    unsigned char flags = 0;
    bool finished = false;
    if (lstat(temporary, &info) != 0 && errno == ENOENT) return SW_OK;
    sw_status status = sw_file_check_own(temporary, signature);
    /* The mark of a file that is being written goes with its close; before it is set there are only zeros. */
    if (status == SW_OK && read_flags(&flags, temporary) == SW_OK) finished = flags == 0;
    if (status == SW_OK && finished && !left)
        status = sw_fail(SW_E_STORE, "%s is in the way: a new results file is built under this name; move it away",
                         temporary);
    if (status == SW_OK && unlink(temporary) != 0)
        status = sw_fail(SW_E_IO, "%s: cannot remove: %s", temporary, strerror(errno));
    return status;
}
