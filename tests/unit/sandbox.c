/* The sandbox, seen by a program inside that tries what it should not be able to do. Each test is run with the privileges that
 * there are, and, by root, once more in a user namespace. */
#include "suite.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "host/sandbox.h"
#include "host/toolbox.h"
#include "host/userns.h"
#include "scratch.h"

/* --- a tree to run in: empty but for the host's programs ----------------------------------------------------------------- */

static const struct sandbox_op programs[] = {{SANDBOX_BIND_RO, "/usr", "/usr", NULL}};

static const char *make_tree(void)
{
	static const char *const folders[] = {"proc", "dev", "sys", "tmp", "run", "usr", "etc", "root"};
	static const char *const links[] = {"bin", "sbin", "lib", "lib64"};
	struct err err = {0};
	char path[64], target[64];

	for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
		snprintf(path, sizeof path, "tree/%s", folders[i]);
		ck_assert_int_eq(folder_make(scratch_path(path), 0755, &err), 0);
	}
	for (size_t i = 0; i < sizeof links / sizeof *links; i++) {
		snprintf(path, sizeof path, "tree/%s", links[i]);
		snprintf(target, sizeof target, "usr/%s", links[i]);
		ck_assert_int_eq(symlink(target, scratch_path(path)), 0);
	}
	ck_assert_int_eq(folder_make(scratch_path("host"), 0755, &err), 0);
	ck_assert_int_eq(file_publish(scratch_path("host/canary"), "mine", 4, 0644, &err), 0);
	return scratch_path("tree");
}

static void write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

