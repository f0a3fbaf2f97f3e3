#include "fleet/proxmox/upload.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "fleet/proxmox/storage.h"
#include "fleet/proxmox/task.h"

enum {
	UPLOAD_STALL_S = 180, /* the node copies what came before it answers */
	UPLOAD_TASK_S = 60 * 60,
	UPLOAD_DIGITS = 12, /* of the digest, in the name */
	UPLOAD_TRIES = 2,   /* an empty answer, and once more */
	UPLOAD_LOST_PAUSE_S = 3,
};

/* --- names ----------------------------------------------------------------------------------------------------------- */

/* What Proxmox accepts, by the names that images have here (PVE::Storage, "upload"). */
static const struct {
	const char *suffix, *content, *as;
	bool legacy;
} upload_kinds[] = {
	{".qcow2", "import", ".qcow2", false},	   {".qcow2", "iso", ".qcow2.img", true},
	{".raw", "import", ".raw", false},	   {".raw", "iso", ".img", true},
	{".tar.zst", "vztmpl", ".tar.zst", false}, {".tar.xz", "vztmpl", ".tar.xz", false},
	{".tar.gz", "vztmpl", ".tar.gz", false},
};
enum { N_UPLOAD_KINDS = sizeof upload_kinds / sizeof *upload_kinds };

static size_t proxmox_upload_kind(const struct generation *generation, bool legacy)
{
	const char *file = generation->manifest->image.file;

	for (size_t i = 0; i < N_UPLOAD_KINDS; i++)
		if (text_has_suffix(file, upload_kinds[i].suffix) &&
		    (upload_kinds[i].legacy == legacy || strcmp(upload_kinds[i].content, "vztmpl") == 0))
			return i;
	return N_UPLOAD_KINDS;
}

const char *upload_content(const struct generation *generation, bool legacy)
{
	size_t i = proxmox_upload_kind(generation, legacy);

	return i < N_UPLOAD_KINDS ? upload_kinds[i].content : "import";
}

int upload_name(struct arena *arena, const struct generation *generation, bool legacy, const char **ret_name, struct err *err)
{
	const struct manifest *m = generation->manifest;
	size_t i = proxmox_upload_kind(generation, legacy);

	if (i == N_UPLOAD_KINDS) {
		err_set(err, -ENOTSUP, "Proxmox takes no image like '%s'", m->image.file);
		return err_hint(err, "build it as qcow2 (a virtual machine) or tar.zst (a container)");
	}
	*ret_name = arena_printf(arena, "%s-%u-%.*s%s", m->name, generation->number, UPLOAD_DIGITS, m->image.sha256,
				 upload_kinds[i].as);
	return 0;
}

static bool proxmox_upload_is_suffix(const char *text)
{
	for (size_t i = 0; i < N_UPLOAD_KINDS; i++)
		if (strcmp(text, upload_kinds[i].as) == 0)
			return true;
	return false;
}

int upload_parse_name(struct arena *arena, const char *name, const char **ret_recipe, unsigned *ret_number)
{
	const char *digest, *number;
	char *end;
	unsigned long value;

	digest = strrchr(name, '-');
	if (!digest || strspn(digest + 1, "0123456789abcdef") != UPLOAD_DIGITS ||
	    !proxmox_upload_is_suffix(digest + 1 + UPLOAD_DIGITS))
		return -EINVAL;
	for (number = digest; number > name && number[-1] >= '0' && number[-1] <= '9'; number--)
		;
	if (number == digest || number < name + 2 || number[-1] != '-' || *number == '0')
		return -EINVAL;
	value = strtoul(number, &end, 10);
	if (end != digest || value > 1000000000)
		return -EINVAL;
	*ret_recipe = arena_strndup(arena, name, (size_t)(number - 1 - name));
	*ret_number = (unsigned)value;
	return 0;
}

/* --- before -------------------------------------------------------------------------------------------------------- */

