/* What may come in, and what goes through. */
#include <stdlib.h>
#include <string.h>

#include "recipe/words/words.h"

#define PORT "([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])"
#define INTERFACE "[A-Za-z0-9_.:@-]{1,15}|[A-Za-z0-9_.:@-]{0,14}\\*"
static const struct rule port_rule = {"a port from 1 to 65535 or a range of ports like 8000-8100", PORT "(-" PORT ")?"};
static const struct rule interface_rule = {"the name of an interface, like lan0, or the beginning of one, like en*", INTERFACE};
static const struct rule target_rule = {"an address, or an address and a port, like 10.0.2.10:443 or [fd00::10]:443",
					"[0-9.]+(:" PORT ")?|[0-9A-Fa-f:.]+|\\[[0-9A-Fa-f:.]+\\](:" PORT ")?"};

static const struct schema schema_ports = {VALUE_WORDS, .rule = &port_rule};
static const struct schema schema_port = {VALUE_TEXT, .rule = &port_rule};
static const struct schema schema_interface = {VALUE_TEXT, .rule = &interface_rule};
static const struct schema schema_interfaces = {VALUE_WORDS, .rule = &interface_rule};
static const struct schema schema_target = {VALUE_TEXT, .rule = &target_rule};

static const struct field opening_fields[] = {
	{"tcp", &schema_ports, 0, WORD_OF(recipe_opening, tcp), 0, "open TCP ports"},
	{"udp", &schema_ports, 0, WORD_OF(recipe_opening, udp), 0, "open UDP ports"},
	{"from", &word_plain_list, 0, WORD_OF(recipe_opening, from), 0, "source addresses that they are open to (all)"},
	WORD_END,
};
static const struct schema schema_opening = {VALUE_RECORD, .fields = opening_fields};
static const struct schema schema_openings = {
	VALUE_TABLE, .element = &schema_opening, .size = sizeof(struct recipe_opening), .key_rule = &interface_rule,
	.key_offset = WORD_OF(recipe_opening, interface), .pos_offset = WORD_OF(recipe_opening, pos),
};

static const struct field forward_fields[] = {
	{"from", &schema_interface, FIELD_REQUIRED, WORD_OF(recipe_forward, from), 0, "interface that it comes from"},
	{"to", &schema_interface, FIELD_REQUIRED, WORD_OF(recipe_forward, to), 0, "interface that it goes to"},
	{"tcp", &schema_ports, 0, WORD_OF(recipe_forward, tcp), 0, "TCP ports alone"},
	{"udp", &schema_ports, 0, WORD_OF(recipe_forward, udp), 0, "UDP ports alone"},
	WORD_END,
};
static const struct schema schema_forward = {VALUE_RECORD, .fields = forward_fields};

static const struct field redirect_fields[] = {
	{"on", &schema_interface, FIELD_REQUIRED, WORD_OF(recipe_redirect, on), 0, "interface that it comes in on"},
	{"tcp", &schema_port, 0, WORD_OF(recipe_redirect, tcp), 0, "TCP port or range"},
	{"udp", &schema_port, 0, WORD_OF(recipe_redirect, udp), 0, "UDP port or range"},
	{"to", &schema_target, FIELD_REQUIRED, WORD_OF(recipe_redirect, to), 0, "address, and port if it is another one"},
	WORD_END,
};
static const struct schema schema_redirect = {VALUE_RECORD, .fields = redirect_fields};

static const struct field rules_fields[] = {
	{"source", &word_file, 0, WORD_OF(recipe_rules, source), 0, "path of a file in the repository with the rules"},
	{"text", &word_text, 0, WORD_OF(recipe_rules, text), 0, "the rules themselves"},
	WORD_END,
};
static const struct schema schema_rules = {VALUE_RECORD, .fields = rules_fields};
static const struct schema schema_all_rules = {
	VALUE_TABLE, .element = &schema_rules, .size = sizeof(struct recipe_rules), .key_rule = &word_rule_name,
	.key_offset = WORD_OF(recipe_rules, name), .pos_offset = WORD_OF(recipe_rules, pos),
};

