#!/bin/bash
# budget: 150
# deadline: 1500
# From nothing to a secret in a service, and on: a machine whose identity was made by its operator comes up, gets what is sent,
# takes changes both ways, and another identity. One machine; all but the first boot are restarts of user space.
# shellcheck disable=SC2317 # its functions are called by ok
. "${SOURCE:=$PWD}/tests/lib.sh"
. "$SOURCE/tests/boot/lib.sh"
. "$SOURCE/tests/boot/generations.sh"
need age age-keygen
CANARY=c4n4ry-$RANDOM$RANDOM
CACHE=${AETHER_CACHE:-$HOME/.cache/aether-build}
[[ $(id -u) != 0 ]] || CACHE=${AETHER_CACHE:-/var/cache/aether-build}
export AETHER_CACHE=$CACHE
SSH_WORDS=(--ssh-config "$WORK/sealed/ssh-config")

# --- the operator -----------------------------------------------------------------------------------------------------

# travels TOKEN, sent PASSWORD: with that in it, for who opens it.
travels() {
	local hash
	hash=$(openssl passwd -6 -salt abcdefgh "$CANARY")
	encrypted travels "$OPERATOR" "$(recipient sealed)" <<<"{\"app\": {\"token\": \"$CANARY-$1\"}, \"door\": \"$hash\"}"
}

sent() {
	encrypted sent "$OPERATOR" <<<"{\"app\": {\"password\": \"$CANARY-$1\"}}"
}

# outputs TEXT: OpenTofu's, with that in its value.
outputs() {
	echo "{\"of-outputs\": {\"sensitive\": true, \"value\": \"$CANARY-$1\"}}" >"$IMAGE_REPO/recipes/secrets/outputs.json"
}

are_in_file() {
	local each
	for each; do
		grep -qF "$each" "$IMAGE_REPO/recipes/secrets/travels.yaml" || return
	done
}

prepare() {
	rm -rf "$IMAGE_REPO/keys/hosts"
	mkdir -p "$WORK/sealed" "$IMAGE_REPO/.git" "$IMAGE_REPO/recipes/secrets" &&
		cp "$SOURCE/tests/boot/recipes/sealed.recipe" "$IMAGE_REPO/recipes/" && make_operator && sent one && outputs one
}

send() {
	operator sealed secrets send "${SSH_WORDS[@]}" --host sealed recipes/sealed.recipe
}

# --- the machine ------------------------------------------------------------------------------------------------------

# soon COMMAND…: units are told to start, and nobody waits for them.
soon() {
	local until=$((SECONDS + 60))
	until "$@" 2>"$WORK/soon"; do
		[[ $SECONDS -lt $until ]] || { cat "$WORK/soon"; return 1; }
		sleep 0.5
	done
}

# was TOKEN PASSWORD COUNT: the last start of the service, which was the COUNTth, was with these.
was() {
	local want
	want=$(echo "$CANARY-$2 $CANARY-$1 $(printf %s "$CANARY-$1" | sha256sum)" | sha256sum)
	[[ $(in_guest sealed 'wc -l </run/reader; tail -n 1 /run/reader') == "$3"$'\n'"$want" ]]
}

# other LINE: the last of the other service.
other() {
	[[ $(in_guest sealed 'tail -n 1 /run/other') == "$1" ]]
}

secret() {
	echo ".secrets | any(.name == \"$1\" and .state == \"$2\")"
}

failed() {
	[[ $(in_guest sealed systemctl is-failed "$1") == failed ]]
}

# knows_itself_as RECIPIENT: the first is that, and there is none but the host key's two.
knows_itself_as() {
	in_guest sealed /usr/lib/aether/secrets recipients >"$WORK/recipients" &&
		[[ $(head -n 1 "$WORK/recipients") == "$1" ]] && [[ $(grep -c . "$WORK/recipients") == 3 ]] && return
	cat "$WORK/recipients"
	return 1
}

# No value is on the machine but in memory, nor in what anybody can see of its processes and its journal.
nowhere_on_it() {
	local itself_not=[${CANARY:0:1}]${CANARY:1}
	in_guest sealed true && ! in_guest sealed "
		grep -rl --exclude-dir=secrets.d '$itself_not' /etc /var /usr/lib/aether /run 2>/dev/null
		journalctl -o export | grep -a '$itself_not'
		cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n' | grep -a '$itself_not'" | grep .
}

