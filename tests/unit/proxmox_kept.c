/* What upload and deploy keep beside generations: where a machine runs (machine.json), and what a deploy is about
 * (deploy.json). */
#include "suite.h"

#include <errno.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "fleet/proxmox/journal.h"
#include "fleet/proxmox/site.h"
#include "proxmoxes.h"
#include "recipes.h"
#include "scratch.h"

static const char *shelf(void)
{
	const char *folder = scratch_path("gateway");
	struct err err = {0};

	ck_assert_int_eq(folder_make(folder, 0755, &err), 0);
	return folder;
}

static void put(const char *name, const char *text)
{
	struct err err = {0};

	ck_assert_int_eq(file_publish(arena_printf(scratch_arena(), "%s/%s", shelf(), name), text, strlen(text), 0644, &err),
			 0);
}

/* --- sites -------------------------------------------------------------------------------------------------------------- */

static void check_site(const struct site *is, const struct site *expected)
{
	ck_assert_str_eq(is->name, expected->name);
	ck_assert_str_eq(is->folder, expected->folder);
	ck_assert_str_eq(is->node, expected->node);
	ck_assert_str_eq(is->ssh, expected->ssh);
	ck_assert_str_eq(is->images, expected->images);
	ck_assert_str_eq(is->storage, expected->storage);
	ck_assert_pstr_eq(is->pool, expected->pool);
	ck_assert_int_eq(is->container, expected->container);
	ck_assert_int_eq(is->agent, expected->agent);
	ck_assert_int_eq(is->vmid, expected->vmid);
	ck_assert_int_eq(is->spare, expected->spare);
	ck_assert_uint_eq(is->system, expected->system);
	ck_assert_int_eq(is->guard.said, expected->guard.said);
	ck_assert_uint_eq(is->guard.after_ms, expected->guard.after_ms);
	ck_assert_int_eq(is->guard.tries, expected->guard.tries);
	ck_assert_uint_eq(is->guard.cool_down_ms, expected->guard.cool_down_ms);
}

#define NEEDED "node: pve-1, vmid: 1002, images: cephfs, storage: local-lvm"

/* Words of a recipe; `container` needs other words. */
static const struct {
	const char *words;
	bool container;
} recipes[] = {
	{"from: base.recipe\nproxmox: { " NEEDED " }\n", false},
	{"from: base.recipe\nproxmox: { " NEEDED ", pool: a/b, ssh: root@fd00::2, agent: false,\n"
	 "  disks: { system: { size: 1T } } }\nguard: { after: 90s, tries: 7, coolDown: 3d }\n",
	 false},
	{"state: [/srv]\nproxmox: { " NEEDED ", sparevmid: 1003 }\nguard: {}\n", true},
};

START_TEST(a_site_is_kept_as_the_recipe_says)
{
	const struct recipe *recipe =
		recipes[_i].container ? recipes_load_container(recipes[_i].words) : recipes_load(recipes[_i].words);
	struct site site, again;
	struct err err = {0};

	ck_assert_int_eq(site_of_recipe(scratch_arena(), recipe, shelf(), &site, &err), 0);
	ck_assert_ptr_eq(site.words, &recipe->proxmox);
	ck_assert_int_eq(site_write(scratch_arena(), &site, &err), 0);
	ck_assert_msg(site_read(scratch_arena(), shelf(), &again, &err) == 0, "%s", proxmoxes_said(&err));
	check_site(&again, &site);
	ck_assert_ptr_null(again.words);
}
END_TEST

START_TEST(who_says_no_place_is_told_how)
{
	struct site site;
	struct err err = {0};

	proxmoxes_refused(site_of_recipe(scratch_arena(), recipes_load("from: base.recipe\n"), shelf(), &site, &err), -ENOENT,
			  &err, "docs/recipes.md, 'Where it runs'");
	proxmoxes_refused(site_read(scratch_arena(), shelf(), &site, &err), -ENOENT, &err,
			  "it is not known where 'gateway' runs");
}
END_TEST

