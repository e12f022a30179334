/* checkpoint.c: one file a run, replaced atomically.
 *
 * header | progress | configuration | parameters | optimizer state | objective state | state of measures |
 * unacknowledged records | unacknowledged snapshots (each: header, floats) | CRC-32 of everything before. Native byte
 * order: a checkpoint goes on where it was made, results files are what travels.
 *
 * What is kept of a finished run (checkpoint.keep) has the same form. */
#include "train/checkpoint.h"

#include "symsweep/clock.h"
#include "symsweep/file.h"
#include "symsweep/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

static const char magic[8] = "swckpt4";

typedef struct header {
    char magic[8];
    char arithmetic[48]; /* describe_arithmetic */
    uint64_t bytes;      /* of the whole file, checksum included */
    uint64_t config_bytes, parameters, optimizer_reals, objective_bytes, measure_bytes, records, snapshots;
    uint64_t chosen;       /* CRC-32 of the chosen steps of snapshots, which the configuration only points to */
    sw_prune_config prune; /* which the run was trained under */
} header;

/* What decides the last bits of a run's numbers: OpenBLAS's core type, for decompositions, and whether matrix products
 * are our own, which are the same on every CPU that has them, or OpenBLAS's. */
static void describe_arithmetic(char *out, size_t capacity) {
    snprintf(out, capacity, "%s%s", sw_blas_core(), sw_blas_is_portable() ? "" : ", its products");
}

/* ---- what is kept ---- */

/* Between the header and the records: what the run goes on from, in the order of the file. */
enum { PROGRESS, CONFIG, PARAMETERS, OPTIMIZER, OBJECTIVE, MEASURE, PARTS };

typedef struct part {
    void *data;
    size_t bytes;
} part;

typedef struct state {
    sw_progress progress;
    sw_run_config config; /* without what may change between attempts without changing a number */
    char *carried;        /* owned: what the objective, and behind it the measures, carry from step to step */
    part parts[PARTS];
    header header; /* of this run, but for its lists */
} state;

/* What decides the numbers of a run and what is saved of it, however long it is; with its padding: it is compared as
 * bytes. */
static void strip(sw_run_config *out, const sw_run_config *config) {
    memcpy(out, config, sizeof *out);
    out->steps = 0;
    out->checkpoint_every_seconds = 0;
    out->checkpoint_keep = false;
    out->evaluate.snapshot_steps = NULL;   /* an address means nothing in a file */
    out->task.automorphism.time_limit = 0; /* how long was looked decides no numbers of training */
    memset(&out->phase, 0, sizeof out->phase);
    memset(&out->start, 0, sizeof out->start); /* where it was found; what was found decides, */
    memcpy(out->start.sha256, config->start.sha256, sizeof out->start.sha256);
    memset(&out->prune, 0, sizeof out->prune);
}

/* Of the chosen steps of snapshots. */
static uint64_t digest_chosen(const sw_evaluate_config *evaluate) {
    return crc32_z(0, (const unsigned char *)evaluate->snapshot_steps,
                   (size_t)evaluate->snapshot_step_count * sizeof *evaluate->snapshot_steps);
}

/* The run's state for a file to be written, or to compare one with and to read it into. Release what it returned. */
static sw_status describe(state *out, const sw_run *run) {
    size_t reals, parameters = sw_model_parameter_count(run->model);
    sw_real *optimizer = sw_optimizer_state(run->optimizer, &reals);
    size_t objective_bytes = sw_objective_state_bytes(run->objective);
    size_t measure_bytes = sw_measure_state_bytes(run->measure);
    *out = (state){.progress = run->progress,
                   .carried = malloc(objective_bytes + measure_bytes + 1),
                   .header = {.config_bytes = sizeof out->config,
                              .parameters = parameters,
                              .optimizer_reals = reals,
                              .objective_bytes = objective_bytes,
                              .measure_bytes = measure_bytes}};
    if (!out->carried) return sw_fail(SW_E_MEMORY, "out of memory for a checkpoint");
    strip(&out->config, &run->config);
    out->header.chosen = digest_chosen(&run->config.evaluate);
    memcpy(out->header.magic, magic, sizeof magic);
    memcpy(&out->header.prune, &run->config.prune, sizeof out->header.prune);
    describe_arithmetic(out->header.arithmetic, sizeof out->header.arithmetic);
    out->parts[PROGRESS] = (part){&out->progress, sizeof out->progress};
    out->parts[CONFIG] = (part){&out->config, sizeof out->config};
    out->parts[PARAMETERS] = (part){sw_model_parameters(run->model), parameters * sizeof(sw_real)};
    out->parts[OPTIMIZER] = (part){optimizer, reals * sizeof(sw_real)};
    out->parts[OBJECTIVE] = (part){out->carried, objective_bytes};
    out->parts[MEASURE] = (part){out->carried + objective_bytes, measure_bytes};
    return SW_OK;
}

