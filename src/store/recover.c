/* recover.c: opening results files in whatever state their writer left them. */
#include "store/recover.h"

#include "store/schema.h"
#include "symsweep/clock.h"
#include "symsweep/fault.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const unsigned char signature[8] = {0x89, 'H', 'D', 'F', '\r', '\n', 0x1a, '\n'};

/* ---- a killed writer ---- */

/* The consistency flags of the superblock (version 3: byte 11), which a writer sets and a close clears. */
static sw_status read_flags(unsigned char *flags, const char *path)
{
    unsigned char head[12] = {0};
    const int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) return sw_fail(SW_E_IO, "%s: %s", path, strerror(errno));
    const ssize_t length = pread(descriptor, head, sizeof head, 0);
    const int error = errno;
    close(descriptor);
    if (length < 0) return sw_fail(SW_E_IO, "%s: %s", path, strerror(error));
    if (length < (ssize_t)sizeof head || memcmp(head, signature, sizeof signature) != 0)
        return sw_fail(SW_E_STORE, "%s is not an HDF5 file", path);
    *flags = head[8] >= 3 ? head[11] : 0;
    return SW_OK;
}

sw_status sw_recover_file(const char *path, bool *killed)
{
    unsigned char flags;
    const hbool_t yes = 1;
    sw_status status = read_flags(&flags, path);
    *killed = status == SW_OK && flags != 0;
    if (!*killed) return status;
    status = sw_refused("store.recover", path);
    if (status != SW_OK) return status;
    /* Both properties are the library's own, made for its tool h5clear. The end of the file is taken from its size: the
     * one in the superblock is stale after a kill, and trusting it would cut the file off. */
    hid_t access = sw_vfd_access(SW_VFD_DROP), file = -1;
    if (access >= 0 && H5Pset(access, "clear_status_flags", &yes) >= 0 && H5Pset(access, "skip_eof_check", &yes) >= 0)
        file = H5Fopen(path, H5F_ACC_RDWR | H5F_ACC_SWMR_WRITE, access);
    if (file < 0 || H5Fincrement_filesize(file, 0) < 0) status = sw_h5_fail("%s: recovery", path);
    if (file >= 0) {
        const sw_status closed = sw_vfd_close(file, path);
        if (status == SW_OK) status = closed;
    }
    sw_h5_close(access);
    if (status == SW_OK) status = sw_sync_file(path);
    return status;
}

/* ---- opening ---- */

static sw_status open_with(hid_t *out, const char *path, unsigned flags, sw_vfd_mode mode)
{
    *out = -1;
    const sw_status refused = sw_refused("store.open", path);
    if (refused) return refused;
    hid_t access = sw_vfd_access(mode);
    *out = access < 0 ? -1 : H5Fopen(path, flags, access);
    sw_h5_close(access);
    return *out < 0 ? sw_h5_fail("%s", path) : SW_OK;
}

sw_status sw_h5_open_live(hid_t *out, const char *path)
{
    return open_with(out, path, H5F_ACC_RDWR | H5F_ACC_SWMR_WRITE, SW_VFD_HOLD);
}

sw_status sw_h5_open_writable(hid_t *out, const char *path) { return open_with(out, path, H5F_ACC_RDWR, SW_VFD_DROP); }

sw_status sw_h5_open_readable(hid_t *out, const char *path)
{
    unsigned char flags;
    *out = -1;
    sw_h5_begin();
    sw_status status = read_flags(&flags, path);
    /* While a writer opens or closes the file its flags may be about to change. */
    for (int attempt = 0; attempt < 20 && status == SW_OK; attempt++) {
        if (attempt > 0) sw_clock_sleep(0.1);
        hid_t access = sw_h5_access();
        if (access < 0) return SW_E_STORE;
        *out = H5Fopen(path, flags ? H5F_ACC_RDONLY | H5F_ACC_SWMR_READ : H5F_ACC_RDONLY, access);
        sw_h5_close(access);
        if (*out >= 0) return SW_OK;
        const unsigned char before = flags;
        const sw_status failed = sw_h5_fail("%s", path);
        status = read_flags(&flags, path);
        if (status == SW_OK && flags == 0 && before == 0) return failed; /* nobody writes: it will not get better */
    }
    return status != SW_OK
               ? status
               : sw_fail(SW_E_STORE, "%s: a writer holds it, or left it, in a state that cannot be read", path);
}

