/* Generations: how they are called, what is noted about them, which may go. */
#include "suite.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "shelf/gc.h"
#include "shelf/publish.h"
#include "shelf/record.h"
#include "recipes.h"
#include "scratch.h"
#include "shelves.h"

static struct arena *arena;
static const char *out;

/* A shelf with generations 1…n. */
static void start(unsigned n)
{
	arena = arena_new();
	out = scratch_path("out");
	for (unsigned i = 1; i <= n; i++)
		shelves_published(arena, out, arena_printf(arena, "%u", i));
}

static struct generation *find(const char *reference)
{
	struct generation *generation = NULL;
	struct err err = {0};

	if (generation_find(arena, out, reference, &generation, &err) < 0) {
		err_print(&err, stderr);
		ck_abort_msg("finding %s", reference);
	}
	return generation;
}

static void note(unsigned number, const char *host, int64_t when, enum verdict verdict)
{
	struct err err = {0};

	if (generation_note(find(arena_printf(arena, "gateway/%u", number)), &(struct deployment){host, when, verdict, NULL},
			    &err) < 0) {
		err_print(&err, stderr);
		ck_abort_msg("noting %s", host);
	}
}

static void write_record(unsigned number, const char *text, size_t size)
{
	struct err err = {0};

	ck_assert_int_eq(file_write(arena_printf(arena, "%s/gateway/%u/record.json", out, number), text, size, 0644, &err), 0);
}

static struct buf record_text(unsigned number)
{
	struct buf text = {0};
	struct err err = {0};

	ck_assert_int_eq(file_read(arena_printf(arena, "%s/gateway/%u/record.json", out, number), 1 << 20, &text, &err), 0);
	return text;
}

/* --- records -------------------------------------------------------------------------------------------------------- */

START_TEST(a_generation_appears_with_its_record)
{
	int64_t before = time(NULL);

	start(2);
	ck_assert_uint_eq(find("gateway/1")->record.replaced, 0);
	ck_assert_uint_eq(find("gateway/2")->record.replaced, 1);
	ck_assert_int_ge(find("gateway/2")->record.made, before);
	ck_assert_int_le(find("gateway/2")->record.made, time(NULL));
	ck_assert_int_eq(generation_verdict(find("gateway/2")), VERDICT_UNTRIED);
	ck_assert(!path_exists(arena_printf(arena, "%s/gateway/.record", out)));
}
END_TEST

START_TEST(what_is_noted_is_found_and_a_host_has_one_entry)
{
	const struct deployment worse = {"b.example", 200, VERDICT_BAD, "caddy: \"died\"\n\033[2J"};
	struct err err = {0};

	start(1);
	note(1, "b.example", 100, VERDICT_UNTRIED);
	note(1, "root@a.example:22", 50, VERDICT_GOOD);
	ck_assert_int_eq(generation_verdict(find("gateway")), VERDICT_GOOD);
	ck_assert_int_eq(generation_note(find("gateway"), &worse, &err), 0);
	ck_assert_int_eq(generation_verdict(find("gateway")), VERDICT_BAD);
	ck_assert_uint_eq(find("gateway")->record.n_deployments, 2);
	ck_assert_str_eq(find("gateway")->record.deployments[0].host, "root@a.example:22");
	ck_assert_int_eq(find("gateway")->record.deployments[1].when, 200);
	ck_assert_str_eq(find("gateway")->record.deployments[1].reason, "caddy: \"died\"\n\033[2J");
	ck_assert_int_gt(find("gateway")->record.made, 0);
}
END_TEST

START_TEST(a_deployment_that_cannot_be_written_down_is_refused)
{
	_cleanup_buf_ struct buf before = {0}, after = {0};
	char *long_name;

	start(1);
	before = record_text(1);
	long_name = arena_alloc(arena, 1000);
	memset(long_name, 'a', 999);
	const struct deployment wrong[] = {
		{"", 1, VERDICT_GOOD, NULL}, {NULL, 1, VERDICT_GOOD, NULL}, {"a b", 1, VERDICT_GOOD, NULL},
		{"a\033b", 1, VERDICT_GOOD, NULL}, {long_name, 1, VERDICT_GOOD, NULL}, {"a", -1, VERDICT_GOOD, NULL},
		{"a", INT64_MAX, VERDICT_GOOD, NULL}, {"a", 1, (enum verdict)3, NULL},
	};

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		struct err err = {0};

		ck_assert_int_eq(generation_note(find("gateway"), &wrong[i], &err), -EINVAL);
		err_free(&err);
	}
	after = record_text(1);
	ck_assert_str_eq(before.data, after.data);
}
END_TEST

