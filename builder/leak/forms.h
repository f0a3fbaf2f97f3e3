/* What secrets look like whose value nobody told us: certain forms alone, each with enough of its own that nothing else looks
 * like it. A text made by chance, which only its place makes a secret, is none of them. */
#ifndef LEAK_FORMS_H
#define LEAK_FORMS_H

#include <stdbool.h>
#include <stddef.h>

enum {
	FORM_BEHIND = 1024, /* a form is recognised by so many bytes before its anchor … */
	FORM_AHEAD = 8192,  /* … and by so many from it on, at most */
};

/* An anchor of a form, found in a piece of text. */
struct form_text {
	const char *data;
	size_t size;
	size_t at, anchor;   /* where it begins, and how many bytes it has */
};

/* Where the secret stands; the caller has set it to the anchor. */
struct form_span {
	size_t start, end;
};

/* Whether the form is there. */
typedef bool form_check(const struct form_text *text, struct form_span *span);

struct form {
	const char *name;            /* as exceptions say it */
	const char *what;            /* in words: "a private key" */
	const char *const *anchors;  /* texts of 4 bytes at least, ended by NULL; … */
	const unsigned char *sizes;  /* … their sizes where a NUL is among the bytes; NULL: none has one */
	form_check *check;
};

/* Ended by a nameless one. A form may have several rows. */
extern const struct form form_keys[], form_tokens[], form_passwords[];

/* A form that is known by the name of its file; `data` are the file's first bytes. NULL: it is none. */
const struct form *form_of_file(const char *path, const char *data, size_t size);

/* Whether there is a form of that name; the nearest one, or NULL. */
bool form_is_known(const char *name);
const char *form_nearest(const char *name);

/* --- what checks are made of --- */

extern const char FORM_LETTERS[];   /* letters and digits */
extern const char FORM_BASE64[];    /* … and what base64 has besides, but no padding */
extern const char FORM_BASE64_URL[];

/* How many bytes from `from` on are of `set`, at most `max`. */
size_t form_run(const struct form_text *text, size_t from, const char *set, size_t max);

/* Whether at `from` stands `word`. */
bool form_stands(const struct form_text *text, size_t from, const char *word);

/* Whether the byte before `at` is none of `set`, or there is none. */
bool form_begins(const struct form_text *text, size_t at, const char *set);

/* Whether the bytes are as various as those made by chance are: not `XXXX`, `0123…`, `example`. */
bool form_is_random(const char *data, size_t size);

/* Whether nobody could think that it is a secret: it has `example`, `password` or the like in it, or is all one sign. */
bool form_is_placeholder(const char *data, size_t size);

#endif
