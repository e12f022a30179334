/* simulate_command.c: symsweep simulate: how many ranks is a sweep worth? */
#include "symsweep/clock.h"
#include "symsweep/farm.h"
#include "symsweep/json.h"
#include "symsweep/log.h"
#include "symsweep/measure.h"
#include "symsweep/plan.h"
#include "symsweep/sharing.h"
#include "symsweep/simulate.h"
#include "symsweep/store.h"
#include "symsweep/text.h"
#include "symsweep/train.h"

#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "usage: symsweep simulate [options] sweep.json [KEY=VALUE ...]\n"
    "\n"
    "How long the sweep takes on different numbers of workers, by simulating the job with its real scheduler. What "
    "runs\n"
    "take is measured on this machine in a moment, or taken from the runs of a results file, early stops included.\n"
    "\n"
    "  --workers N,N,... numbers of workers (default: 1, 4, 16, ... as far as the runs go)\n"
    "  --from FILE       a results file with runs of this sweep: their times; other runs in proportion\n"
    "  --cores N         cores that the workers share (default: one each)\n"
    "  --repeat N        the plan N times over: a sweep with as many more seeds\n"
    "  --mean SECONDS    times scaled to this mean\n"
    "  --json            as JSON\n"
    "  -h, --help        this text\n"
    "\n"
    "Exit codes: 0, 2 wrong usage or a sweep that is not valid, 3 a results file that cannot be read.\n";

enum { NUMBERS_MOST = 32, WORKERS_MOST = 1 << 20, RUN_MESSAGES = 5 /* begin, start, facts, snapshot, finish */ };
static const double MEASURE_SECONDS = 1, PULSE_SECONDS = 1; /* the latter as trainer.c */

typedef struct simulate_options {
    const char *sweep, *from;
    char *const *overrides;
    size_t workers[NUMBERS_MOST], count, cores, repeat;
    double mean;
    bool json, help;
} simulate_options;

/* What is simulated: the plan's runs, `repeat` times over. */
typedef struct scenario {
    sw_plan *plan;
    size_t runs, measured;
    size_t *order;
    double *seconds, *expected, *messages, *shared;
    int64_t *with; /* [runs] the run that takes its beginning too, -1 = none */
} scenario;

/* ---- options ---- */

static bool parse_count(size_t *out, const char **text, size_t most) {
    char *end;
    errno = 0;
    unsigned long long value = strtoull(*text, &end, 10);
    if (end == *text || errno != 0 || **text == '-' || value < 1 || value > most) return false;
    *out = (size_t)value;
    *text = end;
    return true;
}

static sw_status parse_workers(simulate_options *out, const char *text) {
    const char *at = text;
    out->count = 0;
    while (out->count < NUMBERS_MOST && parse_count(&out->workers[out->count], &at, WORKERS_MOST)) {
        out->count++;
        if (*at == '\0') return SW_OK;
        if (*at++ != ',') break;
    }
    return sw_fail(SW_E_USAGE, "--workers takes numbers like 64,256,1024, not '%s'", text);
}

static sw_status parse_one(size_t *out, const char *text, const char *option) {
    const char *at = text;
    if (parse_count(out, &at, SW_RUNS_MAX) && *at == '\0') return SW_OK;
    return sw_fail(SW_E_USAGE, "%s takes a number from 1, not '%s'", option, text);
}

