"""What is behind a started machine when nothing is: DIR/guests.json says it of each image, by the SHA-256 of the file that
the system disk was imported from (or of a container's template):
  {"SHA256": {"root_hash": …, "health": "good"|"bad"|"waiting", "generation": N, "boots": true, "agent": true,
              "after_s": 0, "health_after_s": 0, "exec_s": 0, "name": …, "health_reason": …,
              "after_rollback": {…}, "commands": {"ARGUMENT ARGUMENT": {"exitcode": 0, "out-data": …}}}}
It also says what somebody sees who logs in by the machine's name (POST /control/inside). An image that it does not know does
not boot. `after_rollback` holds from the restart that follows `aether-agent rollback`. What a machine was told to do is in
its `calls` (GET /control/state)."""
import json
import re
import time
import uuid

from . import drives, storage
from .errors import ApiError, failed
from .routes import route

AGENT = "/usr/bin/aether-agent"
SLOT_BYTES = 536870912
SHUTDOWN_SECONDS = 1  # what a machine that does not answer is waited for at most, whatever the timeout


class Fake:
    """Machines that only look as if."""

    real = False

    def __init__(self, world):
        self.world = world

    def known(self, machine):
        """What guests.json has of the image that runs."""
        path = self.world.path("guests.json")
        table = json.loads(path.read_text()) if path.exists() else {}
        running = machine["running"] or {}
        entry = dict(table.get(running.get("sha256") or "", {"boots": False}))
        if running.get("rolled_back"):
            entry.update(entry.get("after_rollback", {}))
        return entry

    def start(self, _task, _vmid, machine):
        sort = machine["type"]
        key = drives.system_disk(machine["config"]) if sort == "qemu" else "rootfs"
        volid = drives.volume_of(machine["config"].get(key or "", ""))
        facts = storage.find(self.world, machine["node"], volid) or {}
        self.alone(machine)
        machine["running"] = {"since": time.time(), "boot_id": str(uuid.uuid4()), "volid": volid,
                              "sha256": facts.get("sha256"), "rolled_back": bool(facts.get("rolled_back"))}

    def alone(self, machine):
        """Two that run with one MAC address: a client that brings that about has a mistake."""
        ours = macs(machine)
        for vmid, other in self.world.state["machines"].items():
            if other is not machine and other["running"] and ours & macs(other):
                self.world.faults.note({"violations": [f"started while {vmid} runs with the same MAC address"]})

    def up(self, machine):
        """Whether it has booted."""
        entry = self.known(machine)
        return bool(machine["running"]) and entry.get("boots", True) and self.age(machine) >= entry.get("after_s", 0)

    @staticmethod
    def age(machine):
        return time.time() - machine["running"]["since"]

    def answers(self, _vmid, machine):
        return self.up(machine) and self.known(machine).get("agent", True)

    def shut_down(self, _vmid, machine, timeout):
        until = time.time() + min(timeout, SHUTDOWN_SECONDS)
        while not (self.up(machine) and self.known(machine).get("shuts_down", True)):
            if time.time() >= until:
                return False
            with self.world.unlocked():
                time.sleep(0.05)
        return True

    def kill(self, _vmid, machine):
        machine["running"] = None

    def reset(self, vmid, machine):
        self.start(None, vmid, machine)

    def dies(self, vmid):
        self.world.state["machines"][str(vmid)]["running"] = None

    def ping(self, _vmid, _machine):
        return {}

    def osinfo(self, _vmid, _machine):
        return {"id": "debian", "name": "Debian GNU/Linux", "version-id": "13", "version": "13 (trixie)", "machine": "x86_64",
                "pretty-name": "Debian GNU/Linux 13 (trixie)", "kernel-release": "6.12.118+deb13-cloud-amd64",
                "kernel-version": "#1 SMP PREEMPT_DYNAMIC Debian 6.12.118-1 (2026-11-20)"}

    def interfaces(self, _vmid, machine):
        found = [interface("lo", "00:00:00:00:00:00", ["127.0.0.1/8", "::1/128"])]
        nics = sorted(key for key in machine["config"] if key.startswith("net"))
        for key in nics:
            mac = machine["config"][key].split(",")[0].partition("=")[2].lower()
            told = dict(part.partition("=")[::2] for part in machine["config"].get("ipconfig" + key[3:], "").split(","))
            found.append(interface("eth" + key[3:], mac, [told[word] for word in ("ip", "ip6") if "/" in told.get(word, "")]))
        return found

    # --- commands ----------------------------------------------------------------------------------------------------

    def execute(self, vmid, machine, words, given):
        entry = self.known(machine)
        machine["calls"].append({"at": time.time(), "argv": words, "boot_id": machine["running"]["boot_id"]})
        result = entry.get("commands", {}).get(" ".join(words)) or self.command(vmid, machine, entry, words, given)
        pid = 600 + self.world.next()
        self.world.state["execs"][f"{vmid} {pid}"] = {"until": time.time() + entry.get("exec_s", 0), **result}
        return pid

    def command(self, vmid, machine, entry, words, _given):
        if words[0] == AGENT and words[1:2] == ["status"]:
            return {"exitcode": 0, "out-data": json.dumps(self.status(machine, entry)) + "\n"}
        if words[0] == AGENT and words[1:2] == ["health"]:
            good = self.health(machine, entry) == "good"
            return {"exitcode": 0 if good else 1, "out-data": json.dumps({"healthy": good, "checks": []}) + "\n"}
        if words[0] == AGENT and words[1:2] == ["rollback"]:
            if "after_rollback" not in entry:
                return {"exitcode": 1, "err-data": "aether-agent: the other slot has nothing that could be started\n"}
            (storage.find(self.world, machine["node"], machine["running"]["volid"]) or {})["rolled_back"] = True
            if "--reboot" in words:
                self.start(None, vmid, machine)
            return {"exitcode": 0}
        if words[0] == AGENT and words[1:2] == ["restart"]:
            self.start(None, vmid, machine)
            return {"exitcode": 0, "out-data": "reboot\n"}
        if words[0].endswith("/systemctl") or words[0] == "systemctl":
            if words[1:] == ["reboot"]:
                self.start(None, vmid, machine)
            return {"exitcode": 0, "out-data": "running\n" if "is-system-running" in words else ""}
        raise ApiError(596, "Broken pipe", empty=True)

    def health(self, machine, entry):
        return entry.get("health", "good") if self.age(machine) >= entry.get("health_after_s", 0) else "waiting"

    def status(self, machine, entry):
        kind = "vm" if machine["type"] == "qemu" else "lxc"
        health, generation, root = self.health(machine, entry), entry.get("generation"), entry.get("root_hash")
        state = entry.get("state", {"good": "good"}.get(health, "trial"))
        slot = {"slot": "a", "state": state, "root_hash": root, "generation": generation, "tries_left": 0, "size": SLOT_BYTES}
        empty = {"slot": "b", "state": "empty", "root_hash": None, "generation": None, "tries_left": 0, "size": SLOT_BYTES}
        return {"name": entry.get("name", machine["config"].get("name", machine["config"].get("hostname"))),
                "kind": kind, "format": "1",
                "boot_id": machine["running"]["boot_id"], "slot": "a", "generation": generation, "root_hash": root,
                "state": state, "tries_left": 0, "image_epoch": entry.get("image_epoch", 0),
                "state_on": entry.get("state_on", "sdb" if kind == "vm" else ""), "health": health,
                "health_reason": entry.get("health_reason", None if health == "good" else "a check does not hold"),
                "slots": entry.get("slots", [slot, empty]), "last_failure": entry.get("last_failure"),
                "remarks": entry.get("remarks", [])}


