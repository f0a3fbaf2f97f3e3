#!/bin/bash
# budget: 180
# deadline: 1800
# A machine with two embedded images, made of a tag that has moved since it was locked, boots where no registry is:
# one container is root's, the other rootless. Both serve what was locked.
. "${SOURCE:=$PWD}/tests/lib.sh"
. "$SOURCE/tests/boot/lib.sh"
. "$SOURCE/tests/quadlet/lib.sh"
trap 'cut_all_power; stop_servers' EXIT
PORTS=(22 8080 8081)

# TCG is slow, and so is podman: a container gets more time to start here than Quadlet gives it.
machine() {
	recipe machine <<-END
		firewall: { tcp: [8080, 8081] }
		units:
		  beside.service: { user: aether, enable: true, Service: { ExecStart: /bin/sleep infinity } }
		quadlets:
		  web.container:
		    embed: true
		    Container: { Image: "$REGISTRY/test/web:1", PublishPort: "8080:80"$1 }
		    Service: { TimeoutStartSec: 600 }
		  mine.container:
		    embed: true
		    user: aether
		    Container: { Image: "$REGISTRY/test/web:1", PublishPort: "8081:80", Volume: "mine.volume:/data" }
		    Service: { TimeoutStartSec: 600 }
		  mine.volume: { user: aether }
	END
}

# serves MACHINE PORT TEXT: in time, for it may just start.
serves() {
	local until=$((SECONDS + 600)) got
	while got=$(curl -sS -m 20 "http://127.0.0.1:$(port "$1" "$2")/text" 2>&1); [[ $got != "$3" &&
		$SECONDS -lt $until ]]; do
		sleep 0.5
	done
	[[ $got == "$3" ]] || { echo "$got"; in_guest "$1" 'journalctl -b --no-pager | grep -i podman | tail -n 40'; return 1; }
}

as_aether() {
	try_login machine aether "$WORK/key" "$WORK/admin-cert.pub" "$@"
}

# The layers of the image are one tree now; it is the kernel that shows a user's containers their own ids.
looks_right() {
	local busybox=("$@" exec "$CONTAINER" /bin/busybox)
	[[ $("${busybox[@]}" ls /) == bin*www* && $("${busybox[@]}" ls /) != *hidden* ]] &&
		[[ $("${busybox[@]}" ls /emptied) == new ]] &&
		[[ $("${busybox[@]}" readlink /replaced) == www ]] &&
		[[ $("${busybox[@]}" stat -c %u:%g:%a /www/own /bin/busybox) == $'1234:1234:600\n0:0:755' ]] &&
		[[ $("${busybox[@]}" stat -c %h /www/same) == 2 ]]
}

keeps_capability() {
	local asks='($path) = glob("/usr/share/aether/containers/*/overlay/*/diff/bin/busybox");
		($name, $value) = ("security.capability", "\0" x 64);
		print unpack("H*", substr($value, 0, syscall(191, $path, $name, $value, 64)))' # getxattr(2)
	in_guest machine "perl -e '$asks'" | grep -qx 0100000200040000000000000000000000000000
}

# What is wrong with containers that run is podman's own mistake: it looks for their images before it looks into such stores.
finds_nothing() {
	"$@" podman system check >"$WORK/checked" 2>&1
	[[ $? == 125 ]] && grep -q 'layer is missing' "$WORK/checked" && ! grep -E 'read-only|image' "$WORK/checked"
}

# same_image: built anew with the image unpacked once more, it is the same to the byte.
same_image() {
	local cache=${AETHER_CACHE:-/var/cache/aether-build} key
	[[ -n ${AETHER_CACHE:-} || $(id -u) == 0 ]] || cache=${XDG_CACHE_HOME:-$HOME/.cache}/aether-build
	key=$(sed -n 's/^  unpacked //p' "$WORK/plan")
	mv "$cache/containers/${key:0:2}/$key" "$WORK/unpacked" || return 1
	run vm --out "$WORK/again" machine && cmp "$IMAGE" "$(tail -n 1 "$WORK/said")"
}

start_registry
push test/web:1 first
machine ', Publsh: x'
ok 'a key that Quadlet does not have passes until podman is asked' run lock machine
refused '… and is refused then' run vm --out "$WORK/out" machine
ok '… at its place, in the words of podman' \
	said "machine.recipe:18:" "quadlets.web.container.Container.Publsh: podman says:" "unsupported key 'Publsh'"

machine ''
ok 'a machine with embedded images is locked' run lock machine
run plan machine
cp "$WORK/said" "$WORK/plan"
push test/web:1 second
ok '… and built after its tag has moved' run vm --out "$WORK/out" machine
IMAGE=$(tail -n 1 "$WORK/said") IMAGE_REPO=$REPO
stop_servers
ok 'with what the cache has, no registry is asked, and the image is the same' same_image

make_certificates "$IMAGE_REPO/keys/ssh-user-ca"
new_machine machine
start machine 10.0.2.15 -machine pc -device virtio-blk-pci,drive=disk
ok 'it boots' wait_for_ssh machine
ok "root's container serves what was locked" serves machine 8080 first
ok "the user's container serves the same" serves machine 8081 first
ok "a unit of the user's own runs beside it" as_aether systemctl --user is-active beside.service
ok 'the system is running' is_running machine
ok '… and the container has said so in the journal' in_guest machine 'journalctl -b -u web.service | grep "serving first"'
CONTAINER=systemd-web
ok "root's container has the image's files" looks_right in_guest machine podman
CONTAINER=systemd-mine
ok "the user's container has them, with its own ids" looks_right as_aether podman
ok 'a file of the image keeps its capability' keeps_capability
ok 'podman finds nothing wrong with the stores' finds_nothing in_guest machine
ok '… nor does the user' finds_nothing as_aether
ok 'they are read-only' in_guest machine 'podman images --format "{{.ReadOnly}}" | grep -qx true'
ok 'no copy of an image was made' in_guest machine '! find /var/lib/containers /home -xdev -name busybox | grep .'
finish
