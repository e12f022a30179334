/* layout.c: reads the parameter layout of a results file. */
#include "symsweep/config.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>

/* A whole number of 0 or more, to 2^53; -1 = it is none. */
static int64_t whole(const cJSON *item) {
    const double value = cJSON_IsNumber(item) ? item->valuedouble : -1;
    return value >= 0 && value <= 0x1p53 && value == (double)(int64_t)value ? (int64_t)value : -1;
}

static bool take_tensor(sw_layout_tensor *out, const cJSON *item) {
    const cJSON *shape = cJSON_GetObjectItemCaseSensitive(item, "shape");
    const char *name = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(item, "name"));
    const int64_t offset = whole(cJSON_GetObjectItemCaseSensitive(item, "offset"));
    const int rank = cJSON_GetArraySize(shape);
    if (!name || offset < 0 || rank < 1 || rank > 2) return false;
    *out = (sw_layout_tensor){.offset = (size_t)offset};
    for (int i = 0; i < rank; i++) {
        out->shape[i] = whole(cJSON_GetArrayItem(shape, i));
        if (out->shape[i] < 1 || out->shape[i] > INT32_MAX) return false;
    }
    return snprintf(out->name, sizeof out->name, "%s", name) < (int)sizeof out->name;
}

sw_status sw_config_read_layout(sw_layout_tensor **out, size_t *count, const char *json) {
    cJSON *root = cJSON_Parse(json);
    const int size = cJSON_IsArray(root) ? cJSON_GetArraySize(root) : 0;
    const cJSON *item;
    bool sound = size > 0;
    *count = 0;
    *out = calloc((size_t)size + 1, sizeof **out);
    cJSON_ArrayForEach(item, root) sound = sound && *out && take_tensor(&(*out)[(*count)++], item);
    cJSON_Delete(root);
    if (*out && sound) return SW_OK;
    const sw_status status = *out ? SW_E_STORE : SW_E_MEMORY;
    free(*out);
    *out = NULL;
    return sw_fail(status, status == SW_E_STORE ? "a parameter layout that cannot be read" : "out of memory");
}
