# What the tests of Proxmox share: the stand-in server, and looks into it. Sourced after tests/lib.sh.
# shellcheck shell=bash disable=SC2154 # WORK, SOURCE come from tests/lib.sh
need python3 openssl curl jq

PVE=$WORK/pve # where the stand-in keeps everything; README.md beside this file says what is there
export PROXMOX_VE_ENDPOINT PROXMOX_VE_API_TOKEN XDG_CONFIG_HOME=$PVE/config # where the client's file is found

# pve_start [ARGUMENT…]: starts the stand-in (again, when it was stopped: it knows what was), with these arguments, and waits
# until it listens. PROXMOX_VE_* and $XDG_CONFIG_HOME/aether-build/proxmox.yaml then say where it is and who asks.
pve_start() {
	local until=$((SECONDS + 20))
	mkdir -p "$PVE"
	rm -f "$PVE/port"
	[[ $PVE_PORT == 0 || $* == *--port* ]] || set -- --port "$PVE_PORT" "$@"
	python3 "$SOURCE/tests/proxmox/stand-in" --state "$PVE" "$@" >>"$WORK/stand-in.log" 2>&1 &
	PVE_PID=$!
	until [[ -f $PVE/port ]]; do
		kill -0 "$PVE_PID" && [[ $SECONDS -lt $until ]] || die "the stand-in starts: $(tail -n 5 "$WORK/stand-in.log")"
		sleep 0.05
	done
	PVE_PORT=$(cat "$PVE/port")
	PROXMOX_VE_ENDPOINT=https://127.0.0.1:$PVE_PORT/
	pve_as 'tofu@pve!tf'
	trap pve_end EXIT
}
PVE_PORT=0

# pve_as TOKEN [SECRET]: who asks from now on.
pve_as() {
	PROXMOX_VE_API_TOKEN="$1=${2:-SECRET}"
	mkdir -p "$XDG_CONFIG_HOME/aether-build"
	(umask 077 && printf '%s\n' "endpoint: $PROXMOX_VE_ENDPOINT" "token: $PROXMOX_VE_API_TOKEN" "ca: $PVE/cert.pem" \
		>"$XDG_CONFIG_HOME/aether-build/proxmox.yaml")
}

# pve_stop: as a power cut: nothing is told to it before.
pve_stop() {
	[[ -z ${PVE_PID:-} ]] || kill -KILL "$PVE_PID" 2>/dev/null
	[[ -z ${PVE_PID:-} ]] || wait "$PVE_PID" 2>/dev/null
	PVE_PID=
}

# pve_end: the stand-in, and every real machine behind it.
pve_end() {
	local pid
	pve_stop
	[[ -f $PVE/state.json ]] || return 0
	jq -r '.machines[].running.pid // empty' "$PVE/state.json" | while read -r pid; do
		kill -KILL "$pid" 2>/dev/null
	done
}

# pve_ask METHOD PATH [CURL'S ARGUMENTS…]: a call of the API; says the answer's body.
pve_ask() {
	curl -sS --cacert "$PVE/cert.pem" -H "Authorization: PVEAPIToken=$PROXMOX_VE_API_TOKEN" -X "$1" \
		"${PROXMOX_VE_ENDPOINT}api2/json$2" "${@:3}"
}

# pve_task METHOD PATH [CURL'S ARGUMENTS…]: a call that answers with a task; says how that ended, and succeeds when it did.
pve_task() {
	local upid status
	upid=$(pve_ask "$@" | jq -r '.data // .') && [[ $upid == UPID:* ]] || { echo "$upid"; return 1; }
	until status=$(pve_ask GET "/nodes/${upid:5:1}/tasks/$(jq -rn --arg u "$upid" '$u | @uri')/status") &&
		[[ $(jq -r .data.status <<<"$status") == stopped ]]; do
		sleep 0.05
	done
	jq -r .data.exitstatus <<<"$status"
	[[ $(jq -r .data.exitstatus <<<"$status") =~ ^(OK|WARNINGS:.*)$ ]]
}

pve_control() {
	curl -sS --cacert "$PVE/cert.pem" -X "$1" "${PROXMOX_VE_ENDPOINT}control/$2" "${@:3}"
}

# pve_fault JSON: a rule, or a list of rules, of what goes wrong (standin/faults.py says which there are).
pve_fault() {
	pve_control POST faults --data-binary "$1" >/dev/null
}

# pve_kill_at NUMBER [before]: whoever asks is killed at the NUMBERth request from now on, when that has been done and before it
# is answered; or before it is done.
pve_kill_at() {
	pve_fault "{\"path\": \"\", \"nth\": $1, \"kill_client\": true${2:+, \"kill\": \"$2\"}}"
}

# pve_reset: nothing goes wrong any more.
pve_reset() {
	pve_control POST reset >/dev/null
}

