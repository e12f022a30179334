/* Checkpoints: one file a run, replaced atomically.
 *
 * header | progress | configuration | parameters | optimizer state | objective state | unacknowledged records |
 * unacknowledged snapshots (each: header, floats) | CRC-32 of everything before. Native byte order: a checkpoint goes
 * on where it was made, results files are what travels. */
#include "train/run.h"

#include "symsweep/clock.h"
#include "symsweep/fault.h"
#include "symsweep/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

static const char magic[8] = "swckpt2";

typedef struct header {
    char magic[8];
    char arithmetic[48]; /* describe_arithmetic */
    uint64_t bytes;      /* of the whole file, checksum included */
    uint64_t config_bytes, parameters, optimizer_reals, objective_bytes, records, snapshots;
} header;

/* What decides the last bits of a run's numbers: OpenBLAS's core type, for decompositions, and whether matrix products
 * are our own, which are the same on every CPU that has them, or OpenBLAS's. */
static void describe_arithmetic(char *out, size_t capacity)
{
    snprintf(out, capacity, "%s%s", sw_blas_core(), sw_blas_is_portable() ? "" : ", its products");
}

/* ---- writing ---- */

typedef struct writer {
    int descriptor;
    uint32_t checksum;
    sw_status status;
    const char *path;
} writer;

static void put(writer *out, const void *data, size_t bytes)
{
    const unsigned char *from = data;
    out->checksum = bytes ? (uint32_t)crc32_z(out->checksum, from, bytes) : out->checksum;
    while (bytes && out->status == SW_OK) {
        int refused = sw_fault("checkpoint.write");
        ssize_t done = refused ? -1 : write(out->descriptor, from, bytes);
        if (refused) errno = refused;
        if (done < 0 && errno == EINTR) continue;
        if (done < 0) {
            out->status = sw_fail(SW_E_IO, "%s: cannot write: %s", out->path, strerror(errno));
            return;
        }
        from += done;
        bytes -= (size_t)done;
    }
}

static sw_run_config comparable(const sw_run_config *config)
{
    sw_run_config plain = *config; /* these may change between attempts without changing a number */
    plain.checkpoint_every_seconds = 0;
    memset(&plain.phase, 0, sizeof plain.phase);
    memset(&plain.prune, 0, sizeof plain.prune);
    return plain;
}

static void put_run(writer *out, sw_run *run)
{
    size_t optimizer_reals = 0;
    const sw_real *optimizer = sw_optimizer_state(run->optimizer, &optimizer_reals);
    size_t objective_bytes = sw_objective_state_bytes(run->objective);
    header head = {
        .config_bytes = sizeof run->config,
        .parameters = sw_model_parameter_count(run->model),
        .optimizer_reals = optimizer_reals,
        .objective_bytes = objective_bytes,
        .records = run->unacknowledged.record_count,
        .snapshots = run->unacknowledged.snapshot_count,
    };
    memcpy(head.magic, magic, sizeof magic);
    describe_arithmetic(head.arithmetic, sizeof head.arithmetic);
    head.bytes = sizeof head + sizeof run->progress + sizeof run->config +
                 (head.parameters + head.optimizer_reals) * sizeof(sw_real) + objective_bytes +
                 head.records * sizeof(sw_record) + sizeof(uint32_t);
    for (size_t s = 0; s < head.snapshots; s++)
        head.bytes +=
            sizeof(sw_snapshot) + sw_record_snapshot_floats(&run->unacknowledged.snapshots[s].shape) * sizeof(float);

    void *objective = malloc(objective_bytes + 1);
    if (!objective) {
        out->status = sw_fail(SW_E_MEMORY, "out of memory for a checkpoint");
        return;
    }
    sw_objective_save(run->objective, objective);
    sw_progress progress = run->progress;
    progress.wall_seconds += sw_clock_now() - run->started;
    progress.measure_seconds += run->measure_seconds;
    sw_run_config config = comparable(&run->config);

    put(out, &head, sizeof head);
    put(out, &progress, sizeof progress);
    put(out, &config, sizeof config);
    put(out, sw_model_parameters(run->model), head.parameters * sizeof(sw_real));
    put(out, optimizer, head.optimizer_reals * sizeof(sw_real));
    put(out, objective, objective_bytes);
    put(out, run->unacknowledged.records, head.records * sizeof(sw_record));
    for (size_t s = 0; s < head.snapshots; s++) {
        const sw_snapshot *snapshot = &run->unacknowledged.snapshots[s];
        sw_snapshot plain = *snapshot; /* addresses mean nothing in a file */
        for (int a = 0; a < SW_SNAPSHOT_ARRAY_COUNT; a++) plain.array[a] = NULL;
        put(out, &plain, sizeof plain);
        put(out, snapshot->array[0], sw_record_snapshot_floats(&snapshot->shape) * sizeof(float));
    }
    uint32_t checksum = out->checksum;
    put(out, &checksum, sizeof checksum);
    free(objective);
}

