/* changeset_apply(): layers of container images of whoever's, one over another. Nothing is written outside of the tree, and
 * nothing in it has the name of a whiteout (but folders, which a link may lead to). */
#include <ftw.h>

#include "base/text.h"
#include "edge/changeset.h"
#include "place.h"

enum { BYTES_MAX = 1 << 20, FOLDERS_MAX = 16 };

static int check_name(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)type;
	ensure(S_ISDIR(st->st_mode) || !text_has_prefix(path + at->base, ".wh."));
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *input = place_input(data, size);
	int root_fd = open(place_root(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	ensure(root_fd >= 0);
	for (int i = 0; i < 2; i++) { /* over what it has left, too */
		uint64_t left = BYTES_MAX;
		struct err err = {0};
		int r = changeset_apply(input, root_fd, &left, &err);

		ensure(left <= BYTES_MAX && (r == 0) == (err.count == 0));
		if (r == 0)
			nftw(place()->root, check_name, FOLDERS_MAX, FTW_PHYS);
		err_free(&err);
	}
	close(root_fd);
	place_check(data, size);
	return 0;
}
