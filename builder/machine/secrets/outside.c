#include "machine/secrets/outside.h"

#include <errno.h>
#include <shadow.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "contract/secrets.h"
#include "machine/put.h"

#define HASHES "/etc/shadow"

enum { SHADOW_BYTES_MAX = 16 << 20 };

/* --- links ----------------------------------------------------------------------------------------------------------- */

/* What is at `path`, if it is a link: where it leads. "" when there is nothing. */
static int outside_read_link(const char *path, char target[512])
{
	ssize_t n = readlink(path, target, 511);

	target[n < 0 ? 0 : n] = 0;
	return n >= 0 || errno == ENOENT ? 0 : errno == EINVAL ? -EEXIST : -errno;
}

static bool outside_is_ours(const char *target)
{
	static const char *const ours[] = {SECRETS_RUN "/", SECRETS_RUN_USERS "/"};

	for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
		if (strncmp(target, ours[i], strlen(ours[i])) == 0)
			return true;
	return !*target;
}

void outside_link(const struct here *here, struct item *item)
{
	const char *target = pool_printf(here->pool, "%s/%s", item->for_users ? SECRETS_RUN_USERS : SECRETS_RUN, item->name);
	char there[512];

	for (size_t i = 0; i < item->links.count; i++) {
		const char *path = item->links.items[i];
		int r = outside_read_link(here_path(here, path), there);

		if (r == 0 && strcmp(there, target) == 0)
			continue;
		if (r == -EEXIST || (r == 0 && !outside_is_ours(there))) {
			declared_judge(here->pool, item, VERDICT_BAD,
				       "%s is there already, and is no link to a secret: move it away", path);
			return;
		}
		r = r == 0 ? put_link(here->root, path, target) : r;
		if (r < 0) {
			declared_judge(here->pool, item, VERDICT_BAD, "the link %s cannot be made: %s", path, put_problem(r));
			return;
		}
	}
}

/* --- passwords ------------------------------------------------------------------------------------------------------- */

bool outside_set_hash(struct pool *pool, struct bytes text, const char *user, struct bytes hash, struct bytes *ret_text)
{
	const uint8_t *at = text.data, *end = text.data + text.size;
	struct growing out = {.pool = pool};
	size_t length = strlen(user);

	while (at < end) {
		const uint8_t *newline = memchr(at, '\n', (size_t)(end - at)), *stop = newline ? newline : end, *rest;

		if ((size_t)(stop - at) > length && memcmp(at, user, length) == 0 && at[length] == ':') {
			at += length + 1;
			rest = memchr(at, ':', (size_t)(stop - at));
			growing_add(&out, text.data, (size_t)(at - text.data));
			growing_add(&out, hash.data, hash.size);
			growing_add(&out, rest ? rest : stop, (size_t)(end - (rest ? rest : stop)));
			*ret_text = growing_bytes(&out);
			return true;
		}
		at = newline ? newline + 1 : end;
	}
	return false;
}

static void outside_set_all(const struct here *here, const struct declared *declared, struct bytes *text)
{
	for (size_t i = 0; i < declared->n_passwords; i++) {
		const struct password *password = &declared->passwords[i];
		struct item *item = declared_find(declared, password->secret);

		if (item->verdict == VERDICT_GOOD && !outside_set_hash(here->pool, *text, password->user, item->value, text))
			declared_judge(here->pool, item, VERDICT_BAD, "'%s' has no line in " HASHES, password->user);
	}
}

static int outside_write_shadow(const struct here *here, const struct declared *declared)
{
	struct bytes old, new;
	struct stat stat;
	int r = here_read(here, HASHES, SHADOW_BYTES_MAX, &old);

	if (r < 0)
		return r;
	if (lstat(here_path(here, HASHES), &stat) < 0)
		return -errno;
	if (!S_ISREG(stat.st_mode)) /* a link would be replaced, with the mode of a link: for all to read */
		return -ELOOP;
	new = old;
	outside_set_all(here, declared, &new);
	if (new.size == old.size && memcmp(new.data, old.data, old.size) == 0)
		return 0;
	return put_file(here->root, &(struct put){.path = HASHES, .bytes = (const char *)new.data, .size = new.size,
						  .mode = stat.st_mode & 07777, .uid = stat.st_uid, .gid = stat.st_gid});
}

/* passwd(1) may write it, too. (The lock waits for 15 seconds at most, and without it we would not begin.) */
int outside_shadow(const struct here *here, const struct declared *declared)
{
	int r;

	if (declared->n_passwords == 0)
		return 0;
	if (!*here->root && lckpwdf() < 0)
		return -errno;
	r = outside_write_shadow(here, declared);
	if (!*here->root)
		ulckpwdf();
	return r;
}
