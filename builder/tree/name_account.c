/* Users and groups by their names: of the image's tables, and of what systemd-sysusers(8) makes when a machine starts. */
#include <string.h>

#include "tree/accounts.h"
#include "tree/inside.h"
#include "tree/name.h"

enum { FILE_BYTES_MAX = 1 << 20 };

struct sysusers {
	const struct step *step;
	const char *kinds, *name;    /* of its lines: 'u' makes a group of its name, too */
	bool found;
};

/* Whether a line of sysusers.d(5) makes the account that is looked for. */
static bool name_account_is_made_by(const struct sysusers *sysusers, const char *line)
{
	size_t length = strlen(sysusers->name);
	const char *name;

	line += strspn(line, " \t");
	if (!*line || !strchr(sysusers->kinds, *line))
		return false;
	name = line + strcspn(line, " \t\n");
	name += strspn(name, " \t\"");
	return strncmp(name, sysusers->name, length) == 0 && strchr(" \t\n\"", name[length]);
}

static int name_account_read(void *data, int folder_fd, const char *path, const char *name, unsigned char type, struct err *err)
{
	struct sysusers *sysusers = data;
	_cleanup_buf_ struct buf text = {0};
	int r;

	(void)folder_fd, (void)type;
	if (sysusers->found || !text_has_suffix(name, ".conf"))
		return 0;
	r = inside_read(sysusers->step->root_fd, path, FILE_BYTES_MAX, &text, err);
	for (const char *line = r == 0 && text.size ? text.data : ""; *line && !sysusers->found;) {
		sysusers->found = name_account_is_made_by(sysusers, line);
		line += strcspn(line, "\n");
		line += *line == '\n';
	}
	return r;
}

static bool name_account_is_made_later(const struct step *step, const char *kinds, const char *name)
{
	static const char *const folders[] = {"/etc/sysusers.d", "/usr/lib/sysusers.d"};
	struct sysusers sysusers = {.step = step, .kinds = kinds, .name = name};
	struct err ignored = {0};

	for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
		inside_each(step->root_fd, folders[i], name_account_read, &sysusers, &ignored);
	err_free(&ignored);
	return sysusers.found;
}

/* A number is its own answer. */
static bool name_account_is_number(const char *text)
{
	return text[strspn(text, "0123456789")] == 0;
}

static void name_account_ask(const struct step *step, struct arena *arena, const struct name *name, bool user, struct err *err)
{
	_cleanup_accounts_ struct accounts accounts = {0};

	if (name_account_is_number(name->text) || accounts_read(step->root_fd, &accounts, err) < 0 ||
	    accounts_have(&accounts, user, name->text) || name_account_is_made_later(step, user ? "u" : "gu", name->text))
		return;
	name_missing(name, accounts_near(arena, &accounts, user, name->text),
		     user ? "add it to 'users', or the package that makes it"
			  : "add it to 'groups', or the package that makes it",
		     err, "the image has no %s '%s'", user ? "user" : "group", name->text);
}

void name_ask_user(const struct step *step, struct arena *arena, const struct name *name, struct err *err)
{
	name_account_ask(step, arena, name, true, err);
}

void name_ask_group(const struct step *step, struct arena *arena, const struct name *name, struct err *err)
{
	name_account_ask(step, arena, name, false, err);
}
