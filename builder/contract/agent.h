/* How the builder asks the agent of a machine, and the keys of its answers in JSON. */
#ifndef CONTRACT_AGENT_H
#define CONTRACT_AGENT_H

#define AGENT "aether-agent"
#define AGENT_PATH "/usr/bin/" AGENT
#define AGENT_STATUS "status"
#define AGENT_HEALTH "health"
#define AGENT_JUDGE "judge"
#define AGENT_ROLLBACK "rollback"
#define AGENT_TAKE "take"
#define AGENT_RESTART "restart"
#define AGENT_NEXT "mount-next"      /* for aether-next.service */
#define AGENT_MOVE_STATE "move-state"
#define AGENT_SEED "seed"
#define AGENT_JSON "--json"
#define AGENT_DRY_RUN "--dry-run"
#define AGENT_FORCE "--force"
#define AGENT_REBOOT "--reboot"
#define AGENT_WAIT "--wait"

/* `restart` answers with one of these, and behind RESTART_REBOOT says why it is not the other. */
#define RESTART_SOFT "soft-reboot"
#define RESTART_REBOOT "reboot"

/* `status`: of the machine, then of each of its slots, then of the last failure. */
#define STATUS_NAME "name"
#define STATUS_KIND "kind"
#define STATUS_FORMAT "format"
#define STATUS_BOOT_ID "boot_id"
#define STATUS_SLOT "slot"
#define STATUS_GENERATION "generation"
#define STATUS_ROOT_HASH "root_hash"
#define STATUS_STATE "state"
#define STATUS_TRIES_LEFT "tries_left"
#define STATUS_HEALTH "health"
#define STATUS_HEALTH_REASON "health_reason"
#define STATUS_SLOTS "slots"
#define STATUS_SIZE "size"
#define STATUS_FAILURE "last_failure"
#define STATUS_IMAGE_EPOCH "image_epoch" /* of the running image: the newest date of what it is made from */
#define STATUS_STATE_ON "state_on"       /* device of /var; "memory"; "" where the hypervisor knows */
#define STATUS_REMARKS "remarks"         /* what somebody should know: texts */
#define REMARK_STATE_ON_SYSTEM "/var is still on the system's own disk" /* how such a remark begins */
#define STATUS_SECRETS "secrets"         /* of each that is declared (contract/secrets.h): */
#define STATUS_SECRET_NAME "name"
#define STATUS_SECRET_STATE "state"      /* SECRETS_STATE_… */
#define STATUS_SECRET_REASON "reason"
#define STATUS_WHEN "when"
#define STATUS_REASON "reason"

/* The states of a slot. */
#define STATE_EMPTY "empty"
#define STATE_GOOD "good"
#define STATE_TRIAL "trial"
#define STATE_BAD "bad"

/* `health`: whether all checks hold, then each of them. */
#define HEALTH_ALL "healthy"
#define HEALTH_CHECKS "checks"
#define HEALTH_CHECK "check"
#define HEALTH_OK "ok"
#define HEALTH_REASON "reason"

#endif