#define SHA256 "3f9c2a1b7d1000000000000000000000000000000000000000000000000000aa"

START_TEST(a_volid_on_a_node_has_one_upload)
{
	static const struct upload uploads[] = {
		{"smith", "cephfs:import/gateway-1-3f9c2a1b7d10.qcow2", 5000, SHA256, 200},
		{"smith", "cephfs:iso/gateway-1-3f9c2a1b7d10.qcow2.img", 5000, SHA256, 300},
		{"pve-2", "local_x.y-z:vztmpl/gateway.tar.zst", INT64_MAX, SHA256, 0},
		{"pve-2", "cephfs:import/gateway-1-3f9c2a1b7d10.qcow2", 5000, SHA256, 100},
		{"smith", "cephfs:import/gateway-1-3f9c2a1b7d10.qcow2", 5001, SHA256, 400},
	};
	static const size_t in_order[] = {2, 3, 1, 4};
	const struct record *record;
	struct err err = {0};

	start(1);
	note(1, "a.example", 100, VERDICT_GOOD);
	for (size_t i = 0; i < sizeof uploads / sizeof *uploads; i++)
		ck_assert_int_eq(generation_note_upload(find("gateway"), &uploads[i], &err), 0);
	note(1, "b.example", 100, VERDICT_GOOD);
	record = &find("gateway")->record;
	ck_assert_uint_eq(record->n_deployments, 2);
	ck_assert_uint_eq(record->n_uploads, sizeof in_order / sizeof *in_order);
	for (size_t i = 0; i < record->n_uploads; i++) {
		const struct upload *expected = &uploads[in_order[i]], *upload = &record->uploads[i];

		ck_assert_str_eq(upload->node, expected->node);
		ck_assert_str_eq(upload->volid, expected->volid);
		ck_assert_str_eq(upload->sha256, expected->sha256);
		ck_assert_uint_eq(upload->size, expected->size);
		ck_assert_int_eq(upload->when, expected->when);
	}
	ck_assert_int_eq(record_forget_upload(find("gateway")->folder, "smith", uploads[1].volid, &err), 0);
	ck_assert_int_eq(record_forget_upload(find("gateway")->folder, "pve-2", uploads[1].volid, &err), 0);
	record = &find("gateway")->record;
	ck_assert_uint_eq(record->n_uploads, 3);
	ck_assert_str_eq(record->uploads[2].volid, uploads[4].volid);
	ck_assert_uint_eq(record->n_deployments, 2);
}
END_TEST

START_TEST(an_upload_that_cannot_be_written_down_is_refused)
{
	static const struct upload right = {"smith", "cephfs:import/a.qcow2", 1, SHA256, 1};
	static const char *const volids[] = {
		NULL, "", "a.qcow2", "cephfs:a.qcow2", "cephfs:import/", "cephfs:import/.a", ":import/a", "cephfs:images/a",
		"cephfs:import/a/b", "cephfs:import/../a", "cephfs:import/a b", "cephfs:import/${a}", "cephfs:import/a\n",
		"-x:import/a", "a:b:import/c", "cephfs:import/\303\244",
	};
	static const char *const nodes[] = {NULL, "", "a.example", "a/b", "-a", "a b", "a\033"};
	static const char *const digests[] = {
		NULL, "", "3f9c", SHA256 "0", "3F9c2a1b7d1000000000000000000000000000000000000000000000000000aa",
	};
	struct upload wrong[40];
	_cleanup_buf_ struct buf before = {0}, after = {0};
	size_t n = 0;

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		wrong[i] = right;
	for (size_t i = 0; i < sizeof volids / sizeof *volids; i++)
		wrong[n++].volid = volids[i];
	for (size_t i = 0; i < sizeof nodes / sizeof *nodes; i++)
		wrong[n++].node = nodes[i];
	for (size_t i = 0; i < sizeof digests / sizeof *digests; i++)
		wrong[n++].sha256 = digests[i];
	wrong[n++].size = UINT64_MAX;
	wrong[n++].when = -1;
	wrong[n++].when = INT64_MAX;
	start(1);
	before = record_text(1);
	for (size_t i = 0; i < n; i++) {
		struct err err = {0};

		ck_assert_msg(generation_note_upload(find("gateway"), &wrong[i], &err) == -EINVAL, "%zu", i);
		err_free(&err);
	}
	after = record_text(1);
	ck_assert_str_eq(before.data, after.data);
}
END_TEST

