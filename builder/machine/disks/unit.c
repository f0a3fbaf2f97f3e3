#include "machine/disks/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <stdio.h>
#include <sys/mount.h>
#include <unistd.h>

#include "contract/stack.h"
#include "machine/disks/keys.h"
#include "machine/disks/luks.h"
#include "machine/disks/programs.h"
#include "machine/disks/shadow.h"
#include "machine/disks/ways.h"
#include "machine/say.h"

#define SPEED "/proc/sys/dev/raid/"
#define VAR_FOLDER STAGE_ROOM "/var"

/* What a shadow takes in memory, in MiB: headers of all kinds; that of LUKS2 has 16 MiB, the log of XFS 64. */
enum { NEED_DISK = 16, NEED_LUKS = 20, NEED_XFS = 70, NEED_ELSE = 32 };

/* --- before ---------------------------------------------------------------------------------------------------------- */

static bool unit_has_memory(struct stage *stage, const struct unit *unit)
{
	uint64_t need = NEED_ELSE, have = shadow_memory_mib() * 3 / 4;

	for (size_t i = 0; i < stage->nodes.n; i++) {
		const struct node *node = &stage->nodes.list[i];

		need += unit->blank[i] ? NEED_DISK : 0;
		if (!unit->chosen[i])
			continue;
		need += node->kind == NODE_LUKS ? NEED_LUKS : 0;
		need += node->kind == NODE_FS && strcmp(node_word(node, "format"), "xfs") == 0 ? NEED_XFS : 0;
	}
	if (have < need)
		stage_problem(stage, "making what is to be on the blank disks needs %llu MiB of memory, and %llu MiB can be "
			      "used: give the "
			      "machine more, at least for one start", (unsigned long long)need, (unsigned long long)have);
	return have >= need;
}

/* A recovery key that is lost at once is none. */
static bool unit_can_keep(struct stage *stage, const struct unit *unit)
{
	for (size_t i = 0; i < stage->nodes.n; i++) {
		const struct node *node = &stage->nodes.list[i];

		if (unit->chosen[i] && node->kind == NODE_LUKS && luks_has_recovery(node) && !stage->early &&
		    !key_var_stays()) {
			stage_problem(stage, "%s: /var is in memory, and its recovery key would be lost at the next start: "
				      "the volume is "
				      "not made", node->id);
			return false;
		}
	}
	return true;
}

/* --- arrays ---------------------------------------------------------------------------------------------------------- */

struct unit_speed { char min[32], max[32]; };

static void unit_write(const char *name, const char *text)
{
	char path[64];
	int fd;

	snprintf(path, sizeof path, SPEED "%s", name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return; /* there are no arrays */
	if (write(fd, text, strlen(text)) < 0)
		say("cannot write %s: %m", path);
	close(fd);
}

/* Members of an array are made equal on the disks, later: in memory that would take as much as the disks have. */
static void unit_slow_down(const struct stage *stage, struct unit_speed *ret_before)
{
	*ret_before = (struct unit_speed){"", ""};
	for (size_t i = 0; i < stage->nodes.n; i++)
		if (stage->nodes.list[i].kind == NODE_MD || stage->nodes.list[i].kind == NODE_LV)
			stage_module("md_mod");
	read_line(SPEED "speed_limit_min", ret_before->min, sizeof ret_before->min);
	read_line(SPEED "speed_limit_max", ret_before->max, sizeof ret_before->max);
	unit_write("speed_limit_min", "1");
	unit_write("speed_limit_max", "1");
}

static void unit_speed_up(const struct unit_speed *before)
{
	if (*before->max)
		unit_write("speed_limit_max", before->max);
	if (*before->min)
		unit_write("speed_limit_min", before->min);
}

/* --- recovery keys --------------------------------------------------------------------------------------------------- */

static const struct node *unit_find_var(const struct stage *stage, const struct unit *unit)
{
	for (size_t i = 0; i < stage->nodes.n; i++)
		if (unit->chosen[i] && stage->nodes.list[i].kind == NODE_VAR)
			return &stage->nodes.list[i];
	return NULL;
}

/* /var comes with the unit: the keys are in it from the first moment. */
static int unit_keep_in_new(struct stage *stage, const struct node *var)
{
	const struct node *fs = nodes_base(&stage->nodes, var);
	const char *subvolume = node_word(var, "subvolume");
	char options[320] = "";
	int r = make_folder(VAR_FOLDER, 0700);

	if (subvolume)
		snprintf(options, sizeof options, "subvol=%s", subvolume);
	if (r == 0 && mount(fs->device, VAR_FOLDER, node_word(fs, "format"), MS_NOSUID | MS_NODEV, options) < 0)
		r = -errno;
	if (r < 0) {
		stage_problem(stage, "%s: %s cannot be mounted: %s", fs->id, fs->device, strerror(-r));
		return r;
	}
	r = luks_keep_recovery(VAR_FOLDER);
	return umount2(VAR_FOLDER, 0) < 0 && r == 0 ? -errno : r;
}

static int unit_keep_recovery(struct stage *stage, const struct unit *unit)
{
	const struct node *var = unit_find_var(stage, unit);
	int r = var && stage->early ? unit_keep_in_new(stage, var) : luks_keep_recovery("/var");

	luks_forget_recovery();
	return r;
}

/* --- all of it ------------------------------------------------------------------------------------------------------- */

static void unit_settle(const struct stage *stage)
{
	struct program program;

	if (stage->early)
		return;
	program_begin(&program, "/usr/bin/udevadm");
	program_add_all(&program, (const char *const[]){"settle", "--timeout=10", NULL});
	program.quiet = true;
	program_run(&program);
}

static int unit_make_on_shadows(struct stage *stage, const struct unit *unit, struct shadows *shadows)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < stage->nodes.n; i++)
		if (unit->blank[i])
			r = shadow_add(shadows, &stage->nodes.list[i]);
	if (r < 0)
		return r;
	for (size_t i = 0; i < stage->nodes.n; i++)
		if (unit->blank[i])
			stage->nodes.list[i].state = NODE_OPEN;
	stage->shadow = true;
	r = ways_make(stage, unit->chosen);
	if (r == 0)
		r = unit_keep_recovery(stage, unit);
	unit_settle(stage); /* (udev looks at devices that appear, and holds them meanwhile) */
	ways_close(stage, unit->chosen);
	stage->shadow = false;
	return r == 0 ? shadow_publish(shadows) : r;
}

int unit_make(struct stage *stage, const struct unit *unit)
{
	static struct shadows shadows;
	struct unit_speed speed;
	int r;

	if (!unit_has_memory(stage, unit) || !unit_can_keep(stage, unit))
		return -ENOMEM;
	unit_slow_down(stage, &speed);
	r = unit_make_on_shadows(stage, unit, &shadows);
	shadow_remove(&shadows);
	unit_speed_up(&speed);
	unit_settle(stage);
	for (size_t i = 0; i < stage->nodes.n; i++)
		if (unit->blank[i])
			stage->nodes.list[i].state = r < 0 ? NODE_FAILED : NODE_THERE;
	for (size_t i = 0; r == 0 && i < stage->nodes.n; i++)
		if (unit->blank[i])
			say("%s was blank, and has what the layout says now", stage->nodes.list[i].device);
	return r;
}
