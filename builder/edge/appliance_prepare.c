/* What the appliance starts: a kernel, an initrd and a root, made of this host's packages by supermin, as the library would. It
 * makes them where it starts, which in a user namespace is too late. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "edge/appliance_common.h"
#include "edge/appliance_wire.h"
#include "host/proc.h"

/* A folder with a file of this name has an appliance for the library, and nothing is made
 * (libguestfs-make-fixed-appliance(1)). */
static const char FIXED[] = "README.fixed", FIXED_TEXT[] = "aether-build has made this. It is made anew when it is missing.\n";

const char *appliance_made(struct arena *arena, const char *kept)
{
	return arena_printf(arena, "%s/made", kept);
}

bool appliance_is_made(const char *kept)
{
	_cleanup_arena_ struct arena *arena = arena_new();

	return path_exists(arena_printf(arena, "%s/%s", appliance_made(arena, kept), FIXED));
}

const char *appliance_source(struct appliance *appliance)
{
	const char *path = appliance->guestfs.get_path(appliance->handle);
	char *rest = arena_strdup(appliance->arena, path), *place;

	while (rest && (place = strsep(&rest, ":"))) {
		const char *source = arena_printf(appliance->arena, "%s/supermin.d", place);

		if (path_exists(source))
			return source;
	}
	return NULL;
}

int appliance_prepare_child(const struct appliance_start *start, struct err *err)
{
	struct appliance appliance;
	int r = appliance_open(&appliance, start->library, err);
	const char *source = r == 0 ? appliance_source(&appliance) : NULL;

	if (source) {
		struct arena *arena = appliance.arena;
		const char *made = appliance_made(arena, start->kept), *readme = arena_printf(arena, "%s/%s", made, FIXED);
		const char *const argv[] = {
			"supermin", "--build", "--if-newer", "--lock", arena_printf(arena, "%s/lock", start->kept),
			"--copy-kernel", "-f", "ext2", "--host-cpu", "x86_64", source, "-o", made, NULL,
		};
		const char *const env[] = {
			"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8",
			arena_printf(arena, "TMPDIR=%s", start->folder), NULL,
		};

		r = proc_check(&(struct proc){.argv = argv, .env = env}, err);
		if (r == 0 && !path_exists(readme))
			r = file_publish(readme, FIXED_TEXT, strlen(FIXED_TEXT), 0644, err);
		if (r < 0)
			err_wrap(err, "while making libguestfs's appliance");
	}
	appliance_close(&appliance);
	return r;
}
