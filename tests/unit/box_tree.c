/* Trees of a container: held against their lists, given what a hypervisor wrote, taken by the agent, whatever fails meanwhile.
 * The judge of the machine's parser is the builder's writer, and the other way round. */
#include "suite.h"

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "artifact/listing.h"
#include "artifact/template.h"
#include "base/file.h"
#include "contract/box.h"
#include "contract/esp.h"
#include "edge/digest.h"
#include "edge/reel.h"
#include "host/proc.h"
#include "machine/agent/gather.h"
#include "machine/audit.h"
#include "machine/books.h"
#include "machine/box/bring.h"
#include "child.h"
#include "fail.h"
#include "scratch.h"

enum { EPOCH = 1700000000 };

/* Runs a shell command in the test's folder; it has to succeed. */
static void run(const char *command)
{
	const struct proc proc = {.argv = (const char *const[]){"/bin/bash", "-c", command, NULL}, .cwd = scratch()};
	struct err err = {0};
	int r = proc_check(&proc, &err);

	if (r < 0)
		err_print(&err, stderr);
	ck_assert_msg(r == 0, "%s", command);
}

/* A tree with something of everything, as the builder lists it. */
static void make_tree(const char *name, const char *edit)
{
	_cleanup_buf_ struct buf text = {0};
	char command[1200], path[64];
	struct err err = {0};

	setlocale(LC_CTYPE, "C.UTF-8");
	snprintf(command, sizeof command,
		 "mkdir -p %1$s/usr/lib/aether %1$s/usr/lib/systemd %1$s/etc/network %1$s/aether %1$s/a-b '%1$s/a b' && "
		 "cd %1$s && echo one >etc/first && ln etc/first etc/hard && ln -s first etc/link && echo one >etc/twin && "
		 "mkfifo a-b/pipe && "
		 "printf 'x\\ty' >\"$(printf 'a b/t\\tn')\" && : >usr/lib/aether/state && echo s >usr/lib/systemd/systemd && "
		 "seq 20000 >usr/large && chmod 4755 usr/large && echo t >etc/hostname && echo h >etc/hosts && "
		 "ln -s UTC etc/localtime && %2$s", name, edit);
	run(command);
	snprintf(path, sizeof path, "%s/usr/large", name);
	ck_assert_int_eq(setxattr(scratch_path(path), "user.note", "v\0alue", 6, 0), 0);
	ck_assert_int_eq(listing_make(scratch_path(name), EPOCH, &text, &err), 0);
	snprintf(path, sizeof path, "%s" LIST_FILE, name);
	ck_assert_int_eq(file_write(scratch_path(path), text.data, text.size, LIST_MODE, &err), 0);
}

static bool is_sound(const char *name, char *why, size_t size)
{
	uint8_t hash[HASH_BYTES];
	struct roster list;
	char *text;
	bool sound;

	ck_assert_int_eq(roster_read(scratch_path(name), &list, &text, hash), 0);
	sound = audit_tree(scratch_path(name), &list, NULL, NULL, why, size);
	roster_free(&list);
	free(text);
	return sound;
}

