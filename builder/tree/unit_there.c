#include "tree/unit_there.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/escape.h"
#include "base/file.h"
#include "tree/inside.h"

#define GENERATORS "/usr/lib/systemd/system-generators"

enum { TABLE_BYTES_MAX = 1 << 20 };

/* Where systemd looks for units, the first one first. */
static const char *const folders[] = {"/etc/systemd/system", "/usr/local/lib/systemd/system", "/usr/lib/systemd/system"};
enum { N_FOLDERS = sizeof folders / sizeof *folders };

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

const char *unit_of_quadlet(struct arena *arena, const char *name)
{
	static const char *const plain[] = {".container", ".kube"};
	const char *dot = strrchr(name, '.');

	if (!dot)
		return name;
	for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
		if (strcmp(dot, plain[i]) == 0)
			return arena_printf(arena, "%.*s.service", (int)(dot - name), name);
	return arena_printf(arena, "%.*s-%s.service", (int)(dot - name), name, dot + 1);
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
static enum unit_there unit_there_by_file(struct arena *arena, const struct plan *plan, int root_fd, const char *name)
{
	enum unit_there found = UNIT_MISSING;

	for (size_t i = 0; i < plan->n_units; i++)
		if (strcmp(plan->units[i].name, name) == 0 && (plan->units[i].mask || plan->units[i].text))
			found = plan->units[i].mask ? UNIT_MASKED : UNIT_THERE;
	for (size_t i = 0; !found && i < N_FOLDERS; i++)
		found = unit_there_at(root_fd, arena_printf(arena, "%s/%s", folders[i], name));
	return found;
}

/* --- what is made at run time ---------------------------------------------------------------------------------------- */

typedef bool unit_source(struct arena *arena, const struct plan *plan, int root_fd, const char *name);

/* What the kernel, logind and systemd make by themselves. */
static bool unit_there_by_itself(struct arena *arena, const struct plan *plan, int root_fd, const char *name)
{
	static const char *const suffixes[] = {".device", ".scope", ".slice"};

	(void)arena, (void)plan, (void)root_fd;
	for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++)
		if (text_has_suffix(name, suffixes[i]))
			return true;
	return false;
}

/* A mount unit comes with whatever is mounted: by the program in the initrd, from the partitions, for the state of a container,
 * and by systemd for the kernel's own file systems. */
static bool unit_there_by_mount(struct arena *arena, const struct plan *plan, int root_fd, const char *name)
{
	static const char *const always[] = {
		"/", "/dev", "/dev/hugepages", "/dev/mqueue", "/dev/pts", "/dev/shm", "/proc", "/run", "/run/lock", "/sys",
		"/sys/fs/bpf", "/sys/fs/cgroup", "/sys/fs/pstore", "/sys/kernel/security",
	};
	const struct recipe *recipe = plan->recipe;

	(void)root_fd;
	for (size_t i = 0; i < sizeof always / sizeof *always; i++)
		if (strcmp(unit_of_path(arena, always[i], ".mount"), name) == 0)
			return true;
	for (size_t d = 0; d < recipe->n_disks; d++)
		for (size_t i = 0; i < recipe->disks[d].n_partitions; i++) {
			const char *path = recipe->disks[d].partitions[i].mountpoint;

			if (path && strcmp(unit_of_path(arena, path, ".mount"), name) == 0)
				return true;
		}
	for (size_t i = 0; recipe->kind == KIND_LXC && i < recipe->state.count; i++)
		if (strcmp(unit_of_path(arena, recipe->state.items[i], ".mount"), name) == 0)
			return true;
	return plan->layout.n_partitions && strcmp(name, "etc.mount") == 0; /* the overlay over an immutable root */
}

/* fstab(5) by systemd-fstab-generator: its mounts, swaps and automounts. */
static bool unit_there_by_fstab(struct arena *arena, const struct plan *plan, int root_fd, const char *name)
{
	static const char *const suffixes[] = {".mount", ".automount", ".swap"};
	_cleanup_buf_ struct buf text = {0};
	struct err ignored = {0};
	char *rest, *line;

	(void)plan;
	if (inside_read(root_fd, "/etc/fstab", TABLE_BYTES_MAX, &text, &ignored) < 0)
		err_free(&ignored);
	rest = arena_strdup(arena, text.data ? text.data : "");
	while ((line = strsep(&rest, "\n"))) {
		char *what = strtok_r(line, " \t", &line), *where = what ? strtok_r(NULL, " \t", &line) : NULL;

		if (!where || *what == '#')
			continue;
		for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++)
			if (strcmp(unit_of_path(arena, i == 2 ? what : where, suffixes[i]), name) == 0)
				return true;
	}
	return false;
}

/* Scripts of /etc/init.d by systemd-sysv-generator. */
static bool unit_there_by_script(struct arena *arena, const struct plan *plan, int root_fd, const char *name)
{
	const char *path = arena_printf(arena, "/etc/init.d/%s", name);

	(void)plan;
	if (!text_has_suffix(name, ".service") || !inside_exists(root_fd, GENERATORS "/systemd-sysv-generator"))
		return false;
	return inside_exists(root_fd, arena_strndup(arena, path, strlen(path) - strlen(".service")));
}

