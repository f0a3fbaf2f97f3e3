#include "debian/control.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

/* Where the line at `at` ends: at its newline, or at the end of the text. */
static const char *control_line_end(const struct control *control, const char *at)
{
	const char *newline = memchr(at, '\n', (size_t)(control->end - at));

	return newline ? newline : control->end;
}

static bool control_is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static bool control_is_empty_line(const char *at, const char *end)
{
	while (at < end && control_is_blank(*at))
		at++;
	return at == end;
}

static void control_skip_line(struct control *control, const char *end)
{
	control->at = end < control->end ? end + 1 : end;
}

int control_next(struct control *control, struct control_field *ret_field)
{
	const char *end = control->at, *colon;
	bool ended = false;

	while (control->at < control->end &&
	       control_is_empty_line(control->at, end = control_line_end(control, control->at))) {
		ended = true;
		control_skip_line(control, end);
	}
	if (ended)
		return CONTROL_STANZA_END;
	if (control->at == control->end)
		return CONTROL_END;
	colon = memchr(control->at, ':', (size_t)(end - control->at));
	if (!colon || colon == control->at || control_is_blank(*control->at))
		return -EBADMSG;
	*ret_field = (struct control_field){control->at, colon + 1, (size_t)(colon - control->at), 0};
	control_skip_line(control, end);
	/* A continuation begins with a blank and has more than blanks. */
	while (control->at < control->end && control_is_blank(*control->at) &&
	       !control_is_empty_line(control->at, control_line_end(control, control->at))) {
		end = control_line_end(control, control->at);
		control_skip_line(control, end);
	}
	while (ret_field->value < end && control_is_blank(*ret_field->value))
		ret_field->value++;
	while (end > ret_field->value && control_is_blank(end[-1]))
		end--;
	ret_field->length = (size_t)(end - ret_field->value);
	return CONTROL_FIELD;
}

bool control_is(const struct control_field *field, const char *name)
{
	return strlen(name) == field->name_length && strncasecmp(field->name, name, field->name_length) == 0;
}

const char *control_text(struct arena *arena, const struct control_field *field)
{
	return arena_strndup(arena, field->value, field->length);
}
