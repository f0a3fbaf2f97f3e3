/* Looking for secrets in files: in what they are called, what is in them, where links lead, and their extended attributes; also
 * in what is compressed by gzip, xz or zstd. */
#ifndef LEAK_FOLDER_H
#define LEAK_FOLDER_H

#include "base/err.h"
#include "base/text.h"
#include "leak/search.h"

enum leak_depth {
	LEAK_DEEP,
	LEAK_SHALLOW,                /* what is compressed is not unpacked: most of the time is spent on it */
};

/* Looks through all that is in the host's folder `root`, which does not change meanwhile, on all cores. Paths of finds begin
 * with a slash, as who has the folder as its root sees them. What overlayfs notes for itself is passed over. */
int leak_folder(const struct leak_search *search, const char *root, enum leak_depth depth,
		struct leak_finds *finds, struct err *err);

/* The same of some paths; those that are not there are fine, and nothing is looked at below a folder. */
int leak_paths(const struct leak_search *search, const char *root, const struct strv *paths, struct leak_finds *finds,
	       struct err *err);

/* One file of the host's, that finds call `path`. */
int leak_file(const struct leak_search *search, const char *file, const char *path, struct leak_finds *finds, struct err *err);

#endif
