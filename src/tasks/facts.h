/* facts.h: what can be known of a task given as data only by making its table: remembered, since every run of a sweep
 * is asked for it many times. */
#pragma once

#include "tasks/task.h"

/* Sizes of a table from a file. */
typedef struct sw_table_sizes {
    int32_t operands, entities, classes;
    size_t inputs;
    bool named_alike; /* the classes are the entities, in their order */
} sw_table_sizes;

/* As `read` finds them, asked once for each configuration (but for shuffled and noisy labels). */
sw_status sw_facts_sizes(sw_table_sizes *out, const sw_task_config *config,
                         sw_status (*read)(sw_table_sizes *out, const sw_task_config *config)) SW_MUST_CHECK;

/* Has a family any tuple on a task as data? */
bool sw_facts_any_tuple(const sw_task_config *config, sw_family_id family);

/* Is a family that is defined on a task as data true of its labels? Every tuple is looked at, up to the first that
 * contradicts it. Of a configuration that has no table: false. */
bool sw_facts_holds(const sw_task_config *config, sw_family_id family);