static const char *unit_there_service_name(const struct recipe_quadlet *quadlet)
{
	for (size_t i = 0; i < quadlet->settings.count; i++)
		if (strcmp(quadlet->settings.items[i].key, "ServiceName") == 0)
			return quadlet->settings.items[i].value;
	return NULL;
}

/* What podman's generator makes of the recipe's quadlets, of those of files, and of packages. A user's are not the system's. */
static bool unit_there_by_quadlet(struct arena *arena, const struct plan *plan, int root_fd, const char *name)
{
	static const char *const quadlets[] = {"/etc/containers/systemd", "/usr/share/containers/systemd"};
	static const char *const suffixes[] = {".container", ".kube", ".pod", ".volume", ".network", ".image", ".build"};
	const struct recipe *recipe = plan->recipe;
	const char *template = unit_template(arena, name);

	for (size_t i = 0; i < recipe->n_quadlets; i++) {
		const struct recipe_quadlet *quadlet = &recipe->quadlets[i];
		const char *own = unit_there_service_name(quadlet);
		const char *unit = own ? arena_printf(arena, "%s.service", own) : unit_of_quadlet(arena, quadlet->name);

		if (!quadlet->user && (strcmp(unit, name) == 0 || strcmp(unit, template) == 0))
			return true;
	}
	for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
		const char *end = unit_of_quadlet(arena, arena_printf(arena, "x%s", suffixes[i])) + 1;
		const char *stem = arena_strndup(arena, name, strlen(name) - (text_has_suffix(name, end) ? strlen(end) : 0));

		for (size_t f = 0; text_has_suffix(name, end) && f < sizeof quadlets / sizeof *quadlets; f++)
			if (inside_exists(root_fd, arena_printf(arena, "%s/%s%s", quadlets[f], stem, suffixes[i])))
				return true;
	}
	return false;
}

/* systemd's own generators that make units of other names than files have. */
static bool unit_there_by_generator(struct arena *arena, const struct plan *plan, int root_fd, const char *name)
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
	const char *template = unit_template(arena, name);

	(void)plan;
	for (size_t i = 0; i < sizeof made / sizeof *made; i++)
		if ((strcmp(made[i].unit, name) == 0 || strcmp(made[i].unit, template) == 0) &&
		    inside_exists(root_fd, arena_printf(arena, GENERATORS "/%s", made[i].generator)))
			return true;
	return false;
}

/* Generators whose units have files, instances of templates included; or that are a part of the above. */
static int unit_there_note_generator(void *data, int folder_fd, const char *path, const char *name, unsigned char type,
				     struct err *err)
{
	static const char *const known[] = {"cloud-init-generator", "postgresql-generator", "openvpn-generator",
					    "podman-system-generator", "zram-generator"};
	bool *unsure = data;

	(void)folder_fd, (void)path, (void)type, (void)err;
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (strcmp(known[i], name) == 0)
			return 0;
	*unsure |= !text_has_prefix(name, "systemd-");
	return 0;
}

static bool unit_there_foreign_generator(int root_fd)
{
	static const char *const generators[] = {"/etc/systemd/system-generators",
						 "/usr/local/lib/systemd/system-generators", GENERATORS};
	struct err ignored = {0};
	bool unsure = false;

	for (size_t i = 0; i < sizeof generators / sizeof *generators; i++)
		inside_each(root_fd, generators[i], unit_there_note_generator, &unsure, &ignored);
	err_free(&ignored);
	return unsure;
}

enum unit_there unit_there(const struct plan *plan, int root_fd, const char *name)
{
	static unit_source *const sources[] = {
		unit_there_by_itself, unit_there_by_mount, unit_there_by_fstab,
		unit_there_by_script, unit_there_by_quadlet, unit_there_by_generator,
	};
	_cleanup_arena_ struct arena *arena = arena_new();
	const char *template = unit_template(arena, name);
	enum unit_there found = unit_there_by_file(arena, plan, root_fd, name);

	if (!found && template != name)
		found = unit_there_by_file(arena, plan, root_fd, template);
	for (size_t i = 0; !found && i < sizeof sources / sizeof *sources; i++)
		found = sources[i](arena, plan, root_fd, name) ? UNIT_THERE : UNIT_MISSING;
	return !found && unit_there_foreign_generator(root_fd) ? UNIT_UNSURE : found;
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

const char *unit_nearest(struct arena *arena, const struct plan *plan, int root_fd, const char *name)
{
	struct unit_names known = {.arena = arena};
	const char *template = unit_template(arena, name), *near, *at;
	struct err ignored = {0};

	for (size_t i = 0; i < N_FOLDERS; i++)
		inside_each(root_fd, folders[i], unit_there_note_name, &known, &ignored);
	err_free(&ignored);
	for (size_t i = 0; i < plan->n_units; i++)
		if (plan->units[i].text)
			strv_push(arena, &known.names, plan->units[i].name);
	for (size_t i = 0; i < plan->recipe->n_quadlets; i++)
		if (!plan->recipe->quadlets[i].user)
			strv_push(arena, &known.names, unit_of_quadlet(arena, plan->recipe->quadlets[i].name));
	near = text_nearest(template, known.names.items, known.names.count);
	at = near && template != name ? strchr(near, '@') : NULL;
	if (at && at[1] == '.')
		return arena_printf(arena, "%.*s%s", (int)(at - near) + 1, near, strchr(name, '@') + 1);
	return near ? near : text_nearest(name, known.names.items, known.names.count);
}
