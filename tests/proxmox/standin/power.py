"""Machines and containers start and stop; what is pending is taken over when they have stopped."""
import re
import time

from . import drives, qemu, storage, tasks
from .errors import TaskError, failed
from .routes import route

CERTIFICATE = """EFI disk without 'ms-cert=2023k' option, suggesting that not all UEFI 2023
certificates from Microsoft are enrolled yet.
The UEFI 2011 certificates expire in June 2026! The new certificates are required
for secure boot update for Windows and common Linux distributions.
Use 'Disk Action > Enroll Updated Certificates' in the UI or, while the VM is
shut down, run 'qm enroll-efi-keys {}' to enroll the new certificates.

For Windows with BitLocker, run the following command inside Powershell:
  manage-bde -protectors -disable <drive>
for each drive with BitLocker (for example, <drive> could be 'C:').
This is required for each drive with BitLocker before proceeding with enrollment.
Otherwise, you will be prompted for the BitLocker recovery key on the next boot."""
HA_SECONDS = 0.5


def ha_of(world, call):
    """The resource of a machine that the HA manager has, unless it ignores it."""
    resource = world.state["ha"].get(f"{'vm' if call.kind == 'qemu' else 'ct'}:{call.params['vmid']}")
    return resource if resource and resource.get("state") != "ignored" else None


def asked_of_ha(world, call, verb, work):
    """The request to the HA manager: it is done when it has been noted; the manager acts a while later."""
    vmid, word = call.params["vmid"], "VM" if call.kind == "qemu" else "CT"

    def note(task):
        task.log(f"Requesting HA {verb} for {word} {vmid}")
        ha_of(world, call)["state"] = "started" if verb == "start" else "stopped"
        import threading  # pylint: disable=import-outside-toplevel
        threading.Timer(HA_SECONDS, later, (world, call, work)).start()
    return tasks.start(world, call, "ha" + verb, vmid, note)


def later(world, call, work):
    call.token.name = "root@pam"
    machine = world.state["machines"].get(str(call.params["vmid"]))
    if machine:
        tasks.start(world, call, {"qemu": "qm", "lxc": "vz"}[call.kind] + work.__name__, call.params["vmid"],
                    lambda task: work(world, call, task, call.params["vmid"]), call.params["vmid"])


def power(world, call, name, work):
    """A task that does it, or the HA manager is asked to."""
    vmid = call.params["vmid"]
    if name in ("start", "stop") and ha_of(world, call):
        return asked_of_ha(world, call, name, work)
    return tasks.start(world, call, {"qemu": "qm", "lxc": "vz"}[call.kind] + name, vmid,
                       lambda task: work(world, call, task, vmid), vmid)


# --- virtual machines ------------------------------------------------------------------------------------------------

def start(world, call, task, vmid):
    machine = world.machine(vmid, "qemu", call.params["node"])
    qemu.check_lock(machine)
    config = machine["config"]
    if config.get("template"):
        raise TaskError("you can't start a vm if it's a template")
    if machine["running"]:
        raise TaskError(f"VM {vmid} already running")
    qemu.apply(world, machine)
    for key in filter(drives.is_drive, list(config)):
        volid = drives.volume_of(config[key])
        if ":" in volid and not storage.find(world, machine["node"], volid):
            raise TaskError(f"volume '{volid}' does not exist")
        if drives.is_seed(volid):
            task.log("generating cloud-init ISO")
    efi = str(config.get("efidisk0", ""))
    if config.get("bios") == "ovmf" and "pre-enrolled-keys=1" in efi and "ms-cert=2023k" not in efi and world.version == "9.2":
        task.warn(CERTIFICATE.format(vmid))
    world.guests.start(task, vmid, machine)


def stopped(world, machine):
    machine["running"] = None
    if machine["type"] == "qemu":
        qemu.apply(world, machine)


def stop(world, call, task, vmid):
    machine = world.machine(vmid, "qemu", call.params["node"])
    qemu.check_lock(machine)
    if not machine["running"]:
        task.log(f"VM {vmid} not running")
        return
    world.guests.kill(vmid, machine)
    stopped(world, machine)


