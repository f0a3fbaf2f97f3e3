/* Encrypted volumes: LUKS2, by cryptsetup(8) and systemd-cryptenroll(1). */
#include "machine/disks/luks.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "contract/stack.h"
#include "machine/disks/keys.h"
#include "machine/disks/look.h"
#include "machine/disks/programs.h"
#include "machine/disks/recovery.h"
#include "machine/disks/ways.h"
#include "machine/say.h"

#define CRYPTSETUP "/usr/sbin/cryptsetup"
#define ENROLL "/usr/bin/systemd-cryptenroll"

enum { MADE_MAX = 32, PATH_BYTES = 128 };

/* What makes guesses slow: nothing for keys of chance alone; else memory, as RFC 9106 (4.) recommends where there is little of
 * it. Nothing is measured: the machine that makes the volume need not be as fast as the one that opens it. */
static const char *const luks_quick[] = {"--pbkdf", "pbkdf2", "--pbkdf-force-iterations", "1000", NULL};
static const char *const luks_slow[] = {"--pbkdf", "argon2id", "--pbkdf-memory", "65536", "--pbkdf-parallel", "4",
					"--pbkdf-force-iterations", "4", NULL};

/* Recovery keys that were made, and are not kept yet. */
static struct { char volume[72], text[RECOVERY_TEXT]; } luks_made[MADE_MAX];
static size_t luks_n_made;

static bool luks_is_bound_to_tpm(const struct node *node)
{
	return strcmp(node_word(node, "key"), STACK_KEY_TPM2) == 0;
}

bool luks_has_recovery(const struct node *node)
{
	return node_word(node, "recovery") != NULL;
}

int luks_keep_recovery(const char *var)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < luks_n_made; i++)
		r = recovery_keep(var, luks_made[i].volume, luks_made[i].text);
	if (r < 0)
		say("cannot keep a recovery key below %s: %s", var, strerror(-r));
	return r;
}

void luks_forget_recovery(void)
{
	explicit_bzero(luks_made, sizeof luks_made);
	luks_n_made = 0;
}

/* --- making ---------------------------------------------------------------------------------------------------------- */

static int luks_format(const struct node *node, const char *device, const struct key *key)
{
	struct program program;

	program_begin(&program, CRYPTSETUP);
	program_add_all(&program, (const char *const[]){"luksFormat", "--batch-mode", "--type", "luks2", "--label",
							node_word(node, "name"), "--key-file", "-", NULL});
	program_add_all(&program, key->made_here ? luks_quick : luks_slow);
	program_add_values(&program, node, STACK_ARGUMENT);
	program_add(&program, device);
	program.input = key->bytes;
	program.input_size = key->size;
	return program_do(&program);
}

static int luks_add_key(const char *device, const char *opened_by, const void *bytes, size_t size, bool made_here)
{
	struct program program;
	char path[PATH_BYTES];
	int r = key_put("new-key", bytes, size, path);

	program_begin(&program, CRYPTSETUP);
	program_add_all(&program, (const char *const[]){"luksAddKey", "--batch-mode", "--key-file", opened_by, NULL});
	program_add_all(&program, made_here ? luks_quick : luks_slow);
	program_add_all(&program, (const char *const[]){device, path, NULL});
	if (r == 0)
		r = program_do(&program);
	unlink(path);
	return r;
}

static int luks_add_recovery(const struct node *node, const char *device, const char *opened_by)
{
	unsigned char bytes[RECOVERY_BYTES];
	char *text = luks_made[luks_n_made].text;
	int r;

	if (luks_n_made == MADE_MAX || getrandom(bytes, sizeof bytes, 0) != sizeof bytes)
		return -EIO;
	recovery_print(bytes, text);
	explicit_bzero(bytes, sizeof bytes);
	r = luks_add_key(device, opened_by, text, strlen(text), true);
	snprintf(luks_made[luks_n_made].volume, sizeof luks_made[0].volume, "%.64s", node_word(node, "name"));
	luks_n_made += r == 0;
	return r;
}

static int luks_bind_tpm(const struct node *node, const char *device, const char *opened_by)
{
	const char *pcrs = node_word(node, "pcrs");
	struct program program;

	program_begin(&program, ENROLL);
	program_add(&program, "--tpm2-device=auto");
	program_addf(&program, "--tpm2-pcrs=%s", pcrs ? pcrs : "");
	program_addf(&program, "--unlock-key-file=%s", opened_by);
	program_add(&program, device);
	return program_do(&program);
}

static int luks_kill_slot(const char *device, const char *slot)
{
	struct program program;

	program_begin(&program, CRYPTSETUP);
	program_add_all(&program, (const char *const[]){"luksKillSlot", "--batch-mode", device, slot, NULL});
	return program_do(&program);
}

/* Slot 0 has the key, or what opened the volume until the TPM could. */
static int luks_make_slots(struct stage *stage, struct node *node, const char *device, const struct key *key)
{
	char path[PATH_BYTES];
	int r = key_put("key", key->bytes, key->size, path);

	if (r == 0 && luks_has_recovery(node))
		r = luks_add_recovery(node, device, path);
	if (r == 0 && luks_is_bound_to_tpm(node)) {
		r = luks_bind_tpm(node, device, path);
		if (r < 0)
			stage_problem(stage, "%s: the TPM cannot be bound: does the machine have one (version 2)?", node->id);
		if (r == 0)
			r = luks_kill_slot(device, "0");
	}
	unlink(path);
	return r;
}

