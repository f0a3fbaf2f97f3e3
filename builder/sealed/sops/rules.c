/* Go's regular expressions (RE2), as far as POSIX has the same: only whether something matches is asked, so that lazy and
 * greedy are one, and groups need no numbers. */
#include "sealed/sops/rules.h"

#include <ctype.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

enum { RULE_SIZE_MAX = 500, RULE_REPEAT_MAX = 1000 };

struct sops_regex {
	regex_t regex;
};

struct rules_translation {
	const char *from;
	struct growing to;
	bool fold, dot_all;
	bool repeatable;             /* what was written last can have a quantifier */
	unsigned groups;             /* that are open */
	unsigned repeats;            /* all counted repetitions multiplied: they are copied when they are compiled */
	const char *problem;
};

static void rules_puts(struct rules_translation *t, const char *text)
{
	growing_puts(&t->to, text);
	t->repeatable = true;
}

/* A character that stands for itself. */
static void rules_literal(struct rules_translation *t, char c)
{
	if (strchr("\\^$.[]|()*+?{}", c))
		growing_puts(&t->to, "\\");
	growing_add(&t->to, &c, 1);
	t->repeatable = !((unsigned char)c & 0x80); /* of a longer character only the last byte would be repeated */
}

/* What stands in brackets for \d, \w and \s; NULL: no class. */
static const char *rules_class(char c)
{
	switch (c) {
	case 'd':
		return "0-9";
	case 'w':
		return "0-9A-Za-z_";
	case 's':
		return "\t\n\f\r ";
	default:
		return NULL;
	}
}

/* An escaped character, or 0: it is more than one. */
static char rules_escaped(char c)
{
	static const char names[] = "tnrfva", values[] = "\t\n\r\f\v\a";
	const char *at = c ? strchr(names, c) : NULL;

	if (at)
		return values[at - names];
	return ispunct((unsigned char)c) ? c : '\0';
}

static void rules_escape(struct rules_translation *t)
{
	char c = t->from[1], plain = rules_escaped(c);
	const char *class = rules_class((char)tolower((unsigned char)c));

	t->from += c ? 2 : 1;
	if (class) {
		growing_puts(&t->to, isupper((unsigned char)c) ? "[^" : "[");
		growing_puts(&t->to, class);
		rules_puts(t, "]");
	} else if (plain) {
		rules_literal(t, plain);
	} else if (c == 'A' || c == 'z') {
		growing_puts(&t->to, c == 'A' ? "^" : "$");
		t->repeatable = false;
	} else {
		t->problem = "an escape that we do not know";
	}
}

/* A member of a bracket expression; POSIX knows no escapes there: `]` has to be the first, `^` not the first, `-` the last. */
struct rules_bracket {
	struct growing members;
	bool closing, caret, dash;
};

static void rules_member(struct rules_bracket *bracket, char c)
{
	if (c == ']')
		bracket->closing = true;
	else if (c == '^')
		bracket->caret = true;
	else if (c == '-')
		bracket->dash = true;
	else
		growing_add(&bracket->members, &c, 1);
}

/* One character of a bracket, escaped or not; 0 when it is none. */
static char rules_bracket_char(const char **from)
{
	char c = **from;

	if (c != '\\') {
		*from += c != '\0';
		return (unsigned char)c & 0x80 ? '\0' : c;
	}
	c = (*from)[1] ? rules_escaped((*from)[1]) : '\0';
	*from += c ? 2 : 0;
	return c;
}

/* A character, or a range of them. */
static void rules_bracket_range(struct rules_translation *t, struct rules_bracket *bracket)
{
	char low = rules_bracket_char(&t->from), high;

	if (!low) {
		t->problem = "brackets with something in them that we do not know";
		return;
	}
	if (*t->from != '-' || t->from[1] == ']' || !t->from[1]) {
		rules_member(bracket, low);
		return;
	}
	t->from++;
	high = rules_bracket_char(&t->from);
	if (!isalnum((unsigned char)low) || !isalnum((unsigned char)high) || low > high) {
		t->problem = "a range in brackets that we do not know";
		return;
	}
	growing_add(&bracket->members, (const char[]){low, '-', high}, 3);
}

static void rules_bracket_item(struct rules_translation *t, struct rules_bracket *bracket)
{
	const char *class = *t->from == '\\' ? rules_class(t->from[1]) : NULL, *end;

	if (class) {
		growing_puts(&bracket->members, class);
		t->from += 2;
	} else if (strncmp(t->from, "[:", 2) == 0 && (end = strstr(t->from, ":]"))) {
		growing_add(&bracket->members, t->from, (size_t)(end + 2 - t->from));
		t->from = end + 2;
	} else if (strncmp(t->from, "[:", 2) == 0 || strncmp(t->from, "[.", 2) == 0 || strncmp(t->from, "[=", 2) == 0) {
		t->problem = "brackets that POSIX understands otherwise";
	} else {
		rules_bracket_range(t, bracket);
	}
}

static void rules_brackets(struct rules_translation *t)
{
	struct rules_bracket bracket = {.members = {.pool = t->to.pool}};
	bool negated = t->from[1] == '^', first = true;

	for (t->from += negated ? 2 : 1; !t->problem && (*t->from != ']' || first); first = false) {
		if (!*t->from)
			t->problem = "a bracket that is not closed";
		else
			rules_bracket_item(t, &bracket);
	}
	if (t->problem)
		return;
	t->from++;
	if (bracket.caret && !negated && !bracket.members.size && !bracket.closing) {
		rules_puts(t, bracket.dash ? "[-^]" : "\\^");
		return;
	}
	growing_puts(&t->to, negated ? "[^" : "[");
	growing_puts(&t->to, bracket.closing ? "]" : "");
	growing_add(&t->to, growing_bytes(&bracket.members).data, bracket.members.size);
	growing_puts(&t->to, bracket.caret ? "^" : "");
	growing_puts(&t->to, bracket.dash ? "-" : "");
	rules_puts(t, "]");
}

