/* What is made of an image's bytes: the format, lists of files, fstab, devices, text that is shown. */
#include "suite.h"

#include <errno.h>
#include <string.h>

#include "base/bytes.h"
#include "base/escape.h"
#include "inspect/devices.h"
#include "inspect/entries.h"
#include "inspect/kind.h"
#include "inspect/pairing.h"
#include "inspect/points.h"
#include "scratch.h"

/* --- the format ------------------------------------------------------------------------------------------------------ */

enum { PLAIN, BACKED, ELSEWHERE, ENCRYPTED, OLD };

static void fill_qcow2(uint8_t head[KIND_HEAD_BYTES], int how)
{
	memcpy(head, "QFI\xfb\0\0\0\3", 8);
	head[7] = how == OLD ? 1 : 3;
	head[15] = how == BACKED ? 200 : 0;
	head[35] = how == ENCRYPTED;
	head[79] = how == ELSEWHERE ? 4 : 0;
}

START_TEST(a_qcow2_that_leads_to_another_file_is_refused)
{
	static const struct {
		int how, r;
		const char *says;
	} rows[] = {
		{PLAIN, 0, NULL}, {BACKED, -ENOTSUP, "backing file"}, {ELSEWHERE, -ENOTSUP, "external data file"},
		{ENCRYPTED, -ENOTSUP, "encrypted"}, {OLD, -EBADMSG, "version 2 or 3"},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		uint8_t head[KIND_HEAD_BYTES] = {0};
		struct inspect_kind kind = {0};
		struct err err = {0};

		fill_qcow2(head, rows[i].how);
		ck_assert_int_eq(kind_tell("x.qcow2", head, sizeof head, &kind, &err), rows[i].r);
		if (rows[i].says)
			ck_assert_msg(strstr(err.first->text, rows[i].says) != NULL, "%s", err.first->text);
		else
			ck_assert_str_eq(kind.format, "qcow2");
		err_free(&err);
	}
}
END_TEST

START_TEST(the_first_bytes_tell_what_an_image_is)
{
	static const struct {
		size_t at;
		const char *bytes;
		int r;
		bool template;
		const char *unpack;
	} rows[] = {
		{0, "nothing", 0, false, NULL}, {0, "\x28\xb5\x2f\xfd", 0, true, "zstd -dc"},
			{0, "\x1f\x8b\x08", 0, true, "gzip -dc"},
		{0, "\xfd" "7zXZ", 0, true, "xz -dc"}, {257, "ustar", 0, true, "cat"}, {0, "KDMV", -ENOTSUP, false, NULL},
		{0, "vhdxfile", -ENOTSUP, false, NULL},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		uint8_t head[KIND_HEAD_BYTES] = {0};
		struct inspect_kind kind = {0};
		struct err err = {0};

		memcpy(head + rows[i].at, rows[i].bytes, strlen(rows[i].bytes));
		ck_assert_int_eq(kind_tell("x", head, sizeof head, &kind, &err), rows[i].r);
		ck_assert_int_eq(kind.template, rows[i].template);
		if (rows[i].r == 0)
			ck_assert_str_eq(kind.format, "raw");
		if (rows[i].unpack)
			ck_assert_str_eq(kind.unpack, rows[i].unpack);
		err_free(&err);
	}
}
END_TEST

/* --- lists of files -------------------------------------------------------------------------------------------------- */

#define RECORD(type, path, target) "e\0" type "\0" "4755\0" "0\0" "42\0" "7\0" "1700000000.25\0" path "\0" target "\0"

static int read_entries(const char *records, size_t size, struct inspect_entries *entries)
{
	struct err err = {0};
	int r = entries_read(scratch_arena(), records, size, entries, &err);

	ck_assert_int_eq(r, err_result(&err));
	err_free(&err);
	return r;
}

START_TEST(a_list_of_files_is_read_with_digests_and_attributes)
{
	static const char records[] = RECORD("d", "", "") RECORD("f", "b c\n", "") RECORD("l", "a", "../../x")
		"h0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef  ./b c\n\0"
		"x# file: b c\\012\nuser.b=0x01\nsecurity.capability=0x00";
	struct inspect_entries entries = {0};
	const struct inspect_entry *file;

	ck_assert_int_eq(read_entries(records, sizeof records, &entries), 0);
	ck_assert_uint_eq(entries.n, 3);
	file = entries_find(&entries, "b c\n");
	ck_assert(file && file->mode == 04755 && file->gid == 42 && file->size == 7 && file->time == 1700000000);
	ck_assert_str_eq(file->sha256, "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef");
	ck_assert_str_eq(file->attributes, "security.capability=0x00\nuser.b=0x01");
	ck_assert_str_eq(entries_find(&entries, "a")->target, "../../x");
	ck_assert(!entries_find(&entries, "c"));
}
END_TEST

