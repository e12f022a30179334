/* wire.c: messages as bytes. */
#include "farm/wire.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* ---- shapes of messages ---- */

typedef struct message_shape {
    const char *name;
    size_t size; /* of the fixed part */
    bool open;   /* arrays follow */
    bool has_run;
} message_shape;

static const message_shape shapes[SW_WIRE_TAG_END] = {
    [SW_WIRE_ASSIGN] = {"assign", sizeof(sw_wire_assign), true, true},
    [SW_WIRE_RECALL] = {"recall", 0, false, true},
    [SW_WIRE_ACKNOWLEDGE] = {"acknowledge", sizeof(sw_wire_acknowledge), false, true},
    [SW_WIRE_STOP] = {"stop", 0, false, false},
    [SW_WIRE_QUIT] = {"quit", sizeof(sw_wire_quit), false, false},
    [SW_WIRE_BEGIN] = {"begin", sizeof(sw_wire_begin), false, true},
    [SW_WIRE_START] = {"start", sizeof(sw_wire_start), false, true},
    [SW_WIRE_FACTS] = {"facts", sizeof(sw_run_facts), false, true},
    [SW_WIRE_DATA] = {"data", sizeof(sw_wire_data), true, true},
    [SW_WIRE_RECORD] = {"record", sizeof(sw_record), false, true},
    [SW_WIRE_SNAPSHOT] = {"snapshot", sizeof(sw_wire_snapshot), true, true},
    [SW_WIRE_PULSE] = {"pulse", sizeof(sw_wire_pulse), false, true},
    [SW_WIRE_FINISH] = {"finish", sizeof(sw_wire_finish), false, true},
    [SW_WIRE_RETURN] = {"return", 0, false, true},
    [SW_WIRE_STOPPED] = {"stopped", 0, false, false},
    [SW_WIRE_LOST] = {"lost", sizeof(sw_wire_lost), false, false},
    [SW_WIRE_STOP_WANTED] = {"stop wanted", 0, false, false},
    [SW_WIRE_BYE] = {"bye", 0, false, false},
};

const char *sw_wire_tag_name(int tag) { return tag > 0 && tag < SW_WIRE_TAG_END ? shapes[tag].name : "unknown"; }

static size_t padded(size_t size) { return (size + 7) & ~(size_t)7; }

size_t sw_wire_frame_size(const sw_wire_header *header) { return sizeof *header + padded(header->length); }

void sw_wire_fingerprint(char out[SW_WIRE_FINGERPRINT_MAX]) {
    memset(out, 0, SW_WIRE_FINGERPRINT_MAX);
    snprintf(out, SW_WIRE_FINGERPRINT_MAX, "symsweep %s/%d/%zu/%zu/%zu/%d", SYMSWEEP_VERSION, (int)SW_WIRE_TAG_END,
             sizeof(sw_wire_assign), sizeof(sw_record), sizeof(sw_run_facts), (int)SW_METRIC_COUNT);
}

/* ---- encoding ---- */

void sw_wire_buffer_release(sw_wire_buffer *buffer) {
    free(buffer->data);
    *buffer = (sw_wire_buffer){0};
}

static sw_status reserve(sw_wire_buffer *buffer, size_t size) {
    if (size <= buffer->capacity) return SW_OK;
    size_t capacity = buffer->capacity < 4096 ? 4096 : buffer->capacity;
    while (capacity < size) capacity *= 2; /* sizes are bounded by SW_WIRE_PAYLOAD_MAX */
    unsigned char *data = realloc(buffer->data, capacity);
    if (data == NULL) return sw_fail(SW_E_MEMORY, "no memory for a message of %zu bytes", size);
    buffer->data = data;
    buffer->capacity = capacity;
    return SW_OK;
}

