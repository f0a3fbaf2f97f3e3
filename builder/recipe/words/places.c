/* Places in the image where what a recipe puts there is not seen, is removed, or is somebody else's to say: one table, which
 * every word that puts something at a path of the recipe's choosing asks. */
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#include "recipe/words/words.h"

static const char AT_BOOT[] = "let systemd make it at boot: 'RuntimeDirectory' or 'LogsDirectory' of the unit, or a line in "
			      "a file below /etc/tmpfiles.d";

/* --- what may be so or not, by what else the recipe says ------------------------------------------------------------- */

static bool places_has_file(const struct recipe *recipe, const char *path)
{
	for (size_t i = 0; i < recipe->n_files; i++)
		if (strcmp(recipe->files[i].path, path) == 0)
			return true;
	return false;
}

static bool places_mounts(const struct recipe *recipe, const char *path)
{
	(void)path;
	for (size_t i = 0; i < recipe->n_mounts; i++)
		if (strcmp(recipe->mounts[i].mountpoint, "/var") != 0)
			return true;
	return false;
}

static bool places_filters(const struct recipe *recipe, const char *path)
{
	(void)path;
	return recipe_opens(recipe) || recipe_routes(recipe);
}

/* (recipes/modules/cloud-init.recipe) */
static bool places_is_cloud_inits(const struct recipe *recipe, const char *path)
{
	(void)path;
	return places_has_file(recipe, "/etc/cloud/cloud.cfg") &&
	       !places_has_file(recipe, "/etc/cloud/templates/hosts.debian.tmpl");
}

/* Proxmox leaves NAME alone when there is a `.pve-ignore.NAME` beside it. */
static bool places_is_proxmoxs(const struct recipe *recipe, const char *path)
{
	char ignore[256];

	snprintf(ignore, sizeof ignore, "/etc/.pve-ignore.%s", path_last(path));
	if (strcmp(path, "/etc/network/interfaces") == 0)
		snprintf(ignore, sizeof ignore, "/etc/network/.pve-ignore.interfaces");
	return !places_has_file(recipe, ignore);
}

static bool places_is_not_state(const struct recipe *recipe, const char *path)
{
	for (size_t i = 0; i < recipe->state.count; i++)
		if (path_is_below(path, recipe->state.items[i]))
			return false;
	return true;
}

/* --- the table ------------------------------------------------------------------------------------------------------- */

enum { BOTH = KIND_VM | KIND_LXC, EXACT = 0, BELOW = 1 };

