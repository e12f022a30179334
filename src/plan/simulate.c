/* simulate.c: how long a plan takes on a number of workers.
 *
 * Time is simulated twice over: seconds of the job, and the progress that every worker in training has made since the
 * start. When there are more workers in training than cores, or more messages than the master can take, progress is
 * slower than time, for all alike. A run ends at a progress, messages and the master's waking are at a time. */
#include "symsweep/simulate.h"

#include "symsweep/grow.h"
#include "symsweep/plan.h"
#include "symsweep/scheduler.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

static const double LOAD_MOST = 0.98;
/* As the master sleeps (farm/serve.c). */
static const double SHORTEST_SLEEP = 0.0005, LONGEST_SLEEP = 0.02;
/* As scheduler.c hands out ahead, and as the master remembers (farm/master.c). */
static const double AHEAD_SECONDS = 2.0, ABSENCE_KEPT = 0.999;

typedef enum event_kind { EVENT_TURN, EVENT_ARRIVE, EVENT_RETURN, EVENT_ASK, EVENT_END } event_kind;

typedef struct event {
    double at; /* seconds; of EVENT_ASK and EVENT_END progress */
    size_t worker, run;
    event_kind kind;
    uint64_t number; /* in order of making: the first of those at one moment is taken first */
} event;

typedef struct heap {
    event *events;
    size_t count, capacity;
    uint64_t made;
} heap;

typedef struct sim_worker {
    size_t arrived[SW_SCHEDULER_QUEUE]; /* runs that it has, in order */
    size_t length;
    bool training, wants;  /* wants: to be considered at the master's next turn */
    double ends;           /* progress at which its run ends, or stops for those that wait for it ... */
    double stop;           /* ... having taken so many seconds from its beginning */
    double newest_arrival; /* messages do not overtake each other */
    double idle_since;     /* NaN = it trains, or has not had a run yet */
} sim_worker;

typedef struct simulation {
    const sw_simulation_settings *set;
    sw_scheduler *scheduler;
    sim_worker *workers;
    size_t *wanting, wanting_count;
    heap timed, progressing;
    double now, progress;
    size_t training;
    double message_rate, run_rate; /* a second of progress, of all in training */
    bool turn_due, calibrated;
    double backlog; /* seconds of work that wait for the master: runs that begin or end at one moment */
    double away;    /* longest time between two of its turns, slowly forgotten */
    double master_seconds, messages, waited;
    double *taken;        /* [runs] seconds of its beginning that a run has behind it */
    bool *waits;          /* [runs] for the run that takes its beginning */
    size_t *first, *next; /* [runs] the first that begins as the run does, the next that begins alike; `runs` = none */
} simulation;

/* ---- events ---- */

static bool earlier(const event *a, const event *b) {
    return a->at < b->at || (a->at == b->at && a->number < b->number);
}

static sw_status push(heap *h, event e) {
    event *events = sw_grow_array(h->events, h->count, &h->capacity, sizeof *events, "a simulation");
    if (events == NULL) return SW_E_MEMORY;
    h->events = events;
    size_t i = h->count++;
    e.number = h->made++;
    for (; i > 0 && earlier(&e, &h->events[(i - 1) / 2]); i = (i - 1) / 2) h->events[i] = h->events[(i - 1) / 2];
    h->events[i] = e;
    return SW_OK;
}

/* Puts an event in the place of the first, and the next one first. */
static void replace_first(heap *h, event e) {
    size_t i = 0;
    for (;;) {
        size_t child = 2 * i + 1;
        if (child >= h->count) break;
        if (child + 1 < h->count && earlier(&h->events[child + 1], &h->events[child])) child++;
        if (!earlier(&h->events[child], &e)) break;
        h->events[i] = h->events[child];
        i = child;
    }
    h->events[i] = e;
}

static event pop(heap *h) {
    event first = h->events[0];
    h->count--;
    if (h->count > 0) replace_first(h, h->events[h->count]);
    return first;
}

/* ---- time ---- */

/* Progress a second. */
static double speed(const simulation *sim) {
    double cores = (double)sim->set->cores, training = (double)sim->training;
    double speed = cores > 0 && training > cores ? cores / training : 1;
    /* Of the master: whom it cannot serve waits until there is room for its messages. */
    double load = (sim->message_rate * sim->set->costs.message + sim->run_rate * sim->set->costs.run) * speed;
    return load > LOAD_MOST ? speed * LOAD_MOST / load : speed;
}

/* A turn of the master: what it sleeps, given the time between two messages, and what it then does. */
static double sleep_seconds(const simulation *sim) {
    double rate = sim->message_rate * speed(sim);
    return rate > 0 ? fmin(LONGEST_SLEEP, SHORTEST_SLEEP + 0.5 / rate) : LONGEST_SLEEP;
}

