/* What no two machines may share: keys, cookies, names of their own. */
#include <string.h>

#include "recipe/words/words.h"

static const struct schema schema_command = {.type = VALUE_WORDS};
static const struct schema schema_own_units = {VALUE_WORDS, .rule = &word_rule_unit};

static const struct field own_fields[] = {
	{"paths", &word_image_paths, FIELD_REQUIRED, WORD_OF(recipe_own, paths), 0,
	 "files or folders; they count as made when the first is there"},
	{"make", &schema_command, FIELD_REQUIRED, WORD_OF(recipe_own, make), 0,
	 "command that makes them at their paths, as a list of words; runs as root on the first boot"},
	{"owner", &word_account, 0, WORD_OF(recipe_own, owner), 0, "user (as the command made them)"},
	{"group", &word_account, 0, WORD_OF(recipe_own, group), 0, "group (as the command made them)"},
	{"mode", &word_mode, 0, WORD_OF(recipe_own, mode), 0, "permissions, quoted octal (as the command made them)"},
	{"before", &schema_own_units, 0, WORD_OF(recipe_own, before), 0, "units that do not start without it"},
	WORD_END,
};
static const struct schema schema_own = {VALUE_RECORD, .fields = own_fields};

/* Memory, the kernel's, and what is of no machine but of the image: nothing can be kept for these. */
static bool words_own_is_no_place(const char *path)
{
	static const char *const folders[] = {"/dev", "/proc", "/run", "/sys", "/tmp", "/usr", "/bin", "/sbin", "/lib",
					      "/lib64", "/boot", "/var/run", "/var/lock", "/var/tmp"};

	for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
		if (path_is_below(path, folders[i]))
			return true;
	return false;
}

/* Whether a path of this or of an earlier entry is at, above or below `own->paths.items[p]`; its name, or NULL. */
static const char *words_own_taken(const struct recipe *recipe, const struct recipe_own *own, size_t p)
{
	for (const struct recipe_own *other = recipe->own; other <= own; other++)
		for (size_t i = 0; i < (other == own ? p : other->paths.count); i++)
			if (path_is_below(own->paths.items[p], other->paths.items[i]) ||
			    path_is_below(other->paths.items[i], own->paths.items[p]))
				return other->name;
	return NULL;
}

static void words_own_check_path(struct decoder *decoder, const struct recipe_own *own, size_t p, const char *path)
{
	const struct recipe *recipe = decoder->recipe;
	const char *place = own->paths.items[p], *taken = words_own_taken(recipe, own, p);

	if (words_own_is_no_place(place)) {
		err_at(decoder->err, -EINVAL, &own->pos, path, "'%s' is not a place for what a machine keeps", place);
		err_hint(decoder->err, "name a path below /etc or /var");
	}
	if (taken)
		err_at(decoder->err, -EINVAL, &own->pos, path, "'%s' overlaps with another path of '%s'", place, taken);
	for (size_t i = 0; i < p; i++)
		if (strcmp(path_last(own->paths.items[i]), path_last(place)) == 0 && !taken)
			err_at(decoder->err, -EINVAL, &own->pos, path, "two of its files have the same name '%s'",
			       path_last(place));
	for (size_t i = 0; i < recipe->n_files; i++)
		if (path_is_below(recipe->files[i].path, place)) {
			err_at(decoder->err, -EINVAL, &own->pos, path, "'%s' is also in 'files': it is either the same on "
			       "all machines or each machine's own", recipe->files[i].path);
			return;
		}
	for (size_t i = 0; i < recipe->state.count; i++)
		if (recipe->kind == KIND_LXC && strcmp(recipe->state.items[i], place) == 0) {
			err_at(decoder->err, -EINVAL, &own->pos, path, "'%s' is a mount point ('state'), which is always there",
			       place);
			err_hint(decoder->err, "name a file or folder in it");
		}
}

static void words_own_check(struct decoder *decoder, const struct node *root)
{
	const struct recipe *recipe = decoder->recipe;

	(void)root;
	for (size_t i = 0; i < recipe->n_own; i++) {
		const struct recipe_own *own = &recipe->own[i];
		const char *path = problem_path(decoder->arena, "perMachine", own->name);

		if (problem_known(decoder, path))
			continue;
		if (own->paths.count == 0)
			err_at(decoder->err, -EINVAL, &own->pos, path, "'paths' is empty");
		if (own->make.count == 0)
			err_at(decoder->err, -EINVAL, &own->pos, path, "'make' is empty");
		else
			word_check_program(decoder, &own->pos, path, &own->make);
		for (size_t p = 0; p < own->paths.count; p++)
			words_own_check_path(decoder, own, p, path);
	}
}

const struct schema word_own = {
	VALUE_TABLE,
	.element = &schema_own,
	.size = sizeof(struct recipe_own),
	.key_rule = &word_rule_name,
	.key_offset = WORD_OF(recipe_own, name),
	.pos_offset = WORD_OF(recipe_own, pos),
	.check = words_own_check,
};
