/* Which finds may be, and what is said of the others. */
#ifndef LEAK_FINDING_H
#define LEAK_FINDING_H

#include "base/err.h"
#include "base/text.h"
#include "leak/search.h"

/* What may be found. */
struct leak_exception {
	const char *path;            /* of a find, or a pattern of fnmatch(3) in which `*` stands for slashes, too */
	const char *form;            /* NULL: every form */
	const char *reason;
};

/* Excuses the find when Debian's packages have it there on purpose: to be asked of what is theirs. */
void leak_excuse_known(struct leak_find *find);

/* Excuses the finds that an exception is for; `ret_used` (may be NULL) says of which exceptions there was one. */
void leak_excuse(struct leak_find *finds, size_t n, const struct leak_exception *exceptions, size_t n_exceptions,
		 bool *ret_used);

/* Excuses what is part of a file that is told as a whole; and what is in no file of the tree (its path does not begin with a
 * slash: plan, lock, artifact), but has the same bytes as something there that was excused. */
void leak_excuse_copies(struct leak_find *finds, size_t n);

/* An error for each find without an excuse; of too many, how many more there are. Paths with a secret in them are told without
 * it. `where` tells for a path at which place of which file somebody wrote it, or NULL; it may be NULL itself. */
typedef const struct pos *leak_where(void *data, const char *path);
int leak_tell(const struct leak_search *search, const struct leak_find *finds, size_t n, leak_where *where, void *data,
	      struct err *err);

#endif
