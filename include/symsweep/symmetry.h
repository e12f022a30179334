/* symmetry.h: symmetries of a task's table, as plain data.
 *
 * A symmetry permutes the positions of an input, the tokens of each position and the classes, and takes the table to
 * itself: the label of the image of an input is the image of its label. Positions are the places of an input that tell
 * inputs apart, as they stand there: operands, and the relation between them; a readout token is none. A token is
 * numbered within its position: an operand's entities, or the relations, from 0.
 *
 * A map is one array of `length` numbers: [positions] position j moves to; [size of position 0], [size of position 1],
 * ... the token that a token of position j becomes there; [classes] the class that a class becomes. */
#pragma once

#include "symsweep/task.h"

enum { SW_SYMMETRY_POSITIONS_MAX = 17 };

typedef struct sw_symmetry_shape {
    int32_t positions;
    int32_t relation; /* the position with the relation; -1 = none */
    int32_t entities; /* tokens of an operand */
    int32_t size[SW_SYMMETRY_POSITIONS_MAX];
    int32_t start[SW_SYMMETRY_POSITIONS_MAX]; /* of a position's tokens in a map */
    int32_t classes, class_start;
    int32_t length;
} sw_symmetry_shape;

typedef enum sw_symmetry_scope {
    SW_SYMMETRY_FREE, /* each position has its own permutation of tokens */
    SW_SYMMETRY_TIED, /* one for all operands: what a shared embedding can follow */
    SW_SYMMETRY_SCOPES
} sw_symmetry_scope;
extern const char *const sw_symmetry_scope_names[SW_SYMMETRY_SCOPES + 1];

/* A task's inputs, to be found by their tokens. Labels are the true ones, as the task defines them. */
typedef struct sw_symmetry_table {
    sw_symmetry_shape shape;
    size_t inputs;
    int32_t *token; /* [inputs, positions] */
    const int32_t *label;
    uint32_t *slot; /* hash table of inputs + 1, 0 = free */
    size_t slots;   /* a power of two */
} sw_symmetry_table;

/* `task` must outlive the table. */
sw_status sw_symmetry_table_create(sw_symmetry_table *out, const sw_task *task) SW_MUST_CHECK;
void sw_symmetry_table_release(sw_symmetry_table *table);

/* The input with these tokens [positions]; -1 = there is none. */
int64_t sw_symmetry_find(const sw_symmetry_table *table, const int32_t *token);
/* The image of an input; -1 = it is not in the table. */
int64_t sw_symmetry_image(const sw_symmetry_table *table, const int32_t *map, size_t input);

void sw_symmetry_identity(int32_t *map, const sw_symmetry_shape *shape);
/* out = first, then second; out is neither of them. */
void sw_symmetry_compose(int32_t *out, const sw_symmetry_shape *shape, const int32_t *first, const int32_t *second);
void sw_symmetry_invert(int32_t *out, const sw_symmetry_shape *shape, const int32_t *map);

/* Is the map a symmetry of the table, in this scope? Looks at every input. SW_E_CONFIG: it is none, and the message
 * says why. */
sw_status sw_symmetry_check(const sw_symmetry_table *table, const int32_t *map, sw_symmetry_scope scope) SW_MUST_CHECK;

/* Orbits of the inputs under the group that `count` symmetries, one behind the other in `maps`, generate: orbit[inputs]
 * is the first input of each one's orbit. *orbits: how many there are. */
sw_status sw_symmetry_orbits(int32_t *orbit, size_t *orbits, const sw_symmetry_table *table, const int32_t *maps,
                             size_t count) SW_MUST_CHECK;

/* Share of the test inputs (split 0) whose label follows from train labels through the group that `count` symmetries in
 * `maps` generate, whose orbits these are: their orbit has a train input, and a symmetry takes its label to theirs; or
 * it has an input that one of `maps` leaves in place, of the classes but one: that is its label. NaN without test
 * inputs. */
double sw_symmetry_derivable(const int32_t *orbit, const int8_t *split, const sw_symmetry_table *table,
                             const int32_t *maps, size_t count);

/* ---- random elements of the group: product replacement (Celler, Leedham-Green, Murray, Niemeyer and O'Brien 1995)
 * with an accumulator, from stream SYMMETRY ---- */

typedef struct sw_symmetry_random sw_symmetry_random;

/* The sequence of elements is a function of maps and seed alone. */
sw_status sw_symmetry_random_create(sw_symmetry_random **out, const sw_symmetry_shape *shape, const int32_t *maps,
                                    size_t count, uint32_t seed) SW_MUST_CHECK;
/* The next element, valid until the one after it. */
const int32_t *sw_symmetry_random_next(sw_symmetry_random *random);
void sw_symmetry_random_destroy(sw_symmetry_random *random);
