/* history_read(), admit(): the failures of a machine, a file on its state partition. The first byte says how often the others stand
 * in it: only the end of a long one is read. An image is refused for what stands there, and for nothing else. */
#include <stdio.h>

#include "machine/agent/admit.h"
#include "machine/agent/history.h"
#include "fuzz.h"

#define BAD "0101010101010101010101010101010101010101010101010101010101010101"

static int write_file(const uint8_t *data, size_t size, size_t times)
{
	int fd = fuzz_file(data, size);

	for (size_t i = 0; size && i < times && i * size < 2 * HISTORY_BYTES; i++)
		ensure(write(fd, data, size) == (ssize_t)size);
	return fd;
}

/* A machine that takes any image but one that was bad on it. */
static bool is_admitted(const char *failures, bool force)
{
	static struct boot boot = {.name = "g", .kind = "vm", .format = "1", .root_hash = "00", .n_slots = 2};
	static const struct admit_room room = {1ULL << 40, 1ULL << 40};
	struct offer offer = {.name = "g", .kind = "vm", .format = 1};
	char why[256] = "";
	bool admitted;

	boot.running = &boot.slots[0];
	boot.other = &boot.slots[1];
	boot.other->size_bytes = 1ULL << 40;
	offer.objects[OBJECT_ROOT].size_bytes = BLOCK_BYTES;
	memset(offer.objects[OBJECT_ROOT].root_hash, 1, HASH_BYTES);
	admitted = admit(&boot, &offer, &room, failures, force, why, sizeof why);
	ensure(admitted == !*why);
	return admitted;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char text[HISTORY_BYTES];
	int fd = write_file(size ? data + 1 : data, size ? size - 1 : 0, size ? (size_t)data[0] * 4 : 0);
	char path[32];

	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	memset(text, 'x', sizeof text);
	history_read(path, text);
	ensure(memchr(text, 0, sizeof text));
	ensure(is_admitted(text, true));
	ensure(strstr(text, "root=" BAD) || is_admitted(text, false));
	if (strncmp(text, "root=" BAD "\n", strlen("root=" BAD "\n")) == 0)
		ensure(!is_admitted(text, false));
	close(fd);
	return 0;
}
