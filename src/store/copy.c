/* copy.c: rows of results files into a new one: merge of shards, compressed copies.
 *
 * Knows no list of datasets: the columns of the sources are joined by path, so that files of older and newer forms of a
 * sweep go together. */
#include "store/axes.h"
#include "store/checksum.h"
#include "store/copy_values.h"
#include "store/dataset.h"
#include "store/lock.h"
#include "store/open.h"
#include "store/verify.h"
#include "symsweep/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char planned_path[] = "/runs/planned";

typedef struct source {
    const char *path;
    hid_t file;
    sw_catalog *catalog;
    int64_t extents[SW_DIM_COUNT];
    char *sweep_name, *sweep_text;
    char *written;    /* when the sweep's text was written into it */
    char **ids;       /* [catalog->runs] */
    int64_t *state;   /* [catalog->runs] */
    int64_t *planned; /* [catalog->runs]; NULL = the file is older than former rows: all are planned */
    sw_damage damage;
    bool live; /* a writer is at it: rows that are over do not change any more, the others are passed over */
} source;

/* Row `row` of source `source` becomes a row of the copy. */
typedef struct chosen {
    size_t source;
    int64_t row;
    bool planned; /* in the joined file */
} chosen;

/* One dataset of the copy. */
typedef struct target {
    const sw_column *model; /* of the first source that has it: attributes, shape */
    size_t model_source;
    sw_schema_field field;
} target;

typedef struct copy {
    size_t source_count;
    source *sources;
    size_t row_count;
    chosen *rows;
    size_t target_count;
    target *targets;
    int64_t extents[SW_DIM_COUNT];
    bool widened;                        /* a column of integers became one of reals: checksums change */
    bool joined;                         /* several files become one; else one is copied as it is, compressed */
    const sw_store_knowledge *knowledge; /* NULL: nothing is added */
} copy;

/* ---- sources ---- */

static void close_source(source *s) {
    sw_column_free_texts(s->ids, s->catalog ? s->catalog->runs : 0);
    free(s->state);
    free(s->sweep_name);
    free(s->planned);
    free(s->written);
    free(s->sweep_text);
    sw_verify_release(&s->damage);
    sw_catalog_close(s->catalog);
    sw_hdf5_close(s->file);
}

static sw_status load_source(source *s) {
    sw_status status = sw_open_readable(&s->file, s->path);
    if (status == SW_OK) status = sw_open_check_format(s->file, s->path, NULL);
    if (status == SW_OK) status = sw_catalog_open(&s->catalog, s->file);
    if (status == SW_OK) status = sw_dataset_read_scales(s->file, s->extents);
    if (status == SW_OK) status = sw_hdf5_get_text(&s->sweep_name, s->file, "sweep_name");
    if (status == SW_OK) status = sw_dataset_read_sweep_moment(&s->written, s->file);
    if (status == SW_OK && !s->written) status = sw_hdf5_get_text(&s->written, s->file, "created_utc");
    if (status == SW_OK) status = sw_dataset_read_sweep(&s->sweep_text, s->file);
    if (status == SW_OK) status = sw_column_load_texts(&s->ids, sw_catalog_find(s->catalog, "/runs/id"));
    if (status == SW_OK) status = sw_column_load_integers(&s->state, sw_catalog_find(s->catalog, "/runs/status"));
    const sw_column *planned = status == SW_OK ? sw_catalog_find(s->catalog, planned_path) : NULL;
    if (planned && (planned->rank != 1 || planned->type != SW_FIELD_I8))
        return sw_fail(SW_E_STORE, "%s is no code of a run", planned_path);
    if (planned) status = sw_column_load_integers(&s->planned, planned);
    return status;
}

/* How many runs of a file that is being written are in the copy. */
static void say_what_is_left_out(const source *s) {
    size_t over = 0;
    for (hsize_t r = 0; r < s->catalog->runs; r++) over += sw_record_is_over(s->state[r]);
    sw_info("%s is being written: %zu of %llu runs are over and copied, the others stand in the copy as pending",
            s->path, over, (unsigned long long)s->catalog->runs);
}

