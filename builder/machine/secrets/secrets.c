/* aether-secrets: opens the secrets of a machine, and places them. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "contract/image.h"
#include "contract/secrets.h"
#include "machine/lines.h"
#include "machine/say.h"
#include "machine/secrets/by_hand.h"
#include "machine/secrets/carrier.h"
#include "machine/secrets/identities.h"
#include "machine/secrets/placing.h"
#include "machine/secrets/received.h"
#include "machine/secrets/verdicts.h"

#define ROOT "--root"
#define JSON "--json"

/* Before anything secret is in memory: no core dump, no other process of the user's looks into it, nothing is swapped. Locking
 * is best effort, and only where there is no limit: beyond one, memory could not be had at all (what is opened is locked by
 * itself). Files are made with the modes that they need, all of them; folders are for others, too. */
static void secrets_harden(void)
{
	const struct rlimit none = {0, 0}, all = {RLIM_INFINITY, RLIM_INFINITY};

	setrlimit(RLIMIT_CORE, &none);
	prctl(PR_SET_DUMPABLE, 0);
	umask(022);
	if (setrlimit(RLIMIT_MEMLOCK, &all) == 0)
		(void)mlockall(MCL_CURRENT | MCL_FUTURE);
}

static void secrets_lock(const struct here *here)
{
	int r = here_lock(here);

	if (r < 0)
		die(SECRETS_STATUS ".lock: %s", strerror(-r));
}

static const char *secrets_why(int r, const struct fault *fault)
{
	return r == -EBADMSG ? fault->text : strerror(-r);
}

/* --- place ----------------------------------------------------------------------------------------------------------- */

/* To every console: somebody who cannot log in yet can enroll it. */
static void secrets_ask(const struct here *here, const struct identities *keys, const struct declared *declared)
{
	bool asked = false;

	for (size_t i = 0; i < declared->n_items; i++)
		asked |= declared->items[i].verdict == VERDICT_PENDING;
	if (!asked || !keys->all.count)
		return;
	if (!*here->root)
		say_as(SECRETS_HEAD, "/dev/kmsg");
	say("secrets of '%s' are pending. Its recipient: %s (aether-build host enroll)", declared->machine,
	    keys->all.items[0].recipient);
	say_as(SECRETS_HEAD, NULL);
}

static void secrets_find_identity(struct here *here, struct identities *keys)
{
	struct fault fault = {0};
	const char *recipient;
	int r;

	identities_load(here, keys);
	if (!here->boot)
		return;
	carrier_take(here, keys);
	if (keys->n_own)
		return;
	r = identities_make(here, &recipient, &fault);
	if (r < 0)
		here_remark(here, "an identity cannot be made in " SECRETS_STATE ": %s", secrets_why(r, &fault));
	else
		say("made the identity %s", recipient);
	identities_load(here, keys);
}

