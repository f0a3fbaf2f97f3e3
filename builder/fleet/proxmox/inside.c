#include "fleet/proxmox/inside.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

enum { INSIDE_PAUSE_US = 300000 };

/* What the API says of an agent that it cannot get through to is no verdict: it is asked once more. Where the API itself
 * does not answer, that is said of the API. */
static int proxmox_inside_again(const struct client *client, int r, const struct instance *machine, struct err *from,
				struct err *err)
{
	const char *why = from->last ? from->last->text : "";

	r = r == -EACCES || r == -EKEYREJECTED || !client->status
		    ? err_set(err, r, "%s", why)
		    : err_set(err, -EAGAIN, "the guest agent of machine %" PRId64 " does not answer: %s", machine->vmid, why);
	err_free(from);
	return r;
}

static int proxmox_inside_begin(struct client *client, const struct instance *machine, const struct strv *words,
				int64_t *ret_pid, struct err *err)
{
	_cleanup_jval_ struct jval *data = NULL;
	struct err reason = {0};
	struct form form = {0};
	int r;

	for (size_t i = 0; i < words->count; i++)
		form_add(client->arena, &form, "command", "%s", words->items[i]);
	r = client_send(client, HTTP_POST, arena_printf(client->arena, "%s/agent/exec", machine->path), &form, &data, &reason);
	if (r < 0)
		return proxmox_inside_again(client, r, machine, &reason, err);
	return jval_get_count(data, "pid", INT64_MAX, ret_pid) ? 0 : err_set(err, -EAGAIN, "the guest agent names no process");
}

int inside_run(struct client *client, const struct instance *machine, const struct strv *words, unsigned timeout_s,
	       int *ret_status, const char **ret_output, struct err *err)
{
	int64_t deadline = clock_ms() + (int64_t)timeout_s * 1000, pid = 0;
	int r = proxmox_inside_begin(client, machine, words, &pid, err);

	while (r == 0 && clock_ms() < deadline) {
		_cleanup_jval_ struct jval *data = NULL;
		struct err reason = {0};
		const char *exited, *output;

		r = client_get(client, arena_printf(client->arena, "%s/agent/exec-status?pid=%" PRId64, machine->path, pid),
			       &data, &reason);
		if (r < 0)
			return proxmox_inside_again(client, r, machine, &reason, err);
		exited = jval_scalar(client->arena, jval_get(data, "exited"));
		if (exited && strcmp(exited, "1") == 0) {
			output = jval_get_text(data, "out-data");
			*ret_status = (int)jval_get_number(data, "exitcode");
			*ret_output = arena_strdup(client->arena, output ? output : "");
			return 0;
		}
		usleep(INSIDE_PAUSE_US);
	}
	return r < 0 ? r
		     : err_set(err, -ETIME, "'%s' in machine %" PRId64 " has not ended in %u seconds", words->items[0],
			       machine->vmid, timeout_s);
}
