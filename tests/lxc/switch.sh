#!/bin/bash
# budget: 170
# deadline: 900
# A container takes its next generations in place, judges them and goes back by itself, through everything that can go wrong on
# the way: under LXC with ids of its own and a hypervisor that writes into its root before each start as Proxmox does, and under
# systemd-nspawn.
# shellcheck disable=SC2317 # its functions are called by ok
. "${SOURCE:=$PWD}/tests/lib.sh"
. "$SOURCE/tests/lxc/lib.sh"
. "$SOURCE/tests/fleet.sh"
need mkfs.ext4 python3

REPOSITORY=$WORK/repository
RECIPE=$REPOSITORY/recipes/box.recipe
UNPRIVILEGED=(lxc-usernsexec -m b:0:100000:65536 --)

# --- generations -----------------------------------------------------------------------------------------------------

# generation NUMBER TEXT [SED…]: builds the next one, with TEXT in /etc/generation.
generation() {
	local number=$1 text=$2
	shift 2
	sed -e "s/^\(  .etc.generation.*\)one/\1$text/" "$@" "$SOURCE/tests/lxc/box.recipe" >"$RECIPE"
	[[ $("$AETHER" lxc --out "$WORK/out" "$RECIPE" 2>>"$WORK/built") == */box/$number/box.tar.zst ]]
}

build() {
	copy_recipes "$REPOSITORY" && cp "$SOURCE/tests/lxc/box.recipe" "$RECIPE" && "$AETHER" lock "$RECIPE" || return
	head -c 12000000 /dev/urandom | base64 >"$REPOSITORY/recipes/noise"
	generation 1 one && generation 2 two -e 's/localhost one/localhost two/' &&
		generation 3 sick -e '/^files:/a\  /etc/sick: { text: "yes" }' &&
		generation 4 four -e 's/^\(  .usr.share.box.large: \).*/\1{ source: noise }/'
}

# list GENERATION: its list of files.
list() {
	echo "$WORK/out/box/$1/box.tree"
}

# missing FROM TO: bytes of TO's files whose content FROM does not have, each once, and of TO's list.
missing() {
	awk -F '\t' 'NR == FNR { if ($1 == "f") have[$7] = 1; next }
		$1 == "f" && !have[$7]++ { bytes += $6 } END { print bytes + 0 }' \
		"$(list "$1")" "$(list "$2")" | awk -v list="$(stat -c %s "$(list "$2")")" '{ print $1 + list }'
}

# sent_about BYTES: so much, and the little files that the hypervisor has changed in what runs.
sent_about() {
	echo ".sent >= $1 and .sent < $1 + 4096"
}

# --- a hypervisor ----------------------------------------------------------------------------------------------------

# hypervisor NAME ADDRESS: what Proxmox does to the root before each start (PVE::LXC::Setup), as a hook of LXC's.
hypervisor() {
	local root=$WORK/$1/root
	cat >"$WORK/$1/hook" <<-END
		#!/bin/bash
		echo start >>$WORK/$1/starts
		put() { cat >"$root/\$1.new"; chown --reference=$root/etc "$root/\$1.new"; mv "$root/\$1.new" "$root/\$1"; }
		echo $1 | put etc/hostname
		printf '127.0.0.1 localhost\n$2 $1 by-hypervisor\n' | put etc/hosts
		printf '# start %s\nnameserver $GATEWAY\n' "\$(wc -l <$WORK/$1/starts)" | put etc/resolv.conf
		printf '%s\n' 'auto lo' 'iface lo inet loopback' 'auto eth0' 'iface eth0 inet static' ' address $2/24' \
			' gateway $GATEWAY' | put etc/network/interfaces
		rm -f $root/etc/localtime
		ln -s /usr/share/zoneinfo/Europe/Zurich $root/etc/localtime
		chown -h --reference=$root/etc $root/etc/localtime
	END
	chmod +x "$WORK/$1/hook"
	echo "$2" >"$WORK/$1/address"
	rm -f "$root/etc/machine-id"
}

# power_on: the container on trial, or whatever it starts.
power_on() {
	hang_up mapped
	start_lxc mapped 'lxc.idmap = u 0 100000 65536' 'lxc.idmap = g 0 100000 65536' \
		"lxc.hook.pre-start = $WORK/mapped/hook" 'lxc.net.0.hwaddr = 02:00:00:00:00:02'
}

# becomes NAME FILTER: sooner or later.
becomes() {
	local until=$((SECONDS + BOOT_SECONDS))
	until hang_up "$1" && is "$1" "$2" >"$WORK/$1/seen" 2>&1; do
		[[ $SECONDS -lt $until ]] || { cat "$WORK/$1/seen"; tail -n 30 "$WORK/$1/console"; return 1; }
		sleep 0.3
	done
}

