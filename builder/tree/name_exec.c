/* What services need before they are started, by systemd.exec(5) and systemd.socket(5): accounts, files and folders. A service
 * whose settings name one that is not there fails at each start. */
#include <string.h>

#include "tree/inside.h"
#include "tree/name.h"
#include "tree/unit_names.h"

/* How a value names things: words, each perhaps with '-' before it when it may be missing; of a path, what is before a ':'
 * alone (BEHIND: what is after the first). */
enum exec_form { ONE, WORDS, BEFORE, BEHIND };

static const struct exec_key {
	const char *key;
	enum exec_form form;
	name_ask *ask;
} exec_keys[] = {
	{"User", ONE, name_ask_user}, {"Group", ONE, name_ask_group}, {"SupplementaryGroups", WORDS, name_ask_group},
	{"SocketUser", ONE, name_ask_user}, {"SocketGroup", ONE, name_ask_group},
	{"EnvironmentFile", ONE, name_ask_file}, {"WorkingDirectory", ONE, name_ask_file},
	{"RootDirectory", ONE, name_ask_file}, {"RootImage", ONE, name_ask_file},
	{"ReadWritePaths", WORDS, name_ask_file}, {"ReadOnlyPaths", WORDS, name_ask_file},
	{"InaccessiblePaths", WORDS, name_ask_file}, {"ExecPaths", WORDS, name_ask_file}, {"NoExecPaths", WORDS, name_ask_file},
	{"BindPaths", BEFORE, name_ask_file}, {"BindReadOnlyPaths", BEFORE, name_ask_file},
	{"LoadCredential", BEHIND, name_ask_file}, {"LoadCredentialEncrypted", BEHIND, name_ask_file},
	{NULL, ONE, NULL},
};

static const struct exec_key *name_exec_find(const char *key)
{
	const struct exec_key *row = exec_keys;

	while (row->key && strcmp(row->key, key) != 0)
		row++;
	return row->key ? row : NULL;
}

static bool name_exec_is_on(const char *value)
{
	return value && (strcmp(value, "yes") == 0 || strcmp(value, "true") == 0 || strcmp(value, "on") == 0 ||
			 strcmp(value, "1") == 0);
}

static bool name_exec_is_account(const struct exec_key *row)
{
	return row->ask == name_ask_user || row->ask == name_ask_group;
}

/* The part of a word that is a name to ask for; NULL: it may be missing, or only the machine can tell. */
static const char *name_exec_word(struct arena *arena, const struct exec_key *row, const char *word)
{
	const char *colon = strchr(word, ':');

	if (row->form == BEFORE)
		word = arena_strndup(arena, word, strcspn(word, ":"));
	else if (row->form == BEHIND)
		word = colon ? colon + 1 : "";
	word += *word == '+' || *word == '!';
	if (!*word || *word == '-' || *word == '~' || strchr(word, '%') || (!name_exec_is_account(row) && *word != '/'))
		return NULL;
	return word;
}

static void name_exec_ask(const struct step *step, struct arena *arena, const struct plan_unit *unit,
		     const struct recipe_setting *setting, const struct exec_key *row, struct err *err)
{
	const char *path = arena_printf(arena, "units.%s.%s.%s", unit->name, setting->section, setting->key);
	char *rest = arena_strdup(arena, setting->value), *word;

	while ((word = row->form == ONE ? rest : strsep(&rest, " \t"))) {
		const char *name = name_exec_word(arena, row, word);

		if (name)
			row->ask(step, arena, &(struct name){name, setting->pos, path}, err);
		if (row->form == ONE)
			return;
	}
}

/* A service with DynamicUser has a user of its own, whatever its name. */
void names_ask_units(const struct step *step, struct arena *arena, struct err *err)
{
	for (size_t u = 0; u < step->plan->n_units; u++) {
		const struct plan_unit *unit = &step->plan->units[u];
		bool dynamic = name_exec_is_on(unit_names_value(unit, "Service", "DynamicUser"));

		for (size_t i = 0; !unit->mask && unit->words && i < unit->words->count; i++) {
			const struct recipe_setting *setting = &unit->words->items[i];
			const struct exec_key *row = name_exec_find(setting->key);

			if (row && !(dynamic && name_exec_is_account(row)))
				name_exec_ask(step, arena, unit, setting, row, err);
		}
	}
}
