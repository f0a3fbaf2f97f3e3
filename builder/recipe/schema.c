#include "recipe/schema.h"

#include <string.h>

#include "recipe/decode.h"
#include "recipe/recipe.h"

#define OF(struct_, member) offsetof(struct struct_, member)
#define LATER(name_, help_) {name_, &any, FIELD_LATER, 0, 0, help_}
#define END {0}

static const struct rule name_rule = {"a name of lower-case letters, digits and dashes", "[a-z0-9][a-z0-9-]{0,62}"};
static const struct rule package_rule = {"the name of a Debian package", "[a-z0-9][a-z0-9+.-]+"};
static const struct rule account_rule = {"the name of a user or group", "[a-z_][a-z0-9_-]{0,30}"};
#define PART "([^/.[:cntrl:]][^/[:cntrl:]]*|\\.[^/.[:cntrl:]][^/[:cntrl:]]*|\\.\\.[^/[:cntrl:]]+)"
static const struct rule path_rule = {"an absolute path in the image, without '.', '..' or '//'", "(/" PART ")+"};
static const struct rule member_rule = {"the path of a file in the archive, without '..' or '//'",
					"(\\./)?" PART "(/" PART ")*"};
static const struct rule sha256_rule = {"a SHA-256 digest of 64 lower-case digits", "[0-9a-f]{64}"};
static const struct rule glob_rule = {"an absolute path, with the wildcards of glob(7)", "/[^[:cntrl:]]*"};
static const struct rule line_rule = {"text of one line", "[^[:cntrl:]]*"};
static const struct rule word_rule = {"a word without spaces", "[^[:cntrl:][:space:]]+"};
static const struct rule url_rule = {"a URL: http://…, https://… or file:///…", "(https?://|file:///)[^[:cntrl:][:space:]]+"};
static const struct rule fingerprint_rule = {"a key's fingerprint: 40 upper-case hexadecimal digits", "[0-9A-F]{40}"};
static const struct rule principal_rule = {"a principal without spaces or commas", "[^[:cntrl:][:space:],]+"};
#define PORT "([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])"
static const struct rule port_rule = {"a port from 1 to 65535 or a range of ports like 8000-8100", PORT "(-" PORT ")?"};
static const struct rule zone_rule = {"a time zone, like Europe/Berlin", "[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*"};
static const struct rule unit_rule = {"the name of a systemd unit, like foo.service",
				      "[A-Za-z0-9:_.@-]+\\.(service|socket|mount|automount|swap|target|path|timer|slice)"};
static const struct rule type_rule = {"a partition type: a GUID, or a code like EF00, EF02, 8300, 8200",
				      "([0-9A-F]{4}|[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12})"};
static const struct rule extent_rule = {"a size like 512M or 10G, '100%' or 'auto'",
					"auto|100%|[0-9]+(\\.[0-9]+)?(B|[KMGT](iB)?)?"};
static const struct rule uuid_rule = {"a UUID", "[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"};
static const struct rule label_rule = {"a label of at most 36 letters, digits, '-', '_' and '.'", "[A-Za-z0-9_.-]{1,36}"};
static const struct rule var_rule = {"a name of letters, digits, '-' and '_'", "[A-Za-z0-9_-]+"};
static const struct rule variable_rule = {"the name of an environment variable", "[A-Za-z_][A-Za-z0-9_]*"};
static const struct rule module_rule = {"the name of a kernel module", "[A-Za-z0-9_-]+"};

static const struct schema any = {.type = VALUE_ANY};
static const struct schema text = {.type = VALUE_TEXT};
static const struct schema line = {VALUE_TEXT, .rule = &line_rule};
static const struct schema words = {VALUE_WORDS, .rule = &line_rule};
static const struct schema boolean = {.type = VALUE_BOOL};
static const struct schema tristate = {.type = VALUE_TRISTATE};
static const struct schema size = {.type = VALUE_SIZE};
static const struct schema mode = {.type = VALUE_MODE};
static const struct schema own_file = {.type = VALUE_FILE};
static const struct schema url = {VALUE_TEXT, .rule = &url_rule};
static const struct schema urls = {VALUE_WORDS, .rule = &url_rule};
static const struct schema account = {VALUE_TEXT, .rule = &account_rule};
static const struct schema accounts = {VALUE_WORDS, .rule = &account_rule};
static const struct schema image_path = {VALUE_TEXT, .rule = &path_rule};
static const struct schema image_paths = {VALUE_WORDS, .rule = &path_rule};
static const struct schema globs = {VALUE_WORDS, .rule = &glob_rule};
static const struct schema plain_words = {VALUE_WORDS, .rule = &word_rule};
static const struct schema ports = {VALUE_WORDS, .rule = &port_rule};

