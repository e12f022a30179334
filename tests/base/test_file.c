/* test_file.c: files that are made or replaced, and what stands in their place. */
#include "symsweep/file.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

static const char marker[] = "mark of ours";
static char folder[64], path[128], side[128], victim[128];

static void put(const char *name, const char *text, size_t length) {
    const int descriptor = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    assert_int_equal(write(descriptor, text, length), length);
    close(descriptor);
}

static void expect(const char *name, const char *text) {
    char *held;
    size_t length;
    assert_int_equal(sw_file_read(&held, &length, name, 1000, NULL), SW_OK);
    assert_string_equal(held, text);
    free(held);
}

static int make_folder(void **state) {
    (void)state;
    strcpy(folder, "/tmp/symsweep-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/file", folder);
    snprintf(side, sizeof side, "%s/file.new", folder);
    snprintf(victim, sizeof victim, "%s/victim", folder);
    put(victim, "diary", 5);
    return 0;
}

static int remove_folder(void **state) {
    (void)state;
    expect(victim, "diary");
    unlink(victim);
    unlink(path);
    unlink(side);
    rmdir(side);
    assert_int_equal(rmdir(folder), 0);
    return 0;
}

static void what_is_not_ours_is_in_the_way(void **state) {
    (void)state;
    for (int kind = 0; kind < 5; kind++) {
        sw_file file;
        if (kind == 0) assert_int_equal(symlink(victim, side), 0);
        if (kind == 1) assert_int_equal(symlink("nowhere", side), 0);
        if (kind == 2) assert_int_equal(mkfifo(side, 0666), 0);
        if (kind == 3) assert_int_equal(mkdir(side, 0777), 0);
        if (kind == 4) put(side, "mine", 4);
        assert_int_equal(sw_file_begin(&file, path, ".new", marker, NULL), SW_E_IO);
        assert_non_null(strstr(sw_fail_message(), "file.new is in the way"));
        assert_int_equal(sw_file_check_own(side, marker), SW_E_IO);
        assert_int_equal(errno, EEXIST);
        struct stat info;
        assert_int_equal(lstat(side, &info), 0);
        if (kind == 4) expect(side, "mine");
        if (kind == 3) rmdir(side);
        if (kind != 3) unlink(side);
    }
}

static void what_a_kill_left_is_replaced(void **state) {
    (void)state;
    static const char zeros[100];
    const struct {
        const char *text;
        size_t length;
    } left[] = {{"", 0}, {"mark of ours, and more", 22}, {"mark", 4}, {zeros, sizeof zeros}};
    for (size_t i = 0; i < sizeof left / sizeof left[0]; i++) {
        sw_file file;
        put(side, left[i].text, left[i].length);
        assert_int_equal(sw_file_begin(&file, path, ".new", marker, NULL), SW_OK);
        sw_file_put(&file, "new", 3);
        assert_int_equal(sw_file_commit(&file, false), SW_OK);
        expect(path, "new");
        assert_int_equal(access(side, F_OK), -1);
    }
}

static void links_lead_to_what_is_to_be_made(void **state) {
    (void)state;
    char *found, wanted[4096];
    char second[128], third[128];
    snprintf(second, sizeof second, "%s/second", folder);
    snprintf(third, sizeof third, "%s/third", folder);
    assert_int_equal(symlink("second", third), 0);
    assert_int_equal(symlink(path, second), 0);
    assert_int_equal(sw_file_resolve(&found, third), SW_OK);
    assert_string_equal(found, path);
    free(found);
    assert_int_equal(sw_file_resolve(&found, victim), SW_OK);
    assert_string_equal(found, realpath(victim, wanted) ? victim : "");
    free(found);
    FILE *out;
    char *made;
    assert_int_equal(sw_file_create(&out, &made, third), SW_OK);
    assert_string_equal(made, path);
    fclose(out);
    free(made);
    assert_true(sw_file_is_same(third, path));
    assert_false(sw_file_is_same(third, victim));
    assert_int_equal(sw_file_create(&out, &made, third), SW_E_IO);
    assert_int_equal(sw_file_create(&out, &made, "/dev/null"), SW_OK);
    assert_null(made);
    fclose(out);
    unlink(second);
    assert_int_equal(symlink("third", second), 0);
    assert_int_equal(sw_file_resolve(&found, third), SW_E_IO); /* in a circle */
    unlink(second);
    unlink(third);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_not_ours_is_in_the_way, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(what_a_kill_left_is_replaced, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(links_lead_to_what_is_to_be_made, make_folder, remove_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
