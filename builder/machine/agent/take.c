#include "machine/agent/take.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "contract/esp.h"
#include "contract/offer.h"
#include "machine/agent/admit.h"
#include "machine/agent/blocks.h"
#include "machine/agent/boot.h"
#include "machine/agent/gather.h"
#include "machine/agent/history.h"
#include "machine/agent/offer.h"
#include "machine/hex.h"
#include "machine/verity.h"

enum { TARGETS = 5 };

static const char *const esp_files[] = {"uki", ESP_LINUX, ESP_INITRD};
enum { N_ESP_FILES = sizeof esp_files / sizeof *esp_files };

struct take {
	struct boot boot;
	struct offer offer;
	struct talk talk;
	struct blocks blocks;
	struct object targets[TARGETS];        /* the slot; uki, linux, initrd, grub.cfg */
	struct object known[2 + 2 * N_ESP_FILES]; /* the running slot, its unified kernel image; files of both */
	size_t n_known;
	char folder[64];                       /* of the slot's files */
	bool dry_run, force;
};

static void take_path_of(char *out, size_t size, const char *folder, const char *name)
{
	snprintf(out, size, "%s/%s", folder, name);
}

static uint64_t take_size_of(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? (uint64_t)st.st_size : 0;
}

static uint64_t take_free_bytes(const char *path)
{
	struct statvfs fs;

	if (statvfs(path, &fs) < 0)
		die("cannot access %s: %s", path, strerror(errno));
	return (uint64_t)fs.f_bavail * fs.f_frsize;
}

/* --- checks before taking ---------------------------------------------------------------------------------------- */

/* What the other slot has on the EFI system partition makes room, or is used again. */
static uint64_t take_esp_room(const struct take *take)
{
	uint64_t bytes = take_free_bytes(take->boot.esp);
	char path[400];

	for (size_t i = 0; i < N_ESP_FILES; i++) {
		take_path_of(path, sizeof path, take->folder, esp_files[i]);
		bytes += take_size_of(path);
	}
	snprintf(path, sizeof path, "%s" ESP_UKI_FOLDER "/%s", take->boot.esp, take->boot.other->file);
	return bytes + (*take->boot.other->file ? take_size_of(path) : 0);
}

static void take_ask_admission(const struct take *take)
{
	static char failures[HISTORY_BYTES];
	struct admit_room room = {0};
	char why[1024];
	int r;

	if (take->boot.other) {
		room.esp_bytes = take->offer.is_tree ? 0 : take_esp_room(take);
		room.state_bytes = take_free_bytes("/var");
	}
	r = history_read(take->boot.history, failures);
	if (r < 0 && !take->force)
		die("cannot read the list of bad generations in %s: %s (--force ignores that)", take->boot.history,
		    strerror(-r));
	if (!admit(&take->boot, &take->offer, &room, failures, take->force, why, sizeof why))
		die("%s", why);
}

static bool take_runs_already(const struct take *take)
{
	char hash[HASH_HEX];

	hex_print(take->offer.objects[OBJECT_ROOT].root_hash, HASH_BYTES, hash);
	return strcmp(hash, take->boot.root_hash) == 0;
}

/* --- what is known on the machine ------------------------------------------------------------------------------------ */

static int take_open_partition(const struct slot *slot, int flags)
{
	char path[64];
	int fd;

	snprintf(path, sizeof path, "/dev/%s", slot->partition.device);
	fd = open(path, flags | O_CLOEXEC);
	if (fd < 0)
		die("cannot open %s: %s", path, strerror(errno));
	return fd;
}

