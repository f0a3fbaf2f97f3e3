#include "machine/agent/gather.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "contract/box.h"
#include "machine/agent/admit.h"
#include "machine/agent/lay.h"
#include "machine/audit.h"
#include "machine/hex.h"

enum { ENTRY_BYTES = 4096, MIB = 1 << 20, PROGRESS_STEP = 4 << 20 };

/* Where the content of a member comes from. */
enum origin {
	ORIGIN_NONE,                   /* it has none */
	ORIGIN_PLACE,                  /* it is there */
	ORIGIN_HERE,                   /* a file of the running tree */
	ORIGIN_TWIN,                   /* another member, before it in the list */
	ORIGIN_LIST,                   /* it is the list itself */
	ORIGIN_BUILDER,
};

/* A tree being taken. */
struct taking {
	struct gather *gather;
	char folder[64], tree[80];     /* of the slot */
	char *text;                    /* of the list … */
	struct roster list;              /* … which points into a copy of it */
	char *here_text;
	struct roster here;              /* of the running tree: what it said when it was new */
	const struct roster_member **by_hash; /* of `here`, its files */
	size_t n_by_hash;
	enum origin *origins;          /* by member */
	const struct roster_member **sources; /* by member: of ORIGIN_HERE, ORIGIN_TWIN */
	bool *kept;
	struct lay lay;
	uint64_t done, total, told;
};

static void gather_progress(struct taking *t, uint64_t bytes)
{
	t->done += bytes;
	if (t->done - t->told < PROGRESS_STEP)
		return;
	t->told = t->done;
	talk_say(t->gather->talk, OFFER_PROGRESS " %llu %llu", (unsigned long long)t->done, (unsigned long long)t->total);
}

static void *gather_room(size_t n, size_t size)
{
	void *room = calloc(n + 1, size);

	if (!room)
		die("out of memory");
	return room;
}

/* --- the list -------------------------------------------------------------------------------------------------------- */

/* Asks for the list, which nothing is written for, and holds it against its digest. */
static void gather_ask_list(struct taking *t)
{
	const struct offer *offer = t->gather->offer;
	size_t size = (size_t)offer->objects[OBJECT_ROOT].size_bytes;
	char *copy = gather_room(size, 1);
	uint8_t hash[HASH_BYTES];
	unsigned line;

	t->text = gather_room(size, 1);
	talk_say(t->gather->talk, OFFER_LIST);
	talk_bytes(t->gather->talk, t->text, size);
	t->gather->received += size;
	hash_salted(NULL, 0, t->text, size, hash);
	if (memcmp(hash, offer->objects[OBJECT_ROOT].root_hash, HASH_BYTES) != 0)
		die("protocol error: the list is not the one that was offered");
	memcpy(copy, t->text, size);
	if (roster_parse(copy, &t->list, &line) < 0)
		die("line %u of the tree's list is wrong", line);
	if (roster_add_itself(&t->list, size, hash) < 0)
		die("the tree has no place for its list");
}

static int gather_compare(const void *a, const void *b)
{
	const struct roster_member *const *one = a, *const *other = b;

	return memcmp((*one)->hash, (*other)->hash, HASH_BYTES);
}

/* The files of a list, by their contents. */
static const struct roster_member **gather_sort(const struct roster *list, size_t *ret_n)
{
	const struct roster_member **sorted = gather_room(list->n, sizeof *sorted);

	*ret_n = 0;
	for (size_t i = 0; i < list->n; i++)
		if (list->members[i].type == LIST_REGULAR)
			sorted[(*ret_n)++] = &list->members[i];
	qsort(sorted, *ret_n, sizeof *sorted, gather_compare);
	return sorted;
}

/* What the running tree was made of. It can be written by everybody there, so a file is believed when it has been read. */
static void gather_look_here(struct taking *t)
{
	uint8_t hash[HASH_BYTES];
	int r = roster_read(t->gather->running, &t->here, &t->here_text, hash);

	if (r < 0) {
		say("the running tree's list cannot be read (%s): all files are sent", strerror(-r));
		roster_free(&t->here);
	}
	t->by_hash = gather_sort(&t->here, &t->n_by_hash);
}

/* --- where contents are ---------------------------------------------------------------------------------------------- */

/* It is in its place, and no other file's, in this tree or elsewhere. */
static bool gather_is_in_place(const struct taking *t, const struct roster_member *member)
{
	char path[PATH_MAX];
	struct stat st;

	return audit_path(t->tree, member, path, sizeof path) && lstat(path, &st) == 0 && S_ISREG(st.st_mode) &&
	       st.st_nlink <= member->n_names && audit_is_content(t->tree, member);
}

