/* inspect IMAGE --against OTHER: what somebody has changed. */
#include <stdio.h>
#include <string.h>

#include "base/escape.h"
#include "contract/image.h"
#include "edge/jval.h"
#include "inspect/pairing.h"
#include "inspect/scripts.h"
#include "inspect/told.h"

/* One thing that differs in a file system; no path: the file system or the partition as a whole. */
struct differ_change {
	const char *path, *change;   /* "added", "removed", "changed" */
	struct strv what;            /* of what changed: "content", "mode 0644 -> 0600" */
};

/* A pair of devices that belong together, and what differs. */
struct differ_pair {
	const char *name;            /* of the partition, or the device */
	const char *verdict;         /* "same", "differs", "added", "removed", "unreadable" */
	const char *why;             /* more of it, or NULL */
	struct differ_change *changes;
	size_t n;
};

struct differ {
	struct arena *arena;
	const struct inspect_request *request;
	struct inspect_view *after, *before;
	struct differ_pair *pairs;
	size_t n;
};

/* --- two trees ------------------------------------------------------------------------------------------------------- */

static void differ_note(struct arena *arena, struct strv *what, bool differs, const char *name, const char *before,
			const char *after)
{
	if (differs)
		strv_push(arena, what, before ? arena_printf(arena, "%s %s -> %s", name, before, after) : name);
}

static const char *differ_attributes(const struct inspect_entry *entry)
{
	return strstr(entry->attributes, "security.capability=") ? "capabilities and other attributes" : "attributes";
}

/* What two files of one path differ by; nothing when they are the same. Sizes of folders are the file system's matter, and
 * so are times. */
static struct strv differ_entries(struct arena *arena, const struct inspect_entry *before, const struct inspect_entry *after)
{
	const char *types[2] = {(const char[]){before->type, 0}, (const char[]){after->type, 0}};
	bool files = before->type == 'f' && after->type == 'f';
	struct strv what = {0};

	differ_note(arena, &what, before->type != after->type, "type", types[0], types[1]);
	differ_note(arena, &what, before->mode != after->mode && after->type != 'l', "mode",
		    arena_printf(arena, "%04o", before->mode),
		    arena_printf(arena, "%04o", after->mode));
	differ_note(arena, &what, before->uid != after->uid || before->gid != after->gid, "owner",
		    arena_printf(arena, "%u:%u", before->uid, before->gid),
			    arena_printf(arena, "%u:%u", after->uid, after->gid));
	differ_note(arena, &what, before->type == 'l' && after->type == 'l' && strcmp(before->target, after->target) != 0,
		    "target",
		    before->target, after->target);
	differ_note(arena, &what, files && (!before->sha256 || !after->sha256), "content cannot be read", NULL, NULL);
	differ_note(arena, &what, files && before->sha256 && after->sha256 && strcmp(before->sha256, after->sha256) != 0,
		    "content",
		    arena_printf(arena, "%.12s", before->sha256), arena_printf(arena, "%.12s", after->sha256));
	differ_note(arena, &what, strcmp(before->attributes, after->attributes) != 0,
		    differ_attributes(*before->attributes ? before : after), NULL, NULL);
	return what;
}

static void differ_add(struct differ *differ, struct differ_pair *pair, const char *path, const char *change, struct strv what)
{
	*arena_push(differ->arena, pair->changes, pair->n) =
		(struct differ_change){.path = *path ? path : ".", .change = change, .what = what};
}

/* Both are sorted by path. */
static void differ_merge(struct differ *differ, struct differ_pair *pair, const struct inspect_entries *before,
			 const struct inspect_entries *after)
{
	size_t i = 0, k = 0;

	while (i < before->n || k < after->n) {
		int order = i == before->n ? 1 : k == after->n ? -1 : strcmp(before->items[i].path, after->items[k].path);

		if (order < 0) {
			differ_add(differ, pair, before->items[i++].path, "removed", (struct strv){0});
		} else if (order > 0) {
			differ_add(differ, pair, after->items[k++].path, "added", (struct strv){0});
		} else {
			struct strv what = differ_entries(differ->arena, &before->items[i++], &after->items[k++]);

			if (what.count)
				differ_add(differ, pair, after->items[k - 1].path, "changed", what);
		}
	}
	pair->verdict = pair->n ? "differs" : "same";
}

static int differ_scan(struct inspect_view *view, const char *place, struct inspect_entries *ret_entries, struct err *err)
{
	const char *said;
	size_t size;
	int r = view_ask(view, SCRIPT_SCAN, (const char *[]){place, NULL}, &said, &size, err);

	return r < 0 ? r : entries_read(view->arena, said, size, ret_entries, err);
}

