#include "tree/quadlet_said.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "recipe/problem.h"
#include "tree/inside.h"

enum { PROGRAM_BYTES_MAX = 128 << 20 };

/* One line of the generator's, the quadlet that it is about, and the words that it was made from. */
struct message {
	struct arena *arena;
	const struct step *step;
	const struct plan_quadlet *quadlet;
	const struct recipe_quadlet *words;
	const char *text;
};

/* The quadlet a line is about: it names the file in quotes, or with its path. */
static bool quadlet_said_about(const struct step *step, int64_t uid, struct message *message)
{
	const struct plan *plan = step->plan;

	for (size_t i = 0; i < plan->n_quadlets; i++) {
		const struct plan_quadlet *quadlet = &plan->quadlets[i];

		if (quadlet->uid != uid ||
		    (!strstr(message->text, arena_printf(message->arena, "\"%s\"", quadlet->name)) &&
		     !strstr(message->text, quadlet->path)))
			continue;
		message->quadlet = quadlet;
		message->words = &plan->recipe->quadlets[i];
		return true;
	}
	return false;
}

/* What a line says, without who says it; NULL for a line about its progress. */
static const char *quadlet_said_plain(const char *line)
{
	const char *said = text_has_prefix(line, "quadlet-generator[") ? strstr(line, "]: ") : NULL;

	line = said ? said + 3 : line;
	return *line && !text_has_prefix(line, "Loading source unit file ") ? line : NULL;
}

/* --- which setting it is about --------------------------------------------------------------------------------------- */

/* What stands in single quotes behind `begin`; NULL for nothing. */
static const char *quadlet_said_quoted(struct arena *arena, const char *text, const char *begin)
{
	const char *at = strstr(text, begin), *end;

	at = at ? strchr(at, '\'') : NULL;
	end = at ? strchr(at + 1, '\'') : NULL;
	return end ? arena_strndup(arena, at + 1, (size_t)(end - at) - 1) : NULL;
}

/* Of several, the last one: it is the one that counts. */
static const struct recipe_setting *quadlet_said_setting(const struct recipe_quadlet *words, const char *section,
							 const char *key)
{
	const struct recipe_setting *found = NULL;

	for (size_t i = 0; key && i < words->settings.count; i++)
		if (strcmp(words->settings.items[i].key, key) == 0 &&
		    (!section || strcmp(words->settings.items[i].section, section) == 0))
			found = &words->settings.items[i];
	return found;
}

static bool quadlet_said_is_part(const char *value, const char *word)
{
	size_t length = strlen(word);

	for (const char *at = value; (at = strstr(at, word)); at++)
		if ((at == value || strchr(" \t,=", at[-1])) && (!at[length] || strchr(" \t,:", at[length])))
			return true;
	return false;
}

/* The setting with a value that the message has: in quotes, or the name of another quadlet. */
static const struct recipe_setting *quadlet_said_by_value(const struct message *message)
{
	char *rest = arena_strdup(message->arena, message->text), *word;

	while ((word = strsep(&rest, " "))) {
		bool quoted = *word == '\'' || *word == '"';
		size_t length;

		word += strspn(word, "'\"");
		length = strcspn(word, quoted ? "'\"" : ":,;'\"");
		word[length] = '\0';
		if (length == 0 || strcmp(word, message->quadlet->name) == 0 || (!quoted && !strchr(word, '.')))
			continue;
		for (size_t i = 0; i < message->words->settings.count; i++)
			if (quadlet_said_is_part(message->words->settings.items[i].value, word))
				return &message->words->settings.items[i];
	}
	return NULL;
}

/* The setting whose key is the first that the message has. */
static const struct recipe_setting *quadlet_said_by_key(const struct message *message)
{
	char *rest = arena_strdup(message->arena, message->text), *word;

	while ((word = strsep(&rest, " "))) {
		const struct recipe_setting *setting;

		word[strcspn(word, "=:,'")] = '\0';
		setting = isupper((unsigned char)*word) ? quadlet_said_setting(message->words, NULL, word) : NULL;
		if (setting)
			return setting;
	}
	return NULL;
}