/* {2}, {2,} or {2,5}; its size, or 0: it stands for itself. */
static size_t rules_count(const char *from, unsigned *most)
{
	char *end;
	unsigned long least = strtoul(from + 1, &end, 10);

	if (!isdigit((unsigned char)from[1]))
		return 0;
	*most = least > RULE_REPEAT_MAX ? RULE_REPEAT_MAX + 1 : (unsigned)least;
	if (*end == ',' && isdigit((unsigned char)end[1])) {
		unsigned long last = strtoul(end + 1, &end, 10);

		*most = last > RULE_REPEAT_MAX || last < least ? RULE_REPEAT_MAX + 1 : (unsigned)last;
	} else if (*end == ',') {
		end++;
	}
	return *end == '}' ? (size_t)(end + 1 - from) : 0;
}

static void rules_quantifier(struct rules_translation *t)
{
	unsigned most = 1;
	size_t size = *t->from == '{' ? rules_count(t->from, &most) : 1;

	if (size == 0) {
		rules_literal(t, *t->from++);
		return;
	}
	t->repeats *= most > 1 ? most : 1;
	if (!t->repeatable || t->repeats > RULE_REPEAT_MAX) {
		t->problem = t->repeatable ? "too many repetitions" : "a repetition of something that cannot be repeated";
		return;
	}
	growing_add(&t->to, t->from, size);
	t->from += size;
	t->from += *t->from == '?';
	t->repeatable = false;
}

static void rules_group(struct rules_translation *t)
{
	if (t->from[1] == '?' && t->from[2] != ':') {
		t->problem = "a group of a kind that we do not know";
		return;
	}
	growing_puts(&t->to, "(");
	t->groups++;
	t->from += t->from[1] == '?' ? 3 : 1;
	t->repeatable = false;
}

static void rules_next(struct rules_translation *t)
{
	switch (*t->from) {
	case '\\':
		rules_escape(t);
		return;
	case '[':
		rules_brackets(t);
		return;
	case '(':
		rules_group(t);
		return;
	case '*':
	case '+':
	case '?':
	case '{':
		rules_quantifier(t);
		return;
	case '.':
		rules_puts(t, t->dot_all ? "." : "[^\n]");
		break;
	case ')':
		if (t->groups-- == 0)
			t->problem = "a ')' too many";
		rules_puts(t, ")");
		break;
	case '^':
	case '$':
	case '|':
		growing_add(&t->to, t->from, 1);
		t->repeatable = false;
		break;
	default:
		rules_literal(t, *t->from);
	}
	t->from++;
}

/* Flags for the whole of it. */
static void rules_flags(struct rules_translation *t)
{
	size_t n = strncmp(t->from, "(?", 2) == 0 ? strspn(t->from + 2, "is") : 0;

	if (n == 0 || t->from[2 + n] != ')')
		return;
	t->fold = memchr(t->from + 2, 'i', n) != NULL;
	t->dot_all = memchr(t->from + 2, 's', n) != NULL;
	t->from += n + 3;
}

static int rules_refuse(const struct sops_rule *rule, const char *problem, struct fault *fault)
{
	fault_set(fault, FAULT_UNSUPPORTED, 0, "its rule %s_regex '%.*s' cannot be read: it has %s",
		  rule->encrypted ? "encrypted" : "unencrypted", RULE_SIZE_MAX, rule->regex, problem);
	return fault_hint(fault, "write the rule in .sops.yaml with plain brackets, groups and anchors, or use a suffix, and "
				 "make the file anew");
}

int sops_rule_compile(struct pool *pool, struct sops_rule *rule, struct fault *fault)
{
	struct rules_translation t = {.from = rule->regex, .to = {.pool = pool}, .repeats = 1};

	if (strlen(rule->regex) > RULE_SIZE_MAX)
		return rules_refuse(rule, "more than 500 characters", fault);
	rules_flags(&t);
	while (!t.problem && *t.from)
		rules_next(&t);
	if (t.problem)
		return rules_refuse(rule, t.problem, fault);
	rule->compiled = pool_alloc(pool, sizeof *rule->compiled);
	if (regcomp(&rule->compiled->regex, (const char *)growing_bytes(&t.to).data,
		    REG_EXTENDED | REG_NOSUB | (t.fold ? REG_ICASE : 0)) == 0)
		return 0;
	rule->compiled = NULL;
	return rules_refuse(rule, "parts that do not fit together", fault);
}

void sops_rule_free(struct sops_rule *rule)
{
	if (rule->compiled)
		regfree(&rule->compiled->regex);
	rule->compiled = NULL;
}

bool sops_rule_matches(const struct sops_rule *rule, const char *key)
{
	size_t size = strlen(key), suffix = rule->suffix ? strlen(rule->suffix) : 0;

	if (rule->suffix)
		return size >= suffix && strcmp(key + size - suffix, rule->suffix) == 0;
	return regexec(&rule->compiled->regex, key, 0, NULL, 0) == 0;
}
