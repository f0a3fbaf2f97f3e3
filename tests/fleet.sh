# aether-build and the machines that it talks to. Sourced after tests/lib.sh and tests/ssh.sh; generations are in $WORK/out.
# shellcheck shell=bash disable=SC2034,SC2154 # WORK, AETHER, WHERE and REPOSITORY come from there; OPERATOR goes there

# write_config NAME [STRICT]: how ssh finds the machine: with a certificate, and a host key known from the first time on.
write_config() {
	local port=22
	where "$1"
	[[ ${WHERE[0]} != -p ]] || port=${WHERE[1]}
	cat >"$WORK/$1/ssh-config" <<-END
		Host $1
			HostName ${WHERE[-1]}
			Port $port
			User root
			IdentityFile $WORK/key
			CertificateFile $WORK/admin-cert.pub
			IdentitiesOnly yes
			IdentityAgent none
			HostKeyAlias $1
			UserKnownHostsFile $WORK/$1/known
			StrictHostKeyChecking ${2:-yes}
			ConnectTimeout 10
	END
}

# aether NAME VERB ARGUMENT…: with --host; what it said is in $WORK/NAME/said, its result in $WORK/NAME/result.
aether() {
	local name=$1 verb=$2
	shift 2
	"$AETHER" "$verb" --out "$WORK/out" --host "$name" --ssh-config "$WORK/$name/ssh-config" "$@" \
		>"$WORK/$name/result" 2>"$WORK/$name/said"
}

# operator NAME WORD…: aether-build where the recipes are, in $REPOSITORY, about the machine; the rest as above.
operator() {
	local name=$1
	shift
	(cd "$REPOSITORY" && "$AETHER" "$@" >"$WORK/$name/result" 2>"$WORK/$name/said") && return
	cat "$WORK/$name/said"
	return 1
}

# recipient NAME [N]: the machine's Nth recipient, as it was recorded.
recipient() {
	grep -m "${2:-1}" '^age1' "$REPOSITORY/keys/hosts/$1.age" | tail -n 1
}

# build_next VERB NAME: the next generation, by `vm` or `lxc`; the link $WORK/newest leads to it.
build_next() {
	local image
	image=$("$AETHER" "$1" --out "$WORK/out" "$REPOSITORY/recipes/$2.recipe" 2>>"$WORK/built") &&
		ln -sfn "$(dirname "$image")" "$WORK/newest" && return
	tail "$WORK/built"
	return 1
}

# switched NAME: the newest generation is given to the machine, with what its secrets want.
switched() {
	(cd "$REPOSITORY" && why "$1" aether "$1" switch "$WORK/newest")
}

# make_operator: somebody with a home folder and an identity of age there; OPERATOR is its recipient.
make_operator() {
	export HOME=$WORK/home
	unset XDG_CONFIG_HOME SOPS_AGE_KEY SOPS_AGE_KEY_FILE
	local key=$HOME/.config/sops/age/keys.txt
	mkdir -p "${key%/*}" && { [[ -f $key ]] || age-keygen -o "$key" 2>/dev/null; } &&
		OPERATOR=$(age-keygen -y "$key")
}

# encrypted NAME RECIPIENT…: recipes/secrets/NAME.yaml, a file of SOPS with the JSON from standard input.
encrypted() {
	cat >"$WORK/json" && "$SOURCE/tests/secrets/make-sops" "$WORK/json" "${@:2}" >"$REPOSITORY/recipes/secrets/$1.yaml"
}

# why NAME COMMAND…: what it said, when it does not succeed.
why() {
	local name=$1
	shift
	"$@" || { cat "$WORK/$name/said"; return 1; }
}

answers() {
	grep -qF -- "$2" "$WORK/$1/said" || { cat "$WORK/$1/said"; return 1; }
}

# is NAME FILTER: holds of `aether-agent status --json`.
is() {
	local status
	status=$(in_guest "$1" aether-agent status --json) && jq -e "$2" <<<"$status" >/dev/null && return
	echo "$status"
	return 1
}

# good_in SLOT: the filter for a machine that runs that slot and is well.
good_in() {
	echo ".slot == \"$1\" and .state == \"good\" and .health == \"good\""
}

# slot SLOT FILTER: the filter for what is in that slot.
slot() {
	echo ".slots[] | select(.slot == \"$1\") | $2"
}

# --- secrets of the estate's recipes ---------------------------------------------------------------------------------

# awaits_secrets NAME: all is well but that no secret has come.
awaits_secrets() {
	local failed
	in_guest "$1" systemctl is-system-running --wait >/dev/null
	failed=$(in_guest "$1" systemctl --failed --plain --no-legend) && [[ -n $failed ]] &&
		! grep -v '^aether-secret@' <<<"$failed"
}

# give_secrets NAME [FILTER]: enrolls the machine and sends what recipes/NAME.recipe declares: the example values of the estate,
# changed by jq's FILTER.
give_secrets() {
	local name=$1 key=$WORK/estate.key ssh=(--ssh-config "$WORK/$1/ssh-config")
	install -m 600 "$SOURCE/tests/secrets/estate.key" "$key" && mkdir -p "$IMAGE_REPO/.git" && write_config "$name" no &&
		jq "${2:-.}" "$SOURCE/tests/secrets/estate.json" >"$WORK/estate.json" &&
		"$SOURCE/tests/secrets/make-sops" "$WORK/estate.json" "$(age-keygen -y "$key")" \
			>"$IMAGE_REPO/recipes/secrets/estate.yaml" &&
		(cd "$IMAGE_REPO" && "$AETHER" host enroll --replace --yes "${ssh[@]}" "$name" "$name" &&
			"$AETHER" secrets send --identity "$key" "${ssh[@]}" "recipes/$name.recipe" "$name")
}
