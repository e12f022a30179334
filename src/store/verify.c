/* verify.c: reads a file in a child process first. */
#include "store/verify.h"

#include "store/checksum.h"
#include "store/open.h"
#include "symsweep/apart.h"
#include "symsweep/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* What the child says through the pipe, followed by `count` row numbers. */
typedef struct report {
    int32_t status;
    int32_t reserved;
    int64_t count;
    char message[SW_MESSAGE_MAX];
} report;

/* ---- in the child ---- */

static sw_status walk_chunks(const sw_column *column) {
    hsize_t chunks;
    hid_t space = H5Dget_space(column->dataset);
    const herr_t result = space < 0 ? -1 : H5Dget_num_chunks(column->dataset, space, &chunks);
    sw_hdf5_close(space);
    return result < 0 ? sw_hdf5_fail("%s", column->path) : SW_OK;
}

static sw_status read_texts(const sw_column *column, hsize_t rows) {
    enum { TOGETHER = 1024 };
    char *texts[TOGETHER];
    sw_status status = SW_OK;
    for (hsize_t r = 0, count; r < rows && status == SW_OK; r += count) {
        count = rows - r < TOGETHER ? rows - r : TOGETHER;
        status = sw_column_read_texts(column, r, count, texts);
        for (hsize_t i = 0; i < count && status == SW_OK; i++) free(texts[i]);
    }
    return status;
}

/* Reads what every tool reads: all columns of one dimension; and walks the chunk index of the others. */
static sw_status read_table(const sw_catalog *catalog) {
    sw_status status = SW_OK;
    for (size_t c = 0; c < catalog->count && status == SW_OK; c++) {
        const sw_column *column = &catalog->columns[c];
        double *values = NULL;
        if (column->rank > 1 || column->type == SW_FIELD_CHAR) {
            status = walk_chunks(column);
        } else if (column->type != SW_FIELD_TEXT) {
            status = sw_column_load_reals(&values, column);
            free(values);
        } else {
            status = read_texts(column, catalog->runs);
        }
    }
    return status;
}

static sw_status check_rows(sw_damage *damage, const sw_catalog *catalog) {
    sw_soundness *found = calloc(catalog->runs + 1, sizeof *found);
    damage->rows = calloc(catalog->runs + 1, sizeof *damage->rows);
    sw_status status = SW_OK;
    if (!found || !damage->rows)
        status = sw_fail(SW_E_MEMORY, "%llu rows", (unsigned long long)catalog->runs);
    else
        status = sw_checksum_verify(found, catalog, 0, (int64_t)catalog->runs);
    for (hsize_t r = 0; r < catalog->runs && status == SW_OK; r++)
        if (found[r] == SW_ROW_DAMAGED) damage->rows[damage->count++] = (int64_t)r;
    free(found);
    return status;
}

static sw_status inspect(sw_damage *damage, const char *path, bool checksums) {
    hid_t file;
    sw_catalog *catalog = NULL;
    sw_status status = sw_open_readable(&file, path);
    if (status != SW_OK) return status;
    status = sw_open_check_format(file, path, NULL);
    if (status == SW_OK) {
        status = sw_catalog_open(&catalog, file);
        if (status == SW_OK) status = read_table(catalog);
        if (status == SW_OK && checksums) status = check_rows(damage, catalog);
        if (status != SW_OK) status = sw_fail_in(status, "%s is damaged", path);
    }
    sw_catalog_close(catalog);
    sw_hdf5_close(file);
    return status;
}

typedef struct question {
    const char *path;
    int64_t size;
    bool checksums;
} question;

static void answer(void *context, int pipe) {
    const question *asked = context;
    /* A file made to go round in circles ends here; a sound one needs far less. */
    const rlim_t seconds = (rlim_t)(60 + asked->size / (20 << 20));
    const struct rlimit cpu = {seconds, seconds};
    setrlimit(RLIMIT_CPU, &cpu);
    const int null = open("/dev/null", O_WRONLY);
    if (null >= 0) dup2(null, STDERR_FILENO);

    sw_damage damage = {0};
    report said = {0};
    said.status = inspect(&damage, asked->path, asked->checksums);
    said.count = said.status != SW_OK ? 0 : (int64_t)damage.count;
    snprintf(said.message, sizeof said.message, "%s", said.status != SW_OK ? sw_fail_message() : "");
    if (sw_file_write_all(pipe, &said, sizeof said, NULL))
        sw_file_write_all(pipe, damage.rows, (size_t)said.count * sizeof *damage.rows, NULL);
    sw_verify_release(&damage);
}

/* ---- in the parent ---- */

static sw_status hear(sw_damage *damage, int pipe_end, const char *path) {
    report said;
    if (sw_file_read_all(pipe_end, &said, sizeof said) != (ssize_t)sizeof said || said.count < 0 ||
        said.count > INT32_MAX)
        return sw_fail(SW_E_STORE, "%s is damaged: reading it crashes the HDF5 library", path);
    if (said.status != SW_OK) {
        said.message[sizeof said.message - 1] = 0;
        return sw_fail((sw_status)said.status, "%s", said.message);
    }
    damage->rows = calloc((size_t)said.count + 1, sizeof *damage->rows);
    if (!damage->rows) return sw_fail(SW_E_MEMORY, "%s", path);
    const size_t bytes = (size_t)said.count * sizeof *damage->rows;
    if (sw_file_read_all(pipe_end, damage->rows, bytes) != (ssize_t)bytes)
        return sw_fail(SW_E_STORE, "%s is damaged: reading it crashes the HDF5 library", path);
    damage->count = (size_t)said.count;
    return SW_OK;
}

/* The file that was found sound last, so that a job that has just read its results file through can say what came out
 * without reading it through again. */
static struct {
    struct stat file;
    bool checksums;
} sound;

static bool found_sound(const struct stat *file, bool checksums) {
    const struct timespec *then = &sound.file.st_ctim, *now = &file->st_ctim;
    return file->st_ino == sound.file.st_ino && file->st_dev == sound.file.st_dev &&
           file->st_size == sound.file.st_size && now->tv_sec == then->tv_sec && now->tv_nsec == then->tv_nsec &&
           (sound.checksums || !checksums);
}

sw_status sw_verify_file(sw_damage *out, const char *path, int64_t largest) {
    struct stat info;
    sw_apart apart;
    memset(out, 0, sizeof *out);
    if (stat(path, &info) != 0) return sw_fail(SW_E_IO, "%s: %s", path, strerror(errno));
    if (!S_ISREG(info.st_mode)) return sw_fail(SW_E_STORE, "%s is not a regular file", path);
    question asked = {path, info.st_size, info.st_size <= largest};
    if (found_sound(&info, asked.checksums)) return SW_OK;
    sw_status status = sw_apart_start(&apart, answer, &asked, 0);
    if (status != SW_OK) return status;
    status = hear(out, apart.descriptor, path);
    (void)sw_apart_end(&apart); /* what it could not say, it could not read */
    if (status != SW_OK) {
        sw_verify_release(out);
    } else if (out->count == 0) {
        sound.file = info;
        sound.checksums = asked.checksums;
    }
    return status;
}

void sw_verify_warn(const sw_damage *damage, const char *path) {
    for (size_t i = 0; i < damage->count; i++)
        sw_warn("%s: run %lld is damaged (its checksum does not fit) and counts as not trained", path,
                (long long)damage->rows[i]);
}

void sw_verify_release(sw_damage *damage) {
    free(damage->rows);
    memset(damage, 0, sizeof *damage);
}
