/* aether-disks: makes, opens and grows what the machine's disks are to hold. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "contract/stack.h"
#include "machine/disks/group_acts.h"
#include "machine/disks/keys.h"
#include "machine/disks/leaf_disks.h"
#include "machine/disks/luks.h"
#include "machine/disks/programs.h"
#include "machine/disks/recovery.h"
#include "machine/disks/shadow.h"
#include "machine/disks/shown.h"
#include "machine/disks/var_mounted.h"
#include "machine/disks/ways.h"
#include "machine/remark_files.h"
#include "machine/say.h"

#define EARLY "--early"
#define LATE "--late"
#define REMARKS_DISKS "disks"
#define LOCK "/run/aether/disks.lock"
#define TMPFS_LINKS_MODE 0755

enum { TEXT_MAX = 1 << 18 };

/* --- before ---------------------------------------------------------------------------------------------------------- */

static void opener_read(struct stage *stage)
{
	static char text[TEXT_MAX];
	const char *problem;
	unsigned line;
	int r = read_line(STACK_FILE, text, sizeof text);

	if (r < 0)
		die("cannot read " STACK_FILE ": %s", strerror(-r));
	if (nodes_parse(text, &stage->nodes, &line, &problem) < 0)
		die(STACK_FILE ":%u: %s", line, problem);
	nodes_group(&stage->nodes);
}

/* In the early stage groups that /var needs, with all that is connected; and the disks of keys of what is wanted. */
static void opener_choose(struct stage *stage)
{
	struct nodes *nodes = &stage->nodes;

	for (size_t i = 0; i < nodes->n; i++)
		for (size_t k = 0; k < nodes->n; k++)
			if (nodes->list[k].group == nodes->list[i].group)
				nodes->list[k].wanted |= !stage->early || nodes->list[i].early;
	for (size_t i = 0; i < nodes->n; i++)
		nodes->list[i].passed = nodes->list[i].late && !stage->late && !stage->growing;
	for (size_t i = 0; i < nodes->n; i++) {
		const struct node *node = &nodes->list[i];
		const char *disk = node->kind == NODE_LUKS && node->wanted ? node_word(node, "disk") : NULL;

		if (disk)
			nodes->list[nodes_find(nodes, disk)].wanted = true;
	}
}

/* One at a time: its unit, and somebody by hand. */
static int opener_lock(void)
{
	int r = make_folder("/run/aether", 0755), fd;

	fd = r < 0 ? -1 : open(LOCK, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || flock(fd, LOCK_EX) < 0)
		die("cannot lock " LOCK ": %s", strerror(errno));
	return fd;
}

static void opener_begin(struct stage *stage)
{
	static const char *const folders[] = {"/run/lock/lvm", "/run/cryptsetup", "/run/mdadm", STACK_LINKS};

	opener_lock(); /* until the program ends */
	for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
		make_folder(folders[i], strcmp(folders[i], STACK_LINKS) == 0 ? TMPFS_LINKS_MODE : 0700);
	programs_set_udev(!stage->early && access("/run/udev/control", F_OK) == 0);
	if (shadow_begin() < 0)
		exit(EXIT_FAILURE);
	opener_read(stage);
	opener_choose(stage);
	leaf_find_all(stage);
}

/* --- after ----------------------------------------------------------------------------------------------------------- */

static void opener_link(const struct stage *stage)
{
	char path[300], draft[300];

	for (size_t i = 0; i < stage->nodes.n; i++) {
		const struct node *node = &stage->nodes.list[i];

		if (!node->wanted || node->passed || (stage->early && !node->early))
			continue;
		snprintf(path, sizeof path, STACK_LINKS "/%s", node->id);
		snprintf(draft, sizeof draft, STACK_LINKS "/.new-%s", node->id);
		unlink(draft);
		if (!node_is_usable(node) || !*node->device)
			unlink(path);
		else if (symlink(node->device, draft) < 0 || rename(draft, path) < 0)
			say("cannot link %s: %s", path, strerror(errno));
	}
}

static void opener_note_recovery(const char *volume, void *data)
{
	stage_note(data, "the recovery key of the volume '%s' waits on this machine: fetch it with '" STACK_PROGRAM
		   " recovery --fetch %s', and keep it elsewhere", volume, volume);
}

