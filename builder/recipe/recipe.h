/* A recipe, read: parents and modules merged, names interpolated, every rule of the language checked. What comes out says
 * what a machine IS; the order of everything in it is the order it was written in, so that equal recipes give equal plans.
 *
 * Strings, lists and positions live in the arena that recipe_load() was given. Paths in the image are absolute and
 * normalised; paths of the recipe's own files are absolute paths of the host. */
#ifndef RECIPE_RECIPE_H
#define RECIPE_RECIPE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/text.h"
#include "recipe/disks.h"
#include "recipe/proxmox.h"
#include "recipe/secrets.h"

struct node;

enum recipe_kind { KIND_VM = 1, KIND_LXC = 2, KIND_TOOLS = 4 };

/* Which file of the closure wrote a thing: decides the layer that its packages land in. */
enum recipe_origin { ORIGIN_PARENT, ORIGIN_MODULE, ORIGIN_SELF };

/* `Section.Key=Value` of a systemd-style file; a key may come more than once. */
struct recipe_setting {
	const char *section, *key, *value;
	size_t nth;                  /* in which of the sections of that name, counted from 0 */
	struct pos pos, section_pos; /* of the key (of the item, where it has a list), and of its section */
};

struct recipe_settings {
	struct recipe_setting *items;
	size_t count;
};

struct recipe_package {
	const char *name;
	enum recipe_origin origin;
	struct pos pos;
};

/* `auth`: where the secret is that a server wants, and how it is told. Neither of `env` and `file`: no secret. */
struct recipe_auth {
	const char *env;             /* an environment variable … */
	const char *file;            /* … or a file of the host, outside of the repository: no input of the recipe */
	const char *user;            /* the secret is this user's password; NULL: a token that is borne … */
	const char *header;          /* … or the value of this header */
	struct pos pos;
};

/* `registries`: one of container images. */
struct recipe_registry {
	const char *name;            /* its host, with the port if it has one */
	struct recipe_auth auth;
	struct pos pos;
};

enum { RECIPE_PRIORITY_MAX = 32000 };

/* The distribution (`distribution:` of a base recipe) or a repository beside it (`repositories:`). */
struct recipe_repository {
	const char *name;
	const char *url;             /* the mirror asked first */
	struct strv mirrors;         /* asked in order when `url` no longer has a file (a snapshot archive, …) */
	struct strv suites, components; /* suites that end in a slash are folders (flat archives), and have no components */
	const char *release_name;    /* what its Release calls the suite, when it is another name; or NULL */
	const char *key;             /* host path of the OpenPGP public key(s), armored or binary */
	struct strv fingerprints;    /* accepted keys, as openpgp_status() reads them; at least one */
	struct strv prefer;          /* globs of names: packages that come from it, whatever others have */
	int64_t priority;            /* apt's for all of its packages; 0: what its Release lets expect */
	struct recipe_auth auth;
	struct pos pos;
};

/* `versions`: which version of a package there has to be. */
struct recipe_version {
	const char *version;         /* a glob, as is … */
	const char *package;         /* … its name */
	struct pos pos;
};

/* `includeOf`, `includeWith`: paths that are not excluded when a package is asked for by name. */
struct recipe_inclusion {
	struct strv paths;
	const char *package;         /* a glob of names */
	struct pos pos;
};

/* `downloads`: what is in no package, locked by its digest. */
struct recipe_download {
	const char *name;
	const char *url;             /* https, http, or file with an absolute path */
	const char *sha256;          /* what it has to be; NULL: what it is when it is locked */
	const char *path;            /* of the file; of the folder when `unpack` */
	const char *member;          /* the file of the archive that is wanted, or NULL */
	bool unpack;                 /* it is unpack all files of the archive below `path` */
	bool decompress;             /* it is one compressed file, wanted as it was before */
	int64_t strip;               /* of `unpack`: leading parts of the paths in the archive that are dropped */
	mode_t mode;                 /* of the file; `unpack` has the archive's */
	const char *owner, *group;   /* names; never NULL */
	struct recipe_auth auth;
	struct pos pos;
};

struct recipe_file {
	const char *path;
	const char *source;          /* host path, or NULL when `text` is set */
	const char *text;            /* or NULL; in what recipe_load() gives also what these come to: */
	const char *json, *yaml, *template; /* the text of a tree or of a file with names put in, or NULL */
	mode_t mode;
	const char *owner, *group;   /* names; never NULL */
	struct pos pos;
};

