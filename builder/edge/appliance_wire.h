/* What the appliance's two processes say to each other, and how the parent starts the child. For the appliance's own files
 * alone. */
#ifndef EDGE_APPLIANCE_WIRE_H
#define EDGE_APPLIANCE_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "edge/appliance.h"

enum wire_kind {
	WIRE_SAID,     /* a part of the appliance's log, or of the library's */
	WIRE_PROGRESS, /* two numbers of 64 bits: how far, of what */
	WIRE_LAUNCHED, /* the appliance runs; `work` begins */
	WIRE_PROBLEM,  /* an error: line, column, then file, path, text, context and hint, each with its NUL */
	WIRE_ENDED,    /* the result, 32 bits: the last one */
	WIRE_KINDS,
};

enum { WIRE_PART_MAX = 65536 };

/* One message; what does not fit into WIRE_PART_MAX is cut off. Nobody reads what cannot be written: that is ignored. */
void appliance_wire_send(int wire, enum wire_kind kind, const void *data, size_t size);
void appliance_wire_progress(int wire, uint64_t done, uint64_t total);
void appliance_wire_end(int wire, int result, const struct err *err);

/* Takes the first message off `came`, if all of it is there: 1, `*ret_part` appended with its bytes. 0: there is more to come.
 * -EBADMSG when it is none. */
int appliance_wire_take(struct buf *came, enum wire_kind *ret_kind, struct buf *ret_part);

/* Adds the problem that a message tells to `err`, with the code `result`. */
void appliance_wire_problem(const struct buf *part, int result, struct err *err);

/* One start of the appliance. */
struct appliance_start {
	const struct appliance_options *options;
	int (*work)(struct appliance *appliance, void *data, struct err *err);
	void *data;
	const char *folder;          /* its own, removed afterwards */
	const char *kept;            /* what is kept for the next start */
	const char *library;         /* what dlopen(3) is told */
	bool emulated, verbose;
	int wire;                    /* where the child writes */
	int (*child)(const struct appliance_start *start, struct err *err); /* appliance_child(), but in tests */
};

/* What the child does. Its error, or 0. */
int appliance_child(const struct appliance_start *start, struct err *err);

/* The same of appliance_prepare(): makes kernel, initrd and root in the folder start->kept. */
int appliance_prepare_child(const struct appliance_start *start, struct err *err);

/* The folder below `kept` with what was prepared, and whether it is there. */
const char *appliance_made(struct arena *arena, const char *kept);
bool appliance_is_made(const char *kept);

/* One try: runs the child in a folder of its own and listens to it, `seconds` for its start. As appliance_run();
 * `*ret_launched` tells, whatever is returned, whether its work began. */
int appliance_try(struct appliance_start *start, unsigned seconds, bool *ret_launched, struct err *err);

/* With KVM first, where nothing speaks against it, and without if the appliance does not start under it. */
int appliance_try_both(struct appliance_start *start, unsigned seconds, struct err *err);

#endif
