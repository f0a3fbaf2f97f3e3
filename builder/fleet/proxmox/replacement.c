#include "fleet/proxmox/replacement.h"

#include <inttypes.h>
#include <string.h>

#include "fleet/proxmox/drive.h"

enum { REPLACEMENT_CREATE_S = 3600, REPLACEMENT_GIB = 8 };

/* What the new one has of the old one: all that makes it the same to others. */
static bool replacement_copies(const char *key)
{
	static const char *const keys[] = {
		"hostname", "cores",	    "memory",	"swap",	   "cpulimit", "cpuunits", "nameserver", "searchdomain",
		"features", "unprivileged", "timezone", "startup", "tags",     "tty",	   "console",	 "cmode",
		"debug",    "entrypoint",   "env",	"protection",
	};

	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		if (strcmp(keys[i], key) == 0)
			return true;
	return text_has_prefix(key, "net") && key[3] >= '0' && key[3] <= '9';
}

const char *replacement_lacks(const struct config *config)
{
	for (size_t i = 0; i < config->n_entries; i++) {
		const char *key = config->entries[i].key;

		if (strcmp(key, "lxc") == 0 || strcmp(key, "hookscript") == 0 || text_has_prefix(key, "dev"))
			return key;
	}
	return NULL;
}

static uint64_t replacement_root_gib(struct work *work)
{
	const char *root = config_get(&work->config, "rootfs");
	struct drive drive = drive_parse(work->arena, root ? root : "");
	const char *text = drive_option(&drive, "size");
	uint64_t size = 0, wanted = work->site->words ? work->site->words->rootfs : 0;

	if (text)
		size_parse(text, &size);
	size = size > wanted ? size : wanted;
	return size ? (size + (1U << 30) - 1) >> 30 : REPLACEMENT_GIB;
}

static const char *replacement_description(struct work *work)
{
	struct mark mark = work->mark;

	mark.name = work->site->name;
	mark.waits = (struct strv){0};
	mark.previous = (struct mark_generation){(unsigned)work->journal.old_generation, work->journal.old_root_hash,
						 arena_printf(work->arena, "%" PRId64, work->journal.vmid)};
	mark.now = (struct mark_generation){(unsigned)work->journal.generation, work->journal.root_hash,
					    arena_printf(work->arena, "%" PRId64, work->journal.other)};
	mark.deploy = work->journal.id;
	mark.since = work->journal.began;
	return mark_write(work->arena, config_get(&work->config, "description"), &mark);
}

int replacement_create(struct work *work, struct err *err)
{
	struct form form = {0};

	form_add(work->arena, &form, "vmid", "%" PRId64, work->journal.other);
	form_add(work->arena, &form, "ostemplate", "%s", work->journal.image);
	form_add(work->arena, &form, "rootfs", "%s:%" PRIu64, work->site->storage, replacement_root_gib(work));
	form_add(work->arena, &form, "onboot", "0");
	form_add(work->arena, &form, "description", "%s", replacement_description(work));
	if (work->site->pool)
		form_add(work->arena, &form, "pool", "%s", work->site->pool);
	if (!config_get(&work->config, "unprivileged"))
		form_add(work->arena, &form, "unprivileged", "0");
	for (size_t i = 0; i < work->config.n_entries; i++)
		if (replacement_copies(work->config.entries[i].key))
			form_add(work->arena, &form, work->config.entries[i].key, "%s", work->config.entries[i].value);
	return work_task(work, arena_printf(work->arena, "/nodes/%s/lxc", work->machine.node), &form, REPLACEMENT_CREATE_S,
			 err);
}