/* ---- writing ---- */

typedef struct writer {
    sw_file file;
    uint32_t checksum;
} writer;

static void put(writer *out, const void *data, size_t bytes) {
    if (bytes) out->checksum = (uint32_t)crc32_z(out->checksum, data, bytes);
    sw_file_put(&out->file, data, bytes);
}

static void put_run(writer *out, state *kept, const sw_unacknowledged *unacknowledged) {
    header *head = &kept->header;
    head->records = unacknowledged->record_count;
    head->snapshots = unacknowledged->snapshot_count;
    head->bytes = sizeof *head + head->records * sizeof(sw_record) + sizeof out->checksum;
    for (int p = 0; p < PARTS; p++) head->bytes += kept->parts[p].bytes;
    for (size_t s = 0; s < head->snapshots; s++)
        head->bytes +=
            sizeof(sw_snapshot) + sw_record_snapshot_floats(&unacknowledged->snapshots[s].shape) * sizeof(float);

    put(out, head, sizeof *head);
    for (int p = 0; p < PARTS; p++) put(out, kept->parts[p].data, kept->parts[p].bytes);
    put(out, unacknowledged->records, head->records * sizeof(sw_record));
    for (size_t s = 0; s < head->snapshots; s++) {
        const float *block = unacknowledged->snapshots[s].array[0]; /* all arrays, one after the other */
        sw_snapshot plain = unacknowledged->snapshots[s];
        for (int a = 0; a < SW_SNAPSHOT_ARRAY_COUNT; a++) plain.array[a] = NULL; /* addresses mean nothing in a file */
        put(out, &plain, sizeof plain);
        put(out, block, sw_record_snapshot_floats(&plain.shape) * sizeof *block);
    }
    uint32_t checksum = out->checksum;
    put(out, &checksum, sizeof checksum);
}

/* `kept` with what is carried by the objective and the time spent so far. */
static sw_status write_state(state *kept, const sw_run *run, const sw_unacknowledged *unacknowledged,
                             const char *path) {
    static const sw_file_points points = {"checkpoint.open", "checkpoint.write", "checkpoint.sync", "checkpoint.close",
                                          "checkpoint.rename"};
    writer out = {.checksum = 0};
    sw_status status = sw_file_begin(&out.file, path, ".tmp", magic, &points);
    if (status != SW_OK) return status;
    sw_objective_save(run->objective, kept->parts[OBJECTIVE].data);
    kept->progress.wall_seconds += sw_clock_now() - run->started;
    kept->progress.measure_seconds += run->measure_seconds;
    put_run(&out, kept, unacknowledged);
    return sw_file_commit(&out.file, true);
}

sw_status sw_checkpoint_write(const sw_run *run) {
    state kept;
    sw_status status = describe(&kept, run);
    if (status == SW_OK) {
        sw_measure_state_save(kept.parts[MEASURE].data, run->measure);
        status = write_state(&kept, run, &run->unacknowledged, run->checkpoint.path);
    }
    free(kept.carried);
    return status;
}

/* ---- the end of a run ---- */

#define KEPT ".kept" /* behind the name of the checkpoint */

sw_status sw_train_kept_path(char out[SW_PATH_MAX], const char *folder, const char *run_id) {
    const int length = snprintf(out, SW_PATH_MAX, "%s/%s.ckpt" KEPT, folder, run_id);
    return length < SW_PATH_MAX ? SW_OK : sw_fail(SW_E_CONFIG, "%s: path is too long for checkpoints", folder);
}

sw_status sw_checkpoint_keep(const sw_run *run) {
    static const sw_unacknowledged none; /* the results file has them all */
    char path[SW_PATH_MAX + sizeof KEPT];
    state kept;
    snprintf(path, sizeof path, "%s" KEPT, run->checkpoint.path);
    sw_status status = describe(&kept, run);
    if (status == SW_OK) {
        kept.progress = run->before;
        kept.progress.ended = 0;
        kept.progress.unmeasured = 1;
        memcpy(kept.parts[MEASURE].data, run->carried_before, kept.parts[MEASURE].bytes);
        status = write_state(&kept, run, &none, path);
    }
    free(kept.carried);
    if (status != SW_OK) unlink(path); /* one of an earlier attempt */
    return status;
}

