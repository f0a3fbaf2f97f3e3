#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "debian/release.h"
#include "edge/digest.h"
#include "lock/file.h"

static void lock_print_put_quoted(struct buf *text, const char *value)
{
	buf_puts(text, "\"");
	for (; *value; value++)
		buf_printf(text, *value == '"' || *value == '\\' ? "\\%c" : "%c", *value);
	buf_puts(text, "\"");
}

static void lock_print_put_archive(struct arena *arena, struct buf *text, const struct debian_archive *archive)
{
	buf_printf(text, "  %s/%s: { url: ", archive->name, archive->suite);
	lock_print_put_quoted(text, archive->url);
	for (size_t i = 0; i < archive->mirrors.count; i++) {
		buf_puts(text, i ? ", " : ", mirrors: [");
		lock_print_put_quoted(text, archive->mirrors.items[i]);
	}
	buf_printf(text, "%s, date: %s, inrelease: %s }\n", archive->mirrors.count ? "]" : "",
		   time_format(arena, archive->date), archive->inrelease_sha256);
}

static void lock_print_put_tree(struct buf *text, const char *name, const struct lock *lock,
				const struct package_set *tree)
{
	size_t i = 0;

	buf_printf(text, "%s:\n", name);
	for (unsigned l = 0; l < LAYER_COUNT; l++) {
		buf_printf(text, "  %s:%s\n", debian_layer_names[l],
			   i < tree->n_packages && tree->packages[i].layer == l ? "" : " {}");
		for (; i < tree->n_packages && tree->packages[i].layer == l; i++) {
			const struct debian_package *package = &tree->packages[i];
			const struct debian_archive *archive = &lock->archives[package->archive];

			buf_printf(text,
				   "    %s: { version: \"%s\", arch: %s, size: %" PRIu64
				   ", sha256: %s, from: %s/%s, path: \"%s\" }\n",
				   package->name, package->version, package->arch, package->size, package->sha256,
				   archive->name, archive->suite, package->path);
		}
	}
}

static void lock_print_put_download(struct buf *text, const struct lock_download *download)
{
	buf_printf(text, "  %s: { url: ", download->name);
	lock_print_put_quoted(text, download->url);
	buf_printf(text, ", size: %" PRIu64 ", sha256: %s%s }\n", download->size, download->sha256,
		   download->fake ? ", fake: true" : "");
}

static void lock_print_put_blob(struct buf *text, const char *key, const struct oci_blob *blob)
{
	buf_printf(text, "    %s{ size: %" PRIu64 ", sha256: %s }\n", key, blob->size, blob->sha256);
}

static void lock_print_put_container(struct buf *text, const struct oci_image *container)
{
	buf_puts(text, "  ");
	lock_print_put_quoted(text, container->image);
	buf_printf(text, ":\n%s", container->fake ? "    fake: true\n" : "");
	lock_print_put_blob(text, "manifest: ", &container->manifest);
	lock_print_put_blob(text, "config: ", &container->config);
	buf_puts(text, "    layers:\n");
	for (size_t i = 0; i < container->n_layers; i++)
		lock_print_put_blob(text, "  - ", &container->layers[i]);
}

static void lock_print_put_account(struct buf *text, const struct lock_account *account)
{
	buf_printf(text, "  %s: { id: %" PRId64, account->name, account->id);
	for (size_t i = 0; i < account->packages.count; i++)
		buf_printf(text, "%s%s", i ? ", " : ", packages: [", account->packages.items[i]);
	buf_puts(text, account->packages.count ? "] }\n" : " }\n");
}

void lock_print(struct buf *text, const struct lock *lock)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	size_t start = text->size;
	char hex[SHA256_HEX];

	buf_puts(text, "# Made by 'aether-build lock': commit it, and let that command change it.\n");
	buf_printf(text, "format: 1\nrecipe: %s\n", lock->recipe_sha256);
	if (lock->tools_sha256)
		buf_printf(text, "toolsRecipe: %s\n", lock->tools_sha256);
	buf_printf(text, "epoch: %s\narchives:%s\n", time_format(arena, lock->epoch), lock->n_archives ? "" : " {}");
	for (size_t i = 0; i < lock->n_archives; i++)
		lock_print_put_archive(arena, text, &lock->archives[i]);
	if (lock->n_downloads)
		buf_puts(text, "downloads:\n");
	for (size_t i = 0; i < lock->n_downloads; i++)
		lock_print_put_download(text, &lock->downloads[i]);
	if (lock->n_containers)
		buf_puts(text, "containers:\n");
	for (size_t i = 0; i < lock->n_containers; i++)
		lock_print_put_container(text, &lock->containers[i]);
	if (lock->numbered)
		buf_printf(text, "accounts:%s\n", lock->n_accounts ? "" : " {}");
	for (size_t i = 0; i < lock->n_accounts; i++)
		lock_print_put_account(text, &lock->accounts[i]);
	lock_print_put_tree(text, "image", lock, &lock->image);
	if (lock->tools_sha256)
		lock_print_put_tree(text, "tools", lock, &lock->tools);
	sha256_hex_of(text->data + start, text->size - start, hex);
	buf_printf(text, "digest: %s\n", hex);
}
