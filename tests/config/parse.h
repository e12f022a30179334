/* parse.h: a sweep file that is text, and the diagnostics of reading it. */
#pragma once

#include "symsweep/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define BASE "\"run\": {\"task\": {\"kind\": \"modular\"}}"

typedef struct parsed {
    sw_sweep *sweep;
    sw_diagnostics *diagnostics;
} parsed;

static inline parsed parse(const char *text, sw_status expected) {
    parsed p = {NULL, NULL};
    assert_int_equal(sw_diagnostics_create(&p.diagnostics), SW_OK);
    assert_int_equal(sw_sweep_parse(&p.sweep, text, strlen(text), "folder/file.json", p.diagnostics), expected);
    assert_int_equal(p.sweep == NULL, expected != SW_OK);
    return p;
}

static inline void discard(parsed *p) {
    sw_sweep_destroy(p->sweep);
    sw_diagnostics_destroy(p->diagnostics);
}

static inline void resolve(sw_run_config *config, const parsed *p, uint64_t k) {
    assert_int_equal(sw_sweep_resolve(p->sweep, k, config, NULL, NULL, p->diagnostics), SW_OK);
    assert_int_equal(sw_diagnostics_count(p->diagnostics), 0);
}
