#include "boot/grub.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

#include "base/file.h"
#include "contract/esp.h"
#include "disk/pick.h"
#include "disk/tool.h"
#include "edge/digest.h"

/* include/grub/i386/pc/boot.h */
enum {
	SECTOR = 512,
	BOOT_KERNEL_SECTOR = 0x5c,	    /* u64: where the core image is */
	BOOT_DRIVE_CHECK = 0x66,	    /* a jump that ignores the drive number given by the BIOS */
	CORE_BLOCKLIST = SECTOR - 12,	    /* u64 start, u16 sectors, u16 segment: the core's second sector and on */
	CORE_SEGMENT = 0x800 + SECTOR / 16, /* GRUB_BOOT_MACHINE_KERNEL_SEG, behind the first sector */
	CORE_MAX = 0x78000,		    /* below the BIOS's own memory */
};

static const char *const mkimage[] = {
	"/usr/bin/grub-mkimage", "-O", "i386-pc", "-d", "/usr/lib/grub/i386-pc", "-p", "/grub", "-c", "early.cfg",
	"-o", "core.img",
	/* What finds the menu, what the menu uses, and commands that are useful at the prompt. */
	"biosdisk", "part_gpt", "fat", "search_fs_uuid", "normal", "configfile", "test", "linux", "boot", "serial",
	"terminal", "loadenv", "hashsum", "gcry_sha256", "echo", "ls", "cat", "sleep", "reboot", "halt", NULL,
};

int grub_core(const struct disk_spec *spec, const char *esp, struct buf *core, struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const char *early = arena_printf(arena, "search.fs_uuid %s root\nset prefix=($root)/grub\n", esp);
	int r = pick_put(spec->work, "early.cfg", early, strlen(early), spec->epoch, err);

	if (r == 0)
		r = tool_run(spec, "grub-common", mkimage, NULL, 0, err);
	if (r == 0)
		r = file_read(arena_printf(arena, "%s/core.img", spec->work), CORE_MAX, core, err);
	return r < 0 ? err_wrap(err, "while making GRUB for BIOS") : 0;
}

int grub_embed(const struct buf *boot, struct buf *core, uint64_t start, uint8_t ret_code[GRUB_BOOT_CODE],
	       struct err *err)
{
	uint64_t first = htole64(start / SECTOR), second = htole64(start / SECTOR + 1);
	size_t sectors = (core->size + SECTOR - 1) / SECTOR;
	uint16_t rest = htole16((uint16_t)(sectors - 1)), segment = htole16(CORE_SEGMENT);
	uint8_t *list;

	if (boot->size != SECTOR || memcmp(boot->data + SECTOR - 2, "\x55\xaa", 2) != 0)
		return err_set(err, -EBADMSG, "GRUB's boot.img is not a boot sector of 512 bytes");
	if (sectors < 2 || core->size > CORE_MAX || start % SECTOR || start == 0)
		return err_set(err, -EBADMSG, "GRUB's core image of %zu bytes cannot be started from byte %llu",
			       core->size, (unsigned long long)start);
	buf_align(core, SECTOR);
	list = (uint8_t *)core->data + CORE_BLOCKLIST;
	memcpy(list, &second, 8);
	memcpy(list + 8, &rest, 2);
	memcpy(list + 10, &segment, 2);

	memcpy(ret_code, boot->data, GRUB_BOOT_CODE);
	memcpy(ret_code + BOOT_KERNEL_SECTOR, &first, 8);
	memset(ret_code + BOOT_DRIVE_CHECK, 0x90, 2); /* nop nop: hypervisors give the right number */
	return 0;
}

/* A trial starts as long as it has tries, each of which is counted before it is made; GRUB cannot subtract. What cannot
 * be started gives way to the other slot. */
