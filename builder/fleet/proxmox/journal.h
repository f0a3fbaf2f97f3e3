/* What a deploy is about to do, written down before it is done (deploy.json of the shelf): whoever comes after one that was
 * killed knows from it, and from what Proxmox says, whether to finish or to undo. */
#ifndef FLEET_PROXMOX_JOURNAL_H
#define FLEET_PROXMOX_JOURNAL_H

#include "base/arena.h"
#include "base/err.h"
#include "base/text.h"

struct journal {
	const char *folder;  /* of the shelf */
	int lock;	     /* held as long as the deploy lives */
	const char *id;	     /* of this deploy; NULL: nothing is written down */
	const char *work;    /* "create", "reimage", "replace", "switch", "return" */
	const char *step;    /* which of its steps has begun */
	int64_t vmid, other; /* the machine; of a container that is replaced the new one */
	int64_t began;	     /* seconds since 1970 */
	int64_t generation;  /* what is to run … */
	const char *root_hash;
	const char *image;	   /* … and the volume it is imported from */
	int64_t old_generation;	   /* what ran; 0: not known */
	const char *old_root_hash; /* "" when it is not known */
	const char *key, *old;	   /* the system's drive: its key, and what it was */
	const char *fresh;	   /* its new volume, once it is known */
	const char *hotplug;	   /* what has to be restored; NULL: nothing, "": there was none */
	const char *disc;	   /* the volume with a new machine's identity; NULL: it gets none */
	struct strv volumes;	   /* that the machine had before */
	bool running, onboot;	   /* before: it ran; it started with its node */
	const char *upid;	   /* the task that was begun last */
};

/* Takes the lock of the shelf's deploys (-EBUSY when somebody else has it, who is named), and reads what an earlier one left.
 * All in `arena`. The caller closes it. */
int journal_open(struct arena *arena, const char *folder, struct journal *ret_journal, struct err *err);
void journal_close(struct journal *journal);

/* Reads a journal's text. -EBADMSG for what is none. Pure. */
int journal_parse(struct arena *arena, const char *name, const char *text, size_t size, struct journal *journal,
		  struct err *err);

/* Notes the step that begins now, durably. */
int journal_step(struct arena *arena, struct journal *journal, const char *step, struct err *err);

/* Writes it as it is. */
int journal_write(struct arena *arena, const struct journal *journal, struct err *err);

/* All is done, or undone. */
int journal_clear(struct journal *journal, struct err *err);

#define _cleanup_journal_ __attribute__((cleanup(journal_close)))

#endif
