/* table_file.c: tables as pandas, NumPy, R and spreadsheets write them. */
#include "tasks/table_file.h"

#include "symsweep/grow.h"
#include "tasks/fields.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    INPUTS_MAX = 4000000,
    WORDS_MAX = SW_TASK_ENTITIES_MAX,
    SLOTS = 4 * WORDS_MAX,
    FIELDS_MAX = SW_OPERANDS_MAX + 1,
    NUMBER_MAX = 48
};
static const size_t file_size_max = (size_t)1 << 30;
static const char key[] = "task.file";

/* ---- words: the tokens of the operands, or the labels ---- */

typedef struct word {
    bool whole; /* a whole number: told apart by its value, else by its text */
    int64_t number;
    sw_span text;
    int32_t id; /* in the end */
} word;

typedef struct vocabulary {
    word words[WORDS_MAX]; /* in the order in which they appear first */
    int32_t count;
    int32_t slots[SLOTS]; /* hash table of places in words, counted from 1; 0 = free */
} vocabulary;

/* The digits of a decimal number, without its point; false: it is none. *point: how many stand before the point. */
static bool read_digits(char digits[NUMBER_MAX], int *count, int *point, sw_span span) {
    char text[NUMBER_MAX];
    long shift = 0;
    *count = 0;
    *point = -1;
    if (!sw_fields_is_number(span) || span.length >= sizeof text) return false;
    memcpy(text, span.at, span.length);
    text[span.length] = '\0';
    for (const char *at = text + (*text == '-' || *text == '+'); *at != '\0'; at++) {
        if (*at == 'e' || *at == 'E') {
            shift = strtol(at + 1, NULL, 10);
            break;
        }
        if (*at == '.')
            *point = *count;
        else if (*at >= '0' && *at <= '9')
            digits[(*count)++] = *at;
        else
            return false; /* hexadecimal, or not finite */
    }
    if (*point < 0) *point = *count;
    *point += (int)(shift > NUMBER_MAX ? NUMBER_MAX : shift < -NUMBER_MAX ? -NUMBER_MAX : shift);
    return true;
}

/* 5, 05, 5.0 and 5e0 are one whole number; of more than 18 digits it is a word. */
static bool read_whole(sw_span span, int64_t *out) {
    char digits[NUMBER_MAX];
    int count, point;
    if (sw_fields_integer(span, out)) return true;
    if (!read_digits(digits, &count, &point, span)) return false;
    *out = 0;
    for (int i = 0; i < count || i < point; i++) {
        const int digit = i < count ? digits[i] - '0' : 0;
        if (i >= point && digit != 0) return false;
        if (i >= point) continue;
        if (*out >= INT64_C(100000000000000000)) return false;
        *out = 10 * *out + digit;
    }
    if (*span.at == '-') *out = -*out;
    return true;
}

static size_t slot_of(const word *w) {
    uint64_t hash = UINT64_C(14695981039346656037);
    if (w->whole) return (size_t)(((uint64_t)w->number * UINT64_C(0x9e3779b97f4a7c15)) >> 40) % SLOTS;
    for (size_t i = 0; i < w->text.length; i++) hash = (hash ^ (unsigned char)w->text.at[i]) * UINT64_C(1099511628211);
    return (size_t)(hash ^ hash >> 32) % SLOTS;
}

static bool same(const word *a, const word *b) {
    return a->whole == b->whole && (a->whole ? a->number == b->number : sw_fields_same(a->text, b->text));
}

/* Place of a word; -1 = it is one too many. */
static int32_t learn(vocabulary *of, sw_span text) {
    word w = {.text = text};
    w.whole = read_whole(text, &w.number);
    size_t slot = slot_of(&w);
    for (; of->slots[slot] != 0; slot = (slot + 1) % SLOTS)
        if (same(&of->words[of->slots[slot] - 1], &w)) return of->slots[slot] - 1;
    if (of->count == WORDS_MAX) return -1;
    of->words[of->count] = w;
    of->slots[slot] = ++of->count;
    return of->count - 1;
}

