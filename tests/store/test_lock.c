/* test_lock.c: the sidecar lock: one writer, refused by name; stale locks give way. */
#include "cmocka_support.h"

#include "store/lock.h"
#include "symsweep/clock.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>

/* In one write, as a writer does: a reader never finds half of it. */
static void write_sidecar(const char *path, const char *host, const char *boot, long pid, long start, int counter) {
    char sidecar[160], text[512];
    snprintf(sidecar, sizeof sidecar, "%s.lock", path);
    const int length = snprintf(text, sizeof text,
                                "symsweep lock 1\nhost %s\nboot %s\npid %ld\nstart %ld\njob 4711\n"
                                "since 2026-01-01T00:00:00Z\ncounter %020d\n",
                                host, boot, pid, start, counter);
    const int descriptor = open(sidecar, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
    assert_true(descriptor >= 0);
    assert_int_equal(pwrite(descriptor, text, (size_t)length, 0), length);
    assert_int_equal(ftruncate(descriptor, length), 0);
    close(descriptor);
}

static void read_boot(char boot[64]) {
    FILE *file = fopen("/proc/sys/kernel/random/boot_id", "r");
    assert_non_null(fgets(boot, 64, file));
    boot[strcspn(boot, "\n")] = 0;
    fclose(file);
}

static void test_second_writer(void **state) {
    const char *path = ((place *)*state)->path;
    char self[32], sidecar[160];
    sw_lock *first, *second;
    sw_lock_holder holder;
    assert_ok(sw_lock_take(&first, path));
    assert_int_equal(sw_lock_take(&second, path), SW_E_BUSY);
    snprintf(self, sizeof self, "process %d", (int)getpid());
    assert_non_null(strstr(sw_fail_message(), self));
    assert_true(sw_lock_is_held(path, &holder));
    assert_int_equal(holder.pid, getpid());
    assert_ok(sw_lock_heartbeat(first));
    sw_lock_release(first);
    snprintf(sidecar, sizeof sidecar, "%s.lock", path);
    assert_int_equal(access(sidecar, F_OK), -1);
    assert_false(sw_lock_is_held(path, &holder));
    assert_ok(sw_lock_take(&second, path));
    sw_lock_release(second);
}

/* A writer that was killed, and a process number that has another owner by now, hold nothing up. */
static void test_dead_writer(void **state) {
    const char *path = ((place *)*state)->path;
    char host[256], boot[64];
    sw_lock *lock;
    sw_lock_holder holder;
    const pid_t child = fork();
    if (child == 0) {
        if (sw_lock_take(&lock, path)) _exit(1);
        raise(SIGKILL);
    }
    int code;
    waitpid(child, &code, 0);
    assert_true(WIFSIGNALED(code));
    assert_false(sw_lock_is_held(path, &holder));
    assert_ok(sw_lock_take(&lock, path));
    sw_lock_release(lock);

    gethostname(host, sizeof host);
    read_boot(boot);
    write_sidecar(path, host, boot, (long)getpid(), 1, 3); /* our number, another start */
    assert_ok(sw_lock_take(&lock, path));
    sw_lock_release(lock);
    write_sidecar(path, host, "0-an-earlier-boot", (long)getpid(), 1, 3);
    assert_ok(sw_lock_take(&lock, path));
    sw_lock_release(lock);
}

/* A writer on another host lives as long as its counter moves. */
static void test_other_host(void **state) {
    const char *path = ((place *)*state)->path;
    sw_lock *lock;
    sw_lock_holder holder;
    write_sidecar(path, "node-17", "its-boot", 99, 5, 3);
    assert_true(sw_lock_is_held(path, &holder));
    assert_string_equal(holder.host, "node-17");
    const pid_t child = fork();
    if (child == 0) {
        char sidecar[160];
        snprintf(sidecar, sizeof sidecar, "%s.lock", path);
        sw_clock_sleep(0.7);
        if (truncate(sidecar, 0)) _exit(1); /* torn for a second: not taken for the end of that writer */
        sw_clock_sleep(1);
        write_sidecar(path, "node-17", "its-boot", 99, 5, 4);
        _exit(0);
    }
    assert_int_equal(sw_lock_take(&lock, path), SW_E_BUSY);
    assert_non_null(strstr(sw_fail_message(), "host node-17, process 99, job 4711"));
    waitpid(child, NULL, 0);
    if (getenv("SYMSWEEP_LONG")) { /* a minute without a sign of life */
        assert_ok(sw_lock_take(&lock, path));
        sw_lock_release(lock);
    }
}

/* A torn or foreign sidecar says nothing: flock alone decides. */
static void test_garbage(void **state) {
    const char *path = ((place *)*state)->path;
    char sidecar[160];
    sw_lock *lock;
    snprintf(sidecar, sizeof sidecar, "%s.lock", path);
    FILE *file = fopen(sidecar, "w");
    fputs("symsweep lock 1\nhost nod", file);
    fclose(file);
    assert_ok(sw_lock_take(&lock, path));
    sw_lock_release(lock);
}

/* Whoever takes the lock over is noticed at the next heartbeat, 10 s after the last. */
static void test_taken_over(void **state) {
    const char *path = ((place *)*state)->path;
    sw_lock *lock;
    if (!getenv("SYMSWEEP_LONG")) skip();
    assert_ok(sw_lock_take(&lock, path));
    write_sidecar(path, "node-17", "its-boot", 99, 5, 3);
    sw_clock_sleep(10.5);
    assert_int_equal(sw_lock_heartbeat(lock), SW_E_BUSY);
    sw_lock_release(lock);
}

int main(void) {
    const struct CMUnitTest tests[] = {in_place(test_second_writer), in_place(test_dead_writer),
                                       in_place(test_other_host), in_place(test_garbage), in_place(test_taken_over)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
