/* The two programs that live in an image, static, and what they share.
 *
 * aether-init (init.c) is what the kernel starts from the initrd of an immutable image. It finds the slot that the
 * kernel command line names by its root hash, puts together the machine's file systems, and gives way to the real init.
 *
 * aether-agent (agent.c) runs on the machine: it judges each boot by the recipe's health checks, keeps the books of the
 * slots, and takes the next generation in.
 *
 * Functions return 0 or negative errno, and a caller says strerror(-r): errno itself is read right after a system call
 * and nowhere else. What a caller cannot go on without ends in die(). */
#ifndef AGENT_AGENT_H
#define AGENT_AGENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define SYSROOT "/sysroot"
enum { ROOT_HASH_BYTES = 32, SLOT_UUID_BYTES = 16 };

/* --- say.c ----------------------------------------------------------------------------------------------------------- */

/* Who speaks from now on, and where: "/dev/kmsg" for the kernel's log, which reaches every console; NULL: stderr. */
void say_as(const char *program, const char *path);

/* Says a line. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Says why the program cannot go on, and ends it. (aether-init is pid 1: then the kernel panics, and restarts the machine when
 * `panic=` on its command line says so.) */
_Noreturn void die(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Reads `size` bytes at `offset`, all that are there: fewer only when they end before. How many, or -errno. */
ssize_t read_all(int fd, void *out, size_t size, int64_t offset);

/* Reads a small file of at most `size` - 1 bytes, without the newline at its end; returns the length. -EFBIG when there is more
 * in it than that: nothing is cut off in silence. On failure `out` is an empty text. */
int read_line(const char *path, char *out, size_t size);

/* Writes `size` bytes at `offset`, all of them or -errno; -ENOSPC when there is no room for them. */
int write_all(int fd, const void *data, size_t size, int64_t offset);

/* Writes a small file, whole or not at all, whenever the power goes: a new file, renamed over the old one. What could not be
 * written whole is removed: it may lie where room is short. */
int write_whole(const char *folder, const char *name, const char *text);

/* Milliseconds since the kernel began. */
int64_t uptime_ms(void);

/* Makes a folder and its parents; it is no error when it exists. */
int make_folder(const char *path, unsigned mode);

/* --- cmdline.c ------------------------------------------------------------------------------------------------------- */

/* What the kernel command line says. */
struct cmdline {
	uint8_t root_hash[ROOT_HASH_BYTES]; /* aether.root=, 64 hex digits */
	uint64_t hash_offset;               /* aether.hash_offset=, bytes from the slot's start to its verity superblock */
};

/* Parses the text of a command line; *ret_problem says what was expected when that fails (-EINVAL). */
int cmdline_parse(const char *text, struct cmdline *ret_cmdline, const char **ret_problem);

/* --- modules.c ------------------------------------------------------------------------------------------------------- */

/* Loads every kernel module in `folder`, in the order of their names, and deletes the files: the initrd is memory. */
void modules_load(const char *folder);

/* --- block.c --------------------------------------------------------------------------------------------------------- */

/* A partition as the kernel knows it. */
struct partition {
	char device[32]; /* "vda3" */
	char disk[32];   /* "vda" */
	char label[40];  /* its name in the GPT */
};

/* The partition that the kernel calls `device` ("vda3"); false when it is none with a name. */
bool partition_of(const char *device, struct partition *ret_partition);

/* The block device that is mounted at / ("dm-0"); false when there is none (a container). */
bool root_device(char ret_device[32]);

/* Calls `visit` for every partition there is, until it returns other than 0; returns that. */
int partitions_each(int (*visit)(const struct partition *partition, void *data), void *data);

/* The partition named `label` on `disk`; false when there is none. */
bool partition_find(const char *disk, const char *label, struct partition *ret_partition);

/* --- verity.c -------------------------------------------------------------------------------------------------------- */

/* The superblock of a dm-verity device, as far as it matters here. Sizes in bytes. */
struct verity {
	char algorithm[32];
	uint32_t hash_type, data_block_size, hash_block_size;
	uint64_t data_blocks;
	uint16_t salt_size;
	uint8_t salt[256];
};

enum { VERITY_SUPERBLOCK_BYTES = 512 };

/* Decodes a superblock (cryptsetup's format, version 1). -EINVAL when it is none that we make (SHA-256, hash type 1), -ENOENT
 * when it is another image's: the UUID in it is the first bytes of the root hash. */
int verity_decode(const uint8_t block[VERITY_SUPERBLOCK_BYTES], const uint8_t root_hash[ROOT_HASH_BYTES],
		  struct verity *ret_verity);

/* Encodes one; its UUID is the first bytes of the root hash. */
void verity_encode(const struct verity *verity, const uint8_t root_hash[ROOT_HASH_BYTES],
		   uint8_t block[VERITY_SUPERBLOCK_BYTES]);

/* The parameters of the kernel's verity target for a device ("254:3") that holds data and hash tree. -ENOSPC when they do
 * not fit. */
int verity_parameters(const struct verity *verity, const char *device, const struct cmdline *cmdline, char *out, size_t size);

/* Opens the verified device over a slot; `ret_device` (32 bytes) becomes its path. */
int verity_open(const struct verity *verity, const struct partition *slot, const struct cmdline *cmdline, char ret_device[32]);

/* --- identity.c ------------------------------------------------------------------------------------------------------ */

enum { MACHINE_ID_BYTES = 34 };

/* The machine-id(5) of this machine with its newline: read from the state partition, or made (of the VM's UUID, else by
 * chance) and kept there. */
void identity_machine_id(const char *folder, char out[MACHINE_ID_BYTES]);

/* The machine-id that a UUID as DMI prints it stands for; false when it is not one that tells machines apart. */
bool identity_from_uuid(const char *uuid, char out[MACHINE_ID_BYTES]);

#endif
