#!/bin/bash
# budget: 20
# What aether-build asks of Proxmox is what is recorded of the real API, flow by flow (contract.json says which is used by
# what); the stand-in answers as recorded (flows.sh).
. "${SOURCE:=$PWD}/tests/lib.sh"
. "$SOURCE/tests/proxmox/lib.sh"
. "$SOURCE/tests/proxmox/works.sh"
need qemu-img zstd
pve_start --auth-delay 0
mkdir "$WORK/logs"

# logged NAME COMMAND…: its requests are kept under that name.
logged() {
	local before status
	before=$(wc -l <"$PVE/requests.jsonl")
	"${@:2}"
	status=$?
	tail -n "+$((before + 1))" "$PVE/requests.jsonl" >"$WORK/logs/$1.jsonl"
	return "$status"
}

DNS='nameservers: [10.0.2.1], searchDomain: home.example'
CARD='{ bridge: vmbr0, address: 10.0.2.2/24, gateway: 10.0.2.1, address6: "fd00::2/64", gateway6: "fd00::1" }'
sed "s|nics: .*|$DNS, disks: { system: { size: 4G, ssd: true } }, nics: [$CARD] }|" "$WORK/gateway.recipe" >"$WORK/full.recipe"
sed 's/^proxmox: {/proxmox: { bios: ovmf, machine: q35,/; s/200/210/; s/address: [^ ]*/address: dhcp/' "$WORK/gateway.recipe" \
	>"$WORK/ovmf.recipe"
sed "s|nics: .*|order: 2, $DNS, nics: [{ bridge: vmbr0, address: dhcp }] }|" "$WORK/web.recipe" >"$WORK/full-web.recipe"

known gateway 1 good
known gateway 2 good
known gateway 3 bad
known web 1 good lxc
known web 2 good lxc
known web 3 bad lxc
ok '(uploads)' logged upload "$AETHER" upload gateway/2 --out "$WORK/out" --recipe "$WORK/full.recipe" --legacy --quiet
ok '(a machine with UEFI)' logged create_ovmf aether deploy gateway/1 --recipe "$WORK/ovmf.recipe"
ok '(a machine)' logged create_vm aether deploy gateway/1 --recipe "$WORK/full.recipe"
ok '(its second generation)' logged reimage aether deploy gateway/2
refused '(a bad one)' logged reimage_bad aether deploy gateway/3
pve_fault '{"task": "qmconfig", "error": "hotplug problem", "late": true}'
refused '(an import that fails at its end)' logged reimage_undone aether deploy gateway/1
pve_reset
pve_fault '{"stop": 200}'
ok '(a machine that is off)' logged reimage_stopped aether deploy gateway/1
ok '(a container)' logged create_lxc aether deploy web/1 --recipe "$WORK/full-web.recipe"
ok '(another one in its place)' logged replace aether deploy --via proxmox web/2
refused '(a bad one)' logged replace_bad aether deploy --via proxmox web/3
python3 "$SOURCE/tests/proxmox/contract.py" "$SOURCE/tests/proxmox/flows" "$SOURCE/tests/proxmox/contract.json" "$WORK/logs" ||
	FAILURES=$((FAILURES + 1))
ok 'no request was one that the real server takes amiss' pve_well_behaved

# --- 8.4 ---------------------------------------------------------------------------------------------------------------
pve_stop
mkdir -p "$WORK/old/storage" && cp "$PVE/guests.json" "$WORK/old/"
PVE=$WORK/old XDG_CONFIG_HOME=$WORK/old/config
pve_start --auth-delay 0 --version 8.4
ok 'on 8.4 a machine is made' aether deploy gateway/1 --recipe "$WORK/full.recipe"
ok '… gets another system disk' aether deploy gateway/2
refused '… and the old one again' aether deploy gateway/3
ok '… which runs' runs gateway/2
ok '… and goes back by hand' aether rollback --via proxmox gateway
ok '… to the first' runs gateway/1
verdicts() {
	[[ $(jq -r '.deployments[-1].verdict' "$WORK"/out/gateway/[12]/record.json | xargs) == "$1" ]]
}
ok '… which is good, and the other one is bad' verdicts 'good bad'
ok '… and forth again' aether rollback --via proxmox gateway
ok '… after which it is the other way round' verdicts 'bad good'
ok 'a container is made there' aether deploy web/1 --recipe "$WORK/full-web.recipe"
ok '… and replaced' aether deploy --via proxmox web/2
ok '… by the one that runs' runs web/2
pve_as 'tofu@pve!weak'
refused 'what a token lacks there' aether deploy gateway/2
ok '… has the names of that version' said 'VM.Monitor on /vms/200'
ok 'and no request was taken amiss' pve_well_behaved
finish
