# Ways into a machine, whatever it runs on. Sourced after tests/lib.sh; whoever sources it says where a machine is:
#   where NAME    sets WHERE to ssh's words for that: (-p PORT ADDRESS) without the user
# shellcheck shell=bash disable=SC2154 # WORK comes from tests/lib.sh, WHERE from where
need ssh ssh-keygen

# What all our connections have in common: nothing of the user's own, no questions, every host key accepted; and they end
# when the machine does.
SSH=(ssh -F none -o IdentitiesOnly=yes -o IdentityAgent=none -o BatchMode=yes -o StrictHostKeyChecking=no
	-o LogLevel=ERROR -o ConnectTimeout=10 -o ServerAliveInterval=5 -o ServerAliveCountMax=4)

# patient ERRORS COMMAND…: an ssh connection, made again while sshd makes our address wait, as it does after refusals.
patient() {
	local errors=$1 try status
	shift
	for try in {1..60}; do
		"$@" </dev/null 2>"$errors"
		status=$?
		[[ $status == 255 && $try -lt 60 ]] && grep -q kex_exchange_identification "$errors" || break
		sleep 1
	done
	cat "$errors" >&2
	return "$status"
}

# try_login NAME USER KEY CERTIFICATE COMMAND…: one login; CERTIFICATE may be none.
try_login() {
	local name=$1 user=$2 key=$3 certificate=$4
	shift 4
	where "$name"
	patient "$WORK/$name/login" "${SSH[@]}" -o UserKnownHostsFile=/dev/null -l "$user" -i "$key" \
		-o "CertificateFile=$certificate" "${WHERE[@]}" "$@"
}

# in_guest NAME COMMAND…: as root, with the good certificate, over one connection that stays open. The host key that it sees
# first is in $WORK/NAME/host-key.
in_guest() {
	local name=$1
	shift
	where "$name"
	"${SSH[@]}" -l root -i "$WORK/key" -o "CertificateFile=$WORK/admin-cert.pub" -o ControlMaster=auto \
		-o ControlPersist=60 -o "ControlPath=$WORK/$name/ssh" -o "UserKnownHostsFile=$WORK/$name/host-key" \
		"${WHERE[@]}" "$@" </dev/null
}

# hang_up NAME: the connection that stays open is no more, and the next one sees the host key anew.
hang_up() {
	ssh -O exit -o "ControlPath=$WORK/$1/ssh" none 2>/dev/null || true
	rm -f "$WORK/$1/ssh" "$WORK/$1/host-key"
}

# host_key NAME: as the connection that stays open has seen it.
host_key() {
	cut -d' ' -f2- "$WORK/$1/host-key"
}

# is_running NAME: systemd has started everything, and nothing has failed.
is_running() {
	local state
	state=$(in_guest "$1" systemctl is-system-running --wait)
	[[ $state == running ]] && return
	echo "$state"
	in_guest "$1" 'systemctl --failed --no-pager; journalctl -b -p warning --no-pager | tail -n 40'
	return 1
}

# denied NAME USER KEY CERTIFICATE: the login fails because of who asks, not because nobody answers.
denied() {
	local answer
	answer=$(try_login "$@" true 2>&1)
	[[ $? == 255 && $answer == *'Permission denied (publickey)'* ]] || { echo "$answer"; return 1; }
}

# make_certificates CA: $WORK/key, and certificates for it, good and bad.
make_certificates() {
	local ca=$1
	ssh-keygen -q -t ed25519 -N '' -f "$WORK/key" </dev/null
	ssh-keygen -q -t ed25519 -N '' -f "$WORK/foreign-ca" </dev/null
	certificate admin "$ca" admin -5m:+1d
	certificate other "$ca" guest -5m:+1d
	certificate expired "$ca" admin 20240101:20240102
	certificate foreign "$WORK/foreign-ca" admin -5m:+1d
}

# certificate NAME CA PRINCIPAL VALIDITY: $WORK/NAME-cert.pub
certificate() {
	cp "$WORK/key.pub" "$WORK/$1.pub"
	ssh-keygen -q -s "$2" -I "$1" -n "$3" -V "$4" "$WORK/$1.pub"
}
