#include "machine/cmdline.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "contract/image.h"
#include "contract/verity.h"
#include "machine/hex.h"

static int cmdline_parse_bytes(const char *word, size_t length, uint64_t *ret_bytes)
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
	static const char hash_key[] = CMDLINE_ROOT, offset_key[] = CMDLINE_HASH_OFFSET;
	bool have_hash = false, have_offset = false;

	for (const char *word = text; *word; word += strspn(word, " \n")) {
		size_t length = strcspn(word, " \n");

		if (strncmp(word, hash_key, sizeof hash_key - 1) == 0)
			have_hash = hex_parse(word + sizeof hash_key - 1, length - sizeof hash_key + 1, ret_cmdline->root_hash,
					      ROOT_HASH_BYTES) == 0;
		else if (strncmp(word, offset_key, sizeof offset_key - 1) == 0)
			have_offset = cmdline_parse_bytes(word + sizeof offset_key - 1, length - sizeof offset_key + 1,
							  &ret_cmdline->hash_offset) == 0;
		word += length;
	}
	*ret_problem = !have_hash ? CMDLINE_ROOT "<64 hexadecimal digits>" : CMDLINE_HASH_OFFSET "<bytes>";
	return have_hash && have_offset ? 0 : -EINVAL;
}
