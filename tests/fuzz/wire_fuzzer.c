/* wire_fuzzer.c: fuzz target: bytes as one message, and as a stream of messages cut into pieces. Whatever the decoder
 * lets through is read to its last byte, so that a wrong length shows under AddressSanitizer. */
#include "farm/wire.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile uint64_t sink; /* keeps the reads */

static void read_all(const void *at, size_t count, size_t size) {
    const unsigned char *bytes = at;
    for (size_t i = 0; i < count * size; i++) sink += bytes[i];
}

static void read_snapshot(const sw_snapshot *snapshot) {
    for (int a = 0; a < SW_SNAPSHOT_ARRAY_COUNT; a++)
        read_all(snapshot->array[a], sw_record_snapshot_length(&snapshot->shape, (sw_snapshot_array)a), sizeof(float));
}

static void read_message(const void *frame, size_t size) {
    sw_wire_message message;
    if (sw_wire_decode(&message, frame, size) != SW_OK) return;
    const sw_run_data *data = &message.body.data;
    switch (message.tag) {
    case SW_WIRE_ASSIGN:
        read_all(message.body.assign, 1, sizeof(sw_wire_assign));
        read_all(sw_wire_assign_steps(message.body.assign),
                 (size_t)message.body.assign->config.evaluate.snapshot_step_count, sizeof(int64_t));
        sink += strlen(message.body.assign->checkpoint) + strlen(message.body.assign->config.task.file);
        break;
    case SW_WIRE_BEGIN: sink += strlen(message.body.begin->host); break;
    case SW_WIRE_FACTS: sink += strlen(message.body.facts->blas_core); break;
    case SW_WIRE_FINISH: sink += strlen(message.body.finish->result.error); break;
    case SW_WIRE_LOST: sink += strlen(message.body.lost->detail); break;
    case SW_WIRE_RECORD: read_all(message.body.record, 1, sizeof(sw_record)); break;
    case SW_WIRE_SNAPSHOT: read_snapshot(&message.body.snapshot); break;
    case SW_WIRE_DATA:
        read_all(data->input, (size_t)data->inputs * (size_t)data->tokens, sizeof(int32_t));
        read_all(data->label, (size_t)data->inputs, sizeof(int32_t));
        if (data->clean_label) read_all(data->clean_label, (size_t)data->inputs, sizeof(int32_t));
        read_all(data->split, (size_t)data->inputs, sizeof(int8_t));
        break;
    default: break;
    }
}

static void read_batch(const void *frames, size_t size) {
    const char *at = frames;
    for (size_t left = size, length; left > 0; left -= length, at += length) {
        if (sw_wire_first_frame(&length, at, left) != SW_OK || length == 0) abort(); /* whole frames were promised */
        read_message(at, length);
    }
}

static void read_stream(const uint8_t *data, size_t size) {
    sw_wire_reader reader = {0};
    size_t piece = 1 + (size > 0 ? data[size - 1] : 0);
    for (size_t at = 0; at < size;) {
        void *room;
        size_t capacity;
        if (sw_wire_reader_room(&reader, &room, &capacity) != SW_OK) break;
        size_t count = piece < size - at ? piece : size - at;
        if (count > capacity) count = capacity;
        memcpy(room, data + at, count);
        sw_wire_reader_add(&reader, count);
        at += count;
        const void *frames;
        size_t length;
        sw_status status;
        while ((status = sw_wire_reader_batch(&reader, piece, &frames, &length)) == SW_OK && frames != NULL)
            read_batch(frames, length);
        if (status != SW_OK) break;
    }
    sw_wire_reader_release(&reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    void *frame = malloc(size); /* aligned, and exactly as long as the input */
    if (frame == NULL) return 0;
    if (size > 0) memcpy(frame, data, size);
    read_message(frame, size);
    free(frame);
    read_stream(data, size);
    return 0;
}
