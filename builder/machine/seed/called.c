#include "machine/seed/called.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "machine/put.h"
#include "machine/say.h"

#define ZONES "/usr/share/zoneinfo/"

enum { HOSTNAME_MAX = 64, FQDN_MAX = 253, HOSTS_BYTES = 256 << 10 };

struct called {
	struct memory *memory;
	struct remarks *remarks;
	const char *root;
	const char *hostname, *fqdn;   /* NULL: nobody says */
};

static void called_put(struct called *called, const char *path, const char *text)
{
	const struct put put = {.path = path, .bytes = text, .size = strlen(text), .mode = 0644};
	int r = put_file(called->root, &put);

	if (r < 0)
		remark(called->remarks, "%s: %s", path, strerror(-r));
}

/* --- the name ---------------------------------------------------------------------------------------------------- */

/* Labels of letters, digits and '-' with dots between (RFC 1123). */
static bool called_is_name(const char *text, size_t max)
{
	static const char signs[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.";
	size_t n = strlen(text);

	return n > 0 && n <= max && strspn(text, signs) == n && !strchr("-.", text[0]) && !strchr("-.", text[n - 1]) &&
	       !strstr(text, "..");
}

static const char *called_name(struct called *called, const struct value *value, size_t max)
{
	const char *text = value_text(value);

	if (text && called_is_name(text, max))
		return text;
	if (value)
		value_remark(called->remarks, value, "'%s' is no name of a machine", text ? text : "this");
	return NULL;
}

static const char *called_first_label(struct called *called, const char *name)
{
	return memory_copy(called->memory, name, strcspn(name, "."));
}

/* `fqdn` before `hostname` before `local-hostname`; a name with dots says both. */
static void called_decide(struct called *called, const struct value *user, const struct value *meta)
{
	const char *hostname = called_name(called, value_get(user, "hostname"), FQDN_MAX);
	const char *local = called_name(called, value_get(meta, "local-hostname"), FQDN_MAX);
	const char *name = hostname ? hostname : local;

	called->fqdn = called_name(called, value_get(user, "fqdn"), FQDN_MAX);
	if (!called->fqdn && hostname && strchr(hostname, '.'))
		called->fqdn = hostname;
	if (!called->fqdn && local && strchr(local, '.'))
		called->fqdn = local;
	if (called->fqdn && !hostname)
		name = called->fqdn;
	if (!name)
		return;
	called->hostname = called_first_label(called, name);
	if (!called->fqdn)
		called->fqdn = called->hostname;
}

/* The lines that are there stay, but for that of the machine's own name. */
static void called_write_hosts(struct called *called)
{
	char *hosts = memory_take(called->memory, HOSTS_BYTES);
	const char *own = strcmp(called->fqdn, called->hostname) == 0
				  ? memory_print(called->memory, "127.0.1.1 %s\n", called->hostname)
				  : memory_print(called->memory, "127.0.1.1 %s %s\n", called->fqdn, called->hostname);
	int r = read_line(memory_print(called->memory, "%s/etc/hosts", called->root), hosts, HOSTS_BYTES);
	const char *text = own;

	if (r < 0 && r != -ENOENT) {
		remark(called->remarks, "/etc/hosts: %s", strerror(-r));
		return;
	}
	for (char *line = strsep(&hosts, "\n"); line && r > 0; line = strsep(&hosts, "\n"))
		if (strncmp(line, "127.0.1.1", 9) != 0 || !strchr(" \t", line[9]))
			text = memory_print(called->memory, "%s%s\n", text, line);
	called_put(called, "/etc/hosts", text);
}

static void called_set(struct called *called)
{
	if (strlen(called->hostname) > HOSTNAME_MAX) {
		remark(called->remarks, "'%s' is longer than a machine's name may be", called->hostname);
		return;
	}
	called_put(called, "/etc/hostname", memory_print(called->memory, "%s\n", called->hostname));
	if (!*called->root && sethostname(called->hostname, strlen(called->hostname)) < 0)
		remark(called->remarks, "the machine cannot be called '%s': %s", called->hostname, strerror(errno));
}

/* --- the time zone ----------------------------------------------------------------------------------------------- */

static void called_set_zone(struct called *called, const struct value *value)
{
	const char *zone = value_text(value), *path = memory_print(called->memory, ZONES "%s", zone ? zone : "");
	struct stat stat_buffer;
	int r;

	if (!value)
		return;
	if (!zone || !put_is_path(path) ||
	    stat(memory_print(called->memory, "%s%s", called->root, path), &stat_buffer) < 0 || !S_ISREG(stat_buffer.st_mode)) {
		value_remark(called->remarks, value, "there is no time zone '%s' in the image", zone ? zone : "");
		return;
	}
	r = put_link(called->root, "/etc/localtime", memory_print(called->memory, ".." "%s", path));
	if (r < 0)
		value_remark(called->remarks, value, "/etc/localtime: %s", strerror(-r));
	if (access(memory_print(called->memory, "%s/etc/timezone", called->root), F_OK) == 0)
		called_put(called, "/etc/timezone", memory_print(called->memory, "%s\n", zone));
}

void called_follow(struct memory *memory, struct remarks *remarks, const char *root, const struct value *user,
		   const struct value *meta)
{
	struct called called = {.memory = memory, .remarks = remarks, .root = root};
	const struct value *hosts = value_get(user, "manage_etc_hosts");

	called_decide(&called, user, meta);
	if (called.hostname)
		called_set(&called);
	if (called.hostname && value_truth(hosts) != 0)
		called_write_hosts(&called);
	called_set_zone(&called, value_get(user, "timezone"));
}
