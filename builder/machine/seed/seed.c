#include "machine/seed/seed.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "contract/agent.h"
#include "machine/remark_files.h"
#include "machine/say.h"
#include "machine/seed/authorities.h"
#include "machine/seed/called.h"
#include "machine/seed/cards.h"
#include "machine/seed/network.h"
#include "machine/seed/networkd_put.h"
#include "machine/seed/written.h"

static const char USERS[] = "users are the recipe's to say", LOGINS[] = "who may log in is the recipe's to say",
		  PACKAGES[] = "packages are the recipe's to say", COMMANDS[] = "what runs is the recipe's to say",
		  DISKS[] = "file systems are the recipe's to say";

/* Keys of user-data: NULL for those that are followed, "" for those that mean nothing by themselves. */
static const struct {
	const char *key, *reason;
} keys[] = {
	{"hostname", NULL}, {"fqdn", NULL}, {"manage_etc_hosts", NULL}, {"timezone", NULL}, {"write_files", NULL},
	{"ca_certs", NULL}, {"ca-certs", NULL}, {"merge_how", ""}, {"merge_type", ""}, {"user", USERS}, {"users", USERS},
	{"password", USERS}, {"chpasswd", USERS}, {"groups", USERS}, {"ssh_pwauth", LOGINS}, {"ssh_authorized_keys", LOGINS},
	{"ssh_import_id", LOGINS}, {"ssh_keys", LOGINS}, {"disable_root", LOGINS}, {"packages", PACKAGES},
	{"package_update", PACKAGES}, {"package_upgrade", PACKAGES}, {"package_reboot_if_required", PACKAGES},
	{"apt", PACKAGES}, {"snap", PACKAGES},
	{"runcmd", COMMANDS}, {"bootcmd", COMMANDS}, {"power_state", COMMANDS}, {"mounts", DISKS},
	{"swap", DISKS}, {"growpart", DISKS}, {"resize_rootfs", DISKS}, {"disk_setup", DISKS}, {"fs_setup", DISKS},
};

static const char *seed_reason(const char *key)
{
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		if (strcmp(keys[i].key, key) == 0)
			return keys[i].reason;
	return "aether-agent does not know it";
}

/* `package_upgrade: false`, `users: []` */
static bool seed_asks_for_nothing(const struct value *value)
{
	bool empty = value->kind == VALUE_TEXT ? value->size == 0 : !value->first;

	return value->kind == VALUE_NONE || empty || value_truth(value) == 0;
}

static void seed_remark_keys(struct remarks *remarks, const struct value *user)
{
	for (const struct value *value = user ? user->first : NULL; value; value = value->next) {
		const char *reason = seed_reason(value->key);

		if (reason && *reason && !seed_asks_for_nothing(value))
			value_remark(remarks, value, "'%s' is not followed: %s", value->key, reason);
	}
}

/* What a document begins with, and what that makes of it. */
static const struct {
	const char *begin, *what;
} others[] = {
	{"#!", "it is a script"}, {"#include", "it names files elsewhere"}, {"Content-Type:", "it is of several parts (MIME)"},
	{"MIME-Version:", "it is of several parts (MIME)"}, {"## template:", "it is a template"},
	{"\x1f\x8b", "it is compressed"}, {"", "its first line is not '#cloud-config'"},
};

/* A document that is a map, or nothing; NULL, and a remark, when it cannot be read (or, without one, is not there). */
static const struct value *seed_read(struct memory *memory, struct remarks *remarks, const struct cidata *cidata,
				     enum cidata_name file)
{
	const struct value *value = NULL;

	if (cidata->files[file].bytes)
		value = values_read(memory, remarks, cidata_name(file), cidata->files[file].bytes, cidata->files[file].size);
	if (!value || value->kind == VALUE_MAP || value->kind == VALUE_NONE)
		return value;
	value_remark(remarks, value, "it is no map, so nothing of it is followed");
	return NULL;
}

/* user-data, of which only one kind is followed. */
static const struct value *seed_read_user_data(struct memory *memory, struct remarks *remarks, const struct cidata *cidata)
{
	static const char header[] = "#cloud-config";
	const char *bytes = cidata->files[USER_DATA].bytes;
	size_t i = 0;

	if (!bytes || strspn(bytes, " \t\r\n") == cidata->files[USER_DATA].size)
		return NULL;
	if (strncmp(bytes, header, sizeof header - 1) != 0 || !strchr(" \t\r\n", bytes[sizeof header - 1])) {
		while (strncmp(bytes, others[i].begin, strlen(others[i].begin)) != 0)
			i++;
		remark(remarks, "user-data: %s, so nothing of it is followed", others[i].what);
		return NULL;
	}
	return seed_read(memory, remarks, cidata, USER_DATA);
}

