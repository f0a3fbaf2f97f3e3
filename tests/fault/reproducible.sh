#!/bin/bash
# budget: 60
# deadline: 1800
# The gateway is the same bytes, whoever builds it, where and when: another cache, user, folder, time zone, language,
# umask, host name, number of processors and, as always, time.
. "${SOURCE:=$PWD}/tests/lib.sh"
. "$SOURCE/tests/fault/lib.sh"
need unshare taskset
need_builder
need_image gateway

# Copied in reverse order, so that folders list their entries in another one.
mkdir -p "$PLACE/elsewhere/a repository" "$PLACE/home"
REPO="$PLACE/elsewhere/a repository"
(cd "$IMAGE_REPO" && find . -type f | sort -r | xargs -d '\n' cp --parents -pt "$REPO")
mkdir -p "$REPO/.git"
chown -R "$BUILDER_UID:$BUILDER_UID" "$PLACE"

build() {
	local status
	(
		umask 077
		as_builder HOME="$PLACE/home" TZ=Pacific/Kiritimati LC_ALL=POSIX AETHER_JOBS=1 TMPDIR=/nowhere \
			SOURCE_DATE_EPOCH=1 AETHER_CACHE="$PLACE/another, cache:" \
			taskset -c 0 "$PLACE/aether-build" vm --out "$PLACE/out" "$REPO/recipes/gateway.recipe"
	) >"$WORK/path" 2>"$WORK/said"
	status=$?
	cat "$WORK/said"
	return "$status"
}

same_manifest() {
	diff <(jq -S . "$(dirname "$IMAGE")/manifest.json") <(jq -S . "$(dirname "$(cat "$WORK/path")")/manifest.json")
}

ok 'the gateway is built by somebody else, somewhere else' build
ok '… as the same bytes' cmp "$IMAGE" "$(cat "$WORK/path")"
ok '… with the same manifest' same_manifest
ok '… that holds no folder of either machine' \
	test -z "$(grep -F -e "$PLACE" -e "$IMAGE_REPO" "$(dirname "$(cat "$WORK/path")")/manifest.json")"
finish
