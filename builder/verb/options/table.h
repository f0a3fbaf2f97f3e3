/* Tables on stdout: columns as wide as what stands in them. */
#ifndef VERB_OPTIONS_TABLE_H
#define VERB_OPTIONS_TABLE_H

#include <stddef.h>

/* Prints `n_rows` rows of `n_columns` cells each; the first row is the head. NULL is "-". */
void table_print(const char *const *cells, size_t n_rows, size_t n_columns);

#endif
