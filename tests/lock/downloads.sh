#!/bin/bash
# budget: 20
# What is in no package is locked by its digest, fetched to the byte, and never replaced in silence; a file that stands in for
# it (--with-fakes) stays apart. The packages are no system, so every build here ends early: what counts is what was fetched.
. "${SOURCE:=$PWD}/tests/lib.sh"
. "$SOURCE/tests/lock/lib.sh"

# machine DOWNLOADS: the recipe, with these in its map `downloads`.
machine() {
	sed 's/^name: .*/name: vm/; s/^kinds: .*/kinds: [lxc]\ntools: tools.recipe/' \
		"$WORK/plain.recipe" >"$RECIPE"
	printf 'downloads:\n%s\n' "$1" >>"$RECIPE"
}

# run VERB [ARGUMENT…]: on the recipe.
run() {
	local verb=$1 status
	shift
	timeout 300 "$AETHER" "$verb" --cache "$WORK/cache" "$@" "$RECIPE" >"$WORK/said" 2>&1
	status=$?
	cat "$WORK/said"
	return "$status"
}
build() {
	run lxc --out "$WORK/out" "$@"
}

# has LOCK NAME FILE [WORD]: the lock has the file as this download.
has() {
	local sum
	sum=$(sha256sum <"$3")
	grep -qF "  $2: { url: \"$URL/files/$2\", size: $(stat -c %s "$3"), sha256: ${sum%% *}${4-} }" "$1"
}

blob() {
	local sum
	sum=$(sha256sum <"$1")
	sum=${sum%% *}
	cmp "$1" "$WORK/cache/blobs/${sum:0:2}/$sum"
}

asked() {
	grep -cF "GET /files/$1 " "$WORK/requests"
}
digest() {
	local sum
	sum=$(sha256sum <"$1")
	echo "${sum%% *}"
}

