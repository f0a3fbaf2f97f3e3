#include "base/escape.h"

#include <string.h>

#include "base/buf.h"

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
