#include "leak/stretch.h"

#include "host/pool.h"
#include "leak/forms.h"

/* What one job reads, and what it reads before and behind that: whatever is cut there is seen by one of two neighbours. */
#define STRETCH_BYTES (32ULL << 20)
enum { STRETCH_HOLE = 64 << 10 };

struct stretch {
	struct leak_stretch bytes;
	bool forms;
};

struct stretches {
	const struct leak_search *search;
	const struct leak_disk *disk;
	const char *path;
	struct leak_finds *finds;
	struct arena *arena;
	struct stretch *all;
	size_t n;
};

static void stretch_add(struct stretches *stretches, uint64_t from, uint64_t to, bool forms)
{
	for (uint64_t next; from < to; from = next) {
		next = to - from < STRETCH_BYTES ? to : from + STRETCH_BYTES;
		*arena_push(stretches->arena, stretches->all, stretches->n) = (struct stretch){{from, next}, forms};
	}
}

/* Moves over what is zeros anyway: what comes behind is another text. */
static int stretch_skip(const struct stretches *s, void *reader, const struct stretch *stretch, struct leak_passage *passage,
			uint64_t *at, struct err *err)
{
	uint64_t next = *at;
	int r = s->disk->next(reader, *at, &next, err);

	if (r < 0 || next - *at < STRETCH_HOLE)
		return r;
	leak_passage_end(passage);
	leak_passage_begin(passage, s->path, LEAK_CONTENT, next);
	leak_passage_limit(passage, stretch->bytes.from, stretch->bytes.to, stretch->forms);
	*at = next;
	return 0;
}

static int stretch_read(const struct stretches *s, void *reader, const struct stretch *stretch, struct leak_passage *passage,
			struct err *err)
{
	uint64_t at = stretch->bytes.from > FORM_BEHIND ? stretch->bytes.from - FORM_BEHIND : 0;
	uint64_t end = s->disk->size - stretch->bytes.to > FORM_AHEAD ? stretch->bytes.to + FORM_AHEAD : s->disk->size;
	int r = 0;

	leak_passage_begin(passage, s->path, LEAK_CONTENT, at);
	leak_passage_limit(passage, stretch->bytes.from, stretch->bytes.to, stretch->forms);
	while (r == 0 && at < end) {
		size_t room;
		char *to;

		r = stretch_skip(s, reader, stretch, passage, &at, err);
		if (r < 0 || at >= end)
			break;
		to = leak_passage_room(passage, &room);
		room = end - at < room ? (size_t)(end - at) : room;
		r = s->disk->read(reader, at, to, room, err);
		leak_passage_add(passage, r == 0 ? room : 0);
		at += room;
	}
	leak_passage_end(passage);
	return r;
}

static int stretch_do_job(void *data, size_t index, struct err *err)
{
	const struct stretches *s = data;
	struct leak_passage *passage = leak_passage_new(s->search, s->finds);
	void *reader;
	int r = s->disk->open(s->disk->data, &reader, err);

	if (r == 0) {
		r = stretch_read(s, reader, &s->all[index], passage, err);
		s->disk->close(reader);
	}
	leak_passage_free(passage);
	return r;
}

int leak_stretches(const struct leak_search *search, const struct leak_disk *disk, const char *path, struct leak_finds *finds,
		   struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct stretches stretches = {search, disk, path, finds, arena, NULL, 0};

	stretch_add(&stretches, 0, disk->files.from, true);
	if (leak_search_has_values(search))
		stretch_add(&stretches, disk->files.from, disk->files.to, false);
	stretch_add(&stretches, disk->files.to, disk->size, true);
	return pool_run(stretches.n, stretch_do_job, &stretches, err);
}
