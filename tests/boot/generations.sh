# Generations of the twin, and a machine that is asked and told by aether-build. Sourced after tests/boot/lib.sh.
# shellcheck shell=bash disable=SC2034,SC2154 # IMAGE_REPO, WORK, AETHER come from tests/lib.sh
PORTS=(22)

# --- generations ------------------------------------------------------------------------------------------------------

# generation TEXT [SED…]: builds the twin with that in /etc/twin; GENERATION[TEXT] is its name.
declare -A GENERATION
generation() {
	local text=$1 recipe=$IMAGE_REPO/recipes/twin.recipe
	shift
	sed -e "s/text: \"one\"/text: \"$text\"/" "$@" "$SOURCE/tests/boot/recipes/twin.recipe" >"$recipe"
	GENERATION[$text]=$("$AETHER" vm --out "$WORK/out" "$recipe" 2>>"$WORK/built") || die "generation '$text' can be built"
	GENERATION[$text]=$(dirname "${GENERATION[$text]}")
}

# of TEXT FILTER: from the generation's manifest.
of() {
	jq -r "$2" "${GENERATION[$1]}/manifest.json"
}

# --- the machine ------------------------------------------------------------------------------------------------------

power_on() {
	local firmware=/usr/share/OVMF
	if [[ $1 == bios ]]; then
		start bios 10.0.2.15 -machine pc -device virtio-blk-pci,drive=disk
		return
	fi
	[[ -f $WORK/uefi/variables ]] || cp "$firmware/OVMF_VARS_4M.fd" "$WORK/uefi/variables"
	start uefi 10.0.2.15 -machine q35 -device virtio-scsi-pci -device scsi-hd,drive=disk \
		-drive "if=pflash,format=raw,readonly=on,file=$firmware/OVMF_CODE_4M.fd" \
		-drive "if=pflash,format=raw,file=$WORK/uefi/variables"
}

# How ssh finds the machine: with a certificate, and a host key that it knows from the first time on.
write_config() {
	cat >"$WORK/$1/config" <<-END
		Host $1
			HostName 127.0.0.1
			Port $(port "$1" 22)
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
	"$AETHER" "$verb" --out "$WORK/out" --host "$name" --ssh-config "$WORK/$name/config" "$@" \
		>"$WORK/$name/result" 2>"$WORK/$name/said"
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

# becomes NAME FILTER: sooner or later.
becomes() {
	local until=$((SECONDS + BOOT_SECONDS))
	until wakes "$1" $((until - SECONDS)) && is "$1" "$2" >"$WORK/$1/seen" 2>&1; do
		[[ $SECONDS -lt $until ]] || { cat "$WORK/$1/seen"; tail -n 20 "$WORK/$1/console"; return 1; }
		kill -0 "$(cat "$WORK/$1/pid")" || return 1
		sleep 0.5
	done
}