small_archive
write_recipe app
cp "$RECIPE" "$WORK/plain.recipe"
sed 's/^name: .*/name: tools/' "$RECIPE" >"$WORK/repo/tools.recipe"
RECIPE=$WORK/repo/vm.recipe LOCK=$WORK/repo/vm.lock
FILES=$WORK/files
mkdir "$FILES"
head -c 300000 /dev/urandom >"$FILES/one"
head -c 10 /dev/urandom >"$FILES/two"
BOTH="  two: { url: \"$URL/files/two\", path: /opt/two }
  one: { url: \"$URL/files/one\", path: /opt/one }"

machine "$BOTH"
refused 'a recipe without a lock is refused' run plan
ok 'it can be locked' run lock
ok '… with the digest of one download' has "$LOCK" one "$FILES/one"
ok '… and of the other' has "$LOCK" two "$FILES/two"
ok '… which are in the cache from then on' blob "$FILES/one"
ok '… each fetched once' test "$(asked one) $(asked two)" = '1 1'
ok 'the plan says them' run plan
ok '… with digest and place' said "download one sha256=$(digest "$FILES/one") path=/opt/one"
cp "$LOCK" "$WORK/good"
ok 'it can be locked again' run lock
ok '… to the same bytes' cmp "$LOCK" "$WORK/good"
ok '… without a look at the downloads' test "$(asked one) $(asked two)" = '1 1'
sed -i 's,path: /opt/one,path: /opt/uno,' "$RECIPE"
ok 'another place in the image needs no other lock' run plan
machine "${BOTH%%$'\n'*}"
refused 'a recipe with fewer downloads does' run plan
ok '… and says so' said 'have changed since' "run 'aether-build lock $RECIPE'"

# --- at build time ----------------------------------------------------------------------------------------------------
machine "$BOTH"
refused 'a build of packages that are no system fails' build
ok '… without a look at downloads that the cache has' test "$(asked one)" = 1
rm -rf "$WORK/cache/blobs"
refused 'without the cache too' build
ok '… but it has fetched one' blob "$FILES/one"
ok '… and the other' blob "$FILES/two"

cp "$FILES/two" "$WORK/two"
head -c 10 /dev/urandom >"$FILES/two"
rm -rf "$WORK/cache/blobs"
refused 'a download that changed upstream is refused' build
ok '… with both digests, and what to run' said "'two'" "$(digest "$FILES/two")" "$(digest "$WORK/two")" \
	"aether-build lock --update two $RECIPE"
head -c 20000 /dev/urandom >"$FILES/two"
refused 'so is one that is larger now' build
ok '… with both digests' said "$(digest "$FILES/two")" "$(digest "$WORK/two")"
head -c 3 /dev/urandom >"$FILES/two"
refused 'so is one that is smaller now' build
ok '… with both digests' said "$(digest "$FILES/two")" "$(digest "$WORK/two")"
ok 'locking alone does not move it' run lock
ok '… so the lock is the same' cmp "$LOCK" "$WORK/good"
cp "$FILES/one" "$WORK/one"
echo more >>"$FILES/one"
ok 'it can be locked as it is now' run lock --update two
ok '… which is said' said "'two' changes from $(digest "$WORK/two") to $(digest "$FILES/two")"
ok '… and is in the lock' has "$LOCK" two "$FILES/two"
ok '… while the other was left alone' has "$LOCK" one "$WORK/one"
ok 'all of them can be' run lock --update
ok '… the other too, then' has "$LOCK" one "$FILES/one"
refused 'what is not in the lock cannot be updated' run lock --update three

mv "$FILES/two" "$WORK/two"
rm -rf "$WORK/cache/blobs"
refused 'a download that is gone is an error' build
ok '… which says where it was, and what to run' said "$URL/files/two" "aether-build lock --update two $RECIPE"
refused 'it cannot be locked anew' run lock --update two
mv "$WORK/two" "$FILES/two"

# --- what the recipe says -----------------------------------------------------------------------------------------------
machine "  one: { url: \"$URL/files/one\", sha256: $(digest "$FILES/one"), path: /opt/one }"
ok 'a digest in the recipe is held' run lock
ok '… and needs no fetching when it is the locked one' has "$LOCK" one "$FILES/one"
machine "  one: { url: \"$URL/files/one\", sha256: $(digest "$FILES/two"), path: /opt/one }"
cp "$LOCK" "$WORK/good"
refused 'a download with another digest than the recipe says is not locked' run lock
ok '… and both are said, at its line' said "$(digest "$FILES/two")" "$(digest "$FILES/one")" "vm.recipe:$(wc -l <"$RECIPE"):"
ok '… and the lock is what it was' cmp "$LOCK" "$WORK/good"
: >"$FILES/empty"
machine "  one: { url: \"$URL/files/empty\", path: /opt/one }"
refused 'an empty download is none' run lock
machine "  one: { url: \"file://$FILES/one\", path: /opt/one }"
refused 'a file outside of the repository is no download' run lock
ok '… unless it is allowed' run lock --allow-outside
cp "$FILES/one" "$WORK/repo/one"
machine "  one: { url: \"file://$WORK/repo/one\", path: /opt/one }"
ok 'a file of the repository can be a download' run lock
ok '… locked as any other' grep -qF "url: \"file://$WORK/repo/one\"" "$LOCK"
machine "  one: { url: \"file://$WORK/repo\", path: /opt/one }"
refused 'a folder cannot' run lock
printf '%s\r\n' 'HTTP/1.1 302 Found' "Location: file://$FILES/one" 'Content-Length: 0' 'Connection: close' '' >"$WORK/answer"
python3 -c '
import socket, sys
server = socket.create_server(("127.0.0.1", 0))
print(server.getsockname()[1], flush=True)
while True:
    connection, _ = server.accept()
    connection.recv(65536)
    connection.sendall(open(sys.argv[1], "rb").read())
    connection.close()' "$WORK/answer" >"$WORK/port2" &
LIAR=$!
until [[ -s $WORK/port2 ]]; do sleep 0.05; done
machine "  one: { url: \"http://127.0.0.1:$(cat "$WORK/port2")/x\", path: /opt/one }"
refused 'a server cannot name files of this machine' run lock
kill "$LIAR"

# --- fakes ------------------------------------------------------------------------------------------------------------
machine "$BOTH"
rm -f "$LOCK"
FAKES=$WORK/fakes
mkdir -p "$FAKES/downloads"
refused 'a folder of fakes that is not there is an error' run lock --with-fakes "$WORK/nowhere"
mv "$FILES/one" "$WORK/one"
echo 'a fake' >"$FAKES/downloads/one"
refused 'without a fake, what is gone cannot be locked' run lock
refused 'a recipe has to be locked with fakes, too' run plan --with-fakes "$FAKES"
ok '… and the command is said' said "aether-build lock --with-fakes $FAKES $RECIPE"
ok 'with a fake it can' run lock --with-fakes "$FAKES"
ok '… which is said aloud' said 'NOT RELEASABLE' 'downloads/one'
FAKE_LOCK=$(echo "$FAKES"/vm-????????.fake.lock)
ok '… and locked as what it is' has "$FAKE_LOCK" one "$FAKES/downloads/one" ', fake: true'
ok '… while the other is the true one' has "$FAKE_LOCK" two "$FILES/two"
ok '… and there is no lock beside the recipe' test ! -e "$LOCK"
ok 'the plan says what is fake' run plan --with-fakes "$FAKES"
ok '… in its words' said "download one sha256=$(digest "$FAKES/downloads/one") fake" "NOT RELEASABLE"
refused 'without the fakes it is not locked' run plan
cp "$FAKE_LOCK" "$LOCK"
refused 'a lock with fakes is none of the recipe' run plan
ok '… which is said' said 'was made with fakes'
rm "$LOCK"
rm -rf "$WORK/cache/blobs"
refused 'a build with fakes fetches' build --with-fakes "$FAKES"
ok '… the fake' blob "$FAKES/downloads/one"
ok '… and the true one' blob "$FILES/two"
echo 'another fake' >"$FAKES/downloads/one"
rm -rf "$WORK/cache/blobs"
refused 'a fake that changed is refused' build --with-fakes "$FAKES"
ok '… and the command is said' said "aether-build lock --with-fakes $FAKES $RECIPE"
ok 'locking again is enough' run lock --with-fakes "$FAKES"
ok '… for the fake of now' has "$FAKE_LOCK" one "$FAKES/downloads/one" ', fake: true'
rm "$FAKES/downloads/one"
rm -rf "$WORK/cache/blobs"
refused 'a fake that is gone is an error, not a reason to ask the server' build --with-fakes "$FAKES"
ok '… which is said' said "downloads/one' no longer exists"
mv "$WORK/one" "$FILES/one"
ok 'without its file, the true one is locked' run lock --with-fakes "$FAKES"
ok '… and nothing is fake any more' has "$FAKE_LOCK" one "$FILES/one"
finish
