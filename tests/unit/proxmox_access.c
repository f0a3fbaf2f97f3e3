/* Where Proxmox is, and who we are to it: the user's file, the environment, the command line. */
#include "suite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "fleet/proxmox/access.h"
#include "proxmoxes.h"
#include "scratch.h"

#define TOKEN "aether@pve!build=12345678-1234-1234-1234-123456789abc"
#define URL "https://pve.home.example:8006"
#define COMPLETE "endpoint: " URL "\ntoken: '" TOKEN "'\n"

/* A file of mode 0600, and its path. */
static const char *put(const char *name, const char *text)
{
	const char *path = scratch_path(name);
	struct err err = {0};

	ck_assert_int_eq(folder_make(path_folder(scratch_arena(), path), 0755, &err), 0);
	ck_assert_int_eq(file_publish(path, text, strlen(text), 0600, &err), 0);
	return path;
}

/* A user with this file in his home; NULL: with none. */
static void begin(const char *file)
{
	static const char *const names[] = {"PROXMOX_VE_ENDPOINT", "PROXMOX_VE_API_TOKEN", "PROXMOX_VE_INSECURE",
					    "XDG_CONFIG_HOME"};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		unsetenv(names[i]);
	setenv("HOME", scratch(), 1);
	if (file)
		put(".config/aether-build/proxmox.yaml", file);
}

static struct access read_all(const struct access_options *options)
{
	struct access access;
	struct err err = {0};
	int r = access_read(scratch_arena(), options, &access, &err);

	ck_assert_msg(r == 0, "%s", proxmoxes_said(&err));
	return access;
}

static void check_refused(const struct access_options *options, int code, const char *words)
{
	struct access access;
	struct err err = {0};

	proxmoxes_refused(access_read(scratch_arena(), options, &access, &err), code, &err, words);
}

/* --- where the file is ------------------------------------------------------------------------------------------------ */

static const struct {
	const char *config, *home, *path;
} homes[] = {
	{NULL, "/users/a", "/users/a/.config/aether-build/proxmox.yaml"},
	{"/etc/x", "/users/a", "/etc/x/aether-build/proxmox.yaml"},
	{"/etc/x", NULL, "/etc/x/aether-build/proxmox.yaml"},
	{"", "/users/a", "/users/a/.config/aether-build/proxmox.yaml"},
	{"relative", "/users/a", "/users/a/.config/aether-build/proxmox.yaml"}, /* XDG Base Directory: to be ignored */
	{NULL, "", NULL},
	{NULL, NULL, NULL},
};

START_TEST(the_users_file_is_in_his_home)
{
	begin(NULL);
	unsetenv("HOME");
	if (homes[_i].config)
		setenv("XDG_CONFIG_HOME", homes[_i].config, 1);
	if (homes[_i].home)
		setenv("HOME", homes[_i].home, 1);
	ck_assert_pstr_eq(access_file(scratch_arena()), homes[_i].path);
}
END_TEST

START_TEST(who_has_neither_home_nor_file_is_told_of_the_environment)
{
	begin(NULL);
	unsetenv("HOME");
	check_refused(&(struct access_options){0}, -ENOENT, "PROXMOX_VE_ENDPOINT");
	setenv("PROXMOX_VE_ENDPOINT", URL, 1);
	check_refused(&(struct access_options){0}, -ENOENT, "PROXMOX_VE_API_TOKEN");
	setenv("PROXMOX_VE_API_TOKEN", TOKEN, 1);
	ck_assert_str_eq(read_all(&(struct access_options){0}).token, TOKEN);
}
END_TEST

/* --- the file --------------------------------------------------------------------------------------------------------- */

START_TEST(the_file_says_it_all)
{
	struct access access;

	begin(COMPLETE
	      "ca: /etc/ca.pem\nfingerprint: 'AA:BB'\nnodes: { smith: 'https://10.0.0.2:8006/', oracle: 'https://o' }\n");
	access = read_all(&(struct access_options){0});
	ck_assert_str_eq(access.endpoint, URL);
	ck_assert_str_eq(access.token, TOKEN);
	ck_assert_str_eq(access.trust.ca_file, "/etc/ca.pem");
	ck_assert_str_eq(access.trust.pin, "AA:BB");
	ck_assert(!access.trust.insecure);
	ck_assert_str_eq(access_of_node(&access, "smith"), "https://10.0.0.2:8006");
	ck_assert_str_eq(access_of_node(&access, "oracle"), "https://o");
	ck_assert_str_eq(access_of_node(&access, "neo"), URL);
}
END_TEST

