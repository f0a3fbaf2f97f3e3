/* aether-agent, and the two files it reads: the identity of the machine, and its health checks. Both are
 * lines of fields that tabs separate (builder/machine/lines.h). */
#include <inttypes.h>
#include <string.h>

#include "artifact/tabbed.h"
#include "contract/agent.h"
#include "contract/box.h"
#include "contract/image.h"
#include "plan/config.h"

static void plan_agent_put_fields(struct buf *text, const struct strv *fields)
{
	for (size_t i = 0; i < fields->count; i++) {
		buf_puts(text, "\t");
		tabbed_put(text, fields->items[i]);
	}
	buf_puts(text, "\n");
}

/* MILLISECONDS TYPE WORD… */
static void plan_agent_put_check(struct arena *arena, const struct plan *plan, struct buf *text,
				 const struct recipe_health *health)
{
	const struct plan_account *account = health->user ? numbers_of(plan, health->user) : NULL;
	struct strv fields = {0};

	buf_printf(text, "%" PRIu64, health->timeout_ms);
	switch (health->type) {
	case HEALTH_UNIT:
		strv_push(arena, &fields, health->user ? HEALTH_TYPE_USER_UNIT : HEALTH_TYPE_UNIT);
		strv_push(arena, &fields, health->unit);
		if (!health->user)
			break;
		strv_push(arena, &fields, health->user);
		strv_push(arena, &fields, arena_printf(arena, "%" PRId64, account ? account->uid : -1));
		break;
	case HEALTH_TCP:
		strv_push(arena, &fields, HEALTH_TYPE_TCP);
		strv_push(arena, &fields, arena_printf(arena, "%" PRId64, health->port));
		break;
	case HEALTH_HTTP:
		strv_push(arena, &fields, HEALTH_TYPE_HTTP);
		strv_push(arena, &fields, arena_printf(arena, "%" PRId64, health->status));
		strv_push(arena, &fields, health->url);
		break;
	case HEALTH_COMMAND:
		strv_push(arena, &fields, HEALTH_TYPE_COMMAND);
		for (size_t i = 0; i < health->command.count; i++)
			strv_push(arena, &fields, health->command.items[i]);
		break;
	}
	plan_agent_put_fields(text, &fields);
}

static int plan_agent_make_health(struct arena *arena, struct plan *plan, struct err *err)
{
	_cleanup_buf_ struct buf text = {0};
	int r = 0;

	for (size_t i = 0; r == 0 && i < plan->recipe->n_health; i++) {
		const struct recipe_health *health = &plan->recipe->health[i];

		if (health->user && (!numbers_of(plan, health->user) || numbers_of(plan, health->user)->uid <= 0)) {
			err_at(err, -EINVAL, &health->pos, "health", "the user '%s' does not exist, or has no 'uid'",
			       health->user);
			r = -EINVAL;
		}
		if (health->type == HEALTH_HTTP)
			r = config_needs(plan, "curl", &health->pos, "a health check with 'http'", err);
		plan_agent_put_check(arena, plan, &text, health);
	}
	config_put(arena, plan, HEALTH_FILE, 0644, NULL, text.data ? text.data : "");
	return r;
}

static void plan_agent_make_image(struct arena *arena, struct plan *plan)
{
	_cleanup_buf_ struct buf text = {0};

	buf_printf(&text,
		   IMAGE_KEY_NAME "=%s\n" IMAGE_KEY_KIND "=%s\n" IMAGE_KEY_FORMAT "=%d\n" IMAGE_KEY_EPOCH "=%" PRId64 "\n",
		   plan->recipe->name, recipe_kind_name(plan->recipe->kind), IMAGE_FORMAT, plan->epoch);
	if (plan->state_on)
		buf_printf(&text, IMAGE_KEY_STATE "=%s\n", plan->state_on);
	for (size_t i = 0; i < plan->layout.n_partitions; i++)
		if (plan->layout.partitions[i].content == DISK_ESP)
			buf_printf(&text, IMAGE_KEY_ESP "=%s\n", plan->layout.partitions[i].label);
	config_put(arena, plan, IMAGE_FILE, 0644, NULL, text.data);
}

/* What a container's init is, and which paths it keeps (builder/machine/box/). */
static void plan_agent_make_box(struct arena *arena, struct plan *plan)
{
	_cleanup_buf_ struct buf text = {0};

	for (size_t i = 0; i < plan->recipe->state.count; i++)
		buf_printf(&text, "%s\n", plan->recipe->state.items[i]);
	config_take(arena, plan, BOX_INIT, 0755, plan->programs->box, plan->programs->box_sha256);
	config_put(arena, plan, BOX_STATE_FILE, 0644, NULL, text.data ? text.data : "");
}

int agent_make(struct arena *arena, struct plan *plan, struct err *err)
{
	const struct plan_programs *programs = plan->programs;

	if (!programs->agent)
		return 0;
	config_take(arena, plan, AGENT_PATH, 0755, programs->agent, programs->agent_sha256);
	if (programs->box)
		plan_agent_make_box(arena, plan);
	plan_agent_make_image(arena, plan);
	return plan_agent_make_health(arena, plan, err);
}
