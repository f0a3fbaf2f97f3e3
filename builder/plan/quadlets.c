/* Containers: Quadlet files (podman-systemd.unit(5)), and what podman needs to know of the images that travel along
 * (containers-storage.conf(5), subuid(5)). */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/escape.h"
#include "base/identity.h"
#include "edge/digest.h"
#include "plan/config.h"

enum { SUBIDS = 65536, FIRST_SUBID = 100000, FIRST_UID = 1000, LAST_UID = 60000 };

#define STORES "/usr/share/aether/containers"

/* --- their names ----------------------------------------------------------------------------------------------------- */

const char *unit_of_quadlet(struct arena *arena, const char *name)
{
	static const char *const plain[] = {".container", ".kube"};
	const char *dot = strrchr(name, '.');

	if (!dot)
		return name;
	for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
		if (strcmp(dot, plain[i]) == 0)
			return arena_printf(arena, "%.*s.service", (int)(dot - name), name);
	return arena_printf(arena, "%.*s-%s.service", (int)(dot - name), name, dot + 1);
}

const char *unit_of_recipe_quadlet(struct arena *arena, const struct recipe_quadlet *quadlet)
{
	for (size_t i = 0; i < quadlet->settings.count; i++)
		if (strcmp(quadlet->settings.items[i].key, "ServiceName") == 0)
			return arena_printf(arena, "%s.service", quadlet->settings.items[i].value);
	return unit_of_quadlet(arena, quadlet->name);
}

/* --- the files ------------------------------------------------------------------------------------------------------- */

static bool plan_quadlets_has_setting(const struct recipe_settings *settings, const char *section, const char *key)
{
	for (size_t i = 0; i < settings->count; i++)
		if (strcmp(settings->items[i].section, section) == 0 && strcmp(settings->items[i].key, key) == 0)
			return true;
	return false;
}

static void plan_quadlets_add_setting(struct arena *arena, struct recipe_settings *settings, const char *section,
				      const char *key, const char *value)
{
	*arena_push(arena, settings->items, settings->count) = (struct recipe_setting){
		.section = section, .key = key, .value = value};
}

/* The recipe's words, and what they leave open: an embedded image is never asked for elsewhere, and what is enabled
 * starts with its manager. (Quadlet itself starts nothing that has no Install section.) */
static const char *plan_quadlets_quadlet_text(struct arena *arena, const struct recipe_quadlet *quadlet)
{
	struct recipe_settings settings = {0};
	_cleanup_buf_ struct buf text = {0};

	for (size_t i = 0; i < quadlet->settings.count; i++)
		*arena_push(arena, settings.items, settings.count) = quadlet->settings.items[i];
	if (quadlet->embed && !plan_quadlets_has_setting(&settings, "Container", "Pull"))
		plan_quadlets_add_setting(arena, &settings, "Container", "Pull", "never");
	if (quadlet->enable == YES)
		plan_quadlets_add_setting(arena, &settings, "Install", "WantedBy",
					  quadlet->user ? "default.target" : "multi-user.target");
	config_settings(&text, &settings);
	return arena_strdup(arena, text.data ? text.data : "");
}

static int plan_quadlets_make_quadlet(struct arena *arena, struct plan *plan, const struct recipe_quadlet *words,
				      struct err *err)
{
	static const char *const rootless[] = {"uidmap", "passt", "dbus-user-session"};
	struct plan_quadlet *quadlet = arena_push(arena, plan->quadlets, plan->n_quadlets);
	const char *what = arena_printf(arena, "'%s'", words->name);

	*quadlet = (struct plan_quadlet){.name = words->name, .pos = words->pos};
	if (words->user)
		quadlet->uid = numbers_of(plan, words->user)->uid;
	if (words->user)
		quadlet->path =
			arena_printf(arena, "/etc/containers/systemd/users/%" PRId64 "/%s", quadlet->uid, words->name);
	else
		quadlet->path = arena_printf(arena, "/etc/containers/systemd/%s", words->name);
	config_put(arena, plan, quadlet->path, 0644, &words->pos, plan_quadlets_quadlet_text(arena, words));
	config_needs(plan, "podman", &words->pos, what, err);
	for (size_t i = 0; words->user && i < sizeof rootless / sizeof *rootless; i++)
		config_needs(plan, rootless[i], &words->pos, arena_printf(arena, "%s, which is rootless,", what), err);
	return err_result(err);
}

