/* symmetries.c: symsweep symmetries: the symmetry group of a task's table. */
#include "cli/check_summary.h"
#include "cli/command.h"
#include "symsweep/symmetry_text.h"

#include "symsweep/automorphism.h"
#include "symsweep/cli.h"
#include "symsweep/clock.h"
#include "symsweep/discover.h"
#include "symsweep/file.h"
#include "symsweep/log.h"
#include "symsweep/symmetry_family.h"
#include "symsweep/text.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char help[] =
    "usage: symsweep symmetries [options] sweep.json [KEY=VALUE ...]\n"
    "\n"
    "Finds the symmetry group of a task's table, without being told what the task is: all ways to permute the "
    "operands,\n"
    "the tokens of each and the classes that take the table to itself. Prints its order, what its generators do, the\n"
    "share of test labels that follow from train labels through it, and which symmetry families lie in it.\n"
    "\n"
    "  --run N             the task and the split of this run, as check --list runs numbers them (default: the first)\n"
    "  --scope free        each operand has its own permutation of tokens (default)\n"
    "  --scope tied        one for all operands: what a model with a shared embedding can follow\n"
    "  --time-limit TIME   give up then: 90s, 5m, 1:00:00 (default 60s)\n"
    "  -o, --output FILE   also write it as JSON to a new file\n"
    "  --json              as JSON on stdout\n"
    "  -h, --help          this text\n"
    "\n"
    "Exit codes: 0, 2 wrong usage, a sweep that is not valid or a table that is too large, or a program that was "
    "built\n"
    "without nauty, 3 no memory, or output that cannot be written, 75 not found in time.\n";

typedef struct symmetries_options {
    long long run; /* -1 = the first */
    sw_symmetry_scope scope;
    double seconds;
    const char *output;
    bool json;
} symmetries_options;

/* What is known of a run's table. */
typedef struct finding {
    const sw_run_config *config;
    size_t run, tasks; /* tasks that the sweep has */
    sw_symmetry_scope scope;
    sw_task *task;
    sw_symmetry_table table;
    sw_discovery group;
    size_t train, test;
    double derivable;
    sw_symmetry_verdict verdict[SW_FAMILY_COUNT];
    char (*text)[SW_SYMMETRY_TEXT]; /* [group.count] what each generator does */
} finding;

/* ---- finding ---- */

static int compare_tasks(const void *a, const void *b) {
    const sw_task_config *const *left = a, *const *right = b;
    return memcmp(*left, *right, sizeof **left); /* gaps are zero */
}

static sw_status count_tasks(size_t *out, const sw_plan *plan) {
    const sw_task_config **tasks = malloc(plan->count * sizeof *tasks);
    if (tasks == NULL) return sw_fail(SW_E_MEMORY, "no memory for the tasks of %zu runs", plan->count);
    for (size_t k = 0; k < plan->count; k++) tasks[k] = &plan->runs[k].config.task;
    qsort(tasks, plan->count, sizeof *tasks, compare_tasks);
    *out = 0;
    for (size_t k = 0; k < plan->count; k++) *out += k == 0 || compare_tasks(&tasks[k - 1], &tasks[k]) != 0;
    free(tasks);
    return SW_OK;
}

static sw_status derive(finding *f) {
    int8_t *split = malloc(f->task->inputs);
    if (split == NULL) return sw_fail(SW_E_MEMORY, "out of memory");
    f->train = sw_task_split(split, f->task, f->config);
    f->test = f->task->inputs - f->train;
    f->derivable = sw_symmetry_derivable(f->group.orbit, split, &f->table, f->group.generators, f->group.count);
    free(split);
    return f->train > 0 ? SW_OK : SW_E_MEMORY;
}

static sw_status find(finding *f, double seconds) {
    sw_status status = sw_task_create_table(&f->task, &f->config->task, &f->config->model, f->config->data_seed);
    if (status == SW_OK) status = sw_symmetry_table_create(&f->table, f->task);
    if (status == SW_OK) status = sw_discover_group(&f->group, &f->table, f->scope, seconds);
    if (status == SW_E_INTERRUPTED) return sw_fail_in(status, "--time-limit");
    if (status == SW_OK) status = derive(f);
    if (status == SW_OK)
        status = sw_symmetry_texts(&f->text, f->task, &f->table.shape, f->group.generators, f->group.count);
    for (int family = 0; family < SW_FAMILY_COUNT && status == SW_OK; family++)
        if (family != SW_FAMILY_AUTOMORPHISM) /* is the group */
            status = sw_symmetry_family(&f->verdict[family], f->task, &f->table, (sw_family_id)family, f->scope);
    return status;
}

static void release(finding *f) {
    free(f->text);
    sw_discover_release(&f->group);
    sw_symmetry_table_release(&f->table);
    sw_task_destroy_table(f->task);
}

/* ---- as JSON ---- */

