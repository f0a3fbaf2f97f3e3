#!/bin/bash
# budget: 60
# deadline: 900
# What scripts of packages make for one machine, in a container's template: a secret is refused by its name, or made on the
# first boot and kept; the name of the machine is the recipe's, and nothing is the build machine's; what differs from one
# installation to the next is found; a script that hangs is ended, and named.
# shellcheck disable=SC2317 # its functions are called by ok and refused
. "${SOURCE:=$PWD}/tests/lib.sh"
. "$SOURCE/tests/lock/lib.sh"
. "$SOURCE/tests/fault/lib.sh"
[[ $(id -u) == 0 ]] || skip 'needs root: a template is entered'
need unshare zstd tar
need_small

CACHE=$WORK/cache REPO=$WORK/repo RECIPE=$WORK/repo/recipes/machine.recipe
small_cache "$CACHE" blobs debs layers
new_key archive || die 'a key can be made'
mkdir -p "$ARCHIVE/pool/main"
cp -r "$(dirname "$(dirname "$SMALL")")" "$REPO"
cp "$WORK/archive.asc" "$REPO/recipes/test.asc"

# scripted NAME SCRIPT: a package whose postinst is this.
scripted() {
	local folder=$WORK/package
	mkdir -p "$folder/DEBIAN" "$folder/etc/$1"
	printf '%s\n' "Package: $1" 'Version: 9:1' 'Architecture: all' 'Maintainer: Test <test@test.invalid>' \
		"Description: the package $1 of a test" >"$folder/DEBIAN/control"
	printf '#!/bin/sh\nset -e\n%s\n' "$2" >"$folder/DEBIAN/postinst"
	chmod 755 "$folder/DEBIAN/postinst"
	dpkg-deb --root-owner-group -Zgzip -b "$folder" "$ARCHIVE/pool/main/${1}_1_all.deb" >/dev/null
	rm -rf "$folder"
}

# want PACKAGES [YAML]: a container that has these beside the packages of the small machine, which are in the cache.
want() {
	cat >"$RECIPE" <<-END
		from: small.recipe
		name: machine
		kinds: !replace [lxc]
		partitions: !remove
		packages: [$1]
		repositories:
		  test:
		    url: $URL/archive
		    suites: [$SUITE]
		    components: [main]
		    key: test.asc
		    fingerprints: [$(fingerprint archive)]
		${2:-}
	END
}

# lxc OPTION…: builds it on a host of another name.
lxc() {
	unshare --uts sh -c 'hostname host-of-the-build; domainname domain-of-the-build; exec "$@"' - \
		"$AETHER" lxc --cache "$CACHE" --out "$WORK/out" "$@" "$RECIPE" >"$WORK/path" 2>"$WORK/said"
	local status=$?
	cat "$WORK/said"
	return "$status"
}

unpack() {
	rm -rf "$WORK/root"
	mkdir "$WORK/root" && tar -C "$WORK/root" --zstd -xf "$(cat "$WORK/path")" && mkdir -p "$WORK/root/dev" &&
		cp -a /dev/null /dev/urandom "$WORK/root/dev/"
}

make_own() { chroot "$WORK/root" "/usr/lib/aether/own/${1:-keeper-key}"; }
# make_all: everything is made at once, as at a first boot.
make_all() {
	local one
	for _ in {1..15}; do
		rm -r "$WORK/root/var/lib/aether"
		make_own &
		one=$!
		make_own other-key && wait "$one" || return
	done
}
look() { chroot "$WORK/root" stat -Lc "$2" "$1"; }
key() { chroot "$WORK/root" cat /etc/keeper/secret.key; }

scripted keeper 'umask 022; head -c 30 /dev/urandom | base64 >/etc/keeper/secret.key; ln -s secret.key /etc/keeper/hash.0'
scripted namer 'echo "$(hostname -f).UNKNOWN" >/etc/namer/c; hostname >/var/cache/debconf/namer; hostname >/etc/namer/a
	hostname -f >>/etc/namer/a; domainname >>/etc/namer/a
	for f in hosts hostname mailname domainname resolv.conf; do cat /etc/$f 2>/dev/null; done >/etc/namer/b || true'
scripted changing 'mkdir -p /var/lib/changing; echo "$$ $(date +%s%N)" >/var/lib/changing/stamp
	echo "$HOME $TZ" >/etc/changing/home'
