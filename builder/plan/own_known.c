/* What is known of Debian's packages; see plan/own.h. Each row was taken from the scripts of the package: what they
 * make when it is not there is made here in the same way, with the same owner and mode. */
#include <stddef.h>

#include "plan/own.h"

#define IDENTITY "/var/lib/aether/identity/ssh_host_ed25519_key"
#define SHELL(text) {"/bin/sh", "-c", text}

const struct own_known own_known[] = {
	{
		"openssh-server", "ssh-host-key", {IDENTITY, IDENTITY ".pub"},
		SHELL("ssh-keygen -q -t ed25519 -N '' -C '' -f " IDENTITY " && chmod 644 " IDENTITY ".pub"),
		{"ssh.service"},
		{"/etc/ssh/sshd_config.d/05-host-key.conf", "# Made on the first boot, and kept.\nHostKey " IDENTITY "\n"},
	},
	{
		"ssl-cert", "ssl-cert-snakeoil",
		{"/etc/ssl/private/ssl-cert-snakeoil.key", "/etc/ssl/certs/ssl-cert-snakeoil.pem"},
		SHELL("name=$(hostname) && openssl req -x509 -newkey rsa:2048 -nodes -sha256 -days 3650 -subj \"/CN=$name\" "
		      "-addext \"subjectAltName=DNS:$name\" -keyout /etc/ssl/private/ssl-cert-snakeoil.key "
		      "-out /etc/ssl/certs/ssl-cert-snakeoil.pem 2>/dev/null && "
		      "chmod 644 /etc/ssl/certs/ssl-cert-snakeoil.pem && "
		      "chown root:ssl-cert /etc/ssl/private/ssl-cert-snakeoil.key && "
		      "chmod 640 /etc/ssl/private/ssl-cert-snakeoil.key"),
		{"postgresql@.service", "postfix.service", "dovecot.service"}, {0},
	},
	{
		"postgresql-#", "postgresql-#-main", {"/var/lib/postgresql/#/main"},
		SHELL("install -d -o postgres -g postgres -m 700 /var/lib/postgresql/#/main && cd / && "
		      "exec runuser -u postgres -- env LC_ALL=C.UTF-8 "
		      "/usr/lib/postgresql/#/bin/initdb -D /var/lib/postgresql/#/main "
		      "--auth-local=peer --auth-host=scram-sha-256 --no-instructions"),
		{"postgresql@.service", "postgresql.service"}, {0},
	},
	{
		"mariadb-server", "mariadb-system-tables",
		{"/var/lib/mysql/mysql", "/var/lib/mysql/performance_schema", "/var/lib/mysql/sys", "/var/lib/mysql/ibdata1",
		 "/var/lib/mysql/ib_logfile0", "/var/lib/mysql/aria_log.00000001", "/var/lib/mysql/aria_log_control",
		 "/var/lib/mysql/undo001", "/var/lib/mysql/undo002", "/var/lib/mysql/undo003", "/var/lib/mysql/ib_buffer_pool",
		 "/var/lib/mysql/mariadb_upgrade_info"},
		SHELL("cd / && TMPDIR= exec bash /usr/bin/mariadb-install-db --rpm --cross-bootstrap --user=mysql "
		      "--disable-log-bin --skip-test-db"),
		{"mariadb.service"}, {0},
	},
	{
		"rabbitmq-server", "rabbitmq-cookie", {"/var/lib/rabbitmq/.erlang.cookie"},
		SHELL("openssl rand -base64 -out /var/lib/rabbitmq/.erlang.cookie 42 && "
		      "chown rabbitmq:rabbitmq /var/lib/rabbitmq/.erlang.cookie && chmod 400 /var/lib/rabbitmq/.erlang.cookie"),
		{"rabbitmq-server.service"}, {0},
	},
	{
		"ejabberd", "ejabberd-certificate", {"/etc/ejabberd/ejabberd.pem"},
		SHELL("name=$(hostname) && openssl req -x509 -newkey rsa:2048 -nodes -sha256 -days 3650 -subj \"/CN=$name\" "
		      "-addext \"subjectAltName=DNS:$name\" -keyout /etc/ejabberd/key.new -out /etc/ejabberd/ejabberd.pem "
		      "2>/dev/null && cat /etc/ejabberd/key.new >>/etc/ejabberd/ejabberd.pem && rm /etc/ejabberd/key.new && "
		      "chown root:ejabberd /etc/ejabberd/ejabberd.pem && chmod 640 /etc/ejabberd/ejabberd.pem"),
		{"ejabberd.service"}, {0},
	},
	{
		"munge", "munge-key", {"/etc/munge/munge.key"},
		SHELL("mungekey -c && chown munge:munge /etc/munge/munge.key && chmod 600 /etc/munge/munge.key"),
		{"munge.service"},
		{"/usr/lib/systemd/system/munge.service.d/40-key.conf",
		 "# munged takes no link for its key.\n[Service]\nExecStart=\n"
		 "ExecStart=/usr/sbin/munged --key-file " OWN_FOLDER "/munge-key/munge.key $OPTIONS\n"},
	},
	{
		"bind9", "rndc-key", {"/etc/bind/rndc.key"},
		SHELL("rndc-confgen -a && chown bind:bind /etc/bind/rndc.key && chmod 640 /etc/bind/rndc.key"),
		{"named.service"}, {0},
	},
	{
		"nsd", "nsd-control-keys",
		{"/etc/nsd/nsd_control.key", "/etc/nsd/nsd_control.pem", "/etc/nsd/nsd_server.key", "/etc/nsd/nsd_server.pem"},
		{"/usr/sbin/nsd-control-setup"}, {"nsd.service"}, {0},
	},
	{
		"dropbear", "dropbear-host-keys",
		{"/etc/dropbear/dropbear_ed25519_host_key", "/etc/dropbear/dropbear_ecdsa_host_key",
		 "/etc/dropbear/dropbear_rsa_host_key"},
		SHELL("for type in ed25519 ecdsa rsa; do "
		      "dropbearkey -t $type -f /etc/dropbear/dropbear_${type}_host_key >/dev/null 2>&1 || exit 1; done"),
		{"dropbear.service"}, {0},
	},
	{
		"xrdp", "xrdp-keys", {"/etc/xrdp/rsakeys.ini"},
		SHELL("xrdp-keygen xrdp auto >/dev/null && chown xrdp /etc/xrdp/rsakeys.ini"), {"xrdp.service"}, {0},
	},
	{
		"open-iscsi", "iscsi-initiator-name", {"/etc/iscsi/initiatorname.iscsi"},
		SHELL("name=$(iscsi-iname -p iqn.1993-08.org.debian:01) && "
		      "printf 'InitiatorName=%s\\n' \"$name\" >/etc/iscsi/initiatorname.iscsi"),
		{"iscsid.service", "open-iscsi.service"}, {0},
	},
	{
		"nvme-cli", "nvme-host-names", {"/etc/nvme/hostnqn", "/etc/nvme/hostid"},
		SHELL("nvme gen-hostnqn >/etc/nvme/hostnqn && cat /proc/sys/kernel/random/uuid >/etc/nvme/hostid && "
		      "chmod 644 /etc/nvme/hostnqn /etc/nvme/hostid"),
		{"nvmf-autoconnect.service"}, {0},
	},
	{
		"slapd", "slapd-directory", {"/etc/ldap/slapd.d", "/var/lib/ldap/data.mdb", "/var/lib/ldap/lock.mdb"},
		SHELL("domain=$(hostname -d 2>/dev/null) || domain=; domain=${domain:-nodomain}; "
		      "base=dc=$(echo \"$domain\" | sed 's/\\./,dc=/g') && "
		      "password=$(slappasswd -s \"$(head -c 30 /dev/urandom | base64)\") && "
		      "install -d -m 755 /etc/ldap/slapd.d && sed -e \"s|@SUFFIX@|$base|g\" -e \"s|@PASSWORD@|$password|g\" "
		      "/usr/share/slapd/slapd.init.ldif | slapadd -F /etc/ldap/slapd.d -b cn=config && "
		      "printf 'dn: %s\\nobjectClass: top\\nobjectClass: dcObject\\nobjectClass: organization\\n"
		      "o: %s\\ndc: %s\\n' "
		      "\"$base\" \"$domain\" \"${domain%%.*}\" | slapadd -F /etc/ldap/slapd.d -b \"$base\" && "
		      "chown -R openldap:openldap /etc/ldap/slapd.d /var/lib/ldap"),
		{"slapd.service"}, {0},
	},
	{
		"freeradius-config", "freeradius-dh", {"/etc/freeradius/3.0/certs/dh"},
		SHELL("openssl dhparam -dsaparam -out /etc/freeradius/3.0/certs/dh 2048 2>/dev/null && "
		      "chown freerad:freerad /etc/freeradius/3.0/certs/dh && chmod 640 /etc/freeradius/3.0/certs/dh"),
		{"freeradius.service"}, {0},
	},
	{
		"popularity-contest", "popularity-contest-host",
		{"/etc/popularity-contest.conf", "/etc/cron.d/popularity-contest"},
		SHELL("umask 022 && id=$(tr -d - </proc/sys/kernel/random/uuid) && "
		      "printf 'MY_HOSTID=\"%s\"\\nPARTICIPATE=\"no\"\\nUSEHTTP=\"yes\"\\nDAY=\"%s\"\\n' "
		      "\"$id\" \"$(shuf -i 0-6 -n 1)\" >/etc/popularity-contest.conf && "
		      "printf '%s %s * * * root test -x %s && %s --crond\\n' \"$(shuf -i 0-59 -n 1)\" \"$(shuf -i 0-23 -n 1)\" "
		      "/etc/cron.daily/popularity-contest /etc/cron.daily/popularity-contest >/etc/cron.d/popularity-contest"),
		{0}, {0},
	},
	{
		"pacemaker-common", "pacemaker-key", {"/etc/pacemaker/authkey"},
		SHELL("head -c 4096 /dev/urandom >/etc/pacemaker/authkey && chgrp haclient /etc/pacemaker/authkey && "
		      "chmod 640 /etc/pacemaker/authkey"),
		{"pacemaker.service", "pacemaker_remote.service"}, {0},
	},
	{
		"corosync-qnetd", "qnetd-certificates", {"/etc/corosync/qnetd/nssdb"},
		SHELL("umask 022 && corosync-qnetd-certutil -i -G >/dev/null && cd /etc/corosync/qnetd/nssdb && "
		      "chgrp coroqnetd . cert9.db key4.db"),
		{"corosync-qnetd.service"}, {0},
	},
	{
		"courier-base", "courier-dhparams", {"/etc/courier/dhparams.pem"},
		SHELL("mkdhparams >/dev/null && chown root:courier /etc/courier/dhparams.pem && "
		      "chmod 640 /etc/courier/dhparams.pem"),
		{"courier-imap-ssl.service", "courier-pop-ssl.service", "courier-mta.service"}, {0},
	},
	{
		"courier-imap", "courier-imap-certificate", {"/etc/courier/imapd.pem"},
		SHELL("mkimapdcert >/dev/null && chown root:courier /etc/courier/imapd.pem && "
		      "chmod 640 /etc/courier/imapd.pem"),
		{"courier-imap-ssl.service"}, {0},
	},
	{
		"courier-pop", "courier-pop-certificate", {"/etc/courier/pop3d.pem"},
		SHELL("mkpop3dcert >/dev/null && chown root:courier /etc/courier/pop3d.pem && "
		      "chmod 640 /etc/courier/pop3d.pem"),
		{"courier-pop-ssl.service"}, {0},
	},
	{
		"quassel-core", "quassel-certificate", {"/var/lib/quassel/quasselCert.pem"},
		SHELL("cd / && runuser -u quasselcore -- openssl req -x509 -nodes -batch -days 680 -newkey rsa "
		      "-keyout /var/lib/quassel/quasselCert.pem -out /var/lib/quassel/quasselCert.pem 2>/dev/null"),
		{"quasselcore.service"}, {0},
	},
	{
		"phpmyadmin", "phpmyadmin-secret", {"/var/lib/phpmyadmin/blowfish_secret.inc.php"},
		SHELL("secret=$(head -c 24 /dev/urandom | base64) && "
		      "printf \"<?php\\n\\$cfg['blowfish_secret'] = '%s';\\n\" \"$secret\" "
		      ">/var/lib/phpmyadmin/blowfish_secret.inc.php && "
		      "chmod 640 /var/lib/phpmyadmin/blowfish_secret.inc.php && "
		      "chgrp www-data /var/lib/phpmyadmin/blowfish_secret.inc.php"),
		{0}, {0},
	},
	{
		"roundcube-core", "roundcube-configuration", {"/etc/roundcube/config.inc.php"},
		SHELL("key=$(head -c 18 /dev/urandom | base64) && "
		      "sed \"s|^\\(\\$config\\['des_key'\\] = \\).*|\\1'$key';|\" /usr/share/roundcube/config.inc.php.sample "
		      ">/etc/roundcube/config.inc.php && grep -qF \"$key\" /etc/roundcube/config.inc.php && "
		      "chmod 640 /etc/roundcube/config.inc.php && chgrp www-data /etc/roundcube/config.inc.php"),
		{0}, {0},
	},
	{
		"postfix", "postfix-aliases", {"/etc/aliases.db"}, {0}, {0},
		{"/usr/lib/systemd/system/postfix.service.d/40-aliases.conf",
		 "# Of /etc/aliases as it is now. None is in the image: two of them are not the same.\n"
		 "[Service]\nExecStartPre=+-/usr/bin/newaliases\n"},
	},
	{0},
};
