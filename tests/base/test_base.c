/* test_base.c: status, arena, clock, JSON writer and the metric descriptions. */
#include "symsweep/abbreviate.h"
#include "symsweep/arena.h"
#include "symsweep/clock.h"
#include "symsweep/json.h"
#include "symsweep/record.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void messages_keep_the_fault_and_gain_context(void **state) {
    (void)state;
    assert_int_equal(sw_fail(SW_E_IO, "cannot read %s", "x"), SW_E_IO);
    assert_int_equal(sw_fail_in(SW_E_IO, "row %d", 17), SW_E_IO);
    assert_string_equal(sw_fail_message(), "row 17: cannot read x");
    sw_fail(SW_E_IO, "again %s", sw_fail_message());
    assert_string_equal(sw_fail_message(), "again row 17: cannot read x");
    char longer[3000];
    memset(longer, 'a', sizeof longer);
    longer[sizeof longer - 1] = '\0';
    sw_fail(SW_E_IO, "%s", longer);
    sw_fail_in(SW_E_IO, "%s", longer);
    assert_int_equal(strlen(sw_fail_message()), SW_MESSAGE_MAX - 1);
    sw_fail_clear();
    assert_string_equal(sw_fail_message(), "");
}

static void arena_gives_aligned_zeroed_memory(void **state) {
    (void)state;
    sw_arena *arena = NULL;
    assert_int_equal(sw_arena_create(&arena), SW_OK);
    unsigned char *a = sw_arena_alloc(arena, 100, 3), *empty = sw_arena_alloc(arena, 0, 8);
    assert_non_null(a);
    assert_non_null(empty);
    assert_int_equal((uintptr_t)a % 64, 0);
    for (int i = 0; i < 300; i++) assert_int_equal(a[i], 0);
    assert_true(sw_arena_bytes(arena) >= 300);
    assert_null(sw_arena_alloc(arena, SIZE_MAX / 2, 8));
    assert_non_null(strstr(sw_fail_message(), "more than memory"));
    sw_arena_destroy(arena);
    sw_arena_destroy(NULL);
}

static void durations(void **state) {
    (void)state;
    static const struct {
        const char *text;
        double seconds;
    } good[] = {{"90m", 5400}, {"3600s", 3600},        {"3600", 3600},      {"2h", 7200},    {"1.5h", 5400},
                {"1d", 86400}, {"1-12:00:00", 129600}, {"12:00:00", 43200}, {"30:00", 1800}, {"2-6", 194400},
                {"0", 0}};
    static const char *const bad[] = {"", "abc", "-5", "5x", "1:2:3:4", "inf", "nan", "1-", "5m3", " 5", "1--2"};
    double seconds;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_int_equal(sw_clock_parse_duration(&seconds, good[i].text), SW_OK);
        assert_true(seconds == good[i].seconds);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(sw_clock_parse_duration(&seconds, bad[i]), SW_E_USAGE);
    char text[32];
    sw_clock_format(text, 252);
    assert_string_equal(text, "4m 12s");
    sw_clock_format(text, NAN);
    assert_string_equal(text, "-");
    sw_clock_format(text, 93600);
    assert_string_equal(text, "1d 02h");
}

static void json_is_escaped_and_separated(void **state) {
    (void)state;
    sw_json *json = NULL;
    assert_int_equal(sw_json_create(&json), SW_OK);
    sw_json_begin_object(json);
    sw_json_member_string(json, "a\"b", "x\n\\\x01");
    sw_json_member_array(json, "n");
    sw_json_number(json, 0.1);
    sw_json_number(json, NAN);
    sw_json_integer(json, INT64_MIN);
    sw_json_bool(json, true);
    sw_json_begin_object(json);
    sw_json_end_object(json);
    sw_json_string(json, NULL);
    sw_json_end_array(json);
    sw_json_end_object(json);
    assert_string_equal(sw_json_text(json),
                        "{\"a\\\"b\":\"x\\n\\\\\\u0001\",\"n\":[0.1,null,-9223372036854775808,true,{},null]}");
    sw_json_destroy(json);
}

static void numbers_read_back(void **state) {
    (void)state;
    const double values[] = {0.1, 1e-5, 3, 1e300, 1.0 / 3, -0.0, 5e-324, 123456789012345678.0};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        char text[32];
        sw_json_format_number(text, values[i]);
        assert_true(strtod(text, NULL) == values[i]);
    }
    char text[32];
    sw_json_format_number(text, 0.1);
    assert_string_equal(text, "0.1");
}

static void metrics_are_described_once(void **state) {
    (void)state;
    for (int m = 0; m < SW_METRIC_COUNT; m++) {
        const sw_metric *metric = sw_record_metric(m);
        assert_true(metric->definition[0] && metric->long_name[0] && metric->units[0]);
        for (int k = 0; k < m; k++) {
            const sw_metric *other = sw_record_metric(k);
            assert_false(strcmp(metric->group, other->group) == 0 && strcmp(metric->name, other->name) == 0);
        }
    }
    assert_string_equal(sw_record_metric(SW_METRIC_OF_FAMILY(SW_FAMILY_TRIANGLE, SW_FAMILY_MAX))->group,
                        "symmetry/triangle");
}

static void long_texts_stay_apart(void **state) {
    (void)state;
    char one[600], other[600], a[128], b[128];
    sw_abbreviate_text(a, sizeof a, "short");
    assert_string_equal(a, "short");
    memset(one, 'x', sizeof one);
    one[127] = '\0';
    sw_abbreviate_text(a, sizeof a, one);
    assert_string_equal(a, one); /* what fits is not touched */
    one[127] = 'x';
    one[599] = '\0';
    memcpy(other, one, sizeof other);
    for (size_t i = 0; i < 599; i++) { /* whichever byte differs */
        other[i] = 'y';
        sw_abbreviate_text(a, sizeof a, one);
        sw_abbreviate_text(b, sizeof b, other);
        assert_string_not_equal(a, b);
        assert_true(strlen(a) == 127 && strlen(b) == 127 && strstr(a, "...") && strchr(a, '#'));
        other[i] = 'x';
    }
    for (size_t shift = 0; shift < 3; shift++) { /* characters stay whole: three bytes each, every cut begins one */
        one[0] = '\0';
        for (size_t i = 0; i < shift; i++) strcat(one, "-");
        for (size_t i = 0; i < 100; i++) strcat(one, "\xe2\x82\xac");
        sw_abbreviate_text(a, sizeof a, one);
        const char *gap = strstr(a, "...");
        assert_int_equal((size_t)(gap - a - (ptrdiff_t)shift) % 3, 0);
        assert_memory_equal(gap + 3, "\xe2\x82\xac", 3);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_keep_the_fault_and_gain_context),
        cmocka_unit_test(arena_gives_aligned_zeroed_memory),
        cmocka_unit_test(durations),
        cmocka_unit_test(json_is_escaped_and_separated),
        cmocka_unit_test(numbers_read_back),
        cmocka_unit_test(metrics_are_described_once),
        cmocka_unit_test(long_texts_stay_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