/* --- archives -------------------------------------------------------------------------------------------------------- */

static const struct schema fingerprints = {VALUE_WORDS, .rule = &fingerprint_rule};

static const struct field repository_fields[] = {
	{"url", &url, FIELD_REQUIRED, OF(recipe_repository, url), 0, "the mirror that is asked first"},
	{"mirrors", &urls, 0, OF(recipe_repository, mirrors), 0, "mirrors asked in order when a file has left the first"},
	{"suites", &plain_words, FIELD_REQUIRED, OF(recipe_repository, suites), 0, "trixie, trixie-updates, …"},
	{"components", &plain_words, FIELD_REQUIRED, OF(recipe_repository, components), 0, "main, contrib, …"},
	{"key", &own_file, FIELD_REQUIRED, OF(recipe_repository, key), 0, "file with the archive's OpenPGP public keys"},
	{"fingerprints", &fingerprints, FIELD_REQUIRED, OF(recipe_repository, fingerprints), 0,
	 "primary keys of which one must have signed"},
	END,
};
static const struct schema repository = {VALUE_RECORD, .fields = repository_fields};
static const struct schema repositories = {
	VALUE_TABLE, .element = &repository, .size = sizeof(struct recipe_repository), .key_rule = &name_rule,
	.key_offset = OF(recipe_repository, name), .pos_offset = OF(recipe_repository, pos),
};

/* --- downloads ------------------------------------------------------------------------------------------------------- */

static const struct schema sha256 = {VALUE_TEXT, .rule = &sha256_rule};
static const struct schema member = {VALUE_TEXT, .rule = &member_rule};
static const struct schema strip = {VALUE_INT, .min = 0, .max = 100};

static const struct field download_fields[] = {
	{"url", &url, FIELD_REQUIRED, OF(recipe_download, url), 0, "where it is: http://…, https://… or file:///…"},
	{"sha256", &sha256, 0, OF(recipe_download, sha256), 0, "the digest it must have (whatever it has when it is locked)"},
	{"path", &image_path, FIELD_REQUIRED, OF(recipe_download, path), 0, "the file in the image; the folder, with `unpack`"},
	{"member", &member, 0, OF(recipe_download, member), 0, "the file of the archive that is wanted (all of the download)"},
	{"unpack", &boolean, 0, OF(recipe_download, unpack), 0, "an archive, whose files all go below `path`"},
	{"strip", &strip, 0, OF(recipe_download, strip), 0, "leading parts of the archive's paths that `unpack` drops (0)"},
	{"decompress", &boolean, 0, OF(recipe_download, decompress), 0, "one compressed file (.gz, .xz, .zst, …)"},
	{"mode", &mode, 0, OF(recipe_download, mode), 0, "permissions, quoted octal (\"0644\")"},
	{"owner", &account, 0, OF(recipe_download, owner), 0, "user (root)"},
	{"group", &account, 0, OF(recipe_download, group), 0, "group (root)"},
	END,
};
static void prepare_download(void *element)
{
	struct recipe_download *new = element;

	new->mode = 0644;
	new->owner = new->group = "root";
}

static const struct schema download = {VALUE_RECORD, .fields = download_fields};
static const struct schema downloads = {
	VALUE_TABLE, .element = &download, .size = sizeof(struct recipe_download), .key_rule = &name_rule,
	.key_offset = OF(recipe_download, name), .pos_offset = OF(recipe_download, pos), .prepare = prepare_download,
};

/* --- files, users, access -------------------------------------------------------------------------------------------- */

