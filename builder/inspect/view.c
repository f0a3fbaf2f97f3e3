#include "inspect/view.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "contract/image.h"
#include "inspect/pairing.h"
#include "inspect/points.h"
#include "inspect/scripts.h"

enum { SAID_MAX = 768 << 20 };

/* What is mounted; all else that lsblk names is a member of something, or unknown. */
static const char *const view_types[] = {
	"ext2", "ext3", "ext4", "xfs", "btrfs", "vfat", "f2fs", "erofs", "squashfs", "iso9660", "exfat", "ntfs",
};

int view_ask(struct inspect_view *view, const char *script, const char *const *arguments, const char **ret_said,
	     size_t *ret_size,
	     struct err *err)
{
	_cleanup_buf_ struct buf said = {0};
	struct strv words = {0};
	int r;

	for (size_t i = 0; arguments[i]; i++)
		strv_push(view->arena, &words, arguments[i]);
	r = appliance_ask(view->appliance, script, &words, SAID_MAX, &said, err);
	if (r < 0)
		return r;
	*ret_said = arena_memdup(view->arena, said.size ? said.data : "", said.size);
	if (ret_size)
		*ret_size = said.size;
	return 0;
}

const char *view_field(const char **at, const char *end)
{
	const char *field = *at;

	if (field >= end)
		return "";
	*at += strlen(field) + 1;
	return field;
}

/* --- mounting -------------------------------------------------------------------------------------------------------- */

static bool view_can_mount(const struct inspect_device *device)
{
	for (size_t i = 0; device->fs && i < sizeof view_types / sizeof *view_types; i++)
		if (strcmp(device->fs, view_types[i]) == 0)
			return true;
	return false;
}

