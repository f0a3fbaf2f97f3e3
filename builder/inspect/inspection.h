/* Looking into a finished image, ours or not: a disk (raw, qcow2) or a template. All of it is read by the appliance, which
 * gets it read-only; of what comes back nothing is trusted. Results go to stdout. */
#ifndef INSPECT_INSPECTION_H
#define INSPECT_INSPECTION_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* A generation that the operator knows, by what its machines are known by. */
struct inspect_known {
	const char *root_hash, *name, *key; /* "gateway/3"; the fingerprint of its plan */
};

struct inspect_request {
	const char *image;           /* a file, or a disk, of this host */
	const char *path;            /* in it: a folder is listed, a file printed; NULL: all of the image is told */
	const char *extract;         /* where `path` is copied to, which must not be there yet; or NULL */
	const char *partition;       /* one file system, in place of the whole system; or NULL */
	const char *against;         /* another image, to be compared with; or NULL */
	bool json, packages;         /* all packages are listed */
	const char *cache, *work;    /* the cache's folder; one for files of its own */
	const struct inspect_known *known;
	size_t n_known;
};

/* -ENOENT when there is no such path; -ENOTSUP for a format that is not read; else what the appliance fails with. */
int inspection_run(const struct inspect_request *request, struct err *err);

#endif
