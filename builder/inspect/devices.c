#include "inspect/devices.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/valid.h"
#include "edge/jval.h"

enum { DEVICES_MAX = 1024, DEPTH_MAX = 16 };

struct devices_list {
	struct arena *arena;
	struct inspect_device *devices;
	size_t n;
};

static const char *devices_word(struct devices_list *list, const struct jval *object, const char *key)
{
	const char *word = jval_get_text(object, key);

	return word && *word ? arena_strdup(list->arena, word) : NULL;
}

static uint64_t devices_count(const struct jval *object, const char *key, uint64_t unit)
{
	int64_t number = 0;

	jval_get_count(object, key, INT64_MAX / 4096, &number);
	return (uint64_t)number * unit;
}

/* "sda3": 3; "nvme0n1p2": 2. */
static unsigned devices_number(const char *name)
{
	size_t length = strlen(name), digits = length;

	while (digits && isdigit((unsigned char)name[digits - 1]))
		digits--;
	return length - digits < 6 ? (unsigned)strtoul(name + digits, NULL, 10) : 0;
}

static bool devices_has(const struct devices_list *list, const char *path)
{
	for (size_t i = 0; i < list->n; i++)
		if (strcmp(list->devices[i].path, path) == 0)
			return true;
	return false;
}

static void devices_take(struct devices_list *list, const struct jval *object, int parent, unsigned depth)
{
	const char *path = devices_word(list, object, "path"), *name = devices_word(list, object, "name");
	const struct jval *children = jval_get(object, "children");
	struct inspect_device *device;
	int self = (int)list->n;

	if (!path || !name || depth > DEPTH_MAX || list->n >= DEVICES_MAX || devices_has(list, path))
		return;
	device = arena_push(list->arena, list->devices, list->n);
	*device = (struct inspect_device){
		.path = path, .name = name, .parent = parent, .depth = depth, .kind = devices_word(list, object, "type"),
		.start = devices_count(object, "start", 512), .size = devices_count(object, "size", 1),
		.label = devices_word(list, object, "partlabel"), .type = devices_word(list, object, "parttype"),
		.type_name = devices_word(list, object, "parttypename"), .uuid = devices_word(list, object, "partuuid"),
		.table = depth ? NULL : devices_word(list, object, "pttype"), .fs = devices_word(list, object, "fstype"),
		.fs_version = devices_word(list, object, "fsver"), .fs_label = devices_word(list, object, "label"),
		.fs_uuid = devices_word(list, object, "uuid"),
	};
	if (!device->kind)
		device->kind = "unknown";
	if (strcmp(device->kind, "part") == 0)
		device->number = devices_number(name);
	for (size_t i = 0; i < jval_count(children); i++)
		devices_take(list, jval_item(children, i), self, depth + 1);
}

int devices_read(struct arena *arena, const char *text, size_t size, struct inspect_device **ret_devices, size_t *ret_n,
		 struct err *err)
{
	_cleanup_jval_ struct jval *value = NULL;
	struct devices_list list = {.arena = arena};
	char *calm = arena_memdup(arena, text ? text : "", size);
	const struct jval *disks;
	size_t good = 0;
	int r;

	while ((good += valid_utf8(calm + good, size - good)) < size) /* a label may be anything */
		calm[good] = '?';
	r = jval_read("what lsblk of the appliance says", calm, size, &value, err);
	if (r < 0)
		return r;
	disks = jval_get(value, "blockdevices");
	for (size_t i = 0; i < jval_count(disks); i++)
		devices_take(&list, jval_item(disks, i), -1, 0);
	*ret_devices = list.devices;
	*ret_n = list.n;
	return 0;
}

/* --- by a name ------------------------------------------------------------------------------------------------------- */

static bool devices_is(const char *value, const char *wanted)
{
	return value && *wanted && strcasecmp(value, wanted) == 0;
}

/* "VG/LV" is the device VG-LV, where a dash of either stands twice. */
static bool devices_is_volume(const struct inspect_device *device, const char *called)
{
	const char *name = device->name;

	for (; *called && *name; called++, name++) {
		if (*called == '/' && *name == '-')
			continue;
		if (*called != *name)
			return false;
		if (*called == '-' && *++name != '-')
			return false;
	}
	return strcmp(device->kind, "lvm") == 0 && !*called && !*name;
}

static bool devices_is_called(const struct inspect_device *device, const char *called)
{
	const struct {
		const char *prefixes[2], *value;
	} ways[] = {
		{{"LABEL=", "/dev/disk/by-label/"}, device->fs_label},
		{{"UUID=", "/dev/disk/by-uuid/"}, device->fs_uuid},
		{{"PARTLABEL=", "/dev/disk/by-partlabel/"}, device->label},
		{{"PARTUUID=", "/dev/disk/by-partuuid/"}, device->uuid},
		{{"/dev/mapper/", "/dev/"}, device->name},
	};

	for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
		for (size_t j = 0; j < 2; j++)
			if (text_has_prefix(called, ways[i].prefixes[j]) &&
			    devices_is(ways[i].value, called + strlen(ways[i].prefixes[j])))
				return true;
	return devices_is_volume(device, text_has_prefix(called, "/dev/") ? called + strlen("/dev/") : called);
}

struct inspect_device *devices_find(struct inspect_device *devices, size_t n, const char *called)
{
	char *end;
	unsigned long number = strtoul(called, &end, 10);

	for (size_t i = 0; i < n; i++)
		if (devices_is_called(&devices[i], called) || devices_is(devices[i].label, called))
			return &devices[i];
	for (size_t i = 0; i < n; i++)
		if ((isdigit((unsigned char)*called) && !*end && devices[i].number == number && number) ||
		    devices_is(devices[i].fs_label, called) || strcmp(devices[i].name, called) == 0)
			return &devices[i];
	return NULL;
}
