/* Secrets: what the machine's program is told of them, the files of SOPS that travel in the image, and units that stay off
 * where a secret is missing. What is sent leaves nothing in the image but that it is expected. */
#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#include "artifact/tabbed.h"
#include "base/escape.h"
#include "contract/secrets.h"
#include "plan/config.h"

enum { LINE_UNITS_MAX = 60, SHOWN_DIGITS = 12 };

#define UNITS "/usr/lib/systemd/system"

static const char UNIT_TEXT[] =
	"[Unit]\n"
	"Description=Open and place this machine's secrets\n"
	"Documentation=man:aether-secrets(8)\n"
	"DefaultDependencies=no\n"
	"RequiresMountsFor=" SECRETS_STATE " /var/lib/aether/identity\n"
	"After=local-fs.target systemd-sysusers.service systemd-udev-trigger.service aether-own-ssh-host-key.service\n"
	"Before=sysinit.target shutdown.target\n"
	"Conflicts=shutdown.target\n\n"
	"[Service]\n"
	"Type=oneshot\n"
	"RemainAfterExit=yes\n"
	"ExecStart=" SECRETS_PROGRAM " " SECRETS_PLACE " " SECRETS_BOOT "\n"
	"TimeoutStartSec=180\n"
	"UMask=0077\n"
	"LimitCORE=0\n"
	"LimitMEMLOCK=infinity\n"
	"NoNewPrivileges=yes\n"
	"CapabilityBoundingSet=CAP_CHOWN CAP_DAC_OVERRIDE CAP_FOWNER CAP_SYS_ADMIN CAP_IPC_LOCK\n"
	"SystemCallArchitectures=native\n"
	"RestrictAddressFamilies=AF_UNIX AF_NETLINK\n"
	"RestrictNamespaces=yes\n"
	"RestrictRealtime=yes\n"
	"RestrictSUIDSGID=yes\n"
	"LockPersonality=yes\n"
	"MemoryDenyWriteExecute=yes\n"
	"IPAddressDeny=any\n";

/* It does not stay active: each start of a unit that requires it asks anew. What runs goes on when a secret becomes bad; what
 * starts then does not. Nothing here takes a namespace of its own: where a container may mount nothing (LXC without nesting) it
 * would fail, and all that needs a secret with it. */
static const char EACH_TEXT[] =
	"[Unit]\n"
	"Description=Secret %I\n"
	"Documentation=man:aether-secrets(8)\n"
	"DefaultDependencies=no\n"
	"Wants=" SECRETS_UNIT "\n"
	"After=" SECRETS_UNIT "\n"
	"Before=shutdown.target\n"
	"Conflicts=shutdown.target\n"
	"StartLimitIntervalSec=0\n\n"
	"[Service]\n"
	"Type=oneshot\n"
	"ExecStart=" SECRETS_PROGRAM " " SECRETS_VERDICT " %I\n"
	"LimitCORE=0\n"
	"NoNewPrivileges=yes\n"
	"CapabilityBoundingSet=CAP_DAC_READ_SEARCH\n"
	"RestrictNamespaces=yes\n"
	"SystemCallArchitectures=native\n"
	"MemoryDenyWriteExecute=yes\n";

/* --- who needs it --------------------------------------------------------------------------------------------------- */

/* A unit that cannot be without some secrets. */
struct needing {
	const char *unit;
	int64_t uid;                 /* whose systemd has it; 0: the system's */
	struct strv each;            /* the secrets' own units … */
	struct strv places;          /* … and where their values are */
};

/* A secret or template, while it is looked for. */
struct sought {
	const char *unit, *place, *path; /* its own unit; where it is found */
	const struct strv *restart, *reload;
	struct strv *need;
	const struct pos *pos;
};

struct search {
	struct arena *arena;
	const struct plan *plan;
	struct needing *needing;
	size_t n_needing;
	bool users;                  /* some of them are users' */
};

