/* Which disk has the state, and how one comes to have it: the rules as a table, disks as sysfs and files show them, and a file
 * system that is whole or not there. */
#include "suite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/file.h"
#include "host/proc.h"
#include "machine/remark_files.h"
#include "machine/root/media.h"
#include "machine/root/format_state.h"
#include "machine/root/move_state.h"
#include "machine/root/state_choice.h"
#include "machine/say.h"
#include "scratch.h"

enum { MIB = 1 << 20, GIB = 1 << 30 };

/* --- the rules ------------------------------------------------------------------------------------------------------- */

#define BLANK .size_bytes = GIB, .blank = true
#define STATE .size_bytes = GIB, .state

static const struct rule {
	const char *name;
	struct state_disk disks[3];
	size_t n;
	const char *own;
	enum state_act act;
	const char *device, *problem, *remark; /* words of the texts; "" for none */
} rules[] = {
	{"nothing", {{.name = ""}}, 0, "", STATE_MEMORY, "", "no disk for the state", ""},
	{"one blank", {{"vdb", BLANK}}, 1, "", STATE_FORMAT, "vdb", "", ""},
	{"one blank, named", {{"vdb", "state", BLANK}}, 1, "", STATE_FORMAT, "vdb", "", ""},
	{"two blank", {{"vdb", BLANK}, {"vdc", BLANK}}, 2, "", STATE_MEMORY, "", "several disks are blank (vdb, vdc)", ""},
	{"two blank, one named", {{"vdb", BLANK}, {"vdc", "state", BLANK}}, 2, "", STATE_FORMAT, "vdc", "", ""},
	{"two blank, both named", {{"vdb", "state", BLANK}, {"vdc", "state", BLANK}}, 2, "", STATE_MEMORY, "",
	 "several disks have the serial number 'state' (vdb, vdc)", ""},
	{"one blank, one with something", {{"vdb", .size_bytes = GIB}, {"vdc", BLANK}}, 2, "", STATE_FORMAT, "vdc", "", ""},
	{"one with something", {{"vdb", .size_bytes = GIB}}, 1, "", STATE_MEMORY, "", "no disk for the state", ""},
	{"named, with something; another blank", {{"vdb", "state", .size_bytes = GIB}, {"vdc", BLANK}}, 2, "", STATE_MEMORY, "",
	 "vdb has the serial number 'state', but it is neither blank nor", ""},
	{"named, too small", {{"vdb", "state", .size_bytes = MIB, .blank = true}}, 1, "", STATE_MEMORY, "",
	 "smaller than 64 MiB", ""},
	{"blank, too small", {{"vdb", .size_bytes = MIB, .blank = true}}, 1, "", STATE_MEMORY, "", "no disk for the state", ""},
	{"one labelled", {{"vdb", STATE = "vdb"}}, 1, "", STATE_MOUNT, "vdb", "", ""},
	{"a labelled partition", {{"vdb", STATE = "vdb2"}}, 1, "", STATE_MOUNT, "vdb2", "", ""},
	{"labelled, and a blank one that is named", {{"vdb", "state", BLANK}, {"vdc", STATE = "vdc"}}, 2, "", STATE_MOUNT,
	 "vdc", "", ""},
	{"two labelled", {{"vdb", STATE = "vdb"}, {"vdc", STATE = "vdc1"}}, 2, "", STATE_MEMORY, "", "(vdb, vdc)", ""},
	{"two labelled, one named", {{"vdb", STATE = "vdb"}, {"vdc", "state", STATE = "vdc1"}}, 2, "", STATE_MOUNT, "vdc1", "",
	 "vdb, vdc): vdc is used"},
	{"two labelled, both named", {{"vdb", "state", STATE = "vdb"}, {"vdc", "state", STATE = "vdc"}}, 2, "",
	 STATE_MEMORY, "", "(vdb, vdc)", ""},
	{"the system's own", {{.name = ""}}, 0, "vda5", STATE_MOUNT, "vda5", "", "still on the system's own disk (vda5)"},
	{"the system's own, and a blank one", {{"vdb", "state", BLANK}}, 1, "vda5", STATE_MOUNT, "vda5", "", "still on"},
	{"the system's own, and two labelled", {{"vdb", STATE = "vdb"}, {"vdc", STATE = "vdc"}}, 2, "vda5", STATE_MEMORY, "",
	 "(vdb, vdc)", ""},
	{"the system's own, and a labelled one", {{"vdb", STATE = "vdb"}}, 1, "vda5", STATE_MOUNT, "vdb", "", "vda5"},
	{"labelled, and a system's", {{"vdb", STATE = "vdb"}, {"vdc", STATE = "vdc5", .system = true}}, 2, "", STATE_MOUNT,
	 "vdb", "", "another one beside a system, which is not used: vdc"},
	{"a system's alone", {{"vdc", STATE = "vdc5", .system = true}}, 1, "", STATE_MOUNT, "vdc5", "", ""},
	{"two systems'", {{"vdb", STATE = "vdb5", .system = true}, {"vdc", STATE = "vdc5", .system = true}}, 2, "",
	 STATE_MEMORY, "", "(vdb, vdc)", ""},
	{"a copy that is not whole", {{"vdb", .size_bytes = GIB, .coming = "vdb"}}, 1, "", STATE_MEMORY, "", "no disk", ""},
};

