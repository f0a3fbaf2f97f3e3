/* Paths of packages, as dpkg lists them (what was excluded among them): globs of the recipe that mean none, and packages of
 * which nothing is left. */
#include <fnmatch.h>
#include <string.h>

#include "tree/inside.h"
#include "tree/name.h"

#define LISTS "/var/lib/dpkg/info"
#define ENDING ".list"

enum { LIST_BYTES_MAX = 64 << 20 };

struct glob {
	const char *text, *key;      /* key: "exclude", "include" */
	struct pos pos;
	bool matched;
};

struct name_paths {
	const struct step *step;
	struct arena *arena;
	struct err *err;
	struct glob *globs;          /* those that the recipe's own file has */
	size_t n_globs;
};

static bool name_paths_match(const struct strv *globs, const char *path)
{
	for (size_t i = 0; i < globs->count; i++)
		if (fnmatch(globs->items[i], path, 0) == 0)
			return true;
	return false;
}

/* A parent's globs are for all that come from it, so some of them mean nothing. */
static void name_paths_add_globs(struct name_paths *paths, const char *key, const struct strv *globs)
{
	const struct recipe *recipe = paths->step->plan->recipe;

	for (size_t i = 0; i < globs->count; i++) {
		const struct pos pos = recipe_place(recipe, (const char *const[]){key, NULL}, globs->items[i]);

		if (pos.line && strcmp(pos.file, recipe->path) == 0)
			*arena_push(paths->arena, paths->globs, paths->n_globs) =
				(struct glob){globs->items[i], key, pos, false};
	}
}

/* What every package has, by Debian's rules or habit: nobody asks for a package because of it. */
static bool name_paths_is_formal(const char *path)
{
	static const char *const folders[] = {"/usr/share/lintian/overrides", "/usr/share/doc-base", "/usr/share/bug"};
	static const char doc[] = "/usr/share/doc/";
	static const char *const names[] = {"changelog", "copyright", "NEWS", "README", "TODO", "AUTHORS", "NOTICE"};

	for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
		if (path_is_below(path, folders[i]))
			return true;
	if (!text_has_prefix(path, doc))
		return false;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (text_has_prefix(path_last(path), names[i]))
			return true;
	return !strchr(path + sizeof doc - 1, '/'); /* a link to the papers of another package */
}

static bool name_paths_is_excluded(const struct plan *plan, const char *package, const char *path)
{
	for (unsigned l = 0; l < LAYER_COUNT; l++)
		for (size_t i = 0; i < plan->image.layers[l].n_packages; i++)
			if (strcmp(plan->image.layers[l].packages[i].name, package) == 0)
				return name_paths_match(&plan->recipe->exclude, path) &&
				       !name_paths_match(&plan->recipe->include, path) &&
				       !name_paths_match(&plan->image.layers[l].exceptions, path);
	return false;
}

static const struct recipe_package *name_paths_asked(const struct recipe *recipe, const char *name)
{
	for (size_t i = 0; i < recipe->n_packages; i++)
		if (recipe->packages[i].origin != ORIGIN_PARENT && strcmp(recipe->packages[i].name, name) == 0)
			return &recipe->packages[i];
	return NULL;
}

/* A package with files of its own, all of which are excluded. A folder's line is followed by one that begins with it. */
static void name_paths_ask_package(struct name_paths *paths, const struct recipe_package *package, const struct strv *lines)
{
	const char *first = NULL;

	for (size_t i = 0; i < lines->count; i++) {
		const char *path = lines->items[i], *next = i + 1 < lines->count ? lines->items[i + 1] : "";
		bool folder = strcmp(path, "/.") == 0 || (text_has_prefix(next, path) && next[strlen(path)] == '/');

		if (folder || name_paths_is_formal(path))
			continue;
		if (!name_paths_is_excluded(paths->step->plan, package->name, path))
			return;
		first = first ? first : path;
	}
	if (!first)
		return;
	err_warn(paths->err, &package->pos, "packages",
		 "nothing of the package '%s' is in the image: all of its files are excluded", package->name);
	err_hint(paths->err, "to have them, add what is wanted to 'include', like '%.*s*'", (int)(path_last(first) - first),
		 first);
}

static int name_paths_read_list(void *data, int folder_fd, const char *path, const char *name, unsigned char type,
				struct err *err)
{
	struct name_paths *paths = data;
	const struct recipe_package *package;
	_cleanup_buf_ struct buf text = {0};
	struct strv lines = {0};
	char *rest, *line;
	int r;

	(void)folder_fd, (void)type;
	if (!text_has_suffix(name, ENDING))
		return 0;
	package = name_paths_asked(paths->step->plan->recipe,
				   arena_strndup(paths->arena, name, strcspn(name, ":") < strlen(name)
									     ? strcspn(name, ":")
									     : strlen(name) - strlen(ENDING)));
	if (!package && !paths->n_globs)
		return 0;
	r = inside_read(paths->step->root_fd, path, LIST_BYTES_MAX, &text, err);
	if (r < 0)
		return r;
	rest = arena_strdup(paths->arena, text.data ? text.data : "");
	while ((line = strsep(&rest, "\n"))) {
		if (!*line)
			continue;
		for (size_t i = 0; i < paths->n_globs; i++)
			paths->globs[i].matched = paths->globs[i].matched || fnmatch(paths->globs[i].text, line, 0) == 0;
		if (package)
			strv_push(paths->arena, &lines, line);
	}
	if (package)
		name_paths_ask_package(paths, package, &lines);
	return 0;
}

int names_ask_paths(const struct step *step, struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct name_paths paths = {.step = step, .arena = arena, .err = err};
	int r;

	name_paths_add_globs(&paths, "exclude", &step->plan->recipe->exclude);
	name_paths_add_globs(&paths, "include", &step->plan->recipe->include);
	r = inside_each(step->root_fd, LISTS, name_paths_read_list, &paths, err);
	for (size_t i = 0; r == 0 && i < paths.n_globs; i++) {
		if (paths.globs[i].matched)
			continue;
		err_warn(err, &paths.globs[i].pos, paths.globs[i].key, "no package of the image has a path like '%s'",
			 paths.globs[i].text);
		err_hint(err, "'*' stands for '/', too; is a folder misspelt, or '/*' missing at the end?");
	}
	return r;
}