/* Ids that a recipe may give: those that Debian's policy leaves to each system; people's begin in between. */
enum { ACCOUNT_ID_MIN = 100, ACCOUNT_ID_PEOPLE = 1000, ACCOUNT_ID_MAX = 59999 };

/* Which of a user's words are the recipe's own, and not filled in. */
enum recipe_written { WRITTEN_SHELL = 1, WRITTEN_HOME = 2, WRITTEN_COMMENT = 4 };

struct recipe_user {
	const char *name;
	int64_t uid;                 /* -1: the lock's, or the next free one */
	struct strv groups;
	const char *shell, *home, *comment; /* never NULL */
	unsigned written;            /* of enum recipe_written */
	const char *sudo;            /* NULL, "nopasswd" or "password" */
	struct strv authorized_keys; /* lines of sshd(8)'s file, checked */
	bool linger, system;
	const char *password_secret; /* the secret whose value is the hash of the password, or NULL */
	struct pos pos, uid_pos, groups_pos, shell_pos, home_pos; /* of the name, and of words where they are written */
};

/* `groups`: a group of the recipe's own, or the number of a package's. */
struct recipe_group {
	const char *name;
	int64_t gid;                 /* -1: the lock's */
	struct pos pos;
};

/* `ssh.principals`: who may log in as `user`. */
struct recipe_principals {
	const char *user;
	struct strv names;
	struct pos pos;
};

/* `networks`: one systemd.network file. */
struct recipe_network {
	const char *name;
	struct recipe_settings match; /* section "Match" */
	bool dhcp;
	struct strv addresses, dns;
	const char *gateway;         /* or NULL */
	struct recipe_settings settings; /* anything else of systemd.network(5), section by section */
	struct pos pos;
};

/* `firewall.interfaces`: ports that are open on some interfaces alone, and to some sources alone. */
struct recipe_opening {
	const char *interface;       /* a name, or the beginning of one and `*` */
	struct strv tcp, udp, from;  /* `from`: addresses, with or without a prefix length; none: everybody */
	struct pos pos;
};

/* `firewall.forward`: what is let through from one interface to another; interfaces as above, "*" is any. */
struct recipe_forward {
	const char *from, *to;
	struct strv tcp, udp;        /* none of both: all of it */
	struct pos pos;
};

/* `firewall.redirect`: what comes in goes to another machine. */
struct recipe_redirect {
	const char *on, *tcp, *udp;  /* interface, ports or ranges; one of the two may be NULL */
	const char *to;              /* address, or address and port */
	struct pos pos;
};

/* `firewall.rules`: rules of the recipe's own, in nft(8)'s words. */
struct recipe_rules {
	const char *name;
	const char *source, *text;   /* one of them */
	struct pos pos;
};

enum recipe_tristate { UNSET = -1, NO = 0, YES = 1 };

/* `units`: a drop-in when the unit comes from a package, else the whole unit. */
struct recipe_unit {
	const char *name;
	enum recipe_tristate enable; /* preset */
	bool mask;
	const char *user;            /* whose systemd has it; NULL: the system's */
	struct recipe_settings settings;
	struct pos pos, enable_pos, user_pos;
};

/* `sysctl`: a line of sysctl.d(5). */
struct recipe_sysctl {
	const char *key;             /* as written; begins with `-` when it may fail */
	const char *value;           /* NULL, of a key with `-` alone: not to be set by a key with wildcards */
	struct pos pos;
};

enum { TMPFILE_NO_MODE = 010000 };

/* `tmpfiles`: a line of tmpfiles.d(5). */
struct recipe_tmpfile {
	const char *path, *type;
	mode_t mode;                 /* or TMPFILE_NO_MODE */
	const char *user, *group, *age, *argument; /* or NULL */
	struct pos pos;
};

/* `quadlets`: a file of podman-systemd.unit(5). */
struct recipe_quadlet {
	const char *name;            /* "zeek.container" */
	enum recipe_tristate enable; /* started at boot; never UNSET in what recipe_load() gives */
	bool embed;                  /* its image travels inside the artifact … */
	const char *image;           /* … and this is its name, as podman writes it (reference.h); NULL without `embed` */
	const char *user;            /* who runs it; NULL: root */
	struct recipe_settings settings;
	struct pos pos;
};

