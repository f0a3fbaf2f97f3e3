/* What the appliance says of an image, which may have been taken over by it: entries_read(), points_read(),
 * devices_read(), newc_feed(), kind_tell(). No path that is taken leads out of where it begins, and what is shown is text
 * of one line. */
#include "base/escape.h"
#include "base/valid.h"
#include "inspect/devices.h"
#include "inspect/entries.h"
#include "inspect/kind.h"
#include "inspect/newc.h"
#include "inspect/points.h"
#include "fuzz.h"

static void check_entries(struct arena *arena, const char *text, size_t size)
{
	struct inspect_entries entries = {0};
	struct err err = {0};

	if (entries_read(arena, text, size, &entries, &err) == 0)
		for (size_t i = 0; i < entries.n; i++) {
			const struct inspect_entry *entry = &entries.items[i];

			ensure(!*entry->path || entries_path_stays(entry->path));
			ensure(!strstr(entry->path, "../") && *entry->path != '/' && entry->mode <= 07777);
			ensure((entry->type == 'l') == (entry->target != NULL) && entries_find(&entries, entry->path));
			ensure(!entry->sha256 || valid_sha256(entry->sha256));
		}
	else
		ensure(err.count);
	err_free(&err);
}

static void check_points(struct arena *arena, const char *text)
{
	size_t n;
	struct inspect_point *points = points_read(arena, text, &n);

	for (size_t i = 0; i < n; i++) {
		ensure(*points[i].folder == '/' && entries_path_stays(points[i].folder + 1));
		ensure(!*points[i].subvolume || entries_path_stays(points[i].subvolume));
	}
}

/* What a file of the archive is to have, and what came. */
struct packed {
	uint64_t size, came;
	bool open;
};

static int packed_begin(void *data, const char *name, uint64_t size, struct err *err)
{
	struct packed *packed = data;

	(void)err;
	ensure(!packed->open && strcmp(name, "TRAILER!!!") != 0);
	*packed = (struct packed){.size = size, .open = true};
	return 0;
}

static int packed_take(void *data, const void *bytes, size_t size, struct err *err)
{
	struct packed *packed = data;

	(void)bytes, (void)err;
	packed->came += size;
	ensure(packed->open && packed->came <= packed->size);
	return 0;
}

static int packed_end(void *data, struct err *err)
{
	struct packed *packed = data;

	(void)err;
	ensure(packed->open && packed->came == packed->size);
	packed->open = false;
	return 0;
}

/* In pieces of `piece` bytes: where a stream is cut makes no difference. */
static int check_packed(const uint8_t *data, size_t size, size_t piece)
{
	struct packed packed = {0};
	struct newc newc = {.begin = packed_begin, .take = packed_take, .end = packed_end, .data = &packed};
	struct err err = {0};
	int r = 0;

	for (size_t at = 0; r == 0 && at < size; at += piece)
		r = newc_feed(&newc, data + at, size - at < piece ? size - at : piece, &err);
	newc_free(&newc);
	err_free(&err);
	return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new();
	char *text = fuzz_text(data, size);
	struct inspect_device *devices;
	struct inspect_kind kind;
	struct err err = {0};
	const char *shown;
	size_t n = 0;

	check_entries(arena, text, size);
	check_points(arena, text);
	ensure(check_packed(data, size, 1) == check_packed(data, size, 4096));
	if (devices_read(arena, text, size, &devices, &n, &err) == 0)
		for (size_t i = 0; i < n; i++)
			ensure(devices_find(devices, n, devices[i].name));
	(void)kind_tell("it", data, size < KIND_HEAD_BYTES ? size : KIND_HEAD_BYTES, &kind, &err);
	shown = escape_shown(arena, text);
	ensure(valid_utf8(shown, strlen(shown)) == strlen(shown) && !strchr(shown, '\n') && !strchr(shown, 0x1b));
	err_free(&err);
	free(text);
	arena_free(arena);
	return 0;
}