/* Numbers in numeric order, then the others in the order in which they appear. */
static int compare_words(const void *left, const void *right) {
    const word *a = *(word *const *)left, *b = *(word *const *)right;
    if (a->whole != b->whole) return a->whole ? -1 : 1;
    if (a->whole && a->number != b->number) return a->number < b->number ? -1 : 1;
    return a < b ? -1 : a > b;
}

static void number_words(vocabulary *of) {
    word *order[WORDS_MAX];
    for (int32_t i = 0; i < of->count; i++) order[i] = &of->words[i];
    qsort(order, (size_t)of->count, sizeof *order, compare_words);
    for (int32_t i = 0; i < of->count; i++) order[i]->id = i;
}

/* ---- the lines ---- */

typedef struct reading {
    sw_fields file;
    const sw_task_config *config;
    char separator;
    int fields;        /* of every line: operands and label */
    size_t first_line; /* that has fields */
    sw_span first;
    vocabulary *tokens, *labels;
    int32_t *operand; /* [count, fields - 1] places in tokens */
    int32_t *label;   /* [count] places in labels */
    int32_t *line;    /* [count] */
    size_t count, operand_room, label_room, line_room;
    sw_table_notes *notes;
} reading;

static sw_status refuse(const reading *r, const char *expected, sw_span found) {
    char text[SW_FIELDS_SHOWN];
    sw_fields_show(text, found);
    return sw_fail(SW_E_CONFIG, "%s: %s:%zu: expected %s, found \"%s\"", key, r->file.path, r->file.line, expected,
                   text);
}

/* A line without the comment at its end: a blank, then #, outside of quotes. */
static sw_span without_comment(sw_span line) {
    bool quoted = false;
    for (size_t i = 0; i < line.length; i++) {
        quoted ^= line.at[i] == '"';
        if (quoted || line.at[i] != '#' || i == 0 || (line.at[i - 1] != ' ' && line.at[i - 1] != '\t')) continue;
        while (i > 0 && (line.at[i - 1] == ' ' || line.at[i - 1] == '\t')) i--;
        return (sw_span){line.at, i};
    }
    return line;
}

static bool next_line(reading *r, sw_span *line) {
    if (!sw_fields_next(&r->file, line)) return false;
    if (memchr(line->at, '#', line->length) != NULL) *line = without_comment(*line);
    return true;
}

/* Fields of a line, checked one by one. */
static sw_status split(sw_span field[FIELDS_MAX], const reading *r, sw_span line) {
    char expected[96];
    if (!sw_fields_is_utf8(line)) return refuse(r, "UTF-8 (spreadsheets: save it as \"CSV UTF-8\")", line);
    const int count = sw_fields_split(field, FIELDS_MAX, NULL, line, r->separator, "");
    if (count < 0) return refuse(r, "a quote that is closed in its line", line);
    if (r->fields > 0 && count != r->fields) {
        snprintf(expected, sizeof expected, "%d fields as in line %zu", r->fields, r->first_line);
        return refuse(r, expected, line);
    }
    if (count < 2 || count > FIELDS_MAX) {
        snprintf(expected, sizeof expected, "the tokens of 1 to %d operands and a label", SW_OPERANDS_MAX);
        return refuse(r, expected, line);
    }
    for (int k = 0; k < count; k++) {
        const bool label = k == count - 1;
        if (field[k].length == 0 || sw_fields_is_word(field[k], "nan"))
            return refuse(r, label ? "a label (one is missing)" : "a token (one is missing)", line);
    }
    return SW_OK;
}

static int count_fields(sw_span field[FIELDS_MAX], char separator, sw_span line) {
    return sw_fields_split(field, FIELDS_MAX, NULL, line, separator, "");
}

