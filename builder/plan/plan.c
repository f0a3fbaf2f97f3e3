#include "plan/plan.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/buf.h"
#include "base/identity.h"
#include "edge/digest.h"
#include "plan/config.h"

static const char *digest_of(struct arena *arena, const struct buf *text)
{
	char hex[SHA256_HEX];

	sha256_hex_of(text->data, text->size, hex);
	return arena_strdup(arena, hex);
}

/* A word as it is, or in quotes when it would not be told from two words or from none. */
static void put_word(struct buf *text, const char *word)
{
	bool plain = *word != 0;

	for (const char *c = word; *c; c++)
		plain &= (unsigned char)*c > ' ' && *c != '"' && *c != '\\';
	if (plain) {
		buf_puts(text, word);
		return;
	}
	buf_puts(text, "\"");
	for (; *word; word++)
		if ((unsigned char)*word < ' ')
			buf_printf(text, "\\%03o", (unsigned char)*word);
		else
			buf_printf(text, "%s%c", *word == '"' || *word == '\\' ? "\\" : "", *word);
	buf_puts(text, "\"");
}

static void put_words(struct buf *text, const char *key, const struct strv *words)
{
	if (words->count == 0)
		return;
	buf_puts(text, key);
	for (size_t i = 0; i < words->count; i++) {
		buf_puts(text, " ");
		put_word(text, words->items[i]);
	}
	buf_puts(text, "\n");
}

/* Cuts the lock's packages, which are sorted by layer, into layers, and names each by all that makes it. */
static void make_layers(struct arena *arena, const struct recipe *recipe, const struct package_set *locked,
			struct plan_tree *tree)
{
	const char *below = "none";
	size_t i = 0;

	tree->recipe = recipe;
	for (unsigned l = 0; l < LAYER_COUNT; l++) {
		struct plan_layer *layer = &tree->layers[l];
		_cleanup_buf_ struct buf text = {0};

		buf_printf(&text, "layer by %s on %s\n", identity_trees, below);
		put_words(&text, "exclude", &recipe->exclude);
		put_words(&text, "include", &recipe->include);
		layer->packages = &locked->packages[i];
		for (; i < locked->n_packages && locked->packages[i].layer == l; i++) {
			const struct debian_package *package = &locked->packages[i];

			buf_printf(&text, "package %s %s %s %s\n", package->name, package->version, package->arch,
				   package->sha256);
			layer->n_packages++;
		}
		below = layer->key = digest_of(arena, &text);
	}
}

static void put_tree(struct buf *text, const char *name, const struct plan_tree *tree)
{
	static const char *const layers[LAYER_COUNT] = {"base", "parent", "recipe"};

	for (unsigned l = 0; l < LAYER_COUNT; l++) {
		buf_printf(text, "\nlayer %s/%s %s\n", name, layers[l], tree->layers[l].key);
		for (size_t i = 0; i < tree->layers[l].n_packages; i++) {
			const struct debian_package *package = &tree->layers[l].packages[i];

			buf_printf(text, "package %s %s %s\n", package->name, package->version, package->sha256);
		}
	}
}

static int make_downloads(struct arena *arena, struct plan *plan, struct err *err)
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

static void put_downloads(struct buf *text, const struct plan *plan)
{
	buf_puts(text, plan->n_downloads ? "\n" : "");
	for (size_t i = 0; i < plan->n_downloads; i++) {
		const struct recipe_download *words = plan->downloads[i].words;
		const struct lock_download *locked = plan->downloads[i].locked;

		buf_printf(text, "download %s %s%s\n", words->name, locked->sha256, locked->fake ? " fake" : "");
		if (words->member)
			put_words(text, "  member", &(struct strv){(const char *[]){words->member}, 1});
		if (words->unpack)
			buf_printf(text, "  unpack %s %s:%s strip=%" PRId64 "\n", words->path, words->owner, words->group,
				   words->strip);
		else
			buf_printf(text, "  %s %s %04o %s:%s\n", words->decompress ? "decompress" : "file", words->path,
				   words->mode, words->owner, words->group);
	}
}

static void put_containers(struct buf *text, const struct plan *plan)
{
	buf_puts(text, plan->n_containers ? "\n" : "");
	for (size_t i = 0; i < plan->n_containers; i++) {
		const struct plan_container *container = &plan->containers[i];

		buf_printf(text, "container %s sha256:%s%s\n  unpacked %s\n", container->locked->image,
			   container->locked->manifest.sha256, container->locked->fake ? " fake" : "", container->key);
	}
}

static void put_files(struct buf *text, const struct plan *plan)
{
	buf_puts(text, "\n");
	for (size_t i = 0; i < plan->n_files; i++) {
		const struct plan_file *file = &plan->files[i];

		if (file->link)
			buf_printf(text, "link %s -> %s\n", file->path, file->link);
		else
			buf_printf(text, "file %s %04o %s:%s %s\n", file->path, file->mode, file->owner, file->group,
				   file->sha256);
	}
}

