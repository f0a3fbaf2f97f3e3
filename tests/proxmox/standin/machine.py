"""Real machines behind the stand-in (`--qemu`): QEMU, started as DIR/qemu.json says, and its guest agent over a socket.

DIR/qemu.json is the command as a list, or {"VMID": list} for several. In it stand {disk:scsi0} and {format:scsi0} for a drive's
file and format, {mac:net0}, {vmid}, {agent_socket}, {qmp_socket}, {serial_log}; a list within the list is left out when the
machine has not such a drive or card. -qmp is added when it does not say {qmp_socket} itself."""
import base64
import itertools
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import tempfile
import threading
import time
import uuid

from . import cloudinit, drives, power, storage
from .errors import ApiError, TaskError, failed

AGENT_SECONDS, START_SECONDS, KILL_SECONDS, LOOK_SECONDS = 10, 60, 10, 0.2
PLACE = re.compile(r"\{(\w+)(?::(\w+))?\}")


class Absent(Exception):
    """The machine has not what a part of the command asks for."""


class Real:
    """Machines that are processes; they outlive the stand-in, as those of Proxmox outlive its daemons."""

    real = True

    def __init__(self, world):
        self.world, self.numbers, self.own = world, itertools.count(1), {}
        os.chdir(world.folder)
        for vmid, machine in world.state["machines"].items():
            if machine["running"]:
                self.watch(vmid, machine["running"]["pid"])

    # --- the command -------------------------------------------------------------------------------------------------

    @staticmethod
    def socket(vmid, name):
        """A path as short as sockets need it: QEMU and we are in DIR."""
        return f"{name}-{vmid}"

    def place(self, vmid, machine, found):
        word, key = found[1], found[2]
        value = machine["config"].get(key or "", "")
        if key and not value:
            raise Absent
        if word in ("disk", "format"):
            volid = drives.volume_of(value)
            if word == "disk":
                return str(storage.real_path(self.world, machine["node"], volid))
            return "raw" if drives.is_seed(volid) else storage.find(self.world, machine["node"], volid)["format"]
        if word == "mac":
            return re.match(r"\w+=([^,]+)", value)[1]
        files = {"agent_socket": self.socket(vmid, "agent"), "qmp_socket": self.socket(vmid, "qmp"),
                 "serial_log": self.world.path(f"serial-{vmid}.log"), "vmid": vmid}
        if word not in files:
            raise TaskError(f"stand-in: qemu.json says {found[0]}, which is not known")
        return str(files[word])

    def command(self, vmid, machine):
        template = json.loads(self.world.path("qemu.json").read_text())
        template = template[str(vmid)] if isinstance(template, dict) else template
        words = []
        for part in template:
            try:
                words += [PLACE.sub(lambda found: self.place(vmid, machine, found), word)
                          for word in (part if isinstance(part, list) else [part])]
            except Absent:
                if not isinstance(part, list):
                    raise TaskError(f"stand-in: the machine has not what '{part}' in qemu.json asks for") from None
        qmp = self.socket(vmid, "qmp")
        return words if any(qmp in word for word in words) else words + ["-qmp", f"unix:{qmp},server=on,wait=off"]

    def seeds(self, machine):
        """Makes the drives of cloud-init anew."""
        for key in filter(drives.is_drive, machine["config"]):
            volid = drives.volume_of(machine["config"][key])
            if not drives.is_seed(volid):
                continue
            with tempfile.TemporaryDirectory() as folder:
                names = {"user-data": cloudinit.user, "network-config": cloudinit.network, "meta-data": cloudinit.meta}
                for name, function in names.items():
                    pathlib.Path(folder, name).write_text(function(machine["config"]))
                subprocess.run(["genisoimage", "-quiet", "-J", "-r", "-V", "cidata", "-o",
                                storage.real_path(self.world, machine["node"], volid), folder], check=True)

    # --- power -------------------------------------------------------------------------------------------------------

    def start(self, task, vmid, machine):
        self.seeds(machine)
        words = self.command(vmid, machine)
        for name in ("agent", "qmp"):
            self.world.path(self.socket(vmid, name)).unlink(missing_ok=True)
        log = self.world.path(f"qemu-{vmid}.log")
        with open(log, "ab") as out:
            process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True)
        until = time.time() + START_SECONDS
        while not self.world.path(self.socket(vmid, "qmp")).exists() and process.poll() is None and time.time() < until:
            with self.world.unlocked():
                time.sleep(0.05)
        if process.poll() is not None:
            told = log.read_text(errors="replace").strip().split("\n")[-1]
            task.log(told)
            raise TaskError(f"start failed: QEMU exited with code {process.returncode}")
        if not self.world.path(self.socket(vmid, "qmp")).exists():
            process.kill()
            raise TaskError(f"start failed: QEMU has no QMP socket within {START_SECONDS} seconds")
        self.own[process.pid] = process
        facts = storage.find(self.world, machine["node"], drives.volume_of(
            machine["config"].get(drives.system_disk(machine["config"]) or "", ""))) or {}
        machine["running"] = {"since": time.time(), "pid": process.pid, "boot_id": str(uuid.uuid4()),
                              "volid": facts.get("volid"), "sha256": facts.get("sha256")}
        self.watch(vmid, process.pid)

    def alive(self, pid):
        if pid in self.own:
            return self.own[pid].poll() is None
        try:
            return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
        except FileNotFoundError:
            return False

    def watch(self, vmid, pid):
        """When the process has ended the machine is off, whoever ended it."""
        def look():
            while self.alive(pid):
                time.sleep(LOOK_SECONDS)
            with self.world.lock:
                machine = self.world.state["machines"].get(str(vmid))
                if machine and (machine["running"] or {}).get("pid") == pid:
                    power.stopped(self.world, machine)
                    self.world.save()
        threading.Thread(target=look, daemon=True).start()

    def ended(self, pid, seconds):
        until = time.time() + seconds
        while self.alive(pid):
            if time.time() > until:
                return False
            with self.world.unlocked():
                time.sleep(0.1)
        return True

    def kill(self, _vmid, machine):
        pid = machine["running"]["pid"]
        for number in (signal.SIGTERM, signal.SIGKILL):
            if not self.alive(pid):
                break
            os.kill(pid, number)
            if self.ended(pid, KILL_SECONDS):
                break
        machine["running"] = None

    def dies(self, vmid):
        """At once: who asks after that is told that it is off, not what the watch has not seen yet."""
        machine = self.world.state["machines"][str(vmid)]
        if not machine["running"]:
            return
        pid = machine["running"]["pid"]
        os.kill(pid, signal.SIGKILL)
        while self.alive(pid):
            time.sleep(0.01)
        power.stopped(self.world, machine)

    def shut_down(self, vmid, machine, timeout):
        pid = machine["running"]["pid"]
        if power.agent_enabled(machine) and self.answers(vmid, machine):
            self.agent(vmid, "guest-shutdown", answered=False)
        else:
            self.qmp(vmid, "system_powerdown")
        return self.ended(pid, timeout)

    def reset(self, vmid, _machine):
        self.qmp(vmid, "system_reset")

    def qmp(self, vmid, command):
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(AGENT_SECONDS)
            sock.connect(self.socket(vmid, "qmp"))
            file = sock.makefile("rwb")
            file.readline()
            for word in ("qmp_capabilities", command):
                file.write(json.dumps({"execute": word}).encode() + b"\n")
                file.flush()
                while "event" in json.loads(file.readline() or b"{}"):
                    pass

    # --- the guest agent ---------------------------------------------------------------------------------------------

    def agent(self, vmid, command, arguments=None, seconds=AGENT_SECONDS, answered=True):
        """Asks it, after both have agreed on where the stream is (guest-sync-delimited)."""
        number = next(self.numbers) + int(time.time())
        with self.world.unlocked(), socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(seconds)
            sock.connect(self.socket(vmid, "agent"))
            file = sock.makefile("rwb")
            sync = {"execute": "guest-sync-delimited", "arguments": {"id": number}}
            file.write(b"\xff" + json.dumps(sync).encode() + b"\n")
            file.flush()
            while True:
                line = file.readline()
                if not line:
                    raise TimeoutError("the agent hung up")
                if b"\xff" in line and json.loads(line.rsplit(b"\xff", 1)[1]).get("return") == number:
                    break
            file.write(json.dumps({"execute": command, "arguments": arguments or {}}).encode() + b"\n")
            file.flush()
            answer = json.loads(file.readline() or b'{"error": {"desc": "the agent hung up"}}') if answered else {"return": {}}
        if "error" in answer:
            raise failed(f"Agent error: {answer['error'].get('desc', answer['error'])}")
        return answer["return"]

    def answers(self, vmid, _machine):
        try:
            self.agent(vmid, "guest-ping", seconds=3)
        except (OSError, ApiError, ValueError):
            return False
        return True

    def up(self, machine):
        return bool(machine["running"])

    def ping(self, vmid, _machine):
        return self.agent(vmid, "guest-ping")

    def osinfo(self, vmid, _machine):
        return self.agent(vmid, "guest-get-osinfo")

    def interfaces(self, vmid, _machine):
        return self.agent(vmid, "guest-network-get-interfaces")

    def execute(self, vmid, machine, words, given):
        arguments = {"path": words[0], "arg": words[1:], "capture-output": True}
        if given is not None:
            arguments["input-data"] = base64.b64encode(given.encode()).decode()
        machine["calls"].append({"at": time.time(), "argv": words})
        try:
            return self.agent(vmid, "guest-exec", arguments)["pid"]
        except ApiError as problem:
            raise ApiError(596, "Broken pipe", empty=True) from problem

    def exec_status(self, vmid, _machine, pid):
        try:
            answer = self.agent(vmid, "guest-exec-status", {"pid": pid})
        except ApiError as problem:
            raise failed("Agent error: PID ld does not exist") from problem
        answer["exited"] = int(answer["exited"])
        for key in ("out-data", "err-data"):
            if key in answer:
                answer[key] = base64.b64decode(answer[key]).decode(errors="replace")
                answer[key.split("-")[0] + "-truncated"] = int(answer.get(key.split("-")[0] + "-truncated", 0))
        return answer
