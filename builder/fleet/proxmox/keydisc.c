#include "fleet/proxmox/keydisc.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "edge/digest.h"
#include "fleet/proxmox/drive.h"
#include "fleet/proxmox/rights.h"
#include "fleet/proxmox/storage.h"
#include "fleet/proxmox/task.h"
#include "fleet/proxmox/upload.h"

#define KEYDISC_CONTENT "iso"
#define KEYDISC_BEGIN "aether-id-"
#define KEYDISC_EMPTY "none,media=cdrom"

enum { KEYDISC_COPY_S = 600, KEYDISC_PAUSE_S = 1 };

/* --- where to ---------------------------------------------------------------------------------------------------------- */

/* 1: it takes them. */
static int keydisc_is_taken_by(struct work *work, const char *name, struct err *err)
{
	struct storage storage;
	struct err reason = {0};
	int r = storage_look(work->client, work->site->node, name, &storage, &reason);

	if (r == 0)
		r = storage_has(&storage, KEYDISC_CONTENT, &reason);
	if (r < 0 && client_passes(r)) {
		err_take(err, &reason);
		return r;
	}
	err_free(&reason);
	return r == 0;
}

static int keydisc_find_storage(struct work *work, struct err *err)
{
	const char *const places[] = {work->site->images, work->site->storage};
	int r = 0;

	for (size_t i = 0; i < sizeof places / sizeof *places && r == 0; i++) {
		r = places[i] ? keydisc_is_taken_by(work, places[i], err) : 0;
		if (r > 0)
			work->disc_storage = places[i];
	}
	return r < 0 ? r : 0;
}

int keydisc_choose(struct work *work, struct err *err)
{
	struct rights_of of = {.vmid = work->site->vmid};
	int r = keydisc_find_storage(work, err);

	if (r < 0)
		return r;
	if (!work->disc_storage) {
		log_warn("neither '%s' nor '%s' takes content '" KEYDISC_CONTENT
			 "': the machine gets no disc with its identity",
			 work->site->images, work->site->storage);
		return 0;
	}
	of.images = work->disc_storage;
	return rights_check(work->client, RIGHTS_DISC, &of, err);
}

/* --- to there ---------------------------------------------------------------------------------------------------------- */

const char *keydisc_volid(const struct work *work)
{
	return arena_printf(work->arena, "%s:" KEYDISC_CONTENT "/" KEYDISC_BEGIN "%s-%s.iso", work->disc_storage,
			    work->site->name, work->journal.id);
}

int keydisc_upload(struct work *work, struct err *err)
{
	const struct upload_how how = {.node = work->site->node, .storage = work->disc_storage};
	struct upload_file file = {.content = KEYDISC_CONTENT, .path = work->disc};
	char sha256[SHA256_HEX];
	bool skipped;
	int r = sha256_file(work->disc, sha256, &file.size, err);

	if (r < 0)
		return r;
	file.sha256 = sha256;
	file.name = volid_file(work->journal.disc);
	return upload_send(work->client, &file, &how, &skipped, err);
}

/* A drive of IDE, which every machine has: those with even numbers are there in q35 as well. */
void keydisc_attach(const struct work *work, struct form *form)
{
	static const char *const keys[] = {"ide2", "ide0", "ide3", "ide1"};
	const char *key = NULL;

	for (size_t i = 0; i < sizeof keys / sizeof *keys && !key; i++) {
		key = keys[i];
		for (size_t j = 0; j < form->n_fields && key; j++)
			if (strcmp(form->fields[j].name, key) == 0)
				key = NULL;
	}
	if (key)
		form_add(work->arena, form, key, "%s,media=cdrom", work->journal.disc);
	else
		log_warn("all drives of IDE are taken: the machine gets no disc with its identity");
}

/* --- away -------------------------------------------------------------------------------------------------------------- */

/* Anybody who may write into the description could name another volume. */
static bool keydisc_is_one(struct work *work, const char *volid)
{
	return volid && strcmp(volid_content(work->arena, volid), KEYDISC_CONTENT) == 0 &&
	       text_has_prefix(volid_file(volid), arena_printf(work->arena, KEYDISC_BEGIN "%s-", work->site->name));
}

static int keydisc_failed(const char *volid, int r, struct err *err)
{
	err_wrap(err, "while the disc with the machine's identity was taken away (by hand, as root on the node: pvesm free %s)",
		 volid);
	return r;
}

/* An upload that nobody has waited for is still being copied. */
static int keydisc_await_copy(struct work *work, const char *node, struct err *err)
{
	int64_t deadline = clock_ms() + KEYDISC_COPY_S * INT64_C(1000);
	const char *task = "";
	int r = 0;

	while (r == 0 && task && clock_ms() < deadline) {
		r = task_active(work->client, node, 0, &task, err);
		if (r == 0 && task)
			sleep(KEYDISC_PAUSE_S);
	}
	return r;
}

int keydisc_drop(struct work *work, const char *volid, struct err *err)
{
	const char *node = work->machine.there ? work->machine.node : work->site->node;
	struct storage_volume volume;
	bool there = false;
	int r;

	if (!keydisc_is_one(work, volid))
		return 0;
	r = keydisc_await_copy(work, node, err);
	if (r == 0)
		r = storage_find(work->client, node, volid, &there, &volume, err);
	if (r == 0 && there)
		r = storage_remove(work->client, node, volid, err);
	return r < 0 ? keydisc_failed(volid, r, err) : 0;
}

/* A drive of IDE cannot be unplugged from a machine that runs, but emptied. */
static int keydisc_empty(struct work *work, const char *volid, struct err *err)
{
	struct config config;
	struct form form = {0};
	int r = instance_config(work->client, &work->machine, true, &config, err);

	for (size_t i = 0; r == 0 && i < config.n_entries; i++)
		if (drive_is_key(config.entries[i].key) &&
		    strcmp(drive_parse(work->arena, config.entries[i].value).volid, volid) == 0)
			form_add(work->arena, &form, config.entries[i].key, "%s", KEYDISC_EMPTY);
	if (r == 0 && form.n_fields)
		r = instance_set(work->client, &work->machine, &form, config.digest, err);
	return r < 0 ? keydisc_failed(volid, r, err) : 0;
}

int keydisc_take(struct work *work, const char *volid, struct err *err)
{
	int r;

	if (!keydisc_is_one(work, volid))
		return 0;
	log_step("taking away the disc with its identity");
	r = keydisc_empty(work, volid, err);
	return r == 0 ? keydisc_drop(work, volid, err) : r;
}
