/* Restarting user space alone: when that is enough, what it takes over, and the figures that tell what became of it. */
#include "suite.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "boot/grub.h"
#include "machine/agent/judge.h"
#include "machine/agent/kept.h"
#include "machine/agent/metrics.h"
#include "machine/agent/replug.h"
#include "machine/agent/restart.h"
#include "machine/say.h"
#include "machine/verity.h"
#include "scratch.h"

#define HASH "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static void put(const char *name, const char *text)
{
	const char *path = scratch_path(name);
	struct err err = {0};

	ck_assert_int_eq(make_folder(arena_strndup(scratch_arena(), path, (size_t)(strrchr(path, '/') - path)), 0755), 0);
	ck_assert_int_eq(file_write(path, text, strlen(text), 0644, &err), 0);
}

/* --- command lines --------------------------------------------------------------------------------------------------- */

/* What the builder writes for GRUB is read as what the kernel gets. */
START_TEST(the_command_line_of_a_slot_is_read_from_its_entry)
{
	static const char *const lines[] = {
		"ro quiet", "ro a=\"b c\" d", "aether.root=" HASH " aether.hash_offset=4096 ro", "a=$b c=`d` e=#f",
	};
	struct buf entry = {0};
	struct err err = {0};
	char words[256];

	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		_cleanup_buf_ struct buf wanted = {0};

		for (const char *c = lines[i]; *c; c++)
			if (*c != '"')
				buf_add_u8(&wanted, (uint8_t)*c);
		buf_free(&entry);
		entry = (struct buf){0};
		ck_assert_int_eq(grub_entry("a title's", "a", lines[i], &entry, &err), 0);
		ck_assert(restart_words(entry.data, words, sizeof words));
		ck_assert_str_eq(words, wanted.data);
		ck_assert(!restart_words(entry.data, words, 4));
	}
	ck_assert(!restart_words("menuentry 'x' {\n}\n", words, sizeof words));
	ck_assert(!restart_words("\tlinux /aether/a/linux\n", words, sizeof words));
	buf_free(&entry);
}
END_TEST

START_TEST(command_lines_are_the_same_but_for_the_image)
{
	static const struct { const char *one, *other; bool same; } pairs[] = {
		{"ro quiet", "ro quiet", true}, {"", "", true}, {"ro quiet", "ro", false}, {"ro", "ro quiet", false},
		{"ro quiet", "quiet ro", false}, {"ro  quiet ", "ro quiet", true}, {"ro quiet", "ro quie", false},
		{"ro aether.root=a aether.hash_offset=1 quiet", "ro aether.root=b aether.hash_offset=22 quiet", true},
		{"aether.root=a", "", true}, {"ro aether.root=a", "ro", true}, {"ro aether.root", "ro", false},
		{"ro panic=1", "ro panic=10", false},
	};

	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
		ck_assert_msg(restart_words_same(pairs[i].one, pairs[i].other) == pairs[i].same, "pair %zu", i);
}
END_TEST

START_TEST(the_image_that_runs_is_read_from_the_kernels_table)
{
	static const struct { const char *text; int result; uint64_t offset; } tables[] = {
		{"1 254:3 254:3 4096 4096 26784 26785 sha256 " HASH " aa 1 restart_on_corruption", 0, 26784ULL * 4096},
		{"1 8:3 8:3 4096 4096 1 2 sha256 " HASH " -", 0, 4096},
		{"1 8:3 8:3 4096 512 1 9 sha256 " HASH " -", 0, 8 * 512},
		{"0 8:3 8:3 4096 4096 1 2 sha256 " HASH " -", -EINVAL, 0},
		{"1 8:3 8:3 4096 4096 1 2 sha1 " HASH " -", -EINVAL, 0},
		{"1 8:3 8:3 4096 4096 1 0 sha256 " HASH " -", -EINVAL, 0},
		{"1 8:3 8:3 4096 4096 1 2 sha256 0011 -", -EINVAL, 0},
		{"1 8:3 8:3 4096 4096 1 2 sha256 " HASH "00 -", -EINVAL, 0}, {"", -EINVAL, 0}, {"1 8:3", -EINVAL, 0},
		{"1 8:3 8:3 4096 7 1 2 sha256 " HASH " -", -EINVAL, 0},
	};
	struct cmdline cmdline;

	for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
		ck_assert_msg(verity_read_parameters(tables[i].text, &cmdline) == tables[i].result, "table %zu", i);
		if (tables[i].result == 0)
			ck_assert_uint_eq(cmdline.hash_offset, tables[i].offset);
	}
}
END_TEST

