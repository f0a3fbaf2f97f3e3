/* The file record.json of a generation (docs/generations.md): JSON, replaced whole. */
#ifndef SHELF_RECORD_H
#define SHELF_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "edge/jval.h"

enum { RECORD_VERSION = 1 }; /* a reader refuses a later one */

enum verdict { VERDICT_UNTRIED, VERDICT_GOOD, VERDICT_BAD };

/* "untried", "good", "bad". */
const char *verdict_name(enum verdict verdict);

/* A machine that was given the generation. */
struct deployment {
	const char *host;            /* as the user named it to ssh */
	int64_t when;                /* seconds since 1970 */
	enum verdict verdict;        /* what became of it there; untried: not known yet */
	const char *reason;          /* why it is bad; or NULL */
};

/* A file that a hypervisor was given: the image, under one of its names. */
struct upload {
	const char *node, *volid;    /* the cluster's node that took it; STORE:CONTENT/FILE, as Proxmox names it */
	uint64_t size;               /* bytes */
	const char *sha256;          /* of the file */
	int64_t when;                /* seconds since 1970 */
};

struct record {
	unsigned replaced; /* the newest generation when this one was made; 0: it was the first, or nobody wrote it down
			    */
	int64_t made;                /* seconds since 1970; 0: not known */
	struct deployment *deployments; /* one for each host, the latest; in the order of their times */
	size_t n_deployments;
	struct upload *uploads;      /* one for each volid on each node, the latest; in the order of their times */
	size_t n_uploads;
	bool unreadable; /* there is a record.json that nobody can read (a warning said so): all of this is unknown */
};

/* Reads the record of the generation in `folder` into `arena`; zeros when it has none. -EBADMSG for what is no record,
 * -ENOTSUP for one of a later version. */
int record_read(struct arena *arena, const char *folder, struct record *ret_record, struct err *err);

/* The same of a text that was read; `name` says in errors what it is the text of. Pure. */
int record_parse(struct arena *arena, const char *name, const char *text, size_t size, struct record *ret_record,
		 struct err *err);

/* The text of a record, as record_parse() reads it, with a newline at its end; in `arena`. */
const char *record_print(struct arena *arena, const struct record *record);

/* Puts `record` into `folder`, a generation or a draft of `shelf`, whose lock is held: durable, whole or not at all. */
int record_write(const char *shelf, const char *folder, const struct record *record, struct err *err);

/* Adds to the record of the generation in `folder` what became of it on a host, in place of what was known about it
 * there, under the shelf's lock. -EINVAL for a deployment that cannot be written down; -ENOENT when the generation is
 * gone. */
int record_note(const char *folder, const struct deployment *deployment, struct err *err);

/* The same of a file that a hypervisor has now, in place of what was known about that volid on that node. -EINVAL for an
 * upload that cannot be written down; -EFBIG when there are too many; -ENOENT when the generation is gone. */
int record_note_upload(const char *folder, const struct upload *upload, struct err *err);

/* Takes away what the record says of that volid on that node: the file was removed there. */
int record_forget_upload(const char *folder, const char *node, const char *volid, struct err *err);

/* The deployments, and the uploads, as an array of objects, as the file has them; freed by the caller. */
struct jval *record_deployments(const struct record *record);
struct jval *record_uploads(const struct record *record);

#endif
