/* test_wire.c: messages: what goes in comes out; what is malformed is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "farm/wire.h"
#include "symsweep/random.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static sw_wire_message decode(const sw_wire_buffer *buffer) {
    sw_wire_message message;
    assert_int_equal(sw_wire_decode(&message, buffer->data, buffer->size), SW_OK);
    return message;
}

static void refused(const sw_wire_buffer *buffer, size_t size) {
    sw_wire_message message;
    assert_int_equal(sw_wire_decode(&message, buffer->data, size), SW_E_PROTOCOL);
    assert_true(sw_fail_message()[0] != '\0');
}

static void fill(void *out, size_t size, uint32_t seed) {
    unsigned char *bytes = out;
    for (size_t i = 0; i < size; i++) bytes[i] = (unsigned char)sw_random_below(seed, 0x901, 0, i, 256);
}

static void fixed_messages_round_trip(void **state) {
    (void)state;
    sw_wire_buffer buffer = {0};
    sw_record record;
    memset(&record, 0, sizeof record);
    record.step = 1234567890123;
    record.evaluation = 7;
    for (int m = 0; m < SW_METRIC_COUNT; m++) record.value[m] = m % 3 ? 0.5f * (float)m : NAN;
    assert_int_equal(sw_wire_encode(&buffer, SW_WIRE_RECORD, 42, &record, sizeof record), SW_OK);
    assert_int_equal(buffer.size % 8, 0);
    sw_wire_message message = decode(&buffer);
    assert_int_equal(message.tag, SW_WIRE_RECORD);
    assert_int_equal(message.run, 42);
    assert_memory_equal(message.body.record, &record, sizeof record); /* NaN payloads too */

    sw_wire_assign assign;
    memset(&assign, 0, sizeof assign);
    assign.recorded = 5;
    assign.silence = 300;
    strcpy(assign.checkpoint, "/somewhere/x.ckpt");
    assign.config.steps = 99;
    strcpy(assign.config.task.file, "edges.txt");
    assert_int_equal(sw_wire_encode_assign(&buffer, 0, &assign), SW_OK);
    message = decode(&buffer);
    assert_memory_equal(message.body.assign, &assign, sizeof assign);

    sw_wire_finish finish;
    memset(&finish, 0, sizeof finish);
    finish.outcome = SW_OUTCOME_RETRY;
    strcpy(finish.result.error, "no memory");
    assert_int_equal(sw_wire_encode(&buffer, SW_WIRE_FINISH, 3, &finish, sizeof finish), SW_OK);
    message = decode(&buffer);
    assert_memory_equal(message.body.finish, &finish, sizeof finish);

    static const sw_wire_tag empty[] = {SW_WIRE_RECALL,  SW_WIRE_STOP,        SW_WIRE_RETURN,
                                        SW_WIRE_STOPPED, SW_WIRE_STOP_WANTED, SW_WIRE_BYE};
    for (size_t i = 0; i < sizeof empty / sizeof empty[0]; i++) {
        assert_int_equal(sw_wire_encode(&buffer, empty[i], 1, NULL, 0), SW_OK);
        assert_int_equal(buffer.size, sizeof(sw_wire_header));
        assert_int_equal(decode(&buffer).tag, empty[i]);
    }
    sw_wire_buffer_release(&buffer);
}

