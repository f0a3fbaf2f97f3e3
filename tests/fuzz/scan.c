/* scan_script() and scan_sysusers(): which accounts a package makes. What they find are names, and not many. */
#include "lock/scan.h"
#include "fuzz.h"

static void expect_names(const struct strv *names)
{
	for (size_t i = 0; i < names->count; i++) {
		const char *name = names->items[i];

		ensure(*name && strlen(name) <= 31);
		ensure(!name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")]);
	}
	ensure(names->count <= 512);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);
	struct arena *arena = arena_new();
	struct strv names = {0};

	scan_script(arena, text, &names);
	scan_sysusers(arena, text, &names);
	expect_names(&names);
	arena_free(arena);
	free(text);
	return 0;
}
