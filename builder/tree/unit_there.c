#include "tree/unit_there.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/escape.h"
#include "base/file.h"
#include "tree/fstab.h"
#include "tree/inside.h"

#define GENERATORS "/usr/lib/systemd/system-generators"

struct question {
	struct arena *arena;
	const struct plan *plan;
	int root_fd;
	const struct unit_scope *scope;
};

/* --- names ----------------------------------------------------------------------------------------------------------- */

const char *unit_template(struct arena *arena, const char *name)
{
	const char *at = strchr(name, '@'), *dot = strrchr(name, '.');

	return at && dot && dot > at ? arena_printf(arena, "%.*s%s", (int)(at - name) + 1, name, dot) : name;
}

const char *unit_of_path(struct arena *arena, const char *path, const char *suffix)
{
	return arena_printf(arena, "%s%s", escape_unit_path(arena, path), suffix);
}

/* --- files ----------------------------------------------------------------------------------------------------------- */

/* A link to /dev/null and an empty file mean that there is to be no such unit; the target of a link may be missing here, and be
 * made by the machine (/run). */
static enum unit_there unit_there_at(int root_fd, const char *path)
{
	_cleanup_fd_ int fd = root_open(root_fd, path, O_PATH | O_NOFOLLOW, 0);
	char target[sizeof "/dev/null"] = "";
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return UNIT_MISSING;
	if (S_ISLNK(st.st_mode) && readlinkat(fd, "", target, sizeof target - 1) > 0)
		return strcmp(target, "/dev/null") == 0 ? UNIT_MASKED : UNIT_THERE;
	return S_ISREG(st.st_mode) ? st.st_size ? UNIT_THERE : UNIT_MASKED : UNIT_MISSING;
}

/* By a file of exactly this name. */
static enum unit_there unit_there_by_file(const struct question *q, const char *name)
{
	enum unit_there found = UNIT_MISSING;

	for (size_t i = 0; i < q->plan->n_units; i++) {
		const struct plan_unit *unit = &q->plan->units[i];

		if (unit->uid == q->scope->uid && strcmp(unit->name, name) == 0 && (unit->mask || unit->text))
			found = unit->mask ? UNIT_MASKED : UNIT_THERE;
	}
	for (const char *const *folder = q->scope->folders; !found && *folder; folder++)
		found = unit_there_at(q->root_fd, arena_printf(q->arena, "%s/%s", *folder, name));
	return found;
}

/* --- what is made at run time ---------------------------------------------------------------------------------------- */

typedef bool unit_source(const struct question *q, const char *name);

/* What the kernel, logind and systemd make by themselves. */
static bool unit_there_by_itself(const struct question *q, const char *name)
{
	static const char *const suffixes[] = {".device", ".scope", ".slice"};

	if (q->scope->user && text_has_suffix(name, "@autostart.service")) /* systemd-xdg-autostart-generator(8) */
		return true;
	for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++)
		if (text_has_suffix(name, suffixes[i]))
			return true;
	return false;
}

/* A mount unit comes with whatever is mounted: by the program in the initrd, from the partitions, for the state of a container,
 * and by systemd for the kernel's own file systems. */
static bool unit_there_by_mount(const struct question *q, const char *name)
{
	static const char *const always[] = {
		"/", "/dev", "/dev/hugepages", "/dev/mqueue", "/dev/pts", "/dev/shm", "/proc", "/run", "/run/lock", "/sys",
		"/sys/fs/bpf", "/sys/fs/cgroup", "/sys/fs/pstore", "/sys/kernel/security",
	};
	const struct recipe *recipe = q->plan->recipe;

	for (size_t i = 0; i < sizeof always / sizeof *always; i++)
		if (strcmp(unit_of_path(q->arena, always[i], ".mount"), name) == 0)
			return true;
	for (size_t i = 0; i < recipe->n_mounts; i++)
		if (strcmp(unit_of_path(q->arena, recipe->mounts[i].mountpoint, ".mount"), name) == 0)
			return true;
	for (size_t i = 0; recipe->kind == KIND_LXC && i < recipe->state.count; i++)
		if (strcmp(unit_of_path(q->arena, recipe->state.items[i], ".mount"), name) == 0)
			return true;
	return q->plan->layout.n_partitions && strcmp(name, "etc.mount") == 0; /* the overlay over an immutable root */
}

struct fstab_search {
	struct arena *arena;
	const char *name;
	bool found;
};

