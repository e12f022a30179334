/* automorphism.h: the symmetries that the family `automorphism` compares: those of the task's own table, discovered or
 * from a file. */
#pragma once

#include "symsweep/symmetry_text.h"

/* Of a built task. */
typedef struct sw_automorphisms {
    sw_symmetry_table table;
    size_t generator_count, element_count;
    int32_t *generators; /* [generator_count, table.shape.length] */
    int32_t *elements;   /* [element_count, table.shape.length] what tuples are made of: the generators themselves, or
                          * random elements of the group (symmetry.automorphism.elements; seed 0) */
    bool *fixes_classes; /* [element_count] the element leaves every class as it is */
} sw_automorphisms;

/* What is known before the task is built. */
typedef struct sw_automorphism_facts {
    size_t count;              /* generators; 0 = the family is not defined on the task */
    const int32_t *generators; /* [count, shape.length]; these and the texts are valid until facts of other tasks are
                                * asked for */
    char (*text)[SW_SYMMETRY_TEXT]; /* [count] what each does, in words */
    sw_symmetry_shape shape;
    double order_log10; /* NaN: generators from a file */
    char reason[256];   /* why the family is not defined; "" where the group is trivial */
    bool late;          /* because the search came to its time limit */
} sw_automorphism_facts;

/* Found once for each table and remembered. A table of more inputs than this is searched only by the command. */
enum { SW_AUTOMORPHISM_INPUTS_MAX = 1 << 17 };
sw_status sw_automorphism_describe(sw_automorphism_facts *out, const sw_task_config *config) SW_MUST_CHECK;

/* JSON: a list of objects of positions, tokens, classes and, unless it is NULL, text. */
struct sw_json;
void sw_automorphism_write(struct sw_json *json, const sw_symmetry_shape *shape, const int32_t *maps,
                           char (*text)[SW_SYMMETRY_TEXT], size_t count);
