#include "base/escape.h"

#include <ctype.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "base/valid.h"

const char *escape_fstab(struct arena *arena, const char *word)
{
	_cleanup_buf_ struct buf text = {0};

	for (; *word; word++) {
		unsigned char c = (unsigned char)*word;

		if (c <= ' ' || c == '\\')
			buf_printf(&text, "\\%03o", c);
		else
			buf_add_u8(&text, c);
	}
	return arena_strndup(arena, text.size ? text.data : "", text.size);
}

const char *escape_tmpfiles(struct arena *arena, const char *word)
{
	_cleanup_buf_ struct buf text = {0};

	for (; *word; word++) {
		unsigned char c = (unsigned char)*word;

		if (c == '%')
			buf_puts(&text, "%%");
		else if (c <= ' ' || c == '"' || c == '\'' || c == '\\' || c >= 0x7f)
			buf_printf(&text, "\\x%02x", c);
		else
			buf_add_u8(&text, c);
	}
	return arena_strndup(arena, text.size ? text.data : "", text.size);
}

const char *escape_unit_path(struct arena *arena, const char *path)
{
	_cleanup_buf_ struct buf name = {0};

	for (const char *c = path; *c; c++) {
		if (*c == '/' && (!name.size || !c[1 + strspn(c + 1, "/")] || c[1] == '/'))
			continue;
		if (*c == '/')
			buf_puts(&name, "-");
		else if ((isalnum((unsigned char)*c) || strchr(":_.", *c)) && (name.size || *c != '.'))
			buf_add_u8(&name, (uint8_t)*c);
		else
			buf_printf(&name, "\\x%02x", (unsigned char)*c);
	}
	return name.size ? arena_strndup(arena, name.data, name.size) : "-";
}

/* How many bytes of UTF-8 begin at `at` and may be shown; 0: none. */
static size_t escape_shown_as_is(const char *at)
{
	size_t length = 1, rest = strnlen(at, 4);

	if (text_control(at) || *at == '\\')
		return 0;
	while (length <= 4 && length <= rest && valid_utf8(at, length) != length)
		length++;
	return length <= 4 && length <= rest ? length : 0;
}

const char *escape_shown(struct arena *arena, const char *bytes)
{
	_cleanup_buf_ struct buf out = {0};

	for (const char *at = bytes; at && *at;) {
		size_t length = escape_shown_as_is(at);

		if (length)
			buf_add(&out, at, length);
		else if (*at == '\\')
			buf_puts(&out, "\\\\");
		else
			buf_printf(&out, "\\x%02x", (unsigned char)*at);
		at += length ? length : 1;
	}
	return bytes ? arena_strdup(arena, out.data ? out.data : "") : NULL;
}
