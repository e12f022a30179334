/* plan.h: a sweep expanded into runs with identities, costs and an order. */
#pragma once

#include "symsweep/config.h"
#include "symsweep/record.h"

enum { SW_RUN_ID_LENGTH = 64 };

typedef struct sw_planned_run {
    char id[SW_RUN_ID_LENGTH + 1]; /* SHA-256 of the identity JSON, hex */
    char label[128];
    sw_run_config config;
    double flops;         /* floating point operations of training and measuring, estimated */
    double measure_flops; /* of these, those of the measures with a cadence of their own */
    double seconds;       /* estimated: flops / SW_REFERENCE_FLOPS until the plan is calibrated */
    double step_flops;    /* of one training step */
    size_t memory;        /* bytes a trainer needs, estimated */
    size_t parameters;
    double file_bytes;      /* its rows in the results file, uncompressed, estimated */
    sw_lattice_place place; /* with refine */
} sw_planned_run;

typedef struct sw_plan {
    char *name, *output, *sweep_path;
    char *sweep_text;
    size_t sweep_length;
    size_t axis_count;
    sw_axis *axes;
    size_t count;
    sw_planned_run *runs;       /* in sweep order */
    sw_axis_value *axis_values; /* [count, axis_count] */
    size_t *order;              /* [count]: longest expected first, ties in sweep order */
    struct sw_arena *lists;     /* owns the lists that configurations point to, each once */
    sw_adaptive_config adaptive;
    size_t excluded; /* runs that the sweep leaves out */
    size_t merged;   /* runs left out because they differ from one that is there only in keys without effect */
    size_t planes, lattice[2], seeds; /* with refine: run (plane, index, seed) of every place is in the plan */
} sw_plan;

/* Floating point operations a second that estimates count with until a machine is measured. Only sums and orders of
 * runs depend on it. */
#define SW_REFERENCE_FLOPS 4e10

/* Expands. A task that cannot be built, a weight on a family that is not defined on the task, two runs of the same
 * identity are diagnostics and SW_E_CONFIG; controls, label leaks, batches larger than the train set, and what an edge
 * list holds beside edges, are warnings. Runs that differ only in keys without effect are one, the first, and a
 * warning. */
sw_status sw_plan_create(sw_plan **out, const sw_sweep *sweep, sw_diagnostics *diagnostics) SW_MUST_CHECK;
/* sw_sweep_read and sw_plan_create in one, with the errors of both at once. */
sw_status sw_plan_load(sw_plan **out, const char *path, char *const *overrides,
                       sw_diagnostics *diagnostics) SW_MUST_CHECK;
void sw_plan_destroy(sw_plan *plan);

/* Keeps the runs of one shard, 1..shards (--shard I/N); none may be left. Which one a run is in follows from its id and
 * their number alone, so that no run moves when the sweep grows: of shard I are the runs whose id's first 16
 * hexadecimal digits, as a number, leave the same remainder as I when they are divided by N. SW_E_USAGE for a sweep
 * that refines or halves: which runs go on is decided from the results of all. */
sw_status sw_plan_shard(sw_plan *plan, size_t shard, size_t shards) SW_MUST_CHECK;

/* The SHA-256 of what decides a run's numbers, hex. */
sw_status sw_plan_identify(char id[SW_RUN_ID_LENGTH + 1], const sw_run_config *config) SW_MUST_CHECK;

/* ---- runs that start from a snapshot of another one (model.start) ---- */

/* Reads what `start` names of a results file: the tensors that the run takes, one after the other in the order of its
 * layout, into *out (free()), and their digest: the SHA-256 over each one's name, a zero byte, and its values as
 * little-endian floats. The message of a failure says what is wrong: no such file, run or step, nothing saved there,
 * other shapes (SW_E_CONFIG, SW_E_STORE), values that are not finite. */
sw_status sw_plan_read_start(float **out, uint8_t sha256[32], const sw_run_config *config) SW_MUST_CHECK;
/* Makes config->start.values those of the file, to be freed with sw_plan_release_start; a run that has no start gets
 * none. SW_E_CONFIG: they are not the ones that the configuration was made with. */
sw_status sw_plan_load_start(sw_run_config *config) SW_MUST_CHECK;
void sw_plan_release_start(sw_run_config *config);

/* What a run costs, from its configuration alone. */
typedef struct sw_run_cost {
    double step_flops;     /* one training step */
    double evaluate_flops; /* one evaluation, without the measures that have a cadence of their own */
    double measure_flops;  /* those, over the whole run */
    double flops;          /* the whole run, early stop not foreseen */
    double seconds;
    size_t memory; /* bytes a trainer needs */
    size_t parameters;
    double file_bytes; /* its rows in the results file, uncompressed */
} sw_run_cost;
sw_status sw_cost_estimate(sw_run_cost *out, const sw_run_config *config) SW_MUST_CHECK;

/* Processor seconds of a run's parts on this machine, spending about `budget` seconds on it (sw_pace_measure). */
typedef sw_status (*sw_pace_function)(sw_pace *out, const sw_run_config *config, double budget);

typedef struct sw_plan_speed {
    double flops;          /* estimated operations a second of processor time, over the runs that were measured */
    double measured_share; /* part of the plan's operations that belongs to kinds of runs that were measured */
} sw_plan_speed;

/* How many cores this process may use, at least 1. */
size_t sw_load_cores(void);

/* Times of the runs from measurements on this machine, while `busy` of its cores (this one among them) do the same
 * work: the few kinds of runs that cost most are measured, the others get the speed of those. Kinds too large for a
 * quick try are not measured; when that is all of them, measured_share is 0 and the reference rate stays. Orders the
 * plan anew. */
sw_status sw_plan_calibrate(sw_plan_speed *out, sw_plan *plan, sw_pace_function measure, double budget,
                            size_t busy) SW_MUST_CHECK;
/* Times of the runs at a given number of operations a second. */
sw_status sw_plan_set_speed(sw_plan *plan, double flops) SW_MUST_CHECK;
/* Puts `order` right after `seconds` were changed. */
sw_status sw_plan_sort(sw_plan *plan) SW_MUST_CHECK;

/* Predicted seconds until the last run ends when `workers` take runs in plan order. */
double sw_plan_makespan(const sw_plan *plan, size_t workers);

/* ---- refine: which runs of a lattice are trained next to find where a statement about runs begins to hold ----
 *
 * Pure functions of what is known of the runs: no clock, no file, no order of arrival.
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
void sw_refine_wilson(double *low, double *high, int64_t reached, int64_t decided, double confidence);

/* ---- successive halving ----
 *
 * Runs stop at each rung; when all that compete there have come, the best go on and the others are given up. A pure
 * function of the values at the rungs. */

typedef enum sw_halving_fate {
    SW_HALVING_TRAINS, /* on to `target` */
    SW_HALVING_WAITS,  /* at a rung, for the others */
    SW_HALVING_PRUNED  /* at rung `target` */
} sw_halving_fate;

typedef struct sw_halving_run {
    bool ended;           /* by itself: nothing is decided about it, but it competes with what it reached */
    int32_t known;        /* rungs that it has come to */
    const double *value;  /* [rungs]: the measure at those; of an ended run its last one at the others, NaN = none */
    int32_t target;       /* out: the rung it trains to or was pruned at; the number of rungs = to its end */
    sw_halving_fate fate; /* out */
} sw_halving_run;

/* Runs that compete with each other, in plan order, which decides between equals. NaN is worse than any value. */
sw_status sw_halving_replay(sw_halving_run *runs, size_t count, const sw_halving_config *config) SW_MUST_CHECK;
