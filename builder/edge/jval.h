/* JSON (RFC 8259) by jansson: values that are put together, printed, and read back. */
#ifndef EDGE_JVAL_H
#define EDGE_JVAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/text.h"

struct jval; /* a value; owned by whoever made it until it is given to a container */

/* New values, never NULL; text must be UTF-8 (what is not becomes "?"), NULL text is null. */
struct jval *jval_new_object(void);
struct jval *jval_new_array(void);
struct jval *jval_text(const char *text);
struct jval *jval_texts(const struct strv *list); /* an array */
struct jval *jval_number(int64_t value);
struct jval *jval_bool(bool value);

/* Gives `value` to a container. Keys keep the order in which they were set. */
void jval_set(struct jval *object, const char *key, struct jval *value);
void jval_add(struct jval *array, struct jval *value);

/* Frees a value that was not given away, with all in it; NULL is fine. */
void jval_free(struct jval *value);

/* The text of a value: of many indented lines, or of one; without a newline at the end; in `arena`. */
const char *jval_print(struct arena *arena, const struct jval *value, bool lines);

/* Parses text; `name` says in errors what it is the text of. -EBADMSG for what is not JSON. */
int jval_read(const char *name, const char *text, size_t size, struct jval **ret_value, struct err *err);

/* Borrowed parts of a value: NULL (or 0, or false) when there is none of that name or type. */
const struct jval *jval_get(const struct jval *object, const char *key);
const struct jval *jval_item(const struct jval *array, size_t i);
size_t jval_count(const struct jval *array);
const char *jval_get_text(const struct jval *object, const char *key);
const char *jval_text_of(const struct jval *value);
int64_t jval_get_number(const struct jval *object, const char *key);
bool jval_get_bool(const struct jval *object, const char *key);

/* Takes the value `key` out of an object, for the caller to free; NULL when there is none. */
struct jval *jval_take(struct jval *object, const char *key);

/* The keys of an object in their order; in `arena`. */
struct strv jval_keys(struct arena *arena, const struct jval *object);

/* A text, a number or a truth value as text ("1" and "0"), for those who write now this, now that; NULL for anything else. In
 * `arena`. */
const char *jval_scalar(struct arena *arena, const struct jval *value);

/* The whole number `key` of an object, from 0 to `max`; false when it has none, *ret_number is untouched then. */
bool jval_get_count(const struct jval *object, const char *key, int64_t max, int64_t *ret_number);

static inline void jval_freep(struct jval **value)
{
	jval_free(*value);
}
#define _cleanup_jval_ __attribute__((cleanup(jval_freep)))

#endif
