#!/bin/bash
# budget: 165
# Whoever works on a machine is killed after each of its requests, and begun again: what was cut off is finished or undone,
# nothing is lost, and never do two run.
. "${SOURCE:=$PWD}/tests/lib.sh"
. "$SOURCE/tests/proxmox/lib.sh"
. "$SOURCE/tests/proxmox/works.sh"
need qemu-img zstd
pve_start --auth-delay 0

# killed_at N WHEN FROM NAME HOLDS COMMAND…: from what was kept as FROM the command is killed at its Nth request, and begun
# again.
killed_at() {
	local n=$1 when=$2 from=$3 name=$4 holds=$5 before
	shift 5
	back_to "$from" || return 1
	before=$(volumes "$name")
	pve_fault "{\"path\": \"\", \"nth\": $n, \"kill_client\": true, \"kill\": \"$when\"}"
	"$@" 2>/dev/null && { echo "it was not killed at request $n"; return 1; }
	pve_reset
	"$@"
	$holds && tidy && one_runs "$name" || { echo "killed $when request $n:"; cat "$WORK/said"; return 1; }
	[[ -z $before || $(volumes "$name") == "$before" ]] || { echo "killed $when request $n: $(volumes "$name")"; return 1; }
}

# everywhere FROM NAME HOLDS COMMAND…: at all of those, before and after they are done.
everywhere() {
	local n numbers
	back_to "$1" || return 1
	numbers=$(changes "${@:4}")
	[[ $(wc -w <<<"$numbers") -gt 3 ]] || { cat "$WORK/said"; return 1; }
	for n in $numbers; do
		killed_at "$n" before "$@" && killed_at "$n" after "$@" || return 1
	done
}

# --- a virtual machine ---------------------------------------------------------------------------------------------------
known gateway 1 good
known gateway 2 good
known gateway 3 bad
keep nothing
made() { runs gateway/1 && [[ $(volumes gateway | wc -l) == 1 && $(systems gateway) == 1 ]]; }
ok 'a machine that is being made' everywhere nothing gateway made aether deploy gateway/1 --recipe "$WORK/gateway.recipe"

ok '(an identity for it)' identity gateway
back_to nothing
secret gateway/1 image
keep secret
ok 'a machine that is being made, with a disc that brings its identity' \
	everywhere secret gateway made aether deploy gateway/1 --recipe "$WORK/gateway.recipe"
ok '… which it had' test -n "$(pve_log 'select(.method == "DELETE" and (.path | test("aether-id-gateway-")))')"
back_to nothing
ok '(it is made)' aether deploy gateway/1 --recipe "$WORK/gateway.recipe"
keep one
second() { runs gateway/2 && [[ $(systems gateway) == 2 ]]; }
ok 'a machine that gets another system disk' everywhere one gateway second aether deploy gateway/2
first() { runs gateway/1 && [[ $(systems gateway) == 1 ]]; }
ok 'a machine whose new disk is bad' everywhere one gateway first aether deploy gateway/3

ok '(it has its second one)' aether deploy gateway/2
keep two
either() { runs gateway/1 gateway/2 && [[ $(systems gateway) == 2 ]]; }
ok 'a machine that goes back' everywhere two gateway either aether rollback --via proxmox gateway

# --- a container ---------------------------------------------------------------------------------------------------------
known web 1 good lxc
known web 2 good lxc
known web 3 bad lxc
keep nothing
web_made() { runs web/1 && [[ $(volumes web | wc -l) == 2 && $(systems web) == 1 ]]; }
ok 'a container that is being made' everywhere nothing web web_made aether deploy web/1 --recipe "$WORK/web.recipe"
ok '(it is made)' aether deploy web/1 --recipe "$WORK/web.recipe"
keep one
web_second() { runs web/2 && [[ $(systems web) == 2 ]]; }
ok 'a container that is replaced' everywhere one web web_second aether deploy --via proxmox web/2
web_first() { runs web/1 && [[ $(systems web) == 1 ]]; }
ok 'a container whose replacement is bad' everywhere one web web_first aether deploy --via proxmox web/3
ok '(it is replaced)' aether deploy --via proxmox web/2
keep two
web_either() { runs web/1 web/2 && [[ $(systems web) == 2 ]]; }
ok 'a container that goes back' everywhere two web web_either aether rollback --via proxmox web
finish
