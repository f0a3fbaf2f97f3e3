#!/bin/bash
# budget: 40
# deadline: 900
# A disk that is full, or cannot be written: an error that says so, nothing half, and the same command works when there
# is room.
. "${SOURCE:=$PWD}/tests/lib.sh"
. "$SOURCE/tests/fault/lib.sh"
[[ $(id -u) == 0 ]] || skip 'only root can mount a small disk'
need_small

cp -a "$(dirname "$(dirname "$SMALL")")" "$WORK/repo" 2>/dev/null
SMALL=$WORK/repo/recipes/small.recipe

# In a mount namespace of our own: what is mounted goes with us.
if [[ -z ${IN_NAMESPACE:-} ]]; then
	export IN_NAMESPACE=1 BUILD RUN_ID WORK
	exec unshare -m --propagation private "$0"
fi

# disk FOLDER SIZE: a small disk there, or the one that is there with another size.
disk() {
	local how=size=$2
	mkdir -p "$1"
	! mountpoint -q "$1" || how+=,remount
	mount -t tmpfs -o "$how" none "$1" || die "there can be a disk of $2"
}

says_full() {
	said 'No space left on device' 'free some space and run the same command again'
}

# --- the cache --------------------------------------------------------------------------------------------------------
CACHE=$WORK/cache
for size in 40M 150M 320M 450M; do
	umount "$CACHE" 2>/dev/null
	disk "$CACHE" "$size"
	[[ $size == 40M ]] || cp -a "$SMALL_CACHE/blobs" "$CACHE/"
	refused "a cache of $size is too small" vm "$CACHE" "$WORK/out"
	ok '… and that is what is said' said 'No space left on device'
	ok '… and no image can be seen' all_whole "$WORK/out"
	ok '… and no draft is left' nothing_drafted "$CACHE"
done
disk "$CACHE" 3G
cp -a "$SMALL_CACHE/blobs" "$CACHE/"
ok 'with room, the same command works' vm "$CACHE" "$WORK/out"
ok '… and makes the same bytes' is_small "$(cat "$WORK/path")"

# --- the folder of the images -----------------------------------------------------------------------------------------
CACHE=$WORK/cache2
small_cache "$CACHE" blobs debs layers
disk "$WORK/small-out" 20M
refused 'a folder of 20M is too small for the image' vm "$CACHE" "$WORK/small-out"
ok '… and that is what is said' says_full
ok '… and nothing can be seen' all_whole "$WORK/small-out"
ok '… and nothing is left that takes room' test "$(du -sk "$WORK/small-out" | cut -f 1)" -lt 100
disk "$WORK/small-out" 1G
ok 'with room, the same command works' vm "$CACHE" "$WORK/small-out"
# Room for half of another one.
disk "$WORK/small-out" "$(($(du -sk "$WORK/small-out" | cut -f 1) * 3 / 2))K"
sed -i 's/small\\n/other\\n/' "$SMALL"
refused 'there is no room for a second image' vm "$CACHE" "$WORK/small-out"
sed -i 's/other\\n/small\\n/' "$SMALL"
ok '… and the first is whole' all_whole "$WORK/small-out"
ok '… and is found' vm "$CACHE" "$WORK/small-out"
ok '… as the same bytes' is_small "$(cat "$WORK/path")"

# --- folders that cannot be written -----------------------------------------------------------------------------------
mkdir -p "$WORK/sealed"
mount --bind "$WORK/sealed" "$WORK/sealed" && mount -o remount,bind,ro "$WORK/sealed"
refused 'a folder that is read-only takes no image' vm "$CACHE" "$WORK/sealed"
ok '… and what to do is said' said "$WORK/sealed" '--out'
refused 'a cache that is read-only is none' vm "$WORK/sealed" "$WORK/out2"
ok '… and what to do is said' said 'set AETHER_CACHE to a folder you can write to'
echo text >"$WORK/file"
refused 'a file is no folder for images' vm "$CACHE" "$WORK/file"
refused 'a file is no cache' vm "$WORK/file" "$WORK/out2"
finish
