/* `restart`. User space alone restarts (systemctl soft-reboot) when the next generation is on trial and differs in nothing
 * that the kernel keeps. For the loaders it is a boot like any other: a try is counted before it is made. */
#include "machine/agent/restart.h"

#include <errno.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "contract/agent.h"
#include "contract/image.h"
#include "machine/agent/boot.h"
#include "machine/agent/kept.h"
#include "machine/command.h"
#include "machine/hex.h"
#include "machine/root/slot.h"
#include "machine/say.h"

#define UNIT "/usr/lib/systemd/system/systemd-soft-reboot.service"
#define LOOK RESTART_ROOM "/look"

enum { ENTRY_BYTES = 8192, WORDS_BYTES = 4096, PATIENCE_S = 60 };

/* --- command lines --------------------------------------------------------------------------------------------------- */

/* `linux PATH WORD 'WORD' …`: builder/boot/grub.c puts each word into quotes, and has none within. */
bool restart_words(const char *entry, char *out, size_t size)
{
	static const char command[] = "\tlinux ";
	const char *line = strstr(entry, command);
	size_t n = 0;

	if (!line)
		return false;
	line += sizeof command - 1;
	for (line += strcspn(line, " \n"); *line && *line != '\n'; line++) {
		if (*line == '\'' || (n == 0 && *line == ' '))
			continue;
		if (n + 1 >= size)
			return false;
		out[n++] = *line;
	}
	out[n] = 0;
	return n > 0;
}

static size_t restart_next_word(const char **text)
{
	static const char *const images[] = {CMDLINE_ROOT, CMDLINE_HASH_OFFSET};
	bool names_image = true;

	for (; names_image; *text += names_image ? strcspn(*text, " ") : 0) {
		*text += strspn(*text, " ");
		names_image = false;
		for (size_t i = 0; i < sizeof images / sizeof *images; i++)
			names_image |= strncmp(*text, images[i], strlen(images[i])) == 0;
	}
	return strcspn(*text, " ");
}

bool restart_words_same(const char *one, const char *other)
{
	for (;;) {
		size_t length = restart_next_word(&one);

		if (restart_next_word(&other) != length || strncmp(one, other, length) != 0)
			return false;
		if (length == 0)
			return true;
		one += length;
		other += length;
	}
}

/* --- what a soft-reboot is good for ---------------------------------------------------------------------------------- */

struct restart {
	struct boot boot;
	struct slot *next;             /* on trial; NULL: it is not about a trial */
	struct cmdline wanted;         /* its image */
	char why[400];                 /* why the whole machine restarts; "" while it need not */
};

__attribute__((format(printf, 2, 3))) static bool restart_needs_kernel(struct restart *restart, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(restart->why, sizeof restart->why, format, arguments);
	va_end(arguments);
	return false;
}

static bool restart_read(const struct restart *restart, const struct slot *slot, const char *name, char *out, size_t size)
{
	char folder[64], path[96];

	boot_folder(&restart->boot, slot, folder, sizeof folder);
	snprintf(path, sizeof path, "%s/%s", folder, name);
	return read_line(path, out, size) > 0;
}

/* Kernel and initrd, by the digests that GRUB holds them against. */
static bool restart_same_kernel(struct restart *restart)
{
	char running[512], next[512];

	if (restart_read(restart, restart->boot.running, ESP_SUMS, running, sizeof running) &&
	    restart_read(restart, restart->next, ESP_SUMS, next, sizeof next) && strcmp(running, next) == 0)
		return true;
	return restart_needs_kernel(restart, "its kernel or initrd is another one");
}

static bool restart_same_cmdline(struct restart *restart)
{
	static char entry[ENTRY_BYTES];
	char running[WORDS_BYTES] = "", next[WORDS_BYTES] = "";
	const char *problem;

	if (restart_read(restart, restart->boot.running, ESP_GRUB_ENTRY, entry, sizeof entry))
		restart_words(entry, running, sizeof running);
	if (restart_read(restart, restart->next, ESP_GRUB_ENTRY, entry, sizeof entry))
		restart_words(entry, next, sizeof next);
	if (!*running || !restart_words_same(running, next))
		return restart_needs_kernel(restart, "its kernel command line is another one");
	if (cmdline_parse(next, &restart->wanted, &problem) < 0)
		return restart_needs_kernel(restart, "its kernel command line has no %s", problem);
	return true;
}

