#!/bin/bash
# budget: 30
# deadline: 600
# Images to embed are locked by digest, from a registry as it is: a tag that moves afterwards moves nothing, until one
# asks for it. One that wants a token gets asked for it, and nobody else hears of the token. The packages are of a small
# archive of our own.
. "${SOURCE:=$PWD}/tests/lib.sh"
. "$SOURCE/tests/lock/lib.sh"
. "$SOURCE/tests/quadlet/lib.sh"
trap 'stop_servers; clean_up' EXIT
export AETHER_CACHE=$WORK/cache # no blob may be there before it is asked for

# recipe NAME <BODY: a container of that archive.
recipe() {
	{
		printf '%s\n' "name: $1" 'kinds: [lxc]' 'distribution:' \
			"  url: $URL/archive" "  suites: [$SUITE]" '  components: [main]' '  key: ../key.asc' \
			"  fingerprints: [$(fingerprint archive)]" 'packages: [podman]'
		cat
	} >"$REPO/recipes/$1.recipe"
}

# one_container NAME IMAGE
one_container() {
	recipe "$1" <<-END
		quadlets:
		  web.container: { embed: true, Container: { Image: "$2" } }
	END
}

start_front() {
	"$SOURCE/tests/quadlet/front" "$REGISTRY" "$WORK/front.port" "$WORK/front.log" "$WORK/front.mode" \
		2>"$WORK/front.errors" &
	SERVERS+=($!)
	until [[ -s $WORK/front.port ]]; do
		sleep 0.1
	done
	FRONT=127.0.0.1:$(cat "$WORK/front.port")
}

small_archive
package podman 1.0
package systemd-repart 1.0
publish
mkdir -p "$REPO/.git" "$REPO/recipes"
cp "$WORK/archive.asc" "$REPO"
mv "$REPO/archive.asc" "$REPO/key.asc"
start_registry
push test/web:1 first
push test/other:1 other
IMAGE=$REGISTRY/test/web:1
recipe tagged <<-END
	quadlets:
	  web.container: { embed: true, Container: { Image: "$IMAGE" } }
	  other.container: { embed: true, Container: { Image: "$REGISTRY/test/other:1" } }
END

ok 'an image is locked' run lock tagged
ok '… by the digest of its manifest' locked tagged "$IMAGE" "$(digest first)"
ok 'the plan has it' run plan tagged
ok '… by its digest' said "container image $IMAGE sha256=$(digest first)"
cp "$REPO/recipes/tagged.lock" "$WORK/before.lock"

push test/web:1 second
push test/other:1 second
ok 'a tag that moved moves nothing' run lock tagged
ok '… at all' cmp "$REPO/recipes/tagged.lock" "$WORK/before.lock"
ok 'one image moves when it is named' run lock --update "$IMAGE" tagged
ok '… and it is said' said "changes from sha256:$(digest first) to sha256:$(digest second)"
ok '… to what the tag has now' locked tagged "$IMAGE" "$(digest second)"
ok '… and no other does' locked tagged "$REGISTRY/test/other:1" "$(digest other)"

one_container pinned "$REGISTRY/test/web:1@sha256:$(digest first)"
ok 'an image can be named by its digest' run lock pinned
ok '… and is locked as that' locked pinned "$REGISTRY/test/web@sha256:$(digest first)" "$(digest first)"
one_container pinned "$REGISTRY/test/web:2"
refused 'a recipe that asks for another image needs another lock' run plan pinned
refused 'a tag that is not there is refused' run lock pinned
ok '… at its place' said "recipes/pinned.recipe:11:3: cannot lock the image of 'web.container': the registry '$REGISTRY'"

start_front
push test/web:1 third
one_container token "$FRONT/test/web:1"
ok 'a registry that wants a token gets one' run lock token
ok '… and the image is locked' locked token "$FRONT/test/web:1" "$(digest third)"
ok '… the token was shown' grep -q 'front with a token /v2/test/web/manifests/1' "$WORK/front.log"
ok '… but not to whom a blob was sent for' grep -q 'store without a token /v2/test/web/blobs/' "$WORK/front.log"
refused '… never' grep -q 'store with a token' "$WORK/front.log"
echo deny >"$WORK/front.mode"
refused 'an image that is not for everybody is refused' run lock --update token
ok '… with what can be done' said "does not allow everybody to read 'test/web'" \
	'for an image that is not public, write in the recipe: registries:'
echo lie >"$WORK/front.mode"
one_container token "$FRONT/test/web@sha256:$(digest second)"
refused 'other bytes than those of the digest are refused' run lock token
ok '… and both digests are said' said "expected $(digest second)"

# A folder of fakes has the image where its registry cannot be reached.
one_container fake registry.invalid/test/web:1
mkdir -p "$WORK/fakes/images/registry.invalid/test"
cp -r "$WORK/first" "$WORK/fakes/images/registry.invalid/test/web:1"
ok 'a fake stands in for an image' run lock --with-fakes "$WORK/fakes" fake
ok '… and is said to be one' said 'NOT RELEASABLE' images/registry.invalid/test/web:1
ok '… also by the plan' run plan --with-fakes "$WORK/fakes" fake
ok '… for what it is' said "container image registry.invalid/test/web:1 sha256=$(digest first) fake"
refused 'without the folder there is no lock' run plan fake
finish