/* `error`: 0 or what the system said. */
static sw_status step_status(int error, const char *what, const char *path)
{
    return error ? sw_fail(SW_E_IO, "%s: cannot %s: %s", path, what, strerror(error)) : SW_OK;
}

static int sync_error(int descriptor)
{
    int refused = sw_fault("checkpoint.sync");
    if (refused) return refused;
    /* Some file systems have no fsync for such a file; that is no fault of the data. */
    return fsync(descriptor) == 0 || errno == EINVAL || errno == ENOTSUP ? 0 : errno;
}

static int close_error(int descriptor)
{
    int refused = sw_fault("checkpoint.close");
    return close(descriptor) == 0 || refused ? refused : errno;
}

static int rename_error(const char *from, const char *to)
{
    int refused = sw_fault("checkpoint.rename");
    return refused || rename(from, to) == 0 ? refused : errno;
}

sw_status sw_checkpoint_write(sw_run *run)
{
    const char *path = run->checkpoint.path;
    char temporary[SW_PATH_MAX + 8];
    snprintf(temporary, sizeof temporary, "%s.tmp", path);

    int refused = sw_fault("checkpoint.open");
    writer out = {.descriptor = refused ? -1 : open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666),
                  .path = temporary};
    if (out.descriptor < 0)
        return sw_fail(SW_E_IO, "%s: cannot create: %s", temporary, strerror(refused ? refused : errno));
    put_run(&out, run);
    if (out.status == SW_OK) out.status = step_status(sync_error(out.descriptor), "sync", temporary);
    int closed = close_error(out.descriptor);
    if (out.status == SW_OK) out.status = step_status(closed, "close", temporary);
    if (out.status == SW_OK) out.status = step_status(rename_error(temporary, path), "rename", temporary);
    if (out.status != SW_OK) unlink(temporary);
    return out.status;
}

/* ---- reading ---- */

typedef struct reader {
    const unsigned char *at;
    size_t left;
} reader;

static bool take(reader *in, void *out, size_t bytes)
{
    if (bytes > in->left) return false;
    if (bytes) memcpy(out, in->at, bytes);
    in->at += bytes;
    in->left -= bytes;
    return true;
}

static sw_status read_file(unsigned char **out, size_t *bytes, const char *path)
{
    *out = NULL;
    *bytes = 0;
    int refused = sw_fault("checkpoint.read");
    int descriptor = refused ? -1 : open(path, O_RDONLY | O_CLOEXEC);
    if (refused) errno = refused;
    if (descriptor < 0) return errno == ENOENT ? SW_OK : sw_fail(SW_E_IO, "%s: cannot open: %s", path, strerror(errno));
    struct stat info;
    sw_status status = SW_OK;
    if (fstat(descriptor, &info) != 0) status = sw_fail(SW_E_IO, "%s: cannot read: %s", path, strerror(errno));
    if (status == SW_OK && !(*out = malloc((size_t)info.st_size + 1))) status = sw_fail(SW_E_MEMORY, "out of memory");
    while (status == SW_OK && *bytes < (size_t)info.st_size) {
        ssize_t done = read(descriptor, *out + *bytes, (size_t)info.st_size - *bytes);
        if (done < 0 && errno == EINTR) continue;
        if (done < 0) status = sw_fail(SW_E_IO, "%s: cannot read: %s", path, strerror(errno));
        if (done <= 0) break;
        *bytes += (size_t)done;
    }
    close(descriptor);
    return status;
}

