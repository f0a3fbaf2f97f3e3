#include "host/userns.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/file.h"
#include "host/proc.h"
#include "host/subids.h"

enum { IDS_NEEDED = 65535 }; /* 1…65535; 0 is the user */

static int userns_no_range(const char *user, struct err *err)
{
	err_set(err, -EPERM, "user '%s' has no range of 65536 subordinate ids, which building without root needs", user);
	return err_hint(err, "add the line '%s:100000:65536' to /etc/subuid and the same line to /etc/subgid "
			     "(with numbers that no other user has)", user);
}

static int userns_find_ranges(struct subids *ranges, struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct passwd *user = getpwuid(getuid());
	const char *uid = arena_printf(arena, "%u", (unsigned)getuid()), *name = user ? user->pw_name : uid;

	*ranges = subids_find(name, uid, IDS_NEEDED);
	return ranges->uids && ranges->gids ? 0 : userns_no_range(name, err);
}

/* Writes the map of `pid`: its id 0 is us, the rest comes from the user's subordinate ids. */
static int userns_write_map(const char *tool, pid_t pid, unsigned long self, unsigned long start, struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const char *argv[] = {
		tool, arena_printf(arena, "%d", (int)pid),
		"0", arena_printf(arena, "%lu", self), "1",
		"1", arena_printf(arena, "%lu", start), arena_printf(arena, "%d", IDS_NEEDED), NULL,
	};
	int r = proc_check(&(struct proc){.argv = argv, .deadline_s = 30}, err);

	if (r == -ENOENT)
		err_hint(err, "install the package 'uidmap'");
	return r;
}

/* Runs in a forked helper that stays outside: waits for the namespace to exist, then maps its ids. */
static _Noreturn void userns_map_from_outside(pid_t pid, int go_fd, const struct subids *ranges)
{
	struct err err = {0};
	char byte;

	if (read(go_fd, &byte, 1) != 1)
		_exit(1);
	if (userns_write_map("newuidmap", pid, getuid(), ranges->uids, &err) < 0 ||
	    userns_write_map("newgidmap", pid, getgid(), ranges->gids, &err) < 0) {
		err_print(&err, stderr);
		_exit(1);
	}
	_exit(0);
}

static int userns_enter_user_namespace(struct err *err)
{
	pid_t self = getpid(), helper;
	struct subids ranges;
	int go[2], status = 0, r = userns_find_ranges(&ranges, err);

	if (r < 0)
		return r;
	if (pipe2(go, O_CLOEXEC) < 0)
		return err_sys(err, -errno, "cannot make a pipe");
	helper = fork();
	if (helper == 0) {
		close(go[1]);
		userns_map_from_outside(self, go[0], &ranges);
	}
	close(go[0]);
	if (helper < 0)
		r = err_sys(err, -errno, "cannot fork");
	else if (unshare(CLONE_NEWUSER) < 0) {
		r = err_sys(err, -errno, "cannot make a user namespace");
		err_hint(err, "allow them with 'sysctl kernel.unprivileged_userns_clone=1 user.max_user_namespaces=15000' "
			      "(and on Ubuntu kernel.apparmor_restrict_unprivileged_userns=0), or build as root");
	} else if (write(go[1], "", 1) != 1)
		r = err_sys(err, -errno, "cannot start the id mapping");
	close(go[1]);
	if (helper > 0)
		while (waitpid(helper, &status, 0) < 0 && errno == EINTR)
			;
	if (r == 0 && status != 0) {
		r = err_set(err, -EPERM, "cannot map ids into the user namespace (see the message above)");
		err_hint(err, "correct this, or build as root");
	}
	if (r == 0 && (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0))
		r = err_sys(err, -errno, "cannot become root in the user namespace");
	return r;
}

static bool userns_entered;

bool userns_is_entered(void)
{
	return userns_entered;
}

int userns_enter(struct err *err)
{
	int r = 0;

	umask(022); /* modes in trees and artifacts must not depend on who builds */
	if (geteuid() != 0 || getenv("AETHER_ROOTLESS")) {
		r = userns_enter_user_namespace(err);
		userns_entered = r == 0;
	}
	if (r == 0 && unshare(CLONE_NEWNS) < 0)
		r = err_sys(err, -errno, "cannot make a mount namespace");
	if (r == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		r = err_sys(err, -errno, "cannot make the mount namespace private");
	return r;
}
