/* release_read(), release_date(), time_parse(): a Release that was signed, by whoever. */
#include "base/arena.h"
#include "base/clock.h"
#include "debian/release.h"
#include "fuzz.h"

static void dates(struct arena *arena, const char *text)
{
	int64_t seconds, again;

	release_date(text, &seconds);
	if (time_parse(text, &seconds) == 0 && seconds >= 0) {
		ensure(time_parse(time_format(arena, seconds), &again) == 0);
		ensure(again == seconds);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct release *release;
	struct err err = {0};
	char *text = fuzz_text(data, size);
	int r = release_read(arena, "test", text, size, &release, &err);

	ensure((r == 0) == (err.count == 0));
	if (r == 0) {
		ensure(release->suite && release->codename);
		for (size_t i = 0; i < release->n_files; i++)
			ensure(release_file(release, release->files[i].path) && strlen(release->files[i].sha256) == 64);
		release_check(release, "test", release->suite, NULL, 0, 1700000000, false, &err);
	}
	dates(arena, text);
	err_free(&err);
	free(text);
	return 0;
}
