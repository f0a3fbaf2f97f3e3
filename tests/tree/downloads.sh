#!/bin/bash
# budget: 90
# deadline: 1800
# Downloads in a real tree: files, members of archives, whole archives; and what hostile archives do not get. What came out is
# looked at from inside, by a command of `hooks.configure`, which fails the build.
. "${SOURCE:=$PWD}/tests/lib.sh"
. "$SOURCE/tests/fault/lib.sh"
need python3 zip xz zstd
need_small

CACHE=$WORK/cache FILES=$WORK/repo/files FAKES=$WORK/fakes
RECIPE=$WORK/repo/recipes/small.recipe
small_cache "$CACHE" blobs debs layers
copy_recipes "$WORK/repo"
write_small "$WORK/repo"
cp "$RECIPE" "$WORK/plain.recipe"
mkdir -p "$FILES" "$FAKES/downloads"

# recipe DOWNLOADS [COMMAND]: the small machine with these downloads; the shell command must succeed in its tree.
recipe() {
	grep -Ev '^(hooks|files):' "$WORK/plain.recipe" >"$RECIPE"
	printf 'downloads:\n%s\nhooks:\n  configure:\n    - [/bin/sh, -ec, "%s"]\n' "$1" "${2-true}" >>"$RECIPE"
}

run() {
	local verb=$1 status
	shift
	"$AETHER" "$verb" --cache "$CACHE" "$@" "$RECIPE" >"$WORK/path" 2>"$WORK/said"
	status=$?
	cat "$WORK/said"
	return "$status"
}
build() {
	run lock "$@" >/dev/null || return
	run vm --out "$WORK/out" "$@"
}

# --- what archives are for ----------------------------------------------------------------------------------------------
mkdir -p "$WORK/app-1.0/bin" "$WORK/app-1.0/lib"
printf '#!/bin/sh\necho it runs\n' >"$WORK/app-1.0/bin/app"
chmod 4755 "$WORK/app-1.0/bin/app"
ln -s ../bin/app "$WORK/app-1.0/lib/app"
ln "$WORK/app-1.0/bin/app" "$WORK/app-1.0/bin/twin"
echo data >"$WORK/app-1.0/lib/data"
for suffix in gz xz zst; do
	tar -C "$WORK" --owner=4711 --group=4711 -caf "$FILES/app.tar.$suffix" app-1.0
