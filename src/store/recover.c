/* recover.c: makes a results file whole whose writer was killed. */
#include "store/catalog.h"
#include "store/lock.h"
#include "store/open.h"
#include "store/verify.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Nobody trains: runs that count as running are pending, and so are damaged ones, which the next start trains again. */
static sw_status settle_rows(hid_t file, const char *path, const sw_damage *damage) {
    const int8_t pending = SW_RUN_PENDING;
    int64_t *state = NULL;
    sw_catalog *catalog = NULL;
    sw_status status = sw_catalog_open(&catalog, file);
    if (status != SW_OK) return status;
    const sw_column *column = sw_catalog_find(catalog, "/runs/status");
    status = sw_column_load_integers(&state, column);
    if (status == SW_OK) sw_verify_warn(damage, path);
    for (size_t i = 0; i < damage->count && status == SW_OK; i++)
        if ((hsize_t)damage->rows[i] < catalog->runs) state[damage->rows[i]] = SW_RUN_RUNNING;
    for (hsize_t r = 0; r < catalog->runs && status == SW_OK; r++)
        if (state[r] == SW_RUN_RUNNING) status = sw_column_write(column, r, 1, H5T_NATIVE_INT8, &pending);
    free(state);
    sw_catalog_close(catalog);
    return status;
}

static sw_status recover_locked(const char *path) {
    sw_damage damage;
    bool killed;
    hid_t file = -1;
    sw_status status = sw_verify_file(&damage, path, SW_VERIFY_ALWAYS);
    if (status != SW_OK) return status;
    status = sw_open_clear(path, &killed);
    if (status == SW_OK) status = sw_open_live(&file, path);
    if (status == SW_OK) status = settle_rows(file, path, &damage);
    status = sw_vfd_close(file, path, status);
    if (status == SW_OK) status = sw_file_sync_path(path, sw_open_points.sync);
    sw_verify_release(&damage);
    return status;
}

sw_status sw_store_recover(const char *path) {
    char temporary[SW_TEMPORARY_MAX], *real = NULL;
    sw_lock *lock = NULL;
    sw_hdf5_begin();
    if (access(path, F_OK) != 0) return sw_fail(SW_E_IO, "%s: %s", path, strerror(errno));
    sw_status status = sw_open_target(&real, path);
    if (status == SW_OK) status = sw_open_temporary(temporary, real);
    if (status == SW_OK) status = sw_lock_take(&lock, path);
    if (status == SW_OK) status = sw_open_tidy(temporary, sw_lock_was_left(lock));
    if (status == SW_OK) status = recover_locked(path);
    sw_lock_release(lock);
    free(real);
    return status;
}