/* The node keeps the file in /var/tmp first, and copies it then: where both are on one file system it needs the room twice. */
static int proxmox_upload_check_room(struct client *client, const struct upload_how *how, const struct storage *storage,
				     uint64_t size, struct err *err)
{
	_cleanup_jval_ struct jval *status = NULL;
	struct err ignored = {0};
	uint64_t needed = strcmp(storage->type, "dir") == 0 ? 2 * size : size;
	int64_t root = INT64_MAX;

	if (client_get(client, arena_printf(client->arena, "/nodes/%s/status", how->node), &status, &ignored) == 0)
		jval_get_count(jval_get(status, "rootfs"), "avail", INT64_MAX, &root);
	err_free(&ignored); /* to see it takes a privilege of its own: who has it not, is told by the task */
	if (storage->available < needed || (uint64_t)root < size) {
		err_set(err, -ENOSPC, "no room for %s: the storage '%s' has %s, %s are needed",
			size_format_human(client->arena, size), storage->name,
			size_format_human(client->arena, storage->available < needed ? storage->available : (uint64_t)root),
			size_format_human(client->arena, storage->available < needed ? needed : size));
		return err_hint(err, "remove old images there ('aether-build upload --keep N' does), or name another storage");
	}
	return 0;
}

/* --- sending --------------------------------------------------------------------------------------------------------- */

static void proxmox_upload_tell(void *data, uint64_t sent, uint64_t total)
{
	(void)data;
	log_progress(sent >> 20, total >> 20, "MiB");
}

/* The fields' order is what the server's parser understands: the file is the last part. */
static int proxmox_upload_post(struct client *client, const struct upload_file *file, const struct upload_how *how,
			       const char **ret_upid, struct err *err)
{
	const char *path = arena_printf(client->arena, "/nodes/%s/storage/%s/upload", how->node, how->storage);
	struct http_request request = client_request(client, HTTP_POST, access_of_node(client->access, how->node), path);
	const struct http_part parts[] = {
		{.name = "content", .text = file->content},
		{.name = "checksum-algorithm", .text = "sha256"},
		{.name = "checksum", .text = file->sha256},
		{.name = "filename", .path = file->path, .filename = file->name},
	};
	_cleanup_http_answer_ struct http_answer answer = {0};
	_cleanup_jval_ struct jval *data = NULL;
	int r;

	request.body = (struct http_body){.kind = HTTP_FORM, .parts = parts, .n_parts = sizeof parts / sizeof *parts};
	request.timeouts.total = 0;
	request.timeouts.stall = UPLOAD_STALL_S;
	request.sent = proxmox_upload_tell;
	request.tries = 1;
	client->status = 0;
	r = http_ask(&request, &answer, err);
	if (r == 0)
		r = client_read(client, arena_printf(client->arena, "POST %s", path), &answer, &data, err);
	if (r < 0)
		return r;
	if (!jval_text_of(data))
		return err_set(err, -EBADMSG, "POST %s: the answer names no task", path);
	*ret_upid = arena_strdup(client->arena, jval_text_of(data));
	return 0;
}

static bool proxmox_upload_is_whole(const struct storage_volume *volume, const struct upload_file *file)
{
	return volume->size == file->size;
}

static const char *proxmox_upload_volid(struct client *client, const struct upload_file *file, const struct upload_how *how)
{
	return arena_printf(client->arena, "%s:%s/%s", how->storage, file->content, file->name);
}

/* The answer may be lost and the file there: then a task copies it, or has done so. */
static int proxmox_upload_look_for(struct client *client, const struct upload_file *file, const struct upload_how *how,
				   bool *ret_there, struct err *err)
{
	struct storage_volume volume = {0};
	int64_t deadline = clock_ms() + UPLOAD_TASK_S * INT64_C(1000);
	const char *task = "";
	int r = 0;

	sleep(UPLOAD_LOST_PAUSE_S);
	while (r == 0 && task && clock_ms() < deadline) {
		r = task_active(client, how->node, 0, &task, err);
		if (r == 0 && task)
			sleep(UPLOAD_LOST_PAUSE_S);
	}
	if (r == 0)
		r = storage_find(client, how->node, proxmox_upload_volid(client, file, how), ret_there, &volume, err);
	*ret_there = r == 0 && *ret_there && proxmox_upload_is_whole(&volume, file);
	return r;
}

