/* Public keys of OpenSSH, as sshd takes them and does not. */
#include "suite.h"

#include <string.h>

#include "recipe/sshkey.h"
#include "recipes.h"
#include "scratch.h"

#define ED "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDL76od0/ygyjNjUhBozJbZJAjaGK+7GXDM7I1PpOalo"
#define RSA \
	"ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQDBnvDCQ8swDh8h1Hkff2rNcBpqlgV12XaooupcZOsfONWgHedoaZvaLYLFLNxc" \
	"JWRu1VtElZnLW4Av9u5t9RFlt9QIppmehF1ciGJdeEwFM93hmh03q3emwp/J54z64Qtps9dEUH+LcjRy6pUh2vTvUk1b/e/1x2qt" \
	"E4M8vGypWw=="
#define P256 \
	"ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBP16w5pcKizwc++cCFuE0zbG1TYu" \
	"VGDFNMxlZsvleZEMA5c7SpA5Zftc7tDZRFJQoBCLuOYIAMeXTeal1A+vK50="
#define P384 \
	"ecdsa-sha2-nistp384 AAAAE2VjZHNhLXNoYTItbmlzdHAzODQAAAAIbmlzdHAzODQAAABhBAPoHlyajiHDWxk+wchN4L3pf+3R" \
	"dyLGzDO8M+UQjlMBEC1uKBFEkJohmB0qehsPoTG6zhWDU0sccg9IKd2KJfKO9DxqyVIS0mun56Wo7k70vUJ4+9ksmCzZHt8wdDYq" \
	"wg=="
#define P521 \
	"ecdsa-sha2-nistp521 AAAAE2VjZHNhLXNoYTItbmlzdHA1MjEAAAAIbmlzdHA1MjEAAACFBADsMq7rD82EW5o8V2J6YRbyQu49" \
	"IgoivHemx+bnNJvF2vy59/Oulox4bxm8cYI36rJGiCc979SBIqJif1jWW/tAEgEJ2ozAhIxgOhHm03nzrl2sIBHHlys6lu+qfGQj" \
	"emT5s8u4VUkGV5e99+yJ5IaD35bsIssyLYnfTpwLD7DPiGAqgw=="
#define SK_ED \
	"sk-ssh-ed25519@openssh.com AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29tAAAAIAABAgMEBQYHCAkKCwwNDg8QERITF" \
	"BUWFxgZGhscHR4fAAAABHNzaDo="
#define SK_P256 \
	"sk-ecdsa-sha2-nistp256@openssh.com AAAAInNrLWVjZHNhLXNoYTItbmlzdHAyNTZAb3BlbnNzaC5jb20AAAAIbmlzdHAyN" \
	"TYAAABBBP16w5pcKizwc++cCFuE0zbG1TYuVGDFNMxlZsvleZEMA5c7SpA5Zftc7tDZRFJQoBCLuOYIAMeXTeal1A+vK50AAAAEc" \
	"3NoOg=="

/* A line, and what it is without options allowed and with them: "" for a key, "-" for nothing, else how the problem
 * begins. */
