/* Looking for secrets in bytes, wherever they come from: certain forms (leak/forms.h), and values that somebody knows. */
#ifndef LEAK_SEARCH_H
#define LEAK_SEARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"

/* A secret whose value is known. Borrowed as long as the search lives. */
struct leak_value {
	const char *name;
	const void *data;
	size_t size;                 /* fewer than 8 bytes are not looked for */
};

/* Where in a file a find is. */
enum leak_part { LEAK_CONTENT, LEAK_UNPACKED, LEAK_NAME, LEAK_LINK, LEAK_ATTRIBUTE };

enum { LEAK_BYTES = 64 };

/* What was found. It says where, never what. */
struct leak_find {
	const char *path;            /* as the place was called */
	enum leak_part part;
	uint64_t offset;
	const char *form;            /* a name of leak/forms.h, or LEAK_VALUE */
	const char *what;            /* in words: "a private key"; of a value, how it is written */
	const char *name;            /* of the known secret, or NULL */
	bool whole;                  /* the file's name makes all of it a secret: no other form in it is one of its own */
	const char *excused;         /* why it may be there; NULL: it may not */
	unsigned char bytes[LEAK_BYTES]; /* its last ones, to know them again */
	size_t n_bytes;
};
#define LEAK_VALUE "value"
#define LEAK_MANY "many" /* there is more than is told */

/* A list of finds, which several threads may add to. */
struct leak_finds;
struct leak_finds *leak_finds_new(void);
void leak_finds_free(struct leak_finds *finds);

/* All of them, each once, sorted by path and offset; borrowed. Nobody may add to them any more at that time. */
struct leak_find *leak_finds_all(struct leak_finds *finds, size_t *ret_n);

struct leak_search;

/* What is to be looked for: the forms, and the `n` values. leak_search_free() ends it. For any thread. */
struct leak_search *leak_search_new(bool forms, const struct leak_value *values, size_t n);
void leak_search_free(struct leak_search *search);
bool leak_search_has_forms(const struct leak_search *search);
bool leak_search_has_values(const struct leak_search *search);

/* Looks through bytes that are in memory. What begins before `from` is passed over. */
void leak_look(const struct leak_search *search, struct leak_finds *finds, const char *path, enum leak_part part,
	       const void *data, size_t size, size_t from);

/* Whether anything is there that is looked for. */
bool leak_is_in(const struct leak_search *search, const void *data, size_t size);

/* Appends `text` without what is found in it: what is told must not tell it. */
void leak_mask(const struct leak_search *search, const char *text, struct buf *out);

/* Looks through bytes that come piece by piece. */
struct leak_passage;
struct leak_passage *leak_passage_new(const struct leak_search *search, struct leak_finds *finds);
void leak_passage_free(struct leak_passage *passage);

/* Begins with another stream, `path`, whose first byte is called `offset`. */
void leak_passage_begin(struct leak_passage *passage, const char *path, enum leak_part part, uint64_t offset);

/* From now on what begins before `from`, or at `to` or later, is not told; with `forms` false nothing but values is. */
void leak_passage_limit(struct leak_passage *passage, uint64_t from, uint64_t to, bool forms);

/* A place for the next bytes, `*ret_size` of them (never 0); and how many were put there. */
char *leak_passage_room(struct leak_passage *passage, size_t *ret_size);
void leak_passage_add(struct leak_passage *passage, size_t n);

/* The stream has ended. */
void leak_passage_end(struct leak_passage *passage);

/* Notes what its place makes a secret. */
void leak_note(struct leak_finds *finds, const struct leak_find *find);

#endif
