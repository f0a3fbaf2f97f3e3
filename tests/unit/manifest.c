#include "suite.h"

#include <errno.h>
#include <string.h>

#include "artifact/manifest.h"
#include "host/proc.h"

static struct manifest_partition partitions[] = {
	{"esp", "C12A7328-F81F-11D2-BA4B-00A0C93EC93B", "11111111-2222-8333-8444-555555555555", 1 << 20, 256 << 20,
	 "esp", "image", true},
	{"root-a", "4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709", "21111111-2222-8333-8444-555555555555", 257ULL << 20,
	 6ULL << 30, "root", "first boot", false},
};
static struct manifest_package packages[] = {
	{"caddy", "2.6.2-12", "amd64", "aa11"},
	{"tzdata", "2025b-4+deb13u1", "all", "bb22"},
};
static struct manifest_state state[] = {{"/var/lib/caddy"}};
static struct manifest_input inputs[] = {{"lock", "cc33"}, {"layer base", "dd44"}};

static struct manifest_root root = {4096 * 1000, 4096 * 1009};
static struct manifest_uki uki = {"gateway.efi", 12345, "9988"};

static const struct manifest sample = {
	.tool = "aether-build", .tool_version = "0.1.0",
	.name = "gateway", .kind = "vm", .key = "ee55", .epoch = 1760000000,
	.image = {"gateway.qcow2", "qcow2", "none", 123456789, 9ULL << 30, "ff66"},
	.root_hash = "0077", .kernel = "6.12.48+deb13-cloud-amd64",
	.root = &root, .uki = &uki,
	.partitions = partitions, .n_partitions = 2, .packages = packages, .n_packages = 2,
	.state = state, .n_state = 1, .inputs = inputs, .n_inputs = 2,
};

static int read_back(struct arena *arena, const char *text, struct manifest **ret_manifest, struct err *err)
{
	return manifest_read(arena, "manifest.json", text, strlen(text), ret_manifest, err);
}

/* `text` with the first `from` replaced by `to`. */
static const char *changed(struct arena *arena, const char *text, const char *from, const char *to)
{
	const char *at = strstr(text, from);

	ck_assert_ptr_nonnull(at);
	return arena_printf(arena, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
}

START_TEST(what_was_written_is_read_back)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const char *text = manifest_print(arena, &sample);
	struct manifest *m;
	struct err err = {0};

	ck_assert_int_eq(read_back(arena, text, &m, &err), 0);
	ck_assert_str_eq(m->name, "gateway");
	ck_assert_int_eq(m->epoch, 1760000000);
	ck_assert_str_eq(m->image.file, "gateway.qcow2");
	ck_assert_uint_eq(m->image.virtual_size, 9ULL << 30);
	ck_assert_uint_eq(m->n_partitions, 2);
	ck_assert_uint_eq(m->partitions[1].size, 6ULL << 30);
	ck_assert_uint_eq(m->n_packages, 2);
	ck_assert_str_eq(m->packages[1].version, "2025b-4+deb13u1");
	ck_assert_str_eq(m->state[0].path, "/var/lib/caddy");
	ck_assert_str_eq(m->inputs[1].name, "layer base");
	ck_assert_uint_eq(m->root->hash_offset, 4096000);
	ck_assert_str_eq(m->uki->file, "gateway.efi");
	ck_assert_str_eq(manifest_print(arena, m), text); /* and so nothing was lost */
}
END_TEST

START_TEST(an_image_without_verity_and_kernel_has_null_there)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct manifest bare = sample, *m;
	struct err err = {0};

	bare.root_hash = bare.kernel = NULL;
	bare.root = NULL;
	bare.uki = NULL;
	bare.n_packages = bare.n_partitions = bare.n_state = bare.n_inputs = 0;
	ck_assert_int_eq(read_back(arena, manifest_print(arena, &bare), &m, &err), 0);
	ck_assert_ptr_null(m->root_hash);
	ck_assert_ptr_null(m->kernel);
	ck_assert_ptr_null(m->root);
	ck_assert_ptr_null(m->uki);
	ck_assert_uint_eq(m->n_packages, 0);
}
END_TEST

START_TEST(jq_reads_what_users_and_tools_ask_for)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const char *text = manifest_print(arena, &sample);
	const char *const argv[] = {"jq", "-r", "(.packages[] | .name? // .), .image.size, .partitions[1].label", NULL};
	_cleanup_buf_ struct buf said = {0};
	const struct proc proc = {.argv = argv, .input = text, .input_size = strlen(text), .output = &said};
	struct err err = {0};

	ck_assert_int_eq(proc_check(&proc, &err), 0);
	ck_assert_str_eq(said.data, "caddy\ntzdata\n123456789\nroot-a\n");
}
END_TEST