static int words_firewall_decode_forward(struct decoder *decoder, const struct node *node, const char *path, void *out)
{
	struct recipe *recipe = decoder->recipe;

	(void)out;
	if (node->type != NODE_LIST)
		return problem_expected(decoder, node, path, "a list of maps with 'from' and 'to'");
	for (size_t i = 0; i < node->count; i++) {
		struct recipe_forward *forward = arena_push(decoder->arena, recipe->forwards, recipe->n_forwards);

		forward->pos = node->items[i]->pos;
		decode(decoder, &schema_forward, node->items[i], path, forward);
	}
	return err_result(decoder->err);
}

static int words_firewall_decode_redirect(struct decoder *decoder, const struct node *node, const char *path, void *out)
{
	struct recipe *recipe = decoder->recipe;

	(void)out;
	if (node->type != NODE_LIST)
		return problem_expected(decoder, node, path, "a list of maps with 'on', 'tcp' or 'udp', and 'to'");
	for (size_t i = 0; i < node->count; i++) {
		struct recipe_redirect *redirect = arena_push(decoder->arena, recipe->redirects, recipe->n_redirects);

		redirect->pos = node->items[i]->pos;
		decode(decoder, &schema_redirect, node->items[i], path, redirect);
	}
	return err_result(decoder->err);
}

static const struct schema schema_forwards = {VALUE_LIST, .element = &schema_forward,
					      .decode = words_firewall_decode_forward};
static const struct schema schema_redirects = {VALUE_LIST, .element = &schema_redirect,
					       .decode = words_firewall_decode_redirect};

static const struct field firewall_fields[] = {
	{"tcp", &schema_ports, 0, WORD_OF(recipe, firewall_tcp), 0, "open TCP ports (22 is always open)"},
	{"udp", &schema_ports, 0, WORD_OF(recipe, firewall_udp), 0, "open UDP ports"},
	{"interfaces", &schema_openings, 0, WORD_OF(recipe, openings), WORD_OF(recipe, n_openings),
	 "ports that are open on some interfaces alone, by the interface"},
	{"forward", &schema_forwards, 0, 0, 0, "what is let through from one interface to another"},
	{"masquerade", &schema_interfaces, 0, WORD_OF(recipe, masquerade), 0,
	 "interfaces on which what goes out has this machine's address"},
	{"redirect", &schema_redirects, 0, 0, 0, "ports of this machine that are another machine's"},
	{"rules", &schema_all_rules, 0, WORD_OF(recipe, rules), WORD_OF(recipe, n_rules),
	 "rules of nft(8), by a name of yours"},
	WORD_END,
};

bool recipe_opens(const struct recipe *recipe)
{
	return recipe->firewall_tcp.count || recipe->firewall_udp.count || recipe->n_openings;
}

bool recipe_routes(const struct recipe *recipe)
{
	return recipe->n_forwards || recipe->n_redirects || recipe->masquerade.count || recipe->n_rules;
}

/* --- rules ----------------------------------------------------------------------------------------------------------- */

static void words_firewall_check_range(struct decoder *decoder, const char *range, const struct pos *pos, const char *path)
{
	const char *dash = range ? strchr(range, '-') : NULL;

	if (dash && atoi(dash + 1) <= atoi(range))
		err_at(decoder->err, -EINVAL, pos, path, "the range '%s' must ascend", range);
}

static void words_firewall_check_ports(struct decoder *decoder, const struct strv *ports, const struct node *list,
				       const char *path)
{
	if (problem_known(decoder, path))
		return;
	for (size_t i = 0; i < ports->count; i++)
		words_firewall_check_range(decoder, ports->items[i], problem_item(list, i), path);
}

