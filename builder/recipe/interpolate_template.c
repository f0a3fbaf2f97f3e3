/* Files and texts in which names are put in once those of the recipe have been, and the places of secrets stay. */
#include <errno.h>
#include <string.h>

#include "recipe/interpolate_names.h"
#include "recipe/joined.h"

enum { PROBLEMS_MAX = 100 };

/* A template while its names are put in: the parts that are done, and the text of the one that is not. */
struct filling {
	struct names names;
	struct node place;           /* where we are in the file */
	struct reference from;
	struct joined joined;
	struct recipe_template_part *parts;
	size_t n_parts;
	bool failed;
};

static void interpolate_end_part(struct filling *filling)
{
	if (filling->joined.text.size)
		arena_push(filling->names.arena, filling->parts, filling->n_parts)->text =
			joined_text(&filling->joined, filling->names.arena);
	joined_free(&filling->joined);
	filling->joined = (struct joined){0};
}

static int interpolate_put_secret(struct filling *filling)
{
	const struct names *names = &filling->names;
	const struct node *known = node_get(names->root, "secrets");
	const char *name = filling->from.name + strlen("secrets.");

	if (!known)
		return interpolate_refuse(names, &filling->from, "the recipe has no 'secrets'");
	if (!node_get(known, name))
		return interpolate_unknown(names, &filling->from, "secrets.", name, known->keys,
					   known->type == NODE_MAP ? known->count : 0);
	interpolate_end_part(filling);
	arena_push(names->arena, filling->parts, filling->n_parts)->secret = name;
	return 0;
}

/* Puts in what the reference at `text` names; what follows it. */
static const char *interpolate_fill(struct filling *filling, const char *text)
{
	const struct chain here = {NULL, &filling->place, filling->from.path, 0};
	const char *next = interpolate_read_reference(&filling->names, text, &filling->from);

	if (!next)
		return text + strlen("${");
	if (filling->names.placeholders && interpolate_is_secret(filling->from.name))
		filling->failed |= interpolate_put_secret(filling) < 0;
	else
		filling->failed |= interpolate_put(&filling->names, &filling->from, &here, &filling->joined) < 0;
	return next;
}

static int interpolate_fill_all(struct filling *filling, const struct template *template, const char *text, struct err *err)
{
	unsigned before = err->count;

	filling->names = (struct names){.arena = template->arena, .root = template->root, .facts = template->facts,
					.template = true, .placeholders = filling->names.placeholders, .err = err};
	filling->place = (struct node){.type = NODE_SCALAR, .pos = {template->name, 1, 1}};
	if (template->pos)
		filling->place.pos = *template->pos;
	filling->from = (struct reference){.name = "", .node = &filling->place, .path = template->path};
	for (const char *at = text, *next; *at && err->count - before < PROBLEMS_MAX; at = next) {
		next = text_has_prefix(at, "${") ? interpolate_fill(filling, at) : joined_put_plain(&filling->joined, at);
		if (!template->pos)
			pos_move(&filling->place.pos, at, next);
	}
	interpolate_end_part(filling);
	return filling->failed || err->count > before ? -EINVAL : 0;
}

int interpolate_template(const struct template *template, const char *text, const char **ret_text, struct err *err)
{
	struct filling filling = {0};

	if (interpolate_fill_all(&filling, template, text, err) < 0)
		return -EINVAL;
	*ret_text = filling.n_parts ? filling.parts[0].text : "";
	return 0;
}

int interpolate_parts(const struct template *template, const char *text, struct recipe_template_part **ret_parts,
		      size_t *ret_n, struct err *err)
{
	struct filling filling = {.names.placeholders = true};

	if (interpolate_fill_all(&filling, template, text, err) < 0)
		return -EINVAL;
	*ret_parts = filling.parts;
	*ret_n = filling.n_parts;
	return 0;
}
