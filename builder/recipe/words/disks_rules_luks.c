/* Encrypted volumes: what must hold of them. No word of this is about a secret's value: that is the machine's alone. */
#include <string.h>

#include "recipe/words/disks.h"

/* Exactly one way in, beside the recovery key. */
static void disks_luks_check_ways(struct decoder *decoder, const struct disks_device *device)
{
	const struct recipe_luks *luks = &device->content->luks;
	const struct { const char *word; bool said; } ways[] = {
		{"keyFile", luks->key_file}, {"keyDisk", luks->key_disk}, {"tpm2", luks->tpm2}, {"secret", luks->secret},
		{"console", luks->console},
	};
	const char *first = NULL;

	for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
		if (ways[i].said && first) {
			err_at(decoder->err, -EINVAL, &device->content->pos, device->path,
			       "'%s' and '%s': an encrypted volume is unlocked in "
			       "one way", first, ways[i].word);
			err_hint(decoder->err, "keep one of them; 'recoveryKey' is the second way in");
			return;
		}
		first = ways[i].said ? ways[i].word : first;
	}
	if (!first) {
		err_at(decoder->err, -EINVAL, &device->content->pos, device->path,
		       "nothing says how the encrypted volume is unlocked");
		err_hint(decoder->err, "add one of 'tpm2: true', 'keyDisk: DISK', 'keyFile: /var/lib/…', 'secret: NAME', "
			 "'console: true'");
	}
}

static void disks_luks_check_secret(struct decoder *decoder, const struct disks_device *device, bool var)
{
	const struct recipe *recipe = decoder->recipe;
	const char *name = device->content->luks.secret, *near;
	struct strv known = {0};

	if (!name || problem_known(decoder, "secrets"))
		return;
	for (size_t i = 0; i < recipe->n_secrets; i++)
		strv_push(decoder->arena, &known, recipe->secrets[i].name);
	if (!strv_has(&known, name)) {
		near = text_nearest(name, known.items, known.count);
		err_at(decoder->err, -EINVAL, &device->content->pos, device->path, "there is no secret '%s'", name);
		if (near)
			err_hint(decoder->err, "did you mean '%s'?", near);
		else
			err_hint(decoder->err, "declare it: 'secrets: { %s: { sopsFile: …, key: … } }'", name);
	}
	if (var) {
		err_at(decoder->err, -EINVAL, &device->content->pos, device->path,
		       "/var is on this volume, and the key that opens secrets is on /var");
		err_hint(decoder->err, "write 'tpm2: true', 'keyDisk: DISK' or 'console: true'");
	}
}

static void disks_luks_check_file(struct decoder *decoder, const struct disks_device *device, bool var)
{
	const struct recipe *recipe = decoder->recipe;
	const char *file = device->content->luks.key_file;
	const struct recipe_mount *mount = NULL;

	if (!file)
		return;
	for (size_t i = 0; i < recipe->n_mounts; i++)
		if (path_is_below(file, recipe->mounts[i].mountpoint) &&
		    (!mount || strlen(recipe->mounts[i].mountpoint) > strlen(mount->mountpoint)))
			mount = &recipe->mounts[i];
	if (var || !path_is_below(file, "/var") || path_is_below(file, "/var/run") || path_is_below(file, "/var/lock")) {
		err_at(decoder->err, -EINVAL, &device->content->pos, device->path,
		       var ? "/var is on this volume, so the file that opens it cannot be there, at '%s'"
			   : "the file with the key, '%s', is made by the machine and lies below /var", file);
		err_hint(decoder->err, var ? "write 'tpm2: true', 'keyDisk: DISK' or 'console: true'"
					   : "write 'keyFile: /var/lib/keys/%s'", device->content->name);
	} else if (!mount) {
		err_at(decoder->err, -EINVAL, &device->content->pos, device->path,
		       "nothing is mounted at /var, so the key in '%s' would be lost at the next start", file);
		err_hint(decoder->err, "add a disk for it: 'state: { role: state, content: { type: filesystem, format: ext4, "
				       "mountpoint: /var } }'");
	} else if (strcmp(mount->mountpoint, "/var") != 0) {
		err_at(decoder->err, -EINVAL, &device->content->pos, device->path,
		       "'%s' is not there when it is needed: %s is mounted at '%s' later", file, mount->what,
			       mount->mountpoint);
		err_hint(decoder->err, "name a file that lies on /var itself: 'keyFile: /var/lib/keys/%s'",
			 device->content->name);
	}
}

