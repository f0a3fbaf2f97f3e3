/* A container's generations: what its init reads, chooses, mounts and brings along, and how the agent takes a tree. The judge
 * of the machine's parser is the builder's writer, and the other way round. */
#include "suite.h"

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "artifact/listing.h"
#include "base/file.h"
#include "contract/box.h"
#include "contract/esp.h"
#include "edge/digest.h"
#include "host/proc.h"
#include "machine/agent/gather.h"
#include "machine/audit.h"
#include "machine/books.h"
#include "machine/box/bring.h"
#include "machine/box/choose.h"
#include "machine/box/steps.h"
#include "machine/hex.h"
#include "machine/mountinfo.h"
#include "child.h"
#include "scratch.h"

enum { EPOCH = 1700000000 };

/* Runs a shell command in the test's folder; it has to succeed. */
static void run(const char *command)
{
	const struct proc proc = {.argv = (const char *const[]){"/bin/bash", "-c", command, NULL}, .cwd = scratch()};
	struct err err = {0};
	int r = proc_check(&proc, &err);

	if (r < 0)
		err_print(&err, stderr);
	ck_assert_msg(r == 0, "%s", command);
}

/* --- the books ------------------------------------------------------------------------------------------------------- */

static bool is_same(const struct books *a, const struct books *b)
{
	return a->good == b->good && a->trial == b->trial && a->tries == b->tries;
}

static const struct { const char *text; int r; struct books books; } books[] = {
	{"good=a\n", 0, {'a', 0, 0}},
	{"good=b\ntrial=a\ntries=3\n", 0, {'b', 'a', 3}},
	{"tries=2\ntrial=b\ngood=a", 0, {'a', 'b', 2}},
	{"good=a\ntrial=b\n", 0, {'a', 'b', 0}},              /* what cannot be counted is not tried */
	{"good=a\ntrial=b\ntries=9\n", 0, {'a', 'b', 3}},
	{"good=a\ntrial=b\ntries=-1\n", 0, {'a', 'b', 3}},
	{"good=a\ntrial=c\ntries=3\n", 0, {'a', 0, 0}},
	{"good=a\nother=x\n", 0, {'a', 0, 0}},
	{"good=a\ntrial=a\ntries=3\n", -EINVAL, {0}},
	{"good=c\n", -EINVAL, {0}},
	{"good=ab\n", -EINVAL, {0}},
	{"trial=b\ntries=3\n", -EINVAL, {0}},
	{"", -EINVAL, {0}},
};

START_TEST(the_books_are_read)
{
	struct books is = {0};
	char text[BOOKS_BYTES];
	struct books again;

	ck_assert_int_eq(books_parse(books[_i].text, &is), books[_i].r);
	ck_assert(is_same(&is, &books[_i].books));
	if (books[_i].r < 0)
		return;
	books_print(&is, text);
	ck_assert_int_eq(books_parse(text, &again), 0);
	ck_assert(is_same(&again, &is));
	ck_assert_int_eq(books_write(scratch(), &is), 0);
	ck_assert_int_eq(books_read(scratch(), &again), 0);
	ck_assert(is_same(&again, &is));
}
END_TEST

LOOP_SUITE(box_books, the_books_are_read, sizeof books / sizeof *books)

/* --- what starts ----------------------------------------------------------------------------------------------------- */

/* States of a slot are letters: - none, w whole, b bad, r the root. */
static const struct { const char *books, *states, *order; } choices[] = {
	{NULL, "r-", "r"},                                    /* a container that never took anything */
	{NULL, "rw", "r"},                                    /* books that nobody can read */
	{"good=a", "rw", "r"},
	{"good=a\ntrial=b\ntries=3", "rw", "br"},             /* the trial, and behind it what there was */
	{"good=a\ntrial=b\ntries=0", "rw", "r"},              /* used up */
	{"good=a\ntrial=b\ntries=3", "r-", "r"},              /* nothing is there, or it was refused */
	{"good=a\ntrial=b\ntries=3", "rb", "r"},              /* it has failed */
	{"good=b", "rw", "br"},
	{"good=b", "r-", "r"},
	{"good=b", "rb", "br"},                               /* good, and failed later: better than nothing */
	{"good=b\ntrial=a\ntries=1", "ww", "abr"},
	{"good=b\ntrial=a\ntries=1", "-w", "br"},             /* slot a is being taken */
	{"good=b", "ww", "bar"},
	{"good=b", "w-", "ar"},
	{"good=b", "b-", "r"},
	{"good=a", "w-", "ar"},
	{"good=a", "--", "r"},
	{"good=b\ntrial=a\ntries=0", "ww", "br"},             /* what was on trial is not the way back */
};

