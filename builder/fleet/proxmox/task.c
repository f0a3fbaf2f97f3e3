#include "fleet/proxmox/task.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"

enum {
	TASK_FIRST_PAUSE_MS = 200,
	TASK_LAST_PAUSE_MS = 2000,
	TASK_SILENCE_MS = 60000, /* so long nobody may answer */
	TASK_ACTIVE_MAX = 1000,	 /* at once on a node */
	TASK_LOG_LINES = 12,	 /* of the end of a log, shown when it ended badly */
};

const char *task_node(struct client *client, const char *upid)
{
	const char *begin = upid + strlen("UPID:"), *end;

	if (!text_has_prefix(upid, "UPID:"))
		return NULL;
	end = strchr(begin, ':');
	return end && end > begin ? arena_strndup(client->arena, begin, (size_t)(end - begin)) : NULL;
}

int task_percent(const char *line)
{
	const char *open = strrchr(line, '(');
	char *end = NULL;
	double percent = open ? strtod(open + 1, &end) : -1;

	return open && end > open + 1 && *end == '%' && percent >= 0 && percent <= 100 ? (int)percent : -1;
}

static const char *task_path(struct client *client, const char *upid, const char *what)
{
	return arena_printf(client->arena, "/nodes/%s/tasks/%s/%s", client_escape(client, task_node(client, upid)),
			    client_escape(client, upid), what);
}

/* --- its log -------------------------------------------------------------------------------------------------------- */

static int task_read_log(struct client *client, const char *upid, struct jval **ret_lines)
{
	struct err ignored = {0};
	int r = client_get(client, arena_printf(client->arena, "%s?limit=0", task_path(client, upid, "log")), ret_lines,
			   &ignored);

	err_free(&ignored);
	return r;
}

static void task_tell_progress(struct client *client, const char *upid)
{
	_cleanup_jval_ struct jval *lines = NULL;
	int percent = -1;

	if (task_read_log(client, upid, &lines) < 0)
		return;
	for (size_t i = jval_count(lines); i-- > 0 && percent < 0;) {
		const char *line = jval_get_text(jval_item(lines, i), "t");

		percent = line ? task_percent(line) : -1;
	}
	if (percent >= 0)
		log_progress((uint64_t)percent, 100, "%");
}

static int task_failed(struct client *client, const char *upid, const char *verdict, struct err *err)
{
	_cleanup_jval_ struct jval *lines = NULL;
	_cleanup_buf_ struct buf end = {0};
	int r = err_set(err, -EREMOTEIO, "Proxmox: %s", text_plain(client->arena, verdict));
	size_t n;

	if (task_read_log(client, upid, &lines) < 0)
		return r;
	n = jval_count(lines);
	for (size_t i = n > TASK_LOG_LINES ? n - TASK_LOG_LINES : 0; i < n; i++) {
		const char *line = jval_get_text(jval_item(lines, i), "t");

		buf_printf(&end, "%s%s", end.size ? "\n" : "", line ? text_plain(client->arena, line) : "");
	}
	if (end.size)
		err_wrap(err, "the end of the task's log:\n%s", end.data);
	return r;
}

/* --- waiting -------------------------------------------------------------------------------------------------------- */

struct task_waiting {
	const char *upid;
	unsigned timeout_s, pause_ms;
	int64_t deadline_ms, heard_ms;
};

/* Right after it began, "no such task" is said of one that there is. */
static int task_ask(struct client *client, struct task_waiting *waiting, struct jval **ret_status, struct err *err)
{
	struct err reason = {0};
	int r = client_get(client, task_path(client, waiting->upid, "status"), ret_status, &reason);

	if (r == 0)
		waiting->heard_ms = clock_ms();
	else if ((!client_passes(r) && r != -EREMOTEIO) || clock_ms() - waiting->heard_ms > TASK_SILENCE_MS) {
		err_take(err, &reason);
		return r;
	}
	err_free(&reason);
	return 0;
}

