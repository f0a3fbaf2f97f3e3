#include "plan/json.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/identity.h"
#include "plan/config.h"

static const char *const layer_names[LAYER_COUNT] = {"base", "parent", "recipe"};

static struct json *words(const struct strv *list)
{
	struct json *array = json_new_array();

	for (size_t i = 0; i < list->count; i++)
		json_add(array, json_text(list->items[i]));
	return array;
}

static struct json *layer(const struct plan_tree *tree, unsigned l)
{
	struct json *object = json_new_object(), *packages = json_new_array();

	for (size_t i = 0; i < tree->layers[l].n_packages; i++) {
		const struct debian_package *package = &tree->layers[l].packages[i];
		struct json *item = json_new_object();

		json_set(item, "name", json_text(package->name));
		json_set(item, "version", json_text(package->version));
		json_set(item, "arch", json_text(package->arch));
		json_set(item, "sha256", json_text(package->sha256));
		json_add(packages, item);
	}
	json_set(object, "name", json_text(layer_names[l]));
	json_set(object, "key", json_text(tree->layers[l].key));
	json_set(object, "packages", packages);
	return object;
}

static struct json *tree(const struct plan_tree *from)
{
	struct json *object = json_new_object(), *layers = json_new_array();

	for (unsigned l = 0; l < LAYER_COUNT; l++)
		json_add(layers, layer(from, l));
	json_set(object, "layers", layers);
	json_set(object, "exclude", words(&from->recipe->exclude));
	json_set(object, "include", words(&from->recipe->include));
	return object;
}

static struct json *downloads(const struct plan *plan)
{
	struct json *array = json_new_array();

	for (size_t i = 0; i < plan->n_downloads; i++) {
		const struct recipe_download *words = plan->downloads[i].words;
		struct json *object = json_new_object();

		json_set(object, "name", json_text(words->name));
		json_set(object, "sha256", json_text(plan->downloads[i].locked->sha256));
		json_set(object, "fake", json_bool(plan->downloads[i].locked->fake));
		json_set(object, "path", json_text(words->path));
		json_set(object, "member", json_text(words->member));
		json_set(object, "unpack", json_bool(words->unpack));
		json_set(object, "strip", json_number(words->strip));
		json_set(object, "decompress", json_bool(words->decompress));
		json_set(object, "mode", json_number(words->mode));
		json_set(object, "owner", json_text(words->owner));
		json_set(object, "group", json_text(words->group));
		json_add(array, object);
	}
	return array;
}

static struct json *containers(const struct plan *plan)
{
	struct json *array = json_new_array();

	for (size_t i = 0; i < plan->n_containers; i++) {
		const struct plan_container *container = &plan->containers[i];
		struct json *object = json_new_object();

		json_set(object, "image", json_text(container->locked->image));
		json_set(object, "sha256", json_text(container->locked->manifest.sha256));
		json_set(object, "fake", json_bool(container->locked->fake));
		json_set(object, "key", json_text(container->key));
		json_add(array, object);
	}
	return array;
}

static struct json *files(const struct plan *plan)
{
	struct json *array = json_new_array();

	for (size_t i = 0; i < plan->n_files; i++) {
		const struct plan_file *file = &plan->files[i];
		struct json *object = json_new_object();
		char mode[8];

		json_set(object, "path", json_text(file->path));
		if (file->link) {
			json_set(object, "link", json_text(file->link));
		} else {
			snprintf(mode, sizeof mode, "%04o", (unsigned)file->mode);
			json_set(object, "mode", json_text(mode));
			json_set(object, "owner", json_text(file->owner));
			json_set(object, "group", json_text(file->group));
			json_set(object, "sha256", json_text(file->sha256));
		}
		json_add(array, object);
	}
	return array;
}

static struct json *units(const struct plan *plan)
{
	struct json *array = json_new_array();

	for (size_t i = 0; i < plan->n_units; i++) {
		const struct plan_unit *unit = &plan->units[i];
		struct json *object = json_new_object();

		json_set(object, "name", json_text(unit->name));
		if (unit->enable != UNSET)
			json_set(object, "enable", json_bool(unit->enable == YES));
		json_set(object, "mask", json_bool(unit->mask));
		json_set(object, "text", json_text(unit->text));
		json_add(array, object);
	}
	return array;
}

