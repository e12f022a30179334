/* relay.c: a worker rank between the master and its trainer. */
#include "farm/relay.h"

#include "farm/child.h"
#include "farm/inbox.h"
#include "farm/outbox.h"
#include "farm/signals.h"
#include "farm/wire.h"
#include "symsweep/clock.h"
#include "symsweep/log.h"

#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MASTER = 0, OUTBOX_MESSAGES = 64, OUTBOX_BYTES = 64 << 20, FRUITLESS_STARTS = 10 };

/* Frames that are sent as one message: small enough to go at once, without the receiver's help (vader: 4096 bytes,
 * header included). */
enum { MESSAGE_BYTES = 4000 };

/* Milliseconds between two looks at MPI: short after traffic, doubled while nothing comes. */
enum { SHORTEST_PAUSE = 1, LONGEST_PAUSE_IDLE = 20, LONGEST_PAUSE_SENDING = 8, LONGEST_PAUSE_TRAINING = 200 };

static const double HALT_SECONDS = 10;    /* a trainer stopped by a signal for so long is replaced */
static const double FAREWELL_SECONDS = 5; /* for a trainer to end after QUIT */
static const double RESTART_SECONDS = 0.02, RESTART_SECONDS_MAX = 5; /* doubled with every fruitless start */

typedef struct relay {
    sw_outbox *outbox;
    sw_inbox *inbox;
    sw_child child;
    sw_wire_reader reader;  /* from the trainer */
    unsigned char *backlog; /* for the trainer, what its socket did not take yet */
    size_t backlog_size, backlog_capacity;
    sw_wire_buffer buffer;
    uint16_t generation;
    int fruitless; /* trainers in a row that died before they began a run */
    bool training, retired, stopping, stop_wanted, quit;
    double start_at; /* when to start a trainer; INFINITY: there is one, or there shall be none */
    int64_t exit_code;
    double silence_limit, silent, halted; /* seconds, counted while this process runs too */
    int pause;
} relay;

/* ---- to the master ---- */

static sw_status report(relay *self, sw_wire_tag tag, const void *payload, size_t size) {
    sw_status status = sw_wire_encode(&self->buffer, tag, -1, payload, size);
    return status == SW_OK ? sw_outbox_send(self->outbox, MASTER, self->buffer.data, self->buffer.size) : status;
}

/* ---- the trainer's life ---- */

static void describe_end(char *out, size_t capacity, const sw_child_end *end, int deaths) {
    snprintf(out, capacity, "%d in a row died before they began a run, the last by %s %d", deaths,
             end->signal != 0 ? "signal" : "exit code", end->signal != 0 ? end->signal : end->exit_code);
}

/* Whatever was under way for the trainer is lost; says so. */
static sw_status report_lost(relay *self, const sw_wire_lost *lost) {
    self->generation++;
    self->backlog_size = 0;
    if (lost->retired) {
        self->retired = true;
        self->start_at = INFINITY;
    }
    return report(self, SW_WIRE_LOST, lost, sizeof *lost);
}

/* The trainer is gone: another is started in a moment, unless that has become pointless: those that die before they
 * begin a run would do so for ever. */
static sw_status replace_trainer(relay *self, const sw_child_end *end, int hung) {
    sw_wire_lost lost = {
        .signal = end->signal, .exit_code = end->exit_code, .hung = hung, .peak_memory = end->peak_memory};
    sw_child_close(&self->child);
    sw_wire_reader_release(&self->reader);
    self->training = false;
    double pause = fmin(RESTART_SECONDS_MAX, self->fruitless > 0 ? RESTART_SECONDS * exp2(self->fruitless) : 0);
    self->start_at = self->stopping ? INFINITY : sw_clock_now() + pause;
    self->fruitless++;
    if (self->fruitless >= FRUITLESS_STARTS) {
        describe_end(lost.detail, sizeof lost.detail, end, self->fruitless);
        lost.retired = 1;
    }
    sw_status status = report_lost(self, &lost);
    if (status == SW_OK && self->stopping) status = report(self, SW_WIRE_STOPPED, NULL, 0);
    return status;
}

static sw_status start_if_due(relay *self, double now) {
    if (now < self->start_at) return SW_OK;
    self->start_at = INFINITY;
    self->silent = self->halted = 0;
    if (sw_child_start(&self->child) == SW_OK) return SW_OK;
    sw_wire_lost lost = {.retired = 1};
    snprintf(lost.detail, sizeof lost.detail, "%.255s", sw_fail_message());
    return report_lost(self, &lost);
}

