/* Work on all cores: numbered jobs, any order; results are kept in order by the caller, by index. */
#ifndef HOST_POOL_H
#define HOST_POOL_H

#include <stddef.h>

#include "base/err.h"

/* Does job `index`; runs on any thread. 0 or a negative errno with `err` (the thread's own) filled. */
typedef int (*pool_job)(void *data, size_t index, struct err *err);

/* The number of threads pool_run() uses: the processors this process may use (AETHER_JOBS overrides), at least 1. */
unsigned pool_threads(void);

/* Runs job(data, 0) … job(data, n - 1) on all cores and waits. After a failure no new job starts; the failure with the
 * lowest index is reported, so that the message does not depend on timing; if there is none, the warnings of all. */
int pool_run(size_t n, pool_job job, void *data, struct err *err);

#endif
