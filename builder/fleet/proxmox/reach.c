#include "fleet/proxmox/reach.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "contract/agent.h"
#include "fleet/proxmox/inside.h"

enum {
	REACH_STATUS_S = 60,
	REACH_HEALTH_S = 300,
	REACH_SSH_PATIENCE_S = 10,
	REACH_NO_CONNECTION = 255,
	REACH_BYTES_MAX = 1 << 20
};

static bool reach_has_agent(const struct work *work, const struct instance *machine)
{
	const char *agent = config_get(&work->config, "agent");

	return !machine->container && agent && (text_has_prefix(agent, "1") || strstr(agent, "enabled=1"));
}

static int reach_by_ssh(struct work *work, const struct strv *words, unsigned timeout_s, int *ret_status,
			const char **ret_output, struct err *err)
{
	_cleanup_buf_ struct buf line = {0}, output = {0};
	struct remote remote = work->remote;
	const char *said = "";
	int status;

	remote.patience_s = timeout_s > REACH_STATUS_S ? timeout_s : REACH_SSH_PATIENCE_S;
	for (size_t i = 0; i < words->count; i++)
		buf_printf(&line, "%s%s", i ? " " : "", words->items[i]);
	status = remote_run(work->arena, &remote, line.data, &output, &said, err);
	if (status < 0)
		return status;
	if (status == REACH_NO_CONNECTION)
		return remote_failed(&remote, status, said, err);
	*ret_status = status;
	*ret_output = arena_strndup(work->arena, output.data ? output.data : "",
				    output.size < REACH_BYTES_MAX ? output.size : REACH_BYTES_MAX);
	return 0;
}

int reach_run(struct work *work, const struct instance *machine, const struct strv *words, unsigned timeout_s, int *ret_status,
	      const char **ret_output, struct err *err)
{
	struct err agent = {0}, ssh = {0};
	int r = reach_has_agent(work, machine)
			? inside_run(work->client, machine, words, timeout_s, ret_status, ret_output, &agent)
			: -EAGAIN;

	if (r != -EAGAIN && !client_passes(r)) {
		err_take(err, &agent);
		return r;
	}
	if (reach_by_ssh(work, words, timeout_s, ret_status, ret_output, &ssh) == 0) {
		err_free(&agent);
		return 0;
	}
	err_set(err, r, "%s%s%s", agent.last ? agent.last->text : "", agent.last ? "; by ssh: " : "", ssh.last->text);
	err_free(&agent);
	err_free(&ssh);
	return r;
}

int reach_status(struct work *work, const struct instance *machine, struct machine_status *ret_status, struct err *err)
{
	const char *const words[] = {AGENT_PATH, AGENT_STATUS, AGENT_JSON};
	const struct strv command = {(const char **)words, sizeof words / sizeof *words};
	const char *output;
	int status, r = reach_run(work, machine, &command, REACH_STATUS_S, &status, &output, err);

	if (r < 0)
		return r;
	if (status != 0)
		return err_set(err, -EAGAIN, "'" AGENT " " AGENT_STATUS "' in machine %" PRId64 " failed", machine->vmid);
	return status_read(work->arena, output, strlen(output), ret_status, err);
}

/* --- health ------------------------------------------------------------------------------------------------------------ */

int reach_read_health(struct arena *arena, const char *text, size_t size, const char **ret_reason, struct err *err)
{
	_cleanup_jval_ struct jval *top = NULL;
	const struct jval *checks;
	int r = jval_read("the health report", text, size, &top, err);

	if (r < 0)
		return r;
	checks = jval_get(top, HEALTH_CHECKS);
	if (!jval_get(top, HEALTH_ALL) || !checks)
		return err_set(err, -EBADMSG, "the health report has no '" HEALTH_ALL "' and '" HEALTH_CHECKS "'");
	if (jval_get_bool(top, HEALTH_ALL))
		return 0;
	*ret_reason = "its agent reports that it is not healthy";
	for (size_t i = jval_count(checks); i-- > 0;) {
		const struct jval *check = jval_item(checks, i);
		const char *name = jval_get_text(check, HEALTH_CHECK), *reason = jval_get_text(check, HEALTH_REASON);

		if (!jval_get_bool(check, HEALTH_OK))
			*ret_reason = text_plain(arena, arena_printf(arena, "%s%s%s", name ? name : "a check",
								     reason ? ": " : " does not hold", reason ? reason : ""));
	}
	return 1;
}

/* Whether ssh failed for a reason that is ours, and not the machine's. */
static bool reach_is_our_fault(const char *said)
{
	static const char *const ours[] = {
		"Permission denied",	      "Host key verification failed",
		"Could not resolve hostname", "Too many authentication failures",
		"Bad configuration option",   "sudo: ",
	};

	for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
		if (strstr(said, ours[i]))
			return true;
	return false;
}

int reach_health(struct work *work, const struct instance *machine, const char **ret_reason, struct err *err)
{
	const char *const words[] = {AGENT_PATH, AGENT_HEALTH, AGENT_JSON};
	const struct strv command = {(const char **)words, sizeof words / sizeof *words};
	struct err reason = {0};
	const char *output;
	int status, r = reach_run(work, machine, &command, REACH_HEALTH_S, &status, &output, &reason);
	bool silent = client_passes(r) && r != -EAGAIN;

	if (r == 0)
		r = reach_read_health(work->arena, output, strlen(output), ret_reason, &reason);
	if (r == -EACCES || r == -EKEYREJECTED) {
		err_take(err, &reason);
		return r;
	}
	if (r < 0)
		*ret_reason = text_plain(work->arena, reason.last->text);
	if (r < 0)
		r = silent || reach_is_our_fault(reason.last->text) ? err_set(err, -ENOTCONN, "%s", *ret_reason) : 1;
	err_free(&reason);
	return r;
}
