# Generations of the twin, and a machine that is asked and told by aether-build. Sourced after tests/boot/lib.sh.
# shellcheck shell=bash disable=SC2034,SC2154 # IMAGE_REPO, WORK, AETHER come from tests/lib.sh
. "$SOURCE/tests/fleet.sh"
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

# becomes NAME FILTER: sooner or later.
becomes() {
	local until=$((SECONDS + BOOT_SECONDS))
	until wakes "$1" $((until - SECONDS)) && is "$1" "$2" >"$WORK/$1/seen" 2>&1; do
		[[ $SECONDS -lt $until ]] || { cat "$WORK/$1/seen"; tail -n 20 "$WORK/$1/console"; return 1; }
		kill -0 "$(cat "$WORK/$1/pid")" || return 1
		sleep 0.5
	done
}
