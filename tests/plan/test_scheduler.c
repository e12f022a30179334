/* test_scheduler.c: the scheduler: each rule by itself, then random histories against a model that knows only the
 * rules. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "symsweep/random.h"
#include "symsweep/scheduler.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static sw_scheduler *make(size_t runs, size_t workers) {
    size_t *order = calloc(runs + 1, sizeof *order);
    for (size_t i = 0; i < runs; i++) order[i] = i;
    sw_scheduler *scheduler;
    assert_int_equal(sw_scheduler_create(&scheduler, runs, order, workers), SW_OK);
    free(order);
    return scheduler;
}

static int64_t next(sw_scheduler *s, size_t worker) { return sw_scheduler_next(s, worker, NAN, INFINITY); }

static void begin_next(sw_scheduler *s, size_t worker) {
    int64_t run = next(s, worker);
    assert_true(run >= 0);
    assert_int_equal(sw_scheduler_begin(s, worker, (size_t)run), SW_OK);
}

static sw_slot end_current(sw_scheduler *s, size_t worker, sw_ending ending) {
    sw_slot after;
    assert_int_equal(sw_scheduler_end(s, worker, (size_t)sw_scheduler_current(s, worker), ending, &after), SW_OK);
    return after;
}

static void hands_out_in_order(void **state) {
    (void)state;
    const size_t order[] = {2, 0, 1};
    sw_scheduler *s;
    assert_int_equal(sw_scheduler_create(&s, 3, order, 2), SW_OK);
    assert_int_equal(next(s, 0), 2);
    assert_int_equal(next(s, 1), 0);
    assert_int_equal(next(s, 0), -1); /* holds one, and how long that takes is not known */
    assert_int_equal(sw_scheduler_begin(s, 0, 2), SW_OK);
    assert_int_equal(end_current(s, 0, SW_ENDING_DONE), SW_SLOT_DONE);
    assert_int_equal(next(s, 0), 1);
    assert_int_equal(sw_scheduler_count(s, SW_SLOT_ASSIGNED), 2);
    assert_false(sw_scheduler_over(s));
    sw_scheduler_destroy(s);
}

static void settled_runs_are_not_handed_out(void **state) {
    (void)state;
    sw_scheduler *s = make(3, 1);
    sw_scheduler_set(s, 0, SW_SLOT_DONE);
    sw_scheduler_set(s, 2, SW_SLOT_DONE);
    assert_int_equal(next(s, 0), 1);
    assert_int_equal(sw_scheduler_begin(s, 0, 1), SW_OK);
    end_current(s, 0, SW_ENDING_DONE);
    assert_true(sw_scheduler_over(s));
    assert_int_equal(sw_scheduler_count(s, SW_SLOT_DONE), 3);
    sw_scheduler_destroy(s);
}

static void nothing_to_do_is_over(void **state) {
    (void)state;
    sw_scheduler *s = make(0, 3);
    assert_true(sw_scheduler_over(s));
    assert_int_equal(next(s, 1), -1);
    sw_scheduler_destroy(s);
}

/* The next run is held before the present one ends, but not long before. */
static void prefetches_shortly_before_the_end(void **state) {
    (void)state;
    sw_scheduler *s = make(10, 2);
    for (size_t i = 0; i < 10; i++) sw_scheduler_expect(s, i, 100, true);
    begin_next(s, 0);
    assert_int_equal(sw_scheduler_next(s, 0, NAN, INFINITY), -1);
    assert_int_equal(sw_scheduler_next(s, 0, 60, INFINITY), -1);
    assert_int_equal(sw_scheduler_next(s, 0, 1, INFINITY), 1);
    assert_int_equal(sw_scheduler_next(s, 0, 1, INFINITY), -1); /* one long run in waiting is enough */
    assert_int_equal(sw_scheduler_queue_length(s, 0), 2);
    sw_scheduler_destroy(s);
}

