#include "build/proof.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "artifact/reader.h"
#include "base/file.h"
#include "base/identity.h"
#include "base/log.h"
#include "edge/digest.h"
#include "leak/folder.h"
#include "leak/stretch.h"
#include "leak/finding.h"
#include "plan/fields.h"
#include "tree/containers.h"
#include "tree/layer.h"

static const char ROOM[] = "leaks";
enum { LIST_BYTES_MAX = 16 << 20 };

struct proof {
	struct arena *arena;
	const struct build *build;
	const struct proof_draft *draft;
	struct leak_search *forms, *values, *both;
	struct leak_finds *finds;
};

/* --- the tree -------------------------------------------------------------------------------------------------------- */

const char *proof_key(struct arena *arena, const char *of)
{
	const char *both = arena_printf(arena, "%s %s", identity_leaks, of);
	char *key = arena_array(arena, char, SHA256_HEX);

	sha256_hex_of(both, strlen(both), key);
	return key;
}

/* Writes the paths below `folder` where something was found, each with its NUL. */
static int proof_remember(const struct proof *proof, const char *folder, const char *to, struct err *err)
{
	struct leak_finds *finds = leak_finds_new();
	_cleanup_buf_ struct buf list = {0};
	struct leak_find *all;
	size_t n;
	int r = leak_folder(proof->forms, folder, LEAK_DEEP, finds, err);

	all = leak_finds_all(finds, &n);
	for (size_t i = 0; i < n; i++)
		if (i == 0 || strcmp(all[i].path, all[i - 1].path) != 0)
			buf_add(&list, all[i].path, strlen(all[i].path) + 1);
	leak_finds_free(finds);
	return r < 0 ? r : file_write(to, list.size ? list.data : "", list.size, 0644, err);
}

/* Appends the paths of a layer, or container image, where something was found when it was looked through. */
static int proof_recall(const struct proof *proof, const char *of, const char *folder, struct strv *paths, struct err *err)
{
	const char *key = proof_key(proof->arena, of);
	_cleanup_buf_ struct buf list = {0};
	struct cache_draft draft;
	int r = cache_begin(proof->build->cache, ROOM, key, &draft, err);

	if (r == 0) {
		r = proof_remember(proof, folder, draft.path, err);
		if (r == 0)
			r = cache_commit(&draft, err);
		else
			cache_abandon(&draft);
	}
	if (r >= 0)
		r = file_read(cache_path(proof->build->cache, proof->arena, ROOM, key), LIST_BYTES_MAX, &list, err);
	for (size_t at = 0; r == 0 && at < list.size; at += strlen(list.data + at) + 1)
		strv_push(proof->arena, paths, list.data + at);
	return r;
}

static int proof_recall_all(const struct proof *proof, struct strv *paths, struct err *err)
{
	const struct build *build = proof->build;
	const struct plan *plan = build->plan;
	struct strv containers;
	int r = containers_prepare(proof->arena, build->cache, plan, &containers, err);

	for (unsigned l = 0; r == 0 && l < LAYER_COUNT; l++)
		if (plan->image.layers[l].n_packages)
			r = proof_recall(proof, plan->image.layers[l].key,
					 layer_files(proof->arena, build->cache, &plan->image.layers[l]), paths, err);
	for (size_t i = 0; r == 0 && i < plan->n_containers; i++)
		r = proof_recall(proof, plan->containers[i].key, containers.items[i], paths, err);
	return r;
}

/* Whether what the tree has at `path` is of the recipe, and not of a package or container image. */
static bool proof_is_changed(const struct proof *proof, const char *path)
{
	struct stat st;

	return lstat(arena_printf(proof->arena, "%s%s", proof->build->image.changes, path), &st) == 0;
}

/* What lies below is known, but for the files that are in question: of those the tree may have others, or none. No value can be
 * there that is not public: packages are installed before anything of the recipe's is there, and without a network. All is
 * looked through for values all the same, but what packages have compressed is not unpacked for that. */
