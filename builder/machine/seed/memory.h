/* Memory that is taken in pieces and given back at once: what is read of a seed lives until all of it is followed. */
#ifndef MACHINE_SEED_MEMORY_H
#define MACHINE_SEED_MEMORY_H

#include <stddef.h>

struct memory {
	struct memory_piece *pieces;
};

/* `size` bytes of zeros, until memory_free(). Ends the program when there is no memory. */
void *memory_take(struct memory *memory, size_t size);

/* A copy of `size` bytes, with a NUL behind them. */
char *memory_copy(struct memory *memory, const char *bytes, size_t size);

/* A text as printf(3) makes it. */
char *memory_print(struct memory *memory, const char *format, ...) __attribute__((format(printf, 2, 3)));

void memory_free(struct memory *memory);

#endif
