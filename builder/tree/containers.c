#include "tree/containers.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/log.h"
#include "edge/changeset.h"
#include "edge/digest.h"
#include "edge/jval.h"
#include "oci/manifest.h"
#include "tree/inside.h"

static const char ROOM[] = "containers";
static const char EPOCH[] = "1970-01-01T00:00:00Z"; /* nobody needs to know when it was unpacked */

enum { TEXT_BYTES_MAX = 8 << 20, LINK_LENGTH = 26 };
#define UNPACKED_BYTES_MAX (64ULL << 30)

/* A store being made, in the folder `root_fd`. */
struct store {
	struct arena *arena;
	const struct cache *cache;
	const struct plan_container *container;
	struct buf manifest, config;
	const char *chain_id;
	uint64_t size_bytes;    /* of the files */
	int root_fd;
};

static const char *tree_containers_in_store(const struct store *store, const char *path)
{
	return arena_printf(store->arena, "%s/%s", store->container->store, path);
}

static int tree_containers_put_text(const struct store *store, const char *path, const char *text, size_t size,
				    struct err *err)
{
	return inside_write(store->root_fd, tree_containers_in_store(store, path), text, size, &INSIDE_PLAIN, err);
}

/* --- what the image is ----------------------------------------------------------------------------------------------- */

static const char *tree_containers_blob_path(const struct store *store, const struct oci_blob *blob)
{
	return cache_path(store->cache, store->arena, "blobs", blob->sha256);
}

/* ChainID(L0…Ln) = digest of "ChainID(L0…Ln-1) DiffID(Ln)". */
static const char *tree_containers_chain_of(struct arena *arena, const struct strv *diff_ids)
{
	const char *chain = diff_ids->items[0];

	for (size_t i = 1; i < diff_ids->count; i++) {
		const char *both = arena_printf(arena, "sha256:%s sha256:%s", chain, diff_ids->items[i]);
		char *hex = arena_array(arena, char, SHA256_HEX);

		sha256_hex_of(both, strlen(both), hex);
		chain = hex;
	}
	return chain;
}

static bool tree_containers_same_blob(const struct oci_blob *a, const struct oci_blob *b)
{
	return strcmp(a->sha256, b->sha256) == 0 && a->size == b->size;
}

/* The lock lists the parts beside the manifest that names them: they must agree. */
static int tree_containers_read_image(struct store *store, struct err *err)
{
	const struct oci_image *locked = store->container->locked;
	struct oci_image found = {0};
	struct strv diff_ids;
	bool same;
	int r;

	if ((r = file_read(tree_containers_blob_path(store, &locked->manifest), TEXT_BYTES_MAX, &store->manifest,
			   err)) < 0 ||
	    (r = file_read(tree_containers_blob_path(store, &locked->config), TEXT_BYTES_MAX, &store->config, err)) <
		    0 ||
	    (r = oci_manifest(store->arena, locked->image, store->manifest.data, store->manifest.size, &found, err)) <
		    0 ||
	    (r = oci_diff_ids(store->arena, locked->image, store->config.data, store->config.size, found.n_layers,
			      &diff_ids, err)) < 0)
		return r;
	same = found.n_layers == locked->n_layers && tree_containers_same_blob(&found.config, &locked->config);
	for (size_t i = 0; same && i < found.n_layers; i++)
		same = tree_containers_same_blob(&found.layers[i], &locked->layers[i]);
	if (!same)
		return err_set(err, -EBADMSG, "the manifest of '%s' does not match the lock", locked->image);
	store->chain_id = tree_containers_chain_of(store->arena, &diff_ids);
	return 0;
}

/* --- overlay/: the files --------------------------------------------------------------------------------------------- */

/* The driver stacks layers by short names, because mount options are. Any will do that is nobody else's. */
static const char *tree_containers_short_name(struct store *store)
{
	char *name = arena_alloc(store->arena, LINK_LENGTH + 1);

	for (size_t i = 0; i < LINK_LENGTH; i++)
		name[i] = (char)('A' + (store->chain_id[i] <= '9' ? store->chain_id[i] - '0'
								  : store->chain_id[i] - 'a' + 10));
	return name;
}

