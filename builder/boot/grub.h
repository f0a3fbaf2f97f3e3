/* GRUB for BIOS (platform i386-pc): its core image, how the MBR finds it, and its menu. */
#ifndef BOOT_GRUB_H
#define BOOT_GRUB_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "disk/spec.h"

enum { GRUB_BOOT_CODE = 440 };

/* Appends a core image, made by the tools' grub-mkimage, to `core`. It looks for its menu, /grub/grub.cfg, on the vfat file
 * system with the serial number `esp` ("8F3A-11C0"). */
int grub_core(const struct disk_spec *spec, const char *esp, struct buf *core, struct err *err);

/* Joins the parts: `core`, which will stand at byte `start` of the disk, learns where the rest of it is, and `ret_code`, the
 * first bytes of the disk (from `boot`, GRUB's boot.img of 512 bytes), learns where it starts. -EBADMSG for what is neither.
 * Pure; as grub-bios-setup does it (util/setup.c, include/grub/i386/pc/boot.h). */
int grub_embed(const struct buf *boot, struct buf *core, uint64_t start, uint8_t ret_code[GRUB_BOOT_CODE], struct err *err);

/* Appends /grub/grub.cfg: consoles, and the entries that the slots bring in /aether/SLOT/grub.cfg. Which slot is first, the
 * environment block says (builder/machine/agent/boot.h). */
void grub_menu(struct buf *out);

/* Appends /aether/SLOT/grub.cfg: the entry that boots /aether/SLOT/linux, when that and the initrd are what /aether/SLOT/sums
 * says. -EINVAL for a command line that GRUB cannot pass on. */
int grub_entry(const char *title, const char *slot, const char *cmdline, struct buf *out, struct err *err);

/* Appends /aether/SLOT/sums: digests as sha256sum(1) writes them. */
void grub_sums(const struct buf *kernel, const struct buf *initrd, struct buf *out);

/* Appends an empty environment block (/grub/grubenv), GRUBENV_BYTES bytes. */
void grub_environment(struct buf *out);

#endif
