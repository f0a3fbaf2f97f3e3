#include "artifact/listing.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "artifact/members.h"
#include "artifact/tabbed.h"
#include "base/text.h"
#include "contract/box.h"
#include "contract/image.h"
#include "edge/digest.h"

enum { NAMES_MAX = 65536, VALUE_MAX = 65536 };

/* --- writing --------------------------------------------------------------------------------------------------------- */

/* "./usr/bin/" is "usr/bin", and "./" is ".". */
static const char *listing_path(struct arena *arena, const char *name)
{
	size_t length = strlen(name);

	if (length > 2 && name[length - 1] == '/')
		length--;
	return length > 2 ? arena_strndup(arena, name + 2, length - 2) : ".";
}

static char listing_type(const struct member_item *item, const char *hardlink)
{
	switch (item->st.st_mode & S_IFMT) {
	case S_IFDIR:
		return LIST_FOLDER;
	case S_IFLNK:
		return LIST_SYMLINK;
	case S_IFIFO:
		return LIST_PIPE;
	default:
		return hardlink ? LIST_HARDLINK : LIST_REGULAR;
	}
}

static int listing_put_content(struct arena *arena, const struct member_item *item, const char *hardlink, struct buf *out,
			       struct err *err)
{
	char sha256[SHA256_HEX], target[4096];
	uint64_t size;
	ssize_t n;
	int r;

	if (hardlink) {
		buf_puts(out, "\t");
		tabbed_put(out, listing_path(arena, hardlink));
	} else if (S_ISREG(item->st.st_mode)) {
		r = sha256_file(item->source, sha256, &size, err);
		if (r < 0)
			return r;
		buf_printf(out, "\t%" PRIu64 "\t%s", size, sha256);
	} else if (S_ISLNK(item->st.st_mode)) {
		n = readlink(item->source, target, sizeof target - 1);
		if (n < 0)
			return err_sys(err, -errno, "cannot read the link '%s'", item->source);
		target[n] = 0;
		buf_puts(out, "\t");
		tabbed_put(out, target);
	}
	return 0;
}

static bool listing_keeps(const char *name)
{
	static const char *const names[] = {LIST_ATTRIBUTES};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return text_has_prefix(name, LIST_ATTRIBUTE_USER) && !text_has_prefix(name, LIST_ATTRIBUTE_OVERLAY);
}

static int listing_put_attribute(struct arena *arena, const struct member_item *item, const char *name, struct buf *out,
				 struct err *err)
{
	uint8_t *value = arena_alloc(arena, VALUE_MAX);
	ssize_t n = lgetxattr(item->source, name, value, VALUE_MAX);

	if (n < 0)
		return err_sys(err, -errno, "cannot read the attribute '%s' of '%s'", name, item->source);
	buf_puts(out, "\t");
	tabbed_put(out, name);
	buf_puts(out, "=");
	for (ssize_t i = 0; i < n; i++)
		buf_printf(out, "%02x", value[i]);
	return 0;
}

/* In the order of their names: file systems list them in an order of their own. */
static int listing_put_attributes(struct arena *arena, const struct member_item *item, struct buf *out, struct err *err)
{
	char *names = arena_alloc(arena, NAMES_MAX);
	ssize_t n = llistxattr(item->source, names, NAMES_MAX);
	struct strv kept = {0};
	int r = 0;

	if (n < 0 && errno != ENOTSUP)
		return err_sys(err, -errno, "cannot list the attributes of '%s'", item->source);
	for (const char *name = names; n > 0 && name < names + n; name += strlen(name) + 1)
		if (listing_keeps(name))
			strv_push(arena, &kept, name);
	if (kept.count > LIST_ATTRIBUTES_MAX)
		return err_set(err, -E2BIG, "'%s' has more than %d extended attributes", item->source, LIST_ATTRIBUTES_MAX);
	strv_sort(&kept);
	for (size_t i = 0; r == 0 && i < kept.count; i++)
		r = listing_put_attribute(arena, item, kept.items[i], out, err);
	return r;
}

static int listing_put_member(struct members *members, void *data, const struct member_item *item, struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const char *hardlink = members_earlier_name(members, item), *path = listing_path(arena, item->name);
	char type = listing_type(item, hardlink);
	struct buf *out = data;
	int r;

	if (strcmp(path, LIST_MEMBER) == 0)
		return 0;
	buf_printf(out, "%c\t%o\t%u\t%u\t", type, type == LIST_SYMLINK ? 0777 : (unsigned)item->st.st_mode & 07777,
		   (unsigned)item->st.st_uid, (unsigned)item->st.st_gid);
	tabbed_put(out, path);
	r = listing_put_content(arena, item, hardlink, out, err);
	if (r == 0 && type != LIST_SYMLINK && type != LIST_HARDLINK)
		r = listing_put_attributes(arena, item, out, err);
	buf_puts(out, "\n");
	return r;
}

int listing_make(const char *root, int64_t epoch, struct buf *out, struct err *err)
{
	int r;

	buf_printf(out, LIST_TREE " %d\n" LIST_TIME " %" PRId64 "\n", LIST_VERSION, epoch);
	r = members_put(NULL, root, epoch, listing_put_member, out, NULL, err);
	return r < 0 ? err_wrap(err, "while listing the files of the template") : 0;
}

/* --- reading --------------------------------------------------------------------------------------------------------- */

/* Undoes tabbed_put(), in place. */
static bool listing_unescape(char *field)
{
	static const char letters[] = FIELD_ESCAPES, meanings[] = FIELD_SPECIAL;
	char *to = field;

	for (; *field; field++) {
		const char *at = *field == '\\' && field[1] ? strchr(letters, field[1]) : NULL;

		if (*field == '\\' && !at)
			return false;
		*to++ = at ? meanings[at - letters] : *field;
		field += at != NULL;
	}
	*to = 0;
	return true;
}

/* TYPE MODE UID GID PATH SIZE …, of a file. */
static bool listing_read_file(char *line, struct listing_file *ret_file)
{
	char *fields[6], *end;
	size_t n = 0;

	while (n < 6 && line)
		fields[n++] = strsep(&line, "\t");
	if (n < 6 || !listing_unescape(fields[4]) || *fields[5] < '0' || *fields[5] > '9')
		return false;
	ret_file->path = fields[4];
	ret_file->size = strtoull(fields[5], &end, 10);
	return *end == 0;
}

int listing_read(struct arena *arena, char *text, struct listing_file **ret_files, size_t *ret_n, struct err *err)
{
	const char *version = strsep(&text, "\n"), *expected = arena_printf(arena, LIST_TREE " %d", LIST_VERSION);
	char *line;

	*ret_files = NULL;
	*ret_n = 0;
	if (!version || strcmp(version, expected) != 0 || !strsep(&text, "\n"))
		return err_set(err, -EBADMSG, "the list of the template's files is none of '%s'", expected);
	for (uint64_t number = 0; (line = strsep(&text, "\n")) && *line; number++) {
		struct listing_file file = {.number = number};

		if (*line != LIST_REGULAR)
			continue;
		if (!listing_read_file(line, &file))
			return err_set(err, -EBADMSG, "line %llu of the list of the template's files is wrong",
				       (unsigned long long)number + 3);
		*arena_push(arena, *ret_files, *ret_n) = file;
	}
	return 0;
}
