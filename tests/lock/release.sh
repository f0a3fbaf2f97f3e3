#!/bin/bash
# budget: 20
# A Release that was signed honestly, but is too old, of another suite, or does not fit what the mirror serves.
. "${SOURCE:=$PWD}/tests/lib.sh"
. "$SOURCE/tests/lock/lib.sh"

small_archive
write_recipe app
index=$ARCHIVE/dists/$SUITE/main/binary-amd64

publish "Valid-Until: $(date_of -60)"
refused_with 'a Release past its Valid-Until is refused' 'expired at'
ok 'it is accepted with --allow-expired-release' lock --allow-expired-release
ok '… with a warning' said WARNING 'expired at'
AETHER_ALLOW_EXPIRED_RELEASE=1
export AETHER_ALLOW_EXPIRED_RELEASE
ok 'it is accepted with AETHER_ALLOW_EXPIRED_RELEASE' lock
unset AETHER_ALLOW_EXPIRED_RELEASE
rm "$LOCK"

publish "Date: $(date_of 864000)" "Valid-Until: $(date_of 1864000)"
refused_with 'a Release from the future is refused' 'in the future'

publish
ok 'a Release of now is accepted' lock
publish "Date: $(date_of -7200)"
refused_with 'a Release older than the locked one is refused' 'is too old'
refused_with '… with --update too' 'is too old' --update
rm "$LOCK"
ok '… but for the user who removed the lock' lock

RELEASE_SUITE=testing-2 publish
refused_with 'another suite in the place of ours is refused' "expected '"
RELEASE_SUITE=testing-2 publish "Codename: $SUITE"
ok 'a suite can be asked for by its codename' lock

publish
for file in "$index"/by-hash/SHA256/*; do
	printf 'x' >>"$file"
done
rm -rf "$WORK/cache"
refused_with 'an index of another digest is refused' 'cannot download'
publish 'Acquire-By-Hash: no'
rm -rf "$WORK/cache"
refused_with 'an index that is not the one the Release names is refused' 'bytes'
cp "$index"/by-hash/SHA256/* "$WORK"
publish
ok 'by digest the right index is found though another has its name' lock

# The unpacked index in the cache is checked whenever it is used.
blob=$(grep -l '^Package: app$' -r "$WORK/cache/blobs" | head -n 1)
ok 'the index is in the cache' test -n "$blob"
sed -i 's/^Version: 1.0/Version: 6.6/' "$blob"
ok 'an index that was changed in the cache is found' lock
ok '… with a note' said 'damaged in the cache'
ok '… and unpacked again' locked app 1.0
finish
