#!/bin/bash
# deadline: 180
# budget: 15
# What an operator does with the secrets of a recipe: list, check, show, re-encrypt, send; with whose keys; and that no value is
# anywhere but where it was asked for.
. "${SOURCE:=$PWD}/tests/lib.sh"
need age age-keygen jq ssh-keygen
. "$SOURCE/tests/secrets/machines.sh"

REPOSITORY=$WORK/repository RECIPE=recipes/web.recipe OPERATOR=$WORK/operator.txt
CANARIES=('correct horse' canary-of-tofu canary-of-sops alice)
ESTATE=$REPOSITORY/secrets/estate.yaml
mkdir -p "$REPOSITORY"/{recipes,secrets}
cp "$SOURCE/tests/secrets/files/estate.yaml" "$ESTATE"
chmod 640 "$ESTATE"
install -m 600 "$SOURCE/tests/secrets/files/operator.txt" "$OPERATOR"
echo '{"token":{"sensitive":true,"value":"canary-of-tofu"},"count":{"value":12},"on":{"value":true},
	"ratio":{"value":0.1},"map":{"value":{}}}' \
	>"$REPOSITORY/outputs.json"

# The same file, with a key that only another service has.
sed -e "/^    age:/r $SOURCE/tests/secrets/files/bao-key.yaml" -e '/^    age:/,/END AGE/d' "$ESTATE" \
	>"$REPOSITORY/secrets/bao.yaml"

write_recipe() {
	cat >"$REPOSITORY/$RECIPE" <<-END
		name: web
		kinds: [lxc]
		from: aether:trixie
		state: [/var/lib/aether/secrets]
		secrets:
		  db/password: { sopsFile: ../secrets/estate.yaml, restartUnits: [web.service], mode: "0440" }
		  user: { sopsFile: ../secrets/estate.yaml, key: db/user, deliver: send }
		  token: { jsonFile: ../outputs.json, key: [token, value] }
		  ${1:-}
	END
}
write_recipe

# shows NAME VALUE WORD…: the value, to the byte.
shows() {
	local name=$1 value=$2
	shift 2
	works secrets show "$RECIPE" "$name" "$@" && printf %s "$value" | cmp - "$WORK/result"
}

# --- without a key -------------------------------------------------------------------------------------------------------

lists() {
	works secrets list "$RECIPE" &&
		grep -qE '^db/password +image +secrets/estate.yaml +db/password +/run/secrets/db/password ' "$WORK/result" &&
		grep -qE ' 0440 +web.service +age1' "$WORK/result" && works secrets list "$RECIPE" --json &&
		jq -e '.[1] | .name == "user" and .way == "send" and .key == ["db", "user"] and (.recipients | length == 1)' \
			"$WORK/result" >"$WORK/is"
}

check_fails_without_keys() {
	fails "has no recipient yet" secrets check "$RECIPE" && said 'looked for identities in' &&
		grep -qE '^user .* bad$' "$WORK/result" &&
		grep -qE '^token .* good$' "$WORK/result" &&
		[[ $(grep -c 'none of our identities' "$WORK/said") == 1 ]]
}

# --- whose keys ----------------------------------------------------------------------------------------------------------

every_source_counts() {
	local key
	key=$(grep AGE- "$OPERATOR")
	shows user alice --identity "$OPERATOR" && SOPS_AGE_KEY_FILE=$OPERATOR shows user alice &&
		SOPS_AGE_KEY=$key shows user alice &&
		mkdir -p "$HOME/.config/sops/age" && cp -p "$OPERATOR" "$HOME/.config/sops/age/keys.txt" && shows user alice &&
		mkdir -p "$WORK/config/sops/age" && mv "$HOME/.config/sops/age/keys.txt" "$WORK/config/sops/age" &&
		XDG_CONFIG_HOME=$WORK/config shows user alice && shows user alice --identity <(echo "$key")
}

several_count_together() {
	age-keygen -o "$WORK/foreign.txt" 2>"$WORK/noise"
	shows user alice --identity "$WORK/foreign.txt" --identity "$OPERATOR" &&
		SOPS_AGE_KEY_FILE=$OPERATOR shows user alice --identity "$WORK/foreign.txt" &&
		fails 'none of our identities' secrets show "$RECIPE" user --identity "$WORK/foreign.txt" &&
		said "$(age-keygen -y "$WORK/foreign.txt")"
}

