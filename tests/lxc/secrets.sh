#!/bin/bash
# budget: 60
# deadline: 600
# An unprivileged container makes its identity on its first start and is enrolled; it is sent a secret, then one travels in its
# template; a change restarts the service that reads it; and it makes another identity.
# shellcheck disable=SC2317 # its functions are called by ok
. "${SOURCE:=$PWD}/tests/lib.sh"
. "$SOURCE/tests/lxc/lib.sh"
. "$SOURCE/tests/fleet.sh"
need age age-keygen
REPOSITORY=$WORK/repository
RECIPE=$REPOSITORY/recipes/vault.recipe
make_operator || die "somebody has an identity of age"

# --- the operator -----------------------------------------------------------------------------------------------------

# sealed NAME VALUE RECIPIENT…: recipes/secrets/NAME.yaml, with that password.
sealed() {
	local name=$1 value=$2
	shift 2
	encrypted "$name" "$@" <<<"{\"app\": {\"password\": \"$value\"}}"
}

prepare() {
	copy_recipes "$REPOSITORY" && cp "$SOURCE/tests/lxc/vault.recipe" "$RECIPE" &&
		mkdir -p "$REPOSITORY/.git" "$WORK/vault" "$REPOSITORY/recipes/secrets" &&
		sealed sent one-by-ssh "$OPERATOR" && "$AETHER" lock "$RECIPE" 2>>"$WORK/built" && build_next lxc vault
}

SSH_WORDS=(--ssh-config "$WORK/vault/ssh-config")

# --- the machine ------------------------------------------------------------------------------------------------------

# was COUNT VALUE…: the service's COUNTth start was with these, and with nothing else.
was() {
	local count=$1 until=$((SECONDS + 30)) want
	shift
	want=$count$'\n'$(printf %s "$@" | sha256sum)
	until [[ $(in_guest vault 'wc -l </run/reader; tail -n 1 /run/reader' 2>/dev/null) == "$want" ]]; do
		[[ $SECONDS -lt $until ]] || { in_guest vault '/usr/lib/aether/secrets status; cat /run/reader'; return 1; }
		sleep 0.5
	done
}

on_memory_that_is_not_swapped() {
	[[ $(in_guest vault 'stat -f -c %T /run/secrets/') == ramfs ]] ||
		is vault '.remarks | any(test("swap"))'
}

[[ -n ${INSIDE:-} ]] || prepare || die "a template is built for a machine that nobody knows yet: $(cat "$WORK/built")"
enter
set_up
ok "its template is unpacked" unpack vault "$(echo "$WORK"/newest/*.tar.zst)" lxc-usernsexec -m b:0:100000:65536 --
settle vault 10.77.0.2 eth0
mount_points vault /var/lib/aether
make_certificates "$REPOSITORY/keys/ssh-user-ca"
write_config vault no
start_lxc vault 'lxc.idmap = u 0 100000 65536' 'lxc.idmap = g 0 100000 65536'
ok "it starts" wait_for_ssh vault
[[ $FAILURES == 0 ]] || finish
ok "its secret is pending" is vault '.secrets | all(.state == "pending")'
refused "… and the service not started" in_guest vault systemctl is-active reader.service
ok "the identity that it made is enrolled" operator vault host enroll --yes "${SSH_WORDS[@]}" vault vault
ok "a secret is sent" operator vault secrets send "${SSH_WORDS[@]}" recipes/vault.recipe vault
ok "… and the service has it" was 1 one-by-ssh
ok "… on memory that is not swapped, or it is told" on_memory_that_is_not_swapped

sed -i '/^secrets:/a\  image: { sopsFile: secrets/image.yaml, key: app/password, restartUnits: [reader.service] }' "$RECIPE"
sealed image one-in-image "$OPERATOR"
refused "a file that is not for the machine does not travel" build_next lxc vault
ok "… until it is encrypted to it, too" operator vault secrets rekey recipes/vault.recipe
ok "… then it does" build_next lxc vault
ok "the container takes that" switched vault
ok "… and the service has both" was 1 one-in-image one-by-ssh
sealed sent two-by-ssh "$OPERATOR"
ok "a change is sent" operator vault secrets send "${SSH_WORDS[@]}" recipes/vault.recipe vault
ok "… and the service restarts" was 2 one-in-image two-by-ssh

ok "the machine makes another identity" operator vault host add --rotate "${SSH_WORDS[@]}" --host vault vault
ok "files are for both" operator vault secrets rekey recipes/vault.recipe
ok "… and one is made anew" sealed image two-in-image "$OPERATOR" "$(recipient vault)"
ok "the next template" build_next lxc vault
ok "… is taken" switched vault
ok "the identity before is retired" operator vault host add --retire "${SSH_WORDS[@]}" --host vault vault
ok "… which the service does not mind" was 1 two-in-image two-by-ssh
ok "… nor the next start" in_guest vault /usr/lib/aether/secrets place
finish