/* `health`: one thing that must hold, within `timeout_ms` from when the machine is up. */
struct recipe_health {
	enum { HEALTH_UNIT, HEALTH_TCP, HEALTH_HTTP, HEALTH_COMMAND } type;
	const char *unit, *url;
	const char *user;            /* whose systemd has the unit; NULL: the system's */
	int64_t port, status;
	struct strv command;
	const char *timeout;         /* as written, or NULL */
	uint64_t timeout_ms;
	struct pos pos;
};

/* `tests`: a command of a running machine, and what is expected of it. Of no effect on the image, and so not in the plan. */
struct recipe_test {
	const char *name;            /* a sentence; never NULL in what recipe_load() gives */
	const char *shell;           /* text for /bin/sh -c, or NULL: */
	struct strv command;
	int64_t status;              /* exit status */
	const char *output, *matches; /* what its stdout has to contain; a POSIX extended regular expression for it; or NULL */
	const char *timeout;         /* as written, or NULL */
	uint64_t timeout_ms;
	struct pos pos;
};

struct recipe_hook {
	struct strv argv;
	struct pos pos;
};

/* `perMachine`: what no two machines may share. It is made on the first boot, and kept. */
struct recipe_own {
	const char *name;
	struct strv paths;           /* files or folders; the first of them tells whether all were made */
	struct strv make;            /* the command that makes them at these paths */
	const char *owner, *group;   /* NULL: as the command made them */
	mode_t mode;                 /* 0: as the command made them */
	struct strv before;          /* units that cannot be without it */
	struct pos pos;
};

/* A file that was read to make the recipe: the recipe itself, parents, modules, facts, partitions, sources, keys. */
struct recipe_input {
	const char *path;            /* host path, absolute */
	const char *name;            /* relative to the repository's root: the same on every host */
	char sha256[65];
	bool language;               /* read by the parser (recipe, partitions, facts); false: content named by the recipe */
};

struct recipe {
	const char *path;            /* as given */
	const char *root;            /* the repository's root (nearest folder with .git, else the recipe's own folder) */
	const char *name;
	unsigned kinds;              /* what may be built of it, of enum recipe_kind … */
	unsigned kind, default_kind; /* … what it was read as, and would have been if nobody had asked for a kind */

	const char *tools;           /* host path of the tools recipe (`tools:`), NULL in a tools recipe itself */
	const char *timezone;        /* "UTC" by default */
	struct strv kernel_args;     /* appended to the kernel command line */
	struct strv env;             /* environment variables that may be interpolated (`env:`) … */
	struct strv env_values;      /* … and what they were: `NAME=value`, or `NAME` when it was not set */

	struct recipe_repository distribution; /* url NULL when no base recipe named one */
	struct recipe_repository *repositories;
	struct recipe_package *packages;
	struct recipe_package *removed; /* what a file takes away from `packages`; another may have added it again */
	struct recipe_version *versions;
	struct recipe_registry *registries;
	struct recipe_download *downloads;
	struct recipe_file *files;
	struct recipe_user *users;
	struct recipe_group *groups;
	struct recipe_principals *principals;
	struct recipe_network *networks;
	struct recipe_unit *units;
	struct recipe_sysctl *sysctl;
	struct recipe_tmpfile *tmpfiles;
	struct recipe_quadlet *quadlets;
	struct recipe_health *health;
	struct recipe_test *tests;
	struct recipe_hook *configure; /* hooks.configure */
	struct recipe_own *own;      /* perMachine */
	struct recipe_secret *secrets;
	struct recipe_template *templates;
	struct recipe_recipient *recipients; /* of the machine, the newest first */
	struct recipe_leak_exception *leaks; /* what the search for secrets may find */
	struct recipe_disk *disks;
	struct recipe_vg *vgs;       /* lvm_vg */
	struct recipe_array *arrays; /* mdadm */
	struct recipe_nodev *nodevs; /* nodev */
	struct recipe_mount *mounts; /* all that the disks and nodev mount */
	size_t n_repositories, n_registries, n_packages, n_removed, n_versions, n_downloads, n_files, n_users, n_groups,
	    n_principals, n_networks, n_units, n_sysctl, n_tmpfiles, n_quadlets, n_health, n_tests, n_configure, n_own,
	    n_secrets, n_templates, n_recipients, n_leaks, n_disks, n_vgs, n_arrays, n_nodevs,
	    n_mounts;

