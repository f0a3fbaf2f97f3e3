/* The one place where what strangers packed becomes files. The members of an archive are put below a folder of a tree
 * and nowhere else (base/fence.h), whatever their names say, and the links that they bring or find there. What kinds of
 * archives differ in is a policy. Like intake.h this is for the files that make libarchive's home, and nobody else. */
#ifndef EDGE_EXTRACT_H
#define EDGE_EXTRACT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/fence.h"
#include "edge/intake.h"

struct extract;

/* What a member is called below the folder, by what the archive calls it; "" when nothing is left. A slash in front
 * means nothing. -EINVAL when the archive may not say so, -ENAMETOOLONG. It is asked for the targets of hard links,
 * too. */
typedef int extract_name(const struct extract *extract, const char *raw, char out[PATH_MAX]);

/* What members may be. */
enum { EXTRACT_FILE = 1, EXTRACT_FOLDER = 2, EXTRACT_SYMLINK = 4, EXTRACT_HARDLINK = 8, EXTRACT_PIPE = 16 };

/* What gives way to a member, besides what is no folder to what is none. */
enum {
	EXTRACT_OVER_EMPTY = 1,     /* a folder with nothing in it, to what is none */
	EXTRACT_OVER_FULL = 2,      /* … and one with anything in it, with all of it */
	EXTRACT_OVER_BY_FOLDER = 4, /* what is no folder, to a folder */
};

/* What a kind of archive may do. All texts say why a member is refused. */
struct extract_policy {
	extract_name *name;
	const char *bad_name, *bad_link;
	unsigned types;       /* EXTRACT_FILE and so on; of what else an archive may hold … */
	const char *bad_type; /* … this is said; NULL: it is left out, and what stands in its place goes */
	unsigned over;        /* EXTRACT_OVER_EMPTY and so on */
	mode_t modes;         /* the bits of a mode that are kept */
	bool owners;          /* the archive's; else all is the target's */
	bool attributes;      /* `user.*` and file capabilities; else none */
	bool times;           /* when it was changed; else now */
	bool root;            /* the folder itself takes what the archive says of it */
	bool folders_change;  /* a folder that is there takes owner, mode and time of the archive's */
	bool folder_links;    /* a symbolic link to a folder that is there is that folder */
	bool links_stay;      /* no link leads out of the folder, no hard link to what has set-id bits */
};

/* Whether a member is wanted; `path` is what extract_name said. */
typedef bool extract_filter(void *data, const char *path);

/* Where that is now which was at `path`, the target of a hard link, before something took its place; NULL: nowhere. */
typedef const char *extract_moved(void *data, const char *path);

/* An archive being unpacked. What is below `done` is private. */
struct extract {
	const struct extract_policy *policy;
	struct fence fence;     /* where; and whose all is, unless the policy has `owners` */
	const char *archive;    /* its name, in errors; or NULL */
	unsigned strip;         /* for `name`: leading parts of paths to drop */
	extract_filter *wanted; /* NULL: all are */
	extract_moved *moved;   /* NULL: nothing is */
	void *data;             /* for these two */
	size_t done;            /* members that were put */

	struct arena *arena;
	struct extract_time *folder_times;
	size_t n_folder_times;
};

/* Begins; extract_close() ends it, whatever this returns. */
int extract_open(struct extract *extract, struct err *err);
void extract_close(struct extract *extract);
#define _cleanup_extract_ __attribute__((cleanup(extract_close)))

/* Puts all members of `intake`. Refused (-EBADMSG) is what the policy does not let come, and what cannot be made;
 * -EFBIG when it is more than the intake may have. */
int extract_all(struct extract *extract, struct intake *intake, struct err *err);

/* Says that the member `path` cannot be unpacked, and why: in words, or what a negative errno means there. Returns -EBADMSG. */
int extract_refuse(const struct extract *extract, const char *path, const char *why, struct err *err);
int extract_fail(const struct extract *extract, const char *path, int r, struct err *err);

#endif
