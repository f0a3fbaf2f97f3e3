#include "tree/known_keys.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "host/sandbox.h"
#include "tree/inside.h"

static const char SYSTEMD[] = "/usr/lib/systemd/systemd", NETWORKD[] = "/usr/lib/systemd/systemd-networkd";
enum { PROGRAM_BYTES_MAX = 64 << 20, KEY_MAX = 64 };

static bool known_keys_is_foreign(const struct recipe_setting *setting)
{
	return text_has_prefix(setting->section, "X-") || text_has_prefix(setting->key, "X-");
}

static void known_keys_refuse(const struct recipe_setting *setting, const struct strv *known, const char *path, struct err *err)
{
	const char *near = text_nearest(setting->key, known->items, known->count);
	_cleanup_arena_ struct arena *arena = arena_new();

	if (known->count == 0 || strv_has(known, setting->key))
		return;
	err_at(err, -EINVAL, &setting->pos, arena_printf(arena, "%s.%s.%s", path, setting->section, setting->key),
	       "the systemd of the image knows no '%s' in [%s]", setting->key, setting->section);
	if (near)
		err_hint(err, "did you mean '%s'?", near);
}

/* --- systemd --------------------------------------------------------------------------------------------------------- */

/* The keys of a section in systemd's list. */
static struct strv known_keys_list(struct arena *arena, const char *list, const char *section)
{
	const char *header = arena_printf(arena, "[%s]\n", section), *line = list;
	struct strv keys = {0};

	while ((line = strstr(line, header)) && line != list && line[-1] != '\n')
		line++;
	for (line = line ? line + strlen(header) : ""; *line && *line != '['; line += *line == '\n') {
		if (isupper((unsigned char)*line))
			strv_push(arena, &keys, arena_strndup(arena, line, strcspn(line, "=\n")));
		line += strcspn(line, "\n");
	}
	return keys;
}

void known_keys_of_list(const char *list, const struct recipe_settings *settings, const char *path, struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();

	for (size_t i = 0; i < settings->count; i++) {
		const struct recipe_setting *setting = &settings->items[i];
		struct strv known = known_keys_list(arena, list, setting->section);

		if (!known_keys_is_foreign(setting))
			known_keys_refuse(setting, &known, path, err);
	}
}

int known_keys_check_units(const struct step *step, struct err *err)
{
	/* Not alone: as the first process of the sandbox it would take itself for the machine's. */
	static const char *const argv[] = {"/bin/sh", "-c", "\"$0\" --dump-configuration-items --no-pager; exit 0", SYSTEMD,
					   NULL};
	static const char *const env[] = {"PATH=/usr/sbin:/usr/bin", "LC_ALL=C.UTF-8", NULL};
	const struct sandbox sandbox = {.root = step->root, .read_only = true};
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf list = {0}, said = {0};
	struct err ignored = {0};
	int r = inside_exists(step->root_fd, SYSTEMD)
			? sandbox_run(&sandbox,
				      &(struct proc){.argv = argv, .env = env, .output = &list, .diagnostics = &said,
						     .deadline_s = STEP_PATIENCE_S}, &ignored)
			: -ENOENT;

	err_free(&ignored);
	for (size_t i = 0; r == 0 && list.size && i < step->plan->n_units; i++)
		if (step->plan->units[i].words)
			known_keys_of_list(list.data, step->plan->units[i].words,
					   arena_printf(arena, "units.%s", step->plan->units[i].name), err);
	return err_result(err);
}

/* --- systemd-networkd ------------------------------------------------------------------------------------------------ */

/* The keys of a section that the program has texts of. */
static struct strv known_keys_in_program(struct arena *arena, const struct buf *program, const char *section)
{
	const char *prefix = arena_printf(arena, "%s.", section), *end = program->data + program->size;
	const char *at = program->data;
	size_t length = strlen(prefix);
	struct strv keys = {0};

	while ((at = memmem(at, (size_t)(end - at), prefix, length))) {
		const char *key = at += length;
		size_t n = 0;

		while (key + n < end && n < KEY_MAX && isalnum((unsigned char)key[n]))
			n++;
		if (isupper((unsigned char)*key) && key + n < end && !key[n])
			strv_push(arena, &keys, arena_strndup(arena, key, n));
	}
	return keys;
}

void known_keys_of_program(const struct buf *program, const struct recipe_settings *settings, const char *path,
			   struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();

	for (size_t i = 0; i < settings->count; i++) {
		struct strv known = known_keys_in_program(arena, program, settings->items[i].section);

		if (!known_keys_is_foreign(&settings->items[i]))
			known_keys_refuse(&settings->items[i], &known, path, err);
	}
}

int known_keys_check_networks(const struct step *step, struct err *err)
{
	const struct recipe *recipe = step->plan->recipe;
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf program = {0};
	int r = recipe->n_networks ? inside_read(step->root_fd, NETWORKD, PROGRAM_BYTES_MAX, &program, err) : 0;

	for (size_t i = 0; r == 0 && program.size && i < recipe->n_networks; i++) {
		const char *path = arena_printf(arena, "networks.%s", recipe->networks[i].name);

		known_keys_of_program(&program, &recipe->networks[i].match, path, err);
		known_keys_of_program(&program, &recipe->networks[i].settings, path, err);
	}
	return r < 0 ? r : err_result(err);
}