/* What a file says beside a complete one or alone, and how it is refused. */
static const struct {
	const char *text;
	int code;
	const char *words;
} files[] = {
	{"", -ENOENT, "write 'endpoint: https://HOST:8006'"},
	{"# nothing\n", -ENOENT, "write 'endpoint: https://HOST:8006'"},
	{"endpoint: " URL "\n", -ENOENT, "there is no token for Proxmox"},
	{"token: '" TOKEN "'\n", -ENOENT, "the address of Proxmox is not known"},
	{"- a\n", -EINVAL, "expected a map"},
	{"text\n", -EINVAL, "expected a map"},
	{"{", -EINVAL, "proxmox.yaml:2:1:"},
	{COMPLETE "endpiont: x\n", -EINVAL, "did you mean 'endpoint'?"},
	{COMPLETE "node: {}\n", -EINVAL, "did you mean 'nodes'?"},
	{COMPLETE "somethingelse: x\n", -EINVAL, "known are endpoint, token, tokenFile, ca, fingerprint, insecure, nodes"},
	{COMPLETE "ca: [a]\n", -EINVAL, "ca: expected text"},
	{COMPLETE "nodes: [a]\n", -EINVAL, "nodes: expected a map from nodes to their end points"},
	{COMPLETE "nodes: { smith: [a] }\n", -EINVAL, "nodes: expected a URL"},
	{COMPLETE "nodes: { smith: 'http://x' }\n", -EINVAL, "'http://x' is not the address of a Proxmox API"},
	{"endpoint: " URL "\ntoken: nonsense\n", -EINVAL, "does not look like USER@REALM!NAME=SECRET"},
	{"endpoint: " URL "\ntokenFile: /nowhere/token\n", -ENOENT, "/nowhere/token"},
	{COMPLETE "insecure: ture\n", -EINVAL, "insecure: expected true or false"},
};

START_TEST(a_wrong_file_is_refused_with_what_is_wrong)
{
	begin(files[_i].text);
	check_refused(&(struct access_options){0}, files[_i].code, files[_i].words);
}
END_TEST

START_TEST(a_file_that_is_named_has_to_be_there)
{
	begin(COMPLETE);
	check_refused(&(struct access_options){.config = scratch_path("nowhere")}, -ENOENT, "nowhere");
	check_refused(&(struct access_options){.config = scratch()}, -EISDIR, scratch());
	ck_assert_str_eq(
		read_all(&(struct access_options){.config = put("other", "endpoint: https://other\ntoken: '" TOKEN "'\n")})
			.endpoint,
		"https://other");
}
END_TEST

/* --- modes ------------------------------------------------------------------------------------------------------------ */

static const struct {
	mode_t mode;
	bool good;
} modes[] = {{0600, true},  {0400, true},  {0700, true},  {0640, false},
	     {0604, false}, {0644, false}, {0660, false}, {0610, false}};

START_TEST(a_token_that_others_can_read_is_refused)
{
	const char *path, *token;

	begin(COMPLETE);
	path = scratch_path(".config/aether-build/proxmox.yaml");
	ck_assert_int_eq(chmod(path, modes[_i].mode), 0);
	token = put("token", TOKEN "\n");
	ck_assert_int_eq(chmod(token, modes[_i].mode), 0);
	if (modes[_i].good) {
		read_all(&(struct access_options){0});
		read_all(&(struct access_options){.token_file = token});
		return;
	}
	check_refused(&(struct access_options){0}, -EACCES, arena_printf(scratch_arena(), "run 'chmod 600 %s'", path));
	put(".config/aether-build/proxmox.yaml", "endpoint: " URL "\n");
	ck_assert_int_eq(chmod(path, modes[_i].mode), 0);
	check_refused(&(struct access_options){.token_file = token}, -EACCES,
		      arena_printf(scratch_arena(), "run 'chmod 600 %s'", token));
}
END_TEST

/* --- what wins -------------------------------------------------------------------------------------------------------- */