/* `to`: the file that is written, whose lock we hold ourselves. */
static sw_status open_source(source *s, const char *path, const char *to, bool may_be_live) {
    sw_lock_holder holder;
    s->path = path;
    s->file = -1;
    s->live = !sw_file_is_same(path, to) && sw_lock_is_held(path, &holder);
    if (s->live && !may_be_live)
        return sw_fail(SW_E_BUSY, "%s: a writer holds it: host %s, process %lld, since %s", path, holder.host,
                       (long long)holder.pid, holder.since);
    sw_status status = sw_verify_file(&s->damage, path, SW_VERIFY_TO_WRITE);
    if (status != SW_OK) return status;
    status = load_source(s);
    for (size_t i = 0; i < s->damage.count && status == SW_OK; i++)
        sw_warn("%s: run %lld is damaged (its checksum does not fit)", path, (long long)s->damage.rows[i]);
    if (status == SW_OK && s->live) say_what_is_left_out(s);
    return status != SW_OK ? sw_fail_in(status, "%s", path) : SW_OK;
}

static sw_status open_sources(copy *c, const char *const *paths, size_t count, const char *to) {
    c->sources = calloc(count, sizeof *c->sources);
    if (!c->sources) return sw_fail(SW_E_MEMORY, "%zu files", count);
    sw_status status = SW_OK;
    for (size_t i = 0; i < count && status == SW_OK; i++) {
        c->source_count = i + 1;
        status = open_source(&c->sources[i], paths[i], to, !c->joined);
        const char *name = c->sources[i].sweep_name, *first = c->sources[0].sweep_name;
        if (status == SW_OK && strcmp(name ? name : "", first ? first : "") != 0)
            status = sw_fail(SW_E_STORE, "%s holds the sweep \"%s\", %s the sweep \"%s\"", paths[0], first ? first : "",
                             paths[i], name ? name : "");
    }
    return status;
}

/* ---- rows ---- */

static bool is_damaged(const source *s, int64_t row) {
    for (size_t i = 0; i < s->damage.count; i++)
        if (s->damage.rows[i] == row) return true;
    return false;
}

/* Which of two rows of the same run is worth more. */
static int worth(const source *s, int64_t row) {
    const int64_t code = s->state[row];
    return sw_record_is_over(code) && !is_damaged(s, row) ? sw_states[code].worth : 0;
}

/* What the files say of a run. */
enum { PLANNED = 1, PLANNED_BY_NEWEST = 2, KNOWN_TO_NEWEST = 4 };

typedef struct candidate {
    const char *id;
    chosen from;
    size_t number; /* in order of the sources and their rows */
    size_t place;  /* in the plan; behind it, runs that are no longer in it */
    int said;
} candidate;

static int by_id(const void *a, const void *b) {
    const candidate *x = a, *y = b;
    const int order = strcmp(x->id, y->id);
    return order ? order : (x->number > y->number) - (x->number < y->number);
}

static int by_place(const void *a, const void *b) {
    const candidate *x = a, *y = b;
    if (x->place != y->place) return x->place < y->place ? -1 : 1;
    return (x->number > y->number) - (x->number < y->number);
}

/* Keeps of each run the best row. They are in order of their ids then. */
static size_t keep_best(candidate *all, size_t count, const source *sources) {
    size_t kept = 0;
    qsort(all, count, sizeof *all, by_id);
    for (size_t i = 0; i < count; i++) {
        if (kept > 0 && strcmp(all[kept - 1].id, all[i].id) == 0) {
            const chosen best = all[kept - 1].from, other = all[i].from;
            if (worth(&sources[other.source], other.row) > worth(&sources[best.source], best.row))
                all[kept - 1].from = other;
            all[kept - 1].said |= all[i].said;
        } else {
            all[kept++] = all[i];
        }
    }
    return kept;
}

/* The form of the sweep that was written last speaks for all. */
static const source *newest(const copy *c) {
    const source *best = &c->sources[0];
    for (size_t i = 1; i < c->source_count; i++) {
        const source *s = &c->sources[i];
        if (s->written && (!best->written || strcmp(s->written, best->written) > 0)) best = s;
    }
    return best;
}

