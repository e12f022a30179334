/* wire.h: the messages between master and trainers. The same bytes travel over MPI (master and worker ranks) and over
 * the socket between a worker rank and its trainer; the rank passes them on unread, several at a time.
 *
 * A frame is a header and a payload, padded with zeros to a multiple of 8 bytes. Payloads are fixed-size structs
 * without pointers; assignments, snapshots and task data append their arrays to
 * one. All processes of a job run the same binary on
 * machines of one byte order (sw_wire_fingerprint is compared before anything else is said), so structs travel as they
 * lie in memory; what arrives is still checked: lengths, counts, terminated strings. */
#pragma once

#include "symsweep/record.h"

#include <stdint.h>
#include <sys/types.h>

typedef enum sw_wire_tag {
    /* master to worker */
    SW_WIRE_ASSIGN = 1,  /* sw_wire_assign, array: append the run to the worker's queue */
    SW_WIRE_RECALL,      /* give the run back unless it has begun: answered by RETURN, or not at all */
    SW_WIRE_ACKNOWLEDGE, /* sw_wire_acknowledge: records of the run that are flushed */
    SW_WIRE_STOP,        /* checkpoint, end the current run as interrupted, then STOPPED */
    SW_WIRE_QUIT,        /* sw_wire_quit: the job is over */
    /* worker to master */
    SW_WIRE_BEGIN,       /* sw_wire_begin: the trainer takes up the first run of its queue */
    SW_WIRE_START,       /* sw_wire_start: the run is set up; what it yields follows */
    SW_WIRE_FACTS,       /* sw_run_facts */
    SW_WIRE_DATA,        /* sw_wire_data, arrays */
    SW_WIRE_RECORD,      /* sw_record */
    SW_WIRE_SNAPSHOT,    /* sw_wire_snapshot, arrays */
    SW_WIRE_PULSE,       /* sw_wire_pulse: a sign of life about once a second */
    SW_WIRE_FINISH,      /* sw_wire_finish: the current run has ended */
    SW_WIRE_RETURN,      /* answer to RECALL */
    SW_WIRE_STOPPED,     /* whatever the worker still holds goes back; it takes no more runs */
    SW_WIRE_LOST,        /* sw_wire_lost: the trainer died; its queue is lost, another takes its place */
    SW_WIRE_STOP_WANTED, /* the worker rank got a signal: the whole job should stop */
    SW_WIRE_BYE,         /* the last message of a worker rank, after QUIT */
    SW_WIRE_TAG_END
} sw_wire_tag;

typedef struct sw_wire_header {
    uint32_t magic;
    uint16_t tag;        /* sw_wire_tag */
    uint16_t generation; /* to a worker: of the trainer it is meant for; what a dead one was to get is dropped */
    int32_t run;         /* index into the plan, -1 = none */
    uint32_t length;     /* bytes of payload, without the padding */
} sw_wire_header;

enum {
    SW_WIRE_MAGIC = 0x31575753,
    SW_WIRE_HOST_MAX = 64,
    SW_WIRE_PAYLOAD_MAX = INT32_MAX - 63 /* MPI counts are ints */
};

typedef struct sw_wire_assign {
    int64_t recorded,
        snapshots;      /* of the run, held by the file for good; a checkpoint that builds on more is unusable */
    double silence;     /* seconds without a sign of life after which the trainer counts as hung */
    int64_t until_step; /* save a checkpoint and stop there; 0 = train to the end */
    char checkpoint[SW_PATH_MAX]; /* "" = none */
    sw_run_config config;         /* evaluate.snapshot_steps is NULL */
    /* int64 snapshot_steps[config.evaluate.snapshot_step_count] */
} sw_wire_assign;

typedef struct sw_wire_acknowledge {
    int64_t records;
    int64_t snapshots;
} sw_wire_acknowledge;

typedef struct sw_wire_quit {
    int64_t exit_code;
} sw_wire_quit;

typedef struct sw_wire_begin {
    int64_t pid;
    char host[SW_WIRE_HOST_MAX];
} sw_wire_begin;

