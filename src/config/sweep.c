/* sweep.c: a sweep file read: top level, base configuration, axes, and a pass over all runs. */
#include "sweep.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NAME_BYTES_MAX = 100, RUNS_CHECKED_AFTER_ERROR = 4096 };

void sw_sweep_destroy(sw_sweep *sweep)
{
    if (!sweep) return;
    for (size_t i = 0; i < sweep->case_count; i++) free(sweep->cases[i].set.items);
    free(sweep->base.items);
    free(sweep->dimensions);
    free(sweep->axes);
    free(sweep->output);
    free(sweep->name);
    free(sweep->folder);
    free(sweep->path);
    sw_document_destroy(sweep->document);
    sw_arena_destroy(sweep->arena);
    free(sweep);
}

/* ---- paths ---- */

static char *join_text(const char *a, const char *b, const char *c)
{
    size_t length = strlen(a) + strlen(b) + strlen(c) + 1;
    char *text = malloc(length);
    if (text) snprintf(text, length, "%s%s%s", a, b, c);
    return text;
}

/* "dir/" of "dir/sweep.json", "" of "sweep.json". */
static char *folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    size_t length = slash ? (size_t)(slash - path) + 1 : 0;
    char *folder = malloc(length + 1);
    if (!folder) return NULL;
    memcpy(folder, path, length);
    folder[length] = '\0';
    return folder;
}

/* "sweep" of "dir/sweep.json". */
static char *stem_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *stem = join_text(slash ? slash + 1 : path, "", "");
    if (!stem) return NULL;
    char *dot = strrchr(stem, '.');
    if (dot && dot != stem && !strcmp(dot, ".json")) *dot = '\0';
    return stem;
}

/* ---- top level ---- */

static const char *const top_names[] = {"name",  "description", "output", "run",   "grid",   "zip",
                                        "cases", "random",      "refine", "prune", "$schema"};
enum { TOP_COUNT = sizeof top_names / sizeof top_names[0] };

static void check_top_names(sw_sweep *sweep, sw_reader *reader)
{
    const sw_document *document = sweep->document;
    for (int32_t i = document->nodes[0].child; i >= 0; i = document->nodes[i].next) {
        const char *name = sw_document_key(document, i);
        bool known = false;
        for (size_t t = 0; t < TOP_COUNT && !known; t++) known = !strcmp(name, top_names[t]);
        if (known || sw_diagnostics_count(reader->diagnostics) == SW_DIAGNOSTICS_MAX) continue;
        char hint[256] = "";
        const char *nearest = sw_nearest(name, top_names, TOP_COUNT);
        if (nearest)
            snprintf(hint, sizeof hint, "did you mean %s?", nearest);
        else if (sw_key_find(name) >= 0 || sw_key_is_group(name))
            snprintf(hint, sizeof hint, "it belongs into run");
        sw_document_key_error(document, i, reader->diagnostics, hint, "unknown key");
    }
}

/* A text at the top level; NULL: absent or reported. */
static const char *read_text(sw_reader *reader, const char *name, size_t most)
{
    const sw_document *document = reader->document;
    int32_t node = sw_document_member(document, 0, name);
    if (node < 0) return NULL;
    const char *text = sw_document_string(document, node);
    if (document->nodes[node].type == SW_NODE_STRING && text[0] && strlen(text) <= most) return text;
    char found[128];
    sw_document_describe(document, node, found);
    sw_document_error(document, node, reader->diagnostics, NULL, "expected a text of 1 to %zu bytes, found %s", most,
                      found);
    return NULL;
}

static bool is_plain_name(const char *name)
{
    for (const char *c = name; *c; c++)
        if (*c == '/' || (unsigned char)*c < 0x20 || *c == 0x7f) return false;
    return name[0] != '.';
}

static void read_names(sw_sweep *sweep, sw_reader *reader)
{
    const char *name = read_text(reader, "name", NAME_BYTES_MAX);
    if (name && !is_plain_name(name)) {
        sw_document_error(reader->document, sw_document_member(reader->document, 0, "name"), reader->diagnostics,
                          "letters, digits, - and _ are safe",
                          "the name becomes a file name: no slash, no leading dot");
        name = NULL;
    }
    const char *output = read_text(reader, "output", SW_PATH_MAX / 2);
    read_text(reader, "description", 4096);
    read_text(reader, "$schema", 1024);
    sweep->name = name ? join_text(name, "", "") : stem_of(sweep->path);
    if (sweep->name)
        sweep->output = output ? join_text(output[0] == '/' ? "" : sweep->folder, output, "")
                               : join_text(sweep->folder, sweep->name, ".h5");
    if (!sweep->name || !sweep->output) reader->status = sw_fail(SW_E_MEMORY, "out of memory");
}

