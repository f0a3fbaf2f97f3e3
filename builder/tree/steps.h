/* The steps that make a plan's words true in a tree of packages, in the order of tree_image(). */
#ifndef TREE_STEPS_H
#define TREE_STEPS_H

#include "base/buf.h"
#include "cache/cache.h"
#include "plan/plan.h"

struct step {
	const struct plan *plan;
	struct cache *cache;
	const char *root;   /* the tree's folder on the host */
	int root_fd;
};

/* Accounts of packages get the numbers that the plan has for them, and the words that the recipe has for them. */
int step_numbers(const struct step *step, struct err *err);
int step_ground_numbers(const struct step *step, struct err *err); /* the same, without a word: of tree_ground() */

/* Users of sysusers.d(5) in the plan's files come into being. */
int step_users(const struct step *step, struct err *err);

/* Writes one file of the plan, as the owner of that number. */
int step_put_file(const struct step *step, const struct plan_file *file, uid_t uid, gid_t gid, struct err *err);

/* The plan's downloads, which are in the cache: what is wanted of them is put in its place. */
int step_downloads(const struct step *step, struct err *err);

/* The plan's files. */
int step_files(const struct step *step, struct err *err);

/* An /etc/fstab of the recipe's own has folders to mount on; what would keep the machine from starting is warned of. */
int step_fstab(const struct step *step, struct err *err);

/* Users that can log in have a shell that is in the image. */
int step_logins(const struct step *step, struct err *err);

/* systemd-tmpfiles(8) must find nothing wrong with the recipe's `tmpfiles`; what it says is told at the recipe's place. */
int step_tmpfiles(const struct step *step, struct err *err);

/* nft(8), sshd(8) and visudo(8) must find nothing wrong with what the recipe configures of theirs; what they say is told at
 * its place. */
int step_judges(const struct step *step, struct err *err);

/* Podman's own generator must find nothing wrong with the Quadlet files; what it says is told at the recipe's place. */
int step_quadlets(const struct step *step, struct err *err);

/* Units, drop-ins, masks and presets; then systemd-analyze(1) must find nothing wrong with them. */
int step_units(const struct step *step, struct err *err);

/* `hooks.configure`, in the sandbox, each for at most 15 minutes. What they say is shown: its end, or all of it when
 * log_is_verbose(). */
int step_configure(const struct step *step, struct err *err);

/* Names of the recipe that nobody but the image knows (units and programs of health checks and tests, the time zone, kernel
 * modules, what quadlets name): each that it does not have is an error at its place, with the nearest one that it has. */
int step_names(const struct step *step, struct err *err);

/* Removes what differs between two builds, or must be each machine's own. */
int step_clean(const struct step *step, struct err *err);

/* Links to where each machine keeps its own, in the places that forget; what makes it must be in the image. */
int step_own(const struct step *step, struct err *err);

/* Removes what is each machine's own from the tree, with the links that lead to it. */
int own_remove(const struct step *step, struct err *err);

/* Whether what packages have at this path is in no image: step_clean() takes it away, or the plan writes it anew. */
bool clean_forgets(const struct plan *plan, const char *path);

/* Puts the machine's name where scripts of packages wrote that of the sandbox. */
int step_hostname(const struct step *step, struct err *err);

/* Refuses what scripts of packages have left that no two machines may share. */
int step_secrets(const struct step *step, struct err *err);

/* Removes from a tree of packages what differs between two installations and is written anew in every image. */
int step_ground(const struct step *step, struct err *err);

/* Tells systemd-tmpfiles(8) how to fill an empty /var, /home and /root with what packages and files put there. */
int step_var(const struct step *step, struct err *err);

/* The same for the recipe's state paths alone, which in a container are mount points: what the tree has there, they
 * would hide. */
int step_state(const struct step *step, struct err *err);

/* What a container wants instead of step_var(): an os-release(5) and a debian_version that hypervisors can read, and
 * step_state(). */
int step_container(const struct step *step, struct err *err);

/* Runs `argv` in the tree, for at most `deadline_s` seconds (0: an hour); what it said is in the error when it fails. */
int step_run(const struct step *step, const char *const *argv, unsigned deadline_s, struct err *err);
extern const char *const step_env[]; /* the environment that it has there */
enum { STEP_PATIENCE_S = 300 }; /* for programs that take a second, but read what packages wrote */

#endif