static const struct row {
	const char *line, *alone, *options;
} rows[] = {
	{ED, "", ""}, {ED " anna@example", "", ""}, {"  " ED "\tanna and berta", "", ""}, {RSA " x", "", ""}, {P256, "", ""},
	{P384, "", ""}, {P521 " ca", "", ""}, {SK_ED, "", ""}, {SK_P256 " x", "", ""},
	{"", "-", "-"}, {"   ", "-", "-"}, {"# " ED, "-", "-"},

	{ED "\r", "its line ends as on Windows", "its line ends as on Windows"},
	{"\r", "its line ends as on Windows", "its line ends as on Windows"},
	{ED " \033[2J", "it has a control character", "it has a control character"},
	{"-----BEGIN OPENSSH PRIVATE KEY-----", "this is a private key", "this is a private key"},
	{"-----BEGIN EC PRIVATE KEY-----", "this is a private key", "this is a private key"},
	{"-----BEGIN PUBLIC KEY-----", "this is a key in PEM form", "this is a key in PEM form"},
	{"-----BEGIN RSA PUBLIC KEY-----", "this is a key in PEM form", "this is a key in PEM form"},
	{"-----BEGIN CERTIFICATE-----", "this is an X.509 certificate", "this is an X.509 certificate"},
	{"---- BEGIN SSH2 PUBLIC KEY ----", "this is a key in the form of RFC 4716", "this is a key in the form of RFC 4716"},
	{"PuTTY-User-Key-File-3: ssh-ed25519", "this is a private key of PuTTY", "this is a private key of PuTTY"},
	{"ssh-dss AAAAB3NzaC1kc3MAAACBAP", "this is a DSA key", "this is a DSA key"},
	{"1024 35 1234567890", "this is a key of version 1", "this is a key of version 1"},
	{"ssh-rsa-cert-v01@openssh.com AAAAHHNzaC1yc2EtY2VydC12MDFA c", "this is a certificate", "this is a certificate"},
	{"garbage", "'garbage' is not a type of key", "'garbage' is neither a type of key nor an option"},
	{"ssh-ed25518 AAAA", "'ssh-ed25518' is not a type of key", "'ssh-ed25518' is neither a type of key nor an option"},
	{"AAAAC3NzaC1lZDI1NTE5AAAAIDL7", "'AAAAC3", "'AAAAC3"},
	{"ssh-ed25519", "what follows its type is not base64", "what follows its type is not base64"},
	{"ssh-ed25519 AAAA", "its base64 text is not that of a key", "its base64 text is not that of a key"},
	{"ssh-ed25519 AAA!", "what follows its type is not base64", "what follows its type is not base64"},
	{"ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIDL76od0/ygyjNjUhBozJbZJAjaGK+7GXDM7I1PpOalo", "its base64 text is not that of",
	 "its base64 text is not that of"},
	{"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDL76od0/ygyjNjUhBozJbZJAjaGK+7GXDM7I1PpOQ==", "its base64 text is damaged",
	 "its base64 text is damaged"},
	{"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDL76od0/ygyjNjUhBozJbZJAjaGK+7GXDM7I1PpOaloYWJj", "its base64 text is damaged",
	 "its base64 text is damaged"},
	{"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDL76od0", "its base64 text is damaged", "its base64 text is damaged"},
	{"ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAQQDBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHB"
	 "wcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHB",
	 "an RSA key of 512 bits is not accepted", "an RSA key of 512 bits is not accepted"},

	{"cert-authority " ED " ca", "it has options ('cert-authority')", ""},
	{"restrict,command=\"echo \\\"a, b\\\"\" " ED, "it has options ('restrict,command=", ""},
	{"cert-authority,principals=\"a,b\" " ED, "it has options", ""},
	{"from=\"10.0.0.0/8,!10.0.0.1\",no-pty,expiry-time=\"20301231Z\" " ED, "it has options", ""},
	{"permitopen=\"a:1\",permitopen=\"b:2\",permitlisten=\"80\",environment=\"A=b\",tunnel=\"0\" " ED,
	 "it has options", ""},
	{"RESTRICT,x11-forwarding " ED, "it has options", ""},
	{"restrict", "'restrict' is not a type of key", "the key is missing"},
	{"restrict, " ED, "'restrict,' is not a type of key", "'' is neither"},
	{"restrict,,pty " ED, "'restrict,,pty' is not a type of key", "'' is neither"},
	{"restric " ED, "'restric' is not a type of key", "'restric' is neither a type of key nor an option"},
	{"command " ED, "'command' is not a type of key", "the option 'command' needs a value"},
	{"command=ls " ED, "'command=ls' is not a type of key", "the value of the option 'command' must be in double quotes"},
	{"command=\"ls " ED, "'command=\"ls' is not a type of key", "the quotes of the option 'command' do not end"},
	{"command=\"\" " ED, "'command", "the option 'command' expects something"},
	{"command=\"a\",command=\"b\" " ED, "'command", "the option 'command' comes twice"},
	{"command=\"a\"pty " ED, "'command", "after the option 'command' a comma or a blank"},
	{"pty=\"yes\" " ED, "'pty", "the option 'pty' has no value"},
	{"principals=\"a\" " ED, "'principals", "the option 'principals' means nothing without 'cert-authority'"},
	{"expiry-time=\"2030\" " ED, "'expiry-time", "the option 'expiry-time' expects YYYYMMDD"},
	{"environment=\"A\" " ED, "'environment", "the option 'environment' expects NAME=value"},
	{"permitopen=\"host\" " ED, "'permitopen", "the option 'permitopen' expects HOST:PORT"},
	{"restrict ssh-dss AAAA", "'restrict' is not a type of key", "'ssh-dss' is not a type of key"},
	{"restrict ssh-ed25519 AAAA", "'restrict' is not a type of key", "its base64 text is not that of a key"},
};

