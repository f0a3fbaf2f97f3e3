/* The table of verbs; the one place that prints errors. */
#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/identity.h"
#include "base/log.h"
#include "base/text.h"
#include "verb/verb.h"

extern const struct verb verb_vm, verb_lxc, verb_lock, verb_plan, verb_why, verb_run, verb_test, verb_list, verb_show,
	verb_diff, verb_gc, verb_switch, verb_rollback, verb_status, verb_exec, verb_cache,
	verb_schema;

static const struct verb *const verbs[] = {&verb_vm, &verb_lxc, &verb_lock, &verb_plan, &verb_why, &verb_run, &verb_test,
					    &verb_list, &verb_show, &verb_diff, &verb_gc, &verb_switch,
					    &verb_rollback, &verb_status, &verb_exec, &verb_cache,
					    &verb_schema};
enum { N_VERBS = sizeof verbs / sizeof *verbs };

enum { EXIT_FAILED = 1, EXIT_USAGE = 2 };

static void print_usage(FILE *out)
{
	fputs("usage: aether-build VERB [OPTION…] ARGUMENT…\n\n", out);
	for (size_t i = 0; i < N_VERBS; i++) {
		char left[64];

		snprintf(left, sizeof left, "%s %s", verbs[i]->name, verbs[i]->arguments);
		fprintf(out, "  %s%*s %s\n", left, text_padding(left, 32), "", verbs[i]->summary);
	}
	fputs("\n'aether-build VERB --help' lists its options; the manual is aether-build(1).\n", out);
}

static const struct verb *find_verb(const char *name, struct err *err)
{
	const char *names[N_VERBS], *near;

	for (size_t i = 0; i < N_VERBS; i++) {
		if (strcmp(verbs[i]->name, name) == 0)
			return verbs[i];
		names[i] = verbs[i]->name;
	}
	near = text_nearest(name, names, N_VERBS);
	err_set(err, -EINVAL, "unknown verb '%s'", name);
	err_hint(err, near ? "did you mean '%s'?" : "'aether-build --help' lists them", near);
	return NULL;
}

static int usage_failed(struct err *err)
{
	err_print(err, stderr);
	err_free(err);
	return EXIT_USAGE;
}

static int run(const struct verb *verb, int argc, char **argv)
{
	struct verb_options options;
	struct err err = {0};
	int first = options_parse(verb, argc, argv, &options, &err), n = argc - first, r;

	if (first < 0)
		return usage_failed(&err);
	if (options.help) {
		printf("usage: aether-build %s [OPTION…] %s\n\n%s.\n\n", verb->name, verb->arguments, verb->summary);
		options_print(verb, stdout);
		return 0;
	}
	if (n < (int)verb->min_arguments || n > (int)verb->max_arguments) {
		err_set(&err, -EINVAL, "'%s' takes %s, not %d argument%s", verb->name,
			*verb->arguments ? verb->arguments : "nothing", n, n == 1 ? "" : "s");
		return usage_failed(&err);
	}
	log_setup(options.json ? LOG_JSON : options.quiet ? LOG_QUIET : LOG_AUTO);
	r = verb->run(&options, argv + first, (size_t)n, &err);
	log_step(NULL);
	if (r >= 0 && fflush(stdout) != 0)
		r = err_sys(&err, -errno, "cannot write the result to stdout");
	if (r < 0)
		err_print(&err, stderr);
	err_free(&err);
	return r < 0 ? EXIT_FAILED : 0;
}

int main(int argc, char **argv)
{
	const struct verb *verb;
	struct err err = {0};

	setlocale(LC_CTYPE, "C.UTF-8");
	if (argc < 2 || strcmp(argv[1], "help") == 0 || strcmp(argv[1], "--help") == 0) {
		print_usage(argc < 2 ? stderr : stdout);
		return argc < 2 ? EXIT_USAGE : 0;
	}
	if (strcmp(argv[1], "--version") == 0) {
		printf("aether-build %s (sources %.12s)\n", AETHER_VERSION, identity_program);
		return 0;
	}
	verb = find_verb(argv[1], &err);
	return verb ? run(verb, argc - 1, argv + 1) : usage_failed(&err);
}
