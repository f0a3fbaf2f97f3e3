#include "shelf/record.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "shelf/shelf.h"

const char *verdict_name(enum verdict verdict)
{
	static const char *const names[] = {"untried", "good", "bad"};

	return names[verdict];
}

enum {
	RECORD_BYTES_MAX = 16 << 20, /* tens of thousands of machines */
	HOST_BYTES_MAX = 255,        /* of a name of the DNS, and longer than a user's name on it */
	REASON_BYTES_MAX = 4096,
	VOLID_BYTES_MAX = 512, /* a file's name has 255 at most, and the storage's is shorter */
	UPLOADS_MAX = 1000,    /* nodes, by names of the image */
};
static const int64_t TIME_MAX = 253402300799; /* the last second of the year 9999 */

/* --- what is an upload --------------------------------------------------------------------------------------------- */

static bool record_is_word(const char *text, size_t length, const char *characters)
{
	return length > 0 && isalnum((unsigned char)text[0]) && strspn(text, characters) >= length;
}

/* STORE:CONTENT/FILE, with what Proxmox lets a storage and a file be called: none of it means anything to a terminal, a shell
 * or a template of OpenTofu. */
static bool record_is_volid(const char *volid)
{
	static const char name[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
	static const char *const contents[] = {":import/", ":iso/", ":vztmpl/"};
	const char *colon = volid ? strchr(volid, ':') : NULL;

	if (!colon || strlen(volid) > VOLID_BYTES_MAX || !record_is_word(volid, (size_t)(colon - volid), name))
		return false;
	for (size_t i = 0; i < sizeof contents / sizeof *contents; i++) {
		const char *file = colon + strlen(contents[i]);

		if (text_has_prefix(colon, contents[i]))
			return record_is_word(file, strlen(file), name);
	}
	return false;
}

static bool record_is_node(const char *node)
{
	static const char name[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-";

	return node && strlen(node) <= HOST_BYTES_MAX && record_is_word(node, strlen(node), name);
}

/* What is wrong with the texts of an upload, or NULL. */
static const char *record_upload_flaw(const struct upload *upload)
{
	const char *sha256 = upload->sha256;

	if (!record_is_node(upload->node))
		return "a node must be a host name without dots";
	if (!record_is_volid(upload->volid))
		return "a volid must be STORE:CONTENT/FILE, with the content import, iso or vztmpl";
	if (!sha256 || strlen(sha256) != 64 || strspn(sha256, "0123456789abcdef") != 64)
		return "a sha256 must be 64 hexadecimal digits in lower case";
	return NULL;
}

/* --- reading ------------------------------------------------------------------------------------------------------ */

/* What is being read, for errors. */
struct reader {
	struct arena *arena;
	const char *path;
	struct err *err;
};

static int record_wrong(const struct reader *reader, const char *where, const char *what)
{
	const struct pos pos = {.file = reader->path};

	return err_at(reader->err, -EBADMSG, &pos, where, "not a valid record: %s", what);
}

static int record_get_number(const struct reader *reader, const struct jval *object, const char *key, int64_t max,
			     int64_t *ret)
{
	return jval_get_count(object, key, max, ret) ? 0
						     : record_wrong(reader, key, "expected a number within its limits");
}

static int record_get_deployment(const struct reader *reader, const struct jval *object, struct deployment *ret)
{
	const char *host = jval_get_text(object, "host"), *verdict = jval_get_text(object, "verdict");
	const char *reason = jval_get_text(object, "reason");

	if (!host || !*host)
		return record_wrong(reader, "deployments", "each must have a host");
	for (enum verdict v = VERDICT_UNTRIED; verdict && v <= VERDICT_BAD; v++)
		if (strcmp(verdict, verdict_name(v)) == 0) {
			*ret = (struct deployment){
				.host = arena_strdup(reader->arena, host), .verdict = v,
				.reason = reason && *reason ? arena_strdup(reader->arena, reason) : NULL,
			};
			return record_get_number(reader, object, "when", TIME_MAX, &ret->when);
		}
	return record_wrong(reader, "deployments", "a verdict must be untried, good or bad");
}

static int record_get_upload(const struct reader *reader, const struct jval *object, struct upload *ret)
{
	const struct upload upload = {
		.node = arena_strdup(reader->arena, jval_get_text(object, "node")),
		.volid = arena_strdup(reader->arena, jval_get_text(object, "volid")),
		.sha256 = arena_strdup(reader->arena, jval_get_text(object, "sha256")),
	};
	const char *wrong = record_upload_flaw(&upload);
	int64_t size = 0;
	int r;

	if (wrong)
		return record_wrong(reader, "uploads", wrong);
	*ret = upload;
	r = record_get_number(reader, object, "size", INT64_MAX, &size);
	ret->size = (uint64_t)size;
	return r == 0 ? record_get_number(reader, object, "when", TIME_MAX, &ret->when) : r;
}

static int record_get_uploads(const struct reader *reader, const struct jval *array, struct record *record)
{
	int r = 0;

	if (jval_count(array) > UPLOADS_MAX)
		return record_wrong(reader, "uploads", "there are too many");
	for (size_t i = 0; r == 0 && i < jval_count(array); i++)
		r = record_get_upload(reader, jval_item(array, i),
				      arena_push(reader->arena, record->uploads, record->n_uploads));
	return r;
}

static int record_get(const struct reader *reader, const struct jval *top, struct record *ret_record)
{
	const struct jval *deployments = jval_get(top, "deployments");
	struct record record = {0};
	int64_t replaced;
	int r;

	if (jval_get_number(top, "record") > RECORD_VERSION) {
		err_set(reader->err, -ENOTSUP, "the record '%s' has a newer version", reader->path);
		return err_hint(reader->err, "use the aether-build that wrote it, or a newer one");
	}
	if (jval_get_number(top, "record") < 1)
		return record_wrong(reader, "record", "a version is missing");
	r = record_get_number(reader, top, "replaced", UINT32_MAX - 1, &replaced);
	if (r == 0)
		r = record_get_number(reader, top, "made", TIME_MAX, &record.made);
	for (size_t i = 0; r == 0 && i < jval_count(deployments); i++)
		r = record_get_deployment(reader, jval_item(deployments, i),
					  arena_push(reader->arena, record.deployments, record.n_deployments));
	if (r == 0)
		r = record_get_uploads(reader, jval_get(top, "uploads"), &record);
	if (r < 0)
		return r;
	record.replaced = (unsigned)replaced;
	*ret_record = record;
	return 0;
}

int record_parse(struct arena *arena, const char *name, const char *text, size_t size, struct record *ret_record,
		 struct err *err)
{
	const struct reader reader = {arena, name, err};
	_cleanup_jval_ struct jval *top = NULL;
	int r = jval_read(name, text, size, &top, err);

	return r == 0 ? record_get(&reader, top, ret_record) : r;
}

int record_read(struct arena *arena, const char *folder, struct record *ret_record, struct err *err)
{
	const char *path = arena_printf(arena, "%s/" SHELF_RECORD, folder);
	_cleanup_buf_ struct buf text = {0};
	int r;

	if (!path_exists(path)) {
		*ret_record = (struct record){0};
		return 0;
	}
	r = file_read(path, RECORD_BYTES_MAX, &text, err);
	return r == 0 ? record_parse(arena, path, text.data, text.size, ret_record, err) : r;
}

/* --- writing ------------------------------------------------------------------------------------------------------ */

struct jval *record_deployments(const struct record *record)
{
	struct jval *array = jval_new_array();

	for (size_t i = 0; i < record->n_deployments; i++) {
		const struct deployment *from = &record->deployments[i];
		struct jval *object = jval_new_object();

		jval_set(object, "host", jval_text(from->host));
		jval_set(object, "when", jval_number(from->when));
		jval_set(object, "verdict", jval_text(verdict_name(from->verdict)));
		jval_set(object, "reason", jval_text(from->reason));
		jval_add(array, object);
	}
	return array;
}

struct jval *record_uploads(const struct record *record)
{
	struct jval *array = jval_new_array();

	for (size_t i = 0; i < record->n_uploads; i++) {
		const struct upload *from = &record->uploads[i];
		struct jval *object = jval_new_object();

		jval_set(object, "node", jval_text(from->node));
		jval_set(object, "volid", jval_text(from->volid));
		jval_set(object, "size", jval_number((int64_t)from->size));
		jval_set(object, "sha256", jval_text(from->sha256));
		jval_set(object, "when", jval_number(from->when));
		jval_add(array, object);
	}
	return array;
}

const char *record_print(struct arena *arena, const struct record *record)
{
	_cleanup_jval_ struct jval *top = jval_new_object();

	jval_set(top, "record", jval_number(RECORD_VERSION));
	jval_set(top, "replaced", jval_number(record->replaced));
	jval_set(top, "made", jval_number(record->made));
	jval_set(top, "deployments", record_deployments(record));
	jval_set(top, "uploads", record_uploads(record));
	return arena_printf(arena, "%s\n", jval_print(arena, top, true));
}

/* The file is made on the shelf under one name, not beside the one it replaces: then a generation never holds what a
 * killed process left, and the next who writes takes the same name. */
int record_write(const char *shelf, const char *folder, const struct record *record, struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const char *text = record_print(arena, record), *draft = arena_printf(arena, "%s/.record", shelf);
	int fd, r;

	if (strlen(text) > RECORD_BYTES_MAX)
		return err_set(err, -EFBIG, "the record of '%s' is full: %zu machines, %zu uploads", folder,
			       record->n_deployments, record->n_uploads);
	fd = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0)
		return err_sys(err, -errno, "cannot make the file '%s'", draft);
	r = fd_write_all(fd, text, strlen(text));
	if (r == 0 && fsync(fd) < 0)
		r = -errno;
	close(fd);
	if (r < 0)
		err_sys(err, r, "cannot write '%s'", draft);
	else
		r = path_publish(draft, arena_printf(arena, "%s/" SHELF_RECORD, folder), err);
	if (r < 0)
		unlink(draft);
	return r;
}

/* --- one more thing learnt ------------------------------------------------------------------------------------------ */

static bool record_is_host(const char *host)
{
	size_t length = host ? strlen(host) : 0;

	for (size_t i = 0; i < length; i++)
		if ((unsigned char)host[i] <= ' ' || host[i] == 0x7f)
			return false;
	return length > 0 && length <= HOST_BYTES_MAX;
}

static int record_by_time(const void *a, const void *b)
{
	const struct deployment *x = a, *y = b;

	return x->when != y->when ? (x->when > y->when) - (x->when < y->when) : strcmp(x->host, y->host);
}

/* In place of what the record has of the same host. */
static void record_add_deployment(struct arena *arena, struct record *record, const void *what)
{
	const struct deployment *deployment = what;
	struct deployment *to = NULL;

	for (size_t i = 0; i < record->n_deployments; i++)
		if (strcmp(record->deployments[i].host, deployment->host) == 0)
			to = &record->deployments[i];
	if (!to)
		to = arena_push(arena, record->deployments, record->n_deployments);
	*to = *deployment;
	if (deployment->reason)
		to->reason = arena_strndup(arena, deployment->reason, REASON_BYTES_MAX);
	qsort(record->deployments, record->n_deployments, sizeof *record->deployments, record_by_time);
}

static int record_upload_by_time(const void *a, const void *b)
{
	const struct upload *x = a, *y = b;
	int by_volid = strcmp(x->volid, y->volid);

	if (x->when != y->when)
		return (x->when > y->when) - (x->when < y->when);
	return by_volid ? by_volid : strcmp(x->node, y->node);
}

/* In place of what the record has of the same volid on the same node. */
static void record_add_upload(struct arena *arena, struct record *record, const void *what)
{
	const struct upload *upload = what;
	struct upload *to = NULL;

	for (size_t i = 0; i < record->n_uploads; i++)
		if (strcmp(record->uploads[i].volid, upload->volid) == 0 &&
		    strcmp(record->uploads[i].node, upload->node) == 0)
			to = &record->uploads[i];
	if (!to)
		to = arena_push(arena, record->uploads, record->n_uploads);
	*to = *upload;
	qsort(record->uploads, record->n_uploads, sizeof *record->uploads, record_upload_by_time);
}

static void record_remove_upload(struct arena *arena, struct record *record, const void *what)
{
	const struct upload *upload = what;
	size_t n = 0;

	(void)arena;
	for (size_t i = 0; i < record->n_uploads; i++)
		if (strcmp(record->uploads[i].volid, upload->volid) != 0 ||
		    strcmp(record->uploads[i].node, upload->node) != 0)
			record->uploads[n++] = record->uploads[i];
	record->n_uploads = n;
}

/* What is torn or was never a record is replaced; one that we only fail to understand or to read is not ours to lose. */
static int record_read_for_change(struct arena *arena, const char *folder, struct record *ret_record, struct err *err)
{
	struct err problem = {0};
	int r = record_read(arena, folder, ret_record, &problem);

	if (r == -EBADMSG) {
		log_warn("a new record replaces '%s/" SHELF_RECORD "': %s", folder, problem.first->text);
		*ret_record = (struct record){0};
		err_free(&problem);
		return 0;
	}
	err_take(err, &problem);
	return r;
}

/* Adds `what` by `add` to the record of the generation in `folder`, under the shelf's lock. */
static int record_change(const char *folder, void (*add)(struct arena *arena, struct record *record, const void *what),
			 const void *what, struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const char *shelf = dirname(arena_strdup(arena, folder));
	_cleanup_fd_ int lock = shelf_lock(shelf, err);
	struct record record;
	int r;

	if (lock < 0)
		return lock;
	if (!path_exists(arena_printf(arena, "%s/" SHELF_MANIFEST, folder))) {
		err_set(err, -ENOENT, "the generation '%s' is gone", folder);
		return err_hint(err, "it was removed in the meantime, by 'aether-build gc' or by hand");
	}
	r = record_read_for_change(arena, folder, &record, err);
	if (r < 0)
		return r;
	add(arena, &record, what);
	if (record.n_uploads > UPLOADS_MAX)
		return err_set(err, -EFBIG, "the record of '%s' is full: it has %d uploads", folder, UPLOADS_MAX);
	return record_write(shelf, folder, &record, err);
}

int record_note(const char *folder, const struct deployment *deployment, struct err *err)
{
	if (!record_is_host(deployment->host))
		return err_set(err, -EINVAL, "'%.100s' is not a valid host name", deployment->host ? deployment->host : "");
	if (deployment->when < 0 || deployment->when > TIME_MAX || deployment->verdict > VERDICT_BAD)
		return err_set(err, -EINVAL, "the deployment on %s cannot be recorded", deployment->host);
	return record_change(folder, record_add_deployment, deployment, err);
}

int record_note_upload(const char *folder, const struct upload *upload, struct err *err)
{
	const char *wrong = record_upload_flaw(upload);

	if (!wrong && (upload->size > INT64_MAX || upload->when < 0 || upload->when > TIME_MAX))
		wrong = "its size or time is out of range";
	if (wrong)
		return err_set(err, -EINVAL, "the upload '%.100s' cannot be recorded: %s", upload->volid ? upload->volid : "",
			       wrong);
	return record_change(folder, record_add_upload, upload, err);
}

int record_forget_upload(const char *folder, const char *node, const char *volid, struct err *err)
{
	const struct upload upload = {.node = node, .volid = volid};

	return record_change(folder, record_remove_upload, &upload, err);
}
