#include "machine/lines.h"

#include <errno.h>
#include <string.h>

#include "contract/image.h"
#include "machine/say.h"

bool lines_get(const char *text, const char *key, char *out, size_t size)
{
	size_t key_length = strlen(key);

	*out = 0;
	for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		size_t length = strcspn(line, "\n");

		if (length <= key_length || strncmp(line, key, key_length) != 0 || line[key_length] != '=')
			continue;
		length -= key_length + 1;
		if (length >= size)
			return false;
		memcpy(out, line + key_length + 1, length);
		out[length] = 0;
		return true;
	}
	return false;
}

bool lines_read(const char *path, const char *key, char *out, size_t size)
{
	char text[1024];

	*out = 0;
	return read_line(path, text, sizeof text) > 0 && lines_get(text, key, out, size);
}

/* Undoes what the writer did to a field, in place. */
static int lines_unescape(char *field)
{
	static const char letters[] = FIELD_ESCAPES, meanings[] = FIELD_SPECIAL;
	char *to = field;

	for (; *field; field++) {
		const char *at;

		if (*field != '\\') {
			*to++ = *field;
			continue;
		}
		field++;
		at = *field ? strchr(letters, *field) : NULL;
		if (!at)
			return -EINVAL;
		*to++ = meanings[at - letters];
	}
	*to = 0;
	return 0;
}

int lines_fields(char **text, char **fields, size_t max)
{
	char *line = *text, *end = line + strcspn(line, "\n");
	size_t n = 0;

	if (!*line)
		return 0;
	*text = *end ? end + 1 : end;
	*end = 0;
	while (line) {
		char *field = strsep(&line, "\t");

		if (n == max || lines_unescape(field) < 0)
			return -EINVAL;
		fields[n++] = field;
	}
	return (int)n;
}

void lines_flatten(char *text)
{
	for (unsigned char *c = (unsigned char *)text; *c; c++) {
		bool wide = c[0] == 0xc2 && c[1] >= 0x80 && c[1] < 0xa0;

		if (wide)
			*c++ = ' ';
		if (wide || *c < ' ' || *c == 127)
			*c = ' ';
	}
}
