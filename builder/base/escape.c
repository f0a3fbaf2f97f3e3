#include "base/escape.h"

#include <ctype.h>
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
