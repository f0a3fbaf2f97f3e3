#!/bin/bash
# budget: 20
# What has left the archive, or was tampered with there, comes from the next mirror; when there is none, the error says what to
# run. The packages are no system, so every build here ends early: what counts is what was fetched until then.
# shellcheck disable=SC2317 # its functions are called by ok and refused
. "${SOURCE:=$PWD}/tests/lib.sh"
. "$SOURCE/tests/lock/lib.sh"

# build: lets the program fetch what is locked.
build() {
	timeout 300 "$AETHER" lxc --cache "$WORK/cache" --out "$WORK/out" "$WORK/repo/vm.recipe" >"$WORK/said" 2>&1
	local status=$?
	cat "$WORK/said"
	return "$status"
}

lock_vm() {
	timeout 120 "$AETHER" lock --cache "$WORK/cache" "$@" "$WORK/repo/vm.recipe" >"$WORK/said" 2>&1
	local status=$?
	cat "$WORK/said"
	return "$status"
}

# fetched NAME: the package is in the cache, to the byte.
fetched() {
	local sha256
	sha256=$(sed -n "s/^    $1: .* sha256: \([0-9a-f]*\),.*/\1/p" "$WORK/repo/vm.lock" | head -n 1)
	sha256sum -c --quiet <<<"$sha256  $WORK/cache/blobs/${sha256:0:2}/$sha256"
}

small_archive
cp -a "$ARCHIVE" "$WORK/other"
MIRRORS=$URL/other write_recipe app
cp "$RECIPE" "$WORK/repo/tools.recipe"
sed -i 's/^name: .*/name: tools/' "$WORK/repo/tools.recipe"
sed 's/^name: .*/name: vm/; s/^kinds: .*/kinds: [lxc]\ntools: tools.recipe/' "$RECIPE" \
	>"$WORK/repo/vm.recipe"

mv "$ARCHIVE/dists" "$WORK/dists"
ok 'a suite that the archive lost is taken from its mirror' lock_vm
mv "$WORK/dists" "$ARCHIVE/dists"

for package in "$ARCHIVE"/pool/main/*.deb; do
	printf 'x' | dd of="$package" bs=1 seek=100 conv=notrunc status=none
done
refused 'a build of packages that are no system fails' build
for name in base libbase app libapp; do
	ok "… but $name, tampered with in the archive, was fetched from the mirror" fetched "$name"
done
ok '… after the archive was asked' grep -q 'GET /archive/pool/main/app_1.0_all.deb' "$WORK/requests"

rm -rf "$WORK/cache" "$WORK"/{archive,other}/pool/main/libapp_1.0_all.deb
refused 'a build of what no mirror has fails' build
ok '… and names the package' said "'libapp 1.0'"
ok '… and what to run' said "aether-build lock --update $WORK/repo/vm.recipe"
SERVED=$(sed -n 's/.*GET \([^ ]*libapp_1.0_all.deb\) .* 404 .*/\1/p' "$WORK/requests" | sort -u | xargs)
ok '… after every mirror was asked' test "$SERVED" = '/archive/pool/main/libapp_1.0_all.deb /other/pool/main/libapp_1.0_all.deb'

kill "$SERVER"
wait "$SERVER" 2>/dev/null
SERVER=
rm -rf "$WORK/cache"
refused 'without the archive a build fails' build
ok '… and wonders about the network' said 'check the network'
refused 'so does locking' lock_vm
ok '… with the same question' said 'check the network'
finish
