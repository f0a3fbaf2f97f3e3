/* aether-build completion SHELL: what makes a shell complete verbs, options and their values; made from the tables of
 * the verbs. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "verb/verb.h"

struct completion_options {
	struct common_options common;
};
static const struct option_group completion_option_groups[] = {{0}};

/* What stands for a file or folder in an option's value, or in a verb's arguments. */
static bool completion_is_path(const char *value)
{
	static const char *const paths[] = {"FOLDER", "FILE", "RECIPE", "IMAGE", "PATH"};

	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
		if (strstr(value, paths[i]))
			return true;
	return false;
}

/* The words of a value like "kvm|tcg", with blanks between them; "" when it is none. */
static void completion_choices(const char *value, struct buf *out)
{
	if (strspn(value, "abcdefghijklmnopqrstuvwxyz0123456789.|") != strlen(value))
		return;
	for (; *value; value++)
		buf_add(out, *value == '|' ? " " : value, 1);
}

/* Text in single quotes of a shell, in which none can stand. */
static void completion_quote(struct buf *out, const char *text)
{
	buf_puts(out, "'");
	for (; *text; text++)
		if (*text == '\'')
			buf_puts(out, "'\\''");
		else
			buf_add(out, text, 1);
	buf_puts(out, "'");
}

/* The words of a verb, with a blank before each. */
static void completion_words(const struct verb *verb, struct buf *out)
{
	for (const struct verb_word *word = verb->words; word && word->name; word++)
		buf_printf(out, " %s", word->name);
}

/* Where a verb's options are written to. */
struct completion_place {
	struct buf *out;
	const struct verb *verb;
};

/* --- bash ------------------------------------------------------------------------------------------------------------ */

static void completion_bash_name(const struct option *option, void *out)
{
	buf_printf(out, " --%s", option->name);
}

static void completion_bash_value(const struct option *option, void *data)
{
	const struct completion_place *place = data;
	_cleanup_buf_ struct buf choices = {0};

	if (!option->value)
		return;
	completion_choices(option->value, &choices);
	buf_printf(place->out, "\t%s:--%s)", place->verb->name, option->name);
	if (choices.size)
		buf_printf(place->out, " COMPREPLY=($(compgen -W '%s' -- \"$word\"));", choices.data);
	else if (completion_is_path(option->value))
		buf_puts(place->out, " COMPREPLY=($(compgen -f -- \"$word\"));");
	buf_puts(place->out, " return;;\n");
}

static void completion_bash(struct buf *out)
{
	buf_puts(out, "# Completion of aether-build for bash, made by 'aether-build completion bash'.\n"
		      "_aether_build()\n{\n"
		      "\tlocal word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} verb=${COMP_WORDS[1]} "
		      "options\n\n"
		      "\tCOMPREPLY=()\n\tif [[ $COMP_CWORD == 1 ]]; then\n\t\tCOMPREPLY=($(compgen -W '");
	for (size_t i = 0; verbs[i]; i++)
		buf_printf(out, "%s ", verbs[i]->name);
	buf_puts(out, "help' -- \"$word\"))\n\t\treturn\n\tfi\n\tcase $verb:$before in\n");
	for (size_t i = 0; verbs[i]; i++)
		options_each(verbs[i], completion_bash_value, &(struct completion_place){out, verbs[i]});
	buf_puts(out, "\tesac\n\tcase $verb in\n");
	for (size_t i = 0; verbs[i]; i++) {
		buf_printf(out, "\t%s) options='", verbs[i]->name);
		options_each(verbs[i], completion_bash_name, out);
		buf_puts(out, "';;\n");
	}
	buf_puts(out, "\tesac\n\tcase $verb:$COMP_CWORD in\n");
	for (size_t i = 0; verbs[i]; i++) {
		if (!verbs[i]->words)
			continue;
		buf_printf(out, "\t%s:2) [[ $word == -* ]] || { COMPREPLY=($(compgen -W '", verbs[i]->name);
		completion_words(verbs[i], out);
		buf_puts(out, "' -- \"$word\")); return; };;\n");
	}
	buf_puts(out, "\tesac\n\tif [[ $word == -* ]]; then\n\t\tCOMPREPLY=($(compgen -W \"$options\" -- \"$word\"))\n"
		      "\telse\n\t\tCOMPREPLY=($(compgen -f -- \"$word\"))\n\tfi\n}\n"
		      "complete -o filenames -F _aether_build aether-build\n");
}

/* --- zsh ------------------------------------------------------------------------------------------------------------- */

