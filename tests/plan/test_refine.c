/* test_refine.c: rounds of refine on invented response surfaces, with and without noise. */
#include "symsweep/plan.h"
#include "symsweep/random.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Signed distance from the boundary at x, y in 0..1: positive where the statement holds. */
static double diagonal(double x, double y) { return x + y - 1; }
static double wedge(double x, double y) { return fmin(x - 0.4, 0.25 - fabs(y - 0.5 - 0.2 * (x - 0.5))); }
static double disc(double x, double y) { return 0.3 - hypot(x - 0.5, y - 0.5); }
static double wave(double x, double y) { return y - 0.5 - 0.3 * sin(6 * x); }
static double cliff(double x, double y) {
    (void)y;
    return x - 0.33;
}
static double (*const surfaces[])(double, double) = {diagonal, wedge, disc, wave, cliff};
enum { SURFACES = sizeof surfaces / sizeof surfaces[0] };

static const sw_refine_rule plain = {.share = 0.5, .confidence = 0.9, .width = 0.2, .coarse = 4, .seeds = 1};

typedef struct world {
    size_t size[2], seeds, runs;
    uint8_t *verdict;
    sw_refine_plane *plane;
} world;

/* The statement holds for a run with a probability that rises over a band of this width (logistic; 0 = a step). */
static world create(size_t rows, size_t columns, size_t seeds, double (*surface)(double, double), double band,
                    uint32_t trial) {
    world w = {.size = {rows, columns}, .seeds = seeds, .runs = rows * columns * seeds};
    w.verdict = malloc(w.runs);
    assert_non_null(w.verdict);
    assert_int_equal(sw_refine_plane_create(&w.plane, w.size, seeds), SW_OK);
    for (size_t i = 0; i < w.runs; i++) {
        size_t point = i / seeds;
        double x = (double)(point / columns) / (double)(rows > 1 ? rows - 1 : 1);
        double y = (double)(point % columns) / (double)(columns > 1 ? columns - 1 : 1);
        double d = surface(x, y);
        double probability = band > 0 ? 1 / (1 + exp(-d / band)) : d >= 0;
        bool holds = sw_random_uniform(trial, 99, i, 0) < probability;
        w.verdict[i] = holds ? SW_VERDICT_YES : SW_VERDICT_NO;
    }
    return w;
}

static void destroy(world *w) {
    sw_refine_plane_destroy(w->plane);
    free(w->verdict);
}

static void replay(world *w, const sw_refine_rule *rule) {
    assert_int_equal(sw_refine_replay(w->plane, rule, w->verdict), SW_OK);
}

/* What all seeds of a point say. */
static int class_of_grid(const world *w, size_t point) {
    size_t holds = 0;
    for (size_t s = 0; s < w->seeds; s++) holds += w->verdict[point * w->seeds + s] == SW_VERDICT_YES;
    return 2 * holds >= w->seeds;
}

static double agreement(const world *w) {
    size_t same = 0, points = w->size[0] * w->size[1];
    for (size_t p = 0; p < points; p++) same += class_of_grid(w, p) == w->plane->points[p].class;
    return (double)same / (double)points;
}

/* ---- the interval ---- */

static void intervals_are_wilsons(void **state) {
    (void)state;
    double low, high;
    /* R: binom::binom.wilson(7, 10), conf.level 0.95 */
    sw_refine_wilson(&low, &high, 7, 10, 0.95);
    assert_true(fabs(low - 0.3967781) < 1e-6 && fabs(high - 0.8922087) < 1e-6);
    sw_refine_wilson(&low, &high, 0, 3, 0.95);
    assert_true(low == 0 && fabs(high - 0.5614970) < 1e-6);
    sw_refine_wilson(&low, &high, 3, 3, 0.95);
    assert_true(high == 1 && fabs(low - 0.4385030) < 1e-6);
    sw_refine_wilson(&low, &high, 0, 0, 0.95);
    assert_true(low == 0 && high == 1);
}

/* ---- classification ---- */

static void sharp_boundaries_are_found_exactly(void **state) {
    (void)state;
    for (size_t s = 0; s < SURFACES; s++) {
        world w = create(16, 16, 3, surfaces[s], 0, 1);
        replay(&w, &plain);
        assert_true(w.plane->over && !w.plane->exhausted);
        assert_true(agreement(&w) == 1);
        assert_true(w.plane->selected <= w.runs / 4);
        destroy(&w);
    }
}

static void noisy_boundaries_are_found(void **state) {
    (void)state;
    for (size_t s = 0; s < SURFACES; s++) {
        double worst = 1, runs = 0;
        for (uint32_t trial = 0; trial < 20; trial++) {
            world w = create(16, 16, 3, surfaces[s], 0.02, trial); /* a third of a cell */
            replay(&w, &plain);
            worst = fmin(worst, agreement(&w));
            runs += (double)w.plane->selected / 20;
            destroy(&w);
        }
        assert_true(worst >= 0.98);
        assert_true(runs <= 768.0 / 3);
    }
}

static void blurred_boundaries_are_found(void **state) {
    (void)state;
    for (size_t s = 0; s < SURFACES; s++) {
        double mean = 0;
        for (uint32_t trial = 0; trial < 20; trial++) {
            world w = create(16, 16, 5, surfaces[s], 0.06, trial); /* a whole cell */
            replay(&w, &plain);
            mean += agreement(&w) / 20;
            destroy(&w);
        }
        assert_true(mean >= 0.97);
    }
}

