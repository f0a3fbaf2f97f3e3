#!/bin/bash
# budget: 20
# The stand-in does what a test orders: it fails where it should, remembers across a kill, and has the real one's traps. What is
# recorded of the real API is held to in flows.sh.
. "${SOURCE:=$PWD}/tests/lib.sh"
. "$SOURCE/tests/proxmox/lib.sh"
need qemu-img

STORE=/nodes/n/storage/local
TYPE='type=application/octet-stream'

# upload CURL'S ARGUMENTS…: of $WORK/image.qcow2, as a client should.
upload() {
	pve_task POST "$STORE/upload" -H Expect: -F content=import -F checksum-algorithm=sha256 -F "checksum=$SHA" \
		-F "filename=@$WORK/image.qcow2;filename=${1:-a}.qcow2;$TYPE" "${@:2}" | tee "$WORK/said"
	return "${PIPESTATUS[0]}"
}

ask() {
	pve_ask "$@" >"$WORK/said"
}

# ask_status STATUS METHOD PATH…: it is answered with that.
ask_status() {
	[[ $(pve_ask "${@:2}" -o "$WORK/said" -w '%{http_code}') == "$1" ]]
}

make_machine() {
	pve_task POST /nodes/n/qemu -d vmid=200 -d scsi0=local:0,import-from=local:import/a.qcow2 \
		-d scsi1=local:1,serial=state -d name=box -d agent=1 -d boot=order=scsi0 -d net0=virtio,bridge=vmbr0
}

status_of_agent() {
	local pid
	pid=$(pve_ask POST /nodes/n/qemu/200/agent/exec -d command=/usr/bin/aether-agent -d command=status \
		-d command=--json | jq .data.pid) &&
		pve_ask GET "/nodes/n/qemu/200/agent/exec-status?pid=$pid" | jq -r '.data."out-data"' >"$WORK/said"
}

# sent_in_parts: an upload whose file part's headers come in two reads.
sent_in_parts() {
	python3 - "$PVE" <<-'END'
		import socket, ssl, sys, time
		body = (b'--b\r\nContent-Disposition: form-data; name="content"\r\n\r\niso\r\n'
		        b'--b\r\nContent-Disposition: form-data; name="filename"; filename="p.iso"\r\n',
		        b'Content-Type: x/y\r\n\r\ndata\r\n--b--\r\n')
		context = ssl.create_default_context(cafile=sys.argv[1] + "/cert.pem")
		port = int(open(sys.argv[1] + "/port").read())
		with context.wrap_socket(socket.create_connection(("127.0.0.1", port)), server_hostname="127.0.0.1") as sock:
		    sock.sendall(b"POST /api2/json/nodes/n/storage/local/upload HTTP/1.1\r\nHost: n\r\nContent-Length: %d\r\n"
		                 b"Authorization: PVEAPIToken=tofu@pve!tf=SECRET\r\n"
		                 b"Content-Type: multipart/form-data; boundary=b\r\n\r\n" % sum(map(len, body)) + body[0])
		    time.sleep(0.3)
		    sock.sendall(body[1])
		    print(sock.recv(4096).decode())
	END
	until [[ -f $PVE/storage/local@n/template/iso/p.iso ]]; do sleep 0.05; done
	grep -q '^Content-Type: x/y' "$PVE/storage/local@n/template/iso/p.iso"
}

qemu-img create -q -f qcow2 "$WORK/image.qcow2" 64M
SHA=$(sha256sum <"$WORK/image.qcow2" | cut -c 1-64)
pve_start --auth-delay 0.1 --pool lab

ok "an upload is stored" upload a
ok "by the storage's name for it" said OK
ok "a header block in two reads is written into the file, as Proxmox does it" sent_in_parts
ok "and it is noted" test -n "$(pve_log 'select(.violations)')"
ok "chunked bodies are refused" ask_status 501 POST "$STORE/upload" -H Expect: -H 'Transfer-Encoding: chunked' -F content=iso
ok "a parameter that does not exist is named" ask_status 400 PUT /nodes/n/qemu/200/config -d colour=red
ok "as Proxmox names it" said '"colour": "property is not defined in schema'
pve_as 'tofu@pve!nobody'
ok "an unknown token is refused" ask_status 401 GET /version
pve_as 'tofu@pve!tf'