static void many_short_runs_wait_together(void **state) {
    (void)state;
    sw_scheduler *s = make(1000, 2);
    for (size_t i = 0; i < 1000; i++) sw_scheduler_expect(s, i, 1, true);
    sw_scheduler_scale(s, 0.01); /* 10 ms each */
    while (sw_scheduler_next(s, 0, 0.01, INFINITY) >= 0) {
    }
    assert_in_range(sw_scheduler_queue_length(s, 0), 10, 12); /* 0.1 s wait behind the first */
    sw_scheduler_scale(s, 1e-6);
    while (sw_scheduler_next(s, 1, 1e-6, INFINITY) >= 0) {
    }
    assert_int_equal(sw_scheduler_queue_length(s, 1), SW_SCHEDULER_QUEUE);
    sw_scheduler_destroy(s);
}

/* A master that is away for seconds leaves its workers more. */
static void queues_cover_the_masters_absence(void **state) {
    (void)state;
    sw_scheduler *s = make(1000, 2);
    for (size_t i = 0; i < 1000; i++) sw_scheduler_expect(s, i, 1, true);
    sw_scheduler_scale(s, 0.2); /* seconds each */
    begin_next(s, 0);
    assert_int_equal(sw_scheduler_next(s, 0, 3, INFINITY), -1);
    sw_scheduler_cover(s, 1.6);
    while (sw_scheduler_next(s, 0, 3, INFINITY) >= 0) {
    }
    assert_in_range(sw_scheduler_queue_length(s, 0), 16, 18); /* 3.2 s wait behind the first */
    sw_scheduler_destroy(s);
}

/* No worker takes more than its share of what is left. */
static void the_last_short_runs_are_shared(void **state) {
    (void)state;
    sw_scheduler *s = make(8, 2);
    for (size_t i = 0; i < 8; i++) sw_scheduler_expect(s, i, 1, true);
    sw_scheduler_scale(s, 1e-3);
    while (sw_scheduler_next(s, 0, 1e-3, INFINITY) >= 0) {
    }
    assert_int_equal(sw_scheduler_queue_length(s, 0), 3);
    while (sw_scheduler_next(s, 1, 1e-3, INFINITY) >= 0) {
    }
    assert_true(sw_scheduler_queue_length(s, 1) >= 2);
    sw_scheduler_destroy(s);
}

static void recalls_what_waits_while_another_idles(void **state) {
    (void)state;
    sw_scheduler *s = make(2, 2);
    size_t worker, run;
    begin_next(s, 0);
    assert_int_equal(sw_scheduler_next(s, 0, 0.5, INFINITY), 1);
    assert_true(sw_scheduler_recall(s, &worker, &run)); /* worker 1 has nothing */
    assert_int_equal(worker, 0);
    assert_int_equal(run, 1);
    assert_false(sw_scheduler_recall(s, &worker, &run)); /* once is enough */
    assert_int_equal(sw_scheduler_return(s, 0, 1), SW_OK);
    assert_int_equal(next(s, 1), 1);
    assert_false(sw_scheduler_recall(s, &worker, &run));
    sw_scheduler_destroy(s);
}

static void never_recalls_the_next_of_a_queue_that_is_first(void **state) {
    (void)state;
    sw_scheduler *s = make(1, 2);
    size_t worker, run;
    assert_int_equal(next(s, 0), 0); /* assigned, about to begin */
    assert_false(sw_scheduler_recall(s, &worker, &run));
    sw_scheduler_destroy(s);
}

static void tries_three_times(void **state) {
    (void)state;
    sw_scheduler *s = make(1, 1);
    for (int try = 1; try <= 3; try++) {
        begin_next(s, 0);
        int64_t run;
        sw_slot after;
        if (try == 2) {
            after = end_current(s, 0, SW_ENDING_RETRY);
        } else {
            sw_scheduler_lose_trainer(s, 0, &run, &after);
            assert_int_equal(run, 0);
        }
        assert_int_equal(sw_scheduler_tries(s, 0), try);
        assert_int_equal(after, try < 3 ? SW_SLOT_PENDING : SW_SLOT_FAILED);
    }
    assert_true(sw_scheduler_over(s));
    assert_int_equal(sw_scheduler_count(s, SW_SLOT_FAILED), 1);
    sw_scheduler_destroy(s);
}

