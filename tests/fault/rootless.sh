#!/bin/bash
# budget: 30
# deadline: 900
# A plain user builds the same bytes as root; without subordinate ids, the error says what to add.
. "${SOURCE:=$PWD}/tests/lib.sh"
. "$SOURCE/tests/fault/lib.sh"
need_builder
need_small

cp -r "$(dirname "$(dirname "$SMALL")")" "$PLACE/repo"
mkdir "$PLACE/cache"
cp -r "$SMALL_CACHE/blobs" "$PLACE/cache/"
chown -R "$BUILDER_UID:$BUILDER_UID" "$PLACE"

# build [ENVIRONMENT…]: as the plain user, with the cache where such a user has it.
build() {
	local status
	as_builder AETHER_CACHE="$PLACE/cache" "$@" \
		"$PLACE/aether-build" vm --out "$PLACE/out" "$PLACE/repo/recipes/small.recipe" >"$WORK/path" 2>"$WORK/said"
	status=$?
	cat "$WORK/said"
	return "$status"
}

BUILDER_IDS=''
refused 'without subordinate ids a plain user cannot build' build
ok '… and the two lines to add are said' said "'builder:100000:65536' to /etc/subuid" '/etc/subgid'
BUILDER_IDS=$'# of another\nroot:100000:65536\nbuilder:700000:1000'
refused 'too few of them are not enough' build
ok '… and the two lines to add are said' said "'builder:100000:65536' to /etc/subuid" '/etc/subgid'

BUILDER_IDS=$'# people\nroot:100000:65536\nbuilder:700000:65536'
ok 'with them it can' build
ok '… with the bytes that root makes' is_small "$(cat "$WORK/path")"
ok '… that belong to the user' test "$(stat -c %u:%g "$(cat "$WORK/path")")" = "$BUILDER_UID:$BUILDER_UID"
ok '… and nothing of it is left mounted' nobody_in "$PLACE/cache"
ok '… or drafted' nothing_drafted "$PLACE/cache"
export BUILDER_IDS="$BUILDER_UID:700000:65536"
rm -rf "$PLACE/out" # by root, who removes what belongs to a subordinate id
ok 'a number stands for the name' build
ok '… and the cache is where such a user has it' test -d "$PLACE/cache/layers"

# The cache of a plain user, when nobody names one.
mv "$PLACE/cache" "$PLACE/named"
mkdir -p "$PLACE/.cache" && chown "$BUILDER_UID:$BUILDER_UID" "$PLACE/.cache"
mv "$PLACE/named" "$PLACE/.cache/aether-build"
rm -rf "$PLACE/out"
ok 'the cache is found below the home folder' build AETHER_CACHE=
ok '… with all that is in it' test -z "$(grep installing "$WORK/said")"

# The user can remove everything that was left, as it was told: the cache can be deleted whenever no build is running.
ok 'root of the host sees no file of its own in the cache' \
	test -z "$(find "$PLACE/.cache" -uid 0 -print -quit)"
finish