static int tree_containers_apply_layers(struct store *store, int diff, struct err *err)
{
	const struct oci_image *locked = store->container->locked;
	uint64_t left = UNPACKED_BYTES_MAX;

	for (size_t i = 0; i < locked->n_layers; i++) {
		if (changeset_apply(tree_containers_blob_path(store, &locked->layers[i]), diff, &left, err) < 0)
			return err_wrap(err, "in layer %zu of %zu", i + 1, locked->n_layers);
		log_progress(i + 1, locked->n_layers, "layers");
	}
	store->size_bytes = UNPACKED_BYTES_MAX - left;
	return 0;
}

static int tree_containers_put_files(struct store *store, struct err *err)
{
	const char *layer = arena_printf(store->arena, "overlay/%s", store->chain_id),
		   *name = tree_containers_short_name(store);
	const char *folder = tree_containers_in_store(store, arena_printf(store->arena, "%s/diff", layer));
	_cleanup_fd_ int diff = -1;
	int r = inside_folder(store->root_fd, folder, err);

	if (r < 0)
		return r;
	diff = root_open(store->root_fd, folder, O_RDONLY | O_DIRECTORY, 0);
	if (diff < 0)
		return err_sys(err, diff, "cannot open '%s'", folder);
	if ((r = tree_containers_apply_layers(store, diff, err)) < 0 ||
	    (r = tree_containers_put_text(store, arena_printf(store->arena, "%s/link", layer), name, LINK_LENGTH,
					  err)) < 0)
		return r;
	return inside_link(store->root_fd,
			   tree_containers_in_store(store, arena_printf(store->arena, "overlay/l/%s", name)),
			   arena_printf(store->arena, "../%s/diff", store->chain_id), err);
}

/* --- overlay-layers/ and overlay-images/: what podman knows of them -------------------------------------------------- */

/* A lock file must be there for readers too, who cannot make it. */
static int tree_containers_put_records(struct store *store, const char *kind, struct jval *record, struct err *err)
{
	struct jval *list = jval_new_array();
	const char *text, *path = arena_printf(store->arena, "overlay-%s/%s", kind, kind);
	int r;

	jval_add(list, record);
	text = jval_print(store->arena, list, false);
	jval_free(list);
	r = tree_containers_put_text(store, arena_printf(store->arena, "%s.json", path), text, strlen(text), err);
	return r < 0 ? r : tree_containers_put_text(store, arena_printf(store->arena, "%s.lock", path), "", 0, err);
}

/* The layer is known by the digest of its contents, as layers are that were pulled file by file; `diff-digest` would be
 * that of a tar, which there never was, and 'podman system check' would miss it. */
static int tree_containers_put_layer(struct store *store, struct err *err)
{
	struct jval *layer = jval_new_object();

	jval_set(layer, "id", jval_text(store->chain_id));
	jval_set(layer, "created", jval_text(EPOCH));
	jval_set(layer, "toc-digest", jval_text(arena_printf(store->arena, "sha256:%s", store->chain_id)));
	jval_set(layer, "diff-size", jval_number((int64_t)store->size_bytes));
	return tree_containers_put_records(store, "layers", layer, err);
}

/* One of the image's big data: its file, and what the record says of it. Names that are not all small letters, digits
 * and dots become file names by base64. */
static int tree_containers_put_data(struct store *store, struct jval *sizes, struct jval *digests, struct jval *names,
				    const char *name, const struct oci_blob *blob, const struct buf *text,
				    struct err *err)
{
	bool plain = name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789.")] == 0;
	const char *file = plain ? name : arena_printf(store->arena, "=%s", base64_encode(store->arena, name, strlen(name)));

	jval_add(names, jval_text(name));
	jval_set(sizes, name, jval_number((int64_t)text->size));
	jval_set(digests, name, jval_text(arena_printf(store->arena, "sha256:%s", blob->sha256)));
	return tree_containers_put_text(
		store,
		arena_printf(store->arena, "overlay-images/%s/%s", store->container->locked->config.sha256, file),
		text->data, text->size, err);
}

