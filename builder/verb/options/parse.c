#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "verb/verb.h"

enum { OPTIONS_MAX = 64 };

/* An option of a verb, and the struct that its value goes into. */
struct parse_found {
	const struct option *option;
	char *base;
};

void options_each(const struct verb *verb, void (*visit)(const struct option *option, void *data), void *data)
{
	for (const struct option_group *group = verb->options; group->rows; group++)
		for (const struct option *option = group->rows; option->name; option++)
			visit(option, data);
	for (const struct option *option = common_options; option->name; option++)
		visit(option, data);
}

/* false: no more of them fit. */
static bool parse_store(const struct parse_found *found, const char *value)
{
	char *field = found->base + found->option->offset;

	if (found->option->type == OPTION_FLAG) {
		*(bool *)field = true;
	} else if (found->option->type == OPTION_TEXT) {
		*(const char **)field = value;
	} else {
		struct option_list *list = (struct option_list *)field;

		if (list->count == sizeof list->items / sizeof *list->items)
			return false;
		list->items[list->count++] = value;
	}
	return true;
}

static bool parse_find_in(const struct option *rows, char *base, const char *name, size_t length, struct parse_found *ret_found)
{
	for (; rows->name; rows++)
		if (strlen(rows->name) == length && memcmp(rows->name, name, length) == 0) {
			*ret_found = (struct parse_found){rows, base};
			return true;
		}
	return false;
}

/* Names are written out: what is short for one option today could be another one tomorrow. */
static bool parse_find(const struct verb *verb, void *options, const char *name, size_t length, struct parse_found *ret_found)
{
	for (const struct option_group *group = verb->options; group->rows; group++)
		if (parse_find_in(group->rows, (char *)options + group->base, name, length, ret_found))
			return true;
	return parse_find_in(common_options, options, name, length, ret_found);
}

struct parse_names {
	const char *items[OPTIONS_MAX];
	size_t n;
};

static void parse_add_name(const struct option *option, void *data)
{
	struct parse_names *names = data;

	if (names->n < OPTIONS_MAX)
		names->items[names->n++] = option->name;
}

/* Says which word was wrong, and the nearest right one. */
static int parse_refuse(const struct verb *verb, const char *word, struct err *err)
{
	struct parse_names known = {0};
	const char *near;
	char name[64];

	options_each(verb, parse_add_name, &known);
	snprintf(name, sizeof name, "%.*s", (int)strcspn(word + strspn(word, "-"), "="), word + strspn(word, "-"));
	near = text_nearest(name, known.items, known.n);
	err_set(err, -EINVAL, "'%s' has no option '%s'", verb->name, word);
	if (near)
		err_hint(err, "did you mean '--%s'?", near);
	else
		err_hint(err, "'aether-build %s --help' lists its options", verb->name);
	return -EINVAL;
}

/* Reads the option argv[i], and its value when that is the next word; returns how many words it took, or -EINVAL. */
static int parse_option(const struct verb *verb, char **argv, int i, void *options, struct err *err)
{
	const char *word = argv[i], *name = word + 2, *equals = strchr(name, '='), *value = equals ? equals + 1 : argv[i + 1];
	struct parse_found found;
	bool flag;

	if (word[1] != '-' || !parse_find(verb, options, name, strcspn(name, "="), &found))
		return parse_refuse(verb, word, err);
	flag = found.option->type == OPTION_FLAG;
	if (flag && equals)
		return err_set(err, -EINVAL, "'--%s' takes no value", found.option->name);
	if (!flag && !value)
		return err_set(err, -EINVAL, "'--%s' needs a value: %s", found.option->name, found.option->value);
	if (!parse_store(&found, value))
		return err_set(err, -EINVAL, "'--%s' was given too many times", found.option->name);
	return flag || equals ? 1 : 2;
}

static void parse_presets(const struct option *rows, char *base)
{
	for (; rows->name; rows++)
		if (rows->preset)
			*(const char **)(base + rows->offset) = rows->preset;
}

int options_parse(const struct verb *verb, int argc, char **argv, void *options, struct err *err)
{
	char **words = calloc(2 * ((size_t)argc + 1), sizeof *words), **arguments = words + argc + 1;
	int n_words = 0, n_arguments = 0, i = 1, taken = 0;

	if (!words)
		return err_sys(err, -ENOMEM, "cannot read the command line");
	for (const struct option_group *group = verb->options; group->rows; group++)
		parse_presets(group->rows, (char *)options + group->base);
	while (i < argc && taken >= 0 && strcmp(argv[i], "--") != 0) {
		bool is_option = argv[i][0] == '-' && argv[i][1];

		taken = is_option ? parse_option(verb, argv, i, options, err) : 1;
		for (int w = 0; w < taken; w++, i++)
			*(is_option ? &words[n_words++] : &arguments[n_arguments++]) = argv[i];
	}
	if (taken >= 0 && i < argc)
		words[n_words++] = argv[i++]; /* "--": all that follows are arguments */
	while (taken >= 0 && i < argc)
		arguments[n_arguments++] = argv[i++];
	if (taken >= 0) {
		memcpy(argv + 1, words, (size_t)n_words * sizeof *words);
		memcpy(argv + 1 + n_words, arguments, (size_t)n_arguments * sizeof *arguments);
	}
	free(words);
	return taken < 0 ? taken : 1 + n_words;
}