/* A frame for `length` bytes of payload: header written, padding cleared, size set. */
static sw_status open_frame(sw_wire_buffer *buffer, sw_wire_tag tag, int32_t run, uint64_t length) {
    if (length > SW_WIRE_PAYLOAD_MAX)
        return sw_fail(SW_E_PROTOCOL, "%s message of %llu bytes is too large to send", sw_wire_tag_name(tag),
                       (unsigned long long)length);
    sw_wire_header header = {.magic = SW_WIRE_MAGIC, .tag = (uint16_t)tag, .run = run, .length = (uint32_t)length};
    size_t size = sw_wire_frame_size(&header);
    sw_status status = reserve(buffer, size);
    if (status != SW_OK) return status;
    memcpy(buffer->data, &header, sizeof header);
    memset(buffer->data + sizeof header + length, 0, size - sizeof header - length);
    buffer->size = size;
    return SW_OK;
}

sw_status sw_wire_encode(sw_wire_buffer *buffer, sw_wire_tag tag, int32_t run, const void *payload, size_t size) {
    assert(tag > 0 && tag < SW_WIRE_TAG_END && !shapes[tag].open && shapes[tag].size == size);
    sw_status status = open_frame(buffer, tag, run, size);
    if (status == SW_OK && size > 0) memcpy(buffer->data + sizeof(sw_wire_header), payload, size);
    return status;
}

void sw_wire_set_generation(sw_wire_buffer *buffer, uint16_t generation) {
    assert(buffer->size >= sizeof(sw_wire_header));
    ((sw_wire_header *)buffer->data)->generation = generation;
}

/* Copies an array behind *at and moves it on. */
static void append(unsigned char **at, const void *array, size_t count, size_t size) {
    if (count == 0) return;
    assert(array != NULL);
    memcpy(*at, array, count * size);
    *at += count * size;
}

/* Payload of an assignment; 0 = its count of steps is out of range. */
static uint64_t assign_length(const sw_wire_assign *assign) {
    const int32_t steps = assign->config.evaluate.snapshot_step_count;
    if (steps < 0 || steps > SW_SNAPSHOT_STEPS_MAX) return 0;
    return sizeof *assign + (uint64_t)steps * sizeof(int64_t);
}

sw_status sw_wire_encode_assign(sw_wire_buffer *buffer, int32_t run, const sw_wire_assign *assign) {
    const uint64_t length = assign_length(assign);
    if (length == 0) return sw_fail(SW_E_PROTOCOL, "run %d has too many snapshots to be sent", run);
    sw_status status = open_frame(buffer, SW_WIRE_ASSIGN, run, length);
    if (status != SW_OK) return status;
    sw_wire_assign *fixed = (sw_wire_assign *)(buffer->data + sizeof(sw_wire_header));
    unsigned char *at = (unsigned char *)fixed;
    append(&at, assign, 1, sizeof *assign);
    fixed->config.evaluate.snapshot_steps = NULL;
    fixed->config.start.values = NULL;
    append(&at, assign->config.evaluate.snapshot_steps, (size_t)assign->config.evaluate.snapshot_step_count,
           sizeof(int64_t));
    return SW_OK;
}

/* Payload of a data message; 0 = its counts are out of range. */
static uint64_t data_length(int64_t inputs, int32_t tokens, int32_t labels) {
    if (inputs < 0 || tokens < 0 || inputs > SW_WIRE_PAYLOAD_MAX || tokens > SW_WIRE_PAYLOAD_MAX / 4) return 0;
    if (labels < 1 || labels > 2) return 0;
    uint64_t row = 4 * ((uint64_t)tokens + (uint64_t)labels) + 1;
    return sizeof(sw_wire_data) + (uint64_t)inputs * row; /* < 2^31 * 2^32 */
}

sw_status sw_wire_encode_data(sw_wire_buffer *buffer, int32_t run, const sw_run_data *data) {
    const int32_t labels = data->clean_label ? 2 : 1;
    uint64_t length = data_length(data->inputs, data->tokens, labels);
    if (length == 0) return sw_fail(SW_E_PROTOCOL, "data of %lld inputs cannot be sent", (long long)data->inputs);
    sw_status status = open_frame(buffer, SW_WIRE_DATA, run, length);
    if (status != SW_OK) return status;
    unsigned char *at = buffer->data + sizeof(sw_wire_header);
    sw_wire_data fixed = {.inputs = data->inputs, .tokens = data->tokens, .labels = labels};
    size_t inputs = (size_t)data->inputs;
    append(&at, &fixed, 1, sizeof fixed);
    append(&at, data->input, inputs * (size_t)data->tokens, sizeof(int32_t));
    append(&at, data->label, inputs, sizeof(int32_t));
    if (labels > 1) append(&at, data->clean_label, inputs, sizeof(int32_t));
    append(&at, data->split, inputs, sizeof(int8_t));
    return SW_OK;
}

