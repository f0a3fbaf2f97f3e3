/* archive_unpack(), archive_take(): archives of whoever's. Nothing is written outside of the folder, and nothing in it leads out. */
#include <fcntl.h>
#include <sys/stat.h>

#include "edge/archive_unpack.h"
#include "place.h"

enum { BYTES_MAX = 1 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *input = place_input(data, size);
	int root_fd = open(place_root(), O_RDONLY | O_DIRECTORY | O_CLOEXEC), out = memfd_create("out", MFD_CLOEXEC);
	const struct archive_target target = {root_fd, "/opt/it", size ? data[size - 1] % 3 : 0, 0, 0};
	struct err err = {0};
	struct stat st;
	int r;

	ensure(root_fd >= 0 && out >= 0);
	r = archive_unpack(input, &target, BYTES_MAX, &err);
	ensure((r == 0) == (err.count == 0));
	r = archive_take(input, "a/b", out, BYTES_MAX, &err);
	ensure(r == 0 || err.count);
	ensure(fstat(out, &st) == 0 && st.st_size <= BYTES_MAX);
	close(out);
	close(root_fd);
	place_check();
	err_free(&err);
	return 0;
}