static double message_load(const simulation *sim) {
    return sim->message_rate * speed(sim) * sim->set->costs.message; /* below LOAD_MOST */
}

static double turn_seconds(const simulation *sim) {
    double scan = (double)sim->set->workers * sim->set->costs.scan;
    return (sleep_seconds(sim) + scan) / (1 - message_load(sim)); /* messages pile up while it works */
}

static void occupy(simulation *sim, double seconds) {
    sim->backlog += seconds;
    sim->master_seconds += seconds;
}

static void pass(simulation *sim, double seconds) {
    if (!(seconds > 0)) return;
    double messages = sim->message_rate * speed(sim) * seconds;
    sim->messages += messages;
    sim->master_seconds += messages * sim->set->costs.message +
                           seconds / turn_seconds(sim) * (double)sim->set->workers * sim->set->costs.scan;
    sim->backlog = fmax(0, sim->backlog - seconds * (1 - message_load(sim)));
    sim->progress += seconds * speed(sim);
    sim->now += seconds;
}

/* ---- what happens ---- */

/* The master hears of it in the middle of a turn, as a rule. */
static sw_status wake(simulation *sim) {
    if (sim->turn_due) return SW_OK;
    sim->turn_due = true;
    double wait = turn_seconds(sim) / 2 + sim->backlog / (1 - message_load(sim));
    return push(&sim->timed, (event){.at = sim->now + wait, .kind = EVENT_TURN});
}

static sw_status want(simulation *sim, size_t w) {
    if (!sim->workers[w].wants) sim->wanting[sim->wanting_count++] = w;
    sim->workers[w].wants = true;
    return wake(sim);
}

/* A run enters training (+1), or leaves it (-1). */
static void count(simulation *sim, size_t run, double sign) {
    double seconds = sim->set->seconds[run];
    sim->training = sign > 0 ? sim->training + 1 : sim->training - 1;
    if (seconds > 0) {
        sim->message_rate += sign * sim->set->messages[run] / seconds;
        sim->run_rate += sign / seconds;
    }
    if (sim->training == 0) sim->message_rate = sim->run_rate = 0; /* no rounding errors in an empty sum */
}

/* ---- beginnings that are shared ---- */

/* Seconds after which the run stops for those that wait for it, or ends. */
static double stop_of(const simulation *sim, size_t run) {
    const sw_simulation_settings *set = sim->set;
    double stop = set->seconds[run];
    for (size_t k = sim->first[run]; k < set->runs; k = sim->next[k])
        if (sim->waits[k] && set->shared[k] < stop) stop = set->shared[k];
    return stop;
}

/* What is expected of the next stretch of a run. */
static void expect(simulation *sim, size_t run) {
    const double seconds = sim->set->seconds[run], left = stop_of(sim, run) - sim->taken[run];
    const double share = seconds > 0 ? fmax(0, left / seconds) : 1;
    sw_scheduler_expect(sim->scheduler, run, sim->set->expected[run] * share, true);
}

/* Those that begin as the run does, up to where it is. */
static void release(simulation *sim, size_t run, double stop) {
    const sw_simulation_settings *set = sim->set;
    for (size_t k = sim->first[run]; k < set->runs; k = sim->next[k]) {
        if (!sim->waits[k] || set->shared[k] > stop) continue;
        sim->waits[k] = false;
        sim->taken[k] = set->shared[k];
        expect(sim, k);
        sw_scheduler_set(sim->scheduler, k, SW_SLOT_PENDING);
    }
}

static sw_status begin(simulation *sim, size_t w) {
    sim_worker *worker = &sim->workers[w];
    size_t run = worker->arrived[0];
    sw_status status = sw_scheduler_begin(sim->scheduler, w, run);
    if (status != SW_OK) return status;
    if (!isnan(worker->idle_since)) sim->waited += sim->now - worker->idle_since;
    worker->idle_since = NAN;
    worker->training = true;
    worker->stop = stop_of(sim, run);
    worker->ends = sim->progress + sim->set->costs.begin + worker->stop - sim->taken[run];
    count(sim, run, 1);
    occupy(sim, sim->set->costs.run / 2);
    double ask = fmax(sim->progress, worker->ends - fmax(AHEAD_SECONDS, 2 * sim->away) * speed(sim));
    status = push(&sim->progressing, (event){.at = ask, .worker = w, .run = run, .kind = EVENT_ASK});
    if (status == SW_OK)
        status = push(&sim->progressing, (event){.at = worker->ends, .worker = w, .run = run, .kind = EVENT_END});
    return status;
}

