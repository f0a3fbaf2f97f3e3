#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "verb/verb.h"

enum option_type { FLAG, TEXT, LIST };

static const struct option_row {
	const char *name, *value, *help;
	enum option_type type;
	size_t offset;
	unsigned accepted_by; /* of enum verb_accepts; 0: every verb */
} rows[] = {
	{"out", "FOLDER", "publish below this folder (out)", TEXT, offsetof(struct verb_options, out), ACCEPTS_OUT},
	{"format", "qcow2|raw", "the image's format (qcow2)", TEXT, offsetof(struct verb_options, format),
	 ACCEPTS_FORMAT},
	{"format", "tar.zst|tar.xz|tar.gz", "the template's format (tar.zst)", TEXT,
	 offsetof(struct verb_options, format), ACCEPTS_TEMPLATE},
	{"kind", "vm|lxc", "which of the recipe's kinds is meant (the first)", TEXT,
	 offsetof(struct verb_options, kind), ACCEPTS_KIND},
	{"compress", "none|zlib|zstd", "how a qcow2's clusters are compressed (none)", TEXT,
	 offsetof(struct verb_options, compress), ACCEPTS_COMPRESS},
	{"update", NULL, "move all (or the packages, downloads, images named) to the newest",
	 FLAG, offsetof(struct verb_options, update), ACCEPTS_UPDATE},
	{"with-fakes", "FOLDER", "take downloads/NAME and images/NAME from there; not releasable", TEXT,
	 offsetof(struct verb_options, fakes), ACCEPTS_RECIPE},
	{"allow-outside", NULL, "the recipe's own files may lie outside its repository", FLAG,
	 offsetof(struct verb_options, allow_outside), ACCEPTS_RECIPE},
	{"allow-expired-release", NULL, "accept an archive past its Valid-Until date, loudly", FLAG,
	 offsetof(struct verb_options, allow_expired_release), ACCEPTS_EXPIRED},
	{"keep", "N", "how many of the newest generations stay", TEXT, offsetof(struct verb_options, keep), ACCEPTS_GC},
	{"dry-run", NULL, "remove nothing, say what would go", FLAG, offsetof(struct verb_options, dry_run),
	 ACCEPTS_GC},
	{"keep-days", "N", "remove what was not used for so many days", TEXT, offsetof(struct verb_options, keep_days),
	 ACCEPTS_EVICT},
	{"max-size", "SIZE", "remove what was used longest ago until no more is left", TEXT,
	 offsetof(struct verb_options, max_size), ACCEPTS_EVICT},
	{"even-named", NULL, "even what a lock or a generation names", FLAG, offsetof(struct verb_options, even_named),
	 ACCEPTS_EVICT},
	{"dry-run", NULL, "remove nothing, say what would go", FLAG, offsetof(struct verb_options, dry_run),
	 ACCEPTS_EVICT},
	{"markdown", NULL, "as Markdown, for a merge request", FLAG, offsetof(struct verb_options, markdown),
	 ACCEPTS_MARKDOWN},
	{"port", "HOST:GUEST", "forward this port of 127.0.0.1 as well; again for more", LIST,
	 offsetof(struct verb_options, ports), ACCEPTS_PORTS},
	{"console", NULL, "the serial console on this terminal (Ctrl-A X ends a machine)", FLAG,
	 offsetof(struct verb_options, console), ACCEPTS_PORTS},
	{"seed", "FOLDER", "give its user-data, meta-data and network-config to cloud-init", TEXT,
	 offsetof(struct verb_options, seed), ACCEPTS_PORTS},
	{"uefi", NULL, "boot by UEFI (BIOS)", FLAG, offsetof(struct verb_options, uefi), ACCEPTS_START},
	{"accel", "kvm|tcg", "how the processor is made (KVM where it works)", TEXT,
	 offsetof(struct verb_options, accel), ACCEPTS_START},
	{"memory", "SIZE", "memory of the machine (1G)", TEXT, offsetof(struct verb_options, memory), ACCEPTS_START},
	{"disk", "SIZE", "size of its disk (2 GiB more than the image)", TEXT, offsetof(struct verb_options, disk),
	 ACCEPTS_START},
	{"timeout", "TIME", "how long it may take to come up (10m, 3m with KVM)", TEXT,
	 offsetof(struct verb_options, timeout), ACCEPTS_START},
	{"keep", NULL, "do not throw its disk away", FLAG, offsetof(struct verb_options, keep_machine), ACCEPTS_START},
	{"host", "HOST", "the machine, as ssh knows it: [USER@]NAME", TEXT, offsetof(struct verb_options, host),
	 ACCEPTS_HOST},
	{"ssh-config", "FILE", "a configuration for ssh in place of yours", TEXT,
	 offsetof(struct verb_options, ssh_config), ACCEPTS_HOST},
	{"ssh-option", "OPTION", "for ssh's -o; again for more", LIST, offsetof(struct verb_options, ssh_options),
	 ACCEPTS_HOST},
	{"dry-run", NULL, "change nothing, say how much would travel", FLAG, offsetof(struct verb_options, dry_run),
	 ACCEPTS_SWITCH},
	{"force", NULL, "even one that is bad or made with fakes, or with no way back", FLAG,
	 offsetof(struct verb_options, force), ACCEPTS_SWITCH},
	{"no-reboot", NULL, "leave it to the next boot", FLAG, offsetof(struct verb_options, no_reboot),
	 ACCEPTS_SWITCH},
	{"timeout", "TIME", "how long the machine may take to its verdict (15m)", TEXT,
	 offsetof(struct verb_options, timeout), ACCEPTS_WAIT},
	{"cache", "FOLDER", "use this cache ($AETHER_CACHE)", TEXT, offsetof(struct verb_options, cache), 0},
	{"json", NULL, "results and progress as JSON", FLAG, offsetof(struct verb_options, json), 0},
	{"quiet", NULL, "warnings and errors only", FLAG, offsetof(struct verb_options, quiet), 0},
	{"help", NULL, "this help", FLAG, offsetof(struct verb_options, help), 0},
};
enum { N_ROWS = sizeof rows / sizeof *rows };