/* Does the file hold the newest form of the sweep? Shards of one sweep do so together. */
static bool is_newest(const source *s, const source *best) {
    return s == best || (s->sweep_text && best->sweep_text && strcmp(s->sweep_text, best->sweep_text) == 0);
}

static int what_is_said(const source *s, int64_t row, bool newest_form) {
    const bool planned = !s->planned || s->planned[row] != 0;
    return (planned ? PLANNED : 0) | (newest_form ? KNOWN_TO_NEWEST : 0) |
           (planned && newest_form ? PLANNED_BY_NEWEST : 0);
}

static int compare_to_candidate(const void *id, const void *item) { return strcmp(id, ((const candidate *)item)->id); }

/* Rows stand as the plan of the newest sweep has them, so that shards make the file of the whole job; what is no longer
 * in it follows as it is met, as former rows. Where that sweep makes no plan here, files of its form say what is
 * planned, and of runs that none of them knows the others. */
static sw_status put_in_order(const copy *c, candidate *rows, size_t count) {
    char **ids = NULL;
    size_t planned = 0;
    const source *s = newest(c);
    sw_status status = SW_OK;
    if (c->knowledge && c->knowledge->plan_ids && s->sweep_text)
        status = c->knowledge->plan_ids(&ids, &planned, s->sweep_text);
    for (size_t i = 0; i < count; i++) rows[i].place = planned;
    for (size_t k = 0; k < planned; k++) {
        candidate *found = bsearch(ids[k], rows, count, sizeof *rows, compare_to_candidate);
        if (found) found->place = k;
        free(ids[k]);
    }
    for (size_t i = 0; i < count; i++)
        rows[i].from.planned = ids                              ? rows[i].place < planned
                               : rows[i].said & KNOWN_TO_NEWEST ? (rows[i].said & PLANNED_BY_NEWEST) != 0
                                                                : (rows[i].said & PLANNED) != 0;
    free(ids);
    qsort(rows, count, sizeof *rows, by_place);
    return status;
}

static sw_status choose_rows(copy *c) {
    size_t count = 0;
    for (size_t i = 0; i < c->source_count; i++) count += c->sources[i].catalog->runs;
    candidate *all = calloc(count + 1, sizeof *all);
    c->rows = calloc(count + 1, sizeof *c->rows);
    if (!all || !c->rows) {
        free(all);
        return sw_fail(SW_E_MEMORY, "%zu rows", count);
    }
    size_t n = 0;
    const source *latest = newest(c);
    for (size_t i = 0; i < c->source_count; i++) {
        const source *s = &c->sources[i];
        const bool newest_form = is_newest(s, latest);
        for (int64_t r = 0; r < (int64_t)s->catalog->runs; r++, n++)
            all[n] = (candidate){
                .id = s->ids[r], .from = {i, r, true}, .number = n, .said = what_is_said(s, r, newest_form)};
    }
    c->row_count = keep_best(all, count, c->sources);
    const sw_status status = put_in_order(c, all, c->row_count);
    for (size_t i = 0; i < c->row_count; i++) c->rows[i] = all[i].from;
    free(all);
    return status;
}

/* ---- datasets ---- */

static bool is_number(sw_field_type type) { return type != SW_FIELD_TEXT && type != SW_FIELD_CHAR; }

/* The type that holds both, where an axis was integer in one form of the sweep and real in another. */
static sw_status join_types(target *t, const sw_column *column, const char *path, bool *widened) {
    const sw_field_type have = t->field.type, other = column->type;
    if (column->rank != t->field.rank)
        return sw_fail(SW_E_STORE, "%s: %s has %d dimensions instead of %d", path, column->path, column->rank,
                       t->field.rank);
    if (have == other) return SW_OK;
    if (!is_number(have) || !is_number(other))
        return sw_fail(SW_E_STORE, "%s: %s holds another kind of value than in the other files", path, column->path);
    const bool real = have == SW_FIELD_F64 || have == SW_FIELD_F32 || other == SW_FIELD_F64 || other == SW_FIELD_F32;
    t->field.type = real ? SW_FIELD_F64 : SW_FIELD_I64;
    *widened = true;
    return SW_OK;
}