/* Root becomes root of a user namespace whose ids are not the host's, as a plain user does by newuidmap. */
static void give_up_privilege(void)
{
	int ready[2], mapped[2];
	pid_t self = getpid(), mapper;
	char path[64], byte;

	ck_assert_int_eq(pipe(ready) | pipe(mapped), 0);
	mapper = fork();
	if (mapper == 0) {
		close(ready[1]);
		if (read(ready[0], &byte, 1) != 1)
			_exit(1);
		snprintf(path, sizeof path, "/proc/%d/uid_map", (int)self);
		write_text(path, "0 300000 65536\n");
		snprintf(path, sizeof path, "/proc/%d/gid_map", (int)self);
		write_text(path, "0 300000 65536\n");
		_exit(write(mapped[1], "x", 1) != 1);
	}
	ck_assert_int_eq(unshare(CLONE_NEWUSER), 0);
	ck_assert_int_eq(write(ready[1], "x", 1), 1);
	ck_assert_int_eq(read(mapped[0], &byte, 1), 1);
	waitpid(mapper, NULL, 0);
	ck_assert_int_eq(setresgid(0, 0, 0) | setresuid(0, 0, 0), 0);
	ck_assert_int_eq(unshare(CLONE_NEWNS), 0);
	ck_assert_int_eq(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
}

/* Both ways to build, and a tree to try in. */
static const char *enter(bool privileged)
{
	struct err err = {0};

	if (privileged || geteuid() != 0)
		ck_assert_int_eq(userns_enter(&err), 0);
	else
		give_up_privilege();
	return make_tree();
}

#define BOTH_WAYS(sentence)                                                                                           \
	static void sentence##_body(bool privileged);                                                                 \
	START_TEST(sentence)                                                                                          \
	{                                                                                                             \
		sentence##_body(true);                                                                                \
	}                                                                                                             \
	END_TEST                                                                                                      \
	START_TEST(sentence##_without_privilege)                                                                      \
	{                                                                                                             \
		sentence##_body(false);                                                                               \
	}                                                                                                             \
	END_TEST                                                                                                      \
	static void sentence##_body(bool privileged)

/* Runs a script inside; what it prints goes to `output`. Its exit status. */
static int run_shell(const struct sandbox *sandbox, const char *script, struct buf *output)
{
	const char *const argv[] = {"/usr/bin/bash", "-c", script, NULL};
	struct err err = {0};
	int status = sandbox_run(sandbox, &(struct proc){.argv = argv, .output = output, .diagnostics = output}, &err);

	if (status < 0)
		err_print(&err, stderr);
	err_free(&err);
	return status;
}

/* Every line of `script` must print what `expected` says. */
static void check_script(const struct sandbox *sandbox, const char *script, const char *expected)
{
	_cleanup_buf_ struct buf output = {0};

	ck_assert_int_eq(run_shell(sandbox, script, &output), 0);
	ck_assert_str_eq(output.size ? output.data : "", expected);
}

/* --- what is seen -------------------------------------------------------------------------------------------------------- */

BOTH_WAYS(nothing_of_the_host_is_visible)
{
	const struct sandbox sandbox = {.root = enter(privileged), .ops = programs, .n_ops = 1};
	char script[4600];

	setenv("SECRET", "canary", 1);
	check_script(&sandbox, "cd /; echo *", "bin dev etc lib lib64 proc root run sbin sys tmp usr\n");
	check_script(&sandbox, "cd /dev; echo *", "fd full null ptmx pts random shm stderr stdin stdout tty urandom zero\n");
	check_script(&sandbox, "echo /tmp/* /run/* /sys/* /etc/*", "/tmp/* /run/* /sys/* /etc/*\n");
	check_script(&sandbox,
		     "echo $$; cd /proc; echo [0-9]*; ls /proc/$$/fd >/tmp/fd; tr '\\n' ' ' </tmp/fd", "1\n1\n0 1 2 ");
	check_script(&sandbox, "uname -n; id -u; id -G; umask; pwd", SANDBOX_HOSTNAME "\n0\n0\n0022\n/\n");
	check_script(&sandbox, "env | grep canary; true", "");
	check_script(&sandbox, "cut -d' ' -f5 /proc/self/mountinfo | grep -v ^/proc/ | sort | tr '\\n' ' '",
		     "/ /dev /dev/full /dev/null /dev/pts /dev/random /dev/tty /dev/urandom /dev/zero /proc /run /sys "
		     "/tmp /usr ");
	snprintf(script, sizeof script, "ls '%s' 2>/dev/null; test ! -e '%s/canary'; echo $?", scratch_path("host"),
		 scratch_path("host"));
	check_script(&sandbox, script, "0\n");
}

/* A builder with a terminal of its own, as a user's has; 0 when what runs in its sandbox has none. */
static int build_at_a_terminal(const char *root)
{
	const struct sandbox sandbox = {.root = root, .ops = programs, .n_ops = 1};
	int terminal = posix_openpt(O_RDWR | O_NOCTTY);
	_cleanup_buf_ struct buf output = {0};

	if (setsid() < 0 || grantpt(terminal) < 0 || unlockpt(terminal) < 0)
		return 1;
	if (open(ptsname(terminal), O_RDWR | O_CLOEXEC) < 0 || open("/dev/tty", O_RDWR | O_CLOEXEC) < 0)
		return 2;
	if (run_shell(&sandbox, "echo typed >/dev/tty", &output) != 1)
		return 3;
	return strstr(output.data, "No such device or address") ? 0 : 4;
}

BOTH_WAYS(there_is_no_terminal_to_type_into)
{
	const char *root = enter(privileged);
	pid_t pid = fork(); /* who leads a group of processes cannot begin a session */
	int status;

	if (pid == 0)
		_exit(build_at_a_terminal(root));
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}

/* --- the network --------------------------------------------------------------------------------------------------------- */

static int listen_on(int family, int type, const struct sockaddr *address, socklen_t size)
{
	int fd = socket(family, type | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, address, size) < 0 || (type == SOCK_STREAM && listen(fd, 5) < 0))
		return -1;
	return fd;
}

/* The port that the kernel chose. */
static unsigned port_of(int fd)
{
	struct sockaddr_in6 address;
	socklen_t size = sizeof address;

	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&address, &size), 0);
	return ntohs(address.sin6_port); /* at the same place for IPv4 */
}

/* Tries what a script of a package could try; prints what works. */
static const char reach[] =
	"import socket, sys\n"
	"def reach(name, family, kind, address):\n"
	"    try:\n"
	"        s = socket.socket(family, kind); s.settimeout(3); s.connect(address); s.send(b'x'); print(name)\n"
	"    except OSError: pass\n"
	"tcp, tcp6, abstract = int(sys.argv[1]), int(sys.argv[2]), '\\0' + sys.argv[3]\n"
	"reach('tcp', socket.AF_INET, socket.SOCK_STREAM, ('127.0.0.1', tcp))\n"
	"reach('tcp6', socket.AF_INET6, socket.SOCK_STREAM, ('::1', tcp6))\n"
	"reach('udp', socket.AF_INET, socket.SOCK_DGRAM, ('127.0.0.1', tcp))\n"
	"reach('outside', socket.AF_INET, socket.SOCK_DGRAM, ('192.0.2.1', 53))\n"
	"reach('outside6', socket.AF_INET6, socket.SOCK_DGRAM, ('2001:db8::1', 53))\n"
	"reach('abstract', socket.AF_UNIX, socket.SOCK_STREAM, abstract)\n"
	"try: socket.getaddrinfo('deb.debian.org', 80); print('dns')\n"
	"except OSError: pass\n"
	"print([name for _, name in socket.if_nameindex()])\n";

