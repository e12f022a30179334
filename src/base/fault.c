#include "symsweep/fault.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A test hook of the process as a whole: read once from the environment. */
static struct {
    bool read, count;
    long at, asked;
    int error;
    char point[64];
} plan;

static void report_count(void) { fprintf(stderr, "symsweep: %ld fault points passed\n", plan.asked); }

static void read_plan(void)
{
    plan.read = true;
    const char *text = getenv("SYMSWEEP_FAULT");
    if (!text || !*text) return;
    if (strcmp(text, "count") == 0) {
        plan.count = true;
        atexit(report_count);
        return;
    }
    char *end;
    plan.at = strtol(text, &end, 10);
    plan.error = EIO;
    if (*end == ':') plan.error = (int)strtol(end + 1, &end, 10);
    if (*end == ':') snprintf(plan.point, sizeof plan.point, "%s", end + 1);
}

int sw_fault(const char *point)
{
    if (!plan.read) read_plan();
    if (plan.at == 0 && !plan.count) return 0;
    if (plan.point[0] && strcmp(plan.point, point) != 0) return 0;
    plan.asked++;
    return plan.asked == plan.at ? plan.error : 0;
}
