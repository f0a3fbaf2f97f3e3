/* Keys and secrets of an operator: what is sent, who can read, whose machine it is; and what a machine is asked before. */
#include "suite.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "edge/digest.h"
#include "fleet/ssh/errand.h"
#include "keeper/enroll.h"
#include "keeper/outputs.h"
#include "keeper/private.h"
#include "keeper/openers.h"
#include "machine/secrets/sent.h"
#include "scratch.h"

#define A "age1hj6tkg5zx4h8mmkur66mvgv30ne8nw35msus9kfcekchwgspkqws2973tx"
#define SSH "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDL76od0/ygyjNjUhBozJbZJAjaGK+7GXDM7I1PpOalo"

/* A list of words with blanks between them. */
static struct strv words(const char *text)
{
	struct strv list = {0};

	for (; *text; text += strspn(text, " ")) {
		size_t n = strcspn(text, " ");

		strv_push(scratch_arena(), &list, arena_strndup(scratch_arena(), text, n));
		text += n;
	}
	return list;
}

static const char *joined(const struct strv *list)
{
	const char *text = "";

	for (size_t i = 0; i < list->count; i++)
		text = arena_printf(scratch_arena(), "%s%s%s", text, i ? " " : "", list->items[i]);
	return text;
}

/* --- what is sent ---------------------------------------------------------------------------------------------------- */

START_TEST(a_letter_is_what_the_machine_reads)
{
	struct pool *own = pool_new();
	const char *text, *others;
	struct age_identity identity = age_identity_new(own, &text), other = age_identity_new(own, &others);
	struct age_identities both[] = {{.items = &identity, .count = 1}, {.items = &other, .count = 1}};
	struct strv recipients = {0};
	struct letter letter;
	struct err err = {0};
	struct bytes sealed;

	strv_push(scratch_arena(), &recipients, identity.recipient);
	strv_push(scratch_arena(), &recipients, other.recipient);
	letter_begin(&letter, own, "gateway", 1700000000);
	ck_assert_int_eq(letter_add(&letter, "a/b", (struct bytes){(const uint8_t *)"one\nsecret\tx\t1\n", 16}, &err), 0);
	ck_assert_int_eq(letter_add(&letter, "empty", (struct bytes){(const uint8_t *)"", 0}, &err), 0);
	ck_assert_int_eq(letter_seal(&letter, &recipients, &sealed, &err), 0);
	for (size_t i = 0; i < 2; i++) {
		struct fault fault = {0};
		struct bytes plain = {0};
		struct sent sent;
		char problem[200] = "";

		ck_assert_int_eq(age_open(own, sealed, &both[i], &plain, NULL, &fault), 0);
		ck_assert_msg(sent_read(own, plain, &sent, problem) == 0, "%s", problem);
		ck_assert_str_eq(sent.machine, "gateway");
		ck_assert_int_eq(sent.made, 1700000000);
		ck_assert_uint_eq(sent.n_values, 2);
		ck_assert_uint_eq(sent_find(&sent, "a/b")->size, 16);
		ck_assert_mem_eq(sent_find(&sent, "a/b")->data, "one\nsecret\tx\t1\n", 16);
		ck_assert_uint_eq(sent_find(&sent, "empty")->size, 0);
	}
	pool_free(own);
}
END_TEST

START_TEST(a_letter_is_never_larger_than_a_machine_takes)
{
	static char large[4 << 20];
	struct pool *own = pool_new();
	struct letter letter;
	struct err err = {0};

	letter_begin(&letter, own, "gateway", 1);
	ck_assert_int_eq(letter_add(&letter, "a", (struct bytes){(const uint8_t *)large, sizeof large - 1000}, &err), 0);
	ck_assert_int_eq(letter_add(&letter, "b", (struct bytes){(const uint8_t *)large, 1000}, &err), -EFBIG);
	err_free(&err);
	pool_free(own);
}
END_TEST

/* --- whose machine it is --------------------------------------------------------------------------------------------- */

/* Letters are recipients of age, "S" is a key of SSH. */
static const char *recipient_of(char letter)
{
	static char made[26][120];
	struct pool *pool;
	const char *secret;

	if (letter == 'S')
		return SSH;
	if (!*made[letter - 'A']) {
		pool = pool_new();
		strcpy(made[letter - 'A'], age_identity_new(pool, &secret).recipient);
		pool_free(pool);
	}
	return made[letter - 'A'];
}

