#!/bin/bash
# deadline: 1800
# budget: 150
# What libguestfs's appliance and the tools make in an image: LVM with linear and thin volumes, an array, btrfs with
# subvolumes, xfs, f2fs, swap, a hybrid table. Judges are the programs of others, on files. What can be the same again is; and
# nobody who needs no appliance loads the library. (One launch.)
. "${SOURCE:=$PWD}/tests/lib.sh"
. "$SOURCE/tests/fault/lib.sh"
need qemu-img sfdisk blkid xfs_repair btrfs fsck.f2fs e2fsck mdadm pvck jq
need_small

CACHE=$WORK/cache
small_cache "$CACHE" blobs debs layers
copy_recipes "$WORK/repo"
write_small "$WORK/repo"

# layout NAME: partitions/NAME.yaml with the partitions on stdin behind the usual ones, and a recipe of that name.
layout() {
	local tools='e2fsprogs, lvm2, mdadm, thin-provisioning-tools, xfsprogs'
	sed "s/^name: small/name: $1/; s/small.yaml/$1.yaml/; s/^packages: \[/&$tools, /" \
		"$WORK/repo/recipes/small.recipe" >"$WORK/repo/recipes/$1.recipe" &&
		{ cat "$WORK/repo/partitions/small.yaml" && sed 's/^/        /'; } >"$WORK/repo/partitions/$1.yaml"
}

layout formats <<'EOF'
f2fs:  { priority: 11, size: 96M, content: { type: filesystem, format: f2fs } }
btrfs: { priority: 12, size: 160M, content: { type: filesystem, format: btrfs, mountpoint: /srv/btrfs } }
swap:  { priority: 13, size: 32M, content: { type: swap } }
xfs:
  priority: 14
  size: 320M
  alignment: 8192
  attributes: [60]
  content: { type: filesystem, format: xfs, mountpoint: /srv/xfs }
EOF
layout stacks <<'EOF'
home:
  priority: 11
  size: 160M
  content: { type: btrfs, subvolumes: { "@home": { mountpoint: /srv/home }, "@home/log": {}, "@x": {} } }
boot:
  priority: 12
  size: 64M
  hybrid: { mbrPartitionType: "0x83" }
  content: { type: filesystem, format: ext4, mountpoint: /srv/boot }
m1: { priority: 13, size: 64M, content: { type: mdraid, name: pair } }
m2: { priority: 14, size: 64M, content: { type: mdraid, name: pair } }
pv: { priority: 15, size: 768M, content: { type: lvm_pv, vg: pool } }
EOF
cat >>"$WORK/repo/partitions/stacks.yaml" <<'EOF'
mdadm:
  pair: { type: mdadm, level: 1, content: { type: filesystem, format: ext4, mountpoint: /srv/pair } }
lvm_vg:
  pool:
    type: lvm_vg
    lvs:
      data:  { size: 320M, content: { type: filesystem, format: xfs, mountpoint: /srv/data } }
      thin:  { size: 128M, lvm_type: thin-pool }
      small: { size: 256M, lvm_type: thinlv, pool: thin, content: { type: filesystem, format: ext4, mountpoint: /srv/s } }
      swap:  { size: 32M, content: { type: swap } }
EOF

# build NAME OUT: and which programs load which libraries, in files $WORK/OUT.loaded.*
build() {
	"$AETHER" lock --cache "$CACHE" "$WORK/repo/recipes/$1.recipe" >"$WORK/said" 2>&1 &&
		LD_DEBUG=files LD_DEBUG_OUTPUT=$WORK/$2.loaded \
		"$AETHER" vm --cache "$CACHE" --out "$WORK/$2" "$WORK/repo/recipes/$1.recipe" >"$WORK/path" 2>"$WORK/said" ||
		{ cat "$WORK/said"; return 1; }
}

# take OUT NAME: its disk as $WORK/OUT.raw, its manifest as $WORK/OUT.json.
take() {
	qemu-img convert -O raw "$WORK/$1/$2/1/$2.qcow2" "$WORK/$1.raw" && cp "$WORK/$1/$2/1/manifest.json" "$WORK/$1.json"
}

# part OUT LABEL: that partition as a file of its own; its path.
part() {
	local start size
	read -r start size < <(jq -r ".partitions[] | select(.label == \"$2\") | \"\(.start) \(.size)\"" "$WORK/$1.json")
	dd if="$WORK/$1.raw" of="$WORK/$1.$2" bs=1M skip=$((start >> 20)) count=$((size >> 20)) conv=sparse status=none &&
		truncate -s "$size" "$WORK/$1.$2" && echo "$WORK/$1.$2"
}

# is FILE TYPE LABEL: what blkid says.
is() {
	[[ $(blkid -p -o value -s TYPE "$1")/$(blkid -p -o value -s LABEL "$1") == "$2/$3" ]]
}

# told OUT LABEL MADE DETERMINISTIC: what the manifest says.
told() {
	jq -e --arg l "$2" --arg m "$3" --argjson d "$4" \
		'.partitions[] | select(.label == $l) | .made == $m and .deterministic == $d' "$WORK/$1.json" >"$WORK/held"
}

