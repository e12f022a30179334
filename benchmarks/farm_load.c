/* farm_load.c: load generator: the real master, scheduler and results file, and many invented workers that train
 * nothing.
 *
 * Each worker takes runs as a trainer does, holds a queue, and reports begin, facts, evaluations and finish when they
 * would come if a run took --seconds. Nothing is sent over MPI: what is measured is what one master can bear, and how
 * long workers wait for their next run. */
#include "farm/master.h"
#include "farm/prepare.h"
#include "farm/wire.h"
#include "symsweep/clock.h"
#include "symsweep/json.h"

#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* As rank 0 sleeps (src/farm/serve.c). */
static const double SHORTEST_SLEEP = 0.0005, LONGEST_SLEEP = 0.02, SLEEP_GROWTH = 1.5;

typedef struct load_options {
    size_t workers, runs;
    double seconds;      /* of a run */
    int64_t evaluations; /* of a run */
    const char *folder;
    bool json;
} load_options;

enum { QUEUE = 256 }; /* SW_SCHEDULER_QUEUE */

/* One invented worker; its next event is `due`. */
typedef struct worker {
    int32_t queue[QUEUE];
    size_t length;
    bool running;
    int64_t evaluation; /* the next to report */
    double began, due;  /* due INFINITY: waits for a run */
    double idle_since;  /* on the worker's own clock; NaN = it trains */
} worker;

typedef struct generator {
    const load_options *load;
    sw_prepared prepared;
    sw_master *master;
    worker *workers;
    sw_wire_buffer buffer;
    sw_record record;
    sw_run_facts facts;
    double waited; /* worker seconds without a run, between the first and the last */
    size_t messages;
} generator;

static sw_status fail_usage(void) {
    return sw_fail(SW_E_USAGE, "usage: farm_load [--workers N] [--runs N] [--seconds S] [--evaluations N] "
                               "[--folder DIR] [--json]");
}

static sw_status parse(load_options *out, int argc, char **argv) {
    static const struct option options[] = {{"workers", required_argument, NULL, 'w'},
                                            {"runs", required_argument, NULL, 'r'},
                                            {"seconds", required_argument, NULL, 's'},
                                            {"evaluations", required_argument, NULL, 'e'},
                                            {"folder", required_argument, NULL, 'f'},
                                            {"json", no_argument, NULL, 'j'},
                                            {NULL, 0, NULL, 0}};
    *out = (load_options){.workers = 1000, .runs = 4000, .seconds = 10, .evaluations = 20, .folder = "/tmp"};
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        switch (option) {
        case 'w': out->workers = strtoul(optarg, NULL, 10); break;
        case 'r': out->runs = strtoul(optarg, NULL, 10); break;
        case 's': out->seconds = strtod(optarg, NULL); break;
        case 'e': out->evaluations = strtol(optarg, NULL, 10); break;
        case 'f': out->folder = optarg; break;
        case 'j': out->json = true; break;
        default: return fail_usage();
        }
    }
    bool sane = out->workers >= 1 && out->runs >= 1 && out->seconds > 0 && out->evaluations >= 2;
    return sane && optind == argc ? SW_OK : fail_usage();
}

/* ---- the worker's side ---- */

static void start_next(worker *w, double at) {
    w->running = true;
    w->evaluation = -1; /* begin comes first */
    w->began = w->due = at;
}

static sw_status deliver(void *context, size_t index, const void *frame, size_t size) {
    generator *g = context;
    worker *w = &g->workers[index];
    sw_wire_message message;
    sw_status status = sw_wire_decode(&message, frame, size);
    if (status != SW_OK || message.tag != SW_WIRE_ASSIGN) return status;
    w->queue[w->length++] = message.run;
    if (w->length > 1) return SW_OK;
    double now = sw_clock_now();
    if (!isnan(w->idle_since)) g->waited += now - w->idle_since;
    w->idle_since = NAN;
    start_next(w, now);
    return SW_OK;
}

static sw_status say(generator *g, size_t index, sw_wire_tag tag, const void *payload, size_t size) {
    sw_status status = sw_wire_encode(&g->buffer, tag, g->workers[index].queue[0], payload, size);
    g->messages++;
    return status == SW_OK ? sw_master_receive(g->master, index, g->buffer.data, g->buffer.size) : status;
}