/* Does the first line name the columns? It has no number, and all fields of all other lines are whole numbers. */
static bool first_is_header(reading *r) {
    sw_span field[FIELDS_MAX], line;
    int64_t number;
    bool others = false;
    int count = count_fields(field, r->separator, r->first);
    for (int k = 0; k < count && k < FIELDS_MAX; k++)
        if (sw_fields_is_number(field[k])) return false;
    while (next_line(r, &line)) {
        count = count_fields(field, r->separator, line);
        for (int k = 0; k < count && k < FIELDS_MAX; k++)
            if (!read_whole(field[k], &number)) return false;
        others = count > 0;
    }
    return others;
}

/* Numbers apart by tabs could be apart by any blanks, but other lines may have words with blanks in them. */
static char find_separator(sw_span line) {
    sw_span field[FIELDS_MAX];
    const char separator = sw_fields_separator(line);
    if (separator != SW_FIELDS_BLANKS || memchr(line.at, '\t', line.length) == NULL) return separator;
    const int count = count_fields(field, '\t', line);
    for (int k = 0; k < count && k < FIELDS_MAX; k++)
        if (memchr(field[k].at, ' ', field[k].length) != NULL) return SW_FIELDS_BLANKS;
    return '\t';
}

static sw_status find_first(reading *r) {
    sw_span field[FIELDS_MAX];
    if (!next_line(r, &r->first)) return sw_fail(SW_E_CONFIG, "%s: %s has no inputs", key, r->file.path);
    r->separator = find_separator(r->first);
    if (r->first.length == 5 && !strncmp(r->first.at, "sep=", 4)) { /* as spreadsheets say it */
        r->separator = r->first.at[4];
        if (!next_line(r, &r->first)) return sw_fail(SW_E_CONFIG, "%s: %s has no inputs", key, r->file.path);
    }
    r->first_line = r->file.line;
    const int count = count_fields(field, r->separator, r->first);
    if (count > 1 && field[0].length == 0 && (r->config->header || first_is_header(r)))
        return sw_fail(SW_E_CONFIG,
                       "%s: %s:%zu: the first column has no name: is it the index of a data frame? Write the table "
                       "without it (pandas: index=False)",
                       key, r->file.path, r->first_line);
    if (!r->config->header && !first_is_header(r)) return SW_OK;
    r->notes->header_line = r->config->header ? 0 : r->first_line;
    sw_fields_show(r->notes->first_text, r->first);
    return SW_OK;
}

static void *grow(void *items, const reading *r, size_t *room, size_t size) {
    return sw_grow_array(items, r->count, room, size, "the table of task.file");
}

static sw_status add_input(reading *r, const sw_span *field) {
    const size_t width = (size_t)r->fields - 1;
    void *operand = grow(r->operand, r, &r->operand_room, width * sizeof *r->operand);
    if (operand != NULL) r->operand = operand;
    void *label = grow(r->label, r, &r->label_room, sizeof *r->label);
    if (label != NULL) r->label = label;
    void *line = grow(r->line, r, &r->line_room, sizeof *r->line);
    if (line != NULL) r->line = line;
    if (operand == NULL || label == NULL || line == NULL) return SW_E_MEMORY;
    for (size_t k = 0; k < width; k++) {
        const int32_t token = learn(r->tokens, field[k]);
        if (token < 0) return refuse(r, "at most 4096 different tokens", field[k]);
        r->operand[r->count * width + k] = token;
    }
    r->label[r->count] = learn(r->labels, field[width]);
    if (r->label[r->count] < 0) return refuse(r, "at most 4096 different labels", field[width]);
    r->line[r->count++] = (int32_t)r->file.line;
    return SW_OK;
}

static sw_status read_lines(reading *r) {
    sw_span field[FIELDS_MAX], line;
    sw_status status = find_first(r);
    const bool header = r->config->header || r->notes->header_line > 0;
    for (sw_fields_rewind(&r->file); status == SW_OK && next_line(r, &line);) {
        if (r->file.line < r->first_line || (header && r->file.line == r->first_line)) continue;
        status = split(field, r, line);
        if (status != SW_OK) break;
        if (r->fields == 0) {
            r->first_line = r->file.line;
            r->fields = count_fields(field, r->separator, line);
        }
        if (r->count == INPUTS_MAX)
            return sw_fail(SW_E_CONFIG, "%s: %s:%zu: more than %d inputs", key, r->file.path, r->file.line, INPUTS_MAX);
        status = add_input(r, field);
    }
    if (status == SW_OK && r->count == 0) status = sw_fail(SW_E_CONFIG, "%s: %s has no inputs", key, r->file.path);
    return status;
}

