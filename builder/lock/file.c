#include "lock/file.h"

#include <errno.h>
#include <string.h>

#include "edge/digest.h"
#include "lock/file_values.h"

/* The last line is the digest of all lines before it: half a lock, or one changed by hand, is none. */
static int lock_file_check_digest(struct lock_reader *reader, const struct node *top, const char *text, size_t size)
{
	enum { LAST_LINE = sizeof "digest: " - 1 + 64 + 1 };
	char hex[SHA256_HEX];
	const char *digest;
	int r = lock_file_get_sha256(reader, top, "digest", &digest);

	if (r < 0)
		return r;
	sha256_hex_of(text, size > LAST_LINE ? size - LAST_LINE : 0, hex);
	if (strcmp(hex, digest) != 0)
		return err_at(reader->err, -EINVAL, &node_get(top, "digest")->pos, NULL,
			      "the lock was changed after it was made");
	return 0;
}

static int lock_file_read_top(struct lock_reader *reader, const struct node *node)
{
	static const char *const known[] = {"format", "recipe", "toolsRecipe", "epoch", "archives", "downloads", "containers",
					    "accounts", "image", "tools", "digest", NULL};
	struct lock *lock = reader->lock;
	const struct node *top;
	const char *format;
	int r;

	if ((r = lock_file_get_map(reader, node, NULL, known, &top)) < 0 ||
	    (r = lock_file_get_text(reader, top, "format", &format)) < 0)
		return r;
	if (strcmp(format, "1") != 0)
		return lock_file_refuse(reader, node_get(top, "format"), "format",
					"1; this lock was made by a newer aether-build");
	if ((r = lock_file_get_sha256(reader, top, "recipe", &lock->recipe_sha256)) < 0 ||
	    (r = lock_file_get_time(reader, top, "epoch", &lock->epoch)) < 0 ||
	    (node_get(top, "toolsRecipe") &&
	     (r = lock_file_get_sha256(reader, top, "toolsRecipe", &lock->tools_sha256)) < 0) ||
	    (r = lock_file_read_archives(reader, top)) < 0 || (r = lock_file_read_downloads(reader, top)) < 0 ||
	    (r = lock_file_read_containers(reader, top)) < 0 || (r = lock_file_read_accounts(reader, top)) < 0 ||
	    (r = lock_file_read_tree(reader, top, "image", &lock->image)) < 0 ||
	    (r = lock_file_read_tree(reader, top, "tools", &lock->tools)) < 0)
		return r;
	return 0;
}

int lock_parse(struct arena *arena, const char *path, const char *text, size_t size, struct lock **ret_lock,
	       struct err *err)
{
	struct lock_reader reader = {arena, arena_new_of(arena, struct lock), err};
	struct node *node;
	int r;

	path = reader.lock->path = arena_strdup(arena, path);
	r = yaml_read(arena, path, text, size, &node, err);
	if (r == 0)
		r = lock_file_read_top(&reader, node);
	if (r == 0)
		r = lock_file_check_digest(&reader, node, text, size);
	if (r == 0)
		*ret_lock = reader.lock;
	return r;
}
