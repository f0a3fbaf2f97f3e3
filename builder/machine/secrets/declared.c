#include "machine/secrets/declared.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract/secrets.h"
#include "machine/lines.h"
#include "machine/put.h"

struct declaring {
	struct pool *pool;
	struct declared *declared;
	struct item *item;             /* that the line belongs to */
	char *problem;                 /* 200 bytes */
};

__attribute__((format(printf, 2, 3))) static int declared_wrong(struct declaring *at, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(at->problem, 150, format, arguments);
	va_end(arguments);
	return -EINVAL;
}

struct item *declared_find(const struct declared *declared, const char *name)
{
	for (size_t i = 0; i < declared->n_items; i++)
		if (strcmp(declared->items[i].name, name) == 0)
			return &declared->items[i];
	return NULL;
}

void declared_judge(struct pool *pool, struct item *item, enum verdict verdict, const char *format, ...)
{
	char reason[2000];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(reason, sizeof reason, format, arguments);
	va_end(arguments);
	lines_flatten(reason);
	item->verdict = verdict;
	item->reason = pool_text(pool, reason);
}

/* --- fields ---------------------------------------------------------------------------------------------------------- */

static void declared_add_all(struct declaring *at, struct texts *texts, char **fields, int n)
{
	for (int i = 0; i < n; i++)
		*pool_push(at->pool, texts->items, texts->count) = fields[i];
}

/* Names are paths below SECRETS_RUN. */
static int declared_check_name(struct declaring *at, const char *name, bool template)
{
	char path[256];
	size_t n = strlen(SECRETS_RENDERED);
	bool taken = strncmp(name, SECRETS_RENDERED, n) == 0 && (name[n] == 0 || name[n] == '/');

	if (strlen(name) > 200)
		return declared_wrong(at, "a name is too long");
	snprintf(path, sizeof path, "/%s", name);
	if (!put_is_path(path) || (taken && !template))
		return declared_wrong(at, "'%s' is no name", name);
	return 0;
}

static int declared_read_mode(struct declaring *at, const char *text, unsigned *ret_mode)
{
	size_t n = strlen(text);

	if (n == 0 || n > 4 || strspn(text, "01234567") != n || strtoul(text, NULL, 8) > 0777)
		return declared_wrong(at, "'%.20s' is no mode", text);
	*ret_mode = (unsigned)strtoul(text, NULL, 8);
	return 0;
}

/* secret NAME MODE OWNER GROUP [users] [empty]; template NAME MODE OWNER GROUP */
static int declared_read_item(struct declaring *at, char **fields, int n, bool template)
{
	const char *name = template ? pool_printf(at->pool, SECRETS_RENDERED "/%s", fields[1]) : fields[1];
	struct item *item;
	int r = declared_check_name(at, name, template);

	if (r < 0)
		return r;
	if (declared_find(at->declared, name))
		return declared_wrong(at, "'%s' is there twice", name);
	item = at->item = pool_push(at->pool, at->declared->items, at->declared->n_items);
	*item = (struct item){.name = name, .template = template, .owner = fields[3], .group = fields[4], .reason = ""};
	for (int i = 5; i < n; i++)
		if (strcmp(fields[i], SECRETS_FLAG_USERS) == 0)
			item->for_users = true;
		else if (strcmp(fields[i], SECRETS_FLAG_EMPTY) == 0)
			item->may_be_empty = true;
		else
			return declared_wrong(at, "'%.40s' is no flag", fields[i]);
	return declared_read_mode(at, fields[2], &item->mode);
}

static int declared_read_secret(struct declaring *at, char **fields, int n)
{
	return declared_read_item(at, fields, n, false);
}

static int declared_read_template(struct declaring *at, char **fields, int n)
{
	return declared_read_item(at, fields, n, true);
}