/* The first row that fits counts. `path` is a glob(7), and with BELOW stands for all that is in it, too. */
static const struct place {
	const char *path;
	int below;
	unsigned kinds;
	bool warning;
	bool (*applies)(const struct recipe *recipe, const char *path); /* NULL: always */
	const char *why, *hint;                                         /* `why` has the path as %s */
} places[] = {
	/* not seen */
	{"/proc", BELOW, BOTH, false, NULL, "'%s' would not be seen: /proc is the kernel's",
	 "settings of the kernel go into a file below /etc/sysctl.d"},
	{"/sys", BELOW, BOTH, false, NULL, "'%s' would not be seen: /sys is the kernel's",
	 "write a line with 'w' into a file below /etc/tmpfiles.d, or a udev rule"},
	{"/dev", BELOW, BOTH, false, NULL, "'%s' would not be seen: /dev is the kernel's and udev's",
	 "write a udev rule below /etc/udev/rules.d"},
	{"/run", BELOW, BOTH, false, NULL, "'%s' would not be seen: /run is empty at each start", AT_BOOT},
	{"/var/run", BELOW, BOTH, false, NULL, "'%s' would not be seen: /var/run is empty at each start", AT_BOOT},
	{"/var/lock", BELOW, BOTH, false, NULL, "'%s' would not be seen: /var/lock is empty at each start", AT_BOOT},
	{"/tmp", BELOW, BOTH, false, NULL, "'%s' would not be seen: /tmp is empty at each start", AT_BOOT},
	/* removed again (tree/clean.c) */
	{"/var/tmp", BELOW, BOTH, false, NULL, "'%s' would be removed: /var/tmp is emptied when the image is made", AT_BOOT},
	{"/var/log", BELOW, BOTH, false, NULL, "'%s' would be removed: /var/log is emptied when the image is made", AT_BOOT},
	{"/var/cache/apt", BELOW, BOTH, false, NULL,
	 "'%s' would be removed: apt's cache is emptied when the image is made", NULL},
	{"/var/lib/apt/lists", BELOW, BOTH, false, NULL,
	 "'%s' would be removed: apt's lists are emptied when the image is made",
	 NULL},
	{"/etc/ssh/ssh_host_*", EXACT, BOTH, false, NULL, "'%s' would be removed: each machine makes its own host key",
	 "sshd_config(5) can name a key elsewhere: 'HostKey' in a file below /etc/ssh/sshd_config.d"},
	{"/var/lib/systemd/random-seed", EXACT, BOTH, false, NULL, "'%s' would be removed: each machine has its own", NULL},
	{"/var/lib/systemd/credential.secret", EXACT, BOTH, false, NULL,
	 "'%s' would be removed: each machine has its own", NULL},
	{"/var/lib/dbus/machine-id", EXACT, BOTH, false, NULL, "'%s' would be removed: each machine has its own", NULL},
	/* another's to say */
	{"/etc/machine-id", EXACT, BOTH, false, NULL, "'%s' is each machine's own", NULL},
	{"/etc/passwd", EXACT, BOTH, false, NULL, "'%s' is made by packages and by 'users'", "add the account to 'users'"},
	{"/etc/group", EXACT, BOTH, false, NULL, "'%s' is made by packages and by 'users'",
	 "use 'groups' of the user, or a file below /usr/lib/sysusers.d"},
	{"/etc/shadow", EXACT, BOTH, false, NULL, "'%s' is made by packages and by 'users'", "add the account to 'users'"},
	{"/etc/gshadow", EXACT, BOTH, false, NULL, "'%s' is made by packages and by 'users'",
	 "use 'groups' of the user, or a file below /usr/lib/sysusers.d"},
	{"/var/lib/dpkg", BELOW, BOTH, false, NULL, "'%s' is dpkg's, which says what is in the image", NULL},
	{"/etc/hostname", EXACT, BOTH, false, NULL, "'%s' is made from 'name'", "write 'name: NAME'"},
	{"/etc/localtime", EXACT, BOTH, false, NULL,
	 "'%s' is made from 'timezone'", "write 'timezone: Europe/Berlin', for example"},
	{"/etc/fstab", EXACT, KIND_VM, false, places_mounts, "'%s' is made from 'partitions', whose mount points would be lost",
	 "write what else is to be mounted as a unit: 'units: { srv-share.mount: { Mount: { … } } }'"},
	{"/etc/nftables.conf", EXACT, BOTH, false, places_filters,
	 "'%s' is made from 'firewall', whose ports would stay closed",
	 "put rules of your own into 'firewall.rules'; or remove 'firewall' (with '!remove' when a parent or a module says it) "
	 "to write all of it by hand"},
	{"/usr/lib/tmpfiles.d/zz-var.conf", EXACT, BOTH, false, NULL, "'%s' is written when the image is made",
	 "use a file of another name"},
	{"/etc/hosts", EXACT, KIND_VM, true, places_is_cloud_inits,
	 "cloud-init writes '%s' anew at each boot of a machine that has a seed, as machines of Proxmox have",
	 "put the lines into /etc/cloud/templates/hosts.debian.tmpl as well, where $fqdn and $hostname are the machine's"},
	{"/etc/resolv.conf", EXACT, KIND_LXC, true, places_is_proxmoxs,
	 "Proxmox writes '%s' anew at each start of the container",
	 "add an empty file '/etc/.pve-ignore.resolv.conf', and Proxmox leaves it alone"},
	{"/etc/network/interfaces", EXACT, KIND_LXC, true, places_is_proxmoxs,
	 "Proxmox writes its interfaces into '%s' at each start of the container",
	 "use a file below /etc/network/interfaces.d; or add an empty file '/etc/network/.pve-ignore.interfaces', and Proxmox "
	 "leaves it alone"},
	/* probably not meant */
	{"/boot", BELOW, KIND_VM, true, NULL, "nothing reads '%s': the boot loaders' files are on the EFI system partition",
	 "'kernelArgs' has the kernel's arguments; the menus are aether-build's"},
	{"/efi", BELOW, KIND_VM, true, NULL,
	 "nothing reads '%s': the boot loaders' files are on the EFI system partition", NULL},
	{"/var", BELOW, KIND_VM, true, places_is_not_state,
	 "'%s' is only what a new machine starts with: one that is there already keeps its own",
	 "name it, or its folder, under 'state' when that is meant; what each image brings anew belongs below /etc or /usr"},
	{"/home", BELOW, KIND_VM, true, places_is_not_state,
	 "'%s' is only what a new machine starts with: one that is there already keeps its own",
	 "name it under 'state' when that is meant; what each new home gets belongs below /etc/skel"},
	{"/root", BELOW, KIND_VM, true, places_is_not_state,
	 "'%s' is only what a new machine starts with: one that is there already keeps its own",
	 "name it under 'state' when that is meant"},
};

