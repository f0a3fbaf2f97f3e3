/* site_parse() and journal_parse(): files of a shelf, which whoever writes there can change. What is accepted has all that is
 * needed, and no name that would lead a request elsewhere. */
#include "fleet/proxmox/journal.h"
#include "fleet/proxmox/site.h"
#include "fuzz.h"

static void check_plain(const char *text)
{
	for (; text && *text; text++)
		ensure((uint8_t)*text >= ' ' && *text != 127);
}

static void check_part(const char *name)
{
	ensure(name && *name && *name != '.' && !strpbrk(name, "/?#&% "));
	check_plain(name);
}

static void check_site(const struct site *site)
{
	check_part(site->node);
	check_part(site->images);
	check_part(site->storage);
	check_plain(site->name);
	check_plain(site->ssh);
	check_plain(site->pool);
	ensure(site->name && site->ssh && site->vmid > 0 && site->spare >= 0 && !site->words);
}

static void check_journal(const struct journal *journal)
{
	const char *const texts[] = {
		journal->id, journal->work, journal->step, journal->root_hash, journal->image, journal->old_root_hash,
		journal->key, journal->old, journal->fresh, journal->hotplug, journal->upid,
	};

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		check_plain(texts[i]);
	for (size_t i = 0; i < journal->volumes.count; i++)
		check_plain(journal->volumes.items[i]);
	ensure(journal->id && journal->work && journal->step && journal->vmid > 0 && journal->other >= 0);
	ensure(journal->generation >= 0 && journal->old_generation >= 0 && journal->began >= 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	char *text = fuzz_text(data, size);
	struct journal journal = {.lock = -1};
	struct err err = {0};
	struct site site;
	int r = site_parse(arena, "it", text, size, &site, &err);

	ensure((r == 0) == (err.count == 0));
	err_free(&err);
	if (r == 0)
		check_site(&site);
	r = journal_parse(arena, "it", text, size, &journal, &err);
	ensure((r == 0) == (err.count == 0));
	err_free(&err);
	if (r == 0)
		check_journal(&journal);
	free(text);
	return 0;
}
