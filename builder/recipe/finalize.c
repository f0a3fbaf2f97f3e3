/* Defaults, and the rules that concern more than one value. */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "recipe/problem.h"
#include "recipe/stages.h"

/* The place of word `i` of a list, which may have been written as a word alone. */
static const struct pos *place_of(const struct node *list, size_t i)
{
	return list->type == NODE_LIST && i < list->count ? &list->items[i]->pos : &list->pos;
}

/* --- what is made, and of what --------------------------------------------------------------------------------------- */

static void check_distribution(struct decoder *decoder, const struct node *root)
{
	struct recipe_repository *distribution = &decoder->recipe->distribution;
	const struct node *node = node_get(root, "distribution");

	if (!node) {
		err_at(decoder->err, -EINVAL, &root->pos, "distribution", "no archive to take packages from");
		err_hint(decoder->err, "extend a recipe that names one: 'from: ../images/trixie.recipe'");
		return;
	}
	distribution->name = "debian";
	distribution->pos = node->pos;
}

static void make_env(struct decoder *decoder)
{
	struct recipe *recipe = decoder->recipe;

	strv_sort(&recipe->env);
	for (size_t i = 0; i < recipe->env.count; i++) {
		const char *name = recipe->env.items[i], *value = getenv(name);

		strv_push(decoder->arena, &recipe->env_values,
			  value ? arena_printf(decoder->arena, "%s=%s", name, value) : name);
	}
}

/* --- files ----------------------------------------------------------------------------------------------------------- */

static void check_file(struct decoder *decoder, const struct recipe_file *file)
{
	const char *path = problem_path(decoder->arena, "files", file->path);
	const struct recipe *recipe = decoder->recipe;

	if (problem_known(decoder, path))
		return;
	if (file->text && file->source) {
		err_at(decoder->err, -EINVAL, &file->pos, path, "both 'text' and 'source': one of them is the content");
		err_hint(decoder->err, "to give another file's entry new content, write '!replace' before the map");
	}
	if (!file->text && !file->source)
		err_at(decoder->err, -EINVAL, &file->pos, path, "expected a 'text' or a 'source'");
	for (size_t i = 0; i < recipe->n_files; i++)
		if (&recipe->files[i] != file && path_is_below(recipe->files[i].path, file->path)) {
			err_at(decoder->err, -EINVAL, &file->pos, path,
			       "a file here, but '%s' needs a folder of that name", recipe->files[i].path);
			return;
		}
}

/* --- users and access ------------------------------------------------------------------------------------------------ */

/* The accounts of Debian's base-passwd: on every system. */
static const char *const system_accounts[] = {
	"root", "daemon", "bin", "sys", "sync", "games", "man", "lp", "mail",
	"news", "uucp", "proxy", "www-data", "backup", "list", "irc", "_apt", "nobody",
};

static bool is_system_account(const char *name)
{
	for (size_t i = 0; i < sizeof system_accounts / sizeof *system_accounts; i++)
		if (strcmp(system_accounts[i], name) == 0)
			return true;
	return false;
}

static void check_user(struct decoder *decoder, struct recipe_user *user, size_t n_before)
{
	const char *path = problem_path(decoder->arena, "users", user->name);
	const struct recipe *recipe = decoder->recipe;

	if (!user->home)
		user->home = user->system ? "/nonexistent" : arena_printf(decoder->arena, "/home/%s", user->name);
	if (!user->shell)
		user->shell = user->system ? "/usr/sbin/nologin" : "/bin/bash";
	if (problem_known(decoder, path))
		return;
	if (is_system_account(user->name))
		err_at(decoder->err, -EINVAL, &user->pos, path, "'%s' is on every Debian system already", user->name);
	if (user->uid >= 0 && user->system != (user->uid < 1000))
		err_at(decoder->err, -EINVAL, &user->pos, path,
		       user->system ? "a system user's id is below 1000"
					: "a user's id is 1000 or more, but a 'system' user's");
	if (!user->system && !finalize_is_home(recipe, user->home)) {
		err_at(decoder->err, -EINVAL, &user->pos, path,
		       "the home folder '%s' does not lie on persistent storage", user->home);
		err_hint(decoder->err, "put it below /home or /var");
	}
	for (size_t i = 0; i < n_before && user->uid >= 0; i++)
		if (recipe->users[i].uid == user->uid)
			err_at(decoder->err, -EINVAL, &user->pos, path, "the id %" PRId64 " is that of '%s' already",
			       user->uid, recipe->users[i].name);
}