static bool places_fits(const struct place *place, const struct recipe *recipe, const char *path)
{
	return (place->kinds & recipe->kind) &&
	       (place->below ? path_is_below(path, place->path) : fnmatch(place->path, path, FNM_PATHNAME) == 0) &&
	       (!place->applies || place->applies(recipe, path));
}

/* --- what is mounted over it ----------------------------------------------------------------------------------------- */

/* What lies below /var, /home and /root of the image is copied when all is mounted. */
static bool places_is_copied(const char *path)
{
	return path_is_below(path, "/var") || path_is_below(path, "/home") || path_is_below(path, "/root");
}

static bool places_is_hidden_by_partition(struct decoder *decoder, const struct pos *pos, const char *key_path,
					  const char *path)
{
	const struct recipe *recipe = decoder->recipe;

	for (size_t i = 0; i < recipe->n_mounts && !places_is_copied(path); i++) {
		const struct recipe_mount *mount = &recipe->mounts[i];

		if (!path_is_below(path, mount->mountpoint))
			continue;
		err_at(decoder->err, -EINVAL, pos, key_path, "'%s' would not be seen: %s is mounted at '%s'", path, mount->what,
		       mount->mountpoint);
		err_hint(decoder->err,
			 "put it elsewhere, and let a line 'C %s - - - - /usr/share/…' in a file below /etc/tmpfiles.d copy it",
			 path);
		return true;
	}
	return false;
}

static const char *places_setting(const struct recipe_unit *unit, const char *key)
{
	const char *value = NULL;

	for (size_t i = 0; i < unit->settings.count; i++)
		if (strcmp(unit->settings.items[i].section, "Mount") == 0 && strcmp(unit->settings.items[i].key, key) == 0)
			value = unit->settings.items[i].value;
	return value;
}

static void places_check_units(struct decoder *decoder, const struct pos *pos, const char *key_path, const char *path)
{
	static const char folder[] = "/etc/systemd/system/", drop_in[] = ".d/50-recipe.conf";
	const char *system_unit = text_has_prefix(path, folder) ? path + sizeof folder - 1 : "";

	for (size_t i = 0; i < decoder->recipe->n_units; i++) {
		const struct recipe_unit *unit = &decoder->recipe->units[i];
		const char *where = places_setting(unit, "Where");
		const char *name = unit->user ? "" : system_unit;
		size_t length = strlen(unit->name);

		if (where && !unit->mask && path_is_below(path, where)) {
			err_warn(decoder->err, pos, key_path, "'%s' is not seen while '%s' is mounted at '%s'", path,
				 unit->name, where);
		} else if (strcmp(name, unit->name) == 0 && unit->mask) {
			err_at(decoder->err, -EINVAL, pos, key_path, "'%s' is masked by 'units': this file would be replaced",
			       unit->name);
		} else if (strncmp(name, unit->name, length) == 0 && strcmp(name + length, drop_in) == 0 &&
			   unit->settings.count) {
			err_at(decoder->err, -EINVAL, pos, key_path,
			       "'%s' has settings in 'units', which would replace this file", unit->name);
			err_hint(decoder->err, "write its sections there, or give the file another name");
		}
	}
}

void word_check_place(struct decoder *decoder, const struct pos *pos, const char *key_path, const char *path)
{
	const struct recipe *recipe = decoder->recipe;

	if (!(recipe->kind & BOTH) || places_is_hidden_by_partition(decoder, pos, key_path, path))
		return;
	places_check_units(decoder, pos, key_path, path);
	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		const struct place *place = &places[i];

		if (!places_fits(place, recipe, path))
			continue;
		if (place->warning)
			err_warn(decoder->err, pos, key_path, place->why, path);
		else
			err_at(decoder->err, -EINVAL, pos, key_path, place->why, path);
		if (place->hint)
			err_hint(decoder->err, "%s", place->hint);
		return;
	}
}
