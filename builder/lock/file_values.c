/* Single values of a lock's text, and its maps. */
#include "lock/file_values.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/valid.h"

int lock_file_refuse(struct lock_reader *reader, const struct node *node, const char *key, const char *expected)
{
	return err_at(reader->err, -EINVAL, &node->pos, NULL, "'%s' must be %s", key, expected);
}

int lock_file_get_text(struct lock_reader *reader, const struct node *map, const char *key, const char **ret_text)
{
	const struct node *node = node_get(map, key);

	if (!node)
		return err_at(reader->err, -EINVAL, &map->pos, NULL, "'%s' is missing", key);
	if (node->type != NODE_SCALAR)
		return lock_file_refuse(reader, node, key, "a word");
	*ret_text = node->text;
	return 0;
}

int lock_file_get_checked(struct lock_reader *reader, const struct node *map, const char *key,
			  bool (*check)(const char *text), const char *expected, const char **ret_text)
{
	int r = lock_file_get_text(reader, map, key, ret_text);

	if (r < 0)
		return r;
	return check(*ret_text) ? 0 : lock_file_refuse(reader, node_get(map, key), key, expected);
}

int lock_file_get_sha256(struct lock_reader *reader, const struct node *map, const char *key, const char **ret_sha256)
{
	return lock_file_get_checked(reader, map, key, valid_sha256, "a SHA-256 digest of 64 lower-case digits",
				     ret_sha256);
}

int lock_file_get_time(struct lock_reader *reader, const struct node *map, const char *key, int64_t *ret_seconds)
{
	const char *text;
	int r = lock_file_get_text(reader, map, key, &text);

	if (r < 0)
		return r;
	return time_parse(text, ret_seconds) == 0
		       ? 0
		       : lock_file_refuse(reader, node_get(map, key), key, "a time like 2026-01-31T23:59:59Z");
}

int lock_file_get_size(struct lock_reader *reader, const struct node *map, const char *key, uint64_t *ret_size)
{
	const char *text;
	char *end;
	int r = lock_file_get_text(reader, map, key, &text);

	if (r < 0)
		return r;
	errno = 0;
	*ret_size = strtoull(text, &end, 10);
	if (*text < '1' || *text > '9' || *end || errno || *ret_size > INT64_MAX)
		return lock_file_refuse(reader, node_get(map, key), key, "a number of bytes");
	return 0;
}

int lock_file_get_map(struct lock_reader *reader, const struct node *parent, const char *key,
		      const char *const *known, const struct node **ret_map)
{
	const struct node *map = key ? node_get(parent, key) : parent;

	if (map && map->type != NODE_MAP)
		return lock_file_refuse(reader, map, key ? key : "this", "a map");
	for (size_t i = 0; map && known && i < map->count; i++) {
		size_t k = 0;

		while (known[k] && strcmp(known[k], map->keys[i]) != 0)
			k++;
		if (!known[k])
			return err_at(reader->err, -EINVAL, &map->key_pos[i], NULL, "unknown key '%s' in a lock",
				      map->keys[i]);
	}
	*ret_map = map;
	return 0;
}

int lock_file_get_fake(struct lock_reader *reader, const struct node *map, bool *ret_fake)
{
	const char *fake;
	int r;

	*ret_fake = node_get(map, "fake") != NULL;
	if (!*ret_fake)
		return 0;
	r = lock_file_get_text(reader, map, "fake", &fake);
	if (r < 0)
		return r;
	return strcmp(fake, "true") == 0 ? 0
					 : lock_file_refuse(reader, node_get(map, "fake"), "fake", "true, or left out");
}