START_TEST(the_trial_starts_then_what_is_good_and_at_last_the_root)
{
	static const enum choose_state meanings[] = {['-'] = CHOOSE_NONE, ['w'] = CHOOSE_WHOLE, ['b'] = CHOOSE_BAD,
						     ['r'] = CHOOSE_IS_ROOT};
	const enum choose_state states[] = {meanings[(unsigned char)choices[_i].states[0]],
					    meanings[(unsigned char)choices[_i].states[1]]};
	struct books there;
	char order[CHOOSE_MAX + 1] = "";
	size_t n;

	if (choices[_i].books)
		ck_assert_int_eq(books_parse(choices[_i].books, &there), 0);
	n = choose(choices[_i].books ? &there : NULL, states, order);
	ck_assert_uint_eq(n, strlen(order));
	ck_assert_str_eq(order, choices[_i].order);
}
END_TEST

LOOP_SUITE(box_choices, the_trial_starts_then_what_is_good_and_at_last_the_root, sizeof choices / sizeof *choices)

/* --- what is mounted ------------------------------------------------------------------------------------------------- */

#define ROOT "30 20 8:1 /lxc/1027 / rw,relatime master:5 - ext4 /dev/sda1 rw\n"
#define SHARED_ROOT "30 20 8:1 /lxc/1027 / rw,relatime shared:5 - ext4 /dev/sda1 rw\n"

/* Steps are told as SOURCE>TARGET, with * for all that is in it and ! for a path of `state:`. */
static const struct { const char *mounts, *state, *steps; } mounts[] = {
	{ROOT, "", ">/ /t>/t /aether>/t/aether"},
	{ROOT "31 30 0:5 / /proc rw - proc proc rw\n32 31 0:5 /sys /proc/sys ro - proc proc rw\n"
	 "33 30 0:6 / /dev rw - tmpfs none rw\n34 33 0:7 / /dev/pts rw - devpts devpts rw\n", "",
	 ">/ /t>/t /proc>/t/proc* /dev>/t/dev* /aether>/t/aether"},
	{ROOT "31 30 8:2 / /var/lib/aether rw - ext4 /dev/sdb rw\n", "/var/lib/aether\n/var/lib/box\n",
	 ">/ /t>/t /var/lib/box>/t/var/lib/box*! /var/lib/aether>/t/var/lib/aether* /aether>/t/aether"},
	{ROOT "31 30 8:2 / /var/lib rw - ext4 /dev/sdb rw\n", "/var/lib/aether\n",
	 ">/ /t>/t /var/lib>/t/var/lib* /aether>/t/aether"},
	{ROOT "31 30 8:2 / /var/lib/box/in rw - ext4 /dev/sdb rw\n", "/var/lib/box\n",
	 ">/ /t>/t /var/lib/box>/t/var/lib/box*! /aether>/t/aether"},
	{ROOT "31 30 8:2 / /with\\040space rw - ext4 /dev/sdb rw\n", "",
	 ">/ /t>/t /with space>/t/with space* /aether>/t/aether"},
	{"1 0 0:1 / / rw - rootfs rootfs rw\n31 1 8:2 / /old rw - ext4 /dev/sdb rw\n" ROOT, "", ">/ /t>/t /aether>/t/aether"},
	{SHARED_ROOT, "relative\n\n/\n", ">/ /t>/t /aether>/t/aether"},
};

