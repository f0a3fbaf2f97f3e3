/* changeset_apply(): layers of container images of whoever's, one over another. Nothing is written outside of the tree. */
#include "edge/changeset.h"
#include "place.h"

enum { BYTES_MAX = 1 << 20 };

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
		err_free(&err);
	}
	close(root_fd);
	place_check(data, size);
	return 0;
}
