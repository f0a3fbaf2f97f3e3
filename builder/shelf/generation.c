#include "shelf/generation.h"

#include <errno.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "shelf/record.h"
#include "shelf/shelf.h"

enum { PLAN_BYTES_MAX = 64 << 20 };

enum verdict generation_verdict(const struct generation *generation)
{
	enum verdict worst = VERDICT_UNTRIED;

	for (size_t i = 0; i < generation->record.n_deployments; i++)
		if (generation->record.deployments[i].verdict > worst)
			worst = generation->record.deployments[i].verdict;
	return worst;
}

int generation_load(struct arena *arena, const char *shelf, unsigned number, struct generation **ret_generation,
		    struct err *err)
{
	struct generation *generation = arena_new_of(arena, struct generation);
	_cleanup_buf_ struct buf text = {0};
	struct err problem = {0};
	int r = shelf_manifest(arena, shelf, number, &text, &generation->manifest, err);

	if (r < 0)
		return r;
	generation->name = arena_strdup(arena, path_last(shelf));
	generation->number = number;
	generation->folder = arena_printf(arena, "%s/%u", shelf, number);
	generation->image = arena_printf(arena, "%s/%s", generation->folder, generation->manifest->image.file);
	if (record_read(arena, generation->folder, &generation->record, &problem) < 0) {
		log_warn("cannot read the record of '%s/%u': %s", generation->name, number, problem.first->text);
		generation->record = (struct record){.unreadable = true};
	}
	err_free(&problem);
	*ret_generation = generation;
	return 0;
}

struct strv generation_shelves(struct arena *arena, const char *out)
{
	return shelf_names(arena, out);
}

int generation_list(struct arena *arena, const char *out, const char *name, struct generation **ret_generations, size_t *ret_n,
		    struct err *err)
{
	const char *shelf = arena_printf(arena, "%s/%s", out, name);
	struct generation *generations = NULL, *one;
	unsigned *numbers;
	size_t n = 0, n_numbers = shelf_numbers(arena, shelf, &numbers);

	if (n_numbers == 0)
		return err_set(err, -ENOENT, "no generation exists in '%s'", shelf);
	for (size_t i = 0; i < n_numbers; i++) {
		struct err problem = {0};

		if (generation_load(arena, shelf, numbers[i], &one, &problem) == 0)
			*arena_push(arena, generations, n) = *one;
		else if (path_exists(arena_printf(arena, "%s/%u", shelf, numbers[i]))) /* else it was removed meanwhile */
			log_warn("the generation '%s/%u' is incomplete: %s", name, numbers[i], problem.first->text);
		err_free(&problem);
	}
	*ret_generations = generations;
	*ret_n = n;
	return 0;
}

int generation_plan(struct arena *arena, const struct generation *generation, struct jval **ret_plan, struct err *err)
{
	const char *path = arena_printf(arena, "%s/" SHELF_PLAN, generation->folder);
	_cleanup_buf_ struct buf text = {0};
	int r;

	if (!path_exists(path))
		return err_set(err, -ENOENT, "'%s/%u' has no plan: there is no '%s'", generation->name,
			       generation->number, path);
	r = file_read(path, PLAN_BYTES_MAX, &text, err);
	return r < 0 ? r : jval_read(path, text.data, text.size, ret_plan, err);
}

int generation_note(const struct generation *generation, const struct deployment *deployment, struct err *err)
{
	int r = record_note(generation->folder, deployment, err);

	return r < 0 ? err_wrap(err, "while recording the result of '%s/%u' on %s", generation->name, generation->number,
				deployment->host)
		     : 0;
}

int generation_note_upload(const struct generation *generation, const struct upload *upload, struct err *err)
{
	int r = record_note_upload(generation->folder, upload, err);

	return r < 0 ? err_wrap(err, "while recording the upload of '%s/%u'", generation->name, generation->number) : 0;
}
