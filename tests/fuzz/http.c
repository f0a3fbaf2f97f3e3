/* http_join(): addresses of files below an archive, of whatever is in an index or a challenge. */
#include "base/arena.h"
#include "edge/http.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	char *text = fuzz_text(data, size);
	const char *url = http_join(arena, "https://archive.example/debian", text);

	ensure(strncmp(url, "https://archive.example/debian/", 31) == 0);
	for (const char *at = url; *at; at++)
		ensure((unsigned char)*at > ' ' && (unsigned char)*at < 0x7f);
	free(text);
	return 0;
}