static sw_status kill_trainer(relay *self, int hung) {
    sw_child_end end;
    sw_child_reap(&self->child, 0, &end);
    return replace_trainer(self, &end, hung);
}

/* ---- from the trainer ---- */

/* What the frames, all of them whole, tell of the trainer's life. */
static void note_passing(relay *self, const void *frames, size_t size) {
    for (size_t at = 0; at < size;) {
        const sw_wire_header *header = (const void *)((const char *)frames + at);
        if (header->tag == SW_WIRE_BEGIN) {
            self->training = true;
            self->fruitless = 0;
        }
        if (header->tag == SW_WIRE_FINISH) self->training = false;
        at += sw_wire_frame_size(header);
    }
    self->silent = 0;
}

static sw_status pass_to_master(relay *self, bool *moved) {
    const void *frames;
    size_t size;
    while (!sw_outbox_full(self->outbox)) {
        sw_status status = sw_wire_reader_batch(&self->reader, MESSAGE_BYTES, &frames, &size);
        if (status != SW_OK || frames == NULL) return status;
        note_passing(self, frames, size);
        status = sw_outbox_send(self->outbox, MASTER, frames, size);
        if (status != SW_OK) return status;
        *moved = true;
    }
    return SW_OK;
}

/* Reads and passes on what the trainer has written, as far as messages may be on their way; *end = nothing more comes.
 */
static sw_status read_trainer(relay *self, bool *moved, bool *end) {
    *end = false;
    for (;;) {
        sw_status status = pass_to_master(self, moved);
        if (status != SW_OK || self->child.socket < 0 || sw_outbox_full(self->outbox)) return status;
        ssize_t got;
        status = sw_wire_reader_fill(&self->reader, self->child.socket, false, &got);
        *end = status == SW_OK && got < 0;
        if (status != SW_OK || got <= 0) return status;
    }
}

/* ---- to the trainer ---- */

static void write_trainer(relay *self, bool *moved) {
    size_t done = 0;
    while (done < self->backlog_size && self->child.socket >= 0) {
        ssize_t sent =
            send(self->child.socket, self->backlog + done, self->backlog_size - done, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent < 0) break; /* full, or its reader is gone, which the reading side finds out */
        done += (size_t)sent;
        *moved = true;
    }
    if (done > 0) memmove(self->backlog, self->backlog + done, self->backlog_size - done);
    self->backlog_size -= done;
}

static sw_status queue_for_trainer(relay *self, const void *frame, size_t size) {
    size_t need = self->backlog_size + size;
    if (need > self->backlog_capacity) {
        unsigned char *data = realloc(self->backlog, 2 * need);
        if (data == NULL) return sw_fail(SW_E_MEMORY, "no memory for messages to the trainer");
        self->backlog = data;
        self->backlog_capacity = 2 * need;
    }
    memcpy(self->backlog + self->backlog_size, frame, size);
    self->backlog_size = need;
    return SW_OK;
}

static sw_status take_from_master(relay *self, bool *moved) {
    for (;;) {
        int rank;
        const void *frame;
        size_t size;
        sw_status status = sw_inbox_take(self->inbox, &rank, &frame, &size);
        if (status != SW_OK || rank < 0) return status;
        *moved = true;
        sw_wire_message message;
        status = sw_wire_decode(&message, frame, size);
        if (status != SW_OK) return status;
        if (message.tag == SW_WIRE_QUIT) {
            self->quit = true;
            self->exit_code = message.body.quit->exit_code;
        }
        if (message.tag == SW_WIRE_STOP) {
            self->stopping = true;
            self->start_at = INFINITY;
            if (self->child.pid == 0) return report(self, SW_WIRE_STOPPED, NULL, 0);
        } else if (((const sw_wire_header *)frame)->generation != self->generation) {
            continue; /* meant for a trainer that is no more: the master has its runs back */
        }
        if (message.tag == SW_WIRE_ASSIGN) self->silence_limit = message.body.assign->silence;
        if (!self->retired) status = queue_for_trainer(self, frame, size);
        if (status != SW_OK) return status;
    }
}

/* ---- time ---- */