# restart NAME: as an administrator does; it is back when another start is.
restart() {
	local before
	before=$(in_guest "$1" aether-agent status --json | jq .boot_id) || return
	in_guest "$1" systemctl reboot
	becomes "$1" ".boot_id != $before"
}

# until_books LINE: the init has written that.
until_books() {
	local until=$((SECONDS + 30))
	until grep -qx "$1" "$WORK/mapped/root/aether/books"; do
		[[ $SECONDS -lt $until ]] || return
		sleep 0.02
	done
}

# --- what is held ----------------------------------------------------------------------------------------------------

result() {
	jq -e "$2" "$WORK/$1/result" >/dev/null || { cat "$WORK/$1/result" "$WORK/$1/said"; return 1; }
}

# has NAME TEXT: the generation that runs says that.
has() {
	[[ $(in_guest "$1" cat /etc/generation) == "$2" ]]
}

# What the hypervisor wrote is in force in the tree, and what it did not write is the tree's.
is_settled() {
	in_guest mapped '[ "$(hostname)" = mapped ] && grep -q by-hypervisor /etc/hosts &&
		grep -q "^# start '"$1"'" /etc/resolv.conf && grep -q "address 10.77.0.2/24" /etc/network/interfaces &&
		[ "$(readlink /etc/localtime)" = /usr/share/zoneinfo/Europe/Zurich ]'
}

keeps_state() {
	[[ $(in_guest mapped 'cat /var/lib/box/mine /var/lib/aether/mine') == $'folder\nmount point' ]]
}

# Nothing of the old root is left over it, and the books are there.
is_tidy() {
	in_guest mapped '[ -f /aether/books ] && [ "$(findmnt -n -o FSROOT /)" != / ] &&
		! findmnt -n -o TARGET | grep -q "/aether/[ab]" &&
		[ "$(findmnt -n -o TARGET | sort | uniq -d)" = "" ] && mountpoint -q /var/lib/aether && mountpoint -q /proc'
}

has_nothing_of_it() {
	! in_guest mapped test -e /aether/books
}

# cut BYTES GENERATION: a switch whose connection ends when so much was sent.
cut_off() {
	! aether mapped switch "box/$2" --force --ssh-option "ProxyCommand=$SOURCE/tests/lxc/narrow %h %p $1"
}

if [[ -z ${INSIDE:-} ]]; then
	[[ $(id -u) == 0 ]] || skip "needs root: containers are started as their hypervisor does"
	build || { cat "$WORK/built"; die "the generations can be built"; }
	enter
fi
set_up
make_certificates "$REPOSITORY/keys/ssh-user-ca"

# A root of its own size, so that it can be full.
mkdir -p "$WORK/mapped/root" && truncate -s 1500M "$WORK/mapped/disk" && mkfs.ext4 -q "$WORK/mapped/disk" &&
	mount -o loop "$WORK/mapped/disk" "$WORK/mapped/root" && rmdir "$WORK/mapped/root/lost+found"
unpack mapped "$WORK/out/box/1/box.tar.zst" "${UNPRIVILEGED[@]}"
hypervisor mapped 10.77.0.2
mount_points mapped /var/lib/aether
power_on
unpack nspawn "$WORK/out/box/1/box.tar.zst" && settle nspawn 10.77.0.4 host0
start_nspawn nspawn /sbin/init
ok "a certificate logs in" wait_for_ssh mapped
write_config mapped accept-new
ok "the first generation is the root, in slot a" becomes mapped "$(good_in a)"
in_guest mapped 'echo folder >/var/lib/box/mine; echo "mount point" >/var/lib/aether/mine'
id=$(in_guest mapped cat /etc/machine-id)

ok "a dry run says what would be sent" why mapped aether mapped switch box/2 --dry-run --json
ok "… that is what the machine does not have" result mapped "$(sent_about "$(missing 1 2)") and .dry_run"
ok "… and changes nothing" has_nothing_of_it

ok "the next generation comes, and is good" why mapped aether mapped switch box/2 --json
ok "… what was sent is what it did not have" result mapped "$(sent_about "$(missing 1 2)") and .verdict == \"good\""
ok "… it runs" has mapped two
ok "… as slot b" is mapped "$(good_in b)"
ok "… all of it" is_running mapped
ok "… with what the hypervisor wrote" is_settled 2
ok "… with its state" keeps_state
ok "… with its identity" [ -n "$id" -a "$id" = "$(in_guest mapped cat /etc/machine-id)" ]
ok "… and nothing of the root over it" is_tidy
ok "… and who comes from the hypervisor is in it" bash -c \
	'[[ $(lxc-attach -n mapped -P "$1" -- cat /etc/generation) == two ]]' - "$WORK"
ok "our list knows it by its number" bash -c '"$1" status --host mapped --ssh-config "$2/mapped/ssh-config" --out "$2/out" |
	grep -q "^\* slot b  good   box/2"' - "$AETHER" "$WORK"