static void view_take_lines(struct arena *arena, struct strv *list, const char *lines)
{
	char *copy = arena_strdup(arena, lines), *rest = NULL;

	for (char *line = strtok_r(copy, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		strv_push(arena, list, line);
}

static void view_take_mounted(struct inspect_view *view, struct inspect_device *device, const char *place, const char **at,
			      const char *end)
{
	const char *said = view_field(at, end), *size = view_field(at, end), *unused = view_field(at, end);
	const char *root = view_field(at, end), *epoch = view_field(at, end), *volumes = view_field(at, end);

	if (strcmp(said, "yes") != 0) {
		device->problem = *said ? said : "nothing was said of it";
		return;
	}
	device->place = place;
	device->fs_size = strtoull(size, NULL, 10);
	device->fs_free = strtoull(unused, NULL, 10);
	device->root = *root ? root + 1 : NULL;
	device->epoch = strtoull(epoch, NULL, 10);
	device->is_ours = device->epoch > 0;
	view_take_lines(view->arena, &device->subvolumes, volumes);
}

static int view_mount(struct inspect_view *view, struct err *err)
{
	const char **words = arena_array(view->arena, const char *, view->n * 3 + 1), *said = "";
	size_t n = 0, size = 0;
	int r = 0;

	for (size_t i = 0; i < view->n; i++)
		if (view_can_mount(&view->devices[i])) {
			words[n++] = view->devices[i].path;
			words[n++] = view->devices[i].fs;
			words[n++] = arena_printf(view->arena, "%s/%zu", view->place, i);
		}
	if (n)
		r = view_ask(view, SCRIPT_MOUNT, words, &said, &size, err);
	if (r < 0)
		return r;
	for (size_t i = 0, k = 0, taken = 0; i < view->n; i++)
		if (view_can_mount(&view->devices[i])) {
			const char *at = said + taken;

			view_take_mounted(view, &view->devices[i], words[k + 2], &at, said + size);
			taken = (size_t)(at - said);
			k += 3;
		} else if (view->devices[i].fs && strcmp(view->devices[i].fs, "crypto_LUKS") == 0) {
			view->devices[i].problem = "it is encrypted, and stays closed: no key is asked for";
		}
	return 0;
}

/* A template has one device: what it is unpacked on. */
static int view_unpack(struct inspect_view *view, struct err *err)
{
	const char *place = arena_printf(view->arena, "%s/0", view->place), *said;
	const char *words[] = {
		view->disk, arena_printf(view->arena, "%llu", (unsigned long long)view->file_size), view->kind.unpack,
			view->scratch,
		place, NULL,
	};
	struct inspect_device *device = arena_new_of(view->arena, struct inspect_device);
	int r = view_ask(view, SCRIPT_UNPACK, words, &said, NULL, err);

	if (r < 0)
		return err_wrap(err, "unpacking the template");
	*device = (struct inspect_device){
		.path = view->scratch, .name = "template", .parent = -1, .kind = "template",
		.size = view->file_size, .place = place,
			.root = "",
	};
	view->devices = device;
	view->n = 1;
	view->root = device;
	return 0;
}

/* --- slots ----------------------------------------------------------------------------------------------------------- */

/* "gateway-3-b+2-1.efi" is the third image, in slot b. */
static void view_take_uki(struct inspect_view *view, const char *file, uint64_t size)
{
	size_t length = strcspn(file, "+"), at;
	char letter;
	unsigned sequence;

	if (length == strlen(file) && text_has_suffix(file, ".efi"))
		length -= strlen(".efi");
	if (length < 4 || file[length - 2] != '-' || (file[length - 1] != 'a' && file[length - 1] != 'b'))
		return;
	letter = file[length - 1];
	for (at = length - 2; at > 0 && file[at - 1] >= '0' && file[at - 1] <= '9';)
		at--;
	sequence = (unsigned)strtoul(file + at, NULL, 10);
	if (view->slots[letter - 'a'].uki && view->slots[letter - 'a'].sequence > sequence)
		return;
	view->slots[letter - 'a'].uki = file;
	view->slots[letter - 'a'].uki_size = size;
	view->slots[letter - 'a'].sequence = sequence;
}

static void view_take_esp(struct inspect_view *view, const char *text)
{
	char *copy = arena_strdup(view->arena, text), *lines = NULL;

	for (char *line = strtok_r(copy, "\n", &lines); line; line = strtok_r(NULL, "\n", &lines)) {
		char *rest = NULL, *what = strtok_r(line, "\t", &rest), *name = strtok_r(NULL, "\t", &rest);
		char *value = strtok_r(NULL, "\t", &rest);

		if (!what || !name || !value)
			continue;
		if (strcmp(what, "uki") == 0)
			view_take_uki(view, name, strtoull(value, NULL, 10));
		else if (text_has_prefix(value, "root=") && (*name == 'a' || *name == 'b'))
			view->slots[*name - 'a'].root_hash = value + strlen("root=");
		else if (text_has_prefix(value, "generation=") && (*name == 'a' || *name == 'b'))
			view->slots[*name - 'a'].generation = value + strlen("generation=");
	}
}

static bool view_is_esp(const struct inspect_device *device)
{
	return device->place && device->type && (strcmp(device->type, "c12a7328-f81f-11d2-ba4b-00a0c93ec93b") == 0 ||
						 strcmp(device->type, "0xef") == 0);
}

/* Of two systems the newer one: by the loader's number, else by the date of what it is made of. */
static bool view_is_newer(const struct inspect_view *view, const struct inspect_device *device,
			  const struct inspect_device *than)
{
	const struct inspect_slot *slot = pairing_slot(view, device), *other = pairing_slot(view, than);

	if (slot && other && slot->sequence != other->sequence)
		return slot->sequence > other->sequence;
	return device->epoch > than->epoch;
}

static int view_find_root(struct inspect_view *view, struct err *err)
{
	int r = 0;

	for (size_t i = 0; i < 2; i++)
		view->slots[i].letter = (char)('a' + i);
	for (size_t i = 0; r == 0 && i < view->n; i++)
		if (view_is_esp(&view->devices[i])) {
			const char *said = "";

			r = view_ask(view, SCRIPT_ESP, (const char *[]){view->devices[i].place, NULL}, &said, NULL, err);
			view_take_esp(view, said);
		}
	for (size_t i = 0; i < view->n; i++)
		if (view->devices[i].root && (!view->root || view_is_newer(view, &view->devices[i], view->root)))
			view->root = &view->devices[i];
	return r;
}

int view_open(struct inspect_view *view, struct err *err)
{
	const char *said;
	size_t size;
	int r;

	if (view->kind.template)
		return view_unpack(view, err);
	r = view_ask(view, SCRIPT_DEVICES, (const char *[]){view->disk, NULL}, &said, &size, err);
	if (r == 0)
		r = devices_read(view->arena, said, size, &view->devices, &view->n, err);
	if (r == 0)
		r = view_mount(view, err);
	if (r == 0)
		r = view_find_root(view, err);
	return r;
}

/* --- looking --------------------------------------------------------------------------------------------------------- */

static const char *view_below(struct arena *arena, const char *place, const char *path)
{
	return *path ? arena_printf(arena, "%s/%s", place, path) : place;
}

/* Where fstab does not say it: /var of our layout on the system's disk. */
static struct inspect_device *view_state(struct inspect_view *view, const char *image)
{
	struct inspect_device *device = NULL;

	if (strstr(image, IMAGE_KEY_STATE "=" IMAGE_STATE_PARTITION))
		device = devices_find(view->devices, view->n, "PARTLABEL=" LABEL_STATE);
	return device && device->place ? device : NULL;
}

int view_join(struct inspect_view *view, const char **ret_place, struct err *err)
{
	const char *place = arena_printf(view->arena, "%s/root", view->place), **words, *from, *fstab = "", *image = "", *said;
	struct inspect_point *points;
	size_t n_points, n = 0;
	int r;

	if (!view->root) {
		err_set(err, -ENOENT, "no file system of this image has a system in it (an os-release)");
		return err_hint(err, "say which is meant: --partition LABEL|NUMBER (without a path you see which there are)");
	}
	from = view_below(view->arena, view->root->place, view->root->root);
	r = view_ask(view, SCRIPT_SHOW, (const char *[]){from, "etc/fstab", NULL}, &fstab, NULL, err);
	if (r == 0)
		r = view_ask(view, SCRIPT_SHOW, (const char *[]){from, IMAGE_FILE, NULL}, &image, NULL, err);
	if (r < 0)
		return r;
	points = points_read(view->arena, fstab, &n_points);
	words = arena_array(view->arena, const char *, 2 * n_points + 5);
	words[n++] = from;
	words[n++] = place;
	if (view_state(view, image)) {
		words[n++] = view_state(view, image)->place;
		words[n++] = "/var";
	}
	for (size_t i = 0; i < n_points; i++) {
		struct inspect_device *device = devices_find(view->devices, view->n, points[i].source);

		if (!device || !device->place)
			continue;
		words[n++] = view_below(view->arena, device->place, points[i].subvolume);
		words[n++] = points[i].folder;
	}
	*ret_place = place;
	return view_ask(view, SCRIPT_JOIN, words, &said, NULL, err);
}

int view_partition(struct inspect_view *view, const char *called, const char **ret_place, struct err *err)
{
	struct inspect_device *device = devices_find(view->devices, view->n, called);
	struct strv names = {0};

	if (device && device->place) {
		*ret_place = device->place;
		return 0;
	}
	if (device && device->problem)
		return err_set(err, -EIO, "'%s' cannot be read: %s", called, text_plain(view->arena, device->problem));
	for (size_t i = 0; i < view->n; i++)
		if (view->devices[i].place)
			strv_push(view->arena, &names, view->devices[i].label ? text_plain(view->arena, view->devices[i].label)
									      : view->devices[i].name);
	err_set(err, -ENOENT, "%s '%s'", device ? "there is no file system on" : "there is no partition", called);
	return err_hint(err, "file systems of this image: %s", names.count ? strv_join(view->arena, &names, ", ") : "none");
}
