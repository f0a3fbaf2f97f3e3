#include "fleet/proxmox/site.h"

#include <errno.h>
#include <string.h>

#include "base/file.h"
#include "edge/jval.h"

#define SITE_FILE "machine.json"

enum { SITE_BYTES_MAX = 64 << 10 };

enum site_type { SITE_TEXT, SITE_NUMBER, SITE_BYTES, SITE_BOOL };

static const struct {
	const char *key;
	enum site_type type;
	size_t offset;
	bool required;
} site_fields[] = {
	{"name", SITE_TEXT, offsetof(struct site, name), true},
	{"container", SITE_BOOL, offsetof(struct site, container), false},
	{"node", SITE_TEXT, offsetof(struct site, node), true},
	{"vmid", SITE_NUMBER, offsetof(struct site, vmid), true},
	{"sparevmid", SITE_NUMBER, offsetof(struct site, spare), false},
	{"ssh", SITE_TEXT, offsetof(struct site, ssh), true},
	{"images", SITE_TEXT, offsetof(struct site, images), true},
	{"storage", SITE_TEXT, offsetof(struct site, storage), true},
	{"pool", SITE_TEXT, offsetof(struct site, pool), false},
	{"system", SITE_BYTES, offsetof(struct site, system), false},
	{"agent", SITE_BOOL, offsetof(struct site, agent), false},
	{"guard", SITE_BOOL, offsetof(struct site, guard.said), false},
	{"guard_after_ms", SITE_BYTES, offsetof(struct site, guard.after_ms), false},
	{"guard_tries", SITE_NUMBER, offsetof(struct site, guard.tries), false},
	{"guard_cool_down_ms", SITE_BYTES, offsetof(struct site, guard.cool_down_ms), false},
};
enum { N_SITE_FIELDS = sizeof site_fields / sizeof *site_fields };

int site_of_recipe(struct arena *arena, const struct recipe *recipe, const char *folder, struct site *ret_site, struct err *err)
{
	const struct proxmox *words = &recipe->proxmox;

	if (!words->node) {
		err_set(err, -ENOENT, "%s does not say where its machine runs", recipe->path);
		return err_hint(
			err, "add 'proxmox: { node: …, vmid: …, images: …, storage: … }' (docs/recipes.md, 'Where it runs')");
	}
	*ret_site = (struct site){
		.name = recipe->name,
		.folder = arena_strdup(arena, folder),
		.container = recipe->kind == KIND_LXC,
		.node = words->node,
		.ssh = words->ssh,
		.images = words->images,
		.storage = words->storage,
		.pool = words->pool,
		.vmid = words->vmid,
		.spare = words->spare_vmid,
		.system = words->n_disks ? words->disks[0].size : 0,
		.agent = words->agent,
		.guard = recipe->guard,
		.words = words,
	};
	return 0;
}

/* --- the file --------------------------------------------------------------------------------------------------------- */

static int site_read_field(struct arena *arena, const struct jval *top, size_t i, const char *name, struct site *site,
			   struct err *err)
{
	void *to = (char *)site + site_fields[i].offset;
	const char *text = jval_get_text(top, site_fields[i].key);
	int64_t number = 0;
	bool there = false;

	switch (site_fields[i].type) {
	case SITE_TEXT:
		there = text;
		*(const char **)to = text_plain(arena, text);
		break;
	case SITE_NUMBER:
		there = jval_get_count(top, site_fields[i].key, INT64_MAX, &number);
		*(int64_t *)to = number;
		break;
	case SITE_BYTES:
		there = jval_get_count(top, site_fields[i].key, INT64_MAX, &number);
		*(uint64_t *)to = (uint64_t)number;
		break;
	case SITE_BOOL:
		*(bool *)to = jval_get_bool(top, site_fields[i].key);
		break;
	}
	if (site_fields[i].required && (!there || (site_fields[i].type == SITE_NUMBER && !number)))
		return err_set(err, -EBADMSG, "%s: expected '%s'", name, site_fields[i].key);
	return 0;
}

/* What is put into paths of the API is what Proxmox calls such things; `also` may be in it, too. */
static bool site_is_name(const char *text, const char *also)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.";

	if (!*text || *text == '.')
		return false;
	while (*text && (strchr(plain, *text) || strchr(also, *text)))
		text++;
	return !*text;
}

static bool site_has_names(const struct site *site)
{
	return site_is_name(site->node, "") && site_is_name(site->images, "") && site_is_name(site->storage, "") &&
	       (!site->pool || site_is_name(site->pool, "/"));
}

int site_parse(struct arena *arena, const char *name, const char *text, size_t size, struct site *ret_site, struct err *err)
{
	_cleanup_jval_ struct jval *top = NULL;
	struct site site = {0};
	int r = jval_read(name, text, size, &top, err);

	if (r == 0 && jval_get_number(top, "version") < 1)
		r = err_set(err, -EBADMSG, "%s: not where a machine runs", name);
	else if (r == 0 && jval_get_number(top, "version") > SITE_VERSION)
		r = err_set(err, -ENOTSUP, "%s was written by a later aether-build", name);
	for (size_t i = 0; r == 0 && i < N_SITE_FIELDS; i++)
		r = site_read_field(arena, top, i, name, &site, err);
	if (r < 0)
		return r;
	if (!site_has_names(&site))
		return err_set(err, -EBADMSG, "%s: expected names of a node and of storages", name);
	*ret_site = site;
	return 0;
}

static const char *site_path(struct arena *arena, const char *folder)
{
	return arena_printf(arena, "%s/" SITE_FILE, folder);
}

int site_read(struct arena *arena, const char *folder, struct site *ret_site, struct err *err)
{
	const char *path = site_path(arena, folder);
	_cleanup_buf_ struct buf text = {0};
	int r;

	if (!path_exists(path)) {
		err_set(err, -ENOENT, "it is not known where '%s' runs: it was never uploaded or deployed from here",
			path_last(folder));
		return err_hint(err, "name its recipe instead");
	}
	r = file_read(path, SITE_BYTES_MAX, &text, err);
	if (r == 0)
		r = site_parse(arena, path, text.data ? text.data : "", text.size, ret_site, err);
	if (r == 0)
		ret_site->folder = arena_strdup(arena, folder);
	return r;
}

static struct jval *site_value(const struct site *site, size_t i)
{
	const void *from = (const char *)site + site_fields[i].offset;

	switch (site_fields[i].type) {
	case SITE_TEXT:
		return *(const char *const *)from ? jval_text(*(const char *const *)from) : NULL;
	case SITE_NUMBER:
		return *(const int64_t *)from ? jval_number(*(const int64_t *)from) : NULL;
	case SITE_BYTES:
		return *(const uint64_t *)from ? jval_number((int64_t) * (const uint64_t *)from) : NULL;
	default:
		return jval_bool(*(const bool *)from);
	}
}

int site_write(struct arena *arena, const struct site *site, struct err *err)
{
	_cleanup_jval_ struct jval *top = jval_new_object();
	const char *text;

	jval_set(top, "version", jval_number(SITE_VERSION));
	for (size_t i = 0; i < N_SITE_FIELDS; i++) {
		struct jval *value = site_value(site, i);

		if (value)
			jval_set(top, site_fields[i].key, value);
	}
	text = arena_printf(arena, "%s\n", jval_print(arena, top, true));
	return file_publish(site_path(arena, site->folder), text, strlen(text), 0644, err);
}