# pve_guest SHA256 JSON: what a machine is that started from the image with this digest (standin/guest.py).
pve_guest() {
	[[ -f $PVE/guests.json ]] || echo '{}' >"$PVE/guests.json"
	jq --arg sha "$1" --argjson guest "$2" '.[$sha] = $guest' "$PVE/guests.json" >"$PVE/guests.json.new" &&
		mv "$PVE/guests.json.new" "$PVE/guests.json"
}

# pve_ssh: from now on `ssh` logs in to machines and containers behind the stand-in, by their names (`inside` beside this file);
# one that has not booted does not answer.
pve_ssh() {
	local name
	mkdir -p "$PVE/bin/inside"
	ln -sf "$SOURCE/tests/proxmox/inside" "$PVE/bin/ssh"
	for name in aether-agent systemctl id; do
		ln -sf "$SOURCE/tests/proxmox/inside" "$PVE/bin/inside/$name"
	done
	PATH=$PVE/bin:$PATH
}

# pve_real [ARGUMENT…]: machines will be real ones, by need_qemu's QEMU with these further arguments, when the stand-in is
# started with --qemu: scsi0 to start from, scsi1 as the state, the seed, one card of QEMU's user network, the guest agent.
pve_real() {
	mkdir -p "$PVE"
	jq -n '["qemu-system-x86_64", "-accel", "tcg", "-cpu", "max", "-smp", "1", "-m", "1024", "-display", "none",
		"-monitor", "none", "-chardev", "file,id=console,path={serial_log},append=on", "-serial", "chardev:console",
		"-device", "virtio-scsi-pci", "-device", "virtio-rng-pci", "-device", "virtio-serial-pci",
		"-drive", "file={disk:scsi0},format={format:scsi0},if=none,id=system",
		"-device", "scsi-hd,drive=system,bootindex=0",
		["-drive", "file={disk:scsi1},format={format:scsi1},if=none,id=state",
			"-device", "scsi-hd,drive=state,serial=state"],
		["-drive", "file={disk:ide2},format=raw,if=none,id=seed,media=cdrom", "-device", "ide-cd,drive=seed"],
		"-netdev", "user,id=net", "-device", "virtio-net-pci,netdev=net,mac={mac:net0}",
		"-chardev", "socket,id=agent,path={agent_socket},server=on,wait=off",
		"-device", "virtserialport,chardev=agent,name=org.qemu.guest_agent.0"] +
		$ARGS.positional' --args -- "$@" >"$PVE/qemu.json"
}

# pve_log [JQ'S FILTER]: the requests so far, a line of JSON each.
pve_log() {
	jq -c "${1:-.}" "$PVE/requests.jsonl"
}

# pve_state JQ'S FILTER: of all that the stand-in knows.
pve_state() {
	pve_control GET state | jq -r "$1"
}

# pve_config VMID KEY: an option of a machine or container, as it runs; nothing when it has none.
pve_config() {
	pve_state ".machines[\"$1\"].config[\"$2\"] // empty"
}

# pve_running VMID
pve_running() {
	[[ $(pve_state ".machines[\"$1\"].running != null") == true ]]
}

# pve_well_behaved: no request did what the real one would not have liked.
pve_well_behaved() {
	[[ -z $(pve_log 'select(.violations)' | tee -a /dev/stderr) ]]
}

# --- generations that nobody had to build ------------------------------------------------------------------------------

# generation NAME NUMBER [KIND]: puts one on the shelf below $WORK/out, with an image of its own; $SHA and $HASH are its digest
# and what its root is known by.
generation() {
	local folder=$WORK/out/$1/$2 kind=${3:-vm} file format
	file=$1.qcow2 format=qcow2
	[[ $kind == vm ]] || { file=$1.tar.zst format=tar; }
	mkdir -p "$folder"
	HASH=$(printf '%s %s' "$1" "$2" | sha256sum | cut -c 1-64)
	if [[ $kind == vm ]]; then
		qemu-img create -q -f raw "$WORK/raw" 8M
		printf '%s' "$HASH" | dd of="$WORK/raw" conv=notrunc status=none
		qemu-img convert -O qcow2 "$WORK/raw" "$folder/$file"
	else
		printf '%s' "$HASH" | zstd -q -o "$folder/$file" -f
	fi
	SHA=$(sha256sum "$folder/$file" | cut -c 1-64)
	jq -n --arg name "$1" --arg kind "$kind" --arg file "$file" --arg format "$format" --arg sha "$SHA" --arg hash "$HASH" \
		--argjson size "$(stat -c %s "$folder/$file")" '{manifest: 1, tool: "aether-build", tool_version: "0",
		name: $name, kind: $kind, key: $sha, epoch: 1, releasable: true,
		image: {file: $file, format: $format, compression: "none", size: $size, virtual_size: 8388608, sha256: $sha},
		root_hash: $hash, kernel: null, partitions: [], packages: [], state: [], inputs: [],
		fakes: []}' >"$folder/manifest.json"
	echo '{}' >"$folder/plan.json"
}
