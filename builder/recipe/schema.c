/* The recipe: the row of each word in it. What is below a word is in words/, by topics. */
#include "recipe/schema.h"

#include "recipe/words/words.h"

static const struct field parent_fields[] = {
	{"vm", &word_line, FIELD_EARLY, 0, 0, "parent recipe for virtual machines"},
	{"lxc", &word_line, FIELD_EARLY, 0, 0, "parent recipe for containers"},
	{"tools", &word_line, FIELD_EARLY, 0, 0, "parent recipe for a tree of tools"},
	WORD_END,
};
static const struct schema parent = {VALUE_RECORD, .fields = parent_fields, .or_file = true};
static const struct schema part = {.type = VALUE_RECIPE};

static const struct field recipe_fields[] = {
	{"from", &parent, FIELD_EARLY, 0, 0, "the recipe that this one extends, or one for each kind"},
	{"use", &word_list, FIELD_EARLY, 0, 0, "modules, merged in order after the parent and before the file itself"},
	{"facts", &word_list, FIELD_EARLY, 0, 0, "plain YAML files, merged in order, available as ${facts.…}"},
	{"vars", &word_vars, FIELD_EARLY, 0, 0, "values, available as ${vars.…}; in a module they are defaults"},
	{"env", &word_env, 0, WORD_OF(recipe, env), 0, "environment variables available as ${env.…}; part of the lock"},
	{"name", &word_name, FIELD_REQUIRED, WORD_OF(recipe, name), 0, "the machine's name"},
	{"kinds", &word_kinds, FIELD_REQUIRED | FIELD_WHOLE, 0, 0, "what can be built from the recipe"},
	{"distribution", &word_distribution, 0, WORD_OF(recipe, distribution), 0,
	 "the package archive of the distribution"},
	{"tools", &word_file, 0, WORD_OF(recipe, tools), 0, "path of the recipe whose programs build the image"},
	{"timezone", &word_zone, 0, WORD_OF(recipe, timezone), 0, "time zone (UTC)"},
	{"kernelArgs", &word_arguments, 0, WORD_OF(recipe, kernel_args), 0, "words appended to the kernel command line"},
	{"partitions", &word_partitions, 0, 0, 0, "disk layout: the path of a file, or a map like that of disko"},
	{"packages", &word_packages, 0, 0, 0, "Debian packages"},
	{"versions", &word_versions, 0, WORD_OF(recipe, versions), WORD_OF(recipe, n_versions),
	 "by package: the version that there has to be, with * and ?"},
	{"exclude", &word_globs, 0, WORD_OF(recipe, exclude), 0, "paths that packages do not install"},
	{"include", &word_globs, 0, WORD_OF(recipe, include), 0, "exceptions from `exclude`"},
	{"includeOf", &word_inclusions, 0, WORD_OF(recipe, include_of), WORD_OF(recipe, n_include_of),
	 "by package: exceptions from `exclude` for it and what is installed with it, when `packages` names it"},
	{"includeWith", &word_inclusions, 0, WORD_OF(recipe, include_with), WORD_OF(recipe, n_include_with),
	 "by package: exceptions from `exclude` for all packages, when `packages` names it"},
	{"repositories", &word_repositories, 0, WORD_OF(recipe, repositories), WORD_OF(recipe, n_repositories),
	 "additional package archives"},
	{"registries", &word_registries, 0, WORD_OF(recipe, registries), WORD_OF(recipe, n_registries),
	 "registries of container images that want to know who asks, by host"},
	{"downloads", &word_downloads, 0, WORD_OF(recipe, downloads), WORD_OF(recipe, n_downloads),
	 "files that are in no package, locked by digest"},
	{"files", &word_files, 0, WORD_OF(recipe, files), WORD_OF(recipe, n_files), "files by their path in the image"},
	{"users", &word_users, 0, WORD_OF(recipe, users), WORD_OF(recipe, n_users), "users by name"},
	{"groups", &word_groups, 0, WORD_OF(recipe, groups), WORD_OF(recipe, n_groups), "groups by name"},
	{"ssh", &word_ssh, 0, 0, 0, "who may log in"},
	{"firewall", &word_firewall, 0, 0, 0, "open ports"},
	{"networks", &word_networks, 0, WORD_OF(recipe, networks), WORD_OF(recipe, n_networks), "network interfaces"},
	{"units", &word_units, 0, WORD_OF(recipe, units), WORD_OF(recipe, n_units),
	 "systemd units; sections and keys as in systemd.unit(5)"},
	{"sysctl", &word_sysctl, 0, WORD_OF(recipe, sysctl), WORD_OF(recipe, n_sysctl),
	 "kernel settings; keys and values as in sysctl.d(5)"},
	{"tmpfiles", &word_tmpfiles, 0, WORD_OF(recipe, tmpfiles), WORD_OF(recipe, n_tmpfiles),
	 "what is made, changed or removed at boot, by path; as in tmpfiles.d(5)"},
	{"modulesLoad", &word_modules, 0, WORD_OF(recipe, modules_load), 0, "kernel modules loaded at boot"},
	{"quadlets", &word_quadlets, 0, WORD_OF(recipe, quadlets), WORD_OF(recipe, n_quadlets),
	 "Quadlet files; sections and keys as in podman-systemd.unit(5)"},
	{"state", &word_state, 0, WORD_OF(recipe, state), 0, "paths that must be kept when the image is replaced"},
	{"perMachine", &word_own, 0, WORD_OF(recipe, own), WORD_OF(recipe, n_own),
	 "what no two machines may share: made on the first boot, and kept"},
	{"recipients", &word_recipients, FIELD_WHOLE, 0, 0,
	 "public keys of the machine (age1…, ssh-ed25519 …), or files with them (keys/hosts/NAME.age)"},
	{"secrets", &word_secrets, 0, WORD_OF(recipe, secrets), WORD_OF(recipe, n_secrets),
	 "values that no image has: below /run/secrets of the machine, by name"},
	{"templates", &word_templates, 0, WORD_OF(recipe, templates), WORD_OF(recipe, n_templates),
	 "files with ${secrets.NAME} in them: below /run/secrets/rendered of the machine, by name"},
	{"leaks", &word_leaks, 0, 0, 0, "what the search for secrets may find in the image, and why"},
	{"health", &word_health, 0, 0, 0, "checks that must pass before an image counts as good"},
	{"tests", &word_tests, 0, 0, 0, "commands that `aether-build test` runs in a machine; not part of the image"},
	{"hooks", &word_hooks, 0, 0, 0, "commands that run while the image is built"},
	{"proxmox", &word_proxmox, 0, WORD_OF(recipe, proxmox), 0, "where the machine runs; not part of the image"},
	{"guard", &word_guard, 0, WORD_OF(recipe, guard), 0,
	 "when `aether-build guard` acts on a machine that stays bad; not part of the image"},
	{"vm", &part, FIELD_EARLY, 0, 0, "keys of a recipe that apply to virtual machines only"},
	{"lxc", &part, FIELD_EARLY, 0, 0, "keys of a recipe that apply to containers only"},
	WORD_END,
};
const struct schema schema_recipe = {VALUE_RECORD, .fields = recipe_fields};

int schema_check(struct decoder *decoder, const struct node *root)
{
	for (const struct field *field = recipe_fields; field->name; field++)
		if (field->schema->check)
			field->schema->check(decoder, root);
	return err_result(decoder->err);
}