#define SITE(version, name, node, vmid, images, pool)                                                                          \
	"{\"version\":" version ",\"name\":" name ",\"node\":" node ",\"vmid\":" vmid                                          \
	",\"ssh\":\"gateway\",\"images\":" images ",\"storage\":\"local-lvm\",\"pool\":" pool "}"

static const struct kept {
	const char *text;
	int code;
	const char *words;
} sites[] = {
	{SITE("1", "\"gateway\"", "\"pve\"", "200", "\"local\"", "\"a/b\""), 0, ""},
	{SITE("1", "\"gateway\"", "\"pve\"", "200", "\"local\"", "null"), 0, ""},
	{SITE("2", "\"gateway\"", "\"pve\"", "200", "\"local\"", "null"), -ENOTSUP, "was written by a later aether-build"},
	{SITE("0", "\"gateway\"", "\"pve\"", "200", "\"local\"", "null"), -EBADMSG, "machine.json: not where a machine runs"},
	{SITE("\"1\"", "\"gateway\"", "\"pve\"", "200", "\"local\"", "null"), -EBADMSG,
	 "machine.json: not where a machine runs"},
	{SITE("1", "null", "\"pve\"", "200", "\"local\"", "null"), -EBADMSG, "expected 'name'"},
	{SITE("1", "5", "\"pve\"", "200", "\"local\"", "null"), -EBADMSG, "expected 'name'"},
	{SITE("1", "\"gateway\"", "null", "200", "\"local\"", "null"), -EBADMSG, "expected 'node'"},
	{SITE("1", "\"gateway\"", "\"pve\"", "\"200\"", "\"local\"", "null"), -EBADMSG, "expected 'vmid'"},
	{SITE("1", "\"gateway\"", "\"pve\"", "-1", "\"local\"", "null"), -EBADMSG, "expected 'vmid'"},
	{SITE("1", "\"gateway\"", "\"pve\"", "0", "\"local\"", "null"), -EBADMSG, "expected 'vmid'"},
	{SITE("1", "\"gateway\"", "\"pve\"", "200", "[]", "null"), -EBADMSG, "expected 'images'"},
	{SITE("1", "\"gateway\"", "\"../x\"", "200", "\"local\"", "null"), -EBADMSG,
	 "expected names of a node and of storages"},
	{SITE("1", "\"gateway\"", "\"pve?\"", "200", "\"local\"", "null"), -EBADMSG,
	 "expected names of a node and of storages"},
	{SITE("1", "\"gateway\"", "\"\"", "200", "\"local\"", "null"), -EBADMSG, "expected names of a node and of storages"},
	{SITE("1", "\"gateway\"", "\"pve\"", "200", "\"a b\"", "null"), -EBADMSG, "expected names of a node and of storages"},
	{SITE("1", "\"gateway\"", "\"pve\"", "200", "\"a/b\"", "null"), -EBADMSG, "expected names of a node and of storages"},
	{SITE("1", "\"gateway\"", "\"pve\"", "200", "\"local\"", "\"a&b\""), -EBADMSG,
	 "expected names of a node and of storages"},
	{SITE("1", "\"gateway\"", "\"..\"", "200", "\"local\"", "null"), -EBADMSG, "expected names of a node and of storages"},
	{"{}", -EBADMSG, "machine.json"},
	{"[]", -EBADMSG, "machine.json"},
	{"7", -EBADMSG, "machine.json"},
	{"", -EBADMSG, "machine.json"},
	{"{\"version\":1", -EBADMSG, "machine.json"},
};

START_TEST(what_is_no_site_is_refused)
{
	struct site site;
	struct err err = {0};

	put("machine.json", sites[_i].text);
	proxmoxes_refused(site_read(scratch_arena(), shelf(), &site, &err), sites[_i].code, &err, sites[_i].words);
}
END_TEST

/* --- journals ----------------------------------------------------------------------------------------------------------- */

