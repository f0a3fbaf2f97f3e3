#!/bin/bash
# What `inspect` says of images: one of ours, and a disk of a stranger who means harm. (Comparing is in against.sh.)
# deadline: 900
# budget: 150
. "${SOURCE:=$PWD}/tests/lib.sh"
need qemu-img mcopy sfdisk mke2fs jq cryptsetup
[[ -e /usr/lib/x86_64-linux-gnu/libguestfs.so.0 ]] || skip "needs libguestfs: run ci/setup test"
: "${AETHER_CACHE:=$WORK/cache}"
export AETHER_CACHE

# run ARGUMENT…: what it said is in $WORK/said, its result in $WORK/result.
run() {
	"$AETHER" inspect --out "$WORK/none" "$@" >"$WORK/result" 2>"$WORK/said" || { cat "$WORK/said"; return 1; }
}

# refuses TEXT ARGUMENT…: it fails, and says so.
refuses() {
	! run "${@:2}" && said "$1"
}

# holds JQ: true of the result.
holds() {
	jq -e "$1" "$WORK/result" >/dev/null || { cat "$WORK/result"; return 1; }
}

has() {
	local text
	for text; do
		grep -qF -- "$text" "$WORK/result" || { echo "no '$text' in:"; cat "$WORK/result"; return 1; }
	done
}

# --- what is refused, before anything is started ---------------------------------------------------------------------
echo "a file of this host" >"$WORK/secret"
qemu-img create -q -f qcow2 -F raw -b "$WORK/secret" "$WORK/backed.qcow2" 1M
qemu-img create -q -f qcow2 -o data_file="$WORK/data",data_file_raw=on "$WORK/elsewhere.qcow2" 1M
qemu-img create -q -f vmdk "$WORK/foreign.vmdk" 1M
ok "an image that stands on another file is refused" refuses "a backing file" "$WORK/backed.qcow2"
ok "an image with its data elsewhere is refused" refuses "external data file" "$WORK/elsewhere.qcow2"
ok "a format that is not read is refused" refuses "a VMDK disk" "$WORK/foreign.vmdk"

# --- a stranger's disk -----------------------------------------------------------------------------------------------
# hostile: an ext4 with names, links, modes and sizes that nobody should trust; beside it an encrypted partition.
hostile() {
	local tree=$WORK/tree disk=$WORK/hostile.raw
	mkdir -p "$tree/etc/tree/sub" "$tree/usr/lib" "$tree/bin" || return
	printf 'ID=strange\nPRETTY_NAME="Strange \033[2J OS"\n' >"$tree/usr/lib/os-release"
	ln -s ../usr/lib/os-release "$tree/etc/os-release"
	ln -s ../../../../../../../../etc/hostname "$tree/etc/upwards"
	ln -s "$WORK/secret" "$tree/etc/secret"
	echo strange-host >"$tree/etc/hostname"
	echo 'PARTLABEL=data /srv ext4 ro 0 0' >"$tree/etc/fstab"
	mkdir "$tree/srv"
	head -c 300000 /dev/urandom >"$tree/etc/tree/binary"
	printf 'x' >"$tree/etc/tree/$(printf 'new\nline\033[31m')"
	ln -s "$WORK" "$tree/etc/tree/out"
	mkfifo "$tree/etc/tree/fifo"
	printf '#!/bin/sh\n' >"$tree/etc/tree/sub/setuid"
	chmod 4755 "$tree/etc/tree/sub/setuid"
	mkdir "$tree/etc/huge"
	truncate -s 2T "$tree/etc/huge/file"
	mke2fs -q -t ext4 -L strange -d "$tree" "$WORK/root.ext4" 64M || return
	mkdir "$WORK/data-tree" && echo mounted >"$WORK/data-tree/here"
	mke2fs -q -t ext4 -d "$WORK/data-tree" "$WORK/data.ext4" 16M || return
	truncate -s 128M "$disk"
	printf '%s\n' 'label: gpt' 'start=2048, size=64MiB, name=strange' 'size=16MiB, name=closed' 'size=16MiB, name=data' |
		sfdisk -q "$disk" || return
	truncate -s 16M "$WORK/luks"
	echo pass | cryptsetup luksFormat -q --type luks2 --pbkdf pbkdf2 --pbkdf-force-iterations 1000 \
		--luks2-metadata-size 16k --luks2-keyslots-size 256k "$WORK/luks" - || return
	dd if="$WORK/root.ext4" of="$disk" bs=1M seek=1 conv=notrunc,sparse status=none
	dd if="$WORK/luks" of="$disk" bs=1M seek=65 conv=notrunc,sparse status=none
	dd if="$WORK/data.ext4" of="$disk" bs=1M seek=81 conv=notrunc,sparse status=none
}
ok "a stranger's disk can be made" hostile
sum=$(sha256sum <"$WORK/hostile.raw")

ok "a stranger's disk is told" run --json "$WORK/hostile.raw"
ok "its partitions are those that there are" holds '[.devices[] | select(.number) | .label] == ["strange", "closed", "data"]'
ok "what is encrypted stays closed, and that is said" holds \
	'.devices[] | select(.label == "closed") | .fs == "crypto_LUKS" and (.problem | test("encrypted"))'
ok "a terminal would obey nothing of it" holds \
	'.system.os_release.PRETTY_NAME == "Strange \\x1b[2J OS" and .system.hostname == "strange-host"'
ok "a link to a file of this host leads nowhere" refuses "there is no" "$WORK/hostile.raw" /etc/secret
ok "names are shown as text" eval 'run "$WORK/hostile.raw" /etc/tree && has "new\\x0aline\\x1b[31m" "prw" "out -> $WORK"'
ok "what fstab mounts is there, and a file comes whole" eval 'run "$WORK/hostile.raw" /srv/here && has mounted'

extracted() {
	run --extract "$WORK/copy" "$WORK/hostile.raw" /etc/tree || return
	cmp "$WORK/copy/binary" "$WORK/tree/etc/tree/binary" && [[ $(stat -c %a "$WORK/copy/sub/setuid") == 755 ]] &&
		[[ $(readlink "$WORK/copy/out") == "$WORK" && ! -e $WORK/copy/fifo &&
			-f $WORK/copy/$(printf 'new\nline\033[31m') ]] &&
		said "1 devices, sockets and FIFOs were left out"
}
ok "a folder is copied out, without what is special" extracted
ok "nothing is copied over what is there" refuses "exists already" --extract "$WORK/copy" "$WORK/hostile.raw" /etc/tree
ok "the disk was not written to" [ "$sum" == "$(sha256sum <"$WORK/hostile.raw")" ]

# --- one of ours -----------------------------------------------------------------------------------------------------
need_image gateway
manifest=$(dirname "$IMAGE")/manifest.json
ok "an image of ours is told" run --json "$IMAGE"
ok "its slot has the root hash of the manifest" holds ".slots[0].root_hash == $(jq .root_hash "$manifest")"
ok "its packages are those of the manifest" holds "(.system.packages | length) == $(jq '.packages | length' "$manifest")"
ok "its partitions are those of the manifest" holds \
	"[.devices[] | select(.number) | [.label, .start, .size]] ==
	$(jq -c '[.partitions[] | [.label, .start, .size]]' "$manifest")"

rm -f "$WORK"/*.raw
finish
