#include "host/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/file.h"

enum { BUSY_MS = 10000, BUSY_STEP_US = 5000 };

#if defined __x86_64__
enum { NATIVE_ARCH = (int)AUDIT_ARCH_X86_64 };
#elif defined __aarch64__
enum { NATIVE_ARCH = (int)AUDIT_ARCH_AARCH64 };
#else
#error "name this architecture's AUDIT_ARCH"
#endif

/* Syscalls that make data durable: the tree is thrown away when the build fails, so they only cost time. */
static int sandbox_silence_syncs(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NATIVE_ARCH, 0, 6), /* the numbers below are this one's */
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_fsync, 5, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_fdatasync, 4, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_sync, 3, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_syncfs, 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_sync_file_range, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO),
	};
	struct sock_fprog program = {.len = sizeof filter / sizeof *filter, .filter = filter};

	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0 ? -errno : 0;
}

/* What root may still do: install packages. Not: make or open devices, mount, load modules, set the clock, read the kernel's
 * log, reach files by handle. In a user namespace that is so anyway; without one, this is what protects the host. */
static int sandbox_drop_capabilities(bool network_admin)
{
	static const unsigned kept[] = {
		CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_FOWNER, CAP_FSETID, CAP_KILL, CAP_SETGID, CAP_SETUID, CAP_SETPCAP,
		CAP_NET_BIND_SERVICE, CAP_SYS_CHROOT, CAP_AUDIT_WRITE, CAP_SETFCAP,
	};
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
	uint64_t keep = 0;

	for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
		keep |= 1ULL << kept[i];
	if (network_admin)
		keep |= 1ULL << CAP_NET_ADMIN;
	for (unsigned cap = 0; cap < 64 && prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
		if (!(keep >> cap & 1) && prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0)
			return -errno;
	if (syscall(SYS_capget, &header, data) < 0)
		return -errno;
	for (unsigned i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
		data[i].permitted &= (uint32_t)(keep >> 32 * i);
		data[i].effective &= (uint32_t)(keep >> 32 * i);
		data[i].inheritable = 0;
	}
	return syscall(SYS_capset, &header, data) < 0 ? -errno : 0;
}

/* Where `target` really is inside the tree, as a path that mount(2) accepts whatever links the tree holds. */
static int sandbox_target_path(int root_fd, const char *target, char path[64])
{
	int fd = root_open(root_fd, target, O_PATH, 0);

	if (fd < 0)
		return fd;
	snprintf(path, 64, "/proc/self/fd/%d", fd); /* the descriptor stays open until exec */
	return 0;
}

/* A bind needs something to stand on: makes the last component of `target` when it is missing. */
static int sandbox_make_target(int root_fd, const char *source, const char *target)
{
	const char *slash = strrchr(target, '/');
	char parent[256];
	struct stat st;
	int fd, r;

	if (!slash || (size_t)(slash - target) >= sizeof parent)
		return -EINVAL;
	snprintf(parent, sizeof parent, "%.*s/", (int)(slash - target), target);
	fd = root_open(root_fd, parent, O_RDONLY | O_DIRECTORY, 0);
	if (fd < 0)
		return fd;
	if (stat(source, &st) < 0)
		r = -errno;
	else if (S_ISDIR(st.st_mode))
		r = mkdirat(fd, slash + 1, 0755) < 0 && errno != EEXIST ? -errno : 0;
	else
		r = mknodat(fd, slash + 1, S_IFREG | 0644, 0) < 0 && errno != EEXIST ? -errno : 0;
	close(fd);
	return r;
}

static int sandbox_bind(int root_fd, const char *source, const char *target)
{
	char path[64];
	int r = sandbox_target_path(root_fd, target, path);

	if (r == -ENOENT) {
		r = sandbox_make_target(root_fd, source, target);
		if (r == 0)
			r = sandbox_target_path(root_fd, target, path);
	}
	if (r < 0)
		return r;
	return mount(source, path, NULL, MS_BIND | MS_REC, NULL) < 0 ? -errno : 0;
}

int mount_restrict(int fd, bool read_only)
{
	struct mount_attr attr = {.attr_set = MOUNT_ATTR_NODEV | (read_only ? MOUNT_ATTR_RDONLY : 0)};

	return mount_setattr(fd, "", AT_EMPTY_PATH | AT_RECURSIVE, &attr, sizeof attr) < 0 ? -errno : 0;
}

int mount_end(const char *path)
{
	int64_t until = clock_ms() + BUSY_MS;

	while (umount2(path, 0) < 0) {
		if (errno != EBUSY || clock_ms() > until)
			return -errno;
		usleep(BUSY_STEP_US);
	}
	return 0;
}

/* Turns the mount just made at `target` of the tree, and what is mounted in it, read-only. */
static int sandbox_seal(int root_fd, const char *target)
{
	int fd = root_open(root_fd, target, O_PATH, 0), r;

	if (fd < 0)
		return fd;
	r = mount_restrict(fd, true);
	close(fd);
	return r;
}

/* Binds single device nodes from the host: mknod is not for user namespaces. */
static int sandbox_make_dev(int root_fd, const char *target)
{
	static const char *const nodes[] = {"null", "zero", "full", "random", "urandom", "tty"};
	static const char *const links[][2] = {
		{"/proc/self/fd", "fd"}, {"fd/0", "stdin"}, {"fd/1", "stdout"}, {"fd/2", "stderr"}, {"pts/ptmx", "ptmx"},
	};
	char path[64], from[64], to[96];
	int r = sandbox_target_path(root_fd, target, path), dev;

	if (r == 0 && mount("tmpfs", path, "tmpfs", MS_NOSUID, "mode=0755") < 0)
		r = -errno;
	if (r < 0)
		return r;
	dev = root_open(root_fd, target, O_RDONLY | O_DIRECTORY, 0);
	if (dev < 0)
		return dev;
	for (size_t i = 0; r == 0 && i < sizeof nodes / sizeof *nodes; i++) {
		int fd = openat(dev, nodes[i], O_WRONLY | O_CREAT | O_CLOEXEC, 0666);

		snprintf(from, sizeof from, "/dev/%s", nodes[i]);
		snprintf(to, sizeof to, "/proc/self/fd/%d", fd);
		if (fd < 0 || mount(from, to, NULL, MS_BIND, NULL) < 0)
			r = -errno;
		if (fd >= 0)
			close(fd);
	}
	for (size_t i = 0; r == 0 && i < sizeof links / sizeof *links; i++)
		if (symlinkat(links[i][0], dev, links[i][1]) < 0)
			r = -errno;
	if (r == 0 && (mkdirat(dev, "shm", 0700) < 0 || fchmodat(dev, "shm", 01777, 0) < 0 || mkdirat(dev, "pts", 0755) < 0))
		r = -errno;
	snprintf(to, sizeof to, "/proc/self/fd/%d/pts", dev);
	if (r == 0 && mount("devpts", to, "devpts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=620") < 0)
		r = -errno;
	close(dev);
	return r;
}

/* A new /proc. What in it are the whole kernel's settings, not a process's, is read-only: root of the host is let in by its
 * number alone. */
static int sandbox_make_proc(int root_fd, const char *target)
{
	static const char *const kernels[] = {"bus", "fs", "irq", "sys", "sysrq-trigger"};
	char path[64], inner[256];
	int r = sandbox_target_path(root_fd, target, path);

	if (r == 0 && mount("proc", path, "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0)
		r = -errno;
	for (size_t i = 0; r == 0 && i < sizeof kernels / sizeof *kernels; i++) {
		snprintf(inner, sizeof inner, "%s/%s", target, kernels[i]);
		r = sandbox_target_path(root_fd, inner, path);
		if (r == -ENOENT) { /* this kernel goes without */
			r = 0;
			continue;
		}
		if (r == 0 && mount(path, path, NULL, MS_BIND, NULL) < 0)
			r = -errno;
		if (r == 0)
			r = sandbox_seal(root_fd, inner);
	}
	return r;
}

static int sandbox_perform(int root_fd, const struct sandbox_op *op)
{
	char target[64];
	int r;

	if (op->type == SANDBOX_DEV)
		return sandbox_make_dev(root_fd, op->target);
	if (op->type == SANDBOX_PROC)
		return sandbox_make_proc(root_fd, op->target);
	if (op->type == SANDBOX_BIND || op->type == SANDBOX_BIND_RO) {
		r = sandbox_bind(root_fd, op->source, op->target);
		return r == 0 && op->type == SANDBOX_BIND_RO ? sandbox_seal(root_fd, op->target) : r;
	}
	r = sandbox_target_path(root_fd, op->target, target);
	if (r < 0)
		return r;
	switch (op->type) {
	case SANDBOX_TMPFS:
		return mount("tmpfs", target, "tmpfs", MS_NOSUID | MS_NODEV, op->options) < 0 ? -errno : 0;
	case SANDBOX_OVERLAY:
		return mount("overlay", target, "overlay", 0, op->options) < 0 ? -errno : 0;
	default:
		return -EINVAL;
	}
}

/* The parent half of the pid namespace: waits for its first process and ends as it did. */
static _Noreturn void sandbox_wait_for(pid_t pid)
{
	int status = 0;

	syscall(SYS_close_range, 3U, ~0U, 0U); /* the pipe that reports a failed exec is the child's alone */
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFSIGNALED(status)) {
		signal(WTERMSIG(status), SIG_DFL);
		raise(WTERMSIG(status));
	}
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 125);
}

/* Makes the tree a mount of its own (so that it can be pivoted to and restricted) and opens it. Device nodes in it, whoever
 * put them there, are no devices. */
static int sandbox_open_root(const struct sandbox *sandbox)
{
	int fd, r;

	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount(sandbox->root, sandbox->root, NULL, MS_BIND | MS_REC, NULL) < 0)
		return -errno;
	fd = open(sandbox->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	r = mount_restrict(fd, sandbox->read_only);
	return r < 0 ? r : fd;
}

static int sandbox_move_in(int root_fd, const char *cwd)
{
	if (fchdir(root_fd) < 0 || syscall(SYS_pivot_root, ".", ".") < 0 || umount2(".", MNT_DETACH) < 0)
		return -errno;
	return chdir(cwd ? cwd : "/") < 0 ? -errno : 0;
}

/* Goes on as the first process of a pid namespace; the parent half stays behind. Ends when the parent does, also when that was
 * before we could ask for it. No terminal comes along: what can open one can type into it. */
static int sandbox_enter_pid_namespace(void)
{
	int self = (int)syscall(SYS_pidfd_open, getpid(), 0);
	struct pollfd parent = {.fd = self, .events = POLLIN};
	pid_t pid = self < 0 ? -1 : fork();

	if (pid < 0)
		return -errno;
	if (pid > 0)
		sandbox_wait_for(pid);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (poll(&parent, 1, 0) != 0)
		_exit(126);
	return setsid() < 0 ? -errno : 0;
}

/* The last restrictions. Programs named without a slash are looked for where the tree has them. */
static int sandbox_drop_privileges(const struct sandbox *sandbox)
{
	static char *search[] = {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", NULL};
	int r = setgroups(0, NULL) < 0 ? -errno : 0;

	if (r == 0 && !sandbox->keep_syncs)
		r = sandbox_silence_syncs();
	if (r == 0)
		r = sandbox_drop_capabilities(sandbox->network_admin);
	environ = search;
	return r;
}

/* Nothing of the host's name, nor of its NIS domain, which a new namespace inherits. */
static int sandbox_set_names(const char *hostname)
{
	static const char none[] = "(none)";

	return sethostname(hostname, strlen(hostname)) < 0 || setdomainname(none, strlen(none)) < 0 ? -errno : 0;
}

/* The kernel takes this of the pid namespace that we are in. Where it does not, the numbers are what they are. */
static void sandbox_set_first_pid(unsigned pid)
{
	char text[16];
	int length = snprintf(text, sizeof text, "%u", pid);
	int fd = pid ? open("/proc/sys/kernel/ns_last_pid", O_WRONLY | O_CLOEXEC) : -1;

	if (fd >= 0 && write(fd, text, (size_t)length) < 0)
		errno = 0;
	if (fd >= 0)
		close(fd);
}

/* Runs in the child before exec: unshares, becomes the first process of the pid namespace, makes the mounts. */
static int sandbox_prepare(void *data)
{
	static const struct sandbox_op world[] = {
		{SANDBOX_PROC, NULL, "/proc", NULL},
		{SANDBOX_DEV, NULL, "/dev", NULL},
		{SANDBOX_TMPFS, NULL, "/sys", "mode=0555,size=4k"},
		{SANDBOX_TMPFS, NULL, "/tmp", "mode=1777"},
		{SANDBOX_TMPFS, NULL, "/run", "mode=0755"},
	};
	const struct sandbox *sandbox = data;
	int root_fd, r;

	if (unshare(CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWUTS | CLONE_NEWIPC) < 0)
		return -errno;
	r = sandbox_enter_pid_namespace();
	if (r < 0)
		return r;
	umask(022);
	sandbox_set_first_pid(sandbox->first_pid);
	r = sandbox_set_names(sandbox->hostname ? sandbox->hostname : SANDBOX_HOSTNAME);
	if (r < 0)
		return r;
	root_fd = sandbox_open_root(sandbox);
	if (root_fd < 0)
		return root_fd;
	for (size_t i = 0; r == 0 && i < sizeof world / sizeof *world; i++)
		r = sandbox_perform(root_fd, &world[i]);
	for (size_t i = 0; r == 0 && i < sandbox->n_ops; i++)
		r = sandbox_perform(root_fd, &sandbox->ops[i]);
	if (r == 0)
		r = sandbox_move_in(root_fd, sandbox->cwd);
	return r == 0 ? sandbox_drop_privileges(sandbox) : r;
}

static struct proc sandbox_inside(const struct sandbox *sandbox, const struct proc *proc)
{
	struct proc moved = *proc;

	moved.prepare = sandbox_prepare;
	moved.prepare_data = (void *)sandbox;
	return moved;
}

int sandbox_run(const struct sandbox *sandbox, const struct proc *proc, struct err *err)
{
	struct proc moved = sandbox_inside(sandbox, proc);

	return proc_run(&moved, err);
}

int sandbox_check(const struct sandbox *sandbox, const struct proc *proc, struct err *err)
{
	struct proc moved = sandbox_inside(sandbox, proc);

	return proc_check(&moved, err);
}
