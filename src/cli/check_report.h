/* check_report.h: what `symsweep check` tells. */
#pragma once

#include "cli/check_data.h"
#include "cli/check_extend.h"
#include "cli/check_leaks.h"
#include "cli/check_summary.h"

typedef struct sw_check_options {
    bool json, list_runs, list_keys;
    long long shard, shards; /* part 1..shards; 0, 0 = the whole plan */
    long long workers;       /* 0 = a few numbers are tried */
    long long tasks;         /* most settings in the leak report */
    double speed;            /* operations a second to count with; 0 = measured */
} sw_check_options;

typedef struct sw_check_report {
    const char *sweep;      /* the file */
    char *const *overrides; /* of the command line, NULL-terminated */
    sw_check_options options;
    sw_plan *plan; /* NULL = refused */
    sw_diagnostics *diagnostics;
    sw_check_summary summary;
    sw_check_data data;
    sw_check_extend extend;
    sw_check_leaks leaks;
} sw_check_report;

void sw_check_report_text(const sw_check_report *report);
/* Of a sweep that is refused, why. */
sw_status sw_check_report_json(const sw_check_report *report) SW_MUST_CHECK;
