/* Names of images, what registries say of them, their layers, and what a recipe's quadlets become. */
#include "suite.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "edge/changeset.h"
#include "lock/fakes.h"
#include "lock/file.h"
#include "oci/manifest.h"
#include "oci/reference.h"
#include "plan/plan.h"
#include "recipes.h"
#include "scratch.h"
#include "tars.h"

#define A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define C "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"

/* --- names --------------------------------------------------------------------------------------------------------- */

START_TEST(names_become_what_podman_writes)
{
	static const char *const names[][2] = {
		{"docker.io/library/caddy:2", "docker.io/library/caddy:2"},
		{"docker.io/caddy", "docker.io/library/caddy:latest"},
		{"index.docker.io/zeek/zeek:7.0.3", "docker.io/zeek/zeek:7.0.3"},
		{"localhost/a", "localhost/a:latest"},
		{"localhost:5000/a/b__c/d-e.f:Tag_1.2-3", "localhost:5000/a/b__c/d-e.f:Tag_1.2-3"},
		{"quay.io/a/b@sha256:" A, "quay.io/a/b@sha256:" A},
		{"quay.io/a/b:1@sha256:" A, "quay.io/a/b@sha256:" A},
	};
	_cleanup_arena_ struct arena *arena = arena_new();
	struct reference reference;

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		ck_assert_msg(reference_parse(arena, names[i][0], &reference) == 0, "%s is a name", names[i][0]);
		ck_assert_str_eq(reference.text, names[i][1]);
	}
}
END_TEST

START_TEST(a_name_without_its_registry_is_told_from_one_that_is_none)
{
	static const char *const bad[] = {"", ":1", "docker.io/", "docker.io/A", "docker.io/a:", "docker.io/a@sha256:ab",
					  "docker.io/a b", "docker.io//a", "docker.io/../a", "http://docker.io/a"};
	_cleanup_arena_ struct arena *arena = arena_new();
	struct reference reference;

	ck_assert_int_eq(reference_parse(arena, "caddy", &reference), -EDESTADDRREQ);
	ck_assert_int_eq(reference_parse(arena, "zeek/zeek:7", &reference), -EDESTADDRREQ);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		ck_assert_msg(reference_parse(arena, bad[i], &reference) == -EINVAL, "'%s' is no name", bad[i]);
}
END_TEST

START_TEST(only_this_machine_is_local)
{
	static const struct {
		const char *name;
		bool local;
	} registries[] = {
		{"localhost/a", true},
		{"localhost:5000/a", true},
		{"127.0.0.1:5000/a", true},
		{"127.0.0.1.example.org/a", false},
		{"localhost.example.org/a", false},
		{"docker.io/a", false},
	};
	_cleanup_arena_ struct arena *arena = arena_new();
	struct reference reference;

	for (size_t i = 0; i < sizeof registries / sizeof *registries; i++) {
		ck_assert_int_eq(reference_parse(arena, registries[i].name, &reference), 0);
		ck_assert_msg(reference_is_local(&reference) == registries[i].local, "%s", registries[i].name);
	}
}
END_TEST

/* --- what registries say ------------------------------------------------------------------------------------------- */

#define DESCRIPTOR(digest, platform) "{\"digest\":\"sha256:" digest "\",\"size\":7" platform "}"
#define PLATFORM(os, architecture) ",\"platform\":{\"os\":\"" os "\",\"architecture\":\"" architecture "\"}"
#define LAYER(type) "{\"mediaType\":\"" type "\",\"digest\":\"sha256:" C "\",\"size\":9}"
#define MANIFEST(layers) "{\"schemaVersion\":2,\"config\":" DESCRIPTOR(B, "") ",\"layers\":[" layers "]}"

static int choose(struct arena *arena, const char *text, struct oci_blob *ret, const char *reason)
{
	struct err err = {0};
	int r = oci_choose(arena, "image", text, strlen(text), ret, &err);

	if (r < 0)
		ck_assert_msg(strstr(err.first->text, reason) != NULL, "'%s' is not in '%s'", reason, err.first->text);
	err_free(&err);
	return r;
}

