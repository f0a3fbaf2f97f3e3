#include "leak/needles.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

/* A needle of at least `m` bytes holds, of all blocks of `b` bytes, m - b + 1 in its first m. So a look at every (m - b + 1)th
 * block of the text sees one of them, wherever the needle stands; and no look depends on the one before, which lets a processor
 * do several at a time. What is usual is decided by one bit. */
enum { WINDOW_MAX = 8, LONG_BLOCK = 4, SHORT_BLOCK = 3, BITS_FEW = 16, BITS_MANY = 18, FEW = 1024, BUCKETS_BITS = 12 };

/* A block of a needle, in the list of all whose hash begins the same. */
struct block {
	uint32_t value;
	uint32_t needle, next;      /* next: of the list, from 1 on; 0: the end */
	unsigned char offset;
};

struct needles {
	const struct needle *list;
	size_t n, n_blocks;
	size_t window, stride;
	uint32_t mask;              /* of a block's bytes in a number */
	unsigned bits;              /* of the hash that `seen` is asked for */
	uint32_t *seen;             /* a bit for each hash */
	struct block *blocks;
	uint32_t buckets[1 << BUCKETS_BITS];
};

static void *needles_memory(size_t n, size_t size)
{
	void *memory = calloc(n ? n : 1, size);

	if (memory)
		return memory;
	fputs("aether-build: out of memory\n", stderr);
	exit(1);
}

/* The hash in the upper bits (multiplication by the golden ratio). */
static inline uint32_t needles_hash(uint32_t value)
{
	return value * 2654435769U;
}

static inline uint32_t needles_load(const char *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof value);
	return value;
}

static inline bool needles_may_be(const struct needles *needles, uint32_t value)
{
	uint32_t hash = needles_hash(value & needles->mask) >> (32 - needles->bits);

	return needles->seen[hash >> 5] >> (hash & 31) & 1;
}

/* The block at `at`, of which fewer than four bytes may be there. */
static uint32_t needles_block(const struct needles *needles, const char *at, size_t left)
{
	char bytes[4] = {0};

	memcpy(bytes, at, left < sizeof bytes ? left : sizeof bytes);
	return needles_load(bytes) & needles->mask;
}

static void needles_add(struct needles *needles, size_t index, size_t offset)
{
	const struct needle *needle = &needles->list[index];
	uint32_t value = needles_block(needles, needle->bytes + offset, needle->size - offset), hash = needles_hash(value);
	uint32_t *bucket = &needles->buckets[hash >> (32 - BUCKETS_BITS)];
	uint32_t bit = hash >> (32 - needles->bits);

	needles->seen[bit >> 5] |= 1U << (bit & 31);
	needles->blocks[++needles->n_blocks] = (struct block){value, (uint32_t)index, *bucket, (unsigned char)offset};
	*bucket = (uint32_t)needles->n_blocks;
}

struct needles *needles_new(const struct needle *list, size_t n)
{
	struct needles *needles = needles_memory(1, sizeof *needles);
	size_t block;

	needles->list = list;
	needles->n = n;
	needles->window = WINDOW_MAX;
	for (size_t i = 0; i < n; i++)
		needles->window = list[i].size < needles->window ? list[i].size : needles->window;
	block = needles->window == WINDOW_MAX ? LONG_BLOCK : SHORT_BLOCK;
	needles->mask = block == LONG_BLOCK ? UINT32_MAX : needles_load("\xff\xff\xff");
	needles->stride = needles->window - block + 1;
	needles->bits = n * needles->stride < FEW ? BITS_FEW : BITS_MANY;
	needles->seen = needles_memory((size_t)1 << (needles->bits - 5), sizeof *needles->seen);
	needles->blocks = needles_memory(n * needles->stride + 1, sizeof *needles->blocks);
	for (size_t i = 0; i < n; i++)
		for (size_t offset = 0; offset < needles->stride; offset++)
			needles_add(needles, i, offset);
	return needles;
}

void needles_free(struct needles *needles)
{
	if (!needles)
		return;
	free(needles->seen);
	free(needles->blocks);
	free(needles);
}

/* A text being looked through. */
struct needles_text {
	const char *bytes;
	size_t size, from, to;
	needles_hit *hit;
	void *data;
};

/* A block of some needle may stand at `at`: tells which needles do. */
static void needles_look(const struct needles *needles, const struct needles_text *text, size_t at)
{
	uint32_t value = needles_block(needles, text->bytes + at, text->size - at);

	for (uint32_t i = needles->buckets[needles_hash(value) >> (32 - BUCKETS_BITS)]; i; i = needles->blocks[i].next) {
		const struct block *block = &needles->blocks[i];
		const struct needle *needle = &needles->list[block->needle];
		size_t start = at - block->offset;

		if (block->value == value && at >= block->offset && start >= text->from && start < text->to &&
		    needle->size <= text->size - start && memcmp(text->bytes + start, needle->bytes, needle->size) == 0)
			text->hit(text->data, block->needle, start);
	}
}

void needles_find(const struct needles *needles, const char *text, size_t size, size_t from, size_t to, needles_hit *hit,
		  void *data)
{
	const struct needles_text whole = {text, size, from, to < size ? to : size, hit, data};
	size_t stride = needles->stride, end = whole.to + stride - 1, at = from;

	if (needles->n == 0)
		return;
	end = end < size ? end : size;
	while (at + 3 * stride + sizeof(uint32_t) <= end) {
		bool any = needles_may_be(needles, needles_load(text + at)) |
			   needles_may_be(needles, needles_load(text + at + stride)) |
			   needles_may_be(needles, needles_load(text + at + 2 * stride)) |
			   needles_may_be(needles, needles_load(text + at + 3 * stride));

		for (size_t i = 0; any && i < 4; i++)
			if (needles_may_be(needles, needles_load(text + at + i * stride)))
				needles_look(needles, &whole, at + i * stride);
		at += 4 * stride;
	}
	for (; at < end; at += stride)
		needles_look(needles, &whole, at);
}
