/* fault.c: makes the outside world fail on purpose. */
#include "symsweep/fault.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KINDS_MAX = 64 };

/* A test hook of the process as a whole: read once from the environment. */
static struct {
    bool read, count;
    long at, asked;
    int error;
    char point[64];
    size_t kinds; /* counting: the points met so far, and how often each */
    struct {
        const char *point;
        long asked;
    } kind[KINDS_MAX];
} plan;

static void report_count(void) {
    for (size_t i = 0; i < plan.kinds; i++)
        fprintf(stderr, "symsweep: %s %ld\n", plan.kind[i].point, plan.kind[i].asked);
    fprintf(stderr, "symsweep: %ld fault points passed\n", plan.asked);
}

static void count_kind(const char *point) {
    size_t i = 0;
    while (i < plan.kinds && strcmp(plan.kind[i].point, point) != 0) i++;
    assert(i < KINDS_MAX);
    if (i == plan.kinds) plan.kind[plan.kinds++].point = point;
    plan.kind[i].asked++;
}

static void read_plan(void) {
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

int sw_fault(const char *point) {
    if (!plan.read) read_plan();
    if (plan.at == 0 && !plan.count) return 0;
    if (plan.point[0] && strcmp(plan.point, point) != 0) return 0;
    plan.asked++;
    if (plan.count) count_kind(point);
    if (plan.asked != plan.at) return 0;
    fprintf(stderr, "symsweep: %s fails on purpose\n", point);
    return plan.error;
}