def macs(machine):
    return {mac.upper() for key, value in machine["config"].items() if re.fullmatch(r"net\d+", key)
            for mac in re.findall(r"(?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}", value)}


def inside(world, ask):
    """What somebody who has logged in by the machine's name sees of a command; None: nobody of that name is up."""
    for vmid, machine in world.state["machines"].items():
        if ask["host"] in (machine["config"].get("name"), machine["config"].get("hostname")) and world.guests.up(machine):
            pid = world.guests.execute(vmid, machine, ask["argv"], None)
            return world.state["execs"][f"{vmid} {pid}"]
    return None


def interface(name, mac, addresses):
    return {"name": name, "hardware-address": mac, "ip-addresses": [
        {"ip-address": text.split("/")[0], "prefix": int(text.split("/")[1]),
         "ip-address-type": "ipv6" if ":" in text else "ipv4"}
        for text in addresses]}


def agent(world, call):
    """The machine whose agent answers, or the error that says why it does not."""
    from .power import agent_enabled  # pylint: disable=import-outside-toplevel # it needs guests
    vmid = call.params["vmid"]
    machine = world.machine(vmid, "qemu", call.params["node"])
    if not machine["running"]:
        raise failed(f"VM {vmid} is not running")
    if not agent_enabled(machine):
        raise failed("No QEMU guest agent configured")
    if not world.guests.answers(vmid, machine):
        raise failed("QEMU guest agent is not running")
    return vmid, machine


@route("POST /nodes/{node}/qemu/{vmid}/agent/ping")
def ping(world, call):
    return {"result": world.guests.ping(*agent(world, call))}


@route("GET /nodes/{node}/qemu/{vmid}/agent/get-osinfo")
def osinfo(world, call):
    return {"result": world.guests.osinfo(*agent(world, call))}


@route("GET /nodes/{node}/qemu/{vmid}/agent/network-get-interfaces")
def interfaces(world, call):
    return {"result": world.guests.interfaces(*agent(world, call))}


@route("POST /nodes/{node}/qemu/{vmid}/agent/exec")
def execute(world, call):
    vmid, machine = agent(world, call)
    return {"pid": world.guests.execute(vmid, machine, call.params["command"], call.params.get("input-data"))}


@route("GET /nodes/{node}/qemu/{vmid}/agent/exec-status")
def exec_status(world, call):
    vmid, machine = agent(world, call)
    if world.guests.real:
        return world.guests.exec_status(vmid, machine, call.params["pid"])
    found = world.state["execs"].get(f"{vmid} {call.params['pid']}")
    if not found:
        raise failed("Agent error: PID ld does not exist")
    if time.time() < found["until"]:
        return {"exited": 0}
    answer = {"exited": 1, **{key: value for key, value in found.items() if key != "until" and value != ""}}
    if "out-data" in answer:
        answer["out-truncated"] = 0
    return answer


@route("GET /nodes/{node}/qemu/{vmid}/agent/file-read")
def file_read(world, call):
    _, machine = agent(world, call)
    files = world.guests.known(machine).get("files", {}) if not world.guests.real else {}
    if call.params["file"] not in files:
        raise failed(f"Agent error: failed to open file '{call.params['file']}' (mode: 'r'): No such file or directory")
    text = files[call.params["file"]]
    return {"content": text, "bytes-read": len(text.encode())}