static void write_finding(sw_json *json, const finding *f) {
    sw_json_begin_object(json);
    sw_json_member_string(json, "order", f->group.order);
    sw_json_member_number(json, "order_log10", f->group.order_log10);
    sw_json_member_string(json, "scope", sw_symmetry_scope_names[f->scope]);
    sw_json_member_integer(json, "input_orbits", (int64_t)f->group.orbits);
    sw_json_member_number(json, "derivable", f->derivable);
    sw_json_member_array(json, "families");
    for (int family = 0; family < SW_FAMILY_COUNT; family++)
        if (f->verdict[family] == SW_SYMMETRY_WITHIN) sw_json_string(json, sw_family_names[family]);
    sw_json_end_array(json);
    sw_json_key(json, "generators");
    sw_automorphism_write(json, &f->table.shape, f->group.generators, f->text, f->group.count);
    sw_json_end_object(json);
}

static sw_status save(const char *path, const char *text) {
    FILE *out;
    char *made;
    sw_status status = sw_file_create(&out, &made, path);
    if (status != SW_OK) return status;
    fprintf(out, "%s\n", text);
    const bool failed = fflush(out) != 0 || ferror(out);
    if (failed) status = sw_fail(SW_E_IO, "%s: cannot write: %s", path, strerror(errno));
    fclose(out);
    if (status != SW_OK && made != NULL) unlink(made);
    free(made);
    return status;
}

/* ---- for people ---- */

enum { GENERATORS_SHOWN = 20, DIGITS_SHOWN = 40 };

static void print_task(const finding *f) {
    char title[SW_CHECK_TITLE];
    sw_check_task_title(title, &f->config->task);
    sw_text_printf(stdout, "task        %s\n", title);
    if (f->tasks > 1)
        printf("            of run %zu; the sweep has %zu tasks, --run N chooses another\n", f->run, f->tasks);
    if (f->scope == SW_SYMMETRY_FREE)
        printf("scope       free: each operand has its own permutation of tokens\n");
    else
        printf("scope       tied: one permutation of tokens for all operands\n");
}

/* "0 = mon, 1 = tue, ..." where numbers below are not what the file of the task has. */
static void print_names(const char *title, char (*names)[SW_TASK_NAME], int32_t count) {
    enum { COLUMNS = 100 };
    int used = printf("%s", title);
    for (int32_t i = 0; i < count; i++) {
        if (used > COLUMNS) {
            printf(", ...");
            break;
        }
        used += printf("%s%d = ", i > 0 ? ", " : "", i);
        used += sw_text_print_cut(stdout, names[i], SW_TASK_NAME);
    }
    putchar('\n');
}

static void print_all_names(const finding *f) {
    const sw_task *task = f->task;
    const bool same = task->entity_name != NULL && task->class_name != NULL && task->entities == task->classes &&
                      memcmp(task->entity_name, task->class_name, (size_t)task->classes * SW_TASK_NAME) == 0;
    if (task->entity_name != NULL)
        print_names(task->config.kind == SW_TASK_GRAPH ? "nodes       " : "tokens      ", task->entity_name,
                    task->entities);
    if (task->class_name != NULL && !same) print_names("labels      ", task->class_name, task->classes);
}

static void print_digits(const char *digits) {
    const size_t count = strlen(digits);
    if (count <= DIGITS_SHOWN)
        printf("%s", digits);
    else
        printf("%.*s... (%zu digits)", DIGITS_SHOWN - 3, digits, count);
}

static void print_order(const finding *f) {
    printf("order       ");
    print_digits(f->group.acting_order);
    if (strcmp(f->group.acting_order, "1") == 0)
        printf(": the table has no symmetry\n");
    else
        printf(", 10^%.3f\n", sw_discover_log10(f->group.acting_order));
    if (f->group.acting < f->group.count) {
        printf("            ");
        print_digits(f->group.order);
        printf(" with permutations of tokens and classes that no input has\n");
    }
    printf("inputs      %zu in %zu orbit%s\n", f->task->inputs, f->group.orbits, f->group.orbits == 1 ? "" : "s");
}

/* Those that act on the table: the others say nothing. */
static void print_generators(const finding *f) {
    for (size_t i = 0; i < f->group.acting && i < GENERATORS_SHOWN; i++)
        sw_text_printf(stdout, "%s%2zu  %s\n", i == 0 ? "generators  " : "            ", i + 1, f->text[i]);
    if (f->group.acting > GENERATORS_SHOWN)
        printf("            ... %zu more: --json and -o list them\n", f->group.acting - GENERATORS_SHOWN);
}

static void print_derivable(const finding *f) {
    char share[48] = "";
    if (f->config->train_inputs == 0) snprintf(share, sizeof share, "train_fraction %g, ", f->config->train_fraction);
    printf("split       %zu train and %zu test inputs (%sdata_seed %" PRIu32 ")\n", f->train, f->test, share,
           f->config->data_seed);
    if (isnan(f->derivable))
        printf("derivable   no test inputs\n");
    else
        printf("derivable   %.1f %% of the test labels follow from train labels through the group\n",
               100 * f->derivable);
}