static void assignments_carry_their_steps(void **state) {
    (void)state;
    static int64_t steps[SW_SNAPSHOT_STEPS_MAX];
    static sw_wire_assign assign;
    sw_wire_buffer buffer = {0};
    for (int32_t i = 0; i < SW_SNAPSHOT_STEPS_MAX; i++) steps[i] = 3 * (int64_t)i;
    static const int32_t counts[] = {0, 1, 508, SW_SNAPSHOT_STEPS_MAX};
    for (size_t c = 0; c < sizeof counts / sizeof counts[0]; c++) {
        assign.config.evaluate.snapshot_step_count = counts[c];
        assign.config.evaluate.snapshot_steps = counts[c] > 0 ? steps : NULL;
        assert_int_equal(sw_wire_encode_assign(&buffer, 4, &assign), SW_OK);
        const sw_wire_assign *found = decode(&buffer).body.assign;
        assert_null(found->config.evaluate.snapshot_steps); /* no address of another process */
        assert_int_equal(found->config.evaluate.snapshot_step_count, counts[c]);
        assert_memory_equal(sw_wire_assign_steps(found), steps, (size_t)counts[c] * sizeof *steps);
        sw_wire_assign *sent = (sw_wire_assign *)(buffer.data + sizeof(sw_wire_header));
        static const int32_t wrong[] = {-1, INT32_MIN, INT32_MAX, SW_SNAPSHOT_STEPS_MAX + 1};
        for (size_t w = 0; w < sizeof wrong / sizeof wrong[0]; w++) {
            sent->config.evaluate.snapshot_step_count = wrong[w];
            refused(&buffer, buffer.size);
        }
        sent->config.evaluate.snapshot_step_count = counts[c] + 1;
        refused(&buffer, buffer.size);
        sent->config.evaluate.snapshot_step_count = counts[c];
        sent->config.evaluate.snapshot_steps = steps;
        refused(&buffer, buffer.size);
        sent->config.evaluate.snapshot_steps = NULL;
        decode(&buffer);
        if (counts[c] < 2) continue;
        ((int64_t *)(sent + 1))[1] = 0; /* 0, 0, 6 ... */
        refused(&buffer, buffer.size);
    }
    assign.config.evaluate.snapshot_step_count = SW_SNAPSHOT_STEPS_MAX + 1;
    assert_int_equal(sw_wire_encode_assign(&buffer, 4, &assign), SW_E_PROTOCOL);
    sw_wire_buffer_release(&buffer);
}

static void data_round_trips(void **state) {
    (void)state;
    enum { INPUTS = 13, TOKENS = 3 };
    int8_t split[INPUTS];
    int32_t input[INPUTS * TOKENS], label[INPUTS];
    fill(split, sizeof split, 1);
    fill(input, sizeof input, 2);
    fill(label, sizeof label, 3);
    sw_run_data data = {.inputs = INPUTS, .tokens = TOKENS, .split = split, .input = input, .label = label};
    sw_wire_buffer buffer = {0};
    assert_int_equal(sw_wire_encode_data(&buffer, 8, &data), SW_OK);
    sw_wire_message message = decode(&buffer);
    assert_int_equal(message.body.data.inputs, INPUTS);
    assert_int_equal(message.body.data.tokens, TOKENS);
    assert_memory_equal(message.body.data.split, split, sizeof split);
    assert_memory_equal(message.body.data.input, input, sizeof input);
    assert_memory_equal(message.body.data.label, label, sizeof label);
    assert_null(message.body.data.clean_label);
    int32_t clean[INPUTS];
    fill(clean, sizeof clean, 4);
    data.clean_label = clean;
    assert_int_equal(sw_wire_encode_data(&buffer, 8, &data), SW_OK);
    message = decode(&buffer);
    assert_memory_equal(message.body.data.split, split, sizeof split);
    assert_memory_equal(message.body.data.label, label, sizeof label);
    assert_memory_equal(message.body.data.clean_label, clean, sizeof clean);
    sw_wire_data *fixed = (sw_wire_data *)(buffer.data + sizeof(sw_wire_header));
    for (fixed->labels = -1; fixed->labels < 4; fixed->labels++)
        if (fixed->labels != 2) refused(&buffer, buffer.size);
    sw_wire_buffer_release(&buffer);
}

enum { ENTITIES = 5, SINGULAR = 4, FOURIER = 2, VOCABULARY = 6, WIDTH = 3, PARAMETERS = 17, STATE = 34 };

