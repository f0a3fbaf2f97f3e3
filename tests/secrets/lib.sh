# What the tests of aether-secrets share: a machine that is a folder, and what Debian's age seals for it. Sourced after
# tests/lib.sh.
# shellcheck shell=bash disable=SC2034,SC2154 # BUILD, WORK come from tests/lib.sh
need age age-keygen

SECRETS=$BUILD/aether-secrets
[[ $(id -u) == 0 ]] || skip 'only root can give files away'

# new_machine NAME: $ROOT is a machine of that name, which declares nothing yet.
new_machine() {
	ROOT=$WORK/$1
	mkdir -p "$ROOT"/{etc,run,usr/lib/aether/sops,var/lib/app,sys/block,sys/class/dmi/id,dev}
	printf 'name=%s\nkind=vm\n' "$1" >"$ROOT/usr/lib/aether/image"
	printf '%s\n' root:x:0:0::/root:/bin/sh web:x:900:901::/:/bin/false >"$ROOT/etc/passwd"
	printf '%s\n' root:x:0: web:x:901: >"$ROOT/etc/group"
	printf '%s\n' 'root:!*:20000::::::' 'web:*:20000:0:99999:7:::' >"$ROOT/etc/shadow"
	chmod 640 "$ROOT/etc/shadow"
	chgrp 42 "$ROOT/etc/shadow"
	MACHINE=$1
}

# declare_all: the declaration, from standard input: fields are separated by one blank and more, "~" is a blank in a field.
declare_all() {
	{
		printf 'aether-secrets 1\nmachine %s\n' "$MACHINE"
		cat
	} | sed -E 's/^[ \t]+//; s/ +/\t/g; s/~/ /g' >"$ROOT/usr/lib/aether/secrets.list"
}

# secrets WORD…: what it says is in $WORK/said.
secrets() {
	local status
	"$SECRETS" --root "$ROOT" "$@" >"$WORK/said" 2>&1
	status=$?
	cat "$WORK/said"
	return $status
}

# bundle MADE NAME VALUE …: what is sent, not sealed yet.
bundle() {
	local LC_ALL=C # a value's length is in bytes
	printf 'aether-sent\t1\nmachine\t%s\nmade\t%s\n' "$MACHINE" "$1"
	shift
	while [[ $# -gt 1 ]]; do
		printf 'secret\t%s\t%s\n%s\n' "$1" "${#2}" "$2"
		shift 2
	done
	echo end
}

# send MADE NAME VALUE …: sealed to the machine, and taken.
send() {
	bundle "$@" | age -r "$("$SECRETS" --root "$ROOT" recipients | head -n 1)" >"$WORK/sealed" &&
		secrets take <"$WORK/sealed"
}

# has NAME VALUE: the secret is placed, and is that to the byte.
has() {
	printf %s "$2" | cmp - "$ROOT/run/secrets/$1"
}

# is FILE MODE UID:GID
is() {
	local found
	found=$(stat -Lc '%a %u:%g' "$ROOT$1") && [[ $found == "$2 $3" ]] || { echo "$1: $found"; return 1; }
}

# state NAME STATE [REASON]: as `status` tells it; the reason has that text in it.
state() {
	"$SECRETS" --root "$ROOT" status >"$WORK/status"
	grep -E "^$2 +$1(:|\$)" "$WORK/status" | grep -F -- "${3:-}" && return
	cat "$WORK/status"
	return 1
}

# absent PATH…: nothing is there, below the machine's root.
absent() {
	local path
	for path; do
		[[ ! -e $ROOT$path && ! -L $ROOT$path ]] || { ls -ld "$ROOT$path"; return 1; }
	done
}

# told COMMAND…: these and no other commands of systemctl would have been run.
told() {
	diff <(printf '%s\n' "$@" | sed '/^$/d') <(sed -n 's/^would run: systemctl --no-block //p' "$WORK/said")
}