static void gather_find(struct taking *t, size_t i)
{
	const struct roster_member *member = &t->list.members[i], **found;

	if (t->list.has_itself && i == t->list.n - 1) {
		t->origins[i] = ORIGIN_LIST;
	} else if (gather_is_in_place(t, member)) {
		t->origins[i] = ORIGIN_PLACE;
		t->kept[i] = true;
		t->gather->in_place += member->size;
	} else {
		found = bsearch(&member, t->by_hash, t->n_by_hash, sizeof *found, gather_compare);
		t->origins[i] = found ? ORIGIN_HERE : ORIGIN_BUILDER;
		t->sources[i] = found ? *found : NULL;
	}
}

/* Of several members with a content that has to come, the first gets it, and is copied. */
static void gather_find_twins(struct taking *t)
{
	size_t n;
	const struct roster_member **sorted = gather_sort(&t->list, &n), *first = NULL;

	for (size_t at = 0; at < n; at++) {
		size_t i = (size_t)(sorted[at] - t->list.members);

		if (first && memcmp(first->hash, sorted[at]->hash, HASH_BYTES) == 0) {
			if (t->origins[i] == ORIGIN_BUILDER && t->origins[first - t->list.members] != ORIGIN_LIST) {
				t->origins[i] = ORIGIN_TWIN;
				t->sources[i] = first;
			}
		} else {
			first = sorted[at];
		}
	}
	free(sorted);
}

static void gather_find_all(struct taking *t)
{
	t->origins = gather_room(t->list.n, sizeof *t->origins);
	t->sources = gather_room(t->list.n, sizeof *t->sources);
	t->kept = gather_room(t->list.n, sizeof *t->kept);
	for (size_t i = 0; i < t->list.n; i++)
		if (t->list.members[i].type == LIST_REGULAR) {
			t->total += 2 * t->list.members[i].size; /* it is read once more at the end */
			gather_find(t, i);
		}
	t->done = t->gather->in_place;
	gather_find_twins(t);
}

/* --- room ------------------------------------------------------------------------------------------------------------ */

static void gather_check_room(struct taking *t)
{
	uint64_t need = ADMIT_STATE_BYTES, have;
	struct statvfs fs;
	char existing[80];

	snprintf(existing, sizeof existing, "%s/", t->gather->boot->esp);
	if (statvfs(existing, &fs) < 0)
		die("cannot access %s: %s", existing, strerror(errno));
	have = (uint64_t)fs.f_bavail * fs.f_frsize + lay_waste(&t->lay);
	for (size_t i = 0; i < t->list.n; i++) {
		const struct roster_member *member = &t->list.members[i];

		if (member->type == LIST_FOLDER || (t->origins[i] > ORIGIN_PLACE))
			need += ENTRY_BYTES;
		if (t->origins[i] > ORIGIN_PLACE)
			need += (member->size + ENTRY_BYTES - 1) / ENTRY_BYTES * ENTRY_BYTES;
	}
	if (need > have)
		die("the tree needs %llu MiB, but the container has only %llu MiB free: make its root file system larger, or "
		    "free space there; nothing was changed",
		    (unsigned long long)(need / MIB), (unsigned long long)(have / MIB));
}

/* --- contents -------------------------------------------------------------------------------------------------------- */

/* What the running tree should have, and has not any more, has to come after all. */
static void gather_copy_here(struct taking *t)
{
	char source[PATH_MAX];

	for (size_t i = 0; i < t->list.n; i++) {
		const struct roster_member *member = &t->list.members[i];

		if (t->origins[i] != ORIGIN_HERE)
			continue;
		if (audit_path(t->gather->running, t->sources[i], source, sizeof source) &&
		    (t->gather->dry_run ? audit_is_content(t->gather->running, t->sources[i]) :
					  lay_copy(&t->lay, member, source) == 0)) {
			t->gather->copied += member->size;
			gather_progress(t, member->size);
		} else {
			t->origins[i] = ORIGIN_BUILDER;
		}
	}
	gather_find_twins(t);
}