/* Mounts both images as they were built (over /etc is what was changed since), in this process's own mount namespace. */
static bool restart_mount_images(struct restart *restart)
{
	static struct root_slot slot;
	char device[32], running[64];
	int r = make_folder(LOOK "/running", 0700);

	if (r == 0)
		r = make_folder(LOOK "/next", 0700);
	if (r == 0 && !slot_find(&restart->wanted, &slot))
		r = -ENOENT;
	if (r == 0)
		r = verity_open(&slot.verity, &slot.partition, &restart->wanted, VERITY_FAILS, device);
	if (r == 0 && mount(device, LOOK "/next", "erofs", MS_RDONLY, NULL) < 0)
		r = -errno;
	snprintf(running, sizeof running, "/dev/%s", root_device(device) ? device : "");
	if (r == 0 && mount(running, LOOK "/running", "erofs", MS_RDONLY, NULL) < 0)
		r = -errno;
	return r == 0 || restart_needs_kernel(restart, "its image cannot be looked into: %s", strerror(-r));
}

static bool restart_same_kept(struct restart *restart)
{
	char what[300];
	bool mounted = restart_mount_images(restart);

	if (mounted && !kept_is_same(LOOK "/running", LOOK "/next", what, sizeof what))
		restart_needs_kernel(restart, "%s is another one, and only a start of the kernel sets it anew", what);
	umount2(LOOK "/running", MNT_DETACH);
	umount2(LOOK "/next", MNT_DETACH);
	verity_close(restart->wanted.root_hash);
	return !*restart->why;
}

static bool restart_can_be_soft(struct restart *restart, bool reboot)
{
	if (reboot)
		return restart_needs_kernel(restart, "that was asked for");
	if (restart->boot.store != &boot_esp)
		return restart_needs_kernel(restart, "it has no kernel of its own");
	if (!restart->next)
		return restart_needs_kernel(restart, "nothing is on trial");
	if (access(UNIT, F_OK) < 0)
		return restart_needs_kernel(restart, "its systemd has no soft-reboot");
	if (*restart->boot.twins)
		return restart_needs_kernel(restart, "several disks hold the system");
	return restart_same_kernel(restart) && restart_same_cmdline(restart) && restart_same_kept(restart);
}

/* --- doing it -------------------------------------------------------------------------------------------------------- */

static void restart_write_next(const struct restart *restart)
{
	char text[160], hash[2 * ROOT_HASH_BYTES + 1];
	int r = make_folder(RESTART_ROOM, 0755);

	hex_print(restart->wanted.root_hash, ROOT_HASH_BYTES, hash);
	snprintf(text, sizeof text, CMDLINE_ROOT "%s " CMDLINE_HASH_OFFSET "%llu\n", hash,
		 (unsigned long long)restart->wanted.hash_offset);
	if (r == 0)
		r = write_whole(RESTART_ROOM, RESTART_NEXT, text);
	if (r < 0)
		die("cannot write " RESTART_ROOM "/" RESTART_NEXT ": %s", strerror(-r));
}

static int restart_by(const char *how)
{
	const char *const argv[] = {"systemctl", "--no-block", how, NULL};
	char said[256];
	int r = command_run(argv, PATIENCE_S, said, sizeof said);

	if (r != 0)
		say("systemctl %s does not succeed: %s", how, *said ? said : r < 0 ? strerror(-r) : "no reason was given");
	return r;
}

int restart_main(int argc, char **argv)
{
	static struct restart restart;
	bool reboot = argc > 1 && strcmp(argv[1], AGENT_REBOOT) == 0;

	if (argc > 2 || (argc == 2 && !reboot))
		die("'restart': unexpected argument '%s'", argv[argc - 1]);
	boot_open(&restart.boot, BOOT_WAIT);
	if (restart.boot.other && restart.boot.other->state == SLOT_TRIAL && restart.boot.other->tries_left > 0)
		restart.next = restart.boot.other;
	if (!restart_can_be_soft(&restart, reboot)) {
		printf(RESTART_REBOOT " %s\n", restart.why);
		return restart_by("reboot") == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
	}
	restart_write_next(&restart);
	boot_count(&restart.boot, restart.next);
	puts(RESTART_SOFT);
	if (restart_by("soft-reboot") == 0 || restart_by("reboot") == 0)
		return EXIT_SUCCESS;
	return EXIT_FAILURE;
}
