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

# has PATH…: the template has them below etc/systemd.
has() {
	local path
	for path; do
		grep -qxF "./etc/systemd/$path" "$WORK/list" || { echo "'$path' is missing"; return 1; }
	done
}

# links FOLDER UNIT…: the template has them in etc/systemd/system/FOLDER.
links() {
	local folder=$1
	shift
	has "${@/#/system/$folder/}"
}

# links_lead PATH…: symbolic links of the template below etc/systemd are to what it has.
links_lead() {
	local path target
	for path; do
		target=$(tar --quoting-style=literal -tvf "$(cat "$WORK/path")" "./etc/systemd/$path" | sed 's/.* -> //')
		[[ $target == ../* ]] && has "$(realpath -sm --relative-to=/ "/${path%/*}/$target")" ||
			{ echo "'$path' leads to '$target'"; return 1; }
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
users: { anna: { uid: 1234, linger: true }, berta: { uid: 1235 } }
units:
  mine.service: { user: anna, enable: true, Service: { ExecStart: /bin/sleep infinity } }
  mine.timer: { user: anna, enable: true, Timer: { OnCalendar: hourly, Unit: mine.service } }
  'many@.service': { user: anna, Service: { ExecStart: "/bin/sleep %i" } }
  'many@1.service': { user: anna, enable: true, Service: { Nice: 1 } }
  ssh-agent.socket: { user: anna, enable: true }
  ssh-agent.service: { user: anna, Service: { Nice: 2 } }
  systemd-tmpfiles-clean.timer: { user: anna, mask: true }
  hers.service: { user: berta, enable: true, Unit: { After: network-online.target }, Service: { ExecStart: /bin/true } }
health: [{ unit: mine.service, user: anna }]
END
ok 'units of users are built' build
tar --quoting-style=literal -tf "$(cat "$WORK/path")" >"$WORK/list"
ok "… the user's folder has them" has users/1234/mine.service users/1234/many@.service users/1235/hers.service
ok '… what is enabled is started with the user' has users/1234/default.target.wants/{mine,many@1}.service \
	users/1234/timers.target.wants/mine.timer users/1234/sockets.target.wants/ssh-agent.socket \
	users/1235/default.target.wants/hers.service
ok "… what is said of a package's is a drop-in" has users/1234/ssh-agent.service.d/50-recipe.conf \
	users/1234/many@1.service.d/50-recipe.conf
ok '… a mask is one' has users/1234/systemd-tmpfiles-clean.timer
refused '… of nobody else' grep -E '^\./etc/systemd/(user|system)/.*(mine|many|hers|50-recipe)' "$WORK/list"
refused '… and nothing is left of the enabling' grep -F user-preset/00-recipe "$WORK/list"
ok '… links lead to their units' links_lead users/1234/default.target.wants/mine.service \
	users/1234/default.target.wants/many@1.service users/1235/default.target.wants/hers.service
ok '… who does not linger is told' said 'units.recipe:12:25:' "'hers.service' does not start before 'berta' logs in"
ok "… and that a user's systemd has no units of the system" said "'network-online.target' is a unit of the system"

recipe <<'END'
users: { anna: { uid: 1234, linger: true } }
units:
  a.service: { user: anna, Service: { Type: onshot, ExecStart: /bin/true } }
  b.service: { user: anna, Unit: { Requires: systemd-networkd.service }, Service: { ExecStart: /usr/bin/slep 1 } }
  systemd-logind.service: { user: anna, enable: true }
  systemd-exit.service: { user: anna, enable: true }
END
refused 'units of users that are wrong are refused' build
ok '… those that no user has' said 'units.recipe:7:3:' "it is a unit of the system, not of users: leave 'user' out"

recipe <<'END'
users: { anna: { uid: 1234, linger: true } }
units:
  a.service: { user: anna, Service: { Type: onshot, ExecStart: /bin/true } }
  b.service: { user: anna, Unit: { Requires: systemd-networkd.service }, Service: { ExecStart: /bin/true } }
  systemd-exit.service: { user: anna, enable: true }
END
refused 'what they name and cannot be is refused' build
ok '… at its line' said 'units.recipe:6:36:' "'systemd-networkd.service' is a unit of the system, not of the user 'anna'" \
	'units.recipe:7:47:' "for a service default.target"

recipe <<'END'
users: { anna: { uid: 1234, linger: true } }
units:
  a.service: { user: anna, Service: { Type: onshot, ExecStart: /usr/bin/slep 1 } }
END
refused 'values that systemd does not take there are refused' build
ok '… at their lines' said 'units.recipe:5:39:' 'Failed to parse Type=onshot' 'units.recipe:5:53:' \
	"did you mean '/usr/bin/sleep'?"

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

# Settings for a unit whose name is misspelt are no unit.
recipe <<'END'
units:
  SSH.service: { Service: { Restart: always } }
  systemd-jounald.socket: { Socket: { Backlog: 5 } }
  nobodys.timer: { Timer: { Persistent: true } }
  whole.service: { Service: { Type: oneshot, ExecStart: /bin/true } }
END
refused 'settings for units that nobody has are refused' build
ok '… with the nearest ones' said 'units.recipe:4:3:' "the unit 'SSH.service', and the recipe does not define all of it" \
	"did you mean 'ssh.service'?" 'units.recipe:5:3:' "did you mean 'systemd-journald.socket'?" 'units.recipe:6:3:'
refused '… and what is a whole unit is not' said 'whole.service'
finish
