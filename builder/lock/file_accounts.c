/* Accounts of a lock's text. */
#include <errno.h>
#include <string.h>

#include "lock/file_values.h"
#include "recipe/recipe.h"

static bool file_accounts_account_ok(const char *name)
{
	size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");

	return length && !name[length] && length <= 31 && !strchr("0123456789-", *name);
}

static int file_accounts_read_account(struct lock_reader *reader, const struct node *node, struct lock_account *account)
{
	static const char *const known[] = {"id", "packages", NULL};
	const struct node *map, *packages;
	uint64_t id;
	int r;

	if ((r = lock_file_get_map(reader, node, NULL, known, &map)) < 0 ||
	    (r = lock_file_get_size(reader, map, "id", &id)) < 0)
		return r;
	if (id < ACCOUNT_ID_MIN || id > ACCOUNT_ID_MAX)
		return lock_file_refuse(reader, node_get(map, "id"), "id", "a number from 100 to 59999");
	account->id = (int64_t)id;
	for (size_t i = 0; i + 1 < reader->lock->n_accounts; i++)
		if (reader->lock->accounts[i].id == account->id)
			return lock_file_refuse(reader, node_get(map, "id"), "id", "nobody else's");
	packages = node_get(map, "packages");
	if (packages && packages->type != NODE_LIST)
		return lock_file_refuse(reader, packages, "packages", "a list");
	for (size_t i = 0; packages && i < packages->count; i++) {
		if (packages->items[i]->type != NODE_SCALAR || !debian_name_ok(packages->items[i]->text))
			return lock_file_refuse(reader, packages->items[i], "packages", "a list of names of packages");
		strv_push(reader->arena, &account->packages, packages->items[i]->text);
	}
	return 0;
}

int lock_file_read_accounts(struct lock_reader *reader, const struct node *top)
{
	struct lock *lock = reader->lock;
	const struct node *map;
	int r = lock_file_get_map(reader, top, "accounts", NULL, &map);

	lock->numbered = map != NULL;
	for (size_t i = 0; r == 0 && map && i < map->count; i++) {
		struct lock_account *account = arena_push(reader->arena, lock->accounts, lock->n_accounts);

		account->name = map->keys[i];
		if (!file_accounts_account_ok(account->name) || (i && strcmp(map->keys[i - 1], account->name) >= 0))
			return err_at(reader->err, -EINVAL, &map->key_pos[i], NULL,
				      "'%s' is not the name of an account, or is out of order: accounts are sorted by name",
				      account->name);
		r = file_accounts_read_account(reader, map->items[i], account);
	}
	return r;
}