START_TEST(a_list_that_leads_elsewhere_is_none)
{
	static const char *const paths[] = {"..", "../x", "a/../../x", "/etc/shadow", "a//b", "a/", "./a", "a/.."};

	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
		ck_assert_msg(!entries_path_stays(paths[i]), "%s", paths[i]);
	ck_assert(entries_path_stays("a/..b/...c/\xff"));
	ck_assert_int_eq(read_entries(RECORD("f", "../x", ""), sizeof RECORD("f", "../x", "") - 1,
				      &(struct inspect_entries){0}), -EBADMSG);
	ck_assert_int_eq(read_entries(RECORD("q", "x", ""), sizeof RECORD("q", "x", "") - 1, &(struct inspect_entries){0}),
			 -EBADMSG);
	ck_assert_int_eq(read_entries("e\0f\0", 4, &(struct inspect_entries){0}), -EBADMSG);
}
END_TEST

/* --- what stands where ----------------------------------------------------------------------------------------------- */

START_TEST(mounts_of_an_fstab_are_told_in_their_order)
{
	static const char text[] =
		"# PARTLABEL=no /no ext4 x 0 0\nLABEL=data /srv/my\\040data/ ext4 defaults 0 2\n"
		"/dev/vg/home /home btrfs "
		"rw,subvol=/@home 0 0\ntmpfs /tmp tmpfs rw 0 0\nUUID=1 /../etc ext4 rw\nUUID=2 none swap sw\nUUID=3 /\n";
	struct inspect_point *points;
	size_t n;

	points = points_read(scratch_arena(), text, &n);
	ck_assert_uint_eq(n, 2);
	ck_assert_str_eq(points[0].folder, "/home");
	ck_assert_str_eq(points[0].subvolume, "@home");
	ck_assert_str_eq(points[1].folder, "/srv/my data");
	ck_assert_str_eq(points[1].source, "LABEL=data");
}
END_TEST

START_TEST(devices_are_found_by_what_people_call_them)
{
	static const char text[] =
		"{\"blockdevices\": [{\"name\": \"sda\", \"path\": \"/dev/sda\", \"type\": \"disk\", \"size\": 9, "
		"\"pttype\": \"gpt\","
		"\"children\": [{\"name\": \"sda1\", \"path\": \"/dev/sda1\", \"type\": \"part\", \"start\": 2048, "
		"\"size\": 5, \"partlabel\": \"esp\","
		"\"fstype\": \"vfat\", \"label\": \"E\xff\", \"uuid\": \"A-1\"}, {\"name\": \"sda2\", \"path\": \"/dev/sda2\", "
		"\"type\": \"part\","
		"\"children\": [{\"name\": \"vg--x-lv\", \"path\": \"/dev/mapper/vg--x-lv\", \"type\": \"lvm\"}]}]}]}";
	static const struct {
		const char *called, *name;
	} rows[] = {
		{"esp", "sda1"}, {"1", "sda1"}, {"2", "sda2"}, {"LABEL=E?", "sda1"}, {"UUID=a-1", "sda1"},
			{"/dev/disk/by-partlabel/esp", "sda1"},
		{"/dev/vg-x/lv", "vg--x-lv"}, {"vg-x/lv", "vg--x-lv"}, {"/dev/mapper/vg--x-lv", "vg--x-lv"},
			{"vg-x-lv", NULL}, {"3", NULL},
		{"", NULL}, {"UUID=", NULL},
	};
	struct inspect_device *devices;
	struct err err = {0};
	size_t n;

	ck_assert_int_eq(devices_read(scratch_arena(), text, strlen(text), &devices, &n, &err), 0);
	ck_assert_uint_eq(n, 4);
	ck_assert(devices[1].start == 2048 * 512 && devices[3].depth == 2);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct inspect_device *found = devices_find(devices, n, rows[i].called);

		ck_assert_msg(rows[i].name ? found && strcmp(found->name, rows[i].name) == 0 : !found, "%s", rows[i].called);
	}
}
END_TEST

/* --- what belongs together ------------------------------------------------------------------------------------------- */