/* ---- lexicographic order ---- */

/* order[count] <- the rows of operand[count, width] sorted: a counting sort by every column, the last one first. */
static sw_status sort_rows(int32_t *order, const int32_t *operand, size_t count, size_t width, int32_t tokens) {
    int32_t *other = malloc(count * sizeof *other), *start = malloc(((size_t)tokens + 1) * sizeof *start);
    if (other == NULL || start == NULL) {
        free(other);
        free(start);
        return sw_fail(SW_E_MEMORY, "no memory to sort %zu inputs", count);
    }
    for (size_t i = 0; i < count; i++) order[i] = (int32_t)i;
    for (size_t k = width; k-- > 0;) {
        memset(start, 0, ((size_t)tokens + 1) * sizeof *start);
        for (size_t i = 0; i < count; i++) start[operand[i * width + k] + 1]++;
        for (int32_t t = 0; t < tokens; t++) start[t + 1] += start[t];
        for (size_t i = 0; i < count; i++) other[start[operand[(size_t)order[i] * width + k]]++] = order[i];
        memcpy(order, other, count * sizeof *order);
    }
    free(other);
    free(start);
    return SW_OK;
}

static sw_status check_twice(const reading *r, const int32_t *order) {
    const size_t width = (size_t)r->fields - 1;
    for (size_t i = 1; i < r->count; i++) {
        const size_t a = (size_t)order[i - 1], b = (size_t)order[i];
        if (memcmp(r->operand + a * width, r->operand + b * width, width * sizeof *r->operand) == 0)
            return sw_fail(SW_E_CONFIG, "%s: %s: lines %d and %d have the same input", key, r->file.path, r->line[a],
                           r->line[b]);
    }
    return SW_OK;
}

/* Are the classes the tokens, in the same order? */
static bool is_named_alike(const reading *r) {
    const vocabulary *tokens = r->tokens, *labels = r->labels;
    if (tokens->count != labels->count) return false;
    const word *by_id[WORDS_MAX];
    for (int32_t i = 0; i < tokens->count; i++) by_id[tokens->words[i].id] = &tokens->words[i];
    for (int32_t i = 0; i < labels->count; i++)
        if (!same(&labels->words[i], by_id[labels->words[i].id])) return false;
    return true;
}

/* Does the first line share no token and no label with another? Then it may name the columns. */
static bool first_stands_alone(const reading *r) {
    const size_t width = (size_t)r->fields - 1;
    bool first[WORDS_MAX] = {false};
    for (size_t k = 0; k < width; k++) first[r->operand[k]] = true;
    for (size_t i = 1; i < r->count; i++) {
        if (r->label[i] == r->label[0]) return false;
        for (size_t k = 0; k < width; k++)
            if (first[r->operand[i * width + k]]) return false;
    }
    return r->count > 1;
}

static const word *word_at(const reading *r, size_t input, size_t column) {
    const size_t width = (size_t)r->fields - 1;
    return column < width ? &r->tokens->words[r->operand[input * width + column]] : &r->labels->words[r->label[input]];
}

/* A column with both numbers and words: the first line with what the column has less of is told. */
static void note_mixture(const reading *r) {
    for (size_t k = 0; k < (size_t)r->fields; k++) {
        size_t first[2] = {r->count, r->count}, times[2] = {0, 0}; /* of words, of numbers */
        for (size_t i = 0; i < r->count; i++) {
            const bool whole = word_at(r, i, k)->whole;
            if (times[whole]++ == 0) first[whole] = i;
        }
        if (times[0] == 0 || times[1] == 0) continue;
        const size_t i = first[times[1] < times[0]];
        r->notes->mixed_line = (size_t)r->line[i];
        r->notes->mixed_column = k + 1;
        sw_fields_show(r->notes->mixed_text, word_at(r, i, k)->text);
        return;
    }
}

