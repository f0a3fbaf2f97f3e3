/* How a machine takes blocks: a child is the machine, with files for partitions; the test is its builder, also one
 * that lies, or goes. The builder's trees (disk/verity.h) are the judge of the machine's. */
#include "suite.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "disk/verity.h"
#include "machine/agent/blocks.h"
#include "machine/agent/offer.h"
#include "child.h"
#include "fail.h"
#include "scratch.h"

enum { DATA_BLOCKS = 700, THINGS = 2 };
static const uint8_t SALT[HASH_BYTES] = {1, 2, 3, 4};

/* Something to be taken: data, superblock and tree. */
struct thing {
	const char *name;
	struct buf blocks;
	uint64_t data_bytes;
	struct verity verity;
	bool is_slot;
};

/* What the builder does, and what it saw. */
struct builder {
	struct thing things[THINGS];
	size_t n;
	long cut_after, lie_at;        /* blocks; -1: never */
	long sent, sent_data;
	char done[TALK_LINE_MAX];
};

static void fill_noise(struct buf *out, size_t blocks, uint64_t seed)
{
	uint64_t state = seed * 2654435761ULL + 88172645463325252ULL;

	for (size_t i = 0; i < blocks * BLOCK_BYTES / sizeof state; i++) {
		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
		buf_add(out, &state, sizeof state);
	}
}

static void cover(struct thing *thing)
{
	struct err err = {0};

	thing->data_bytes = thing->blocks.size;
	ck_assert_int_eq(verity_cover(&thing->blocks, SALT, &thing->verity, &err), 0);
	scratch_own(thing->blocks.data);
}

static struct thing make_slot(size_t blocks, uint64_t seed)
{
	struct thing thing = {.name = "slot", .is_slot = true};

	fill_noise(&thing.blocks, blocks, seed);
	cover(&thing);
	return thing;
}

/* The same with one byte of one block changed. */
static struct thing change(const struct thing *old, size_t block)
{
	struct thing thing = {.name = "slot", .is_slot = true};

	buf_add(&thing.blocks, old->blocks.data, old->data_bytes);
	thing.blocks.data[block * BLOCK_BYTES + 7] ^= 1;
	cover(&thing);
	return thing;
}

static void put_file(const char *name, const void *data, size_t size)
{
	struct err err = {0};

	ck_assert_int_eq(file_write(scratch_path(name), data, size, 0644, &err), 0);
}

/* --- the machine ----------------------------------------------------------------------------------------------------- */

static void hex(const char *text, uint8_t *out)
{
	for (size_t i = 0; i < HASH_BYTES; i++)
		sscanf(text + 2 * i, "%2hhx", &out[i]);
}

/* Takes all that the builder has, and says how. `known` is the file of a slot that runs (of `known_bytes` of data), or NULL. */
static void machine_take(const struct builder *builder, int fd, const char *known, uint64_t known_bytes,
			 const uint8_t *known_hash, bool dry_run)
{
	static struct talk talk;
	static struct blocks blocks;
	static struct object running, targets[THINGS];

	talk = (struct talk){.in = fd, .out = fd};
	blocks = (struct blocks){.talk = &talk, .dry_run = dry_run};
	memcpy(blocks.salt, SALT, sizeof SALT);
	if (known) {
		object_init(&running, "running", open(known, O_RDONLY | O_CLOEXEC), known_bytes);
		memcpy(running.root_hash, known_hash, HASH_BYTES);
		running.has_tree = true;
		blocks_know(&blocks, &running);
	}
	for (size_t i = 0; i < builder->n; i++) {
		const struct thing *thing = &builder->things[i];

		object_init(&targets[i], thing->name, open(scratch_path(thing->name), O_RDWR | O_CREAT | O_CLOEXEC, 0600),
			    thing->data_bytes);
		targets[i].number = (unsigned)i;
		targets[i].has_tree = thing->is_slot;
		memcpy(targets[i].root_hash, thing->verity.root_hash, HASH_BYTES);
		blocks_take(&blocks, &targets[i]);
	}
	for (size_t i = 0; i < builder->n && !dry_run; i++) {
		blocks_check(&blocks, &targets[i]);
		if (!targets[i].has_tree && ftruncate(targets[i].fd, (off_t)targets[i].size_bytes) < 0)
			_exit(9);
	}
	talk_say(&talk, "done %llu %llu %llu", (unsigned long long)blocks.taken.in_place / BLOCK_BYTES,
		 (unsigned long long)blocks.taken.copied / BLOCK_BYTES,
			(unsigned long long)blocks.taken.received / BLOCK_BYTES);
	for (size_t i = 0; i < builder->n; i++)
		close(targets[i].fd);
	if (known && running.fd >= 0)
		close(running.fd);
}

