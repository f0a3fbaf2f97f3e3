/* Many texts, looked for at once in a long one. */
#ifndef LEAK_NEEDLES_H
#define LEAK_NEEDLES_H

#include <stddef.h>

enum { NEEDLE_MIN = 4 }; /* bytes; sets whose shortest has 8 are looked for faster */

struct needle {
	const char *bytes;
	size_t size;
};

struct needles;

/* Takes `n` needles of NEEDLE_MIN bytes at least, which are borrowed. Never NULL; needles_free() ends it. For any thread, for
 * several at once. */
struct needles *needles_new(const struct needle *list, size_t n);
void needles_free(struct needles *needles);

/* Told that needle `index` stands at `at`. */
typedef void needles_hit(void *data, size_t index, size_t at);

/* Tells each needle that begins in [from, to) and ends in the `size` bytes, once for each place, by about rising places. */
void needles_find(const struct needles *needles, const char *text, size_t size, size_t from, size_t to, needles_hit *hit,
		  void *data);

#endif