	const char *ssh_ca;          /* host path of the user CA's public keys, or NULL */
	struct pos ssh_ca_pos;       /* where it is named */
	struct strv firewall_tcp, firewall_udp; /* ports or ranges "8000-8100", decimal */
	struct recipe_opening *openings;       /* firewall.interfaces … */
	struct recipe_forward *forwards;
	struct recipe_redirect *redirects;
	struct recipe_rules *rules;
	size_t n_openings, n_forwards, n_redirects, n_rules;
	struct strv masquerade;                /* interfaces */
	struct strv state;           /* what must survive a reimage */
	struct strv exclude;         /* globs of paths that packages must not install (`exclude:`), dpkg's path-exclude */
	struct strv include;         /* exceptions from them, dpkg's path-include */
	struct recipe_inclusion *include_of;   /* exceptions in the layer of such a package … */
	struct recipe_inclusion *include_with; /* … and in all layers */
	size_t n_include_of, n_include_with;
	struct strv modules_load;    /* kernel modules to load at boot */

	struct proxmox proxmox;      /* where the machine runs … */
	struct recipe_guard guard;   /* … and what is done when it stays bad */

	struct recipe_input *inputs; /* sorted by name */
	size_t n_inputs;
	const struct node *words;    /* what all this was read from, for recipe_place(); NULL: nothing is known of places */
};

struct recipe_options {
	bool allow_outside;          /* --allow-outside: own files may lie outside the repository */
	unsigned kind;               /* the kind asked for (checked against `kinds:`), 0: the first one it names */
};

/* Whether every Debian system has the user, or the group, with a number that never changes (base-passwd). */
bool recipe_system_user(const char *name);
bool recipe_system_group(const char *name);

/* All of these users, or groups; not to be changed. */
struct strv recipe_system_accounts(bool users);

/* A kind by its name in recipes ("vm", "lxc", "tools"; 0 for no such kind), and the other way round. */
unsigned recipe_kind(const char *name);
const char *recipe_kind_name(unsigned kind);

/* The disk with the role ("system", "state"); NULL when there is none. */
const struct recipe_disk *recipe_disk(const struct recipe *recipe, const char *role);

/* Whether the recipe opens ports; and whether it says more of its firewall than a hypervisor's could do in its place. */
bool recipe_opens(const struct recipe *recipe);
bool recipe_routes(const struct recipe *recipe);

/* What tells files of the recipe's kind from those of its others: "" for the kind that it names first, ".lxc" for a further
 * one; in `arena`. */
const char *recipe_suffix(struct arena *arena, const struct recipe *recipe);

/* The keys that podman-systemd.unit(5) has for a section of its own; in `arena`. Those of one version may be fewer. */
struct strv recipe_quadlet_keys(struct arena *arena, const char *section);

/* The repository that the file with this absolute path is in: the nearest folder with `.git`, else its own. In `arena`. */
const char *recipe_root_of(struct arena *arena, const char *path);

/* The same for the current folder. */
int recipe_root_here(struct arena *arena, const char **ret_root, struct err *err);

/* Reads `path` and all it names. On failure `err` holds every problem of the file that was found, with positions. */
int recipe_load(struct arena *arena, const char *path, const struct recipe_options *options, struct recipe **ret_recipe,
		struct err *err);

/* Where a value stands: `keys` lead to it from the recipe's first level, ended by NULL; `word` is one of it where it is a list
 * (NULL: the value itself). Where nobody wrote it (a default), the place of the nearest key that was written; the file alone,
 * without a line, when there is none. */
struct pos recipe_place(const struct recipe *recipe, const char *const *keys, const char *word);

/* The digest of what the recipe asks of archives and other servers, as the lock records it: the distribution,
 * repositories, packages with their origin, where downloads come from, and the container images to embed. A recipe may
 * say what it likes about files and units and still be the one that was locked. 64 hex digits in `arena`. */
const char *recipe_digest(struct arena *arena, const struct recipe *recipe);

/* The JSON Schema (draft 2020-12) of the language, generated from the table that the parser walks; in `arena`. */
const char *recipe_schema(struct arena *arena);

#endif
