/* outbox.h: messages on their way to other ranks. Each is copied and posted with MPI_Isend, so that the sender never
 * waits for the receiver. */
#ifndef SYMSWEEP_FARM_OUTBOX_H
#define SYMSWEEP_FARM_OUTBOX_H

#include "symsweep/status.h"

typedef struct sw_outbox sw_outbox;

/* limit, bytes: how many messages and bytes may be on their way before sw_outbox_full says so. */
sw_status sw_outbox_create(sw_outbox **out, size_t limit, size_t bytes) SW_MUST_CHECK;
/* Whatever is still on its way is cancelled. */
void sw_outbox_destroy(sw_outbox *outbox);

sw_status sw_outbox_send(sw_outbox *outbox, int rank, const void *frame, size_t size) SW_MUST_CHECK;
/* Notes what has arrived (and lets MPI go on with what has not). */
sw_status sw_outbox_progress(sw_outbox *outbox) SW_MUST_CHECK;
bool sw_outbox_full(const sw_outbox *outbox);
bool sw_outbox_empty(const sw_outbox *outbox);

/* A received message. */
typedef struct sw_inbox {
    unsigned char *data;
    size_t capacity;
} sw_inbox;

/* Takes one message, if there is one: *rank is its sender, -1 = none. */
sw_status sw_inbox_take(sw_inbox *inbox, int *rank, size_t *size) SW_MUST_CHECK;
void sw_inbox_release(sw_inbox *inbox);

/* The failure of an MPI call as a status. */
sw_status sw_mpi_check(int code, const char *what) SW_MUST_CHECK;

/* Collective, asleep while waiting: rank 0's `count` bytes to all; until all ranks have come here. */
sw_status sw_mpi_broadcast(void *data, int count) SW_MUST_CHECK;
sw_status sw_mpi_barrier(void) SW_MUST_CHECK;
/* Collective: do all ranks hold the same `count` bytes as rank 0? The answer is known to all. */
sw_status sw_mpi_agree(bool *agreed, const void *data, int count) SW_MUST_CHECK;

#endif
