/* Block stacks of a machine: the file that tells aether-disks of them, its units, and what keeps packages from opening devices
 * beside it. */
#include "plan/stack.h"

#include <string.h>

#include "artifact/tabbed.h"
#include "contract/secrets.h"
#include "contract/stack.h"
#include "plan/config.h"

#define UNITS "/usr/lib/systemd/system"
#define STACK_MARK "# Devices of this machine's 'partitions' are made, opened and watched by " STACK_UNIT ".\n"

/* What a disk takes to be made has no limit that is right for all; who types a passphrase has none at all. */
#define STACK_UNIT_TEXT(description, more, before, arguments)                                                                  \
	"[Unit]\n"                                                                                                             \
	"Description=" description "\n"                                                                                        \
	"Documentation=man:aether-disks(8)\n"                                                                                  \
	"DefaultDependencies=no\n"                                                                                             \
	more                                                                                                                   \
	"Before=" before " shutdown.target\n"                                                                                  \
	"Conflicts=shutdown.target\n\n"                                                                                        \
	"[Service]\n"                                                                                                          \
	"Type=oneshot\n"                                                                                                       \
	"RemainAfterExit=yes\n"                                                                                                \
	"ExecStart=" STACK_PROGRAM " open" arguments "\n"                                                                      \
	"TimeoutStartSec=infinity\n"                                                                                           \
	"UMask=0077\n"                                                                                                         \
	"LimitCORE=0\n"

/* systemd-repart comes before: what grows with a partition grows after it. */
static const char UNIT_TEXT[] = STACK_UNIT_TEXT(
	"Open this machine's disks, and make those that are blank",
	"After=systemd-udevd.service systemd-modules-load.service systemd-repart.service\n"
	"Wants=systemd-udevd.service local-fs-pre.target\n", "local-fs-pre.target swap.target lvm2-monitor.service", "");

static const char LATE_TEXT[] = STACK_UNIT_TEXT(
	"Open this machine's disks that need its secrets",
	"After=" STACK_UNIT " " SECRETS_UNIT "\nWants=" SECRETS_UNIT "\n", "sysinit.target", " --late");

/* --- what packages do by themselves ------------------------------------------------------------------------------------ */

/* Both would open what is being made: udev tells them of each device that has a signature. A file of the same name in /etc
 * takes the place of the rules (udev(7)). */
static const struct { const char *kind, *path, *text; } settings[] = {
	{STACK_VG, "/etc/udev/rules.d/69-lvm.rules",
	 STACK_MARK "# Nothing is activated because its last device has appeared.\n"},
	{STACK_MD, "/etc/mdadm/mdadm.conf",
	 STACK_MARK "# Nothing is assembled because a device has appeared.\nAUTO -all\nHOMEHOST <ignore>\nMAILADDR root\n"},
};

static bool plan_stack_has(const struct stack *stack, const char *kind)
{
	for (size_t i = 0; i < stack->n_nodes; i++)
		if (strcmp(stack->nodes[i].kind, kind) == 0)
			return true;
	return false;
}

static void plan_stack_put_settings(struct arena *arena, struct plan *plan)
{
	for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
		if (plan_stack_has(&plan->stack, settings[i].kind) && !config_has_file(plan, settings[i].path))
			config_put(arena, plan, settings[i].path, 0644, NULL, settings[i].text);
}

/* --- what /var needs --------------------------------------------------------------------------------------------------- */

static void plan_stack_mark_early(struct stack *stack, const char *id)
{
	struct stack_node *node = NULL;
	const char *key;

	for (size_t i = 0; i < stack->n_nodes; i++)
		if (strcmp(stack->nodes[i].id, id) == 0)
			node = &stack->nodes[i];
	if (!node || node->early)
		return;
	node->early = true;
	for (size_t i = 0; i < node->on.count; i++)
		plan_stack_mark_early(stack, node->on.items[i]);
	key = strcmp(node->kind, STACK_LUKS) == 0 ? stack_word(node, "disk") : NULL;
	if (key)
		plan_stack_mark_early(stack, key);
}

/* Whether a node is the pool that a thin volume is in: both stand on the same group. */
static bool plan_stack_is_pool(const struct stack_node *pool, const struct stack_node *thin)
{
	return strcmp(pool->kind, STACK_LV) == 0 && strcmp(pool->on.items[0], thin->on.items[0]) == 0 &&
	       strcmp(stack_word(pool, "name"), stack_word(thin, "pool")) == 0;
}

static void plan_stack_mark_pools(struct stack *stack)
{
	for (size_t i = 0; i < stack->n_nodes; i++)
		for (size_t k = 0; stack->nodes[i].early && stack_word(&stack->nodes[i], "pool") && k < i; k++)
			stack->nodes[k].early |= plan_stack_is_pool(&stack->nodes[k], &stack->nodes[i]);
}

/* --- the file and the units -------------------------------------------------------------------------------------------- */

static void plan_stack_put_node(struct arena *arena, struct buf *text, const struct stack_node *node)
{
	tabbed_put(text, node->kind);
	buf_puts(text, "\t");
	tabbed_put(text, node->id);
	for (size_t i = 0; i < node->on.count; i++) {
		buf_puts(text, "\t");
		tabbed_put(text, arena_printf(arena, STACK_ON "=%s", node->on.items[i]));
	}
	for (size_t i = 0; i < node->words.count; i++) {
		buf_puts(text, "\t");
		tabbed_put(text, node->words.items[i]);
	}
	buf_puts(text, node->early ? "\t" STACK_EARLY : "");
	buf_puts(text, node->late ? "\t" STACK_LATE "\n" : "\n");
}

static void plan_stack_put_unit(struct arena *arena, struct plan *plan, const char *name, const char *text,
				const char *const *targets)
{
	config_put(arena, plan, arena_printf(arena, UNITS "/%s", name), 0644, NULL, text);
	for (; *targets; targets++)
		config_link(arena, plan, arena_printf(arena, UNITS "/%s.wants/%s", *targets, name),
			    arena_printf(arena, "../%s", name));
}

static void plan_stack_put(struct arena *arena, struct plan *plan)
{
	_cleanup_buf_ struct buf text = {0};
	bool late = false;

	for (size_t i = 0; i < plan->stack.n_nodes; i++) {
		plan_stack_put_node(arena, &text, &plan->stack.nodes[i]);
		late |= plan->stack.nodes[i].late;
	}
	config_put(arena, plan, STACK_FILE, 0644, NULL, text.data);
	if (plan->programs->disks)
		config_take(arena, plan, STACK_PROGRAM, 0755, plan->programs->disks, plan->programs->disks_sha256);
	plan_stack_put_unit(arena, plan, STACK_UNIT, UNIT_TEXT, (const char *const[]){"local-fs.target", "swap.target", NULL});
	if (late)
		plan_stack_put_unit(arena, plan, STACK_UNIT_LATE, LATE_TEXT, (const char *const[]){"sysinit.target", NULL});
	plan_stack_put_settings(arena, plan);
}

int stack_make(struct arena *arena, struct plan *plan, struct err *err)
{
	struct stack_groups groups;

	if (!recipe_disk(plan->recipe, "system") || !stack_is_needed(plan->recipe))
		return 0;
	stack_groups_make(arena, plan->recipe, &groups, err);
	stack_nodes_make(arena, plan, &groups, err);
	if (plan->stack.n_nodes == 0)
		return err_result(err);
	plan_stack_mark_early(&plan->stack, "var");
	plan_stack_mark_pools(&plan->stack);
	plan_stack_put(arena, plan);
	return stack_needs_make(plan, err);
}
