#include "machine/secrets/opened.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "contract/secrets.h"

enum { SOPS_BYTES_MAX = 16 << 20 };

/* A file of SOPS that was opened, or cannot be: whatever is in it is opened once. */
struct opened_file {
	const char *name;
	enum sops_format format;
	struct sops_file *file;        /* NULL: it cannot be opened */
	struct fault fault;
};

struct opening {
	const struct here *here;
	const struct identities *keys;
	struct opened_file *files;
	size_t n_files;
};

const char *opened_why(const struct here *here, const struct fault *fault)
{
	return pool_printf(here->pool, "%s%s%s%s", fault->text, *fault->hint ? " (" : "", fault->hint, *fault->hint ? ")" : "");
}

/* --- files of SOPS --------------------------------------------------------------------------------------------------- */

static void opened_read_file(const struct opening *opening, struct opened_file *file)
{
	const struct here *here = opening->here;
	struct sops_file *read = NULL;
	struct bytes text;
	int r = here_read(here, pool_printf(here->pool, SECRETS_SOPS "/%s", file->name), SOPS_BYTES_MAX, &text);

	if (r < 0) {
		fault_set(&file->fault, FAULT_PARSE, 0, "it cannot be read: %s", strerror(-r));
		return;
	}
	r = sops_read(here->pool, file->format, text, &read, &file->fault);
	if (r == 0)
		r = sops_open(here->pool, read, &opening->keys->all, &file->fault);
	if (r == 0)
		file->file = read;
}

static const struct opened_file *opened_file(struct opening *opening, const struct item *item)
{
	struct opened_file *file;

	for (size_t i = 0; i < opening->n_files; i++)
		if (strcmp(opening->files[i].name, item->file) == 0 && opening->files[i].format == item->format)
			return &opening->files[i];
	file = pool_push(opening->here->pool, opening->files, opening->n_files);
	*file = (struct opened_file){.name = item->file, .format = item->format};
	opened_read_file(opening, file);
	return file;
}

static int opened_leaf(const struct sops_file *file, const struct item *item, struct bytes *ret_value, struct fault *fault)
{
	const struct sops_leaf *leaf;
	int r = sops_find(file, item->keys.items, item->keys.count, &leaf, fault);

	if (r < 0)
		return r;
	if (leaf->type == SOPS_NULL)
		return fault_set(fault, FAULT_EMPTY, leaf->line, "it is null");
	if (!leaf->encrypted && leaf->value.size) /* (sops leaves an empty text as it is) */
		return fault_set(fault, FAULT_CLEAR, leaf->line, "it is not encrypted");
	*ret_value = sops_leaf_bytes(leaf);
	return 0;
}

static const char *opened_key_path(const struct here *here, const struct item *item)
{
	struct growing path = {.pool = here->pool};

	for (size_t i = 0; i < item->keys.count; i++) {
		growing_puts(&path, i ? "/" : "");
		growing_puts(&path, item->keys.items[i]);
	}
	return item->keys.count ? (const char *)growing_bytes(&path).data : "all of it";
}

static void opened_from_sops(struct opening *opening, struct item *item)
{
	const struct here *here = opening->here;
	const struct opened_file *file = opened_file(opening, item);
	struct fault fault = {0};
	int r = 0;

	if (!file->file) {
		item->fault = file->fault.kind;
		declared_judge(here->pool, item, VERDICT_BAD, "%s: %s", file->name, opened_why(here, &file->fault));
		return;
	}
	if (item->keys.count)
		r = opened_leaf(file->file, item, &item->value, &fault);
	else
		r = sops_plain(here->pool, file->file, &item->value, &fault);
	if (r < 0)
		declared_judge(here->pool, item, VERDICT_BAD, "%s: %s: %s", file->name, opened_key_path(here, item),
			       opened_why(here, &fault));
	else
		declared_judge(here->pool, item, VERDICT_GOOD, "%s", "");
}

/* --- what was sent --------------------------------------------------------------------------------------------------- */

void opened_sealed(const struct here *here, const struct identities *keys, const char *machine, struct bytes sealed,
		   struct opened_sent *ret_sent)
{
	struct fault fault = {0};
	char problem[200];

	*ret_sent = (struct opened_sent){.there = true};
	if (age_open(here->pool, sealed, &keys->all, &ret_sent->plain, NULL, &fault) < 0) {
		ret_sent->fault = fault.kind;
		ret_sent->reason = pool_printf(here->pool, "what was sent cannot be opened: %s", opened_why(here, &fault));
	} else if (sent_read(here->pool, ret_sent->plain, &ret_sent->sent, problem) < 0) {
		ret_sent->reason = pool_printf(here->pool, "what was sent is not whole: %s", problem);
	} else if (machine && strcmp(machine, ret_sent->sent.machine) != 0) {
		ret_sent->reason = pool_printf(here->pool, "what was sent is for the machine '%s', this is '%s'",
					       ret_sent->sent.machine, machine);
	}
	if (ret_sent->reason)
		ret_sent->sent = (struct sent){0};
}