/* A thousand are read and replaced; one more is neither read nor written. */
START_TEST(uploads_are_not_without_number)
{
	struct record record = {.uploads = NULL};
	struct upload upload = {"smith", NULL, 1, SHA256, 1};
	const char *folder, *text;
	struct err err = {0};

	start(1);
	folder = find("gateway")->folder;
	for (int i = 0; i < 1000; i++) {
		upload.volid = arena_printf(arena, "cephfs:import/a%d", i);
		*arena_push(arena, record.uploads, record.n_uploads) = upload;
	}
	text = record_print(arena, &record);
	write_record(1, text, strlen(text));
	ck_assert_int_eq(record_note_upload(folder, &upload, &err), 0);
	upload.volid = "cephfs:import/b";
	ck_assert_int_eq(record_note_upload(folder, &upload, &err), -EFBIG);
	err_free(&err);
	ck_assert_uint_eq(find("gateway")->record.n_uploads, 1000);
	*arena_push(arena, record.uploads, record.n_uploads) = upload;
	text = record_print(arena, &record);
	ck_assert_int_eq(record_parse(arena, "record", text, strlen(text), &record, &err), -EBADMSG);
	err_free(&err);
}
END_TEST

START_TEST(nothing_is_noted_about_a_generation_that_is_gone)
{
	const struct generation *gone;
	struct gc_item *items;
	struct err err = {0};
	size_t n;

	start(2);
	gone = find("gateway/1");
	ck_assert_int_eq(gc_shelf(arena, out, "gateway", 1, false, &items, &n, &err), 0);
	ck_assert_int_eq(generation_note(gone, &(struct deployment){"a", 1, VERDICT_GOOD, NULL}, &err), -ENOENT);
	err_free(&err);
	ck_assert_int_eq(generation_note_upload(gone, &(struct upload){"smith", "s:iso/a", 1, SHA256, 1}, &err), -ENOENT);
	ck_assert(!path_exists(gone->folder));
	err_free(&err);
}
END_TEST

/* Cut off after each byte, and with each byte spoilt. */
START_TEST(a_torn_record_counts_as_none)
{
	_cleanup_buf_ struct buf whole = {0};
	struct record record;

	start(1);
	note(1, "a", 100, VERDICT_GOOD);
	whole = record_text(1);
	for (size_t i = 0; i + 2 < whole.size; i++) { /* without its last newline it is whole */
		write_record(1, whole.data, i);
		ck_assert(find("gateway/1")->record.unreadable);
		ck_assert_int_eq(generation_verdict(find("gateway/1")), VERDICT_UNTRIED);
	}
	for (size_t i = 0; i < whole.size; i++) {
		char kept = whole.data[i];
		struct err err = {0};

		whole.data[i] = (char)(kept ^ 0x15);
		write_record(1, whole.data, whole.size);
		whole.data[i] = kept;
		if (record_read(arena, find("gateway/1")->folder, &record, &err) < 0)
			ck_assert(err.code == -EBADMSG || err.code == -ENOTSUP);
		else
			ck_assert_uint_le(record.n_deployments, 1);
		err_free(&err);
	}
}
END_TEST

