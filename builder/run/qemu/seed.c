#include "run/qemu/seed.h"

#include <errno.h>
#include <string.h>

#include "base/arena.h"
#include "base/file.h"
#include "edge/disc.h"

#define LABEL "cidata"

enum { FILE_BYTES_MAX = 1 << 20 };

static const struct {
	const char *name;
	bool required;
} names[] = {{"meta-data", true}, {"network-config", false}, {"user-data", true}, {"vendor-data", false}};
enum { N_NAMES = sizeof names / sizeof *names };

static int qemu_seed_write_own(const char *path, const char *folder, struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct disc_file files[N_NAMES];
	size_t n = 0;

	for (size_t i = 0; i < N_NAMES; i++) {
		const char *file = arena_printf(arena, "%s/%s", folder, names[i].name);
		struct buf text = {0};

		if (!path_exists(file) && !names[i].required)
			continue;
		if (file_read(file, FILE_BYTES_MAX, &text, err) < 0) {
			buf_free(&text);
			return err_hint(err, "--seed needs a folder with 'meta-data' and 'user-data', "
					     "and optionally 'network-config'");
		}
		files[n++] = (struct disc_file){
			names[i].name, arena_memdup(arena, text.data, text.size), text.size, false,
		};
		buf_free(&text);
	}
	return disc_write(path, LABEL, files, n, err);
}

int seed_write(const char *path, const char *hostname, const char *folder, struct err *err)
{
	static const char user[] = "#cloud-config\n";
	static const char network[] = "version: 1\n"
				      "config:\n"
				      "  - type: physical\n"
				      "    name: eth0\n"
				      "    mac_address: '52:54:00:12:34:56'\n"
				      "    subnets:\n"
				      "      - {type: dhcp4}\n";
	_cleanup_arena_ struct arena *arena = arena_new();
	const char *meta = arena_printf(arena, "instance-id: %s\nlocal-hostname: %s\n", hostname, hostname);
	const struct disc_file files[] = {
		{"meta-data", meta, strlen(meta), false}, {"network-config", network, strlen(network), false},
		{"user-data", user, strlen(user), false},
	};

	if (folder)
		return qemu_seed_write_own(path, folder, err);
	return disc_write(path, LABEL, files, sizeof files / sizeof *files, err);
}