START_TEST(of_an_index_the_image_for_this_platform_is_chosen)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct oci_blob blob;

	ck_assert_int_eq(
		choose(arena,
		   "{\"manifests\":[" DESCRIPTOR(A, PLATFORM("linux", "arm64")) "," DESCRIPTOR(
		       B, PLATFORM("linux", "amd64")) "," DESCRIPTOR(C, PLATFORM("unknown", "unknown")) "]}",
		   &blob, ""),
		1);
	ck_assert_str_eq(blob.sha256, B);
	ck_assert_uint_eq(blob.size, 7);
	ck_assert_int_eq(choose(arena, "{\"manifests\":[" DESCRIPTOR(C, "") "]}", &blob, ""),
			 1); /* the only one, of whatever */
	ck_assert_str_eq(blob.sha256, C);
	ck_assert_int_eq(choose(arena, "{\"manifests\":[" DESCRIPTOR(A, PLATFORM("windows", "amd64")) "]}", &blob,
				"linux/amd64"),
			 -ENOENT);
	ck_assert_int_eq(choose(arena, "{\"manifests\":[{\"digest\":\"sha512:ab\",\"size\":1}]}", &blob, "SHA-256"),
			 -EBADMSG);
	ck_assert_int_eq(choose(arena, MANIFEST(""), &blob, ""), 0);
	ck_assert_int_eq(choose(arena, "<html>", &blob, "not JSON"), -EBADMSG);
}
END_TEST

static int read_manifest(struct arena *arena, const char *text, struct oci_image *ret)
{
	struct err err = {0};
	int r = oci_manifest(arena, "image", text, strlen(text), ret, &err);

	err_free(&err);
	return r;
}

START_TEST(a_manifest_has_layers_that_everybody_may_have)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct oci_image container = {0};

	ck_assert_int_eq(read_manifest(arena, MANIFEST(LAYER("application/vnd.oci.image.layer.v1.tar+gzip") ","
					LAYER("application/vnd.docker.image.rootfs.diff.tar.gzip")), &container), 0);
	ck_assert_uint_eq(container.n_layers, 2);
	ck_assert_str_eq(container.config.sha256, B);
	ck_assert_str_eq(container.layers[1].sha256, C);
	ck_assert_int_eq(read_manifest(arena, MANIFEST(""), &container), -EBADMSG);
	ck_assert_int_eq(read_manifest(arena, MANIFEST(LAYER("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip")),
				       &container), -EBADMSG);
	ck_assert_int_eq(read_manifest(arena, MANIFEST(LAYER("application/wasm")), &container), -EBADMSG);
	ck_assert_int_eq(read_manifest(arena, "{\"schemaVersion\":1,\"fsLayers\":[]}", &container), -EBADMSG);
}
END_TEST

START_TEST(a_configuration_must_fit_the_machine_and_the_manifest)
{
	static const char good[] =
		"{\"os\":\"linux\",\"architecture\":\"amd64\",\"rootfs\":{\"diff_ids\":[\"sha256:" A "\"]}}";
	static const char other[] =
		"{\"os\":\"linux\",\"architecture\":\"arm64\",\"rootfs\":{\"diff_ids\":[\"sha256:" A "\"]}}";
	_cleanup_arena_ struct arena *arena = arena_new();
	struct strv ids = {0};
	struct err err = {0};

	ck_assert_int_eq(oci_diff_ids(arena, "image", good, sizeof good - 1, 1, &ids, &err), 0);
	ck_assert_str_eq(ids.items[0], A);
	ck_assert_int_eq(oci_diff_ids(arena, "image", good, sizeof good - 1, 2, &ids, &err), -EBADMSG);
	ck_assert_int_eq(oci_diff_ids(arena, "image", other, sizeof other - 1, 1, &ids, &err), -ENOENT);
	err_free(&err);
}
END_TEST

/* --- the lock ------------------------------------------------------------------------------------------------------ */

