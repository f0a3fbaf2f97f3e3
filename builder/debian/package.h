/* Packages and the archives they come from, as the lock knows them. */
#ifndef DEBIAN_PACKAGE_H
#define DEBIAN_PACKAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

/* Of which names of packages are made (Debian policy 5.6.1). */
#define DEBIAN_NAME "abcdefghijklmnopqrstuvwxyz0123456789+-."

/* The layer a package is installed in, from the bottom: what every Debian system has; what the recipe's parents ask
 * for; what its modules and the recipe itself ask for. */
enum package_layer { LAYER_BASE, LAYER_PARENT, LAYER_RECIPE, LAYER_COUNT };

/* "base", "parent", "recipe"; NULL at the end. */
extern const char *const debian_layer_names[LAYER_COUNT + 1];

/* One verified suite of an archive. */
struct debian_archive {
	const char *name;            /* "debian" or the repository's name */
	const char *url, *suite;
	struct strv mirrors;         /* asked in order when `url` no longer has a file */
	const char *inrelease_sha256;
	int64_t date;                /* Date: of the Release, seconds since the epoch; 0: it has none */
};

struct debian_package {
	const char *name, *version, *arch, *sha256, *path; /* path below the archive's url */
	uint64_t size;
	enum package_layer layer;
	size_t archive;              /* index into lock.archives */
};

/* A set of packages that make one tree, in the order: layer, then name. */
struct package_set {
	struct debian_package *packages;
	size_t n_packages;
};

/* What they must look like, whether they come from an archive or from the lock file. */
bool debian_name_ok(const char *name);       /* Debian policy 5.6.1 */
bool debian_version_ok(const char *version); /* Debian policy 5.6.12 */
bool debian_arch_ok(const char *arch);
bool debian_archive_ok(const char *name);    /* NAME/SUITE, as recipes can name them */

#endif
