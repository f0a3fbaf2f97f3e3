/* aether-build tofu [NAME…]: what OpenTofu reads of the images that were uploaded, and the machines that it makes of them. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "build/project.h"
#include "fleet/tofu/expression.h"
#include "fleet/tofu/files.h"
#include "fleet/tofu/images.h"
#include "fleet/tofu/resources.h"
#include "shelf/describe.h"
#include "verb/options/recipe.h"
#include "verb/verb.h"

struct tofu_options {
	struct common_options common;
	const char *out, *output, *provider, *facts;
	struct option_list resources;
	struct project_options recipe;
};

static const struct option tofu_own_options[] = {
	OPTION_OUT(tofu_options),
	{"output", "FOLDER", "folder to write the files to (.)", OPTION_TEXT, offsetof(struct tofu_options, output), "."},
	{"resources", "RECIPE", "also write the machine of this recipe, as NAME.tf.json", OPTION_LIST,
	 offsetof(struct tofu_options, resources), NULL},
	{"provider", "VERSION", "version of the provider bpg/proxmox (the newest)", OPTION_TEXT,
	 offsetof(struct tofu_options, provider), NULL},
	{"facts", "LOCAL", "local value with the recipe's facts, named in place of values", OPTION_TEXT,
	 offsetof(struct tofu_options, facts), NULL},
	{0},
};
static const struct option_group tofu_option_groups[] = {{tofu_own_options, 0},
							 {recipe_options, offsetof(struct tofu_options, recipe)},
							 {kind_options, offsetof(struct tofu_options, recipe)},
							 {0}};

static const char IMAGES[] = "aether.images.json", LOCALS[] = "aether.images.tf.json";

struct file {
	const char *path, *text;
	const char *shelf;           /* whose machine it has; NULL: no machine */
	bool changed;
};

/* What is to be written. */
struct work {
	struct arena *arena;
	const struct tofu_options *options;
	struct provider provider;
	struct strv wanted;          /* shelves that must be there, because they were named */
	struct image *images;
	struct file *files;
	size_t n_images, n_files;
};

static void tofu_add_file(struct work *work, const char *name, const char *text, const char *shelf)
{
	*arena_push(work->arena, work->files, work->n_files) =
		(struct file){arena_printf(work->arena, "%s/%s", work->options->output, name), text, shelf, false};
}

static void tofu_want(struct work *work, struct strv *names, const char *name)
{
	if (!strv_has(names, name))
		strv_push(work->arena, names, name);
}

/* --- images ---------------------------------------------------------------------------------------------------------- */

static int tofu_refuse_image(const char *name, const struct generation *generations, size_t n, struct err *err)
{
	bool uploaded = false;

	for (size_t i = 0; i < n; i++)
		uploaded |= image_is_uploaded(&generations[i]);
	if (uploaded) {
		err_set(err, -ENOENT, "every generation of '%s' that was uploaded is bad", name);
		return err_hint(err, "see 'aether-build list %s'; build, upload and deploy a better one", name);
	}
	err_set(err, -ENOENT, "no generation of '%s' was uploaded yet", name);
	return err_hint(err, "'aether-build upload %s' first", name);
}

/* A shelf that nobody named has no image here until it is uploaded; that all of it is bad is told. */
static int tofu_find_image(struct work *work, const char *name, struct err *err)
{
	struct generation *generations;
	struct err problem = {0};
	struct image image;
	size_t n;
	int r = generation_list(work->arena, work->options->out, name, &generations, &n, err);

	if (r < 0)
		return err_hint(err, "build it, then 'aether-build upload %s'", name);
	if (image_pick(generations, n, &image)) {
		*arena_push(work->arena, work->images, work->n_images) = image;
		return 0;
	}
	if (strv_has(&work->wanted, name))
		return tofu_refuse_image(name, generations, n, err);
	tofu_refuse_image(name, generations, n, &problem);
	log_note("'%s' is left out: %s", name, problem.first->text);
	err_free(&problem);
	return 0;
}

/* Those that are wanted, and with `all` every other. */
static int tofu_find_images(struct work *work, bool all, struct err *err)
{
	struct strv names = all ? generation_shelves(work->arena, work->options->out) : (struct strv){0};
	int r;

	for (size_t i = 0; i < work->wanted.count; i++)
		tofu_want(work, &names, work->wanted.items[i]);
	strv_sort(&names);
	for (size_t i = 0; i < names.count; i++)
		tofu_find_image(work, names.items[i], err);
	r = err_result(err);
	if (r == 0 && work->n_images == 0) {
		err_set(err, -ENOENT, "nothing in '%s' was uploaded yet", work->options->out);
		return err_hint(err, "build an image and 'aether-build upload' it; --out FOLDER is for another folder");
	}
	return r;
}

/* --- machines -------------------------------------------------------------------------------------------------------- */

static int tofu_check_facts(const char *local, struct err *err)
{
	if (!local || expression_is_path(local))
		return 0;
	err_set(err, -EINVAL, "'--facts %s': not a valid name of a local value", local);
	return err_hint(err, "for ${local.vm.gateway.id} in your own files say --facts vm");
}

/* The provider can only import what was uploaded as the content that it knows. */
static int tofu_check_place(const struct work *work, const struct image *image, struct err *err)
{
	bool is_vm = strcmp(image->current->manifest->kind, "vm") == 0;
	bool legacy = is_vm && !provider_has(&work->provider, PROVIDER_IMPORT_FROM);

	if (legacy ? image->place.legacy_volid : image->place.volid)
		return 0;
	err_set(err, -ENOENT, "'%s/%u' was not uploaded as content '%s', which this version of the provider needs", image->name,
		image->current->number, legacy ? "iso" : "import");
	if (!legacy)
		return err_hint(err, "'aether-build upload %s/%u' again, or say which provider you have: --provider 0.71.0",
				image->name, image->current->number);
	return err_hint(err, "'aether-build upload --legacy %s/%u', or use the provider 0.79 or a newer one", image->name,
			image->current->number);
}

