#include "plan/fields.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* A field of the item; one of the struct that a pointer in it leads to. */
#define IN(T, type, name, member, flags) {name, type, flags, 0, offsetof(struct T, member), NULL}
#define VIA(item, pointer, T, type, name, member, flags)                                                              \
	{name, type, flags, 1 + offsetof(struct item, pointer), offsetof(struct T, member), NULL}
#define ALONE(type, offset) {NULL, type, PLAN_NAMES, 0, offset, NULL}
#define END {0}

/* --- what the items are made of -------------------------------------------------------------------------------------- */

static const struct plan_field package_fields[] = {
	IN(debian_package, PLAN_TEXT, "name", name, PLAN_NAMES),
	IN(debian_package, PLAN_TEXT, "version", version, PLAN_SHOWN),
	IN(debian_package, PLAN_TEXT, "arch", arch, 0),
	IN(debian_package, PLAN_TEXT, "sha256", sha256, 0),
	END,
};

static const struct plan_field file_fields[] = {
	IN(plan_file, PLAN_TEXT, "path", path, PLAN_NAMES),
	IN(plan_file, PLAN_TEXT, "link", link, PLAN_MAYBE),
	IN(plan_file, PLAN_CHARS, "sha256", sha256, PLAN_MAYBE | PLAN_SHOWN),
	IN(plan_file, PLAN_MODE, "mode", mode, 0),
	IN(plan_file, PLAN_TEXT, "owner", owner, 0),
	IN(plan_file, PLAN_TEXT, "group", group, 0),
	END,
};

static const struct plan_field unit_fields[] = {
	IN(plan_unit, PLAN_TEXT, "name", name, PLAN_NAMES),
	IN(plan_unit, PLAN_TEXT, "user", user, PLAN_MAYBE),
	IN(plan_unit, PLAN_TRISTATE, "enable", enable, PLAN_MAYBE),
	IN(plan_unit, PLAN_BOOL, "mask", mask, 0),
	IN(plan_unit, PLAN_TEXT, "wanted_by", wanted_by, PLAN_MAYBE),
	IN(plan_unit, PLAN_LINES, "text", text, 0),
	END,
};

#define USER(type, member) VIA(plan_user, words, recipe_user, type, #member, member, 0)
static const struct plan_field user_fields[] = {
	VIA(plan_user, words, recipe_user, PLAN_TEXT, "name", name, PLAN_NAMES),
	IN(plan_user, PLAN_NUMBER, "uid", uid, 0),
	USER(PLAN_WORDS, groups),
	USER(PLAN_TEXT, shell),
	USER(PLAN_TEXT, home),
	USER(PLAN_TEXT, comment),
	USER(PLAN_TEXT, sudo),
	VIA(plan_user, words, recipe_user, PLAN_WORDS, "authorized_keys", authorized_keys, PLAN_MAYBE),
	VIA(plan_user, words, recipe_user, PLAN_TEXT, "password_secret", password_secret, PLAN_MAYBE),
	USER(PLAN_BOOL, linger),
	USER(PLAN_BOOL, system),
	END,
};

static const struct plan_field group_fields[] = {
	VIA(plan_group, words, recipe_group, PLAN_TEXT, "name", name, PLAN_NAMES),
	IN(plan_group, PLAN_NUMBER, "gid", gid, 0),
	END,
};

static const struct plan_field account_fields[] = {
	IN(plan_account, PLAN_TEXT, "name", name, PLAN_NAMES),
	IN(plan_account, PLAN_NUMBER, "uid", uid, PLAN_SHOWN),
	IN(plan_account, PLAN_NUMBER, "gid", gid, 0),
	END,
};

#define DOWNLOAD(type, member) VIA(plan_download, words, recipe_download, type, #member, member, 0)
static const struct plan_field download_fields[] = {
	VIA(plan_download, words, recipe_download, PLAN_TEXT, "name", name, PLAN_NAMES),
	VIA(plan_download, locked, lock_download, PLAN_TEXT, "sha256", sha256, PLAN_SHOWN),
	VIA(plan_download, locked, lock_download, PLAN_BOOL, "fake", fake, 0),
	DOWNLOAD(PLAN_TEXT, path),
	DOWNLOAD(PLAN_TEXT, member),
	DOWNLOAD(PLAN_BOOL, unpack),
	DOWNLOAD(PLAN_NUMBER, strip),
	DOWNLOAD(PLAN_BOOL, decompress),
	DOWNLOAD(PLAN_MODE, mode),
	DOWNLOAD(PLAN_TEXT, owner),
	DOWNLOAD(PLAN_TEXT, group),
	END,
};

