/* aside.c: what is done to a results file as a whole: clearing what a killed writer left, moving it aside. */
#include "store/catalog.h"
#include "store/lock.h"
#include "store/recover.h"
#include "store/verify.h"
#include "symsweep/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- recover ---- */

/* Nobody trains: runs that count as running are pending, and so are damaged ones, which the next start trains again. */
static sw_status settle_rows(hid_t file, const char *path, const sw_damage *damage)
{
    const int8_t pending = SW_RUN_PENDING;
    sw_catalog *catalog = NULL;
    sw_status status = sw_catalog_open(&catalog, file);
    if (status != SW_OK) return status;
    const sw_column *column = sw_catalog_find(catalog, "/runs/status");
    int8_t *state = calloc(catalog->runs + 1, sizeof *state);
    if (!state) status = sw_fail(SW_E_MEMORY, "%s", path);
    if (status == SW_OK && catalog->runs > 0) status = sw_column_read(column, 0, catalog->runs, H5T_NATIVE_INT8, state);
    for (size_t i = 0; i < damage->count && status == SW_OK; i++) {
        if (damage->rows[i] < 0 || (hsize_t)damage->rows[i] >= catalog->runs) continue;
        sw_warn("%s: run %lld is damaged (its checksum does not fit) and counts as not trained", path,
                (long long)damage->rows[i]);
        state[damage->rows[i]] = SW_RUN_RUNNING;
    }
    for (hsize_t r = 0; r < catalog->runs && status == SW_OK; r++)
        if (state[r] == SW_RUN_RUNNING) status = sw_column_write(column, r, 1, H5T_NATIVE_INT8, &pending);
    free(state);
    sw_catalog_close(catalog);
    return status;
}

static sw_status recover_locked(const char *path)
{
    sw_damage damage;
    bool killed;
    hid_t file = -1;
    sw_status status = sw_verify_file(&damage, path, SW_VERIFY_ALWAYS);
    if (status != SW_OK) return status;
    status = sw_recover_file(path, &killed);
    if (status == SW_OK) status = sw_h5_open_live(&file, path);
    if (status == SW_OK) status = settle_rows(file, path, &damage);
    if (file >= 0) {
        const sw_status closed = sw_vfd_close(file, path);
        if (status == SW_OK) status = closed;
    }
    if (status == SW_OK) status = sw_sync_file(path);
    sw_damage_release(&damage);
    return status;
}

sw_status sw_store_recover(const char *path)
{
    sw_lock *lock;
    sw_h5_begin();
    if (access(path, F_OK) != 0) return sw_fail(SW_E_IO, "%s: %s", path, strerror(errno));
    sw_status status = sw_lock_take(&lock, path);
    if (status != SW_OK) return status;
    status = recover_locked(path);
    sw_lock_release(lock);
    return status;
}

/* ---- set aside ---- */

/* path.N with the smallest N that is free, for the file and for its checkpoints. */
static sw_status free_name(char out[SW_PATH_MAX], const char *path)
{
    char folder[SW_PATH_MAX + 32];
    for (int n = 1; n < 100000; n++) {
        if (snprintf(out, SW_PATH_MAX, "%s.%d", path, n) >= SW_PATH_MAX)
            return sw_fail(SW_E_IO, "%s: the name is too long", path);
        snprintf(folder, sizeof folder, "%s.checkpoints", out);
        if (access(out, F_OK) != 0 && access(folder, F_OK) != 0) return SW_OK;
    }
    return sw_fail(SW_E_IO, "%s: no free name beside it", path);
}

static sw_status move_aside(char moved[SW_PATH_MAX], const char *path)
{
    char from[SW_PATH_MAX + 32], to[SW_PATH_MAX + 32];
    sw_status status = free_name(moved, path);
    if (status != SW_OK) return status;
    status = sw_refused("store.rename", path);
    if (status != SW_OK) return status;
    if (rename(path, moved) != 0) return sw_fail(SW_E_IO, "%s: %s", path, strerror(errno));
    snprintf(from, sizeof from, "%s.checkpoints", path);
    snprintf(to, sizeof to, "%s.checkpoints", moved);
    if (rename(from, to) != 0 && errno != ENOENT) return sw_fail(SW_E_IO, "%s: %s", from, strerror(errno));
    return SW_OK;
}

sw_status sw_store_set_aside(char moved[SW_PATH_MAX], const char *path)
{
    sw_lock *lock;
    moved[0] = 0;
    if (access(path, F_OK) != 0) return SW_OK;
    sw_status status = sw_lock_take(&lock, path);
    if (status != SW_OK) return status;
    status = move_aside(moved, path);
    sw_lock_release(lock);
    return status;
}