/* ---- reading ---- */

typedef struct reader {
    const char *at;
    size_t left;
} reader;

static bool take(reader *in, void *out, size_t bytes) {
    if (bytes > in->left) return false;
    if (bytes) memcpy(out, in->at, bytes);
    in->at += bytes;
    in->left -= bytes;
    return true;
}

/* Why these bytes are no checkpoint of this version; NULL = they are. */
static const char *examine_file(header *head, const char *file, size_t bytes) {
    uint32_t checksum;
    if (bytes < sizeof *head + sizeof checksum) return "it is truncated";
    memcpy(head, file, sizeof *head);
    memcpy(&checksum, file + bytes - sizeof checksum, sizeof checksum);
    if (memcmp(head->magic, magic, sizeof magic) != 0) return "it is not a checkpoint of this version";
    if (head->bytes != bytes) return "it is truncated";
    if ((uint32_t)crc32_z(0, (const unsigned char *)file, bytes - sizeof checksum) != checksum)
        return "its checksum does not match";
    if (head->config_bytes != sizeof(sw_run_config) || bytes < sizeof *head + sizeof(sw_progress) + head->config_bytes)
        return "it is not a checkpoint of this version";
    return NULL;
}

static const char other_configuration[] = "it is of a run that was configured differently";

/* Why a checkpoint cannot be used; NULL = it can. Checks everything but the lists of records. */
static const char *examine(header *head, const state *wanted, const char *file, size_t bytes) {
    const header *own = &wanted->header;
    const char *reason = examine_file(head, file, bytes);
    if (reason) return reason;
    const char *config = file + sizeof *head + sizeof wanted->progress;
    if (memcmp(config, &wanted->config, sizeof wanted->config) != 0 || head->chosen != own->chosen ||
        head->parameters != own->parameters || head->measure_bytes != own->measure_bytes)
        return other_configuration;
    if (strncmp(head->arithmetic, own->arithmetic, sizeof own->arithmetic) != 0)
        return "it was made on another type of core, whose numbers differ in the last bits";
    return NULL;
}

