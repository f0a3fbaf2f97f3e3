#include "disk/verity.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/file.h"
#include "edge/digest.h"
#include "host/pool.h"

enum { PER_BLOCK = VERITY_BLOCK / VERITY_HASH, WINDOW_BLOCKS = 256, LEVELS_MAX = 10 };
_Static_assert((int)VERITY_HASH == (int)SHA256_SIZE, "the tree is of SHA-256");

struct level {
	uint64_t n_hashes;           /* of the blocks below */
	uint64_t n_blocks;           /* that those take */
	uint8_t *blocks;
};

struct tree {
	int fd;                      /* the data's file, or */
	const uint8_t *data;         /* the data itself */
	const uint8_t *salt;
	uint64_t n_data;             /* blocks */
	struct level levels[LEVELS_MAX]; /* the one over the data first */
	size_t n_levels;
};

void verity_salt(const char *seed, uint8_t ret_salt[VERITY_HASH])
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const char *text = arena_printf(arena, "aether-build verity salt %s", seed);

	sha256_of(text, strlen(text), ret_salt);
}

static void disk_verity_hash_blocks(const uint8_t *salt, const uint8_t *blocks, uint64_t n, uint8_t *out)
{
	struct sha256 *state = sha256_new();

	for (uint64_t i = 0; i < n; i++) {
		sha256_add(state, salt, VERITY_HASH);
		sha256_add(state, blocks + i * VERITY_BLOCK, VERITY_BLOCK);
		sha256_finish(state, out + i * VERITY_HASH);
	}
	sha256_free(state);
}

/* Job `index` hashes one window of the data. */
static int disk_verity_hash_window(void *data, size_t index, struct err *err)
{
	struct tree *tree = data;
	uint64_t first = (uint64_t)index * WINDOW_BLOCKS, n = tree->n_data - first;
	uint8_t *blocks, *out = tree->levels[0].blocks + first * VERITY_HASH;
	int r;

	if (n > WINDOW_BLOCKS)
		n = WINDOW_BLOCKS;
	if (tree->data) {
		disk_verity_hash_blocks(tree->salt, tree->data + first * VERITY_BLOCK, n, out);
		return 0;
	}
	blocks = malloc(n * VERITY_BLOCK);
	if (!blocks)
		return err_no_memory(err);
	r = fd_pread_all(tree->fd, blocks, n * VERITY_BLOCK, first * VERITY_BLOCK);
	if (r < 0)
		err_sys(err, r, "cannot read the root image");
	else
		disk_verity_hash_blocks(tree->salt, blocks, n, out);
	free(blocks);
	return r;
}

/* Every level takes a 128th of the one below it, until one block is left. */
static int disk_verity_make_levels(struct tree *tree, struct err *err)
{
	for (uint64_t n = tree->n_data; n > 1;) {
		struct level *level = &tree->levels[tree->n_levels++];

		*level = (struct level){.n_hashes = n, .n_blocks = (n + PER_BLOCK - 1) / PER_BLOCK};
		level->blocks = calloc(level->n_blocks, VERITY_BLOCK);
		if (!level->blocks)
			return err_set(err, -ENOMEM, "out of memory for the hash tree of the root image");
		n = level->n_blocks;
	}
	return 0;
}

static int disk_verity_fill_levels(struct tree *tree, uint8_t root_hash[VERITY_HASH], struct err *err)
{
	uint8_t block[VERITY_BLOCK];
	int r;

	if (tree->n_levels == 0) { /* one block of data is its own tree */
		r = tree->data ? 0 : fd_pread_all(tree->fd, block, sizeof block, 0);
		disk_verity_hash_blocks(tree->salt, tree->data ? tree->data : block, 1, root_hash);
		return r < 0 ? err_sys(err, r, "cannot read the root image") : 0;
	}
	r = pool_run((size_t)((tree->n_data + WINDOW_BLOCKS - 1) / WINDOW_BLOCKS), disk_verity_hash_window, tree, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < tree->n_levels; i++)
		disk_verity_hash_blocks(tree->salt, tree->levels[i].blocks, tree->levels[i].n_blocks,
					i + 1 < tree->n_levels ? tree->levels[i + 1].blocks : root_hash);
	return 0;
}

static void disk_verity_encode_superblock(const struct tree *tree, const uint8_t root_hash[VERITY_HASH],
					  struct buf *out)
{
	static const char algorithm[32] = "sha256";
	static const uint8_t zeros[256];