/* One line of the families of a verdict, if there are any. */
static void print_families(const finding *f, bool *first, sw_symmetry_verdict verdict, const char *before,
                           const char *after) {
    int said = 0;
    for (int family = 0; family < SW_FAMILY_COUNT; family++) {
        if (f->verdict[family] != verdict || family == SW_FAMILY_LABEL_PAIRS) continue;
        if (said++ == 0)
            printf("%s%s", *first ? "families    " : "            ", before);
        else
            printf(", ");
        printf("%s", sw_family_names[family]);
    }
    if (said > 0) printf("%s\n", after);
    *first = *first && said == 0;
}

static void print_finding(const finding *f) {
    bool first = true;
    print_task(f);
    print_all_names(f);
    print_order(f);
    print_generators(f);
    print_derivable(f);
    print_families(f, &first, SW_SYMMETRY_WITHIN, "in the group: ", "");
    print_families(f, &first, SW_SYMMETRY_UNTIED, "in the group of scope free alone: ", "");
    print_families(f, &first, SW_SYMMETRY_FALSE, "not in it, for labels do not follow: ", "");
    print_families(f, &first, SW_SYMMETRY_OTHER, "not symmetries in this sense: ",
                   "\n            (no permutations of the whole table, but identities that tie some of its inputs)");
}

/* ---- the command ---- */

static sw_status tell(const finding *f, const symmetries_options *options) {
    sw_json *json;
    sw_status status = sw_json_create(&json);
    if (status != SW_OK) return status;
    write_finding(json, f);
    const char *text = sw_json_text(json);
    if (text == NULL) status = SW_E_MEMORY;
    if (status == SW_OK && options->output != NULL) status = save(options->output, text);
    if (options->json) {
        if (f->tasks > 1 && options->run < 0)
            sw_info("this is the task of run %zu; the sweep has %zu tasks, --run N chooses another", f->run, f->tasks);
        return sw_command_print(json, status);
    }
    sw_json_destroy(json);
    if (status == SW_OK) print_finding(f);
    return status;
}

static sw_status load(sw_plan **plan, const char *path, char *const *overrides) {
    sw_diagnostics *diagnostics;
    sw_status status = sw_diagnostics_create(&diagnostics);
    if (status != SW_OK) return status;
    status = sw_plan_load(plan, path, overrides, diagnostics);
    sw_diagnostics_print(diagnostics, path);
    sw_diagnostics_destroy(diagnostics);
    return status;
}

static sw_status symmetries(void *given, char *const *files) {
    const symmetries_options *options = given;
    sw_plan *plan = NULL;
    finding f = {.scope = options->scope, .run = options->run < 0 ? 0 : (size_t)options->run};
    sw_status status = load(&plan, files[0], files + 1);
    if (status == SW_OK && f.run >= plan->count)
        status = sw_fail(SW_E_USAGE, "%s has %zu run%s, from 0: there is no run %zu", files[0], plan->count,
                         plan->count == 1 ? "" : "s", f.run);
    if (status == SW_OK) status = count_tasks(&f.tasks, plan);
    if (status == SW_OK) {
        f.config = &plan->runs[f.run].config;
        status = find(&f, options->seconds);
    }
    if (status == SW_OK) status = tell(&f, options);
    release(&f);
    sw_plan_destroy(plan);
    return status == SW_E_CONFIG ? SW_E_USAGE : status;
}

static bool parse_scope(void *place, const char *value) {
    sw_symmetry_scope *scope = place;
    for (int s = 0; s < SW_SYMMETRY_SCOPES; s++) {
        if (strcmp(value, sw_symmetry_scope_names[s]) != 0) continue;
        *scope = (sw_symmetry_scope)s;
        return true;
    }
    return false;
}

static bool parse_duration(void *place, const char *value) {
    double *seconds = place;
    if (sw_clock_parse_duration(seconds, value) == SW_OK) return *seconds > 0;
    sw_fail_clear();
    return false;
}

static const sw_command command = {
    .name = "symmetries",
    .help = help,
    .expected = "expected one sweep file",
    .options =
        (const sw_command_option[]){
            {"run", .place = offsetof(symmetries_options, run), .parse = sw_command_number, .takes = "a number from 0"},
            {"scope", .place = offsetof(symmetries_options, scope), .parse = parse_scope, .takes = "free or tied"},
            {"time-limit", .place = offsetof(symmetries_options, seconds), .parse = parse_duration,
             .takes = "a time such as 90s, 5m or 1:00:00"},
            {"output", 'o', .place = offsetof(symmetries_options, output), .parse = sw_command_text},
            {"json", .place = offsetof(symmetries_options, json)},
            {0},
        },
    .least = 1,
    .most = 1,
    .overrides = true,
    .run = symmetries,
};

int sw_cli_symmetries(int argc, char **argv) {
    static const double SECONDS = 60;
    return sw_command_run(&command, &(symmetries_options){.run = -1, .seconds = SECONDS}, argc, argv);
}
