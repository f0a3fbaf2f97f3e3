#include "build/compose.h"

#include <errno.h>
#include <string.h>

#include "base/file.h"
#include "boot/esp.h"
#include "boot/grub.h"
#include "boot/initrd.h"
#include "boot/uki.h"
#include "contract/esp.h"
#include "contract/image.h"
#include "disk/format.h"
#include "disk/stacked.h"
#include "disk/pick.h"
#include "disk/root.h"
#include "disk/verity.h"
#include "edge/gpt.h"
#include "host/pool.h"

enum { KERNEL_MAX = 256 << 20, LOADER_MAX = 16 << 20, ESP_FILES = 10 };

/* A disk in the making. Its buffers are what the files of the ESP and some extents are made of. */
struct making {
	struct arena *arena, *side;  /* the disk's; one for what is made beside the root image */
	const struct disk_spec *spec;
	struct disk *disk;
	struct disk_facts *facts;
	struct verity verity;
	int root_fd;
	const char *cmdline;
	struct buf kernel, initrd, uki, boot_sector, core;
	struct esp_file esp[ESP_FILES];
	size_t n_esp;
};

static const struct disk_partition *compose_find(const struct disk_layout *layout, enum disk_content content)
{
	for (size_t i = 0; i < layout->n_partitions; i++)
		if (layout->partitions[i].content == content)
			return &layout->partitions[i];
	return NULL;
}

/* A copy of the layout, to be placed; it must be one that can boot. */
static int compose_take_layout(struct making *m, struct err *err)
{
	const struct disk_layout *given = &m->spec->layout;
	struct disk_layout *layout = &m->facts->layout;
	size_t n_roots = 0;

	*layout = *given;
	layout->partitions = arena_array(m->arena, struct disk_partition, given->n_partitions + 1);
	for (size_t i = 0; i < given->n_partitions; i++) {
		layout->partitions[i] = given->partitions[i];
		n_roots += given->partitions[i].content == DISK_ROOT;
	}
	if (n_roots == 1 && compose_find(layout, DISK_ESP))
		return 0;
	err_set(err, -EINVAL, "the disk of '%s' cannot boot: expected one partition with the root and one of type EF00",
		m->spec->name);
	return err_hint(err, "use a layout such as partitions/hybrid-ab.yaml");
}

static int compose_make_root(struct making *m, struct err *err)
{
	uint8_t salt[VERITY_HASH];
	uint64_t bytes;
	int r = root_image(m->spec, "root.img", &m->root_fd, &bytes, err);

	if (r < 0)
		return r;
	disk_own(m->disk, m->root_fd);
	verity_salt(m->spec->seed, salt);
	r = verity_append(m->root_fd, bytes, salt, &m->verity, err);
	if (r < 0)
		return r;
	hex_encode(m->verity.root_hash, VERITY_HASH, m->facts->root_hash);
	m->facts->root_bytes = m->verity.size_bytes;
	m->facts->hash_offset = m->verity.hash_offset;
	m->cmdline = arena_printf(m->arena, "%s " CMDLINE_ROOT "%s " CMDLINE_HASH_OFFSET "%llu", m->spec->cmdline,
				  m->facts->root_hash, (unsigned long long)m->verity.hash_offset);
	return 0;
}

static int compose_make_grub(struct making *m, struct err *err)
{
	const struct disk_partition *esp = compose_find(&m->facts->layout, DISK_ESP);
	char serial[10];
	int r;

	if (!esp || !compose_find(&m->facts->layout, DISK_BIOS_BOOT))
		return 0;
	format_vfat_serial(m->spec->seed, esp->label, serial);
	r = grub_core(m->spec, serial, &m->core, err);
	if (r == 0)
		r = pick_file(m->spec->tools.root, "/usr/lib/grub/i386-pc/boot.img", LOADER_MAX, &m->boot_sector, err);
	return r < 0 ? err_hint(err, "add the packages 'grub-common' and 'grub-pc-bin' to the tools recipe") : 0;
}

/* What does not depend on the root image. */
static int compose_make_kernel(struct making *m, struct err *err)
{
	int r = initrd_kernel(m->side, m->spec->root, &m->facts->kernel, err);
	const char *path = r == 0 ? arena_printf(m->side, "/boot/vmlinuz-%s", m->facts->kernel) : NULL;

	if (r == 0)
		r = pick_file(m->spec->root, path, KERNEL_MAX, &m->kernel, err);
	if (r == 0)
		r = initrd_make(m->spec, m->facts->kernel, &m->initrd, err);
	if (r == 0)
		r = compose_make_grub(m, err);
	return r;
}

static int compose_make_part(void *data, size_t index, struct err *err)
{
	return index == 0 ? compose_make_root(data, err) : compose_make_kernel(data, err);
}

/* Side by side: mkfs.erofs waits for the disk now and then, and the rest is done when it is. */
static int compose_make_parts(struct making *m, struct err *err)
{
	int r = pool_run(2, compose_make_part, m, err);

	if (r == 0)
		m->facts->kernel = arena_strdup(m->arena, m->facts->kernel);
	return r;
}