static void disks_luks_check_disk(struct decoder *decoder, const struct disks_device *device)
{
	const struct recipe *recipe = decoder->recipe;
	const char *name = device->content->luks.key_disk, *near;
	struct strv known = {0};

	for (size_t i = 0; i < recipe->n_disks; i++)
		if (recipe->disks[i].role && strcmp(recipe->disks[i].role, DISK_KEY) == 0)
			strv_push(decoder->arena, &known, recipe->disks[i].name);
	if (!name || strv_has(&known, name))
		return;
	near = text_nearest(name, known.items, known.count);
	err_at(decoder->err, -EINVAL, &device->content->pos, device->path, "there is no disk '%s' with 'role: key'", name);
	if (near)
		err_hint(decoder->err, "did you mean '%s'?", near);
	else
		err_hint(decoder->err, "add it beside the other disks: '%s: { role: key }'", name);
}

/* What aether-disks says itself, and what would put the header or the key where it does not look. */
static void disks_luks_check_args(struct decoder *decoder, const struct disks_device *device, const struct strv *args,
					const char *word)
{
	static const char *const taken[] = {"--header", "--key-file", "-d", "--keyfile-size", "-l", "--keyfile-offset",
					    "--new-keyfile",
					    "--type", "-M", "--volume-key-file", "--master-key-file", "--batch-mode", "-q",
					    "--allow-discards", "--perf-", "--token-", "--persistent", "--uuid", "--readonly",
						    "-r",
					    "--test-passphrase", "--key-slot", "-S", "--force-password", "--verify-passphrase",
						    "-y"};

	for (size_t a = 0; a < args->count; a++)
		for (size_t i = 0; i < sizeof taken / sizeof *taken; i++) {
			if (!text_has_prefix(args->items[a], taken[i]) ||
			    (taken[i][1] != '-' && strcmp(args->items[a], taken[i]) != 0))
				continue;
			err_at(decoder->err, -EINVAL, &device->content->pos, device->path,
			       "'%s' has '%s', which the machine says itself, or "
			       "which would keep it from finding the volume", word, args->items[a]);
			err_hint(decoder->err, "leave it out; see 'settings', 'tpm2', 'keyDisk', 'keyFile'");
			break;
		}
}

static void disks_luks_check_name(struct decoder *decoder, const struct disks_tree *tree, int at)
{
	const struct disks_device *device = &tree->devices[at];

	for (int i = 0; i < at; i++) {
		const struct recipe_content *other = tree->devices[i].content;

		if (other->type != CONTENT_LUKS || strcmp(other->name, device->content->name) != 0)
			continue;
		err_at(decoder->err, -EINVAL, &device->content->pos, device->path, "%s has an encrypted volume '%s' already",
		       tree->devices[i].what, other->name);
		err_hint(decoder->err, "names below /dev/mapper are each once: give it another 'name'");
		return;
	}
}

void disks_check_luks(struct decoder *decoder, const struct disks_tree *tree)
{
	const bool *var = disks_tree_below(decoder->arena, tree, disks_tree_mounted(tree, "/var"));

	for (int i = 0; i < tree->n; i++) {
		const struct disks_device *device = &tree->devices[i];

		if (device->content->type != CONTENT_LUKS)
			continue;
		disks_luks_check_name(decoder, tree, i);
		disks_luks_check_ways(decoder, device);
		disks_luks_check_secret(decoder, device, var[i]);
		disks_luks_check_file(decoder, device, var[i]);
		disks_luks_check_disk(decoder, device);
		disks_luks_check_args(decoder, device, &device->content->luks.format_args, "extraFormatArgs");
		disks_luks_check_args(decoder, device, &device->content->luks.open_args, "extraOpenArgs");
	}
}
