#!/bin/bash
# budget: 30
# deadline: 900
# What programs of the tree itself judge before there is a machine: nft reads the firewall, and what it says is told at its
# place; findmnt and systemd-fstab-generator read what is mounted. The tree is the gateway's, and no disk is made of it: its
# hook fails, with what it saw.
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
  /usr/local/bin/look: { source: look, mode: "0755" }
hooks: { configure: [[/usr/local/bin/look]] }
END
cat >x/bad-text.recipe <<'END'
firewall:
  rules:
    mine: { text: "table inet mine {\n\tchain input { type filter hook inptu priority 0; }\n}\n" }
END
echo $'# mine\nadd rule inet filter inptu tcp dport 9999 accept' >x/mine.nft
cat >x/bad-source.recipe <<'END'
firewall: { rules: { mine: { source: mine.nft } } }
END

refused 'a tree is made, and its hook looks at it' build good
ok '… nft takes the rules, and the mounts are as they should be' said 'all is well'
refused 'rules that nft does not take are refused' build bad-text
ok '… at the line of the recipe, with that of the text' said "x/bad-text.recipe:3:" "(line 2 of '/etc/nftables.d/mine.nft')"
refused 'a file of rules that nft does not take is refused' build bad-source
ok '… at its own line' said "x/mine.nft:2:" 'nft says: '
finish