static sw_status parse_options(simulate_options *out, int argc, char **argv) {
    static const struct option options[] = {
        {"workers", required_argument, NULL, 'w'}, {"from", required_argument, NULL, 'f'},
        {"cores", required_argument, NULL, 'c'},   {"repeat", required_argument, NULL, 'r'},
        {"mean", required_argument, NULL, 'm'},    {"json", no_argument, NULL, 'j'},
        {"help", no_argument, NULL, 'h'},          {NULL, 0, NULL, 0}};
    *out = (simulate_options){.repeat = 1};
    optind = 1;
    opterr = 0;
    for (int option; (option = getopt_long(argc, argv, "h", options, NULL)) != -1;) {
        sw_status status = SW_OK;
        switch (option) {
        case 'w': status = parse_workers(out, optarg); break;
        case 'f': out->from = optarg; break;
        case 'c': status = parse_one(&out->cores, optarg, "--cores"); break;
        case 'r': status = parse_one(&out->repeat, optarg, "--repeat"); break;
        case 'm':
            out->mean = strtod(optarg, NULL);
            if (!(out->mean > 0 && out->mean < 1e9))
                status = sw_fail(SW_E_USAGE, "--mean takes seconds, not '%s'", optarg);
            break;
        case 'j': out->json = true; break;
        case 'h': out->help = true; return SW_OK;
        default: status = sw_fail(SW_E_USAGE, "unknown option, or its value is missing; see symsweep simulate --help");
        }
        if (status != SW_OK) return status;
    }
    if (sw_overrides_sort(argv + optind) != 1)
        return sw_fail(SW_E_USAGE, "expected one sweep file; see symsweep simulate --help");
    out->sweep = argv[optind];
    out->overrides = argv + optind + 1;
    return SW_OK;
}

/* ---- what runs take ---- */

static void release(scenario *self) {
    free(self->order);
    free(self->seconds);
    free(self->expected);
    free(self->messages);
    free(self->shared);
    free(self->with);
    sw_plan_destroy(self->plan);
}

static sw_status load_plan(scenario *self, const simulate_options *options) {
    sw_diagnostics *diagnostics = NULL;
    sw_status status = sw_diagnostics_create(&diagnostics);
    if (status == SW_OK) status = sw_plan_load(&self->plan, options->sweep, options->overrides, diagnostics);
    sw_diagnostics_print(diagnostics, options->sweep);
    sw_diagnostics_destroy(diagnostics);
    if (status != SW_OK) return status;
    if (self->plan->count > SW_RUNS_MAX / options->repeat)
        return sw_fail(SW_E_USAGE, "%zu times %zu runs are too many", options->repeat, self->plan->count);
    self->runs = self->plan->count * options->repeat;
    self->order = calloc(self->runs + 1, sizeof *self->order);
    self->seconds = calloc(self->runs + 1, sizeof *self->seconds);
    self->expected = calloc(self->runs + 1, sizeof *self->expected);
    self->messages = calloc(self->runs + 1, sizeof *self->messages);
    self->shared = calloc(self->runs + 1, sizeof *self->shared);
    self->with = calloc(self->runs + 1, sizeof *self->with);
    if (self->order && self->seconds && self->expected && self->messages && self->shared && self->with) return SW_OK;
    return sw_fail(SW_E_MEMORY, "no memory to simulate %zu runs", self->runs);
}

/* Times of the file's finished runs into seconds[k]; runs that it lacks stay NaN. */
static sw_status read_times(scenario *self, double *seconds, double *evaluations, const char *path) {
    sw_results *results = NULL;
    sw_status status = sw_results_open(&results, path);
    if (status != SW_OK) return status;
    for (size_t k = 0; k < self->plan->count; k++) seconds[k] = NAN;
    for (size_t r = 0; r < sw_results_count(results); r++) {
        const sw_result_row *row = sw_results_row(results, r);
        if ((row->state != SW_RUN_DONE && row->state != SW_RUN_DIVERGED) || !(row->wall_seconds > 0)) continue;
        for (size_t k = 0; k < self->plan->count; k++) {
            if (strcmp(row->id, self->plan->runs[k].id) != 0) continue;
            seconds[k] = row->wall_seconds;
            evaluations[k] = (double)row->written;
            self->measured++;
            break;
        }
    }
    sw_results_close(results);
    if (self->measured > 0) return SW_OK;
    return sw_fail(SW_E_USAGE, "%s: holds no finished run of this sweep", path);
}