static void one_axis_is_bisected(void **state) {
    (void)state;
    sw_refine_rule rule = plain;
    rule.coarse = 64;
    world w = create(65, 1, 1, cliff, 0, 1);
    replay(&w, &rule);
    assert_true(w.plane->over && agreement(&w) == 1);
    assert_int_equal(w.plane->selected, 2 + 6); /* the ends, and log2(64) midpoints */
    destroy(&w);
}

static void nothing_is_repeated_where_all_agree(void **state) {
    (void)state;
    world w = create(16, 16, 3, cliff, 0, 1);
    memset(w.verdict, SW_VERDICT_NO, w.runs);
    replay(&w, &plain);
    assert_true(w.plane->over && agreement(&w) == 1);
    assert_int_equal(w.plane->rounds, 1);
    assert_int_equal(w.plane->selected, sw_refine_first_points(w.size, &plain));
    destroy(&w);
}

/* Every two neighbours of different class have results of their own. */
static void boundaries_lie_between_results(void **state) {
    (void)state;
    world w = create(16, 16, 3, wave, 0.05, 3);
    replay(&w, &plain);
    size_t pairs = 0;
    for (size_t i = 0; i < 16; i++) {
        for (size_t j = 0; j < 16; j++) {
            const sw_refine_point *p = &w.plane->points[i * 16 + j];
            const sw_refine_point *next[2] = {i < 15 ? p + 16 : p, j < 15 ? p + 1 : p};
            for (int a = 0; a < 2; a++) {
                if (next[a]->class == p->class) continue;
                assert_true(p->decided > 0 && next[a]->decided > 0);
                pairs++;
            }
        }
    }
    assert_true(pairs >= 16);
    destroy(&w);
}

/* ---- rounds ---- */

/* Round by round, as a job goes: the same runs are chosen, whatever is known of others. */
static void rounds_depend_on_closed_rounds_alone(void **state) {
    (void)state;
    world w = create(13, 9, 3, disc, 0.05, 5);
    replay(&w, &plain);
    int32_t *whole = malloc(w.runs * sizeof *whole);
    uint8_t *known = malloc(w.runs), *truth = w.verdict;
    assert_true(whole && known);
    memcpy(whole, w.plane->round, w.runs * sizeof *whole);
    int32_t rounds = w.plane->rounds;
    assert_true(rounds > 5);
    for (int with_others = 0; with_others < 2; with_others++) {
        memset(known, SW_VERDICT_OPEN, w.runs);
        if (with_others) /* results of runs that nobody has chosen yet, or ever will */
            for (size_t i = 0; i < w.runs; i += 2) known[i] = truth[i];
        w.verdict = known;
        for (int32_t round = 0;; round++) {
            replay(&w, &plain);
            if (w.plane->over) break;
            size_t open = 0;
            for (size_t i = 0; i < w.runs; i++) {
                assert_true(w.plane->round[i] == whole[i] || (w.plane->round[i] == -1 && whole[i] >= w.plane->rounds));
                if (w.plane->round[i] < 0 || known[i] != SW_VERDICT_OPEN) continue;
                known[i] = truth[i];
                open++;
            }
            assert_true(open > 0 && round <= rounds);
        }
        assert_memory_equal(w.plane->round, whole, w.runs * sizeof *whole);
    }
    w.verdict = truth;
    free(known);
    free(whole);
    destroy(&w);
}

static void failed_runs_are_undecided(void **state) {
    (void)state;
    world w = create(16, 16, 3, diagonal, 0, 1);
    for (size_t i = 0; i < w.runs; i += 7) w.verdict[i] = SW_VERDICT_FAILED;
    for (size_t s = 0; s < 3; s++)
        w.verdict[(8 * 16 + 7) * 3 + s] = SW_VERDICT_FAILED; /* a point beside the boundary */
    replay(&w, &plain);
    assert_true(w.plane->over);
    const sw_refine_point *lost = &w.plane->points[8 * 16 + 7];
    assert_int_equal(lost->decided, 0);
    assert_true(lost->low == 0 && lost->high == 1);
    size_t wrong = 0;
    for (size_t p = 0; p < 256; p++)
        wrong += w.plane->points[p].class != (diagonal((double)(p / 16) / 15, (double)(p % 16) / 15) >= 0);
    assert_true(wrong <= 2);
    destroy(&w);
}

static void a_budget_is_kept(void **state) {
    (void)state;
    sw_refine_rule rule = plain;
    rule.budget = 40;
    world w = create(16, 16, 3, wave, 0, 1);
    replay(&w, &rule);
    assert_true(w.plane->over && w.plane->exhausted);
    assert_int_equal(w.plane->selected, 40);
    assert_true(agreement(&w) > 0.8);
    for (size_t p = 0; p < 256; p++) assert_true(w.plane->points[p].class >= 0);
    destroy(&w);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(intervals_are_wilsons),          cmocka_unit_test(sharp_boundaries_are_found_exactly),
        cmocka_unit_test(noisy_boundaries_are_found),     cmocka_unit_test(blurred_boundaries_are_found),
        cmocka_unit_test(one_axis_is_bisected),           cmocka_unit_test(nothing_is_repeated_where_all_agree),
        cmocka_unit_test(boundaries_lie_between_results), cmocka_unit_test(rounds_depend_on_closed_rounds_alone),
        cmocka_unit_test(failed_runs_are_undecided),      cmocka_unit_test(a_budget_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