BOTH_WAYS(there_is_no_network)
{
	const struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	const struct sockaddr_in6 any6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	struct sockaddr_un abstract = {.sun_family = AF_UNIX};
	int tcp = listen_on(AF_INET, SOCK_STREAM, (const void *)&any, sizeof any);
	int tcp6 = listen_on(AF_INET6, SOCK_STREAM, (const void *)&any6, sizeof any6);
	const struct sandbox sandbox = {.root = enter(privileged), .ops = programs, .n_ops = 1};
	char port[16], port6[16], name[32];
	const char *const argv[] = {"/usr/bin/python3", "-c", reach, port, port6, name, NULL};
	_cleanup_buf_ struct buf output = {0};
	struct err err = {0};

	snprintf(name, sizeof name, "aether-%d", (int)getpid());
	strcpy(abstract.sun_path + 1, name);
	ck_assert_int_ge(listen_on(AF_UNIX, SOCK_STREAM, (const void *)&abstract,
				   (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name))), 0);
	ck_assert_int_ge(tcp, 0);
	snprintf(port, sizeof port, "%u", port_of(tcp));
	snprintf(port6, sizeof port6, "%u", tcp6 < 0 ? 1 : port_of(tcp6));

	/* The host can, so the program is right; */
	ck_assert_int_eq(proc_run(&(struct proc){.argv = argv, .output = &output}, &err), 0);
	ck_assert_ptr_nonnull(strstr(output.data, "tcp\n"));
	ck_assert(tcp6 < 0 || strstr(output.data, "tcp6\n"));
	ck_assert_ptr_nonnull(strstr(output.data, "abstract\n"));
	/* inside, nothing can be reached. */
	output.size = 0;
	ck_assert_int_eq(sandbox_check(&sandbox, &(struct proc){.argv = argv, .output = &output}, &err), 0);
	ck_assert_str_eq(output.data, "['lo']\n");
}

/* --- what can be done ---------------------------------------------------------------------------------------------------- */

BOTH_WAYS(a_read_only_root_holds_and_its_binds_can_be_written)
{
	const char *root = enter(privileged);
	const struct sandbox_op ops[] = {
		programs[0],
		{SANDBOX_BIND, scratch_path("host"), "/tmp/work", NULL},
		{SANDBOX_BIND_RO, scratch_path("host"), "/tmp/in", NULL},
	};
	const struct sandbox sandbox = {.root = root, .read_only = true, .ops = ops, .n_ops = 3, .cwd = "/tmp/work"};

	check_script(&sandbox,
		     "for f in / /etc /usr /root /tmp/in; do touch $f/new 2>/dev/null && echo wrote $f; done\n"
		     "rm /tmp/in/canary 2>/dev/null; mount -o remount,rw / 2>/dev/null && touch /etc/new && echo remounted\n"
		     "pwd; cat /tmp/in/canary; echo done >new; cat /tmp/in/new\n",
		     "/tmp/work\nminedone\n");
	ck_assert(path_exists(scratch_path("host/new")));
	ck_assert(!path_exists(scratch_path("tree/etc/new")));
}

BOTH_WAYS(a_writable_root_can_be_written_with_any_owner)
{
	const struct sandbox sandbox = {.root = enter(privileged), .ops = programs, .n_ops = 1};

	check_script(&sandbox, "echo x >/etc/new; chown 5:65534 /etc/new; chmod 4755 /etc/new; stat -c '%u %g %a' /etc/new",
		     "5 65534 4755\n");
	ck_assert(path_exists(scratch_path("tree/etc/new")));
}

