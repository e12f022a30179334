/* synonyms.h: names that other tools give to our keys. */
#pragma once

#include <stdbool.h>

/* What to write for a name that is no key, whatever its case and whether with - or _: "did you mean
 * optimizer.learning_rate?"; of what there is no key for, what there is. false: the name is not known. */
bool sw_synonyms_suggest(char out[256], const char *name);
