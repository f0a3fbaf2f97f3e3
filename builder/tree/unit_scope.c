#include "tree/unit_scope.h"

#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#include "plan/plan.h"

static const char *const system_folders[] = {"/etc/systemd/system", "/usr/local/lib/systemd/system", "/usr/lib/systemd/system",
					     NULL};
static const char *const system_generators[] = {"/etc/systemd/system-generators", "/usr/local/lib/systemd/system-generators",
						"/usr/lib/systemd/system-generators", NULL};
/* The first is for the recipe's own. */
static const char *const user_folders[] = {NULL, "/etc/systemd/user", "/usr/local/share/systemd/user",
					   "/usr/share/systemd/user", "/usr/local/lib/systemd/user", "/usr/lib/systemd/user",
					   NULL};
static const char *const user_generators[] = {"/etc/systemd/user-generators", "/usr/local/lib/systemd/user-generators",
					      "/usr/lib/systemd/user-generators", NULL};
enum { N_USER_FOLDERS = sizeof user_folders / sizeof *user_folders };

const struct unit_scope unit_scope_system = {NULL, 0, "/etc/systemd/system", system_folders, system_generators};

struct unit_scope unit_scope_of_user(struct arena *arena, const char *user, int64_t uid)
{
	const char **folders = arena_array(arena, const char *, N_USER_FOLDERS);

	memcpy(folders, user_folders, sizeof user_folders);
	folders[0] = arena_printf(arena, USER_UNITS "/%" PRId64, uid);
	return (struct unit_scope){user, uid, folders[0], folders, user_generators};
}
