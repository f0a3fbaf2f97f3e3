/* Programs and other files by their path. */
#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "tree/inside.h"
#include "tree/name.h"

static const char *const places[] = {"/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin", "/usr/games"};
enum { N_PLACES = sizeof places / sizeof *places, LINE_MAX_BYTES = 256 };

bool name_is_written(const char *path)
{
	static const char *const changing[] = {"/dev", "/home", "/proc", "/root", "/run", "/sys", "/tmp", "/var"};

	for (size_t i = 0; i < sizeof changing / sizeof *changing; i++)
		if (path_is_below(path, changing[i]))
			return true;
	return false;
}

bool name_is_of_image(const struct plan *plan, const char *path)
{
	const struct recipe *recipe = plan->recipe;

	if (name_is_written(path))
		return false;
	for (size_t i = 0; i < recipe->n_mounts; i++)
		if (path_is_below(path, recipe->mounts[i].mountpoint))
			return false;
	for (size_t i = 0; i < recipe->state.count; i++)
		if (path_is_below(path, recipe->state.items[i]))
			return false;
	for (size_t i = 0; i < plan->n_secrets; i++)
		if (plan->secrets[i].words->path && path_is_below(path, plan->secrets[i].words->path))
			return false;
	for (size_t i = 0; i < plan->n_templates; i++)
		if (plan->templates[i].words->path && path_is_below(path, plan->templates[i].words->path))
			return false;
	for (size_t u = 0; u < recipe->n_units; u++)
		for (size_t i = 0; i < recipe->units[u].settings.count; i++) {
			const struct recipe_setting *setting = &recipe->units[u].settings.items[i];

			if (strcmp(setting->key, "Where") == 0 && path_is_below(path, setting->value))
				return false;
		}
	return true;
}

/* --- the nearest ----------------------------------------------------------------------------------------------------- */

struct name_list {
	struct arena *arena;
	struct strv names;
};

static int name_program_note(void *data, int folder_fd, const char *path, const char *name, unsigned char type,
			     struct err *err)
{
	struct name_list *list = data;

	(void)folder_fd, (void)path, (void)type, (void)err;
	strv_push(list->arena, &list->names, name);
	return 0;
}

static const char *name_program_nearest_in(const struct step *step, struct arena *arena, const char *folder, const char *last)
{
	struct name_list list = {.arena = arena};
	struct err ignored = {0};
	const char *near;

	inside_each(step->root_fd, folder, name_program_note, &list, &ignored);
	err_free(&ignored);
	near = text_nearest(last, list.names.items, list.names.count);
	return near ? arena_printf(arena, "%s/%s", folder, near) : NULL;
}

/* The same name where programs usually are, a similar one in the same folder, a similar one elsewhere. */
static const char *name_program_nearest(const struct step *step, struct arena *arena, const char *path)
{
	const char *last = path_last(path), *near;
	const char *folder = last - path > 1 ? arena_strndup(arena, path, (size_t)(last - path) - 1) : "/";

	for (size_t i = 0; i < N_PLACES; i++) {
		near = arena_printf(arena, "%s/%s", places[i], last);
		if (inside_exists(step->root_fd, near))
			return near;
	}
	near = name_program_nearest_in(step, arena, folder, last);
	for (size_t i = 0; !near && i < N_PLACES; i++)
		near = name_program_nearest_in(step, arena, places[i], last);
	return near;
}

/* --- questions ------------------------------------------------------------------------------------------------------- */

/* What runs a script: the program of its first line, or of env(1) there; NULL for no script. */
static const char *name_program_interpreter(struct arena *arena, int fd)
{
	char line[LINE_MAX_BYTES] = "", *rest = line + 2, *program, *word;
	ssize_t n = pread(fd, line, sizeof line - 1, 0);

	if (n < 3 || line[0] != '#' || line[1] != '!')
		return NULL;
	line[strcspn(line, "\n")] = 0;
	program = strtok_r(rest, " \t\r", &rest);
	if (!program || strcmp(path_last(program), "env") != 0)
		return program ? arena_strdup(arena, program) : NULL;
	while ((word = strtok_r(NULL, " \t\r", &rest)) && (*word == '-' || strchr(word, '=')))
		;
	return arena_strdup(arena, word ? word : program);
}

static bool name_program_is_there(const struct step *step, struct arena *arena, const char *program)
{
	if (*program == '/')
		return inside_exists(step->root_fd, program);
	for (size_t i = 0; i < N_PLACES; i++)
		if (inside_exists(step->root_fd, arena_printf(arena, "%s/%s", places[i], program)))
			return true;
	return false;
}

static void name_program_ask_file(const struct step *step, struct arena *arena, const struct name *name, int fd,
				  struct err *err)
{
	const char *interpreter;
	struct stat st;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		err_at(err, -EISDIR, &name->pos, name->path, "'%s' is not a program", name->text);
		err_hint(err, "write the path of an executable file");
		return;
	}
	if (!(st.st_mode & 0111)) {
		err_at(err, -EACCES, &name->pos, name->path, "'%s' is not executable in the image", name->text);
		err_hint(err, "if it is one of 'files', add: mode: \"0755\"");
		return;
	}
	interpreter = name_program_interpreter(arena, fd);
	if (interpreter && !name_program_is_there(step, arena, interpreter)) {
		err_at(err, -ENOENT, &name->pos, name->path, "'%s' is a script for '%s', which is not in the image",
		       name->text, text_plain(arena, interpreter));
		err_hint(err, "add the package that has '%s'", text_plain(arena, path_last(interpreter)));
	}
}

void name_ask_program(const struct step *step, struct arena *arena, const struct name *name, struct err *err)
{
	_cleanup_fd_ int fd = root_open(step->root_fd, name->text, O_RDONLY | O_NONBLOCK, 0);

	if (fd >= 0)
		name_program_ask_file(step, arena, name, fd, err);
	else if (name_is_of_image(step->plan, name->text))
		name_missing(name, name_program_nearest(step, arena, name->text), "add the package or file that brings it", err,
			     "the image has no program '%s'", name->text);
}

void name_ask_file(const struct step *step, struct arena *arena, const struct name *name, struct err *err)
{
	const char *last = path_last(name->text);
	const char *folder = last - name->text > 1 ? arena_strndup(arena, name->text, (size_t)(last - name->text) - 1) : "/";

	if (!inside_exists(step->root_fd, name->text) && name_is_of_image(step->plan, name->text))
		name_missing(name, name_program_nearest_in(step, arena, folder, last),
			     "add it to 'files', or the package that brings it", err, "the image has no file '%s'", name->text);
}