static sw_snapshot_shape shape_of(const sw_wire_snapshot *fixed) {
    return (sw_snapshot_shape){.entities = fixed->entities,
                               .singular = fixed->singular,
                               .fourier = fixed->fourier,
                               .vocabulary = fixed->vocabulary,
                               .d = fixed->d,
                               .parameters = fixed->parameters,
                               .optimizer = fixed->optimizer};
}

/* Payload of a snapshot message; 0 = its widths are out of range. */
static uint64_t snapshot_length(const sw_snapshot_shape *shape) {
    if (shape->entities < 0 || shape->singular < 0 || shape->fourier < 0 || shape->vocabulary < 0 || shape->d < 0 ||
        shape->parameters < 0 || shape->parameters > SW_WIRE_PAYLOAD_MAX || shape->optimizer < 0 ||
        shape->optimizer > SW_WIRE_PAYLOAD_MAX)
        return 0;
    uint64_t floats = sw_record_snapshot_floats(shape); /* the sum stays below 2^63 */
    return floats <= SW_WIRE_PAYLOAD_MAX / sizeof(float) ? sizeof(sw_wire_snapshot) + floats * sizeof(float) : 0;
}

sw_status sw_wire_encode_snapshot(sw_wire_buffer *buffer, int32_t run, const sw_snapshot *snapshot) {
    const sw_snapshot_shape *shape = &snapshot->shape;
    sw_wire_snapshot fixed = {.step = snapshot->step,
                              .parameters = shape->parameters,
                              .optimizer = shape->optimizer,
                              .snapshot = snapshot->snapshot,
                              .entities = shape->entities,
                              .singular = shape->singular,
                              .fourier = shape->fourier,
                              .vocabulary = shape->vocabulary,
                              .d = shape->d};
    uint64_t length = snapshot_length(shape);
    if (length == 0)
        return sw_fail(SW_E_PROTOCOL, "snapshot of step %lld is too large to send", (long long)snapshot->step);
    sw_status status = open_frame(buffer, SW_WIRE_SNAPSHOT, run, length);
    if (status != SW_OK) return status;
    unsigned char *at = buffer->data + sizeof(sw_wire_header);
    append(&at, &fixed, 1, sizeof fixed);
    for (int a = 0; a < SW_SNAPSHOT_ARRAY_COUNT; a++)
        append(&at, snapshot->array[a], sw_record_snapshot_length(shape, (sw_snapshot_array)a), sizeof(float));
    return SW_OK;
}

/* ---- decoding ---- */

/* Is this a header of ours, with a length its tag allows? Enough to know how many bytes to read. */
static sw_status check_header(const sw_wire_header *header) {
    if (header->magic != SW_WIRE_MAGIC) return sw_fail(SW_E_PROTOCOL, "not a message: magic %08x", header->magic);
    if (header->tag == 0 || header->tag >= SW_WIRE_TAG_END)
        return sw_fail(SW_E_PROTOCOL, "message of unknown tag %d", header->tag);
    const message_shape *shape = &shapes[header->tag];
    bool fits = shape->open ? header->length >= shape->size && header->length <= SW_WIRE_PAYLOAD_MAX
                            : header->length == shape->size;
    if (!fits)
        return sw_fail(SW_E_PROTOCOL, "%s message of %u bytes, expected %zu%s", shape->name, header->length,
                       shape->size, shape->open ? " or more" : "");
    if (shape->has_run && header->run < 0)
        return sw_fail(SW_E_PROTOCOL, "%s message of run %d", shape->name, header->run);
    return SW_OK;
}

static sw_status check_text(const char *text, size_t capacity, const char *what) {
    if (memchr(text, '\0', capacity) == NULL) return sw_fail(SW_E_PROTOCOL, "%s is not terminated", what);
    return SW_OK;
}

