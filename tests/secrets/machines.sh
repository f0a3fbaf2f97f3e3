# Machines that a fake ssh reaches: folders, in which the machine's program runs as it does there. Sourced after tests/lib.sh.
# shellcheck shell=bash disable=SC2154 # WORK and BUILD come from there
export HOME=$WORK/home PATH=$WORK/bin:$PATH MACHINES=$WORK/machines SECRETS=$BUILD/aether-secrets
unset XDG_CONFIG_HOME SOPS_AGE_KEY SOPS_AGE_KEY_FILE SOPS_AGE_SSH_PRIVATE_KEY_FILE
# shellcheck disable=SC2034 # for the tests
HOSTS=$HOME/.config/aether-build/hosts
mkdir -p "$HOME" "$WORK/bin" "$MACHINES" "$WORK/repository/.git"

# The host is named before the command. What it was called with is kept, and what it was sent: both are searched later.
cat >"$WORK/bin/ssh" <<'END'
#!/bin/bash
host=${*: -2:1} command=${*: -1}
printf '%s\n' "$@" >>"$MACHINES/argv"
tr '\0' '\n' </proc/self/environ >>"$MACHINES/environ"
words=${command#*exec } words=${words%%;*}
[[ $host != dead ]] || { echo 'ssh: connect to host dead port 22: No route to host' >&2; exit 255; }
[[ $host != old && $words == '/usr/lib/aether/secrets '* ]] || { echo "sh: 1: exec: ${words%% *}: not found" >&2; exit 127; }
read -ra words <<<"${words#/usr/lib/aether/secrets }"
mkdir -p "$MACHINES/$host/run/aether"
tee -a "$MACHINES/$host.heard" | "$SECRETS" --root "$MACHINES/$host" "${words[@]}"
exit "${PIPESTATUS[1]}"
END
chmod +x "$WORK/bin/ssh"

# make_machine NAME: one that has started and made its own identity.
make_machine() {
	mkdir -p "$MACHINES/$1"/{run/aether,var/lib/aether,usr/lib/aether,etc} &&
		echo "owner:x:$(id -u):$(id -g)::/:/bin/sh" >"$MACHINES/$1/etc/passwd" &&
		echo "owner:x:$(id -g):" >"$MACHINES/$1/etc/group" &&
		"$SECRETS" --root "$MACHINES/$1" new-identity >"$WORK/$1.recipient"
}

# run WORD…: aether-build; its result is in $WORK/result, what it said in $WORK/said.
run() {
	local status
	(cd "$WORK/repository" && "$AETHER" "$@") >"$WORK/result" 2>"$WORK/said"
	status=$?
	cat "$WORK/said" >>"$WORK/all"
	return $status
}

# fails TEXT WORD…: it fails by itself, and says that.
fails() {
	local text=$1 status
	shift
	run "$@"
	status=$?
	[[ $status == 1 || $status == 2 ]] && grep -qF -- "$text" "$WORK/said" || { cat "$WORK/said"; return 1; }
}

# works WORD…: it does not fail.
works() {
	run "$@" || { cat "$WORK/said"; return 1; }
}

# result TEXT: all that it printed.
result() {
	[[ $(cat "$WORK/result") == "$1" ]] || { cat "$WORK/result"; return 1; }
}

mode() {
	[[ $(stat -c %a "$2") == "$1" ]] || { stat "$2"; return 1; }
}

# recipients NAME: of its file, without comments.
recipients() {
	grep -v '^#' "$WORK/repository/keys/hosts/$1.age"
}
