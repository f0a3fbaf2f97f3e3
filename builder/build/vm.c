/* The kind vm: a disk that boots. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "artifact/image.h"
#include "base/file.h"
#include "base/log.h"
#include "build/compose.h"
#include "build/pipeline.h"
#include "disk/root.h"
#include "edge/appliance.h"
#include "tree/changes.h"

static int build_vm_read_disk(void *data, uint64_t offset, void *out, size_t size, struct err *err)
{
	return disk_read(data, offset, out, size, err);
}

static uint64_t build_vm_next_data(void *data, uint64_t offset)
{
	return disk_next_data(data, offset);
}

static void build_vm_describe(struct arena *arena, const struct disk_facts *facts, const char *uki,
			      struct manifest *manifest)
{
	manifest->root = arena_new_of(arena, struct manifest_root);
	*manifest->root = (struct manifest_root){facts->hash_offset, facts->root_bytes};
	manifest->uki = arena_new_of(arena, struct manifest_uki);
	*manifest->uki = (struct manifest_uki){strrchr(uki, '/') + 1, facts->uki_bytes, arena_strdup(arena, facts->uki_sha256)};
	manifest->root_hash = arena_strdup(arena, facts->root_hash);
	manifest->kernel = facts->kernel;
	for (size_t i = 0; i < facts->layout.n_partitions; i++) {
		const struct disk_partition *part = &facts->layout.partitions[i];

		*arena_push(arena, manifest->partitions, manifest->n_partitions) = (struct manifest_partition){
			part->label, part->type, part->uuid, part->start, part->size, disk_content_name(part->content),
			disk_made(part), disk_is_deterministic(part),
		};
	}
}

static int build_vm_write_image(const struct build *build, struct disk *disk, const char *path,
				struct manifest *manifest, struct err *err)
{
	const struct image_source source = {disk->size_bytes, disk, build_vm_read_disk, build_vm_next_data};
	struct image_facts facts;
	int r;

	log_step("writing the image");
	r = image_write(&source, build->format, build->compression, path, &facts, err);
	if (r < 0)
		return r;
	manifest->image.size = facts.size_bytes;
	manifest->image.virtual_size = disk->size_bytes;
	manifest->image.sha256 = arena_strdup(build->arena, facts.sha256);
	return 0;
}

/* --- the ground ------------------------------------------------------------------------------------------------------ */

static int build_vm_make_ground(const struct build *build, struct disk_spec spec, const char *path, struct err *err)
{
	_cleanup_tree_ struct tree tree = {.scratch_fd = -1};
	const char *made = arena_printf(build->arena, "%s/ground.img", build->work);
	_cleanup_fd_ int fd = -1;
	int r = tree_ground(build->arena, build->cache, build->plan, &tree, err);

	spec.root = tree.path;
	if (r == 0)
		r = root_ground(&spec, "ground.img", err);
	if (r == 0 && rename(made, path) < 0)
		r = err_sys(err, -errno, "cannot rename '%s' to '%s'", made, path);
	fd = r == 0 ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	if (fd >= 0)
		fd_write_back(fd); /* it has to be durable when the image is, not before */
	return r;
}

/* The root image of the packages alone, from the cache or made now, and beside it what the rest of the tree changes. One that
 * was made is in `draft`, which is for the cache. */
static int build_vm_find_ground(const struct build *build, struct disk_spec *spec, struct cache_draft *draft,
				struct err *err)
{
	const char *key = build->plan->ground_key;
	int r;

	*draft = (struct cache_draft){.lock_fd = -1, .tmp_fd = -1};
	if (!key)
		return 0;
	spec->ground = cache_path(build->cache, build->arena, "roots", key);
	spec->changes = arena_printf(build->arena, "%s/changes.tar", build->work);
	r = cache_begin(build->cache, "roots", key, draft, err);
	if (r == 0) {
		log_step("the packages' part of the root image");
		r = build_vm_make_ground(build, *spec, draft->path, err);
		if (r < 0)
			cache_abandon(draft);
		spec->ground = draft->path;
	}
	return r < 0 ? r : tree_changes(&build->image, spec->epoch, spec->changes, err);
}

/* --- the disk -------------------------------------------------------------------------------------------------------- */

static int build_vm_make_disk(const struct build *build, const struct disk_spec *spec, const char *path,
			      struct manifest *manifest, struct err *err)
{
	struct disk_facts facts;
	struct disk disk = {0};
	int r;

	log_step("composing the disk");
	r = disk_compose(build->arena, spec, &disk, &facts, err);
	if (r < 0)
		return r;
	build_vm_describe(build->arena, &facts, spec->uki, manifest);
	r = build_vm_write_image(build, &disk, path, manifest, err);
	disk_close(&disk);
	return r;
}

static int build_vm_make(const struct build *build, const char *path, struct manifest *manifest, struct err *err)
{
	const struct plan *plan = build->plan;
	const char *uki = arena_printf(build->arena, "%.*s/%s.efi", (int)(strrchr(path, '/') - path), path, plan->recipe->name);
	struct cache_draft ground;
	struct disk_spec spec = {
		.name = plan->recipe->name, .layout = plan->layout, .cmdline = plan->cmdline, .seed = plan->seed,
		.epoch = plan->epoch, .root = build->image.path, .init = plan->programs->init, .tools = {build->tools.path},
		.uki = uki, .work = build->work, .cache = cache_folder(build->cache), .stack = &plan->stack,
	};
	int r = build_vm_find_ground(build, &spec, &ground, err);

	if (r == 0)
		r = build_vm_make_disk(build, &spec, path, manifest, err);
	if (r == 0 && ground.tmp_fd >= 0)
		return cache_commit(&ground, err);
	cache_abandon(&ground);
	return r;
}

static const char *build_vm_compression(const char *format)
{
	(void)format;
	return "none";
}

static int build_vm_prepare(const struct plan *plan, const char *cache, struct err *err)
{
	for (size_t i = 0; i < plan->layout.n_partitions; i++)
		if (plan->layout.partitions[i].content == DISK_STACK)
			return appliance_prepare(cache, err);
	return 0;
}

const struct build_kind build_vm = {
	"vm", KIND_VM, "qcow2", build_vm_compression, image_check, build_vm_make, build_vm_prepare,
};
