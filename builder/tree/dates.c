#include "tree/dates.h"

#include <inttypes.h>
#include <string.h>

#include "tree/keystore.h"

enum { DAY_S = 86400 };

const char *const dates_paths[] = {"/etc/shadow", "/etc/ssl/certs/java/cacerts", NULL};

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

bool dates_set(const char *path, const struct buf *old, int64_t when, struct buf *new)
{
	static bool (*const setters[])(const struct buf *, int64_t, struct buf *) = {dates_set_shadow, keystore_set_dates};

	for (size_t i = 0; dates_paths[i]; i++)
		if (strcmp(dates_paths[i], path) == 0)
			return setters[i](old, when, new);
	return false;
}
