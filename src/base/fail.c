/* fail.c: one message a thread, set where the fault is known. */
#include "symsweep/fail.h"

#include <stdio.h>
#include <string.h>

/* The one piece of mutable state of the error tier: each thread's latest message. */
static _Thread_local char message[SW_MESSAGE_MAX];

sw_status sw_fail(sw_status status, const char *format, ...) {
    char text[SW_MESSAGE_MAX]; /* an argument may be the old message */
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    memcpy(message, text, sizeof message);
    return status;
}

sw_status sw_fail_in(sw_status status, const char *format, ...) {
    char text[2 * SW_MESSAGE_MAX];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, SW_MESSAGE_MAX, format, arguments);
    va_end(arguments);
    size_t length = strlen(text);
    snprintf(text + length, sizeof text - length, ": %s", message);
    text[SW_MESSAGE_MAX - 1] = '\0';
    memcpy(message, text, sizeof message);
    return status;
}

const char *sw_fail_message(void) { return message; }

void sw_fail_clear(void) { message[0] = '\0'; }
