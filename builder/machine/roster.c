#include "machine/roster.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "contract/box.h"
#include "machine/hex.h"
#include "machine/lines.h"
#include "machine/say.h"

enum { LIST_DEPTH_MAX = 256, LIST_IDS = 65536, LIST_MODE_MAX = 07777, LIST_ATTRIBUTE_DIGITS = 2 * 65536 };

/* A list being read: the folders that the last member is in are on the stack. */
struct roster_reader {
	struct roster *list;
	size_t members_room, attributes_room;
	size_t stack[LIST_DEPTH_MAX], depth;
};

/* --- order ----------------------------------------------------------------------------------------------------------- */

/* As strcmp(3) of the names in the template, where a folder's ends in a slash. */
static int roster_compare(const char *a, bool a_folder, const char *b, bool b_folder)
{
	size_t n = 0;
	int x, y;

	while (a[n] && a[n] == b[n])
		n++;
	x = a[n] ? (unsigned char)a[n] : a_folder ? '/' : 0;
	y = b[n] ? (unsigned char)b[n] : b_folder ? '/' : 0;
	if (x != y || (!a[n] && !b[n]))
		return x - y;
	return a[n] ? 1 : -1; /* the one is the other's folder */
}

static bool roster_is_path(const char *path)
{
	if (strlen(path) >= PATH_MAX - 64)
		return false;
	for (;;) {
		size_t length = strcspn(path, "/");

		if (length == 0 || length > NAME_MAX || (length <= 2 && strncmp(path, "..", length) == 0))
			return false;
		if (!path[length])
			return true;
		path += length + 1;
	}
}

static bool roster_is_in(const char *path, const char *folder)
{
	size_t length = strlen(folder);

	return strcmp(folder, ".") == 0 || (strncmp(path, folder, length) == 0 && path[length] == '/');
}

/* The member at `path` that is a folder, or none. */
static const struct roster_member *roster_seek(const struct roster *list, const char *path, bool folder)
{
	size_t from = 1, to = list->n ? list->n - list->has_itself : 0;

	while (from < to) {
		size_t middle = from + (to - from) / 2;
		const struct roster_member *member = &list->members[middle];
		int order = roster_compare(member->path, member->type == LIST_FOLDER, path, folder);

		if (order == 0)
			return member;
		if (order < 0)
			from = middle + 1;
		else
			to = middle;
	}
	return NULL;
}

const struct roster_member *roster_find(const struct roster *list, const char *path)
{
	const struct roster_member *member = roster_seek(list, path, false);

	if (list->has_itself && strcmp(path, LIST_MEMBER) == 0)
		return &list->members[list->n - 1];
	return member ? member : roster_seek(list, path, true);
}

/* The member is behind the last one, and its folder is on the stack. */
static bool roster_has_place(struct roster_reader *reader, const struct roster_member *member)
{
	const struct roster *list = reader->list;
	const struct roster_member *last = &list->members[list->n - 1];
	const char *slash = strrchr(member->path, '/'), *folder;
	bool is_folder = member->type == LIST_FOLDER;

	if (list->n > 1 && roster_compare(last->path, last->type == LIST_FOLDER, member->path, is_folder) >= 0)
		return false;
	if (is_folder && roster_seek(list, member->path, false))
		return false;
	while (reader->depth && !roster_is_in(member->path, list->members[reader->stack[reader->depth - 1]].path))
		reader->depth--;
	if (!reader->depth)
		return false;
	folder = list->members[reader->stack[reader->depth - 1]].path;
	if (strcmp(folder, ".") == 0)
		return !slash;
	return slash && strlen(folder) == (size_t)(slash - member->path);
}

/* --- a member -------------------------------------------------------------------------------------------------------- */

static bool roster_read_number(const char *text, int base, uint64_t max, uint64_t *ret_number)
{
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	*ret_number = strtoull(text, &end, base);
	return errno == 0 && *end == 0 && *ret_number <= max;
}

static bool roster_is_attribute(const char *text)
{
	const char *equals = strchr(text, '=');
	size_t digits = equals ? strlen(equals + 1) : 0;

	return equals && equals != text && digits % 2 == 0 && digits <= LIST_ATTRIBUTE_DIGITS &&
	       strspn(equals + 1, "0123456789abcdef") == digits;
}

