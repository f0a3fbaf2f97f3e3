#include "tree/dpkg.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "edge/debfile.h"
#include "host/sandbox.h"
#include "tree/debs.h"
#include "tree/hang.h"
#include "tree/inside.h"
#include "tree/order.h"
#include "tree/setting.h"

static bool dpkg_has_match(const struct strv *globs, const char *path)
{
	for (size_t i = 0; i < globs->count; i++)
		if (fnmatch(globs->items[i], path, 0) == 0)
			return true;
	return false;
}

/* What is excluded in the bottom layer of a tree, as dpkg's path-exclude and path-include mean it: the last match decides. */
static bool dpkg_wanted(void *data, const char *path)
{
	const struct plan_tree *tree = data;
	const struct recipe *recipe = tree->recipe;

	if (dpkg_has_match(&recipe->include, path) || dpkg_has_match(&tree->layers[LAYER_BASE].exceptions, path))
		return true;
	return !dpkg_has_match(&recipe->exclude, path);
}

static int dpkg_copy_text(int root_fd, const char *from, const char *to, struct err *err)
{
	_cleanup_buf_ struct buf text = {0};
	int r = inside_read(root_fd, from, 1 << 20, &text, err);

	if (r < 0)
		return r;
	if (text.size == 0)
		return err_set(err, -ENOENT, "there is no '%s' in the tree", from);
	return inside_write(root_fd, to, text.data, text.size, &INSIDE_PLAIN, err);
}

/* What dpkg expects to find before the first package is installed: its database, and names for the ids in packages. */
static int dpkg_prepare_root(const char *root, struct err *err)
{
	static const char *const folders[] = {"alternatives", "info", "parts", "triggers", "updates"};
	static const char *const tables[][2] = {
		{"/usr/share/base-passwd/passwd.master", "/etc/passwd"}, {"/usr/share/base-passwd/group.master", "/etc/group"},
	};
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_fd_ int root_fd = inside_open(root, err);
	int r;

	if (root_fd < 0)
		return root_fd;
	for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
		if ((r = inside_folder(root_fd, arena_printf(arena, "/var/lib/dpkg/%s", folders[i]), err)) < 0)
			return r;
	r = inside_write(root_fd, "/var/lib/dpkg/status", "", 0, &INSIDE_PLAIN, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
		if (dpkg_copy_text(root_fd, tables[i][0], tables[i][1], err) < 0)
			return err_wrap(err, "while preparing an empty system (is 'base-passwd' in the lock?)");
	return 0;
}

int dpkg_bootstrap(struct cache *cache, const struct plan_tree *tree, const char *root, struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct plan_layer *layer = &tree->layers[LAYER_BASE];
	struct order order;
	int r = order_make(arena, cache, layer->packages, layer->n_packages, &order, err);

	if (r == 0)
		r = folder_make(root, 0755, err);
	/* Where /bin and its like lead is base-files' to say: packages that name files below them come after it. */
	for (size_t pass = 0; pass < 2; pass++)
		for (size_t i = 0; r == 0 && i < layer->n_packages; i++) {
			const struct debian_package *package = &layer->packages[order.items[i]];

			if ((strcmp(package->name, "base-files") == 0) != (pass == 0))
				continue;
			r = debfile_unpack(deb_path(cache, arena, package), root, PACKAGE_BYTES_MAX, dpkg_wanted,
					   (void *)tree, err);
			if (r < 0)
				err_wrap(err, "while unpacking the package '%s'", package->name);
		}
	return r == 0 ? dpkg_prepare_root(root, err) : r;
}

/* The command line for the `n` packages of `order`. The bottom layer configures itself: what it needs for that is unpacked,
 * but not yet configured. */
static const char *const *dpkg_command(struct arena *arena, struct cache *cache, const struct plan_tree *tree,
				       enum package_layer l, const size_t *order, size_t n)
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
	for (size_t i = 0; i < layer->exceptions.count; i++)
		strv_push(arena, &argv, arena_printf(arena, "--path-include=%s", layer->exceptions.items[i]));
	strv_push(arena, &argv, "--install");
	for (size_t i = 0; i < n; i++)
		strv_push(arena, &argv,
			  arena_printf(arena, "/tmp%s", deb_path(cache, arena, &layer->packages[order[i]]) + skip));
	*arena_push(arena, argv.items, argv.count) = NULL;
	return argv.items;
}

