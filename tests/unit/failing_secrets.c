/* The same as failing.c for a generation of secrets, and for what is kept of identities. */
#include "suite.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "machine/secrets/here.h"
#include "machine/secrets/identities.h"
#include "machine/secrets/placing.h"
#include "fail.h"
#include "scratch.h"

static const char LIST[] =
	"aether-secrets\t1\nmachine\tm\nsecret\ta/b\t0400\troot\troot\nsent\nlink\t/var/link\nrestart\tu.service\n";

static void make(const char *name, const void *data, size_t size)
{
	struct err err = {0};

	ck_assert_int_eq(file_write(scratch_path(name), data, size, 0600, &err), 0);
}

/* Puts what is sent, with the value of `text`, sealed to the identity that is there. */
static void send_value(struct pool *pool, const struct age_identity *identity, const char *text)
{
	const char *plain = pool_printf(pool, "aether-sent\t1\nmachine\tm\nmade\t1\nsecret\ta/b\t%zu\n%s\nend\n",
					strlen(text), text);
	struct age_recipient recipient;
	struct fault fault = {0};
	struct bytes sealed;

	ck_assert_int_eq(age_recipient_read(identity->recipient, &recipient, &fault), 0);
	ck_assert_int_eq(age_seal(pool, (struct bytes){(const uint8_t *)plain, strlen(plain)}, &recipient, 1, false, &sealed,
				  &fault), 0);
	make("root/var/lib/aether/secrets/sent", sealed.data, sealed.size);
}

static int place(void)
{
	struct here here = {.pool = pool_new(), .root = scratch_path("root")};
	struct declared declared;
	struct identities keys;
	int r;

	identities_load(&here, &keys);
	r = placing_read(&here, &declared);
	if (r > 0)
		r = placing_place(&here, &keys, &declared);
	pool_free(here.pool);
	return r;
}

/* A machine with "old" in its place, which was sent "new". */
static void old_machine(void)
{
	static const char *const folders[] = {"root", "root/etc", "root/usr", "root/usr/lib", "root/usr/lib/aether", "root/var",
					      "root/var/lib", "root/var/lib/aether", "root/var/lib/aether/secrets"};
	struct pool *pool = pool_new();
	struct err err = {0};
	const char *text;
	struct age_identity identity = age_identity_new(pool, &text);

	ck_assert_int_eq(path_remove(scratch_path("root"), &err), 0);
	for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
		ck_assert_int_eq(mkdir(scratch_path(folders[i]), 0755), 0);
	make("root/etc/passwd", "root:x:0:0::/:\n", 15);
	make("root/etc/group", "root:x:0:\n", 10);
	make("root/usr/lib/aether/secrets.list", LIST, sizeof LIST - 1);
	make("root/var/lib/aether/secrets/identity", text, strlen(text));
	send_value(pool, &identity, "old");
	ck_assert_int_eq(place(), 0);
	send_value(pool, &identity, "new");
	pool_free(pool);
}

static int run_place(struct err *err)
{
	int r = place();

	return r < 0 ? err_sys(err, r, "the secrets") : 0;
}

/* What is seen is whole; only what was told as bad is not there. */
static void check_place(int r)
{
	bool there = scratch_look("root/run/secrets/a/b").st_mode != 0;
	const char *value = there ? scratch_text("root/run/secrets/a/b") : "";
	const char *status = scratch_text("root/run/aether/secrets");

	(void)r;
	fail_demand(S_ISLNK(scratch_look("root/run/secrets").st_mode), "the link is gone");
	fail_demand(there || strstr(status, "\tbad\t") || strstr(status, "\tpending\t"), "it is gone, and nobody says so");
	fail_demand(!there || strcmp(value, "old") == 0 || strcmp(value, "new") == 0, "the secret is neither old nor new");
}

static int run_new(struct err *err)
{
	struct here here = {.pool = pool_new(), .root = scratch_path("root")};
	struct fault fault = {0};
	const char *recipient;
	int r = identities_make(&here, &recipient, &fault);

	pool_free(here.pool);
	return r < 0 ? err_sys(err, r, "the identity") : 0;
}

/* Whatever happens, what was sealed to the old one can be opened. */
static void check_new(int r)
{
	struct here here = {.pool = pool_new(), .root = scratch_path("root")};
	struct identities keys;

	(void)r;
	identities_load(&here, &keys);
	fail_demand(keys.n_own > 0, "there is no identity any more");
	pool_free(here.pool);
	fail_demand(place() == 0 && strcmp(scratch_text("root/run/secrets/a/b"), "new") == 0, "the old identity is lost");
}

static const struct fail_body bodies[] = {
	{"placing_place", old_machine, run_place, check_place, 40, true},
	{"identities_make", old_machine, run_new, check_new, 15, true},
};

START_TEST(whatever_call_fails_secrets_are_whole_or_told)
{
	fail_each(&bodies[_i]);
}
END_TEST

LOOP_SUITE(failing_secrets, whatever_call_fails_secrets_are_whole_or_told, sizeof bodies / sizeof *bodies)