/* What stands behind the path; how many fields that is, or -EINVAL. */
static int roster_read_rest(const struct roster_reader *reader, struct roster_member *member, char **fields, int n)
{
	const struct roster_member *same;

	switch (member->type) {
	case LIST_FOLDER:
	case LIST_PIPE:
		return 0;
	case LIST_REGULAR:
		member->n_names = 1;
		return n >= 2 && roster_read_number(fields[0], 10, INT64_MAX / 2, &member->size) &&
		       hex_parse(fields[1], strlen(fields[1]), member->hash, HASH_BYTES) == 0 ? 2 : -EINVAL;
	case LIST_SYMLINK:
		member->target = n >= 1 && *fields[0] && strlen(fields[0]) < PATH_MAX ? fields[0] : NULL;
		return member->target ? 1 : -EINVAL;
	case LIST_HARDLINK:
		same = n >= 1 ? roster_find(reader->list, fields[0]) : NULL;
		if (!same || same->type != LIST_REGULAR)
			return -EINVAL;
		member->same = (size_t)(same - reader->list->members);
		reader->list->members[member->same].n_names++;
		return 1;
	default:
		return -EINVAL;
	}
}

static int roster_read_attributes(struct roster_reader *reader, struct roster_member *member, char **fields, int n)
{
	struct roster *list = reader->list;

	if (n > LIST_ATTRIBUTES_MAX || (n && (member->type == LIST_SYMLINK || member->type == LIST_HARDLINK)))
		return -EINVAL;
	for (int i = 0; i < n; i++) {
		if (!roster_is_attribute(fields[i]) || list->n_attributes == reader->attributes_room)
			return -EINVAL;
		list->attributes[list->n_attributes++] = fields[i];
	}
	member->attributes = list->attributes + list->n_attributes - n;
	member->n_attributes = (size_t)n;
	return 0;
}

/* TYPE MODE UID GID PATH … */
static int roster_read_member(struct roster_reader *reader, char **fields, int n)
{
	struct roster *list = reader->list;
	struct roster_member member = {0};
	uint64_t mode, uid, gid;
	int used;

	if (n < 5 || !fields[0][0] || fields[0][1] || !roster_read_number(fields[1], 8, LIST_MODE_MAX, &mode) ||
	    !roster_read_number(fields[2], 10, LIST_IDS - 1, &uid) || !roster_read_number(fields[3], 10, LIST_IDS - 1, &gid) ||
	    list->n == reader->members_room)
		return -EINVAL;
	member = (struct roster_member){.type = fields[0][0], .mode = (unsigned)mode, .uid = (uint32_t)uid,
				      .gid = (uint32_t)gid, .path = fields[4]};
	if (list->n == 0 ? member.type != LIST_FOLDER || strcmp(member.path, ".") != 0
			 : !roster_is_path(member.path) || !roster_has_place(reader, &member))
		return -EINVAL;
	used = roster_read_rest(reader, &member, fields + 5, n - 5);
	if (used < 0 || roster_read_attributes(reader, &member, fields + 5 + used, n - 5 - used) < 0)
		return -EINVAL;
	if (list->n)
		list->members[reader->stack[reader->depth - 1]].n_entries++;
	if (member.type == LIST_FOLDER && reader->depth == LIST_DEPTH_MAX)
		return -EINVAL;
	if (member.type == LIST_FOLDER)
		reader->stack[reader->depth++] = list->n;
	list->members[list->n++] = member;
	return 0;
}

/* --- all of them ----------------------------------------------------------------------------------------------------- */

static int roster_make_room(struct roster_reader *reader, const char *text)
{
	for (; *text; text++) {
		reader->members_room += *text == '\n';
		reader->attributes_room += *text == '=';
	}
	reader->members_room += 2; /* a last line without its end, and the list itself */
	reader->list->members = calloc(reader->members_room, sizeof *reader->list->members);
	reader->list->attributes = calloc(reader->attributes_room + 1, sizeof *reader->list->attributes);
	return reader->list->members && reader->list->attributes ? 0 : -ENOMEM;
}

