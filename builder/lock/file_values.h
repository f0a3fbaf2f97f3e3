/* What the files that read a lock's text share, and nobody else includes: its values, and its parts. */
#ifndef LOCK_FILE_VALUES_H
#define LOCK_FILE_VALUES_H

#include "edge/yaml.h"
#include "lock/file.h"

/* A lock that is being read. All that follows gives 0, or -EINVAL with the place in `err`. */
struct lock_reader {
	struct arena *arena;
	struct lock *lock;
	struct err *err;
};

/* --- values: the scalar at `key` of a map, which must be there ------------------------------------------------------- */

/* Says what it must be. */
int lock_file_refuse(struct lock_reader *reader, const struct node *node, const char *key, const char *expected);

int lock_file_get_text(struct lock_reader *reader, const struct node *map, const char *key, const char **ret_text);
int lock_file_get_checked(struct lock_reader *reader, const struct node *map, const char *key,
			  bool (*check)(const char *text), const char *expected, const char **ret_text);
int lock_file_get_sha256(struct lock_reader *reader, const struct node *map, const char *key, const char **ret_sha256);
int lock_file_get_time(struct lock_reader *reader, const struct node *map, const char *key, int64_t *ret_seconds);
int lock_file_get_size(struct lock_reader *reader, const struct node *map, const char *key, uint64_t *ret_size);

/* `fake: true`, or nothing. */
int lock_file_get_fake(struct lock_reader *reader, const struct node *map, bool *ret_fake);

/* The map at `key` (NULL: `parent` itself); NULL for none. All of its keys must be among `known` (NULL: any). */
int lock_file_get_map(struct lock_reader *reader, const struct node *parent, const char *key, const char *const *known,
		      const struct node **ret_map);

/* --- parts of the text, from its top into reader->lock --------------------------------------------------------------- */

int lock_file_read_archives(struct lock_reader *reader, const struct node *top);
int lock_file_read_tree(struct lock_reader *reader, const struct node *top, const char *key, struct package_set *tree);
int lock_file_read_downloads(struct lock_reader *reader, const struct node *top);
int lock_file_read_containers(struct lock_reader *reader, const struct node *top);
int lock_file_read_accounts(struct lock_reader *reader, const struct node *top);

#endif
