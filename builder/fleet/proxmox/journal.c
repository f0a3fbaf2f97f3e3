#include "fleet/proxmox/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>

#include "base/file.h"
#include "edge/jval.h"

#define JOURNAL_FILE "deploy.json"
#define JOURNAL_LOCK ".deploy-lock"

enum { JOURNAL_BYTES_MAX = 256 << 10, JOURNAL_VERSION = 1 };

enum journal_type { JOURNAL_TEXT, JOURNAL_NUMBER, JOURNAL_BOOL };

static const struct {
	const char *key;
	enum journal_type type;
	size_t offset;
} journal_fields[] = {
	{"id", JOURNAL_TEXT, offsetof(struct journal, id)},
	{"work", JOURNAL_TEXT, offsetof(struct journal, work)},
	{"step", JOURNAL_TEXT, offsetof(struct journal, step)},
	{"vmid", JOURNAL_NUMBER, offsetof(struct journal, vmid)},
	{"other", JOURNAL_NUMBER, offsetof(struct journal, other)},
	{"began", JOURNAL_NUMBER, offsetof(struct journal, began)},
	{"generation", JOURNAL_NUMBER, offsetof(struct journal, generation)},
	{"root_hash", JOURNAL_TEXT, offsetof(struct journal, root_hash)},
	{"image", JOURNAL_TEXT, offsetof(struct journal, image)},
	{"old_generation", JOURNAL_NUMBER, offsetof(struct journal, old_generation)},
	{"old_root_hash", JOURNAL_TEXT, offsetof(struct journal, old_root_hash)},
	{"key", JOURNAL_TEXT, offsetof(struct journal, key)},
	{"old", JOURNAL_TEXT, offsetof(struct journal, old)},
	{"fresh", JOURNAL_TEXT, offsetof(struct journal, fresh)},
	{"hotplug", JOURNAL_TEXT, offsetof(struct journal, hotplug)},
	{"disc", JOURNAL_TEXT, offsetof(struct journal, disc)},
	{"running", JOURNAL_BOOL, offsetof(struct journal, running)},
	{"onboot", JOURNAL_BOOL, offsetof(struct journal, onboot)},
	{"upid", JOURNAL_TEXT, offsetof(struct journal, upid)},
};
enum { N_JOURNAL_FIELDS = sizeof journal_fields / sizeof *journal_fields };

/* --- reading ---------------------------------------------------------------------------------------------------------- */

int journal_parse(struct arena *arena, const char *name, const char *text, size_t size, struct journal *journal,
		  struct err *err)
{
	_cleanup_jval_ struct jval *top = NULL;
	int r = jval_read(name, text, size, &top, err);

	if (r < 0)
		return r;
	if (jval_get_number(top, "version") != JOURNAL_VERSION)
		return err_set(err, -EBADMSG, "%s: not the journal of a deploy, or of another version's", name);
	for (size_t i = 0; i < N_JOURNAL_FIELDS; i++) {
		void *to = (char *)journal + journal_fields[i].offset;
		const char *value = jval_get_text(top, journal_fields[i].key);

		if (journal_fields[i].type == JOURNAL_TEXT)
			*(const char **)to = text_plain(arena, value);
		else if (journal_fields[i].type == JOURNAL_NUMBER)
			jval_get_count(top, journal_fields[i].key, INT64_MAX, to);
		else
			*(bool *)to = jval_get_bool(top, journal_fields[i].key);
	}
	for (size_t i = 0; i < jval_count(jval_get(top, "volumes")); i++) {
		const char *volume = jval_text_of(jval_item(jval_get(top, "volumes"), i));

		if (volume)
			strv_push(arena, &journal->volumes, text_plain(arena, volume));
	}
	if (!journal->id || !journal->work || !journal->step || !journal->vmid)
		return err_set(err, -EBADMSG, "%s: expected id, work, step and vmid", name);
	return 0;
}

static int journal_take_lock(struct arena *arena, struct journal *journal, struct err *err)
{
	const char *path = arena_printf(arena, "%s/" JOURNAL_LOCK, journal->folder);
	char who[32] = "";
	ssize_t n;

	journal->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (journal->lock < 0)
		return err_sys(err, -errno, "cannot open '%s'", path);
	if (flock(journal->lock, LOCK_EX | LOCK_NB) < 0) {
		n = pread(journal->lock, who, sizeof who - 1, 0);
		who[n > 0 ? strspn(who, "0123456789") : 0] = 0;
		err_set(err, -EBUSY, "another deploy, rollback or guard works on '%s'%s%s", path_last(journal->folder),
			*who ? ": process " : "", who);
		return err_hint(err, "wait until it is done");
	}
	snprintf(who, sizeof who, "%d\n", getpid());
	if (ftruncate(journal->lock, 0) < 0 || fd_pwrite_all(journal->lock, who, strlen(who), 0) < 0)
		return err_sys(err, -errno, "cannot write '%s'", path);
	return 0;
}

int journal_open(struct arena *arena, const char *folder, struct journal *ret_journal, struct err *err)
{
	const char *path = arena_printf(arena, "%s/" JOURNAL_FILE, folder);
	_cleanup_buf_ struct buf text = {0};
	int r;

	*ret_journal = (struct journal){.folder = arena_strdup(arena, folder), .lock = -1};
	r = journal_take_lock(arena, ret_journal, err);
	if (r < 0 || !path_exists(path))
		return r;
	r = file_read(path, JOURNAL_BYTES_MAX, &text, err);
	return r == 0 ? journal_parse(arena, path, text.data ? text.data : "", text.size, ret_journal, err) : r;
}

void journal_close(struct journal *journal)
{
	if (journal->lock >= 0)
		close(journal->lock);
	journal->lock = -1;
}

/* --- writing ---------------------------------------------------------------------------------------------------------- */

int journal_write(struct arena *arena, const struct journal *journal, struct err *err)
{
	_cleanup_jval_ struct jval *top = jval_new_object();
	struct jval *volumes = jval_new_array();
	const char *text;

	jval_set(top, "version", jval_number(JOURNAL_VERSION));
	for (size_t i = 0; i < N_JOURNAL_FIELDS; i++) {
		const void *from = (const char *)journal + journal_fields[i].offset;

		if (journal_fields[i].type == JOURNAL_NUMBER)
			jval_set(top, journal_fields[i].key, jval_number(*(const int64_t *)from));
		else if (journal_fields[i].type == JOURNAL_BOOL)
			jval_set(top, journal_fields[i].key, jval_bool(*(const bool *)from));
		else if (*(const char *const *)from)
			jval_set(top, journal_fields[i].key, jval_text(*(const char *const *)from));
	}
	for (size_t i = 0; i < journal->volumes.count; i++)
		jval_add(volumes, jval_text(journal->volumes.items[i]));
	jval_set(top, "volumes", volumes);
	text = arena_printf(arena, "%s\n", jval_print(arena, top, true));
	return file_publish(arena_printf(arena, "%s/" JOURNAL_FILE, journal->folder), text, strlen(text), 0644, err);
}

int journal_step(struct arena *arena, struct journal *journal, const char *step, struct err *err)
{
	journal->step = step;
	return journal_write(arena, journal, err);
}

int journal_clear(struct journal *journal, struct err *err)
{
	_cleanup_buf_ struct buf path = {0};
	struct journal empty = {.folder = journal->folder, .lock = journal->lock};

	buf_printf(&path, "%s/" JOURNAL_FILE, journal->folder);
	*journal = empty;
	return path_remove(path.data, err);
}
