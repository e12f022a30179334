/* log.c: messages to stderr, by level. */
#include "symsweep/log.h"

#include "symsweep/text.h"

#include <stdio.h>
#include <string.h>

static sw_log_level threshold = SW_LOG_INFO;

void sw_log_set_level(sw_log_level level) { threshold = level; }

void sw_log(sw_log_level level, const char *format, ...) {
    static const char *const prefixes[] = {"error: ", "warning: ", "", ""};
    if (level > threshold) return;
    char line[2048], shown[2 * sizeof line];
    int length = snprintf(line, sizeof line, "symsweep: %s", prefixes[level]);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line + length, sizeof line - (size_t)length, format, arguments);
    va_end(arguments);
    sw_text_escape(shown, sizeof shown - 1, line); /* whatever names and texts are in it: it stays one line */
    strcat(shown, "\n");
    fputs(shown, stderr); /* one write a line: ranks share the terminal */
}