/* dpkg names a package that it could not unpack by its file, which is named by its key. */
static const char *dpkg_package_name(struct arena *arena, const struct plan_layer *layer, const char *word,
				     size_t length)
{
	for (size_t i = 0; i < layer->n_packages; i++)
		if (length > 64 && strncmp(word + length - 64, deb_key(arena, layer->packages[i].sha256), 64) == 0)
			return layer->packages[i].name;
	return arena_strndup(arena, word, length);
}

/* The names dpkg gives at the end of a failed run, under "Errors were encountered while processing:". */
static const char *dpkg_failed_packages(struct arena *arena, const struct plan_layer *layer, const char *output)
{
	static const char title[] = "Errors were encountered while processing:\n";
	const char *list = strstr(output, title), *names = NULL;

	for (list = list ? list + strlen(title) : ""; *list == ' '; list += strcspn(list, "\n"), list += *list == '\n') {
		const char *name = dpkg_package_name(arena, layer, list + 1, strcspn(list + 1, "\n"));

		names = names ? arena_printf(arena, "%s, %s", names, name) : name;
	}
	return names;
}

/* What dpkg called an error in the text before `end`, with the reason that it gives in the indented line below. */
static const char *dpkg_early_errors(struct arena *arena, const char *text, const char *end)
{
	const char *errors = "";
	bool in_error = false;

	while (text < end) {
		size_t length = strcspn(text, "\n") + 1;

		in_error = text_has_prefix(text, "dpkg: error ") || (in_error && *text == ' ');
		if (in_error && strlen(errors) < 2000)
			errors = arena_printf(arena, "%s%.*s", errors, (int)length, text);
		text += length;
	}
	return *errors ? arena_printf(arena, "%s...\n", errors) : errors;
}

/* `r` is dpkg's exit status, or negative when it did not come to its end. */
static int dpkg_explain(struct arena *arena, const struct plan_layer *layer, const struct buf *output, int r,
			struct err *err)
{
	enum { SHOWN = 3000 };
	const char *text = output->size ? output->data : "", *packages = dpkg_failed_packages(arena, layer, text);
	const char *tail = output->size > SHOWN ? text + output->size - SHOWN : text, *newline = strchr(tail, '\n');

	if (tail > text && newline)
		tail = newline + 1;
	if (r > 0 && packages)
		r = err_set(err, -EIO, "cannot install the package %s; output of dpkg:", packages);
	else if (r > 0)
		r = err_set(err, -EIO, "dpkg failed; its output:");
	if (strstr(text, "No space left on device"))
		err_hint(err, "free some space and run the same command again; finished work is kept");
	if (*tail)
		err_wrap(err, "| %s%s", dpkg_early_errors(arena, text, tail), tail);
	return r;
}

/* Watches dpkg's lines for the two things that it says of each package. */
struct watch {
	struct dpkg_progress *progress;
	char line[256]; /* that is coming in */
	size_t length;
	char at[256]; /* what is being done */
	int64_t since_ms;
	char *late;   /* what was running when it took too long */
};

/* A line by which dpkg says what it turns to next. */
static bool dpkg_is_step(const char *line)
{
	static const char *const steps[] = {"Preparing to unpack ", "Unpacking ", "Setting up ", "Processing triggers for ",
					    "Removing "};

	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
		if (text_has_prefix(line, steps[i]))
			return true;
	return false;
}

static void dpkg_count_lines(void *data, const char *bytes, size_t n)
{
	struct watch *watch = data;

	for (size_t i = 0; i < n; i++) {
		if (bytes[i] != '\n') {
			if (watch->length < sizeof watch->line - 1)
				watch->line[watch->length++] = bytes[i];
			continue;
		}
		watch->line[watch->length] = 0;
		watch->length = 0;
		if (dpkg_is_step(watch->line)) {
			memcpy(watch->at, watch->line, sizeof watch->at);
			watch->since_ms = clock_ms();
		}
		if (text_has_prefix(watch->line, "Unpacking ") || text_has_prefix(watch->line, "Setting up "))
			log_progress(__atomic_add_fetch(&watch->progress->done, 1, __ATOMIC_RELAXED) / 2,
				     watch->progress->total / 2, "packages");
	}
}

