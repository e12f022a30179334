/* refine.c: rounds of a plane, replayed from what is known of its runs. */
#include "symsweep/plan.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- the interval ---- */

/* z with P(|Z| <= z) = confidence for a standard normal Z, by bisection of erf. */
static double normal_bound(double confidence) {
    double low = 0, high = 40;
    for (int i = 0; i < 100; i++) {
        double z = (low + high) / 2;
        if (erf(z / sqrt(2)) < confidence)
            low = z;
        else
            high = z;
    }
    return (low + high) / 2;
}

/* Wilson (1927): the shares p with |k/n - p| <= z sqrt(p (1 - p) / n). */
static void wilson(double *low, double *high, int64_t reached, int64_t decided, double z) {
    *low = 0;
    *high = 1;
    if (decided <= 0) return;
    double n = (double)decided, p = (double)reached / n, scale = 1 + z * z / n;
    double centre = (p + z * z / (2 * n)) / scale;
    double half = z / scale * sqrt(p * (1 - p) / n + z * z / (4 * n * n));
    *low = reached == 0 ? 0 : fmax(0, centre - half);
    *high = reached == decided ? 1 : fmin(1, centre + half);
}

void sw_refine_wilson(double *low, double *high, int64_t reached, int64_t decided, double confidence) {
    wilson(low, high, reached, decided, normal_bound(confidence));
}

/* ---- planes ---- */

sw_status sw_refine_plane_create(sw_refine_plane **out, const size_t size[2], size_t seeds) {
    size_t points = size[0] * size[1];
    sw_refine_plane *plane = calloc(1, sizeof *plane);
    *out = NULL;
    if (plane) {
        plane->size[0] = size[0];
        plane->size[1] = size[1];
        plane->seeds = seeds;
        plane->points = calloc(points + 1, sizeof *plane->points);
        plane->round = calloc(points * seeds + 1, sizeof *plane->round);
    }
    if (!plane || !plane->points || !plane->round) {
        sw_refine_plane_destroy(plane);
        return sw_fail(SW_E_MEMORY, "no memory for a lattice of %zu points", points);
    }
    *out = plane;
    return SW_OK;
}

void sw_refine_plane_destroy(sw_refine_plane *plane) {
    if (!plane) return;
    free(plane->points);
    free(plane->round);
    free(plane);
}

/* ---- sub-lattices ---- */

/* Along one axis: level[i] is the first sub-lattice that has index i. Sub-lattice 0 has every `coarse`-th index and the
 * last; each further one adds the middle of every gap. Returns how many there are. */
static int number_levels(int *level, size_t size, int64_t coarse) {
    for (size_t i = 0; i < size; i++) level[i] = i % (size_t)coarse == 0 || i + 1 == size ? 0 : -1;
    for (int next = 1;; next++) {
        bool any = false;
        for (size_t i = 0, end; i + 1 < size; i = end) {
            for (end = i + 1; level[end] < 0 || level[end] == next; end++) {
            }
            if (end - i < 2) continue;
            level[i + (end - i) / 2] = next;
            any = true;
        }
        if (!any) return next;
    }
}

/* What a replay works with. */
typedef struct replay {
    sw_refine_plane *plane;
    const sw_refine_rule *rule;
    const uint8_t *verdicts;
    double z;
    int *level[2]; /* [size[a]] */
    int levels;
    int32_t *asked; /* [points]: runs that the round in the making adds */
    bool any;       /* it asks for a run */
} replay;

static bool is_in(const replay *r, int axis, size_t i, int level) { return r->level[axis][i] <= level; }

/* The nearest indices of a sub-lattice at or before, and at or after, index i. */
static size_t before(const replay *r, int axis, size_t i, int level) {
    while (!is_in(r, axis, i, level)) i--;
    return i;
}

static size_t after(const replay *r, int axis, size_t i, int level) {
    while (!is_in(r, axis, i, level)) i++;
    return i;
}

static sw_refine_point *point_at(const replay *r, size_t i, size_t j) {
    return &r->plane->points[i * r->plane->size[1] + j];
}

/* ---- a point ---- */

static bool has_results(const sw_refine_point *point) { return point->decided > 0; }

static int8_t class_by_results(const sw_refine_rule *rule, int32_t reached, int32_t decided) {
    return (double)reached >= rule->share * (double)decided;
}