START_TEST(images_come_back_from_a_lock_as_they_went_in)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf text = {0}, again = {0};
	struct oci_blob layers[] = {{B, 20}, {C, 30}};
	struct oci_image containers[] = {
		{"docker.io/library/caddy:2", {A, 10}, {B, 11}, layers, 2, false},
		{"quay.io/a/b@sha256:" A, {A, 10}, {C, 12}, layers, 1, true},
	};
	struct debian_archive archive = {"debian", "http://deb.debian.org/debian", "trixie", {0}, C, 1700000000};
	struct lock lock = {.path = "a.lock",
			    .recipe_sha256 = A,
			    .archives = &archive,
			    .n_archives = 1,
			    .containers = containers,
			    .n_containers = 2},
		    *read;
	struct err err = {0};

	lock_print(&text, &lock);
	ck_assert_msg(lock_parse(arena, "a.lock", text.data, text.size, &read, &err) == 0, "%s", err.first->text);
	lock_print(&again, read);
	ck_assert_str_eq(text.data, again.data);
	ck_assert_ptr_nonnull(
		strstr(text.data, "\n  \"docker.io/library/caddy:2\":\n    manifest: { size: 10, sha256: " A " }\n"));
	ck_assert_uint_eq(lock_container(read, "docker.io/library/caddy:2")->layers[1].size, 30);
	ck_assert_ptr_null(lock_container(read, "docker.io/library/caddy"));
	ck_assert_str_eq(fakes_of(arena, read).items[0], "images/quay.io/a/b@sha256:" A);
}
END_TEST

/* --- layers -------------------------------------------------------------------------------------------------------- */