/* The running slot: its tree says what is in it, if it has the machine's salt. */
static void take_know_running(struct take *take)
{
	const struct cmdline *cmdline = &take->boot.cmdline;
	struct object *object = &take->known[take->n_known];
	uint8_t block[VERITY_SUPERBLOCK];
	struct verity verity;
	int fd = take_open_partition(take->boot.running, O_RDONLY);

	if (read_all(fd, block, sizeof block, (int64_t)cmdline->hash_offset) != sizeof block ||
	    verity_decode(block, cmdline->root_hash, &verity) < 0 || verity.data_block_size != BLOCK_BYTES ||
	    verity.hash_block_size != BLOCK_BYTES || verity.data_blocks * BLOCK_BYTES != cmdline->hash_offset) {
		close(fd);
		return;
	}
	object_init(object, "the running slot", fd, cmdline->hash_offset);
	memcpy(object->root_hash, cmdline->root_hash, HASH_BYTES);
	object->has_tree = verity.salt_size == HASH_BYTES && memcmp(verity.salt, take->offer.salt, HASH_BYTES) == 0;
	take->n_known++;
	blocks_know(&take->blocks, object);
}

static void take_know_file(struct take *take, const char *path)
{
	struct object *object = &take->known[take->n_known];
	uint64_t size = take_size_of(path);
	int fd = size ? open(path, O_RDONLY | O_CLOEXEC) : -1;

	if (fd < 0)
		return;
	object_init(object, path, fd, size);
	take->n_known++;
	blocks_know(&take->blocks, object);
}

static void take_know_machine(struct take *take)
{
	const struct slot *running = take->boot.running;
	char folder[64], path[400];

	take_know_running(take);
	boot_folder(&take->boot, running, folder, sizeof folder);
	snprintf(path, sizeof path, "%s" ESP_UKI_FOLDER "/%s", take->boot.esp, running->file);
	if (*running->file)
		take_know_file(take, path);
	for (size_t i = 0; i < N_ESP_FILES; i++) {
		take_path_of(path, sizeof path, folder, esp_files[i]);
		take_know_file(take, path);
		take_path_of(path, sizeof path, take->folder, esp_files[i]);
		take_know_file(take, path);
	}
}

/* --- taking ---------------------------------------------------------------------------------------------------------- */

static void take_make_durable(int fd, const char *name)
{
	if (fsync(fd) < 0)
		die("cannot write %s: %s", name, strerror(errno));
}

static int take_open_target(const struct take *take, const char *name)
{
	char path[96];
	int fd;

	take_path_of(path, sizeof path, take->folder, name);
	fd = open(path, take->dry_run ? O_RDONLY | O_CLOEXEC : O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 && !take->dry_run)
		die("cannot make %s: %s", path, strerror(errno));
	return fd;
}

/* Opens what is to be filled: first the slot, then the files; GRUB's entry is the last. */
static void take_open_targets(struct take *take)
{
	static const char *const names[TARGETS] = {"the slot", "uki", ESP_LINUX, ESP_INITRD, ESP_GRUB_ENTRY};
	const enum offer_object objects[TARGETS] = {
		OBJECT_ROOT, OBJECT_UKI, OBJECT_LINUX, OBJECT_INITRD,
		take->boot.other->letter == 'a' ? OBJECT_GRUB_A : OBJECT_GRUB_B,
	};

	for (size_t i = 0; i < TARGETS; i++) {
		struct object *target = &take->targets[i];
		int fd = i == 0 ? take_open_partition(take->boot.other, take->dry_run ? O_RDONLY : O_RDWR)
				: take_open_target(take, names[i]);

		object_init(target, names[i], fd, take->offer.objects[objects[i]].size_bytes);
		target->number = objects[i];
		target->has_tree = i == 0;
		memcpy(target->root_hash, take->offer.objects[objects[i]].root_hash, HASH_BYTES);
		take->blocks.total += (target->shape.n_blocks - 1) * (take->dry_run ? 1 : 2);
	}
}

