/* inbox_ranks.c: three ranks: a message that comes in pieces, from a rank that is busy elsewhere, holds up no other
 * rank's; the frames of one rank come in the order in which they were sent, alone or several in a message. */
#include "farm/inbox.h"
#include "farm/outbox.h"
#include "farm/wire.h"
#include "symsweep/clock.h"

#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { READER, SLOW, QUICK, RANKS };
enum { PARAMETERS = 1 << 18, SMALL_ONES = 100, PASSES = 20 };

static void require(bool holds, const char *what) {
    if (holds) return;
    fprintf(stderr, "inbox_ranks: %s: %s\n", what, sw_fail_message());
    MPI_Abort(MPI_COMM_WORLD, 1);
}

/* A megabyte: far too much to be sent without the receiver's help. */
static void send_large(sw_outbox *outbox, int32_t run) {
    sw_wire_buffer buffer = {0};
    float *values = calloc(PARAMETERS, sizeof *values);
    require(values != NULL, "memory");
    values[PARAMETERS - 1] = (float)run;
    float ones[SW_PCA_COMPONENTS] = {1};
    const sw_snapshot snapshot = {.shape = {.entities = 1, .singular = 1, .parameters = PARAMETERS},
                                  .array[SW_SNAPSHOT_PCA] = ones,
                                  .array[SW_SNAPSHOT_EXPLAINED_VARIANCE] = ones,
                                  .array[SW_SNAPSHOT_SINGULAR_VALUES] = ones,
                                  .array[SW_SNAPSHOT_PARAMETERS] = values};
    require(sw_wire_encode_snapshot(&buffer, run, &snapshot) == SW_OK, "encode a snapshot");
    require(sw_outbox_send(outbox, READER, buffer.data, buffer.size) == SW_OK, "send a snapshot");
    sw_wire_buffer_release(&buffer);
    free(values);
}

/* `count` small frames as one message, numbered from `run` on. */
static void send_small(sw_outbox *outbox, int32_t run, int32_t count) {
    sw_wire_buffer buffer = {0};
    unsigned char frames[4096];
    size_t size = 0;
    for (int32_t i = 0; i < count; i++) {
        require(sw_wire_encode(&buffer, SW_WIRE_RETURN, run + i, NULL, 0) == SW_OK, "encode");
        memcpy(frames + size, buffer.data, buffer.size);
        size += buffer.size;
    }
    require(sw_outbox_send(outbox, READER, frames, size) == SW_OK, "send");
    sw_wire_buffer_release(&buffer);
}

static void drain(sw_outbox *outbox) {
    while (!sw_outbox_empty(outbox)) require(sw_outbox_progress(outbox) == SW_OK, "progress");
}

/* Waits for a frame, checks it, and tells who sent it and its number. */
static int take(sw_inbox *inbox, int32_t *run) {
    int rank = -1;
    const void *frame = NULL;
    size_t size = 0;
    sw_wire_message message;
    while (rank < 0) require(sw_inbox_take(inbox, &rank, &frame, &size) == SW_OK, "take");
    require(sw_wire_decode(&message, frame, size) == SW_OK, "decode");
    *run = message.run;
    if (message.tag == SW_WIRE_SNAPSHOT)
        require((int32_t)message.body.snapshot.array[SW_SNAPSHOT_PARAMETERS][PARAMETERS - 1] == message.run,
                "the snapshot is whole");
    return rank;
}

/* Per pass: a large frame and three small ones of SLOW, SMALL_ONES of QUICK. */
static void read_pass(sw_inbox *inbox, int pass) {
    int32_t next[RANKS] = {0, 4 * pass, SMALL_ONES * pass}, run;
    for (int i = 0; i < 4 + SMALL_ONES; i++) {
        int rank = take(inbox, &run);
        require(i > 0 || pass > 0 || rank == QUICK, "the quick rank is not held up by the slow one");
        require(run == next[rank]++, "frames come in order");
    }
    require(next[SLOW] == 4 * (pass + 1) && next[QUICK] == SMALL_ONES * (pass + 1), "every frame comes once");
}

int main(int argc, char **argv) {
    int rank, ranks;
    sw_outbox *outbox;
    sw_inbox *inbox;
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    require(ranks == RANKS, "three ranks");
    require(sw_outbox_create(&outbox, 64, 1 << 26) == SW_OK && sw_inbox_create(&inbox) == SW_OK, "create");
    for (int pass = 0; pass < PASSES; pass++) {
        if (rank == SLOW) {
            send_large(outbox, 4 * pass);
            send_small(outbox, 4 * pass + 1, 3);
        }
        MPI_Barrier(MPI_COMM_WORLD); /* the slow rank's have been announced */
        if (rank == SLOW && pass == 0) sw_clock_sleep(0.5);
        if (rank == QUICK)
            for (int32_t i = 0; i < SMALL_ONES; i += 10) send_small(outbox, SMALL_ONES * pass + i, 10);
        if (rank == READER) read_pass(inbox, pass);
        drain(outbox);
        MPI_Barrier(MPI_COMM_WORLD);
    }
    sw_inbox_destroy(inbox);
    sw_outbox_destroy(outbox);
    MPI_Finalize();
    return 0;
}
