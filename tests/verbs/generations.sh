#!/bin/bash
# budget: 40
# What `list`, `show`, `diff` and `gc` say of the small machine, built twice.
# deadline: 1200
. "${SOURCE:=$PWD}/tests/lib.sh"
. "$SOURCE/tests/fault/lib.sh"
need_small

OUT=$WORK/out CACHE=$WORK/cache
cp -r "$(dirname "$(dirname "$SMALL")")" "$WORK/repo"
mkdir -p "$OUT/small" && cp -a "$(dirname "$SMALL_IMAGE")" "$OUT/small/1"
rm "$OUT/small/1/record.json" # as if it were older than records
small_cache "$CACHE" blobs debs layers
SMALL=$WORK/repo/recipes/small.recipe

# run VERB [ARGUMENT…]: what it said is in $WORK/said, its result in $WORK/result.
run() {
	"$AETHER" "$1" --out "$OUT" "${@:2}" >"$WORK/result" 2>"$WORK/said" || { cat "$WORK/said"; return 1; }
	cat "$WORK/result"
}

# refuses TEXT VERB [ARGUMENT…]: it fails, and says so.
refuses() {
	! run "${@:2}" && said "$1"
}

# has TEXT…: the result has a line like each of them.
has() {
	local text
	for text; do
		grep -qE -- "$text" "$WORK/result" || { echo "no line '$text'"; return 1; }
	done
}

hasnt() {
	! grep -E -- "$1" "$WORK/result"
}

# judged N VERDICT HOST WHEN [REASON]: as if it had been deployed there.
judged() {
	local record=$OUT/small/$1/record.json
	jq --arg verdict "$2" --arg host "$3" --argjson when "$4" --arg reason "${5:-}" \
		'.deployments += [{host: $host, when: $when, verdict: $verdict, reason: $reason}]' "$record" >"$WORK/record" &&
		cp "$WORK/record" "$record"
}

# --- the second generation --------------------------------------------------------------------------------------------
sed -i 's/small\\n/other\\n/; s/"0640"/"0600"/; s/iputils-ping, /iputils-ping, nftables, tree, /
	s/groups: \[adm\]/groups: [adm, audio]/
	s#ExecStart: /bin/true#ExecStart: /bin/false#' "$SMALL"
cat >>"$SMALL" <<'EOF'
firewall: { tcp: [80, "8000-8010"], udp: [53] }
sysctl: { vm.swappiness: 10 }
tmpfiles:
  /run/small: { type: d, mode: "0750", user: anna }
  "/var/cache/a b": { type: d, group: nobodyy, age: 1d }
health: [{ unit: nothing.service, timeout: 5s }]
EOF
ok 'the changed recipe is locked' "$AETHER" lock --cache "$CACHE" "$SMALL"
refused 'a group in tmpfiles that the image does not have is refused' vm "$CACHE" "$OUT"
ok '… by systemd-tmpfiles, at its line' \
	said "small.recipe:$(grep -n nobodyy "$SMALL" | cut -d: -f1):3: tmpfiles./var/cache/a b: "
ok '… with its words' said "Failed to resolve group 'nobodyy'" "declare it in 'users'"
sed -i 's/nobodyy/nogroup/' "$SMALL"
started=$(date +%s)
ok '… and built' vm "$CACHE" "$OUT"
ok '… as generation 2' test "$(tail -n 1 "$WORK/path")" = "$OUT/small/2/small.qcow2"
record=$OUT/small/2/record.json
ok 'it has a record of what it replaced and when it was made' \
	jq -e --argjson started "$started" '.record == 1 and .replaced == 1 and .made >= $started and .deployments == []' \
	"$record"
ok 'the manifest knows neither' jq -e 'has("replaced") or has("made") | not' "$OUT/small/2/manifest.json"
before=$(cat "$record")
ok 'building the same again makes no generation' vm "$CACHE" "$OUT"
ok '… and leaves the record alone' test "$(cat "$record")" = "$before"
ok 'there are two generations' test "$(cd "$OUT/small" && echo *)" = '1 2'

