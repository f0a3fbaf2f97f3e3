/* keystore_set_dates(): stores of Java, as they are, and with a digest that is right, whatever is before it. What is dated has
 * its size, its head, and can be dated again. */
#include "base/buf.h"
#include "edge/digest.h"
#include "fuzz.h"
#include "tree/keystore.h"

static void try_store(const struct buf *old)
{
	_cleanup_buf_ struct buf new = {0}, again = {0}, back = {0};

	if (!keystore_set_dates(old, 1, &new)) {
		ensure(new.size == 0);
		return;
	}
	ensure(new.size == old->size && old->size > SHA1_SIZE && memcmp(new.data, old->data, 12) == 0);
	ensure(keystore_set_dates(&new, 1, &again));
	ensure(again.size == new.size && memcmp(again.data, new.data, new.size) == 0);
	ensure(keystore_set_dates(&new, 2, &back) && back.size == new.size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char salt[] = "\0c\0h\0a\0n\0g\0e\0i\0tMighty Aphrodite";
	_cleanup_buf_ struct buf whole = {0}, signed_whole = {0}, all = {0};
	size_t body = size > SHA1_SIZE ? size - SHA1_SIZE : 0;
	uint8_t digest[SHA1_SIZE];

	buf_add(&whole, data, size);
	try_store(&whole);
	buf_add(&all, salt, sizeof salt - 1);
	buf_add(&all, data, body);
	sha1_of(all.data, all.size, digest);
	buf_add(&signed_whole, data, body);
	buf_add(&signed_whole, digest, sizeof digest);
	try_store(&signed_whole);
	return 0;
}