static target *find_target(const copy *c, const char *path) {
    for (size_t i = 0; i < c->target_count; i++)
        if (strcmp(c->targets[i].field.path, path) == 0) return &c->targets[i];
    return NULL;
}

static void add_target(copy *c, const sw_column *column, size_t from) {
    target *t = &c->targets[c->target_count++];
    t->model = column;
    t->model_source = from;
    snprintf(t->field.path, sizeof t->field.path, "%s", column->path);
    t->field.type = column->type;
    t->field.rank = column->rank;
    memcpy(t->field.dimensions, column->dimensions, sizeof t->field.dimensions);
    t->field.fill = -1;
    if (column->type == SW_FIELD_I8) t->field.fill = *(const int8_t *)column->fill;
    if (column->type == SW_FIELD_I64) memcpy(&t->field.fill, column->fill, sizeof t->field.fill);
}

/* Datasets come into the copy in the order of their making, group by group: axes keep the sweep's order. */
static int by_group_and_order(const void *a, const void *b) {
    const target *x = a, *y = b;
    const size_t p = (size_t)(strrchr(x->field.path, '/') - x->field.path);
    const size_t q = (size_t)(strrchr(y->field.path, '/') - y->field.path);
    const int group = p == q ? strncmp(x->field.path, y->field.path, p) : strcmp(x->field.path, y->field.path);
    if (group) return group;
    if (x->model_source != y->model_source) return x->model_source < y->model_source ? -1 : 1;
    return (x->model->order > y->model->order) - (x->model->order < y->model->order);
}

static sw_status join_columns(copy *c) {
    size_t most = 0;
    for (size_t i = 0; i < c->source_count; i++) most += c->sources[i].catalog->count;
    c->targets = calloc(most + 1, sizeof *c->targets);
    if (!c->targets) return sw_fail(SW_E_MEMORY, "%zu datasets", most);
    sw_status status = SW_OK;
    for (size_t i = 0; i < c->source_count; i++) {
        const sw_catalog *catalog = c->sources[i].catalog;
        for (size_t k = 0; k < catalog->count && status == SW_OK; k++) {
            target *t = find_target(c, catalog->columns[k].path);
            if (t)
                status = join_types(t, &catalog->columns[k], c->sources[i].path, &c->widened);
            else
                add_target(c, &catalog->columns[k], i);
        }
        for (int d = 0; d < SW_DIM_COUNT; d++)
            if (c->sources[i].extents[d] > c->extents[d]) c->extents[d] = c->sources[i].extents[d];
    }
    qsort(c->targets, c->target_count, sizeof *c->targets, by_group_and_order);
    c->extents[SW_DIM_RUN] = (int64_t)c->row_count;
    return status;
}

/* ---- values ---- */

/* Of a row that is being trained only what was known before can be trusted: its numbers come in at different moments.
 */
static bool is_passed_over(const copy *c, const sw_column *column, chosen from) {
    const source *s = &c->sources[from.source];
    return s->live && !sw_record_is_over(s->state[from.row]) && column->type != SW_FIELD_TEXT &&
           strcmp(column->path, "/runs/seed") != 0 && strcmp(column->path, "/runs/planned") != 0 &&
           strncmp(column->path, "/runs/axes/", 11) != 0;
}

/* All rows of one column, neighbours together. */
static sw_status copy_column(const copy *c, const sw_column *to) {
    enum { TOGETHER = 64 };
    sw_status status = SW_OK;
    for (size_t i = 0; i < c->row_count && status == SW_OK;) {
        const chosen first = c->rows[i];
        const bool skip = is_passed_over(c, to, first);
        size_t n = 1;
        while (i + n < c->row_count && n < TOGETHER && c->rows[i + n].source == first.source &&
               c->rows[i + n].row == first.row + (int64_t)n && is_passed_over(c, to, c->rows[i + n]) == skip)
            n++;
        const sw_column *from = sw_catalog_find(c->sources[first.source].catalog, to->path);
        if (from && !skip) status = sw_copy_rows(from, to, first.row, (int64_t)i, (int64_t)n);
        i += n;
    }
    return status;
}

