#include "lock/scan.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "recipe/recipe.h"

enum { NAME_MAX_BYTES = 31, WORDS_MAX = 64, DEPTH_MAX = 4, NAMES_MAX = 256, VARIABLES_MAX = 256,
       EXPANSIONS_MAX = 10000 };

/* A variable may have got more than one value. */
struct variable {
	const char *name, *value;
};

struct scan {
	struct arena *arena;
	struct strv *names;
	struct variable *variables;
	size_t n_variables;
	unsigned expansions;
	const char *words[WORDS_MAX]; /* of one command */
	size_t n_words;
};

/* --- names ----------------------------------------------------------------------------------------------------------- */

static bool scan_is_name(const char *name)
{
	if (!isalpha((unsigned char)*name) && *name != '_')
		return false;
	for (const char *c = name; *c; c++)
		if (!isalnum((unsigned char)*c) && *c != '_' && *c != '-')
			return false;
	return strlen(name) <= NAME_MAX_BYTES;
}

static void scan_add(struct arena *arena, struct strv *names, const char *name)
{
	if (scan_is_name(name) && !recipe_system_user(name) && !recipe_system_group(name) && names->count < NAMES_MAX &&
	    !strv_has(names, name))
		strv_push(arena, names, name);
}

/* Numbers that Debian itself gives out (policy, 9.2.2) are the same on all systems. */
static bool scan_is_debians_number(const char *number)
{
	return isdigit((unsigned char)*number) && (strlen(number) > 5 || atol(number) > ACCOUNT_ID_MAX);
}

/* --- sysusers.d(5) --------------------------------------------------------------------------------------------------- */

/* The next word of the line, or ""; its quotes are left out. */
static const char *scan_next_word(struct arena *arena, const char **at)
{
	const char *start;

	*at += strspn(*at, " \t\"'");
	start = *at;
	*at += strcspn(*at, " \t\"'\n");
	return arena_strndup(arena, start, (size_t)(*at - start));
}

void scan_sysusers(struct arena *arena, const char *text, struct strv *names)
{
	for (const char *at = text; *at; at += strcspn(at, "\n"), at += *at == '\n') {
		const char *type = scan_next_word(arena, &at), *name = scan_next_word(arena, &at);
		const char *id = scan_next_word(arena, &at);

		if ((strcmp(type, "u") == 0 || strcmp(type, "u!") == 0 || strcmp(type, "g") == 0) &&
		    !scan_is_debians_number(id))
			scan_add(arena, names, name);
		else if (strcmp(type, "m") == 0)
			scan_add(arena, names, id); /* the group */
	}
}

/* --- variables ------------------------------------------------------------------------------------------------------- */

static size_t scan_name_length(const char *text)
{
	size_t length = 0;

	while (isalnum((unsigned char)text[length]) || text[length] == '_')
		length++;
	return isdigit((unsigned char)*text) ? 0 : length;
}

static void scan_set(struct scan *scan, const char *name, size_t length, const char *value)
{
	if (length == 0 || scan->n_variables == VARIABLES_MAX)
		return;
	*arena_push(scan->arena, scan->variables, scan->n_variables) =
		(struct variable){arena_strndup(scan->arena, name, length), value};
}

/* Adds what a word may stand for: `$A`, `${A}`, `${A:-b}` within it have the values that were seen. */
static void scan_expand(struct scan *scan, const char *word, unsigned depth)
{
	const char *dollar = strchr(word, '$'), *name, *rest, *other = NULL;
	size_t length;

	if (!dollar) {
		scan_add(scan->arena, scan->names, word);
		return;
	}
	name = dollar + 1 + (dollar[1] == '{');
	length = scan_name_length(name);
	rest = name + length;
	if (dollar[1] == '{') {
		if (rest[0] == ':' && (rest[1] == '-' || rest[1] == '='))
			other = arena_strndup(scan->arena, rest + 2, strcspn(rest + 2, "}"));
		rest += strcspn(rest, "}");
		rest += *rest == '}';
	}
	if (depth == DEPTH_MAX || scan->expansions++ > EXPANSIONS_MAX)
		return;
	for (size_t i = 0; length && i < scan->n_variables; i++)
		if (strncmp(scan->variables[i].name, name, length) == 0 && !scan->variables[i].name[length])
			scan_expand(scan, arena_printf(scan->arena, "%.*s%s%s", (int)(dollar - word), word,
						       scan->variables[i].value, rest), depth + 1);
	if (other)
		scan_expand(scan, arena_printf(scan->arena, "%.*s%s%s", (int)(dollar - word), word, other, rest), depth + 1);
}

/* --- commands -------------------------------------------------------------------------------------------------------- */

