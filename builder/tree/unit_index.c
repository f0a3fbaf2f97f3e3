#include "tree/unit_index.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "tree/inside.h"
#include "tree/unit_there.h"

struct reading {
	struct unit_index *index;
	int root_fd;
	const char *by;              /* the unit whose folder it is; NULL: the units themselves */
};

static const char *unit_index_link_of(struct arena *arena, int folder_fd, const char *name)
{
	char target[PATH_MAX];
	ssize_t length = readlinkat(folder_fd, name, target, sizeof target);

	return length < 0 ? NULL : arena_strndup(arena, target, (size_t)length);
}

/* The unit whose folder of links this is, or NULL. */
static const char *unit_index_folder_of(struct arena *arena, const char *name)
{
	static const char *const suffixes[] = {".wants", ".requires", ".upholds"};

	for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++)
		if (text_has_suffix(name, suffixes[i]))
			return arena_strndup(arena, name, strlen(name) - strlen(suffixes[i]));
	return NULL;
}

static int unit_index_note(void *data, int folder_fd, const char *path, const char *name, unsigned char type, struct err *err)
{
	const struct reading *reading = data;
	struct unit_index *index = reading->index;
	struct arena *arena = index->arena;
	const char *link = unit_index_link_of(arena, folder_fd, name), *by = unit_index_folder_of(arena, name);

	(void)type;
	name = arena_strdup(arena, name);
	path = arena_strdup(arena, path);
	if (reading->by)
		*arena_push(arena, index->wants, index->n_wants) = (struct unit_want){name, reading->by, path, link};
	else if (by)
		return inside_each(reading->root_fd, path, unit_index_note,
				   &(struct reading){index, reading->root_fd, by}, err);
	else if (!text_has_suffix(name, ".d"))
		*arena_push(arena, index->files, index->n_files) = (struct unit_file){name, path, link};
	return 0;
}

int unit_index_read(struct arena *arena, int root_fd, const struct unit_scope *scope, struct unit_index *ret_index,
		    struct err *err)
{
	struct unit_index index = {.arena = arena, .scope = scope};
	int r = 0;

	for (const char *const *folder = scope->folders; r == 0 && *folder; folder++)
		r = inside_each(root_fd, *folder, unit_index_note, &(struct reading){&index, root_fd, NULL}, err);
	if (r == 0)
		*ret_index = index;
	return r;
}

static const struct unit_file *unit_index_find_exactly(const struct unit_index *index, const char *name)
{
	for (size_t i = 0; i < index->n_files; i++)
		if (strcmp(index->files[i].name, name) == 0)
			return &index->files[i];
	return NULL;
}

const struct unit_file *unit_index_find(const struct unit_index *index, const char *name)
{
	const struct unit_file *file = unit_index_find_exactly(index, name);

	return file ? file : unit_index_find_exactly(index, unit_template(index->arena, name));
}

bool unit_index_is_masked(const struct unit_file *file)
{
	return file->link && strcmp(file->link, "/dev/null") == 0;
}

const char *unit_index_alias_of(const struct unit_index *index, const char *name)
{
	const struct unit_file *file = unit_index_find_exactly(index, name);
	const char *target;

	if (!file || !file->link || unit_index_is_masked(file))
		return NULL;
	target = path_last(file->link);
	if (strcmp(target, name) == 0 || strcmp(target, unit_template(index->arena, name)) == 0)
		return NULL; /* a unit that lies elsewhere, or an instance */
	return target;
}
