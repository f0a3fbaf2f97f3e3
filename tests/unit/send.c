/* The builder's end of sending: with the machine's own code at the other end, and with machines that talk nonsense;
 * what a machine says of itself. */
#include "suite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "disk/verity.h"
#include "fleet/ssh/send.h"
#include "fleet/status.h"
#include "machine/agent/blocks.h"
#include "machine/agent/offer.h"
#include "machine/quote.h"
#include "scratch.h"

#define SH(script) ((const char *const[]){"/bin/sh", "-c", (script), NULL})
#define HEX "0101010101010101010101010101010101010101010101010101010101010101"

static const size_t sizes[N_OBJECTS] = {300 * 4096, 50000, 20000, 7, 180, 181};
static const char *const files[N_OBJECTS] = {"root", "uki", "linux", "initrd", "grub-a", "grub-b"};

static struct payload make_parcel(void)
{
	struct payload payload = {.salt = HEX, .generation = 7, .name = "gateway", .kind = "vm"};
	uint8_t salt[VERITY_HASH];
	uint64_t state = 99;

	memset(salt, 1, sizeof salt);
	for (size_t i = 0; i < N_OBJECTS; i++) {
		struct payload_object *object = &payload.objects[i];
		struct verity verity;
		struct err err = {0};

		object->name = files[i];
		object->size_bytes = sizes[i];
		while (object->blocks.size < sizes[i])
			buf_add_u8(&object->blocks, (uint8_t)((state = state * 6364136223846793005ULL + 1) >> 56));
		ck_assert_int_eq(verity_cover(&object->blocks, salt, &verity, &err), 0);
		scratch_own(object->blocks.data);
		object->n_blocks = verity.size_bytes / VERITY_BLOCK;
		hex_encode(verity.root_hash, VERITY_HASH, object->root_hash);
	}
	return payload;
}

/* Takes all that is offered to files; runs as the child, in place of a program. */
static int machine(void *data)
{
	static struct talk talk = {.in = STDIN_FILENO, .out = STDOUT_FILENO};
	static struct blocks blocks;
	static struct object objects[N_OBJECTS];
	static struct offer offer;

	close_range(3, ~0U, 0); /* one of them says that a program was started */
	offer_read(&talk, &offer);
	talk_say(&talk, "ready b");
	memcpy(blocks.salt, offer.salt, HASH_BYTES);
	blocks.talk = &talk;
	talk_say(&talk, "step taking");
	for (unsigned i = 0; i < N_OBJECTS; i++) {
		char path[4200];

		snprintf(path, sizeof path, "%s/%s", (const char *)data, offer_name(i));
		object_init(&objects[i], path, open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600),
			    offer.objects[i].size_bytes);
		objects[i].number = i;
		memcpy(objects[i].root_hash, offer.objects[i].root_hash, HASH_BYTES);
		blocks_take(&blocks, &objects[i]);
		if (ftruncate(objects[i].fd, (off_t)objects[i].size_bytes) < 0)
			_exit(9);
	}
	talk_say(&talk, "done %llu %llu %llu", (unsigned long long)blocks.taken.in_place,
		 (unsigned long long)blocks.taken.copied, (unsigned long long)blocks.taken.received);
	_exit(0);
}

START_TEST(what_is_sent_arrives)
{
	struct payload payload = make_parcel();
	const struct proc proc = {.argv = SH("exit 1"), .prepare = machine, .prepare_data = (void *)scratch()};
	struct proc_talk *talk;
	struct sent sent;
	struct err err = {0};

	ck_assert_int_eq(proc_start(&proc, &talk, &err), 0);
	ck_assert_int_eq(send_talk(&payload, talk, &sent, &err), 0);
	ck_assert_int_eq(proc_finish(talk, 10, NULL, &err), 0);
	ck_assert_int_eq(sent.slot, 'b');
	ck_assert(!sent.same);
	ck_assert_uint_ge(sent.received, 300 * 4096);
	for (size_t i = 0; i < N_OBJECTS; i++) {
		_cleanup_buf_ struct buf is = {0};

		ck_assert_int_eq(file_read(scratch_path(files[i]), 1 << 24, &is, &err), 0);
		ck_assert_uint_eq(is.size, sizes[i]);
		ck_assert_mem_eq(is.data, payload.objects[i].blocks.data, is.size);
	}
}
END_TEST

