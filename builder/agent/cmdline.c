#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent/agent.h"

static int hex_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int parse_hash(const char *word, size_t length, uint8_t out[ROOT_HASH_BYTES])
{
	if (length != 2 * ROOT_HASH_BYTES)
		return -EINVAL;
	for (size_t i = 0; i < ROOT_HASH_BYTES; i++) {
		int high = hex_digit(word[2 * i]), low = hex_digit(word[2 * i + 1]);

		if (high < 0 || low < 0)
			return -EINVAL;
		out[i] = (uint8_t)(high << 4 | low);
	}
	return 0;
}

static int parse_bytes(const char *word, size_t length, uint64_t *ret_bytes)
{
	char *end;

	if (length == 0 || *word < '0' || *word > '9')
		return -EINVAL;
	errno = 0;
	*ret_bytes = strtoull(word, &end, 10);
	return errno || end != word + length ? -EINVAL : 0;
}

int cmdline_parse(const char *text, struct cmdline *ret_cmdline, const char **ret_problem)
{
	static const char hash_key[] = "aether.root=", offset_key[] = "aether.hash_offset=";
	bool have_hash = false, have_offset = false;

	for (const char *word = text; *word; word += strspn(word, " \n")) {
		size_t length = strcspn(word, " \n");

		if (strncmp(word, hash_key, sizeof hash_key - 1) == 0)
			have_hash = parse_hash(word + sizeof hash_key - 1, length - sizeof hash_key + 1,
					       ret_cmdline->root_hash) == 0;
		else if (strncmp(word, offset_key, sizeof offset_key - 1) == 0)
			have_offset = parse_bytes(word + sizeof offset_key - 1, length - sizeof offset_key + 1,
						  &ret_cmdline->hash_offset) == 0;
		word += length;
	}
	*ret_problem = !have_hash ? "aether.root=<64 hexadecimal digits>" : "aether.hash_offset=<bytes>";
	return have_hash && have_offset ? 0 : -EINVAL;
}
