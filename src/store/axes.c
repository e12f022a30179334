/* axes.c: values of axes by the configurations of the rows. */
#include "store/axes.h"

#include "store/checksum.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char GROUP[] = "/runs/axes/";

/* The axes of one file, and which values are missing. */
typedef struct completion {
    const sw_catalog *catalog;
    const sw_store_knowledge *knowledge;
    size_t rows;
    bool *missing; /* [catalog->count, rows], of columns of axes */
} completion;

static bool is_axis(const sw_column *column) { return strncmp(column->path, GROUP, strlen(GROUP)) == 0; }

static sw_status find_missing(bool *missing, const sw_column *column, size_t rows) {
    char **texts = NULL;
    double *values = NULL;
    const bool is_text = column->type == SW_FIELD_TEXT, is_real = column->type == SW_FIELD_F64;
    const sw_status status = is_text ? sw_column_load_texts(&texts, column) : sw_column_load_reals(&values, column);
    for (size_t r = 0; r < rows && status == SW_OK; r++)
        missing[r] = is_text ? texts[r][0] == 0 : is_real ? isnan(values[r]) : values[r] == -1;
    sw_column_free_texts(texts, rows);
    free(values);
    return status;
}

static sw_status write_value(const sw_column *column, hsize_t row, const sw_axis_value *value) {
    const char *text = value->string;
    switch (column->type) {
    case SW_FIELD_TEXT: return sw_column_write_texts(column, row, 1, &text);
    case SW_FIELD_F64: { /* an axis of integers that became reals has its values as such */
        const double real = !isnan(value->real) || value->integer == -1 ? value->real : (double)value->integer;
        return sw_column_write(column, row, 1, H5T_NATIVE_DOUBLE, &real);
    }
    default: return sw_column_write(column, row, 1, H5T_NATIVE_INT64, &value->integer);
    }
}

static sw_status complete_row(const completion *c, size_t row) {
    char *config = NULL;
    sw_soundness found = SW_ROW_OPEN;
    sw_status status = sw_column_read_texts(sw_catalog_find(c->catalog, "/runs/config"), row, 1, &config);
    if (status == SW_OK) status = sw_checksum_verify(&found, c->catalog, (int64_t)row, 1);
    for (size_t k = 0; k < c->catalog->count && status == SW_OK; k++) {
        const sw_column *column = &c->catalog->columns[k];
        sw_axis_value value;
        if (!c->missing[k * c->rows + row] || config[0] == 0) continue;
        status = c->knowledge->axis_value(&value, config, column->path + strlen(GROUP));
        if (status == SW_OK) status = write_value(column, row, &value);
    }
    if (status == SW_OK && found == SW_ROW_SOUND) status = sw_checksum_renew(c->catalog, (int64_t)row);
    free(config);
    return status;
}

sw_status sw_axes_complete(const sw_catalog *catalog, const sw_store_knowledge *knowledge) {
    completion c = {.catalog = catalog, .knowledge = knowledge, .rows = (size_t)catalog->runs};
    if (!knowledge || !knowledge->axis_value) return SW_OK;
    c.missing = calloc(catalog->count * c.rows + 1, sizeof *c.missing);
    sw_status status = c.missing ? SW_OK : sw_fail(SW_E_MEMORY, "axes of %zu runs", c.rows);
    for (size_t k = 0; k < catalog->count && status == SW_OK; k++)
        if (is_axis(&catalog->columns[k])) status = find_missing(c.missing + k * c.rows, &catalog->columns[k], c.rows);
    for (size_t r = 0; r < c.rows && status == SW_OK; r++) {
        bool any = false;
        for (size_t k = 0; k < catalog->count; k++) any = any || c.missing[k * c.rows + r];
        if (any) status = complete_row(&c, r);
    }
    free(c.missing);
    return status;
}