static void seed_follow_network(struct memory *memory, struct remarks *remarks, const char *root,
				const struct value *document)
{
	struct network *network = memory_take(memory, sizeof *network);
	struct networkd_file *files = memory_take(memory, NETWORKD_FILES_MAX * sizeof *files);
	size_t n;

	network->memory = memory;
	network->remarks = remarks;
	network_read(network, document);
	n = networkd_files(network, files);
	networkd_put(memory, remarks, root, files, n);
	if (!*root)
		cards_rename(network);
}

/* Whether somebody wrote more than comments into it. */
static bool seed_says_something(const char *bytes)
{
	for (const char *line = bytes; line && *line; line += strspn(line, "\n")) {
		const char *word = line + strspn(line, " \t\r");

		if (!strchr("#\n", *word))
			return true;
		line += strcspn(line, "\n");
	}
	return false;
}

void seed_follow(struct memory *memory, struct remarks *remarks, const char *root, const struct cidata *cidata)
{
	const struct value *meta = seed_read(memory, remarks, cidata, META_DATA);
	const struct value *user = seed_read_user_data(memory, remarks, cidata);
	const char *instance = value_get_text(meta, "instance-id");

	if (!cidata->files[META_DATA].bytes)
		remark(remarks, "meta-data: there is none on the seed's disc");
	value_remark_unknown(remarks, meta, "instance-id local-hostname", "meta-data");
	seed_remark_keys(remarks, user);
	if (seed_says_something(cidata->files[VENDOR_DATA].bytes))
		remark(remarks, "vendor-data: nothing of it is followed");
	called_follow(memory, remarks, root, user, meta);
	seed_follow_network(memory, remarks, root, seed_read(memory, remarks, cidata, NETWORK_CONFIG));
	authorities_follow(memory, remarks, root, value_get(user, value_get(user, "ca_certs") ? "ca_certs" : "ca-certs"));
	written_follow(memory, remarks, root, value_get(user, "write_files"), instance || !meta ? instance : "nocloud");
}

/* cloud-init can be told of a seed in other ways. */
static void seed_remark_elsewhere(struct remarks *remarks)
{
	static const char *const places[] = {"/proc/cmdline", "/sys/class/dmi/id/product_serial"};
	char text[4096];

	for (size_t i = 0; i < sizeof places / sizeof *places; i++)
		if (read_line(places[i], text, sizeof text) > 0 && strstr(text, "ds=nocloud"))
			remark(remarks, "%s names a seed (ds=nocloud…), which is not followed: a disc labelled 'cidata' is",
			       places[i]);
}

static bool seed_options(int argc, char **argv, const char **ret_from, const char **ret_root)
{
	static const struct option options[] = {
		{"from", required_argument, NULL, 'f'}, {"root", required_argument, NULL, 'r'}, {NULL, 0, NULL, 0},
	};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		if (option == '?')
			return false;
		*(option == 'f' ? ret_from : ret_root) = optarg;
	}
	return optind == argc;
}

int seed_main(int argc, char **argv)
{
	struct memory memory = {NULL};
	struct remarks remarks = {.n = 0};
	const char *from = NULL, *root = "";
	struct cidata cidata = {0};
	bool there;
	int r;

	if (!seed_options(argc, argv, &from, &root)) {
		say("usage: " AGENT " " AGENT_SEED " [--from FOLDER] [--root FOLDER]");
		return 2;
	}
	there = from ? cidata_read(&memory, &remarks, from, &cidata) : cidata_find(&memory, &remarks, &cidata);
	if (there)
		seed_follow(&memory, &remarks, root, &cidata);
	else
		networkd_put(&memory, &remarks, root, NULL, 0);
	if (!from)
		seed_remark_elsewhere(&remarks);
	r = remarks_tell(&remarks, root);
	if (r < 0)
		say(REMARKS ": %s", strerror(-r));
	memory_free(&memory);
	remarks_free(&remarks);
	return EXIT_SUCCESS;
}
