/* Layers of container images: what becomes of each kind of thing below under each kind of thing that a layer says of it. What
 * is expected is what `umoci unpack` makes of the same layers, and where that depends on the order of an archive, what the
 * image specification says: whiteouts hide what the layers below have, and nothing else. */
#include "suite.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/text.h"
#include "edge/changeset.h"
#include "scratch.h"
#include "tars.h"

enum { N_LOWERS = 8, MEMBERS_MAX = 5 };

#define F(path, content) {.type = '0', .name = path, .text = content, .mode = 0644}
#define D(path) {.type = '5', .name = path, .mode = 0755}
#define L(path, to) {.type = '2', .name = path, .text = to, .mode = 0777}
#define H(path, to) {.type = '1', .name = path, .text = to}
#define P(path) {.type = '6', .name = path, .mode = 0644}
#define C(path) {.type = '3', .name = path, .mode = 0644}

/* What is below, besides dir/in and other: something at x. */
static const struct member ground[] = {D("dir"), F("dir/in", "kept"), F("other", "o")};
static const struct {
	const char *what;
	struct member members[MEMBERS_MAX];
} lowers[N_LOWERS] = {
	{"nothing", {{0}}},
	{"a file", {F("x", "low")}},
	{"a folder", {D("x"), F("x/old", "low"), D("x/sub"), F("x/sub/deep", "low")}},
	{"a link to a folder", {L("x", "dir")}},
	{"a link to a file", {L("x", "other")}},
	{"a link to nothing", {L("x", "nothing")}},
	{"a hard link", {H("x", "other")}},
	{"a pipe", {P("x")}},
};

struct row {
	const char *what;
	struct member members[MEMBERS_MAX];
	const char *expected[N_LOWERS]; /* NULL: as the one before */
};

