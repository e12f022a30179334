/* outbox.c: messages on their way to other ranks. */
#include "farm/outbox.h"

#include "symsweep/farm.h"

#include <mpi.h>
#include <stdlib.h>
#include <string.h>

enum { KEEP_BYTES = 65536 /* a slot's buffer beyond this is given back after use */ };

typedef struct slot {
    unsigned char *data;
    size_t capacity, size;
} slot;

struct sw_outbox {
    slot *slots;
    MPI_Request *requests; /* [count], MPI_REQUEST_NULL = free */
    int *arrived;          /* [count], work of MPI_Testsome */
    int count, busy;
    size_t bytes; /* on their way */
    size_t limit, byte_limit;
};

const char *sw_farm_mpi_version(void) {
#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)
#if defined(OMPI_MAJOR_VERSION)
    return "Open MPI " TEXT(OMPI_MAJOR_VERSION) "." TEXT(OMPI_MINOR_VERSION) "." TEXT(OMPI_RELEASE_VERSION);
#elif defined(MPICH_VERSION)
    return "MPICH " MPICH_VERSION;
#else
    return "MPI " TEXT(MPI_VERSION) "." TEXT(MPI_SUBVERSION);
#endif
}

sw_status sw_farm_check_mpi(int code, const char *what) {
    if (code == MPI_SUCCESS) return SW_OK;
    char text[MPI_MAX_ERROR_STRING] = "unknown error";
    int length = 0;
    MPI_Error_string(code, text, &length);
    return sw_fail(SW_E_TRANSPORT, "MPI: %s: %s", what, text);
}

/* ---- sending ---- */

sw_status sw_outbox_create(sw_outbox **out, size_t limit, size_t bytes) {
    *out = calloc(1, sizeof **out);
    if (*out == NULL) return sw_fail(SW_E_MEMORY, "no memory for messages");
    (*out)->limit = limit;
    (*out)->byte_limit = bytes;
    return SW_OK;
}

void sw_outbox_destroy(sw_outbox *outbox) {
    if (outbox == NULL) return;
    for (int i = 0; i < outbox->count; i++) {
        if (outbox->requests[i] != MPI_REQUEST_NULL) {
            MPI_Cancel(&outbox->requests[i]);
            MPI_Request_free(&outbox->requests[i]);
        }
        free(outbox->slots[i].data);
    }
    free(outbox->slots);
    free(outbox->requests);
    free(outbox->arrived);
    free(outbox);
}

static sw_status grow(sw_outbox *outbox) {
    int count = outbox->count == 0 ? 64 : 2 * outbox->count;
    slot *slots = realloc(outbox->slots, (size_t)count * sizeof *slots);
    if (slots != NULL) outbox->slots = slots;
    MPI_Request *requests = realloc(outbox->requests, (size_t)count * sizeof(MPI_Request));
    if (requests != NULL) outbox->requests = requests;
    int *arrived = realloc(outbox->arrived, (size_t)count * sizeof *arrived);
    if (arrived != NULL) outbox->arrived = arrived;
    if (slots == NULL || requests == NULL || arrived == NULL)
        return sw_fail(SW_E_MEMORY, "no memory for %d messages", count);
    for (int i = outbox->count; i < count; i++) {
        outbox->slots[i] = (slot){0};
        outbox->requests[i] = MPI_REQUEST_NULL;
    }
    outbox->count = count;
    return SW_OK;
}

static int free_slot(const sw_outbox *outbox) {
    for (int i = 0; i < outbox->count; i++)
        if (outbox->requests[i] == MPI_REQUEST_NULL) return i;
    return -1;
}

sw_status sw_outbox_send(sw_outbox *outbox, int rank, const void *frames, size_t size) {
    if (outbox->busy == outbox->count) {
        sw_status status = sw_outbox_progress(outbox);
        if (status == SW_OK && outbox->busy == outbox->count) status = grow(outbox);
        if (status != SW_OK) return status;
    }
    int i = free_slot(outbox);
    slot *to = &outbox->slots[i];
    if (size > to->capacity) {
        unsigned char *data = realloc(to->data, size);
        if (data == NULL) return sw_fail(SW_E_MEMORY, "no memory for a message of %zu bytes", size);
        to->data = data;
        to->capacity = size;
    }
    memcpy(to->data, frames, size);
    to->size = size;
    int code = MPI_Isend(to->data, (int)size, MPI_BYTE, rank, SW_MPI_TAG, MPI_COMM_WORLD, &outbox->requests[i]);
    if (code != MPI_SUCCESS) return sw_farm_check_mpi(code, "send");
    outbox->busy++;
    outbox->bytes += size;
    return SW_OK;
}

sw_status sw_outbox_progress(sw_outbox *outbox) {
    if (outbox->busy == 0) return SW_OK;
    int arrived = 0;
    int code = MPI_Testsome(outbox->count, outbox->requests, &arrived, outbox->arrived, MPI_STATUSES_IGNORE);
    if (code != MPI_SUCCESS) return sw_farm_check_mpi(code, "send");
    for (int k = 0; k < arrived; k++) { /* their requests are null now */
        slot *done = &outbox->slots[outbox->arrived[k]];
        outbox->busy--;
        outbox->bytes -= done->size;
        if (done->capacity > KEEP_BYTES) {
            free(done->data);
            *done = (slot){0};
        }
    }
    return SW_OK;
}

bool sw_outbox_full(const sw_outbox *outbox) {
    return (size_t)outbox->busy >= outbox->limit || outbox->bytes >= outbox->byte_limit;
}

bool sw_outbox_empty(const sw_outbox *outbox) { return outbox->busy == 0; }