static void make_snapshot(sw_wire_buffer *buffer, float *values) {
    fill(values, 128 * sizeof *values, 9);
    sw_snapshot snapshot = {.step = 77,
                            .snapshot = 3,
                            .shape = {ENTITIES, SINGULAR, FOURIER, VOCABULARY, WIDTH, PARAMETERS, STATE},
                            .array[SW_SNAPSHOT_PCA] = values,
                            .array[SW_SNAPSHOT_EXPLAINED_VARIANCE] = values + 40,
                            .array[SW_SNAPSHOT_SINGULAR_VALUES] = values + 48,
                            .array[SW_SNAPSHOT_FOURIER_POWER] = values + 52,
                            .array[SW_SNAPSHOT_EMBEDDING] = values + 54,
                            .array[SW_SNAPSHOT_PARAMETERS] = values + 72,
                            .array[SW_SNAPSHOT_OPTIMIZER] = values + 72 + PARAMETERS};
    assert_int_equal(sw_wire_encode_snapshot(buffer, 2, &snapshot), SW_OK);
}

static void snapshots_round_trip(void **state) {
    (void)state;
    float values[128];
    sw_wire_buffer buffer = {0};
    make_snapshot(&buffer, values);
    sw_snapshot out = decode(&buffer).body.snapshot;
    assert_int_equal(out.step, 77);
    assert_int_equal(out.snapshot, 3);
    assert_int_equal(out.shape.entities, ENTITIES);
    assert_int_equal(out.shape.d, WIDTH);
    assert_int_equal(out.shape.parameters, PARAMETERS);
    assert_memory_equal(out.array[SW_SNAPSHOT_PCA], values, 40 * sizeof(float));
    assert_memory_equal(out.array[SW_SNAPSHOT_EXPLAINED_VARIANCE], values + 40, 8 * sizeof(float));
    assert_memory_equal(out.array[SW_SNAPSHOT_SINGULAR_VALUES], values + 48, SINGULAR * sizeof(float));
    assert_memory_equal(out.array[SW_SNAPSHOT_FOURIER_POWER], values + 52, FOURIER * sizeof(float));
    assert_memory_equal(out.array[SW_SNAPSHOT_EMBEDDING], values + 54, VOCABULARY * WIDTH * sizeof(float));
    assert_memory_equal(out.array[SW_SNAPSHOT_PARAMETERS], values + 72, PARAMETERS * sizeof(float));
    assert_int_equal(out.shape.optimizer, STATE);
    assert_memory_equal(out.array[SW_SNAPSHOT_OPTIMIZER], values + 72 + PARAMETERS, STATE * sizeof(float));

    sw_snapshot small = {
        .array[SW_SNAPSHOT_EXPLAINED_VARIANCE] = values, .array[SW_SNAPSHOT_PCA] = values, .shape = {.entities = 1}};
    assert_int_equal(sw_wire_encode_snapshot(&buffer, 2, &small), SW_OK);
    out = decode(&buffer).body.snapshot;
    assert_null(out.array[SW_SNAPSHOT_EMBEDDING]);
    assert_null(out.array[SW_SNAPSHOT_PARAMETERS]);
    assert_null(out.array[SW_SNAPSHOT_FOURIER_POWER]);
    sw_wire_buffer_release(&buffer);
}

static void too_large_is_refused_by_the_sender(void **state) {
    (void)state;
    sw_wire_buffer buffer = {0};
    sw_snapshot snapshot = {.shape = {.entities = 1, .parameters = 600000000}};
    assert_int_equal(sw_wire_encode_snapshot(&buffer, 0, &snapshot), SW_E_PROTOCOL);
    sw_run_data data = {.inputs = 1000000000, .tokens = 3};
    assert_int_equal(sw_wire_encode_data(&buffer, 0, &data), SW_E_PROTOCOL);
    sw_wire_buffer_release(&buffer);
}