START_TEST(the_command_line_wins_over_the_environment_and_that_over_the_file)
{
	struct access_options options = {0};

	begin("endpoint: https://file\ntoken: 'a@b!file=1'\ntokenFile: /nowhere\n");
	ck_assert_str_eq(read_all(&options).endpoint, "https://file");
	ck_assert_str_eq(read_all(&options).token, "a@b!file=1");
	setenv("PROXMOX_VE_ENDPOINT", "", 1);
	setenv("PROXMOX_VE_API_TOKEN", "", 1);
	ck_assert_str_eq(read_all(&options).endpoint, "https://file");
	ck_assert_str_eq(read_all(&options).token, "a@b!file=1");
	setenv("PROXMOX_VE_ENDPOINT", "https://environment/", 1);
	setenv("PROXMOX_VE_API_TOKEN", "a@b!environment=1", 1);
	ck_assert_str_eq(read_all(&options).endpoint, "https://environment");
	ck_assert_str_eq(read_all(&options).token, "a@b!environment=1");
	options.endpoint = "https://option/api2/json";
	options.token_file = put("token", "a@b!option=1\r\nsecond line\n");
	ck_assert_str_eq(read_all(&options).endpoint, "https://option");
	ck_assert_str_eq(read_all(&options).token, "a@b!option=1");
}
END_TEST

START_TEST(a_home_is_found_in_the_file)
{
	begin("endpoint: " URL "\ntokenFile: ~/secret/token\nca: ~/ca.pem\n");
	put("secret/token", TOKEN);
	ck_assert_str_eq(read_all(&(struct access_options){0}).token, TOKEN);
	ck_assert_str_eq(read_all(&(struct access_options){0}).trust.ca_file, scratch_path("ca.pem"));
}
END_TEST

/* What the command line, the environment and the file say of trust, and what holds. */
static const struct {
	struct access_options options;
	const char *environment, *file, *ca, *pin;
	bool insecure;
} trusts[] = {
	{{0}, NULL, "", NULL, NULL, false},
	{{.insecure = true}, NULL, "", NULL, NULL, true},
	{{0}, "true", "", NULL, NULL, true},
	{{0}, "True", "", NULL, NULL, true}, /* as Go reads it */
	{{0}, "1", "", NULL, NULL, true},
	{{0}, "false", "insecure: true\n", NULL, NULL, false},
	{{0}, "", "insecure: true\n", NULL, NULL, true},
	{{0}, NULL, "insecure: false\n", NULL, NULL, false},
	{{0}, "true", "ca: /a\n", "/a", NULL, false},
	{{0}, NULL, "fingerprint: AA\ninsecure: true\n", NULL, "AA", false},
	{{.ca = "/b"}, NULL, "ca: /a\n", "/b", NULL, false},
	{{.fingerprint = "BB"}, "true", "fingerprint: AA\n", NULL, "BB", false},
	{{.fingerprint = "BB"}, NULL, "ca: /a\n", NULL, "BB", false},
	{{.ca = "/b"}, NULL, "fingerprint: AA\n", "/b", NULL, false},
	{{.insecure = true}, NULL, "ca: /a\nfingerprint: AA\n", NULL, NULL, true},
	{{.ca = "/b", .fingerprint = "BB"}, NULL, "insecure: true\n", "/b", "BB", false},
};

START_TEST(who_is_trusted_is_said_in_one_place)
{
	struct access access;

	begin(arena_printf(scratch_arena(), COMPLETE "%s", trusts[_i].file));
	if (trusts[_i].environment)
		setenv("PROXMOX_VE_INSECURE", trusts[_i].environment, 1);
	access = read_all(&trusts[_i].options);
	ck_assert_pstr_eq(access.trust.ca_file, trusts[_i].ca);
	ck_assert_pstr_eq(access.trust.pin, trusts[_i].pin);
	ck_assert_int_eq(access.trust.insecure, trusts[_i].insecure);
}
END_TEST

/* --- addresses and tokens --------------------------------------------------------------------------------------------- */

static const struct {
	const char *said, *url; /* url NULL: refused */
} urls[] = {
	{"https://pve:8006", "https://pve:8006"},
	{"https://pve:8006/", "https://pve:8006"},
	{"https://pve:8006///", "https://pve:8006"},
	{"https://pve:8006/api2/json", "https://pve:8006"},
	{"https://pve:8006/api2/json/", "https://pve:8006"},
	{"https://pve/behind/a/proxy/", "https://pve/behind/a/proxy"},
	{"https://api2.home.example:8006/api2/json", "https://api2.home.example:8006"},
	{"https://[fd00::2]:8006", "https://[fd00::2]:8006"},
	{"http://pve:8006", NULL},
	{"pve:8006", NULL},
	{"https://", NULL},
	{"https:///api2/json", NULL},
	{"https:///", NULL},
	{"https://u:p@pve", NULL},
	{"https://pve?x", NULL},
	{"https://pve#x", NULL},
	{"https://p ve", NULL},
	{"https://pve\r\nX: y", NULL},
	{"file:///etc/passwd", NULL},
};