# The builder has it in what it was given alone, and no image has it.
nowhere_here() {
	! grep -rlF "$CANARY" "$WORK/out" "$WORK/built" "$WORK/sealed" "$CACHE" 2>/dev/null | grep .
}

need_image twin
REPOSITORY=$IMAGE_REPO
prepare
ok "an identity is made for a machine that is not there yet" operator sealed host add --disc "$WORK/identity.iso" sealed
ok "… whose recipient is printed" grep -qxF "$(recipient sealed)" "$WORK/sealed/result"
travels one
"$AETHER" lock "$IMAGE_REPO/recipes/sealed.recipe" 2>>"$WORK/built"
ok "all secrets of the recipe can be opened" operator sealed secrets check recipes/sealed.recipe
HOME=$WORK/nobody
ok "an image is built without a key" build_next vm sealed
HOME=$WORK/home

IMAGE=$(echo "$WORK"/newest/*.qcow2)
trap cut_all_power EXIT
make_certificates "$IMAGE_REPO/keys/ssh-user-ca"
new_machine sealed
write_config sealed no
start sealed 10.0.2.15 -machine pc -device virtio-blk-pci,drive=disk,bootindex=0 -cdrom "$WORK/identity.iso"
ok "the machine comes up with its identity on a disc" wait_for_ssh sealed
[[ $FAILURES == 0 ]] || finish
ok "… which it has taken" is sealed "$(secret travels good)"
ok "what was not sent is pending" is sealed "$(secret sent pending)"
refused "… and what needs it is not started" in_guest sealed systemctl is-active reader.service
ok "… its own unit has failed" failed 'aether-secret@sent.service'
ok "the password of a user is set" in_guest sealed "grep -q '^door:\\\$6\\\$' /etc/shadow"
ok "a secret is its owner's alone" in_guest sealed '[ "$(stat -Lc "%U %a" /run/secrets/travels)" = "door 400" ]'

ok "secrets are sent" send
ok "… and the service that needs them starts, with the right ones" soon was one one 1
ok "… as does the other" soon other started
ok "… all is well" is sealed '(.secrets | all(.state == "good"))'
ok "sent again, nothing changes" send
ok "… and nothing restarts" was one one 1
sent two
outputs twice
ok "changed ones are sent" send
ok "… the service that reads one starts anew" soon was one two 2
ok "… the other one was reloaded" soon other "reloaded $((${#CANARY} + 6))"

travels two
ok "a generation with another secret in it is built" build_next vm sealed
ok "… and switched to" switched sealed
ok "… with the one in it and the one that was sent" soon was two two 3

ok "the machine gets another identity" operator sealed host add --rotate "${SSH_WORDS[@]}" --host sealed sealed
ok "files are encrypted to it, and to the one before" operator sealed secrets rekey recipes/sealed.recipe
ok "… both are in the file" are_in_file "$(recipient sealed 1)" "$(recipient sealed 2)"
ok "what was sent before can still be opened" in_guest sealed /usr/lib/aether/secrets place
refused "the one before is not retired while it is needed" operator sealed host add --retire "${SSH_WORDS[@]}" \
	--host sealed sealed
ok "… says for what" grep -qF 'is sealed to an identity before' "$WORK/sealed/said"
ok "a generation with that" build_next vm sealed
ok "… is switched to" switched sealed
ok "… and reads its secrets" soon was two two 4
ok "the one before is retired" operator sealed host add --retire "${SSH_WORDS[@]}" --host sealed sealed
ok "… and the machine has one, beside its host key" knows_itself_as "$(recipient sealed)"
ok "… which opens all" in_guest sealed /usr/lib/aether/secrets place
ok "… as it says" is sealed '(.secrets | all(.state == "good"))'
ok "files are for the new one alone" operator sealed secrets rekey --rotate recipes/sealed.recipe
ok "no value is anywhere on the machine but in memory" nowhere_on_it
ok "… nor here" nowhere_here
finish