static void check_journal(const struct journal *is, const struct journal *expected)
{
	ck_assert_str_eq(is->folder, expected->folder);
	ck_assert_pstr_eq(is->id, expected->id);
	ck_assert_pstr_eq(is->work, expected->work);
	ck_assert_pstr_eq(is->step, expected->step);
	ck_assert_pstr_eq(is->root_hash, expected->root_hash);
	ck_assert_pstr_eq(is->image, expected->image);
	ck_assert_pstr_eq(is->old_root_hash, expected->old_root_hash);
	ck_assert_pstr_eq(is->key, expected->key);
	ck_assert_pstr_eq(is->old, expected->old);
	ck_assert_pstr_eq(is->fresh, expected->fresh);
	ck_assert_pstr_eq(is->hotplug, expected->hotplug);
	ck_assert_pstr_eq(is->upid, expected->upid);
	ck_assert_int_eq(is->vmid, expected->vmid);
	ck_assert_int_eq(is->other, expected->other);
	ck_assert_int_eq(is->began, expected->began);
	ck_assert_int_eq(is->generation, expected->generation);
	ck_assert_int_eq(is->old_generation, expected->old_generation);
	ck_assert_int_eq(is->running, expected->running);
	ck_assert_int_eq(is->onboot, expected->onboot);
	ck_assert_str_eq(recipes_words(&is->volumes), recipes_words(&expected->volumes));
}

static struct journal opened(void)
{
	struct journal journal;
	struct err err = {0};
	int r = journal_open(scratch_arena(), shelf(), &journal, &err);

	ck_assert_msg(r == 0, "%s", proxmoxes_said(&err));
	return journal;
}

static const struct journal journals[] = {
	{.id = "a", .work = "create", .step = "begin", .vmid = 100},
	{.id = "20261128-1",
	 .work = "reimage",
	 .step = "import",
	 .vmid = 999999999,
	 .began = 1795667093,
	 .generation = 7,
	 .root_hash = "ab12",
	 .image = "local:import/a-7-0123456789ab.qcow2",
	 .old_generation = 6,
	 .old_root_hash = "",
	 .key = "scsi0",
	 .old = "local:200/a.qcow2,discard=on,size=4G",
	 .fresh = "local:200/b.qcow2",
	 .hotplug = "",
	 .running = true,
	 .upid = "UPID:n:00003248:00029F7F:6B07B1D2:qmconfig:200:a@pve!b:"},
	{.id = "\"\\{}",
	 .work = "replace",
	 .step = "mp0",
	 .vmid = 1002,
	 .other = 1003,
	 .hotplug = "network,usb",
	 .onboot = true},
};

START_TEST(a_journal_says_again_what_was_written)
{
	struct journal journal = opened(), again, nothing;
	struct journal expected = journals[_i];
	struct err err = {0};

	expected.folder = journal.folder;
	expected.lock = journal.lock;
	for (int i = 0; i < _i; i++)
		strv_push(scratch_arena(), &expected.volumes, arena_printf(scratch_arena(), "local:200/%d", i));
	ck_assert_int_eq(journal_write(scratch_arena(), &expected, &err), 0);
	journal_close(&journal);
	again = opened();
	check_journal(&again, &expected);
	expected.step = "next";
	ck_assert_int_eq(journal_step(scratch_arena(), &again, "next", &err), 0);
	journal_close(&again);
	again = opened();
	check_journal(&again, &expected);
	ck_assert_int_eq(journal_clear(&again, &err), 0);
	check_journal(&again, &(struct journal){.folder = expected.folder});
	ck_assert_int_eq(scratch_look("gateway/deploy.json").st_mode, 0);
	journal_close(&again);
	nothing = opened();
	check_journal(&nothing, &(struct journal){.folder = expected.folder});
	journal_close(&nothing);
}
END_TEST

#define JOURNAL(version, id, vmid)                                                                                             \
	"{\"version\":" version ",\"id\":" id ",\"work\":\"create\",\"step\":\"begin\",\"vmid\":" vmid "}"