/* The initrd finds a slot by its superblock, which is therefore written after all other data. */
static void take_write_superblock(const struct take *take)
{
	const struct object *slot = &take->targets[0];
	struct verity verity = {
		.algorithm = "sha256", .hash_type = 1, .data_block_size = BLOCK_BYTES, .hash_block_size = BLOCK_BYTES,
		.data_blocks = slot->shape.n_data, .salt_size = HASH_BYTES,
	};
	uint8_t block[BLOCK_BYTES] = {0}, there[BLOCK_BYTES];
	int r;

	memcpy(verity.salt, take->offer.salt, HASH_BYTES);
	verity_encode(&verity, slot->root_hash, block);
	take_make_durable(slot->fd, slot->name);
	r = write_all(slot->fd, block, sizeof block, (int64_t)slot->size_bytes);
	if (r < 0)
		die("cannot write the superblock: %s", strerror(-r));
	take_make_durable(slot->fd, slot->name);
	if (ioctl(slot->fd, BLKFLSBUF) < 0) /* what is read from now on comes from the disk */
		die("cannot flush the slot: %s", strerror(errno));
	if (read_all(slot->fd, there, sizeof there, (int64_t)slot->size_bytes) != sizeof there ||
	    memcmp(block, there, sizeof block) != 0)
		die("the superblock differs from what was written: the disk may be broken");
}

static void take_finish_files(const struct take *take)
{
	for (size_t i = 1; i < TARGETS; i++) {
		const struct object *target = &take->targets[i];

		if (ftruncate(target->fd, (off_t)target->size_bytes) < 0)
			die("cannot write %s: %s", target->name, strerror(errno));
		take_make_durable(target->fd, target->name);
		posix_fadvise(target->fd, 0, 0, POSIX_FADV_DONTNEED);
	}
}

static void take_all(struct take *take)
{
	if (!take->dry_run)
		boot_take(&take->boot, take->boot.other);
	memcpy(take->blocks.salt, take->offer.salt, HASH_BYTES);
	take->blocks.talk = &take->talk;
	take->blocks.dry_run = take->dry_run;
	talk_say(&take->talk, OFFER_STEP " " OFFER_STEP_LOOKING);
	take_know_machine(take);
	take_open_targets(take);
	talk_say(&take->talk, OFFER_STEP " " OFFER_STEP_TAKING);
	for (size_t i = 0; i < TARGETS; i++)
		blocks_take(&take->blocks, &take->targets[i]);
	if (take->dry_run)
		return;
	take_finish_files(take);
	take_write_superblock(take);
	talk_say(&take->talk, OFFER_STEP " " OFFER_STEP_CHECKING);
	for (size_t i = 0; i < TARGETS; i++)
		blocks_check(&take->blocks, &take->targets[i]);
	for (size_t i = 0; i < TARGETS; i++)
		close(take->targets[i].fd);
	boot_taken(&take->boot, take->boot.other, take->offer.objects[OBJECT_ROOT].root_hash, take->offer.generation);
}

static void take_tree(struct take *take)
{
	struct gather how = {.talk = &take->talk, .boot = &take->boot, .offer = &take->offer, .running = "",
			     .dry_run = take->dry_run};

	gather(&how);
	take->blocks.taken.in_place = how.in_place;
	take->blocks.taken.copied = how.copied;
	take->blocks.taken.received = how.received;
}

int take_main(int argc, char **argv)
{
	static struct take take;

	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], "--dry-run") == 0)
			take.dry_run = true;
		else if (strcmp(argv[i], "--force") == 0)
			take.force = true;
		else
			die("'take': unexpected argument '%s'", argv[i]);
	take.talk.in = STDIN_FILENO;
	take.talk.out = STDOUT_FILENO;
	boot_open(&take.boot, take.dry_run ? BOOT_LOOK : BOOT_CHANGE);
	offer_read(&take.talk, &take.offer);
	if (take.boot.other)
		boot_folder(&take.boot, take.boot.other, take.folder, sizeof take.folder);
	take_ask_admission(&take);
	if (take_runs_already(&take)) {
		talk_say(&take.talk, OFFER_SAME " %c", take.boot.running->letter);
		return EXIT_SUCCESS;
	}
	talk_say(&take.talk, OFFER_READY " %c", take.boot.other->letter);
	if (take.offer.is_tree)
		take_tree(&take);
	else
		take_all(&take);
	talk_say(&take.talk, OFFER_DONE " %llu %llu %llu", (unsigned long long)take.blocks.taken.in_place,
		 (unsigned long long)take.blocks.taken.copied, (unsigned long long)take.blocks.taken.received);
	return EXIT_SUCCESS;
}