static struct json *partitions(const struct disk_layout *layout)
{
	struct json *array = json_new_array();

	for (size_t i = 0; i < layout->n_partitions; i++) {
		const struct disk_partition *part = &layout->partitions[i];
		struct json *object = json_new_object();

		char attributes[20];

		json_set(object, "label", json_text(part->label));
		json_set(object, "content", json_text(disk_content_name(part->content)));
		json_set(object, "type", json_text(part->type));
		json_set(object, "uuid", json_text(part->uuid));
		json_set(object, "start", json_number((int64_t)part->start));
		json_set(object, "size", json_number((int64_t)part->size));
		snprintf(attributes, sizeof attributes, "%" PRIx64, part->attributes);
		json_set(object, "attributes", json_text(attributes));
		json_set(object, "mkfs", words(&part->mkfs_arguments));
		json_add(array, object);
	}
	return array;
}

static struct json *users(const struct recipe *recipe)
{
	struct json *array = json_new_array();

	for (size_t i = 0; i < recipe->n_users; i++) {
		const struct recipe_user *user = &recipe->users[i];
		struct json *object = json_new_object();

		json_set(object, "name", json_text(user->name));
		json_set(object, "uid", user->system && user->uid < 0 ? json_text(NULL)
								      : json_number(access_uid(recipe, user)));
		json_set(object, "groups", words(&user->groups));
		json_set(object, "shell", json_text(user->shell));
		json_set(object, "home", json_text(user->home));
		json_set(object, "comment", json_text(user->comment));
		json_set(object, "sudo", json_text(user->sudo));
		json_set(object, "linger", json_bool(user->linger));
		json_set(object, "system", json_bool(user->system));
		json_add(array, object);
	}
	return array;
}

static struct json *health(const struct recipe *recipe)
{
	struct json *array = json_new_array();

	for (size_t i = 0; i < recipe->n_health; i++) {
		const struct recipe_health *from = &recipe->health[i];
		struct json *object = json_new_object(), *http;

		if (from->type == HEALTH_UNIT) {
			json_set(object, "unit", json_text(from->unit));
		} else if (from->type == HEALTH_TCP) {
			json_set(object, "tcp", json_number(from->port));
		} else if (from->type == HEALTH_HTTP) {
			json_set(object, "http", http = json_new_object());
			json_set(http, "url", json_text(from->url));
			json_set(http, "status", json_number(from->status));
		} else {
			json_set(object, "command", words(&from->command));
		}
		json_set(object, "timeout_ms", json_number((int64_t)from->timeout_ms));
		json_add(array, object);
	}
	return array;
}

static struct json *configure(const struct recipe *recipe)
{
	struct json *array = json_new_array();

	for (size_t i = 0; i < recipe->n_configure; i++)
		json_add(array, words(&recipe->configure[i].argv));
	return array;
}

struct json *plan_json(const struct plan *plan)
{
	struct json *object = json_new_object(), *ports = json_new_object();

	json_set(ports, "tcp", words(&plan->recipe->firewall_tcp));
	json_set(ports, "udp", words(&plan->recipe->firewall_udp));
	json_set(object, "key", json_text(plan->key));
	json_set(object, "version", json_text(AETHER_VERSION));
	json_set(object, "program", json_text(identity_program));
	json_set(object, "kind", json_text(recipe_kind_name(plan->recipe->kind)));
	json_set(object, "name", json_text(plan->recipe->name));
	json_set(object, "epoch", json_number(plan->epoch));
	if (plan->programs->init) {
		json_set(object, "init", json_text(plan->programs->init_sha256));
		json_set(object, "cmdline", json_text(plan->cmdline));
	}
	json_set(object, "state", words(&plan->recipe->state));
	json_set(object, "ports", ports);
	json_set(object, "health", health(plan->recipe));
	json_set(object, "users", users(plan->recipe));
	json_set(object, "configure", configure(plan->recipe));
	json_set(object, "disk_size", json_number((int64_t)plan->layout.size_bytes));
	json_set(object, "partitions", partitions(&plan->layout));
	json_set(object, "units", units(plan));
	json_set(object, "downloads", downloads(plan));
	json_set(object, "containers", containers(plan));
	json_set(object, "files", files(plan));
	json_set(object, "image", tree(&plan->image));
	if (plan->tools.recipe)
		json_set(object, "tools", tree(&plan->tools));
	return object;
}
