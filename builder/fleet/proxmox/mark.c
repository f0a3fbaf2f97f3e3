#include "fleet/proxmox/mark.h"

#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "edge/jval.h"

#define MARK_BEGIN "<!-- aether {"
#define MARK_END "} -->"

enum { MARK_NUMBER_MAX = 1000000000 };

/* The mark in a text: where it begins and ends, comment signs and all. Of beginnings before the same end the last one counts:
 * those before it are the user's, who has written of marks. */
static bool mark_find(const char *description, const char **ret_begin, const char **ret_end)
{
	const char *begin = description ? strstr(description, MARK_BEGIN) : NULL;
	const char *end = begin ? strstr(begin, MARK_END) : NULL;

	for (const char *next = begin; end && next && next < end; next = strstr(next + 1, MARK_BEGIN))
		begin = next;
	*ret_begin = begin;
	*ret_end = end ? end + strlen(MARK_END) : NULL;
	return end;
}

static const char *mark_text(struct arena *arena, const struct jval *object, const char *key)
{
	const char *text = jval_get_text(object, key);

	return text_plain(arena, text ? text : "");
}

static struct mark_generation mark_read_generation(struct arena *arena, const struct jval *object)
{
	int64_t number = 0;

	jval_get_count(object, "generation", MARK_NUMBER_MAX, &number);
	return (struct mark_generation){(unsigned)number, mark_text(arena, object, "root_hash"),
					mark_text(arena, object, "volume")};
}

struct mark mark_read(struct arena *arena, const char *description)
{
	_cleanup_jval_ struct jval *top = NULL;
	struct err ignored = {0};
	const char *begin, *end, *json;
	struct mark mark;

	if (mark_find(description, &begin, &end)) {
		json = strchr(begin, '{');
		if (jval_read("the mark", json, (size_t)(end - json) - strlen(" -->"), &top, &ignored) < 0)
			top = NULL;
	}
	err_free(&ignored);
	mark = (struct mark){
		.name = mark_text(arena, top, "name"),
		.now = mark_read_generation(arena, top),
		.previous = mark_read_generation(arena, jval_get(top, "previous")),
		.deploy = mark_text(arena, jval_get(top, "deploy"), "id"),
		.by = mark_text(arena, jval_get(top, "deploy"), "by"),
		.disc = mark_text(arena, top, "disc"),
	};
	jval_get_count(jval_get(top, "deploy"), "since", INT64_MAX, &mark.since);
	for (size_t i = 0; i < jval_count(jval_get(top, "waits")); i++) {
		const char *key = jval_text_of(jval_item(jval_get(top, "waits"), i));

		if (key)
			strv_push(arena, &mark.waits, text_plain(arena, key));
	}
	return mark;
}

static void mark_put_generation(struct jval *object, const struct mark_generation *generation)
{
	jval_set(object, "generation", jval_number(generation->number));
	jval_set(object, "root_hash", jval_text(generation->root_hash));
	jval_set(object, "volume", jval_text(generation->volume));
}

/* JSON that ends no comment (HTML, 13.6): ">" is in texts alone. */
static const char *mark_escape(struct arena *arena, const char *json)
{
	_cleanup_buf_ struct buf text = {0};

	for (; *json; json++)
		buf_printf(&text, *json == '<' || *json == '>' ? "\\u%04x" : "%c", (unsigned char)*json);
	return arena_strndup(arena, text.data, text.size);
}

static const char *mark_print(struct arena *arena, const struct mark *mark)
{
	_cleanup_jval_ struct jval *top = jval_new_object();

	jval_set(top, "name", jval_text(mark->name));
	mark_put_generation(top, &mark->now);
	if (mark->previous.number) {
		struct jval *previous = jval_new_object();

		mark_put_generation(previous, &mark->previous);
		jval_set(top, "previous", previous);
	}
	if (*mark->deploy) {
		struct jval *deploy = jval_new_object();

		jval_set(deploy, "id", jval_text(mark->deploy));
		jval_set(deploy, "by", jval_text(mark->by));
		jval_set(deploy, "since", jval_number(mark->since));
		jval_set(top, "deploy", deploy);
	}
	if (mark->disc && *mark->disc)
		jval_set(top, "disc", jval_text(mark->disc));
	if (mark->waits.count) {
		struct jval *waits = jval_new_array();

		for (size_t i = 0; i < mark->waits.count; i++)
			jval_add(waits, jval_text(mark->waits.items[i]));
		jval_set(top, "waits", waits);
	}
	return arena_printf(arena, "<!-- aether %s -->", mark_escape(arena, jval_print(arena, top, false)));
}

const char *mark_write(struct arena *arena, const char *description, const struct mark *mark)
{
	const char *begin, *end, *text = mark_print(arena, mark);

	if (mark_find(description, &begin, &end))
		return arena_printf(arena, "%.*s%s%s", (int)(begin - description), description, text, end);
	if (description && *description)
		return arena_printf(arena, "%s%s%s", description, text_has_suffix(description, "\n") ? "\n" : "\n\n", text);
	return text;
}
