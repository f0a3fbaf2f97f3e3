#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "verb/verb.h"

enum { WORDS_MAX = 16 };

/* Whether the option was given: its value is not what nobody's word makes it. */
static bool words_given(const struct option *option, const char *base)
{
	const char *field = base + option->offset;

	switch (option->type) {
	case OPTION_FLAG:
		return *(const bool *)field;
	case OPTION_TEXT:
		return *(const char *const *)field != option->preset;
	case OPTION_LIST:
		return ((const struct option_list *)field)->count > 0;
	}
	return false;
}

static bool words_takes(const struct verb_word *word, const char *name)
{
	size_t length = strlen(name);

	for (const char *at = word->takes; (at = strstr(at, name)); at += length)
		if ((at == word->takes || at[-1] == ' ') && (!at[length] || at[length] == ' '))
			return true;
	return false;
}

/* An option that a word does not heed would be silently without effect. */
static int words_check_options(const struct verb *verb, const struct verb_word *word, const char *options, struct err *err)
{
	for (const struct option_group *group = verb->options; group->rows; group++)
		for (const struct option *option = group->rows; option->name; option++) {
			if (!words_given(option, options + group->base) || words_takes(word, option->name))
				continue;
			err_set(err, -EINVAL, "'%s %s' has no option '--%s'", verb->name, word->name, option->name);
			return err_hint(err, *word->takes ? "it has these: %s" : "it has none%s", word->takes);
		}
	return 0;
}

static const struct verb_word *words_named(const struct verb *verb, const char *name, struct err *err)
{
	const char *names[WORDS_MAX], *near;
	size_t n = 0;

	for (const struct verb_word *word = verb->words; word->name && n < WORDS_MAX; word++) {
		if (strcmp(word->name, name) == 0)
			return word;
		names[n++] = word->name;
	}
	near = text_nearest(name, names, n);
	err_set(err, -EINVAL, "'%s' has no word '%s'", verb->name, name);
	if (near)
		err_hint(err, "did you mean '%s %s'?", verb->name, near);
	else
		err_hint(err, "'aether-build %s --help' lists its words", verb->name);
	return NULL;
}

const struct verb_word *words_find(const struct verb *verb, const void *options, int n, char *const *arguments, struct err *err)
{
	const struct verb_word *word = words_named(verb, arguments[0], err);
	int behind = n - 1;

	if (!word || words_check_options(verb, word, options, err) < 0)
		return NULL;
	if (behind >= (int)word->min_arguments && behind <= (int)word->max_arguments)
		return word;
	if (behind > (int)word->max_arguments)
		err_set(err, -EINVAL, "unexpected argument '%s'", arguments[1 + word->max_arguments]);
	else
		err_set(err, -EINVAL, "'%s %s' needs %s", verb->name, word->name, word->arguments);
	err_hint(err, "usage: aether-build %s %s [OPTION…] %s", verb->name, word->name, word->arguments);
	return NULL;
}
