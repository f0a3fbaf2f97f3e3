#include "plan/plan.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/buf.h"
#include "base/identity.h"
#include "edge/digest.h"
#include "plan/config.h"
#include "plan/print.h"

static const char *plan_digest_of(struct arena *arena, const struct buf *text)
{
	char hex[SHA256_HEX];

	sha256_hex_of(text->data, text->size, hex);
	return arena_strdup(arena, hex);
}

/* Cuts the lock's packages, which are sorted by layer, into layers, and names each by all that makes it. */
static void plan_make_layers(struct arena *arena, const struct recipe *recipe, const struct package_set *locked,
			     struct plan_tree *tree)
{
	const char *below = "none";
	size_t i = 0;

	tree->recipe = recipe;
	for (unsigned l = 0; l < LAYER_COUNT; l++) {
		struct plan_layer *layer = &tree->layers[l];
		_cleanup_buf_ struct buf text = {0};

		layer->packages = &locked->packages[i];
		for (; i < locked->n_packages && locked->packages[i].layer == l; i++)
			layer->n_packages++;
		exceptions_make(arena, recipe, locked, layer);
		buf_printf(&text, "layer by %s on %s\n", identity_trees, below);
		print_words(&text, "exclude", &recipe->exclude);
		print_words(&text, "include", &recipe->include);
		print_words(&text, "except", &layer->exceptions);
		for (size_t p = 0; p < layer->n_packages; p++) {
			const struct debian_package *package = &layer->packages[p];

			buf_printf(&text, "package %s %s %s %s\n", package->name, package->version, package->arch,
				   package->sha256);
		}
		below = layer->key = plan_digest_of(arena, &text);
	}
}

static int plan_make_downloads(struct arena *arena, struct plan *plan, struct err *err)
{
	for (size_t i = 0; i < plan->recipe->n_downloads; i++) {
		const struct recipe_download *words = &plan->recipe->downloads[i];
		const struct lock_download *locked = lock_download(plan->lock, words->name);

		if (!locked)
			return err_at(err, -ESTALE, &words->pos, NULL, "the lock does not have the download '%s'", words->name);
		*arena_push(arena, plan->downloads, plan->n_downloads) = (struct plan_download){words, locked};
	}
	return 0;
}

/* The root image is made in two parts, of which the packages' is kept: what is deleted from it later would keep its place. So a
 * recipe with hooks, which are free to delete much, has its tree taken whole. */
static const char *plan_make_ground_key(struct arena *arena, const struct plan *plan)
{
	_cleanup_buf_ struct buf text = {0};

	if (plan->recipe->n_configure || !plan->tools.recipe)
		return NULL;
	buf_printf(&text, "ground by %s epoch %" PRId64 " seed %s\nlayer %s\ntools %s\n", identity_program, plan->epoch,
		   plan->seed, plan->image.layers[LAYER_COUNT - 1].key, plan->tools.layers[LAYER_COUNT - 1].key);
	for (size_t i = 0; i < plan->n_own; i++)
		print_words(&text, "without", &plan->own[i].paths);
	for (size_t i = 0; i < plan->n_containers; i++)
		buf_printf(&text, "container %s\n", plan->containers[i].key);
	buf_printf(&text, "numbering %" PRId64 "\n", plan->numbering);
	for (size_t i = 0; i < plan->n_accounts; i++)
		buf_printf(&text, "account %s %" PRId64 " %" PRId64 "\n", plan->accounts[i].name, plan->accounts[i].uid,
			   plan->accounts[i].gid);
	return plan_digest_of(arena, &text);
}

/* Both consoles, so that a screen and a serial port show the same; nothing here makes systemd guess partitions. */
static const char *plan_make_cmdline(struct arena *arena, const struct recipe *recipe)
{
	const char *cmdline = "ro console=tty0 console=ttyS0,115200 systemd.gpt_auto=0 panic=10";

	for (size_t i = 0; i < recipe->kernel_args.count; i++)
		cmdline = arena_printf(arena, "%s %s", cmdline, recipe->kernel_args.items[i]);
	return cmdline;
}

/* Depends on the machine's name alone: all generations of a machine have the same identity. */
static const char *plan_make_seed(struct arena *arena, const struct recipe *recipe)
{
	_cleanup_buf_ struct buf text = {0};

	buf_printf(&text, "aether-build seed %s\n", recipe->name);
	return plan_digest_of(arena, &text);
}

int plan_make(struct arena *arena, const struct recipe *recipe, const struct recipe *tools, const struct lock *lock,
	      const struct plan_programs *programs, struct plan **ret_plan, struct err *err)
{
	struct plan *plan = arena_new_of(arena, struct plan);
	_cleanup_buf_ struct buf text = {0};
	int r;

	plan->recipe = recipe;
	plan->lock = lock;
	plan->programs = programs;
	plan->epoch = lock->epoch;
	plan->version = AETHER_VERSION;
	plan->program = identity_program;
	plan->kind = recipe_kind_name(recipe->kind);
	plan->cmdline = programs->init ? plan_make_cmdline(arena, recipe) : NULL;
	plan->seed = plan_make_seed(arena, recipe);
	plan_make_layers(arena, recipe, &lock->image, &plan->image);
	if (tools)
		plan_make_layers(arena, tools, &lock->tools, &plan->tools);
	r = plan_make_downloads(arena, plan, err);
	if (r == 0)
		r = config_make(arena, plan, err);
	if (r < 0)
		return r;
	plan->ground_key = plan_make_ground_key(arena, plan);
	plan_print(&text, plan);
	plan->text = arena_strdup(arena, text.data);
	plan->key = plan_digest_of(arena, &text);
	*ret_plan = plan;
	return 0;
}