static sw_status take_unacknowledged(reader *in, const header *head, sw_unacknowledged *unacknowledged) {
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

static sw_status restore(sw_run *run, state *kept, const header *head, const char *file, size_t bytes) {
    reader in = {file + sizeof *head, bytes - sizeof *head - sizeof(uint32_t)};
    bool taken = true;
    for (int p = 0; p < PARTS && taken; p++) {
        const part *own = &kept->parts[p];
        const size_t given = p == OPTIMIZER   ? head->optimizer_reals * sizeof(sw_real)
                             : p == OBJECTIVE ? head->objective_bytes
                                              : own->bytes;
        const size_t used = given < own->bytes ? given : own->bytes;
        const char *at = in.at;
        if (given > in.left) return sw_fail(SW_E_IO, "it is truncated");
        /* A run that has begun alike may have had less state, or more: that has not been in use yet. */
        if (p == OBJECTIVE)
            taken = sw_objective_restore(run->objective, at, given);
        else if (own->bytes > 0)
            memcpy(own->data, at, used);
        if (p == OPTIMIZER && used < own->bytes) memset((char *)own->data + used, 0, own->bytes - used);
        in.at += given;
        in.left -= given;
    }
    if (!taken) return sw_fail(SW_E_IO, "what its priors carry is of another form");
    run->progress = kept->progress;
    sw_measure_state_restore(run->measure, kept->parts[MEASURE].data);
    return take_unacknowledged(&in, head, &run->unacknowledged);
}

sw_status sw_checkpoint_read(bool *found, sw_run *run) {
    const char *path = run->checkpoint.path;
    char *file = NULL;
    size_t bytes = 0;
    header head;
    state kept;
    *found = false;
    if (!path) return SW_OK;
    sw_status status = sw_file_read(&file, &bytes, path, SIZE_MAX, "checkpoint.read");
    if (status != SW_OK && errno == ENOENT) {
        sw_fail_clear();
        return SW_OK;
    }
    if (status != SW_OK) return status;
    status = describe(&kept, run);
    const char *reason = status == SW_OK ? examine(&head, &kept, file, bytes) : NULL;
    if (reason) {
        char aside[SW_PATH_MAX + 16];
        snprintf(aside, sizeof aside, "%s.unusable", path);
        sw_warn("%s: checkpoint put aside, the run starts anew: %s", path, reason);
        if (sw_file_move(path, aside, NULL) != SW_OK) unlink(path);
    } else if (status == SW_OK) {
        status = restore(run, &kept, &head, file, bytes);
        *found = status == SW_OK;
        if (status != SW_OK) sw_fail_in(status, "%s", path);
    }
    free(kept.carried);
    free(file);
    return status;
}

/* An accuracy that nothing waits for decides nothing. */
static bool is_same_rule(const sw_prune_config *a, const sw_prune_config *b) {
    return a->generalized_for_steps == b->generalized_for_steps && a->diverged_train_loss == b->diverged_train_loss &&
           (a->generalized_for_steps == 0 || a->generalized_accuracy == b->generalized_accuracy);
}

/* What it says of itself, against what is wanted. */
static void judge_kept(sw_train_kept *out, const header *head, const char *file, const sw_run_config *config) {
    sw_progress progress;
    sw_run_config own, wanted;
    memcpy(&progress, file + sizeof *head, sizeof progress);
    memcpy(&own, file + sizeof *head + sizeof progress, sizeof own);
    strip(&wanted, config);
    out->step = progress.step;
    out->records = progress.evaluation;
    out->snapshots = progress.snapshot;
    const bool saved = memcmp(&own.save, &wanted.save, sizeof own.save) == 0;
    memcpy(&own.save, &wanted.save, sizeof own.save);
    out->foreign = memcmp(&own, &wanted, sizeof own) != 0 || head->chosen != digest_chosen(&config->evaluate) ||
                   !progress.unmeasured || progress.step > config->steps;
    if (out->foreign)
        out->reason = other_configuration;
    else if (!saved)
        out->reason = "it saved something else (save)";
    else if (!is_same_rule(&head->prune, &config->prune))
        out->reason = "it was trained under other rules of `prune`";
}

sw_status sw_train_kept_read(sw_train_kept *out, const char *path, const sw_run_config *config) {
    char *file = NULL;
    size_t bytes = 0;
    header head;
    *out = (sw_train_kept){0};
    const sw_status status = sw_file_read(&file, &bytes, path, SIZE_MAX, "checkpoint.read");
    if (status != SW_OK) return status;
    out->reason = examine_file(&head, file, bytes);
    out->foreign = out->reason != NULL;
    if (!out->reason) judge_kept(out, &head, file, config);
    free(file);
    return SW_OK;
}

/* ---- beginnings in common ---- */

sw_status sw_train_branch(int64_t *step, const char *to, const char *from, const sw_run_config *config) {
    static const sw_file_points points = {.open = "checkpoint.copy.open",
                                          .write = "checkpoint.copy.write",
                                          .sync = "checkpoint.sync",
                                          .rename = "checkpoint.rename"};
    char *file = NULL;
    size_t bytes = 0;
    header head;
    sw_progress progress;
    sw_run_config own;
    writer out = {.checksum = 0};
    sw_status status = sw_file_read(&file, &bytes, from, SIZE_MAX, "checkpoint.read");
    if (status != SW_OK) return status;
    const char *reason = examine_file(&head, file, bytes);
    if (!reason) memcpy(&progress, file + sizeof head, sizeof progress);
    if (!reason && (progress.ended || progress.unmeasured)) reason = "it is of a run that has ended";
    if (!reason) status = sw_file_begin(&out.file, to, ".tmp", magic, &points);
    if (reason) status = sw_fail(SW_E_STORE, "%s: %s", from, reason);
    if (status == SW_OK) {
        const size_t behind = sizeof head + sizeof progress + sizeof own;
        const size_t kept =
            (head.parameters + head.optimizer_reals) * sizeof(sw_real) + head.objective_bytes + head.measure_bytes;
        head.records = head.snapshots = 0;
        head.bytes = behind + kept + sizeof out.checksum;
        strip(&own, config);
        put(&out, &head, sizeof head);
        put(&out, &progress, sizeof progress);
        put(&out, &own, sizeof own);
        put(&out, file + behind, kept);
        const uint32_t checksum = out.checksum;
        put(&out, &checksum, sizeof checksum);
        status = sw_file_commit(&out.file, true);
        *step = progress.step;
    }
    free(file);
    return status;
}