others_may_not_read_them() {
	local mode
	for mode in 0640 0604 0660 0777; do
		chmod "$mode" "$OPERATOR"
		fails "run 'chmod 600 $OPERATOR'" secrets show "$RECIPE" user --identity "$OPERATOR" &&
			SOPS_AGE_KEY_FILE=$OPERATOR fails "run 'chmod 600" secrets show "$RECIPE" user ||
			{ echo "$mode"; return 1; }
	done
	chmod 600 "$OPERATOR"
	install -Dm 644 "$OPERATOR" "$HOME/.config/sops/age/keys.txt"
	fails "run 'chmod 600 $HOME/.config/sops/age/keys.txt'" secrets show "$RECIPE" user &&
		rm "$HOME/.config/sops/age/keys.txt"
}

named_ones_have_to_be_there() {
	fails 'No such file' secrets show "$RECIPE" user --identity "$WORK/none" &&
		SOPS_AGE_KEY_FILE=$WORK/none fails SOPS_AGE_KEY_FILE secrets show "$RECIPE" user
}

# A key of the user's with a passphrase is nobody's fault.
unknown_keys_of_the_user_are_noted() {
	mkdir -p "$HOME/.ssh" && ssh-keygen -q -t ed25519 -N passphrase -f "$HOME/.ssh/id_ed25519" </dev/null
	shows user alice --identity "$OPERATOR" && fails "$HOME/.ssh/id_ed25519" secrets show "$RECIPE" user
}

# --- values --------------------------------------------------------------------------------------------------------------

every_kind_of_value() {
	write_recipe 'number: { sopsFile: ../secrets/estate.yaml, key: port, deliver: send }
  second: { sopsFile: ../secrets/estate.yaml, key: [tokens, "1"], deliver: send }
  count: { jsonFile: ../outputs.json, key: [count, value] }
  on: { jsonFile: ../outputs.json, key: [on, value] }
  ratio: { jsonFile: ../outputs.json, key: [ratio, value] }'
	shows number 5432 --identity "$OPERATOR" && shows second two --identity "$OPERATOR" && shows token canary-of-tofu &&
		shows count 12 && shows on true && shows ratio 0.1 && write_recipe
}

# As a file of the machine's image gives it.
truth_is_as_in_yaml() {
	echo '{"flag": true}' >"$WORK/flag.json" &&
		"$SOURCE/tests/secrets/make-sops" "$WORK/flag.json" "$(age-keygen -y "$OPERATOR")" \
			>"$REPOSITORY/secrets/flag.yaml" &&
		write_recipe 'flag: { sopsFile: ../secrets/flag.yaml, deliver: send }' &&
		shows flag true --identity "$OPERATOR" && rm "$REPOSITORY/secrets/flag.yaml" && write_recipe
}

what_is_no_value() {
	write_recipe 'map: { jsonFile: ../outputs.json, key: [map, value] }
  none: { jsonFile: ../outputs.json, key: [tokn, value] }'
	fails 'is no text, number or truth value' secrets show "$RECIPE" map &&
		fails "did you mean 'token'?" secrets show "$RECIPE" none &&
		fails "has no secret 'nobody'" secrets show "$RECIPE" nobody && write_recipe
}

what_was_changed_is_refused() {
	sed -i 's/^host_unencrypted: .*/host_unencrypted: evil.example/' "$ESTATE"
	fails 'secrets/estate.yaml' secrets show "$RECIPE" user --identity "$OPERATOR" && [[ ! -s $WORK/result ]] &&
		fails 'estate.yaml' secrets check "$RECIPE" --identity "$OPERATOR" &&
		cp "$SOURCE/tests/secrets/files/estate.yaml" "$ESTATE"
}

# --- other services --------------------------------------------------------------------------------------------------------

says_that_sops_is_missing() {
	write_recipe 'bao: { sopsFile: ../secrets/bao.yaml, key: db/password, deliver: send }'
	fails 'the program sops is needed' secrets show "$RECIPE" bao --identity "$OPERATOR" && said hc_vault 'install sops'
}

sops_prints_numbers_with_a_newline() {
	cp "$WORK/bin/sops" "$WORK/kept" && printf '#!/bin/sh\necho 5432\n' >"$WORK/bin/sops" &&
		write_recipe 'bao: { sopsFile: ../secrets/bao.yaml, key: port, deliver: send }' && shows bao 5432 &&
		mv "$WORK/kept" "$WORK/bin/sops" &&
		write_recipe 'bao: { sopsFile: ../secrets/bao.yaml, key: db/password, deliver: send }'
}

