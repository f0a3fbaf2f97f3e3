/* The machine's side of block stacks: what is read, what is decided for connected disks, and what a cut leaves of them. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "machine/disks/group_acts.h"
#include "machine/disks/leaf_disks.h"
#include "machine/disks/publish_shadows.h"
#include "machine/disks/recovery.h"
#include "machine/root/media.h"
#include "suite.h"

#define DISKS "disk\ta\tserial=a\trole=data\ndisk\tb\tserial=b\trole=data\n"
#define MIRROR DISKS "md\tm\ton=a\ton=b\tname=m\tlevel=1\tmetadata=1.2\nfs\tf\ton=m\tformat=ext4\tlabel=f\n"
#define GROUP DISKS "vg\tv\ton=a\ton=b\tname=v\nlv\tl\ton=v\tname=l\ttype=linear\tpercent=100\n" \
		    "fs\tf\ton=l\tformat=xfs\tlabel=f\n"
#define TABLE "disk\ta\tserial=a\trole=state\tearly\ngpt\tg\ton=a\tearly\n" \
	      "part\tp\ton=g\tnumber=1\tlabel=p\ttype=8300\tsize=1000000\tearly\n" \
	      "part\tq\ton=g\tnumber=2\tlabel=q\ttype=8300\n" \
	      "fs\tf\ton=p\tformat=ext4\tlabel=state\tearly\nvar\tvar\ton=f\tearly\n" \
	      "luks\ts\ton=q\tname=s\tkey=file\tpath=/var/key\nfs\tt\ton=s\tformat=ext4\tlabel=t\n"
#define LEGS DISKS "gpt\tag\ton=a\ngpt\tbg\ton=b\n" \
	     "part\tap\ton=ag\tnumber=1\tlabel=p\ttype=FD00\npart\tbp\ton=bg\tnumber=1\tlabel=p\ttype=FD00\n" \
	     "md\tm\ton=ap\ton=bp\tname=m\tlevel=1\tmetadata=1.2\n"

static struct nodes nodes;
static char text[8192];

static const char *parse(const char *from)
{
	const char *problem;
	unsigned line;

	strcpy(text, from);
	return nodes_parse(text, &nodes, &line, &problem) == 0 ? NULL : problem;
}

/* --- reading --------------------------------------------------------------------------------------------------------- */

static const struct { const char *text, *problem; } refused[] = {
	{"what\tx\n", "this kind is not known"},
	{"disk\n", "a line needs a kind and an id, and there can be 256 at most"},
	{"disk\ta\tserial=a\n", "a word is missing"},
	{"disk\t../a\tserial=a\trole=data\n", "an id is unique, and has letters, digits and .-_@ only"},
	{DISKS "disk\ta\tserial=c\trole=data\n", "an id is unique, and has letters, digits and .-_@ only"},
	{"fs\tf\ton=a\tformat=ext4\tlabel=f\n", "it stands on what is not before it"},
	{DISKS "fs\tf\ton=a\ton=b\tformat=ext4\tlabel=f\n", "it stands on too few or too many others"},
	{DISKS "lv\tl\ton=a\tname=l\ttype=linear\n", "it cannot stand on that"},
	{DISKS "vg\tv\ton=a\tname=--all\n", "a name has letters, digits and .-_@ only"},
	{DISKS "gpt\tg\ton=a\npart\tp\ton=g\tnumber=-1\tlabel=p\ttype=8300\n", "a number was expected"},
	{DISKS "luks\tl\ton=a\tname=l\tkey=word\n", "this kind of key is not known"},
	{DISKS "luks\tl\ton=a\tname=l\tkey=disk\n", "where the key is, is missing"},
	{DISKS "luks\tl\ton=a\tname=l\tkey=disk\tdisk=k\n", "the key's disk is not known"},
	{DISKS "fs\tf\ton=a\tformat=btrfs\tlabel=f\nsubvolume\ts\ton=f\tpath=../x\n", "this path leads elsewhere"},
};

START_TEST(test_what_is_wrong_with_a_line_is_said)
{
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
		const char *problem = parse(refused[i].text);

		ck_assert_msg(problem && strcmp(problem, refused[i].problem) == 0, "%s: %s", refused[i].text, problem);
	}
}
END_TEST

START_TEST(test_words_are_found_by_their_keys)
{
	ck_assert_ptr_null(parse(GROUP));
	ck_assert_str_eq(node_word(&nodes.list[3], "type"), "linear");
	ck_assert_uint_eq(node_word_number(&nodes.list[3], "percent"), 100);
	ck_assert_ptr_null(node_word(&nodes.list[3], "per"));
	ck_assert_ptr_null(node_word(&nodes.list[3], "size"));
}
END_TEST

/* --- deciding -------------------------------------------------------------------------------------------------------- */

/* States of disks in their order: b(lank), t(here), m(issing), u(nfinished). `chosen`: what is made, by id. */
static const struct { const char *text, *states; bool early; enum group_act act; const char *chosen; } decisions[] = {
	{MIRROR, "bb", false, GROUP_MAKE, "m f"},
	{MIRROR, "tt", false, GROUP_OPEN, ""},
	{MIRROR, "tm", false, GROUP_OPEN, ""},
	{MIRROR, "tb", false, GROUP_REPAIR, ""},
	{MIRROR, "bm", false, GROUP_LEAVE, ""},
	{MIRROR, "uu", false, GROUP_OPEN, ""},
	{MIRROR, "tu", false, GROUP_OPEN, ""},
	{MIRROR, "ub", false, GROUP_MAKE, "m f"},
	{LEGS, "tb", false, GROUP_REPAIR, "bg bp"},
	{LEGS, "bt", false, GROUP_REPAIR, "ag ap"},
	{GROUP, "bb", false, GROUP_MAKE, "v l f"},
	{GROUP, "tb", false, GROUP_LEAVE, ""},
	{GROUP, "mb", false, GROUP_LEAVE, ""},
	{GROUP, "ub", false, GROUP_MAKE, "v l f"},
	{TABLE, "b", true, GROUP_MAKE, "g p q f var"},
	{TABLE, "b", false, GROUP_MAKE, "g p q f var s t"},
	{TABLE, "t", true, GROUP_OPEN, ""},
	{DISKS, "bb", false, GROUP_NOTHING, ""},
};

