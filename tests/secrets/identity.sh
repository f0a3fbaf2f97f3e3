#!/bin/bash
# budget: 20
# Where a machine's identity comes from: a disc, whoever sends one, the machine itself, its SSH host key. None is ever lost
# before it is retired, and none is replaced in silence.
. "${SOURCE:=$PWD}/tests/lib.sh"
. "$SOURCE/tests/secrets/lib.sh"
need genisoimage ssh-keygen

STATE=/var/lib/aether/secrets

# recipients: of the machine, in a line.
recipients() {
	"$SECRETS" --root "$ROOT" recipients 2>/dev/null | tr '\n' ' '
}

# identity NAME: $WORK/NAME is a new one; prints its recipient.
identity() {
	age-keygen -o "$WORK/$1" 2>/dev/null && age-keygen -y "$WORK/$1"
}

# disc DEVICE FILE [LABEL [OPTION…]]: a disc with that identity is in the machine.
disc() {
	local device=$1 file=$2 label=${3:-AETHER-ID}
	mkdir -p "$WORK/content" "$ROOT/sys/block/$device"
	rm -f "$WORK/content/"*
	cp "$file" "$WORK/content/identity"
	genisoimage -quiet -V "$label" "${@:4}" -o "$ROOT/dev/$device" "$WORK/content"
}

# holds DEVICE FILE: the identity is on that disc.
holds() {
	grep -qaF "$(grep ^AGE "$2")" "$ROOT/dev/$1"
}

declare_one() {
	declare_all <<-'EOF'
		secret a 0400 root root
		sent
	EOF
}

# --- a disc --------------------------------------------------------------------------------------------------------------
new_machine disc
declare_one
first=$(identity first) second=$(identity second)
disc sr0 "$WORK/first"
ok 'the identity of a disc is taken' secrets place --boot
ok '… says it' said "the disc /dev/sr0 brought the identity $first"
ok '… and is the only one' test "$(recipients)" = "$first "
ok '… and kept from everybody' is $STATE/identity 600 0:0
refused '… and is not on the disc any more' holds sr0 "$WORK/first"
ok '… which means nothing at the next boot' secrets place --boot
ok '… to nobody' test "$(recipients)" = "$first " -a ! -e "$ROOT$STATE/identity.before"
ok 'what is sealed to it is opened' send 1 a 1

disc sr0 "$WORK/second"
ok 'another disc brings another' secrets place --boot
ok '… which is said' said 'brought another identity' "$second"
ok '… and shown' grep -qF "$second" "$ROOT/run/aether/remarks/secrets"
ok '… and is the first; the one before stays' test "$(recipients)" = "$second $first "
ok '… with all that was sealed to it' has a 1
disc sr0 "$WORK/first"
ok 'the old disc once more' secrets place --boot
ok '… undoes nothing' test "$(recipients)" = "$second $first "
refused 'the one before is not retired while it is needed' secrets retire
ok '… says for what' said "'a' is sealed to an identity before"
ok '… and stays' test "$(recipients)" = "$second $first "
ok 'when it is not' send 2 a 1
ok '… the one before is retired' secrets retire
ok '… and gone' test "$(recipients)" = "$second "
disc sr0 "$WORK/first"
ok '… and its disc does not bring it again' secrets place --boot
ok '… never' test "$(recipients)" = "$second "
refused '… but loses it' holds sr0 "$WORK/first"

# what is on the disc, options of genisoimage, what is said
new_machine others
declare_one
for options in '-r' '-J' '-l -allow-lowercase' '-input-charset utf-8 -no-pad'; do
	rm -rf "${ROOT:?}$STATE" "$ROOT/sys/block/"*
	# shellcheck disable=SC2086 # words
	disc vdb "$WORK/first" AETHER-ID $options
	ok "a disc made with $options" secrets place --boot
	ok '… is read' test "$(recipients)" = "$first "
done
rm -rf "${ROOT:?}$STATE"
disc vdb "$WORK/first" AETHER-IDX
echo 'no disc' >"$ROOT/dev/sda"
mkdir -p "$ROOT/sys/block/sda" "$ROOT/sys/block/sdb" "$ROOT/sys/block/loop0"
cp "$ROOT/dev/vdb" "$ROOT/dev/loop0"
ok 'a disc of another label' secrets place --boot
ok '… is none' said 'made the identity'
ok '… and stays as it is' holds vdb "$WORK/first"
head -c 70000 /dev/zero | tr '\0' x >"$WORK/large"
for wrong in large /etc/passwd; do
	disc vdb "$(realpath -m "$WORK/$wrong")"
	[[ -e $WORK/$wrong ]] || disc vdb "$wrong"
	before=$(recipients)
	ok "a disc with something else ($wrong) changes nothing" secrets place --boot
	ok '… for the machine' test "$(recipients)" = "$before"
