/* Programs of the image that say whether a configuration is sound, before a machine starts with it: a firewall that does not
 * load, an sshd that does not start and a sudo that refuses everybody are found by nobody who could still log in. */
#include <ctype.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "host/sandbox.h"
#include "tree/inside.h"
#include "tree/steps.h"

enum { ARGUMENTS_MAX = 5, FILES_MAX = 3 };

/* `files` are globs of what it is asked about: it is run when the plan has one of them. */
static const struct judge {
	const char *name, *argv[ARGUMENTS_MAX], *files[FILES_MAX];
	const char *cannot_tell[2];  /* what it says when it is this build machine that keeps it from judging */
	const char *whole;           /* the file that is wrong when it names no place; NULL: it may well be something else */
	bool network_admin;          /* it asks the kernel about the network */
} judges[] = {
	{"nft", {"/usr/sbin/nft", "-c", "-f", "/etc/nftables.conf"}, {"/etc/nftables.conf"},
	 {"cache initialization failed", "Unable to initialize"}, "/etc/nftables.conf", true},
	/* The image has no host key, and says so when all else is in order. */
	{"sshd", {"/usr/sbin/sshd", "-t"}, {"/etc/ssh/sshd_config", "/etc/ssh/sshd_config.d/*"}, {NULL}, NULL, false},
	{"visudo", {"/usr/sbin/visudo", "-c"}, {"/etc/sudoers", "/etc/sudoers.d/*"}, {NULL}, NULL, false},
};

static bool judges_is_about(const struct judge *judge, const char *path)
{
	for (size_t i = 0; i < FILES_MAX && judge->files[i]; i++)
		if (fnmatch(judge->files[i], path, FNM_PATHNAME) == 0)
			return true;
	return false;
}

/* --- what it said ---------------------------------------------------------------------------------------------------- */

/* After a file's name: ":3:5-9: Error: WHAT", ":3:5: WHAT", " line 3: WHAT", ": line 3: WHAT". Returns WHAT, or NULL when no
 * line is named. */
static const char *judges_read_place(const char *text, struct pos *pos)
{
	static const char error[] = "Error: ";
	char *end;

	text += *text == ':' && text[1] == ' ';
	text += text_has_prefix(text, " line ") ? strlen(" line ") : *text == ':' ? 1 : 0;
	if (!isdigit((unsigned char)*text))
		return NULL;
	pos->line = (unsigned)strtoul(text, &end, 10);
	pos->column = *end == ':' ? (unsigned)strtoul(end + 1, NULL, 10) : 0;
	text = strstr(end, ": ");
	if (!text)
		return NULL;
	text += 2;
	return text_has_prefix(text, error) ? text + strlen(error) : text;
}

/* A line about a file of the plan is told at its place in the recipe, or in the file that the recipe names; whether it was
 * that. */
static bool judges_tell_line(const struct judge *judge, const struct plan *plan, const char *line, struct err *err)
{
	for (size_t i = plan->n_files; i-- > 0;) {
		const struct plan_file *file = &plan->files[i];
		const char *at = strstr(line, file->path), *what;
		struct pos pos = {.file = file->source};

		what = at ? judges_read_place(at + strlen(file->path), &pos) : NULL;
		if (!what)
			continue;
		if (file->source)
			err_at(err, -EINVAL, &pos, NULL, "%s says: %s", judge->name, what);
		else
			err_at(err, -EINVAL, &file->pos, NULL, "%s says: %s (line %u of '%s')", judge->name, what, pos.line,
			       file->path);
		return true;
	}
	return false;
}

static int judges_tell(const struct judge *judge, const struct plan *plan, const struct buf *said, struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	bool told = false;

	for (const char *next = said->size ? said->data : ""; *next;) {
		size_t length = strcspn(next, "\n");

		told |= judges_tell_line(judge, plan, arena_strndup(arena, next, length), err);
		next += length + (next[length] == '\n');
	}
	if (!told && judge->whole)
		err_set(err, -EINVAL, "%s refuses '%s': %s", judge->name, judge->whole,
			said->size ? said->data : "without a message");
	return err_result(err);
}

/* --- asking ---------------------------------------------------------------------------------------------------------- */

static bool judges_cannot_tell(const struct judge *judge, const struct buf *said)
{
	for (size_t i = 0; i < sizeof judge->cannot_tell / sizeof *judge->cannot_tell; i++)
		if (judge->cannot_tell[i] && said->size && strstr(said->data, judge->cannot_tell[i]))
			return true;
	return false;
}

static int judges_ask(const struct judge *judge, const struct step *step, struct err *err)
{
	static const char *const env[] = {"PATH=/usr/sbin:/usr/bin", "LC_ALL=C.UTF-8", NULL};
	const struct sandbox sandbox = {.root = step->root, .read_only = true, .network_admin = judge->network_admin};
	_cleanup_buf_ struct buf output = {0}, said = {0};
	int status = sandbox_run(
		&sandbox, &(struct proc){.argv = judge->argv, .env = env, .output = &output, .diagnostics = &said,
					 .deadline_s = STEP_PATIENCE_S}, err);

	if (status > 0 && judges_cannot_tell(judge, &said)) {
		log_note("%s cannot judge '%s' on this machine: %s", judge->name, judge->files[0], judge->cannot_tell[0]);
		return 0;
	}
	return status > 0 ? judges_tell(judge, step->plan, &said, err) : status;
}

int step_judges(const struct step *step, struct err *err)
{
	for (size_t i = 0; i < sizeof judges / sizeof *judges; i++) {
		bool asked = false;
		int r = 0;

		for (size_t f = 0; !asked && f < step->plan->n_files; f++)
			asked = judges_is_about(&judges[i], step->plan->files[f].path);
		if (asked && inside_exists(step->root_fd, judges[i].argv[0]))
			r = judges_ask(&judges[i], step, err);
		if (r < 0)
			return r;
	}
	return 0;
}
