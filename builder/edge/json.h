/* JSON (RFC 8259) by jansson: values that are put together, printed, and read back. */
#ifndef EDGE_JSON_H
#define EDGE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"

struct json; /* a value; owned by whoever made it until it is given to a container */

/* New values, never NULL; text must be UTF-8 (what is not becomes "?"), NULL text is null. */
struct json *json_new_object(void);
struct json *json_new_array(void);
struct json *json_text(const char *text);
struct json *json_number(int64_t value);
struct json *json_bool(bool value);

/* Gives `value` to a container. Keys keep the order in which they were set. */
void json_set(struct json *object, const char *key, struct json *value);
void json_add(struct json *array, struct json *value);

/* Frees a value that was not given away, with all in it; NULL is fine. */
void json_free(struct json *value);

/* The text of a value: of many indented lines, or of one; without a newline at the end; in `arena`. */
const char *json_print(struct arena *arena, const struct json *value, bool lines);

/* Parses text; `name` says in errors what it is the text of. -EBADMSG for what is not JSON. */
int json_read(const char *name, const char *text, size_t size, struct json **ret_value, struct err *err);

/* Borrowed parts of a value: NULL (or 0, or false) when there is none of that name or type. */
const struct json *json_get(const struct json *object, const char *key);
const struct json *json_item(const struct json *array, size_t i);
size_t json_count(const struct json *array);
const char *json_get_text(const struct json *object, const char *key);
const char *json_text_of(const struct json *value);
int64_t json_get_number(const struct json *object, const char *key);
bool json_get_bool(const struct json *object, const char *key);

/* The whole number `key` of an object, from 0 to `max`; false when it has none, *ret_number is untouched then. */
bool json_get_count(const struct json *object, const char *key, int64_t max, int64_t *ret_number);

static inline void json_freep(struct json **value)
{
	json_free(*value);
}
#define _cleanup_json_ __attribute__((cleanup(json_freep)))

#endif