/* --- the program ----------------------------------------------------------------------------------------------------- */

/* What cannot be read has no texts. */
static struct buf quadlet_said_program(const struct step *step)
{
	struct buf program = {0};
	struct err ignored = {0};

	if (inside_read(step->root_fd, QUADLET_GENERATOR, PROGRAM_BYTES_MAX, &program, &ignored) < 0)
		err_free(&ignored);
	return program;
}

static bool quadlet_said_has_text(const struct buf *program, const char *text)
{
	return program->size && memmem(program->data, program->size, text, strlen(text));
}

bool quadlet_said_translates(const struct step *step)
{
	_cleanup_buf_ struct buf program = quadlet_said_program(step);

	return quadlet_said_has_text(&program, "unable to translate dependency");
}

/* --- the nearest ----------------------------------------------------------------------------------------------------- */

/* The key of the section nearest to one that there is not; the image's podman has to have a text of it. */
static const char *quadlet_said_near_key(const struct message *message, const struct recipe_setting *setting)
{
	struct strv all = recipe_quadlet_keys(message->arena, setting->section), known = {0};
	_cleanup_buf_ struct buf program = quadlet_said_program(message->step);

	for (size_t i = 0; i < all.count; i++)
		if (!program.size || quadlet_said_has_text(&program, all.items[i]))
			strv_push(message->arena, &known, all.items[i]);
	return text_nearest(setting->key, known.items, known.count);
}

/* The quadlet of the same user nearest to what the setting names. */
static const char *quadlet_said_near_quadlet(const struct message *message, const struct recipe_setting *setting)
{
	const struct plan *plan = message->step->plan;
	char *rest = arena_strdup(message->arena, setting->value), *word;
	struct strv names = {0};

	for (size_t i = 0; i < plan->n_quadlets; i++)
		if (plan->quadlets[i].uid == message->quadlet->uid)
			strv_push(message->arena, &names, plan->quadlets[i].name);
	while ((word = strsep(&rest, " \t"))) {
		const char *near;

		word[strcspn(word, ":")] = '\0';
		near = strstr(message->text, word) && *word && !strv_has(&names, word)
			       ? text_nearest(word, names.items, names.count)
			       : NULL;
		if (near)
			return near;
	}
	return NULL;
}

static void quadlet_said_tell_message(const struct message *message, struct err *err)
{
	const char *key = quadlet_said_quoted(message->arena, message->text, "key '");
	const char *section = quadlet_said_quoted(message->arena, message->text, "group '");
	const struct recipe_setting *setting = quadlet_said_setting(message->words, section, key);
	const char *path = arena_printf(message->arena, "quadlets.%s", message->quadlet->name), *near;
	bool unknown = setting && strstr(message->text, "unsupported key");

	setting = setting ? setting : quadlet_said_by_value(message);
	setting = setting ? setting : quadlet_said_by_key(message);
	if (setting)
		path = arena_printf(message->arena, "%s.%s.%s", path, setting->section, setting->key);
	err_at(err, -EINVAL, setting ? &setting->pos : &message->quadlet->pos, path, "podman says: %s", message->text);
	near = unknown ? quadlet_said_near_key(message, setting) : setting ? quadlet_said_near_quadlet(message, setting) : NULL;
	if (near)
		err_hint(err, "did you mean '%s'?", near);
}

int quadlet_said_tell(const struct step *step, int64_t uid, const char *said, struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	char *rest = arena_strdup(arena, said), *line;

	while ((line = strsep(&rest, "\n"))) {
		struct message message = {.arena = arena, .step = step, .text = quadlet_said_plain(text_plain(arena, line))};

		if (message.text && quadlet_said_about(step, uid, &message))
			quadlet_said_tell_message(&message, err);
		else if (message.text)
			err_set(err, -EINVAL, "podman says: %s", message.text);
	}
	problem_sort(err);
	if (err->count == 0)
		err_set(err, -EINVAL, "podman refuses the quadlets without a message");
	return err_result(err);
}
