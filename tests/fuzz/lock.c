/* lock_parse(): a lock file. The input is all but its last line, the digest, which is made right: everything behind it would be
 * out of reach. What is printed of a lock that was read is read as the same. */
#include "base/arena.h"
#include "edge/digest.h"
#include "lock/file.h"
#include "fuzz.h"

static int parse(struct arena *arena, const struct buf *text, struct lock **ret_lock, struct err *err)
{
	int r = lock_parse(arena, "a.lock", text->data ? text->data : "", text->size, ret_lock, err);

	ensure((r == 0) == (err->count == 0));
	return r;
}

static void round_trip(struct arena *arena, const struct lock *lock, struct err *err)
{
	_cleanup_buf_ struct buf first = {0}, second = {0};
	struct lock *again;

	lock_print(&first, lock);
	ensure(parse(arena, &first, &again, err) == 0);
	lock_print(&second, again);
	ensure(first.size == second.size && memcmp(first.data, second.data, first.size) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf text = {0};
	struct lock *lock;
	struct err err = {0};
	char hex[SHA256_HEX];

	sha256_hex_of(data, size, hex);
	buf_add(&text, data, size);
	buf_printf(&text, "digest: %s\n", hex);
	if (parse(arena, &text, &lock, &err) == 0)
		round_trip(arena, lock, &err);
	err_free(&err);
	return 0;
}
