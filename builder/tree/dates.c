#include "tree/dates.h"

#include <inttypes.h>
#include <string.h>

#include "tree/keystore.h"

enum { DAY_S = 86400 };

/* The third field of shadow(5) is the day of the last change. */
static bool dates_set_shadow(const struct buf *old, int64_t when, struct buf *new)
{
	for (const char *line = old->size ? old->data : ""; *line;) {
		size_t length = strcspn(line, "\n"), name = strcspn(line, ":\n");
		size_t password = line[name] == ':' ? strcspn(line + name + 1, ":\n") : 0, day = name + 1 + password;

		if (line[name] == ':' && line[day] == ':') {
			size_t rest = day + 1 + strcspn(line + day + 1, ":\n");

			buf_printf(new, "%.*s:%" PRId64 "%.*s\n", (int)day, line, when / DAY_S, (int)(length - rest),
				   line + rest);
		} else {
			buf_printf(new, "%.*s\n", (int)length, line);
		}
		line += length + (line[length] == '\n');
	}
	return true;
}

static const struct dated {
	const char *path;
	bool (*set)(const struct buf *old, int64_t when, struct buf *new);
} dated[] = {
	{"/etc/shadow", dates_set_shadow},
	{"/etc/ssl/certs/java/cacerts", keystore_set_dates},
};
enum { N_DATED = sizeof dated / sizeof *dated };

static const struct dated *dates_find(const char *path)
{
	for (size_t i = 0; i < N_DATED; i++)
		if (strcmp(dated[i].path, path) == 0)
			return &dated[i];
	return NULL;
}

const char *dates_path(size_t i)
{
	return i < N_DATED ? dated[i].path : NULL;
}

bool dates_has(const char *path)
{
	return dates_find(path) != NULL;
}

bool dates_set(const char *path, const struct buf *old, int64_t when, struct buf *new)
{
	const struct dated *file = dates_find(path);

	return file && file->set(old, when, new);
}
