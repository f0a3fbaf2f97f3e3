#include "base/valid.h"

#include <stddef.h>
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