static sw_status end(simulation *sim, size_t w, size_t run) {
    sim_worker *worker = &sim->workers[w];
    sw_slot after;
    const bool over = worker->stop >= sim->set->seconds[run];
    sw_status status = sw_scheduler_end(sim->scheduler, w, run, over ? SW_ENDING_DONE : SW_ENDING_HELD, &after);
    if (status != SW_OK) return status;
    if (!over) {
        sim->taken[run] = worker->stop;
        release(sim, run, worker->stop);
        expect(sim, run);
        sw_scheduler_set(sim->scheduler, run, SW_SLOT_PENDING);
        for (size_t idle = 0; idle < sim->set->workers && status == SW_OK; idle++)
            if (idle != w && sw_scheduler_queue_length(sim->scheduler, idle) == 0) status = want(sim, idle);
        if (status != SW_OK) return status;
    }
    occupy(sim, sim->set->costs.run / 2);
    worker->training = false;
    worker->length--;
    for (size_t i = 0; i < worker->length; i++) worker->arrived[i] = worker->arrived[i + 1];
    count(sim, run, -1);
    if (!sim->calibrated) sw_scheduler_scale(sim->scheduler, 1);
    sim->calibrated = true;
    if (worker->length > 0) return begin(sim, w);
    worker->idle_since = sim->now;
    return want(sim, w);
}

static sw_status arrive(simulation *sim, size_t w, size_t run) {
    sim_worker *worker = &sim->workers[w];
    worker->arrived[worker->length++] = run;
    return worker->training ? SW_OK : begin(sim, w);
}

/* A recalled run comes back, unless its worker has begun it by now, or has not even got it. */
static sw_status give_back(simulation *sim, size_t w, size_t run) {
    sim_worker *worker = &sim->workers[w];
    for (size_t i = 1; i < worker->length; i++) {
        if (worker->arrived[i] != run) continue;
        worker->length--;
        for (; i < worker->length; i++) worker->arrived[i] = worker->arrived[i + 1];
        sw_status status = sw_scheduler_return(sim->scheduler, w, run);
        for (size_t idle = 0; idle < sim->set->workers && status == SW_OK; idle++)
            if (sw_scheduler_queue_length(sim->scheduler, idle) == 0) status = want(sim, idle);
        return status;
    }
    return SW_OK;
}

/* As the master has it (farm/master_view.c): a run that is on its way to an idle worker has all its time before it. */
static double current_left(const simulation *sim, size_t w) {
    const sim_worker *worker = &sim->workers[w];
    if (worker->training) return (worker->ends - sim->progress) / speed(sim);
    if (sw_scheduler_queue_length(sim->scheduler, w) == 0) return 0;
    return sw_scheduler_expected_seconds(sim->scheduler, sw_scheduler_queued(sim->scheduler, w, 0));
}

static sw_status hand_out_to(simulation *sim, size_t w) {
    const sw_simulation_costs *costs = &sim->set->costs;
    sim_worker *worker = &sim->workers[w];
    for (;;) {
        bool idle = sw_scheduler_queue_length(sim->scheduler, w) == 0;
        int64_t run = sw_scheduler_next(sim->scheduler, w, current_left(sim, w), INFINITY);
        if (run < 0) return SW_OK;
        double at = fmax(worker->newest_arrival, sim->now + (worker->training ? costs->busy_arrival : costs->arrival));
        worker->newest_arrival = at;
        sw_status status = push(&sim->timed, (event){.at = at, .worker = w, .run = (size_t)run, .kind = EVENT_ARRIVE});
        if (status != SW_OK || idle) return status; /* more for it when all others have one */
    }
}

/* As the master hands out: workers without a run first. */
static sw_status turn(simulation *sim) {
    size_t count = sim->wanting_count;
    sim->turn_due = false;
    sim->away = fmax(turn_seconds(sim) + sim->backlog, sim->away * ABSENCE_KEPT);
    sw_scheduler_cover(sim->scheduler, sim->away);
    sw_status status = SW_OK;
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < count && status == SW_OK; i++) {
            size_t w = sim->wanting[i];
            if (round == 0 && sw_scheduler_queue_length(sim->scheduler, w) > 0) continue;
            status = hand_out_to(sim, w);
        }
    }
    sim->wanting_count = 0;
    for (size_t i = 0; i < count; i++) sim->workers[sim->wanting[i]].wants = false;
    size_t worker, run;
    while (status == SW_OK && sw_scheduler_recall(sim->scheduler, &worker, &run))
        status = push(
            &sim->timed,
            (event){.at = sim->now + sim->set->costs.busy_arrival, .worker = worker, .run = run, .kind = EVENT_RETURN});
    return status;
}

static sw_status happen(simulation *sim, const event *e) {
    switch (e->kind) {
    case EVENT_TURN: return turn(sim);
    case EVENT_ARRIVE: return arrive(sim, e->worker, e->run);
    case EVENT_RETURN: return give_back(sim, e->worker, e->run);
    case EVENT_ASK: return want(sim, e->worker);
    case EVENT_END: return end(sim, e->worker, e->run);
    }
    return SW_OK;
}