void grub_menu(struct buf *out)
{
	_Static_assert(SLOT_TRIES == 3, "the menu counts down from three");

	buf_puts(out, "if serial --unit=0 --speed=115200; then\n"
		      "\tterminal_input console serial\n"
		      "\tterminal_output console serial\n"
		      "fi\n"
		      "load_env\n"
		      "set first=a\n"
		      "if [ -n \"$" GRUBENV_GOOD "\" ]; then set first=$" GRUBENV_GOOD "; fi\n"
		      "if [ -n \"$" GRUBENV_TRIAL "\" ]; then\n"
		      "\tset left=\n"
		      "\tif [ \"$" GRUBENV_TRIES "\" = 3 ]; then set left=2; fi\n"
		      "\tif [ \"$" GRUBENV_TRIES "\" = 2 ]; then set left=1; fi\n"
		      "\tif [ \"$" GRUBENV_TRIES "\" = 1 ]; then set left=0; fi\n"
		      "\tif [ -n \"$left\" ]; then\n"
		      "\t\tset " GRUBENV_TRIES "=$left\n"
		      "\t\tif save_env " GRUBENV_TRIES "; then set first=$" GRUBENV_TRIAL "; fi\n"
		      "\tfi\n"
		      "fi\n"
		      "set timeout=0\n"
		      "set default=0\n"
		      "set fallback=1\n"
		      "source " ESP_SLOT_FOLDER "/$first/" ESP_GRUB_ENTRY "\n"
		      "for slot in a b; do\n"
		      "\tif [ $slot != $first -a -f " ESP_SLOT_FOLDER "/$slot/" ESP_GRUB_ENTRY " ]; then\n"
		      "\t\tsource " ESP_SLOT_FOLDER "/$slot/" ESP_GRUB_ENTRY "\n"
		      "\tfi\n"
		      "done\n");
}

/* The kernel's words as GRUB's. The kernel keeps a word together by double quotes; GRUB gives it such quotes by itself
 * when there is a space in it, and would put a backslash before those that are there. */
static int grub_put_words(const char *cmdline, struct buf *out, struct err *err)
{
	bool quoted = false, in_word = false;

	for (const char *c = cmdline; *c; c++) {
		if (*c == '\'' || *c == '\\' || (unsigned char)*c < ' ')
			return err_set(err, -EINVAL,
				       "the kernel command line has a quote, backslash or control character "
				       "that GRUB cannot pass on: '%s'",
				       cmdline);
		if (*c == '"')
			quoted = !quoted;
		if (*c == ' ' && !quoted) {
			if (in_word)
				buf_puts(out, "'");
			in_word = false;
			continue;
		}
		if (!in_word)
			buf_puts(out, " '");
		in_word = true;
		if (*c != '"')
			buf_add_u8(out, (uint8_t)*c);
	}
	if (in_word)
		buf_puts(out, "'");
	return quoted ? err_set(err, -EINVAL, "the kernel command line has a quote that is not closed: '%s'", cmdline)
		      : 0;
}

int grub_entry(const char *title, const char *slot, const char *cmdline, struct buf *out, struct err *err)
{
	int r;

	buf_puts(out, "menuentry '");
	for (const char *c = title; *c; c++)
		if (*c != '\'' && (unsigned char)*c >= ' ')
			buf_add_u8(out, (uint8_t)*c);
	buf_printf(out,
		   "' {\n\tif hashsum --hash sha256 --check " ESP_SLOT_FOLDER "/%s/" ESP_SUMS
		   " --prefix " ESP_SLOT_FOLDER "/%s; then\n"
		   "\t\tlinux " ESP_SLOT_FOLDER "/%s/" ESP_LINUX,
		   slot, slot, slot);
	r = grub_put_words(cmdline, out, err);
	buf_printf(out,
		   "\n\t\tinitrd " ESP_SLOT_FOLDER "/%s/" ESP_INITRD
		   "\n\telse\n\t\techo 'slot %s is damaged'\n\tfi\n}\n",
		   slot, slot);
	return r;
}

void grub_sums(const struct buf *kernel, const struct buf *initrd, struct buf *out)
{
	char hex[SHA256_HEX];

	sha256_hex_of(kernel->data, kernel->size, hex);
	buf_printf(out, "%s  linux\n", hex);
	sha256_hex_of(initrd->data, initrd->size, hex);
	buf_printf(out, "%s  initrd\n", hex);
}

void grub_environment(struct buf *out)
{
	static const char signature[] = "# GRUB Environment Block\n";

	buf_puts(out, signature);
	for (size_t i = sizeof signature - 1; i < GRUBENV_BYTES; i++)
		buf_add_u8(out, '#');
}
