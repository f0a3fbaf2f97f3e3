#!/bin/bash
# budget: 20
# What the program does on a machine, step by step: the complaints that people have about other programs of its kind, each of
# which must not be one here.
. "${SOURCE:=$PWD}/tests/lib.sh"
. "$SOURCE/tests/secrets/lib.sh"

# shellcheck disable=SC2016 # a hash
HASH='$y$j9T$F5Jx5fExrKuPp53xLKQ..1$X3DX6M94c7o.9agCG9G317fhZg9SqC.5i5rd.RhAtQ7'

# --- the first boot: nothing was sent -----------------------------------------------------------------------------------
new_machine first
ok 'a machine that declares nothing has nothing to do' secrets place
ok '… and makes no place for it' absent /run/secrets
declare_all <<-'EOF'
	secret db/password 0400 web web
	sent
	link /var/lib/app/password
	restart web.service
	need web.service db.service
	secret root-hash 0400 root root users
	sent
	secret token 0440 root web
	sent
	reload proxy.service
	template app.conf 0440 root web
	text password~=~
	value db/password
	text \n
	restart app.service
	password root root-hash
EOF
ok 'the first boot makes an identity' secrets place --boot
ok '… says to whom it can be encrypted' said 'made the identity age1' 'are pending. Its recipient: age1' 'host enroll'
ok '… and keeps it from everybody' is /var/lib/aether/secrets/identity 600 0:0
ok '… in a folder of its own' is /var/lib/aether/secrets 700 0:0
ok '… beside others that are not' is /var/lib/aether 755 0:0
ok 'secrets are pending' state db/password pending 'nothing was sent yet'
ok '… and what is made of them' state rendered/app.conf pending db/password
refused 'a unit that needs one is told so' secrets verdict db/password
ok '… with the reason' said 'db/password: pending: nothing was sent yet'
refused 'a name that nobody declared is no secret' secrets verdict db
recipient=$("$SECRETS" --root "$ROOT" recipients)
ok 'the next boot has the same identity' secrets place --boot
ok '… and no other' test "$recipient" = "$("$SECRETS" --root "$ROOT" recipients)"

# --- what was sent -------------------------------------------------------------------------------------------------------
ok 'all is sent' send 100 db/password s3cret root-hash "$HASH" token $'two\nlines\n'
ok 'units are told when all is there, each once' told \
	'start aether-secret@db-password.service aether-secret@root\x2dhash.service aether-secret@token.service'` \
	`' aether-secret@rendered-app.conf.service' 'try-restart web.service app.service' \
	'try-reload-or-restart proxy.service' 'start web.service db.service'
ok '… and it is placed' has db/password s3cret
ok '… to the byte' has token $'two\nlines\n'
ok '… with its mode and owner' is /run/secrets/db/password 400 900:901
ok '… and another' is /run/secrets/token 440 0:901
ok '… for the users apart' test -f "$ROOT/run/secrets-for-users/root-hash" -a ! -e "$ROOT/run/secrets/root-hash"
ok '… a template, too' has rendered/app.conf $'password = s3cret\n'
ok '… in a folder that others can pass, and not list' is /run/secrets/db 751 0:0
ok '… and its link leads to it' test "$(readlink "$ROOT/var/lib/app/password")" = /run/secrets/db/password
ok 'the hash is where login looks' grep -qxF "root:$HASH:20000::::::" "$ROOT/etc/shadow"
ok '… the others stay' grep -qxF 'web:*:20000:0:99999:7:::' "$ROOT/etc/shadow"
ok '… and so do its mode and owner' is /etc/shadow 640 0:42
ok 'a unit that needs it can start' secrets verdict rendered/app.conf
ok 'what was sent is kept sealed' cmp "$WORK/sealed" "$ROOT/var/lib/aether/secrets/sent"
ok '… and nobody reads it' is /var/lib/aether/secrets/sent 600 0:0