START_TEST(a_hostile_record_counts_as_none)
{
	static const char *const texts[] = {
		"", "null", "[]", "7", "{}", "{\"record\":1}", "{\"record\":0,\"replaced\":0,\"made\":0}",
		"{\"record\":1,\"replaced\":-1,\"made\":0}", "{\"record\":1,\"replaced\":4294967295,\"made\":0}",
		"{\"record\":1,\"replaced\":0,\"made\":9223372036854775807}", "{\"record\":1,\"replaced\":0,\"made\":\"x\"}",
		"{\"record\":1,\"replaced\":0,\"made\":99999999999999999999999}",
		"{\"record\":1,\"replaced\":0,\"made\":0,\"deployments\":[7]}",
		"{\"record\":1,\"replaced\":0,\"made\":0,\"deployments\":[{\"host\":\"a\",\"when\":1,\"verdict\":\"fine\"}]}",
		"{\"record\":1,\"replaced\":0,\"made\":0,\"deployments\":[{\"host\":\"\",\"when\":1,\"verdict\":\"good\"}]}",
		"{\"record\":1,\"replaced\":0,\"made\":0,\"deployments\":[{\"host\":\"a\",\"when\":-1,\"verdict\":\"good\"}]}",
		"{\"record\":1,\"replaced\":0,\"made\":0,\"uploads\":[7]}",
		"{\"record\":1,\"replaced\":0,\"made\":0,\"uploads\":[{\"node\":\"a\",\"volid\":\"s:iso/a\",\"sha256\":\""
		SHA256 "\",\"size\":-1,\"when\":1}]}",
		"{\"record\":1,\"replaced\":0,\"made\":0,\"uploads\":[{\"node\":\"a\",\"volid\":\"s:iso/a\",\"sha256\":\""
		SHA256 "\",\"size\":1}]}",
		"{\"record\":1,\"replaced\":0,\"made\":0,\"deployments\":[{\"host\":\"a\",\"verdict\":\"good\"}]}",
	};

	start(1);
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		write_record(1, texts[i], strlen(texts[i]));
		ck_assert_msg(find("gateway/1")->record.unreadable, "%s", texts[i]);
	}
	note(1, "a", 100, VERDICT_GOOD);
	ck_assert(!find("gateway/1")->record.unreadable);
	ck_assert_int_eq(generation_verdict(find("gateway/1")), VERDICT_GOOD);
}
END_TEST

START_TEST(a_record_of_a_later_version_is_not_overwritten)
{
	static const char later[] = "{\"record\": 2, \"everything\": \"else\"}";
	_cleanup_buf_ struct buf text = {0};
	struct err err = {0};

	start(1);
	write_record(1, later, strlen(later));
	ck_assert(find("gateway/1")->record.unreadable);
	ck_assert_int_eq(generation_note(find("gateway/1"), &(struct deployment){"a", 1, VERDICT_GOOD, NULL}, &err), -ENOTSUP);
	text = record_text(1);
	ck_assert_str_eq(text.data, later);
	err_free(&err);
}
END_TEST

/* --- names ---------------------------------------------------------------------------------------------------------- */

START_TEST(a_generation_has_many_names)
{
	start(11);
	const struct { const char *reference; unsigned number; } names[] = {
		{"gateway", 11}, {"gateway/", 11}, {"gateway/9", 9}, {"recipes/gateway.recipe", 11}, {"gateway.recipe", 11},
		{arena_printf(arena, "%s/gateway/3", out), 3}, {arena_printf(arena, "%s/gateway/3/", out), 3},
		{arena_printf(arena, "%s/gateway/4/gateway.qcow2", out), 4}, {arena_printf(arena, "%s/gateway", out), 11},
		{arena_printf(arena, "%s/gateway/../gateway/./5", out), 5},
	};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		const struct generation *generation = find(names[i].reference);

		ck_assert_uint_eq(generation->number, names[i].number);
		ck_assert_str_eq(generation->name, "gateway");
		ck_assert_str_eq(generation->manifest->key, arena_printf(arena, "%u", names[i].number));
		ck_assert(path_exists(generation->image));
	}
}
END_TEST

