#include "leak/encodings.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>


/* What is looked for of a long text: enough that nothing else is the same. Base64 is broken into lines, so pieces of it. */
enum { RAW_MAX = 96, PIECE = 24, PIECES_MAX = 4, LINES_MAX = 256, DIFFERENT_MIN = 6 };

struct encodings {
	struct pool *pool;
	encodings_tell *tell;
	void *data;
};

static void encodings_tell_of(const struct encodings *e, const char *form, const void *bytes, size_t size)
{
	if (size >= ENCODED_MIN)
		e->tell(e->data, form, (struct needle){(const char *)pool_bytes(e->pool, bytes, size).data, size});
}

/* --- numbers --------------------------------------------------------------------------------------------------------- */

static const char STANDARD[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char URL[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* RFC 4648 of whole groups of three bytes. */
static void encodings_base64(const struct encodings *e, const unsigned char *from, size_t size, const char *alphabet)
{
	char out[PIECE / 3 * 4];
	size_t n = 0;

	for (size_t i = 0; i + 3 <= size && n + 4 <= sizeof out; i += 3) {
		uint32_t group = (uint32_t)from[i] << 16 | (uint32_t)from[i + 1] << 8 | from[i + 2];

		for (int shift = 18; shift >= 0; shift -= 6)
			out[n++] = alphabet[group >> shift & 63];
	}
	encodings_tell_of(e, "base64", out, n);
}

/* The value may begin at any of the three bytes of a group: what is looked for begins with the first whole one. */
static void encodings_all_base64(const struct encodings *e, const unsigned char *bytes, size_t size)
{
	for (size_t piece = 0; piece < PIECES_MAX && piece * PIECE < size; piece++)
		for (size_t skip = 0; skip < 3; skip++) {
			size_t at = piece * PIECE + skip;

			if (at >= size || (piece && size - at < PIECE))
				continue;
			encodings_base64(e, bytes + at, size - at, STANDARD);
			encodings_base64(e, bytes + at, size - at, URL);
		}
}

static void encodings_hex(const struct encodings *e, const unsigned char *bytes, size_t size)
{
	char lower[2 * PIECE + 1], upper[2 * PIECE + 1];
	size_t n = size < PIECE ? size : PIECE;

	for (size_t i = 0; i < n; i++) {
		snprintf(lower + 2 * i, 3, "%02x", bytes[i]);
		snprintf(upper + 2 * i, 3, "%02X", bytes[i]);
	}
	encodings_tell_of(e, "hexadecimal", lower, 2 * n);
	encodings_tell_of(e, "hexadecimal", upper, 2 * n);
}

static void encodings_utf16(const struct encodings *e, const unsigned char *bytes, size_t size)
{
	char out[2 * RAW_MAX] = {0};
	size_t n = size < RAW_MAX ? size : RAW_MAX;

	for (size_t i = 0; i < n; i++) {
		if (bytes[i] >= 0x80)
			return;
		out[2 * i] = (char)bytes[i];
	}
	encodings_tell_of(e, "UTF-16", out, 2 * n);
}

/* --- escapes --------------------------------------------------------------------------------------------------------- */

/* Appends one byte, escaped. */
typedef void encodings_escape(struct growing *out, unsigned char c);

static const char UNRESERVED[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

static void encodings_put(struct growing *out, const char *format, unsigned char c)
{
	char text[8];

	snprintf(text, sizeof text, format, c);
	growing_puts(out, text);
}

static void encodings_percent_with(struct growing *out, unsigned char c, const char *format)
{
	if (c && strchr(UNRESERVED, c))
		growing_add(out, &c, 1);
	else
		encodings_put(out, format, c);
}

static void encodings_percent_upper(struct growing *out, unsigned char c)
{
	encodings_percent_with(out, c, "%%%02X");
}

static void encodings_percent_lower(struct growing *out, unsigned char c)
{
	encodings_percent_with(out, c, "%%%02x");
}

/* application/x-www-form-urlencoded */
static void encodings_form(struct growing *out, unsigned char c)
{
	if (c == ' ')
		growing_puts(out, "+");
	else
		encodings_percent_with(out, c, "%%%02X");
}

/* RFC 8259; YAML and C the same for what is usual. */
static void encodings_json_plain(struct growing *out, unsigned char c)
{
	static const char from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt";
	const char *found = c ? strchr(from, c) : NULL;

	if (found)
		encodings_put(out, "\\%c", (unsigned char)to[found - from]);
	else if (c < 0x20)
		encodings_put(out, "\\u%04x", c);
	else
		growing_add(out, &c, 1);
}

static void encodings_json_slashes(struct growing *out, unsigned char c)
{
	if (c == '/')
		growing_puts(out, "\\/");
	else
		encodings_json_plain(out, c);
}

static void encodings_shell_single(struct growing *out, unsigned char c)
{
	if (c == '\'')
		growing_puts(out, "'\\''");
	else
		growing_add(out, &c, 1);
}

static void encodings_shell_joined(struct growing *out, unsigned char c)
{
	if (c == '\'')
		growing_puts(out, "'\"'\"'");
	else
		growing_add(out, &c, 1);
}

static void encodings_shell_double(struct growing *out, unsigned char c)
{
	if (c && strchr("$`\"\\", c))
		growing_puts(out, "\\");
	growing_add(out, &c, 1);
}

static void encodings_shell_bare(struct growing *out, unsigned char c)
{
	if (c && !strchr(UNRESERVED, c) && !strchr("/:@%+=,", c) && c < 0x80)
		growing_puts(out, "\\");
	growing_add(out, &c, 1);
}

/* systemd.unit(5), systemd.service(5): specifiers and variables. */
static void encodings_unit(struct growing *out, unsigned char c)
{
	if (c && strchr("%$", c))
		growing_add(out, &c, 1);
	growing_add(out, &c, 1);
}

static void encodings_xml(struct growing *out, unsigned char c)
{
	switch (c) {
	case '&': return growing_puts(out, "&amp;");
	case '<': return growing_puts(out, "&lt;");
	case '>': return growing_puts(out, "&gt;");
	case '"': return growing_puts(out, "&quot;");
	case '\'': return growing_puts(out, "&apos;");
	default: return growing_add(out, &c, 1);
	}
}

static const struct escape {
	const char *form;
	encodings_escape *add;
} escapes[] = {
	{"percent escapes", encodings_percent_upper}, {"percent escapes", encodings_percent_lower},
	{"percent escapes", encodings_form}, {"JSON escapes", encodings_json_plain},
	{"JSON escapes", encodings_json_slashes}, {"shell quotes", encodings_shell_single},
	{"shell quotes", encodings_shell_joined}, {"shell quotes", encodings_shell_double},
	{"shell quotes", encodings_shell_bare}, {"a unit's escapes", encodings_unit},
	{"XML escapes", encodings_xml},
};

/* What is the same without escapes was told already. */
static void encodings_escaped(const struct encodings *e, const unsigned char *bytes, size_t size)
{
	for (size_t i = 0; i < sizeof escapes / sizeof *escapes; i++) {
		struct growing out = {.pool = e->pool};

		for (size_t c = 0; c < size && out.size < RAW_MAX; c++)
			escapes[i].add(&out, bytes[c]);
		if (out.size != size || memcmp(out.data, bytes, size) != 0)
			encodings_tell_of(e, escapes[i].form, out.data, out.size);
	}
}

/* --- all ------------------------------------------------------------------------------------------------------------- */

static void encodings_text(const struct encodings *e, const unsigned char *bytes, size_t size)
{
	size_t begin = size < RAW_MAX ? size : RAW_MAX;

	encodings_tell_of(e, "plain text", bytes, begin);
	encodings_all_base64(e, bytes, size);
	encodings_hex(e, bytes, size);
	encodings_utf16(e, bytes, size);
	encodings_escaped(e, bytes, begin);
}

/* Armour, comments and rules are in files that are no secret, too. */
static bool encodings_is_own_line(const unsigned char *line, size_t size)
{
	bool seen[256] = {false};
	size_t different = 0;

	for (size_t i = 0; i < size; i++) {
		different += !seen[line[i]];
		seen[line[i]] = true;
	}
	return size >= ENCODED_LINE_MIN && different >= DIFFERENT_MIN && *line != '#' && memcmp(line, "-----", 5) != 0;
}

void encodings_each(struct pool *pool, const void *value, size_t size, encodings_tell *tell, void *data)
{
	const struct encodings e = {pool, tell, data};
	const unsigned char *bytes = value, *line = bytes, *stop;

	while (size && strchr("\r\n", bytes[size - 1]) && bytes[size - 1])
		size--;
	if (size < ENCODED_MIN)
		return;
	if (memcmp(bytes, "-----", 5) != 0 && *bytes != '#')
		encodings_text(&e, bytes, size);
	if (!memchr(bytes, '\n', size))
		return;
	for (size_t n = 0; n < LINES_MAX && line < bytes + size; line = stop + 1, n++) {
		size_t length, blank = 0;

		stop = memchr(line, '\n', (size_t)(bytes + size - line));
		stop = stop ? stop : bytes + size;
		length = (size_t)(stop - line);
		while (blank < length && strchr(" \t", line[blank]) && line[blank])
			blank++;
		length -= blank + (length > blank && stop[-1] == '\r');
		if (encodings_is_own_line(line + blank, length))
			encodings_text(&e, line + blank, length);
	}
}
