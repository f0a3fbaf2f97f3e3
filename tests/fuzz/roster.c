/* roster_parse(): the list of a container's tree, as a builder sends it, or somebody has left it in a container. What is accepted
 * leads nowhere outside of the tree, and every member is found by its path. The builder reads the same files out of it. */
#include "artifact/listing.h"
#include "contract/box.h"
#include "machine/roster.h"
#include "fuzz.h"

static void check_path(const struct roster *list, const struct roster_member *member)
{
	const char *slash = strrchr(member->path, '/');
	const struct roster_member *folder;
	char *parent;

	ensure(*member->path != '/' && strncmp(member->path, "../", 3) != 0 && strcmp(member->path, "..") != 0);
	ensure(!strstr(member->path, "/../") && !strstr(member->path, "//"));
	ensure(roster_find(list, member->path) != NULL);
	if (!slash)
		return;
	parent = fuzz_text((const uint8_t *)member->path, (size_t)(slash - member->path));
	folder = roster_find(list, parent);
	ensure(folder && folder->type == LIST_FOLDER);
	free(parent);
}

static void check(const struct roster *list)
{
	size_t entries = 0, names = 0, files = 0;

	ensure(list->n && list->members[0].type == LIST_FOLDER && strcmp(list->members[0].path, ".") == 0);
	for (size_t i = 0; i < list->n; i++) {
		const struct roster_member *member = &list->members[i];

		if (i)
			check_path(list, member);
		entries += member->n_entries;
		names += member->n_names;
		files += member->type == LIST_REGULAR || member->type == LIST_HARDLINK;
		ensure(member->mode <= 07777 && member->uid < 65536 && member->gid < 65536);
		ensure(member->type != LIST_HARDLINK || list->members[member->same].type == LIST_REGULAR);
		ensure((member->type == LIST_SYMLINK) == (member->target != NULL));
	}
	ensure(entries == list->n - 1 && names == files);
}

static void read_as_builder(const uint8_t *data, size_t size, const struct roster *list)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	char *text = fuzz_text(data, size);
	struct listing_file *read;
	struct err err = {0};
	size_t n;

	if (listing_read(arena, text, &read, &n, &err) == 0)
		for (size_t i = 0; i < n; i++) {
			ensure(read[i].number < list->n && list->members[read[i].number].type == LIST_REGULAR);
			ensure(strcmp(read[i].path, list->members[read[i].number].path) == 0);
			ensure(read[i].size == list->members[read[i].number].size);
		}
	err_free(&err);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);
	struct roster list;
	unsigned line;

	if (roster_parse(text, &list, &line) == 0) {
		check(&list);
		read_as_builder(data, size, &list);
	}
	roster_free(&list);
	free(text);
	return 0;
}
