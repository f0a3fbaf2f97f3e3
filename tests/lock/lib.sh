# What the lock's tests share: a small Debian archive of our own on loopback, whose every part can be made wrong. Sourced after
# tests/lib.sh.
#
#   $ARCHIVE          the archive's folder, served as $URL/archive; $URL/other and the like are $WORK/other and the like
#   $WORK/requests    what was asked of the server
#   $WORK/said        what the last run of the program said
# shellcheck shell=bash disable=SC2034,SC2119,SC2120,SC2154 # WORK, AETHER come from tests/lib.sh
need gpg dpkg-deb dpkg-scanpackages xz python3

ARCHIVE=$WORK/archive SUITE=testing-1 SIGNERS=archive
export GNUPGHOME
GNUPGHOME=$(mktemp -d) # a short path: its agent listens on a socket there
SERVER=

clean_up() {
	[[ -z $SERVER ]] || kill "$SERVER" 2>/dev/null
	gpgconf --kill all 2>/dev/null
	rm -rf "$GNUPGHOME"
	[[ $RUN_ID != by-hand-* ]] || rm -rf "$WORK"
}
trap clean_up EXIT

# new_key NAME [EXPIRES [OPTION…]]: a signing key; its public part at $WORK/NAME.asc, its fingerprint beside it.
new_key() {
	local name=$1@test.invalid
	gpg --quiet --batch --passphrase '' "${@:3}" --quick-generate-key "$name" ed25519 sign "${2:-never}" 2>/dev/null &&
		gpg --armor --export "$name" >"$WORK/$1.asc" &&
		gpg --with-colons --list-keys "$name" | awk -F: '$1 == "fpr" { print $10; exit }' >"$WORK/$1.fingerprint"
}

fingerprint() {
	cat "$WORK/$1.fingerprint"
}

# package NAME VERSION [FIELD…]: puts a package into the pool; more fields of its control file as `Field: value`.
package() {
	local name=$1 version=$2 folder=$WORK/package
	shift 2
	rm -rf "$folder"
	mkdir -p "$folder/DEBIAN" "$folder/usr/share/$name" "$ARCHIVE/pool/main"
	printf '%s\n' "$version" >"$folder/usr/share/$name/version"
	printf '%s\n' "Package: $name" "Version: $version" 'Architecture: all' 'Maintainer: Test <test@test.invalid>' \
		"Description: the package $name of a test" "$@" >"$folder/DEBIAN/control"
	dpkg-deb --root-owner-group -Zgzip -b "$folder" "$ARCHIVE/pool/main/${name}_${version//:/%3a}_all.deb" >/dev/null
}

# drop NAME VERSION: the package leaves the archive.
drop() {
	rm "$ARCHIVE/pool/main/${1}_${2}_all.deb"
}

# date_of SECONDS_FROM_NOW: as a Release writes it.
date_of() {
	LC_ALL=C date -u -d "@$(($(date +%s) + $1))" '+%a, %d %b %Y %H:%M:%S UTC'
}

# sign_release [OPTION…]: signs the Release anew, by all of $SIGNERS.
sign_release() {
	local signer arguments=(--digest-algo SHA256)
	for signer in $SIGNERS; do
		arguments+=(--local-user "$signer@test.invalid")
	done
	(cd "$ARCHIVE/dists/$SUITE" &&
		gpg --quiet --batch --yes "${arguments[@]}" "$@" --clear-sign -o InRelease Release)
}

