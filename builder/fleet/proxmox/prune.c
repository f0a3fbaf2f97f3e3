#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "fleet/proxmox/storage.h"
#include "fleet/proxmox/upload.h"

struct prune_file {
	const char *volid;
	unsigned number;
};

static int prune_by_number(const void *a, const void *b)
{
	const struct prune_file *x = a, *y = b;

	return x->number < y->number ? 1 : x->number > y->number ? -1 : strcmp(x->volid, y->volid);
}

/* A record that cannot be written still names the file: that is told, and no reason to stop. */
static void prune_forget(struct client *client, const struct upload_how *how, const struct prune_file *file)
{
	const char *folder = how->shelf ? arena_printf(client->arena, "%s/%u", how->shelf, file->number) : NULL;
	struct err problem = {0};

	if (folder && path_exists(folder) && record_forget_upload(folder, how->node, file->volid, &problem) < 0)
		log_warn("the record in '%s' still has %s: %s", folder, file->volid, problem.first->text);
	err_free(&problem);
}

int upload_prune(struct client *client, const struct upload_how *how, const char *content, const char *recipe, unsigned keep,
		 const struct strv *needed, unsigned *ret_n, struct err *err)
{
	struct storage_volume *volumes;
	struct prune_file *files = NULL;
	size_t n_volumes, n = 0;
	int r = storage_list(client, how->node, how->storage, content, 0, &volumes, &n_volumes, err);

	*ret_n = 0;
	for (size_t i = 0; r == 0 && i < n_volumes; i++) {
		const char *of;
		unsigned number;

		if (upload_parse_name(client->arena, volid_file(volumes[i].volid), &of, &number) == 0 &&
		    strcmp(of, recipe) == 0)
			*arena_push(client->arena, files, n) = (struct prune_file){volumes[i].volid, number};
	}
	if (n)
		qsort(files, n, sizeof *files, prune_by_number);
	for (size_t i = keep; r == 0 && i < n; i++) {
		if (strv_has(needed, files[i].volid))
			continue;
		log_step("removing %s", files[i].volid);
		r = storage_remove(client, how->node, files[i].volid, err);
		if (r < 0)
			break;
		prune_forget(client, how, &files[i]);
		++*ret_n;
	}
	return r;
}

static bool prune_is_good(const struct generation *generation)
{
	for (size_t i = 0; i < generation->record.n_deployments; i++)
		if (generation->record.deployments[i].verdict == VERDICT_GOOD)
			return true;
	return false;
}

struct strv upload_needed(struct arena *arena, const char *folder)
{
	struct generation *generations = NULL;
	struct err ignored = {0};
	struct strv needed = {0};
	size_t n = 0;

	if (generation_list(arena, path_folder(arena, folder), path_last(folder), &generations, &n, &ignored) < 0)
		n = 0;
	err_free(&ignored);
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; prune_is_good(&generations[i]) && j < generations[i].record.n_uploads; j++)
			strv_push(arena, &needed, generations[i].record.uploads[j].volid);
	return needed;
}