before=${EPOCHREALTIME//[.,]/}
ok "it restarts" restart mapped
echo "a restart took $(((${EPOCHREALTIME//[.,]/} - before) / 1000)) ms"
ok "… and the hypervisor writes anew" is_settled 3

ok "the way back by hand" why mapped aether mapped rollback
ok "… is the root again" has mapped one
ok "… with its state" keeps_state
refused "what was given up is not taken again" aether mapped switch box/2
ok "… which is said" answers mapped 'rolled back by hand'
ok "… but with --force" why mapped aether mapped switch box/2 --force --json
ok "… and what is there is not sent again" result mapped ".sent < $(missing 1 2) + 100000 and .in_place > 100000000"

refused "a generation that is sick goes back by itself" aether mapped switch box/3
ok "… which is said" answers mapped 'command /usr/bin/test'
ok "… to what ran" becomes mapped "$(good_in b)"
ok "… it is bad" is mapped "$(slot a '.state == "bad"')"
refused "… and is not sent again" aether mapped switch box/3

ok "a tree that was changed before it ran" why mapped aether mapped switch box/4 --no-reboot
in_guest mapped 'echo >>/aether/a/tree/usr/bin/true'
restart mapped
ok "… is not started" becomes mapped "$(good_in b)"
ok "… and it is said why" is mapped '.last_failure.reason | test("it was changed after it was taken: /usr/bin/true")'

UNSTARTABLE='.state == "empty" or .state == "bad"'
for bytes in 200000 3000000 12000000; do
	in_guest mapped rm -f /aether/a/tree/usr/share/box/large
	ok "a connection that is cut off after $bytes bytes" cut_off "$bytes" 4
	ok "… leaves what runs, and nothing else that could start" becomes mapped "$(good_in b) and ($(slot a "$UNSTARTABLE"))"
	stop mapped
	power_on
	ok "… nor does it when the container is killed" becomes mapped "$(good_in b) and ($(slot a "$UNSTARTABLE"))"
done

in_guest mapped 'fallocate -l $(($(stat -f -c "%a * %S" /) - 20000000)) /var/full'
refused "where there is no room nothing is taken" aether mapped switch box/4 --force
ok "… which is said" answers mapped 'make its root file system larger'
in_guest mapped rm /var/full

in_guest mapped 'sleep 6 | aether-agent take >/dev/null 2>&1' &
sleep 1
refused "of two switches at once one is refused" aether mapped switch box/4 --force
ok "… which is said" answers mapped 'another aether-agent is changing the slots'
wait $!

ok "an interrupted one goes on" why mapped aether mapped switch box/4 --force --no-reboot --json
ok "… with what came" result mapped ".sent < $(missing 2 4)"
for tries in 2 1 0; do
	stop mapped
	power_on
	ok "it is started with $tries tries left, and killed" until_books "tries=$tries"
done
stop mapped
power_on
ok "a trial that was started three times in vain is over" becomes mapped "$(good_in b) and ($(slot a '.state == "bad"'))"
ok "… and it is said why" is mapped '.last_failure.reason | test("started 3 times")'

ok "once more" why mapped aether mapped switch box/4 --force --no-reboot
for delay in 0 0.02 0.05 0.1 0.2; do
	stop mapped
	power_on
	sleep "$delay"
done
stop mapped
power_on
ok "wherever its start is killed, it starts" becomes mapped '.state == "good" and .health == "good" and .remarks == []'

slot=$(in_guest mapped aether-agent status --json | jq -r .slot)
stop mapped
(cd "$WORK/mapped/root/aether/$slot/tree/var/lib" && rm -r box && ln -s /tmp box)
power_on
ok "a tree that cannot be mounted is left, and another one starts" becomes mapped ".slot != \"$slot\" and .health == \"good\""
ok "… and it is said why" is mapped ".remarks | any(test(\"slot $slot was not started: cannot mount /var/lib/box\"))"
ok "… with nothing left of the attempt" is_running mapped

# --- systemd-nspawn ----------------------------------------------------------------------------------------------------
ok "nspawn: a certificate logs in" wait_for_ssh nspawn
write_config nspawn accept-new
ok "nspawn: the root is good" becomes nspawn "$(good_in a)"
ok "nspawn: the next generation comes, and is good" why nspawn aether nspawn switch box/2
ok "nspawn: … it runs" has nspawn two
ok "nspawn: … all of it" is_running nspawn
ok "nspawn: … and the way back" why nspawn aether nspawn rollback
ok "nspawn: … is there" has nspawn one
stop nspawn
start_nspawn nspawn --boot
ok "nspawn: started by systemd itself" wait_for_ssh nspawn
ok "nspawn: … it says that no other tree could start" is nspawn '.remarks | any(test("not with --boot"))'
refused "nspawn: … and takes none" aether nspawn switch box/4
finish
