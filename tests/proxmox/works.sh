# What tests of deploy, rollback and guard share: recipes, machines to begin with, and what must hold at every end. Sourced
# after tests/proxmox/lib.sh.
# shellcheck shell=bash disable=SC2154 # WORK, PVE, SHA, HASH come from there
mkdir -p "$WORK/bin" "$PVE/storage"
touch "$PVE/requests.jsonl"
PATH=$WORK/bin:$PATH
export WORK PVE

# ssh reaches no virtual machine, and of containers the one that runs.
cat >"$WORK/bin/ssh" <<'END'
#!/bin/bash
[[ "$*" == *web* ]] && jq -e -r --slurpfile guests "$PVE/guests.json" --arg words "$*" '
	[.machines[] | select(.type == "lxc" and .running != null) | .running] |
	if length != 1 then halt_error(255) else .[0] end |
	. as $running | $guests[0][$running.sha256] | if $words | test("health") then
		{healthy: (.health == "good"), checks: [{check: "tcp 80", ok: (.health == "good"), reason: "refused"}]}
	else {name, kind: "lxc", boot_id: $running.boot_id, slot: "a", root_hash, generation: null, state: "good", health,
		health_reason: "tcp 80: refused", slots: [], last_failure: null} end' "$PVE/state.json" 2>/dev/null ||
	{ echo 'ssh: connect: no route to host' >&2; exit 255; }
END
chmod +x "$WORK/bin/ssh"

ssh-keygen -q -t ed25519 -N '' -C 'CA of a test' -f "$WORK/ca" </dev/null
cat >"$WORK/gateway.recipe" <<'END'
from: aether:vm-base
name: gateway
ssh: { ca: ca.pub }
proxmox: { node: n, vmid: 200, images: local, storage: local, nics: [{ bridge: vmbr0, address: 10.0.2.2/24 }] }
guard: { after: 1ms, tries: 1, coolDown: 1ms }
END
cat >"$WORK/web.recipe" <<'END'
from: aether:lxc-base
name: web
ssh: { ca: ca.pub }
state: [/var/lib/web]
proxmox: { node: n, vmid: 300, sparevmid: 301, images: local, storage: local, nics: [{ bridge: vmbr0, address: dhcp }] }
guard: { after: 1ms, tries: 1, coolDown: 1ms }
END

# aether VERB [ARGUMENT…]: what it says is in $WORK/said.
aether() {
	"$AETHER" "$1" --out "$WORK/out" --timeout "${TIMEOUT:-3s}" "${@:2}" >"$WORK/said" 2>&1
}

# known NAME NUMBER HEALTH [KIND]: a generation, and what a machine is that starts from it.
known() {
	generation "$1" "$2" "${4:-vm}"
	pve_guest "$SHA" "{\"root_hash\": \"$HASH\", \"health\": \"$3\", \"name\": \"$1\", \"generation\": $2}"
}

# identity NAME: one is kept here for that machine.
identity() {
	mkdir -p "$WORK/repo/.git" && (cd "$WORK/repo" && "$AETHER" host add "$1" --quiet >/dev/null)
}

# secret GENERATION WAY: it has a secret that travels in the image, or is sent.
secret() {
	jq -n --arg deliver "$2" '{secrets: [{name: "pin", deliver: $deliver, format: "yaml", sha256: ("0" * 64)}]}' \
		>"$WORK/out/$1/plan.json"
}

hash_of() {
	jq -r .root_hash "$WORK/out/$1/manifest.json"
}

