/* Kernel modules: in the tables that depmod(8) makes of /usr/lib/modules. */
#include <dirent.h>
#include <fnmatch.h>
#include <string.h>

#include "boot/modules.h"
#include "tree/inside.h"
#include "tree/name.h"

#define MODULES "/usr/lib/modules"

enum { TABLE_BYTES_MAX = 64 << 20 };

struct name_modules {
	const struct step *step;
	struct arena *arena;
	struct strv kernels, names;
};

static int name_module_note_kernel(void *data, int folder_fd, const char *path, const char *name, unsigned char type,
				   struct err *err)
{
	struct name_modules *known = data;

	(void)folder_fd, (void)path, (void)err;
	if (type == DT_DIR)
		strv_push(known->arena, &known->kernels, name);
	return 0;
}

static const char *name_module_table(const struct name_modules *known, const char *path)
{
	_cleanup_buf_ struct buf text = {0};
	struct err ignored = {0};

	if (inside_read(known->step->root_fd, path, TABLE_BYTES_MAX, &text, &ignored) < 0)
		err_free(&ignored);
	return arena_strdup(known->arena, text.data ? text.data : "");
}

/* modules.dep ("FILE: …") and modules.builtin ("FILE"). */
static void name_module_add(struct name_modules *known, const char *table)
{
	for (const char *line = table; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		size_t length = strcspn(line, ":\n");

		if (length)
			strv_push(known->arena, &known->names, modules_name(known->arena, line, length));
	}
}

/* modules.alias, and modprobe.d(5): "alias PATTERN MODULE". Both are compared with '_' for '-'. */
static bool name_module_is_alias(const struct name_modules *known, const char *table, const char *name)
{
	char *rest = arena_strdup(known->arena, table), *line;

	while ((line = strsep(&rest, "\n"))) {
		char *word = strtok_r(line, " \t", &line), *pattern;

		if (!word || strcmp(word, "alias") != 0 || !(pattern = strtok_r(NULL, " \t", &line)))
			continue;
		for (char *c = pattern; *c; c++)
			if (*c == '-')
				*c = '_';
		if (fnmatch(pattern, name, 0) == 0)
			return true;
	}
	return false;
}

struct name_aliases {
	const struct name_modules *known;
	const char *name;
	bool found;
};

static int name_module_ask_file(void *data, int folder_fd, const char *path, const char *name, unsigned char type,
				struct err *err)
{
	struct name_aliases *aliases = data;

	(void)folder_fd, (void)name, (void)type, (void)err;
	aliases->found |= name_module_is_alias(aliases->known, name_module_table(aliases->known, path), aliases->name);
	return 0;
}

static bool name_module_has_alias(const struct name_modules *known, const char *name)
{
	static const char *const folders[] = {"/etc/modprobe.d", "/usr/lib/modprobe.d"};
	struct name_aliases aliases = {known, name, false};
	struct err ignored = {0};

	for (size_t i = 0; i < known->kernels.count; i++)
		if (name_module_is_alias(known, name_module_table(known, arena_printf(known->arena, MODULES "/%s/modules.alias",
										      known->kernels.items[i])), name))
			return true;
	for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
		inside_each(known->step->root_fd, folders[i], name_module_ask_file, &aliases, &ignored);
	err_free(&ignored);
	return aliases.found;
}

/* What the image has; false: no kernel, so that nothing can be said. */
static bool name_module_read(struct name_modules *known)
{
	static const char *const tables[] = {"modules.dep", "modules.builtin"};
	struct err ignored = {0};

	inside_each(known->step->root_fd, MODULES, name_module_note_kernel, known, &ignored);
	err_free(&ignored);
	for (size_t i = 0; i < known->kernels.count; i++)
		for (size_t t = 0; t < sizeof tables / sizeof *tables; t++)
			name_module_add(known, name_module_table(known, arena_printf(known->arena, MODULES "/%s/%s",
										     known->kernels.items[i], tables[t])));
	return known->names.count > 0;
}

static bool name_module_is_there(struct name_modules *known, const char *name)
{
	return !name_module_read(known) || strv_has(&known->names, name) || name_module_has_alias(known, name);
}

void name_ask_module(const struct step *step, struct arena *arena, const struct name *name, struct err *err)
{
	struct name_modules known = {.step = step, .arena = arena};
	const char *module = modules_name(arena, name->text, strlen(name->text));

	if (name_module_is_there(&known, module))
		return;
	name_missing(name, text_nearest(module, known.names.items, known.names.count),
		     strstr(known.kernels.items[0], "cloud")
			     ? "the kernel for clouds has few drivers: 'from: aether:vm-hardware' has Debian's general one"
			     : "add the package that has it",
		     err, "the kernel of the image has no module '%s'", name->text);
}

void name_ask_blacklist(const struct step *step, struct arena *arena, const struct name *name, struct err *err)
{
	struct name_modules known = {.step = step, .arena = arena};
	const char *module = modules_name(arena, name->text, strlen(name->text)), *near;

	if (name_module_is_there(&known, module))
		return;
	near = text_nearest(module, known.names.items, known.names.count);
	err_warn(err, &name->pos, name->path, "the kernel of the image has no module '%s' to keep out", name->text);
	if (near)
		err_hint(err, "did you mean '%s'?", near);
}
