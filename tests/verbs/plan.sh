#!/bin/bash
# budget: 40
# deadline: 900
# What `plan` and `why` say of the gateway that was built, and of what is changed after that.
. "${SOURCE:=$PWD}/tests/lib.sh"
need jq
need_image gateway
OUT=$(dirname "$(dirname "$(dirname "$IMAGE")")")
cp -r "$IMAGE_REPO" "$WORK/repository"
RECIPE=$WORK/repository/recipes/gateway.recipe

plan() {
	"$AETHER" plan "$@" "$RECIPE"
}

why() {
	"$AETHER" why --out "$OUT" "$@" "$RECIPE" >"$WORK/why" && cat "$WORK/why"
}

says() {
	grep -qE "$1" "$WORK/why" || { cat "$WORK/why"; return 1; }
}

plan >"$WORK/plan"
plan --json >"$WORK/plan.json"
ok "plan is the same text every time" cmp "$WORK/plan" <(plan)
ok "plan names packages by layer, files, units, ports, state and partitions" \
	bash -c 'for word; do grep -qE "$word" "$0" || { echo "no $word"; exit 1; }; done' "$WORK/plan" \
	'^layer image/base [0-9a-f]{64}$' '^package caddy ' \
	'^file /etc/caddy/Caddyfile sha256=[0-9a-f]{64} mode=0644 owner=root group=root$' \
	'^unit caddy.service enable' \
	'^port 443/tcp$' '^state /var/lib/caddy$' '^partition root-a content=root ' \
	'^placed bios start=1048576 size=1048576$' \
	'^placed root-a start=[0-9]+ size=at-least:[0-9]+$'
ok "plan knows what is cached" grep -qE '^cached image/recipe [0-9]+ packages$' "$WORK/plan"
ok "plan --json says the same" jq -e '
	(.ports.tcp | contains(["80", "443"])) and (.state | contains(["/var/lib/caddy"])) and .cached."image/base"
	and any(.files[]; .path == "/etc/caddy/Caddyfile") and any(.units[]; .name == "caddy.service" and .enable)
	and any(.image.layers[2].packages[]; .name == "caddy") and .placed[0].start == 1048576' "$WORK/plan.json"

why
ok "why finds nothing changed after a build" says '^nothing has changed since generation 1$'
echo "# changed" >>"$WORK/repository/recipes/files/gateway/Caddyfile"
sed -i 's/RestartSec: 5s/RestartSec: 6s/' "$RECIPE"
why
ok "why names a changed file and the recipe's line" \
	says '^image: file /etc/caddy/Caddyfile: [0-9a-f]+ -> [0-9a-f]+ \(.*gateway\.recipe:[0-9]+\)$'
ok "why names a changed unit and the recipe's line" says '^image: unit caddy\.service: changed \(.*gateway\.recipe:[0-9]+\)$'
ok "why blames no packages for it" bash -c '! grep -q "package" "$1"' - "$WORK/why"
sed -i 's/^packages: \[/&tree, /' "$RECIPE"
refused "why refuses a recipe that has drifted from its lock" why
"$AETHER" lock "$RECIPE" >/dev/null
why --json
ok "why names the new package and its layer" \
	jq -e 'any(.[]; .layer == "image/recipe" and .name == "tree" and .before == null)' "$WORK/why"
ok "why knows a recipe that was never built" bash -c '"$1" why --out "$2" "$3" | grep -q "was never built"' - \
	"$AETHER" "$WORK/nowhere" "$RECIPE"
finish
