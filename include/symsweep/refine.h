/* refine.h: which runs of a lattice are trained next to find where a statement about runs begins to hold. Pure
 * functions of what is known of the runs: no clock, no file, no order of arrival (implemented in plan).
 *
 * A plane is a lattice of points over one or two axes, with the same seeds at each point. A point's class is whether
 * the share of its runs for which the statement holds is at least `share`. Work goes in rounds. A round is chosen from
 * the results of the rounds before it alone, and is closed when all its runs are final:
 *
 *   1. Points of a coarse sub-lattice, corners included, get their first seeds.
 *   2. Neighbours in the sub-lattice of different class both need results of their own: one whose class was only
 * inferred gets its first seeds, then both get more until the Wilson interval of their share tells (see
 * sw_refine_rule).
 *   3. The sub-lattice is halved. A new point whose enclosing points agree inherits their class without a run; any
 * other gets its first seeds. Again from 2, until the sub-lattice is the lattice.
 *
 * At the end every boundary runs between two neighbouring points that both have results. */
#ifndef SYMSWEEP_REFINE_H
#define SYMSWEEP_REFINE_H

#include "symsweep/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct sw_refine_rule {
    double share;      /* of a point's runs for which the statement must hold, 0 < share < 1 */
    double confidence; /* two-sided, of the Wilson interval of the share */
    double width;      /* an interval no wider than this is narrow enough even when it holds `share` */
    int64_t coarse;    /* spacing of the first sub-lattice, in points */
    int64_t seeds;     /* runs that a point gets at first */
    int64_t budget;    /* most runs of a plane; 0 = as many as it takes */
} sw_refine_rule;

/* What is known of a run. */
typedef enum sw_verdict {
    SW_VERDICT_OPEN,   /* not final */
    SW_VERDICT_FAILED, /* final without a result: undecided */
    SW_VERDICT_NO,     /* final, the statement does not hold */
    SW_VERDICT_YES
} sw_verdict;

typedef struct sw_refine_point {
    int32_t selected; /* runs chosen, seeds 0..selected-1 */
    int32_t decided;  /* of those, in closed rounds, with a result */
    int32_t reached;  /* of those, for which the statement holds */
    int8_t class;     /* 1 it holds here, 0 it does not, -1 unknown yet */
    double low, high; /* Wilson interval of the share; 0 and 1 without results */
} sw_refine_point;

/* A plane with what has become of it. Point (i, j) is points[i * size[1] + j]; run s of point p is p * seeds + s. */
typedef struct sw_refine_plane {
    size_t size[2];          /* points along each axis; size[1] = 1 with one axis */
    size_t seeds;            /* runs a point has at most */
    sw_refine_point *points; /* [size[0] * size[1]] */
    int32_t *round;          /* [points * seeds]: round that chose the run, from 0; -1 = none */
    int32_t rounds;          /* chosen so far */
    size_t selected;         /* runs chosen so far */
    bool over;               /* all rounds are closed, and nothing more is to be chosen */
    bool exhausted;          /* over because of the budget, with boundaries not resolved */
} sw_refine_plane;

sw_status sw_refine_plane_create(sw_refine_plane **out, const size_t size[2], size_t seeds) SW_MUST_CHECK;
void sw_refine_plane_destroy(sw_refine_plane *plane);

/* Replays all rounds from the first, as far as verdicts[points * seeds] allow. What is known of runs that no closed
 * round has chosen is not looked at, so the outcome is the same whatever was trained in whatever order. */
sw_status sw_refine_replay(sw_refine_plane *plane, const sw_refine_rule *rule, const uint8_t *verdicts) SW_MUST_CHECK;

/* Points of the coarse sub-lattice: what the first round asks for. */
size_t sw_refine_first_points(const size_t size[2], const sw_refine_rule *rule);

/* Wilson score interval of a share: `reached` of `decided`, two-sided. 0 and 1 without results. */
void sw_wilson_interval(double *low, double *high, int64_t reached, int64_t decided, double confidence);

#endif