static int tree_containers_put_image(struct store *store, struct err *err)
{
	const struct oci_image *locked = store->container->locked;
	struct arena *arena = store->arena;
	struct jval *image = jval_new_object(), *names = jval_new_array(), *data = jval_new_array();
	struct jval *sizes = jval_new_object(), *digests = jval_new_object();
	const struct {
		const char *name;
		const struct oci_blob *blob;
		const struct buf *text;
	} parts[] = {
		{arena_printf(arena, "sha256:%s", locked->config.sha256), &locked->config, &store->config},
		{arena_printf(arena, "manifest-sha256:%s", locked->manifest.sha256), &locked->manifest, &store->manifest},
		{"manifest", &locked->manifest, &store->manifest},
	};

	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		tree_containers_put_data(store, sizes, digests, data, parts[i].name, parts[i].blob, parts[i].text, err);
	jval_add(names, jval_text(locked->image));
	jval_set(image, "id", jval_text(locked->config.sha256));
	jval_set(image, "digest", jval_text(arena_printf(arena, "sha256:%s", locked->manifest.sha256)));
	jval_set(image, "names", names);
	jval_set(image, "layer", jval_text(store->chain_id));
	jval_set(image, "metadata", jval_text("{}"));
	jval_set(image, "big-data-names", data);
	jval_set(image, "big-data-sizes", sizes);
	jval_set(image, "big-data-digests", digests);
	jval_set(image, "created", jval_text(EPOCH));
	tree_containers_put_records(store, "images", image, err);
	return err_result(err);
}

/* --- the whole ------------------------------------------------------------------------------------------------------- */

static const char *tree_containers_files_of(struct arena *arena, const char *entry)
{
	return arena_printf(arena, "%s/files", entry);
}

static int tree_containers_make_store(struct arena *arena, struct cache *cache, const struct plan *plan,
				      const struct plan_container *container, const char *folder, struct err *err)
{
	struct store store = {.arena = arena, .cache = cache, .container = container, .root_fd = -1};
	int r = lock_fetch_container(plan->lock, container->locked, cache, err);

	if (r < 0)
		return r;
	log_step("unpacking the image '%s'", container->locked->image);
	r = folder_make(folder, 0755, err);
	if (r == 0)
		r = store.root_fd = inside_open(folder, err);
	if (r >= 0)
		r = tree_containers_read_image(&store, err);
	if (r == 0)
		r = tree_containers_put_files(&store, err);
	if (r == 0)
		r = tree_containers_put_layer(&store, err);
	if (r == 0)
		r = tree_containers_put_image(&store, err);
	if (store.root_fd >= 0)
		close(store.root_fd);
	buf_free(&store.manifest);
	buf_free(&store.config);
	return r;
}

static int tree_containers_prepare_one(struct cache *cache, const struct plan *plan,
				       const struct plan_container *container, struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct cache_draft draft;
	int r = cache_begin(cache, ROOM, container->key, &draft, err);

	if (r != 0)
		return r < 0 ? r : 0;
	r = tree_containers_make_store(arena, cache, plan, container, tree_containers_files_of(arena, draft.path), err);
	if (r == 0)
		return cache_commit(&draft, err);
	cache_abandon(&draft);
	return err_wrap(err, "while embedding the image '%s'", container->locked->image);
}

int containers_prepare(struct arena *arena, struct cache *cache, const struct plan *plan, struct strv *ret_folders,
		       struct err *err)
{
	struct strv folders = {0};
	int r;

	for (size_t i = 0; i < plan->n_containers; i++) {
		r = tree_containers_prepare_one(cache, plan, &plan->containers[i], err);
		if (r < 0)
			return r;
		strv_push(arena, &folders,
			  tree_containers_files_of(arena, cache_path(cache, arena, ROOM, plan->containers[i].key)));
	}
	*ret_folders = folders;
	return 0;
}
