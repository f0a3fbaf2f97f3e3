/* qcow2_open(), qcow2_read_at(): a disk image of whoever's. Read forwards and backwards it is the same disk. */
#include "artifact/qcow2_read.h"
#include "fuzz.h"

enum { WINDOW = 1000, LOOK_MAX = 64 << 10 };

/* Reads what is at `offset`; whether that can be read. */
static bool read_window(struct qcow2_reader *reader, uint64_t offset, uint8_t out[WINDOW])
{
	uint64_t left = qcow2_size(reader) - offset;
	struct err err = {0};
	int r = qcow2_read_at(reader, offset, out, left < WINDOW ? (size_t)left : WINDOW, &err);

	ensure((r == 0) == (err.count == 0));
	err_free(&err);
	return r == 0;
}

/* The reader keeps one table and one cluster: what it says must not depend on what it was asked before. */
static void read_disk(struct qcow2_reader *reader)
{
	static uint8_t seen[LOOK_MAX / WINDOW + 1][WINDOW];
	bool could[LOOK_MAX / WINDOW + 1];
	uint64_t size = qcow2_size(reader) < LOOK_MAX ? qcow2_size(reader) : LOOK_MAX;
	size_t n = 0;

	memset(seen, 0, sizeof seen);
	for (uint64_t at = 0; at < size; at += WINDOW, n++)
		could[n] = read_window(reader, at, seen[n]);
	while (n--) {
		uint8_t again[WINDOW] = {0};

		ensure(read_window(reader, n * WINDOW, again) == could[n]);
		ensure(!could[n] || memcmp(again, seen[n], WINDOW) == 0);
	}
	if (qcow2_size(reader))
		read_window(reader, qcow2_size(reader) - 1, seen[0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct qcow2_reader *reader = NULL;
	struct err err = {0};
	int fd = fuzz_file(data, size), r = qcow2_open(fd, &reader, &err);

	ensure((r == 0) == (reader != NULL) && (r == 0) == (err.count == 0));
	if (reader)
		read_disk(reader);
	qcow2_close(reader);
	err_free(&err);
	close(fd);
	return 0;
}
