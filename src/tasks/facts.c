/* facts.c: what is found on the tables of tasks as data, once for each configuration. */
#include "tasks/facts.h"

#include "symsweep/log.h"

#include <string.h>

/* The last configurations that were asked about; a sweep rarely has more tables at a time. */
enum { KNOWN = 64 };

typedef struct facts {
    sw_task_config config; /* reduced to what the table depends on */
    bool used, sized;
    sw_table_sizes sizes;
    uint32_t decided, holds, searched, found; /* bit (1 << family) */
} facts;

static facts known[KNOWN];
static size_t next;

static facts *look_up(const sw_task_config *config) {
    sw_task_config reduced = *config;
    reduced.label_shuffle = reduced.label_noise = 0;
    memset(&reduced.automorphism, 0, sizeof reduced.automorphism);
    for (size_t i = 0; i < KNOWN; i++)
        if (known[i].used && memcmp(&known[i].config, &reduced, sizeof reduced) == 0) return &known[i];
    facts *slot = &known[next++ % KNOWN];
    memset(slot, 0, sizeof *slot);
    slot->config = reduced;
    slot->used = true;
    return slot;
}

sw_status sw_facts_sizes(sw_table_sizes *out, const sw_task_config *config,
                         sw_status (*read)(sw_table_sizes *out, const sw_task_config *config)) {
    facts *slot = look_up(config);
    if (!slot->sized) {
        sw_status status = read(&slot->sizes, config);
        if (status != SW_OK) return status;
        slot->sized = true;
    }
    *out = slot->sizes;
    return SW_OK;
}

/* Do the labels agree on the two sides of a tuple? */
static bool agrees(const sw_task *task, const sw_family *family, const sw_tuple *tuple) {
    const int32_t first = task->true_label[tuple->input[0]], second = task->true_label[tuple->input[1]];
    return first == (tuple->map < 0 ? second : family->class_map(task, tuple->map, second));
}

static bool decide(const sw_task *task, const sw_family *family) {
    if (family->decide != NULL) return family->decide(task);
    const uint64_t candidates = family->candidates(task);
    sw_tuple tuple;
    for (uint64_t i = 0; i < candidates; i++)
        if (family->candidate(task, i, &tuple) && !agrees(task, family, &tuple)) return false;
    return true;
}

/* The bare table of a configuration; NULL: said. */
static sw_task *make_table(const sw_task_config *config, sw_family_id family) {
    static const sw_model_config bare = {.kind = SW_MODEL_MLP};
    sw_task *task;
    if (sw_task_create_table(&task, config, &bare, 0) == SW_OK) return task;
    sw_warn("symmetry.%s: what it is on the task could not be found: %s", sw_family_names[family], sw_fail_message());
    sw_fail_clear();
    return NULL;
}

static bool any_tuple(const sw_task *task, const sw_family *family) {
    const uint64_t candidates = family->candidates(task);
    sw_tuple tuple;
    for (uint64_t i = 0; i < candidates; i++)
        if (family->candidate(task, i, &tuple)) return true;
    return false;
}

/* Asks the table once: bit (1 << family) of *decided and *answer. */
static bool ask(uint32_t *decided, uint32_t *answer, facts *slot, sw_family_id family,
                bool (*question)(const sw_task *task, const sw_family *family)) {
    const uint32_t bit = 1u << family;
    if (!(*decided & bit)) {
        sw_task *task = make_table(&slot->config, family);
        if (task == NULL) return false;
        if (question(task, sw_families[family])) *answer |= bit;
        *decided |= bit;
        sw_task_destroy_table(task);
    }
    return *answer & bit;
}

bool sw_facts_any_tuple(const sw_task_config *config, sw_family_id family) {
    facts *slot = look_up(config);
    return ask(&slot->searched, &slot->found, slot, family, any_tuple);
}

bool sw_facts_holds(const sw_task_config *config, sw_family_id family) {
    facts *slot = look_up(config);
    return ask(&slot->decided, &slot->holds, slot, family, decide);
}