static const struct row rows[] = {
	{"a file", {F("x", "up")},
	 {"x=up"}},
	{"a folder", {D("x")},
	 {"x/", NULL, "x/ x/old=low x/sub/ x/sub/deep=low", "x/"}},
	{"a link", {L("x", "dir")},
	 {"x->dir"}},
	{"a hard link", {H("x", "other")},
	 {"x=o"}},
	{"a pipe", {P("x")},
	 {"x|"}},
	{"a folder with a file", {D("x"), F("x/new", "n")},
	 {"x/ x/new=n", NULL, "x/ x/new=n x/old=low x/sub/ x/sub/deep=low", "x/ x/new=n"}},
	{"a file below", {F("x/new", "n")},
	 {"x/ x/new=n", "refused", "x/ x/new=n x/old=low x/sub/ x/sub/deep=low", "dir/new=n x->dir", "refused",
	  "nothing/ nothing/new=n x->nothing", "refused"}},
	{"an opaque folder", {D("x"), F("x/.wh..wh..opq", ""), F("x/new", "n")},
	 {"x/ x/new=n"}},
	{"opaque, said last", {D("x"), F("x/new", "n"), F("x/.wh..wh..opq", "")},
	 {"x/ x/new=n"}},
	{"opaque, said first", {F("x/.wh..wh..opq", ""), D("x"), F("x/new", "n")},
	 {"x/ x/new=n"}},
	{"opaque alone", {F("x/.wh..wh..opq", "")},
	 {"", "x=low", "x/", "x->dir -dir/in=kept", "x->other", "x->nothing", "x=o", "x|"}},
	{"opaque without its folder", {F("x/.wh..wh..opq", ""), F("x/new", "n")},
	 {"x/ x/new=n", "refused", "x/ x/new=n", "dir/new=n x->dir -dir/in=kept", "refused",
	  "nothing/ nothing/new=n x->nothing", "refused"}},
	{"opaque without its folder, said last", {F("x/new", "n"), F("x/.wh..wh..opq", "")},
	 {"x/ x/new=n", "refused", "x/ x/new=n", "dir/new=n x->dir -dir/in=kept", "refused",
	  "nothing/ nothing/new=n x->nothing", "refused"}},
	{"hidden", {F(".wh.x", "")},
	 {""}},
	{"hidden, then a file", {F(".wh.x", ""), F("x", "up")},
	 {"x=up"}},
	{"a file, then hidden", {F("x", "up"), F(".wh.x", "")},
	 {"x=up"}},
	{"hidden, then a folder", {F(".wh.x", ""), D("x")},
	 {"x/"}},
	{"hidden, then a file below", {F(".wh.x", ""), F("x/new", "n")},
	 {"x/ x/new=n"}},
	{"a file below, then hidden", {F("x/new", "n"), F(".wh.x", "")},
	 {"x/ x/new=n"}},
	{"a file in it hidden", {F("x/.wh.in", "")},
	 {"", "x=low", "x/ x/old=low x/sub/ x/sub/deep=low", "x->dir -dir/in=kept", "x->other", "x->nothing",
	  "x=o", "x|"}},
	{"a folder, a file in it hidden", {D("x"), F("x/.wh.in", "")},
	 {"x/", NULL, "x/ x/old=low x/sub/ x/sub/deep=low", "x/"}},
	{"a file in it hidden, then the folder", {F("x/.wh.in", ""), D("x")},
	 {"x/", NULL, "x/ x/old=low x/sub/ x/sub/deep=low", "x/"}},
	{"another file in it hidden", {F("x/.wh.old", "")},
	 {"", "x=low", "x/ x/sub/ x/sub/deep=low", "x->dir", "x->other", "x->nothing", "x=o", "x|"}},
	{"a file in it hidden and brought", {F("x/.wh.old", ""), F("x/old", "up")},
	 {"x/ x/old=up", "refused", "x/ x/old=up x/sub/ x/sub/deep=low", "dir/old=up x->dir", "refused",
	  "nothing/ nothing/old=up x->nothing", "refused"}},
	{"a file in it brought and hidden", {F("x/old", "up"), F("x/.wh.old", "")},
	 {"x/ x/old=up", "refused", "x/ x/old=up x/sub/ x/sub/deep=low", "dir/old=up x->dir", "refused",
	  "nothing/ nothing/old=up x->nothing", "refused"}},
	{"opaque with a folder", {D("x"), D("x/sub"), F("x/.wh..wh..opq", ""), F("x/sub/new", "n")},
	 {"x/ x/sub/ x/sub/new=n"}},
	{"hidden by a folder", {D(".wh.x")},
	 {""}},
	{"a hard link to it, then hidden", {H("b", "x"), F(".wh.x", "")},
	 {"refused", "b=low", "refused", "b->dir", "b->other", "b->nothing", "b=o", "b|"}},
	{"hidden, then a hard link to it", {F(".wh.x", ""), H("b", "x")},
	 {"refused", "b=low", "refused", "b->dir", "b->other", "b->nothing", "b=o", "b|"}},
	{"a hard link to what is in it, then hidden", {H("b", "x/old"), F(".wh.x", "")},
	 {"refused", NULL, "b=low", "refused"}},
	{"twice a file", {F("x", "1"), F("x", "2")},
	 {"x=2"}},
	{"a folder, then a file", {D("x"), F("x/a", "1"), F("x", "2")},
	 {"x=2"}},
	{"a file, then a folder", {F("x", "2"), D("x"), F("x/a", "1")},
	 {"x/ x/a=1"}},
	{"a folder, then a link", {D("x"), F("x/a", "1"), L("x", "dir"), F("x/b", "2")},
	 {"dir/b=2 x->dir"}},
	{"an overlay's device", {C("x")},
	 {""}},
	{"a file below, then the folder", {F("x/new", "n"), D("x")},
	 {"x/ x/new=n", NULL, "x/ x/new=n x/old=low x/sub/ x/sub/deep=low", "x/ x/new=n"}},
	{"all opaque", {F(".wh..wh..opq", ""), F("n", "nn")},
	 {"n=nn -dir/ -dir/in=kept -other=o"}},
	{"a file below, then all opaque", {F("x/new", "nn"), F(".wh..wh..opq", "")},
	 {"x/ x/new=nn -dir/ -dir/in=kept -other=o"}},
	{"two things in it hidden", {F("x/.wh.dir", ""), F("x/.wh.in", "")},
	 {"", "x=low", "x/ x/old=low x/sub/ x/sub/deep=low", "x->dir -dir/in=kept", "x->other", "x->nothing",
	  "x=o", "x|"}},
	{"a link, then something hidden below", {L("x", "dir"), F("x/.wh.in", "")},
	 {"x->dir"}},
};

static size_t count(const struct member *members)
{
	size_t n = 0;

	while (n < MEMBERS_MAX && members[n].name)
		n++;
	return n;
}

