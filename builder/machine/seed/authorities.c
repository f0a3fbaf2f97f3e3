#include "machine/seed/authorities.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "machine/command.h"
#include "machine/put.h"
#include "machine/say.h"

#define BEGIN "-----BEGIN CERTIFICATE-----"
#define END "-----END CERTIFICATE-----"
#define LIST "/etc/ca-certificates.conf"

enum { LIST_BYTES = 256 << 10, MARKED_BYTES = 2 * LIST_BYTES, UPDATE_SECONDS = 120 };

struct authorities {
	struct memory *memory;
	struct remarks *remarks;
	const char *root;
	unsigned n;
};

static int authorities_put(struct authorities *authorities, const char *path, const char *bytes, size_t size)
{
	const struct put put = {.path = path, .bytes = bytes, .size = size, .mode = 0644};

	return put_file(authorities->root, &put);
}

static const char *authorities_path(struct authorities *authorities, unsigned number)
{
	return memory_print(authorities->memory, AUTHORITIES_FOLDER "/seed-%u.crt", number);
}

/* Each certificate of a text has a file of its own, or OpenSSL does not find it by its name. */
static void authorities_add(struct authorities *authorities, const struct value *value)
{
	const char *text = value_text(value), *begin = text ? strstr(text, BEGIN) : NULL;

	if (!begin)
		value_remark(authorities->remarks, value, "there is no certificate of an authority in it");
	while (begin) {
		const char *end = strstr(begin, END);
		size_t size = end ? (size_t)(end - begin) + sizeof END - 1 : 0;
		int r;

		if (!end || size > AUTHORITY_BYTES || authorities->n == AUTHORITIES_MAX) {
			value_remark(authorities->remarks, value, "a certificate of an authority is not trusted: %s",
				     end ? "that is too much" : "its end is missing");
			return;
		}
		r = authorities_put(authorities, authorities_path(authorities, ++authorities->n),
				    memory_print(authorities->memory, "%.*s\n", (int)size, begin), size + 1);
		if (r < 0)
			value_remark(authorities->remarks, value, "a certificate of an authority is not trusted: %s",
				     put_problem(r));
		begin = strstr(end, BEGIN);
	}
}

static void authorities_add_all(struct authorities *authorities, const struct value *trusted)
{
	if (trusted && trusted->kind == VALUE_TEXT)
		authorities_add(authorities, trusted);
	for (const struct value *item = trusted && trusted->kind == VALUE_LIST ? trusted->first : NULL; item; item = item->next)
		authorities_add(authorities, item);
}

/* Those of an earlier seed go. */
static void authorities_forget(struct authorities *authorities)
{
	for (unsigned i = authorities->n + 1; i <= AUTHORITIES_MAX; i++)
		unlink(memory_print(authorities->memory, "%s%s", authorities->root, authorities_path(authorities, i)));
}

/* In the list of Debian's authorities a '!' before the name takes one out. */
static int authorities_distrust(struct authorities *authorities)
{
	char *list = memory_take(authorities->memory, LIST_BYTES), *marked = memory_take(authorities->memory, MARKED_BYTES);
	int r = read_line(memory_print(authorities->memory, "%s" LIST, authorities->root), list, LIST_BYTES);
	size_t n = 0;

	if (r < 0)
		return r;
	for (char *line = strsep(&list, "\n"); line; line = strsep(&list, "\n"))
		n += (size_t)sprintf(marked + n, "%s%s\n", *line && *line != '#' && *line != '!' ? "!" : "", line);
	return authorities_put(authorities, LIST, marked, n);
}

static void authorities_update(struct authorities *authorities, const struct value *map)
{
	static const char *const argv[] = {"update-ca-certificates", "--localcertsdir", AUTHORITIES_FOLDER, NULL};
	char said[160] = "";
	int r = *authorities->root ? 0 : command_run(argv, UPDATE_SECONDS, said, sizeof said);

	if (r < 0)
		value_remark(authorities->remarks, map, "update-ca-certificates: %s", strerror(-r));
	else if (r > 0)
		value_remark(authorities->remarks, map, "update-ca-certificates has failed: %s",
			     *said ? said : "is ca-certificates in the image?");
}

void authorities_follow(struct memory *memory, struct remarks *remarks, const char *root, const struct value *map)
{
	struct authorities authorities = {memory, remarks, root, 0};
	const struct value *remove = value_get(map, "remove_defaults") ? value_get(map, "remove_defaults")
								       : value_get(map, "remove-defaults");
	int r = 0;

	authorities_add_all(&authorities, value_get(map, "trusted"));
	authorities_forget(&authorities);
	if (value_truth(remove) == 1)
		r = authorities_distrust(&authorities);
	if (r < 0)
		value_remark(remarks, remove, "Debian's authorities are still trusted: " LIST ": %s", strerror(-r));
	if (map && map->kind != VALUE_MAP)
		value_remark(remarks, map, "'%s' is no map", map->key);
	value_remark_unknown(remarks, map, "trusted remove_defaults remove-defaults", "ca_certs");
	if (authorities.n || value_truth(remove) == 1)
		authorities_update(&authorities, map);
}