scripted careful 'setpriv --reuid 65534 --clear-groups mktemp >/dev/null'
scripted postfix 'head -c 30 /dev/urandom >/etc/aliases.db'
scripted based 'mkdir -p /etc/dbconfig-common
	echo "dbc_dbpass=$(od -An -tx1 -N16 /dev/urandom | tr -d " \n")" >/etc/dbconfig-common/based.conf'
scripted hangs 'mkfifo /tmp/nobody; read answer </tmp/nobody'
publish
serve

OWN='perMachine:
  keeper-key:
    paths: /etc/keeper/secret.key
    make: [/bin/sh, -c, "head -c 30 /dev/urandom | base64 >/etc/keeper/secret.key"]
    group: adm
    mode: "0440"
    before: nothing.service
  other-key: { paths: /var/lib/other/key, make: [/bin/sh, -c, "echo 1 >/var/lib/other/key"] }'

want 'keeper, namer, changing, careful, postfix'
ok 'the container can be locked' "$AETHER" lock --cache "$CACHE" "$RECIPE"
refused 'a secret that a script made is refused' lxc
ok '… with its path, its package and what to do' said "'/etc/keeper/secret.key' has" "the package 'keeper'" perMachine
ok '… and nothing else is' test "$(grep -c 'the same on every machine' "$WORK/said")" = 1

want 'keeper, namer, changing, careful, postfix' "${OWN/nothing.service/nothin.service}"
refused 'a unit that does not exist cannot wait for it' lxc
ok '… and the near one is named' said 'nothing.service'

want 'keeper, namer, changing, careful, postfix' "$OWN"
ok 'what each machine makes for itself is not' lxc
ok 'the template can be looked at' unpack
refused 'the secret is not in it' test -e "$WORK/root/etc/keeper/secret.key"
refused '… nor a link to it' test -L "$WORK/root/etc/keeper/hash.0"
ok 'a script was told the name of the machine' test "$(sort -u "$WORK/root/etc/namer/a")" = $'(none)\nmachine'
ok '… and the domain that it does not have is not made up' test "$(cat "$WORK/root/etc/namer/c")" = machine
refused '… and nothing has that of the host' grep -rIlE 'host-of-the-build|domain-of-the-build|aether-unnamed' \
	"$WORK/root/etc" "$WORK/root/var" "$WORK/root/root" "$WORK/root/usr/lib/aether"
refused 'what a service makes at each start is not in it' test -e "$WORK/root/etc/aliases.db"
ok '… and the service is told' grep -q newaliases "$WORK/root/usr/lib/systemd/system/postfix.service.d/40-aliases.conf"
refused '… without a maker' test -e "$WORK/root/usr/lib/aether/own/postfix-aliases"
ok 'the machine makes it' make_own
ok '… as a key' grep -Exq '[A-Za-z0-9+/]{40}' "$WORK/root/var/lib/aether/own/keeper-key/secret.key"
ok '… readable for whom it is' test "$(look /etc/keeper/secret.key '%a %U %G')" = '440 root adm'
ok '… where it is kept' test -f "$WORK/root/var/lib/aether/own/keeper-key/secret.key"
key >"$WORK/first"
ok 'it is made again' make_own
ok '… not' test "$(key)" = "$(cat "$WORK/first")"
touch "$WORK/root/var/lib/aether/own/keeper-key/making"
ok 'what was interrupted is made anew' make_own
refused '… and is another one' test "$(key)" = "$(cat "$WORK/first")"
refused '… with nothing left of the making' test -e "$WORK/root/var/lib/aether/own/keeper-key/making"

ok 'what is made does not mind what else is made' make_all

refused 'packages that are not the same twice are found' lxc --check-repeat
ok '… by file and package' said "'/var/lib/changing/stamp' is not the same" "'/etc/changing/home'" "the package 'changing'"
ok '… and no other is' test "$(grep -c 'is not the same' "$WORK/said")" = 2

want based
ok 'a package with a database can be locked' "$AETHER" lock --cache "$CACHE" "$RECIPE"
refused '… and the password of one that is not there is refused' lxc
ok '… with the way out' said "'/etc/dbconfig-common/based.conf' has" dbconfig-no-thanks

want hangs
ok 'a package that hangs can be locked' "$AETHER" lock --cache "$CACHE" "$RECIPE"
AETHER_PACKAGE_SECONDS=4 refused '… and is not waited for' lxc
ok '… but named, with its script' said "the package 'hangs' is not installed within 4 s" 'hangs.postinst configure' \
	AETHER_PACKAGE_SECONDS
finish