def shutdown(world, call, task, vmid):
    """By the agent when the machine has one that answers; else, or when it does not end in time, by force if that is asked."""
    machine = world.machine(vmid, "qemu", call.params["node"])
    qemu.check_lock(machine)
    if not machine["running"]:
        task.log(f"VM {vmid} not running")
        return
    if not world.guests.shut_down(vmid, machine, call.params.get("timeout", 180)):
        if agent_enabled(machine) and not world.guests.answers(vmid, machine):
            task.log(f"QEMU Guest Agent is not running - VM {vmid} qga command 'guest-ping' failed - got timeout")
        if not call.params.get("forceStop"):
            raise TaskError("VM quit/powerdown failed - got timeout")
        task.log("VM quit/powerdown failed - terminating now with SIGTERM")
        world.guests.kill(vmid, machine)
    stopped(world, machine)


def reboot(world, call, task, vmid):
    machine = world.machine(vmid, "qemu", call.params["node"])
    if not world.guests.shut_down(vmid, machine, call.params.get("timeout", 180)):
        raise TaskError("VM quit/powerdown failed")
    stopped(world, machine)
    start(world, call, task, vmid)


def agent_enabled(machine):
    found = re.search(r"(?:^|enabled=)([01])", str(machine["config"].get("agent", "0")))
    return bool(found and found[1] == "1")


@route("POST /nodes/{node}/qemu/{vmid}/status/start")
def start_call(world, call):
    return power(world, call, "start", start)


@route("POST /nodes/{node}/qemu/{vmid}/status/stop")
def stop_call(world, call):
    return power(world, call, "stop", stop)


@route("POST /nodes/{node}/qemu/{vmid}/status/shutdown")
def shutdown_call(world, call):
    return power(world, call, "shutdown", shutdown)


def must_run(world, call):
    if not world.machine(call.params["vmid"], "qemu", call.params["node"])["running"]:
        raise failed(f"VM {call.params['vmid']} not running")


@route("POST /nodes/{node}/qemu/{vmid}/status/reboot")
def reboot_call(world, call):
    must_run(world, call)
    return power(world, call, "reboot", reboot)


@route("POST /nodes/{node}/qemu/{vmid}/status/reset")
def reset_call(world, call):
    must_run(world, call)
    return power(world, call, "reset", lambda world, call, task, vmid: world.guests.reset(
        vmid, world.machine(vmid, "qemu", call.params["node"])))


def uptime(machine):
    return int(time.time() - machine["running"]["since"]) if machine["running"] else 0


def managed(world, sort, vmid):
    resource = world.state["ha"].get(f"{sort}:{vmid}")
    return {"managed": 1, "state": resource.get("state")} if resource else {"managed": 0}


@route("GET /nodes/{node}/qemu/{vmid}/status/current")
def current(world, call):
    vmid = call.params["vmid"]
    machine = world.machine(vmid, "qemu", call.params["node"])
    config, state = machine["config"], "running" if machine["running"] else "stopped"
    disk = config.get(drives.system_disk(config) or "", "")
    size = re.search(r"size=([^,]+)", disk)
    answer = {"vmid": vmid, "name": config.get("name", f"VM {vmid}"), "status": state, "qmpstatus": state,
              "uptime": uptime(machine), "ha": managed(world, "vm", vmid),
              "cpus": config.get("cores", 1) * config.get("sockets", 1),
              "maxmem": int(str(config.get("memory", 512)).removeprefix("current=")) << 20, "mem": 0, "memhost": 0, "cpu": 0,
              "maxdisk": storage.parse_size(size[1]) if size else 0, "disk": 0, "netin": 0, "netout": 0, "clipboard": None}
    if agent_enabled(machine):
        answer["agent"] = 1
    if any(key.startswith("serial") for key in config):
        answer["serial"] = 1
    if machine["running"]:
        answer["pid"] = machine["running"].get("pid", 4242)
        answer.update({f"pressure{what}{how}": 0 for what in ("cpu", "io", "memory") for how in ("some", "full")})
    for key in ("tags", "template", "lock"):
        if config.get(key):
            answer[key] = config[key]
    return answer
