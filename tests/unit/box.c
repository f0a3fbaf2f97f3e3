/* A container's generations: what its init reads, chooses and mounts. */
#include "suite.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

#include "machine/books.h"
#include "machine/box/choose.h"
#include "machine/box/steps.h"
#include "machine/mountinfo.h"
#include "machine/roster.h"
#include "scratch.h"

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

SUITE(box, what_is_mounted_at_the_root_tells_which_slot_runs,
      lists_that_would_lead_out_of_the_tree_or_make_no_sense_are_refused)