sops_opens_the_others() {
	cat >"$WORK/bin/sops" <<-'END'
		#!/bin/bash
		printf '%s\n' "$@" >>"$MACHINES/argv"
		[[ "$*" == *'--extract ["db"]["password"]'*bao.yaml ]] || { echo "unexpected: $*" >&2; exit 1; }
		printf canary-of-sops
	END
	chmod +x "$WORK/bin/sops"
	shows bao canary-of-sops --verbose && sops_prints_numbers_with_a_newline &&
		printf '#!/bin/sh
echo "vault: permission denied" >&2
exit 1
' >"$WORK/bin/sops" &&
		fails 'vault: permission denied' secrets show "$RECIPE" bao && rm "$WORK/bin/sops" && write_recipe
}

# --- re-encrypted ----------------------------------------------------------------------------------------------------------

labels() {
	sed -nE 's/.* recipient: (.*)/\1/p' "$ESTATE" | tr '\n' ' '
}

rekeys() {
	local own
	chmod 640 "$ESTATE"
	works host add web && own=$(cat "$WORK/result") && works secrets rekey "$RECIPE" --identity "$OPERATOR" --dry-run &&
		grep -qF "+ $own" "$WORK/result" && cmp "$ESTATE" "$SOURCE/tests/secrets/files/estate.yaml" &&
		works secrets rekey "$RECIPE" --identity "$OPERATOR" &&
		[[ $(labels) == "$(age-keygen -y "$OPERATOR") $own " ]] &&
		mode 640 "$ESTATE" && [[ $(ls "$REPOSITORY/secrets") == $'bao.yaml\nestate.yaml' ]] &&
		works secrets check "$RECIPE" --identity "$OPERATOR"
}

rekeys_once() {
	local before
	before=$(sha256sum "$ESTATE")
	works secrets rekey "$RECIPE" --identity "$OPERATOR" && grep -q 'nothing to change' "$WORK/result" &&
		[[ $(sha256sum "$ESTATE") == "$before" ]]
}

# The machine's own identity is kept here, so it opens its file, too.
the_machines_own_opens_it() {
	shows user alice && "$SECRETS" open --format yaml --identity "$HOSTS/web.identity" "$ESTATE" db password |
		grep -qx 'correct horse'
}

rekeys_over_a_rotation() {
	local first second
	first=$(recipients web)
	works host add web --rotate && second=$(cat "$WORK/result") && works secrets rekey "$RECIPE" --identity "$OPERATOR" &&
		[[ $(labels) == *"$first $second "* ]] && works host add web --retire &&
		works secrets rekey "$RECIPE" --identity "$OPERATOR" && said 'can still read until --rotate' &&
		[[ $(labels) == "$(age-keygen -y "$OPERATOR") $second " ]] &&
		works secrets rekey "$RECIPE" --identity "$OPERATOR" --rotate &&
		works secrets check "$RECIPE" --identity "$OPERATOR"
}

rekeys_for_others() {
	local foreign
	foreign=$(age-keygen -y "$WORK/foreign.txt")
	works secrets rekey "$RECIPE" --identity "$OPERATOR" --add "$foreign" &&
		shows user alice --identity "$WORK/foreign.txt" &&
		works secrets rekey "$RECIPE" --identity "$OPERATOR" && [[ $(labels) == *"$foreign "* ]] &&
		works secrets rekey "$RECIPE" --identity "$OPERATOR" --remove "$foreign" && [[ $(labels) != *"$foreign "* ]] &&
		fails "is the machine's own" secrets rekey "$RECIPE" --identity "$OPERATOR" --remove "$(recipients web)"
}

survives_full_disks() {
	local before
	before=$(sha256sum "$ESTATE")
	(ulimit -f 0; trap '' XFSZ; cd "$REPOSITORY" &&
		"$AETHER" secrets rekey "$RECIPE" --identity "$OPERATOR" --rotate) >"$WORK/result" 2>&1
	[[ $(sha256sum "$ESTATE") == "$before" && $(ls "$REPOSITORY/secrets") == $'bao.yaml\nestate.yaml' ]]
}

# --- sent ------------------------------------------------------------------------------------------------------------------

declare_in() {
	{
		printf 'aether-secrets\t1\nmachine\tweb\n'
		printf 'secret\t%s\t0400\towner\towner\nsent\n' user token
	} >"$MACHINES/$1/usr/lib/aether/secrets.list"
}

