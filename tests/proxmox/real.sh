#!/bin/bash
# A recipe becomes a real machine behind the stand-in, gets another system disk, refuses a bad one, and is started by guard when
# it has died. It is asked by its guest agent alone.
# budget: 200
# deadline: 2400
. "${SOURCE:=$PWD}/tests/lib.sh"
. "$SOURCE/tests/proxmox/lib.sh"
. "$SOURCE/tests/proxmox/works.sh"
need qemu-img
need_qemu
need_image twin
pve_real -name twin
pve_start --auth-delay 0 --qemu

cp -r "$IMAGE_REPO" "$WORK/repository"
RECIPE=$WORK/repository/recipes/twin.recipe
TIMEOUT=${BOOT_SECONDS:-600}s

# recipe TEXT: the twin with that in /etc/twin ("sick" is bad for its health), and a place on the stand-in.
recipe() {
	sed "s/text: \"one\"/text: \"$1\"/" "$SOURCE/tests/boot/recipes/twin.recipe" >"$RECIPE"
	cat >>"$RECIPE" <<-'END'
		proxmox: { node: n, vmid: 200, images: local, storage: local, disks: { state: { size: 1G } },
		  nics: [{ bridge: vmbr0 }] }
		guard: { after: 1ms, tries: 1, coolDown: 1ms }
	END
}

# inside COMMAND…: what it prints in the machine.
inside() {
	local pid word words=()
	for word; do words+=(--data-urlencode "command=$word"); done
	pid=$(pve_ask POST /nodes/n/qemu/200/agent/exec "${words[@]}" | jq -e .data.pid) || return 1
	until pve_ask GET "/nodes/n/qemu/200/agent/exec-status?pid=$pid" | tee "$WORK/inside" |
		jq -e '.data.exited == 1' >/dev/null; do
		sleep 0.3
	done
	jq -r '.data."out-data" // empty' "$WORK/inside"
	jq -e '.data.exitcode == 0' "$WORK/inside" >/dev/null
}

has_in_it() {
	[[ $(inside /bin/cat "$1") == "$2" ]]
}

recipe one
ok 'a recipe is built, uploaded, and a machine is made of it, which is good' aether deploy "$RECIPE"
ok '… with that in it' has_in_it /etc/twin one
ok '(it keeps something)' inside /bin/sh -c 'echo kept >/var/lib/kept; sync'
id=$(inside /bin/cat /etc/machine-id)

recipe two
ok 'its next generation comes on another system disk' aether deploy --via proxmox "$RECIPE"
ok '… and is in it' has_in_it /etc/twin two
ok '… with the state of before' has_in_it /var/lib/kept kept
ok '… as the same machine' test "$(inside /bin/cat /etc/machine-id)" = "$id"

recipe sick
refused 'a generation whose health is bad is no success' aether deploy --via proxmox "$RECIPE"
ok '… which is told' said 'is bad on machine 200' 'runs from its previous disk again'
ok '… the one before runs again' has_in_it /etc/twin two
ok '… with its state' has_in_it /var/lib/kept kept
ok '… and there is no third disk' test "$(pve_state '.machines["200"].config | keys[] | select(test("^(scsi|unused)[0-9]"))' |
	tr '\n' ' ')" = 'scsi0 scsi1 unused0 '

pve_fault '{"stop": 200}'
refused 'a machine that has died is not good' aether guard twin
ok '… for guard, who says so' said 'it is off'
ok 'guard starts it' aether guard twin
ok '… and it is there' has_in_it /etc/twin two
ok 'no request was one that the real server takes amiss' pve_well_behaved
finish