static void plan_secrets_add(struct search *search, const char *unit, int64_t uid, const struct sought *sought)
{
	struct needing *needing = NULL;

	for (size_t i = 0; i < search->n_needing; i++)
		if (search->needing[i].uid == uid && strcmp(search->needing[i].unit, unit) == 0)
			needing = &search->needing[i];
	if (!needing) {
		needing = arena_push(search->arena, search->needing, search->n_needing);
		*needing = (struct needing){.unit = unit, .uid = uid};
	}
	if (strv_has(&needing->each, sought->unit))
		return;
	strv_push(search->arena, &needing->each, sought->unit);
	strv_push(search->arena, &needing->places, sought->place);
	if (uid == 0)
		strv_push(search->arena, sought->need, unit);
	search->users |= uid != 0;
}

static bool plan_secrets_is_named(const struct recipe_settings *settings, const struct sought *sought)
{
	for (size_t i = 0; i < settings->count; i++)
		if (recipe_mentions(settings->items[i].value, sought->place) ||
		    (sought->path && recipe_mentions(settings->items[i].value, sought->path)))
			return true;
	return false;
}

/* The units that it says itself, then those of the recipe whose words name its place. */
static void plan_secrets_find(struct search *search, const struct sought *sought)
{
	const struct recipe *recipe = search->plan->recipe;

	for (size_t i = 0; i < sought->restart->count; i++)
		plan_secrets_add(search, sought->restart->items[i], 0, sought);
	for (size_t i = 0; i < sought->reload->count; i++)
		plan_secrets_add(search, sought->reload->items[i], 0, sought);
	for (size_t i = 0; i < search->plan->n_units; i++) {
		const struct plan_unit *unit = &search->plan->units[i];

		if (unit->words && !unit->mask && plan_secrets_is_named(unit->words, sought))
			plan_secrets_add(search, unit->name, unit->uid, sought);
	}
	for (size_t i = 0; i < search->plan->n_quadlets; i++)
		if (plan_secrets_is_named(&recipe->quadlets[i].settings, sought))
			plan_secrets_add(search, unit_of_recipe_quadlet(search->arena, &recipe->quadlets[i]),
					 search->plan->quadlets[i].uid, sought);
}

/* A user's systemd knows nothing of the system's units, but sees whether the file is there. */
static void plan_secrets_put_drop_in(struct arena *arena, struct plan *plan, const struct needing *needing)
{
	_cleanup_buf_ struct buf text = {0};
	const char *folder = UNITS;

	buf_puts(&text, "[Unit]\n");
	if (needing->uid) {
		folder = arena_printf(arena, USER_UNITS "/%" PRId64, needing->uid);
		for (size_t i = 0; i < needing->places.count; i++)
			buf_printf(&text, "AssertPathExists=%s\n", needing->places.items[i]);
	}
	for (size_t i = 0; !needing->uid && i < needing->each.count; i++)
		buf_printf(&text, "Requires=%s\nAfter=%s\n", needing->each.items[i], needing->each.items[i]);
	config_put(arena, plan, arena_printf(arena, "%s/%s.d/40-secrets.conf", folder, needing->unit), 0644, NULL, text.data);
}

/* --- what travels ---------------------------------------------------------------------------------------------------- */

