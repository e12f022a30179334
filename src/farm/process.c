/* process.c: the trainer as a process of its own: the far end of its rank's socket. */
#include "symsweep/farm.h"

#include "farm/signals.h"
#include "farm/trainer.h"
#include "farm/wire.h"
#include "symsweep/file.h"
#include "symsweep/log.h"
#include "symsweep/nn.h"

#include <errno.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

enum { KEPT_BYTES = 1 << 15 };

typedef struct line {
    int fd;
    bool closed; /* the rank is gone */
    sw_trainer *trainer;
    sw_wire_reader reader;
    size_t kept_size;
    unsigned char kept[KEPT_BYTES]; /* small frames: one write, and one wake-up of the rank, for several of them */
} line;

static sw_status fail(void) { return sw_fail(SW_E_TRANSPORT, "socket to the worker rank: %s", strerror(errno)); }

/* A blocking write: when the rank cannot pass on more, the trainer waits. */
static sw_status send_bytes(const line *to, const void *bytes, size_t size) {
    return sw_file_write_all(to->fd, bytes, size, NULL) ? SW_OK : fail();
}

static sw_status flush(void *context) {
    line *to = context;
    sw_status status = send_bytes(to, to->kept, to->kept_size);
    to->kept_size = 0;
    return status;
}

static sw_status send_frame(void *context, const void *frame, size_t size) {
    line *to = context;
    if (to->kept_size + size > KEPT_BYTES) {
        sw_status status = flush(to);
        if (status != SW_OK) return status;
    }
    if (size > KEPT_BYTES) return send_bytes(to, frame, size);
    memcpy(to->kept + to->kept_size, frame, size);
    to->kept_size += size;
    return SW_OK;
}

/* Takes in what has come; waits for something when `wait`. */
static sw_status receive(line *from, bool wait) {
    if (wait) {
        sw_status status = flush(from);
        if (status != SW_OK) return status;
    }
    for (;;) {
        ssize_t got;
        sw_status status = sw_wire_reader_fill(&from->reader, from->fd, wait, &got);
        if (status == SW_OK && got == SW_WIRE_BROKEN) status = fail();
        if (status != SW_OK || got == 0) return status;
        if (got < 0) {
            from->closed = true;
            return SW_OK;
        }
        const void *frame;
        size_t size;
        status = sw_wire_reader_next(&from->reader, &frame, &size);
        while (status == SW_OK && frame != NULL) {
            status = sw_trainer_accept(from->trainer, frame, size);
            if (status == SW_OK) status = sw_wire_reader_next(&from->reader, &frame, &size);
        }
        if (status != SW_OK) return status;
        wait = false;
    }
}

static sw_status look(void *context) {
    line *from = context;
    sw_status status = receive(from, false);
    if (status == SW_OK && from->closed) status = sw_fail(SW_E_TRANSPORT, "the worker rank is gone");
    return status;
}

static sw_status serve(line *self) {
    for (;;) {
        sw_status status = receive(self, !sw_trainer_has_work(self->trainer));
        if (status != SW_OK) return status;
        if (self->closed || sw_trainer_quit(self->trainer)) return SW_OK;
        if (!sw_trainer_has_work(self->trainer)) continue;
        bool spoiled;
        status = sw_trainer_work(self->trainer, &spoiled);
        if (status != SW_OK) return status;
        if (spoiled) return flush(self); /* a new process begins with a clean memory; our queue goes back */
    }
}

int sw_farm_trainer(int fd) {
    sw_signals_ignore();
    prctl(PR_SET_NAME, "symsweep-train");
    sw_blas_set_one_thread();
    static line self;
    self.fd = fd;
    const sw_trainer_port port = {.context = &self, .send = send_frame, .flush = flush, .poll = look};
    sw_status status = sw_trainer_create(&self.trainer, &port);
    if (status == SW_OK) status = serve(&self);
    if (status != SW_OK && !self.closed) sw_error("trainer: %s", sw_fail_message());
    sw_trainer_destroy(self.trainer);
    sw_wire_reader_release(&self.reader);
    close(fd);
    return status == SW_OK ? 0 : 1;
}
