#include "fleet/proxmox/rights.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

/* Where a privilege has to be. */
enum rights_place { PLACE_MACHINE, PLACE_SPARE, PLACE_IMAGES, PLACE_STORAGE, PLACE_BRIDGES, N_PLACES };

static const struct rights_row {
	unsigned uses;
	enum rights_place place;
	const char *privilege;
	unsigned from, to; /* versions of Proxmox VE that have it; 0: all */
} rights_table[] = {
	{RIGHTS_UPLOAD | RIGHTS_DISC, PLACE_IMAGES, "Datastore.AllocateTemplate", 0, 0},
	{RIGHTS_UPLOAD | RIGHTS_VM | RIGHTS_CONTAINER | RIGHTS_DISC, PLACE_IMAGES, "Datastore.Audit", 0, 0},
	{RIGHTS_PRUNE | RIGHTS_DISC, PLACE_IMAGES, "Datastore.Allocate", 0, 0},
	{RIGHTS_VM | RIGHTS_CONTAINER, PLACE_STORAGE, "Datastore.AllocateSpace", 0, 0},
	{RIGHTS_VM | RIGHTS_CONTAINER, PLACE_STORAGE, "Datastore.Audit", 0, 0},
	{RIGHTS_VM | RIGHTS_CONTAINER, PLACE_MACHINE, "VM.Allocate", 0, 0},
	{RIGHTS_VM | RIGHTS_CONTAINER, PLACE_MACHINE, "VM.Audit", 0, 0},
	{RIGHTS_VM | RIGHTS_CONTAINER, PLACE_MACHINE, "VM.PowerMgmt", 0, 0},
	{RIGHTS_VM | RIGHTS_CONTAINER, PLACE_MACHINE, "VM.Config.Disk", 0, 0},
	{RIGHTS_VM | RIGHTS_CONTAINER, PLACE_MACHINE, "VM.Config.CPU", 0, 0},
	{RIGHTS_VM | RIGHTS_CONTAINER, PLACE_MACHINE, "VM.Config.Memory", 0, 0},
	{RIGHTS_VM | RIGHTS_CONTAINER, PLACE_MACHINE, "VM.Config.Network", 0, 0},
	{RIGHTS_VM | RIGHTS_CONTAINER, PLACE_MACHINE, "VM.Config.Options", 0, 0},
	{RIGHTS_VM, PLACE_MACHINE, "VM.Config.HWType", 0, 0},
	{RIGHTS_VM | RIGHTS_DISC, PLACE_MACHINE, "VM.Config.CDROM", 0, 0},
	{RIGHTS_VM, PLACE_MACHINE, "VM.Config.Cloudinit", 0, 0},
	{RIGHTS_AGENT, PLACE_MACHINE, "VM.Monitor", 0, 8},
	{RIGHTS_AGENT, PLACE_MACHINE, "VM.GuestAgent.Audit", 9, 0},
	{RIGHTS_AGENT, PLACE_MACHINE, "VM.GuestAgent.Unrestricted", 9, 0},
	{RIGHTS_CONTAINER, PLACE_SPARE, "VM.Allocate", 0, 0},
	{RIGHTS_CONTAINER, PLACE_SPARE, "VM.Audit", 0, 0},
	{RIGHTS_CONTAINER, PLACE_SPARE, "VM.PowerMgmt", 0, 0},
	{RIGHTS_CONTAINER, PLACE_SPARE, "VM.Config.Disk", 0, 0},
	{RIGHTS_CONTAINER, PLACE_SPARE, "VM.Config.CPU", 0, 0},
	{RIGHTS_CONTAINER, PLACE_SPARE, "VM.Config.Memory", 0, 0},
	{RIGHTS_CONTAINER, PLACE_SPARE, "VM.Config.Network", 0, 0},
	{RIGHTS_CONTAINER, PLACE_SPARE, "VM.Config.Options", 0, 0},
	{RIGHTS_VM | RIGHTS_CONTAINER, PLACE_BRIDGES, "SDN.Use", 0, 0},
};
enum { N_RIGHTS = sizeof rights_table / sizeof *rights_table };

/* The path in the tree of permissions, NULL for what is not concerned. */
static const char *rights_path(struct client *client, enum rights_place place, const struct rights_of *of)
{
	struct arena *arena = client->arena;

	switch (place) {
	case PLACE_MACHINE:
		return of->vmid ? arena_printf(arena, "/vms/%" PRId64, of->vmid) : NULL;
	case PLACE_SPARE:
		return of->spare_vmid ? arena_printf(arena, "/vms/%" PRId64, of->spare_vmid) : NULL;
	case PLACE_IMAGES:
		return of->images ? arena_printf(arena, "/storage/%s", of->images) : NULL;
	case PLACE_STORAGE:
		return of->storage ? arena_printf(arena, "/storage/%s", of->storage) : NULL;
	case PLACE_BRIDGES:
		return of->bridges ? "/sdn/zones/localnetwork" : NULL;
	default:
		return NULL;
	}
}

static bool rights_applies(const struct client *client, const struct rights_row *row, unsigned uses, enum rights_place place)
{
	return row->place == place && (row->uses & uses) && client->major >= row->from &&
	       (!row->to || client->major <= row->to);
}

/* Appends what is missing at one path. */
static int rights_check_path(struct client *client, unsigned uses, enum rights_place place, const char *path,
			     struct buf *missing, struct err *err)
{
	_cleanup_jval_ struct jval *all = NULL;
	const struct jval *there;
	size_t n = 0;
	int r = client_get(client, arena_printf(client->arena, "/access/permissions?path=%s", client_escape(client, path)),
			   &all, err);

	if (r < 0)
		return r;
	there = jval_get(all, path);
	for (size_t i = 0; i < N_RIGHTS; i++) {
		if (!rights_applies(client, &rights_table[i], uses, place) || jval_get(there, rights_table[i].privilege))
			continue;
		buf_printf(missing, "%s%s", n++ ? ", " : missing->size ? "; " : "", rights_table[i].privilege);
	}
	if (n)
		buf_printf(missing, " on %s", path);
	return 0;
}

int rights_check(struct client *client, unsigned uses, const struct rights_of *of, struct err *err)
{
	const char *token = client->access->token;
	_cleanup_buf_ struct buf missing = {0};
	int r = 0;

	for (unsigned place = 0; place < N_PLACES && r == 0; place++) {
		const char *path = rights_path(client, place, of);
		bool asked = false;

		for (size_t i = 0; path && i < N_RIGHTS; i++)
			asked = asked || rights_applies(client, &rights_table[i], uses, place);
		if (asked)
			r = rights_check_path(client, uses, place, path, &missing, err);
	}
	if (r < 0)
		return r;
	if (!missing.size)
		return 0;
	err_set(err, -EACCES, "the token %.*s lacks privileges: %s", (int)strcspn(token, "="), token, missing.data);
	return err_hint(err,
			"give them to the token's user and, with privilege separation, to the token too; nothing was changed");
}

bool rights_has(struct client *client, const char *path, const char *privilege)
{
	_cleanup_jval_ struct jval *all = NULL;
	struct err ignored = {0};
	int r = client_get(client, arena_printf(client->arena, "/access/permissions?path=%s", client_escape(client, path)),
			   &all, &ignored);

	err_free(&ignored);
	return r == 0 && jval_get(jval_get(all, path), privilege);
}
