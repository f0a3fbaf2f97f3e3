#include "fleet/proxmox/instance.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "fleet/proxmox/drive.h"
#include "fleet/proxmox/task.h"

enum {
	INSTANCE_START_S = 300,
	INSTANCE_GRACE_S = 120, /* for its services to end */
	INSTANCE_STOP_S = 180,
	INSTANCE_RESIZE_S = 600,
	INSTANCE_SETTLE_MS = 60000, /* until what a task did is to be seen */
	INSTANCE_GIB_SHIFT = 30,
};

static const char *instance_text(struct client *client, const struct jval *object, const char *key)
{
	return text_plain(client->arena, jval_get_text(object, key));
}

/* Some versions have it as a number, some as a text. */
static int64_t instance_number(struct client *client, const struct jval *object, const char *key)
{
	const char *text = jval_scalar(client->arena, jval_get(object, key));

	return text ? strtoll(text, NULL, 10) : 0;
}

/* --- finding --------------------------------------------------------------------------------------------------------- */

struct instance instance_new(struct client *client, const char *node, int64_t vmid, bool container)
{
	struct instance machine = {.vmid = vmid, .container = container, .node = node};

	machine.path = arena_printf(client->arena, "/nodes/%s/%s/%" PRId64, node, container ? "lxc" : "qemu", vmid);
	return machine;
}

int instance_find(struct client *client, int64_t vmid, struct instance *ret_instance, struct err *err)
{
	_cleanup_jval_ struct jval *all = NULL;
	int r = client_get(client, "/cluster/resources?type=vm", &all, err);

	*ret_instance = (struct instance){.vmid = vmid};
	for (size_t i = 0; r == 0 && i < jval_count(all); i++) {
		const struct jval *item = jval_item(all, i);
		const char *node = instance_text(client, item, "node"), *type = instance_text(client, item, "type");

		if (instance_number(client, item, "vmid") != vmid || !node || !type)
			continue;
		*ret_instance = instance_new(client, node, vmid, strcmp(type, "lxc") == 0);
		ret_instance->there = true;
		ret_instance->name = instance_text(client, item, "name");
	}
	return r;
}

/* --- how it is ------------------------------------------------------------------------------------------------------- */

static const char *instance_at(struct client *client, const struct instance *machine, const char *what)
{
	return arena_printf(client->arena, "%s/%s", machine->path, what);
}

int instance_now(struct client *client, const struct instance *machine, struct instance_now *ret_now, struct err *err)
{
	_cleanup_jval_ struct jval *data = NULL;
	int r = client_get(client, instance_at(client, machine, "status/current"), &data, err);
	const char *status, *state;

	if (r < 0)
		return r;
	status = jval_get_text(data, "status");
	state = jval_get_text(jval_get(data, "ha"), "state");
	*ret_now = (struct instance_now){.running = status && strcmp(status, "running") == 0,
					 .managed = instance_number(client, jval_get(data, "ha"), "managed") &&
						    !(state && strcmp(state, "ignored") == 0),
					 .lock = instance_text(client, data, "lock")};
	return 0;
}

int instance_config(struct client *client, const struct instance *machine, bool current, struct config *ret_config,
		    struct err *err)
{
	_cleanup_jval_ struct jval *data = NULL;
	int r = client_get(client, instance_at(client, machine, current ? "config?current=1" : "config"), &data, err);

	if (r == 0)
		*ret_config = config_read(client->arena, data);
	return r;
}

int instance_pending(struct client *client, const struct instance *machine, struct config *ret_pending, struct err *err)
{
	_cleanup_jval_ struct jval *data = NULL;
	int r = client_get(client, instance_at(client, machine, "pending"), &data, err);

	if (r == 0)
		*ret_pending = config_read_pending(client->arena, data);
	return r;
}