static int apply(int root, const struct member *members, size_t n, struct err *err)
{
	_cleanup_buf_ struct buf tar = {0};
	struct member own[MEMBERS_MAX];
	uint64_t left = 1 << 20;

	for (size_t i = 0; i < n; i++) {
		own[i] = members[i];
		own[i].uid = geteuid();
	}
	tars_put(&tar, own, n);
	ck_assert_int_eq(file_write(scratch_path("layer"), tar.data, tar.size, 0600, err), 0);
	return changeset_apply(scratch_path("layer"), root, &left, err);
}

/* --- what is there, in words ---------------------------------------------------------------------------------------- */

static void list(struct strv *found, int parent, const char *folder)
{
	DIR *entries = fdopendir(openat(parent, *folder ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	struct dirent *entry;

	ck_assert_ptr_nonnull(entries);
	while ((entry = readdir(entries))) {
		const char *path = arena_printf(scratch_arena(), "%s%s%s", folder, *folder ? "/" : "", entry->d_name);
		char text[64] = "";
		struct stat st;
		int fd;

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		ck_assert_int_eq(fstatat(parent, path, &st, AT_SYMLINK_NOFOLLOW), 0);
		if (S_ISREG(st.st_mode)) {
			fd = openat(parent, path, O_RDONLY | O_CLOEXEC);
			ck_assert_int_ge(read(fd, text, sizeof text - 1), 0);
			close(fd);
		} else if (S_ISLNK(st.st_mode)) {
			ck_assert_int_gt(readlinkat(parent, path, text, sizeof text - 1), 0);
		}
		strv_push(scratch_arena(), found,
			  arena_printf(scratch_arena(), "%s%s%s", path,
				       S_ISREG(st.st_mode)   ? "="
				       : S_ISLNK(st.st_mode) ? "->"
				       : S_ISDIR(st.st_mode) ? "/"
							     : "|",
				       text));
		if (S_ISDIR(st.st_mode))
			list(found, parent, path);
	}
	closedir(entries);
}

/* What differs from the ground. */
static const char *difference(int root)
{
	static const char *const all[] = {"dir/", "dir/in=kept", "other=o"};
	struct strv found = {0}, usual = {0};
	const char *text = "";

	for (size_t i = 0; i < 3; i++)
		strv_push(scratch_arena(), &usual, all[i]);
	list(&found, root, "");
	strv_sort(&found);
	for (size_t i = 0; i < found.count; i++)
		if (!strv_has(&usual, found.items[i]))
			text = arena_printf(scratch_arena(), "%s%s%s", text, *text ? " " : "", found.items[i]);
	for (size_t i = 0; i < usual.count; i++)
		if (!strv_has(&found, usual.items[i]))
			text = arena_printf(scratch_arena(), "%s%s-%s", text, *text ? " " : "", usual.items[i]);
	return text;
}

/* What a layer makes of a tree with `below` in it. */
static const char *verdict(const struct member *below, const struct member *layer)
{
	const char *tree = scratch_path("tree");
	_cleanup_fd_ int root = -1;
	struct err err = {0};
	int r;

	ck_assert_int_eq(path_remove(tree, &err), 0);
	ck_assert_int_eq(mkdir(tree, 0755), 0);
	root = open(tree, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_eq(apply(root, ground, 3, &err), 0);
	ck_assert_int_eq(apply(root, below, count(below), &err), 0);
	r = apply(root, layer, count(layer), &err);
	err_free(&err);
	ck_assert(r == 0 || r == -EBADMSG);
	return r == 0 ? difference(root) : "refused";
}

START_TEST(each_thing_below_becomes_what_the_layer_says_of_it)
{
	const struct row *row = &rows[_i];
	const char *expected = "";

	for (size_t i = 0; i < N_LOWERS; i++) {
		const char *found = verdict(lowers[i].members, row->members);

		expected = row->expected[i] ? row->expected[i] : expected;
		ck_assert_msg(strcmp(found, expected) == 0, "%s over %s: '%s' instead of '%s'", row->what, lowers[i].what,
			      found, expected);
	}
}
END_TEST

LOOP_SUITE(changeset, each_thing_below_becomes_what_the_layer_says_of_it, sizeof rows / sizeof *rows)

/* --- names that mean something, or only look like it ------------------------------------------------------------------ */

static const struct {
	struct member below[MEMBERS_MAX], layer[MEMBERS_MAX];
	const char *expected;
} names[] = {
	{{{0}}, {F(".wh.", "")}, "refused"},
	{{{0}}, {F(".wh..", "")}, "refused"},
	{{{0}}, {F("dir/.wh...", "")}, "refused"},
	{{F("...", "x")}, {F(".wh....", "")}, ""},
	{{F("foo", "x")}, {F(".wh..wh.foo", "")}, "foo=x"},
	{{F("opq", "x")}, {F(".wh..wh..opq.", "")}, "opq=x"},
	{{{0}}, {F(".wh..wh.aufs", ""), D(".wh..wh.plnk"), F(".wh..wh.plnk/1.2", "x"), D(".wh..wh.orph/")}, ""},
	{{F("a", "x")}, {D(".wh.a"), F(".wh.a/b", "x")}, "refused"},
	{{{0}}, {F("d/.wh.a/b", "x")}, "refused"},
	{{F("wh.a", "x"), F(".wha", "x")}, {F(".wh.wh.a", "")}, ".wha=x"},
	{{F("a", "x")}, {F("./.wh.a", "")}, ""},
	{{F("a", "x")}, {F("/.wh.a", "")}, ""},
	{{F("a", "x")}, {F(".//.wh.a", "")}, ""},
	{{F("a", "x")}, {D(".wh.a/")}, ""},
	{{F("a", "x")}, {L(".wh.a", "dir")}, ""},
	{{F("a", "x")}, {H(".wh.a", "nothing")}, ""},
	{{F("a", "x")}, {P(".wh.a")}, ""},
	{{F("a", "x")}, {C(".wh.a")}, ""},
	{{F("a", "x")}, {F("dir/../.wh.a", "")}, "refused"},
	{{F("caf\xe9", "x")}, {F(".wh.caf\xe9", "")}, ""},
	{{F("a b\n\33", "x")}, {F(".wh.a b\n\33", "")}, ""},
	{{F("-a", "x"), F("ab", "x"), F("a!", "x")}, {F(".wh.-a", ""), F("a/b", "x"), F(".wh.a", "")}, "a!=x a/ a/b=x ab=x"},

	/* by way of links: inside the tree, whatever they say */
	{{L("l", "/"), F("a", "x")}, {F("l/.wh.a", "")}, "l->/"},
	{{L("l", "../../.."), F("a", "x")}, {F("l/.wh.a", "")}, "l->../../.."},
	{{L("l", "/dir"), L("m", "l")}, {F("m/.wh.in", "")}, "l->/dir m->l -dir/in=kept"},
	{{L("l", "../a/./b/../c//d")}, {F("l/f", "x")}, "a/ a/b/ a/c/ a/c/d/ a/c/d/f=x l->../a/./b/../c//d"},
	{{L("l", "m/n"), L("m", "/dir/o")}, {F("l/p/f", "x")}, "dir/o/ dir/o/n/ dir/o/n/p/ dir/o/n/p/f=x l->m/n m->/dir/o"},
	{{L("l", "l")}, {F("l/f", "x")}, "refused"},
	{{L("l", "m"), L("m", "l")}, {F("l/f", "x")}, "refused"},
	{{L("l", "other/n")}, {F("l/f", "x")}, "refused"},
	{{L("l", "dir")}, {D("l"), F("l/.wh.in", ""), F("l/sub/.wh..wh..opq", "")}, "l/"},
	{{L("l", "dir")}, {D("l/"), F("/l/.wh.in", "")}, "l/"},
	{{L("l", "dir")}, {F(".wh.l", ""), F("l/.wh.in", ""), F("l/.wh..wh..opq", "")}, ""},
	{{D("a"), L("a/l", "/dir")}, {D("a"), F("a/.wh..wh..opq", ""), F("a/l/.wh.in", "")}, "a/"},
	{{D("a"), L("a/l", "/dir")}, {F(".wh.a", ""), F("a/l/.wh.in", ""), F("a/l/new", "x")}, "a/ a/l/ a/l/new=x"},
	{{L("l", "dir")}, {F("l", "x"), F("l/.wh.in", "")}, "l=x"},

	/* hard links to what the layer hides, empties or replaces */
	{{F("a", "x")}, {H("b", "a"), H("c", "./a"), F(".wh.a", "")}, "b=x c=x"},
	{{F("a", "x")}, {F(".wh.a", ""), H("b", "/a"), H("c", "b")}, "b=x c=x"},
	{{F("a", "x")}, {H("b", "a"), F("a", "new"), H("c", "a"), F(".wh.a", "")}, "a=new b=x c=new"},
	{{F("a", "x")}, {F("a", "new"), H("b", "a"), F(".wh.a", "")}, "a=new b=new"},
	{{F("a", "x")}, {H("b", "a"), D("a"), F("a/f", "x")}, "a/ a/f=x b=x"},
	{{{0}}, {F(".wh..wh..opq", ""), H("b", "dir/in")}, "b=kept -dir/ -dir/in=kept -other=o"},
	{{{0}}, {F(".wh.dir", ""), H("dir/in", "dir/in")}, ""},
	{{F("a", "x")}, {H("a/b", "a"), F(".wh.a", "")}, "a/ a/b=x"},
	{{L("l", "dir")}, {D("l"), H("l/b", "l/in")}, "l/ l/b=kept"},
	{{{0}}, {H("b", ".wh..wh.kept/0")}, "refused"},
};

START_TEST(names_mean_what_the_specification_says)
{
	const char *found = verdict(names[_i].below, names[_i].layer);

	ck_assert_msg(strcmp(found, names[_i].expected) == 0, "row %d: '%s' instead of '%s'", _i, found, names[_i].expected);
}
END_TEST

LOOP_SUITE(changeset_names, names_mean_what_the_specification_says, sizeof names / sizeof *names)

/* --- what things get besides their content ---------------------------------------------------------------------------- */

/* A pax header with one line, which says its own length. */
static const char *header(const char *key, const char *value)
{
	size_t size = strlen(key) + strlen(value) + 3, digits = 1;

	while ((size_t)snprintf(NULL, 0, "%zu", size + digits) != digits)
		digits++;
	return arena_printf(scratch_arena(), "%zu %s=%s\n", size + digits, key, value);
}

static struct stat look(const char *path)
{
	return scratch_look(arena_printf(scratch_arena(), "tree/%s", path));
}

static bool has_attribute(const char *path, const char *name)
{
	return lgetxattr(scratch_path(arena_printf(scratch_arena(), "tree/%s", path)), name, NULL, 0) >= 0;
}

START_TEST(a_folder_takes_what_the_last_layer_says_of_it)
{
	const struct member below[] = {
		{'x', "pax", header("SCHILY.xattr.user.old", "1"), 0, 0, 0}, {'5', "d", NULL, 0700, 0, 0},
		{'5', "e", NULL, 0700, 0, 0}, {'0', "e/f", "x", 04755, 0, 0}, {'5', "g", NULL, 0700, 0, 0}};
	const struct member layer[] = {
		{'x', "pax", header("SCHILY.xattr.user.overlay.opaque", "y"), 0, 0, 0}, {'5', "d", NULL, 02750, 0, 0},
		{'0', "e/f", "new", 0600, 0, 0}, {'0', ".wh.g", "", 0, 0, 0}, {'0', "g/h/f", "", 0644, 0, 0}};
	struct err err = {0};
	_cleanup_fd_ int root = -1;

	ck_assert_int_eq(mkdir(scratch_path("tree"), 0755), 0);
	root = open(scratch_path("tree"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_eq(apply(root, below, 5, &err), 0);
	ck_assert(has_attribute("d", "user.old") || errno == ENOTSUP);
	ck_assert_int_eq(apply(root, layer, 5, &err), 0);
	ck_assert_uint_eq(look("d").st_mode, S_IFDIR | 02750);
	ck_assert(!has_attribute("d", "user.old") && !has_attribute("d", "user.overlay.opaque"));
	ck_assert_uint_eq(look("e").st_mode, S_IFDIR | 0700); /* only what is in it is brought */
	ck_assert_uint_eq(look("e/f").st_mode, S_IFREG | 0600);
	ck_assert_uint_eq(look("g").st_mode, S_IFDIR | 0755); /* another folder than the one that went */
	ck_assert_uint_eq(look("g/h").st_mode, S_IFDIR | 0755);
}
END_TEST

START_TEST(a_hard_link_below_keeps_its_content_when_the_other_is_replaced)
{
	const struct member below[MEMBERS_MAX] = {F("a", "x"), H("b", "a")};
	const struct member replaces[MEMBERS_MAX] = {F("a", "new")}, says_again[MEMBERS_MAX] = {H("b", "a")};

	ck_assert_str_eq(verdict(below, replaces), "a=new b=x");
	ck_assert_str_eq(verdict(below, says_again), "a=x b=x");
	ck_assert_uint_eq(look("a").st_nlink, 2);
}
END_TEST

SUITE(changeset_things, a_folder_takes_what_the_last_layer_says_of_it,
      a_hard_link_below_keeps_its_content_when_the_other_is_replaced)
