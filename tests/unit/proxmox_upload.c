/* Storages, privileges, tasks and uploads, against a server that answers as Proxmox VE does. */
#include "suite.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fleet/proxmox/rights.h"
#include "fleet/proxmox/storage.h"
#include "fleet/proxmox/task.h"
#include "fleet/proxmox/upload.h"
#include "proxmoxes.h"
#include "scratch.h"
#include "server.h"
#include "shelves.h"

#define SAYS(status, body) "HTTP/1.1 " status "\r\nConnection: close\r\n\r\n" body
#define DATA(json) SAYS("200 OK", "{\"data\":" json "}")
#define API "/api2/json"
#define NODE API "/nodes/n"

static struct server server;
static struct access access_to;

static struct client client_of(const struct server_answer *answers, size_t n)
{
	server = server_start(answers, n, NULL);
	access_to = (struct access){.endpoint = server_url(&server, ""), .token = "a@pve!b=secret"};
	return (struct client){.arena = scratch_arena(),
			       .access = &access_to,
			       .major = 9,
			       .minor = 2,
			       .authorization = "Authorization: PVEAPIToken=a@pve!b=secret"};
}

/* --- storages ----------------------------------------------------------------------------------------------------------- */

static const struct {
	const char *answer;
	int code;
	const char *words;
} storages[] = {
	{DATA("{\"type\":\"dir\",\"content\":\"iso,import\",\"avail\":5000000000000,\"enabled\":1,\"active\":1,\"shared\":0}"),
	 0, ""},
	{DATA("{\"type\":\"dir\",\"content\":\"iso\",\"avail\":1,\"enabled\":1,\"active\":0}"), -ENOENT,
	 "the storage 'local' is not active on node n"},
	{DATA("{\"type\":\"dir\",\"content\":\"iso\",\"avail\":1,\"enabled\":0,\"active\":1}"), -ENOENT,
	 "is not active on node n"},
	{DATA("null"), -ENOENT, "is not active on node n"},
	{SAYS("500 storage 'local' does not exist", "{\"data\":null}"), -EREMOTEIO, "storage 'local' does not exist"},
};

START_TEST(a_storage_is_looked_at)
{
	const struct server_answer answer = {NODE "/storage/local/status", storages[_i].answer, 0, 0};
	struct client client = client_of(&answer, 1);
	struct storage storage = {0};
	struct err err = {0};

	proxmoxes_refused(storage_look(&client, "n", "local", &storage, &err), storages[_i].code, &err, storages[_i].words);
	if (storages[_i].code < 0)
		return;
	ck_assert_str_eq(storage.type, "dir");
	ck_assert_str_eq(storage.content, "iso,import");
	ck_assert_uint_eq(storage.available, UINT64_C(5000000000000));
	ck_assert(!storage.shared);
}
END_TEST

/* --- privileges --------------------------------------------------------------------------------------------------------- */

#define ALL_OF_VM                                                                                                              \
	"\"VM.Allocate\":1,\"VM.Audit\":0,\"VM.PowerMgmt\":1,\"VM.Config.Disk\":1,\"VM.Config.CPU\":1,"                        \
	"\"VM.Config.Memory\":1,\"VM.Config.Network\":1,\"VM.Config.Options\":1,\"VM.Config.HWType\":1,"                       \
	"\"VM.Config.CDROM\":1,\"VM.Config.Cloudinit\":1"
#define STORE "\"Datastore.AllocateTemplate\":1,\"Datastore.AllocateSpace\":1,\"Datastore.Audit\":1"
#define ASKED(what) API "/access/permissions?path=%2F" what