static void read_run(sw_sweep *sweep, sw_reader *reader)
{
    const sw_document *document = sweep->document;
    int32_t run = sw_document_member(document, 0, "run");
    if (run < 0) {
        sw_document_error(document, 0, reader->diagnostics, "{\"run\": {\"task\": {\"kind\": \"modular\"}}}",
                          "the key run is missing: the base configuration");
        return;
    }
    if (document->nodes[run].type != SW_NODE_OBJECT) {
        char found[128];
        sw_document_describe(document, run, found);
        sw_document_error(document, run, reader->diagnostics, NULL, "expected an object, found %s", found);
        return;
    }
    sw_reader_assignments(reader, &sweep->base, run, "", false, NULL);
}

static void read_axes(sw_sweep *sweep, sw_reader *reader)
{
    static const struct {
        const char *name;
        void (*read)(sw_sweep *, sw_reader *, int32_t);
    } sections[] = {{"zip", sw_sweep_read_zip},
                    {"random", sw_sweep_read_random},
                    {"grid", sw_sweep_read_grid},
                    {"cases", sw_sweep_read_cases}};
    sweep->zip_length = sweep->samples = 1;
    for (size_t i = 0; i < sizeof sections / sizeof sections[0] && !reader->status; i++) {
        int32_t node = sw_document_member(sweep->document, 0, sections[i].name);
        if (node >= 0) sections[i].read(sweep, reader, node);
    }
}

/* ---- counting ---- */

static uint64_t multiply(uint64_t a, uint64_t b) { return b && a > UINT64_MAX / b ? UINT64_MAX : a * b; }

/* The product of all axes, saturated; axes that could not be read count once. */
static void count_runs(sw_sweep *sweep, sw_reader *reader)
{
    uint64_t count = multiply(sweep->case_count ? sweep->case_count : 1, multiply(sweep->zip_length, sweep->samples));
    for (size_t i = 0; i < sweep->dimension_count; i++) {
        const sw_dimension *dimension = &sweep->dimensions[i];
        if (dimension->source == SW_SOURCE_GRID && dimension->count) count = multiply(count, dimension->count);
    }
    sweep->run_count = count;
    if (count <= SW_RUNS_MAX) return;
    int32_t node = sw_document_member(sweep->document, 0, "grid");
    sw_document_key_error(sweep->document, node >= 0 ? node : 0, reader->diagnostics,
                          "split the sweep into several files", "the axes make %s%llu runs; at most %d",
                          count == UINT64_MAX ? "more than " : "", (unsigned long long)count, SW_RUNS_MAX);
}

/* ---- the columns of /runs/axes ---- */

sw_axis_type sw_key_axis_type(const sw_key *key)
{
    return key->type == SW_KEY_REAL      ? SW_AXIS_REAL
           : key->type == SW_KEY_INTEGER ? SW_AXIS_INTEGER
           : key->type == SW_KEY_BOOL    ? SW_AXIS_BOOL
                                         : SW_AXIS_STRING;
}

static void add_axis(sw_sweep *sweep, sw_reader *reader, int32_t key, const sw_alias *alias, sw_source source,
                     size_t size)
{
    const char *path = alias ? alias->path : sw_keys[key].path;
    for (size_t i = 0; i < sweep->axis_count; i++) {
        if (strcmp(sweep->axes[i].axis.path, path)) continue;
        sweep->axes[i].size++; /* one more case sets it */
        return;
    }
    if (sweep->axis_count == sweep->axis_capacity) {
        size_t capacity = sweep->axis_capacity ? 2 * sweep->axis_capacity : 8;
        sw_axis_info *grown = realloc(sweep->axes, capacity * sizeof *grown);
        if (!grown) {
            reader->status = sw_fail(SW_E_MEMORY, "out of memory");
            return;
        }
        sweep->axes = grown;
        sweep->axis_capacity = capacity;
    }
    sweep->axes[sweep->axis_count++] =
        (sw_axis_info){{path, sw_key_axis_type(&sw_keys[key])}, key, alias, source, size};
}

static void list_axes(sw_sweep *sweep, sw_reader *reader)
{
    for (size_t i = 0; i < sweep->case_count; i++) {
        const sw_assignments *set = &sweep->cases[i].set;
        for (size_t j = 0; j < set->count && !reader->status; j++)
            add_axis(sweep, reader, set->items[j].key, set->items[j].value.alias, SW_SOURCE_CASES, 1);
    }
    for (size_t i = 0; i < sweep->dimension_count && !reader->status; i++) {
        const sw_dimension *d = &sweep->dimensions[i];
        add_axis(sweep, reader, d->key, d->alias, d->source, d->source == SW_SOURCE_RANDOM ? sweep->samples : d->count);
    }
}