static void unit_there_look_at_mount(void *data, const struct mntent *entry)
{
	struct fstab_search *search = data;
	const char *const names[] = {
		unit_of_path(search->arena, entry->mnt_dir, ".mount"),
		unit_of_path(search->arena, entry->mnt_dir, ".automount"),
		unit_of_path(search->arena, entry->mnt_fsname, ".swap"),
	};

	for (size_t i = 0; *entry->mnt_dir && i < sizeof names / sizeof *names; i++)
		search->found = search->found || strcmp(names[i], search->name) == 0;
}

/* fstab(5) by systemd-fstab-generator: its mounts, swaps and automounts. */
static bool unit_there_by_fstab(const struct question *q, const char *name)
{
	struct fstab_search search = {q->arena, name, false};
	struct err ignored = {0};

	if (fstab_each(q->root_fd, unit_there_look_at_mount, &search, &ignored) < 0)
		err_free(&ignored);
	return search.found;
}

/* Scripts of /etc/init.d by systemd-sysv-generator. */
static bool unit_there_by_script(const struct question *q, const char *name)
{
	const char *path = arena_printf(q->arena, "/etc/init.d/%s", name);

	if (q->scope->user || !text_has_suffix(name, ".service") ||
	    !inside_exists(q->root_fd, GENERATORS "/systemd-sysv-generator"))
		return false;
	return inside_exists(q->root_fd, arena_strndup(q->arena, path, strlen(path) - strlen(".service")));
}

/* Whether the manager is the one that runs the quadlet. */
static bool unit_there_runs(const struct unit_scope *scope, const struct recipe_quadlet *quadlet)
{
	return scope->user && quadlet->user ? strcmp(scope->user, quadlet->user) == 0 : !scope->user && !quadlet->user;
}

/* Where a manager's quadlets are that the recipe has in `files`, and those of packages (podman-systemd.unit(5)). */
static const char *const *unit_there_quadlet_folders(const struct question *q)
{
	static const char *const system[] = {"/etc/containers/systemd", "/usr/share/containers/systemd", NULL};
	struct strv folders = {0};

	if (!q->scope->user)
		return system;
	strv_push(q->arena, &folders, arena_printf(q->arena, "/etc/containers/systemd/users/%" PRId64, q->scope->uid));
	strv_push(q->arena, &folders, "/etc/containers/systemd/users");
	strv_push(q->arena, &folders, "/usr/share/containers/systemd/users");
	*arena_push(q->arena, folders.items, folders.count) = NULL;
	return folders.items;
}

/* What podman's generator makes of the recipe's quadlets, of those of files, and of packages. */
static bool unit_there_by_quadlet(const struct question *q, const char *name)
{
	static const char *const suffixes[] = {".container", ".kube", ".pod", ".volume", ".network", ".image", ".build"};
	const struct recipe *recipe = q->plan->recipe;
	const char *template = unit_template(q->arena, name);

	for (size_t i = 0; i < recipe->n_quadlets; i++) {
		const char *unit = unit_of_recipe_quadlet(q->arena, &recipe->quadlets[i]);

		if (unit_there_runs(q->scope, &recipe->quadlets[i]) &&
		    (strcmp(unit, name) == 0 || strcmp(unit, template) == 0))
			return true;
	}
	for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
		const char *end = unit_of_quadlet(q->arena, arena_printf(q->arena, "x%s", suffixes[i])) + 1;
		const char *stem =
			arena_strndup(q->arena, name, strlen(name) - (text_has_suffix(name, end) ? strlen(end) : 0));

		for (const char *const *folder = unit_there_quadlet_folders(q); text_has_suffix(name, end) && *folder; folder++)
			if (inside_exists(q->root_fd, arena_printf(q->arena, "%s/%s%s", *folder, stem, suffixes[i])))
				return true;
	}
	return false;
}

/* systemd's own generators that make units of other names than files have. */
static bool unit_there_by_generator(const struct question *q, const char *name)
{
	static const struct { const char *generator, *unit; } made[] = {
		{"systemd-ssh-generator", "sshd-vsock.socket"},
		{"systemd-ssh-generator", "sshd-unix-local.socket"},
		{"systemd-ssh-generator", "sshd-unix-export.socket"},
		{"systemd-ssh-generator", "sshd-vsock@.service"},
		{"systemd-ssh-generator", "sshd-unix-local@.service"},
		{"systemd-ssh-generator", "sshd-unix-export@.service"},
		{"systemd-cryptsetup-generator", "systemd-cryptsetup@.service"},
		{"systemd-veritysetup-generator", "systemd-veritysetup@.service"},
		{"systemd-integritysetup-generator", "systemd-integritysetup@.service"},
		{"systemd-run-generator", "kernel-command-line.service"},
		{"systemd-system-update-generator", "system-update.target"},
	};
	const char *template = unit_template(q->arena, name);

	for (size_t i = 0; !q->scope->user && i < sizeof made / sizeof *made; i++)
		if ((strcmp(made[i].unit, name) == 0 || strcmp(made[i].unit, template) == 0) &&
		    inside_exists(q->root_fd, arena_printf(q->arena, GENERATORS "/%s", made[i].generator)))
			return true;
	return false;
}