START_TEST(all_mounts_come_along_by_what_an_unprivileged_container_may_do)
{
	static const unsigned long allowed[] = {MS_BIND, MS_BIND | MS_REC, MS_REC | MS_SLAVE};
	char *text = scratch_own(strdup(mounts[_i].mounts)), *state = scratch_own(strdup(mounts[_i].state));
	struct box_steps steps;
	char told[1024] = "";
	size_t at = 0;

	ck_assert_int_eq(steps_plan("/t", text, state, &steps), 0);
	ck_assert_int_eq(steps.shared, strstr(mounts[_i].mounts, "shared:") != NULL);
	for (size_t i = 0; i < steps.n; i++) {
		const struct box_step *step = &steps.steps[i];
		bool is_allowed = false;

		at += (size_t)snprintf(told + at, sizeof told - at, "%s%s>%s%s%s", i ? " " : "",
				       step->source ? step->source : "",
				       step->target, step->flags == (MS_BIND | MS_REC) ? "*" : "", step->state ? "!" : "");
		for (size_t n = 0; n < sizeof allowed / sizeof *allowed; n++)
			is_allowed |= step->flags == allowed[n] && (step->source != NULL) == ((step->flags & MS_BIND) != 0);
		ck_assert(is_allowed);
	}
	ck_assert_str_eq(told, mounts[_i].steps);
	steps_free(&steps);
}
END_TEST

LOOP_SUITE(box_mounts, all_mounts_come_along_by_what_an_unprivileged_container_may_do, sizeof mounts / sizeof *mounts)