typedef struct sw_wire_start {
    int64_t records, snapshots; /* the first ones that will be sent; more than 0 when the run is resumed */
} sw_wire_start;

typedef struct sw_wire_pulse {
    int64_t step;
    double seconds; /* since the run began in this process */
    double gap;     /* longest time between two signs of life so far */
} sw_wire_pulse;

typedef enum sw_wire_outcome {
    SW_OUTCOME_RESULT,      /* done, diverged or pruned: a result */
    SW_OUTCOME_FAILED,      /* would fail again */
    SW_OUTCOME_RETRY,       /* may succeed elsewhere: memory or I/O was refused */
    SW_OUTCOME_INTERRUPTED, /* asked to stop */
    SW_OUTCOME_HELD,        /* has come to until_step */
    SW_OUTCOME_COUNT
} sw_wire_outcome;

typedef struct sw_wire_finish {
    int64_t outcome; /* sw_wire_outcome */
    sw_run_result result;
} sw_wire_finish;

typedef struct sw_wire_lost {
    int32_t signal; /* that killed it, 0 = it exited */
    int32_t exit_code;
    int32_t hung;        /* 1 = killed by its rank after it fell silent, 2 = after it was stopped */
    int32_t retired;     /* 1 = the rank cannot start trainers any more */
    int64_t peak_memory; /* bytes, largest resident set */
    char detail[256];    /* why trainers cannot be started; "" */
} sw_wire_lost;

typedef struct sw_wire_data {
    int64_t inputs;
    int32_t tokens;
    int32_t labels; /* of an input: 1, or 2 with a clean one */
    /* int32 input[inputs, tokens], int32 label[labels, inputs], int8 split[inputs] */
} sw_wire_data;

typedef struct sw_wire_snapshot {
    int64_t step;
    int64_t parameters, optimizer;
    int32_t snapshot, entities, singular, fourier, vocabulary, d;
    /* float pca[entities, 8], explained_variance[8], singular_values[singular], fourier_power[fourier],
     * embedding[vocabulary, d], parameters[parameters], optimizer[optimizer] */
} sw_wire_snapshot;

_Static_assert(sizeof(sw_wire_header) == 16, "header is packed");
_Static_assert(sizeof(sw_wire_assign) == 32 + SW_PATH_MAX + sizeof(sw_run_config), "assign is packed");
_Static_assert(sizeof(sw_wire_acknowledge) == 16, "acknowledge is packed");
_Static_assert(sizeof(sw_wire_quit) == 8, "quit is packed");
_Static_assert(sizeof(sw_wire_begin) == 8 + SW_WIRE_HOST_MAX, "begin is packed");
_Static_assert(sizeof(sw_wire_start) == 16, "start is packed");
_Static_assert(sizeof(sw_wire_pulse) == 24, "pulse is packed");
_Static_assert(sizeof(sw_wire_finish) == 8 + sizeof(sw_run_result), "finish is packed");
_Static_assert(sizeof(sw_wire_lost) == 24 + 256, "lost is packed");
_Static_assert(sizeof(sw_wire_data) == 16, "data is packed");
_Static_assert(sizeof(sw_wire_snapshot) == 48, "snapshot is packed");
_Static_assert(sizeof(sw_record) == (16 + 4 * SW_VALUE_COUNT + 7) / 8 * 8, "record is packed");
_Static_assert(sizeof(sw_run_result) == 296, "run result is packed");

/* ---- encoding ---- */

/* One frame under construction; reused from message to message. Zero-initialize. */
typedef struct sw_wire_buffer {
    unsigned char *data; /* 8-byte aligned */
    size_t size, capacity;
} sw_wire_buffer;

void sw_wire_buffer_release(sw_wire_buffer *buffer);

/* A message whose payload is `size` bytes of `payload` (may be NULL when 0). */
sw_status sw_wire_encode(sw_wire_buffer *buffer, sw_wire_tag tag, int32_t run, const void *payload,
                         size_t size) SW_MUST_CHECK;
