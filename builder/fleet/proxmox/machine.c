#include "fleet/proxmox/machine.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "fleet/proxmox/task.h"

enum {
	MACHINE_START_S = 300,
	MACHINE_GRACE_S = 120,       /* for its services to end */
	MACHINE_STOP_S = 180,
	MACHINE_RESIZE_S = 600,
	MACHINE_SETTLE_MS = 60000,   /* until what a task did is to be seen */
};

static const char *machine_text(struct client *client, const struct jval *object, const char *key)
{
	return text_plain(client->arena, jval_get_text(object, key));
}

/* --- finding --------------------------------------------------------------------------------------------------------- */

struct machine machine_new(struct client *client, const char *node, int64_t vmid, bool container)
{
	struct machine machine = {.vmid = vmid, .container = container, .node = node};

	machine.path = arena_printf(client->arena, "/nodes/%s/%s/%" PRId64, node, container ? "lxc" : "qemu", vmid);
	return machine;
}

static void machine_read_tags(struct client *client, const char *tags, struct machine *machine)
{
	for (const char *at = tags; *at; at += strspn(at, ";, ")) {
		size_t length = strcspn(at, ";, ");

		if (length)
			strv_push(client->arena, &machine->tags, arena_strndup(client->arena, at, length));
		at += length;
	}
}

int machine_find(struct client *client, int64_t vmid, struct machine *ret_machine, struct err *err)
{
	_cleanup_jval_ struct jval *all = NULL;
	int r = client_get(client, "/cluster/resources?type=vm", &all, err);

	*ret_machine = (struct machine){.vmid = vmid};
	for (size_t i = 0; r == 0 && i < jval_count(all); i++) {
		const struct jval *item = jval_item(all, i);
		const char *node = machine_text(client, item, "node"), *type = machine_text(client, item, "type");
		const char *tags = machine_text(client, item, "tags");

		if (jval_get_number(item, "vmid") != vmid || !node || !type)
			continue;
		*ret_machine = machine_new(client, node, vmid, strcmp(type, "lxc") == 0);
		ret_machine->there = true;
		ret_machine->name = machine_text(client, item, "name");
		machine_read_tags(client, tags ? tags : "", ret_machine);
	}
	return r;
}

/* --- how it is ------------------------------------------------------------------------------------------------------- */

static const char *machine_at(struct client *client, const struct machine *machine, const char *what)
{
	return arena_printf(client->arena, "%s/%s", machine->path, what);
}

int machine_now(struct client *client, const struct machine *machine, struct machine_now *ret_now, struct err *err)
{
	_cleanup_jval_ struct jval *data = NULL;
	int r = client_get(client, machine_at(client, machine, "status/current"), &data, err);
	const char *status, *state;

	if (r < 0)
		return r;
	status = jval_get_text(data, "status");
	state = jval_get_text(jval_get(data, "ha"), "state");
	*ret_now = (struct machine_now){.running = status && strcmp(status, "running") == 0,
					.managed = jval_get_number(jval_get(data, "ha"), "managed") &&
						   !(state && strcmp(state, "ignored") == 0),
					.lock = machine_text(client, data, "lock")};
	return 0;
}

int machine_config(struct client *client, const struct machine *machine, bool current, struct config *ret_config,
		   struct err *err)
{
	_cleanup_jval_ struct jval *data = NULL;
	int r = client_get(client, machine_at(client, machine, current ? "config?current=1" : "config"), &data, err);

	if (r == 0)
		*ret_config = config_read(client->arena, data);
	return r;
}

int machine_pending(struct client *client, const struct machine *machine, struct config *ret_pending, struct err *err)
{
	_cleanup_jval_ struct jval *data = NULL;
	int r = client_get(client, machine_at(client, machine, "pending"), &data, err);

	if (r == 0)
		*ret_pending = config_read_pending(client->arena, data);
	return r;
}

int machine_set(struct client *client, const struct machine *machine, struct form *form, const char *digest, struct err *err)
{
	if (digest)
		form_add(client->arena, form, "digest", "%s", digest);
	return client_put(client, machine_at(client, machine, "config"), form, err);
}

/* --- power ----------------------------------------------------------------------------------------------------------- */

/* A task may be over before, or (under HA) long before it is so. */
static int machine_await(struct client *client, const struct machine *machine, bool running, struct err *err)
{
	int64_t deadline = clock_ms() + MACHINE_SETTLE_MS;
	struct machine_now now;
	int r;

	while ((r = machine_now(client, machine, &now, err)) == 0 && now.running != running && clock_ms() < deadline)
		usleep(500000);
	if (r < 0 || now.running == running)
		return r;
	return err_set(err, -ETIME, "machine %" PRId64 " %s", machine->vmid, running ? "did not start" : "did not stop");
}

static int machine_power(struct client *client, const struct machine *machine, const char *how, const struct form *form,
			 bool running, unsigned timeout_s, struct err *err)
{
	struct machine_now now;
	int r = machine_now(client, machine, &now, err);

	if (r < 0 || now.running == running)
		return r;
	r = task_run(client, machine_at(client, machine, how), form, timeout_s, err);
	if (r < 0)
		return err_wrap(err, "while machine %" PRId64 " was to %s", machine->vmid, running ? "start" : "stop");
	return machine_await(client, machine, running, err);
}

int machine_start(struct client *client, const struct machine *machine, struct err *err)
{
	return machine_power(client, machine, "status/start", NULL, true, MACHINE_START_S, err);
}

int machine_stop(struct client *client, const struct machine *machine, struct err *err)
{
	return machine_power(client, machine, "status/stop", NULL, false, MACHINE_STOP_S, err);
}

int machine_shutdown(struct client *client, const struct machine *machine, struct err *err)
{
	struct form form = {0};

	form_add(client->arena, &form, "timeout", "%d", MACHINE_GRACE_S);
	form_add(client->arena, &form, "forceStop", "1");
	return machine_power(client, machine, "status/shutdown", &form, false, MACHINE_GRACE_S + MACHINE_STOP_S, err);
}

/* --- volumes --------------------------------------------------------------------------------------------------------- */

/* 8.x answers when it is done, 9.x with a task. */
int machine_grow(struct client *client, const struct machine *machine, const char *key, uint64_t gib, struct err *err)
{
	_cleanup_jval_ struct jval *data = NULL;
	struct form form = {0};
	int r;

	form_add(client->arena, &form, "disk", "%s", key);
	form_add(client->arena, &form, "size", "%" PRIu64 "G", gib);
	r = client_send(client, HTTP_PUT, machine_at(client, machine, "resize"), &form, &data, err);
	if (r == 0 && jval_text_of(data))
		r = task_wait(client, jval_text_of(data), MACHINE_RESIZE_S, err);
	return r;
}

int machine_unlink(struct client *client, const struct machine *machine, const char *key, struct err *err)
{
	struct form form = {0};

	if (machine->container) {
		form_add(client->arena, &form, "delete", "%s", key);
		return machine_set(client, machine, &form, NULL, err);
	}
	form_add(client->arena, &form, "idlist", "%s", key);
	form_add(client->arena, &form, "force", "1");
	return client_put(client, machine_at(client, machine, "unlink"), &form, err);
}
