#include "run/target.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "artifact/manifest.h"
#include "base/file.h"
#include "contract/image.h"
#include "edge/jval.h"

enum { TEXT_BYTES_MAX = 64 << 20 };

static int target_absolute(struct arena *arena, const char *path, const char **ret_path, struct err *err)
{
	char *real = realpath(path, NULL);

	if (!real)
		return err_sys(err, -errno, "cannot find '%s'", path);
	*ret_path = arena_strdup(arena, real);
	free(real);
	return 0;
}

/* The file beside the image; 0 when it is not there, 1 when it is. */
static int target_read_beside(struct arena *arena, const char *folder, const char *name, const char **ret_path,
			      struct buf *text, struct err *err)
{
	int r;

	*ret_path = arena_printf(arena, "%s/%s", folder, name);
	if (!path_exists(*ret_path))
		return 0;
	r = file_read(*ret_path, TEXT_BYTES_MAX, text, err);
	return r < 0 ? r : 1;
}

static int target_read_manifest(struct arena *arena, const char *folder, struct manifest **ret_manifest,
				struct err *err)
{
	_cleanup_buf_ struct buf text = {0};
	const char *path;
	int r = target_read_beside(arena, folder, "manifest.json", &path, &text, err);

	*ret_manifest = NULL;
	return r <= 0 ? r : manifest_read(arena, path, text.data, text.size, ret_manifest, err);
}

static void target_take_words(struct arena *arena, struct strv *list, const struct jval *array)
{
	for (size_t i = 0; i < jval_count(array); i++)
		if (jval_text_of(jval_item(array, i)))
			strv_push(arena, list, jval_text_of(jval_item(array, i)));
}

/* The user to log in as: one who may become root. */
static void target_take_user(struct arena *arena, struct target *target, const struct jval *users)
{
	for (size_t i = 0; i < jval_count(users); i++) {
		const struct jval *user = jval_item(users, i);

		if (jval_get_text(user, "sudo") && jval_get_text(user, "name")) {
			target->user = arena_strdup(arena, jval_get_text(user, "name"));
			return;
		}
	}
}

/* What the plan calls devices are the disks among them, by a word of each; the state's of before has no device. */
static void target_take_disks(struct arena *arena, struct target *target, const struct jval *plan)
{
	static const char serial[] = "serial=",
			  allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
	const struct jval *devices = jval_get(plan, "devices");
	const char *state = jval_get_text(plan, "state_on");

	target->disks = (struct strv){0};
	if (state && strcmp(state, IMAGE_STATE_DISK) == 0)
		strv_push(arena, &target->disks, STATE_SERIAL);
	for (size_t i = 0; i < jval_count(devices); i++) {
		const struct jval *words = jval_get(jval_item(devices, i), "with");

		for (size_t w = 0; w < jval_count(words); w++) {
			const char *word = jval_text_of(jval_item(words, w));
			const char *value = word && text_has_prefix(word, serial) ? word + strlen(serial) : "";

			if (*value && !value[strspn(value, allowed)]) /* it becomes a file's name */
				strv_push(arena, &target->disks, value);
		}
	}
}

static int target_read_plan(struct arena *arena, const char *folder, struct target *target, struct err *err)
{
	_cleanup_jval_ struct jval *plan = NULL;
	_cleanup_buf_ struct buf text = {0};
	const char *path;
	int r = target_read_beside(arena, folder, "plan.json", &path, &text, err);

	if (r > 0)
		r = jval_read(path, text.data, text.size, &plan, err);
	if (r < 0 || !plan)
		return r;
	target_take_disks(arena, target, plan);
	target_take_words(arena, &target->tcp, jval_get(jval_get(plan, "ports"), "tcp"));
	target_take_words(arena, &target->state, jval_get(plan, "state"));
	target_take_user(arena, target, jval_get(plan, "users"));
	return 0;
}

static const char *target_disk_format(const char *path)
{
	_cleanup_fd_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	char magic[4];

	return fd >= 0 && fd_pread_all(fd, magic, 4, 0) == 0 && memcmp(magic, "QFI\xfb", 4) == 0 ? "qcow2" : "raw";
}

/* The name of a file that nothing is known about. */
static const char *target_stem(struct arena *arena, const char *path)
{
	const char *name = path_last(path);

	return arena_strndup(arena, name, strcspn(name, "."));
}

int target_find(struct arena *arena, const char *path, struct target *ret_target, struct err *err)
{
	struct target target = {.user = "root"};
	const char *place, *folder;
	struct manifest *manifest;
	struct stat st;
	int r = target_absolute(arena, path, &place, err);

	if (r < 0)
		return r;
	if (stat(place, &st) < 0)
		return err_sys(err, -errno, "cannot access '%s'", place);
	folder = S_ISDIR(st.st_mode) ? place : arena_strndup(arena, place, (size_t)(strrchr(place, '/') - place));
	r = target_read_manifest(arena, folder, &manifest, err);
	if (r < 0)
		return r;
	if (S_ISDIR(st.st_mode) && !manifest) {
		err_set(err, -ENOENT, "'%s' is a folder, but not the folder of a generation", path);
		return err_hint(err, "name a recipe, an image, or a folder like out/gateway/1");
	}
	target.image = S_ISDIR(st.st_mode) ? arena_printf(arena, "%s/%s", place, manifest->image.file) : place;
	/* What lies beside some other file says nothing of it. */
	if (manifest && strcmp(strrchr(target.image, '/') + 1, manifest->image.file) != 0)
		manifest = NULL;
	target.name = manifest ? manifest->name : target_stem(arena, target.image);
	strv_push(arena, &target.disks, STATE_SERIAL);
	target.container = manifest ? strcmp(manifest->kind, "lxc") == 0 : !!strstr(strrchr(target.image, '/'), ".tar.");
	target.format = target.container ? NULL : target_disk_format(target.image);
	if (manifest)
		r = target_read_plan(arena, folder, &target, err);
	if (r == 0)
		*ret_target = target;
	return r;
}
