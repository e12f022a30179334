/* families.c: the table of symmetry families, and what concerns all of them. */
#include "tasks/families.h"

#include "tasks/facts.h"
#include "tasks/modular.h"

#include <stdlib.h>

const sw_family *const sw_families[SW_FAMILY_COUNT] = {
#define X(ENUM, id, name, meaning) [SW_FAMILY_##ENUM] = &sw_family_##name,
#include "symsweep/families.def"
#undef X
};

bool sw_families_holds(const sw_task_config *config, sw_family_id family) {
    return sw_task_kind_of(config)->fill != NULL ? sw_facts_holds(config, family) : sw_families[family]->holds(config);
}

bool sw_families_unordered(const sw_task_config *config) {
    const bool data = sw_task_kind_of(config)->fill != NULL;
    if (!sw_families[SW_FAMILY_COMMUTATIVITY]->applies(config))
        return data || sw_families[SW_FAMILY_DISTANCE_SYMMETRY]->applies(config);
    const bool swaps =
        data || config->kind != SW_TASK_MODULAR || sw_modular_operation(config)->mirror == SW_MIRROR_SWAPPED;
    return swaps && sw_families_holds(config, SW_FAMILY_COMMUTATIVITY);
}

sw_status sw_families_class_maps(int32_t **out, const sw_task *task, sw_family_id family) {
    const sw_family *f = sw_families[family];
    *out = NULL;
    const int32_t maps = f->maps == NULL ? 0 : f->maps(task);
    if (maps == 0) return SW_OK;
    const size_t classes = (size_t)task->classes;
    int32_t *table = malloc((size_t)maps * classes * sizeof *table);
    if (table == NULL)
        return sw_fail(SW_E_MEMORY, "symmetry.%s: no memory for %d class maps", sw_family_names[family], maps);
    for (int32_t m = 0; m < maps; m++)
        for (int32_t c = 0; c < task->classes; c++) table[(size_t)m * classes + (size_t)c] = f->class_map(task, m, c);
    *out = table;
    return SW_OK;
}
