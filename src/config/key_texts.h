/* key_texts.h: lists of names of tensors, which the structure has as one text with blanks between them. */
#pragma once

#include "config/key_types.h"

/* out <- the names of an array of texts, each once, in bytewise order. false: reported. */
bool sw_key_read_words(sw_reader *reader, char *out, size_t capacity, int32_t node);
/* Back into an array. */
void sw_key_write_words(sw_json *json, const char *names);

/* The text of a type that writes itself: its JSON. */
void sw_key_json_text(char *out, size_t capacity, const sw_key *key, const sw_value *value);