int instance_set(struct client *client, const struct instance *machine, struct form *form, const char *digest, struct err *err)
{
	if (digest)
		form_add(client->arena, form, "digest", "%s", digest);
	return client_put(client, instance_at(client, machine, "config"), form, err);
}

/* --- power ----------------------------------------------------------------------------------------------------------- */

/* A task may be over before, or (under HA) long before it is so. */
static int instance_await(struct client *client, const struct instance *machine, bool running, struct err *err)
{
	int64_t deadline = clock_ms() + INSTANCE_SETTLE_MS;
	struct instance_now now;
	int r;

	while ((r = instance_now(client, machine, &now, err)) == 0 && now.running != running && clock_ms() < deadline)
		usleep(500000);
	if (r < 0 || now.running == running)
		return r;
	return err_set(err, -ETIME, "machine %" PRId64 " %s", machine->vmid, running ? "did not start" : "did not stop");
}

static int instance_power(struct client *client, const struct instance *machine, const char *how, const struct form *form,
			  bool running, unsigned timeout_s, struct err *err)
{
	struct instance_now now;
	int r = instance_now(client, machine, &now, err);

	if (r < 0 || now.running == running)
		return r;
	r = task_run(client, instance_at(client, machine, how), form, timeout_s, err);
	if (r < 0)
		return err_wrap(err, "while machine %" PRId64 " was to %s", machine->vmid, running ? "start" : "stop");
	return instance_await(client, machine, running, err);
}

int instance_start(struct client *client, const struct instance *machine, struct err *err)
{
	return instance_power(client, machine, "status/start", NULL, true, INSTANCE_START_S, err);
}

int instance_stop(struct client *client, const struct instance *machine, struct err *err)
{
	return instance_power(client, machine, "status/stop", NULL, false, INSTANCE_STOP_S, err);
}

int instance_shutdown(struct client *client, const struct instance *machine, struct err *err)
{
	struct form form = {0};

	form_add(client->arena, &form, "timeout", "%d", INSTANCE_GRACE_S);
	form_add(client->arena, &form, "forceStop", "1");
	return instance_power(client, machine, "status/shutdown", &form, false, INSTANCE_GRACE_S + INSTANCE_STOP_S, err);
}

/* --- volumes --------------------------------------------------------------------------------------------------------- */

/* 8.x answers when it is done, 9.x with a task. */
int instance_grow(struct client *client, const struct instance *machine, const char *key, uint64_t gib, struct err *err)
{
	_cleanup_jval_ struct jval *data = NULL;
	struct form form = {0};
	int r;

	form_add(client->arena, &form, "disk", "%s", key);
	form_add(client->arena, &form, "size", "%" PRIu64 "G", gib);
	r = client_send(client, HTTP_PUT, instance_at(client, machine, "resize"), &form, &data, err);
	if (r == 0 && jval_text_of(data))
		r = task_wait(client, jval_text_of(data), INSTANCE_RESIZE_S, err);
	return r;
}

int instance_grow_to(struct client *client, const struct instance *machine, const char *key, uint64_t size, struct err *err)
{
	struct config config;
	const char *text;
	uint64_t is = 0;
	int r = instance_config(client, machine, false, &config, err);

	if (r < 0)
		return r;
	text = config_get(&config, key);
	if (text) {
		struct drive drive = drive_parse(client->arena, text);

		text = drive_option(&drive, "size");
	}
	if (!text || size_parse(text, &is) < 0 || is >= size)
		return 0;
	return instance_grow(client, machine, key, size >> INSTANCE_GIB_SHIFT, err);
}

int instance_unlink(struct client *client, const struct instance *machine, const char *key, struct err *err)
{
	struct form form = {0};

	if (machine->container) {
		form_add(client->arena, &form, "delete", "%s", key);
		return instance_set(client, machine, &form, NULL, err);
	}
	form_add(client->arena, &form, "idlist", "%s", key);
	form_add(client->arena, &form, "force", "1");
	return client_put(client, instance_at(client, machine, "unlink"), &form, err);
}