/* --- the images that travel along ------------------------------------------------------------------------------------ */

static void plan_quadlets_make_container(struct arena *arena, struct plan *plan, const struct oci_image *locked)
{
	struct plan_container *container = arena_push(arena, plan->containers, plan->n_containers);
	_cleanup_buf_ struct buf text = {0};
	char *key = arena_array(arena, char, SHA256_HEX);

	container->locked = locked;
	container->store = arena_printf(arena, STORES "/%s", locked->manifest.sha256);
	buf_printf(&text, "container by %s %s %s\n", identity_trees, locked->image, locked->manifest.sha256);
	sha256_hex_of(text.data, text.size, key);
	container->key = key;
}

static bool plan_quadlets_embeds(const struct recipe *recipe, const char *image, const char *user)
{
	for (size_t i = 0; i < recipe->n_quadlets; i++) {
		const struct recipe_quadlet *quadlet = &recipe->quadlets[i];

		if (quadlet->image && strcmp(quadlet->image, image) == 0 &&
		    (user ? quadlet->user && strcmp(quadlet->user, user) == 0 : !quadlet->user))
			return true;
	}
	return false;
}

/* Where podman finds the images of `user` (NULL: root's): below `stores`. An empty text when there are none. */
static const char *plan_quadlets_storage_text(struct arena *arena, const struct plan *plan, const char *user,
					      const char *stores)
{
	const char *list = "";

	for (size_t i = 0; i < plan->n_containers; i++)
		if (plan_quadlets_embeds(plan->recipe, plan->containers[i].locked->image, user))
			list = arena_printf(arena, "%s  \"%s%s\",\n", list, stores,
					    plan->containers[i].store + strlen(STORES));
	if (!*list)
		return "";
	return arena_printf(
		arena, "[storage]\ndriver = \"overlay\"\n%s\n[storage.options]\nadditionalimagestores = [\n%s]\n",
		user ? "" : "runroot = \"/run/containers/storage\"\ngraphroot = \"/var/lib/containers/storage\"\n", list);
}

static int plan_quadlets_make_storage(struct arena *arena, struct plan *plan, struct err *err)
{
	static const char path[] = "/etc/containers/storage.conf";
	const char *text = plan_quadlets_storage_text(arena, plan, NULL, STORES);

	if (!*text)
		return 0;
	for (size_t i = 0; i < plan->recipe->n_files; i++)
		if (strcmp(plan->recipe->files[i].path, path) == 0)
			return err_at(err, -EEXIST, &plan->recipe->files[i].pos, NULL,
				      "'%s' is generated for the embedded images: remove it from 'files'", path);
	config_put(arena, plan, path, 0644, NULL, text);
	return 0;
}

/* --- users ----------------------------------------------------------------------------------------------------------- */

/* Ids that belong to the user's containers: the next image has to give the same ones, or their files are nobody's. So they
 * hang on the user's own id alone. */
static int64_t plan_quadlets_first_subid(int64_t uid)
{
	return FIRST_SUBID + SUBIDS * (uid >= FIRST_UID ? uid - FIRST_UID : LAST_UID + uid);
}

/* The stores once more, as the user's containers see them: root of a rootless container is the user, and the others are the
 * user's subordinate ids. The kernel translates (mount_setattr(2), MOUNT_ATTR_IDMAP); nothing is copied. */