static int secrets_place(struct here *here)
{
	struct declared declared;
	struct identities keys;
	int r;

	secrets_find_identity(here, &keys);
	identities_check_bound(here);
	r = placing_read(here, &declared);
	if (r > 0)
		r = placing_place(here, &keys, &declared);
	if (r == 0 && here->boot)
		secrets_ask(here, &keys, &declared);
	here_tell(here);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int secrets_place_main(struct here *here, int argc, char **argv)
{
	here->boot = argc == 2 && strcmp(argv[1], SECRETS_BOOT) == 0;
	if (argc != 1 && !here->boot)
		return 2;
	secrets_lock(here);
	return secrets_place(here);
}

static int secrets_take_main(struct here *here, int argc, char **argv)
{
	int status;

	(void)argv;
	if (argc != 1)
		return 2;
	status = received_take(here, STDIN_FILENO);
	here_tell(here);
	return status;
}

/* --- identities ------------------------------------------------------------------------------------------------------ */

static int secrets_take_identity_main(struct here *here, int argc, char **argv)
{
	struct fault fault = {0};
	struct bytes text;
	int r;

	(void)argv;
	if (argc != 1)
		return 2;
	r = here_read_fd(here, STDIN_FILENO, IDENTITIES_BYTES_MAX, &text);
	if (r < 0)
		die("standard input: %s", strerror(-r));
	secrets_lock(here);
	r = identities_keep(here, text, &fault);
	if (r < 0)
		die("the identity is not taken: %s", secrets_why(r, &fault));
	return secrets_place(here);
}

static int secrets_new_identity_main(struct here *here, int argc, char **argv)
{
	struct fault fault = {0};
	const char *recipient;
	int r;

	(void)argv;
	if (argc != 1)
		return 2;
	secrets_lock(here);
	r = identities_make(here, &recipient, &fault);
	if (r < 0)
		die("an identity cannot be made: %s", secrets_why(r, &fault));
	puts(recipient);
	return EXIT_SUCCESS;
}

/* A secret of this image that only an identity before opens; NULL: there is none. */
static const char *secrets_needing_before(struct here *here)
{
	struct declared all, present;
	struct identities keys;

	if (placing_read(here, &all) <= 0 || placing_read(here, &present) <= 0)
		return NULL;
	identities_load(here, &keys);
	placing_open(here, &keys, &all);
	identities_load_present(here, &keys);
	placing_open(here, &keys, &present);
	for (size_t i = 0; i < all.n_items; i++)
		if (all.items[i].verdict == VERDICT_GOOD && present.items[i].verdict != VERDICT_GOOD)
			return all.items[i].name;
	return NULL;
}

static int secrets_retire_main(struct here *here, int argc, char **argv)
{
	const char *needing;
	int r;

	(void)argv;
	if (argc != 1)
		return 2;
	secrets_lock(here);
	needing = secrets_needing_before(here);
	if (needing)
		die("'%s' is sealed to an identity before, and would be lost: send it again, or give the machine an image "
		    "whose files are encrypted to the present one", needing);
	r = identities_retire(here);
	if (r < 0)
		die(SECRETS_STATE "/" SECRETS_IDENTITY_BEFORE " cannot be removed: %s", strerror(-r));
	return EXIT_SUCCESS;
}

static int secrets_recipients_main(struct here *here, int argc, char **argv)
{
	struct identities keys;

	(void)argv;
	if (argc != 1)
		return 2;
	identities_load(here, &keys);
	if (!keys.all.count)
		die("this machine has no identity yet");
	identities_print(&keys, stdout);
	return EXIT_SUCCESS;
}

/* --- what came of it ------------------------------------------------------------------------------------------------- */

static void secrets_read_verdicts(const struct here *here, struct verdicts *ret_verdicts)
{
	int r = verdicts_read(here, ret_verdicts);

	if (r < 0)
		die(SECRETS_STATUS ": %s", strerror(-r));
}

static int secrets_verdict_main(struct here *here, int argc, char **argv)
{
	const struct verdict_line *line;
	struct verdicts verdicts;

	if (argc != 2)
		return 2;
	secrets_read_verdicts(here, &verdicts);
	line = verdicts_find(&verdicts, argv[1]);
	if (!line)
		die("%s: it was not placed: " SECRETS_UNIT " has not run, or this image does not declare it", argv[1]);
	if (strcmp(line->state, SECRETS_STATE_GOOD) != 0)
		die("%s: %s: %s", argv[1], line->state, line->reason);
	return EXIT_SUCCESS;
}

static int secrets_status_main(struct here *here, int argc, char **argv)
{
	bool json = argc == 2 && strcmp(argv[1], JSON) == 0;
	struct verdicts verdicts;

	if (argc != 1 && !json)
		return 2;
	secrets_read_verdicts(here, &verdicts);
	verdicts_print(&verdicts, json, stdout);
	return EXIT_SUCCESS;
}

/* --- words ----------------------------------------------------------------------------------------------------------- */

static const struct {
	const char *name, *arguments, *summary;
	int (*run)(struct here *here, int argc, char **argv); /* 2: that was a wrong call */
} words[] = {
	{SECRETS_PLACE, "[" SECRETS_BOOT "]", "opens and places all secrets", secrets_place_main},
	{SECRETS_TAKE, "", "reads what is sent, keeps it, places", secrets_take_main},
	{SECRETS_TAKE_IDENTITY, "", "reads an identity, keeps it, places", secrets_take_identity_main},
	{SECRETS_NEW_IDENTITY, "", "makes an identity, and prints its recipient", secrets_new_identity_main},
	{SECRETS_RETIRE, "", "forgets the identities before", secrets_retire_main},
	{SECRETS_RECIPIENTS, "", "prints to whom this machine's secrets are encrypted", secrets_recipients_main},
	{SECRETS_TRY, "FORMAT", "reads a file of SOPS: can it be opened here?", by_hand_try},
	{SECRETS_VERDICT, "NAME", "says whether a secret was placed", secrets_verdict_main},
	{SECRETS_SHOW_STATUS, "[" JSON "]", "shows the state of each secret", secrets_status_main},
	{SECRETS_OPEN, "--identity FILE … FILE [KEY…]", "opens a file of SOPS by hand", by_hand_open},
};

static int secrets_usage(FILE *out)
{
	fputs("usage: aether-secrets [" ROOT " FOLDER] WORD\n\n", out);
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		char left[64];

		snprintf(left, sizeof left, "%s %s", words[i].name, words[i].arguments);
		fprintf(out, "  %-38s %s\n", left, words[i].summary);
	}
	return out == stdout ? EXIT_SUCCESS : 2;
}

static int secrets_run(struct here *here, int argc, char **argv)
{
	char kind[16];

	here->container = lines_read(here_path(here, IMAGE_FILE), IMAGE_KEY_KIND, kind, sizeof kind) &&
			  strcmp(kind, IMAGE_KIND_LXC) == 0;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strcmp(words[i].name, argv[0]) == 0)
			return words[i].run(here, argc, argv);
	say("unknown word '%s'", argv[0]);
	return 2;
}

int main(int argc, char **argv)
{
	struct here here = {.root = ""};
	int status;

	secrets_harden();
	say_as(SECRETS_HEAD, NULL);
	if (argc > 2 && strcmp(argv[1], ROOT) == 0) {
		here.root = argv[2];
		argc -= 2;
		argv += 2;
	}
	if (argc == 2 && strcmp(argv[1], "--help") == 0)
		return secrets_usage(stdout);
	if (argc < 2)
		return secrets_usage(stderr);
	here.pool = pool_new();
	status = secrets_run(&here, argc - 1, argv + 1);
	pool_free(here.pool);
	if (fflush(stdout) != 0)
		status = EXIT_FAILURE;
	return status == 2 ? secrets_usage(stderr) : status;
}
