/* display.c: how far the sweep is, on stderr. */
#include "farm/display.h"

#include "symsweep/clock.h"
#include "symsweep/log.h"
#include "symsweep/terminal.h"
#include "symsweep/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const double TERMINAL_SECONDS = 0.25;
static const double FIRST_LINE_SECONDS = 5; /* doubled from line to line ... */
static const double LINE_SECONDS = 60;      /* ... up to this */

struct sw_display {
    bool terminal;
    int drawn; /* lines of the block on the screen, the cursor stands on the first */
    double next, every;
};

sw_status sw_display_create(sw_display **out) {
    *out = calloc(1, sizeof **out);
    if (*out == NULL) return sw_fail(SW_E_MEMORY, "no memory for progress");
    (*out)->terminal = sw_terminal_is(STDERR_FILENO);
    (*out)->every = (*out)->terminal ? TERMINAL_SECONDS : FIRST_LINE_SECONDS;
    (*out)->next = sw_clock_now() + (*out)->every;
    return SW_OK;
}

void sw_display_destroy(sw_display *display) { free(display); }

bool sw_display_due(const sw_display *display, double now) { return now >= display->next; }

/* ---- texts ---- */

static void format_rate(char out[32], double rate) {
    if (rate >= 1000)
        snprintf(out, 32, "%.0f", rate);
    else
        snprintf(out, 32, rate >= 10 ? "%.1f" : "%.2f", rate);
}

static void format_accuracy(char out[16], double accuracy) {
    if (isnan(accuracy))
        snprintf(out, 16, "-");
    else
        snprintf(out, 16, "%.3f", accuracy);
}

static void format_summary(char *out, size_t capacity, const sw_progress_file *view) {
    char eta[32], rate[32], failed[32] = "";
    sw_clock_format(eta, view->eta_seconds);
    format_rate(rate, view->steps_per_second);
    if (view->failed > 0) snprintf(failed, sizeof failed, ", %lld failed", (long long)view->failed);
    snprintf(out, capacity, "%lld of %lld runs done%s, %lld running, %lld left, %s steps/s, ETA %s",
             (long long)view->done, (long long)view->total, failed, (long long)view->running, (long long)view->left,
             rate, eta);
}

static void format_run(char *out, size_t capacity, const sw_progress_run *run) {
    char train[16], test[16];
    format_accuracy(train, run->train_accuracy);
    format_accuracy(test, run->test_accuracy);
    snprintf(out, capacity, "  run %lld  step %lld/%lld  train %s  test %s  %s", (long long)run->run,
             (long long)run->step, (long long)run->steps, train, test, run->label);
}

/* ---- a terminal ---- */

/* One line, cut so that it does not wrap, the rest of the screen line wiped. */
static void draw_line(const char *text, int columns) {
    sw_text_print_cut(stderr, text, columns - 1);
    fputs("\033[K\n", stderr);
}

static void draw(sw_display *display, const sw_progress_file *view) {
    int rows, columns;
    sw_terminal_size(STDERR_FILENO, &rows, &columns);
    char line[256];
    sw_display_clear(display);
    format_summary(line, sizeof line, view);
    draw_line(line, columns);
    display->drawn = 1;
    for (int64_t i = 0; i < view->run_count && display->drawn < rows - 2; i++) {
        format_run(line, sizeof line, &view->runs[i]);
        draw_line(line, columns);
        display->drawn++;
    }
    if (view->running > view->run_count && display->drawn < rows - 2) {
        snprintf(line, sizeof line, "  and %lld more", (long long)(view->running - view->run_count));
        draw_line(line, columns);
        display->drawn++;
    }
    fprintf(stderr, "\033[%dA\r", display->drawn);
    fflush(stderr);
}

void sw_display_clear(sw_display *display) {
    if (display == NULL || display->drawn == 0) return;
    fputs("\033[J", stderr);
    fflush(stderr);
    display->drawn = 0;
}

/* ---- a file or a pipe ---- */

static void print_line(const sw_progress_file *view, float newest_test_accuracy) {
    char summary[192], accuracy[16];
    format_summary(summary, sizeof summary, view);
    format_accuracy(accuracy, (double)newest_test_accuracy);
    sw_info("%s, newest test accuracy %s", summary, accuracy);
}

void sw_display_show(sw_display *display, double now, const sw_progress_file *view, float newest_test_accuracy) {
    if (display->terminal) {
        draw(display, view);
    } else {
        print_line(view, newest_test_accuracy);
        display->every = display->every * 2 < LINE_SECONDS ? display->every * 2 : LINE_SECONDS;
    }
    display->next = now + display->every;
}