/* --- what the kernel keeps ------------------------------------------------------------------------------------------- */

static const struct { const char *path, *one, *other; bool same; } images[] = {
	{"/etc/sysctl.d/50-a.conf", "a", "a", true}, {"/etc/sysctl.d/50-a.conf", "a", "b", false},
	{"/etc/sysctl.d/50-a.conf", "a", NULL, false}, {"/etc/sysctl.d/50-a.conf", NULL, "a", false},
	{"/usr/lib/modprobe.d/a.conf", "a", "b", false}, {"/etc/modules", "a\n", "a\nb\n", false},
	{"/etc/systemd/network/10-a.network", "a", "b", true}, {"/etc/systemd/network/10-a.netdev", "a", "b", false},
	{"/etc/systemd/network/10-a.link", "a", NULL, false}, {"/etc/systemd/network/10-a.link.d/b.conf", "a", "b", true},
	{"/usr/lib/udev/rules.d/1.rules", "a", "b", false}, {"/usr/lib/firmware/a/b/c", "a", "b", false},
	{"/usr/lib/firmware/a/b/c", "a", "a", true}, {"/etc/hostname", "a", "b", true}, {"/usr/bin/a", "a", NULL, true},
};

START_TEST(what_only_the_kernels_start_sets_anew_is_compared)
{
	char what[64] = "";
	bool same;

	for (int i = 0; i < 2; i++) {
		const char *text = i ? images[_i].other : images[_i].one;

		put(i ? "other/etc/systemd/network/1.network" : "one/etc/systemd/network/1.network", "");
		put(i ? "other/etc/sysctl.d/0.conf" : "one/etc/sysctl.d/0.conf", "0");
		if (text)
			put(arena_printf(scratch_arena(), "%s%s", i ? "other" : "one", images[_i].path), text);
	}
	same = kept_is_same(scratch_path("one"), scratch_path("other"), what, sizeof what);
	ck_assert_msg(same == images[_i].same, "%s: %s", images[_i].path, what);
	ck_assert(same || strncmp(what, images[_i].path, strlen(what)) == 0);
}
END_TEST

START_TEST(links_and_kinds_are_compared)
{
	char what[64];

	put("one/etc/sysctl.d/0.conf", "0");
	put("other/etc/sysctl.d/0.conf", "0");
	ck_assert_int_eq(symlink("/a", scratch_path("one/etc/sysctl.d/1.conf")), 0);
	ck_assert_int_eq(symlink("/a", scratch_path("other/etc/sysctl.d/1.conf")), 0);
	ck_assert(kept_is_same(scratch_path("one"), scratch_path("other"), what, sizeof what));
	ck_assert_int_eq(unlink(scratch_path("other/etc/sysctl.d/1.conf")), 0);
	ck_assert_int_eq(symlink("/b", scratch_path("other/etc/sysctl.d/1.conf")), 0);
	ck_assert(!kept_is_same(scratch_path("one"), scratch_path("other"), what, sizeof what));
	ck_assert_str_eq(what, "/etc/sysctl.d/1.conf");
	ck_assert_int_eq(unlink(scratch_path("other/etc/sysctl.d/1.conf")), 0);
	put("other/etc/sysctl.d/1.conf", "");
	ck_assert(!kept_is_same(scratch_path("one"), scratch_path("other"), what, sizeof what));
}
END_TEST

/* --- what devices start ---------------------------------------------------------------------------------------------- */

