#include "leak/search.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "leak/encodings.h"
#include "leak/forms.h"
#include "leak/needles.h"

enum { PASSAGE_BYTES = 1 << 20, FINDS_OF_A_PLACE = 4096, NAMES_OF_A_PLACE = 64 };

/* What a needle is one of. */
struct sought {
	const struct form *form;     /* NULL: of a value … */
	const char *name, *encoding; /* … with this name, written so */
};

/* Needles of one sort: forms' anchors are short and seldom what they look like, values are long. */
struct bundle {
	struct needle *list;
	struct sought *of;
	size_t n;
	struct needles *needles;
};

struct leak_search {
	struct arena *arena;
	struct pool *pool;           /* values, in all spellings */
	struct bundle forms, values;
};

/* --- what is looked for ---------------------------------------------------------------------------------------------- */

static void search_add(struct arena *arena, struct bundle *bundle, struct needle needle, struct sought sought)
{
	size_t n = bundle->n;

	*arena_push(arena, bundle->list, bundle->n) = needle;
	*arena_push(arena, bundle->of, n) = sought;
}

static void search_add_forms(struct leak_search *search)
{
	static const struct form *const tables[] = {form_keys, form_tokens, form_passwords};

	for (size_t t = 0; t < sizeof tables / sizeof *tables; t++)
		for (const struct form *form = tables[t]; form->name; form++)
			for (size_t a = 0; form->anchors[a]; a++) {
				size_t size = form->sizes ? form->sizes[a] : strlen(form->anchors[a]);

				search_add(search->arena, &search->forms, (struct needle){form->anchors[a], size},
					   (struct sought){.form = form});
			}
}

struct search_value {
	struct leak_search *search;
	const char *name;
};

static void search_add_value(void *data, const char *encoding, struct needle needle)
{
	struct search_value *value = data;

	search_add(value->search->arena, &value->search->values, needle, (struct sought){NULL, value->name, encoding});
}

struct leak_search *leak_search_new(bool forms, const struct leak_value *values, size_t n)
{
	struct arena *arena = arena_new();
	struct leak_search *search = arena_new_of(arena, struct leak_search);

	search->arena = arena;
	search->pool = pool_new();
	if (forms)
		search_add_forms(search);
	for (size_t i = 0; i < n; i++) {
		struct search_value value = {search, values[i].name};

		encodings_each(search->pool, values[i].data, values[i].size, search_add_value, &value);
	}
	search->forms.needles = needles_new(search->forms.list, search->forms.n);
	search->values.needles = needles_new(search->values.list, search->values.n);
	return search;
}

void leak_search_free(struct leak_search *search)
{
	if (!search)
		return;
	needles_free(search->forms.needles);
	needles_free(search->values.needles);
	pool_free(search->pool);
	arena_free(search->arena);
}

bool leak_search_has_forms(const struct leak_search *search)
{
	return search->forms.n > 0;
}

bool leak_search_has_values(const struct leak_search *search)
{
	return search->values.n > 0;
}

/* --- finds ----------------------------------------------------------------------------------------------------------- */

struct leak_finds {
	struct arena *arena;
	pthread_mutex_t lock;
	struct leak_find *all;
	size_t n;
};

struct leak_finds *leak_finds_new(void)
{
	struct arena *arena = arena_new();
	struct leak_finds *finds = arena_new_of(arena, struct leak_finds);

	finds->arena = arena;
	pthread_mutex_init(&finds->lock, NULL);
	return finds;
}

void leak_finds_free(struct leak_finds *finds)
{
	if (!finds)
		return;
	pthread_mutex_destroy(&finds->lock);
	arena_free(finds->arena);
}

void leak_note(struct leak_finds *finds, const struct leak_find *find)
{
	struct leak_find *noted;

	pthread_mutex_lock(&finds->lock);
	noted = arena_push(finds->arena, finds->all, finds->n);
	*noted = *find;
	noted->path = arena_strdup(finds->arena, find->path);
	pthread_mutex_unlock(&finds->lock);
}

static int search_by_place(const void *a, const void *b)
{
	const struct leak_find *one = a, *other = b;
	int order = strcmp(one->path, other->path);

	if (order == 0 && one->part != other->part)
		return one->part < other->part ? -1 : 1;
	if (order == 0 && one->offset == other->offset)
		return strcmp(one->form, other->form);
	return order ? order : one->offset < other->offset ? -1 : 1;
}