static int opener_end(struct stage *stage)
{
	char text[sizeof stage->problems + sizeof stage->notes];
	int r;

	opener_link(stage);
	shadow_end();
	if (!stage->early)
		recovery_each(opener_note_recovery, stage);
	snprintf(text, sizeof text, "%s%s", stage->problems, stage->notes);
	r = remarks_set("", REMARKS_DISKS, text);
	if (r < 0)
		say("cannot keep that in " REMARKS ": %s", strerror(-r));
	return *stage->problems ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* --- words ----------------------------------------------------------------------------------------------------------- */

static struct stage opener_stage;

static int opener_open_main(int argc, char **argv)
{
	struct stage *stage = &opener_stage;

	stage->early = argc == 2 && strcmp(argv[1], EARLY) == 0;
	stage->late = argc == 2 && strcmp(argv[1], LATE) == 0;
	if (argc != 1 && !stage->early && !stage->late)
		return 2;
	if (stage->early)
		say_as("aether-disks", "/dev/kmsg");
	opener_begin(stage);
	groups_prepare(stage);
	groups_open(stage);
	if (stage->early)
		var_mount(stage);
	return opener_end(stage);
}

/* What was not there at the start is none of its business: nothing is made. */
static int opener_grow_main(int argc, char **argv)
{
	struct stage *stage = &opener_stage;

	(void)argv;
	if (argc != 1)
		return 2;
	stage->growing = true;
	opener_begin(stage);
	groups_open(stage);
	var_grow_mounted(stage);
	return opener_end(stage);
}

static int opener_status_main(int argc, char **argv)
{
	bool json = argc == 2 && strcmp(argv[1], "--json") == 0;

	if (argc != 1 && !json)
		return 2;
	opener_read(&opener_stage);
	shown_print(&opener_stage, json, stdout);
	return EXIT_SUCCESS;
}

/* The recovery key comes by stdin: nobody else sees it there. */
static int opener_rebind_main(int argc, char **argv)
{
	struct stage *stage = &opener_stage;
	char key[256] = "";
	int r = -ENOENT;

	if (argc != 2)
		return 2;
	stage->late = true;
	fputs("recovery key: ", stderr);
	if (!fgets(key, sizeof key, stdin))
		die("no recovery key was given");
	key[strcspn(key, "\r\n")] = 0;
	opener_begin(stage);
	for (size_t i = 0; i < stage->nodes.n; i++) {
		struct node *node = &stage->nodes.list[i];

		if (node->kind == NODE_LUKS && strcmp(node_word(node, "name"), argv[1]) == 0)
			r = luks_bind_again(stage, node, key);
		else if (!leaf_is(node) && group_open_below(stage, i, argv[1]) < 0)
			break;
	}
	explicit_bzero(key, sizeof key);
	shadow_end();
	if (r < 0)
		die(r == -ENOENT ? "there is no encrypted volume '%s'" : "'%s' could not be bound to its key: is the recovery "
		    "key right?",
		    argv[1]);
	printf("'%s' is bound to its key again; restart the machine\n", argv[1]);
	return EXIT_SUCCESS;
}

static const struct {
	const char *name, *arguments, *summary;
	int (*run)(int argc, char **argv); /* 2: that was a wrong call */
} opener_words[] = {
	{"open", "[" EARLY "|" LATE "]", "makes what is blank, opens what is there", opener_open_main},
	{"grow", "", "grows what is open to the end of its disks", opener_grow_main},
	{"status", "[--json]", "shows what is there", opener_status_main},
	{"recovery", "[--fetch NAME]", "lists recovery keys that wait; prints one, and removes it", recovery_main},
	{"rebind", "NAME", "reads a recovery key, and gives the volume its key of now", opener_rebind_main},
};

static int opener_usage(FILE *out)
{
	fputs("usage: aether-disks WORD\n\n", out);
	for (size_t i = 0; i < sizeof opener_words / sizeof *opener_words; i++)
		fprintf(out, "  %-10s%-16s %s\n", opener_words[i].name, opener_words[i].arguments, opener_words[i].summary);
	return out == stdout ? EXIT_SUCCESS : 2;
}

int main(int argc, char **argv)
{
	int status;

	say_as("aether-disks", NULL);
	umask(022);
	if (argc == 2 && strcmp(argv[1], "--help") == 0)
		return opener_usage(stdout);
	for (size_t i = 0; argc > 1 && i < sizeof opener_words / sizeof *opener_words; i++) {
		if (strcmp(opener_words[i].name, argv[1]) != 0)
			continue;
		status = opener_words[i].run(argc - 1, argv + 1);
		if (fflush(stdout) != 0)
			status = EXIT_FAILURE;
		return status == 2 ? opener_usage(stderr) : status;
	}
	return opener_usage(stderr);
}