# --- list, show -------------------------------------------------------------------------------------------------------
ok 'list works' run list
ok '… and has a line for each' has '^GENERATION +MADE +SIZE +VERDICT' '^small/1 +unknown +.*MiB +untried$' \
	"^small/2 +$(date +%Y)-[0-9-]+ [0-9:]+ +.*MiB +untried$"
judged 2 good gw.example 1700000000
judged 2 bad $'evil\e[2Jhost' 1700000100 $'caddy.service\nfailed'
ok 'list says where a generation was deployed' run list small
ok '… and what became of it there' has '^small/2 .* bad +gw.example \(good\), evil \[2Jhost \(bad\)$'
ok 'list --json says the same' run list --json recipes/small.recipe
cp "$SMALL" "$WORK/repo/recipes/box.recipe"
for verb in show list diff; do
	ok "$verb takes a recipe for the machine that it names" run $verb "$WORK/repo/recipes/box.recipe"
done
ok 'gc does, too' run gc --keep 2 --dry-run "$WORK/repo/recipes/box.recipe"
ok 'what run cannot find is said in the words of show' refuses "generations: small/1, small/2" run small/9
ok '… and so is a name' refuses "contains: small" run smal
ok 'a verb that wants a recipe says so' refuses "expected the path of a recipe" why small/1
ok 'list --json says the same' run list --json recipes/small.recipe
ok '… and more' jq -e --arg image "$OUT/small/2/small.qcow2" 'length == 2 and .[0].number == 1 and .[1].verdict == "bad"
	and .[1].image == $image and .[1].replaced == 1 and .[1].deployments[0].host == "gw.example"' "$WORK/result"
ok 'list of an empty folder is empty' bash -c '[[ $("$1" list --out "$2") == "" && $("$1" list --json --out "$2") == "[]" ]]' \
	- "$AETHER" "$WORK/nowhere"
ok 'list names what there is instead of what is not' refuses 'contains: small' list other
ok 'show works' run show small
sha256=$(sha256sum <"$OUT/small/2/manifest.json")
ok '… and says everything' has '^generation +small/2$' '^verdict +bad$' '^replaced +small/1$' "^manifest +${sha256%% *}$" \
	"^root hash +$(jq -r .root_hash "$OUT/small/2/manifest.json")$" '^kernel +[0-9.]+' '^key +[0-9a-f]{64}$' \
	'^ +20[0-9-]+ [0-9:]+  evil \[2Jhost, bad: caddy.service failed$' '^ +root-a +512.0 MiB +root$' '^packages +[0-9]+$'
ok 'show --json of an image by its path' run show --json "$OUT/small/1/small.qcow2"
ok '… is of that one' jq -e '.number == 1 and .made == 0 and (.partitions | length > 3) and .releasable' "$WORK/result"
ok 'show refuses a number that is none' refuses 'generations: small/1, small/2' show small/3
ok 'show refuses a path that leads out' refuses 'does not exist' show ../small/../../etc
chmod 644 "$OUT/small/1/manifest.json"
jq '.releasable = false | .fakes = [{name: "downloads/x"}]' "$OUT/small/1/manifest.json" >"$WORK/manifest"
cp -a "$OUT/small/1/manifest.json" "$WORK/true-manifest"
cp "$WORK/manifest" "$OUT/small/1/manifest.json"
ok 'show says that what has fakes is not releasable' run show small/1
ok '… and which' has '^verdict +untried, not releasable$' '^fakes +downloads/x$'
cp "$WORK/true-manifest" "$OUT/small/1/manifest.json"

