/* openpgp_dearmor(), openpgp_status(): keys as people keep them, and what gpgv says of a signature. */
#include "base/arena.h"
#include "debian/openpgp.h"
#include "fuzz.h"

#define FINGERPRINT "0123456789ABCDEF0123456789ABCDEF01234567"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *fingerprints[] = {FINGERPRINT};
	const struct strv pinned = {fingerprints, 1};
	_cleanup_buf_ struct buf binary = {0};
	struct err err = {0};
	char *text = fuzz_text(data, size);
	int r = openpgp_dearmor("key", (const char *)data, size, &binary, &err);

	ensure((r == 0) == (err.count == 0));
	ensure(r < 0 || binary.size <= size);
	err_free(&err);
	err = (struct err){0};
	/* Nothing is good that does not name the key. */
	ensure(openpgp_status("file", OPENPGP_CLEAR_SIGNED, text, &pinned, &err) < 0 || strstr(text, FINGERPRINT));
	err_free(&err);
	free(text);
	return 0;
}
