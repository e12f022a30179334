/* clock.c: time, and durations as text. */
#include "symsweep/clock.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

double sw_clock_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

void sw_clock_sleep(double seconds) {
    if (!(seconds > 0)) return;
    struct timespec span = {.tv_sec = (time_t)seconds};
    span.tv_nsec = (long)((seconds - (double)span.tv_sec) * 1e9);
    nanosleep(&span, NULL);
}

void sw_clock_utc(char out[32]) {
    time_t now = time(NULL);
    struct tm parts;
    gmtime_r(&now, &parts);
    strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &parts);
}

void sw_clock_moment(char out[32]) {
    struct timespec now;
    struct tm parts;
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &parts);
    const size_t length = strftime(out, 32, "%Y-%m-%dT%H:%M:%S", &parts);
    snprintf(out + length, 32 - length, ".%06dZ", (int)(now.tv_nsec / 1000));
}

/* A non-negative decimal number at *text; moves past it. */
static bool read_number(double *out, const char **text) {
    if (**text < '0' || **text > '9') return false; /* strtod would take signs, spaces, "inf" */
    char *end;
    *out = strtod(*text, &end);
    *text = end;
    return isfinite(*out);
}

static double unit_seconds(char unit) {
    switch (unit) {
    case 's': return 1;
    case 'm': return 60;
    case 'h': return 3600;
    case 'd': return 86400;
    default: return 0;
    }
}

/* [days-]a[:b[:c]]: with days hours first, without days minutes first when two parts, hours first when three. */
static bool read_slurm(double *out, const char *text) {
    double parts[3], days = 0, value;
    int count = 0;
    bool has_days = false;
    for (;;) {
        if (count == 3 || !read_number(&value, &text)) return false;
        if (*text == '-' && count == 0 && !has_days) {
            days = value;
            has_days = true;
        } else {
            parts[count++] = value;
            if (*text == '\0') break;
            if (*text != ':') return false;
        }
        text++;
    }
    double seconds = 0;
    double unit = has_days || count == 3 ? 3600 : count == 2 ? 60 : 1;
    for (int i = 0; i < count; i++, unit /= 60) seconds += parts[i] * unit;
    *out = days * 86400 + seconds;
    return true;
}

sw_status sw_clock_parse_duration(double *out, const char *text) {
    const char *end = text;
    double value;
    if (read_number(&value, &end) && unit_seconds(*end) > 0 && end[1] == '\0') {
        *out = value * unit_seconds(*end);
        return SW_OK;
    }
    if (read_slurm(out, text)) return SW_OK;
    return sw_fail(SW_E_USAGE, "'%s' is not a duration (90m, 3600s, 2h, 1-12:00:00)", text);
}

void sw_clock_format(char out[32], double seconds) {
    if (!(seconds >= 0)) {
        snprintf(out, 32, "-");
        return;
    }
    if (seconds < 60) {
        snprintf(out, 32, seconds < 9.95 ? "%.1fs" : "%.0fs", seconds);
        return;
    }
    double whole = fmin(floor(seconds + 0.5), 9e15);
    long long s = (long long)whole;
    if (s < 3600)
        snprintf(out, 32, "%lldm %02llds", s / 60, s % 60);
    else if (s < 86400)
        snprintf(out, 32, "%lldh %02lldm", s / 3600, s / 60 % 60);
    else
        snprintf(out, 32, "%lldd %02lldh", s / 86400, s / 3600 % 24);
}