static const struct kept texts[] = {
	{JOURNAL("1", "\"a\"", "100"), 0, ""},
	{JOURNAL("2", "\"a\"", "100"), -EBADMSG, "of another version's"},
	{JOURNAL("0", "\"a\"", "100"), -EBADMSG, "not the journal of a deploy"},
	{JOURNAL("1", "null", "100"), -EBADMSG, "expected id, work, step and vmid"},
	{JOURNAL("1", "7", "100"), -EBADMSG, "expected id, work, step and vmid"},
	{JOURNAL("1", "\"a\"", "0"), -EBADMSG, "expected id, work, step and vmid"},
	{JOURNAL("1", "\"a\"", "-1"), -EBADMSG, "expected id, work, step and vmid"},
	{JOURNAL("1", "\"a\"", "\"100\""), -EBADMSG, "expected id, work, step and vmid"},
	{"{}", -EBADMSG, "not the journal of a deploy"},
	{"[]", -EBADMSG, "not the journal of a deploy"},
	{"", -EBADMSG, "deploy.json"},
	{"{\"version\":1,", -EBADMSG, "deploy.json"},
};

START_TEST(what_is_no_journal_is_refused_and_stays)
{
	struct journal journal;
	struct err err = {0};

	put("deploy.json", texts[_i].text);
	proxmoxes_refused(journal_open(scratch_arena(), shelf(), &journal, &err), texts[_i].code, &err, texts[_i].words);
	journal_close(&journal);
	ck_assert_str_eq(scratch_text("gateway/deploy.json"), texts[_i].text);
}
END_TEST

/* Takes it in another process, which ends with the code of journal_open(). */
static int taken_by_another(const char **ret_said)
{
	int pipes[2], status;
	char text[512] = "";
	pid_t pid;

	ck_assert_int_eq(pipe(pipes), 0);
	pid = fork();
	if (pid == 0) {
		struct journal journal;
		struct err err = {0};
		int r = journal_open(scratch_arena(), shelf(), &journal, &err);
		const char *said = proxmoxes_said(&err);

		_exit(write(pipes[1], said, strlen(said)) < 0 ? 99 : -r);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	close(pipes[1]);
	ck_assert_int_ge(read(pipes[0], text, sizeof text - 1), 0);
	close(pipes[0]);
	*ret_said = arena_strdup(scratch_arena(), text);
	return -WEXITSTATUS(status);
}

START_TEST(one_works_on_a_shelf_at_a_time)
{
	struct journal journal = opened();
	const char *said;

	ck_assert_int_eq(taken_by_another(&said), -EBUSY);
	ck_assert_msg(strstr(said, arena_printf(scratch_arena(), "works on 'gateway': process %d\n", getpid())) != NULL, "%s",
		      said);
	journal_close(&journal);
	ck_assert_int_eq(journal.lock, -1);
	journal_close(&journal);
	ck_assert_int_eq(taken_by_another(&said), 0);
	ck_assert_int_eq(taken_by_another(&said), 0); /* it ended without closing it */
}
END_TEST

START_TEST(a_shelf_that_is_not_there_has_no_journal)
{
	struct journal journal;
	struct err err = {0};

	proxmoxes_refused(journal_open(scratch_arena(), scratch_path("nowhere"), &journal, &err), -ENOENT, &err, "cannot open");
	journal_close(&journal);
}
END_TEST

SUITE(proxmox_kept, who_says_no_place_is_told_how, one_works_on_a_shelf_at_a_time, a_shelf_that_is_not_there_has_no_journal)
LOOP_SUITE(proxmox_sites, a_site_is_kept_as_the_recipe_says, sizeof recipes / sizeof *recipes)
LOOP_SUITE(proxmox_site_texts, what_is_no_site_is_refused, sizeof sites / sizeof *sites)
LOOP_SUITE(proxmox_journals, a_journal_says_again_what_was_written, sizeof journals / sizeof *journals)
LOOP_SUITE(proxmox_journal_texts, what_is_no_journal_is_refused_and_stays, sizeof texts / sizeof *texts)
