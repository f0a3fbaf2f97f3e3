/* A deploy, reimage or return at work on one machine: what its steps share. Each step is written down before it is taken. */
#ifndef FLEET_PROXMOX_WORK_H
#define FLEET_PROXMOX_WORK_H

#include "fleet/proxmox/journal.h"
#include "fleet/proxmox/instance.h"
#include "fleet/proxmox/mark.h"
#include "fleet/proxmox/site.h"
#include "fleet/status.h"
#include "shelf/generation.h"

struct work {
	struct arena *arena; /* the client's, too */
	struct client *client;
	const struct site *site;
	struct journal journal;		     /* open */
	const struct generation *generation; /* what is to run; NULL: nobody knows it any more */
	const char *image;		     /* the volume with it */
	struct instance machine;	     /* as it was found; of a container that is replaced the old one */
	struct config config;		     /* its configuration then */
	struct mark mark;
	struct remote remote; /* the machine by ssh */
	unsigned timeout_s;   /* for the verdict */
	bool bad;	      /* that verdict was bad */
	bool force;	      /* also what is not releasable, or was bad there */
	bool lose_state;      /* the user knows that /var is lost */
	int (*before)(void *data, struct err *err); /* as in struct switching_how; NULL: nothing */
	void *before_data;    /* (of a new machine: once ssh reaches it) */
	const char *disc;     /* file with the disc that brings a new machine its identity; NULL: none */
	const char *disc_storage; /* where it is uploaded to (keydisc.h); NULL: it is not */
	bool take_over;	      /* what an unfinished deploy of somebody else says does not count */
};

/* One step: its name in the journal, what is said meanwhile. */
struct work_step {
	const char *name, *says;
	int (*run)(struct work *work, struct err *err);
};

/* Looks for the site's machine: of a container the one of the two ids that is not what another one has replaced. Fills machine,
 * config and mark; none there: machine.there is false. -EPERM for a machine that is not the recipe's. */
int work_find(struct work *work, struct err *err);

/* Begins a journal for `kind` ("reimage"): with an id of its own, and what is known of before. */
void work_begin(struct work *work, const char *kind);

/* Takes the steps from the one named `from` on (NULL: the first), each noted before. At a failure *ret_failed (may be NULL) is
 * that step's name. */
int work_run(struct work *work, const struct work_step *steps, const char *from, const char **ret_failed, struct err *err);

/* Whether nobody else is at work on the machine: no lock, no pending changes, no task, no foreign deploy, no HA. -EBUSY with
 * who it is. */
int work_check_alone(struct work *work, struct err *err);

/* Writes the mark into the machine's description: that this deploy is at work (refused when somebody changed the configuration
 * since); at the end what runs. */
int work_claim(struct work *work, struct err *err);
int work_disclaim(struct work *work, const struct instance *machine, struct err *err); /* unless it is another deploy's */
int work_give_up(struct work *work, struct err *err); /* nothing but that was done, if it was: no journal, no claim */
int work_write_mark(struct work *work, const struct instance *machine, const struct mark *mark, struct err *err);

/* Sets what `form` says, and notes in the mark that it is ours, should it have to wait for the machine's next start. */
int work_set(struct work *work, struct form *form, struct err *err);

/* Waits for what runs in the machine to say who it is and how it is. 0: it is `root_hash` (NULL: any), and good; 1: it is not,
 * and *ret_reason says why. Whom nobody can ask is not good; but when it is Proxmox that does not answer to the end, nothing is
 * known, and that is one of client_passes(). */
int work_judge(struct work *work, const struct instance *machine, const char *root_hash, const char **ret_reason,
	       struct err *err);

/* A task on a machine that its journal names: begun, noted, waited for. */
int work_task(struct work *work, const char *path, const struct form *form, unsigned timeout_s, struct err *err);

/* Waits for the task that the journal names last, and for any other on the machine. */
int work_await_tasks(struct work *work, const struct instance *machine, struct err *err);

/* Looks at the machine of that id: fills machine, config and mark. */
int work_look(struct work *work, int64_t vmid, struct err *err);

/* Whether the machine that was found is there and has that tag. */
bool work_has_tag(const struct work *work, const char *tag);

/* The works. Each begins with nothing changed, or goes on at the journal's step. When the generation turns out bad, what ran
 * before runs again, and -EIO says why. */
int work_create(struct work *work, struct err *err);
int work_reimage(struct work *work, struct err *err);	     /* a virtual machine: another system disk */
int work_replace(struct work *work, struct err *err);	     /* a container: another one at the other id */
int work_reimage_return(struct work *work, struct err *err); /* back to the disk, … */
int work_replace_return(struct work *work, struct err *err); /* … or container, that the mark says ran before */

/* Finishes or undoes what the journal of an earlier one says. */
int work_recover(struct work *work, struct err *err);

#endif
