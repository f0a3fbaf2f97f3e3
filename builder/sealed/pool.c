#include "sealed/pool.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { CHUNK_SIZE = 64 * 1024 };

/* One mapping. The header is in front of what is handed out. */
struct chunk {
	struct chunk *next;
	size_t used, size;           /* of `data` */
	max_align_t data[];
};

struct pool {
	struct chunk *chunks;
};

static _Noreturn void sealed_pool_out_of_memory(void)
{
	static const char text[] = "out of memory\n";

	fputs(text, stderr);
	exit(1);
}

/* How much is mapped for a chunk: whole pages. */
static size_t sealed_pool_mapped(size_t size)
{
	return (sizeof(struct chunk) + size + 4095) / 4096 * 4096;
}

/* A mapping of its own, and not the heap: locks, and what core dumps leave out, are set by the page. Both are best effort: a
 * process has little that it may lock (RLIMIT_MEMLOCK), and some kernels do not know the advice. */
static struct chunk *sealed_pool_map(size_t size)
{
	size_t mapped = sealed_pool_mapped(size);
	struct chunk *chunk = mmap(NULL, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (chunk == MAP_FAILED)
		sealed_pool_out_of_memory();
	(void)mlock(chunk, mapped);
	(void)madvise(chunk, mapped, MADV_DONTDUMP);
	chunk->size = mapped - sizeof *chunk;
	return chunk;
}

struct pool *pool_new(void)
{
	struct pool *pool = calloc(1, sizeof *pool);

	if (!pool)
		sealed_pool_out_of_memory();
	return pool;
}

void pool_free(struct pool *pool)
{
	struct chunk *chunk = pool ? pool->chunks : NULL;

	while (chunk) {
		struct chunk *next = chunk->next;
		size_t mapped = sizeof *chunk + chunk->size;

		explicit_bzero(chunk, sizeof *chunk + chunk->used);
		munmap(chunk, mapped);
		chunk = next;
	}
	free(pool);
}

/* The newest chunk, when `size` fits into it; else a new one. What is big gets one for itself and goes behind the newest, so
 * that small things go on to fill that. */
static struct chunk *sealed_pool_chunk(struct pool *pool, size_t size)
{
	struct chunk *newest = pool->chunks, *chunk;

	if (newest && newest->size - newest->used >= size)
		return newest;
	chunk = sealed_pool_map(size > CHUNK_SIZE / 4 ? size : CHUNK_SIZE - sizeof *chunk);
	if (newest && size > CHUNK_SIZE / 4) {
		chunk->next = newest->next;
		newest->next = chunk;
	} else {
		chunk->next = newest;
		pool->chunks = chunk;
	}
	return chunk;
}

void *pool_alloc(struct pool *pool, size_t size)
{
	const size_t align = _Alignof(max_align_t);
	struct chunk *chunk;
	uint8_t *data;

	if (size > SIZE_MAX / 2)
		sealed_pool_out_of_memory();
	size = (size + 1 + align - 1) / align * align;
	chunk = sealed_pool_chunk(pool, size);
	data = (uint8_t *)chunk->data + chunk->used;
	chunk->used += size;
	return data;
}

struct bytes pool_bytes(struct pool *pool, const void *data, size_t size)
{
	uint8_t *copy = pool_alloc(pool, size);

	if (size)
		memcpy(copy, data, size);
	return (struct bytes){.data = copy, .size = size};
}

char *pool_text(struct pool *pool, const char *text)
{
	return text ? memcpy(pool_alloc(pool, strlen(text)), text, strlen(text)) : NULL;
}

char *pool_printf(struct pool *pool, const char *format, ...)
{
	va_list ap;
	char *text;
	int size;

	va_start(ap, format);
	size = vsnprintf(NULL, 0, format, ap);
	va_end(ap);
	if (size < 0)
		sealed_pool_out_of_memory();
	text = pool_alloc(pool, (size_t)size);
	va_start(ap, format);
	vsnprintf(text, (size_t)size + 1, format, ap);
	va_end(ap);
	return text;
}

void *pool_grow(struct pool *pool, void *items, size_t count, size_t size)
{
	size_t room;
	void *grown;

	if (count & (count - 1)) /* neither zero nor a power of two: there is room */
		return items;
	if (__builtin_mul_overflow(count ? 2 * count : 1, size, &room))
		sealed_pool_out_of_memory();
	grown = pool_alloc(pool, room);
	if (count) {
		memcpy(grown, items, count * size);
		explicit_bzero(items, count * size);
	}
	return grown;
}

/* Room for `more` bytes and a zero. */
static void sealed_pool_make_room(struct growing *growing, size_t more)
{
	size_t need, capacity = growing->capacity ? growing->capacity : 64;
	uint8_t *grown;

	if (__builtin_add_overflow(growing->size, more, &need) || need > SIZE_MAX / 4)
		sealed_pool_out_of_memory();
	if (growing->data && need <= growing->capacity)
		return;
	while (capacity < need)
		capacity *= 2;
	grown = pool_alloc(growing->pool, capacity);
	if (growing->size) {
		memcpy(grown, growing->data, growing->size);
		explicit_bzero(growing->data, growing->size);
	}
	growing->data = grown;
	growing->capacity = capacity;
}

void growing_add(struct growing *growing, const void *data, size_t size)
{
	sealed_pool_make_room(growing, size);
	if (size)
		memcpy(growing->data + growing->size, data, size);
	growing->size += size;
}

void growing_puts(struct growing *growing, const char *text)
{
	growing_add(growing, text, strlen(text));
}

struct bytes growing_bytes(const struct growing *growing)
{
	static const uint8_t none[1];

	return (struct bytes){.data = growing->data ? growing->data : none, .size = growing->size};
}