static const struct plan_field container_fields[] = {
	VIA(plan_container, locked, oci_image, PLAN_TEXT, "image", image, PLAN_NAMES),
	VIA(plan_container, locked, oci_image, PLAN_TEXT, "sha256", manifest.sha256, PLAN_SHOWN),
	VIA(plan_container, locked, oci_image, PLAN_BOOL, "fake", fake, 0),
	IN(plan_container, PLAN_TEXT, "key", key, PLAN_HIDDEN),
	END,
};

static const struct plan_field http_fields[] = {
	IN(recipe_health, PLAN_TEXT, "url", url, 0),
	IN(recipe_health, PLAN_NUMBER, "status", status, 0),
	END,
};

static const struct plan_field health_fields[] = {
	IN(recipe_health, PLAN_TEXT, "unit", unit, PLAN_NAMES | PLAN_MAYBE),
	IN(recipe_health, PLAN_NUMBER, "tcp", port, PLAN_NAMES | PLAN_MAYBE),
	{"http", PLAN_RECORD, PLAN_NAMES | PLAN_MAYBE, 0, 0, http_fields},
	IN(recipe_health, PLAN_WORDS, "command", command, PLAN_NAMES | PLAN_MAYBE),
	IN(recipe_health, PLAN_TEXT, "user", user, PLAN_MAYBE),
	IN(recipe_health, PLAN_SIZE, "timeout_ms", timeout_ms, 0),
	END,
};

static const struct plan_field partition_fields[] = {
	IN(disk_partition, PLAN_TEXT, "label", label, PLAN_NAMES),
	IN(disk_partition, PLAN_CONTENT, "content", content, 0),
	IN(disk_partition, PLAN_TEXT, "type", type, 0),
	IN(disk_partition, PLAN_TEXT, "uuid", uuid, 0),
	IN(disk_partition, PLAN_SIZE, "start", start, 0),
	IN(disk_partition, PLAN_SIZE, "size", size, 0),
	IN(disk_partition, PLAN_BITS, "attributes", attributes, 0),
	IN(disk_partition, PLAN_WORDS, "mkfs", mkfs_arguments, 0),
	IN(disk_partition, PLAN_TEXT, "mountpoint", mountpoint, PLAN_MAYBE),
	IN(disk_partition, PLAN_WORDS, "subvolumes", subvolumes, PLAN_MAYBE),
	IN(disk_partition, PLAN_SIZE, "end", end, PLAN_MAYBE),
	IN(disk_partition, PLAN_SIZE, "before_end", before_end, PLAN_MAYBE),
	IN(disk_partition, PLAN_SIZE, "alignment", alignment, PLAN_MAYBE),
	IN(disk_partition, PLAN_HYBRID, "hybrid", hybrid, PLAN_MAYBE),
	IN(disk_partition, PLAN_TEXT, "device", node, PLAN_MAYBE),
	END,
};

static const struct plan_field device_fields[] = {
	IN(stack_node, PLAN_TEXT, "id", id, PLAN_NAMES),
	IN(stack_node, PLAN_TEXT, "kind", kind, 0),
	IN(stack_node, PLAN_WORDS, "on", on, PLAN_MAYBE),
	IN(stack_node, PLAN_WORDS, "with", words, PLAN_MAYBE),
	IN(stack_node, PLAN_BOOL, "in_image", in_image, 0),
	IN(stack_node, PLAN_BOOL, "early", early, 0),
	IN(stack_node, PLAN_BOOL, "late", late, 0),
	END,
};

static const struct plan_field own_fields[] = {
	IN(plan_own, PLAN_TEXT, "name", name, PLAN_NAMES),
	IN(plan_own, PLAN_WORDS, "paths", paths, 0),
	IN(plan_own, PLAN_WORDS, "make", make, PLAN_MAYBE),
	IN(plan_own, PLAN_WORDS, "before", before, PLAN_MAYBE),
	IN(plan_own, PLAN_TEXT, "owner", owner, PLAN_MAYBE),
	IN(plan_own, PLAN_TEXT, "group", group, PLAN_MAYBE),
	IN(plan_own, PLAN_MODE, "mode", mode, 0),
	IN(plan_own, PLAN_TEXT, "folder", folder, PLAN_MAYBE),
	END,
};

