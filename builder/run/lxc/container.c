#include "run/lxc/container.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "host/signals.h"
#include "host/subids.h"

/* Container ids go from 0 to this. */
enum { IDS = 65536, QUESTION_MS = 10000, OFF_MS = 60000, UNPACK_S = 600 };

/* Where the container's own user, which is nobody here, may look for its tree: folders above a cache may be closed to it.
 * */
static const char ROOT_PLACE[] = "/mnt";
#define TEMPLATE "template"

static const char CGROUPS[] = "/sys/fs/cgroup";

/* --- what it is made of ---------------------------------------------------------------------------------------------- */

static int lxc_container_no_program(int r, struct err *err)
{
	return r == -ENOENT ? err_hint(err, "install the packages 'lxc' and 'zstd'") : r;
}

/* Where the ids begin that root may give away, in both files at the same number; 0 when it has none. */
static unsigned long lxc_container_find_ids(void)
{
	const struct subids ids = subids_find("root", "0", IDS);

	return ids.uids == ids.gids ? ids.uids : 0;
}

/* Mounts that only we see; the folder of the container is at ROOT_PLACE, with the template in it. */
static int lxc_container_own_mounts(const struct container *container, struct err *err)
{
	const char *template = arena_printf(container->arena, "%s/" TEMPLATE, ROOT_PLACE);
	int r;

	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return err_sys(err, -errno, "cannot make a mount namespace");
	if (mount(container->place.folder, ROOT_PLACE, NULL, MS_BIND, NULL) < 0)
		return err_sys(err, -errno, "cannot mount the container's folder");
	if (chmod(ROOT_PLACE, 0755) < 0)
		return err_sys(err, -errno, "cannot give the container's user access to its folder");
	r = file_write(template, "", 0, 0644, err);
	if (r < 0)
		return r;
	if (mount(container->spec->target->image, template, NULL, MS_BIND, NULL) < 0)
		return err_sys(err, -errno, "cannot mount the template");
	return 0;
}

/* systemd wants cgroup2. Where a host has both, it gets a view with that alone, and a cgroup there for all that is ours.
 * */
static int lxc_container_own_cgroups(struct container *container, struct err *err)
{
	const char *path = arena_printf(container->arena, "%s/aether-%d", CGROUPS, (int)getpid());
	struct statfs fs;

	if (statfs(CGROUPS, &fs) == 0 && (unsigned long)fs.f_type == CGROUP2_SUPER_MAGIC)
		return 0;
	if (mount("none", CGROUPS, "cgroup2", 0, NULL) < 0)
		return err_sys(err, -errno, "cannot mount cgroup2");
	if (mkdir(path, 0755) < 0)
		return err_sys(err, -errno, "cannot make the cgroup '%s'", path);
	container->cgroup = path;
	return 0;
}

static const char *lxc_container_tar_filter(const char *template)
{
	return text_has_suffix(template, ".gz") ? "--gzip" : text_has_suffix(template, ".xz") ? "--xz" : "--zstd";
}

/* Exactly Proxmox's options (PVE::LXC::Create), from inside the user namespace that the container will have. */
static int lxc_container_unpack(const struct container *container, struct err *err)
{
	const char *tree = arena_printf(container->arena, "%s/root", ROOT_PLACE);
	const char *template = arena_printf(container->arena, "%s/" TEMPLATE, ROOT_PLACE);
	const char *map = arena_printf(container->arena, "b:0:%lu:%d", container->first_id, IDS);
	const char *const argv[] = {
		"lxc-usernsexec", "-m", map, "--", "tar", "xpf", template,
		lxc_container_tar_filter(container->spec->target->image), "--one-file-system", "-p", "--sparse",
		"--numeric-owner", "--acls", "--xattrs", "--xattrs-include=user.*",
		"--xattrs-include=security.capability", "--warning=no-file-ignored", "--warning=no-xattr-write", "-C",
		tree, "--skip-old-files", "--anchored", "--exclude", "./dev/*", NULL,
	};
	const struct proc proc = {.argv = container->first_id ? argv : argv + 4, .deadline_s = UNPACK_S};

	if (mkdir(tree, 0755) < 0 || chown(tree, (uid_t)container->first_id, (gid_t)container->first_id) < 0)
		return err_sys(err, -errno, "cannot make the container's tree");
	return lxc_container_no_program(proc_check(&proc, err), err);
}

