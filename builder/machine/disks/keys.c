#include "machine/disks/keys.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <termios.h>
#include <unistd.h>

#include "contract/stack.h"
#include "machine/disks/leaf_disks.h"
#include "machine/disks/programs.h"
#include "machine/lines.h"
#include "machine/put.h"
#include "machine/root/media.h"
#include "machine/root/root.h"
#include "machine/say.h"

#define SECRETS "/run/secrets"
#define CONSOLE "/dev/console"

enum { ASK_MS = 120000 };

void key_forget(struct key *key)
{
	explicit_bzero(key, sizeof *key);
}

bool key_is_late(const struct node *node)
{
	const char *key = node->kind == NODE_LUKS ? node_word(node, "key") : "";

	return strcmp(key, STACK_KEY_FILE) == 0 || strcmp(key, STACK_KEY_SECRET) == 0;
}

bool key_var_stays(void)
{
	char on[NODE_DEVICE];

	return lines_read(ROOT_STATE_FILE, ROOT_STATE_ON, on, sizeof on) && strcmp(on, ROOT_STATE_MEMORY) != 0;
}

int key_put(const char *name, const void *bytes, size_t size, char ret_path[128])
{
	int fd, r;

	snprintf(ret_path, 128, STAGE_ROOM "/%s", name);
	unlink(ret_path);
	fd = open(ret_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0400);
	r = fd < 0 ? -errno : write_all(fd, bytes, size, 0);
	if (fd >= 0)
		close(fd);
	if (r < 0)
		say("cannot write %s: %s", ret_path, strerror(-r));
	return r;
}

static int keys_random(struct key *key)
{
	key->size = STACK_KEY_BYTES;
	key->made_here = true;
	return getrandom(key->bytes, key->size, 0) == (ssize_t)key->size ? 0 : -EIO;
}

static int keys_read_file(const char *path, struct key *key)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -errno : read_all(fd, key->bytes, sizeof key->bytes, 0);

	if (fd >= 0)
		close(fd);
	key->size = n > 0 ? (size_t)n : 0;
	return n < 0 ? (int)n : n == 0 ? -ENODATA : 0;
}

/* --- a file below /var ----------------------------------------------------------------------------------------------- */

static int keys_get_from_file(struct stage *stage, const struct node *node, bool making, struct key *key)
{
	const char *path = node_word(node, "path");
	struct put put = {.path = path, .mode = 0400};
	int r = keys_read_file(path, key);

	key->made_here = true;
	if (r == -ENOENT && making && !key_var_stays()) {
		stage_problem(stage, "%s: /var is in memory, and a key that is made there now is lost at the next start: the "
			      "volume is "
			      "not made", node->id);
		return -EROFS;
	}
	if (r == -ENOENT && making) {
		r = keys_random(key);
		put.bytes = (const char *)key->bytes;
		put.size = key->size;
		if (r == 0)
			r = put_file("", &put);
	}
	if (r < 0)
		stage_problem(stage, "%s: the key %s cannot be %s: %s", node->id, path, making ? "made" : "read", strerror(-r));
	return r;
}

/* --- a disk ---------------------------------------------------------------------------------------------------------- */

/* The head comes last: cut off before, the disk has the marker of media.h, and is made anew. */
static int keys_write_disk(int fd, const struct key *key)
{
	uint8_t block[DISK_MARKER_BYTES];
	int r;

	media_marker(block);
	r = write_all(fd, block, sizeof block, 0);
	if (r == 0 && fsync(fd) < 0)
		r = -errno;
	if (r == 0)
		r = write_all(fd, key->bytes, STACK_KEY_BYTES, STACK_KEY_AT);
	if (r == 0 && fsync(fd) < 0)
		r = -errno;
	memset(block, 0, sizeof block);
	memcpy(block, STACK_KEY_HEAD, sizeof STACK_KEY_HEAD - 1);
	if (r == 0)
		r = write_all(fd, block, sizeof block, 0);
	return r == 0 && fsync(fd) < 0 ? -errno : r;
}

static int keys_read_disk(int fd, struct key *key)
{
	char head[sizeof STACK_KEY_HEAD - 1];

	if (read_all(fd, head, sizeof head, 0) != sizeof head || memcmp(head, STACK_KEY_HEAD, sizeof head) != 0)
		return -EINVAL;
	key->size = STACK_KEY_BYTES;
	key->made_here = true;
	return read_all(fd, key->bytes, STACK_KEY_BYTES, STACK_KEY_AT) == STACK_KEY_BYTES ? 0 : -EIO;
}

