/* grubenv_get(), grubenv_set(): GRUB's environment block, as whatever wrote it last has left it. */
#include <errno.h>

#include "machine/agent/grubenv.h"
#include "fuzz.h"

/* Another key has the value that it had. */
static void expect_same(const char before[GRUBENV_BYTES], const char after[GRUBENV_BYTES], const char *key)
{
	char was[64], is[64];
	bool had = grubenv_get(before, key, was, sizeof was);

	ensure(grubenv_get(after, key, is, sizeof is) == had && strcmp(was, is) == 0);
}

static void set(const char before[GRUBENV_BYTES], const char *value)
{
	char after[GRUBENV_BYTES], again[GRUBENV_BYTES], is[64];
	int r;

	memcpy(after, before, GRUBENV_BYTES);
	r = grubenv_set(after, "aether_trial", value);
	if (r < 0) {
		ensure(r == -ENOSPC && memcmp(before, after, GRUBENV_BYTES) == 0);
		return;
	}
	ensure(grubenv_get(after, "aether_trial", is, sizeof is) == (value != NULL));
	ensure(strcmp(is, value ? value : "") == 0);
	expect_same(before, after, "aether_good");
	expect_same(before, after, "aether_tries");
	memcpy(again, after, GRUBENV_BYTES);
	ensure(grubenv_set(again, "aether_trial", value) == 0 && memcmp(again, after, GRUBENV_BYTES) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char block[GRUBENV_BYTES] = {0};

	memcpy(block, data, size < sizeof block ? size : sizeof block);
	set(block, NULL);
	set(block, "b");
	set(block, "a-value-that-is-somewhat-longer");
	return 0;
}