/* Runs that count as running in a file without a writer are pending; widened values change the checksum. */
static sw_status settle_rows(const copy *c, const sw_catalog *catalog) {
    const sw_column *state = sw_catalog_find(catalog, "/runs/status");
    sw_status status = SW_OK;
    for (size_t i = 0; i < c->row_count && status == SW_OK; i++) {
        const source *s = &c->sources[c->rows[i].source];
        const int8_t pending = SW_RUN_PENDING;
        if (s->state[c->rows[i].row] == SW_RUN_RUNNING)
            status = sw_column_write(state, i, 1, H5T_NATIVE_INT8, &pending);
        if (!c->widened || worth(s, c->rows[i].row) == 0) continue;
        if (status == SW_OK) status = sw_checksum_renew(catalog, (int64_t)i);
    }
    return status;
}

static sw_status write_planned(const copy *c, const sw_catalog *catalog) {
    int8_t *planned = calloc(c->row_count + 1, sizeof *planned);
    if (!planned) return sw_fail(SW_E_MEMORY, "%zu rows", c->row_count);
    for (size_t i = 0; i < c->row_count; i++) planned[i] = c->rows[i].planned;
    const sw_column *column = sw_catalog_find(catalog, planned_path);
    const sw_status status =
        c->row_count == 0 ? SW_OK : sw_column_write(column, 0, c->row_count, H5T_NATIVE_INT8, planned);
    free(planned);
    return status;
}

/* ---- the copy ---- */

static sw_status create_targets(const copy *c, hid_t file) {
    sw_status status = SW_OK;
    for (size_t i = 0; i < c->target_count && status == SW_OK; i++) {
        const target *t = &c->targets[i];
        hid_t dataset;
        status = sw_dataset_create(&dataset, file, &t->field, c->extents, !c->joined && t->field.type != SW_FIELD_TEXT);
        if (status == SW_OK) status = sw_copy_attributes(t->model->dataset, dataset, t->field.path);
        if (status == SW_OK && t->field.type != t->model->type) status = sw_copy_missing(dataset, &t->field);
        sw_hdf5_close(dataset);
    }
    return status;
}

/* Where all the files are older than former rows. */
static sw_status create_planned(const copy *c, hid_t file) {
    sw_schema *schema;
    hid_t dataset = -1;
    sw_status status = sw_schema_create(&schema, &(sw_store_sweep){0});
    if (status != SW_OK) return status;
    status = sw_dataset_create(&dataset, file, &schema->fields[schema->fixed[SW_FIELD_PLANNED]], c->extents, false);
    sw_hdf5_close(dataset);
    sw_schema_destroy(schema);
    return status;
}

/* ---- rows that speak of rows ---- */

typedef struct numbered {
    const char *id;
    int64_t row; /* of the copy */
} numbered;

static int by_numbered_id(const void *a, const void *b) {
    return strcmp(((const numbered *)a)->id, ((const numbered *)b)->id);
}

/* Numbers of rows, of the file that a row comes from, become those of the copy; missing where it has not the run. */
static sw_status renumber(const copy *c, const sw_catalog *catalog) {
    const sw_column *column = sw_catalog_find(catalog, "/runs/shared_with");
    int64_t *with = NULL;
    numbered *rows = calloc(c->row_count + 1, sizeof *rows);
    sw_status status = rows ? SW_OK : sw_fail(SW_E_MEMORY, "%zu rows", c->row_count);
    if (status == SW_OK && column && c->row_count > 0) status = sw_column_load_integers(&with, column);
    for (size_t i = 0; i < c->row_count && with; i++)
        rows[i] = (numbered){c->sources[c->rows[i].source].ids[c->rows[i].row], (int64_t)i};
    if (with) qsort(rows, c->row_count, sizeof *rows, by_numbered_id);
    for (size_t i = 0; i < c->row_count && with && status == SW_OK; i++) {
        const source *s = &c->sources[c->rows[i].source];
        if (with[i] < 0) continue;
        const numbered wanted = {with[i] < (int64_t)s->catalog->runs ? s->ids[with[i]] : "", 0};
        const numbered *found = bsearch(&wanted, rows, c->row_count, sizeof *rows, by_numbered_id);
        const int64_t number = found ? found->row : -1;
        status = sw_column_write(column, i, 1, H5T_NATIVE_INT64, &number);
    }
    free(with);
    free(rows);
    return status;
}