static void gather_receive(struct taking *t, const struct roster_member *member)
{
	static char chunk[1 << 16];
	uint8_t hash[HASH_BYTES];
	uint64_t left = member->size;
	int fd = lay_begin(&t->lay), r = 0;

	for (size_t n; left; left -= n) {
		n = left < sizeof chunk ? (size_t)left : sizeof chunk;
		talk_bytes(t->gather->talk, chunk, n);
		r = write_all(fd, chunk, n, (int64_t)(member->size - left));
		if (r < 0)
			die("cannot write %s: %s", member->path, strerror(-r));
	}
	r = hash_copy(fd, -1, hash);
	if (r < 0 || memcmp(hash, member->hash, HASH_BYTES) != 0)
		die("%s did not arrive as it is in the list", member->path);
	lay_end(&t->lay, member, fd);
	t->gather->received += member->size;
	gather_progress(t, member->size);
}

static size_t gather_next(const struct taking *t, size_t i)
{
	while (i < t->list.n && t->origins[i] != ORIGIN_BUILDER)
		i++;
	return i;
}

/* Asks for some files ahead of those that come. */
static void gather_receive_all(struct taking *t)
{
	size_t asked = gather_next(t, 0), ahead = 0;

	for (size_t i = asked; i < t->list.n; i = gather_next(t, i + 1), ahead--) {
		for (; ahead < OFFER_FILES_AHEAD && asked < t->list.n; asked = gather_next(t, asked + 1), ahead++)
			talk_say(t->gather->talk, OFFER_FILE " %zu", asked);
		gather_receive(t, &t->list.members[i]);
	}
}

static void gather_copy_twins(struct taking *t)
{
	char source[PATH_MAX];

	for (size_t i = 0; i < t->list.n; i++) {
		if (t->origins[i] != ORIGIN_TWIN)
			continue;
		if (!audit_path(t->tree, t->sources[i], source, sizeof source) ||
		    lay_copy(&t->lay, &t->list.members[i], source) < 0)
			die("%s cannot be copied to %s", t->sources[i]->path, t->list.members[i].path);
		t->gather->copied += t->list.members[i].size;
		gather_progress(t, t->list.members[i].size);
	}
}

static void gather_write_list(struct taking *t)
{
	const struct roster_member *member = &t->list.members[t->list.n - 1];
	int fd = lay_begin(&t->lay), r = write_all(fd, t->text, (size_t)member->size, 0);

	if (r < 0)
		die("cannot write %s: %s", member->path, strerror(-r));
	lay_end(&t->lay, member, fd);
}

/* --- the whole of it ------------------------------------------------------------------------------------------------- */

static void gather_check(void *data, uint64_t bytes)
{
	gather_progress(data, bytes);
}

static void gather_lay(struct taking *t)
{
	char why[PATH_MAX + 64];

	boot_take(t->gather->boot, t->gather->boot->other);
	lay_prune(&t->lay);
	lay_folders(&t->lay);
	gather_copy_here(t);
	gather_receive_all(t);
	gather_copy_twins(t);
	gather_write_list(t);
	lay_finish(&t->lay);
	talk_say(t->gather->talk, OFFER_STEP " " OFFER_STEP_CHECKING);
	if (!audit_tree(t->tree, &t->list, gather_check, t, why, sizeof why))
		die("the tree in slot %c differs from its list: %s", t->gather->boot->other->letter, why);
	boot_taken(t->gather->boot, t->gather->boot->other, t->gather->offer->objects[OBJECT_ROOT].root_hash,
		   t->gather->offer->generation);
}

/* What would be copied, and what would come. */
static void gather_count(struct taking *t)
{
	gather_copy_here(t);
	for (size_t i = 0; i < t->list.n; i++) {
		t->gather->copied += t->origins[i] == ORIGIN_TWIN ? t->list.members[i].size : 0;
		t->gather->received += t->origins[i] == ORIGIN_BUILDER ? t->list.members[i].size : 0;
	}
}

void gather(struct gather *how)
{
	static struct taking t;

	t = (struct taking){.gather = how};
	boot_folder(how->boot, how->boot->other, t.folder, sizeof t.folder);
	snprintf(t.tree, sizeof t.tree, "%s/" BOX_TREE, t.folder);
	talk_say(how->talk, OFFER_STEP " " OFFER_STEP_LOOKING);
	gather_ask_list(&t);
	gather_look_here(&t);
	gather_find_all(&t);
	t.lay = (struct lay){t.tree, t.folder, &t.list, t.kept};
	gather_check_room(&t);
	talk_say(how->talk, OFFER_STEP " " OFFER_STEP_TAKING);
	if (how->dry_run)
		gather_count(&t);
	else
		gather_lay(&t);
}
