# What the fault tests share: a small machine that is built in seconds, and what must hold after a build was disturbed.
# Sourced after tests/lib.sh.
# shellcheck shell=bash disable=SC2034,SC2154 # SOURCE, BUILD, WORK, AETHER come from tests/lib.sh
need jq

# need_small: builds the small machine, once a run whoever asks first, and sets (all of it to be read only)
#   SMALL          its recipe, with its lock
#   SMALL_IMAGE    the qcow2
#   SMALL_CACHE    a cache that has all of it
need_small() {
	local folder=$BUILD/tests/images/small lock
	SMALL=$folder/repo/recipes/small.recipe SMALL_CACHE=$folder/cache
	mkdir -p "$folder"
	exec {lock}>"$folder/lock"
	flock "$lock"
	if [[ $(cat "$folder/run" 2>/dev/null) != "$RUN_ID" ]]; then
		rm -rf "$folder/repo" "$folder/out" "$folder/path" "$folder/cache"
		echo "$RUN_ID" >"$folder/run"
		copy_recipes "$folder/repo" && write_small "$folder/repo" &&
			"$AETHER" lock --cache "$SMALL_CACHE" "$SMALL" >&2 &&
			"$AETHER" vm --cache "$SMALL_CACHE" --out "$folder/out" "$SMALL" | tail -n 1 >"$folder/path"
	fi
	exec {lock}>&-
	SMALL_IMAGE=$(cat "$folder/path" 2>/dev/null)
	[[ -n $SMALL_IMAGE && -f $SMALL_IMAGE ]] || die 'the small machine can be built'
}

# write_small REPOSITORY: a bit of everything: a user, a file, a unit, a hook, a program with capabilities.
write_small() {
	sed 's/, *grow: true//; s/size: 512M/size: 40M/' "$1/partitions/hybrid-ab.yaml" >"$1/partitions/small.yaml" &&
		cat >"$1/recipes/small.recipe" <<-'EOF'
			from: ../images/trixie.recipe
			name: small
			kinds: [vm]
			tools: ../images/tools.recipe
			partitions: ../partitions/small.yaml
			packages: [iputils-ping, linux-image-cloud-amd64, systemd-sysv, tiny-initramfs, udev]
			users: { anna: { groups: [adm] } }
			files: { /etc/motd: { text: "small\n", owner: anna, mode: "0640" } }
			units:
			  nothing.service:
			    { enable: true, Service: { ExecStart: /bin/true }, Install: { WantedBy: multi-user.target } }
			hooks: { configure: [[/bin/touch, /etc/touched]] }
		EOF
}

# small_cache FOLDER [ROOM…]: a cache of one's own that has these rooms of the small machine's (blobs, debs, layers).
small_cache() {
	local folder=$1 room
	shift
	rm -rf "$folder"
	mkdir -p "$folder"
	for room; do
		cp -al "$SMALL_CACHE/$room" "$folder/" || return
	done
}

# vm CACHE OUT [ARGUMENT…]: builds the small machine; what the program said is in $WORK/said, the path in $WORK/path.
vm() {
	local cache=$1 out=$2 status
	shift 2
	"$AETHER" vm --cache "$cache" --out "$out" "$@" "$SMALL" >"$WORK/path" 2>"$WORK/said"
	status=$?
	cat "$WORK/said"
	return "$status"
}

# is_small IMAGE: these are the bytes that need_small built.
is_small() {
	cmp "$1" "$SMALL_IMAGE"
}

# all_whole OUT: whatever can be seen below it is a whole generation, image and manifest.
all_whole() {
	local generation name image sum
	for generation in "$1"/*/*; do
		[[ -e $generation ]] || continue
		[[ $(basename "$generation") =~ ^[1-9][0-9]*$ ]] || { echo "$generation can be seen"; return 1; }
		name=$(basename "$(dirname "$generation")") image=$generation/$name.qcow2
		sum=$(sha256sum <"$image") || return
		[[ $(jq -r .image.sha256 "$generation/manifest.json") == "${sum%% *}" ]] ||
			{ echo "$image is not whole"; return 1; }
	done
}

# nobody_in FOLDER: no process has a mount in it any more (those of a killed build may take a moment to die).
nobody_in() {
	local try
	for try in {1..100}; do
		grep -lqF " $1" /proc/[0-9]*/mountinfo 2>/dev/null || return 0
		sleep 0.1
	done
	grep -lF " $1" /proc/[0-9]*/mountinfo 2>/dev/null
	return 1
}

# nothing_drafted CACHE: no draft is left in it.
nothing_drafted() {
	[[ -z $(find "$1/tmp" -mindepth 1 ! -name '*.lock') ]] || { find "$1/tmp" -mindepth 1 -maxdepth 2; return 1; }
}

# as_builder COMMAND…: runs it as a plain user `builder` with subordinate ids, who exists in here alone, on a host of
# another name; $BUILDER_IDS are the lines of /etc/subuid and /etc/subgid. The host's own /etc is not touched.
BUILDER_UID=54321
as_builder() {
	local file
	for file in passwd group; do
		grep -v "^builder:" "/etc/$file" >"$WORK/etc-$file"
	done
	echo "builder:x:$BUILDER_UID:$BUILDER_UID::$PLACE:/bin/sh" >>"$WORK/etc-passwd"
	echo "builder:x:$BUILDER_UID:" >>"$WORK/etc-group"
	printf '%s\n' "${BUILDER_IDS-builder:700000:65536}" | tee "$WORK/etc-subuid" >"$WORK/etc-subgid"
	chmod 644 "$WORK"/etc-*
	unshare -m -u --propagation private bash -c '
		hostname elsewhere.invalid
		for file in passwd group subuid subgid; do
			[[ -e /etc/$file ]] || : >"/etc/$file"
			mount --bind "$WORK/etc-$file" "/etc/$file" || exit
		done
		cd "$PLACE" && exec setpriv --reuid "$0" --regid "$0" --clear-groups \
			env -i HOME="$PLACE" PATH=/usr/bin:/bin "$@"' "$BUILDER_UID" "$@"
}

# need_builder: makes $PLACE, a folder that the plain user can reach, with the program in it.
need_builder() {
	[[ $(id -u) == 0 ]] || skip 'only root can become another user'
	need newuidmap setpriv unshare
	PLACE=$(mktemp -d)
	export PLACE WORK
	# shellcheck disable=SC2064 # now
	trap "rm -rf '$PLACE'$([[ $RUN_ID != by-hand-* ]] || echo " '$WORK'")" EXIT
	chmod 755 "$PLACE"
	cp "$AETHER" "$(dirname "$AETHER")"/aether-{init,agent} "$PLACE/"
}
