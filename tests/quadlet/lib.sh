# What the tests of containers share: Debian's registry on loopback, with images that a test makes, and recipes that embed them.
# Sourced after tests/lib.sh.
#
#   $REGISTRY    its address, as images are named: 127.0.0.1:PORT
#   $REPO        a repository of its own, with all our recipes
#   $WORK/said   what the last run of the program said
# shellcheck shell=bash disable=SC2034,SC2154 # WORK, AETHER come from tests/lib.sh
need docker-registry skopeo python3 curl
[[ -x /bin/busybox ]] || skip "needs /bin/busybox: run ci/setup test"

REPO=$WORK/repo
SERVERS=()

stop_servers() {
	[[ ${#SERVERS[@]} == 0 ]] || kill "${SERVERS[@]}" 2>/dev/null
	SERVERS=()
}

# answers URL: until a server that was just started does.
answers() {
	local try
	for try in {1..100}; do
		curl -s -o "$WORK/answer" "$1" && return 0
		sleep 0.1
	done
	die "a server answers at $1"
}

start_registry() {
	local port=$((20000 + RANDOM % 12000))
	REGISTRY=127.0.0.1:$port
	cat >"$WORK/registry.yml" <<-END
		version: 0.1
		log: {level: error, accesslog: {disabled: true}}
		storage: {filesystem: {rootdirectory: $WORK/registry}, delete: {enabled: true}}
		http: {addr: "$REGISTRY"}
	END
	docker-registry serve "$WORK/registry.yml" >"$WORK/registry.log" 2>&1 &
	SERVERS+=($!)
	answers "http://$REGISTRY/v2/"
}

# push NAME:TAG TEXT: an image that serves TEXT; its digest (of the manifest) is then in $WORK/TEXT.digest.
push() {
	[[ -d $WORK/$2 ]] || "$SOURCE/tests/quadlet/make-image" "$WORK/$2" "$2" | sed 's/^sha256://' >"$WORK/$2.digest"
	skopeo copy -q --dest-tls-verify=false "oci:$WORK/$2" "docker://$REGISTRY/$1"
}

digest() {
	cat "$WORK/$1.digest"
}

# recipe NAME <BODY: $REPO/recipes/NAME.recipe, a virtual machine with podman.
recipe() {
	[[ -d $REPO ]] || copy_recipes "$REPO"
	{
		printf '%s\n' 'from: ../images/vm-base.recipe' "name: $1" 'packages:'
		printf '  - %s\n' podman crun netavark aardvark-dns catatonit uidmap passt dbus-user-session
		cat
	} >"$REPO/recipes/$1.recipe"
}

# run VERB [OPTION…] NAME
run() {
	"$AETHER" "${@:1:$#-1}" "$REPO/recipes/${*: -1}.recipe" >"$WORK/said" 2>&1
	local status=$?
	cat "$WORK/said"
	return $status
}

# locked NAME IMAGE DIGEST: the lock of that recipe has the image at that digest.
locked() {
	grep -A 1 -F "  \"$2\":" "$REPO/recipes/$1.lock" | grep -qF "sha256: $3 }"
}
