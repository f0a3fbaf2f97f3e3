/* Errors as values: the caller owns a `struct err`, callees fill it, `main` prints it once.
 *
 * Convention of every fallible function in the program: it returns 0 or a negative errno, takes its
 * result pointer last but one and `struct err *` last, and leaves the result untouched on failure. */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* A place in a text file. `file` is borrowed from whoever read it; line and column count from 1, 0 means unknown. */
struct pos {
	const char *file;
	unsigned line, column;
};

/* Moves a position in UTF-8 over the text from `at` to `end`. */
void pos_move(struct pos *pos, const char *at, const char *end);

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
	struct err_item *warnings, *last_warning; /* problems that do not stop the work: of no effect on what is above */
	struct err_item *latest;                  /* which of all was added last: the one that a hint is for */
};

/* Adds a problem and returns `code` (a negative errno), so that `return err_set(err, -EINVAL, "…")` reads well. */
int err_set(struct err *err, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Like err_set(), with the place it concerns; `key_path` (may be NULL) is the dotted path inside the document. */
int err_at(struct err *err, int code, const struct pos *pos, const char *key_path, const char *format, ...)
	__attribute__((format(printf, 5, 6)));

/* Like err_set() with ": " and strerror(-code) appended; for failed system calls, called as err_sys(err, -errno, …). */
int err_sys(struct err *err, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Says that there was no memory, always in the same words; returns -ENOMEM. */
int err_no_memory(struct err *err);

/* Adds a warning: something that is probably not what was meant, where refusing would be too much. Returns 0; with --strict it
 * is an error, and -EINVAL. A hint may follow. */
int err_warn(struct err *err, const struct pos *pos, const char *key_path, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* Whether warnings are errors from here on (--strict). */
void err_set_strict(bool strict);

/* Says what was being done when the last problem came up; returns the code of the first one. */
int err_wrap(struct err *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Says what the user should do about the last problem or warning (replaces an earlier hint); returns the code of the first
 * problem. */
int err_hint(struct err *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* What a function returns that goes on after a problem, to find them all: the code of the first one, 0 if there is
 * none. A function that stops because a callee failed returns the callee's code. */
int err_result(const struct err *err);

/* A code returned with a problem is always negative, and this header shows that to the compiler
 * and the analysers too, which would otherwise follow a caller that goes on with a result nobody has set. */
static inline int err_negative(int code)
{
	return code < 0 ? code : -EIO;
}

#define err_set(...) err_negative(err_set(__VA_ARGS__))
#define err_at(...) err_negative(err_at(__VA_ARGS__))
#define err_sys(...) err_negative(err_sys(__VA_ARGS__))
#define err_no_memory(err) err_negative(err_no_memory(err))
#define err_wrap(...) err_negative(err_wrap(__VA_ARGS__))
#define err_hint(...) err_negative(err_hint(__VA_ARGS__))

/* Moves every problem and warning of `from` to the end of `err`, leaving `from` empty. */
void err_take(struct err *err, struct err *from);

/* Prints every problem as `file:line:column: text`, its context indented below, then its hint. */
void err_print(const struct err *err, FILE *out);

/* Prints every warning as `file:line:column: warning: text`, then its hint (`out` NULL: nowhere), and
 * forgets it. */
void err_print_warnings(struct err *err, FILE *out);

/* Frees everything and makes `err` empty again. */
void err_free(struct err *err);

#endif