/* --- the builder ----------------------------------------------------------------------------------------------------- */

/* false when the builder goes. */
static bool answer(struct builder *builder, int fd, unsigned number, uint64_t first, uint64_t count)
{
	const struct thing *thing = &builder->things[number];

	ck_assert_uint_lt(number, builder->n);
	ck_assert_uint_le((first + count) * BLOCK_BYTES, thing->blocks.size);
	for (uint64_t i = 0; i < count; i++) {
		char block[BLOCK_BYTES];

		if (builder->sent == builder->cut_after)
			return false;
		memcpy(block, thing->blocks.data + (first + i) * BLOCK_BYTES, sizeof block);
		if (builder->sent == builder->lie_at)
			block[100] ^= 4;
		builder->sent++;
		builder->sent_data += (first + i) * BLOCK_BYTES < thing->data_bytes;
		if (fd_write_all(fd, block, sizeof block) < 0)
			return false;
	}
	return true;
}

static void serve(struct builder *builder, int fd)
{
	FILE *in = fdopen(dup(fd), "r");
	char line[TALK_LINE_MAX];

	while (fgets(line, sizeof line, in)) {
		unsigned number;
		unsigned long long first, count;

		if (sscanf(line, "get %u %llu %llu\n", &number, &first, &count) == 3) {
			if (!answer(builder, fd, number, first, count))
				break;
		} else if (strncmp(line, "done ", 5) == 0) {
			snprintf(builder->done, sizeof builder->done, "%s", line);
		} else {
			ck_assert_int_eq(strncmp(line, "progress ", 9), 0);
		}
	}
	fclose(in);
}

/* A conversation from beginning to end; the machine's exit status. */
static int converse(struct builder *builder, const char *known, const struct thing *known_thing, bool dry_run)
{
	int fds[2], status;
	pid_t child;

	builder->sent = builder->sent_data = 0;
	*builder->done = 0;
	scratch();
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	child = child_start();
	if (child == 0) {
		close(fds[0]);
		machine_take(builder, fds[1], known, known ? known_thing->data_bytes : 0,
			     known ? known_thing->verity.root_hash : NULL, dry_run);
		_exit(0);
	}
	close(fds[1]);
	serve(builder, fds[0]);
	close(fds[0]);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status); /* by SIGPIPE, when the builder went */
}

static struct builder builder_of(struct thing thing)
{
	return (struct builder){.things = {thing}, .n = 1, .cut_after = -1, .lie_at = -1};
}

/* The file is the thing, but for the superblock, which is not the blocks' business. */
static void check_taken(const struct thing *thing)
{
	_cleanup_buf_ struct buf is = {0};
	struct err err = {0};
	size_t tree = thing->verity.hash_offset + BLOCK_BYTES;

	ck_assert_int_eq(file_read(scratch_path(thing->name), 1 << 30, &is, &err), 0);
	ck_assert_uint_eq(is.size, thing->is_slot ? thing->blocks.size : thing->data_bytes);
	ck_assert_mem_eq(is.data, thing->blocks.data, thing->data_bytes);
	if (thing->is_slot && is.size > tree)
		ck_assert_mem_eq(is.data + tree, thing->blocks.data + tree, is.size - tree);
}

/* --- shapes and known ----------------------------------------------------------------------------------------------- */

START_TEST(the_tree_has_the_shape_that_the_builder_gives_it)
{
	static const size_t counts[] = {2, 127, 128, 129, 700, 16384, 16385};

	for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
		struct thing thing = make_slot(counts[i], i);
		struct tree shape;

		tree_shape(counts[i], &shape);
		ck_assert_uint_eq(shape.n_blocks * BLOCK_BYTES, thing.verity.size_bytes);
		ck_assert_uint_eq(tree_rank(&shape, shape.n_levels).first, counts[i] + 1);
		ck_assert_uint_eq(tree_rank(&shape, shape.n_levels).n_blocks, 1);
	}
}
END_TEST