ok 'the same is sent again' send 100 db/password s3cret root-hash "$HASH" token $'two\nlines\n'
ok '… and nothing is told to anybody' told ''
ok 'placing again changes nothing' secrets place
ok '… for nobody' told ''
ok 'only one generation is left' test "$(ls "$ROOT/run/secrets.d")" = "$(basename "$(readlink "$ROOT/run/secrets")")"

# --- changes -------------------------------------------------------------------------------------------------------------
ok 'a value changes' send 101 db/password other root-hash "$HASH" token $'two\nlines\n'
ok '… and restarts its units, also those of a template that has it' told 'try-restart web.service app.service'
sed -i 's/^secret\ttoken\t0440/secret\ttoken\t0400/' "$ROOT/usr/lib/aether/secrets.list"
ok 'a mode changes' secrets place
ok '… and tells its units' told 'try-reload-or-restart proxy.service'
sed -i 's/^template\tapp.conf\t0440\troot/template\tapp.conf\t0440\tweb/' "$ROOT/usr/lib/aether/secrets.list"
ok 'an owner changes' secrets place
ok '… and tells its units' told 'try-restart app.service'
sed -i 's/^text\t\\n/text\t # new\\n/' "$ROOT/usr/lib/aether/secrets.list"
ok 'a template changes' secrets place
ok '… and tells its units' told 'try-restart app.service'
ok '… and is the new one' has rendered/app.conf $'password = other # new\n'

# --- one bad secret hides no other ---------------------------------------------------------------------------------------
new_machine bad
declare_all <<-'EOF'
	secret a 0400 root root
	sent
	secret nobody 0400 ghost ghost
	sent
	secret absent 0400 root root
	sent
	link /var/lib/app/absent
	secret lost 0400 root root
	sops missing.yaml yaml lost
	secret broken 0400 root root
	sops broken.yaml yaml key deep
	template mixed 0400 root root
	value a
	value absent
	secret blocked 0400 root root
	sent
	link /var/lib/app/blocked
EOF
echo 'key: {deep: clear}' >"$ROOT/usr/lib/aether/sops/broken.yaml"
echo mine >"$ROOT/var/lib/app/blocked"
secrets place --boot >/dev/null
secrets_status() { send 99 a 1 nobody 2 blocked 3; [[ $? == 3 ]]; }
ok 'what is kept is told from what is not, by the exit status' secrets_status
rejected_status() { send 98 a 1 nobody 2 blocked 3; [[ $? == 1 ]]; }
ok '… which is another one' rejected_status
refused 'whoever sends is told' send 100 a 1 nobody 2 blocked 3
ok '… of each, in a line' said 'absent: it is not among what was sent' 'nobody: there is no user and group' \
	'lost: missing.yaml:' 'broken: broken.yaml:' "rendered/mixed: 'absent', which is in it:" \
	'blocked: /var/lib/app/blocked is there already'
ok 'what is good is placed' has a 1
ok '… and good' state a good
ok 'what has no owner is not' absent /run/secrets/nobody
ok 'what was not sent is not' absent /run/secrets/absent /var/lib/app/absent
ok 'a template with a hole is not' absent /run/secrets/rendered/mixed
ok 'a file that is in the place of a link stays' grep -qx mine "$ROOT/var/lib/app/blocked"
ok '… and its secret is bad' state blocked bad
rm "$ROOT/var/lib/app/blocked"
secrets place >/dev/null
ok 'when it is gone, its unit is asked again' told 'start aether-secret@blocked.service'
ok '… and the secret is good' state blocked good
ok 'a boot with bad secrets goes on' secrets place --boot

# --- what may not be a value ---------------------------------------------------------------------------------------------
new_machine values
declare_all <<-'EOF'
	secret full 0400 root root
	sent
	secret empty 0400 root root empty
	sent
	secret hash 0400 root root users
	sent
	template t 0400 root root
	text ENC[AES256_GCM,data:x]
	password root hash