START_TEST(what_was_made_with_a_fake_is_not_releasable)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct manifest fake = sample, *m;
	struct err err = {0};

	ck_assert_ptr_nonnull(strstr(manifest_print(arena, &sample), "\"releasable\": true"));
	fake.fakes = &(struct manifest_fake){"downloads/step"};
	fake.n_fakes = 1;
	ck_assert_ptr_nonnull(strstr(manifest_print(arena, &fake), "\"releasable\": false"));
	ck_assert_int_eq(read_back(arena, manifest_print(arena, &fake), &m, &err), 0);
	ck_assert_uint_eq(m->n_fakes, 1);
	ck_assert_str_eq(m->fakes[0].name, "downloads/step");
}
END_TEST

START_TEST(what_is_missing_is_named)
{
	static const struct {
		const char *from, *to, *path;
	} damages[] = {
		{"\"sha256\": \"ff66\"", "\"x\": 0", "image.sha256"},
		{"\"arch\": \"all\"", "\"arch\": 7", "packages[1].arch"},
		{"\"epoch\": 1760000000", "\"epoch\": \"today\"", "epoch"},
		{"\"manifest\": 1,", "", "manifest"},
	};
	_cleanup_arena_ struct arena *arena = arena_new();
	const char *text = manifest_print(arena, &sample);

	for (size_t i = 0; i < sizeof damages / sizeof *damages; i++) {
		const char *damaged = changed(arena, text, damages[i].from, damages[i].to);
		struct manifest *m;
		struct err err = {0};

		ck_assert_int_eq(read_back(arena, damaged, &m, &err), -EBADMSG);
		ck_assert_str_eq(err.first->path, damages[i].path);
		ck_assert_str_eq(err.first->file, "manifest.json");
		err_free(&err);
	}
}
END_TEST

START_TEST(a_manifest_cut_anywhere_is_refused)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const char *text = manifest_print(arena, &sample);

	for (size_t size = 0; size + 2 < strlen(text); size++) { /* all but the last brace and newline */
		struct manifest *m;
		struct err err = {0};

		ck_assert_int_eq(manifest_read(arena, "manifest.json", text, size, &m, &err), -EBADMSG);
		err_free(&err);
	}
}
END_TEST

START_TEST(a_later_version_asks_for_a_newer_program)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const char *text = changed(arena, manifest_print(arena, &sample), "\"manifest\": 1", "\"manifest\": 2");
	struct manifest *m;
	struct err err = {0};

	ck_assert_int_eq(read_back(arena, text, &m, &err), -EBADMSG);
	ck_assert_ptr_nonnull(strstr(err.first->hint, "newer"));
	err_free(&err);
}
END_TEST

START_TEST(the_image_stands_beside_its_manifest_and_nowhere_else)
{
	static const char *const names[] = {"../gateway.qcow2", "/etc/passwd", "", "..", ".draft"};
	_cleanup_arena_ struct arena *arena = arena_new();

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		struct manifest leading = sample, *m;
		struct err err = {0};

		leading.image.file = names[i];
		ck_assert_int_eq(read_back(arena, manifest_print(arena, &leading), &m, &err), -EBADMSG);
		ck_assert_str_eq(err.first->path, "image.file");
		err_free(&err);
	}
}
END_TEST

START_TEST(what_is_no_whole_number_is_none)
{
	static const char *const numbers[] = {"-1", "1.5", "1e3", "null", "true", "[]", "{}", "\"5\""};
	_cleanup_arena_ struct arena *arena = arena_new();
	const char *epoch = arena_printf(arena, "\"epoch\": %lld", (long long)sample.epoch);

	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		const char *other = arena_printf(arena, "\"epoch\": %s", numbers[i]);
		struct manifest *m;
		struct err err = {0};

		ck_assert_int_eq(read_back(arena, changed(arena, manifest_print(arena, &sample), epoch, other), &m, &err),
				 -EBADMSG);
		ck_assert_str_eq(err.first->path, "epoch");
		err_free(&err);
	}
}
END_TEST

SUITE(manifest, what_was_written_is_read_back, an_image_without_verity_and_kernel_has_null_there,
      jq_reads_what_users_and_tools_ask_for, what_was_made_with_a_fake_is_not_releasable,
      what_is_missing_is_named, a_manifest_cut_anywhere_is_refused,
      a_later_version_asks_for_a_newer_program, the_image_stands_beside_its_manifest_and_nowhere_else,
      what_is_no_whole_number_is_none)