/* What the machine calls a file: so that whoever reads it there knows which one is meant. */
static const char *plan_secrets_file_name(struct arena *arena, const struct recipe_sops *sops)
{
	static const struct {
		const char *format, *extension;
	} extensions[] = {{"dotenv", "env"}, {"binary", "bin"}};
	const char *extension = sops->format;
	char *stem = arena_strdup(arena, path_last(sops->shown));

	stem[strcspn(stem, ".")] = 0;
	for (char *at = stem; *at; at++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-", *at))
			*at = '_';
	for (size_t i = 0; i < sizeof extensions / sizeof *extensions; i++)
		if (strcmp(extensions[i].format, sops->format) == 0)
			extension = extensions[i].extension;
	return arena_printf(arena, "%s-%.*s.%s", *stem ? stem : "file", SHOWN_DIGITS, sops->sha256, extension);
}

static const char *plan_secrets_take(struct arena *arena, struct plan *plan, const struct recipe_sops *sops)
{
	const char *name = plan_secrets_file_name(arena, sops), *path = arena_printf(arena, SECRETS_SOPS "/%s", name);

	for (size_t i = 0; i < plan->n_files; i++)
		if (strcmp(plan->files[i].path, path) == 0)
			return name;
	config_take(arena, plan, path, 0400, sops->file, sops->sha256);
	return name;
}

/* --- the declaration --------------------------------------------------------------------------------------------------- */

static void plan_secrets_put_line(struct buf *text, const char *word, const struct strv *fields, size_t first, size_t end)
{
	buf_puts(text, word);
	for (size_t i = first; i < end; i++) {
		buf_puts(text, "\t");
		tabbed_put(text, fields->items[i]);
	}
	buf_puts(text, "\n");
}

static void plan_secrets_put_words(struct arena *arena, struct buf *text, const char *const *words)
{
	struct strv fields = {0};

	for (size_t i = 1; words[i]; i++)
		strv_push(arena, &fields, words[i]);
	plan_secrets_put_line(text, words[0], &fields, 0, fields.count);
}

#define PUT(arena, text, ...) plan_secrets_put_words(arena, text, (const char *const[]){__VA_ARGS__, NULL})

static void plan_secrets_put_units(struct buf *text, const char *word, const struct strv *units)
{
	for (size_t i = 0; i < units->count; i += LINE_UNITS_MAX)
		plan_secrets_put_line(text, word, units,
				      i, i + LINE_UNITS_MAX < units->count ? i + LINE_UNITS_MAX : units->count);
}

static const char *plan_secrets_mode(struct arena *arena, mode_t mode)
{
	return arena_printf(arena, "%04o", (unsigned)mode);
}

/* A link that no image can have. */
static const char *plan_secrets_made_link(const struct plan *plan, const char *path)
{
	return path && recipe_link_is_made(plan->recipe, path) ? path : NULL;
}

static void plan_secrets_put_secret(struct arena *arena, const struct plan *plan, struct buf *text,
				    const struct plan_secret *secret)
{
	const struct recipe_secret *words = secret->words;
	const char *flags[] = {words->for_users ? SECRETS_FLAG_USERS : NULL, words->allow_empty ? SECRETS_FLAG_EMPTY : NULL};
	const char *first = flags[0] ? flags[0] : flags[1], *second = flags[0] ? flags[1] : NULL;
	struct strv source = {0};

	PUT(arena, text, SECRETS_SECRET, words->name, plan_secrets_mode(arena, words->mode), words->owner, words->group, first,
	    second);
	if (secret->travels) {
		strv_push(arena, &source, secret->travels);
		strv_push(arena, &source, secret->format);
		for (size_t i = 0; i < secret->key.count; i++)
			strv_push(arena, &source, secret->key.items[i]);
	}
	plan_secrets_put_line(text, secret->travels ? SECRETS_FROM_SOPS : SECRETS_FROM_SENT, &source, 0, source.count);
	if (plan_secrets_made_link(plan, words->path))
		PUT(arena, text, SECRETS_LINK, words->path);
	plan_secrets_put_units(text, SECRETS_RESTART, &words->restart);
	plan_secrets_put_units(text, SECRETS_RELOAD, &words->reload);
	plan_secrets_put_units(text, SECRETS_NEED, &secret->need);
}

static void plan_secrets_put_template(struct arena *arena, const struct plan *plan, struct buf *text,
				      const struct plan_template *template)
{
	const struct recipe_template *words = template->words;

	PUT(arena, text, SECRETS_TEMPLATE, words->name, plan_secrets_mode(arena, words->mode), words->owner, words->group);
	for (size_t i = 0; i < words->n_parts; i++)
		if (words->parts[i].secret)
			PUT(arena, text, SECRETS_VALUE, words->parts[i].secret);
		else
			PUT(arena, text, SECRETS_TEXT, words->parts[i].text);
	if (plan_secrets_made_link(plan, words->path))
		PUT(arena, text, SECRETS_LINK, words->path);
	plan_secrets_put_units(text, SECRETS_RESTART, &words->restart);
	plan_secrets_put_units(text, SECRETS_RELOAD, &words->reload);
	plan_secrets_put_units(text, SECRETS_NEED, &template->need);
}

static void plan_secrets_declare(struct arena *arena, struct plan *plan)
{
	_cleanup_buf_ struct buf text = {0};

	PUT(arena, &text, SECRETS_HEAD, arena_printf(arena, "%d", SECRETS_VERSION));
	PUT(arena, &text, SECRETS_MACHINE, plan->recipe->name);
	for (size_t i = 0; i < plan->n_secrets; i++)
		plan_secrets_put_secret(arena, plan, &text, &plan->secrets[i]);
	for (size_t i = 0; i < plan->n_templates; i++)
		plan_secrets_put_template(arena, plan, &text, &plan->templates[i]);
	for (size_t i = 0; i < plan->recipe->n_users; i++) {
		const struct recipe_user *user = &plan->recipe->users[i];

		if (user->password_secret)
			PUT(arena, &text, SECRETS_PASSWORD, user->name, user->password_secret);
	}
	config_put(arena, plan, SECRETS_FILE, 0644, NULL, text.data);
}

/* --- each ---------------------------------------------------------------------------------------------------------- */

/* What other words of the recipe are made into may lie there already. */
static void plan_secrets_put_link(struct arena *arena, struct plan *plan, const struct sought *sought, struct err *err)
{
	for (size_t i = 0; i < plan->n_files; i++) {
		const char *other = plan->files[i].path;

		if (!path_is_below(other, sought->path) && !path_is_below(sought->path, other))
			continue;
		err_at(err, -EEXIST, sought->pos, NULL,
		       "'%s' conflicts with '%s', which is made from other words of the recipe",
		       sought->path, other);
		err_hint(err, "choose another path");
		return;
	}
	config_link(arena, plan, sought->path, sought->place);
	plan->files[plan->n_files - 1].pos = *sought->pos;
}

/* A unit for it, which has failed when it is not there, also where nobody needs it; and the link to it. */
static void plan_secrets_put_each(struct arena *arena, struct plan *plan, struct search *search,
				  const struct sought *sought, struct err *err)
{
	plan_secrets_find(search, sought);
	config_link(arena, plan, arena_printf(arena, UNITS "/multi-user.target.wants/%s", sought->unit),
		    "../" SECRETS_UNIT_EACH ".service");
	if (sought->path && !recipe_link_is_made(plan->recipe, sought->path))
		plan_secrets_put_link(arena, plan, sought, err);
}

static const char *plan_secrets_unit(struct arena *arena, const char *name)
{
	return arena_printf(arena, SECRETS_UNIT_EACH "%s.service", escape_unit_path(arena, name));
}

static void plan_secrets_make_secret(struct arena *arena, struct plan *plan, const struct recipe_secret *words,
				     struct search *search, struct err *err)
{
	struct plan_secret *secret = arena_push(arena, plan->secrets, plan->n_secrets);

	*secret = (struct plan_secret){.words = words, .deliver = words->way == RECIPE_WAY_IMAGE ? "image" : "send"};
	if (words->way == RECIPE_WAY_IMAGE && words->sops) {
		secret->travels = plan_secrets_take(arena, plan, words->sops);
		secret->sha256 = words->sops->sha256;
		secret->format = words->format;
		secret->key = words->key;
	}
	plan_secrets_put_each(arena, plan, search,
			      &(struct sought){plan_secrets_unit(arena, words->name), recipe_secret_place(arena, words),
					       words->path, &words->restart, &words->reload, &secret->need, &words->pos}, err);
}

/* The text as a recipe would have it, for people. */
static const char *plan_secrets_text(struct arena *arena, const struct recipe_template *words)
{
	_cleanup_buf_ struct buf text = {0};

	for (size_t i = 0; i < words->n_parts; i++) {
		if (words->parts[i].secret)
			buf_printf(&text, "${secrets.%s}", words->parts[i].secret);
		for (const char *at = words->parts[i].text; at && *at; at++)
			buf_printf(&text, "%s%c", text_has_prefix(at, "${") ? "$" : "", *at);
	}
	return arena_strdup(arena, text.size ? text.data : "");
}

static void plan_secrets_make_template(struct arena *arena, struct plan *plan, const struct recipe_template *words,
				       struct search *search, struct err *err)
{
	struct plan_template *template = arena_push(arena, plan->templates, plan->n_templates);
	const char *unit = plan_secrets_unit(arena, arena_printf(arena, SECRETS_RENDERED "/%s", words->name));

	*template = (struct plan_template){.words = words, .text = plan_secrets_text(arena, words)};
	plan_secrets_put_each(arena, plan, search,
			      &(struct sought){unit, recipe_template_place(arena, words), words->path, &words->restart,
					       &words->reload, &template->need, &words->pos}, err);
}

/* --- accounts ------------------------------------------------------------------------------------------------------ */

static void plan_secrets_known(struct arena *arena, const struct plan *plan, bool users, struct strv *known)
{
	const struct strv system = recipe_system_accounts(users);

	for (size_t i = 0; i < plan->n_accounts; i++)
		strv_push(arena, known, plan->accounts[i].name);
	for (size_t i = 0; i < system.count; i++)
		strv_push(arena, known, system.items[i]);
}

/* Packages' accounts are in the lock, so a name that is not known now will not be there. (The tree is asked again.) */
static void plan_secrets_check_account(struct arena *arena, const struct plan *plan, const char *const *keys, const char *name,
				       bool user, struct err *err)
{
	bool there = user ? recipe_system_user(name) : recipe_system_group(name);
	const struct pos pos = recipe_place(plan->recipe, keys, NULL);
	struct strv known = {0};
	const char *near;

	if (there || isdigit((unsigned char)*name) || !plan->lock->numbered || numbers_of(plan, name))
		return;
	plan_secrets_known(arena, plan, user, &known);
	near = text_nearest(name, known.items, known.count);
	err_at(err, -ENOENT, &pos, arena_printf(arena, "%s.%s.%s", keys[0], keys[1], keys[2]),
	       "neither the recipe nor a package of the lock has the %s '%s'", user ? "user" : "group", name);
	if (near)
		err_hint(err, "did you mean '%s'?", near);
	else
		err_hint(err, "add it to '%s', or the package that makes it", user ? "users" : "groups");
}

static void plan_secrets_check_owner(struct arena *arena, const struct plan *plan, const char *word, const char *name,
				     const char *owner, const char *group, struct err *err)
{
	plan_secrets_check_account(arena, plan, (const char *const[]){word, name, "owner", NULL}, owner, true, err);
	plan_secrets_check_account(arena, plan, (const char *const[]){word, name, "group", NULL}, group, false, err);
}

int secrets_make(struct arena *arena, struct plan *plan, struct err *err)
{
	const struct recipe *recipe = plan->recipe;
	struct search search = {.arena = arena, .plan = plan};

	if (!plan->programs->secrets || (!recipe->n_secrets && !recipe->n_templates))
		return 0;
	recipe_check_recipients(recipe, err);
	for (size_t i = 0; i < recipe->n_secrets; i++) {
		const struct recipe_secret *words = &recipe->secrets[i];

		plan_secrets_check_owner(arena, plan, "secrets", words->name, words->owner, words->group, err);
		plan_secrets_make_secret(arena, plan, words, &search, err);
	}
	for (size_t i = 0; i < recipe->n_templates; i++) {
		const struct recipe_template *words = &recipe->templates[i];

		plan_secrets_check_owner(arena, plan, "templates", words->name, words->owner, words->group, err);
		plan_secrets_make_template(arena, plan, words, &search, err);
	}
	for (size_t i = 0; i < search.n_needing; i++)
		plan_secrets_put_drop_in(arena, plan, &search.needing[i]);
	if (search.users)
		units_put_generator(arena, plan);
	config_take(arena, plan, SECRETS_PROGRAM, 0755, plan->programs->secrets, plan->programs->secrets_sha256);
	config_put(arena, plan, UNITS "/" SECRETS_UNIT, 0644, NULL, UNIT_TEXT);
	config_put(arena, plan, UNITS "/" SECRETS_UNIT_EACH ".service", 0644, NULL, EACH_TEXT);
	config_link(arena, plan, UNITS "/sysinit.target.wants/" SECRETS_UNIT, "../" SECRETS_UNIT);
	plan_secrets_declare(arena, plan);
	return err_result(err);
}
