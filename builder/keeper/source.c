#include "keeper/source.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "keeper/outputs.h"
#include "keeper/program.h"

struct source_opened {
	const char *path;
	enum sops_format format;
	struct bytes text;
	struct sops_file *file;      /* NULL: no file of SOPS, but a JSON file */
	struct fault fault;          /* why it could not be opened by us; of no kind when it was */
};

int source_failed(const char *shown, const struct fault *fault, struct err *err)
{
	const struct pos pos = {shown, fault->line, 0};

	if (fault->line)
		err_at(err, -EBADMSG, &pos, NULL, "%s", fault->text);
	else
		err_set(err, -EBADMSG, "%s: %s", shown, fault->text);
	return *fault->hint ? err_hint(err, "%s", fault->hint) : -EBADMSG;
}

static int source_read(struct pool *pool, const char *path, const char *shown, struct bytes *ret_text, struct err *err)
{
	_cleanup_fd_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	uint8_t *data;
	int r;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(err, -errno, "cannot read '%s'", shown);
	if (!S_ISREG(st.st_mode) || st.st_size > SOURCE_BYTES_MAX)
		return err_set(err, -EFBIG, "'%s' is no file of at most 16 MiB", shown);
	data = pool_alloc(pool, (size_t)st.st_size);
	r = fd_pread_all(fd, data, (size_t)st.st_size, 0);
	if (r < 0)
		return err_sys(err, r, "cannot read '%s'", shown);
	*ret_text = (struct bytes){data, (size_t)st.st_size};
	return 0;
}

/* That it could not be opened is kept with it: another program may know how. */
static int source_begin(const struct operator *op, const struct recipe_secret *secret, struct source_opened *opened,
			struct err *err)
{
	struct fault fault = {0};
	int r = source_read(op->pool, secret->file, secret->shown, &opened->text, err);

	if (r < 0 || secret->json)
		return r;
	if (!secret->format || !sops_format_named(secret->format, &opened->format))
		opened->format = sops_format_of(secret->file);
	if (sops_read(op->pool, opened->format, opened->text, &opened->file, &fault) < 0)
		return source_failed(secret->shown, &fault, err);
	sops_open(op->pool, opened->file, &op->identities, &opened->fault);
	return 0;
}

static bool source_is_of(const struct source_opened *opened, const struct recipe_secret *secret)
{
	if (strcmp(opened->path, secret->file) != 0 || !opened->file != secret->json)
		return false;
	return secret->json || !secret->format || strcmp(sops_format_name(opened->format), secret->format) == 0;
}

static int source_find(struct sources *sources, const struct recipe_secret *secret, struct source_opened **ret_opened,
		       struct err *err)
{
	struct source_opened opened = {.path = secret->file};
	int r;

	for (size_t i = 0; i < sources->n; i++)
		if (source_is_of(&sources->files[i], secret)) {
			*ret_opened = &sources->files[i];
			return 0;
		}
	r = source_begin(sources->operator, secret, &opened, err);
	if (r < 0)
		return r;
	*pool_push(sources->operator->pool, sources->files, sources->n) = opened;
	*ret_opened = &sources->files[sources->n - 1];
	return 0;
}

/* Nobody here has a key for it. */
static int source_locked(const struct operator *op, const struct recipe_secret *secret, const struct fault *fault,
			 struct err *err)
{
	source_failed(secret->shown, fault, err);
	if (fault->kind != FAULT_NOKEY && fault->kind != FAULT_NOKEYS)
		return -EBADMSG;
	return err_hint(err, "looked for identities in: %s; name one with --identity FILE",
			*op->looked ? op->looked : "no place");
}

/* Whether sops(1) may have another way in: our own keys do not fit, and that is all that is wrong. */
static bool source_is_for_sops(const struct source_opened *opened)
{
	bool others = false;

	for (size_t i = 0; i < opened->file->n_keys; i++)
		others |= strcmp(opened->file->keys[i].service, "age") != 0;
	return opened->fault.kind == FAULT_NOKEYS || (opened->fault.kind == FAULT_NOKEY && others);
}

static int source_of_sops(const struct operator *op, const struct source_opened *opened, const struct recipe_secret *secret,
			  struct bytes *ret_value, struct err *err)
{
	const struct sops_leaf *leaf;
	struct fault fault = {0};

	if (!secret->key.count) {
		if (opened->fault.kind)
			return program_decrypt(op, opened->file, secret, ret_value, err);
		if (sops_plain(op->pool, opened->file, ret_value, &fault) < 0)
			return source_failed(secret->shown, &fault, err);
		return 0;
	}
	if (sops_find(opened->file, secret->key.items, secret->key.count, &leaf, &fault) < 0)
		return source_failed(secret->shown, &fault, err);
	if (!leaf->encrypted && leaf->value.size)
		return err_set(err, -EBADMSG, "%s: the value of '%s' is not encrypted", secret->shown, secret->name);
	if (opened->fault.kind)
		return program_decrypt(op, opened->file, secret, ret_value, err);
	*ret_value = sops_leaf_bytes(leaf);
	return 0;
}

/* What nobody means to deliver: nothing, and a text that is still encrypted. */
static int source_check(const struct recipe_secret *secret, const struct bytes *value, struct err *err)
{
	static const char still[] = "ENC[AES256_GCM,";

	if (!value->size && !secret->allow_empty) {
		err_set(err, -EBADMSG, "%s: the value of '%s' is empty", secret->shown, secret->name);
		return err_hint(err, "if that is meant, say 'allowEmpty: true'");
	}
	if (value->size && memmem(value->data, value->size, still, strlen(still)))
		return err_set(err, -EBADMSG, "%s: the value of '%s' is encrypted once more, as SOPS does", secret->shown,
			       secret->name);
	return 0;
}

int source_value(struct sources *sources, const struct recipe_secret *secret, struct bytes *ret_value, struct err *err)
{
	const struct operator *op = sources->operator;
	struct source_opened *opened;
	struct bytes value = {0};
	int r = source_find(sources, secret, &opened, err);

	if (r < 0)
		return r;
	if (secret->json)
		r = outputs_value(op->pool, secret, opened->text, &value, err);
	else if (opened->fault.kind && !source_is_for_sops(opened))
		r = source_locked(op, secret, &opened->fault, err);
	else
		r = source_of_sops(op, opened, secret, &value, err);
	if (r == 0)
		r = source_check(secret, &value, err);
	if (r == 0)
		*ret_value = value;
	return r;
}

int source_open(struct sources *sources, const struct recipe_secret *secret, const struct sops_file **ret_file,
		struct bytes *ret_text, struct err *err)
{
	struct source_opened *opened;
	int r = source_find(sources, secret, &opened, err);

	if (r < 0)
		return r;
	if (opened->fault.kind)
		return source_locked(sources->operator, secret, &opened->fault, err);
	*ret_file = opened->file;
	*ret_text = opened->text;
	return 0;
}