# left: the files that libguestfs has made since $WORK/before, and that no running one has its sockets in, are there.
left() {
	local path found=1
	while read -r path; do
		grep -qF " $path/" /proc/net/unix || { echo "$path"; found=0; }
	done < <(find /tmp /var/tmp "${XDG_RUNTIME_DIR:-/tmp}" -maxdepth 1 -newer "$WORK/before" \
		\( -name 'libguestfs*' -o -name '.guestfs*' \) 2>/dev/null)
	return "$found"
}

# loads OUT LIBRARY: some program of that build has opened it.
loads() {
	cat "$WORK/$1".loaded.* | grep -q "file=$2"
}

ok 'file systems of all kinds are made without an appliance' build formats one
ok 'and again' build formats two
ok 'one disk can be looked at' take one formats
[[ $FAILURES == 0 ]] || finish
ok 'both are the same bytes' cmp "$WORK"/{one,two}/formats/1/formats.qcow2
ok 'what is loaded can be seen' loads one libarchive
refused 'nothing has loaded libguestfs' loads one libguestfs
for label in f2fs btrfs swap xfs; do
	file=$(part one "$label")
	ok "$label is what its label says" is "$file" "$label" "$label"
	ok "$label is told as deterministic" told one "$label" image true
done
ok 'xfs_repair finds nothing' xfs_repair -n -f "$WORK/one.xfs"
ok 'btrfs finds nothing' btrfs check "$WORK/one.btrfs"
ok 'fsck.f2fs finds nothing' fsck.f2fs --dry-run "$WORK/one.f2fs"
ok 'the one with an alignment of its own is aligned' \
	jq -e '.partitions[] | select(.label == "xfs") | .start % 4194304 == 0' "$WORK/one.json"
ok 'the attributes are there' grep -q 'name="xfs", attrs="GUID:60"' <(sfdisk -d "$WORK/one.raw")
rm -rf "$WORK"/one* "$WORK"/two*

touch "$WORK/before"
ok 'stacks are made' build stacks stacks
ok 'the disk can be looked at' take stacks stacks
ok 'libguestfs was loaded for them' loads stacks libguestfs
[[ $FAILURES == 0 ]] || finish
ok 'sfdisk finds no error' sfdisk --verify "$WORK/stacks.raw"
ok 'the old table has the entry of the hybrid one' grep -q 'type=83$' <(sfdisk --label-nested dos -d "$WORK/stacks.raw")

home=$(part stacks home)
ok 'btrfs is there' is "$home" btrfs home
ok 'btrfs with subvolumes is no deterministic one' told stacks home image false
ok 'btrfs finds nothing in it' btrfs check "$home"
ok 'it has the subvolumes' diff <(printf '%s\n' @home @x log) \
	<(btrfs inspect-internal dump-tree -t root "$home" | sed -n 's/.*root ref key .* name //p' | LC_ALL=C sort -u)

m1=$(part stacks m1) m2=$(part stacks m2)
examined() { mdadm --examine "$1" | grep -E 'Array UUID|Raid Level|State :|Name|Events'; }
ok 'the array has two members that agree' diff <(examined "$m1") <(examined "$m2")
ok 'it is a clean mirror' grep -q 'State : clean' <(examined "$m1")
offset=$(($(mdadm --examine "$m1" | sed -n 's/ *Data Offset : \([0-9]*\) sectors/\1/p') * 512))
tail -c +$((offset + 1)) "$m1" >"$WORK/half1"
tail -c +$((offset + 1)) "$m2" >"$WORK/half2"
ok 'its halves are the same' cmp "$WORK/half1" "$WORK/half2"
ok 'e2fsck finds nothing on it' e2fsck -fn "$WORK/half1"
ok 'the members are the appliance'\''s, and told so' told stacks m1 appliance false

pv=$(part stacks pv)
pvck --dump metadata "$pv" >"$WORK/metadata" 2>"$WORK/said"
# volume NAME: the lines of that volume.
volume() {
	awk -v name="$1" '$0 == name " {" { inside = 1 }
		inside && / {$/ { deep++ }
		inside { print }
		inside && /^}/ && !--deep { exit }' "$WORK/metadata"
}
ok 'there is a group of that name' grep -q '^pool {' "$WORK/metadata"
ok 'with a linear volume' grep -q 'stripe_count = 1' <(volume data)
ok 'a pool' grep -q 'type = "thin-pool"' <(volume thin)
ok 'and a thin volume of it, larger than the pool' grep -q 'extent_count = 64' <(volume small)
# content NAME: a linear volume as a file; extents have 4 MiB, the first begins at 1 MiB.
content() {
	local first count
	first=$(volume "$1" | sed -n 's/.*"pv0", \([0-9]*\).*/\1/p')
	count=$(volume "$1" | sed -n 's/^extent_count = \([0-9]*\).*/\1/p')
	dd if="$pv" of="$WORK/content.$1" bs=1M skip=$((1 + 4 * first)) count=$((4 * count)) conv=sparse status=none &&
		truncate -s $((count << 22)) "$WORK/content.$1"
}
ok 'the linear volume can be cut out' content data
ok 'it has xfs' is "$WORK/content.data" xfs data
ok 'xfs_repair finds nothing in it' xfs_repair -n -f "$WORK/content.data"
ok 'the other one can be cut out' content swap
ok 'it has swap space' is "$WORK/content.swap" swap swap
refused 'nothing of the appliance is left in the temporary folder' left
finish
