#include "machine/secrets/by_hand.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "machine/say.h"
#include "machine/secrets/identities.h"
#include "machine/secrets/opened.h"
#include "sealed/sops/leaves.h"

enum { BYTES_MAX = 16 << 20 };

/* --- try ------------------------------------------------------------------------------------------------------------- */

int by_hand_try(struct here *here, int argc, char **argv)
{
	struct fault fault = {0};
	struct sops_file *file;
	enum sops_format format;
	struct bytes text;
	struct identities keys;
	int r;

	if (argc != 2 || !sops_format_named(argv[1], &format)) {
		say("usage: try FORMAT");
		return 2;
	}
	r = here_read_fd(here, STDIN_FILENO, BYTES_MAX, &text);
	if (r < 0) {
		puts(strerror(-r));
		return EXIT_FAILURE;
	}
	identities_load(here, &keys);
	r = sops_read(here->pool, format, text, &file, &fault);
	if (r == 0)
		r = sops_open(here->pool, file, &keys.all, &fault);
	if (r == 0)
		return EXIT_SUCCESS;
	puts(opened_why(here, &fault));
	return EXIT_FAILURE;
}

/* --- open ------------------------------------------------------------------------------------------------------------ */

struct by_hand {
	const char *format, *identity, *file;
	bool leaves;
	const char *const *keys;
	size_t n_keys;
};

static bool by_hand_options(int argc, char **argv, struct by_hand *ret)
{
	static const struct option options[] = {
		{"format", required_argument, NULL, 'f'},
		{"identity", required_argument, NULL, 'i'},
		{"leaves", no_argument, NULL, 'l'},
		{NULL, 0, NULL, 0},
	};
	int option;

	*ret = (struct by_hand){0};
	optind = 1;
	while ((option = getopt_long(argc, argv, "+", options, NULL)) >= 0) {
		if (option == 'f')
			ret->format = optarg;
		else if (option == 'i')
			ret->identity = optarg;
		else if (option == 'l')
			ret->leaves = true;
		else
			return false;
	}
	if (optind == argc || !ret->identity)
		return false;
	ret->file = argv[optind];
	ret->keys = (const char *const *)(argv + optind + 1);
	ret->n_keys = (size_t)(argc - optind - 1);
	return !ret->leaves || ret->n_keys == 0;
}

/* `-` is standard input. (Paths are the caller's, so they are below no root.) */
static int by_hand_read(const struct here *here, const char *path, struct bytes *ret_text)
{
	const struct here anywhere = {.pool = here->pool, .root = ""};
	int r = strcmp(path, "-") == 0 ? here_read_fd(here, STDIN_FILENO, BYTES_MAX, ret_text)
				       : here_read(&anywhere, path, BYTES_MAX, ret_text);

	if (r < 0)
		say("%s: %s", path, strerror(-r));
	return r;
}

static int by_hand_print(struct bytes bytes)
{
	if (fwrite(bytes.data, 1, bytes.size, stdout) != bytes.size || fflush(stdout) != 0) {
		say("it cannot be written");
		return EXIT_FAILURE;
	}
	return EXIT_SUCCESS;
}

/* What is wanted of an opened file. */
static int by_hand_choose(const struct here *here, const struct by_hand *hand, const struct sops_file *file, struct bytes *ret,
			  struct fault *fault)
{
	const struct sops_leaf *leaf;
	int r;

	if (hand->leaves) {
		sops_leaves_print(here->pool, file, ret);
		return 0;
	}
	if (hand->n_keys == 0)
		return sops_plain(here->pool, file, ret, fault);
	r = sops_find(file, hand->keys, hand->n_keys, &leaf, fault);
	if (r == 0)
		*ret = sops_leaf_bytes(leaf);
	return r;
}

int by_hand_open(struct here *here, int argc, char **argv)
{
	struct age_identities identities = {0};
	struct bytes identity, text, wanted;
	struct sops_file *file;
	struct fault fault = {0};
	enum sops_format format;
	struct by_hand hand;
	int r;

	if (!by_hand_options(argc, argv, &hand) || (hand.format && !sops_format_named(hand.format, &format))) {
		say("usage: open [--format yaml|json|dotenv|ini|binary] --identity FILE [--leaves] FILE [KEY…]");
		return 2;
	}
	if (!hand.format)
		format = sops_format_of(hand.file);
	if (by_hand_read(here, hand.identity, &identity) < 0 || by_hand_read(here, hand.file, &text) < 0)
		return EXIT_FAILURE;
	r = age_identities_read(here->pool, identity.data, identity.size, &identities, &fault);
	if (r < 0) {
		say("%s: %s", hand.identity, opened_why(here, &fault));
		return EXIT_FAILURE;
	}
	r = sops_read(here->pool, format, text, &file, &fault);
	if (r == 0)
		r = sops_open(here->pool, file, &identities, &fault);
	if (r == 0)
		r = by_hand_choose(here, &hand, file, &wanted, &fault);
	if (r < 0) {
		say("%s: %s", hand.file, opened_why(here, &fault));
		return EXIT_FAILURE;
	}
	return by_hand_print(wanted);
}
