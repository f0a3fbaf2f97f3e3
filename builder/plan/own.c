/* What each machine makes for itself: a script for each, run by a unit of the first boot before the services begin. */
#include "plan/own.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "plan/config.h"

static const char MAKER[] = "/usr/lib/aether/make-own";
static const char UNITS[] = "/usr/lib/systemd/system";

/* What the scripts have in common. The marker says that the making has begun: whoever finds it begins anew. */
static const char MAKER_TEXT[] =
	"# Read by the scripts in own/. Makes the paths \"$@\", which are this machine's own: once, and whole or not at all,\n"
	"# for the power may go at any time. The first path tells whether all were made.\n"
	"set -eu\n"
	"umask 077\n"
	"[ ! -e \"$1\" ] || [ -e \"$folder/making\" ] || exit 0\n"
	"for each in /var/lib/aether " OWN_FOLDER " \"$folder\"; do\n"
	"\tmkdir -p \"$each\" # others do the same in this moment\n"
	"\tchmod a+x \"$each\" # what is in it says itself who may read it\n"
	"done\n"
	"for path; do\n"
	"\t[ ! -e \"$path\" ] || [ -e \"$folder/making\" ] || {\n"
	"\t\techo \"$path is there, but not $1: nothing is made, or it would be lost\" >&2\n"
	"\t\texit 1\n"
	"\t}\n"
	"done\n"
	": >\"$folder/making\"\n"
	"sync \"$folder/making\" \"$folder\"\n"
	"trap 'rm -rf \"$@\" \"$folder\"/*' EXIT\n"
	"for path; do\n"
	"\trm -rf \"$path\"\n"
	"\tmkdir -p \"${path%/*}\"\n"
	"done\n"
	"make\n"
	"for path; do\n"
	"\t[ -e \"$path\" ] || { echo \"the command has not made $path\" >&2; exit 1; }\n"
	"\tsettle \"$path\"\n"
	"\tif linked \"$path\"; then\n"
	"\t\trm -rf \"$folder/${path##*/}\"\n"
	"\t\tcp -a \"$path\" \"$folder/${path##*/}\"\n"
	"\t\trm -rf \"$path\"\n"
	"\t\tln -s \"$folder/${path##*/}\" \"$path\"\n"
	"\tfi\n"
	"done\n"
	"sync\n"
	"trap - EXIT\n"
	"rm \"$folder/making\"\n"
	"sync \"$folder\"\n";

/* --- what there is --------------------------------------------------------------------------------------------------- */

/* Whether a package has this name, where `#` stands for a number; `number` is that, or "". */
static bool plan_own_is_called(const char *name, const char *pattern, char number[16])
{
	const char *hash = strchr(pattern, '#');
	size_t before = hash ? (size_t)(hash - pattern) : 0, n = 0;

	*number = 0;
	if (!hash)
		return strcmp(name, pattern) == 0;
	if (strncmp(name, pattern, before) != 0)
		return false;
	while (isdigit((unsigned char)name[before + n]) && n < 15)
		n++;
	memcpy(number, name + before, n);
	number[n] = 0;
	return n && strcmp(name + before + n, hash + 1) == 0;
}

/* `text` with the number in the place of each `#` that is not part of a shell's word. */
static const char *plan_own_fill(struct arena *arena, const char *text, const char *number)
{
	_cleanup_buf_ struct buf out = {0};

	for (; *text; text++)
		if (*text == '#' && *number)
			buf_puts(&out, number);
		else
			buf_add_u8(&out, (uint8_t)*text);
	return arena_strdup(arena, out.size ? out.data : "");
}

static struct strv plan_own_fill_all(struct arena *arena, const char *const *texts, size_t max, const char *number)
{
	struct strv filled = {0};

	for (size_t i = 0; i < max && texts[i]; i++)
		strv_push(arena, &filled, plan_own_fill(arena, texts[i], number));
	return filled;
}

/* Whether the recipe says itself what is at one of these paths. */
static bool plan_own_is_decided(const struct plan *plan, const struct strv *paths)
{
	const struct recipe *recipe = plan->recipe;

	for (size_t p = 0; p < paths->count; p++) {
		if (config_has_file(plan, paths->items[p]))
			return true;
		for (size_t i = 0; i < recipe->n_own; i++)
			for (size_t j = 0; j < recipe->own[i].paths.count; j++)
				if (path_is_below(paths->items[p], recipe->own[i].paths.items[j]) ||
				    path_is_below(recipe->own[i].paths.items[j], paths->items[p]))
					return true;
	}
	return false;
}

static void plan_own_add_known(struct arena *arena, struct plan *plan, const struct own_known *known, const char *number)
{
	struct plan_own own = {.known = true};

	own.name = plan_own_fill(arena, known->name, number);
	own.paths = plan_own_fill_all(arena, known->paths, OWN_PATHS, number);
	own.make = plan_own_fill_all(arena, known->make, OWN_WORDS, number);
	own.before = plan_own_fill_all(arena, known->before, OWN_UNITS, number);
	if (plan_own_is_decided(plan, &own.paths))
		return;
	if (known->setting[0])
		config_put(arena, plan, known->setting[0], 0644, NULL, known->setting[1]);
	*arena_push(arena, plan->own, plan->n_own) = own;
}

static void plan_own_find_known(struct arena *arena, struct plan *plan)
{
	char number[16];

	for (const struct own_known *known = own_known; known->package; known++)
		for (unsigned l = 0; l < LAYER_COUNT; l++)
			for (size_t i = 0; i < plan->image.layers[l].n_packages; i++)
				if (plan_own_is_called(plan->image.layers[l].packages[i].name, known->package, number))
					plan_own_add_known(arena, plan, known, number);
}