/* The two lines before the members. */
static int roster_read_head(struct roster *list, unsigned line, const char *text)
{
	static const char version[] = LIST_TREE " ", time[] = LIST_TIME " ";
	uint64_t number;

	if (line == 1)
		return strncmp(text, version, strlen(version)) == 0 &&
		       roster_read_number(text + strlen(version), 10, UINT64_MAX, &number) && number == LIST_VERSION ? 0
														  : -EINVAL;
	if (strncmp(text, time, strlen(time)) != 0 || !roster_read_number(text + strlen(time), 10, INT64_MAX, &number))
		return -EINVAL;
	list->time = (int64_t)number;
	return 0;
}

int roster_parse(char *text, struct roster *ret_list, unsigned *ret_line)
{
	struct roster_reader reader = {.list = ret_list};
	char *fields[LIST_FIELDS_MAX];
	int n, r;

	*ret_list = (struct roster){0};
	*ret_line = 0;
	r = roster_make_room(&reader, text);
	while (r == 0) {
		++*ret_line;
		n = lines_fields(&text, fields, LIST_FIELDS_MAX);
		if (n == 0)
			return ret_list->n ? 0 : -EINVAL;
		if (n < 0)
			r = n;
		else if (*ret_line <= 2)
			r = n == 1 ? roster_read_head(ret_list, *ret_line, fields[0]) : -EINVAL;
		else
			r = roster_read_member(&reader, fields, n);
	}
	return r;
}

int roster_add_itself(struct roster *list, uint64_t size, const uint8_t hash[HASH_BYTES])
{
	static const char folder[] = "usr/lib/aether";
	struct roster_member *parent = (struct roster_member *)roster_find(list, folder);
	struct roster_member itself = {
		.type = LIST_REGULAR, .mode = LIST_MODE, .path = LIST_MEMBER, .size = size, .n_names = 1,
	};

	if (!parent || parent->type != LIST_FOLDER || roster_find(list, LIST_MEMBER))
		return -EINVAL;
	parent->n_entries++;
	memcpy(itself.hash, hash, HASH_BYTES);
	list->members[list->n++] = itself;
	list->has_itself = true;
	return 0;
}

static int roster_load(const char *path, char **ret_text, uint64_t *ret_size, uint8_t ret_hash[HASH_BYTES])
{
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st = {0};
	ssize_t n = 0;
	int r;

	if (fd < 0)
		return -errno;
	r = fstat(fd, &st) < 0 ? -errno : !S_ISREG(st.st_mode) || (uint64_t)st.st_size > LIST_BYTES_MAX ? -EINVAL : 0;
	*ret_text = r == 0 ? calloc(1, (size_t)st.st_size + 1) : NULL;
	if (r == 0 && !*ret_text)
		r = -ENOMEM;
	if (r == 0)
		n = read_all(fd, *ret_text, (size_t)st.st_size, 0);
	close(fd);
	if (r == 0 && n != st.st_size)
		r = n < 0 ? (int)n : -EIO;
	if (r == 0) {
		*ret_size = (uint64_t)st.st_size;
		hash_salted(NULL, 0, *ret_text, (size_t)st.st_size, ret_hash);
	}
	return r;
}

int roster_read(const char *tree, struct roster *ret_list, char **ret_text, uint8_t ret_hash[HASH_BYTES])
{
	char path[PATH_MAX];
	uint64_t size = 0;
	unsigned line;
	int r;

	*ret_list = (struct roster){0};
	*ret_text = NULL;
	if ((size_t)snprintf(path, sizeof path, "%s" LIST_FILE, tree) >= sizeof path)
		return -ENAMETOOLONG;
	r = roster_load(path, ret_text, &size, ret_hash);
	if (r == 0)
		r = roster_parse(*ret_text, ret_list, &line);
	return r < 0 ? r : roster_add_itself(ret_list, size, ret_hash);
}

void roster_free(struct roster *list)
{
	free(list->members);
	free(list->attributes);
	*list = (struct roster){0};
}
