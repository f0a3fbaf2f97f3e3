/* Memory for what is secret: it is locked into RAM and left out of core dumps where the system allows it, and wiped when it is
 * freed. All that is opened lives in a pool and dies with it. Ends the program when out of memory. */
#ifndef SEALED_POOL_H
#define SEALED_POOL_H

#include <stddef.h>
#include <stdint.h>

struct pool;

/* Bytes that know their length; a zero follows them. They live in a pool, or are borrowed. */
struct bytes {
	const uint8_t *data;
	size_t size;
};

struct pool *pool_new(void);

/* Wipes all that was taken from it, and frees it; NULL is fine. */
void pool_free(struct pool *pool);

/* `size` zeroed bytes and one zero more, aligned for any type; never NULL. */
void *pool_alloc(struct pool *pool, size_t size);

/* Copies; a zero follows them. pool_text() of a NULL is NULL. */
struct bytes pool_bytes(struct pool *pool, const void *data, size_t size);
char *pool_text(struct pool *pool, const char *text);
char *pool_printf(struct pool *pool, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Makes `count` + 1 elements of `size` bytes of an array of `count`; the array is moved (and the old one wiped) when `count` is
 * zero or a power of two. Returns the array; the new element is zeroed. */
void *pool_grow(struct pool *pool, void *items, size_t count, size_t size);

/* Appends a zeroed element to the array `items` and is a pointer to it. */
#define pool_push(pool, items, count)                                                                                          \
	((items) = pool_grow((pool), (items), (count), sizeof *(items)), &(items)[(count)++])

/* Bytes that are put together; zero-initialised but for `pool`. What they outgrow is wiped. */
struct growing {
	struct pool *pool;
	uint8_t *data;               /* a zero follows data[size - 1]; NULL while nothing was added */
	size_t size, capacity;
};

void growing_add(struct growing *growing, const void *data, size_t size);
void growing_puts(struct growing *growing, const char *text);

/* What was put together, never with a NULL `data`; good until the next growing_add(). */
struct bytes growing_bytes(const struct growing *growing);

static inline void pool_freep(struct pool **pool)
{
	pool_free(*pool);
}
#define _cleanup_pool_ __attribute__((cleanup(pool_freep)))

#endif
