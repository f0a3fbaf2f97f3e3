#include <check.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "edge/digest.h"
#include "shelf/publish.h"
#include "shelves.h"

int shelves_draw(struct arena *arena, const char *folder, const char *key, size_t size,
		 struct manifest *ret_manifest, struct err *err)
{
	char *bytes = arena_alloc(arena, size), *sha256 = arena_alloc(arena, SHA256_HEX);
	const char *path = arena_printf(arena, "%s/gateway.qcow2", folder);

	snprintf(bytes, size, "%s", key);
	sha256_hex_of(bytes, size, sha256);
	*ret_manifest = (struct manifest){
		.tool = "aether-build", .tool_version = "0", .name = "gateway", .kind = "vm", .key = key,
		.image = {"gateway.qcow2", "qcow2", "none", size, size, sha256},
	};
	return file_publish(path, bytes, size, 0444, err);
}

int shelves_publish(struct arena *arena, const char *out, const char *key, size_t size, const char **ret_path,
		    struct err *err)
{
	struct publish_draft draft;
	struct manifest manifest;
	int r = publish_begin(out, "gateway", &draft, err);

	if (r < 0)
		return r;
	r = shelves_draw(arena, draft.folder, key, size, &manifest, err);
	if (r == 0)
		return publish_commit(arena, &draft, &manifest, ret_path, err);
	publish_abandon(&draft);
	return r;
}

const char *shelves_published(struct arena *arena, const char *out, const char *key)
{
	const char *path = NULL;
	struct err err = {0};

	if (shelves_publish(arena, out, key, 100000, &path, &err) < 0) {
		err_print(&err, stderr);
		ck_abort_msg("publishing %s", key);
	}
	return path;
}

unsigned shelves_are_whole(const char *out)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	unsigned newest = publish_newest(arena_printf(arena, "%s/gateway", out)), n = 0;

	for (unsigned i = 1; i <= newest; i++) {
		const char *folder = arena_printf(arena, "%s/gateway/%u", out, i);
		_cleanup_buf_ struct buf text = {0};
		struct manifest *manifest;
		struct err err = {0};
		char sha256[SHA256_HEX];

		if (!path_exists(folder))
			continue;
		n++;
		ck_assert_int_eq(file_read(arena_printf(arena, "%s/manifest.json", folder), 1 << 20, &text, &err), 0);
		ck_assert_int_eq(manifest_read(arena, folder, text.data, text.size, &manifest, &err), 0);
		ck_assert_int_eq(sha256_file(arena_printf(arena, "%s/gateway.qcow2", folder), sha256, NULL, &err), 0);
		ck_assert_str_eq(sha256, manifest->image.sha256);
	}
	return n;
}

int64_t shelves_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static void write_file(const char *path, const char *text)
{
	_cleanup_fd_ int fd = open(path, O_WRONLY | O_CLOEXEC);

	ck_assert_int_eq(fd_write_all(fd, text, strlen(text)), 0);
}

/* In a mount namespace of this test's own process; whoever is not root becomes root of a user namespace first, which
 * needs no subordinate ids for one user. */
void shelves_mount(const char *folder, const char *options)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	unsigned uid = geteuid(), gid = getegid();

	ck_assert_int_eq(mkdir(folder, 0755), 0);
	ck_assert_int_eq(unshare(CLONE_NEWNS | (uid ? CLONE_NEWUSER : 0)), 0);
	if (uid) {
		write_file("/proc/self/setgroups", "deny");
		write_file("/proc/self/uid_map", arena_printf(arena, "0 %u 1", uid));
		write_file("/proc/self/gid_map", arena_printf(arena, "0 %u 1", gid));
	}
	ck_assert_int_eq(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	ck_assert_int_eq(mount("none", folder, "tmpfs", 0, options), 0);
}
