/* table_file.h: a task from a text file, one input a line. */
#pragma once

#include "symsweep/task.h"
#include "tasks/facts.h"

typedef struct sw_table_file {
    sw_table_sizes sizes;
    int32_t *operand;                                              /* [inputs, operands] in lexicographic order */
    int32_t *label;                                                /* [inputs] */
    char (*token_name)[SW_TASK_NAME], (*label_name)[SW_TASK_NAME]; /* NULL = the numbers that they have here */
    sw_table_notes notes;
} sw_table_file;

/* Reads config->file: the tokens of the operands, then the label, in every line (tasks/fields.h). Whole numbers, as 5
 * or 5.0e0, are numbered in numeric order, other tokens behind them in the order in which they appear first; operands
 * have one numbering and labels another. SW_E_CONFIG says what is wrong, and in which line. Release what it returned.
 */
sw_status sw_table_file_read(sw_table_file *out, const sw_task_config *config) SW_MUST_CHECK;
void sw_table_file_release(sw_table_file *table);