/* A text of many lines, indented: nothing in it can be taken for a line of the plan. */
static void put_block(struct buf *text, const char *block)
{
	while (*block) {
		size_t length = strcspn(block, "\n");

		buf_printf(text, "  %.*s\n", (int)length, block);
		block += length + (block[length] == '\n');
	}
}

static void put_units(struct buf *text, const struct plan *plan)
{
	static const char *const presets[] = {"", " disable", " enable"};

	buf_puts(text, "\n");
	for (size_t i = 0; i < plan->n_units; i++) {
		const struct plan_unit *unit = &plan->units[i];

		buf_printf(text, "unit %s%s%s\n", unit->name, presets[unit->enable + 1], unit->mask ? " mask" : "");
		put_block(text, unit->text ? unit->text : "");
	}
	for (size_t i = 0; i < plan->recipe->n_configure; i++)
		put_words(text, "configure", &plan->recipe->configure[i].argv);
}

static void put_size(struct buf *text, const char *key, uint64_t bytes)
{
	if (bytes == SIZE_AUTO)
		buf_printf(text, " %s=auto", key);
	else
		buf_printf(text, " %s=%" PRIu64, key, bytes);
}

static void put_layout(struct buf *text, const struct disk_layout *layout)
{
	if (layout->n_partitions == 0)
		return;
	buf_puts(text, "\ndisk");
	put_size(text, "size", layout->size_bytes);
	buf_puts(text, "\n");
	for (size_t i = 0; i < layout->n_partitions; i++) {
		const struct disk_partition *part = &layout->partitions[i];

		buf_printf(text, "partition %s content=%s type=%s uuid=%s", part->label,
			   disk_content_name(part->content), part->type, part->uuid);
		put_size(text, "start", part->start);
		put_size(text, "size", part->size);
		buf_printf(text, " attributes=%" PRIx64 "\n", part->attributes);
		put_words(text, "  mkfs", &part->mkfs_arguments);
	}
}

static void put_all(struct buf *text, const struct plan *plan)
{
	buf_printf(text, "aether-build plan 1\nprogram %s\nkind %s\nname %s\nepoch %" PRId64 "\nseed %s\n", identity_program,
		   recipe_kind_name(plan->recipe->kind), plan->recipe->name, plan->epoch, plan->seed);
	if (plan->programs->init) /* a container starts by its hypervisor's kernel */
		buf_printf(text, "init %s\ncmdline %s\n", plan->programs->init_sha256, plan->cmdline);
	put_words(text, "state", &plan->recipe->state);
	put_words(text, "ports tcp", &plan->recipe->firewall_tcp);
	put_words(text, "ports udp", &plan->recipe->firewall_udp);
	put_layout(text, &plan->layout);
	put_downloads(text, plan);
	put_containers(text, plan);
	put_files(text, plan);
	put_units(text, plan);
	put_tree(text, "image", &plan->image);
	if (plan->tools.recipe)
		put_tree(text, "tools", &plan->tools);
}

/* The root image is made in two parts, of which the packages' is kept: what is deleted from it later would keep its place. So a
 * recipe with hooks, which are free to delete much, has its tree taken whole. */
static const char *make_ground_key(struct arena *arena, const struct plan *plan)
{
	_cleanup_buf_ struct buf text = {0};

	if (plan->recipe->n_configure || !plan->tools.recipe)
		return NULL;
	buf_printf(&text, "ground by %s epoch %" PRId64 " seed %s\nlayer %s\ntools %s\n", identity_program, plan->epoch,
		   plan->seed, plan->image.layers[LAYER_COUNT - 1].key, plan->tools.layers[LAYER_COUNT - 1].key);
	for (size_t i = 0; i < plan->n_containers; i++)
		buf_printf(&text, "container %s\n", plan->containers[i].key);
	return digest_of(arena, &text);
}

/* Both consoles, so that a screen and a serial port show the same; nothing here makes systemd guess partitions. */
static const char *make_cmdline(struct arena *arena, const struct recipe *recipe)
{
	const char *cmdline = "ro console=tty0 console=ttyS0,115200 systemd.gpt_auto=0 panic=10";

	for (size_t i = 0; i < recipe->kernel_args.count; i++)
		cmdline = arena_printf(arena, "%s %s", cmdline, recipe->kernel_args.items[i]);
	return cmdline;
}

/* Named after the machine alone: the next generation keeps its identity, another machine has another. */
static const char *make_seed(struct arena *arena, const struct recipe *recipe)
{
	_cleanup_buf_ struct buf text = {0};

	buf_printf(&text, "aether-build seed %s\n", recipe->name);
	return digest_of(arena, &text);
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
	plan->cmdline = make_cmdline(arena, recipe);
	plan->seed = make_seed(arena, recipe);
	make_layers(arena, recipe, &lock->image, &plan->image);
	if (tools)
		make_layers(arena, tools, &lock->tools, &plan->tools);
	r = make_downloads(arena, plan, err);
	if (r == 0)
		r = config_make(arena, plan, err);
	if (r < 0)
		return r;
	plan->ground_key = make_ground_key(arena, plan);
	put_all(&text, plan);
	plan->text = arena_strdup(arena, text.data);
	plan->key = digest_of(arena, &text);
	*ret_plan = plan;
	return 0;
}