/* A recipe is called by what is in it. */
START_TEST(a_recipe_stands_for_the_machine_that_it_names)
{
	const struct { const char *file, *text; } recipes[] = {
		{"box.recipe", "from: base.recipe\nname: gateway\n"},
		{"child.recipe", "from: base.recipe\nvars: { n: way }\nname: 'gate${vars.n}'\n"},
		{"gateway.recipe", "from: base.recipe\nname: other\n"},
		{"broken.recipe", "from: base.recipe\nnaem: gateway\n"},
	};
	struct generation *generation;
	const char *name;
	struct err err = {0};

	start(2);
	recipes_load(recipes[0].text);
	for (size_t i = 0; i < sizeof recipes / sizeof *recipes; i++)
		recipes_write(recipes[i].file, recipes[i].text);
	for (size_t i = 0; i < 2; i++) {
		ck_assert_uint_eq(find(scratch_path(recipes[i].file))->number, 2);
		ck_assert_int_eq(generation_shelf(arena, out, scratch_path(recipes[i].file), &name, &err), 0);
		ck_assert_str_eq(name, "gateway");
	}
	ck_assert_int_eq(generation_find(arena, out, scratch_path("gateway.recipe"), &generation, &err), -ENOENT);
	ck_assert_ptr_nonnull(strstr(err.first->text, "(the name is 'other')"));
	err_free(&err);
	ck_assert_int_eq(generation_find(arena, out, scratch_path("broken.recipe"), &generation, &err), -EINVAL);
	ck_assert_ptr_nonnull(strstr(err.first->hint, "'name'"));
	ck_assert_ptr_nonnull(strstr(err.first->context, "NAME or NAME/NUMBER"));
	err_free(&err);
	ck_assert_int_eq(generation_shelf(arena, out, arena_printf(arena, "%s/gateway/", out), &name, &err), 0);
	ck_assert_str_eq(name, "gateway");
}
END_TEST

START_TEST(what_is_no_name_is_refused_and_those_there_are_are_told)
{
	static const char *const wrong[] = {
		"", ".", "..", "/", "gateway/0", "gateway/01", "gateway/-1", "gateway/+1", "gateway/1x", "gateway/ 1",
		"gateway/99999999999999999999", "gateway/4294967297", "gateway/3", "gateway/1/other", "gateway/.lock",
		"../out/gateway/1", "gatewa", "other.recipe", ".recipe", "/etc/passwd", "\033[2J",
	};
	struct generation *generation;
	const char *name;

	start(2);
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		struct err err = {0};

		ck_assert_msg(generation_find(arena, out, wrong[i], &generation, &err) == -ENOENT, "'%s'", wrong[i]);
		ck_assert_ptr_nonnull(strstr(err.first->hint, "gateway"));
		err_free(&err);
		if (strchr(wrong[i], '/'))
			ck_assert_int_eq(generation_shelf(arena, out, wrong[i], &name, &err), -ENOENT);
		err_free(&err);
	}
}
END_TEST

START_TEST(a_generation_without_a_manifest_is_left_out_and_stays)
{
	struct generation *generations;
	struct gc_item *items;
	struct err err = {0};
	size_t n;

	start(3);
	ck_assert_int_eq(unlink(arena_printf(arena, "%s/gateway/2/manifest.json", out)), 0);
	ck_assert_int_eq(generation_list(arena, out, "gateway", &generations, &n, &err), 0);
	ck_assert_uint_eq(n, 2);
	ck_assert_int_eq(gc_shelf(arena, out, "gateway", 1, false, &items, &n, &err), 0);
	ck_assert(!path_exists(arena_printf(arena, "%s/gateway/1", out)));
	ck_assert(path_exists(arena_printf(arena, "%s/gateway/2", out)));
}
END_TEST

/* --- at once, killed, full ------------------------------------------------------------------------------------------ */

/* Notes hosts of its own until it is killed, or `n` of them. */
static void note_and_exit(unsigned writer, unsigned n)
{
	const struct generation *generation = find("gateway/1");

	for (unsigned i = 0; i < n; i++) {
		const char *host = arena_printf(arena, "host-%u-%u", writer, i);
		struct err err = {0};

		if (generation_note(generation, &(struct deployment){host, i, VERDICT_GOOD, NULL}, &err) < 0)
			_exit(1);
	}
	_exit(0);
}

START_TEST(writers_at_once_lose_no_note)
{
	enum { WRITERS = 4, EACH = 25 };
	int status;

	start(1);
	for (unsigned i = 0; i < WRITERS; i++)
		if (fork() == 0)
			note_and_exit(i, EACH);
	for (unsigned i = 0; i < WRITERS; i++) {
		wait(&status);
		ck_assert_int_eq(status, 0);
	}
	ck_assert_uint_eq(find("gateway/1")->record.n_deployments, WRITERS * EACH);
}
END_TEST