/* `span` seconds have passed. A job that was suspended as a whole does not count its own sleep. */
static sw_status watch_trainer(relay *self, double span) {
    sw_child_end end;
    bool moved = false, closed = false;
    if (self->child.pid == 0) return SW_OK;
    if (sw_child_ended(&self->child, &end)) {
        sw_status status = SW_OK;
        while (status == SW_OK && !closed) { /* what it wrote before comes first */
            status = sw_outbox_progress(self->outbox);
            if (status == SW_OK) status = read_trainer(self, &moved, &closed);
            if (status == SW_OK && !closed) sw_clock_sleep(0.001);
        }
        if (status != SW_OK && status != SW_E_PROTOCOL) return status;
        return replace_trainer(self, &end, 0);
    }
    if (sw_outbox_full(self->outbox)) return SW_OK; /* it may be waiting for us */
    span = fmin(span, 0.5);
    self->halted = self->child.halted ? self->halted + span : 0;
    self->silent = self->training ? self->silent + span : 0;
    if (self->halted > HALT_SECONDS) return kill_trainer(self, 2);
    if (self->training && self->silent > self->silence_limit) return kill_trainer(self, 1);
    return SW_OK;
}

static void sleep_a_while(relay *self, bool moved) {
    int longest = !sw_outbox_empty(self->outbox) ? LONGEST_PAUSE_SENDING
                  : self->training               ? LONGEST_PAUSE_TRAINING
                                                 : LONGEST_PAUSE_IDLE;
    self->pause = moved ? SHORTEST_PAUSE : self->pause * 2;
    if (self->pause > longest) self->pause = longest;
    struct pollfd fd = {.fd = self->child.socket}; /* negative: poll ignores it */
    if (!sw_outbox_full(self->outbox)) fd.events |= POLLIN;
    if (self->backlog_size > 0) fd.events |= POLLOUT;
    if (fd.events == 0) fd.fd = -1;
    poll(&fd, 1, self->pause);
}

static sw_status turn(relay *self, double now, double span) {
    bool moved = false, end = false;
    sw_status status = sw_outbox_progress(self->outbox);
    if (status == SW_OK) status = start_if_due(self, now);
    if (status == SW_OK) status = take_from_master(self, &moved);
    if (status != SW_OK) return status;
    write_trainer(self, &moved);
    status = read_trainer(self, &moved, &end);
    if (status == SW_E_PROTOCOL) { /* its memory is broken */
        sw_warn("trainer sent garbage and is replaced: %s", sw_fail_message());
        return kill_trainer(self, 0);
    }
    if (status == SW_OK && end) { /* its end of the socket closes when it dies, a moment before it can be waited for */
        sw_child_end how;
        sw_child_reap(&self->child, 1, &how);
        status = replace_trainer(self, &how, 0);
        moved = true;
    }
    if (status == SW_OK) status = watch_trainer(self, span);
    if (status == SW_OK && sw_signals_count() > 0 && !self->stop_wanted) {
        self->stop_wanted = true;
        status = report(self, SW_WIRE_STOP_WANTED, NULL, 0);
    }
    if (status == SW_OK && !self->quit) sleep_a_while(self, moved);
    return status;
}

/* ---- the whole ---- */

static void dismiss_trainer(relay *self) {
    bool moved;
    sw_child_end end;
    if (self->child.pid == 0) return;
    write_trainer(self, &moved); /* QUIT, at last */
    sw_child_close(&self->child);
    sw_child_reap(&self->child, FAREWELL_SECONDS, &end);
}

static sw_status say_bye(relay *self) {
    sw_status status = report(self, SW_WIRE_BYE, NULL, 0);
    while (status == SW_OK && !sw_outbox_empty(self->outbox)) {
        status = sw_outbox_progress(self->outbox);
        sw_clock_sleep(0.001);
    }
    return status;
}

sw_status sw_relay_run(int *exit_code) {
    relay self = {.child = {.socket = -1}, .silence_limit = INFINITY, .pause = SHORTEST_PAUSE};
    sw_status status = sw_outbox_create(&self.outbox, OUTBOX_MESSAGES, OUTBOX_BYTES);
    if (status == SW_OK) status = sw_inbox_create(&self.inbox);
    double before = sw_clock_now();
    while (status == SW_OK && !self.quit) {
        double now = sw_clock_now();
        status = turn(&self, now, now - before);
        before = now;
    }
    dismiss_trainer(&self);
    if (status == SW_OK) status = say_bye(&self);
    *exit_code = (int)self.exit_code;
    sw_outbox_destroy(self.outbox);
    sw_inbox_destroy(self.inbox);
    sw_wire_reader_release(&self.reader);
    sw_wire_buffer_release(&self.buffer);
    free(self.backlog);
    return status;
}