# publish [FIELD…]: indexes the pool as $SUITE, and signs. Fields replace those of the Release. The indexes can be had by
# digest only: the files with plain names are another day's.
publish() {
	local dist=$ARCHIVE/dists/$SUITE index path sum
	index=$dist/main/binary-amd64
	rm -rf "$dist"
	mkdir -p "$index/by-hash/SHA256"
	(cd "$ARCHIVE" && dpkg-scanpackages --multiversion pool 2>/dev/null) >"$index/Packages"
	xz -k "$index/Packages"
	{
		printf '%s\n' "$@"
		printf '%s\n' 'Origin: Test' "Suite: ${RELEASE_SUITE:-$SUITE}" "Date: $(date_of -3600)" \
			"Valid-Until: $(date_of 86400)" 'Acquire-By-Hash: yes' 'Architectures: amd64' 'Components: main'
	} | awk -F: 'NF && !seen[$1]++' >"$dist/Release"
	echo 'SHA256:' >>"$dist/Release"
	for path in main/binary-amd64/Packages main/binary-amd64/Packages.xz; do
		sum=$(sha256sum <"$dist/$path")
		echo " ${sum%% *} $(stat -c %s "$dist/$path") $path" >>"$dist/Release"
		mv "$dist/$path" "$index/by-hash/SHA256/${sum%% *}"
		echo 'of another day' >"$dist/$path"
	done
	sign_release
}

# serve: serves $WORK on a port of loopback.
serve() {
	python3 -c '
import functools, http.server, sys
class Handler(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=sys.argv[1]))
print(server.server_address[1], flush=True)
server.serve_forever()' "$WORK" >"$WORK/port" 2>"$WORK/requests" &
	SERVER=$!
	until [[ -s $WORK/port ]]; do
		kill -0 "$SERVER" || die 'a server on loopback starts'
		sleep 0.05
	done
	URL=http://127.0.0.1:$(cat "$WORK/port")
}

# write_recipe PACKAGE…: $RECIPE, a tools recipe that asks our archive for these. $KEY and $PINS (names of keys), $MIRRORS.
write_recipe() {
	local pin pins=
	for pin in ${PINS:-archive}; do
		pins+="$(fingerprint "$pin"), "
	done
	mkdir -p "$WORK/repo/.git"
	cp "$WORK/${KEY:-archive}.asc" "$WORK/repo/key.asc"
	RECIPE=$WORK/repo/machine.recipe LOCK=$WORK/repo/machine.lock
	{
		printf '%s\n' 'name: machine' 'kinds: [tools]' 'distribution:' "  url: $URL/archive" \
			"  mirrors: [${MIRRORS:-}]" "  suites: [$SUITE]" '  components: [main]' '  key: key.asc' \
			"  fingerprints: [${pins%, }]" 'packages:'
		printf '  - %s\n' "$@"
	} >"$RECIPE"
}

# lock [ARGUMENT…]: locks the recipe, which takes a while at the most.
lock() {
	timeout 120 "$AETHER" lock --cache "$WORK/cache" "$@" "$RECIPE" >"$WORK/said" 2>&1
	local status=$?
	cat "$WORK/said"
	return $status
}

# refused_with SENTENCE TEXT [ARGUMENT…]: locking is refused, the text is said, and the lock is what it was.
refused_with() {
	local sentence=$1 text=$2 before
	shift 2
	before=$(cat "$LOCK" 2>/dev/null)
	refused "$sentence" lock "$@"
	ok "… and it says '$text'" said "$text"
	ok "… and leaves the lock alone" test "$(cat "$LOCK" 2>/dev/null)" = "$before"
}

# locked NAME VERSION: the lock has the package in this version.
locked() {
	grep -q "^    $1: { version: \"$2\"," "$LOCK"
}

# layer_of NAME: which layer of the image it is in.
layer_of() {
	awk -v name="$1:" '/^  [a-z]+:/ { layer = $1 } $1 == name { sub(":", "", layer); print layer; exit }' "$LOCK"
}

# A small system: one essential package that needs another, and something to ask for.
small_archive() {
	new_key archive || die 'a key can be made'
	package base 1.0 'Essential: yes' 'Depends: libbase'
	package libbase 1.0
	package app 1.0 'Depends: libapp (>= 1.0)'
	package libapp 1.0
	package editor 1.0
	publish
	serve
}