static const struct {
	unsigned major, uses;
	const char *of_vm, *of_images; /* the privileges there */
	const char *missing;	       /* NULL: none */
} rights[] = {
	{9, RIGHTS_UPLOAD | RIGHTS_VM | RIGHTS_AGENT,
	 "{\"/vms/200\":{" ALL_OF_VM ",\"VM.GuestAgent.Audit\":1,\"VM.GuestAgent.Unrestricted\":1}}",
	 "{\"/storage/images\":{" STORE "}}", NULL},
	{8, RIGHTS_UPLOAD | RIGHTS_VM | RIGHTS_AGENT, "{\"/vms/200\":{" ALL_OF_VM ",\"VM.Monitor\":1}}",
	 "{\"/storage/images\":{" STORE "}}", NULL},
	{9, RIGHTS_VM | RIGHTS_AGENT, "{\"/vms/200\":{" ALL_OF_VM ",\"VM.Monitor\":1}}", "{\"/storage/images\":{" STORE "}}",
	 "VM.GuestAgent.Audit, VM.GuestAgent.Unrestricted on /vms/200\n"},
	{8, RIGHTS_VM | RIGHTS_AGENT, "{\"/vms/200\":{" ALL_OF_VM "}}", "{\"/storage/images\":{" STORE "}}",
	 "VM.Monitor on /vms/200\n"},
	{9, RIGHTS_UPLOAD | RIGHTS_PRUNE, "{}", "{}",
	 "the token a@pve!b lacks privileges: Datastore.AllocateTemplate, Datastore.Audit, Datastore.Allocate on "
	 "/storage/images\n"},
	{9, RIGHTS_UPLOAD | RIGHTS_VM, "{}", "{\"/storage/images\":{\"Datastore.Audit\":1}}",
	 "the token a@pve!b lacks privileges: VM.Allocate, VM.Audit, VM.PowerMgmt, VM.Config.Disk, VM.Config.CPU, "
	 "VM.Config.Memory, "
	 "VM.Config.Network, VM.Config.Options, VM.Config.HWType, VM.Config.CDROM, VM.Config.Cloudinit on /vms/200; "
	 "Datastore.AllocateTemplate on /storage/images\n"},
	{9, RIGHTS_VM, "null", "null", "VM.Config.Cloudinit on /vms/200; Datastore.Audit on /storage/images\n"},
	{9, 0, "{}", "{}", NULL},
};

START_TEST(what_is_missing_is_told_all_at_once)
{
	const struct server_answer answers[] = {
		{ASKED("vms%2F200"), arena_printf(scratch_arena(), DATA("%s"), rights[_i].of_vm), 0, 0},
		{ASKED("storage%2Fimages"), arena_printf(scratch_arena(), DATA("%s"), rights[_i].of_images), 0, 0},
	};
	const struct rights_of of = {.vmid = 200, .images = "images"};
	struct client client = client_of(answers, 2);
	struct err err = {0};

	client.major = rights[_i].major;
	proxmoxes_refused(rights_check(&client, rights[_i].uses, &of, &err), rights[_i].missing ? -EACCES : 0, &err,
			  rights[_i].missing ? rights[_i].missing : "");
	ck_assert_ptr_null(strstr(server.log->head, "POST"));
}
END_TEST

START_TEST(who_may_not_ask_is_told_so)
{
	const struct server_answer answer = {ASKED("vms%2F200"), SAYS("401 authentication failure", ""), 0, 0};
	struct client client = client_of(&answer, 1);
	struct err err = {0};

	proxmoxes_refused(rights_check(&client, RIGHTS_VM, &(struct rights_of){.vmid = 200}, &err), -EACCES, &err,
			  "authentication failure");
}
END_TEST

/* --- tasks -------------------------------------------------------------------------------------------------------------- */

#define UPID "UPID:n:0:0:0:imgcopy::a@pve!b:"
#define TASK NODE "/tasks/UPID%3An%3A0%3A0%3A0%3Aimgcopy%3A%3Aa%40pve%21b%3A"
#define ENDED(verdict) DATA("{\"status\":\"stopped\",\"exitstatus\":\"" verdict "\"}")

static const struct {
	const char *first, *then; /* what its status is, and from the second time on */
	int code;
	const char *words;
} tasks[] = {
	{ENDED("OK"), NULL, 0, ""},
	{ENDED("WARNINGS: 2"), NULL, 0, ""},
	{DATA("{\"status\":\"running\"}"), ENDED("OK"), 0, ""},
	{SAYS("500 no such task", "{\"data\":null}"), ENDED("OK"), 0, ""},
	{SAYS("596 Connection refused", ""), ENDED("OK"), 0, ""},
	{SAYS("200 OK", "<html>a proxy that starts</html>"), ENDED("OK"), 0, ""},
	{ENDED("checksum mismatch: got \\u001b[1m'a'"), NULL, -EREMOTEIO,
	 "Proxmox: checksum mismatch: got  [1m'a'\n  the end of the task's log:\n  line 1\n  TASK ERROR: it\n"},
	{DATA("{\"status\":\"stopped\"}"), NULL, -EREMOTEIO, "Proxmox: no verdict"},
	{DATA("{\"status\":\"running\"}"), NULL, -ETIME,
	 "the task has not ended in 1 seconds\n  hint: it still runs on n: " UPID},
	{SAYS("401 authentication failure", ""), NULL, -EACCES, "authentication failure"},
};

