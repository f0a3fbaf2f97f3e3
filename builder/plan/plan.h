/* The plan: everything that was decided about an image, and nothing that depends on a clock, a network or a disk. Recipe and
 * lock go in, one canonical text comes out; every cache key is the digest of a slice of it.
 *
 * A plan borrows from its recipes and lock, which must outlive it. */
#ifndef PLAN_PLAN_H
#define PLAN_PLAN_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/err.h"
#include "disk/layout.h"
#include "disk/stack.h"
#include "lock/lock.h"
#include "recipe/recipe.h"

/* One layer of packages. Its key covers the layers below it. */
struct plan_layer {
	const char *key;                       /* 64 hex digits */
	const struct debian_package *packages;   /* of the lock, in its order */
	size_t n_packages;
	struct strv exceptions;                /* paths of its packages that are not excluded, beside the recipe's `include` */
};

/* A tree of packages, bottom layer first. */
struct plan_tree {
	const struct recipe *recipe;
	struct plan_layer layers[LAYER_COUNT];
};

/* A file that the recipe asks for, in its own words or as what its words mean. */
struct plan_file {
	const char *path;                      /* in the image */
	const char *text;                      /* its content; or NULL, then … */
	const char *source;                    /* … a host file with it; or NULL, then … */
	const char *link;                      /* … where a symbolic link leads */
	char sha256[65];                       /* of the content ("" for a link) */
	mode_t mode;
	const char *owner, *group;
	struct pos pos;                        /* of the recipe's words behind it */
};

/* What is in no package: the recipe's words, and what the lock has for them. */
struct plan_download {
	const struct recipe_download *words;
	const struct lock_download *locked;
};

/* A container image of the lock, unpacked: kept in the cache under this key, and laid over the packages as it is. */
struct plan_container {
	const struct oci_image *locked;
	const char *key;                       /* 64 hex digits */
	const char *store;                     /* folder in the image: an image store of podman's, with this one image */
};

/* A Quadlet file of the recipe's, among the plan's files. */
struct plan_quadlet {
	const char *name, *path;
	int64_t uid;                           /* who runs it; 0: root */
	struct pos pos;
};

/* A user of the recipe, and the number that was decided. */
struct plan_user {
	const struct recipe_user *words;
	int64_t uid;                           /* -1: a system user's, that nobody knows before (an old lock) */
};

struct plan_group {
	const struct recipe_group *words;
	int64_t gid;                           /* -1: nobody knows it before (an old lock) */
};

/* The numbers of a name, whoever makes the user and group: the recipe, a package, or nobody any more. */
struct plan_account {
	const char *name;
	int64_t uid, gid;                      /* -1: not decided */
	bool pinned;                           /* by the recipe */
	struct pos pos;                        /* of the recipe's words behind it */
};

/* What no two machines may share: no image has it, each machine makes it on its first boot. */
struct plan_own {
	const char *name;
	struct strv paths, make, before;       /* as in struct recipe_own */
	const char *owner, *group;             /* NULL: as the command made them */
	mode_t mode;                           /* 0: as the command made them */
	const char *folder;                    /* where the machine keeps what lies at a path that forgets … */
	struct strv links;                     /* … which are these of `paths`: links into it */
	bool known;                            /* a row of own_known: units in `before` need not be there */
	struct pos pos;
};

/* The file that the recipe's `tmpfiles` become. */
#define RECIPE_TMPFILES "/usr/lib/tmpfiles.d/50-recipe.conf"

/* Units of one user lie in a folder of the user's id below this one; the user's systemd is given them by a generator. */
#define USER_UNITS "/etc/systemd/users"
#define USER_UNITS_GENERATOR "aether-user-units"

/* A systemd unit of the recipe: a drop-in when a package ships the unit, else the whole of it. */
struct plan_unit {
	const char *name, *text;               /* `text` NULL: nothing but a preset or a mask */
	const char *wanted_by;                 /* what starts it, if it is the whole unit and `text` does not say; or NULL */
	const struct recipe_settings *words;   /* what `text` was written from; NULL: not the recipe's own words */
	enum recipe_tristate enable;
	bool mask;
	const char *user;                      /* whose systemd has it; NULL: the system's … */
	int64_t uid;                           /* … and 0 */
	struct pos pos, enable_pos;            /* of its name, and of `enable` */
};

