/* The init of a container: chooses a tree, makes it the root, and hands over to systemd. Whatever goes wrong before, the
 * container starts what it had. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <unistd.h>

#include "contract/box.h"
#include "contract/esp.h"
#include "machine/audit.h"
#include "machine/books.h"
#include "machine/box/bring.h"
#include "machine/box/choose.h"
#include "machine/box/pivot.h"
#include "machine/hex.h"
#include "machine/lines.h"
#include "machine/say.h"

enum { WHY_BYTES = 400 };

static void box_path(char *out, size_t size, char slot, const char *name)
{
	snprintf(out, size, BOX_FOLDER "/%c%s%s", slot, *name ? "/" : "", name);
}

static bool box_has(char slot, const char *name)
{
	char path[PATH_MAX];

	box_path(path, sizeof path, slot, name);
	return access(path, F_OK) == 0;
}

static enum choose_state box_state_of(char slot)
{
	if (!box_has(slot, BOX_TREE))
		return slot == 'a' ? CHOOSE_IS_ROOT : CHOOSE_NONE;
	if (box_has(slot, BOX_TAKING) || !box_has(slot, ESP_IMAGE) || !box_has(slot, BOX_TREE BOX_SYSTEMD) ||
	    box_has(slot, BOX_REFUSED))
		return CHOOSE_NONE;
	return box_has(slot, ESP_FAILURE) ? CHOOSE_BAD : CHOOSE_WHOLE;
}

/* --- handing over ---------------------------------------------------------------------------------------------------- */

/* Only when it returns something went wrong. */
static void box_hand_over(char **argv, const char *started, const char *remark)
{
	if (getpid() == 1) {
		setenv(BOX_ENV_STARTED, started, 1);
		setenv(BOX_ENV_REMARK, remark, 1);
	}
	execv(BOX_SYSTEMD, argv);
}

/* Written down for the agent, and so that this tree is not started again. */
static void box_refuse(char slot, const char *why)
{
	char folder[32], text[WHY_BYTES];
	int r;

	snprintf(text, sizeof text, "%s", why);
	lines_flatten(text);
	box_path(folder, sizeof folder, slot, "");
	r = write_whole(folder, BOX_REFUSED, text);
	if (r < 0)
		say("cannot record in %s why it is not started: %s", folder, strerror(-r));
}

/* --- a trial --------------------------------------------------------------------------------------------------------- */

/* The tree is what was sent, as long as it has not run: from then on it changes by itself. */
static bool box_is_sound(char slot, const char *tree, char *why)
{
	char path[64], text[1024], wanted[HASH_HEX], hex[HASH_HEX];
	uint8_t hash[HASH_BYTES];
	struct roster list;
	char *list_text, what[WHY_BYTES - 100];
	bool sound = false;
	int r;

	box_path(path, sizeof path, slot, ESP_IMAGE);
	if (read_line(path, text, sizeof text) < 0 || !lines_get(text, ESP_IMAGE_ROOT, wanted, sizeof wanted))
		*wanted = 0;
	r = roster_read(tree, &list, &list_text, hash);
	hex_print(hash, HASH_BYTES, hex);
	if (r < 0)
		snprintf(why, WHY_BYTES, "its list cannot be read: %s", strerror(-r));
	else if (strcmp(hex, wanted) != 0)
		snprintf(why, WHY_BYTES, "it was changed after it was taken: its list is another one");
	else if (!audit_tree(tree, &list, NULL, NULL, what, sizeof what))
		snprintf(why, WHY_BYTES, "it was changed after it was taken: %s", what);
	else
		sound = true;
	roster_free(&list);
	free(list_text);
	return sound;
}

/* A try counts before it is made. One that cannot be counted is not made: it might be made for ever. */
static int box_count_try(struct books *books, char *why)
{
	int r;

	books->tries--;
	r = books_write(BOX_FOLDER, books);
	if (r < 0)
		snprintf(why, WHY_BYTES, "a try cannot be counted: %s", strerror(-r));
	return r;
}

/* Whether the trial may begin; one that may not is over. */
static bool box_begin_trial(struct books *books, const char *tree, char *why)
{
	if (books->tries == SLOT_TRIES && !box_is_sound(books->trial, tree, why)) {
		box_refuse(books->trial, why);
		return false;
	}
	return box_count_try(books, why) == 0;
}

/* --- starting -------------------------------------------------------------------------------------------------------- */

/* Returns when the tree cannot be started, and says why. */
static void box_start_tree(struct books *books, char slot, char **argv, const char *remark, char *why)
{
	const char started[] = {slot, 0};
	char tree[32];
	int r;

	box_path(tree, sizeof tree, slot, BOX_TREE);
	if (slot == books->trial && !box_begin_trial(books, tree, why))
		return;
	r = bring_all("", tree, why, WHY_BYTES);
	if (r == 0)
		r = pivot_into(tree, why, WHY_BYTES);
	if (r < 0) {
		if (slot == books->trial)
			box_refuse(slot, why);
		return;
	}
	box_hand_over(argv, started, remark);
	/* There is no way back to the old root, but one through the next start. */
	snprintf(why, WHY_BYTES, "cannot start " BOX_SYSTEMD ": %s", strerror(errno));
	box_refuse(slot, why);
	say("slot %c: %s", slot, why);
	sync();
	reboot(RB_AUTOBOOT);
}

static void box_choose(char **argv, char *remark)
{
	const enum choose_state states[] = {box_state_of('a'), box_state_of('b')};
	char order[CHOOSE_MAX], why[WHY_BYTES] = "";
	struct books books = {0};
	int r = books_read(BOX_FOLDER, &books);
	size_t n = choose(r == 0 ? &books : NULL, states, order);

	if (r < 0 && r != -ENOENT)
		snprintf(remark, WHY_BYTES, "the books in " BOX_FOLDER " cannot be read: %s", strerror(-r));
	for (size_t i = 0; i < n && order[i] != CHOOSE_ROOT; i++) {
		box_start_tree(&books, order[i], argv, remark, why);
		say("slot %c is not started: %s", order[i], why);
		snprintf(remark, WHY_BYTES, "slot %c was not started: %.300s", order[i], why);
	}
	if (!*remark && r == 0 && states[books.good - 'a'] != CHOOSE_IS_ROOT)
		snprintf(remark, WHY_BYTES, "slot %c has no tree that could be started", books.good);
}

int main(int argc, char **argv)
{
	char remark[WHY_BYTES] = "";

	(void)argc;
	say_as("aether-box", NULL);
	if (getpid() == 1) /* else it is telinit(8) */
		box_choose(argv, remark);
	box_hand_over(argv, BOX_ROOT, remark);
	die("cannot start " BOX_SYSTEMD ": %s", strerror(errno));
}
