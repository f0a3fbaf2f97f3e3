#include "tree/changes.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "artifact/members.h"
#include "base/file.h"

/* overlayfs's own way to say that a file of a lower folder is gone (Documentation/filesystems/overlayfs.rst). */
static bool changes_is_whiteout(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && st->st_rdev == makedev(0, 0);
}

static bool changes_is_opaque(const struct member_item *item)
{
	char value;

	return S_ISDIR(item->st.st_mode) && lgetxattr(item->source, "user.overlay.opaque", &value, 1) == 1 && value == 'y';
}

/* An empty file in place of, or beside, what stands there. */
static int changes_mark(struct members *members, struct member_item item, const char *name, struct err *err)
{
	item.name = name;
	item.st.st_mode = S_IFREG;
	item.st.st_size = 0;
	item.st.st_nlink = 1;
	item.st.st_rdev = 0;
	item.acl_as_attributes = false;
	return members_add(members, &item, err);
}

static int changes_put(struct members *members, void *data, const struct member_item *item, struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const char *base = strrchr(item->name, '/') + 1;
	struct member_item own = *item;
	int r;

	(void)data;
	if (changes_is_whiteout(&item->st))
		return changes_mark(members, own, arena_printf(arena, "%.*s.wh.%s", (int)(base - item->name), item->name, base),
				    err);
	own.acl_as_attributes = true; /* mkfs.erofs does not know tar's words for them */
	r = members_add(members, &own, err);
	if (r == 0 && changes_is_opaque(item))
		r = changes_mark(members, own, arena_printf(arena, "%s.wh..wh..opq", item->name), err);
	return r;
}

static int changes_sink(void *data, const void *bytes, size_t size, struct err *err)
{
	int r = fd_write_all(*(const int *)data, bytes, size);

	return r < 0 ? err_sys(err, r, "cannot write the changes of the tree") : 0;
}

int tree_changes(const struct tree *tree, int64_t epoch, const char *path, struct err *err)
{
	_cleanup_pax_ struct pax *archive = NULL;
	_cleanup_fd_ int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	int r = fd < 0 ? err_sys(err, -errno, "cannot make '%s'", path) : 0;

	if (r == 0)
		r = pax_open(NULL, changes_sink, &fd, &archive, err);
	if (r == 0)
		r = members_put(archive, tree->changes, epoch, changes_put, NULL, NULL, err);
	return r == 0 ? pax_finish(archive, err) : r;
}
