/* status_refine.c: what refine has found, drawn: one map a plane of the lattice, of planned runs alone. */
#include "cli/status_refine.h"

#include "cli/row.h"

#include "symsweep/config.h"
#include "symsweep/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PLANES_SHOWN = 4, ACROSS_MAX = 66, UP_MAX = 100, KEY_MAX = 512 };

/* The lattice of a file: the refined axes among those of the results, and their values in ascending order. */
typedef struct map {
    const sw_results *results;
    size_t axis[2];
    int axes;
    double *values[2];
    size_t count[2];                /* of one axis: one row */
    const int64_t *class, *decided; /* [runs] */
} map;

static double number_of(const map *m, size_t row, int axis) {
    const sw_axis_value *value = sw_results_axis_value(m->results, row, m->axis[axis]);
    return sw_results_axis(m->results, m->axis[axis])->type == SW_AXIS_REAL ? value->real : (double)value->integer;
}

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static sw_status collect_values(map *m, int axis) {
    size_t runs = sw_results_count(m->results), known = 0, kept = 0;
    double *values = calloc(runs + 1, sizeof *values);
    if (!values) return sw_fail(SW_E_MEMORY, "map of the lattice");
    for (size_t r = 0; r < runs; r++)
        if (sw_results_row(m->results, r)->planned && !isnan(number_of(m, r, axis)))
            values[known++] = number_of(m, r, axis);
    qsort(values, known, sizeof *values, by_value);
    for (size_t r = 0; r < known; r++)
        if (kept == 0 || values[r] != values[kept - 1]) values[kept++] = values[r];
    m->values[axis] = values;
    m->count[axis] = kept;
    return SW_OK;
}

/* What tells a plane from others: the label and the axes that are neither refined nor seeds. */
static void plane_of(char out[KEY_MAX], const map *m, size_t row) {
    size_t used = (size_t)snprintf(out, KEY_MAX, "%s", sw_results_row(m->results, row)->label);
    for (size_t a = 0; a < sw_results_axis_count(m->results) && used < KEY_MAX; a++) {
        const char *path = sw_results_axis(m->results, a)->path;
        char value[160];
        if (a == m->axis[0] || (m->axes > 1 && a == m->axis[1]) || strcmp(path, "seed") == 0) continue;
        sw_row_value(value, sizeof value, sw_results_axis(m->results, a), sw_results_axis_value(m->results, row, a));
        used += (size_t)snprintf(out + used, KEY_MAX - used, "%s%s=%s", used ? ", " : "", path, value);
    }
}

/* Where a run stands among the points; false: a refined axis does not concern it. */
static bool find_place(size_t *out, const map *m, size_t row) {
    *out = 0;
    for (int axis = 0; axis < m->axes; axis++) {
        double value = number_of(m, row, axis);
        const double *found = bsearch(&value, m->values[axis], m->count[axis], sizeof value, by_value);
        if (isnan(value) || !found) return false;
        *out += (size_t)(found - m->values[axis]) * (axis == 0 ? m->count[1] : 1);
    }
    return true;
}

/* One character a point, as the legend says. */
static char sign_of(const map *m, size_t row) {
    if (m->class[row] < 0) return '?';
    if (m->decided[row] > 0) return m->class[row] ? '#' : 'o';
    return m->class[row] ? '+' : '.';
}

static void draw(FILE *out, const map *m, const char *signs) {
    size_t across = m->count[0], up = m->count[1];
    for (size_t j = up; j-- > 0;) {
        if (m->axes > 1)
            fprintf(out, "%12.4g  ", m->values[1][j]);
        else
            fprintf(out, "%14s", "");
        for (size_t i = 0; i < across; i++) fputc(signs[i * up + j], out);
        fputc('\n', out);
    }
    sw_text_printf(out, "%14s%s from %.4g to %.4g", "", sw_results_axis(m->results, m->axis[0])->path, m->values[0][0],
                   m->values[0][across - 1]);
    if (m->axes > 1) sw_text_printf(out, "; %s upwards", sw_results_axis(m->results, m->axis[1])->path);
    fputc('\n', out);
}

