/* Folders whose reader passes over files by their names or modes, without a word. What lies in one and is not read is most
 * likely misspelt. */
#include <fnmatch.h>
#include <string.h>

#include "recipe/words/words.h"

/* What run-parts(8) and cron(8) take without --regex: no dot, so no ".sh" or ".conf" either. */
#define PLAIN_NAME "[A-Za-z0-9_-]+", "a name of letters, digits, '-' and '_', without a dot"
#define ENDS_WITH(ending) ".*\\." ending, "a name that ends with '." ending "'"

/* `folder` is a glob(7) of the last folder of a path; `name` an extended regular expression for all of a file's name. */
static const struct reader {
	const char *folder, *name, *wanted, *who;
	bool runs;                   /* what cannot be executed is passed over, too */
} readers[] = {
	{"/etc/sudoers.d", "[^.]*[^.~]", "a name without a dot that does not end with '~'", "sudo", false},
	{"/etc/cron.d", PLAIN_NAME, "cron", false},
	{"/etc/cron.hourly", PLAIN_NAME, "cron", true},
	{"/etc/cron.daily", PLAIN_NAME, "cron", true},
	{"/etc/cron.weekly", PLAIN_NAME, "cron", true},
	{"/etc/cron.monthly", PLAIN_NAME, "cron", true},
	{"/etc/update-motd.d", PLAIN_NAME, "pam_motd", true},
	{"/etc/profile.d", ".*\\.(sh|csh)", "a name that ends with '.sh'", "the shell", false},
	{"/etc/ssh/sshd_config.d", ENDS_WITH("conf"), "sshd", false},
	{"/etc/ssh/ssh_config.d", ENDS_WITH("conf"), "ssh", false},
	{"/etc/modprobe.d", ENDS_WITH("conf"), "modprobe", false},
	{"/etc/security/limits.d", ENDS_WITH("conf"), "pam_limits", false},
	{"/etc/ld.so.conf.d", ENDS_WITH("conf"), "ldconfig", false},
	{"/etc/rsyslog.d", ENDS_WITH("conf"), "rsyslogd", false},
	{"/etc/dbus-1/system.d", ENDS_WITH("conf"), "D-Bus", false},
	{"/etc/NetworkManager/conf.d", ENDS_WITH("conf"), "NetworkManager", false},
	{"/etc/containers/registries.conf.d", ENDS_WITH("conf"), "podman", false},
	{"/etc/nginx/conf.d", ENDS_WITH("conf"), "nginx", false},
	{"/etc/apache2/*-enabled", ".*\\.(conf|load)", "a name that ends with '.conf' or '.load'", "Apache", false},
	{"/etc/unbound/unbound.conf.d", ENDS_WITH("conf"), "unbound", false},
	{"/etc/chrony/conf.d", ENDS_WITH("conf"), "chronyd", false},
	{"/etc/chrony/sources.d", ENDS_WITH("sources"), "chronyd", false},
	{"/etc/mysql/*.d", ENDS_WITH("cnf"), "MariaDB", false},
	{"/etc/php/*/*/conf.d", ENDS_WITH("ini"), "PHP", false},
	{"/etc/fail2ban/*.d", ".*\\.(conf|local|py)", "a name that ends with '.conf' or '.local'", "fail2ban", false},
	{"/etc/apt/sources.list.d", ".*\\.(list|sources)", "a name that ends with '.list' or '.sources'", "apt", false},
	{"/etc/apt/apt.conf.d", "[A-Za-z0-9_-]+(\\.conf)?", "a name without a dot, or that ends with '.conf'", "apt", false},
	{"/etc/apt/preferences.d", "[A-Za-z0-9_-]+(\\.pref)?", "a name without a dot, or that ends with '.pref'", "apt", false},
	{"/*/udev/rules.d", ENDS_WITH("rules"), "udev", false},
	{"/usr/lib/udev/rules.d", ENDS_WITH("rules"), "udev", false},
	{"/*/polkit-1/rules.d", ENDS_WITH("rules"), "polkit", false},
	{"/*/tmpfiles.d", ENDS_WITH("conf"), "systemd-tmpfiles", false},
	{"/usr/lib/tmpfiles.d", ENDS_WITH("conf"), "systemd-tmpfiles", false},
	{"/*/sysusers.d", ENDS_WITH("conf"), "systemd-sysusers", false},
	{"/usr/lib/sysusers.d", ENDS_WITH("conf"), "systemd-sysusers", false},
	{"/*/sysctl.d", ENDS_WITH("conf"), "systemd-sysctl", false},
	{"/usr/lib/sysctl.d", ENDS_WITH("conf"), "systemd-sysctl", false},
	{"/*/modules-load.d", ENDS_WITH("conf"), "systemd-modules-load", false},
	{"/usr/lib/modules-load.d", ENDS_WITH("conf"), "systemd-modules-load", false},
	{"/etc/environment.d", ENDS_WITH("conf"), "systemd", false},
	{"/etc/systemd/*.conf.d", ENDS_WITH("conf"), "systemd", false},
	{"/*/systemd/system/*.d", ENDS_WITH("conf"), "systemd", false},
	{"/usr/lib/systemd/system/*.d", ENDS_WITH("conf"), "systemd", false},
	{"/*/systemd/network/*.d", ENDS_WITH("conf"), "systemd-networkd", false},
	{"/*/systemd/network", ".*\\.(network|netdev|link)", "a name that ends with '.network', '.netdev' or '.link'",
	 "systemd-networkd", false},
	{"/*/systemd/system", ".*\\.(service|socket|target|timer|path|mount|automount|swap|slice|device|scope)",
	 "the name of a unit, like 'NAME.service'", "systemd", false},
	{"/*/systemd/user", ".*\\.(service|socket|target|timer|path|mount|automount|slice)",
	 "the name of a unit, like 'NAME.service'", "systemd", false},
};

static const struct reader *readers_find(struct arena *arena, const char *path)
{
	const char *folder = arena_strndup(arena, path, (size_t)(path_last(path) - path) - 1);

	for (size_t i = 0; i < sizeof readers / sizeof *readers; i++)
		if (fnmatch(readers[i].folder, folder, FNM_PATHNAME) == 0)
			return &readers[i];
	return NULL;
}

/* Whatever a reader passes over on purpose: notes for people, and what keeps a folder in git. */
static bool readers_is_note(const char *name)
{
	return *name == '.' || text_has_prefix(name, "README");
}

void word_check_reader(struct decoder *decoder, const struct pos *pos, const char *key_path, const char *path, mode_t mode)
{
	const struct reader *reader = readers_find(decoder->arena, path);
	const char *name = path_last(path);

	if (!reader || readers_is_note(name))
		return;
	if (!decode_matches(&(struct rule){NULL, reader->name}, name)) {
		err_warn(decoder->err, pos, key_path, "%s does not read '%s', because of its name", reader->who, path);
		err_hint(decoder->err, "in that folder it reads what has %s", reader->wanted);
	} else if (reader->runs && !(mode & 0111)) {
		err_warn(decoder->err, pos, key_path, "%s does not run '%s', because it is not executable", reader->who, path);
		err_hint(decoder->err, "add: mode: \"0755\"");
	}
}