static void nap(int64_t ns)
{
	nanosleep(&(struct timespec){ns / 1000000000, ns % 1000000000}, NULL);
}

/* Killed after 0, 1/20, 2/20, … of the time that three notes take here. What was noted before is never lost. */
START_TEST(a_writer_killed_anywhere_leaves_a_whole_record)
{
	enum { KILLS = 200, STEPS = 20 };
	size_t known = 1;
	int64_t one;
	int status;

	start(1);
	one = shelves_now_ns();
	note(1, "first", 1, VERDICT_BAD);
	one = shelves_now_ns() - one;
	for (unsigned i = 0; i < KILLS; i++) {
		const struct record *record;
		pid_t child = fork();

		if (child == 0)
			note_and_exit(i, 1000000);
		nap((i % (3 * STEPS)) * one / STEPS);
		kill(child, SIGKILL);
		waitpid(child, &status, 0);
		ck_assert(WIFSIGNALED(status));
		record = &find("gateway/1")->record;
		ck_assert(!record->unreadable);
		ck_assert_uint_ge(record->n_deployments, known);
		ck_assert_int_gt(record->made, 0);
		known = record->n_deployments;
	}
	ck_assert_uint_gt(known, 10); /* some had time to write */
	ck_assert_int_eq(generation_verdict(find("gateway/1")), VERDICT_BAD);
	ck_assert_uint_eq(shelves_are_whole(out), 1);
}
END_TEST

START_TEST(a_full_disk_leaves_the_old_record)
{
	_cleanup_buf_ struct buf before = {0}, after = {0};
	struct err err = {0};
	char *reason;

	arena = arena_new();
	out = scratch_path("out");
	shelves_mount(out, "size=256k");
	shelves_published(arena, out, "a");
	note(1, "a", 1, VERDICT_GOOD);
	before = record_text(1);
	reason = arena_alloc(arena, 4001);
	memset(reason, 'x', 4000);
	for (unsigned i = 0; err.code == 0 && i < 1000; i++)
		generation_note(find("gateway/1"),
				&(struct deployment){arena_printf(arena, "host-%u", i), 2, VERDICT_BAD, reason}, &err);
	ck_assert_int_eq(err.code, -ENOSPC);
	ck_assert_ptr_nonnull(strstr(err.first->hint, "free some space"));
	after = record_text(1);
	ck_assert_uint_gt(after.size, before.size);
	ck_assert(!find("gateway/1")->record.unreadable);
	ck_assert_str_eq(find("gateway/1")->record.deployments[0].host, "a");
	ck_assert(!path_exists(arena_printf(arena, "%s/gateway/.record", out)));
	ck_assert_uint_eq(shelves_are_whole(out), 1);
	ck_assert_int_eq(umount(out), 0);
	err_free(&err);
}
END_TEST

/* --- gc ------------------------------------------------------------------------------------------------------------- */

/* The numbers that stay, as a text. */
static const char *collect(unsigned keep, bool dry_run)
{
	struct gc_item *items;
	const char *text = "";
	struct err err = {0};
	size_t n;

	ck_assert_int_eq(gc_shelf(arena, out, "gateway", keep, dry_run, &items, &n, &err), 0);
	for (size_t i = 0; i < n; i++) {
		bool there = path_exists(arena_printf(arena, "%s/gateway/%u", out, items[i].number));

		ck_assert(there == (dry_run || items[i].stays));
		if (items[i].stays)
			text = arena_printf(arena, "%s%s%u", text, *text ? " " : "", items[i].number);
		else
			ck_assert_uint_ge(items[i].bytes, 100000);
	}
	return text;
}

START_TEST(gc_keeps_the_newest_and_gives_no_number_again)
{
	start(6);
	ck_assert_str_eq(collect(4, true), "3 4 5 6");
	ck_assert_str_eq(collect(4, false), "3 4 5 6");
	ck_assert_str_eq(collect(100, false), "3 4 5 6");
	ck_assert_str_eq(collect(0, false), "6");
	ck_assert_str_eq(shelves_published(arena, out, "again"), arena_printf(arena, "%s/gateway/7/gateway.qcow2", out));
	ck_assert_uint_eq(find("gateway/7")->record.replaced, 6);
}
END_TEST

