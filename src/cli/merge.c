/* merge.c: symsweep merge: shards, or later additions, of one sweep joined by run id. */
#include "cli/command.h"

#include "symsweep/cli.h"
#include "symsweep/plan.h"
#include "symsweep/store.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "usage: symsweep merge -o all.h5 a.h5 b.h5 ...\n"
    "\n"
    "Joins results files of one sweep (shards, or the same sweep trained in parts) by run id. Where a run is in "
    "several\n"
    "files its finished row is taken, the first one where several are finished. Rows stand in the order of the sweep\n"
    "that was written into one of the files last; runs that are no longer in it follow, as former ones.\n"
    "\n"
    "  -o, --output F   the file of all; one that is there, of the same sweep, joins in: what it holds is kept\n"
    "  -h, --help       this text\n"
    "\n"
    "Exit codes: 0, 2 wrong usage, 3 a file cannot be read or written, or a writer holds one.\n";

/* A sweep that names files which are not here makes no plan: then rows stand in the order of the files. */
static sw_status plan_ids(char ***ids, size_t *count, const char *sweep_text) {
    sw_diagnostics *diagnostics = NULL;
    sw_sweep *sweep = NULL;
    sw_plan *plan = NULL;
    *ids = NULL;
    *count = 0;
    sw_status status = sw_diagnostics_create(&diagnostics);
    if (status == SW_OK && sw_sweep_parse(&sweep, sweep_text, strlen(sweep_text), "sweep.json", diagnostics) == SW_OK &&
        sw_plan_create(&plan, sweep, diagnostics) == SW_OK) {
        *ids = calloc(plan->count + 1, sizeof **ids);
        if (!*ids) status = sw_fail(SW_E_MEMORY, "a plan of %zu runs", plan->count);
        for (size_t k = 0; k < plan->count && status == SW_OK; k++) {
            (*ids)[k] = strdup(plan->runs[k].id);
            if ((*ids)[k])
                *count = k + 1;
            else
                status = sw_fail(SW_E_MEMORY, "a plan of %zu runs", plan->count);
        }
    }
    sw_plan_destroy(plan);
    sw_sweep_destroy(sweep);
    sw_diagnostics_destroy(diagnostics);
    return status;
}

typedef struct merge_options {
    const char *output;
} merge_options;

static sw_status merge(void *options, char *const *files) {
    size_t count = 0;
    while (files[count]) count++;
    return sw_store_merge(((const merge_options *)options)->output, (const char *const *)files, count,
                          &(sw_store_knowledge){sw_config_axis_value, plan_ids});
}

static const sw_command command = {
    .name = "merge",
    .help = help,
    .expected = "expected -o and the results files to join",
    .options =
        (const sw_command_option[]){
            {"output", 'o', .place = offsetof(merge_options, output), .parse = sw_command_text, .required = true}, {0}},
    .least = 1,
    .most = INT_MAX,
    .run = merge,
};

int sw_cli_merge(int argc, char **argv) { return sw_command_run(&command, &(merge_options){0}, argc, argv); }
