#include "tree/dpkg.h"

#include <errno.h>
#include <fnmatch.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/sandbox.h"
#include "edge/archive.h"
#include "tree/debs.h"

/* The recipe's `exclude` and `include`, as dpkg's path-exclude and path-include mean them: the last match decides. */
static bool wanted(void *data, const char *path)
{
	const struct recipe *recipe = data;

	for (size_t i = 0; i < recipe->include.count; i++)
		if (fnmatch(recipe->include.items[i], path, 0) == 0)
			return true;
	for (size_t i = 0; i < recipe->exclude.count; i++)
		if (fnmatch(recipe->exclude.items[i], path, 0) == 0)
			return false;
	return true;
}

static int copy_text(const char *from, const char *to, struct err *err)
{
	_cleanup_buf_ struct buf text = {0};

	if (file_read(from, 1 << 20, &text, err) < 0)
		return err->code;
	return file_publish(to, text.data ? text.data : "", text.size, 0644, err);
}

/* What dpkg expects to find before the first package is installed: its database, and names for the ids in packages. */
static int prepare_root(struct arena *arena, const char *root, struct err *err)
{
	static const char *const folders[] = {"alternatives", "info", "parts", "triggers", "updates"};
	static const char *const tables[] = {"passwd", "group"};

	for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
		if (folder_make(arena_printf(arena, "%s/var/lib/dpkg/%s", root, folders[i]), 0755, err) < 0)
			return err->code;
	if (file_publish(arena_printf(arena, "%s/var/lib/dpkg/status", root), "", 0, 0644, err) < 0)
		return err->code;
	for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
		if (copy_text(arena_printf(arena, "%s/usr/share/base-passwd/%s.master", root, tables[i]),
			      arena_printf(arena, "%s/etc/%s", root, tables[i]), err) < 0)
			return err_wrap(err, "while preparing an empty system (is 'base-passwd' in the lock?)");
	return 0;
}

int dpkg_bootstrap(struct cache *cache, const struct plan_tree *tree, const char *root, struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct plan_layer *layer = &tree->layers[LAYER_BASE];
	size_t *order = arena_array(arena, size_t, layer->n_packages + 1);
	int r = debs_order(cache, layer->packages, layer->n_packages, order, err);

	if (r == 0)
		r = folder_make(root, 0755, err);
	/* Where /bin and its like lead is base-files' to say: packages that name files below them come after it. */
	for (size_t pass = 0; pass < 2; pass++)
		for (size_t i = 0; r == 0 && i < layer->n_packages; i++) {
			const struct lock_package *package = &layer->packages[order[i]];

			if ((strcmp(package->name, "base-files") == 0) != (pass == 0))
				continue;
			r = archive_unpack_deb(deb_path(cache, arena, package), root, wanted, (void *)tree->recipe, err);
			if (r < 0)
				err_wrap(err, "while unpacking the package '%s'", package->name);
		}
	return r == 0 ? prepare_root(arena, root, err) : r;
}

/* The command line. The bottom layer configures itself: what it needs for that is unpacked, but not yet configured. */
static const char *const *command(struct arena *arena, struct cache *cache, const struct plan_tree *tree, enum lock_layer l,
				  const size_t *order)
{
	const struct plan_layer *layer = &tree->layers[l];
	size_t skip = strlen(cache_folder(cache));
	struct strv argv = {0};

	strv_push(arena, &argv, "/usr/bin/dpkg");
	strv_push(arena, &argv, "--force-unsafe-io");
	strv_push(arena, &argv, "--force-confnew");
	if (l == LAYER_BASE)
		strv_push(arena, &argv, "--force-depends");
	for (size_t i = 0; i < tree->recipe->exclude.count; i++)
		strv_push(arena, &argv, arena_printf(arena, "--path-exclude=%s", tree->recipe->exclude.items[i]));
	for (size_t i = 0; i < tree->recipe->include.count; i++)
		strv_push(arena, &argv, arena_printf(arena, "--path-include=%s", tree->recipe->include.items[i]));
	strv_push(arena, &argv, "--install");
	for (size_t i = 0; i < layer->n_packages; i++)
		strv_push(arena, &argv, arena_printf(arena, "/tmp%s", deb_path(cache, arena, &layer->packages[order[i]]) + skip));
	*arena_push(arena, argv.items, argv.count) = NULL;
	return argv.items;
}

/* The names dpkg gives at the end of a failed run, under "Errors were encountered while processing:". */
static const char *failed_packages(struct arena *arena, const char *output)
{
	static const char title[] = "Errors were encountered while processing:\n";
	const char *list = strstr(output, title);
	struct buf names = {0};
	const char *text;

	if (!list)
		return NULL;
	for (list += strlen(title); *list == ' '; list += strcspn(list, "\n") + 1)
		buf_printf(&names, "%s%.*s", names.size ? ", " : "", (int)strcspn(list + 1, "\n"), list + 1);
	text = arena_strdup(arena, names.size ? names.data : "");
	buf_free(&names);
	return text;
}

static int explain(struct arena *arena, const struct buf *output, struct err *err)
{
	enum { SHOWN = 3000 };
	const char *text = output->size ? output->data : "", *packages = failed_packages(arena, text);
	const char *tail = output->size > SHOWN ? text + output->size - SHOWN : text;

	if (packages)
		err_set(err, -EIO, "installing failed at the package %s; dpkg said:", packages);
	else
		err_set(err, -EIO, "dpkg failed; it said:");
	return err_wrap(err, "| %s", tail);
}

/* No service starts in a tree: invoke-rc.d asks this. It is gone before the layer is kept. */
static int forbid_services(struct arena *arena, const char *root, const char **ret_path, struct err *err)
{
	static const char policy[] = "#!/bin/sh\nexit 101\n";

	*ret_path = arena_printf(arena, "%s/usr/sbin/policy-rc.d", root);
	return file_publish(*ret_path, policy, strlen(policy), 0755, err);
}

int dpkg_install(struct cache *cache, const struct plan_tree *tree, enum lock_layer layer, const char *root, struct err *err)
{
	/* SOURCE_DATE_EPOCH makes py3compile write byte code that does not hold the time of its source. */
	static const char *const env[] = {
		"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8", "TZ=UTC", "HOME=/root", "SOURCE_DATE_EPOCH=1",
		"DEBIAN_FRONTEND=noninteractive", "DEBCONF_NONINTERACTIVE_SEEN=true", "PYTHONHASHSEED=0", NULL,
	};
	_cleanup_arena_ struct arena *arena = arena_new();
	size_t n = tree->layers[layer].n_packages, *order = arena_array(arena, size_t, n + 1);
	const struct sandbox_op ops[] = {
		{SANDBOX_BIND_RO, arena_printf(arena, "%s/debs", cache_folder(cache)), "/tmp/debs", NULL},
	};
	const struct sandbox sandbox = {.root = root, .ops = ops, .n_ops = 1};
	_cleanup_buf_ struct buf output = {0};
	struct proc proc = {.env = env, .diagnostics = &output};
	const char *policy = NULL;
	int r = debs_order(cache, tree->layers[layer].packages, n, order, err);

	if (r == 0)
		r = forbid_services(arena, root, &policy, err);
	if (r < 0)
		return r;
	proc.argv = command(arena, cache, tree, layer, order);
	r = sandbox_run(&sandbox, &proc, err);
	unlink(policy);
	return r > 0 ? explain(arena, &output, err) : r;
}
