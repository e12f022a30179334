/* inbox.c: messages from other ranks. */
#include "farm/inbox.h"

#include "farm/outbox.h"
#include "farm/wire.h"

#include <mpi.h>
#include <stdlib.h>
#include <string.h>

/* As many letters and bytes are on their way at a time; a buffer beyond KEEP_BYTES is given back after use. */
enum { LETTERS = 64, BYTES = 32 << 20, KEEP_BYTES = 1 << 16 };

/* One message: a frame, or several side by side. */
typedef struct letter {
    unsigned char *data;
    size_t capacity, size, start; /* start: of the first frame that was not taken */
    int rank;
    MPI_Request request; /* MPI_REQUEST_NULL = all of it is here */
} letter;

struct sw_inbox {
    letter letters[LETTERS]; /* in the order of their coming */
    int count, open;         /* open: the one that frames are taken from, -1 = none */
    size_t bytes;            /* of all letters */
    unsigned char *spare;    /* a buffer for the next one, NULL = none */
    size_t spare_capacity;
};

sw_status sw_inbox_create(sw_inbox **out) {
    *out = calloc(1, sizeof **out);
    if (*out == NULL) return sw_fail(SW_E_MEMORY, "no memory for messages");
    (*out)->open = -1;
    return SW_OK;
}

void sw_inbox_destroy(sw_inbox *inbox) {
    if (inbox == NULL) return;
    for (int i = 0; i < inbox->count; i++) {
        letter *l = &inbox->letters[i];
        if (l->request == MPI_REQUEST_NULL)
            free(l->data);
        else
            MPI_Request_free(&l->request); /* its buffer stays, for what is still to come */
    }
    free(inbox->spare);
    free(inbox);
}

static sw_status make_room(letter *l, sw_inbox *inbox, size_t size) {
    *l = (letter){.data = inbox->spare, .capacity = inbox->spare_capacity, .size = size, .request = MPI_REQUEST_NULL};
    inbox->spare = NULL;
    inbox->spare_capacity = 0;
    if (size <= l->capacity) return SW_OK;
    unsigned char *data = realloc(l->data, size);
    if (data == NULL) {
        free(l->data);
        return sw_fail(SW_E_MEMORY, "no memory for a message of %zu bytes", size);
    }
    l->data = data;
    l->capacity = size;
    return SW_OK;
}

/* Begins to receive the next message, if there is one. */
static sw_status begin_letter(sw_inbox *inbox, bool *there) {
    int found = 0, bytes = 0;
    MPI_Message message;
    MPI_Status from;
    *there = false;
    int code = MPI_Improbe(MPI_ANY_SOURCE, SW_MPI_TAG, MPI_COMM_WORLD, &found, &message, &from);
    if (code != MPI_SUCCESS) return sw_farm_check_mpi(code, "probe");
    if (!found) return SW_OK;
    code = MPI_Get_count(&from, MPI_BYTE, &bytes);
    if (code != MPI_SUCCESS) return sw_farm_check_mpi(code, "count");
    letter *l = &inbox->letters[inbox->count];
    sw_status status = make_room(l, inbox, (size_t)bytes);
    if (status != SW_OK) return status;
    l->rank = from.MPI_SOURCE;
    inbox->count++;
    inbox->bytes += l->size;
    *there = true;
    return sw_farm_check_mpi(MPI_Imrecv(l->data, bytes, MPI_BYTE, &message, &l->request), "receive");
}

static bool an_earlier_one_is_missing(const sw_inbox *inbox, int i) {
    for (int k = 0; k < i; k++)
        if (inbox->letters[k].rank == inbox->letters[i].rank) return true;
    return false;
}

/* Opens the first letter that is whole and whose turn it is among those of its rank, from the `from`th on. */
static sw_status open_letter(sw_inbox *inbox, int from) {
    for (int i = from; i < inbox->count && inbox->open < 0; i++) {
        letter *l = &inbox->letters[i];
        int whole = 1;
        if (an_earlier_one_is_missing(inbox, i)) continue;
        if (l->request != MPI_REQUEST_NULL) {
            int code = MPI_Test(&l->request, &whole, MPI_STATUS_IGNORE);
            if (code != MPI_SUCCESS) return sw_farm_check_mpi(code, "receive");
        }
        if (whole) inbox->open = i;
    }
    return SW_OK;
}

static void close_letter(sw_inbox *inbox) {
    letter *l = &inbox->letters[inbox->open];
    inbox->bytes -= l->size;
    if (inbox->spare == NULL && l->capacity <= KEEP_BYTES) {
        inbox->spare = l->data;
        inbox->spare_capacity = l->capacity;
    } else {
        free(l->data);
    }
    inbox->count--;
    memmove(l, l + 1, (size_t)(inbox->count - inbox->open) * sizeof *l);
    inbox->open = -1;
}

/* Whatever has come since the last look is among the letters then, and one of them is open if one can be read. */
static sw_status look(sw_inbox *inbox) {
    sw_status status = open_letter(inbox, 0);
    bool more = true;
    while (status == SW_OK && inbox->open < 0 && more && inbox->count < LETTERS && inbox->bytes < BYTES) {
        status = begin_letter(inbox, &more);
        if (status == SW_OK && more) status = open_letter(inbox, inbox->count - 1);
    }
    return status;
}

sw_status sw_inbox_take(sw_inbox *inbox, int *rank, const void **frame, size_t *size) {
    *rank = -1;
    if (inbox->open >= 0 && inbox->letters[inbox->open].start == inbox->letters[inbox->open].size) close_letter(inbox);
    sw_status status = inbox->open < 0 ? look(inbox) : SW_OK;
    if (status != SW_OK || inbox->open < 0) return status;
    letter *l = &inbox->letters[inbox->open];
    *frame = l->data + l->start;
    status = sw_wire_first_frame(size, *frame, l->size - l->start);
    if (status == SW_OK && *size == 0)
        status = sw_fail(SW_E_PROTOCOL, "the last %zu bytes are no whole message", l->size - l->start);
    if (status != SW_OK) return sw_fail_in(status, "from rank %d", l->rank);
    l->start += *size;
    *rank = l->rank;
    return SW_OK;
}

bool sw_inbox_expects_more(const sw_inbox *inbox) { return inbox->count > (inbox->open >= 0); }
