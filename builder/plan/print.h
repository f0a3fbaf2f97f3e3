/* The plan as text. */
#ifndef PLAN_PRINT_H
#define PLAN_PRINT_H

#include "base/buf.h"
#include "plan/plan.h"

/* Appends the canonical text: equal texts are equal images. */
void plan_print(struct buf *text, const struct plan *plan);

/* Appends a word as it is, or in quotes when it would not be told from two words or from none. */
void print_word(struct buf *text, const char *word);

/* Appends a line with `key` and these words; none when there are no words. */
void print_words(struct buf *text, const char *key, const struct strv *words);

#endif
