/* From the command line to a verb; the one place that prints errors. */
#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/identity.h"
#include "base/log.h"
#include "base/text.h"
#include "verb/verb.h"

enum { EXIT_FAILED = 1, EXIT_USAGE = 2, VERBS_MAX = 64, LEFT_COLUMNS = 32 };

static void main_print_row(const char *left, const char *right, FILE *out)
{
	fprintf(out, "  %s%*s %s\n", left, text_padding(left, LEFT_COLUMNS), "", right);
}

static void main_print_usage(FILE *out)
{
	fputs("usage: aether-build VERB [OPTION…] ARGUMENT…\n\n", out);
	for (size_t i = 0; verbs[i]; i++) {
		char left[64];

		snprintf(left, sizeof left, "%s %s", verbs[i]->name, verbs[i]->arguments);
		main_print_row(left, verbs[i]->summary, out);
	}
	fputs("\n'aether-build VERB --help' lists its options; the manual is aether-build(1).\n", out);
}

static void main_print_option(const struct option *option, void *out)
{
	char left[64];

	snprintf(left, sizeof left, "--%s%s%s", option->name, option->value ? " " : "", option->value ? option->value : "");
	main_print_row(left, option->help, out);
}

static void main_print_words(const struct verb *verb)
{
	for (const struct verb_word *word = verb->words; word && word->name; word++) {
		char left[64];

		snprintf(left, sizeof left, "%s %s", word->name, word->arguments);
		main_print_row(left, word->summary, stdout);
	}
	if (verb->words)
		puts("");
}

static const struct verb *main_find_verb(const char *name, struct err *err)
{
	const char *names[VERBS_MAX], *near;
	size_t n = 0;

	for (; verbs[n] && n < VERBS_MAX; n++) {
		if (strcmp(verbs[n]->name, name) == 0)
			return verbs[n];
		names[n] = verbs[n]->name;
	}
	near = text_nearest(name, names, n);
	err_set(err, -EINVAL, "unknown verb '%s'", name);
	err_hint(err, near ? "did you mean '%s'?" : "run 'aether-build --help' for a list of all verbs", near);
	return NULL;
}

static int main_usage_failed(struct err *err)
{
	err_print(err, stderr);
	err_free(err);
	return EXIT_USAGE;
}

/* What is wrong with `n` arguments for the verb; 0 when nothing is. */
static int main_check_arguments(const struct verb *verb, const void *options, int n, char **arguments, struct err *err)
{
	if (n > (int)verb->max_arguments) {
		err_set(err, -EINVAL, "unexpected argument '%s'", arguments[verb->max_arguments]);
		return err_hint(err, "usage: aether-build %s [OPTION…] %s", verb->name, verb->arguments);
	}
	if (n < (int)verb->min_arguments) {
		err_set(err, -EINVAL, "'%s' needs %s", verb->name, verb->arguments);
		return err_hint(err, "usage: aether-build %s [OPTION…] %s", verb->name, verb->arguments);
	}
	return verb->words && !words_find(verb, options, n, arguments, err) ? -EINVAL : 0;
}

static int main_call(const struct verb *verb, const void *options, char **arguments, size_t n, struct err *err)
{
	const struct verb_word *word;

	if (!verb->words)
		return verb->run(options, arguments, n, err);
	word = words_find(verb, options, (int)n, arguments, err);
	return word ? word->run(options, arguments + 1, n - 1, err) : -EINVAL;
}

static int main_run(const struct verb *verb, const void *options, char **arguments, int n)
{
	struct err err = {0};
	int r = main_call(verb, options, arguments, (size_t)n, &err);

	log_step(NULL);
	if (r >= 0 && fflush(stdout) != 0)
		r = errno == EPIPE ? -EPIPE : err_sys(&err, -errno, "cannot write the result to stdout"); /* nobody reads on */
	log_warnings(&err);
	if (r < 0)
		err_print(&err, stderr);
	err_free(&err);
	return r < 0 ? EXIT_FAILED : 0;
}

static int main_verb(const struct verb *verb, int argc, char **argv)
{
	struct common_options *common = calloc(1, verb->options_size); /* the first member of every verb's struct */
	struct err err = {0};
	int first, status;

	if (!common)
		return EXIT_FAILED;
	first = options_parse(verb, argc, argv, common, &err);
	if (first >= 0 && common->help) {
		printf("usage: aether-build %s [OPTION…] %s\n\n%s.\n\n", verb->name, verb->arguments, verb->summary);
		main_print_words(verb);
		options_each(verb, main_print_option, stdout);
		status = 0;
	} else if (first < 0 || main_check_arguments(verb, common, argc - first, argv + first, &err) < 0) {
		status = main_usage_failed(&err);
	} else {
		log_setup(common->json ? LOG_JSON : common->quiet ? LOG_QUIET : LOG_AUTO);
		status = main_run(verb, common, argv + first, argc - first);
	}
	free(common);
	return status;
}

int main(int argc, char **argv)
{
	const struct verb *verb;
	struct err err = {0};

	setlocale(LC_CTYPE, "C.UTF-8");
	signal(SIGPIPE, SIG_IGN); /* whoever stops listening is a failed write, told like any other */
	if (argc < 2 || strcmp(argv[1], "help") == 0 || strcmp(argv[1], "--help") == 0) {
		main_print_usage(argc < 2 ? stderr : stdout);
		return argc < 2 ? EXIT_USAGE : 0;
	}
	if (strcmp(argv[1], "--version") == 0) {
		printf("aether-build %s (sources %.12s)\n", AETHER_VERSION, identity_program);
		return 0;
	}
	verb = main_find_verb(argv[1], &err);
	return verb ? main_verb(verb, argc - 1, argv + 1) : main_usage_failed(&err);
}
