/* The kind lxc: a template that containers are made of. */
#include <string.h>
#include <unistd.h>

#include "artifact/listing.h"
#include "artifact/template.h"
#include "base/file.h"
#include "base/log.h"
#include "build/pipeline.h"
#include "contract/box.h"
#include "edge/digest.h"
#include "tree/inside.h"

enum { LIST_FILE_MODE = 0444 };

/* The list of all files, in the tree itself and beside the template. */
static int build_lxc_list(const struct build *build, const char *template, struct manifest *manifest, struct err *err)
{
	const char *path = arena_printf(build->arena, "%.*s/%s.tree", (int)(strrchr(template, '/') - template), template,
					build->plan->recipe->name);
	struct manifest_tree *tree = arena_new_of(build->arena, struct manifest_tree);
	char *sha256 = arena_array(build->arena, char, SHA256_HEX);
	_cleanup_buf_ struct buf text = {0};
	_cleanup_fd_ int root_fd = inside_open(build->image.path, err);
	int r = root_fd < 0 ? root_fd : listing_make(build->image.path, build->plan->epoch, &text, err);

	if (r == 0)
		r = inside_write(root_fd, LIST_FILE, text.data, text.size, &INSIDE_PLAIN, err);
	if (r == 0)
		r = file_publish(path, text.data, text.size, LIST_FILE_MODE, err);
	if (r < 0)
		return r;
	sha256_hex_of(text.data, text.size, sha256);
	*tree = (struct manifest_tree){path_last(path), text.size, sha256};
	manifest->tree = tree;
	manifest->root_hash = sha256;
	return 0;
}

static int build_lxc_make(const struct build *build, const char *path, struct manifest *manifest, struct err *err)
{
	struct template_facts facts;
	int r;

	log_step("writing the template");
	r = build_lxc_list(build, path, manifest, err);
	if (r == 0)
		r = template_write(build->image.path, build->plan->epoch, build->format, path, &facts, err);
	if (r < 0)
		return r;
	manifest->image.size = facts.size_bytes;
	manifest->image.virtual_size = facts.content_bytes;
	manifest->image.sha256 = arena_strdup(build->arena, facts.sha256);
	return 0;
}

const struct build_kind build_lxc = {"lxc", KIND_LXC, "tar.zst", template_compression, template_check, build_lxc_make, NULL};
