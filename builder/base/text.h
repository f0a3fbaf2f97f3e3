/* Small text helpers: lists of strings, sizes and durations as recipes write them, hexadecimal, suggestions. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

/* A list of strings; items and strings live in the arena that made them. */
struct strv {
	const char **items;
	size_t count;
};

void strv_push(struct arena *arena, struct strv *list, const char *text); /* copies `text` */
bool strv_has(const struct strv *list, const char *text);
void strv_sort(struct strv *list); /* by byte value */

/* The strings of a list with `between` between them; "" when there is none. In `arena`. */
const char *strv_join(struct arena *arena, const struct strv *list, const char *between);

bool text_has_prefix(const char *text, const char *prefix);
bool text_has_suffix(const char *text, const char *suffix);

/* How many bytes the control character at `at` has: 1 (C0, DEL), 2 (C1 in UTF-8), or 0 when it is none (ECMA-48). What others
 * say goes to a terminal without them: they move its cursor, and more. */
size_t text_control(const char *at);

/* Replaces control characters by spaces, but not those of `keep`. */
void text_calm(char *text, const char *keep);

/* Text of others on one line and without anything that a terminal would obey; in `arena`, NULL stays NULL. */
const char *text_plain(struct arena *arena, const char *text);

/* Whether `path` is `folder` or below it, both absolute and normalised. */
bool path_is_below(const char *path, const char *folder);

/* The last part of a path: what follows its last slash, if it has one. Points into `path`. */
const char *path_last(const char *path);

/* The folder that a path is in: what is before its last slash, "." when it has none, "/" for what is in the root. In
 * `arena`. */
const char *path_folder(struct arena *arena, const char *path);

/* Parses `512M`, `10G`, `1.5T`, `4096` (bytes; K M G T are powers of 1024, an optional `iB`/`B` follows).
 * Returns 0, -EINVAL for anything else, -ERANGE above 2^63-1. */
int size_parse(const char *text, uint64_t *ret_bytes);

/* Writes `bytes` the way size_parse() reads it, in the largest unit that divides it exactly. */
const char *size_format(struct arena *arena, uint64_t bytes);

/* Writes `bytes` for people: `1.2 GiB`. */
const char *size_format_human(struct arena *arena, uint64_t bytes);

/* Parses `15s`, `2h`, `500ms`, `3d` or a bare number of seconds. Returns 0, -EINVAL or -ERANGE. */
int duration_parse(const char *text, uint64_t *ret_ms);

/* Lower-case hexadecimal of `size` bytes into `out`, which has room for 2 * size + 1. */
void hex_encode(const void *data, size_t size, char *out);

/* Reads exactly `size` bytes from 2 * size hexadecimal digits followed by NUL; 0 or -EINVAL. */
int hex_decode(const char *text, void *data, size_t size);

/* How many columns a terminal gives to a text of UTF-8: its code points (no wide ones are meant). */
size_t text_columns(const char *text);

/* How many spaces bring `text` to `columns`, for `%*s` with ""; 0 when it is as wide. */
int text_padding(const char *text, size_t columns);

/* The name in `known` (n entries) nearest to `name` by edit distance, or NULL when none is near enough to suggest. */
const char *text_nearest(const char *name, const char *const *known, size_t n);

#endif
