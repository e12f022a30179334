/* vfd.c: the file driver. Modelled on what the driver interface of HDF5 1.10 asks of one (H5FDpublic.h). */
#include "store/vfd.h"

#include "symsweep/fault.h"
#include "symsweep/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* More than this is not kept waiting: the sweep ends, and goes on from its last flush. */
static const size_t waiting_max = (size_t)512 << 20;

/* One write, or one setting of the file's size (bytes NULL). */
typedef struct waiting {
    struct waiting *next;
    haddr_t address;
    size_t size;
    unsigned char bytes[];
} waiting;

typedef struct vfd {
    H5FD_t base; /* the library's part comes first */
    int descriptor;
    haddr_t eoa, eof; /* end of what the library has allocated; of the file with all waiting writes in it */
    dev_t device;
    ino_t inode;
    sw_vfd_mode mode;
    int refused;   /* errno of the refusal; 0 = all is on disk */
    int *told;     /* where the close leaves the errno; NULL = nobody asks */
    bool given_up; /* writes were dropped */
    waiting *first, **last;
    size_t waiting_bytes;
} vfd;

/* ---- bytes ---- */

/* 0 or the errno. */
static int set_size(int descriptor, haddr_t size) {
    const int fault = sw_fault("store.truncate");
    return fault || ftruncate(descriptor, (off_t)size) == 0 ? fault : errno;
}

static void give_up(vfd *v) {
    while (v->first) {
        waiting *next = v->first->next;
        free(v->first);
        v->first = next;
    }
    v->last = &v->first;
    v->waiting_bytes = 0;
    v->given_up = true;
}

/* Puts an operation at the end of the queue. bytes NULL: the file's size is set to `address`. */
static void wait_for_room(vfd *v, haddr_t address, const unsigned char *bytes, size_t size) {
    if (v->given_up) return;
    waiting *w = NULL;
    if (v->mode == SW_VFD_HOLD && v->waiting_bytes + size <= waiting_max) w = malloc(sizeof *w + size);
    if (!w) {
        give_up(v);
        return;
    }
    *w = (waiting){.address = address, .size = size};
    if (bytes) memcpy(w->bytes, bytes, size);
    *v->last = w;
    v->last = &w->next;
    v->waiting_bytes += sizeof *w + size;
}

static void put_waiting_over(const vfd *v, haddr_t address, unsigned char *bytes, size_t size) {
    for (const waiting *w = v->first; w; w = w->next) {
        const haddr_t from = w->address > address ? w->address : address;
        const haddr_t w_end = w->address + w->size, end = w_end < address + size ? w_end : address + size;
        if (from < end) memcpy(bytes + (from - address), w->bytes + (from - w->address), end - from);
    }
}

/* One waiting operation; true = it is done. A write that is done in part waits with its rest. */
static bool retry(vfd *v, waiting *w) {
    if (w->size == 0) {
        const int error = set_size(v->descriptor, w->address);
        if (error) errno = error;
        return error == 0;
    }
    const size_t done = sw_file_write_at(v->descriptor, w->bytes, w->size, (off_t)w->address, "store.pwrite");
    if (done == w->size) return true;
    memmove(w->bytes, w->bytes + done, w->size - done);
    w->address += done;
    w->size -= done;
    v->waiting_bytes -= done;
    return false;
}

/* Writes what waits, in its order; leaves the first refusal in v->refused. */
static void drain(vfd *v) {
    if (v->given_up) return;
    v->refused = 0;
    while (v->first) {
        waiting *w = v->first;
        if (!retry(v, w)) {
            v->refused = errno;
            return;
        }
        v->first = w->next;
        v->waiting_bytes -= sizeof *w + w->size;
        if (!v->first) v->last = &v->first;
        free(w);
    }
}

/* ---- what the library calls ---- */

static const H5FD_class_t driver;

static H5FD_t *vfd_open(const char *name, unsigned flags, hid_t access, haddr_t most) {
    const sw_vfd_mode *mode = H5Pget_driver_info(access);
    struct stat info;
    int open_flags = O_CLOEXEC | (flags & H5F_ACC_RDWR ? O_RDWR : O_RDONLY);
    if (flags & H5F_ACC_CREAT) open_flags |= O_CREAT;
    if (flags & H5F_ACC_EXCL) open_flags |= O_EXCL;
    if (flags & H5F_ACC_TRUNC) open_flags |= O_TRUNC;
    (void)most;
    vfd *v = calloc(1, sizeof *v);
    if (!v) return NULL;
    v->descriptor = open(name, open_flags, 0666);
    if (v->descriptor < 0 || fstat(v->descriptor, &info) != 0) {
        const int error = errno;
        if (v->descriptor >= 0) close(v->descriptor);
        free(v);
        /* the library's own drivers word it like this, and sw_hdf5_fail reads it */
        H5Epush2(H5E_DEFAULT, __FILE__, __func__, __LINE__, H5E_ERR_CLS, H5E_FILE, H5E_CANTOPENFILE,
                 "unable to open file: name = '%s', errno = %d, error message = '%s'", name, error, strerror(error));
        return NULL;
    }
    v->eof = (haddr_t)info.st_size;
    v->device = info.st_dev;
    v->inode = info.st_ino;
    v->mode = mode ? *mode : SW_VFD_DROP;
    v->last = &v->first;
    return &v->base;
}