/* What a list says is what the template has, in that order. */
START_TEST(the_files_of_a_list_are_those_of_the_template)
{
	_cleanup_buf_ struct buf list = {0};
	struct template_facts facts;
	struct listing_file *files;
	struct reel *reel;
	struct err err = {0};
	uint64_t bytes = 0;
	size_t n;

	make_tree("tree", "true");
	ck_assert_int_eq(template_write(scratch_path("tree"), EPOCH, "tar.zst", scratch_path("t.tar.zst"), &facts, &err), 0);
	ck_assert_int_eq(file_read(scratch_path("tree" LIST_FILE), 1 << 20, &list, &err), 0);
	ck_assert_int_eq(
		listing_read(scratch_arena(), arena_strndup(scratch_arena(), list.data, list.size), &files, &n, &err), 0);
	ck_assert_int_eq(reel_open(scratch_path("t.tar.zst"), 1 << 24, &reel, &err), 0);
	for (size_t i = 0; i < n; i++) {
		_cleanup_buf_ struct buf is = {0};
		char *content = arena_alloc(scratch_arena(), files[i].size + 1);

		ck_assert_int_eq(reel_find(reel, arena_printf(scratch_arena(), "./%s", files[i].path), files[i].size, &err), 0);
		ck_assert_int_eq(reel_read(reel, content, files[i].size, &err), 0);
		ck_assert_int_eq(file_read(scratch_path(arena_printf(scratch_arena(), "tree/%s", files[i].path)), 1 << 20, &is,
					   &err), 0);
		ck_assert_uint_eq(is.size, files[i].size);
		ck_assert(is.size == 0 || memcmp(is.data, content, is.size) == 0);
		bytes += is.size;
	}
	ck_assert_uint_eq(bytes + list.size, facts.content_bytes);
	ck_assert_int_eq(reel_find(reel, "./etc/hosts", 2, &err), -EBADMSG); /* it is past */
	err_free(&err);
	reel_close(reel);
}
END_TEST

static const struct { const char *change, *why; } changes[] = {
	{"true", NULL},
	{"touch etc/first", NULL},                            /* times do not count */
	{"echo two >etc/first", "/etc/first has another content"},
	{"echo more >>etc/first", "/etc/first has another size, or other names"},
	{"rm etc/twin", "/etc has more or less in it"},
	{"rm etc/twin; touch etc/other", "/etc/twin is missing"},
	{"touch etc/more", "/etc has more or less in it"},
	{"chmod 600 etc/twin", "/etc/twin has another mode"},
	{"chmod 0755 usr/large", "/usr/large has another mode"},
	{"chown 5 etc/twin", "/etc/twin has another owner"},
	{"ln -sfn twin etc/link", "/etc/link leads elsewhere"},
	{"rm etc/link; cp etc/first etc/link", "/etc/link is something else"},
	{"rm etc/hard; cp -p etc/first etc/hard", "/etc/first has another size, or other names"},
	{"rm etc/hard; ln etc/twin etc/hard; ln etc/first ../elsewhere", "/etc/hard is another file"},
	{"ln etc/twin ../elsewhere", "/etc/twin has another size, or other names"},
	{"python3 -c 'import os; os.removexattr(\"usr/large\", \"user.note\")'", "/usr/large has other attributes"},
	{"python3 -c 'import os; os.setxattr(\"usr/large\", \"user.more\", b\"1\")'", "/usr/large has other attributes"},
	{"rm a-b/pipe; mkdir a-b/pipe", "/a-b/pipe is something else"},
	{"chmod 700 .", "/ has another mode"},
	{"echo >>usr/lib/aether/state", "/usr/lib/aether/state has another size, or other names"},
};

START_TEST(a_tree_that_was_changed_is_told_from_its_list)
{
	char why[200] = "", command[300];

	make_tree("tree", "true");
	snprintf(command, sizeof command, "cd tree && %s", changes[_i].change);
	run(command);
	ck_assert_int_eq(is_sound("tree", why, sizeof why), !changes[_i].why);
	ck_assert_str_eq(why, changes[_i].why ? changes[_i].why : "");
}
END_TEST

LOOP_SUITE(box_changes, a_tree_that_was_changed_is_told_from_its_list, sizeof changes / sizeof *changes)

/* --- what a hypervisor writes ---------------------------------------------------------------------------------------- */