static const struct field file_fields[] = {
	{"source", &own_file, 0, OF(recipe_file, source), 0, "the recipe's file with the content"},
	{"text", &text, 0, OF(recipe_file, text), 0, "the content itself"},
	{"mode", &mode, 0, OF(recipe_file, mode), 0, "permissions, quoted octal (\"0644\")"},
	{"owner", &account, 0, OF(recipe_file, owner), 0, "user (root)"},
	{"group", &account, 0, OF(recipe_file, group), 0, "group (root)"},
	END,
};
static void prepare_file(void *element)
{
	struct recipe_file *new = element;

	new->mode = 0644;
	new->owner = new->group = "root";
}

static const struct schema file = {VALUE_RECORD, .fields = file_fields};
static const struct schema files = {
	VALUE_TABLE, .element = &file, .size = sizeof(struct recipe_file), .key_rule = &path_rule,
	.key_offset = OF(recipe_file, path), .pos_offset = OF(recipe_file, pos), .prepare = prepare_file,
};

static const char *const sudo_choices[] = {"nopasswd", "password", NULL};
static const struct schema sudo = {VALUE_TEXT, .choices = sudo_choices};
static const struct schema uid = {VALUE_INT, .min = 1, .max = 60000};

static const struct field user_fields[] = {
	{"uid", &uid, 0, OF(recipe_user, uid), 0, "user id (the next free one from 1000)"},
	{"groups", &accounts, 0, OF(recipe_user, groups), 0, "further groups"},
	{"shell", &image_path, 0, OF(recipe_user, shell), 0, "login shell (/bin/bash)"},
	{"home", &image_path, 0, OF(recipe_user, home), 0, "home folder (/home/NAME), on persistent storage"},
	{"comment", &line, 0, OF(recipe_user, comment), 0, "full name"},
	{"sudo", &sudo, 0, OF(recipe_user, sudo), 0, "may become root, without or with a password"},
	{"linger", &boolean, 0, OF(recipe_user, linger), 0, "the user's services run without a login"},
	{"system", &boolean, 0, OF(recipe_user, system), 0, "a service's account: id below 1000, no home made"},
	END,
};
static void prepare_user(void *element)
{
	struct recipe_user *new = element;

	new->uid = -1;
	new->comment = "";
}

static const struct schema user = {VALUE_RECORD, .fields = user_fields};
static const struct schema users = {
	VALUE_TABLE, .element = &user, .size = sizeof(struct recipe_user), .key_rule = &account_rule,
	.key_offset = OF(recipe_user, name), .pos_offset = OF(recipe_user, pos), .prepare = prepare_user,
};

static const struct schema principal_names = {VALUE_WORDS, .rule = &principal_rule};
static const struct schema principals = {
	VALUE_MAP, .element = &principal_names, .key_rule = &account_rule, .decode = decode_principals,
};
static const struct field ssh_fields[] = {
	{"ca", &own_file, 0, OF(recipe, ssh_ca), 0, "public key of the CA whose certificates may log in"},
	{"principals", &principals, 0, 0, 0, "user: principals whose certificates may log in as the user"},
	END,
};
static const struct schema ssh = {VALUE_RECORD, .fields = ssh_fields};

/* --- network --------------------------------------------------------------------------------------------------------- */

static const struct field firewall_fields[] = {
	{"tcp", &ports, 0, OF(recipe, firewall_tcp), 0, "open TCP ports (22 is always open)"},
	{"udp", &ports, 0, OF(recipe, firewall_udp), 0, "open UDP ports"},
	END,
};
static const struct schema firewall = {VALUE_RECORD, .fields = firewall_fields};

static const struct schema match = {VALUE_SETTINGS, .section = "Match"};
static const struct field network_fields[] = {
	{"match", &match, FIELD_REQUIRED, OF(recipe_network, match), 0, "which interface: keys of systemd.network's [Match]"},
	{"dhcp", &boolean, 0, OF(recipe_network, dhcp), 0, "address by DHCP"},
	{"addresses", &plain_words, 0, OF(recipe_network, addresses), 0, "static addresses with prefix length"},
	{"gateway", &line, 0, OF(recipe_network, gateway), 0, "default route"},
	{"dns", &plain_words, 0, OF(recipe_network, dns), 0, "name servers"},
	END,
};
static const struct schema network = {
	VALUE_RECORD, .fields = network_fields, .sections_offset = OF(recipe_network, settings), .has_sections = true,
};
static const struct schema networks = {
	VALUE_TABLE, .element = &network, .size = sizeof(struct recipe_network), .key_rule = &name_rule,
	.key_offset = OF(recipe_network, name), .pos_offset = OF(recipe_network, pos),
};