/* --- what starts the kernel ------------------------------------------------------------------------------------------ */

static void compose_add_to_esp(struct making *m, const char *path, const struct buf *content, bool of_slot)
{
	m->esp[m->n_esp++] = (struct esp_file){path, content->data, content->size, of_slot};
}

/* Keeps bytes as long as the disk is made. */
static struct buf compose_keep(struct making *m, struct buf *text)
{
	struct buf kept = {.data = arena_memdup(m->arena, text->data, text->size), .size = text->size};

	buf_free(text);
	return kept;
}

static int compose_make_uki(struct making *m, struct err *err)
{
	/* Its version is none: systemd-boot would order slots by that before it looks at their names. */
	const char *release = arena_printf(m->arena, "ID=aether\nPRETTY_NAME=\"%s\"\n", m->spec->name);
	const struct uki_section sections[] = {
		{".osrel", release, strlen(release)},
		{".cmdline", m->cmdline, strlen(m->cmdline)},
		{".uname", m->facts->kernel, strlen(m->facts->kernel)},
		{".initrd", m->initrd.data, m->initrd.size},
		{".linux", m->kernel.data, m->kernel.size},
	};
	_cleanup_buf_ struct buf stub = {0};
	int r = pick_file(m->spec->tools.root, "/usr/lib/systemd/boot/efi/linuxx64.efi.stub", LOADER_MAX, &stub, err);

	if (r < 0)
		return err_hint(err, "add the package 'systemd-boot-efi' to the tools recipe");
	r = uki_make(stub.data, stub.size, sections, sizeof sections / sizeof *sections, &m->uki, err);
	if (r == 0)
		r = file_publish(m->spec->uki, m->uki.data, m->uki.size, 0444, err);
	if (r < 0)
		return err_wrap(err, "while making the unified kernel image");
	m->facts->uki_bytes = m->uki.size;
	sha256_hex_of(m->uki.data, m->uki.size, m->facts->uki_sha256);
	return 0;
}

/* UEFI starts systemd-boot, which finds the unified kernel images by itself. */
static int compose_make_uefi(struct making *m, struct err *err)
{
	struct buf loader = {0}, conf = {0}, image = {0};
	int r = pick_file(m->spec->tools.root, "/usr/lib/systemd/boot/efi/systemd-bootx64.efi", LOADER_MAX, &loader, err);

	if (r < 0) {
		buf_free(&loader);
		return err_hint(err, "add the package 'systemd-boot-efi' to the tools recipe");
	}
	loader = compose_keep(m, &loader);
	buf_puts(&conf, "timeout 0\neditor no\n");
	conf = compose_keep(m, &conf);
	r = compose_make_uki(m, err);
	if (r < 0)
		return r;
	compose_add_to_esp(m, "/EFI/BOOT/BOOTX64.EFI", &loader, false);
	compose_add_to_esp(m, "/loader/loader.conf", &conf, false);
	compose_add_to_esp(m, arena_printf(m->arena, ESP_UKI_FOLDER "/%s-1-a.efi", m->spec->name), &m->uki, true);
	buf_printf(&image, ESP_IMAGE_ROOT "=%s\n", m->facts->root_hash);
	image = compose_keep(m, &image);
	compose_add_to_esp(m, ESP_SLOT_FOLDER "/a/" ESP_IMAGE, &image, true);
	return 0;
}

/* BIOS starts GRUB, which reads its menu and the same kernel from the ESP. */
static int compose_make_bios(struct making *m, struct err *err)
{
	struct buf menu = {0}, entry = {0}, environment = {0}, sums = {0};
	int r;

	if (!m->core.size)
		return 0;
	grub_menu(&menu);
	grub_environment(&environment);
	r = grub_entry(arena_printf(m->arena, "%s, slot a", m->spec->name), "a", m->cmdline, &entry, err);
	grub_sums(&m->kernel, &m->initrd, &sums);
	menu = compose_keep(m, &menu);
	environment = compose_keep(m, &environment);
	entry = compose_keep(m, &entry);
	sums = compose_keep(m, &sums);
	compose_add_to_esp(m, ESP_GRUB_FOLDER "/grub.cfg", &menu, false);
	compose_add_to_esp(m, ESP_GRUBENV, &environment, false);
	compose_add_to_esp(m, ESP_SLOT_FOLDER "/a/" ESP_GRUB_ENTRY, &entry, true);
	compose_add_to_esp(m, ESP_SLOT_FOLDER "/a/" ESP_SUMS, &sums, true);
	compose_add_to_esp(m, ESP_SLOT_FOLDER "/a/" ESP_LINUX, &m->kernel, true);
	compose_add_to_esp(m, ESP_SLOT_FOLDER "/a/" ESP_INITRD, &m->initrd, true);
	return r;
}

/* --- the disk -------------------------------------------------------------------------------------------------------- */