/* Generators whose units have files, instances of templates included; or that are a part of the above. */
static int unit_there_note_generator(void *data, int folder_fd, const char *path, const char *name, unsigned char type,
				     struct err *err)
{
	static const char *const known[] = {"cloud-init-generator", "postgresql-generator", "openvpn-generator",
					    "podman-system-generator", "podman-user-generator",
					    "zram-generator", USER_UNITS_GENERATOR};
	bool *unsure = data;

	(void)folder_fd, (void)path, (void)type, (void)err;
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (strcmp(known[i], name) == 0)
			return 0;
	*unsure |= !text_has_prefix(name, "systemd-");
	return 0;
}

static bool unit_there_foreign_generator(const struct question *q)
{
	struct err ignored = {0};
	bool unsure = false;

	for (const char *const *folder = q->scope->generators; *folder; folder++)
		inside_each(q->root_fd, *folder, unit_there_note_generator, &unsure, &ignored);
	err_free(&ignored);
	return unsure;
}

enum unit_there unit_there_of(const struct plan *plan, int root_fd, const struct unit_scope *scope, const char *name)
{
	static unit_source *const sources[] = {
		unit_there_by_itself, unit_there_by_mount, unit_there_by_fstab,
		unit_there_by_script, unit_there_by_quadlet, unit_there_by_generator,
	};
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct question q = {arena, plan, root_fd, scope};
	const char *template = unit_template(arena, name);
	enum unit_there found = unit_there_by_file(&q, name);

	if (!found && template != name)
		found = unit_there_by_file(&q, template);
	for (size_t i = 0; !found && i < sizeof sources / sizeof *sources; i++)
		found = sources[i](&q, name) ? UNIT_THERE : UNIT_MISSING;
	return !found && unit_there_foreign_generator(&q) ? UNIT_UNSURE : found;
}

enum unit_there unit_there(const struct plan *plan, int root_fd, const char *name)
{
	return unit_there_of(plan, root_fd, &unit_scope_system, name);
}

/* --- the nearest name ------------------------------------------------------------------------------------------------ */

struct unit_names {
	struct arena *arena;
	struct strv names;
};

static int unit_there_note_name(void *data, int folder_fd, const char *path, const char *name, unsigned char type,
				struct err *err)
{
	struct unit_names *known = data;

	(void)folder_fd, (void)path, (void)err;
	if (type != DT_DIR) /* NAME.service.d, NAME.target.wants */
		strv_push(known->arena, &known->names, name);
	return 0;
}

const char *unit_nearest_of(struct arena *arena, const struct plan *plan, int root_fd, const struct unit_scope *scope,
			    const char *name)
{
	struct unit_names known = {.arena = arena};
	const char *template = unit_template(arena, name), *near, *at;
	struct err ignored = {0};

	for (const char *const *folder = scope->folders; *folder; folder++)
		inside_each(root_fd, *folder, unit_there_note_name, &known, &ignored);
	err_free(&ignored);
	for (size_t i = 0; i < plan->n_units; i++)
		if (plan->units[i].text && plan->units[i].uid == scope->uid && strcmp(plan->units[i].name, name) != 0)
			strv_push(arena, &known.names, plan->units[i].name);
	for (size_t i = 0; i < plan->recipe->n_quadlets; i++)
		if (unit_there_runs(scope, &plan->recipe->quadlets[i]))
			strv_push(arena, &known.names, unit_of_recipe_quadlet(arena, &plan->recipe->quadlets[i]));
	near = text_nearest(template, known.names.items, known.names.count);
	at = near && template != name ? strchr(near, '@') : NULL;
	if (at && at[1] == '.')
		return arena_printf(arena, "%.*s%s", (int)(at - near) + 1, near, strchr(name, '@') + 1);
	return near ? near : text_nearest(name, known.names.items, known.names.count);
}

const char *unit_nearest(struct arena *arena, const struct plan *plan, int root_fd, const char *name)
{
	return unit_nearest_of(arena, plan, root_fd, &unit_scope_system, name);
}