static bool task_is_good(const char *verdict)
{
	return strcmp(verdict, "OK") == 0 || text_has_prefix(verdict, "WARNINGS");
}

static void task_pause(struct client *client, struct task_waiting *waiting)
{
	const struct timespec pause = {waiting->pause_ms / 1000, (long)(waiting->pause_ms % 1000) * 1000000};

	nanosleep(&pause, NULL);
	if (waiting->pause_ms >= TASK_LAST_PAUSE_MS / 2)
		task_tell_progress(client, waiting->upid);
	waiting->pause_ms = waiting->pause_ms * 2 < TASK_LAST_PAUSE_MS ? waiting->pause_ms * 2 : TASK_LAST_PAUSE_MS;
}

int task_wait(struct client *client, const char *upid, unsigned timeout_s, struct err *err)
{
	struct task_waiting waiting = {upid, timeout_s, TASK_FIRST_PAUSE_MS, clock_ms() + (int64_t)timeout_s * 1000,
				       clock_ms()};

	if (!task_node(client, upid))
		return err_set(err, -EBADMSG, "'%s' names no task of Proxmox", text_plain(client->arena, upid));
	while (clock_ms() < waiting.deadline_ms) {
		_cleanup_jval_ struct jval *status = NULL;
		const char *verdict;
		int r = task_ask(client, &waiting, &status, err);

		if (r < 0)
			return r;
		if (status && strcmp(jval_get_text(status, "status") ? jval_get_text(status, "status") : "", "stopped") == 0) {
			verdict = jval_get_text(status, "exitstatus");
			return verdict && task_is_good(verdict)
				       ? 0
				       : task_failed(client, upid, verdict ? verdict : "no verdict", err);
		}
		task_pause(client, &waiting);
	}
	err_set(err, -ETIME, "the task has not ended in %u seconds", timeout_s);
	return err_hint(err, "it still runs on %s: %s", task_node(client, upid), upid);
}

int task_run(struct client *client, const char *path, const struct form *form, unsigned timeout_s, struct err *err)
{
	const char *upid;
	int r = client_post(client, path, form, &upid, err);

	return r == 0 ? task_wait(client, upid, timeout_s, err) : r;
}

/* Whether an id of a task is a machine's, or names it among others: "200", "300-mp0>301-mp0". (Proxmox' own filter knows the
 * first alone.) */
static bool task_concerns(const char *id, int64_t vmid)
{
	for (const char *at = id; at && *at;) {
		size_t digits = strspn(at, "0123456789");

		if (digits && (at == id || !isalpha((unsigned char)at[-1])) && strtoll(at, NULL, 10) == vmid)
			return true;
		at += digits ? digits : 1;
	}
	return false;
}

/* Somebody who looks at a console changes nothing by that. */
static bool task_only_looks(const char *type)
{
	static const char *const types[] = {"vncproxy", "vncshell", "spiceproxy", "spiceshell", "termproxy"};

	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if (type && strcmp(types[i], type) == 0)
			return true;
	return false;
}

int task_active(struct client *client, const char *node, int64_t vmid, const char **ret_task, struct err *err)
{
	_cleanup_jval_ struct jval *tasks = NULL;
	const char *which = vmid ? arena_printf(client->arena, "limit=%d", TASK_ACTIVE_MAX) : "typefilter=imgcopy";
	int r = client_get(client, arena_printf(client->arena, "/nodes/%s/tasks?source=active&%s", node, which), &tasks, err);

	*ret_task = NULL;
	for (size_t i = 0; r == 0 && i < jval_count(tasks); i++) {
		const struct jval *task = jval_item(tasks, i);
		const char *type = jval_get_text(task, "type"), *user = jval_get_text(task, "user");

		if (jval_get(task, "endtime") || task_only_looks(type) ||
		    (vmid && !task_concerns(jval_get_text(task, "id"), vmid)))
			continue;
		*ret_task = arena_printf(client->arena, "%s by %s", text_plain(client->arena, type ? type : "a task"),
					 text_plain(client->arena, user ? user : "somebody"));
	}
	return r;
}
