/* Tests of a machine. */
#include <regex.h>
#include <string.h>

#include "recipe/words/words.h"

enum { TIMEOUT_MS = 30000 };

static const struct rule line_rule = {"text of one line", "[^[:cntrl:]]+"};

static const struct schema schema_line = {VALUE_TEXT, .rule = &line_rule};
static const struct schema schema_text = {.type = VALUE_TEXT};
static const struct schema schema_command = {.type = VALUE_WORDS};
static const struct schema schema_status = {VALUE_INT, .min = 0, .max = 255};

static const struct field test_fields[] = {
	{"name", &schema_line, 0, WORD_OF(recipe_test, name), 0,
	 "sentence that is true when the test passes (the command)"},
	{"command", &schema_command, 0, WORD_OF(recipe_test, command), 0, "a command, as a list of words"},
	{"shell", &schema_text, 0, WORD_OF(recipe_test, shell), 0, "a command, as text for /bin/sh"},
	{"exit", &schema_status, 0, WORD_OF(recipe_test, status), 0, "expected exit status (0)"},
	{"output", &schema_text, 0, WORD_OF(recipe_test, output), 0, "text that its output must contain"},
	{"matches", &schema_line, 0, WORD_OF(recipe_test, matches), 0,
	 "POSIX extended regular expression that a line of its output must match"},
	{"timeout", &word_duration, 0, WORD_OF(recipe_test, timeout), 0, "longest time that it may take (30s)"},
	WORD_END,
};
static const struct schema schema_test = {VALUE_RECORD, .fields = test_fields};

/* The command stands for the sentence when there is none. */
static const char *tests_sentence(struct arena *arena, const struct recipe_test *from)
{
	const char *all = from->shell;

	if (all) /* of a script, its first line */
		return arena_strndup(arena, all, strcspn(all, "\n"));
	for (size_t i = 0; i < from->command.count; i++)
		all = all ? arena_printf(arena, "%s %s", all, from->command.items[i]) : from->command.items[i];
	return all;
}

static int tests_check_matches(struct decoder *decoder, const struct node *node, const char *path, const char *pattern)
{
	char problem[128];
	regex_t regex;
	int r = regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB | REG_NEWLINE);

	if (r == 0) {
		regfree(&regex);
		return 0;
	}
	regerror(r, &regex, problem, sizeof problem);
	return err_at(decoder->err, -EINVAL, &node_get(node, "matches")->pos,
		      problem_path(decoder->arena, path, "matches"), "not a valid regular expression: %s", problem);
}

static int tests_decode_test(struct decoder *decoder, const struct node *node, const char *path,
			     struct recipe_test *out)
{
	unsigned before = decoder->err->count, n;

	out->pos = node->pos;
	out->timeout_ms = TIMEOUT_MS;
	decode(decoder, &schema_test, node, path, out);
	if (decoder->err->count > before)
		return -EINVAL;
	n = !!node_get(node, "command") + !!node_get(node, "shell");
	if (n != 1)
		return err_at(decoder->err, -EINVAL, &node->pos, path,
			      "expected one of 'command' and 'shell'; there are %u", n);
	if (!out->shell && word_check_program(decoder, &node->pos, path, &out->command) < 0)
		return -EINVAL;
	if (out->timeout && (duration_parse(out->timeout, &out->timeout_ms) < 0 || out->timeout_ms == 0))
		return problem_expected(decoder, node_get(node, "timeout"), path, word_rule_duration.expected);
	if (!out->name)
		out->name = tests_sentence(decoder->arena, out);
	return out->matches ? tests_check_matches(decoder, node, path, out->matches) : 0;
}

static int tests_decode(struct decoder *decoder, const struct node *node, const char *path, void *out)
{
	struct recipe *recipe = decoder->recipe;

	(void)out;
	if (node->type != NODE_LIST)
		return problem_expected(decoder, node, path, "a list of tests");
	for (size_t i = 0; i < node->count; i++)
		tests_decode_test(decoder, node->items[i], path,
				  arena_push(decoder->arena, recipe->tests, recipe->n_tests));
	return err_result(decoder->err);
}

const struct schema word_tests = {VALUE_LIST, .element = &schema_test, .decode = tests_decode};