/* ---- every run once ---- */

static void mark_used(uint8_t *used, const sw_run_values *values, const sw_run_config *config)
{
    for (size_t i = 0; i < sw_keys_count; i++)
        if (values->given[i] && sw_key_concerns(&sw_keys[i], config)) used[values->given[i]->member] = 1;
}

static void report_unused(const sw_sweep *sweep, sw_reader *reader, const uint8_t *used, int32_t key, int32_t member)
{
    if (used[member]) return;
    char needed[256];
    sw_key_concern_text(&sw_keys[key], needed, sizeof needed);
    sw_document_key_error(sweep->document, member, reader->diagnostics, "remove it, or choose the kind it belongs to",
                          "the key concerns no run of the sweep: it needs %s", needed);
}

/* A key that no run is concerned with is an error; one that only some are, is not. */
static void check_used(const sw_sweep *sweep, sw_reader *reader, const uint8_t *used)
{
    for (size_t i = 0; i < sweep->base.count; i++) {
        const sw_assignment *item = &sweep->base.items[i];
        bool overridden = false;
        for (size_t a = 0; a < sweep->axis_count && !overridden; a++) overridden = sweep->axes[a].key == item->key;
        if (!overridden) report_unused(sweep, reader, used, item->key, item->value.member);
    }
    for (size_t i = 0; i < sweep->case_count; i++) {
        const sw_assignments *set = &sweep->cases[i].set;
        for (size_t j = 0; j < set->count; j++)
            report_unused(sweep, reader, used, set->items[j].key, set->items[j].value.member);
    }
    for (size_t i = 0; i < sweep->dimension_count; i++)
        if (sweep->dimensions[i].count)
            report_unused(sweep, reader, used, sweep->dimensions[i].key, sweep->dimensions[i].member);
}

static void check_runs(sw_sweep *sweep, sw_reader *reader)
{
    uint8_t *used = calloc((size_t)sweep->document->count, 1);
    if (!used) {
        reader->status = sw_fail(SW_E_MEMORY, "out of memory");
        return;
    }
    size_t errors = sw_diagnostics_errors(reader->diagnostics);
    uint64_t last = sweep->run_count;
    for (uint64_t k = 0; k < last; k++) {
        sw_run_values values;
        sw_run_config config;
        sw_sweep_values(&values, sweep, k);
        sw_config_resolve(&config, values.given);
        sw_config_check(&config, values.given, sweep->document, reader->diagnostics);
        sw_sweep_check_adaptive(sweep, reader, &config);
        mark_used(used, &values, &config);
        bool failed = sw_diagnostics_errors(reader->diagnostics) > 0;
        if (failed && last > RUNS_CHECKED_AFTER_ERROR && k + RUNS_CHECKED_AFTER_ERROR < last)
            last = k + RUNS_CHECKED_AFTER_ERROR;
    }
    /* With unreadable selectors (task.kind ...) everything else would seem out of place. */
    if (!errors && last == sweep->run_count) check_used(sweep, reader, used);
    free(used);
}

/* ---- entry points ---- */

static sw_status read_sweep(sw_sweep *sweep, sw_reader *reader)
{
    if (sweep->document->nodes[0].type != SW_NODE_OBJECT) {
        char found[128];
        sw_document_describe(sweep->document, 0, found);
        sw_document_error(sweep->document, 0, reader->diagnostics, NULL, "expected an object, found %s", found);
        return sw_fail(SW_E_CONFIG, "%s is no sweep", sweep->path);
    }
    check_top_names(sweep, reader);
    read_names(sweep, reader);
    if (!reader->status) read_run(sweep, reader);
    if (!reader->status) read_axes(sweep, reader);
    if (!reader->status) count_runs(sweep, reader);
    if (!reader->status) list_axes(sweep, reader);
    if (!reader->status) sw_sweep_read_adaptive(sweep, reader);
    bool complete = sw_document_member(sweep->document, 0, "run") >= 0 && sweep->run_count <= SW_RUNS_MAX;
    if (!reader->status && complete) check_runs(sweep, reader);
    return reader->status;
}

