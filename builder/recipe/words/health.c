/* Health checks. */
#include "recipe/words/words.h"

/* A service has this long after its start, unless it says otherwise. */
enum { TIMEOUT_MS = 60000 };

static const struct rule url_rule = {"a URL: http://… or https://…", "https?://[^[:cntrl:][:space:]]+"};

static const struct schema schema_unit = {VALUE_TEXT, .rule = &word_rule_unit};
static const struct schema schema_port = {VALUE_INT, .min = 1, .max = 65535};
static const struct schema schema_url = {VALUE_TEXT, .rule = &url_rule};
static const struct schema schema_status = {VALUE_INT, .min = 100, .max = 599};
static const struct schema schema_command = {.type = VALUE_WORDS};

static const struct field http_fields[] = {
	{"url", &schema_url, FIELD_REQUIRED, WORD_OF(recipe_health, url), 0, "URL to request, from inside the machine"},
	{"status", &schema_status, 0, WORD_OF(recipe_health, status), 0, "expected HTTP status (200)"},
	WORD_END,
};
static const struct schema schema_http = {VALUE_RECORD, .fields = http_fields};

static const struct field check_fields[] = {
	{"unit", &schema_unit, 0, WORD_OF(recipe_health, unit), 0, "unit that must be active"},
	{"user", &word_account, 0, WORD_OF(recipe_health, user), 0, "whose systemd has the unit (the system's)"},
	{"tcp", &schema_port, 0, WORD_OF(recipe_health, port), 0,
	 "TCP port of the machine that must accept a connection"},
	{"http", &schema_http, 0, 0, 0, "URL that must give the expected answer"},
	{"command", &schema_command, 0, WORD_OF(recipe_health, command), 0,
	 "command that must succeed, as a list of words"},
	{"timeout", &word_duration, 0, WORD_OF(recipe_health, timeout), 0, "longest time until it must pass (60s)"},
	WORD_END,
};
static const struct schema schema_one_check = {VALUE_RECORD, .fields = check_fields};

static int words_health_decode_check(struct decoder *decoder, const struct node *node, const char *path,
				     struct recipe_health *health)
{
	unsigned before = decoder->err->count, n;

	health->pos = node->pos;
	health->status = 200;
	health->timeout_ms = TIMEOUT_MS;
	decode(decoder, &schema_one_check, node, path, health);
	if (decoder->err->count > before)
		return -EINVAL;
	n = !!node_get(node, "unit") + !!node_get(node, "tcp") + !!node_get(node, "http") + !!node_get(node, "command");
	if (n != 1)
		return err_at(decoder->err, -EINVAL, &node->pos, path,
			      "expected one of 'unit', 'tcp', 'http' and 'command'; there %s %u", n == 1 ? "is" : "are", n);
	if (health->user && !health->unit)
		return err_at(decoder->err, -EINVAL, &node_get(node, "user")->pos, path,
			      "'user' goes with 'unit' alone");
	if (health->timeout && duration_parse(health->timeout, &health->timeout_ms) < 0)
		return problem_expected(decoder, node_get(node, "timeout"), path, word_rule_duration.expected);
	health->type = health->unit ? HEALTH_UNIT : health->port ? HEALTH_TCP : health->url ? HEALTH_HTTP : HEALTH_COMMAND;
	return health->type == HEALTH_COMMAND ? word_check_program(decoder, &node->pos, path, &health->command) : 0;
}

static int words_health_decode(struct decoder *decoder, const struct node *node, const char *path, void *out)
{
	struct recipe *recipe = decoder->recipe;

	(void)out;
	if (node->type != NODE_LIST)
		return problem_expected(decoder, node, path, "a list of checks");
	for (size_t i = 0; i < node->count; i++)
		words_health_decode_check(decoder, node->items[i], path,
					  arena_push(decoder->arena, recipe->health, recipe->n_health));
	return err_result(decoder->err);
}

const struct schema word_health = {VALUE_LIST, .element = &schema_one_check, .decode = words_health_decode};
