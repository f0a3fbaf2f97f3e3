/* Errors as values: the caller owns a `struct err`, callees fill it, `main` prints it once.
 *
 * Convention of every fallible function in the program: it returns 0 or a negative errno, takes its
 * result pointer last but one and `struct err *` last, and leaves the result untouched on failure. */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* A place in a text file. `file` is borrowed from whoever read it; line and column count from 1, 0 means unknown. */
struct pos {
	const char *file;
	unsigned line, column;
};

/* One problem: what (`text`), where (`file:line:column`, key `path`), around what (`context`, innermost first) and
 * what to do next (`hint`). All strings are owned; any may be NULL but `text`. */
struct err_item {
	struct err_item *next;
	char *file, *path, *text, *context, *hint;
	unsigned line, column;
};

/* A list of problems; zero-initialise it (`struct err err = {0};`) and release it with err_free(). */
struct err {
	int code; /* negative errno of the first problem, 0 while there is none */
	unsigned count;
	struct err_item *first, *last;
};

/* Adds a problem and returns `code` (a negative errno), so that `return err_set(err, -EINVAL, "…")` reads well. */
int err_set(struct err *err, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Like err_set(), with the place it concerns; `key_path` (may be NULL) is the dotted path inside the document. */
int err_at(struct err *err, int code, const struct pos *pos, const char *key_path, const char *format, ...)
	__attribute__((format(printf, 5, 6)));

/* Like err_set() with ": " and strerror(-code) appended; for failed system calls, called as err_sys(err, -errno, …). */
int err_sys(struct err *err, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Says what was being done when the last problem came up; returns err->code. */
int err_wrap(struct err *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Says what the user should do about the last problem (replaces an earlier hint); returns err->code. */
int err_hint(struct err *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Moves every problem of `from` to the end of `err`, leaving `from` empty. */
void err_take(struct err *err, struct err *from);

/* Prints every problem as `file:line:column: text`, its context indented below, then its hint. */
void err_print(const struct err *err, FILE *out);

/* Frees everything and makes `err` empty again. */
void err_free(struct err *err);

#endif
