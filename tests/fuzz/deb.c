/* Packages of whoever's: made flat, asked for their control file, unpacked. Nothing is written outside of the folder. */
#include "edge/debfile.h"
#include "place.h"

enum { BYTES_MAX = 1 << 20 };

static bool all(void *data, const char *path)
{
	(void)data;
	return *path == '/';
}

/* What a package says of itself is the same once it is flat. */
static void deb_flatten(const char *input, const char *flat)
{
	_cleanup_buf_ struct buf control = {0}, again = {0};
	struct err err = {0};
	int r;

	unlink(flat);
	r = debfile_flatten(input, flat, BYTES_MAX, &err);
	ensure((r == 0) == (err.count == 0));
	if (debfile_control(input, &control, &err) == 0 && r == 0 && debfile_control(flat, &again, &err) == 0)
		ensure(control.size == again.size && (!control.size || memcmp(control.data, again.data, control.size) == 0));
	err_free(&err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *input = place_input(data, size);
	struct err err = {0};
	int r;

	deb_flatten(input, place()->flat);
	r = debfile_unpack(input, place_root(), BYTES_MAX, all, NULL, &err);
	ensure((r == 0) == (err.count == 0));
	err_free(&err);
	place_check(data, size);
	return 0;
}