/* Runs without a time of their own get the plan's, in the proportion of those that have one. */
static void fill_in(scenario *self, double *seconds) {
    double known = 0, planned = 0;
    for (size_t k = 0; k < self->plan->count; k++) {
        if (isnan(seconds[k])) continue;
        known += seconds[k];
        planned += self->plan->runs[k].seconds;
    }
    double scale = planned > 0 ? known / planned : 1;
    for (size_t k = 0; k < self->plan->count; k++) {
        self->plan->runs[k].seconds *= scale;
        if (isnan(seconds[k])) seconds[k] = self->plan->runs[k].seconds;
    }
}

/* Of this machine, when the largest number of workers trains on it; one that trains on others meets the same there. */
static size_t busy_cores(const simulate_options *options) {
    size_t busy = sw_load_cores(), workers = 0;
    for (size_t i = 0; i < options->count; i++) workers = options->workers[i] > workers ? options->workers[i] : workers;
    if (workers > 0 && workers < busy) busy = workers;
    return options->cores > 0 && options->cores < busy ? options->cores : busy;
}

static sw_status find_times(scenario *self, const simulate_options *options) {
    size_t count = self->plan->count;
    double sum = 0, *seconds = self->seconds, *messages = self->messages;
    for (size_t k = 0; k < count; k++) messages[k] = (double)sw_schedule_evaluations(&self->plan->runs[k].config);
    sw_plan_speed speed;
    sw_status status = SW_OK;
    if (options->from != NULL) {
        status = read_times(self, seconds, messages, options->from);
        if (status == SW_OK) fill_in(self, seconds);
    } else {
        status = sw_plan_calibrate(&speed, self->plan, sw_pace_measure, MEASURE_SECONDS, busy_cores(options));
        for (size_t k = 0; k < count && status == SW_OK; k++) seconds[k] = self->plan->runs[k].seconds;
    }
    if (status != SW_OK) return status;
    for (size_t k = 0; k < count; k++) sum += seconds[k];
    double scale = options->mean > 0 && sum > 0 ? options->mean * (double)count / sum : 1;
    for (size_t k = 0; k < count; k++) {
        seconds[k] *= scale;
        messages[k] += RUN_MESSAGES + seconds[k] / PULSE_SECONDS;
        self->expected[k] = self->plan->runs[k].seconds * scale;
    }
    for (size_t i = 0; i < self->runs; i++) { /* run k of copy c is number c * count + k */
        size_t k = i % count;
        seconds[i] = seconds[k];
        messages[i] = messages[k];
        self->expected[i] = self->expected[k];
        self->order[i] = self->plan->order[i / options->repeat] + i % options->repeat * count; /* copies side by side */
    }
    return SW_OK;
}

/* Beginnings that runs of a copy have in common. */
static sw_status find_shared(scenario *self, const simulate_options *options) {
    const size_t count = self->plan->count;
    sw_sharing_run *shared = calloc(count + 1, sizeof *shared);
    sw_status status = shared != NULL ? SW_OK : sw_fail(SW_E_MEMORY, "no memory to simulate %zu runs", self->runs);
    if (status == SW_OK) status = sw_sharing_find(shared, self->plan, NULL);
    for (size_t i = 0; i < count * options->repeat && status == SW_OK; i++) {
        const sw_sharing_run *run = &shared[i % count];
        self->with[i] = run->with < 0 ? -1 : run->with + (int64_t)(i - i % count);
        if (run->with >= 0)
            self->shared[i] =
                self->seconds[self->with[i]] * (double)run->steps / (double)self->plan->runs[run->with].config.steps;
        if (self->shared[i] > self->seconds[i]) self->shared[i] = self->seconds[i];
    }
    free(shared);
    return status;
}

/* ---- simulations ---- */

static void choose_numbers(simulate_options *options, size_t runs) {
    if (options->count > 0) return;
    for (size_t workers = 1; workers < runs && options->count + 1 < NUMBERS_MOST; workers *= 4)
        options->workers[options->count++] = workers;
    options->workers[options->count++] = runs;
}

