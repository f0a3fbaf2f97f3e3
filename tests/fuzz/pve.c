/* What the API of Proxmox says of machines, all of it the words of others: descriptions with a mark, configurations, drives, lines
 * of logs, names of files. What is written into a description is read out of it again, and nothing else of it changes; a machine
 * that was changed as settings_compare() says differs no more. */
#include "fleet/proxmox/drive.h"
#include "fleet/proxmox/mark.h"
#include "fleet/proxmox/settings.h"
#include "fleet/proxmox/task.h"
#include "fleet/proxmox/upload.h"
#include "fuzz.h"

/* --- marks -------------------------------------------------------------------------------------------------------------- */

static void ensure_same(const struct mark *a, const struct mark *b)
{
	ensure(strcmp(a->name, b->name) == 0 && a->now.number == b->now.number);
	ensure(strcmp(a->now.root_hash, b->now.root_hash) == 0 && strcmp(a->now.volume, b->now.volume) == 0);
	ensure(a->previous.number == b->previous.number);
	ensure(!a->previous.number || strcmp(a->previous.volume, b->previous.volume) == 0);
	ensure(strcmp(a->deploy, b->deploy) == 0);
	ensure(!*a->deploy || (strcmp(a->by, b->by) == 0 && a->since == b->since));
}

static void check_mark(struct arena *arena, const char *text)
{
	static const struct mark ours = {"gateway", {7, "ab12", "local:200/a"}, {6, "", "b"}, "id", "a@b} -->", "", 5, {0}};
	struct mark mark = mark_read(arena, text), again;
	const char *written = mark_write(arena, text, &mark), *other = mark_write(arena, written, &ours);

	again = mark_read(arena, written);
	ensure_same(&mark, &again);
	again = mark_read(arena, other);
	ensure_same(&again, &ours);
	ensure(strcmp(mark_write(arena, other, &mark), written) == 0);
}

/* --- configurations ------------------------------------------------------------------------------------------------------ */

static void check_drive(struct arena *arena, const char *text)
{
	struct drive drive = drive_parse(arena, text), again = drive_parse(arena, drive_print(arena, "local:x", &drive));

	ensure(strcmp(again.volid, "local:x") == 0 && again.options.count <= drive.options.count);
	ensure(!drive_option(&again, "size") && !drive_option(&again, "import-from") && !drive_option(&again, "file"));
	ensure(strlen(drive.volid) <= strlen(text));
}

/* The configuration after what is to be set and added. */
static struct config changed(struct arena *arena, const struct config *config, const struct settings_change *changes, size_t n)
{
	struct config all = {0};

	for (size_t i = 0; i < n; i++)
		if (changes[i].kind == SETTINGS_SET || changes[i].kind == SETTINGS_ADD)
			*arena_push(arena, all.entries, all.n_entries) = (struct config_entry){changes[i].key, changes[i].value};
	for (size_t i = 0; i < config->n_entries; i++)
		if (!config_get(&all, config->entries[i].key))
			*arena_push(arena, all.entries, all.n_entries) = config->entries[i];
	return all;
}

static void check_compare(struct arena *arena, const struct config *config, bool container)
{
	static struct proxmox_disk disks[] = {{"system", 2ULL << 30, "local", NULL, true, true, false, {0}},
					      {"state", 8ULL << 30, "local", "state", true, true, false, {0}},
					      {"data", 1ULL << 30, "local", "data", true, true, false, {0}}};
	static struct proxmox_mount mounts[] = {{"/srv", 1ULL << 30, "local", true, {0}}, {"/opt", 1ULL << 30, "local", true, {0}}};
	static struct proxmox_nic nics[] = {{.bridge = "vmbr0", .address = "10.0.0.2/24"}, {.bridge = "vmbr1", .vlan = 7}};
	static const struct proxmox words = {
		.node = "n", .vmid = 200, .storage = "local", .cores = 1, .memory = 1ULL << 30, .cpu = "host", .bios = "seabios",
		.disks = disks, .n_disks = 3, .rootfs = 8ULL << 30, .mounts = mounts, .n_mounts = 2, .nics = nics, .n_nics = 2,
		.search_domain = "a.example", .onboot = true, .agent = true, .order = 3,
	};
	struct settings_change *changes;
	struct config next;
	size_t n;

	changes = settings_compare(arena, &words, container, config, &n);
	next = changed(arena, config, changes, n);
	changes = settings_compare(arena, &words, container, &next, &n);
	for (size_t i = 0; i < n; i++)
		ensure(changes[i].kind != SETTINGS_SET && changes[i].kind != SETTINGS_ADD);
}

static void check_config(struct arena *arena, const struct jval *data)
{
	struct config config = config_read(arena, data), pending = config_read_pending(arena, data);
	const char *system = drive_system(arena, &config), *state = drive_state(arena, &config);
	struct strv volumes = config_volumes(arena, &config);

	ensure(!system || config_get(&config, system));
	ensure(!state || (config_get(&config, state) && (!system || strcmp(system, state) != 0)));
	ensure(volumes.count <= config.n_entries && pending.n_entries <= jval_count(data));
	for (size_t i = 0; i < config.n_entries; i++)
		check_drive(arena, config.entries[i].value);
	check_compare(arena, &config, false);
	check_compare(arena, &config, true);
}

static void check_answer(struct arena *arena, const char *text, size_t size)
{
	struct client client = {.arena = arena};
	struct http_answer answer = {.status = 200, .phrase = text, .body = {.data = (char *)text, .size = size}};

	for (unsigned status = 200; status <= 600; status += 100) {
		_cleanup_jval_ struct jval *data = NULL;
		struct err err = {0};
		int r;

		answer.status = status;
		r = client_read(&client, "GET /x", &answer, &data, &err);
		ensure((r == 0) == (err.count == 0) && (r == 0) == (data != NULL));
		err_free(&err);
	}
}

/* --- names -------------------------------------------------------------------------------------------------------------- */

static void check_names(struct arena *arena, const char *text)
{
	const char *recipe, *begin;
	unsigned number;
	int percent = task_percent(text);

	ensure(percent >= -1 && percent <= 100);
	if (upload_parse_name(arena, text, &recipe, &number) < 0)
		return;
	begin = arena_printf(arena, "%s-%u-", recipe, number);
	ensure(*recipe && number && text_has_prefix(text, begin));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_jval_ struct jval *value = NULL;
	char *text = fuzz_text(data, size);
	struct err err = {0};

	check_mark(arena, text);
	check_drive(arena, text);
	check_names(arena, text);
	check_answer(arena, text, size);
	if (jval_read("it", text, size, &value, &err) == 0)
		check_config(arena, value);
	err_free(&err);
	free(text);
	return 0;
}