/* Can more runs still tell anything about a point with such results? */
static bool is_told(const replay *r, int32_t reached, int32_t decided, int32_t left) {
    const sw_refine_rule *rule = r->rule;
    double low, high;
    wilson(&low, &high, reached, decided, r->z);
    if (low > rule->share || high < rule->share || high - low <= rule->width) return true;
    return class_by_results(rule, reached, decided + left) == class_by_results(rule, reached + left, decided + left);
}

/* The fewest further runs after which the point is told if they agree with its present class; 0 = it is told. */
static int32_t runs_to_tell(const replay *r, const sw_refine_point *point) {
    int32_t left = (int32_t)r->plane->seeds - point->selected;
    for (int32_t more = 0; more < left; more++) {
        int32_t reached = point->reached + (point->class == 1 ? more : 0);
        if (is_told(r, reached, point->decided + more, left - more)) return more;
    }
    return left;
}

static void ask(replay *r, sw_refine_point *point, int32_t runs) {
    int32_t *asked = &r->asked[point - r->plane->points];
    int32_t left = (int32_t)r->plane->seeds - point->selected;
    if (runs > left) runs = left;
    if (*asked >= runs) return;
    *asked = runs;
    r->any = true;
}

static void ask_first(replay *r, sw_refine_point *point) {
    if (!has_results(point)) ask(r, point, (int32_t)r->rule->seeds);
}

/* ---- one sub-lattice ---- */

/* The class that the enclosing points of the sub-lattice above agree on; -1 = they do not. */
static int8_t inherited(const replay *r, size_t i, size_t j, int level) {
    size_t rows[2] = {before(r, 0, i, level - 1), after(r, 0, i, level - 1)};
    size_t columns[2] = {before(r, 1, j, level - 1), after(r, 1, j, level - 1)};
    int8_t class = point_at(r, rows[0], columns[0])->class;
    for (int c = 1; c < 4; c++)
        if (point_at(r, rows[c / 2], columns[c % 2])->class != class) return -1;
    return class;
}

/* Classes of the points that this sub-lattice adds; those that need results of their own are asked for. */
static void classify_new(replay *r, int level) {
    const size_t *size = r->plane->size;
    for (size_t i = 0; i < size[0]; i++) {
        for (size_t j = 0; j < size[1]; j++) {
            if (!is_in(r, 0, i, level) || !is_in(r, 1, j, level)) continue;
            if (level > 0 && is_in(r, 0, i, level - 1) && is_in(r, 1, j, level - 1)) continue;
            sw_refine_point *point = point_at(r, i, j);
            if (!has_results(point)) {
                point->class = level > 0 ? inherited(r, i, j, level) : -1;
                if (point->class < 0) ask_first(r, point);
            }
        }
    }
}

typedef void (*pair_rule)(replay *r, sw_refine_point *point);

static void repeat_until_told(replay *r, sw_refine_point *point) {
    if (has_results(point)) ask(r, point, runs_to_tell(r, point));
}

/* Applies a rule to both of every two neighbours of different class. */
static void visit_boundary(replay *r, int level, pair_rule rule) {
    const size_t *size = r->plane->size;
    for (size_t i = 0; i < size[0]; i++) {
        for (size_t j = 0; j < size[1]; j++) {
            if (!is_in(r, 0, i, level) || !is_in(r, 1, j, level)) continue;
            sw_refine_point *point = point_at(r, i, j);
            for (int axis = 0; axis < 2; axis++) {
                size_t next[2] = {i, j};
                if (++next[axis] >= size[axis]) continue;
                next[axis] = after(r, axis, next[axis], level);
                sw_refine_point *other = point_at(r, next[0], next[1]);
                if (point->class < 0 || other->class < 0 || point->class == other->class) continue;
                rule(r, point);
                rule(r, other);
            }
        }
    }
}

/* ---- rounds ---- */

/* Counts what the closed rounds have brought. */
static void count_results(replay *r) {
    sw_refine_plane *plane = r->plane;
    for (size_t p = 0; p < plane->size[0] * plane->size[1]; p++) {
        sw_refine_point *point = &plane->points[p];
        point->decided = point->reached = 0;
        for (int32_t s = 0; s < point->selected; s++) {
            uint8_t verdict = r->verdicts[p * plane->seeds + (size_t)s];
            point->decided += verdict == SW_VERDICT_NO || verdict == SW_VERDICT_YES;
            point->reached += verdict == SW_VERDICT_YES;
        }
        point->class = has_results(point) ? class_by_results(r->rule, point->reached, point->decided) : -1;
    }
}