static void completion_zsh_option(const struct option *option, void *data)
{
	_cleanup_buf_ struct buf spec = {0}, choices = {0};
	struct buf *out = data;

	buf_printf(&spec, "%s--%s%s[", option->type == OPTION_LIST ? "*" : "", option->name, option->value ? "=" : "");
	for (const char *c = option->help; *c; c++) /* these end a description */
		buf_printf(&spec, "%s%c", strchr("[]:\\", *c) ? "\\" : "", *c);
	buf_puts(&spec, "]");
	if (option->value) {
		completion_choices(option->value, &choices);
		if (choices.size)
			buf_printf(&spec, ":value:(%s)", choices.data);
		else
			buf_printf(&spec, ":value:%s", completion_is_path(option->value) ? "_files" : "");
	}
	buf_puts(out, " \\\n\t\t\t");
	completion_quote(out, spec.data);
}

static void completion_zsh(struct buf *out)
{
	buf_puts(out, "#compdef aether-build\n# Completion of aether-build for zsh, made by 'aether-build completion zsh'.\n"
		      "_aether_build()\n{\n\tlocal -a verbs\n\n\tverbs=(\n");
	for (size_t i = 0; verbs[i]; i++) {
		_cleanup_buf_ struct buf row = {0};

		buf_printf(&row, "%s:%s", verbs[i]->name, verbs[i]->summary);
		buf_puts(out, "\t\t");
		completion_quote(out, row.data);
		buf_puts(out, "\n");
	}
	buf_puts(out, "\t)\n\tif (( CURRENT == 2 )); then\n\t\t_describe verb verbs\n\t\treturn\n\tfi\n"
		      "\tlocal verb=$words[2]\n\tshift words\n\t(( CURRENT-- ))\n\tcase $verb in\n");
	for (size_t i = 0; verbs[i]; i++) {
		buf_printf(out, "\t%s)\n\t\t_arguments -s", verbs[i]->name);
		options_each(verbs[i], completion_zsh_option, out);
		if (verbs[i]->words) {
			buf_puts(out, " \\\n\t\t\t'1:word:(");
			completion_words(verbs[i], out);
			buf_puts(out, ")'");
		}
		if (verbs[i]->words || completion_is_path(verbs[i]->arguments))
			buf_puts(out, " \\\n\t\t\t'*:argument:_files'");
		buf_puts(out, "\n\t\t;;\n");
	}
	buf_puts(out, "\tesac\n}\n_aether_build \"$@\"\n");
}

/* --- fish ------------------------------------------------------------------------------------------------------------ */

static void completion_fish_option(const struct option *option, void *data)
{
	const struct completion_place *place = data;
	_cleanup_buf_ struct buf choices = {0};

	buf_printf(place->out, "complete -c aether-build -n '__fish_seen_subcommand_from %s' -l %s", place->verb->name,
		   option->name);
	if (option->value) {
		completion_choices(option->value, &choices);
		if (choices.size)
			buf_printf(place->out, " -x -a '%s'", choices.data);
		else
			buf_puts(place->out, completion_is_path(option->value) ? " -r -F" : " -x");
	}
	buf_puts(place->out, " -d ");
	completion_quote(place->out, option->help);
	buf_puts(place->out, "\n");
}

static void completion_fish(struct buf *out)
{
	buf_puts(out, "# Completion of aether-build for fish, made by 'aether-build completion fish'.\n");
	for (size_t i = 0; verbs[i]; i++) {
		buf_printf(out, "complete -c aether-build -f -n __fish_use_subcommand -a %s -d ", verbs[i]->name);
		completion_quote(out, verbs[i]->summary);
		buf_puts(out, "\n");
		for (const struct verb_word *word = verbs[i]->words; word && word->name; word++) {
			buf_printf(out, "complete -c aether-build -n '__fish_seen_subcommand_from %s' -a %s -d ",
				   verbs[i]->name, word->name);
			completion_quote(out, word->summary);
			buf_puts(out, "\n");
		}
		options_each(verbs[i], completion_fish_option, &(struct completion_place){out, verbs[i]});
	}
}

/* --- the verb -------------------------------------------------------------------------------------------------------- */

static const struct {
	const char *shell;
	void (*print)(struct buf *out);
} completion_shells[] = {{"bash", completion_bash}, {"zsh", completion_zsh}, {"fish", completion_fish}};

static int completion_run(const void *data, char *const *arguments, size_t n_arguments, struct err *err)
{
	_cleanup_buf_ struct buf text = {0};

	(void)data;
	(void)n_arguments;
	for (size_t i = 0; i < sizeof completion_shells / sizeof *completion_shells; i++)
		if (strcmp(completion_shells[i].shell, arguments[0]) == 0) {
			completion_shells[i].print(&text);
			fputs(text.data, stdout);
			return 0;
		}
	err_set(err, -EINVAL, "there is no completion for '%s'", arguments[0]);
	return err_hint(err, "choose one of: bash, zsh, fish");
}

const struct verb verb_completion = {
	.name = "completion",
	.arguments = "bash|zsh|fish",
	.summary = "Prints the completion script for a shell",
	.options = completion_option_groups,
	.options_size = sizeof(struct completion_options),
	.min_arguments = 1,
	.max_arguments = 1,
	.run = completion_run,
};
