/* One arena per value: everything a plan, a recipe or a lock points to lives in its arena and dies with it. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stdarg.h>
#include <stddef.h>

struct arena;

/* Makes an empty arena. Ends the program when out of memory. */
struct arena *arena_new(void);

/* Frees the arena and all that was allocated from it; NULL is fine. */
void arena_free(struct arena *arena);

/* `size` zeroed bytes, aligned for any type; never NULL. */
void *arena_alloc(struct arena *arena, size_t size);

/* Grows an array allocated from the arena to `new_size` bytes (copies; the old block stays until arena_free()). */
void *arena_grow(struct arena *arena, const void *old, size_t old_size, size_t new_size);

/* Copies of a text: whole (NULL stays NULL), or at most `length` bytes of it, however short it is. Nothing behind its end
 * is read. */
char *arena_strdup(struct arena *arena, const char *text);
char *arena_strndup(struct arena *arena, const char *text, size_t length);
void *arena_memdup(struct arena *arena, const void *data, size_t size); /* of any bytes; a zero follows them */
char *arena_printf(struct arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));
char *arena_vprintf(struct arena *arena, const char *format, va_list ap);

/* A zeroed T, or an array of `n` of them. */
#define arena_new_of(arena, T) ((T *)arena_alloc((arena), sizeof(T)))
#define arena_array(arena, T, n) ((T *)arena_alloc((arena), sizeof(T) * (n)))

/* Appends a zeroed element to the array `items` of `count` elements and evaluates to a pointer to it. Capacity is
 * implied: the array is regrown whenever `count` is zero or a power of two. */
#define arena_push(arena, items, count)                                                                               \
	((((count) & ((count)-1)) == 0                                                                                \
		  ? (void)((items) = arena_grow((arena), (items), (count) * sizeof *(items),                          \
						((count) ? (count) * 2 : 1) * sizeof *(items)))                       \
		  : (void)0),                                                                                         \
	 &(items)[(count)++])

static inline void arena_freep(struct arena **arena)
{
	arena_free(*arena);
}
#define _cleanup_arena_ __attribute__((cleanup(arena_freep)))

#endif