START_TEST(a_tasks_own_verdict_counts)
{
	const struct server_answer answers[] = {
		{TASK "/status", tasks[_i].first, 0, 0},
		{TASK "/status", tasks[_i].then ? tasks[_i].then : tasks[_i].first, 2, 0},
		{TASK "/log?limit=0", DATA("[{\"n\":1,\"t\":\"line 1\"},{\"n\":2,\"t\":\"TASK ERROR: it\"}]"), 0, 0},
	};
	struct client client = client_of(answers, 3);
	struct err err = {0};

	proxmoxes_refused(task_wait(&client, UPID, 1, &err), tasks[_i].code, &err, tasks[_i].words);
}
END_TEST

START_TEST(what_names_no_task_is_not_waited_for)
{
	struct client client = client_of(NULL, 0);
	struct err err = {0};

	proxmoxes_refused(task_wait(&client, "UPID::", 1, &err), -EBADMSG, &err, "names no task of Proxmox");
	ck_assert_uint_eq(server.log->connections, 0);
}
END_TEST

static const struct {
	const char *list, *task;
} active[] = {
	{"[]", NULL},
	{"[{\"type\":\"vzdump\",\"id\":\"200\",\"user\":\"root@pam\"}]", "vzdump by root@pam"},
	{"[{\"type\":\"vzdump\",\"id\":\"200\",\"user\":\"root@pam\",\"endtime\":1795667093}]", NULL},
	{"[{\"type\":\"move_volume\",\"id\":\"200-mp0>201-mp0\",\"user\":\"a@b\"}]", "move_volume by a@b"},
	{"[{\"type\":\"move_volume\",\"id\":\"201-mp0>200-mp0\",\"user\":\"a@b\"}]", "move_volume by a@b"},
	{"[{\"type\":\"move_volume\",\"id\":\"201-mp200>2000-mp0\"},"
	 "{\"type\":\"aptupdate\",\"id\":\"\"},{}]", NULL},
	{"[{\"type\":\"vncproxy\",\"id\":\"200\",\"user\":\"root@pam\"}]", NULL},
	{"[{\"id\":\"200\"}]", "a task by somebody"},
	{"null", NULL},
};

START_TEST(somebody_else_at_work_is_named)
{
	const struct server_answer answer = {NODE "/tasks?source=active&limit=1000",
					     arena_printf(scratch_arena(), DATA("%s"), active[_i].list), 0, 0};
	struct client client = client_of(&answer, 1);
	const char *task = "";
	struct err err = {0};

	ck_assert_int_eq(task_active(&client, "n", 200, &task, &err), 0);
	ck_assert_pstr_eq(task, active[_i].task);
}
END_TEST

/* --- uploads ------------------------------------------------------------------------------------------------------------ */

#define STATUS(type, available)                                                                                                \
	DATA("{\"type\":\"" type "\",\"content\":\"iso,import\",\"avail\":" available ",\"enabled\":1,\"active\":1}")
#define ROOM STATUS("dir", "200000")
#define THERE(size) "[{\"volid\":\"local:import/%s\",\"size\":" size "}]" /* %s: the name */
#define STARTED DATA("\"" UPID "\"")