static sw_status decode_data(sw_run_data *out, const void *payload, size_t length) {
    const sw_wire_data *fixed = payload;
    if (data_length(fixed->inputs, fixed->tokens, fixed->labels) != length)
        return sw_fail(SW_E_PROTOCOL, "data message of %zu bytes for %lld inputs of %d tokens and %d labels", length,
                       (long long)fixed->inputs, fixed->tokens, fixed->labels);
    size_t inputs = (size_t)fixed->inputs;
    const int32_t *input = (const int32_t *)(fixed + 1);
    const int32_t *label = input + inputs * (size_t)fixed->tokens;
    *out = (sw_run_data){.inputs = fixed->inputs,
                         .tokens = fixed->tokens,
                         .input = input,
                         .label = label,
                         .clean_label = fixed->labels > 1 ? label + inputs : NULL,
                         .split = (const int8_t *)(label + inputs * (size_t)fixed->labels)};
    return SW_OK;
}

static sw_status decode_snapshot(sw_snapshot *out, const void *payload, size_t length) {
    const sw_wire_snapshot *fixed = payload;
    const float *at = (const float *)(fixed + 1);
    *out = (sw_snapshot){.step = fixed->step, .snapshot = fixed->snapshot, .shape = shape_of(fixed)};
    if (snapshot_length(&out->shape) != length)
        return sw_fail(SW_E_PROTOCOL, "snapshot message of %zu bytes does not fit its widths", length);
    for (int a = 0; a < SW_SNAPSHOT_ARRAY_COUNT; a++) {
        size_t floats = sw_record_snapshot_length(&out->shape, (sw_snapshot_array)a);
        if (floats > 0) out->array[a] = at;
        at += floats;
    }
    return SW_OK;
}

static sw_status decode_finish(const sw_wire_finish *finish) {
    if (finish->outcome < 0 || finish->outcome >= SW_OUTCOME_COUNT)
        return sw_fail(SW_E_PROTOCOL, "finish message with outcome %lld", (long long)finish->outcome);
    return check_text(finish->result.error, sizeof finish->result.error, "error text of a finish message");
}

const int64_t *sw_wire_assign_steps(const sw_wire_assign *assign) { return (const int64_t *)(assign + 1); }

static sw_status decode_assign(const sw_wire_assign *assign, size_t length) {
    const int32_t steps = assign->config.evaluate.snapshot_step_count;
    if (assign_length(assign) != length)
        return sw_fail(SW_E_PROTOCOL, "assign message of %zu bytes for %d snapshots", length, steps);
    if (assign->config.evaluate.snapshot_steps != NULL || assign->config.start.values != NULL)
        return sw_fail(SW_E_PROTOCOL, "assign message with an address of another process");
    for (int32_t i = 1; i < steps; i++)
        if (sw_wire_assign_steps(assign)[i - 1] >= sw_wire_assign_steps(assign)[i])
            return sw_fail(SW_E_PROTOCOL, "assign message with snapshots out of order");
    sw_status status = check_text(assign->checkpoint, sizeof assign->checkpoint, "checkpoint path of an assignment");
    if (status != SW_OK) return status;
    return check_text(assign->config.task.file, sizeof assign->config.task.file, "edge list path of an assignment");
}

sw_status sw_wire_first_frame(size_t *size, const void *bytes, size_t count) {
    *size = 0;
    if (count < sizeof(sw_wire_header)) return SW_OK;
    sw_status status = check_header(bytes);
    if (status == SW_OK && count >= sw_wire_frame_size(bytes)) *size = sw_wire_frame_size(bytes);
    return status;
}

