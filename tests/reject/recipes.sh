#!/bin/bash
# budget: 20
# Recipes that have to be refused, each with exactly the words that tests/reject/recipes/NAME.expected has.
# AETHER_BLESS=1 accepts the words of today: read the difference before it is committed.
# shellcheck disable=SC2317 # refuses is called by ok
. "${SOURCE:=$PWD}/tests/lib.sh"

# Hostile ones are too large to be kept.
make_hostile() {
	local i
	{ printf 'vars: '; printf '[%.0s' {1..100000}; } >deep.recipe
	{ printf 'vars: '; printf '{a: %.0s' {1..100000}; } >deep-maps.recipe
	ln -s /etc/passwd link
	{ echo 'from: parts/base.recipe'; echo 'files: { /etc/a: { source: link } }'; } >outside-link.recipe
	head -c 5000000 /dev/zero | tr '\0' a >huge.recipe
	printf 'name: a\0b\n' >nul.recipe
	printf 'name: "\xff\xfe"\n' >not-utf8.recipe
	{ echo 'packages:'; for i in {1..8193}; do echo "- p$i"; done; } >long-list.recipe
	{ echo 'vars:'; for i in {1..4097}; do echo "  v$i: x"; done; } >many-keys.recipe
	{ echo 'from: parts/base.recipe'; echo 'vars:'; echo '  v0: "0123456789abcdef"'
		for i in {1..60}; do echo "  v$i: \"\${vars.v$((i - 1))}\${vars.v$((i - 1))}\""; done; } >bomb.recipe
	{ echo 'from: parts/base.recipe'; echo 'vars:'; echo '  v0: [x, y]'
		for i in {1..60}; do echo "  v$i: [\"\${vars.v$((i - 1))}\", \"\${vars.v$((i - 1))}\"]"; done; } >list-bomb.recipe
	{ echo 'from: parts/base.recipe'; echo 'vars:'
		for i in {0..300}; do echo "  v$i: \"\${vars.v$((i + 1))}\""; done; echo '  v301: x'; } >chain.recipe
	make_crowded
}

# More than Proxmox has room for.
make_crowded() {
	local place='proxmox: { node: pve, vmid: 100, images: cephfs, storage: local-lvm' i
	{ echo 'from: parts/base.recipe'; echo "$place, disks: {"; for i in {1..31}; do echo "  d$i: { size: 1G },"; done
		echo '}, nics: ['; for i in {1..33}; do echo '  { bridge: vmbr0 },'; done; echo '] }'; } >proxmox-many.recipe
	{ echo 'from: parts/container.recipe'; echo "$place, mounts: {"; for i in {1..256}; do echo "  /srv/$i: {},"; done
		echo '} }'; } >proxmox-many-mounts.recipe
}

# refuses NAME: the words and the exit status of a refusal, and nothing on stdout.
refuses() {
	local expected=$SOURCE/tests/reject/recipes/$1.expected status
	"$AETHER" plan "$1.recipe" >"$1.out" 2>"$1.err"
	status=$?
	sed -i "s#$WORK#WORK#g" "$1.err"
	[[ -z ${AETHER_BLESS:-} ]] || cp "$1.err" "$expected"
	[[ $status == 1 && ! -s $1.out ]] && diff -u "$expected" "$1.err"
}

cp -r "$SOURCE/tests/reject/recipes/." "$WORK" && mkdir "$WORK/.git" && cd "$WORK" || exit 1
unset AETHER_REJECT_UNSET
make_hostile
for recipe in *.recipe; do
	ok "${recipe%.recipe} is refused, in the words that are expected" refuses "${recipe%.recipe}"
done
finish
