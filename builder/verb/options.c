#include <errno.h>
#include <getopt.h>
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
	{"update", NULL, "move to what the archive has now: all packages, downloads and images, or only those named",
	 FLAG, offsetof(struct verb_options, update), ACCEPTS_UPDATE},
	{"with-fakes", "FOLDER", "its downloads/NAME and images/NAME stand in for the recipe's; not releasable", TEXT,
	 offsetof(struct verb_options, fakes), ACCEPTS_RECIPE},
	{"allow-outside", NULL, "the recipe's own files may lie outside its repository", FLAG,
	 offsetof(struct verb_options, allow_outside), ACCEPTS_RECIPE},
	{"allow-expired-release", NULL, "accept an archive past its Valid-Until date, loudly", FLAG,
	 offsetof(struct verb_options, allow_expired_release), ACCEPTS_EXPIRED},
	{"keep", "N", "how many of the newest generations stay", TEXT, offsetof(struct verb_options, keep), ACCEPTS_GC},
	{"dry-run", NULL, "remove nothing, say what would go", FLAG, offsetof(struct verb_options, dry_run),
	 ACCEPTS_GC},
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
	{"force", NULL, "also what is known to be bad, made with fakes, or leaves no way back", FLAG,
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
static bool store(struct verb_options *options, const struct option_row *row)
{
	char *field = (char *)options + row->offset;

	if (row->type == FLAG) {
		*(bool *)field = true;
	} else if (row->type == TEXT) {
		*(const char **)field = optarg;
	} else {
		struct option_list *list = (struct option_list *)field;

		if (list->count == sizeof list->items / sizeof *list->items)
			return false;
		list->items[list->count++] = optarg;
	}
	return true;
}

/* getopt_long() has no message for us: says which word was wrong, and the nearest right one. */
static int refuse(const struct verb *verb, int what, const char *word, struct err *err)
{
	const char *known[N_ROWS], *near;
	char name[64];
	size_t n = 0;

	if (what == ':')
		return err_set(err, -EINVAL, "'%s' needs a value", word);
	for (size_t i = 0; i < N_ROWS; i++)
		if (accepts(verb, &rows[i]))
			known[n++] = rows[i].name;
	snprintf(name, sizeof name, "%.*s", (int)strcspn(word + strspn(word, "-"), "="), word + strspn(word, "-"));
	near = text_nearest(name, known, n);
	err_set(err, -EINVAL, "'%s' does not know the option '%s'", verb->name, word);
	if (near)
		return err_hint(err, "did you mean '--%s'?", near);
	return err_hint(err, "'aether-build %s --help' lists what it knows", verb->name);
}

int options_parse(const struct verb *verb, int argc, char **argv, struct verb_options *ret_options, struct err *err)
{
	struct verb_options options = {.out = "out", .allow_expired_release = !!getenv("AETHER_ALLOW_EXPIRED_RELEASE")};
	struct option known[N_ROWS + 1] = {{0}};
	size_t n = 0;
	int what;

	for (size_t i = 0; i < N_ROWS; i++)
		if (accepts(verb, &rows[i]))
			known[n++] = (struct option){rows[i].name, rows[i].type != FLAG, NULL, 'A' + (int)i};
	optind = 0; /* anew: getopt() may have stopped within a word when it was asked before */
	while ((what = getopt_long(argc, argv, ":", known, NULL)) != -1) {
		if (what == '?' || what == ':')
			return refuse(verb, what, argv[optind - 1], err);
		if (!store(&options, &rows[what - 'A']))
			return err_set(err, -EINVAL, "'--%s' was given too often", rows[what - 'A'].name);
	}
	*ret_options = options;
	return optind;
}

void options_print(const struct verb *verb, FILE *out)
{
	for (size_t i = 0; i < N_ROWS; i++) {
		char left[64];

		if (!accepts(verb, &rows[i]))
			continue;
		snprintf(left, sizeof left, "--%s%s%s", rows[i].name, rows[i].value ? " " : "",
			 rows[i].value ? rows[i].value : "");
		fprintf(out, "  %-28s %s\n", left, rows[i].help);
	}
}
