/* aether-build lxc RECIPE: a template that containers are made of. */
#include "artifact/template.h"
#include "base/log.h"
#include "build/pipeline.h"

static int make(const struct build *build, const char *path, struct manifest *manifest, struct err *err)
{
	struct template_facts facts;
	int r;

	log_step("writing the template");
	r = template_write(build->image.path, build->plan->epoch, build->format, path, &facts, err);
	if (r < 0)
		return r;
	manifest->image.size = facts.size_bytes;
	manifest->image.virtual_size = facts.content_bytes;
	manifest->image.sha256 = arena_strdup(build->arena, facts.sha256);
	return 0;
}

struct build_kind lxc_kind(const struct verb_options *options)
{
	static const char format[] = "tar.zst";

	return (struct build_kind){"lxc", KIND_LXC, format, template_compression(options->format ? options->format : format),
				   template_check, make};
}

static int run(const struct verb_options *options, char *const *arguments, size_t n_arguments, struct err *err)
{
	const struct build_kind kind = lxc_kind(options);

	(void)n_arguments;
	return build_run(&kind, options, arguments[0], err);
}

const struct verb verb_lxc = {
	.name = "lxc",
	.arguments = "RECIPE",
	.summary = "Composes a container template (Proxmox, LXC), and prints its path",
	.accepts = ACCEPTS_OUT | ACCEPTS_TEMPLATE | ACCEPTS_RECIPE,
	.min_arguments = 1,
	.max_arguments = 1,
	.run = run,
};
