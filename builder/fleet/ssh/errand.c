#include "fleet/ssh/errand.h"

#include <errno.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "contract/secrets.h"
#include "edge/digest.h"
#include "fleet/ssh/courier.h"
#include "sealed/sops/sops.h"
#include "shelf/shelf.h"

/* --- what there is to do --------------------------------------------------------------------------------------------- */

static const char *errand_name_of(const struct manifest *manifest, const char *sha256)
{
	for (size_t i = 0; i < manifest->n_inputs; i++)
		if (strcmp(manifest->inputs[i].sha256, sha256) == 0)
			return manifest->inputs[i].name;
	return NULL;
}

static void errand_add_file(struct arena *arena, const struct generation *generation, const struct jval *secret,
			    struct errand *errand)
{
	const char *sha256 = jval_get_text(secret, "sha256"), *format = jval_get_text(secret, "format");
	enum sops_format known;

	if (!sha256 || !format || !sops_format_named(format, &known))
		return;
	for (size_t i = 0; i < errand->n_files; i++)
		if (strcmp(errand->files[i].sha256, sha256) == 0)
			return;
	*arena_push(arena, errand->files, errand->n_files) =
		(struct errand_file){errand_name_of(generation->manifest, sha256), arena_strdup(arena, sha256),
				     sops_format_name(known)};
}

int errand_read(struct arena *arena, const struct generation *generation, struct errand *ret_errand, struct err *err)
{
	_cleanup_jval_ struct jval *plan = NULL;
	struct errand errand = {0};
	const struct jval *secrets;
	int r = 0;

	if (path_exists(arena_printf(arena, "%s/" SHELF_PLAN, generation->folder)))
		r = generation_plan(arena, generation, &plan, err);
	if (r < 0)
		return r;
	secrets = jval_get(plan, "secrets");
	for (size_t i = 0; i < jval_count(secrets); i++) {
		const struct jval *secret = jval_item(secrets, i);
		const char *name = jval_get_text(secret, "name"), *deliver = jval_get_text(secret, "deliver");

		if (name && deliver && strcmp(deliver, "send") == 0)
			strv_push(arena, &errand.sent, name);
		else
			errand_add_file(arena, generation, secret, &errand);
	}
	*ret_errand = errand;
	return 0;
}

/* --- doing it -------------------------------------------------------------------------------------------------------- */

static int errand_refused(const struct remote *remote, const struct errand_file *file, const char *answer, struct err *err)
{
	err_set(err, -EPERM, "%s cannot open %s: %s", remote->host, file->name, *answer ? answer : "it does not say why");
	return err_hint(err,
			"give the file the machine's recipients: 'aether-build host enroll NAME %s', then 'aether-build "
			"secrets rekey RECIPE', and build; --force goes on, and what needs it stays off", remote->host);
}

/* false: the file that the generation has is not here any more. */
static bool errand_find(struct arena *arena, const struct errand_file *file, const char *root, struct buf *text)
{
	const char *path = file->name ? arena_printf(arena, "%s/%s", root, file->name) : NULL;
	char sha256[SHA256_HEX];
	struct err ignored = {0};
	bool found;

	found = path && path_exists(path) && file_read(path, SOURCE_BYTES_MAX, text, &ignored) == 0;
	err_free(&ignored);
	if (!found)
		return false;
	sha256_hex_of(text->data ? text->data : "", text->size, sha256);
	return strcmp(sha256, file->sha256) == 0;
}

static int errand_try(struct arena *arena, const struct remote *remote, const struct errand_file *file, const char *root,
		      struct err *err)
{
	_cleanup_buf_ struct buf text = {0};
	const char *answer;
	int r;

	if (!errand_find(arena, file, root, &text)) {
		log_note("%s is not what the generation was built with: it is not known whether %s can open that",
			 file->name ? file->name : "a file of SOPS", remote->host);
		return 0;
	}
	log_step("asking %s whether it can open %s", remote->host, file->name);
	r = courier_ask(arena, remote, arena_printf(arena, SECRETS_TRY " %s", file->format),
			(struct bytes){(const uint8_t *)text.data, text.size}, &answer, err);
	return r > 0 ? errand_refused(remote, file, answer, err) : r;
}

/* What the image that runs now still lacks is no reason not to give it another one. */
static int errand_send(struct arena *arena, const struct remote *remote, const struct errand *errand, struct err *err)
{
	const char *answer;
	int r;

	log_step("sending %zu secret%s to %s", errand->sent.count, errand->sent.count == 1 ? "" : "s", remote->host);
	r = courier_ask(arena, remote, SECRETS_TAKE, errand->sealed, &answer, err);
	if (r == SECRETS_KEPT) {
		log_warn("%s has what was sent; of what it declares now not all is good: %s", remote->host, answer);
		return 0;
	}
	return r > 0 ? err_set(err, -EIO, "%s: %s", remote->host, *answer ? answer : "it failed without a message") : r;
}

int errand_run(struct arena *arena, const struct remote *remote, const struct errand *errand, const char *root, bool dry_run,
	       struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < errand->n_files; i++)
		r = errand_try(arena, remote, &errand->files[i], root, err);
	if (r < 0 || !errand->sealed.size || dry_run)
		return r;
	return errand_send(arena, remote, errand, err);
}
