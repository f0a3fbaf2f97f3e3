/* systemd units, and what else systemd reads at boot: modules-load.d(5). */
#include "plan/config.h"

static void plan_units_make_unit(struct arena *arena, struct plan *plan, const struct recipe_unit *from)
{
	struct plan_unit *unit = arena_push(arena, plan->units, plan->n_units);
	_cleanup_buf_ struct buf text = {0};

	config_settings(&text, &from->settings);
	*unit = (struct plan_unit){
		.name = from->name, .enable = from->enable, .mask = from->mask, .pos = from->pos,
		.text = text.size ? arena_strdup(arena, text.data) : NULL,
	};
}

/* One preset for all units of the recipe: what `systemctl preset` will do, now and whenever somebody runs it again. */
static void plan_units_make_preset(struct arena *arena, struct plan *plan)
{
	_cleanup_buf_ struct buf text = {0};

	for (size_t i = 0; i < plan->n_units; i++)
		if (plan->units[i].enable != UNSET)
			buf_printf(&text, "%s %s\n", plan->units[i].enable == YES ? "enable" : "disable", plan->units[i].name);
	if (text.size)
		config_put(arena, plan, "/usr/lib/systemd/system-preset/00-recipe.preset", 0644, NULL, text.data);
}

int units_make(struct arena *arena, struct plan *plan, struct err *err)
{
	const struct recipe *recipe = plan->recipe;
	_cleanup_buf_ struct buf modules = {0};

	for (size_t i = 0; i < recipe->n_units; i++)
		plan_units_make_unit(arena, plan, &recipe->units[i]);
	plan_units_make_preset(arena, plan);
	for (size_t i = 0; i < recipe->modules_load.count; i++)
		buf_printf(&modules, "%s\n", recipe->modules_load.items[i]);
	if (modules.size)
		config_put(arena, plan, "/etc/modules-load.d/50-recipe.conf", 0644, NULL, modules.data);
	return err_result(err);
}