static struct strv recipients_of(const char *letters)
{
	struct strv list = {0};

	for (; *letters; letters++)
		strv_push(scratch_arena(), &list, recipient_of(*letters));
	return list;
}

static void are(const char *what, const struct strv *list, const char *letters)
{
	struct strv wanted = recipients_of(letters);

	ck_assert_msg(strcmp(joined(list), joined(&wanted)) == 0, "%s: '%s', not '%s' (%s)", what, joined(list),
		      joined(&wanted), letters);
}

/* Recorded, what the machine says, whether it is to replace; then what is recorded (NULL: refused) and retired. */
static const struct {
	const char *recorded, *told;
	bool replace;
	const char *then, *retired;
} enrolling[] = {
	{"", "A", false, "A", ""},	{"", "AS", false, "A", ""},	 {"", "S", false, "S", ""},
	{"A", "A", false, "A", ""},	{"A", "BA", false, "BA", ""},	 {"BA", "B", false, "B", "A"},
	{"A", "B", false, NULL, ""},	{"A", "B", true, "B", "A"},	 {"A", "BS", false, NULL, ""},
	{"S", "BS", false, "BS", ""},	{"AB", "CB", false, "CB", "A"},	 {"A", "AA", false, "A", ""},
};

START_TEST(a_machine_is_known_by_what_was_recorded)
{
	struct roll roll = {.path = "x.age", .recipients = recipients_of(enrolling[_i].recorded)};
	struct strv told = recipients_of(enrolling[_i].told);
	struct enrolled enrolled;
	struct err err = {0};
	int r = roll_enroll(scratch_arena(), &roll, "x", &told, enrolling[_i].replace, &enrolled, &err);

	if (!enrolling[_i].then) {
		ck_assert_int_eq(r, -EEXIST);
		are("kept", &roll.recipients, enrolling[_i].recorded);
	} else {
		ck_assert_int_eq(r, 0);
		are("recorded", &roll.recipients, enrolling[_i].then);
		are("retired", &roll.retired, enrolling[_i].retired);
	}
	err_free(&err);
}
END_TEST

/* --- who can read ---------------------------------------------------------------------------------------------------- */

/* A file's recipients; the machine's, its retired ones, those asked for; then the file's (NULL: refused), and whether it
 * changes. */
static const struct {
	const char *file, *present, *retired, *add, *remove, *then;
	bool changes;
} reading[] = {
	{"O", "A", "", "", "", "OA", true},	{"OA", "A", "", "", "", "OA", false},	{"OAB", "B", "A", "", "", "OB", true},
	{"OAX", "B", "A", "", "", "OXB", true}, {"OA", "A", "A", "", "", "OA", false},	{"OA", "A", "", "N", "", "OAN", true},
	{"OAX", "A", "", "", "X", "OA", true},	{"OA", "A", "", "", "A", NULL, false},	{"O", "", "", "", "O", NULL, false},
	{"OS", "S", "", "", "", "OS", false},	{"OA", "BA", "", "B", "", "OAB", true},
};

START_TEST(recipients_follow_a_machine)
{
	struct strv there = recipients_of(reading[_i].file);
	struct openers_how how = {recipients_of(reading[_i].present), recipients_of(reading[_i].retired),
				  recipients_of(reading[_i].add), recipients_of(reading[_i].remove), false, false};
	struct sops_key keys[9] = {{"pgp", "0123", NULL}};
	struct sops_file file = {.keys = keys, .n_keys = there.count + 1};
	struct openers openers = {0};
	struct err err = {0};
	int r;

	for (size_t i = 0; i < there.count; i++)
		keys[i + 1] = (struct sops_key){"age", there.items[i], ""};
	r = openers_decide(scratch_arena(), &file, &how, &openers, &err);
	ck_assert_int_eq(r, reading[_i].then ? 0 : -EINVAL);
	if (reading[_i].then) {
		are("then", &openers.recipients, reading[_i].then);
		ck_assert_int_eq(openers.changed, reading[_i].changes);
	}
	err_free(&err);
}
END_TEST

/* A key's comment is none of it. */
START_TEST(comments_of_keys_do_not_count)
{
	ck_assert_str_eq(roll_bare(scratch_arena(), "  " SSH " anna@home \t"), SSH);
	ck_assert_str_eq(roll_bare(scratch_arena(), A " "), A);
}
END_TEST

