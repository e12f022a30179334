/* lock.c: the sidecar lock. */
#include "store/lock.h"

#include "symsweep/clock.h"
#include "symsweep/fault.h"
#include "symsweep/file.h"
#include "symsweep/log.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const char marker[] = "symsweep lock ";
enum { TEXT_SIZE = 1024, HEARTBEAT_SECONDS = 10, STALE_SECONDS = 60 };

struct sw_lock {
    char *path; /* of the sidecar */
    int descriptor;
    sw_lock_holder self;
    double beaten; /* sw_clock_now of the last heartbeat */
    bool left;     /* by a writer that was killed */
};

/* ---- who ---- */

/* First line of a small file without its newline; "" when there is none. */
static void read_line(char *out, size_t capacity, const char *path) {
    out[0] = 0;
    FILE *file = fopen(path, "re");
    if (!file) return;
    if (!fgets(out, (int)capacity, file)) out[0] = 0;
    out[strcspn(out, "\n")] = 0;
    fclose(file);
}

/* Start time of a process in clock ticks since boot (field 22 of /proc/PID/stat); -1 = no such process. */
static int64_t process_start(int64_t pid) {
    char path[64], line[1024];
    snprintf(path, sizeof path, "/proc/%" PRId64 "/stat", pid);
    read_line(line, sizeof line, path);
    const char *field = strrchr(line, ')'); /* the command name may hold blanks */
    if (!field || field[1] == 0) return -1;
    if (field[2] == 'Z' || field[2] == 'X') return -1; /* dead, not yet reaped */
    int64_t start = -1;
    field++;
    for (int i = 3; i <= 22 && field; i++) {
        field = strchr(field, ' ');
        if (field) field++;
    }
    if (!field || sscanf(field, "%" SCNd64, &start) != 1) return -1;
    return start;
}

static void describe_self(sw_lock_holder *self) {
    memset(self, 0, sizeof *self);
    if (gethostname(self->host, sizeof self->host - 1) != 0) snprintf(self->host, sizeof self->host, "unknown");
    read_line(self->boot, sizeof self->boot, "/proc/sys/kernel/random/boot_id");
    const char *job = getenv("SLURM_JOB_ID");
    snprintf(self->job, sizeof self->job, "%s", job ? job : "");
    sw_clock_utc(self->since);
    self->pid = getpid();
    self->start = process_start(self->pid);
}

static bool same_holder(const sw_lock_holder *a, const sw_lock_holder *b) {
    return a->pid == b->pid && a->start == b->start && strcmp(a->host, b->host) == 0 && strcmp(a->boot, b->boot) == 0;
}

static bool is_gone(const sw_lock_holder *holder, const sw_lock_holder *self) {
    if (strcmp(holder->boot, self->boot) != 0) return true; /* the host has been started anew */
    return process_start(holder->pid) != holder->start;
}

/* ---- the text ---- */

static int format_text(char text[TEXT_SIZE], const sw_lock_holder *h) {
    return snprintf(text, TEXT_SIZE,
                    "%s1\nhost %s\nboot %s\npid %" PRId64 "\nstart %" PRId64 "\njob %s\nsince %s\ncounter %020" PRId64
                    "\n",
                    marker, h->host, h->boot, h->pid, h->start, h->job, h->since, h->counter);
}

/* The value after "key " at the start of a line. */
static bool find_value(char *out, size_t capacity, const char *text, const char *key) {
    char pattern[32];
    snprintf(pattern, sizeof pattern, "\n%s ", key);
    const char *at = strstr(text, pattern);
    if (!at) return false;
    at += strlen(pattern);
    const size_t length = strcspn(at, "\n");
    if (length >= capacity) return false;
    memcpy(out, at, length);
    out[length] = 0;
    return true;
}