/* What still waits is lost with the close: the file stays as after a kill, and sw_vfd_close hears of it. */
static herr_t vfd_close(H5FD_t *file) {
    vfd *v = (vfd *)file;
    drain(v);
    int error = v->refused;
    give_up(v);
    const int fault = sw_fault("store.close");
    if (close(v->descriptor) != 0 && !error) error = errno;
    if (fault && !error) error = fault;
    if (v->told) *v->told = error;
    free(v);
    return 0;
}

static int vfd_compare(const H5FD_t *a, const H5FD_t *b) {
    const vfd *x = (const vfd *)a, *y = (const vfd *)b;
    if (x->device != y->device) return x->device < y->device ? -1 : 1;
    return (x->inode > y->inode) - (x->inode < y->inode);
}

static herr_t vfd_query(const H5FD_t *file, unsigned long *flags) {
    (void)file;
    *flags = H5FD_FEAT_AGGREGATE_METADATA | H5FD_FEAT_ACCUMULATE_METADATA | H5FD_FEAT_DATA_SIEVE |
             H5FD_FEAT_AGGREGATE_SMALLDATA | H5FD_FEAT_POSIX_COMPAT_HANDLE | H5FD_FEAT_SUPPORTS_SWMR_IO |
             H5FD_FEAT_DEFAULT_VFD_COMPATIBLE;
    return 0;
}

static haddr_t vfd_get_eoa(const H5FD_t *file, H5FD_mem_t type) {
    (void)type;
    return ((const vfd *)file)->eoa;
}

static herr_t vfd_set_eoa(H5FD_t *file, H5FD_mem_t type, haddr_t address) {
    (void)type;
    ((vfd *)file)->eoa = address;
    return 0;
}

static haddr_t vfd_get_eof(const H5FD_t *file, H5FD_mem_t type) {
    (void)type;
    return ((const vfd *)file)->eof;
}

static herr_t vfd_get_handle(H5FD_t *file, hid_t access, void **handle) {
    (void)access;
    *handle = &((vfd *)file)->descriptor; /* what "POSIX compatible" promises */
    return 0;
}

/* Bytes beyond the end of the file read as zero. */
static herr_t vfd_read(H5FD_t *file, H5FD_mem_t type, hid_t transfer, haddr_t address, size_t size, void *buffer) {
    const vfd *v = (const vfd *)file;
    unsigned char *bytes = buffer;
    (void)type;
    (void)transfer;
    const ssize_t got = sw_file_read_at(v->descriptor, bytes, size, (off_t)address);
    if (got < 0) {
        H5Epush2(H5E_DEFAULT, __FILE__, __func__, __LINE__, H5E_ERR_CLS, H5E_IO, H5E_READERROR,
                 "file read failed: errno = %d, error message = '%s'", errno, strerror(errno));
        return -1;
    }
    memset(bytes + got, 0, size - (size_t)got);
    put_waiting_over(v, address, bytes, size);
    return 0;
}

static herr_t vfd_write(H5FD_t *file, H5FD_mem_t type, hid_t transfer, haddr_t address, size_t size,
                        const void *buffer) {
    vfd *v = (vfd *)file;
    (void)type;
    (void)transfer;
    const size_t done = v->refused ? 0 : sw_file_write_at(v->descriptor, buffer, size, (off_t)address, "store.pwrite");
    if (done < size) {
        if (!v->refused) v->refused = errno;
        wait_for_room(v, address + done, (const unsigned char *)buffer + done, size - done);
    }
    if (address + size > v->eof) v->eof = address + size;
    return 0;
}

static herr_t vfd_truncate(H5FD_t *file, hid_t transfer, hbool_t closing) {
    vfd *v = (vfd *)file;
    (void)transfer;
    (void)closing;
    if (v->eoa == v->eof) return 0;
    if (!v->refused) v->refused = set_size(v->descriptor, v->eoa);
    if (v->refused) wait_for_room(v, v->eoa, NULL, 0);
    v->eof = v->eoa;
    return 0;
}

