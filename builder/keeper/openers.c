#include "keeper/openers.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/file.h"
#include "keeper/roll.h"

static struct strv openers_present(struct arena *arena, const struct sops_file *file)
{
	struct strv present = {0};

	for (size_t i = 0; i < file->n_keys; i++)
		if (strcmp(file->keys[i].service, "age") == 0)
			strv_push(arena, &present, file->keys[i].recipient);
	return present;
}

static bool openers_has(struct arena *arena, const struct strv *list, const char *recipient)
{
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(roll_bare(arena, list->items[i]), roll_bare(arena, recipient)) == 0)
			return true;
	return false;
}

static int openers_check(const struct openers_how *how, struct arena *arena, struct err *err)
{
	for (size_t i = 0; i < how->remove.count; i++)
		if (openers_has(arena, &how->present, how->remove.items[i])) {
			err_set(err, -EINVAL, "'%s' is the machine's own: it could not open the file any more",
				how->remove.items[i]);
			return err_hint(err, "give the machine another identity first: 'aether-build host add NAME --rotate'");
		}
	return 0;
}

static void openers_add(struct arena *arena, struct openers *done, const struct strv *wanted)
{
	for (size_t i = 0; i < wanted->count; i++) {
		if (openers_has(arena, &done->recipients, wanted->items[i]))
			continue;
		strv_push(arena, &done->recipients, wanted->items[i]);
		strv_push(arena, &done->added, wanted->items[i]);
	}
}

int openers_decide(struct arena *arena, const struct sops_file *file, const struct openers_how *how,
		   struct openers *ret_openers,
		 struct err *err)
{
	const struct strv present = openers_present(arena, file);
	struct openers done = {0};
	int r = openers_check(how, arena, err);

	for (size_t i = 0; i < present.count; i++) {
		const char *recipient = present.items[i];
		bool goes = openers_has(arena, &how->remove, recipient) ||
			    (openers_has(arena, &how->retired, recipient) && !openers_has(arena, &how->present, recipient));

		strv_push(arena, goes ? &done.removed : &done.recipients, recipient);
	}
	openers_add(arena, &done, &how->present);
	openers_add(arena, &done, &how->add);
	done.changed = how->rotate || done.added.count || done.removed.count;
	if (r == 0 && !done.recipients.count)
		return err_set(err, -EINVAL, "nobody would be left to open it");
	if (r == 0)
		*ret_openers = done;
	return r;
}

/* A link keeps leading to the file, which keeps its mode. */
static int openers_publish(const char *path, struct bytes text, struct err *err)
{
	char real[PATH_MAX];
	struct stat st;

	if (!realpath(path, real) || stat(real, &st) < 0)
		return err_sys(err, -errno, "cannot find '%s'", path);
	return file_publish(real, text.data, text.size, st.st_mode & 07777, err);
}

int openers_set(struct arena *arena, struct sources *sources, const struct recipe_secret *secret, const struct openers_how *how,
	       struct openers *ret_openers, struct err *err)
{
	const struct sops_file *file;
	struct fault fault = {0};
	struct bytes text = {0}, changed = {0};
	struct openers done = {0};
	int r = source_open(sources, secret, &file, &text, err);

	if (r == 0)
		r = openers_decide(arena, file, how, &done, err);
	if (r < 0)
		return err_wrap(err, "while '%s' gets other recipients", secret->shown);
	if (done.changed && sops_rekey(sources->operator->pool, file, text, done.recipients.items, done.recipients.count,
				       how->rotate, time(NULL), &changed, &fault) < 0)
		return source_failed(secret->shown, &fault, err);
	if (done.changed && !how->dry_run)
		r = openers_publish(secret->file, changed, err);
	if (r == 0)
		*ret_openers = done;
	return r;
}
