/* Arguments of the kernel (kernel-parameters of Linux, kernel-command-line(7) of systemd): two boot loaders have to pass them
 * on, and the machine's own must not be undone. */
#include <ctype.h>
#include <string.h>

#include "recipe/words/words.h"

/* The kernel of x86 takes 2047 bytes and forgets the rest; the machine's own, and what boot loaders add, are below 350. */
enum { ARGUMENTS_BYTES_MAX = 1700 };

#define OWN_ROOT "the root is the image's own, found by its digest"
#define OWN_INITRD "the initrd of the image is aether-build's own, and does not read it"

/* By its name; one that ends with '.' stands for all that begin so. `value`: only with this one. */
static const struct reserved {
	const char *name, *value, *why, *hint;
	bool harmless;               /* nothing comes of it: a warning */
} reserved[] = {
	{"root", NULL, OWN_ROOT, "leave it out; 'partitions' describes the disk", false},
	{"rootfstype", NULL, OWN_ROOT, "leave it out; 'partitions' describes the disk", false},
	{"rootflags", NULL, OWN_ROOT, "leave it out; 'partitions' describes the disk", false},
	{"roothash", NULL, OWN_ROOT, "leave it out; the root is checked without it", false},
	{"usrhash", NULL, OWN_ROOT, "leave it out; the root is checked without it", false},
	{"mount.usr", NULL, OWN_ROOT, "leave it out; 'partitions' describes the disk", false},
	{"mount.usrflags", NULL, OWN_ROOT, "leave it out; 'partitions' describes the disk", false},
	{"mount.usrfstype", NULL, OWN_ROOT, "leave it out; 'partitions' describes the disk", false},
	{"ro", NULL, "the root is always read-only", "leave it out", false},
	{"rw", NULL, "the root is always read-only", "leave it out; what changes lies on /var, see 'state'", false},
	{"init", NULL, "the first program of a machine is systemd", "leave it out; write a unit in 'units'", false},
	{"rdinit", NULL, "the initrd of the image has its own first program", "leave it out", false},
	{"initrd", NULL, "the initrd of the image is the only one", "leave it out", false},
	{"noinitrd", NULL, "the machine cannot start without the initrd of the image", "leave it out", false},
	{"systemd.volatile", NULL, "what a machine forgets is decided: /etc forgets, /var keeps", "leave it out; see 'state'",
	 false},
	{"systemd.machine_id", NULL, "all machines of the image would have the same id",
	 "leave it out: each machine makes its own", false},
	{"systemd.gpt_auto", NULL, "it is always 0: partitions are found by the recipe, not by guessing", "leave it out",
	 false},
	{"panic", "0", "a machine that panics would stand still, and not go back to the image before",
	 "leave it out: it restarts after 10 seconds", false},
	{"--", NULL, "the kernel reads nothing behind it, and the machine's own arguments follow", "leave it out", false},
	{"aether.", NULL, "arguments that begin with 'aether.' are the image's own", "leave it out", false},
	{"systemd.verity", NULL, OWN_ROOT, "leave it out; the root is checked without it", false},
	{"systemd.verity_", NULL, OWN_ROOT, "leave it out; the root is checked without it", false},
	{"rd.", NULL, OWN_INITRD, "leave it out", true},
	{"overlayroot", NULL, OWN_INITRD, "leave it out", true},
	{"cryptdevice", NULL, OWN_INITRD, "leave it out", true},
	{"nfsroot", NULL, OWN_INITRD, "leave it out", true},
	{"resume", NULL, OWN_INITRD, "leave it out", true},
};

/* The kernel takes '-' and '_' in names for the same. */
static bool arguments_same(const char *a, const char *b, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (a[i] != b[i] && !((a[i] == '-' || a[i] == '_') && (b[i] == '-' || b[i] == '_')))
			return false;
	return true;
}

/* A row's name ends with '.' or '_' when it stands for all that begin so; "--" is a word by itself. */
static bool arguments_is(const struct reserved *row, const char *word)
{
	size_t length = strlen(row->name), name = strcspn(word, "=");
	bool many = row->name[length - 1] == '.' || row->name[length - 1] == '_';

	if (many ? name < length : name != length)
		return false;
	if (!arguments_same(row->name, word, length) || (*row->name == '-' && strcmp(word, row->name) != 0))
		return false;
	return !row->value || (word[name] == '=' && strcmp(word + name + 1, row->value) == 0);
}

static void arguments_check_word(struct decoder *decoder, const struct pos *pos, const char *word)
{
	for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++) {
		const struct reserved *row = &reserved[i];

		if (!arguments_is(row, word))
			continue;
		if (row->harmless)
			err_warn(decoder->err, pos, "kernelArgs", "'%s' has no effect: %s", problem_shown(decoder->arena, word),
				 row->why);
		else
			err_at(decoder->err, -EINVAL, pos, "kernelArgs", "'%s' cannot be used: %s",
			       problem_shown(decoder->arena, word), row->why);
		err_hint(decoder->err, "%s", row->hint);
		return;
	}
}

/* The kernel keeps words with spaces together by double quotes, wherever they stand in the word; there is nothing that makes
 * a quote a letter. */
static void arguments_check_item(struct decoder *decoder, const struct pos *pos, const char *item)
{
	char *word = arena_strdup(decoder->arena, item), *out = word;
	bool quoted = false;

	if (strpbrk(item, "'\\")) {
		err_at(decoder->err, -EINVAL, pos, "kernelArgs",
		       "'%s' has a single quote or a backslash, which GRUB cannot pass on",
		       problem_shown(decoder->arena, item));
		err_hint(decoder->err, "a value with spaces is written in double quotes: 'name=\"one two\"'");
		return;
	}
	for (const char *c = item; ; c++) {
		if (*c == '"')
			quoted = !quoted;
		else if (*c && (quoted || *c != ' '))
			*out++ = *c;
		if (*c && (quoted || *c != ' '))
			continue;
		*out = 0;
		if (out > word)
			arguments_check_word(decoder, pos, word);
		out = word;
		if (!*c)
			break;
	}
	if (quoted) {
		err_at(decoder->err, -EINVAL, pos, "kernelArgs", "'%s' has a double quote that is not closed",
		       problem_shown(decoder->arena, item));
		err_hint(decoder->err, "write one argument an item, its quotes included: 'name=\"one two\"'");
	}
}

static void arguments_check(struct decoder *decoder, const struct node *root)
{
	const struct strv *arguments = &decoder->recipe->kernel_args;
	const struct node *list = node_get(root, "kernelArgs");
	size_t bytes = 0;

	if (!list || problem_known(decoder, "kernelArgs"))
		return;
	for (size_t i = 0; i < arguments->count; i++) {
		arguments_check_item(decoder, problem_item(list, i), arguments->items[i]);
		bytes += 1 + strlen(arguments->items[i]);
	}
	if (bytes <= ARGUMENTS_BYTES_MAX)
		return;
	err_at(decoder->err, -EINVAL, &list->pos, "kernelArgs", "%zu bytes of arguments, but the kernel has room for %d", bytes,
	       ARGUMENTS_BYTES_MAX);
	err_hint(decoder->err, "settings of modules can stand in a file below /etc/modprobe.d, sysctls below /etc/sysctl.d");
}

static const struct rule argument_rule = {"an argument of the kernel, on one line",
					  "[^[:cntrl:]]*[^[:cntrl:][:space:]][^[:cntrl:]]*"};

const struct schema word_arguments = {VALUE_WORDS, .rule = &argument_rule, .check = arguments_check};