static void a_sure_failure_is_not_tried_again(void **state) {
    (void)state;
    sw_scheduler *s = make(1, 1);
    begin_next(s, 0);
    assert_int_equal(end_current(s, 0, SW_ENDING_FAILED), SW_SLOT_FAILED);
    assert_int_equal(next(s, 0), -1);
    sw_scheduler_destroy(s);
}

/* Only the run in training is charged when a trainer dies; what waited, and what a stop interrupted, is not. */
static void charges_the_running_run_alone(void **state) {
    (void)state;
    sw_scheduler *s = make(3, 1);
    begin_next(s, 0);
    assert_int_equal(sw_scheduler_next(s, 0, 0, INFINITY), 1);
    int64_t run;
    sw_slot after;
    sw_scheduler_lose_trainer(s, 0, &run, &after);
    assert_int_equal(run, 0);
    assert_int_equal(sw_scheduler_tries(s, 0), 1);
    assert_int_equal(sw_scheduler_tries(s, 1), 0);
    assert_int_equal(sw_scheduler_count(s, SW_SLOT_PENDING), 3);

    assert_int_equal(next(s, 0), 0); /* not begun yet: charged nothing */
    sw_scheduler_lose_trainer(s, 0, &run, &after);
    assert_int_equal(run, -1);
    assert_int_equal(sw_scheduler_tries(s, 0), 1);

    begin_next(s, 0);
    assert_int_equal(end_current(s, 0, SW_ENDING_BACK), SW_SLOT_PENDING);
    assert_int_equal(sw_scheduler_tries(s, 0), 1);
    sw_scheduler_destroy(s);
}

static void stopping_hands_out_nothing(void **state) {
    (void)state;
    sw_scheduler *s = make(4, 2);
    begin_next(s, 0);
    assert_int_equal(next(s, 1), 1);
    sw_scheduler_stop(s);
    assert_int_equal(next(s, 1), -1);
    assert_false(sw_scheduler_over(s));
    end_current(s, 0, SW_ENDING_BACK);
    sw_scheduler_retire(s, 0);
    assert_false(sw_scheduler_over(s));
    sw_scheduler_retire(s, 1); /* its run waited */
    assert_true(sw_scheduler_over(s));
    assert_int_equal(sw_scheduler_count(s, SW_SLOT_PENDING), 4);
    sw_scheduler_destroy(s);
}

static void is_over_when_no_worker_is_left(void **state) {
    (void)state;
    sw_scheduler *s = make(2, 2);
    begin_next(s, 0);
    sw_scheduler_retire(s, 1);
    sw_scheduler_retire(s, 1); /* twice is once */
    assert_int_equal(next(s, 1), -1);
    assert_false(sw_scheduler_over(s));
    sw_scheduler_retire(s, 0);
    assert_true(sw_scheduler_over(s));
    assert_int_equal(sw_scheduler_count(s, SW_SLOT_PENDING), 2);
    sw_scheduler_destroy(s);
}

/* Near the limit a run that leaves nothing behind is not started, one that leaves a checkpoint is. */
static void withholds_what_would_be_in_vain(void **state) {
    (void)state;
    sw_scheduler *s = make(3, 1);
    sw_scheduler_expect(s, 0, 100, false);
    sw_scheduler_expect(s, 1, 10, false);
    sw_scheduler_expect(s, 2, 100, true);
    assert_int_equal(sw_scheduler_next(s, 0, 0, 50), 0); /* speed unknown: tried */
    assert_int_equal(sw_scheduler_begin(s, 0, 0), SW_OK);
    end_current(s, 0, SW_ENDING_BACK);
    sw_scheduler_scale(s, 1);
    assert_int_equal(sw_scheduler_next(s, 0, 0, 50), 1);
    assert_int_equal(sw_scheduler_slot(s, 0), SW_SLOT_WITHHELD);
    assert_int_equal(sw_scheduler_begin(s, 0, 1), SW_OK);
    end_current(s, 0, SW_ENDING_DONE);
    assert_int_equal(sw_scheduler_next(s, 0, 0, 5), 2);
    assert_int_equal(sw_scheduler_begin(s, 0, 2), SW_OK);
    end_current(s, 0, SW_ENDING_DONE);
    assert_true(sw_scheduler_over(s));
    assert_int_equal(sw_scheduler_count(s, SW_SLOT_WITHHELD), 1);
    sw_scheduler_destroy(s);
}

