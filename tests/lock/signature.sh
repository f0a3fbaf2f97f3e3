#!/bin/bash
# budget: 20
# Only what a pinned key signed is believed: whoever sits between the archive and us cannot change, mix or add anything.
. "${SOURCE:=$PWD}/tests/lib.sh"
. "$SOURCE/tests/lock/lib.sh"

small_archive
new_key stranger
new_key second
write_recipe app
release=$ARCHIVE/dists/$SUITE/InRelease

ok 'an archive signed by a pinned key is believed' lock
ok '… and its InRelease is in the lock' grep -q "inrelease: $(sha256sum "$release" | cut -c-64)" "$LOCK"
rm "$LOCK"

SIGNERS=stranger sign_release
refused_with 'a signature by a key we do not have is refused' 'not signed by a key listed in'
cat "$WORK/archive.asc" "$WORK/stranger.asc" >"$WORK/both.asc"
KEY=both write_recipe app
refused_with 'a signature by a key that is in the key file, but not pinned, is refused' 'not signed by a key listed in'
ok '… and the signer is named' said "$(fingerprint stranger)"

SIGNERS='stranger archive' sign_release
write_recipe app
ok 'a signature by a pinned key counts, whoever else signed' lock
rm "$LOCK"
PINS='second archive' write_recipe app
ok 'one of several pinned keys is enough' lock
rm "$LOCK"
gpg --export archive@test.invalid >"$WORK/binary.asc"
KEY=binary write_recipe app
ok 'a key file without armor is read' lock
rm "$LOCK"
write_recipe app
echo 'no key' >"$WORK/repo/key.asc"
refused_with 'a key file that is none is refused' 'not an OpenPGP public key'
write_recipe app

publish
sed -i 's/^Origin: Test/Origin: Evil/' "$release"
refused_with 'a changed Release is refused' 'its signature is not valid'

publish
cp "$release" "$WORK/good"
{ echo 'Suite: evil'; cat "$WORK/good"; } >"$release"
refused_with 'text before the signed block is refused' 'must be a single clear-signed text and nothing else'
{ cat "$WORK/good"; echo 'Suite: evil'; } >"$release"
refused_with 'text after the signed block is refused' 'must be a single clear-signed text and nothing else'
cat "$WORK/good" "$WORK/good" >"$release"
refused_with 'two signed blocks are refused' 'must be a single clear-signed text and nothing else'
cp "$ARCHIVE/dists/$SUITE/Release" "$release"
refused_with 'a Release without any signature is refused' 'must be a single clear-signed text and nothing else'
: >"$release"
refused_with 'an empty InRelease is refused' 'must be a single clear-signed text and nothing else'
rm "$release"
refused_with 'an archive without InRelease is refused' 'cannot download'

ok 'gpg still makes a signature with SHA-1' sign_release --digest-algo SHA1
refused_with '… which is refused' 'not signed by a key listed in'

new_key short 2020-01-02 --faked-system-time 20200101T000000
SIGNERS=short sign_release --faked-system-time 20200101T120000
KEY=short PINS=short write_recipe app
refused_with 'a signature by a key that has expired since is refused' '(expired or revoked)'
write_recipe app
publish
ok 'and the honest archive is believed again' lock
finish
