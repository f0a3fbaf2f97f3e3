#include "machine/agent/entry.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NUMBER_MAX = 999999999 };

/* Reads digits up to `end`. */
static bool entry_read_number(const char *from, const char *end, unsigned *ret_number)
{
	char *stop;
	unsigned long number;

	if (from >= end || *from < '0' || *from > '9' || end - from > 9)
		return false;
	number = strtoul(from, &stop, 10);
	*ret_number = (unsigned)number;
	return stop == end && number <= NUMBER_MAX;
}

static const char *entry_find_last(const char *from, const char *end, char c)
{
	while (end > from && end[-1] != c)
		end--;
	return end > from ? end - 1 : NULL;
}

int entry_parse(const char *file, struct entry *ret_entry)
{
	struct entry entry = {0};
	const char *end = file + strlen(file), *plus, *dash;

	if (end - file < 4 || strcmp(end - 4, ".efi") != 0)
		return -EINVAL;
	end -= 4;
	plus = entry_find_last(file, end, '+');
	if (plus) {
		dash = entry_find_last(plus, end, '-');
		if (!entry_read_number(plus + 1, dash ? dash : end, &entry.left) ||
		    (dash && !entry_read_number(dash + 1, end, &entry.done)))
			return -EINVAL;
		entry.counted = true;
		end = plus;
	}
	if (end - file < 5 || end[-2] != '-' || end[-1] < 'a' || end[-1] > 'z')
		return -EINVAL;
	entry.slot = end[-1];
	end -= 2;
	dash = entry_find_last(file, end, '-');
	if (!dash || dash == file || (size_t)(dash - file) >= sizeof entry.name ||
	    !entry_read_number(dash + 1, end, &entry.sequence))
		return -EINVAL;
	memcpy(entry.name, file, (size_t)(dash - file));
	*ret_entry = entry;
	return 0;
}

int entry_print(const struct entry *entry, char *out, size_t size)
{
	char count[32] = "";
	int n;

	if (entry->counted && entry->done)
		snprintf(count, sizeof count, "+%u-%u", entry->left, entry->done);
	else if (entry->counted)
		snprintf(count, sizeof count, "+%u", entry->left);
	n = snprintf(out, size, "%s-%u-%c%s.efi", entry->name, entry->sequence, entry->slot, count);
	return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}
