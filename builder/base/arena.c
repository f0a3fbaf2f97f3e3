#include "base/arena.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_SIZE = 64 * 1024 };

struct block {
	struct block *next;
	size_t used, size;
	max_align_t data[];
};

struct arena {
	struct block *blocks;
};

static _Noreturn void arena_out_of_memory(void)
{
	fputs("aether-build: out of memory\n", stderr);
	exit(1);
}

struct arena *arena_new(void)
{
	struct arena *arena = calloc(1, sizeof *arena);

	if (!arena)
		arena_out_of_memory();
	return arena;
}

void arena_free(struct arena *arena)
{
	struct block *block = arena ? arena->blocks : NULL;

	while (block) {
		struct block *next = block->next;

		free(block);
		block = next;
	}
	free(arena);
}

void *arena_alloc(struct arena *arena, size_t size)
{
	const size_t align = _Alignof(max_align_t);
	struct block *block = arena->blocks;

	if (size > SIZE_MAX / 2)
		arena_out_of_memory();
	size = (size + align - 1) / align * align;
	if (!block || block->size - block->used < size) {
		size_t room = size > BLOCK_SIZE ? size : BLOCK_SIZE;

		block = calloc(1, sizeof *block + room);
		if (!block)
			arena_out_of_memory();
		block->size = room;
		block->next = arena->blocks;
		arena->blocks = block;
	}
	block->used += size;
	return (char *)block->data + block->used - size;
}

void *arena_grow(struct arena *arena, const void *old, size_t old_size, size_t new_size)
{
	void *new = arena_alloc(arena, new_size);

	if (old_size)
		memcpy(new, old, old_size);
	return new;
}

void *arena_memdup(struct arena *arena, const void *data, size_t size)
{
	char *copy = arena_alloc(arena, size + 1);

	if (size)
		memcpy(copy, data, size);
	return copy;
}

char *arena_strndup(struct arena *arena, const char *text, size_t length)
{
	size_t whole = strnlen(text, length); /* `length` may be a limit, and nothing behind the text is ours to read */
	char *copy = arena_alloc(arena, whole + 1);

	memcpy(copy, text, whole);
	return copy;
}

char *arena_strdup(struct arena *arena, const char *text)
{
	return text ? arena_strndup(arena, text, strlen(text)) : NULL;
}

char *arena_vprintf(struct arena *arena, const char *format, va_list ap)
{
	va_list again;
	char *text;
	int length;

	va_copy(again, ap);
	length = vsnprintf(NULL, 0, format, again);
	va_end(again);
	if (length < 0)
		arena_out_of_memory();
	text = arena_alloc(arena, (size_t)length + 1);
	vsnprintf(text, (size_t)length + 1, format, ap);
	return text;
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
	va_list ap;
	char *text;

	va_start(ap, format);
	text = arena_vprintf(arena, format, ap);
	va_end(ap);
	return text;
}
