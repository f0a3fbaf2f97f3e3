#!/bin/bash
# budget: 20
# The verbs that go to a machine, with a machine that is a script in place of ssh: what ssh is told, and what the user is told.
. "${SOURCE:=$PWD}/tests/lib.sh"
need jq
mkdir -p "$WORK/bin"
PATH=$WORK/bin:$PATH
export WORK

# fake_ssh SCRIPT: ssh writes down its words, a line each, and then is that.
fake_ssh() {
	printf '#!/bin/bash\nprintf "%%s\\n" "$@" >"$WORK/words"\n%s\n' "$1" >"$WORK/bin/ssh"
	chmod +x "$WORK/bin/ssh"
}

# tell VERB…: what the program says goes to $WORK/said.
tell() {
	"$AETHER" "$@" --out "$WORK/out" >"$WORK/said" 2>&1
}

# word LINE: ssh was told it.
word() {
	grep -qxF -- "$1" "$WORK/words" || { cat "$WORK/words"; return 1; }
}

fake_ssh 'echo "{\"name\": \"gateway\", \"kind\": \"vm\", \"boot_id\": \"x\", \"slot\": \"a\", \"state\": \"good\",
	\"health\": \"good\", \"root_hash\": \"0123456789abcdef0123\", \"slots\": [
	{\"slot\": \"a\", \"state\": \"good\", \"root_hash\": \"0123456789abcdef0123\", \"generation\": \"3\"},
	{\"slot\": \"b\", \"state\": \"bad\", \"root_hash\": \"ff\", \"generation\": \"4\"}],
	\"last_failure\": {\"when\": 1, \"root_hash\": \"ff\", \"reason\": \"tcp 443: refused\"}}"'
ok "status says what runs, what does not, and why" tell status --host gw --ssh-option Port=2222 --ssh-config "$WORK/config"
ok "… in words" said 'gateway (vm), health: good' '* slot a  good   generation 3' '  slot b  bad    generation 4' \
	'tcp 443: refused'
ok "… and as JSON" bash -c '"$0" status --host gw --json --out "$1" |
	jq -e ".host == \"gw\" and .status.slots[1].state == \"bad\"
	and .generations == {a: null, b: null}" >/dev/null' "$AETHER" "$WORK/out"
tell status --host gw --ssh-option Port=2222 --ssh-config "$WORK/config"
ok "ssh is told the user's options" word Port=2222
ok "… and the user's configuration" word "$WORK/config"
ok "… to ask nothing" word BatchMode=yes
ok "… nothing about host keys" bash -c '! grep -qi hostkey "$WORK/words"'
ok "… and the host" word gw

fake_ssh 'echo "ssh: connect to host gw port 22: Connection refused" >&2; exit 255'
refused "a machine that cannot be reached is an error" tell status --host gw
ok "… that says why, and what must work" said \
	'cannot connect to gw: ssh: connect to host gw port 22: Connection refused' "'ssh gw true'"
fake_ssh 'echo "bash: line 1: exec: aether-agent: not found" >&2; exit 127'
refused "a machine without the agent is an error" tell rollback --host gw
ok "… that says what to do" said 'replace its disk once'
fake_ssh 'echo "aether-agent: slot b is empty: there is no good generation to go back to" >&2; exit 1'
refused "what the agent says is the error" tell rollback --host gw
ok "… without its name before it" said 'gw: slot b is empty'
fake_ssh 'printf "\033]0;owned\007{}"'
refused "what is no status is refused" tell status --host gw
ok "… and reaches no terminal" bash -c '! grep -q "$(printf "\033")" "$WORK/said"'

# The machine tells what it is, goes back, and is restarted; the next question is never answered, and the one after it is.
fake_ssh 'status() { echo "{\"name\": \"gw\", \"kind\": \"vm\", \"boot_id\": \"$1\", \"slot\": \"$2\", \"state\": \"good\",
	\"health\": \"good\", \"root_hash\": \"$3\", \"slots\": [
	{\"slot\": \"a\", \"state\": \"good\", \"root_hash\": \"aa\", \"generation\": \"3\"},
	{\"slot\": \"b\", \"state\": \"good\", \"root_hash\": \"bb\", \"generation\": \"4\"}]}"; }
	[[ "$*" == *"status --json"* ]] || exit 0
	echo >>"$WORK/questions"
	case $(wc -l <"$WORK/questions") in 1) status x b bb ;; 2) exec sleep 300 ;; *) status y a aa ;; esac'
ok "a question that a machine never answers is asked again" timeout 40 "$AETHER" rollback --host gw --out "$WORK/out"

fake_ssh 'touch "$WORK/was-called"; exit 255'
refused "a host is needed" tell status
ok "… and the option named" said '--host [USER@]NAME'
refused "a host that ssh would take for an option is refused" tell status --host=-oProxyCommand=reboot
refused "a generation that does not exist is refused" tell switch gateway/7 --host gw
refused "a time that is none is refused" tell switch gateway --host gw --timeout never
refused "one word too many is refused" tell rollback gateway --host gw
ok "for none of these ssh was asked" test ! -e "$WORK/was-called"
finish