/* --- units, hooks ---------------------------------------------------------------------------------------------------- */

static const struct field unit_fields[] = {
	{"enable", &tristate, 0, OF(recipe_unit, enable), 0, "started at boot, or not (as its package wants it)"},
	{"mask", &boolean, 0, OF(recipe_unit, mask), 0, "can never start"},
	END,
};
static void prepare_unit(void *element)
{
	((struct recipe_unit *)element)->enable = UNSET;
}

static const struct schema unit = {
	VALUE_RECORD, .fields = unit_fields, .sections_offset = OF(recipe_unit, settings), .has_sections = true,
};
static const struct schema units = {
	VALUE_TABLE, .element = &unit, .size = sizeof(struct recipe_unit), .key_rule = &unit_rule,
	.key_offset = OF(recipe_unit, name), .pos_offset = OF(recipe_unit, pos), .prepare = prepare_unit,
};

static const struct schema command = {.type = VALUE_WORDS};
static const struct schema commands = {VALUE_LIST, .element = &command, .decode = decode_commands};
static const struct field hook_fields[] = {
	{"configure", &commands, 0, 0, 0, "commands run in the sandbox (no network) after packages, files and units"},
	END,
};
static const struct schema hooks = {VALUE_RECORD, .fields = hook_fields};

/* --- partitions ------------------------------------------------------------------------------------------------------ */

static const char *const format_choices[] = {"ext4", "vfat", "xfs", "btrfs", "f2fs", NULL};
static const char *const root_choices[] = {"erofs", "squashfs", "ext4", NULL};
static const struct schema format = {VALUE_TEXT, .choices = format_choices};
static const struct schema root_format = {VALUE_TEXT, .choices = root_choices};
static const struct schema slots = {VALUE_INT, .min = 1, .max = 2};

static const char *const filesystem_choices[] = {"filesystem", NULL};
static const struct schema filesystem_type = {VALUE_TEXT, .choices = filesystem_choices};
static const struct field filesystem_fields[] = {
	{"type", &filesystem_type, FIELD_EARLY | FIELD_REQUIRED, 0, 0, "what the partition holds"},
	{"format", &format, FIELD_REQUIRED, OF(recipe_partition, format), 0, "file system"},
	{"mountpoint", &image_path, 0, OF(recipe_partition, mountpoint), 0, "where it is mounted"},
	{"mountOptions", &words, 0, OF(recipe_partition, mount_options), 0, "options of mount(8)"},
	{"extraArgs", &words, 0, OF(recipe_partition, extra_args), 0, "further arguments of mkfs"},
	END,
};
static const struct schema filesystem = {VALUE_RECORD, .fields = filesystem_fields};

static const char *const root_type_choices[] = {"root", NULL};
static const struct schema root_type = {VALUE_TEXT, .choices = root_type_choices};
static const struct field root_fields[] = {
	{"type", &root_type, FIELD_EARLY | FIELD_REQUIRED, 0, 0, "what the partition holds"},
	{"format", &root_format, FIELD_REQUIRED, OF(recipe_partition, format), 0, "file system of the immutable root"},
	{"verity", &boolean, 0, OF(recipe_partition, verity), 0, "verified by dm-verity (true)"},
	{"slots", &slots, 0, OF(recipe_partition, slots), 0, "2: a twin partition for the next image"},
	END,
};
static const struct schema root = {VALUE_RECORD, .fields = root_fields};

/* Those after `root` have a name in the language and nobody who makes them yet. */
const char *const schema_content_types[] = {"filesystem", "root", "swap", "btrfs", "luks", "lvm_pv", "mdraid", NULL};

const struct schema *schema_content(const char *type, bool *ret_later)
{
	*ret_later = false;
	if (strcmp(type, "filesystem") == 0)
		return &filesystem;
	if (strcmp(type, "root") == 0)
		return &root;
	for (size_t i = 0; schema_content_types[i]; i++)
		*ret_later |= strcmp(type, schema_content_types[i]) == 0;
	return NULL;
}

