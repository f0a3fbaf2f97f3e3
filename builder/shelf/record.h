/* The file record.json of a generation (docs/generations.md): JSON, replaced whole. */
#ifndef SHELF_RECORD_H
#define SHELF_RECORD_H

#include "shelf/generation.h"

enum { RECORD_VERSION = 1 }; /* a reader refuses a later one */

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

/* The deployments as an array of objects, as the file has them; freed by the caller. */
struct json *record_deployments(const struct record *record);

#endif