/* A secret of the recipe. Of what is sent nothing is decided but that it is expected. */
struct plan_secret {
	const struct recipe_secret *words;
	const char *deliver;                   /* "image", "send" */
	const char *travels, *sha256;          /* its file of SOPS: the name below SECRETS_SOPS, the digest; NULL: it is sent */
	const char *format;                    /* of that file … */
	struct strv key;                       /* … and where in it the value is */
	struct strv need;                      /* units of the system that cannot be without it */
};

struct plan_template {
	const struct recipe_template *words;
	const char *text;                      /* with ${secrets.NAME} in it */
	struct strv need;
};

/* The programs of ours that live in images. Paths of the host, digests of 64 hex digits. */
struct plan_programs {
	const char *init, *init_sha256;        /* aether-init: in the initrd; NULL where there is none (a container) */
	const char *agent, *agent_sha256;      /* aether-agent: in every machine; NULL in a tools tree */
	const char *box, *box_sha256;          /* aether-box: a container's init; NULL where there is none */
	const char *secrets, *secrets_sha256;  /* aether-secrets; NULL where there are none */
	const char *disks, *disks_sha256;      /* aether-disks; NULL where there are no stacks */
};

/* A line of the machine's table of file systems, fstab(5). */
struct plan_mount {
	const char *source;                    /* "PARTUUID=…", a path, a name */
	const char *mountpoint;                /* NULL: swap */
	const char *format, *options;          /* the options as the file has them */
	int check;                             /* when fsck(8) has its turn; 0: never */
	struct pos pos;
};

struct plan {
	const struct recipe *recipe;
	const struct lock *lock;
	struct plan_tree image, tools;
	struct plan_download *downloads;       /* in the recipe's order; put before the files */
	size_t n_downloads;
	struct plan_container *containers;     /* in the lock's order */
	size_t n_containers;
	struct plan_quadlet *quadlets;
	size_t n_quadlets;
	struct plan_user *users;
	size_t n_users;
	struct plan_group *groups;
	size_t n_groups;
	struct plan_account *accounts;
	size_t n_accounts;
	int64_t numbering;                     /* 1: accounts of packages that are in no lock get numbers by their names; … */
					       /* … -1: as the packages make them (an old lock) */
	struct strv firewall;                  /* what it lets through beyond open ports, a line each */
	struct plan_file *files;               /* in the order they are written: what was generated, then the recipe's own */
	size_t n_files;
	struct plan_unit *units;
	size_t n_units;
	struct plan_own *own;                  /* of the packages, then the recipe's own */
	size_t n_own;
	struct plan_secret *secrets;
	size_t n_secrets;
	struct plan_template *templates;
	size_t n_templates;
	struct disk_layout layout;             /* no partitions: not a disk */
	struct stack stack;                    /* what is not all in the layout; none: the machine has no aether-disks */
	struct plan_mount *mounts;             /* but the root's and /var's, which aether-init mounts */
	size_t n_mounts;
	const char *state_on;                  /* IMAGE_STATE_… (contract/image.h); NULL: /var is in memory, or a container */
	const struct plan_programs *programs;
	const char *version, *program;         /* of aether-build; identity_program */
	const char *kind;                      /* the recipe's, in a word */
	const char *cmdline; /* kernel command line without what only the root image's digest can tell; NULL: a
			      * container, which starts by its hypervisor's kernel */
	const char *seed;                      /* 64 hex digits: all identity in the image is derived from it */
	int64_t epoch;                         /* every time stamp in the image, seconds since 1970 */
	const char *ground_key;                /* of the packages' part of the root image; NULL: its tree is taken whole */
	const char *text;                      /* the canonical text */
	const char *key;                       /* its digest, 64 hex digits */
};

/* Decides everything. `tools` may be NULL (for a tools recipe); `programs` is borrowed. Errors are decisions that
 * cannot be taken: words of the recipe that need a package it does not have, users that collide. */
int plan_make(struct arena *arena, const struct recipe *recipe, const struct recipe *tools, const struct lock *lock,
	      const struct plan_programs *programs, struct plan **ret_plan, struct err *err);

#endif
