#include "machine/seed/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "machine/say.h"

struct memory_piece {
	struct memory_piece *next;
	_Alignas(max_align_t) char bytes[];
};

void *memory_take(struct memory *memory, size_t size)
{
	struct memory_piece *piece = calloc(1, sizeof *piece + size);

	if (!piece)
		die("out of memory");
	piece->next = memory->pieces;
	memory->pieces = piece;
	return piece->bytes;
}

char *memory_copy(struct memory *memory, const char *bytes, size_t size)
{
	char *copy = memory_take(memory, size + 1);

	if (size)
		memcpy(copy, bytes, size);
	return copy;
}

char *memory_print(struct memory *memory, const char *format, ...)
{
	va_list arguments, again;
	char *text;
	int n;

	va_start(arguments, format);
	va_copy(again, arguments);
	n = vsnprintf(NULL, 0, format, arguments);
	text = memory_take(memory, (size_t)n + 1);
	vsnprintf(text, (size_t)n + 1, format, again);
	va_end(again);
	va_end(arguments);
	return text;
}

void memory_free(struct memory *memory)
{
	while (memory->pieces) {
		struct memory_piece *piece = memory->pieces;

		memory->pieces = piece->next;
		free(piece);
	}
}
