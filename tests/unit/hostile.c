/* The same members, most of them of somebody who means harm, as a package, as a download and as a layer: one extractor
 * puts them all, and what each kind may do is its policy. Unpacked is into tree/, beside which is host/ with a canary in
 * it. For a download tree/ is a folder of a larger tree, so that the links out of it lead somewhere. */
#include "suite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/text.h"
#include "edge/bundle.h"
#include "edge/changeset.h"
#include "edge/debfile.h"
#include "scratch.h"
#include "tars.h"

enum { BYTES_MAX = 1 << 20, MEMBERS_MAX = 5 };

enum kind { PACKAGE, DOWNLOAD, LAYER, N_KINDS };
static const char *const kinds[] = {"a package", "a download", "a layer"};

/* What is there before: dir/in, full/in, empty/, file, a file with a set-id bit, and links. */
static void make_ground(void)
{
	static const char *const folders[] = {"host", "tree/dir", "tree/full", "tree/empty"};
	static const char *const files[] = {"host/canary", "tree/dir/in", "tree/full/in", "tree/file", "tree/su"};
	static const char *const links[][2] = {
		{"tree/link", "dir"}, {"tree/out", "../host"}, {"tree/loop", "loop"}, {"tree/dangling", "nothing"},
	};
	struct err err = {0};

	for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
		ck_assert_int_eq(folder_make(scratch_path(folders[i]), 0755, &err), 0);
	for (size_t i = 0; i < sizeof files / sizeof *files; i++)
		ck_assert_int_eq(file_write(scratch_path(files[i]), "mine", 4, 0600, &err), 0);
	for (size_t i = 0; i < sizeof links / sizeof *links; i++)
		ck_assert_int_eq(symlink(links[i][1], scratch_path(links[i][0])), 0);
	ck_assert_int_eq(chmod(scratch_path("tree/su"), 04755), 0);
}

static void check_canary(void)
{
	struct stat folder = scratch_look("host"), canary = scratch_look("host/canary");

	ck_assert_uint_eq(folder.st_mode, S_IFDIR | 0755);
	ck_assert_uint_eq(folder.st_nlink, 2);
	ck_assert_int_ne(folder.st_mtim.tv_sec, 1000000000);
	ck_assert_uint_eq(canary.st_mode, S_IFREG | 0600);
	ck_assert_uint_eq(canary.st_nlink, 1);
	ck_assert_str_eq(scratch_text("host/canary"), "mine");
	ck_assert(!path_exists(scratch_path("host/new")) && !path_exists(scratch_path("new")));
}

static bool every_file(void *data, const char *path)
{
	(void)data, (void)path;
	return true;
}