static bool search_is_same(const struct leak_find *one, const struct leak_find *other)
{
	return search_by_place(one, other) == 0 && strcmp(one->form, other->form) == 0 && one->name == other->name;
}

struct leak_find *leak_finds_all(struct leak_finds *finds, size_t *ret_n)
{
	size_t kept = 0;

	if (finds->n)
		qsort(finds->all, finds->n, sizeof *finds->all, search_by_place);
	for (size_t i = 0; i < finds->n; i++)
		if (kept == 0 || !search_is_same(&finds->all[i], &finds->all[kept - 1]))
			finds->all[kept++] = finds->all[i];
	*ret_n = finds->n = kept;
	return finds->all;
}

/* --- looking --------------------------------------------------------------------------------------------------------- */

/* A piece of bytes that is being looked through; by `spotted` it is told what is there. */
struct glance {
	const struct bundle *bundle;
	const char *data;
	size_t size;
	size_t from;                 /* what ends before is passed over */
	size_t end;                  /* of what was found last: what overlaps it is the same */
	bool every;                  /* … but is told, too */
	void (*spotted)(struct glance *glance, const struct sought *sought, struct form_span span);
	void *context;
};

static void search_hit(void *data, size_t index, size_t at)
{
	struct glance *glance = data;
	const struct sought *sought = &glance->bundle->of[index];
	size_t anchor = glance->bundle->list[index].size;
	const struct form_text text = {glance->data, glance->size, at, anchor};
	struct form_span span = {at, at + anchor};

	if (sought->form && !sought->form->check(&text, &span))
		return;
	if (span.end <= glance->end || span.end <= glance->from)
		return;
	if (span.start >= glance->end || glance->every)
		glance->spotted(glance, sought, span);
	glance->end = span.end;
}

static void search_glance(struct glance *glance, size_t from, size_t to)
{
	needles_find(glance->bundle->needles, glance->data, glance->size, from, to, search_hit, glance);
}

/* Whose finds go to a list. */
struct place {
	struct leak_finds *finds;
	const char *path;
	enum leak_part part;
	uint64_t offset;             /* of the piece's first byte */
	uint64_t from, to;           /* what does not begin here is not told */
	size_t told, n_names;        /* finds; and of each value one */
	const char *names[NAMES_OF_A_PLACE];
};

/* Whether the value was found here already; from now on it is. */
static bool search_is_told(struct place *place, const char *name)
{
	for (size_t i = 0; i < place->n_names; i++)
		if (place->names[i] == name)
			return true;
	if (place->n_names < NAMES_OF_A_PLACE)
		place->names[place->n_names++] = name;
	return false;
}

static void search_note(struct glance *glance, const struct sought *sought, struct form_span span)
{
	struct place *place = glance->context;
	struct leak_find find = {.path = place->path, .part = place->part, .offset = place->offset + span.start};

	if (find.offset < place->from || find.offset >= place->to)
		return;
	if (place->told > FINDS_OF_A_PLACE || (sought->name && search_is_told(place, sought->name)))
		return;
	find.form = sought->form ? sought->form->name : LEAK_VALUE;
	find.what = sought->form ? sought->form->what : sought->encoding;
	find.name = sought->name;
	find.n_bytes = span.end - span.start < LEAK_BYTES ? span.end - span.start : LEAK_BYTES;
	memcpy(find.bytes, glance->data + span.end - find.n_bytes, find.n_bytes);
	if (++place->told > FINDS_OF_A_PLACE) { /* nothing must hide behind what is excused */
		find.form = LEAK_MANY;
		find.what = "more than can be told";
		find.name = NULL;
		find.n_bytes = 0;
	}
	leak_note(place->finds, &find);
}

void leak_look(const struct leak_search *search, struct leak_finds *finds, const char *path, enum leak_part part,
	       const void *data, size_t size, size_t from)
{
	const struct bundle *const bundles[] = {&search->values, &search->forms};

	for (size_t i = 0; i < 2; i++) {
		struct place place = {.finds = finds, .path = path, .part = part, .to = UINT64_MAX};
		struct glance glance = {.bundle = bundles[i], .data = data, .size = size, .from = from, .spotted = search_note,
					.context = &place};

		search_glance(&glance, 0, size);
	}
}

static void search_see(struct glance *glance, const struct sought *sought, struct form_span span)
{
	(void)sought, (void)span;
	*(bool *)glance->context = true;
}