#define SECRET(type, name, member, flags) VIA(plan_secret, words, recipe_secret, type, name, member, flags)
static const struct plan_field secret_fields[] = {
	SECRET(PLAN_TEXT, "name", name, PLAN_NAMES),
	IN(plan_secret, PLAN_TEXT, "deliver", deliver, 0),
	IN(plan_secret, PLAN_TEXT, "file", travels, PLAN_MAYBE),
	IN(plan_secret, PLAN_TEXT, "sha256", sha256, PLAN_MAYBE | PLAN_SHOWN),
	IN(plan_secret, PLAN_TEXT, "format", format, PLAN_MAYBE),
	IN(plan_secret, PLAN_WORDS, "key", key, PLAN_MAYBE),
	SECRET(PLAN_TEXT, "path", path, PLAN_MAYBE),
	SECRET(PLAN_MODE, "mode", mode, 0),
	SECRET(PLAN_TEXT, "owner", owner, 0),
	SECRET(PLAN_TEXT, "group", group, 0),
	SECRET(PLAN_BOOL, "for_users", for_users, 0),
	SECRET(PLAN_BOOL, "allow_empty", allow_empty, 0),
	SECRET(PLAN_WORDS, "restart", restart, PLAN_MAYBE),
	SECRET(PLAN_WORDS, "reload", reload, PLAN_MAYBE),
	IN(plan_secret, PLAN_WORDS, "need", need, PLAN_MAYBE),
	END,
};

#define TEMPLATE(type, name, member, flags) VIA(plan_template, words, recipe_template, type, name, member, flags)
static const struct plan_field template_fields[] = {
	TEMPLATE(PLAN_TEXT, "name", name, PLAN_NAMES),
	TEMPLATE(PLAN_TEXT, "path", path, PLAN_MAYBE),
	TEMPLATE(PLAN_MODE, "mode", mode, 0),
	TEMPLATE(PLAN_TEXT, "owner", owner, 0),
	TEMPLATE(PLAN_TEXT, "group", group, 0),
	TEMPLATE(PLAN_WORDS, "restart", restart, PLAN_MAYBE),
	TEMPLATE(PLAN_WORDS, "reload", reload, PLAN_MAYBE),
	IN(plan_template, PLAN_WORDS, "need", need, PLAN_MAYBE),
	IN(plan_template, PLAN_LINES, "text", text, 0),
	END,
};

static const struct plan_field word_fields[] = {ALONE(PLAN_TEXT, 0), END};
static const struct plan_field hook_fields[] = {ALONE(PLAN_WORDS, offsetof(struct recipe_hook, argv)), END};

/* --- the lists ------------------------------------------------------------------------------------------------------- */

#define ARRAY(T, items_, count_, item)                                                                                 \
	.items = offsetof(struct T, items_), .count = offsetof(struct T, count_), .size = sizeof(item)
#define LIST(T, member, item) ARRAY(T, member, n_##member, struct item)
/* A list of words (struct strv). */
#define WORDS(T, member)                                                                                               \
	.items = offsetof(struct T, member) + offsetof(struct strv, items),                                            \
	.count = offsetof(struct T, member) + offsetof(struct strv, count), .size = sizeof(const char *),              \
	.fields = word_fields
#define POS(item) .pos = 1 + offsetof(struct item, pos)
#define POS_VIA(item, pointer, T) .pos_via = 1 + offsetof(struct item, pointer), .pos = 1 + offsetof(struct T, pos)

const struct plan_list plan_packages = {
	"packages", NULL, "package", "Packages", ARRAY(plan_layer, packages, n_packages, struct debian_package),
	.fields = package_fields,
};
const struct plan_list plan_excluded = {
	"exclude", NULL, "path of packages", "Paths of packages", WORDS(recipe, exclude),
};
const struct plan_list plan_included = {
	"include", NULL, "path of packages", "Paths of packages", WORDS(recipe, include),
};
const struct plan_list plan_excepted = {
	"include", NULL, "path of packages", "Paths of packages", WORDS(plan_layer, exceptions),
};