static void words_firewall_check_opening(struct decoder *decoder, const struct recipe_opening *opening,
					 const struct node *node)
{
	const char *path = problem_path(decoder->arena, "firewall.interfaces", opening->interface);
	const struct node *from = node_get(node, "from");

	words_firewall_check_ports(decoder, &opening->tcp, node_get(node, "tcp"), problem_path(decoder->arena, path, "tcp"));
	words_firewall_check_ports(decoder, &opening->udp, node_get(node, "udp"), problem_path(decoder->arena, path, "udp"));
	for (size_t i = 0; i < opening->from.count; i++)
		if (!word_is_address(decoder->arena, opening->from.items[i], true) &&
		    !word_is_address(decoder->arena, opening->from.items[i], false))
			err_at(decoder->err, -EINVAL, problem_item(from, i), problem_path(decoder->arena, path, "from"),
			       "expected an address like 10.0.2.1 or 10.0.2.0/24, found '%s'", opening->from.items[i]);
	if (!opening->tcp.count && !opening->udp.count && !problem_known(decoder, path))
		err_at(decoder->err, -EINVAL, &opening->pos, path, "expected 'tcp' or 'udp': the ports that are open");
}

static void words_firewall_check_redirect(struct decoder *decoder, const struct recipe_redirect *redirect)
{
	static const char path[] = "firewall.redirect";
	bool bracket = *redirect->to == '[';
	const char *to = redirect->to + bracket, *colon = strchr(to, ':');
	size_t length = bracket ? strcspn(to, "]") : colon && colon == strrchr(to, ':') ? (size_t)(colon - to) : strlen(to);

	if (!redirect->tcp && !redirect->udp)
		err_at(decoder->err, -EINVAL, &redirect->pos, path, "expected 'tcp' or 'udp': the ports of this machine");
	words_firewall_check_range(decoder, redirect->tcp, &redirect->pos, path);
	words_firewall_check_range(decoder, redirect->udp, &redirect->pos, path);
	if (!word_is_address(decoder->arena, arena_strndup(decoder->arena, to, length), false))
		err_at(decoder->err, -EINVAL, &redirect->pos, path, "expected %s, found '%s'", target_rule.expected,
		       redirect->to);
}

static void words_firewall_check_rules(struct decoder *decoder, const struct recipe_rules *rules)
{
	const char *path = problem_path(decoder->arena, "firewall.rules", rules->name);

	if (!problem_known(decoder, path) && !rules->text == !rules->source)
		err_at(decoder->err, -EINVAL, &rules->pos, path, "expected 'text' or 'source'");
}

static void words_firewall_check(struct decoder *decoder, const struct node *root)
{
	const struct recipe *recipe = decoder->recipe;
	const struct node *firewall = node_get(root, "firewall"), *interfaces = node_get(firewall, "interfaces");
	bool whole = !problem_known(decoder, "firewall.redirect");

	words_firewall_check_ports(decoder, &recipe->firewall_tcp, node_get(firewall, "tcp"), "firewall.tcp");
	words_firewall_check_ports(decoder, &recipe->firewall_udp, node_get(firewall, "udp"), "firewall.udp");
	for (size_t i = 0; i < recipe->n_openings; i++)
		words_firewall_check_opening(decoder, &recipe->openings[i],
					     node_get(interfaces, recipe->openings[i].interface));
	for (size_t i = 0; i < recipe->n_redirects && whole; i++)
		words_firewall_check_redirect(decoder, &recipe->redirects[i]);
	for (size_t i = 0; i < recipe->n_rules; i++)
		words_firewall_check_rules(decoder, &recipe->rules[i]);
	if (recipe->masquerade.count && !recipe->n_forwards && !recipe->n_redirects && !recipe->n_rules &&
	    !problem_known(decoder, "firewall")) {
		err_warn(decoder->err, &node_get(firewall, "masquerade")->pos, "firewall.masquerade",
			 "nothing is forwarded, so nothing gets this machine's address");
		err_hint(decoder->err, "add 'forward: [{ from: lan0, to: %s }]'", recipe->masquerade.items[0]);
	}
}

const struct schema word_firewall = {VALUE_RECORD, .fields = firewall_fields, .check = words_firewall_check};
