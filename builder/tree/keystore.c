#include "tree/keystore.h"

#include <endian.h>
#include <string.h>

#include "base/bytes.h"
#include "edge/digest.h"

enum { MAGIC = 0xfeedfeed, VERSION = 2, CERTIFICATE = 2, HEAD_BYTES = 12, DATE_BYTES = 8 };

/* What the digest at the end begins with: Debian's password ("changeit") in UTF-16, and a text of OpenJDK's. */
static const char salt[] = "\0c\0h\0a\0n\0g\0e\0i\0tMighty Aphrodite";

/* Steps over `bytes`, when that many are left before `end`. */
static bool keystore_skip(size_t *at, size_t end, size_t bytes)
{
	if (end - *at < bytes)
		return false;
	*at += bytes;
	return true;
}

/* A text, with its length in 2 bytes before it. */
static bool keystore_skip_text(const char *data, size_t *at, size_t end)
{
	return end - *at >= 2 && keystore_skip(at, end, 2U + bytes_be16(data + *at));
}

/* An entry: its kind, its alias, its date (where is told), the certificate's kind, the certificate. */
static bool keystore_skip_entry(const char *data, size_t *at, size_t end, size_t *ret_date)
{
	if (end - *at < 4 || bytes_be32(data + *at) != CERTIFICATE)
		return false;
	*at += 4;
	if (!keystore_skip_text(data, at, end))
		return false;
	*ret_date = *at;
	return keystore_skip(at, end, DATE_BYTES) && keystore_skip_text(data, at, end) && end - *at >= 4 &&
	       keystore_skip(at, end, 4 + (size_t)bytes_be32(data + *at));
}

static void keystore_digest(const char *data, size_t size, uint8_t out[SHA1_SIZE])
{
	_cleanup_buf_ struct buf all = {0};

	buf_add(&all, salt, sizeof salt - 1);
	buf_add(&all, data, size);
	sha1_of(all.data, all.size, out);
}

bool keystore_set_dates(const struct buf *old, int64_t when, struct buf *new)
{
	const uint64_t date = htobe64((uint64_t)when * 1000); /* in milliseconds */
	_cleanup_buf_ struct buf made = {0};
	uint8_t digest[SHA1_SIZE];
	size_t at = HEAD_BYTES, where, end;

	if (old->size < HEAD_BYTES + SHA1_SIZE || bytes_be32(old->data) != MAGIC || bytes_be32(old->data + 4) != VERSION)
		return false;
	end = old->size - SHA1_SIZE;
	keystore_digest(old->data, end, digest);
	if (memcmp(digest, old->data + end, SHA1_SIZE) != 0)
		return false;
	buf_add(&made, old->data, end);
	for (uint32_t n = bytes_be32(old->data + 8); n > 0; n--) {
		if (!keystore_skip_entry(old->data, &at, end, &where))
			return false;
		memcpy(made.data + where, &date, DATE_BYTES);
	}
	if (at != end)
		return false;
	keystore_digest(made.data, end, digest);
	buf_add(new, made.data, made.size);
	buf_add(new, digest, SHA1_SIZE);
	return true;
}
