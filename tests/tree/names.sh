#!/bin/bash
# budget: 20
# deadline: 600
# Names that the image does not have are told when its tree is made, all of one recipe at once and each at its line; and what a
# hook says is shown, whether it succeeds or not. Nothing here gets as far as a disk.
. "${SOURCE:=$PWD}/tests/lib.sh"
. "$SOURCE/tests/fault/lib.sh"
need_small

CACHE=$WORK/cache RECIPE=$WORK/repo/recipes/small.recipe
small_cache "$CACHE" blobs debs layers
copy_recipes "$WORK/repo"
write_small "$WORK/repo"
cp "$SMALL" "${SMALL%recipe}lock" "$WORK/repo/recipes/"
cp "$RECIPE" "$WORK/plain.recipe"

# recipe: the small machine without its files and hooks, with the words on stdin.
recipe() {
	{ grep -Ev '^(hooks|files):' "$WORK/plain.recipe"; cat; } >"$RECIPE"
}

build() {
	"$AETHER" vm --cache "$CACHE" --out "$WORK/out" "$@" "$RECIPE" >"$WORK/said" 2>&1
}

# at LINE-TEXT WORD…: the error whose place is the line of the recipe with that text, and what it says.
at() {
	local line
	line=$(grep -nF -- "$1" "$RECIPE" | head -n 1 | cut -d: -f1)
	grep -F -- "small.recipe:$line:" "$WORK/said" | grep -qF -- "$2" || {
		echo "not at line $line: $2"
		cat "$WORK/said"
		return 1
	}
}

recipe <<-'END'
	modulesLoad: [wiregaurd, erofs, tun]
	files:
	  /etc/motd: { text: x, owner: ana }
	  /usr/local/bin/check: { text: "#!/usr/bin/python3\n", mode: "0755" }
	  /usr/local/bin/plain: { text: "#!/bin/sh\n" }
	health:
	  - unit: nohting.service
	  - unit: systemd-jounald.service
	  - unit: getty@tty1.service
	  - unit: var.mount
	  - command: [/usr/bin/pnig, -c1, localhost]
	  - command: [/bin/ping, -c1, localhost]
	  - command: [/usr/local/bin/check]
	  - command: [/usr/local/bin/plain]
	  - command: [/run/made-later]
	tests:
	  - { command: [/usr/bin/nosuch-program] }
END
refused 'a recipe with many names that the image does not have is refused' build
ok '… a module' at modulesLoad "has no module 'wiregaurd'"
ok '… an owner' at /etc/motd "has no user 'ana'"
ok '… a unit of the recipe' at nohting "has no unit 'nohting.service'"
ok '… a unit of a package' at jounald "has no unit 'systemd-jounald.service'"
ok '… a program' at pnig "has no program '/usr/bin/pnig'"
ok '… a script without its interpreter' at '[/usr/local/bin/check]' "is a script for '/usr/bin/python3'"
ok '… a file without the right to be executed' at '[/usr/local/bin/plain]' 'is not executable'
ok '… a program of a test' at nosuch-program "has no program '/usr/bin/nosuch-program'"
ok '… with the nearest names' said "did you mean 'wireguard'?" "did you mean 'anna'?" "did you mean 'nothing.service'?" \
	"did you mean 'systemd-journald.service'?" "did you mean '/usr/bin/ping'?"
ok '… and nothing else' test "$(grep -c 'small.recipe:[0-9]' "$WORK/said")" = 8

recipe <<-'END'
	hooks:
	  configure:
	    - [/bin/sh, -c, "seq -f 'line %g of the first' 1 20; echo aloud >&2"]
	    - [/bin/sh, -c, "echo of the second; exit 3"]
END
refused 'a hook that fails is refused' build
ok '… with its line, status and output' at 'exit 3' "hooks.configure: the hook '/bin/sh' failed with exit status 3; its output:"
ok '… what it said' said '| of the second'
ok '… and the last lines of one that succeeded' said '| line 20 of the first' '| aloud'
refused '… but not all of them' said '| line 2 of the first'
refused 'with --verbose the same is refused' build --verbose
ok '… and all is shown' said '| line 1 of the first' '| line 2 of the first' '| aloud'

recipe <<-'END'
	health: [{ unit: nohting.service }]
	hooks: { configure: [[/usr/bin/touhc, /etc/a]] }
END
refused 'a hook whose program is missing is refused' build
ok '… with the nearest' at touhc "has no program '/usr/bin/touhc'"
ok '… and so is what else is misspelt' at nohting "has no unit 'nohting.service'"

# Tables of mounts: the root cannot be written, and a machine waits for its disks.
recipe <<-'END'
	files:
	  /etc/fstab:
	    text: "a:/v /mnt/nas nfs _netdev 0 0\n/dev/vdb1 /srv/my\\040data ext4 nofail\n/dev/vdc1 /srv/b ext4\n"
	hooks: { configure: [[/bin/sh, -c, "ls -d /mnt/nas '/srv/my data' /srv/b; exit 1"]] }
END
refused 'a tree with an fstab is made, and looked at' build
ok '… it has the folders to mount on' said ' /mnt/nas' ' /srv/my data' ' /srv/b'
ok '… a disk that the machine would wait for is warned of' at /etc/fstab "without '/dev/vdc1'"
refused '… and one that it can go without is not' said '/dev/vdb1'
recipe <<-'END'
	files:
	  /etc/fstab: { text: "/dev/vdb1\n/dev/vdc1 /srv/b\n" }
END
refused 'an fstab with words missing is refused' build
ok '… what is missing is told' said "'/dev/vdb1' of '/etc/fstab' has no mount point" "'/dev/vdc1' of '/etc/fstab' has no type"
finish