static void malformed_headers_are_refused(void **state) {
    (void)state;
    sw_wire_buffer buffer = {0};
    const sw_wire_pulse pulse = {.step = 1};
    assert_int_equal(sw_wire_encode(&buffer, SW_WIRE_PULSE, 1, &pulse, sizeof pulse), SW_OK);
    sw_wire_header *header = (sw_wire_header *)buffer.data;
    const sw_wire_header good = *header;
    for (size_t size = 0; size < buffer.size; size++) refused(&buffer, size);
    header->magic++;
    refused(&buffer, buffer.size);
    *header = good;
    header->tag = 0;
    refused(&buffer, buffer.size);
    header->tag = SW_WIRE_TAG_END;
    refused(&buffer, buffer.size);
    header->tag = SW_WIRE_RECORD; /* another message's length */
    refused(&buffer, buffer.size);
    *header = good;
    header->length++;
    refused(&buffer, buffer.size);
    header->length = UINT32_MAX;
    refused(&buffer, buffer.size);
    *header = good;
    header->run = -1;
    refused(&buffer, buffer.size);
    *header = good;
    decode(&buffer);
    sw_wire_buffer_release(&buffer);
}

static void unterminated_texts_are_refused(void **state) {
    (void)state;
    sw_wire_buffer buffer = {0};
    sw_wire_begin begin;
    memset(&begin, 'x', sizeof begin);
    assert_int_equal(sw_wire_encode(&buffer, SW_WIRE_BEGIN, 1, &begin, sizeof begin), SW_OK);
    refused(&buffer, buffer.size);

    sw_wire_finish finish;
    memset(&finish, 0, sizeof finish);
    memset(finish.result.error, 'x', sizeof finish.result.error);
    assert_int_equal(sw_wire_encode(&buffer, SW_WIRE_FINISH, 1, &finish, sizeof finish), SW_OK);
    refused(&buffer, buffer.size);
    finish.result.error[0] = '\0';
    finish.outcome = SW_OUTCOME_COUNT;
    assert_int_equal(sw_wire_encode(&buffer, SW_WIRE_FINISH, 1, &finish, sizeof finish), SW_OK);
    refused(&buffer, buffer.size);

    sw_wire_assign *assign = calloc(1, sizeof *assign);
    memset(assign->config.task.file, 'x', sizeof assign->config.task.file);
    assert_int_equal(sw_wire_encode_assign(&buffer, 1, assign), SW_OK);
    refused(&buffer, buffer.size);
    memset(assign, 0, sizeof *assign);
    memset(assign->checkpoint, 'x', sizeof assign->checkpoint);
    assert_int_equal(sw_wire_encode_assign(&buffer, 1, assign), SW_OK);
    refused(&buffer, buffer.size);
    free(assign);

    sw_run_facts facts;
    memset(&facts, 'x', sizeof facts);
    assert_int_equal(sw_wire_encode(&buffer, SW_WIRE_FACTS, 1, &facts, sizeof facts), SW_OK);
    refused(&buffer, buffer.size);

    sw_wire_lost lost;
    memset(&lost, 'x', sizeof lost);
    assert_int_equal(sw_wire_encode(&buffer, SW_WIRE_LOST, -1, &lost, sizeof lost), SW_OK);
    refused(&buffer, buffer.size);
    sw_wire_buffer_release(&buffer);
}