sends() {
	make_machine web
	declare_in web
	works host deliver web web && : >"$MACHINES/web.heard" &&
		works secrets send "$RECIPE" --host web --identity "$OPERATOR" --verbose &&
		grep -qF 'web has 2 values of web' "$WORK/result"
}

# What travelled is a file of age that the machine's identity opens, and says what the contract says.
sends_it_sealed() {
	age -d -i "$HOSTS/web.identity" "$MACHINES/web.heard" >"$WORK/letter" &&
		sed -E '3s/[0-9]+/N/' "$WORK/letter" |
		diff - <(printf 'aether-sent\t1\nmachine\tweb\nmade\tN\nsecret\tuser\t5\nalice\n'
			printf 'secret\ttoken\t14\ncanary-of-tofu\nend\n')
}

sends_all_or_nothing() {
	: >"$MACHINES/web.heard"
	write_recipe 'bao: { sopsFile: ../secrets/bao.yaml, key: db/password, deliver: send }'
	fails "while opening the secret 'bao'" secrets send "$RECIPE" web --identity "$OPERATOR" &&
		[[ ! -s $MACHINES/web.heard ]] &&
		write_recipe
}

send_says_what_to_do() {
	fails 'no machine was named' secrets send "$RECIPE" --identity "$OPERATOR" &&
		fails 'is named twice' secrets send "$RECIPE" web --host web --identity "$OPERATOR" &&
		fails 'cannot connect to dead' secrets send "$RECIPE" dead --identity "$OPERATOR" &&
		fails 'runs an image without secrets' secrets send "$RECIPE" old --identity "$OPERATOR" &&
		mv "$REPOSITORY/keys" "$WORK/keys" &&
		fails "'aether-build host enroll web HOST'" secrets send "$RECIPE" web --identity "$OPERATOR" &&
		mv "$WORK/keys" "$REPOSITORY/keys"
}

# The machine of another identity cannot open it, and says so.
tells_what_the_machine_says() {
	make_machine stranger
	declare_in stranger
	fails 'stranger took nothing: ' secrets send "$RECIPE" stranger --identity "$OPERATOR" &&
		printf 'secret\tlost\t0400\troot\troot\nsent\n' >>"$MACHINES/web/usr/lib/aether/secrets.list" &&
		fails 'web has what was sent, but not all that it declares is good: lost: it is not among' \
			secrets send "$RECIPE" web --identity "$OPERATOR"
}

# --- what is nowhere ---------------------------------------------------------------------------------------------------------

is_nowhere() {
	local canary found
	for canary in "${CANARIES[@]}" AGE-SECRET; do
		found=$(grep -rlF -- "$canary" "$WORK/all" "$MACHINES/argv" "$MACHINES/environ" "$MACHINES"/*.heard \
			"$REPOSITORY"/{keys,secrets,recipes} "$HOME" | grep -vF -e "$HOSTS/" -e web.heard)
		[[ -z $found ]] || { echo "'$canary' is in $found"; return 1; }
		[[ $canary == AGE-SECRET ]] || ! grep -qF -- "$canary" "$MACHINES/web.heard" ||
			{ echo "'$canary' was sent in the clear"; return 1; }
	done
}

ok "secrets are listed without a key" lists
ok "a check without keys fails, and says why once" check_fails_without_keys
ok "keys are found wherever sops and age have them" every_source_counts
ok "several count together" several_count_together
ok "a key that others can read is refused" others_may_not_read_them
ok "a file that was named has to be there" named_ones_have_to_be_there
ok "a key of the user's that nobody knows is only noted" unknown_keys_of_the_user_are_noted
ok "values are what they were, to the byte" every_kind_of_value
ok "a truth value is sent as an image has it" truth_is_as_in_yaml
ok "what is no value is refused" what_is_no_value
ok "a file that was changed gives nothing" what_was_changed_is_refused
ok "a missing sops is told" says_that_sops_is_missing
ok "sops opens what other services have the key of" sops_opens_the_others
ok "a file gets the machine's recipient, in its place" rekeys
ok "and once only" rekeys_once
ok "the machine's own identity opens it" the_machines_own_opens_it
ok "recipients follow a rotation" rekeys_over_a_rotation
ok "others are added and removed by name" rekeys_for_others
ok "a full disk changes no file" survives_full_disks
ok "values are sent" sends
ok "… sealed to the machine" sends_it_sealed
ok "… all of them or none" sends_all_or_nothing
ok "what fails says what to do" send_says_what_to_do
ok "what the machine says is told" tells_what_the_machine_says
ok "no value and no key is in arguments, environments, logs or files" is_nowhere
finish