int luks_make(struct stage *stage, struct node *node)
{
	const char *device = nodes_base(&stage->nodes, node)->device;
	static struct key key;
	int r = key_get(stage, node, true, &key);

	if (r < 0)
		return r;
	r = luks_format(node, device, &key);
	if (r == 0)
		r = luks_make_slots(stage, node, device, &key);
	key_forget(&key);
	if (r < 0)
		stage_problem(stage, "%s: the encrypted volume could not be made", node->id);
	return r;
}

/* --- opening --------------------------------------------------------------------------------------------------------- */

static bool luks_is_ours(struct stage *stage, const struct node *node, const char *device)
{
	struct look look;

	if (look_at(device, &look) && strcmp(look.type, "crypto_LUKS") == 0 &&
	    strcmp(look.label, node_word(node, "name")) == 0)
		return true;
	stage_problem(stage, "%s: on %s there is %s, and not an encrypted volume labelled '%s': it is left alone", node->id,
		      device,
		      look_called(&look), node_word(node, "name"));
	return false;
}

/* The key of the volume stays with the device-mapper: growing needs no other then. */
static int luks_map(struct node *node, const char *device, const struct key *key)
{
	struct program program;

	program_begin(&program, CRYPTSETUP);
	program_add_all(&program, (const char *const[]){"open", "--batch-mode", "--type", "luks2", "--disable-keyring", NULL});
	if (key->size)
		program_add_all(&program, (const char *const[]){"--disable-external-tokens", "--key-file", "-", NULL});
	else
		program_add(&program, "--token-only");
	if (node_word(node, "discard"))
		program_add(&program, "--allow-discards");
	if (node_word(node, "no-workqueues"))
		program_add_all(&program, (const char *const[]){"--perf-no_read_workqueue", "--perf-no_write_workqueue", NULL});
	program_add_values(&program, node, STACK_OPEN_ARGUMENT);
	program_add_all(&program, (const char *const[]){device, node_word(node, "name"), NULL});
	program.input = key->size ? key->bytes : NULL;
	program.input_size = key->size;
	return program_do(&program);
}

static void luks_tell(struct stage *stage, const struct node *node)
{
	stage_problem(stage, "%s: %s. It can be opened with its recovery key: run '" STACK_PROGRAM " rebind %s'", node->id,
		      luks_is_bound_to_tpm(node) ? "the TPM does not open it: it is another machine's, or what it measures at "
		      "the "
						   "start has changed"
						 : "its key does not open it", node_word(node, "name"));
}

int luks_open(struct stage *stage, struct node *node)
{
	const char *device = nodes_base(&stage->nodes, node)->device;
	static struct key key;
	int r;

	stage_set_device(node, "/dev/mapper/%s", node_word(node, "name"));
	if (access(node->device, F_OK) == 0)
		return 0;
	if (!luks_is_ours(stage, node, device))
		return -EINVAL;
	/* (On a shadow a passphrase is asked a third time: nobody keeps it.) */
	r = key_get(stage, node, false, &key);
	if (r < 0)
		return r;
	r = luks_map(node, device, &key);
	key_forget(&key);
	if (r < 0)
		luks_tell(stage, node);
	return r == 0 && !stage_await(node->device) ? -ENOENT : r;
}

void luks_close(struct stage *stage, struct node *node)
{
	enum { TRIES = 50, PAUSE_US = 100000 };
	struct program program;

	(void)stage;
	for (unsigned i = 0; i < TRIES && access(node->device, F_OK) == 0; i++) {
		program_begin(&program, CRYPTSETUP);
		program_add_all(&program, (const char *const[]){"close", node_word(node, "name"), NULL});
		program.quiet = true;
		if (program_run(&program) == 0)
			return;
		usleep(PAUSE_US);
	}
}

int luks_grow(struct stage *stage, struct node *node)
{
	struct program program;
	int r;

	program_begin(&program, CRYPTSETUP);
	program_add_all(&program, (const char *const[]){"resize", node_word(node, "name"), NULL});
	r = program_do(&program);
	if (r < 0)
		stage_problem(stage, "%s: the encrypted volume could not be grown", node->id);
	return r;
}

/* --- another key ----------------------------------------------------------------------------------------------------- */

/* By the key alone: a token that opens the volume would hide that the key is wrong. */
static int luks_try(const char *device, const char *opened_by)
{
	struct program program;

	program_begin(&program, CRYPTSETUP);
	program_add_all(&program, (const char *const[]){"open", "--batch-mode", "--type", "luks2", "--test-passphrase",
							"--disable-external-tokens", "--key-file", opened_by, device,
							NULL});
	return program_do(&program);
}

/* systemd-cryptenroll(1) binds nothing when a binding to the same measurements is there, of another TPM, too: that goes first.
 * */
static int luks_bind_tpm_again(const struct node *node, const char *device, const char *opened_by)
{
	struct program program;
	int r;

	program_begin(&program, ENROLL);
	program_add_all(&program, (const char *const[]){"--wipe-slot=tpm2", device, NULL});
	r = program_do(&program);
	return r == 0 ? luks_bind_tpm(node, device, opened_by) : r;
}

int luks_bind_again(struct stage *stage, struct node *node, const char *recovery)
{
	const char *device = nodes_base(&stage->nodes, node)->device;
	static struct key key;
	char path[PATH_BYTES];
	int r = key_put("recovery", recovery, strlen(recovery), path);

	if (r == 0)
		r = luks_try(device, path);
	if (r == 0 && luks_is_bound_to_tpm(node)) {
		r = luks_bind_tpm_again(node, device, path);
	} else if (r == 0) {
		r = key_get(stage, node, true, &key);
		if (r == 0)
			r = luks_add_key(device, path, key.bytes, key.size, key.made_here);
		key_forget(&key);
	}
	unlink(path);
	return r;
}