BOTH_WAYS(the_host_cannot_be_touched_by_root_inside)
{
	const struct sandbox sandbox = {.root = enter(privileged), .ops = programs, .n_ops = 1};

	if (privileged && geteuid() == 0)
		mknod(scratch_path("tree/etc/disk"), S_IFCHR | 0666, makedev(1, 5)); /* a package could have brought it */
	check_script(&sandbox,
		     "exec 2>/dev/null\n"
		     "mknod /etc/zero c 1 5 && echo device\n"
		     "head -c 1 /etc/disk && echo opened\n"
		     "mount -t tmpfs none /root && echo mounted\n"
		     "mount -t devtmpfs none /root && echo devices\n"
		     "(echo x >/proc/sysrq-trigger) && echo sysrq\n"
		     "for f in kernel/core_pattern kernel/hostname vm/drop_caches kernel/panic; do\n"
		     "	(cat /proc/sys/$f >/proc/sys/$f) && echo wrote $f\n"
		     "done\n"
		     "hostname evil && echo named\n"
		     "date -s \"$(date)\" >/dev/null && echo time\n" /* harmless if it should work */
		     "dmesg && echo log\n"
		     "unshare -n true && echo namespace\n"
		     "chroot / true && echo chroot\n"
		     "kill -0 2 && echo process\n"
		     "true\n",
		     "chroot\n");
}

BOTH_WAYS(the_machine_has_no_name_of_the_host_s_but_the_one_it_is_given)
{
	struct sandbox sandbox = {.root = enter(privileged), .ops = programs, .n_ops = 1};
	static const char script[] = "cat /proc/sys/kernel/hostname /proc/sys/kernel/domainname";

	check_script(&sandbox, script, SANDBOX_HOSTNAME "\n(none)\n");
	sandbox.hostname = "gateway";
	sandbox.first_pid = 20000;
	check_script(&sandbox, script, "gateway\n(none)\n");
}

BOTH_WAYS(syncs_succeed_without_being_done_unless_they_are_kept)
{
	struct sandbox sandbox = {.root = enter(privileged), .ops = programs, .n_ops = 1};
	static const char script[] = "exec /usr/bin/python3 -c 'import os\ntry: os.fsync(99); "
				     "print(\"silent\")\nexcept OSError: print(\"real\")'";

	check_script(&sandbox, script, "silent\n");
	sandbox.keep_syncs = true;
	check_script(&sandbox, script, "real\n");
}

/* --- how it ends --------------------------------------------------------------------------------------------------------- */

BOTH_WAYS(its_end_is_told_as_if_it_had_run_outside)
{
	const struct sandbox sandbox = {.root = enter(privileged), .ops = programs, .n_ops = 1};
	const struct sandbox none = {.root = scratch_path("none")};
	struct err err = {0};

	setenv("PATH", "/nowhere", 1);
	ck_assert_int_eq(run_shell(&sandbox, "exit 7", NULL), 7);
	ck_assert_int_eq(sandbox_run(&sandbox, &(struct proc){.argv = (const char *const[]){"true", NULL}}, &err), 0);
	ck_assert_int_eq(sandbox_run(&sandbox, &(struct proc){.argv = (const char *const[]){"no-such", NULL}}, &err), -ENOENT);
	ck_assert_int_eq(sandbox_run(&none, &(struct proc){.argv = (const char *const[]){"true", NULL}}, &err), -ENOENT);
	ck_assert_int_eq(
		sandbox_run(
		&sandbox,
		&(struct proc){
			.argv = (const char *const[]){"/usr/bin/python3", "-c",
						  "import os, signal; signal.signal(15, signal.SIG_DFL); os.abort()",
						  NULL}},
		&err),
	    -ECHILD);
	err_free(&err);
}

/* Whether a process of the host is `sleep SECONDS`. */
static bool runs(const char *seconds)
{
	char path[300], expected[64], found[64];
	size_t size = (size_t)snprintf(expected, sizeof expected, "sleep%c%s", 0, seconds) + 1;
	DIR *proc = opendir("/proc");
	bool any = false;

	for (struct dirent *entry; !any && (entry = readdir(proc));) {
		int fd;

		snprintf(path, sizeof path, "/proc/%s/cmdline", entry->d_name);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		any = fd >= 0 && read(fd, found, sizeof found) == (ssize_t)size && memcmp(found, expected, size) == 0;
		if (fd >= 0)
			close(fd);
	}
	closedir(proc);
	return any;
}

/* Starts a daemon, which has nothing to do with us any more, that sleeps for `seconds`, and then does `rest`. */
static void daemon_script(char script[300], const char *seconds, const char *rest)
{
	snprintf(script, 300, "(setsid setsid sh -c 'touch /tmp/up; exec sleep %s' </dev/null >/dev/null 2>&1 &)\n"
			      "until test -e /tmp/up; do :; done\n%s", seconds, rest);
}

