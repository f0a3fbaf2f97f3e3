/* apt-get in a private root: it sees the indexes it is given and nothing else, neither the host's state and
 * configuration nor the network, and only says what it would do. */
#ifndef DEBIAN_APT_H
#define DEBIAN_APT_H

#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/text.h"

/* A Packages file that apt is to see. */
struct apt_index {
	const char *component, *arch, *path; /* the path is linked to */
};

/* A suite that apt is to see; it knows it as "sNUMBER". `release` (may be empty) tells it of priorities (NotAutomatic). */
struct apt_suite {
	const struct buf *release;
	const struct apt_index *indexes;
	size_t n_indexes;
};

struct apt {
	const char *folder;
	const char *const *env;
};

/* Makes the private root in `folder`, which does not exist yet. */
int apt_open(struct arena *arena, const char *folder, const struct apt_suite *suites, size_t n, struct apt *ret_apt,
	     struct err *err);

/* Replaces the preferences (apt_preferences(5)). */
int apt_prefer(const struct apt *apt, const struct buf *preferences, struct err *err);

/* One package that apt would install. */
struct apt_choice {
	const char *name, *version, *arch;
	size_t suite; /* index of the suite it comes from, as given to apt_open() */
};

/* What apt-get would install into an empty system to have all of `names`, without what is only recommended. -EIO when
 * it finds no way: then `err` has its explanation. */
int apt_install(struct arena *arena, const struct apt *apt, const struct strv *names, struct apt_choice **ret_choices,
		size_t *ret_n, struct err *err);

#endif