START_TEST(what_is_mounted_at_the_root_tells_which_slot_runs)
{
	static const struct { const char *text; char slot; } rows[] = {
		{ROOT, 0},
		{"30 20 8:1 /lxc/1027/aether/b/tree / rw - ext4 /dev/sda1 rw\n", 'b'},
		{"30 20 8:1 /aether/a/tree / rw - ext4 /dev/sda1 rw\n31 30 0:5 / /proc rw - proc proc rw\n", 'a'},
		{"30 20 8:1 /aether/c/tree / rw - ext4 /dev/sda1 rw\n", 0},
		{"30 20 8:1 /aether/b/trees / rw - ext4 /dev/sda1 rw\n", 0},
		{"30 20 8:1 /aether/b/tree /mnt rw - ext4 /dev/sda1 rw\n", 0},
		{"30 20 8:1 /aether/a/tree / rw - ext4 /dev/sda1 rw\n" ROOT, 0},
		{"", 0}, {"nonsense", 0}, {"30 20 8:1 tree / rw - ext4 x rw\n", 0},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		ck_assert_int_eq(mountinfo_slot(scratch_own(strdup(rows[i].text))), rows[i].slot);
}
END_TEST

/* --- lists ----------------------------------------------------------------------------------------------------------- */

#define HEAD "aether-tree 1\ntime 5\nd\t755\t0\t0\t.\n"
#define HEX "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

START_TEST(lists_that_would_lead_out_of_the_tree_or_make_no_sense_are_refused)
{
	static const struct { const char *text; unsigned line; } rows[] = {
		{"", 1}, {"aether-tree 2\ntime 5\n", 1}, {"aether-tree 1\ntime x\n", 2}, {"aether-tree 1\ntime 5\n", 3},
		{"aether-tree 1\ntime 5\nf\t644\t0\t0\t.\t0\t" HEX "\n", 3},
		{HEAD "f\t644\t0\t0\t../x\t0\t" HEX "\n", 4},
		{HEAD "f\t644\t0\t0\t/x\t0\t" HEX "\n", 4},
		{HEAD "f\t644\t0\t0\tx/y\t0\t" HEX "\n", 4},
		{HEAD "l\t777\t0\t0\tx\t/etc\nf\t644\t0\t0\tx/y\t0\t" HEX "\n", 5},
		{HEAD "d\t755\t0\t0\tb\nf\t644\t0\t0\ta\t0\t" HEX "\n", 5},
		{HEAD "d\t755\t0\t0\ta\nd\t755\t0\t0\ta\n", 5},
		{HEAD "d\t755\t0\t0\ta\nd\t755\t0\t0\tb\nd\t755\t0\t0\ta/c\n", 6},
		{HEAD "f\t644\t0\t0\tx\t0\n", 4}, {HEAD "f\t644\t0\t0\tx\t-1\t" HEX "\n", 4},
		{HEAD "f\t644\t0\t0\tx\t0\tff\n", 4},
		{HEAD "f\t999\t0\t0\tx\t0\t" HEX "\n", 4}, {HEAD "f\t10000\t0\t0\tx\t0\t" HEX "\n", 4},
		{HEAD "f\t644\t65536\t0\tx\t0\t" HEX "\n", 4},
		{HEAD "h\t644\t0\t0\tx\tnothing\n", 4}, {HEAD "d\t755\t0\t0\ta\nh\t644\t0\t0\tx\ta\n", 5},
		{HEAD "c\t644\t0\t0\tx\n", 4}, {HEAD "l\t777\t0\t0\tx\t\n", 4}, {HEAD "d\t755\t0\t0\tx\tuser.a=0\n", 4},
		{HEAD "d\t755\t0\t0\tx\tuser.a\n", 4}, {HEAD "l\t777\t0\t0\tx\ty\tuser.a=00\n", 4}, {HEAD "\n", 4},
		{HEAD "d\t755\t0\t0\t.\n", 4}, {HEAD "d\t755\t0\t0\ta/.\n", 4}, {HEAD "d\t755\t0\t0\ta//b\n", 4},
		{HEAD "d\t755\t0\t0\tx\\q\n", 4},
		{HEAD "f\t644\t0\t0\ta\t0\t" HEX "\nf\t644\t0\t0\ta-b\t0\t" HEX "\nd\t755\t0\t0\ta\n", 6},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct roster list;
		unsigned line;

		ck_assert_msg(roster_parse(scratch_own(strdup(rows[i].text)), &list, &line) == -EINVAL, "row %zu", i);
		ck_assert_msg(line == rows[i].line, "row %zu: line %u", i, line);
		roster_free(&list);
	}
}
END_TEST

/* A tree with something of everything, as the builder lists it. */
static void make_tree(const char *name, const char *edit)
{
	_cleanup_buf_ struct buf text = {0};
	char command[1200], path[64];
	struct err err = {0};

	setlocale(LC_CTYPE, "C.UTF-8");
	snprintf(command, sizeof command,
		 "mkdir -p %1$s/usr/lib/aether %1$s/usr/lib/systemd %1$s/etc/network %1$s/aether %1$s/a-b '%1$s/a b' && "
		 "cd %1$s && echo one >etc/first && ln etc/first etc/hard && ln -s first etc/link && echo one >etc/twin && "
		 "mkfifo a-b/pipe && "
		 "printf 'x\\ty' >\"$(printf 'a b/t\\tn')\" && : >usr/lib/aether/state && echo s >usr/lib/systemd/systemd && "
		 "seq 20000 >usr/large && chmod 4755 usr/large && echo t >etc/hostname && echo h >etc/hosts && "
		 "ln -s UTC etc/localtime && %2$s", name, edit);
	run(command);
	snprintf(path, sizeof path, "%s/usr/large", name);
	ck_assert_int_eq(setxattr(scratch_path(path), "user.note", "v\0alue", 6, 0), 0);
	ck_assert_int_eq(listing_make(scratch_path(name), EPOCH, &text, &err), 0);
	snprintf(path, sizeof path, "%s" LIST_FILE, name);
	ck_assert_int_eq(file_write(scratch_path(path), text.data, text.size, LIST_MODE, &err), 0);
}

static bool is_sound(const char *name, char *why, size_t size)
{
	uint8_t hash[HASH_BYTES];
	struct roster list;
	char *text;
	bool sound;

	ck_assert_int_eq(roster_read(scratch_path(name), &list, &text, hash), 0);
	sound = audit_tree(scratch_path(name), &list, NULL, NULL, why, size);
	roster_free(&list);
	free(text);
	return sound;
}

static const struct { const char *change, *why; } changes[] = {
	{"true", NULL},
	{"touch etc/first", NULL},                            /* times do not count */
	{"echo two >etc/first", "/etc/first has another content"},
	{"echo more >>etc/first", "/etc/first has another size, or other names"},
	{"rm etc/twin", "/etc has more or less in it"},
	{"rm etc/twin; touch etc/other", "/etc/twin is missing"},
	{"touch etc/more", "/etc has more or less in it"},
	{"chmod 600 etc/twin", "/etc/twin has another mode"},
	{"chmod 0755 usr/large", "/usr/large has another mode"},
	{"chown 5 etc/twin", "/etc/twin has another owner"},
	{"ln -sfn twin etc/link", "/etc/link leads elsewhere"},
	{"rm etc/link; cp etc/first etc/link", "/etc/link is something else"},
	{"rm etc/hard; cp -p etc/first etc/hard", "/etc/first has another size, or other names"},
	{"rm etc/hard; ln etc/twin etc/hard; ln etc/first ../elsewhere", "/etc/hard is another file"},
	{"ln etc/twin ../elsewhere", "/etc/twin has another size, or other names"},
	{"python3 -c 'import os; os.removexattr(\"usr/large\", \"user.note\")'", "/usr/large has other attributes"},
	{"python3 -c 'import os; os.setxattr(\"usr/large\", \"user.more\", b\"1\")'", "/usr/large has other attributes"},
	{"rm a-b/pipe; mkdir a-b/pipe", "/a-b/pipe is something else"},
	{"chmod 700 .", "/ has another mode"},
	{"echo >>usr/lib/aether/state", "/usr/lib/aether/state has another size, or other names"},
};

START_TEST(a_tree_that_was_changed_is_told_from_its_list)
{
	char why[200] = "", command[300];

	make_tree("tree", "true");
	snprintf(command, sizeof command, "cd tree && %s", changes[_i].change);
	run(command);
	ck_assert_int_eq(is_sound("tree", why, sizeof why), !changes[_i].why);
	ck_assert_str_eq(why, changes[_i].why ? changes[_i].why : "");
}
END_TEST

LOOP_SUITE(box_changes, a_tree_that_was_changed_is_told_from_its_list, sizeof changes / sizeof *changes)

/* --- what a hypervisor writes ---------------------------------------------------------------------------------------- */

/* What is done to the root, to the next tree; then a shell says whether it is right. */
static const struct { const char *root, *tree, *right; } brought[] = {
	{"true", "true", "grep -qx next tree/etc/hosts && grep -qx t tree/etc/hostname"},
	{"echo by-hypervisor >etc/hosts", "true", "grep -qx by-hypervisor tree/etc/hosts"},
	{"echo by-hypervisor >etc/hosts", "touch etc/.pve-ignore.hosts", "grep -qx next tree/etc/hosts"},
	{"chmod 600 etc/hosts; touch etc/hosts", "true", "grep -qx next tree/etc/hosts"},
	{"rm etc/hosts", "true", "grep -qx next tree/etc/hosts"},
	{"echo r >etc/resolv.conf", "true", "grep -qx r tree/etc/resolv.conf"},
	{"echo r >etc/resolv.conf", "ln -s /nowhere etc/resolv.conf",
	 "[ ! -L tree/etc/resolv.conf ] && grep -qx r tree/etc/resolv.conf"},
	{"ln -sfn Zurich etc/localtime", "true", "[ $(readlink tree/etc/localtime) = Zurich ]"},
	{"echo i >etc/network/interfaces", "true", "grep -qx i tree/etc/network/interfaces"},
	{"echo h >etc/hosts; echo other >usr/lib/aether/tree", "true", "grep -qx h tree/etc/hosts"}, /* no list: all of it */
	{"echo 0123456789abcdef0123456789abcdef >etc/machine-id", "true",
	 "grep -qx 0123456789abcdef0123456789abcdef tree/etc/machine-id"},
	{"echo uninitialized >etc/machine-id", "echo 00000000000000000000000000000001 >etc/machine-id",
	 "grep -qE '^[0-9a-f]{12}4[0-9a-f]{19}$' tree/etc/machine-id && cmp root/etc/machine-id tree/etc/machine-id"},
	{"true", "true", "cmp root/etc/machine-id tree/etc/machine-id"},
	{"echo by-hypervisor >etc/hosts; chmod 640 etc/hosts; chown 7:8 etc/hosts", "true",
	 "[ \"$(stat -c '%a %u %g' tree/etc/hosts)\" = '640 7 8' ]"},
};

START_TEST(what_a_hypervisor_wrote_comes_along_and_nothing_else)
{
	char command[400], why[200] = "";

	make_tree("root", "true");
	make_tree("tree", "echo next >etc/hosts");
	snprintf(command, sizeof command, "(cd root && %s) && cd tree && %s", brought[_i].root, brought[_i].tree);
	run(command);
	ck_assert_int_eq(bring_all(scratch_path("root"), scratch_path("tree"), why, sizeof why), 0);
	run(brought[_i].right);
	run("[ -z \"$(find tree -name '*new*')\" ]");
}
END_TEST

LOOP_SUITE(box_brought, what_a_hypervisor_wrote_comes_along_and_nothing_else, sizeof brought / sizeof *brought)

/* --- taking a tree --------------------------------------------------------------------------------------------------- */

/* The container: root runs, and slot b takes. */
static void container_open(struct boot *boot)
{
	*boot = (struct boot){.esp = "box", .history = "failures", .n_slots = 2, .store = &boot_trees};
	boot->slots[0].letter = 'a';
	boot->slots[1].letter = 'b';
	boot->running = &boot->slots[0];
	boot->other = &boot->slots[1];
	ck_assert_int_eq(hash_file(scratch_path("root" LIST_FILE), boot->root_hash), 0);
	boot_reload(boot);
}

static void container_take(int fd, const struct offer *offer)
{
	static struct talk talk;
	static struct boot boot;
	struct gather how = {.talk = &talk, .boot = &boot, .offer = offer, .running = scratch_path("root")};

	talk = (struct talk){.in = fd, .out = fd};
	ck_assert_int_eq(chdir(scratch()), 0);
	container_open(&boot);
	gather(&how);
	talk_say(&talk, OFFER_DONE " %llu %llu %llu", (unsigned long long)how.in_place, (unsigned long long)how.copied,
		 (unsigned long long)how.received);
}

struct taken_how {
	long cut_after;                /* bytes; -1: never */
	bool lie;
	unsigned long long in_place, copied, received;
	size_t n_files;
};

/* The builder: gives what is asked for, until it has enough. */
static void serve(struct taken_how *how, int fd, const struct buf *list)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	FILE *in = fdopen(dup(fd), "r");
	struct listing_file *files;
	struct err err = {0};
	char line[600];
	size_t n;

	ck_assert_int_eq(listing_read(arena, arena_strndup(arena, list->data, list->size), &files, &n, &err), 0);
	while (fgets(line, sizeof line, in)) {
		_cleanup_buf_ struct buf content = {0};
		unsigned long long number;

		if (strcmp(line, OFFER_LIST "\n") == 0) {
			buf_add(&content, list->data, list->size);
		} else if (sscanf(line, OFFER_FILE " %llu\n", &number) == 1) {
			for (size_t i = 0; i < n; i++)
				if (files[i].number == number)
					ck_assert_int_eq(file_read(scratch_path(arena_printf(arena, "next/%s", files[i].path)),
								   1 << 24, &content, &err), 0);
			how->n_files++;
			if (how->lie)
				content.data[0] ^= 1;
		}
		if (sscanf(line, OFFER_DONE " %llu %llu %llu", &how->in_place, &how->copied, &how->received) == 3)
			break;
		if (how->cut_after >= 0 && (long)content.size > how->cut_after)
			break;
		how->cut_after -= how->cut_after >= 0 ? (long)content.size : 0;
		if (content.size && fd_write_all(fd, content.data, content.size) < 0)
			break;
	}
	fclose(in);
}