/* The next round, into r->asked; false = there is none. */
static bool choose(replay *r) {
    size_t points = r->plane->size[0] * r->plane->size[1];
    memset(r->asked, 0, points * sizeof *r->asked);
    r->any = false;
    for (int level = 0; level < r->levels; level++) {
        classify_new(r, level);
        if (!r->any) visit_boundary(r, level, ask_first);
        if (!r->any) visit_boundary(r, level, repeat_until_told);
        if (r->any) return true;
    }
    return false;
}

/* Takes what was asked for into the plane, as far as the budget goes. */
static void select_asked(replay *r) {
    sw_refine_plane *plane = r->plane;
    bool taken = false;
    for (size_t p = 0; p < plane->size[0] * plane->size[1]; p++) {
        sw_refine_point *point = &plane->points[p];
        for (int32_t k = 0; k < r->asked[p]; k++) {
            if (r->rule->budget > 0 && plane->selected >= (size_t)r->rule->budget) {
                plane->exhausted = true;
                break;
            }
            plane->round[p * plane->seeds + (size_t)point->selected++] = plane->rounds;
            plane->selected++;
            taken = true;
        }
    }
    plane->rounds += taken;
    plane->over = !taken;
}

static bool all_final(const sw_refine_plane *plane, const uint8_t *verdicts) {
    for (size_t i = 0; i < plane->size[0] * plane->size[1] * plane->seeds; i++)
        if (plane->round[i] >= 0 && verdicts[i] == SW_VERDICT_OPEN) return false;
    return true;
}

/* ---- after the rounds ---- */

/* A point without a class (its runs failed, or the budget ended before it) gets that of the nearest with results. */
static void fill_gaps(replay *r) {
    const size_t *size = r->plane->size;
    for (size_t p = 0; p < size[0] * size[1]; p++) {
        sw_refine_point *point = &r->plane->points[p];
        if (point->class >= 0) continue;
        double nearest = INFINITY;
        for (size_t q = 0; q < size[0] * size[1]; q++) {
            double across = (double)(p / size[1]) - (double)(q / size[1]);
            double along = (double)(p % size[1]) - (double)(q % size[1]);
            double distance = across * across + along * along;
            if (!has_results(&r->plane->points[q]) || distance >= nearest) continue;
            nearest = distance;
            point->class = r->plane->points[q].class;
        }
    }
}

static void measure_intervals(replay *r) {
    for (size_t p = 0; p < r->plane->size[0] * r->plane->size[1]; p++) {
        sw_refine_point *point = &r->plane->points[p];
        wilson(&point->low, &point->high, point->reached, point->decided, r->z);
    }
}

static void run_rounds(replay *r) {
    sw_refine_plane *plane = r->plane;
    size_t points = plane->size[0] * plane->size[1];
    memset(plane->points, 0, points * sizeof *plane->points);
    for (size_t i = 0; i < points * plane->seeds; i++) plane->round[i] = -1;
    plane->rounds = 0;
    plane->selected = 0;
    plane->over = plane->exhausted = false;
    while (!plane->over && all_final(plane, r->verdicts)) {
        count_results(r);
        if (choose(r))
            select_asked(r);
        else
            plane->over = true;
    }
    if (plane->over) fill_gaps(r);
    measure_intervals(r);
}

sw_status sw_refine_replay(sw_refine_plane *plane, const sw_refine_rule *rule, const uint8_t *verdicts) {
    replay r = {.plane = plane, .rule = rule, .verdicts = verdicts, .z = normal_bound(rule->confidence)};
    r.level[0] = calloc(plane->size[0] + 1, sizeof *r.level[0]);
    r.level[1] = calloc(plane->size[1] + 1, sizeof *r.level[1]);
    r.asked = calloc(plane->size[0] * plane->size[1] + 1, sizeof *r.asked);
    sw_status status = SW_OK;
    if (!r.level[0] || !r.level[1] || !r.asked) {
        status = sw_fail(SW_E_MEMORY, "no memory to refine a lattice");
    } else {
        for (int axis = 0; axis < 2; axis++) {
            int levels = number_levels(r.level[axis], plane->size[axis], rule->coarse);
            if (levels > r.levels) r.levels = levels;
        }
        run_rounds(&r);
    }
    free(r.level[0]);
    free(r.level[1]);
    free(r.asked);
    return status;
}

static size_t first_indices(size_t size, int64_t coarse) {
    size_t count = (size - 1) / (size_t)coarse + 1;
    return (size - 1) % (size_t)coarse == 0 ? count : count + 1;
}

size_t sw_refine_first_points(const size_t size[2], const sw_refine_rule *rule) {
    return first_indices(size[0], rule->coarse) * first_indices(size[1], rule->coarse);
}
