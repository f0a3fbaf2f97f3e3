#include "machine/quote.h"

#include <stddef.h>
#include <stdint.h>

/* By the first byte: how long a character is, and which second bytes it can have (Unicode, table 3-7). */
static const struct {
	uint8_t from, to, length, second_from, second_to;
} forms[] = {
	{0x00, 0x7f, 1, 0, 0},       {0xc2, 0xdf, 2, 0x80, 0xbf}, {0xe0, 0xe0, 3, 0xa0, 0xbf}, {0xe1, 0xec, 3, 0x80, 0xbf},
	{0xed, 0xed, 3, 0x80, 0x9f}, {0xee, 0xef, 3, 0x80, 0xbf}, {0xf0, 0xf0, 4, 0x90, 0xbf}, {0xf1, 0xf3, 4, 0x80, 0xbf},
	{0xf4, 0xf4, 4, 0x80, 0x8f},
};

/* The bytes of the character that `text` begins with; 0 when that is none. */
static size_t quote_character(const char *text)
{
	const uint8_t *bytes = (const uint8_t *)text;

	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
		if (bytes[0] < forms[i].from || bytes[0] > forms[i].to)
			continue;
		if (forms[i].length > 1 && (bytes[1] < forms[i].second_from || bytes[1] > forms[i].second_to))
			return 0;
		for (size_t n = 2; n < forms[i].length; n++)
			if (bytes[n] < 0x80 || bytes[n] > 0xbf)
				return 0;
		return forms[i].length;
	}
	return 0;
}

void quote_print(const char *text, FILE *out)
{
	if (!*text) {
		fputs("null", out);
		return;
	}
	putc('"', out);
	while (*text) {
		size_t n = quote_character(text);

		if (n == 0)
			putc('?', out);
		else if (*text == '"' || *text == '\\')
			fprintf(out, "\\%c", *text);
		else if ((uint8_t)*text < ' ')
			fprintf(out, "\\u%04x", (unsigned)*text);
		else
			fwrite(text, 1, n, out);
		text += n ? n : 1;
	}
	putc('"', out);
}