/* What is done to the root, to the next tree; then a shell says whether it is right. */
static const struct { const char *root, *tree, *right; } brought[] = {
	{"true", "true", "grep -qx next tree/etc/hosts && grep -qx t tree/etc/hostname"},
	{"echo by-hypervisor >etc/hosts", "true", "grep -qx by-hypervisor tree/etc/hosts"},
	{"echo by-hypervisor >etc/hosts", "touch etc/.pve-ignore.hosts", "grep -qx next tree/etc/hosts"},
	{"chmod 600 etc/hosts; touch etc/hosts", "true", "grep -qx next tree/etc/hosts"},
	{"rm etc/hosts", "true", "grep -qx next tree/etc/hosts"},
	{"echo r >etc/resolv.conf", "true", "grep -qx r tree/etc/resolv.conf"},
	{"echo r >etc/resolv.conf", "ln -s /nowhere etc/resolv.conf",
	 "[ ! -L tree/etc/resolv.conf ] && grep -qx r tree/etc/resolv.conf"},
	{"ln -sfn Zurich etc/localtime", "true", "[ $(readlink tree/etc/localtime) = Zurich ]"},
	{"echo i >etc/network/interfaces", "true", "grep -qx i tree/etc/network/interfaces"},
	{"echo h >etc/hosts; echo other >usr/lib/aether/tree", "true", "grep -qx h tree/etc/hosts"}, /* no list: all of it */
	{"echo 0123456789abcdef0123456789abcdef >etc/machine-id", "true",
	 "grep -qx 0123456789abcdef0123456789abcdef tree/etc/machine-id"},
	{"echo uninitialized >etc/machine-id", "echo 00000000000000000000000000000001 >etc/machine-id",
	 "grep -qE '^[0-9a-f]{12}4[0-9a-f]{19}$' tree/etc/machine-id && cmp root/etc/machine-id tree/etc/machine-id"},
	{"true", "true", "cmp root/etc/machine-id tree/etc/machine-id"},
	{"echo by-hypervisor >etc/hosts; chmod 640 etc/hosts; chown 7:8 etc/hosts", "true",
	 "[ \"$(stat -c '%a %u %g' tree/etc/hosts)\" = '640 7 8' ]"},
};

START_TEST(what_a_hypervisor_wrote_comes_along_and_nothing_else)
{
	char command[400], why[200] = "";

	make_tree("root", "true");
	make_tree("tree", "echo next >etc/hosts");
	snprintf(command, sizeof command, "(cd root && %s) && cd tree && %s", brought[_i].root, brought[_i].tree);
	run(command);
	ck_assert_int_eq(bring_all(scratch_path("root"), scratch_path("tree"), why, sizeof why), 0);
	run(brought[_i].right);
	run("[ -z \"$(find tree -name '*new*')\" ]");
}
END_TEST

LOOP_SUITE(box_brought, what_a_hypervisor_wrote_comes_along_and_nothing_else, sizeof brought / sizeof *brought)

/* --- taking a tree --------------------------------------------------------------------------------------------------- */

/* The container: root runs, and slot b takes. */
static void container_open(struct boot *boot)
{
	*boot = (struct boot){.esp = "box", .history = "failures", .n_slots = 2, .store = &boot_trees};
	boot->slots[0].letter = 'a';
	boot->slots[1].letter = 'b';
	boot->running = &boot->slots[0];
	boot->other = &boot->slots[1];
	if (hash_file(scratch_path("root" LIST_FILE), boot->root_hash) < 0)
		die("the list of the root cannot be read");
	boot_reload(boot);
}

static void container_take(int fd, const struct offer *offer)
{
	static struct talk talk;
	static struct boot boot;
	struct gather how = {.talk = &talk, .boot = &boot, .offer = offer, .running = scratch_path("root")};

	talk = (struct talk){.in = fd, .out = fd};
	ck_assert_int_eq(chdir(scratch()), 0);
	container_open(&boot);
	gather(&how);
	talk_say(&talk, OFFER_DONE " %llu %llu %llu", (unsigned long long)how.in_place, (unsigned long long)how.copied,
		 (unsigned long long)how.received);
}

struct taken_how {
	long cut_after;                /* bytes; -1: never */
	bool lie;
	unsigned long long in_place, copied, received;
	size_t n_files;
};

