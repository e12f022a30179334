/* file.c: files as a whole. */
#include "symsweep/file.h"

#include "symsweep/fault.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const sw_file_points no_points;

/* Does the system refuse at this point, on purpose? Sets errno. */
static bool refused(const char *point) {
    const int error = point != NULL ? sw_fault(point) : 0;
    if (error != 0) errno = error;
    return error != 0;
}

static sw_status fail(const char *path, const char *what) {
    const int error = errno;
    sw_fail(SW_E_IO, "%s: cannot %s: %s", path, what, strerror(error));
    errno = error;
    return SW_E_IO;
}

/* ---- on descriptors ---- */

ssize_t sw_file_read_at(int descriptor, void *bytes, size_t count, off_t at) {
    size_t done = 0;
    while (done < count) {
        char *to = (char *)bytes + done;
        const ssize_t got =
            at < 0 ? read(descriptor, to, count - done) : pread(descriptor, to, count - done, at + (off_t)done);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return -1;
        if (got == 0) break;
        done += (size_t)got;
    }
    return (ssize_t)done;
}

size_t sw_file_write_at(int descriptor, const void *bytes, size_t count, off_t at, const char *point) {
    size_t done = 0;
    while (done < count) {
        if (refused(point)) break;
        const char *from = (const char *)bytes + done;
        const ssize_t written =
            at < 0 ? write(descriptor, from, count - done) : pwrite(descriptor, from, count - done, at + (off_t)done);
        if (written < 0 && errno == EINTR) continue;
        if (written == 0) errno = ENOSPC;
        if (written <= 0) break;
        done += (size_t)written;
    }
    return done;
}

ssize_t sw_file_read_all(int descriptor, void *bytes, size_t count) {
    return sw_file_read_at(descriptor, bytes, count, SW_FILE_HERE);
}

bool sw_file_write_all(int descriptor, const void *bytes, size_t count, const char *point) {
    return sw_file_write_at(descriptor, bytes, count, SW_FILE_HERE, point) == count;
}

sw_status sw_file_sync(int descriptor, const char *path, const char *point) {
    if (refused(point)) return fail(path, "sync");
    return fsync(descriptor) == 0 || errno == EINVAL || errno == ENOTSUP ? SW_OK : fail(path, "sync");
}

static sw_status sync_path(const char *path, int flags, const char *point) {
    const int descriptor = open(path, O_RDONLY | O_CLOEXEC | flags);
    if (descriptor < 0) return fail(path, "open");
    const sw_status status = sw_file_sync(descriptor, path, point);
    close(descriptor);
    return status;
}

sw_status sw_file_sync_path(const char *path, const char *point) { return sync_path(path, 0, point); }

sw_status sw_file_sync_folder(const char *path, const char *point) {
    char *folder = strdup(path);
    if (folder == NULL) return sw_fail(SW_E_MEMORY, "%s", path);
    char *slash = strrchr(folder, '/');
    if (slash != NULL) slash[slash == folder ? 1 : 0] = '\0';
    const sw_status status = sync_path(slash != NULL ? folder : ".", O_DIRECTORY, point);
    free(folder);
    return status;
}

/* ---- what is there ---- */

/* Where the symbolic link at `path` leads, malloc'ed; NULL with errno. */
static char *follow(const char *path) {
    char target[4096];
    const ssize_t length = readlink(path, target, sizeof target - 1);
    if (length < 0) return NULL;
    target[length] = '\0';
    const char *slash = target[0] == '/' ? NULL : strrchr(path, '/');
    const size_t folder = slash != NULL ? (size_t)(slash - path) + 1 : 0;
    char *out = malloc(folder + (size_t)length + 1);
    if (out == NULL) return NULL;
    memcpy(out, path, folder);
    memcpy(out + folder, target, (size_t)length + 1);
    return out;
}

sw_status sw_file_resolve(char **out, const char *path) {
    enum { LINKS_MOST = 40 };
    struct stat info;
    *out = realpath(path, NULL);
    if (*out != NULL) return SW_OK;
    if (errno == ELOOP) return fail(path, "follow");
    char *at = strdup(path);
    for (int i = 0; i < LINKS_MOST && at != NULL && lstat(at, &info) == 0 && S_ISLNK(info.st_mode); i++) {
        char *next = follow(at);
        free(at);
        at = next;
    }
    *out = at;
    return at != NULL ? SW_OK : sw_fail(SW_E_MEMORY, "%s: out of memory", path);
}

