/* options.h: the command line of the main job. */
#pragma once

#include "symsweep/fail.h"
#include "symsweep/log.h"

typedef struct sw_job_options {
    const char *sweep;      /* path of the sweep file */
    char *const *overrides; /* of the sweep (sw_overrides_is), NULL-terminated; NULL = no command line was read */
    const char *output;     /* NULL = what the sweep says */
    bool fresh, help, version;
    double time_limit;    /* seconds from the start of the program; INFINITY = none */
    size_t shard, shards; /* part 1..shards; 0, 0 = the whole plan */
    sw_log_level level;
    bool progress;
    bool sharing; /* beginnings that runs have in common are trained once */
} sw_job_options;

/* SW_E_USAGE when argv is none; the message says what is wrong. Texts point into argv. */
sw_status sw_options_parse(sw_job_options *out, int argc, char **argv) SW_MUST_CHECK;

void sw_options_print_help(void); /* to stdout */