/* The builder: gives what is asked for, until it has enough. */
static void serve(struct taken_how *how, int fd, const struct buf *list)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	FILE *in = fdopen(dup(fd), "r");
	struct listing_file *files;
	struct err err = {0};
	char line[600];
	size_t n;

	ck_assert_int_eq(listing_read(arena, arena_strndup(arena, list->data, list->size), &files, &n, &err), 0);
	while (fgets(line, sizeof line, in)) {
		_cleanup_buf_ struct buf content = {0};
		unsigned long long number;

		if (strcmp(line, OFFER_LIST "\n") == 0) {
			buf_add(&content, list->data, list->size);
		} else if (sscanf(line, OFFER_FILE " %llu\n", &number) == 1) {
			for (size_t i = 0; i < n; i++)
				if (files[i].number == number)
					ck_assert_int_eq(file_read(scratch_path(arena_printf(arena, "next/%s", files[i].path)),
								   1 << 24, &content, &err), 0);
			how->n_files++;
			if (how->lie)
				content.data[0] ^= 1;
		}
		if (sscanf(line, OFFER_DONE " %llu %llu %llu", &how->in_place, &how->copied, &how->received) == 3)
			break;
		if (how->cut_after >= 0 && (long)content.size > how->cut_after)
			break;
		how->cut_after -= how->cut_after >= 0 ? (long)content.size : 0;
		if (content.size && fd_write_all(fd, content.data, content.size) < 0)
			break;
	}
	fclose(in);
}