done
(cd "$WORK" && zip -qry "$FILES/app.zip" app-1.0)
gzip -c "$WORK/app-1.0/bin/app" >"$FILES/app.gz"
cp "$WORK/app-1.0/bin/app" "$FILES/app"
# shellcheck disable=SC2016 # for the shell in the image
recipe "  plain: { url: \"file://$FILES/app\", path: /usr/local/bin/plain, mode: \"0755\" }
  member: { url: \"file://$FILES/app.tar.xz\", member: app-1.0/bin/app, path: /usr/local/bin/member,
    mode: \"0750\", owner: anna, group: adm }
  zipped: { url: \"file://$FILES/app.zip\", member: app-1.0/bin/app, path: /usr/local/bin/zipped, mode: \"0755\" }
  lone: { url: \"file://$FILES/app.gz\", decompress: true, path: /usr/local/bin/lone, mode: \"0755\" }
  whole: { url: \"file://$FILES/app.tar.gz\", unpack: true, path: /opt/whole }
  stripped: { url: \"file://$FILES/app.tar.zst\", unpack: true, strip: 1, path: /opt/stripped, owner: anna, group: adm }
  unzipped: { url: \"file://$FILES/app.zip\", unpack: true, strip: 1, path: /opt/unzipped }
files:
  /opt/stripped/lib/data: { text: ours }" \
	'is() { test \"$(stat -c \"%a %U %G\" \"$1\")\" = \"$2\"; };
for program in /usr/local/bin/plain /usr/local/bin/member /usr/local/bin/zipped /usr/local/bin/lone
  /opt/whole/app-1.0/bin/app /opt/whole/app-1.0/lib/app /opt/stripped/bin/app /opt/stripped/bin/twin /opt/unzipped/lib/app;
do test \"$($program)\" = \"it runs\"; done;
is /usr/local/bin/plain \"755 root root\"; is /usr/local/bin/member \"750 anna adm\";
is /opt/whole/app-1.0/bin/app \"755 root root\";
is /opt/stripped \"755 anna adm\"; is /opt/stripped/bin/app \"755 anna adm\"; is /opt/whole/app-1.0/lib/data \"644 root root\";
test \"$(readlink /opt/unzipped/lib/app)\" = ../bin/app; test /opt/stripped/bin/app -ef /opt/stripped/bin/twin;
test \"$(cat /opt/stripped/lib/data)\" = ours; test ! -e /opt/whole/data'
ok 'files, members and whole archives come to their places, with their owners and modes' build
ok '… which makes an image' test -s "$(cat "$WORK/path")"
MANIFEST=$(dirname "$(cat "$WORK/path")")/manifest.json
ok '… whose manifest has them as inputs' test "$(sha256sum <"$FILES/app.tar.xz" | cut -d ' ' -f 1)" = \
	"$(jq -r '.inputs[] | select(.name == "downloads/member").sha256' "$MANIFEST")"
ok '… and which may be released' test "$(jq -c '[.releasable, .fakes]' "$MANIFEST")" = '[true,[]]'
sed -i 's/750 anna adm/755 anna adm/' "$RECIPE"
refused 'the command would have seen another mode' run vm --out "$WORK/out"

recipe "  member: { url: \"file://$FILES/app.tar.xz\", member: app-1.0/bin/apps, path: /usr/local/bin/member }"
refused 'a member that the archive does not have is an error' build
ok '… with the one that may be meant' said "the archive has no file 'app-1.0/bin/apps'" "did you mean 'app-1.0/bin/app'?"
recipe "  member: { url: \"file://$FILES/app.gz\", member: app, path: /usr/local/bin/member }"
refused 'a compressed file is no archive' build
recipe "  plain: { url: \"file://$FILES/app\", path: /usr/local/bin/plain, owner: nobody-knows }"
refused 'an owner that nobody knows is an error' build

# --- what hostile archives do not get -----------------------------------------------------------------------------------
mkdir -p "$WORK/host"
echo mine >"$WORK/host/canary"
python3 - "$FILES" "$WORK/host" <<-'END'
	import io, sys, tarfile
	files, host = sys.argv[1:]
	up = "../" * 40
	def archive(name, *members):
	    with tarfile.open(f"{files}/{name}.tar", "w", format=tarfile.GNU_FORMAT) as tar:
	        for path, kind, target in members:
	            info = tarfile.TarInfo(path)
	            info.type, info.mode = kind, 0o644
	            info.linkname = target if kind in (tarfile.SYMTYPE, tarfile.LNKTYPE) else ""
	            data = target.encode() if kind == tarfile.REGTYPE else b""
	            info.size = len(data)
	            info.devmajor, info.devminor = 1, 5
	            tar.addfile(info, io.BytesIO(data))
	FILE, LINK, HARD = tarfile.REGTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE
	archive("absolute", (f"{host}/canary", FILE, "evil"))
	archive("upward", (f"{up}{host}/canary", FILE, "evil"))
	archive("symlink", ("link", LINK, host))
	archive("symlink-up", ("link", LINK, f"{up}{host}"))
	archive("symlink-chain", ("d", LINK, "."), ("link", LINK, "d/.."), (f"link{host}/canary", FILE, "evil"))
	archive("hardlink", ("link", HARD, f"{host}/canary"))
	archive("hardlink-up", ("link", HARD, f"{up}{host}/canary"))
	archive("through", ("passwd/x", FILE, "evil"), ("out/passwd", FILE, "evil"))
	archive("device", ("null", tarfile.CHRTYPE, ""))
	archive("pipe", ("pipe", tarfile.FIFOTYPE, ""))
END
truncate -s 300M "$WORK/zeros"
tar -C "$WORK" -cJf "$FILES/bomb.tar" zeros
tar -C "$WORK" -cSJf "$FILES/hole.tar" zeros
head -c 200000000 /dev/zero | gzip >"$FILES/bomb.gz"
rm "$WORK/zeros"

hostile() {
	recipe "  evil: { url: \"file://$FILES/$1\", unpack: true, path: /opt/evil }"
	refused "an archive is refused: $1" build
	ok "… because of that" said "$2"
	ok '… and nothing of the host has changed' test '2 1 mine' = \
		"$(find "$WORK/host" -printf '%n '; cat "$WORK/host/canary")"
}
hostile absolute.tar 'its path must not be absolute'
hostile upward.tar 'its path must not be absolute'
hostile symlink.tar 'symbolic link that leads out of the folder'
hostile symlink-up.tar 'symbolic link that leads out of the folder'
hostile symlink-chain.tar 'leads out of the folder'
hostile hardlink.tar 'hard link to a file outside'
hostile hardlink-up.tar 'hard link to a file outside'
hostile device.tar 'a device, a pipe or a socket'
hostile pipe.tar 'a device, a pipe or a socket'
hostile bomb.tar 'decompression bomb'
hostile hole.tar 'decompression bomb'
hostile app.gz 'the archive cannot be read'
recipe "  evil: { url: \"file://$FILES/bomb.gz\", decompress: true, path: /opt/evil }"
refused 'a bomb that is no archive is refused' build
ok '… because of that' said 'decompresses to more data than expected'
recipe "  evil: { url: \"file://$FILES/through.tar\", unpack: true, path: /opt }" 'ln -s /etc /opt/out'
ok 'an archive may name folders as it likes' build

# --- fakes ------------------------------------------------------------------------------------------------------------
recipe '  app: { url: "https://nowhere.invalid/app.tar.gz", member: app-1.0/bin/app, path: /usr/local/bin/app, mode: "0755" }' \
	'/usr/local/bin/app'
rm -f "${RECIPE%.recipe}.lock"
cp "$FILES/app.tar.gz" "$FAKES/downloads/app"
ok 'with a fake, a download that cannot be reached is built in' build --with-fakes "$FAKES"
ok '… which is said aloud' said 'NOT RELEASABLE' 'downloads/app'
MANIFEST=$(dirname "$(cat "$WORK/path")")/manifest.json
ok '… and in the manifest' test "$(jq -c '[.releasable, .fakes[].name]' "$MANIFEST")" = '[false,"downloads/app"]'
ok '… and no lock stands beside the recipe' test ! -e "${RECIPE%.recipe}.lock"
finish
