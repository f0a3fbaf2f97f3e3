#!/bin/bash
# budget: 40
# deadline: 900
# Units in a built tree: what is enabled has its links there, what cannot be is refused at the recipe's line, and what the
# image's own systemd finds wrong is told there, too.
# shellcheck disable=SC2317 # its functions are called by ok and refused
. "${SOURCE:=$PWD}/tests/lib.sh"

RECIPE=$WORK/repository/recipes/units.recipe

# recipe: a container of the base, with the units and networks of stdin.
recipe() {
	printf '%s\n' 'from: ../images/lxc-base.recipe' 'name: units' >"$RECIPE"
	cat >>"$RECIPE"
}

build() {
	"$AETHER" lxc --out "$WORK/out" "$RECIPE" >"$WORK/path" 2>"$WORK/said" || { cat "$WORK/said"; return 1; }
}

# links FOLDER UNIT…: the template has them in etc/systemd/system/FOLDER.
links() {
	local unit
	for unit in "${@:2}"; do
		grep -qxF "./etc/systemd/system/$1/$unit" "$WORK/list" || { echo "'$1/$unit' is missing"; return 1; }
	done
}

copy_recipes "$WORK/repository"
recipe </dev/null
"$AETHER" lock "$RECIPE" || die 'the recipe can be locked'

recipe <<'END'
units:
  systemd-networkd.service: !replace { enable: true }
  tick.service: { Service: { Type: oneshot, ExecStart: /bin/true } }
  tick.timer: { enable: true, Timer: { OnCalendar: hourly } }
  'srv-my\x2ddata.mount': { enable: true, Mount: { What: tmpfs, Where: /srv/my-data, Type: tmpfs } }
  'echo@.service': { Service: { ExecStart: "/bin/sleep infinity" } }
  'echo@one.service': { enable: true, Service: { Nice: 1 } }
  user-.slice: { Slice: { MemoryMax: 1G } }
networks:
  lan: { match: { Name: "en*" }, Route: [{ Gateway: 192.0.2.1 }, { Gateway: 192.0.2.2 }] }
END
ok 'units of all kinds are built' build
tar --quoting-style=literal -tf "$(cat "$WORK/path")" >"$WORK/list"
ok 'a timer without Install is started' links timers.target.wants tick.timer
ok 'so is a mount whose name has an escape' links local-fs.target.wants 'srv-my\x2ddata.mount'
ok '… and its folder is there' grep -qx './srv/my-data/' "$WORK/list"
ok "so is an instance of the recipe's own template" links multi-user.target.wants echo@one.service
ok 'what is said of an instance is a drop-in' links echo@one.service.d 50-recipe.conf
ok '… and so is what is said of many slices' links user-.slice.d 50-recipe.conf

recipe <<'END'
units:
  systemd-networkd.service: !replace { enable: true }
  systemd-tmpfiles-clean.timer: { enable: false }
  serial-getty@.service: { enable: true }
  systemd-hostnamed.service: { enable: true }
  late.timer: { enable: true, Timer: { OnCalendar: hourly } }
END
refused 'what cannot be enabled or disabled is refused' build
ok '… at its line, with what to write' said 'units.recipe:5:43:' "write 'mask: true' instead" 'units.recipe:6:36:' \
	"enable an instance, 'serial-getty@NAME.service'" 'units.recipe:7:40:' "has no section 'Install'" \
	"'late.timer' starts 'late.service', which the image does not have"

recipe <<'END'
units:
  systemd-networkd.service: !replace { enable: true }
  a.service: { Service: { ExecStrat: /bin/true } }
networks:
  lan: { match: { Name: "en*" }, Route: { Gatway: 192.0.2.1 } }
END
refused 'keys that systemd does not know are refused' build
ok '… with the nearest one' said 'units.recipe:5:27:' "did you mean 'ExecStart'?" 'units.recipe:7:43:' "did you mean 'Gateway'?"

recipe <<'END'
units:
  a.service:
    Service:
      Type: onshot
      ExecStart: /usr/bin/slep 1
END
refused 'values that it does not take are refused' build
ok '… at their lines' said 'units.recipe:6:7:' 'Failed to parse Type=onshot' 'units.recipe:7:7:' \
	"did you mean '/usr/bin/sleep'?"
finish