done
ok '… and is told' said 'has no identity on it'
disc vdb "$WORK/first"
truncate -s 40000 "$ROOT/dev/vdb"
ok 'half a disc changes nothing' secrets place --boot
ok '… for the machine' test "$(recipients)" = "$before"
sed -i 's/^kind=vm/kind=lxc/' "$ROOT/usr/lib/aether/image"
disc vdb "$WORK/first"
ok 'a container looks at no disc: those it sees are its host'"'"'s' secrets place --boot
ok '… at all' holds vdb "$WORK/first"

# --- sent, and made anew -------------------------------------------------------------------------------------------------
new_machine rotated
declare_one
ok 'the first boot makes one' secrets place --boot
made=$(recipients)
ok 'a secret is sealed to it' send 1 a 1
ok 'a new one is made by hand' secrets new-identity
ok '… and printed' grep -qE '^age1[0-9a-z]{58}$' "$WORK/said"
new=$(cat "$WORK/said")
ok '… and is the first' test "$(recipients)" = "$new $made"
ok 'one that is sent is taken' secrets take-identity <"$WORK/first"
ok '… and all before stay' test "$(recipients)" = "$first $new $made"
ok '… and what is sealed to the oldest is opened' has a 1
ok 'the same again changes nothing' secrets take-identity <"$WORK/first"
ok '… at all' test "$(recipients)" = "$first $new $made"
for wrong in /etc/passwd /dev/null "$WORK/large"; do
	refused "$wrong is no identity" secrets take-identity <"$wrong"
	ok '… says it' said aether-secrets:
	ok '… and changes nothing' test "$(recipients)" = "$first $new $made"
done
ssh-keygen -q -t ed25519 -N '' -C '' -f "$WORK/ssh" </dev/null
ok 'a key of SSH is taken, too' secrets take-identity <"$WORK/ssh"
ok '… and another after it' secrets take-identity <"$WORK/second"
ok '… and the first once more' secrets take-identity <"$WORK/first"
ok '… and all before stay' test "$(cut -d ' ' -f 1,2 "$WORK/ssh.pub")" = "$(recipients | grep -oE 'ssh-ed25519 [^ ]+')"
ok '… at all' test "$(recipients | wc -w)" = 7
sed -i '3s/.$//' "$ROOT$STATE/identity.before"
ok 'one that is damaged hides no other' grep -qF "$made" <(recipients)
ok '… and is told' grep -q 'one is no identity' <("$SECRETS" --root "$ROOT" recipients 2>&1)
ok 'sealed to the newest' send 2 a 2
ok 'those before can go' secrets retire
ok '… and are gone' test "$(recipients)" = "$first "
ok '… and nothing is missing' secrets place
ok '… at all' has a 2

# --- the SSH host key -----------------------------------------------------------------------------------------------------
mkdir -p "$ROOT/var/lib/aether/identity"
ssh-keygen -q -t ed25519 -N '' -C host -f "$ROOT/var/lib/aether/identity/ssh_host_ed25519_key" </dev/null
public=$(cut -d ' ' -f 1,2 "$ROOT/var/lib/aether/identity/ssh_host_ed25519_key.pub")
ok 'the SSH host key is an identity, too' grep -qxF "$public" <("$SECRETS" --root "$ROOT" recipients)
ok '… behind its own' test "$("$SECRETS" --root "$ROOT" recipients | head -n 1)" = "$first"
bundle 3 a 3 | age -r "$public" >"$WORK/sealed"
ok 'what is sealed to it is opened' secrets take <"$WORK/sealed"
ok '… and placed' has a 3

# --- to which machine it belongs ------------------------------------------------------------------------------------------
new_machine bound
declare_one
echo 01234567-89ab-cdef-0123-456789abcdef >"$ROOT/sys/class/dmi/id/product_uuid"
ok 'an identity is bound to the machine that has it' secrets place --boot
ok '… by its product UUID' grep -q 01234567 "$ROOT$STATE/product-uuid"
ok '… in whichever case that is told' sed -i 's/.*/\U&/' "$ROOT/sys/class/dmi/id/product_uuid"
ok '… of letters' secrets place --boot
ok '… without a remark' absent /run/aether/remarks/secrets
echo ffffffff-89ab-cdef-0123-456789abcdef >"$ROOT/sys/class/dmi/id/product_uuid"
ok 'a copy of the machine goes on' secrets place --boot
ok '… and says loudly that it is one' said 'was given to another one'
ok '… to whoever asks' grep -q ffffffff "$ROOT/run/aether/remarks/secrets"
ok '… each time' secrets place --boot
ok '… of all' said 'was given to another one'
ok 'a moved one is bound anew by its own identity' secrets take-identity <"$ROOT$STATE/identity"
ok '… and is content' absent /run/aether/remarks/secrets
ok '… and has none before' absent $STATE/identity.before
finish
