/* cmdline_parse(): the kernel command line, which a boot menu or a rescue system may have changed. */
#include <stdio.h>

#include "contract/verity.h"
#include "machine/cmdline.h"
#include "machine/hex.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size), printed[160], hex[2 * ROOT_HASH_BYTES + 1];
	struct cmdline cmdline = {0}, again;
	const char *problem = NULL;
	int r = cmdline_parse(text, &cmdline, &problem);

	ensure(problem);
	if (r == 0) {
		hex_print(cmdline.root_hash, ROOT_HASH_BYTES, hex);
		ensure(strstr(text, hex));
		snprintf(printed, sizeof printed, "a aether.root=%s b aether.hash_offset=%llu\n", hex,
			 (unsigned long long)cmdline.hash_offset);
		ensure(cmdline_parse(printed, &again, &problem) == 0 && again.hash_offset == cmdline.hash_offset);
		ensure(memcmp(again.root_hash, cmdline.root_hash, ROOT_HASH_BYTES) == 0);
	}
	free(text);
	return 0;
}
