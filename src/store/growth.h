/* growth.h: what a results file has, against what a sweep needs. */
#pragma once

#include "store/catalog.h"

typedef struct sw_growth {
    int64_t *row;         /* [run_count]: row of each run of the sweep; new runs follow the last row, in order */
    bool *onsets_stale;   /* [run_count]: the row's configuration text differs, or the definition of an onset */
    bool *changed;        /* [known]: anything that the sweep gives the row differs from what it has */
    bool *planned;        /* [known]: the sweep has the row's run */
    int64_t known, added; /* rows in the file; runs that get a new row */
    bool needed;          /* anything at all is missing or differs */
} sw_growth;

/* Compares a file (catalog NULL: one that is still to be made) with a sweep. */
sw_status sw_growth_find(sw_growth *out, hid_t file, const sw_catalog *catalog, const sw_schema *schema,
                         const sw_store_sweep *sweep) SW_MUST_CHECK;
void sw_growth_release(sw_growth *growth);

/* The column of onset o where the file has it by another definition, else NULL. */
sw_status sw_growth_redefined(const sw_column **out, const sw_catalog *catalog, const sw_schema *schema,
                              size_t o) SW_MUST_CHECK;

/* The text that the sweep gives run i for a TEXT field of the schema. */
const char *sw_growth_text(const sw_schema *schema, const sw_store_sweep *sweep, int field, size_t i);
/* The numbers of a row that the sweep knows: seed and axes. false = the field is not one of them. */
bool sw_growth_number(double *real, int64_t *integer, const sw_schema *schema, const sw_store_sweep *sweep, int field,
                      size_t i);
/* A column can hold the values of a field: the same type, or a wider number (an axis of integers that became reals). */
bool sw_growth_can_hold(sw_field_type column, sw_field_type field);