static sw_status draw_planes(FILE *out, const map *m) {
    size_t points = m->count[0] * m->count[1], shown = 0, runs = sw_results_count(m->results);
    char *signs = malloc(points + 1), *done = calloc(runs + 1, 1);
    sw_status status = signs && done ? SW_OK : sw_fail(SW_E_MEMORY, "map of the lattice");
    for (size_t r = 0; r < runs && status == SW_OK; r++) {
        char plane[KEY_MAX], other[KEY_MAX];
        size_t place;
        if (done[r] || !sw_results_row(m->results, r)->planned) continue;
        if (shown++ == PLANES_SHOWN) {
            fputs("  ... and other planes\n", out);
            break;
        }
        plane_of(plane, m, r);
        memset(signs, ' ', points);
        for (size_t k = r; k < runs; k++) {
            plane_of(other, m, k);
            if (strcmp(plane, other) != 0 || !sw_results_row(m->results, k)->planned) continue;
            done[k] = 1;
            if (find_place(&place, m, k)) signs[place] = sign_of(m, k);
        }
        if (plane[0]) sw_text_printf(out, "%s\n", plane);
        draw(out, m, signs);
    }
    free(signs);
    free(done);
    return status;
}

/* The axes of `refine` in the sweep that the file holds; false: it does not refine, or they are not in the file. */
static bool find_axes(map *m, const sw_sweep *sweep) {
    const sw_refine_config *refine = &sw_sweep_adaptive(sweep)->refine;
    m->axes = refine->axis_count;
    for (int a = 0; a < m->axes; a++) {
        const char *path = sw_sweep_axis(sweep, (size_t)refine->axes[a])->path;
        size_t i = 0;
        while (i < sw_results_axis_count(m->results) && strcmp(sw_results_axis(m->results, i)->path, path) != 0) i++;
        if (i == sw_results_axis_count(m->results)) return false;
        m->axis[a] = i;
    }
    return m->axes > 0;
}

static sw_status draw_map(FILE *out, map *m, sw_results *results) {
    sw_result_column *columns;
    size_t count;
    sw_status status = sw_results_columns(results, &columns, &count);
    if (status != SW_OK) return status;
    for (size_t c = 0; c < count; c++) {
        if (strcmp(columns[c].path, "/runs/refine/class") == 0) m->class = columns[c].integers;
        if (strcmp(columns[c].path, "/runs/refine/decided") == 0) m->decided = columns[c].integers;
    }
    if (m->class && m->decided) {
        for (int a = 0; a < m->axes && status == SW_OK; a++) status = collect_values(m, a);
        if (status == SW_OK && m->count[0] > 0 && m->count[0] <= ACROSS_MAX && m->count[1] <= UP_MAX) {
            fputs("\nrefine: # reached, o not, by runs; + reached, . not, inferred; ? not known yet\n", out);
            status = draw_planes(out, m);
        }
    }
    free(m->values[0]);
    free(m->values[1]);
    sw_results_columns_destroy(columns, count, sw_results_count(results));
    return status;
}

sw_status sw_status_refine_print(FILE *out, sw_results *results) {
    map m = {.results = results, .count = {1, 1}};
    char *text = NULL;
    sw_sweep *sweep = NULL;
    sw_diagnostics *diagnostics = NULL;
    sw_status status = sw_results_sweep_text(results, &text);
    if (status != SW_OK || !text || !strstr(text, "\"refine\"")) goto done;
    status = sw_diagnostics_create(&diagnostics);
    if (status != SW_OK) goto done;
    /* A sweep that cannot be read here (its edge list is elsewhere, say) has no map. */
    if (sw_sweep_parse(&sweep, text, strlen(text), sw_results_sweep_name(results), diagnostics) == SW_OK) {
        if (find_axes(&m, sweep)) status = draw_map(out, &m, results);
    } else {
        sw_fail_clear();
    }
done:
    sw_sweep_destroy(sweep);
    sw_diagnostics_destroy(diagnostics);
    free(text);
    return status;
}