void opened_kept(const struct here *here, const struct identities *keys, const char *machine, const char *name,
		 struct opened_sent *ret_sent)
{
	struct bytes sealed;
	int r = here_read(here, pool_printf(here->pool, SECRETS_STATE "/%s", name), SENT_BYTES_MAX, &sealed);

	*ret_sent = (struct opened_sent){.there = r != -ENOENT};
	if (r == 0)
		opened_sealed(here, keys, machine, sealed, ret_sent);
	else if (r == -ENOENT)
		ret_sent->reason = "nothing was sent yet (aether-build secrets send)";
	else
		ret_sent->reason = pool_printf(here->pool, "what was sent cannot be read: %s", strerror(-r));
}

static void opened_from_sent(const struct here *here, struct item *item, const struct opened_sent *sent,
			     const struct opened_sent *before)
{
	const struct bytes *value = sent_find(&sent->sent, item->name);

	if (!value)
		value = sent_find(&before->sent, item->name);
	if (value) {
		item->value = *value;
		declared_judge(here->pool, item, VERDICT_GOOD, "%s", "");
	} else if (sent->reason) {
		item->fault = sent->fault;
		declared_judge(here->pool, item, sent->there ? VERDICT_BAD : VERDICT_PENDING, "%s", sent->reason);
	} else {
		declared_judge(here->pool, item, VERDICT_BAD, "it is not among what was sent (aether-build secrets send)");
	}
}

/* --- templates, and what a value has to be --------------------------------------------------------------------------- */

static void opened_render(const struct here *here, const struct declared *declared, struct item *item)
{
	struct growing text = {.pool = here->pool};

	for (size_t i = 0; i < item->n_parts; i++) {
		const struct part *part = &item->parts[i];
		const struct item *secret = part->secret ? declared_find(declared, part->secret) : NULL;

		if (!secret) {
			growing_puts(&text, part->text);
		} else if (secret->verdict == VERDICT_GOOD) {
			growing_add(&text, secret->value.data, secret->value.size);
		} else {
			declared_judge(here->pool, item, secret->verdict, "'%s', which is in it: %s", secret->name,
				       secret->reason);
			return;
		}
	}
	item->value = growing_bytes(&text);
	declared_judge(here->pool, item, VERDICT_GOOD, "%s", "");
}

const char *opened_hash_problem(struct bytes value)
{
	static const char *const methods[] = {"$y$", "$gy$", "$7$", "$6$", "$5$", "$2b$", "$2y$", "$2a$"};
	const char *text = (const char *)value.data;

	if (value.size && text[value.size - 1] == '\n')
		return "as the hash of a password it must not end with a newline";
	for (size_t i = 0; i < value.size; i++)
		if (text[i] <= ' ' || text[i] > '~' || strchr(":!*", text[i]))
			return "a character in it cannot be in the hash of a password";
	for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
		if (value.size > 20 && strncmp(text, methods[i], strlen(methods[i])) == 0)
			return NULL;
	return "it is not the hash of a password (mkpasswd(1) makes one)";
}

static void opened_check(const struct here *here, struct item *item)
{
	static const char sealed[] = "ENC[AES256_GCM,";

	if (item->verdict != VERDICT_GOOD)
		return;
	if (item->value.size == 0 && !item->may_be_empty && !item->template)
		declared_judge(here->pool, item, VERDICT_BAD, "it is empty (allowEmpty: true permits that)");
	else if (memmem(item->value.data, item->value.size, sealed, sizeof sealed - 1))
		declared_judge(here->pool, item, VERDICT_BAD, "a value in it is still encrypted (ENC[AES256_GCM,…)");
}

/* On a machine that can open nothing yet, nobody has enrolled it: that is no fault of single secrets. */
static void opened_excuse(const struct declared *declared)
{
	for (size_t i = 0; i < declared->n_items; i++)
		if (declared->items[i].verdict == VERDICT_GOOD && !declared->items[i].template)
			return;
	for (size_t i = 0; i < declared->n_items; i++)
		if (declared->items[i].fault == FAULT_NOKEY)
			declared->items[i].verdict = VERDICT_PENDING;
}

void opened_all(const struct here *here, const struct identities *keys, const struct declared *declared,
		const struct opened_sent *sent, const struct opened_sent *before)
{
	struct opening opening = {.here = here, .keys = keys};

	for (size_t i = 0; i < declared->n_items; i++) {
		struct item *item = &declared->items[i];

		if (item->sent)
			opened_from_sent(here, item, sent, before);
		else if (!item->template)
			opened_from_sops(&opening, item);
		opened_check(here, item);
	}
	for (size_t i = 0; i < declared->n_passwords; i++) {
		struct item *item = declared_find(declared, declared->passwords[i].secret);
		const char *problem = item->verdict == VERDICT_GOOD ? opened_hash_problem(item->value) : NULL;

		if (problem)
			declared_judge(here->pool, item, VERDICT_BAD, "%s", problem);
	}
	opened_excuse(declared);
	for (size_t i = 0; i < declared->n_items; i++) {
		if (!declared->items[i].template)
			continue;
		opened_render(here, declared, &declared->items[i]);
		opened_check(here, &declared->items[i]);
	}
}