/* What is running, while it can be seen. */
static void dpkg_late(void *data, pid_t pid)
{
	struct watch *watch = data;

	watch->late = hang_describe(pid);
}

/* A package that never came to its end. */
static int dpkg_explain_late(struct arena *arena, const struct plan_layer *layer, const struct watch *watch,
			     unsigned limit_s, struct err *err)
{
	const char *name = hang_package(arena, watch->late, watch->at);
	int r;

	name = dpkg_package_name(arena, layer, name, strlen(name));
	r = err_set(err, -ETIME, "the package '%s' is not installed within %u s, and was stopped%s%s", name, limit_s,
		    watch->late ? "; running was:" : "", watch->late ? watch->late : "");
	if (*watch->at)
		err_wrap(err, "while dpkg was at: %s", watch->at);
	err_hint(err, "a script of the package waits for something that is not in the sandbox (a service, an answer, the "
		      "network); a slower machine may want more: set AETHER_PACKAGE_SECONDS");
	return r;
}

/* SOURCE_DATE_EPOCH makes py3compile write byte code that does not hold the time of its source. */
#define ENV \
	"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8", "TZ=UTC", "SOURCE_DATE_EPOCH=1", \
	"DEBIAN_FRONTEND=noninteractive", "DEBCONF_NONINTERACTIVE_SEEN=true", "PYTHONHASHSEED=0"
static const char *const dpkg_env[] = {ENV, "HOME=/root", NULL};
/* Language and time zone are what they are: databases are made by them. All may write into TMPDIR. */
static const char *const dpkg_env_otherwise[] = {ENV, "HOME=/tmp", "TMPDIR=/var/tmp", "LINES=50", "COLUMNS=200", NULL};

/* One run of dpkg in the sandbox; what is left out of `proc` are its environment and who hears it. */
static int dpkg_run(const struct sandbox *sandbox, struct proc proc, const struct plan_layer *layer,
		    struct dpkg_progress *progress, struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf output = {0};
	struct watch watch = {.progress = progress, .since_ms = clock_ms()};
	struct err late = {0};
	int r;

	proc.env = progress->otherwise ? dpkg_env_otherwise : dpkg_env;
	proc.diagnostics = &output;
	proc.heard = dpkg_count_lines;
	proc.heard_data = &watch;
	proc.since_ms = &watch.since_ms;
	proc.late = dpkg_late;
	r = sandbox_run(sandbox, &proc, &late);
	if (r == -ETIME)
		dpkg_explain_late(arena, layer, &watch, proc.deadline_s, err);
	else
		err_take(err, &late);
	err_free(&late);
	free(watch.late);
	return r == 0 ? 0 : dpkg_explain(arena, layer, &output, r, err);
}

int dpkg_install(struct cache *cache, const struct plan_tree *tree, enum package_layer l, const char *root,
		 struct dpkg_progress *progress, struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct plan_layer *layer = &tree->layers[l];
	const struct sandbox_op ops[] = {
		{SANDBOX_BIND_RO, arena_printf(arena, "%s/debs", cache_folder(cache)), "/tmp/debs", NULL},
	};
	const struct sandbox sandbox = {
		.root = root, .ops = ops, .n_ops = 1, .first_pid = progress->otherwise ? 20000 : 0};
	struct proc proc = {.deadline_s = hang_limit_s()};
	_cleanup_fd_ int root_fd = inside_open(root, err);
	struct order order;
	int r = root_fd < 0 ? root_fd : order_make(arena, cache, layer->packages, layer->n_packages, &order, err);

	if (r == 0)
		r = setting_put(root_fd, err);
	for (size_t i = 0, start = 0; r == 0 && i < order.n_runs; start = order.run_ends[i++]) {
		if (l == LAYER_BASE) /* each package is unpacked once, and configured once */
			i = order.n_runs - 1;
		proc.argv = dpkg_command(arena, cache, tree, l, order.items + start, order.run_ends[i] - start);
		r = dpkg_run(&sandbox, proc, layer, progress, err);
	}
	return r == 0 ? setting_take_away(root_fd, err) : r;
}
