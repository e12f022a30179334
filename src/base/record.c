/* Descriptions of the metrics and names of the registered kinds, from the .def tables. */
#include "symsweep/record.h"

#include <assert.h>
#include <stddef.h>

static const sw_metric scalars[] = {
#define M(ENUM, group, name, units, long_name, definition) {group, name, units, long_name, definition},
#include "symsweep/metrics.def"
#undef M
};

#define FAMILY_METRICS(name)                                                                                          \
    {"symmetry/" #name, "mean", "nat", "mean violation of " #name,                                                    \
     "mean over the evaluation tuples of the divergence between the two sides of the family"},                        \
        {"symmetry/" #name, "max", "nat", "largest violation of " #name,                                              \
         "maximum over the evaluation tuples of the divergence between the two sides of the family"},                 \
        {"symmetry/" #name, "disagreement", "1", "disagreement under " #name,                                         \
         "share of the evaluation tuples whose two sides have different most likely answers"},                        \
        {"symmetry/" #name, "null_mean", "nat", "mean violation over random tuples",                                  \
         "the mean violation over as many tuples of random inputs: what the family's value is without the symmetry"}, \
        {"symmetry/" #name, "null_max", "nat", "largest violation over random tuples",                                \
         "the maximum violation over as many tuples of random inputs: what it is without the symmetry"},

static const sw_metric family_metrics[] = {
#define X(ENUM, id, name, meaning) FAMILY_METRICS(name)
#include "symsweep/families.def"
#undef X
};

_Static_assert(sizeof scalars / sizeof scalars[0] == SW_METRIC_SCALAR_COUNT, "a row a scalar metric");
_Static_assert(sizeof family_metrics / sizeof family_metrics[0] == SW_FAMILY_COUNT * SW_FAMILY_METRIC_COUNT,
               "family ids are dense and in order");

const sw_metric *sw_metric_describe(int m)
{
    assert(m >= 0 && m < SW_METRIC_COUNT);
    return m < SW_METRIC_SCALAR_COUNT ? &scalars[m] : &family_metrics[m - SW_METRIC_SCALAR_COUNT];
}

static const char *const family_names[] = {
#define X(ENUM, id, name, meaning) #name,
#include "symsweep/families.def"
#undef X
};

static const char *const task_names[] = {
#define X(ENUM, id, name, meaning) #name,
#include "symsweep/tasks.def"
#undef X
};

const char *sw_family_name(sw_family_id family) { return family_names[family]; }

const char *sw_task_name(sw_task_id task) { return task_names[task]; }
