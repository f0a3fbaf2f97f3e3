#include "host/pool.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { THREADS_MAX = 256 };

struct pool {
	size_t n;
	pool_job job;
	void *data;
	atomic_size_t next;
	atomic_bool stop;
	struct err *errs; /* of each job */
	pthread_mutex_t lock; /* guards failed_index and result */
	size_t failed_index;
	int result; /* of that job */
};

unsigned pool_threads(void)
{
	const char *wanted = getenv("AETHER_JOBS");
	cpu_set_t set;
	int n = wanted ? atoi(wanted) : 0;

	if (n <= 0)
		n = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
	return n < 1 ? 1 : n > THREADS_MAX ? THREADS_MAX : (unsigned)n;
}

static void *host_pool_worker(void *argument)
{
	struct pool *pool = argument;

	while (!atomic_load(&pool->stop)) {
		size_t index = atomic_fetch_add(&pool->next, 1);
		int r;

		if (index >= pool->n)
			break;
		r = pool->job(pool->data, index, &pool->errs[index]);
		if (r < 0) {
			atomic_store(&pool->stop, true);
			pthread_mutex_lock(&pool->lock);
			if (index < pool->failed_index) {
				pool->failed_index = index;
				pool->result = r;
			}
			pthread_mutex_unlock(&pool->lock);
		}
	}
	return NULL;
}

/* Of a failure it alone is told; else what the jobs warn of, in their order. */
static void host_pool_take_errs(struct pool *pool, struct err *err)
{
	for (size_t i = 0; i < pool->n; i++) {
		if (pool->failed_index == pool->n || pool->failed_index == i)
			err_take(err, &pool->errs[i]);
		err_free(&pool->errs[i]);
	}
	free(pool->errs);
}

int pool_run(size_t n, pool_job job, void *data, struct err *err)
{
	struct pool pool = {.n = n, .job = job, .data = data, .failed_index = n};
	unsigned threads = pool_threads(), started = 0;
	pthread_t ids[THREADS_MAX];

	pool.errs = calloc(n + 1, sizeof *pool.errs);
	if (!pool.errs)
		return err_no_memory(err);
	pthread_mutex_init(&pool.lock, NULL);
	while (started + 1 < threads && started + 1 < n && pthread_create(&ids[started], NULL, host_pool_worker, &pool) == 0)
		started++;
	host_pool_worker(&pool);
	for (unsigned i = 0; i < started; i++)
		pthread_join(ids[i], NULL);
	pthread_mutex_destroy(&pool.lock);
	host_pool_take_errs(&pool, err);
	return pool.result;
}
