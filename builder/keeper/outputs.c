#include "keeper/outputs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "edge/jval.h"

static const struct jval *outputs_step(const struct jval *from, const char *key)
{
	char *end;
	unsigned long i = strtoul(key, &end, 10);

	if (jval_count(from) && *key >= '0' && *key <= '9' && !*end)
		return jval_item(from, i);
	return jval_get(from, key);
}

static int outputs_missing(const struct recipe_secret *secret, const struct jval *from, size_t step, struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct strv keys = jval_keys(arena, from);
	const char *near = text_nearest(secret->key.items[step], keys.items, keys.count);

	err_set(err, -EBADMSG, "%s: there is no '%s' for the secret '%s' (step %zu of its key)", secret->shown,
		secret->key.items[step], secret->name, step + 1);
	return near ? err_hint(err, "did you mean '%s'?", near) : -EBADMSG;
}

/* A text is what it says; numbers and truth values are as JSON writes them. */
static int outputs_take(struct pool *pool, const struct recipe_secret *secret, const struct jval *value,
			struct bytes *ret_value, struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const char *text = jval_text_of(value);

	if (!text && jval_scalar(arena, value))
		text = jval_print(arena, value, false);
	if (!text) {
		err_set(err, -EBADMSG, "%s: what the key of '%s' leads to is no text, number or truth value", secret->shown,
			secret->name);
		return err_hint(err, "write one step more: an output of OpenTofu is at 'NAME.value'");
	}
	*ret_value = pool_bytes(pool, text, strlen(text));
	return 0;
}

int outputs_value(struct pool *pool, const struct recipe_secret *secret, struct bytes text, struct bytes *ret_value,
		  struct err *err)
{
	_cleanup_jval_ struct jval *top = NULL;
	const struct jval *at;
	int r;

	if (!secret->key.count) {
		*ret_value = text;
		return 0;
	}
	r = jval_read(secret->shown, (const char *)text.data, text.size, &top, err);
	at = top;
	for (size_t i = 0; r == 0 && i < secret->key.count; i++) {
		const struct jval *next = outputs_step(at, secret->key.items[i]);

		if (!next)
			return outputs_missing(secret, at, i, err);
		at = next;
	}
	return r == 0 ? outputs_take(pool, secret, at, ret_value, err) : r;
}
