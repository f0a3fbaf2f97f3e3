#!/bin/bash
# budget: 40
# deadline: 900
# The root image is made in two parts: the packages' is kept, and the rest of the tree appended to it. What comes out has
# exactly the files of a tree that is taken whole, and its bytes do not know what was in the cache.
. "${SOURCE:=$PWD}/tests/lib.sh"
. "$SOURCE/tests/fault/lib.sh"
[[ $(id -u) == 0 ]] || skip 'needs root: a root image is mounted'
need qemu-img python3
need_small

CACHE=$WORK/cache RECIPE=$WORK/repo/recipes/small.recipe
small_cache "$CACHE" blobs debs layers
copy_recipes "$WORK/repo"
write_small "$WORK/repo"
cp "$SMALL" "${SMALL%recipe}lock" "$WORK/repo/recipes/"
cp "$RECIPE" "$WORK/plain.recipe"

# recipe HOOKS FILE…: the small machine with these hooks and files.
recipe() {
	sed "/^hooks:/d; /^files:/d" "$WORK/plain.recipe"
	[[ -z $1 ]] || echo "hooks: { configure: [[$1]] }"
	shift
	echo 'files:'
	printf '  %s\n' '/etc/motd: { text: "small\n", owner: anna, mode: "0640" }' "$@"
}

build() {
	"$AETHER" vm --cache "$CACHE" --out "$WORK/$1" "$RECIPE" >"$WORK/path" 2>"$WORK/said" || { cat "$WORK/said"; return 1; }
	cp "$WORK/said" "$WORK/said-$1"
}

# tree OUT: all that can be known of every file in its root image.
tree() {
	local image=$WORK/$1/small/1 start
	start=$(jq '.partitions[] | select(.content == "root") | .start' "$image/manifest.json") &&
		qemu-img convert -O raw "$image/small.qcow2" "$WORK/raw" && mkdir -p "$WORK/mnt" &&
		mount -t erofs -o "loop,ro,offset=$start" "$WORK/raw" "$WORK/mnt" || return
	python3 - "$WORK/mnt" >"$WORK/tree-$1" <<-'EOF'
		import hashlib, os, pathlib, stat, sys
		for path in sorted(pathlib.Path(sys.argv[1]).rglob("*")):
		    s, content = path.lstat(), None
		    if stat.S_ISREG(s.st_mode):
		        content = hashlib.sha256(path.read_bytes()).hexdigest()
		    elif stat.S_ISLNK(s.st_mode):
		        content = os.readlink(path)
		    names = sorted(os.listxattr(path, follow_symlinks=False))
		    attributes = {name: os.getxattr(path, name, follow_symlinks=False) for name in names}
		    print(str(path)[len(sys.argv[1]):], oct(s.st_mode), s.st_uid, s.st_gid, s.st_nlink,
		          None if stat.S_ISDIR(s.st_mode) else s.st_size, s.st_mtime, s.st_rdev, content, attributes)
	EOF
	umount "$WORK/mnt"
	[[ -s $WORK/tree-$1 ]]
}

# (loop devices or erofs may be missing where this runs)
MORE=(
	'/etc/hosts: { text: "of the recipe\n" }'
	'/usr/share/new/one: { text: "1" }'
	'/usr/share/new/two: { text: "2", mode: "4755" }'
)
recipe /bin/true "${MORE[@]}" >"$RECIPE"
ok 'a recipe with a hook is built' build whole
refused '… its tree taken whole' grep -q "the packages' part" "$WORK/said-whole"
tree whole || skip 'an erofs image cannot be mounted here'

recipe '' '/etc/hosts: { text: "something else\n" }' >"$RECIPE"
ok 'a recipe without one is built' build first
ok '… in two parts' grep -q "the packages' part" "$WORK/said-first"

recipe '' "${MORE[@]}" >"$RECIPE"
ok 'with other files it is built again' build second
refused '… with the part that is kept' grep -q "the packages' part" "$WORK/said-second"
ok 'its root can be read' tree second
ok '… and has the files of the tree that was taken whole, in everything' diff "$WORK/tree-whole" "$WORK/tree-second"

rm -rf "$CACHE/roots"
ok 'it is built without that part in the cache' build third
ok '… and is the same bytes' cmp "$WORK/second/small/1/small.qcow2" "$WORK/third/small/1/small.qcow2"
finish