static void write_row(sw_json *json, size_t workers, const sw_simulation *got, double balance) {
    sw_json_begin_object(json);
    sw_json_member_integer(json, "workers", (int64_t)workers);
    sw_json_member_number(json, "makespan_seconds", got->makespan);
    sw_json_member_number(json, "efficiency", got->efficiency);
    sw_json_member_number(json, "balance", balance);
    sw_json_member_number(json, "waited_seconds", got->waited);
    sw_json_member_number(json, "master_share_of_a_core", got->master_share);
    sw_json_member_number(json, "messages_per_second", got->messages_per_second);
    sw_json_end_object(json);
}

static void print_row(size_t workers, const sw_simulation *got, double balance) {
    char span[32];
    sw_clock_format(span, got->makespan);
    printf("%8zu  %8zu  %10s  %8.1f %%  %8.1f %%  %6.1f %%  %10.0f\n", workers, workers + 1, span,
           100 * got->efficiency, 100 * balance, 100 * got->master_share, got->messages_per_second);
}

static void print_head(const scenario *self, const simulate_options *options) {
    double work = 0;
    for (size_t i = 0; i < self->runs; i++) work += self->seconds[i];
    printf("%zu runs, %.3g core-hours, %.3g s a run on the average; ", self->runs, work / 3600,
           work / (double)self->runs);
    if (options->from != NULL)
        sw_text_printf(stdout, "times of %zu runs from %s\n", self->measured, options->from);
    else
        printf("times measured on this machine, early stops not foreseen\n");
    puts("\n workers     ranks    makespan  efficiency    balance    master  messages/s");
}

/* Efficiency that the lengths of the runs alone allow: nothing costs anything but training. */
static sw_status find_balance(double *out, sw_simulation_settings settings) {
    sw_simulation ideal;
    settings.costs = (sw_simulation_costs){0};
    sw_status status = sw_simulate_job(&ideal, &settings);
    *out = ideal.efficiency;
    return status;
}

static sw_status simulate_all(sw_json *json, const scenario *self, const simulate_options *options) {
    sw_simulation_settings settings = {.runs = self->runs,
                                       .order = self->order,
                                       .seconds = self->seconds,
                                       .expected = self->expected,
                                       .messages = self->messages,
                                       .with = self->with,
                                       .shared = self->shared,
                                       .cores = options->cores};
    sw_simulate_default_costs(&settings.costs);
    sw_status status = SW_OK;
    for (size_t i = 0; i < options->count && status == SW_OK; i++) {
        sw_simulation got;
        double balance;
        settings.workers = options->workers[i];
        status = sw_simulate_job(&got, &settings);
        if (status == SW_OK) status = find_balance(&balance, settings);
        if (status != SW_OK) return status;
        if (json != NULL)
            write_row(json, settings.workers, &got, balance);
        else
            print_row(settings.workers, &got, balance);
    }
    return status;
}

static sw_status print_all(const scenario *self, const simulate_options *options) {
    if (!options->json) {
        print_head(self, options);
        return simulate_all(NULL, self, options);
    }
    sw_json *json = NULL;
    sw_status status = sw_json_create(&json);
    if (status != SW_OK) return status;
    sw_json_begin_array(json);
    status = simulate_all(json, self, options);
    sw_json_end_array(json);
    const char *text = sw_json_text(json);
    if (status == SW_OK && text == NULL) status = SW_E_MEMORY;
    if (status == SW_OK) puts(text);
    sw_json_destroy(json);
    return status;
}

int sw_farm_simulate(int argc, char **argv) {
    simulate_options options;
    scenario self = {0};
    sw_status status = parse_options(&options, argc, argv);
    if (status == SW_OK && options.help) {
        fputs(help, stdout);
        return SW_EXIT_OK;
    }
    if (status == SW_OK) status = load_plan(&self, &options);
    if (status == SW_OK) status = find_times(&self, &options);
    if (status == SW_OK) status = find_shared(&self, &options);
    if (status == SW_OK) {
        choose_numbers(&options, self.runs);
        status = print_all(&self, &options);
    }
    release(&self);
    if (status == SW_OK) return SW_EXIT_OK;
    sw_error("%s", sw_fail_message());
    return status == SW_E_STORE || status == SW_E_IO || status == SW_E_BUSY ? SW_EXIT_STORE : SW_EXIT_USAGE;
}