static int proof_search_tree(const struct proof *proof, struct err *err)
{
	const struct tree *tree = &proof->build->image;
	struct strv below = {0}, asked = {0};
	int r = proof_recall_all(proof, &below, err);

	for (size_t i = 0; r == 0 && i < below.count; i++)
		if (!proof_is_changed(proof, below.items[i]))
			strv_push(proof->arena, &asked, below.items[i]);
	if (r == 0)
		r = leak_paths(proof->forms, tree->path, &asked, proof->finds, err);
	if (r == 0)
		r = leak_folder(proof->both, tree->changes, LEAK_DEEP, proof->finds, err);
	if (r == 0 && leak_search_has_values(proof->values))
		r = leak_folder(proof->values, tree->path, LEAK_SHALLOW, proof->finds, err);
	return r;
}

/* --- what is made of it ---------------------------------------------------------------------------------------------- */

static int proof_open_disk(void *data, void **ret_reader, struct err *err)
{
	const struct proof *proof = data;
	struct image_reader *reader = NULL;
	int r = image_open(proof->draft->image, proof->build->format, &reader, err);

	*ret_reader = reader;
	return r;
}

static int proof_next_on_disk(void *reader, uint64_t from, uint64_t *ret_offset, struct err *err)
{
	return image_next_data(reader, from, ret_offset, err);
}

static int proof_read_disk(void *reader, uint64_t offset, void *out, size_t size, struct err *err)
{
	return image_read_at(reader, offset, out, size, err);
}

static void proof_close_disk(void *reader)
{
	image_close(reader);
}

/* The root image is the tree, compressed: what was found there is found here again, or in parts. */
static struct leak_stretch proof_root_of(const struct manifest *manifest)
{
	for (size_t i = 0; manifest->root && i < manifest->n_partitions; i++)
		if (strcmp(manifest->partitions[i].content, "root") == 0)
			return (struct leak_stretch){manifest->partitions[i].start,
						     manifest->partitions[i].start + manifest->root->size};
	return (struct leak_stretch){0};
}

static int proof_search_image(struct proof *proof, struct err *err)
{
	const struct proof_draft *draft = proof->draft;
	const struct leak_disk disk = {
		draft->manifest->image.virtual_size, proof, proof_open_disk, proof_next_on_disk, proof_read_disk,
		proof_close_disk, proof_root_of(draft->manifest),
	};

	return proof->build->plan->recipe->kind == KIND_VM
		       ? leak_stretches(proof->both, &disk, path_last(draft->image), proof->finds, err)
		       : leak_file(proof->both, draft->image, path_last(draft->image), proof->finds, err);
}

static int proof_search_beside(const struct proof *proof, struct err *err)
{
	const struct proof_draft *draft = proof->draft;
	DIR *folder = opendir(draft->folder);
	struct dirent *entry;
	int r = 0;

	if (!folder)
		return err_sys(err, -errno, "cannot look into '%s'", draft->folder);
	while (r == 0 && (entry = readdir(folder)))
		if (entry->d_type != DT_DIR && strcmp(entry->d_name, path_last(draft->image)) != 0)
			r = leak_file(proof->both, arena_printf(proof->arena, "%s/%s", draft->folder, entry->d_name),
				      arena_strdup(proof->arena, entry->d_name), proof->finds, err);
	closedir(folder);
	return r;
}