static void plan_quadlets_make_view(struct arena *arena, struct plan *plan, const struct recipe_user *user, int64_t uid)
{
	static const char format[] = "[Unit]\n"
				     "Description=Container images of %s\n"
				     "Before=user@%" PRId64 ".service\n\n"
				     "[Mount]\n"
				     "What=" STORES "\n"
				     "Where=/run/aether/containers/%" PRId64 "\n"
				     "Type=none\n"
				     "Options=bind,ro,X-mount.idmap=b:0:%" PRId64 ":1 b:1:%" PRId64 ":%d\n\n"
				     "[Install]\n"
				     "WantedBy=user@%" PRId64 ".service\n";
	struct plan_unit *unit = arena_push(arena, plan->units, plan->n_units);

	*unit = (struct plan_unit){
		.name = arena_printf(arena, "run-aether-containers-%" PRId64 ".mount", uid),
		.enable = YES,
		.pos = user->pos,
		.enable_pos = user->pos,
		.text = arena_printf(arena, format, user->name, uid, uid, uid, plan_quadlets_first_subid(uid),
				     SUBIDS - 1, uid),
	};
}

/* A user's podman reads no file of the system's, but one in the home folder. */
static void plan_quadlets_make_user_storage(struct arena *arena, struct plan *plan, const struct recipe_user *user,
					    int64_t uid, struct buf *tmpfiles)
{
	const char *path = arena_printf(arena, "/etc/containers/storage-%" PRId64 ".conf", uid);
	const char *text = plan_quadlets_storage_text(arena, plan, user->name,
						      arena_printf(arena, "/run/aether/containers/%" PRId64, uid));
	const char *home = escape_tmpfiles(arena, user->home);

	if (!*text)
		return;
	config_put(arena, plan, path, 0644, &user->pos, text);
	buf_printf(tmpfiles, "d %s/.config 0700 %s %s\nd %s/.config/containers 0700 %s %s\n", home, user->name, user->name,
		   home, user->name, user->name);
	buf_printf(tmpfiles, "L %s/.config/containers/storage.conf - - - - %s\n", home, path);
	plan_quadlets_make_view(arena, plan, user, uid);
}

static bool plan_quadlets_runs(const struct recipe *recipe, const struct recipe_user *user)
{
	for (size_t i = 0; i < recipe->n_quadlets; i++)
		if (recipe->quadlets[i].user && strcmp(recipe->quadlets[i].user, user->name) == 0)
			return true;
	return false;
}

static void plan_quadlets_make_users(struct arena *arena, struct plan *plan)
{
	_cleanup_buf_ struct buf subids = {0}, tmpfiles = {0};

	for (size_t i = 0; i < plan->recipe->n_users; i++) {
		const struct recipe_user *user = &plan->recipe->users[i];
		int64_t uid = numbers_of(plan, user->name)->uid;

		if (!plan_quadlets_runs(plan->recipe, user))
			continue;
		buf_printf(&subids, "%s:%" PRId64 ":%d\n", user->name, plan_quadlets_first_subid(uid), SUBIDS);
		plan_quadlets_make_user_storage(arena, plan, user, uid, &tmpfiles);
	}
	if (!subids.size)
		return;
	config_put(arena, plan, "/etc/subuid", 0644, NULL, subids.data);
	config_put(arena, plan, "/etc/subgid", 0644, NULL, subids.data);
	if (tmpfiles.size)
		config_put(arena, plan, "/usr/lib/tmpfiles.d/00-recipe-containers.conf", 0644, NULL, tmpfiles.data);
}

int quadlets_make(struct arena *arena, struct plan *plan, struct err *err)
{
	const struct recipe *recipe = plan->recipe;

	for (size_t i = 0; i < plan->lock->n_containers; i++)
		plan_quadlets_make_container(arena, plan, &plan->lock->containers[i]);
	for (size_t i = 0; i < recipe->n_quadlets; i++) {
		const struct recipe_quadlet *quadlet = &recipe->quadlets[i];

		if (quadlet->image && !lock_container(plan->lock, quadlet->image))
			err_at(err, -ESTALE, &quadlet->pos, NULL, "the lock does not have the image '%s'", quadlet->image);
		plan_quadlets_make_quadlet(arena, plan, quadlet, err);
	}
	plan_quadlets_make_storage(arena, plan, err);
	plan_quadlets_make_users(arena, plan);
	return err_result(err);
}