/* Leaves *out alone when the text is not whole. */
static bool parse_text(sw_lock_holder *out, const char *text) {
    char pid[32], start[32], counter[32];
    sw_lock_holder holder = {0}, *h = &holder;
    if (!find_value(h->host, sizeof h->host, text, "host") || !find_value(h->boot, sizeof h->boot, text, "boot") ||
        !find_value(pid, sizeof pid, text, "pid") || !find_value(start, sizeof start, text, "start") ||
        !find_value(h->since, sizeof h->since, text, "since") || !find_value(counter, sizeof counter, text, "counter"))
        return false;
    if (!find_value(h->job, sizeof h->job, text, "job")) h->job[0] = 0;
    h->pid = strtoll(pid, NULL, 10);
    h->start = strtoll(start, NULL, 10);
    h->counter = strtoll(counter, NULL, 10);
    *out = holder;
    return true;
}

/* Who holds the sidecar; false = nobody that it tells of. */
static bool read_holder(sw_lock_holder *holder, const char *path) {
    char text[TEXT_SIZE] = "";
    struct stat info;
    const int descriptor = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC); /* a FIFO blocks */
    if (descriptor < 0) return false;
    const bool regular = fstat(descriptor, &info) == 0 && S_ISREG(info.st_mode);
    const ssize_t length = regular ? pread(descriptor, text, sizeof text - 1, 0) : 0;
    close(descriptor);
    if (length <= 0) return false;
    text[length] = 0;
    return parse_text(holder, text);
}

static sw_status write_text(sw_lock *lock) {
    char text[TEXT_SIZE];
    const int length = format_text(text, &lock->self), refused = sw_fault("store.lock.write");
    if (refused) return sw_fail(SW_E_IO, "%s: %s", lock->path, strerror(refused));
    if (pwrite(lock->descriptor, text, (size_t)length, 0) != length || ftruncate(lock->descriptor, length) != 0)
        return sw_fail(SW_E_IO, "%s: %s", lock->path, strerror(errno));
    lock->beaten = sw_clock_now();
    return SW_OK;
}

/* FILE.lock beside the file itself, by whatever links it was named; NULL = out of memory. */
static char *sidecar_of(const char *path) {
    char *real;
    const char *name = sw_file_resolve(&real, path) == SW_OK ? real : path;
    char *sidecar = malloc(strlen(name) + sizeof ".lock");
    if (sidecar) sprintf(sidecar, "%s.lock", name);
    free(real);
    return sidecar;
}

/* ---- taking ---- */

static sw_status busy(const char *path, const sw_lock_holder *h) {
    return sw_fail(SW_E_BUSY, "%s: another writer holds the results file: host %s, process %" PRId64 "%s%s, since %s",
                   path, h->host, h->pid, h->job[0] ? ", job " : "", h->job, h->since);
}

/* Is the writer that the text names still alive? On another host this takes up to a minute. */
static bool holder_lives(const char *path, const sw_lock_holder *holder, const sw_lock_holder *self) {
    if (strcmp(holder->host, self->host) == 0) return !is_gone(holder, self);
    sw_info("%s: written on host %s; waiting up to %d s to see whether that writer still lives", path, holder->host,
            STALE_SECONDS);
    const double from = sw_clock_now();
    while (sw_clock_now() - from < STALE_SECONDS + 1) {
        sw_lock_holder now;
        sw_clock_sleep(0.5);
        if (access(path, F_OK) != 0) return false; /* given back */
        if (!read_holder(&now, path)) continue;    /* caught between two states: a writer at work, or nobody */
        if (now.counter != holder->counter || !same_holder(&now, holder)) return true;
    }
    return false;
}

typedef enum flock_result { FLOCK_TAKEN, FLOCK_HELD, FLOCK_MISSING } flock_result;

/* Readers of the text never lock, so a held lock is a writer's; one that is just going gets half a second. */
static flock_result take_flock(int descriptor) {
    for (int attempt = 0;; attempt++) {
        if (flock(descriptor, LOCK_EX | LOCK_NB) == 0) return FLOCK_TAKEN;
        if (errno == EINTR) continue;
        if (errno != EWOULDBLOCK) return FLOCK_MISSING;
        if (attempt == 10) return FLOCK_HELD;
        sw_clock_sleep(0.05);
    }
}

