/* Container images that travel inside an image: a read-only image store of podman's each (containers-storage.conf(5),
 * additionalimagestores), made here because podman makes one by mounting, which a build must not.
 *
 * A store has one image, and that one layer: all layers of the image, applied. So nothing in it needs overlayfs's own
 * marks for what is deleted (device nodes, which neither our own overlay nor an LXC template lets through), and a
 * deleted file takes no room. The layer goes by the image's ChainID (OCI image specification, config.md), which names
 * just that. */
#ifndef TREE_CONTAINERS_H
#define TREE_CONTAINERS_H

#include "base/err.h"
#include "cache/cache.h"
#include "plan/plan.h"

/* Makes the stores of the plan that the cache lacks; blobs are fetched. `ret_folders` (in `arena`): a folder for each,
 * to be laid over the packages. */
int containers_prepare(struct arena *arena, struct cache *cache, const struct plan *plan, struct strv *ret_folders,
		       struct err *err);

#endif
