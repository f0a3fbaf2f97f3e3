/* sshkey_read(): a line of a .pub file or of authorized_keys. What is taken has a type, and stays a key without its options. */
#include "recipe/sshkey.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);
	struct arena *arena = arena_new();
	struct sshkey alone, key, again;
	int r = sshkey_read(arena, text, true, &key), plain = sshkey_read(arena, text, false, &alone);

	ensure(r >= 0 || key.problem);
	ensure(plain >= 0 || alone.problem);
	ensure((r == 1) == (plain == 1));
	if (plain == 0)
		ensure(r == 0 && !*key.options);
	if (r == 0) {
		const char *rest = text + strspn(text, " \t");

		ensure(key.type && strncmp(rest, key.options, strlen(key.options)) == 0);
		rest += strlen(key.options);
		ensure(sshkey_read(arena, rest, false, &again) == 0 && strcmp(again.type, key.type) == 0);
	}
	arena_free(arena);
	free(text);
	return 0;
}
