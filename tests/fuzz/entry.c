/* entry_parse(): the name of a file on the EFI system partition. */
#include "machine/agent/entry.h"
#include "fuzz.h"

static void expect_same(const struct entry *a, const struct entry *b)
{
	ensure(strcmp(a->name, b->name) == 0 && a->sequence == b->sequence && a->slot == b->slot);
	ensure(a->counted == b->counted && a->left == b->left && a->done == b->done);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size), printed[128];
	struct entry entry, again;

	if (entry_parse(text, &entry) == 0) {
		ensure(*entry.name && memchr(entry.name, 0, sizeof entry.name) && entry.slot >= 'a' && entry.slot <= 'z');
		ensure(entry_print(&entry, printed, sizeof printed) == 0 && strlen(printed) <= strlen(text));
		ensure(entry_parse(printed, &again) == 0);
		expect_same(&entry, &again);
	}
	free(text);
	return 0;
}
