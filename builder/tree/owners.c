#include "tree/owners.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "tree/inside.h"

enum { LIST_MAX = 64 << 20, SCRIPT_MAX = 4 << 20, NAME_MIN = 6 };

static const char INFO[] = "/var/lib/dpkg/info";

static int owners_by_path(const void *a, const void *b)
{
	return strcmp(((const struct owner_path *)a)->path, ((const struct owner_path *)b)->path);
}

struct owners_reading {
	struct arena *arena;
	int root_fd;
	struct owners *owners;
};

static void owners_add_list(struct owners_reading *reading, const char *package, const struct buf *text)
{
	char *at = arena_strdup(reading->arena, text->size ? text->data : "");

	for (char *line; (line = strsep(&at, "\n"));)
		if (*line == '/' && line[1] != '.')
			*arena_push(reading->arena, reading->owners->paths, reading->owners->n_paths) =
				(struct owner_path){line, package};
}

static int owners_read_entry(void *data, int folder_fd, const char *path, const char *name, unsigned char type, struct err *err)
{
	static const char *const scripts[] = {".postinst", ".preinst", ".config", ".triggers"};
	struct owners_reading *reading = data;
	_cleanup_buf_ struct buf text = {0};
	const char *dot = strrchr(name, '.'), *package;
	bool is_list = dot && strcmp(dot, ".list") == 0, is_script = false;
	int r;

	(void)folder_fd, (void)type;
	for (size_t i = 0; dot && i < sizeof scripts / sizeof *scripts; i++)
		is_script |= strcmp(dot, scripts[i]) == 0;
	if (!is_list && !is_script)
		return 0;
	r = inside_read(reading->root_fd, path, is_list ? LIST_MAX : SCRIPT_MAX, &text, err);
	if (r < 0)
		return r;
	package = arena_strndup(reading->arena, name, (size_t)(dot - name));
	package = arena_strndup(reading->arena, package, strcspn(package, ":"));
	if (is_list)
		owners_add_list(reading, package, &text);
	else
		*arena_push(reading->arena, reading->owners->scripts, reading->owners->n_scripts) =
			(struct owner_script){package, arena_strdup(reading->arena, text.size ? text.data : "")};
	return 0;
}

int owners_read(struct arena *arena, int root_fd, struct owners *ret_owners, struct err *err)
{
	struct owners owners = {0};
	struct owners_reading reading = {arena, root_fd, &owners};
	int r = inside_each(root_fd, INFO, owners_read_entry, &reading, err);

	if (r < 0)
		return r;
	if (owners.n_paths)
		qsort(owners.paths, owners.n_paths, sizeof *owners.paths, owners_by_path);
	*ret_owners = owners;
	return 0;
}

/* The first entry for `path`; NULL when there is none. */
static const struct owner_path *owners_find(const struct owners *owners, const char *path)
{
	const struct owner_path key = {path, NULL};
	const struct owner_path *found =
		owners->n_paths ? bsearch(&key, owners->paths, owners->n_paths, sizeof key, owners_by_path) : NULL;

	while (found && found > owners->paths && strcmp(found[-1].path, path) == 0)
		found--;
	return found;
}

bool owners_ships(const struct owners *owners, const char *path)
{
	return owners_find(owners, path) != NULL;
}

/* The only package with a script that says `text`. */
static const char *owners_find_script(const struct owners *owners, const char *text)
{
	const char *found = NULL;

	for (size_t i = 0; i < owners->n_scripts; i++) {
		if (!strstr(owners->scripts[i].text, text))
			continue;
		if (found && strcmp(found, owners->scripts[i].package) != 0)
			return NULL;
		found = owners->scripts[i].package;
	}
	return found;
}

static const char *owners_of_folder(const struct owners *owners, const char *path)
{
	const struct owner_path *found = owners_find(owners, path), *end = owners->paths + owners->n_paths;

	if (!found || (found + 1 < end && strcmp(found[1].path, path) == 0 && strcmp(found[1].package, found->package) != 0))
		return NULL;
	return found->package;
}

const char *owners_guess(const struct owners *owners, const char *path)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct owner_path *ships = owners_find(owners, path);
	const char *package = ships ? ships->package : owners_find_script(owners, path);
	char *above = arena_strdup(arena, path), *slash;

	if (!package && strlen(path_last(path)) >= NAME_MIN)
		package = owners_find_script(owners, path_last(path));
	while (!package && (slash = strrchr(above, '/')) && slash > above) {
		*slash = 0;
		package = owners_of_folder(owners, above);
	}
	return package;
}
