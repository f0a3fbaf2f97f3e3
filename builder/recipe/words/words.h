/* The words of the recipe language. Each file here has one topic: what its words look like (the schema), how they are
 * read where a table cannot say it, and the rules that concern more than one of them. recipe/schema.c has the row of
 * each in the recipe. */
#ifndef RECIPE_WORDS_WORDS_H
#define RECIPE_WORDS_WORDS_H

#include <errno.h>

#include "base/buf.h"
#include "recipe/decode.h"
#include "recipe/interpolate.h"
#include "recipe/problem.h"
#include "recipe/recipe.h"
#include "recipe/schema.h"
#include "recipe/source_file.h"

#define WORD_OF(struct_, member) offsetof(struct struct_, member)
#define WORD_END {0}

/* --- common.c -------------------------------------------------------------------------------------------------------- */

/* One part of an absolute path: neither empty, nor `.`, nor `..`. */
#define WORD_PATH_PART "([^/.[:cntrl:]][^/[:cntrl:]]*|\\.[^/.[:cntrl:]][^/[:cntrl:]]*|\\.\\.[^/[:cntrl:]]+)"

extern const struct rule word_rule_name, word_rule_account, word_rule_owner, word_rule_path, word_rule_line, word_rule_word,
	word_rule_url, word_rule_unit, word_rule_duration;
extern const struct schema word_any, word_text, word_line, word_list, word_plain_list, word_bool, word_tristate,
	word_mode, word_file, word_url, word_urls, word_account, word_owner, word_image_path, word_image_paths, word_duration;

/* What is run without a shell is a program by its path: 0, or -EINVAL with the problem at `pos`. */
int word_check_program(struct decoder *decoder, const struct pos *pos, const char *path, const struct strv *command);

/* --- sections.c ------------------------------------------------------------------------------------------------------ */

enum word_file { WORD_UNIT, WORD_QUADLET, WORD_NETWORK };

/* All sections of files of a sort, for a suggestion; NULL-terminated. */
extern const char *const word_unit_sections[], *const word_quadlet_sections[], *const word_network_sections[];

/* Sections that the file `name` cannot have, or not more than once, and keys with more values than they take. */
void word_check_sections(struct decoder *decoder, enum word_file file, const char *name,
			 const struct recipe_settings *settings, const char *path);

/* --- places.c -------------------------------------------------------------------------------------------------------- */

/* Tells what is wrong with putting something at `path` of the image: an error or a warning at `pos`, under `key_path`. */
void word_check_place(struct decoder *decoder, const struct pos *pos, const char *key_path, const char *path);

/* --- readers.c ------------------------------------------------------------------------------------------------------- */

/* Warns when whoever reads the folder of `path` will pass over this file because of its name, or of `mode`. */
void word_check_reader(struct decoder *decoder, const struct pos *pos, const char *key_path, const char *path, mode_t mode);

/* --- packages.c ------------------------------------------------------------------------------------------------ */

extern const struct schema word_distribution, word_repositories, word_packages, word_versions,
	word_globs, word_inclusions;

/* --- downloads.c ----------------------------------------------------------------------------------------------- */

extern const struct schema word_downloads;

/* --- auth.c ---------------------------------------------------------------------------------------------------- */

extern const struct schema word_auth, word_registries;

/* Holds what was read of an `auth` against its rules; `path` is that of what it stands in, whose node is `node`. */
void word_check_auth(struct decoder *decoder, struct recipe_auth *auth, const struct node *node, const char *path);

/* Refuses a URL with a user or password in it: it would stand in lock, plan and log. */
void word_check_url(struct decoder *decoder, const struct node *url, const char *path);

/* --- files.c --------------------------------------------------------------------------------------------------- */

extern const struct schema word_files;

/* Reads a file of the recipe's own that is text with names to put in; `ret_template` has all that interpolation asks. */
int word_read_template(struct decoder *decoder, const struct node *node, const char *path, struct template *ret_template,
		       struct buf *text);

/* --- trees.c --------------------------------------------------------------------------------------------------- */

/* Trees of values that are written as a file's text: const char *. */
extern const struct schema word_json, word_yaml;

/* --- users.c --------------------------------------------------------------------------------------------------- */

extern const struct schema word_users, word_groups;

/* --- ssh.c ----------------------------------------------------------------------------------------------------- */

extern const struct schema word_ssh;

/* --- network.c ------------------------------------------------------------------------------------------------- */

extern const struct schema word_networks;

/* An IPv4 or IPv6 address; with its prefix length, when there has to be one. */
bool word_is_address(struct arena *arena, const char *text, bool prefixed);

/* Tells which of `words` are none; `list` is what they were read from, NULL when there are none. */
void word_check_addresses(struct decoder *decoder, const struct strv *words, const struct node *list, const char *path,
			  bool prefixed);

/* --- firewall.c ------------------------------------------------------------------------------------------------ */

extern const struct schema word_firewall;

/* --- units.c --------------------------------------------------------------------------------------------------- */

extern const struct schema word_units, word_hooks;

/* --- sysctl.c, tmpfiles.c -------------------------------------------------------------------------------------- */

extern const struct schema word_sysctl, word_tmpfiles;

/* --- disks.c --------------------------------------------------------------------------------------------------- */

extern const struct schema word_partitions;

/* --- quadlets.c ------------------------------------------------------------------------------------------------ */

extern const struct schema word_quadlets;

/* --- state.c --------------------------------------------------------------------------------------------------- */

extern const struct schema word_state;

/* Tells why `path` cannot be a mount point of a container, if so: an error at `pos`, under `key_path`. */
void word_check_mount_point(struct decoder *decoder, const struct pos *pos, const char *key_path, const char *path);

/* --- own.c ----------------------------------------------------------------------------------------------------- */

extern const struct schema word_own;

/* --- leaks.c --------------------------------------------------------------------------------------------------- */

extern const struct schema word_leaks;

/* --- recipients.c, secrets.c, templates.c ---------------------------------------------------------------------- */

extern const struct schema word_recipients, word_secrets, word_templates;

/* Names of secrets and templates; lists of units. */
extern const struct rule word_rule_secret;
extern const struct schema word_unit_names;

/* --- secrets_files.c ------------------------------------------------------------------------------------------- */

/* Reads the files of SOPS that `secrets` name, and holds each secret against its file. */
void word_check_sops(struct decoder *decoder, const struct node *map);

/* --- secrets_rules.c ------------------------------------------------------------------------------------------- */

/* What concerns several secrets and templates: names, paths, and whether the machine keeps what it opens them with. */
void word_check_secrets(struct decoder *decoder);

/* --- secrets_mentions.c ---------------------------------------------------------------------------------------- */

/* Warns of units whose words have a path where secrets are, but none of that name. */
void word_check_mentions(struct decoder *decoder);

/* --- health.c -------------------------------------------------------------------------------------------------- */

extern const struct schema word_health;

/* --- tests.c --------------------------------------------------------------------------------------------------- */

extern const struct schema word_tests;

/* --- proxmox.c, guard.c ---------------------------------------------------------------------------------------- */

extern const struct schema word_proxmox, word_guard;

/* --- arguments.c ----------------------------------------------------------------------------------------------- */

extern const struct schema word_arguments;

/* --- machine.c ------------------------------------------------------------------------------------------------- */

extern const struct schema word_kinds, word_vars, word_env, word_zone, word_modules, word_name;

/* Whether `path` is a place for people's homes: the machine keeps what is there. */
bool word_is_home(const struct recipe *recipe, const char *path);

#endif