static int declared_read_machine(struct declaring *at, char **fields, int n)
{
	(void)n;
	if (at->declared->machine || at->declared->n_items)
		return declared_wrong(at, "the machine is named once, before all others");
	at->declared->machine = fields[1];
	return 0;
}

static int declared_read_password(struct declaring *at, char **fields, int n)
{
	(void)n;
	*pool_push(at->pool, at->declared->passwords, at->declared->n_passwords) =
		(struct password){.user = fields[1], .secret = fields[2]};
	at->item = NULL;
	return 0;
}

static int declared_read_sops(struct declaring *at, char **fields, int n)
{
	struct item *item = at->item;

	if (item->file || item->sent)
		return declared_wrong(at, "'%s' comes from two places", item->name);
	if (!*fields[1] || *fields[1] == '.' || strchr(fields[1], '/'))
		return declared_wrong(at, "'%.60s' is no file's name", fields[1]);
	if (!sops_format_named(fields[2], &item->format))
		return declared_wrong(at, "'%.40s' is no format", fields[2]);
	item->file = fields[1];
	declared_add_all(at, &item->keys, fields + 3, n - 3);
	return 0;
}

static int declared_read_sent(struct declaring *at, char **fields, int n)
{
	(void)fields;
	(void)n;
	if (at->item->file || at->item->sent)
		return declared_wrong(at, "'%s' comes from two places", at->item->name);
	at->item->sent = true;
	return 0;
}

static int declared_read_link(struct declaring *at, char **fields, int n)
{
	if (!put_is_path(fields[1]))
		return declared_wrong(at, "'%.80s' is no path", fields[1]);
	declared_add_all(at, &at->item->links, fields + 1, n - 1);
	return 0;
}

/* They become arguments of systemctl(1). */
static int declared_read_units(struct declaring *at, char **fields, int n, struct texts *texts)
{
	for (int i = 1; i < n; i++)
		if (!*fields[i] || *fields[i] == '-')
			return declared_wrong(at, "'%.80s' is no unit", fields[i]);
	declared_add_all(at, texts, fields + 1, n - 1);
	return 0;
}

static int declared_read_restart(struct declaring *at, char **fields, int n)
{
	return declared_read_units(at, fields, n, &at->item->restart);
}

static int declared_read_reload(struct declaring *at, char **fields, int n)
{
	return declared_read_units(at, fields, n, &at->item->reload);
}

static int declared_read_need(struct declaring *at, char **fields, int n)
{
	return declared_read_units(at, fields, n, &at->item->need);
}

static int declared_read_part(struct declaring *at, char **fields, int n)
{
	bool text = strcmp(fields[0], SECRETS_TEXT) == 0;

	(void)n;
	*pool_push(at->pool, at->item->parts, at->item->n_parts) =
		(struct part){.text = text ? fields[1] : NULL, .secret = text ? NULL : fields[1]};
	return 0;
}

/* --- lines ----------------------------------------------------------------------------------------------------------- */

enum { ANYWHERE, IN_SECRET = 1, IN_TEMPLATE = 2, IN_BOTH = IN_SECRET | IN_TEMPLATE };

static const struct {
	const char *word;
	int min, max;                  /* fields, with the word */
	int in;                        /* what it belongs to */
	int (*read)(struct declaring *at, char **fields, int n);
} words[] = {
	{SECRETS_MACHINE, 2, 2, ANYWHERE, declared_read_machine},
	{SECRETS_SECRET, 5, 7, ANYWHERE, declared_read_secret},
	{SECRETS_TEMPLATE, 5, 5, ANYWHERE, declared_read_template},
	{SECRETS_PASSWORD, 3, 3, ANYWHERE, declared_read_password},
	{SECRETS_FROM_SOPS, 3, DECLARED_FIELDS_MAX, IN_SECRET, declared_read_sops},
	{SECRETS_FROM_SENT, 1, 1, IN_SECRET, declared_read_sent},
	{SECRETS_TEXT, 2, 2, IN_TEMPLATE, declared_read_part},
	{SECRETS_VALUE, 2, 2, IN_TEMPLATE, declared_read_part},
	{SECRETS_LINK, 2, 2, IN_BOTH, declared_read_link},
	{SECRETS_RESTART, 2, DECLARED_FIELDS_MAX, IN_BOTH, declared_read_restart},
	{SECRETS_RELOAD, 2, DECLARED_FIELDS_MAX, IN_BOTH, declared_read_reload},
	{SECRETS_NEED, 2, DECLARED_FIELDS_MAX, IN_BOTH, declared_read_need},
};