/* Counts that do not fit the length, negative ones, and ones whose products overflow. */
static void wrong_counts_are_refused(void **state) {
    (void)state;
    float values[128];
    sw_wire_buffer buffer = {0};
    make_snapshot(&buffer, values);
    sw_wire_snapshot *fixed = (sw_wire_snapshot *)(buffer.data + sizeof(sw_wire_header));
    const sw_wire_snapshot good = *fixed;
    static const int32_t wrong[] = {-1, INT32_MIN, INT32_MAX, 0, 1000};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        int32_t *const fields[] = {&fixed->entities, &fixed->singular, &fixed->fourier, &fixed->vocabulary, &fixed->d};
        for (size_t f = 0; f < 5; f++) {
            *fields[f] = wrong[i];
            refused(&buffer, buffer.size);
            *fixed = good;
        }
        fixed->parameters = (int64_t)wrong[i] * INT32_MAX;
        refused(&buffer, buffer.size);
        *fixed = good;
        fixed->optimizer = (int64_t)wrong[i] * INT32_MAX;
        refused(&buffer, buffer.size);
        *fixed = good;
    }
    fixed->vocabulary = fixed->d = INT32_MAX;
    refused(&buffer, buffer.size);

    sw_run_data data = {
        .inputs = 1, .tokens = 1, .split = (int8_t[]){1}, .input = (int32_t[]){1}, .label = (int32_t[]){1}};
    assert_int_equal(sw_wire_encode_data(&buffer, 1, &data), SW_OK);
    sw_wire_data *counts = (sw_wire_data *)(buffer.data + sizeof(sw_wire_header));
    static const int64_t inputs[] = {-1, 0, 2, INT64_MAX, INT64_MIN};
    for (size_t i = 0; i < 5; i++) {
        counts->inputs = inputs[i];
        refused(&buffer, buffer.size);
    }
    counts->inputs = 1;
    counts->tokens = -1;
    refused(&buffer, buffer.size);
    counts->tokens = INT32_MAX;
    refused(&buffer, buffer.size);
    sw_wire_buffer_release(&buffer);
}

static void append_frame(unsigned char **stream, size_t *size, const sw_wire_buffer *buffer) {
    *stream = realloc(*stream, *size + buffer->size);
    memcpy(*stream + *size, buffer->data, buffer->size);
    *size += buffer->size;
}

/* Frames come out of the stream whole, however it is cut. */
static void streams_are_reassembled(void **state) {
    (void)state;
    unsigned char *stream = NULL;
    size_t size = 0;
    float values[128];
    sw_wire_buffer buffer = {0};
    assert_int_equal(sw_wire_encode(&buffer, SW_WIRE_STOP, -1, NULL, 0), SW_OK);
    append_frame(&stream, &size, &buffer);
    make_snapshot(&buffer, values);
    append_frame(&stream, &size, &buffer);
    sw_wire_assign *assign = calloc(1, sizeof *assign);
    assert_int_equal(sw_wire_encode_assign(&buffer, 6, assign), SW_OK);
    append_frame(&stream, &size, &buffer);
    free(assign);

    for (uint32_t seed = 0; seed < 200; seed++) {
        sw_wire_reader reader = {0};
        static const sw_wire_tag expected[] = {SW_WIRE_STOP, SW_WIRE_SNAPSHOT, SW_WIRE_ASSIGN};
        size_t at = 0, frames = 0;
        while (at < size) {
            void *room;
            size_t capacity;
            assert_int_equal(sw_wire_reader_room(&reader, &room, &capacity), SW_OK);
            assert_true(capacity > 0);
            size_t count = 1 + (size_t)sw_random_below(seed, 0x902, 0, at, 900);
            if (count > size - at) count = size - at;
            if (count > capacity) count = capacity;
            memcpy(room, stream + at, count);
            sw_wire_reader_add(&reader, count);
            at += count;
            const void *frame;
            size_t length;
            assert_int_equal(sw_wire_reader_next(&reader, &frame, &length), SW_OK);
            while (frame != NULL) {
                sw_wire_message message;
                assert_int_equal(sw_wire_decode(&message, frame, length), SW_OK);
                assert_int_equal(message.tag, expected[frames++]);
                assert_int_equal(sw_wire_reader_next(&reader, &frame, &length), SW_OK);
            }
        }
        assert_int_equal(frames, 3);
        sw_wire_reader_release(&reader);
    }
    free(stream);
    sw_wire_buffer_release(&buffer);
}

