#!/bin/bash
# budget: 60
# deadline: 900
# Quadlets in a built tree: what podman's own generator finds wrong is told at the line of the key, and names of other units in
# them are asked as those of units are.
# shellcheck disable=SC2317 # its functions are called by ok and refused
. "${SOURCE:=$PWD}/tests/lib.sh"

RECIPE=$WORK/repository/recipes/quadlets.recipe

# recipe: a container of the base with podman, and the quadlets of stdin (its first line is the seventh).
recipe() {
	printf '%s\n' 'from: ../images/lxc-base.recipe' 'name: quadlets' 'packages: [podman, crun, netavark, catatonit]' \
		'state: [/var/lib/containers]' 'quadlets:' \
		'  data.volume: {}' >"$RECIPE"
	cat >>"$RECIPE"
}

build() {
	"$AETHER" lxc --out "$WORK/out" "$RECIPE" >"$WORK/path" 2>"$WORK/said" || { cat "$WORK/said"; return 1; }
}

# at LINE:COLUMN TEXT…: one problem there has them.
at() {
	local line
	line=$(grep -F -A 1 -- "quadlets.recipe:$1:" "$WORK/said") || { echo "nothing is said at $1"; return 1; }
	shift
	for text; do
		grep -qF -- "$text" <<<"$line" || { echo "'$text' is not in: $line"; return 1; }
	done
}

copy_recipes "$WORK/repository"
recipe <<'END_OF_RECIPE'
  web.container: { Container: { Image: "docker.io/library/caddy:2" } }
END_OF_RECIPE
ok 'a recipe with podman can be locked' "$AETHER" lock "$RECIPE"

recipe <<'END_OF_RECIPE'
  web.container: { Container: { Image: "docker.io/library/caddy:2", Volume: "data.volume:/data", Pod: all.pod } }
  all.pod: {}
  lan.network: {}
  named.container: { Container: { Image: "docker.io/library/caddy:2", ServiceName: other } }
  late.container:
    Unit:
      After: [web.service, all-pod.service, lan-network.service, data-volume.service]
      Requires: [other.service, web.service]
      Wants: network-online.target
      PartOf: all-pod.service
    Container: { Image: "docker.io/library/caddy:2", Network: lan.network }
units:
  mine.service: { Unit: { Requires: [other.service, data-volume.service] }, Service: { ExecStart: /bin/true } }
END_OF_RECIPE
ok 'what quadlets name and what podman makes of others is there' build
refused "… and nothing is said of it" grep -F "recipe:" "$WORK/said"

recipe <<'END_OF_RECIPE'
  key.container: { Container: { Image: "docker.io/library/caddy:2", PublshPort: "80:80" } }
  port.container:
    Container: { Image: "docker.io/library/caddy:2", ExposeHostPort: [80, eighty] }
  volume.container:
    Container: { Image: "docker.io/library/caddy:2", Volume: ["/var/x:/x", "dta.volume:/data"] }
  unit.container:
    Unit: { After: dta.volume }
    Container: { Image: "docker.io/library/caddy:2" }
  kill.container: { Container: { Image: "docker.io/library/caddy:2" }, Service: { KillMode: none } }
  two.container:
    Container: { Image: "docker.io/library/caddy:2", Rootfs: /var/x }
  section.volume: { Volume: { Devcie: /dev/sda } }
  names.container:
    Unit:
      After: [key.servce, entirely-elsewhere.service]
      Requires: keys.service
      OnFailure: kye.service
      OnSuccess: key.container
    Container: { Image: "docker.io/library/caddy:2" }
END_OF_RECIPE
refused 'what podman does not take is refused' build
ok '… a key' at 7:69 'quadlets.key.container.Container.PublshPort: podman says:' "unsupported key 'PublshPort'" \
	"did you mean 'PublishPort'?"
ok '… a value' at 9:75 "invalid port format 'eighty'"
ok '… a volume' at 11:76 "dta.volume" "did you mean 'data.volume'?"
ok '… another quadlet' at 13:13 "'dta.volume' is not the name of a unit" "did you mean 'data-volume.service'"
ok '… a value of systemd' at 15:83 "invalid KillMode 'none'"
ok '… two keys' at 17:18 'conflict'
ok '… a key of another section' at 18:31 "unsupported key 'Devcie'" "did you mean 'Device'?"
ok '… units in [Unit]: what is waited for, and looks misspelt, is a warning' at 21:15 warning: "no unit 'key.servce'" \
	"did you mean 'key.service'?"
ok '… so is what is only wanted' at 23:7 warning: "no unit 'kye.service'"
ok '… what is required is an error' at 22:7 "no unit 'keys.service'" "did you mean 'key.service'?"
ok '… a quadlet is no unit' at 24:7 "'key.container' is not the name of a unit" "podman makes the unit 'key.service'"
refused '… and nothing is said of what may be elsewhere' grep -F entirely-elsewhere "$WORK/said"
finish
