/* grow.c: arrays that grow. */
#include "symsweep/grow.h"

#include <stdlib.h>

void *sw_grow_array(void *items, size_t count, size_t *capacity, size_t size, const char *what) {
    if (count < *capacity) return items;
    const size_t more = 2 * *capacity + 16;
    void *grown = realloc(items, more * size);
    if (grown)
        *capacity = more;
    else
        (void)sw_fail(SW_E_MEMORY, "no memory for %s", what);
    return grown;
}
