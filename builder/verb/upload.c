/* aether-build upload RECIPE|GENERATION: an image or template onto a storage of Proxmox. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "fleet/proxmox/rights.h"
#include "fleet/proxmox/upload.h"
#include "verb/options/proxmox.h"
#include "verb/options/recipe.h"
#include "verb/verb.h"

struct upload_options {
	struct common_options common;
	struct project_options recipe;
	struct access_options access;
	const char *out, *words, *keep;
	bool legacy;
};

static const struct option upload_own_options[] = {
	OPTION_OUT(upload_options),
	OPTION_RECIPE(upload_options),
	{"legacy", NULL, "also as content 'iso', for providers of OpenTofu before 0.79", OPTION_FLAG,
	 offsetof(struct upload_options, legacy), NULL},
	{"keep", "N", "remove older images there but the newest N and what runs", OPTION_TEXT,
	 offsetof(struct upload_options, keep), NULL},
	{0},
};
static const struct option_group upload_option_groups[] = {{recipe_options, offsetof(struct upload_options, recipe)},
							   {kind_options, offsetof(struct upload_options, recipe)},
							   {proxmox_options, offsetof(struct upload_options, access)},
							   {upload_own_options, 0},
							   {0}};

enum { UPLOAD_KEEP_MAX = 10000 };

struct uploading {
	struct arena *arena;
	const struct upload_options *options;
	struct site site;
	struct generation *generation;
	struct client client;
	unsigned keep, removed;
	struct upload uploads[2];
	bool skipped[2];
	size_t n;
};

static int verb_upload_read_keep(const char *text, unsigned *ret_keep, struct err *err)
{
	char *end = NULL;
	unsigned long keep = text ? strtoul(text, &end, 10) : 0;

	if (text && (!*text || *end || *text == '-' || keep == 0 || keep > UPLOAD_KEEP_MAX))
		return err_set(err, -EINVAL, "'--keep %s': expected a number from 1 to %d", text, UPLOAD_KEEP_MAX);
	*ret_keep = (unsigned)keep;
	return 0;
}

static int verb_upload_open(struct uploading *u, const struct access *access, struct err *err)
{
	const struct rights_of of = {.images = u->site.images};
	int r;

	log_step("asking Proxmox at %s", access->endpoint);
	r = client_open(u->arena, access, &u->client, err);
	return r == 0 ? rights_check(&u->client, RIGHTS_UPLOAD | (u->keep ? RIGHTS_PRUNE : 0), &of, err) : r;
}

static int verb_upload_one(struct uploading *u, bool legacy, struct err *err)
{
	const struct upload_how how = {u->site.node, u->site.images, legacy, u->site.folder};
	int r = upload_generation(&u->client, u->generation, &how, &u->uploads[u->n], &u->skipped[u->n], err);

	u->n += r == 0;
	return r;
}

/* Of generations that run anywhere. */
static int verb_upload_prune_old(struct uploading *u, struct err *err)
{
	const struct upload_how how = {u->site.node, u->site.images, false, u->site.folder};
	struct strv needed = upload_needed(u->arena, u->site.folder);

	return u->keep ? upload_prune(&u->client, &how, upload_content(u->generation, false), u->site.name, u->keep, &needed,
				      &u->removed, err)
		       : 0;
}

static void verb_upload_report(const struct uploading *u)
{
	_cleanup_jval_ struct jval *top = jval_new_object();
	struct jval *uploads = jval_new_array();

	for (size_t i = 0; i < u->n; i++) {
		struct jval *upload = jval_new_object();

		jval_set(upload, "node", jval_text(u->uploads[i].node));
		jval_set(upload, "volid", jval_text(u->uploads[i].volid));
		jval_set(upload, "sha256", jval_text(u->uploads[i].sha256));
		jval_set(upload, "size", jval_number((int64_t)u->uploads[i].size));
		jval_set(upload, "was_there", jval_bool(u->skipped[i]));
		jval_add(uploads, upload);
		if (!u->options->common.json)
			printf("%s/%u is %s%s\n", u->generation->name, u->generation->number, u->uploads[i].volid,
			       u->skipped[i] ? ", and was there already" : "");
	}
	jval_set(top, "name", jval_text(u->generation->name));
	jval_set(top, "generation", jval_number(u->generation->number));
	jval_set(top, "uploads", uploads);
	jval_set(top, "removed", jval_number(u->removed));
	if (u->options->common.json)
		puts(jval_print(u->arena, top, true));
	else if (u->removed)
		printf("%u older image%s removed\n", u->removed, u->removed == 1 ? "" : "s");
}

static int verb_upload_run(const void *data, char *const *arguments, size_t n_arguments, struct err *err)
{
	const struct upload_options *options = data;
	const struct proxmox_finding finding = {options->recipe, options->out, options->common.cache, options->words};
	_cleanup_arena_ struct arena *arena = arena_new();
	struct uploading u = {.arena = arena, .options = options};
	struct access access;
	int r = verb_upload_read_keep(options->keep, &u.keep, err);

	(void)n_arguments;
	if (r == 0)
		r = access_read(arena, &options->access, &access, err);
	if (r == 0)
		r = proxmox_find(arena, &finding, arguments[0], &u.site, &u.generation, err);
	if (r == 0)
		r = verb_upload_open(&u, &access, err);
	if (r == 0)
		r = verb_upload_one(&u, false, err);
	if (r == 0 && options->legacy && !u.site.container)
		r = verb_upload_one(&u, true, err);
	if (r == 0)
		r = site_write(arena, &u.site, err);
	if (r == 0)
		r = verb_upload_prune_old(&u, err);
	log_step(NULL);
	if (r == 0)
		verb_upload_report(&u);
	return r;
}

const struct verb verb_upload = {
	.name = "upload",
	.arguments = "RECIPE|GENERATION",
	.summary = "Brings a generation's image to a storage of Proxmox",
	.options = upload_option_groups,
	.options_size = sizeof(struct upload_options),
	.min_arguments = 1,
	.max_arguments = 1,
	.run = verb_upload_run,
};