/* --- what it means --------------------------------------------------------------------------------------------------- */

/* Whether what is made at `path` is there after a reboot: /etc forgets (in a container it does not, but its next template has
 * another one). */
static bool plan_own_stays(const char *path)
{
	return path_is_below(path, "/var") || path_is_below(path, "/home") || path_is_below(path, "/root");
}

static void plan_own_put_quoted(struct buf *text, const char *word)
{
	buf_puts(text, " '");
	for (; *word; word++)
		if (*word == '\'')
			buf_puts(text, "'\\''");
		else
			buf_add_u8(text, (uint8_t)*word);
	buf_puts(text, "'");
}

static void plan_own_put_all_quoted(struct buf *text, const struct strv *words)
{
	for (size_t i = 0; i < words->count; i++)
		plan_own_put_quoted(text, words->items[i]);
	buf_puts(text, "\n");
}

static void plan_own_put_script(struct arena *arena, struct plan *plan, const struct plan_own *own)
{
	_cleanup_buf_ struct buf text = {0};

	buf_printf(&text, "#!/bin/sh\nfolder=%s\nmake() {\n\t", own->folder);
	plan_own_put_all_quoted(&text, &own->make);
	buf_puts(&text, "}\nsettle() {\n");
	if (own->owner || own->group)
		buf_printf(&text, "\tchown -R '%s%s%s' \"$1\"\n", own->owner ? own->owner : "", own->group ? ":" : "",
			   own->group ? own->group : "");
	if (own->mode)
		buf_printf(&text, "\tchmod %04o \"$1\"\n", (unsigned)own->mode);
	buf_puts(&text, "\t:\n}\nlinked() {\n\tcase $1 in\n");
	for (size_t i = 0; i < own->links.count; i++) {
		buf_puts(&text, "\t(");
		plan_own_put_quoted(&text, own->links.items[i]);
		buf_puts(&text, ") return 0 ;;\n");
	}
	buf_puts(&text, "\tesac\n\treturn 1\n}\nset --");
	plan_own_put_all_quoted(&text, &own->paths);
	buf_printf(&text, ". %s\n", MAKER);
	config_put(arena, plan, arena_printf(arena, "/usr/lib/aether/own/%s", own->name), 0755, &own->pos, text.data);
}

/* A path in a unit file: `%` and spaces mean something there. */
static const char *plan_own_unit_path(struct arena *arena, const char *path)
{
	_cleanup_buf_ struct buf out = {0};

	for (; *path; path++)
		if (*path == '%')
			buf_puts(&out, "%%");
		else if (*path == ' ' || *path == '\\' || *path == '"' || *path == '\'')
			buf_printf(&out, "\\x%02x", (unsigned char)*path);
		else
			buf_add_u8(&out, (uint8_t)*path);
	return arena_strdup(arena, out.data);
}

/* Early, so that every service that begins in the ordinary way comes after it, whoever it is. */
static void plan_own_put_unit(struct arena *arena, struct plan *plan, const struct plan_own *own)
{
	const char *unit = arena_printf(arena, "aether-own-%s.service", own->name);
	const char *first = plan_own_unit_path(arena, own->paths.items[0]);

	config_put(arena, plan, arena_printf(arena, "%s/%s", UNITS, unit), 0644, &own->pos,
		   arena_printf(arena,
				"[Unit]\n"
				"Description=Make what is this machine's own: %s\n"
				"DefaultDependencies=no\n"
				"RequiresMountsFor=%s %s\n"
				"ConditionPathExists=|!%s\n"
				"ConditionPathExists=|%s/making\n"
				"After=local-fs.target systemd-tmpfiles-setup.service systemd-sysusers.service\n"
				"Before=sysinit.target shutdown.target\n"
				"Conflicts=shutdown.target\n\n"
				"[Service]\n"
				"Type=oneshot\n"
				"ExecStart=/usr/lib/aether/own/%s\n",
				own->name, own->folder, first, first, own->folder, own->name));
	config_link(arena, plan, arena_printf(arena, "%s/sysinit.target.wants/%s", UNITS, unit),
		    arena_printf(arena, "../%s", unit));
	for (size_t i = 0; i < own->before.count; i++)
		config_put(arena, plan, arena_printf(arena, "%s/%s.d/40-own-%s.conf", UNITS, own->before.items[i], own->name),
			   0644, &own->pos, arena_printf(arena, "[Unit]\nRequires=%s\nAfter=%s\n", unit, unit));
}

int own_make(struct arena *arena, struct plan *plan, struct err *err)
{
	const struct recipe *recipe = plan->recipe;
	bool made = false;

	if (recipe->kind == KIND_TOOLS)
		return 0;
	plan_own_find_known(arena, plan);
	for (size_t i = 0; i < recipe->n_own; i++) {
		const struct recipe_own *own = &recipe->own[i];

		*arena_push(arena, plan->own, plan->n_own) = (struct plan_own){
			.name = own->name, .paths = own->paths, .make = own->make, .before = own->before,
			.owner = own->owner, .group = own->group, .mode = own->mode, .pos = own->pos,
		};
	}
	for (size_t i = 0; i < plan->n_own; i++) {
		struct plan_own *own = &plan->own[i];

		if (own->make.count == 0)
			continue;
		made = true;
		own->folder = arena_printf(arena, OWN_FOLDER "/%s", own->name);
		for (size_t p = 0; p < own->paths.count; p++)
			if (!plan_own_stays(own->paths.items[p]))
				strv_push(arena, &own->links, own->paths.items[p]);
		plan_own_put_script(arena, plan, own);
		plan_own_put_unit(arena, plan, own);
	}
	if (made)
		config_put(arena, plan, MAKER, 0644, NULL, MAKER_TEXT);
	return err_result(err);
}
