#!/bin/bash
# budget: 60
# deadline: 900
# Accounts that packages make, by whatever means, have the lock's ids in a real tree, with all that is theirs.
# What came out is told by a hook, which then fails: no image is made.
# shellcheck disable=SC2154,SC2317 # ARCHIVE and the like come from the libraries; functions are called by ok
. "${SOURCE:=$PWD}/tests/lib.sh"
. "$SOURCE/tests/lock/lib.sh"
. "$SOURCE/tests/fault/lib.sh"
need_small

CACHE=$WORK/cache RECIPE=$WORK/repo/recipes/machine.recipe
small_cache "$CACHE" blobs debs layers
new_key archive || die 'a key can be made'

# scripted NAME SCRIPT [SYSUSERS]: a package with this postinst, and this file of sysusers.d.
scripted() {
	local folder=$WORK/package
	mkdir -p "$folder/DEBIAN" "$folder/usr/lib/sysusers.d" "$ARCHIVE/pool/main"
	printf '%s\n' "Package: $1" 'Version: 1' 'Architecture: all' 'Maintainer: Test <test@test.invalid>' 'Depends: passwd' \
		"Description: the package $1 of a test" >"$folder/DEBIAN/control"
	printf '#!/bin/sh\nset -e\n%s\n' "$2" >"$folder/DEBIAN/postinst"
	chmod 755 "$folder/DEBIAN/postinst"
	[[ -z ${3:-} ]] || echo "$3" >"$folder/usr/lib/sysusers.d/$1.conf"
	dpkg-deb --root-owner-group -Zgzip -b "$folder" "$ARCHIVE/pool/main/${1}_1_all.deb" >/dev/null
	rm -rf "$folder"
}

# machine PACKAGES [YAML]: a machine with these packages, and more words of the recipe.
machine() {
	cat >"$RECIPE" <<-END
		from: small.recipe
		name: machine
		packages: [$1]
		repositories:
		  test:
		    { url: $URL/archive, suites: [$SUITE], components: [main], key: test.asc,
		      fingerprints: [$(fingerprint archive)] }
		hooks:
		  configure: !replace
		    - [/bin/sh, -c, "grep -hE '^(svc|tool|computed|other|unit)' /etc/passwd /etc/group;
		        stat -c '%n %u %g %a' /srv/*; exit 7"]
		${2:-}
	END
}

lock() {
	"$AETHER" lock --cache "$CACHE" "$RECIPE" >"$WORK/said" 2>&1 || { cat "$WORK/said"; return 1; }
}

build() {
	"$AETHER" vm --verbose --cache "$CACHE" --out "$WORK/out" "$RECIPE" >"$WORK/said" 2>&1
	local status=$?
	cat "$WORK/said"
	return "$status"
}

# tells: what the hook said is in $WORK/tree.
tells() {
	build
	sed 's/^[ |]*//' "$WORK/said" | grep -E '^(svc|tool|computed|other|unit|/srv)' >"$WORK/tree"
	grep -q 'exit status 7' "$WORK/said"
}

id_of() {
	sed -nE "s/^  $1: \{ id: ([0-9]+).*/\1/p" "${RECIPE%recipe}lock"
}

has() {
	local line
	for line; do
		grep -qxE -- "$line" "$WORK/tree" || { echo "there is no '$line'"; return 1; }
	done
}

scripted svc 'useradd -r -M -d /var/lib/svc svc
groupadd -r tool
useradd -r "$(echo COMPUTED | tr A-Z a-z)"
install -d -o svc -g svc /srv/state
cp /bin/true /srv/set-id && chown svc:tool /srv/set-id && chmod 6755 /srv/set-id
touch /srv/computed && chown computed: /srv/computed
ln -s state /srv/link && chown -h svc:tool /srv/link
systemd-sysusers svc.conf' 'u unit - "By systemd" /'
publish
serve
copy_recipes "$WORK/repo"
write_small "$WORK/repo"
cp "$WORK/archive.asc" "$WORK/repo/recipes/test.asc"

machine svc
ok 'accounts of packages are in the lock' lock
svc=$(id_of svc) tool=$(id_of tool) unit=$(id_of unit)
ok '… with a number each' test -n "$svc" -a -n "$tool" -a -n "$unit" -a "$svc" != "$tool"
ok '… and a tree with them is made' tells
ok '… in which they have these ids' has "svc:x:$svc:$svc:.*" "tool:.*:$tool:.*" "unit:x:$unit:$unit:.*"
ok '… with their files, set-id bits and links' has "/srv/state $svc $svc 755" \
	"/srv/set-id $svc $tool 6755" "/srv/link $svc $tool 777"
ok '… and one that nobody could know is told' grep -q "makes the account 'computed'" "$WORK/said"
finish