/* An upload of 100000 bytes to `local` of node n: what is answered, how it ends, and how often it was sent. */
static const struct upload_row {
	const char *status, *node; /* of the storage; of the node */
	const char *lists[3];	   /* of the storage, the first, second and third time; NULL: as before */
	const char *posts[2];	   /* to the upload; "": the connection is closed */
	const char *task;
	int code;
	const char *words;
	unsigned sent;
} uploads[] = {
	{ROOM, "{\"rootfs\":{\"avail\":100000}}", {"[]", THERE("100000")}, {STARTED}, ENDED("OK"), 0, "", 1},
	{ROOM, NULL, {"[]", THERE("100000")}, {STARTED}, ENDED("OK"), 0, "", 1},
	{ROOM, NULL, {THERE("100000")}, {STARTED}, ENDED("OK"), 0, "", 0},
	{ROOM, NULL, {THERE("99999"), THERE("100000")}, {STARTED}, ENDED("OK"), 0, "", 1}, /* one that was cut off */
	{ROOM, NULL, {"[]", THERE("99999")}, {STARTED}, ENDED("OK"), -EIO, "has another size", 1},
	{ROOM, NULL, {"[]"}, {STARTED}, ENDED("OK"), -EIO, "is not there", 1},
	{ROOM, NULL, {"[]"}, {STARTED}, ENDED("checksum mismatch"), -EREMOTEIO, "Proxmox: checksum mismatch", 1},
	{ROOM,
	 NULL,
	 {"[]"},
	 {SAYS("400 Parameter verification failed.", "{\"data\":null}")},
	 ENDED("OK"),
	 -EINVAL,
	 "Parameter verification failed.",
	 1},
	{STATUS("dir", "199999"), NULL, {"[]"}, {STARTED}, ENDED("OK"), -ENOSPC, "195.3 KiB are needed", 0},
	{STATUS("cephfs", "100000"), NULL, {"[]", THERE("100000")}, {STARTED}, ENDED("OK"), 0, "", 1},
	{STATUS("cephfs", "99999"), NULL, {"[]"}, {STARTED}, ENDED("OK"), -ENOSPC, "97.7 KiB are needed", 0},
	{ROOM, "{\"rootfs\":{\"avail\":99999}}", {"[]"}, {STARTED}, ENDED("OK"), -ENOSPC, "no room for 97.7 KiB", 0},
	{DATA("{\"type\":\"dir\",\"content\":\"iso\",\"avail\":200000,\"enabled\":1,\"active\":1}"),
	 NULL,
	 {"[]"},
	 {STARTED},
	 ENDED("OK"),
	 -ENOTSUP,
	 "pvesm set local --content iso,import",
	 0},
	/* an empty reply: it is there, it is not, it is not even the second time */
	{ROOM, NULL, {"[]", THERE("100000")}, {""}, ENDED("OK"), 0, "", 1},
	{ROOM, NULL, {"[]", "[]", THERE("100000")}, {"", STARTED}, ENDED("OK"), 0, "", 2},
	{ROOM, NULL, {"[]"}, {""}, ENDED("OK"), -EIO, "while uploading gateway/1 to node n", 2},
};

static const char *list_of(size_t row, size_t i, const char *name)
{
	const char *before = uploads[row].lists[i], *at = before ? strstr(before, "%s") : NULL;

	if (!at)
		return before ? arena_printf(scratch_arena(), DATA("%s"), before) : NULL;
	return arena_printf(scratch_arena(), DATA("%.*s%s%s"), (int)(at - before), before, name, at + 2);
}

static const struct generation *published(void)
{
	const char *image = shelves_published(scratch_arena(), scratch_path("out"), "key");
	struct generation *generation;
	struct err err = {0};

	ck_assert_msg(generation_find(scratch_arena(), scratch_path("out"), image, &generation, &err) == 0, "%s",
		      proxmoxes_said(&err));
	return generation;
}

/* All that the server says; returns how much that is. */
static size_t answers_of(size_t row, const char *name, struct server_answer answers[])
{
	static const char list[] = NODE "/storage/local/content?content=import", post[] = NODE "/storage/local/upload";
	const struct upload_row *upload = &uploads[row];
	size_t n = 0;

	answers[n++] = (struct server_answer){NODE "/storage/local/status", upload->status, 0, 0};
	if (upload->node)
		answers[n++] =
			(struct server_answer){NODE "/status", arena_printf(scratch_arena(), DATA("%s"), upload->node), 0, 0};
	answers[n++] = (struct server_answer){TASK "/status", upload->task, 0, 0};
	answers[n++] = (struct server_answer){TASK "/log?limit=0", DATA("[]"), 0, 0};
	answers[n++] = (struct server_answer){NODE "/tasks?source=active&typefilter=imgcopy", DATA("[]"), 0, 0};
	for (unsigned i = 0; i < 2 && upload->posts[i]; i++)
		answers[n++] = (struct server_answer){post, *upload->posts[i] ? upload->posts[i] : NULL, i + 1, SERVER_CLOSES};
	for (unsigned i = 0; i < 3 && upload->lists[i]; i++)
		answers[n++] = (struct server_answer){list, list_of(row, i, name), i + 1, 0};
	return n;
}