/* What comes of a machine that answers the offer with a script of its own. */
static int talk_to(const char *script, struct sent *ret_sent)
{
	struct payload payload = make_parcel();
	struct proc_talk *talk;
	struct err err = {0};
	int r;

	ck_assert_int_eq(proc_start(&(struct proc){.argv = SH(script)}, &talk, &err), 0);
	r = send_talk(&payload, talk, ret_sent, &err);
	ck_assert((r < 0) == (err.count > 0));
	err_free(&err);
	proc_finish(talk, 10, NULL, &err);
	err_free(&err);
	return r;
}

START_TEST(a_machine_that_has_it_already_gets_nothing)
{
	struct sent sent = {0};

	ck_assert_int_eq(talk_to("sed /^$/q >/dev/null; echo same a", &sent), 0);
	ck_assert(sent.same);
	ck_assert_int_eq(sent.slot, 'a');
	ck_assert_uint_eq(sent.received, 0);
}
END_TEST

START_TEST(a_machine_that_talks_nonsense_is_refused)
{
	static const char *const answers[] = {
		"hello", "ready", "ready c", "ready bb", "get 0 0 1", "done 1 2 3", "ready b\\nready b", "ready b\\nget 6 0 1",
		"ready b\\nget 0 0 0", "ready b\\nget 0 0 257", "ready b\\nget 0 305 1", "ready b\\nget 0 304 2",
		"ready b\\nget 0 18446744073709551615 2", "ready b\\nget 0 1 18446744073709551615", "ready b\\nget 0 0 1 1",
		"ready b\\nget -1 0 1", "ready b\\nget 0 0", "ready b\\nget 0  0 1",
			"ready b\\nget 99999999999999999999999 0 1",
		"ready b\\nstep dancing", "ready b\\nprogress 1", "ready b\\ndone 1 2", "ready b\\nprogress 1 2 3",
		"ready b\\n\\033]0;title\\007", "ready b\\n%0600d",
	};

	for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
		char script[200];
		struct sent sent;

		snprintf(script, sizeof script, "sed /^$/q >/dev/null; printf '%s\\n' 1; cat >/dev/null", answers[i]);
		ck_assert_msg(talk_to(script, &sent) == -EBADMSG, "answer %zu: %s", i, answers[i]);
	}
}
END_TEST

START_TEST(a_machine_that_goes_in_the_middle_was_not_done)
{
	struct sent sent;

	ck_assert_int_eq(talk_to("exit 0", &sent), -EPIPE);
	ck_assert_int_eq(talk_to("sed /^$/q >/dev/null; echo ready b; echo get 0 0 250; head -c 9000 >/dev/null",
				 &sent), -EPIPE);
	ck_assert_int_eq(talk_to("sed /^$/q >/dev/null; echo ready b; printf 'done 1 2 3'", &sent), -EPIPE); /* no line */
}
END_TEST

/* --- what is offered ------------------------------------------------------------------------------------------------- */

START_TEST(what_is_too_old_cannot_be_sent)
{
	struct manifest manifest = {.name = "x", .kind = "lxc"};
	struct generation generation = {.name = "x", .number = 1, .folder = "/nonexistent", .image = "/nonexistent/x",
		.manifest = &manifest};
	struct payload *payload;
	struct err err = {0};

	ck_assert_int_eq(payload_open(&generation, &payload, &err), -ENOTSUP);
	ck_assert_str_eq(err.last->hint, "build it again");
	manifest.kind = "vm";
	manifest.root_hash = HEX;
	ck_assert_int_eq(payload_open(&generation, &payload, &err), -ENOTSUP);
	ck_assert_str_eq(err.last->hint, "build it again");
	err_free(&err);
}
END_TEST

/* --- what a machine says --------------------------------------------------------------------------------------------- */

static int read_status(const char *text, struct machine_status *ret_machine)
{
	struct err err = {0};
	int r = status_read(scratch_arena(), text, strlen(text), ret_machine, &err);

	err_free(&err);
	return r;
}