START_TEST(gc_keeps_what_a_host_runs_and_the_last_good_one)
{
	start(12);
	note(1, "a", 10, VERDICT_GOOD);    /* a ran it, … */
	note(2, "a", 20, VERDICT_GOOD);    /* … and runs this: … */
	note(3, "a", 30, VERDICT_BAD);     /* … this failed there */
	note(4, "b", 10, VERDICT_UNTRIED); /* b got it, … */
	note(5, "b", 20, VERDICT_UNTRIED); /* … then this */
	note(6, "c", 50, VERDICT_GOOD);    /* c went back to it … */
	note(7, "c", 40, VERDICT_GOOD);    /* … from this */
	note(7, "a", 5, VERDICT_BAD);
	note(8, "d", 10, VERDICT_GOOD);    /* good on d, … */
	note(8, "e", 20, VERDICT_BAD);     /* … though bad as a whole */
	note(9, "f", 10, VERDICT_BAD);
	ck_assert_str_eq(collect(1, true), "2 5 6 8 12");
	note(10, "d", 30, VERDICT_UNTRIED); /* nobody knows yet: d may go back to 8 */
	ck_assert_str_eq(collect(1, true), "2 5 6 8 10 12");
	note(11, "a", 60, VERDICT_GOOD);
	note(11, "b", 60, VERDICT_GOOD);
	note(11, "c", 60, VERDICT_GOOD);
	note(11, "d", 60, VERDICT_GOOD);
	ck_assert_str_eq(collect(1, true), "11 12");
	note(11, "g", 70, VERDICT_BAD);    /* now 6 is the last that is good as a whole */
	ck_assert_str_eq(collect(1, false), "6 11 12");
	ck_assert_str_eq(collect(1, false), "6 11 12");
}
END_TEST

START_TEST(gc_keeps_what_it_cannot_read)
{
	start(4);
	write_record(2, "{", 1);
	ck_assert_str_eq(collect(1, false), "2 4");
}
END_TEST

START_TEST(gc_and_builds_sweep_what_a_dead_gc_left)
{
	struct err err = {0};
	struct publish_draft draft;

	start(3);
	ck_assert_int_eq(rename(arena_printf(arena, "%s/gateway/1", out), arena_printf(arena, "%s/gateway/.gone-1", out)), 0);
	ck_assert_int_eq(file_publish(arena_printf(arena, "%s/gateway/.record", out), "{", 1, 0644, &err), 0);
	ck_assert_str_eq(collect(2, false), "2 3");
	ck_assert(!path_exists(arena_printf(arena, "%s/gateway/.gone-1", out)));
	ck_assert(!path_exists(arena_printf(arena, "%s/gateway/.record", out)));
	ck_assert_int_eq(rename(arena_printf(arena, "%s/gateway/2", out), arena_printf(arena, "%s/gateway/.gone-2", out)), 0);
	ck_assert_int_eq(publish_begin(out, "gateway", &draft, &err), 0);
	ck_assert(!path_exists(arena_printf(arena, "%s/gateway/.gone-2", out)));
	publish_abandon(&draft);
}
END_TEST

SUITE(generation, a_generation_appears_with_its_record, what_is_noted_is_found_and_a_host_has_one_entry,
      a_deployment_that_cannot_be_written_down_is_refused, a_volid_on_a_node_has_one_upload,
      an_upload_that_cannot_be_written_down_is_refused, uploads_are_not_without_number,
      nothing_is_noted_about_a_generation_that_is_gone,
      a_torn_record_counts_as_none, a_hostile_record_counts_as_none, a_record_of_a_later_version_is_not_overwritten,
      a_generation_has_many_names, a_recipe_stands_for_the_machine_that_it_names,
      what_is_no_name_is_refused_and_those_there_are_are_told,
      a_generation_without_a_manifest_is_left_out_and_stays, writers_at_once_lose_no_note,
      a_writer_killed_anywhere_leaves_a_whole_record, a_full_disk_leaves_the_old_record,
      gc_keeps_the_newest_and_gives_no_number_again, gc_keeps_what_a_host_runs_and_the_last_good_one,
      gc_keeps_what_it_cannot_read, gc_and_builds_sweep_what_a_dead_gc_left)