static void holds(const struct rule *rule, const struct state_disk *disks)
{
	struct state_choice choice;

	state_choose(disks, rule->n, rule->own, &choice);
	ck_assert_msg(choice.act == rule->act, "%s", rule->name);
	ck_assert_str_eq(choice.device, rule->device);
	ck_assert_msg(*rule->problem ? strstr(choice.problem, rule->problem) != NULL : !*choice.problem, "%s: %s", rule->name,
		      choice.problem);
	ck_assert_msg(*rule->remark ? strstr(choice.remark, rule->remark) != NULL : !*choice.remark, "%s: %s", rule->name,
		      choice.remark);
}

/* In both orders: which disk was found first means nothing. */
START_TEST(the_disk_with_the_state_is_chosen_by_what_is_on_it)
{
	const struct rule *rule = &rules[_i];
	struct state_disk turned[3];
	struct state_choice one, other;

	holds(rule, rule->disks);
	for (size_t i = 0; i < rule->n; i++)
		turned[i] = rule->disks[rule->n - 1 - i];
	state_choose(rule->disks, rule->n, rule->own, &one);
	state_choose(turned, rule->n, rule->own, &other);
	ck_assert_int_eq(one.act, other.act);
	ck_assert_str_eq(one.device, other.device);
}
END_TEST

START_TEST(a_move_goes_to_the_disk_that_would_be_taken_or_to_the_one_it_began_with)
{
	static const struct { struct state_disk disks[2]; size_t n; const char *device; } moves[] = {
		{{{.name = ""}}, 0, ""}, {{{"vdb", BLANK}}, 1, "vdb"}, {{{"vdb", BLANK}, {"vdc", BLANK}}, 2, ""},
		{{{"vdb", .size_bytes = GIB, .coming = "vdb"}, {"vdc", BLANK}}, 2, "vdb"},
		{{{"vdb", .coming = "vdb"}, {"vdc", .coming = "vdc"}}, 2, ""}, {{{"vdb", .size_bytes = GIB}}, 1, ""},
	};
	struct state_choice choice;
	char why[400];

	for (size_t i = 0; i < sizeof moves / sizeof *moves; i++) {
		*why = 0;
		ck_assert_int_eq(move_choose(moves[i].disks, moves[i].n, &choice, why, sizeof why), *moves[i].device != 0);
		if (*moves[i].device)
			ck_assert_str_eq(choice.device, moves[i].device);
		else
			ck_assert_msg(*why, "move %zu", i);
	}
}
END_TEST

/* --- disks as the kernel shows them ---------------------------------------------------------------------------------- */

static const char *file(const char *format, const char *name)
{
	return arena_printf(scratch_arena(), format, name);
}

static void put(const char *name, const void *data, size_t size)
{
	const char *path = scratch_path(name);
	struct err err = {0};

	ck_assert_int_eq(make_folder(arena_strndup(scratch_arena(), path, (size_t)(strrchr(path, '/') - path)), 0755), 0);
	ck_assert_int_eq(file_write(path, data, size, 0644, &err), 0);
}