EOF
secrets place --boot >/dev/null
# name, value, what is said
# shellcheck disable=SC2016 # hashes
values=(
	full '' 'full: it is empty'
	full 'x=ENC[AES256_GCM,data:AA==]' 'full: a value in it is still encrypted'
	hash 'correct horse battery staple' 'hash: a character in it cannot be'
	hash '$y$j9T$F5Jx5fExrKuPp53xLKQ..1$X'$'\n' 'hash: as the hash of a password it must not end with a newline'
	hash 'x:$y$j9T$F5Jx5fExrKuPp53xLKQ' 'hash: a character in it'
	hash 'abcdefghijklmnopqrstuvwxyz' 'hash: it is not the hash'
)
for ((i = 0; i < ${#values[@]}; i += 3)); do
	refused "${values[i]} may not be '${values[i + 1]}'" send 100 "${values[i]}" "${values[i + 1]}"
	ok '… says it' said "${values[i + 2]}"
	ok '… and nothing of it is kept' absent /var/lib/aether/secrets/sent
done
mv "$ROOT/etc/shadow" "$ROOT/etc/kept"
refused 'a hash that cannot be written where login looks' send 99 full 1 empty '' hash "$HASH"
ok '… says it' said 'hash: it cannot be written to /etc/shadow: No such file'
ok '… and is not good' state hash bad
ln -s kept "$ROOT/etc/shadow"
refused 'nor where a link is' send 100 full 1 empty '' hash "$HASH"
ok '… which stays one' test "$(readlink "$ROOT/etc/shadow")" = kept
mv "$ROOT/etc/kept" "$ROOT/etc/shadow"
refused 'an encrypted value is no text of a template' send 101 full 1 empty '' hash "$HASH"
ok '… says it' said 'rendered/t: a value in it is still encrypted'
ok 'what may be empty is' has empty ''

# --- what is sent is of age, for this machine, and new -------------------------------------------------------------------
new_machine sent
declare_all <<-'EOF'
	secret a 0400 root root
	sent
EOF
secrets place --boot >/dev/null
recipient=$("$SECRETS" --root "$ROOT" recipients)
# take FILTER…: sends the bundle changed by a command.
take() {
	bundle 200 a 1 | "$@" | age -r "$recipient" | secrets take
}
ok 'a bundle is taken' take cat
# a command that spoils it, what is said
spoiled=(
	'sed s/^made.*/made\t100/' 'nothing older is taken'
	'sed s/^made.*/made\t0200/' 'does not say when it was made'
	'sed s/^1$/2/' 'nothing older is taken'
	'sed s/^machine.*/machine\tother/' "for the machine 'other', this is 'sent'"
	'sed s/^aether-sent.*/aether-sent\t2/' 'of a version'
	'sed $d' 'ends in the middle'
	'sed s/^1$/1\n2/' 'not whole'
	'sed s/a\t1/a\t3/' 'not whole'
	'sed s/a\t1/a\t99999999999/' 'ends in the middle'
	'sed s/a\t1/a\t-1/' 'none of it'
	'sed s/a\t1/a\t01/' 'none of it'
	'sed $aend' 'behind its end'
	'sed -n p;/^secret/{p;n;p;p}' 'not whole'
	'tr a \0' 'not whole'
	'head -c 0' 'ends in the middle'
)
for ((i = 0; i < ${#spoiled[@]}; i += 2)); do
	# shellcheck disable=SC2086 # words
	refused "no bundle by ${spoiled[i]}" take ${spoiled[i]}
	ok '… says it' said "${spoiled[i + 1]}"
	ok '… and the one before stays' has a 1
done
refused 'what is not sealed is not taken' secrets take < <(bundle 300 a 2)
refused 'nor what is sealed to another' secrets take < <(bundle 300 a 2 | age -r "$(age-keygen 2>/dev/null | age-keygen -y)")
ok '… says who tried' said 'cannot be opened' "$recipient"
refused 'nor what is too large' secrets take < <(head -c 5M /dev/zero)
ok '… and the one before stays' has a 1
ok '… in all of that' state a good
bundle 300 b 2 | age -a -r "$recipient" >"$WORK/armored"
ok 'a bundle for the next image is taken, without what this one needs' secrets take <"$WORK/armored"
ok '… which it has still' has a 1
ok '… after a boot, too' secrets place --boot
ok '… all of it' has a 1
ok 'so is one for another image, after the next one failed' send 301 c 2
ok '… and what this one needs is there' has a 1
ok '… after a boot, too' secrets place --boot
ok '… all of it' has a 1
ok 'a bundle with all is taken' send 302 a 3 b 2 c 2
ok '… and nothing is kept beside it' absent /var/lib/aether/secrets/sent.before

# --- the place is repaired ------------------------------------------------------------------------------------------------
rm "$ROOT/run/secrets"
mkdir "$ROOT/run/secrets"
ok 'an empty folder in the place of the link is replaced' secrets place
ok '… by the link' has a 3
rm "$ROOT/run/secrets"
mkdir "$ROOT/run/secrets"
echo stray >"$ROOT/run/secrets/a"
ok 'and so is one with something in it' secrets place
ok '… which is said' said 'run/secrets was a folder'
ok '… and the link is there' has a 3
ok '… and the folder is kept for a look' grep -rqx stray "$ROOT/run/secrets.stray"
ok '… with a remark' grep -q 'was a folder' "$ROOT/run/aether/remarks/secrets"
rm "$ROOT/run/secrets"
echo stray >"$ROOT/run/secrets"
ok 'a file in its place is replaced' secrets place
ok '… by the link' has a 3
ok '… and the remark is gone' absent /run/aether/remarks/secrets
mkdir -p "$ROOT/run/secrets.d/99/half/deep"
echo half >"$ROOT/run/secrets.d/99/half/deep/file"
ok 'what an interrupted run left is swept' secrets place
ok '… whole' test "$(find "$ROOT/run/secrets.d" -name half)" = ''
declare_all <<-'EOF'
	secret a/b 0400 root root
	sent
EOF
ok 'a name becomes a folder' send 303 a/b 4
ok '… and the secret is in it' has a/b 4

# --- the declaration itself -----------------------------------------------------------------------------------------------
# lines, what is said
lists=(
	'secret x 0400 root' "line 3: 'secret' has 4 fields"
	'secret x 0888 root root' "'0888' is no mode"
	'secret ../x 0400 root root' "'../x' is no name"
	'secret rendered/x 0400 root root' "'rendered/x' is no name"
	'secret x 0400 root root' "'x' comes from nowhere"
	'secret x 0400 root root later' "'later' is no flag"
	'sent' "'sent' does not belong there"
	'unknown x' "'unknown' is no word of it"
	'template x 0400 root root;value y' "'rendered/x' has the value of 'y', which is no secret"
	'password root x' "the password of 'root' is no secret"
	'secret x 0400 root root;sent;sent' "'x' comes from two places"
	'secret x 0400 root root;sent;secret x 0400 root root;sent' "'x' is there twice"
	'secret x 0400 root root;sops ../x yaml' "'../x' is no file's name"
	'secret x 0400 root root;sops x toml' "'toml' is no format"
	'secret x 0400 root root;sent;restart --now' "'--now' is no unit"
	'secret x 0400 root root;sent;link relative' "'relative' is no path"
)
for ((i = 0; i < ${#lists[@]}; i += 2)); do
	tr ';' '\n' <<<"${lists[i]}" | declare_all
	refused "no declaration: ${lists[i]}" secrets place
	ok '… says it' said "${lists[i + 1]}"
	ok '… and what is placed stays' has a/b 4
done
finish
