/* The words of `health`, and how they are read. */
#include <errno.h>

#include "recipe/decode.h"
#include "recipe/problem.h"

#define OF(member) offsetof(struct recipe_health, member)

/* A service has this long after its start, unless it says otherwise. */
enum { TIMEOUT_MS = 60000 };

static const struct rule unit_rule = {"the name of a systemd unit, like foo.service",
				      "[A-Za-z0-9:_.@-]+\\.(service|socket|mount|automount|swap|target|path|timer|slice)"};
static const struct rule url_rule = {"a URL: http://… or https://…", "https?://[^[:cntrl:][:space:]]+"};
static const struct rule duration_rule = {"a duration like 15s or 2m", "[0-9]+(ms|s|m|h|d)?"};

static const struct schema unit = {VALUE_TEXT, .rule = &unit_rule};
static const struct schema port = {VALUE_INT, .min = 1, .max = 65535};
static const struct schema url = {VALUE_TEXT, .rule = &url_rule};
static const struct schema status = {VALUE_INT, .min = 100, .max = 599};
static const struct schema command = {.type = VALUE_WORDS};
static const struct schema duration = {VALUE_TEXT, .rule = &duration_rule};

static const struct field http_fields[] = {
	{"url", &url, FIELD_REQUIRED, OF(url), 0, "what is asked for, from inside the machine"},
	{"status", &status, 0, OF(status), 0, "the answer's status (200)"},
	{0},
};
static const struct schema http = {VALUE_RECORD, .fields = http_fields};

static const struct field check_fields[] = {
	{"unit", &unit, 0, OF(unit), 0, "a unit that is active"},
	{"tcp", &port, 0, OF(port), 0, "a port of the machine that accepts a connection"},
	{"http", &http, 0, 0, 0, "a URL that gives an answer"},
	{"command", &command, 0, OF(command), 0, "a command, as a list of words, that succeeds"},
	{"timeout", &duration, 0, OF(timeout), 0, "how long it may take until it holds (60s)"},
	{0},
};
static const struct schema check = {VALUE_RECORD, .fields = check_fields};

static int decode_check(struct decoder *decoder, const struct node *node, const char *path, struct recipe_health *health)
{
	unsigned before = decoder->err->count, n;

	health->pos = node->pos;
	health->status = 200;
	health->timeout_ms = TIMEOUT_MS;
	decode(decoder, &check, node, path, health);
	if (decoder->err->count > before)
		return -EINVAL;
	n = !!node_get(node, "unit") + !!node_get(node, "tcp") + !!node_get(node, "http") + !!node_get(node, "command");
	if (n != 1)
		return err_at(decoder->err, -EINVAL, &node->pos, path,
			      "expected one of 'unit', 'tcp', 'http' and 'command'; there %s %u", n == 1 ? "is" : "are", n);
	if (health->timeout && duration_parse(health->timeout, &health->timeout_ms) < 0)
		return problem_expected(decoder, node_get(node, "timeout"), path, duration_rule.expected);
	health->type = health->unit ? HEALTH_UNIT : health->port ? HEALTH_TCP : health->url ? HEALTH_HTTP : HEALTH_COMMAND;
	if (health->type == HEALTH_COMMAND && (health->command.count == 0 || health->command.items[0][0] != '/'))
		return err_at(decoder->err, -EINVAL, &node->pos, path, "the program must be an absolute path");
	return 0;
}

static int decode_health(struct decoder *decoder, const struct node *node, const char *path, void *out)
{
	struct recipe *recipe = decoder->recipe;

	(void)out;
	if (node->type != NODE_LIST)
		return problem_expected(decoder, node, path, "a list of checks");
	for (size_t i = 0; i < node->count; i++)
		decode_check(decoder, node->items[i], path, arena_push(decoder->arena, recipe->health, recipe->n_health));
	return err_result(decoder->err);
}

const struct schema schema_health = {VALUE_LIST, .element = &check, .decode = decode_health};