/* Is the open sidecar still the file of that name? */
static bool is_same_file(int descriptor, const char *path) {
    struct stat mine, named;
    return fstat(descriptor, &mine) == 0 && lstat(path, &named) == 0 && mine.st_dev == named.st_dev &&
           mine.st_ino == named.st_ino;
}

/* Without flock two writers may find the same stale lock: whoever's text stands after a moment has it. */
static sw_status confirm(sw_lock *lock) {
    sw_lock_holder now = {.host = "unknown"};
    sw_clock_sleep(0.2);
    if (!read_holder(&now, lock->path) || !same_holder(&now, &lock->self)) return busy(lock->path, &now);
    return SW_OK;
}

static sw_status take(sw_lock *lock) {
    for (int attempt = 0; attempt < 10; attempt++) {
        sw_lock_holder holder = {.host = "unknown"};
        const int refused = sw_fault("store.lock.open");
        if (refused) return sw_fail(SW_E_IO, "%s: %s", lock->path, strerror(refused));
        const sw_status opened = sw_file_open_own(&lock->descriptor, lock->path, marker, O_RDWR | O_CREAT);
        if (opened != SW_OK) return opened;
        const flock_result taken = take_flock(lock->descriptor);
        const bool named = read_holder(&holder, lock->path);
        if (taken == FLOCK_HELD) return busy(lock->path, &holder);
        if (taken == FLOCK_TAKEN && !is_same_file(lock->descriptor, lock->path)) { /* its holder removed it meanwhile */
            close(lock->descriptor);
            lock->descriptor = -1;
            continue;
        }
        if (named && holder_lives(lock->path, &holder, &lock->self)) return busy(lock->path, &holder);
        lock->left = named;
        const sw_status status = write_text(lock);
        if (status != SW_OK && taken == FLOCK_TAKEN) unlink(lock->path);
        if (status != SW_OK || taken == FLOCK_TAKEN) return status;
        return confirm(lock);
    }
    return sw_fail(SW_E_BUSY, "%s: comes and goes: other writers start and end", lock->path);
}

sw_status sw_lock_take(sw_lock **out, const char *path) {
    *out = NULL;
    sw_lock *lock = calloc(1, sizeof *lock);
    if (lock) lock->path = sidecar_of(path);
    if (!lock || !lock->path) {
        free(lock);
        return sw_fail(SW_E_MEMORY, "lock of %s", path);
    }
    lock->descriptor = -1;
    describe_self(&lock->self);
    const sw_status status = take(lock);
    if (status != SW_OK) {
        if (lock->descriptor >= 0) close(lock->descriptor);
        free(lock->path);
        free(lock);
        return status;
    }
    *out = lock;
    return SW_OK;
}

sw_status sw_lock_heartbeat(sw_lock *lock) {
    sw_lock_holder now;
    if (sw_clock_now() - lock->beaten < HEARTBEAT_SECONDS) return SW_OK;
    if (read_holder(&now, lock->path) && !same_holder(&now, &lock->self)) return busy(lock->path, &now);
    lock->self.counter++;
    return write_text(lock);
}

void sw_lock_release(sw_lock *lock) {
    if (!lock) return;
    if (is_same_file(lock->descriptor, lock->path)) unlink(lock->path);
    close(lock->descriptor);
    free(lock->path);
    free(lock);
}

bool sw_lock_was_left(const sw_lock *lock) { return lock->left; }

bool sw_lock_is_held(const char *path, sw_lock_holder *holder) {
    sw_lock_holder self;
    struct stat info;
    char *sidecar = sidecar_of(path);
    bool held = sidecar && read_holder(holder, sidecar);
    describe_self(&self);
    if (held && strcmp(holder->host, self.host) == 0)
        held = !is_gone(holder, &self);
    else if (held)
        held = stat(sidecar, &info) == 0 && time(NULL) - info.st_mtime < STALE_SECONDS;
    free(sidecar);
    return held;
}
