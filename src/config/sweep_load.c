/* sweep_load.c: a sweep file read: top level, base configuration, and a pass over all runs. */
#include "config/overrides.h"
#include "config/sweep_adaptive.h"
#include "config/sweep_axes.h"
#include "config/sweep_exclude.h"
#include "config/sweep_faults.h"
#include "config/synonyms.h"

#include "symsweep/file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_BYTES_MAX = 100, RUNS_CHECKED_AFTER_ERROR = 4096 };

/* ---- paths ---- */

static char *join_text(const char *a, const char *b, const char *c) {
    size_t length = strlen(a) + strlen(b) + strlen(c) + 1;
    char *text = malloc(length);
    if (text) snprintf(text, length, "%s%s%s", a, b, c);
    return text;
}

/* The name behind the last slash. */
static const char *name_of(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* "sweep" of "dir/sweep.json". */
static char *stem_of(const char *path) {
    char *stem = strdup(name_of(path));
    char *dot = stem ? strrchr(stem, '.') : NULL;
    if (dot && dot != stem && !strcmp(dot, ".json")) *dot = '\0';
    return stem;
}

/* ---- top level ---- */

static const char *const top_names[] = {"name",  "description", "output",  "run",    "grid",  "zip",
                                        "cases", "random",      "exclude", "refine", "prune", "$schema"};
enum { TOP_COUNT = sizeof top_names / sizeof top_names[0] };

static void check_top_names(const sw_document *document) {
    for (int32_t i = document->nodes[0].child; i >= 0; i = document->nodes[i].next) {
        const char *name = sw_document_key(document, i);
        bool known = false;
        for (size_t t = 0; t < TOP_COUNT && !known; t++) known = !strcmp(name, top_names[t]);
        if (known || sw_diagnostics_count(document->diagnostics) == SW_DIAGNOSTICS_MAX) continue;
        char hint[256];
        if (sw_key_find(SW_SECTION_RUN, name) || sw_key_below(SW_SECTION_RUN, name))
            snprintf(hint, sizeof hint, "it belongs in run");
        else if (!sw_synonyms_suggest(hint, name))
            sw_document_suggest(hint, sw_document_nearest(name, top_names, TOP_COUNT), "");
        sw_document_key_error(document, i, hint, "unknown key");
    }
}

/* A text at the top level; NULL: absent or reported. */
static const char *read_text(const sw_document *document, const char *name, size_t most) {
    int32_t node = sw_document_member(document, 0, name);
    if (node < 0) return NULL;
    const char *text = sw_document_string(document, node);
    if (document->nodes[node].type == SW_NODE_STRING && text[0] && strlen(text) <= most) return text;
    sw_document_expected(document, node, NULL, "a text of 1 to %zu bytes", most);
    return NULL;
}

static bool is_plain_name(const char *name) {
    for (const char *c = name; *c; c++)
        if (*c == '/' || (unsigned char)*c < 0x20 || *c == 0x7f) return false;
    return name[0] != '.';
}

/* Files stand beside the results file, for instance NAME.h5.status.json.new, and in its folder of checkpoints. */
static void check_output(const sw_sweep *sweep) {
    enum { FILE_NAME_MAX = 255, BESIDE = sizeof ".status.json.new" - 1, WITHIN = 128 };
    const size_t name = strlen(name_of(sweep->output)), path = strlen(sweep->output);
    const int32_t output = sw_document_member(sweep->document, 0, "output");
    const int32_t node = output >= 0 ? output : sw_document_member(sweep->document, 0, "name");
    if (name + BESIDE > FILE_NAME_MAX)
        sw_document_error(
            sweep->document, node < 0 ? 0 : node, "give a shorter output",
            "the name of the results file has %zu bytes; at most %d, for files beside it have longer ones", name,
            FILE_NAME_MAX - BESIDE);
    else if (path + WITHIN > SW_PATH_MAX)
        sw_document_error(sweep->document, node < 0 ? 0 : node, "give a shorter output",
                          "the path of the results file has %zu bytes; at most %d", path, SW_PATH_MAX - WITHIN);
}

static void read_names(sw_sweep *sweep, sw_reader *reader) {
    const char *name = read_text(sweep->document, "name", NAME_BYTES_MAX);
    if (name && !is_plain_name(name)) {
        sw_document_error(sweep->document, sw_document_member(sweep->document, 0, "name"),
                          "letters, digits, - and _ are safe",
                          "the name becomes a file name: no slash, no leading dot");
        name = NULL;
    }
    const char *output = read_text(sweep->document, "output", SW_PATH_MAX / 2);
    read_text(sweep->document, "description", 4096);
    read_text(sweep->document, "$schema", 1024);
    sweep->name = name ? strdup(name) : stem_of(sweep->path);
    if (sweep->name)
        sweep->output = output ? join_text(output[0] == '/' ? "" : sweep->folder, output, "")
                               : join_text(sweep->folder, sweep->name, ".h5");
    if (!sweep->name || !sweep->output)
        reader->status = sw_fail(SW_E_MEMORY, "out of memory");
    else
        check_output(sweep);
}

static void read_run(sw_sweep *sweep, sw_reader *reader) {
    int32_t run = sw_document_member(sweep->document, 0, "run");
    if (run < 0)
        sw_document_error(sweep->document, 0, "{\"run\": {\"task\": {\"kind\": \"modular\"}}}",
                          "the key run is missing: the base configuration");
    else if (sw_reader_is_object(reader, run))
        sw_reader_assignments(reader, &sweep->base, run, &(sw_scope){.section = SW_SECTION_RUN, .prefix = ""});
}

/* ---- every run once ---- */

/* Resolves run k, and marks the members that give it a key that concerns it. */
static void resolve_run(sw_run_config *config, sw_run_values *values, uint8_t *used, const sw_sweep *sweep,
                        uint64_t k) {
    size_t count;
    const sw_key *keys = sw_keys_of(SW_SECTION_RUN, &count);
    sw_sweep_values(values, sweep, k);
    sw_config_resolve(config, values->given);
    for (size_t i = 0; i < count; i++)
        if (values->given[i] && !used[values->given[i]->member] && sw_key_concerns(&keys[i], config))
            used[values->given[i]->member] = 1;
}

static void check_member(const sw_sweep *sweep, const uint8_t *used, const sw_key *key, int32_t member) {
    char needed[256];
    if (used[member]) return;
    sw_key_concern_text(key, needed, sizeof needed);
    sw_document_key_error(sweep->document, member, "remove it, or choose the kind it belongs to",
                          "the key concerns no run of the sweep: it needs %s", needed);
}

/* A key that no run is concerned with is an error; one that only some are, is not. */
static void check_used(const sw_sweep *sweep, const uint8_t *used) {
    for (size_t i = 0; i < sweep->base.count; i++) {
        const sw_assignment *item = &sweep->base.items[i];
        bool overridden = false;
        for (size_t a = 0; a < sweep->axis_count && !overridden; a++) overridden = sweep->axes[a].key == item->key;
        if (!overridden) check_member(sweep, used, item->key, item->value.member);
    }
    for (size_t i = 0; i < sweep->case_count; i++) {
        const sw_assignments *set = &sweep->cases[i].set;
        for (size_t j = 0; j < set->count; j++)
            check_member(sweep, used, set->items[j].key, set->items[j].value.member);
        for (size_t j = 0; j < sweep->cases[i].dimension_count; j++)
            check_member(sweep, used, sweep->cases[i].dimensions[j].key, sweep->cases[i].dimensions[j].member);
    }
    for (size_t i = 0; i < sweep->dimension_count; i++)
        if (sweep->dimensions[i].count)
            check_member(sweep, used, sweep->dimensions[i].key, sweep->dimensions[i].member);
}

typedef struct numbered_run {
    const sw_sweep *sweep;
    uint64_t k;
} numbered_run;

static void keep_fault(const void *context, const sw_run_fault *fault) {
    const numbered_run *run = context;
    sw_sweep_faults_add(run->sweep, run->k, fault);
}

static void check_runs(sw_sweep *sweep, sw_reader *reader) {
    uint8_t *used = calloc((size_t)sweep->document->count, 1);
    if (!used) {
        reader->status = sw_fail(SW_E_MEMORY, "out of memory");
        return;
    }
    size_t errors = sw_diagnostics_errors(sweep->document->diagnostics);
    const bool excludes = sw_document_member(sweep->document, 0, "exclude") >= 0;
    for (uint64_t k = 0; excludes && k < sweep->run_count; k++) { /* a key may stand for runs that are left out */
        sw_run_values values;
        sw_run_config config;
        resolve_run(&config, &values, used, sweep, k);
    }
    sw_sweep_exclude(sweep, reader);
    uint64_t last = sweep->run_count;
    for (uint64_t k = 0; k < last; k++) {
        sw_run_values values;
        sw_run_config config;
        resolve_run(&config, &values, used, sweep, k);
        sw_config_check(&config, values.given, sweep->document, keep_fault, &(numbered_run){sweep, k});
        sw_sweep_check_adaptive(sweep, k, &config);
        bool failed = sw_diagnostics_errors(sweep->document->diagnostics) > 0 || sw_sweep_faults_errors(sweep) > 0;
        if (failed && last > RUNS_CHECKED_AFTER_ERROR && k + RUNS_CHECKED_AFTER_ERROR < last)
            last = k + RUNS_CHECKED_AFTER_ERROR;
    }
    sw_sweep_faults_tell(sweep, sweep->document->diagnostics, last);
    /* With unreadable selectors (task.kind ...) everything else would seem out of place. */
    if (!errors && last && last == sweep->run_count) check_used(sweep, used);
    free(used);
}

/* ---- entry points ---- */

static sw_status read_sweep(sw_sweep *sweep, sw_reader *reader) {
    if (!sw_reader_is_object(reader, 0)) return sw_fail(SW_E_CONFIG, "%s is no sweep", sweep->path);
    sw_sweep_faults_prepare(sweep, reader);
    check_top_names(sweep->document);
    read_names(sweep, reader);
    if (!reader->status) read_run(sweep, reader);
    if (!reader->status) sw_sweep_read_axes(sweep, reader);
    if (!reader->status) sw_sweep_read_adaptive(sweep, reader);
    bool complete = sw_document_member(sweep->document, 0, "run") >= 0 && sweep->run_count <= SW_RUNS_MAX;
    if (!reader->status && complete)
        check_runs(sweep, reader);
    else if (!reader->status)
        sw_sweep_exclude(sweep, reader);
    return reader->status;
}

/* An axis decides over what the command line puts into `run`. */
static void warn_of_axes(const sw_sweep *sweep, char *const *overrides) {
    for (; overrides && *overrides; overrides++) {
        const size_t length = strcspn(*overrides, "=");
        for (size_t i = 0; i < sweep->dimension_count; i++) {
            const sw_dimension *axis = &sweep->dimensions[i];
            const char *section = sw_sweep_sources[axis->source];
            char path[256];
            snprintf(path, sizeof path, "run.%s", axis->path);
            if (strlen(path) != length || strncmp(*overrides, path, length) != 0) continue;
            sw_diagnostics_add(sweep->document->diagnostics, true, 0, 0, path, NULL,
                               "%s has this key, and its values count: override %s.%s instead", section, section,
                               axis->path);
        }
    }
}

/* Takes over `text`. */
static sw_status build_sweep(sw_sweep **out, char *text, size_t length, const char *path, char *const *overrides,
                             sw_diagnostics *diagnostics) {
    sw_status status = SW_OK;
    sw_sweep *sweep = calloc(1, sizeof *sweep);
    *out = NULL;
    if (!sweep) {
        free(text);
        return sw_fail(SW_E_MEMORY, "out of memory");
    }
    sweep->path = strdup(path);
    sweep->folder = strndup(path, (size_t)(name_of(path) - path)); /* "dir/", or "" */
    if (!sweep->path || !sweep->folder) {
        free(text);
        status = sw_fail(SW_E_MEMORY, "out of memory");
        goto cleanup;
    }
    status = sw_overrides_apply(&text, &length, overrides, diagnostics);
    if (status == SW_OK) status = sw_diagnostics_set_text(diagnostics, text, length, overrides && *overrides);
    if (status != SW_OK) {
        free(text);
        goto cleanup;
    }
    status = sw_document_parse(&sweep->document, text, length, diagnostics);
    if (status == SW_OK) status = sw_arena_create(&sweep->arena);
    if (status != SW_OK) goto cleanup;
    sw_reader reader = {
        .document = sweep->document, .arena = sweep->arena, .folder = sweep->folder, .room = SW_RUNS_MAX};
    status = read_sweep(sweep, &reader);
    if (status == SW_OK) warn_of_axes(sweep, overrides);
cleanup:
    if (status != SW_OK)
        sw_sweep_destroy(sweep);
    else
        *out = sweep;
    return status;
}

static sw_status refuse(const sw_diagnostics *diagnostics, const char *path) {
    size_t errors = sw_diagnostics_errors(diagnostics);
    return sw_fail(SW_E_CONFIG, "%s: %zu error%s", path, errors, errors == 1 ? "" : "s");
}

/* A sweep with errors is good for finding more of them, not for running. */
static sw_status deliver(sw_sweep **out, sw_sweep *sweep, const char *path, const sw_diagnostics *diagnostics) {
    *out = NULL;
    if (sw_diagnostics_errors(diagnostics)) {
        sw_sweep_destroy(sweep);
        return refuse(diagnostics, path);
    }
    *out = sweep;
    return SW_OK;
}

sw_status sw_sweep_parse(sw_sweep **out, const char *text, size_t length, const char *path,
                         sw_diagnostics *diagnostics) {
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
    sw_status status = build_sweep(&sweep, copy, length, path, NULL, diagnostics);
    return status != SW_OK ? status : deliver(out, sweep, path, diagnostics);
}

sw_status sw_sweep_read(sw_sweep **out, const char *path, char *const *overrides, sw_diagnostics *diagnostics) {
    char *text;
    size_t length;
    *out = NULL;
    sw_status status = sw_file_read(&text, &length, path, SW_DOCUMENT_BYTES_MAX, NULL);
    if (status == SW_OK) return build_sweep(out, text, length, path, overrides, diagnostics);
    if (status != SW_E_IO) return status;
    const int error = errno;
    sw_diagnostics_add(diagnostics, false, 0, 0, "", NULL, "%s",
                       error == EISDIR   ? "is a directory; expected a sweep file"
                       : error == EINVAL ? "is not a regular file"
                       : error == EFBIG  ? "is larger than 16 MiB"
                                         : strerror(error));
    return refuse(diagnostics, path);
}