/* --- files of keys --------------------------------------------------------------------------------------------------- */

START_TEST(private_files_are_never_overwritten)
{
	const char *path = scratch_path("keys/x.identity");
	struct err err = {0};

	ck_assert_int_eq(private_create(path, "one", 3, &err), 0);
	ck_assert_int_eq(scratch_look("keys").st_mode & 07777, 0700);
	ck_assert_int_eq(scratch_look("keys/x.identity").st_mode & 07777, 0600);
	ck_assert_int_eq(private_create(path, "two", 3, &err), -EEXIST);
	ck_assert_str_eq(scratch_text("keys/x.identity"), "one");
	err_free(&err);
	ck_assert_int_eq(private_replace(path, "two", 3, &err), 0);
	ck_assert_str_eq(scratch_text("keys/x.identity"), "two");
}
END_TEST

static const unsigned readable[] = {0640, 0604, 0620, 0602, 0610, 0601, 0777};

START_TEST(what_others_can_touch_is_no_private_file)
{
	const char *path = scratch_path("x.identity");
	struct pool *own = pool_new();
	struct err err = {0};
	struct bytes bytes;

	ck_assert_int_eq(file_write(path, "key", 3, 0600, &err), 0);
	ck_assert_int_eq(private_read(own, path, &bytes, &err), 0);
	ck_assert_int_eq(chmod(path, readable[_i]), 0);
	ck_assert_int_eq(private_read(own, path, &bytes, &err), -EACCES);
	ck_assert_ptr_nonnull(strstr(err.first->hint, "chmod 600"));
	err_free(&err);
	pool_free(own);
}
END_TEST

/* --- a JSON file ----------------------------------------------------------------------------------------------------- */

static const struct {
	const char *key, *value; /* NULL: refused */
} outputs[] = {
	{"a value", "text"}, {"n value", "12"}, {"t value", "true"}, {"l value 1", "b"}, {"l value 2", NULL},
	{"l value x", NULL}, {"a", NULL}, {"o value", NULL}, {"none", NULL}, {"z value", NULL}, {"a value b", NULL},
};

START_TEST(outputs_are_texts_numbers_and_truths)
{
	static const char text[] = "{\"a\":{\"value\":\"text\"},\"n\":{\"value\":12},\"t\":{\"value\":true},"
				   "\"o\":{\"value\":{}},\"l\":{\"value\":[\"a\",\"b\"]},\"z\":{\"value\":null}}";
	struct recipe_secret secret = {.name = "x", .shown = "out.json", .json = true, .key = words(outputs[_i].key)};
	struct pool *own = pool_new();
	struct bytes value = {0};
	struct err err = {0};
	int r = outputs_value(own, &secret, (struct bytes){(const uint8_t *)text, strlen(text)}, &value, &err);

	if (outputs[_i].value) {
		ck_assert_int_eq(r, 0);
		ck_assert_str_eq((const char *)value.data, outputs[_i].value);
	} else {
		ck_assert_int_eq(r, -EBADMSG);
	}
	err_free(&err);
	pool_free(own);
}
END_TEST

/* --- what a machine is asked ----------------------------------------------------------------------------------------- */

#define FILE_TEXT "sealed"

/* A ssh that answers as the file `how` says, and keeps what it was fed by word. */
static void make_ssh(const char *how)
{
	static const char text[] = "#!/bin/sh\n"
				   "for command; do :; done\n"
				   "word=${command#*/usr/lib/aether/secrets }; word=${word%%;*}; word=${word%% *}\n"
				   "echo \"$word\" >>\"$KEPT/words\"; cat >\"$KEPT/$word\"\n"
				   "case $HOW in refuses) [ $word = take ] || { echo 'wrong keys'; exit 1; };;\n"
				   "missing) echo 'sh: 1: exec: not found' >&2; exit 127;; dead) exit 255;; esac\n";
	struct err err = {0};

	ck_assert_int_eq(file_write(scratch_path("ssh"), text, strlen(text), 0755, &err), 0);
	setenv("PATH", arena_printf(scratch_arena(), "%s:%s", scratch(), getenv("PATH")), 1);
	setenv("KEPT", scratch(), 1);
	setenv("HOW", how, 1);
}

