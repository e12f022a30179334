/* keys.h: the one table of configuration keys: path, type, place in sw_run_config, default, range, meaning.
 *
 * Parsing, writing, identity, --list-keys, the reference in docs/ and the JSON Schema all follow from it. */
#ifndef SYMSWEEP_CONFIG_KEYS_H
#define SYMSWEEP_CONFIG_KEYS_H

#include "symsweep/config.h"

typedef enum sw_key_type {
    SW_KEY_REAL,
    SW_KEY_INTEGER,
    SW_KEY_BOOL,
    SW_KEY_ENUM,     /* a name; its place in `names` is the value */
    SW_KEY_INTEGERS, /* an array of integers */
    SW_KEY_FILE,     /* a path */
    SW_KEY_SHA256,   /* of the file's content: 64 hex digits; what enters the identity */
    SW_KEY_NAMES     /* an array of axes' paths (refine, prune) */
} sw_key_type;

typedef enum sw_storage {
    SW_STORED_DOUBLE,
    SW_STORED_INT32,
    SW_STORED_INT64,
    SW_STORED_UINT32,
    SW_STORED_BOOL,
    SW_STORED_FILE
} sw_storage;

/* A file that the configuration names, as it was when the sweep was read. */
typedef struct sw_named_file {
    char path[SW_PATH_MAX];
    uint8_t sha256[32];
    bool opened; /* the digest is that of the content */
} sw_named_file;

struct sw_alias;

/* A value of any key: `integer` for integers, booleans and enumerations. */
typedef struct sw_value {
    double real;
    int64_t integer;
    const int64_t *list;
    const sw_named_file *file;
    int32_t count;                /* of list */
    int32_t node;                 /* document node of the value, or of what generates it; -1 = none */
    int32_t member;               /* document node whose name gave the key */
    const struct sw_alias *alias; /* given under this name; NULL = its own */
    bool broken;                  /* was given, but is no value of the key: reported already, the default stands in */
} sw_value;

/* Which runs a key concerns: bit masks over the values of other keys, 0 = any. */
typedef struct sw_concern {
    uint32_t task, operation, graph, form, group, model, optimizer;
} sw_concern;

typedef void (*sw_default_rule)(const sw_run_config *config, sw_value *out);

typedef struct sw_key {
    const char *path;
    sw_key_type type;
    sw_storage stored;
    size_t offset;
    size_t count_offset; /* INTEGERS: of the int32_t number of elements */
    int32_t capacity;    /* INTEGERS: most elements */
    double minimum, maximum;
    bool minimum_excluded, maximum_excluded;
    const char *const *names; /* ENUM, NULL-terminated */
    const char *word;         /* INTEGER: a text that stands for word_value */
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
    bool identity; /* decides numbers of the run */
    sw_concern concern;
    const char *unit, *meaning;
} sw_key;

/* Two keys under one name: symmetry.consistency.* sets commutativity and associativity. */
typedef struct sw_alias {
    const char *path;
    const char *target[2];
    const char *meaning;
} sw_alias;

enum { SW_KEYS_MAX = 160, SW_LIST_MAX = 64 };

extern const sw_key sw_keys[];
extern const size_t sw_keys_count;
extern const sw_alias sw_aliases[];
extern const size_t sw_aliases_count;

int sw_key_find(const char *path); /* -1 = none */
const sw_alias *sw_alias_find(const char *path);

/* Does the key concern a run like this? Reads only keys that stand above it in the table. */
bool sw_key_concerns(const sw_key *key, const sw_run_config *config);
/* "task.kind modular, task.graph cycle or path": what sw_key_concerns asks for; "" = nothing. */
void sw_key_concern_text(const sw_key *key, char *out, size_t capacity);

/* A key's value with room for its list. */
typedef struct sw_field {
    sw_value value;
    int64_t list[SW_LIST_MAX];
    sw_named_file file;
} sw_field;

void sw_key_set(sw_run_config *config, const sw_key *key, const sw_value *value);
/* A value that is no file, into any structure that the key's offsets are of. */
void sw_key_store(void *base, const sw_key *key, const sw_value *value);
void sw_key_describe_row(const sw_key *key, sw_key_info *out);
void sw_key_get(sw_field *out, const sw_run_config *config, const sw_key *key);
/* The key's default in such a run; frozen: the identity's. */
void sw_key_default(sw_value *out, const sw_key *key, const sw_run_config *config, bool frozen);
bool sw_key_equal(const sw_key *key, const sw_value *a, const sw_value *b);
/* As JSON. */
void sw_key_write_value(sw_json *json, const sw_key *key, const sw_value *value);
/* "> 0", "1..8", "" */
void sw_key_range_text(const sw_key *key, char *out, size_t capacity);
/* "an integer or \"all\"", "one of adamw, sgd, muon" */
void sw_key_type_text(const sw_key *key, char *out, size_t capacity);

/* Members of the object at `prefix` ("optimizer", "" = run): the names directly below, for hints. Returns how many.
 */
size_t sw_key_members(const char *prefix, char (*out)[64], size_t capacity);
/* Is `path` the beginning of keys ("optimizer.muon")? */
bool sw_key_is_group(const char *path);

#endif
