#include "fleet/ssh/parcel.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "artifact/listing.h"
#include "base/arena.h"
#include "base/file.h"
#include "contract/box.h"
#include "edge/digest.h"
#include "edge/reel.h"

/* A template announces the sizes of its files in their headers: of what lies far above the sum of them, somebody is to know. */
enum { SLACK_BYTES = 1 << 20 };

struct parcel {
	struct arena *arena;
	struct buf list;
	struct listing_file *files;
	size_t n;
	size_t next;                 /* of files: the first that may be begun */
	struct reel *template;
};

static int parcel_read_list(struct parcel *parcel, const struct generation *generation, struct err *err)
{
	const struct manifest_tree *tree = generation->manifest->tree;
	const char *path = arena_printf(parcel->arena, "%s/%s", generation->folder, tree->file);
	char sha256[SHA256_HEX];
	int r = file_read(path, LIST_BYTES_MAX, &parcel->list, err);

	if (r < 0)
		return r;
	sha256_hex_of(parcel->list.data, parcel->list.size, sha256);
	if (strcmp(sha256, tree->sha256) != 0 || strcmp(sha256, generation->manifest->root_hash) != 0)
		return err_set(err, -EBADMSG, "'%s' does not match the manifest", path);
	return listing_read(parcel->arena, arena_strndup(parcel->arena, parcel->list.data, parcel->list.size), &parcel->files,
			    &parcel->n, err);
}

static int parcel_open_template(struct parcel *parcel, const struct generation *generation, struct err *err)
{
	uint64_t bytes = parcel->list.size + SLACK_BYTES;

	for (size_t i = 0; i < parcel->n; i++)
		bytes += parcel->files[i].size;
	return reel_open(generation->image, bytes, &parcel->template, err);
}

int parcel_open(const struct generation *generation, struct parcel **ret_parcel, struct err *err)
{
	struct parcel *parcel = calloc(1, sizeof *parcel);
	int r;

	if (!parcel)
		return err_no_memory(err);
	parcel->arena = arena_new();
	r = parcel_read_list(parcel, generation, err);
	if (r == 0)
		r = parcel_open_template(parcel, generation, err);
	if (r < 0)
		parcel_close(parcel);
	else
		*ret_parcel = parcel;
	return r;
}

const struct buf *parcel_list(const struct parcel *parcel)
{
	return &parcel->list;
}

static int parcel_compare(const void *key, const void *file)
{
	uint64_t number = *(const uint64_t *)key, other = ((const struct listing_file *)file)->number;

	return number < other ? -1 : number > other;
}

static const struct listing_file *parcel_find(const struct parcel *parcel, uint64_t number)
{
	return parcel->n == parcel->next ? NULL
					 : bsearch(&number, parcel->files + parcel->next, parcel->n - parcel->next,
						   sizeof *parcel->files, parcel_compare);
}

bool parcel_has(const struct parcel *parcel, uint64_t number)
{
	return parcel_find(parcel, number) != NULL;
}

int parcel_begin(struct parcel *parcel, uint64_t number, uint64_t *ret_size, struct err *err)
{
	const struct listing_file *file = parcel_find(parcel, number);

	if (!file)
		return err_set(err, -EBADMSG, "the machine asks for what is no file, or was sent already");
	parcel->next = (size_t)(file - parcel->files) + 1;
	*ret_size = file->size;
	return reel_find(parcel->template, arena_printf(parcel->arena, "./%s", file->path), file->size, err);
}

int parcel_read(struct parcel *parcel, void *out, size_t size, struct err *err)
{
	return reel_read(parcel->template, out, size, err);
}

void parcel_close(struct parcel *parcel)
{
	if (!parcel)
		return;
	reel_close(parcel->template);
	buf_free(&parcel->list);
	arena_free(parcel->arena);
	free(parcel);
}
