#include "base/valid.h"

#include <string.h>

bool valid_sha256(const char *sha256)
{
	return strlen(sha256) == 64 && strspn(sha256, "0123456789abcdef") == 64;
}

/* Those that YAML takes for the end of a line, and those that no text may have (YAML 1.2, 5.1 and 5.4). */
static bool valid_breaks(const unsigned char *at)
{
	static const char *const refused[] = {"\xe2\x80\xa8", "\xe2\x80\xa9", "\xef\xbb\xbf", "\xef\xbf\xbe", "\xef\xbf\xbf"};

	if (*at < ' ' || *at == 0x7f || (at[0] == 0xc2 && at[1] < 0xa0))
		return true;
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
		if (strncmp((const char *)at, refused[i], 3) == 0)
			return true;
	return false;
}

bool valid_url(const char *url)
{
	const unsigned char *at = (const unsigned char *)url;

	while (*at && !valid_breaks(at))
		at++;
	return *url && !*at;
}

bool valid_word(const char *word)
{
	return *word && word[strspn(word, VALID_WORD)] == 0;
}

bool valid_path(const char *path)
{
	for (const char *at = path; *at; at++)
		if ((unsigned char)*at <= ' ' || *at == '\\' || *at == '"' || (unsigned char)*at >= 0x7f)
			return false;
	for (const char *part = path;; part += strcspn(part, "/") + 1) {
		size_t length = strcspn(part, "/");

		if (length == 0 || (length <= 2 && strncmp(part, "..", length) == 0))
			return false;
		if (!part[length])
			return true;
	}
}

/* How many bytes a character has that begins so, and from where to where its second byte may be; 0: none begins so. */
static size_t valid_utf8_length(unsigned char first, unsigned char *low, unsigned char *high)
{
	*low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80; /* not longer than it needs to be, … */
	*high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf; /* … no surrogate, nothing above U+10FFFF */
	if (first < 0x80)
		return 1;
	return first < 0xc2 || first > 0xf4 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

size_t valid_utf8(const void *text, size_t size)
{
	const unsigned char *bytes = text;
	unsigned char low, high;
	size_t at = 0;

	while (at < size) {
		size_t length = valid_utf8_length(bytes[at], &low, &high);

		if (length == 0 || length > size - at)
			return at;
		for (size_t i = 1; i < length; i++)
			if (i == 1 ? bytes[at + 1] < low || bytes[at + 1] > high : (bytes[at + i] & 0xc0) != 0x80)
				return at;
		at += length;
	}
	return size;
}