static const struct schema partition_type = {VALUE_TEXT, .rule = &type_rule};
static const struct schema partition_uuid = {VALUE_TEXT, .rule = &uuid_rule};
static const struct schema partition_label = {VALUE_TEXT, .rule = &label_rule};
static const struct schema partition_size = {VALUE_TEXT, .rule = &extent_rule, .decode = decode_partition_size};
static const struct schema content = {VALUE_CONTENT, .decode = decode_content};
static const struct schema priority = {VALUE_INT, .min = 0, .max = 10000};

static const struct field partition_fields[] = {
	{"size", &partition_size, 0, 0, 0, "size; without it, from the content; 100% grows to the end of the disk"},
	{"start", &size, 0, OF(recipe_partition, start), 0, "where it starts (after the one before)"},
	LATER("end", "where it ends"),
	{"type", &partition_type, 0, OF(recipe_partition, type), 0, "partition type: a GUID or a code of sgdisk (8300)"},
	{"label", &partition_label, 0, OF(recipe_partition, label), 0, "name in the partition table (its key)"},
	{"uuid", &partition_uuid, 0, OF(recipe_partition, uuid), 0, "partition UUID (derived from the plan)"},
	LATER("attributes", "attribute bits"),
	{"priority", &priority, 0, OF(recipe_partition, priority), 0, "order on the disk: small comes first"},
	LATER("alignment", "alignment in sectors"),
	LATER("hybrid", "entry in a hybrid MBR"),
	{"grow", &boolean, 0, OF(recipe_partition, grow), 0, "grown on first boot to fill the disk"},
	{"content", &content, 0, 0, 0, "what is in it, by its type"},
	END,
};
static const struct schema partition = {VALUE_RECORD, .fields = partition_fields};
static const struct schema partitions = {
	VALUE_TABLE, .element = &partition, .size = sizeof(struct recipe_partition), .key_rule = &label_rule,
	.key_offset = OF(recipe_partition, name), .pos_offset = OF(recipe_partition, pos),
};

static const char *const table_choices[] = {"gpt", NULL};
static const struct schema table_type = {VALUE_TEXT, .choices = table_choices};
static const struct field gpt_fields[] = {
	{"type", &table_type, FIELD_REQUIRED, OF(recipe_disk, type), 0, "the kind of partition table"},
	{"partitions", &partitions, FIELD_REQUIRED, OF(recipe_disk, partitions), OF(recipe_disk, n_partitions), "by name"},
	END,
};
static const struct schema gpt = {VALUE_RECORD, .fields = gpt_fields};

static const struct field disk_fields[] = {
	{"device", &line, FIELD_EARLY, 0, 0, "accepted for disko's sake: an image has no device"},
	{"imageSize", &size, 0, OF(recipe_disk, image_size), 0, "size of the disk image (as small as its content allows)"},
	LATER("role", "`data`: a disk that a reimage never writes"),
	{"content", &gpt, FIELD_REQUIRED, 0, 0, "the partition table"},
	END,
};
static const struct schema disk = {VALUE_RECORD, .fields = disk_fields};
static const struct schema disks = {
	VALUE_TABLE, .element = &disk, .size = sizeof(struct recipe_disk), .key_rule = &name_rule,
	.key_offset = OF(recipe_disk, name), .pos_offset = OF(recipe_disk, pos),
};
static const struct field layout_fields[] = {
	{"from", &line, FIELD_EARLY, 0, 0, "a file with a layout, which this one overrides"},
	{"disk", &disks, FIELD_REQUIRED, OF(recipe, disks), OF(recipe, n_disks), "disks by name"},
	LATER("lvm_vg", "LVM volume groups"),
	LATER("mdadm", "RAID arrays"),
	LATER("nodev", "tmpfs and bind mounts"),
	END,
};
static const struct schema layout = {VALUE_RECORD, .fields = layout_fields, .or_file = true};

/* --- the recipe ------------------------------------------------------------------------------------------------------ */

static const struct field parent_fields[] = {
	{"vm", &line, FIELD_EARLY, 0, 0, "the parent of the virtual machine"},
	{"lxc", &line, FIELD_EARLY, 0, 0, "the parent of the container"},
	{"tools", &line, FIELD_EARLY, 0, 0, "the parent of the tree of programs"},
	END,
};
static const struct schema parent = {VALUE_RECORD, .fields = parent_fields, .or_file = true};
static const struct schema part = {.type = VALUE_RECIPE};