# runs GENERATION…: the machine of that name runs one of these.
runs() {
	local name=${1%/*} running wanted
	running=$(jq -r --slurpfile guests "$PVE/guests.json" --arg name "$name" '.machines[] |
		select(.running != null and (.config.name // .config.hostname) == $name) |
		$guests[0][.running.sha256].root_hash' \
		"$PVE/state.json")
	for wanted; do
		[[ $running != "$(hash_of "$wanted")" ]] || return 0
	done
	echo "$name runs $running"
	return 1
}

# --- what holds at every end -------------------------------------------------------------------------------------------

# tidy: no journal, no claim, nothing pending, hotplug as before, and nowhere a disc with an identity.
tidy() {
	local left
	left=$(find "$WORK/out" -name deploy.json
		find "$PVE/storage" -name 'aether-id-*'
		jq -r '(.volumes, .machines) | .. | strings | select(test("aether-id-"))' "$PVE/state.json"
		jq -r '.machines[] | (.config.description // "" | select(test("\"deploy\""))),
		(.pending | keys[]), (.config.hotplug // empty)' "$PVE/state.json")
	[[ -z $left ]] || { echo "left: $left"; return 1; }
}

# volumes NAME: all volumes of disks and mount points of its machines, but systems and roots, one a line.
volumes() {
	jq -r --arg name "$1" '.machines[] | select((.config.name // .config.hostname) == $name) | .config | to_entries[] |
		select(.key | test("^(scsi[1-9]|mp)")) | .value | split(",")[0] |
		sub("^[^/]*/vm-[0-9]+-"; "")' "$PVE/state.json" | sort
}

# systems NAME: how many system disks (or roots) there are.
systems() {
	jq -r --arg name "$1" '[.machines[] | select((.config.name // .config.hostname) == $name) | .config | to_entries[] |
		select(.key | test("^(scsi0|unused|rootfs)"))] | length' "$PVE/state.json"
}

# one_runs NAME: never two with one MAC address.
one_runs() {
	[[ $(jq --arg name "$1" '[.machines[] | select(.running != null and (.config.name // .config.hostname) == $name)] |
		length' "$PVE/state.json") == 1 ]]
}

# --- from a state that was kept ------------------------------------------------------------------------------------------

keep() {
	rm -rf "$WORK/kept.$1" && mkdir "$WORK/kept.$1" &&
		cp -r "$WORK/out" "$PVE/storage" "$PVE/guests.json" "$WORK/kept.$1/" &&
		pve_control GET state >"$WORK/kept.$1/state"
}

back_to() {
	rm -rf "$WORK/out" "$PVE/storage" && cp -r "$WORK/kept.$1/out" "$WORK/" && cp -r "$WORK/kept.$1/storage" "$PVE/" &&
		cp "$WORK/kept.$1/guests.json" "$PVE/" &&
		pve_control PUT state --data-binary @"$WORK/kept.$1/state" >/dev/null && pve_reset
}

# --- at each request ----------------------------------------------------------------------------------------------------

# changes COMMAND…: which of its requests change anything, by their numbers. (Between two of them there is one moment: before
# the second is sent, with all that was noted.)
changes() {
	local before
	before=$(wc -l <"$PVE/requests.jsonl")
	"$@" || true
	tail -n "+$((before + 1))" "$PVE/requests.jsonl" |
		jq -r 'select(.method != "GET" and (.path | test("/agent/") | not)) | input_line_number'
}

# bare_token: $WORK/tokens.json for pve_start: a token with what making a machine needs, and not what removing a volume needs.
bare_token() {
	cat >"$WORK/tokens.json" <<'END'
{"tofu@pve!bare": {"secret": "SECRET", "acl": {"/storage": ["Datastore.AllocateTemplate", "Datastore.AllocateSpace",
	"Datastore.Audit"], "/sdn/zones/localnetwork": ["SDN.Use"], "/vms": ["VM.Allocate", "VM.Audit", "VM.PowerMgmt",
	"VM.Config.Disk", "VM.Config.CPU", "VM.Config.Memory", "VM.Config.Network", "VM.Config.Options", "VM.Config.HWType",
	"VM.Config.CDROM", "VM.Config.Cloudinit", "VM.GuestAgent.Audit", "VM.GuestAgent.Unrestricted"]}}}
END
}