static void frames_side_by_side_come_as_one(void **state) {
    (void)state;
    enum { FRAMES = 9, FRAME = 32, LIMIT = 4 * FRAME + 5 };
    sw_wire_buffer buffer = {0};
    sw_wire_reader reader = {0};
    unsigned char *stream = NULL;
    const sw_wire_acknowledge acknowledge = {.records = 1};
    size_t size = 0, capacity, length;
    void *room;
    const void *frames;
    for (int32_t run = 0; run < FRAMES; run++) {
        assert_int_equal(sw_wire_encode(&buffer, SW_WIRE_ACKNOWLEDGE, run, &acknowledge, sizeof acknowledge), SW_OK);
        append_frame(&stream, &size, &buffer);
    }
    assert_int_equal(size, FRAMES * FRAME);
    assert_int_equal(sw_wire_first_frame(&length, stream, size), SW_OK);
    assert_int_equal(length, FRAME);
    assert_int_equal(sw_wire_first_frame(&length, stream, FRAME - 1), SW_OK);
    assert_int_equal(length, 0);

    /* all but the last byte, then that byte, then garbage */
    assert_int_equal(sw_wire_reader_batch(&reader, LIMIT, &frames, &length), SW_OK);
    assert_null(frames);
    assert_int_equal(sw_wire_reader_room(&reader, &room, &capacity), SW_OK);
    memcpy(room, stream, size - 1);
    sw_wire_reader_add(&reader, size - 1);
    for (size_t at = 0; at < 8 * FRAME; at += 4 * FRAME) {
        assert_int_equal(sw_wire_reader_batch(&reader, LIMIT, &frames, &length), SW_OK);
        assert_int_equal(length, 4 * FRAME);
        assert_memory_equal(frames, stream + at, length);
    }
    assert_int_equal(sw_wire_reader_batch(&reader, LIMIT, &frames, &length), SW_OK);
    assert_null(frames);
    assert_int_equal(sw_wire_reader_room(&reader, &room, &capacity), SW_OK);
    memcpy(room, stream + size - 1, 1);
    memset((char *)room + 1, 'x', FRAME);
    sw_wire_reader_add(&reader, 1 + FRAME);
    assert_int_equal(sw_wire_reader_batch(&reader, 1, &frames, &length), SW_OK); /* one is always given */
    assert_int_equal(length, FRAME);
    assert_memory_equal(frames, stream + size - FRAME, length);
    assert_int_equal(sw_wire_reader_batch(&reader, LIMIT, &frames, &length), SW_E_PROTOCOL);
    free(stream);
    sw_wire_reader_release(&reader);
    sw_wire_buffer_release(&buffer);
}

static void a_stream_of_garbage_is_refused(void **state) {
    (void)state;
    sw_wire_reader reader = {0};
    void *room;
    size_t capacity, size;
    const void *frame;
    assert_int_equal(sw_wire_reader_room(&reader, &room, &capacity), SW_OK);
    memset(room, 'x', 64);
    sw_wire_reader_add(&reader, 64);
    assert_int_equal(sw_wire_reader_next(&reader, &frame, &size), SW_E_PROTOCOL);
    sw_wire_reader_release(&reader);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fixed_messages_round_trip),
        cmocka_unit_test(assignments_carry_their_steps),
        cmocka_unit_test(data_round_trips),
        cmocka_unit_test(snapshots_round_trip),
        cmocka_unit_test(too_large_is_refused_by_the_sender),
        cmocka_unit_test(malformed_headers_are_refused),
        cmocka_unit_test(unterminated_texts_are_refused),
        cmocka_unit_test(wrong_counts_are_refused),
        cmocka_unit_test(streams_are_reassembled),
        cmocka_unit_test(frames_side_by_side_come_as_one),
        cmocka_unit_test(a_stream_of_garbage_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