/* One run of it; the machine's exit status. */
static int take_once(struct taken_how *how)
{
	_cleanup_buf_ struct buf list = {0};
	struct offer offer = {.is_tree = true, .generation = 2};
	struct err err = {0};
	int fds[2], status;
	pid_t child;

	scratch();
	how->n_files = 0;
	ck_assert_int_eq(file_read(scratch_path("next" LIST_FILE), 1 << 24, &list, &err), 0);
	offer.objects[OBJECT_ROOT].size_bytes = list.size;
	sha256_of(list.data, list.size, offer.objects[OBJECT_ROOT].root_hash);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	child = child_start();
	if (child == 0) {
		close(fds[0]);
		container_take(fds[1], &offer);
		_exit(0);
	}
	close(fds[1]);
	serve(how, fds[0], &list);
	close(fds[0]);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void make_generations(void)
{
	make_tree("root", "mkdir -p ../box");
	make_tree("next", "echo two >etc/first && mkdir usr/more && seq 30000 >usr/more/new && "
			  "cp usr/more/new usr/more/newer && rm etc/twin && chmod 700 a-b");
}

/* What the init would start. */
static bool is_on_trial(void)
{
	struct books there;

	return books_read(scratch_path("box" BOX_FOLDER), &there) == 0 && there.trial == 'b' && there.tries == SLOT_TRIES &&
	       access(scratch_path("box/aether/b/image"), F_OK) == 0 && access(scratch_path("box/aether/b/taking"), F_OK) < 0;
}

static void check_taken(void)
{
	char why[200] = "";

	ck_assert(is_on_trial());
	ck_assert_msg(is_sound("box/aether/b/tree", why, sizeof why), "%s", why);
	run("diff -r --no-dereference -x pipe next box/aether/b/tree && "
	    "diff <(cd next && find . -printf '%p %M %U %G %s %l\\n' | grep -v '^./[^ ]* d' | LC_ALL=C sort) "
	    "<(cd box/aether/b/tree && find . -printf '%p %M %U %G %s %l\\n' | grep -v '^./[^ ]* d' | LC_ALL=C sort)");
	run("[ -z \"$(find box/aether/b/tree ! -type d -links +1 ! -path '*/etc/*')\" ] && "
	    "grep -q '^generation=2$' box/aether/b/image");
}

START_TEST(a_tree_is_taken_and_no_content_is_sent_that_is_there)
{
	struct taken_how how = {.cut_after = -1};
	struct stat list, new;

	make_generations();
	ck_assert_int_eq(take_once(&how), 0);
	check_taken();
	list = scratch_look("next" LIST_FILE);
	new = scratch_look("next/usr/more/new");
	ck_assert_uint_eq(how.n_files, 2); /* etc/first, and one of the two that are new */
	ck_assert_uint_eq(how.received, (unsigned long long)(list.st_size + new.st_size + 4));
	ck_assert_int_eq(take_once(&how), 0); /* once more: all of it is in its place */
	ck_assert_uint_eq(how.n_files, 0);
	check_taken();
}
END_TEST

START_TEST(what_runs_is_believed_when_it_was_read)
{
	struct taken_how how = {.cut_after = -1};

	make_generations();
	run("cd root && echo evil >usr/lib/systemd/systemd && echo x >usr/large");
	ck_assert_int_eq(take_once(&how), 0);
	ck_assert_uint_eq(how.n_files, 4);
	check_taken();
}
END_TEST

START_TEST(a_content_that_is_another_is_no_content)
{
	struct taken_how how = {.cut_after = -1, .lie = true};

	make_generations();
	ck_assert_int_ne(take_once(&how), 0);
	ck_assert(!is_on_trial());
	how.lie = false;
	ck_assert_int_eq(take_once(&how), 0);
	check_taken();
}
END_TEST

/* The slot had another generation, which ran and left its own things. */
START_TEST(what_was_in_the_slot_is_used_or_goes)
{
	struct taken_how how = {.cut_after = -1};

	make_generations();
	run("mkdir -p box/aether/b && cp -a next box/aether/b/tree && cd box/aether/b && echo root=00 >image && "
	    "echo x >failure && cd tree && rm -r a-b && ln -s / a-b && echo >etc/own && mkdir -p usr/large.d/x && "
	    "touch usr/large.d/x/y && "
	    "ln usr/more/new ../../../../shared && rm etc/link && mkdir etc/link && touch etc/link/in && chmod 777 usr && "
	    "chown 9 etc");
	ck_assert_int_eq(take_once(&how), 0);
	check_taken();
	run("[ -d / ] && [ ! -e box/aether/b/failure ] && [ \"$(stat -c %h shared)\" = 1 ]");
}
END_TEST

/* The connection ends after so many bytes; each time the container would start what it had, and goes on the next time. */
START_TEST(a_connection_that_is_cut_leaves_nothing_that_starts)
{
	struct taken_how how = {.cut_after = _i * 4001};

	make_generations();
	if (take_once(&how) != 0) {
		ck_assert(!is_on_trial());
		how.cut_after = -1;
		ck_assert_int_eq(take_once(&how), 0);
	}
	check_taken();
}
END_TEST

LOOP_SUITE(box_cut, a_connection_that_is_cut_leaves_nothing_that_starts, 46)

/* --- verdicts -------------------------------------------------------------------------------------------------------- */

START_TEST(a_verdict_is_in_the_books)
{
	struct taken_how how = {.cut_after = -1};
	struct boot boot;

	make_generations();
	ck_assert_int_eq(take_once(&how), 0);
	ck_assert_int_eq(chdir(scratch()), 0);
	container_open(&boot);
	boot.history = scratch_path("var/failures");
	ck_assert_int_eq(boot.other->state, SLOT_TRIAL);
	ck_assert_uint_eq(boot.other->tries_left, SLOT_TRIES);
	ck_assert_int_eq(boot.running->state, SLOT_GOOD);
	boot_bless(&boot, boot.other);
	ck_assert_str_eq(scratch_text("box/aether/books"), "good=b\n");
	ck_assert_int_eq(boot.other->state, SLOT_GOOD);
	boot.running = &boot.slots[1];
	boot.other = &boot.slots[0];
	boot_condemn(&boot, boot.running, "on\nfire");
	ck_assert_str_eq(scratch_text("box/aether/books"), "good=a\n");
	ck_assert_int_eq(boot.running->state, SLOT_BAD);
	ck_assert_str_eq(boot.running->failed_reason, "on fire");
	ck_assert_ptr_nonnull(strstr(scratch_text("var/failures"), boot.running->root_hash));
}
END_TEST

START_TEST(what_the_init_refused_is_a_failure)
{
	struct taken_how how = {.cut_after = -1};
	struct boot boot;

	make_generations();
	ck_assert_int_eq(take_once(&how), 0);
	run("printf 'it was changed' >box/aether/b/refused");
	ck_assert_int_eq(chdir(scratch()), 0);
	container_open(&boot);
	boot.history = scratch_path("var/failures");
	ck_assert(boot.other->refused && boot.other->state == SLOT_BAD);
	ck_assert_str_eq(boot.other->failed_reason, "it was changed");
	boot_condemn(&boot, boot.other, "it was changed");
	ck_assert(!boot.other->refused && boot.other->state == SLOT_BAD);
	ck_assert_str_eq(scratch_text("box/aether/books"), "good=a\n");
}
END_TEST

SUITE(box, what_is_mounted_at_the_root_tells_which_slot_runs,
      lists_that_would_lead_out_of_the_tree_or_make_no_sense_are_refused, a_tree_is_taken_and_no_content_is_sent_that_is_there,
      what_runs_is_believed_when_it_was_read, a_content_that_is_another_is_no_content, what_was_in_the_slot_is_used_or_goes,
      a_verdict_is_in_the_books, what_the_init_refused_is_a_failure)