static void check_principals(struct decoder *decoder, const struct recipe_principals *principals)
{
	const struct recipe *recipe = decoder->recipe;
	const char **known = arena_array(decoder->arena, const char *, recipe->n_users + 1), *near;

	if (is_system_account(principals->user) || problem_known(decoder, "ssh.principals"))
		return;
	for (size_t i = 0; i < recipe->n_users; i++) {
		known[i] = recipe->users[i].name;
		if (strcmp(known[i], principals->user) == 0)
			return;
	}
	near = text_nearest(principals->user, known, recipe->n_users);
	err_at(decoder->err, -EINVAL, &principals->pos, "ssh.principals", "there is no user '%s'", principals->user);
	err_hint(decoder->err, near ? "did you mean '%s'?" : "add it to 'users'", near);
}

/* --- network --------------------------------------------------------------------------------------------------------- */

static void check_ports(struct decoder *decoder, const struct strv *ports, const struct node *list, const char *path)
{
	if (problem_known(decoder, path))
		return;
	for (size_t i = 0; i < ports->count; i++) {
		const char *dash = strchr(ports->items[i], '-');

		if (dash && atoi(dash + 1) <= atoi(ports->items[i]))
			err_at(decoder->err, -EINVAL, place_of(list, i), path, "the range '%s' does not ascend",
			       ports->items[i]);
	}
}

/* An IPv4 or IPv6 address; with its prefix length, when there has to be one. */
static bool is_address(struct arena *arena, const char *text, bool prefixed)
{
	const char *slash = strchr(text, '/');
	const char *address = slash ? arena_strndup(arena, text, (size_t)(slash - text)) : text;
	struct in6_addr binary;
	char *end = NULL;
	long most;

	if (inet_pton(AF_INET, address, &binary) == 1)
		most = 32;
	else if (inet_pton(AF_INET6, address, &binary) == 1)
		most = 128;
	else
		return false;
	if (!slash || !prefixed)
		return !slash && !prefixed;
	return slash[1] >= '0' && slash[1] <= '9' && strtol(slash + 1, &end, 10) <= most && !*end;
}

static void check_addresses(struct decoder *decoder, const struct strv *words, const struct node *list,
			    const char *path, bool prefixed)
{
	for (size_t i = 0; i < words->count; i++)
		if (!is_address(decoder->arena, words->items[i], prefixed))
			err_at(decoder->err, -EINVAL, place_of(list, i), path,
			       "expected an address like %s, found '%s'", prefixed ? "10.0.2.2/24" : "10.0.2.1",
			       words->items[i]);
}

static void check_network(struct decoder *decoder, const struct recipe_network *network, const struct node *node)
{
	const char *path = problem_path(decoder->arena, "networks", network->name);
	struct strv gateway = {(const char **)&network->gateway, network->gateway != NULL};

	if (problem_known(decoder, path))
		return;
	check_addresses(decoder, &network->addresses, node_get(node, "addresses"),
			problem_path(decoder->arena, path, "addresses"), true);
	check_addresses(decoder, &network->dns, node_get(node, "dns"), problem_path(decoder->arena, path, "dns"), false);
	check_addresses(decoder, &gateway, node_get(node, "gateway"), problem_path(decoder->arena, path, "gateway"),
			false);
}

/* --- units ---------------------------------------------------------------------------------------------------- */

static void check_unit(struct decoder *decoder, const struct recipe_unit *unit)
{
	if (unit->mask && unit->enable == YES)
		err_at(decoder->err, -EINVAL, &unit->pos, problem_path(decoder->arena, "units", unit->name),
		       "both enabled and masked: it can never start");
}

int finalize(struct decoder *decoder, const struct node *root)
{
	struct recipe *recipe = decoder->recipe;
	const struct node *firewall = node_get(root, "firewall"), *networks = node_get(root, "networks");

	if (!recipe->timezone)
		recipe->timezone = "UTC";
	finalize_kinds(decoder, root);
	check_distribution(decoder, root);
	make_env(decoder);
	finalize_disks(decoder, root);
	for (size_t i = 0; i < recipe->n_files; i++)
		check_file(decoder, &recipe->files[i]);
	finalize_downloads(decoder, root);
	for (size_t i = 0; i < recipe->n_users; i++)
		check_user(decoder, &recipe->users[i], i);
	for (size_t i = 0; i < recipe->n_principals; i++)
		check_principals(decoder, &recipe->principals[i]);
	check_ports(decoder, &recipe->firewall_tcp, node_get(firewall, "tcp"), "firewall.tcp");
	check_ports(decoder, &recipe->firewall_udp, node_get(firewall, "udp"), "firewall.udp");
	for (size_t i = 0; i < recipe->n_networks; i++)
		check_network(decoder, &recipe->networks[i], node_get(networks, recipe->networks[i].name));
	for (size_t i = 0; i < recipe->n_units; i++)
		check_unit(decoder, &recipe->units[i]);
	finalize_quadlets(decoder, root, recipe->kind);
	finalize_state(decoder, node_get(root, "state"));
	return err_result(decoder->err);
}
