#!/bin/bash
# budget: 60
# What others do to a machine between the steps of a deploy, or before one that was cut off is looked at again: what is theirs
# is left alone.
. "${SOURCE:=$PWD}/tests/lib.sh"
. "$SOURCE/tests/proxmox/lib.sh"
. "$SOURCE/tests/proxmox/works.sh"
need qemu-img zstd
pve_start --auth-delay 0

known gateway 1 good
known gateway 2 good
known gateway 3 good
known gateway 4 bad
known web 1 good lxc
known web 2 good lxc
known web 3 good lxc
keep nothing
ok '(a machine)' aether deploy gateway/1 --recipe "$WORK/gateway.recipe"
ok '(a container)' aether deploy web/1 --recipe "$WORK/web.recipe"
keep one

THEIRS='<!-- aether {"name":"gateway","deploy":{"id":"theirs","by":"a@b","since":1}} -->'

# --- two at once ---------------------------------------------------------------------------------------------------------
# Somebody else claims the machine, and has a new disk pending, between this deploy's look and its claim.
ok '(their disk)' pve_task POST /nodes/n/qemu/200/config -d scsi5=local:1
theirs=$(pve_config 200 scsi5)
ok '(… is loose)' pve_ask PUT /nodes/n/qemu/200/config -d delete=scsi5
back_to one
claimed=$(jq -nc --arg mark "$THEIRS" --arg disk "$theirs" '{method: "PUT", path: "/qemu/200/config", config: {vmid: 200,
	set: {description: $mark, hotplug: "network,usb"}, pending: {scsi0: $disk}}}')
pve_fault "$claimed"
refused 'a deploy of which another one is a moment ahead' aether deploy gateway/2
ok '… whose disk is still pending' test "$(pve_state '.machines["200"].pending.scsi0')" = "$theirs"
ok '… and whose claim is there' bash -c '[[ $1 == *theirs* ]]' - "$(pve_config 200 description)"
ok '… and nothing is left of this one' test ! -e "$WORK/out/gateway/deploy.json"

