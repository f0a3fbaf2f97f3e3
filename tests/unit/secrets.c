/* What a secret looks like, and whose script has made it. */
#include "suite.h"

#include <string.h>

#include "scratch.h"
#include "tree/owners.h"
#include "tree/secrets.h"

START_TEST(what_no_two_machines_may_share_is_seen_whatever_package_it_is_of)
{
	static const struct {
		const char *path, *text;
		bool secret;
	} rows[] = {
		/* keys */
		{"/etc/a/key.pem", "-----BEGIN PRIVATE KEY-----\nMII\n", true},
		{"/etc/a/b", "# a comment\n-----BEGIN RSA PRIVATE KEY-----\nMII\n", true},
		{"/etc/ssh/x", "-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl\n", true},
		{"/root/k", "-----BEGIN PGP PRIVATE KEY BLOCK-----\n", true},
		{"/etc/e", "-----BEGIN ENCRYPTED PRIVATE KEY-----\n", true},
		{"/etc/age", "AGE-SECRET-KEY-1QQQQ\n", true},
		{"/etc/freeradius/certs/dh", "-----BEGIN DH PARAMETERS-----\nMIGLAoGBAK36\n", true},
		{"/etc/corosync/qnetd/nssdb/key4.db", "SQLite format 3\x01\xff", true},
		{"/var/lib/x/cache4.db", "SQLite format 3\x01\xff", false},
		{"/etc/munge/munge.key", "\x01\xff\x80\x02gibberish", true},
		{"/etc/dropbear/dropbear_rsa_host_key", "\x01\x02ssh-rsa", true},
		{"/etc/ssl/certs/a.pem", "-----BEGIN CERTIFICATE-----\nMIIDazCCAlOgAwIBAgIUJ3s\n-----END CERTIFICATE-----\n",
		 false},
		{"/etc/a.pub", "-----BEGIN PUBLIC KEY-----\nMII\n", false},
		{"/usr/share/doc/x", "-----BEGIN CERTIFICATE-----\nPRIVATE KEY is elsewhere\n", false},
		/* the whole file */
		{"/var/lib/rabbitmq/.erlang.cookie", "TVQSNCRPQUDMGBRBPJBZ", true},
		{"/var/lib/x/secret", "q3J9wZ0kP1rT7uVb8nXyA2sD4fG6hJ8k\n", true},
		{"/etc/nvme/hostid", "7c9e6679-7425-40de-944b-e07fc1f90ae7\n", true},
		{"/etc/x/id", "d510b1621bc747cb8faa36ff7496cddb\n", true},
		{"/etc/mailname", "gateway.home.example\n", false},
		{"/etc/timezone", "Europe/Berlin\n", false},
		{"/etc/debian_version", "13.2\n", false},
		{"/var/lib/x/version", "2024-11-05T10:11:12\n", false},
		{"/etc/shells", "/usr/bin/bash\n/usr/bin/rbash\n", false},
		/* what is called so */
		{"/etc/bind/rndc.key",
		 "key \"rndc-key\" {\n\tsecret \"yUE6IwCaBRYH7xFvfzSz+1ksEy98thjhl4S7pgfjTW0=\";\n};\n", true},
		{"/etc/roundcube/config.inc.php", "<?php\n$config['des_key'] = 'GaNWrBZT8+gOSUXSRc3J4NWh';\n", true},
		{"/var/lib/phpmyadmin/secret.php", "<?php\n$cfg['blowfish_secret'] = 'a2rT1\";M{[&W2yS40+Q*v#.';\n", true},
		{"/etc/x.php", "<?php\n$cfg['name'] = 'a2rT1\";M{[&W2yS40+Q*v#.X+*P%q!jL';\n", false},
		{"/etc/x.php", "<?php\n$cfg['pass_file'] = '/etc/My_App2/%u.{d}/pass';\n$a['salt'] = 'a short one';\n", false},
		{"/etc/x.php", "<?php\n# secret = 'a2rT1\";M{[&W2yS40+Q*v#.X+*P%q!jL'\n$secret = 'unfinished\n", false},
		{"/etc/ldap/slapd.d/mdb.ldif", "olcRootPW:: e1NTSEF9cVdJQkZ2d1dHMzRoUDJzd2hseVlsZVdDRURzbmQxODc=\n", true},
		{"/etc/backuppc/htpasswd", "backuppc:$apr1$Vt3cB5/5$iaXt6ViR8RN15H/oJBg1t0\n", true},
		{"/etc/a/users", "a: {SSHA}qWIBFvwWG34hP2swhlyYleWCEDsnd187\n", true},
		{"/etc/a/users", "a: $y$j9T$F5Jx5fExrKuPp53xLKQ..1$X3DX6M94c7o.9agCG9G317fhZg9SqC.5i5rd.RhAtQ7\n", true},
		{"/etc/a.sh", "echo $1$2 \"$6$HOME\"; x=$1$suffix\nscheme={SHA}\n", false},
		{"/etc/dbconfig-common/roundcube.conf", "dbc_dbuser='roundcube'\ndbc_dbpass='bE4U9jItoBz2'\n", true},
		{"/etc/popularity-contest.conf", "MY_HOSTID=\"d510b1621bc747cb8faa36ff7496cddb\"\n", true},
		{"/etc/iscsi/initiatorname.iscsi", "InitiatorName=iqn.1993-08.org.debian:01:41d5e4a7b82c09\n", false},
		{"/etc/app.yaml", "app:\n  secret_key: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b\n", true},
		{"/etc/wireguard/wg0.conf", "PrivateKey = yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=\n", true},
		{"/etc/app.conf", "# password = bE4U9jItoBz2Xq\npassword =\n", false},
		{"/etc/pam.d/common-password", "password\t[success=1 default=ignore]\tpam_unix.so obscure yescrypt\n", false},
		{"/etc/app.ini", "keyfile = /etc/ssl/private/ssl-cert-snakeoil.key\npasswd_file=/var/lib/app/passwd.db\n",
		 false},
		{"/etc/x.conf", "ssl_key_file = '/etc/ssl/private/ssl-cert-snakeoil.key'\ntoken_timeout = 300\n", false},
		{"/etc/passwd", "root:x:0:0:root:/root:/bin/bash\n", false},
		{"/etc/empty", "", false},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		ck_assert_msg((secrets_form(rows[i].path, rows[i].text, strlen(rows[i].text)) != NULL) == rows[i].secret,
			      "row %zu: %s", i, rows[i].path);
}
END_TEST

static const char *guess(const char *path)
{
	static struct owner_path paths[] = {
		{"/etc", "a"}, {"/etc", "b"}, {"/etc/munge", "munge"}, {"/etc/shared", "a"}, {"/etc/shared", "b"},
		{"/usr/bin/a", "a"},
	};
	static struct owner_script scripts[] = {
		{"rabbit", "chown x /var/lib/rabbit/cookie"}, {"one", "/etc/two.conf"}, {"two", "/etc/two.conf"},
		{"named", "f=long-name.conf; touch /etc/shared/$f"},
	};
	static const struct owners owners = {paths, scripts, 6, 4};

	return owners_guess(&owners, path);
}

START_TEST(a_file_is_laid_at_the_door_of_the_package_that_ships_it_names_it_or_has_its_folder)
{
	ck_assert_str_eq(guess("/usr/bin/a"), "a");
	ck_assert_str_eq(guess("/var/lib/rabbit/cookie"), "rabbit");
	ck_assert_str_eq(guess("/etc/munge/munge.key"), "munge");
	ck_assert_str_eq(guess("/etc/munge/below/it"), "munge");
	ck_assert_str_eq(guess("/etc/shared/long-name.conf"), "named");
	ck_assert_ptr_null(guess("/etc/shared/x"));
	ck_assert_ptr_null(guess("/etc/two.conf"));
	ck_assert_ptr_null(guess("/elsewhere"));
}
END_TEST

SUITE(secrets, what_no_two_machines_may_share_is_seen_whatever_package_it_is_of,
      a_file_is_laid_at_the_door_of_the_package_that_ships_it_names_it_or_has_its_folder)