/* Takes over `text`. */
static sw_status build_sweep(sw_sweep **out, char *text, size_t length, const char *path, sw_diagnostics *diagnostics)
{
    sw_status status = SW_OK;
    sw_sweep *sweep = calloc(1, sizeof *sweep);
    *out = NULL;
    if (!sweep) {
        free(text);
        return sw_fail(SW_E_MEMORY, "out of memory");
    }
    sweep->path = join_text(path, "", "");
    sweep->folder = folder_of(path);
    if (!sweep->path || !sweep->folder) {
        free(text);
        status = sw_fail(SW_E_MEMORY, "out of memory");
        goto cleanup;
    }
    status = sw_document_parse(&sweep->document, text, length, diagnostics);
    if (status == SW_OK) status = sw_arena_create(&sweep->arena);
    if (status != SW_OK) goto cleanup;
    sw_reader reader = {.document = sweep->document,
                        .arena = sweep->arena,
                        .diagnostics = diagnostics,
                        .folder = sweep->folder,
                        .room = SW_RUNS_MAX};
    status = read_sweep(sweep, &reader);
cleanup:
    if (status != SW_OK)
        sw_sweep_destroy(sweep);
    else
        *out = sweep;
    return status;
}

static sw_status refuse(const sw_diagnostics *diagnostics, const char *path)
{
    size_t errors = sw_diagnostics_errors(diagnostics);
    return sw_fail(SW_E_CONFIG, "%s: %zu error%s", path, errors, errors == 1 ? "" : "s");
}

/* A sweep with errors is good for finding more of them, not for running. */
static sw_status deliver(sw_sweep **out, sw_sweep *sweep, const char *path, const sw_diagnostics *diagnostics)
{
    *out = NULL;
    if (sw_diagnostics_errors(diagnostics)) {
        sw_sweep_destroy(sweep);
        return refuse(diagnostics, path);
    }
    *out = sweep;
    return SW_OK;
}

sw_status sw_sweep_parse(sw_sweep **out, const char *text, size_t length, const char *path, sw_diagnostics *diagnostics)
{
    *out = NULL;
    if (length > SW_DOCUMENT_BYTES_MAX) {
        sw_diagnostics_add(diagnostics, false, 0, 0, "", NULL, "the file is larger than 16 MiB");
        return refuse(diagnostics, path);
    }
    char *copy = malloc(length + 1);
    if (!copy) return sw_fail(SW_E_MEMORY, "out of memory");
    memcpy(copy, text, length);
    copy[length] = '\0';
    sw_sweep *sweep = NULL;
    sw_status status = build_sweep(&sweep, copy, length, path, diagnostics);
    return status != SW_OK ? status : deliver(out, sweep, path, diagnostics);
}

/* The whole of a regular file, NUL-terminated; a file that cannot be one is a diagnostic. */
static sw_status read_file(char **out, size_t *length, const char *path, sw_diagnostics *diagnostics)
{
    struct stat info;
    FILE *file = NULL;
    sw_status status = SW_OK;
    const char *fault = NULL;
    *out = NULL;
    int descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC); /* a FIFO must not block */
    if (descriptor < 0 || fstat(descriptor, &info))
        fault = strerror(errno);
    else if (S_ISDIR(info.st_mode))
        fault = "is a directory; expected a sweep file";
    else if (!S_ISREG(info.st_mode))
        fault = "is not a regular file";
    else if (info.st_size > SW_DOCUMENT_BYTES_MAX)
        fault = "is larger than 16 MiB";
    if (!fault && !(file = fdopen(descriptor, "rb"))) fault = strerror(errno);
    if (fault) {
        sw_diagnostics_add(diagnostics, false, 0, 0, "", NULL, "%s", fault);
        status = refuse(diagnostics, path);
        goto cleanup;
    }
    *out = malloc((size_t)info.st_size + 1);
    if (!*out) {
        status = sw_fail(SW_E_MEMORY, "out of memory");
        goto cleanup;
    }
    *length = fread(*out, 1, (size_t)info.st_size, file);
    (*out)[*length] = '\0';
    if (ferror(file)) {
        sw_diagnostics_add(diagnostics, false, 0, 0, "", NULL, "%s", strerror(errno));
        free(*out);
        *out = NULL;
        status = refuse(diagnostics, path);
    }
cleanup:
    if (file)
        fclose(file);
    else if (descriptor >= 0)
        close(descriptor);
    return status;
}

sw_status sw_sweep_read(sw_sweep **out, const char *path, sw_diagnostics *diagnostics)
{
    char *text = NULL;
    size_t length = 0;
    *out = NULL;
    sw_status status = read_file(&text, &length, path, diagnostics);
    return status != SW_OK ? status : build_sweep(out, text, length, path, diagnostics);
}

sw_status sw_sweep_load(sw_sweep **out, const char *path, sw_diagnostics *diagnostics)
{
    sw_sweep *sweep = NULL;
    *out = NULL;
    sw_status status = sw_sweep_read(&sweep, path, diagnostics);
    return status != SW_OK ? status : deliver(out, sweep, path, diagnostics);
}