/* Each path of `state` is a mount point, as on a hypervisor. */
static int lxc_container_put_state(const struct container *container, struct buf *text, struct err *err)
{
	const struct strv *state = &container->spec->target->state;
	int r;

	for (size_t i = 0; i < state->count; i++) {
		const char *folder = arena_printf(container->arena, "%s/state/%zu", ROOT_PLACE, i);

		r = folder_make(folder, 0755, err);
		if (r < 0)
			return r;
		if (chown(folder, (uid_t)container->first_id, (gid_t)container->first_id) < 0)
			return err_sys(err, -errno, "cannot change the owner of '%s'", folder);
		buf_printf(text, "lxc.mount.entry = %s %s none bind,create=dir 0 0\n", folder, state->items[i] + 1);
	}
	return 0;
}

static int lxc_container_write_config(const struct container *container, struct err *err)
{
	static const char always[] = "lxc.arch = amd64\n"
				     "lxc.autodev = 1\n"
				     "lxc.apparmor.profile = unconfined\n"
				     "lxc.mount.auto = proc:mixed sys:mixed cgroup:rw:force\n"
				     "lxc.cap.drop = mac_admin mac_override sys_time sys_module sys_rawio\n"
				     "lxc.tty.max = 2\n"
				     "lxc.pty.max = 1024\n"
				     "lxc.signal.halt = SIGRTMIN+3\n"
				     "lxc.net.0.type = empty\n";
	_cleanup_buf_ struct buf text = {0};
	int r;

	buf_puts(&text, always);
	buf_printf(&text, "lxc.uts.name = %s\nlxc.rootfs.path = dir:%s/root\n", container->spec->target->name, ROOT_PLACE);
	if (container->first_id)
		buf_printf(&text, "lxc.idmap = u 0 %lu %d\nlxc.idmap = g 0 %lu %d\n", container->first_id, IDS,
			   container->first_id, IDS);
	r = lxc_container_put_state(container, &text, err);
	if (r < 0)
		return r;
	return file_write(workdir_path(&container->place, container->arena, "config"), text.data, text.size, 0644, err);
}

/* --- its life -------------------------------------------------------------------------------------------------------- */

struct child {
	const char *cgroup_procs;    /* or NULL */
	bool own_group;
};

static int lxc_container_prepare(void *data)
{
	const struct child *what = data;
	int fd;

	if (what->own_group && setpgid(0, 0) < 0)
		return -errno;
	if (!what->cgroup_procs)
		return 0;
	fd = open(what->cgroup_procs, O_WRONLY | O_CLOEXEC);
	return fd < 0 || write(fd, "0", 1) != 1 ? -errno : 0;
}

static const char *lxc_container_path_of(const struct container *container, const char *name)
{
	return workdir_path(&container->place, container->arena, name);
}