static void check(const struct row *row, bool options, const char *expected)
{
	struct sshkey key;
	int r = sshkey_read(scratch_arena(), row->line, options, &key);

	if (strcmp(expected, "-") == 0)
		ck_assert_msg(r == 1, "'%s' is nothing: %d", row->line, r);
	else if (!*expected)
		ck_assert_msg(r == 0 && key.type, "'%s' is a key: %s", row->line, key.problem ? key.problem : "?");
	else
		ck_assert_msg(r < 0 && key.problem && text_has_prefix(key.problem, expected), "'%s' (%d): %s", row->line,
			      options, key.problem ? key.problem : "it is accepted");
}

START_TEST(each_line_is_a_key_or_told)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		check(&rows[i], false, rows[i].alone);
		check(&rows[i], true, rows[i].options);
	}
}
END_TEST

START_TEST(what_was_meant_is_told)
{
	struct sshkey key;

	ck_assert_int_lt(sshkey_read(scratch_arena(), "cert-authority " ED " ca", false, &key), 0);
	ck_assert_str_eq(key.hint, "write the key alone: " ED " ca");
	ck_assert_int_lt(sshkey_read(scratch_arena(), "cert-autority " ED " ca", true, &key), 0);
	ck_assert_str_eq(key.hint, "did you mean 'cert-authority'?");
	ck_assert_int_eq(sshkey_read(scratch_arena(), "cert-authority,principals=\"a b\" " RSA, true, &key), 0);
	ck_assert_str_eq(key.options, "cert-authority,principals=\"a b\"");
	ck_assert_str_eq(key.type, "ssh-rsa");
	ck_assert(key.authority);
}
END_TEST

START_TEST(keys_of_a_recipe_are_checked_at_their_lines)
{
	const struct recipe *recipe =
		recipes_load("from: base.recipe\n"
			     "users: { aether: { authorizedKeys: ['restrict,pty " ED " a', '" RSA "'] } }\n");

	ck_assert_str_eq(recipe->users[0].authorized_keys.items[0], "restrict,pty " ED " a");
	ck_assert_uint_eq(recipe->users[0].authorized_keys.count, 2);
	recipes_refused("from: base.recipe\nusers:\n  aether:\n    authorizedKeys:\n"
			"      - " ED "\n      - ssh-ed25519 AAAA\n", 0,
			"x.recipe:6:9: users.aether.authorizedKeys: "
			"its base64 text is not that of a key of the type 'ssh-ed25519'\n"
			"  hint: copy the whole line of the .pub file\n");
	recipes_refused("from: base.recipe\nusers: { aether: { authorizedKeys: '# none' } }\n", 0,
			"x.recipe:2:36: users.aether.authorizedKeys: the key is missing");
}
END_TEST

SUITE(sshkey, each_line_is_a_key_or_told, what_was_meant_is_told, keys_of_a_recipe_are_checked_at_their_lines)