static bool accepts(const struct verb *verb, const struct option_row *row)
{
	return row->accepted_by == 0 || (verb->accepts & row->accepted_by);
}

/* false: no more of them fit. */
static bool store(struct verb_options *options, const struct option_row *row, const char *value)
{
	char *field = (char *)options + row->offset;

	if (row->type == FLAG) {
		*(bool *)field = true;
	} else if (row->type == TEXT) {
		*(const char **)field = value;
	} else {
		struct option_list *list = (struct option_list *)field;

		if (list->count == sizeof list->items / sizeof *list->items)
			return false;
		list->items[list->count++] = value;
	}
	return true;
}

/* The option of `verb` that is called so; NULL when it has none. Names are written out: what is short for one option today
 * could be another one tomorrow. */
static const struct option_row *find_row(const struct verb *verb, const char *name, size_t length)
{
	for (size_t i = 0; i < N_ROWS; i++)
		if (accepts(verb, &rows[i]) && strlen(rows[i].name) == length && memcmp(rows[i].name, name, length) == 0)
			return &rows[i];
	return NULL;
}

/* Says which word was wrong, and the nearest right one. */
static int refuse_unknown(const struct verb *verb, const char *word, struct err *err)
{
	const char *known[N_ROWS], *near;
	char name[64];
	size_t n = 0;

	for (size_t i = 0; i < N_ROWS; i++)
		if (accepts(verb, &rows[i]))
			known[n++] = rows[i].name;
	snprintf(name, sizeof name, "%.*s", (int)strcspn(word + strspn(word, "-"), "="), word + strspn(word, "-"));
	near = text_nearest(name, known, n);
	err_set(err, -EINVAL, "'%s' does not know the option '%s'", verb->name, word);
	if (near)
		err_hint(err, "did you mean '--%s'?", near);
	else
		err_hint(err, "'aether-build %s --help' lists what it knows", verb->name);
	return -EINVAL;
}

/* Reads the option argv[i], and its value when that is the next word; returns how many words it took, or -EINVAL. */
static int read_option(const struct verb *verb, char **argv, int i, struct verb_options *options, struct err *err)
{
	const char *word = argv[i], *name = word + 2, *equals = strchr(name, '='), *value = equals ? equals + 1 : argv[i + 1];
	const struct option_row *row = NULL;

	if (word[1] == '-')
		row = find_row(verb, name, strcspn(name, "="));
	if (!row)
		return refuse_unknown(verb, word, err);
	if (row->type == FLAG && equals)
		return err_set(err, -EINVAL, "'--%s' takes no value", row->name);
	if (row->type != FLAG && !value)
		return err_set(err, -EINVAL, "'--%s' needs a value: %s", row->name, row->value);
	if (!store(options, row, value))
		return err_set(err, -EINVAL, "'--%s' was given too often", row->name);
	return row->type == FLAG || equals ? 1 : 2;
}

int options_parse(const struct verb *verb, int argc, char **argv, struct verb_options *ret_options, struct err *err)
{
	struct verb_options options = {.out = "out", .allow_expired_release = !!getenv("AETHER_ALLOW_EXPIRED_RELEASE")};
	char **words = calloc(2 * ((size_t)argc + 1), sizeof *words), **arguments = words + argc + 1;
	int n_words = 0, n_arguments = 0, i = 1, taken = 0;

	if (!words)
		return err_sys(err, -ENOMEM, "cannot read the command line");
	while (i < argc && taken >= 0 && strcmp(argv[i], "--") != 0) {
		bool is_option = argv[i][0] == '-' && argv[i][1];

		taken = is_option ? read_option(verb, argv, i, &options, err) : 1;
		for (int w = 0; w < taken; w++, i++)
			*(is_option ? &words[n_words++] : &arguments[n_arguments++]) = argv[i];
	}
	if (taken >= 0 && i < argc)
		words[n_words++] = argv[i++]; /* "--": all that follows are arguments */
	while (taken >= 0 && i < argc)
		arguments[n_arguments++] = argv[i++];
	if (taken >= 0) {
		memcpy(argv + 1, words, (size_t)n_words * sizeof *words);
		memcpy(argv + 1 + n_words, arguments, (size_t)n_arguments * sizeof *arguments);
		*ret_options = options;
	}
	free(words);
	return taken < 0 ? taken : 1 + n_words;
}

void options_print(const struct verb *verb, FILE *out)
{
	for (size_t i = 0; i < N_ROWS; i++) {
		char left[64];

		if (!accepts(verb, &rows[i]))
			continue;
		snprintf(left, sizeof left, "--%s%s%s", rows[i].name, rows[i].value ? " " : "",
			 rows[i].value ? rows[i].value : "");
		fprintf(out, "  %s%*s %s\n", left, text_padding(left, 32), "", rows[i].help);
	}
}