/* Writes the members as an archive of that kind, and unpacks it. */
static int unpack_as(enum kind kind, const struct member *members, size_t n, struct err *err)
{
	const char *path = scratch_path("archive"), *tree = scratch_path(kind == DOWNLOAD ? "" : "tree");
	_cleanup_fd_ int root_fd = open(tree, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const struct bundle_target target = {root_fd, "/tree", 0, geteuid(), getegid()};
	_cleanup_buf_ struct buf archive = {0};
	uint64_t left = BYTES_MAX;

	ck_assert_int_ge(root_fd, 0);
	if (kind == PACKAGE)
		tars_put_deb(&archive, members, n);
	else
		tars_put(&archive, members, n);
	ck_assert_int_eq(file_write(path, archive.data, archive.size, 0600, err), 0);
	return kind == PACKAGE  ? debfile_unpack(path, tree, BYTES_MAX, every_file, NULL, err)
	       : kind == LAYER ? changeset_apply(path, root_fd, &left, err)
			       : bundle_unpack(path, &target, BYTES_MAX, err);
}

/* What is at `path` of the tree, in words. */
static const char *look(const char *path)
{
	const char *whole = arena_printf(scratch_arena(), "tree/%s", path);
	struct stat st = scratch_look(whole);
	char to[256] = "";

	switch (st.st_mode & S_IFMT) {
	case S_IFREG:
		return arena_printf(scratch_arena(), "file %o", st.st_mode & 07777);
	case S_IFDIR:
		return arena_printf(scratch_arena(), "folder %o", st.st_mode & 07777);
	case S_IFIFO:
		return arena_printf(scratch_arena(), "pipe %o", st.st_mode & 07777);
	case S_IFLNK:
		ck_assert_int_gt(readlink(scratch_path(whole), to, sizeof to - 1), 0);
		return arena_printf(scratch_arena(), "-> %s", to);
	default:
		return st.st_mode ? "something else" : "nothing";
	}
}

/* What becomes of the members: "refused", "too much", or what is then at `path`. */
static const char *verdict(enum kind kind, const struct member *members, size_t n, const char *path)
{
	struct err err = {0};
	int r = unpack_as(kind, members, n, &err);

	check_canary();
	if (r == 0)
		return look(path);
	ck_assert_uint_eq(err.count, 1);
	for (const char *at = err.first->text; *at; at++)
		ck_assert_msg(!text_control(at), "a control character in '%s'", err.first->text);
	ck_assert(r == -EBADMSG || r == -EFBIG);
	err_free(&err);
	return r == -EBADMSG ? "refused" : "too much";
}

struct row {
	const char *what;
	struct member members[MEMBERS_MAX];
	const char *path;               /* in the tree, looked at afterwards */
	const char *verdicts[N_KINDS];  /* the package's, the download's, the layer's; NULL: as the one before */
};

/* Modes that do not matter are 0, which becomes 0644. */
#define A_FILE(path, bits) {.type = '0', .name = path, .text = "x", .mode = bits}
#define A_HUGE(path, size) {.type = '0', .name = path, .text = "x", .claims = size}
#define A_FOLDER(path, bits) {.type = '5', .name = path, .mode = bits}
#define A_LINK(path, to) {.type = '2', .name = path, .text = to}
#define A_HARDLINK(path, to) {.type = '1', .name = path, .text = to}
#define A_HEADER(pax) {.type = 'x', .name = "pax", .text = pax}
#define AN_OTHER(letter, path) {.type = letter, .name = path, .mode = 0600}

static const struct row rows[] = {
	/* names */
	{"a file", {A_FILE("new", 0644)}, "new", {"file 644"}},
	{"an absolute path", {A_FILE("/new", 0644)}, "new", {"refused", NULL, "file 644"}},
	{"a path upward", {A_FILE("../new", 0)}, "", {"refused"}},
	{"a path up and down", {A_FILE("dir/../../new", 0)}, "", {"refused"}},
	{"a folder upward", {A_FOLDER("dir/..", 0)}, "", {"refused"}},
	{"a dot inside", {A_FILE("./dir/./new", 0644)}, "dir/new", {"refused", "file 644"}},
	{"two slashes", {A_FILE("dir//new", 0644)}, "dir/new", {"refused", "file 644"}},
	{"no name", {A_FILE("", 0)}, "", {"folder 755", "refused", "folder 755"}},
	{"control characters", {A_FILE("new\33[2J\n", 0644)}, "new\33[2J\n", {"file 644"}},
	{"control characters upward", {A_FILE("\33[2J/..", 0)}, "", {"refused"}},
	{"a name for whiteouts", {A_FILE(".wh.file", 0644)}, ".wh.file", {"file 644", NULL, "nothing"}},
	{"what a whiteout hides", {A_FILE(".wh.file", 0644)}, "file", {"file 600", NULL, "nothing"}},
	{"a whiteout upward", {A_FILE("dir/.wh...", 0644)}, "dir/.wh...", {"file 644", NULL, "refused"}},
	{"a whiteout out", {A_FILE("out/.wh.canary", 0644)}, "host", {"refused", NULL, "nothing"}},
	{"an opaque one out", {A_FILE("out/.wh..wh..opq", 0)}, "host", {"refused", NULL, "nothing"}},
	{"the folder itself", {A_FOLDER("./", 0700), A_FILE("new", 0)}, "", {"folder 755", NULL, "folder 700"}},

	/* on the way */
	{"below a link", {A_FILE("link/new", 0644)}, "dir/new", {"file 644"}},
	{"below a link out", {A_FILE("out/new", 0)}, "host/new", {"refused", NULL, "file 644"}},
	{"below a loop", {A_FILE("loop/new", 0)}, "", {"refused"}},
	{"below a link to nothing", {A_FILE("dangling/new", 0)}, "nothing/new", {"refused", NULL, "file 644"}},
	{"below a file", {A_FILE("file/new", 0)}, "", {"refused"}},
	{"below an own link out", {A_LINK("l", "../host"), A_FILE("l/new", 0)}, "host/new", {"refused", NULL, "file 644"}},
	{"below an own link to /", {A_LINK("l", "/"), A_FILE("l/new", 0644)}, "new", {"file 644", "refused", "file 644"}},
	{"below an own link up", {A_LINK("dir/l", ".."), A_FILE("dir/l/new", 0644)}, "new", {"file 644"}},
	{"by way of /proc", {A_LINK("l", "/proc/self/root"), A_FILE("l/new", 0)}, "proc/self/root/new",
	 {"refused", NULL, "file 644"}},
	{"a folder that was, out",
	 {A_FOLDER("empty", 0), A_FILE("new", 0), A_FOLDER("empty", 0), A_LINK("empty", "../host"), A_FILE("empty/new", 0)},
	 "host/new", {"refused", NULL, "file 644"}},
	{"a folder that was, inside",
	 {A_FOLDER("empty", 0), A_LINK("empty", "dir"), A_FILE("empty/new", 0644)}, "dir/new",
	 {"file 644", "refused", "file 644"}},
	{"a link that was, replaced by way of itself",
	 {A_LINK("l", "."), A_FILE("l/x", 0), A_LINK("l/l", "dir"), A_FILE("l/new", 0644)}, "dir/new", {"file 644"}},
	{"a file that was, out",
	 {A_FILE("file", 0), A_FILE("file", 0), A_LINK("file", "../host"), A_FILE("file/new", 0)}, "host/new",
	 {"refused", NULL, "file 644"}},

	/* links */
	{"a link out", {A_LINK("l", "../host")}, "l", {"-> ../host", "refused", "-> ../host"}},
	{"a link up behind a name", {A_LINK("l", "link/../..")}, "l", {"-> link/../..", "refused", "-> link/../.."}},
	{"a link to no name", {A_LINK("l", "")}, "", {"refused"}},
	{"a hard link out", {A_HARDLINK("h", "../host/canary")}, "", {"refused"}},
	{"an absolute hard link", {A_HARDLINK("h", "/host/canary")}, "", {"refused"}},
	{"a hard link by a link out", {A_HARDLINK("h", "out/canary")}, "", {"refused"}},
	{"a hard link to a link", {A_HARDLINK("h", "out")}, "h", {"-> ../host", "refused", "-> ../host"}},
	{"a hard link to a folder", {A_HARDLINK("h", "dir")}, "", {"refused"}},
	{"a hard link to nothing", {A_HARDLINK("h", "nothing")}, "", {"refused"}},
	{"a hard link to itself", {A_HARDLINK("file", "file")}, "file", {"file 600"}},
	{"a hard link to power", {A_HARDLINK("h", "su")}, "h", {"file 4755", "refused", "file 4755"}},
	{"a hard link, then through it", {A_HARDLINK("h", "out/canary"), A_FILE("h", 0)}, "", {"refused"}},

	/* what they are */
	{"a device", {AN_OTHER('3', "new")}, "new", {"refused", NULL, "nothing"}},
	{"a disk", {AN_OTHER('4', "new")}, "new", {"refused", NULL, "nothing"}},
	{"a device for a file", {AN_OTHER('3', "file")}, "file", {"refused", NULL, "nothing"}},
	{"a pipe", {AN_OTHER('6', "new")}, "new", {"refused", NULL, "pipe 600"}},
	{"set-id bits", {A_FILE("new", 06755)}, "new", {"file 6755", "file 755", "file 6755"}},
	{"a file for all to write", {A_FILE("new", 0666)}, "new", {"file 666", "file 644", "file 666"}},
	{"a folder for all to write", {A_FOLDER("new", 01777)}, "new", {"folder 1777", "folder 755", "folder 1777"}},
	{"more than may come", {A_HUGE("new", BYTES_MAX + 1)}, "", {"too much"}},
	{"gigabytes", {A_HUGE("new", 8000000000)}, "", {"too much"}},
	{"a hole of many terabytes",
	 {A_HEADER("26 GNU.sparse.numblocks=1\n35 GNU.sparse.size=900000000000000\n22 GNU.sparse.map=0,1\n"), A_FILE("new", 0)},
	 "", {"too much"}},

	/* what is in the way */
	{"a file for a file", {A_FILE("file", 0644)}, "file", {"file 644"}},
	{"a file for a full folder", {A_FILE("full", 0644)}, "full", {"refused", NULL, "file 644"}},
	{"a file for an empty folder", {A_FILE("empty", 0644)}, "empty", {"file 644", "refused", "file 644"}},
	{"a file for a link", {A_FILE("link", 0644)}, "link", {"file 644"}},
	{"a file for a link, which stays alone", {A_FILE("link", 0)}, "dir/in", {"file 600"}},
	{"a file for a link out", {A_FILE("out", 0644)}, "out", {"file 644"}},
	{"a folder for a file", {A_FOLDER("file", 0755)}, "file", {"folder 755", "refused", "folder 755"}},
	{"a folder for a folder", {A_FOLDER("dir", 0700)}, "dir", {"folder 700", "folder 755", "folder 700"}},
	{"a folder for a link to one", {A_FOLDER("link", 0700)}, "link", {"-> dir", NULL, "folder 700"}},
	{"a folder for a link out", {A_FOLDER("out", 0700)}, "out", {"folder 700", "refused", "folder 700"}},
	{"a folder for a link to nothing", {A_FOLDER("dangling", 0700)}, "dangling", {"folder 700", "refused", "folder 700"}},
	{"a link for a full folder", {A_LINK("full", "dir")}, "full", {"refused", NULL, "-> dir"}},
	{"a hard link for a folder", {A_HARDLINK("full", "file")}, "full", {"refused", NULL, "file 600"}},
};

enum { N_ROWS = sizeof rows / sizeof *rows };

START_TEST(a_member_becomes_what_the_policy_of_its_kind_says)
{
	const struct row *row = &rows[_i / N_KINDS];
	enum kind kind = (enum kind)(_i % N_KINDS);
	struct member members[MEMBERS_MAX];
	const char *expected = NULL, *found;
	size_t n = 0;

	for (int k = 0; k <= (int)kind; k++)
		expected = row->verdicts[k] ? row->verdicts[k] : expected;
	for (; n < MEMBERS_MAX && row->members[n].name; n++) {
		members[n] = row->members[n];
		members[n].uid = geteuid();
	}
	make_ground();
	found = verdict(kind, members, n, row->path);
	ck_assert_msg(strcmp(found, expected) == 0, "%s in %s: %s instead of %s", row->what, kinds[kind], found, expected);
}
END_TEST

LOOP_SUITE(hostile, a_member_becomes_what_the_policy_of_its_kind_says, N_ROWS *N_KINDS)

/* A name of `n` parts of `length` letters each, which only an extended header can hold. */
static const char *long_header(size_t n, size_t length)
{
	_cleanup_buf_ struct buf name = {0};
	size_t size = 6 + n * (length + 1);

	for (size_t i = 0; i < n; i++)
		buf_printf(&name, "%s%0*d", i ? "/" : "", (int)length, 0);
	size += size < 100 - 2 ? 2 : size < 1000 - 3 ? 3 : size < 10000 - 4 ? 4 : 5; /* its own digits count */
	return arena_printf(scratch_arena(), "%zu path=%s\n", size, name.data);
}

static const char *long_verdict(enum kind kind, size_t n, size_t length)
{
	const struct member members[] = {
		{'x', "pax", long_header(n, length), 0, 0, 0}, {'0', "new", "x", 0644, geteuid(), 0}};

	return verdict(kind, members, 2, arena_printf(scratch_arena(), "%0*d", (int)length, 0));
}

/* Two thousand folders, none of which is there, and names that no file system takes. */
START_TEST(names_may_be_as_long_as_the_kernel_takes_them)
{
	struct rlimit files;

	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &files), 0);
	files.rlim_cur = files.rlim_max; /* whoever removes them has them all open */
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &files), 0);
	make_ground();
	ck_assert_str_eq(long_verdict((enum kind)_i, 2000, 1), "folder 755");
	ck_assert_str_eq(long_verdict((enum kind)_i, 1, 255), "file 644");
	ck_assert_str_eq(long_verdict((enum kind)_i, 1, 256), "refused");
	ck_assert_str_eq(long_verdict((enum kind)_i, 3000, 1), "refused");
	ck_assert_str_eq(long_verdict((enum kind)_i, 20000, 1), "refused");
}
END_TEST

LOOP_SUITE(hostile_names, names_may_be_as_long_as_the_kernel_takes_them, N_KINDS)