const struct plan_list plan_lists[] = {
	{"files", NULL, "file", "Files", "image", LIST(plan, files, plan_file), POS(plan_file), .fields = file_fields},
	{"units", NULL, "unit", "Units", "image", LIST(plan, units, plan_unit), POS(plan_unit), .fields = unit_fields},
	{"ports", "tcp", "port", "Ports", "image", "/tcp", .of_recipe = true, WORDS(recipe, firewall_tcp)},
	{"ports", "udp", "port", "Ports", "image", "/udp", .of_recipe = true, WORDS(recipe, firewall_udp)},
	{"firewall", NULL, "firewall rule", "Firewall", "image", WORDS(plan, firewall)},
	{"users", NULL, "user", "Users", "image", LIST(plan, users, plan_user), POS_VIA(plan_user, words, recipe_user),
	 .fields = user_fields},
	{"groups", NULL, "group", "Groups", "image", LIST(plan, groups, plan_group), POS_VIA(plan_group, words, recipe_group),
	 .fields = group_fields},
	{"accounts", NULL, "account", "Ids of accounts", "image", LIST(plan, accounts, plan_account), POS(plan_account),
	 .fields = account_fields},
	{"downloads", NULL, "download", "Downloads", "image", LIST(plan, downloads, plan_download),
	 POS_VIA(plan_download, words, recipe_download), .fields = download_fields},
	{"containers", NULL, "container image", "Container images", "image", LIST(plan, containers, plan_container),
	 .fields = container_fields},
	{"health", NULL, "health check", "Health checks", "image", .of_recipe = true, LIST(recipe, health, recipe_health),
	 POS(recipe_health), .fields = health_fields},
	{"state", NULL, "state", "State", "image", .of_recipe = true, WORDS(recipe, state)},
	{"perMachine", NULL, "per machine", "Each machine's own", "image", LIST(plan, own, plan_own), POS(plan_own),
	 .fields = own_fields},
	{"secrets", NULL, "secret", "Secrets", "image", LIST(plan, secrets, plan_secret),
	 POS_VIA(plan_secret, words, recipe_secret), .fields = secret_fields},
	{"templates", NULL, "template", "Templates", "image", LIST(plan, templates, plan_template),
	 POS_VIA(plan_template, words, recipe_template), .fields = template_fields},
	{"partitions", NULL, "partition", "Partitions", "disk",
	 ARRAY(plan, layout.partitions, layout.n_partitions, struct disk_partition), POS(disk_partition),
	 .fields = partition_fields},
	{"devices", NULL, "device", "Devices", "disk", .maybe = true,
	 ARRAY(plan, stack.nodes, stack.n_nodes, struct stack_node), POS(stack_node), .fields = device_fields},
	{"configure", NULL, "hook", "Hooks", "image", .of_recipe = true,
	 ARRAY(recipe, configure, n_configure, struct recipe_hook), POS(recipe_hook), .fields = hook_fields},
	{0},
};

const struct plan_single plan_singles[] = {
	{IN(plan, PLAN_TEXT, "key", key, PLAN_HIDDEN), NULL},
	{IN(plan, PLAN_TEXT, "version", version, PLAN_HIDDEN), "all"},
	{IN(plan, PLAN_TEXT, "program", program, 0), "all"},
	{VIA(plan, recipe, recipe, PLAN_TEXT, "name", name, 0), "all"},
	{IN(plan, PLAN_TEXT, "kind", kind, 0), "all"},
	{IN(plan, PLAN_NUMBER, "epoch", epoch, 0), "image"},
	{IN(plan, PLAN_NUMBER, "numbering", numbering, 0), "image"},
	{IN(plan, PLAN_TEXT, "seed", seed, 0), NULL}, /* it follows from the name */
	{VIA(plan, programs, plan_programs, PLAN_TEXT, "init", init_sha256, PLAN_MAYBE), "disk"},
	{IN(plan, PLAN_TEXT, "cmdline", cmdline, PLAN_MAYBE), "disk"},
	{IN(plan, PLAN_SIZE, "disk_size", layout.size_bytes, 0), "disk"},
	{IN(plan, PLAN_TEXT, "state_on", state_on, PLAN_MAYBE), "disk"},
	{{0}, NULL},
};

/* --- reading --------------------------------------------------------------------------------------------------------- */

static const void *fields_at(const void *item, size_t via, size_t offset)
{
	if (via)
		item = *(const void *const *)((const char *)item + via - 1);
	return (const char *)item + offset;
}

static void fields_set_text(struct plan_value *value, enum plan_form form, const char *text)
{
	value->form = text ? form : SAYS_NOTHING;
	value->text = text;
}

static void fields_set_number(struct plan_value *value, int64_t number)
{
	value->form = number < 0 ? SAYS_NOTHING : SAYS_NUMBER;
	value->number = number;
}

