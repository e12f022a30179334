/* key_types.h: a configuration key, its value, and what a type of keys can do. */
#pragma once

#include "config/document.h"

#include "symsweep/arena.h"
#include "symsweep/config.h"
#include "symsweep/sha256.h"

typedef struct sw_key sw_key;

/* How the structure holds it. */
typedef enum sw_storage {
    SW_STORED_DOUBLE,
    SW_STORED_INT32,
    SW_STORED_INT64,
    SW_STORED_UINT32,
    SW_STORED_BOOL
} sw_storage;

/* A file that the configuration names, as it was when the sweep was read. */
typedef struct sw_named_file {
    char path[SW_PATH_MAX];
    uint8_t sha256[SW_SHA256_BYTES];
    bool opened; /* the digest is that of the content */
} sw_named_file;

/* Two keys under one name: symmetry.consistency.* sets commutativity and associativity. */
typedef struct sw_alias {
    const char *path;
    const char *target[2];
    const char *meaning;
} sw_alias;

/* A value of any key: `integer` for integers, booleans and enumerations. */
typedef struct sw_value {
    double real;
    int64_t integer;
    const int64_t *list; /* of names and changes: the document nodes of the paths */
    const sw_named_file *file;
    const char *text;          /* NULL = "" */
    const sw_changes *changes; /* NULL = none */
    int32_t count;             /* of list */
    int32_t node;              /* document node of the value, or of what generates it; -1 = none */
    int32_t member;            /* document node whose name gave the key */
    const sw_alias *alias;     /* given under this name; NULL = its own */
    bool broken;               /* was given, but is no value of the key: reported already, the default stands in */
} sw_value;

enum { SW_LIST_MAX = 64, SW_CHANGES_PATHS_MAX = 128 };

/* A key's value with room for its list. */
typedef struct sw_field {
    sw_value value;
    int64_t list[SW_LIST_MAX];
    sw_named_file file;
} sw_field;

/* What reading needs; `status` keeps a failure that is not the user's (memory), everything else is a diagnostic. */
typedef struct sw_reader {
    const sw_document *document;
    sw_arena *arena;    /* owns lists and files that values point to */
    const char *folder; /* relative files are found from here; NULL = files are not opened (sw_config_read) */
    uint64_t room;      /* how many times the axes read so far can be repeated before a sweep is too large */
    sw_status status;
} sw_reader;

typedef struct sw_key_type {
    const char *base;                                                 /* in the JSON Schema */
    const char *name;                                                 /* "number" ... */
    void (*type_text)(char *out, size_t capacity, const sw_key *key); /* ... or where each key has its own */
    sw_axis_type axis;                                                /* what /runs/axes has a column of */
    bool quoted;                                                      /* its text stands in quotes in JSON */
    bool ranged;                                                      /* has a range */
    bool scalar; /* one number or name: `compare` orders its values */
    /* The value at a node; false: reported. */
    bool (*read)(sw_reader *reader, sw_value *out, const sw_key *key, int32_t node);
    /* Into and out of the structure that the key is a field of. */
    void (*store)(void *base, const sw_key *key, const sw_value *value);
    void (*load)(sw_field *out, const void *base, const sw_key *key);
    int (*compare)(const sw_value *a, const sw_value *b); /* 0 = equal */
    void (*value_text)(char *out, size_t capacity, const sw_key *key, const sw_value *value);
    void (*write)(sw_json *json, const sw_key *key, const sw_value *value); /* NULL = its text */
} sw_key_type;

extern const sw_key_type sw_key_real, sw_key_integer, sw_key_bool;
extern const sw_key_type sw_key_enum;     /* a name; its place in `names` is the value */
extern const sw_key_type sw_key_integers; /* an array of integers */
extern const sw_key_type sw_key_file;     /* a path */
extern const sw_key_type sw_key_text;     /* a text; its range is that of its length in bytes */
extern const sw_key_type sw_key_path;     /* a text: the path of a file that is not read here */
extern const sw_key_type sw_key_row;      /* a text: the row of a run in a results file, or its id */
extern const sw_key_type sw_key_words;    /* a text: an array of names without blanks, which stand between them */
extern const sw_key_type sw_key_sha256;   /* of the file's content; what enters the identity */
extern const sw_key_type sw_key_names;    /* an array of axes' paths (refine, prune) */

/* What a key can be concerned with (sw_selectors). */
typedef enum sw_selector {
    SW_BY_TASK,
    SW_BY_OPERATION,
    SW_BY_GRAPH,
    SW_BY_FORM,
    SW_BY_GROUP,
    SW_BY_MODEL,
    SW_BY_INPUT,
    SW_BY_OPTIMIZER,
    SW_BY_SCHEDULE,
    SW_SELECTOR_COUNT
} sw_selector;

typedef void (*sw_default_rule)(const sw_run_config *config, sw_value *out);

struct sw_key {
    const char *path;
    size_t number; /* among the keys of its section */
    const sw_key_type *type;
    sw_storage stored;
    size_t offset;           /* of the field; of steps it is a pointer to them */
    size_t count_offset;     /* lists: of the int32_t number of elements */
    int32_t capacity;        /* lists: most elements */
    double minimum, maximum; /* texts: of their length in bytes */
    bool minimum_excluded, maximum_excluded;
    const char *const *names; /* enumeration, NULL-terminated */
    const char *word;         /* integer: a text that stands for word_value */
    int64_t word_value;
    /* What the key is when it is not given: a constant, or a function of the keys above it in the table. */
    double fallback;
    sw_default_rule rule;
    const char *rule_text;
    /* The default that the identity leaves out. Frozen with SW_IDENTITY_VERSION: when a default is changed, only
     * `fallback` or `rule` may follow. */
    double frozen;
    sw_default_rule frozen_rule;
    bool required;
    bool identity;                       /* decides numbers of the run */
    uint32_t concern[SW_SELECTOR_COUNT]; /* bit masks over the values of the selectors, 0 = any */
    bool switched;                       /* has an effect only where ... */
    size_t switch_offset;                /* ... this number of sw_run_config is not 0: the weight of an option, say */
    sw_storage switch_stored;
    bool switch_negative; /* ... is below 0 */
    bool changes;         /* a real number that `changes` may change, in steps ... */
    size_t since_offset;  /* ... after this one, an int64_t, where it was 0 before; 0 = it has none */
    const char *unit, *meaning;
};

/* Out of the reader's arena; NULL: no memory, which reader->status says. */
void *sw_key_allocate(sw_reader *reader, size_t count, size_t size) SW_MUST_CHECK;

/* Reports that the node is no value of the key; hint may be NULL. Returns false. */
bool sw_key_refuse(sw_reader *reader, const sw_key *key, int32_t node, const char *hint);

/* What types of lists share: 0 = equal; "[1,2,3]", cut where there is no room. */
int sw_key_compare_lists(const sw_value *a, const sw_value *b);
void sw_key_list_text(char *out, size_t capacity, const sw_key *key, const sw_value *value);

/* Is it one number, real or whole? */
bool sw_key_is_numeric(const sw_key *key);
/* Is x a value of the key? Reports at `node` when not. Whole numbers go to out->integer. */
bool sw_key_read_number(sw_reader *reader, sw_value *out, const sw_key *key, int32_t node, double x);
/* "an integer or \"all\"", "one of adamw, sgd, muon" */
void sw_key_type_text(const sw_key *key, char *out, size_t capacity);
/* "> 0", "1..8", "" */
void sw_key_range_text(const sw_key *key, char *out, size_t capacity);
