#include "boot/initrd.h"

#include <errno.h>
#include <string.h>

#include "base/file.h"
#include "boot/cpio.h"
#include "boot/modules.h"
#include "disk/pick.h"
#include "disk/tool.h"

enum { TEXT_MAX = 16 << 20, MODULE_MAX = 64 << 20, INITRD_MAX = 256 << 20 };

/* In this order, which matters where a module needs another that it does not name: algorithms are asked for by name. */
static const struct modules_wanted WANTED[] = {
	{"crc32c_generic", false}, /* libcrc32c, and by it erofs and ext4 */
	{"crc32c_intel", false},
	{"sha256_generic", false}, /* dm-verity */
	{"sha256_ssse3", false},   /* the same, several times as fast */
	{"dm_mod", true},
	{"dm_verity", true},
	{"erofs", true},
	{"ext4", true},
	{"overlay", true},
	/* The disks that hypervisors offer. Proxmox: VirtIO Block, SCSI behind VirtIO, SATA, IDE, and old controllers.
	 */
	{"virtio_pci", true},
	{"virtio_blk", true},
	{"virtio_scsi", true},
	{"sd_mod", true},
	{"ahci", false},
	{"ata_piix", false},
	{"nvme", false},
	{"sym53c8xx", false},
	{"megaraid_sas", false},
	{"mptspi", false},
	{"mptsas", false},
	{"vmw_pvscsi", false},
};

int initrd_kernel(struct arena *arena, const char *root, const char **ret_version, struct err *err)
{
	struct strv versions = {0};
	int r = pick_names(arena, root, "/usr/lib/modules", &versions, err);

	if (r == 0 && versions.count == 0)
		r = err_set(err, -ENOENT, "the image has no kernel in /usr/lib/modules");
	if (r == -ENOENT)
		return err_hint(err, "add a kernel to the recipe's packages, for example linux-image-cloud-amd64");
	if (r == 0 && versions.count > 1) {
		r = err_set(err, -EINVAL, "the image has more than one kernel in /usr/lib/modules: %s, %s", versions.items[0],
			    versions.items[1]);
		err_hint(err, "keep only one kernel package in the recipe");
	}
	if (r == 0)
		*ret_version = versions.items[0];
	return r;
}

static int initrd_add_modules(struct arena *arena, struct cpio *cpio, const char *root, const char *folder,
			      struct err *err)
{
	_cleanup_buf_ struct buf dep = {0}, builtin = {0};
	struct strv files;
	int r = pick_file(root, arena_printf(arena, "%s/modules.dep", folder), TEXT_MAX, &dep, err);

	if (r == 0)
		r = pick_file(root, arena_printf(arena, "%s/modules.builtin", folder), TEXT_MAX, &builtin, err);
	buf_reserve(&dep, 0);
	buf_reserve(&builtin, 0);
	if (r == 0)
		r = modules_order(arena, dep.data, builtin.data, WANTED, sizeof WANTED / sizeof *WANTED, &files, err);
	for (size_t i = 0; r == 0 && i < files.count; i++) {
		const char *path = arena_printf(arena, "%s/%s", folder, files.items[i]);
		_cleanup_buf_ struct buf module = {0};

		r = pick_unpacked(root, path, MODULE_MAX, &module, err);
		if (r == 0)
			cpio_file(cpio,
				  arena_printf(arena, "modules/%02zu-%s.ko", i,
					       modules_name(arena, files.items[i], strlen(files.items[i]))),
				  0644, module.data, module.size);
	}
	return r;
}

/* Level 9: higher ones take up to a second more and save half a percent. One thread, for equal bytes. */
static int initrd_compress(const struct disk_spec *spec, const struct buf *plain, struct buf *out, struct err *err)
{
	static const char *const argv[] = {
		"/usr/bin/zstd", "-q", "-9", "--single-thread", "-o", "initrd.zst", "initrd.cpio", NULL,
	};
	_cleanup_arena_ struct arena *arena = arena_new();
	const char *from = arena_printf(arena, "%s/initrd.cpio", spec->work);
	const char *to = arena_printf(arena, "%s/initrd.zst", spec->work);
	int r = pick_put(spec->work, "initrd.cpio", plain->data, plain->size, spec->epoch, err);

	if (r == 0)
		r = tool_run(spec, "zstd", argv, NULL, 0, err);
	if (r == 0)
		r = file_read(to, INITRD_MAX, out, err);
	if (r == 0)
		r = path_remove(from, err);
	if (r == 0)
		r = path_remove(to, err);
	return r;
}

int initrd_make(const struct disk_spec *spec, const char *version, struct buf *out, struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf plain = {0}, init = {0};
	struct cpio cpio = {.out = &plain, .time = (uint32_t)spec->epoch};
	int r = file_read(spec->init, MODULE_MAX, &init, err);

	if (r == 0) {
		/* The kernel opens /dev/console for init before anything is mounted. */
		cpio_folder(&cpio, "dev", 0755);
		cpio_device(&cpio, "dev/console", 0600, 5, 1);
		cpio_file(&cpio, "init", 0755, init.data, init.size);
		cpio_folder(&cpio, "modules", 0755);
		r = initrd_add_modules(arena, &cpio, spec->root, arena_printf(arena, "/usr/lib/modules/%s", version),
				       err);
	}
	if (r == 0) {
		cpio_end(&cpio);
		r = initrd_compress(spec, &plain, out, err);
	}
	return r < 0 ? err_wrap(err, "while making the initrd") : 0;
}