/* Whether what follows an option is its value; `-f` of groupadd has none. */
static bool scan_takes_value(const char *option, bool group)
{
	static const char *const options[] = {
		"--home", "--home-dir", "--shell", "--gecos", "--comment", "--uid", "--gid", "--ingroup", "--conf",
		"--firstuid", "--lastuid", "--firstgid", "--lastgid", "--base-dir", "--expiredate", "--inactive",
		"--groups", "--skel", "--key", "--password", "--root", "--prefix", "--selinux-user",
	};
	const struct strv all = {(const char **)options, sizeof options / sizeof *options};
	const char *found;

	if (option[1] == '-')
		return strv_has(&all, option);
	found = option + 1 + strcspn(option + 1, group ? "gKpRP" : "bcdefgGkKpRPsuZ");
	return *found && !found[1];
}

/* Whether the arguments ask for one of the numbers that Debian gives out. */
static bool scan_has_debians_number(const struct scan *scan, size_t first)
{
	static const char *const options[] = {"--uid", "--gid", "-u", "-g"};
	const struct strv all = {(const char **)options, sizeof options / sizeof *options};

	for (size_t i = first; i < scan->n_words; i++) {
		const char *word = scan->words[i], *equals = strchr(word, '=');

		if (i + 1 < scan->n_words && strv_has(&all, word) && scan_is_debians_number(scan->words[i + 1]))
			return true;
		if (equals && (text_has_prefix(word, "--uid=") || text_has_prefix(word, "--gid=")) &&
		    scan_is_debians_number(equals + 1))
			return true;
	}
	return false;
}

static void scan_arguments(struct scan *scan, size_t first, bool group)
{
	if (scan_has_debians_number(scan, first))
		return;
	for (size_t i = first; i < scan->n_words; i++) {
		const char *word = scan->words[i];

		if (*word != '-')
			scan_expand(scan, word, 0);
		else if (word[1] && scan_takes_value(word, group))
			i++;
	}
}

/* A command that was read: `for A in b c` and `A=b` give values, the tools make accounts. */
static void scan_command(struct scan *scan, bool values)
{
	static const char *const users[] = {"adduser", "useradd"}, *const groups[] = {"addgroup", "groupadd"};
	const struct strv of_users = {(const char **)users, 2}, of_groups = {(const char **)groups, 2};

	for (size_t i = 0; i < scan->n_words; i++) {
		const char *word = scan->words[i], *equals = strchr(word, '=');

		if (values && equals && scan_name_length(word) == (size_t)(equals - word))
			scan_set(scan, word, (size_t)(equals - word), equals + 1);
		if (values && strcmp(word, "for") == 0 && i + 2 < scan->n_words && strcmp(scan->words[i + 2], "in") == 0)
			for (size_t v = i + 3; v < scan->n_words; v++)
				scan_set(scan, scan->words[i + 1], scan_name_length(scan->words[i + 1]), scan->words[v]);
		if (!values && (strv_has(&of_users, path_last(word)) || strv_has(&of_groups, path_last(word)))) {
			scan_arguments(scan, i + 1, strv_has(&of_groups, path_last(word)));
			break;
		}
	}
	scan->n_words = 0;
}

/* --- sh(1), as far as words go --------------------------------------------------------------------------------------- */

/* Reads a word at `at`, without its quotes; returns what follows. */
static const char *scan_read_word(const char *at, char *word, size_t *length)
{
	char quote = 0;

	for (*length = 0; *at; at++) {
		if (*at == '\\' && at[1] && quote != '\'') {
			at++;
			if (*at != '\n')
				word[(*length)++] = *at;
		} else if (quote ? *at == quote : *at == '"' || *at == '\'') {
			quote = quote ? 0 : *at;
		} else if (!quote && strchr(" \t\r\n;&|()<>`", *at)) {
			break;
		} else {
			word[(*length)++] = *at;
		}
	}
	word[*length] = 0;
	return at;
}

static void scan_read(struct scan *scan, const char *text, bool values)
{
	char *word = arena_alloc(scan->arena, strlen(text) + 1);
	bool target = false; /* of `>` and `<`: the next word is a file */
	size_t length;

	while (*text) {
		if (*text == '#') {
			text += strcspn(text, "\n");
		} else if (text[0] == '\\' && text[1] == '\n') {
			text += 2;
		} else if (*text == '<' || *text == '>') {
			target = true;
			text++;
		} else if (strchr(" \t\r", *text)) {
			text++;
		} else if (strchr("\n;&|()`", *text)) {
			if (!target || *text != '&') /* 2>&1 */
				scan_command(scan, values);
			target = target && *text == '&';
			text++;
		} else {
			text = scan_read_word(text, word, &length);
			if (!target && scan->n_words < WORDS_MAX)
				scan->words[scan->n_words++] = arena_strndup(scan->arena, word, length);
			target = false;
		}
	}
	scan_command(scan, values);
}

void scan_script(struct arena *arena, const char *text, struct strv *names)
{
	struct scan scan = {.arena = arena, .names = names};

	scan_read(&scan, text, true);
	scan_read(&scan, text, false);
}
