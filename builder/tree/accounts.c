#include "tree/accounts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "tree/inside.h"

int accounts_read(int root_fd, struct accounts *accounts, struct err *err)
{
	int r = inside_read(root_fd, "/etc/passwd", 1 << 20, &accounts->passwd, err);

	if (r == 0)
		r = inside_read(root_fd, "/etc/group", 1 << 20, &accounts->group, err);
	return r;
}

void accounts_free(struct accounts *accounts)
{
	buf_free(&accounts->passwd);
	buf_free(&accounts->group);
}

/* Looks for `name:…:ID:` (the id is the third field in both tables). */
static int accounts_find(const struct buf *table, const char *name, unsigned *ret_id)
{
	size_t length = strlen(name);

	for (const char *line = table->data; line && *line; line += strcspn(line, "\n") + (line[strcspn(line, "\n")] == '\n')) {
		const char *id;

		if (strncmp(line, name, length) != 0 || line[length] != ':')
			continue;
		id = line + length + 1 + strcspn(line + length + 1, ":\n");
		if (id[0] != ':' || id[1] < '0' || id[1] > '9')
			continue;
		*ret_id = (unsigned)strtoul(id + 1, NULL, 10);
		return 0;
	}
	return -ENOENT;
}

static const char *accounts_nearest(struct arena *arena, const struct buf *table, const char *name)
{
	struct strv names = {0};

	for (const char *line = table->data; line && *line; line += strcspn(line, "\n") + (line[strcspn(line, "\n")] == '\n'))
		strv_push(arena, &names, arena_strndup(arena, line, strcspn(line, ":\n")));
	return text_nearest(name, names.items, names.count);
}

static int accounts_look_up(const struct buf *table, const char *what, const char *name, const struct pos *pos,
			    unsigned *ret_id, struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const char *near;

	if (accounts_find(table, name, ret_id) == 0)
		return 0;
	near = accounts_nearest(arena, table, name);
	err_at(err, -ENOENT, pos, NULL, "the image has no %s '%s'", what, name);
	if (near)
		return err_hint(err, "did you mean '%s'?", near);
	return err_hint(err, "add it to 'users', or add the package that creates it");
}

int accounts_uid(const struct accounts *accounts, const char *name, const struct pos *pos, uid_t *ret_uid, struct err *err)
{
	return accounts_look_up(&accounts->passwd, "user", name, pos, ret_uid, err);
}

int accounts_gid(const struct accounts *accounts, const char *name, const struct pos *pos, gid_t *ret_gid, struct err *err)
{
	return accounts_look_up(&accounts->group, "group", name, pos, ret_gid, err);
}

bool accounts_have(const struct accounts *accounts, bool user, const char *name)
{
	unsigned id;

	return accounts_find(user ? &accounts->passwd : &accounts->group, name, &id) == 0;
}

const char *accounts_near(struct arena *arena, const struct accounts *accounts, bool user, const char *name)
{
	return accounts_nearest(arena, user ? &accounts->passwd : &accounts->group, name);
}
