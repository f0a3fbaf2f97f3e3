#include "fleet/proxmox/drive.h"

#include <string.h>

#include "base/buf.h"

#define DRIVE_STATE_SERIAL "state"

struct drive drive_parse(struct arena *arena, const char *text)
{
	struct drive drive = {.volid = ""};

	for (const char *at = text; *at; at += strspn(at, ",")) {
		size_t length = strcspn(at, ",");
		const char *word = arena_strndup(arena, at, length);

		if (at == text && !memchr(at, '=', length))
			drive.volid = word;
		else if (text_has_prefix(word, "file=") || text_has_prefix(word, "volume="))
			drive.volid = strchr(word, '=') + 1;
		else if (length)
			strv_push(arena, &drive.options, word);
		at += length;
	}
	return drive;
}

const char *drive_option(const struct drive *drive, const char *name)
{
	size_t length = strlen(name);

	for (size_t i = 0; i < drive->options.count; i++)
		if (strncmp(drive->options.items[i], name, length) == 0 && drive->options.items[i][length] == '=')
			return drive->options.items[i] + length + 1;
	return NULL;
}

const char *drive_print(struct arena *arena, const char *volid, const struct drive *drive)
{
	static const char *const once[] = {"size=", "format=", "media=", "import-from="};
	_cleanup_buf_ struct buf text = {0};

	buf_puts(&text, volid);
	for (size_t i = 0; i < drive->options.count; i++) {
		bool again = true;

		for (size_t j = 0; j < sizeof once / sizeof *once; j++)
			again = again && !text_has_prefix(drive->options.items[i], once[j]);
		if (again)
			buf_printf(&text, ",%s", drive->options.items[i]);
	}
	return arena_strndup(arena, text.data, text.size);
}

bool drive_is_key(const char *key)
{
	static const char *const buses[] = {"scsi", "virtio", "sata", "ide"};

	for (size_t i = 0; i < sizeof buses / sizeof *buses; i++) {
		const char *number = key + strlen(buses[i]);

		if (text_has_prefix(key, buses[i]) && *number && strspn(number, "0123456789") == strlen(number))
			return true;
	}
	return false;
}

bool drive_is_disk(const char *key, const struct drive *drive)
{
	const char *media = drive_option(drive, "media");

	return drive_is_key(key) && *drive->volid && strcmp(drive->volid, "none") != 0 &&
	       (!media || strcmp(media, "cdrom") != 0);
}

static bool drive_is_disk_at(struct arena *arena, const struct config *config, const char *key)
{
	const char *value = key ? config_get(config, key) : NULL;
	struct drive drive = value ? drive_parse(arena, value) : (struct drive){.volid = ""};

	return value && drive_is_disk(key, &drive);
}

static const char *drive_serial(struct arena *arena, const struct config *config, const char *key)
{
	struct drive drive = drive_parse(arena, config_get(config, key));

	return drive_is_disk(key, &drive) ? drive_option(&drive, "serial") : NULL;
}

/* The first disk of "scsi0;net0", whether it is there or not. */
static const char *drive_first_of_order(struct arena *arena, const struct config *config, const char *order)
{
	for (const char *at = order; *at; at += strspn(at, ";,")) {
		size_t length = strcspn(at, ";,");
		const char *key = arena_strndup(arena, at, length);

		if (drive_is_key(key) && (!config_get(config, key) || drive_is_disk_at(arena, config, key)))
			return key;
		at += length;
	}
	return NULL;
}

/* The only disk, or (with `system`) the only one without a serial number beside that; NULL when there are none or several. */
static const char *drive_only(struct arena *arena, const struct config *config, const char *system)
{
	const char *found = NULL;

	for (size_t i = 0; i < config->n_entries; i++) {
		const char *key = config->entries[i].key;

		if (!drive_is_disk_at(arena, config, key))
			continue;
		if (system && (strcmp(key, system) == 0 || drive_serial(arena, config, key)))
			continue;
		if (found)
			return NULL;
		found = key;
	}
	return found;
}

const char *drive_system(struct arena *arena, const struct config *config)
{
	const char *boot = config_get(config, "boot"), *disk = config_get(config, "bootdisk"), *key, *serial;

	if (boot && text_has_prefix(boot, "order="))
		key = drive_first_of_order(arena, config, boot + strlen("order="));
	else
		key = disk ? drive_first_of_order(arena, config, disk) : drive_only(arena, config, NULL);
	if (!key || !drive_is_disk_at(arena, config, key))
		return NULL;
	serial = drive_serial(arena, config, key);
	return serial && strcmp(serial, DRIVE_STATE_SERIAL) == 0 ? NULL : key;
}

const char *drive_of_serial(struct arena *arena, const struct config *config, const char *serial)
{
	for (size_t i = 0; i < config->n_entries; i++) {
		const char *is = drive_serial(arena, config, config->entries[i].key);

		if (is && strcmp(is, serial) == 0)
			return config->entries[i].key;
	}
	return NULL;
}

const char *drive_state(struct arena *arena, const struct config *config)
{
	const char *system = drive_system(arena, config), *key = drive_of_serial(arena, config, DRIVE_STATE_SERIAL);

	if (key)
		return key;
	return system ? drive_only(arena, config, system) : NULL;
}

const char *drive_unused(const struct config *config, const char *volid)
{
	for (size_t i = 0; i < config->n_entries; i++)
		if (text_has_prefix(config->entries[i].key, "unused") && strcmp(config->entries[i].value, volid) == 0)
			return config->entries[i].key;
	return NULL;
}
