/* abbreviate.c: texts that are too long to be shown. */
#include "symsweep/abbreviate.h"

#include <assert.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* FNV-1a. */
static uint64_t digest_of(const char *text) {
    uint64_t hash = UINT64_C(14695981039346656037);
    for (; *text; text++) hash = (hash ^ (unsigned char)*text) * UINT64_C(1099511628211);
    return hash;
}

/* Is the byte one within a character of UTF-8? */
static int continues(char byte) { return ((unsigned char)byte & 0xc0) == 0x80; }

void sw_abbreviate_text(char *out, size_t capacity, const char *text) {
    enum { MARKS = sizeof "...#0123456789abcdef" };
    const size_t length = strlen(text);
    assert(capacity >= 64);
    if (length < capacity) {
        memcpy(out, text, length + 1);
        return;
    }
    size_t head = (capacity - MARKS) / 2, tail = length - (capacity - MARKS - head);
    while (head && continues(text[head])) head--;
    while (continues(text[tail])) tail++;
    snprintf(out, capacity, "%.*s...%s#%016" PRIx64, (int)head, text, text + tail, digest_of(text));
}
