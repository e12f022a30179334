/* symsweep bench: speed of the training step on this machine, against the matrix products that no implementation of it
 * can do without, measured in alternation in the same process. */
#include "symsweep/cli.h"

#include "cli/bench_case.h"
#include "symsweep/json.h"
#include "symsweep/log.h"
#include "symsweep/nn.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "usage: symsweep bench [--json] [--only NAME] [--seconds S]\n"
    "\n"
    "Times whole training steps (forward, loss, backward, optimizer; no evaluation) on one thread:\n"
    "  step     median time of a step\n"
    "  GEMMs    the three products with the unembedding that every implementation needs (logits and\n"
    "           both backward ones, rows x width x classes), timed in turn with the steps\n"
    "  ratio    step / GEMMs\n"
    "  rate     floating point operations of the step per second, and as share of the best sgemm rate\n"
    "The rows symmetry-64 ... symmetry-8192 show the cost of a symmetry loss against tuples_per_step.\n";

typedef struct bench_options {
    bool json;
    const char *only; /* NULL = every case */
    double seconds;   /* about so long a case */
} bench_options;

static sw_status parse_options(bench_options *out, int argc, char **argv)
{
    static const struct option options[] = {{"json", no_argument, NULL, 'j'},
                                            {"only", required_argument, NULL, 'o'},
                                            {"seconds", required_argument, NULL, 's'},
                                            {0}};
    *out = (bench_options){.seconds = 1.5};
    optind = 1;
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        char *end = NULL;
        if (option == 'j') out->json = true;
        else if (option == 'o') out->only = optarg;
        else if (option != 's' || !((out->seconds = strtod(optarg, &end)) > 0) || *end)
            return sw_fail(SW_E_USAGE, "unknown option or value; see symsweep bench --help");
    }
    if (optind != argc) return sw_fail(SW_E_USAGE, "bench takes no file; see symsweep bench --help");
    return SW_OK;
}

/* "AMD EPYC ..." as the kernel names it; "unknown" elsewhere. */
static void read_cpu(char out[128])
{
    snprintf(out, 128, "unknown");
    FILE *file = fopen("/proc/cpuinfo", "r");
    char line[256];
    while (file && fgets(line, sizeof line, file)) {
        char *colon = strchr(line, ':');
        if (strncmp(line, "model name", 10) != 0 || !colon) continue;
        snprintf(out, 128, "%.*s", (int)strcspn(colon + 2, "\n"), colon + 2);
        break;
    }
    if (file) fclose(file);
}

static void print_head(const char *cpu, double peak)
{
    printf("%s, %s, core type %s, one thread\n", cpu, sw_blas_version(), sw_blas_core());
    printf("best sgemm rate (1024 x 1024 x 1024): %.1f GFLOP/s\n\n", peak * 1e-9);
    printf("%-28s %10s %10s %10s %7s %11s %6s\n", "case", "steps/s", "step ms", "GEMMs ms", "ratio", "GFLOP/s", "share");
}

static void print_row(const sw_bench_case *c, const sw_bench_result *r, double peak)
{
    printf("%-28s %10.1f %10.3f %10.3f %7.2f %11.1f %5.0f%%\n", c->name, 1 / r->step_seconds, 1e3 * r->step_seconds,
           1e3 * r->gemm_seconds, r->step_seconds / r->gemm_seconds, 1e-9 * r->flops / r->step_seconds,
           100 * r->flops / r->step_seconds / peak);
    fflush(stdout);
}

static void write_row(sw_json *json, const sw_bench_case *c, const sw_bench_result *r, double peak)
{
    sw_json_begin_object(json);
    sw_json_key(json, "name");
    sw_json_string(json, c->name);
    sw_json_key(json, "rows");
    sw_json_integer(json, (int64_t)r->rows);
    sw_json_key(json, "steps_per_second");
    sw_json_number(json, 1 / r->step_seconds);
    sw_json_key(json, "step_seconds");
    sw_json_number(json, r->step_seconds);
    sw_json_key(json, "gemm_seconds");
    sw_json_number(json, r->gemm_seconds);
    sw_json_key(json, "ratio");
    sw_json_number(json, r->step_seconds / r->gemm_seconds);
    sw_json_key(json, "flops");
    sw_json_number(json, r->flops);
    sw_json_key(json, "share_of_peak");
    sw_json_number(json, r->flops / r->step_seconds / peak);
    sw_json_end_object(json);
}

static sw_status run_cases(sw_json *json, const bench_options *options, double peak)
{
    sw_status status = SW_OK;
    size_t matched = 0;
    for (size_t i = 0; i < sw_bench_case_count() && status == SW_OK; i++) {
        const sw_bench_case *c = sw_bench_case_get(i);
        if (options->only && strcmp(options->only, c->name) != 0) continue;
        matched++;
        sw_bench_result result;
        status = sw_bench_measure(&result, c, options->seconds);
        if (status != SW_OK) return sw_fail_in(status, "%s", c->name);
        if (json) write_row(json, c, &result, peak);
        else print_row(c, &result, peak);
    }
    if (matched == 0) return sw_fail(SW_E_USAGE, "there is no case '%s'", options->only);
    return status;
}

static sw_status run(const bench_options *options)
{
    char cpu[128];
    read_cpu(cpu);
    sw_blas_set_one_thread();
    double peak = 0;
    sw_status status = sw_bench_peak(&peak);
    if (status != SW_OK) return status;
    if (!options->json) {
        print_head(cpu, peak);
        return run_cases(NULL, options, peak);
    }
    sw_json *json = NULL;
    status = sw_json_create(&json);
    if (status != SW_OK) return status;
    sw_json_begin_object(json);
    sw_json_key(json, "cpu");
    sw_json_string(json, cpu);
    sw_json_key(json, "blas");
    sw_json_string(json, sw_blas_version());
    sw_json_key(json, "blas_core");
    sw_json_string(json, sw_blas_core());
    sw_json_key(json, "peak_flops");
    sw_json_number(json, peak);
    sw_json_key(json, "cases");
    sw_json_begin_array(json);
    status = run_cases(json, options, peak);
    sw_json_end_array(json);
    sw_json_end_object(json);
    const char *text = sw_json_text(json);
    if (status == SW_OK && !text) status = SW_E_MEMORY;
    if (status == SW_OK) puts(text);
    sw_json_destroy(json);
    return status;
}

int sw_cli_bench(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            fputs(help, stdout);
            return SW_EXIT_OK;
        }
    }
    bench_options options;
    sw_status status = parse_options(&options, argc, argv);
    if (status == SW_OK) status = run(&options);
    if (status == SW_OK) return SW_EXIT_OK;
    sw_error("%s", sw_message());
    return SW_EXIT_USAGE;
}