static const char *const kind_choices[] = {"vm", "lxc", "tools", NULL};
static const struct schema name = {VALUE_TEXT, .rule = &name_rule};
static const struct schema vars = {VALUE_MAP, .element = &any, .key_rule = &var_rule};
static const struct schema variables = {VALUE_WORDS, .rule = &variable_rule};
static const struct schema kinds = {VALUE_WORDS, .choices = kind_choices, .decode = decode_kinds};
static const struct schema packages = {VALUE_WORDS, .rule = &package_rule, .decode = decode_packages};
static const struct schema zone = {VALUE_TEXT, .rule = &zone_rule};
static const struct schema modules = {VALUE_WORDS, .rule = &module_rule};

static const struct field recipe_fields[] = {
	{"from", &parent, FIELD_EARLY, 0, 0, "the recipe that this one extends, or one for each kind"},
	{"use", &words, FIELD_EARLY, 0, 0, "modules, merged in order after the parent and before the file itself"},
	{"facts", &line, FIELD_EARLY, 0, 0, "a plain YAML file, reachable as ${facts.…}"},
	{"vars", &vars, FIELD_EARLY, 0, 0, "values, reachable as ${vars.…}; a module's are defaults"},
	{"env", &variables, 0, OF(recipe, env), 0, "environment variables that may be named as ${env.…}; part of the lock"},
	{"name", &name, FIELD_REQUIRED, OF(recipe, name), 0, "the machine's name"},
	{"kinds", &kinds, FIELD_REQUIRED | FIELD_WHOLE, 0, 0, "what may be built of it"},
	{"distribution", &repository, 0, OF(recipe, distribution), 0, "the archive that everything comes from"},
	{"tools", &own_file, 0, OF(recipe, tools), 0, "recipe of the tree whose programs shape the image"},
	{"timezone", &zone, 0, OF(recipe, timezone), 0, "time zone (UTC)"},
	{"kernelArgs", &words, 0, OF(recipe, kernel_args), 0, "words appended to the kernel command line"},
	{"partitions", &layout, 0, 0, 0, "disk layout: a file, or disko's words"},
	{"packages", &packages, 0, 0, 0, "Debian packages"},
	{"exclude", &globs, 0, OF(recipe, exclude), 0, "paths that packages do not install"},
	{"include", &globs, 0, OF(recipe, include), 0, "exceptions from `exclude`"},
	{"repositories", &repositories, 0, OF(recipe, repositories), OF(recipe, n_repositories),
     "archives beside the distribution"},
	{"downloads", &downloads, 0, OF(recipe, downloads), OF(recipe, n_downloads),
     "files that are in no package, locked by digest"},
	{"files", &files, 0, OF(recipe, files), OF(recipe, n_files), "files by their path in the image"},
	{"users", &users, 0, OF(recipe, users), OF(recipe, n_users), "users by name"},
	{"ssh", &ssh, 0, 0, 0, "who may log in"},
	{"firewall", &firewall, 0, 0, 0, "open ports"},
	{"networks", &networks, 0, OF(recipe, networks), OF(recipe, n_networks), "network interfaces"},
	{"units", &units, 0, OF(recipe, units), OF(recipe, n_units), "systemd units; sections and keys are systemd's own"},
	{"modulesLoad", &modules, 0, OF(recipe, modules_load), 0, "kernel modules loaded at boot"},
	{"quadlets", &schema_quadlets, 0, OF(recipe, quadlets), OF(recipe, n_quadlets),
     "podman's Quadlet files; sections and keys are Quadlet's own"},
	{"state", &image_paths, 0, OF(recipe, state), 0, "what must survive a reimage"},
	LATER("secrets", "SOPS secrets"),
	{"health", &schema_health, 0, 0, 0, "what must hold before an image counts as good"},
	{"tests", &schema_tests, 0, 0, 0, "what `aether-build test` runs in a machine of the image; no part of the image"},
	{"hooks", &hooks, 0, 0, 0, "the few steps there are"},
	{"vm", &part, FIELD_EARLY, 0, 0, "what counts for virtual machines alone: the same keys once more"},
	{"lxc", &part, FIELD_EARLY, 0, 0, "what counts for containers alone: the same keys once more"},
	END,
};
const struct schema schema_recipe = {VALUE_RECORD, .fields = recipe_fields};
