/* verity_decode(): a dm-verity superblock on a disk that anybody may have written to. The parameters that the kernel is given
 * have as many words as they are to have, whatever stands there. */
#include "contract/verity.h"
#include "machine/cmdline.h"
#include "machine/verity.h"
#include "fuzz.h"

static void open_device(const struct verity *verity, const uint8_t *root_hash)
{
	struct cmdline cmdline = {.hash_offset = 4096};
	char parameters[1200];
	size_t spaces = 0;

	memcpy(cmdline.root_hash, root_hash, ROOT_HASH_BYTES);
	ensure(verity_parameters(verity, "254:3", &cmdline, VERITY_RESTARTS, parameters, sizeof parameters) == 0);
	for (const char *c = parameters; *c; c++)
		spaces += *c == ' ';
	ensure(spaces == 11 && strstr(parameters, " sha256 "));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t block[VERITY_SUPERBLOCK] = {0}, canonical[VERITY_SUPERBLOCK], twice[VERITY_SUPERBLOCK];
	uint8_t root_hash[ROOT_HASH_BYTES] = {0};
	struct verity verity, again;

	memcpy(block, data, size < sizeof block ? size : sizeof block);
	memcpy(root_hash, block + 16, SLOT_UUID_BYTES); /* the image that it says it is */
	if (verity_decode(block, root_hash, &verity) < 0)
		return 0;
	open_device(&verity, root_hash);
	verity_encode(&verity, root_hash, canonical);
	ensure(verity_decode(canonical, root_hash, &again) == 0);
	verity_encode(&again, root_hash, twice);
	ensure(memcmp(canonical, twice, sizeof twice) == 0);
	root_hash[0] ^= 1;
	ensure(verity_decode(block, root_hash, &verity) < 0);
	return 0;
}