/* Applies a layer of `n` members to the folder `tree` of the scratch folder. */
static int apply(const struct member *members, size_t n, uint64_t left, struct err *err)
{
	_cleanup_buf_ struct buf tar = {0};
	_cleanup_fd_ int root = -1;

	ck_assert_int_eq(folder_make(scratch_path("tree"), 0755, err), 0);
	root = open(scratch_path("tree"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	tars_put(&tar, members, n);
	ck_assert_int_eq(file_write(scratch_path("layer.tar"), tar.data, tar.size, 0644, err), 0);
	return changeset_apply(scratch_path("layer.tar"), root, &left, err);
}

#define APPLY(members, err) apply(members, sizeof members / sizeof *members, 1 << 20, err)

static bool has(const char *path)
{
	char whole[256];
	struct stat st;

	snprintf(whole, sizeof whole, "tree/%s", path);
	return lstat(scratch_path(whole), &st) == 0;
}

static void check_file(const char *path, const char *expected)
{
	_cleanup_buf_ struct buf text = {0};
	struct err err = {0};
	char whole[256];

	snprintf(whole, sizeof whole, "tree/%s", path);
	ck_assert_msg(file_read(scratch_path(whole), 1 << 20, &text, &err) == 0, "%s is there", path);
	ck_assert_str_eq(text.data, expected);
}

static struct member file(const char *name, const char *text)
{
	return (struct member){'0', name, text, 0644, getuid(), 0};
}

static struct member folder(const char *name)
{
	return (struct member){'5', name, "", 0755, getuid(), 0};
}

START_TEST(a_layer_hides_what_its_whiteouts_name_and_nothing_of_its_own)
{
	const struct member below[] = {folder("d/"),	   file("d/a", "old"), file("d/b", "old"), folder("e/"),
				       file("e/x", "old"), folder("f/"),       file("f/y", "old")};
	const struct member above[] = {folder("e/"), file("e/new", "new"), file("e/.wh..wh..opq", ""), file("d/.wh.a", ""),
				       file(".wh.f", ""), file(".wh..wh.plnk", ""), file("d/.wh.missing", "")};
	struct err err = {0};

	ck_assert_int_eq(APPLY(below, &err), 0);
	ck_assert_int_eq(APPLY(above, &err), 0);
	ck_assert(!has("d/a"));
	check_file("d/b", "old");
	ck_assert(!has("e/x"));
	check_file("e/new", "new");
	ck_assert(!has("f"));
	ck_assert(!has(".wh..wh.plnk"));
}
END_TEST

START_TEST(what_a_layer_brings_takes_the_place_of_what_is_there)
{
	const struct member below[] = {
		folder("d/"), file("d/inner", "old"), file("f", "old"), {'2', "l", "d", 0777, getuid(), 0}};
	const struct member above[] = {file("d", "a file now"), folder("f/"), file("f/inner", "a folder now"), folder("l/"),
				       file("l/inner", "no link any more")};
	struct err err = {0};

	ck_assert_int_eq(APPLY(below, &err), 0);
	ck_assert_int_eq(APPLY(above, &err), 0);
	check_file("d", "a file now");
	check_file("f/inner", "a folder now");
	check_file("l/inner", "no link any more");
}
END_TEST

START_TEST(no_link_of_a_layer_leads_out_of_its_tree)
{
	const char *outside = scratch_path("outside");
	const struct member below[] = {folder("sub/"),
				       {'2', "l", "/sub", 0777, getuid(), 0},
				       {'2', "up", "../../..", 0777, getuid(), 0},
				       {'2', "out", outside, 0777, getuid(), 0}};
	const struct member above[] = {file("l/file", "below"), file("up/file", "on top"), file("up/.wh.outside", ""),
				       {'1', "hard", "l/file", 0644, getuid(), 0}};
	const struct member out[] = {file("out/file", "a folder of that name in the tree")},
			    upward[] = {file("../outside/file", "no")};
	struct err err = {0};

	ck_assert_int_eq(folder_make(outside, 0755, &err), 0);
	ck_assert_int_eq(APPLY(below, &err), 0);
	ck_assert_int_eq(APPLY(above, &err), 0);
	check_file("sub/file", "below");
	check_file("hard", "below");
	check_file("file", "on top");
	ck_assert_int_eq(APPLY(out, &err), 0);
	ck_assert_int_eq(APPLY(upward, &err), -EBADMSG);
	err_free(&err);
	ck_assert(path_exists(outside));
	ck_assert(!path_exists(scratch_path("outside/file")));
}
END_TEST

START_TEST(devices_are_left_out_and_bombs_refused)
{
	const struct member members[] = {
		{'3', "null", "", 0666, getuid(), 0}, {'6', "pipe", "", 0600, getuid(), 0}, file("a", "1234")};
	const struct member strange[] = {file(".wh...", "")};
	struct err err = {0};

	ck_assert_int_eq(APPLY(members, &err), 0);
	ck_assert(!has("null"));
	ck_assert(has("pipe"));
	ck_assert_int_eq(apply(members, 3, 3, &err), -EFBIG);
	err_free(&err);
	ck_assert_int_eq(APPLY(strange, &err), -EBADMSG);
	err_free(&err);
}
END_TEST

/* --- from words to files ------------------------------------------------------------------------------------------- */

static const struct plan_file *file_at(const struct plan *plan, const char *path)
{
	for (size_t i = 0; i < plan->n_files; i++)
		if (strcmp(plan->files[i].path, path) == 0)
			return &plan->files[i];
	return NULL;
}

static void check_text(const struct plan *plan, const char *path, const char *expected)
{
	ck_assert_msg(file_at(plan, path) != NULL, "%s is made", path);
	ck_assert_str_eq(file_at(plan, path)->text, expected);
}

static struct debian_package packages[] = {
	{"linux-image-cloud-amd64", "1", "amd64", "a5", "f", 1, LAYER_RECIPE, 0},
	{"podman", "1", "amd64", "a0", "a", 1, LAYER_RECIPE, 0},
	{"passt", "1", "amd64", "a1", "b", 1, LAYER_RECIPE, 0},
	{"uidmap", "1", "amd64", "a2", "c", 1, LAYER_RECIPE, 0},
	{"nftables", "1", "amd64", "a3", "d", 1, LAYER_RECIPE, 0},
	{"dbus-user-session", "1", "amd64", "a4", "e", 1, LAYER_RECIPE, 0},
};

static const char words[] =
	"from: base.recipe\n"
	"quadlets:\n"
	"  web.container: { embed: true, Container: { Image: 'docker.io/caddy:2', Volume: [a:/a, b:/b] } }\n"
	"  own.container: { Container: { Image: x }, Install: { WantedBy: graphical.target } }\n"
	"  never.container: { enable: false, Container: { Image: x } }\n"
	"  part.container: { Container: { Image: x, Pod: all.pod } }\n"
	"  many@.container: { Container: { Image: x } }\n"
	"  all.pod: {}\n"
	"  data.volume: {}\n"
	"  mine.container: { user: aether, embed: true, Container: { Image: 'docker.io/caddy:2', Pull: missing } }\n";

static int plan_words(struct arena *arena, size_t n_packages, struct plan **ret, struct err *err)
{
	static const struct plan_programs PROGRAMS = {
		.init = "/lib/init", .init_sha256 = A, .agent = "/lib/agent", .agent_sha256 = B,
	};
	static struct oci_blob layer = {C, 30};
	static struct oci_image container = {"docker.io/library/caddy:2", {A, 10}, {B, 11}, &layer, 1, false};
	struct lock *lock = arena_new_of(arena, struct lock);

	*lock = (struct lock){
		.path = "x.lock", .image = {packages, n_packages}, .numbered = true,
		.containers = &container, .n_containers = 1};
	return plan_make(arena, recipes_load(words), NULL, lock, &PROGRAMS, ret, err);
}

START_TEST(quadlets_are_files_that_start_what_runs_by_itself)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct plan *plan;
	struct err err = {0};

	ck_assert_int_eq(plan_words(arena, 6, &plan, &err), 0);
	err_free(&err);
	check_text(plan, "/etc/containers/systemd/web.container",
		   "[Container]\nImage=docker.io/caddy:2\nVolume=a:/a\nVolume=b:/b\nPull=never\n\n"
		   "[Install]\nWantedBy=multi-user.target\n");
	check_text(plan, "/etc/containers/systemd/own.container",
		   "[Container]\nImage=x\n\n[Install]\nWantedBy=graphical.target\n");
	check_text(plan, "/etc/containers/systemd/never.container", "[Container]\nImage=x\n");
	check_text(plan, "/etc/containers/systemd/part.container", "[Container]\nImage=x\nPod=all.pod\n");
	check_text(plan, "/etc/containers/systemd/many@.container", "[Container]\nImage=x\n");
	check_text(plan, "/etc/containers/systemd/all.pod", "[Install]\nWantedBy=multi-user.target\n");
	check_text(plan, "/etc/containers/systemd/data.volume", "");
	check_text(plan, "/etc/containers/systemd/users/1000/mine.container",
		   "[Container]\nImage=docker.io/caddy:2\nPull=missing\n\n[Install]\nWantedBy=default.target\n");
}
END_TEST

START_TEST(embedded_images_are_where_podman_looks_as_whom_it_runs)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct plan *plan;
	struct err err = {0};

	ck_assert_int_eq(plan_words(arena, 6, &plan, &err), 0);
	err_free(&err);
	check_text(plan, "/etc/containers/storage.conf",
		   "[storage]\ndriver = \"overlay\"\nrunroot = \"/run/containers/storage\"\ngraphroot = "
		   "\"/var/lib/containers/storage\"\n"
		   "\n[storage.options]\nadditionalimagestores = [\n  \"/usr/share/aether/containers/" A "\",\n]\n");
	check_text(plan, "/etc/containers/storage-1000.conf",
		   "[storage]\ndriver = \"overlay\"\n\n[storage.options]\nadditionalimagestores = [\n"
		   "  \"/run/aether/containers/1000/" A "\",\n]\n");
	check_text(plan, "/etc/subuid", "aether:100000:65536\n");
	check_text(plan, "/etc/subgid", "aether:100000:65536\n");
	ck_assert_ptr_nonnull(strstr(plan->text, "container image docker.io/library/caddy:2 sha256=" A "\n"));
	ck_assert_ptr_nonnull(strstr(plan->text, "Options=bind,ro,X-mount.idmap=b:0:1000:1 b:1:100000:65535\n"));
}
END_TEST