# --- taken over -----------------------------------------------------------------------------------------------------------
# elsewhere ARGUMENT…: a deploy from another place, which knows nothing of what is done here.
elsewhere() {
	rm -rf "$WORK/elsewhere" && cp -r "$WORK/out" "$WORK/elsewhere" && rm -f "$WORK/elsewhere"/*/deploy.json
	"$AETHER" deploy --out "$WORK/elsewhere" --timeout 3s --take-over "$@" >"$WORK/said.elsewhere" 2>&1 ||
		{ cat "$WORK/said.elsewhere"; return 1; }
}

# taken_over NAME NUMBER: killed at that request, taken over from elsewhere, and then looked at again here.
taken_over() {
	local name=$1 boot
	back_to one
	pve_kill_at "$2"
	aether deploy --via proxmox "$name/2" 2>/dev/null && return 1
	pve_reset
	[[ -e $WORK/out/$name/deploy.json ]] || return 0 # that was the upload, or the end
	elsewhere --via proxmox "$name/3" || return 0 # it can refuse that: a change is pending, or half of it has moved
	TAKEN=$((TAKEN + 1))
	boot=$(jq -c '.machines[] | select(.running != null) | .running.boot_id' "$PVE/state.json")
	aether guard "$name" && runs "$name/3" && [[ ! -e $WORK/out/$name/deploy.json ]] && one_runs "$name" &&
		[[ $boot == $(jq -c '.machines[] | select(.running != null) | .running.boot_id' "$PVE/state.json") ]] ||
		{ echo "taken over after request $2"; cat "$WORK/said"; return 1; }
}
taken_over_everywhere() {
	local n numbers
	back_to one
	numbers=$(changes aether deploy --via proxmox "$1/2")
	TAKEN=0
	for n in $numbers; do
		taken_over "$1" "$n" || return 1
	done
	[[ $TAKEN -gt 2 ]] || { echo "taken over $TAKEN times"; return 1; }
}
ok 'a machine that was taken over is not brought back' taken_over_everywhere gateway
ok 'a container that was taken over is not brought back' taken_over_everywhere web

# --- what waits for the next start ----------------------------------------------------------------------------------------
back_to one
sed 's/images: local,/images: local, cores: 2,/' "$WORK/gateway.recipe" >"$WORK/more.recipe"
ok 'a setting that a running machine cannot take over' aether deploy gateway/1 --recipe "$WORK/more.recipe"
ok '… waits, which is told' said 'cores: to take effect, machine 200 has to be stopped and started'
ok '… and keeps nobody out' aether guard gateway
ok '… of the next deploy neither' aether deploy gateway/2 --recipe "$WORK/more.recipe"
ok '… with which it is there' test "$(pve_config 200 cores)" = 2
ok '… and all is as it should be' tidy
pve_fault '{"config": {"vmid": 200, "pending": {"cores": "4"}}}'
refused 'what somebody else has pending still does' aether deploy gateway/3

# --- no verdict ------------------------------------------------------------------------------------------------------------
back_to one
pve_fault '{"path": "/agent/exec$", "times": 0, "cut": "before"}'
refused 'a deploy that loses Proxmox while it waits for the verdict' aether deploy gateway/2
ok '… knows nothing, and so does nothing' runs gateway/2
ok '… and says so' said 'no verdict: Proxmox does not answer' "run 'deploy' again"
pve_reset
ok '… until it is there again' aether deploy gateway/2
ok '… and all is as it should be' tidy

# --- an id that is somebody else's ----------------------------------------------------------------------------------------
back_to one
ok '(another machine has the spare id)' pve_task POST /nodes/n/qemu -d vmid=301 -d name=mail
refused 'a container whose spare id is taken' aether deploy --via proxmox web/2
ok '… by what is told' said "301 is not a container of 'web'"
ok '… and nothing is left of it' tidy
ok '… so that guard looks after it as before' aether guard web
ok '(the other machine)' pve_task DELETE /nodes/n/qemu/301

# --- what Proxmox does not let go -----------------------------------------------------------------------------------------
back_to one
ok '(it is protected)' pve_ask PUT /nodes/n/qemu/200/config -d protection=1
refused 'a bad generation on a machine that is protected' aether deploy gateway/4
ok '… which is as it was, though a disk stays' runs gateway/1
ok '… and nothing else is left' tidy
ok '… so the next one can be deployed' aether deploy gateway/2
ok '… and runs' runs gateway/2
back_to one
ok '(a container that is protected)' pve_ask PUT /nodes/n/lxc/300/config -d protection=1
ok '… is replaced' aether deploy --via proxmox web/2
ok '… by one that is protected' test "$(pve_config 301 protection)$(pve_config 300 protection)" = 1
ok '… and that by another' aether deploy --via proxmox web/3
ok '… with nothing left' tidy
becomes_bad() { pve_guest "$(jq -r .image.sha256 "$WORK/out/web/1/manifest.json")" '{"health": "bad", "name": "web"}'; }
ok '(a bad one)' becomes_bad
refused 'by a bad one it is not' aether deploy --via proxmox web/1
ok '… and with nothing left' tidy
for set in '"dev0": "/dev/net/tun"' '"lxc": [["lxc.cap.drop", ""]]' '"hookscript": "local:snippets/hook"'; do
	back_to one
	pve_fault "{\"config\": {\"vmid\": 300, \"set\": {$set}}}"
	refused "a container with what its replacement cannot have: $set" aether deploy --via proxmox web/2
	ok '… which is told' said 'only root@pam may give' 'hint: '
done

# --- what a creation leaves behind ------------------------------------------------------------------------------------------
# Proxmox leaves the disk with UEFI's variables there when what comes after it fails; to remove it takes a privilege that is
# needed for nothing else.
bare_token
back_to nothing
pve_stop
pve_start --auth-delay 0 --tokens "$WORK/tokens.json"
pve_as 'tofu@pve!bare'
pve_fault '{"path": "/nodes/n/qemu$", "method": "POST", "kill_client": true, "kill": "before"}'
aether deploy gateway/1 --recipe "$WORK/gateway.recipe" 2>/dev/null
pve_reset
left='{"volid": "local:200/vm-200-disk-0.raw", "node": "n", "size": 540672, "used": 0, "format": "raw", "content": "images",
	"vmid": 200}'
pve_control POST state --data-binary "{\"volumes\": {\"n local:200/vm-200-disk-0.raw\": $left}}" >/dev/null
ok 'a creation of which a volume was left is begun again' aether deploy gateway/1 --recipe "$WORK/gateway.recipe"
ok '… which is told' said 'vm-200-disk-0.raw' 'stays'
ok '… and the machine is made' runs gateway/1
finish