START_TEST(units_that_devices_want_are_found)
{
	static char units[REPLUG_UNITS][REPLUG_NAME];

	ck_assert_uint_eq(replug_find(scratch_path("none"), scratch_path("sys"), units), 0);
	put("data/c246:1", "S:virtio-ports/org.qemu.guest_agent.0\nE:SYSTEMD_WANTS=qemu-guest-agent.service\nG:systemd\n"
			   "Q:systemd\nV:1\n");
	put("data/c246:2", "E:SYSTEMD_WANTS=was-wanted.service\nG:systemd\nV:1\n");
	put("data/b8:1", "E:SYSTEMD_WANTS=a.service b.service\nQ:systemd\n");
	put("data/n2", "E:SYSTEMD_WANTS=a.service\nQ:systemd\n");
	put("data/b8:2", "E:SYSTEMD_USER_WANTS=user.service\nE:X=SYSTEMD_WANTS=no.service\nQ:systemd\n");
	ck_assert_uint_eq(replug_find(scratch_path("data"), scratch_path("sys"), units), 3);
	for (size_t i = 0; i < 3; i++)
		ck_assert(strcmp(units[i], "qemu-guest-agent.service") == 0 || strcmp(units[i], "a.service") == 0 ||
			  strcmp(units[i], "b.service") == 0);
}
END_TEST

START_TEST(a_template_is_started_for_its_device)
{
	static char units[REPLUG_UNITS][REPLUG_NAME];

	put("data/c4:64", "E:SYSTEMD_WANTS=modem@.service\nQ:systemd\n");
	put("data/n3", "E:SYSTEMD_WANTS=net@.service\nQ:systemd\n");
	ck_assert_int_eq(make_folder(scratch_path("sys/dev/char"), 0755), 0);
	ck_assert_int_eq(symlink("../../devices/platform/serial-1/tty/ttyS0", scratch_path("sys/dev/char/4:64")), 0);
	if (access("/usr/bin/systemd-escape", X_OK) != 0)
		return;
	ck_assert_uint_eq(replug_find(scratch_path("data"), scratch_path("sys"), units), 1);
	ck_assert_str_eq(units[0], "modem@sys-devices-platform-serial\\x2d1-tty-ttyS0.service");
}
END_TEST

/* --- figures --------------------------------------------------------------------------------------------------------- */

START_TEST(figures_are_what_prometheus_reads)
{
	static struct boot boot = {
		.name = "a\"b\\", .kind = "vm", .epoch = "1700000000", .root_hash = HASH, .n_slots = 2,
		.slots = {{.letter = 'a', .state = SLOT_BAD, .failed_when = "1800000000"},
			  {.letter = 'b', .state = SLOT_TRIAL, .tries_left = 2, .generation = "7"}},
	};
	static const char *const lines[] = {
		"\naether_image_info{name=\"a\\\"b\\\\\",kind=\"vm\",slot=\"b\",root_hash=\"" HASH "\"} 1\n",
		"\naether_image_epoch_seconds 1700000000\n", "\naether_generation 7\n", "\naether_tries_left 2\n",
		"\naether_verdict{verdict=\"waiting\"} 0\n", "\naether_verdict{verdict=\"good\"} 0\n",
		"\naether_verdict{verdict=\"bad\"} 1\n", "\naether_last_failure_seconds 1800000000\n",
	};
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	boot.running = &boot.slots[1];
	metrics_print(&boot, JUDGE_BAD, out);
	fclose(out);
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
		ck_assert_msg(strstr(text, lines[i]) != NULL, "%s in:\n%s", lines[i], text);
	free(text);

	/* A container of which nothing is known. */
	out = open_memstream(&text, &size);
	metrics_print(&(struct boot){.name = "a", .kind = "lxc"}, JUDGE_GOOD, out);
	fclose(out);
	ck_assert(strstr(text, "verdict=\"good\"} 1\n") && !strstr(text, "generation") && !strstr(text, "last_failure"));
	free(text);
}
END_TEST

LOOP_SUITE(restart_kept, what_only_the_kernels_start_sets_anew_is_compared, sizeof images / sizeof *images)
SUITE(restart, the_command_line_of_a_slot_is_read_from_its_entry, command_lines_are_the_same_but_for_the_image,
      the_image_that_runs_is_read_from_the_kernels_table, links_and_kinds_are_compared, units_that_devices_want_are_found,
      a_template_is_started_for_its_device, figures_are_what_prometheus_reads)