BOTH_WAYS(nothing_outlives_it)
{
	const struct sandbox sandbox = {.root = enter(privileged), .ops = programs, .n_ops = 1};
	char marker[16], script[300];

	snprintf(marker, sizeof marker, "%d", 100000 + (int)getpid());
	daemon_script(script, marker, "echo started");
	check_script(&sandbox, script, "started\n");
	ck_assert(!runs(marker));
}

BOTH_WAYS(nothing_outlives_its_deadline)
{
	const struct sandbox sandbox = {.root = enter(privileged), .ops = programs, .n_ops = 1};
	char marker[16], script[300];
	const char *const argv[] = {"/usr/bin/bash", "-c", script, NULL};
	struct err err = {0};

	snprintf(marker, sizeof marker, "%d", 100000 + (int)getpid());
	daemon_script(script, marker, "sleep 100");
	ck_assert_int_eq(sandbox_run(&sandbox, &(struct proc){.argv = argv, .deadline_s = 2}, &err), -ETIME);
	for (int i = 0; i < 100 && runs(marker); i++)
		usleep(20000);
	ck_assert(!runs(marker));
	err_free(&err);
}

BOTH_WAYS(nothing_outlives_a_killed_builder)
{
	char marker[16], script[300];
	pid_t builder;

	snprintf(marker, sizeof marker, "%d", 100000 + (int)getpid());
	daemon_script(script, marker, "sleep 100");
	builder = fork();
	if (builder == 0) {
		const struct sandbox sandbox = {.root = enter(privileged), .ops = programs, .n_ops = 1};

		run_shell(&sandbox, script, NULL);
		_exit(0);
	}
	for (int i = 0; i < 1000 && !runs(marker); i++)
		usleep(10000);
	ck_assert(runs(marker));
	kill(builder, SIGKILL);
	waitpid(builder, NULL, 0);
	for (int i = 0; i < 100 && runs(marker); i++)
		usleep(20000);
	ck_assert(!runs(marker));
}

/* --- a hostile tree ------------------------------------------------------------------------------------------------------ */

BOTH_WAYS(no_link_in_the_tree_leads_a_bind_outside)
{
	const char *root = enter(privileged);
	const struct sandbox_op ops[] = {programs[0], {SANDBOX_BIND, scratch_path("host"), "/etc/out/new", NULL}};
	const struct sandbox_op onto[] = {programs[0], {SANDBOX_BIND_RO, scratch_path("host/canary"), "/etc/out", NULL}};
	struct sandbox sandbox = {.root = root, .ops = ops, .n_ops = 2};
	struct err err = {0};

	ck_assert_int_eq(symlink(scratch_path("host"), scratch_path("tree/etc/out")), 0);
	ck_assert_int_eq(sandbox_run(&sandbox, &(struct proc){.argv = (const char *const[]){"true", NULL}}, &err), -ENOENT);
	ck_assert(!path_exists(scratch_path("host/new")));
	sandbox.ops = onto;
	ck_assert_int_lt(sandbox_run(&sandbox, &(struct proc){.argv = (const char *const[]){"true", NULL}}, &err), 0);
	err_free(&err);
}

BOTH_WAYS(no_link_in_the_tree_leads_proc_or_dev_outside)
{
	static const char *const names[] = {"tree/dev", "tree/proc", "tree/tmp", "tree/run", "tree/sys"};
	struct sandbox sandbox = {.root = enter(privileged), .ops = programs, .n_ops = 1};
	struct err err = {0};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		ck_assert_int_eq(rmdir(scratch_path(names[i])), 0);
		ck_assert_int_eq(symlink(scratch_path("host"), scratch_path(names[i])), 0);
		ck_assert_int_lt(sandbox_run(&sandbox, &(struct proc){.argv = (const char *const[]){"true", NULL}}, &err), 0);
		ck_assert_int_eq(unlink(scratch_path(names[i])), 0);
		ck_assert_int_eq(mkdir(scratch_path(names[i]), 0755), 0);
	}
	ck_assert_int_eq(sandbox_run(&sandbox, &(struct proc){.argv = (const char *const[]){"true", NULL}}, &err), 0);
	err_free(&err);
}

