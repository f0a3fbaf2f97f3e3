/* From a generation to a machine that runs it: what there is to do is found out first, and told; then it is done. */
#ifndef FLEET_PROXMOX_DEPLOY_H
#define FLEET_PROXMOX_DEPLOY_H

#include "fleet/proxmox/settings.h"
#include "fleet/proxmox/work.h"

enum deploy_way {
	DEPLOY_NOTHING, /* it runs that very image */
	DEPLOY_START,   /* it has that very image, and is off */
	DEPLOY_CREATE,	/* there is no machine */
	DEPLOY_SWITCH,	/* in place, by ssh */
	DEPLOY_REIMAGE, /* another system disk, or another container */
};

/* What a user asks for. */
enum deploy_via { DEPLOY_AS_FITS, DEPLOY_VIA_SSH, DEPLOY_VIA_PROXMOX };

struct deploy_plan {
	enum deploy_way way;
	const char *why; /* "ssh does not reach it"; NULL */
	bool answers;	 /* it told of itself: */
	struct machine_status status;
	struct settings_change *changes; /* of a machine that is there */
	size_t n_changes;
};

/* Opens the API for a site, with all privileges that a deploy needs (-EACCES with those that are missing), and the journal of
 * its shelf. `ret_work`->journal is the caller's to close. `remote` is the machine by ssh. */
int deploy_open(struct arena *arena, const struct access *access, const struct site *site, const struct remote *remote,
		struct client *client, struct work *ret_work, struct err *err);

/* Looks at everything and decides; nothing is changed. What would lose data is refused (-EPERM) unless work->lose_state, with
 * what to do. work->generation is what shall run. */
int deploy_decide(struct work *work, enum deploy_via via, struct deploy_plan *ret_plan, struct err *err);

/* Whether work->generation can be put in the place of what runs without a loss: -EPERM with what would be lost, unless
 * work->lose_state. `status` (may be NULL) is what the machine has said of itself. */
int deploy_keeps_state(struct work *work, const struct machine_status *status, struct err *err);

/* What will be done, for people: lines in `arena`. */
struct strv deploy_tell(struct arena *arena, const struct work *work, const struct deploy_plan *plan);

/* Does it: uploads first what is to be imported. *ret_status is what runs at the end. */
int deploy_apply(struct work *work, const struct deploy_plan *plan, struct err *err);

/* Back to what the machine ran before the last reimage: `rollback --via proxmox`. *ret_number is that generation's. */
int deploy_return(struct work *work, int64_t *ret_number, struct err *err);

/* Uploads the generation, so that work->image is there. */
int deploy_upload(struct work *work, struct err *err);

/* Removes uploads that nobody needs any more: the newest `keep` stay, and those of generations that run anywhere, or ran
 * before. A problem is told, and no failure. */
void deploy_prune(struct work *work, unsigned keep);

#endif