static int keys_get_from_disk(struct stage *stage, const struct node *node, bool making, struct key *key)
{
	struct node *disk = &stage->nodes.list[nodes_find(&stage->nodes, node_word(node, "disk"))];
	bool fresh = making && disk->state == NODE_BLANK;
	int fd = *disk->device ? open(disk->device, (fresh ? O_RDWR | O_EXCL : O_RDONLY) | O_CLOEXEC) : -1, r;

	if (fd < 0) {
		stage_problem(stage, "%s: its key is on %s, which is not there: connect it, and restart the machine", node->id,
			      leaf_called(disk));
		return -ENOENT;
	}
	r = fresh ? keys_random(key) : keys_read_disk(fd, key);
	if (r == 0 && fresh)
		r = keys_write_disk(fd, key);
	close(fd);
	if (r == 0 && fresh)
		disk->state = NODE_THERE;
	if (r < 0)
		stage_problem(stage, "%s: on %s there is no key of this machine's: is it another machine's disk?", node->id,
			      leaf_called(disk));
	return r;
}

/* --- somebody -------------------------------------------------------------------------------------------------------- */

static int keys_get_secret(struct stage *stage, const struct node *node, struct key *key)
{
	char path[160];
	int r;

	snprintf(path, sizeof path, SECRETS "/%s", node_word(node, "secret"));
	r = keys_read_file(path, key);
	if (r < 0)
		stage_problem(stage,
			      "%s: its passphrase is the secret '%s', which is not there: send it (aether-build secrets send), "
			      "then "
			      "run 'systemctl restart " STACK_UNIT_LATE "'", node->id, node_word(node, "secret"));
	return r;
}

/* A line of the console, which does not show it. */
static int keys_read_console(int fd, struct key *key)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
	struct termios usual, silent;
	bool terminal = tcgetattr(fd, &usual) == 0;
	ssize_t n = -ETIME;

	silent = usual;
	silent.c_lflag &= ~(tcflag_t)ECHO;
	if (terminal)
		tcsetattr(fd, TCSAFLUSH, &silent);
	if (poll(&poll_fd, 1, ASK_MS) > 0)
		n = read(fd, key->bytes, sizeof key->bytes);
	if (terminal)
		tcsetattr(fd, TCSAFLUSH, &usual);
	dprintf(fd, "\n");
	key->size = n > 0 ? (size_t)n : 0;
	return n < 0 ? (int)n : 0;
}

/* Before systemd is there, it is asked here. */
static int keys_ask_console(const char *question, struct key *key)
{
	int fd = open(CONSOLE, O_RDWR | O_NOCTTY | O_CLOEXEC), r;

	if (fd < 0)
		return -errno;
	dprintf(fd, "\n%s: ", question);
	r = keys_read_console(fd, key);
	close(fd);
	return r;
}

static int keys_ask_systemd(const char *question, struct key *key)
{
	struct program program;
	int r;

	program_begin(&program, "/usr/bin/systemd-ask-password");
	program_addf(&program, "--timeout=%d", ASK_MS / 1000);
	program_add(&program, question);
	program.output = (char *)key->bytes;
	program.output_size = sizeof key->bytes;
	r = program_do(&program);
	key->size = strlen((char *)key->bytes);
	return r;
}

static int keys_ask_once(const struct stage *stage, const char *question, struct key *key)
{
	int r = stage->early ? keys_ask_console(question, key) : keys_ask_systemd(question, key);

	while (r == 0 && key->size && strchr("\r\n", key->bytes[key->size - 1]))
		key->size--;
	return r < 0 ? r : key->size ? 0 : -ENODATA;
}

/* A new passphrase is typed twice: nobody can find a mistake in it later. */
static int keys_ask(struct stage *stage, const struct node *node, bool making, struct key *key)
{
	static struct key again, typed;
	static const struct node *typed_for;
	char question[200];
	int r;

	if (!making && typed_for == node) { /* it was made a moment ago */
		*key = typed;
		return 0;
	}
	snprintf(question, sizeof question, "%s of the encrypted volume '%s'", making ? "New passphrase" : "Passphrase",
		 node_word(node, "name"));
	r = keys_ask_once(stage, question, key);
	if (r == 0 && making) {
		r = keys_ask_once(stage, "The same again", &again);
		if (r == 0 && (again.size != key->size || memcmp(again.bytes, key->bytes, key->size) != 0))
			r = -EINVAL;
	}
	key_forget(&again);
	if (r == 0 && making) {
		typed = *key;
		typed_for = node;
	}
	if (r < 0)
		stage_problem(stage, "%s: nobody typed its passphrase%s: restart the machine, or run 'systemctl restart "
			      "" STACK_UNIT "'",
			      node->id, r == -EINVAL ? " twice the same" : "");
	return r;
}

int key_get(struct stage *stage, const struct node *node, bool making, struct key *ret_key)
{
	const char *kind = node_word(node, "key");

	*ret_key = (struct key){0};
	if (strcmp(kind, STACK_KEY_TPM2) == 0)
		return making ? keys_random(ret_key) : 0;
	if (strcmp(kind, STACK_KEY_FILE) == 0)
		return keys_get_from_file(stage, node, making, ret_key);
	if (strcmp(kind, STACK_KEY_DISK) == 0)
		return keys_get_from_disk(stage, node, making, ret_key);
	if (strcmp(kind, STACK_KEY_SECRET) == 0)
		return keys_get_secret(stage, node, ret_key);
	return keys_ask(stage, node, making, ret_key);
}