static void refuses_reports_that_contradict(void **state) {
    (void)state;
    sw_scheduler *s = make(4, 2);
    sw_slot after;
    begin_next(s, 0);
    assert_int_equal(next(s, 1), 1);
    assert_int_equal(sw_scheduler_begin(s, 0, 0), SW_E_PROTOCOL);                       /* has begun */
    assert_int_equal(sw_scheduler_begin(s, 0, 1), SW_E_PROTOCOL);                       /* another's */
    assert_int_equal(sw_scheduler_begin(s, 1, 3), SW_E_PROTOCOL);                       /* nobody's */
    assert_int_equal(sw_scheduler_end(s, 1, 1, SW_ENDING_DONE, &after), SW_E_PROTOCOL); /* has not begun */
    assert_int_equal(sw_scheduler_end(s, 1, 0, SW_ENDING_DONE, &after), SW_E_PROTOCOL);
    assert_int_equal(sw_scheduler_return(s, 0, 0), SW_E_PROTOCOL); /* is running */
    assert_int_equal(sw_scheduler_return(s, 0, 1), SW_E_PROTOCOL);
    assert_int_equal(sw_scheduler_count(s, SW_SLOT_RUNNING), 1); /* nothing changed */
    assert_int_equal(sw_scheduler_count(s, SW_SLOT_ASSIGNED), 1);
    sw_scheduler_destroy(s);
}

/* ---- random histories ---- */

enum { RUNS_MAX = 40, WORKERS_MAX = 6, EVENTS = 4000 };

/* What the rules alone say about each run and queue. */
typedef struct model {
    size_t runs, workers;
    sw_slot slot[RUNS_MAX];
    int tries[RUNS_MAX];
    bool savable[RUNS_MAX];
    size_t queue[WORKERS_MAX][SW_SCHEDULER_QUEUE], length[WORKERS_MAX];
    bool retired[WORKERS_MAX];
    size_t order[RUNS_MAX];
    bool stopped;
} model;

static uint32_t seed;
static uint64_t draws;
static size_t below(size_t bound) { return (size_t)sw_random_below(seed, 0x900, 0, draws++, bound); }

static bool model_running(const model *m, size_t w) {
    return m->length[w] > 0 && m->slot[m->queue[w][0]] == SW_SLOT_RUNNING;
}

static void model_pop(model *m, size_t w, size_t i) {
    memmove(&m->queue[w][i], &m->queue[w][i + 1], (m->length[w] - i - 1) * sizeof(size_t));
    m->length[w]--;
}

static void model_charge(model *m, size_t run) {
    m->slot[run] = ++m->tries[run] < 3 ? SW_SLOT_PENDING : SW_SLOT_FAILED;
}

static void compare(const model *m, const sw_scheduler *s) {
    size_t counts[SW_SLOT_COUNT] = {0}, active = 0;
    for (size_t r = 0; r < m->runs; r++) {
        counts[m->slot[r]]++;
        assert_int_equal(sw_scheduler_slot(s, r), m->slot[r]);
        assert_int_equal(sw_scheduler_tries(s, r), m->tries[r]);
    }
    for (int slot = 0; slot < SW_SLOT_COUNT; slot++)
        assert_int_equal(sw_scheduler_count(s, (sw_slot)slot), counts[slot]);
    for (size_t w = 0; w < m->workers; w++) {
        active += !m->retired[w];
        assert_int_equal(sw_scheduler_queue_length(s, w), m->length[w]);
        for (size_t i = 0; i < m->length[w]; i++) assert_int_equal(sw_scheduler_queued(s, w, i), m->queue[w][i]);
        assert_int_equal(sw_scheduler_current(s, w), model_running(m, w) ? (int64_t)m->queue[w][0] : -1);
    }
    bool out = counts[SW_SLOT_ASSIGNED] + counts[SW_SLOT_RUNNING] > 0;
    assert_int_equal(sw_scheduler_over(s), !out && (counts[SW_SLOT_PENDING] == 0 || m->stopped || active == 0));
}

