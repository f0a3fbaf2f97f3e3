/* The same as failing.c for what upload and deploy keep: old or new, never half, and the next try works. */
#include "suite.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "fleet/proxmox/access.h"
#include "fleet/proxmox/journal.h"
#include "fleet/proxmox/site.h"
#include "fail.h"
#include "scratch.h"

#define JOURNAL "{\"version\":1,\"id\":\"a\",\"work\":\"create\",\"step\":\"old\",\"vmid\":100}\n"
#define SITE "{\"version\":1,\"name\":\"old\",\"node\":\"n\",\"vmid\":100,\"ssh\":\"a\",\"images\":\"i\",\"storage\":\"s\"}\n"
#define ACCESS "endpoint: https://pve:8006\ntokenFile: ~/token\n"

static void put(const char *name, const char *text)
{
	struct err err = {0};

	ck_assert_int_eq(file_write(scratch_path(name), text, strlen(text), 0600, &err), 0);
}

static void old_place(void)
{
	struct err err = {0};

	ck_assert_int_eq(path_remove(scratch_path("gateway"), &err), 0);
	ck_assert_int_eq(mkdir(scratch_path("gateway"), 0755), 0);
	put("gateway/deploy.json", JOURNAL);
	put("gateway/machine.json", SITE);
	put("proxmox.yaml", ACCESS);
	put("token", "a@b!c=d\n");
	setenv("HOME", scratch(), 1);
	unsetenv("PROXMOX_VE_API_TOKEN");
}

/* --- journals ----------------------------------------------------------------------------------------------------------- */

static int run_step(struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_journal_ struct journal journal;
	int r = journal_open(arena, scratch_path("gateway"), &journal, err);

	return r == 0 ? journal_step(arena, &journal, "new", err) : r;
}

static int run_clear(struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_journal_ struct journal journal;
	int r = journal_open(arena, scratch_path("gateway"), &journal, err);

	return r == 0 ? journal_clear(&journal, err) : r;
}

/* The step that the journal has; "" when it is none. */
static const char *step(void)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct journal journal = {0};
	struct err err = {0};
	const char *text = scratch_text("gateway/deploy.json");
	int r = journal_parse(arena, "it", text, strlen(text), &journal, &err);

	err_free(&err);
	return r == 0 ? arena_strdup(scratch_arena(), journal.step) : "";
}

static void check_step(int r)
{
	fail_demand(strcmp(step(), "new") == 0 || (r < 0 && strcmp(step(), "old") == 0), "the journal is neither old nor new");
}

static void check_clear(int r)
{
	mode_t mode = scratch_look("gateway/deploy.json").st_mode;

	fail_demand(mode ? r < 0 && strcmp(step(), "old") == 0 : true, "the journal is cleared, and there");
}

/* --- sites -------------------------------------------------------------------------------------------------------------- */

static int run_site(struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct site site;
	int r = site_read(arena, scratch_path("gateway"), &site, err);

	if (r < 0)
		return r;
	site.name = "new";
	return site_write(arena, &site, err);
}

static void check_site(int r)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const char *text = scratch_text("gateway/machine.json");
	struct site site = {.name = ""};
	struct err err = {0};

	site_parse(arena, "it", text, strlen(text), &site, &err);
	err_free(&err);
	fail_demand(strcmp(site.name, "new") == 0 || (r < 0 && strcmp(site.name, "old") == 0),
		    "the site is neither old nor new");
}

/* --- access ------------------------------------------------------------------------------------------------------------- */

static int run_access(struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct access_options options = {.config = scratch_path("proxmox.yaml")};
	struct access access;

	return access_read(arena, &options, &access, err);
}

static const struct fail_body bodies[] = {
	{"journal_step", old_place, run_step, check_step, 15, false},
	{"journal_clear", old_place, run_clear, check_clear, 8, false},
	{"site_write", old_place, run_site, check_site, 10, false},
	{"access_read", old_place, run_access, NULL, 8, false},
};

START_TEST(whatever_call_fails_what_is_kept_is_old_or_new)
{
	fail_each(&bodies[_i]);
}
END_TEST

LOOP_SUITE(failing_proxmox, whatever_call_fails_what_is_kept_is_old_or_new, sizeof bodies / sizeof *bodies)
