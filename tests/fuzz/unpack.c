/* bundle_unpack(), bundle_take(): archives of whoever's. Nothing is written outside of the folder, which has a link that leads
 * out, and no other link in it does. */
#include <ftw.h>
#include <limits.h>

#include "base/text.h"
#include "edge/bundle.h"
#include "place.h"

enum { BYTES_MAX = 1 << 20, OPEN_MAX_DEPTH = 16 };

static const char FOLDER[] = "opt/it";

static void unpack_make_folder(int root_fd)
{
	ensure(mkdirat(root_fd, "opt", 0755) == 0 && mkdirat(root_fd, FOLDER, 0755) == 0);
	ensure(symlinkat("../../..", root_fd, "opt/it/up") == 0);
}

/* Beside the folder is nothing, and its links stay below it, if they lead anywhere. */
static int unpack_visit(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	const char *inside = path + strlen(place()->root) + (ftw->level > 0);
	char to[PATH_MAX], folder[PATH_MAX];

	(void)st;
	if (ftw->level == 0 || strcmp(inside, "opt") == 0 || strcmp(inside, "up") == 0 || strcmp(inside, FOLDER) == 0)
		return 0;
	ensure(path_is_below(inside, FOLDER));
	if (type != FTW_SL || !realpath(path, to))
		return 0;
	snprintf(folder, sizeof folder, "%s/%s", place()->root, FOLDER);
	ensure(path_is_below(to, folder));
	return 0;
}

static void unpack_take(const char *input)
{
	int out = memfd_create("out", MFD_CLOEXEC), r;
	struct err err = {0};
	struct stat st;

	ensure(out >= 0);
	r = bundle_take(input, "a/b", out, BYTES_MAX, &err);
	ensure((r == 0) == (err.count == 0));
	ensure(fstat(out, &st) == 0 && st.st_size <= BYTES_MAX);
	close(out);
	err_free(&err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *input = place_input(data, size), *root = place_root();
	int root_fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC), r;
	const struct bundle_target target = {root_fd, "/opt/it", size ? data[size - 1] % 3 : 0, 0, 0};
	struct err err = {0};

	ensure(root_fd >= 0);
	unpack_make_folder(root_fd);
	r = bundle_unpack(input, &target, BYTES_MAX, &err);
	ensure((r == 0) == (err.count == 0));
	unlinkat(root_fd, "opt/it/up", 0); /* what leads out by it does not by itself */
	ensure(nftw(root, unpack_visit, OPEN_MAX_DEPTH, FTW_PHYS) == 0);
	close(root_fd);
	err_free(&err);
	unpack_take(input);
	place_check(data, size);
	return 0;
}
