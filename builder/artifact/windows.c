#include "artifact/windows.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "host/pool.h"

/* Whoever reads a packed cluster unpacks all of it for any byte of it: less gain than this is not worth it. */
enum { PACKED_MAX = CLUSTER_BYTES - CLUSTER_BYTES / 16 };

/* Strips of one window: enough that threads seldom wait for each other, few enough to stay near the processor. */
enum { WINDOW_MIN = 8, WINDOW_MAX = 64, WINDOW_PER_THREAD = 4 };

/* A strip and the memory it lives in. */
struct slot {
	struct strip strip;
	uint8_t *bytes, *packed;
	void *packer;
};

struct window {
	struct slot *slots;
	size_t n; /* in use */
};

struct walk {
	const struct image_source *source;
	const struct packer *packer;
	strip_put *put;
	void *data;
	uint64_t next;                /* the disk was looked at up to here */
	size_t capacity;              /* slots of a window */
	struct window fill, drain;    /* one is read and compressed while the other, older one is handed on */
};

size_t strip_run(const struct strip *strip, size_t first)
{
	size_t end = first;

	while (end < STRIP_CLUSTERS && strip->clusters[end].state == CLUSTER_PLAIN)
		end++;
	return end - first;
}

/* One call of memcmp compares as fast as memory can be read, and stops at the first difference. */
static bool all_zeros(const uint8_t *bytes)
{
	static const uint8_t zeros[CLUSTER_BYTES];

	return memcmp(bytes, zeros, CLUSTER_BYTES) == 0;
}

static void look_at_cluster(const struct walk *walk, struct slot *slot, size_t i)
{
	struct cluster *cluster = &slot->strip.clusters[i];
	const uint8_t *plain = slot->bytes + i * CLUSTER_BYTES;
	uint8_t *packed = slot->packed + i * CLUSTER_BYTES;
	size_t size = 0;

	if (all_zeros(plain)) {
		*cluster = (struct cluster){CLUSTER_ZEROS, NULL, 0};
		return;
	}
	if (walk->packer)
		size = walk->packer->pack(slot->packer, plain, CLUSTER_BYTES, packed, PACKED_MAX);
	*cluster = size ? (struct cluster){CLUSTER_PACKED, packed, size}
			: (struct cluster){CLUSTER_PLAIN, plain, CLUSTER_BYTES};
}

static int fill(const struct walk *walk, struct slot *slot, struct err *err)
{
	const struct image_source *source = walk->source;
	uint64_t left = source->size_bytes - slot->strip.offset;
	size_t size = left < STRIP_BYTES ? (size_t)left : STRIP_BYTES;
	int r = source->read(source->data, slot->strip.offset, slot->bytes, size, err);

	if (r < 0)
		return r;
	memset(slot->bytes + size, 0, STRIP_BYTES - size);
	for (size_t i = 0; i < STRIP_CLUSTERS; i++)
		look_at_cluster(walk, slot, i);
	return 0;
}

static int drain(const struct walk *walk, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < walk->drain.n; i++)
		r = walk->put(walk->data, &walk->drain.slots[i].strip, err);
	return r;
}

/* The first job hands on the older window, the others fill one slot of the newer window each. */
static int job(void *data, size_t index, struct err *err)
{
	const struct walk *walk = data;

	return index == 0 ? drain(walk, err) : fill(walk, &walk->fill.slots[index - 1], err);
}

/* Gives the slots of the window that is to be filled the next strips that have data. */
static void choose(struct walk *walk)
{
	const struct image_source *source = walk->source;
	struct window *window = &walk->fill;

	for (window->n = 0; window->n < walk->capacity && walk->next < source->size_bytes; window->n++) {
		uint64_t data = source->next_data(source->data, walk->next), strip = data - data % STRIP_BYTES;
		uint64_t left = source->size_bytes - strip;

		if (data >= source->size_bytes) {
			walk->next = source->size_bytes;
			break;
		}
		window->slots[window->n].strip.offset = strip;
		walk->next = strip + (left < STRIP_BYTES ? left : STRIP_BYTES);
	}
}

static void window_free(const struct walk *walk, struct window *window)
{
	for (size_t i = 0; window->slots && i < walk->capacity; i++) {
		struct slot *slot = &window->slots[i];

		if (slot->packer)
			walk->packer->close(slot->packer);
		free(slot->bytes);
		free(slot->packed);
	}
	free(window->slots);
}

static int window_new(const struct walk *walk, struct window *window, struct err *err)
{
	window->slots = calloc(walk->capacity, sizeof *window->slots);
	for (size_t i = 0; window->slots && i < walk->capacity; i++) {
		struct slot *slot = &window->slots[i];

		slot->bytes = aligned_alloc(4096, STRIP_BYTES);
		slot->packed = walk->packer ? malloc(STRIP_BYTES) : NULL;
		if (!slot->bytes || (walk->packer && !slot->packed))
			return err_set(err, -ENOMEM, "out of memory");
		slot->packer = walk->packer ? walk->packer->open() : NULL;
	}
	return window->slots ? 0 : err_set(err, -ENOMEM, "out of memory");
}

static size_t window_capacity(void)
{
	size_t wanted = (size_t)pool_threads() * WINDOW_PER_THREAD;

	return wanted < WINDOW_MIN ? WINDOW_MIN : wanted > WINDOW_MAX ? WINDOW_MAX : wanted;
}

int strips_walk(const struct image_source *source, const struct packer *packer, strip_put *put, void *data,
		struct err *err)
{
	struct walk walk = {.source = source, .packer = packer, .put = put, .data = data};
	int r;

	walk.capacity = window_capacity();
	r = window_new(&walk, &walk.fill, err);
	if (r == 0)
		r = window_new(&walk, &walk.drain, err);
	while (r == 0) {
		struct window filled;

		choose(&walk);
		if (walk.fill.n == 0 && walk.drain.n == 0)
			break;
		r = pool_run(1 + walk.fill.n, job, &walk, err);
		filled = walk.fill;
		walk.fill = walk.drain;
		walk.drain = filled;
		log_progress(walk.next >> 20, source->size_bytes >> 20, "MiB");
	}
	window_free(&walk, &walk.fill);
	window_free(&walk, &walk.drain);
	return r;
}
