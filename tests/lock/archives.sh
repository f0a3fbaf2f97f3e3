#!/bin/bash
# budget: 60
# Archives as people make them, each held against what apt-get itself says of it, with the same key: what apt takes is taken,
# with the same file at the same place; where we are stricter, the error says so and names the way out.
# shellcheck disable=SC2317 # its functions are called by the rows
. "${SOURCE:=$PWD}/tests/lib.sh"
. "$SOURCE/tests/lock/lib.sh"
need apt-get

# --- making ----------------------------------------------------------------------------------------------------------------

# stanza FILENAME [FIELD…]: what an index says of the package; fields replace its own, and those without a value are left out.
stanza() {
	local file=$1
	shift
	{
		printf '%s\n' "$@"
		dpkg-deb -f "$DEB"
		printf '%s\n' "Filename: $file" "Size: $(stat -c %s "$DEB")" "SHA256: $(sha256sum <"$DEB" | cut -c-64)"
	} | awk -F: 'NF && !seen[$1]++ && $2 != ""'
	echo
}

# release FOLDER FAMILIES FILES [FIELD…]: a Release that lists the files (names below FOLDER) with digests of these families.
release() {
	local folder=$1 families=$2 files=$3 family file program
	shift 3
	{
		printf '%s\n' "$@" "Date: $(date_of -3600)" 'Suite: stable' 'Architectures: amd64' 'Components: main' |
			awk -F: 'NF && !seen[$1]++ && $2 != ""'
		for family in $families; do
			program=${family,,}sum
			[[ $family == MD5Sum ]] && program=md5sum
			echo "$family:"
			for file in $files; do
				echo " $($program <"$folder/${file#./}" | cut -d' ' -f1)" \
					"$(stat -c %s "$folder/${file#./}") $file"
			done
		done
	} >"$folder/Release"
}

sign() {
	gpg --quiet --batch --yes --digest-algo SHA256 --local-user "${SIGNER:-archive}@test.invalid" "${@:2}" \
		--clear-sign -o "$1/InRelease" "$1/Release"
}
detach() {
	gpg --quiet --batch --yes --digest-algo SHA256 --local-user archive@test.invalid "${@:2}" --detach-sign \
		-o "$1/Release.gpg" "$1/Release"
}

# pooled [SUITE [COMPONENT…]]: the usual tree, its index in $INDEX, unsigned.
pooled() {
	DIST=$A/dists/${1:-stable} INDEX=$A/dists/${1:-stable}/${2:-main}/binary-${3:-amd64}
	mkdir -p "$A/pool" "$INDEX"
	cp "$DEB" "$A/pool/extra_1.0_all.deb"
	stanza pool/extra_1.0_all.deb >"$INDEX/Packages"
}

# flat FOLDER FILENAME: a folder with Packages and Release; the file's name is relative to the archive.
flat() {
	DIST=$A/$1
	mkdir -p "$DIST" "$(dirname "$A/$2")"
	cp "$DEB" "$A/$2"
	stanza "$2" >"$DIST/Packages"
}

# packed PROGRAM ENDING: the index in this form alone.
packed() {
	"$1" -c "$INDEX/Packages" >"$INDEX/Packages$2" && rm "$INDEX/Packages"
}

M=main/binary-amd64/Packages
plain() { pooled && release "$DIST" SHA256 "$M" "$@" && sign "$DIST"; }
flat_here() { flat . ./extra.deb && release "$DIST" SHA256 Packages Suite: Architectures: Components: && sign "$DIST"; }
flat_folder() { flat binary binary/extra.deb && release "$DIST" SHA256 "${1:-Packages}" && sign "$DIST"; }
flat_listed() { flat_folder ./Packages; }
flat_dot_name() { flat . ./extra.deb && release "$DIST" SHA256 Packages && sign "$DIST"; }
flat_detached() { flat_here && rm "$DIST/InRelease" && detach "$DIST" --armor; }
flat_arch() { flat x/amd64 x/amd64/extra.deb && release "$DIST" SHA256 Packages && sign "$DIST"; }
flat_mixed() {
	flat . extra.deb && { stanza other.deb 'Package: extra' 'Architecture: arm64' 'Version: 9'; } >>"$A/Packages" &&
		release "$DIST" SHA256 Packages && sign "$DIST"
}
flat_packed() { flat . extra.deb && gzip "$A/Packages" && release "$DIST" SHA256 Packages.gz && sign "$DIST"; }
only() { pooled && packed "$1" "$2" && release "$DIST" SHA256 "$M$2" && sign "$DIST"; }
only_gz() { only gzip .gz; }
only_xz() { only xz .xz; }
only_bz2() { only bzip2 .bz2; }
only_zst() { only zstd .zst; }
gone_form() { # one form is listed and not there
	pooled && xz -k "$INDEX/Packages" && gzip -k "$INDEX/Packages" && release "$DIST" SHA256 "$M $M.xz $M.gz" &&
		sign "$DIST" && rm "$INDEX/Packages" "$INDEX/Packages.xz"
}
detached() { pooled && release "$DIST" SHA256 "$M" && detach "$DIST" "$@"; }
armored() { detached --armor; }
unsigned() { pooled && release "$DIST" SHA256 "$M"; }
no_date() { plain 'Date: yesterday'; }
binary() { detached; }
detached_wrong() { armored && echo 'Origin: Evil' >>"$DIST/Release"; }
few_fields() { plain Suite: Architectures: Components:; }
undated() { plain Date:; }
sha512() { pooled && release "$DIST" SHA512 "$M" && sign "$DIST"; }
sha512_packed() { pooled && packed gzip .gz && release "$DIST" SHA512 "$M.gz" && sign "$DIST"; }
all_families() { pooled && release "$DIST" 'MD5Sum SHA1 SHA512 SHA256' "$M" && sign "$DIST"; }
md5() { pooled && release "$DIST" 'MD5Sum SHA1' "$M" && sign "$DIST"; }
slash_component() {
	pooled stable main/debian && release "$DIST" SHA256 main/debian/binary-amd64/Packages 'Components: main/debian' &&
		sign "$DIST"
}
slash_suite() { pooled stable/updates && release "$DIST" SHA256 "$M" && sign "$DIST"; }
other_component() { plain 'Components: contrib'; }
all_apart() {
	pooled && cp -a "$INDEX" "$DIST/main/binary-all" && : >"$INDEX/Packages" &&
		release "$DIST" SHA256 "$M main/binary-all/Packages" 'Architectures: amd64 all' && sign "$DIST"
}
all_alone() {
	pooled stable main all && release "$DIST" SHA256 main/binary-all/Packages 'Architectures: all' && sign "$DIST"
}
wrong_name() { plain 'Suite: other' 'Codename: another'; }
package_sha512() {
	pooled && stanza pool/extra_1.0_all.deb SHA256: "SHA512: $(sha512sum <"$DEB" | cut -c-128)" >"$INDEX/Packages" &&
		release "$DIST" SHA256 "$M" && sign "$DIST"
}
package_md5() {
	pooled && stanza pool/extra_1.0_all.deb SHA256: "MD5sum: $(md5sum <"$DEB" | cut -c-32)" >"$INDEX/Packages" &&
		release "$DIST" SHA256 "$M" && sign "$DIST"
}
odd_name() {
	pooled && mv "$A/pool/extra_1.0_all.deb" "$A/pool/extra+b_1%3a1.0~rc1_all.deb" &&
		stanza 'pool/./extra+b_1%3a1.0~rc1_all.deb' >"$INDEX/Packages" && release "$DIST" SHA256 "$M" && sign "$DIST"
}
upper_case() { pooled && release "$DIST" SHA256 "$M" && sed -i 's/^ [0-9a-f]\{64\}/\U&/' "$DIST/Release" && sign "$DIST"; }
subkey() { pooled && release "$DIST" SHA256 "$M" && SIGNER=sub sign "$DIST"; }
expired() { pooled && release "$DIST" SHA256 "$M" && SIGNER=short sign "$DIST" --faked-system-time 20200101T120000; }
weak() { pooled && release "$DIST" SHA256 "$M" && sign "$DIST" --digest-algo SHA1; }

# --- judging ---------------------------------------------------------------------------------------------------------------

# apt_says SUITE COMPONENT…: what apt-get makes of the archive, in a root of its own: the file's URL, or nothing.
apt_says() {
	local root=$WORK/apt-root
	rm -rf "$root"
	mkdir -p "$root"/etc/{apt.conf.d,preferences.d,sources.list.d,trusted.gpg.d} "$root"/state/lists/partial \
		"$root"/cache/archives/partial "$root/log"
	: >"$root/state/status"
	cat >"$root/apt.conf" <<-END
		Dir "$root/"; Dir::Etc "etc"; Dir::State "state"; Dir::State::status "$root/state/status"; Dir::Cache "cache";
		Dir::Log "log"; APT::Architecture "amd64"; APT::Architectures { "amd64"; }; Acquire::Languages "none";
		APT::Sandbox::User "root"; Debug::NoLocking "true"; Acquire::Retries "0";
	END
	gpg --dearmor <"$WORK/${KEY:-archive}.asc" >"$root/key.gpg"
	echo "deb [signed-by=$root/key.gpg] $URL/$NAME $*" >"$root/etc/sources.list"
	APT_CONFIG=$root/apt.conf LC_ALL=C apt-get update >"$root/said" 2>&1 &&
		APT_CONFIG=$root/apt.conf LC_ALL=C apt-get -q --yes --print-uris install extra 2>>"$root/said" |
		grep -o "^'http[^']*" | head -n 1
}

# row SENTENCE TEXT MAKER SUITE [COMPONENT…]: TEXT empty: apt takes the archive, and so do we, with the same file; "+": we do,
# whatever this apt says (it wants the plain index listed, and more of the kind); "!…": apt does, and we refuse it with these
# words; "?…": we do, whatever apt says; else both refuse it, and we do with these words.
row() {
	local sentence=$1 text=$2 maker=$3 suite=$4 url pin
	[[ -z ${ONLY:-} || " $ONLY " == *" $maker "* ]] || return 0 # by hand: ONLY='flat_here only_gz'
	shift 4
	NAME=$maker A=$WORK/$maker
	mkdir -p "$A" && "$maker" || die "$maker can be made"
	url=$(apt_says "$suite" "$@")
	sed 's/^/apt: /' "$WORK/apt-root/said"
	case $text in
	'' | '!'*) ok "apt takes it: $sentence" test -n "$url" ;;
	+) url=$URL/$NAME/${FILE:-pool/extra_1.0_all.deb} text='' ;;
	'?'*) ;;
	*) ok "apt refuses it: $sentence" test -z "$url" ;;
	esac
	pin=${PIN:-$(fingerprint "${KEY:-archive}")}
	cp "$WORK/${KEY:-archive}.asc" "$WORK/repo/extra.asc"
	{
		cat "$WORK/base.recipe"
		printf '%s\n' "repositories:" "  $(tr _ - <<<"$maker"):" "    url: $URL/$NAME" "    suites: ['$suite']" \
			"    key: extra.asc" "    fingerprints: ['$pin']" ${MORE:+"    $MORE"}
		[[ $# == 0 ]] || echo "    components: [$*]"
	} >"$RECIPE"
	rm -f "$LOCK"
	if [[ -n $text ]]; then
		refused "refused: $sentence" lock
		ok '… and it says why' said "${text#[?!]}"
	else
		ok "taken: $sentence" lock
		ok '… with the file that apt names' taken_from "$url"
	fi
}

# taken_from URL: the lock's package is the one, and it can be fetched from where the lock says.
taken_from() {
	local path
	path=$(sed -n 's/^    extra: .* path: "\(.*\)" }$/\1/p' "$LOCK")
	[[ -n $path ]] && grep -q "sha256: $(sha256sum <"$DEB" | cut -c-64)" "$LOCK" &&
		[[ $(python3 -c 'import os.path, sys, urllib.parse as u
print(os.path.normpath(u.unquote(sys.argv[1])))' "${1#*"/$NAME/"}") == "$path" ]] && cmp "$A/$path" "$DEB"
}

package extra 1.0
DEB=$WORK/extra.deb
mv "$ARCHIVE/pool/main/extra_1.0_all.deb" "$DEB"
small_archive
new_key sub
gpg --quiet --batch --passphrase '' --quick-add-key "$(fingerprint sub)" ed25519 sign never 2>/dev/null
gpg --armor --export sub@test.invalid >"$WORK/sub.asc"
SUBKEY=$(gpg --with-colons --list-keys sub@test.invalid | awk -F: '$1 == "sub" { s = 1 } s && $1 == "fpr" { print $10; exit }')
new_key short 2020-01-02 --faked-system-time 20200101T000000
write_recipe extra
cp "$RECIPE" "$WORK/base.recipe"

row 'a plain archive' '' plain stable main
row 'a flat archive, at its top' '' flat_here ./
row 'a flat archive, and / for its folder' '' flat_dot_name /
row 'a flat archive in a folder' '' flat_folder binary/
FILE=binary/extra.deb row 'a flat archive whose Release says ./Packages' + flat_listed binary/
row 'a flat archive with Release.gpg' '' flat_detached ./
row 'a flat archive with a folder for the architecture' '' flat_arch 'x/$(ARCH)/'
row 'a flat archive with packages of other architectures' '' flat_mixed ./
FILE=extra.deb row 'a flat archive with Packages.gz alone' + flat_packed ./
row 'a Release that lists .gz alone' + only_gz stable main
row 'a Release that lists .xz alone' + only_xz stable main
row 'a Release that lists .bz2 alone' + only_bz2 stable main
row 'a Release that lists .zst alone' + only_zst stable main
row 'a form of the index that is listed and not there' '' gone_form stable main
row 'Release and Release.gpg' '' armored stable main
row 'Release and Release.gpg without armor' + binary stable main
row 'a Release that nobody signed' 'the archive has no signature' unsigned stable main
row 'a Release that is not what was signed' 'its signature is not valid' detached_wrong stable main
row 'a Release without Suite, Architectures and Components' '' few_fields stable main
row 'a Release without a date' '' undated stable main
row 'a Release with a date that is none' '' no_date stable main
row 'a Release with SHA-512 alone' '' sha512 stable main
row 'a Release with SHA-512 of a packed index alone' + sha512_packed stable main
row 'a Release with every digest' '' all_families stable main
row 'a Release with MD5 and SHA-1 alone' 'lists no file with a SHA-256 or SHA-512 digest' md5 stable main
row 'a component with a slash' '' slash_component stable main/debian
row 'a suite with a slash' '' slash_suite stable/updates main
row 'a component that Components does not name' '' other_component stable main
row 'packages for all in an index of their own' '' all_apart stable main
row 'packages for all and nothing else' '' all_alone stable main
row 'a package with SHA-512 alone' '' package_sha512 stable main
row 'a package with MD5 alone' '?no valid SHA-256 or SHA-512 digest' package_md5 stable main
row 'a file name with +, ~, %3a and ./' '' odd_name stable main
row 'digests in capitals' + upper_case stable main
row 'a component that is not there' "has no packages for amd64 in the component 'contrib'" plain stable contrib
row 'another suite than is asked for' "!releaseName: other" wrong_name stable main
MORE='releaseName: other' row 'another suite, when the recipe names it' '' wrong_name stable main
KEY=sub row 'a signature by a subkey' '' subkey stable main
KEY=sub PIN=$SUBKEY row 'a signature by a subkey that is pinned itself' '' subkey stable main
KEY=sub PIN="0x$(sed 's/..../& /g; s/ $//; s/.*/\L&/' "$WORK/sub.fingerprint")" \
	row 'a fingerprint as gpg shows it' '' subkey stable main
KEY=sub PIN="$(fingerprint sub)!" row 'a subkey where the key alone counts' '!not signed by a key listed in' subkey stable main
KEY=short row 'a key that has expired' 'is past its date, or revoked' expired stable main
row 'a signature with SHA-1' 'which can be forged' weak stable main
finish
