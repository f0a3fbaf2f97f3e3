#!/bin/bash
# budget: 20
# On the machine itself, which is a folder that is the root: memory is not swapped, systemd is asked, passwd(1) is waited for.
. "${SOURCE:=$PWD}/tests/lib.sh"
. "$SOURCE/tests/secrets/lib.sh"
need unshare busybox
unshare -m true 2>/dev/null || skip 'mounts cannot be made here'

new_machine real
declare_all <<-'EOF'
	secret a 0400 root root
	sent
	restart a.service
	need a.service
	secret hash 0400 root root users
	sent
	password root hash
EOF
mkdir -p "$ROOT/bin" "$ROOT/usr/bin" "$ROOT/proc"
cp "$SECRETS" "$ROOT/usr/lib/aether/secrets"
cp "$(PATH=$PATH:/bin command -v busybox)" "$ROOT/bin/sh"
printf '#!/bin/sh\necho "$@" >>/told\n' >"$ROOT/usr/bin/systemctl"
chmod +x "$ROOT/usr/bin/systemctl"

# inside SCRIPT: runs it beside the machine, whose mounts nobody else sees; `secrets WORD…` is the program on it.
inside() {
	ROOT=$ROOT unshare -m --propagation private bash -c '
		secrets() { chroot "$ROOT" /usr/lib/aether/secrets "$@"; }
		mount -t proc proc "$ROOT/proc" && mount -t tmpfs -o mode=0755 run "$ROOT/run" || exit
		'"$1" >"$WORK/said" 2>&1
	local status=$?
	cat "$WORK/said"
	return "$status"
}

ok 'a boot' inside 'secrets place --boot'
recipient=$("$SECRETS" --root "$ROOT" recipients)
bundle 1 a value hash '$6$abcdefgh$aaaaaaaaaaaaaaaaaaaaaaaa' | age -r "$recipient" >"$ROOT/sealed"
ok 'what is sent is taken' inside 'secrets place --boot && secrets take <"$ROOT/sealed" &&
	cat "$ROOT/run/secrets/a" && grep " /.*run/secrets" /proc/self/mountinfo'
ok '… and placed' grep -q '^value' "$WORK/said"
ok '… in a ramfs, for the users, too' test "$(grep -cE 'nosuid,nodev,noexec.* - ramfs ' "$WORK/said")" = 2
ok '… and systemd is asked' diff - "$ROOT/told" <<-'EOF'
	--no-block start aether-secret@a.service aether-secret@hash.service
	--no-block try-restart a.service
	--no-block start a.service
EOF
ok '… and the password is there' grep -q '^root:$6\$abcdefgh' "$ROOT/etc/shadow"
rm "$ROOT/told"
ok 'a second run mounts no second one' inside 'secrets place --boot && secrets place &&
	grep " /.*run/secrets" /proc/self/mountinfo'
ok '… over it' test "$(grep -c ramfs "$WORK/said")" = 2
ok '… and a boot asks systemd for nothing' test ! -e "$ROOT/told"
ok 'what stands in the way of systemd is said' inside 'secrets place --boot; printf "#!/bin/sh\necho no bus; exit 1\n" \
	>"$ROOT/usr/bin/systemctl"; sed -i s/0400/0440/ "$ROOT/usr/lib/aether/secrets.list"; secrets place'
ok '… in its words' said 'systemctl try-restart: no bus'
ok 'a place where nothing can be mounted is good, too' inside 'mkdir -p "$ROOT/run/secrets.d" "$ROOT/run/secrets-for-users.d" &&
	setpriv --bounding-set -sys_admin --inh-caps -sys_admin chroot "$ROOT" /usr/lib/aether/secrets place --boot &&
	cat "$ROOT/run/secrets/a"'
ok '… and has all' grep -q '^value' "$WORK/said"

# passwd(1) holds the lock: it is waited for.
ok 'the lock of /etc/shadow is waited for' inside 'secrets place --boot
	sed -i "s/^root:[^:]*/root:old/" "$ROOT/etc/shadow"
	python3 -c "
import fcntl, subprocess, sys, time
lock = open(sys.argv[1] + \"/etc/.pwd.lock\", \"w\")
fcntl.lockf(lock, fcntl.LOCK_EX)
run = subprocess.Popen([\"chroot\", sys.argv[1], \"/usr/lib/aether/secrets\", \"place\"])
time.sleep(1)
early = \"root:old\" in open(sys.argv[1] + \"/etc/shadow\").read()
lock.close()
sys.exit(run.wait() or not early)
" "$ROOT" && ! grep -q "^root:old" "$ROOT/etc/shadow"'
finish