static void ask(model *m, sw_scheduler *s, size_t w) {
    double left = below(2) ? INFINITY : (double)below(12), current_left = (double)below(4);
    bool known = !isnan(sw_scheduler_expected_seconds(s, 0));
    int64_t run = sw_scheduler_next(s, w, current_left, left);
    size_t i = 0;
    if (!m->retired[w] && !m->stopped && (m->length[w] == 0 || run >= 0)) {
        for (; i < m->runs; i++) { /* the first pending one in order that is not in vain */
            size_t r = m->order[i];
            if (m->slot[r] != SW_SLOT_PENDING) continue;
            if (known && !m->savable[r] && sw_scheduler_expected_seconds(s, r) > left)
                m->slot[r] = SW_SLOT_WITHHELD;
            else
                break;
        }
        assert_int_equal(run, i < m->runs ? (int64_t)m->order[i] : -1);
    }
    if (run < 0) {
        if (m->length[w] > 0) /* may have looked, and withheld, before it found nothing */
            for (size_t r = 0; r < m->runs; r++)
                if (sw_scheduler_slot(s, r) == SW_SLOT_WITHHELD && m->slot[r] == SW_SLOT_PENDING) {
                    assert_true(known && !m->savable[r] && sw_scheduler_expected_seconds(s, r) > left);
                    m->slot[r] = SW_SLOT_WITHHELD;
                }
        return;
    }
    if (m->length[w] > 0) assert_true(current_left <= 2);
    assert_true(m->length[w] < SW_SCHEDULER_QUEUE);
    m->slot[run] = SW_SLOT_ASSIGNED;
    m->queue[w][m->length[w]++] = (size_t)run;
}

static void lose(model *m, sw_scheduler *s, size_t w) {
    int64_t run;
    sw_slot after;
    bool running = model_running(m, w);
    sw_scheduler_lose_trainer(s, w, &run, &after);
    assert_int_equal(run, running ? (int64_t)m->queue[w][0] : -1);
    for (size_t i = running ? 1 : 0; i < m->length[w]; i++) m->slot[m->queue[w][i]] = SW_SLOT_PENDING;
    if (running) {
        model_charge(m, (size_t)run);
        assert_int_equal(after, m->slot[run]);
    }
    m->length[w] = 0;
}

static void retire(model *m, sw_scheduler *s, size_t w) {
    sw_scheduler_retire(s, w);
    for (size_t i = 0; i < m->length[w]; i++) m->slot[m->queue[w][i]] = SW_SLOT_PENDING;
    m->length[w] = 0;
    m->retired[w] = true;
}

static void end(model *m, sw_scheduler *s, size_t w) {
    static const sw_ending endings[] = {SW_ENDING_DONE,   SW_ENDING_DONE,  SW_ENDING_DONE,
                                        SW_ENDING_FAILED, SW_ENDING_RETRY, SW_ENDING_BACK};
    sw_ending ending = endings[below(6)];
    size_t run = m->queue[w][0];
    sw_slot after;
    assert_int_equal(sw_scheduler_end(s, w, run, ending, &after), SW_OK);
    model_pop(m, w, 0);
    if (ending == SW_ENDING_DONE) m->slot[run] = SW_SLOT_DONE;
    if (ending == SW_ENDING_BACK) m->slot[run] = SW_SLOT_PENDING;
    if (ending == SW_ENDING_RETRY) model_charge(m, run);
    if (ending == SW_ENDING_FAILED) {
        m->tries[run]++;
        m->slot[run] = SW_SLOT_FAILED;
    }
    assert_int_equal(after, m->slot[run]);
}