static int lxc_container_launch(struct container *container, struct err *err)
{
	bool console = container->spec->console;
	const char *argv[] = {
		"lxc-start", "-F",
		"-n",	     container->spec->target->name,
		"-P",	     container->place.folder,
		"-f",	     lxc_container_path_of(container, "config"),
		"-l",	     "INFO",
		"-o",	     lxc_container_path_of(container, "lxc.log"),
		NULL,
	};
	struct child child = {container->cgroup ? arena_printf(container->arena, "%s/cgroup.procs", container->cgroup) : NULL,
			      !console};
	_cleanup_fd_ int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	_cleanup_fd_ int out =
		open(lxc_container_path_of(container, "console"), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	const int streams[3] = {console ? 0 : null, console ? 1 : out, console ? 2 : out};

	if (null < 0 || out < 0)
		return err_sys(err, -errno, "cannot write the container's console");
	return lxc_container_no_program(
		proc_launch(&(struct proc){.argv = argv, .prepare = lxc_container_prepare, .prepare_data = &child},
			    streams, &container->lxc, err),
		err);
}

int container_start(struct arena *arena, const struct container_spec *spec, struct container *container, struct err *err)
{
	int r;

	*container = (struct container){
		.arena = arena, .spec = spec, .place.fd = -1, .lxc.alive = -1, .first_id = lxc_container_find_ids()};
	if (geteuid() != 0) {
		err_set(err, -EPERM, "only root can start a container");
		return err_hint(err, "use sudo, or start a virtual machine with --kind vm if the recipe supports it");
	}
	r = workdir_make(arena, spec->cache, spec->target->name, spec->keep, &container->place, err);
	if (r == 0)
		r = lxc_container_own_mounts(container, err);
	if (r == 0)
		r = lxc_container_own_cgroups(container, err);
	log_step("unpacking the template");
	if (r == 0)
		r = lxc_container_unpack(container, err);
	log_step(NULL);
	if (r == 0)
		r = lxc_container_write_config(container, err);
	return r == 0 ? lxc_container_launch(container, err) : r;
}

static bool lxc_container_has_ended(const struct container *container)
{
	return signals_wait(container->lxc.alive, POLLIN, 0) == 1;
}

static int lxc_container_attach(struct container *container, struct arena *arena, const char *const *argv,
				uint64_t timeout_ms, struct buf *out, struct buf *diagnostics, struct err *err)
{
	const char *const before[] = {"lxc-attach", "-n", container->spec->target->name, "-P", container->place.folder,
				      "--clear-env"};
	const char **all = NULL;
	size_t n = 0;

	for (size_t i = 0; i < sizeof before / sizeof *before; i++)
		*arena_push(arena, all, n) = before[i];
	for (size_t i = 0; guest_env[i]; i++) {
		*arena_push(arena, all, n) = "-v";
		*arena_push(arena, all, n) = guest_env[i];
	}
	*arena_push(arena, all, n) = "--";
	for (; *argv; argv++)
		*arena_push(arena, all, n) = *argv;
	*arena_push(arena, all, n) = NULL;
	return proc_run(&(struct proc){.argv = all, .output = out, .diagnostics = diagnostics,
				       .deadline_s = (unsigned)(timeout_ms / 1000) + 60}, err);
}

int container_wait(struct container *container, int64_t deadline_ms, struct err *err)
{
	static const char *const argv[] = {"/usr/bin/systemctl", "show-environment", NULL};
	const char *log;
	int r;

	while (!lxc_container_has_ended(container) && clock_ms() < deadline_ms) {
		_cleanup_arena_ struct arena *arena = arena_new();
		_cleanup_buf_ struct buf out = {0}, diagnostics = {0};

		r = lxc_container_attach(container, arena, argv, QUESTION_MS, &out, &diagnostics, err);
		if (r <= 0)
			return r;
		if (signals_wait(-1, 0, clock_ms() + 300) < 0)
			return err_set(err, -EINTR, "stopped");
	}
	log = guest_tail(container->arena,
			 lxc_container_path_of(container, lxc_container_has_ended(container) ? "lxc.log" : "console"));
	r = lxc_container_has_ended(container) ? err_set(err, -ECHILD, "the container has ended")
					       : err_set(err, -ETIME, "the container did not come up in time");
	if (*log)
		err_wrap(err, "| %s", log);
	return r;
}

int container_wait_off(struct container *container)
{
	int r;

	while ((r = signals_wait(container->lxc.alive, POLLIN, clock_ms() + 3600000)) == 0)
		;
	return r < 0 ? r : 0;
}

static void lxc_container_stop(struct container *container, const char *how, const char *value)
{
	const char *argv[] = {
		"lxc-stop", "-n", container->spec->target->name, "-P", container->place.folder, how, value, NULL,
	};
	struct err ignored = {0};

	proc_run(&(struct proc){.argv = argv, .deadline_s = OFF_MS / 1000 + 10}, &ignored);
	err_free(&ignored);
}

void container_power_off(struct container *container)
{
	if (container->lxc.pid <= 0 || lxc_container_has_ended(container))
		return;
	log_step("halting");
	lxc_container_stop(container, "-t", "60");
	signals_wait(container->lxc.alive, POLLIN, clock_ms() + QUESTION_MS);
	log_step(NULL);
}

/* A cgroup goes when those in it have gone: its folders can be removed then, and its files cannot at all. LXC leaves one
 * more. */
static void lxc_container_remove_cgroup(struct container *container)
{
	const char *argv[] = {"find", container->cgroup, "-depth", "-type", "d", "-exec", "rmdir", "{}", "+", NULL};
	struct err ignored = {0};
	int status = 1;

	for (int i = 0; i < 20 && status != 0 && path_exists(container->cgroup); i++) {
		status = proc_run(&(struct proc){.argv = argv, .deadline_s = 10}, &ignored);
		if (status != 0)
			signals_wait(-1, 0, clock_ms() + 100);
	}
	rmdir(arena_printf(container->arena, "%s/lxc.pivot", CGROUPS));
	err_free(&ignored);
}

void container_close(struct container *container)
{
	/* The container's own processes are not children of lxc-start's that die with it. */
	if (container->lxc.pid > 0 && !lxc_container_has_ended(container))
		lxc_container_stop(container, "-k", NULL);
	proc_kill(&container->lxc);
	if (container->cgroup)
		lxc_container_remove_cgroup(container);
	if (container->place.folder)
		umount2(ROOT_PLACE, MNT_DETACH);
	workdir_close(&container->place);
}

/* --- as a guest ------------------------------------------------------------------------------------------------------ */

static int lxc_container_run_command(void *data, struct arena *arena, const char *const *argv, uint64_t timeout_ms,
				     struct guest_said *ret_said, struct err *err)
{
	struct container *container = data;
	_cleanup_buf_ struct buf out = {0}, diagnostics = {0};
	int64_t started_ms = clock_ms();
	struct guest_said said = {0};
	int status = lxc_container_attach(container, arena, guest_limited(arena, argv, timeout_ms), timeout_ms, &out,
					  &diagnostics, err);

	if (status < 0)
		return lxc_container_no_program(status, err);
	if (signals_wait(-1, 0, 0) < 0)
		return err_set(err, -EINTR, "stopped");
	if (lxc_container_has_ended(container))
		return err_set(err, -ECHILD, "the container has ended");
	said.out = arena_strndup(arena, out.data ? out.data : "", out.size);
	said.out_size = out.size;
	said.diagnostics = arena_strndup(arena, diagnostics.data ? diagnostics.data : "", diagnostics.size);
	guest_judge(&said, status, (uint64_t)(clock_ms() - started_ms), timeout_ms);
	*ret_said = said;
	return 0;
}

static const char *lxc_container_console(void *data, struct arena *arena)
{
	const struct container *container = data;

	return guest_tail(arena, workdir_path(&container->place, arena, "console"));
}

struct guest container_guest(struct container *container)
{
	return (struct guest){container, lxc_container_run_command, lxc_container_console};
}

struct strv container_shell(struct arena *arena, const struct container *container)
{
	struct strv words = {0};

	strv_push(arena, &words, "lxc-attach");
	strv_push(arena, &words, "-n");
	strv_push(arena, &words, container->spec->target->name);
	strv_push(arena, &words, "-P");
	strv_push(arena, &words, container->place.folder);
	return words;
}