static int tofu_check_recipe(const struct recipe *recipe, struct err *err)
{
	const struct pos pos = {.file = recipe->path};

	if (recipe->proxmox.node)
		return 0;
	err_at(err, -EINVAL, &pos, "proxmox", "the recipe does not say where its machine runs");
	return err_hint(err, "add 'proxmox:' with node, vmid, storage and images");
}

/* What the provider has no word for is told, so that nobody waits for it. */
static void tofu_tell_options(const struct recipe *recipe)
{
	for (size_t i = 0; i < recipe->proxmox.n_options; i++)
		log_warn("%s: the resource is without '%s' of proxmox.options, which this program cannot say to the provider",
			 recipe->path, recipe->proxmox.options[i].key);
}

static void tofu_add_resource(struct work *work, const struct project *project, const char *shelf)
{
	const struct recipe *recipe = project->recipe;
	const struct resource resource = {
		.name = recipe->name,
		.image = shelf,
		.container = recipe->kind == KIND_LXC,
		.proxmox = &recipe->proxmox,
		.words = node_get(recipe->words, "proxmox"),
		.facts = work->options->facts,
		.provider = work->provider,
	};

	tofu_add_file(work, arena_printf(work->arena, "%s.tf.json", shelf), resource_print(work->arena, &resource), shelf);
}

/* Reads the recipes; their shelves are wanted. */
static int tofu_read_recipes(struct work *work, struct err *err)
{
	const struct option_list *recipes = &work->options->resources;
	int r = 0;

	for (size_t i = 0; r == 0 && i < recipes->count; i++) {
		_cleanup_project_ struct project project = {0};
		const char *shelf;

		r = project_load(recipes->items[i], 0, &work->options->recipe, &project, err);
		if (r == 0)
			r = tofu_check_recipe(project.recipe, err);
		if (r < 0)
			return r;
		tofu_tell_options(project.recipe);
		shelf = arena_strdup(work->arena, project_shelf(&project));
		tofu_add_resource(work, &project, shelf);
		tofu_want(work, &work->wanted, shelf);
	}
	return r;
}

static bool tofu_has_machine(const struct work *work, const char *shelf)
{
	for (size_t i = 0; i < work->n_files; i++)
		if (strcmp(work->files[i].shelf, shelf) == 0)
			return true;
	return false;
}

/* Before other files are added. */
static int tofu_check_machines(const struct work *work, struct err *err)
{
	for (size_t i = 0; i < work->n_images; i++)
		if (tofu_has_machine(work, work->images[i].name))
			tofu_check_place(work, &work->images[i], err);
	return err_result(err);
}

/* --- writing --------------------------------------------------------------------------------------------------------- */

/* None is written when one would be refused. */
static int tofu_write(struct work *work, struct err *err)
{
	int r = 0;

	for (size_t i = 0; i < work->n_files; i++)
		tofu_file_check(work->files[i].path, err);
	r = err_result(err);
	for (size_t i = 0; r == 0 && i < work->n_files; i++)
		r = tofu_file_put(work->files[i].path, work->files[i].text, &work->files[i].changed, err);
	return r;
}

static void tofu_tell_json(const struct work *work)
{
	_cleanup_jval_ struct jval *top = jval_new_object();
	struct jval *files = jval_new_array(), *images = jval_new_array();

	for (size_t i = 0; i < work->n_files; i++) {
		struct jval *file = jval_new_object();

		jval_set(file, "path", jval_text(work->files[i].path));
		jval_set(file, "changed", jval_bool(work->files[i].changed));
		jval_add(files, file);
	}
	for (size_t i = 0; i < work->n_images; i++)
		jval_add(images, jval_text(describe_name(work->arena, work->images[i].current)));
	jval_set(top, "files", files);
	jval_set(top, "images", images);
	puts(jval_print(work->arena, top, true));
}

static void tofu_tell(const struct work *work)
{
	for (size_t i = 0; i < work->n_files; i++)
		printf("%s %s\n", work->files[i].path, work->files[i].changed ? "written" : "unchanged");
}

static int tofu_run(const void *data, char *const *arguments, size_t n_arguments, struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct work work = {.arena = arena, .options = data};
	int r = provider_read(work.options->provider, &work.provider, err);

	if (r == 0)
		r = tofu_check_facts(work.options->facts, err);
	if (r == 0 && n_arguments)
		r = describe_shelves(arena, work.options->out, arguments, n_arguments, &work.wanted, err);
	if (r == 0)
		r = tofu_read_recipes(&work, err);
	if (r == 0)
		r = tofu_find_images(&work, n_arguments == 0, err);
	if (r == 0)
		r = tofu_check_machines(&work, err);
	if (r < 0)
		return r;
	if (work.n_files)
		tofu_add_file(&work, LOCALS, resources_print_locals(arena, IMAGES), NULL);
	tofu_add_file(&work, IMAGES, images_print(arena, work.images, work.n_images), NULL);
	r = tofu_write(&work, err);
	if (r == 0)
		(work.options->common.json ? tofu_tell_json : tofu_tell)(&work);
	return r;
}

const struct verb verb_tofu = {
	.name = "tofu",
	.arguments = "[NAME…]",
	.summary = "Writes what OpenTofu needs to know of uploaded images",
	.options = tofu_option_groups,
	.options_size = sizeof(struct tofu_options),
	.max_arguments = ANY_NUMBER,
	.run = tofu_run,
};
