/* outbox.h: messages on their way to other ranks: one frame each, or several side by side. Each message is copied and
 * posted with MPI_Isend, so that the sender never waits for the receiver. */
#pragma once

#include "symsweep/fail.h"

enum { SW_MPI_TAG = 1 }; /* of all messages */

typedef struct sw_outbox sw_outbox;

/* limit, bytes: how many messages and bytes may be on their way before sw_outbox_full says so. */
sw_status sw_outbox_create(sw_outbox **out, size_t limit, size_t bytes) SW_MUST_CHECK;
/* Whatever is still on its way is cancelled. */
void sw_outbox_destroy(sw_outbox *outbox);

sw_status sw_outbox_send(sw_outbox *outbox, int rank, const void *frames, size_t size) SW_MUST_CHECK;
/* Notes what has arrived (and lets MPI go on with what has not). */
sw_status sw_outbox_progress(sw_outbox *outbox) SW_MUST_CHECK;
bool sw_outbox_full(const sw_outbox *outbox);
bool sw_outbox_empty(const sw_outbox *outbox);

/* The failure of an MPI call as a status. */
sw_status sw_farm_check_mpi(int code, const char *what) SW_MUST_CHECK;