static int proxmox_upload_send(struct client *client, const struct upload_file *file, const struct upload_how *how,
			       struct err *err)
{
	for (unsigned i = 1;; i++) {
		struct err reason = {0};
		const char *upid = NULL;
		bool there = false;
		int r;

		log_step("uploading %s (%s) to %s", file->name, size_format_human(client->arena, file->size), how->storage);
		client->status = 0;
		r = proxmox_upload_post(client, file, how, &upid, &reason);
		if (r == 0) {
			log_step("Proxmox checks and copies %s", file->name);
			return task_wait(client, upid, UPLOAD_TASK_S, err);
		}
		if (!client_passes(r) || client->status || i == UPLOAD_TRIES) {
			err_take(err, &reason);
			return r;
		}
		log_note("no answer to the upload (%s); looking whether it arrived", reason.last->text);
		err_free(&reason);
		r = proxmox_upload_look_for(client, file, how, &there, err);
		if (r < 0 || there)
			return r;
	}
}

/* What is there now has to be what was sent. */
static int proxmox_upload_check(struct client *client, const struct upload_file *file, const struct upload_how *how,
				struct err *err)
{
	const char *volid = proxmox_upload_volid(client, file, how);
	struct storage_volume volume;
	bool there;
	int r = storage_find(client, how->node, volid, &there, &volume, err);

	if (r < 0)
		return r;
	if (!there || !proxmox_upload_is_whole(&volume, file))
		return err_set(err, -EIO, "the upload ended well, but %s %s", volid,
			       there ? "has another size" : "is not there");
	return 0;
}

int upload_send(struct client *client, const struct upload_file *file, const struct upload_how *how, bool *ret_skipped,
		struct err *err)
{
	const char *volid = proxmox_upload_volid(client, file, how);
	struct storage storage;
	struct storage_volume volume;
	bool there = false;
	int r = storage_look(client, how->node, how->storage, &storage, err);

	if (r == 0)
		r = storage_has(&storage, file->content, err);
	if (r == 0)
		r = storage_find(client, how->node, volid, &there, &volume, err);
	*ret_skipped = r == 0 && there && proxmox_upload_is_whole(&volume, file);
	if (r < 0 || *ret_skipped)
		return r;
	if (there)
		log_note("%s is there with another size (an upload that was cut off): it is sent again", volid);
	r = proxmox_upload_check_room(client, how, &storage, file->size, err);
	if (r == 0)
		r = proxmox_upload_send(client, file, how, err);
	return r == 0 ? proxmox_upload_check(client, file, how, err) : r;
}

int upload_generation(struct client *client, const struct generation *generation, const struct upload_how *how,
		      struct upload *ret_upload, bool *ret_skipped, struct err *err)
{
	struct upload_file file = {
		.content = upload_content(generation, how->legacy),
		.path = generation->image,
		.sha256 = generation->manifest->image.sha256,
		.size = generation->manifest->image.size,
	};
	int r = upload_name(client->arena, generation, how->legacy, &file.name, err);

	if (r < 0)
		return r;
	r = upload_send(client, &file, how, ret_skipped, err);
	if (r < 0)
		return err_wrap(err, "while uploading %s/%u to node %s", generation->name, generation->number, how->node);
	*ret_upload = (struct upload){how->node, proxmox_upload_volid(client, &file, how), file.size, file.sha256,
				      (int64_t)time(NULL)};
	return generation_note_upload(generation, ret_upload, err);
}