START_TEST(an_address_is_one_of_https_and_nothing_else)
{
	const struct access_options options = {.endpoint = urls[_i].said};

	begin(COMPLETE);
	if (urls[_i].url)
		ck_assert_str_eq(read_all(&options).endpoint, urls[_i].url);
	else
		check_refused(&options, -EINVAL, "write it like https://pve.home.example:8006");
}
END_TEST

static const struct {
	const char *token;
	bool good;
} tokens[] = {
	{TOKEN, true},	       {"root@pam!a=b", true}, {"a@b!c=d=e", true},	  {"", false},
	{"aether@pve", false}, {"a@b!c", false},       {"a@b!c=", false},	  {"a@b!=d", false},
	{"a!b@c=d", false},    {"@b!c=d", false},      {"a@b=c!d", false},	  {"a@b!c=d e", false},
	{" a@b!c=d", false},   {"a@b!c=d\x01", false}, {"a@b!c=\xc3\xa4", false}, {"PVEAPIToken=a@b!c=d", false},
};

START_TEST(a_token_is_looked_at_before_it_is_sent)
{
	const struct access_options options = {.token_file = (begin(COMPLETE), put("token", tokens[_i].token))};

	if (tokens[_i].good)
		ck_assert_str_eq(read_all(&options).token, tokens[_i].token);
	else
		check_refused(&options, -EINVAL, "does not look like USER@REALM!NAME=SECRET");
}
END_TEST

static const char *descriptor(const char *path)
{
	return arena_printf(scratch_arena(), "%d", open(path, O_RDONLY));
}

START_TEST(a_token_comes_from_a_descriptor)
{
	static const char *const numbers[] = {"", "x", "3x", "-1", "99999999999", " "};
	int pipes[2];

	begin("endpoint: " URL "\n");
	ck_assert_str_eq(read_all(&(struct access_options){.token_fd = descriptor(put("token", TOKEN "\n"))}).token, TOKEN);
	ck_assert_int_eq(pipe(pipes), 0);
	ck_assert_int_eq(write(pipes[1], TOKEN, strlen(TOKEN)), (ssize_t)strlen(TOKEN));
	close(pipes[1]);
	ck_assert_str_eq(read_all(&(struct access_options){.token_fd = arena_printf(scratch_arena(), "%d", pipes[0])}).token,
			 TOKEN);
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
		check_refused(&(struct access_options){.token_fd = numbers[i]}, -EINVAL, "expected the number of an open file");
	check_refused(&(struct access_options){.token_fd = "1000"}, -EBADF, "descriptor 1000");
	check_refused(&(struct access_options){.token_fd = descriptor("/dev/null")}, -EINVAL, "does not look like");
	check_refused(&(struct access_options){.token_fd = descriptor("/dev/zero")}, -EINVAL, "does not look like");
}
END_TEST

SUITE(proxmox_access, who_has_neither_home_nor_file_is_told_of_the_environment, the_file_says_it_all,
      a_file_that_is_named_has_to_be_there, the_command_line_wins_over_the_environment_and_that_over_the_file,
      a_home_is_found_in_the_file, a_token_comes_from_a_descriptor)
LOOP_SUITE(proxmox_homes, the_users_file_is_in_his_home, sizeof homes / sizeof *homes)
LOOP_SUITE(proxmox_files, a_wrong_file_is_refused_with_what_is_wrong, sizeof files / sizeof *files)
LOOP_SUITE(proxmox_modes, a_token_that_others_can_read_is_refused, sizeof modes / sizeof *modes)
LOOP_SUITE(proxmox_trusts, who_is_trusted_is_said_in_one_place, sizeof trusts / sizeof *trusts)
LOOP_SUITE(proxmox_urls, an_address_is_one_of_https_and_nothing_else, sizeof urls / sizeof *urls)
LOOP_SUITE(proxmox_tokens, a_token_is_looked_at_before_it_is_sent, sizeof tokens / sizeof *tokens)