/* One run of it; the machine's exit status. */
static int take_once(struct taken_how *how)
{
	_cleanup_buf_ struct buf list = {0};
	struct offer offer = {.is_tree = true, .generation = 2};
	struct err err = {0};
	int fds[2], status;
	pid_t child;

	scratch();
	how->n_files = 0;
	ck_assert_int_eq(file_read(scratch_path("next" LIST_FILE), 1 << 24, &list, &err), 0);
	offer.objects[OBJECT_ROOT].size_bytes = list.size;
	sha256_of(list.data, list.size, offer.objects[OBJECT_ROOT].root_hash);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	child = child_start();
	if (child == 0) {
		close(fds[0]);
		container_take(fds[1], &offer);
		_exit(0);
	}
	close(fds[1]);
	serve(how, fds[0], &list);
	close(fds[0]);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void make_generations(void)
{
	make_tree("root", "mkdir -p ../box");
	make_tree("next", "echo two >etc/first && mkdir usr/more && seq 30000 >usr/more/new && "
			  "cp usr/more/new usr/more/newer && rm etc/twin && chmod 700 a-b");
}

/* What the init would start. */
static bool is_on_trial(void)
{
	struct books there;

	return books_read(scratch_path("box" BOX_FOLDER), &there) == 0 && there.trial == 'b' && there.tries == SLOT_TRIES &&
	       access(scratch_path("box/aether/b/image"), F_OK) == 0 && access(scratch_path("box/aether/b/taking"), F_OK) < 0;
}

static void check_taken(void)
{
	char why[200] = "";

	ck_assert(is_on_trial());
	ck_assert_msg(is_sound("box/aether/b/tree", why, sizeof why), "%s", why);
	run("diff -r --no-dereference -x pipe next box/aether/b/tree && "
	    "diff <(cd next && find . -printf '%p %M %U %G %s %l\\n' | grep -v '^./[^ ]* d' | LC_ALL=C sort) "
	    "<(cd box/aether/b/tree && find . -printf '%p %M %U %G %s %l\\n' | grep -v '^./[^ ]* d' | LC_ALL=C sort)");
	run("[ -z \"$(find box/aether/b/tree ! -type d -links +1 ! -path '*/etc/*')\" ] && "
	    "grep -q '^generation=2$' box/aether/b/image");
}

START_TEST(a_tree_is_taken_and_no_content_is_sent_that_is_there)
{
	struct taken_how how = {.cut_after = -1};
	struct stat list, new;

	make_generations();
	ck_assert_int_eq(take_once(&how), 0);
	check_taken();
	list = scratch_look("next" LIST_FILE);
	new = scratch_look("next/usr/more/new");
	ck_assert_uint_eq(how.n_files, 2); /* etc/first, and one of the two that are new */
	ck_assert_uint_eq(how.received, (unsigned long long)(list.st_size + new.st_size + 4));
	ck_assert_int_eq(take_once(&how), 0); /* once more: all of it is in its place */
	ck_assert_uint_eq(how.n_files, 0);
	check_taken();
}
END_TEST

START_TEST(what_runs_is_believed_when_it_was_read)
{
	struct taken_how how = {.cut_after = -1};

	make_generations();
	run("cd root && echo evil >usr/lib/systemd/systemd && echo x >usr/large");
	ck_assert_int_eq(take_once(&how), 0);
	ck_assert_uint_eq(how.n_files, 4);
	check_taken();
}
END_TEST

START_TEST(a_content_that_is_another_is_no_content)
{
	struct taken_how how = {.cut_after = -1, .lie = true};

	make_generations();
	ck_assert_int_ne(take_once(&how), 0);
	ck_assert(!is_on_trial());
	how.lie = false;
	ck_assert_int_eq(take_once(&how), 0);
	check_taken();
}
END_TEST

/* The slot had another generation, which ran and left its own things. */
START_TEST(what_was_in_the_slot_is_used_or_goes)
{
	struct taken_how how = {.cut_after = -1};

	make_generations();
	run("mkdir -p box/aether/b && cp -a next box/aether/b/tree && cd box/aether/b && echo root=00 >image && "
	    "echo x >failure && cd tree && rm -r a-b && ln -s / a-b && echo >etc/own && mkdir -p usr/large.d/x && "
	    "touch usr/large.d/x/y && "
	    "ln usr/more/new ../../../../shared && rm etc/link && mkdir etc/link && touch etc/link/in && chmod 777 usr && "
	    "chown 9 etc");
	ck_assert_int_eq(take_once(&how), 0);
	check_taken();
	run("[ -d / ] && [ ! -e box/aether/b/failure ] && [ \"$(stat -c %h shared)\" = 1 ]");
}
END_TEST

/* The connection ends after so many bytes; each time the container would start what it had, and goes on the next time. */
START_TEST(a_connection_that_is_cut_leaves_nothing_that_starts)
{
	struct taken_how how = {.cut_after = _i * 4001};

	make_generations();
	if (take_once(&how) != 0) {
		ck_assert(!is_on_trial());
		how.cut_after = -1;
		ck_assert_int_eq(take_once(&how), 0);
	}
	check_taken();
}
END_TEST

LOOP_SUITE(box_cut, a_connection_that_is_cut_leaves_nothing_that_starts, 46)

/* --- verdicts -------------------------------------------------------------------------------------------------------- */

START_TEST(a_verdict_is_in_the_books)
{
	struct taken_how how = {.cut_after = -1};
	struct boot boot;

	make_generations();
	ck_assert_int_eq(take_once(&how), 0);
	ck_assert_int_eq(chdir(scratch()), 0);
	container_open(&boot);
	boot.history = scratch_path("var/failures");
	ck_assert_int_eq(boot.other->state, SLOT_TRIAL);
	ck_assert_uint_eq(boot.other->tries_left, SLOT_TRIES);
	ck_assert_int_eq(boot.running->state, SLOT_GOOD);
	boot_bless(&boot, boot.other);
	ck_assert_str_eq(scratch_text("box/aether/books"), "good=b\n");
	ck_assert_int_eq(boot.other->state, SLOT_GOOD);
	boot.running = &boot.slots[1];
	boot.other = &boot.slots[0];
	boot_condemn(&boot, boot.running, "on\nfire");
	ck_assert_str_eq(scratch_text("box/aether/books"), "good=a\n");
	ck_assert_int_eq(boot.running->state, SLOT_BAD);
	ck_assert_str_eq(boot.running->failed_reason, "on fire");
	ck_assert_ptr_nonnull(strstr(scratch_text("var/failures"), boot.running->root_hash));
}
END_TEST

START_TEST(what_the_init_refused_is_a_failure)
{
	struct taken_how how = {.cut_after = -1};
	struct boot boot;

	make_generations();
	ck_assert_int_eq(take_once(&how), 0);
	run("printf 'it was changed' >box/aether/b/refused");
	ck_assert_int_eq(chdir(scratch()), 0);
	container_open(&boot);
	boot.history = scratch_path("var/failures");
	ck_assert(boot.other->refused && boot.other->state == SLOT_BAD);
	ck_assert_str_eq(boot.other->failed_reason, "it was changed");
	boot_condemn(&boot, boot.other, "it was changed");
	ck_assert(!boot.other->refused && boot.other->state == SLOT_BAD);
	ck_assert_str_eq(scratch_text("box/aether/books"), "good=a\n");
}
END_TEST

/* --- whatever fails -------------------------------------------------------------------------------------------------- */

static void empty_container(void)
{
	struct err err = {0};

	if (access(scratch_path("next"), F_OK) < 0)
		make_generations();
	ck_assert_int_eq(path_remove(scratch_path("box"), &err), 0);
	ck_assert_int_eq(mkdir(scratch_path("box"), 0755), 0);
}

/* The builder is a thread, to whose calls nothing happens. */
struct builder {
	int fd;
	struct buf list;
};

static void *builder_serve(void *data)
{
	struct builder *builder = data;
	struct taken_how how = {.cut_after = -1};

	serve(&how, builder->fd, &builder->list);
	return NULL;
}

static int run_taking(struct err *err)
{
	static struct talk talk;
	static struct boot boot;
	struct offer offer = {.is_tree = true, .generation = 2};
	struct gather how = {.talk = &talk, .boot = &boot, .offer = &offer, .running = scratch_path("root")};
	struct builder builder = {0};
	struct err ignored = {0};
	pthread_t thread;
	int fds[2];

	(void)err;
	if (file_read(scratch_path("next" LIST_FILE), 1 << 24, &builder.list, &ignored) < 0 || chdir(scratch()) < 0 ||
	    socketpair(AF_UNIX, SOCK_STREAM, 0, fds) < 0)
		die("the test cannot begin");
	builder.fd = fds[1];
	if (pthread_create(&thread, NULL, builder_serve, &builder) != 0)
		die("the test has no builder");
	talk = (struct talk){.in = fds[0], .out = fds[0]};
	offer.objects[OBJECT_ROOT].size_bytes = builder.list.size;
	sha256_of(builder.list.data, builder.list.size, offer.objects[OBJECT_ROOT].root_hash);
	container_open(&boot);
	gather(&how);
	close(fds[0]);
	pthread_join(thread, NULL);
	close(fds[1]);
	buf_free(&builder.list);
	return 0;
}

/* A tree that may be started is whole; one that was taken may be started. */
static void check_taking(int r)
{
	char why[200] = "";

	fail_demand(r < 0 || is_on_trial(), "it was taken, and cannot be started");
	fail_demand(!is_on_trial() || is_sound("box/aether/b/tree", why, sizeof why), "what can be started is not whole");
}

static const struct fail_body bodies[] = {
	{"a tree is taken", empty_container, run_taking, check_taking, 100, true},
};

START_TEST(whatever_call_fails_no_tree_starts_that_is_not_whole)
{
	setlocale(LC_CTYPE, "C.UTF-8");
	fail_each(&bodies[_i]);
}
END_TEST

LOOP_SUITE(box_failing, whatever_call_fails_no_tree_starts_that_is_not_whole, sizeof bodies / sizeof *bodies)

SUITE(box_tree, the_files_of_a_list_are_those_of_the_template,
      a_tree_is_taken_and_no_content_is_sent_that_is_there, what_runs_is_believed_when_it_was_read,
      a_content_that_is_another_is_no_content, what_was_in_the_slot_is_used_or_goes, a_verdict_is_in_the_books,
      what_the_init_refused_is_a_failure)
