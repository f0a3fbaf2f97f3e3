#!/bin/bash
# budget: 30
# deadline: 900
# What programs of the tree itself judge before there is a machine: nft reads the firewall, sshd and visudo what decides who may
# log in and who is root, and what they say is told at its place; findmnt and systemd-fstab-generator read what is mounted. The
# tree is the gateway's, and no disk is made of it: its hook fails, with what it saw.
# shellcheck disable=SC2317 # its functions are called by ok and refused
. "${SOURCE:=$PWD}/tests/lib.sh"
need_image gateway
cp -r "$IMAGE_REPO" "$WORK/repo" || exit
cd "$WORK/repo/recipes" || exit

# build MODULE: the gateway with it.
build() {
	sed "s#^use: \[#use: [x/$1.recipe, #" "$IMAGE_REPO/recipes/gateway.recipe" >gateway.recipe
	"$AETHER" vm --out "$WORK/out" gateway.recipe >"$WORK/path" 2>"$WORK/said"
	local status=$?
	cat "$WORK/said"
	return "$status"
}

mkdir -p x
cat >x/look <<'END'
#!/bin/sh
set -e
grep -qx 'net.ipv4.ip_forward = 1' /usr/lib/sysctl.d/50-recipe-forward.conf
findmnt --verify --tab-file /etc/fstab 2>&1 | grep -v 'unreachable' >/tmp/verify || true
if grep -E 'target does not exist|^[1-9][0-9]* parse error|unknown' /tmp/verify; then exit 2; fi
mkdir /tmp/units
/usr/lib/systemd/system-generators/systemd-fstab-generator /tmp/units /tmp/units /tmp/units
cd /tmp/units
grep -qx 'Where=/srv/my data #1' 'srv-my\x20data\x20\x231.mount'
grep -q '^Options=.*noatime' 'srv-my\x20data\x20\x231.mount'
grep -qE '^What=/dev/disk/by-partuuid/[0-9a-f-]{36}$' home.mount
test -d '/srv/my data #1'
echo all is well
exit 1
END
cat >x/good.recipe <<'END'
firewall:
  interfaces: { lan0: { tcp: 53, from: [10.0.0.0/8, "fd00::/8"] }, "en*": { udp: 67-68 } }
  forward: [{ from: lan0, to: "*" }]
  masquerade: [wan0]
  redirect: [{ on: wan0, tcp: 8443, to: "10.0.2.10:443" }]
  rules: { mine: { text: "add rule inet filter input tcp dport 9999 accept\n" } }
partitions:
  disk: { main: { content: { partitions: {
    data: { priority: 8, size: 64M,
      content: { type: filesystem, format: ext4, mountpoint: "/srv/my data #1", mountOptions: [noatime] } },
    home: { priority: 9, size: 64M, content: { type: filesystem, format: ext4, mountpoint: /home } } } } } }
files:
  /root/note: { text: "", mode: "0600" }
  /etc/ssh/sshd_config.d/90-mine.conf: { text: "Match User aether\n\tAllowTcpForwarding no\n" }
  /etc/sudoers.d/mine: { text: "aether ALL=(ALL) NOPASSWD: /usr/bin/id\n", mode: "0440" }
  /usr/local/bin/look: { source: look, mode: "0755" }
hooks: { configure: [[/usr/local/bin/look]] }
END

refused 'a tree is made, and its hook looks at it' build good
ok '… nft takes the rules, and the mounts are as they should be' said 'all is well'

# judge WHO SAID TEXT KEY: what is wrong in line 2 of TEXT is told when KEY (with %s for where the text is) has it: at the
# recipe's line for a text, and at its own for a file.
judge() {
	# shellcheck disable=SC2059 # the format is ours
	printf "# $1\n$4\n" 'text: "'"${3//$'\n'/\\n}"'"' >x/text.recipe
	printf '%s' "$3" >x/source.txt
	# shellcheck disable=SC2059
	printf "$4\n" 'source: source.txt' >x/source.recipe
	refused "$1 refuses a text" build text
	ok '… at the line of the recipe, with that of the text' said "x/text.recipe:2:" "$1 says: $2" "(line 2 of '/etc/"
	refused "$1 refuses a file" build source
	ok '… at its own line' said "x/source.txt:2:" "$1 says: $2"
}
judge nft '' $'# mine\nadd rule inet filter inptu tcp dport 9999 accept\n' 'firewall: { rules: { mine: { %s } } }'
judge sshd 'Bad configuration option: PermitRootLogn' $'# mine\nPermitRootLogn no\n' \
	'files: { /etc/ssh/sshd_config.d/90-mine.conf: { %s } }'
judge sshd 'unsupported option "mayb"' $'# mine\nPasswordAuthentication mayb\n' \
	'files: { /etc/ssh/sshd_config.d/90-mine.conf: { %s } }'
judge visudo 'syntax error' $'# mine\naether ALL=(ALL NOPASSWD: ALL\n' 'files: { /etc/sudoers.d/mine: { mode: "0440", %s } }'
finish
