#include "artifact/windows.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "host/pool.h"

/* A reader must unpack a whole cluster for any byte of it: a smaller gain than this is not worth that. */
enum { PACKED_MAX = CLUSTER_BYTES - CLUSTER_BYTES / 16 };

/* Windows of one batch: enough that threads seldom wait for each other, few enough to stay near the processor. */
enum { BATCH_MIN = 8, BATCH_MAX = 64, BATCH_PER_THREAD = 4 };

/* A window and the memory it lives in. */
struct slot {
	struct window window;
	uint8_t *bytes, *packed;
	void *packer;
};

struct batch {
	struct slot *slots;
	size_t n; /* in use */
};

struct walk {
	const struct image_source *source;
	const struct packer *packer;
	window_put *put;
	void *data;
	uint64_t next;                /* the disk was looked at up to here */
	size_t capacity;              /* slots of a batch */
	struct batch fill, drain;    /* one is read and compressed while the other, older one is handed on */
};

size_t window_run(const struct window *window, size_t first)
{
	size_t end = first;

	while (end < WINDOW_CLUSTERS && window->clusters[end].state == CLUSTER_PLAIN)
		end++;
	return end - first;
}

/* One call of memcmp compares as fast as memory can be read, and stops at the first difference. */
static bool windows_all_zeros(const uint8_t *bytes)
{
	static const uint8_t zeros[CLUSTER_BYTES];

	return memcmp(bytes, zeros, CLUSTER_BYTES) == 0;
}

static void windows_look_at_cluster(const struct walk *walk, struct slot *slot, size_t i)
{
	struct cluster *cluster = &slot->window.clusters[i];
	const uint8_t *plain = slot->bytes + i * CLUSTER_BYTES;
	uint8_t *packed = slot->packed + i * CLUSTER_BYTES;
	size_t size = 0;

	if (windows_all_zeros(plain)) {
		*cluster = (struct cluster){CLUSTER_ZEROS, NULL, 0};
		return;
	}
	if (walk->packer)
		size = walk->packer->pack(slot->packer, plain, CLUSTER_BYTES, packed, PACKED_MAX);
	*cluster = size ? (struct cluster){CLUSTER_PACKED, packed, size}
			: (struct cluster){CLUSTER_PLAIN, plain, CLUSTER_BYTES};
}

static int windows_fill(const struct walk *walk, struct slot *slot, struct err *err)
{
	const struct image_source *source = walk->source;
	uint64_t left = source->size_bytes - slot->window.offset;
	size_t size = left < WINDOW_BYTES ? (size_t)left : WINDOW_BYTES;
	int r = source->read(source->data, slot->window.offset, slot->bytes, size, err);

	if (r < 0)
		return r;
	memset(slot->bytes + size, 0, WINDOW_BYTES - size);
	for (size_t i = 0; i < WINDOW_CLUSTERS; i++)
		windows_look_at_cluster(walk, slot, i);
	return 0;
}

static int windows_drain(const struct walk *walk, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < walk->drain.n; i++)
		r = walk->put(walk->data, &walk->drain.slots[i].window, err);
	return r;
}

/* The first job hands on the older batch, the others fill one slot of the newer batch each. */
static int windows_job(void *data, size_t index, struct err *err)
{
	const struct walk *walk = data;

	return index == 0 ? windows_drain(walk, err) : windows_fill(walk, &walk->fill.slots[index - 1], err);
}

/* Gives the slots of the batch that is to be filled the next windows that have data. */
static void windows_choose(struct walk *walk)
{
	const struct image_source *source = walk->source;
	struct batch *batch = &walk->fill;

	for (batch->n = 0; batch->n < walk->capacity && walk->next < source->size_bytes; batch->n++) {
		uint64_t data = source->next_data(source->data, walk->next), window = data - data % WINDOW_BYTES;
		uint64_t left = source->size_bytes - window;

		if (data >= source->size_bytes) {
			walk->next = source->size_bytes;
			break;
		}
		batch->slots[batch->n].window.offset = window;
		walk->next = window + (left < WINDOW_BYTES ? left : WINDOW_BYTES);
	}
}

static void windows_batch_free(const struct walk *walk, struct batch *batch)
{
	for (size_t i = 0; batch->slots && i < walk->capacity; i++) {
		struct slot *slot = &batch->slots[i];

		if (slot->packer)
			walk->packer->close(slot->packer);
		free(slot->bytes);
		free(slot->packed);
	}
	free(batch->slots);
}

static int windows_batch_new(const struct walk *walk, struct batch *batch, struct err *err)
{
	batch->slots = calloc(walk->capacity, sizeof *batch->slots);
	for (size_t i = 0; batch->slots && i < walk->capacity; i++) {
		struct slot *slot = &batch->slots[i];

		slot->bytes = aligned_alloc(4096, WINDOW_BYTES);
		slot->packed = walk->packer ? malloc(WINDOW_BYTES) : NULL;
		if (!slot->bytes || (walk->packer && !slot->packed))
			return err_no_memory(err);
		slot->packer = walk->packer ? walk->packer->open() : NULL;
	}
	return batch->slots ? 0 : err_no_memory(err);
}

static size_t windows_batch_capacity(void)
{
	size_t wanted = (size_t)pool_threads() * BATCH_PER_THREAD;

	return wanted < BATCH_MIN ? BATCH_MIN : wanted > BATCH_MAX ? BATCH_MAX : wanted;
}

int windows_walk(const struct image_source *source, const struct packer *packer, window_put *put, void *data,
		struct err *err)
{
	struct walk walk = {.source = source, .packer = packer, .put = put, .data = data};
	int r;

	walk.capacity = windows_batch_capacity();
	r = windows_batch_new(&walk, &walk.fill, err);
	if (r == 0)
		r = windows_batch_new(&walk, &walk.drain, err);
	while (r == 0) {
		struct batch filled;

		windows_choose(&walk);
		if (walk.fill.n == 0 && walk.drain.n == 0)
			break;
		r = pool_run(1 + walk.fill.n, windows_job, &walk, err);
		filled = walk.fill;
		walk.fill = walk.drain;
		walk.drain = filled;
		log_progress(walk.next >> 20, source->size_bytes >> 20, "MiB");
	}
	windows_batch_free(&walk, &walk.fill);
	windows_batch_free(&walk, &walk.drain);
	return r;
}