START_TEST(places_of_many_blocks_are_found_and_others_are_not)
{
	struct known_blocks known = {0};
	struct known_block place;

	for (unsigned i = 0; i < 100000; i++) {
		uint8_t hash[HASH_BYTES];

		hash_salted(SALT, sizeof SALT, &i, sizeof i, hash);
		ck_assert(!known_find(&known, hash, &place));
		known_add(&known, hash, (struct known_block){i % 20, i});
	}
	ck_assert_uint_eq(known.n, 100000);
	for (unsigned i = 0; i < 100000; i++) {
		uint8_t hash[HASH_BYTES];

		hash_salted(SALT, sizeof SALT, &i, sizeof i, hash);
		ck_assert(known_find(&known, hash, &place));
		ck_assert_uint_eq(place.block, i);
		ck_assert_uint_eq(place.source, i % 20);
		known_add(&known, hash, (struct known_block){7, i + 1});
		ck_assert(known_find(&known, hash, &place));
		ck_assert_uint_eq(place.block, i + 1);
	}
	ck_assert_uint_eq(known.n, 100000);
	known_free(&known);
}
END_TEST

/* --- what travels ---------------------------------------------------------------------------------------------------- */

START_TEST(a_machine_that_has_nothing_gets_all)
{
	static const size_t counts[] = {1, 2, 128, 129, 700};

	for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
		struct builder builder = builder_of(make_slot(counts[i], 5));

		unlink(scratch_path("slot"));
		ck_assert_int_eq(converse(&builder, NULL, NULL, false), 0);
		ck_assert_int_eq(builder.sent_data, (long)counts[i]);
		if (counts[i] > 1)
			check_taken(&builder.things[0]);
	}
}
END_TEST

START_TEST(what_the_running_slot_has_does_not_travel)
{
	struct thing old = make_slot(DATA_BLOCKS, 1);
	struct builder builder = builder_of(old);

	put_file("running", old.blocks.data, old.blocks.size);
	ck_assert_int_eq(converse(&builder, scratch_path("running"), &old, false), 0);
	ck_assert_int_eq(builder.sent, 0);
	check_taken(&old);
}
END_TEST

START_TEST(one_changed_block_travels_with_its_path)
{
	struct thing old = make_slot(DATA_BLOCKS, 1);
	struct builder builder = builder_of(change(&old, 333));

	put_file("running", old.blocks.data, old.blocks.size);
	ck_assert_int_eq(converse(&builder, scratch_path("running"), &old, false), 0);
	ck_assert_int_eq(builder.sent_data, 1);
	ck_assert_int_eq(builder.sent, 1 + 2); /* the block of digests above it, and the one above that */
	check_taken(&builder.things[0]);
}
END_TEST

START_TEST(what_moved_is_found_where_it_was)
{
	struct thing old = make_slot(DATA_BLOCKS, 1), moved = {.name = "slot", .is_slot = true};
	struct builder builder;

	fill_noise(&moved.blocks, 5, 77);
	buf_add(&moved.blocks, old.blocks.data, old.data_bytes);
	cover(&moved);
	builder = builder_of(moved);
	put_file("running", old.blocks.data, old.blocks.size);
	ck_assert_int_eq(converse(&builder, scratch_path("running"), &old, false), 0);
	ck_assert_int_eq(builder.sent_data, 5);
	check_taken(&moved);
}
END_TEST

START_TEST(a_slot_that_is_what_is_wanted_is_left_alone)
{
	struct thing thing = make_slot(DATA_BLOCKS, 1);
	struct builder builder = builder_of(thing);

	put_file("slot", thing.blocks.data, thing.blocks.size);
	ck_assert_int_eq(chmod(scratch_path("slot"), 0600), 0);
	ck_assert_int_eq(converse(&builder, NULL, NULL, false), 0);
	ck_assert_int_eq(builder.sent, 0);
	ck_assert_str_eq(builder.done, "done 707 0 0\n");
}
END_TEST