static void set_states(const char *states)
{
	for (size_t i = 0; i < nodes.n; i++) {
		if (!leaf_is(&nodes.list[i]))
			continue;
		nodes.list[i].state = *states == 'b' ? NODE_BLANK : *states == 'm' ? NODE_MISSING : NODE_THERE;
		nodes.list[i].unfinished = *states++ == 'u';
	}
}

START_TEST(test_connected_disks_are_decided_together)
{
	static struct unit unit;
	char chosen[512] = "";
	enum group_act act;

	ck_assert_ptr_null(parse(decisions[_i].text));
	nodes_group(&nodes);
	set_states(decisions[_i].states);
	act = group_decide(&nodes, 0, decisions[_i].early, &unit);
	for (size_t i = 0; act == GROUP_MAKE || act == GROUP_REPAIR ? i < nodes.n : false; i++)
		if (unit.chosen[i])
			sprintf(chosen + strlen(chosen), "%s%s", *chosen ? " " : "", nodes.list[i].id);
	ck_assert_int_eq(act, decisions[_i].act);
	ck_assert_str_eq(chosen, decisions[_i].chosen);
}
END_TEST

/* --- publishing ------------------------------------------------------------------------------------------------------ */

enum { BYTES = 8 << 20, BLOCK = 4096 };

static int new_file(const char *head, int64_t more)
{
	int fd = memfd_create("disk", MFD_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(ftruncate(fd, BYTES), 0);
	if (head)
		ck_assert_int_eq(pwrite(fd, head, strlen(head), 0), (ssize_t)strlen(head));
	if (more)
		ck_assert_int_eq(pwrite(fd, "more", 4, more), 4);
	return fd;
}

static void has(int fd, int64_t at, const char *bytes)
{
	char there[64] = "";

	ck_assert_int_eq(pread(fd, there, strlen(bytes), at), (ssize_t)strlen(bytes));
	ck_assert_str_eq(there, bytes);
}

START_TEST(test_what_is_published_is_there_and_nothing_else)
{
	struct published disks[] = {{new_file("first", 2 << 20), new_file(NULL, 0), 0}, {new_file("other", 1 << 20),
											 new_file(NULL, 0), 0}};
	char one[BLOCK], other[BLOCK];

	ck_assert_int_eq(publish(disks, 2), 0);
	for (unsigned i = 0; i < 2; i++) {
		for (int64_t at = 0; at < BYTES; at += BLOCK) {
			ck_assert_int_eq(pread(disks[i].from, one, BLOCK, at), BLOCK);
			ck_assert_int_eq(pread(disks[i].to, other, BLOCK, at), BLOCK);
			ck_assert_mem_eq(one, other, BLOCK);
		}
		ck_assert_int_eq(publish_offset(disks[i].to), 0);
		close(disks[i].from);
		close(disks[i].to);
	}
}
END_TEST

START_TEST(test_a_disk_without_its_first_block_gets_it_later)
{
	int disk = new_file("aether: all that is to be on this disk is there but for its first block, which is at 3145728\n",
			    3 << 20);
	static const char zeros[8];
	char there[8];

	ck_assert_int_eq(publish_offset(disk), 3 << 20);
	ck_assert_int_eq(publish_finish(disk), 0);
	has(disk, 0, "more");
	ck_assert_int_eq(pread(disk, there, sizeof there, 3 << 20), (ssize_t)sizeof there);
	ck_assert_mem_eq(there, zeros, sizeof there);
	ck_assert_int_eq(publish_offset(disk), 0);
	close(disk);
}
END_TEST

START_TEST(test_a_marker_that_leads_outside_is_none)
{
	static const char *const offsets[] = {"0", "-4096", "4097", "8388608", "99999999999999999999", "3145729", "x",
					      "3145728 "};
	char head[256];

	for (size_t i = 0; i < sizeof offsets / sizeof *offsets; i++) {
		int disk;

		sprintf(head, "aether: all that is to be on this disk is there but for its first block, which is at %s\n",
			offsets[i]);
		disk = new_file(head, 0);
		ck_assert_msg(publish_offset(disk) == 0, "%s", offsets[i]);
		close(disk);
	}
}
END_TEST

START_TEST(test_a_recovery_key_can_be_typed)
{
	unsigned char bytes[RECOVERY_BYTES];
	char out[RECOVERY_TEXT];

	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (unsigned char)(i * 8);
	recovery_print(bytes, out);
	ck_assert_uint_eq(strlen(out), RECOVERY_TEXT - 1);
	ck_assert_str_eq(out, "cccjbcbj-dcdjecej-fcfjgcgj-hchjicij-"
			      "jcjjkckj-lcljncnj-rcrjtctj-ucujvcvj");
}
END_TEST

SUITE(stacks, test_what_is_wrong_with_a_line_is_said, test_words_are_found_by_their_keys,
      test_what_is_published_is_there_and_nothing_else, test_a_disk_without_its_first_block_gets_it_later,
      test_a_marker_that_leads_outside_is_none, test_a_recovery_key_can_be_typed)
LOOP_SUITE(stack_decisions, test_connected_disks_are_decided_together, sizeof decisions / sizeof *decisions)
