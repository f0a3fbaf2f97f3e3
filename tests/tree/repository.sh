#!/bin/bash
# budget: 60
# deadline: 1800
# A repository beside Debian, made and signed here: its packages are installed beside Debian's, and nobody but the owner of its
# pinned key can bring any.
. "${SOURCE:=$PWD}/tests/lib.sh"
. "$SOURCE/tests/fault/lib.sh"
need_small
. "$SOURCE/tests/lock/lib.sh"

CACHE=$WORK/cache RECIPE=$WORK/repo/recipes/small.recipe LOCK=$WORK/repo/recipes/small.lock
small_cache "$CACHE" blobs debs layers
copy_recipes "$WORK/repo"
write_small "$WORK/repo"
cp "$RECIPE" "$WORK/plain.recipe"

# recipe: the small machine, and `app` of our repository, with the key file $KEY and the pin $PIN. What was installed
# is looked at from inside.
recipe() {
	cp "$WORK/${KEY:-archive}.asc" "$WORK/repo/keys/third.asc"
	sed '/^hooks:/d; s/^packages: \[/packages: [app, /' "$WORK/plain.recipe" >"$RECIPE"
	cat >>"$RECIPE" <<-END
		repositories:
		  third:
		    url: ${REPOSITORY_URL:-$URL/archive}
		    suites: [$SUITE]
		    components: [main]
		    key: ../keys/third.asc
		    fingerprints: [$(fingerprint "${PIN:-archive}")]
		hooks:
		  configure:
		    - [/bin/sh, -ec, 'test "\$(cat /usr/share/app/version)" = ${VERSION:-1.0}; dpkg-query -W libapp;
		    	dpkg --audit']
	END
}

lock() {
	timeout 300 "$AETHER" lock --cache "$CACHE" "$@" "$RECIPE" >"$WORK/said" 2>&1
	local status=$?
	cat "$WORK/said"
	return "$status"
}
build() {
	"$AETHER" vm --cache "$CACHE" --out "$WORK/out" "$RECIPE" >"$WORK/path" 2>"$WORK/said"
	local status=$?
	cat "$WORK/said"
	return "$status"
}

# from NAME ARCHIVE: the image's package comes from there.
from() {
	awk '/^tools:/ { exit } { print }' "$LOCK" | grep -q "^    $1: .* from: $2,"
}

# locked_packages: the image's packages with their versions, but ours.
locked_packages() {
	sed -n '/^image:/,/^tools:/s/^    \([^ ]*\): { version: "\([^"]*\)",.*/\1 \2/p' "$1" | grep -Ev '^(app|libapp) '
}

for key in archive other; do
	new_key "$key" || die "a key can be made"
done
package app 1.0 'Depends: libapp (>= 1.0), mawk'
package libapp 1.0
publish
serve

recipe
ok 'a recipe with a repository of its own can be locked' lock
ok '… its package comes from there' from app "third/$SUITE"
ok '… with what it needs' from libapp "third/$SUITE"
ok '… or from Debian' from mawk debian/trixie
ok '… and the lock names it with its Release' \
	grep -q "^  third/$SUITE: { url: \"$URL/archive\", date: .*, inrelease: [0-9a-f]* }" "$LOCK"
ok '… while all else is as it was without' cmp <(locked_packages "$LOCK") <(locked_packages "${SMALL%.recipe}.lock")
ok 'the image can be built' build
MANIFEST=$(dirname "$(cat "$WORK/path")")/manifest.json
ok '… and its manifest has the package' test "$(jq -r '.packages[] | select(.name == "app").version' "$MANIFEST")" = 1.0

cp "$LOCK" "$WORK/good"
# not_locked SENTENCE TEXT…
not_locked() {
	refused "$1" lock --update
	shift
	ok '… with the reason' said "$@"
	ok '… and the lock is what it was' cmp "$LOCK" "$WORK/good"
}
SIGNERS=other sign_release
not_locked 'a Release signed by another key is refused' 'not signed by'
SIGNERS=other KEY=other recipe
not_locked 'so is one by a key that the recipe has, but does not pin' "$(fingerprint archive)"
PIN=other recipe
SIGNERS=archive sign_release
not_locked 'and one by a key that is not the pinned one' "$(fingerprint other)"
KEY=other PIN=other recipe
SIGNERS=other sign_release
ok 'with its own key and pin, another owner is accepted' lock --update
cp "$WORK/good" "$LOCK"
recipe
sign_release
echo ' ' >>"$ARCHIVE/dists/$SUITE/InRelease"
sed -i 's/^Origin: Test/Origin: Evil/' "$ARCHIVE/dists/$SUITE/InRelease"
refused 'a Release that was changed after it was signed is refused' lock --update
sign_release
REPOSITORY_URL=$URL/nowhere recipe
refused 'a repository that is not there is an error' lock

package app 2.0 'Depends: libapp (>= 1.0)'
publish
recipe
ok 'a newer package waits' lock
ok '… until it is asked for' grep -q '^    app: { version: "1.0",' "$LOCK"
VERSION=2.0 recipe
ok 'then it is locked' lock --update app
ok '… and built in' build
finish