static const struct {
	const char *how;
	bool dry_run, changed;
	int r;
	const char *words;           /* that it was called with */
} asking[] = {
	{"opens", false, false, 0, "try\ntake\n"},	      {"opens", true, false, 0, "try\n"},
	{"opens", false, true, 0, "take\n"},		      {"refuses", false, false, -EPERM, "try\n"},
	{"missing", false, false, -ENOTSUP, "try\n"},	      {"dead", false, false, -EHOSTUNREACH, "try\n"},
};

START_TEST(a_machine_is_asked_before_it_is_sent_anything)
{
	struct errand_file file = {"secrets/x.yaml", "of another file", "yaml"};
	struct errand errand = {.files = &file, .n_files = 1, .sealed = {(const uint8_t *)"letter", 6}};
	const struct remote remote = {.host = "gateway"};
	char sha256[SHA256_HEX];
	struct err err = {0};
	int r;

	sha256_hex_of(FILE_TEXT, strlen(FILE_TEXT), sha256);
	if (!asking[_i].changed)
		file.sha256 = sha256;
	make_ssh(asking[_i].how);
	ck_assert_int_eq(folder_make(scratch_path("secrets"), 0755, &err), 0);
	ck_assert_int_eq(file_write(scratch_path("secrets/x.yaml"), FILE_TEXT, strlen(FILE_TEXT), 0644, &err), 0);
	r = errand_run(scratch_arena(), &remote, &errand, scratch(), asking[_i].dry_run, &err);
	ck_assert_msg(r == asking[_i].r, "%d: %s", r, err.first ? err.first->text : "");
	ck_assert_str_eq(scratch_text("words"), asking[_i].words);
	if (strstr(asking[_i].words, "take"))
		ck_assert_str_eq(scratch_text("take"), "letter");
	if (!asking[_i].changed)
		ck_assert_str_eq(scratch_text("try"), FILE_TEXT);
	err_free(&err);
}
END_TEST

START_TEST(a_plan_says_what_there_is_to_ask)
{
	static const char plan[] =
		"{\"secrets\":["
		"{\"name\":\"a\",\"deliver\":\"image\",\"file\":\"x-1.yaml\",\"sha256\":\"11\",\"format\":\"yaml\"},"
		"{\"name\":\"b\",\"deliver\":\"image\",\"file\":\"x-1.yaml\",\"sha256\":\"11\",\"format\":\"yaml\"},"
		"{\"name\":\"c\",\"deliver\":\"send\"},"
		"{\"name\":\"d\",\"deliver\":\"image\",\"sha256\":\"22\",\"format\":\"odd\"}]}";
	struct manifest_input input = {"secrets/x.yaml", "11"};
	struct manifest manifest = {.inputs = &input, .n_inputs = 1};
	struct generation generation = {.name = "x", .number = 1, .folder = scratch(), .manifest = &manifest};
	struct errand errand;
	struct err err = {0};

	ck_assert_int_eq(errand_read(scratch_arena(), &generation, &errand, &err), 0);
	ck_assert_uint_eq(errand.n_files + errand.sent.count, 0);
	ck_assert_int_eq(file_write(scratch_path("plan.json"), plan, strlen(plan), 0644, &err), 0);
	ck_assert_int_eq(errand_read(scratch_arena(), &generation, &errand, &err), 0);
	ck_assert_uint_eq(errand.n_files, 1);
	ck_assert_str_eq(errand.files[0].name, "secrets/x.yaml");
	ck_assert_str_eq(joined(&errand.sent), "c");
}
END_TEST

#define ROWS(table) (sizeof(table) / sizeof *(table))

SUITE(keeper, a_letter_is_what_the_machine_reads, a_letter_is_never_larger_than_a_machine_takes, comments_of_keys_do_not_count,
      private_files_are_never_overwritten, a_plan_says_what_there_is_to_ask)
LOOP_SUITE(keeper_enroll, a_machine_is_known_by_what_was_recorded, ROWS(enrolling))
LOOP_SUITE(keeper_openers, recipients_follow_a_machine, ROWS(reading))
LOOP_SUITE(keeper_private, what_others_can_touch_is_no_private_file, ROWS(readable))
LOOP_SUITE(keeper_outputs, outputs_are_texts_numbers_and_truths, ROWS(outputs))
LOOP_SUITE(keeper_errand, a_machine_is_asked_before_it_is_sent_anything, ROWS(asking))