# --- diff -------------------------------------------------------------------------------------------------------------
ok 'diff works' run diff small/1 small/2
ok '… and says what differs' has '^small/1 -> small/2$' '^Packages: [0-9]+ added$' '^  \+ tree: [0-9.]+' '^  \+ nftables: ' \
	'^  ~ /etc/motd: content, mode 0640 -> 0600$' '^  ~ nothing.service$' '^      - *ExecStart=/bin/true$' \
	'^      \+ *ExecStart=/bin/false$' '^       \[Service\]$' '^  ~ anna: groups adm -> adm audio$' '^  \+ 80/tcp$' \
	'^  \+ 8000-8010/tcp$' '^  \+ 53/udp$' \
	'^  \+ /etc/sysctl.d/99-zz-recipe.conf' '^  \+ /usr/lib/tmpfiles.d/50-recipe.conf' \
	'^  \+ unit nothing.service$' '^  packages +[0-9]+ -> [0-9]+ \(\+[0-9]+\)$' \
	'^  image +.* -> .*MiB'
ok '… and nothing of tools, layers and digests' hasnt 'tools|layer|[0-9a-f]{12}'
cp "$WORK/result" "$WORK/diff"
ok 'diff of one is the difference from what it replaced' run diff small
ok '… the same' cmp "$WORK/diff" "$WORK/result"
ok 'diff --json works' run diff --json small
ok '… and says the same' jq -e '.before.number == 1 and .after.number == 2
	and any(.changes[]; .what == "package" and .name == "tree" and .change == "added" and .before == null)
	and any(.changes[]; .what == "port" and .name == "53/udp" and .change == "added")
	and any(.changes[]; .what == "user" and .name == "anna"
		and .fields[0] == {name: "groups", before: "adm", after: "adm audio"})
	and (.after.packages > .before.packages)' "$WORK/result"
ok 'diff --markdown works' run diff --markdown small
ok '… and is for a merge request' has '^### `small/1` → `small/2`$' '^\| package \| before \| after \|$' \
	'^\| `tree` \|  \| `[0-9.]+' \
	'^- changed `/etc/motd`: `content, mode 0640 → 0600`$' '^- added `80/tcp`$' \
	'^  ```diff$' '^  \+ExecStart=/bin/false$' \
	'^\| image \| .*MiB'
ok 'diff the other way round' run diff small/2 small/1
ok '… says what is gone' has '^  - tree: ' '^  - 80/tcp$' '^  ~ anna: groups adm audio -> adm$'
ok 'diff of one and itself' run diff small/2 small/2
ok '… is none' has '^The plans do not differ.$'
ok 'diff of the first has nothing to be compared with' refuses 'no earlier generation' diff small/1
ok 'diff gives one answer' refuses 'cannot be used together' diff --json --markdown small
rm "$OUT/small/1/plan.json"
ok 'diff needs the plans' refuses 'has no plan' diff small

# --- gc ---------------------------------------------------------------------------------------------------------------
cp -a "$OUT/small/2" "$OUT/small/3"
cp -a "$OUT/small/2" "$OUT/small/4"
sed -i 's/"host": "gw.example"/"host": "other.example"/; s/evil/good/' "$OUT/small/4/record.json"
ok 'gc wants to know how many stay' refuses 'number of generations' gc
for keep in -1 x '' 1x 99999999999; do
	ok "gc refuses to keep '$keep'" refuses 'not a valid number' gc "--keep=$keep"
done
ok 'gc --dry-run works' run gc --keep 1 --dry-run
ok '… and says what would go' has '^small/1 would go \(.*MiB\)$' '^small/2 would go ' \
	'^small/3 stays: in use on gw.example$' '^2 generations would go, .*MiB would be freed$'
ok '… and removes nothing' test "$(cd "$OUT/small" && echo *)" = '1 2 3 4'
ok 'gc --json works' run gc --json --keep 1 small
ok '… and says what went and what stays' jq -e '[.removed[].number] == [1, 2] and [.stays[].number] == [3, 4]
	and .bytes > 1000000 and (.dry_run | not)' "$WORK/result"
ok '… and that is gone' test "$(cd "$OUT/small" && echo .[!.]* *)" = '.lock 3 4'
ok 'what stays is whole' all_whole "$OUT"
ok 'gc again has nothing to do' run gc --keep 1 small
ok '… and says so' has '^0 generations removed, 0'
finish