static sw_status begin(generator *g, size_t index) {
    const sw_wire_begin hello = {.pid = 1, .host = "load"};
    const sw_wire_start start = {0};
    sw_status status = say(g, index, SW_WIRE_BEGIN, &hello, sizeof hello);
    if (status == SW_OK) status = say(g, index, SW_WIRE_START, &start, sizeof start);
    return status == SW_OK ? say(g, index, SW_WIRE_FACTS, &g->facts, sizeof g->facts) : status;
}

static sw_status end(generator *g, size_t index, double at) {
    worker *w = &g->workers[index];
    sw_wire_finish finish;
    memset(&finish, 0, sizeof finish);
    finish.outcome = SW_OUTCOME_RESULT;
    finish.result.state = SW_RUN_DONE;
    finish.result.records = (int32_t)g->load->evaluations;
    finish.result.steps = g->load->evaluations - 1;
    finish.result.wall_seconds = g->load->seconds;
    sw_status status = say(g, index, SW_WIRE_FINISH, &finish, sizeof finish);
    memmove(w->queue, w->queue + 1, --w->length * sizeof w->queue[0]);
    w->running = false;
    w->due = INFINITY;
    if (w->length > 0)
        start_next(w, at);
    else
        w->idle_since = at;
    return status;
}

/* What the worker does at w->due: begins, reports an evaluation, ends. */
static sw_status act(generator *g, size_t index) {
    worker *w = &g->workers[index];
    double at = w->due, pause = g->load->seconds / (double)(g->load->evaluations - 1);
    if (w->evaluation < 0) {
        w->evaluation = 0;
        return begin(g, index);
    }
    g->record.evaluation = (int32_t)w->evaluation;
    g->record.step = w->evaluation;
    const sw_wire_pulse pulse = {.step = w->evaluation, .seconds = at - w->began, .gap = pause};
    sw_status status = say(g, index, SW_WIRE_RECORD, &g->record, sizeof g->record);
    if (status == SW_OK && pause > 0.1) status = say(g, index, SW_WIRE_PULSE, &pulse, sizeof pulse);
    w->evaluation++;
    w->due = w->began + pause * (double)w->evaluation;
    return status == SW_OK && w->evaluation == g->load->evaluations ? end(g, index, at) : status;
}

/* ---- the loop ---- */

static sw_status serve(generator *g) {
    double sleep = SHORTEST_SLEEP;
    for (;;) {
        double now = sw_clock_now();
        bool any = false;
        sw_status status = SW_OK;
        for (size_t w = 0; w < g->load->workers && status == SW_OK; w++) {
            while (g->workers[w].due <= now && status == SW_OK) {
                any = true;
                status = act(g, w);
            }
        }
        if (status == SW_OK) status = sw_master_tick(g->master);
        if (status != SW_OK || sw_master_over(g->master)) return status;
        sleep = any ? SHORTEST_SLEEP : fmin(LONGEST_SLEEP, sleep * SLEEP_GROWTH);
        sw_clock_sleep(sleep);
    }
}

static sw_status write_sweep(const char *path, const load_options *load) {
    FILE *file = fopen(path, "w");
    if (file == NULL) return sw_fail(SW_E_IO, "%s: cannot be written", path);
    fprintf(file,
            "{\"name\": \"load\", \"output\": \"load.h5\", \"run\": {\"task\": {\"kind\": \"modular\", \"p\": 5}, "
            "\"steps\": %lld, \"evaluate\": {\"every\": 1, \"snapshots\": 0}, \"checkpoint\": {\"every_seconds\": 0}}, "
            "\"grid\": {\"seed\": {\"range\": [0, %zu]}}}",
            (long long)load->evaluations - 1, load->runs);
    return fclose(file) == 0 ? SW_OK : sw_fail(SW_E_IO, "%s: cannot be written", path);
}

