#!/bin/bash
# budget: 40
# deadline: 900
# Packages that fail, or mean harm: what their scripts said is shown, the package is named, nothing of it is kept, and the
# host is as it was.
. "${SOURCE:=$PWD}/tests/lib.sh"
. "$SOURCE/tests/lock/lib.sh"
. "$SOURCE/tests/fault/lib.sh"
need_small

CACHE=$WORK/cache HOST=$WORK/host
small_cache "$CACHE" blobs debs layers
new_key archive || die 'a key can be made'
mkdir -p "$HOST" "$ARCHIVE/pool/main" && echo mine >"$HOST/canary"

# scripted NAME VERSION SCRIPT: a package whose postinst is this; what is in $WORK/package already goes into it.
scripted() {
	local folder=$WORK/package
	mkdir -p "$folder/DEBIAN"
	printf '%s\n' "Package: $1" "Version: $2" 'Architecture: all' 'Maintainer: Test <test@test.invalid>' \
		"Description: the package $1 of a test" >"$folder/DEBIAN/control"
	printf '#!/bin/sh\n%s\n' "$3" >"$folder/DEBIAN/postinst"
	chmod 755 "$folder/DEBIAN/postinst"
	dpkg-deb --root-owner-group -Zgzip -b "$folder" "$ARCHIVE/pool/main/${1}_${2}_all.deb" >/dev/null
	rm -rf "$folder"
}

# want NAME [YAML]: a machine that has this package beside those of the small one, with more words of the recipe.
want() {
	local repo=$WORK/repo
	rm -rf "$repo"
	cp -r "$(dirname "$(dirname "$SMALL_RECIPE")")" "$repo"
	cp "$WORK/archive.asc" "$repo/recipes/test.asc"
	cat >"$repo/recipes/machine.recipe" <<-EOF
		from: small.recipe
		name: machine
		packages: [$1]
		repositories:
		  test:
		    url: $URL/archive
		    suites: [$SUITE]
		    components: [main]
		    key: test.asc
		    fingerprints: [$(fingerprint archive)]
		${2:-}
	EOF
	SMALL=$repo/recipes/machine.recipe
	"$AETHER" lock --cache "$CACHE" "$SMALL" || die "a machine with $1 can be locked"
}

# no_layer_with NAME: none that is kept has the package, in whatever state.
no_layer_with() {
	! grep -lx "Package: $1" "$CACHE"/layers/*/*/files/var/lib/dpkg/status
}

# nothing_kept NAME: what must hold after a build that failed at this package.
nothing_kept() {
	ok '… and no process of it is left' nobody_in "$CACHE"
	ok '… and no draft' nothing_drafted "$CACHE"
	ok '… and no image can be seen' all_whole "$WORK/out"
	ok '… and no layer with it is kept' no_layer_with "$1"
}

host_is_unharmed() {
	ok '… and the host is as it was' test "$(cd "$HOST" && echo * && cat canary)" = $'canary\nmine'
}

SMALL_RECIPE=$SMALL
scripted breaks 1 'echo "the script says this"; echo "and this, as an error" >&2; exit 3'
scripted killed 1 'echo "about to die"; kill -9 $$'
scripted stays 1 'setsid sleep 98765 & sleep 98765 & exit 0'
publish
serve

want breaks
refused 'a package whose script fails is not installed' vm "$CACHE" "$WORK/out"
ok '… and is named' said 'cannot install the package breaks'
ok '… and what the script said is shown' said 'the script says this' 'and this, as an error' 'exit status 3'
nothing_kept breaks

want killed
refused 'a package whose script is killed is not installed' vm "$CACHE" "$WORK/out"
ok '… and is named, with what it said' said 'cannot install the package killed' 'about to die'
nothing_kept killed

# --- mended ----------------------------------------------------------------------------------------------------------
drop breaks 1
scripted breaks 2 'exit 0'
publish
want breaks
ok 'a package that was mended is installed' vm "$CACHE" "$WORK/out"
ok '… and nothing half can be seen' all_whole "$WORK/out"

# --- what stays behind -----------------------------------------------------------------------------------------------
want stays
ok 'a package that starts something can be installed' vm "$CACHE" "$WORK/out"
ok '… and what it started has ended' test -z "$(grep -lzx 98765 /proc/[0-9]*/cmdline 2>/dev/null)"
ok '… and has no mount' nobody_in "$CACHE"

# --- harm ------------------------------------------------------------------------------------------------------------
# Links to a folder of the host wherever the builder writes, reads or cleans up after the packages.
mkdir -p "$WORK/package/usr/share/harm" "$WORK/package/etc"
ln -s "$HOST" "$WORK/package/usr/share/harm/out"
ln -s "$HOST" "$WORK/package/etc/out"
scripted harm 1 "set -e
	rm -rf /var/log /var/tmp /var/cache/apt /usr/share/factory /usr/lib/sysusers.d.old
	ln -s '$HOST' /var/log
	ln -s '$HOST' /var/tmp
	ln -s '$HOST/canary' /etc/hosts.new
	ln -s '$HOST' /usr/share/factory
	ln -sf '$HOST/canary' /etc/passwd-
	rm -f /usr/sbin/policy-rc.d
	ln -s '$HOST/canary' /usr/sbin/policy-rc.d
	ln -sf '$HOST/canary' /etc/nothing
	test ! -e '$HOST/canary'"
publish
want harm "files:
  /etc/out/new: { text: evil }
  /usr/share/harm/out/canary: { text: evil }
  /etc/nothing: { text: evil }"
vm "$CACHE" "$WORK/out"
ok 'links to the host are built, or refused by name' test $? -le 1
host_is_unharmed
ok '… and nothing is left mounted' nobody_in "$CACHE"

mkdir -p "$WORK/package/usr/share"
scripted shadow 1 "rm -f /etc/shadow; ln -s /etc/shadow- /etc/shadow; rm -f /etc/shadow-; mkfifo /etc/shadow-"
publish
want shadow
refused 'a pipe in the place of a file is refused, and not waited for' \
	timeout 60 "$AETHER" vm --cache "$CACHE" --out "$WORK/out" "$SMALL"

if [[ $(id -u) == 0 ]]; then
	mkdir -p "$WORK/package/usr/share/device"
	mknod "$WORK/package/usr/share/device/disk" b 8 0
	scripted device 1 'exit 0'
	publish
	want device
	refused 'a package that brings a device is not installed' vm "$CACHE" "$WORK/out"
	ok '… and is named' said 'cannot install the package device'
fi
finish
