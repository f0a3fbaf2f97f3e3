/* options_parse(): a command line of aether-build, an argument a line. The first byte says which verb it is for. */
#include "verb/options/host.h"
#include "verb/options/recipe.h"
#include "verb/verb.h"
#include "fuzz.h"

enum { ARGUMENTS_MAX = 40 };

static bool is_one_of(char *const *argv, int argc, const char *argument)
{
	for (int i = 0; i < argc; i++)
		if (argv[i] == argument)
			return true;
	return false;
}

/* What is left are arguments as they were given, and each is there once. */
static void check_order(char *const *before, char *const *after, int argc)
{
	for (int i = 0; i < argc; i++) {
		ensure(is_one_of(after, argc, before[i]) && is_one_of(before, argc, after[i]));
	}
	ensure(after[argc] == NULL);
}

static bool is_inside(const char *text, size_t size, const char *value)
{
	return !value || strcmp(value, "out") == 0 || (value >= text && value <= text + size);
}

/* What all verbs together have: texts, flags and lists, in groups and of its own. */
struct fuzz_options {
	struct common_options common;
	struct host_options host;
	struct project_options recipe;
	const char *out;
	struct option_list ports;
};
static const struct option own[] = {
	OPTION_OUT(fuzz_options),
	{"port", "HOST:GUEST", "a port", OPTION_LIST, offsetof(struct fuzz_options, ports), NULL},
	{0},
};
static const struct option_group some[] = {{own, 0}, {0}};
static const struct option_group all[] = {
	{own, 0}, {host_options, offsetof(struct fuzz_options, host)}, {recipe_options, offsetof(struct fuzz_options, recipe)}, {0},
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size), *argv[ARGUMENTS_MAX + 2] = {"verb"}, *before[ARGUMENTS_MAX + 2], *rest = text;
	struct verb verb = {.name = "verb", .options = size && data[0] % 2 ? all : some, .options_size = sizeof(struct fuzz_options)};
	struct fuzz_options options = {0};
	struct err err = {0};
	int argc = 1, first;

	for (strsep(&rest, "\n"); rest && argc <= ARGUMENTS_MAX;)
		argv[argc++] = strsep(&rest, "\n");
	memcpy(before, argv, sizeof argv);
	first = options_parse(&verb, argc, argv, &options, &err);
	ensure((first < 0) == (err.count > 0));
	check_order(before, argv, argc);
	if (first >= 0) {
		ensure(first >= 1 && first <= argc && options.out && options.ports.count <= 32);
		ensure(is_inside(text, size, options.out) && is_inside(text, size, options.host.host));
		for (size_t i = 0; i < options.host.ssh_options.count; i++)
			ensure(is_inside(text, size, options.host.ssh_options.items[i]));
	}
	err_free(&err);
	free(text);
	return 0;
}
