/* iso9660_find(): a disc that a stranger may have made; the input is what is behind its first 32 KiB, which mean nothing. What
 * is found has its size and its place from the disc: who reads it sees what is there. */
#include "machine/secrets/iso9660.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct iso9660_file file = {.offset = -1};
	int fd = fuzz_file(NULL, 0), r;

	ensure(pwrite(fd, data, size, 32768) == (ssize_t)size);
	r = iso9660_find(fd, "AETHER-ID", "identity", &file);
	ensure(r <= 0);
	ensure(r < 0 || (file.offset >= 0 && file.offset % 2048 == 0));
	close(fd);
	return 0;
}
