/* Time zones: files of tzfile(5) below /usr/share/zoneinfo. */
#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/file.h"
#include "tree/inside.h"
#include "tree/name.h"

#define ZONES "/usr/share/zoneinfo/"

struct name_zones {
	const struct step *step;
	struct arena *arena;
	struct strv zones, places;   /* whole names, and their last parts */
};

static bool name_zone_is_one(const struct step *step, struct arena *arena, const char *zone)
{
	_cleanup_fd_ int fd = root_open(step->root_fd, arena_printf(arena, ZONES "%s", zone), O_RDONLY | O_NONBLOCK, 0);
	char magic[4];

	return fd >= 0 && pread(fd, magic, sizeof magic, 0) == sizeof magic && memcmp(magic, "TZif", sizeof magic) == 0;
}

/* posix/ and right/ have all of them once more, right/ with leap seconds. */
static int name_zone_note(void *data, int folder_fd, const char *path, const char *name, unsigned char type, struct err *err)
{
	struct name_zones *known = data;

	(void)folder_fd;
	if (type == DT_DIR)
		return strcmp(name, "posix") == 0 || strcmp(name, "right") == 0
			       ? 0
			       : inside_each(known->step->root_fd, path, name_zone_note, known, err);
	if (!name_zone_is_one(known->step, known->arena, path + sizeof ZONES - 1))
		return 0;
	strv_push(known->arena, &known->zones, path + sizeof ZONES - 1);
	strv_push(known->arena, &known->places, name);
	return 0;
}

/* A zone is often written as its place alone, or in small letters. */
static const char *name_zone_nearest(const struct name_zones *known, const char *zone)
{
	const char *near = text_nearest(zone, known->zones.items, known->zones.count);

	for (size_t i = 0; i < known->zones.count; i++)
		if (strcasecmp(known->zones.items[i], zone) == 0 || strcasecmp(known->places.items[i], path_last(zone)) == 0)
			return known->zones.items[i];
	if (near)
		return near;
	near = text_nearest(path_last(zone), known->places.items, known->places.count);
	for (size_t i = 0; near && i < known->places.count; i++)
		if (known->places.items[i] == near)
			return known->zones.items[i];
	return NULL;
}

void name_ask_zone(const struct step *step, struct arena *arena, const struct name *name, struct err *err)
{
	struct name_zones known = {.step = step, .arena = arena};
	struct err ignored = {0};

	if (name_zone_is_one(step, arena, name->text))
		return;
	inside_each(step->root_fd, "/usr/share/zoneinfo", name_zone_note, &known, &ignored);
	err_free(&ignored);
	name_missing(name, name_zone_nearest(&known, name->text),
		     "write a name like Europe/Berlin; old names, like US/Eastern, are in the package 'tzdata-legacy'", err,
		     "the image has no time zone '%s'", name->text);
}
