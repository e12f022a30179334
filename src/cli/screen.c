/* screen.c: the whole terminal of stdout, for what is drawn again and again. */
#include "cli/screen.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char taken[] = "\033[?1049h\033[?25l\033[H\033[J", given_back[] = "\033[?25h\033[?1049l";

static volatile sig_atomic_t entered;

/* Safe in a handler. */
static void say(const char *text, size_t length) {
    const ssize_t written = write(STDOUT_FILENO, text, length);
    (void)written; /* a terminal that is gone has no screen to restore */
}

static void give_back(void) {
    if (entered) say(given_back, sizeof given_back - 1);
    entered = 0;
}

static void end(int number) {
    give_back();
    signal(number, SIG_DFL);
    raise(number);
}

/* Ctrl-Z, and back. */
static void pause_here(int number) {
    (void)number;
    give_back();
    raise(SIGSTOP);
    say(taken, sizeof taken - 1);
    entered = 1;
}

/* What it does is to end a sleep: the next picture has the new size. */
static void wake(int number) { (void)number; }

static void handle(int number, void (*handler)(int)) {
    struct sigaction before, action = {.sa_handler = handler};
    sigemptyset(&action.sa_mask);
    if (sigaction(number, NULL, &before) == 0 && before.sa_handler != SIG_IGN) sigaction(number, &action, NULL);
}

void sw_screen_enter(void) {
    static const int ends[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) handle(ends[i], end);
    handle(SIGTSTP, pause_here);
    handle(SIGWINCH, wake);
    atexit(give_back);
    entered = 1;
    say(taken, sizeof taken - 1);
}

void sw_screen_leave(void) {
    fflush(stdout);
    give_back();
}

/* Bytes of the line up to `columns` characters. */
static size_t cut(const char *line, size_t length, int columns) {
    size_t bytes = 0;
    for (int taken_columns = 0; bytes < length; bytes++) {
        if (((unsigned char)line[bytes] & 0xc0) == 0x80) continue;
        if (taken_columns++ == columns) break;
    }
    return bytes;
}

void sw_screen_draw(const char *text, int rows, int columns) {
    fputs("\033[H", stdout);
    for (int row = 0; row < rows && *text; row++) {
        const size_t length = strcspn(text, "\n");
        if (row > 0) fputs("\r\n", stdout);
        fwrite(text, 1, cut(text, length, columns), stdout);
        fputs("\033[K", stdout);
        text += length + (text[length] == '\n');
    }
    fputs("\033[J", stdout);
    fflush(stdout);
}