/* Why a checkpoint cannot be used; NULL = it can. Checks everything but the lists of records. */
static const char *examine(header *head, const unsigned char *file, size_t bytes, const sw_run *run)
{
    uint32_t checksum;
    if (bytes < sizeof *head + sizeof checksum) return "it is truncated";
    memcpy(head, file, sizeof *head);
    memcpy(&checksum, file + bytes - sizeof checksum, sizeof checksum);
    if (memcmp(head->magic, magic, sizeof magic) != 0) return "it is not a checkpoint of this version";
    if (head->bytes != bytes) return "it is truncated";
    if ((uint32_t)crc32_z(0, file, bytes - sizeof checksum) != checksum) return "its checksum does not match";
    size_t optimizer_reals = 0;
    sw_optimizer_state(run->optimizer, &optimizer_reals);
    sw_run_config config = comparable(&run->config);
    const unsigned char *stored = file + sizeof *head + sizeof run->progress;
    if (head->config_bytes != sizeof config || bytes < sizeof *head + sizeof run->progress + sizeof config ||
        memcmp(stored, &config, sizeof config) != 0 || head->parameters != sw_model_parameter_count(run->model) ||
        head->optimizer_reals != optimizer_reals || head->objective_bytes != sw_objective_state_bytes(run->objective))
        return "it is of a run that was configured differently";
    char arithmetic[sizeof head->arithmetic] = "";
    describe_arithmetic(arithmetic, sizeof arithmetic);
    if (strncmp(head->arithmetic, arithmetic, sizeof arithmetic) != 0)
        return "it was made on another type of core, whose numbers differ in the last bits";
    return NULL;
}

static sw_status take_unacknowledged(reader *in, const header *head, sw_unacknowledged *unacknowledged)
{
    sw_status status = SW_OK;
    for (uint64_t r = 0; r < head->records && status == SW_OK; r++) {
        sw_record record;
        if (!take(in, &record, sizeof record)) return sw_fail(SW_E_IO, "records are missing");
        status = sw_unacknowledged_add_record(unacknowledged, &record);
    }
    for (uint64_t s = 0; s < head->snapshots && status == SW_OK; s++) {
        sw_snapshot snapshot;
        if (!take(in, &snapshot, sizeof snapshot)) return sw_fail(SW_E_IO, "snapshots are missing");
        size_t floats = sw_record_snapshot_floats(&snapshot.shape);
        if (floats > in->left / sizeof(float)) return sw_fail(SW_E_IO, "snapshots are missing");
        float *block = malloc((floats + 1) * sizeof *block);
        if (!block) return sw_fail(SW_E_MEMORY, "out of memory");
        (void)!take(in, block, floats * sizeof *block);
        sw_record_snapshot_point(&snapshot, block);
        status = sw_unacknowledged_add_snapshot(unacknowledged, &snapshot);
        free(block);
    }
    return status;
}

static sw_status restore(sw_run *run, const header *head, const unsigned char *file, size_t bytes)
{
    size_t optimizer_reals = 0;
    sw_real *optimizer = sw_optimizer_state(run->optimizer, &optimizer_reals);
    reader in = {file + sizeof *head, bytes - sizeof *head - sizeof(uint32_t)};
    sw_run_config config;
    void *objective = malloc(head->objective_bytes + 1);
    if (!objective) return sw_fail(SW_E_MEMORY, "out of memory");
    bool whole = take(&in, &run->progress, sizeof run->progress) && take(&in, &config, sizeof config) &&
                 take(&in, sw_model_parameters(run->model), head->parameters * sizeof(sw_real)) &&
                 take(&in, optimizer, optimizer_reals * sizeof(sw_real)) && take(&in, objective, head->objective_bytes);
    if (whole) sw_objective_restore(run->objective, objective);
    free(objective);
    return whole ? take_unacknowledged(&in, head, &run->unacknowledged) : sw_fail(SW_E_IO, "it is truncated");
}

sw_status sw_checkpoint_read(bool *found, sw_run *run)
{
    *found = false;
    if (!run->checkpoint.path) return SW_OK;
    unsigned char *file = NULL;
    size_t bytes = 0;
    header head;
    sw_status status = read_file(&file, &bytes, run->checkpoint.path);
    if (status == SW_OK && file) {
        const char *reason = examine(&head, file, bytes, run);
        if (reason) {
            char aside[SW_PATH_MAX + 16];
            snprintf(aside, sizeof aside, "%s.unusable", run->checkpoint.path);
            sw_warn("%s: checkpoint put aside, the run starts anew: %s", run->checkpoint.path, reason);
            if (rename(run->checkpoint.path, aside) != 0) unlink(run->checkpoint.path);
        } else {
            status = restore(run, &head, file, bytes);
            *found = status == SW_OK;
            if (status != SW_OK) sw_fail_in(status, "%s", run->checkpoint.path);
        }
    }
    free(file);
    return status;
}