static void recall(model *m, sw_scheduler *s) {
    size_t w, run, i = 1;
    if (!sw_scheduler_recall(s, &w, &run)) return;
    bool idle = false;
    for (size_t k = 0; k < m->workers; k++) idle = idle || (!m->retired[k] && m->length[k] == 0);
    assert_true(idle && sw_scheduler_count(s, SW_SLOT_PENDING) == 0);
    while (i < m->length[w] && m->queue[w][i] != run) i++;
    assert_true(i < m->length[w]);
    if (below(2)) return; /* it begins before the message arrives */
    assert_int_equal(sw_scheduler_return(s, w, run), SW_OK);
    model_pop(m, w, i);
    m->slot[run] = SW_SLOT_PENDING;
}

static void one_event(model *m, sw_scheduler *s) {
    size_t w = below(m->workers);
    switch (below(16)) {
    case 0: lose(m, s, w); break;
    case 1: recall(m, s); break;
    case 2:
        if (below(40) == 0) retire(m, s, w);
        break;
    case 3: sw_scheduler_scale(s, below(4) ? 0.02 * (double)below(100) : 1); break;
    case 4:
        if (below(200) == 0) {
            sw_scheduler_stop(s);
            m->stopped = true;
        }
        break;
    case 5:
    case 6:
    case 7:
    case 8:
    case 9: ask(m, s, w); break;
    default:
        if (model_running(m, w)) {
            end(m, s, w);
        } else if (m->length[w] > 0) {
            assert_int_equal(sw_scheduler_begin(s, w, m->queue[w][0]), SW_OK);
            m->slot[m->queue[w][0]] = SW_SLOT_RUNNING;
        }
    }
}

static void random_histories_follow_the_rules(void **state) {
    (void)state;
    size_t overs = 0;
    for (seed = 0; seed < 300; seed++) {
        draws = 0;
        model m = {.runs = 1 + below(RUNS_MAX), .workers = 1 + below(WORKERS_MAX)};
        for (size_t i = 0; i < m.runs; i++) m.order[i] = i;
        for (size_t i = m.runs; i-- > 1;) {
            size_t j = below(i + 1), swap = m.order[i];
            m.order[i] = m.order[j];
            m.order[j] = swap;
        }
        sw_scheduler *s;
        assert_int_equal(sw_scheduler_create(&s, m.runs, m.order, m.workers), SW_OK);
        for (size_t i = 0; i < m.runs; i++) {
            m.savable[i] = below(2) == 0;
            sw_scheduler_expect(s, i, 0.1 * (double)below(100), m.savable[i]);
        }
        for (int event = 0; event < EVENTS && !sw_scheduler_over(s); event++) {
            one_event(&m, s);
            compare(&m, s);
        }
        overs += sw_scheduler_over(s);
        sw_scheduler_destroy(s);
    }
    assert_true(overs > 290); /* histories do come to their end */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hands_out_in_order),
        cmocka_unit_test(settled_runs_are_not_handed_out),
        cmocka_unit_test(nothing_to_do_is_over),
        cmocka_unit_test(prefetches_shortly_before_the_end),
        cmocka_unit_test(many_short_runs_wait_together),
        cmocka_unit_test(queues_cover_the_masters_absence),
        cmocka_unit_test(the_last_short_runs_are_shared),
        cmocka_unit_test(recalls_what_waits_while_another_idles),
        cmocka_unit_test(never_recalls_the_next_of_a_queue_that_is_first),
        cmocka_unit_test(tries_three_times),
        cmocka_unit_test(a_sure_failure_is_not_tried_again),
        cmocka_unit_test(charges_the_running_run_alone),
        cmocka_unit_test(stopping_hands_out_nothing),
        cmocka_unit_test(is_over_when_no_worker_is_left),
        cmocka_unit_test(withholds_what_would_be_in_vain),
        cmocka_unit_test(refuses_reports_that_contradict),
        cmocka_unit_test(random_histories_follow_the_rules),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
