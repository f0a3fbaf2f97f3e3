#include "fleet/proxmox/storage.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "fleet/proxmox/task.h"

enum { STORAGE_REMOVE_S = 120 };

/* --- names of volumes ------------------------------------------------------------------------------------------------ */

const char *volid_storage(struct arena *arena, const char *volid)
{
	return arena_strndup(arena, volid, strcspn(volid, ":"));
}

const char *volid_content(struct arena *arena, const char *volid)
{
	const char *begin = strchr(volid, ':');
	const char *end = begin ? strchr(begin, '/') : NULL;

	return end ? arena_strndup(arena, begin + 1, (size_t)(end - begin - 1)) : "";
}

const char *volid_file(const char *volid)
{
	return strchr(volid, '/') ? path_last(volid) : strchr(volid, ':') ? strchr(volid, ':') + 1 : volid;
}

/* --- storages -------------------------------------------------------------------------------------------------------- */

static const char *storage_text(struct client *client, const struct jval *object, const char *key)
{
	const char *text = jval_get_text(object, key);

	return text_plain(client->arena, text ? text : "");
}

static bool storage_flag(struct client *client, const struct jval *object, const char *key)
{
	const char *text = jval_scalar(client->arena, jval_get(object, key));

	return text && strcmp(text, "1") == 0;
}

int storage_look(struct client *client, const char *node, const char *name, struct storage *ret_storage, struct err *err)
{
	_cleanup_jval_ struct jval *data = NULL;
	int64_t available = 0;
	int r = client_get(client, arena_printf(client->arena, "/nodes/%s/storage/%s/status", node, name), &data, err);

	if (r < 0) {
		err_wrap(err, "while looking at the storage '%s' of node %s", name, node);
		return r;
	}
	if (!storage_flag(client, data, "enabled") || !storage_flag(client, data, "active"))
		return err_set(err, -ENOENT, "the storage '%s' is not active on node %s", name, node);
	jval_get_count(data, "avail", INT64_MAX, &available);
	*ret_storage = (struct storage){name, storage_text(client, data, "type"), storage_text(client, data, "content"),
					(uint64_t)available, storage_flag(client, data, "shared")};
	return 0;
}

int storage_has(const struct storage *storage, const char *content, struct err *err)
{
	size_t length = strlen(content);

	for (const char *at = storage->content; *at; at += strcspn(at, ",") + (strchr(at, ',') != NULL))
		if (strcspn(at, ",") == length && strncmp(at, content, length) == 0)
			return 0;
	err_set(err, -ENOTSUP, "the storage '%s' does not take content '%s'", storage->name, content);
	return err_hint(err, "as root on the node: pvesm set %s --content %s%s%s", storage->name, storage->content,
			*storage->content ? "," : "", content);
}

/* --- what is in them ------------------------------------------------------------------------------------------------- */

int storage_list(struct client *client, const char *node, const char *name, const char *content, int64_t vmid,
		 struct storage_volume **ret_volumes, size_t *ret_n, struct err *err)
{
	_cleanup_jval_ struct jval *data = NULL;
	const char *of = vmid ? arena_printf(client->arena, "&vmid=%" PRId64, vmid) : "";
	struct storage_volume *volumes = NULL;
	size_t n = 0;
	int r = client_get(client,
			   arena_printf(client->arena, "/nodes/%s/storage/%s/content?content=%s%s", node, name, content, of),
			   &data, err);

	for (size_t i = 0; r == 0 && i < jval_count(data); i++) {
		const struct jval *item = jval_item(data, i);
		struct storage_volume *volume;
		int64_t size = 0, owner = 0;

		if (!jval_get_text(item, "volid"))
			continue;
		jval_get_count(item, "size", INT64_MAX, &size);
		jval_get_count(item, "vmid", INT64_MAX, &owner);
		volume = arena_push(client->arena, volumes, n);
		*volume = (struct storage_volume){storage_text(client, item, "volid"), (uint64_t)size, owner};
	}
	*ret_volumes = volumes;
	*ret_n = n;
	return r;
}

int storage_find(struct client *client, const char *node, const char *volid, bool *ret_there, struct storage_volume *ret_volume,
		 struct err *err)
{
	struct storage_volume *volumes;
	size_t n;
	int r = storage_list(client, node, volid_storage(client->arena, volid), volid_content(client->arena, volid), 0,
			     &volumes, &n, err);

	*ret_there = false;
	for (size_t i = 0; r == 0 && i < n; i++)
		if (strcmp(volumes[i].volid, volid) == 0) {
			*ret_there = true;
			*ret_volume = volumes[i];
		}
	return r;
}

int storage_remove(struct client *client, const char *node, const char *volid, struct err *err)
{
	_cleanup_jval_ struct jval *data = NULL;
	const char *storage = volid_storage(client->arena, volid);
	int r = client_send(
		client, HTTP_DELETE,
		arena_printf(client->arena, "/nodes/%s/storage/%s/content/%s", node, storage, client_escape(client, volid)),
		NULL, &data, err);

	if (r == 0 && jval_text_of(data))
		r = task_wait(client, jval_text_of(data), STORAGE_REMOVE_S, err);
	return r;
}