START_TEST(an_upload_ends)
{
	const struct upload_row *row = &uploads[_i];
	const struct upload_how how = {.node = "n", .storage = "local"};
	const struct generation *generation = published();
	struct server_answer answers[12];
	struct upload upload = {0};
	struct client client;
	struct err err = {0};
	bool skipped = false;
	const char *name;

	ck_assert_int_eq(upload_name(scratch_arena(), generation, false, &name, &err), 0);
	client = client_of(answers, answers_of((size_t)_i, name, answers));
	proxmoxes_refused(upload_generation(&client, generation, &how, &upload, &skipped, &err), row->code, &err, row->words);
	ck_assert_uint_eq(server_asked(&server, NODE "/storage/local/upload"), row->sent);
	if (row->code < 0)
		return;
	ck_assert_int_eq(skipped, row->sent == 0);
	ck_assert_str_eq(upload.volid, arena_printf(scratch_arena(), "local:import/%s", name));
	ck_assert_uint_eq(upload.size, 100000);
	ck_assert_ptr_nonnull(strstr(scratch_text("out/gateway/1/record.json"), upload.volid));
}
END_TEST

START_TEST(an_upload_is_a_form_as_the_servers_parser_wants_it)
{
	static const char *const parts[] = {
		"Content-Disposition: form-data; name=\"content\"\r\n\r\nimport\r\n",
		"Content-Disposition: form-data; name=\"checksum-algorithm\"\r\n\r\nsha256\r\n",
		"Content-Disposition: form-data; name=\"checksum\"\r\n\r\n",
		"Content-Disposition: form-data; name=\"filename\"; filename=\"gateway-1-",
	};
	const struct generation *generation = published();
	const struct upload_how how = {.node = "n", .storage = "local"};
	const struct server_answer answers[] = {
		{NODE "/storage/local/status", ROOM, 0, 0},
		{NODE "/storage/local/content?content=import", DATA("[]"), 0, 0},
		{NODE "/storage/local/upload", SAYS("500 it is full", "{\"data\":null}"), 0, 0},
	};
	struct client client = client_of(answers, 3);
	const char *at = server.log->body;
	struct upload upload;
	struct err err = {0};
	bool skipped;

	proxmoxes_refused(upload_generation(&client, generation, &how, &upload, &skipped, &err), -EREMOTEIO, &err,
			  "it is full");
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		at = strstr(at, parts[i]);
		ck_assert_msg(at != NULL, "%s\n%.1000s", parts[i], server.log->body);
	}
	ck_assert_uint_lt((size_t)(at - server.log->body),
			  4096); /* all headers of parts go out with the first bytes of the file */
	ck_assert_ptr_null(strstr(server.log->head, "Expect:"));
	ck_assert_ptr_nonnull(strstr(server.log->head, "\r\nContent-Length: "));
}
END_TEST

SUITE(proxmox_server, who_may_not_ask_is_told_so, what_names_no_task_is_not_waited_for,
      an_upload_is_a_form_as_the_servers_parser_wants_it)
LOOP_SUITE(proxmox_storages, a_storage_is_looked_at, sizeof storages / sizeof *storages)
LOOP_SUITE(proxmox_rights, what_is_missing_is_told_all_at_once, sizeof rights / sizeof *rights)
LOOP_SUITE(proxmox_tasks, a_tasks_own_verdict_counts, sizeof tasks / sizeof *tasks)
LOOP_SUITE(proxmox_active, somebody_else_at_work_is_named, sizeof active / sizeof *active)
LOOP_SUITE(proxmox_uploads, an_upload_ends, sizeof uploads / sizeof *uploads)