pve_guest "$SHA" '{"root_hash": "abc", "health": "good", "generation": 3}'
ok "a machine is made of it" make_machine
ok "and starts" pve_task POST /nodes/n/qemu/200/status/start
ok "its agent says what guests.json says" status_of_agent
ok "root hash, health and generation" said '"root_hash": "abc"' '"health": "good"' '"generation": 3'
pve_ssh
ssh -T -- box 'exec /usr/bin/aether-agent status --json' >"$WORK/said"
ok "and by ssh, too" said '"root_hash": "abc"'
pve_guest "$SHA" '{"boots": false}'
ssh -T -- box 'exec /usr/bin/aether-agent status --json' 2>/dev/null
ok "what does not boot lets nobody in" test $? = 255
ok "which may change at any time" ask_status 500 POST /nodes/n/qemu/200/agent/ping

pve_stop
pve_start --auth-delay 0.1
ok "killed and started again, it knows what was" pve_running 200
ok "and what the machine has" test "$(pve_config 200 scsi1)" = "local:200/vm-200-disk-1.raw,serial=state,size=1G"

pve_fault '{"task": "qmstop", "error": "no reason"}'
refused "a task fails as ordered" pve_task POST /nodes/n/qemu/200/status/stop
ok "and nothing was done" pve_running 200
pve_fault '{"task": "qmstop", "error": "no reason", "late": true}'
refused "or it fails after all" pve_task POST /nodes/n/qemu/200/status/stop
refused "when it was done" pve_running 200
pve_fault '[{"method": "GET", "path": "^/version", "answer": 503, "message": "busy", "nth": 2}]'
ok "the first of two is answered" ask_status 200 GET /version
ok "the second is not" ask_status 503 GET /version
pve_fault '{"path": "^/version", "cut": "before"}'
refused "a connection is cut" ask GET /version
pve_fault '{"method": "PUT", "path": "config", "cut": "after"}'
refused "or after it is done" ask PUT /nodes/n/qemu/200/config -d tags=b,a
ok "which has been done, then" test "$(pve_config 200 tags)" = 'a;b'
pve_fault '{"path": "upload", "cut_at": 20000}'
refused "an upload is cut" upload b
refused "and is not there" ask_status 200 GET "$STORE"/content/local:import/b.qcow2
pve_kill_at 2
pve_ask GET /version >/dev/null && pve_ask PUT /nodes/n/qemu/200/config -d tags=c 2>/dev/null
ok "the client is killed at its second request" test $? = 137
ok "when that had been done" test "$(pve_config 200 tags)" = c
pve_kill_at 1 before
pve_ask PUT /nodes/n/qemu/200/config -d tags=d 2>/dev/null
ok "or before" test "$? $(pve_config 200 tags)" = '137 c'
pve_fault '{"full": "local"}'
refused "a storage is full" upload c
ok "and the task says so" said 'No space left on device'
pve_reset
ok "after a reset it is not" upload c
pve_fault '{"down": "n"}'
ok "a node is down" ask_status 595 GET "$STORE/status"
ok "the cluster is there" ask_status 200 GET /version
pve_reset
pve_fault '{"config": {"vmid": 200, "set": {"lock": "backup"}}}'
refused "somebody else has locked the machine" pve_task POST /nodes/n/qemu/200/status/start
pve_fault '{"task_of": {"vmid": 200}, "ha": {"vm:200": {"state": "started"}}}'
ok "somebody else is at work" ask GET '/nodes/n/tasks?source=active&vmid=200'
ok "on it" said '"type": "vzdump"' '"user": "root@pam"'
ok "the HA manager has it" ask GET /nodes/n/qemu/200/status/current
ok "as the machine says" said '"managed": 1'
ok "the stand-in itself made no mistake" test ! -s "$WORK/stand-in.log"

pve_reset
pve_fault '{"config": {"vmid": 200, "delete": ["lock"]}, "ha": {"vm:200": null}}'
pve_task POST /nodes/n/qemu -d vmid=201 -d "net0=$(pve_config 200 net0)" >/dev/null
pve_task POST /nodes/n/qemu/200/status/start >/dev/null
pve_task POST /nodes/n/qemu/201/status/start >/dev/null
ok "two that run with one MAC address are noted" test -n "$(pve_log 'select(.violations | tostring | test("MAC"))')"

pve_end
rm -rf "$PVE"
pve_start --auth-delay 0.1 --version 8.4
ok "8.4 says so" ask GET /version
ok "in its release" said '"release": "8.4"'
ok "and has other privileges" ask GET /access/permissions?path=/vms
ok "of its own" said VM.Monitor
ok "what 9.2 brought is unknown there" ask_status 400 POST /nodes/n/qemu -d vmid=200 -d allow-ksm=1
finish