bool leak_is_in(const struct leak_search *search, const void *data, size_t size)
{
	bool seen = false;
	struct glance forms = {.bundle = &search->forms, .data = data, .size = size, .spotted = search_see, .context = &seen};
	struct glance values = forms;

	values.bundle = &search->values;
	search_glance(&values, 0, size);
	if (!seen)
		search_glance(&forms, 0, size);
	return seen;
}

/* Bytes that were found become NULs, which no text has. */
static void search_blank(struct glance *glance, const struct sought *sought, struct form_span span)
{
	(void)sought;
	memset((char *)glance->context + span.start, 0, span.end - span.start);
}

void leak_mask(const struct leak_search *search, const char *text, struct buf *out)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct bundle *const bundles[] = {&search->values, &search->forms};
	size_t size = strlen(text);
	char *masked = arena_strdup(arena, text);

	for (size_t i = 0; i < 2; i++) {
		struct glance glance = {.bundle = bundles[i], .data = text, .size = size, .spotted = search_blank,
					.context = masked, .every = true};

		search_glance(&glance, 0, size);
	}
	for (size_t i = 0; i < size; i++)
		if (masked[i])
			buf_add_u8(out, (uint8_t)masked[i]);
		else if (i == 0 || masked[i - 1])
			buf_puts(out, "…");
}

/* --- streams --------------------------------------------------------------------------------------------------------- */

/* In the buffer are bytes that were looked through, for what has to be seen before a find; and behind them new ones. */
struct leak_passage {
	const struct leak_search *search;
	struct place place;
	bool forms;
	size_t have, done;
	uint64_t form_end, value_end; /* of what was found last, in the stream */
	char buffer[FORM_BEHIND + FORM_AHEAD + PASSAGE_BYTES];
};

struct leak_passage *leak_passage_new(const struct leak_search *search, struct leak_finds *finds)
{
	struct leak_passage *passage = malloc(sizeof *passage);

	if (!passage) {
		fputs("aether-build: out of memory\n", stderr);
		exit(1);
	}
	passage->search = search;
	passage->place = (struct place){.finds = finds};
	return passage;
}

void leak_passage_free(struct leak_passage *passage)
{
	free(passage);
}

void leak_passage_begin(struct leak_passage *passage, const char *path, enum leak_part part, uint64_t offset)
{
	passage->place = (struct place){passage->place.finds, path, part, offset, .to = UINT64_MAX};
	passage->forms = true;
	passage->have = passage->done = 0;
	passage->form_end = passage->value_end = offset;
}

void leak_passage_limit(struct leak_passage *passage, uint64_t from, uint64_t to, bool forms)
{
	passage->place.from = from;
	passage->place.to = to;
	passage->forms = forms;
}

char *leak_passage_room(struct leak_passage *passage, size_t *ret_size)
{
	*ret_size = sizeof passage->buffer - passage->have;
	return passage->buffer + passage->have;
}

static void search_passage_look(struct leak_passage *passage, const struct bundle *bundle, size_t to, uint64_t *end)
{
	uint64_t base = passage->place.offset;
	struct glance glance = {
		.bundle = bundle, .data = passage->buffer, .size = passage->have,
		.end = *end > base ? (size_t)(*end - base) : 0,
		.spotted = search_note, .context = &passage->place,
	};

	search_glance(&glance, passage->done, to);
	*end = base + glance.end;
}

/* Looks through what begins before `to`, and keeps of that no more than is needed. */
static void search_passage_advance(struct leak_passage *passage, size_t to)
{
	size_t gone;

	search_passage_look(passage, &passage->search->values, to, &passage->value_end);
	if (passage->forms)
		search_passage_look(passage, &passage->search->forms, to, &passage->form_end);
	passage->done = to;
	gone = to > FORM_BEHIND ? to - FORM_BEHIND : 0;
	memmove(passage->buffer, passage->buffer + gone, passage->have - gone);
	passage->have -= gone;
	passage->done -= gone;
	passage->place.offset += gone;
}

void leak_passage_add(struct leak_passage *passage, size_t n)
{
	passage->have += n;
	if (passage->have == sizeof passage->buffer)
		search_passage_advance(passage, passage->have - FORM_AHEAD);
}

void leak_passage_end(struct leak_passage *passage)
{
	search_passage_advance(passage, passage->have);
}