START_TEST(a_file_is_found_in_one_that_was_just_taken)
{
	struct thing uki = {.name = "uki"}, kernel = {.name = "linux"};
	struct builder builder;

	fill_noise(&uki.blocks, 150, 3);
	buf_add(&kernel.blocks, uki.blocks.data + 20 * BLOCK_BYTES, 100 * BLOCK_BYTES - 1000);
	memset(uki.blocks.data + 120 * BLOCK_BYTES - 1000, 0, 1000); /* what fills a section's last block up */
	cover(&uki);
	cover(&kernel);
	builder = (struct builder){.things = {uki, kernel}, .n = 2, .cut_after = -1, .lie_at = -1};
	ck_assert_int_eq(converse(&builder, NULL, NULL, false), 0);
	ck_assert_int_eq(builder.sent_data, 150);
	check_taken(&uki);
	check_taken(&kernel);
}
END_TEST

START_TEST(a_dry_run_tells_what_would_travel_and_writes_nothing)
{
	struct thing old = make_slot(DATA_BLOCKS, 1);
	struct builder builder = builder_of(change(&old, 10));

	put_file("running", old.blocks.data, old.blocks.size);
	ck_assert_int_eq(converse(&builder, scratch_path("running"), &old, true), 0);
	ck_assert_int_eq(builder.sent_data, 0);
	ck_assert_int_eq(builder.sent, 2);
	ck_assert_str_eq(builder.done, "done 0 704 3\n");
	ck_assert_int_eq(scratch_look("slot").st_size, 0);
}
END_TEST

/* --- when it goes wrong ---------------------------------------------------------------------------------------------- */

START_TEST(a_run_that_was_cut_goes_on_where_it_was)
{
	struct builder builder = builder_of(make_slot(DATA_BLOCKS, 9));

	builder.cut_after = 600;
	ck_assert_int_ne(converse(&builder, NULL, NULL, false), 0);
	for (builder.cut_after = 0; builder.cut_after < 10; builder.cut_after += 3) {
		ck_assert_int_ne(converse(&builder, NULL, NULL, false), 0);
		ck_assert_str_eq(builder.done, "");
	}
	builder.cut_after = -1;
	ck_assert_int_eq(converse(&builder, NULL, NULL, false), 0);
	ck_assert_int_le(builder.sent, DATA_BLOCKS + 7 - (600 - WANTED_MAX)); /* at the cut no more than that was on its way */
	check_taken(&builder.things[0]);
	ck_assert_int_eq(converse(&builder, NULL, NULL, false), 0);
	ck_assert_int_eq(builder.sent, 0);
}
END_TEST

START_TEST(a_block_that_is_another_one_is_refused)
{
	for (long at = 0; at < 707; at += 101) {
		struct builder builder = builder_of(make_slot(DATA_BLOCKS, 9));

		builder.lie_at = at;
		unlink(scratch_path("slot"));
		ck_assert_int_eq(converse(&builder, NULL, NULL, false), 1);
		ck_assert_str_eq(builder.done, "");
		builder.lie_at = -1;
		ck_assert_int_eq(converse(&builder, NULL, NULL, false), 0); /* it left nothing that is wrong */
		check_taken(&builder.things[0]);
	}
}
END_TEST

START_TEST(a_running_slot_that_is_damaged_is_no_source)
{
	struct thing old = make_slot(DATA_BLOCKS, 1);
	struct builder builder = builder_of(old);
	_cleanup_buf_ struct buf damaged = {0};

	buf_add(&damaged, old.blocks.data, old.blocks.size);
	damaged.data[5 * BLOCK_BYTES] ^= 1;
	damaged.data[600 * BLOCK_BYTES + 4095] ^= 1;
	put_file("running", damaged.data, damaged.size);
	ck_assert_int_eq(converse(&builder, scratch_path("running"), &old, false), 0);
	ck_assert_int_eq(builder.sent, 2);
	check_taken(&old);
}
END_TEST

