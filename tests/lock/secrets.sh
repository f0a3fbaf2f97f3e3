#!/bin/bash
# budget: 20
# What a server wants to know before it gives anything comes from the environment or a file, goes to that server alone, and
# is afterwards nowhere: not in the lock, the plan, what is said, or the cache.
# shellcheck disable=SC2317 # its functions are called by ok and refused
. "${SOURCE:=$PWD}/tests/lib.sh"
. "$SOURCE/tests/lock/lib.sh"

# guard: a server that gives the files of $WORK to who knows the secret, and leads /files/ elsewhere; what the other server was
# told is in $WORK/elsewhere.
guard() {
	python3 -c '
import base64, functools, http.server, sys, threading
folder, secret, elsewhere = sys.argv[1:]
known = ["Bearer " + secret, "Basic " + base64.b64encode(("me:" + secret).encode()).decode()]
class Other(http.server.SimpleHTTPRequestHandler):
	def do_GET(self):
		with open(elsewhere, "a") as said:
			said.write(self.path + "\n" + str(self.headers))
		super().do_GET()
other = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Other, directory=folder))
class Guard(http.server.SimpleHTTPRequestHandler):
	protocol_version = "HTTP/1.1"
	def do_GET(self):
		if self.headers["Authorization"] not in known and self.headers["Private-Token"] != secret:
			self.send_response(401)
			self.send_header("Content-Length", "0")
			self.end_headers()
		elif self.path.startswith("/files/"):
			self.send_response(302)
			self.send_header("Location", "http://127.0.0.1:%d%s" % (other.server_address[1], self.path))
			self.send_header("Content-Length", "3")
			self.end_headers()
			self.wfile.write(b"no!")
		else:
			super().do_GET()
guard = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Guard, directory=folder))
threading.Thread(target=other.serve_forever, daemon=True).start()
print(guard.server_address[1], flush=True)
guard.serve_forever()' "$WORK/open" "$SECRET" "$WORK/elsewhere" >"$WORK/port" 2>/dev/null &
	SERVER=$!
	until [[ -s $WORK/port ]]; do sleep 0.05; done
	URL=http://127.0.0.1:$(cat "$WORK/port")
}

# machine AUTH DOWNLOAD_AUTH: the recipe with these.
machine() {
	write_recipe app
	sed -i "s|^  key: key.asc|&\n  auth: $1|" "$RECIPE"
	sed -i 's/^name: .*/name: vm/; s/^kinds: .*/kinds: [lxc]\ntools: tools.recipe/' "$RECIPE"
	printf 'downloads:\n  one: { url: "%s/files/one", path: /opt/one%s }\n' "$URL" "${2:+, auth: $2}" >>"$RECIPE"
	grep -v '^downloads\|^  one\|^tools' "$RECIPE" | sed 's/^name: .*/name: tools/; s/\[lxc\]/[tools]/' \
		>"$WORK/repo/tools.recipe"
}

# run VERB [ARGUMENT…]: all that is said is kept in $WORK/all too.
run() {
	local status
	timeout 300 "$AETHER" "$1" --cache "$WORK/cache" "${@:2}" "$RECIPE" >"$WORK/said" 2>&1
	status=$?
	cat "$WORK/said" >>"$WORK/all"
	cat "$WORK/said"
	return "$status"
}

# nowhere: neither the secret nor the forms in which it travels are in anything that was written.
nowhere() {
	local word
	for word in "$SECRET" "$(printf '%s' "me:$SECRET" | base64)"; do
		! grep -raF -- "$word" "$WORK/all" "$WORK/kept" "$WORK/cache" "$WORK/out" "$WORK/elsewhere" || return
	done
}

SECRET=s3cret-$RANDOM-$RANDOM
new_key archive
package app 1.0
package base 1.0 'Essential: yes'
publish
mkdir -p "$WORK/open/files" "$WORK/out" "$WORK/repo"
mv "$ARCHIVE" "$WORK/open/archive"
echo 'what is behind the guard' >"$WORK/open/files/one"
guard

machine '{ env: ARCHIVE_TOKEN }' '{ header: PRIVATE-TOKEN, env: FILE_TOKEN }'
refused 'without the variable nothing is locked' run lock
ok '… and it says which, at its line' said "'ARCHIVE_TOKEN'" 'machine.recipe:'
export ARCHIVE_TOKEN=$SECRET FILE_TOKEN=$SECRET
ok 'a token from the environment opens an archive, and a download that leads elsewhere' run lock
ok '… where the other server was asked' grep -q '^/files/one' "$WORK/elsewhere"
ok 'the plan needs no token' env -u ARCHIVE_TOKEN -u FILE_TOKEN "$AETHER" plan "$RECIPE"
ok 'the plan is told' run plan --json
rm -rf "$WORK/cache"
refused 'a build of packages that are no system fails' run lxc --out "$WORK/out"
ok '… after it fetched them' test -n "$(find "$WORK/cache/blobs" -type f -size -2k)"

echo "$SECRET" >"$WORK/secret"
printf 'machine other.invalid login you password wrong\nmachine %s login me password %s\n' \
	"${URL#http://}" "$SECRET" >"$WORK/netrc"
chmod 600 "$WORK/secret" "$WORK/netrc"
machine "{ user: me, file: $WORK/secret }" "{ file: $WORK/netrc }"
ok 'a password from a file, and one from a file like .netrc' run lock
cp -r "$WORK/repo" "$WORK/kept"
chmod 644 "$WORK/secret"
refused 'a file that others may read is refused' run lock
ok '… and it says what to do' said "chmod 600 $WORK/secret"
machine '{ env: ARCHIVE_TOKEN }' ''
rm -f "$LOCK"
refused 'a server that lets nobody in is told from one that lacks the file' run lock
ok '… with the way that works' said 'auth: { env: VARIABLE }'
machine '{ env: WRONG }' ''
export WRONG=wrong
refused 'a wrong token is refused' run lock
sed -i "s,http://,http://me:$SECRET@," "$RECIPE"
mkdir -p "$WORK/bad/.git"
mv "$WORK"/repo/* "$WORK/bad"
RECIPE=$WORK/bad/machine.recipe
refused 'a password in a URL is refused' run lock
ok '… with the way that works' said 'auth: { user: NAME, env: VARIABLE }'
ok 'the secret is nowhere' nowhere
finish