	buf_add(out, "verity\0\0", 8);
	buf_add_le32(out, 1);                /* version */
	buf_add_le32(out, 1);                /* hash type: salt before data */
	buf_add(out, root_hash, 16);         /* UUID */
	buf_add(out, algorithm, sizeof algorithm);
	buf_add_le32(out, VERITY_BLOCK);     /* data */
	buf_add_le32(out, VERITY_BLOCK);     /* hashes */
	buf_add_le64(out, tree->n_data);
	buf_add_le16(out, VERITY_HASH);      /* size of the salt */
	buf_add(out, zeros, 6);
	buf_add(out, tree->salt, VERITY_HASH);
	buf_add(out, zeros, sizeof zeros - VERITY_HASH);
	buf_align(out, VERITY_BLOCK);
}

/* Hands superblock and tree on, piece by piece, in the order in which they stand behind the data. */
static int disk_verity_put_tree(const struct tree *tree, const uint8_t root_hash[VERITY_HASH],
				int (*put)(void *to, const void *piece, size_t size), void *to)
{
	_cleanup_buf_ struct buf superblock = {0};
	int r;

	disk_verity_encode_superblock(tree, root_hash, &superblock);
	r = put(to, superblock.data, superblock.size);
	for (size_t i = tree->n_levels; r == 0 && i-- > 0;)
		r = put(to, tree->levels[i].blocks, tree->levels[i].n_blocks * VERITY_BLOCK);
	return r;
}

static void disk_verity_tree_free(struct tree *tree)
{
	for (size_t i = 0; i < tree->n_levels; i++)
		free(tree->levels[i].blocks);
}

struct end_of_file {
	int fd;
	uint64_t at;
};

static int disk_verity_put_to_file(void *to, const void *piece, size_t size)
{
	struct end_of_file *end = to;
	int r = fd_pwrite_all(end->fd, piece, size, end->at);

	end->at += size;
	return r;
}

int verity_append(int fd, uint64_t data_bytes, const uint8_t salt[VERITY_HASH], struct verity *ret_verity, struct err *err)
{
	struct tree tree = {.fd = fd, .salt = salt, .n_data = data_bytes / VERITY_BLOCK};
	struct verity verity = {.hash_offset = data_bytes};
	struct end_of_file end = {fd, data_bytes};
	int r;

	if (data_bytes == 0 || data_bytes % VERITY_BLOCK)
		return err_set(err, -EINVAL, "bug: dm-verity needs whole blocks, not %llu bytes",
			       (unsigned long long)data_bytes);
	r = disk_verity_make_levels(&tree, err);
	if (r == 0)
		r = disk_verity_fill_levels(&tree, verity.root_hash, err);
	if (r == 0) {
		r = disk_verity_put_tree(&tree, verity.root_hash, disk_verity_put_to_file, &end);
		if (r < 0)
			err_sys(err, r, "cannot write the hash tree of the root image");
	}
	disk_verity_tree_free(&tree);
	verity.size_bytes = end.at;
	if (r == 0)
		*ret_verity = verity;
	return r;
}

static int disk_verity_put_to_memory(void *to, const void *piece, size_t size)
{
	buf_add(to, piece, size);
	return 0;
}

int verity_cover(struct buf *data, const uint8_t salt[VERITY_HASH], struct verity *ret_verity, struct err *err)
{
	struct tree tree = {.fd = -1, .salt = salt};
	struct verity verity;
	int r;

	buf_align(data, VERITY_BLOCK);
	tree.data = (const uint8_t *)data->data;
	tree.n_data = data->size / VERITY_BLOCK;
	verity.hash_offset = data->size;
	r = data->size ? disk_verity_make_levels(&tree, err)
		       : err_set(err, -EINVAL, "bug: dm-verity over an empty image");
	if (r == 0)
		r = disk_verity_fill_levels(&tree, verity.root_hash, err);
	if (r == 0)
		r = disk_verity_put_tree(&tree, verity.root_hash, disk_verity_put_to_memory, data);
	disk_verity_tree_free(&tree);
	verity.size_bytes = data->size;
	if (r == 0)
		*ret_verity = verity;
	return r;
}

int verity_read_salt(const uint8_t block[VERITY_BLOCK], const uint8_t root_hash[VERITY_HASH], uint64_t data_bytes,
		     uint8_t ret_salt[VERITY_HASH], struct err *err)
{
	enum { SALT = 88 }; /* where it stands */
	uint8_t salt[VERITY_HASH];
	struct tree tree = {.salt = salt, .n_data = data_bytes / VERITY_BLOCK};
	_cleanup_buf_ struct buf ours = {0};

	memcpy(salt, block + SALT, sizeof salt);
	disk_verity_encode_superblock(&tree, root_hash, &ours);
	if (memcmp(ours.data, block, VERITY_BLOCK) != 0)
		return err_set(err, -EBADMSG, "the image has no valid dm-verity superblock at the expected offset");
	memcpy(ret_salt, salt, sizeof salt);
	return 0;
}