static int compose_place(struct making *m, struct err *err)
{
	struct disk_layout *layout = &m->facts->layout;
	uint64_t *need = arena_array(m->arena, uint64_t, layout->n_partitions + 1);
	const uint64_t needs[] = {
		[DISK_EMPTY] = 0, [DISK_BIOS_BOOT] = m->core.size, [DISK_ESP] = esp_need(m->esp, m->n_esp),
		[DISK_ROOT] = m->verity.size_bytes, [DISK_ROOT_SPARE] = m->verity.size_bytes,
	};

	for (size_t i = 0; i < layout->n_partitions; i++) {
		enum disk_content content = layout->partitions[i].content;

		need[i] = format_is_known(content)  ? format_minimum(content)
			  : content == DISK_STACK ? stacked_need(m->spec->stack, layout->partitions[i].node)
						  : needs[content];
	}
	return layout_place(layout, need, err);
}

static int compose_fill(struct making *m, const struct disk_partition *partition, const char *name, struct err *err)
{
	uint64_t length = partition->size;
	int fd = -1, r = 0;

	switch (partition->content) {
	case DISK_EMPTY:
	case DISK_ROOT_SPARE:
		return 0;
	case DISK_BIOS_BOOT: /* embedded with the MBR */
		return 0;
	case DISK_ROOT:
		return disk_add_file(m->disk, partition->start, m->root_fd, m->verity.size_bytes, err);
	case DISK_ESP:
		r = esp_make(m->spec, partition, m->esp, m->n_esp, name, &fd, err);
		break;
	case DISK_EXT4:
	case DISK_VFAT:
	case DISK_XFS:
	case DISK_BTRFS:
	case DISK_F2FS:
	case DISK_SWAP:
		r = format_make(m->spec, partition, name, &fd, err);
		break;
	case DISK_STACK: /* all of them at once: stacked_make() */
		return 0;
	}
	if (r < 0)
		return r;
	disk_own(m->disk, fd);
	return disk_add_file(m->disk, partition->start, fd, length, err);
}

static int compose_fill_all(struct making *m, struct err *err)
{
	const struct disk_layout *layout = &m->facts->layout;
	int r = 0;

	m->disk->size_bytes = layout->size_bytes;
	for (size_t i = 0; r == 0 && i < layout->n_partitions; i++)
		r = compose_fill(m, &layout->partitions[i], arena_printf(m->arena, "partition%zu.img", i), err);
	return r < 0 ? r : stacked_make(m->spec, layout, m->disk, err);
}

/* The two partition tables, and in front of the first the code by which BIOS finds GRUB. */
static int compose_add_tables(struct making *m, struct err *err)
{
	const struct disk_layout *layout = &m->facts->layout;
	const struct disk_partition *bios = compose_find(layout, DISK_BIOS_BOOT);
	struct gpt_partition *entries = arena_array(m->arena, struct gpt_partition, layout->n_partitions + 1);
	uint8_t *primary = arena_alloc(m->arena, GPT_PRIMARY_BYTES), *backup = arena_alloc(m->arena, GPT_BACKUP_BYTES);
	char uuid[37];
	int r;

	for (size_t i = 0; i < layout->n_partitions; i++) {
		const struct disk_partition *p = &layout->partitions[i];

		entries[i] = (struct gpt_partition){
			p->label, p->type, p->uuid, p->attributes, p->start, p->size,
			p->hybrid.there, p->hybrid.active, p->hybrid.type,
		};
	}
	disk_uuid(m->spec->seed, "disk", uuid);
	r = gpt_encode(&(struct gpt){uuid, layout->size_bytes, entries, layout->n_partitions}, primary, backup, err);
	if (r == 0 && bios) {
		r = grub_embed(&m->boot_sector, &m->core, bios->start, primary, err);
		disk_add_memory(m->disk, bios->start, arena_memdup(m->arena, m->core.data, m->core.size), m->core.size);
	}
	disk_add_memory(m->disk, 0, primary, GPT_PRIMARY_BYTES);
	disk_add_memory(m->disk, layout->size_bytes - GPT_BACKUP_BYTES, backup, GPT_BACKUP_BYTES);
	return r;
}

int disk_compose(struct arena *arena, const struct disk_spec *spec, struct disk *ret_disk, struct disk_facts *ret_facts,
		 struct err *err)
{
	static int (*const steps[])(struct making *, struct err *) = {
		compose_take_layout, compose_make_parts, compose_make_uefi,  compose_make_bios,
		compose_place,	     compose_fill_all,	 compose_add_tables,
	};
	struct disk disk = {.arena = arena};
	struct disk_facts facts = {0};
	struct making m = {.arena = arena, .side = arena_new(), .spec = spec, .disk = &disk, .facts = &facts};
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof steps / sizeof *steps; i++)
		r = steps[i](&m, err);
	if (r == 0)
		r = disk_finish(&disk, err);
	arena_free(m.side);
	buf_free(&m.kernel);
	buf_free(&m.initrd);
	buf_free(&m.uki);
	buf_free(&m.boot_sector);
	buf_free(&m.core);
	if (r < 0) {
		disk_close(&disk);
		return r;
	}
	for (size_t i = 0; i < disk.n_extents; i++)
		facts.data_bytes += disk.extents[i].length;
	*ret_disk = disk;
	*ret_facts = facts;
	return 0;
}
