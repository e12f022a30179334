/* prune.c: rules that give a run up because it is decided. */
#include "symsweep/measure.h"

static bool has_generalized(sw_prune_watch *watch, const sw_prune_config *rule, const sw_record *record) {
    if (rule->generalized_for_steps <= 0) return false;
    if (!(record->value[SW_METRIC_TEST_ACCURACY] >= (float)rule->generalized_accuracy)) {
        watch->generalized_since = -1;
        return false;
    }
    if (watch->generalized_since < 0) watch->generalized_since = record->step;
    return record->step - watch->generalized_since >= rule->generalized_for_steps;
}

bool sw_prune_decides(sw_prune_watch *watch, const sw_prune_config *rule, const sw_record *record) {
    bool generalized = has_generalized(watch, rule, record);
    return generalized ||
           (rule->diverged_train_loss > 0 && record->value[SW_METRIC_TRAIN_LOSS] > rule->diverged_train_loss);
}
