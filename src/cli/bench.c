/* symsweep bench: speed of the training step on this machine, against the matrix products that no implementation of
 * it can do without, measured in alternation in the same process. */
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
    "Times whole training steps (forward, loss, backward, optimizer; no evaluation) on one thread,\n"
    "in processor time, in turn with the three products that no implementation can do without:\n"
    "logits = H W and the two of its gradient (batch x width x classes). Medians of five rounds.\n"
    "  step      a training step, milliseconds\n"
    "  OpenBLAS  the three products by OpenBLAS, whole matrices; likewise by our kernels\n"
    "  ratio     step / products by OpenBLAS\n"
    "  outside   share of the step outside the products, were they to run as by our kernels alone\n"
    "  price     step / step of the canonical run, timed in turn\n"
    "The rows canonical-associativity... show the cost of a symmetry loss against tuples_per_step.\n";

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
        if (option == 'j')
            out->json = true;
        else if (option == 'o')
            out->only = optarg;
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

/* Rates of the 1024 x 1024 x 1024 product, operations per second. */
typedef struct bench_peak {
    double library, kernels;
} bench_peak;

static void print_head(const char *cpu, const bench_peak *peak)
{
    printf("%s, one thread\n", cpu);
    printf("%s\n", sw_blas_version());
    printf("sgemm at 1024 x 1024 x 1024: OpenBLAS (%s) %.1f, our kernels (%s) %.1f GFLOP/s\n\n", sw_blas_core(),
           peak->library * 1e-9, sw_bench_isa(), peak->kernels * 1e-9);
    printf("%-28s %6s %9s %9s %9s %9s %6s %8s %6s\n", "case", "batch", "steps/s", "step", "OpenBLAS", "kernels",
           "ratio", "outside", "price");
}

static double outside(const sw_bench_result *r) { return 1 - r->kernel_seconds / r->step_seconds; }

static void print_row(const sw_bench_case *c, const sw_bench_result *r)
{
    printf("%-28s %6zu %9.1f %9.3f %9.3f %9.3f %6.2f %7.0f%%", c->name, r->batch, 1 / r->step_seconds,
           1e3 * r->step_seconds, 1e3 * r->library_seconds, 1e3 * r->kernel_seconds, r->ratio, 100 * outside(r));
    if (c->against_canonical)
        printf(" %6.2f\n", r->price);
    else
        printf(" %6s\n", "-");
    fflush(stdout);
}

static void write_number(sw_json *json, const char *key, double value)
{
    sw_json_key(json, key);
    sw_json_number(json, value);
}

static void write_row(sw_json *json, const sw_bench_case *c, const sw_bench_result *r)
{
    double flops = 6.0 * (double)r->batch * (double)r->width * (double)r->classes;
    sw_json_begin_object(json);
    sw_json_key(json, "name");
    sw_json_string(json, c->name);
    sw_json_key(json, "batch");
    sw_json_integer(json, (int64_t)r->batch);
    sw_json_key(json, "width");
    sw_json_integer(json, (int64_t)r->width);
    sw_json_key(json, "classes");
    sw_json_integer(json, (int64_t)r->classes);
    write_number(json, "steps_per_second", 1 / r->step_seconds);
    write_number(json, "step_seconds", r->step_seconds);
    write_number(json, "library_seconds", r->library_seconds);
    write_number(json, "kernel_seconds", r->kernel_seconds);
    write_number(json, "library_flops", flops / r->library_seconds);
    write_number(json, "kernel_flops", flops / r->kernel_seconds);
    write_number(json, "ratio", r->ratio);
    write_number(json, "outside", outside(r));
    write_number(json, "price", r->price);
    sw_json_end_object(json);
}

static sw_status run_cases(sw_json *json, const bench_options *options)
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
        if (json)
            write_row(json, c, &result);
        else
            print_row(c, &result);
    }
    if (matched == 0) return sw_fail(SW_E_USAGE, "there is no case '%s'", options->only);
    return status;
}

static sw_status run(const bench_options *options)
{
    char cpu[128];
    read_cpu(cpu);
    sw_blas_set_one_thread();
    bench_peak peak = {0, 0};
    sw_status status = sw_bench_peak(&peak.library, &peak.kernels);
    if (status != SW_OK) return status;
    if (!options->json) {
        print_head(cpu, &peak);
        return run_cases(NULL, options);
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
    sw_json_key(json, "isa");
    sw_json_string(json, sw_bench_isa());
    write_number(json, "library_peak_flops", peak.library);
    write_number(json, "kernel_peak_flops", peak.kernels);
    sw_json_key(json, "cases");
    sw_json_begin_array(json);
    status = run_cases(json, options);
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
    sw_error("%s", sw_fail_message());
    return SW_EXIT_USAGE;
}
