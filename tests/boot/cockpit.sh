#!/bin/bash
# budget: 60
# deadline: 900
# recipes/cockpit.recipe boots; its page lets in who has a password of the page's, with a certificate that stays.
. "${SOURCE:=$PWD}/tests/lib.sh"
. "$SOURCE/tests/boot/lib.sh"
. "$SOURCE/tests/fleet.sh"
need age age-keygen
PORTS=(22 39090)

page() {
	echo "https://127.0.0.1:$(port cockpit 39090)"
}

# The session has to begin as well: its bridge is a program of the user's.
logs_in() {
	serves cockpit "$(page)/cockpit/login" csrf-token --cacert "$WORK/page.crt" -u "aether:$1"
}

is_refused() {
	[[ $(curl -sS -m 20 --cacert "$WORK/page.crt" -u "$1" -o "$WORK/refusal" -w '%{http_code}' \
		"$(page)/cockpit/login") == 401 ]] ||
		{ cat "$WORK/refusal"; return 1; }
}

# What anybody sees of the certificate, and what is kept of it.
certificate_stays() {
	in_guest cockpit cat /var/lib/cockpit/ws-certs.d/0-self-signed.cert >"$WORK/page.crt" &&
		in_guest cockpit '! test -e /etc/cockpit/ws-certs.d || test -L /etc/cockpit/ws-certs.d'
}

need_image cockpit
trap cut_all_power EXIT
make_certificates "$IMAGE_REPO/keys/ssh-user-ca"
new_machine cockpit
start cockpit 10.0.2.15 -device virtio-blk-pci,drive=disk
ok "a certificate for principal admin logs in" wait_for_ssh cockpit
ok "all is well but that its secrets have not come" awaits_secrets cockpit
ok "the page answers" serves cockpit "$(page)/" 'The estate' -k
ok "its certificate is on the state partition" certificate_stays
ok "without passwords nobody is let in" is_refused aether:aether
ok "its secrets are sent" give_secrets cockpit ".cockpit.passwd = \"aether:$(openssl passwd -6 'a good one')\\n\""
ok "who has a password is let in" logs_in 'a good one'
ok "who has another one is not" is_refused 'aether:a bad one'
ok "root is not" is_refused 'root:a good one'
ok "nothing has failed" is_running cockpit
finish
