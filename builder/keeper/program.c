#include "keeper/program.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "host/proc.h"
#include "keeper/source.h"

enum { PROGRAM_DEADLINE_S = 120 };

/* What a path looks like to sops' --extract: ["a"]["b"][0]. */
static const char *program_extract(struct arena *arena, const struct sops_leaf *leaf)
{
	const char *path = "";

	for (size_t i = 0; i < leaf->n_path; i++) {
		const struct sops_step *step = &leaf->path[i];

		path = step->key ? arena_printf(arena, "%s[\"%s\"]", path, step->key)
				 : arena_printf(arena, "%s[%zu]", path, step->index);
	}
	return path;
}

/* Between the quotes sops takes all as it is. */
static int program_check(const struct sops_leaf *leaf, const struct recipe_secret *secret, struct err *err)
{
	for (size_t i = 0; i < leaf->n_path; i++)
		if (leaf->path[i].key && strpbrk(leaf->path[i].key, "\"[]"))
			return err_set(err, -EBADMSG, "%s: sops cannot be asked for a key with a quote or a bracket: '%s'",
				       secret->shown, leaf->path[i].key);
	return 0;
}

static int program_words(struct arena *arena, const struct sops_file *file, const struct recipe_secret *secret,
			 struct strv *argv, const struct sops_leaf **ret_leaf, struct err *err)
{
	const struct sops_leaf *leaf = NULL;
	struct fault fault = {0};
	int r = 0;

	strv_push(arena, argv, "sops");
	strv_push(arena, argv, "--decrypt");
	strv_push(arena, argv, "--input-type");
	strv_push(arena, argv, sops_format_name(file->format));
	if (secret->key.count) {
		if (sops_find(file, secret->key.items, secret->key.count, &leaf, &fault) < 0)
			return source_failed(secret->shown, &fault, err);
		r = program_check(leaf, secret, err);
		strv_push(arena, argv, "--extract");
		strv_push(arena, argv, program_extract(arena, leaf));
	}
	strv_push(arena, argv, "--output-type");
	strv_push(arena, argv, sops_format_name(file->format));
	strv_push(arena, argv, secret->file);
	*arena_push(arena, argv->items, argv->count) = NULL;
	*ret_leaf = leaf;
	return r;
}

/* The user's environment has what sops asks its services with. Our copy of the key goes where it was found. */
static const char *const *program_env(struct arena *arena, const struct operator *op)
{
	struct strv env = {0};

	for (char **entry = environ; *entry; entry++)
		*arena_push(arena, env.items, env.count) = *entry;
	if (op->env_key)
		*arena_push(arena, env.items, env.count) = pool_printf(op->pool, "SOPS_AGE_KEY=%s", op->env_key);
	*arena_push(arena, env.items, env.count) = NULL;
	return env.items;
}

static int program_missing(const struct sops_file *file, const struct recipe_secret *secret, struct err *err)
{
	const char *service = "another service";

	for (size_t i = 0; i < file->n_keys; i++)
		if (strcmp(file->keys[i].service, "age") != 0)
			service = file->keys[i].service;
	err_set(err, -ENOENT, "%s: no identity here opens it, and for '%s' the program sops is needed, which is not installed",
		secret->shown, service);
	return err_hint(err, "install sops (https://getsops.io), or name an identity of age: --identity FILE");
}

/* A text is printed to the byte; a number or truth value with a newline, which is none of it. */
static struct bytes program_value(struct pool *pool, const struct sops_leaf *leaf, const struct buf *output)
{
	size_t size = output->size;

	if (leaf && leaf->type != SOPS_STR && leaf->type != SOPS_BYTES && size && output->data[size - 1] == '\n')
		size--;
	return pool_bytes(pool, output->data ? output->data : "", size);
}

/* Room for all that may come: a buffer that moved would leave what it had in memory. */
static void program_wipe(struct buf *output)
{
	if (output->data)
		explicit_bzero(output->data, output->capacity);
	buf_free(output);
}

int program_decrypt(const struct operator *op, const struct sops_file *file, const struct recipe_secret *secret,
		    struct bytes *ret_value, struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct buf output = {0};
	struct err reason = {0};
	struct strv argv = {0};
	struct proc proc = {.env = program_env(arena, op), .output = &output, .deadline_s = PROGRAM_DEADLINE_S};
	const struct sops_leaf *leaf = NULL;
	int r = program_words(arena, file, secret, &argv, &leaf, err);

	if (r < 0)
		return r;
	proc.argv = argv.items;
	buf_reserve(&output, SOURCE_BYTES_MAX);
	r = proc_check(&proc, &reason);
	if (r == -ENOENT)
		program_missing(file, secret, err);
	else
		err_take(err, &reason);
	err_free(&reason);
	if (r == 0)
		*ret_value = program_value(op->pool, leaf, &output);
	program_wipe(&output);
	return r < 0 ? err_wrap(err, "while sops opened '%s' for the secret '%s'", secret->shown, secret->name) : 0;
}
