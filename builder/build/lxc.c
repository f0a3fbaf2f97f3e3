/* The kind lxc: a template that containers are made of. */
#include "artifact/template.h"
#include "base/log.h"
#include "build/pipeline.h"

static int build_lxc_make(const struct build *build, const char *path, struct manifest *manifest, struct err *err)
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

const struct build_kind build_lxc = {"lxc", KIND_LXC, "tar.zst", template_compression, template_check, build_lxc_make};
