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
	pthread_mutex_t lock; /* guards failed_index, result and err */
	size_t failed_index;
	int result; /* of that job */
	struct err err;
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

static void *pool_worker(void *argument)
{
	struct pool *pool = argument;

	while (!atomic_load(&pool->stop)) {
		size_t index = atomic_fetch_add(&pool->next, 1);
		struct err err = {0};
		int r;

		if (index >= pool->n)
			break;
		r = pool->job(pool->data, index, &err);
		if (r < 0) {
			atomic_store(&pool->stop, true);
			pthread_mutex_lock(&pool->lock);
			if (index < pool->failed_index) {
				err_free(&pool->err);
				pool->err = err;
				pool->failed_index = index;
				pool->result = r;
				err = (struct err){0};
			}
			pthread_mutex_unlock(&pool->lock);
		}
		err_free(&err);
	}
	return NULL;
}

int pool_run(size_t n, pool_job job, void *data, struct err *err)
{
	struct pool pool = {.n = n, .job = job, .data = data, .failed_index = n};
	unsigned threads = pool_threads(), started = 0;
	pthread_t ids[THREADS_MAX];
	int r;

	pthread_mutex_init(&pool.lock, NULL);
	while (started + 1 < threads && started + 1 < n && pthread_create(&ids[started], NULL, pool_worker, &pool) == 0)
		started++;
	pool_worker(&pool);
	for (unsigned i = 0; i < started; i++)
		pthread_join(ids[i], NULL);
	pthread_mutex_destroy(&pool.lock);
	r = pool.result;
	err_take(err, &pool.err);
	return r;
}