/* In a child, because that is how it ends. */
static int check_after(const struct thing *thing, off_t flipped)
{
	int status, fd = open(scratch_path("slot"), O_RDWR | O_CLOEXEC);
	uint8_t byte;
	pid_t child;

	ck_assert_int_eq(pread(fd, &byte, 1, flipped), 1);
	byte ^= 16;
	ck_assert_int_eq(pwrite(fd, &byte, 1, flipped), 1);
	child = child_start();
	if (child == 0) {
		static struct blocks blocks;
		static struct object object;
		static struct talk talk;

		talk.out = open("/dev/null", O_WRONLY | O_CLOEXEC);
		blocks.talk = &talk;
		memcpy(blocks.salt, SALT, sizeof SALT);
		object_init(&object, "slot", fd, thing->data_bytes);
		object.has_tree = true;
		memcpy(object.root_hash, thing->verity.root_hash, HASH_BYTES);
		memcpy(object.tree, thing->blocks.data + thing->data_bytes + BLOCK_BYTES,
		       thing->blocks.size - thing->data_bytes - BLOCK_BYTES);
		blocks_check(&blocks, &object);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	byte ^= 16;
	ck_assert_int_eq(pwrite(fd, &byte, 1, flipped), 1);
	close(fd);
	return WEXITSTATUS(status);
}

START_TEST(a_bit_that_flips_after_it_was_written_is_found)
{
	struct thing thing = make_slot(DATA_BLOCKS, 4);
	off_t superblock = DATA_BLOCKS * BLOCK_BYTES + 9;

	put_file("slot", thing.blocks.data, thing.blocks.size);
	ck_assert_int_eq(chmod(scratch_path("slot"), 0600), 0);
	ck_assert_int_eq(check_after(&thing, 0), 1);
	ck_assert_int_eq(check_after(&thing, 699 * BLOCK_BYTES + 4095), 1);
	ck_assert_int_eq(check_after(&thing, 701 * BLOCK_BYTES), 1);
	ck_assert_int_eq(check_after(&thing, 706 * BLOCK_BYTES + 50), 1);
	ck_assert_int_eq(check_after(&thing, superblock), 0); /* that is take.c's */
}
END_TEST

/* --- offers ---------------------------------------------------------------------------------------------------------- */

#define HEX "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
static const char OFFER[] =
	"aether-take 1\nname gateway\nkind vm\nformat 1\ngeneration 7\nsalt " HEX "\n"
	"object root 8192 " HEX "\nobject uki 5000 " HEX "\nobject linux 3000 " HEX "\nobject initrd 1 " HEX "\n"
	"object grub-a 200 " HEX "\nobject grub-b 200 " HEX "\n\n";

/* The exit status of a machine that is told `text`, and then nothing more; 0 when it takes it as an offer. */
static int offer(const char *text, size_t size)
{
	int fds[2], status;
	pid_t child;

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	child = child_start();
	if (child == 0) {
		static struct talk talk;
		struct offer is = {0};
		uint8_t hash[HASH_BYTES];

		close(fds[0]);
		close(STDERR_FILENO);
		talk.in = talk.out = fds[1];
		offer_read(&talk, &is);
		hex(HEX, hash);
		if (is.format != 1 || is.objects[OBJECT_ROOT].size_bytes % BLOCK_BYTES || strchr(is.name, '/'))
			_exit(9);
		_exit(memcmp(is.objects[OBJECT_GRUB_B].root_hash, hash, sizeof hash) == 0 && is.generation == 7 ? 0 : 8);
	}
	close(fds[1]);
	fd_write_all(fds[0], text, size);
	close(fds[0]);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

START_TEST(an_offer_is_read)
{
	ck_assert_int_eq(offer(OFFER, strlen(OFFER)), 0);
}
END_TEST

START_TEST(an_offer_that_is_cut_is_none)
{
	signal(SIGPIPE, SIG_IGN);
	for (size_t n = 0; n < strlen(OFFER); n += 5)
		ck_assert_int_eq(offer(OFFER, n), 1);
}
END_TEST

START_TEST(nonsense_is_no_offer)
{
	static const struct { const char *from, *to; } changes[] = {
		{"aether-take 1", "aether-take 2"}, {"aether-take 1", "hello"}, {"name gateway", "name ../../etc"},
		{"name gateway", "name"}, {"kind vm", "kind virtual-machine"}, {"format 1", "format one"},
			{"format 1", "format -1"},
		{"generation 7", "generation 99999999999999999999"}, {"salt 00", "salt 0"}, {"salt 00", "salt 000"},
		{"salt 00", "salt ZZ"}, {"root 8192", "root 8193"}, {"root 8192", "root 0"}, {"root 8192", "root -4096"},
		{"root 8192", "root 99999999999999999999"}, {"root 8192", "root 18446744073709547520"},
		{"uki 5000", "uki 9999999999"}, {"linux 3000", "initrd 3000"}, {"grub-a 200", "grub-a 200000"},
		{"object grub-b 200 " HEX "\n", ""}, {HEX "\n\n", HEX " and more\n\n"}, {HEX "\n\n", HEX "\nmore\n\n"},
		{"\nkind", " \nkind "},
	};

	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
		_cleanup_buf_ struct buf text = {0};
		const char *at = strstr(OFFER, changes[i].from);

		ck_assert_ptr_nonnull(at);
		buf_add(&text, OFFER, (size_t)(at - OFFER));
		buf_puts(&text, changes[i].to);
		buf_puts(&text, at + strlen(changes[i].from));
		ck_assert_msg(offer(text.data, text.size) == 1, "change %zu: %s", i, changes[i].to);
	}
}
END_TEST

START_TEST(any_byte_of_an_offer_may_be_wrong)
{
	static const char wrong[] = {0, '\n', ' ', '9', (char)0xff};

	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < strlen(OFFER); i += 7) {
		char text[sizeof OFFER];
		int status;

		memcpy(text, OFFER, sizeof OFFER);
		text[i] = wrong[i % sizeof wrong];
		status = offer(text, strlen(OFFER));
		ck_assert_msg(status == 0 || status == 1 || status == 8, "byte %zu: status %d", i, status);
	}
}
END_TEST