BOTH_WAYS(the_mounts_of_the_sandbox_are_not_the_builders)
{
	const struct sandbox sandbox = {.root = enter(privileged), .ops = programs, .n_ops = 1};
	_cleanup_buf_ struct buf before = {0}, after = {0};
	struct err err = {0};

	ck_assert_int_eq(file_read("/proc/self/mountinfo", 1 << 20, &before, &err), 0);
	check_script(&sandbox, "echo done", "done\n");
	ck_assert_int_eq(file_read("/proc/self/mountinfo", 1 << 20, &after, &err), 0);
	ck_assert_str_eq(before.data, after.data);
}

BOTH_WAYS(a_tool_works_on_its_folder_and_reads_its_sources)
{
	const char *root = enter(privileged), *sources[] = {scratch_path("host"), scratch_path("host/canary")};
	const struct toolbox tools = {root};
	struct err err = {0};
	_cleanup_buf_ struct buf text = {0};

	ck_assert_int_eq(mount("/usr", scratch_path("tree/usr"), NULL, MS_BIND | MS_REC, NULL), 0);
	ck_assert_int_eq(folder_make(scratch_path("work"), 0755, &err), 0);
	ck_assert_int_eq(
		toolbox_run(&tools,
			(const char *const[]){"bash", "-c",
					      "pwd >out; cat /tmp/in0/canary /tmp/in1 >>out; echo x 2>/dev/null "
					      ">/tmp/in1 || echo sealed >>out; touch /etc/x || true",
					      NULL},
			NULL, scratch_path("work"), sources, 2, &err),
		0);
	ck_assert_int_eq(file_read(scratch_path("work/out"), 100, &text, &err), 0);
	ck_assert_str_eq(text.data, "/tmp/work\nmineminesealed\n");
	ck_assert(!path_exists(scratch_path("tree/etc/x")));
	ck_assert_int_eq(toolbox_run(&tools, (const char *const[]){"bash", "-c", "echo why; exit 3", NULL}, NULL,
				     scratch_path("work"), sources, 2, &err),
			 -EIO);
	ck_assert_str_eq(err.last->context, "| why");
	ck_assert_int_eq(
		toolbox_run(&tools, (const char *const[]){"true", NULL}, NULL, scratch_path("work"), sources, 17, &err),
		-E2BIG);
	err_free(&err);
}

static void *close_late(void *fd)
{
	usleep(200000);
	close(*(int *)fd);
	return NULL;
}

START_TEST(a_mount_that_is_busy_for_an_instant_is_waited_for)
{
	const char *place = scratch_path("place");
	struct err err = {0};
	pthread_t thread;
	int fd;

	if (geteuid() != 0)
		return;
	ck_assert_int_eq(unshare(CLONE_NEWNS), 0);
	ck_assert_int_eq(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	ck_assert_int_eq(folder_make(place, 0755, &err), 0);
	ck_assert_int_eq(mount("tmpfs", place, "tmpfs", 0, NULL), 0);
	fd = open(place, O_RDONLY | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(pthread_create(&thread, NULL, close_late, &fd), 0);
	ck_assert_int_eq(mount_end(place), 0);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	ck_assert_int_eq(mount_end(place), -EINVAL);
}
END_TEST

#define BOTH(sentence) sentence, sentence##_without_privilege

SUITE(sandbox, BOTH(nothing_of_the_host_is_visible), BOTH(there_is_no_terminal_to_type_into), BOTH(there_is_no_network),
      BOTH(a_read_only_root_holds_and_its_binds_can_be_written), BOTH(a_writable_root_can_be_written_with_any_owner),
      BOTH(the_host_cannot_be_touched_by_root_inside), BOTH(the_machine_has_no_name_of_the_host_s_but_the_one_it_is_given),
      BOTH(syncs_succeed_without_being_done_unless_they_are_kept),
      BOTH(its_end_is_told_as_if_it_had_run_outside), BOTH(nothing_outlives_it), BOTH(nothing_outlives_its_deadline),
      BOTH(nothing_outlives_a_killed_builder), BOTH(no_link_in_the_tree_leads_a_bind_outside),
      BOTH(no_link_in_the_tree_leads_proc_or_dev_outside), BOTH(the_mounts_of_the_sandbox_are_not_the_builders),
      BOTH(a_tool_works_on_its_folder_and_reads_its_sources),
      a_mount_that_is_busy_for_an_instant_is_waited_for)
