/* document.h: a JSON text with the position of every value.
 *
 * A scanner of our own walks the text first: it knows line and column of everything, refuses what JSON does not have
 * (NaN, comments, trailing commas) by name, and bounds depth and size before anything is allocated. cJSON then parses
 * the text. Both see the same values in the same order, so a node is the scanner's position and cJSON's value in one.
 */
#pragma once

#include "symsweep/config.h"

#include <stdint.h>

enum {
    SW_DOCUMENT_BYTES_MAX = 16 << 20,
    SW_DOCUMENT_DEPTH_MAX = 64,
    SW_DOCUMENT_VALUES_MAX = 250000, /* values of all kinds in one file */
    SW_NUMBER_LENGTH_MAX = 60        /* cJSON reads no longer ones */
};

typedef enum sw_node_type {
    SW_NODE_NULL,
    SW_NODE_BOOL,
    SW_NODE_NUMBER,
    SW_NODE_STRING,
    SW_NODE_ARRAY,
    SW_NODE_OBJECT
} sw_node_type;

struct cJSON;

/* Nodes lie in document order; links are indices, -1 = none. */
typedef struct sw_node {
    const struct cJSON *item;
    int32_t parent, child, next;
    int32_t count;                /* children */
    int32_t line, column;         /* of the value, 1-based, columns in characters */
    int32_t key_line, key_column; /* of the member's name; 0 for array elements */
    uint32_t offset, length;      /* the value's bytes in the text; of a number that is too long, one */
    uint8_t type;                 /* sw_node_type */
    bool integral;                /* number without fraction and exponent */
    bool broken;                  /* the value is already reported: say nothing more of it */
    bool duplicate;               /* the name stands in the object already, and that is reported */
} sw_node;

typedef struct sw_document {
    char *text;
    size_t length;
    sw_node *nodes; /* nodes[0] is the root */
    int32_t count, capacity;
    struct cJSON *root;
    sw_diagnostics *diagnostics; /* where its errors go; of whoever reads it now */
} sw_document;

/* Takes over `text` (malloc'd, NUL after `length` bytes) whatever is returned. Errors that leave the rest readable
 * are reported and blanked in the text. SW_E_CONFIG: nothing can be read; SW_OK may come with errors reported. */
sw_status sw_document_parse(sw_document **out, char *text, size_t length, sw_diagnostics *diagnostics) SW_MUST_CHECK;
void sw_document_destroy(sw_document *document);

/* The member's name, "" for array elements and the root. */
const char *sw_document_key(const sw_document *document, int32_t node);
const char *sw_document_string(const sw_document *document, int32_t node); /* of a string node */
bool sw_document_bool(const sw_document *document, int32_t node);
/* A number node's value; *integer is set when it is a whole number within 2^53. */
double sw_document_number(const sw_document *document, int32_t node, int64_t *integer, bool *whole);
/* Member of an object by exact name; -1 = none. */
int32_t sw_document_member(const sw_document *document, int32_t object, const char *name);

/* "grid.task.p[1]" of a node. */
void sw_document_path(const sw_document *document, int32_t node, char out[256]);
void sw_document_locate(const sw_document *document, int32_t node, sw_position *out);
/* "the string \"ad\"", "the number 0.5", "an object", for messages. */
void sw_document_describe(const sw_document *document, int32_t node, char out[128]);

/* An error at the value, or at the name, of a node, or of "expected <format>, found <the node's value>". All return
 * false, so that `return sw_document_error(...)` reads well. */
bool sw_document_error(const sw_document *document, int32_t node, const char *hint, const char *format, ...)
    SW_PRINTF(4, 5);
bool sw_document_key_error(const sw_document *document, int32_t node, const char *hint, const char *format, ...)
    SW_PRINTF(4, 5);
bool sw_document_expected(const sw_document *document, int32_t node, const char *hint, const char *format, ...)
    SW_PRINTF(4, 5);

/* The name among `count` candidates nearest to `given`, NULL when none is near. */
const char *sw_document_nearest(const char *given, const char *const *candidates, size_t count);
/* The hint "did you mean ...?", "" for NULL. */
bool sw_document_suggest(char out[256], const char *nearest, const char *quote);