/* Texts, and what came over the network: that is public as a rule, and may have keys to test with; but no value of ours. */
static int proof_search_rest(const struct proof *proof, struct err *err)
{
	const struct proof_draft *draft = proof->draft;
	const struct plan *plan = proof->build->plan;
	const char *manifest = manifest_print(proof->arena, draft->manifest);
	int r = 0;

	leak_look(proof->both, proof->finds, "manifest.json", LEAK_CONTENT, manifest, strlen(manifest), 0);
	if (draft->said->size)
		leak_look(proof->both, proof->finds, "what the build said", LEAK_CONTENT, draft->said->data,
			  draft->said->size, 0);
	if (path_exists(draft->lock))
		r = leak_file(proof->both, draft->lock, path_last(draft->lock), proof->finds, err);
	for (size_t i = 0; r == 0 && leak_search_has_values(proof->values) && i < plan->n_downloads; i++) {
		const char *blob = cache_path(proof->build->cache, proof->arena, "blobs", plan->downloads[i].locked->sha256);

		if (path_exists(blob))
			r = leak_file(proof->values, blob,
				      arena_printf(proof->arena, "the download %s", plan->downloads[i].words->name),
				      proof->finds, err);
	}
	return r;
}

/* --- what of it may be ----------------------------------------------------------------------------------------------- */

/* Nobody asked for values without a key: an exception for them is not idle then. */
static void proof_warn_of_idle(const struct proof *proof, const bool *used, struct err *err)
{
	const struct recipe *recipe = proof->build->plan->recipe;

	for (size_t i = 0; i < recipe->n_leaks; i++) {
		const struct recipe_leak_exception *exception = &recipe->leaks[i];

		if (used[i] || (!leak_search_has_values(proof->values) && exception->form &&
				strcmp(exception->form, LEAK_VALUE) == 0))
			continue;
		err_warn(err, &exception->pos, "leaks", "nothing was found at '%s' that would need this exception",
			 exception->path);
		err_hint(err, "remove it: it would hide a secret that comes there later");
	}
}

static void proof_excuse(const struct proof *proof, struct leak_find *finds, size_t n, struct err *err)
{
	const struct recipe *recipe = proof->build->plan->recipe;
	struct leak_exception *exceptions = arena_array(proof->arena, struct leak_exception, recipe->n_leaks + 1);
	bool *used = arena_array(proof->arena, bool, recipe->n_leaks + 1);

	for (size_t i = 0; i < recipe->n_leaks; i++)
		exceptions[i] = (struct leak_exception){recipe->leaks[i].path, recipe->leaks[i].form, recipe->leaks[i].reason};
	for (size_t i = 0; i < n; i++)
		if (*finds[i].path == '/' && !proof_is_changed(proof, finds[i].path))
			leak_excuse_known(&finds[i]);
	leak_excuse(finds, n, exceptions, recipe->n_leaks, used);
	leak_excuse_copies(finds, n);
	proof_warn_of_idle(proof, used, err);
}

/* Where the recipe asks for the file. */
static const struct pos *proof_where(void *data, const char *path)
{
	const struct proof *proof = data;
	struct pos *pos = arena_new_of(proof->arena, struct pos);
	const struct pos *words = plan_words(proof->build->plan, "file", path);

	pos->file = proof->build->plan->recipe->path;
	return words ? words : pos;
}

int proof_search(const struct build *build, const struct leak_value *values, size_t n, const struct proof_draft *draft,
		 struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct proof proof = {
		arena, build, draft, leak_search_new(true, NULL, 0), leak_search_new(false, values, n),
		leak_search_new(true, values, n), leak_finds_new(),
	};
	struct leak_find *finds;
	size_t n_finds;
	int r;

	log_step("looking for secrets");
	r = proof_search_tree(&proof, err);
	if (r == 0)
		r = proof_search_image(&proof, err);
	if (r == 0)
		r = proof_search_beside(&proof, err);
	if (r == 0)
		r = proof_search_rest(&proof, err);
	if (r == 0) {
		finds = leak_finds_all(proof.finds, &n_finds);
		proof_excuse(&proof, finds, n_finds, err);
		r = leak_tell(proof.both, finds, n_finds, proof_where, &proof, err);
		log_warnings(err);
	}
	leak_search_free(proof.forms);
	leak_search_free(proof.values);
	leak_search_free(proof.both);
	leak_finds_free(proof.finds);
	return r < 0 ? r : err_result(err);
}