START_TEST(a_status_is_read)
{
	struct machine_status machine;

	ck_assert_int_eq(read_status(
		"{\"name\": \"gateway\", \"kind\": \"vm\", \"boot_id\": \"x\", \"slot\": \"b\", \"generation\": "
"null, \"root_hash\": \"aa\","
		"\"state\": \"trial\", \"tries_left\": 2, \"health\": \"waiting\", \"slots\": [{\"slot\": \"a\", "
"\"state\": \"good\"},"
		"{\"slot\": \"b\", \"state\": \"trial\", \"tries_left\": 2}, {\"slot\": \"c\"}],"
		"\"secrets\": [{\"name\": \"a\", \"state\": \"good\", \"reason\": \"\"},"
		"{\"name\": \"b\", \"state\": \"bad\", \"reason\": \"no\\u001bkey\"}],"
		"\"last_failure\": {\"when\": 5, \"root_hash\": \"bb\", \"reason\": \"\\u001b[2Jgone\"}}", &machine), 0);
	ck_assert_str_eq(machine.name, "gateway");
	ck_assert_str_eq(machine.generation, "");
	ck_assert_uint_eq(machine.n_slots, 2);
	ck_assert_str_eq(machine.slots[1].state, "trial");
	ck_assert_int_eq(machine.slots[1].tries_left, 2);
	ck_assert_uint_eq(machine.n_secrets, 2);
	ck_assert_str_eq(machine.secrets[1].name, "b");
	ck_assert_str_eq(machine.secrets[1].state, "bad");
	ck_assert_str_eq(machine.secrets[1].reason, "no key");
	ck_assert_str_eq(machine.failure.reason, " [2Jgone"); /* a terminal takes no orders from it */
}
END_TEST

/* A check's output is whatever a program says, and cut where a line of the machine's ends. */
START_TEST(a_reason_that_is_no_utf8_leaves_the_status_one_that_is_read)
{
	static const struct { const char *says, *is; } reasons[] = {
		{"caf\xe9", "caf?"}, {"Gr\xc3\xbc\xc3", "Grü?"}, {"\xe2\x82", "??"}, {"\xed\xa0\x80", "???"},
		{"\xf0\x9f\x98\x80 \"\\", "😀 \"\\"}, {"\xc0\xaf", "??"}, {"a\nb", "a b"}, {"", ""},
	};

	for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++) {
		struct machine_status machine;
		char *text = NULL;
		size_t size = 0;
		FILE *out = open_memstream(&text, &size);

		fputs("{\"name\": \"x\", \"boot_id\": \"y\", \"health_reason\": ", out);
		quote_print(reasons[i].says, out);
		fputs("}", out);
		ck_assert_int_eq(fclose(out), 0);
		ck_assert_int_eq(read_status(text, &machine), 0);
		ck_assert_str_eq(machine.health_reason, reasons[i].is);
		free(text);
	}
}
END_TEST

START_TEST(a_status_that_would_grow_when_it_is_shown_is_none)
{
	char *text = malloc(100000);
	struct machine_status machine;

	strcpy(text, "{\"name\": \"x\", \"boot_id\": \"y\", \"more\": \"");
	memset(text + strlen(text), 'x', 90000);
	strcpy(text + 90000, "\"}");
	ck_assert_int_eq(read_status(text, &machine), -EBADMSG);
	free(text);
}
END_TEST

START_TEST(what_is_no_status_is_refused)
{
	static const char *const texts[] = {"", "hello", "[]", "{}", "{\"name\": 5, \"boot_id\": \"x\"}",
		"{\"name\": \"x\"}", "null"};
	struct machine_status machine;

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		ck_assert_msg(read_status(texts[i], &machine) == -EBADMSG, "%s", texts[i]);
	ck_assert_int_eq(read_status("{\"name\": \"x\", \"boot_id\": \"y\", \"slots\": 5, \"last_failure\": []}", &machine), 0);
	ck_assert_uint_eq(machine.n_slots, 0);
}
END_TEST

START_TEST(a_host_that_is_an_option_is_refused)
{
	struct err err = {0};

	ck_assert_int_eq(remote_check(&(struct remote){.host = "root@gateway"}, &err), 0);
	ck_assert_int_eq(remote_check(&(struct remote){.host = "-oProxyCommand=reboot"}, &err), -EINVAL);
	ck_assert_int_eq(remote_check(&(struct remote){.host = ""}, &err), -EINVAL);
	err_free(&err);
}
END_TEST

SUITE(send, what_is_sent_arrives, a_machine_that_has_it_already_gets_nothing, a_machine_that_talks_nonsense_is_refused,
      a_machine_that_goes_in_the_middle_was_not_done, what_is_too_old_cannot_be_sent, a_status_is_read,
      what_is_no_status_is_refused, a_host_that_is_an_option_is_refused,
      a_reason_that_is_no_utf8_leaves_the_status_one_that_is_read, a_status_that_would_grow_when_it_is_shown_is_none)
