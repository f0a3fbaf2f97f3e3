/* appliance_wire_take(), appliance_wire_problem(): what the process with libguestfs says, which reads images of whoever's. It is
 * the same whether it comes at once or byte by byte. */
#include "edge/appliance_wire.h"
#include "fuzz.h"

/* Takes all messages; adds kinds and bytes to `said`. The last result. */
static int take_all(struct buf *came, struct buf *said)
{
	int r;

	do {
		_cleanup_buf_ struct buf part = {0};
		enum wire_kind kind = WIRE_KINDS;
		struct err err = {0};

		r = appliance_wire_take(came, &kind, &part);
		if (r != 1)
			return r;
		ensure(kind < WIRE_KINDS && part.size <= WIRE_PART_MAX);
		buf_add_u8(said, kind);
		buf_add(said, part.data, part.size);
		if (kind == WIRE_PROBLEM) {
			appliance_wire_problem(&part, -EIO, &err);
			ensure(err.count == 1 && err.first->text);
		}
		err_free(&err);
	} while (r == 1);
	return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf came = {0}, said = {0}, came_slowly = {0}, said_slowly = {0};
	int r, slowly = 0;

	buf_add(&came, data, size);
	r = take_all(&came, &said);
	for (size_t i = 0; i < size && slowly == 0; i++) {
		buf_add(&came_slowly, data + i, 1);
		slowly = take_all(&came_slowly, &said_slowly);
	}
	ensure(r == slowly);
	ensure(said.size == said_slowly.size && (!said.size || memcmp(said.data, said_slowly.data, said.size) == 0));
	buf_free(&came);
	buf_free(&said);
	buf_free(&came_slowly);
	buf_free(&said_slowly);
	return 0;
}