sw_status sw_check_format(hid_t file, const char *path, const char *sweep_name)
{
    char *format = NULL, *name = NULL;
    int64_t version = 0;
    sw_status status = sw_h5_get_text(&format, file, "format");
    if (status != SW_OK || !format || strcmp(format, "symsweep") != 0) {
        status = sw_fail(SW_E_STORE, "%s is an HDF5 file, but not a results file of symsweep", path);
        goto done;
    }
    status = sw_h5_get_integer(&version, file, "format_version");
    if (status == SW_OK && version != SW_FORMAT_VERSION) {
        status = sw_fail(SW_E_STORE, "%s has format version %lld; this symsweep reads version %d", path,
                         (long long)version, SW_FORMAT_VERSION);
    }
    if (status == SW_OK) status = sw_h5_get_text(&name, file, "sweep_name");
    if (status == SW_OK && sweep_name && (!name || strcmp(name, sweep_name) != 0)) {
        status = sw_fail(SW_E_STORE,
                         "%s holds the sweep \"%s\", not \"%s\"; give another --output, or --fresh to move it aside",
                         path, name ? name : "", sweep_name);
    }
done:
    free(format);
    free(name);
    return status;
}

/* ---- bytes ---- */

static sw_status copy_bytes(int from, int to, const char *name)
{
    enum { BLOCK = 1 << 20 };
    char *block = malloc(BLOCK);
    if (!block) return sw_fail(SW_E_MEMORY, "copy of %s", name);
    sw_status status = SW_OK;
    for (;;) {
        const ssize_t length = read(from, block, BLOCK);
        if (length == 0) break;
        if (length < 0 && errno == EINTR) continue;
        ssize_t done = 0;
        while (length > 0 && done < length) {
            const int fault = sw_fault("store.copy.write");
            const ssize_t written = fault ? -1 : write(to, block + done, (size_t)(length - done));
            if (fault) errno = fault;
            if (written < 0 && errno != EINTR) break;
            if (written > 0) done += written;
        }
        if (length < 0 || done < length) {
            status = sw_fail(SW_E_IO, "%s: %s", name, strerror(errno));
            break;
        }
    }
    free(block);
    return status;
}

sw_status sw_copy_file(const char *from, const char *to)
{
    struct stat info;
    sw_status status = SW_OK;
    const int source = open(from, O_RDONLY | O_CLOEXEC);
    if (source < 0 || fstat(source, &info) != 0) {
        status = sw_fail(SW_E_IO, "%s: %s", from, strerror(errno));
        if (source >= 0) close(source);
        return status;
    }
    status = sw_refused("store.copy.open", to);
    if (status != SW_OK) {
        close(source);
        return status;
    }
    const int target = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, info.st_mode & 0777);
    if (target < 0) {
        status = sw_fail(SW_E_IO, "%s: %s", to, strerror(errno));
    } else {
        status = copy_bytes(source, target, to);
        if (close(target) != 0 && status == SW_OK) status = sw_fail(SW_E_IO, "%s: %s", to, strerror(errno));
    }
    close(source);
    return status;
}

sw_status sw_sync_descriptor(int descriptor, const char *path)
{
    const sw_status refused = sw_refused("store.sync", path);
    if (refused) return refused;
    /* Some file systems have no fsync for such a file; that is no fault of the data. */
    if (fsync(descriptor) != 0 && errno != EINVAL && errno != ENOTSUP)
        return sw_fail(SW_E_IO, "%s: %s", path, strerror(errno));
    return SW_OK;
}

static sw_status sync_path(const char *path, int flags)
{
    const int descriptor = open(path, flags | O_CLOEXEC);
    if (descriptor < 0) return sw_fail(SW_E_IO, "%s: %s", path, strerror(errno));
    const sw_status status = sw_sync_descriptor(descriptor, path);
    close(descriptor);
    return status;
}

sw_status sw_sync_file(const char *path) { return sync_path(path, O_RDONLY); }

sw_status sw_sync_folder(const char *path)
{
    char *folder = strdup(path);
    if (!folder) return sw_fail(SW_E_MEMORY, "%s", path);
    char *slash = strrchr(folder, '/');
    if (slash) slash[slash == folder ? 1 : 0] = 0;
    const sw_status status = sync_path(slash ? folder : ".", O_RDONLY | O_DIRECTORY);
    free(folder);
    return status;
}

sw_status sw_put_in_place(const char *temporary, const char *path)
{
    sw_status status = sw_sync_file(temporary);
    if (status == SW_OK) status = sw_refused("store.rename", path);
    if (status != SW_OK) return status;
    if (rename(temporary, path) != 0) return sw_fail(SW_E_IO, "%s: %s", path, strerror(errno));
    return sw_sync_folder(path);
}