/* A machine that was switched, and the image it has in its second slot; both with an array of two disks and a group. */
static struct inspect_device machine_devices[] = {
	{.name = "sda", .kind = "disk", .parent = -1, .table = "gpt"},
	{.name = "sda1", .kind = "part", .parent = 0, .depth = 1, .number = 1, .label = "root-a", .place = "/a"},
	{.name = "sda2", .kind = "part", .parent = 0, .depth = 1, .number = 2, .label = "root-b", .place = "/b"},
	{.name = "sda3", .kind = "part", .parent = 0, .depth = 1, .number = 3, .label = "m", .fs = "linux_raid_member"},
	{.name = "md127", .kind = "raid1", .parent = 3, .depth = 2, .place = "/m"},
	{.name = "sda4", .kind = "part", .parent = 0, .depth = 1, .number = 4, .label = "n", .fs = "linux_raid_member"},
	{.name = "md126", .kind = "raid1", .parent = 5, .depth = 2, .place = "/n"},
	{.name = "sda5", .kind = "part", .parent = 0, .depth = 1, .number = 5, .fs = "LVM2_member"},
	{.name = "group-home", .kind = "lvm", .parent = 7, .depth = 2},
	{.name = "sda9", .kind = "part", .parent = 0, .depth = 1, .number = 9},
};
static struct inspect_device image_devices[] = {
	{.name = "sdb", .kind = "disk", .parent = -1, .table = "gpt"},
	{.name = "sdb1", .kind = "part", .parent = 0, .depth = 1, .number = 1, .label = "root-a", .place = "/a"},
	{.name = "sdb2", .kind = "part", .parent = 0, .depth = 1, .number = 2, .label = "root-b"},
	{.name = "sdb4", .kind = "part", .parent = 0, .depth = 1, .number = 4, .label = "n", .fs = "linux_raid_member"},
	{.name = "md125", .kind = "raid1", .parent = 3, .depth = 2, .place = "/n"},
	{.name = "sdb3", .kind = "part", .parent = 0, .depth = 1, .number = 3, .label = "m", .fs = "linux_raid_member"},
	{.name = "md124", .kind = "raid1", .parent = 5, .depth = 2, .place = "/m"},
	{.name = "sdb5", .kind = "part", .parent = 0, .depth = 1, .number = 5, .fs = "LVM2_member"},
	{.name = "apart_group-home", .kind = "lvm", .parent = 7, .depth = 2},
	{.name = "sdb8", .kind = "part", .parent = 0, .depth = 1, .number = 8},
};

START_TEST(devices_of_two_images_find_each_other)
{
	enum { N = sizeof machine_devices / sizeof *machine_devices };
	static const int partners[N] = {0, 2, 1, 5, 6, 3, 4, 7, 8, -1};
	static const bool contents[N] = {false, true, true, false, true, false, true, false, true, true};
	struct inspect_view machine = {
		.arena = scratch_arena(), .devices = machine_devices, .n = N,
		.slots = {{.letter = 'a', .root_hash = "11"}, {.letter = 'b', .root_hash = "22"}},
	};
	struct inspect_view image = {
		.arena = scratch_arena(), .devices = image_devices, .n = sizeof image_devices / sizeof *image_devices,
		.slots = {{.letter = 'a', .root_hash = "22"}, {.letter = 'b'}},
	};
	const struct inspect_device **found = pairing_find(&machine, &image);

	for (int i = 0; i < N; i++) {
		ck_assert_msg(found[i] == (partners[i] < 0 ? NULL : &image_devices[partners[i]]), "%s belongs to %s",
			      machine_devices[i].name, found[i] ? found[i]->name : "nothing");
		ck_assert_msg(pairing_has_content(&machine, &machine_devices[i]) == contents[i], "%s", machine_devices[i].name);
	}
	ck_assert_str_eq(pairing_name(&image_devices[8]), "group-home");
}
END_TEST

START_TEST(what_is_shown_is_text_and_nothing_is_lost)
{
	static const struct {
		const char *bytes, *shown;
	} rows[] = {
		{"", ""}, {"plain é", "plain é"}, {"a\nb\x1b[2J", "a\\x0ab\\x1b[2J"}, {"\xff\xc3", "\\xff\\xc3"},
			{"a\\b", "a\\\\b"},
		{"\xc2\x9b" "1m", "\\xc2\\x9b1m"},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		ck_assert_str_eq(escape_shown(scratch_arena(), rows[i].bytes), rows[i].shown);
	ck_assert(!escape_shown(scratch_arena(), NULL));
}
END_TEST

SUITE(inspect, a_qcow2_that_leads_to_another_file_is_refused, the_first_bytes_tell_what_an_image_is,
      a_list_of_files_is_read_with_digests_and_attributes, a_list_that_leads_elsewhere_is_none,
	      mounts_of_an_fstab_are_told_in_their_order,
      devices_are_found_by_what_people_call_them, what_is_shown_is_text_and_nothing_is_lost,
      devices_of_two_images_find_each_other)