static sw_status fill_targets(const copy *c, hid_t file) {
    sw_catalog *catalog;
    sw_status status = sw_catalog_open(&catalog, file);
    if (status != SW_OK) return status;
    for (size_t i = 0; i < catalog->count && status == SW_OK; i++) status = copy_column(c, &catalog->columns[i]);
    if (status == SW_OK) status = settle_rows(c, catalog);
    if (status == SW_OK) status = renumber(c, catalog);
    if (status == SW_OK && c->joined) status = write_planned(c, catalog);
    if (status == SW_OK) status = sw_axes_complete(catalog, c->knowledge);
    sw_catalog_close(catalog);
    return status;
}

static sw_status write_copy(const copy *c, const char *path) {
    hid_t file;
    const source *model = newest(c);
    sw_status status = sw_dataset_create_file(&file, path);
    if (status == SW_OK) status = sw_copy_attributes(model->file, file, "/");
    if (status == SW_OK) status = sw_dataset_create_scales(file, c->extents);
    if (status == SW_OK && model->sweep_text)
        status = sw_dataset_write_sweep(file, model->sweep_text, model->written ? model->written : "");
    if (status == SW_OK) status = create_targets(c, file);
    if (status == SW_OK && c->joined && !find_target(c, planned_path)) status = create_planned(c, file);
    if (status == SW_OK) status = fill_targets(c, file);
    return sw_vfd_close(file, path, status);
}

static sw_status copy_files(copy *c, const char *to, bool left, const char *const *from, size_t count) {
    char temporary[SW_TEMPORARY_MAX];
    sw_status status = sw_open_temporary(temporary, to);
    if (status == SW_OK) status = sw_open_tidy(temporary, left);
    if (status == SW_OK) status = open_sources(c, from, count, to);
    if (status == SW_OK) status = choose_rows(c);
    if (status == SW_OK) status = join_columns(c);
    if (status == SW_OK) {
        status = write_copy(c, temporary);
        if (status == SW_OK) status = sw_file_put_in_place(temporary, to, &sw_open_points);
        if (status != SW_OK) unlink(temporary);
    }
    for (size_t i = 0; i < c->source_count; i++) close_source(&c->sources[i]);
    free(c->sources);
    free(c->rows);
    free(c->targets);
    return status;
}

static sw_status copy_locked(copy *c, const char *to, const char *const *from, size_t count) {
    char *real = NULL;
    sw_lock *lock = NULL;
    sw_status status = sw_open_target(&real, to);
    if (status == SW_OK) status = sw_lock_take(&lock, to);
    if (status == SW_OK) status = copy_files(c, real, sw_lock_was_left(lock), from, count);
    sw_lock_release(lock);
    free(real);
    return status;
}

sw_status sw_store_compact(const char *from, const char *to) {
    copy c = {.joined = false};
    sw_hdf5_begin();
    if (access(to, F_OK) == 0) return sw_fail(SW_E_STORE, "%s exists already", to);
    return copy_locked(&c, to, &from, 1);
}

/* A file that is there joins in, as the last: it is replaced by one that holds all that it has. */
sw_status sw_store_merge(const char *to, const char *const *from, size_t count, const sw_store_knowledge *knowledge) {
    copy c = {.joined = true, .knowledge = knowledge};
    sw_hdf5_begin();
    if (count == 0) return sw_fail(SW_E_USAGE, "nothing to put into %s", to);
    const char **files = calloc(count + 1, sizeof *files);
    bool among = access(to, F_OK) != 0;
    for (size_t i = 0; files && i < count; i++) {
        files[i] = from[i];
        among = among || sw_file_is_same(from[i], to);
    }
    if (files && !among) files[count++] = to;
    const sw_status status = files ? copy_locked(&c, to, files, count) : sw_fail(SW_E_MEMORY, "%zu files", count);
    free(files);
    return status;
}
