#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "host/sandbox.h"
#include "tree/inside.h"
#include "tree/steps.h"

static const char NFT[] = "/usr/sbin/nft", RULES[] = "/etc/nftables.conf";

static const struct plan_file *tree_firewall_file(const struct plan *plan, const char *path)
{
	for (size_t i = plan->n_files; i-- > 0;)
		if (strcmp(plan->files[i].path, path) == 0)
			return &plan->files[i];
	return NULL;
}

/* "PATH:LINE:COLUMN-COLUMN: Error: WHAT" at the place in the file that the recipe names, or at the recipe's words. */
static void tree_firewall_tell_line(const struct plan *plan, struct arena *arena, const char *line, struct err *err)
{
	static const char mark[] = ": Error: ";
	const char *what = strstr(line, mark), *colon = strchr(line, ':');
	const struct plan_file *file;
	struct pos pos;

	if (!what || !colon || colon >= what)
		return;
	file = tree_firewall_file(plan, arena_strndup(arena, line, (size_t)(colon - line)));
	what += sizeof mark - 1;
	pos.line = (unsigned)strtoul(colon + 1, (char **)&colon, 10);
	pos.column = *colon == ':' ? (unsigned)strtoul(colon + 1, NULL, 10) : 0;
	if (!file) {
		err_set(err, -EINVAL, "nft says: %s", line);
	} else if (file->source) {
		pos.file = file->source;
		err_at(err, -EINVAL, &pos, NULL, "nft says: %s", what);
	} else {
		err_at(err, -EINVAL, &file->pos, NULL, "nft says: %s (line %u of '%s')", what, pos.line, file->path);
	}
}

static int tree_firewall_tell(const struct plan *plan, const struct buf *said, struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();

	for (const char *next = said->size ? said->data : ""; *next;) {
		size_t length = strcspn(next, "\n");

		tree_firewall_tell_line(plan, arena, arena_strndup(arena, next, length), err);
		next += length + (next[length] == '\n');
	}
	if (err->count == 0)
		err_set(err, -EINVAL, "nft refuses '%s': %s", RULES, said->size ? said->data : "without a message");
	return err_result(err);
}

/* Whether it is this machine's kernel that knows no nftables, of which nft(8) asks what rules there are. */
static bool tree_firewall_cannot_tell(const struct buf *said)
{
	return said->size && (strstr(said->data, "cache initialization failed") || strstr(said->data, "Unable to initialize"));
}

int step_firewall(const struct step *step, struct err *err)
{
	static const char *const argv[] = {NFT, "-c", "-f", RULES, NULL};
	static const char *const env[] = {"PATH=/usr/sbin:/usr/bin", "LC_ALL=C.UTF-8", NULL};
	const struct sandbox sandbox = {.root = step->root, .read_only = true, .network_admin = true};
	_cleanup_buf_ struct buf output = {0}, said = {0};
	int status;

	if (!tree_firewall_file(step->plan, RULES) || !inside_exists(step->root_fd, NFT))
		return 0;
	status = sandbox_run(
		&sandbox, &(struct proc){.argv = argv, .env = env, .output = &output, .diagnostics = &said,
					 .deadline_s = STEP_PATIENCE_S}, err);
	if (status > 0 && tree_firewall_cannot_tell(&said)) {
		log_note("the firewall's rules are not checked: this kernel has no nftables");
		return 0;
	}
	return status > 0 ? tree_firewall_tell(step->plan, &said, err) : status;
}