static int differ_trees(struct differ *differ, struct differ_pair *pair, const char *before, const char *after, struct err *err)
{
	struct inspect_entries entries[2] = {0};
	int r = differ_scan(differ->before, before, &entries[0], err);

	if (r == 0)
		r = differ_scan(differ->after, after, &entries[1], err);
	if (r < 0)
		return err_wrap(err, "comparing '%s'", text_plain(differ->arena, pair->name));
	differ_merge(differ, pair, &entries[0], &entries[1]);
	return 0;
}

/* --- two images ------------------------------------------------------------------------------------------------------ */

static const char *differ_name(const struct differ *differ, const struct inspect_device *device)
{
	return device->label ? device->label : device->number ? arena_printf(differ->arena, "%u", device->number)
		: strcmp(device->kind, "disk") == 0 ? "disk" : pairing_name(device);
}

static int differ_bytes(struct differ *differ, const char *before, const char *after, bool *ret_same, struct err *err)
{
	const char *said;
	int r = view_ask(differ->after, SCRIPT_SAME, (const char *[]){before, after, NULL}, &said, NULL, err);

	if (r == 0)
		*ret_same = text_has_prefix(said, "same");
	return r;
}

/* Where the image has what a machine's /var begins with. */
static const char *differ_factory(const struct differ *differ)
{
	const struct inspect_device *root = differ->before->root;

	return root && root->is_ours
		       ? arena_printf(differ->arena, "%s%s%s/var", root->place, *root->root ? "/" : "", root->root)
				     : NULL;
}

/* The state is on a partition of that label, or on a disk, whose file system has one. */
static bool differ_is_state(const struct inspect_device *device)
{
	return device->place && ((device->label && strcmp(device->label, LABEL_STATE) == 0) ||
				 (device->fs_label && strcmp(device->fs_label, STATE_LABEL) == 0));
}

static bool differ_is_empty(const struct inspect_entries *entries)
{
	for (size_t i = 0; i < entries->n; i++)
		if (*entries->items[i].path && strcmp(entries->items[i].path, "lost+found") != 0)
			return false;
	return true;
}

/* The list of packages is the image's, and no machine gets it; a file system has a folder of its own. */
static bool differ_is_in_state(const struct inspect_entry *entry)
{
	static const char database[] = "lib/dpkg";

	return strcmp(entry->path, "lost+found") != 0 &&
	       !(text_has_prefix(entry->path, database) && strchr("/", entry->path[strlen(database)]));
}

static void differ_drop(struct inspect_entries *entries)
{
	size_t n = 0;

	for (size_t i = 0; i < entries->n; i++)
		if (differ_is_in_state(&entries->items[i]))
			entries->items[n++] = entries->items[i];
	entries->n = n;
}

/* A state is filled on the first boot with what the root has in /var: what an image leaves empty (`before`, or NULL) is
 * compared
 * with that. */
static int differ_state(struct differ *differ, struct differ_pair *pair, const struct inspect_device *before,
			const struct inspect_device *after, struct err *err)
{
	struct inspect_entries entries[2] = {0};
	int r = before && before->place ? differ_scan(differ->before, before->place, &entries[0], err) : 0;
	bool empty = differ_is_empty(&entries[0]);

	if (r == 0 && empty)
		r = differ_scan(differ->before, differ_factory(differ), &entries[0], err);
	if (r == 0)
		r = differ_scan(differ->after, after->place, &entries[1], err);
	if (r < 0)
		return err_wrap(err, "comparing '%s'", text_plain(differ->arena, pair->name));
	if (empty) {
		differ_drop(&entries[0]);
		differ_drop(&entries[1]);
		pair->why = "compared with what the image has in /var";
	}
	differ_merge(differ, pair, &entries[0], &entries[1]);
	return 0;
}

/* Two slots with different images in them: a list of files would be all of both. */
static bool differ_other_image(const struct differ *differ, const struct inspect_device *before,
			       const struct inspect_device *after)
{
	const struct inspect_slot *ours = pairing_slot(differ->after, after), *theirs = pairing_slot(differ->before, before);

	return ours && theirs && ours->root_hash && (!theirs->root_hash || strcmp(ours->root_hash, theirs->root_hash) != 0);
}

static int differ_both(struct differ *differ, struct differ_pair *pair, const struct inspect_device *before,
		       const struct inspect_device *after, struct err *err)
{
	bool same = false;
	int r = 0;

	if (before->size == after->size && strcmp(after->kind, "template") != 0)
		r = differ_bytes(differ, before->path, after->path, &same, err);
	if (r < 0)
		return r;
	pair->verdict = "same";
	if (same)
		return 0;
	if (differ_is_state(after) && differ_factory(differ))
		return differ_state(differ, pair, before, after, err);
	pair->verdict = "differs";
	if (differ_other_image(differ, before, after))
		pair->why = "the slot has another image, or an image only there";
	else if (before->place && after->place)
		return differ_trees(differ, pair, before->place, after->place, err);
	else
		pair->why = before->problem || after->problem ? "it cannot be looked into"
			: before->place ? "there is no file system on it any more"
			: after->place ? "there was no file system on it" : "its bytes are others, and no file system is on it";
	return 0;
}