/* A disk of 32 MiB with nothing on it. */
static int make_disk(const char *name)
{
	int fd;

	put(file("sys/class/block/%s/size", name), "65536\n", 6);
	put(file("dev/%s", name), "", 0);
	fd = open(scratch_path(file("dev/%s", name)), O_RDWR | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(ftruncate(fd, 32 * MIB), 0);
	return fd;
}

static size_t look(struct state_disk disks[DISKS_MAX])
{
	return media_look(scratch_path("sys"), scratch_path("dev"), "vda", disks);
}

START_TEST(disks_are_seen_with_their_serial_numbers)
{
	struct state_disk disks[DISKS_MAX];

	close(make_disk("vda"));
	close(make_disk("vdb"));
	put("sys/class/block/vdb/serial", "state\n", 6);
	close(make_disk("sda"));
	put("sys/class/block/sda/device/vpd_pg80", "\0\x80\0\x0a  state   ", 14);
	close(make_disk("nvme0n1"));
	put("sys/class/block/nvme0n1/device/serial", "state               \n", 21);
	close(make_disk("vdc"));
	put("sys/class/block/vdc/ro", "1\n", 2);
	close(make_disk("sr0"));
	close(make_disk("dm-0"));
	put("sys/class/block/vdb1/partition", "1\n", 2);
	ck_assert_uint_eq(look(disks), 3);
	ck_assert_str_eq(disks[0].name, "nvme0n1");
	ck_assert_str_eq(disks[1].name, "sda");
	ck_assert_str_eq(disks[2].name, "vdb");
	for (size_t i = 0; i < 3; i++) {
		ck_assert_str_eq(disks[i].serial, "state");
		ck_assert_uint_eq(disks[i].size_bytes, 32 * MIB);
		ck_assert(disks[i].blank);
	}
}
END_TEST

/* Where other programs put the names of what they write (magic(5), libblkid's probes), and data without any. */
static const struct { const char *what; long at; const char *bytes; } signs[] = {
	{"a table of partitions", 510, "\x55\xaa"}, {"a GPT", 512, "EFI PART"}, {"ext4", 1080, "\x53\xef"}, {"xfs", 0, "XFSB"},
	{"btrfs", 65600, "_BHRfS_M"}, {"LVM", 536, "LVM2"}, {"LUKS", 0, "LUKS"}, {"swap", 4086, "SWAPSPACE2"},
	{"iso9660", 32769, "CD001"}, {"md 1.2", 4096, "\xfc\x4e\x2b\xa9"}, {"md 1.0", 32 * MIB - 8192, "\xfc\x4e\x2b\xa9"},
	{"md 0.90", 32 * MIB - 65536, "\xfc\x4e\x2b\xa9"}, {"the second GPT", 32 * MIB - 512, "EFI PART"},
	{"ZFS", 135168, "zfs"},
	{"VMFS", 1 * MIB, "\x0d\xd0\x01\xc0"}, {"the first byte", 0, "x"}, {"the last byte", 32 * MIB - 1, "x"},
	{"something within", 16 * MIB, "x"}, {"our marker, and something", 4095, "x"},
};

START_TEST(what_has_any_sign_of_use_is_not_blank)
{
	struct state_disk disks[DISKS_MAX];
	uint8_t marker[DISK_MARKER_BYTES];
	int fd = make_disk("vdb");

	if (signs[_i].at == 4095) {
		media_marker(marker);
		ck_assert_int_eq(write_all(fd, marker, sizeof marker, 0), 0);
	}
	ck_assert_int_eq(write_all(fd, signs[_i].bytes, strlen(signs[_i].bytes), signs[_i].at), 0);
	close(fd);
	ck_assert_uint_eq(look(disks), 1);
	ck_assert_msg(!disks[0].blank, "%s", signs[_i].what);
	ck_assert_int_eq(truncate(scratch_path("dev/vdb"), 0), 0); /* cannot be read as far as it says */
	ck_assert_uint_eq(look(disks), 1);
	ck_assert(!disks[0].blank);
}
END_TEST

/* --- file systems ---------------------------------------------------------------------------------------------------- */

static void make_file_system(const char *path, const char *label)
{
	const char *argv[] = {"/usr/sbin/mkfs.ext4", "-q", "-F", "-b", "4096", "-L", label, "-E",
			      "lazy_itable_init=1,lazy_journal_init=1,nodiscard", path, NULL};
	struct err err = {0};

	ck_assert_int_eq(truncate(path, 32 * MIB), 0);
	ck_assert_int_eq(proc_check(&(struct proc){.argv = argv}, &err), 0);
}

static bool is_sound(const char *path)
{
	const char *argv[] = {"/usr/sbin/e2fsck", "-fn", path, NULL};
	_cleanup_buf_ struct buf output = {0};
	struct err err = {0};

	return proc_run(&(struct proc){.argv = argv, .output = &output}, &err) == 0;
}

START_TEST(a_state_is_found_on_a_disk_and_on_a_partition_of_one)
{
	struct state_disk disks[DISKS_MAX];

	close(make_disk("vdb"));
	make_file_system(scratch_path("dev/vdb"), "state");
	close(make_disk("vdc"));
	put("sys/class/block/vdc/vdc2/partition", "2\n", 2);
	put("sys/class/block/vdc/vdc2/uevent", "PARTNAME=state\n", 15);
	put("sys/class/block/vdc/vdc1/partition", "1\n", 2);
	put("sys/class/block/vdc/vdc1/uevent", "DEVNAME=vdc1\nPARTNAME=root-a\n", 30);
	put("dev/vdc2", "", 0);
	make_file_system(scratch_path("dev/vdc2"), "state");
	close(make_disk("vdd"));
	make_file_system(scratch_path("dev/vdd"), "state-coming");
	close(make_disk("vde"));
	make_file_system(scratch_path("dev/vde"), "stateful");
	ck_assert_uint_eq(look(disks), 4);
	ck_assert_str_eq(disks[0].state, "vdb");
	ck_assert_str_eq(disks[1].state, "vdc2");
	ck_assert(!disks[0].system && disks[1].system && !disks[2].system);
	ck_assert_str_eq(disks[2].coming, "vdd");
	for (size_t i = 0; i < 4; i++)
		ck_assert_int_eq(!*disks[i].state, i > 1);
	ck_assert(!disks[0].blank && !disks[2].blank && !disks[3].blank);
}
END_TEST

/* A copy of the device as it was after each of the writes: the file system is there whole, or the disk is as good as blank. */
START_TEST(a_file_system_appears_by_its_last_write)
{
	int from, to = make_disk("vdb");
	struct state_disk disks[DISKS_MAX];
	uint8_t first[DISK_MARKER_BYTES], marker[DISK_MARKER_BYTES];

	put("image", "", 0);
	make_file_system(scratch_path("image"), "state");
	from = open(scratch_path("image"), O_RDWR | O_CLOEXEC);
	ck_assert_int_ge(from, 0);
	ck_assert_int_eq(format_publish(from, to), 0);
	ck_assert(is_sound(scratch_path("dev/vdb")));
	ck_assert_uint_eq(look(disks), 1);
	ck_assert_str_eq(disks[0].state, "vdb");
	ck_assert_int_eq(read_all(to, first, sizeof first, 0), sizeof first);

	/* All but the last write. */
	media_marker(marker);
	ck_assert_int_eq(write_all(to, marker, sizeof marker, 0), 0);
	ck_assert_uint_eq(look(disks), 1);
	ck_assert(disks[0].blank && !*disks[0].state);
	ck_assert_int_eq(format_publish(from, to), 0);
	ck_assert(is_sound(scratch_path("dev/vdb")));
	close(from);
	close(to);
}
END_TEST

START_TEST(a_disk_that_cannot_be_written_stays_blank)
{
	struct state_disk disks[DISKS_MAX];
	int from, to;

	close(make_disk("vdb"));
	put("image", "", 0);
	make_file_system(scratch_path("image"), "state");
	from = open(scratch_path("image"), O_RDWR | O_CLOEXEC);
	to = open(scratch_path("dev/vdb"), O_RDONLY | O_CLOEXEC);
	ck_assert_int_eq(format_publish(from, to), -EBADF);
	ck_assert_uint_eq(look(disks), 1);
	ck_assert(disks[0].blank);
	close(from);
	close(to);
}
END_TEST

/* --- remarks --------------------------------------------------------------------------------------------------------- */

static void add_line(const char *line, void *data)
{
	buf_printf(data, "%s|", line);
}

START_TEST(remarks_are_kept_by_program_and_replaced)
{
	_cleanup_buf_ struct buf lines = {0};

	ck_assert_int_eq(remarks_set(scratch(), "b", "three\n"), 0);
	ck_assert_int_eq(remarks_set(scratch(), "a", "one\n\ntwo"), 0);
	remarks_each(scratch(), add_line, &lines);
	ck_assert_str_eq(lines.data, "one|two|three|");
	ck_assert_int_eq(remarks_set(scratch(), "a", ""), 0);
	ck_assert_int_eq(remarks_set(scratch(), "a", ""), 0);
	ck_assert_int_eq(remarks_set(scratch(), "b", "four"), 0);
	buf_free(&lines);
	lines = (struct buf){0};
	remarks_each(scratch(), add_line, &lines);
	ck_assert_str_eq(lines.data, "four|");
}
END_TEST

LOOP_SUITE(state_rules, the_disk_with_the_state_is_chosen_by_what_is_on_it, sizeof rules / sizeof *rules)
LOOP_SUITE(state_blank, what_has_any_sign_of_use_is_not_blank, sizeof signs / sizeof *signs)
SUITE(state, a_move_goes_to_the_disk_that_would_be_taken_or_to_the_one_it_began_with, disks_are_seen_with_their_serial_numbers,
      a_state_is_found_on_a_disk_and_on_a_partition_of_one, a_file_system_appears_by_its_last_write,
      a_disk_that_cannot_be_written_stays_blank, remarks_are_kept_by_program_and_replaced)