/* What the words are called, by id; NULL when each is its id. */
static sw_status name_words(char (**out)[SW_TASK_NAME], const vocabulary *of) {
    bool plain = true;
    for (int32_t i = 0; i < of->count; i++)
        plain = plain && of->words[i].whole && of->words[i].number == of->words[i].id;
    if (plain) return SW_OK;
    *out = calloc((size_t)of->count, sizeof **out);
    if (*out == NULL) return sw_fail(SW_E_MEMORY, "no memory for the names of %d tokens", of->count);
    for (int32_t i = 0; i < of->count; i++) {
        const word *w = &of->words[i];
        if (w->whole)
            snprintf((*out)[w->id], sizeof **out, "%" PRId64, w->number);
        else
            sw_fields_show((*out)[w->id], w->text);
    }
    return SW_OK;
}

static sw_status finish(sw_table_file *out, reading *r) {
    const size_t width = (size_t)r->fields - 1;
    number_words(r->tokens);
    number_words(r->labels);
    for (size_t i = 0; i < r->count * width; i++) r->operand[i] = r->tokens->words[r->operand[i]].id;
    for (size_t i = 0; i < r->count; i++) r->label[i] = r->labels->words[r->label[i]].id;
    out->sizes = (sw_table_sizes){.operands = r->fields - 1,
                                  .entities = r->tokens->count,
                                  .classes = r->labels->count,
                                  .inputs = r->count,
                                  .named_alike = is_named_alike(r)};
    int32_t *order = malloc(r->count * sizeof *order);
    out->operand = malloc(r->count * width * sizeof *out->operand);
    out->label = malloc(r->count * sizeof *out->label);
    sw_status status = order == NULL || out->operand == NULL || out->label == NULL
                           ? sw_fail(SW_E_MEMORY, "no memory for a table of %zu inputs", r->count)
                           : sort_rows(order, r->operand, r->count, width, r->tokens->count);
    if (status == SW_OK) status = check_twice(r, order);
    if (status == SW_OK) status = name_words(&out->token_name, r->tokens);
    if (status == SW_OK) status = name_words(&out->label_name, r->labels);
    for (size_t i = 0; i < r->count && status == SW_OK; i++) {
        memcpy(out->operand + i * width, r->operand + (size_t)order[i] * width, width * sizeof *out->operand);
        out->label[i] = r->label[order[i]];
    }
    free(order);
    return status;
}

sw_status sw_table_file_read(sw_table_file *out, const sw_task_config *config) {
    *out = (sw_table_file){0};
    reading r = {.config = config, .notes = &out->notes};
    sw_status status = sw_fields_read(&r.file, key, config->file, file_size_max, "#");
    if (status == SW_OK) status = sw_fields_check(&r.file, config->file_sha256);
    if (status != SW_OK) goto cleanup;
    r.tokens = calloc(1, sizeof *r.tokens);
    r.labels = calloc(1, sizeof *r.labels);
    if (r.tokens == NULL || r.labels == NULL)
        status = sw_fail(SW_E_MEMORY, "no memory for the tokens of %s", config->file);
    if (status == SW_OK) status = read_lines(&r);
    if (status == SW_OK && !config->header && r.notes->header_line == 0 && first_stands_alone(&r)) {
        r.notes->lone_line = (size_t)r.line[0];
        sw_fields_show(r.notes->first_text, r.first);
    }
    if (status == SW_OK) note_mixture(&r);
    if (status == SW_OK) status = finish(out, &r);
cleanup:
    if (status != SW_OK) sw_table_file_release(out);
    free(r.tokens);
    free(r.labels);
    free(r.operand);
    free(r.label);
    free(r.line);
    sw_fields_release(&r.file);
    return status;
}

void sw_table_file_release(sw_table_file *table) {
    free(table->operand);
    free(table->label);
    free(table->token_name);
    free(table->label_name);
    *table = (sw_table_file){.sizes = table->sizes, .notes = table->notes};
}