/* With the steps that assign->config points to. */
sw_status sw_wire_encode_assign(sw_wire_buffer *buffer, int32_t run, const sw_wire_assign *assign) SW_MUST_CHECK;
sw_status sw_wire_encode_data(sw_wire_buffer *buffer, int32_t run, const sw_run_data *data) SW_MUST_CHECK;
sw_status sw_wire_encode_snapshot(sw_wire_buffer *buffer, int32_t run, const sw_snapshot *snapshot) SW_MUST_CHECK;

/* The trainer that the encoded message is meant for. */
void sw_wire_set_generation(sw_wire_buffer *buffer, uint16_t generation);

/* ---- decoding ---- */

/* A checked message; pointers lead into the frame. */
typedef struct sw_wire_message {
    sw_wire_tag tag;
    int32_t run;
    union {
        const void *fixed; /* any of the following, but for the last two */
        const sw_wire_assign *assign;
        const sw_wire_acknowledge *acknowledge;
        const sw_wire_quit *quit;
        const sw_wire_begin *begin;
        const sw_wire_start *start;
        const sw_wire_pulse *pulse;
        const sw_wire_finish *finish;
        const sw_wire_lost *lost;
        const sw_run_facts *facts;
        const sw_record *record;
        sw_run_data data;
        sw_snapshot snapshot;
    } body;
} sw_wire_message;

/* The steps behind a decoded assignment, as many as its configuration says; aligned. */
const int64_t *sw_wire_assign_steps(const sw_wire_assign *assign);

/* Bytes of the frame that a header (checked) opens. */
size_t sw_wire_frame_size(const sw_wire_header *header);

/* Bytes of the frame that begins at `bytes`, 8-byte aligned; *size = 0 when its end is not among the `count` bytes. */
sw_status sw_wire_first_frame(size_t *size, const void *bytes, size_t count) SW_MUST_CHECK;

/* Checks a whole frame, 8-byte aligned. SW_E_PROTOCOL says what is wrong with it. */
sw_status sw_wire_decode(sw_wire_message *out, const void *frame, size_t size) SW_MUST_CHECK;

const char *sw_wire_tag_name(int tag);

/* Version and layout of this binary's messages: equal in all processes of a job, or they must not talk. */
enum { SW_WIRE_FINGERPRINT_MAX = 64 };
void sw_wire_fingerprint(char out[SW_WIRE_FINGERPRINT_MAX]);

/* ---- frames out of a byte stream ---- */

typedef struct sw_wire_reader {
    sw_wire_buffer buffer; /* size = bytes that hold unread data */
    size_t start;          /* of the first unread frame */
} sw_wire_reader;

void sw_wire_reader_release(sw_wire_reader *reader);

/* Room for at least one more read: where to put bytes and how many fit. */
sw_status sw_wire_reader_room(sw_wire_reader *reader, void **at, size_t *capacity) SW_MUST_CHECK;
/* `count` bytes were put there. */
void sw_wire_reader_add(sw_wire_reader *reader, size_t count);
/* The same with what has come on a socket, waiting for something if `wait`: *got bytes. 0 = nothing for now,
 * SW_WIRE_CLOSED = nothing more comes, SW_WIRE_BROKEN = errno. */
enum { SW_WIRE_CLOSED = -1, SW_WIRE_BROKEN = -2 };
sw_status sw_wire_reader_fill(sw_wire_reader *reader, int socket, bool wait, ssize_t *got) SW_MUST_CHECK;
/* The next whole frame; *frame = NULL when there is none yet. Valid until the next call of room. */
sw_status sw_wire_reader_next(sw_wire_reader *reader, const void **frame, size_t *size) SW_MUST_CHECK;
/* The same for the whole frames that are there, side by side: as many as fit into `limit` bytes, at least one. */
sw_status sw_wire_reader_batch(sw_wire_reader *reader, size_t limit, const void **frames, size_t *size) SW_MUST_CHECK;