/* --- whatever fails -------------------------------------------------------------------------------------------------- */

enum { FEW_BLOCKS = 9 };
static struct thing few_old, few_new;

/* Of the new slot some blocks are in place, some in the running slot, one is nowhere on the machine. */
static void few_blocks(void)
{
	_cleanup_buf_ struct buf half = {0};

	if (!few_old.blocks.size) {
		few_old = make_slot(FEW_BLOCKS, 1);
		few_new = change(&few_old, 6);
	}
	buf_add(&half, few_old.blocks.data, 3 * BLOCK_BYTES);
	put_file("running", few_old.blocks.data, few_old.blocks.size);
	put_file("slot", half.data, half.size);
}

struct conversation {
	struct builder builder;
	int fd;
};

/* The harness lets the calls of other threads be. */
static void *few_served(void *data)
{
	struct conversation *conversation = data;

	serve(&conversation->builder, conversation->fd);
	return NULL;
}

static int few_taken(struct err *err)
{
	struct conversation conversation = {.builder = builder_of(few_new)};
	pthread_t builder;
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
		return err_sys(err, -errno, "no sockets");
	conversation.fd = fds[0];
	if (pthread_create(&builder, NULL, few_served, &conversation) != 0)
		abort();
	machine_take(&conversation.builder, fds[1], scratch_path("running"), few_old.data_bytes,
		     few_old.verity.root_hash, false);
	close(fds[1]);
	pthread_join(builder, NULL);
	close(fds[0]);
	return 0;
}

static void few_checked(int r)
{
	_cleanup_buf_ struct buf is = {0};
	struct err err = {0};

	if (r < 0)
		return;
	fail_demand(file_read(scratch_path("slot"), 1 << 20, &is, &err) == 0 && is.size == few_new.blocks.size &&
			    memcmp(is.data, few_new.blocks.data, few_new.data_bytes) == 0,
		    "what was taken is not what the builder has");
}

START_TEST(whatever_call_fails_the_next_run_takes_all_blocks)
{
	static const struct fail_body body = {"blocks", few_blocks, few_taken, few_checked, 40, true};

	fail_each(&body);
}
END_TEST

SUITE(take, the_tree_has_the_shape_that_the_builder_gives_it, places_of_many_blocks_are_found_and_others_are_not,
      a_machine_that_has_nothing_gets_all, what_the_running_slot_has_does_not_travel, one_changed_block_travels_with_its_path,
      what_moved_is_found_where_it_was, a_slot_that_is_what_is_wanted_is_left_alone, a_file_is_found_in_one_that_was_just_taken,
      a_dry_run_tells_what_would_travel_and_writes_nothing, a_run_that_was_cut_goes_on_where_it_was,
      a_block_that_is_another_one_is_refused, a_running_slot_that_is_damaged_is_no_source,
      a_bit_that_flips_after_it_was_written_is_found, an_offer_is_read, an_offer_that_is_cut_is_none, nonsense_is_no_offer,
      any_byte_of_an_offer_may_be_wrong, whatever_call_fails_the_next_run_takes_all_blocks)