static void fields_set_truth(struct plan_value *value, int64_t truth)
{
	fields_set_number(value, truth);
	if (value->form == SAYS_NUMBER)
		value->form = SAYS_BOOL;
}

/* The type in hexadecimal, with a star when a BIOS takes the partition for the one to start. */
static void fields_set_hybrid(struct plan_value *value, const struct disk_hybrid *hybrid)
{
	snprintf(value->scratch, sizeof value->scratch, "%02x%s", hybrid->type, hybrid->active ? "*" : "");
	fields_set_text(value, SAYS_TEXT, hybrid->there ? value->scratch : NULL);
}

static void fields_read(const struct plan_field *field, const void *item, const void *at, struct plan_value *value)
{
	switch (field->type) {
	case PLAN_TEXT:
		return fields_set_text(value, SAYS_TEXT, *(const char *const *)at);
	case PLAN_CHARS:
		return fields_set_text(value, SAYS_TEXT, at);
	case PLAN_LINES:
		return fields_set_text(value, SAYS_LINES, *(const char *const *)at);
	case PLAN_BOOL:
		return fields_set_truth(value, *(const bool *)at);
	case PLAN_TRISTATE:
		return fields_set_truth(value, *(const enum recipe_tristate *)at);
	case PLAN_NUMBER:
		return fields_set_number(value, *(const int64_t *)at);
	case PLAN_SIZE:
		return fields_set_number(value, (int64_t)*(const uint64_t *)at);
	case PLAN_BITS:
		snprintf(value->scratch, sizeof value->scratch, "%" PRIx64, *(const uint64_t *)at);
		return fields_set_text(value, SAYS_TEXT, value->scratch);
	case PLAN_MODE:
		snprintf(value->scratch, sizeof value->scratch, "%04o", (unsigned)*(const mode_t *)at);
		return fields_set_text(value, SAYS_TEXT, value->scratch);
	case PLAN_CONTENT:
		return fields_set_text(value, SAYS_TEXT, disk_content_name(*(const enum disk_content *)at));
	case PLAN_HYBRID:
		return fields_set_hybrid(value, at);
	case PLAN_WORDS:
		value->form = SAYS_WORDS;
		value->words = at;
		return;
	case PLAN_RECORD:
		plan_value_of(&field->inside[0], item, value);
		if (value->form != SAYS_NOTHING)
			value->form = SAYS_RECORD;
	}
}

/* Whether a value is one that PLAN_MAYBE takes for none. */
static bool fields_is_empty(const struct plan_value *value)
{
	switch (value->form) {
	case SAYS_TEXT:
	case SAYS_LINES:
		return !*value->text;
	case SAYS_NUMBER:
		return value->number == 0;
	case SAYS_WORDS:
		return value->words->count == 0;
	default:
		return false;
	}
}

void plan_value_of(const struct plan_field *field, const void *item, struct plan_value *ret_value)
{
	*ret_value = (struct plan_value){0};
	fields_read(field, item, fields_at(item, field->via, field->offset), ret_value);
	if ((field->flags & PLAN_MAYBE) && fields_is_empty(ret_value))
		ret_value->form = SAYS_NOTHING;
}

size_t plan_count(const struct plan_list *list, const void *base)
{
	return *(const size_t *)((const char *)base + list->count);
}

const void *plan_item(const struct plan_list *list, const void *base, size_t i)
{
	return *(const char *const *)((const char *)base + list->items) + i * list->size;
}

const void *plan_base(const struct plan *plan, const struct plan_list *list)
{
	return list->of_recipe ? (const void *)plan->recipe : plan;
}

const struct pos *plan_words(const struct plan *plan, const char *what, const char *name)
{
	struct plan_value value;

	for (const struct plan_list *list = plan_lists; list->key; list++) {
		const void *base = plan_base(plan, list);

		for (size_t i = 0; list->pos && strcmp(list->what, what) == 0 && i < plan_count(list, base); i++) {
			const void *item = plan_item(list, base, i);

			plan_value_of(&list->fields[0], item, &value);
			if (value.form == SAYS_TEXT && strcmp(value.text, name) == 0)
				return fields_at(item, list->pos_via, list->pos - 1);
		}
	}
	for (size_t i = 0; strcmp(what, plan_packages.what) == 0 && i < plan->recipe->n_packages; i++)
		if (strcmp(plan->recipe->packages[i].name, name) == 0)
			return &plan->recipe->packages[i].pos;
	return NULL;
}
