#!/bin/bash
# budget: 30
# What the program is belongs to every key: one that was changed makes anew what it shapes, and where it was compiled is
# nothing to it.
. "${SOURCE:=$PWD}/tests/lib.sh"
. "$SOURCE/tests/fault/lib.sh"
need gcc make
need_small

# identity COPY [WORD…]: the digests that make computes there, with more words for it.
identity() {
	make -s -C "$1" B="$WORK/b" "${@:2}" "$WORK/b/identity" >/dev/null && cat "$WORK/b/identity"
}

# changes FILE FIELD…: a changed comment of that file changes these of the two digests (program, trees), and no other.
changes() {
	local before after field differ=()
	before=$(identity "$WORK/copy")
	echo '/* changed */' >>"$WORK/copy/$1"
	after=$(identity "$WORK/copy")
	for field in PROGRAM TREES; do
		[[ $(grep "$field" <<<"$before") == "$(grep "$field" <<<"$after")" ]] || differ+=("$field")
	done
	[[ ${differ[*]} == "${*:2}" ]] || { echo "$1: ${differ[*]}"; return 1; }
}

mkdir "$WORK/copy"
(cd "$SOURCE" && git ls-files -z builder Makefile | xargs -0 cp --parents -t "$WORK/copy")
ok 'another place, compiler and flags are the same program' \
	test "$(identity "$WORK/copy" CC=false CFLAGS=-O0 PREFIX=/elsewhere)" = "$(cat "$BUILD/identity")"
ok 'each source changes the program' changes builder/verb/vm.c PROGRAM
ok '… those of disks too' changes builder/boot/esp.c PROGRAM
ok '… and headers' changes builder/plan/plan.h PROGRAM
ok '… and what opens secrets' changes builder/sealed/pool.c PROGRAM
ok 'what unpacks and installs changes the cache' changes builder/tree/layer.c PROGRAM TREES
ok '… down to the bottom' changes builder/base/file.c PROGRAM TREES
ok '… and what reads archives' changes builder/edge/extract.c PROGRAM TREES
ok 'the agent is an input of its own' changes builder/machine/agent/judge.c

version=$(sed -n 's/^VERSION := //p' "$SOURCE/Makefile")
ok 'the program says what it is' test "$("$AETHER" --version)" = \
	"aether-build $version (sources $(sed -nE 's/.*PROGRAM "(.{12}).*/\1/p' "$BUILD/identity"))"

# Another program: the same objects but for what they say they are.
other_program() {
	local packages libraries
	read -ra packages < <(sed -n 's/^PACKAGES := //p' "$SOURCE/Makefile")
	read -ra libraries < <(pkg-config --libs "${packages[@]}")
	sed 's/\(PROGRAM "\)./\1x/' "$BUILD/identity" >"$WORK/identity" &&
		"${CC:-cc}" -I "$SOURCE/builder" -include "$WORK/identity" -c -o "$WORK/identity.o" \
			"$SOURCE/builder/base/identity.c" &&
		cp "$BUILD/libaether.a" "$WORK/" && ar r "$WORK/libaether.a" "$WORK/identity.o" &&
		"${CC:-cc}" -pie -o "$WORK/aether-build" "$BUILD/main.o" "$WORK/libaether.a" "$BUILD/libsealed.a" -pthread \
			-lm "${libraries[@]}" &&
		cp "$BUILD"/aether-{init,agent,secrets} "$WORK/"
}
ok 'another program can be linked' other_program
cp -a "$(dirname "$(dirname "$(dirname "$SMALL_IMAGE")")")" "$WORK/out"
ok 'the same program finds its image' vm "$SMALL_CACHE" "$WORK/out"
ok '… and says so' said 'nothing has changed'
AETHER=$WORK/aether-build
ok 'another one makes it anew' vm "$SMALL_CACHE" "$WORK/out"
ok '… as another generation' test "$(tail -n 1 "$WORK/path")" = "$WORK/out/small/2/small.qcow2"
ok '… with the same bytes, for only its name is new' is_small "$WORK/out/small/2/small.qcow2"
ok 'why knows' bash -c '"$1" why --out "$2" "$3" | grep -q "^nothing has changed"' - "$AETHER" "$WORK/out" "$SMALL"
rm -rf "$WORK/out/small/2"
ok '… before, too' bash -c '"$1" why --out "$2" "$3" | grep -q "^all: .*program"' - "$AETHER" "$WORK/out" "$SMALL"
finish
