#include "fleet/proxmox/config.h"

#include <string.h>

#include "fleet/proxmox/drive.h"

static void proxmox_config_add(struct arena *arena, struct config *config, const char *key, const char *value)
{
	struct config_entry *entry = arena_push(arena, config->entries, config->n_entries);

	*entry = (struct config_entry){arena_strdup(arena, key), arena_strdup(arena, value)};
}

struct config config_read(struct arena *arena, const struct jval *data)
{
	struct strv keys = jval_keys(arena, data);
	struct config config = {0};

	for (size_t i = 0; i < keys.count; i++) {
		const char *value = jval_scalar(arena, jval_get(data, keys.items[i]));

		if (value && strcmp(keys.items[i], "digest") == 0)
			config.digest = arena_strdup(arena, value);
		else if (value || jval_count(jval_get(data, keys.items[i])))
			proxmox_config_add(arena, &config, keys.items[i], value ? value : "");
	}
	return config;
}

const char *config_get(const struct config *config, const char *key)
{
	for (size_t i = 0; i < config->n_entries; i++)
		if (strcmp(config->entries[i].key, key) == 0)
			return config->entries[i].value;
	return NULL;
}

struct config config_read_pending(struct arena *arena, const struct jval *data)
{
	struct config config = {0};

	for (size_t i = 0; i < jval_count(data); i++) {
		const struct jval *item = jval_item(data, i);
		const char *key = jval_get_text(item, "key"), *pending = jval_scalar(arena, jval_get(item, "pending"));
		const char *deleted = jval_scalar(arena, jval_get(item, "delete"));

		if (key && pending)
			proxmox_config_add(arena, &config, key, pending);
		else if (key && deleted && strcmp(deleted, "0") != 0)
			proxmox_config_add(arena, &config, key, "");
	}
	return config;
}

struct strv config_volumes(struct arena *arena, const struct config *config)
{
	struct strv volumes = {0};

	for (size_t i = 0; i < config->n_entries; i++) {
		const char *key = config->entries[i].key;
		struct drive drive;

		if (!drive_is_key(key) && !text_has_prefix(key, "unused"))
			continue;
		drive = drive_parse(arena, config->entries[i].value);
		if (*drive.volid)
			strv_push(arena, &volumes, drive.volid);
	}
	return volumes;
}

struct strv config_tags(struct arena *arena, const struct config *config)
{
	const char *text = config_get(config, "tags");
	struct strv tags = {0};

	for (const char *at = text ? text : ""; *at; at += strspn(at, ";, ")) {
		size_t length = strcspn(at, ";, ");

		if (length)
			strv_push(arena, &tags, arena_strndup(arena, at, length));
		at += length;
	}
	return tags;
}