static sw_status run_to_the_end(simulation *sim) {
    pass(sim, sim->set->costs.start);
    sw_status status = SW_OK;
    for (size_t w = 0; w < sim->set->workers && status == SW_OK; w++) status = want(sim, w);
    while (status == SW_OK && !sw_scheduler_over(sim->scheduler)) {
        double timed = sim->timed.count > 0 ? sim->timed.events[0].at : INFINITY;
        double progressing = INFINITY;
        if (sim->progressing.count > 0)
            progressing = sim->now + (sim->progressing.events[0].at - sim->progress) / speed(sim);
        if (isinf(timed) && isinf(progressing)) return sw_fail(SW_E_PROTOCOL, "the simulated sweep stands still");
        pass(sim, fmin(timed, progressing) - sim->now);
        event next = pop(timed <= progressing ? &sim->timed : &sim->progressing);
        if (next.kind == EVENT_END || next.kind == EVENT_ASK) sim->progress = fmax(sim->progress, next.at);
        status = happen(sim, &next);
    }
    return status;
}

/* ---- the whole ---- */

void sw_simulate_default_costs(sw_simulation_costs *out) {
    *out = (sw_simulation_costs){.start = 0.4,
                                 .message = 14e-6,
                                 .run = 1.25e-3,
                                 .scan = 10e-9,
                                 .begin = 0.002,
                                 .arrival = 0.01,
                                 .busy_arrival = 0.1};
}

sw_status sw_simulate_job(sw_simulation *out, const sw_simulation_settings *settings) {
    simulation sim = {.set = settings};
    *out = (sw_simulation){0};
    sw_status status = sw_scheduler_create(&sim.scheduler, settings->runs, settings->order, settings->workers);
    if (status != SW_OK) goto done;
    sim.workers = calloc(settings->workers + 1, sizeof *sim.workers);
    sim.wanting = calloc(settings->workers + 1, sizeof *sim.wanting);
    sim.taken = calloc(settings->runs + 1, sizeof *sim.taken);
    sim.waits = calloc(settings->runs + 1, sizeof *sim.waits);
    sim.first = calloc(settings->runs + 1, sizeof *sim.first);
    sim.next = calloc(settings->runs + 1, sizeof *sim.next);
    if (sim.workers == NULL || sim.wanting == NULL || sim.taken == NULL || sim.waits == NULL || sim.first == NULL ||
        sim.next == NULL) {
        status = sw_fail(SW_E_MEMORY, "no memory to simulate %zu workers", settings->workers);
        goto done;
    }
    for (size_t w = 0; w < settings->workers; w++) sim.workers[w].idle_since = NAN;
    for (size_t r = 0; r < settings->runs; r++) sim.first[r] = settings->runs;
    for (size_t r = settings->runs; r-- > 0;) {
        sim.waits[r] = settings->with && settings->with[r] >= 0;
        if (!sim.waits[r]) continue;
        sw_scheduler_set(sim.scheduler, r, SW_SLOT_HELD);
        sim.next[r] = sim.first[settings->with[r]];
        sim.first[settings->with[r]] = r;
    }
    for (size_t r = 0; r < settings->runs; r++)
        out->work += settings->seconds[r] - (sim.waits[r] ? settings->shared[r] : 0);
    for (size_t r = 0; r < settings->runs; r++) expect(&sim, r);
    status = run_to_the_end(&sim);
    size_t cores = settings->cores > 0 && settings->cores < settings->workers ? settings->cores : settings->workers;
    out->makespan = sim.now + sim.backlog;
    if (out->makespan > 0) {
        out->efficiency = out->work / (out->makespan * (double)cores);
        out->master_share = sim.master_seconds / out->makespan;
        out->messages_per_second = sim.messages / out->makespan;
    }
    out->waited = sim.waited;
done:
    free(sim.timed.events);
    free(sim.progressing.events);
    free(sim.wanting);
    free(sim.taken);
    free(sim.waits);
    free(sim.first);
    free(sim.next);
    free(sim.workers);
    sw_scheduler_destroy(sim.scheduler);
    return status;
}

/* Without costs the job is list scheduling: the worker that is free first takes the next run. */
double sw_plan_makespan(const sw_plan *plan, size_t workers) {
    if (workers > plan->count) workers = plan->count;
    heap ends = {0};
    double last = 0;
    for (size_t i = 0; i < plan->count && workers > 0; i++) {
        double seconds = plan->runs[plan->order[i]].seconds;
        event end = {.at = i < workers ? seconds : ends.events[0].at + seconds, .number = i};
        if (i >= workers)
            replace_first(&ends, end);
        else if (push(&ends, end) != SW_OK)
            break;
        last = fmax(last, end.at);
    }
    free(ends.events);
    return last;
}
