#include "edge/yaml_bytes.h"

#include <errno.h>
#include <string.h>

#include "base/valid.h"

static const char MARK[] = "\xef\xbb\xbf";

/* By its byte order mark, or by the NUL that it has in every character of ASCII. */
static bool yaml_bytes_are_utf16(const char *text, size_t size)
{
	if (size < 2)
		return false;
	return memcmp(text, "\xff\xfe", 2) == 0 || memcmp(text, "\xfe\xff", 2) == 0 || (!text[0] != !text[1]);
}

/* C0 but for white space, DEL, C1 but for NEL; U+FFFE, U+FFFF. */
static bool yaml_bytes_are_control(const unsigned char *at, size_t left)
{
	if (*at < ' ')
		return !strchr("\t\n\r", *at) || !*at;
	if (*at == 0x7f || (left > 1 && at[0] == 0xc2 && at[1] < 0xa0))
		return *at == 0x7f || at[1] != 0x85;
	return left > 2 && (memcmp(at, "\xef\xbf\xbe", 3) == 0 || memcmp(at, "\xef\xbf\xbf", 3) == 0);
}

static int yaml_bytes_refuse(const struct pos *pos, const char *at, bool utf8, struct err *err)
{
	unsigned byte = (unsigned char)*at;

	if (!utf8) {
		err_at(err, -EINVAL, pos, NULL, "the byte 0x%02x is not UTF-8", byte);
		return err_hint(err, "recipe files are text in UTF-8; this one may be in Latin-1 or Windows-1252: convert it");
	}
	if (byte == 0) {
		err_at(err, -EINVAL, pos, NULL, "the file contains a NUL byte");
		return err_hint(err, "recipe files are text in UTF-8; this one is something else, or damaged");
	}
	if (byte == 0xef && at[1] == MARK[1] && at[2] == MARK[2]) {
		err_at(err, -EINVAL, pos, NULL, "there is a byte order mark (U+FEFF) within the file");
		return err_hint(err, "remove this invisible character: it may only be the first of a file");
	}
	err_at(err, -EINVAL, pos, NULL, "control characters are not allowed: here is one (0x%02x)",
	       byte == 0xc2 ? (unsigned char)at[1] : byte);
	return err_hint(err, "remove it, or write it in double quotes, like \"\\x1b\"");
}

int yaml_check_bytes(const char *name, const char **text, size_t *size, struct err *err)
{
	struct pos pos = {name, 1, 1};
	const char *at;
	size_t utf8, good = 0;

	if (yaml_bytes_are_utf16(*text, *size)) {
		err_at(err, -EINVAL, &pos, NULL, "the file is in UTF-16, not in UTF-8");
		return err_hint(err, "save it as UTF-8, or convert it: iconv -f UTF-16 -t UTF-8");
	}
	if (*size >= strlen(MARK) && memcmp(*text, MARK, strlen(MARK)) == 0) {
		*text += strlen(MARK);
		*size -= strlen(MARK);
	}
	at = *text;
	utf8 = valid_utf8(at, *size);
	while (good < utf8 && !yaml_bytes_are_control((const unsigned char *)at + good, utf8 - good) &&
	       (utf8 - good < strlen(MARK) || memcmp(at + good, MARK, strlen(MARK)) != 0))
		good++;
	if (good == *size)
		return 0;
	pos_move(&pos, at, at + good);
	return yaml_bytes_refuse(&pos, at + good, good < utf8, err);
}

bool yaml_is_invisible(const char *text)
{
	/* no-break space, soft hyphen, zero width space to right-to-left mark, word joiner */
	static const char *const characters[] = {"\xc2\xa0", "\xc2\xad", "\xe2\x80\x8b", "\xe2\x80\x8c", "\xe2\x80\x8d",
						 "\xe2\x80\x8e", "\xe2\x80\x8f", "\xe2\x81\xa0"};

	for (size_t i = 0; i < sizeof characters / sizeof *characters; i++)
		if (strstr(text, characters[i]))
			return true;
	return false;
}