static int declared_read_line(struct declaring *at, char **fields, int n)
{
	size_t i = 0;

	while (i < sizeof words / sizeof *words && strcmp(words[i].word, fields[0]) != 0)
		i++;
	if (i == sizeof words / sizeof *words)
		return declared_wrong(at, "'%.40s' is no word of it", fields[0]);
	if (n < words[i].min || n > words[i].max)
		return declared_wrong(at, "'%s' has %d fields", fields[0], n);
	if (words[i].in != ANYWHERE &&
	    (!at->item || !(words[i].in & (at->item->template ? IN_TEMPLATE : IN_SECRET))))
		return declared_wrong(at, "'%s' does not belong there", fields[0]);
	return words[i].read(at, fields, n);
}

static bool declared_is_secret(const struct declared *declared, const char *name)
{
	const struct item *item = declared_find(declared, name);

	return item && !item->template;
}

static int declared_check(struct declaring *at)
{
	const struct declared *declared = at->declared;

	if (!declared->machine)
		return declared_wrong(at, "it names no machine");
	for (size_t i = 0; i < declared->n_items; i++) {
		const struct item *item = &declared->items[i];

		if (!item->template && !item->file && !item->sent)
			return declared_wrong(at, "'%s' comes from nowhere", item->name);
		for (size_t p = 0; p < item->n_parts; p++) {
			const char *name = item->parts[p].secret;

			if (name && !declared_is_secret(declared, name))
				return declared_wrong(at, "'%s' has the value of '%.80s', which is no secret", item->name,
						      name);
		}
	}
	for (size_t i = 0; i < declared->n_passwords; i++)
		if (!declared_is_secret(declared, declared->passwords[i].secret))
			return declared_wrong(at, "the password of '%.60s' is no secret", declared->passwords[i].user);
	return 0;
}

int declared_read(struct pool *pool, struct bytes text, struct declared *ret_declared, char problem[200])
{
	struct declaring at = {.pool = pool, .declared = ret_declared, .problem = problem};
	char *copy = (char *)(uintptr_t)pool_bytes(pool, text.data, text.size).data, *rest = copy;
	char *fields[DECLARED_FIELDS_MAX], said[200];
	unsigned line = 0;
	int n = 0, r = 0;

	*ret_declared = (struct declared){0};
	if (strlen(copy) != text.size)
		return declared_wrong(&at, "it has a zero byte in it");
	while (r == 0 && (n = lines_fields(&rest, fields, DECLARED_FIELDS_MAX)) != 0) {
		line++;
		if (n < 0)
			r = declared_wrong(&at, "more than %d fields, or a backslash that means nothing", DECLARED_FIELDS_MAX);
		else if (line > 1)
			r = declared_read_line(&at, fields, n);
		else if (n != 2 || strcmp(fields[0], SECRETS_HEAD) != 0 || atoi(fields[1]) != SECRETS_VERSION)
			r = declared_wrong(&at, "it does not begin with '" SECRETS_HEAD " %d'", SECRETS_VERSION);
	}
	if (r == 0 && line > 0)
		return declared_check(&at);
	if (line == 0)
		return declared_wrong(&at, "it is empty");
	snprintf(said, sizeof said, "line %u: %.150s", line, problem);
	memcpy(problem, said, sizeof said);
	return r;
}