static int differ_one(struct differ *differ, const struct inspect_device *before, const struct inspect_device *after,
		      struct err *err)
{
	struct differ_pair pair = {.name = differ_name(differ, after), .verdict = "added"};
	int r = 0;

	if (before && strcmp(pair.name, differ_name(differ, before)) != 0)
		pair.why = arena_printf(differ->arena, "what the other image has in '%s'",
					escape_shown(differ->arena, differ_name(differ, before)));
	if (before)
		r = differ_both(differ, &pair, before, after, err);
	else if (differ_is_state(after) && differ_factory(differ))
		r = differ_state(differ, &pair, NULL, after, err);
	*arena_push(differ->arena, differ->pairs, differ->n) = pair;
	return r;
}

/* A disk without partitions is one of several that a machine has: of what else it has nothing is missing. */
static bool differ_is_part(const struct inspect_view *view)
{
	return view->n == 1 && strcmp(view->devices[0].kind, "disk") == 0 && view->devices[0].place;
}

static int differ_compare(struct differ *differ, struct err *err)
{
	const struct inspect_view *view = differ->after, *other = differ->before;
	const struct inspect_device **partners = pairing_find(view, other);
	int r = 0;

	for (size_t i = 0; r == 0 && i < view->n; i++)
		if (pairing_has_content(view, &view->devices[i]))
			r = differ_one(differ, differ_is_part(view) && !differ_is_part(other) ? NULL : partners[i],
				       &view->devices[i], err);
	for (size_t i = 0; r == 0 && !differ_is_part(view) && i < other->n; i++) {
		bool found = !pairing_has_content(other, &other->devices[i]);

		for (size_t k = 0; k < view->n && !found; k++)
			found = partners[k] == &other->devices[i];
		if (!found)
			*arena_push(differ->arena, differ->pairs, differ->n) =
				(struct differ_pair){.name = differ_name(differ, &other->devices[i]), .verdict = "removed"};
	}
	return r;
}

/* --- telling --------------------------------------------------------------------------------------------------------- */

static void differ_print_text(const struct differ *differ)
{
	struct arena *arena = differ->arena;

	for (size_t i = 0; i < differ->n; i++) {
		const struct differ_pair *pair = &differ->pairs[i];

		printf("%s: %s%s%s%s\n", escape_shown(arena, pair->name), pair->verdict, pair->why ? " (" : "",
		       pair->why ? pair->why : "",
		       pair->why ? ")" : "");
		for (size_t k = 0; k < pair->n; k++) {
			const struct differ_change *change = &pair->changes[k];

			printf("  %c %s%s%s\n", *change->change == 'a' ? '+' : *change->change == 'r' ? '-' : '~',
			       escape_shown(arena, change->path),
			       change->what.count ? ": " : "", escape_shown(arena, strv_join(arena, &change->what, ", ")));
		}
	}
}

static void differ_print_json(const struct differ *differ)
{
	struct arena *arena = differ->arena;
	_cleanup_jval_ struct jval *object = jval_new_object();
	struct jval *pairs = jval_new_array();

	for (size_t i = 0; i < differ->n; i++) {
		const struct differ_pair *pair = &differ->pairs[i];
		struct jval *item = jval_new_object(), *changes = jval_new_array();

		for (size_t k = 0; k < pair->n; k++) {
			struct jval *change = jval_new_object(), *what = jval_new_array();

			for (size_t m = 0; m < pair->changes[k].what.count; m++)
				jval_add(what, jval_text(escape_shown(arena, pair->changes[k].what.items[m])));
			jval_set(change, "path", jval_text(escape_shown(arena, pair->changes[k].path)));
			jval_set(change, "change", jval_text(pair->changes[k].change));
			jval_set(change, "what", what);
			jval_add(changes, change);
		}
		jval_set(item, "partition", jval_text(escape_shown(arena, pair->name)));
		jval_set(item, "verdict", jval_text(pair->verdict));
		jval_set(item, "why", jval_text(pair->why));
		jval_set(item, "changes", changes);
		jval_add(pairs, item);
	}
	jval_set(object, "image", jval_text(escape_shown(arena, differ->request->image)));
	jval_set(object, "against", jval_text(escape_shown(arena, differ->request->against)));
	jval_set(object, "partitions", pairs);
	puts(jval_print(arena, object, true));
}

int differ_tell(struct inspect_view *view, struct inspect_view *other, const struct inspect_request *request, struct err *err)
{
	struct differ differ = {.arena = view->arena, .request = request, .after = view, .before = other};
	int r = differ_compare(&differ, err);

	if (r < 0)
		return r;
	if (request->json)
		differ_print_json(&differ);
	else
		differ_print_text(&differ);
	return 0;
}
