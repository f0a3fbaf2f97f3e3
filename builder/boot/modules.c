#include "boot/modules.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A line of modules.dep: "FILE: FILE FILE …". */
struct module {
	const char *name, *file, *needs;
	bool listed;
};

struct kernel {
	struct arena *arena;
	struct module *modules;      /* sorted by name */
	size_t n_modules;
	struct strv builtin, files;
};

const char *modules_name(struct arena *arena, const char *path, size_t length)
{
	const char *slash = memrchr(path, '/', length), *start = slash ? slash + 1 : path;
	char *name = arena_strndup(arena, start, (size_t)(path + length - start)), *dot = strstr(name, ".ko");

	if (dot)
		*dot = 0;
	for (char *c = name; *c; c++)
		if (*c == '-')
			*c = '_';
	return name;
}

static int boot_modules_by_name(const void *a, const void *b)
{
	return strcmp(((const struct module *)a)->name, ((const struct module *)b)->name);
}

static void boot_modules_parse_dep(struct kernel *kernel, const char *dep)
{
	for (const char *line = dep; *line; line += *line == '\n') {
		size_t length = strcspn(line, "\n"), file = strcspn(line, ":\n");

		if (file < length)
			*arena_push(kernel->arena, kernel->modules, kernel->n_modules) = (struct module){
				.name = modules_name(kernel->arena, line, file),
				.file = arena_strndup(kernel->arena, line, file),
				.needs = arena_strndup(kernel->arena, line + file + 1, length - file - 1),
			};
		line += length;
	}
	if (kernel->n_modules)
		qsort(kernel->modules, kernel->n_modules, sizeof *kernel->modules, boot_modules_by_name);
}

static void boot_modules_parse_builtin(struct kernel *kernel, const char *builtin)
{
	for (const char *line = builtin; *line; line += *line == '\n') {
		size_t length = strcspn(line, "\n");

		if (length)
			strv_push(kernel->arena, &kernel->builtin, modules_name(kernel->arena, line, length));
		line += length;
	}
}

static struct module *boot_modules_find(struct kernel *kernel, const char *name)
{
	if (!kernel->n_modules)
		return NULL;
	return bsearch(&(struct module){.name = name}, kernel->modules, kernel->n_modules, sizeof *kernel->modules,
		       boot_modules_by_name);
}

/* Lists what the module needs, then itself; one that is being listed already is not begun again, so a circle ends. */
static int boot_modules_list(struct kernel *kernel, struct module *module, struct err *err)
{
	module->listed = true;
	for (const char *word = module->needs; *(word += strspn(word, " "));) {
		size_t length = strcspn(word, " ");
		struct module *needed = boot_modules_find(kernel, modules_name(kernel->arena, word, length));
		int r = 0;

		if (!needed)
			return err_set(err, -ENOENT, "in modules.dep %s depends on %.*s, which has no line",
				       module->name, (int)length, word);
		if (!needed->listed)
			r = boot_modules_list(kernel, needed, err);
		if (r < 0)
			return r;
		word += length;
	}
	strv_push(kernel->arena, &kernel->files, module->file);
	return 0;
}

int modules_order(struct arena *arena, const char *dep, const char *builtin, const struct modules_wanted *wanted, size_t n,
		  struct strv *ret_files, struct err *err)
{
	struct kernel kernel = {.arena = arena};

	boot_modules_parse_dep(&kernel, dep);
	boot_modules_parse_builtin(&kernel, builtin);
	for (size_t i = 0; i < n; i++) {
		const char *name = modules_name(arena, wanted[i].name, strlen(wanted[i].name));
		struct module *module = boot_modules_find(&kernel, name);
		int r = 0;

		if (module && !module->listed)
			r = boot_modules_list(&kernel, module, err);
		else if (!module && wanted[i].required && !strv_has(&kernel.builtin, name))
			r = err_set(err, -ENOENT, "the kernel of the tree has no module '%s', which the initrd needs", name);
		if (r < 0)
			return r;
	}
	*ret_files = kernel.files;
	return 0;
}