static double cpu_seconds(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           1e-6 * (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

/* Of this program alone: ru_maxrss counts what the caller had before it became this program. NAN: not known. */
static double peak_memory_megabytes(void) {
    char line[256];
    long kilobytes = -1;
    FILE *file = fopen("/proc/self/status", "r");
    if (!file) return NAN;
    while (kilobytes < 0 && fgets(line, sizeof line, file))
        if (sscanf(line, "VmHWM: %ld kB", &kilobytes) != 1) kilobytes = -1;
    fclose(file);
    return kilobytes < 0 ? NAN : (double)kilobytes * 1024 / 1e6;
}

static sw_status report(const generator *g, double wall, double cpu) {
    const load_options *load = g->load;
    double runs = (double)load->runs, records = runs * (double)load->evaluations;
    double rounds = ceil(runs / (double)load->workers), ideal = rounds * load->seconds;
    double busy = runs * load->seconds;
    const struct {
        const char *name;
        double value;
    } rows[] = {{"workers", (double)load->workers},
                {"runs", runs},
                {"seconds_per_run", load->seconds},
                {"evaluations_per_run", (double)load->evaluations},
                {"wall_seconds", wall},
                {"ideal_seconds", ideal},
                {"over_ideal", wall / ideal - 1},
                {"wait_share", g->waited / (g->waited + busy)},
                {"wait_milliseconds_per_run", 1e3 * g->waited / runs},
                {"master_cpu_seconds", cpu},
                {"master_share_of_a_core", cpu / wall},
                {"master_microseconds_per_record", 1e6 * cpu / records},
                {"messages_per_second", (double)g->messages / wall},
                {"peak_memory_megabytes", peak_memory_megabytes()}};
    sw_json *json = NULL;
    sw_status status = sw_json_create(&json);
    if (status != SW_OK) return status;
    sw_json_begin_object(json);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        sw_json_member_number(json, rows[i].name, rows[i].value);
        if (!load->json) printf("%-32s %12.6g\n", rows[i].name, rows[i].value);
    }
    sw_json_end_object(json);
    if (load->json) puts(sw_json_text(json));
    sw_json_destroy(json);
    return SW_OK;
}

static sw_status measure(generator *g, const char *sweep) {
    const sw_job_options options = {.sweep = sweep, .time_limit = INFINITY};
    sw_status status = sw_prepare_job(&g->prepared, &options, sw_clock_now());
    if (status != SW_OK) return status;
    const sw_master_settings settings = {.plan = g->prepared.plan,
                                         .store = g->prepared.store,
                                         .checkpoints = g->prepared.checkpoints,
                                         .workers = g->load->workers,
                                         .first_rank = 1,
                                         .deadline = INFINITY,
                                         .storage_patience = 60,
                                         .silence = 300,
                                         .port = {.context = g, .send = deliver}};
    status = sw_master_create(&g->master, &settings);
    if (status != SW_OK) return status;
    double cpu = cpu_seconds(), begun = sw_clock_now();
    status = serve(g);
    double wall = sw_clock_now() - begun;
    cpu = cpu_seconds() - cpu;
    return status == SW_OK ? report(g, wall, cpu) : status;
}

static sw_status run(const load_options *load) {
    char folder[512], sweep[600], results[600];
    snprintf(folder, sizeof folder, "%s/farm-load-XXXXXX", load->folder);
    if (mkdtemp(folder) == NULL) return sw_fail(SW_E_IO, "%s: no folder can be made there", load->folder);
    snprintf(sweep, sizeof sweep, "%s/load.json", folder);
    snprintf(results, sizeof results, "%s/load.h5", folder);
    generator g = {.load = load, .workers = calloc(load->workers, sizeof *g.workers)};
    for (int f = 0; f < SW_FAMILY_COUNT; f++) g.facts.leak[f] = 0.5f;
    for (int v = 0; v < SW_VALUE_COUNT; v++) g.record.value[v] = v < SW_METRIC_COUNT ? 0.25f : NAN; /* no arrays */
    sw_status status = g.workers != NULL ? write_sweep(sweep, load) : sw_fail(SW_E_MEMORY, "no memory");
    for (size_t w = 0; status == SW_OK && w < load->workers; w++) {
        g.workers[w].due = INFINITY;
        g.workers[w].idle_since = NAN; /* the first hand-out is not waiting */
    }
    if (status == SW_OK) status = measure(&g, sweep);
    sw_master_destroy(g.master);
    sw_status released = sw_prepare_release(&g.prepared, SW_END_STOPPED);
    sw_wire_buffer_release(&g.buffer);
    free(g.workers);
    unlink(results);
    unlink(sweep);
    rmdir(folder);
    return status == SW_OK ? released : status;
}

int main(int argc, char **argv) {
    load_options load;
    sw_status status = parse(&load, argc, argv);
    if (status == SW_OK) status = run(&load);
    if (status != SW_OK) fprintf(stderr, "farm_load: %s\n", sw_fail_message());
    return status == SW_OK ? 0 : 2;
}
