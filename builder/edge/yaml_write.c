/* YAML, written by libyaml. */
#include <errno.h>
#include <string.h>
#include <strings.h>
#include <yaml.h>

#include "base/buf.h"
#include "edge/yaml.h"

struct writer {
	yaml_emitter_t emitter;
	struct arena *arena;
	struct buf text;
};

static int yaml_write_take(void *data, unsigned char *text, size_t size)
{
	struct writer *writer = data;

	buf_add(&writer->text, (const char *)text, size);
	return 1;
}

/* YAML 1.1 has more words that are no text than 1.2; and what begins with a letter is never a number, a date or a time. */
static bool yaml_write_is_plain(const char *text)
{
	static const char *const words[] = {"y", "n", "yes", "no", "on", "off", "true", "false", "null", NULL};

	for (size_t i = 0; words[i]; i++)
		if (strcasecmp(words[i], text) == 0)
			return false;
	return (*text >= 'a' && *text <= 'z') || (*text >= 'A' && *text <= 'Z') || *text == '/' || *text == '_';
}

/* Line breaks within single quotes are folded: right, but nobody can read it. */
static yaml_scalar_style_t yaml_write_style(const char *text)
{
	if (strpbrk(text, "\n\t"))
		return YAML_DOUBLE_QUOTED_SCALAR_STYLE;
	return yaml_write_is_plain(text) ? YAML_PLAIN_SCALAR_STYLE : YAML_SINGLE_QUOTED_SCALAR_STYLE;
}

static bool yaml_write_scalar(struct writer *writer, const char *text, yaml_scalar_style_t style)
{
	yaml_event_t event;

	return yaml_scalar_event_initialize(&event, NULL, NULL, (const yaml_char_t *)text, (int)strlen(text), 1, 1, style) &&
	       yaml_emitter_emit(&writer->emitter, &event);
}

static bool yaml_write_single(struct writer *writer, const struct node *node)
{
	static const char *const infinites[] = {".nan", ".inf", "-.inf"};
	const char *text = node->text;

	switch (node_scalar(node)) {
	case SCALAR_TEXT:
	case SCALAR_UNCLEAR:
		return yaml_write_scalar(writer, text, yaml_write_style(text));
	case SCALAR_NULL:
		text = "null";
		break;
	case SCALAR_BOOL:
		text = *text == 't' || *text == 'T' ? "true" : "false";
		break;
	case SCALAR_INFINITE:
		text = infinites[strpbrk(text, "aA") ? 0 : *text == '-' ? 2 : 1];
		break;
	case SCALAR_INTEGER:
	case SCALAR_REAL:
		text = node_number(writer->arena, node, true);
	}
	return yaml_write_scalar(writer, text, YAML_PLAIN_SCALAR_STYLE);
}

static bool yaml_write_node(struct writer *writer, const struct node *node)
{
	bool map = node->type == NODE_MAP, ok;
	yaml_event_t event;

	if (node->type == NODE_SCALAR)
		return yaml_write_single(writer, node);
	ok = (map ? yaml_mapping_start_event_initialize(&event, NULL, NULL, 1, YAML_BLOCK_MAPPING_STYLE)
		  : yaml_sequence_start_event_initialize(&event, NULL, NULL, 1, YAML_BLOCK_SEQUENCE_STYLE)) &&
	     yaml_emitter_emit(&writer->emitter, &event);
	for (size_t i = 0; ok && i < node->count; i++)
		ok = (!map || yaml_write_scalar(writer, node->keys[i], yaml_write_style(node->keys[i]))) &&
		     yaml_write_node(writer, node->items[i]);
	return ok && (map ? yaml_mapping_end_event_initialize(&event) : yaml_sequence_end_event_initialize(&event)) &&
	       yaml_emitter_emit(&writer->emitter, &event);
}

static bool yaml_write_document(struct writer *writer, const struct node *node)
{
	yaml_event_t event;

	return yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING) && yaml_emitter_emit(&writer->emitter, &event) &&
	       yaml_document_start_event_initialize(&event, NULL, NULL, NULL, 1) &&
	       yaml_emitter_emit(&writer->emitter, &event) && yaml_write_node(writer, node) &&
	       yaml_document_end_event_initialize(&event, 1) && yaml_emitter_emit(&writer->emitter, &event) &&
	       yaml_stream_end_event_initialize(&event) && yaml_emitter_emit(&writer->emitter, &event);
}

int yaml_write(struct arena *arena, const struct node *node, const char **ret_text, struct err *err)
{
	struct writer writer = {.arena = arena};
	bool ok;

	if (!yaml_emitter_initialize(&writer.emitter))
		return err_no_memory(err);
	yaml_emitter_set_output(&writer.emitter, yaml_write_take, &writer);
	yaml_emitter_set_unicode(&writer.emitter, 1);
	yaml_emitter_set_width(&writer.emitter, -1);
	ok = yaml_write_document(&writer, node);
	if (ok)
		*ret_text = arena_strndup(arena, writer.text.data, writer.text.size);
	yaml_emitter_delete(&writer.emitter);
	buf_free(&writer.text);
	return ok ? 0 : err_set(err, -EINVAL, "the values cannot be written as YAML");
}
