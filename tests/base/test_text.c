/* test_text.c: text of files and users on a terminal, and in JSON. */
#include "symsweep/json.h"
#include "symsweep/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static const struct {
    const char *text, *shown;
    int columns;
} cases[] = {
    {"", "", 0},
    {"weight=0.1", "weight=0.1", 10},
    {"f\xc3\xbcnf \xe2\x96\x87", "f\xc3\xbcnf \xe2\x96\x87", 6},
    {"\\frac{$x^2$}", "\\frac{$x^2$}", 12},
    {"a\x1b[31m", "a\\x1b[31m", 9},
    {"a\nb\tc\r\x07\x7f", "a\\nb\\tc\\r\\x07\\x7f", 17},
    {"\xc2\x9b"
     "31m",
     "\\u009b31m", 9}, /* CSI in one character */
    {"\xe2\x80\xa8\xe2\x80\xae\xe2\x81\xa6", "\\u2028\\u202e\\u2066", 18},
    {"\xef\xbb\xbfx", "\\ufeffx", 7},
    {"\xf3\xa0\x80\x81", "\\U000e0001", 10},
    {"\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80", 1},
    {"\xff\xc0\x80\xed\xa0\x80", "\\xff\\xc0\\x80\\xed\\xa0\\x80", 24}, /* overlong, half a pair */
    {"\xe2\x82", "\\xe2\\x82", 8},                                      /* cut short */
};

static void what_moves_a_terminal_is_shown(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char shown[64];
        assert_string_equal(sw_text_escape(shown, sizeof shown, cases[i].text), cases[i].shown);
        assert_int_equal(sw_text_columns(cases[i].text), cases[i].columns);
    }
}

static void an_escape_is_whole_or_left_out(void **state) {
    (void)state;
    char small[6];
    assert_string_equal(sw_text_escape(small, sizeof small, "ab\x1b"), "ab");
    assert_string_equal(sw_text_escape(small, sizeof small, "a\x1b"), "a\\x1b");
    assert_string_equal(sw_text_escape(small, 3, "\xe2\x96\x87x"), "");
    assert_string_equal(sw_text_escape(small, 1, "a"), "");
}

/* What a call prints, in a malloc'ed text. */
static char *stream_text;
static size_t stream_size;

static FILE *begin(void) { return open_memstream(&stream_text, &stream_size); }

static void expect(FILE *out, const char *wanted) {
    fclose(out);
    assert_string_equal(stream_text, wanted);
    free(stream_text);
}

static void printing(void **state) {
    (void)state;
    FILE *out = begin();
    assert_int_equal(sw_text_print(out, "a\x1b"
                                        "b"),
                     6);
    assert_int_equal(sw_text_print_part(out, "xyz\n", 2), 2);
    expect(out, "a\\x1bbxy");
    out = begin();
    assert_int_equal(sw_text_print_cut(out, "abcdef", 6), 6);
    assert_int_equal(sw_text_print_cut(out, "abcdef", 4), 4);
    assert_int_equal(sw_text_print_cut(out,
                                       "ab\x1b"
                                       "def",
                                       5),
                     3); /* the escape has no room */
    expect(out, "abcdefabc\xe2\x80\xa6"
                "ab\xe2\x80\xa6");
    out = begin();
    sw_text_printf(out, "%s: %d\n", "two\nlines", 7);
    sw_text_printf(out, "%s", "end\n"); /* a line's end of a value is one of its characters */
    expect(out, "two\\nlines: 7\nend\\n");
    char longer[5000];
    memset(longer, 'a', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    out = begin();
    assert_int_equal(sw_text_printf(out, "%s", longer), sizeof longer - 1);
    expect(out, longer);
}

static void json_stays_json(void **state) {
    (void)state;
    sw_json *json;
    assert_int_equal(sw_json_create(&json), SW_OK);
    sw_json_string(json, "\xc3\xbc\xff\x1b\xe2\x80\xae\x7f");
    assert_string_equal(sw_json_text(json), "\"\xc3\xbc\\ufffd\\u001b\xe2\x80\xae\\u007f\"");
    FILE *out = begin();
    sw_text_print_json(out, sw_json_text(json));
    sw_text_print_json(out, "{\n\"\xf3\xa0\x80\x81\": \"\xc2\x85\xff\"}\n");
    expect(out, "\"\xc3\xbc\\ufffd\\u001b\\u202e\\u007f\"{\n\"\\udb40\\udc01\": \"\\u0085\\ufffd\"}\n");
    sw_json_destroy(json);
    assert_true(sw_text_is_line("f\xc3\xbc\xc2\x9bnf"));
    assert_false(sw_text_is_line("a\nb"));
    assert_false(sw_text_is_line("a\xff"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_moves_a_terminal_is_shown),
        cmocka_unit_test(an_escape_is_whole_or_left_out),
        cmocka_unit_test(printing),
        cmocka_unit_test(json_stays_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
