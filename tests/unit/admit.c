/* What a machine takes at all, before anything is written. */
#include "suite.h"

#include <string.h>

#include "machine/agent/admit.h"

enum { MIB = 1 << 20 };

#define HASH_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define HASH_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static struct boot boot;
static struct offer offer;
static struct admit_room room;
static char why[1024];

/* A machine that is well, and an offer for it. */
static void make_good(void)
{
	boot = (struct boot){.name = "gateway", .kind = "vm", .format = "1", .root_hash = HASH_A, .n_slots = 2};
	boot.slots[0] = (struct slot){.letter = 'a', .size_bytes = 64 * MIB, .state = SLOT_GOOD};
	boot.slots[1] = (struct slot){.letter = 'b', .size_bytes = 64 * MIB, .state = SLOT_EMPTY};
	boot.running = &boot.slots[0];
	boot.other = &boot.slots[1];
	offer = (struct offer){.name = "gateway", .kind = "vm", .format = 1, .generation = 2};
	for (size_t i = 0; i < N_OBJECTS; i++) {
		offer.objects[i].size_bytes = 5 * MIB;
		memset(offer.objects[i].root_hash, 0xbb, HASH_BYTES);
	}
	offer.objects[OBJECT_ROOT].size_bytes = 40 * MIB;
	room = (struct admit_room){64 * MIB, 100 * MIB};
}

static bool is_admitted(const char *failures, bool force)
{
	*why = 0;
	return admit(&boot, &offer, &room, failures, force, why, sizeof why);
}

static void check_refused(const char *words)
{
	ck_assert_msg(!is_admitted("", false), "not refused: %s", words);
	ck_assert_msg(strstr(why, words) != NULL, "no '%s' in: %s", words, why);
}

START_TEST(a_good_offer_is_admitted)
{
	make_good();
	ck_assert(is_admitted("", false));
	ck_assert_str_eq(why, "");
}
END_TEST

START_TEST(another_machines_image_is_refused_and_no_force_helps)
{
	make_good();
	strcpy(offer.name, "mail");
	check_refused("this machine is 'gateway', but the image is for 'mail'");
	ck_assert(!is_admitted("", true));
	make_good();
	strcpy(offer.kind, "lxc");
	check_refused("of kind 'lxc'");
	make_good();
	boot.n_slots = 0;
	boot.running = boot.other = NULL;
	check_refused("has no slots");
	make_good();
	boot.other = NULL;
	check_refused("only one slot");
}
END_TEST

START_TEST(formats_that_do_not_fit_are_refused)
{
	make_good();
	offer.format = 0;
	check_refused("this machine needs at least 1");
	offer.format = 2;
	check_refused("supports at most 1");
}
END_TEST

START_TEST(what_does_not_fit_is_refused)
{
	make_good();
	boot.other->size_bytes = 40 * MIB; /* the data alone would fit */
	check_refused("slot b has only 40");
	make_good();
	room.esp_bytes = 19 * MIB;
	check_refused("EFI system partition, which has only 19");
	make_good();
	room.state_bytes = 31 * MIB;
	check_refused("/var has only 31 MiB free");
	ck_assert(is_admitted("", true));
}
END_TEST

START_TEST(the_way_back_is_not_written_over)
{
	make_good();
	boot.running->state = SLOT_TRIAL;
	check_refused("on trial");
	ck_assert(is_admitted("", true));
}
END_TEST

START_TEST(an_image_that_was_bad_here_is_refused_with_the_reason)
{
	static const char failures[] = "when=1\nreason=first\nslot=b\nroot=" HASH_B "\ngeneration=2\n\n"
				       "when=2\nreason=tcp 443: refused\nslot=b\nroot=" HASH_B "\ngeneration=2\n\n"
				       "when=3\nreason=another\nslot=b\nroot=" HASH_A "\ngeneration=3\n\n";

	make_good();
	ck_assert(!is_admitted(failures, false));
	ck_assert_ptr_nonnull(strstr(why, "bad on this machine (tcp 443: refused)"));
	ck_assert(is_admitted(failures, true));
	memset(offer.objects[OBJECT_ROOT].root_hash, 0xcc, HASH_BYTES);
	ck_assert(is_admitted(failures, false));
}
END_TEST

START_TEST(the_image_that_runs_is_always_welcome)
{
	make_good();
	memset(offer.objects[OBJECT_ROOT].root_hash, 0xaa, HASH_BYTES);
	boot.running->state = SLOT_TRIAL;
	room = (struct admit_room){0};
	ck_assert(is_admitted("", false));
}
END_TEST

static void make_container(void)
{
	make_good();
	strcpy(boot.kind, "lxc");
	boot.store = &boot_trees;
	boot.can_start_trees = true;
	boot.slots[0].size_bytes = boot.slots[1].size_bytes = MIB; /* what counts is the room for the list's files */
	strcpy(offer.kind, "lxc");
	offer.is_tree = true;
	room.esp_bytes = 0;
}

START_TEST(a_container_takes_trees_and_nothing_else)
{
	make_container();
	ck_assert(is_admitted("", false));
	offer.is_tree = false;
	check_refused("not what a machine of kind 'lxc' is offered");
	make_good();
	offer.is_tree = true;
	check_refused("not what a machine of kind 'vm' is offered");
	make_container();
	boot.running->state = SLOT_TRIAL;
	check_refused("on trial");
	make_container();
	room.state_bytes = 31 * MIB;
	check_refused("/var has only 31 MiB free");
}
END_TEST

START_TEST(a_container_that_could_not_start_a_tree_takes_none)
{
	make_container();
	strcpy(boot.remark, "slot b was not started: it was changed");
	ck_assert(is_admitted("", false));
	boot.can_start_trees = false;
	check_refused("slot b was not started");
	ck_assert(!is_admitted("", true));
}
END_TEST

SUITE(admit, a_container_takes_trees_and_nothing_else, a_container_that_could_not_start_a_tree_takes_none,
      a_good_offer_is_admitted, another_machines_image_is_refused_and_no_force_helps,
      formats_that_do_not_fit_are_refused,
      what_does_not_fit_is_refused, the_way_back_is_not_written_over, an_image_that_was_bad_here_is_refused_with_the_reason,
      the_image_that_runs_is_always_welcome)