sw_status sw_wire_decode(sw_wire_message *out, const void *frame, size_t size) {
    const sw_wire_header *header = frame;
    if (size < sizeof *header) return sw_fail(SW_E_PROTOCOL, "message of %zu bytes is shorter than a header", size);
    sw_status status = check_header(header);
    if (status != SW_OK) return status;
    if (size != sw_wire_frame_size(header))
        return sw_fail(SW_E_PROTOCOL, "%s message of %zu bytes arrived as %zu", sw_wire_tag_name(header->tag),
                       sw_wire_frame_size(header), size);
    const void *payload = header + 1;
    memset(out, 0, sizeof *out);
    out->tag = (sw_wire_tag)header->tag;
    out->run = header->run;
    if (out->tag == SW_WIRE_DATA || out->tag == SW_WIRE_SNAPSHOT) {
        return out->tag == SW_WIRE_DATA ? decode_data(&out->body.data, payload, header->length)
                                        : decode_snapshot(&out->body.snapshot, payload, header->length);
    }
    out->body.fixed = payload;
    switch (out->tag) {
    case SW_WIRE_ASSIGN: return decode_assign(payload, header->length);
    case SW_WIRE_FINISH: return decode_finish(payload);
    case SW_WIRE_BEGIN: return check_text(out->body.begin->host, SW_WIRE_HOST_MAX, "host of a begin message");
    case SW_WIRE_FACTS:
        return check_text(out->body.facts->blas_core, sizeof out->body.facts->blas_core, "core of a facts message");
    case SW_WIRE_LOST:
        return check_text(out->body.lost->detail, sizeof out->body.lost->detail, "detail of a lost message");
    default: return SW_OK;
    }
}

/* ---- frames out of a byte stream ---- */

enum { READ_AT_LEAST = 16384 };

void sw_wire_reader_release(sw_wire_reader *reader) {
    sw_wire_buffer_release(&reader->buffer);
    reader->start = 0;
}

sw_status sw_wire_reader_room(sw_wire_reader *reader, void **at, size_t *capacity) {
    sw_wire_buffer *buffer = &reader->buffer;
    if (reader->start > 0) { /* frames begin at multiples of 8, so moving the rest down keeps them aligned */
        memmove(buffer->data, buffer->data + reader->start, buffer->size - reader->start);
        buffer->size -= reader->start;
        reader->start = 0;
    }
    /* Grows with what has come, not with what a header promises. */
    size_t want = buffer->size + (buffer->size > READ_AT_LEAST ? buffer->size : READ_AT_LEAST);
    sw_status status = reserve(buffer, want);
    if (status != SW_OK) return status;
    *at = buffer->data + buffer->size;
    *capacity = buffer->capacity - buffer->size;
    return SW_OK;
}

void sw_wire_reader_add(sw_wire_reader *reader, size_t count) {
    assert(count <= reader->buffer.capacity - reader->buffer.size);
    reader->buffer.size += count;
}

sw_status sw_wire_reader_fill(sw_wire_reader *reader, int socket, bool wait, ssize_t *got) {
    void *at;
    size_t capacity;
    sw_status status = sw_wire_reader_room(reader, &at, &capacity);
    if (status != SW_OK) return status;
    do {
        *got = recv(socket, at, capacity, wait ? 0 : MSG_DONTWAIT);
    } while (*got < 0 && errno == EINTR);
    if (*got > 0)
        sw_wire_reader_add(reader, (size_t)*got);
    else if (*got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        *got = 0;
    else
        *got = *got == 0 ? SW_WIRE_CLOSED : SW_WIRE_BROKEN;
    return SW_OK;
}

sw_status sw_wire_reader_next(sw_wire_reader *reader, const void **frame, size_t *size) {
    *frame = NULL;
    *size = 0;
    if (reader->buffer.size == 0) return SW_OK;
    const unsigned char *unread = reader->buffer.data + reader->start;
    sw_status status = sw_wire_first_frame(size, unread, reader->buffer.size - reader->start);
    if (status != SW_OK || *size == 0) return status;
    *frame = unread;
    reader->start += *size;
    return SW_OK;
}

sw_status sw_wire_reader_batch(sw_wire_reader *reader, size_t limit, const void **frames, size_t *size) {
    *frames = NULL;
    *size = 0;
    for (;;) {
        const void *frame;
        size_t more;
        sw_status status = sw_wire_reader_next(reader, &frame, &more);
        if (status != SW_OK && *size == 0) return status;
        if (status != SW_OK || frame == NULL) return SW_OK; /* what is wrong shows again when its turn comes */
        if (*size > 0 && *size + more > limit) {
            reader->start -= more;
            return SW_OK;
        }
        if (*size == 0) *frames = frame;
        *size += more;
    }
}