/* Nothing is locked, the sidecar is; but only with a driver that has these does the library mark a file as written. */
static herr_t vfd_lock(H5FD_t *file, hbool_t for_writing) {
    (void)file;
    (void)for_writing;
    return 0;
}

static herr_t vfd_unlock(H5FD_t *file) {
    (void)file;
    return 0;
}

static const H5FD_class_t driver = {
#ifdef H5FD_CLASS_VERSION
    .version = H5FD_CLASS_VERSION,
    .value = 530,
#endif
    .name = "symsweep",
    .maxaddr = ((haddr_t)1 << 62) - 1,
    .fc_degree = H5F_CLOSE_WEAK,
    .fapl_size = sizeof(sw_vfd_mode),
    .open = vfd_open,
    .close = vfd_close,
    .cmp = vfd_compare,
    .query = vfd_query,
    .get_eoa = vfd_get_eoa,
    .set_eoa = vfd_set_eoa,
    .get_eof = vfd_get_eof,
    .get_handle = vfd_get_handle,
    .read = vfd_read,
    .write = vfd_write,
    .truncate = vfd_truncate,
    .lock = vfd_lock,
    .unlock = vfd_unlock,
    .fl_map = H5FD_FLMAP_DICHOTOMY,
};

/* ---- what the store calls ---- */

hid_t sw_vfd_access(sw_vfd_mode mode) {
    hid_t access = sw_hdf5_access(), id = H5FDregister(&driver);
    if (access >= 0 && (id < 0 || H5Pset_driver(access, id, &mode) < 0)) {
        sw_hdf5_fail("file driver");
        sw_hdf5_close(access);
        access = -1;
    }
    if (id >= 0) H5FDunregister(id); /* the properties hold their own */
    return access;
}

static vfd *vfd_of(hid_t file) {
    void *handle = NULL;
    if (H5Fget_vfd_handle(file, H5P_DEFAULT, &handle) >= 0)
        return (vfd *)(void *)((char *)handle - offsetof(vfd, descriptor));
    H5Eclear2(H5E_DEFAULT);
    return NULL;
}

static sw_status refusal(const vfd *v, const char *path) {
    if (v->given_up && v->mode == SW_VFD_HOLD)
        return sw_fail(SW_E_IO, "%s: %s; more than %zu MiB were waiting and were given up", path, strerror(v->refused),
                       waiting_max >> 20);
    return sw_fail(SW_E_IO, "%s: %s", path, strerror(v->refused));
}

sw_status sw_vfd_check(hid_t file, const char *path) {
    const vfd *v = vfd_of(file);
    if (!v) return sw_fail(SW_E_STORE, "%s is not open", path);
    return v->refused ? refusal(v, path) : SW_OK;
}

sw_status sw_vfd_check_name(hid_t file, const char *path) {
    const vfd *v = vfd_of(file);
    struct stat named;
    if (!v) return sw_fail(SW_E_STORE, "%s is not open", path);
    if (stat(path, &named) != 0) return sw_fail(SW_E_IO, "%s: %s", path, strerror(errno));
    if (named.st_dev != v->device || named.st_ino != v->inode)
        return sw_fail(SW_E_IO, "%s: another file has this name by now", path);
    static const char signature[8] = "\x89HDF\r\n\x1a\n";
    char head[sizeof signature];
    const bool whole = v->first || v->given_up || (haddr_t)named.st_size >= v->eof;
    if (whole && sw_file_read_at(v->descriptor, head, sizeof head, 0) == (ssize_t)sizeof head &&
        memcmp(head, signature, sizeof head) == 0)
        return SW_OK;
    return sw_fail(SW_E_IO, "%s: another program has %s it while it was written", path,
                   whole ? "overwritten" : "cut off");
}

sw_status sw_vfd_drain(hid_t file, const char *path) {
    vfd *v = vfd_of(file);
    if (!v) return sw_fail(SW_E_STORE, "%s is not open", path);
    drain(v);
    return v->refused ? refusal(v, path) : SW_OK;
}

sw_status sw_vfd_close(hid_t file, const char *path, sw_status status) {
    int error = 0;
    if (file < 0) return status;
    vfd *v = vfd_of(file);
    if (v) v->told = &error;
    sw_status closed = SW_OK;
    if (sw_hdf5_close_file(file) < 0)
        closed = sw_hdf5_fail("%s", path);
    else if (error)
        closed = sw_fail(SW_E_IO, "%s: %s", path, strerror(error));
    return status != SW_OK ? status : closed;
}

sw_status sw_vfd_sync(hid_t file, const char *path) {
    const vfd *v = vfd_of(file);
    if (!v) return sw_fail(SW_E_STORE, "%s is not open", path);
    return sw_file_sync(v->descriptor, path, "store.sync");
}