START_TEST(containers_need_the_packages_that_run_them)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct plan *plan;
	struct err err = {0};

	ck_assert_int_lt(plan_words(arena, 1, &plan, &err), 0);
	ck_assert_str_eq(err.first->text, "'web.container' needs the package 'podman'");
	ck_assert_str_eq(err.last->text, "'mine.container', which is rootless, needs the package 'dbus-user-session'");
	err_free(&err);
}
END_TEST

START_TEST(a_rootless_container_is_nothing_for_an_lxc_container)
{
	recipes_refused("from: base.recipe\nkinds: [vm, lxc]\n"
			"quadlets: { a.container: { user: aether, Container: { Image: x } } }\n",
			KIND_LXC, "needs more user ids");
}
END_TEST

SUITE(containers, names_become_what_podman_writes, a_name_without_its_registry_is_told_from_one_that_is_none,
      only_this_machine_is_local, of_an_index_the_image_for_this_platform_is_chosen,
      a_manifest_has_layers_that_everybody_may_have, a_configuration_must_fit_the_machine_and_the_manifest,
      images_come_back_from_a_lock_as_they_went_in, a_layer_hides_what_its_whiteouts_name_and_nothing_of_its_own,
      what_a_layer_brings_takes_the_place_of_what_is_there, no_link_of_a_layer_leads_out_of_its_tree,
      devices_are_left_out_and_bombs_refused, quadlets_are_files_that_start_what_runs_by_itself,
      embedded_images_are_where_podman_looks_as_whom_it_runs, containers_need_the_packages_that_run_them,
      a_rootless_container_is_nothing_for_an_lxc_container)