bool sw_file_is_same(const char *path, const char *other) {
    struct stat a, b;
    return stat(path, &a) == 0 && stat(other, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

static sw_status in_the_way(const char *path, const char *what) {
    sw_fail(SW_E_IO, "%s is in the way: %s; move it away, or give the output another name", path, what);
    errno = EEXIST;
    return SW_E_IO;
}

/* Empty, begun with the marker, or full of the zeros that a crash of the machine leaves. */
static bool is_marked(int descriptor, const char *marker) {
    char head[64] = "";
    static const char zeros[sizeof head];
    const size_t wanted = strlen(marker) < sizeof head ? strlen(marker) : sizeof head;
    const ssize_t got = sw_file_read_at(descriptor, head, wanted, 0);
    return got >= 0 && (memcmp(head, marker, (size_t)got) == 0 || memcmp(head, zeros, (size_t)got) == 0);
}

sw_status sw_file_open_own(int *out, const char *path, const char *marker, int flags) {
    struct stat info;
    *out = open(path, flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0666); /* a FIFO blocks */
    if (*out < 0 && errno == EISDIR) return in_the_way(path, "it is a folder");
    if (*out < 0)
        return errno == ELOOP ? in_the_way(path, "it is a symbolic link")
                              : fail(path, flags & O_CREAT ? "create" : "open");
    const char *fault = NULL;
    if (fstat(*out, &info) != 0 || !S_ISREG(info.st_mode))
        fault = "it is not a regular file";
    else if (!is_marked(*out, marker))
        fault = "it is not a file of symsweep";
    if (fault == NULL) return SW_OK;
    close(*out);
    *out = -1;
    return in_the_way(path, fault);
}

sw_status sw_file_check_own(const char *path, const char *marker) {
    struct stat info;
    int descriptor;
    if (lstat(path, &info) != 0 && errno == ENOENT) return SW_OK;
    const sw_status status = sw_file_open_own(&descriptor, path, marker, O_RDONLY);
    if (status == SW_OK) close(descriptor);
    return status;
}

/* ---- whole files ---- */

static sw_status open_stream(FILE **out, const char *path, int flags) {
    const int descriptor = open(path, O_WRONLY | O_CLOEXEC | flags, 0666);
    if (descriptor >= 0) *out = fdopen(descriptor, "w");
    if (*out != NULL) return SW_OK;
    const sw_status status = fail(path, "create");
    if (descriptor >= 0) close(descriptor);
    return status;
}

sw_status sw_file_create(FILE **out, char **made, const char *path) {
    struct stat info;
    *out = NULL;
    *made = NULL;
    if (stat(path, &info) == 0) {
        if (S_ISCHR(info.st_mode) || S_ISFIFO(info.st_mode)) return open_stream(out, path, 0);
        return sw_fail(SW_E_IO, "%s: File exists; give another name, or remove it first", path);
    }
    sw_status status = sw_file_resolve(made, path);
    if (status == SW_OK) status = open_stream(out, *made, O_CREAT | O_EXCL);
    if (status == SW_OK) return SW_OK;
    free(*made);
    *made = NULL;
    return status;
}

sw_status sw_file_read(char **out, size_t *length, const char *path, size_t most, const char *point) {
    struct stat info;
    sw_status status = SW_OK;
    *out = NULL;
    *length = 0;
    const int descriptor = refused(point) ? -1 : open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC); /* a FIFO blocks */
    if (descriptor < 0) return fail(path, "open");
    int fault = fstat(descriptor, &info) != 0 ? errno : 0;
    if (fault == 0 && !S_ISREG(info.st_mode)) fault = S_ISDIR(info.st_mode) ? EISDIR : EINVAL;
    if (fault == 0 && (unsigned long long)info.st_size > most) fault = EFBIG;
    errno = fault;
    if (fault != 0) {
        status = fail(path, "read");
    } else if ((*out = malloc((size_t)info.st_size + 1)) == NULL) {
        status = sw_fail(SW_E_MEMORY, "%s: no memory for its %lld bytes", path, (long long)info.st_size);
    } else {
        const ssize_t got = sw_file_read_all(descriptor, *out, (size_t)info.st_size);
        if (got < 0) status = fail(path, "read");
        *length = got > 0 ? (size_t)got : 0;
        (*out)[*length] = '\0';
    }
    const int error = errno;
    close(descriptor);
    if (status != SW_OK) {
        free(*out);
        *out = NULL;
    }
    errno = error;
    return status;
}

static void release(sw_file *file) {
    free(file->path);
    free(file->temporary);
    *file = (sw_file){.descriptor = -1};
}

/* A new file under the temporary name, in place of one that a kill has left. */
static sw_status create_temporary(sw_file *file, const char *marker) {
    static const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
    if (refused(file->points->open)) return fail(file->temporary, "create");
    file->descriptor = open(file->temporary, flags, 0666);
    if (file->descriptor < 0 && errno == EEXIST) {
        const sw_status status = sw_file_check_own(file->temporary, marker);
        if (status != SW_OK) return status;
        if (unlink(file->temporary) == 0 || errno == ENOENT) file->descriptor = open(file->temporary, flags, 0666);
    }
    return file->descriptor >= 0 ? SW_OK : fail(file->temporary, "create");
}

sw_status sw_file_begin(sw_file *out, const char *path, const char *suffix, const char *marker,
                        const sw_file_points *points) {
    *out = (sw_file){.descriptor = -1, .points = points != NULL ? points : &no_points};
    const size_t size = strlen(path) + strlen(suffix) + 1;
    out->path = strdup(path);
    out->temporary = malloc(size);
    if (out->path == NULL || out->temporary == NULL) {
        release(out);
        return sw_fail(SW_E_MEMORY, "%s: out of memory", path);
    }
    snprintf(out->temporary, size, "%s%s", path, suffix);
    const sw_status status = create_temporary(out, marker);
    if (status != SW_OK) release(out);
    return status;
}

void sw_file_put(sw_file *file, const void *bytes, size_t count) {
    if (file->status != SW_OK) return;
    if (!sw_file_write_all(file->descriptor, bytes, count, file->points->write))
        file->status = fail(file->temporary, "write");
}

sw_status sw_file_move(const char *from, const char *to, const char *point) {
    return !refused(point) && rename(from, to) == 0 ? SW_OK : fail(to, "rename");
}

static sw_status close_file(int descriptor, const char *path, const char *point) {
    const bool fault = refused(point);
    return close(descriptor) == 0 && !fault ? SW_OK : fail(path, "close");
}

sw_status sw_file_commit(sw_file *file, bool safe) {
    sw_status status = file->status;
    if (status == SW_OK && safe) status = sw_file_sync(file->descriptor, file->temporary, file->points->sync);
    if (status != SW_OK)
        close(file->descriptor);
    else
        status = close_file(file->descriptor, file->temporary, file->points->close);
    if (status == SW_OK) status = sw_file_move(file->temporary, file->path, file->points->rename);
    if (status != SW_OK) unlink(file->temporary);
    release(file);
    return status;
}

sw_status sw_file_put_in_place(const char *temporary, const char *path, const sw_file_points *points) {
    sw_status status = sw_file_sync_path(temporary, points->sync);
    if (status == SW_OK) status = sw_file_move(temporary, path, points->rename);
    return status == SW_OK ? sw_file_sync_folder(path, points->sync) : status;
}

static sw_status copy_bytes(int from, int to, const char *name, const char *point) {
    enum { BLOCK = 1 << 20 };
    char *block = malloc(BLOCK);
    if (block == NULL) return sw_fail(SW_E_MEMORY, "copy of %s", name);
    ssize_t got = BLOCK;
    bool well = true;
    while (well && got == BLOCK) {
        got = sw_file_read_all(from, block, BLOCK);
        well = got >= 0 && sw_file_write_all(to, block, (size_t)got, point);
    }
    const sw_status status = well ? SW_OK : fail(name, "copy");
    free(block);
    return status;
}

sw_status sw_file_copy(const char *from, const char *to, const sw_file_points *points) {
    struct stat info;
    sw_status status = SW_OK;
    int target = -1;
    const int source = open(from, O_RDONLY | O_CLOEXEC);
    if (source < 0 || fstat(source, &info) != 0) {
        status = fail(from, "read");
        goto done;
    }
    if (!refused(points->open)) target = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, info.st_mode & 0777);
    if (target < 0) {
        status = fail(to, "create");
        goto done;
    }
    status = copy_bytes(source, target, to, points->write);
    if (close(target) != 0 && status == SW_OK) status = fail(to, "close");
done:
    if (source >= 0) close(source);
    return status;
}
